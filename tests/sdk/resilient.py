"""`resilient` against every other preset, paired over seeds: python resilient.py FIREDRILL

Runs each scenario of `scenarios/` and `scenarios/conduct/` with all presets on the model engine, and
writes to `reports/resilient.md` where another answers more calls, or is cheaper and answers no
fewer. It takes some two minutes.
"""

import concurrent.futures
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
REPORT = ROOT / "reports" / "resilient.md"
SEEDS = 10
OURS = "resilient"
SPREADS = "they send more calls to a cheaper provider, in turns or after a failure; it keeps to the fleet's order"
STAYS = "after a reset they ask the cheaper backup; it repeats the request at the primary"
# Why it accepts that, by scenario.
WHY = {
    "conduct/everything-down": "they retry until the outage is over, with a load that its breakers and budget refuse",
    "retry-storm": "they keep asking a provider that is drowning; it refuses calls so that the provider recovers",
    "conduct/stalled-stream": "they ask in turns, and so less often the provider that stalls, which is the first of the fleet",
    "brownout": "its 30 s for an attempt cut answers that a slow provider would have finished, three of four of them after their first token",
    "rate-limit-storm": "while its breaker keeps `openai` out, a long answer goes to the slower `kimi`, and one in two runs passes its deadline there",
    "silent-hang": "`polly` hedges after two seconds, which saves four calls in ten thousand",
    "conduct/in-band-error": "its breaker opens and sends a third of the calls to the dearer `openai`; it wastes 2 % where the others waste 10 %",
    "conduct/reset-before-headers": STAYS,
    "conduct/stale-keep-alive": STAYS,
    "conduct/malformed-event": "each failed attempt goes to the dearer `openai`, 3 % of all; the others repeat it at "
    "`gemini`",
}


def main(firedrill):
    presets = [path for path in ROOT.glob("policies/**/*.yaml") if path.stem != OURS]
    files = sorted(ROOT.glob("scenarios/*.yaml")) + sorted(ROOT.glob("scenarios/conduct/*.yaml"))
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for scenario in files:
            result = pathlib.Path(folder) / "result.json"
            run(firedrill, scenario, [ROOT / "policies" / f"{OURS}.yaml", *presets], result)
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                found = pool.map(lambda preset: compare(firedrill, result, preset.stem), presets)
            row = table_row(scenario, [each for each in found if each])
            rows += [row] if row else []
    text = HEAD.format(seeds=SEEDS, presets=len(presets), scenarios=len(files), hit=len(rows))
    REPORT.write_text(text + "\n".join(rows) + TAIL)
    print(f"wrote {REPORT}")


def run(firedrill, scenario, policies, result):
    command = [firedrill, "run", str(scenario), "--engine", "model", "--seeds", str(SEEDS)]
    for policy in policies:
        command += ["--policy", str(policy)]
    with result.open("w") as out:
        subprocess.run([*command, "--format", "json"], stdout=out, stderr=subprocess.DEVNULL)


def compare(firedrill, result, preset):
    """What the preset is better at: `more` answers in points, or `cheaper` in per cent."""
    command = [firedrill, "compare", str(result), "--policies", f"{preset},{OURS}"]
    command += ["--measure", "success_rate", "--measure", "cost_per_success", "--format", "json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    success, cost = json.loads(done.stdout)["measures"]
    if success["finding"] == "worse":
        return preset, "more", -100 * success["difference"]
    if cost["finding"] == "worse" and success["finding"] != "better":
        return preset, "cheaper", 100 * cost["difference"] / cost["second"]
    return None


def table_row(scenario, found):
    if not found:
        return None
    name = scenario.relative_to(ROOT / "scenarios").with_suffix("").as_posix()
    cells = [listed(found, "more", "{:.2f}", "pp"), listed(found, "cheaper", "{:.0f}", "%")]
    return f"| {name} | {cells[0]} | {cells[1]} | {WHY.get(name, SPREADS)} |"


def listed(found, what, form, unit):
    """The presets with their figures; those of articles together."""
    mine = sorted((name, value) for name, kind, value in found if kind == what)
    shown = [f"`{name}` {form.format(value)} {unit}" for name, value in mine if not of_article(name)]
    articles = [value for name, value in mine if of_article(name)]
    if articles:
        least, most = form.format(min(articles)), form.format(max(articles))
        span = least if least == most else f"{least} to {most}"
        shown.append(f"{len(articles)} of articles {span} {unit}")
    return ", ".join(shown) or "–"


def of_article(name):
    return name[:3].isdigit()


HEAD = """# Where `resilient` is worse or dearer

Each of the {scenarios} scenarios below `scenarios/` and `scenarios/conduct/` was run with `resilient` and the other
{presets} presets, {seeds} seeds each, on the model engine; all presets of a seed meet the same arrivals and the same
luck. In {hit} of them another preset answers more calls, or is cheaper and answers no fewer, and the paired interval
of 95 % says so. *More* is in percentage points of calls, *cheaper* in per cent of what an answer costs `resilient`.

| scenario | answers more | cheaper | why |
|---|---|---|---|
"""
TAIL = """

Written by `tests/sdk/resilient.py`.
"""

if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
