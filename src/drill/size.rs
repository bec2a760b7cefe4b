//! How large a run is before it starts: its calls, how many of them are in flight, and the memory
//! that they take.
//!
//! What is in flight follows from the arrivals and from how long calls last (Little's law). The
//! usual number takes the fastest provider's median answer, and what client and providers let in
//! at once. The most are all calls that can be open: each lasts until its deadline, or for ever.

use std::time::Duration;

use super::{Drill, Engine};
use crate::policy::config::Policy;
use crate::scenario::{Calls, Load, Provider, Scenario};
use crate::time::{Instant, nanos};

/// The size of one run of a drill, under the policy with the most calls in flight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunSize {
    /// The calls that arrive, about.
    pub calls: u64,
    /// For how long calls arrive, in simulated time.
    pub duration: Duration,
    /// The calls in flight at the busiest moment, if nothing goes wrong.
    pub in_flight: u64,
    /// The calls that can be in flight.
    pub at_most: u64,
}

impl Drill {
    /// The size of one of its runs.
    pub fn size(&self) -> RunSize {
        let scenario = self.scenario();
        let sizes = self.policies().iter().map(|policy| size(scenario, policy));
        sizes
            .reduce(|one, two| RunSize {
                in_flight: one.in_flight.max(two.in_flight),
                at_most: one.at_most.max(two.at_most),
                ..one
            })
            .unwrap_or_default()
    }
}

impl Engine {
    /// The memory of a run with so many calls in flight, in bytes.
    ///
    /// Measured as the peak of the resident set with 1,000, 5,000 and 10,000 calls in flight, plain
    /// and streamed, less that with 10 (14 MB): 33 to 36 kB a call with the simulated network, of
    /// which 39 are counted, and 2 to 5.3 kB without bytes.
    pub const fn memory(self, calls: u64) -> u64 {
        let each = match self {
            Self::Wire => 39_000,
            Self::Model => 5_300,
        };
        calls.saturating_mul(each)
    }
}

fn size(scenario: &Scenario, policy: &Policy) -> RunSize {
    let (load, duration) = (&scenario.load, scenario.run.duration);
    let usual = usual_length(scenario);
    let longest = longest(load, policy);
    let (calls, usual, most) = match &load.calls {
        Calls::Drawn { rate, .. } => {
            let by = |at| u64::try_from(rate.calls_by(at)).unwrap_or(u64::MAX);
            let within = |length| busiest(duration, length, &by);
            let most = longest.map(within);
            let calls = by(Instant::START + duration);
            (calls, within(usual), most)
        }
        Calls::Trace { rows, .. } => {
            let by = |at| rows.partition_point(|row| row.arrival <= at) as u64;
            let within = |length| busiest(duration, length, &by);
            (rows.len() as u64, within(usual), longest.map(within))
        }
        Calls::Listed { at } => {
            let by = |moment| at.partition_point(|arrival| *arrival <= moment) as u64;
            let within = |length| busiest(duration, length, &by);
            (at.len() as u64, within(usual), longest.map(within))
        }
        Calls::Users { users } => {
            let round = nanos(users.think.p50) + nanos(usual);
            let share = |of: u64, part: u64, whole: u64| {
                let product = u128::from(of) * u128::from(part);
                u64::try_from(product / u128::from(whole.max(1))).unwrap_or(u64::MAX)
            };
            let in_flight = share(users.count, nanos(usual), round).max(1);
            let calls = share(users.count, nanos(duration), round);
            (calls, in_flight, Some(users.count))
        }
    };
    let clicks = clicks(load);
    let at_most = most
        .unwrap_or(calls)
        .min(calls.max(1))
        .saturating_mul(clicks);
    RunSize {
        calls,
        duration,
        in_flight: usual.min(at_once(scenario, policy)).min(at_most),
        at_most,
    }
}

