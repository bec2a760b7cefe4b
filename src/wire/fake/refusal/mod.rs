//! The errors of every dialect: which status, body and fields a cause has there.
//!
//! One table a dialect says what it has of its own ([`Row`]). A cause that a dialect does not have
//! takes the form of its nearest relative there; a bare status that is not that of its cause, one
//! that says no more than the status. The wording is that of the vendors' documents and of answers
//! that users of the real services have reported. Good answers are the grammars' matter.

mod anthropic;
mod azure;
mod deepseek;
mod gemini;
mod moonshot;
mod openai;
mod openrouter;
mod page;

use std::fmt::{Display, Write};
use std::time::Duration;

use bytes::Bytes;

use super::grammar::{Grammar, quoted};
use super::head::{Head, reason};
use super::quota::{GoDuration, whole_millis, whole_seconds};
use super::template::fill;
use super::{Cause, HintFormat, Quota, Refusal, Stamp, hint};
use crate::wire::Dialect;
pub(super) use page::html;

/// What a dialect says for one cause.
///
/// `message` and `more` are templates. They may name `$model`, `$status`, `$id`, and between two
/// `~` `$limit` and `$used` (of the limit in question), and `$go`, `$seconds` and `$precise` (the
/// wait, where the body tells it).
#[derive(Clone, Copy, Debug)]
struct Row {
    status: u16,
    shape: BodyShape,
    /// The error's `type`; at Gemini its `status`; at OpenRouter its `code` in band.
    kind: &'static str,
    /// The error's `code`; empty is `null`, and digits are a number where the vendor has one.
    code: &'static str,
    /// The parameter that it is about.
    param: &'static str,
    message: &'static str,
    /// What else the error object has, in JSON, beginning with a comma; at Gemini its details.
    more: &'static str,
    /// What `x-should-retry` says by itself.
    should_retry: Option<bool>,
}

/// What the body of an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BodyShape {
    /// The vendor's own JSON.
    Json,
    /// The page of whatever stands before the vendor's servers.
    Page,
    /// A page that wants proof of a human.
    Challenge,
    /// Nothing.
    Empty,
    /// JSON of the content delivery network.
    EdgeJson,
}

impl Row {
    const fn new(
        status: u16,
        kind: &'static str,
        code: &'static str,
        message: &'static str,
    ) -> Self {
        Self {
            status,
            shape: BodyShape::Json,
            kind,
            code,
            param: "",
            message,
            more: "",
            should_retry: None,
        }
    }

    const fn shaped(status: u16, shape: BodyShape) -> Self {
        Self {
            shape,
            ..Self::new(status, "", "", "")
        }
    }

    const fn about(self, param: &'static str) -> Self {
        Self { param, ..self }
    }

    const fn with(self, more: &'static str) -> Self {
        Self { more, ..self }
    }

    const fn retry(self) -> Self {
        Self {
            should_retry: Some(true),
            ..self
        }
    }
}

/// Whether `dialect` has a form of its own for `cause`.
pub(super) fn has(dialect: Dialect, cause: Cause) -> bool {
    own_row(dialect, cause).is_some()
}

/// The status that `cause` has in `dialect`.
pub(super) fn status_of(dialect: Dialect, cause: Cause) -> u16 {
    row(dialect, cause).status
}

/// The whole answer.
pub(super) fn write(grammar: &dyn Grammar, stamp: &Stamp, refusal: &Refusal) -> Bytes {
    let dialect = grammar.dialect();
    let row = row_of(dialect, refusal);
    let status = refusal.status.unwrap_or(row.status);
    let mut head = Head::new(dialect, status, stamp);
    hint::fields(&mut head, dialect, stamp, refusal);
    if let Some(should_retry) = refusal.should_retry.or(row.should_retry) {
        head.field("x-should-retry", should_retry);
    }
    match row.shape {
        BodyShape::Json => {
            let body = ErrorValues::new(grammar, stamp, refusal, status).json(row);
            head.with_body(grammar.plain_type(), &body)
        }
        BodyShape::Page => head.with_body(HTML, &html(dialect, status)),
        BodyShape::Challenge => {
            head.field("cf-mitigated", "challenge");
            head.with_body(HTML, &page::challenge(dialect))
        }
        BodyShape::Empty => head.with_body("", ""),
        BodyShape::EdgeJson => head.with_body("application/json", &page::edge_json(status)),
    }
}

