//! Whether a stream is too slow to be worth waiting for.
//!
//! A stream that trickles is never idle: every token that comes in time resets the idle timeout,
//! and its caller waits for minutes. Here it is measured over a span that slides in steps. Nothing
//! is judged before the stream has had that span for itself, and nothing while the model is at
//! work on something that is no text. Silence as such is left to the idle timeout.

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
    /// None while no text comes.
    measured: Option<Measured>,
}

/// What came since text began to come.
#[derive(Clone, Debug)]
struct Measured {
    since: Instant,
    /// The step that is under way.
    step: u64,
    /// Bytes that came in it, and in as many steps before as the span has.
    bytes: [u64; STEPS + 1],
    next_check: Instant,
}

impl Throughput {
    /// The judge of one stream; none if the policy sets no minimum speed.
    pub(crate) fn of(settings: &Streams) -> Option<Self> {
        Some(Self::new(settings.min_speed?, settings.min_speed_window))
    }

    /// Judges by `least`, over `span`.
    pub(crate) fn new(least: TokenRate, span: Duration) -> Self {
        Self {
            least,
            step: (nanos(span) / STEPS as u64).max(1),
            measured: None,
        }
    }

    /// So many bytes of text have come.
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

    /// The model is at work on something that is no text: it is measured anew when text comes.
    pub(crate) fn rest(&mut self) {
        self.measured = None;
    }

    /// When to ask next.
    pub(crate) fn next_check(&self) -> Option<Instant> {
        self.measured.as_ref().map(|measured| measured.next_check)
    }

    /// How the attempt fails if its stream is too slow. Ask as for
    /// [`is_too_slow`](Self::is_too_slow).
    pub(crate) fn judge(&mut self, now: Instant) -> Option<FailureClass> {
        self.is_too_slow(now).then_some(TOO_SLOW)
    }

    /// Whether less came in the span before `now` than should have. Ask only when all that has
    /// come was fed: what waits unread in a socket because nobody looked was not slow.
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
    /// Moves on to the step that `now` lies in.
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

/// How the attempt of a stream that is too slow fails: to its caller a trickle is as good as
/// silence.
pub(crate) const TOO_SLOW: FailureClass = FailureClass::TimeoutIdle;

/// How many bytes of text a token is counted at: English in the common tokenizers.
pub(super) const BYTES_PER_TOKEN: u64 = 4;

/// How many steps a span has. With more, a slow stream is found out a little earlier, and looked
/// at more often.
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

    /// Feeds `bytes` every `every` ms from 10 s on, and asks whenever it wants to be asked; the
    /// moment when it is too slow, in ms after the first text.
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
        assert!(!guard.is_too_slow(at(4_000)), "the span holds the start");
        assert_eq!(guard.next_check(), Some(at(4_500)));
        assert!(guard.is_too_slow(at(4_500)), "and now it does not");
    }

    #[test]
    fn nothing_is_judged_while_no_text_is_due() {
        let mut guard = guard();
        assert_eq!(guard.next_check(), None);
        assert!(!guard.is_too_slow(at(60_000)), "no text has begun");
        guard.feed(at(60_000), 1);
        guard.rest();
        assert!(!guard.is_too_slow(at(120_000)), "the model thinks");
        guard.feed(at(120_000), 1);
        assert_eq!(guard.next_check(), Some(at(124_000)), "a span of its own");
    }

    #[test]
    fn what_was_read_late_counts_as_having_come() {
        let mut guard = guard();
        guard.feed(at(0), 4);
        guard.feed(at(20_000), 400);
        assert!(!guard.is_too_slow(at(20_000)));
    }

    proptest! {
        /// Beside a list of all that came: too slow is only what is slow over the span, and what is
        /// slow for a step longer than the span is found.
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
