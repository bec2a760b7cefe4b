//! What kind of failure an attempt met, and what the policy does about that kind.
//!
//! Policy files, traces and reports use the names of these classes. `wire` turns bytes into a
//! status and an error code, `details` lists what identifies a class in those, and
//! [`super::config`] holds the actions that a policy sets instead of the defaults.

mod details;

use std::fmt;

use serde::{Deserialize, Serialize};

pub(crate) use details::ErrorDetails;
use details::{IN_BAND, SIGNS, Signs};

/// How an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureClass {
    /// Too many requests or tokens: may succeed after a wait.
    RateLimited,
    /// No money or no quota left: waiting does not help.
    Quota,
    /// The provider says that it is overloaded (503 overloaded, 529).
    Overloaded,
    /// Any other 5xx.
    ServerError,
    /// No connection: refused, or no such host.
    Connect,
    /// The connection did not open in time.
    TimeoutConnect,
    /// No first token in time.
    TimeoutFirstToken,
    /// Silence between tokens for too long.
    TimeoutIdle,
    /// The attempt as a whole took too long.
    TimeoutAttempt,
    /// The connection was reset under the attempt.
    Reset,
    /// The answer ended before it was complete.
    Truncated,
    /// The answer is not what the dialect allows.
    Malformed,
    /// The key was not accepted (401).
    Auth,
    /// The key may not do this (403).
    Forbidden,
    /// The model does not exist, or no longer exists (404, 410).
    ModelGone,
    /// The request itself is wrong (other 4xx).
    BadRequest,
    /// The prompt does not fit the model's context.
    ContextTooLong,
    /// The provider refuses the content.
    ContentFilter,
}

/// What a policy does about a class of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// The same provider again while `max_attempts_per_provider` allows, then another.
    Retry,
    /// The next provider that this call has not tried.
    Fallback,
    /// The next key of the same provider that this call has not tried, at once; without one,
    /// another provider.
    RotateKey,
    /// The next provider that this call has not tried and that is not known to have too small a
    /// context; without one the call ends.
    LargerModel,
    /// The call ends with this failure.
    Stop,
}

impl FailureClass {
    /// Every class, in the order of their declaration.
    pub const ALL: [Self; 18] = [
        Self::RateLimited,
        Self::Quota,
        Self::Overloaded,
        Self::ServerError,
        Self::Connect,
        Self::TimeoutConnect,
        Self::TimeoutFirstToken,
        Self::TimeoutIdle,
        Self::TimeoutAttempt,
        Self::Reset,
        Self::Truncated,
        Self::Malformed,
        Self::Auth,
        Self::Forbidden,
        Self::ModelGone,
        Self::BadRequest,
        Self::ContextTooLong,
        Self::ContentFilter,
    ];

    /// Names that stand for several classes in a policy file, with what they stand for.
    pub const GROUPS: [(&'static str, &'static [Self]); 1] = [(
        "timeout",
        &[
            Self::TimeoutConnect,
            Self::TimeoutFirstToken,
            Self::TimeoutIdle,
            Self::TimeoutAttempt,
        ],
    )];

