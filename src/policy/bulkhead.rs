//! The bulkhead: how many attempts may be in flight at one provider, fixed or adaptive.
//!
//! An adaptive limit uses additive increase and multiplicative decrease, as TCP does for its
//! window:
//!
//! - An attempt that succeeds while the bulkhead is at least half full adds 1 / limit, so that a
//!   full round adds one. Successes at a lower load do not show that a higher limit would work.
//! - A rejection multiplies the limit by `decrease`. Slowness does so, too, since a provider that
//!   queues requests answers late long before it rejects; the slower, the more, down to a half.
//! - After that it does not shrink again until as many attempts have ended as the old limit allowed
//!   in flight: those were sent under the old limit and say nothing about the new one.
//!
//! Slow means that the median of 32 attempts is above `latency_factor` times the baseline, which is
//! the best median of some hundreds of attempts. Single attempts are too noisy: the time to first
//! token of one healthy model varies tenfold, so nearly all attempts would be slow compared with
//! the shortest of some hundreds.
//!
//! The baseline expires, since models and prompts change, but only attempts that did not press
//! against the limit renew it. While the bulkhead is full, the provider's queue is in all that is
//! measured, and a baseline that followed it would let the limit grow under a degradation that
//! lasts. Where even the least limit is slow, no smaller one can tell more, and what it measures is
//! the new baseline (Envoy's gradient controller measures its baseline in the same way).
//!
//! The call decides where it goes when the bulkhead is full.

use std::time::Duration;

use super::config;
use crate::time::nanos;
use crate::units::{Factor, Share};

/// The bulkhead before one provider.
#[derive(Clone, Debug)]
pub(crate) struct Bulkhead {
    inside: u32,
    most: Option<u32>,
    adaptive: Option<AdaptiveLimit>,
}

/// How an attempt in flight ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// It succeeded, after this long (to the first token, if it was streamed).
    Well(Duration),
    /// The provider rejected it or timed out, so the limit was too high.
    Rejected,
    /// In a way that says nothing about the provider's capacity.
    Otherwise,
}

impl Bulkhead {
    /// For at most `most` attempts (none = any number); adaptive within that if `adaptive` is set.
    pub(crate) fn new(most: Option<u32>, adaptive: Option<config::Adaptive>) -> Self {
        Self {
            inside: 0,
            most,
            adaptive: adaptive.map(|settings| AdaptiveLimit::new(settings, most)),
        }
    }

    /// How many attempts may be in flight at present; none = any number.
    pub(crate) fn limit(&self) -> Option<u32> {
        match &self.adaptive {
            Some(found) => Some(found.limit()),
            None => self.most,
        }
    }

    /// Whether one more attempt may start.
    pub(crate) fn has_room(&self) -> bool {
        self.limit().is_none_or(|limit| self.inside < limit)
    }

    /// How many more attempts may start; none = any number.
    pub(crate) fn free(&self) -> Option<u32> {
        Some(self.limit()?.saturating_sub(self.inside))
    }

    /// An attempt starts; the caller has checked [`Self::has_room`].
    pub(crate) fn enter(&mut self) {
        self.inside = self.inside.saturating_add(1);
    }

    /// An attempt ends.
    pub(crate) fn leave(&mut self, how: Left) {
        if let Some(found) = &mut self.adaptive {
            found.on_left(how, self.inside);
        }
        self.inside = self.inside.saturating_sub(1);
    }
}

/// An adaptive limit.
#[derive(Clone, Debug)]
struct AdaptiveLimit {
    /// This and the next two are in parts of 10^-9 of an attempt.
    limit: u64,
    least: u64,
    most: u64,
    decrease: Share,
    /// How many attempts must end before it may shrink again.
    settling: u32,
    pace: LatencyBaseline,
}

impl AdaptiveLimit {
    fn new(settings: config::Adaptive, most: Option<u32>) -> Self {
        let most = u64::from(most.unwrap_or(u32::MAX).max(1)) * ONE;
        let least = (u64::from(settings.min.max(1)) * ONE).min(most);
        Self {
            limit: (u64::from(settings.start) * ONE).clamp(least, most),
            least,
            most,
            decrease: settings.decrease,
            settling: 0,
            pace: LatencyBaseline::new(settings.latency_factor),
        }
    }

    fn limit(&self) -> u32 {
        // It is at most `u32::MAX` attempts.
        (self.limit / ONE) as u32
    }

