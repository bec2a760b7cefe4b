//! Health checks: small requests to providers, independent of calls.
//!
//! This module schedules checks and judges providers by them. The fleet resolves `targets`; the
//! client makes the exchange and accounts for its cost. A check may take longer than the interval:
//! results count in the order in which they arrive.

use super::ProviderId;
use super::config;
use crate::time::Instant;

/// The checks of one client.
#[derive(Clone, Debug)]
pub(crate) struct HealthChecks {
    settings: config::HealthCheck,
    each: Vec<Checked>,
}

/// The checks of one provider.
#[derive(Clone, Copy, Debug)]
struct Checked {
    next: Instant,
    is_down: bool,
    /// Checks in a row that contradict `is_down`.
    against: u32,
}

impl HealthChecks {
    /// For a fleet of this many providers. The first checks are spread over the first interval.
    pub(crate) fn new(settings: config::HealthCheck, providers: usize) -> Self {
        let count = u32::try_from(providers).unwrap_or(u32::MAX).max(1);
        let step = settings.interval / count;
        let each = (1..=count).take(providers).map(|turn| Checked {
            next: Instant::START + step.saturating_mul(turn),
            is_down: false,
            against: 0,
        });
        Self {
            each: each.collect(),
            settings,
        }
    }

    /// The settings of the checks.
    pub(crate) fn settings(&self) -> &config::HealthCheck {
        &self.settings
    }

    /// When to call [`Self::due`] again: at the next check; the end of time if the fleet is empty.
    pub(crate) fn next_at(&self) -> Instant {
        let moments = self.each.iter().map(|checked| checked.next);
        moments.min().unwrap_or(Instant::from_nanos(u64::MAX))
    }

    /// A provider with a due check for which `is_asked` is true, if any; its next check is an
    /// interval away. Where `is_asked` is false, the due check is skipped.
    ///
    /// However late this is called, each provider gets one check at most: missed checks are not
    /// made up for. Due checks are returned in the order in which they became due.
    pub(crate) fn due(
        &mut self,
        now: Instant,
        is_asked: impl Fn(ProviderId) -> bool,
    ) -> Option<ProviderId> {
        for _ in 0..self.each.len() {
            let turns = (0..u16::MAX).zip(&mut self.each);
            let (position, checked) = turns
                .filter(|(_, checked)| checked.next <= now)
                .min_by_key(|(_, checked)| checked.next)?;
            checked.next = now + self.settings.interval;
            if is_asked(ProviderId(position)) {
                return Some(ProviderId(position));
            }
            // Checks before and after a skipped one are not in a row.
            checked.against = 0;
        }
        None
    }

    /// A check ended.
    pub(crate) fn on_end(&mut self, provider: ProviderId, passed: bool) {
        let Some(checked) = self.each.get_mut(provider.index()) else {
            return;
        };
        if passed != checked.is_down {
            checked.against = 0;
            return;
        }
        checked.against = checked.against.saturating_add(1);
        let most = if passed {
            self.settings.healthy_threshold
        } else {
            self.settings.unhealthy_threshold
        };
        if checked.against >= most {
            checked.is_down = !passed;
            checked.against = 0;
        }
    }

    /// Whether the provider counts as unhealthy.
    pub(crate) fn is_down(&self, provider: ProviderId) -> bool {
        let checked = self.each.get(provider.index());
        checked.is_some_and(|checked| checked.is_down)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;
    use std::time::Duration;

    #[test]
    fn the_first_checks_are_spread_over_the_first_interval() {
        let mut checks = checks(3);
        let mut seen = Vec::new();
        for second in 0..=60 {
            while let Some(provider) = checks.due(at(second), |_| true) {
                seen.push((second, provider.0));
            }
        }
        let first = [(10, 0), (20, 1), (30, 2)];
        let second = [(40, 0), (50, 1), (60, 2)];
        assert_eq!(seen, [first, second].concat());
        assert_eq!(checks.next_at(), at(70));
    }

    #[test]
    fn after_a_long_silence_nobody_is_asked_twice() {
        let mut checks = checks(3);
        let asked: Vec<_> = (0..9)
            .filter_map(|_| checks.due(at(9_999), |_| true))
            .collect();
        assert_eq!(asked, [0, 1, 2].map(ProviderId));
        assert_eq!(checks.next_at(), at(9_999 + 30));
    }

    #[test]
    fn whoever_is_not_asked_has_its_turn_passed_over() {
        let mut checks = checks(3);
        let asked = checks.due(at(30), |provider| provider.0 == 2);
        assert_eq!(asked, Some(ProviderId(2)));
        assert_eq!(checks.due(at(59), |_| true), None);
        assert_eq!(checks.due(at(60), |_| false), None);
        assert_eq!(checks.next_at(), at(90));
    }

    #[test]
    fn a_row_of_failures_takes_it_down_and_a_row_of_passes_brings_it_back() {
        let mut checks = HealthChecks::new(
            config::HealthCheck {
                unhealthy_threshold: 2,
                healthy_threshold: 3,
                ..config::HealthCheck::default()
            },
            1,
        );
        let mut ends = |passed| {
            checks.on_end(ProviderId(0), passed);
            checks.is_down(ProviderId(0))
        };
        let told = [false, true, false, false, true, true, false, true, true].map(&mut ends);
        assert_eq!(
            told,
            [false, false, false, true, true, true, true, true, true]
        );
        assert!(!ends(true), "the third in a row");
    }

    #[test]
    fn failures_around_a_turn_that_was_passed_over_are_not_in_a_row() {
        let mut checks = checks(1);
        checks.on_end(ProviderId(0), false);
        assert_eq!(checks.due(at(30), |_| false), None);
        checks.on_end(ProviderId(0), false);
        assert!(!checks.is_down(ProviderId(0)));
        checks.on_end(ProviderId(0), false);
        assert!(checks.is_down(ProviderId(0)));
    }

    #[test]
    fn a_fleet_of_nobody_is_never_asked() {
        let mut checks = checks(0);
        assert_eq!(checks.due(at(9_999), |_| true), None);
        assert_eq!(checks.next_at(), Instant::from_nanos(u64::MAX));
        checks.on_end(ProviderId(0), false);
        assert!(!checks.is_down(ProviderId(0)));
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(1),
            ..ProptestConfig::default()
        })]

        #[test]
        fn two_checks_of_one_provider_are_an_interval_apart(
            providers in 1_usize..6,
            gaps in prop::collection::vec((0_u64..70, any::<u8>()), 1..60),
        ) {
            let mut checks = checks(providers);
            let mut last = vec![None; providers];
            let mut second = 0;
            for (gap, whom) in gaps {
                second += gap;
                while let Some(provider) = checks.due(at(second), |id| whom >> id.0 & 1 == 1) {
                    let before = last[provider.index()].replace(second);
                    prop_assert!(before.is_none_or(|before| second - before >= 30));
                }
                prop_assert!(checks.next_at() > at(second));
                prop_assert!(checks.next_at() <= at(second + 30));
            }
        }
    }

    /// Every 30 s; down after two failures, up after one pass.
    fn checks(providers: usize) -> HealthChecks {
        HealthChecks::new(config::HealthCheck::default(), providers)
    }

    fn at(second: u64) -> Instant {
        Instant::START + Duration::from_secs(second)
    }
}
