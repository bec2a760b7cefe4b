//! Mends JSON that a strict parser refuses, and that says plainly what is meant.
//!
//! What is mended: a byte order mark, halves of surrogate pairs and of UTF-8 characters, control
//! characters in strings, numbers that are none (`NaN`), a key twice, and several values in one
//! event, with `data:` between them or not. Halves of characters become marks, which [`Halves`]
//! joins, also over events.
//!
//! Only bytes that could not be read come here: good answers pay nothing.

use serde_json::Value;

/// The values in these bytes, each as valid JSON; none if they cannot be mended. `[DONE]` is kept
/// as it is.
pub(super) fn mend(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let repaired = repair(bytes);
    let mut rest = repaired.as_str();
    let mut values = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\u{feff}');
        if let Some(behind) = rest.strip_prefix("data:") {
            rest = behind;
        } else if is_done(rest.as_bytes()) {
            values.push(DONE.to_vec());
            return Some(values);
        } else if rest.is_empty() {
            return Some(values).filter(|values| !values.is_empty());
        } else {
            let mut found = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
            let value = found.next()?.ok()?;
            rest = &rest[found.byte_offset()..];
            values.push(value.to_string().into_bytes());
        }
    }
}

/// Whether this is OpenAI's terminator, which others use as well, bare or as a string.
pub(super) fn is_done(data: &[u8]) -> bool {
    let data = data.trim_ascii();
    let inner = data
        .strip_prefix(b"\"")
        .and_then(|data| data.strip_suffix(b"\""));
    inner.unwrap_or(data).eq_ignore_ascii_case(DONE)
}

const DONE: &[u8] = b"[DONE]";

/// Replaces what is no valid JSON in strings, and numbers that are none.
fn repair(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    let mut is_string = false;
    for chunk in bytes.utf8_chunks() {
        let mut rest = chunk.valid();
        while let Some(next) = rest.chars().next() {
            let taken = match (is_string, next) {
                (true, '\\') => escape(rest, &mut out),
                (true, '\0'..='\u{1f}') => {
                    out.push_str(&format!("\\u{:04x}", u32::from(next)));
                    1
                }
                (false, '-' | '0'..='9' | 'a'..='z' | 'A'..='Z') => word(rest, &mut out),
                (_, next) => {
                    is_string ^= next == '"';
                    out.push(next);
                    next.len_utf8()
                }
            };
            rest = &rest[taken..];
        }
        out.extend(
            chunk
                .invalid()
                .iter()
                .map(|byte| mark(BYTES + u32::from(*byte))),
        );
    }
    out
}

