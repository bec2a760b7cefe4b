//! Why a text is not a quantity, and what to write instead.

use std::fmt;

use serde::de::{self, Unexpected};

/// What is wrong with the text of a quantity, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitError {
    message: String,
    hint: Option<String>,
}

impl UnitError {
    /// What is wrong.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
        }
    }

    /// With what to write instead, as in "write `60%`".
    #[must_use]
    pub(crate) fn or_write(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With the hint to write one of `forms`: of those that `read` takes, so that no hint leads to
    /// the next error. If there is none, with the hint to write `example`.
    #[must_use]
    pub(super) fn or_one_of<T>(
        self,
        read: fn(&str) -> Result<T, Self>,
        forms: impl IntoIterator<Item = String>,
        example: &str,
    ) -> Self {
        let fits = |form: &String| form.chars().count() <= LONGEST_QUOTE && read(form).is_ok();
        let forms: Vec<String> = forms.into_iter().filter(fits).collect();
        self.or_write(match forms.is_empty() {
            true => format!("write as in `{example}`"),
            false => format!("write `{}`", forms.join("` or `")),
        })
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to write instead, if there is a form to name.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// As an error of serde. Message and hint stay two texts: they travel as the two arguments of
    /// [`de::Error::invalid_value`], what is wrong as [`Unexpected::Other`] and the hint as what is
    /// expected.
    pub(crate) fn into_serde<E: de::Error>(self) -> E {
        match &self.hint {
            Some(hint) => E::invalid_value(Unexpected::Other(&self.message), &hint.as_str()),
            None => E::custom(self.message),
        }
    }
}

/// What was written, as messages repeat it: its first line, and no more than fits on one. Of a word
/// that does not fit little is left, or none of its last part: a half of a key no longer looks like
/// one, and would be shown.
pub(crate) fn truncate(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let mut shown: String = line.chars().take(LONGEST_QUOTE).collect();
    let is_part = |c: char| c.is_ascii_alphanumeric();
    let is_word = |c: char| is_part(c) || matches!(c, '-' | '_' | '.');
    if line[shown.len()..].starts_with(is_word) {
        let before_word = shown.trim_end_matches(is_word).len();
        let before_part = shown.trim_end_matches(is_part).len();
        match (before_word, before_part) {
            (0, 0) => {}
            (0, part) => shown.truncate(part),
            (word, _) => shown.truncate(word + LONGEST_PART),
        }
    }
    if shown.len() < text.trim_end().len() {
        shown.push('…');
    }
    shown
}

/// So many characters of what was written are repeated at most.
const LONGEST_QUOTE: usize = 80;

/// So many characters of a word that does not fit.
const LONGEST_PART: usize = 10;

/// On one line: the message, then the hint.
impl fmt::Display for UnitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.hint {
            Some(hint) => write!(f, "{}: {hint}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for UnitError {}

impl From<UnitError> for String {
    fn from(error: UnitError) -> Self {
        error.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_repeated_up_to_a_line() {
        assert_eq!(truncate("30 parsecs"), "30 parsecs");
        assert_eq!(truncate("a block\nof text\n"), "a block…");
        assert_eq!(truncate("one line\n"), "one line");
        assert_eq!(truncate(&"a".repeat(90)), format!("{}…", "a".repeat(80)));
        // What is left of a key that does not fit no longer looks like one.
        let (words, key) = ("of ".repeat(18), "31msk-proj-8uT23CcqqSFuXqjcPfyrP2Cn75");
        assert_eq!(
            truncate(&format!("{words}{key}")),
            format!("{words}31msk-proj…")
        );
        let (names, half) = ("a-".repeat(30), "8uT23CcqqSFuXqjcPfyrP2Cn75");
        assert_eq!(truncate(&format!("{names}{half}")), format!("{names}…"));
        let long = truncate(&"é".repeat(1_000));
        assert_eq!(long, format!("{}…", "é".repeat(80)));
    }

    #[test]
    fn a_hint_names_only_what_can_be_read() {
        let read = |text: &str| text.parse::<u8>().map_err(|_| UnitError::new("no"));
        let hint = |forms: [&str; 2]| {
            let error = UnitError::new("no").or_one_of(read, forms.map(String::from), "7");
            error.hint().unwrap_or_default().to_owned()
        };
        assert_eq!(hint(["1", "2"]), "write `1` or `2`");
        assert_eq!(hint(["1", "300"]), "write `1`");
        assert_eq!(hint(["x", "300"]), "write as in `7`");
        assert_eq!(hint(["x", &"0".repeat(90)]), "write as in `7`");
    }

    #[test]
    fn an_error_on_one_line_ends_in_its_hint() {
        let error = UnitError::new("a share needs a percent sign");
        assert_eq!(error.to_string(), "a share needs a percent sign");
        let error = error.or_write("write `60%`");
        assert_eq!(
            error.to_string(),
            "a share needs a percent sign: write `60%`"
        );
    }
}