/// The most arrivals within any `length` of time; `by` counts the arrivals by a moment.
fn busiest(duration: Duration, length: Duration, by: &dyn Fn(Instant) -> u64) -> u64 {
    let (end, length) = (nanos(duration), nanos(length).min(nanos(duration)));
    let at = |nanos| by(Instant::from_nanos(nanos));
    let starts = (0..=MOMENTS).map(|place| {
        let start = u128::from(end - length) * u128::from(place) / u128::from(MOMENTS);
        u64::try_from(start).unwrap_or(u64::MAX)
    });
    let within = starts.map(|start| at(start + length) - at(start));
    within.max().unwrap_or_default().max(1)
}

/// How long a call usually takes at the fastest provider.
fn usual_length(scenario: &Scenario) -> Duration {
    let outputs = scenario.load.kinds().iter();
    let outputs = outputs.filter_map(|kind| kind.output.map(|output| output.p50));
    let output = outputs.min().unwrap_or_default();
    let length = |provider: &Provider| {
        let millis = u128::from(provider.speed.p50.as_milli().max(1));
        let tokens = u128::from(output) * 1_000_000_000_000 / millis;
        let tokens = Duration::from_nanos(u64::try_from(tokens).unwrap_or(u64::MAX));
        provider.ttft.p50.saturating_add(tokens)
    };
    let lengths = scenario.providers.iter().map(length);
    lengths.min().unwrap_or_default()
}

/// The longest that a call is open; none if nothing ends it.
fn longest(load: &Load, policy: &Policy) -> Option<Duration> {
    let deadlines = load.kinds().iter().map(|kind| kind.deadline.length());
    let deadline = deadlines.reduce(|one, two| Some(one?.max(two?))).flatten();
    let timeout = policy.timeouts.call;
    deadline.into_iter().chain(timeout).min()
}

/// The calls that one click can have open: further clicks leave the earlier ones open, or not.
fn clicks(load: &Load) -> u64 {
    match load.user_retry {
        Some(retry) if !retry.abandons => 1 + u64::from(retry.at_most),
        _ => 1,
    }
}

/// The calls that the client's limits, or the providers' places, let in at once.
fn at_once(scenario: &Scenario, policy: &Policy) -> u64 {
    let clients = u64::from(scenario.load.clients);
    let providers = scenario.providers.len() as u64;
    let own = policy.limit.concurrency.map(|limit| {
        let queued = policy.queue.as_ref().map_or(0, |queue| queue.max_calls);
        (u64::from(limit) * providers)
            .saturating_add(u64::from(queued))
            .saturating_mul(clients)
    });
    let mut places = scenario.providers.iter().map(|provider| {
        let capacity = provider.capacity?;
        Some(capacity.slots.saturating_add(capacity.queue))
    });
    let places = places.try_fold(0_u64, |sum, one| Some(sum.saturating_add(one?)));
    own.into_iter().chain(places).min().unwrap_or(u64::MAX)
}

/// At how many moments the arrivals are looked at.
const MOMENTS: u64 = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_time_is_that_of_the_peak() {
        // One call a second, and ten a second from 30 s to 40 s.
        let by = |at: Instant| {
            let seconds = at.as_nanos() / 1_000_000_000;
            seconds + 9 * seconds.clamp(30, 40) - 270
        };
        let within = |length| {
            let (run, length) = (Duration::from_secs(60), Duration::from_secs(length));
            busiest(run, length, &by)
        };
        assert_eq!(within(5), 50);
        assert_eq!(within(20), 110);
        assert_eq!(within(60), 150);
        assert_eq!(within(600), 150, "the run is no longer");
    }

    #[test]
    fn memory_grows_with_the_calls_and_never_overflows() {
        assert_eq!(Engine::Wire.memory(10_000), 390_000_000);
        assert!(Engine::Model.memory(10_000) < Engine::Wire.memory(10_000) / 7);
        assert_eq!(Engine::Wire.memory(u64::MAX), u64::MAX);
    }
}
