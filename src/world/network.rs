//! What becomes of each packet: latency, blackholes, refusals and resets.
//!
//! In this order: a packet into or out of a blackhole vanishes; a connection request to a provider
//! in an outage is answered with a reset; the last words of a connection that is being reset lose
//! their polite end; everything else arrives after the provider's one-way latency. Rules look at
//! packets, so connections that were opened before a fault began see it too.
//!
//! turmoil-net has no linger option. A reset is therefore two packets of our own making, one to
//! each end, sent one millisecond after what was written before it, so that those bytes are read
//! first.

use std::collections::{BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use turmoil_net::{Packet, TcpFlags, TcpSegment, Transport};

use crate::policy::ProviderId;
use crate::scenario::Scenario;
use crate::scenario::fault::{Inject, Windows};
use crate::time::Instant;
use crate::trace::FaultId;

/// A packet on its way, and how long that takes.
pub(super) struct Sent {
    pub(super) packet: Packet,
    pub(super) after: Duration,
}

/// Two ends of a connection: the client's and the provider's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ends {
    pub(super) client: SocketAddr,
    pub(super) provider: SocketAddr,
}

/// The network between clients and providers.
pub(super) struct Network {
    links: Vec<Link>,
    /// Connections that are open, as the providers see it.
    open: BTreeSet<Ends>,
    /// Resets that were asked for in this pass.
    resets: Vec<Reset>,
    /// Connections whose polite end must not be seen, because a reset is on its way.
    doomed: BTreeSet<Ends>,
    /// When each of them has been reset, and can be forgotten.
    dooms: VecDeque<(Instant, Ends)>,
    /// Connections that a blackhole took something from, and that no retransmission heals.
    broken: BTreeSet<Ends>,
    struck: Vec<FaultId>,
}

/// A reset that is due.
struct Reset {
    ends: Ends,
    /// The provider itself is gone: its end goes at once.
    at_once: bool,
}

/// The way to one provider.
struct Link {
    address: IpAddr,
    one_way: Duration,
    faults: Vec<LinkFault>,
    /// How many outages have begun.
    outages: u64,
}

/// A fault of the network itself.
struct LinkFault {
    id: FaultId,
    windows: Windows,
    blackhole: bool,
    /// Connections that this blackhole has swallowed packets of, each counted once.
    swallowed: BTreeSet<Ends>,
}

impl Network {
    pub(super) fn new(scenario: &Scenario, addresses: Vec<IpAddr>) -> Self {
        let link = |(number, address): (usize, IpAddr)| Link {
            address,
            one_way: scenario.providers[number].one_way,
            faults: link_faults(scenario, ProviderId(number as u16)),
            outages: 0,
        };
        Self {
            links: addresses.into_iter().enumerate().map(link).collect(),
            open: BTreeSet::new(),
            resets: Vec::new(),
            doomed: BTreeSet::new(),
            dooms: VecDeque::new(),
            broken: BTreeSet::new(),
            struck: Vec::new(),
        }
    }

    /// A provider has accepted a connection.
    pub(super) fn opened(&mut self, ends: Ends) {
        self.open.insert(ends);
    }

    /// A provider has let go of a connection.
    pub(super) fn closed(&mut self, ends: Ends) {
        self.open.remove(&ends);
    }

    /// Resets a connection, once what has been written to it is on its way.
    pub(super) fn reset(&mut self, ends: Ends) {
        self.doom(ends, false);
    }

    /// An outage begins: every open connection of the provider is reset.
    pub(super) fn begin_outage(&mut self, provider: ProviderId, fault: FaultId) {
        let link = &mut self.links[provider.index()];
        link.outages += 1;
        let address = link.address;
        let struck: Vec<Ends> = self
            .open
            .iter()
            .filter(|ends| ends.provider.ip() == address)
            .copied()
            .collect();
        for ends in struck {
            self.struck.push(fault);
            self.doom(ends, true);
        }
    }

    /// A connection has come through although the provider is in an outage: it was under way when
    /// that began.
    pub(super) fn refuse(&mut self, ends: Ends, fault: FaultId) {
        self.struck.push(fault);
        self.doom(ends, true);
    }

    /// The outage that a provider is in, if any.
    pub(super) fn outage(&self, provider: ProviderId, now: Instant) -> Option<FaultId> {
        self.links[provider.index()].outage(now)
    }

    /// How many outages of a provider have begun: none of its work outlives one.
    pub(super) fn outages(&self, provider: ProviderId) -> u64 {
        self.links[provider.index()].outages
    }

    /// Whether something is to be sent or told that no packet asks for.
    pub(super) fn has_news(&self) -> bool {
        !self.resets.is_empty() || !self.struck.is_empty()
    }

    /// The faults that struck since the last time this was asked.
    pub(super) fn take_struck(&mut self) -> Vec<FaultId> {
        std::mem::take(&mut self.struck)
    }

