//! Reads calls of tools and reasoning from an answer or an event in OpenAI's form. In a stream, the
//! first piece of a call has its id and its name, and all pieces have its index.

use serde_json::Value;

use crate::wire::client::beside::{Beside, text};

pub(super) fn collect(body: &Value, beside: &mut Beside) {
    let choice = &body["choices"][0];
    let (delta, message) = (&choice["delta"], &choice["message"]);
    // What a stream repeats as a whole message has come already.
    let is_repeated = !beside.is_empty() && !delta.is_object();
    let said = if delta.is_object() { delta } else { message };
    if is_repeated {
        return;
    }
    // One of the two names: some providers send the same text under both.
    let reasoning = text(&said["reasoning_content"]).or(text(&said["reasoning"]));
    beside.reasoning.push_str(reasoning.unwrap_or(""));
    for piece in said["tool_calls"].as_array().into_iter().flatten() {
        let id = text(&piece["id"]).map(str::to_owned);
        let call = beside.call(piece["index"].as_u64(), id);
        let function = &piece["function"];
        if call.name.is_empty() {
            call.name.push_str(text(&function["name"]).unwrap_or(""));
        }
        match &function["arguments"] {
            Value::String(arguments) => call.arguments.push_str(arguments),
            Value::Object(arguments) => call.set_arguments(arguments),
            _ => {}
        }
        let signature = &piece["extra_content"]["google"]["thought_signature"];
        call.sign(signature);
    }
}
