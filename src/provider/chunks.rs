//! When the tokens of a streamed answer are sent: in writes, at absolute times.
//!
//! Token n is due (n - 1) gaps after the first. Tokens that are due within one interval share one
//! write at its end, or when the last of the stream is due; an interval without due tokens has no
//! write. So 300 tokens at 100 tok/s take 31 writes and 2.99 s. An effect "after k tokens" splits
//! the write: exactly k tokens have been sent when token k is due. A stall delays everything after
//! it, intervals too. At one position extra events come first, then the stalls, then the end.
//!
//! Times are offsets in the stream's own time, which has no stalls; they become instants only at
//! the end, so that rounding errors do not add up. The bytes come from `wire`, and `egress` says
//! how long they take to send.

use std::collections::VecDeque;
use std::time::Duration;

use crate::scenario::fault::{CloseMode, StreamAnomaly};
use crate::time::Instant;
use crate::units::Factor;
use crate::wire::fake::{Cause, Inside};

/// The schedule of one stream's writes.
#[derive(Clone, Debug)]
pub(super) struct ChunkSchedule {
    start: Instant,
    beat: TokenRate,
    output: u64,
    splits: VecDeque<Split>,
    delivered: u64,
    opened: bool,
    over: bool,
    /// The sum of stalls so far.
    stalled: Duration,
}

/// The rate of tokens, and the interval of writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TokenRate {
    /// The time between tokens, in nanoseconds.
    pub(super) gap: u64,
    /// Tokens due within this many nanoseconds share a write.
    pub(super) interval: u64,
}

/// An effect when exactly `after` tokens have been sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Split {
    /// The number of tokens.
    pub(super) after: u64,
    /// The effect.
    pub(super) then: Then,
}

/// The effects of a split, in their order at one position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// An extra event.
    Event(StreamAnomaly),
    /// A pause of this length.
    Stall(Duration),
    /// The end, after a pause of this length.
    End(Duration, End),
}

/// One write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    /// When it is sent.
    pub(super) at: Instant,
    /// It is the first.
    pub(super) opens: bool,
    /// The number of its tokens.
    pub(super) tokens: u64,
    /// Its extra event.
    pub(super) odd: Option<StreamAnomaly>,
    /// If it is the last: how the stream ends.
    pub(super) end: Option<End>,
}

/// How a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// All tokens were sent.
    Whole,
    /// It is cut, perhaps inside one more event.
    Cut(CloseMode, Option<Inside>),
    /// An error in band.
    Error(Cause),
}

impl TokenRate {
    /// Tokens `gap` nanoseconds apart, with several in a write.
    pub(super) const fn bundled(gap: u64) -> Self {
        Self {
            gap,
            interval: INTERVAL,
        }
    }

    /// Tokens `gap` nanoseconds apart, each in a write of its own as far as the clock resolves it.
    pub(super) const fn one_by_one(gap: u64) -> Self {
        Self {
            gap,
            interval: MILLISECOND,
        }
    }

    /// The offset at which token `n`, from 1, is due.
    fn due(self, n: u64) -> u64 {
        n.saturating_sub(1).saturating_mul(self.gap)
    }

    /// The end of the interval in which token `n` is due.
    fn tick(self, n: u64) -> u64 {
        let due = self.due(n).div_ceil(self.interval);
        due.saturating_mul(self.interval)
    }
}

impl ChunkSchedule {
    /// A stream of `output` tokens, the first at `start`. Splits come in any order; those after
    /// more than `output` tokens never happen.
    pub(super) fn new(
        start: Instant,
        beat: TokenRate,
        output: u64,
        mut splits: Vec<Split>,
    ) -> Self {
        splits.retain(|split| split.after <= output);
        splits.sort_by_key(|split| (split.after, split.then.rank()));
        Self {
            start,
            beat,
            output,
            splits: splits.into(),
            delivered: 0,
            opened: false,
            over: false,
            stalled: Duration::ZERO,
        }
    }

