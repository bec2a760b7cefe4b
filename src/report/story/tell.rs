//! A call as lines of text: every event with its time, or a line or two for each attempt.

use super::{CallStory, Failure, words};
use crate::policy::call::{Cause, Outcome};
use crate::policy::reason::{Reason, Refusal};
use crate::policy::{AttemptId, ProviderId};
use crate::time::Instant;
use crate::trace::{Event, EventKind, FaultId};

/// The names of providers and faults, by position.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    providers: Vec<String>,
    faults: Vec<String>,
}

impl Names {
    /// These names, in the order of the scenario.
    pub(crate) fn new<T: Into<String>>(
        providers: impl IntoIterator<Item = T>,
        faults: impl IntoIterator<Item = T>,
    ) -> Self {
        Self {
            providers: providers.into_iter().map(Into::into).collect(),
            faults: faults.into_iter().map(Into::into).collect(),
        }
    }

    pub(super) fn provider(&self, provider: ProviderId) -> &str {
        self.providers
            .get(provider.index())
            .map_or("?", String::as_str)
    }

    pub(in crate::report) fn fault(&self, fault: FaultId) -> &str {
        self.faults.get(fault.index()).map_or("?", String::as_str)
    }
}

impl CallStory {
    /// Every event of the call, one a line, with its time in the run and since the arrival.
    pub(crate) fn in_full(&self, names: &Names) -> String {
        let mut text = self.heading() + "\n";
        for event in &self.events {
            if let Some(line) = self.line(event, names) {
                let since = words::length(event.at.since(self.arrived));
                text += &format!(
                    "  {}  {:>9}  {line}\n",
                    words::clock(event.at),
                    format!("+{since}")
                );
            }
        }
        text
    }

    /// Every event of the call as in a trace file, one a line.
    pub(crate) fn in_json(&self) -> String {
        let lines = self
            .events
            .iter()
            .filter_map(|event| serde_json::to_string(event).ok());
        Vec::from_iter(lines).join("\n")
    }

    /// The call in short: a heading, a line or two for each attempt, and why it ended.
    pub(super) fn in_short(&self, names: &Names) -> Vec<String> {
        let mut lines = vec![self.heading()];
        let mut attempts: Vec<Attempt> = Vec::new();
        let (mut passed, mut ends) = (Vec::new(), None);
        for event in &self.events {
            match &event.kind {
                EventKind::Started { .. } => {
                    attempts.extend(Attempt::new(event, std::mem::take(&mut passed), names));
                }
                EventKind::Decided { reason, .. } => match reason {
                    Reason::Ordered { .. }
                    | Reason::PassedOver {
                        why: Refusal::AlreadyTried,
                        ..
                    } => {}
                    Reason::PassedOver { provider, why } => {
                        let (name, why) = (names.provider(*provider), words::refusal(why, names));
                        passed.push(format!("{name}: {why}"));
                    }
                    Reason::Stops { .. } => ends = Some(words::reason(reason, names)),
                    _ => match attempts.last_mut() {
                        Some(latest) => latest.then.push(words::reason(reason, names)),
                        None => lines.push(words::reason(reason, names)),
                    },
                },
                _ => Attempt::follow(&mut attempts, event, names),
            }
        }
        lines.extend(attempts.iter().map(|attempt| attempt.line(self.arrived)));
        if !passed.is_empty() {
            lines.push(format!("passed over {}", passed.join("; ")));
        }
        lines.extend(ends);
        lines
    }

    /// `call 217 at 16:40.250: failed after 4.120s, exhausted (server_error)`.
    pub(in crate::report) fn heading(&self) -> String {
        let (call, at) = (self.call.0, words::clock(self.arrived));
        let Some((ended, _)) = self.ended else {
            return format!("call {call} at {at}");
        };
        let took = words::length(ended.since(self.arrived));
        match self.failure() {
            None => format!("call {call} at {at}: answered after {took}"),
            Some(Failure::WrongAnswer) => {
                format!("call {call} at {at}: answered after {took}, but wrong: {NOT_WHOLE}")
            }
            Some(failure) => {
                let reason = words::failure(failure);
                format!("call {call} at {at}: failed after {took}, {reason}")
            }
        }
    }

