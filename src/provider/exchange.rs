//! The provider's actions for one request, each with its time, computed lazily.
//!
//! `provider` decides which actions these are, `chunks` when tokens are due, `egress` how bytes are
//! sent. The host executes the actions. What a write carries is a [`Payload`].

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::chunks::{Chunk, ChunkSchedule, End};
use super::egress::Line;
use super::fault_set::Billing;
use super::payload::Payload;
use crate::scenario::fault::{CloseMode, StreamAnomaly};
use crate::time::Instant;
use crate::trace::{Bill, FaultId};
use crate::wire::fake::{Extra, Part, Stamp, Usage, Writer};

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
}

/// A streamed answer that is being written.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    /// Writes its bytes.
    pub(super) writer: Arc<Writer>,
    /// The fields that all its events share.
    pub(super) stamp: Stamp,
    /// Whether its head comes with the first of its writes.
    pub(super) head: bool,
    /// When its tokens are sent.
    pub(super) pace: ChunkSchedule,
    /// The usage that it states at its end.
    pub(super) usage: Usage,
    /// Whether each of its writes is split in two, in the middle of a character.
    pub(super) halves: bool,
    /// Whether it is correct, if it is whole.
    pub(super) is_right: bool,
    /// Whether its bytes hold more than its tokens and its usage tell.
    pub(super) exact: bool,
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
        loop {
            if let Some(next) = self.queue.pop_front() {
                return Some(next);
            }
            if !self.go_on() {
                return None;
            }
        }
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
        let fired = faults.iter().map(|fault| (at, Action::Fired(*fault)));
        self.queue.extend(fired);
        self
    }

    /// Adds `bill`, at `at`.
    #[must_use]
    pub(super) fn then_billed(mut self, at: Instant, bill: Bill) -> Self {
        let bills = self.billing.bills(bill);
        self.queue
            .extend(bills.map(|bill| (at, Action::Billed(bill))));
        self
    }

    /// Adds `action` at `at`.
    #[must_use]
    pub(super) fn then(mut self, at: Instant, action: Action<W>) -> Self {
        self.queue.push_back((at, action));
        self
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
                let bills = billing.bills(Bill::of(0, output));
                queue.extend(bills.map(|bill| (at, Action::Billed(bill))));
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

impl Stream {
    /// What one write carries.
    fn payload<W: Payload>(&self, burst: Chunk) -> W {
        let (part, half) = self.parts(burst);
        match half {
            None => W::part(&self.writer, &self.stamp, &part, self.exact),
            Some(_) => W::from(self.followed(self.writer.part(&self.stamp, &part), half)),
        }
    }

    /// The bytes of one write, split in two.
    fn torn(&self, burst: Chunk) -> [Bytes; 2] {
        let (part, half) = self.parts(burst);
        let [first, rest] = self.writer.split(&self.stamp, &part);
        [first, self.followed(rest, half)]
    }

    fn followed(&self, bytes: Bytes, half: Option<Part>) -> Bytes {
        let Some(half) = half else {
            return bytes;
        };
        let half = self.writer.part(&self.stamp, &half);
        [bytes, half].concat().into()
    }

    /// The content of one write, and the event in which it is cut if it has no end of its own: that
    /// of the token after the counted ones.
    fn parts(&self, burst: Chunk) -> (Part, Option<Part>) {
        let part = self.part(burst);
        let Some(End::Cut(_, Some(inside))) = burst.end else {
            return (part, None);
        };
        let half = Part {
            tokens: 1,
            before: self.pace.delivered(),
            total: part.total,
            inside: Some(inside),
            ends: part.ends,
            ..Part::default()
        };
        let whole = Part {
            ends: false,
            ..part
        };
        (whole, Some(half))
    }

    /// The content of one write.
    fn part(&self, burst: Chunk) -> Part {
        let odd = burst.odd.map(|odd| match odd {
            StreamAnomaly::Malformed => Extra::Malformed,
            StreamAnomaly::Duplicate => Extra::Duplicate,
            StreamAnomaly::Reordered => Extra::Reordered,
        });
        let error = match burst.end {
            Some(End::Error(cause)) => Some(Extra::Error(cause)),
            _ => None,
        };
        Part {
            head: burst.opens && self.head,
            opens: burst.opens,
            prompt: burst.opens.then_some(self.usage),
            tokens: burst.tokens,
            before: self.pace.delivered().saturating_sub(burst.tokens),
            total: self.pace.output(),
            extra: error.or(odd),
            closes: (burst.end == Some(End::Whole)).then_some(self.usage),
            ends: matches!(burst.end, Some(End::Cut(CloseMode::End, _) | End::Error(_))),
            inside: None,
        }
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

#[cfg(test)]
mod tests {
    use super::super::chunks::TokenRate;
    use super::*;
    use crate::wire::Dialect;
    use crate::wire::fake::{Cause, Form, Inside, Quotas};

    fn stream() -> Stream {
        Stream {
            writer: Arc::new(Writer::new(Dialect::Openai, "m")),
            stamp: Stamp {
                provider: 0,
                call: 0,
                nth: 0,
                at: Instant::START,
                processing: Duration::ZERO,
                quotas: Quotas::default(),
                form: Form::default(),
                flaws: None,
            },
            head: true,
            pace: ChunkSchedule::new(Instant::START, TokenRate::bundled(0), 9, Vec::new()),
            usage: USAGE,
            halves: false,
            is_right: true,
            exact: false,
        }
    }

    const USAGE: Usage = Usage {
        input: 900,
        cached: 100,
        output: 9,
    };

    const BURST: Chunk = Chunk {
        at: Instant::START,
        opens: false,
        tokens: 5,
        odd: None,
        end: None,
    };

    const PART: Part = Part {
        head: false,
        opens: false,
        prompt: None,
        tokens: 5,
        before: 0,
        total: 9,
        extra: None,
        closes: None,
        ends: false,
        inside: None,
    };

    fn part(burst: Chunk) -> Part {
        let (part, half) = stream().parts(burst);
        assert_eq!(half, None);
        part
    }

    #[test]
    fn the_first_write_has_the_head_unless_that_is_out_already() {
        let opens = Chunk {
            opens: true,
            ..BURST
        };
        let first = Part {
            head: true,
            opens: true,
            prompt: Some(USAGE),
            ..PART
        };
        assert_eq!(part(opens), first);
        let held = Stream {
            head: false,
            ..stream()
        };
        let expected = Part {
            head: false,
            ..first
        };
        assert_eq!(held.parts(opens), (expected, None));
    }

    #[test]
    fn only_a_whole_stream_closes() {
        let ending = |end| part(Chunk { end, ..BURST });
        let whole = Part {
            closes: Some(USAGE),
            ..PART
        };
        let ended = Part { ends: true, ..PART };
        assert_eq!(ending(None), PART);
        assert_eq!(ending(Some(End::Whole)), whole);
        assert_eq!(ending(Some(End::Cut(CloseMode::Rst, None))), PART);
        assert_eq!(ending(Some(End::Cut(CloseMode::Fin, None))), PART);
        assert_eq!(ending(Some(End::Cut(CloseMode::End, None))), ended);
    }

    #[test]
    fn odd_events_and_errors_come_with_the_tokens_before_them() {
        let odd = |odd| part(Chunk { odd, ..BURST }).extra;
        assert_eq!(odd(Some(StreamAnomaly::Malformed)), Some(Extra::Malformed));
        assert_eq!(odd(Some(StreamAnomaly::Duplicate)), Some(Extra::Duplicate));
        assert_eq!(odd(Some(StreamAnomaly::Reordered)), Some(Extra::Reordered));
        let error = Part {
            extra: Some(Extra::Error(Cause::Overloaded)),
            ends: true,
            ..PART
        };
        let end = Some(End::Error(Cause::Overloaded));
        assert_eq!(part(Chunk { end, ..BURST }), error);
    }

    #[test]
    fn a_cut_inside_an_event_is_inside_one_that_does_not_count() {
        for (with, ends) in [(CloseMode::Rst, false), (CloseMode::End, true)] {
            let end = Some(End::Cut(with, Some(Inside::Utf8)));
            let half = Part {
                total: 9,
                tokens: 1,
                inside: Some(Inside::Utf8),
                ends,
                ..PART
            };
            assert_eq!(stream().parts(Chunk { end, ..BURST }), (PART, Some(half)));
        }
    }
}
