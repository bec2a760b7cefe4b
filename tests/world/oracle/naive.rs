//! Every measure again, by its definition and without regard to cost: from the list of all events,
//! sorted and counted. It shares the units of values with the report, and none of its arithmetic.
//!
//! This file is long because it is every measure again.

use std::collections::{BTreeMap, BTreeSet};

use firedrill::policy::{CallId, Cause, FailureClass, FailureReason, Outcome, ProviderId};
use firedrill::report::{Endings, Ratio, Subject};
use firedrill::time::Instant;
use firedrill::time::Windows;
use firedrill::trace::{Bill, Event, EventKind};

/// The values by name; none where it is undefined.
pub(crate) type Figures = BTreeMap<String, Option<Ratio>>;

/// A bill: its provider, its call, the attempt's number there, and the tokens.
type Billed = (ProviderId, Option<CallId>, u32, Bill);

/// The events of one run, and those that count.
pub(crate) struct Naive<'a> {
    pub(crate) subject: &'a Subject,
    pub(crate) events: &'a [Event],
    /// Only calls that arrived in these windows; none = all.
    pub(crate) during: Option<Windows>,
    /// If set, only when these windows were over: from this long after the end, and to this long.
    pub(crate) after: Option<(u64, Option<u64>)>,
    /// If set, only the calls of this part: then nothing counts that belongs to no call.
    pub(crate) part: Option<&'a dyn Fn(CallId) -> bool>,
}

/// The bills that count.
#[derive(Clone, Copy)]
enum Paid {
    /// All of them.
    All,
    /// Those for what was not delivered.
    Wasted,
    /// Those for no call.
    Checks,
}

