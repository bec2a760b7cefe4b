//! Evaluates candidates, one by one, for an optimiser outside: what a policy with these values
//! comes to, and whether it does what is expected.
//!
//! An answer depends on the candidate alone: not on the ones before it, nor on the number of
//! threads. The form of candidates and answers as texts is the command line's.

use std::io;
use std::num::NonZero;
use std::ops::ControlFlow;

use super::goal::{self, Constraint, Goal};
use crate::drill::{Drill, NoThread, Threads, side_by_side};
use crate::expect::{self, Expectation};
use crate::policy::config::Policy;
use crate::prices::Price;
use crate::report::RunStats;
use crate::report::measures::{self, Better};
use crate::report::verdict::{self, Facts, Verdict};
use crate::text::Diagnostic;

/// Scenarios, and what to tell of a candidate in each.
#[derive(Debug)]
pub struct Evaluator {
    parts: Vec<Part>,
}

/// A scenario.
#[derive(Debug)]
struct Part {
    drill: Drill,
    prices: Vec<Price>,
    /// What to measure.
    quantities: Vec<Expectation>,
    /// What must hold.
    judged: Vec<Expectation>,
}

/// A policy to evaluate: as each scenario finds its file, with values set on top.
#[derive(Clone, Debug)]
pub struct Candidate(Vec<Policy>);

/// What a candidate comes to in one scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The name of the scenario.
    pub scenario: String,
    /// The worst of the expectations'.
    pub verdict: Verdict,
    /// What was asked for, in order: see [`Evaluator::names`]. None where a value is not defined.
    pub values: Vec<Option<f64>>,
    /// What must hold.
    pub expectations: Vec<Judged>,
    /// The calls that it took.
    pub calls: u64,
}

/// An expectation of a candidate.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// As it was written.
    pub text: String,
    /// Whether it holds.
    pub verdict: Verdict,
    /// The value of its measure.
    pub value: Option<f64>,
    /// By how much it holds, relative to its bound: below 0 it fails.
    pub slack: Option<f64>,
}

impl Evaluator {
    /// Measures `measures`, a list as in `success_rate, latency.p95 during storm`, the value of
    /// `flag`; and judges by the scenarios' own expectations and the constraints of `goal`. Each of
    /// `drills` has one policy, the one that candidates change.
    ///
    /// # Errors
    /// When a scenario does not have what is to be measured or judged.
    pub fn new(
        drills: Vec<Drill>,
        flag: &str,
        measures: &str,
        goal: &Goal,
    ) -> Result<Self, Diagnostic> {
        let parts = drills.into_iter().map(|drill| {
            let quantities = goal::quantities(flag, measures, &drill)?;
            let further = goal.constraints(&drill)?;
            let judged = Vec::from_iter(own(&drill).cloned().chain(further));
            let counted = quantities.iter().chain(&judged).cloned();
            let counted = Vec::from_iter(counted);
            Ok(Part {
                prices: drill.subject().prices(),
                drill: drill.counting(counted),
                quantities,
                judged,
            })
        });
        let parts = parts.collect::<Result<_, Diagnostic>>()?;
        Ok(Self { parts })
    }

