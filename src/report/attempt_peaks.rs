//! Counts by the time of an attempt, independent of calls: the most attempts within a second, the
//! load on a fault's targets, and the answers after a fault.

use super::fault_impact::Pressure;
use super::recovery::Comeback;
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
    /// By fault.
    pressures: Vec<Pressure>,
    /// The faults that strike each provider, by position.
    faults_of: Vec<Vec<usize>>,
    comebacks: Vec<Comeback>,
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
        let end = state.run.length_ns;
        let providers = subject.providers.len();
        let peaks = Peaks {
            second: 0,
            counts: vec![0; providers],
        };
        let strikes = |provider: usize| {
            let faults = subject.faults.iter().enumerate();
            let hit = faults.filter(move |(_, fault)| {
                let mut targets = fault.targets.iter();
                targets.any(|target| target.index() == provider)
            });
            hit.map(|(place, _)| place).collect()
        };
        let faults = subject.faults.iter().zip(&mut state.aftermath);
        Self {
            run: peaks.clone(),
            stretches: vec![peaks; rules.stretches.len()],
            pressures: faults
                .map(|(fault, aftermath)| Pressure::new(fault.windows, end, aftermath))
                .collect(),
            faults_of: (0..providers).map(strikes).collect(),
            comebacks: Comeback::all(subject),
        }
    }

    /// An attempt at `provider` begins.
    pub(super) fn on_start(
        &mut self,
        rules: &WindowConfig,
        provider: ProviderId,
        at: Instant,
        state: &mut RunStats,
    ) {
        state.timeline.add_attempt(at);
        self.run.on_start(provider, at, &mut state.run);
        let peaks = self.stretches.iter_mut().zip(&rules.stretches);
        for ((peaks, stretch), scope) in peaks.zip(scopes::stretches(state)) {
            if stretch.covers(at) {
                peaks.on_start(provider, at, scope);
            }
        }
        for &fault in self.faults_of.get(provider.index()).into_iter().flatten() {
            self.pressures[fault].on_start(at, &mut state.aftermath[fault]);
        }
    }

    /// A call arrives.
    pub(super) fn on_arrival(&mut self, at: Instant, state: &mut RunStats) {
        for comeback in &mut self.comebacks {
            if let Some(tally) = state.comebacks.get_mut(comeback.provider().index()) {
                comeback.on_arrival(at, tally);
            }
        }
    }

    /// An attempt at `provider` got a whole answer.
    pub(super) fn on_answer(&mut self, provider: ProviderId, at: Instant, state: &mut RunStats) {
        let comebacks = self.comebacks.iter_mut();
        for comeback in comebacks.filter(|one| one.provider() == provider) {
            if let Some(tally) = state.comebacks.get_mut(provider.index()) {
                comeback.on_answer(at, tally);
            }
        }
    }

    /// Ends the run.
    pub(super) fn finish(self, state: &mut RunStats) {
        for comeback in self.comebacks {
            if let Some(tally) = state.comebacks.get_mut(comeback.provider().index()) {
                comeback.finish(tally);
            }
        }
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
