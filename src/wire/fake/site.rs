//! The rest of a vendor's site: the list of its models, and its answers to wrong paths and methods,
//! each in the vendor's form.
//!
//! The texts are templates. They name `$id` and `$name` (the model's, as JSON strings), `$created`
//! and `$date` (when the world begins), `$context` (tokens), and, of a request, `$method`, `$path`
//! and `$allowed`, each inside a string, and `$request` (its id).

use std::fmt::{Display, Write};

use bytes::Bytes;

use super::grammar::{Grammar, quoted};
use super::head::Head;
use super::refusal::html;
use super::template::fill;
use super::{Stamp, date};
use crate::time::Instant;

/// What one vendor's site answers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site {
    /// The list of models, around `$one`.
    list: &'static str,
    /// A model.
    one: &'static str,
    /// The path is not there: 404.
    no_path: Unserved,
    /// The path does not take the method: 405.
    no_method: Unserved,
}

/// The body of an answer to a wrong request.
#[derive(Clone, Copy, Debug)]
enum Unserved {
    /// The vendor's JSON.
    Json(&'static str),
    /// The page of the server in front of the vendor's.
    Page,
    /// Nothing.
    Empty,
}

// A wrong method of which no report is known gets the page of the server in front.

/// OpenAI, and dialects without a site of their own (TaskWeaver #11, openai-python #2703).
pub(super) const OPENAI: Site = Site {
    list: r#"{"object":"list","data":[$one]}"#,
    one: r#"{"id":$id,"object":"model","created":$created,"owned_by":"system"}"#,
    no_path: Unserved::Json(
        r#"{"error":{"message":"Invalid URL ($method $path)","type":"invalid_request_error",
        "param":null,"code":null}}"#,
    ),
    no_method: Unserved::Json(
        r#"{"error":{"message":"Only $allowed requests are accepted.",
        "type":"invalid_request_error","param":null,"code":"method_not_supported"}}"#,
    ),
};

/// Azure (Models - List, 2024-10-21).
pub(super) const AZURE: Site = Site {
    one: r#"{"status":"succeeded","capabilities":{"fine_tune":false,"inference":true,
        "completion":false,"chat_completion":true,"embeddings":false},
        "lifecycle_status":"generally-available","deprecation":{"inference":$deprecated},"id":$id,
        "created_at":$created,"object":"model"}"#,
    list: r#"{"data":[$one],"object":"list"}"#,
    no_path: Unserved::Json(r#"{"error":{"code":"404","message": "Resource not found"}}"#),
    no_method: Unserved::Page,
};

/// DeepSeek (List Models; ProxyAI #827).
pub(super) const DEEPSEEK: Site = Site {
    list: OPENAI.list,
    one: r#"{"id":$id,"object":"model","owned_by":"deepseek"}"#,
    no_path: Unserved::Json(
        r#"{"event_id":"$request","error_msg":"Not Found. Please check the configuration."}"#,
    ),
    no_method: Unserved::Page,
};

/// Moonshot (List Models; zeroclaw #8154).
pub(super) const MOONSHOT: Site = Site {
    list: OPENAI.list,
    one: r#"{"created":$created,"id":$id,"object":"model","owned_by":"moonshot","root":"",
        "parent":"","context_length":$context}"#,
    no_path: Unserved::Json(
        r#"{"code":5,"error":"url.not_found","message":"没找到对象","method":"$method",
        "scode":"0x5","status":false,"ua":"","url":"$path"}"#,
    ),
    no_method: Unserved::Page,
};

/// OpenRouter (Models API Standard; vellum-assistant #25930: the page of its web site).
pub(super) const OPENROUTER: Site = Site {
    list: r#"{"data":[$one]}"#,
    one: r#"{"id":$id,"canonical_slug":$id,"hugging_face_id":"","name":$name,"created":$created,
        "description":"","context_length":$context,"architecture":{"modality":"text->text",
        "input_modalities":["text"],"output_modalities":["text"],"tokenizer":"Other",
        "instruct_type":null},"pricing":{"prompt":"0","completion":"0","request":"0","image":"0",
        "web_search":"0","internal_reasoning":"0"},"top_provider":{"context_length":$context,
        "max_completion_tokens":null,"is_moderated":false},"per_request_limits":null,
        "supported_parameters":["max_tokens","stop","temperature","tool_choice","tools","top_p"]}"#,
    no_path: Unserved::Page,
    no_method: Unserved::Page,
};

