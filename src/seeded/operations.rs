//! Which operations on the client are active at a moment. `world` applies them.

use crate::policy::ProviderId;
use crate::scenario::{Scenario, Work};
use crate::time::{Instant, Windows};

impl Scenario {
    /// The moments at which an operation begins or ends, in order, each once.
    pub fn turns(&self) -> Vec<Instant> {
        let turns = self.operations.iter().flat_map(|operation| {
            let Windows { at, length, .. } = operation.windows;
            let end = length.map(|length| at.saturating_add(length));
            [Some(at), end].into_iter().flatten()
        });
        let mut turns: Vec<Instant> = turns.map(|turn| Instant::START + turn).collect();
        turns.sort_unstable();
        turns.dedup();
        turns
    }

    /// Whether an operation takes this provider out at `now`.
    pub fn is_isolated(&self, provider: ProviderId, now: Instant) -> bool {
        let mut works = self.operations.iter();
        works.any(|one| one.work == Work::Isolate(provider) && one.windows.covers(now))
    }

    /// The provider to which calls are pinned at `now`, if any; the latest pin counts.
    pub fn pinned(&self, now: Instant) -> Option<ProviderId> {
        let at_work = self.operations.iter().filter(|one| one.windows.covers(now));
        let pins = at_work.filter_map(|one| match one.work {
            Work::Pin(provider) => Some((one.windows.at, provider)),
            Work::Isolate(_) => None,
        });
        let last = pins.max_by_key(|(at, _)| *at);
        last.map(|(_, provider)| provider)
    }
}
