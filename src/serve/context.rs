//! Logs a line for each request on one connection: what was asked, and what the provider did.

use std::cell::{Cell, RefCell};
use std::fmt::Write;
use std::rc::Rc;

use super::Shared;
use super::wire::Wire;
use crate::host::HostEnv;
use crate::host::request::Asked;
use crate::policy::{CallId, ProviderId};
use crate::provider::{Action, Request};
use crate::scenario::workload::Tokens;
use crate::time::Instant;
use crate::trace::{Bill, FaultId};

/// The environment of one connection on this machine.
pub(super) struct ConnectionContext {
    shared: Rc<Shared>,
    id: ProviderId,
    /// How many outages have begun.
    outages: Rc<Cell<u64>>,
    /// The current exchange.
    exchange: RefCell<Option<Played>>,
}

/// The progress of an exchange.
struct Played {
    began: Instant,
    streamed: bool,
    model: String,
    status: Option<u16>,
    input: u64,
    output: u64,
    fired: Vec<FaultId>,
    /// How it ended, if not as HTTP requires.
    end: &'static str,
}

impl ConnectionContext {
    /// A connection to provider `id`, of which this many outages have begun.
    pub(super) fn new(shared: Rc<Shared>, id: ProviderId, outages: Rc<Cell<u64>>) -> Self {
        Self {
            shared,
            id,
            outages,
            exchange: RefCell::new(None),
        }
    }

    /// Logs an exchange, and counts it.
    fn close(&self, played: &Played) {
        let Played {
            began,
            status,
            input,
            output,
            end,
            ..
        } = *played;
        self.shared.tally.borrow_mut().answered(self.id, status);
        let mut line = status.map_or_else(|| "-".to_owned(), |status| status.to_string());
        if !end.is_empty() {
            let _ = write!(line, " {end}");
        }
        let took = self.shared.clock.now().since(began);
        let kind = if played.streamed { "streamed" } else { "plain" };
        let (seconds, millis) = (took.as_secs(), took.subsec_millis());
        let _ = write!(
            line,
            ", {kind}, {}, {input} tok in, {output} tok out, {seconds}.{millis:03}s",
            played.model
        );
        for fault in &played.fired {
            let _ = write!(
                line,
                ", {}",
                self.shared.scenario.faults[fault.index()].name
            );
        }
        self.shared.tell(self.id, &line);
    }

    fn note(&self, what: impl FnOnce(&mut Played)) {
        if let Some(played) = &mut *self.exchange.borrow_mut() {
            what(played);
        }
    }

    fn bill(&self, bill: Bill) {
        self.shared.tally.borrow_mut().billed(self.id, bill);
        self.note(|played| {
            played.input += bill.input + bill.cached;
            played.output += bill.output;
        });
    }
}

impl HostEnv for ConnectionContext {
    type Stream = Wire;

    fn now(&self) -> Instant {
        self.shared.clock.now()
    }

    fn moment(&self, at: Instant) -> tokio::time::Instant {
        self.shared.clock.moment(at)
    }

    /// Callers here do not make the scenario's calls: prompts are counted by their bytes, and only
    /// the length of the answer is drawn as in the scenario.
    fn tokens(&self, call: CallId, asked: &Asked) -> Tokens {
        asked.counted(self.shared.workload.tokens(call).output)
    }

    fn outages(&self) -> u64 {
        self.outages.get()
    }

    fn reset(&self, stream: &mut Wire) {
        stream.reset_on_close();
    }

    fn fired(&self, fault: FaultId) {
        self.shared.fired(fault);
        if self.exchange.borrow().is_some() {
            return self.note(|played| played.fired.push(fault));
        }
        let name = &self.shared.scenario.faults[fault.index()].name;
        self.shared
            .tell(self.id, &format!("struck a connection, {name}"));
    }

    fn began(&self, request: &Request) {
        let played = Played {
            began: self.now(),
            streamed: request.streamed,
            model: request.model.clone(),
            status: None,
            input: 0,
            output: 0,
            fired: Vec::new(),
            end: "",
        };
        self.exchange.replace(Some(played));
    }

    fn acts(&self, _: &Request, action: &Action) {
        match action {
            Action::Write(bytes) => {
                self.note(|played| played.status = played.status.or_else(|| status_of(bytes)));
            }
            Action::Fin => self.note(|played| played.end = "closed"),
            Action::Rst => self.note(|played| played.end = "reset"),
            Action::Silence => self.note(|played| played.end = "silent"),
            Action::Billed(bill) => self.bill(*bill),
            Action::Fired(fault) => self.fired(*fault),
            Action::Answered => {}
        }
    }

    fn ended(&self, _: &Request) {
        if let Some(played) = self.exchange.take() {
            self.close(&played);
        }
    }

    fn rejected(&self, status: u16) {
        self.shared
            .tally
            .borrow_mut()
            .answered(self.id, Some(status));
        self.shared
            .tell(self.id, &format!("{status}, this is no request to it"));
    }
}

/// Logs an exchange that an outage or the end of the server interrupts.
impl Drop for ConnectionContext {
    fn drop(&mut self) {
        if let Some(mut played) = self.exchange.take() {
            played.end = "interrupted";
            self.close(&played);
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
