//! Merges reports on one scenario whose seeds are disjoint: `firedrill merge`.
//!
//! It is associative and commutative: runs are kept by seed, stats merge exactly, and of what only
//! shapes commands (the scenario's path, overrides, policies as written) the smallest is taken.
//! [`super::merge`] has the rules of counts.

use serde_json::Value;
use thiserror::Error;

use super::{Audit, BySeed, Judged, Report, RunStats, seeds};

/// The reason why two reports are not merged.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MergeError {
    /// They measured different things; this is the first difference.
    #[error("they did not measure the same")]
    Differ(String),
    /// They hold the same run.
    #[error("both hold seed {0}")]
    Overlap(u64),
    /// One was not made by running seeds.
    #[error("{0} holds no seeds: it is a report on traces")]
    NoSeeds(String),
}

impl Report {
    /// The report on the seeds of both, which are of the same scenario and policies.
    ///
    /// # Errors
    /// When something else was measured, or when a seed is in both.
    pub fn merge(&self, other: &Self) -> Result<Self, MergeError> {
        self.check_same(other)?;
        let mut policies: Vec<(String, RunStats)> = Vec::new();
        let mut runs: Vec<BySeed> = Vec::new();
        for (one, two) in self.policies.iter().zip(&other.policies) {
            let (mut state, mut by_seed) = (one.state.clone(), one.by_seed.clone());
            state.merge(&two.state);
            by_seed.merge(&two.by_seed);
            policies.push((one.name.clone(), state));
            runs.push(by_seed);
        }
        let seeds = runs.first().map(|runs| seeds::text(runs.seeds()));
        let path = (&self.path).min(&other.path);
        let names = Vec::from_iter(self.policies.iter().map(|one| one.name.as_str()));
        let audit = Audit::merge(self.audit.as_ref(), other.audit.as_ref(), &names);
        let report = Self::new(&self.subject, path, &seeds.unwrap_or_default(), policies)
            .with_overrides((&self.overrides).min(&other.overrides))
            .with_engine(self.engine.as_deref().min(other.engine.as_deref()))
            .with_price_file(self.price_file.as_deref().min(other.price_file.as_deref()))
            .with_policies_as_written((&self.written).min(&other.written))
            .with_judge(self.judge.as_deref())
            .with_configs(self.policies.iter().map(|one| one.config.clone()).collect())
            .with_runs(runs)
            .with_audit(audit);
        Ok(report)
    }

    fn check_same(&self, other: &Self) -> Result<(), MergeError> {
        for report in [self, other] {
            if report.policies.iter().any(|one| one.by_seed.is_empty()) {
                return Err(MergeError::NoSeeds(report.subject.name.clone()));
            }
        }
        if let Some(difference) = self.difference(other) {
            return Err(MergeError::Differ(difference));
        }
        if self.judge != other.judge {
            let judge = |report: &Self| report.judge.clone().unwrap_or("itself".to_owned());
            let (one, two) = (judge(self), judge(other));
            return Err(MergeError::Differ(format!(
                "each is judged as {one} and {two}"
            )));
        }
        for (one, two) in self.policies.iter().zip(&other.policies) {
            let both = one.by_seed.seeds();
            let mut both = both.filter(|seed| two.by_seed.calls.contains_key(seed));
            if let Some(seed) = both.next() {
                return Err(MergeError::Overlap(seed));
            }
        }
        Ok(())
    }

    /// The first difference in what they measured.
    pub(super) fn difference(&self, other: &Self) -> Option<String> {
        let (one, two) = (&self.subject.resolved, &other.subject.resolved);
        let scenario = difference("scenario", one, two);
        let names = |report: &Self| {
            let names = report.policies.iter().map(|one| one.name.as_str());
            names.collect::<Vec<_>>().join(", ")
        };
        let policies = || {
            let (one, two) = (names(self), names(other));
            (one != two).then(|| format!("policies are `{one}` and `{two}`"))
        };
        let config = |(one, two): (&Judged, &Judged)| {
            difference(&format!("policy {}", one.name), &one.config, &two.config)
        };
        let configs = || {
            let pairs = self.policies.iter().zip(&other.policies);
            pairs.filter_map(|(one, two)| config((one, two))).next()
        };
        scenario.or_else(policies).or_else(configs)
    }
}

/// The first place in which two values differ, as in "load.rate is `4/s` and `8/s`".
pub(crate) fn difference(place: &str, one: &Value, two: &Value) -> Option<String> {
    if one == two {
        return None;
    }
    match (one, two) {
        (Value::Object(left), Value::Object(right)) => {
            let keys = left.keys().chain(right.keys());
            let of = |map: &serde_json::Map<String, Value>, key| map.get(key).cloned();
            let mut found = keys.filter_map(|key| {
                let (left, right) = (of(left, key), of(right, key));
                let inner = format!("{place}.{key}");
                difference(
                    &inner,
                    &left.unwrap_or(Value::Null),
                    &right.unwrap_or(Value::Null),
                )
            });
            found.next()
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            let pairs = left.iter().zip(right).enumerate();
            let mut found =
                pairs.filter_map(|(at, (one, two))| difference(&format!("{place}.{at}"), one, two));
            found.next()
        }
        _ => Some(format!("{place} is {} and {}", shown(one), shown(two))),
    }
}

/// A value for people, at most [`MOST_SHOWN`] characters of it.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => return "not set".to_owned(),
        Value::String(text) => text.clone(),
        _ => value.to_string(),
    };
    match text.char_indices().nth(MOST_SHOWN) {
        Some((end, _)) => format!("`{}...`", &text[..end]),
        None => format!("`{text}`"),
    }
}

/// The longest value that an error repeats.
const MOST_SHOWN: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_difference_names_its_place_and_both_values() {
        let (one, two) = (
            json!({"load": {"rate": "4/s"}, "faults": [{"rate": "1%"}]}),
            json!({"load": {"rate": "4/s"}, "faults": [{"rate": "2%"}]}),
        );
        assert_eq!(difference("scenario", &one, &one), None);
        let found = difference("scenario", &one, &two);
        let expected = "scenario.faults.0.rate is `1%` and `2%`";
        assert_eq!(found.as_deref(), Some(expected));
        let found = difference("policy a", &json!({}), &json!({"retry": true}));
        let expected = "policy a.retry is not set and `true`";
        assert_eq!(found.as_deref(), Some(expected));
    }

    #[test]
    fn a_long_value_is_cut() {
        let long = json!("x".repeat(200));
        let found = difference("a", &long, &json!(1)).expect("a difference");
        assert!(found.len() < 120, "{found}");
    }
}
