//! Parses event streams (WHATWG HTML, 9.2.6) incrementally, as providers write them.
//!
//! Of the fields only `data` and the name of an event are used; comments are keep-alives. Three
//! things differ from the standard, since providers differ from it: an event that ends with the
//! body counts, events may stand one line apart where each is complete JSON, and lines that are no
//! field of an event are passed on as well: some providers report an error in bare JSON, or in a
//! field of its own.

use memchr::memchr2;

/// What a stream consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Item<'a> {
    /// The data of an event; it may be empty.
    Data(&'a [u8]),
    /// The data of an event that is named `error`, or the value of a field of that name.
    Error(&'a [u8]),
    /// Lines that are no field of any event, together.
    Stray(&'a [u8]),
}

/// Splits a stream of bytes into events.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    line: Vec<u8>,
    event: Event,
    stray: Vec<u8>,
    after_cr: bool,
}

/// The event that has begun.
#[derive(Debug, Default)]
struct Event {
    data: Vec<u8>,
    /// Lines of data.
    lines: usize,
    is_error: bool,
    /// A name came behind the data: that of this event, or of one that follows without a blank
    /// line.
    next_is_error: Option<bool>,
}

/// The stream holds a line or an event that is larger than any dialect sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

impl Decoder {
    /// Parses the next bytes and passes each item to `on_item`, in order.
    pub(crate) fn push(
        &mut self,
        mut bytes: &[u8],
        mut on_item: impl FnMut(Item<'_>),
    ) -> Result<(), TooLong> {
        if std::mem::take(&mut self.after_cr) {
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        while let Some(at) = memchr2(b'\n', b'\r', bytes) {
            let (rest, end) = (&bytes[at + 1..], bytes[at]);
            self.grow(&bytes[..at])?;
            self.end_line(&mut on_item);
            bytes = rest;
            if end == b'\r' {
                self.after_cr = bytes.is_empty();
                bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
            }
        }
        self.grow(bytes)
    }

    /// Ends the body: what has begun is passed on as it is.
    pub(crate) fn end(&mut self, mut on_item: impl FnMut(Item<'_>)) {
        if !self.line.is_empty() {
            self.end_line(&mut on_item);
        }
        self.end_line(&mut on_item);
    }

    /// Whether complete lines that are no field of any event were not passed on yet.
    pub(crate) fn has_stray_lines(&self) -> bool {
        !self.stray.is_empty()
    }

    fn grow(&mut self, line: &[u8]) -> Result<(), TooLong> {
        if self.line.len() + line.len() + self.event.data.len() > LONGEST {
            return Err(TooLong);
        }
        self.line.extend_from_slice(line);
        Ok(())
    }

    fn end_line(&mut self, on_item: &mut impl FnMut(Item<'_>)) {
        let mut line = std::mem::take(&mut self.line);
        self.read_line(&line, on_item);
        line.clear();
        self.line = line;
    }

    fn read_line(&mut self, line: &[u8], on_item: &mut impl FnMut(Item<'_>)) {
        let field = Field::of(line);
        if !matches!(field, Field::None) {
            self.give_stray(on_item);
        }
        match field {
            Field::Data(value) => self.event.add(value, on_item),
            Field::Name(name) => self.event.name(name),
            Field::Error(value) => on_item(Item::Error(value)),
            Field::End => self.event.end(on_item),
            Field::Other => {}
            Field::None if self.stray.len() + line.len() < LONGEST_STRAY => {
                self.stray.extend_from_slice(line);
                self.stray.push(b'\n');
            }
            Field::None => {}
        }
    }

    fn give_stray(&mut self, on_item: &mut impl FnMut(Item<'_>)) {
        if !self.stray.is_empty() {
            on_item(Item::Stray(&self.stray));
            self.stray.clear();
        }
    }
}

impl Event {
    /// Adds a line of data, to this event or to one that begins with it.
    fn add(&mut self, value: &[u8], on_item: &mut impl FnMut(Item<'_>)) {
        if self.lines == 1 && is_complete(&self.data) {
            let next_is_error = self.next_is_error.take().unwrap_or_default();
            self.end(on_item);
            self.is_error = next_is_error;
        }
        if self.lines > 0 {
            self.data.push(b'\n');
        }
        self.data.extend_from_slice(value);
        self.lines += 1;
    }

    fn name(&mut self, name: &[u8]) {
        let is_error = name
            .to_ascii_lowercase()
            .windows(5)
            .any(|part| part == b"error");
        match self.lines {
            0 => self.is_error = is_error,
            _ => self.next_is_error = Some(is_error),
        }
    }

    /// An error counts even without data.
    fn end(&mut self, on_item: &mut impl FnMut(Item<'_>)) {
        if self.is_error || self.next_is_error == Some(true) {
            on_item(Item::Error(&self.data));
        } else if self.lines > 0 {
            on_item(Item::Data(&self.data));
        }
        self.data.clear();
        (self.lines, self.is_error, self.next_is_error) = (0, false, None);
    }
}

/// Whether a line of data is an event of its own.
fn is_complete(data: &[u8]) -> bool {
    let data = data.trim_ascii();
    let is_object = data.starts_with(b"{") && data.ends_with(b"}");
    data == b"[DONE]"
        || (is_object && serde_json::from_slice::<serde::de::IgnoredAny>(data).is_ok())
}

/// What a line is.
enum Field<'a> {
    Data(&'a [u8]),
    Name(&'a [u8]),
    /// A field that no standard knows, and that llama.cpp uses.
    Error(&'a [u8]),
    /// A blank line.
    End,
    /// A comment, or a field that is not used.
    Other,
    /// Not a field of any event.
    None,
}

impl<'a> Field<'a> {
    fn of(line: &'a [u8]) -> Self {
        if let Some(value) = line.strip_prefix(b"data:") {
            return Self::Data(value.strip_prefix(b" ").unwrap_or(value));
        }
        if line.is_empty() {
            return Self::End;
        }
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = match colon {
            Some(at) => (&line[..at], line[at + 1..].trim_ascii()),
            None => (line, &[][..]),
        };
        if name.len() > LONGEST_NAME {
            return Self::None;
        }
        match name.trim_ascii().to_ascii_lowercase().as_slice() {
            b"data" => Self::Data(value),
            b"event" => Self::Name(value),
            b"error" if colon.is_some() => Self::Error(value),
            b"id" | b"retry" => Self::Other,
            b"" if colon == Some(0) => Self::Other,
            b"" => Self::End,
            _ => Self::None,
        }
    }
}

/// The maximum of a line and of an event, in bytes. Real chunks are below 64 KiB.
const LONGEST: usize = 4 << 20;

/// The longest name of a field, with the blanks that some put before it, in bytes.
const LONGEST_NAME: usize = 32;

/// The maximum that is kept of lines outside events, in bytes.
const LONGEST_STRAY: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    /// The items of a stream whose bytes come in these pieces; each with the initial of its kind.
    fn items(pieces: &[&[u8]]) -> Vec<String> {
        let (mut decoder, mut seen) = (Decoder::default(), Vec::new());
        let mut take = |item: Item<'_>| {
            let (kind, data) = match item {
                Item::Data(data) => ("", data),
                Item::Error(data) => ("error ", data),
                Item::Stray(data) => ("stray ", data),
            };
            seen.push(format!("{kind}{}", String::from_utf8_lossy(data)));
        };
        for piece in pieces {
            decoder.push(piece, &mut take).unwrap();
        }
        decoder.end(&mut take);
        seen
    }

    #[test]
    fn an_event_ends_with_a_blank_line_whatever_ends_the_lines() {
        for text in [
            "data: a\n\ndata: b\n\n",
            "data: a\r\n\r\ndata: b\r\n\r\n",
            "data: a\r\rdata: b\r\r",
            "data: a\n \ndata: b\n\t\n",
        ] {
            assert_eq!(items(&[text.as_bytes()]), ["a", "b"]);
        }
    }

    #[test]
    fn where_the_bytes_are_cut_does_not_matter() {
        let text = "data: 1é\r\n\r\n{stray}\r\ndata: two\r\n\r\n".as_bytes();
        for cut in 0..text.len() {
            let cut_in_two = items(&[&text[..cut], &text[cut..]]);
            assert_eq!(cut_in_two, ["1é", "stray {stray}\n", "two"], "{cut}");
        }
    }

    #[test]
    fn comments_and_other_fields_are_read_over() {
        let text = b": keep-alive\n\nevent: ping\nid: 7\n\ndata:x\ndata: y\n\n";
        assert_eq!(items(&[text]), ["x\ny"]);
    }

    #[test]
    fn an_event_without_data_is_empty() {
        assert_eq!(items(&[b"data:\n\ndata\n\ndata: \n\n"]), ["", "", ""]);
        assert!(items(&[b"\n\n\n"]).is_empty());
    }

    #[test]
    fn an_event_may_end_with_the_body() {
        for text in ["data: whole", "data: whole\n", "data: whole\n\n"] {
            assert_eq!(items(&[text.as_bytes()]), ["whole"]);
        }
    }

    #[test]
    fn events_one_line_apart_are_told_apart_if_each_is_complete() {
        let text = b"data: {\"a\":1}\ndata: {\"b\":2}\ndata: [DONE]\n";
        assert_eq!(items(&[text]), ["{\"a\":1}", "{\"b\":2}", "[DONE]"]);
        let named = b"event: a\ndata: {}\nevent: error\ndata: {}\nevent: c\ndata: {}\n";
        assert_eq!(items(&[named]), ["{}", "error {}", "{}"]);
        let pretty = b"data: {\ndata: }\ndata: x\n\n";
        assert_eq!(items(&[pretty]), ["{\n}\nx"]);
    }

    #[test]
    fn errors_are_told_by_the_name_of_an_event_and_by_a_field() {
        for text in [
            "event: error\ndata: x\n\n",
            "data: x\nevent: error\n\n",
            "event: stream_error\ndata: x\n\n",
            "error: x\n\n",
            "Error: x\n",
        ] {
            assert_eq!(items(&[text.as_bytes()]), ["error x"], "{text}");
        }
        assert_eq!(items(&[b"event: error\n\n"]), ["error "]);
    }

    #[test]
    fn lines_outside_events_come_together() {
        let text = b"data: x\n\n: ping\nid\nretry: 3\n{\n  \"error\": 1\n}\n\ndata: y\n\n";
        let expected = ["x", "stray {\n  \"error\": 1\n}\n", "y"];
        for split in 0..text.len() {
            assert_eq!(items(&[&text[..split], &text[split..]]), expected);
        }
        let (mut decoder, mut longest) = (Decoder::default(), 0);
        for _ in 0..LONGEST_STRAY {
            decoder.push(b"stray\n", |_| {}).unwrap();
        }
        decoder.end(|item| match item {
            Item::Stray(lines) => longest = lines.len(),
            item => panic!("{item:?}"),
        });
        assert!((1..=LONGEST_STRAY).contains(&longest), "{longest}");
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut decoder = Decoder::default();
        let flood = vec![b'x'; LONGEST + 1];
        assert_eq!(decoder.push(&flood, |_| {}), Err(TooLong));
        let mut decoder = Decoder::default();
        let line = [b"data: ".as_slice(), &[b'x'; 1 << 20], b"\n"].concat();
        let pushed: Result<Vec<()>, _> = (0..5).map(|_| decoder.push(&line, |_| {})).collect();
        assert_eq!(pushed, Err(TooLong), "nor an event");
    }
}
