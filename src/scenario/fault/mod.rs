//! What a fault does, to whom, and when: pure arithmetic, and one keyed draw per attempt.
//!
//! A window is half-open, `[start, end)`: at its end a fault is already over. Who refuses, resets
//! or stays silent when a fault strikes is the business of `provider` and `world`.
//!
//! - [`Fault`]: as the scenario means it; [`Drawn`]: under one seed.
//! - `kind`: what faults do.

mod kind;

use std::time::Duration;

use crate::policy::{CallId, ProviderId};
use crate::rng::{Draws, Purpose};
use crate::time::{Instant, nanos};
use crate::trace::FaultId;
pub use kind::{Cut, Delayed, Flaw, Inject, Layer, Odd, Pace};

/// An injected cause of failures.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Its name.
    pub name: String,
    /// Whom it strikes, all by the same luck: a provider, or a group with a shared cause.
    pub targets: Vec<ProviderId>,
    /// What it does.
    pub inject: Inject,
    /// When it is at work.
    pub windows: Windows,
    /// Share of attempts that it strikes while at work, in parts per 10^9.
    pub rate: u64,
    /// How long its luck holds.
    pub sticky: Sticky,
}

/// A fault under one seed: whether it happens, and when.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// The fault.
    pub fault: Fault,
    /// Its number.
    pub id: FaultId,
    draws: Draws,
}

/// An attempt, as far as faults look at it.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// When it reaches the provider.
    pub now: Instant,
    /// Its call; for a caller that sends none, the provider's own number.
    pub call: CallId,
    /// The how-manieth of that call at this provider, from 0.
    pub nth: u32,
    /// Whether the answer is streamed.
    pub streamed: bool,
    /// Prompt tokens.
    pub input: u64,
    /// The client process, from 0.
    pub client: u32,
    /// The model that it asks for.
    pub model: &'a str,
    /// The key that it shows.
    pub key: Option<&'a str>,
}

/// When a fault is at work: `[at, at + for)`, again after each `every`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// Start of the first window.
    pub at: Duration,
    /// Length of each; none = to the end of the run.
    pub length: Option<Duration>,
    /// From start to start; none = once. Longer than `length`.
    pub every: Option<Duration>,
}

/// How long a fault's luck holds: what shares one draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sticky {
    /// Nothing: each attempt draws.
    Attempt,
    /// All attempts of a call at the provider.
    Call,
    /// All attempts within one such length of time, counted from the run's start.
    Length(Duration),
}

impl Fault {
    /// A fault that strikes every attempt at `targets`, the whole run long.
    pub fn new(name: impl Into<String>, targets: Vec<ProviderId>, inject: Inject) -> Self {
        Self {
            name: name.into(),
            targets,
            inject,
            windows: Windows {
                at: Duration::ZERO,
                length: None,
                every: None,
            },
            rate: WHOLE,
            sticky: Sticky::Attempt,
        }
    }
}

impl Windows {
    /// Whether the fault is at work at `now`.
    pub fn covers(&self, now: Instant) -> bool {
        let Some(offset) = now.as_nanos().checked_sub(nanos(self.at)) else {
            return false;
        };
        match (self.length, self.every) {
            (None, _) => true,
            (Some(length), None) => offset < nanos(length),
            (Some(length), Some(every)) => offset % period(every) < nanos(length),
        }
    }

    /// The window `[start, end)` that is at work at `now` or comes next; `end` is `None` when it
    /// lasts to the end of the run. `None` when no more come.
    pub fn at_or_after(&self, now: Instant) -> Option<(Instant, Option<Instant>)> {
        let first = Instant::START + self.at;
        let Some(length) = self.length else {
            return Some((first, None));
        };
        let passed = self.every.map_or(0, |every| {
            now.since(first).as_nanos() as u64 / period(every) * period(every)
        });
        let latest = first.as_nanos() + passed;
        if now < Instant::from_nanos(latest) + length {
            return Some(window(latest, length));
        }
        let next = latest.checked_add(period(self.every?))?;
        Some(window(next, length))
    }
}

