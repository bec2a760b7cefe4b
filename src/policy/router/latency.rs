//! Least latency: of two providers drawn at random, the one that is likely to answer sooner.
//!
//! If all calls used the fastest provider, they would overload it. With two random choices each
//! provider gets only a share of the calls, and the worst is still avoided (Mitzenmacher, IEEE TPDS
//! 12, 2001). The measure is the peak EWMA of the time to its answer, times the attempts that would
//! then be in flight.

use std::time::Duration;

use super::Rank;
use super::observed::Observed;
use crate::rng::Stream;
use crate::time::Instant;

/// Measures each provider by the expected time to its answer. A provider without observations
/// counts as the fastest, so that it is tried, but gets no more calls than the fastest would.
pub(super) fn measure(
    ranks: &mut [Rank],
    observed: &[Observed],
    now: Instant,
    half_life: Duration,
) {
    let latency = |rank: &Rank| observed[rank.provider.index()].latency(now, half_life);
    let mut soonest = u64::MAX;
    for rank in &mut *ranks {
        rank.key = latency(rank).unwrap_or(u64::MAX);
        soonest = soonest.min(rank.key);
    }
    let unknown = if soonest == u64::MAX { 1 } else { soonest };
    for rank in ranks {
        let in_flight = u64::from(observed[rank.provider.index()].in_flight());
        let latency = if rank.key == u64::MAX {
            unknown
        } else {
            rank.key
        };
        rank.key = latency.saturating_mul(in_flight + 1);
    }
}

/// The index in the group, from 0, of its leader: the better of two, or the first drawn if equal.
pub(super) fn choose(group: &[Rank], draw: &mut Stream) -> usize {
    let count = group.len() as u64;
    if count < 2 {
        return 0;
    }
    let one = draw.below(count) as usize;
    let other = draw.below(count - 1) as usize;
    let other = other + usize::from(other >= one);
    if group[other].key < group[one].key {
        other
    } else {
        one
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::ProviderId;
    use crate::policy::router::AttemptResult;
    use crate::rng::{Purpose, RngStreams};

    #[test]
    fn attempts_under_way_count_as_much_as_slowness() {
        let mut observed = [observed(Some(100)), observed(Some(250))];
        assert!(measured(&observed)[0] < measured(&observed)[1]);
        observed[0].on_start();
        observed[0].on_start();
        assert!(measured(&observed)[0] > measured(&observed)[1]);
    }

    #[test]
    fn the_unknown_counts_as_the_soonest_until_it_is_busy() {
        let mut observed = [observed(Some(300)), observed(Some(100)), observed(None)];
        assert_eq!(measured(&observed)[2], measured(&observed)[1]);
        observed[2].on_start();
        assert!(measured(&observed)[2] > measured(&observed)[1]);
        assert!(measured(&observed)[2] < measured(&observed)[0]);
    }

    #[test]
    fn where_nothing_is_known_the_idle_come_first() {
        let mut observed = [observed(None), observed(None)];
        observed[0].on_start();
        assert!(measured(&observed)[1] < measured(&observed)[0]);
    }

    #[test]
    fn the_choice_spreads_over_equals_and_never_takes_the_worst() {
        let equals = ranks(&[7, 7, 7, 7]);
        let led = led(&equals);
        assert!(
            led.iter().all(|count| (2_350..2_650).contains(count)),
            "{led:?}"
        );
        let led = self::led(&ranks(&[1, 2, 3, 9]));
        assert_eq!(led[3], 0, "{led:?}");
        assert!(led[0] > led[1] && led[1] > led[2], "{led:?}");
    }

    #[test]
    fn alone_nothing_is_drawn() {
        let mut draw = RngStreams::new(1).stream(Purpose::Route, 0, 0, 0);
        assert_eq!(choose(&ranks(&[5]), &mut draw), 0);
    }

    /// How often each leads in 10,000 calls.
    fn led(group: &[Rank]) -> [u32; 4] {
        let mut led = [0; 4];
        for call in 0..10_000 {
            let mut draw = RngStreams::new(1).stream(Purpose::Route, call, 0, 0);
            led[choose(group, &mut draw)] += 1;
        }
        led
    }

    fn measured(observed: &[Observed]) -> Vec<u64> {
        let mut ranks = ranks(&vec![0; observed.len()]);
        measure(
            &mut ranks,
            observed,
            Instant::START,
            Duration::from_secs(10),
        );
        ranks.into_iter().map(|rank| rank.key).collect()
    }

    fn observed(millis: Option<u64>) -> Observed {
        let mut observed = Observed::default();
        if let Some(millis) = millis {
            let seen = AttemptResult::Well(Duration::from_millis(millis));
            observed.on_end(seen, Instant::START, Duration::from_secs(10));
        }
        observed
    }

    fn ranks(keys: &[u64]) -> Vec<Rank> {
        let rank = |(at, &key)| Rank {
            group: (0, 0),
            key,
            provider: ProviderId(at),
        };
        (0..).zip(keys).map(rank).collect()
    }
}
