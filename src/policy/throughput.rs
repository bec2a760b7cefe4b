//! Whether a stream is below the policy's minimum speed.
//!
//! A very slow stream is never idle: every token that arrives in time resets the idle timeout, and
//! the caller waits for minutes. This module measures the speed over a span that slides in steps. A
//! stream is not judged before one whole span has passed, nor while the model works on something
//! other than text. The idle timeout handles silence.

use std::time::Duration;

use super::classify::FailureClass;
use super::config::Streams;
use crate::time::{Instant, nanos};
use crate::units::TokenRate;

/// The speed of one stream.
#[derive(Clone, Debug)]
pub(crate) struct Throughput {
    least: TokenRate,
    step: u64,
    /// None while no text is expected.
    measured: Option<Measured>,
}

/// The text that arrived since the first of it.
#[derive(Clone, Debug)]
struct Measured {
    since: Instant,
    /// The current step.
    step: u64,
    /// Bytes that arrived in it, and in each step of the span before it.
    bytes: [u64; STEPS + 1],
    next_check: Instant,
}

impl Throughput {
    /// The meter of one stream; none if the policy sets no minimum speed.
    pub(crate) fn of(settings: &Streams) -> Option<Self> {
        Some(Self::new(settings.min_speed?, settings.min_speed_window))
    }

    /// Requires `least`, measured over `span`.
    pub(crate) fn new(least: TokenRate, span: Duration) -> Self {
        Self {
            least,
            step: (nanos(span) / STEPS as u64).max(1),
            measured: None,
        }
    }

    /// This many bytes of text have arrived.
    pub(crate) fn feed(&mut self, now: Instant, bytes: usize) {
        let span = Duration::from_nanos(self.step.saturating_mul(STEPS as u64));
        let measured = self.measured.get_or_insert_with(|| Measured {
            since: now,
            step: 0,
            bytes: [0; STEPS + 1],
            next_check: now + span,
        });
        measured.advance(now, self.step);
        measured.bytes[0] += bytes as u64;
    }

    /// The model works on something other than text; measuring starts again with the next text.
    pub(crate) fn rest(&mut self) {
        self.measured = None;
    }

    /// When to check next.
    pub(crate) fn next_check(&self) -> Option<Instant> {
        self.measured.as_ref().map(|measured| measured.next_check)
    }

    /// The attempt's failure class if its stream is too slow. Feed first, as for
    /// [`is_too_slow`](Self::is_too_slow).
    pub(crate) fn judge(&mut self, now: Instant) -> Option<FailureClass> {
        self.is_too_slow(now).then_some(TOO_SLOW)
    }

    /// Whether less text arrived in the span before `now` than the minimum speed requires. Feed all
    /// text that has arrived first: bytes that wait unread in the socket must not count as slow.
    pub(crate) fn is_too_slow(&mut self, now: Instant) -> bool {
        let Some(measured) = &mut self.measured else {
            return false;
        };
        if now < measured.next_check {
            return false;
        }
        measured.advance(now, self.step);
        measured.next_check = measured.end_of_step(self.step);
        let came: u64 = measured.bytes.iter().sum();
        let span = u128::from(self.step) * STEPS as u128;
        let due = u128::from(self.least.as_milli()) * u128::from(BYTES_PER_TOKEN) * span;
        u128::from(came) * THOUSANDTHS * NANOS_PER_SECOND < due
    }
}

impl Measured {
    /// Moves on to the step that contains `now`.
    fn advance(&mut self, now: Instant, length: u64) {
        let step = nanos(now.since(self.since)) / length;
        let passed = usize::try_from(step.saturating_sub(self.step)).unwrap_or(usize::MAX);
        let gone = passed.min(self.bytes.len());
        self.bytes.rotate_right(gone);
        self.bytes[..gone].fill(0);
        self.step = step.max(self.step);
    }

    fn end_of_step(&self, length: u64) -> Instant {
        self.since + Duration::from_nanos(length.saturating_mul(self.step + 1))
    }
}

