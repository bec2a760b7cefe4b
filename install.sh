#!/bin/sh
# Installs the firedrill binary for this machine:
#
#   install.sh [--version VERSION] [--to FOLDER]
#
# It downloads one archive of a release and the release's SHA256SUMS, compares the checksum, and
# moves the binary into FOLDER (~/.local/bin). FIREDRILL_BASE_URL names another place with the same
# two files; FIREDRILL_REPOSITORY the repository, as OWNER/NAME. The body is a function, so that
# half a script does nothing.
set -eu

repository=${FIREDRILL_REPOSITORY:-YOUR_ORG/firedrill}

fail() {
    echo "error: $1" >&2
    if [ -n "${2:-}" ]; then
        echo "  = help: $2" >&2
    fi
    exit 1
}

# The target whose binary runs here.
target() {
    case $(uname -s) in
    Linux) system=unknown-linux-musl ;;
    Darwin) system=apple-darwin ;;
    *) fail "there is no binary for $(uname -s)" 'on Windows, unpack the zip of the release' ;;
    esac
    case $(uname -m) in
    x86_64 | amd64) echo "x86_64-$system" ;;
    aarch64 | arm64) echo "aarch64-$system" ;;
    *) fail "there is no binary for $(uname -m)" 'build it with cargo: cargo install --path .' ;;
    esac
}

# Downloads $1 to the file $2.
download() {
    if command -v curl >/dev/null; then
        curl --fail --silent --show-error --location --retry 3 --output "$2" "$1"
    elif command -v wget >/dev/null; then
        wget -q -O "$2" "$1"
    else
        fail 'neither curl nor wget is installed'
    fi || fail "cannot download $1" 'name a version that was released with --version'
}

checksum() {
    if command -v sha256sum >/dev/null; then
        sha256sum "$1"
    else
        shasum -a 256 "$1"
    fi | cut -d ' ' -f 1
}

main() {
    version=latest
    to=${HOME:-}/.local/bin
    while [ $# -gt 0 ]; do
        case $1 in
        --version | --to) [ $# -ge 2 ] || fail "$1 needs a value" ;;
        esac
        case $1 in
        --version) version=$2 && shift 2 ;;
        --to) to=$2 && shift 2 ;;
        -h | --help) echo 'install.sh [--version VERSION] [--to FOLDER]' && exit 0 ;;
        *) fail "unknown option $1" 'use --version and --to' ;;
        esac
    done

    releases="https://github.com/$repository/releases"
    case $version in
    latest) base=$releases/latest/download ;;
    *) base=$releases/download/v${version#v} ;;
    esac
    base=${FIREDRILL_BASE_URL:-$base}
    case $base in
    *YOUR_ORG*) fail 'this script does not know which repository has the releases' \
        'set FIREDRILL_REPOSITORY=OWNER/NAME' ;;
    esac

    archive=firedrill-$(target).tar.gz
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT INT TERM
    download "$base/$archive" "$work/$archive"
    download "$base/SHA256SUMS" "$work/SHA256SUMS"
    expected=$(sed -n "s/^\([0-9a-f]\{64\}\) [ *]$archive\$/\1/p" "$work/SHA256SUMS")
    [ -n "$expected" ] || fail "SHA256SUMS does not list $archive"
    found=$(checksum "$work/$archive")
    [ "$found" = "$expected" ] || fail "$archive has the checksum $found, not $expected" \
        'nothing was installed: download it again, and report it if it stays so'

    tar -xzf "$work/$archive" -C "$work" firedrill
    "$work/firedrill" --version >/dev/null || fail 'the binary does not run on this machine'
    mkdir -p "$to"
    # Beside its place first: a copy that is cut short replaces nothing.
    cp "$work/firedrill" "$to/.firedrill.$$"
    mv -f "$to/.firedrill.$$" "$to/firedrill"
    echo "installed  $to/firedrill  ($("$to/firedrill" --version))"
    case :$PATH: in
    *:"$to":*) ;;
    *) echo "note: $to is not in PATH" ;;
    esac
}

main "$@"
