//! Parses the body of a success, whatever its form: its bytes show whether it is JSON or a stream
//! of events, since neither the request nor the content type tells reliably.

use super::answer::{Content, LONGEST, Token, Wrong, judge};
use super::beside::Beside;
use super::error::{BYTE_ORDER, without_marks};
use super::mend::{Halves, mend};
use super::stream::EventReader;
use super::{ClientSpec, in_band};
use crate::wire::Dialect;

/// Parses one answer.
pub(crate) struct AnswerReader {
    spec: &'static ClientSpec,
    streamed: bool,
    /// Whether events that are no JSON are left out.
    skips: bool,
    form: Form,
}

enum Form {
    /// Nothing but blanks and byte order marks has come; these are bytes that may begin another
    /// mark.
    Unknown(Vec<u8>),
    /// JSON, in one piece.
    Whole(Vec<u8>),
    Events(Box<EventReader>),
}

impl AnswerReader {
    /// A reader for the answer to a request, streamed or plain.
    pub(crate) fn new(dialect: Dialect, streamed: bool) -> Self {
        Self {
            spec: dialect.client(),
            streamed,
            skips: false,
            form: Form::Unknown(Vec::new()),
        }
    }

    /// Leaves out events that are no JSON, if `skips`: a quirk of other clients.
    pub(crate) fn skipping(mut self, skips: bool) -> Self {
        self.skips = skips;
        self
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
        match &mut self.form {
            Form::Events(reader) => reader.push(bytes, &mut on_token),
            Form::Whole(body) if body.len() + bytes.len() > LONGEST => Err(Wrong::Malformed),
            Form::Whole(body) => {
                body.extend_from_slice(bytes);
                Ok(())
            }
            Form::Unknown(held) if held.is_empty() => self.begin(bytes, &mut on_token),
            Form::Unknown(held) => {
                let bytes = [held, bytes].concat();
                self.begin(&bytes, &mut on_token)
            }
        }
    }

    fn begin(&mut self, bytes: &[u8], on_token: &mut dyn FnMut(Token)) -> Result<(), Wrong> {
        let body = without_marks(bytes);
        match body.first() {
            _ if BYTE_ORDER.starts_with(body) => self.form = Form::Unknown(body.to_vec()),
            // No page is an answer.
            Some(b'<') => return Err(Wrong::Malformed),
            Some(b'{' | b'[' | b'"') => self.form = Form::Whole(body.to_vec()),
            _ => {
                let mut reader = EventReader::new(self.spec, self.skips);
                let pushed = reader.push(body, on_token);
                self.form = Form::Events(Box::new(reader));
                return pushed;
            }
        }
        Ok(())
    }

    /// Whether the dialect's terminator has come: the body's end need not be waited for.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(&self.form, Form::Events(reader) if reader.is_over())
    }

    /// Whether the answer is whole already: the connection may fail without harm.
    pub(crate) fn is_settled(&self) -> bool {
        matches!(&self.form, Form::Events(reader) if reader.is_settled())
    }

    /// Ends the body. Its last items go to `on_token`.
    ///
    /// # Errors
    /// When the answer is not whole, or there is none.
    pub(crate) fn end(self, mut on_token: impl FnMut(Token)) -> Result<Content, Wrong> {
        match self.form {
            Form::Events(reader) => {
                let is_stream = self.streamed || reader.has_events();
                match reader.end(&mut on_token) {
                    Err(Wrong::Truncated) if !is_stream => Err(Wrong::Malformed),
                    ended => ended,
                }
            }
            Form::Whole(body) => whole(self.spec, &body, &mut on_token),
            Form::Unknown(_) if self.streamed => Err(Wrong::Truncated),
            Form::Unknown(_) => Err(Wrong::Malformed),
        }
    }
}

/// Reads a body that begins as JSON: one value, or several, which are events without a stream
/// around them. It may also be a stream that begins with an error in bare JSON.
fn whole(
    spec: &'static ClientSpec,
    body: &[u8],
    on_token: &mut dyn FnMut(Token),
) -> Result<Content, Wrong> {
    let wrong = match plain(spec, body, false, on_token) {
        Err(Wrong::Malformed) => in_band::or_error(Wrong::Malformed, body),
        read => return read,
    };
    if wrong != Wrong::Malformed {
        return Err(wrong);
    }
    let values = match mend(body) {
        Some(values) => values,
        None => return events(spec, body, on_token),
    };
    if let [value] = values.as_slice() {
        return match serde_json::from_slice::<serde_json::Value>(value) {
            Ok(serde_json::Value::String(inner)) if inner.starts_with('{') => {
                plain(spec, inner.as_bytes(), false, on_token)
            }
            Ok(serde_json::Value::Array(values)) => {
                let values = values.iter().map(|value| value.to_string().into_bytes());
                in_a_row(spec, values, on_token)
            }
            _ => {
                let read = plain(spec, value, true, on_token);
                read.map_err(|wrong| in_band::or_error(wrong, value))
            }
        };
    }
    in_a_row(spec, values.into_iter(), on_token)
}

/// Reads one value as the whole answer.
fn plain(
    spec: &ClientSpec,
    body: &[u8],
    is_mended: bool,
    on_token: &mut dyn FnMut(Token),
) -> Result<Content, Wrong> {
    let mut piece = (spec.read_plain)(body)?;
    if is_mended {
        let mut halves = Halves::default();
        piece.text = halves.join(&piece.text) + halves.give_up();
    }
    let mut beside = Beside::default();
    if piece.busy {
        beside.collect(spec, body);
    }
    let content = Content {
        refused: piece.refused,
        usage: piece.counted.usage(),
        finish: piece.finish,
        model: piece.model,
        ..Content::default()
    };
    let content = judge(content, !piece.text.is_empty(), piece.spoken, beside)?;
    if !piece.text.is_empty() {
        on_token(Token::Text(piece.text));
    }
    Ok(content)
}

/// Reads values that follow each other without the fields of a stream, as events.
fn in_a_row(
    spec: &'static ClientSpec,
    values: impl Iterator<Item = Vec<u8>>,
    on_token: &mut dyn FnMut(Token),
) -> Result<Content, Wrong> {
    let mut reader = EventReader::new(spec, false);
    for value in values {
        reader.push_event(&value, on_token)?;
    }
    match reader.has_events() {
        true => reader.end(on_token),
        false => Err(Wrong::Malformed),
    }
}

fn events(
    spec: &'static ClientSpec,
    body: &[u8],
    on_token: &mut dyn FnMut(Token),
) -> Result<Content, Wrong> {
    let has_field = body
        .split(|byte| *byte == b'\n')
        .any(|line| line.starts_with(b"data:"));
    if !has_field {
        return Err(Wrong::Malformed);
    }
    let mut reader = EventReader::new(spec, false);
    reader.push(body, on_token)?;
    reader.end(on_token)
}
