//! Errors where an answer is expected: in a 200, or among the events of a stream.
//!
//! An object that holds an answer is one, whatever stands beside it; only its `error` field is
//! looked at ([`said`]). An object that holds none is looked over for the names that servers and
//! gateways give to errors ([`complaint`]): one that is taken for an empty event would let half an
//! answer pass for a whole one.

use serde_json::{Map, Value};

use super::answer::Wrong;
use super::error::{self, ErrorBody};

/// An `error` field with an error: some providers always send the field, and fill it with nothing.
pub(super) fn said(error: Option<Value>) -> Result<(), Wrong> {
    match error.filter(says_something) {
        None => Ok(()),
        Some(error) => Err(Wrong::Error(Box::new(ErrorBody::of(&error)))),
    }
}

/// Bytes that are not of the dialect's form may be an error in another's.
pub(super) fn or_error(wrong: Wrong, bytes: &[u8]) -> Wrong {
    match wrong {
        Wrong::Malformed => complaint(bytes).unwrap_or(Wrong::Malformed),
        wrong => wrong,
    }
}

/// The error that an object without an answer reports, if it reports one.
pub(super) fn complaint(bytes: &[u8]) -> Option<Wrong> {
    let value: Value = serde_json::from_slice(bytes).ok()?;
    let object = value.get(0).unwrap_or(&value).as_object()?;
    let is_one = object.iter().any(|(name, value)| complains(name, value))
        || (object.iter().any(|(name, value)| is_message(name, value)) && !is_well(object));
    is_one.then(|| Wrong::Error(Box::new(body_of(&value, object))))
}

/// The error in the data of an event that is named so, or in an `error` field of the stream.
pub(super) fn announced(data: &[u8]) -> Wrong {
    let body = match serde_json::from_slice::<Value>(data) {
        Ok(Value::String(message)) => message_of(message),
        Ok(value) => match value.as_object() {
            Some(object) => body_of(&value, object),
            None => ErrorBody::of(&value),
        },
        Err(_) => message_of(String::from_utf8_lossy(data).trim().to_owned()),
    };
    Wrong::Error(Box::new(body))
}

fn message_of(message: String) -> ErrorBody {
    ErrorBody {
        message: Some(message).filter(|message| !message.is_empty()),
        ..ErrorBody::default()
    }
}

/// The error's words, also under the names that only some servers give them.
fn body_of(value: &Value, object: &Map<String, Value>) -> ErrorBody {
    let mut body = error::find(value).unwrap_or_else(|| ErrorBody::of(value));
    let first = |names: &[&str]| {
        let has_name = |name: &&String| names.contains(&name.to_ascii_lowercase().as_str());
        object
            .iter()
            .filter(|(name, _)| has_name(name))
            .find_map(|(_, value)| match value {
                Value::String(text) if !text.is_empty() => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                Value::Object(inner) => inner
                    .values()
                    .find_map(|value| value.as_str().map(str::to_owned)),
                _ => None,
            })
    };
    body.message = body.message.or_else(|| first(MESSAGES));
    body.code = body.code.or_else(|| first(CODES));
    body
}

/// Whether a field of an object without an answer says that something failed.
fn complains(name: &str, value: &Value) -> bool {
    let name = name.to_ascii_lowercase();
    let is_named_so = name.contains("error")
        || matches!(
            name.as_str(),
            "err" | "err_msg" | "errmsg" | "errcode" | "exception" | "fault" | "detail"
        );
    match (name.as_str(), value) {
        ("success" | "ok", Value::Bool(false)) => true,
        ("type" | "object" | "event" | "status" | "state", Value::String(word)) => {
            let word = word.to_ascii_lowercase();
            FAILED.iter().any(|failed| word.contains(failed))
        }
        ("code" | "status" | "status_code" | "statuscode", code) => is_failing(code),
        ("base_resp", reply) => says_something(&reply["status_code"]),
        (_, value) => is_named_so && says_something(value),
    }
}

/// A status that is an error.
fn is_failing(code: &Value) -> bool {
    let digits = match code {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    digits.is_some_and(|code| (400..600).contains(&code))
}

fn is_message(name: &str, value: &Value) -> bool {
    let is_text = value.as_str().is_some_and(|text| !text.is_empty());
    is_text && matches!(name.to_ascii_lowercase().as_str(), "message" | "msg")
}

/// Whether a message tells of no failure: of progress, say, while a call waits.
fn is_well(object: &Map<String, Value>) -> bool {
    let state = ["status", "state", "type", "event", "code"];
    let mut words = state.iter().filter_map(|name| match object.get(*name)? {
        Value::String(word) => Some(word.to_ascii_lowercase()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    });
    words.any(|word| WELL.contains(&word.as_str()))
}

/// Whether a value holds anything but emptiness.
fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Bool(true) => true,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => {
            let text = text.trim();
            !text.is_empty() && !text.eq_ignore_ascii_case("null")
        }
        Value::Array(values) => values.iter().any(says_something),
        Value::Object(fields) => fields.values().any(says_something),
    }
}

