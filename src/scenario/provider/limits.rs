//! A provider's limits: as written in a file, and as the provider counts.
//!
//! A key is refused without a limit that it applies to. Where a file leaves the counting open, the
//! vendor's documentation decides:
//!
//! - `azure`: tokens in a `fixed` window ("a running token count of all requests that is reset each
//!   minute"), charged on `admission` by the "estimated max processed-token count", and requests
//!   over 10 s ("typically 1 or 10 seconds"). Manage Azure OpenAI quota, Microsoft Learn.
//! - `anthropic`: a `bucket`, and output tokens on `completion`, by what was generated and not by
//!   `max_tokens`. Rate limits, Claude docs.
//! - All others: a `bucket`, charged on `admission`.
//!
//! OpenAI says that "unsuccessful requests contribute to your per-minute limit" (guide on rate
//! limits), and not whether with their tokens; Google says that a failed request is not billed and
//! "will still count against your quota", and users of Gemini saw the tokens of a refused prompt in
//! their usage (google-gemini/gemini-cli#15184); Anthropic says nothing. Users of OpenAI measured a
//! sliding window. A file opts into these with `count_refused` and `window: sliding`, since `rpm`
//! of dialect `openai` has always been a bucket of admitted requests. Refused requests do not count
//! unless the file says so.

use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

use super::capacity::PART;
use crate::text::Diagnostic;
use crate::text::name::{hint_of_name, is_name};
use crate::text::place::Place;
use crate::text::section::section;
#[cfg(feature = "cli")]
use crate::units::schema::Name;
use crate::units::{Count, Length, Share, count};
use crate::wire::Dialect;

/// A provider's limits, and how it counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Limits {
    /// Limits on requests; there may be several.
    pub requests: Vec<Limit>,
    /// On tokens of both kinds.
    pub tokens: Vec<Limit>,
    /// On prompt tokens.
    pub input: Vec<Limit>,
    /// On output tokens.
    pub output: Vec<Limit>,
    /// On requests at once.
    pub concurrency: Option<u64>,
    /// When tokens are charged.
    pub charge: Charge,
    /// Whether refused requests count like admitted ones (OpenAI), and at which limits.
    pub count_refused: CountRefused,
    /// The share of the limits on tokens that is left when all slots are busy; linear below that
    /// load.
    pub shrinks_to: Option<Share>,
    /// Whether they hold per account or per key.
    #[serde(skip_serializing_if = "Per::is_account")]
    pub per: Per,
    /// Providers of one account share its limits.
    pub account: Option<String>,
}

impl Limits {
    /// Only a bucket of `rpm` requests per minute, if any.
    pub(crate) fn per_minute(rpm: Option<u64>) -> Self {
        let limit = rpm.map(|count| Limit {
            count,
            per: MINUTE,
            span: Span::Bucket,
        });
        Self {
            requests: Vec::from_iter(limit),
            ..Self::default()
        }
    }

    /// For the result document: a single `rpm` as it is written, all others one by one.
    pub(super) fn shown(&self) -> Value {
        let rpm = self.requests.first().map(|limit| limit.count);
        match *self == Self::per_minute(rpm) {
            true => json!({ "rpm": rpm.map(count::write) }),
            false => json!(self),
        }
    }
}

/// A limit: a count per period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Limit {
    /// The count.
    #[serde(serialize_with = "Count::serialize")]
    pub count: u64,
    /// The period, usually a minute.
    #[serde(serialize_with = "Length::serialize")]
    pub per: Duration,
    /// How it is counted.
    #[serde(rename = "window")]
    pub span: Span,
}

/// How a limit counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Span {
    /// A token bucket with the count as capacity.
    #[default]
    Bucket,
    /// A sliding window of this length.
    Sliding,
    /// A fixed window, which starts at each multiple of the period.
    Fixed,
}

/// Whether limits hold per account or per key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Per {
    /// Per account: all of its keys share them.
    #[default]
    Account,
    /// Each key has its own.
    Key,
}

