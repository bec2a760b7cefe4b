//! Anthropic on the fake side: messages, plain and streamed, fields and errors.
//!
//! `input_tokens` are those that were not cached: together with `cache_read_input_tokens` they are
//! the prompt. Errors are `{"type":"error","error":{"type","message","details"},"request_id"}`; the
//! causes that share a type are told apart by `details.error_code`, as in the vendor's SDK.

use std::fmt::{self, Arguments, Write};
use std::sync::Arc;

use super::date::Date;
use super::form::Call;
use super::grammar::{Grammar, Model, Span, counted, quoted};
use super::head::Head;
use super::refusal::{BodyShape, ErrorValues, Row, text_or_null};
use super::site;
use super::spec::{FakeSpec, OwnHint, Page};
use super::{Cause, Choices, Content, Finish, Stamp, Terminator, Usage};

/// The service's spec.
pub(in crate::wire) const SPEC: FakeSpec = FakeSpec {
    grammar: |model| {
        let model = Model::new(model);
        Arc::new(Anthropic { model })
    },
    responses: false,
    embeddings: false,
    name_exchange: |head, stamp| {
        head.field("request-id", format_args!("req_{}", stamp.id()));
        head.field("anthropic-organization-id", ORGANIZATION);
    },
    quotas,
    own_hint: OwnHint::Seconds,
    hints_about_money: false,
    finish_is_terminator: false,
    page: Page::Cloudflare,
    host: "api.anthropic.com",
    errors: ROWS,
    bare,
    error: json,
    error_in_band: json,
    site: site::ANTHROPIC,
};

/// Every limit, with the time of its full reset.
fn quotas(head: &mut Head, stamp: &Stamp) {
    let quotas = stamp.quotas;
    for (what, quota) in [
        ("requests", quotas.requests),
        ("tokens", quotas.tokens),
        ("input-tokens", quotas.input),
        ("output-tokens", quotas.output),
    ] {
        if let Some(quota) = quota {
            let reset = Date::after(stamp.at, quota.reset).rfc3339();
            let name = |name| fmt::from_fn(move |f| write!(f, "anthropic-ratelimit-{what}-{name}"));
            head.field(name("limit"), quota.limit);
            head.field(name("remaining"), quota.remaining);
            head.field(name("reset"), reset);
        }
    }
}

/// Writes answers of one model.
#[derive(Clone, Debug)]
struct Anthropic {
    model: Model,
}

impl Anthropic {
    /// The beginning of a message, plain or streamed, up to its content.
    fn begin(&self, out: &mut String, stamp: &Stamp) {
        let _ = write!(
            out,
            "{{\"id\":\"msg_{}\",\"type\":\"message\",\"role\":\"assistant\",\"model\":{}",
            stamp.id(),
            self.model.served(stamp.flaws()),
        );
    }
}

