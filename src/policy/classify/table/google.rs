//! Google: the Gemini API and Vertex AI.

use super::super::FailureClass::*;
use super::{Row, phrase, word};

pub(super) const ROWS: &[Row] = &[
    word(Quota, "BILLING_DISABLED", VERTEX),
    word(Quota, "QUOTA_EXHAUSTED", "google-gemini/gemini-cli#26633"),
    phrase(
        Quota,
        "exhausted your capacity",
        "google-gemini/gemini-cli#26633",
    ),
    phrase(ContextTooLong, "prompt is too large", GEMINI),
    phrase(ContextTooLong, "request size exceeds", GEMINI),
    word(ContentFilter, "SAFETY", GEMINI),
    word(ContentFilter, "BLOCKLIST", GEMINI),
    word(Auth, "ACCESS_TOKEN_EXPIRED", VERTEX),
    word(Auth, "ACCESS_TOKEN_TYPE_UNSUPPORTED", VERTEX),
    word(Auth, "CREDENTIALS_MISSING", VERTEX),
    phrase(Auth, "expected oauth 2 access token", VERTEX),
    word(Forbidden, "FAILED_PRECONDITION", GEMINI),
    word(
        Forbidden,
        "CONSUMER_SUSPENDED",
        "google/generative-ai-docs#356",
    ),
    word(Forbidden, "CONSUMER_INVALID", VERTEX),
    word(Forbidden, "SERVICE_DISABLED", VERTEX),
    word(Forbidden, "API_KEY_SERVICE_BLOCKED", GEMINI),
    phrase(Forbidden, "has not been used in project", VERTEX),
    phrase(Forbidden, "reported as leaked", GEMINI),
    phrase(ModelGone, "models/..is not found", GEMINI),
    phrase(ModelGone, "not supported for generatecontent", GEMINI),
    phrase(ModelGone, "publisher model..not found", VERTEX),
    phrase(ModelGone, "publisher model..not servable", VERTEX),
    // The request itself is wrong.
    phrase(BadRequest, "invalid json", GEMINI).by_status(),
    phrase(BadRequest, "json payload", GEMINI).by_status(),
    phrase(BadRequest, "unknown name", GEMINI).by_status(),
    phrase(BadRequest, "cannot find field", GEMINI).by_status(),
    phrase(BadRequest, "is not specified", GEMINI).by_status(),
    phrase(BadRequest, "generatecontentrequest.", GEMINI).by_status(),
    phrase(BadRequest, "function call turn", GEMINI).by_status(),
    phrase(BadRequest, "valid role", GEMINI).by_status(),
];

const GEMINI: &str = "Gemini API, troubleshooting";
const VERTEX: &str = "Vertex AI, API errors";
