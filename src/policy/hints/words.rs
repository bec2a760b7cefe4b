//! Waits in messages for humans: "try again in 30 seconds", "in 58 hours", "after 5h59m59s",
//! "resets at 2025-12-03T07:45:40Z".
//!
//! A wait counts only behind words that ask for one, since messages name other lengths as well
//! ("limit: 5 requests per 30 seconds").

use std::sync::LazyLock;
use std::time::Duration;

use super::length;
use super::moment;
use crate::policy::pairs::{Pairs, PhrasePairs};

/// A wait in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    For(Duration),
    /// Until this time since 1970.
    Until(Duration),
}

/// The first wait in a message that can be parsed.
pub(super) fn find(message: &str) -> Option<Wait> {
    let message = &message[..message.floor_char_boundary(LONGEST)];
    // Only the letters of ASCII change, so places in one text are places in the other.
    let lower = message.to_ascii_lowercase();
    let pairs = Pairs::of(&lower);
    let cues = SOUGHT.iter().filter(|(_, own)| pairs.have(own));
    let behind = |cue: &'static str| {
        let found = lower.match_indices(cue);
        found.map(move |(at, _)| (at + cue.len(), cue))
    };
    let mut places = Vec::from_iter(cues.flat_map(|(cue, _)| behind(cue)));
    places.sort_unstable();
    let read = |(at, cue)| read(&message[at..], &lower[at..], cue);
    places
        .into_iter()
        .find_map(read)
        .or_else(|| before_later(&lower))
}

/// Reads the wait that stands behind a cue.
fn read(text: &str, lower: &str, cue: &str) -> Option<Wait> {
    let start = lower.len() - without_fillers(lower).len();
    let (text, lower) = (&text[start..], &lower[start..]);
    let names_seconds = HEADERS.contains(&cue);
    if let Some(length) = length::in_words(lower, names_seconds) {
        return Some(Wait::For(length));
    }
    moment(text).map(Wait::Until)
}

/// A moment at the beginning of a text.
fn moment(text: &str) -> Option<Duration> {
    let end = text.find(" GMT").map(|at| at + " GMT".len());
    if let Some(moment) = end.and_then(|end| moment::of_http(&text[..end])) {
        return Some(moment);
    }
    let token = text
        .split(|c: char| c.is_whitespace() || "\"'()[]".contains(c))
        .next()?;
    let token = token.trim_end_matches(['.', ',', ';']);
    moment::of_rfc3339(token).or_else(|| in_utc(text))
}

/// Reads `2025-07-01 at 00:00 UTC` and `2025-07-01 00:00:00 UTC`.
fn in_utc(text: &str) -> Option<Duration> {
    let (date, rest) = text.split_at_checked("2025-07-01".len())?;
    let rest = rest.trim_start().trim_start_matches("at ");
    let (time, rest) = rest.split_once(' ')?;
    let is_utc = rest.starts_with("UTC") || rest.starts_with("GMT");
    let seconds = if time.len() == "00:00".len() {
        ":00"
    } else {
        ""
    };
    let text = is_utc.then(|| format!("{date}T{time}{seconds}Z"))?;
    moment::of_rfc3339(&text)
}

/// Chinese says the length before the word for "later": `请 30 秒后重试`.
fn before_later(text: &str) -> Option<Wait> {
    let mut later = LATER.iter().filter(|_| !text.is_ascii());
    later.find_map(|(later, unit)| {
        let before = text.split_once(later)?.0.trim_end();
        let is_part = |c: char| c.is_ascii_digit() || c == '.';
        let number = &before[before.trim_end_matches(is_part).len()..];
        length::decimal(number, *unit).map(Wait::For)
    })
}

/// The text behind the words that may stand between a cue and its wait.
fn without_fillers(mut text: &str) -> &str {
    loop {
        let rest = text.trim_start_matches([' ', ':', '=', '"', '\'', '`', '*', '~', '\\']);
        let filler = FILLERS.iter().find_map(|filler| rest.strip_prefix(filler));
        match filler {
            Some(behind) => text = behind,
            None => return rest,
        }
    }
}