    /// The next write; `None` at the end of the stream.
    pub(super) fn next(&mut self) -> Option<Chunk> {
        if self.over {
            return None;
        }
        let (offset, reach) = self.next_reach();
        let at = self.moment(offset, self.stalled);
        let tokens = reach - self.delivered;
        self.delivered = reach;
        let (odd, end) = self.pass_splits();
        self.over = end.is_some();
        let opens = !std::mem::replace(&mut self.opened, true);
        Some(Chunk {
            at,
            opens,
            tokens,
            odd,
            end,
        })
    }

    /// How many tokens have been sent so far.
    pub(super) fn delivered(&self) -> u64 {
        self.delivered
    }

    /// How many tokens there are, if no fault ends the stream.
    pub(super) const fn output(&self) -> u64 {
        self.output
    }

    /// When the last write is sent, known before the first is.
    pub(super) fn end(&self) -> Instant {
        let mut stalled = self.stalled;
        for Split { after, then } in &self.splits {
            match then {
                Then::Event(_) => {}
                Then::Stall(length) => stalled = stalled.saturating_add(*length),
                Then::End(silence, _) => {
                    return self.moment(self.beat.due(*after), stalled.saturating_add(*silence));
                }
            }
        }
        self.moment(self.beat.due(self.output), stalled)
    }

    fn moment(&self, offset: u64, stalled: Duration) -> Instant {
        whole_ms(self.start + stalled + Duration::from_nanos(offset))
    }

    /// The offset of the next write, and how many tokens have been sent after it.
    fn next_reach(&self) -> (u64, u64) {
        let split = self.splits.front().map(|split| split.after);
        let bound = split.unwrap_or(self.output);
        if self.delivered >= bound {
            return (self.beat.due(bound), bound);
        }
        let tick = self.beat.tick(self.delivered + 1);
        let due = tick
            .checked_div(self.beat.gap)
            .map_or(bound, |gaps| gaps.saturating_add(1).max(self.delivered + 1));
        if due < bound {
            return (tick, due);
        }
        (self.beat.due(bound), bound)
    }

    /// Applies the splits at exactly `delivered` tokens, as far as one write can hold them.
    fn pass_splits(&mut self) -> (Option<StreamAnomaly>, Option<End>) {
        let (mut odd, mut waits) = (None, false);
        while let Some(split) = self.splits.front_mut()
            && split.after == self.delivered
        {
            match split.then {
                Then::Event(_) if odd.is_some() => return (odd, None),
                Then::Event(event) => odd = Some(event),
                Then::Stall(length) => {
                    self.stalled = self.stalled.saturating_add(length);
                    waits = true;
                }
                Then::End(Duration::ZERO, end) if !waits => return (odd, Some(end)),
                Then::End(silence, end) => {
                    self.stalled = self.stalled.saturating_add(silence);
                    split.then = Then::End(Duration::ZERO, end);
                    return (odd, None);
                }
            }
            self.splits.pop_front();
        }
        // A stall after the last token delays the finish, which is then a write of its own.
        let is_whole = self.delivered == self.output && !waits;
        (odd, is_whole.then_some(End::Whole))
    }
}

impl Then {
    const fn rank(&self) -> u8 {
        match self {
            Self::Event(_) => 0,
            Self::Stall(_) => 1,
            Self::End(..) => 2,
        }
    }
}

/// `moment`, rounded up to whole milliseconds: the resolution of the clock.
pub(crate) fn whole_ms(moment: Instant) -> Instant {
    let millis = moment.as_nanos().div_ceil(MILLISECOND);
    Instant::from_nanos(millis.saturating_mul(MILLISECOND))
}

/// `length`, multiplied by all of `factors`, saturating.
pub(super) fn slowed(length: Duration, factors: &[Factor]) -> Duration {
    let apply = |length, factor: &Factor| factor.apply(length);
    factors.iter().fold(length, apply)
}

const MILLISECOND: u64 = 1_000_000;

