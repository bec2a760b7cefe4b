//! Runs a seed again without a fault: the calls that succeed then failed because of it.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Engine;
use crate::policy::CallId;
use crate::policy::config::Policy;
use crate::report::story::{Blame, Keeper, Pick, Worst};
use crate::scenario::Scenario;
use crate::trace::{Event, FaultId, Recorder};
use crate::units::Share;

/// Blames the failed calls of `worst`, a run of `scenario` under `policy` and `seed`: one more run
/// for each fault that fired, up to [`MOST_RUNS`].
pub(super) fn blame(
    engine: Engine,
    scenario: &Scenario,
    policy: &Policy,
    seed: u64,
    worst: &Worst,
) -> io::Result<Blame> {
    let mut faults = Vec::from_iter(worst.fired.iter().copied());
    // Those that struck the most failed calls first, if not all can be tried.
    faults.sort_by_key(|fault| (Reverse(worst.struck.get(fault).copied()), *fault));
    let mut untried = faults.split_off(faults.len().min(MOST_RUNS));
    untried.sort_unstable();
    faults.sort_unstable();
    let saved = faults.into_iter().map(|fault| {
        let saved = saved_without(fault, engine, scenario, policy, seed, &worst.failed)?;
        Ok((fault, saved))
    });
    let saved: Vec<(FaultId, BTreeSet<CallId>)> = saved.collect::<io::Result<_>>()?;
    Ok(Blame::new(&worst.failed, &saved, untried))
}

/// Those of the `failed` calls that succeed without this fault.
fn saved_without(
    fault: FaultId,
    engine: Engine,
    scenario: &Scenario,
    policy: &Policy,
    seed: u64,
    failed: &BTreeSet<CallId>,
) -> io::Result<BTreeSet<CallId>> {
    let mut scenario = scenario.clone();
    // The others keep their numbers, and so their luck.
    if let Some(fault) = scenario.faults.get_mut(fault.index()) {
        fault.chance = Share::ZERO;
    }
    let recorder = Arc::new(Saved {
        failed: failed.clone(),
        state: Mutex::new((Keeper::new(Pick::All), BTreeSet::new())),
    });
    engine.run(&scenario, policy, seed, recorder.clone())?;
    Ok(std::mem::take(&mut recorder.state().1))
}

/// Notes which of the failed calls succeed: a wrong answer is no success.
struct Saved {
    failed: BTreeSet<CallId>,
    state: Mutex<(Keeper, BTreeSet<CallId>)>,
}

impl Saved {
    fn state(&self) -> MutexGuard<'_, (Keeper, BTreeSet<CallId>)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recorder for Saved {
    fn record(&self, event: &Event) {
        let (keeper, saved) = &mut *self.state();
        if let Some(story) = keeper.on_event(event)
            && story.failure().is_none()
            && self.failed.contains(&story.call)
        {
            saved.insert(story.call);
        }
    }
}

/// The most faults that are left out, one after the other.
const MOST_RUNS: usize = 8;