impl Naive<'_> {
    /// All measures but those about alerts, which are not of a scope.
    pub(crate) fn figures(&self) -> Figures {
        let mut figures = Figures::new();
        let mut put = |name: &str, value| figures.insert(name.to_owned(), value);
        let calls = self.calls().len() as u128;
        let ended = self.succeeded();
        put("calls", whole(calls));
        put("succeeded", whole(ended.len() as u128));
        put("success_rate", share(ended.len() as u128, calls));
        put("attempts_per_call", share(self.started(|_| true), calls));
        put("fallback_rate", share(self.fell_back(), calls));
        put("unfinished", whole(self.unfinished()));
        let hedges = self.started(|cause| cause == Cause::Hedge);
        put("hedge_rate", share(hedges, calls));
        put("shed_rate", share(self.shed(), calls));
        let failed = self.failed_calls();
        for (reason, _) in Endings::REASONS {
            let count = failed.get(reason).copied().unwrap_or(0);
            put(&format!("failed_calls({reason})"), whole(count));
        }
        let cost = self.cost(Paid::All);
        put(
            "cost_per_success",
            share(cost, ended.len() as u128 * BILLION),
        );
        let latencies = ended.values().map(|times| times.0).collect();
        figures.extend(times("latency", latencies));
        figures.extend(times("latency_failed", self.failed_after()));
        let first_tokens = ended.values().filter_map(|times| times.1).collect();
        figures.extend(times("ttft", first_tokens));
        figures.extend(self.uptime().figures(self.subject));
        figures.extend(self.conduct());
        figures.extend(self.about_each());
        figures.extend(self.check_uptimes());
        figures.extend(self.at_place());
        self.where_defined(figures)
    }

    /// The measures that can be of one provider or key, of the events in the list.
    pub(crate) fn at_place(&self) -> Figures {
        let mut figures = Figures::new();
        let mut put = |name: &str, value| figures.insert(name.to_owned(), value);
        let told = |fits: fn(&EventKind) -> bool| {
            let ours = self.events.iter().filter(|event| self.tells(event.at));
            whole(ours.filter(|event| fits(&event.kind)).count() as u128)
        };
        put(
            "ejections",
            told(|kind| matches!(kind, EventKind::Ejected { .. })),
        );
        put(
            "checks",
            told(|kind| matches!(kind, EventKind::Checked { .. })),
        );
        for (state, name) in [
            ("Open", "opened"),
            ("HalfOpen", "half_opened"),
            ("Closed", "closed"),
        ] {
            put(&format!("breaker.{name}"), whole(self.transitions(state)));
        }
        let [cost, wasted, checked] =
            [Paid::All, Paid::Wasted, Paid::Checks].map(|paid| self.cost(paid));
        put("check_cost", share(checked, BILLION));
        put("cost", share(cost, BILLION));
        put("wasted_cost", share(wasted, BILLION));
        put("wasted_share", share(wasted, cost));
        figures.extend(self.failures());
        figures.extend(self.attempts_and_tokens());
        self.where_defined(figures)
    }

    /// Without calls only their number is defined.
    pub(crate) fn where_defined(&self, mut figures: Figures) -> Figures {
        if self.calls().is_empty() {
            let others = figures.iter_mut().filter(|(name, _)| *name != "calls");
            others.for_each(|(_, value)| *value = None);
        }
        figures
    }

    /// Whether what belongs to no call counts at this time.
    pub(crate) fn tells(&self, at: Instant) -> bool {
        self.part.is_none() && self.counts(at)
    }

    /// The bills that count. Of a call that never arrived it is only known that the provider
    /// billed it in this run.
    pub(crate) fn bills(&self) -> Vec<Billed> {
        let calls = self.calls();
        let arrived = self.events.iter().filter_map(|event| match event.kind {
            EventKind::Arrived { call, .. } => Some(call),
            _ => None,
        });
        let arrived: BTreeSet<CallId> = arrived.collect();
        let is_whole_run = self.during.is_none() && self.part.is_none();
        let bills = self.events.iter().filter_map(|event| match event.kind {
            EventKind::Billed {
                provider,
                call,
                nth,
                bill,
            } => {
                let is_ours = match call {
                    None => self.tells(event.at),
                    Some(call) if arrived.contains(&call) => calls.contains_key(&call),
                    Some(_) => is_whole_run,
                };
                is_ours.then_some((provider, call, nth, bill))
            }
            _ => None,
        });
        bills.collect()
    }

    pub(crate) fn counts(&self, at: Instant) -> bool {
        let at = at.as_nanos();
        self.during.is_none_or(|_| {
            let mut stretches = self.stretches(at).into_iter();
            stretches.any(|(start, end)| start <= at && at < end)
        })
    }

    /// The intervals that count, `[start, end)`, that start by `until`.
    pub(crate) fn stretches(&self, until: u64) -> Vec<(u64, u64)> {
        let Some(windows) = self.during else {
            return vec![(0, u64::MAX)];
        };
        let Some((from, to)) = self.after else {
            return spans(&windows, until).collect();
        };
        let every = windows.every.map(|every| every.as_nanos() as u64);
        let over = spans(&windows, until).map(|(start, end)| {
            let next = every.map_or(u64::MAX, |every| start + every);
            (end + from, to.map_or(next, |to| next.min(end + to)))
        });
        over.filter(|(start, end)| start < end).collect()
    }

    /// The calls that count, with the times of their arrivals.
    pub(crate) fn calls(&self) -> BTreeMap<CallId, Instant> {
        let is_ours = |call| self.part.is_none_or(|takes| takes(call));
        let arrived = |event: &Event| match event.kind {
            EventKind::Arrived { call, .. } if self.counts(event.at) => Some((call, event.at)),
            _ => None,
        };
        let arrived = self.events.iter().filter_map(arrived);
        arrived.filter(|(call, _)| is_ours(*call)).collect()
    }

    /// The attempts to which a provider wrote a whole answer: call, provider, number there.
    pub(crate) fn whole_answers(&self) -> BTreeSet<(CallId, u16, u32)> {
        let is_traced = self.subject.answers_are_traced;
        let whole = self.events.iter().filter_map(|event| match event.kind {
            EventKind::Answered {
                provider,
                call: Some(call),
                nth,
            } => Some((call, provider.0, nth)),
            // Without the provider's word every answer is as whole as its client says.
            EventKind::Started {
                call,
                provider,
                nth,
                ..
            } if !is_traced => Some((call, provider.0, nth)),
            _ => None,
        });
        whole.collect()
    }

    /// The calls whose client took for an answer what was not whole.
    pub(crate) fn wrong_answers(&self) -> BTreeSet<CallId> {
        let (calls, whole) = (self.calls(), self.whole_answers());
        let taken = self.answers().into_iter();
        let wrong = taken.filter(|taken| !whole.contains(taken));
        let wrong = wrong.map(|(call, ..)| call);
        wrong.filter(|call| calls.contains_key(call)).collect()
    }

    /// From arrival to end of each call that failed and did end, in nanoseconds.
    fn failed_after(&self) -> Vec<u64> {
        let (calls, wrong) = (self.calls(), self.wrong_answers());
        let ended = self.events.iter().filter_map(|event| match event.kind {
            EventKind::Ended { call, outcome } => {
                let failed = match outcome {
                    Outcome::Succeeded { .. } => wrong.contains(&call),
                    Outcome::Failed(reason) => reason != FailureReason::Unfinished,
                };
                let arrived = calls.get(&call).filter(|_| failed)?;
                Some(event.at.as_nanos() - arrived.as_nanos())
            }
            _ => None,
        });
        ended.collect()
    }

    /// Latency and TTFT of each call that succeeded, in nanoseconds.
    pub(crate) fn succeeded(&self) -> BTreeMap<CallId, (u64, Option<u64>)> {
        let (calls, wrong) = (self.calls(), self.wrong_answers());
        let mut first = BTreeMap::new();
        let mut times = BTreeMap::new();
        for event in self.events {
            match event.kind {
                EventKind::FirstTokenDelivered { call, .. } => {
                    first.entry(call).or_insert(event.at);
                }
                EventKind::Ended {
                    call,
                    outcome: Outcome::Succeeded { .. },
                } => {
                    let Some(&arrived) = calls.get(&call).filter(|_| !wrong.contains(&call)) else {
                        continue;
                    };
                    let since = |at: &Instant| at.as_nanos() - arrived.as_nanos();
                    times.insert(call, (since(&event.at), first.get(&call).map(since)));
                }
                _ => {}
            }
        }
        times
    }

    /// Calls that did not succeed.
    fn failed(&self) -> BTreeSet<CallId> {
        let succeeded = self.succeeded();
        let calls = self.calls().into_keys();
        calls.filter(|call| !succeeded.contains_key(call)).collect()
    }

    fn started(&self, fits: impl Fn(Cause) -> bool) -> u128 {
        let calls = self.calls();
        let is_one = |event: &&Event| match event.kind {
            EventKind::Started { call, cause, .. } => calls.contains_key(&call) && fits(cause),
            _ => false,
        };
        self.events.iter().filter(is_one).count() as u128
    }

    fn fell_back(&self) -> u128 {
        let calls = self.calls();
        let who = self.events.iter().filter_map(|event| match event.kind {
            EventKind::Started {
                call,
                cause: Cause::Fallback,
                ..
            } => Some(call),
            _ => None,
        });
        let who: BTreeSet<CallId> = who.filter(|call| calls.contains_key(call)).collect();
        who.len() as u128
    }

    fn shed(&self) -> u128 {
        let calls = self.calls();
        let is_one = |event: &&Event| match event.kind {
            EventKind::Ended { call, outcome } => {
                outcome == Outcome::Failed(FailureReason::Shed) && calls.contains_key(&call)
            }
            _ => false,
        };
        self.events.iter().filter(is_one).count() as u128
    }

    /// By reason; a call without an end is unfinished.
    fn failed_calls(&self) -> BTreeMap<&'static str, u128> {
        let outcomes = self.events.iter().filter_map(|event| match event.kind {
            EventKind::Ended { call, outcome } => Some((call, outcome)),
            _ => None,
        });
        let outcomes: BTreeMap<CallId, Outcome> = outcomes.collect();
        let wrong = self.wrong_answers();
        let mut counts = BTreeMap::new();
        for call in self.calls().keys() {
            let reason = match outcomes.get(call) {
                Some(Outcome::Succeeded { .. }) => {
                    if wrong.contains(call) {
                        *counts.entry("wrong_answer").or_default() += 1;
                    }
                    continue;
                }
                Some(Outcome::Failed(reason)) => *reason,
                None => FailureReason::Unfinished,
            };
            let name = match reason {
                FailureReason::Stopped(_) => "stopped",
                FailureReason::Exhausted(_) => "exhausted",
                FailureReason::Interrupted(_) => "interrupted",
                FailureReason::Deadline => "deadline",
                FailureReason::Unavailable => "unavailable",
                FailureReason::Shed => "shed",
                FailureReason::Unfinished => "unfinished",
                other => panic!("no name for {other:?}"),
            };
            *counts.entry(name).or_default() += 1;
        }
        counts
    }

    fn unfinished(&self) -> u128 {
        let unfinished = Outcome::Failed(FailureReason::Unfinished);
        let ended = self.events.iter().filter_map(|event| match event.kind {
            EventKind::Ended { call, outcome } if outcome != unfinished => Some(call),
            _ => None,
        });
        let ended: BTreeSet<CallId> = ended.collect();
        self.calls()
            .keys()
            .filter(|call| !ended.contains(call))
            .count() as u128
    }

    fn failures(&self) -> Figures {
        let calls = self.calls();
        let classes = FailureClass::ALL.map(|class| format!("failures.{}", class.name()));
        let names = classes.into_iter().chain(["failures".to_owned()]);
        let mut counts: BTreeMap<String, u128> = names.map(|name| (name, 0)).collect();
        for event in self.events {
            if let EventKind::Replied {
                call,
                failure: Some(class),
                ..
            } = event.kind
                && calls.contains_key(&call)
            {
                *counts
                    .entry(format!("failures.{}", class.name()))
                    .or_default() += 1;
                *counts.entry("failures".to_owned()).or_default() += 1;
            }
        }
        counts
            .into_iter()
            .map(|(name, count)| (name, whole(count)))
            .collect()
    }

    fn transitions(&self, into: &str) -> u128 {
        let is_one = |event: &&Event| match event.kind {
            EventKind::Breaker { to, .. } => self.tells(event.at) && format!("{to:?}") == into,
            _ => false,
        };
        self.events.iter().filter(is_one).count() as u128
    }

    /// What was billed, in nano-dollars.
    fn cost(&self, paid: Paid) -> u128 {
        let (answers, whole) = (self.answers(), self.whole_answers());
        let mut sums = BTreeMap::<u16, [u128; 3]>::new();
        for (provider, call, nth, bill) in self.bills() {
            let delivered = call.is_some_and(|call| {
                let attempt = (call, provider.0, nth);
                answers.contains(&attempt) && whole.contains(&attempt)
            });
            let fits = match paid {
                Paid::All => true,
                Paid::Wasted => !delivered,
                Paid::Checks => call.is_none(),
            };
            if fits {
                let sum = sums.entry(provider.0).or_default();
                let tokens = [bill.input, bill.cached, bill.output];
                for (sum, tokens) in sum.iter_mut().zip(tokens) {
                    *sum += u128::from(tokens) * u128::from(bill.price_milli);
                }
            }
        }
        let priced = sums.into_iter().map(|(provider, [input, cached, output])| {
            let price = &self.subject.providers[usize::from(provider)].price;
            let of = |usd: u64, thousandths: u128| {
                (u128::from(usd) * thousandths * 2 + BILLION) / (BILLION * 2)
            };
            of(price.input.as_nanos(), input)
                + of(price.cached.as_nanos(), cached)
                + of(price.output.as_nanos(), output)
        });
        priced.sum()
    }

    /// The attempts that answered their calls: call, provider, and the attempt's number there.
    fn answers(&self) -> BTreeSet<(CallId, u16, u32)> {
        let ended = self.events.iter().filter_map(|event| match event.kind {
            EventKind::Ended {
                call,
                outcome: Outcome::Succeeded { attempt },
            } => Some((call, attempt)),
            _ => None,
        });
        let ended: BTreeMap<_, _> = ended.collect();
        let started = self.events.iter().filter_map(|event| match event.kind {
            EventKind::Started {
                call,
                attempt,
                provider,
                nth,
                ..
            } => (ended.get(&call) == Some(&attempt)).then_some((call, provider.0, nth)),
            _ => None,
        });
        started.collect()
    }

    /// Every window that counts, in order, judged by its own calls or else as the one before.
    pub(crate) fn uptime(&self) -> Uptime {
        let length = self.subject.uptime.window.as_nanos() as u64;
        let (calls, failed) = (self.calls(), self.failed());
        let end = self.subject.duration.as_nanos() as u64;
        let place = |call: &CallId| match calls[call].as_nanos() {
            // The run's last window has its end.
            at if at == end => (at - 1) / length,
            at => at / length,
        };
        let down_above = u128::from(self.subject.uptime.down_above.as_parts());
        let (mut uptime, mut is_down) = (Uptime::default(), None);
        for window in (0..end.div_ceil(length)).filter(|&window| self.exists(window, length)) {
            let all = calls.keys().filter(|call| place(call) == window).count() as u128;
            let bad = failed.iter().filter(|call| place(call) == window).count() as u128;
            if all > 0 {
                let is_many = bad >= 2 && bad * BILLION > all * down_above;
                is_down = Some(bad == all || is_many);
            }
            if let Some(is_down) = is_down {
                uptime.take(window, is_down);
            }
        }
        uptime
    }

    /// Outside of the fault's windows no time counts. The run's last window has its end.
    fn exists(&self, window: u64, length: u64) -> bool {
        let (from, to) = (window * length, (window + 1) * length);
        let is_last = to == self.subject.duration.as_nanos() as u64;
        let to = to + u64::from(is_last);
        let mut stretches = self.stretches(to).into_iter();
        stretches.any(|(start, end)| start < to && from < end)
    }
}

