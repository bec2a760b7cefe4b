//! xAI. Its codes are sentences, and its messages stand beside them.

use super::super::FailureClass::*;
use super::{Row, phrase, word};

pub(super) const ROWS: &[Row] = &[
    phrase(Quota, "credits or licenses", "xAI, error codes"),
    phrase(Quota, "purchase more credits", "continuedev/continue#10373"),
    phrase(
        ContextTooLong,
        "maximum prompt length is",
        "xAI, error codes",
    ),
    phrase(
        ContentFilter,
        "failed check: safety_check",
        "xAI, error codes",
    ),
    phrase(
        Auth,
        "incorrect api key provided",
        "continuedev/continue#10778",
    ),
    phrase(Forbidden, "team..blocked", "xAI, error codes"),
    word(
        Overloaded,
        "The service is currently unavailable",
        "xAI, error codes",
    ),
    word(
        RateLimited,
        "Some resource has been exhausted",
        "xAI, error codes",
    )
    .likely(),
    word(
        Forbidden,
        "The caller does not have permission to execute the specified operation",
        "xAI, error codes",
    )
    .by_status(),
    word(
        ModelGone,
        "Some requested entity was not found",
        "xAI, error codes",
    )
    .by_status(),
    phrase(BadRequest, "messages must not be empty", "xAI, error codes").by_status(),
];
