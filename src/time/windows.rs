//! Windows of time, once or repeated: when a fault is active.
//!
//! A window is half-open, `[start, end)`: at its end a fault is no longer active. How strong a
//! fault is inside a window is in `seeded`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Instant, nanos};

/// When a fault is active: `[at, at + for)`, repeated after each `every`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Windows {
    /// Start of the first window.
    pub at: Duration,
    /// Length of each; none = to the end of the run.
    pub length: Option<Duration>,
    /// From start to start; none = once. Longer than `length`.
    pub every: Option<Duration>,
}

impl Windows {
    /// The whole run.
    pub const ALWAYS: Self = Self {
        at: Duration::ZERO,
        length: None,
        every: None,
    };

    /// Whether the fault is active at `now`.
    pub fn covers(&self, now: Instant) -> bool {
        let Some(offset) = self.offset(now) else {
            return false;
        };
        self.length.is_none_or(|length| offset < nanos(length))
    }

    /// The window `[start, end)` that is active at `now` or comes next; `end` is `None` when it
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

    /// The time since the latest window began, in nanoseconds, whether it has ended or not; `None`
    /// before the first.
    pub fn offset(&self, now: Instant) -> Option<u64> {
        let offset = now.as_nanos().checked_sub(nanos(self.at))?;
        Some(match (self.length, self.every) {
            (Some(_), Some(every)) => offset % period(every),
            _ => offset,
        })
    }

    /// The same windows, each longer by `more`.
    pub fn extended(self, more: Duration) -> Self {
        let length = self.length.map(|length| length.saturating_add(more));
        Self { length, ..self }
    }
}

fn window(start: u64, length: Duration) -> (Instant, Option<Instant>) {
    let start = Instant::from_nanos(start);
    (start, Some(start + length))
}

/// A length to divide by, at least 1. Files cannot hold zero, but these types can.
pub fn period(length: Duration) -> u64 {
    nanos(length).max(1)
}

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

    fn at(nanos: u64) -> Instant {
        Instant::from_nanos(nanos)
    }

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
}
