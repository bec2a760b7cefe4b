//! Quirks: defects and habits of other clients that no sane policy would want.
//!
//! They exist so that a client can be simulated as it is written, bugs included. Only the simulator
//! honours them: a client over real connections refuses a policy that has any. One row each, with
//! what it does and which client has it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::rows::{KnobKind, Row, Setting as _, settings};
#[cfg(feature = "cli")]
use super::schema;
use super::{Backoff, Hints, failures};
use crate::policy::classify::{Action, FailureClass};
use crate::policy::step::Failure;
use crate::time::nanos;
use crate::units::Length;

/// Declares the quirks: what each does, its name, its settings if it has any, and who has it.
macro_rules! quirks {
    ($(
        $(#[doc = $about:literal])+
        $quirk:ident $(($settings:ty))? $name:literal, $seen:literal;
    )*) => {
        /// A defect or habit of another client.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum Quirk {
            $($(#[doc = $about])+ $quirk $(($settings))?,)*
        }

        impl Quirk {
            /// Every quirk: its name, what it does, and which client has it.
            pub const ALL: [(&'static str, &'static str, &'static str); [$($name),*].len()] =
                [$(($name, concat!($($about),+).trim_ascii(), $seen)),*];

            /// Its name, as a policy file writes it.
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$quirk { .. } => $name,)*
                }
            }
        }
    };
}

quirks! {
    /// Each attempt is a call of an SDK or session that retries by itself at the same provider.
    /// Those retries are not counted as attempts of the policy, and its breaker sees the last one
    /// only.
    InnerRetries(InnerRetries) "inner_retries",
        "Article 001 (B1, B2) and 004 (E1, E6) around OpenAI's SDKs; 000 (A6) around urllib3.";
    /// After the last provider the call begins again with the first, after a wait.
    Rounds(Rounds) "rounds", "Article 003, FailoverManager (D2).";
    /// Failures of these classes are waited for this long, and not as long as `retry.backoff` says.
    FixedWaits(FixedWaits) "fixed_waits", "Article 001 (B1, B2): a flat wait after a timeout.";
    /// It knows one provider only: of several, the first.
    OneProviderOnly "one_provider_only",
        "Articles 000 (A1, A3), 002 (C4, C5), 003 (D7, D8) and 004 (E6); every SDK.";
    /// It waits as before a retry when it goes on to another provider, fresh or not.
    WaitsBeforeFallback "waits_before_fallback", "Article 001 (B1, B2); Envoy.";
    /// It waits once more after the last failed attempt at a provider, and only then gives up.
    WaitsAfterLastAttempt "waits_after_last_attempt",
        "Article 003 (D7) and 004 (E6); LiteLLM Router before a fallback.";
    /// It looks at neither the caller's deadline nor the breaker before it waits: it sleeps, and
    /// meets them afterwards.
    WaitsBlindly "waits_blindly", "All clients of the five articles; openai-python, openai-node.";
    /// No hint is too long.
    HintsHaveNoMax "hints_have_no_max", "openai-node 6.49.0; anthropic-python 2.11.0.";
    /// Jitter comes on top of `retry.backoff.max`.
    JitterAboveMax "jitter_above_max", "Article 000 (A1) and 002 (C3); LiteLLM.";
    /// A retry draws among all providers of its priority group again, by weight, the one that
    /// failed included, and without a wait if the group has another; `max_attempts_per_provider`
    /// counts the attempts in a group.
    RetriesDrawAgain "retries_draw_again", "LiteLLM Router.";
    /// A request whose connection is reset before an answer is sent once more at once, below the
    /// policy, which sees neither.
    RepeatsResets "repeats_resets",
        "OkHttp (`retryOnConnectionFailure`); Java's HttpURLConnection (`sun.net.http.retryPost`).";
    /// A timeout counts twice at the breaker, and starts two retries side by side.
    TimeoutsFork "timeouts_fork", "Article 000, the Node client (A3).";
    /// Once the head of a good answer is there, its failures are the caller's: nothing is retried.
    CommitsAtHead "commits_at_head", "openai-node; Vercel's AI SDK; Portkey's gateway; Envoy.";
    /// The same for streamed answers alone; a plain answer is read before it counts.
    StreamsCommitAtHead "streams_commit_at_head", "openai-python; anthropic-python.";
    /// Once the head of a good answer is there, no timeout of an attempt runs any more.
    TimeoutsEndAtHead "timeouts_end_at_head",
        "openai-node; article 003 (D8); Portkey's gateway; Envoy's timeout of an attempt.";
    /// A plain answer that is cut short neither succeeds nor fails: the call never ends.
    TruncatedHangs "truncated_hangs", "Article 000, the Node client (A3).";
    /// An event of a stream that is no JSON is left out, and the rest is read on.
    SkipsWhatIsNoJson "skips_what_is_no_json",
        "LiteLLM's iterator of OpenAI's Responses (BerriAI/litellm#22085); many loops by hand.";
    /// A stream that ends before its last event is taken for whole.
    TruncatedIsAnAnswer "truncated_is_an_answer", "Vercel's AI SDK; openai-python's iterator.";
    /// A 200 whose body is not what the dialect allows, such as an HTML page, is an answer.
    TextIsAnAnswer "text_is_an_answer", "Article 001 in TypeScript (B2), over openai-node.";
    /// An error's status is not looked at: with a JSON body it is an answer.
    ErrorBodyIsAnAnswer "error_body_is_an_answer", "Article 002 (C5) and 003 (D8).";
    /// Every failure counts at the breaker, also one that is the request's own fault.
    BreakerCountsEverything "breaker_counts_everything", "Article 000 (A3) and 002 (C2).";
    /// A status that is retried counts at the breaker only when no retry is left.
    BreakerCountsLastAttempt "breaker_counts_last_attempt", "Article 000, the Node client (A3).";
    /// When its time is up, a breaker closes at once, without probes.
    BreakerClosesByTime "breaker_closes_by_time",
        "Article 002, AIRouter (C2); LiteLLM's cooldown; Envoy's ejection.";
    /// A half-open breaker admits everything.
    HalfOpenAdmitsAll "half_open_admits_all", "Article 000, the Node client (A2).";
    /// The slot of a probe is never free again: `max_probes` is all there will ever be.
    ProbesLeak "probes_leak", "Article 001 (B3) and 002 (C5).";
    /// A failure of one of these classes opens the breaker at once, whatever else it counts.
    OpensAtOnce(Classes) "opens_at_once",
        "LiteLLM Router: a 429, a 401 or a 404 starts a cooldown.";
    /// A success counts at the breaker also if its attempt began before the breaker opened.
    LateSuccessesCount "late_successes_count", "Article 000 (A2) and 001 (B3).";
    /// A failure of an attempt that began before the breaker opened starts its open time anew.
    LateFailuresProlong "late_failures_prolong", "Article 000 (A2) and 002 (C5).";
    /// After a success since it opened, also a late one that counts, a half-open breaker opens only
    /// after as many failures in a row as a closed one.
    SuccessesForgive "successes_forgive", "Article 000, the Node client (A2).";
    /// A call begins at the provider at which the one before it ended.
    RotationGoesOn "rotation_goes_on", "Article 001 (B1, B2).";
    /// Neither breaker nor ejection refuses the only provider of a priority group.
    LoneProviderIsNeverRefused "lone_provider_is_never_refused", "LiteLLM Router.";
}

settings! {
    /// The retries of an SDK inside each attempt.
    pub struct InnerRetries {
        /// Requests per attempt of the policy.
        max_attempts: u32 = 3, Count "1" to "100",
            "The SDKs' `max_retries: 2`, besides the first.";
        /// The wait before each.
        backoff: Backoff = Backoff::default();
        /// What it does about hints.
        hints: Hints = Hints::default();
        /// The classes that it retries; the others are the policy's at once.
        #[serde(with = "failures")]
        #[cfg_attr(feature = "cli", schemars(with = "schema::ByClass<Action>"))]
        failures: BTreeMap<FailureClass, Action> = BTreeMap::new();
        /// The classes after which, once its retries are used up, the policy stops as well.
        #[serde(with = "failures")]
        #[cfg_attr(feature = "cli", schemars(with = "schema::ByClass<Action>"))]
        afterwards: BTreeMap<FailureClass, Action> = BTreeMap::new();
    }
}

settings! {
    /// Rounds over all providers.
    pub struct Rounds {
        /// How many.
        max: u32 = 3, Count "1" to "100", "As article 003 has it.";
        /// The wait before the next.
        backoff: Backoff = Backoff::default();
    }
}

impl Quirk {
    /// Its numbers; their paths begin at its name.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let (at, mut rows) = ([self.name()], Vec::new());
        match self {
            Self::InnerRetries(inner) => inner.rows(&at, &mut rows),
            Self::Rounds(rounds) => rounds.rows(&at, &mut rows),
            Self::FixedWaits(FixedWaits(waits)) => {
                rows.extend(waits.iter().map(|(class, wait)| Row {
                    path: vec![self.name(), class.name()],
                    kind: KnobKind::Time,
                    value: Some(nanos(wait.0)),
                    range: ("0s", "1h"),
                    reason: "As long as a backoff may be.",
                }))
            }
            _ => {}
        }
        // urllib3 skips its first wait: a factor of 2000 after a wait of 1 ms says so.
        for row in rows
            .iter_mut()
            .filter(|row| row.path.ends_with(&["factor"]))
        {
            row.range.1 = "10000";
        }
        rows
    }

    /// Its backoff, if it has one.
    pub(crate) const fn backoff(&self) -> Option<&Backoff> {
        match self {
            Self::InnerRetries(inner) => Some(&inner.backoff),
            Self::Rounds(rounds) => Some(&rounds.backoff),
            _ => None,
        }
    }
}