/// Words that ask for a wait, in lower case.
const CUES: [&str; 27] = [
    "retry after",
    "retry-after",
    "retry_after",
    "retryafter",
    "retry in",
    "retrying in",
    "retry at",
    "again after",
    "again in",
    "again at",
    "again on",
    "wait",
    "reset after",
    "resets after",
    "reset in",
    "resets in",
    "reset at",
    "resets at",
    "reset on",
    "resets on",
    "reset time",
    "available in",
    "available at",
    "available after",
    "access on",
    "access at",
    "back in",
];

/// The same, each with its pairs.
static SOUGHT: LazyLock<[(&str, PhrasePairs); CUES.len()]> =
    LazyLock::new(|| CUES.map(|cue| (cue, PhrasePairs::of(cue))));

/// Of these, those that are a header's name, whose numbers are seconds.
const HEADERS: [&str; 3] = ["retry-after", "retry_after", "retryafter"];

/// Words between a cue and its wait.
const FILLERS: [&str; 10] = [
    "for ",
    "about ",
    "approximately ",
    "around ",
    "another ",
    "at least ",
    "again in ",
    "again after ",
    "is ",
    "until ",
];

/// "Seconds later" and its like.
const LATER: [(&str, u64); 3] = [
    ("秒后", length::NANOS_PER_SECOND),
    ("分钟后", 60 * length::NANOS_PER_SECOND),
    ("小时后", 3_600 * length::NANOS_PER_SECOND),
];

/// How much of a message is searched, in bytes.
const LONGEST: usize = 8 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_read_in_all_forms_and_any_case() {
        for (message, millis) in [
            ("Please try again in 30 seconds.", 30_000),
            ("PLEASE TRY AGAIN IN 30 SECONDS", 30_000),
            ("You can try again in 58 hours.", 208_800_000),
            ("Try again in 5 minutes", 300_000),
            ("try again in 2 hours and 30 minutes", 9_000_000),
            ("try again in 1 hour, 5 minutes, 3 seconds", 3_903_000),
            ("try again in 2 days", 172_800_000),
            ("try again in an hour", 3_600_000),
            ("try again in a minute", 60_000),
            ("Retry after 12s", 12_000),
            ("Please retry after 37 minutes.", 2_220_000),
            ("Please wait 45 seconds before retrying", 45_000),
            ("please wait for about 1.5 min", 90_000),
            ("Your quota will reset after 5h59m59s.", 21_599_000),
            ("quota will reset after 27h41m36s", 99_696_000),
            ("reset after 6h", 21_600_000),
            ("Limit resets in: 3 hrs", 10_800_000),
            ("Please try again in 114h18m0s. Visit us", 411_480_000),
            ("Please try again in 6m 0s.", 360_000),
            ("try again in 850 milliseconds", 850),
            ("{'retry_after': 12, 'x': 1}", 12_000),
            ("Retry-After: 30", 30_000),
            ("retry_after=7.5", 7_500),
            ("wait, or retry in 4s", 4_000),
            ("请 30 秒后重试", 30_000),
            ("请在5分钟后再试", 300_000),
        ] {
            let wait = Some(Wait::For(Duration::from_millis(millis)));
            assert_eq!(find(message), wait, "{message}");
        }
    }

    #[test]
    fn moments_are_read_in_messages() {
        let at = Some(Wait::Until(Duration::from_secs(1_764_747_940)));
        for message in [
            "Your quota will reset at 2025-12-03T07:45:40Z.",
            "limit resets at: 2025-12-03T08:45:40+01:00",
            "Try again at Wed, 03 Dec 2025 07:45:40 GMT, please",
            "You will regain access on 2025-12-03 at 07:45:40 UTC.",
            "please wait until 2025-12-03 07:45:40 UTC",
        ] {
            assert_eq!(find(message), at, "{message}");
        }
        let midnight = find("You will regain access on 2025-12-03 at 00:00 UTC.");
        assert_eq!(
            midnight,
            Some(Wait::Until(Duration::from_secs(1_764_720_000)))
        );
    }

    #[test]
    fn other_lengths_are_no_waits() {
        for message in [
            "",
            "wait",
            "again in ",
            "limit: 5 requests per 30 seconds",
            "try again in a while",
            "try again in a few seconds",
            "try again in 5 attempts",
            "retry after 37",
            "try again in -5 seconds",
            "try again in 5 monkeys",
            "retry at noon",
            "秒后",
        ] {
            assert_eq!(find(message), None, "{message}");
        }
    }
}
