//! Remaining limits, and the forms in which several dialects state them: `x-ratelimit-*` with
//! durations of Go (OpenAI) or whole seconds (Azure). Forms of a single dialect are in its file.
//! `provider` counts.

use std::fmt;
use std::time::Duration;

use super::Stamp;
use super::head::Head;

/// The remaining quota of each limit that a provider has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Quotas {
    /// On requests.
    pub requests: Option<Quota>,
    /// On tokens of both kinds.
    pub tokens: Option<Quota>,
    /// On prompt tokens.
    pub input: Option<Quota>,
    /// On output tokens.
    pub output: Option<Quota>,
}

/// The remaining quota of one limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quota {
    /// The limit per minute.
    pub limit: u64,
    /// How much would be admitted now.
    pub remaining: u64,
    /// How long until all of the limit is free again.
    pub reset: Duration,
}

/// Writes the limits on requests and tokens in OpenAI's form, with `reset` as the form of
/// durations.
pub(super) fn openai<T: fmt::Display>(
    head: &mut Head,
    stamp: &Stamp,
    reset: impl Fn(Duration) -> T,
) {
    let Quotas {
        requests, tokens, ..
    } = stamp.quotas;
    for ([limit, remaining, when], quota) in [(REQUESTS, requests), (TOKENS, tokens)] {
        if let Some(quota) = quota {
            head.field(limit, quota.limit);
            head.field(remaining, quota.remaining);
            head.field(when, reset(quota.reset));
        }
    }
}

/// A length of time as Go prints it (`12ms`, `1s`, `6m0s`), rounded up to whole milliseconds.
pub(super) struct GoDuration(pub(super) Duration);

impl fmt::Display for GoDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = whole_millis(self.0);
        let (seconds, fraction) = (millis / 1_000, millis % 1_000);
        if seconds == 0 && fraction > 0 {
            return write!(f, "{fraction}ms");
        }
        let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
        if hours > 0 {
            write!(f, "{hours}h")?;
        }
        if seconds >= 60 {
            write!(f, "{minutes}m")?;
        }
        write!(f, "{}", seconds % 60)?;
        if fraction > 0 {
            let digits = format!("{fraction:03}");
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        write!(f, "s")
    }
}

/// Milliseconds of `length`, rounded up, so that a client that waits this long waits long enough.
pub(super) fn whole_millis(length: Duration) -> u128 {
    length.as_nanos().div_ceil(1_000_000)
}

/// Seconds of `length`, rounded up.
pub(super) fn whole_seconds(length: Duration) -> u128 {
    length.as_nanos().div_ceil(1_000_000_000)
}

const REQUESTS: [&str; 3] = [
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-requests",
];

const TOKENS: [&str; 3] = [
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-tokens",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_read_as_go_prints_them() {
        for (nanos, text) in [
            (0, "0s"),
            (1, "1ms"),
            (12_000_000, "12ms"),
            (1_000_000_000, "1s"),
            (8_640_000_000, "8.64s"),
            (9_816_000_001, "9.817s"),
            (60_000_000_000, "1m0s"),
            (360_000_000_000, "6m0s"),
            (3_600_005_000_000, "1h0m0.005s"),
        ] {
            let length = Duration::from_nanos(nanos);
            assert_eq!(GoDuration(length).to_string(), text);
        }
    }
}
