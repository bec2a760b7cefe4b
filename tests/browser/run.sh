#!/usr/bin/env bash
# Writes pages and looks at them in a headless browser: run.sh FIREDRILL [--shots DIR]
set -euo pipefail
cd "$(dirname "$0")/../.."
firedrill=$1
shift
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$chromium" ] || [ ! -d target/browser/node_modules ]; then
    echo 'skipped: no chromium, or no node modules in target/browser'
    exit 0
fi
cp tests/browser/check.mjs target/browser/
pages=target/browser/pages
rm -rf "$pages"
mkdir -p "$pages"
printf 'volume: 50M/month\ndowntime: 400 USD/h\nexposure: 2%%\n' >"$pages/assumptions.yaml"
"$firedrill" run scenarios/flapping.yaml scenarios/alerts.yaml --engine model \
    --quiet --out "$pages" --also html --assumptions "$pages/assumptions.yaml" >/dev/null
# A gate that fails, with the stories and the blame.
"$firedrill" run scenarios/conduct/everything-down.yaml --policy resilient --quiet --engine model \
    --set 'expect={every: [success_rate >= 99.9%, latency.p95 <= 1ms]}' \
    --format html >"$pages/fails.html" || true
"$firedrill" compare "$pages/flapping.json" --policies retry-only,resilient \
    --format html >"$pages/compared.html"
# Pages that are made of Markdown: a month of money, a search, a map.
"$firedrill" roi "$pages/flapping.json" --assumptions "$pages/assumptions.yaml" \
    --format html >"$pages/month.html"
"$firedrill" tune scenarios/flapping.yaml --policy resilient --budget 40k --quiet \
    --objective 'maximise success_rate' --objective 'minimise cost_per_success' --out "$pages/tune" >/dev/null
"$firedrill" map scenarios/retry-storm.yaml --policy retry-only --policy resilient --steps 3 \
    --quiet --out "$pages/map" >/dev/null
node target/browser/check.mjs "$chromium" "$pages"/*.html "$pages"/*/*.html "$@"
