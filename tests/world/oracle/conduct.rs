//! The measures of conduct, and those about one fault or provider, computed again: each by its
//! definition, with as many passes over all events as it takes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use firedrill::policy::FailureClass::{self, *};
use firedrill::policy::{CallId, KeyId, ProviderId};
use firedrill::report::MeasuredFault;
use firedrill::trace::EventKind;

use super::naive::{BILLION, Figures, Naive, share, spans, whole};

/// An attempt as it began: its place among the events, and when.
#[derive(Clone, Copy)]
struct Began {
    place: usize,
    at: u64,
    call: CallId,
    attempt: u32,
    provider: ProviderId,
    nth: u32,
    probe: bool,
    key: KeyId,
}

/// An attempt that failed: its reply's place among the events, and when.
struct Failed {
    place: usize,
    at: u64,
    call: CallId,
    provider: ProviderId,
    class: FailureClass,
    hint: Option<Duration>,
    key: KeyId,
}

/// The classes that another key may help.
const OF_THE_KEY: [FailureClass; 3] = [Auth, Forbidden, Quota];

/// The classes that no retry at the same provider can help.
const HOPELESS: [FailureClass; 8] = [
    Auth,
    Forbidden,
    Quota,
    ModelGone,
    BadRequest,
    Rejected,
    ContextTooLong,
    ContentFilter,
];

