//! The provider's actions for one request, each with its time, computed lazily.
//!
//! `provider` decides which actions these are, `chunks` when tokens are due, `stream` what a write
//! of them carries, `egress` how bytes are sent. The host executes the actions. What a write
//! carries is a [`Payload`].

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use super::chunks::{Chunk, End, whole_ms};
use super::egress::Line;
use super::fault_set::Billing;
use super::payload::Payload;
use super::stream::Stream;
use crate::scenario::fault::{CloseMode, LateClose};
use crate::time::Instant;
use crate::trace::{Bill, FaultId};

/// The provider's actions for one request, each with its time, in order.
///
/// Its size does not depend on the number of tokens.
#[derive(Clone, Debug)]
pub struct Exchange<W = Bytes> {
    queue: VecDeque<(Instant, Action<W>)>,
    line: Line,
    billing: Billing,
    hold: Option<KeepAlives<W>>,
    answer: Option<Answer<W>>,
}

/// One action of the provider.
#[derive(Clone, Debug, PartialEq)]
pub enum Action<W = Bytes> {
    /// Sends this.
    Write(W),
    /// Closes the connection cleanly.
    Fin,
    /// Resets the connection.
    Rst,
    /// Sends nothing more; the connection stays open.
    Silence,
    /// Bills these tokens. Comes before the `Write` that completes them.
    Billed(Bill),
    /// With the next write, the answer is whole and correct.
    Answered,
    /// A fault struck.
    Fired(FaultId),
}

/// The answer after the keep-alives, if any.
#[derive(Clone, Debug)]
pub(super) enum Answer<W> {
    /// All at once.
    Plain(Plain<W>),
    /// In several writes.
    Stream(Box<Stream>),
    /// Nothing: the connection is closed at this time.
    Never(Instant),
}

/// An answer that is sent at once.
#[derive(Clone, Debug)]
pub(super) struct Plain<W> {
    /// When it is sent.
    pub(super) at: Instant,
    /// What it says.
    pub(super) payload: W,
    /// The number of its tokens.
    pub(super) output: u64,
    /// Whether it is whole and correct.
    pub(super) is_right: bool,
    /// Whether the connection is closed behind it.
    pub(super) closes: bool,
}

/// Bytes that are sent each second until an answer comes.
#[derive(Clone, Debug)]
pub(super) struct KeepAlives<W> {
    /// The time of the next.
    pub(super) next: Instant,
    /// They end before this time.
    pub(super) until: Instant,
    /// What they say.
    pub(super) payload: W,
}

impl Iterator for Exchange {
    type Item = (Instant, Action);

    fn next(&mut self) -> Option<Self::Item> {
        self.advance()
    }
}

impl<W> Default for Exchange<W> {
    fn default() -> Self {
        Self {
            queue: VecDeque::new(),
            line: Line::default(),
            billing: Billing::default(),
            hold: None,
            answer: None,
        }
    }
}

#[expect(private_bounds, reason = "none of these methods is public")]
impl<W: Payload> Exchange<W> {
    /// The next action and its time; `None` when the exchange is over. Then the connection can be
    /// reused, unless `Fin`, `Rst` or `Silence` came last. When the client has left, the host goes
    /// on asking (the work goes on, and is billed) and drops the writes.
    pub(crate) fn advance(&mut self) -> Option<(Instant, Action<W>)> {
        let at = self.next_at()?;
        self.take_next().map(|action| (at, action))
    }

    /// When the next action is due.
    pub(crate) fn next_at(&mut self) -> Option<Instant> {
        while self.queue.is_empty() {
            if !self.go_on() {
                return None;
            }
        }
        self.queue.front().map(|(at, _)| *at)
    }

    /// The next action, once it is known when it is due.
    pub(crate) fn take_next(&mut self) -> Option<Action<W>> {
        self.queue.pop_front().map(|(_, action)| action)
    }

    /// An empty exchange, whose bytes are sent on `line` and whose output is billed by `billing`.
    pub(super) fn new(line: Line, billing: Billing) -> Self {
        Self {
            line,
            billing,
            ..Self::default()
        }
    }

    /// Adds that these faults strike at `at`.
    #[must_use]
    pub(super) fn then_fired(mut self, at: Instant, faults: &[FaultId]) -> Self {
        for fault in faults {
            self.queue.push_back((at, Action::Fired(*fault)));
        }
        self
    }

    /// Adds `bill`, at `at`.
    #[must_use]
    pub(super) fn then_billed(mut self, at: Instant, bill: Bill) -> Self {
        for bill in self.billing.bills(bill) {
            self.queue.push_back((at, Action::Billed(bill)));
        }
        self
    }

    /// Adds `action` at `at`.
    #[must_use]
    pub(super) fn then(mut self, at: Instant, action: Action<W>) -> Self {
        self.queue.push_back((at, action));
        self
    }

