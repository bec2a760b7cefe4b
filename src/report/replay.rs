//! One run of a policy, made again and kept in more detail than its stats: latency and breakers
//! over time, which fault made which attempts fail, and the calls that are worth telling.
//!
//! `drill` makes the run; a page shows it. No measure and no verdict reads it.

use std::collections::BTreeMap;

use super::histogram::Times;
use super::story::{Worst, WorstBy};
use super::subject::{MeasuredFault, Subject};
use crate::policy::breaker::State;
use crate::policy::call::Outcome;
use crate::policy::classify::FailureClass;
use crate::policy::{CallId, ProviderId};
use crate::time::{Instant, nanos};
use crate::trace::{Event, EventKind, FaultId};

/// What a run told.
#[derive(Clone, Debug)]
pub(crate) struct Replay {
    /// The policy's position in the report.
    pub(crate) policy: usize,
    /// The seed of the run.
    pub(crate) seed: u64,
    /// Of the calls that arrived in each of sixty equal intervals and succeeded: half of them took
    /// at most so long, and 95 % of them, in milliseconds.
    pub(crate) latency: Vec<Option<(u64, u64)>>,
    /// The breakers of each provider, by provider.
    pub(crate) lanes: Vec<Lane>,
    /// Attempts that failed, by the fault that struck the call last, or else one that was active at
    /// the provider (one that strikes connections strikes no call), the provider and the class.
    pub(crate) failures: BTreeMap<(Option<FaultId>, usize, FailureClass), u64>,
    /// The calls that are told.
    pub(crate) worst: Worst,
}

/// The breakers of all clients at one provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lane {
    /// The provider's position.
    pub(crate) provider: usize,
    /// How often one opened.
    pub(crate) opened: u64,
    /// When any was not closed.
    pub(crate) spans: Vec<Span>,
}

/// A length of time in which the breakers at a provider did not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// Its start, in nanoseconds of the run.
    pub(crate) from: u64,
    /// Its end.
    pub(crate) to: u64,
    /// How many clients' breakers were open.
    pub(crate) open: u64,
    /// How many were half-open.
    pub(crate) half_open: u64,
    /// How many there are.
    pub(crate) clients: u64,
}

/// Folds the events of the run.
#[derive(Debug)]
pub(crate) struct Replaying {
    end: u64,
    clients: u64,
    worst: Worst,
    arrived: BTreeMap<CallId, Instant>,
    times: Vec<Times>,
    lanes: Vec<(Lane, Span)>,
    faults: Vec<MeasuredFault>,
    struck: BTreeMap<CallId, FaultId>,
    failures: BTreeMap<(Option<FaultId>, usize, FailureClass), u64>,
}

impl Replaying {
    /// Nothing has happened yet.
    pub(crate) fn new(subject: &Subject, by: WorstBy) -> Self {
        let clients = u64::from(subject.clients.max(1));
        let lanes = (0..subject.providers.len()).map(|provider| {
            let lane = Lane {
                provider,
                ..Lane::default()
            };
            let (from, to, open, half_open) = (0, 0, 0, 0);
            let span = Span {
                from,
                to,
                open,
                half_open,
                clients,
            };
            (lane, span)
        });
        Self {
            end: nanos(subject.duration).max(1),
            clients,
            worst: Worst::new(by),
            arrived: BTreeMap::new(),
            times: vec![Times::default(); INTERVALS],
            lanes: lanes.collect(),
            faults: subject.faults.clone(),
            struck: BTreeMap::new(),
            failures: BTreeMap::new(),
        }
    }

    /// Takes an event.
    pub(crate) fn on_event(&mut self, event: &Event) {
        self.worst.on_event(event);
        match &event.kind {
            EventKind::Arrived { call, .. } => {
                self.arrived.insert(*call, event.at);
            }
            EventKind::Started { call, .. } => {
                self.struck.remove(call);
            }
            EventKind::Fired {
                fault,
                call: Some(call),
            } => {
                self.struck.insert(*call, *fault);
            }
            EventKind::Replied {
                call,
                provider,
                failure: Some(class),
                ..
            } => {
                let fault = self.struck.get(call).copied();
                let fault = fault.or_else(|| self.active(*provider, event.at));
                let key = (fault, provider.index(), *class);
                *self.failures.entry(key).or_default() += 1;
            }
            EventKind::Breaker { provider, from, to } => {
                self.on_breaker(provider.index(), (*from, *to), event.at);
            }
            EventKind::Ended { call, outcome } => {
                self.struck.remove(call);
                let arrived = self.arrived.remove(call);
                if let (Some(arrived), Outcome::Succeeded { .. }) = (arrived, outcome) {
                    self.on_answer(arrived, event.at);
                }
            }
            _ => {}
        }
    }

