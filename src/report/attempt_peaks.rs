//! Counts by the time of an attempt, independent of calls: the most attempts within a second, the
//! load on a fault's targets, and the answers after a fault.

use super::fault_impact::Pressures;
use super::recovery::Comebacks;
use super::run_stats::{RunStats, Scope};
use super::scopes;
use super::subject::Subject;
use super::windows::WindowConfig;
use crate::policy::ProviderId;
use crate::time::Instant;

/// Counts attempts as they begin.
#[derive(Debug)]
pub(super) struct Moments {
    run: Peaks,
    /// By interval.
    stretches: Vec<Peaks>,
    pressures: Pressures,
    comebacks: Comebacks,
}

/// The attempts within the current second of the run, by provider.
#[derive(Clone, Debug, Default)]
struct Peaks {
    second: u64,
    counts: Vec<u64>,
}

impl Moments {
    /// Counters for a run of `subject`; writes its lengths of time to `state`.
    pub(super) fn new(subject: &Subject, rules: &WindowConfig, state: &mut RunStats) -> Self {
        let providers = subject.providers.len();
        let peaks = Peaks {
            second: 0,
            counts: vec![0; providers],
        };
        Self {
            run: peaks.clone(),
            stretches: vec![peaks; rules.stretches.len()],
            pressures: Pressures::new(subject, &mut state.aftermath),
            comebacks: Comebacks::new(subject),
        }
    }

    /// An attempt at `provider` begins, within the intervals at these positions.
    pub(super) fn on_start(
        &mut self,
        active: &[usize],
        provider: ProviderId,
        at: Instant,
        state: &mut RunStats,
    ) {
        state.timeline.add_attempt(at);
        self.run.on_start(provider, at, &mut state.run);
        for &place in active {
            if let Some(scope) = scopes::stretch_of_all(state, place) {
                self.stretches[place].on_start(provider, at, scope);
            }
        }
        self.pressures.on_start(provider, at, &mut state.aftermath);
    }

    /// A call arrives.
    pub(super) fn on_arrival(&mut self, at: Instant, state: &mut RunStats) {
        self.comebacks.on_arrival(at, &mut state.comebacks);
    }

    /// An attempt at `provider` got a whole answer.
    pub(super) fn on_answer(&mut self, provider: ProviderId, at: Instant, state: &mut RunStats) {
        self.comebacks.on_answer(provider, at, &mut state.comebacks);
    }

    /// Ends the run.
    pub(super) fn finish(self, state: &mut RunStats) {
        self.pressures.finish(&mut state.aftermath);
        self.comebacks.finish(&mut state.comebacks);
    }
}

impl Peaks {
    fn on_start(&mut self, provider: ProviderId, at: Instant, scope: &mut Scope) {
        let second = at.as_nanos() / 1_000_000_000;
        if second != self.second {
            self.second = second;
            self.counts.fill(0);
        }
        let count = self.counts.get_mut(provider.index());
        if let Some((count, tally)) = count.zip(scope.providers.get_mut(provider.index())) {
            *count += 1;
            tally.peak = tally.peak.max(*count);
        }
    }
}