/// The error object in the place of a body.
pub(super) fn in_place(grammar: &dyn Grammar, stamp: &Stamp, cause: Cause) -> String {
    let row = json_row(grammar.dialect(), cause);
    ErrorValues::new(grammar, stamp, &Refusal::of(cause), row.status).json(row)
}

/// The error object in the middle of a stream.
pub(super) fn in_band(grammar: &dyn Grammar, stamp: &Stamp, cause: Cause) -> String {
    let dialect = grammar.dialect();
    let row = json_row(dialect, cause);
    let said = ErrorValues::new(grammar, stamp, &Refusal::of(cause), row.status);
    match dialect {
        Dialect::Openrouter => openrouter::in_band(&said, row),
        _ => said.json(row),
    }
}

/// The row of `cause`, or another when that is no JSON.
fn json_row(dialect: Dialect, cause: Cause) -> &'static Row {
    match row(dialect, cause) {
        row if row.shape == BodyShape::Json => row,
        _ => row(dialect, Cause::ServerError),
    }
}

/// The row that `refusal` is written from.
fn row_of(dialect: Dialect, refusal: &Refusal) -> &'static Row {
    let row = row(dialect, refusal.cause);
    match refusal.status {
        Some(status)
            if status != row.status
                && row.shape == BodyShape::Json
                && refusal.cause == Cause::of_status(status) =>
        {
            bare(dialect, status)
        }
        _ => row,
    }
}

/// The row of `cause`, or of its nearest relative that `dialect` has.
fn row(dialect: Dialect, cause: Cause) -> &'static Row {
    let mut cause = cause;
    loop {
        match own_row(dialect, cause) {
            Some(row) => return row,
            None => cause = nearest(cause),
        }
    }
}

fn own_row(dialect: Dialect, cause: Cause) -> Option<&'static Row> {
    let own = match dialect {
        Dialect::Openai => openai::ROWS,
        Dialect::Azure => azure::ROWS,
        Dialect::Deepseek => deepseek::ROWS,
        Dialect::Moonshot => moonshot::ROWS,
        Dialect::Openrouter => openrouter::ROWS,
        Dialect::Anthropic => anthropic::ROWS,
        Dialect::Gemini => gemini::ROWS,
    };
    let edge = match dialect {
        Dialect::Openai | Dialect::Openrouter | Dialect::Anthropic => page::CLOUDFLARE,
        _ => &[],
    };
    let mut rows = own.iter().chain(edge);
    rows.find(|(of, _)| *of == cause).map(|(_, row)| row)
}

/// What comes next to `cause`. Every chain ends at a cause that every dialect has.
const fn nearest(cause: Cause) -> Cause {
    match cause {
        Cause::TokenLimit | Cause::DailyLimit | Cause::Concurrency | Cause::SlowDown => {
            Cause::RateLimit
        }
        Cause::Capacity => Cause::Overloaded,
        Cause::SpendLimit => Cause::Quota,
        Cause::Region | Cause::Challenge => Cause::Permission,
        Cause::Permission => Cause::Auth,
        Cause::ModelGone
        | Cause::ContextTooLong
        | Cause::ContentFilter
        | Cause::TooLarge
        | Cause::Unprocessable
        | Cause::Conflict => Cause::BadRequest,
        Cause::Timeout => Cause::GatewayTimeout,
        Cause::EdgeEmpty | Cause::EdgeJson => Cause::Edge,
        Cause::Edge => Cause::BadGateway,
        _ => Cause::ServerError,
    }
}

/// An error that says no more than its status.
fn bare(dialect: Dialect, status: u16) -> &'static Row {
    let is_client = status < 500;
    match dialect {
        Dialect::Anthropic => anthropic::bare(status),
        Dialect::Gemini => gemini::bare(status),
        _ if is_client => &CLIENT,
        _ => &SERVER,
    }
}

