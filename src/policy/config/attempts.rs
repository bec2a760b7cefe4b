//! How often a call tries, after what wait, and how long it waits for what.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[cfg(feature = "cli")]
use super::schema;
use super::{failures, words};
use crate::policy::classify::FailureClass;
#[cfg(feature = "cli")]
use crate::text::units::written;
use crate::text::units::{PerTime, duration, factor, rate, share, tokens};
use crate::units::{self, Factor, UnitError, Written};

/// How often, and after what wait, a call tries again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Retry {
    /// Attempts in total, per call.
    pub max_attempts: u32,
    /// Attempts per call at one provider.
    pub max_attempts_per_provider: u32,
    /// Of these, retries per call after failures of a class; classes left out have no bound of
    /// their own.
    #[serde(with = "failures")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::ByClass<u32>"))]
    pub max_retries_by_class: BTreeMap<FailureClass, u32>,
    /// The wait before a provider that this call has already tried.
    pub backoff: Backoff,
    /// What all calls together may spend on retries; none = without bound.
    #[serde(with = "words::section")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<Budget>"))]
    pub budget: Option<Budget>,
}

/// The wait before the n-th return to a provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Backoff {
    /// The first wait.
    #[serde(with = "duration")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub base: Duration,
    /// Each further wait is this many times the one before. Held in thousandths.
    #[serde(rename = "factor", with = "factor")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Factor"))]
    pub factor_milli: u64,
    /// No wait is longer, jitter included.
    #[serde(with = "duration")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub max: Duration,
    /// How the wait is spread.
    #[cfg_attr(feature = "cli", schemars(with = "schema::Jitter"))]
    pub jitter: Jitter,
}

/// How a wait `w` is spread, so that clients do not come back all at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jitter {
    /// `w`.
    None,
    /// Even over `w` x 0.5 to `w` x 1.5.
    Proportional,
    /// Even over 0 to `w`.
    Full,
    /// Even over `w` / 2 to `w`.
    Equal,
    /// Even over `base` to three times the previous wait (Brooker, AWS 2015).
    Decorrelated,
    /// Even over these shares of `w`, in parts per 10^9; a file says `80%..120%`.
    Between(u64, u64),
}

/// What retries may add to the load: a bucket of attempts that first attempts and time fill.
///
/// It pays for returns to a provider; a fallback burdens another one, which has its own breaker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Budget {
    /// Retries per first attempt.
    #[serde(with = "share")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Share"))]
    pub ratio: u64,
    /// Retries that are allowed however few calls there are.
    #[serde(with = "rate")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Rate"))]
    pub reserve: PerTime,
    /// How long what was not spent stays.
    #[serde(with = "duration")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub window: Duration,
    /// What a retry after a failure of this class costs, in retries; 1 for those left out.
    #[serde(with = "failures")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::ByClass<u32>"))]
    pub costs: BTreeMap<FailureClass, u32>,
}

/// What the client makes of a server's hints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Hints {
    /// Whether Retry-After and its kin are honoured.
    pub retry_after: HintMode,
    /// Whether `x-should-retry` is honoured: with `false` a call does not come back but goes
    /// elsewhere, with `true` it tries again what it would have stopped at.
    pub should_retry: HintMode,
    /// The longest hint that is waited for.
    #[serde(with = "duration")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub max: Duration,
    /// What to do about a longer one, or one that outlasts the call.
    pub above_max: AboveMax,
    /// Up to this share of the hint is waited on top of it, evenly spread: clients that were given
    /// one hint do not come back together.
    #[serde(with = "share")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Share"))]
    pub jitter: u64,
}

/// Whether a hint is honoured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum HintMode {
    /// It counts, when there is one.
    Honour,
    /// It is not read.
    Ignore,
}

/// What to do about a hint beyond the cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AboveMax {
    /// Go to another provider instead of waiting.
    Fallback,
    /// End the call.
    Stop,
}

/// How long the client waits for what; none = for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    /// For a connection.
    #[serde(with = "words::timeout")]
    #[cfg_attr(feature = "cli", schemars(with = "written::LengthOrNone"))]
    pub connect: Option<Duration>,
    /// For the first token of a streamed answer, from the attempt's start.
    #[serde(with = "words::timeout")]
    #[cfg_attr(feature = "cli", schemars(with = "written::LengthOrNone"))]
    pub first_token: Option<Duration>,
    /// For the next token of a streamed answer.
    #[serde(with = "words::timeout")]
    #[cfg_attr(feature = "cli", schemars(with = "written::LengthOrNone"))]
    pub idle: Option<Duration>,
    /// For the whole attempt.
    #[serde(with = "words::timeout")]
    #[cfg_attr(feature = "cli", schemars(with = "written::LengthOrNone"))]
    pub attempt: Option<Duration>,
    /// For the whole call.
    #[serde(with = "words::timeout")]
    #[cfg_attr(feature = "cli", schemars(with = "written::LengthOrNone"))]
    pub call: Option<Duration>,
}

/// How streamed answers reach their caller, and how slow they may be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Streams {
    /// The caller gets nothing before this much of an answer has come, so that an error among it
    /// can still fall back unseen.
    #[serde(with = "tokens")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Tokens"))]
    pub prebuffer: u64,
    /// It gets what has come after this long at the latest, from the first token.
    #[serde(with = "duration")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub prebuffer_timeout: Duration,
    /// A stream that is slower than this fails (`timeout_idle`). A token is counted at four bytes
    /// of text. Held in thousandths of a token per second.
    #[serde(with = "words::speed")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<written::Speed>"))]
    pub min_speed: Option<u64>,
    /// Measured over this long.
    #[serde(with = "duration")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Length"))]
    pub min_speed_window: Duration,
}

