//! Whether the engines agree: one run by both, compared call by call.
//!
//! A call agrees when both engines give it the same attempts at the same providers, with the same
//! ends, bills and outcome, each within a millisecond: the simulated network resolves no less.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Drill, Engine};
use crate::policy::CallId;
use crate::policy::config::Policy;
use crate::report::measures::{self, View};
use crate::report::story::call_line;
use crate::report::subject::Subject;
use crate::report::{Audit, AuditedRun, OtherCall, OtherValue, Report, RunStats};
use crate::scenario::Scenario;
use crate::trace::{Event, EventKind, Recorder};

/// How many calls a run had and how many agree, and the first that does not.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Agreement {
    /// The calls that either engine made.
    pub calls: usize,
    /// Those that agree.
    pub agree: usize,
    /// The first that differs.
    pub first: Option<Disagreement>,
}

/// A call that differs, with its events by either engine.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Disagreement {
    /// The call.
    pub call: CallId,
    /// Its events on the simulated network.
    pub wire: Vec<Event>,
    /// Its events without bytes.
    pub model: Vec<Event>,
}

/// Runs `scenario` under `policy` and `seed` by both engines, and compares them.
///
/// # Errors
/// When the machine cannot start a thread.
pub fn compare_engines(scenario: &Scenario, policy: &Policy, seed: u64) -> io::Result<Agreement> {
    let [wire, model] = [Engine::Wire, Engine::Model].map(|engine| {
        let calls = Arc::new(Calls::default());
        engine.run(scenario, policy, seed, calls.clone())?;
        Ok::<_, io::Error>(calls)
    });
    Ok(wire?.agreement(&*model?))
}

/// Keeps what happened to each call, in order.
#[derive(Default)]
pub(super) struct Calls(Mutex<BTreeMap<CallId, Vec<Event>>>);

impl Recorder for Calls {
    fn record(&self, event: &Event) {
        if let Some(call) = event.kind.call() {
            let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            calls.entry(call).or_default().push(event.clone());
        }
    }
}

impl Calls {
    /// Compares these calls, of the simulated network, with those of the model.
    pub(super) fn agreement(&self, model: &Self) -> Agreement {
        let [wire, model] =
            [self, model].map(|one| one.0.lock().unwrap_or_else(PoisonError::into_inner));
        let all: BTreeSet<CallId> = wire.keys().chain(model.keys()).copied().collect();
        let mut agreement = Agreement {
            calls: all.len(),
            agree: 0,
            first: None,
        };
        for call in all {
            let [by_wire, by_model] =
                [&wire, &model].map(|calls| calls.get(&call).map_or(&[][..], Vec::as_slice));
            if is_alike(by_wire, by_model) {
                agreement.agree += 1;
            } else if agreement.first.is_none() {
                agreement.first = Some(Disagreement {
                    call,
                    wire: by_wire.to_vec(),
                    model: by_model.to_vec(),
                });
            }
        }
        agreement
    }
}

/// The events of the client are compared in their order; a provider bills whenever it does, so its
/// events are compared by what they are.
fn is_alike(a: &[Event], b: &[Event]) -> bool {
    let near = |a: &Event, b: &Event| ms(a).abs_diff(ms(b)) <= 1 && a.kind == b.kind;
    let are_near = |a: &[&Event], b: &[&Event]| {
        let mut both = a.iter().zip(b);
        a.len() == b.len() && both.all(|(a, b)| near(a, b))
    };
    let ([a, of_a], [b, of_b]) = (apart(a), apart(b));
    are_near(&a, &b) && are_near(&of_a, &of_b)
}

/// The events of the client, and those of providers in an order of their own.
fn apart(all: &[Event]) -> [Vec<&Event>; 2] {
    let is_provider = |event: &&Event| {
        let kind = &event.kind;
        matches!(
            kind,
            EventKind::Billed { .. } | EventKind::Answered { .. } | EventKind::Fired { .. }
        )
    };
    let (mut theirs, own): (Vec<_>, Vec<_>) = all.iter().partition(is_provider);
    if theirs.len() > 1 {
        theirs.sort_by_cached_key(|event| (format!("{:?}", event.kind), event.at));
    }
    [own, theirs]
}

const fn ms(event: &Event) -> u64 {
    event.at.as_nanos() / 1_000_000
}

/// A run by both engines.
pub(super) struct Audited {
    pub(super) run: AuditedRun,
    /// What it came to on the simulated network.
    pub(super) wire: RunStats,
    /// What it came to without bytes.
    pub(super) model: RunStats,
}