    /// The class as policy files, traces and reports write it: `rate_limited`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RateLimited => "rate_limited",
            Self::Quota => "quota",
            Self::Overloaded => "overloaded",
            Self::ServerError => "server_error",
            Self::Connect => "connect",
            Self::TimeoutConnect => "timeout_connect",
            Self::TimeoutFirstToken => "timeout_first_token",
            Self::TimeoutIdle => "timeout_idle",
            Self::TimeoutAttempt => "timeout_attempt",
            Self::Reset => "reset",
            Self::Truncated => "truncated",
            Self::Malformed => "malformed",
            Self::Auth => "auth",
            Self::Forbidden => "forbidden",
            Self::ModelGone => "model_gone",
            Self::BadRequest => "bad_request",
            Self::ContextTooLong => "context_too_long",
            Self::ContentFilter => "content_filter",
        }
    }

    /// The class of this name; `None` for any other word, a group's name included.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }

    /// The classes that the group of this name stands for; `None` if it names no group.
    pub fn group(name: &str) -> Option<&'static [Self]> {
        let (_, members) = Self::GROUPS.into_iter().find(|(group, _)| *group == name)?;
        Some(members)
    }

    /// What to do about this class where the policy says nothing: retry a failure that may pass by
    /// itself, fall back after one that lasts at this provider, stop at one that every provider
    /// would return.
    pub const fn action(self) -> Action {
        match self {
            Self::RateLimited
            | Self::Overloaded
            | Self::ServerError
            | Self::Connect
            | Self::TimeoutConnect
            | Self::TimeoutFirstToken
            | Self::TimeoutIdle
            | Self::TimeoutAttempt
            | Self::Reset
            | Self::Truncated
            | Self::Malformed => Action::Retry,
            Self::Quota | Self::Auth | Self::Forbidden | Self::ModelGone | Self::ContextTooLong => {
                Action::Fallback
            }
            Self::BadRequest | Self::ContentFilter => Action::Stop,
        }
    }

    /// Whether the provider's breaker counts this as a failure.
    ///
    /// A breaker guards against a provider that cannot serve this client: down, overloaded, out of
    /// quota, or refusing the key or model, since the next call would fail in the same way. A
    /// failure that only this request caused shows the opposite: a provider that answers 400 works,
    /// so such a reply counts as a success, and a probe that meets it closes the breaker.
    pub(crate) const fn counts_against_provider(self) -> bool {
        !matches!(
            self,
            Self::BadRequest | Self::ContextTooLong | Self::ContentFilter
        )
    }

    /// Whether the provider did not accept the attempt: it said so, or it never answered.
    pub(crate) const fn is_rejection(self) -> bool {
        matches!(
            self,
            Self::RateLimited
                | Self::Quota
                | Self::Overloaded
                | Self::ServerError
                | Self::Connect
                | Self::TimeoutConnect
                | Self::TimeoutFirstToken
                | Self::TimeoutAttempt
        )
    }

    /// Whether providers may charge for an attempt that failed in this way, as far as is known,
    /// even though no answer came. A provider that refuses at once does not; one whose answer was
    /// cut off or timed out may.
    pub const fn may_be_billed(self) -> bool {
        matches!(
            self,
            Self::TimeoutFirstToken
                | Self::TimeoutIdle
                | Self::TimeoutAttempt
                | Self::Reset
                | Self::Truncated
                | Self::Malformed
                | Self::ContentFilter
        )
    }

    /// The class of an error that the server reported. An error inside a stream has the stream's
    /// status, 200, unless it contains another.
    ///
    /// The body takes precedence over the status, since one status has several meanings: quota is
    /// tested before the rate limit, since both are 429 (OpenAI, Gemini) and waiting helps only
    /// with the latter.
    pub(crate) fn of(said: &ErrorDetails) -> Self {
        if said.status == 402 || said.names_a_lasting_quota() {
            return Self::Quota;
        }
        let message = said.message.unwrap_or_default().to_ascii_lowercase();
        let found = |signs: &&Signs| said.shows(signs, &message);
        if let Some(signs) = SIGNS.iter().find(found) {
            return signs.class;
        }
        match said.status {
            200..=299 => Self::of_in_band(said),
            401 => Self::Auth,
            403 => Self::Forbidden,
            404 | 410 => Self::ModelGone,
            // A request that is too large for one provider's server may fit another's.
            413 => Self::ContextTooLong,
            429 => Self::RateLimited,
            // Groq's status for a tier without free capacity, and Anthropic's for the same.
            498 | 529 => Self::Overloaded,
            // The server timed out, met an internal conflict, or its model failed: the same request
            // may succeed a moment later, and the vendors' SDKs retry these like a 5xx.
            408 | 409 | 424 => Self::ServerError,
            400..=499 => Self::BadRequest,
            500..=599 => Self::ServerError,
            _ => Self::Malformed,
        }
    }

    /// The class of an error without a status of its own; an error without any words is malformed.
    fn of_in_band(said: &ErrorDetails) -> Self {
        match IN_BAND.iter().find(|signs| said.shows(signs, "")) {
            Some(signs) => signs.class,
            None if said.words().next().is_some() => Self::ServerError,
            None => Self::Malformed,
        }
    }
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::FailureClass::*;
    use super::*;

    #[test]
    fn every_class_is_listed_once_in_order_and_found_by_its_name() {
        assert!(FailureClass::ALL.is_sorted_by(|a, b| a < b));
        for class in FailureClass::ALL {
            assert_eq!(FailureClass::from_name(class.name()), Some(class));
            assert_eq!(class.to_string(), class.name());
        }
        assert_eq!(FailureClass::from_name("timeout"), None);
        assert_eq!(FailureClass::from_name(""), None);
    }

    #[test]
    fn serde_and_names_agree() {
        for class in FailureClass::ALL {
            let written = serde_json::to_string(&class).unwrap();
            assert_eq!(written, format!("\"{class}\""));
        }
    }

    #[test]
    fn the_timeout_group_holds_every_timeout() {
        let named: Vec<_> = FailureClass::ALL
            .into_iter()
            .filter(|class| class.name().starts_with("timeout_"))
            .collect();
        assert_eq!(FailureClass::group("timeout"), Some(named.as_slice()));
        assert_eq!(FailureClass::group("rate_limited"), None);
    }

    fn class(status: u16, kind: Option<&str>, code: Option<&str>) -> FailureClass {
        FailureClass::of(&ErrorDetails {
            status,
            kind,
            code,
            ..ErrorDetails::default()
        })
    }

    #[test]
    fn quota_is_tested_before_the_rate_limit() {
        assert_eq!(class(429, Some("insufficient_quota"), None), Quota);
        assert_eq!(
            class(429, None, Some("project_spend_limit_exceeded")),
            Quota
        );
        assert_eq!(
            class(429, Some("tokens"), Some("rate_limit_exceeded")),
            RateLimited
        );
        assert_eq!(class(429, None, None), RateLimited);
        assert_eq!(class(402, None, None), Quota);
    }

    #[test]
    fn a_day_that_is_used_up_does_not_pass_by_waiting() {
        let google = |quota: &str, message| {
            FailureClass::of(&ErrorDetails {
                status: 429,
                word: Some("RESOURCE_EXHAUSTED"),
                quotas: &[quota.to_owned()],
                message: Some(message),
                ..ErrorDetails::default()
            })
        };
        let minute = "GenerateContentInputTokensPerModelPerMinute-FreeTier";
        let day = "GenerateRequestsPerDayPerProjectPerModel-FreeTier";
        assert_eq!(google(day, "limit: 50"), Quota);
        assert_eq!(google(minute, "limit: 250000"), RateLimited);
        assert_eq!(google(minute, "limit: 05, limit: 0.5"), RateLimited);
        assert_eq!(google(minute, "limit: 15, limit: 0"), Quota);
        assert_eq!(google(minute, "limit: 0\nPlease retry in 45s."), Quota);
    }

    #[test]
    fn statuses_without_words_have_a_class() {
        for (status, expected) in [
            (400, BadRequest),
            (401, Auth),
            (403, Forbidden),
            (404, ModelGone),
            (408, ServerError),
            (409, ServerError),
            (410, ModelGone),
            (413, ContextTooLong),
            (422, BadRequest),
            (424, ServerError),
            (498, Overloaded),
            (500, ServerError),
            (503, ServerError),
            (522, ServerError),
            (529, Overloaded),
            (200, Malformed),
            (302, Malformed),
            (0, Malformed),
            (u16::MAX, Malformed),
        ] {
            assert_eq!(class(status, None, None), expected, "{status}");
        }
    }

    #[test]
    fn words_in_the_body_win_over_the_status() {
        for (status, word, expected) in [
            (503, "server_is_overloaded", Overloaded),
            (429, "engine_overloaded_error", Overloaded),
            (400, "context_length_exceeded", ContextTooLong),
            (400, "content_filter", ContentFilter),
            (400, "content_policy_violation", ContentFilter),
            (400, "FAILED_PRECONDITION", Forbidden),
            (403, "model_not_found", ModelGone),
            (503, "slow_down", RateLimited),
            // Generic words leave the class to the status.
            (404, "invalid_request_error", ModelGone),
            (429, "invalid_request_error", RateLimited),
        ] {
            assert_eq!(class(status, Some(word), None), expected, "{status} {word}");
            assert_eq!(class(status, None, Some(word)), expected, "{status} {word}");
            let reasons = [word.to_owned()];
            let said = ErrorDetails {
                status,
                reasons: &reasons,
                ..ErrorDetails::default()
            };
            assert_eq!(FailureClass::of(&said), expected, "{status} {word}");
        }
    }

    #[test]
    fn an_error_inside_a_stream_has_a_class_too() {
        for (word, expected) in [
            ("rate_limit_exceeded", RateLimited),
            ("insufficient_quota", Quota),
            ("overloaded_error", Overloaded),
            ("authentication_error", Auth),
            ("permission_error", Forbidden),
            ("not_found_error", ModelGone),
            ("invalid_request_error", BadRequest),
            ("server_error", ServerError),
            ("api_error", ServerError),
        ] {
            assert_eq!(class(200, Some(word), None), expected, "{word}");
        }
    }

    #[test]
    fn what_the_request_caused_does_not_count_against_the_provider() {
        let spared: Vec<_> = FailureClass::ALL
            .into_iter()
            .filter(|class| !class.counts_against_provider())
            .collect();
        assert_eq!(spared, [BadRequest, ContextTooLong, ContentFilter]);
    }
}
