//! The error details that providers send, prepared for the comparison with the table.

use crate::policy::pairs::{Pairs, PhrasePairs};

/// What a provider said about a request that it did not answer, in any dialect.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ErrorDetails<'a> {
    /// The status of the answer, or of the error inside it.
    pub status: u16,
    /// Words for machines: types, codes, reasons.
    pub words: &'a [&'a str],
    /// The message for humans; some errors can be told apart only by it.
    pub message: Option<&'a str>,
}

/// The same, in the form in which signs are looked for: without the difference of upper and lower
/// case, and words without the marks between their parts, since `RATE_LIMIT_EXCEEDED`,
/// `rate-limit-exceeded` and `RateLimitExceeded` are one word at three vendors.
pub(super) struct Said {
    words: Vec<String>,
    text: String,
    pairs: Pairs,
}

impl Said {
    pub(super) fn new(details: &ErrorDetails) -> Self {
        let words = details.words.iter().map(|word| folded(word).collect());
        let mut text = String::new();
        // A code that is a sentence is a text as well.
        let sentences = details.words.iter().filter(|word| word.contains(' '));
        for piece in details.message.iter().chain(sentences) {
            let piece = &piece[..piece.floor_char_boundary(LONGEST_TEXT)];
            text.push_str(&piece.to_lowercase());
            text.push('\n');
        }
        Self {
            words: words.filter(|word: &String| !word.is_empty()).collect(),
            pairs: Pairs::of(&text),
            text,
        }
    }

    /// Whether nothing was said.
    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty() && self.text.is_empty()
    }

    /// Whether it shows this sign.
    pub(super) fn shows(&self, sign: &Sought) -> bool {
        match sign {
            Sought::Word { word, in_text } => {
                let in_text = in_text.as_ref();
                self.words.iter().any(|said| word.fits(said))
                    || in_text.is_some_and(|part| self.has(part, true))
            }
            Sought::Phrase(part) => self.has(part, false),
        }
    }

    fn has(&self, part: &Part, whole: bool) -> bool {
        self.pairs.have(&part.pairs) && finds(&self.text, &part.text, whole)
    }
}

/// A sign's text, in the form in which it is looked for.
pub(super) enum Sought {
    /// One of the words. A long word is also found in a text: gateways write the error that they
    /// got into their message.
    Word {
        word: Pattern,
        in_text: Option<Part>,
    },
    /// A phrase of the text, in lower case; `..` stands for up to [`LONGEST_GAP`] bytes between its
    /// parts.
    Phrase(Part),
}

/// What is looked for in a text.
pub(super) struct Part {
    text: String,
    pairs: PhrasePairs,
}

impl Part {
    fn new(text: String) -> Self {
        Self {
            pairs: PhrasePairs::of(&text),
            text,
        }
    }
}

/// A folded word that may have anything before it or after it.
pub(super) struct Pattern {
    core: String,
    is_open: (bool, bool),
}

impl Sought {
    /// A word, which may begin or end with `*` for anything.
    pub(super) fn word(word: &str) -> Self {
        let core = word.trim_matches('*');
        Self::Word {
            word: Pattern {
                core: folded(core).collect(),
                is_open: (word.starts_with('*'), word.ends_with('*')),
            },
            in_text: stands_out(core).then(|| Part::new(core.to_lowercase())),
        }
    }

    /// A phrase, in lower case.
    pub(super) fn phrase(phrase: &str) -> Self {
        Self::Phrase(Part::new(phrase.to_owned()))
    }
}

impl Pattern {
    fn fits(&self, said: &str) -> bool {
        match self.is_open {
            (false, false) => said == self.core,
            (false, true) => said.starts_with(&self.core),
            (true, false) => said.ends_with(&self.core),
            (true, true) => said.contains(&self.core),
        }
    }
}

/// The letters and digits of a word, in lower case.
fn folded(word: &str) -> impl Iterator<Item = char> + '_ {
    let letters = word.chars().filter(|c| c.is_alphanumeric() || *c == '=');
    letters.flat_map(char::to_lowercase)
}

/// Whether a word is not one of ordinary English: several parts, and long.
fn stands_out(word: &str) -> bool {
    let parts = word.split(['_', '.', '=']).count();
    let humps = word.chars().filter(|c| c.is_uppercase()).count();
    let is_lower = word.chars().any(char::is_lowercase);
    word.len() >= 10 && !word.contains(' ') && (parts > 1 || (humps > 1 && is_lower))
}

