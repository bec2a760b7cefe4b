//! A fault under one seed: whether it happens, when it is active, and which attempts it strikes.
//!
//! `provider` and `world` query it with a moment and an attempt. All draws are keyed, so the order
//! and number of queries do not matter. Only [`SeededFault::strikes`] counts: a provider calls it
//! once per exchange.

use super::attempt::AttemptInfo;
use super::episodes::Episodes;
use crate::policy::ProviderId;
use crate::rng::{Purpose, RngStreams};
use crate::scenario::fault::{Fault, Sticky};
use crate::time::{Instant, Windows, period};
use crate::trace::FaultId;
use crate::units::Share;

/// A fault under one seed: whether it happens, and when.
#[derive(Clone, Debug)]
pub struct SeededFault {
    /// The fault.
    pub fault: Fault,
    /// Its number.
    pub id: FaultId,
    draws: RngStreams,
    /// Whose draws hold here, by its place among the targets.
    fate: u16,
    happens: bool,
    bursts: Option<Episodes>,
    /// How many exchanges it has struck, counted by [`Self::strikes`].
    struck: u64,
}

impl SeededFault {
    /// The faults of a scenario under one seed, with their numbers.
    pub fn all(faults: &[Fault], draws: RngStreams) -> Vec<Self> {
        let numbered = (0..=u16::MAX).map(FaultId).zip(faults);
        let drawn = numbered.map(|(id, fault)| Self::new(fault.clone(), id, draws));
        drawn.collect()
    }

    /// The same at one of its targets; `None` if `provider` is none of them.
    pub(crate) fn at(&self, provider: ProviderId) -> Option<Self> {
        if !self.fault.targets.contains(&provider) {
            return None;
        }
        let holder = self.fault.fate_of(provider);
        let mut places = (0..).zip(&self.fault.targets);
        let place = places.find_map(|(place, target)| (*target == holder).then_some(place));
        Some(Self {
            fate: place.unwrap_or_default(),
            ..self.clone()
        })
    }

    /// `fault`, which is this one in another state, at the target of this one.
    pub(crate) fn changed_to(&self, fault: &Self) -> Self {
        Self {
            fate: self.fate,
            ..fault.clone()
        }
    }

    /// The provider whose draws hold here.
    pub(crate) fn fate(&self) -> Option<ProviderId> {
        self.fault.targets.get(usize::from(self.fate)).copied()
    }

    fn new(fault: Fault, id: FaultId, draws: RngStreams) -> Self {
        let number = u64::from(id.0);
        let happens = fault.happens(id, draws);
        let start = Instant::START + fault.windows.at;
        let bursts = fault.burst.filter(|_| happens);
        Self {
            bursts: bursts.map(|burst| Episodes::new(burst, draws, number, start)),
            fault,
            id,
            draws,
            fate: 0,
            happens,
            struck: 0,
        }
    }

    /// The same fault, always active: without windows, ramps and bursts. Whom it strikes stays, and
    /// what it has struck is forgotten.
    pub(crate) fn switched_on(&self) -> Self {
        let fault = Fault {
            windows: Windows::ALWAYS,
            ramp: None,
            recovery: None,
            burst: None,
            ..self.fault.clone()
        };
        Self {
            fault,
            happens: true,
            bursts: None,
            struck: 0,
            ..*self
        }
    }

    /// The same fault, never active.
    pub(crate) fn switched_off(&self) -> Self {
        Self {
            happens: false,
            ..self.clone()
        }
    }

    /// Whether it is active at `now`: inside a window or the recovery after it, and in a burst if
    /// it has any (also between bursts, if those only change its rate).
    pub fn covers(&self, now: Instant) -> bool {
        self.happens && self.fault.extents().covers(now) && self.is_on(now)
    }

    /// The active interval `[start, end)` that contains `now` or comes next; `end` is `None` if it
    /// lasts to the end of the run. `None` if there are no more.
    pub fn at_or_after(&self, now: Instant) -> Option<(Instant, Option<Instant>)> {
        if !self.happens {
            return None;
        }
        let extents = self.fault.extents();
        let mut from = now;
        loop {
            let (start, end) = extents.at_or_after(from)?;
            let Some(bursts) = self.cutting_bursts() else {
                return Some((start, end));
            };
            let episode = bursts.at(from.max(start));
            if episode.on {
                let ends = [end, episode.end].into_iter().flatten();
                return Some((start.max(episode.start), ends.min()));
            }
            from = episode.end?;
        }
    }