impl Grammar for Anthropic {
    fn spec(&self) -> &'static FakeSpec {
        &SPEC
    }

    fn model(&self) -> &Model {
        &self.model
    }

    fn plain(&self, stamp: &Stamp, usage: Usage) -> String {
        let flaws = stamp.flaws();
        let mut body = String::with_capacity(512);
        self.begin(&mut body, stamp);
        let text = "\"type\":\"text\",\"text\":";
        let _ = match flaws.choices {
            Choices::Whole => match &stamp.form.content {
                Content::Tokens => {
                    write!(body, ",\"content\":[{{{text}\"{} tok\"}}]", usage.output)
                }
                Content::Text(json) => {
                    write!(body, ",\"content\":[{{{text}{}}}]", quoted(json))
                }
                Content::Call(call) => {
                    let tool = tool_use(stamp, call, &call.arguments);
                    write!(body, ",\"content\":[{tool}]")
                }
            },
            Choices::Empty => write!(body, ",\"content\":[]"),
            Choices::Null => write!(body, ",\"content\":null"),
            Choices::NullContent => {
                write!(body, ",\"content\":[{{\"type\":\"text\",\"text\":null}}]")
            }
            Choices::Missing => Ok(()),
        };
        let _ = write!(
            body,
            ",\"stop_reason\":{},\"stop_sequence\":null",
            reason(stamp)
        );
        if let Some(usage) = counted(usage, flaws) {
            body.push_str(",\"usage\":");
            write_usage(&mut body, usage, ",\"service_tier\":\"standard\"");
        }
        body.push('}');
        body
    }

    fn opening(&self, events: &mut String, stamp: &Stamp, prompt: Option<Usage>) {
        let flaws = stamp.flaws();
        events.push_str("event: message_start\ndata: {\"type\":\"message_start\",\"message\":");
        self.begin(events, stamp);
        events.push_str(",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null");
        let prompt = prompt.unwrap_or(NOTHING);
        if let Some(usage) = counted(
            Usage {
                output: 1,
                ..prompt
            },
            flaws,
        ) {
            events.push_str(",\"usage\":");
            write_usage(events, usage, "");
        }
        events.push_str("}}\n\n");
        let tool;
        let block = match flaws.choices {
            Choices::Empty => return,
            Choices::Whole => match stamp.form.content.call() {
                None => ",\"content_block\":{\"type\":\"text\",\"text\":\"\"}",
                Some(call) => {
                    tool = format!(",\"content_block\":{}", tool_use(stamp, call, "{}"));
                    &tool
                }
            },
            Choices::Null => ",\"content_block\":null",
            Choices::NullContent => ",\"content_block\":{\"type\":\"text\",\"text\":null}",
            Choices::Missing => "",
        };
        let _ = write!(
            events,
            "event: content_block_start\n\
             data: {{\"type\":\"content_block_start\",\"index\":0{block}}}\n\n{PING}",
        );
    }

    fn tokens(&self, events: &mut String, stamp: &Stamp, _span: Span, text: Arguments<'_>) {
        let head =
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0";
        let kind = "\"type\":\"text_delta\"";
        let _ = match stamp.flaws().choices {
            Choices::Whole if stamp.form.content.call().is_some() => write!(
                events,
                "{head},\"delta\":{{\"type\":\"input_json_delta\",\
                 \"partial_json\":\"{text}\"}}}}\n\n"
            ),
            Choices::Whole => write!(
                events,
                "{head},\"delta\":{{{kind},\"text\":\"{text}\"}}}}\n\n"
            ),
            Choices::Empty => Ok(()),
            Choices::Null => write!(events, "{head},\"delta\":null}}\n\n"),
            Choices::NullContent => {
                write!(events, "{head},\"delta\":{{{kind},\"text\":null}}}}\n\n")
            }
            Choices::Missing => write!(events, "{head}}}\n\n"),
        };
    }

    fn closing(&self, events: &mut String, stamp: &Stamp, usage: Usage) {
        let flaws = stamp.flaws();
        if flaws.choices != Choices::Empty {
            events.push_str(
                "event: content_block_stop\n\
                 data: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
            );
        }
        let _ = write!(
            events,
            "event: message_delta\ndata: {{\"type\":\"message_delta\",\
             \"delta\":{{\"stop_reason\":{},\"stop_sequence\":null}}",
            reason(stamp)
        );
        if let Some(usage) = counted(usage, flaws) {
            events.push_str(",\"usage\":");
            write_usage(events, usage, "");
        }
        events.push_str("}\n\n");
        let times = match flaws.terminator {
            Terminator::Once => 1,
            Terminator::Never => 0,
            Terminator::Twice => 2,
        };
        for _ in 0..times {
            events.push_str("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
        }
    }

    fn in_band(&self, events: &mut String, _stamp: &Stamp, _sent: u64, error: &str) {
        let _ = write!(events, "event: error\ndata: {error}\n\n");
    }

    fn malformed(&self) -> &'static str {
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"del\n\n"
    }

    fn keep_alive(&self) -> &'static str {
        PING
    }

    fn stream_type(&self) -> &'static str {
        "text/event-stream; charset=utf-8"
    }
}

fn write_usage(out: &mut String, usage: Usage, more: &str) {
    let _ = write!(
        out,
        "{{\"input_tokens\":{},\"cache_creation_input_tokens\":0,\
         \"cache_read_input_tokens\":{},\"output_tokens\":{}{more}}}",
        usage.input.saturating_sub(usage.cached),
        usage.cached,
        usage.output,
    );
}

/// A block that calls a tool, with this input.
fn tool_use(stamp: &Stamp, call: &Call, input: &str) -> String {
    let (id, name) = (stamp.id(), quoted(&call.name));
    format!("{{\"type\":\"tool_use\",\"id\":\"toolu_{id}\",\"name\":{name},\"input\":{input}}}")
}

/// The stop reason, as JSON.
fn reason(stamp: &Stamp) -> &'static str {
    match stamp.finish() {
        Finish::Stop if stamp.form.content.call().is_some() => "\"tool_use\"",
        Finish::Stop => "\"end_turn\"",
        Finish::Length => "\"max_tokens\"",
        Finish::ContentFilter => "\"refusal\"",
        Finish::Missing => "null",
    }
}

const PING: &str = "event: ping\ndata: {\"type\":\"ping\"}\n\n";

/// The usage of a prompt that is not known.
const NOTHING: Usage = Usage {
    input: 0,
    cached: 0,
    output: 0,
};