/// Classes of failures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Classes(
    #[cfg_attr(feature = "cli", schemars(with = "Vec<schema::ClassName>"))] Vec<FailureClass>,
);

/// Waits by class of failure.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct FixedWaits(
    #[serde(with = "failures")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::ByClass<Length>"))]
    BTreeMap<FailureClass, Length>,
);

/// The quirks of a policy.
#[derive(Clone, Default, PartialEq)]
pub struct Quirks(Vec<Quirk>);

impl Quirks {
    /// Whether there are none, as in every policy for production.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each, in the order of the file.
    pub fn iter(&self) -> std::slice::Iter<'_, Quirk> {
        self.0.iter()
    }

    /// Whether this one, which has no settings, is among them.
    #[inline]
    pub(crate) fn has(&self, quirk: &Quirk) -> bool {
        !self.0.is_empty() && self.0.contains(quirk)
    }

    /// Whether the client takes what failed in this way for an answer.
    pub(crate) fn take_for_answer(&self, failure: &Failure, streamed: bool) -> bool {
        self.0.iter().any(|quirk| match quirk {
            Quirk::TruncatedIsAnAnswer => streamed && failure.class == FailureClass::Truncated,
            Quirk::TextIsAnAnswer => {
                failure.class == FailureClass::Malformed && failure.status == Some(200)
            }
            Quirk::ErrorBodyIsAnAnswer => failure.is_json,
            _ => false,
        })
    }

    /// The retries inside each attempt.
    pub(in crate::policy) fn inner_retries(&self) -> Option<&InnerRetries> {
        self.0.iter().find_map(|quirk| match quirk {
            Quirk::InnerRetries(inner) => Some(inner),
            _ => None,
        })
    }

    /// Whether a failure of this class opens the breaker at once.
    pub(in crate::policy) fn opens_at_once(&self, class: FailureClass) -> bool {
        self.0.iter().any(|quirk| match quirk {
            Quirk::OpensAtOnce(Classes(classes)) => classes.contains(&class),
            _ => false,
        })
    }

    /// The rounds over all providers.
    pub(in crate::policy) fn rounds(&self) -> Option<&Rounds> {
        self.0.iter().find_map(|quirk| match quirk {
            Quirk::Rounds(rounds) => Some(rounds),
            _ => None,
        })
    }

    /// The wait after a failure of this class, whatever the backoff.
    pub(in crate::policy) fn fixed_wait(&self, class: FailureClass) -> Option<Duration> {
        let waits = self.0.iter().find_map(|quirk| match quirk {
            Quirk::FixedWaits(FixedWaits(waits)) => Some(waits),
            _ => None,
        });
        waits?.get(&class).map(|wait| wait.0)
    }
}

impl From<Vec<Quirk>> for Quirks {
    fn from(quirks: Vec<Quirk>) -> Self {
        Self(quirks)
    }
}

impl fmt::Debug for Quirks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Quirks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Quirks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self)
    }
}