    /// One of `inside` attempts ended.
    fn on_left(&mut self, how: Left, inside: u32) {
        let is_settling = self.settling > 0;
        self.settling = self.settling.saturating_sub(1);
        match how {
            Left::Well(_) if is_settling => {}
            Left::Well(took) => match self.pace.on_reply(took, self.pressure(inside)) {
                LatencyTrend::BecameSlow(left) => self.shrink(left.min(self.decrease)),
                LatencyTrend::StaysSlow => {}
                LatencyTrend::Fine if u64::from(inside) * 2 * ONE >= self.limit => self.grow(),
                LatencyTrend::Fine => {}
            },
            Left::Rejected => self.shrink(self.decrease),
            Left::Otherwise => {}
        }
    }

    /// How `inside` attempts press against the limit.
    fn pressure(&self, inside: u32) -> Pressure {
        match inside >= self.limit() {
            _ if self.limit == self.least => Pressure::AtLeast,
            true => Pressure::Full,
            false => Pressure::Free,
        }
    }

    fn grow(&mut self) {
        let step = ONE * ONE / self.limit.max(1);
        self.limit = self.limit.saturating_add(step).min(self.most);
    }

    /// Shrinks to this share of itself.
    fn shrink(&mut self, left: Share) {
        if self.settling > 0 {
            return;
        }
        self.settling = self.limit();
        self.limit = left.of(self.limit).max(self.least);
    }
}

/// How attempts press against the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Pressure {
    /// The limit is the least, so nothing can be measured with fewer in flight.
    AtLeast,
    /// There is room.
    Free,
    /// There is none.
    Full,
}

/// How long attempts take at present, compared with the baseline.
#[derive(Clone, Debug)]
struct LatencyBaseline {
    slow: Factor,
    group: [u64; GROUP],
    counted: usize,
    /// The highest pressure within the group.
    pressure: Pressure,
    /// What a limit may keep of itself, as the last group was slow; none if it was not.
    slow_by: Option<Share>,
    /// The least median of this generation of groups and of the one before.
    best: [u64; 2],
    groups: u32,
}

/// How present latency compares with the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LatencyTrend {
    Fine,
    /// A group is complete, and it is slow: the limit may keep this share of itself.
    BecameSlow(Share),
    /// The group before this one was slow.
    StaysSlow,
}

impl LatencyBaseline {
    fn new(slow: Factor) -> Self {
        Self {
            slow,
            group: [0; GROUP],
            counted: 0,
            pressure: Pressure::AtLeast,
            slow_by: None,
            best: [u64::MAX; 2],
            groups: 0,
        }
    }

    fn on_reply(&mut self, took: Duration, pressure: Pressure) -> LatencyTrend {
        self.group[self.counted] = nanos(took);
        self.counted += 1;
        self.pressure = self.pressure.max(pressure);
        if self.counted == GROUP {
            self.judge();
            (self.counted, self.pressure) = (0, Pressure::AtLeast);
            if let Some(left) = self.slow_by {
                return LatencyTrend::BecameSlow(left);
            }
        }
        match self.slow_by {
            Some(_) => LatencyTrend::StaysSlow,
            None => LatencyTrend::Fine,
        }
    }

    /// A group is complete: renews the baseline where it may, and compares with it.
    fn judge(&mut self) {
        let (_, median, _) = self.group.select_nth_unstable(GROUP / 2);
        let median = *median;
        let is_known = self.best != [u64::MAX; 2];
        if self.pressure == Pressure::Free || !is_known {
            self.renew(median);
        }
        self.slow_by = self.slow_by(median);
        let is_far_below = self.times_slow(median) <= u128::from(self.best());
        let is_least = self.pressure == Pressure::AtLeast;
        if is_far_below || is_least && self.slow_by.is_some() {
            (self.best, self.groups, self.slow_by) = ([median, u64::MAX], 1, None);
        }
    }

    fn renew(&mut self, median: u64) {
        if self.groups == GENERATION {
            self.groups = 0;
            self.best = [u64::MAX, self.best[0]];
        }
        self.groups += 1;
        self.best[0] = self.best[0].min(median);
    }

    fn best(&self) -> u64 {
        self.best[0].min(self.best[1])
    }

