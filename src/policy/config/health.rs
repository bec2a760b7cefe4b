//! When a provider is left alone, and how it comes back.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::attempts::{HintMode, Jitter};
#[cfg(feature = "cli")]
use super::schema;
use super::words;
#[cfg(feature = "cli")]
use crate::text::units::written;
use crate::text::units::{duration, factor, share};

/// When a provider is refused, and how it comes back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Breaker {
    /// Opens after this many failures in a row.
    #[serde(with = "words::small")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<written::Count>"))]
    pub consecutive_failures: Option<u32>,
    /// Opens when a smaller share of the attempts of the window succeeded; judged when one fails.
    #[serde(with = "words::share")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<written::Share>"))]
    pub min_success_rate: Option<u64>,
    /// An attempt that took longer is slow. A streamed one counts to its first token. A slow probe
    /// opens it again.
    #[serde(with = "words::timeout")]
    #[cfg_attr(feature = "cli", schemars(with = "written::LengthOrNone"))]
    pub slow_call: Option<Duration>,
    /// Opens when a larger share of the attempts of the window was slow.
    #[serde(with = "share")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Share"))]
    pub max_slow_rate: u64,
    /// How far back `min_success_rate` and `max_slow_rate` look.
    #[serde(with = "duration")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub window: Duration,
    /// They judge nothing before the window holds this many attempts.
    pub min_attempts: u32,
    /// How long it stays open.
    pub open: Open,
    /// Probes in flight at a time while half-open.
    pub max_probes: u32,
    /// Probes in a row that must succeed to close.
    pub success_threshold: u32,
    /// A probe that has not ended after this long no longer holds its place; none = until it ends.
    #[serde(with = "words::timeout")]
    #[cfg_attr(feature = "cli", schemars(with = "written::LengthOrNone"))]
    pub probe_timeout: Option<Duration>,
}

/// How long a breaker stays open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Open {
    /// The first time.
    #[serde(with = "duration")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub initial: Duration,
    /// Each further time without a recovery in between is this many times the one before. It has
    /// recovered when it then stays closed for as long as it was last open. Held in thousandths.
    #[serde(rename = "factor", with = "factor")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Factor"))]
    pub factor_milli: u64,
    /// No time is longer, jitter and hints included.
    #[serde(with = "duration")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub max: Duration,
    /// How the time is spread.
    #[cfg_attr(feature = "cli", schemars(with = "schema::Jitter"))]
    pub jitter: Jitter,
    /// Whether a provider that asks for patience gets it from every call: its hint opens the
    /// breaker at once and until then, within `max`, without jitter, and never shortens its time.
    pub hint: HintMode,
}

/// When a provider is left out because its peers do better.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Outlier {
    /// How often providers are compared, when attempts end.
    #[serde(with = "duration")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub interval: Duration,
    /// Those with fewer attempts in the interval are neither judged nor compared with.
    pub min: u32,
    /// Out when its success rate is this much below the mean of its peers.
    #[serde(with = "share")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Share"))]
    pub success_rate_below_mean: u64,
    /// Out when its successes take this many times as long as the median of its peers. A streamed
    /// one counts to its first token. Held in thousandths.
    #[serde(with = "words::factor")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<written::Factor>"))]
    pub latency_factor: Option<u64>,
    /// Out for this long, times how often it has been out; each good interval takes one off.
    #[serde(with = "duration")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub base_ejection_time: Duration,
    /// Never for longer.
    #[serde(with = "duration")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub max_ejection_time: Duration,
    /// Never more than this share of the fleet at once, rounded down to whole providers.
    #[serde(with = "share")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Share"))]
    pub max_ejection_percent: u64,
}

/// How a provider's share of the calls grows after its breaker has closed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct SlowStart {
    /// It gets all of its share after this long.
    #[serde(with = "duration")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub window: Duration,
    /// It begins with this part of it.
    #[serde(with = "share")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Share"))]
    pub initial_share: u64,
}

/// Asks providers how they are, apart from any call. It costs what any attempt costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct HealthCheck {
    /// How often each provider is asked.
    #[serde(with = "duration")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub interval: Duration,
    /// How long an answer may take.
    #[serde(with = "duration")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub timeout: Duration,
    /// Output tokens that are asked for.
    pub max_tokens: u32,
    /// Who is asked.
    pub targets: CheckTargets,
    /// A provider that failed so many checks in a row is refused.
    pub unhealthy_threshold: u32,
    /// A refused one that passed so many in a row is admitted again.
    pub healthy_threshold: u32,
}

/// Who is asked how it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CheckTargets {
    /// Every provider.
    All,
    /// Those that calls do not reach at present.
    Refused,
}

// The defaults below are those of `TUNABLES`; a test holds them together.

impl Default for Breaker {
    fn default() -> Self {
        Self {
            consecutive_failures: Some(5),
            min_success_rate: None,
            slow_call: None,
            max_slow_rate: 500_000_000,
            window: Duration::from_secs(30),
            min_attempts: 10,
            open: Open::default(),
            max_probes: 1,
            success_threshold: 1,
            probe_timeout: None,
        }
    }
}

impl Default for Open {
    fn default() -> Self {
        Self {
            initial: Duration::from_secs(30),
            factor_milli: 1_000,
            max: Duration::from_secs(300),
            jitter: Jitter::None,
            hint: HintMode::Ignore,
        }
    }
}

impl Default for Outlier {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(10),
            min: 10,
            success_rate_below_mean: 300_000_000,
            latency_factor: None,
            base_ejection_time: Duration::from_secs(30),
            max_ejection_time: Duration::from_secs(300),
            max_ejection_percent: 500_000_000,
        }
    }
}

impl Default for SlowStart {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(30),
            initial_share: 100_000_000,
        }
    }
}

impl Default for HealthCheck {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(30),
            timeout: Duration::from_secs(10),
            max_tokens: 5,
            targets: CheckTargets::Refused,
            unhealthy_threshold: 2,
            healthy_threshold: 1,
        }
    }
}