/// What a report says of the run of `policy` under `seed`; `stats` are those of the simulated
/// network and of the model.
pub(super) fn run(
    drill: &Drill,
    (policy, seed): (&Policy, u64),
    agreement: Agreement,
    stats: [&RunStats; 2],
) -> AuditedRun {
    let names = drill.names();
    let told = |events: Vec<Event>| {
        let lines = events.iter().map(|event| call_line(event, &names));
        Vec::from_iter(lines)
    };
    AuditedRun {
        policy: policy.name.clone(),
        seed,
        calls: agreement.calls as u64,
        agree: agreement.agree as u64,
        first: agreement.first.map(|first| OtherCall {
            call: first.call.0,
            wire: told(first.wire),
            model: told(first.model),
        }),
        measures: other_values(stats, drill.subject()),
    }
}

/// The audit of a drill, whose runs are policy by policy: also whether its expectations come out
/// differently on their seeds.
pub(super) fn of_runs(drill: &Drill, all: Vec<Audited>) -> Audit {
    let by = |stats: fn(&Audited) -> &RunStats| {
        let policies = drill.policies().iter().filter_map(|policy| {
            let own = all.iter().filter(|one| one.run.policy == policy.name);
            let merged = own.map(stats).cloned().reduce(|mut merged, next| {
                merged.merge(&next);
                merged
            });
            merged.map(|merged| (policy.name.clone(), merged))
        });
        Report::new(drill.subject(), "", "", policies.collect())
    };
    let (wire, model) = (by(|one| &one.wire), by(|one| &one.model));
    let runs = all.into_iter().map(|one| one.run);
    Audit::new(runs.collect(), &wire, &model)
}

/// The measures that differ, by name.
fn other_values(stats: [&RunStats; 2], subject: &Subject) -> Vec<OtherValue> {
    let prices = subject.prices();
    let [wire, model] = stats.map(|state| {
        let values = measures::exact(&View::all(state, &prices)).into_iter();
        values.collect::<BTreeMap<_, _>>()
    });
    let names: BTreeSet<&String> = wire.keys().chain(model.keys()).collect();
    let values = names.into_iter().map(|name| OtherValue {
        name: name.clone(),
        wire: wire.get(name).copied(),
        model: model.get(name).copied(),
    });
    values.filter(|value| value.wire != value.model).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{AttemptId, ProviderId};
    use crate::time::Instant;
    use crate::trace::Bill;

    fn at(ms: u64, kind: EventKind) -> Event {
        let at = Instant::from_nanos(ms * 1_000_000);
        Event { at, kind }
    }

    fn arrives(ms: u64, call: u64) -> Event {
        let (call, streamed) = (CallId(call), false);
        at(ms, EventKind::Arrived { call, streamed })
    }

    fn token(ms: u64, call: u64) -> Event {
        let (call, attempt) = (CallId(call), AttemptId(1));
        at(ms, EventKind::FirstTokenDelivered { call, attempt })
    }

    fn billed(ms: u64, call: u64) -> Event {
        let kind = EventKind::Billed {
            provider: ProviderId(0),
            call: Some(CallId(call)),
            nth: 0,
            bill: Bill::of(7, 3),
        };
        at(ms, kind)
    }

    fn agreement(wire: &[Event], model: &[Event]) -> Agreement {
        let [wire, model] = [wire, model].map(|events| {
            let calls = Calls::default();
            events.iter().for_each(|event| calls.record(event));
            calls
        });
        wire.agreement(&model)
    }

    #[test]
    fn calls_agree_within_a_millisecond_and_whenever_a_provider_bills() {
        let wire = [arrives(5, 0), billed(8, 0), token(9, 0)];
        let model = [arrives(5, 0), token(10, 0), billed(9, 0)];
        let found = agreement(&wire, &model);
        assert_eq!((found.calls, found.agree, found.first), (1, 1, None));
    }

    #[test]
    fn the_first_call_that_differs_is_kept_with_both_sides() {
        let wire = [arrives(5, 0), arrives(5, 1), token(9, 1), arrives(6, 2)];
        let model = [arrives(5, 0), arrives(5, 1), token(11, 1)];
        let found = agreement(&wire, &model);
        assert_eq!((found.calls, found.agree), (3, 1));
        let first = found.first.expect("two differ");
        assert_eq!(first.call, CallId(1));
        assert_eq!(first.wire, &wire[1..3]);
        assert_eq!(first.model, &model[1..3]);
    }

    #[test]
    fn a_call_that_only_one_engine_made_differs() {
        for (wire, model) in [(vec![arrives(5, 0)], vec![]), (vec![], vec![arrives(5, 0)])] {
            let found = agreement(&wire, &model);
            assert_eq!((found.calls, found.agree), (1, 0));
        }
    }
}
