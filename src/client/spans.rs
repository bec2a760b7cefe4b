//! Calls and attempts as `tracing` spans.
//!
//! Built from the events that every [`Recorder`] gets: a span `call` from a call's arrival to its
//! end, below the caller's current span, and below it a span `attempt` for each attempt. Spans hold
//! names, numbers and classes, and never a key or a prompt.
//!
//! Without a subscriber an event costs one more comparison.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tracing::field::Empty;
use tracing::level_filters::LevelFilter;
use tracing::{Level, Span};

use super::lock;
use crate::policy::call::{FailureReason, Outcome};
use crate::policy::classify::FailureClass;
use crate::policy::{AttemptId, CallId, ProviderId};
use crate::trace::{Event, EventKind, Recorder};

/// Forwards events to `tracing` and to another recorder.
pub(super) struct Spans {
    next: Arc<dyn Recorder>,
    /// The providers' names, in the fleet's order.
    names: Vec<String>,
    open: Mutex<BTreeMap<CallId, OpenCall>>,
}

/// The spans of a call that has not ended.
struct OpenCall {
    span: Span,
    attempts: Vec<(AttemptId, Span)>,
}

impl Spans {
    pub(super) fn around(next: Arc<dyn Recorder>, names: Vec<String>) -> Self {
        Self {
            next,
            names,
            open: Mutex::default(),
        }
    }

    fn tell(&self, kind: &EventKind) {
        match *kind {
            EventKind::Arrived { call, streamed } => {
                let span = tracing::span!(LEVEL, "call", id = call.0, streamed, outcome = Empty);
                let attempts = Vec::new();
                lock(&self.open).insert(call, OpenCall { span, attempts });
            }
            EventKind::Started {
                call,
                attempt,
                provider,
                cause,
                probe,
                ..
            } => {
                let Some(parent) = lock(&self.open).get(&call).map(|open| open.span.clone()) else {
                    return;
                };
                let span = tracing::span!(
                    parent: &parent,
                    LEVEL,
                    "attempt",
                    attempt = attempt.0,
                    provider = self.name(provider),
                    cause = cause.name(),
                    probe,
                    outcome = Empty,
                );
                if let Some(open) = lock(&self.open).get_mut(&call) {
                    open.attempts.push((attempt, span));
                }
            }
            EventKind::Replied {
                call,
                attempt,
                failure,
                ..
            } => self.end(
                call,
                attempt,
                failure.map_or("succeeded", FailureClass::name),
            ),
            EventKind::Cancelled { call, attempt, .. } => self.end(call, attempt, "cancelled"),
            EventKind::Ended { call, outcome } => {
                let ended = lock(&self.open).remove(&call);
                if let Some(open) = ended {
                    open.span.record("outcome", outcome_word(outcome));
                }
            }
            _ => {}
        }
    }

    /// Closes an attempt's span. No lock is held while the subscriber is called.
    fn end(&self, call: CallId, attempt: AttemptId, word: &str) {
        let ended = lock(&self.open).get_mut(&call).and_then(|open| {
            let mut attempts = open.attempts.iter();
            let place = attempts.position(|(open, _)| *open == attempt)?;
            Some(open.attempts.swap_remove(place))
        });
        if let Some((_, span)) = ended {
            span.record("outcome", word);
        }
    }

    fn name(&self, provider: ProviderId) -> &str {
        self.names.get(provider.index()).map_or("", String::as_str)
    }
}

impl Recorder for Spans {
    fn record(&self, event: &Event) {
        if LevelFilter::current() >= LEVEL {
            self.tell(&event.kind);
        }
        self.next.record(event);
    }

    fn wants_reasons(&self) -> bool {
        self.next.wants_reasons()
    }
}

const fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded { .. } => "succeeded",
        Outcome::Failed(FailureReason::Stopped(_)) => "stopped",
        Outcome::Failed(FailureReason::Exhausted(_)) => "exhausted",
        Outcome::Failed(FailureReason::Interrupted(_)) => "interrupted",
        Outcome::Failed(FailureReason::Deadline) => "deadline",
        Outcome::Failed(FailureReason::Unavailable) => "unavailable",
        Outcome::Failed(FailureReason::Shed) => "shed",
        Outcome::Failed(FailureReason::Unfinished) => "unfinished",
    }
}

/// The level of all spans: calls are normal operation, not warnings.
const LEVEL: Level = Level::INFO;
