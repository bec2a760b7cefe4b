//! OpenAI and Azure OpenAI.

use super::super::FailureClass::*;
use super::{Row, phrase, word};

pub(super) const ROWS: &[Row] = &[
    word(Quota, "credit_balance_exhausted", CODES),
    word(Quota, "*_spend_limit_exceeded", CODES),
    word(Quota, "*_usage_limit_exceeded", CODES),
    word(Quota, "billing_hard_limit_reached", CODES),
    word(Quota, "billing_not_active", CODES),
    word(ContextTooLong, "string_above_max_length", CODES),
    word(ContentFilter, "invalid_prompt", CODES),
    word(ContentFilter, "ResponsibleAIPolicyViolation", AZURE),
    word(Forbidden, "organization_must_be_verified", CODES),
    word(ModelGone, "DeploymentNotFound", "chatboxai/chatbox#646"),
    phrase(
        ModelGone,
        "deployment..does not exist",
        "chatboxai/chatbox#646",
    ),
    word(ModelGone, "OperationNotSupported", AZURE),
    phrase(ModelGone, "operation..not supported", AZURE),
    phrase(ModelGone, "not work with the specified model", AZURE),
    phrase(ModelGone, "operation..not supported with this model", AZURE),
    word(ModelGone, "InvalidApiVersionParameter", AZURE),
    word(ModelGone, "UnsupportedApiVersion", AZURE),
    word(Overloaded, "server_is_overloaded", CODES),
    // A field of the request that this model does not have: another may.
    phrase(Rejected, "does not support", CODES).by_status(),
    phrase(Rejected, "doesn't support", CODES).by_status(),
    phrase(Rejected, "not supported with this model", CODES).by_status(),
    phrase(Rejected, "not supported by this model", CODES).by_status(),
    phrase(Rejected, "not supported for this model", CODES).by_status(),
    phrase(Rejected, "with this model", CODES).by_status(),
    phrase(Rejected, "max_tokens..too large", CODES).by_status(),
    phrase(Rejected, "max_tokens..at most", CODES).by_status(),
    phrase(
        Rejected,
        "maximum allowed number of output tokens",
        "Anthropic, errors",
    )
    .by_status(),
    phrase(
        Rejected,
        "valid range of max_tokens",
        "DeepSeek, error codes",
    )
    .by_status(),
    phrase(Rejected, "max_tokens..less than", "DeepSeek, error codes").by_status(),
    // The request itself is wrong.
    word(BadRequest, "param=*", CODES).by_status(),
    word(BadRequest, "invalid_value", CODES).by_status(),
    word(BadRequest, "invalid_type", CODES).by_status(),
    word(BadRequest, "unsupported_value", CODES).by_status(),
    word(BadRequest, "unsupported_parameter", CODES).by_status(),
    word(BadRequest, "unknown_parameter", CODES).by_status(),
    word(BadRequest, "missing_required_parameter", CODES).by_status(),
    word(BadRequest, "invalid_json*", CODES).by_status(),
    word(BadRequest, "invalid_function_parameters", CODES).by_status(),
    word(BadRequest, "invalid_json_schema", CODES).by_status(),
    phrase(BadRequest, "could not parse", CODES).by_status(),
    phrase(BadRequest, "invalid value", CODES).by_status(),
    phrase(BadRequest, "invalid type for", CODES).by_status(),
    phrase(BadRequest, "missing required", CODES).by_status(),
    phrase(BadRequest, "is a required property", CODES).by_status(),
    phrase(BadRequest, "unrecognized request argument", CODES).by_status(),
    phrase(BadRequest, "unknown parameter", CODES).by_status(),
    phrase(BadRequest, "additional properties are not allowed", CODES).by_status(),
    phrase(
        BadRequest,
        "tool_calls..must be followed",
        "BigPizzaV3/CodexPlusPlus#329",
    )
    .by_status(),
    phrase(BadRequest, "tool_call_id", CODES).by_status(),
    phrase(BadRequest, "invalid schema", CODES).by_status(),
];

const AZURE: &str = "Azure OpenAI, errors";
const CODES: &str = "OpenAI, error codes";
