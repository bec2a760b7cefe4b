//! Random traces: every measure of the table, over each scope, is what the slow count says.
//!
//! The traces keep the order that [`firedrill::trace`] promises, and nothing else: a call may do
//! what no policy would. Many times are multiples of half a second, so that events meet each other,
//! the ends of windows, and the moments at which alerts are evaluated.

use std::collections::BTreeSet;
use std::sync::Arc;

use firedrill::expect::{Expectation, Of, When};
use firedrill::policy::CallId;
use firedrill::report::measures::{MEASURES, Measure, View};
use firedrill::report::{Collector, Origin, Origins, Ratio, Report, Subject};
use firedrill::trace::Event;

use super::alerts::at_place;
use super::{Ran, fault_id, figures};
mod calls;
mod draws;
mod subjects;

use calls::Trace;
use draws::Draws;

#[test]
fn every_measure_of_a_random_trace_is_what_a_slow_count_says() {
    let mut told = BTreeSet::new();
    for seed in 0..TRACES {
        let mut draws = Draws::new(seed);
        let subject = subjects::subject(&mut draws);
        // The first are short: what fails there is read easily.
        let calls = seed % LENGTHS;
        let events = Trace::of(&subject, calls, &mut draws).events();
        let origins = origins(&subject, seed);
        let mut fold = Collector::with_origins(&subject, origins.clone());
        events.iter().for_each(|event| fold.on_event(event));
        let state = fold.finish();
        let ran = Ran {
            name: format!("trace {seed}"),
            subject: &subject,
            state: &state,
            events: &events,
            origins,
        };
        ran.check();
        check_places(&ran);
        told.extend(told_by(&ran));
    }
    let silent = MEASURES.iter().map(|measure| measure.name);
    let silent: Vec<&str> = silent.filter(|name| !told.contains(name)).collect();
    assert!(silent.is_empty(), "no trace has a value of {silent:?}");
}

/// The measures that have a value other than nothing: of others nothing was compared.
fn told_by(ran: &Ran<'_>) -> impl Iterator<Item = &'static str> {
    let figures = figures(&View::all(ran.state, &ran.prices()));
    let has_value = move |measure: &&Measure| {
        figures.iter().any(|(name, value)| {
            let base = name.split('(').next();
            base == Some(measure.name) && value.is_some_and(|value| value > Ratio::whole(0))
        })
    };
    let told = MEASURES.iter().filter(has_value);
    told.map(|measure| measure.name)
}

/// Every third call is of no task; clients take turns.
fn origins(subject: &Subject, seed: u64) -> Origins {
    let (tasks, clients) = (subject.tasks.len(), u64::from(subject.clients));
    Arc::new(move |call: CallId| {
        let task = (call.0 * 7 + seed) as usize % (tasks + 1);
        Origin {
            task: task.checked_sub(1),
            client: (call.0 % clients) as u32,
        }
    })
}

/// Compares what can be of one provider or one of its keys, as expectations ask for it.
fn check_places(ran: &Ran<'_>) {
    let stats = vec![("p".to_owned(), ran.state.clone())];
    let report = Report::new(ran.subject, "", "1", stats);
    let slices = ran.state.slices.iter();
    let mut scopes: Vec<_> = slices.map(|slice| (slice.when, slice.of.clone())).collect();
    scopes.push((When::Always, None));
    let faults = 0..ran.subject.faults.len();
    scopes.extend(faults.map(|place| (When::During(fault_id(place)), None)));
    for (place, provider) in ran.subject.providers.iter().enumerate() {
        let own = Place {
            name: provider.name.clone(),
            events: at_place(ran.events, place, None),
            has: Measure::is_at_providers,
        };
        let keys = (0..provider.keys).filter(|_| provider.keys > 1);
        let keys = keys.map(|key| Place {
            name: format!("{}/{}", provider.name, key + 1),
            events: at_place(ran.events, place, Some(key)),
            has: Measure::is_with_keys,
        });
        for place in keys.chain([own]) {
            for (when, of) in &scopes {
                place.check(ran, &report, *when, of.as_ref());
            }
        }
    }
}

/// A provider, or one of its keys.
struct Place {
    name: String,
    events: Vec<Event>,
    has: fn(&Measure) -> bool,
}

impl Place {
    fn check(&self, ran: &Ran<'_>, report: &Report, when: When, of: Option<&Of>) {
        let there = Ran {
            name: format!("{} at {}, {of:?} {when:?}", ran.name, self.name),
            events: &self.events,
            origins: ran.origins.clone(),
            ..*ran
        };
        let takes = |call| of.is_none_or(|of| there.takes(of, call));
        let counted = there.counted(when, of.is_some().then_some(&takes));
        let counted = counted.at_place();
        for measure in MEASURES.iter().filter(|measure| (self.has)(measure)) {
            let name = measure.name;
            let asked = Expectation {
                metric: name.to_owned(),
                argument: Some(self.name.clone()),
                of: of.cloned(),
                when,
                ..subjects::anything(when)
            };
            let value = report.value("p", &asked).map(|(_, value)| value);
            let witness = counted.get(name);
            let witness = witness.unwrap_or_else(|| panic!("{name} is not counted again"));
            assert_eq!(value, *witness, "{}: {name}", there.name);
        }
    }
}

/// A trace has fewer calls than this.
const LENGTHS: u64 = 41;

/// Seven of each length: they take a few seconds.
const TRACES: u64 = 7 * LENGTHS;
