//! The network's arithmetic: connections, what is under way on them, and the faults of paths.
//!
//! This is what the simulated network does packet by packet, as far as it can be noticed. A
//! handshake takes a round trip, and the request leaves with its end. What leaves arrives after the
//! one-way latency, at the next whole millisecond; a reset one millisecond after what was sent
//! before it. A blackhole takes what leaves in it, and since nothing is sent again, all that
//! follows on the same connection. Which connection a fault strikes is decided by the network's own
//! code ([`Link`]).

use std::collections::VecDeque;
use std::time::Duration;

use super::Model;
use super::answer::End;
use super::attempt::Owner;
use super::described::Described;
use super::queue::{Event, Key, Rank};
use crate::client::{IDLE_FOR, IDLE_MOST};
use crate::policy::ProviderId;
use crate::provider::whole_ms;
use crate::time::Instant;
use crate::trace::{EventKind, FaultId};
use crate::world::{Link, RESOLUTION};

/// A connection, or the attempt to get one.
pub(super) struct Connection {
    pub(super) provider: ProviderId,
    pub(super) client: u32,
    /// Tells it from all others, for faults that count connections.
    number: u64,
    /// Who waits for something on it.
    owner: Option<Owner>,
    /// Whether the client has it.
    is_open: bool,
    /// Whether the client has not closed it.
    has_client: bool,
    /// Whether the provider has it.
    pub(super) has_provider: bool,
    /// What was sent to the client, with the time at which it arrives.
    coming: VecDeque<(Instant, Item)>,
    /// What was sent is lost, and with it all that follows.
    is_broken: bool,
    /// It serves no request after the one under way.
    pub(super) is_last: bool,
    /// What the provider does with it, if not what it should.
    pub(super) bent: Option<Bent>,
    /// The exchange under way.
    pub(super) exchange: Option<Key>,
    /// Since when the provider has waited for a request.
    pub(super) idle_since: Option<Instant>,
    /// The request under way to the provider.
    pub(super) asked: Option<super::provider::Asked>,
}

/// A fault that strikes a connection before its first request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bent {
    /// Nothing is ever read.
    Mute,
    /// The first bytes are answered with an alert.
    Alert,
}

/// What reaches the client.
#[derive(Clone, Debug)]
pub(super) enum Item {
    /// What the provider wrote.
    Sent(Described),
    /// The end of the connection.
    Ended(End),
}

/// A connection that was asked for.
pub(super) struct Opening {
    pub(super) connection: Option<Key>,
    /// When it fails, if it does.
    pub(super) fails: Option<Instant>,
}

/// A path to a provider: its faults, and the connections that are kept for another attempt.
pub(super) struct Path {
    pub(super) link: Link<u64>,
    /// When its latest outage began.
    pub(super) outage_began: Option<Instant>,
    /// For each client process, the last used last, each with the time since when it is idle.
    kept: Vec<Vec<(Instant, Key)>>,
}

impl Path {
    pub(super) fn new(link: Link<u64>, clients: usize) -> Self {
        Self {
            link,
            outage_began: None,
            kept: vec![Vec::new(); clients],
        }
    }
}