    /// The names of what is measured, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let first = self.parts.first().into_iter();
        first.flat_map(|part| part.quantities.iter().map(|one| one.text.as_str()))
    }

    /// The candidate with `set`, paths and YAML, on top of the policy's file.
    ///
    /// # Errors
    /// When a value, or several together, are not valid.
    pub fn candidate(&self, set: &[(String, String)]) -> Result<Candidate, Diagnostic> {
        let policies = self.parts.iter().map(|part| {
            let (policy, _) = part.drill.variant(0, set)?;
            Ok(policy)
        });
        Ok(Candidate(policies.collect::<Result<_, Diagnostic>>()?))
    }

    /// Makes all runs of `candidates` on `workers` threads, and calls `on_outcomes` with the
    /// position and the outcomes of each, in order: one outcome for each scenario. That may stop
    /// the rest.
    ///
    /// # Errors
    /// When the machine cannot start a thread.
    pub fn evaluate(
        &self,
        candidates: &[&Candidate],
        workers: NonZero<usize>,
        on_outcomes: &mut dyn FnMut(usize, Vec<Outcome>) -> ControlFlow<()>,
    ) -> Result<Threads, NoThread> {
        let jobs = Vec::from_iter(candidates.iter().flat_map(|one| self.jobs(one)));
        let workers = NonZero::new(jobs.len()).map_or(workers, |all| workers.min(all));
        side_by_side(
            workers,
            jobs.into_iter(),
            |_, job| job.make(),
            &mut |_| (),
            |results| {
                for place in 0..candidates.len() {
                    let outcomes = self.parts.iter().map(|part| {
                        let seeds = part.drill.seeds_to_run();
                        let mut all = RunStats::default();
                        for _ in seeds {
                            all.merge(&results.next()?);
                        }
                        Some(part.outcome(&all))
                    });
                    // Without a result there is no thread, or a worker panicked: that is passed on.
                    let Some(outcomes) = outcomes.collect() else {
                        return;
                    };
                    if on_outcomes(place, outcomes).is_break() {
                        return;
                    }
                }
            },
        )
    }

    /// The runs of a candidate: scenario by scenario, seed by seed.
    fn jobs<'a>(&'a self, candidate: &'a Candidate) -> impl Iterator<Item = Job<'a>> {
        let parts = self.parts.iter().zip(&candidate.0);
        parts.flat_map(|(Part { drill, .. }, policy)| {
            drill.seeds_to_run().map(move |seed| Job {
                drill,
                policy,
                seed,
            })
        })
    }

    /// The worst of `values`, those of the measure at `place` in each scenario; none where one is
    /// not defined, or none is better than another.
    pub fn worst(&self, place: usize, values: &[Option<f64>]) -> Option<f64> {
        let values = all_of(values)?.into_iter();
        let quantity = self.parts.first()?.quantities.get(place)?;
        match measures::find(&quantity.metric)?.better {
            Better::More => values.min_by(f64::total_cmp),
            Better::Less => values.max_by(f64::total_cmp),
            Better::Neither => None,
        }
    }

    /// The expectations of the scenarios that are not judged, since they compare with another
    /// policy: scenario and text.
    pub fn skipped(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parts.iter().flat_map(|part| {
            let own = expected(&part.drill);
            let skipped = own.filter(|one| one.than.is_some());
            skipped.map(|one| (part.drill.scenario().name.as_str(), one.text.as_str()))
        })
    }
}

/// The mean of `values`; none where one is not defined.
pub fn mean(values: &[Option<f64>]) -> Option<f64> {
    let values = all_of(values)?;
    let count = values.len() as f64;
    (count > 0.0).then(|| values.iter().sum::<f64>() / count)
}

fn all_of(values: &[Option<f64>]) -> Option<Vec<f64>> {
    values.iter().copied().collect()
}

/// What the scenario expects of its policy, other policies aside.
fn own(drill: &Drill) -> impl Iterator<Item = &Expectation> {
    expected(drill).filter(|one| one.than.is_none())
}

fn expected(drill: &Drill) -> impl Iterator<Item = &Expectation> {
    let names = drill.policies().first().map(|policy| policy.name.as_str());
    let all = &drill.subject().expect;
    names
        .into_iter()
        .flat_map(|name| expect::expected_of(all, name))
}

/// A run.
struct Job<'a> {
    drill: &'a Drill,
    policy: &'a Policy,
    seed: u64,
}

impl Job<'_> {
    fn make(&self) -> io::Result<RunStats> {
        self.drill.stats(self.policy, self.seed)
    }
}

impl Part {
    fn outcome(&self, state: &RunStats) -> Outcome {
        let values = self.quantities.iter();
        let values = values.map(|one| goal::value(one, state, &self.prices));
        let judged = self.judged.iter().map(|one| self.judge(one, state));
        let expectations = Vec::from_iter(judged);
        let verdicts = expectations.iter().map(|one| one.verdict);
        Outcome {
            scenario: self.drill.scenario().name.clone(),
            verdict: verdicts.max().unwrap_or(Verdict::NotJudged),
            values: values.collect(),
            expectations,
            calls: state.run.calls,
        }
    }

