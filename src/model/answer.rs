//! What the real client makes of an answer in bytes.
//!
//! Bytes that a fault has bent are read by the client's own readers, as they come: the framing of
//! HTTP is taken off here, and everything else is `wire` and the client's table of failures. So a
//! class or a hint cannot differ from what the simulated network leads to.

use httparse::Status;
use hyper::StatusCode;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};

use super::described::Error;
use super::framing::Framing;
use crate::client::{Failed, refusal};
use crate::policy::call::Failure;
use crate::policy::classify::FailureClass;
use crate::wire::Dialect;
use crate::wire::answer::{self, AnswerReader, Token};

/// How an exchange ended for the client, whose connection goes on if the answer was read to its
/// end.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Read {
    /// The answer, or what failed.
    pub(super) result: Result<Told, Failure>,
    /// Whether the answer was read to its end.
    pub(super) is_whole: bool,
}

/// What a success tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Tokens of prompt and answer, if it states them.
    pub(super) usage: Option<(u64, u64)>,
    /// Bytes of text of a plain answer.
    pub(super) text: usize,
}

/// How a connection ended under an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It was closed.
    Closed,
    /// It was reset.
    Reset,
}

/// Reads one answer as it comes.
pub(super) struct AnswerBytes {
    dialect: Dialect,
    streamed: bool,
    /// Whether events that are no JSON are left out.
    skips: bool,
    /// What has come and is not yet understood.
    bytes: Vec<u8>,
    state: State,
    /// Whether the head of a good answer has come.
    pub(super) has_good_head: bool,
}

enum State {
    Head,
    Success {
        reader: Box<AnswerReader>,
        framing: Framing,
        text: usize,
    },
    Refused {
        status: StatusCode,
        headers: HeaderMap,
        framing: Framing,
        body: Vec<u8>,
    },
    Over,
}

impl AnswerBytes {
    pub(super) fn new(dialect: Dialect, streamed: bool, skips: bool) -> Self {
        Self {
            dialect,
            streamed,
            skips,
            bytes: Vec::new(),
            state: State::Head,
            has_good_head: false,
        }
    }

