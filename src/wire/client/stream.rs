//! Parses the events of a streamed answer incrementally.
//!
//! Once the provider has given its reason to end, the answer is whole: nothing odd that follows can
//! undo it. Before that, anything that says error is one, whatever follows, and what cannot be read
//! is [`Wrong::Malformed`].

use super::answer::{Content, Counted, Finish, Piece, Token, Wrong, judge};
use super::beside::Beside;
use super::mend::{Halves, is_done, mend};
use super::repeated::Repeated;
use super::{ClientSpec, finish, in_band};
use crate::wire::sse::{Decoder, Item, TooLong};

/// Parses one stream of events.
pub(super) struct EventReader {
    decoder: Decoder,
    state: State,
}

/// What the events have told so far.
struct State {
    spec: &'static ClientSpec,
    /// Whether events that are no JSON are left out.
    skips: bool,
    finish: Option<Finish>,
    /// Text came after a reason to end: this provider gives one with every event.
    finish_is_habit: bool,
    /// The last text came after the last reason to end.
    is_beyond_finish: bool,
    counted: Counted,
    model: Option<String>,
    has_events: bool,
    has_text: bool,
    spoken: bool,
    /// There was something that could not be understood, and that is no error.
    is_odd: bool,
    /// The dialect's terminator has come.
    ended: bool,
    /// Another dialect's has.
    closed: bool,
    halves: Halves,
    repeated: Repeated,
    refused: bool,
    beside: Beside,
}

impl EventReader {
    /// `skips` says whether events that are no JSON are left out, as other clients do.
    pub(super) fn new(spec: &'static ClientSpec, skips: bool) -> Self {
        let state = State {
            spec,
            skips,
            finish: None,
            finish_is_habit: false,
            is_beyond_finish: false,
            counted: Counted::default(),
            model: None,
            has_events: false,
            has_text: false,
            spoken: false,
            is_odd: false,
            ended: false,
            closed: false,
            halves: Halves::default(),
            repeated: Repeated::default(),
            refused: false,
            beside: Beside::default(),
        };
        Self {
            decoder: Decoder::default(),
            state,
        }
    }

    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        on_token: &mut dyn FnMut(Token),
    ) -> Result<(), Wrong> {
        let state = &mut self.state;
        let mut read = Ok(());
        let pushed = self.decoder.push(bytes, |item| {
            if read.is_ok() {
                read = state.take(item, on_token);
            }
        });
        match (read, pushed) {
            (Ok(()), Err(TooLong)) if !state.is_over() && !state.is_settled() => {
                Err(Wrong::Malformed)
            }
            (read, _) => read,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.state.is_over()
    }

    pub(super) fn is_settled(&self) -> bool {
        self.state.is_settled()
    }

    /// Whether there was an event with data.
    pub(super) fn has_events(&self) -> bool {
        self.state.has_events
    }

    /// Reads one event that has come without a stream around it.
    pub(super) fn push_event(
        &mut self,
        data: &[u8],
        on_token: &mut dyn FnMut(Token),
    ) -> Result<(), Wrong> {
        self.state.take(Item::Data(data), on_token)
    }

    /// Ends the body. What it breaks off in counts if it can be read.
    pub(super) fn end(mut self, on_token: &mut dyn FnMut(Token)) -> Result<Content, Wrong> {
        let state = &mut self.state;
        // A line that is cut off is nothing odd.
        let is_odd = state.is_odd || self.decoder.has_stray_lines();
        let mut found = Ok(());
        self.decoder.end(|item| match state.take(item, on_token) {
            Ok(()) | Err(Wrong::Malformed) => {}
            Err(wrong) if found.is_ok() => found = Err(wrong),
            Err(_) => {}
        });
        found?;
        state.is_odd = is_odd;
        self.state.end(on_token)
    }
}

impl State {
    fn take(&mut self, item: Item<'_>, on_token: &mut dyn FnMut(Token)) -> Result<(), Wrong> {
        if self.is_over() {
            return Ok(());
        }
        let read = match item {
            Item::Data(data) if data.trim_ascii().is_empty() => Ok(()),
            Item::Data(data) => {
                self.has_events = true;
                self.read(data, on_token)
            }
            Item::Error(data) => Err(in_band::announced(data)),
            Item::Stray(lines) => self.read_stray(lines, on_token),
        };
        match read {
            Err(_) if self.is_settled() => Ok(()),
            Err(Wrong::Malformed) if self.skips => Ok(()),
            read => read,
        }
    }

