//! The provider's side of a connection: reads requests, and executes exchanges.
//!
//! The provider itself, its faults and those of its connections are the same code as behind the
//! simulated sockets. When the client has left, the work goes on and is billed; only an outage ends
//! it.

use std::time::Duration;

use bytes::Bytes;

use super::Model;
use super::attempt::{Attempt, Owner};
use super::described::Described;
use super::network::{Bent, Item, Path};
use super::queue::{Event, Key};
use crate::client::PING;
use crate::host::request::{self, Chunks, Parsed};
use crate::host::{Faults, HANDSHAKE_FAILURE, Opening, seen};
use crate::policy::keys::KeyId;
use crate::policy::{CallId, ProviderId};
use crate::provider::{Action, Exchange, Provider, Request};
use crate::rng::RngStreams;
use crate::scenario::fault::CloseMode;
use crate::scenario::{self, Scenario};
use crate::seeded::Tokens;
use crate::time::Instant;
use crate::trace::{EventKind, FaultId};
use crate::wire::request::{self as wire, Destination, Request as ClientRequest};

/// A provider and its connections.
pub(super) struct Server {
    provider: Provider,
    faults: Faults,
    connections: u64,
    requests: u64,
    /// What it reads of the requests that clients make.
    forms: Vec<Known>,
}

/// What the requests to one provider differ in, beside numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Form {
    streamed: bool,
    key: KeyId,
    max_tokens: Option<u32>,
    is_check: bool,
}

/// What a provider reads of the requests of one form, and the latest of them.
struct Known {
    form: Form,
    read: request::Asked,
    request: Request,
}

/// A request under way to its provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    form: Form,
    /// The call and its tokens; none for a health check.
    call: Option<(CallId, Tokens)>,
    nth: u32,
}

/// An exchange under way.
pub(super) struct Played {
    exchange: Exchange<Described>,
    asker: Asker,
    /// The fault that makes the answer its connection's last, until the client is told.
    untold: Option<FaultId>,
    /// How late the connection closes.
    closes_late: Option<Duration>,
}

/// To whom an exchange is due.
#[derive(Clone, Copy, Debug)]
struct Asker {
    connection: Key,
    provider: ProviderId,
    /// The call, if the request names one.
    call: Option<CallId>,
    nth: u32,
    /// How many outages had begun with the exchange.
    outages: u64,
}

/// What becomes of a connection after an exchange.
enum After {
    KeepAlive,
    Close,
    Reset,
    /// Nothing, until the client leaves.
    Silence,
}

impl Server {
    pub(super) fn new(
        scenario: &Scenario,
        id: ProviderId,
        provider: Provider,
        draws: RngStreams,
    ) -> Self {
        Self {
            provider,
            faults: Faults::new(scenario, id, draws),
            connections: 0,
            requests: 0,
            forms: Vec::new(),
        }
    }

    /// Where it keeps what it reads of a request of this form, which is written and read once.
    fn known(&mut self, form: Form, profile: &scenario::Provider) -> usize {
        let known = self.forms.iter().position(|known| known.form == form);
        known.unwrap_or_else(|| {
            let read = read(form, profile);
            self.forms.push(Known {
                form,
                request: read.request(CallId(0), read.counted(0), 0),
                read,
            });
            self.forms.len() - 1
        })
    }
}

