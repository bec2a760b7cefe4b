//! The client's own limits on each provider, and what happens to calls beyond them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::rows::{Setting, settings};
#[cfg(feature = "cli")]
use super::schema;
use super::words;
#[cfg(feature = "cli")]
use crate::units::schema as written;
use crate::units::{Factor, Length, Money, Share};

settings! {
    /// The client's own limits at one provider.
    pub struct Limit overridden by LimitOverride {
        /// Attempts per minute.
        #[serde(with = "words::count")]
        #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<written::Count>"))]
        rpm: Option<u64> = None, Count "1" to "1000000000",
            "The provider's own limit holds unless a lower one is asked for.";
        /// Tokens per minute: the prompt plus the expected output.
        #[serde(with = "words::count")]
        #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<written::Count>"))]
        tpm: Option<u64> = None, Count "1" to "1000000000000",
            "The provider's own limit holds unless a lower one is asked for.";
        /// Attempts in flight.
        #[serde(with = "words::small")]
        #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<written::Count>"))]
        concurrency: Option<u32> = None, Count "1" to "1000000",
            "No bulkhead unless asked for: what is too many depends on the tier.";
        /// Adapts the limit on attempts in flight, up to `concurrency`; none = a fixed limit.
        #[serde(with = "words::section")]
        #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<Adaptive>"))]
        adaptive: Option<Adaptive> = None;
        /// Where a call goes that finds a provider full.
        when_full: WhenFull = WhenFull::Fallback;
    }
}

/// Where a call goes that finds a provider full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WhenFull {
    /// To the next provider, and into the queue only when all are full.
    Fallback,
    /// Into the queue.
    Wait,
}

settings! {
    /// How the limit on attempts in flight adapts: it grows by one each time that as many attempts
    /// as the limit have succeeded, and is multiplied by `decrease` when the provider rejects one
    /// or becomes slow: the slower, the more it shrinks, to a half at most.
    pub struct Adaptive overridden by AdaptiveOverride {
        /// The limit never falls below this.
        min: u32 = 3, Count "1" to "1000000",
            "Fewer than three find nothing out any more.";
        /// The limit at the start.
        start: u32 = 20, Count "1" to "1000000",
            "A small tier's concurrency; growth finds the rest within a minute.";
        /// The limit shrinks to this share of itself.
        decrease: Share = Share::percent(90), Share "10%" to "99%",
            "A tenth less each time gives way without giving up.";
        /// Attempts that take this many times as long as usual are slow. What is usual is learned
        /// while there is room under the limit, or at the least limit.
        latency_factor: Factor = Factor::milli(2_000), Factor "1" to "100",
            "Twice as long as at best is a queue, not a long prompt.";
    }
}

settings! {
    /// Refuses attempts locally with the probability (requests - `k` x accepts) / (requests + 1),
    /// over a window (Site Reliability Engineering, equation 21-1).
    pub struct Throttle {
        /// The client sends up to this many times as many requests as the provider accepts.
        k: Factor = Factor::milli(2_000), Factor "1" to "100",
            "Twice what was accepted lets a recovery be seen within seconds.";
        /// How far back requests and accepts are counted.
        #[serde(with = "Length")]
        window: Duration = Duration::from_secs(120), Time "1s" to "1h",
            "What the literature found to react in time and not to flutter.";
        /// Never refuses with a higher probability: some calls must find out when the provider is
        /// back.
        max_reject_probability: Share = Share::percent(90), Share "0%" to "100%",
            "One in ten still finds out: it cannot fail closed.";
    }
}

settings! {
    /// Where calls wait until a provider has room for them, ordered by priority.
    pub struct Queue {
        /// The most calls that wait; a further call pushes out one of lower priority, or is
        /// refused.
        max_calls: u32 = 100, Count "1" to "1000000",
            "A call far behind in the queue meets its deadline before it is served.";
        /// The longest that a call waits.
        #[serde(with = "Length")]
        max_wait: Duration = Duration::from_secs(5), Time "1ms" to "1h",
            "Beyond it, users have left.";
        /// What a call does when no provider that it may ask admits it, because of breakers,
        /// ejections or health checks.
        when_unavailable: WhenUnavailable = WhenUnavailable::Fail;
    }
}

/// What a call does when breakers, ejections or health checks refuse it everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WhenUnavailable {
    /// It fails at once.
    Fail,
    /// It waits until the first provider is admitted again; if that is known to be after `max_wait`
    /// or the deadline, it fails at once. It delays no call that another provider admits.
    Wait,
}

settings! {
    /// What all calls of one client together may cost; each client has a budget of its own.
    pub struct Spend {
        /// The largest amount.
        max: Money = Money::from_nanos(10_000_000_000), Money "0.000001 USD" to "1000000000 USD",
            "A day of it is 240 USD.";
        /// The period of `max`: no stretch of this length costs more, wherever it begins. What is
        /// used up in a minute is missed for the rest of it.
        #[serde(with = "Length")]
        per: Duration = Duration::from_secs(3_600), Time "1s" to "31d",
            "Long enough to average, short enough to stop a leak the same day.";
    }
}

impl Setting for WhenFull {}
impl Setting for WhenUnavailable {}