/// xAI (List models; AIWriteX #26).
pub(super) const XAI: Site = Site {
    list: r#"{"data":[$one],"object":"list"}"#,
    one: r#"{"id":$id,"created":$created,"object":"model","owned_by":"xai"}"#,
    no_path: Unserved::Json(
        "{\"code\":\"Some requested entity was not found\",\"error\":\"No handler found on route. \
         Please double check your URL and consult https://api.x.ai/docs for more information.\"}",
    ),
    no_method: Unserved::Empty,
};

/// Anthropic (List Models; streamystats #491).
pub(super) const ANTHROPIC: Site = Site {
    list: r#"{"data":[$one],"has_more":false,"first_id":$id,"last_id":$id}"#,
    one: r#"{"type":"model","id":$id,"display_name":$name,"created_at":"$date"}"#,
    no_path: Unserved::Json(
        r#"{"type":"error","error":{"type":"not_found_error","message":"Not Found"},
        "request_id":"req_$request"}"#,
    ),
    no_method: Unserved::Json(
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"Method Not Allowed"},
        "request_id":"req_$request"}"#,
    ),
};

/// Gemini (models.list; discuss.ai.google.dev 73769). A wrong path gets Google's page.
pub(super) const GEMINI: Site = Site {
    list: r#"{"models":[$one]}"#,
    one: r#"{"name":"models/$path","version":"001","displayName":$name,"description":"",
        "inputTokenLimit":$context,"outputTokenLimit":65536,"supportedGenerationMethods":[
        "generateContent","countTokens"],"temperature":1,"topP":0.95,"topK":64,
        "maxTemperature":2}"#,
    no_path: Unserved::Page,
    no_method: Unserved::Page,
};

/// The list of models: the one that there is.
pub(super) fn models(grammar: &dyn Grammar, stamp: &Stamp, context: Option<u64>) -> Bytes {
    let one = one(grammar, context);
    let list = grammar.spec().site.list;
    let body = filled(list, &|name, out| match name {
        "one" => put(out, &one),
        name => of_model(grammar, context, name, out),
    });
    Head::new(grammar.spec(), 200, stamp).with_body(grammar.plain_type(), &body)
}

/// The model alone.
pub(super) fn model(grammar: &dyn Grammar, stamp: &Stamp, context: Option<u64>) -> Bytes {
    let body = one(grammar, context);
    Head::new(grammar.spec(), 200, stamp).with_body(grammar.plain_type(), &body)
}

/// The path is not there.
pub(super) fn no_path(grammar: &dyn Grammar, stamp: &Stamp, method: &str, path: &str) -> Bytes {
    let head = Head::new(grammar.spec(), 404, stamp);
    unserved(
        grammar,
        stamp,
        grammar.spec().site.no_path,
        head,
        [method, path, ""],
        404,
    )
}

/// The path does not take the method; `request` is the method, the path, and what it takes.
pub(super) fn no_method(grammar: &dyn Grammar, stamp: &Stamp, request: [&str; 3]) -> Bytes {
    let mut head = Head::new(grammar.spec(), 405, stamp);
    head.field("allow", request[2]);
    unserved(
        grammar,
        stamp,
        grammar.spec().site.no_method,
        head,
        request,
        405,
    )
}