impl Drawn {
    /// The faults of a scenario under one seed's luck, with their numbers.
    pub fn all(faults: &[Fault], draws: Draws) -> Vec<Self> {
        let numbered = (0..=u16::MAX).map(FaultId).zip(faults);
        let drawn = numbered.map(|(id, fault)| Self {
            fault: fault.clone(),
            id,
            draws,
        });
        drawn.collect()
    }

    /// Whether it is at work at `now`.
    pub fn covers(&self, now: Instant) -> bool {
        self.fault.windows.covers(now)
    }

    /// The stretch `[start, end)` that is at work at `now` or comes next; `end` is `None` when it
    /// lasts to the end of the run. `None` when no more come.
    pub fn at_or_after(&self, now: Instant) -> Option<(Instant, Option<Instant>)> {
        self.fault.windows.at_or_after(now)
    }

    /// How strong it is at `now`, in parts per 10^9 of its full strength.
    pub fn level(&self, now: Instant) -> u64 {
        if self.covers(now) { WHOLE } else { 0 }
    }

    /// Whether it strikes this attempt.
    ///
    /// What shares a draw shares its luck, whatever else happens: the draw is keyed by the call (or
    /// by the number of the [`Sticky::Length`] since the run's start), the fault, and `nth`.
    pub fn strikes(&self, seen: &Seen<'_>) -> bool {
        let Seen { now, call, nth, .. } = *seen;
        let Fault { rate, sticky, .. } = self.fault;
        if !self.covers(now) {
            return false;
        }
        if rate >= WHOLE {
            return true;
        }
        let (holder, nth) = match sticky {
            Sticky::Attempt => (call.0, u64::from(nth)),
            Sticky::Call => (call.0, 0),
            Sticky::Length(length) => (now.as_nanos() / period(length), 0),
        };
        self.draws
            .stream(Purpose::Fault, holder, u64::from(self.id.0), nth)
            .chance(rate)
    }
}

fn window(start: u64, length: Duration) -> (Instant, Option<Instant>) {
    let start = Instant::from_nanos(start);
    (start, Some(start + length))
}

/// A length to divide by. Files cannot say zero, but these types can.
fn period(length: Duration) -> u64 {
    nanos(length).max(1)
}

