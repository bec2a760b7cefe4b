//! Finds what looks like a secret in any text: messages, lines of files, names.
//!
//! Nothing is known about where the text is from, so only its looks count: the shapes of vendors'
//! keys, a token of mixed characters behind a word such as `api_key` or `Bearer`, what URLs carry
//! for authorization, and long runs of letters and digits that no name has. Hiding too much costs a
//! reader a word; hiding too little costs a key.

use std::borrow::Cow;
use std::ops::Range;

/// `text` with an `x` in place of each character of what looks like a secret (a cross where it
/// takes two bytes), so that columns and offsets stay the same.
pub(crate) fn hidden(text: &str) -> Cow<'_, str> {
    replaced(text, |shown, secret| {
        let mark = |c: char| if c.is_ascii() { 'x' } else { '\u{d7}' };
        shown.extend(secret.chars().map(mark));
    })
}

/// `text` without what looks like a secret: [`SHOWN`] stands in its place.
pub(crate) fn without(text: &str) -> Cow<'_, str> {
    replaced(text, |shown, _| shown.push_str(SHOWN))
}

/// `text` with what `push` adds in place of each text that looks like a secret.
fn replaced(text: &str, push: impl Fn(&mut String, &str)) -> Cow<'_, str> {
    let found = find(text);
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    for range in found {
        shown.push_str(&text[at..range.start]);
        push(&mut shown, &text[range.clone()]);
        at = range.end;
    }
    shown.push_str(&text[at..]);
    Cow::Owned(shown)
}

/// The text in place of a secret.
pub(crate) const SHOWN: &str = "***";

/// What to write in place of a name that looks like a secret.
pub(crate) const NO_NAME: &str = "write another: it looks like a key, and reports show names";

/// Whether something in `text` looks like a secret.
pub(crate) fn are_in(text: &str) -> bool {
    !find(text).is_empty()
}

/// What looks like a secret, in order and without overlaps.
fn find(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let has_url = text.contains("://");
    for token in tokens(text) {
        let word = &text[token.clone()];
        let is_secret = has_shape(word)
            || is_long_run(word)
            || (is_mixed(word) && is_announced(&text[..token.start]))
            || has_url && is_in_url(&text[..token.start], &text[token.end..]);
        if is_secret {
            found.push(token);
        }
    }
    found
}

/// Runs of the characters that keys are written in.
fn tokens(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut rest = 0;
    std::iter::from_fn(move || {
        let start = rest + text[rest..].find(is_token)?;
        let length = text[start..].find(|c| !is_token(c));
        let end = length.map_or(text.len(), |length| start + length);
        rest = end;
        Some(start..end)
    })
}

/// Letters of all of Latin-1 count, since a key may have been read in the wrong encoding.
fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, '-' | '_' | '.' | '~' | '+' | '%' | '$' | '!' | '*')
        || ('\u{a1}'..='\u{ff}').contains(&c)
}

/// Whether a token begins as the keys of some vendor do, and has enough behind that.
fn has_shape(word: &str) -> bool {
    let bytes = word.as_bytes();
    let begins = |at: usize, start: &str, least: usize| {
        bytes[at..].starts_with(start.as_bytes()) && bytes.len() - at - start.len() >= least
    };
    bytes.len() >= SHORTEST_KEY
        && (0..bytes.len()).any(|at| {
            // Behind other letters, as in `[31msk-proj-`, it must look like chance as well.
            let is_start = at == 0 || !bytes[at - 1].is_ascii_alphanumeric();
            (is_start || is_in_changing_case(&bytes[at..]))
                && SHAPES
                    .iter()
                    .any(|(start, least)| begins(at, start, *least))
        })
}

/// Whether a text is long, and in small and capital letters.
fn is_in_changing_case(text: &[u8]) -> bool {
    let text = &text[..text.len().min(LONGEST_KEY)];
    let has_three = |is: fn(&u8) -> bool| text.iter().filter(|byte| is(byte)).nth(2).is_some();
    text.len() >= 28 && has_three(u8::is_ascii_uppercase) && has_three(u8::is_ascii_lowercase)
}

/// No more of a key needs a look.
const LONGEST_KEY: usize = 120;

/// The fewest characters of a key that begins as one of [`SHAPES`].
const SHORTEST_KEY: usize = {
    let (mut shortest, mut at) = (usize::MAX, 0);
    while at < SHAPES.len() {
        let (start, least) = SHAPES[at];
        if start.len() + least < shortest {
            shortest = start.len() + least;
        }
        at += 1;
    }
    shortest
};

