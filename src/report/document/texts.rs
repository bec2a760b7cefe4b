//! What a result document says in words, checked before anything prints it: a document may come
//! from anywhere.

use super::{Audit, ReadError, Stored};
use crate::text::secrets;
use crate::text::visible::{breaks_a_line, is_control};

/// Refuses a document with a control character in it, as JSON spells it or as it is.
pub(super) fn check_characters(text: &str) -> Result<(), ReadError> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let (found, length) = match byte {
            b'\\' => escape(&bytes[at + 1..]),
            // Between two values a carriage return is a blank.
            0..0x20 => (None, 1),
            0x20..0x7f => (None, 1),
            _ => {
                let c = text[at..].chars().next().unwrap_or_default();
                (Some(c), c.len_utf8())
            }
        };
        if let Some(c) = found.filter(|c| is_control(*c)) {
            let why = format!("there is the control character `{}`", c.escape_unicode());
            return Err(ReadError::Text { at, why });
        }
        at += length;
    }
    Ok(())
}

/// The character that an escape spells, if it may be one that controls; and its length with the
/// backslash.
fn escape(behind: &[u8]) -> (Option<char>, usize) {
    match behind.first() {
        Some(b'b') => (Some('\u{8}'), 2),
        Some(b'f') => (Some('\u{c}'), 2),
        Some(b'r') => (Some('\r'), 2),
        Some(b'u') => {
            let digits = behind.get(1..5).and_then(|hex| str::from_utf8(hex).ok());
            let code = digits.and_then(|hex| u32::from_str_radix(hex, 16).ok());
            (code.and_then(char::from_u32), 6)
        }
        _ => (None, 2),
    }
}

impl Stored {
    /// Refuses names that no scenario, policy or fleet can have: tables repeat them, and the
    /// document's own name becomes that of files.
    pub(super) fn check_names(&self, text: &str) -> Result<(), ReadError> {
        let subject = &self.subject;
        let is_path = |name: &str| name.contains(['/', '\\']) || name.starts_with('.');
        let wrong = |name: &str, why: String| wrong(text, name, why);
        if is_path(&subject.name) {
            return Err(wrong(
                &subject.name,
                "this is a path, not a name".to_owned(),
            ));
        }
        let providers = subject.providers.iter();
        let of_providers = providers.flat_map(|one| [&one.name, &one.model]);
        let states = self.policies.iter().map(|(_, stored)| &stored.state);
        let of_states = states.flat_map(|state| [&state.providers, &state.faults, &state.alerts]);
        let mut names = [&subject.name]
            .into_iter()
            .chain(self.policies.iter().map(|(policy, _)| policy))
            .chain(of_providers)
            .chain(subject.faults.iter().map(|fault| &fault.name))
            .chain(subject.alerts.iter().map(|alert| &alert.name))
            .chain(&subject.tasks)
            .chain(of_states.flatten())
            .chain(self.audit.iter().flat_map(Audit::policies));
        let is_wrong = |name: &str| {
            name.contains(breaks_a_line)
                || !(1..=LONGEST_NAME).contains(&name.chars().count())
                || secrets::are_in(name)
        };
        match names.find(|name| is_wrong(name)) {
            None => Ok(()),
            Some(name) if name.contains(breaks_a_line) => {
                Err(wrong(name, "the name has several lines".to_owned()))
            }
            Some(name) if secrets::are_in(name) => {
                Err(wrong(name, "the name looks like a key".to_owned()))
            }
            Some(name) => {
                let length = name.chars().count();
                Err(wrong(name, format!("the name has {length} characters")))
            }
        }
    }

    /// Refuses texts of several lines where one is shown: the next could pass for a line of ours.
    pub(super) fn check_lines(&self, text: &str) -> Result<(), ReadError> {
        let mut lines = self.audit.iter().flat_map(Audit::texts);
        match lines.find(|line| line.contains(breaks_a_line)) {
            None => Ok(()),
            Some(line) => Err(wrong(text, line, "the text has several lines".to_owned())),
        }
    }
}

/// The error for `value`, at its first place in `text`.
fn wrong(text: &str, value: &str, why: String) -> ReadError {
    let place = serde_json::to_string(value).ok();
    let at = place.and_then(|place| text.find(&place)).unwrap_or(0);
    ReadError::Text { at, why }
}

/// Longer than any name that a scenario takes, and than the name of a file.
const LONGEST_NAME: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_found_in_any_spelling() {
        for text in [
            r#"{"a":"\u001b[31m"}"#,
            r#"{"a":"x\\\u009b"}"#,
            r#"{"a\r":1}"#,
            r#"{"a":"\b"}"#,
            "{\"a\":\"\u{7f}\"}",
            "{\"a\":\"\u{9b}31m\"}",
            "{\"a\":\"\u{202e}\"}",
        ] {
            let found = check_characters(text);
            assert!(matches!(found, Err(ReadError::Text { .. })), "{text}");
        }
        for text in [r#"{"a":"\\u001b \n\t\"é\u00e9"}"#, "{\r\n}", "\\", "\\u12"] {
            assert!(check_characters(text).is_ok(), "{text}");
        }
    }
}
