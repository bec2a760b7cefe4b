"""Runs the Optuna example for a few trials, from the root of the project: python tune.py FIREDRILL

The best of the study meets the expectations of the scenario, and is at least as good as the base: under
the seeds that chose it, and under others.
"""

import importlib.util
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TRIALS = 12


def example():
    """The module of the example, which is no package."""
    path = ROOT / "examples" / "optuna" / "tune.py"
    spec = importlib.util.spec_from_file_location("example", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(firedrill):
    tuning = example()
    study = tuning.tune(firedrill, TRIALS)
    with tuning.Evaluator(firedrill) as evaluate:
        base = evaluate({})["measures"]["success_rate"]
        wrong = evaluate({"hedge.delay": "soon", "id": 7})
    before, after = tuning.judge(firedrill, study)
    rates = [answer["measures"]["success_rate"] for answer in (before, after)]
    checks = {
        "every trial is answered": len(study.trials) == TRIALS
        and all(trial.state.is_finished() and trial.constraints for trial in study.trials),
        "trials differ": len({trial.value for trial in study.trials}) > TRIALS // 2,
        "the best is feasible": all(one <= 0 for one in study.best_trial.constraints.values()),
        "the best is no worse than the base": study.best_value >= base,
        "it still is under other seeds": rates[1] >= rates[0] and after["verdict"] == "holds",
        "a wrong candidate is told": wrong["id"] == 7 and wrong["error"]["path"] == "hedge.delay",
    }
    for name, holds in checks.items():
        print("ok   " if holds else "WRONG", name)
    return 0 if all(checks.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
