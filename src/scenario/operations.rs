//! What people do to the client while it runs: they take a provider out, or pin all calls to one.
//!
//! An operation acts on every client process alike. Which of them hold at a moment is told here;
//! the world tells the clients. What a client makes of it is the client's matter.

use std::collections::BTreeMap;
use std::time::Duration;

use super::check::{bounded, check_name};
use super::fault::Windows;
use super::{LONGEST_RUN, Provider, Scenario, file};
use crate::policy::ProviderId;
use crate::text::units::duration;
use crate::text::{Diagnostic, Document};
use crate::time::Instant;

/// Something that people do to the client, for a while.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// Its name, unique in the scenario.
    pub name: String,
    /// What they do.
    pub work: Work,
    /// From when on, and for how long.
    pub windows: Windows,
}

/// What people do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// This provider is asked nothing.
    Isolate(ProviderId),
    /// This provider is asked, and no other.
    Pin(ProviderId),
}

impl Scenario {
    /// The moments at which an operation begins or ends, in order, each once.
    pub fn turns(&self) -> Vec<Instant> {
        let turns = self.operations.iter().flat_map(|operation| {
            let Windows { at, length, .. } = operation.windows;
            let end = length.map(|length| at.saturating_add(length));
            [Some(at), end].into_iter().flatten()
        });
        let mut turns: Vec<Instant> = turns.map(|turn| Instant::START + turn).collect();
        turns.sort_unstable();
        turns.dedup();
        turns
    }

    /// Whether an operation takes this provider out at `now`.
    pub fn is_isolated(&self, provider: ProviderId, now: Instant) -> bool {
        let mut works = self.operations.iter();
        works.any(|one| one.work == Work::Isolate(provider) && one.windows.covers(now))
    }

    /// The provider to which calls are pinned at `now`, if to any: who was pinned last counts.
    pub fn pinned(&self, now: Instant) -> Option<ProviderId> {
        let at_work = self.operations.iter().filter(|one| one.windows.covers(now));
        let pins = at_work.filter_map(|one| match one.work {
            Work::Pin(provider) => Some((one.windows.at, provider)),
            Work::Isolate(_) => None,
        });
        let last = pins.max_by_key(|(at, _)| *at);
        last.map(|(_, provider)| provider)
    }
}

/// The operations in the file's order; `run` is how long calls arrive, unless a trace says it.
pub(super) fn operations(
    document: &Document,
    files: &BTreeMap<String, file::Operation>,
    providers: &[Provider],
    run: Option<Duration>,
) -> Result<Vec<Operation>, Diagnostic> {
    let names = document.keys(&["operations"]);
    if names.len() > MOST_OPERATIONS {
        let message = format!("more than {MOST_OPERATIONS} operations");
        return Err(document.problem_at_key(&["operations"], message));
    }
    let mut operations = Vec::new();
    for name in names {
        check_name(document, &["operations", &name], "an operation")?;
        let Some(file) = files.get(&name) else {
            continue;
        };
        operations.push(Operation {
            work: work(document, &name, file, providers)?,
            windows: windows(document, &name, file, run)?,
            name,
        });
    }
    Ok(operations)
}

fn work(
    document: &Document,
    name: &str,
    file: &file::Operation,
    providers: &[Provider],
) -> Result<Work, Diagnostic> {
    let (key, whom, work): (_, _, fn(ProviderId) -> Work) = match (&file.isolate, &file.pin) {
        (Some(whom), None) => ("isolate", whom, Work::Isolate),
        (None, Some(whom)) => ("pin", whom, Work::Pin),
        (None, None) => {
            let message = "an operation needs something to do";
            let problem = document.problem_at_key(&["operations", name], message);
            return Err(problem.hint("write as in `{ at: 5m, for: 10m, isolate: openai }`"));
        }
        (Some(_), Some(_)) => {
            let message = "`pin` says who is asked: `isolate` cannot stand beside it";
            let problem = document.problem_at_key(&["operations", name, "isolate"], message);
            return Err(problem.hint("leave out one of them, or make two operations"));
        }
    };
    let place = providers.iter().position(|known| known.name == *whom);
    let id = place.and_then(|place| u16::try_from(place).ok());
    id.map(|id| work(ProviderId(id))).ok_or_else(|| {
        let known = providers.iter().map(|provider| provider.name.as_str());
        let message = format!("unknown provider `{whom}`");
        let problem = document.problem(&["operations", name, key], message);
        problem.did_you_mean(whom, known)
    })
}

fn windows(
    document: &Document,
    name: &str,
    file: &file::Operation,
    run: Option<Duration>,
) -> Result<Windows, Diagnostic> {
    let path = |key| ["operations", name, key];
    let at = file.at.unwrap_or(Duration::ZERO);
    let range = Duration::ZERO..=LONGEST_RUN;
    bounded(document, &path("at"), at, range, duration::write)?;
    if run.is_some_and(|run| at >= run) {
        let message = "the run is over by then: this would never happen";
        let problem = document.problem(&path("at"), message);
        return Err(problem.hint("start it before `run.duration` has passed"));
    }
    if let Some(length) = file.length {
        let range = Duration::from_millis(1)..=LONGEST_RUN;
        bounded(document, &path("for"), length, range, duration::write)?;
    }
    Ok(Windows {
        at,
        length: file.length,
        every: None,
    })
}

const MOST_OPERATIONS: usize = 1_000;