    /// The first fault that is active at `provider`.
    fn active(&self, provider: ProviderId, now: Instant) -> Option<FaultId> {
        let is_active =
            |fault: &MeasuredFault| fault.targets.contains(&provider) && fault.windows.covers(now);
        let place = self.faults.iter().position(is_active)?;
        u16::try_from(place).ok().map(FaultId)
    }

    fn on_answer(&mut self, arrived: Instant, ended: Instant) {
        let place = u128::from(arrived.as_nanos()) * INTERVALS as u128 / u128::from(self.end);
        let place = usize::try_from(place).unwrap_or(INTERVALS);
        if let Some(times) = self.times.get_mut(place.min(INTERVALS - 1)) {
            times.add(nanos(ended.since(arrived)));
        }
    }

    fn on_breaker(&mut self, provider: usize, (from, to): (State, State), at: Instant) {
        let Some((lane, span)) = self.lanes.get_mut(provider) else {
            return;
        };
        close(lane, span, at.as_nanos().min(self.end));
        match from {
            State::Open => span.open = span.open.saturating_sub(1),
            State::HalfOpen => span.half_open = span.half_open.saturating_sub(1),
            State::Closed => {}
        }
        match to {
            State::Open => {
                span.open = (span.open + 1).min(self.clients);
                lane.opened += 1;
            }
            State::HalfOpen => span.half_open = (span.half_open + 1).min(self.clients),
            State::Closed => {}
        }
    }

    /// What the run of this policy under `seed` told.
    pub(crate) fn finish(self, policy: usize, seed: u64) -> Replay {
        let whole = |times: &Times, percent| {
            let (part, all) = times.quantile(percent)?.parts();
            u64::try_from(part / all.max(1)).ok()
        };
        let latency = self.times.iter();
        let latency = latency.map(|times| Some((whole(times, 50)?, whole(times, 95)?)));
        let lanes = self.lanes.into_iter().map(|(mut lane, mut span)| {
            close(&mut lane, &mut span, self.end);
            lane
        });
        Replay {
            policy,
            seed,
            latency: latency.collect(),
            lanes: lanes.collect(),
            failures: self.failures,
            worst: self.worst,
        }
    }
}

/// Ends the span that is open, and keeps it if any breaker was not closed in it. Of very many the
/// last that is kept is made longer.
fn close(lane: &mut Lane, span: &mut Span, at: u64) {
    span.to = at;
    if span.open + span.half_open > 0 && span.from < span.to {
        let is_full = lane.spans.len() >= MOST_SPANS;
        match lane.spans.last_mut().filter(|_| is_full) {
            Some(last) => last.to = span.to,
            None => lane.spans.push(*span),
        }
    }
    span.from = at;
}

/// So many as a timeline has.
const INTERVALS: usize = 60;

/// More are not told apart on a page, and would make it large.
const MOST_SPANS: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(secs: u64) -> u64 {
        secs * 1_000_000_000
    }

    fn subject() -> Subject {
        let end = Instant::from_nanos(secs(60));
        let mut subject = crate::report::production::subject("told", Vec::new(), end);
        (subject.clients, subject.duration) = (2, std::time::Duration::from_secs(60));
        subject
    }

    #[test]
    fn breakers_of_two_clients_are_counted_over_time() {
        let mut replaying = Replaying::new(&subject(), WorstBy::Failed);
        replaying.lanes = vec![(
            Lane::default(),
            Span {
                from: 0,
                to: 0,
                open: 0,
                half_open: 0,
                clients: 2,
            },
        )];
        let turns = [
            (10, State::Closed, State::Open),
            (20, State::Closed, State::Open),
            (30, State::Open, State::HalfOpen),
            (40, State::HalfOpen, State::Closed),
        ];
        for (at, from, to) in turns {
            replaying.on_breaker(0, (from, to), Instant::from_nanos(secs(at)));
        }
        let lanes = replaying.finish(0, 1).lanes;
        let spans = lanes[0].spans.iter();
        let spans = spans.map(|span| (span.from, span.to, span.open, span.half_open));
        let expected = [
            (secs(10), secs(20), 1, 0),
            (secs(20), secs(30), 2, 0),
            (secs(30), secs(40), 1, 1),
            (secs(40), secs(60), 1, 0),
        ];
        assert_eq!(Vec::from_iter(spans), expected);
        assert_eq!(lanes[0].opened, 2);
    }
}
