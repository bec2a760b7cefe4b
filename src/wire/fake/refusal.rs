//! The errors of every dialect: the status, body and fields of each cause.
//!
//! The table in a dialect's file has its own errors ([`Row`]). A cause that a dialect does not have
//! takes the form of the nearest cause that it has; a bare status that is not that of its cause
//! takes the form of a bare status. The wording is that of the vendors' documents and of answers
//! that users of the real services have reported. The grammars write good answers.

mod page;

use std::fmt::{Display, Write};
use std::time::Duration;

use bytes::Bytes;

use super::grammar::{Grammar, quoted};
use super::head::{Head, reason};
use super::quota::{GoDuration, whole_millis, whole_seconds};
use super::spec::{FakeSpec, Page};
use super::template::fill;
use super::{Cause, HintFormat, Quota, Refusal, Stamp, hint};
pub(super) use page::html;

/// A dialect's error for one cause.
///
/// `message` and `more` are templates. They may name `$model`, `$status`, `$id`, and between two
/// `~` `$limit` and `$used` (of the limit in question), and `$go`, `$seconds` and `$precise` (the
/// wait, if the body states it).
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) status: u16,
    shape: BodyShape,
    /// The error's `type`; at Gemini its `status`; at OpenRouter its `code` in band.
    pub(super) kind: &'static str,
    /// The error's `code`; empty is `null`, and digits are a number where the vendor has one.
    pub(super) code: &'static str,
    /// The parameter that it is about.
    pub(super) param: &'static str,
    message: &'static str,
    /// Further fields of the error object, in JSON, beginning with a comma; at Gemini its details.
    pub(super) more: &'static str,
    /// The default value of `x-should-retry`.
    should_retry: Option<bool>,
}

/// The kind of body of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyShape {
    /// The vendor's own JSON.
    Json,
    /// The page of a server in front of the vendor's.
    Page,
    /// A page that asks for proof of a human.
    Challenge,
    /// Nothing.
    Empty,
    /// JSON of the content delivery network.
    EdgeJson,
}

impl Row {
    pub(super) const fn new(
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

    pub(super) const fn shaped(status: u16, shape: BodyShape) -> Self {
        Self {
            shape,
            ..Self::new(status, "", "", "")
        }
    }

    pub(super) const fn about(self, param: &'static str) -> Self {
        Self { param, ..self }
    }

    pub(super) const fn with(self, more: &'static str) -> Self {
        Self { more, ..self }
    }

    pub(super) const fn retry(self) -> Self {
        Self {
            should_retry: Some(true),
            ..self
        }
    }
}

/// Whether the dialect has its own form for `cause`.
pub(super) fn has(spec: &FakeSpec, cause: Cause) -> bool {
    own_row(spec, cause).is_some()
}

/// The status of `cause` in the dialect.
#[cfg(test)]
pub(super) fn status_of(spec: &FakeSpec, cause: Cause) -> u16 {
    row(spec, cause).status
}

/// The whole answer.
pub(super) fn write(grammar: &dyn Grammar, stamp: &Stamp, refusal: &Refusal) -> Bytes {
    let spec = grammar.spec();
    let row = row_of(spec, refusal);
    let status = refusal.status.unwrap_or(row.status);
    let mut head = Head::new(spec, status, stamp);
    hint::fields(&mut head, spec, stamp, refusal);
    if let Some(should_retry) = refusal.should_retry.or(row.should_retry) {
        head.field("x-should-retry", should_retry);
    }
    match row.shape {
        BodyShape::Json => {
            let values = ErrorValues::new(grammar, stamp, refusal, status);
            let body = (spec.error)(&values, row);
            head.with_body(grammar.plain_type(), &body)
        }
        BodyShape::Page => head.with_body(HTML, &html(spec, status)),
        BodyShape::Challenge => {
            head.field("cf-mitigated", "challenge");
            head.with_body(HTML, &page::challenge(spec))
        }
        BodyShape::Empty => head.with_body("", ""),
        BodyShape::EdgeJson => head.with_body("application/json", &page::edge_json(status)),
    }
}

/// The error object in place of a body.
pub(super) fn in_place(grammar: &dyn Grammar, stamp: &Stamp, cause: Cause) -> String {
    let spec = grammar.spec();
    let row = json_row(spec, cause);
    let values = ErrorValues::new(grammar, stamp, &Refusal::of(cause), row.status);
    (spec.error)(&values, row)
}

/// The error object in the middle of a stream.
pub(super) fn in_band(grammar: &dyn Grammar, stamp: &Stamp, cause: Cause) -> String {
    let spec = grammar.spec();
    let row = json_row(spec, cause);
    let values = ErrorValues::new(grammar, stamp, &Refusal::of(cause), row.status);
    (spec.error_in_band)(&values, row)
}

/// The row of `cause`, or another if that is not JSON.
fn json_row(spec: &FakeSpec, cause: Cause) -> &'static Row {
    match row(spec, cause) {
        row if row.shape == BodyShape::Json => row,
        _ => row(spec, Cause::ServerError),
    }
}