/// Windows, judged.
#[derive(Default)]
pub(crate) struct Uptime {
    /// The windows that were judged, and whether they were down.
    pub(crate) judged: Vec<(u64, bool)>,
    /// The windows of each outage.
    pub(crate) outages: Vec<Vec<u64>>,
}

impl Uptime {
    fn take(&mut self, window: u64, is_down: bool) {
        let was_down = self.judged.last().is_some_and(|(_, was_down)| *was_down);
        self.judged.push((window, is_down));
        if is_down && !was_down {
            self.outages.push(Vec::new());
        }
        if let Some(outage) = self.outages.last_mut().filter(|_| is_down) {
            outage.push(window);
        }
    }

    fn figures(&self, subject: &Subject) -> Figures {
        let window = subject.uptime.window.as_millis();
        let lengths = self.outages.iter().map(|outage| outage.len() as u128);
        let longest = lengths.clone().max().unwrap_or(0);
        let down: u128 = lengths.sum();
        let (all, count) = (self.judged.len() as u128, self.outages.len() as u128);
        let figures = [
            ("uptime", share(all - down, all)),
            ("outages", whole(count)),
            ("outage_longest", whole(longest * window)),
            ("outage_mean", share(down * window, count)),
        ];
        figures.map(|(name, value)| (name.to_owned(), value)).into()
    }

