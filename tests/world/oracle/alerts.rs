//! Alert rules and health checks again: at every moment of evaluation a rule looks through all
//! events once more.

use std::collections::BTreeMap;

use firedrill::expect::alert::{AlertRule, Signal};
use firedrill::expect::{Bound, Op};
use firedrill::policy::{CallId, Cause, Outcome};
use firedrill::report::Ratio;
use firedrill::trace::{Event, EventKind};

use super::naive::{BILLION, Figures, Naive, share, spans, whole};

impl Naive<'_> {
    /// The measures about each alert: the same in every scope.
    pub(crate) fn alerts(&self) -> Figures {
        let mut figures = Figures::new();
        for rule in &self.subject.alerts {
            let name = |measure| format!("{measure}({})", rule.name);
            let begins = self.begins(rule);
            let windows = self.windows_to_detect(rule);
            let is_alarm = |at: &&u64| windows.iter().all(|window| !window.contains(**at));
            let detected = windows.iter().filter_map(|window| {
                let first = begins.iter().find(|at| window.contains(**at))?;
                Some(first - window.start)
            });
            let detected: Vec<u64> = detected.collect();
            let missed = windows.len() - detected.len();
            figures.insert(name("alerts"), whole(begins.len() as u128));
            let alarms = begins.iter().filter(is_alarm).count();
            figures.insert(name("false_alarms"), whole(alarms as u128));
            figures.insert(name("missed_faults"), whole(missed as u128));
            let longest = detected.into_iter().max();
            let longest = longest.and_then(|nanos| share(u128::from(nanos), 1_000_000));
            figures.insert(name("time_to_detect"), longest);
        }
        figures
    }

    /// Of each provider, how many of its health checks passed.
    pub(crate) fn check_uptimes(&self) -> Figures {
        let providers = self.subject.providers.iter().enumerate();
        let figures = providers.map(|(place, provider)| {
            let name = format!("check_uptime({})", provider.name);
            (name, self.passed(place))
        });
        figures.collect()
    }

    fn passed(&self, place: usize) -> Option<Ratio> {
        let checks = self.events.iter().filter(|event| self.tells(event.at));
        let checks = checks.filter_map(|event| match event.kind {
            EventKind::Checked { provider, passed } if provider.index() == place => Some(passed),
            _ => None,
        });
        let checks: Vec<bool> = checks.collect();
        let passed = checks.iter().filter(|passed| **passed).count();
        share(passed as u128, checks.len() as u128)
    }

    /// When the rule is evaluated: until the last event.
    fn moments(&self, rule: &AlertRule) -> Vec<u64> {
        let last = self.events.last().map_or(0, |event| event.at.as_nanos());
        let every = rule.every.as_nanos() as u64;
        let moments = (1..).map(|nth| nth * every);
        moments.take_while(|at| *at <= last).collect()
    }

    /// The moments at which it fires, and did not at the moment before.
    fn begins(&self, rule: &AlertRule) -> Vec<u64> {
        let moments = self.moments(rule);
        let holds = moments.iter().map(|at| {
            let mut windows = rule.over.iter();
            windows.all(|over| self.holds(rule, at.saturating_sub(over.as_nanos() as u64), *at))
        });
        let holds: Vec<bool> = holds.collect();
        let fires = |now: usize| {
            let held = (0..=now).rev().take_while(|&at| holds[at]);
            let pending = rule.pending.as_nanos() as u64;
            held.last()
                .is_some_and(|first| moments[now] - moments[first] >= pending)
        };
        let begins = (0..moments.len()).filter(|&at| fires(at) && (at == 0 || !fires(at - 1)));
        begins.map(|at| moments[at]).collect()
    }

    /// Whether the comparison holds over what ended in `[from, to)`.
    fn holds(&self, rule: &AlertRule, from: u64, to: u64) -> bool {
        let within = |event: &&Event| (from..to).contains(&event.at.as_nanos());
        let events: Vec<&Event> = self.events.iter().filter(within).collect();
        let calls = || events.iter().filter_map(|event| self.call_at(event));
        let share_of = |fits: &dyn Fn(&Seen) -> bool| {
            let fitting = calls().filter(fits).count();
            share(fitting as u128, calls().count() as u128)
        };
        let value = match rule.signal {
            Signal::SuccessRate => share_of(&|call| call.latency.is_some()),
            Signal::FallbackRate => share_of(&|call| call.fell_back),
            Signal::Latency(percent) => {
                let mut all: Vec<u64> = calls().filter_map(|call| call.latency).collect();
                all.sort_unstable();
                let rank = (all.len() * usize::from(percent)).div_ceil(100);
                let value = rank.checked_sub(1).map(|place| all[place]);
                value.and_then(|nanos| whole(u128::from(nanos)))
            }
            Signal::Cost => whole(events.iter().map(|event| self.billed_at(event)).sum()),
            Signal::FailureRate(of) => {
                let replies = events.iter().filter_map(|event| match event.kind {
                    EventKind::Replied {
                        provider, failure, ..
                    } if provider == of => Some(failure.is_some()),
                    _ => None,
                });
                let replies: Vec<bool> = replies.collect();
                let failed = replies.iter().filter(|failed| **failed).count();
                share(failed as u128, replies.len() as u128)
            }
            Signal::BurnRate { budget } => {
                let failed = calls().filter(|call| call.latency.is_none()).count();
                let allowed = calls().count() as u128 * u128::from(budget.as_parts());
                share(failed as u128 * BILLION, allowed)
            }
            other => panic!("no rule for {other:?}"),
        };
        value.is_some_and(|value| is_beyond(value, rule.op, rule.bound))
    }

    /// The call that ended with this event, as a monitor sees it: it takes the client's word.
    fn call_at(&self, event: &Event) -> Option<Seen> {
        let EventKind::Ended { call, outcome } = event.kind else {
            return None;
        };
        let arrived = self.events.iter().find(|event| match event.kind {
            EventKind::Arrived { call: other, .. } => other == call,
            _ => false,
        })?;
        let latency = event.at.as_nanos() - arrived.at.as_nanos();
        let succeeded = matches!(outcome, Outcome::Succeeded { .. });
        Some(Seen {
            latency: succeeded.then_some(latency),
            fell_back: self.has_fallback(call),
        })
    }

    fn has_fallback(&self, of: CallId) -> bool {
        self.events.iter().any(|event| match event.kind {
            EventKind::Started { call, cause, .. } => call == of && cause == Cause::Fallback,
            _ => false,
        })
    }

    /// What this event costs, in nano-dollars; bills here have no fractions of these.
    fn billed_at(&self, event: &Event) -> u128 {
        let EventKind::Billed { provider, bill, .. } = event.kind else {
            return 0;
        };
        let price = &self.subject.providers[provider.index()].price;
        let of = |tokens: u64, usd: firedrill::units::Money| {
            u128::from(tokens) * u128::from(bill.price_milli) * u128::from(usd.as_nanos())
        };
        let cost = of(bill.input, price.input)
            + of(bill.cached, price.cached)
            + of(bill.output, price.output);
        cost / BILLION
    }

    /// The windows of the rule's faults at which it looked. Of two windows of one fault between
    /// which it looks back, a moment belongs to the later one.
    fn windows_to_detect(&self, rule: &AlertRule) -> Vec<Detectable> {
        let moments = self.moments(rule);
        let last = moments.last().copied().unwrap_or(0);
        let back = rule
            .over
            .iter()
            .max()
            .map_or(0, |over| over.as_nanos() as u64);
        let mut all = Vec::new();
        for fault in &rule.detects {
            let windows = &self.subject.faults[fault.index()].windows;
            let spans: Vec<(u64, u64)> = spans(windows, last).collect();
            for (place, &(start, end)) in spans.iter().enumerate() {
                let next = spans.get(place + 1).map_or(u64::MAX, |next| next.0);
                let end = end.saturating_add(back).min(next);
                all.push(Detectable { start, end });
            }
        }
        all.retain(|window| moments.iter().any(|at| window.contains(*at)));
        all
    }
}

