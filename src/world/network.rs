//! The fate of each packet: latency, blackholes, refusals and resets.
//!
//! In this order: a packet into or out of a blackhole is dropped; a connection request that an
//! outage or another fault refuses is answered with a reset; the last packets of a connection that
//! is being reset lose their FIN; all others arrive after the provider's one-way latency. Rules
//! look at packets, so they also apply to connections that were opened before a fault began.
//!
//! turmoil-net has no linger option. A reset is therefore two generated packets, one to each end,
//! sent one millisecond after the bytes written before it, so that those bytes are read first.

use std::collections::{BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use turmoil_net::{Packet, TcpFlags, TcpSegment, Transport};

use super::link::{Link, RESOLUTION};
use crate::policy::ProviderId;
use crate::scenario::Scenario;
use crate::seeded::SeededFault;
use crate::time::Instant;
use crate::trace::FaultId;

/// A packet, and its latency.
pub(super) struct Sent {
    pub(super) packet: Packet,
    pub(super) after: Duration,
}

/// Two ends of a connection: the client's and the provider's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ConnId {
    pub(super) client: SocketAddr,
    pub(super) provider: SocketAddr,
}

/// The network between clients and providers.
pub(super) struct Network {
    links: Vec<Link<ConnId>>,
    /// The addresses of the providers, in the same order.
    addresses: Vec<IpAddr>,
    /// The addresses of the client processes, in order.
    clients: Vec<IpAddr>,
    /// Connections that are open, as the providers see it.
    open: BTreeSet<ConnId>,
    /// Resets that were requested in this pass.
    resets: Vec<Reset>,
    /// Connections whose FIN must not be seen, because a reset follows.
    pending_resets: BTreeSet<ConnId>,
    /// When each of them has been reset, and can be removed.
    reset_expiries: VecDeque<(Instant, ConnId)>,
    /// Connections from which a blackhole dropped a packet that is not retransmitted.
    broken: BTreeSet<ConnId>,
    /// When the last full segment arrives: behind it, a sender may hold bytes back.
    bulk_until: Instant,
    /// When the last data arrives for an end that has left: it is answered with a reset.
    left_until: Instant,
    struck: Vec<FaultId>,
}

/// A reset that is due.
struct Reset {
    ends: ConnId,
    /// The provider itself is down: its end is closed at once.
    at_once: bool,
}

impl Network {
    /// The network between hosts at these addresses, both in ascending order.
    pub(super) fn new(
        scenario: &Scenario,
        faults: &[SeededFault],
        providers: Vec<IpAddr>,
        clients: Vec<IpAddr>,
    ) -> Self {
        let ids = (0..=u16::MAX).map(ProviderId);
        let links = ids.zip(&scenario.providers);
        let links = links.map(|(id, profile)| Link::new(id, profile.one_way, faults));
        Self {
            links: links.collect(),
            addresses: providers,
            clients,
            open: BTreeSet::new(),
            resets: Vec::new(),
            pending_resets: BTreeSet::new(),
            reset_expiries: VecDeque::new(),
            broken: BTreeSet::new(),
            bulk_until: Instant::START,
            left_until: Instant::START,
            struck: Vec::new(),
        }
    }

    /// A provider has accepted a connection.
    pub(super) fn opened(&mut self, ends: ConnId) {
        self.open.insert(ends);
    }

    /// A provider has dropped a connection.
    pub(super) fn closed(&mut self, ends: ConnId) {
        self.open.remove(&ends);
    }

    /// Resets a connection, after the bytes written to it.
    pub(super) fn reset(&mut self, ends: ConnId) {
        self.schedule_reset(ends, false);
    }

    /// An outage begins: every open connection of the provider is reset.
    pub(super) fn begin_outage(&mut self, provider: ProviderId, fault: FaultId) {
        self.links[provider.index()].outages += 1;
        let address = self.addresses[provider.index()];
        let struck: Vec<ConnId> = self
            .open
            .iter()
            .filter(|ends| ends.provider.ip() == address)
            .copied()
            .collect();
        for ends in struck {
            self.struck.push(fault);
            self.schedule_reset(ends, true);
        }
    }

