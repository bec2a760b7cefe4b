//! Counts of parts: the calls of one task or one client process, the attempts with one key.
//!
//! A [`Slice`] is a scope of the calls of one part. Each task has one over the whole run; others
//! are counted only where an expectation asks for them, so that memory is bounded by the tasks and
//! the expectations, however many clients there are. A provider with several keys counts its
//! attempts by key.
//!
//! A call's number does not say which task it is: the caller of a [`super::Collector`] does.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::fault_impact::length_within;
use super::ledger::Ledger;
use super::measures::View;
use super::merge::merges;
use super::ratio::Ratio;
use super::run_stats::{ProviderTally, RunStats, Scope};
use super::subject::Subject;
use crate::expect::{Of, When};
use crate::policy::classify::FailureClass;
use crate::policy::keys::KeyId;
use crate::policy::{CallId, ProviderId};
use crate::time::{Windows, nanos};

/// Where a call comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Its task, by position in [`Subject::tasks`]; none when the load has no tasks.
    pub task: Option<usize>,
    /// The client process that makes it, from 0.
    pub client: u32,
}

/// Says where each call comes from.
pub type Origins = Arc<dyn Fn(CallId) -> Origin + Send + Sync>;

/// The calls of one part that arrived at certain times.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Slice {
    /// Which part.
    pub of: Option<Of>,
    /// When they arrived.
    pub when: When,
    /// The calls.
    pub calls: Scope,
}

/// The attempts with one key of a provider.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct KeyTally {
    /// Attempts started.
    pub attempts: u64,
    /// Attempts with a whole answer.
    pub answered: u64,
    /// Attempts that failed, by class.
    pub failures: BTreeMap<FailureClass, u64>,
    /// The tokens that they were billed, and what became of them.
    pub ledger: Ledger,
}

merges!(Slice {
    of: same,
    when: same,
    calls: sum,
});

merges!(KeyTally {
    attempts: sum,
    answered: sum,
    failures: sum,
    ledger: sum,
});

/// The slices that are counted, with their windows: all of every task first, then those for which
/// an expectation asks, each once.
pub(super) fn slices(subject: &Subject) -> Vec<(Of, When, Windows)> {
    let tasks = subject.tasks.iter().map(|task| Of::Task(task.clone()));
    let tasks = tasks.map(|task| (task, When::Always));
    let expected = subject.expect.iter().flat_map(|(_, expected)| expected);
    let asked = expected.filter_map(|one| Some((one.of.clone()?, one.when)));
    let mut slices: Vec<(Of, When, Windows)> = Vec::new();
    for (of, when) in tasks.chain(asked) {
        let fault = when.fault();
        let fault = fault.and_then(|fault| subject.faults.get(fault.index()));
        let windows = match fault {
            None => Some(Windows::ALWAYS),
            Some(fault) => when.windows(&fault.windows),
        };
        let is_new = slices
            .iter()
            .all(|(known, at, _)| (known, at) != (&of, &when));
        if let Some(windows) = windows.filter(|_| is_new) {
            slices.push((of, when, windows));
        }
    }
    slices
}

/// The empty slices of a run of `subject`, with the keys of its providers.
pub(super) fn empty(subject: &Subject) -> Vec<Slice> {
    let end = nanos(subject.duration);
    let slices = slices(subject).into_iter();
    slices
        .map(|(of, when, windows)| Slice {
            of: Some(of),
            when,
            calls: scope(subject, length_within(&windows, end)),
        })
        .collect()
}

/// An empty scope of `length_ns`, with the keys of each provider that has several.
pub(super) fn scope(subject: &Subject, length_ns: u64) -> Scope {
    let mut scope = Scope::new(subject.providers.len(), length_ns);
    for (tally, provider) in scope.providers.iter_mut().zip(&subject.providers) {
        if provider.keys > 1 {
            tally.keys = vec![KeyTally::default(); provider.keys.into()];
        }
    }
    scope
}

/// Which scopes a call belongs to, by its origin.
pub(super) struct Parts {
    origins: Origins,
    /// The position of the first slice among the scopes of a run.
    first: usize,
    slices: Vec<Part>,
}

/// The part of one slice.
#[derive(Clone, Copy, Debug)]
enum Part {
    Task(usize),
    Client(u32),
    /// A task that does not exist.
    Nothing,
}

