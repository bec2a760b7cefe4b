//! Hedges: when to start a second attempt, and how many of them there may be.
//!
//! A hedge starts when an attempt has sent no token for longer than nearly all others at the same
//! provider. When a whole provider slows down, that is true of every call, and hedges would double
//! the load while capacity is short. Therefore there is a budget: each call adds a share of a
//! hedge, and unused shares are saved up to ten hedges, which may be used at once. A new client has
//! none.
//!
//! The call decides when to ask, and where the hedge goes.

use std::time::Duration;

use super::ProviderId;
use super::config::{self, HedgeDelay};
use super::quantile::Window;
use crate::units::Share;

/// Decides on hedges for all calls of one client.
#[derive(Clone, Debug)]
pub(crate) struct Hedger {
    settings: config::Hedge,
    /// One for each provider; none where the delay is fixed.
    windows: Vec<Window>,
    /// In parts of 10^-9 of a hedge.
    saved: u64,
}

impl Hedger {
    /// For a fleet of this many providers.
    pub(crate) fn new(settings: config::Hedge, providers: usize) -> Self {
        let windows = match settings.delay {
            HedgeDelay::After(_) => Vec::new(),
            HedgeDelay::Quantile(percent) => {
                vec![Window::new(percent, settings.min_samples); providers]
            }
        };
        Self {
            settings,
            windows,
            saved: 0,
        }
    }

    /// How long an attempt at this provider may be silent before it is hedged; none = not hedged
    /// yet, since too few attempts were observed.
    pub(crate) fn delay(&self, provider: ProviderId) -> Option<Duration> {
        match self.settings.delay {
            HedgeDelay::After(delay) => Some(delay),
            HedgeDelay::Quantile(_) => self.windows.get(provider.index())?.quantile(),
        }
    }

    /// The most hedges of one call.
    pub(crate) fn most(&self) -> u32 {
        self.settings.max_hedges
    }

    /// A call begins, and the budget grows.
    pub(crate) fn on_call(&mut self) {
        self.save(self.settings.budget.as_parts());
    }

    /// Takes one hedge from the budget, if it holds one.
    pub(crate) fn take(&mut self) -> bool {
        let left = self.saved.checked_sub(HEDGE);
        self.saved = left.unwrap_or(self.saved);
        left.is_some()
    }

    /// Returns a hedge that was taken but not started.
    pub(crate) fn give_back(&mut self) {
        self.save(HEDGE);
    }

    /// An attempt was cancelled after it had been silent for this long.
    ///
    /// It counts if it was silent for at least the hedge delay. Without it, slow attempts that lost
    /// against a hedge would be missing from the quantile, which would sink, so that hedges would
    /// start earlier and hide more slow attempts. Shorter silences do not count, since calls that
    /// are dropped early would lower the quantile too.
    pub(crate) fn on_silence(&mut self, provider: ProviderId, silent: Duration) {
        if self.delay(provider).is_some_and(|delay| silent >= delay) {
            self.on_first_token_received(provider, silent);
        }
    }

    /// An attempt's first token (its answer, if it is not streamed) arrived after this long.
    pub(crate) fn on_first_token_received(&mut self, provider: ProviderId, took: Duration) {
        if let Some(window) = self.windows.get_mut(provider.index()) {
            window.record(took);
        }
    }

    fn save(&mut self, parts: u64) {
        self.saved = self.saved.saturating_add(parts).min(MOST_SAVED * HEDGE);
    }
}

const HEDGE: u64 = Share::WHOLE.as_parts();

