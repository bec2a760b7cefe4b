//! What some runs without bytes came to on the simulated network: whether both engines tell the
//! same, call by call, by measure, and by verdict.
//!
//! `drill` makes the runs. A difference is shown and changes no verdict, unless an expectation,
//! judged on these seeds alone, comes out differently: then a verdict depends on the engine, and
//! the report is inconclusive.

use serde::{Deserialize, Serialize};

use super::ratio::grouped;
use super::{Ratio, Report, measures, unit};

/// The audit of a report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Audit {
    /// Each run that both engines made, policy by policy.
    pub runs: Vec<AuditedRun>,
    /// The expectations that come out differently on the seeds of these runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<OtherVerdict>,
}

/// One policy under one seed, by both engines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditedRun {
    /// The policy.
    pub policy: String,
    /// The seed.
    pub seed: u64,
    /// The calls.
    pub calls: u64,
    /// Those with the same attempts and the same outcome, each within a millisecond.
    pub agree: u64,
    /// The first call that differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<OtherCall>,
    /// The measures that differ.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measures: Vec<OtherValue>,
}

/// A call that differs: its events in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherCall {
    /// Its number.
    pub call: u64,
    /// On the simulated network.
    pub wire: Vec<String>,
    /// Without bytes.
    pub model: Vec<String>,
}

/// A measure that differs; none where it is undefined.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherValue {
    /// Its full name, as in `recovery_time(openai)`.
    pub name: String,
    /// On the simulated network.
    pub wire: Option<Ratio>,
    /// Without bytes.
    pub model: Option<Ratio>,
}

/// An expectation that comes out differently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherVerdict {
    /// Of which policy.
    pub policy: String,
    /// Its text.
    pub text: String,
    /// The verdict on the simulated network.
    pub wire: String,
    /// The verdict without bytes.
    pub model: String,
}

impl Audit {
    /// The audit of runs that `wire` and `model` report on, which are of the same seeds.
    pub(crate) fn new(runs: Vec<AuditedRun>, wire: &Report, model: &Report) -> Self {
        let both = wire.policies.iter().zip(&model.policies);
        let verdicts = both.flat_map(|(wire, model)| {
            let both = wire.judgements.iter().zip(&model.judgements);
            let other = both.filter(|(wire, model)| wire.verdict != model.verdict);
            other.map(|(on_wire, on_model)| OtherVerdict {
                policy: wire.name.clone(),
                // As written it may have several lines.
                text: Vec::from_iter(on_wire.text.split_whitespace()).join(" "),
                wire: on_wire.verdict.word().to_owned(),
                model: on_model.verdict.word().to_owned(),
            })
        });
        Self {
            verdicts: verdicts.collect(),
            runs,
        }
    }

    /// The audits of both, which are of other seeds, and of reports on `policies`.
    pub(super) fn merge(one: Option<&Self>, two: Option<&Self>, policies: &[&str]) -> Option<Self> {
        let audits = || one.into_iter().chain(two);
        audits().next()?;
        let mut runs = Vec::from_iter(audits().flat_map(|audit| audit.runs.iter().cloned()));
        let verdicts = audits().flat_map(|audit| audit.verdicts.iter().cloned());
        let mut verdicts = Vec::from_iter(verdicts);
        // In the order of one run, whichever of both comes first.
        let place = |name: &str| policies.iter().position(|policy| *policy == name);
        runs.sort_by_cached_key(|run| (place(&run.policy), run.policy.clone(), run.seed));
        verdicts.sort_by_cached_key(|other| {
            let texts = other.texts().map(String::clone);
            (place(&other.policy), other.policy.clone(), texts)
        });
        verdicts.dedup();
        Some(Self { runs, verdicts })
    }

    /// The policies that it names.
    pub(super) fn policies(&self) -> impl Iterator<Item = &String> {
        let of_runs = self.runs.iter().map(|run| &run.policy);
        of_runs.chain(self.verdicts.iter().map(|other| &other.policy))
    }

    /// The texts that reports repeat, each in one line.
    pub(super) fn texts(&self) -> impl Iterator<Item = &String> {
        let calls = self.runs.iter().filter_map(|run| run.first.as_ref());
        let events = calls.flat_map(|call| call.wire.iter().chain(&call.model));
        let measures = self.runs.iter().flat_map(|run| &run.measures);
        let verdicts = self.verdicts.iter();
        let verdicts = verdicts.flat_map(OtherVerdict::texts);
        events
            .chain(measures.map(|measure| &measure.name))
            .chain(verdicts)
    }

    /// `1,234 of 1,236 calls agree in 4 runs`.
    pub(super) fn summary(&self) -> String {
        let counts = |count: fn(&AuditedRun) -> u64| self.runs.iter().map(count);
        // They may be of a file, which may say anything.
        let sum = |count| counts(count).fold(0, u64::saturating_add);
        let (agree, calls) = (sum(|run| run.agree), sum(|run| run.calls));
        let runs = match self.runs.len() {
            1 => "1 run".to_owned(),
            runs => format!("{runs} runs"),
        };
        let share = Ratio::share(agree, calls);
        let share = share.map(|share| format!(" ({})", unit::percent(share.times(100), 2)));
        format!(
            "{} of {} calls{} are the same on the simulated network, in {runs}",
            grouped(agree),
            grouped(calls),
            share.unwrap_or_default()
        )
    }

