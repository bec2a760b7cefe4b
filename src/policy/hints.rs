//! A server's hint to wait: where it may stand, and how the policy treats it.
//!
//! Servers send hints in many places. They are read from the most to the least explicit, and the
//! first that can be parsed counts:
//!
//! 1. a length in milliseconds: `retry-after-ms` (OpenAI, Azure), `x-ms-retry-after-ms` (Azure),
//!    `x-amz-retry-after` (AWS), `grpc-retry-pushback-ms` (gRFC A6);
//! 2. `retry-after` in seconds, decimals allowed as SDKs allow them, or as an HTTP date;
//! 3. a field of the body: `retryDelay` (Google), `retry_after`, `resets_in_seconds`, ..;
//! 4. the message for humans: "retry after 37 seconds", "try again in 6m0s", "in 58 hours";
//! 5. of a 429, when the limit that is used up will be free again: `x-ratelimit-reset-*` as lengths
//!    of Go (OpenAI) or seconds (Azure), `anthropic-ratelimit-*-reset` as moments, and
//!    `x-ratelimit-reset` in seconds (Together), or as a moment in seconds or milliseconds since
//!    1970 (OpenRouter), told apart by its size.
//!
//! Anything else is not a hint: negative lengths, NaN, and units where none are allowed. A moment
//! in the past means no wait; a very large hint stays as it is, and the policy's `max` applies to
//! it. `length`, `moment` and `words` parse the text forms.

mod length;
mod moment;
mod words;

use std::time::Duration;

use super::config::{AboveMax, HintMode, Hints};
use crate::rng::Stream;
use crate::time::nanos;
use words::Wait;

/// What the policy does about a hint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HintDecision {
    /// There is no hint, or the policy ignores it: back off as without it.
    None,
    /// Return after exactly this wait.
    Wait(Duration),
    /// It asks for longer than `max`, or than the call has left: do this instead of waiting.
    Beyond(AboveMax),
}

/// Judges a hint by the policy, and by what the call has `left` until its deadline (none = no end).
/// A hint of exactly `max` is waited for; one of exactly `left` is not.
pub(crate) fn judge(hints: &Hints, hint: Option<Duration>, left: Option<Duration>) -> HintDecision {
    match (hints.retry_after, hint) {
        (HintMode::Ignore, _) | (_, None) => HintDecision::None,
        (HintMode::Honour, Some(hint))
            if hint > hints.max || left.is_some_and(|left| hint >= left) =>
        {
            match hints.above_max {
                AboveMax::BackOff => HintDecision::None,
                above => HintDecision::Beyond(above),
            }
        }
        (HintMode::Honour, Some(hint)) => HintDecision::Wait(hint),
    }
}

/// `hint` plus up to `hints.jitter` of it: never less than the server asks for, and different for
/// clients with the same hint. Without jitter nothing is drawn.
pub(crate) fn spread(hints: &Hints, hint: Duration, stream: &mut Stream) -> Duration {
    let most = hints.jitter.of(nanos(hint));
    if most == 0 {
        return hint;
    }
    hint.saturating_add(stream.between(Duration::ZERO, Duration::from_nanos(most)))
}

/// The parts of an answer that may hold a hint.
#[derive(Clone, Copy)]
pub(crate) struct HintSources<'a, 'head> {
    /// The status of the answer, or of the error inside it.
    pub status: u16,
    /// Looks up a header field of the answer by its name in lower case.
    pub header: &'a dyn Fn(&str) -> Option<&'head str>,
    /// Fields of the body that may say how long to wait, by their names in lower case.
    pub fields: &'a [(String, String)],
    /// The error's message for humans.
    pub message: Option<&'a str>,
}

