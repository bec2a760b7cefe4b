//! The link to one provider: its latency, and the faults that act on it.
//!
//! `network` applies them to packets.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::host::opened;
use crate::policy::ProviderId;
use crate::scenario::fault::{FaultKind, Layer};
use crate::seeded::{ActiveFaults, SeededFault};
use crate::time::Instant;
use crate::trace::FaultId;

/// The link to one provider, over which connections are told apart by `C`.
pub(crate) struct Link<C> {
    /// The one-way latency of a packet.
    pub(crate) one_way: Duration,
    /// How many outages have begun.
    pub(crate) outages: u64,
    faults: ActiveFaults,
    /// By blackhole.
    dropped: BTreeMap<FaultId, Dropped<C>>,
    /// How many connections were requested.
    asked: u64,
    /// How many times its name was looked up.
    looked_up: u64,
}

/// The connections from which a blackhole has dropped packets in one of its windows or bursts.
struct Dropped<C> {
    /// When that began.
    since: Instant,
    connections: BTreeSet<C>,
}

impl<C: Copy + Ord> Link<C> {
    /// The link to provider `id`, with those of `faults` that act on it.
    pub(crate) fn new(id: ProviderId, one_way: Duration, faults: &[SeededFault]) -> Self {
        let faults = faults.iter();
        let ours = faults.filter(|drawn| drawn.fault.inject.layer() == Layer::Network);
        Self {
            one_way,
            outages: 0,
            faults: ActiveFaults::at_target(id, ours),
            dropped: BTreeMap::new(),
            asked: 0,
            looked_up: 0,
        }
    }

    /// The outage that the provider is in, if any.
    pub(crate) fn outage(&mut self, now: Instant) -> Option<FaultId> {
        let mut ours = self.faults.at(now);
        ours.find(|drawn| drawn.fault.inject == FaultKind::Outage && drawn.covers(now))
            .map(|drawn| drawn.id)
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
        &mut self,
        inject: &FaultKind,
        now: Instant,
        number: u64,
        client: u32,
    ) -> Option<FaultId> {
        let seen = opened(now, number, client);
        let mut ours = self.faults.at(now);
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
        let ours = self.faults.at(now);
        for drawn in ours.filter(|drawn| drawn.fault.inject == FaultKind::Blackhole) {
            let window = drawn.at_or_after(now);
            let Some((since, _)) = window.filter(|(since, _)| *since <= now) else {
                continue;
            };
            let dropped = self.dropped.entry(drawn.id).or_default();
            if asks || dropped.is_first(since, connection) {
                struck.push(drawn.id);
            }
            swallowed = true;
        }
        swallowed
    }
}

impl<C: Ord> Dropped<C> {
    /// Whether this is the first packet of `connection` in the window that began at `since`.
    fn is_first(&mut self, since: Instant, connection: C) -> bool {
        if self.since != since {
            self.since = since;
            self.connections.clear();
        }
        self.connections.insert(connection)
    }
}

impl<C> Default for Dropped<C> {
    fn default() -> Self {
        Self {
            since: Instant::START,
            connections: BTreeSet::new(),
        }
    }
}

/// The next number.
fn next(counter: &mut u64) -> u64 {
    *counter += 1;
    *counter - 1
}

/// The resolution of the world's clock.
pub(crate) const RESOLUTION: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::RngStreams;
    use crate::scenario::fault::Fault;
    use crate::time::Windows;

    #[test]
    fn a_blackhole_strikes_a_connection_once_in_each_window() {
        let second = Duration::from_secs(1);
        let mut blackhole = Fault::new("f", vec![ProviderId(0)], FaultKind::Blackhole);
        blackhole.windows = Windows {
            at: second * 10,
            length: Some(second * 10),
            every: Some(second * 60),
        };
        let faults = SeededFault::all(&[blackhole], RngStreams::new(1));
        let mut link = Link::new(ProviderId(0), RESOLUTION, &faults);
        let mut strikes = |moment, connection, asks| {
            let (now, mut struck) = (Instant::START + second * moment, Vec::new());
            let swallowed = link.is_swallowed(now, connection, asks, &mut struck);
            (swallowed, struck.len())
        };
        assert_eq!(strikes(9, 'a', false), (false, 0));
        assert_eq!(strikes(10, 'a', false), (true, 1));
        assert_eq!(strikes(19, 'a', false), (true, 0), "the same connection");
        assert_eq!(strikes(19, 'b', false), (true, 1));
        assert_eq!(
            [strikes(19, 'c', true), strikes(19, 'c', true)],
            [(true, 1); 2]
        );
        assert_eq!(strikes(70, 'a', false), (true, 1), "the next window");
        assert_eq!(strikes(80, 'a', false), (false, 0));
    }
}
