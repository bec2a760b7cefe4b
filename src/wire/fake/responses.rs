//! OpenAI's Responses API on the fake side, plain and streamed, for the vendors that have it.
//!
//! A token is spelled `tok `, so that the delivered tokens can be counted, and each token has an
//! event, as at the vendor: so an event's number follows from its token. What the request set
//! (instructions, tools, limits) is not repeated in the answer. An error in band is the event
//! `error`, and after it `response.failed`.

use std::borrow::Cow;
use std::fmt::{Arguments, Write};
use std::sync::Arc;

use serde_json::{Value, json};

use super::date::EPOCH;
use super::form::{Call, piece};
use super::grammar::{Grammar, Model, Span, counted};
use super::spec::FakeSpec;
use super::{Choices, Content, Finish, Stamp, Terminator, Usage};

/// Writes answers of one model.
#[derive(Clone, Debug)]
pub(super) struct Responses {
    spec: &'static FakeSpec,
    model: Model,
}

impl Responses {
    /// A writer for the provider of `model`, with the errors of `spec`.
    pub(super) fn grammar(spec: &'static FakeSpec, model: &str) -> Arc<dyn Grammar> {
        let model = Model::new(model);
        Arc::new(Self { spec, model })
    }

    /// The object that every answer is, and that the first and last events hold.
    fn response(&self, stamp: &Stamp, status: Value, output: Option<Value>) -> Value {
        let name = stamp.flaws().model.as_deref().unwrap_or(&self.model.name);
        let mut response = json!({
            "id": format!("resp_{}", stamp.id()), "object": "response", "created_at": EPOCH,
            "status": status, "background": false, "error": null, "incomplete_details": null,
            "instructions": null, "max_output_tokens": null, "model": name,
            "parallel_tool_calls": true, "previous_response_id": null,
            "reasoning": { "effort": null, "summary": null }, "store": true, "temperature": 1.0,
            "text": { "format": { "type": "text" } }, "tool_choice": "auto", "tools": [],
            "top_p": 1.0, "truncation": "disabled", "usage": null, "user": null, "metadata": {},
        });
        if let Some(output) = output {
            response["output"] = output;
        }
        response
    }

    /// The object of an answer that is over.
    fn over(&self, stamp: &Stamp, usage: Usage) -> Value {
        let flaws = stamp.flaws();
        let (status, why) = match stamp.finish() {
            Finish::Stop => (json!("completed"), None),
            Finish::Length => (json!("incomplete"), Some("max_output_tokens")),
            Finish::ContentFilter => (json!("incomplete"), Some("content_filter")),
            Finish::Missing => (Value::Null, None),
        };
        let output = match flaws.choices {
            Choices::Whole | Choices::NullContent => {
                Some(json!([item(stamp, usage.output, ended(stamp))]))
            }
            Choices::Empty => Some(json!([])),
            Choices::Null => Some(Value::Null),
            Choices::Missing => None,
        };
        let mut response = self.response(stamp, status, output);
        if let Some(why) = why {
            response["incomplete_details"] = json!({ "reason": why });
        }
        if let Some(usage) = counted(usage, flaws) {
            response["usage"] = json!({
                "input_tokens": usage.input,
                "input_tokens_details": { "cached_tokens": usage.cached },
                "output_tokens": usage.output,
                "output_tokens_details": { "reasoning_tokens": 0 },
                "total_tokens": usage.input.saturating_add(usage.output),
            });
        }
        response
    }
}