/// The wait that a server asks for. Milliseconds take precedence over seconds, since they are more
/// exact, headers over the body, since they are meant for clients, and both over the reset times of
/// limits, which are not advice. A moment counts from the answer's own `date`, so the local clock
/// does not matter; a moment before it means no wait. Very large values saturate at some 584 years.
pub(crate) fn read(said: &HintSources) -> Option<Duration> {
    let in_millis = |name: &&str| length::decimal(said.trimmed(name)?, length::NANOS_PER_MILLI);
    let in_seconds = || length::seconds(said.trimmed("retry-after")?);
    let until_date = || said.until(moment::of_http(said.trimmed("retry-after")?)?);
    let in_words = || match words::find(said.message?)? {
        Wait::For(length) => Some(length),
        Wait::Until(moment) => said.until(moment),
    };
    MILLIS
        .iter()
        .find_map(in_millis)
        .or_else(in_seconds)
        .or_else(until_date)
        .or_else(|| in_fields(said))
        .or_else(in_words)
        .or_else(|| of_limits(said))
}

/// Whether the server recommends a retry, if it says so at all: `x-should-retry`, as OpenAI's and
/// Anthropic's SDKs read it, else gRPC's pushback, which forbids a retry if it is not a length of
/// time (gRFC A6).
pub(crate) fn should_retry(said: &HintSources) -> Option<bool> {
    let pushback = || {
        let length = said.trimmed(PUSHBACK)?;
        let is_length = length::decimal(length, length::NANOS_PER_MILLI).is_some();
        (!is_length).then_some(false)
    };
    match said.trimmed("x-should-retry") {
        Some(word) if word.eq_ignore_ascii_case("true") => Some(true),
        Some(word) if word.eq_ignore_ascii_case("false") => Some(false),
        _ => pushback(),
    }
}

impl<'head> HintSources<'_, 'head> {
    fn trimmed(&self, name: &str) -> Option<&'head str> {
        (self.header)(name).map(str::trim)
    }

    /// A wait in the form that it shows: a length of Go, a number of seconds, or a moment. No
    /// length is as large as a time since 1970, and none in seconds as one in milliseconds.
    fn any_form(&self, text: &str) -> Option<Duration> {
        let text = text.trim();
        let of_number = || {
            let number = length::seconds(text)?;
            match number {
                _ if number < EARLIEST => Some(number),
                _ if number < EARLIEST * 10 => self.until(number),
                _ => self.until(length::decimal(text, length::NANOS_PER_MILLI)?),
            }
        };
        let moment = || moment::of_rfc3339(text).or_else(|| moment::of_http(text));
        length::of_go(text)
            .or_else(of_number)
            .or_else(|| self.until(moment()?))
    }

    /// The time from the answer's `date` until `moment`.
    fn until(&self, moment: Duration) -> Option<Duration> {
        let now = moment::of_http(self.trimmed("date")?)?;
        Some(moment.saturating_sub(now))
    }
}

/// The wait in a field of the body: of one about retries, else of one about resets.
fn in_fields(said: &HintSources) -> Option<Duration> {
    let read =
        |(name, value): &(String, String)| match name.contains("ms") || name.contains("milli") {
            true => length::decimal(value.trim(), length::NANOS_PER_MILLI),
            false => said.any_form(value),
        };
    let of = |part: &str| {
        let fields = said.fields.iter();
        fields
            .filter(|(name, _)| name.contains(part))
            .find_map(read)
    };
    of("retry").or_else(|| of("reset")).or_else(|| of("wait"))
}

/// When the limits that are used up are reset; the latest of them counts. If no limit says what
/// remains of it, each may be used up.
fn of_limits(said: &HintSources) -> Option<Duration> {
    if said.status != 429 {
        return None;
    }
    let says_remaining = LIMITS.iter().any(|limit| limit.remains(said).is_some());
    let may_be_used_up = |limit: &&Limit| match limit.remains(said) {
        Some(remains) => !remains,
        None => !says_remaining,
    };
    let limits = LIMITS.iter().filter(may_be_used_up);
    limits.filter_map(|limit| limit.reset(said)).max()
}

