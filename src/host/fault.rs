//! Faults that strike a connection rather than an exchange.
//!
//! Faults of a new connection are drawn by its number at the provider and its client, because no
//! request is known yet. Faults of a kept-alive connection are drawn like those of attempts. Of
//! several faults that strike at once, the first of the scenario decides.

use std::time::Duration;

use crate::policy::{CallId, ProviderId};
use crate::rng::RngStreams;
use crate::scenario::Scenario;
use crate::scenario::fault::{CloseMode, FaultKind, Layer};
use crate::seeded::{ActiveFaults, AttemptInfo, SeededFault};
use crate::time::Instant;
use crate::trace::FaultId;

/// The faults of one provider's connections, in the scenario's order.
#[derive(Clone, Debug)]
pub(crate) struct Faults(ActiveFaults);

/// The fault of a new connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// The first bytes are answered with a TLS alert.
    Alert,
    /// Nothing is ever read.
    AcceptOnly,
    /// It is closed before a byte.
    Closed(CloseMode),
}

impl Faults {
    /// The faults of `scenario` that strike connections to `id`.
    pub(crate) fn new(scenario: &Scenario, id: ProviderId, draws: RngStreams) -> Self {
        let all = SeededFault::all(&scenario.faults, draws);
        let own = all.iter();
        let own = own.filter(|one| one.fault.inject.layer() == Layer::Connection);
        Self(ActiveFaults::at_target(id, own))
    }

    /// Puts `fault` in the place of the one with its number.
    pub(super) fn replace(&mut self, fault: &SeededFault) {
        self.0.replace(fault);
    }

    /// The fault that strikes connection `number`, which `client` opens at `now`.
    pub(crate) fn opening(
        &mut self,
        now: Instant,
        number: u64,
        client: u32,
    ) -> Option<(FaultId, Opening)> {
        let seen = opened(now, number, client);
        self.0.at(now).find_map(|drawn| {
            let opening = match drawn.fault.inject {
                FaultKind::Tls => Opening::Alert,
                FaultKind::AcceptOnly => Opening::AcceptOnly,
                FaultKind::Closed(cut) => Opening::Closed(cut),
                _ => return None,
            };
            drawn.applies(&seen).then_some((drawn.id, opening))
        })
    }

    /// How a kept-alive connection ends under this request, after this idle time.
    pub(crate) fn stale(
        &mut self,
        seen: &AttemptInfo<'_>,
        idle: Duration,
    ) -> Option<(FaultId, CloseMode)> {
        self.0
            .at(seen.now)
            .find_map(|drawn| match drawn.fault.inject {
                FaultKind::StaleKeepAlive { idle: least, with } if idle >= least => {
                    drawn.applies(seen).then_some((drawn.id, with))
                }
                _ => None,
            })
    }

    /// How long after the answer to this request the connection is closed.
    pub(crate) fn slow_close(&mut self, seen: &AttemptInfo<'_>) -> Option<(FaultId, Duration)> {
        self.0
            .at(seen.now)
            .find_map(|drawn| match drawn.fault.inject {
                FaultKind::SlowClose { by } => drawn.applies(seen).then_some((drawn.id, by)),
                _ => None,
            })
    }
}

/// A connection as faults see it: its number stands for the call, which is not known yet.
pub(crate) fn opened(now: Instant, number: u64, client: u32) -> AttemptInfo<'static> {
    AttemptInfo {
        client,
        ..AttemptInfo::new(now, CallId(number))
    }
}
