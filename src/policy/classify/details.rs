//! The error details that providers send, and the signs in them that identify a failure class.
//!
//! One table for all dialects: gateways and compatible interfaces use each other's words, and no
//! word has different meanings in two dialects.

use super::FailureClass;

/// What a provider said about a request that it did not answer, in any dialect.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ErrorDetails<'a> {
    /// The status of the answer, or of the error inside it.
    pub status: u16,
    /// The kind of error, as OpenAI's and Anthropic's `type` name it.
    pub kind: Option<&'a str>,
    /// The error, as OpenAI's `code` names it.
    pub code: Option<&'a str>,
    /// The error, as Google's `status` names it.
    pub word: Option<&'a str>,
    /// More specific words, from an error's details.
    pub reasons: &'a [String],
    /// The quotas that were violated, by Google's names for them.
    pub quotas: &'a [String],
    /// The message for humans; some errors can be told apart only by it.
    pub message: Option<&'a str>,
}

impl<'a> ErrorDetails<'a> {
    /// All machine-readable words for the error.
    pub(super) fn words(&self) -> impl Iterator<Item = &'a str> {
        let named = [self.kind, self.code, self.word].into_iter().flatten();
        named.chain(self.reasons.iter().map(String::as_str))
    }

    /// Whether it shows one of these signs; `message` is its message in lower case.
    pub(super) fn shows(&self, signs: &Signs, message: &str) -> bool {
        let is_sign = |word: &str| {
            signs.words.iter().any(|sign| match sign.strip_prefix('*') {
                Some(end) => word.ends_with(end),
                None => word == *sign,
            })
        };
        let is_said = |phrase: &&str| message.contains(*phrase);
        self.words().any(is_sign) || signs.phrases.iter().any(is_said)
    }

    /// Whether a Google quota error will last. Google uses one status for a used-up minute, a
    /// used-up day, and a quota of zero (a project that may send no requests at all).
    pub(super) fn names_a_lasting_quota(&self) -> bool {
        if self.status != 429 && self.word != Some("RESOURCE_EXHAUSTED") {
            return false;
        }
        let nothing_allowed = |message: &str| {
            let after = message.split("limit: 0").skip(1);
            let mut next = after.map(|rest| rest.bytes().next());
            next.any(|next| !next.is_some_and(|next| next.is_ascii_digit() || next == b'.'))
        };
        self.quotas.iter().any(|quota| quota.contains("PerDay"))
            || self.message.is_some_and(nothing_allowed)
    }
}

/// Signs that an error is of a class, whatever its status.
pub(super) struct Signs {
    /// The class.
    pub(super) class: FailureClass,
    /// Words in machine-readable fields; `*` stands for any prefix.
    words: &'static [&'static str],
    /// Parts of messages, in lower case, for errors that have no such word.
    phrases: &'static [&'static str],
}

/// The first match decides. Quota comes first: providers report it with the statuses of wrong
/// requests (Anthropic), missing permissions (Moonshot) and rate limits (OpenAI).
pub(super) const SIGNS: [Signs; 8] = [
    Signs {
        class: FailureClass::Quota,
        words: &[
            "insufficient_quota",
            "credit_balance_exhausted",
            "*_spend_limit_exceeded",
            "*_usage_limit_exceeded",
            "billing_hard_limit_reached",
            "billing_not_active",
            "billing_error",
            "enforced_spend_limit_reached",
            "exceeded_current_quota_error",
        ],
        phrases: &[
            "credit balance is too low",
            "reached your specified api usage limits",
            "insufficient balance",
            "key limit exceeded",
            "used all available credits",
            "doesn't have any credits",
            "run out of credits",
        ],
    },
    Signs {
        class: FailureClass::ContextTooLong,
        words: &["context_length_exceeded", "request_too_large"],
        phrases: &[
            "prompt is too long",
            "exceed context limit",
            "maximum context length",
            "exceeds the maximum number of tokens",
            "exceeded model token limit",
            "input token length too long",
            "maximum prompt length is",
        ],
    },
    Signs {
        class: FailureClass::ContentFilter,
        words: &[
            "content_filter",
            "content_policy_violation",
            "invalid_prompt",
            "ResponsibleAIPolicyViolation",
            "flagged_input",
        ],
        phrases: &[
            "content exists risk",
            "content filtering policy",
            "content violates usage guidelines",
        ],
    },
    Signs {
        class: FailureClass::Auth,
        words: &["invalid_api_key", "API_KEY_INVALID"],
        phrases: &[
            "api key not valid",
            "api key expired",
            "incorrect api key provided",
        ],
    },
    Signs {
        class: FailureClass::Forbidden,
        words: &[
            "FAILED_PRECONDITION",
            "unsupported_country_region_territory",
        ],
        phrases: &[],
    },
    Signs {
        class: FailureClass::ModelGone,
        words: &["model_not_found", "model_decommissioned"],
        phrases: &["model not exist", "is not a valid model id"],
    },
    Signs {
        class: FailureClass::Overloaded,
        words: &[
            "server_is_overloaded",
            "overloaded_error",
            "engine_overloaded_error",
            "UNAVAILABLE",
            "NoCapacity",
            "insufficient_system_resource",
            "The service is currently unavailable",
        ],
        phrases: &[
            "overloaded",
            "service is too busy",
            "experiencing high demand",
        ],
    },
    Signs {
        class: FailureClass::RateLimited,
        words: &[
            "rate_limit_exceeded",
            "rate_limit_error",
            "rate_limit_reached_error",
            "slow_down",
            "RESOURCE_EXHAUSTED",
            "Some resource has been exhausted",
        ],
        phrases: &[],
    },
];

/// Words that say no more than a status does, for errors without a status.
pub(super) const IN_BAND: [Signs; 4] = [
    Signs {
        class: FailureClass::Auth,
        words: &["authentication_error", "UNAUTHENTICATED"],
        phrases: &[],
    },
    Signs {
        class: FailureClass::Forbidden,
        words: &[
            "permission_error",
            "PERMISSION_DENIED",
            "The caller does not have permission to execute the specified operation",
        ],
        phrases: &[],
    },
    Signs {
        class: FailureClass::ModelGone,
        words: &[
            "not_found_error",
            "NOT_FOUND",
            "Some requested entity was not found",
        ],
        phrases: &[],
    },
    Signs {
        class: FailureClass::BadRequest,
        words: &[
            "invalid_request_error",
            "INVALID_ARGUMENT",
            "Client specified an invalid argument",
        ],
        phrases: &[],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_can_be_met() {
        for signs in SIGNS.iter().chain(&IN_BAND) {
            for phrase in signs.phrases {
                assert_eq!(phrase.to_ascii_lowercase(), *phrase, "messages are lowered");
            }
        }
    }
}
