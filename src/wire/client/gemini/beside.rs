//! Reads calls of functions and thoughts from an answer or an event in Gemini's form, where each
//! call comes whole.

use serde_json::Value;

use crate::wire::client::beside::{Beside, text};

pub(super) fn collect(body: &Value, beside: &mut Beside) {
    let parts = body["candidates"][0]["content"]["parts"].as_array();
    for part in parts.into_iter().flatten() {
        if part["thought"] == true {
            beside.reasoning.push_str(text(&part["text"]).unwrap_or(""));
        }
        let function = &part["functionCall"];
        if !function.is_object() {
            continue;
        }
        let nth = beside.count();
        let id = match text(&function["id"]) {
            Some(id) => id.to_owned(),
            // Earlier models give none. The answer's own makes it unique in a conversation.
            None => format!("call_{}_{nth}", text(&body["responseId"]).unwrap_or("")),
        };
        let call = beside.call(Some(nth), Some(id));
        call.name = text(&function["name"]).unwrap_or("").to_owned();
        if let Value::Object(arguments) = &function["args"] {
            call.set_arguments(arguments);
        }
        call.sign(&part["thoughtSignature"]);
    }
}