/// A call that ended, as a monitor sees it.
struct Seen {
    /// None when it failed.
    latency: Option<u64>,
    fell_back: bool,
}

/// The time in which a rule can detect one window of a fault, `[start, end)`.
struct Detectable {
    start: u64,
    end: u64,
}

impl Detectable {
    fn contains(&self, at: u64) -> bool {
        (self.start..self.end).contains(&at)
    }
}

fn is_beyond(value: Ratio, op: Op, bound: Bound) -> bool {
    let bound = match bound {
        Bound::Share(parts) | Bound::Number(parts) => share(u128::from(parts), BILLION),
        Bound::Time(nanos) | Bound::Money(nanos) => whole(u128::from(nanos)),
        other => panic!("no signal has {other:?}"),
    };
    let bound = bound.expect("it is no fraction of nothing");
    match op {
        Op::AtLeast => value >= bound,
        Op::AtMost => value <= bound,
        Op::Above => value > bound,
        Op::Below => value < bound,
        other => panic!("no comparison is {other:?}"),
    }
}

/// The events at one provider, or with one of its keys; arrivals and ends are at all of them.
pub(crate) fn at_place(events: &[Event], place: usize, key: Option<u16>) -> Vec<Event> {
    let started = events.iter().filter_map(|event| match event.kind {
        EventKind::Started {
            call,
            attempt,
            provider,
            nth,
            key,
            ..
        } => Some(((call, provider, nth), (attempt, key.0))),
        _ => None,
    });
    let started: BTreeMap<_, _> = started.collect();
    let is_its = |event: &&Event| match event.kind {
        EventKind::Started {
            provider, key: own, ..
        } => provider.index() == place && key.is_none_or(|key| key == own.0),
        EventKind::Replied {
            call,
            attempt,
            provider,
            ..
        } => {
            let mut keys = started.iter().filter(|((whose, ..), _)| *whose == call);
            let own = keys.find(|(_, (number, _))| *number == attempt);
            let own = own.map(|(_, (_, own))| *own);
            provider.index() == place && key.is_none_or(|key| own == Some(key))
        }
        EventKind::Billed {
            provider,
            call,
            nth,
            ..
        } => {
            let own = call.and_then(|call| started.get(&(call, provider, nth)));
            let own = own.map(|(_, own)| *own);
            provider.index() == place && key.is_none_or(|key| own == Some(key))
        }
        EventKind::Breaker { provider, .. }
        | EventKind::Ejected { provider, .. }
        | EventKind::Checked { provider, .. } => provider.index() == place && key.is_none(),
        _ => true,
    };
    events.iter().filter(is_its).cloned().collect()
}
