//! Errors of providers, in one form.
//!
//! One parser for all dialects: gateways, proxies and compatible APIs use each other's error forms,
//! and every form has its own field names. The core interprets the words.

use serde_json::Value;

/// A provider's description of an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ErrorBody {
    /// The kind of error: `error.type`.
    pub kind: Option<String>,
    /// The error itself: `error.code`; at some vendors a status, in digits.
    pub code: Option<String>,
    /// Google's name for it: `error.status`.
    pub status: Option<String>,
    /// For humans: `error.message`.
    pub message: Option<String>,
    /// More specific codes, from the vendor's own fields: Anthropic's `details.error_code`,
    /// Google's `ErrorInfo.reason`, Azure's `innererror.code`, and `flagged_input` where OpenRouter
    /// says what was flagged.
    pub reasons: Vec<String>,
    /// The quotas that were violated, by Google's names for them.
    pub quotas: Vec<String>,
    /// How long to wait, as Google writes lengths: `31s`.
    pub retry_delay: Option<String>,
}

/// Parses the body of a refusal; a body that cannot be parsed (HTML, or empty) has no fields.
pub(crate) fn read_error(bytes: &[u8]) -> ErrorBody {
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else {
        return ErrorBody::default();
    };
    find_in(&value).unwrap_or_else(|| ErrorBody::of(&value))
}

/// The error in these bytes, if there is one in any form.
pub(super) fn find(bytes: &[u8]) -> Option<ErrorBody> {
    find_in(&serde_json::from_slice(bytes).ok()?)
}

/// Looks for `error`, also in an array, as Google wraps it, and for the `code` that xAI puts beside
/// it.
fn find_in(value: &Value) -> Option<ErrorBody> {
    let value = value.get(0).unwrap_or(value);
    let error = value.get("error").filter(|error| !error.is_null())?;
    Some(ErrorBody::of(error).or_code(&value["code"]))
}

impl ErrorBody {
    /// Parses an error object, or a string in its place.
    pub(super) fn of(error: &Value) -> Self {
        if let Value::String(message) = error {
            return Self {
                message: Some(message.clone()),
                ..Self::default()
            };
        }
        let mut body = Self {
            kind: word(&error["type"]),
            code: word(&error["code"]),
            status: word(&error["status"]),
            message: word(&error["message"]).or_else(|| word(&error["detail"])),
            ..Self::default()
        };
        body.read_metadata(&error["metadata"]);
        body.reasons.extend(word(&error["innererror"]["code"]));
        match &error["details"] {
            Value::Array(details) => details.iter().for_each(|detail| body.read_detail(detail)),
            details => body.reasons.extend(word(&details["error_code"])),
        }
        body
    }

    /// Adds the code beside the error, if the error has none of its own.
    pub(super) fn or_code(mut self, code: &Value) -> Self {
        self.code = self.code.or_else(|| word(code));
        self
    }

    /// One of Google's details; its fields show its kind.
    fn read_detail(&mut self, detail: &Value) {
        self.reasons.extend(word(&detail["reason"]));
        let violations = detail["violations"].as_array().into_iter().flatten();
        let quotas = violations.filter_map(|violation| word(&violation["quotaId"]));
        self.quotas.extend(quotas);
        let delay = word(&detail["retryDelay"]);
        self.retry_delay = delay.or(self.retry_delay.take());
    }

    /// OpenRouter's metadata: what moderation flagged, and the message of the provider behind it.
    fn read_metadata(&mut self, metadata: &Value) {
        if metadata.get("flagged_input").is_some() {
            self.reasons.push("flagged_input".to_owned());
        }
        if let Some(raw) = word(&metadata["raw"]) {
            let said = self.message.take().unwrap_or_default();
            self.message = Some(format!("{said}: {raw}"));
        }
    }
}

/// A text, or a number in digits.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