/// How keys begin, and how many characters they have at least behind that.
const SHAPES: &[(&str, usize)] = &[
    ("sk-", 8),
    ("sk_", 8),
    ("pk-", 12),
    ("pk_", 12),
    ("rk_", 12),
    ("xai-", 12),
    ("gsk_", 12),
    ("AIza", 16),
    ("ya29.", 12),
    ("hf_", 12),
    ("r8_", 12),
    ("pplx-", 12),
    ("nvapi-", 12),
    ("fw_", 12),
    ("tgp_", 12),
    ("csk-", 12),
    ("key-", 16),
    ("AKIA", 12),
    ("ASIA", 12),
    ("ABSK", 16),
    ("ghp_", 12),
    ("gho_", 12),
    ("ghs_", 12),
    ("github_pat_", 12),
    ("glpat-", 12),
    ("xoxb-", 12),
    ("xoxp-", 12),
    // A JSON web token.
    ("eyJ", 16),
];

/// Whether a token has a run of letters and digits that is longer than a name's, and as mixed as
/// only chance writes it: keys of Azure, Mistral and Cohere have no other shape.
fn is_long_run(word: &str) -> bool {
    let mut runs = word.split(|c: char| !c.is_ascii_alphanumeric());
    runs.any(|run| run.len() >= 28 && is_random(run.as_bytes()))
}

/// Whether letters and digits stand as chance puts them. Names in camel case have no digits, one
/// capital at a time, and small letters behind each.
fn is_random(run: &[u8]) -> bool {
    let digits = run.iter().filter(|byte| byte.is_ascii_digit()).count();
    let neighbours =
        |are: fn(u8, u8) -> bool| run.windows(2).filter(|two| are(two[0], two[1])).count();
    let changes = neighbours(|a, b| kind(a) != kind(b));
    let capitals = neighbours(|a, b| a.is_ascii_uppercase() && b.is_ascii_uppercase());
    let has_letters = run.len() - digits >= 3;
    let is_dense = changes * 100 >= run.len() * 36;
    has_letters && (digits >= 3 || (digits >= 1 && is_dense) || (capitals >= 3 && is_dense))
}

/// Small letter, capital, digit.
fn kind(byte: u8) -> u8 {
    u8::from(byte.is_ascii_uppercase()) + 2 * u8::from(byte.is_ascii_digit())
}

/// Whether the text before a token says that a secret follows: `api_key: `, `Authorization: Bearer
/// `, `"token":"`.
fn is_announced(before: &str) -> bool {
    let lead =
        before.trim_end_matches(|c: char| c.is_ascii_whitespace() || "\"'`:=>([{<".contains(c));
    if lead.len() == before.len() {
        return false;
    }
    let tail = lead.len().saturating_sub(24);
    let tail = (tail..=lead.len()).find(|at| lead.is_char_boundary(*at));
    let tail = lead[tail.unwrap_or(lead.len())..].to_ascii_lowercase();
    let tail = tail
        .strip_suffix(" is")
        .or(tail.strip_suffix(" provided"))
        .unwrap_or(&tail);
    ANNOUNCE.iter().any(|word| tail.ends_with(word))
}

/// The words before a secret.
const ANNOUNCE: &[&str] = &[
    "key",
    "keys",
    "token",
    "secret",
    "password",
    "passwd",
    "authorization",
    "credential",
    "credentials",
    "bearer",
    "basic",
    "signature",
];

/// Whether a token is no word: long, and of letters and digits, or of letters in changing case.
fn is_mixed(word: &str) -> bool {
    if word.len() < 10 {
        return false;
    }
    let count = |is: fn(&u8) -> bool| word.bytes().filter(is).count();
    let (digits, upper) = (count(u8::is_ascii_digit), count(u8::is_ascii_uppercase));
    let lower = count(u8::is_ascii_lowercase);
    let is_number = digits == word.len();
    !is_number && (digits >= 2 || (upper >= 3 && lower >= 3))
}

/// Whether a token is the user, password or an authorizing parameter of a URL.
fn is_in_url(before: &str, behind: &str) -> bool {
    // Bounded, so that a line of a mebibyte does not take a minute.
    let before = &before[before.ceil_char_boundary(before.len().saturating_sub(LONGEST_URL))..];
    let behind = &behind[..behind.floor_char_boundary(LONGEST_URL)];
    let before = before.rsplit(char::is_whitespace).next().unwrap_or(before);
    let Some((_, place)) = before.split_once("://") else {
        return false;
    };
    let is_user = !place.contains('/') && {
        let end = behind.find(|c: char| c.is_whitespace() || c == '/');
        behind[..end.unwrap_or(behind.len())].contains('@')
    };
    let parameter = place
        .rsplit(['?', '&'])
        .next()
        .filter(|_| place.contains('?'));
    let name = parameter.and_then(|parameter| parameter.strip_suffix('='));
    let authorizes = |name: &str| {
        let name = name.to_ascii_lowercase();
        IN_URL.iter().any(|word| name.contains(word))
    };
    is_user || name.is_some_and(authorizes)
}

/// How far a URL is followed, in bytes.
const LONGEST_URL: usize = 1 << 12;

/// What the names of authorizing parameters contain.
const IN_URL: &[&str] = &["key", "token", "secret", "pass", "sig", "auth", "cred"];