    /// The next bytes. Items of the text go to `on_token`. The end of the exchange, if they are it.
    pub(super) fn push(&mut self, bytes: &[u8], mut on_token: impl FnMut(Token)) -> Option<Read> {
        self.bytes.extend_from_slice(bytes);
        if matches!(self.state, State::Head) {
            match self.head() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(failure) => return Some(failed(failure)),
            }
        }
        self.body(&mut on_token)
    }

    /// The connection has ended.
    pub(super) fn end(&mut self, end: End, on_token: impl FnMut(Token)) -> Read {
        let broken = |early: FailureClass| match end {
            End::Reset => FailureClass::Reset,
            End::Closed => early,
        };
        match std::mem::replace(&mut self.state, State::Over) {
            State::Head | State::Over => failed(Failure::of(FailureClass::Reset)),
            State::Refused {
                status, headers, ..
            } => {
                // The body is lost: the status alone tells.
                let lost = refusal(status, &headers, answer::ErrorBody::default());
                failed(lost.failure)
            }
            State::Success {
                reader,
                framing,
                text,
            } => {
                let is_end = framing == Framing::Close && end == End::Closed;
                if !is_end && !reader.is_settled() {
                    return failed(Failure::of(broken(FailureClass::Truncated)));
                }
                self.finish(*reader, false, text, on_token)
            }
        }
    }

    /// Whether the answer is whole already, so that a silence does it no harm.
    pub(super) fn is_settled(&self) -> bool {
        matches!(&self.state, State::Success { reader, .. } if reader.is_settled())
    }

    /// A timeout has passed while a refusal was read: its status alone tells. A success is lost
    /// unless it is settled.
    pub(super) fn give_up(&mut self, class: FailureClass, on_token: impl FnMut(Token)) -> Read {
        match &self.state {
            State::Refused { .. } => self.end(End::Closed, on_token),
            _ if self.is_settled() => self.end(End::Closed, on_token),
            _ => failed(Failure::of(class)),
        }
    }

    /// Reads the head, if it is here.
    fn head(&mut self) -> Result<bool, Failure> {
        let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
        let mut head = httparse::Response::new(&mut fields);
        let length = match head.parse(&self.bytes) {
            Ok(Status::Complete(length)) => length,
            Ok(Status::Partial) => return Ok(false),
            Err(_) => return Err(Failure::of(FailureClass::Malformed)),
        };
        let status = head.code.and_then(|code| StatusCode::from_u16(code).ok());
        let status = status.ok_or(Failure::of(FailureClass::Malformed))?;
        let headers = collected(head.headers);
        let framing = Framing::of(&headers);
        self.bytes.drain(..length);
        self.has_good_head = status.is_success();
        self.state = match status.is_success() {
            true => State::Success {
                reader: Box::new(
                    AnswerReader::new(self.dialect, self.streamed).skipping(self.skips),
                ),
                framing,
                text: 0,
            },
            false => State::Refused {
                status,
                headers,
                framing,
                body: Vec::new(),
            },
        };
        Ok(true)
    }

    fn body(&mut self, on_token: &mut dyn FnMut(Token)) -> Option<Read> {
        loop {
            let (framing, is_success) = match &mut self.state {
                State::Success { framing, .. } => (framing, true),
                State::Refused { framing, .. } => (framing, false),
                State::Head | State::Over => return None,
            };
            if *framing == Framing::Ended {
                return Some(self.at_the_end(on_token));
            }
            let Ok(data) = framing.take(&mut self.bytes) else {
                return Some(failed(Failure::of(FailureClass::Malformed)));
            };
            let data = match data {
                None if *framing == Framing::Ended => continue,
                None => return None,
                Some(data) => data,
            };
            match is_success {
                true => {
                    if let Some(read) = self.read(&data, on_token) {
                        return Some(read);
                    }
                }
                false => self.collect(&data),
            }
        }
    }

    /// Reads data of a success.
    fn read(&mut self, data: &[u8], on_token: &mut dyn FnMut(Token)) -> Option<Read> {
        let streamed = self.streamed;
        let State::Success { reader, text, .. } = &mut self.state else {
            return None;
        };
        let pushed = reader.push(data, |token| kept(streamed, text, token, on_token));
        if let Err(wrong) = pushed {
            return Some(failed(Failed::from(wrong).failure));
        }
        if !reader.has_ended() {
            return None;
        }
        // The rest of the body, if it is here, shows that the connection can go on.
        Some(self.at_the_end(on_token))
    }

    fn collect(&mut self, data: &[u8]) {
        if let State::Refused { body, .. } = &mut self.state {
            body.extend_from_slice(data);
        }
    }

    fn at_the_end(&mut self, on_token: &mut dyn FnMut(Token)) -> Read {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Refused {
                status,
                headers,
                body,
                ..
            } => Read {
                result: Err(refusal(status, &headers, answer::read_error(&body)).failure),
                is_whole: true,
            },
            State::Success {
                reader,
                mut framing,
                text,
            } => {
                while let Ok(Some(_)) = framing.take(&mut self.bytes) {}
                self.finish(*reader, framing == Framing::Ended, text, on_token)
            }
            State::Head | State::Over => failed(Failure::of(FailureClass::Malformed)),
        }
    }

    fn finish(
        &self,
        reader: AnswerReader,
        is_whole: bool,
        mut text: usize,
        mut on_token: impl FnMut(Token),
    ) -> Read {
        let streamed = self.streamed;
        let ended = reader.end(|token| kept(streamed, &mut text, token, &mut on_token));
        match ended {
            Err(wrong) => failed(Failed::from(wrong).failure),
            Ok(content) => Read {
                result: Ok(Told {
                    usage: content
                        .usage
                        .map(|usage| (usage.prompt_tokens, usage.completion_tokens)),
                    text: text + content.text.len(),
                }),
                is_whole,
            },
        }
    }
}

/// A stream hands its text on; of a plain answer it is counted.
fn kept(streamed: bool, text: &mut usize, token: Token, on_token: &mut dyn FnMut(Token)) {
    match (streamed, token) {
        (true, token) => on_token(token),
        (false, Token::Text(piece)) => *text += piece.len(),
        (false, Token::Busy) => {}
    }
}

/// A failure that ends the connection.
pub(super) fn failed(failure: Failure) -> Read {
    Read {
        result: Err(failure),
        is_whole: false,
    }
}

fn collected(fields: &[httparse::Header<'_>]) -> HeaderMap {
    let read = fields.iter().filter_map(|field| {
        let name = HeaderName::from_bytes(field.name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_bytes(field.value).ok()?))
    });
    read.collect()
}

/// More than any fake provider writes.
const MOST_FIELDS: usize = 64;

/// What errors were read as: those that are alike are read once.
#[derive(Default)]
pub(super) struct Errors {
    read: Vec<(Dialect, Error, Failure)>,
    next: usize,
}

impl Errors {
    /// What the client makes of `error`, in `dialect`.
    pub(super) fn read(&mut self, dialect: Dialect, error: &Error) -> Failure {
        let mut known = self.read.iter();
        if let Some((.., failure)) =
            known.find(|(one, known, _)| *one == dialect && known.is_like(error))
        {
            return *failure;
        }
        let bytes = error.writer.refusal(&error.stamp, &error.refusal);
        let mut reader = AnswerBytes::new(dialect, false, false);
        let read = reader.push(&bytes, |_| {});
        let read = read.unwrap_or_else(|| reader.end(End::Closed, |_| {}));
        let failure = read
            .result
            .err()
            .unwrap_or(Failure::of(FailureClass::Malformed));
        if !error.tells_the_time() {
            self.keep((dialect, error.clone(), failure));
        }
        failure
    }

