//! Parses a streamed answer incrementally.

use super::answer::{Content, Counted, Finish, Piece, Wrong, judge};
use super::{ClientSpec, error};
use crate::wire::Dialect;
use crate::wire::sse::{Decoder, TooLong};

/// An item of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// A piece of the answer's text, never empty.
    Text(String),
    /// Activity without text: reasoning, a tool's arguments.
    Busy,
}

/// Parses one streamed answer.
pub(crate) struct StreamReader {
    spec: &'static ClientSpec,
    decoder: Decoder,
    finish: Option<Finish>,
    counted: Counted,
    model: Option<String>,
    has_text: bool,
    spoken: bool,
    ended: bool,
}

impl StreamReader {
    /// A reader for one stream.
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self {
            spec: dialect.client(),
            decoder: Decoder::default(),
            finish: None,
            counted: Counted::default(),
            model: None,
            has_text: false,
            spoken: false,
            ended: false,
        }
    }

    /// Parses the next bytes and passes their items to `on_token`, in order. Bytes after the
    /// dialect's terminator are ignored.
    ///
    /// # Errors
    /// At the first error; nothing may be pushed after it.
    pub(crate) fn push(
        &mut self,
        bytes: &[u8],
        mut on_token: impl FnMut(Token),
    ) -> Result<(), Wrong> {
        let mut decoder = std::mem::take(&mut self.decoder);
        let mut wrong = None;
        let pushed = decoder.push(bytes, |data| {
            if self.ended || wrong.is_some() {
                return;
            }
            match (self.spec.read_event)(data) {
                Ok(piece) => self.take(piece, &mut on_token),
                Err(found) => wrong = Some(found),
            }
        });
        self.decoder = decoder;
        match (wrong, pushed) {
            (Some(wrong), _) => Err(wrong),
            (None, Err(TooLong)) if !self.ended => Err(Wrong::Malformed),
            (None, _) => Ok(()),
        }
    }

    /// Whether the dialect's terminator has come: the body's end need not be waited for.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Ends the body.
    ///
    /// # Errors
    /// When the answer is not whole, or there is none.
    pub(crate) fn end(self) -> Result<Content, Wrong> {
        if !self.is_whole() {
            return Err(self.why_not_whole());
        }
        let content = Content {
            text: String::new(),
            finish: self.finish,
            usage: self.counted.usage(),
            model: self.model,
        };
        judge(content, self.has_text, self.spoken)
    }

    fn take(&mut self, piece: Piece, on_token: &mut impl FnMut(Token)) {
        self.counted = self.counted.then(piece.counted);
        self.finish = piece.finish.or(self.finish.take());
        self.model = self.model.take().or(piece.model);
        self.spoken |= piece.spoken;
        self.ended |= piece.ends;
        if piece.busy {
            on_token(Token::Busy);
        }
        if !piece.text.is_empty() {
            self.has_text = true;
            on_token(Token::Text(piece.text));
        }
    }

    fn is_whole(&self) -> bool {
        self.ended || (self.finish.is_some() && self.spec.may_end_without_terminator)
    }

    /// A stream may end with an error in bare JSON (Gemini), or may not be a stream at all.
    fn why_not_whole(&self) -> Wrong {
        let said_nothing = !self.spoken && self.decoder.has_stray_lines();
        match error::find(&self.decoder.leftover()) {
            Some(error) => Wrong::Error(Box::new(error)),
            None if said_nothing => Wrong::Malformed,
            None => Wrong::Truncated,
        }
    }
}
