//! Answers that are the server's own and not a vendor's: JSON, or nothing.

use std::fmt::Write;

use bytes::Bytes;
use serde::Serialize;

/// An answer under construction.
pub(super) struct Answer {
    status: u16,
    fields: String,
    body: String,
}

impl Answer {
    /// Without a body.
    pub(super) fn empty(status: u16) -> Self {
        Self {
            status,
            fields: String::new(),
            body: String::new(),
        }
    }

    /// A document.
    pub(super) fn json(status: u16, document: &impl Serialize) -> Self {
        let mut body = serde_json::to_string(document).unwrap_or_default();
        body.push('\n');
        Self {
            body,
            ..Self::empty(status).field("content-type", "application/json")
        }
    }

    /// What is wrong, and what to do instead.
    pub(super) fn error(status: u16, error: &str, help: &str) -> Self {
        Self::json(status, &serde_json::json!({ "error": error, "help": help }))
    }

    /// The methods that the path takes.
    pub(super) fn allow(self, methods: &str) -> Self {
        self.field("allow", methods)
    }

    /// One more field. The value is trusted: it holds no line break.
    pub(super) fn field(mut self, name: &str, value: &str) -> Self {
        let _ = write!(self.fields, "{name}: {value}\r\n");
        self
    }
}

impl From<Answer> for Bytes {
    fn from(answer: Answer) -> Self {
        let Answer {
            status,
            fields,
            body,
        } = answer;
        let reason = match status {
            200 => "OK",
            204 => "No Content",
            400 => "Bad Request",
            404 => "Not Found",
            405 => "Method Not Allowed",
            _ => "",
        };
        // An answer without content has no length either (RFC 9110, 8.6).
        let length = match status {
            204 => String::new(),
            _ => format!("content-length: {}\r\n", body.len()),
        };
        format!("HTTP/1.1 {status} {reason}\r\n{fields}{length}\r\n{body}").into()
    }
}