    /// How strong it is at `now`, as a share of its full strength; 0 % when it is not active.
    ///
    /// This is the height of its ramp or recovery. [`Self::applies`] has applied it already where
    /// strength is a share of attempts. For a kind with a strength, the caller applies it
    /// (`FaultKind::strength_at`): a factor (`slow`, `price`) goes from 1 to its full value, the
    /// rest of capacity and limits from 100 % to its value.
    pub(crate) fn level(&self, now: Instant) -> Share {
        match self.happens && self.is_on(now) {
            true => self.fault.envelope(now),
            false => Share::ZERO,
        }
    }

    /// Whether it strikes this attempt.
    ///
    /// Attempts with the same draw get the same result: the draw is keyed by the call (or by the
    /// number of the [`Sticky::Length`] since the run's start), the fault, the target whose draws
    /// hold here, and `nth`. An attempt that is struck at some rate is struck at any higher rate.
    pub(crate) fn applies(&self, seen: &AttemptInfo<'_>) -> bool {
        let share = self.share(seen.now);
        if share == Share::ZERO || !self.fault.when.holds(seen) {
            return false;
        }
        if share == Share::WHOLE {
            return true;
        }
        let (holder, nth) = match self.fault.sticky {
            Sticky::Attempt => (seen.call.0, u64::from(seen.nth)),
            Sticky::Call => (seen.call.0, 0),
            Sticky::Length(length) => (seen.now.as_nanos() / period(length), 0),
        };
        let place = u64::from(self.fate) << 16 | u64::from(self.id.0);
        self.draws
            .stream(Purpose::Fault, holder, place, nth)
            .chance(share.as_parts())
    }

    /// Whether it strikes this exchange, which counts if it does: of those that match, the first
    /// `times` are struck.
    pub(crate) fn strikes(&mut self, seen: &AttemptInfo<'_>) -> bool {
        let is_left = self.fault.times.is_none_or(|times| self.struck < times);
        let strikes = is_left && self.applies(seen);
        self.struck += u64::from(strikes);
        strikes
    }

    /// The share of attempts that it strikes at `now`.
    fn share(&self, now: Instant) -> Share {
        if !self.happens {
            return Share::ZERO;
        }
        let rate = match &self.bursts {
            None => self.fault.rate,
            Some(_) if !self.fault.extents().covers(now) => Share::ZERO,
            Some(bursts) if bursts.at(now).on => self.fault.rate,
            Some(_) => self.fault.burst.map_or(Share::ZERO, |one| one.rate_off),
        };
        self.fault.share_at(rate, self.fault.envelope(now))
    }

    fn is_on(&self, now: Instant) -> bool {
        match self.cutting_bursts() {
            Some(bursts) => self.fault.extents().covers(now) && bursts.at(now).on,
            None => true,
        }
    }

    /// Bursts between which the fault is not active at all.
    fn cutting_bursts(&self) -> Option<&Episodes> {
        let cuts = self
            .fault
            .burst
            .is_some_and(|one| one.rate_off == Share::ZERO);
        self.bursts.as_ref().filter(|_| cuts)
    }
}

impl Fault {
    /// Whose draws hold for the target `id`: its own, or those of the first in its set.
    fn fate_of(&self, id: ProviderId) -> ProviderId {
        let mut sets = self.shared_fate.iter();
        let set = sets.find(|set| set.contains(&id));
        set.and_then(|set| set.iter().min()).copied().unwrap_or(id)
    }

    /// Whether it happens at all under these draws, as number `id` of its scenario.
    pub(crate) fn happens(&self, id: FaultId, draws: RngStreams) -> bool {
        let mut luck = draws.stream(Purpose::Chance, 0, u64::from(id.0), 0);
        self.chance == Share::WHOLE || luck.chance(self.chance.as_parts())
    }

    /// The share of attempts that it strikes at this `level`, when at full strength it is `rate`.
    pub(super) fn share_at(&self, rate: Share, level: Share) -> Share {
        match self.inject.has_strength() && level > Share::ZERO {
            true => rate,
            false => level.of_share(rate),
        }
    }
}

#[cfg(test)]
mod tests {
    mod draws;

    use super::*;
    use crate::policy::CallId;
    use crate::scenario::fault::{Burst, FaultKind, Ramp, Recovery, SlowPart, When};
    use crate::seeded::{left_at, scaled_at};
    use crate::units::Factor;
    use std::time::Duration;

    fn fault(rate: Share, sticky: Sticky) -> Fault {
        Fault {
            rate,
            sticky,
            ..Fault::new("f", vec![ProviderId(0)], FaultKind::Reset)
        }
    }