    fn judge(&self, expectation: &Expectation, state: &RunStats) -> Judged {
        let facts = Facts {
            state,
            prices: &self.prices,
            other: &|_| None,
            never_fired: &|fault| state.fired.get(fault).is_none_or(|fired| *fired == 0),
        };
        let constraint = Constraint::new(expectation);
        Judged {
            text: expectation.text.clone(),
            verdict: verdict::judge(expectation, &facts).verdict,
            value: goal::value(expectation, state, &self.prices),
            slack: constraint.and_then(|one| one.slack(state, &self.prices)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::{Changes, Engine};

    fn drill(name: &str) -> Drill {
        let changes = Changes {
            policies: vec!["retry-only".to_owned()],
            set: vec![("run.duration".to_owned(), "6m".to_owned())],
            seeds: Some(1..=2),
            engine: Engine::Model,
            ..Changes::default()
        };
        let loaded = Drill::load_with(format!("scenarios/{name}.yaml"), changes);
        loaded.unwrap_or_else(|problems| panic!("{problems:?}"))
    }

    fn evaluator(scenarios: &[&str], measures: &str) -> Evaluator {
        let goal = Goal::parse("", &[], &["attempts_per_call <= 1.5".to_owned()]);
        let drills = scenarios.iter().map(|name| drill(name));
        let made = Evaluator::new(
            drills.collect(),
            "--measures",
            measures,
            &goal.expect("valid"),
        );
        made.expect("valid")
    }

    fn set(path: &str, value: &str) -> (String, String) {
        (path.to_owned(), value.to_owned())
    }

    fn outcomes(
        evaluator: &Evaluator,
        candidates: &[&Candidate],
        jobs: usize,
    ) -> Vec<Vec<Outcome>> {
        let mut all = Vec::new();
        let workers = NonZero::new(jobs).expect("some");
        let threads = evaluator.evaluate(candidates, workers, &mut |_, outcomes| {
            all.push(outcomes);
            ControlFlow::Continue(())
        });
        threads.expect("threads start");
        all
    }

    #[test]
    fn a_candidate_comes_to_the_same_alone_and_among_others() {
        let evaluator = evaluator(
            &["rate-limit-storm", "flapping"],
            "success_rate, attempts_per_call",
        );
        let one = evaluator.candidate(&[set("retry.max_attempts", "1")]);
        let base = evaluator.candidate(&[]).expect("as the file");
        let one = one.expect("valid");
        let among = outcomes(&evaluator, &[&base, &one, &base], 2);
        assert_eq!(among[0], among[2]);
        assert_ne!(among[0], among[1]);
        assert_eq!(outcomes(&evaluator, &[&one], 1), among[1..2]);
        assert_eq!(among[1][0].values[1], Some(1.0));
    }

    #[test]
    fn an_outcome_is_what_the_report_of_the_same_runs_says() {
        let evaluator = evaluator(&["flapping"], "success_rate during flaps, cost_per_success");
        let base = evaluator.candidate(&[]).expect("as the file");
        let found = outcomes(&evaluator, &[&base], 2).remove(0).remove(0);
        let (drill, place) = (
            drill("flapping"),
            &|_: std::ops::Range<usize>, _: String| Diagnostic::of_file("", ""),
        );
        let report = drill.run();
        let told = |text: &str| {
            let expectation = drill.expectation(text, place).expect("valid");
            report.value("retry-only", &expectation)
        };
        let told = [
            "success_rate during flaps >= 0%",
            "cost_per_success <= 1 USD",
        ]
        .map(|text| told(text).map(|(_, value)| value.to_float()));
        assert_eq!(found.values, told);
        assert_eq!(found.verdict, report.verdict());
        assert_eq!(found.expectations[0].verdict, report.verdict());
        let texts = found.expectations.iter().map(|one| one.text.as_str());
        let expected = ["success_rate <= 92%", "attempts_per_call <= 1.5"];
        assert_eq!(Vec::from_iter(texts), expected);
        for one in &found.expectations {
            let holds = one.verdict == Verdict::Holds;
            assert_eq!(one.slack.map(|slack| slack >= 0.0), Some(holds), "{one:?}");
        }
    }

    #[test]
    fn the_worst_is_by_what_the_measure_is_better_at() {
        let evaluator = evaluator(&["flapping"], "success_rate, latency.p95, calls");
        let values = [Some(1.0), Some(3.0), Some(2.0)];
        assert_eq!(evaluator.worst(0, &values), Some(1.0));
        assert_eq!(evaluator.worst(1, &values), Some(3.0));
        assert_eq!(evaluator.worst(2, &values), None);
        assert_eq!(mean(&values), Some(2.0));
        let unknown = [Some(1.0), None];
        assert_eq!((evaluator.worst(0, &unknown), mean(&unknown)), (None, None));
    }
}