    /// For a terminal.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("audit  {}", self.summary())];
        for run in self.runs.iter().filter(|run| run.differs()) {
            lines.push(format!("audit  {}", run.summary()));
            let told = run.values(MOST_SHOWN).into_iter().chain(run.told());
            lines.extend(told.map(|line| format!("         {line}")));
        }
        lines.extend(
            self.verdicts
                .iter()
                .map(|other| format!("inconclusive  {}: {}", other.policy, other.told())),
        );
        lines
    }
}

impl AuditedRun {
    fn differs(&self) -> bool {
        self.agree < self.calls || !self.measures.is_empty()
    }

    /// `resilient, seed 2: 617 of 618 calls are the same`.
    fn summary(&self) -> String {
        let (agree, calls) = (grouped(self.agree), grouped(self.calls));
        let (policy, seed) = (&self.policy, self.seed);
        format!("{policy}, seed {seed}: {agree} of {calls} calls are the same")
    }

    /// The measures that differ, `most` of them at most; others, and those that differ by less than
    /// is shown, are counted.
    pub(super) fn values(&self, most: usize) -> Vec<String> {
        let told = self.measures.iter().filter_map(OtherValue::told);
        let mut told = Vec::from_iter(told.take(most));
        match self.measures.len() - told.len() {
            0 => {}
            more if told.is_empty() => told.push(format!("{more} measures differ a little")),
            more => told.push(format!("{more} more measures differ")),
        }
        told
    }

    /// The first call that differs.
    pub(super) fn told(&self) -> Vec<String> {
        let Some(first) = &self.first else {
            return Vec::new();
        };
        let mut lines = vec![format!("the first that differs is call {}", first.call)];
        for (side, events) in [("wire:", &first.wire), ("model:", &first.model)] {
            let side = format!("  {side}");
            lines.push(side);
            if events.is_empty() {
                lines.push("    (no such call)".to_owned());
            }
            lines.extend(events.iter().map(|event| format!("    {event}")));
        }
        lines
    }
}

impl OtherValue {
    /// `latency.p95 4.2s, by the model 4.1s`; none if the texts are equal.
    fn told(&self) -> Option<String> {
        let base = self.name.split('(').next().unwrap_or_default();
        let shown = |value: Option<Ratio>| match (value, measures::find(base)) {
            (Some(value), Some(measure)) => measure.unit.shown(value),
            _ => "undefined".to_owned(),
        };
        let (wire, model) = (shown(self.wire), shown(self.model));
        (wire != model).then(|| format!("{} {wire}, by the model {model}", self.name))
    }
}

impl OtherVerdict {
    fn texts(&self) -> [&String; 3] {
        [&self.text, &self.wire, &self.model]
    }

    /// `success_rate >= 99% fails on the wire and holds by the model`.
    pub(super) fn told(&self) -> String {
        let Self {
            text, wire, model, ..
        } = self;
        format!("`{text}` {wire} on the simulated network and {model} by the model")
    }
}

/// Measures of one run in a terminal.
const MOST_SHOWN: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    fn run(policy: &str, seed: u64) -> AuditedRun {
        AuditedRun {
            policy: policy.to_owned(),
            seed,
            calls: u64::MAX,
            agree: u64::MAX,
            first: None,
            measures: Vec::new(),
        }
    }

    fn audit(policies: &[&str], seed: u64, verdicts: &[(&str, &str)]) -> Audit {
        let verdict = |(policy, text): &(&str, &str)| OtherVerdict {
            policy: (*policy).to_owned(),
            text: (*text).to_owned(),
            wire: "fails".to_owned(),
            model: "holds".to_owned(),
        };
        Audit {
            runs: policies.iter().map(|policy| run(policy, seed)).collect(),
            verdicts: verdicts.iter().map(verdict).collect(),
        }
    }

    #[test]
    fn counts_of_any_size_are_added() {
        let all = grouped(u64::MAX);
        let summary = audit(&["a", "b"], 1, &[]).summary();
        let start = format!("{all} of {all} calls (100.00%)");
        assert!(summary.starts_with(&start), "{summary}");
    }

    #[test]
    fn merged_audits_have_the_order_of_one_run_whichever_comes_first() {
        let policies = ["resilient", "own"];
        let one = audit(&policies, 1, &[("resilient", "y"), ("own", "x")]);
        let two = audit(&policies, 2, &[("resilient", "x"), ("resilient", "y")]);
        let merged = Audit::merge(Some(&one), Some(&two), &policies).expect("there are two");
        let other = Audit::merge(Some(&two), Some(&one), &policies).expect("there are two");
        assert_eq!(merged, other);
        let runs = merged
            .runs
            .iter()
            .map(|run| (run.policy.as_str(), run.seed));
        let expected = [("resilient", 1), ("resilient", 2), ("own", 1), ("own", 2)];
        assert_eq!(Vec::from_iter(runs), expected);
        let verdicts = merged.verdicts.iter();
        let verdicts = verdicts.map(|other| (other.policy.as_str(), other.text.as_str()));
        let expected = [("resilient", "x"), ("resilient", "y"), ("own", "x")];
        assert_eq!(Vec::from_iter(verdicts), expected);
    }
}
