//! Statuses of HTTP, and classes of failures: what a list in a foreign file names.
//!
//! A status that is listed gets an action of its own (`failures: { 502: retry }`). The lists of
//! classes here say what happens after all others.

/// Failures that show a provider in trouble, told by a status.
pub(super) const OF_THE_PROVIDER: &[&str] = &["rate_limited", "overloaded", "server_error"];

/// Failures without a status, or of a body.
pub(super) const OF_THE_NETWORK: &[&str] = &[
    "connect",
    "timeout_connect",
    "timeout_first_token",
    "timeout_idle",
    "timeout_attempt",
    "reset",
    "truncated",
    "malformed",
];

/// Failures that the same request would meet again: its own fault, or the account's.
pub(super) const OF_THE_REQUEST: &[&str] = &[
    "quota",
    "auth",
    "forbidden",
    "model_gone",
    "bad_request",
    "rejected",
    "context_too_long",
    "content_filter",
];

/// The class that a status has unless the body says more; none where it is no error.
pub(super) const fn class_of(status: u64) -> Option<&'static str> {
    Some(match status {
        400 | 413 | 422 => "bad_request",
        401 => "auth",
        402 => "quota",
        403 => "forbidden",
        404 | 410 => "model_gone",
        408 => "timeout_attempt",
        429 => "rate_limited",
        503 | 529 => "overloaded",
        500..=599 => "server_error",
        405..=499 => "rejected",
        _ => return None,
    })
}

/// Statuses that providers and gateways answer with.
pub(super) const USUAL: &[u64] = &[
    400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529,
];