impl Naive<'_> {
    /// All attempts.
    fn began(&self) -> Vec<Began> {
        let events = self.events.iter().enumerate();
        let began = events.filter_map(|(place, event)| match event.kind {
            EventKind::Started {
                call,
                attempt,
                provider,
                nth,
                probe,
                key,
                ..
            } => Some(Began {
                place,
                at: event.at.as_nanos(),
                call,
                attempt: attempt.0,
                provider,
                nth,
                probe,
                key,
            }),
            _ => None,
        });
        began.collect()
    }

    fn failed_attempts(&self) -> Vec<Failed> {
        let began = self.began().into_iter();
        let keys: BTreeMap<(CallId, u32), KeyId> = began
            .map(|one| ((one.call, one.attempt), one.key))
            .collect();
        let events = self.events.iter().enumerate();
        let failed = events.filter_map(|(place, event)| match event.kind {
            EventKind::Replied {
                call,
                attempt,
                provider,
                failure: Some(class),
                hint,
            } => Some(Failed {
                place,
                at: event.at.as_nanos(),
                call,
                provider,
                class,
                hint,
                key: keys[&(call, attempt.0)],
            }),
            _ => None,
        });
        failed.collect()
    }

    pub(crate) fn conduct(&self) -> Figures {
        let failed = self.failed_attempts();
        let calls = self.calls();
        let ours = self.began().into_iter();
        let ours: Vec<Began> = ours.filter(|one| calls.contains_key(&one.call)).collect();
        let mut per_call = BTreeMap::<CallId, u128>::new();
        for one in &ours {
            *per_call.entry(one.call).or_default() += 1;
        }
        let count = |fits: &dyn Fn(&Began) -> bool| {
            whole(ours.iter().filter(|one| fits(one)).count() as u128)
        };
        let probes = ours.iter().filter(|one| one.probe);
        let probes = probes.map(|one| self.probes_beside(one)).max();
        let figures = [
            (
                "attempts_max",
                whole(per_call.into_values().max().unwrap_or(0)),
            ),
            (
                "truncated_successes",
                whole(self.wrong_answers().len() as u128),
            ),
            ("useless_retries", count(&|one| is_useless(one, &failed))),
            (
                "hints_violated",
                count(&|one| is_early(one, &failed, |call| call == one.call)),
            ),
            ("hints_violated.client", {
                let clients = u64::from(self.subject.clients);
                let same = |one: &Began, call: CallId| call.0 % clients == one.call.0 % clients;
                count(&|one| is_early(one, &failed, |call| same(one, call)))
            }),
            ("probes_at_once", whole(probes.unwrap_or(0))),
            (
                "goodput",
                share(self.succeeded().len() as u128 * BILLION, self.length()),
            ),
        ];
        figures.map(|(name, value)| (name.to_owned(), value)).into()
    }

    /// How long the scope is within the run.
    pub(crate) fn length(&self) -> u128 {
        let end = self.end();
        let stretches = self.stretches(end).into_iter();
        let lengths = stretches.map(|(from, to)| u128::from(to.min(end) - from.min(end)));
        lengths.sum()
    }

    fn end(&self) -> u64 {
        self.subject.duration.as_nanos() as u64
    }

    /// The probes of the same client at the same provider that are in flight, itself included.
    fn probes_beside(&self, one: &Began) -> u128 {
        let clients = u64::from(self.subject.clients);
        let mut flying = BTreeSet::from([(one.call, one.attempt)]);
        for event in &self.events[..one.place] {
            match event.kind {
                EventKind::Started {
                    call,
                    attempt,
                    provider,
                    probe: true,
                    ..
                } if provider == one.provider && call.0 % clients == one.call.0 % clients => {
                    flying.insert((call, attempt.0));
                }
                EventKind::Replied { call, attempt, .. }
                | EventKind::Cancelled { call, attempt, .. } => {
                    flying.remove(&(call, attempt.0));
                }
                EventKind::Ended { call, .. } => flying.retain(|(flies, _)| *flies != call),
                _ => {}
            }
        }
        flying.len() as u128
    }

    /// The measures about one fault or one provider, by full name.
    pub(crate) fn about_each(&self) -> Figures {
        let mut figures = Figures::new();
        for (place, provider) in self.subject.providers.iter().enumerate() {
            let id = ProviderId(place as u16);
            let name = |measure| format!("{measure}({})", provider.name);
            figures.insert(name("peak_attempts"), whole(self.peak(id)));
            figures.insert(name("recovery_time"), self.recovery(id).and_then(ms));
        }
        for fault in &self.subject.faults {
            let name = |measure| format!("{measure}({})", fault.name);
            let [before, during, surge] = self.pressure(fault);
            let relative = |(now, length): (u128, u128)| share(now * before.1, before.0 * length);
            figures.insert(name("load_during"), relative(during));
            let is_over = spans(&fault.windows, self.end()).any(|(_, over)| over < self.end());
            let has_a_rate = before.0 * BILLION >= before.1;
            let herd = relative(surge).filter(|_| is_over && has_a_rate);
            figures.insert(name("thundering_herd"), herd);
            figures.insert(name("failover_time"), self.failover(fault).and_then(ms));
        }
        figures
    }

    fn peak(&self, provider: ProviderId) -> u128 {
        let mut seconds = BTreeMap::<u64, u128>::new();
        for one in self.began() {
            let at = firedrill::time::Instant::from_nanos(one.at);
            if one.provider == provider && self.tells(at) {
                *seconds.entry(one.at / SECOND).or_default() += 1;
            }
        }
        seconds.into_values().max().unwrap_or(0)
    }

    /// Attempts at the fault's targets, and the time they had: before, during, and in the worst
    /// second of the ten after an end.
    fn pressure(&self, fault: &MeasuredFault) -> [(u128, u128); 3] {
        let began = self.began().into_iter();
        let began = began.filter(|one| fault.targets.contains(&one.provider));
        let began: Vec<u64> = began.map(|one| one.at).collect();
        let within = |from: u64, to: u64| {
            let inside = began.iter().filter(|at| from <= **at && **at < to);
            inside.count() as u128
        };
        let end = self.end();
        let first = fault.windows.at.as_nanos() as u64;
        let last = self.events.last().map_or(end, |event| event.at.as_nanos());
        let all: Vec<(u64, u64)> = spans(&fault.windows, last.max(end)).collect();
        let (mut during, mut surge) = ((0, 0), 0);
        for (place, &(start, over)) in all.iter().enumerate() {
            during.0 += within(start, over);
            during.1 += u128::from(over.min(end) - start.min(end));
            let next = all.get(place + 1).map_or(u64::MAX, |next| next.0);
            let seconds = (0..10).map(|second| over + second * SECOND);
            let counts = seconds.map(|from| within(from.min(next), (from + SECOND).min(next)));
            surge = counts.max().unwrap_or(0).max(surge);
        }
        let before = (within(0, first), u128::from(first.min(end)));
        [before, during, (surge, u128::from(SECOND))]
    }

    fn failover(&self, fault: &MeasuredFault) -> Option<u64> {
        let whole = Naive {
            during: None,
            after: None,
            part: None,
            ..*self
        };
        let length = self.subject.uptime.window.as_nanos() as u64;
        let judged = whole.uptime().judged;
        let (mut longest, mut since) = (0, None);
        let first = fault.windows.at.as_nanos() as u64;
        for (window, is_down) in judged {
            let (from, to) = (window * length, (window + 1) * length);
            let mut struck = spans(&fault.windows, to);
            let struck = struck.find(|(start, end)| *start < to && from < *end);
            match since {
                None if is_down => since = struck.map(|(start, _)| start),
                Some(start) if !is_down => {
                    longest = longest.max(from.saturating_sub(start));
                    since = None;
                }
                _ => {}
            }
        }
        if let Some(start) = since {
            longest = longest.max(self.end() - start);
        }
        (first < self.end()).then_some(longest)
    }

    fn recovery(&self, provider: ProviderId) -> Option<u64> {
        let faults = self.subject.faults.iter();
        let hit = faults.filter(|fault| fault.targets.contains(&provider));
        hit.filter_map(|fault| self.recovery_from(provider, fault))
            .max()
    }

    /// When the provider's whole answers were read.
    fn answers_of(&self, provider: ProviderId) -> Vec<u64> {
        let (began, whole) = (self.began(), self.whole_answers());
        let answered = self.events.iter().filter_map(|event| match event.kind {
            EventKind::Replied {
                call,
                attempt,
                failure: None,
                ..
            } => {
                let mut same = began.iter();
                let one = same.find(|one| (one.call, one.attempt) == (call, attempt.0))?;
                let is_whole = whole.contains(&(call, one.provider.0, one.nth));
                (is_whole && one.provider == provider).then_some(event.at.as_nanos())
            }
            _ => None,
        });
        answered.collect()
    }

    /// The longest recovery from the ends of one fault.
    fn recovery_from(&self, provider: ProviderId, fault: &MeasuredFault) -> Option<u64> {
        fault.windows.length?;
        let (end, first) = (self.end(), fault.windows.at.as_nanos() as u64);
        let arrived = self.events.iter().filter_map(|event| match event.kind {
            EventKind::Arrived { .. } => Some(event.at.as_nanos()),
            _ => None,
        });
        let arrived: Vec<u64> = arrived.filter(|at| *at < end).collect();
        let answers: Vec<u64> = self.answers_of(provider);
        let answers: Vec<u64> = answers.into_iter().filter(|at| *at < end).collect();
        let within = |all: &[u64], from: u64, to: u64| {
            let inside = all.iter().filter(|at| from <= **at && **at < to);
            inside.count() as u64
        };
        let seen = |from, to| (within(&answers, from, to), within(&arrived, from, to));
        let next = |from: u64| {
            let all = arrived.iter().chain(&answers).copied();
            all.filter(|at| *at >= from).min()
        };
        let before = seen(0, first);
        let is_back = |now: (u64, u64)| 2 * now.0 * before.1 >= before.0 * now.1;
        let (mut longest, mut free_from) = (None, 0);
        for (_, over) in spans(&fault.windows, end).filter(|(_, over)| *over < end) {
            if over < free_from || before.0 == 0 {
                continue;
            }
            let (mut from, mut to) = (over, over + SECOND);
            // The rest at the end is judged as it is.
            let took = loop {
                let now = seen(from, to);
                let is_last = next(to).is_none();
                if now.1 >= 20 && !is_last || is_last && now.1 > 0 {
                    if is_back(now) {
                        // The recovery is known when the next call or answer comes.
                        free_from = next(to).map_or(end, |at| at + 1);
                        break from - over;
                    }
                    from = to;
                }
                if is_last {
                    free_from = end;
                    break end - over;
                }
                to += SECOND;
            };
            longest = longest.max(Some(took));
        }
        longest
    }
}

fn before<'a>(one: &'a Began, failed: &'a [Failed]) -> impl Iterator<Item = &'a Failed> {
    let there = failed.iter().filter(|reply| reply.provider == one.provider);
    there.filter(|reply| reply.place < one.place)
}

fn is_useless(one: &Began, failed: &[Failed]) -> bool {
    let mut ours = before(one, failed).filter(|reply| reply.call == one.call);
    ours.any(|reply| {
        let is_met_again = reply.key == one.key || !OF_THE_KEY.contains(&reply.class);
        HOPELESS.contains(&reply.class) && is_met_again
    })
}

fn is_early(one: &Began, failed: &[Failed], is_asked: impl Fn(CallId) -> bool) -> bool {
    let mut with_it = before(one, failed).filter(|reply| reply.key == one.key);
    with_it.any(|reply| {
        let hint = reply.hint.unwrap_or_default();
        is_asked(reply.call) && one.at < reply.at + hint.as_nanos() as u64
    })
}

fn ms(nanos: u64) -> Option<firedrill::report::Ratio> {
    share(u128::from(nanos), 1_000_000)
}

const SECOND: u64 = 1_000_000_000;
