//! Reports on what production recorded, measured as a simulated run is.
//!
//! A trace knows no scenario: its header gives the providers and their prices, its last arrival the
//! length. There are no faults and no expectations, and no provider says whether an answer was the
//! right one: the client's word is taken for it. Files are opened by whoever asks.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Collector, Report, RunStats, command};
use crate::policy::ProviderId;
use crate::prices::Price;
use crate::scenario::{
    Calls, Dialect, Limits, Load, Network, Provider, Quantiles, Run, Scenario, Uptime,
};
use crate::text::units::money;
use crate::time::{Instant, nanos};
use crate::trace::lines::{Header, Named};
use crate::trace::{Event, EventKind};

/// What several traces of one fleet have in common, and a report's place for each policy's.
#[derive(Debug)]
pub struct Production {
    scenario: Scenario,
    /// Those of which nobody said what they cost.
    unpriced: Vec<String>,
    policies: Vec<(String, RunStats)>,
    traces: Vec<String>,
    has_bills: bool,
}

impl Production {
    /// Of the fleet that `header` names, whose last call arrived at `last`. It is called `name`.
    pub fn new(name: &str, header: &Header, last: Instant) -> Self {
        let named = header.providers.iter();
        let unpriced = named.clone().filter(|one| one.input.is_none());
        Self {
            unpriced: unpriced.map(|one| one.name.clone()).collect(),
            scenario: least(name, named.map(provider).collect(), last),
            policies: Vec::new(),
            traces: Vec::new(),
            has_bills: false,
        }
    }

    /// Takes the trace in the file `path`, recorded under `policy`: all of its events, or the first
    /// thing that is wrong with them.
    ///
    /// # Errors
    /// Those of `events`, as they are.
    pub fn take<E>(
        &mut self,
        path: &str,
        policy: &str,
        events: impl Iterator<Item = Result<Event, E>>,
    ) -> Result<(), E> {
        let mut fold = Collector::new(&self.scenario);
        let known = self.scenario.providers.len();
        for event in events {
            let event = event?;
            if provider_of(&event.kind).is_some_and(|provider| provider.index() >= known) {
                continue;
            }
            fold.on_event(&event);
            self.has_bills |= matches!(event.kind, EventKind::Billed { .. });
            if let EventKind::Started {
                call,
                provider,
                nth,
                ..
            } = event.kind
            {
                let call = Some(call);
                let kind = EventKind::Answered {
                    provider,
                    call,
                    nth,
                };
                fold.on_event(&Event { at: event.at, kind });
            }
        }
        let state = fold.finish();
        match self.policies.iter_mut().find(|(name, _)| name == policy) {
            Some((_, merged)) => merged.merge(&state),
            None => self.policies.push((policy.to_owned(), state)),
        }
        self.traces.push(path.to_owned());
        Ok(())
    }

    /// The report on all that was taken.
    pub fn report(self) -> Report {
        let seeds = format!("1..{}", self.traces.len());
        let path = self.traces.first().cloned().unwrap_or_default();
        let mut report = Report::new(&self.scenario, &path, &seeds, self.policies);
        if self.has_bills {
            report.remarks.extend(self.unpriced.iter().map(|name| {
                format!("nobody said what `{name}` costs: its tokens count for nothing")
            }));
        } else {
            report.remarks.push(NO_BILLS.to_owned());
        }
        report.traces = self.traces;
        report
    }
}

impl Report {
    /// `1 trace`, `3 traces`; none for a simulated run.
    pub(super) fn counted_traces(&self) -> Option<String> {
        match self.traces.len() {
            0 => None,
            1 => Some("1 trace".to_owned()),
            count => Some(format!("{count} traces")),
        }
    }