/// What 200 calls add at the default of 5 %: enough for a short slowdown, not for an outage.
const MOST_SAVED: u64 = 10;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;
    use crate::rng::{Purpose, RngStreams};

    const FIRST: ProviderId = ProviderId(0);

    #[test]
    fn a_fixed_delay_needs_no_attempts_to_learn_from() {
        let hedger = hedger(HedgeDelay::After(Duration::from_secs(2)), Share::percent(5));
        assert_eq!(hedger.delay(FIRST), Some(Duration::from_secs(2)));
        assert_eq!(hedger.delay(ProviderId(9)), Some(Duration::from_secs(2)));
    }

    #[test]
    fn each_provider_has_a_quantile_of_its_own() {
        let mut hedger = hedger(HedgeDelay::Quantile(95), Share::percent(5));
        for n in 0..1_000 {
            assert_eq!(hedger.delay(FIRST).is_some(), n >= 20);
            hedger.on_first_token_received(FIRST, Duration::from_millis(1 + n * 7 % 100));
        }
        let delay = hedger.delay(FIRST).unwrap().as_millis();
        assert!((90..=100).contains(&delay), "{delay}");
        assert_eq!(hedger.delay(ProviderId(1)), None, "no observations");
        hedger.on_first_token_received(ProviderId(9), Duration::ZERO);
        assert_eq!(hedger.delay(ProviderId(9)), None, "unknown provider");
    }

    #[test]
    fn a_new_client_hedges_nothing_and_an_idle_one_saves_little() {
        let mut hedger = hedger(HedgeDelay::Quantile(95), Share::percent(5));
        assert!(!hedger.take());
        (0..19).for_each(|_| hedger.on_call());
        assert!(!hedger.take());
        hedger.on_call();
        assert!(hedger.take());
        assert!(!hedger.take());
        (0..100_000).for_each(|_| hedger.on_call());
        assert_eq!((0..100).filter(|_| hedger.take()).count(), 10);
    }

    #[test]
    fn a_hedge_that_was_not_made_can_be_made_later() {
        let mut hedger = hedger(HedgeDelay::Quantile(95), Share::WHOLE);
        hedger.on_call();
        assert!(hedger.take());
        hedger.give_back();
        assert!(hedger.take());
        assert!(!hedger.take());
        (0..100).for_each(|_| hedger.give_back());
        assert_eq!((0..100).filter(|_| hedger.take()).count(), 10);
    }

    #[test]
    fn callers_who_leave_soon_say_nothing_of_the_provider() {
        let mut hedger = hedger(HedgeDelay::Quantile(95), Share::percent(5));
        (0..100).for_each(|_| hedger.on_first_token_received(FIRST, Duration::from_secs(1)));
        let before = hedger.delay(FIRST);
        (0..1_000).for_each(|_| hedger.on_silence(FIRST, Duration::from_millis(10)));
        assert_eq!(hedger.delay(FIRST), before);
    }

    #[test]
    fn with_the_silence_of_those_that_lost_a_quantile_stays_where_it_is() {
        let with = after_ten_thousand_hedged_attempts(true);
        assert!((7_500..10_500).contains(&with), "{with}");
        let without = after_ten_thousand_hedged_attempts(false);
        assert!(without < with / 2, "{without} would be far too early");
    }

    /// The p90 in ms at a provider where it is 8.5 s, when every attempt that is silent
    /// for longer is hedged and loses after another 200 ms.
    fn after_ten_thousand_hedged_attempts(told: bool) -> u64 {
        let mut hedger = hedger(HedgeDelay::Quantile(90), Share::WHOLE);
        let mut stream = RngStreams::new(1).stream(Purpose::Ttft, 0, 0, 0);
        for _ in 0..10_000 {
            // 20 % are slow, twice the share above the p90.
            let slow = stream.chance(200_000_000);
            let range = if slow { 5_000..12_000 } else { 100..2_000 };
            let took = range.start + stream.below(range.end - range.start);
            let took = Duration::from_millis(took);
            let lost = hedger.delay(FIRST).map_or(Duration::MAX, |delay| {
                delay.saturating_add(Duration::from_millis(200))
            });
            if took < lost {
                hedger.on_first_token_received(FIRST, took);
            } else if told {
                hedger.on_silence(FIRST, lost);
            }
        }
        let delay = hedger.delay(FIRST).expect("there were many");
        delay.as_millis() as u64
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(1),
            ..ProptestConfig::default()
        })]

        #[test]
        fn hedges_are_never_more_than_the_share_of_calls(
            budget in 0_u64..=1_000_000_000,
            events in prop::collection::vec(0_u8..4, 0..300),
        ) {
            let mut hedger = hedger(HedgeDelay::Quantile(95), Share::from_parts(budget));
            let (mut calls, mut hedges) = (0, 0_u64);
            for event in events {
                match event {
                    0 | 1 => {
                        hedger.on_call();
                        calls += 1;
                    }
                    2 => hedges += u64::from(hedger.take()),
                    _ if hedges > 0 => {
                        hedger.give_back();
                        hedges -= 1;
                    }
                    _ => {}
                }
                prop_assert!(hedges * HEDGE <= calls * budget);
                prop_assert!(hedger.saved <= MOST_SAVED * HEDGE);
            }
        }
    }

    /// For two providers.
    fn hedger(after: HedgeDelay, budget: Share) -> Hedger {
        let settings = config::Hedge {
            delay: after,
            budget,
            ..config::Hedge::default()
        };
        Hedger::new(settings, 2)
    }
}
