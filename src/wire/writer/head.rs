//! The head of an answer: status line and fields, then a body of known length or chunks.
//!
//! Which fields beyond those of every answer there are is its callers' matter.

use std::fmt::{Display, Write};

use bytes::Bytes;

use super::Stamp;
use super::quota::GoDuration;

/// A head under construction.
pub(super) struct Head(String);

impl Head {
    /// The status line, and the fields that every answer has.
    pub(super) fn new(status: u16, stamp: &Stamp) -> Self {
        let mut head = Self(format!("HTTP/1.1 {status} {}\r\n", reason(status)));
        head.field("x-request-id", format_args!("req_{}", stamp.id()));
        head.field("openai-processing-ms", stamp.processing.as_millis());
        if let Some(quota) = stamp.quotas.requests {
            head.field("x-ratelimit-limit-requests", quota.limit);
            head.field("x-ratelimit-remaining-requests", quota.remaining);
            head.field("x-ratelimit-reset-requests", GoDuration(quota.reset));
        }
        head
    }

    /// One more field. The value is trusted: it holds no line break.
    pub(super) fn field(&mut self, name: &str, value: impl Display) {
        let _ = write!(self.0, "{name}: {value}\r\n");
    }

    /// The whole answer, with this body.
    pub(super) fn with_body(mut self, content_type: &str, body: &str) -> Bytes {
        self.field("content-type", content_type);
        self.field("content-length", body.len());
        self.0.push_str("\r\n");
        self.0.push_str(body);
        Bytes::from(self.0)
    }

    /// The head alone; chunks follow.
    pub(super) fn before_chunks(mut self, content_type: &str) -> String {
        self.field("content-type", content_type);
        self.field("transfer-encoding", "chunked");
        self.0.push_str("\r\n");
        self.0
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
        529 => "Site is overloaded",
        _ if status < 500 => "Client Error",
        _ => "Server Error",
    }
}
