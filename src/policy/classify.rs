//! What kind of failure an attempt met, and what the policy does about that kind.
//!
//! Policy files, traces and reports use the names of these classes. `wire` turns bytes into a
//! status, words and a message, `table` lists what identifies a class in those, and
//! [`super::config`] holds the actions that a policy sets instead of the defaults.

mod details;
mod table;

use std::fmt;

use serde::{Deserialize, Serialize};

pub(crate) use details::ErrorDetails;
use details::Said;
use table::Weight;

/// Each class with what it is, its name as policy files, traces and reports write it, and what is
/// done about it where the policy says nothing: a failure that may pass by itself is retried, one
/// that lasts at this provider falls back, and one that every provider would return stops.
macro_rules! classes {
    ($($(#[doc = $about:literal])+ $class:ident $name:literal $action:ident;)*) => {
        /// How an attempt failed.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum FailureClass {
            $($(#[doc = $about])+ $class,)*
        }

        impl FailureClass {
            /// Every class, in the order of their declaration.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$class),*];

            /// The class as policy files, traces and reports write it: `rate_limited`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$class => $name,)*
                }
            }

            /// What it is, in a sentence.
            pub const fn about(self) -> &'static str {
                match self {
                    $(Self::$class => concat!($($about),+).trim_ascii(),)*
                }
            }

            /// What to do about this class where the policy says nothing.
            pub const fn action(self) -> Action {
                match self {
                    $(Self::$class => Action::$action,)*
                }
            }
        }
    };
}

classes! {
    /// Too many requests or tokens: may succeed after a wait.
    RateLimited "rate_limited" Retry;
    /// No money or no quota left: waiting does not help.
    Quota "quota" Fallback;
    /// The provider says that it is overloaded (503 overloaded, 529).
    Overloaded "overloaded" Retry;
    /// Any other 5xx.
    ServerError "server_error" Retry;
    /// No connection: refused, or no such host.
    Connect "connect" Retry;
    /// The connection did not open in time.
    TimeoutConnect "timeout_connect" Retry;
    /// No first token in time.
    TimeoutFirstToken "timeout_first_token" Retry;
    /// Silence between tokens for too long.
    TimeoutIdle "timeout_idle" Retry;
    /// The attempt as a whole took too long.
    TimeoutAttempt "timeout_attempt" Retry;
    /// The connection was reset under the attempt.
    Reset "reset" Retry;
    /// The answer ended before it was complete.
    Truncated "truncated" Retry;
    /// The answer is not what the dialect allows.
    Malformed "malformed" Retry;
    /// The key was not accepted (401).
    Auth "auth" Fallback;
    /// The key may not do this (403).
    Forbidden "forbidden" Fallback;
    /// The model does not exist, or no longer exists (404, 410).
    ModelGone "model_gone" Fallback;
    /// The request itself is wrong, and the provider says what is.
    BadRequest "bad_request" Stop;
    /// Another 4xx: the request may be wrong, or only this provider may refuse it. Unless the
    /// policy names it, the call falls back once, and ends when a second provider rejects it, too.
    Rejected "rejected" Fallback;
    /// The prompt does not fit the model's context.
    ContextTooLong "context_too_long" Fallback;
    /// The provider refuses the content.
    ContentFilter "content_filter" Stop;
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

/// Whether a status is that of an error: those that policies and faults can name.
pub(crate) const fn is_error_status(status: u16) -> bool {
    matches!(status, 400..=599)
}

impl FailureClass {
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

    /// The class of this name; `None` for any other word, a group's name included.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }

    /// The classes that the group of this name stands for; `None` if it names no group.
    pub fn group(name: &str) -> Option<&'static [Self]> {
        let (_, members) = Self::GROUPS.into_iter().find(|(group, _)| *group == name)?;
        Some(members)
    }

    /// What this failure says about its provider's health.
    ///
    /// A breaker guards against a provider that cannot serve this client: down, overloaded, out of
    /// quota, or refusing the key or model, since the next call would fail in the same way. A
    /// failure that only this request caused shows the opposite: a provider that answers 400 works,
    /// so such a reply counts as a success, and a probe that meets it closes the breaker. After
    /// `rejected` it is not known whose fault it is, so it counts as neither: an account that is
    /// refused in words that no row lists yet must not close a breaker.
    pub(crate) const fn says_of_provider(self) -> Health {
        match self {
            Self::BadRequest | Self::ContextTooLong | Self::ContentFilter => Health::Well,
            Self::Rejected => Health::Unknown,
            _ => Health::Failed,
        }
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
    /// What is said takes precedence over the status, since one status has several meanings, and
    /// the status over words that say no more than it does.
    pub(crate) fn of(details: &ErrorDetails) -> Self {
        if details.status == 402 {
            return Self::Quota;
        }
        let said = Said::new(details);
        let sign = table::strongest(&said);
        if let Some(sign) = sign.filter(|sign| sign.weight < Weight::AsStatus) {
            return sign.class;
        }
        let by_words = sign.map(|sign| sign.class);
        match details.status {
            200..=299 if said.is_empty() => Self::Malformed,
            200..=299 => by_words.unwrap_or(Self::ServerError),
            401 => Self::Auth,
            // 451: barred for legal reasons, where this provider is.
            403 | 407 | 451 => Self::Forbidden,
            404 | 410 => Self::ModelGone,
            // A request that is too large for one provider's server may fit another's.
            413 => Self::ContextTooLong,
            420 | 429 => Self::RateLimited,
            // Portkey's status for an answer that its guardrails withhold.
            446 => Self::ContentFilter,
            // Groq's status for a tier without free capacity, and Anthropic's for the same.
            498 | 529 => Self::Overloaded,
            // The server timed out, met an internal conflict, or its model failed, or a server on
            // the way gave up (499: "client closed the request"): the same request may succeed a
            // moment later, and the vendors' SDKs retry most of these like a 5xx.
            408 | 409 | 424 | 425 | 499 => Self::ServerError,
            400..=499 => by_words.unwrap_or(Self::Rejected),
            500..=599 => Self::ServerError,
            _ => Self::Malformed,
        }
    }
}

/// What a failure says about the health of its provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    /// It works.
    Well,
    /// Nothing.
    Unknown,
    /// It does not.
    Failed,
}