/// A second attempt, at another provider, while the first is in flight.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Hedge {
    /// When the first token (the answer, if it is not streamed) has not come after this.
    #[cfg_attr(feature = "cli", schemars(with = "schema::HedgeAfter"))]
    pub delay: HedgeDelay,
    /// Hedges per call, over all calls.
    #[serde(with = "share")]
    #[cfg_attr(feature = "cli", schemars(with = "written::Share"))]
    pub budget: u64,
    /// A quantile counts from so many observed attempts on; before, nothing is hedged.
    pub min_samples: u32,
    /// Hedges of one call.
    pub max_hedges: u32,
}

/// When to hedge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HedgeDelay {
    /// After this long.
    After(Duration),
    /// After as long as this percentage of recent attempts at the provider took: `p95`.
    Quantile(u8),
}

// The defaults below are those of `KNOBS`; a test holds them together.

impl Default for Retry {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            max_attempts_per_provider: 2,
            max_retries_by_class: BTreeMap::new(),
            backoff: Backoff::default(),
            budget: None,
        }
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            base: Duration::from_millis(500),
            factor_milli: 2_000,
            max: Duration::from_secs(8),
            jitter: Jitter::Full,
        }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            ratio: 200_000_000,
            reserve: PerTime {
                count_nano: 10_000_000_000,
                per: Duration::from_secs(1),
            },
            window: Duration::from_secs(10),
            costs: BTreeMap::new(),
        }
    }
}

impl Default for Hints {
    fn default() -> Self {
        Self {
            retry_after: HintMode::Honour,
            should_retry: HintMode::Honour,
            max: Duration::from_secs(60),
            above_max: AboveMax::Fallback,
            jitter: 0,
        }
    }
}

impl Default for Streams {
    fn default() -> Self {
        Self {
            prebuffer: 0,
            prebuffer_timeout: Duration::from_secs(1),
            min_speed: None,
            min_speed_window: Duration::from_secs(5),
        }
    }
}

impl Default for Hedge {
    fn default() -> Self {
        Self {
            delay: HedgeDelay::Quantile(95),
            budget: 50_000_000,
            min_samples: 20,
            max_hedges: 1,
        }
    }
}

const JITTERS: [(&str, Jitter); 5] = [
    ("none", Jitter::None),
    ("proportional", Jitter::Proportional),
    ("full", Jitter::Full),
    ("equal", Jitter::Equal),
    ("decorrelated", Jitter::Decorrelated),
];

impl Jitter {
    /// The words for jitter; a range such as `80%..120%` stands beside them.
    pub fn words() -> impl Iterator<Item = &'static str> {
        JITTERS.iter().map(|(word, _)| *word)
    }

    fn parse(text: &str) -> Result<Self, UnitError> {
        if let Some((_, jitter)) = JITTERS.iter().find(|(word, _)| *word == text) {
            return Ok(*jitter);
        }
        let range = text.split_once("..").ok_or_else(|| {
            let words: Vec<&str> = Self::words().collect();
            UnitError::new(format!("there is no jitter `{text}`")).or_write(format!(
                "write one of {}, or a range such as `80%..120%`",
                words.join(", ")
            ))
        })?;
        let (from, to) = (share_of_wait(range.0)?, share_of_wait(range.1)?);
        if from > to {
            let error = UnitError::new(format!("`{text}` ends before it begins"));
            return Err(error.or_write("write the smaller share first"));
        }
        Ok(Self::Between(from, to))
    }

    fn write(self) -> String {
        match JITTERS.iter().find(|(_, jitter)| *jitter == self) {
            Some((word, _)) => (*word).to_owned(),
            None => {
                let Self::Between(from, to) = self else {
                    return String::new();
                };
                format!("{}..{}", write_share(from), write_share(to))
            }
        }
    }
}

/// A share of a wait, which may be more than the whole.
fn share_of_wait(text: &str) -> Result<u64, UnitError> {
    let percent = text.trim().strip_suffix('%').map(str::trim_end);
    let percent = percent.ok_or_else(|| {
        UnitError::new(format!("`{text}` has no unit")).or_write("write as in `80%..120%`")
    })?;
    let milli = Factor::parse(percent)?.as_milli();
    if milli > 1_000_000 {
        let error = UnitError::new(format!("`{text}` is too large"));
        return Err(error.or_write("write at most `1000%`"));
    }
    Ok(milli * 10_000)
}

fn write_share(share: u64) -> String {
    format!("{}%", factor::write(share / 10_000))
}

impl HedgeDelay {
    fn parse(text: &str) -> Result<Self, UnitError> {
        let quantile = text.strip_prefix('p').and_then(|rest| rest.parse().ok());
        match quantile {
            Some(percent @ 1..=99) => Ok(Self::Quantile(percent)),
            Some(_) => {
                let error = UnitError::new(format!("`{text}` is no quantile"));
                Err(error.or_write("write from `p1` to `p99`"))
            }
            None => units::duration::parse(text).map(Self::After),
        }
    }

    fn write(self) -> String {
        match self {
            Self::After(length) => duration::write(length),
            Self::Quantile(percent) => format!("p{percent}"),
        }
    }
}

macro_rules! by_text {
    ($type:ty, $wanted:literal) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.write())
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Written {
                    wanted: $wanted,
                    parse: Self::parse,
                })
            }
        }
    };
}

by_text!(Jitter, "a kind of jitter, or a range such as `80%..120%`");
by_text!(
    HedgeDelay,
    "a length of time such as `2s`, or a quantile such as `p95`"
);
