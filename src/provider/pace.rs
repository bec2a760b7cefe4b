//! When the tokens of a streamed answer leave: in writes, at absolute moments.
//!
//! Token n is due (n - 1) gaps after the first. Tokens that are due within one interval share one
//! write at its end; an interval in which none is due has no write. So 300 tokens at 100 tok/s
//! leave in 31 writes. A cut or stall "after k tokens" splits the write: exactly k tokens have
//! left at the moment at which token k is due. A stall moves all that follows, intervals too.
//!
//! Moments are offsets in a time of the stream's own, in which nothing stalls; they become
//! instants only at the end, so that no rounding adds up. What the bytes are is `wire`'s matter.

use std::collections::VecDeque;
use std::time::Duration;

use crate::scenario::fault::Cut;
use crate::time::{Instant, nanos};

/// The writes of one stream, one by one.
#[derive(Debug)]
pub(super) struct Pace {
    start: Instant,
    gap: u64,
    output: u64,
    splits: VecDeque<Split>,
    delivered: u64,
    opened: bool,
    over: bool,
    /// How long the stream has stalled so far.
    stalled: Duration,
}

/// Something that happens when exactly `after` tokens have left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Split {
    /// So many tokens.
    pub(super) after: u64,
    /// What happens.
    pub(super) then: Then,
}

/// What happens at a split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// Silence, for so long.
    Stall(Duration),
    /// The end.
    Cut(Cut),
}

/// One write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Burst {
    /// When it leaves.
    pub(super) at: Instant,
    /// It is the first.
    pub(super) opens: bool,
    /// The tokens that it brings.
    pub(super) tokens: u64,
    /// It is the last: so ends the stream.
    pub(super) end: Option<End>,
}

/// How a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// All tokens have left.
    Whole,
    /// It is cut.
    Cut(Cut),
}

impl Pace {
    /// A stream of `output` tokens, `gap` nanoseconds apart, the first at `start`. Splits come in
    /// any order; those after more than `output` tokens never happen.
    pub(super) fn new(start: Instant, gap: u64, output: u64, mut splits: Vec<Split>) -> Self {
        splits.retain(|split| split.after <= output);
        splits.sort_by_key(|split| split.after);
        Self {
            start,
            gap,
            output,
            splits: splits.into(),
            delivered: 0,
            opened: false,
            over: false,
            stalled: Duration::ZERO,
        }
    }

    /// The next write; `None` when the stream is over.
    pub(super) fn next(&mut self) -> Option<Burst> {
        if self.over {
            return None;
        }
        let (offset, reach) = self.next_reach();
        let at = whole_ms(self.start + self.stalled + Duration::from_nanos(offset));
        let tokens = reach - self.delivered;
        self.delivered = reach;
        let end = self.pass_splits();
        self.over = end.is_some();
        let opens = !std::mem::replace(&mut self.opened, true);
        Some(Burst {
            at,
            opens,
            tokens,
            end,
        })
    }

    /// How many tokens have left so far.
    pub(super) fn delivered(&self) -> u64 {
        self.delivered
    }

    /// The offset of the next write, and how many tokens have left after it.
    fn next_reach(&self) -> (u64, u64) {
        let split = self.splits.front().map(|split| split.after);
        let bound = split.unwrap_or(self.output);
        if self.delivered >= bound {
            return (self.due(bound), bound);
        }
        let tick = self
            .due(self.delivered + 1)
            .div_ceil(INTERVAL)
            .saturating_mul(INTERVAL);
        let due = tick
            .checked_div(self.gap)
            .map_or(bound, |gaps| gaps.saturating_add(1).max(self.delivered + 1));
        if due < bound {
            return (tick, due);
        }
        match split {
            Some(after) => (self.due(after), after),
            None => (tick, bound),
        }
    }

    /// Lets happen what happens when exactly `delivered` tokens have left.
    fn pass_splits(&mut self) -> Option<End> {
        let mut stalls = false;
        while let Some(split) = self.splits.front()
            && split.after == self.delivered
        {
            match split.then {
                Then::Cut(cut) => return Some(End::Cut(cut)),
                Then::Stall(length) => self.stalled = self.stalled.saturating_add(length),
            }
            stalls = true;
            self.splits.pop_front();
        }
        // A stall after the last token keeps back the finish, which is a write of its own then.
        (self.delivered == self.output && !stalls).then_some(End::Whole)
    }