/// The row for `refusal`.
fn row_of(spec: &FakeSpec, refusal: &Refusal) -> &'static Row {
    let row = row(spec, refusal.cause);
    match refusal.status {
        Some(status)
            if status != row.status
                && row.shape == BodyShape::Json
                && refusal.cause == Cause::of_status(status) =>
        {
            (spec.bare)(status)
        }
        _ => row,
    }
}

/// The row of `cause`, or of the nearest cause that the dialect has.
fn row(spec: &FakeSpec, cause: Cause) -> &'static Row {
    let mut cause = cause;
    loop {
        match own_row(spec, cause) {
            Some(row) => return row,
            None => cause = nearest(cause),
        }
    }
}

fn own_row(spec: &FakeSpec, cause: Cause) -> Option<&'static Row> {
    let edge = match spec.page {
        Page::Cloudflare => page::CLOUDFLARE,
        Page::Google | Page::Plain(_) => &[],
    };
    let mut rows = spec.errors.iter().chain(edge);
    rows.find(|(of, _)| *of == cause).map(|(_, row)| row)
}

/// The cause nearest to `cause`. Every chain ends at a cause that every dialect has.
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

/// An error of OpenAI's form for a bare status.
pub(super) fn bare(status: u16) -> &'static Row {
    if status < 500 { &CLIENT } else { &SERVER }
}

static CLIENT: Row = Row::new(400, "invalid_request_error", "", "");
static SERVER: Row = Row::new(500, "server_error", "", "");

/// The values of an error's template.
pub(super) struct ErrorValues<'a> {
    grammar: &'a dyn Grammar,
    pub(super) stamp: &'a Stamp,
    pub(super) status: u16,
    /// The wait that the body states.
    pub(super) wait: Option<Duration>,
    /// It states the wait even if the vendor's errors do not.
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
            wait: hint::in_body(grammar.spec(), refusal),
            must_tell: refusal
                .hint
                .is_some_and(|hint| hint.form == HintFormat::Body),
            quota,
        }
    }

    /// The message, as JSON. If it must state the wait and has no placeholder for it, the wait is
    /// appended.
    pub(super) fn message(&self, row: &Row) -> String {
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
    pub(super) fn more(&self, row: &Row) -> String {
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
            "id" => out.push_str(self.stamp.id().as_str()),
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

/// Seconds, with milliseconds if there are any: `45.8s`.
pub(super) fn precise(wait: Duration) -> String {
    let millis = whole_millis(wait);
    let text = format!("{}.{:03}", millis / 1_000, millis % 1_000);
    format!("{}s", text.trim_end_matches('0').trim_end_matches('.'))
}

/// A JSON string; `null` when there is no text.
pub(super) fn text_or_null(text: &str) -> String {
    match text {
        "" => "null".into(),
        text => quoted(text),
    }
}

const HTML: &str = "text/html; charset=UTF-8";