#[cfg(test)]
mod shapes;

#[cfg(test)]
mod tests {
    use super::shapes::SHAPES;
    use super::*;
    use crate::rng::{Purpose, RngStreams};

    /// A key of each shape.
    const KEYS: &[&str] = &[
        "sk-proj-Zx81yTQ9aBc",
        "sk-ant-api03-aB3dE5gH7jK9",
        "sk-or-v1-0123456789abcdef",
        "xai-Ab12Cd34Ef56Gh78",
        "gsk_Ab12Cd34Ef56Gh78",
        "AIzaSyA1b2C3d4E5f6G7h8I9j0",
        "hf_AbCdEfGhIjKlMnOp",
        "AKIAIOSFODNN7EXAMPLE",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
        "0123456789abcdef0123456789abcdef",
        "nZ8qW2eR4tY6uI8oP0aS2dF4gH6jK8lZ",
    ];

    #[test]
    fn keys_are_hidden_wherever_they_stand() {
        for key in KEYS {
            for (before, behind) in [
                ("", ""),
                ("Incorrect API key provided: ", ". You can find yours"),
                ("{\"error\":\"bad ", "\"}"),
                ("https://api.host/v1?x=1&key=", "&y=2"),
                ("https://", "@host/v1"),
                ("keys: [", "]"),
                ("a/", ","),
            ] {
                let text = format!("{before}{key}{behind}");
                assert!(!without(&text).contains(key), "{text}");
                let hidden = hidden(&text);
                assert!(!hidden.contains(key), "{text}");
                assert_eq!(hidden.len(), text.len());
            }
        }
    }

    #[test]
    fn a_key_behind_letters_of_something_else_is_hidden_and_a_long_word_is_not() {
        let text = "\u{1b}[31msk-proj-Zx81yTQ9aBc_dEf2gHi3jKl\u{1b}[0m";
        assert_eq!(without(text), "\u{1b}[***\u{1b}[0m");
        let text = "task-oriented-and-risk-averse-planning-2024-2025";
        assert_eq!(without(text), text);
    }

    #[test]
    fn what_is_announced_is_hidden_though_it_has_no_shape() {
        for text in [
            "api_key: correcthorse42battery",
            "Authorization: Bearer abcDEF123-456.xyz",
            "\"token\":\"Ab1-Ab2-Ab3\"",
            "password = hunter2hunter2",
            "Basic dXNlcjpwYXNz",
            "the key is Qwer12Tyui34",
            "x-api-key: über1234geheim",
        ] {
            assert!(without(text).contains("***"), "{text}");
        }
        let text = "https://user:p@host/?sig=a&api-key=short see";
        assert_eq!(
            without(text),
            "https://***:***@host/?sig=***&api-key=*** see"
        );
    }

    #[test]
    fn plain_words_stay() {
        for text in [
            "unknown key `max_attempts_per_provider`",
            "key: providers, token: 12345678901",
            "claude-sonnet-4-20250514 was not found",
            "meta-llama/Llama-3.3-70B-Instruct-Turbo",
            "req_0a1b2c: the model `gpt-4.1-mini-2025-04-14` is gone",
            "https://api.openai.com/v1/chat/completions?api-version=2024-10-21",
            "550e8400-e29b-41d4-a716-446655440000",
            "keys: [env:OPENAI_API_KEY]",
            "tokens per min (TPM): Limit 100000, Used 96749",
            "scenarios/conduct/rate-limit-with-hint.yaml",
            "GenerateContentInputTokensPerModelPerMinute-FreeTier",
            "an_expectation_of_a_measure_that_there_is_not_says_which_are_near",
        ] {
            assert_eq!(without(text), text);
        }
    }

    #[test]
    fn no_planted_key_is_left_in_twenty_thousand_messages() {
        let mut stream = RngStreams::new(7).stream(Purpose::Arrival, 0, 0, 0);
        let mut pick = |below: usize| stream.below(below as u64) as usize;
        for _ in 0..20_000 {
            let (start, length, alphabet) = SHAPES[pick(SHAPES.len())];
            let key = (0..length).map(|_| char::from(alphabet.as_bytes()[pick(alphabet.len())]));
            let key = start.to_owned() + &String::from_iter(key);
            let words = Vec::from_iter((0..6).map(|_| WORDS[pick(WORDS.len())]));
            let text = format!("{}{key}{}", words[..3].concat(), WORDS[pick(2)]);
            let shown = without(&text);
            assert!(!shown.contains(&key), "{text}");
            assert!(!hidden(&text).contains(&key), "{text}");
        }
    }

    /// What may stand around a key.
    const WORDS: &[&str] = &[
        " ",
        "\n",
        "key: ",
        "\"",
        "url: https://host/v1?k=",
        "{\"error\":",
        "the model ",
        "\u{e9}",
        "'",
        "\u{fffd}",
        "[",
        "- ",
        "user@",
    ];
}
