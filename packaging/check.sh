#!/usr/bin/env bash
# Tries every way in that can be tried here, with a built binary: check.sh BINARY [TOOLS]
#
# TOOLS is the folder with the programs of requirements.txt. Nothing is fetched: packages are
# installed from files, and the installer downloads from the loopback address.
set -euo pipefail
binary=$(realpath "$1") tools=${2:+$(realpath "$2")}
cd "$(dirname "$0")/.."
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
log=$work/log

# Runs a part, and shows what it printed if it fails.
try() {
    local name=$1 from=$SECONDS
    shift
    # In the background, since bash stops at nothing on the left of `||`.
    "$@" >"$log" 2>&1 &
    wait $! || { echo "fails  $name" && cat "$log" && exit 1; }
    echo "ok     $name ($((SECONDS - from)) s)"
}

skip() {
    echo "skip   $1: $2"
}

# The exit code has to be $1.
exits() {
    local expected=$1 code=0
    shift
    "$@" || code=$?
    [ "$code" = "$expected" ] || { echo "exit code $code and not $expected: $*" && return 1; }
}

an_empty_root() (
    set -e
    mkdir "$work/root"
    cp "$binary" "$work/root/firedrill"
    alone() { env -u CI "$(command -v chroot)" "$work/root" /firedrill "$@"; }
    time alone init drills
    time alone run drills/scenarios/first-drill.yaml --out drills/reports
    [ -s "$work/root/drills/reports/first-drill.md" ]
)

packages() (
    set -e
    cp "$binary" "$work/firedrill"
    strip "$work/firedrill"
    mkdir "$work/built"
    cp "$work/firedrill" "$work/built"
    packaging/release.sh "$work/built" "$(target)" any linux-x64 "$work/dist"
    (cd "$work/dist" && sha256sum -- * >SHA256SUMS)
    ls -l "$work/dist"
)

target() {
    echo "$(uname -m)-unknown-linux-musl"
}