    /// What a limit may keep of itself where the median is slow: as much as would bring it back, if
    /// latency grew with the limit, and a half at the least.
    fn slow_by(&self, median: u64) -> Option<Share> {
        let bound = self.times_slow(self.best());
        let is_slow = u128::from(median) > bound;
        let left = bound * u128::from(Share::WHOLE.as_parts()) / u128::from(median.max(1));
        let left = u64::try_from(left).map_or(Share::WHOLE, Share::from_parts);
        is_slow.then(|| left.max(HALF))
    }

    /// From which time on attempts are slow, when this is usual.
    fn times_slow(&self, usual: u64) -> u128 {
        u128::from(usual) * u128::from(self.slow.as_milli()) / 1_000
    }
}

/// The most that slowness takes at once.
const HALF: Share = Share::percent(50);

/// One attempt.
const ONE: u64 = 1_000_000_000;

/// With 32 lognormal times with a p99 of five times their p50, the median of one group in 150 is
/// twice the best by chance. That costs a tenth of the limit, which the next rounds regain.
const GROUP: usize = 32;

/// The baseline expires after one to two times this many groups that renew it: 256 to 512 attempts.
const GENERATION: u32 = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;
    use crate::rng::{Purpose, RngStreams};

    const SECOND: Left = Left::Well(Duration::from_secs(1));

    #[test]
    fn without_a_bound_there_is_always_room() {
        let mut bulkhead = Bulkhead::new(None, None);
        (0..10_000).for_each(|_| bulkhead.enter());
        assert_eq!((bulkhead.limit(), bulkhead.has_room()), (None, true));
    }

    #[test]
    fn a_fixed_bound_stays_whatever_happens() {
        let mut bulkhead = Bulkhead::new(Some(2), None);
        assert_eq!(fill(&mut bulkhead), 2);
        bulkhead.leave(Left::Rejected);
        assert!(bulkhead.has_room());
        bulkhead.leave(SECOND);
        assert_eq!(bulkhead.limit(), Some(2));
        assert_eq!(fill(&mut bulkhead), 2);
    }

    #[test]
    fn a_full_round_that_goes_well_adds_one() {
        let mut bulkhead = adaptive(None);
        for limit in 20..60 {
            assert_eq!(fill(&mut bulkhead), limit);
            // Each adds a little less than the one before, so a round needs one attempt more than
            // `limit`.
            for _ in 0..=limit {
                bulkhead.leave(SECOND);
                bulkhead.enter();
            }
        }
    }

    #[test]
    fn what_is_not_even_half_used_does_not_grow() {
        let mut bulkhead = adaptive(None);
        for _ in 0..1_000 {
            (0..9).for_each(|_| bulkhead.enter());
            (0..9).for_each(|_| bulkhead.leave(SECOND));
        }
        assert_eq!(bulkhead.limit(), Some(20));
    }

    #[test]
    fn a_round_of_rejections_shrinks_it_once() {
        let mut bulkhead = adaptive(None);
        round(&mut bulkhead, Left::Rejected);
        assert_eq!(bulkhead.limit(), Some(18));
        round(&mut bulkhead, Left::Otherwise);
        assert_eq!(bulkhead.limit(), Some(18), "no sign of overload");
        round(&mut bulkhead, Left::Rejected);
        assert_eq!(bulkhead.limit(), Some(16));
        (0..100).for_each(|_| round(&mut bulkhead, Left::Rejected));
        assert_eq!(bulkhead.limit(), Some(3), "the minimum");
    }

    #[test]
    fn slowness_shrinks_it_until_it_is_what_is_usual() {
        let mut bulkhead = adaptive(Some(20));
        (0..40).for_each(|_| round(&mut bulkhead, SECOND));
        assert_eq!(bulkhead.limit(), Some(20));
        let slow = Left::Well(Duration::from_millis(2_100));
        (0..15).for_each(|_| round(&mut bulkhead, slow));
        assert!(bulkhead.limit().unwrap() < 12, "{:?}", bulkhead.limit());
        (0..400).for_each(|_| round(&mut bulkhead, slow));
        assert_eq!(
            bulkhead.limit(),
            Some(20),
            "what even the minimum takes is usual"
        );
    }

    #[test]
    fn a_degradation_that_lasts_does_not_become_usual() {
        // The provider serves `slots` at a time, in a second; the others wait in its queue.
        let serve = |bulkhead: &mut Bulkhead, slots: u32| {
            fill(bulkhead);
            let waits = u64::from(bulkhead.inside.div_ceil(slots));
            while bulkhead.inside > 0 {
                bulkhead.leave(Left::Well(Duration::from_secs(waits)));
            }
        };
        let mut bulkhead = adaptive(None);
        (0..200).for_each(|_| serve(&mut bulkhead, 1_000));
        assert!(bulkhead.limit().unwrap() > 100);
        let degraded = Vec::from_iter((0..5_000).map(|_| {
            serve(&mut bulkhead, 10);
            bulkhead.limit().unwrap()
        }));
        let late = &degraded[50..];
        assert!(
            late.iter().all(|limit| (7..=25).contains(limit)),
            "{late:?}"
        );
        (0..200).for_each(|_| serve(&mut bulkhead, 1_000));
        assert!(bulkhead.limit().unwrap() > 100);
    }

    #[test]
    fn the_luck_and_the_mishaps_of_a_healthy_model_are_not_slowness() {
        let mut bulkhead = adaptive(Some(40));
        let mut stream = RngStreams::new(1).stream(Purpose::Ttft, 0, 0, 0);
        let mut least = u32::MAX;
        for _ in 0..1_000 {
            fill(&mut bulkhead);
            while bulkhead.inside > 0 {
                let took = stream.lognormal(600.0, 3_000.0) as u64;
                bulkhead.leave(Left::Well(Duration::from_millis(took)));
            }
            least = least.min(bulkhead.limit().unwrap());
        }
        assert_eq!(least, 20, "it never shrank below its start");
        assert!(bulkhead.limit().unwrap() >= 32, "{:?}", bulkhead.limit());
    }

    #[test]
    fn it_finds_what_a_provider_can_bear() {
        // A provider that serves 50 at a time, and rejects the rest.
        let mut bulkhead = adaptive(None);
        let mut rounds = Vec::new();
        for _ in 0..500 {
            let inside = fill(&mut bulkhead);
            for n in 0..inside {
                let well = n < 50;
                bulkhead.leave(if well { SECOND } else { Left::Rejected });
            }
            rounds.push(inside);
        }
        let late = &rounds[100..];
        let (least, most) = (late.iter().min().unwrap(), late.iter().max().unwrap());
        assert!((40..=50).contains(least), "{least}");
        assert!((50..=52).contains(most), "{most}");
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(1),
            ..ProptestConfig::default()
        })]

        #[test]
        fn whatever_happens_the_bounds_hold(
            most in prop::option::of(1_u32..50),
            min in 0_u32..10,
            start in 0_u32..60,
            decrease in 100_000_000_u64..=990_000_000,
            events in prop::collection::vec((0_u8..6, 1_u64..5_000), 0..400),
        ) {
            let settings = config::Adaptive {
                min,
                start,
                decrease: Share::from_parts(decrease),
                latency_factor: Factor::milli(1_500),
            };
            let mut bulkhead = Bulkhead::new(most, Some(settings));
            let least = min.max(1).min(most.unwrap_or(u32::MAX));
            for (event, millis) in events {
                let before = bulkhead.limit().unwrap();
                let has_room = bulkhead.inside < before;
                prop_assert_eq!(bulkhead.has_room(), has_room);
                match event {
                    0..=2 if has_room => {
                        bulkhead.enter();
                        prop_assert!(bulkhead.inside <= before);
                    }
                    3 => bulkhead.leave(Left::Well(Duration::from_millis(millis))),
                    4 => bulkhead.leave(Left::Rejected),
                    5 => bulkhead.leave(Left::Otherwise),
                    _ => {}
                }
                let limit = bulkhead.limit().unwrap();
                prop_assert!(least <= limit && most.is_none_or(|most| limit <= most));
                prop_assert!(limit <= before + 1);
            }
        }
    }

    /// Starts attempts until the bulkhead is full; returns how many are in flight then.
    fn fill(bulkhead: &mut Bulkhead) -> u32 {
        while bulkhead.has_room() {
            bulkhead.enter();
        }
        bulkhead.inside
    }

    /// Fills it, and ends all attempts in the same way.
    fn round(bulkhead: &mut Bulkhead, how: Left) {
        fill(bulkhead);
        while bulkhead.inside > 0 {
            bulkhead.leave(how);
        }
    }

    /// With the default settings, up to `most`.
    fn adaptive(most: Option<u32>) -> Bulkhead {
        Bulkhead::new(most, Some(config::Adaptive::default()))
    }
}