    /// What measured was, for the result document.
    pub(super) fn resolved(&self) -> Value {
        if self.traces.is_empty() {
            return self.scenario.resolved();
        }
        let providers = self.scenario.providers.iter().map(|one| {
            json!({
                "name": one.name,
                "model": one.model,
                "price": {
                    "input": money::write(one.price.input),
                    "output": money::write(one.price.output),
                    "source": one.price.source,
                },
            })
        });
        let traces = self.traces.iter().map(|path| command::portable(path));
        json!({
            "name": self.scenario.name,
            "traces": traces.collect::<Vec<_>>(),
            "providers": providers.collect::<Vec<_>>(),
        })
    }

    /// The line that makes this report again out of its traces; none for a simulated run.
    pub(super) fn again_from_traces(&self) -> Option<String> {
        let traces: Vec<&str> = self
            .traces
            .iter()
            .map(|path| command::portable(path))
            .collect();
        (!traces.is_empty()).then(|| command::report(&traces))
    }
}

/// Whom an event is about, if anybody.
const fn provider_of(kind: &EventKind) -> Option<ProviderId> {
    match kind {
        EventKind::Started { provider, .. }
        | EventKind::Replied { provider, .. }
        | EventKind::Cancelled { provider, .. }
        | EventKind::Breaker { provider, .. }
        | EventKind::Ejected { provider, .. }
        | EventKind::Checked { provider, .. }
        | EventKind::Billed { provider, .. }
        | EventKind::Answered { provider, .. } => Some(*provider),
        EventKind::Arrived { .. }
        | EventKind::FirstTokenDelivered { .. }
        | EventKind::Ended { .. }
        | EventKind::Fired { .. } => None,
    }
}

/// The least scenario that can be measured by; what a trace cannot know says nothing.
fn least(name: &str, providers: Vec<Provider>, last: Instant) -> Scenario {
    // Whole windows, as far as the one in which the last call arrived.
    let window = SHORTEST_WINDOW.max(last.since_start() / MOST_WINDOWS);
    let windows = last.as_nanos() / nanos(window) + 1;
    let duration = Duration::from_nanos(nanos(window).saturating_mul(windows));
    let calls = Calls::Trace {
        shown: name.to_owned(),
        path: name.into(),
        rows: Arc::default(),
    };
    Scenario {
        name: name.to_owned(),
        about: "What production recorded.".to_owned(),
        run: Run {
            duration,
            seeds: 1..=1,
            drain: Duration::ZERO,
        },
        network: Network {
            one_way: Duration::ZERO,
        },
        providers,
        load: Load {
            calls,
            stream: 0,
            whole: 0,
            deadline: None,
            max_tokens: None,
            prefix: None,
            tasks: Vec::new(),
            user_retry: None,
            clients: 1,
        },
        faults: Vec::new(),
        operations: Vec::new(),
        policies: Vec::new(),
        expect: Vec::new(),
        uptime: Uptime {
            window,
            down_above: 50_000_000,
        },
    }
}

fn provider(named: &Named) -> Provider {
    let nothing = Quantiles {
        p50: Duration::ZERO,
        p99: Duration::ZERO,
    };
    let source = match named.input {
        Some(_) => "the trace",
        None => "nobody said",
    };
    let input = named.input.unwrap_or_default();
    Provider {
        name: named.name.clone(),
        dialect: Dialect::default(),
        model: named.model.clone(),
        ttft: nothing,
        speed: Quantiles { p50: 0, p99: 0 },
        limits: Limits::default(),
        one_way: Duration::ZERO,
        price: Price {
            input,
            output: named.output.unwrap_or_default(),
            cached: input,
            source: source.to_owned(),
        },
        capacity: None,
        cache: None,
        context: None,
        quality: None,
        key_count: 1,
    }
}

const NO_BILLS: &str = "no tokens are recorded here: what the calls cost is not known";

/// As a scenario's by default.
const SHORTEST_WINDOW: Duration = Duration::from_secs(10);

/// A report counts each window of arrival time.
const MOST_WINDOWS: u32 = 1_000_000;
