//! Routers and gateways: OpenRouter, LiteLLM, Portkey.

use super::super::FailureClass::*;
use super::{Row, phrase, word};

pub(super) const ROWS: &[Row] = &[
    // OpenRouter.
    phrase(Quota, "key limit exceeded", OPENROUTER),
    phrase(Quota, "more credits", "can1357/oh-my-pi#9569"),
    phrase(
        Quota,
        "never purchased credits",
        "Alishahryar1/free-claude-code#772",
    ),
    phrase(Quota, "free-models-per-day", OPENROUTER),
    word(ContentFilter, "flagged_input", OPENROUTER),
    phrase(Auth, "user not found", OPENROUTER),
    phrase(
        ModelGone,
        "no endpoints found",
        "musistudio/claude-code-router#251",
    ),
    phrase(
        ModelGone,
        "no endpoints available",
        "truefoundry/models#826",
    ),
    phrase(ModelGone, "no allowed providers", "maximhq/bifrost#4141"),
    word(Overloaded, "provider_unavailable", OPENROUTER),
    phrase(RateLimited, "free-models-per-min", OPENROUTER),
    phrase(BadRequest, "input required", OPENROUTER).by_status(),
    // LiteLLM.
    word(Quota, "budget_exceeded", "open-webui/open-webui#5469"),
    word(Quota, "BudgetExceededError", "BerriAI/litellm#22726"),
    word(
        ContextTooLong,
        "ContextWindowExceededError",
        "BerriAI/litellm#18927",
    ),
    word(ContentFilter, "ContentPolicyViolationError", LITELLM),
    word(Auth, "AuthenticationError", LITELLM).likely(),
    word(Auth, "auth_error", LITELLM).by_status(),
    word(Auth, "expired_key", LITELLM),
    word(Auth, "token_not_found_in_db", LITELLM),
    word(Forbidden, "PermissionDeniedError", LITELLM).likely(),
    word(ModelGone, "key_model_access_denied", LITELLM),
    word(ModelGone, "team_model_access_denied", LITELLM),
    word(ModelGone, "user_model_access_denied", LITELLM),
    word(ModelGone, "NotFoundError", LITELLM).likely(),
    phrase(
        ModelGone,
        "invalid model name passed",
        "BerriAI/litellm#8821",
    ),
    word(Overloaded, "ServiceUnavailableError", LITELLM).likely(),
    phrase(
        Overloaded,
        "no deployments available",
        "BerriAI/litellm#14144",
    ),
    phrase(Overloaded, "no healthy deployment", LITELLM),
    word(RateLimited, "RateLimitError", LITELLM).likely(),
    phrase(RateLimited, "max parallel request limit", LITELLM),
    phrase(RateLimited, "error code: 429", "666ghj/BettaFish#524").likely(),
    phrase(RateLimited, "status code 429", LITELLM).likely(),
    phrase(RateLimited, "status code: 429", LITELLM).likely(),
    // Portkey.
    word(ContentFilter, "hooks_failed", "Portkey, guardrails"),
    phrase(
        ContentFilter,
        "guardrail checks..failed",
        "Portkey, guardrails",
    ),
];

const LITELLM: &str = "BerriAI/litellm, exceptions.py";
const OPENROUTER: &str = "OpenRouter, errors";