impl Model<'_> {
    /// Asks for a connection.
    pub(super) fn open(&mut self, client: u32, provider: ProviderId, owner: Owner) -> Opening {
        let now = self.now;
        let link = &mut self.paths[provider.index()].link;
        let one_way = link.one_way;
        if let Some(fault) = link.unresolved(now, client) {
            self.fired(fault);
            return Opening::failing(now + RESOLUTION);
        }
        self.connections_made += 1;
        let number = self.connections_made;
        if self.is_swallowed(provider, number, true) {
            return Opening {
                connection: None,
                fails: None,
            };
        }
        let link = &mut self.paths[provider.index()].link;
        if let Some(fault) = link.refusal(now, client) {
            self.fired(fault);
            return Opening::failing(whole_ms(now + one_way * 2));
        }
        let key = self.connections.add(Connection {
            provider,
            client,
            number,
            owner: Some(owner),
            is_open: false,
            has_client: true,
            has_provider: false,
            coming: VecDeque::new(),
            is_broken: false,
            is_last: false,
            bent: None,
            exchange: None,
            idle_since: None,
            asked: None,
        });
        let carried = self.carried(self.host_of(client), 0);
        self.queue
            .carry(now + one_way, carried, Event::Opening(key));
        Opening {
            connection: Some(key),
            fails: None,
        }
    }

    /// The request for a connection has reached the provider, whose answer may be lost.
    pub(super) fn on_opening(&mut self, key: Key) {
        let Some(&mut Connection {
            provider, number, ..
        }) = self.connections.get(key)
        else {
            return;
        };
        let now = self.now;
        if self.is_swallowed(provider, number, false) {
            // The provider gives up what it has accepted; the client waits on.
            self.accept(key);
            let carried = self.carried(provider.0.into(), number);
            return self
                .queue
                .carry(now + RESOLUTION, carried, Event::Left(key));
        }
        let one_way = self.paths[provider.index()].link.one_way;
        let carried = self.carried(provider.0.into(), 0);
        self.queue.carry(now + one_way, carried, Event::Opened(key));
    }

    /// Both sides have the connection, if the client still wants it.
    pub(super) fn on_opened(&mut self, key: Key) {
        let Some(connection) = self.connections.get(key) else {
            return;
        };
        if !connection.has_client {
            return self.forget_if_closed(key);
        }
        connection.is_open = true;
        let owner = connection.owner;
        self.accept(key);
        if let Some(owner) = owner {
            self.tell(owner);
        }
    }

    /// Whether the client has the connection.
    pub(super) fn is_open(&mut self, key: Key) -> bool {
        self.connections.get(key).is_some_and(|one| one.is_open)
    }

    /// The connection that was kept last and can still be used.
    pub(super) fn take_kept(&mut self, client: u32, provider: ProviderId) -> Option<Key> {
        self.expire(client, provider);
        loop {
            let kept = &mut self.paths[provider.index()].kept[client as usize];
            let (_, key) = kept.pop()?;
            match self.is_reusable(key) {
                true => return Some(key),
                false => self.close_at_client(key),
            }
        }
    }

    /// Keeps a connection for another attempt, if it can serve one.
    pub(super) fn keep(&mut self, key: Key) {
        if !self.is_reusable(key) {
            return self.close_at_client(key);
        }
        let now = self.now;
        let Some(connection) = self.connections.get(key) else {
            return;
        };
        connection.owner = None;
        let (client, provider) = (connection.client, connection.provider);
        self.paths[provider.index()].kept[client as usize].push((now, key));
        self.expire(client, provider);
    }

    /// Closes connections that were idle for long, and the oldest ones beyond the maximum.
    fn expire(&mut self, client: u32, provider: ProviderId) {
        let now = self.now;
        let kept = &mut self.paths[provider.index()].kept[client as usize];
        let is_old = |(since, _): &(Instant, Key)| now.since(*since) >= IDLE_FOR;
        if kept.len() <= IDLE_MOST && !kept.first().is_some_and(is_old) {
            return;
        }
        let surplus = kept.len().saturating_sub(IDLE_MOST);
        let old = kept.partition_point(is_old);
        let expired = old.max(surplus);
        if expired > 0 {
            let keys = Vec::from_iter(kept.drain(..expired).map(|(_, key)| key));
            keys.into_iter().for_each(|key| self.close_at_client(key));
        }
    }

    fn is_reusable(&mut self, key: Key) -> bool {
        let now = self.now;
        let Some(connection) = self.connections.get(key) else {
            return false;
        };
        let has_come = connection.coming.front().is_some_and(|(at, _)| *at <= now);
        connection.is_open && !connection.is_last && !has_come
    }

    /// The client uses a connection for `owner`.
    pub(super) fn own(&mut self, key: Key, owner: Owner) -> Option<&mut Connection> {
        let connection = self.connections.get(key)?;
        connection.owner = Some(owner);
        Some(connection)
    }

    /// When what leaves now over a connection arrives; none if it is lost, as all that follows is.
    fn arrival(&mut self, key: Key) -> Option<Instant> {
        let connection = self.connections.get(key)?;
        let link = &mut self.paths[connection.provider.index()].link;
        let mut struck = Vec::new();
        let number = connection.number;
        connection.is_broken |= link.is_swallowed(self.now, number, false, &mut struck);
        let arrives = (!connection.is_broken).then_some(self.now + link.one_way);
        struck.into_iter().for_each(|fault| self.fired(fault));
        arrives
    }

    /// A request leaves for the provider.
    pub(super) fn carry_request(&mut self, key: Key) {
        let Some(at) = self.arrival(key) else {
            return;
        };
        if let Some(&mut Connection { client, number, .. }) = self.connections.get(key) {
            let carried = self.carried(self.host_of(client), number);
            self.queue.carry(at, carried, Event::Request(key));
        }
    }

    /// What the provider writes leaves for the client, if that is still there.
    pub(super) fn send(&mut self, key: Key, item: Item) {
        if self.connections.get(key).is_none_or(|one| !one.has_client) {
            return;
        }
        if let Some(at) = self.arrival(key) {
            self.arrive(key, at, item);
        }
    }

    /// The provider resets the connection, after the bytes that it wrote before.
    pub(super) fn reset(&mut self, key: Key) {
        let Some(connection) = self.connections.get(key) else {
            return;
        };
        connection.has_provider = false;
        let provider = connection.provider;
        if connection.has_client {
            let one_way = self.paths[provider.index()].link.one_way;
            self.arrive(
                key,
                self.now + one_way + RESOLUTION,
                Item::Ended(End::Reset),
            );
        }
        self.forget_if_closed(key);
    }

    /// The provider closes the connection.
    pub(super) fn close_at_provider(&mut self, key: Key) {
        self.send(key, Item::Ended(End::Closed));
        if let Some(connection) = self.connections.get(key) {
            connection.has_provider = false;
        }
        self.forget_if_closed(key);
    }

    /// The number of the host of a client process: the providers come first.
    fn host_of(&self, client: u32) -> u32 {
        self.paths.len() as u32 + client
    }

    /// What is sent now, from this host, on the connection of this number.
    const fn carried(&self, host: u32, number: u64) -> Rank {
        Rank::of(self.now, host, number)
    }

    fn arrive(&mut self, key: Key, at: Instant, item: Item) {
        let at = whole_ms(at);
        if let Some(connection) = self.connections.get(key) {
            // A reset comes later than what is sent after it was decided.
            let coming = &mut connection.coming;
            match coming.back() {
                Some((last, _)) if *last > at => {
                    let before = coming.partition_point(|(other, _)| *other <= at);
                    coming.insert(before, (at, item));
                }
                _ => coming.push_back((at, item)),
            }
            let (host, number) = (connection.provider.0.into(), connection.number);
            let carried = self.carried(host, number);
            self.queue.carry(at, carried, Event::Arrived(key));
        }
    }

    /// Something has reached the client's side.
    pub(super) fn on_arrived(&mut self, key: Key) {
        let owner = self.connections.get(key).and_then(|one| one.owner);
        if let Some(owner) = owner {
            self.tell(owner);
        }
    }

    /// What has reached the client's side next, if anything has.
    pub(super) fn next_item(&mut self, key: Key) -> Option<Item> {
        let now = self.now;
        let coming = &mut self.connections.get(key)?.coming;
        let (_, item) = coming.pop_front_if(|(at, _)| *at <= now)?;
        Some(item)
    }

    /// The client closes the connection.
    pub(super) fn close_at_client(&mut self, key: Key) {
        let Some(connection) = self.connections.get(key) else {
            return;
        };
        connection.has_client = false;
        connection.owner = None;
        connection.coming.clear();
        let &mut Connection {
            provider,
            client,
            number,
            has_provider,
            is_broken,
            ..
        } = connection;
        if !has_provider {
            return self.forget_if_closed(key);
        }
        let is_lost = self.is_swallowed(provider, number, false) || is_broken;
        let one_way = self.paths[provider.index()].link.one_way;
        let late = if is_lost { RESOLUTION } else { Duration::ZERO };
        let at = self.now + one_way + late;
        let carried = self.carried(self.host_of(client), number);
        self.queue.carry(at, carried, Event::Left(key));
    }

    /// The client's end has reached the provider, which finishes the exchange that is under way.
    pub(super) fn on_left(&mut self, key: Key) {
        if let Some(connection) = self.connections.get(key)
            && connection.exchange.is_none()
        {
            connection.has_provider = false;
            self.forget_if_closed(key);
        }
    }

    /// An outage of a provider begins: its connections are reset.
    pub(super) fn reset_all(&mut self, provider: ProviderId, fault: FaultId) {
        let path = &mut self.paths[provider.index()];
        path.link.outages += 1;
        path.outage_began = Some(self.now);
        let all = Vec::from_iter(self.connections.keys());
        let open = all.into_iter().filter_map(|key| {
            let one = self.connections.get(key)?;
            let is_open = one.provider == provider && one.has_provider;
            is_open.then_some(((one.client, one.number), key))
        });
        // In the order in which they were made, process by process.
        let mut open = Vec::from_iter(open);
        open.sort_unstable();
        for (_, key) in open {
            self.fired(fault);
            self.reset(key);
        }
    }

    /// Frees the place of a connection that neither side has.
    pub(super) fn forget_if_closed(&mut self, key: Key) {
        let is_closed = self
            .connections
            .get(key)
            .is_some_and(|one| !one.has_client && !one.has_provider && one.exchange.is_none());
        if is_closed {
            self.connections.forget(key);
        }
    }

    /// Whether a blackhole takes what leaves now; `asks` for a request for a connection.
    fn is_swallowed(&mut self, provider: ProviderId, number: u64, asks: bool) -> bool {
        let mut struck = Vec::new();
        let link = &mut self.paths[provider.index()].link;
        let swallowed = link.is_swallowed(self.now, number, asks, &mut struck);
        struck.into_iter().for_each(|fault| self.fired(fault));
        swallowed
    }

    /// A fault struck a connection.
    pub(super) fn fired(&mut self, fault: FaultId) {
        self.record(EventKind::Fired { fault, call: None });
    }
}

impl Connection {
    /// Whether the client has closed it.
    pub(super) const fn is_abandoned(&self) -> bool {
        !self.has_client
    }
}

impl Opening {
    const fn failing(at: Instant) -> Self {
        Self {
            connection: None,
            fails: Some(at),
        }
    }
}
