#!/usr/bin/env bash
# What the action runs: the drills of a folder, with annotations at the lines of what fails, a
# summary of the step, reports to keep, and the verdict as an output.
#
# FIREDRILL is the binary (that of the steps before, by default); INPUT_DIRECTORY, INPUT_ARGS and
# INPUT_REQUIRE_EXPECTATIONS are the action's inputs; RUNNER_TEMP and GITHUB_OUTPUT are GitHub's, and so is GITHUB_STEP_SUMMARY,
# the file of the summary that firedrill writes.
set -euo pipefail

firedrill=${FIREDRILL:-$RUNNER_TEMP/firedrill/firedrill}
case $firedrill in
*/*) firedrill=$(cd "$(dirname "$firedrill")" && pwd)/$(basename "$firedrill") ;;
esac
reports=$RUNNER_TEMP/firedrill-reports
directory=${INPUT_DIRECTORY:-.}
directory=${directory#./}
directory=${directory%/}

# xargs takes quotes apart, and runs nothing. Of no words it would make an empty one.
args=()
if [[ ${INPUT_ARGS:-} =~ [^[:space:]] ]]; then
    while IFS= read -r arg; do
        args+=("$arg")
    done < <(printf '%s' "$INPUT_ARGS" | xargs -n 1 printf '%s\n')
fi

case ${INPUT_REQUIRE_EXPECTATIONS:-false} in
true) args+=(--require-expectations) ;;
false) ;;
*)
    echo "::error::require-expectations is true or false, and not $INPUT_REQUIRE_EXPECTATIONS"
    printf 'verdict=error\nexit-code=2\n' >>"$GITHUB_OUTPUT"
    exit 2
    ;;
esac

# GitHub wants paths from the root of the repository.
from_root() {
    case $directory in
    '' | .) cat ;;
    *) sed "s|^\(::[a-z]* file=\)|\1${directory//|/\\|}/|" ;;
    esac
}

cd "${directory:-.}"
code=0
"$firedrill" run ${args[@]+"${args[@]}"} --quiet --format github --also comment,junit,html \
    --out "$reports" | from_root || code=$?

case $code in
0) verdict=holds ;;
1) verdict=fails ;;
3) verdict=inconclusive ;;
4) verdict=not-deterministic ;;
5) verdict=regressed ;;
*) verdict=error ;;
esac
{
    echo "verdict=$verdict"
    echo "exit-code=$code"
    echo "reports=$reports"
} >>"$GITHUB_OUTPUT"
exit "$code"
