//! How a client behaved: what no policy should do, under any faults.
//!
//! A [`Conduct`] is counted from attempts, and belongs to their calls. A `Watch` adds what depends
//! on the other calls of the same client: its memory grows with clients and providers, not with
//! calls.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::merge::merges;
use crate::policy::keys::KeyId;
use crate::policy::{CallId, ProviderId};
use crate::time::Instant;

/// Violations by the calls of a scope.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Conduct {
    /// The most attempts that one call made.
    pub attempts_max: u64,
    /// Attempts at a provider that had failed the same call in a way that no retry can help.
    pub useless_retries: u64,
    /// Attempts before the end of a wait that the provider's hint had asked of the same call.
    pub hints_violated: u64,
    /// Attempts before the end of a wait that the provider's hint had asked of the same client.
    pub hints_violated_by_client: u64,
    /// The most probes that one client had in flight at one provider.
    pub probes_at_once: u64,
}

merges!(Conduct {
    attempts_max: max,
    useless_retries: sum,
    hints_violated: sum,
    hints_violated_by_client: sum,
    probes_at_once: max,
});

/// The hints from each provider to each client process, and its probes in flight.
#[derive(Debug)]
pub(super) struct Watch {
    clients: u64,
    /// The end of the longest hint, by client and key.
    waits: BTreeMap<(u64, Keyed), Instant>,
    /// Probes in flight, by client.
    probes: BTreeMap<(u64, ProviderId), u64>,
}

/// A provider and one of its keys: a hint holds for the key that it was sent to.
pub(super) type Keyed = (ProviderId, KeyId);

/// What the client's other calls imply for an attempt that starts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    /// Whether a hint to its client is still in force.
    pub(super) is_early: bool,
    /// The probes of its client in flight, this one included; none when it is not a probe.
    pub(super) probes: u64,
}

impl Watch {
    /// For `clients` client processes.
    pub(super) fn new(clients: u64) -> Self {
        Self {
            clients: clients.max(1),
            waits: BTreeMap::new(),
            probes: BTreeMap::new(),
        }
    }

    /// An attempt starts.
    pub(super) fn on_start(
        &mut self,
        call: CallId,
        whom: Keyed,
        is_probe: bool,
        at: Instant,
    ) -> Standing {
        let client = call.0 % self.clients;
        let until = self.waits.get(&(client, whom));
        let is_early = until.is_some_and(|&until| at < until);
        let probes = match is_probe {
            false => 0,
            true => {
                let probes = self.probes.entry((client, whom.0)).or_default();
                *probes += 1;
                *probes
            }
        };
        Standing { is_early, probes }
    }

    /// A provider's hint asked a call's client to wait for `hint` from now on.
    pub(super) fn on_hint(&mut self, call: CallId, whom: Keyed, hint: Duration, at: Instant) {
        let client = call.0 % self.clients;
        let until = self.waits.entry((client, whom)).or_insert(at);
        *until = (*until).max(at + hint);
    }

    /// A probe is no longer in flight.
    pub(super) fn on_probe_over(&mut self, call: CallId, provider: ProviderId) {
        let client = call.0 % self.clients;
        if let Some(probes) = self.probes.get_mut(&(client, provider)) {
            *probes = probes.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Instant = Instant::from_nanos(5);

    #[test]
    fn clients_do_not_answer_for_each_other() {
        let mut watch = Watch::new(2);
        let here = (ProviderId(0), KeyId(0));
        watch.on_hint(CallId(1), here, Duration::from_nanos(10), AT);
        watch.on_hint(CallId(1), here, Duration::from_nanos(3), AT);
        let early = |watch: &mut Watch, call, at| {
            let at = Instant::from_nanos(at);
            watch.on_start(CallId(call), here, false, at).is_early
        };
        assert!(early(&mut watch, 3, 14) && !early(&mut watch, 3, 15));
        assert!(!early(&mut watch, 2, 14));
        let elsewhere = watch.on_start(CallId(3), (ProviderId(1), KeyId(0)), false, AT);
        assert!(!elsewhere.is_early);
        let other_key = watch.on_start(CallId(3), (ProviderId(0), KeyId(1)), false, AT);
        assert!(!other_key.is_early, "the wait was asked of another key");
    }

    #[test]
    fn probes_are_counted_while_they_are_in_flight() {
        let mut watch = Watch::new(1);
        let probe = |watch: &mut Watch, call| {
            let call = CallId(call);
            watch
                .on_start(call, (ProviderId(0), KeyId(0)), true, AT)
                .probes
        };
        assert_eq!((probe(&mut watch, 0), probe(&mut watch, 1)), (1, 2));
        watch.on_probe_over(CallId(0), ProviderId(0));
        assert_eq!(probe(&mut watch, 2), 2);
        let no_probe = watch.on_start(CallId(3), (ProviderId(0), KeyId(0)), false, AT);
        assert_eq!(no_probe.probes, 0);
    }
}
