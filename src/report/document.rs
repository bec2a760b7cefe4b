//! Reads result documents back into reports: what `run --format json` and `--out` write.
//!
//! Only what was counted is read (stats, single runs, the subject); values and verdicts are
//! computed again, so that a report that was read renders to the bytes that it was read from.
//! `render::json` writes documents.

mod texts;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use thiserror::Error;

use super::subject::Subject;
use super::{Audit, BySeed, Report, RunStats};

/// The form of documents: it changes when older readers would misread them.
pub(super) const SCHEMA: &str = "firedrill.result/2";

/// The form of several documents in one.
pub(super) const RESULTS: &str = "firedrill.results/1";

/// The reason why a text is no result.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It has another form.
    #[error("it is no result: {0}")]
    NoResult(serde_json::Error),
    /// It was written by another version.
    #[error("its form is `{0}`, not `{SCHEMA}`")]
    OtherForm(String),
    /// It says at this byte what cannot be shown.
    #[error("{why}")]
    Text {
        /// The byte.
        at: usize,
        /// What is wrong there.
        why: String,
    },
    /// Its counts contradict each other.
    #[error("policy {0} has {1} seeds and counts {2} runs")]
    Damaged(String, usize, u64),
}

/// How the report was asked for: reproducing commands repeat it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    pub(super) path: String,
    pub(super) set: Vec<(String, String)>,
    pub(super) policies: Vec<String>,
    /// The engine, if it is not the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) engine: Option<String>,
    /// The price book in place of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) prices: Option<String>,
    /// The policy of `--judge-as`: `subject` has its expectations under the names of `policies`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) judge_as: Option<String>,
}

/// The reports in `text`: one document, or several in one; earlier versions wrote an array.
///
/// # Errors
/// When it is no document, or one of another form.
pub fn read(text: &str) -> Result<Vec<Report>, ReadError> {
    check_form(text)?;
    texts::check_characters(text)?;
    let stored: Vec<Stored> = documents(text).map_err(ReadError::NoResult)?;
    for one in &stored {
        one.check_names(text)?;
        one.check_lines(text)?;
    }
    stored.into_iter().map(Stored::report).collect()
}

/// The first form that is not ours is the error, rather than the first key that it lacks.
fn check_form(text: &str) -> Result<(), ReadError> {
    let forms: Vec<Form> = documents(text).map_err(ReadError::NoResult)?;
    let other = |form: Form| (form.schema != SCHEMA).then_some(form.schema);
    match forms.into_iter().find_map(other) {
        Some(form) => Err(ReadError::OtherForm(form.chars().take(40).collect())),
        None => Ok(()),
    }
}

/// What `text` holds one or several of.
fn documents<'de, T: Deserialize<'de>>(text: &'de str) -> Result<Vec<T>, serde_json::Error> {
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(text);
    }
    let is_several = serde_json::from_str(text).is_ok_and(|form: Form| form.schema == RESULTS);
    match is_several {
        true => serde_json::from_str(text).map(|several: Several<T>| several.results),
        false => serde_json::from_str(text).map(|one| vec![one]),
    }
}

#[derive(Deserialize)]
struct Form {
    schema: String,
}

/// Several documents in one.
#[derive(Deserialize)]
struct Several<T> {
    results: Vec<T>,
}

/// A document, without what is computed from the rest.
#[derive(Deserialize)]
struct Stored {
    seeds: String,
    resolved: Value,
    subject: Subject,
    asked: Asked,
    #[serde(deserialize_with = "in_order")]
    policies: Vec<(String, StoredPolicy)>,
    #[serde(default)]
    audit: Option<Audit>,
}

#[derive(Deserialize)]
struct StoredPolicy {
    config: Value,
    state: RunStats,
    #[serde(default)]
    by_seed: BySeed,
}

impl Stored {
    fn report(self) -> Result<Report, ReadError> {
        let mut subject = self.subject;
        subject.resolved = self.resolved;
        let (mut policies, mut configs, mut runs) = (Vec::new(), Vec::new(), Vec::new());
        for (name, stored) in self.policies {
            let (seeds, counted) = (stored.by_seed.calls.len(), stored.state.runs);
            if seeds > 0 && seeds as u64 != counted {
                return Err(ReadError::Damaged(name, seeds, counted));
            }
            policies.push((name, stored.state));
            configs.push(stored.config);
            runs.push(stored.by_seed);
        }
        let report = Report::new(&subject, &self.asked.path, &self.seeds, policies)
            .with_overrides(&self.asked.set)
            .with_engine(self.asked.engine.as_deref())
            .with_price_file(self.asked.prices.as_deref())
            .with_policies_as_written(&self.asked.policies)
            .with_judge(self.asked.judge_as.as_deref());
        let report = report.with_configs(configs).with_runs(runs);
        Ok(report.with_audit(self.audit))
    }
}

/// A JSON object as pairs: policies keep the order of the run.
fn in_order<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<(String, T)>, D::Error> {
    struct Pairs<T>(std::marker::PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Pairs<T> {
        type Value = Vec<(String, T)>;

        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while let Some(pair) = map.next_entry()? {
                pairs.push(pair);
            }
            Ok(pairs)
        }
    }
    deserializer.deserialize_map(Pairs(std::marker::PhantomData))
}