/// Whether a text has the parts of a phrase in order. A part begins where a word begins, and
/// digits at its end are a whole number: `limit: 0` is not found in `limit: 05`. With `whole`, a
/// letter may not follow either.
fn finds(text: &str, phrase: &str, whole: bool) -> bool {
    let (first, others) = match phrase.split_once("..") {
        Some((first, others)) => (first, Some(others)),
        None => (phrase, None),
    };
    let found = |(at, _): (usize, &str)| {
        let (before, rest) = (&text[..at], &text[at + first.len()..]);
        begins_word(before, first)
            && ends_number(first, rest)
            && !(whole && rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
            && others.is_none_or(|others| {
                let near = near(rest, others);
                finds(near, others, whole)
            })
    };
    text.match_indices(first).any(found)
}

/// The part of a text in which the next part of a phrase may stand. A sentence may end in between:
/// messages have stops in the middle of versions and names.
fn near<'a>(rest: &'a str, others: &str) -> &'a str {
    let next = others.split("..").next().unwrap_or(others);
    let gaps = others.split("..").count();
    &rest[..rest.floor_char_boundary(LONGEST_GAP * gaps + next.len())]
}

fn begins_word(before: &str, part: &str) -> bool {
    let is_inner = |c: char| c.is_ascii_alphanumeric();
    !(part.starts_with(is_inner) && before.ends_with(is_inner))
}

fn ends_number(part: &str, rest: &str) -> bool {
    let goes_on = || {
        let rest = rest.strip_prefix('.').unwrap_or(rest);
        rest.starts_with(|c: char| c.is_ascii_digit())
    };
    !part.ends_with(|c: char| c.is_ascii_digit()) || !goes_on()
}

/// How much of a text is searched, in bytes.
const LONGEST_TEXT: usize = 8 << 10;

/// The longest gap between two parts of a phrase: a name of a model fits, and a clause.
const LONGEST_GAP: usize = 72;

#[cfg(test)]
mod tests {
    use super::*;

    fn said(words: &[&str], message: &str) -> Said {
        Said::new(&ErrorDetails {
            status: 0,
            words,
            message: Some(message),
        })
    }

    #[test]
    fn words_are_found_in_any_spelling() {
        for word in [
            "rate_limit_exceeded",
            "RATE_LIMIT_EXCEEDED",
            "RateLimitExceeded",
            "rate-limit-exceeded",
        ] {
            assert!(
                said(&[word], "").shows(&Sought::word("rate_limit_exceeded")),
                "{word}"
            );
            assert!(
                said(&[word], "").shows(&Sought::word("RateLimitExceeded")),
                "{word}"
            );
        }
        assert!(!said(&["rate_limit"], "").shows(&Sought::word("rate_limit_exceeded")));
        assert!(said(&["project_spend_limit"], "").shows(&Sought::word("*_spend_limit")));
        assert!(said(&["Throttling.RateQuota"], "").shows(&Sought::word("Throttling*")));
        assert!(said(&["x-PerDay-y"], "").shows(&Sought::word("*PerDay*")));
    }

    #[test]
    fn a_word_that_stands_out_is_found_in_a_text() {
        let wrapped = "Error code: 429 - {'code': 'insufficient_quota'}";
        assert!(said(&[], wrapped).shows(&Sought::word("insufficient_quota")));
        assert!(!said(&[], "insufficient_quotas").shows(&Sought::word("insufficient_quota")));
        assert!(!said(&[], "the service is unavailable").shows(&Sought::word("UNAVAILABLE")));
    }

    #[test]
    fn phrases_have_gaps_and_whole_numbers() {
        let text = said(&[], "Your account acme-7 is SUSPENDED: limit: 05");
        assert!(text.shows(&Sought::phrase("account..suspended")));
        assert!(
            !text.shows(&Sought::phrase("count..suspended")),
            "no word begins there"
        );
        assert!(!text.shows(&Sought::phrase("suspended..account")));
        assert!(!text.shows(&Sought::phrase("limit: 0")));
        assert!(said(&[], "limit: 0, model").shows(&Sought::phrase("limit: 0")));
        assert!(!said(&[], "limit: 0.5").shows(&Sought::phrase("limit: 0")));
        let far = format!("account {} suspended", "x ".repeat(100));
        assert!(!said(&[], &far).shows(&Sought::phrase("account..suspended")));
    }
}