/// Words of a state that is a failure.
const FAILED: [&str; 3] = ["error", "fail", "exception"];

/// Words of a state that is none.
const WELL: [&str; 13] = [
    "0",
    "200",
    "ok",
    "success",
    "ping",
    "heartbeat",
    "keepalive",
    "keep-alive",
    "processing",
    "queued",
    "pending",
    "waiting",
    "in_progress",
];

/// Names of the message, in lower case.
const MESSAGES: &[&str] = &[
    "message",
    "msg",
    "error_message",
    "errormessage",
    "error_msg",
    "err_msg",
    "errmsg",
    "error_description",
    "detail",
    "status_msg",
    "base_resp",
    "exception",
    "fault",
    "title",
    "err",
];

/// Names of the code, in lower case.
const CODES: &[&str] = &[
    "code",
    "error_code",
    "errorcode",
    "errcode",
    "status_code",
    "statuscode",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint_of(json: &str) -> Option<(Option<String>, Option<String>)> {
        match complaint(json.as_bytes())? {
            Wrong::Error(error) => Some((error.message, error.code)),
            wrong => panic!("{wrong:?}"),
        }
    }

    #[test]
    fn an_error_is_found_in_any_form() {
        for (json, message, code) in [
            (r#"{"error":"boom"}"#, Some("boom"), None),
            (
                r#"{"error":{"message":"boom","code":503}}"#,
                Some("boom"),
                Some("503"),
            ),
            (r#"[{"error":{"message":"boom"}}]"#, Some("boom"), None),
            (
                r#"{"code":500,"message":"boom"}"#,
                Some("boom"),
                Some("500"),
            ),
            (
                r#"{"code":"1302","msg":"boom"}"#,
                Some("boom"),
                Some("1302"),
            ),
            (r#"{"detail":"boom"}"#, Some("boom"), None),
            (r#"{"message":"boom"}"#, Some("boom"), None),
            (
                r#"{"object":"error","message":"boom","code":404}"#,
                Some("boom"),
                Some("404"),
            ),
            (r#"{"type":"error","message":"boom"}"#, Some("boom"), None),
            (
                r#"{"error_code":336003,"error_msg":"boom"}"#,
                Some("boom"),
                Some("336003"),
            ),
            (r#"{"errorMessage":"boom"}"#, Some("boom"), None),
            (r#"{"success":false,"message":"boom"}"#, Some("boom"), None),
            (
                r#"{"base_resp":{"status_code":1002,"status_msg":"boom"},"choices":null}"#,
                Some("boom"),
                None,
            ),
            (r#"{"fault":{"faultstring":"boom"}}"#, Some("boom"), None),
        ] {
            let told = complaint_of(json);
            let (message, code) = (message.map(str::to_owned), code.map(str::to_owned));
            assert_eq!(told, Some((message, code)), "{json}");
        }
    }

    #[test]
    fn an_object_that_complains_of_nothing_is_no_error() {
        for json in [
            "{}",
            "[]",
            "7",
            r#"{"type":"ping"}"#,
            r#"{"error":null,"id":"x"}"#,
            r#"{"error":{"message":"","type":"","param":"","code":null}}"#,
            r#"{"error":[],"errors":{}}"#,
            r#"{"status":"processing","message":"Your call is the third in the queue."}"#,
            r#"{"code":0,"msg":"success"}"#,
            r#"{"base_resp":{"status_code":0,"status_msg":""}}"#,
            r#"{"id":"c","object":"chat.completion.chunk","choices":[]}"#,
            r#"{"choices":[],"prompt_filter_results":[{"hate":{"filtered":false}}]}"#,
        ] {
            assert_eq!(complaint_of(json), None, "{json}");
        }
    }

    #[test]
    fn what_an_event_named_error_holds_is_its_message() {
        for data in [
            "boom",
            "\"boom\"",
            r#"{"message":"boom"}"#,
            r#"{"error":"boom"}"#,
        ] {
            let Wrong::Error(error) = announced(data.as_bytes()) else {
                panic!("{data}");
            };
            assert_eq!(error.message.as_deref(), Some("boom"), "{data}");
        }
    }
}