/// What a provider reads of a request of this form, as the client writes it.
fn read(form: Form, profile: &scenario::Provider) -> request::Asked {
    let dialect = profile.dialect;
    let mut written = ClientRequest::user(if form.is_check { PING } else { super::FILLER });
    if let Some(most) = form.max_tokens {
        written = written.max_tokens(most);
    }
    let body = written.body(dialect, &profile.model, form.streamed);
    let to = Destination {
        model: &profile.model,
        streamed: form.streamed,
        version: None,
    };
    let path = format!("{}{}", dialect.base_path(), wire::path(dialect, &to));
    let mut head = format!("POST {path} HTTP/1.1\r\ncontent-length: {}\r\n", body.len());
    if let Some(key) = profile.keys().nth(usize::from(form.key.0)) {
        let (name, value) = wire::key_header(dialect, &key);
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    let bytes = [head.as_bytes(), &body].concat();
    match request::read(Some(dialect.family()), &bytes, &mut Chunks::default()) {
        Parsed::Whole { asked, .. } => asked,
        other => panic!("the client's own request is not read as one: {other:?}"),
    }
}

impl Model<'_> {
    /// Sends the request of an attempt.
    pub(super) fn send_request(&mut self, key: Key, attempt: &Attempt) {
        let call = match attempt.owner {
            Owner::Call(_, call) => attempt.demand.tokens.map(|tokens| (call, tokens)),
            Owner::Checks(_) => None,
        };
        let form = Form {
            streamed: attempt.is_streamed(),
            key: attempt.start.key,
            max_tokens: attempt.demand.max_tokens,
            is_check: call.is_none(),
        };
        let asked = Asked {
            form,
            call,
            nth: attempt.start.nth,
        };
        if let Some(connection) = self.own(key, attempt.owner) {
            connection.asked = Some(asked);
        }
        self.carry_request(key);
    }

    /// The provider accepts a connection, or does what a fault makes of it.
    pub(super) fn accept(&mut self, key: Key) {
        let now = self.now;
        let Some(connection) = self.connections.get(key) else {
            return;
        };
        connection.has_provider = true;
        let (id, client) = (connection.provider, connection.client);
        if let Some(fault) = self.paths[id.index()].link.outage(now) {
            self.fired(fault);
            return self.reset(key);
        }
        let server = &mut self.servers[id.index()];
        let number = server.connections;
        server.connections += 1;
        let Some((fault, opening)) = server.faults.opening(now, number, client) else {
            return;
        };
        self.fired(fault);
        match opening {
            Opening::Closed(CloseMode::Rst) => self.reset(key),
            Opening::Closed(CloseMode::Fin | CloseMode::End) => self.close_at_provider(key),
            Opening::AcceptOnly => self.bend(key, Bent::Mute),
            Opening::Alert => self.bend(key, Bent::Alert),
        }
    }

    fn bend(&mut self, key: Key, bent: Bent) {
        if let Some(connection) = self.connections.get(key) {
            connection.bent = Some(bent);
        }
    }

    /// A request has reached the provider.
    pub(super) fn on_request(&mut self, key: Key) {
        let Some(connection) = self.connections.get(key) else {
            return;
        };
        let Some(asked) = connection.asked.take().filter(|_| connection.has_provider) else {
            return;
        };
        match connection.bent {
            Some(Bent::Mute) => {}
            Some(Bent::Alert) => {
                let alert = Bytes::from_static(&HANDSHAKE_FAILURE);
                self.send(key, Item::Sent(Described::Bytes(alert)));
                self.close_at_provider(key);
            }
            None => self.serve(key, asked),
        }
    }

    /// Begins the exchange of a request.
    fn serve(&mut self, key: Key, asked: Asked) {
        let now = self.now;
        let Some(connection) = self.connections.get(key) else {
            return;
        };
        let (id, client) = (connection.provider, connection.client);
        let idle_since = connection.idle_since.take();
        let place = self.read(id, client, asked);
        let server = &mut self.servers[id.index()];
        let request = &server.forms[place].request;
        let seen = seen(now, request);
        if let Some(since) = idle_since
            && let Some((fault, with)) = server.faults.stale(&seen, now.since(since))
        {
            self.fired(fault);
            return match with {
                CloseMode::Rst => self.reset(key),
                CloseMode::Fin | CloseMode::End => self.close_at_provider(key),
            };
        }
        let last = server.faults.slow_close(&seen);
        let exchange = server.provider.respond(now, request);
        let is_known = request.is_known;
        let played = self.exchanges.add(Played {
            exchange,
            asker: Asker {
                connection: key,
                provider: id,
                call: is_known.then_some(request.call),
                nth: request.nth,
                outages: self.paths[id.index()].link.outages,
            },
            untold: last.map(|(fault, _)| fault),
            closes_late: last.map(|(_, by)| by),
        });
        if is_known {
            self.open_exchanges += 1;
        }
        if let Some(connection) = self.connections.get(key) {
            connection.exchange = Some(played);
        }
        self.play(played);
    }

    /// The provider reads a request: where it keeps it.
    fn read(&mut self, id: ProviderId, client: u32, asked: Asked) -> usize {
        let server = &mut self.servers[id.index()];
        let arrived = CallId(server.requests);
        server.requests += 1;
        let place = server.known(asked.form, &self.scenario.providers[id.index()]);
        let Known { read, request, .. } = &mut server.forms[place];
        let (call, tokens) = match asked.call {
            Some(known) => known,
            None => {
                let drawn = self.workload.tokens(arrived);
                (arrived, read.counted(drawn.output))
            }
        };
        request.call = call;
        request.tokens = tokens;
        request.form.is_cut = tokens.is_cut;
        request.client = client;
        request.nth = asked.nth;
        request.is_known = asked.call.is_some();
        place
    }

    /// Executes the actions of an exchange that are due.
    pub(super) fn play(&mut self, key: Key) {
        let after = loop {
            let Some(played) = self.exchanges.get(key) else {
                return;
            };
            let Some(at) = played.exchange.next_at() else {
                break After::KeepAlive;
            };
            if at > self.now {
                return self.queue.set(at, Event::Action(key));
            }
            let asker = played.asker;
            if self.is_lost(asker) {
                break After::Close;
            }
            if let Some(after) = self.act(key, asker) {
                break after;
            }
        };
        let Some(played) = self.exchanges.take(key) else {
            return;
        };
        self.exchanges.forget(key);
        if played.asker.call.is_some() {
            self.open_exchanges -= 1;
        }
        self.after(&played, after);
    }

    /// Whether an outage has ended the work. What is due as it begins is still done, if the client
    /// is there.
    fn is_lost(&mut self, asker: Asker) -> bool {
        let Path {
            link, outage_began, ..
        } = &self.paths[asker.provider.index()];
        let began_now = *outage_began == Some(self.now);
        link.outages != asker.outages && !(began_now && self.has_client(asker.connection))
    }

    /// Executes the next action; what becomes of the connection, if it is the last.
    fn act(&mut self, key: Key, asker: Asker) -> Option<After> {
        let Asker {
            connection,
            provider,
            call,
            nth,
            ..
        } = asker;
        match self.exchanges.get(key)?.exchange.take_next()? {
            Action::Write(what) => {
                self.tell_of_last(key, connection);
                self.send(connection, Item::Sent(what));
                return None;
            }
            Action::Fin => return Some(After::Close),
            Action::Rst => return Some(After::Reset),
            Action::Silence => return Some(After::Silence),
            Action::Fired(fault) => self.record(EventKind::Fired { fault, call }),
            Action::Billed(bill) => self.record(EventKind::Billed {
                provider,
                call,
                nth,
                bill,
            }),
            Action::Answered => self.record(EventKind::Answered {
                provider,
                call,
                nth,
            }),
        }
        None
    }

    /// If a fault makes the answer its connection's last, the client is told so.
    fn tell_of_last(&mut self, played: Key, key: Key) {
        let Some(played) = self.exchanges.get(played) else {
            return;
        };
        let Some(connection) = self.connections.get(key) else {
            return;
        };
        if connection.is_abandoned() {
            return;
        }
        if let Some(fault) = played.untold.take() {
            connection.is_last = true;
            self.fired(fault);
        }
    }

    fn has_client(&mut self, key: Key) -> bool {
        self.connections
            .get(key)
            .is_some_and(|one| !one.is_abandoned())
    }

    fn after(&mut self, played: &Played, after: After) {
        let key = played.asker.connection;
        let now = self.now;
        let Some(connection) = self.connections.get(key) else {
            return;
        };
        connection.exchange = None;
        if !connection.has_provider {
            return self.forget_if_closed(key);
        }
        if connection.is_abandoned() {
            connection.has_provider = false;
            return self.forget_if_closed(key);
        }
        match (after, played.closes_late) {
            (After::KeepAlive, None) => connection.idle_since = Some(now),
            (After::KeepAlive, Some(by)) => {
                connection.bent = Some(Bent::Mute);
                self.queue.set(now + by, Event::Close(key));
            }
            (After::Close, _) => self.close_at_provider(key),
            (After::Reset, _) => self.reset(key),
            (After::Silence, _) => connection.bent = Some(Bent::Mute),
        }
    }

    /// A provider goes out of service; its work is lost.
    pub(super) fn on_outage(&mut self, number: usize) {
        let Outage {
            provider,
            fault,
            end,
        } = self.outages[number];
        let id = self.faults[fault].id;
        self.reset_all(provider, id);
        self.servers[provider.index()].provider.on_outage();
        if let Some(end) = end {
            self.set_outage(number, end);
        }
    }

    /// Sets the next outage of this fault, from `since` on.
    pub(super) fn set_outage(&mut self, number: usize, since: Instant) {
        let outage = &mut self.outages[number];
        if let Some((start, end)) = self.faults[outage.fault].at_or_after(since) {
            outage.end = end;
            self.queue.set(start, Event::Outage(number));
        }
    }
}

/// The outages that a fault causes at one of its targets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outage {
    pub(super) provider: ProviderId,
    /// The fault, by its place.
    pub(super) fault: usize,
    /// When the one that is set, or under way, is over.
    pub(super) end: Option<Instant>,
}
