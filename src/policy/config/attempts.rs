//! How often a call is tried, after which wait, and how long each stage may take.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::rows::{Setting, settings};
#[cfg(feature = "cli")]
use super::schema;
use super::{failures, words};
use crate::policy::classify::FailureClass;
#[cfg(feature = "cli")]
use crate::units::schema as written;
use crate::units::{Factor, Length, Rate, Share, TokenRate, Tokens, UnitError, Written, duration};

settings! {
    /// How often, and after which wait, a call is retried.
    pub struct Retry {
        /// Attempts in total, per call.
        max_attempts: u32 = 3, Count "1" to "100",
            "As many as the SDKs of the large providers make; each further one multiplies the \
             load of an outage.";
        /// Attempts per call at one provider.
        max_attempts_per_provider: u32 = 2, Count "1" to "100",
            "One second chance for what passes by itself; after that another provider is the \
             better bet.";
        /// Of these, retries per call after failures of a class; classes left out have no limit of
        /// their own.
        #[serde(with = "failures")]
        #[cfg_attr(feature = "cli", schemars(with = "schema::ByClass<u32>"))]
        max_retries_by_class: BTreeMap<FailureClass, u32> = BTreeMap::new();
        /// The wait before a retry at a provider that this call has already tried.
        backoff: Backoff = Backoff::default();
        /// How many retries all calls together may make; none = no limit.
        #[serde(with = "words::section")]
        #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<Budget>"))]
        budget: Option<Budget> = None;
    }
}

settings! {
    /// The wait before the n-th retry at a provider.
    pub struct Backoff overridden by BackoffOverride {
        /// The first wait.
        #[serde(with = "Length")]
        base: Duration = Duration::from_millis(500), Time "1ms" to "10m",
            "The SDKs' first wait: longer than a blip, shorter than a user's patience.";
        /// Each further wait is this many times the one before.
        factor: Factor = Factor::milli(2_000), Factor "1" to "10",
            "Doubling halves the load of each round, and is the usual factor.";
        /// No wait is longer, jitter included.
        #[serde(with = "Length")]
        max: Duration = Duration::from_secs(8), Time "1ms" to "1h",
            "The SDKs' longest wait: beyond it, users have left.";
        /// How the wait is randomized.
        #[cfg_attr(feature = "cli", schemars(with = "schema::Jitter"))]
        jitter: Jitter = Jitter::Full;
    }
}

/// How a wait `w` is randomized, so that clients do not all return at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Jitter {
    /// `w`.
    None,
    /// Uniform from `w` x 0.5 to `w` x 1.5.
    Proportional,
    /// Uniform from 0 to `w`.
    Full,
    /// Uniform from `w` / 2 to `w`.
    Equal,
    /// Uniform from `base` to three times the previous wait (Brooker, AWS 2015).
    Decorrelated,
    /// Uniform between these shares of `w`, in parts per 10^9; written as `80%..120%` in a file.
    Between(u64, u64),
}

settings! {
    /// What retries may add to the load: a budget that first attempts and time fill.
    ///
    /// It limits retries at the same provider. Fallbacks are free: they load another provider,
    /// which has its own breaker.
    pub struct Budget {
        /// Retries per first attempt.
        ratio: Share = Share::percent(20), Share "0%" to "100%",
            "A fifth on top: what a provider near its limit can still bear.";
        /// Retries that are allowed even if there are few calls.
        reserve: Rate = Rate::per_second(10), Rate "1/d" to "1000000/s",
            "A client of few calls can still retry each of them.";
        /// How long unused retries stay available.
        #[serde(with = "Length")]
        window: Duration = Duration::from_secs(10), Time "1s" to "1h",
            "A burst of failures may use what ten quiet seconds have saved.";
        /// What a retry after a failure of this class costs, in retries; 1 for those left out.
        #[serde(with = "failures")]
        #[cfg_attr(feature = "cli", schemars(with = "schema::ByClass<u32>"))]
        costs: BTreeMap<FailureClass, u32> = BTreeMap::new();
    }
}

settings! {
    /// How the client treats a server's hints.
    pub struct Hints {
        /// Whether Retry-After and similar hints are honoured.
        retry_after: HintMode = HintMode::Honour;
        /// Whether `x-should-retry` is honoured: `false` turns a retry into a fallback, `true`
        /// turns a stop into a retry.
        should_retry: HintMode = HintMode::Honour;
        /// The longest hint that a call waits for.
        #[serde(with = "Length")]
        max: Duration = Duration::from_secs(60), Time "1ms" to "1d",
            "Limits per minute ask for at most a minute; a longer hint means to go elsewhere.";
        /// What to do about a longer hint, or one that ends after the call's deadline.
        above_max: AboveMax = AboveMax::Fallback;
        /// A call waits up to this share of the hint longer, uniformly distributed, so that clients
        /// with the same hint do not return together.
        jitter: Share = Share::ZERO, Share "0%" to "100%",
            "The hint to the letter, unless many clients are given the same.";
    }
}

/// Whether a hint is honoured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HintMode {
    /// It is followed.
    Honour,
    /// It is ignored.
    Ignore,
}

/// What to do about a hint above `max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AboveMax {
    /// Go to another provider instead of waiting.
    Fallback,
    /// End the call.
    Stop,
    /// Back off as without a hint.
    BackOff,
}