/// The signs of the table: whether each is a word, its text, its class, and whether it decides
/// whatever the status.
#[cfg(test)]
pub(crate) fn signs() -> impl Iterator<Item = (bool, &'static str, FailureClass, bool)> {
    table::rows().map(|row| {
        let is_word = row.at == table::Place::Word;
        (is_word, row.text, row.class, row.weight == Weight::Certain)
    })
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
        let words = Vec::from_iter(kind.into_iter().chain(code));
        FailureClass::of(&ErrorDetails {
            status,
            words: &words,
            message: None,
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
                words: &["RESOURCE_EXHAUSTED", quota],
                message: Some(message),
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
            (400, Rejected),
            (401, Auth),
            (403, Forbidden),
            (404, ModelGone),
            (408, ServerError),
            (409, ServerError),
            (405, Rejected),
            (410, ModelGone),
            (412, Rejected),
            (413, ContextTooLong),
            (422, Rejected),
            (424, ServerError),
            (425, ServerError),
            (451, Forbidden),
            (498, Overloaded),
            (499, ServerError),
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
            ("missing_required_parameter", BadRequest),
            ("server_error", ServerError),
            ("api_error", ServerError),
        ] {
            assert_eq!(class(200, Some(word), None), expected, "{word}");
        }
    }

    #[test]
    fn what_the_request_caused_does_not_count_against_the_provider() {
        let of = |health| {
            let all = FailureClass::ALL.into_iter();
            Vec::from_iter(all.filter(|class| class.says_of_provider() == health))
        };
        assert_eq!(
            of(Health::Well),
            [BadRequest, ContextTooLong, ContentFilter]
        );
        assert_eq!(of(Health::Unknown), [Rejected]);
    }
}
