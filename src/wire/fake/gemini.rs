//! Gemini on the fake side: generateContent, plain and streamed (`alt=sse`), fields and errors.
//!
//! A stream has no opening event and no terminator: its last event has the finish reason and the
//! usage. Lines end in CR LF. An error in band is not an event: it is a JSON object in the body.
//! Errors are `{"error":{"code","message","status","details"}}`, over several lines. The kind of
//! limit and the hint to wait are in the details and not in a header field.

use std::borrow::Cow;
use std::fmt::{Arguments, Write};
use std::sync::Arc;

use super::grammar::{Grammar, Model, Span, counted, quoted};
use super::refusal::{BodyShape, ErrorValues, Row, precise, text_or_null};
use super::site;
use super::spec::{FakeSpec, OwnHint, Page};
use super::{Cause, Choices, Content, Finish, Stamp, Terminator, Usage};

/// The service's spec.
pub(in crate::wire) const SPEC: FakeSpec = FakeSpec {
    grammar: |model| {
        let model = Model::new(model);
        Arc::new(Gemini { model })
    },
    responses: false,
    embeddings: false,
    name_exchange: |head, stamp| {
        let millis = stamp.processing.as_millis();
        head.field("server", "scaffolding on HTTPServer2");
        head.field("server-timing", format_args!("gfet4t7; dur={millis}"));
    },
    quotas: |_, _| {},
    // The hint to wait is in the details.
    own_hint: OwnHint::NoField,
    // An empty account is a limit like others there.
    hints_about_money: true,
    finish_is_terminator: true,
    page: Page::Google,
    host: "generativelanguage.googleapis.com",
    errors: ROWS,
    bare,
    error: json,
    error_in_band: json,
    site: site::GEMINI,
};

/// Writes answers of one model.
#[derive(Clone, Debug)]
struct Gemini {
    model: Model,
}

impl Gemini {
    /// One response object: the whole answer, or one event of a stream. `part` is what its part
    /// holds; `finish` begins with a comma, unless it is empty.
    fn response(
        &self,
        out: &mut String,
        stamp: &Stamp,
        part: Arguments<'_>,
        finish: &str,
        usage: Option<Usage>,
    ) {
        let flaws = stamp.flaws();
        let _ = match flaws.choices {
            Choices::Whole => write!(
                out,
                "{{\"candidates\":[{{\"content\":{{\"parts\":[{{{part}}}],\
                 \"role\":\"model\"}}{finish},\"index\":0}}],",
            ),
            Choices::Empty => write!(out, "{{\"candidates\":[],"),
            Choices::Null => write!(out, "{{\"candidates\":null,"),
            Choices::NullContent => write!(
                out,
                "{{\"candidates\":[{{\"content\":{{\"role\":\"model\"}}{finish},\"index\":0}}],"
            ),
            Choices::Missing => write!(
                out,
                "{{\"promptFeedback\":{{\"blockReason\":\"PROHIBITED_CONTENT\"}},"
            ),
        };
        if let Some(usage) = usage {
            write_usage(out, usage);
        }
        let _ = write!(
            out,
            "\"modelVersion\":{},\"responseId\":\"{}\"}}",
            self.model.served(flaws),
            stamp.id()
        );
    }
}

impl Grammar for Gemini {
    fn spec(&self) -> &'static FakeSpec {
        &SPEC
    }

    fn model(&self) -> &Model {
        &self.model
    }

    fn plain(&self, stamp: &Stamp, usage: Usage) -> String {
        let flaws = stamp.flaws();
        let mut body = String::with_capacity(512);
        let (output, usage) = (usage.output, counted(usage, flaws));
        let mut said = |part| self.response(&mut body, stamp, part, reason(stamp), usage);
        match &stamp.form.content {
            Content::Tokens => said(format_args!("\"text\":\"{output} tok\"")),
            Content::Text(text) => said(format_args!("\"text\":{}", quoted(text))),
            Content::Call(_) => said(format_args!("{}", called(stamp))),
        }
        body
    }

    fn opening(&self, _events: &mut String, _stamp: &Stamp, _prompt: Option<Usage>) {}

    fn tokens(&self, events: &mut String, stamp: &Stamp, _span: Span, text: Arguments<'_>) {
        // A call of a tool comes whole, with the finish reason.
        if stamp.form.content.call().is_some() {
            return;
        }
        events.push_str("data: ");
        self.response(events, stamp, format_args!("\"text\":\"{text}\""), "", None);
        events.push_str("\r\n\r\n");
    }

    fn closing(&self, events: &mut String, stamp: &Stamp, usage: Usage) {
        let flaws = stamp.flaws();
        let (finish, times) = match flaws.terminator {
            Terminator::Once => (reason(stamp), 1),
            Terminator::Never => ("", 1),
            Terminator::Twice => (reason(stamp), 2),
        };
        let usage = counted(usage, flaws);
        let part = called(stamp);
        for _ in 0..times {
            events.push_str("data: ");
            self.response(events, stamp, format_args!("{part}"), finish, usage);
            events.push_str("\r\n\r\n");
        }
    }

    /// Not an event, and over several lines (maximhq/bifrost #5262).
    fn in_band(&self, events: &mut String, _stamp: &Stamp, _sent: u64, error: &str) {
        events.push_str(error);
    }

    fn malformed(&self) -> &'static str {
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"te\r\n\r\n"
    }

    fn keep_alive(&self) -> &'static str {
        ": keep-alive\r\n\r\n"
    }

    fn line(&self) -> &'static str {
        "\r\n\r\n"
    }

    fn plain_type(&self) -> &'static str {
        "application/json; charset=UTF-8"
    }

    fn stream_type(&self) -> &'static str {
        "text/event-stream"
    }
}