impl Grammar for Responses {
    fn spec(&self) -> &'static FakeSpec {
        self.spec
    }

    fn model(&self) -> &Model {
        &self.model
    }

    fn plain(&self, stamp: &Stamp, usage: Usage) -> String {
        self.over(stamp, usage).to_string()
    }

    fn opening(&self, events: &mut String, stamp: &Stamp, _prompt: Option<Usage>) {
        let response = self.response(stamp, json!("in_progress"), Some(json!([])));
        for (number, kind) in ["response.created", "response.in_progress"]
            .iter()
            .enumerate()
        {
            event(events, number as u64, kind, json!({ "response": response }));
        }
        if !has_items(stamp) {
            return;
        }
        let added = json!({ "output_index": 0, "item": item(stamp, 0, "in_progress") });
        event(events, 2, "response.output_item.added", added);
        if stamp.form.content.call().is_none() {
            let added = part(stamp, json!({ "part": output_text("".into()) }));
            event(events, 3, "response.content_part.added", added);
        }
    }

    fn tokens(&self, events: &mut String, stamp: &Stamp, span: Span, _text: Arguments<'_>) {
        if !has_items(stamp) {
            return;
        }
        for token in span.before..span.before + span.tokens {
            let delta = match stamp.form.content.spelled() {
                _ if stamp.flaws().choices == Choices::NullContent => Value::Null,
                None => WORD.into(),
                Some(text) => piece(text, token, 1, span.total).into(),
            };
            let number = first(stamp) + token;
            let delta = json!({ "delta": delta });
            match stamp.form.content.call() {
                None => event(events, number, TEXT_DELTA, logged(part(stamp, delta))),
                Some(_) => event(events, number, ARGUMENTS_DELTA, whole(stamp, delta)),
            }
        }
    }

    fn closing(&self, events: &mut String, stamp: &Stamp, usage: Usage) {
        let mut number = first(stamp) + usage.output;
        let mut next = |kind: &str, fields: Value| {
            event(events, number, kind, fields);
            number += 1;
        };
        if has_items(stamp) {
            match stamp.form.content.call() {
                None => {
                    let said = text(stamp, usage.output);
                    let done = logged(part(stamp, json!({ "text": said })));
                    next("response.output_text.done", done);
                    let done = part(stamp, json!({ "part": output_text(said) }));
                    next("response.content_part.done", done);
                }
                Some(Call { name, arguments }) => {
                    let done = whole(stamp, json!({ "name": name, "arguments": arguments }));
                    next("response.function_call_arguments.done", done);
                }
            }
            let item = item(stamp, usage.output, ended(stamp));
            let done = json!({ "output_index": 0, "item": item });
            next("response.output_item.done", done);
        }
        let kind = match stamp.finish() {
            Finish::Length | Finish::ContentFilter => "response.incomplete",
            Finish::Stop | Finish::Missing => "response.completed",
        };
        let times = match stamp.flaws().terminator {
            Terminator::Once => 1,
            Terminator::Never => 0,
            Terminator::Twice => 2,
        };
        for _ in 0..times {
            next(kind, json!({ "response": self.over(stamp, usage) }));
        }
    }

    fn in_band(&self, events: &mut String, stamp: &Stamp, sent: u64, error: &str) {
        let error: Value = serde_json::from_str(error).unwrap_or_default();
        let error = &error["error"];
        let message = error["message"].as_str().or(error.as_str());
        let number = first(stamp) + sent;
        event(events, number, "error", json!({ "error": error }));
        let mut response = self.response(stamp, json!("failed"), Some(json!([])));
        let code = error["code"].as_str().unwrap_or("server_error");
        response["error"] = json!({ "code": code, "message": message });
        event(
            events,
            number + 1,
            "response.failed",
            json!({ "response": response }),
        );
    }

    fn malformed(&self) -> &'static str {
        "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.del\n\n"
    }

    fn keep_alive(&self) -> &'static str {
        ": keep-alive\n\n"
    }

    fn stream_type(&self) -> &'static str {
        "text/event-stream; charset=utf-8"
    }
}

/// Appends an event with these fields, its name and its number.
fn event(events: &mut String, number: u64, kind: &str, mut fields: Value) {
    fields["type"] = kind.into();
    fields["sequence_number"] = number.into();
    // Writing to a string cannot fail.
    let _ = write!(events, "event: {kind}\ndata: {fields}\n\n");
}

/// Whether the output has its item.
fn has_items(stamp: &Stamp) -> bool {
    matches!(stamp.flaws().choices, Choices::Whole | Choices::NullContent)
}

/// The number of the first token's event.
fn first(stamp: &Stamp) -> u64 {
    match stamp.form.content.call() {
        None => 4,
        Some(_) => 3,
    }
}

/// The status of an item that is over.
fn ended(stamp: &Stamp) -> &'static str {
    match stamp.finish() {
        Finish::Length => "incomplete",
        _ => "completed",
    }
}

/// The one item of the output, with the first `tokens` tokens: all, or none.
fn item(stamp: &Stamp, tokens: u64, status: &str) -> Value {
    let id = item_id(stamp);
    match stamp.form.content.call() {
        Some(Call { name, arguments }) => json!({
            "id": id, "type": "function_call", "status": status, "name": name,
            "arguments": if tokens > 0 { arguments } else { "" },
            "call_id": format!("call_{}", stamp.id()),
        }),
        None if tokens > 0 => json!({
            "id": id, "type": "message", "status": status, "role": "assistant",
            "content": [output_text(text(stamp, tokens))],
        }),
        None => json!({
            "id": id, "type": "message", "status": status, "role": "assistant", "content": [],
        }),
    }
}

fn item_id(stamp: &Stamp) -> String {
    match stamp.form.content.call() {
        None => format!("msg_{}", stamp.id()),
        Some(_) => format!("fc_{}", stamp.id()),
    }
}

/// The text of an answer of this many tokens; `null` is a flaw.
fn text(stamp: &Stamp, tokens: u64) -> Value {
    if stamp.flaws().choices == Choices::NullContent {
        return Value::Null;
    }
    let said: Cow<'_, str> = match &stamp.form.content {
        Content::Text(text) => (&**text).into(),
        _ => WORD
            .repeat(usize::try_from(tokens).unwrap_or_default())
            .into(),
    };
    said.into()
}

fn output_text(text: Value) -> Value {
    json!({ "type": "output_text", "text": text, "annotations": [], "logprobs": [] })
}

/// Adds the place of a part to an event's fields.
fn part(stamp: &Stamp, fields: Value) -> Value {
    let mut fields = whole(stamp, fields);
    fields["content_index"] = 0.into();
    fields
}

/// Adds the place of an item to an event's fields.
fn whole(stamp: &Stamp, mut fields: Value) -> Value {
    fields["item_id"] = item_id(stamp).into();
    fields["output_index"] = 0.into();
    fields
}

fn logged(mut fields: Value) -> Value {
    fields["logprobs"] = json!([]);
    fields
}

/// The text of a token.
const WORD: &str = "tok ";

const TEXT_DELTA: &str = "response.output_text.delta";
const ARGUMENTS_DELTA: &str = "response.function_call_arguments.delta";
