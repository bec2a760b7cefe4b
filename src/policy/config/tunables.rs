//! Every number that a policy can turn: default, range, scale and reason, in one table.
//!
//! Checks, documents and whatever searches for better policies derive from it.

use crate::text::units::{duration, factor};
use crate::time::nanos;

/// A number that a policy can turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tunable {
    /// Where it stands in a policy file, dotted.
    pub path: &'static str,
    /// What it counts.
    pub kind: Kind,
    /// Its value where the file says nothing, as the file would say it.
    pub default: &'static str,
    /// The least and the largest value that a file may give, as it would say them.
    pub range: (&'static str, &'static str),
    /// How steps through the range are spread.
    pub scale: Scale,
    /// Why this default.
    pub reason: &'static str,
}

/// What a tunable counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Things.
    Count,
    /// Thousandths of a factor.
    Factor,
    /// Nanoseconds; where the default is `none`, `none` is no limit.
    Time,
}

/// How steps through a range are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences.
    Linear,
    /// Equal ratios.
    Log,
}

impl Tunable {
    /// What `text` comes to: a count, thousandths, or nanoseconds; `None` for `none` and for what
    /// cannot be read.
    pub fn measure(&self, text: &str) -> Option<u64> {
        match self.kind {
            Kind::Count => text.parse().ok(),
            Kind::Factor => factor::parse(text).ok(),
            Kind::Time => duration::parse(text).ok().map(nanos),
        }
    }

    /// Whether the range holds `value`, which is as [`Tunable::measure`] gives it.
    pub fn allows(&self, value: u64) -> bool {
        let (least, largest) = (self.measure(self.range.0), self.measure(self.range.1));
        least.is_some_and(|least| least <= value) && largest.is_some_and(|end| value <= end)
    }
}

const fn count(
    path: &'static str,
    default: &'static str,
    range: (&'static str, &'static str),
    reason: &'static str,
) -> Tunable {
    Tunable {
        path,
        kind: Kind::Count,
        default,
        range,
        scale: Scale::Linear,
        reason,
    }
}

const fn time(
    path: &'static str,
    default: &'static str,
    range: (&'static str, &'static str),
    reason: &'static str,
) -> Tunable {
    Tunable {
        path,
        kind: Kind::Time,
        default,
        range,
        scale: Scale::Log,
        reason,
    }
}

/// All tunables, in the order of a policy file.
#[rustfmt::skip]
pub const TUNABLES: &[Tunable] = &[
    count("retry.attempts", "3", ("1", "100"),
        "As many as the SDKs of the large providers make; each further one multiplies the \
         load of an outage."),
    count("retry.per_provider", "2", ("1", "100"),
        "One second chance for what passes by itself; after that another provider is the \
         better bet."),
    time("retry.backoff.base", "500ms", ("1ms", "10m"),
        "The SDKs' first wait: longer than a blip, shorter than a user's patience."),
    Tunable {
        kind: Kind::Factor,
        ..count("retry.backoff.factor", "2", ("1", "10"),
            "Doubling halves the load of each round, and is what everybody expects.")
    },
    time("retry.backoff.cap", "8s", ("1ms", "1h"),
        "The SDKs' longest wait: beyond it, users have left."),
    time("hints.cap", "1m", ("1ms", "1d"),
        "Limits per minute ask for at most a minute; a longer hint means to go elsewhere."),
    time("timeouts.connect", "none", ("1ms", "1d"),
        "No timeout unless asked for: what is too long depends on the users."),
    time("timeouts.first_token", "none", ("1ms", "1d"),
        "No timeout unless asked for: models that reason think for minutes."),
    time("timeouts.idle", "none", ("1ms", "1d"),
        "No timeout unless asked for: healthy streams have paused for 19 s."),
    time("timeouts.attempt", "none", ("1ms", "1d"),
        "No timeout unless asked for: it must outlast the longest answer."),
    time("timeouts.call", "none", ("1ms", "1d"),
        "No timeout unless asked for: callers bring their own deadline."),
    count("breaker.consecutive", "5", ("1", "1000"),
        "Five failures in a row are no accident at any failure rate that one would call \
         healthy."),
    time("breaker.open.first", "30s", ("1ms", "1d"),
        "Long enough to spare a provider that is drowning, short beside a typical incident."),
    count("breaker.probes", "1", ("1", "100"),
        "One call at a time finds out; more calls would pay for the same news."),
    count("breaker.close_after", "1", ("1", "100"),
        "One success shows that the provider is back; should it fall again, the breaker \
         opens again."),
];
