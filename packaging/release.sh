#!/usr/bin/env bash
# Packs a built binary for a release: release.sh FOLDER TARGET WHEEL_TAG NPM_PLATFORM OUT
set -euo pipefail
folder=$1 target=$2 wheel=$3 npm=$4 out=$5
here=$(cd "$(dirname "$0")/.." && pwd)

name=firedrill
case $target in *-windows-*) name=firedrill.exe ;; esac
"$folder/$name" --version
mkdir -p "$out"
out=$(cd "$out" && pwd)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$folder/$name" "$here"/LICENSE-* "$here/README.md" "$work"
case $target in
*-windows-*) (cd "$work" && 7z a -bso0 "$out/firedrill-$target.zip" ./*) ;;
*) (cd "$work" && tar -czf "$out/firedrill-$target.tar.gz" -- *) ;;
esac
python=$(command -v python3 || command -v python)
"$python" "$here/packaging/wheel.py" "$work/$name" "$out" --platform "$wheel"
"$python" "$here/packaging/npm.py" "$work/$name" "$out" --platform "$npm"