    /// A host has sent `packet`: `send` gets what is on its way because of it, if anything.
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
        if !is_bare(segment) && self.links[link].is_swallowed(now, ends, segment, &mut self.struck)
        {
            if segment.flags.syn {
                if segment.flags.ack {
                    give_up_accepting(ends, segment, send);
                }
            } else if is_goodbye {
                // Whoever says goodbye into a blackhole would wait for ever: TCP gives up.
                self.doom(ends, false);
            } else {
                self.broken.insert(ends);
            }
            return;
        }
        if segment.flags.syn {
            self.doomed.remove(&ends);
            self.broken.remove(&ends);
        }
        // What was lost stands between the other end and this goodbye.
        if is_goodbye && self.broken.contains(&ends) {
            return self.doom(ends, false);
        }
        if segment.flags.syn
            && !segment.flags.ack
            && let Some(fault) = self.links[link].outage(now)
        {
            self.struck.push(fault);
            let refusal = reset_packet(ends.provider, ends.client, 0, segment.seq.wrapping_add(1));
            return send(Sent {
                packet: refusal,
                after: after * 2,
            });
        }
        if self.doomed.contains(&ends) && packet.src == ends.provider.ip() {
            segment.flags.fin = false;
        }
        // A pure acknowledgement frees a buffer and tells nobody anything. It arrives at once: on
        // its own way it would cost a jump of the clock.
        let after = if is_bare(segment) {
            Duration::ZERO
        } else {
            after
        };
        send(Sent { packet, after });
    }

    /// Everything that the hosts have sent so far is on its way: resets may follow.
    pub(super) fn on_pass(&mut self, now: Instant, mut send: impl FnMut(Sent)) {
        while let Some((_, ends)) = self.dooms.pop_front_if(|(over, _)| *over < now) {
            self.doomed.remove(&ends);
        }
        for Reset { ends, at_once } in std::mem::take(&mut self.resets) {
            let to_client = reset_packet(ends.provider, ends.client, 0, 0);
            let to_provider = reset_packet(ends.client, ends.provider, 0, 0);
            let after = self.one_way(ends) + RESOLUTION;
            self.dooms.push_back((now + after + RESOLUTION, ends));
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

    fn doom(&mut self, ends: Ends, at_once: bool) {
        self.broken.remove(&ends);
        if self.doomed.insert(ends) {
            self.resets.push(Reset { ends, at_once });
        }
    }

    fn one_way(&self, ends: Ends) -> Duration {
        let link = self
            .links
            .iter()
            .find(|link| link.address == ends.provider.ip());
        link.map_or(Duration::ZERO, |link| link.one_way)
    }

    fn link_of(&self, packet: &Packet) -> Option<(usize, Ends)> {
        let Transport::Tcp(segment) = &packet.payload else {
            return None;
        };
        let source = SocketAddr::new(packet.src, segment.src_port);
        let target = SocketAddr::new(packet.dst, segment.dst_port);
        let towards = |address: IpAddr| self.links.iter().position(|link| link.address == address);
        if let Some(link) = towards(packet.dst) {
            return Some((
                link,
                Ends {
                    client: source,
                    provider: target,
                },
            ));
        }
        towards(packet.src).map(|link| {
            (
                link,
                Ends {
                    client: target,
                    provider: source,
                },
            )
        })
    }
}

impl Link {
    fn outage(&self, now: Instant) -> Option<FaultId> {
        let mut at_work = self
            .faults
            .iter()
            .filter(|fault| !fault.blackhole && fault.windows.covers(now));
        at_work.next().map(|fault| fault.id)
    }

    /// A connection counts once per window; each request for one is a connection of its own.
    fn is_swallowed(
        &mut self,
        now: Instant,
        ends: Ends,
        segment: &TcpSegment,
        struck: &mut Vec<FaultId>,
    ) -> bool {
        let asks = segment.flags.syn && !segment.flags.ack;
        let mut swallowed = false;
        for fault in self.faults.iter_mut().filter(|fault| fault.blackhole) {
            if fault.windows.covers(now) {
                if asks || fault.swallowed.insert(ends) {
                    struck.push(fault.id);
                }
                swallowed = true;
            } else {
                fault.swallowed.clear();
            }
        }
        swallowed
    }
}

fn link_faults(scenario: &Scenario, provider: ProviderId) -> Vec<LinkFault> {
    let numbered = scenario.faults.iter().enumerate();
    let ours = numbered.filter(|(_, fault)| {
        fault.targets.contains(&provider)
            && matches!(fault.inject, Inject::Outage | Inject::Blackhole)
    });
    ours.map(|(number, fault)| LinkFault {
        id: FaultId(number as u16),
        windows: fault.windows,
        blackhole: fault.inject == Inject::Blackhole,
        swallowed: BTreeSet::new(),
    })
    .collect()
}

/// An acknowledgement and nothing else: no end can tell whether a blackhole took it, since nothing
/// here is sent twice for want of one.
fn is_bare(segment: &TcpSegment) -> bool {
    let TcpFlags { syn, fin, rst, .. } = segment.flags;
    segment.payload.is_empty() && !(syn || fin || rst)
}

/// The provider's half of a handshake is lost, and the client will never answer: a provider gives
/// up after a while. Its network knows no such thing, so the handshake is ended and then reset.
fn give_up_accepting(ends: Ends, accepting: &TcpSegment, mut send: impl FnMut(Sent)) {
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

/// The world's clock resolves this.
const RESOLUTION: Duration = Duration::from_millis(1);