impl Parts {
    /// For a run of `subject`, whose first slice is the scope at `first`.
    pub(super) fn new(subject: &Subject, origins: Origins, first: usize) -> Self {
        let part = |of| match of {
            Of::Client(client) => Part::Client(client),
            Of::Task(name) => {
                let place = subject.tasks.iter().position(|task| *task == name);
                place.map_or(Part::Nothing, Part::Task)
            }
        };
        let slices = slices(subject).into_iter();
        Self {
            origins,
            first,
            slices: slices.map(|(of, ..)| part(of)).collect(),
        }
    }

    /// The origin of `call`; none when no slice depends on it.
    pub(super) fn origin(&self, call: CallId) -> Option<Origin> {
        (!self.slices.is_empty()).then(|| (self.origins)(call))
    }

    /// Whether the scope at `place` takes calls of `origin`.
    pub(super) fn takes(&self, place: usize, origin: Option<Origin>) -> bool {
        let slice = place.checked_sub(self.first);
        let Some(part) = slice.and_then(|slice| self.slices.get(slice)) else {
            return true;
        };
        origin.is_some_and(|origin| match *part {
            Part::Task(task) => origin.task == Some(task),
            Part::Client(client) => origin.client == client,
            Part::Nothing => false,
        })
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts")
            .field("slices", &self.slices)
            .finish_non_exhaustive()
    }
}

/// The keys of attempts whose calls have ended: a provider may bill them late.
#[derive(Debug, Default)]
pub(super) struct LateKeys(BTreeMap<(CallId, ProviderId, u32), KeyId>);

impl LateKeys {
    /// Keeps the keys of the attempts of `call` (provider, number there, key), for providers with
    /// several keys.
    pub(super) fn keep(
        &mut self,
        call: CallId,
        attempts: impl Iterator<Item = (ProviderId, u32, KeyId)>,
        run: &Scope,
    ) {
        for (provider, nth, key) in attempts {
            let tally = run.providers.get(provider.index());
            if tally.is_some_and(|tally| !tally.keys.is_empty()) {
                self.0.insert((call, provider, nth), key);
            }
        }
        while self.0.len() > KEPT {
            self.0.pop_first();
        }
    }

    /// The key of an attempt of a call that has ended, if it is still known.
    pub(super) fn find(&self, call: CallId, provider: ProviderId, nth: u32) -> Option<KeyId> {
        self.0.get(&(call, provider, nth)).copied()
    }
}

/// The scope of `calls` at one provider, or with one of its keys: what it counts by provider is
/// only of this one. `name` is as expectations write it: `openai`, `openai/2`. None when there is
/// no such provider or key.
pub(super) fn narrowed(state: &RunStats, calls: &Scope, name: &str) -> Option<Scope> {
    let (provider, key) = at(name);
    let place = state.providers.iter().position(|known| known == provider)?;
    let tally = calls.providers.get(place)?;
    let tally = match key {
        None => tally.clone(),
        Some(key) => tally.keys.get(key?.checked_sub(1)?)?.as_provider(),
    };
    let mut scope = calls.clone();
    scope.providers.fill(ProviderTally::default());
    *scope.providers.get_mut(place)? = tally;
    Some(scope)
}

/// The share of the attempts in `all` that `scope`, a part of it, holds.
pub(super) fn share(all: &View<'_>, scope: &Scope) -> Option<Ratio> {
    Ratio::share(scope.attempts(), all.scope.attempts())
}

/// The calls of each task, in order.
pub(super) fn tasks(state: &RunStats) -> impl Iterator<Item = (&str, &Scope)> {
    state.slices.iter().filter_map(|slice| match &slice.of {
        Some(Of::Task(task)) if slice.when == When::Always => Some((task.as_str(), &slice.calls)),
        _ => None,
    })
}

/// The provider in `name`, and the number of its key, from 1: none inside for what is no number.
pub(super) fn at(name: &str) -> (&str, Option<Option<usize>>) {
    match name.split_once('/') {
        Some((provider, key)) => (provider, Some(key.parse().ok())),
        None => (name, None),
    }
}

impl KeyTally {
    /// As if the provider had no other key.
    pub(super) fn as_provider(&self) -> ProviderTally {
        ProviderTally {
            attempts: self.attempts,
            answered: self.answered,
            failures: self.failures.clone(),
            ledger: self.ledger,
            ..ProviderTally::default()
        }
    }
}

/// How many attempts are kept: providers finish abandoned work within minutes.
const KEPT: usize = 10_000;
