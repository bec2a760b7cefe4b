//! How much the client asks of each provider, and what becomes of calls that find no room.

use std::time::Duration;

use serde::{Deserialize, Serialize};

#[cfg(feature = "cli")]
use super::schema;
use super::words;
#[cfg(feature = "cli")]
use crate::text::units::written;
use crate::text::units::{duration, factor, money, share};
use crate::units::Money;

/// How much the client asks of one provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Limit {
    /// Attempts per minute.
    #[serde(with = "words::count")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<written::Count>"))]
    pub rpm: Option<u64>,
    /// Tokens per minute: the prompt, and the output that is expected.
    #[serde(with = "words::count")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<written::Count>"))]
    pub tpm: Option<u64>,
    /// Attempts in flight.
    #[serde(with = "words::small")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<written::Count>"))]
    pub concurrency: Option<u32>,
    /// Finds the number of attempts in flight by itself, within `concurrency`; none = does not.
    #[serde(with = "words::section")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<Adaptive>"))]
    pub adaptive: Option<Adaptive>,
    /// Where a call goes that finds a provider full.
    pub when_full: WhenFull,
}

/// Where a call goes that finds a provider full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum WhenFull {
    /// To the next, and into the queue only when all are full.
    Fallback,
    /// Into the queue.
    Wait,
}

/// How the number of attempts in flight finds itself: it grows by one each time that so many have
/// gone well, and shrinks to `decrease` when the provider rejects one or grows slow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Adaptive {
    /// Never fewer.
    pub min: u32,
    /// Where it starts.
    pub start: u32,
    /// It shrinks to this share of itself.
    #[serde(with = "share")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Share"))]
    pub decrease: u64,
    /// Slow is what takes this many times as long as it takes at best. Held in thousandths.
    #[serde(rename = "latency_factor", with = "factor")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Factor"))]
    pub latency_factor_milli: u64,
}

/// Refuses locally with the probability (requests - `k` x accepts) / (requests + 1), over a window
/// (Site Reliability Engineering, equation 21-1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Throttle {
    /// How many times what the provider accepts is still sent. Held in thousandths.
    #[serde(rename = "k", with = "factor")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Factor"))]
    pub k_milli: u64,
    /// How far back requests and accepts are counted.
    #[serde(with = "duration")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub window: Duration,
    /// Never refuses with a higher probability: somebody has to find out.
    #[serde(with = "share")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Share"))]
    pub max_reject_probability: u64,
}

/// Where calls wait until a provider has room for them, the most important first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Queue {
    /// So many at most; one more pushes out the least important.
    pub max_calls: u32,
    /// So long at most.
    #[serde(with = "duration")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub max_wait: Duration,
}

/// What all calls together may cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Spend {
    /// So much.
    #[serde(with = "money")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Usd"))]
    pub max: Money,
    /// In this time, without edges: what was spent comes back evenly.
    #[serde(with = "duration")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub per: Duration,
}

// The defaults below are those of `TUNABLES`; a test holds them together.

impl Default for Limit {
    fn default() -> Self {
        Self {
            rpm: None,
            tpm: None,
            concurrency: None,
            adaptive: None,
            when_full: WhenFull::Fallback,
        }
    }
}

impl Default for Adaptive {
    fn default() -> Self {
        Self {
            min: 3,
            start: 20,
            decrease: 900_000_000,
            latency_factor_milli: 2_000,
        }
    }
}

impl Default for Throttle {
    fn default() -> Self {
        Self {
            k_milli: 2_000,
            window: Duration::from_secs(120),
            max_reject_probability: 900_000_000,
        }
    }
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            max_calls: 100,
            max_wait: Duration::from_secs(5),
        }
    }
}

impl Default for Spend {
    fn default() -> Self {
        Self {
            max: Money::from_nanos(10_000_000_000),
            per: Duration::from_secs(3_600),
        }
    }
}
