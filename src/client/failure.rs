//! Classifies failed attempts for the core: errors that providers report, and errors of
//! connections.
//!
//! It connects `wire`, which parses errors, with `policy`, which judges them; neither uses the
//! other.

use std::error::Error;
use std::sync::Arc;

use hyper::{HeaderMap, StatusCode};

use crate::policy::call::Failure;
use crate::policy::classify::{ErrorDetails, FailureClass};
use crate::policy::hints::{self, HintSources};
use crate::wire::answer::{ErrorBody, Undecodable, Wrong};

/// A failed attempt, with the details that its caller may want to read.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) failure: Failure,
    pub(crate) status: Option<u16>,
    pub(crate) message: Option<String>,
    pub(crate) source: Option<Source>,
}

/// The error of a connection.
pub(crate) type Source = Arc<dyn Error + Send + Sync>;

/// An error with a status of its own.
pub(crate) fn refusal(status: StatusCode, headers: &HeaderMap, error: ErrorBody) -> Failed {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let answered = status.as_u16();
    // A gateway's own status says less than that of the error that it passes on.
    let inner = error.inner_status.filter(|_| says_little(answered));
    reported(answered, inner.unwrap_or(answered), &text, error)
}

/// An error inside a 200: its content decides, which may be a status in digits; a mere message
/// counts as a server error.
fn in_band(error: ErrorBody) -> Failed {
    let status = match error.inner_status {
        Some(status) => status,
        None if error.words().next().is_none() => 500,
        None => 200,
    };
    reported(200, status, &|_| None, error)
}

/// Whether a status says only that something failed, behind a gateway or in it.
const fn says_little(status: u16) -> bool {
    matches!(status, 400 | 424 | 500 | 502)
}

/// An error that the server reported, with the status `answered` and the status that it counts as,
/// in an answer with these header fields.
fn reported<'head>(
    answered: u16,
    status: u16,
    header: &dyn Fn(&str) -> Option<&'head str>,
    error: ErrorBody,
) -> Failed {
    let message = error.message.as_deref();
    let words = Vec::from_iter(error.words());
    let class = FailureClass::of(&ErrorDetails {
        status,
        words: &words,
        message,
    });
    let sources = HintSources {
        status,
        header,
        fields: &error.waits,
        message,
    };
    Failed {
        failure: Failure {
            class,
            hint: hints::read(&sources),
            should_retry: hints::should_retry(&sources),
            status: Some(answered).filter(|status| *status >= 400),
            is_json: error.is_json,
            after_head: false,
        },
        status: Some(answered),
        message: error.message,
        source: None,
    }
}

impl From<Wrong> for Failed {
    fn from(wrong: Wrong) -> Self {
        match wrong {
            Wrong::Malformed => Self {
                failure: Failure {
                    status: Some(200),
                    ..Failure::of(FailureClass::Malformed)
                },
                ..failed(FailureClass::Malformed)
            },
            Wrong::Truncated => failed(FailureClass::Truncated),
            Wrong::Error(error) => in_band(*error),
            Wrong::Filtered(reason) => Self {
                status: Some(200),
                message: reason,
                ..failed(FailureClass::ContentFilter)
            },
        }
    }
}

impl From<Undecodable> for Failed {
    fn from(Undecodable(why): Undecodable) -> Self {
        Self {
            message: Some(why),
            ..failed(FailureClass::Malformed)
        }
    }
}

/// A broken connection; `early_end` is the class of a clean close at this point.
pub(super) fn broken(error: hyper::Error, early_end: FailureClass) -> Failed {
    let class = if is_reset(&error) {
        FailureClass::Reset
    } else if error.is_parse() {
        FailureClass::Malformed
    } else {
        early_end
    };
    because_of(class, error)
}

/// A failure of this class, with the error that caused it.
pub(super) fn because_of(class: FailureClass, error: impl Error + Send + Sync + 'static) -> Failed {
    Failed {
        message: Some(error.to_string()),
        source: Some(Arc::new(error)),
        ..failed(class)
    }
}

fn is_reset(error: &hyper::Error) -> bool {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
            return matches!(io.kind(), ConnectionReset | ConnectionAborted | BrokenPipe);
        }
        source = error.source();
    }
    false
}

/// A failure without a message.
pub(super) fn failed(class: FailureClass) -> Failed {
    Failed {
        failure: Failure::of(class),
        status: None,
        message: None,
        source: None,
    }
}

#[cfg(test)]
mod tests;
