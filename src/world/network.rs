//! The fate of each packet: latency, blackholes, refusals and resets.
//!
//! In this order: the last ACK of a handshake arrives at once; a packet into or out of a blackhole
//! is dropped; a connection request that an outage or another fault refuses is answered with a
//! reset; data and a FIN behind lost data are dropped, as is the provider's FIN where a reset
//! follows; all others arrive after the provider's one-way latency. Rules look at packets, so they
//! also apply to connections that were opened before a fault began.
//!
//! A reset is two packets, one to each end, sent one millisecond after the bytes written before
//! it, so that those bytes are read first.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::link::{Link, RESOLUTION};
use super::tcp::{ConnId, Connection, Packet, Segment, Side};
use crate::policy::ProviderId;
use crate::scenario::Scenario;
use crate::seeded::SeededFault;
use crate::time::Instant;
use crate::trace::FaultId;

/// The network between clients and providers.
pub(super) struct Network {
    links: Vec<Link<ConnId>>,
    /// Connections that are open, as the providers see it.
    open: BTreeMap<ConnId, Arc<Connection>>,
    /// Resets that were requested in this pass.
    resets: Vec<Reset>,
    struck: Vec<FaultId>,
}

/// A packet, and its latency.
pub(super) struct Sent {
    pub(super) packet: Packet,
    pub(super) after: Duration,
}

/// A reset that is due.
struct Reset {
    connection: Arc<Connection>,
    /// The provider itself is down: its end is reset at once.
    at_once: bool,
}

impl Network {
    /// The network of a scenario.
    pub(super) fn new(scenario: &Scenario, faults: &[SeededFault]) -> Self {
        let ids = (0..=u16::MAX).map(ProviderId);
        let links = ids.zip(&scenario.providers);
        let links = links.map(|(id, profile)| Link::new(id, profile.one_way, faults));
        Self {
            links: links.collect(),
            open: BTreeMap::new(),
            resets: Vec::new(),
            struck: Vec::new(),
        }
    }

    /// A provider has accepted a connection.
    pub(super) fn opened(&mut self, connection: &Arc<Connection>) {
        self.open.insert(connection.id, connection.clone());
    }

    /// A provider has dropped a connection.
    pub(super) fn closed(&mut self, id: ConnId) {
        self.open.remove(&id);
    }

    /// Resets a connection, after the bytes written to it.
    pub(super) fn reset(&mut self, connection: &Arc<Connection>) {
        self.schedule_reset(connection, false);
    }

    /// An outage begins: every open connection of the provider is reset.
    pub(super) fn begin_outage(&mut self, provider: ProviderId, fault: FaultId) {
        self.links[provider.index()].outages += 1;
        let open = self.open.values();
        let ours = open.filter(|connection| connection.provider == provider);
        for connection in Vec::from_iter(ours.cloned()) {
            self.strike(&connection, fault);
        }
    }

    /// An outage resets this connection.
    pub(super) fn strike(&mut self, connection: &Arc<Connection>, fault: FaultId) {
        self.struck.push(fault);
        self.schedule_reset(connection, true);
    }

    /// The outage that a provider is in, if any.
    pub(super) fn outage(&mut self, provider: ProviderId, now: Instant) -> Option<FaultId> {
        self.links[provider.index()].outage(now)
    }

    /// How many outages of a provider have begun: its work ends with the next one.
    pub(super) fn outages(&self, provider: ProviderId) -> u64 {
        self.links[provider.index()].outages
    }

    /// Whether `client` can resolve the name of `provider`.
    pub(super) fn resolves(&mut self, now: Instant, provider: ProviderId, client: u32) -> bool {
        let struck = self.links[provider.index()].unresolved(now, client);
        self.struck.extend(struck);
        struck.is_none()
    }

    /// Whether there are resets to send or events to record without a packet.
    pub(super) fn has_news(&self) -> bool {
        !self.resets.is_empty() || !self.struck.is_empty()
    }

    /// The faults that struck since the last call.
    pub(super) fn take_struck(&mut self) -> Vec<FaultId> {
        std::mem::take(&mut self.struck)
    }

    /// A host has sent `packet`: `send` gets the packets that result, if any.
    pub(super) fn on_packet(&mut self, now: Instant, packet: Packet, mut send: impl FnMut(Sent)) {
        let connection = packet.connection.clone();
        let link = &mut self.links[connection.provider.index()];
        let after = link.one_way;
        if packet.segment == Segment::Ack {
            // It arrives at once: with latency it would cost a jump of the clock. Blackholes let it
            // pass, since nothing would send it again.
            let after = Duration::ZERO;
            return send(Sent { packet, after });
        }
        let is_syn = packet.segment == Segment::Syn;
        if link.is_swallowed(now, connection.id, is_syn, &mut self.struck) {
            return self.swallow(&connection, &packet, send);
        }
        let is_last = matches!(packet.segment, Segment::Fin | Segment::Rst);
        // The other end cannot read this FIN, because data before it was lost.
        if is_last && connection.is_broken() {
            return self.schedule_reset(&connection, false);
        }
        if is_syn && let Some(fault) = link.refusal(now, connection.id.client) {
            self.struck.push(fault);
            return send(Sent {
                packet: connection.packet(Side::Provider, Segment::Rst),
                after: after * 2,
            });
        }
        if !connection.is_unreadable(&packet) {
            send(Sent { packet, after });
        }
    }

    /// A blackhole drops this packet.
    fn swallow(&mut self, connection: &Arc<Connection>, packet: &Packet, send: impl FnMut(Sent)) {
        match packet.segment {
            // An ACK is not swallowed.
            Segment::Syn | Segment::Ack => {}
            Segment::SynAck => give_up_accepting(connection, send),
            Segment::Data(_) => connection.lose_data(packet.to.peer()),
            // A FIN into a blackhole would wait forever: TCP gives up.
            Segment::Fin | Segment::Rst => self.schedule_reset(connection, false),
        }
    }

    /// All packets of this pass are in flight: sends the resets that follow them.
    pub(super) fn on_pass(&mut self, mut send: impl FnMut(Sent)) {
        for Reset {
            connection,
            at_once,
        } in std::mem::take(&mut self.resets)
        {
            let after = self.links[connection.provider.index()].one_way + RESOLUTION;
            send(Sent {
                packet: connection.packet(Side::Client, Segment::Rst),
                after: if at_once { Duration::ZERO } else { after },
            });
            send(Sent {
                packet: connection.packet(Side::Provider, Segment::Rst),
                after,
            });
        }
    }

    fn schedule_reset(&mut self, connection: &Arc<Connection>, at_once: bool) {
        if connection.begin_reset() {
            let connection = connection.clone();
            self.resets.push(Reset {
                connection,
                at_once,
            });
        }
    }
}

/// The provider's half of a handshake is lost, so the client will never answer: a real provider
/// gives up after a while. Here nothing ends by itself, so the handshake is completed and then
/// reset.
fn give_up_accepting(connection: &Arc<Connection>, mut send: impl FnMut(Sent)) {
    let last = [(Segment::Ack, Duration::ZERO), (Segment::Rst, RESOLUTION)];
    for (segment, after) in last {
        let packet = connection.packet(Side::Client, segment);
        send(Sent { packet, after });
    }
}