/// What the last part of a stream holds: the call of a tool, or a text that is empty.
fn called(stamp: &Stamp) -> Cow<'static, str> {
    let Some(call) = stamp.form.content.call() else {
        return "\"text\":\"\"".into();
    };
    let (id, name) = (stamp.id(), quoted(&call.name));
    format!(
        "\"functionCall\":{{\"id\":\"{id}\",\"name\":{name},\"args\":{}}}",
        call.arguments
    )
    .into()
}

fn write_usage(out: &mut String, usage: Usage) {
    let Usage {
        input,
        cached,
        output,
    } = usage;
    let total = input.saturating_add(output);
    let _ = write!(
        out,
        "\"usageMetadata\":{{\"promptTokenCount\":{input},\"candidatesTokenCount\":{output},\
         \"totalTokenCount\":{total},"
    );
    if cached > 0 {
        let _ = write!(out, "\"cachedContentTokenCount\":{cached},");
    }
    let _ = write!(
        out,
        "\"promptTokensDetails\":[{{\"modality\":\"TEXT\",\"tokenCount\":{input}}}]}},"
    );
}

/// The finish reason, with its key.
fn reason(stamp: &Stamp) -> &'static str {
    match stamp.finish() {
        Finish::Stop => ",\"finishReason\":\"STOP\"",
        Finish::Length => ",\"finishReason\":\"MAX_TOKENS\"",
        Finish::ContentFilter => ",\"finishReason\":\"SAFETY\"",
        Finish::Missing => "",
    }
}

