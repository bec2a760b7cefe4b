//! The link to one provider: its latency, and the faults that act on it.
//!
//! `network` applies them to packets.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::host::opened;
use crate::policy::ProviderId;
use crate::scenario::fault::{FaultKind, Layer};
use crate::seeded::SeededFault;
use crate::time::Instant;
use crate::trace::FaultId;

/// The link to one provider, over which connections are told apart by `C`.
pub(crate) struct Link<C> {
    /// The one-way latency of a packet.
    pub(crate) one_way: Duration,
    /// How many outages have begun.
    pub(crate) outages: u64,
    faults: Vec<LinkFault<C>>,
    /// How many connections were requested.
    asked: u64,
    /// How many times its name was looked up.
    looked_up: u64,
}

/// A fault of the network itself.
struct LinkFault<C> {
    drawn: SeededFault,
    /// Connections from which this blackhole has dropped packets, each counted once.
    swallowed: BTreeSet<C>,
}

impl<C: Copy + Ord> Link<C> {
    /// The link to provider `id`, with those of `faults` that act on it.
    pub(crate) fn new(id: ProviderId, one_way: Duration, faults: &[SeededFault]) -> Self {
        let ours = faults.iter().filter(|SeededFault { fault, .. }| {
            fault.targets.contains(&id) && fault.inject.layer() == Layer::Network
        });
        let ours = ours.map(|drawn| LinkFault {
            drawn: drawn.clone(),
            swallowed: BTreeSet::new(),
        });
        Self {
            one_way,
            outages: 0,
            faults: ours.collect(),
            asked: 0,
            looked_up: 0,
        }
    }

    /// The outage that the provider is in, if any.
    pub(crate) fn outage(&self, now: Instant) -> Option<FaultId> {
        let mut at_work = self.faults.iter().filter(|LinkFault { drawn, .. }| {
            drawn.fault.inject == FaultKind::Outage && drawn.covers(now)
        });
        at_work.next().map(|fault| fault.drawn.id)
    }

    /// The fault that refuses the connection that `client` requests, if any.
    pub(crate) fn refusal(&mut self, now: Instant, client: u32) -> Option<FaultId> {
        let number = next(&mut self.asked);
        self.outage(now)
            .or_else(|| self.struck_by(&FaultKind::Refused, now, number, client))
    }

    /// The fault that keeps `client` from resolving its name, if any.
    pub(crate) fn unresolved(&mut self, now: Instant, client: u32) -> Option<FaultId> {
        let number = next(&mut self.looked_up);
        self.struck_by(&FaultKind::Dns, now, number, client)
    }

    fn struck_by(
        &self,
        inject: &FaultKind,
        now: Instant,
        number: u64,
        client: u32,
    ) -> Option<FaultId> {
        let seen = opened(now, number, client);
        let mut ours = self.faults.iter().map(|fault| &fault.drawn);
        ours.find(|drawn| drawn.fault.inject == *inject && drawn.applies(&seen))
            .map(|drawn| drawn.id)
    }

    /// Whether a blackhole drops this packet, which `asks` for a connection or belongs to one. A
    /// connection counts once per window; each request for one is a connection of its own.
    pub(crate) fn is_swallowed(
        &mut self,
        now: Instant,
        connection: C,
        asks: bool,
        struck: &mut Vec<FaultId>,
    ) -> bool {
        let mut swallowed = false;
        let ours = self.faults.iter_mut();
        for fault in ours.filter(|fault| fault.drawn.fault.inject == FaultKind::Blackhole) {
            if fault.drawn.covers(now) {
                if asks || fault.swallowed.insert(connection) {
                    struck.push(fault.drawn.id);
                }
                swallowed = true;
            } else {
                fault.swallowed.clear();
            }
        }
        swallowed
    }
}

/// The next number.
fn next(counter: &mut u64) -> u64 {
    *counter += 1;
    *counter - 1
}

/// The resolution of the world's clock.
pub(crate) const RESOLUTION: Duration = Duration::from_millis(1);