    fn drawn(fault: &Fault, number: u16, seed: u64) -> SeededFault {
        SeededFault::new(fault.clone(), FaultId(number), RngStreams::new(seed))
    }

    fn applies(fault: &Fault, number: u16, at: Instant, call: u64, nth: u32) -> bool {
        drawn(fault, number, 1).applies(&seen(at, call, nth))
    }

    fn seen(now: Instant, call: u64, nth: u32) -> AttemptInfo<'static> {
        AttemptInfo {
            nth,
            ..AttemptInfo::new(now, CallId(call))
        }
    }

    fn at(nanos: u64) -> Instant {
        Instant::from_nanos(nanos)
    }

    fn second(second: u64) -> Instant {
        at(second * 1_000_000_000)
    }

    fn burst(rate_off: Share) -> Burst {
        Burst {
            on: Duration::from_secs(2),
            off: Duration::from_secs(3),
            rate_off,
        }
    }

    const HALF: Share = Share::percent(50);

    /// From 10 s to 20 s, every minute.
    const WINDOWS: Windows = Windows {
        at: Duration::from_secs(10),
        length: Some(Duration::from_secs(10)),
        every: Some(Duration::from_secs(60)),
    };

    #[test]
    fn a_rate_is_a_share_of_attempts() {
        let fault = fault(Share::percent(30), Sticky::Attempt);
        let struck = (0..100_000)
            .filter(|&call| applies(&fault, 2, at(0), call, 0))
            .count();
        assert!((29_500..30_500).contains(&struck), "{struck}");
    }

    #[test]
    fn luck_holds_as_long_as_it_is_sticky() {
        let strikes = |sticky, now, call, nth| applies(&fault(HALF, sticky), 0, at(now), call, nth);
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
        let mut certain = fault(Share::WHOLE, Sticky::Attempt);
        certain.windows = Windows {
            at: Duration::from_nanos(10),
            length: Some(Duration::from_nanos(5)),
            every: None,
        };
        let hits = |now| applies(&certain, 0, at(now), 1, 0);
        assert!(!hits(9) && hits(10) && hits(14) && !hits(15));
        certain.rate = Share::ZERO;
        assert!(!applies(&certain, 0, at(12), 1, 0));
    }

    #[test]
    fn a_ramp_and_a_recovery_scale_the_rate() {
        let mut fault = fault(HALF, Sticky::Attempt);
        fault.windows = WINDOWS;
        fault.ramp = Some(Ramp::from(Duration::from_secs(4)));
        fault.recovery = Some(Recovery::from(Duration::from_secs(10)));
        let drawn = drawn(&fault, 0, 1);
        let shares = [9, 10, 11, 12, 14, 19, 20, 25, 29, 30, 70, 71]
            .map(|s| drawn.share(second(s)).of(1_000));
        assert_eq!(shares, [0, 0, 125, 250, 500, 500, 500, 250, 50, 0, 0, 125]);
        assert!(drawn.covers(second(29)) && !drawn.covers(second(30)));
        let stretch = Some((second(70), Some(second(90))));
        assert_eq!(drawn.at_or_after(second(30)), stretch);
    }

    #[test]
    fn where_strength_is_a_number_the_rate_stays() {
        let mut fault = fault(HALF, Sticky::Attempt);
        fault.inject = FaultKind::Slow {
            factor: Factor::milli(3_000),
            what: SlowPart::All,
        };
        fault.ramp = Some(Ramp::from(Duration::from_secs(4)));
        let drawn = drawn(&fault, 0, 1);
        assert_eq!(drawn.share(second(0)), Share::ZERO, "the rate is still 0");
        assert_eq!(drawn.share(second(1)), HALF);
        assert_eq!(drawn.level(second(1)), Share::percent(25));
        let scaled = |milli, level| scaled_at(Factor::milli(milli), level).as_milli();
        assert_eq!(scaled(3_000, drawn.level(second(1))), 1_500);
        assert_eq!(scaled(500, HALF), 750);
        assert_eq!(left_at(Share::percent(30), HALF), Share::percent(65));
    }

    #[test]
    fn a_chance_is_drawn_once_for_all_moments_and_attempts() {
        let mut fault = fault(Share::WHOLE, Sticky::Attempt);
        fault.chance = HALF;
        fault.windows = WINDOWS;
        let mut happened = 0;
        for seed in 0..200 {
            let drawn = drawn(&fault, 4, seed);
            let inside = [10, 15, 75].map(|s| {
                let covered = drawn.covers(second(s));
                assert_eq!(covered, drawn.applies(&seen(second(s), s, 0)));
                assert_eq!(covered, drawn.level(second(s)) == Share::WHOLE);
                covered
            });
            assert!(inside == [true; 3] || inside == [false; 3]);
            assert_eq!(drawn.at_or_after(second(0)).is_some(), inside[0]);
            happened += u32::from(inside[0]);
        }
        assert!((70..130).contains(&happened), "{happened}");
    }

    #[test]
    fn bursts_stay_inside_their_windows() {
        let mut fault = fault(Share::WHOLE, Sticky::Attempt);
        fault.windows = WINDOWS;
        fault.burst = Some(burst(Share::ZERO));
        let drawn = drawn(&fault, 0, 5);
        let (mut now, mut stretches) = (second(0), 0);
        while now < second(3_600) {
            let (start, end) = drawn.at_or_after(now).unwrap();
            let end = end.unwrap();
            let last = end - Duration::from_nanos(1);
            assert!(now <= start && WINDOWS.covers(start) && WINDOWS.covers(last));
            assert!(drawn.covers(start) && drawn.covers(last) && !drawn.covers(end));
            assert!(drawn.applies(&seen(start, 1, 0)) && !drawn.applies(&seen(end, 1, 0)));
            assert_eq!(drawn.at_or_after(last), Some((start, Some(end))));
            (now, stretches) = (end, stretches + 1);
        }
        assert!((60..240).contains(&stretches), "{stretches}");
    }

    #[test]
    fn a_rate_between_bursts_keeps_the_fault_at_work() {
        let mut fault = fault(Share::WHOLE, Sticky::Attempt);
        fault.windows = WINDOWS;
        fault.burst = Some(burst(Share::from_parts(1_000)));
        let drawn = drawn(&fault, 0, 5);
        assert_eq!(drawn.at_or_after(second(0)), WINDOWS.at_or_after(second(0)));
        let shares = (0..100).map(|n| drawn.share(at(10_000_000_000 + n * 100_000_000)));
        let mut shares = Vec::from_iter(shares);
        shares.sort_unstable();
        shares.dedup();
        assert_eq!(shares, [Share::from_parts(1_000), Share::WHOLE]);
        assert_eq!(drawn.share(second(20)), Share::ZERO);
    }

    #[test]
    fn only_the_first_exchanges_that_match_are_struck() {
        let mut fault = fault(HALF, Sticky::Attempt);
        let all = drawn(&fault, 0, 1);
        let matching = Vec::from_iter((0..100).filter(|&call| all.applies(&seen(at(0), call, 0))));
        fault.times = Some(3);
        let mut drawn = drawn(&fault, 0, 1);
        let struck = (0..100).filter(|&call| drawn.strikes(&seen(at(0), call, 0)));
        assert_eq!(Vec::from_iter(struck), matching[..3]);
    }

    #[test]
    fn a_switch_overrides_windows_ramps_bursts_and_chance_but_no_condition() {
        let mut fault = fault(HALF, Sticky::Attempt);
        fault.windows = WINDOWS;
        fault.ramp = Some(Ramp::from(Duration::from_secs(4)));
        fault.burst = Some(burst(Share::ZERO));
        fault.chance = Share::ZERO;
        let drawn = drawn(&fault, 0, 1);
        assert!(!drawn.covers(second(12)));
        let on = drawn.switched_on();
        assert_eq!(on.at_or_after(second(3)), Some((second(0), None)));
        assert!(on.covers(second(99)) && on.level(second(0)) == Share::WHOLE);
        let struck = (0..1_000).filter(|&call| on.applies(&seen(second(1), call, 0)));
        assert!((400..600).contains(&struck.count()), "its rate stays");
        let off = on.switched_off();
        assert!(!off.covers(second(12)) && off.at_or_after(second(0)).is_none());
        assert!(!(0..100).any(|call| off.applies(&seen(second(12), call, 0))));
        assert_eq!(off.level(second(12)), Share::ZERO);
    }

    #[test]
    fn only_attempts_that_it_looks_at_are_struck() {
        let mut fault = fault(Share::WHOLE, Sticky::Attempt);
        fault.when = When {
            client: Some(0.into()),
            ..When::default()
        };
        let drawn = drawn(&fault, 0, 1);
        assert!(drawn.applies(&seen(second(1), 1, 0)));
        let other = AttemptInfo {
            client: 1,
            ..seen(second(1), 1, 0)
        };
        assert!(!drawn.applies(&other) && drawn.covers(second(1)));
    }
}
