//! A streamed answer: what each of its writes carries.
//!
//! `chunks` decides when it is written and with how many tokens, `wire`'s writer how that looks.

use std::sync::Arc;

use bytes::Bytes;

use super::chunks::{Chunk, ChunkSchedule, End};
use super::payload::Payload;
use crate::scenario::fault::{CloseMode, StreamAnomaly};
use crate::wire::fake::{Extra, Part, Stamp, Usage, Writer};

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

impl Stream {
    /// What one write carries.
    pub(super) fn payload<W: Payload>(&self, burst: Chunk) -> W {
        let (part, half) = self.parts(burst);
        match half {
            None => W::part(&self.writer, &self.stamp, &part, self.exact),
            Some(_) => W::from(self.followed(self.writer.part(&self.stamp, &part), half)),
        }
    }

    /// The bytes of one write, split in two.
    pub(super) fn torn(&self, burst: Chunk) -> [Bytes; 2] {
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::chunks::TokenRate;
    use super::*;
    use crate::time::Instant;
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