fn unserved(
    grammar: &dyn Grammar,
    stamp: &Stamp,
    body: Unserved,
    head: Head,
    [method, path, allowed]: [&str; 3],
    status: u16,
) -> Bytes {
    let inside = |out: &mut String, text: &str| {
        let text = quoted(text);
        put(out, &text[1..text.len() - 1])
    };
    let value = |name: &str, out: &mut String| match name {
        "method" => inside(out, method),
        "path" => inside(out, path),
        "allowed" => put(out, allowed),
        "request" => put(out, stamp.id()),
        _ => None,
    };
    match body {
        Unserved::Json(template) => head.with_body("application/json", &filled(template, &value)),
        Unserved::Page => head.with_body("text/html; charset=UTF-8", &html(grammar.spec(), status)),
        Unserved::Empty => head.with_body("", ""),
    }
}

fn one(grammar: &dyn Grammar, context: Option<u64>) -> String {
    let template = grammar.spec().site.one;
    filled(template, &|name, out| of_model(grammar, context, name, out))
}

/// The value of `name`, of the model.
fn of_model(
    grammar: &dyn Grammar,
    context: Option<u64>,
    name: &str,
    out: &mut String,
) -> Option<()> {
    let model = grammar.model();
    match name {
        "id" | "name" => put(out, &model.quoted),
        "path" => put(out, &model.quoted[1..model.quoted.len() - 1]),
        "created" => put(out, date::EPOCH),
        "deprecated" => put(out, date::EPOCH + TWO_YEARS),
        "date" => put(out, date::Date::of(Instant::START).rfc3339()),
        "context" => put(out, context.unwrap_or(CONTEXT)),
        _ => None,
    }
}

/// Fills a template that is broken into lines here and is one line there.
fn filled(template: &str, value: super::template::Value<'_>) -> String {
    let lines = Vec::from_iter(template.lines().map(str::trim_start));
    fill(&lines.concat(), value)
}

fn put(out: &mut String, value: impl Display) -> Option<()> {
    write!(out, "{value}").ok()
}

/// What a model reads at once when the scenario does not say, in tokens.
const CONTEXT: u64 = 128_000;

/// In seconds.
const TWO_YEARS: u64 = 2 * 365 * 86_400;

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::Writer;
    use super::super::tests::stamp;
    use super::*;
    use crate::wire::Dialect;

    fn body(bytes: &Bytes) -> (u16, String) {
        let text = std::str::from_utf8(bytes).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        let status = head[9..12].parse().expect("a status");
        (status, body.to_owned())
    }

    #[test]
    fn every_dialect_lists_its_model_and_knows_no_other() {
        for dialect in Dialect::ALL {
            let writer = Writer::new(dialect, "a \"b\"");
            for (bytes, key) in [
                (writer.models(&stamp(), None), "$.list"),
                (writer.model(&stamp(), "a \"b\"", Some(7)), "one"),
            ] {
                let (status, body) = body(&bytes);
                let document: Value = serde_json::from_str(&body).expect(&body);
                assert_eq!(status, 200);
                assert!(body.contains(r#"a \"b\""#), "{key}: {document}");
                assert!(!body.contains('$') && !body.contains('\n'), "{body}");
            }
            let (status, body) = body(&writer.model(&stamp(), "other", None));
            assert_eq!(
                status,
                writer.status_of(super::super::Cause::ModelGone),
                "{body}"
            );
        }
    }

    #[test]
    fn every_dialect_says_that_a_path_or_a_method_is_wrong() {
        for dialect in Dialect::ALL {
            let writer = Writer::new(dialect, "m");
            let lost = writer.no_path(&stamp(), "POST", "/v1/\"x\"");
            let (status, text) = body(&lost);
            assert_eq!(status, 404);
            assert!(
                text.starts_with('<') || serde_json::from_str::<Value>(&text).is_ok(),
                "{text}"
            );
            let wrong = writer.no_method(&stamp(), "GET", "/v1/x", "POST");
            assert_eq!(body(&wrong).0, 405);
            let head = String::from_utf8_lossy(&wrong);
            assert!(head.contains("\r\nallow: POST\r\n"), "{head}");
        }
        let lost = Writer::new(Dialect::Openai, "m").no_path(&stamp(), "POST", "/v1/x");
        assert!(body(&lost).1.contains("Invalid URL (POST /v1/x)"));
    }
}