/// Real chunks are bursty (of 29,065 gaps measured at two providers 71 % were under 1 ms), and
/// single tokens are expensive to simulate.
const INTERVAL: u64 = 100 * MILLISECOND;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::nanos;
    use proptest::prelude::*;

    const START: Instant = Instant::from_nanos(7_003_000_000);
    const GAP: u64 = 10 * MILLISECOND;
    const CUT: End = End::Cut(CloseMode::Rst, None);

    /// Milliseconds since the start and tokens of each write, and how the stream ends.
    fn writes(gap: u64, output: u64, splits: &[Split]) -> (Vec<(u64, u64)>, End) {
        let mut pace = ChunkSchedule::new(START, TokenRate::bundled(gap), output, splits.to_vec());
        let last = pace.end();
        let mut writes = Vec::new();
        loop {
            let burst = pace.next().expect("a stream ends only once");
            assert_eq!(burst.opens, writes.is_empty());
            let offset = nanos(burst.at.since(START)) / MILLISECOND;
            writes.push((offset, burst.tokens));
            if let Some(end) = burst.end {
                assert_eq!((pace.next(), burst.at), (None, last));
                return (writes, end);
            }
        }
    }

    fn stall(after: u64, millis: u64) -> Split {
        let then = Then::Stall(Duration::from_millis(millis));
        Split { after, then }
    }

    fn cut(after: u64) -> Split {
        let then = Then::End(Duration::ZERO, CUT);
        Split { after, then }
    }

    #[test]
    fn writes_are_tenths_of_seconds_not_tokens() {
        let (writes, end) = writes(GAP, 300, &[]);
        assert_eq!(writes.len(), 31);
        assert_eq!(writes[0], (0, 1));
        for (k, write) in writes.iter().enumerate().skip(1) {
            // The last comes when its last token is due.
            let expected = if k == 30 {
                (2_990, 9)
            } else {
                (k as u64 * 100, 10)
            };
            assert_eq!(*write, expected);
        }
        assert_eq!(end, End::Whole);
    }

    #[test]
    fn an_interval_without_tokens_has_no_write() {
        let (writes, _) = writes(250 * MILLISECOND, 4, &[]);
        assert_eq!(writes, [(0, 1), (300, 1), (500, 1), (750, 1)]);
    }

    #[test]
    fn a_cut_splits_the_write_at_its_token() {
        let (writes, end) = writes(GAP, 300, &[cut(25)]);
        assert_eq!(writes, [(0, 1), (100, 10), (200, 10), (240, 4)]);
        assert_eq!(end, CUT);
    }

    #[test]
    fn a_cut_may_come_before_the_first_token_and_after_the_last() {
        assert_eq!(writes(GAP, 3, &[cut(0)]), (vec![(0, 0)], CUT));
        let last = (vec![(0, 1), (20, 2)], CUT);
        assert_eq!(writes(GAP, 3, &[cut(3)]), last);
        assert_eq!(writes(GAP, 3, &[cut(4)]).1, End::Whole);
    }

    #[test]
    fn a_stall_moves_all_that_follows() {
        let (writes, end) = writes(GAP, 40, &[stall(25, 5_000)]);
        let moved = [(5_300, 6), (5_390, 9)];
        assert_eq!(writes[..4], [(0, 1), (100, 10), (200, 10), (240, 4)]);
        assert_eq!(writes[4..], moved);
        assert_eq!(end, End::Whole);
    }

    #[test]
    fn a_stall_after_the_last_token_keeps_back_the_finish() {
        let stalled = (vec![(0, 1), (20, 2), (1_020, 0)], End::Whole);
        assert_eq!(writes(GAP, 3, &[stall(3, 1_000)]), stalled);
    }

    #[test]
    fn stalls_add_up_and_a_cut_ends_them() {
        let splits = [cut(3), stall(2, 50), stall(0, 1_000), stall(2, 50)];
        let (writes, end) = writes(GAP, 9, &splits);
        assert_eq!(writes, [(0, 0), (1_000, 1), (1_010, 1), (1_120, 1)]);
        assert_eq!(end, CUT);
    }

    #[test]
    fn a_stream_may_end_after_a_silence() {
        let then = Then::End(Duration::from_secs(2), CUT);
        let (writes, end) = writes(GAP, 9, &[Split { after: 3, then }, stall(3, 500)]);
        assert_eq!(writes, [(0, 1), (20, 2), (2_520, 0)]);
        assert_eq!(end, CUT);
    }

    #[test]
    fn an_odd_event_splits_the_write_and_moves_nothing() {
        let odd = |after| Split {
            after,
            then: Then::Event(StreamAnomaly::Malformed),
        };
        let splits = vec![stall(25, 5_000), odd(25), odd(40), odd(0)];
        let mut pace = ChunkSchedule::new(START, TokenRate::bundled(GAP), 40, splits);
        let bursts: Vec<Chunk> = std::iter::from_fn(|| pace.next()).collect();
        let odd: Vec<usize> = (0..bursts.len())
            .filter(|&i| bursts[i].odd.is_some())
            .collect();
        let writes = bursts.iter().map(|burst| {
            let offset = nanos(burst.at.since(START)) / MILLISECOND;
            (offset, burst.tokens)
        });
        let expected = [
            (0, 0),
            (0, 1),
            (100, 10),
            (200, 10),
            (240, 4),
            (5_300, 6),
            (5_390, 9),
        ];
        assert_eq!(writes.collect::<Vec<_>>(), expected);
        assert_eq!(odd, [0, 4, 6]);
        assert_eq!(bursts[6].end, Some(End::Whole));
    }

    #[test]
    fn tokens_may_leave_one_by_one() {
        let mut pace = ChunkSchedule::new(START, TokenRate::one_by_one(GAP), 5, Vec::new());
        let bursts: Vec<Chunk> = std::iter::from_fn(|| pace.next()).collect();
        for (n, burst) in bursts.iter().enumerate() {
            assert_eq!(burst.tokens, 1);
            assert_eq!(burst.at, START + Duration::from_millis(n as u64 * 10));
        }
        assert_eq!(bursts.len(), 5);
    }

    fn any_split() -> impl Strategy<Value = Split> {
        let silence = || prop_oneof![Just(0), 0..3_000_000_000_u64].prop_map(Duration::from_nanos);
        let then = prop_oneof![
            Just(Then::Event(StreamAnomaly::Duplicate)),
            silence().prop_map(Then::Stall),
            silence().prop_map(|silence| Then::End(silence, CUT)),
        ];
        (0_u64..60, then).prop_map(|(after, then)| Split { after, then })
    }

    proptest! {
        #[test]
        fn the_end_is_known_before_the_beginning(
            gap in prop_oneof![Just(0), 0..500_000_000_u64, Just(u64::MAX)],
            output in 0_u64..50,
            single: bool,
            splits in proptest::collection::vec(any_split(), 0..6),
        ) {
            let beat = if single { TokenRate::one_by_one(gap) } else { TokenRate::bundled(gap) };
            let mut pace = ChunkSchedule::new(START, beat, output, splits);
            let (start, end) = (START, pace.end());
            let bursts: Vec<Chunk> = std::iter::from_fn(|| pace.next()).collect();
            prop_assert!(bursts.is_sorted_by_key(|burst| burst.at));
            prop_assert_eq!(bursts.first().map(|burst| burst.at), Some(start));
            prop_assert_eq!(bursts.last().map(|burst| burst.at), Some(end));
        }
    }

    #[test]
    fn absurd_numbers_end_too() {
        assert_eq!(writes(0, u64::MAX, &[]).0, [(0, u64::MAX)]);
        assert_eq!(writes(0, 9, &[cut(4)]).0, [(0, 4)]);
        assert_eq!(writes(GAP, 0, &[]), (vec![(0, 0)], End::Whole));
        let (writes, _) = writes(u64::MAX, 3, &[stall(2, u64::MAX)]);
        assert_eq!(writes.iter().map(|write| write.1).sum::<u64>(), 3);
    }

    #[test]
    fn factors_multiply() {
        let second = Duration::from_secs(1);
        assert_eq!(slowed(second, &[]), second);
        assert_eq!(
            slowed(second, &[2_500, 2_000].map(Factor::milli)),
            second * 5
        );
        assert_eq!(
            slowed(Duration::MAX, &[Factor::milli(u64::MAX)]),
            Duration::from_nanos(u64::MAX)
        );
    }
}