    /// The line of one event; none for those that say nothing new.
    pub(in crate::report) fn line(&self, event: &Event, names: &Names) -> Option<String> {
        Some(match &event.kind {
            EventKind::Arrived { streamed: true, .. } => "arrives, streamed".to_owned(),
            EventKind::Arrived { .. } => "arrives".to_owned(),
            EventKind::Started {
                attempt,
                provider,
                cause,
                probe,
                key,
                ..
            } => {
                let probe = if *probe { ", a probe" } else { "" };
                let key = if key.0 > 0 {
                    format!(", key {}", key.0 + 1)
                } else {
                    String::new()
                };
                let (name, cause) = (names.provider(*provider), cause.name());
                format!("attempt {} at {name} ({cause}{probe}{key})", attempt.0)
            }
            EventKind::FirstTokenDelivered { attempt, .. } => {
                format!("first token of attempt {} delivered", attempt.0)
            }
            EventKind::Replied {
                attempt,
                failure: None,
                ..
            } => format!("attempt {} is answered", attempt.0),
            EventKind::Replied {
                attempt,
                failure: Some(class),
                hint,
                ..
            } => {
                let hint = hint.map(|hint| format!(", it asks to wait {}", words::length(hint)));
                let hint = hint.unwrap_or_default();
                format!("attempt {} fails: {}{hint}", attempt.0, class.name())
            }
            EventKind::Cancelled { attempt, .. } => format!("attempt {} is abandoned", attempt.0),
            EventKind::Ended { outcome, .. } => match outcome {
                Outcome::Succeeded { attempt } if self.failure().is_none() => {
                    format!("answered by attempt {}", attempt.0)
                }
                Outcome::Succeeded { attempt } => {
                    format!("answered by attempt {}, but wrong: {NOT_WHOLE}", attempt.0)
                }
                Outcome::Failed(reason) => {
                    format!("failed: {}", words::failure(Failure::NoAnswer(*reason)))
                }
            },
            EventKind::Opened {
                provider,
                until,
                by,
            } => opened(*provider, *until, &words::opened_by(by), names),
            EventKind::Fired { fault, .. } => format!("fault {} strikes", names.fault(*fault)),
            EventKind::Decided { reason, .. } => words::reason(reason, names),
            _ => return None,
        })
    }
}

fn opened(provider: ProviderId, until: Instant, by: &str, names: &Names) -> String {
    let (name, until) = (names.provider(provider), words::clock(until));
    format!("the breaker of {name} opens until {until}: {by}")
}

/// An attempt, as the short form tells it.
struct Attempt<'a> {
    id: AttemptId,
    provider: ProviderId,
    name: &'a str,
    cause: Cause,
    at: Instant,
    /// The providers that were passed over before it.
    passed: Vec<String>,
    /// The faults that struck it.
    faults: Vec<&'a str>,
    /// How it ended.
    end: String,
    /// What the call did about that.
    then: Vec<String>,
}

impl<'a> Attempt<'a> {
    fn new(event: &Event, passed: Vec<String>, names: &'a Names) -> Option<Self> {
        let EventKind::Started {
            attempt,
            provider,
            cause,
            ..
        } = event.kind
        else {
            return None;
        };
        Some(Self {
            id: attempt,
            provider,
            name: names.provider(provider),
            cause,
            at: event.at,
            passed,
            faults: Vec::new(),
            end: "in flight".to_owned(),
            then: Vec::new(),
        })
    }

    /// Adds an event to the attempt that it is about.
    fn follow(attempts: &mut [Self], event: &Event, names: &'a Names) {
        let mut by = |id: AttemptId, verb: &str| {
            if let Some(one) = attempts.iter_mut().find(|one| one.id == id) {
                one.end = format!("{verb} after {}", words::length(event.at.since(one.at)));
            }
        };
        match &event.kind {
            EventKind::Replied {
                attempt, failure, ..
            } => by(*attempt, failure.map_or("answered", |class| class.name())),
            EventKind::Cancelled { attempt, .. } => by(*attempt, "abandoned"),
            EventKind::Fired { fault, .. } => {
                let name = names.fault(*fault);
                if let Some(latest) = attempts.last_mut()
                    && !latest.faults.contains(&name)
                {
                    latest.faults.push(name);
                }
            }
            EventKind::Opened {
                provider,
                until,
                by,
            } => {
                let there = attempts.iter_mut().rfind(|one| one.provider == *provider);
                if let Some(one) = there {
                    let by = words::opened_by(by);
                    one.then.push(opened(*provider, *until, &by, names));
                }
            }
            _ => {}
        }
    }

    /// `+0.000s openai: server_error after 0.300s [storm]; leaves …`.
    fn line(&self, arrived: Instant) -> String {
        let since = words::length(self.at.since(arrived));
        let cause = match self.cause {
            Cause::First => "",
            cause => &format!(" ({})", cause.name()),
        };
        let mut parts = Vec::new();
        if !self.passed.is_empty() {
            parts.push(format!("passed over {}", self.passed.join("; ")));
        }
        let faults = match self.faults.is_empty() {
            true => String::new(),
            false => format!(" [{}]", self.faults.join(", ")),
        };
        parts.push(format!("{}{faults}", self.end));
        parts.extend(self.then.iter().cloned());
        format!("+{since} {}{cause}: {}", self.name, parts.join("; "))
    }
}

/// Why an answer counts as a failure.
const NOT_WHOLE: &str = "the provider wrote no whole and correct answer";