/// 100 %, in parts per 10^9.
const WHOLE: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn windows(at: u64, length: Option<u64>, every: Option<u64>) -> Windows {
        Windows {
            at: Duration::from_nanos(at),
            length: length.map(Duration::from_nanos),
            every: every.map(Duration::from_nanos),
        }
    }

    fn fault(rate: u64, sticky: Sticky) -> Fault {
        Fault {
            name: "f".into(),
            targets: vec![ProviderId(0)],
            inject: Inject::Reset,
            windows: windows(0, None, None),
            rate,
            sticky,
        }
    }

    fn strikes(fault: &Fault, number: u16, at: Instant, call: u64, nth: u32) -> bool {
        let drawn = Drawn {
            fault: fault.clone(),
            id: FaultId(number),
            draws: Draws::new(1),
        };
        drawn.strikes(&Seen {
            now: at,
            call: CallId(call),
            nth,
            streamed: false,
            input: 1,
            client: 0,
            model: "m",
            key: None,
        })
    }

    fn at(nanos: u64) -> Instant {
        Instant::from_nanos(nanos)
    }

    /// `for` below `every`, as a file must say it.
    fn any_windows() -> impl Strategy<Value = Windows> {
        let few = prop_oneof![0..60_u64, 0..1_u64 << 60];
        (
            few,
            proptest::option::of(1..40_u64),
            proptest::option::of(1..40_u64),
        )
            .prop_map(|(at, length, gap)| {
                let every = length.zip(gap).map(|(length, gap)| length + gap);
                windows(at, length, every)
            })
    }

    proptest! {
        #[test]
        fn covering_is_being_inside_the_next_window(
            windows in any_windows(),
            now in prop_oneof![0..300_u64, 0..1_u64 << 60],
        ) {
            let now = at(now);
            let inside = windows.at_or_after(now).is_some_and(|(start, _)| start <= now);
            prop_assert_eq!(windows.covers(now), inside);
        }

        #[test]
        fn a_window_is_half_open(
            start in 0..1_000_u64,
            length in 1..40_u64,
            gap in 1..40_u64,
            now in 0..5_000_u64,
        ) {
            let windows = windows(start, Some(length), Some(length + gap));
            let (start, end) = windows.at_or_after(at(now)).unwrap();
            let end = end.unwrap();
            prop_assert!(at(now) < end && end.since(start).as_nanos() as u64 == length);
            prop_assert!(windows.covers(start) && windows.covers(end - Duration::from_nanos(1)));
            prop_assert!(!windows.covers(end));
            if let Some(before) = start.as_nanos().checked_sub(1) {
                prop_assert!(!windows.covers(at(before)));
            }
        }
    }

    #[test]
    fn one_window_comes_once() {
        let once = windows(10, Some(5), None);
        let window = Some((at(10), Some(at(15))));
        assert_eq!(once.at_or_after(at(0)), window);
        assert_eq!(once.at_or_after(at(14)), window);
        assert_eq!(once.at_or_after(at(15)), None);
    }

    #[test]
    fn a_fault_without_a_length_lasts_to_the_end_of_the_run() {
        let open = windows(10, None, None);
        assert!(!open.covers(at(9)) && open.covers(at(10)) && open.covers(at(u64::MAX)));
        assert_eq!(open.at_or_after(at(99)), Some((at(10), None)));
    }

    #[test]
    fn a_flapping_fault_comes_back() {
        let flapping = windows(10, Some(5), Some(20));
        assert_eq!(flapping.at_or_after(at(15)), Some((at(30), Some(at(35)))));
        let (start, _) = flapping.at_or_after(at(1 << 50)).unwrap();
        assert_eq!((start.as_nanos() - 10) % 20, 0);
    }

    #[test]
    fn the_end_of_time_is_no_overflow() {
        let end = u64::MAX;
        assert_eq!(
            windows(end - 5, Some(3), Some(9)).at_or_after(at(end)),
            None
        );
        let cut = windows(end - 1, Some(9), None).at_or_after(at(end - 1));
        assert_eq!(cut, Some((at(end - 1), Some(at(end)))));
        assert!(!windows(0, Some(0), Some(0)).covers(at(7)));
    }

    #[test]
    fn a_rate_is_a_share_of_attempts() {
        let fault = fault(300_000_000, Sticky::Attempt);
        let struck = (0..100_000)
            .filter(|&call| strikes(&fault, 2, at(0), call, 0))
            .count();
        assert!((29_500..30_500).contains(&struck), "{struck}");
    }

    #[test]
    fn luck_holds_as_long_as_it_is_sticky() {
        let strikes =
            |sticky, now, call, nth| strikes(&fault(500_000_000, sticky), 0, at(now), call, nth);
        let changes = |luck: &dyn Fn(u64) -> bool| (1..64).any(|i| luck(i) != luck(0));
        assert!(changes(&|i| strikes(Sticky::Attempt, 0, 1, i as u32)));
        assert!(!changes(&|i| strikes(Sticky::Attempt, i, 1, 0)));
        assert!(!changes(&|i| strikes(Sticky::Call, i, 1, i as u32)));
        assert!(changes(&|i| strikes(Sticky::Call, 0, i, 0)));
        let second = Sticky::Length(Duration::from_secs(1));
        assert!(!changes(&|i| strikes(second, i, i, i as u32)));
        assert!(changes(&|i| strikes(second, i * 1_000_000_000, 1, 0)));
    }

    #[test]
    fn a_certain_fault_strikes_only_inside_its_windows() {
        let mut certain = fault(WHOLE, Sticky::Attempt);
        certain.windows = windows(10, Some(5), None);
        let hits = |now| strikes(&certain, 0, at(now), 1, 0);
        assert!(!hits(9) && hits(10) && hits(14) && !hits(15));
        certain.rate = 0;
        assert!(!strikes(&certain, 0, at(12), 1, 0));
    }
}