/// The causes for which the service has its own errors.
const ROWS: &[(Cause, Row)] = &[
    (
        Cause::RateLimit,
        Row::new(
            429,
            RATE,
            "",
            "This request would exceed your organization's rate limit~ of $limit requests per \
             minute~ (org: 00000000-f12e-4d21-8000-000000000000, model: $model). For details, \
             refer to: https://docs.claude.com/en/api/rate-limits. You can see the response \
             headers for current usage.",
        ),
    ),
    (
        Cause::TokenLimit,
        Row::new(
            429,
            RATE,
            "",
            "This request would exceed your organization's rate limit~ of $limit tokens per \
             minute~ (org: 00000000-f12e-4d21-8000-000000000000, model: $model). For details, \
             refer to: https://docs.claude.com/en/api/rate-limits. You can see the response \
             headers for current usage. Please reduce the prompt length or the maximum tokens \
             requested, or try again later.",
        ),
    ),
    (
        Cause::DailyLimit,
        Row::new(
            429,
            RATE,
            "",
            "Number of request tokens has exceeded your daily rate limit. For details, refer to: \
             https://docs.claude.com/en/api/rate-limits.",
        ),
    ),
    (
        Cause::Concurrency,
        Row::new(
            429,
            RATE,
            "",
            "Number of concurrent connections has exceeded your rate limit. Please try again \
             later or contact sales to discuss your options for a rate limit increase.",
        ),
    ),
    (
        Cause::SlowDown,
        Row::new(
            429,
            RATE,
            "",
            "This request would exceed the limit on how fast your organization's usage may grow. \
             Please scale up your input tokens usage more gradually to stay within the \
             acceleration limit.",
        )
        .with(",\"details\":{\"error_code\":\"ramp_limit_exceeded\"}"),
    ),
    (
        Cause::Quota,
        Row::new(
            400,
            REQUEST,
            "",
            "Your credit balance is too low to access the Anthropic API. Please go to Plans & \
             Billing to upgrade or purchase credits.",
        ),
    ),
    (
        Cause::SpendLimit,
        Row::new(
            429,
            RATE,
            "",
            "Your organization has reached its monthly API usage threshold.",
        )
        .with(",\"details\":{\"error_code\":\"enforced_spend_limit_reached\"}"),
    ),
    (
        Cause::Auth,
        Row::new(401, "authentication_error", "", "invalid x-api-key"),
    ),
    (
        Cause::Permission,
        Row::new(
            403,
            "permission_error",
            "",
            "Your API key does not have permission to use the specified resource.",
        ),
    ),
    (
        Cause::Region,
        Row::new(403, "forbidden", "", "Request not allowed"),
    ),
    (
        Cause::ModelGone,
        Row::new(404, "not_found_error", "", "model: $model"),
    ),
    (
        Cause::ContextTooLong,
        Row::new(
            400,
            REQUEST,
            "",
            "prompt is too long: 208310 tokens > 200000 maximum",
        ),
    ),
    (
        Cause::ContentFilter,
        Row::new(
            400,
            REQUEST,
            "",
            "Output blocked by content filtering policy",
        ),
    ),
    (
        Cause::TooLarge,
        Row::new(
            413,
            "request_too_large",
            "",
            "Request exceeds the maximum size",
        ),
    ),
    (
        Cause::BadRequest,
        Row::new(
            400,
            REQUEST,
            "",
            "messages: at least one message is required",
        ),
    ),
    (
        Cause::Conflict,
        Row::new(
            409,
            "conflict_error",
            "",
            "The request conflicts with another one that is in progress.",
        ),
    ),
    (
        Cause::ServerError,
        Row::new(500, "api_error", "", "Internal server error"),
    ),
    (Cause::BadGateway, Row::shaped(502, BodyShape::Page)),
    // sdk-ts #616: the captured answer has a limit, and no reset.
    (
        Cause::Overloaded,
        Row::new(529, "overloaded_error", "", "Overloaded").retry(),
    ),
    (
        Cause::GatewayTimeout,
        Row::new(504, "timeout_error", "", "Request timed out"),
    ),
];

/// An error for a bare status, with the documented type.
fn bare(status: u16) -> &'static Row {
    static BILLING: Row = Row::new(402, "billing_error", "", "");
    static REQUEST_ROW: Row = Row::new(400, REQUEST, "", "");
    static API: Row = Row::new(500, "api_error", "", "");
    match status {
        402 => &BILLING,
        _ if status < 500 => &REQUEST_ROW,
        _ => &API,
    }
}

/// The body.
fn json(said: &ErrorValues<'_>, row: &Row) -> String {
    format!(
        "{{\"type\":\"error\",\"error\":{{\"type\":{},\"message\":{}{}}},\
         \"request_id\":\"req_{}\"}}",
        text_or_null(row.kind),
        said.message(row),
        said.more(row),
        said.stamp.id(),
    )
}

const RATE: &str = "rate_limit_error";
const REQUEST: &str = "invalid_request_error";

/// The organization that the key belongs to.
const ORGANIZATION: &str = "00000000-f12e-4d21-8000-000000000000";
