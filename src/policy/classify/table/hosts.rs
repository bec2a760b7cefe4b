//! Further vendors of models: Mistral, DeepSeek, Moonshot, MiniMax, Groq, Cohere, Together,
//! Fireworks, Perplexity.

use super::super::FailureClass::*;
use super::{Row, phrase, word};

pub(super) const ROWS: &[Row] = &[
    // Mistral.
    word(ModelGone, "1500", "tmc/langchaingo#1233"),
    word(RateLimited, "1300", "raycast/extensions#31107"),
    word(Overloaded, "3505", "continuedev/continue#6185"),
    // DeepSeek.
    word(
        Overloaded,
        "insufficient_system_resource",
        "DeepSeek, chat completion",
    ),
    phrase(BadRequest, "failed to deserialize", "DeepSeek, error codes").by_status(),
    phrase(
        BadRequest,
        "invalid request format",
        "DeepSeek, error codes",
    )
    .by_status(),
    // Moonshot.
    word(
        Quota,
        "exceeded_current_quota_error",
        "666ghj/BettaFish#524",
    ),
    phrase(
        ContextTooLong,
        "exceeded model token limit",
        "Moonshot AI, error codes",
    ),
    phrase(
        RateLimited,
        "wait for your ongoing requests",
        "Moonshot AI, error codes",
    ),
    phrase(BadRequest, "must not be empty", "Moonshot AI, error codes").by_status(),
    // MiniMax: numbers in `base_resp`, or in brackets behind the message.
    word(Quota, "status_code=1008", MINIMAX),
    word(Quota, "status_code=2056", MINIMAX),
    word(ContentFilter, "status_code=1026", MINIMAX),
    word(ContentFilter, "status_code=1027", MINIMAX),
    word(Auth, "status_code=1004", MINIMAX),
    word(Auth, "status_code=2049", MINIMAX),
    word(RateLimited, "status_code=1002", MINIMAX),
    word(RateLimited, "status_code=1039", MINIMAX),
    word(RateLimited, "status_code=1041", MINIMAX),
    word(RateLimited, "status_code=2045", MINIMAX),
    word(ServerError, "status_code=1000", MINIMAX),
    word(ServerError, "status_code=1001", MINIMAX),
    word(ServerError, "status_code=1013", MINIMAX),
    word(BadRequest, "status_code=2013", MINIMAX).by_status(),
    // Cohere.
    phrase(Quota, "trial key", "Cohere, errors").likely(),
    phrase(ContextTooLong, "too many tokens: ", "Cohere, errors"),
    phrase(ContextTooLong, "size limit exceeded", "Cohere, errors"),
    // Fireworks and Together.
    word(
        Forbidden,
        "PRECONDITION_FAILED",
        "pollinations/pollinations#12136",
    )
    .likely(),
    phrase(
        ModelGone,
        "unable to access model",
        "Together AI, error codes",
    ),
    phrase(
        ModelGone,
        "non-serverless model",
        "Together AI, error codes",
    ),
];

const MINIMAX: &str = "MiniMax, error codes";
