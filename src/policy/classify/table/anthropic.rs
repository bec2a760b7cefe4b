//! Anthropic, and its and others' models at Amazon Bedrock.

use super::super::FailureClass::*;
use super::{Row, phrase, word};

pub(super) const ROWS: &[Row] = &[
    word(Quota, "billing_error", ERRORS),
    word(Quota, "enforced_spend_limit_reached", ERRORS),
    phrase(Quota, "reached your specified api usage limits", ERRORS),
    phrase(Quota, "extra usage is required", ERRORS),
    word(Quota, "ServiceQuotaExceededException", BEDROCK),
    phrase(ContextTooLong, "expected maxlength", BEDROCK),
    phrase(ContextTooLong, "input tokens exceeded", BEDROCK),
    phrase(ContextTooLong, "many total text bytes", BEDROCK),
    word(Auth, "UnrecognizedClientException", BEDROCK),
    word(Auth, "ExpiredToken*", BEDROCK),
    word(Auth, "InvalidSignatureException", BEDROCK),
    word(Auth, "InvalidClientTokenId", BEDROCK),
    word(Auth, "MissingAuthenticationToken*", BEDROCK),
    phrase(Auth, "security token..invalid", BEDROCK),
    phrase(Auth, "security token..expired", BEDROCK),
    phrase(Auth, "oauth token", ERRORS),
    phrase(
        Forbidden,
        "use case details",
        "aws-samples/bedrock-multi-agents-collaboration-workshop#21",
    ),
    phrase(Forbidden, "only authorized for use with", ERRORS),
    phrase(ModelGone, "on-demand throughput", "terricain/aioboto3#352"),
    phrase(
        ModelGone,
        "model identifier is invalid",
        "strands-agents/harness-sdk#38",
    ),
    phrase(
        ModelGone,
        "doesn't support the model",
        "mlcommons/modelbench#1654",
    ),
    word(Overloaded, "ModelNotReadyException", BEDROCK),
    word(Overloaded, "ServiceUnavailableException", BEDROCK),
    word(ServerError, "ModelTimeoutException", BEDROCK),
    word(ServerError, "ModelErrorException", BEDROCK),
    word(ServerError, "InternalServerException", BEDROCK),
    // The request itself is wrong.
    phrase(BadRequest, ": required", ERRORS).by_status(),
    phrase(BadRequest, "is required", ERRORS).by_status(),
    phrase(BadRequest, "are required", ERRORS).by_status(),
    phrase(BadRequest, "extra inputs are not permitted", ERRORS).by_status(),
    phrase(BadRequest, "input should be", ERRORS).by_status(),
    phrase(BadRequest, "roles must alternate", ERRORS).by_status(),
    phrase(BadRequest, "unexpected role", ERRORS).by_status(),
    phrase(BadRequest, "must be non-empty", ERRORS).by_status(),
    phrase(BadRequest, "must have non-empty content", ERRORS).by_status(),
    phrase(BadRequest, "tool_use", ERRORS).by_status(),
    phrase(BadRequest, "tool_result", ERRORS).by_status(),
];

const BEDROCK: &str = "Amazon Bedrock, troubleshooting error codes";
const ERRORS: &str = "Anthropic, errors";
