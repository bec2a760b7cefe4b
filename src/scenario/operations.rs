//! Operations on the client while it runs: isolating a provider, or pinning all calls to one.
//!
//! An operation applies to every client process. `seeded` says which ones are active at a moment.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::time::SHORTEST;

use super::fault::Windows;
use super::fault::parse::Setting;
use super::provider::{Fleet, Provider};
use crate::policy::ProviderId;
use crate::text::Diagnostic;
use crate::text::findings::Findings;
use crate::text::place::{Place, named};
use crate::text::section::section;
use crate::time::LONGEST_RUN;
#[cfg(feature = "cli")]
use crate::units::schema::Name;
use crate::units::{Length, duration};

/// An operation on the client, for a limited time.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Operation {
    /// Its name, unique in the scenario.
    pub name: String,
    /// What it does.
    pub work: Work,
    /// When it is active.
    pub windows: Windows,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Work {
    /// This provider gets no calls.
    Isolate(ProviderId),
    /// All calls go to this provider.
    Pin(ProviderId),
}

section! {
    /// One of `operations`.
    #[derive()]
    pub(super) struct Written [] ("Operation", transform one_work) {
        /// When it begins; at the start by default.
        default at: Duration as Length = Duration::ZERO, in Duration::ZERO..=LONGEST_RUN;
        /// How long it lasts; to the end by default.
        optional length "for": Duration as Length, in SHORTEST..=LONGEST_RUN;
        /// This provider gets no calls.
        optional isolate: String, schema Name;
        /// All calls go to this provider.
        optional pin: String, schema Name;
    }
}

/// An operation has exactly one of `isolate` and `pin`.
#[cfg(feature = "cli")]
fn one_work(mut schema: schemars::Schema) -> schemars::Schema {
    let works = ["isolate", "pin"].map(|key| json!({ "required": [key] }));
    schema.insert("oneOf".to_owned(), json!(works));
    schema
}

impl Operation {
    /// The resolved operation, in a scenario with these `providers`.
    pub(super) fn shown(&self, providers: &[Provider]) -> Value {
        let (word, id) = match self.work {
            Work::Isolate(id) => ("isolate", id),
            Work::Pin(id) => ("pin", id),
        };
        json!({
            "name": self.name,
            "at": duration::write(self.windows.at),
            "for": self.windows.length.map(duration::write),
            word: providers.get(id.index()).map(|provider| &provider.name),
        })
    }
}

/// The operations in the file's order, resolved in this `setting`.
pub(super) fn operations(
    section: &Place<'_>,
    written: BTreeMap<String, Written>,
    setting: &Setting<'_>,
    findings: &mut Findings,
) -> Vec<Operation> {
    if setting.fleet.is_empty() {
        return Vec::new();
    }
    let limits = ("an operation", 1_000);
    let operations = named(section, limits, written, findings, |place, name, one| {
        Ok(Operation {
            work: one.work(place, setting.fleet)?,
            windows: one.windows(place, setting)?,
            name: name.to_owned(),
        })
    });
    let operations = operations.into_iter();
    operations.filter_map(|(_, operation)| operation).collect()
}

impl Written {
    fn work(&self, place: &Place<'_>, fleet: &Fleet) -> Result<Work, Diagnostic> {
        let (key, name, work): (_, _, fn(ProviderId) -> Work) = match (&self.isolate, &self.pin) {
            (Some(name), None) => ("isolate", name, Work::Isolate),
            (None, Some(name)) => ("pin", name, Work::Pin),
            (None, None) => {
                let hint = "write as in `{ at: 5m, for: 10m, isolate: openai }`";
                return place.refuse_key("", "an operation needs an action", hint);
            }
            (Some(_), Some(_)) => {
                let message = "`pin` and `isolate` cannot be in one operation";
                let hint = "leave out one of them, or make two operations";
                return place.refuse_key("isolate", message, hint);
            }
        };
        let id = fleet.find(name, |message| place.problem(key, message))?;
        Ok(work(id))
    }

    fn windows(&self, place: &Place<'_>, setting: &Setting<'_>) -> Result<Windows, Diagnostic> {
        let (at, length) = (self.at, self.length);
        if let Some(over) = setting.over_at(at) {
            let message = format!("{}: this would never happen", over.why);
            return place.refuse("at", message, over.instead);
        }
        Ok(Windows {
            at,
            length,
            every: None,
        })
    }
}
