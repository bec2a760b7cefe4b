//! A server's hint to wait: where it says so, and what the policy makes of it.
//!
//! Servers say so in many places. They are read from the most explicit to the least, and the first
//! that can be read counts:
//!
//! 1. a length in milliseconds: `retry-after-ms` (OpenAI, Azure), `x-ms-retry-after-ms` (Azure),
//!    `x-amz-retry-after` (AWS), `grpc-retry-pushback-ms` (gRFC A6);
//! 2. `retry-after` in seconds, decimals allowed as SDKs allow them, or as an HTTP date;
//! 3. the body: `retryDelay` of Google's errors, and what it says to humans ("retry after 37
//!    seconds", "retry in 45.8s", "try again in 6m0s");
//! 4. of a 429, when the limit that is used up will be free again: `x-ratelimit-reset-*` as lengths
//!    of Go (OpenAI) or seconds (Azure), `anthropic-ratelimit-*-reset` as moments. OpenRouter's and
//!    Moonshot's `x-ratelimit-reset` without a limit's name is not read: it has two meanings.
//!
//! Anything else is no hint: negative lengths, NaN, and units where none are due. A moment in the
//! past means no wait at all, and what is absurdly large stays so, for the policy's cap to judge.
//! How lengths and moments are written is known to `length` and `moment`.

mod length;
mod moment;

use std::time::Duration;

use super::config::{AboveMax, HintMode, Hints};
use crate::rng::Stream;
use crate::time::nanos;

/// What the policy makes of a hint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HintDecision {
    /// There is no hint, or none that this policy reads: back off as without it.
    None,
    /// Return after exactly this wait.
    Wait(Duration),
    /// It asks for longer than the cap, or than the call has left: do this instead of waiting.
    Beyond(AboveMax),
}

/// Judges a hint by the policy, and by what the call has `left` until its deadline (none = no end).
/// A hint as long as the cap is still waited for; one as long as what is left is in vain.
pub(crate) fn judge(hints: &Hints, hint: Option<Duration>, left: Option<Duration>) -> HintDecision {
    match (hints.retry_after, hint) {
        (HintMode::Ignore, _) | (_, None) => HintDecision::None,
        (HintMode::Honour, Some(hint))
            if hint > hints.max || left.is_some_and(|left| hint >= left) =>
        {
            HintDecision::Beyond(hints.above_max)
        }
        (HintMode::Honour, Some(hint)) => HintDecision::Wait(hint),
    }
}

/// `hint`, and up to `hints.jitter` of it on top: never less than the server asks for, and not the
/// same for everybody whom it asked. Without a spread nothing is drawn.
pub(crate) fn spread(hints: &Hints, hint: Duration, stream: &mut Stream) -> Duration {
    let most = hints.jitter.of(nanos(hint));
    if most == 0 {
        return hint;
    }
    hint.saturating_add(stream.between(Duration::ZERO, Duration::from_nanos(most)))
}

/// Where a server may have put a hint.
#[derive(Clone, Copy)]
pub(crate) struct HintSources<'a, 'head> {
    /// The status of the answer, or of the error inside it.
    pub status: u16,
    /// The field of the answer's head that has this name, which is in lower case.
    pub header: &'a dyn Fn(&str) -> Option<&'head str>,
    /// Google's `retryDelay`: `31s`.
    pub retry_delay: Option<&'a str>,
    /// What the error says to humans.
    pub message: Option<&'a str>,
}

/// The wait that a server asks for. Milliseconds win over seconds, being more exact, headers over
/// the body, being meant for us, and both over what is left of limits, which is no advice. A moment
/// counts from the answer's own `date`, which no clock of ours can be ahead of; one that lies
/// behind it means no wait. What is absurdly large saturates at some 584 years.
pub(crate) fn read(said: &HintSources) -> Option<Duration> {
    let in_millis = |name: &&str| length::decimal(said.trimmed(name)?, length::NANOS_PER_MILLI);
    let in_seconds = || length::seconds(said.trimmed("retry-after")?);
    let until_date = || said.until(moment::of_http(said.trimmed("retry-after")?)?);
    let in_body = || length::seconds(said.retry_delay?.trim().strip_suffix('s')?);
    MILLIS
        .iter()
        .find_map(in_millis)
        .or_else(in_seconds)
        .or_else(until_date)
        .or_else(in_body)
        .or_else(|| in_words(said.message?))
        .or_else(|| of_limits(said))
}

/// Whether the server says that another try is worth it, if it says so at all: `x-should-retry`, as
/// OpenAI's and Anthropic's SDKs read it, else gRPC's pushback, which forbids another try where it
/// is no length of time (gRFC A6).
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

    /// How long it is from the answer until `moment`.
    fn until(&self, moment: Duration) -> Option<Duration> {
        let now = moment::of_http(self.trimmed("date")?)?;
        Some(moment.saturating_sub(now))
    }
}

/// What a message says to humans: the first of its hints that can be read.
fn in_words(message: &str) -> Option<Duration> {
    let seconds = |rest: &str| {
        let (number, rest) = rest.split_once(' ')?;
        rest.starts_with("second")
            .then(|| length::seconds(number))?
    };
    let of_go = |rest: &str| {
        let word = rest.split([' ', ',', '\n']).next()?;
        length::of_go(word.trim_end_matches('.'))
    };
    let after = message.split("retry after ").skip(1);
    let after = after.chain(message.split("try again after ").skip(1));
    let within = message.split("retry in ").skip(1);
    let within = within.chain(message.split("try again in ").skip(1));
    after
        .map(seconds)
        .chain(within.map(of_go))
        .find_map(|hint| hint)
}

/// When the limits that are used up will be free again: the last of them decides. Where no limit
/// says what remains of it, it may be any.
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

/// A limit that an answer's head tells of.
struct Limit {
    remaining: &'static str,
    reset: &'static str,
    form: ResetFormat,
}

/// How a head says when a limit is free again.
enum ResetFormat {
    /// As a length, of Go or in seconds.
    Length,
    /// As a moment, by RFC 3339.
    Moment,
    /// As a moment, in seconds since 1970.
    Epoch,
}

impl Limit {
    /// Whether anything remains of it, if the head says so.
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
        }
    }
}

/// The fields that hold milliseconds.
const MILLIS: [&str; 4] = [
    "retry-after-ms",
    "x-ms-retry-after-ms",
    "x-amz-retry-after",
    PUSHBACK,
];

const PUSHBACK: &str = "grpc-retry-pushback-ms";

const LIMITS: [Limit; 7] = [
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
];

#[cfg(test)]
mod tests;
