//! The head of an answer: status line and fields, then a body of known length or chunks.
//!
//! The dialect writes ids and quotas; `hint` writes hints.

use std::fmt::{Display, Write};

use bytes::Bytes;

use super::grammar::push;
use super::spec::FakeSpec;
use super::{Label, Stamp};

/// A head under construction.
pub(super) struct Head {
    text: String,
    label: Label,
}

impl Head {
    /// The status line, and the fields of every answer in the dialect.
    pub(super) fn new(spec: &FakeSpec, status: u16, stamp: &Stamp) -> Self {
        let flaws = stamp.flaws();
        let mut head = Self {
            text: String::with_capacity(ROOM),
            label: flaws.label,
        };
        let mut digits = itoa::Buffer::new();
        let line = [
            "HTTP/1.1 ",
            digits.format(status),
            " ",
            reason(status),
            "\r\n",
        ];
        push(&mut head.text, &line);
        (spec.name_exchange)(&mut head, stamp);
        (spec.quotas)(&mut head, stamp);
        if flaws.closes {
            head.field("connection", "close");
        }
        head
    }

    /// One more field. The value is trusted: it holds no line break.
    pub(super) fn field(&mut self, name: impl Display, value: impl Display) {
        let _ = write!(self.text, "{name}: {value}\r\n");
    }

    /// The same of texts: several times as fast.
    fn text_field(&mut self, name: &str, value: &str) {
        push(&mut self.text, &[name, ": ", value, "\r\n"]);
    }

    /// The whole answer, with this body.
    pub(super) fn with_body(mut self, content_type: &str, body: &str) -> Bytes {
        self.content_type(content_type);
        self.text_field("content-length", itoa::Buffer::new().format(body.len()));
        self.text.reserve_exact(body.len() + 2);
        push(&mut self.text, &["\r\n", body]);
        Bytes::from(self.text)
    }

    /// The head alone; chunks follow.
    pub(super) fn before_chunks(mut self, content_type: &str) -> String {
        self.content_type(content_type);
        self.text_field("transfer-encoding", "chunked");
        self.text.push_str("\r\n");
        self.text
    }

    fn content_type(&mut self, right: &str) {
        match self.label {
            Label::Right if right.is_empty() => {}
            Label::Right => self.text_field("content-type", right),
            Label::Wrong => self.text_field("content-type", "text/plain"),
            Label::Missing => {}
        }
    }
}

/// The reason phrase: RFC 9110's, and for 52x those of the content delivery network.
pub(super) fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        424 => "Failed Dependency",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        520 => "Web server is returning an unknown error",
        521 => "Web server is down",
        522 => "Connection timed out",
        523 => "Origin is unreachable",
        524 => "A timeout occurred",
        525 => "SSL handshake failed",
        526 => "Invalid SSL certificate",
        529 => "Site is overloaded",
        _ if status < 500 => "Client Error",
        _ => "Server Error",
    }
}

/// Enough for most heads with their bodies, to avoid a second allocation.
const ROOM: usize = 1_024;