/// A limit that header fields of an answer report.
struct Limit {
    remaining: &'static str,
    reset: &'static str,
    form: ResetFormat,
}

/// How a header field says when a limit is reset.
enum ResetFormat {
    /// As a length, in Go's form or in seconds.
    Length,
    /// As a moment, by RFC 3339.
    Moment,
    /// As a moment, in seconds since 1970.
    Epoch,
    /// As any of these.
    Any,
}

impl Limit {
    /// Whether anything remains of it, if the header says so.
    fn remains(&self, said: &HintSources) -> Option<bool> {
        match said.trimmed(self.remaining)? {
            "rejected" => Some(false),
            word if word.starts_with("allowed") => Some(true),
            number => number.parse::<i64>().ok().map(|number| number > 0),
        }
    }

    fn reset(&self, said: &HintSources) -> Option<Duration> {
        let text = said.trimmed(self.reset)?;
        match self.form {
            ResetFormat::Length => length::of_go(text).or_else(|| length::seconds(text)),
            ResetFormat::Moment => said.until(moment::of_rfc3339(text)?),
            ResetFormat::Epoch => said.until(length::seconds(text)?),
            ResetFormat::Any => said.any_form(text),
        }
    }
}

/// The header fields that hold milliseconds.
const MILLIS: [&str; 4] = [
    "retry-after-ms",
    "x-ms-retry-after-ms",
    "x-amz-retry-after",
    PUSHBACK,
];

const PUSHBACK: &str = "grpc-retry-pushback-ms";

/// The year 2001, in seconds since 1970: no length of a wait is as large.
const EARLIEST: Duration = Duration::from_secs(1_000_000_000);

const LIMITS: [Limit; 12] = [
    Limit {
        remaining: "x-ratelimit-remaining-requests",
        reset: "x-ratelimit-reset-requests",
        form: ResetFormat::Length,
    },
    Limit {
        remaining: "x-ratelimit-remaining-tokens",
        reset: "x-ratelimit-reset-tokens",
        form: ResetFormat::Length,
    },
    Limit {
        remaining: "anthropic-ratelimit-requests-remaining",
        reset: "anthropic-ratelimit-requests-reset",
        form: ResetFormat::Moment,
    },
    Limit {
        remaining: "anthropic-ratelimit-tokens-remaining",
        reset: "anthropic-ratelimit-tokens-reset",
        form: ResetFormat::Moment,
    },
    Limit {
        remaining: "anthropic-ratelimit-input-tokens-remaining",
        reset: "anthropic-ratelimit-input-tokens-reset",
        form: ResetFormat::Moment,
    },
    Limit {
        remaining: "anthropic-ratelimit-output-tokens-remaining",
        reset: "anthropic-ratelimit-output-tokens-reset",
        form: ResetFormat::Moment,
    },
    // The limits of subscriptions: a word in place of a number.
    Limit {
        remaining: "anthropic-ratelimit-unified-status",
        reset: "anthropic-ratelimit-unified-reset",
        form: ResetFormat::Epoch,
    },
    // OpenRouter and Together.
    Limit {
        remaining: "x-ratelimit-remaining",
        reset: "x-ratelimit-reset",
        form: ResetFormat::Any,
    },
    // The IETF's draft of header fields for limits.
    Limit {
        remaining: "ratelimit-remaining",
        reset: "ratelimit-reset",
        form: ResetFormat::Any,
    },
    // Mistral.
    Limit {
        remaining: "ratelimitbysize-remaining",
        reset: "ratelimitbysize-reset",
        form: ResetFormat::Any,
    },
    // Cerebras.
    Limit {
        remaining: "x-ratelimit-remaining-requests-day",
        reset: "x-ratelimit-reset-requests-day",
        form: ResetFormat::Any,
    },
    Limit {
        remaining: "x-ratelimit-remaining-tokens-minute",
        reset: "x-ratelimit-reset-tokens-minute",
        form: ResetFormat::Any,
    },
];

#[cfg(test)]
mod tests;