    /// The offset at which token `n`, from 1, is due.
    fn due(&self, n: u64) -> u64 {
        n.saturating_sub(1).saturating_mul(self.gap)
    }
}

/// `moment`, rounded up to whole milliseconds: the world's resolution.
pub(super) fn whole_ms(moment: Instant) -> Instant {
    let millis = moment.as_nanos().div_ceil(MILLISECOND);
    Instant::from_nanos(millis.saturating_mul(MILLISECOND))
}

/// `length`, multiplied by all of `factors`, each in thousandths, saturating.
pub(super) fn slowed(length: Duration, factors: &[u64]) -> Duration {
    let slow = factors.iter().fold(nanos(length), |length, factor| {
        let exact = u128::from(length) * u128::from(*factor) / 1_000;
        u64::try_from(exact).unwrap_or(u64::MAX)
    });
    Duration::from_nanos(slow)
}

const MILLISECOND: u64 = 1_000_000;

/// Real chunks are bursty (of 29,065 gaps measured at two providers 71 % were under 1 ms), and
/// tokens one by one are ruinous to simulate.
const INTERVAL: u64 = 100 * MILLISECOND;

#[cfg(test)]
mod tests {
    use super::*;

    const START: Instant = Instant::from_nanos(7_003_000_000);
    const GAP: u64 = 10 * MILLISECOND;

    /// Milliseconds since the start and tokens of each write, and how the stream ends.
    fn writes(gap: u64, output: u64, splits: &[Split]) -> (Vec<(u64, u64)>, End) {
        let mut pace = Pace::new(START, gap, output, splits.to_vec());
        let mut writes = Vec::new();
        loop {
            let burst = pace.next().expect("a stream ends only once");
            assert_eq!(burst.opens, writes.is_empty());
            let offset = nanos(burst.at.since(START)) / MILLISECOND;
            writes.push((offset, burst.tokens));
            if let Some(end) = burst.end {
                assert_eq!(pace.next(), None);
                return (writes, end);
            }
        }
    }

    fn stall(after: u64, millis: u64) -> Split {
        let then = Then::Stall(Duration::from_millis(millis));
        Split { after, then }
    }

    fn cut(after: u64) -> Split {
        let then = Then::Cut(Cut::Rst);
        Split { after, then }
    }

    #[test]
    fn writes_are_tenths_of_seconds_not_tokens() {
        let (writes, end) = writes(GAP, 300, &[]);
        assert_eq!(writes.len(), 31);
        assert_eq!(writes[0], (0, 1));
        for (k, write) in writes.iter().enumerate().skip(1) {
            let tokens = if k == 30 { 9 } else { 10 };
            assert_eq!(*write, (k as u64 * 100, tokens));
        }
        assert_eq!(end, End::Whole);
    }

    #[test]
    fn an_interval_without_tokens_has_no_write() {
        let (writes, _) = writes(250 * MILLISECOND, 4, &[]);
        assert_eq!(writes, [(0, 1), (300, 1), (500, 1), (800, 1)]);
    }

    #[test]
    fn a_cut_splits_the_write_at_its_token() {
        let (writes, end) = writes(GAP, 300, &[cut(25)]);
        assert_eq!(writes, [(0, 1), (100, 10), (200, 10), (240, 4)]);
        assert_eq!(end, End::Cut(Cut::Rst));
    }

    #[test]
    fn a_cut_may_come_before_the_first_token_and_after_the_last() {
        assert_eq!(
            writes(GAP, 3, &[cut(0)]),
            (vec![(0, 0)], End::Cut(Cut::Rst))
        );
        let last = (vec![(0, 1), (20, 2)], End::Cut(Cut::Rst));
        assert_eq!(writes(GAP, 3, &[cut(3)]), last);
        assert_eq!(writes(GAP, 3, &[cut(4)]).1, End::Whole);
    }

    #[test]
    fn a_stall_moves_all_that_follows() {
        let (writes, end) = writes(GAP, 40, &[stall(25, 5_000)]);
        let moved = [(5_300, 6), (5_400, 9)];
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
        assert_eq!(end, End::Cut(Cut::Rst));
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
        assert_eq!(slowed(second, &[2_500, 2_000]), second * 5);
        assert_eq!(
            slowed(Duration::MAX, &[u64::MAX]),
            Duration::from_nanos(u64::MAX)
        );
    }
}
