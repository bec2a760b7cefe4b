//! The environment of one connection: notes what was asked, and what the provider did.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;

use super::journal::{End, Entry, Kind};
use super::wire::Wire;
use super::{Shared, control, paths};
use crate::host::HostEnv;
use crate::host::request::{Asked, Other};
use crate::policy::{CallId, ProviderId};
use crate::provider::{Action, Request};
use crate::seeded::Tokens;
use crate::time::Instant;
use crate::trace::{Bill, FaultId};
use crate::wire::fake::{Stamp, Writer};

/// The environment of one connection on this machine.
pub(super) struct ConnectionContext {
    shared: Rc<Shared>,
    id: ProviderId,
    flags: Rc<Flags>,
    /// The fault that refuses this connection, if it was opened before time began.
    refused: Cell<Option<FaultId>>,
    /// The path of the last request to the model, and the hash of its mark.
    path: RefCell<String>,
    mark: Cell<Option<u64>>,
    /// The current exchange.
    exchange: RefCell<Option<Played>>,
}

/// What a connection and its port know of each other.
#[derive(Debug, Default)]
pub(super) struct Flags {
    /// How many outages have begun.
    pub(super) outages: Rc<Cell<u64>>,
    /// Its close is a reset.
    pub(super) pending_reset: Rc<Cell<bool>>,
    /// An exchange is in progress.
    pub(super) is_busy: Cell<bool>,
}

/// The progress of an exchange.
struct Played {
    entry: Entry,
    /// Its call's hash, until it has a whole answer.
    mark: Option<u64>,
    is_answered: bool,
    /// How often the server had been reset when it began.
    resets: u64,
}

impl ConnectionContext {
    /// A connection to provider `id`. A request to the model over it is refused by `refused`.
    pub(super) fn new(
        shared: Rc<Shared>,
        id: ProviderId,
        flags: Rc<Flags>,
        refused: Option<FaultId>,
    ) -> Self {
        Self {
            shared,
            id,
            flags,
            refused: Cell::new(refused),
            path: RefCell::default(),
            mark: Cell::new(None),
            exchange: RefCell::new(None),
        }
    }

    /// Logs an exchange, and counts it, unless it began before a reset.
    fn close(&self, played: Played) {
        let Played {
            mut entry,
            mark,
            is_answered,
            resets,
        } = played;
        self.flags.is_busy.set(false);
        if resets != self.shared.reset_count.get() {
            return;
        }
        if let Some(hash) = mark.filter(|_| is_answered && entry.end == End::Whole) {
            self.shared.calls.borrow_mut().answered(hash);
        }
        entry.took = self.now().since(entry.time);
        self.shared
            .tally
            .borrow_mut()
            .answered(self.id, entry.status);
        self.shared.note(entry);
    }

    fn note(&self, what: impl FnOnce(&mut Played)) {
        if let Some(played) = &mut *self.exchange.borrow_mut() {
            what(played);
        }
    }

    fn ends(&self, end: End) {
        self.note(|played| played.entry.end = end);
    }

    fn bill(&self, bill: Bill) {
        self.shared.tally.borrow_mut().billed(self.id, bill);
        self.note(|played| {
            played.entry.input += bill.input + bill.cached;
            played.entry.output += bill.output;
        });
    }

    /// An entry about what comes now.
    fn entry(&self, kind: Kind) -> Entry {
        Entry {
            time: self.now(),
            provider: self.shared.name(self.id).to_owned(),
            kind,
            ..Entry::default()
        }
    }

    /// An entry about a request that is not to the model.
    fn told(&self, status: Option<u16>, other: &Other) {
        self.shared.note(Entry {
            method: other.method.clone(),
            path: other.path().to_owned(),
            status,
            ..self.entry(Kind::Other)
        });
    }
}

impl HostEnv for ConnectionContext {
    type Stream = Wire;

    const FIELDS: &'static str = paths::FIELDS;

    fn now(&self) -> Instant {
        self.shared.clock.now()
    }

    fn moment(&self, at: Instant) -> tokio::time::Instant {
        self.shared.clock.moment(at)
    }

    fn is_before_start(&self) -> bool {
        !self.shared.clock.has_started()
    }

    fn request_timeout(&self) -> Option<Duration> {
        Some(self.shared.request_timeout)
    }