    /// Adds silence from `at` on, which lasts, or ends as `then` says.
    #[must_use]
    pub(super) fn then_left(self, at: Instant, then: Option<LateClose>) -> Self {
        let Some(LateClose { silence, with }) = then else {
            return self.then(at, Action::Silence);
        };
        let last = match with {
            CloseMode::Rst => Action::Rst,
            CloseMode::Fin | CloseMode::End => Action::Fin,
        };
        self.then(whole_ms(at + silence), last)
    }

    /// Adds keep-alives: the `first`, with its head, at `at`, and others after it.
    #[must_use]
    pub(super) fn then_held(mut self, at: Instant, first: W, hold: KeepAlives<W>) -> Self {
        self.send(at, first, 0, false);
        self.hold = Some(hold);
        self
    }

    /// Adds `answer`, after which nothing comes.
    #[must_use]
    pub(super) fn then_answer(mut self, answer: Answer<W>) -> Self {
        self.answer = Some(answer);
        self
    }

    /// When its answer has been sent, known before it begins.
    ///
    /// This is arithmetic, unless bytes have to wait: then the whole answer is written once and
    /// discarded.
    pub(super) fn end(&self) -> Option<Instant> {
        match self.answer.as_ref()? {
            Answer::Plain(plain) if self.line.is_clear() => Some(plain.at),
            Answer::Stream(stream) if self.line.is_clear() && !stream.halves => {
                Some(stream.pace.end())
            }
            Answer::Never(at) => Some(*at),
            _ => {
                let mut all = self.clone();
                let times = std::iter::from_fn(|| all.advance().map(|(at, _)| at));
                times.last()
            }
        }
    }

    /// Computes the next actions; false when there are none.
    fn go_on(&mut self) -> bool {
        if let Some(hold) = &mut self.hold {
            if let Some((at, payload)) = hold.beat() {
                self.send(at, payload, 0, false);
                return true;
            }
            self.hold = None;
        }
        match self.answer.take() {
            Some(Answer::Plain(plain)) => {
                self.send(plain.at, plain.payload, plain.output, plain.is_right);
                if plain.closes {
                    let at = self.queue.back().map_or(plain.at, |(at, _)| *at);
                    self.queue.push_back((at, Action::Fin));
                }
            }
            Some(Answer::Stream(mut stream)) => {
                let Some(burst) = stream.pace.next() else {
                    return false;
                };
                self.write(&stream, burst);
                self.answer = Some(Answer::Stream(stream));
            }
            Some(Answer::Never(at)) => self.queue.push_back((self.line.moment(at), Action::Fin)),
            None => return false,
        }
        true
    }

    /// Computes the actions of one write of a stream.
    fn write(&mut self, stream: &Stream, burst: Chunk) {
        let output = burst.end.map_or(0, |_| stream.pace.delivered());
        let is_right = burst.end == Some(End::Whole) && stream.is_right;
        let mut at = burst.at;
        let payload = match stream.halves {
            false => stream.payload(burst),
            true => {
                let [first, rest] = stream.torn(burst);
                self.send(at, first.into(), 0, false);
                // Without a second half nothing comes later than the first.
                if !rest.is_empty() {
                    at = self.line.moment(at) + MILLISECOND;
                }
                rest.into()
            }
        };
        self.send(at, payload, output, is_right);
        let last = match burst.end {
            Some(End::Cut(CloseMode::Rst, _)) => Action::Rst,
            Some(End::Cut(CloseMode::Fin, _)) => Action::Fin,
            _ => return,
        };
        self.queue.push_back((self.line.moment(burst.at), last));
    }

    /// Sends `payload` from `at` on. This many output tokens are billed when all are sent.
    fn send(&mut self, at: Instant, payload: W, output: u64, is_right: bool) {
        let (queue, billing) = (&mut self.queue, self.billing);
        let complete = |queue: &mut VecDeque<_>, at| {
            if output > 0 {
                for bill in billing.bills(Bill::of(0, output)) {
                    queue.push_back((at, Action::Billed(bill)));
                }
            }
            if is_right {
                queue.push_back((at, Action::Answered));
            }
        };
        if payload.is_empty() {
            return complete(queue, self.line.moment(at));
        }
        self.line.send(at, payload, |at, piece, is_last| {
            if is_last {
                complete(queue, at);
            }
            queue.push_back((at, Action::Write(piece)));
        });
    }
}

impl<W: Clone> KeepAlives<W> {
    /// The interval of keep-alives.
    pub(super) const EVERY: Duration = Duration::from_secs(1);

    fn beat(&mut self) -> Option<(Instant, W)> {
        let at = self.next;
        self.next = at + Self::EVERY;
        (at < self.until).then(|| (at, self.payload.clone()))
    }
}

const MILLISECOND: Duration = Duration::from_millis(1);
