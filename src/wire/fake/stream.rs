//! One write of a streamed answer: its events and their order, where its bytes end, and its framing
//! in chunks of HTTP. A [`Grammar`] gives events their form.

use std::fmt::{self, Write as _};

use bytes::Bytes;

use super::form::piece;
use super::grammar::{Grammar, Span, push, quoted};
use super::head::Head;
use super::{Extra, Inside, Part, Stamp, refusal};

/// The bytes of `part`; none for an empty one, since an empty chunk would end the stream.
pub(super) fn part(grammar: &dyn Grammar, stamp: &Stamp, part: &Part) -> Bytes {
    let (events, ends) = events(grammar, stamp, part, Spelling::of(part));
    let mut bytes = head(grammar, stamp, part);
    bytes.reserve_exact(events.len() + FRAMES);
    let ends = ends || part.ends;
    match part.inside {
        None => {
            chunk(&mut bytes, &events);
            if ends {
                bytes.push_str(LAST_CHUNK);
            }
            Bytes::from(bytes)
        }
        Some(inside) => {
            let cut = middle(&events, inside, grammar.line());
            let mut bytes = bytes.into_bytes();
            raw_chunk(&mut bytes, &events.as_bytes()[..cut]);
            if ends {
                bytes.extend_from_slice(LAST_CHUNK.as_bytes());
            }
            Bytes::from(bytes)
        }
    }
}

/// The bytes of `part`, split in the middle of a character of its tokens, or else of its last
/// event's JSON.
pub(super) fn split(grammar: &dyn Grammar, stamp: &Stamp, part: &Part) -> [Bytes; 2] {
    let mut first = head(grammar, stamp, part).into_bytes();
    let (events, ends) = events(grammar, stamp, part, Spelling::Accented);
    let cut = middle(&events, Inside::Utf8, grammar.line());
    raw_chunk(&mut first, &events.as_bytes()[..cut]);
    let mut rest = Vec::new();
    raw_chunk(&mut rest, &events.as_bytes()[cut..]);
    if ends || part.ends {
        rest.extend_from_slice(LAST_CHUNK.as_bytes());
    }
    [Bytes::from(first), Bytes::from(rest)]
}

/// Appends `text` as one chunk, unless it is empty.
pub(super) fn chunk(bytes: &mut String, text: &str) {
    if !text.is_empty() {
        let _ = write!(bytes, "{:x}\r\n", text.len());
        push(bytes, &[text, "\r\n"]);
    }
}

/// The longest frame of a chunk with the end of the body behind it, in bytes.
const FRAMES: usize = 32;

/// The end of a chunked body.
pub(super) const LAST_CHUNK: &str = "0\r\n\r\n";

/// The spelling of a token.
#[derive(Clone, Copy)]
enum Spelling {
    /// In ASCII.
    Plain,
    /// With a character of two bytes.
    Accented,
}

impl Spelling {
    fn of(part: &Part) -> Self {
        match part.inside {
            Some(Inside::Utf8) => Self::Accented,
            _ => Self::Plain,
        }
    }
}

/// The bytes of the events of one write, as a rule.
const USUAL_EVENTS: usize = 512;

fn head(grammar: &dyn Grammar, stamp: &Stamp, part: &Part) -> String {
    if !part.head {
        return String::new();
    }
    Head::new(grammar.spec(), 200, stamp).before_chunks(grammar.stream_type())
}

/// The events of `part`, and whether the body ends after them.
fn events(grammar: &dyn Grammar, stamp: &Stamp, part: &Part, spelling: Spelling) -> (String, bool) {
    let mut events = String::with_capacity(USUAL_EVENTS);
    if part.opens {
        grammar.opening(&mut events, stamp, part.prompt);
    }
    let spelled = stamp.form.content.spelled();
    let mut tokens = |before, count| {
        let span = Span {
            before,
            tokens: count,
            total: part.total,
        };
        match spelled {
            _ if count == 0 => {}
            None => {
                let words = Words { count, spelling };
                grammar.tokens(&mut events, stamp, span, format_args!("{words}"));
            }
            Some(text) => {
                let json = quoted(piece(text, before, count, part.total));
                let escaped = &json[1..json.len() - 1];
                grammar.tokens(&mut events, stamp, span, format_args!("{escaped}"));
            }
        }
    };
    let (before, all) = (part.before, part.tokens);
    if part.extra == Some(Extra::Reordered) {
        tokens(before, all / 2);
        tokens(before + all / 2, all - all / 2);
    } else {
        tokens(before, all);
    }
    if let Some(extra) = part.extra {
        disturb(&mut events, grammar, stamp, extra, before + all);
    }
    if matches!(part.extra, Some(Extra::Error(_))) {
        return (events, true);
    }
    if let Some(usage) = part.closes {
        grammar.closing(&mut events, stamp, usage);
    }
    (events, part.closes.is_some())
}

