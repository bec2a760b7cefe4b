//! Why a provider refuses: the causes that have a status, a body and headers of their own.
//!
//! A cause is independent of the dialect; the dialect's table has its status and its wording.

/// Why a provider refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Cause {
    /// Too many requests per minute.
    RateLimit,
    /// Too many tokens per minute.
    TokenLimit,
    /// The day's requests or tokens are used up: they come back the next day.
    DailyLimit,
    /// Too many concurrent requests.
    Concurrency,
    /// Under all limits, but ramped up too fast.
    SlowDown,
    /// The shared pool is overloaded, not the caller's quota.
    Capacity,
    /// No money left.
    Quota,
    /// A spending limit that the account's owner set.
    SpendLimit,
    /// The key is not accepted.
    Auth,
    /// The key may not do this.
    Permission,
    /// The caller's region is not served.
    Region,
    /// A content delivery network asks for proof of a human: HTML.
    Challenge,
    /// The model does not exist, or no longer.
    ModelGone,
    /// The prompt does not fit.
    ContextTooLong,
    /// The content is refused.
    ContentFilter,
    /// The body is too large for a server in front of the provider.
    TooLarge,
    /// The request itself is wrong.
    BadRequest,
    /// A parameter has a value that cannot be processed.
    Unprocessable,
    /// The server gave up waiting for the request.
    Timeout,
    /// Another request conflicts with it.
    Conflict,
    /// The model itself failed.
    ModelError,
    /// Something broke.
    ServerError,
    /// The server behind the gateway gave an invalid answer.
    BadGateway,
    /// The provider is overloaded.
    Overloaded,
    /// The server behind the gateway gave no answer in time.
    GatewayTimeout,
    /// A content delivery network answers for a server that it cannot reach: HTML.
    Edge,
    /// The same, without any body.
    EdgeEmpty,
    /// The same, in JSON of its own.
    EdgeJson,
}

impl Cause {
    /// Every cause, in the order of their declaration.
    pub const ALL: [Self; 28] = [
        Self::RateLimit,
        Self::TokenLimit,
        Self::DailyLimit,
        Self::Concurrency,
        Self::SlowDown,
        Self::Capacity,
        Self::Quota,
        Self::SpendLimit,
        Self::Auth,
        Self::Permission,
        Self::Region,
        Self::Challenge,
        Self::ModelGone,
        Self::ContextTooLong,
        Self::ContentFilter,
        Self::TooLarge,
        Self::BadRequest,
        Self::Unprocessable,
        Self::Timeout,
        Self::Conflict,
        Self::ModelError,
        Self::ServerError,
        Self::BadGateway,
        Self::Overloaded,
        Self::GatewayTimeout,
        Self::Edge,
        Self::EdgeEmpty,
        Self::EdgeJson,
    ];

    /// The cause's name in scenario files: `rate_limit`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RateLimit => "rate_limit",
            Self::TokenLimit => "token_limit",
            Self::DailyLimit => "daily_limit",
            Self::Concurrency => "concurrency",
            Self::SlowDown => "slow_down",
            Self::Capacity => "capacity",
            Self::Quota => "quota",
            Self::SpendLimit => "spend_limit",
            Self::Auth => "auth",
            Self::Permission => "permission",
            Self::Region => "region",
            Self::Challenge => "challenge",
            Self::ModelGone => "model_gone",
            Self::ContextTooLong => "context_too_long",
            Self::ContentFilter => "content_filter",
            Self::TooLarge => "too_large",
            Self::BadRequest => "bad_request",
            Self::Unprocessable => "unprocessable",
            Self::Timeout => "timeout",
            Self::Conflict => "conflict",
            Self::ModelError => "model_error",
            Self::ServerError => "server_error",
            Self::BadGateway => "bad_gateway",
            Self::Overloaded => "overloaded",
            Self::GatewayTimeout => "gateway_timeout",
            Self::Edge => "edge",
            Self::EdgeEmpty => "edge_empty",
            Self::EdgeJson => "edge_json",
        }
    }

    /// The cause of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.name() == name)
    }

    /// The cause of a bare status, by any sender.
    pub(crate) const fn of_status(status: u16) -> Self {
        match status {
            401 => Self::Auth,
            402 => Self::Quota,
            403 => Self::Permission,
            404 | 410 => Self::ModelGone,
            408 => Self::Timeout,
            409 => Self::Conflict,
            413 => Self::TooLarge,
            422 => Self::Unprocessable,
            424 => Self::ModelError,
            429 => Self::RateLimit,
            498 => Self::Capacity,
            400..=499 => Self::BadRequest,
            502 => Self::BadGateway,
            503 | 529 => Self::Overloaded,
            504 => Self::GatewayTimeout,
            520..=526 => Self::Edge,
            _ => Self::ServerError,
        }
    }
}
