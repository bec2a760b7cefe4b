#!/usr/bin/env bash
# What run.sh needs: a browser, where apt can install it, and node modules in target/browser; with
# them the SDK that tests/sdk/snippets.py needs.
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v npm >/dev/null || exit 0
if ! command -v chromium >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core
fi
mkdir -p target/browser
cp tests/browser/package.json target/browser/
npm install --prefix target/browser --silent --no-audit --no-fund --no-package-lock