/// The failure class of a stream that is too slow: for the caller it is much the same as silence.
pub(crate) const TOO_SLOW: FailureClass = FailureClass::TimeoutIdle;

/// How many bytes of text count as one token: the average for English in common tokenizers.
pub(super) const BYTES_PER_TOKEN: u64 = 4;

/// How many steps a span has. With more, a slow stream is detected a little earlier, at the cost of
/// more checks.
const STEPS: usize = 8;

const THOUSANDTHS: u128 = 1_000;
const NANOS_PER_SECOND: u128 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::START + Duration::from_millis(millis)
    }

    /// 5 tok/s over 4 s: 80 bytes in every span.
    fn guard() -> Throughput {
        Throughput::new(TokenRate::per_second(5), Duration::from_secs(4))
    }

    /// Feeds `bytes` every `every` ms from 10 s on, and checks when `next_check` says so; returns
    /// when it is too slow, in ms after the first text.
    fn slow_after(mut guard: Throughput, bytes: usize, every: u64, until: u64) -> Option<u64> {
        let mut due = 0;
        for now in 0..until {
            if now == due {
                guard.feed(at(10_000 + now), bytes);
                due += every;
            }
            let asks = guard
                .next_check()
                .is_some_and(|check| check <= at(10_000 + now));
            if asks && guard.is_too_slow(at(10_000 + now)) {
                return Some(now);
            }
        }
        None
    }

    #[test]
    fn a_stream_at_the_least_speed_is_left_alone() {
        assert_eq!(slow_after(guard(), 20, 1_000, 60_000), None);
    }

    #[test]
    fn a_trickle_ends_after_one_span_and_not_before() {
        assert_eq!(slow_after(guard(), 19, 1_500, 60_000), Some(4_000));
    }

    #[test]
    fn a_fast_start_does_not_pay_for_a_slow_rest() {
        let mut guard = guard();
        guard.feed(at(0), 10_000);
        guard.feed(at(3_999), 1);
        assert!(!guard.is_too_slow(at(4_000)), "the start is inside");
        assert_eq!(guard.next_check(), Some(at(4_500)));
        assert!(guard.is_too_slow(at(4_500)), "the start is outside");
    }

    #[test]
    fn nothing_is_judged_while_no_text_is_due() {
        let mut guard = guard();
        assert_eq!(guard.next_check(), None);
        assert!(!guard.is_too_slow(at(60_000)), "no text has begun");
        guard.feed(at(60_000), 1);
        guard.rest();
        assert!(!guard.is_too_slow(at(120_000)), "the model is thinking");
        guard.feed(at(120_000), 1);
        assert_eq!(guard.next_check(), Some(at(124_000)), "a new span begins");
    }

    #[test]
    fn what_was_read_late_counts_as_having_come() {
        let mut guard = guard();
        guard.feed(at(0), 4);
        guard.feed(at(20_000), 400);
        assert!(!guard.is_too_slow(at(20_000)));
    }

    proptest! {
        /// Compared with a list of all text: a stream is too slow only if it is slow over the span,
        /// and one that is slow for the span and a step is always detected.
        #[test]
        fn it_judges_as_a_list_of_everything_would(
            pieces in proptest::collection::vec((0_u64..1_500, 0_usize..40), 1..60),
        ) {
            let mut guard = guard();
            let mut came: Vec<(u64, u64)> = Vec::new();
            let mut now = 0;
            for (pause, bytes) in pieces {
                now += pause;
                guard.feed(at(now), bytes);
                came.push((now, bytes as u64));
                let Some(check) = guard.next_check().filter(|check| *check <= at(now)) else {
                    continue;
                };
                prop_assert!(check <= at(now));
                let since = |from: u64| -> u64 {
                    let begin = came[0].0.max(now.saturating_sub(from));
                    came.iter().filter(|(at, _)| *at >= begin).map(|(_, bytes)| bytes).sum()
                };
                let slow = guard.is_too_slow(at(now));
                prop_assert!(!slow || since(4_000) < 80);
                prop_assert!(slow || since(4_500) >= 80);
            }
        }
    }
}