/// The text of tokens: their number, padded with blanks until each token has four bytes, the
/// average of texts, so that the speed of a stream can be measured by its text.
struct Words {
    count: u64,
    spelling: Spelling,
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.count;
        let word = match self.spelling {
            Spelling::Plain => "tok",
            Spelling::Accented => "t\u{f6}k",
        };
        for part in [itoa::Buffer::new().format(count), " ", word, " "] {
            f.write_str(part)?;
        }
        let said = said(count, word);
        let mut blanks = text_length(count).saturating_sub(said);
        while blanks > 0 {
            let some = blanks.min(BLANKS.len());
            f.write_str(&BLANKS[..some])?;
            blanks -= some;
        }
        Ok(())
    }
}

const BLANKS: &str = "                                                                ";

/// The bytes of text that this many tokens are, in plain letters.
pub(crate) fn text_length(tokens: u64) -> usize {
    if tokens == 0 {
        return 0;
    }
    let length = BYTES_PER_TOKEN.saturating_mul(tokens).min(LONGEST_TEXT);
    said(tokens, "tok").max(length as usize)
}

/// The bytes of a count and its word, with a blank after each.
fn said(count: u64, word: &str) -> usize {
    count.checked_ilog10().unwrap_or(0) as usize + word.len() + 3
}

const BYTES_PER_TOKEN: u64 = 4;

/// The maximum of text in an event.
const LONGEST_TEXT: u64 = 1_024;

fn disturb(events: &mut String, grammar: &dyn Grammar, stamp: &Stamp, extra: Extra, sent: u64) {
    match extra {
        Extra::KeepAlive => events.push_str(grammar.keep_alive()),
        Extra::Malformed => events.push_str(grammar.malformed()),
        Extra::Duplicate if events.is_empty() => grammar.opening(events, stamp, None),
        Extra::Duplicate => {
            let last = last_event(events, grammar.line());
            events.extend_from_within(last..);
        }
        Extra::Reordered => *events = reversed(events, grammar.line()),
        Extra::Error(cause) => {
            let error = refusal::in_band(grammar, stamp, cause);
            grammar.in_band(events, stamp, sent, &error);
        }
    }
}

/// Where the last event begins.
fn last_event(events: &str, line: &str) -> usize {
    let whole = events.strip_suffix(line).unwrap_or(events);
    whole.rfind(line).map_or(0, |at| at + line.len())
}

fn reversed(events: &str, line: &str) -> String {
    let mut all: Vec<&str> = events.split_inclusive(line).collect();
    all.reverse();
    all.concat()
}

/// Where to split `events`: in the last multi-byte character, or in the middle of the last JSON
/// object.
fn middle(events: &str, inside: Inside, line: &str) -> usize {
    if inside == Inside::Utf8
        && let Some(at) = events.rfind("\u{f6}k ")
    {
        return at + 1;
    }
    let Some(brace) = events.rfind(['{', '}']) else {
        return events.len() / 2;
    };
    let start = last_event(&events[..=brace], line);
    let start = start + events[start..].find('{').unwrap_or_default();
    start + (brace - start).div_ceil(2)
}

fn raw_chunk(bytes: &mut Vec<u8>, data: &[u8]) {
    if !data.is_empty() {
        bytes.extend_from_slice(format!("{:x}\r\n", data.len()).as_bytes());
        bytes.extend_from_slice(data);
        bytes.extend_from_slice(b"\r\n");
    }
}