    /// Lines outside events may be an error, or an event whose field has no name.
    fn read_stray(&mut self, lines: &[u8], on_token: &mut dyn FnMut(Token)) -> Result<(), Wrong> {
        let is_json = matches!(lines.trim_ascii_start().first(), Some(b'{' | b'['));
        let read = match is_json {
            true => self.read(lines, on_token),
            false => Err(Wrong::Malformed),
        };
        match read {
            Err(Wrong::Malformed) => {
                self.is_odd = true;
                Ok(())
            }
            read => read,
        }
    }

    fn read(&mut self, data: &[u8], on_token: &mut dyn FnMut(Token)) -> Result<(), Wrong> {
        match (self.spec.read_event)(data) {
            Ok(piece) => {
                if !piece.text.is_empty() {
                    let half = self.halves.give_up();
                    self.say(half.to_owned(), on_token);
                }
                self.add(piece, data, on_token);
                Ok(())
            }
            Err(Wrong::Malformed) => self.read_mended(data, on_token),
            Err(wrong) => Err(wrong),
        }
    }

    /// Reads an event that is no valid JSON, or that belongs to another dialect.
    fn read_mended(&mut self, data: &[u8], on_token: &mut dyn FnMut(Token)) -> Result<(), Wrong> {
        for value in mend(data).ok_or(Wrong::Malformed)? {
            match (self.spec.read_event)(&value) {
                Ok(mut piece) => {
                    piece.text = self.halves.join(&piece.text);
                    self.add(piece, &value, on_token);
                }
                Err(_) if is_done(&value) => self.closed = true,
                Err(wrong) => return Err(in_band::or_error(wrong, &value)),
            }
        }
        Ok(())
    }

    fn add(&mut self, piece: Piece, data: &[u8], on_token: &mut dyn FnMut(Token)) {
        let text = match piece.message {
            Some(message) if piece.text.is_empty() => {
                self.repeated.add(message, piece.finish.is_some())
            }
            _ => {
                if !piece.text.is_empty() {
                    self.repeated.supersede();
                }
                piece.text
            }
        };
        if self.finish.is_some() && !text.is_empty() {
            self.finish_is_habit = true;
            self.is_beyond_finish = true;
        }
        self.counted = self.counted.then(piece.counted);
        self.model = self.model.take().or(piece.model);
        self.spoken |= piece.spoken;
        self.is_odd |= piece.odd;
        self.ended |= piece.ends;
        self.refused |= piece.refused;
        if piece.busy {
            self.beside.collect(self.spec, data);
            on_token(Token::Busy);
        }
        self.say(text, on_token);
        if let Some(finish) = piece.finish {
            self.finish_with(finish);
        }
    }

    /// A reason that is known stays, whatever word follows.
    fn finish_with(&mut self, finish: Finish) {
        self.is_beyond_finish = false;
        let is_known = self.finish.as_ref().is_some_and(finish::is_known);
        if !is_known || finish::is_known(&finish) {
            self.finish = Some(finish);
        }
    }

    fn say(&mut self, text: String, on_token: &mut dyn FnMut(Token)) {
        if !text.is_empty() {
            self.has_text = true;
            on_token(Token::Text(text));
        }
    }

    fn is_over(&self) -> bool {
        self.ended || self.closed
    }

    /// Whether the provider has said why it ended: the answer is whole.
    fn is_settled(&self) -> bool {
        !self.finish_is_habit && self.finish.as_ref().is_some_and(finish::is_known)
    }

    fn end(mut self, on_token: &mut dyn FnMut(Token)) -> Result<Content, Wrong> {
        let half = self.halves.give_up();
        self.say(half.to_owned(), on_token);
        let has_finish = self.finish.is_some() && !self.is_beyond_finish;
        if !(has_finish || (self.ended && !self.is_odd)) {
            return Err(match self.has_text || !(self.is_odd || self.is_over()) {
                true => Wrong::Truncated,
                false => Wrong::Malformed,
            });
        }
        let content = Content {
            refused: self.refused,
            finish: self.finish,
            usage: self.counted.usage(),
            model: self.model,
            ..Content::default()
        };
        judge(content, self.has_text, self.spoken, self.beside)
    }
}
