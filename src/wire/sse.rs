//! Parses event streams (WHATWG HTML, 9.2.6) incrementally.
//!
//! Only `data` is used by the dialects here: event names, ids and retry times are skipped, and
//! comments are keep-alives. An event without a blank line at its end is never passed on. Lines
//! that are not fields of an event are kept apart: some providers end a stream with an error in
//! bare JSON.

/// Splits a stream of bytes into events.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    line: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    after_cr: bool,
    after_first: bool,
    stray: Vec<u8>,
}

/// The stream holds a line or an event that is larger than any dialect sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

impl Decoder {
    /// Parses the next bytes and passes each event's data to `on_event`, in order.
    pub(crate) fn push(
        &mut self,
        bytes: &[u8],
        mut on_event: impl FnMut(&[u8]),
    ) -> Result<(), TooLong> {
        for &byte in bytes {
            let follows_cr = std::mem::take(&mut self.after_cr);
            match byte {
                b'\n' if follows_cr => {}
                b'\n' => self.end_line(&mut on_event),
                b'\r' => {
                    self.end_line(&mut on_event);
                    self.after_cr = true;
                }
                _ => self.line.push(byte),
            }
            if self.line.len() + self.data.len() > LONGEST {
                return Err(TooLong);
            }
        }
        Ok(())
    }

    /// Whether there were complete lines that are not fields of any event.
    pub(crate) fn has_stray_lines(&self) -> bool {
        !self.stray.is_empty()
    }

    /// The lines that are not fields of any event, and the incomplete last line.
    pub(crate) fn leftover(&self) -> Vec<u8> {
        [self.stray.as_slice(), &self.line].concat()
    }

    fn end_line(&mut self, on_event: &mut impl FnMut(&[u8])) {
        if !std::mem::replace(&mut self.after_first, true) && self.line.starts_with(BYTE_ORDER) {
            self.line.drain(..BYTE_ORDER.len());
        }
        if self.line.is_empty() {
            if std::mem::take(&mut self.has_data) {
                on_event(&self.data);
            }
            self.data.clear();
            return;
        }
        if let Some(value) = self.line.strip_prefix(b"data:") {
            if self.has_data {
                self.data.push(b'\n');
            }
            self.data
                .extend_from_slice(value.strip_prefix(b" ").unwrap_or(value));
            self.has_data = true;
        } else if !is_field(&self.line) && self.stray.len() + self.line.len() < LONGEST_STRAY {
            self.stray.extend_from_slice(&self.line);
            self.stray.push(b'\n');
        }
        self.line.clear();
    }
}

/// Whether a line is a comment, or a field that an event may have.
fn is_field(line: &[u8]) -> bool {
    let name = line.split(|byte| *byte == b':').next().unwrap_or(line);
    matches!(name, b"" | b"data" | b"event" | b"id" | b"retry")
}

/// The maximum of a line and of an event, in bytes. Real chunks are below 64 KiB.
const LONGEST: usize = 4 << 20;

/// The maximum that is kept of lines outside events, in bytes.
const LONGEST_STRAY: usize = 64 << 10;

/// The byte order mark, which is skipped before the first line.
const BYTE_ORDER: &[u8] = "\u{feff}".as_bytes();

#[cfg(test)]
mod tests {
    use super::*;

    fn events(pieces: &[&[u8]]) -> Vec<String> {
        let (mut decoder, mut seen) = (Decoder::default(), Vec::new());
        for piece in pieces {
            let take = |data: &[u8]| seen.push(String::from_utf8_lossy(data).into_owned());
            decoder.push(piece, take).unwrap();
        }
        seen
    }

    #[test]
    fn an_event_ends_with_a_blank_line_whatever_ends_the_lines() {
        for text in [
            "data: a\n\ndata: b\n\n",
            "data: a\r\n\r\ndata: b\r\n\r\n",
            "data: a\r\rdata: b\r\r",
        ] {
            assert_eq!(events(&[text.as_bytes()]), ["a", "b"]);
        }
    }

    #[test]
    fn where_the_bytes_are_cut_does_not_matter() {
        let text = "data: 1é\r\n\r\ndata: two\r\n\r\n".as_bytes();
        for cut in 0..text.len() {
            assert_eq!(
                events(&[&text[..cut], &text[cut..]]),
                ["1é", "two"],
                "{cut}"
            );
        }
    }

    #[test]
    fn comments_and_other_fields_are_read_over() {
        let text = b": keep-alive\n\nevent: ping\nid: 7\n\ndata:x\ndata: y\n\n";
        assert_eq!(events(&[text]), ["x\ny"]);
    }

    #[test]
    fn an_unfinished_event_is_not_given_out() {
        assert!(events(&[b"data: half\n"]).is_empty());
    }

    #[test]
    fn what_belongs_to_no_event_is_left_over() {
        let mut decoder = Decoder::default();
        let text = b"data: x\n\n: ping\nevent: y\nid\nretry: 3\n{\n  \"error\": 1\n}";
        for byte in text {
            decoder.push(&[*byte], |_| {}).unwrap();
        }
        assert_eq!(decoder.leftover(), b"{\n  \"error\": 1\n}");
        decoder.push(&vec![b'\n'; LONGEST], |_| {}).unwrap();
        for _ in 0..LONGEST_STRAY {
            decoder.push(b"stray\n", |_| {}).unwrap();
        }
        assert!(decoder.has_stray_lines() && decoder.leftover().len() <= LONGEST_STRAY);
    }

    #[test]
    fn a_byte_order_mark_is_read_over_at_the_start_alone() {
        let mark = "\u{feff}data: a\n\n\u{feff}data: b\n\n";
        assert_eq!(events(&[mark.as_bytes()]), ["a"]);
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut decoder = Decoder::default();
        let flood = vec![b'x'; LONGEST + 1];
        assert_eq!(decoder.push(&flood, |_| {}), Err(TooLong));
    }
}