    /// A connection was accepted although the provider is in an outage: its packets were in flight
    /// when the outage began.
    pub(super) fn refuse(&mut self, ends: ConnId, fault: FaultId) {
        self.struck.push(fault);
        self.schedule_reset(ends, true);
    }

    /// The outage that a provider is in, if any.
    pub(super) fn outage(&self, provider: ProviderId, now: Instant) -> Option<FaultId> {
        self.links[provider.index()].outage(now)
    }

    /// How many outages of a provider have begun: its work ends with the next one.
    pub(super) fn outages(&self, provider: ProviderId) -> u64 {
        self.links[provider.index()].outages
    }

    /// The number of the client process at this address.
    pub(super) fn client_at(&self, address: IpAddr) -> u32 {
        let number = self.clients.binary_search(&address);
        number.map_or(0, |number| number as u32)
    }

    /// Whether `client` can resolve the name of the host at `address`.
    pub(super) fn resolves(&mut self, now: Instant, address: IpAddr, client: u32) -> bool {
        let Some(link) = self.link_to(address) else {
            return true;
        };
        let struck = self.links[link].unresolved(now, client);
        self.struck.extend(struck);
        struck.is_none()
    }

    /// Whether there are resets to send or events to record without a packet.
    pub(super) fn has_news(&self) -> bool {
        !self.resets.is_empty() || !self.struck.is_empty()
    }

    /// Whether an acknowledgement may free bytes that a sender holds back. Otherwise it makes no
    /// host send anything.
    pub(super) fn is_bulk_in_flight(&self, now: Instant) -> bool {
        now <= self.bulk_until
    }

    /// Whether a packet that is delivered now may be answered by more than an acknowledgement, or
    /// by one that cannot wait.
    pub(super) fn is_answered(&self, now: Instant, packet: &Packet) -> bool {
        let Transport::Tcp(segment) = &packet.payload else {
            return true;
        };
        let TcpFlags { syn, fin, rst, .. } = segment.flags;
        syn || fin || rst || now <= self.bulk_until.max(self.left_until)
    }

    /// The faults that struck since the last call.
    pub(super) fn take_struck(&mut self) -> Vec<FaultId> {
        std::mem::take(&mut self.struck)
    }

    /// A host has sent `packet`: `send` gets the packets that result, if any.
    pub(super) fn on_packet(
        &mut self,
        now: Instant,
        mut packet: Packet,
        mut send: impl FnMut(Sent),
    ) {
        let Some((link, ends)) = self.link_of(&packet) else {
            return;
        };
        let after = self.links[link].one_way;
        let Transport::Tcp(segment) = &mut packet.payload else {
            return;
        };
        let is_goodbye = segment.flags.fin || segment.flags.rst;
        let asks = segment.flags.syn && !segment.flags.ack;
        if is_goodbye {
            self.left_until = self.left_until.max(now + after * 2 + RESOLUTION);
        }
        if !is_bare(segment) && self.links[link].is_swallowed(now, ends, asks, &mut self.struck) {
            if segment.flags.syn {
                if segment.flags.ack {
                    give_up_accepting(ends, segment, send);
                }
            } else if is_goodbye {
                // A FIN into a blackhole would wait forever: TCP gives up.
                self.schedule_reset(ends, false);
            } else {
                self.broken.insert(ends);
            }
            return;
        }
        if segment.flags.syn {
            self.pending_resets.remove(&ends);
            self.broken.remove(&ends);
        }
        // The other end cannot read this FIN, because packets before it were lost.
        if is_goodbye && self.broken.contains(&ends) {
            return self.schedule_reset(ends, false);
        }
        if asks
            && let Some(fault) = {
                let client = self.client_at(ends.client.ip());
                self.links[link].refusal(now, client)
            }
        {
            self.struck.push(fault);
            let refusal = reset_packet(ends.provider, ends.client, 0, segment.seq.wrapping_add(1));
            return send(Sent {
                packet: refusal,
                after: after * 2,
            });
        }
        if self.pending_resets.contains(&ends) && packet.src == ends.provider.ip() {
            segment.flags.fin = false;
        }
        // A pure acknowledgement frees a buffer and has no other effect. It arrives at once: with
        // latency it would cost a jump of the clock.
        let after = if is_bare(segment) {
            Duration::ZERO
        } else {
            after
        };
        if segment.payload.len() >= FULL_SEGMENT {
            self.bulk_until = self.bulk_until.max(now + after);
        }
        send(Sent { packet, after });
    }

