//! When a provider gets no calls, and how it comes back.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::attempts::{HintMode, Jitter};
use super::rows::{Setting, settings};
#[cfg(feature = "cli")]
use super::schema;
use super::words;
#[cfg(feature = "cli")]
use crate::units::schema as written;
use crate::units::{Factor, Length, Share};

settings! {
    /// When a provider is refused, and how it comes back.
    pub struct Breaker overridden by BreakerOverride {
        /// Opens after this many failures in a row.
        #[serde(with = "words::small")]
        #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<written::Count>"))]
        consecutive_failures: Option<u32> = Some(5), Count "1" to "1000",
            "Five failures in a row are no accident at any failure rate that one would call \
             healthy.";
        /// Opens when the window holds this many failures, regardless of successes between them.
        #[serde(with = "words::small")]
        #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<written::Count>"))]
        max_failures: Option<u32> = None, Count "1" to "100000",
            "Which count is too many depends on the traffic; it suits a provider that is asked \
             too seldom for a share.";
        /// Opens when a smaller share of the attempts of the window succeeded; checked when an
        /// attempt fails.
        #[serde(with = "words::share")]
        #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<Share>"))]
        min_success_rate: Option<Share> = None, Share "0.1%" to "100%",
            "One signal unless asked for both: a rate needs traffic to mean something.";
        /// An attempt that took longer is slow. A streamed attempt is measured to its first token.
        /// A slow probe opens the breaker again.
        #[serde(with = "words::timeout")]
        #[cfg_attr(feature = "cli", schemars(with = "written::LengthOrNone"))]
        slow_call: Option<Duration> = None, Time "1ms" to "1d",
            "Nothing is slow unless asked for: models differ a hundredfold.";
        /// Opens when a larger share of the attempts of the window was slow.
        max_slow_rate: Share = Share::percent(50), Share "0.1%" to "100%",
            "When every other attempt is slow, it is not the prompts.";
        /// When an attempt counts as slow.
        count_slow: CountSlow = CountSlow::Ended;
        /// The window of `max_failures`, `min_success_rate` and `max_slow_rate`.
        #[serde(with = "Length")]
        window: Duration = Duration::from_secs(30), Time "1s" to "1h",
            "Long enough for some tens of attempts, short beside an incident.";
        /// The two rates are checked only when the window holds at least this many attempts.
        min_attempts: u32 = 10, Count "1" to "100000",
            "Below ten attempts a share is an anecdote.";
        /// How long it stays open.
        open: Open = Open::default();
        /// Probes in flight at a time while half-open.
        max_probes: u32 = 1, Count "1" to "100",
            "One call at a time finds out; more calls would pay for the same news.";
        /// Probes in a row that must succeed to close.
        success_threshold: u32 = 1, Count "1" to "100",
            "One success shows that the provider is back; should it fall again, the breaker opens \
             again.";
        /// A probe that has not ended after this long no longer holds its slot; none = until it
        /// ends.
        #[serde(with = "words::timeout")]
        #[cfg_attr(feature = "cli", schemars(with = "written::LengthOrNone"))]
        probe_timeout: Option<Duration> = None, Time "1ms" to "1d",
            "A probe holds its place until it ends: timeouts end it.";
    }
}

settings! {
    /// How long a breaker stays open.
    pub struct Open overridden by OpenOverride {
        /// How long it stays open the first time.
        #[serde(with = "Length")]
        initial: Duration = Duration::from_secs(30), Time "1ms" to "1d",
            "Long enough to spare a provider that is drowning, short beside a typical incident.";
        /// Each further time without a recovery in between is this many times as long as the one
        /// before. The provider has recovered when its breaker stays closed for as long as it was
        /// last open.
        factor: Factor = Factor::ONE, Factor "1" to "10",
            "Always the same time, unless asked for growth.";
        /// It never stays open for longer, jitter and hints included.
        #[serde(with = "Length")]
        max: Duration = Duration::from_secs(300), Time "1ms" to "1d",
            "A recovery should not go unnoticed for longer.";
        /// How the time is randomized.
        #[cfg_attr(feature = "cli", schemars(with = "schema::Jitter"))]
        jitter: Jitter = Jitter::None;
        /// Whether a provider's hint to wait holds for every call: the hint opens the breaker at
        /// once for as long as it asks, up to `max`, without jitter, and never shortens the open
        /// time.
        hint: HintMode = HintMode::Ignore;
    }
}