/// Copies an escape; half of a surrogate pair becomes a mark. Returns how long it was.
fn escape(rest: &str, out: &mut String) -> usize {
    let unit = |at: usize| {
        let digits = rest.get(at..at + 6)?.strip_prefix("\\u")?;
        u32::from_str_radix(digits, 16).ok()
    };
    let taken = match (unit(0), unit(6)) {
        (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
        (Some(half @ 0xd800..=0xdfff), _) => {
            out.push(mark(HALVES + half - 0xd800));
            return 6;
        }
        // The backslash and the letter behind it.
        _ => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
    };
    out.push_str(&rest[..taken]);
    taken
}

/// Copies a number or a word; a number that is none becomes null. Returns how long it was.
fn word(rest: &str, out: &mut String) -> usize {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let taken = rest.find(|c| !is_part(c)).unwrap_or(rest.len()).max(1);
    let (word, _) = rest.split_at(taken);
    let is_named = ["NaN", "Infinity"].contains(&word);
    let is_number = is_named || word.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    let is_fit = !is_number || serde_json::from_str::<f64>(word).is_ok();
    out.push_str(if is_fit { word } else { "null" });
    taken
}

/// The marks of halves of surrogate pairs begin here, at the end of the last private plane.
const HALVES: u32 = 0x10_f800;

/// The marks of bytes that are no character begin here.
const BYTES: u32 = 0x10_f700;

fn mark(code: u32) -> char {
    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// Joins the halves of characters that [`mend`] has marked.
#[derive(Debug, Default)]
pub(super) struct Halves {
    /// A high surrogate that waits for its low one.
    high: Option<u32>,
    /// The first bytes of a character.
    bytes: Vec<u8>,
}

impl Halves {
    /// The text with its halves joined. A half at its end waits for the next text.
    pub(super) fn join(&mut self, marked: &str) -> String {
        let mut out = String::with_capacity(marked.len());
        for letter in marked.chars() {
            match u32::from(letter) {
                code @ HALVES..=0x10_fbff => {
                    out.push_str(self.give_up());
                    self.high = Some(code - HALVES);
                }
                code @ 0x10_fc00..=0x10_ffff => {
                    let low = code - 0x10_fc00;
                    match self.high.take() {
                        Some(high) => out.push(mark(0x1_0000 + (high << 10) + low)),
                        None => {
                            out.push_str(self.give_up());
                            out.push(char::REPLACEMENT_CHARACTER);
                        }
                    }
                }
                code @ 0x10_f780..=0x10_f7ff => self.byte((code - BYTES) as u8, &mut out),
                _ => {
                    out.push_str(self.give_up());
                    out.push(letter);
                }
            }
        }
        out
    }

    /// What stands for a half whose other half did not come.
    pub(super) fn give_up(&mut self) -> &'static str {
        let has_half = self.high.take().is_some() | !self.bytes.is_empty();
        self.bytes.clear();
        if has_half { "\u{fffd}" } else { "" }
    }

    fn byte(&mut self, byte: u8, out: &mut String) {
        if self.high.is_some() {
            out.push_str(self.give_up());
        }
        self.bytes.push(byte);
        match std::str::from_utf8(&self.bytes) {
            Ok(letter) => {
                out.push_str(letter);
                self.bytes.clear();
            }
            Err(error) if error.error_len().is_none() => {}
            Err(_) => {
                self.bytes.pop();
                out.push_str(self.give_up());
                match byte {
                    0xc2..=0xf4 => self.bytes.push(byte),
                    _ => out.push(char::REPLACEMENT_CHARACTER),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(bytes: &[u8]) -> Vec<String> {
        let values = mend(bytes).unwrap_or_default();
        values
            .into_iter()
            .map(|value| String::from_utf8(value).unwrap())
            .collect()
    }

    /// The texts in these events, joined.
    fn joined(events: &[&[u8]]) -> String {
        let mut halves = Halves::default();
        let mut text = String::new();
        for event in events {
            for value in mended(event) {
                let value: Value = serde_json::from_str(&value).unwrap();
                text += &halves.join(value["t"].as_str().unwrap());
            }
        }
        text + halves.give_up()
    }

    #[test]
    fn halves_of_a_character_are_joined_over_events() {
        assert_eq!(
            joined(&[br#"{"t":"a\ud83d"}"#, br#"{"t":"\ude00b"}"#]),
            "a😀b"
        );
        assert_eq!(
            joined(&[b"{\"t\":\"a\xf0\x9f\"}", b"{\"t\":\"\x98\x80b\"}"]),
            "a😀b"
        );
        assert_eq!(
            joined(&[b"{\"t\":\"\xc3\"}", b"{\"t\":\"\"}", b"{\"t\":\"\xa9\"}"]),
            "é"
        );
        assert_eq!(joined(&[br#"{"t":"\ud83d\ude00"}"#]), "😀");
    }

    #[test]
    fn a_half_without_its_other_half_is_replaced() {
        for alone in [
            br#"{"t":"a\ud83db"}"#.as_slice(),
            br#"{"t":"a\ude00b"}"#,
            b"{\"t\":\"a\xf0\x9fb\"}",
            b"{\"t\":\"a\xffb\"}",
        ] {
            assert_eq!(joined(&[alone]), "a\u{fffd}b", "{alone:?}");
        }
        assert_eq!(joined(&[br#"{"t":"a\ud83d"}"#]), "a\u{fffd}");
        assert_eq!(joined(&[br#"{"t":"\ud83d\ud83d\ude00"}"#]), "\u{fffd}😀");
        assert_eq!(joined(&[b"{\"t\":\"\xf0\xc3\xa9\"}"]), "\u{fffd}é");
    }

    #[test]
    fn what_is_no_json_becomes_some() {
        for (bytes, values) in [
            ("\u{feff}{\"a\":1}", vec![r#"{"a":1}"#]),
            (
                r#"{"a":NaN,"b":-Infinity,"c":1e999}"#,
                vec![r#"{"a":null,"b":null,"c":null}"#],
            ),
            (r#"{"a":1,"a":2}"#, vec![r#"{"a":2}"#]),
            ("{\"a\":\"x\ny\"}", vec![r#"{"a":"x\ny"}"#]),
            (r#"{"a":"NaN\" -1e999"}"#, vec![r#"{"a":"NaN\" -1e999"}"#]),
            (r#"{"a":1}{"b":2}"#, vec![r#"{"a":1}"#, r#"{"b":2}"#]),
            (
                r#"data: {"a":1}data:{"b":2}data: [DONE]"#,
                vec![r#"{"a":1}"#, r#"{"b":2}"#, "[DONE]"],
            ),
            (r#"{"a":"#, vec![]),
            ("", vec![]),
            ("<html>", vec![]),
        ] {
            assert_eq!(mended(bytes.as_bytes()), values, "{bytes}");
        }
    }

    #[test]
    fn the_terminator_is_known_in_any_form() {
        for (data, done) in [
            ("[DONE]", true),
            (" [done] ", true),
            ("\"[DONE]\"", true),
            ("[]", false),
            ("", false),
        ] {
            assert_eq!(is_done(data.as_bytes()), done, "{data}");
        }
    }
}