impl Per {
    fn is_account(&self) -> bool {
        *self == Self::Account
    }
}

/// At which limits refused requests count like admitted ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CountRefused {
    /// At both.
    #[serde(rename = "true")]
    Everywhere,
    /// At none.
    #[default]
    #[serde(rename = "false")]
    Nowhere,
    /// At those on requests.
    Requests,
    /// At those on tokens, with what they would have been charged on admission.
    Tokens,
}

impl CountRefused {
    /// Whether they count at limits on requests.
    pub(crate) const fn counts_requests(self) -> bool {
        matches!(self, Self::Requests | Self::Everywhere)
    }

    /// Whether they count at limits on tokens.
    pub(crate) const fn counts_tokens(self) -> bool {
        matches!(self, Self::Tokens | Self::Everywhere)
    }
}

/// `true` and `false` as such, else the word.
impl Serialize for CountRefused {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nowhere => false.serialize(serializer),
            Self::Everywhere => true.serialize(serializer),
            Self::Requests => "requests".serialize(serializer),
            Self::Tokens => "tokens".serialize(serializer),
        }
    }
}

#[cfg(feature = "cli")]
crate::text::schema::inline_schema! {
    CountRefused, "CountRefused", |_: &mut _| {
        schemars::json_schema!({ "enum": [true, false, "requests", "tokens"] })
    };
}

/// When tokens are charged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Charge {
    /// When a request is admitted: its prompt, and the most output that it may have.
    #[default]
    Admission,
    /// The same, but unused tokens come back when its answer is complete.
    Reserve,
    /// When its answer is complete: the actual tokens.
    Completion,
}

section! {
    /// Limits as written in a file, filled in from a profile.
    #[derive(Default)]
    pub(super) struct WrittenLimits [] ("Limits": "`limits` of a provider.") {
        /// Requests per minute.
        optional rpm: u64 as Count, in 1..=MOST;
        /// Tokens per minute, prompt and output together.
        optional tpm: u64 as Count, in 1..=MOST;
        /// Prompt tokens per minute.
        optional itpm: u64 as Count, in 1..=MOST;
        /// Output tokens per minute.
        optional otpm: u64 as Count, in 1..=MOST;
        /// Requests per day.
        optional rpd: u64 as Count, in 1..=MOST;
        /// Tokens per day.
        optional tpd: u64 as Count, in 1..=MOST;
        /// Requests at once.
        optional concurrency: u64 as Count, in 1..=1_000_000;
        /// How a limit counts; as the vendor does by default.
        optional window: Span;
        /// The period over which `rpm` is counted, at most a minute, with the limit scaled down to
        /// it.
        optional rpm_over: Duration as Length, in Duration::from_secs(1)..=MINUTE;
        /// When tokens are charged; as the vendor does by default.
        optional charge: Charge;
        /// Refused requests count as well: at all limits (`true`), at those on `requests`, or at
        /// those on `tokens`, with what they would have been charged on admission; `false` by
        /// default.
        default count_refused: CountRefused = CountRefused::Nowhere;
        /// The share of the limits on tokens that is left while all slots are busy.
        optional shrinks_to: Share, in PART;
        /// Whether they hold per account or per key; per account by default.
        default per: Per = Per::Account;
        /// Providers of one account share its limits.
        optional account: String, schema Name;
    }
}

impl WrittenLimits {
    /// Fills in limits that are left out here from a profile's limits `shipped`, in the order of
    /// its table.
    pub(super) fn fill(&mut self, shipped: [Option<u64>; 6]) {
        let own = [
            &mut self.rpm,
            &mut self.tpm,
            &mut self.itpm,
            &mut self.otpm,
            &mut self.rpd,
            &mut self.concurrency,
        ];
        for (own, shipped) in own.into_iter().zip(shipped) {
            *own = own.or(shipped);
        }
    }

