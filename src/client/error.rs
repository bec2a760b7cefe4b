//! What a caller receives when a call fails: the reason, and the result of each attempt.

use std::fmt;
use std::time::Duration;

use super::failure::Source;
use crate::policy::call::FailureReason;
use crate::policy::classify::FailureClass;

/// A failed call. Its source is the error of the connection of the last failed attempt, if there
/// was one: an [`io::Error`](std::io::Error), or hyper's.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Error {
    /// The reason.
    pub reason: FailureReason,
    /// Every attempt that was made, in order.
    pub attempts: Vec<AttemptReport>,
    /// The part of the answer that was handed over. It is incomplete, and nothing follows it.
    pub received: String,
    /// Providers that were not asked, because their dialect lacks something that the request asks
    /// for.
    pub unsupported: Vec<Unsupported>,
    pub(super) source: Option<Source>,
}

impl Error {
    pub(super) const fn new(reason: FailureReason) -> Self {
        Self {
            reason,
            attempts: Vec::new(),
            received: String::new(),
            unsupported: Vec::new(),
            source: None,
        }
    }

    /// The status of the last attempt that was answered with one.
    pub fn status(&self) -> Option<u16> {
        self.attempts
            .iter()
            .rev()
            .find_map(|attempt| attempt.status)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as _)
    }
}

/// A provider that was not asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unsupported {
    /// The provider's name.
    pub provider: String,
    /// What of the request its dialect lacks: the name of a field, or what of its value.
    pub what: String,
}

/// One attempt of a failed call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AttemptReport {
    /// The provider's name.
    pub provider: String,
    /// From the call's start to the attempt's.
    pub started: Duration,
    /// From the attempt's start to its end.
    pub took: Duration,
    /// Its failure class; none when it was abandoned.
    pub failure: Option<FailureClass>,
    /// The status that the provider answered with, if it answered.
    pub status: Option<u16>,
    /// The provider's message, or the connection's error.
    pub message: Option<String>,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            FailureReason::Stopped(_) if self.attempts.is_empty() => {
                f.write_str("no provider supports the request")?;
            }
            FailureReason::Stopped(class) => write!(f, "{class}: trying again would not help")?,
            FailureReason::Exhausted(class) => {
                write!(f, "out of attempts, the last failed with {class}")?
            }
            FailureReason::Interrupted(class) => write!(f, "{class} after the first token")?,
            FailureReason::Deadline => f.write_str("deadline exceeded")?,
            FailureReason::Unavailable => {
                f.write_str("every provider is refused by its breaker")?
            }
            FailureReason::Shed => f.write_str("no provider had capacity in time")?,
            FailureReason::Unfinished => f.write_str("dropped before it ended")?,
        }
        for (number, attempt) in self.attempts.iter().enumerate() {
            write!(f, "{} {attempt}", if number == 0 { ":" } else { ";" })?;
        }
        for Unsupported { provider, what } in &self.unsupported {
            write!(f, "; {provider} was not asked: its dialect has no `{what}`")?;
        }
        Ok(())
    }
}

/// `openai 503 server_error after 1.204s (The server is overloaded)`.
impl fmt::Display for AttemptReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.provider)?;
        if let Some(status) = self.status {
            write!(f, " {status}")?;
        }
        match self.failure {
            Some(class) => write!(f, " {class}")?,
            None => f.write_str(" abandoned")?,
        }
        write!(
            f,
            " after {}.{:03}s",
            self.took.as_secs(),
            self.took.subsec_millis()
        )?;
        match &self.message {
            Some(message) => write!(f, " ({message})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_tells_what_each_attempt_met() {
        let attempt = |provider: &str, failure, status, message: Option<&str>| AttemptReport {
            provider: provider.into(),
            started: Duration::ZERO,
            took: Duration::from_millis(1_204),
            failure,
            status,
            message: message.map(str::to_owned),
        };
        let error = Error {
            source: None,
            unsupported: vec![Unsupported {
                provider: "anthropic".into(),
                what: "seed".into(),
            }],
            reason: FailureReason::Deadline,
            attempts: vec![
                attempt(
                    "openai",
                    Some(FailureClass::ServerError),
                    Some(503),
                    Some("overloaded"),
                ),
                attempt("deepseek", None, None, None),
            ],
            received: String::new(),
        };
        assert_eq!(
            error.to_string(),
            "deadline exceeded: openai 503 server_error after 1.204s (overloaded); \
             deepseek abandoned after 1.204s; anthropic was not asked: its dialect has no `seed`"
        );
        assert_eq!(error.status(), Some(503));
    }
}