a_wheel() (
    set -e
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --no-index --quiet --disable-pip-version-check "$work"/dist/*.whl
    cd "$work"
    venv/bin/firedrill --version
    venv/bin/firedrill init from-wheel
    cd from-wheel
    ../venv/bin/firedrill run --engine model
)

an_npm_package() (
    set -e
    mkdir "$work/npm"
    cd "$work/npm"
    npm install --offline --no-audit --no-fund --cache "$work/npm-cache" ../dist/*.tgz
    npx --offline firedrill --version
    npx --offline firedrill init from-npm
    cd from-npm
    npx --offline firedrill run --engine model
    exits 2 npx --offline firedrill run missing.yaml
)

installer() (
    set -e
    fetch() { HOME=$work/home sh install.sh "$@"; }
    export FIREDRILL_BASE_URL=http://127.0.0.1:$1
    fetch
    "$work/home/.local/bin/firedrill" --version
    fetch --version 0.1.0 --to "$work/elsewhere"
    "$work/elsewhere/firedrill" --version
    exits 1 fetch --to "$work/no-such-version" --verison 1
    # An archive that was changed behind its checksum is refused, and nothing is installed.
    mkdir "$work/dist/bad"
    cp "$work/dist/SHA256SUMS" "$work/dist/bad"
    echo changed >"$work/dist/bad/firedrill-$(target).tar.gz"
    FIREDRILL_BASE_URL=$FIREDRILL_BASE_URL/bad exits 1 fetch --to "$work/refused"
    FIREDRILL_BASE_URL=$FIREDRILL_BASE_URL/none exits 1 fetch --to "$work/refused"
    # A script that does not know its repository asks for it.
    (unset FIREDRILL_BASE_URL && exits 1 fetch --to "$work/refused")
    [ ! -e "$work/refused" ]
)

# Starts a web server for the packages; prints its port.
serve_packages() {
    python3 - "$work/dist" >"$work/port" 2>/dev/null <<'PYTHON' &
import functools, http.server, sys
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
print(server.server_port, flush=True)
server.serve_forever()
PYTHON
    server=$!
    for _ in $(seq 100); do
        [ -s "$work/port" ] && return
        sleep 0.1
    done
    return 1
}

the_action() (
    set -e
    mkdir -p "$work/repository/.git" "$work/temp"
    cd "$work/repository"
    "$binary" init sub/drills
    export FIREDRILL=$binary RUNNER_TEMP=$work/temp GITHUB_OUTPUT=$work/output
    export GITHUB_STEP_SUMMARY=$work/summary INPUT_DIRECTORY=./sub/drills/ INPUT_ARGS=
    action=$here/packaging/action/run.sh
    exits 0 "$action"
    grep -qx 'verdict=holds' "$GITHUB_OUTPUT"
    ls "$work/temp/firedrill-reports"
    for file in first-drill.md junit.xml; do [ -s "$work/temp/firedrill-reports/$file" ]; done
    sed -i 's/rate_limited: fallback/rate_limited: retry/' sub/drills/policies/mine.yaml
    export INPUT_ARGS='--engine model --seeds "1..2"'
    exits 1 "$action" >"$work/annotations"
    cat "$work/annotations"
    grep -qx 'verdict=fails' "$GITHUB_OUTPUT"
    line=$(grep -n 'latency.p95 during storm' sub/drills/scenarios/first-drill.yaml | cut -d: -f1)
    grep -q "^::error file=sub/drills/scenarios/first-drill.yaml,line=$line," "$work/annotations"
    [ -s "$GITHUB_STEP_SUMMARY" ]
    INPUT_ARGS=--nonsense exits 2 "$action"
    grep -qx 'verdict=error' "$GITHUB_OUTPUT"
    # Without its expectations, the drill is measured, unless they are required.
    sed -i '/^expect:/,$d' sub/drills/scenarios/first-drill.yaml
    : >"$GITHUB_OUTPUT"
    INPUT_REQUIRE_EXPECTATIONS=false exits 0 "$action"
    INPUT_REQUIRE_EXPECTATIONS=true exits 3 "$action"
    INPUT_REQUIRE_EXPECTATIONS=yes exits 2 "$action"
    [ "$(grep '^verdict=' "$GITHUB_OUTPUT" | paste -sd ' ')" = \
        'verdict=holds verdict=inconclusive verdict=error' ]
)

workflows() (
    set -e
    (cd "$work" && "$binary" init workflow)
    ours=(.github/workflows/*.yml)
    written=$work/workflow/.github/workflows/firedrill.yml
    "$tools/check-jsonschema" --builtin-schema vendor.github-workflows "${ours[@]}" "$written"
    "$tools/check-jsonschema" --builtin-schema vendor.github-actions action.yml
    "$tools/zizmor" --offline --quiet "${ours[@]}" action.yml
    "$tools/shellcheck" install.sh packaging/*.sh packaging/action/*.sh
)

here=$PWD
size=$(stat -c %s "$binary")
echo "binary: $((size / 1000000)) MB"
if ! [ -x "$(command -v chroot)" ] || [ "$(id -u)" != 0 ]; then
    skip 'a static binary in an empty root' 'chroot needs root'
elif ldd "$binary" >/dev/null 2>&1 && ! ldd "$binary" | grep -q 'statically linked'; then
    skip 'a static binary in an empty root' 'this one is not static'
else
    try 'a static binary in an empty root, from nothing to a report' an_empty_root
    grep real "$log"
fi
try 'archive, wheel and npm packages' packages
try 'a wheel in a clean environment' a_wheel
if command -v npm >/dev/null; then
    try 'npm packages in an empty folder' an_npm_package
else
    skip 'npm packages in an empty folder' 'npm is not installed'
fi
serve_packages
try 'the installer, from a web server' installer "$(cat "$work/port")"
try 'the action, on a sample repository' the_action
if [ -n "$tools" ]; then
    try 'workflows, action and scripts, by their schemas and linters' workflows
fi