    /// Checks the limits of a provider that has slots or not.
    pub(super) fn check(&self, place: &Place<'_>, has_slots: bool) -> Result<(), Diagnostic> {
        self.check_keys(place)?;
        if self.shrinks_to.is_some() && !has_slots {
            let message = "without a `capacity` nothing is ever busy: this would never shrink";
            let hint = "write how much it can do at once: `capacity: { slots: 64 }`";
            return place.refuse_key("shrinks_to", message, hint);
        }
        match self.account.as_deref().filter(|name| !is_name(name)) {
            None => Ok(()),
            Some(account) => {
                let message = format!("`{account}` cannot name an account");
                place.refuse("account", message, hint_of_name(account))
            }
        }
    }

    /// Refuses every key without a limit that it applies to.
    fn check_keys(&self, place: &Place<'_>) -> Result<(), Diagnostic> {
        let has_requests = self.rpm.is_some() || self.rpd.is_some();
        let has_tokens = self.has_output() || self.itpm.is_some();
        let has_rate = has_requests || has_tokens;
        let has_any = has_rate || self.concurrency.is_some();
        let (rpm, tpm, any) = ("`rpm: 500`", "`tpm: 200k`", "`rpm: 500` or `tpm: 200k`");
        let (is_counted, refused) = match self.count_refused {
            CountRefused::Requests => (has_requests, rpm),
            CountRefused::Tokens => (has_tokens, tpm),
            CountRefused::Nowhere | CountRefused::Everywhere => (has_rate, any),
        };
        let written = place.keys("");
        for (key, has_meaning, needed) in [
            ("window", has_rate, any),
            ("rpm_over", self.rpm.is_some(), rpm),
            ("charge", self.has_output(), tpm),
            ("count_refused", is_counted, refused),
            ("shrinks_to", has_tokens, tpm),
            ("per", has_any, any),
            ("account", has_any, any),
        ] {
            if !has_meaning && written.iter().any(|written| written == key) {
                let message = format!("`{key}` needs a limit of its kind");
                let hint = format!("add one, such as {needed}, or leave it out");
                return place.refuse_key(key, message, hint);
            }
        }
        Ok(())
    }

    /// Whether any limit counts output tokens.
    fn has_output(&self) -> bool {
        self.tpm.is_some() || self.otpm.is_some() || self.tpd.is_some()
    }

    /// The limits, counted as the vendor of this dialect does where the file leaves it open.
    pub(super) fn resolve(self, dialect: Dialect) -> Limits {
        let (span, charge, rpm_over) = match dialect {
            Dialect::Azure => (Span::Fixed, Charge::Admission, Duration::from_secs(10)),
            Dialect::Anthropic => (Span::Bucket, Charge::Completion, MINUTE),
            _ => (Span::Bucket, Charge::Admission, MINUTE),
        };
        let span = self.window.unwrap_or(span);
        let every = |per| move |count| Limit { count, per, span };
        let (minute, day) = (every(MINUTE), every(Duration::from_secs(86_400)));
        let rpm = self.rpm.map(|count| {
            let per = self.rpm_over.unwrap_or(rpm_over);
            let share = u128::from(count) * per.as_nanos() / MINUTE.as_nanos();
            every(per)(u64::try_from(share).unwrap_or(count).max(1))
        });
        Limits {
            requests: [rpm, self.rpd.map(day)].into_iter().flatten().collect(),
            tokens: [self.tpm.map(minute), self.tpd.map(day)]
                .into_iter()
                .flatten()
                .collect(),
            input: Vec::from_iter(self.itpm.map(minute)),
            output: Vec::from_iter(self.otpm.map(minute)),
            concurrency: self.concurrency,
            charge: match self.has_output() {
                true => self.charge.unwrap_or(charge),
                false => Charge::default(),
            },
            count_refused: self.count_refused,
            shrinks_to: self.shrinks_to,
            per: self.per,
            account: self.account,
        }
    }
}

const MINUTE: Duration = Duration::from_secs(60);

/// The largest limit: far below any overflow, and above any provider's.
const MOST: u64 = 1_000_000_000_000;