    /// Time begins with the first request to a model. What the scenario does at time 0 comes before
    /// the answer.
    async fn arrives(&self) -> bool {
        if self.shared.clock.start() {
            tokio::task::yield_now().await;
        }
        if let Some(fault) = self.refused.take() {
            self.shared.refused(self.id, fault);
            self.flags.pending_reset.set(true);
            return false;
        }
        true
    }

    fn call(&self, asked: &mut Asked, arrived: u64) -> CallId {
        self.path.replace(std::mem::take(&mut asked.path));
        self.mark.set(asked.mark.map(|mark| mark.hash));
        let Some(mark) = asked.mark else {
            return CallId(asked.number.unwrap_or(arrived));
        };
        let mut calls = self.shared.calls.borrow_mut();
        let (call, nth) = calls.attempt(mark, self.id, self.now());
        asked.nth = nth;
        call
    }

    async fn answer(&self, other: &Other, writer: &Writer, stamp: &Stamp) -> Option<Bytes> {
        if let Some(answer) = control::answer(&self.shared, other).await {
            return Some(answer.into());
        }
        let profile = &self.shared.scenario.providers[self.id.index()];
        let (answer, is_told) = paths::answer(other, profile, writer, stamp)?;
        if is_told {
            self.told(status_of(&answer), other);
        }
        Some(answer)
    }

    /// Callers here do not make the scenario's calls: prompts are counted by their bytes, and only
    /// the length of the answer is drawn as in the scenario.
    fn tokens(&self, call: CallId, asked: &Asked) -> Tokens {
        asked.counted(self.shared.workload.tokens(call).output)
    }

    fn outages(&self) -> u64 {
        self.flags.outages.get()
    }

    fn reset(&self, stream: &mut Wire) {
        stream.reset_on_close();
    }

    fn fired(&self, fault: FaultId) {
        self.shared.fired(fault);
        let name = &self.shared.scenario.faults[fault.index()].name;
        if self.exchange.borrow().is_some() {
            return self.note(|played| played.entry.faults.push(name.clone()));
        }
        self.shared
            .tell(self.id, &format!("struck a connection, {name}"));
    }

    fn began(&self, request: &Request) {
        self.flags.is_busy.set(true);
        let entry = Entry {
            method: "POST".to_owned(),
            path: self.path.take(),
            model: request.model.to_string(),
            key: request.key.as_deref().map(str::to_owned),
            call: Some(request.call.0),
            attempt: Some(request.nth),
            streamed: request.streamed,
            ..self.entry(Kind::Model)
        };
        self.exchange.replace(Some(Played {
            entry,
            mark: self.mark.take(),
            is_answered: false,
            resets: self.shared.reset_count.get(),
        }));
    }

    fn acts(&self, _: &Request, action: &Action) {
        match action {
            Action::Write(bytes) => self.note(|Played { entry, .. }| {
                entry.status = entry.status.or_else(|| status_of(bytes));
            }),
            Action::Fin => self.ends(End::Closed),
            Action::Rst => self.ends(End::Reset),
            Action::Silence => self.ends(End::Silent),
            Action::Billed(bill) => self.bill(*bill),
            Action::Fired(fault) => self.fired(*fault),
            Action::Answered => self.note(|played| played.is_answered = true),
        }
    }

    fn client_left(&self) {
        self.ends(End::ClientLeft);
    }

    fn ended(&self, _: &Request) {
        if let Some(played) = self.exchange.take() {
            self.close(played);
        }
    }

    fn rejected(&self, status: u16, other: Option<&Other>) {
        let status = Some(status);
        self.shared.tally.borrow_mut().answered(self.id, status);
        match other {
            Some(other) => self.told(status, other),
            None => self.shared.note(Entry {
                status,
                ..self.entry(Kind::Invalid)
            }),
        }
    }
}

/// Logs an exchange that an outage or the end of the server interrupts.
impl Drop for ConnectionContext {
    fn drop(&mut self) {
        if let Some(mut played) = self.exchange.take() {
            played.entry.end = End::Interrupted;
            self.close(played);
        }
    }
}

/// The status in the first bytes of an answer.
fn status_of(bytes: &[u8]) -> Option<u16> {
    let digits = bytes.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::status_of;

    #[test]
    fn the_status_is_in_the_first_line() {
        assert_eq!(
            status_of(b"HTTP/1.1 429 Too Many Requests\r\n\r\n"),
            Some(429)
        );
        assert_eq!(status_of(b"data: {}\n\n"), None);
        assert_eq!(status_of(b"HTTP/1.1 "), None);
    }
}