static CLIENT: Row = Row::new(400, "invalid_request_error", "", "");
static SERVER: Row = Row::new(500, "server_error", "", "");

/// What the gaps of one error are filled with.
struct ErrorValues<'a> {
    grammar: &'a dyn Grammar,
    stamp: &'a Stamp,
    status: u16,
    /// The wait that the body tells.
    wait: Option<Duration>,
    /// It tells so whatever the vendor's habit.
    must_tell: bool,
    quota: Option<Quota>,
}

impl<'a> ErrorValues<'a> {
    fn new(grammar: &'a dyn Grammar, stamp: &'a Stamp, refusal: &Refusal, status: u16) -> Self {
        let quotas = stamp.quotas;
        let quota = match refusal.cause {
            Cause::TokenLimit => quotas.tokens.or(quotas.input).or(quotas.output),
            Cause::Concurrency => None,
            _ => quotas.requests,
        };
        Self {
            grammar,
            stamp,
            status,
            wait: hint::in_body(grammar.dialect(), refusal),
            must_tell: refusal
                .hint
                .is_some_and(|hint| hint.form == HintFormat::Body),
            quota,
        }
    }

    /// The body, as the dialect puts it.
    fn json(&self, row: &Row) -> String {
        match self.grammar.dialect() {
            Dialect::Openai | Dialect::Deepseek => openai::json(self, row),
            Dialect::Azure => azure::json(self, row),
            Dialect::Moonshot => moonshot::json(self, row),
            Dialect::Openrouter => openrouter::json(self, row),
            Dialect::Anthropic => anthropic::json(self, row),
            Dialect::Gemini => gemini::json(self, row),
        }
    }

    /// The message, as JSON. When it must tell the wait and has no place for it, it does so at
    /// the end.
    fn message(&self, row: &Row) -> String {
        let mut text = match row.message {
            "" => reason(self.status).to_owned(),
            template => fill(template, &|name, out| self.value(name, out)),
        };
        if let Some(wait) = self.wait
            && self.must_tell
            && !["$go", "$seconds", "$precise"]
                .iter()
                .any(|gap| row.message.contains(gap))
        {
            text += &format!(" Please try again in {}.", GoDuration(wait));
        }
        quoted(&text)
    }

    /// The `more` of the row, as JSON.
    fn more(&self, row: &Row) -> String {
        fill(row.more, &|name, out| match name {
            "model" => {
                let quoted = &self.grammar.model().quoted;
                out.push_str(&quoted[1..quoted.len() - 1]);
                Some(())
            }
            _ => self.value(name, out),
        })
    }

    /// Appends the value of `name`; `None` when it is not known.
    fn value(&self, name: &str, out: &mut String) -> Option<()> {
        match name {
            "model" => out.push_str(&self.grammar.model().name),
            "status" => put(out, self.status),
            "id" => out.push_str(&self.stamp.id()),
            "limit" => put(out, self.quota?.limit),
            "used" => {
                let quota = self.quota?;
                put(out, quota.limit.saturating_sub(quota.remaining));
            }
            "go" => put(out, GoDuration(self.wait?)),
            "seconds" => put(out, whole_seconds(self.wait?)),
            "precise" => out.push_str(&precise(self.wait?)),
            _ => return None,
        }
        Some(())
    }
}

fn put(out: &mut String, value: impl Display) {
    let _ = write!(out, "{value}");
}

/// Seconds with their milliseconds, as far as there are any: `45.8s`.
fn precise(wait: Duration) -> String {
    let millis = whole_millis(wait);
    let text = format!("{}.{:03}", millis / 1_000, millis % 1_000);
    format!("{}s", text.trim_end_matches('0').trim_end_matches('.'))
}

/// A JSON string; `null` when there is no text.
fn text_or_null(text: &str) -> String {
    match text {
        "" => "null".into(),
        text => quoted(text),
    }
}

const HTML: &str = "text/html; charset=UTF-8";
