//! Reads calls of tools and reasoning from an answer or an event in Anthropic's form. In a stream,
//! a block begins with the name of the tool, and its arguments follow as pieces of JSON.

use serde_json::Value;

use crate::wire::client::beside::{Beside, text};

pub(super) fn collect(body: &Value, beside: &mut Beside) {
    let index = body["index"].as_u64();
    match text(&body["type"]) {
        Some("content_block_start") => block(&body["content_block"], index, beside),
        Some("content_block_delta") => {
            let delta = &body["delta"];
            beside
                .reasoning
                .push_str(text(&delta["thinking"]).unwrap_or(""));
            if let Some(piece) = text(&delta["partial_json"])
                && let Some(call) = beside.known(index)
            {
                call.arguments.push_str(piece);
            }
        }
        _ => {
            let blocks = body["content"].as_array();
            for (block_index, one) in (0..).zip(blocks.into_iter().flatten()) {
                block(one, Some(block_index), beside);
            }
        }
    }
}

/// A block, or its start. Tools that run at the provider are not for the caller.
fn block(block: &Value, index: Option<u64>, beside: &mut Beside) {
    beside
        .reasoning
        .push_str(text(&block["thinking"]).unwrap_or(""));
    if text(&block["type"]) != Some("tool_use") {
        return;
    }
    let call = beside.call(index, text(&block["id"]).map(str::to_owned));
    call.name = text(&block["name"]).unwrap_or("").to_owned();
    if let Value::Object(input) = &block["input"]
        && !input.is_empty()
    {
        call.set_arguments(input);
    }
}
