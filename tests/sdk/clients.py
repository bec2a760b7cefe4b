"""Real clients beside their presets: python clients.py FIREDRILL NODE_MODULES [--only WORD] [--keep]

Each client of `drive.py` and `drive.mjs` makes the calls of each scenario of `clients/` at the
providers of `firedrill serve`; `firedrill run` simulates the same scenario with the client's
preset. `reports/clients.md` shows both. Run it with the Python of an environment that has
`requirements-clients.txt`; NODE_MODULES is the folder in which `npm install` put the packages of
`package.json`. It takes about ten minutes, and is not part of CI. What was measured is kept in
`clients/measured.json`: `--only` measures a client or a scenario again, `--keep` nothing.
"""

import concurrent.futures
import json
import math
import pathlib
import shutil
import signal
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
MEASURED = HERE / "clients" / "measured.json"
REASONS = HERE / "clients" / "reasons.json"
REPORT = ROOT / "reports" / "clients.md"
CALLS, RATE, SEED = 300, 10, 1
# What runs at a time: more of them take the processor from each other.
AT_A_TIME = 3
# A measurement in which calls began this late, in ms, is one of the machine.
MOST_LATE = 15
# The only setting that is not a client's default: with ten minutes, nothing would be seen.
TIMEOUT = {"slow": 1.0, "hang": 1.0}
SCENARIOS = {
    "s503": "503 at 30 %",
    "outage": "outage for a third",
    "hint": "429 with a hint",
    "slow": "slow first tokens",
    "cut": "cut streams",
    "hang": "hangs",
}
STREAMED = {"slow", "cut"}
# By client: its package, and the keys of the preset that its timeout sets.
HEADS = ["timeouts.attempt"]
READS = ["timeouts.first_token", "timeouts.idle", "timeouts.attempt"]
CLIENTS = {
    "openai-python": ("openai", READS),
    "openai-node": ("openai", HEADS),
    "anthropic-sdk": ("anthropic", READS),
    "langchain-fallbacks": ("langchain-openai", READS),
    "vercel-ai": ("ai", ["timeouts.call"]),
    "litellm-router": ("litellm", READS),
    "litellm-fallbacks": ("litellm", READS),
}
IN_NODE = {"openai-node", "vercel-ai"}
# How far two figures may be apart.
WITHIN = {"attempts": 0.05, "p50": 0.10, "p95": 0.15}


def main(firedrill, modules, *options):
    known = json.loads(MEASURED.read_text()) if MEASURED.exists() else {}
    only = options[options.index("--only") + 1] if "--only" in options else ""
    cells = [(client, scenario) for client in CLIENTS for scenario in SCENARIOS]
    wanted = [] if "--keep" in options else [cell for cell in cells if only in "/".join(cell)]
    with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        jobs = {pool.submit(measure_calmly, firedrill, modules, *cell): cell for cell in wanted}
        for job in concurrent.futures.as_completed(jobs):
            known["/".join(jobs[job])] = job.result()
            known["versions"] = versions(modules)
            MEASURED.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
            print("/".join(jobs[job]), flush=True)
    if "--measure" in options:
        return
    simulated = {"/".join(cell): simulate(firedrill, *cell) for cell in cells}
    reasons = json.loads(REASONS.read_text()) if REASONS.exists() else {}
    REPORT.write_text(report(known, simulated, reasons))
    print(f"wrote {REPORT}")


def settings(client, scenario):
    """What `serve` and `run` change in a scenario for a client."""
    if client != "anthropic-sdk":
        return []
    both = [f"providers.{name}.{key}" for name in ("main", "backup") for key in ("dialect", "model")]
    values = ["anthropic", "claude-sonnet-4.5"] * 2
    return [word for key, value in zip(both, values) for word in ("--set", f"{key}={value}")]


def measure_calmly(*cell):
    """A busy machine makes calls late, whatever the client does: measured again, up to three times."""
    runs = []
    while len(runs) < 3 and (not runs or runs[-1]["late_ms"] > MOST_LATE):
        runs.append(measure(*cell))
    return min(runs, key=lambda run: run["late_ms"])


def measure(firedrill, modules, client, scenario):
    """Success, attempts and latencies of the real client."""
    command = [firedrill, "serve", str(HERE / "clients" / f"{scenario}.yaml"), "--json"]
    command += ["--listen", "127.0.0.1:0", "--seed", str(SEED), "--outage", "reset"]
    command += settings(client, scenario)
    pipe, none = subprocess.PIPE, subprocess.DEVNULL
    server = subprocess.Popen(command, stdout=pipe, stderr=none, text=True)
    try:
        urls = [each["url"] for each in json.loads(server.stdout.readline())["providers"]]
        found = drive(modules, client, scenario, urls)
    finally:
        server.send_signal(signal.SIGINT)
        rest, _ = server.communicate(timeout=20)
    seen = json.loads(rest)["providers"]
    times = sorted(taken for ok, taken in found["calls"] if ok)
    return {
        "succeeded": len(times),
        "attempts": sum(each["requests"] + each["refused"] for each in seen),
        "by_provider": [each["requests"] + each["refused"] for each in seen],
        "p50": quantile(times, 0.50),
        "p95": quantile(times, 0.95),
        "errors": found["errors"],
        "late_ms": found["late_ms"],
    }