    /// All packets of this pass are in flight: sends the resets that follow them.
    pub(super) fn on_pass(&mut self, now: Instant, mut send: impl FnMut(Sent)) {
        while let Some((_, ends)) = self.reset_expiries.pop_front_if(|(over, _)| *over < now) {
            self.pending_resets.remove(&ends);
        }
        for Reset { ends, at_once } in std::mem::take(&mut self.resets) {
            let to_client = reset_packet(ends.provider, ends.client, 0, 0);
            let to_provider = reset_packet(ends.client, ends.provider, 0, 0);
            let after = self.one_way(ends) + RESOLUTION;
            self.reset_expiries
                .push_back((now + after + RESOLUTION, ends));
            send(Sent {
                packet: to_provider,
                after: if at_once { Duration::ZERO } else { after },
            });
            send(Sent {
                packet: to_client,
                after,
            });
        }
    }

    fn schedule_reset(&mut self, ends: ConnId, at_once: bool) {
        self.broken.remove(&ends);
        if self.pending_resets.insert(ends) {
            self.resets.push(Reset { ends, at_once });
        }
    }

    fn one_way(&self, ends: ConnId) -> Duration {
        let link = self.link_to(ends.provider.ip());
        link.map_or(Duration::ZERO, |link| self.links[link].one_way)
    }

    /// The link to the host at this address, if it is a provider.
    fn link_to(&self, address: IpAddr) -> Option<usize> {
        self.addresses.iter().position(|one| *one == address)
    }

    fn link_of(&self, packet: &Packet) -> Option<(usize, ConnId)> {
        let Transport::Tcp(segment) = &packet.payload else {
            return None;
        };
        let source = SocketAddr::new(packet.src, segment.src_port);
        let target = SocketAddr::new(packet.dst, segment.dst_port);
        if let Some(link) = self.link_to(packet.dst) {
            return Some((
                link,
                ConnId {
                    client: source,
                    provider: target,
                },
            ));
        }
        self.link_to(packet.src).map(|link| {
            (
                link,
                ConnId {
                    client: target,
                    provider: source,
                },
            )
        })
    }
}

/// Whether it only acknowledges.
pub(super) fn is_acknowledgement(packet: &Packet) -> bool {
    matches!(&packet.payload, Transport::Tcp(segment) if is_bare(segment))
}

/// What the hosts put into one segment at most, in bytes: their MTU is Ethernet's, less 40 for the
/// headers of IP and TCP.
const FULL_SEGMENT: usize = 1_460;

/// An acknowledgement and nothing else: dropping one in a blackhole has no visible effect, since a
/// missing one causes no retransmission here.
fn is_bare(segment: &TcpSegment) -> bool {
    let TcpFlags { syn, fin, rst, .. } = segment.flags;
    segment.payload.is_empty() && !(syn || fin || rst)
}

/// The provider's half of a handshake is lost, so the client will never answer: a real provider
/// gives up after a while. turmoil-net does not, so the handshake is completed and then reset.
fn give_up_accepting(ends: ConnId, accepting: &TcpSegment, mut send: impl FnMut(Sent)) {
    let (seq, ack) = (accepting.ack, accepting.seq.wrapping_add(1));
    let mut packet = reset_packet(ends.client, ends.provider, seq, ack);
    if let Transport::Tcp(segment) = &mut packet.payload {
        segment.flags.rst = false;
    }
    send(Sent {
        packet,
        after: Duration::ZERO,
    });
    send(Sent {
        packet: reset_packet(ends.client, ends.provider, seq, ack),
        after: RESOLUTION,
    });
}

fn reset_packet(from: SocketAddr, to: SocketAddr, seq: u32, ack: u32) -> Packet {
    let flags = TcpFlags {
        rst: true,
        ack: true,
        ..TcpFlags::default()
    };
    let segment = TcpSegment {
        src_port: from.port(),
        dst_port: to.port(),
        seq,
        ack,
        flags,
        window: 0,
        payload: Bytes::new(),
    };
    Packet {
        src: from.ip(),
        dst: to.ip(),
        ttl: 64,
        payload: Transport::Tcp(segment),
    }
}
