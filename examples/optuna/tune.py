"""Tunes a policy with Optuna: python examples/optuna/tune.py FIREDRILL [TRIALS]

Is a hedge worth its money, and after which delay? Optuna proposes; `firedrill evaluate` answers each
proposal with the success rate, and with how far each expectation of the scenario is from failing: these
are the study's constraints. The seeds that chose do not judge: the best is compared with the base under
others.
"""

import json
import subprocess
import sys

import optuna

SCENARIO = "scenarios/tuning/hedging.yaml"
POLICY = "scenarios/tuning/policies/no-hedge.yaml"
OTHER_SEEDS = "101..110"


class Evaluator:
    """`firedrill evaluate` as a child: a candidate goes in as a line, its answer comes out as one."""

    def __init__(self, firedrill, *options):
        command = [firedrill, "evaluate", SCENARIO, "--policy", POLICY, *options]
        pipe = subprocess.PIPE
        self.child = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.stdin.close()
        self.child.wait()

    def __call__(self, candidate):
        print(json.dumps(candidate), file=self.child.stdin, flush=True)
        return json.loads(self.child.stdout.readline())


def propose(trial):
    """The trial's values, by their path in the policy's file."""
    candidate = {"timeouts.first_token": f"{trial.suggest_int('first_token', 2000, 8000)}ms"}
    if trial.suggest_categorical("hedge", ["none", "on"]) == "on":
        candidate["hedge.delay"] = f"{trial.suggest_int('delay', 500, 5000, log=True)}ms"
        candidate["hedge.budget"] = f"{trial.suggest_int('budget', 1, 50, log=True)}%"
    return candidate


def run(evaluate, trial):
    """The trial's success rate, under the scenario's expectations."""
    candidate = propose(trial)
    answer = evaluate(candidate)
    if "error" in answer:
        raise optuna.TrialPruned(answer["error"]["message"])
    trial.set_user_attr("candidate", candidate)
    for expected in answer["expectations"]:
        # Below 0 the expectation fails, and above 0 the constraint; without a value both do.
        slack = -1 if expected["slack"] is None else expected["slack"]
        trial.set_constraint(expected["expectation"], -slack)
    return answer["measures"]["success_rate"]


def tune(firedrill, trials):
    """The study, after so many trials."""
    sampler = optuna.samplers.TPESampler(seed=1)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    with Evaluator(firedrill) as evaluate:
        study.optimize(lambda trial: run(evaluate, trial), n_trials=trials)
    return study


def judge(firedrill, study):
    """What the base and the best of the study come to under seeds that the study has not seen."""
    with Evaluator(firedrill, "--seeds", OTHER_SEEDS) as evaluate:
        return evaluate({}), evaluate(study.best_trial.user_attrs["candidate"])


def main(firedrill, trials=50):
    study = tune(firedrill, int(trials))
    print("best:", json.dumps(study.best_trial.user_attrs["candidate"]))
    print(f"success while searching: {study.best_value:.2%}")
    for name, answer in zip(("base", "best"), judge(firedrill, study)):
        rate, cost = (answer["measures"][name] for name in ("success_rate", "cost_per_success"))
        print(f"{name} under other seeds: {rate:.2%} at {cost:.6f} USD, {answer['verdict']}")


if __name__ == "__main__":
    main(*sys.argv[1:])