settings! {
    /// How long the client waits at each stage; none = without limit.
    #[derive(Copy)]
    pub struct Timeouts {
        /// For a connection.
        #[serde(with = "words::timeout")]
        #[cfg_attr(feature = "cli", schemars(with = "written::LengthOrNone"))]
        connect: Option<Duration> = None, Time "1ms" to "1d",
            "No timeout unless asked for: what is too long depends on the users.";
        /// For the first token of a streamed answer, from the attempt's start.
        #[serde(with = "words::timeout")]
        #[cfg_attr(feature = "cli", schemars(with = "written::LengthOrNone"))]
        first_token: Option<Duration> = None, Time "1ms" to "1d",
            "No timeout unless asked for: models that reason think for minutes.";
        /// For the next token of a streamed answer.
        #[serde(with = "words::timeout")]
        #[cfg_attr(feature = "cli", schemars(with = "written::LengthOrNone"))]
        idle: Option<Duration> = None, Time "1ms" to "1d",
            "No timeout unless asked for: healthy streams have paused for 19 s.";
        /// For the whole attempt.
        #[serde(with = "words::timeout")]
        #[cfg_attr(feature = "cli", schemars(with = "written::LengthOrNone"))]
        attempt: Option<Duration> = None, Time "1ms" to "1d",
            "No timeout unless asked for: it must outlast the longest answer.";
        /// For the whole call.
        #[serde(with = "words::timeout")]
        #[cfg_attr(feature = "cli", schemars(with = "written::LengthOrNone"))]
        call: Option<Duration> = None, Time "1ms" to "1d",
            "No timeout unless asked for: callers bring their own deadline.";
    }
}

settings! {
    /// How streamed answers reach their caller, and how slow they may be.
    pub struct Streams {
        /// The caller gets nothing before this much of an answer has arrived, so that after an
        /// error within it the call can still fall back.
        #[serde(with = "Tokens")]
        prebuffer: u64 = 0, Tokens "0 tok" to "1M tok",
            "Tokens are handed over as they come, unless asked otherwise.";
        /// The caller gets what has arrived at the latest this long after the first token.
        #[serde(with = "Length")]
        prebuffer_timeout: Duration = Duration::from_secs(1), Time "1ms" to "10m",
            "A second more before the first word is what a user may not notice.";
        /// A stream that is slower than this fails (`timeout_idle`). Four bytes of text count as
        /// one token.
        #[serde(with = "words::speed")]
        #[cfg_attr(feature = "cli", schemars(with = "schema::OrNone<TokenRate>"))]
        min_speed: Option<TokenRate> = None, Speed "0.001 tok/s" to "100000 tok/s",
            "No stream is too slow unless asked for: the limit depends on the reader.";
        /// The span over which the speed is measured.
        #[serde(with = "Length")]
        min_speed_window: Duration = Duration::from_secs(5), Time "100ms" to "10m",
            "Shorter, and an ordinary pause looks like a slow stream.";
    }
}

settings! {
    /// A second attempt, at another provider, while the first is in flight.
    pub struct Hedge {
        /// Hedges when the first token (the answer, if it is not streamed) has not arrived after
        /// this.
        #[cfg_attr(feature = "cli", schemars(with = "schema::HedgeDelay"))]
        delay: HedgeDelay = HedgeDelay::Quantile(95);
        /// Hedges per call, on average over all calls.
        budget: Share = Share::percent(5), Share "0%" to "100%",
            "After p95 every twentieth call asks for one: no more can be honest.";
        /// A quantile is used from this many observed attempts on; before that, nothing is hedged.
        min_samples: u32 = 20, Count "1" to "100000",
            "A p95 of fewer attempts is their maximum.";
        /// Hedges of a single call, at most.
        max_hedges: u32 = 1, Count "1" to "10",
            "The second asks for the slow one's news; a third pays for it twice.";
    }
}

/// When to hedge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HedgeDelay {
    /// After this long.
    After(Duration),
    /// After this percentile of recent attempts at the provider: `p95`.
    Quantile(u8),
}

const JITTERS: [(&str, Jitter); 5] = [
    ("none", Jitter::None),
    ("proportional", Jitter::Proportional),
    ("full", Jitter::Full),
    ("equal", Jitter::Equal),
    ("decorrelated", Jitter::Decorrelated),
];

impl Jitter {
    /// The words for jitter; a range such as `80%..120%` is allowed as well.
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

/// A share of a wait, which may exceed 100%.
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
    format!("{}%", Factor::milli(share / 10_000))
}

impl HedgeDelay {
    fn parse(text: &str) -> Result<Self, UnitError> {
        let is_quantile = |percent: u8| (1..=99).contains(&percent);
        let quantile = text.strip_prefix('p').and_then(|rest| rest.parse().ok());
        match quantile {
            Some(percent @ 1..=99) => Ok(Self::Quantile(percent)),
            Some(_) => {
                let error = UnitError::new(format!("`{text}` is no quantile"));
                Err(error.or_write("write from `p1` to `p99`"))
            }
            None => duration::parse(text).map(Self::After).map_err(|wrong| {
                let percent = text.strip_suffix('%').map(str::trim_end);
                let percent = percent.filter(|percent| percent.parse().is_ok_and(is_quantile));
                match percent {
                    Some(percent) => wrong.or_write(format!("write `p{percent}`")),
                    None => wrong,
                }
            }),
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

impl Setting for Jitter {}
impl Setting for HintMode {}
impl Setting for AboveMax {}
impl Setting for HedgeDelay {}