/// The causes for which the service has its own errors.
const ROWS: &[(Cause, Row)] = &[
    (
        Cause::RateLimit,
        Row::new(429, EXHAUSTED, "", EXCEEDED).with(
            "{\"@type\":\"type.googleapis.com/google.rpc.QuotaFailure\",\"violations\":[{\
             \"quotaMetric\":\"generativelanguage.googleapis.com/generate_requests_per_model\",\
             \"quotaId\":\"GenerateRequestsPerMinutePerProjectPerModel\",\"quotaDimensions\":{\
             \"location\":\"global\",\"model\":\"$model\"}~,\"quotaValue\":\"$limit\"~}]}",
        ),
    ),
    (
        Cause::TokenLimit,
        Row::new(429, EXHAUSTED, "", EXCEEDED).with(
            "{\"@type\":\"type.googleapis.com/google.rpc.QuotaFailure\",\"violations\":[{\
             \"quotaMetric\":\
             \"generativelanguage.googleapis.com/generate_content_paid_tier_input_token_count\",\
             \"quotaId\":\"GenerateContentPaidTierInputTokensPerModelPerMinute\",\
             \"quotaDimensions\":{\"location\":\"global\",\"model\":\"$model\"}\
             ~,\"quotaValue\":\"$limit\"~}]}",
        ),
    ),
    (
        Cause::DailyLimit,
        Row::new(429, EXHAUSTED, "", EXCEEDED).with(
            "{\"@type\":\"type.googleapis.com/google.rpc.QuotaFailure\",\"violations\":[{\
             \"quotaMetric\":\
             \"generativelanguage.googleapis.com/generate_requests_per_model_per_day\",\
             \"quotaId\":\"GenerateRequestsPerDayPerProjectPerModel\",\"quotaDimensions\":{\
             \"location\":\"global\",\"model\":\"$model\"}~,\"quotaValue\":\"$limit\"~}]}",
        ),
    ),
    (
        Cause::Capacity,
        Row::new(
            429,
            EXHAUSTED,
            "",
            "Resource has been exhausted (e.g. check quota).",
        ),
    ),
    // A plan without any quota: the same status as a minute's limit.
    (
        Cause::Quota,
        Row::new(429, EXHAUSTED, "", EXCEEDED).with(
            "{\"@type\":\"type.googleapis.com/google.rpc.QuotaFailure\",\"violations\":[{\
             \"quotaMetric\":\
             \"generativelanguage.googleapis.com/generate_content_free_tier_requests\",\
             \"quotaId\":\"GenerateRequestsPerDayPerProjectPerModel-FreeTier\",\
             \"quotaDimensions\":{\"location\":\"global\",\"model\":\"$model\"},\
             \"quotaValue\":\"0\"}]}",
        ),
    ),
    (
        Cause::Auth,
        Row::new(
            400,
            "INVALID_ARGUMENT",
            "",
            "API key not valid. Please pass a valid API key.",
        )
        .with(
            "{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\
             \"API_KEY_INVALID\",\"domain\":\"googleapis.com\",\"metadata\":{\"service\":\
             \"generativelanguage.googleapis.com\"}}",
        ),
    ),
    (
        Cause::Permission,
        Row::new(
            403,
            "PERMISSION_DENIED",
            "",
            "The caller does not have permission",
        ),
    ),
    (
        Cause::Region,
        Row::new(
            400,
            "FAILED_PRECONDITION",
            "",
            "User location is not supported for the API use.",
        ),
    ),
    (
        Cause::ModelGone,
        Row::new(
            404,
            "NOT_FOUND",
            "",
            "models/$model is not found for API version v1beta, or is not supported for \
             generateContent. Call ListModels to see the list of available models and their \
             supported methods.",
        ),
    ),
    (
        Cause::ContextTooLong,
        Row::new(
            400,
            "INVALID_ARGUMENT",
            "",
            "The input token count (1200000) exceeds the maximum number of tokens allowed \
             (1048576).",
        ),
    ),
    (
        Cause::TooLarge,
        Row::new(
            400,
            "INVALID_ARGUMENT",
            "",
            "Request payload size exceeds the limit: 20971520 bytes.",
        ),
    ),
    (
        Cause::BadRequest,
        Row::new(
            400,
            "INVALID_ARGUMENT",
            "",
            "* GenerateContentRequest.contents: contents is not specified",
        ),
    ),
    (
        Cause::ServerError,
        Row::new(
            500,
            "INTERNAL",
            "",
            "An internal error has occurred. Please retry or report in \
             https://developers.generativeai.google/guide/troubleshooting",
        ),
    ),
    (Cause::BadGateway, Row::shaped(502, BodyShape::Page)),
    (
        Cause::Overloaded,
        Row::new(
            503,
            "UNAVAILABLE",
            "",
            "The model is overloaded. Please try again later.",
        ),
    ),
    (
        Cause::GatewayTimeout,
        Row::new(
            504,
            "DEADLINE_EXCEEDED",
            "",
            "Deadline expired before operation could complete.",
        ),
    ),
    (Cause::Edge, Row::shaped(502, BodyShape::Page)),
];

/// An error for a bare status: `google.rpc.Code`, as it maps to HTTP.
fn bare(status: u16) -> &'static Row {
    static ROWS: [Row; 6] = [
        Row::new(401, "UNAUTHENTICATED", "", ""),
        Row::new(409, "ABORTED", "", ""),
        Row::new(429, EXHAUSTED, "", ""),
        Row::new(499, "CANCELLED", "", ""),
        Row::new(501, "UNIMPLEMENTED", "", ""),
        Row::new(500, "UNKNOWN", "", ""),
    ];
    let exact = ROWS.iter().find(|row| row.status == status);
    exact.unwrap_or(&ROWS[5])
}

/// The body.
fn json(said: &ErrorValues<'_>, row: &Row) -> String {
    let mut body = format!(
        "{{\n  \"error\": {{\n    \"code\": {},\n    \"message\": {},\n    \"status\": {}",
        said.status,
        said.message(row),
        text_or_null(row.kind),
    );
    let mut details = Vec::new();
    if !row.more.is_empty() {
        details.push(said.more(row));
    }
    if let Some(wait) = said.wait {
        details.push(format!(
            "{{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"{}\"}}",
            precise(wait)
        ));
    }
    if !details.is_empty() {
        let details = details.join(",\n      ");
        let _ = write!(body, ",\n    \"details\": [\n      {details}\n    ]");
    }
    body.push_str("\n  }\n}\n");
    body
}

const EXHAUSTED: &str = "RESOURCE_EXHAUSTED";

const EXCEEDED: &str = "You exceeded your current quota, please check your plan and billing \
                        details. For more information on this error, head to: \
                        https://ai.google.dev/gemini-api/docs/rate-limits.~ Please retry in \
                        $precise.~";