def drive(modules, client, scenario, urls):
    words = [client, *urls, str(scenario in STREAMED).lower(), str(RATE), str(CALLS)]
    words.append(str(TIMEOUT.get(scenario, 600.0)))
    if client in IN_NODE:
        # Node looks for packages beside the program.
        program = pathlib.Path(modules).parent / "drive.mjs"
        shutil.copyfile(HERE / "drive.mjs", program)
        command = ["node", str(program)]
    else:
        command = [sys.executable, str(HERE / "drive.py")]
    done = subprocess.run([*command, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return json.loads(done.stdout.splitlines()[-1])


def simulate(firedrill, client, scenario):
    """The same figures of the preset, with the same seed; success over forty seeds as well."""
    keys = CLIENTS[client][1] if scenario in TIMEOUT else []
    changed = settings(client, scenario)
    for key in keys:
        changed += ["--set", f"policy.{key}={TIMEOUT[scenario]:g}s"]
    path = str((HERE / "clients" / f"{scenario}.yaml").relative_to(ROOT))

    def run(*seeds):
        command = [firedrill, "run", path, "--policy", preset(client), "--format", "json", *changed, *seeds]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if not done.stdout:
            sys.exit(done.stderr.decode())
        [policy] = json.loads(done.stdout)["policies"].values()
        return {name: each["value"] for name, each in policy["measures"].items()}

    one, all_seeds = run("--seed", str(SEED)), run()
    return {
        "success": all_seeds["success_rate"],
        "attempts": one["attempts_per_call"],
        "p50": one["latency.p50"],
        "p95": one["latency.p95"],
    }


def preset(client):
    """The file, so that a change to it needs no build."""
    return f"policies/industry/{client}.yaml"


def versions(modules):
    import importlib.metadata

    found = {}
    for client, (package, _) in CLIENTS.items():
        if client in IN_NODE:
            manifest = json.loads((pathlib.Path(modules) / package / "package.json").read_text())
            found[client] = f"`{package}` {manifest['version']} for Node"
        else:
            found[client] = f"`{package}` {importlib.metadata.version(package)} for Python"
    return found


def report(known, simulated, reasons):
    rows, agreed, count = [], 0, 0
    for client in CLIENTS:
        for scenario, title in SCENARIOS.items():
            cell = f"{client}/{scenario}"
            real, ours = known[cell], simulated[cell]
            apart = differences(real, ours)
            agreed, count = agreed + (not apart), count + 1
            verdict = "agrees" if not apart else "**" + ", ".join(apart) + "**"
            reason = reasons.get(cell, "") if apart else ""
            rows.append(f"| `{client}` | {title} | {row(real, ours)} | {verdict} | {reason} |")
    return HEAD.format(
        calls=CALLS,
        agreed=agreed,
        count=count,
        versions="\n".join(f"- `{name}`: {text}" for name, text in known["versions"].items()),
        rows="\n".join(rows),
    )


def differences(real, ours):
    low, high = interval(real["succeeded"], CALLS)
    apart = [] if low <= ours["success"] <= high else ["success"]
    figures = {"attempts": real["attempts"] / CALLS, "p50": real["p50"], "p95": real["p95"]}
    for name, value in figures.items():
        if abs((ours[name] or 0) - value) > WITHIN[name] * value:
            apart.append(name)
    return apart


def row(real, ours):
    pairs = [
        (f"{100 * real['succeeded'] / CALLS:.1f} %", f"{100 * ours['success']:.1f} %"),
        (f"{real['attempts'] / CALLS:.2f}", f"{ours['attempts']:.2f}"),
        (seconds(real["p50"]), seconds(ours["p50"])),
        (seconds(real["p95"]), seconds(ours["p95"])),
    ]
    return " | ".join(f"{one} · {other}" for one, other in pairs)


def seconds(ms):
    return "–" if ms is None else f"{ms / 1000:.2f} s"


def interval(succeeded, calls):
    """Wilson's interval of 95 %."""
    z, rate = 1.96, succeeded / calls
    middle = (rate + z * z / (2 * calls)) / (1 + z * z / calls)
    root = math.sqrt(rate * (1 - rate) / calls + z * z / (4 * calls * calls))
    half = z / (1 + z * z / calls) * root
    # Rounding must not put 100 % outside.
    return middle - half - 1e-9, middle + half + 1e-9


def quantile(values, share):
    return values[min(len(values) - 1, math.ceil(share * len(values)) - 1)] if values else None


HEAD = """# Real clients beside their presets

Clients as their makers ship them made {calls} calls each in six scenarios at the providers of `firedrill serve`;
`firedrill run` simulated the same scenario with the preset of that client. **{agreed} of {count} cells agree.**
A cell shows the real figure, then the simulated one. They agree when the simulated success lies in the interval of
95 % of the real one, attempts per call differ by at most 5 %, the median by 10 %, and the 95th percentile by 15 %.
Latencies are those of successful calls. Both used seed 1, so that both met the same luck; success was simulated
with 40 seeds. Clients had their default settings, and a timeout of a second in two scenarios (slow first tokens,
hangs), by their own setting and by that of the preset. `serve` runs in wall-clock time, so a busy machine shows.

{versions}

| client | scenario | success | attempts per call | p50 | p95 | | why |
|---|---|---|---|---|---|---|---|
{rows}

Written by `tests/sdk/clients.py`, which anyone can run: it says how. The scenarios are in `tests/sdk/clients/`. It
takes ten minutes of real time and packages of two ecosystems, so CI does not run it.
"""

if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