settings! {
    /// When a provider is left out because its peers do better.
    pub struct Outlier {
        /// How often providers are compared. A comparison runs when an attempt ends.
        #[serde(with = "Length")]
        interval: Duration = Duration::from_secs(10), Time "1s" to "1h",
            "Often enough to matter within a user's patience.";
        /// Providers with fewer attempts in the interval are neither judged nor counted as peers.
        min: u32 = 10, Count "1" to "100000",
            "Below ten attempts a share is an anecdote.";
        /// A provider is ejected when its success rate is this much below the mean of its peers.
        success_rate_below_mean: Share = Share::percent(30), Share "0.1%" to "100%",
            "Providers differ by some percent on any day: thirty points are no such day.";
        /// A provider is ejected when its successes take this many times as long as the median of
        /// its peers. A streamed answer is measured to its first token.
        #[serde(with = "words::factor")]
        #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<Factor>"))]
        latency_factor: Option<Factor> = None, Factor "1" to "1000",
            "Off by default: a fleet mixes fast models with slow ones.";
        /// It is ejected for this long times the number of its ejections; each good interval
        /// reduces that number by one.
        #[serde(with = "Length")]
        base_ejection_time: Duration = Duration::from_secs(30), Time "1s" to "1d",
            "As long as a breaker stays open.";
        /// It is never ejected for longer.
        #[serde(with = "Length")]
        max_ejection_time: Duration = Duration::from_secs(300), Time "1s" to "1d",
            "A recovery should not go unnoticed for longer.";
        /// At most this share of the fleet is ejected at once, rounded down to whole providers.
        max_ejection_percent: Share = Share::percent(50), Share "0%" to "100%",
            "When half of the fleet looks odd, the measure is.";
        /// So many providers may be ejected at once, whatever that share of a small fleet is.
        min_ejections: u32 = 0, Count "0" to "1000",
            "The share alone decides, unless the fleet is too small for it.";
    }
}

settings! {
    /// How a provider's share of the calls grows after its breaker has closed.
    pub struct SlowStart {
        /// After this long it gets its full share.
        #[serde(with = "Length")]
        window: Duration = Duration::from_secs(30), Time "1s" to "1h",
            "Caches and machines come back in tens of seconds.";
        /// It starts with this part of its share.
        initial_share: Share = Share::percent(10), Share "0.1%" to "100%",
            "Enough calls to notice if it falls again, few enough not to be the reason.";
    }
}

settings! {
    /// Sends health checks to providers, independently of calls. A check costs as much as any
    /// attempt.
    pub struct HealthCheck {
        /// How often each provider is checked.
        #[serde(with = "Length")]
        interval: Duration = Duration::from_secs(30), Time "100ms" to "1d",
            "Two a minute: news soon enough, and some cents a day.";
        /// How long an answer may take.
        #[serde(with = "Length")]
        timeout: Duration = Duration::from_secs(10), Time "1ms" to "1h",
            "A healthy provider sends five tokens sooner.";
        /// Output tokens that a check requests.
        max_tokens: u32 = 5, Count "1" to "100000",
            "One word shows that the whole path works.";
        /// Which providers are checked.
        targets: CheckTargets = CheckTargets::Refused;
        /// A provider that failed this many checks in a row is refused.
        unhealthy_threshold: u32 = 2, Count "1" to "1000",
            "One lost check is bad luck.";
        /// A refused provider that passed this many checks in a row is admitted again.
        healthy_threshold: u32 = 1, Count "1" to "1000",
            "One answer shows that the provider is back.";
    }
}

/// When an attempt counts as slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CountSlow {
    /// When its first token has come, or it has ended.
    Ended,
    /// As soon as it has taken for longer than `slow_call`. The breaker then opens when a call
    /// comes, also while no attempt ends.
    InFlight,
}

/// Which providers are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CheckTargets {
    /// Every provider.
    All,
    /// Providers that get no calls at present.
    Refused,
}

impl Setting for CheckTargets {}
impl Setting for CountSlow {}
