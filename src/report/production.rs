//! Reports on traces of production, measured like a simulated run.
//!
//! The header of a trace has the providers and their prices, its last arrival the length. There are
//! no faults and no expectations. A trace of production does not say whether a provider has written
//! a whole answer, so the client's result counts. The caller opens the files.

use std::time::Duration;

use serde_json::{Value, json};

use super::subject::{MeasuredProvider, Subject, UptimeRule};
use super::{Collector, Report, RunStats, command};
use crate::prices::{Book, NoPrice, Price};
use crate::time::{Instant, nanos};
use crate::trace::lines::{Header, Named};
use crate::trace::{Event, EventKind};
use crate::units::Share;

/// Several traces of one fleet, merged by policy.
#[derive(Debug)]
pub(crate) struct Production {
    subject: Subject,
    /// The providers whose header states no price.
    unpriced: Vec<String>,
    policies: Vec<(String, RunStats)>,
    has_bills: bool,
}

impl Production {
    /// For the fleet in `header`, whose last call arrived at `last`, with the name `name`.
    pub(crate) fn new(name: &str, header: &Header, last: Instant) -> Self {
        let named = header.providers.iter();
        let unpriced = named.clone().filter(|one| one.input.is_none());
        Self {
            unpriced: unpriced.map(|one| one.name.clone()).collect(),
            subject: subject(name, named.map(provider).collect(), last),
            policies: Vec::new(),
            has_bills: false,
        }
    }

    /// Takes the prices of `book`, before any trace is added.
    pub(crate) fn reprice(&mut self, book: &Book) -> Result<(), NoPrice> {
        for provider in &mut self.subject.providers {
            provider.price = book.price_of(&provider.model)?;
        }
        self.unpriced.clear();
        self.subject.notes.push(book.note());
        Ok(())
    }

    /// Adds the trace in the file `path`, recorded under `policy`: all of its events, or the first
    /// error in them.
    ///
    /// # Errors
    /// The first error of `events`, unchanged.
    pub(crate) fn take<E>(
        &mut self,
        path: &str,
        policy: &str,
        events: impl Iterator<Item = Result<Event, E>>,
    ) -> Result<(), E> {
        let mut collector = Collector::new(&self.subject);
        for event in events {
            let event = event?;
            collector.on_event(&event);
            self.has_bills |= matches!(event.kind, EventKind::Billed { .. });
        }
        let stats = collector.finish();
        match self.policies.iter_mut().find(|(name, _)| name == policy) {
            Some((_, merged)) => merged.merge(&stats),
            None => self.policies.push((policy.to_owned(), stats)),
        }
        self.subject.traces.push(path.to_owned());
        Ok(())
    }

    /// The report on all traces.
    pub(crate) fn report(self) -> Report {
        let mut subject = self.subject;
        if self.has_bills {
            subject.notes.extend(
                self.unpriced
                    .iter()
                    .map(|name| format!("`{name}` has no price: its tokens are counted as free")),
            );
        } else {
            subject.notes.push(NO_BILLS.to_owned());
        }
        subject.resolved = resolved(&subject);
        let seeds = format!("1..{}", subject.traces.len());
        let path = subject.traces.first().cloned().unwrap_or_default();
        Report::new(&subject, &path, &seeds, self.policies)
    }
}

impl Report {
    /// `1 trace`, `3 traces`; none for a simulated run.
    pub(super) fn counted_traces(&self) -> Option<String> {
        match self.subject.traces.len() {
            0 => None,
            1 => Some("1 trace".to_owned()),
            count => Some(format!("{count} traces")),
        }
    }

    /// The command that makes this report from its traces; none for a simulated run.
    pub(super) fn again_from_traces(&self) -> Option<String> {
        let traces: Vec<&str> = self
            .subject
            .traces
            .iter()
            .map(|path| command::portable(path))
            .collect();
        (!traces.is_empty()).then(|| command::report(&traces))
    }
}

/// The subject of a trace that ends at `last`, without faults and expectations.
pub(super) fn subject(name: &str, providers: Vec<MeasuredProvider>, last: Instant) -> Subject {
    // Whole windows, up to the one in which the last call arrived.
    let window = SHORTEST_WINDOW.max(last.since_start() / MOST_WINDOWS);
    let windows = last.as_nanos() / nanos(window) + 1;
    Subject {
        name: name.to_owned(),
        about: "What production recorded.".to_owned(),
        duration: Duration::from_nanos(nanos(window).saturating_mul(windows)),
        clients: 1,
        providers,
        tasks: Vec::new(),
        faults: Vec::new(),
        alerts: Vec::new(),
        policies: Vec::new(),
        expect: Vec::new(),
        uptime: UptimeRule {
            window,
            down_above: Share::percent(5),
        },
        answers_are_traced: false,
        notes: Vec::new(),
        traces: Vec::new(),
        resolved: Value::Null,
    }
}

fn provider(named: &Named) -> MeasuredProvider {
    let source = match named.input {
        Some(_) => "the trace",
        None => "unknown",
    };
    let input = named.input.unwrap_or_default();
    MeasuredProvider {
        name: named.name.clone(),
        model: named.model.clone(),
        keys: 1,
        price: Price {
            input,
            output: named.output.unwrap_or_default(),
            cached: input,
            source: source.to_owned(),
        },
    }
}

/// The measured configuration, for the result document.
fn resolved(subject: &Subject) -> Value {
    let providers = subject.providers.iter().map(|one| {
        json!({
            "name": one.name,
            "model": one.model,
            "price": {
                "input": one.price.input,
                "output": one.price.output,
                "source": one.price.source,
            },
        })
    });
    let traces = subject.traces.iter().map(|path| command::portable(path));
    json!({
        "name": subject.name,
        "traces": traces.collect::<Vec<_>>(),
        "providers": providers.collect::<Vec<_>>(),
    })
}

const NO_BILLS: &str = "no tokens are recorded here: what the calls cost is not known";

/// The default of scenarios.
const SHORTEST_WINDOW: Duration = Duration::from_secs(10);

/// The maximum of windows in a report.
const MOST_WINDOWS: u32 = 1_000_000;