    fn keep(&mut self, read: (Dialect, Error, Failure)) {
        if self.read.len() < MOST_ERRORS {
            return self.read.push(read);
        }
        self.read[self.next] = read;
        self.next = (self.next + 1) % MOST_ERRORS;
    }
}

/// Errors that are kept. Those of faults are few, and those of limits hardly ever alike.
const MOST_ERRORS: usize = 16;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::time::Instant;
    use crate::wire::fake::{
        Cause, Form, Part, Quotas, Refusal, Stamp, Usage, Writer, text_length,
    };

    const USAGE: Usage = Usage {
        input: 1_009,
        cached: 113,
        output: 7,
    };

    fn stamp() -> Stamp {
        Stamp {
            provider: 3,
            call: 42,
            nth: 1,
            at: Instant::START,
            processing: Duration::ZERO,
            quotas: Quotas::default(),
            flaws: None,
            form: Form::default(),
        }
    }

    /// What the description of a sound answer takes for granted.
    #[test]
    fn every_dialect_reads_a_sound_answer_as_it_was_described() {
        for dialect in Dialect::ALL {
            let writer = Writer::new(dialect, "m");
            let mut reader = AnswerBytes::new(dialect, false, false);
            let read = reader.push(&writer.completion(&stamp(), USAGE), |_| {});
            let read = read.expect("the answer is whole");
            assert!(read.is_whole, "{dialect:?}");
            let told = read.result.expect("the answer is sound");
            assert_eq!(told.usage, Some((1_009, 7)), "{dialect:?}");
        }
    }

    #[test]
    fn every_dialect_reads_a_sound_stream_as_it_was_described() {
        for dialect in Dialect::ALL {
            let writer = Writer::new(dialect, "m");
            let mut reader = AnswerBytes::new(dialect, true, false);
            let part = |opens: bool, tokens, closes| Part {
                head: opens,
                opens,
                prompt: opens.then_some(USAGE),
                tokens,
                closes,
                ..Part::default()
            };
            let parts = [
                part(true, 1, None),
                part(false, 1_500, None),
                part(false, 12, Some(USAGE)),
            ];
            for (nth, part) in parts.iter().enumerate() {
                let mut text = 0;
                let read = reader.push(&writer.part(&stamp(), part), |token| match token {
                    Token::Text(piece) => text += piece.len(),
                    Token::Busy => panic!("{dialect:?} is busy"),
                });
                assert_eq!(text, text_length(part.tokens), "{dialect:?}");
                let whole = read.map(|read| (read.is_whole, read.result.map(|told| told.usage)));
                let expected = (nth == 2).then_some((true, Ok(Some((1_009, 7)))));
                assert_eq!(whole, expected, "{dialect:?}");
            }
        }
    }

    #[test]
    fn an_error_is_read_once_and_alike() {
        let mut errors = Errors::default();
        let writer = std::sync::Arc::new(Writer::new(Dialect::Openai, "m"));
        let error = |call, seconds| Error {
            writer: writer.clone(),
            stamp: Stamp { call, ..stamp() },
            refusal: Refusal::of(Cause::RateLimit).after(Duration::from_secs(seconds)),
        };
        let first = errors.read(Dialect::Openai, &error(1, 20));
        assert_eq!(first.class, FailureClass::RateLimited);
        assert_eq!(first.hint, Some(Duration::from_secs(20)));
        assert_eq!(errors.read(Dialect::Openai, &error(2, 20)), first);
        assert_eq!(errors.read.len(), 1);
        let other = errors.read(Dialect::Openai, &error(2, 30));
        assert_eq!(other.hint, Some(Duration::from_secs(30)));
        assert_eq!(errors.read.len(), 2);
    }

    #[test]
    fn what_is_cut_is_truncated_and_what_is_reset_is_reset() {
        let writer = Writer::new(Dialect::Openai, "m");
        let bytes = writer.completion(&stamp(), USAGE);
        for (end, class) in [
            (End::Closed, FailureClass::Truncated),
            (End::Reset, FailureClass::Reset),
        ] {
            let mut reader = AnswerBytes::new(Dialect::Openai, false, false);
            assert_eq!(reader.push(&bytes[..bytes.len() - 1], |_| {}), None);
            let read = reader.end(end, |_| {});
            assert_eq!(read.result, Err(Failure::of(class)));
        }
        let mut reader = AnswerBytes::new(Dialect::Openai, false, false);
        let read = reader.push(b"\x15\x03\x03\x00\x02\x02\x28", |_| {});
        assert_eq!(
            read.expect("it is no answer").result,
            Err(Failure::of(FailureClass::Malformed))
        );
    }
}
