//! Paused client processes: a long pause of the garbage collector, a stopped machine.
//!
//! Which processes a fault freezes is drawn by their numbers, once for each window. Users are not
//! frozen: their calls arrive on time, and latency counts from there, though the process handles
//! them only when it resumes.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::World;
use super::task::spawn;
use crate::host::opened;
use crate::policy::CallId;
use crate::policy::call::{FailureReason, Outcome};
use crate::scenario::fault::FaultKind;
use crate::seeded::{AttemptInfo, SeededFault};
use crate::time::Instant;
use crate::trace::{Event, EventKind, Recorder};

/// Whether any of `faults` freezes a process.
pub(super) fn is_due(faults: &[SeededFault]) -> bool {
    faults
        .iter()
        .any(|drawn| drawn.fault.inject == FaultKind::ClientPause)
}

/// Starts a task for each fault that freezes client processes.
pub(super) fn start(world: &Rc<World>, faults: &[SeededFault]) {
    let freezes = faults
        .iter()
        .filter(|drawn| drawn.fault.inject == FaultKind::ClientPause);
    for drawn in freezes {
        spawn(world, windows(world.clone(), drawn.clone()));
    }
}

/// Freezes the processes that the fault strikes in each of its windows.
async fn windows(world: Rc<World>, drawn: SeededFault) {
    let mut next = drawn.at_or_after(Instant::START);
    for window in 0.. {
        let Some((start, end)) = next else {
            return;
        };
        tokio::time::sleep_until(world.moment(start)).await;
        let struck = (0..world.clients).filter(|&client| {
            let seen = opened(start, u64::from(client), client);
            drawn.applies(&AttemptInfo {
                nth: window,
                ..seen
            })
        });
        let struck: Vec<u32> = struck.collect();
        for &client in &struck {
            world.fired(drawn.id);
            world.processes.freeze(client);
        }
        let Some(end) = end else {
            return;
        };
        tokio::time::sleep_until(world.moment(end)).await;
        struck
            .into_iter()
            .for_each(|client| world.processes.thaw(client));
        next = drawn.at_or_after(end);
    }
}

/// Records calls when they arrive, and not a second time when a frozen process handles them.
pub(super) struct Arrivals {
    inner: Arc<dyn Recorder>,
    told: Mutex<BTreeSet<CallId>>,
}

impl Arrivals {
    /// Forwards events to `inner`.
    pub(super) fn new(inner: Arc<dyn Recorder>) -> Self {
        Self {
            inner,
            told: Mutex::default(),
        }
    }

    fn told(&self) -> MutexGuard<'_, BTreeSet<CallId>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that has arrived at a frozen process. If the process never handles it, the call ends as
/// unfinished.
pub(super) struct Arrival {
    world: Rc<World>,
    arrivals: Arc<Arrivals>,
    call: CallId,
}

impl Arrival {
    /// Records that `call` arrives at process `client`, if that is frozen.
    pub(super) fn of(world: &Rc<World>, client: u32, call: CallId) -> Option<Self> {
        let arrivals = world
            .arrivals
            .as_ref()
            .filter(|_| world.processes.is_frozen(client))?;
        let streamed = world.workload.is_streamed(call);
        world.record(EventKind::Arrived { call, streamed });
        arrivals.told().insert(call);
        Some(Self {
            world: world.clone(),
            arrivals: arrivals.clone(),
            call,
        })
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        if self.arrivals.told().remove(&self.call) {
            self.world.record(EventKind::Ended {
                call: self.call,
                outcome: Outcome::Failed(FailureReason::Unfinished),
            });
        }
    }
}

impl Recorder for Arrivals {
    fn record(&self, event: &Event) {
        if let EventKind::Arrived { call, .. } = event.kind
            && self.told().remove(&call)
        {
            return;
        }
        self.inner.record(event);
    }

    fn wants_reasons(&self) -> bool {
        self.inner.wants_reasons()
    }
}