    /// How many outages overlapped with a fault.
    pub(crate) fn overlapping(&self, windows: &Windows, length: u64) -> u64 {
        let overlaps = |outage: &&Vec<u64>| {
            let (first, last) = (outage[0], outage[outage.len() - 1]);
            overlap(windows, first * length, (last + 1) * length)
        };
        self.outages.iter().filter(overlaps).count() as u64
    }
}

fn overlap(windows: &Windows, from: u64, to: u64) -> bool {
    spans(windows, to).any(|(start, end)| start < to && from < end)
}

/// The windows of a fault, `[start, end)`, that start by `until`.
pub(crate) fn spans(windows: &Windows, until: u64) -> impl Iterator<Item = (u64, u64)> {
    let length = windows
        .length
        .map_or(u64::MAX >> 1, |length| length.as_nanos() as u64);
    let every = windows
        .every
        .map_or(u64::MAX >> 2, |every| every.as_nanos() as u64);
    let at = windows.at.as_nanos() as u64;
    let starts = (0..).map(move |n| at.saturating_add(every.saturating_mul(n)));
    let starts = starts.take_while(move |&start| start <= until);
    starts.map(move |start| (start, start.saturating_add(length)))
}

/// Mean, maximum and nearest-rank quantiles of lengths in nanoseconds.
fn times(name: &str, mut all: Vec<u64>) -> Figures {
    all.sort_unstable();
    let count = all.len() as u128;
    let sum: u128 = all.iter().copied().map(u128::from).sum();
    let mut figures = Figures::from([
        (format!("{name}.mean"), share(sum, count * 1_000_000)),
        (
            format!("{name}.max"),
            all.last()
                .and_then(|last| whole(u128::from(last / 1_000_000))),
        ),
    ]);
    for percent in [50, 90, 95, 99] {
        let rank = (all.len() * percent).div_ceil(100);
        let exact = rank.checked_sub(1).map(|place| all[place] / 1_000_000);
        let value = exact.and_then(|ms| whole(u128::from(lower_edge(ms))));
        figures.insert(format!("{name}.p{percent}"), value);
    }
    figures
}

/// Three significant digits: below 2,048 ms all of it, above the eleven highest bits.
fn lower_edge(ms: u64) -> u64 {
    let mut step = 1;
    while ms / step >= 2_048 {
        step *= 2;
    }
    ms / step * step
}

pub(crate) fn whole(number: u128) -> Option<Ratio> {
    share(number, 1)
}

pub(crate) fn share(part: u128, all: u128) -> Option<Ratio> {
    Ratio::fraction(part, all)
}

pub(crate) const BILLION: u128 = 1_000_000_000;
