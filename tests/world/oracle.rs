//! Independent oracles: the report agrees with measures computed again from all events; and the
//! same story happens on another simulated network.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use firedrill::drill::Drill;
use firedrill::engine;
use firedrill::expect::{Of, When};
use firedrill::policy::{CallId, FailureClass, Outcome};
use firedrill::prices::Price;
use firedrill::report::measures::{MEASURES, View, find};
use firedrill::report::{
    Collector, Format, Origin, Origins, Ratio, Report, RunStats, Subject, read,
};
use firedrill::trace::{Event, EventKind, FaultId, Recorder};
use naive::{Figures, Naive};

mod alerts;
mod attempts;
mod classic_turmoil;
mod conduct;
mod naive;
mod random_traces;

/// Keeps all events of a run.
#[derive(Default)]
struct All(Mutex<Vec<Event>>);

impl Recorder for All {
    fn record(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

/// A shipped scenario under one policy, seed 1, with values set on top.
fn drill(scenario: &str, policy: &str, set: &[(&str, &str)]) -> Drill {
    let drill = Drill::load(format!("scenarios/{scenario}.yaml")).and_then(|drill| {
        let drill = drill.policy(policy)?.seeds(1..=1);
        set.iter()
            .try_fold(drill, |drill, (path, value)| drill.set(path, value))
    });
    drill.unwrap_or_else(|problem| panic!("{problem}"))
}

/// Runs it twice: for its report, and for all its events.
fn run(drill: &Drill) -> (RunStats, Vec<Event>) {
    let report = drill.run();
    let (_, state) = report.policies().next().expect("one policy ran");
    let all = Arc::new(All::default());
    engine::run(drill.scenario(), &drill.policies()[0], 1, all.clone());
    let events = std::mem::take(&mut *all.0.lock().unwrap());
    (state.clone(), events)
}

/// The report's values for these calls.
fn figures(view: &View<'_>) -> Figures {
    let mut figures = Figures::new();
    for measure in MEASURES {
        let Some(argument) = measure.argument() else {
            figures.insert(measure.name.to_owned(), measure.of(view));
            continue;
        };
        for (place, name) in argument.names(view.state).iter().enumerate() {
            let name = format!("{}({name})", measure.name);
            figures.insert(name, measure.of_one(view, place));
        }
    }
    figures
}

/// Both must have the same measures, with the same values.
fn compare(name: &str, measured: &Figures, mut counted: Figures) {
    for (measure, value) in measured {
        let witness = counted.remove(measure);
        let witness = witness.unwrap_or_else(|| panic!("{measure} is not counted again"));
        assert_eq!(*value, witness, "{name}: {measure}");
    }
    assert!(
        counted.is_empty(),
        "{name}: the report has no {:?}",
        counted.keys()
    );
}

/// A run, as the report has it and as it was.
struct Ran<'a> {
    name: String,
    subject: &'a Subject,
    state: &'a RunStats,
    events: &'a [Event],
    origins: Origins,
}

impl Ran<'_> {
    /// Compares every measure over the whole run, during and after each fault, and of every part
    /// for which the report has one.
    fn check(&self) {
        let (state, prices) = (self.state, self.prices());
        let mut scopes = vec![(When::Always, None, &state.run)];
        for (place, during) in state.during.iter().enumerate() {
            scopes.push((When::During(fault_id(place)), None, during));
        }
        for after in &state.after {
            let when = When::After {
                fault: fault_id(after.fault),
                from: after.from_ns,
                to: after.to_ns,
            };
            scopes.push((when, None, &after.calls));
        }
        for slice in &state.slices {
            scopes.push((slice.when, slice.of.as_ref(), &slice.calls));
        }
        let alerts = self.counted(When::Always, None).alerts();
        for (when, of, scope) in scopes {
            let name = format!("{}, {of:?} {when:?}", self.name);
            let view = View {
                scope,
                state,
                prices: &prices,
            };
            let takes = |call| of.is_none_or(|of| self.takes(of, call));
            let counted = self.counted(when, of.is_some().then_some(&takes));
            let mut all = counted.figures();
            all.extend(alerts.clone());
            compare(&name, &figures(&view), counted.where_defined(all));
        }
        self.check_faults();
    }

    /// How often each fault struck, and how many outages overlapped with it.
    fn check_faults(&self) {
        let uptime = self.counted(When::Always, None).uptime();
        for (place, fault) in self.subject.faults.iter().enumerate() {
            let name = format!("{}, {}", self.name, fault.name);
            let fires = |event: &&Event| match event.kind {
                EventKind::Fired { fault, .. } => fault.index() == place,
                _ => false,
            };
            let fired = self.events.iter().filter(fires).count() as u64;
            assert_eq!(self.state.fired[place], fired, "{name}");
            let overlapping = uptime.overlapping(&fault.windows, self.state.window_ns);
            let measured = self.state.run.uptime.overlapping[place];
            assert_eq!(measured, overlapping, "{name}");
        }
    }

    /// The calls of `when`, or those of a part.
    fn counted<'a>(&'a self, when: When, part: Option<&'a dyn Fn(CallId) -> bool>) -> Naive<'a> {
        let windows = when
            .fault()
            .map(|fault| &self.subject.faults[fault.index()]);
        Naive {
            subject: self.subject,
            events: self.events,
            during: windows.map(|fault| fault.windows),
            after: match when {
                When::After { from, to, .. } => Some((from, to)),
                _ => None,
            },
            part,
        }
    }

    /// Whether a call is of the part.
    fn takes(&self, of: &Of, call: CallId) -> bool {
        let origin = (self.origins)(call);
        match of {
            Of::Client(client) => origin.client == *client,
            Of::Task(name) => origin
                .task
                .is_some_and(|task| self.subject.tasks[task] == *name),
            other => panic!("no part is {other:?}"),
        }
    }

    fn prices(&self) -> Vec<Price> {
        let providers = self.subject.providers.iter();
        providers.map(|provider| provider.price.clone()).collect()
    }
}

fn fault_id(place: usize) -> FaultId {
    FaultId(u16::try_from(place).unwrap())
}

fn check(scenario: &str, policy: &str, set: &[(&str, &str)]) {
    let drill = drill(scenario, policy, set);
    let (state, events) = run(&drill);
    let ran = Ran {
        name: format!("{scenario} under {policy} {set:?}"),
        subject: drill.subject(),
        state: &state,
        events: &events,
        origins: Arc::new(|_| Origin::default()),
    };
    ran.check();
}

#[test]
fn an_outage_is_measured_as_it_was() {
    check("primary-outage", "no-failover", &[]);
    check("primary-outage", "resilient", &[]);
}

#[test]
fn cut_streams_are_measured_as_they_were() {
    check("cut-streams", "priority-fallback", &[]);
    check("cut-streams", "resilient", &[]);
}

#[test]
fn windows_that_come_back_are_measured_as_they_were() {
    check("flapping", "retry-only", &[]);
    check("flapping", "resilient", &[]);
}

#[test]
fn calls_that_give_up_and_late_bills_are_measured_as_they_were() {
    check(
        "cut-streams",
        "resilient",
        &[("load.deadline", "2s"), ("load.rate", "3/s")],
    );
    check(
        "silent-hang",
        "no-failover",
        &[("run.duration", "12m"), ("run.drain", "5s")],
    );
    check(
        "flapping",
        "resilient",
        &[("uptime.window", "7s"), ("load.clients", "3")],
    );
}

/// Prompts with shared prefixes, and a cache that keeps these.
const CACHED: [(&str, &str); 3] = [
    ("run.duration", "10m"),
    (
        "load.prefix",
        "{ tokens: 500 tok, distinct: 3, share: 80% }",
    ),
    ("providers.openai.cache", "{ ttl: 5m }"),
];

#[test]
fn cached_tokens_are_billed_at_their_price() {
    let price = |cached: &str| format!("{{ input: 2 USD, output: 8 USD, cached: {cached} }}");
    let dear = "{ dear: { at: 2m, for: 3m, target: openai, inject: price, factor: 3 } }";
    let (own, flat) = (price("0.5 USD"), price("2 USD"));
    let own = [("providers.openai.price", own.as_str())];
    let flat = [("providers.openai.price", flat.as_str())];
    let dear = [own[0], ("faults", dear)];
    check("no-faults", "no-failover", &[&CACHED, &dear[..]].concat());
    let cost = |set: &[(&str, &str)]| {
        let drill = drill("no-faults", "no-failover", &[&CACHED, set].concat());
        let (state, _) = run(&drill);
        let providers = drill.subject().providers.iter();
        let prices: Vec<Price> = providers.map(|one| one.price.clone()).collect();
        let cost = find("cost")
            .expect("it is one")
            .of(&View::all(&state, &prices));
        let cost = cost.expect("something was billed");
        (state.run.providers[0].ledger.billed().cached, cost)
    };
    let ((cached, saved), (same, full)) = (cost(&own), cost(&flat));
    assert!(cached > 10_000_000, "{cached} thousandths of a token");
    assert_eq!(cached, same);
    let difference = Ratio::fraction(u128::from(cached) * 15, 10_u128.pow(10));
    assert_eq!(Some(full.minus(saved)), difference, "1.50 USD a million");
    let (weighed, tripled) = cost(&dear);
    assert!(weighed > cached && tripled > saved);
}

/// The provider's and the client's view of an attempt.
struct Heard {
    /// The provider had written a whole answer by then.
    whole: bool,
    /// The client took its answer for a whole one.
    taken: bool,
}

/// All attempts that ended by themselves.
fn heard(events: &[Event]) -> Vec<Heard> {
    let mut numbers = BTreeMap::new();
    let mut whole = BTreeSet::new();
    let mut heard = Vec::new();
    for event in events {
        match event.kind {
            EventKind::Started {
                call, attempt, nth, ..
            } => drop(numbers.insert((call, attempt), nth)),
            EventKind::Answered {
                provider,
                call: Some(call),
                nth,
            } => assert!(whole.insert((call, provider, nth)), "{call:?} twice"),
            EventKind::Replied {
                call,
                attempt,
                provider,
                failure,
                ..
            } => heard.push(Heard {
                whole: whole.contains(&(call, provider, numbers[&(call, attempt)])),
                taken: failure.is_none(),
            }),
            _ => {}
        }
    }
    heard
}

#[test]
fn what_is_taken_for_an_answer_is_what_the_provider_finished() {
    for (scenario, policy) in [
        ("cut-streams", "no-failover"),
        ("cut-streams", "resilient"),
        ("silent-hang", "resilient"),
        ("flapping", "retry-only"),
    ] {
        let (_, events) = run(&drill(scenario, policy, &[("run.duration", "15m")]));
        let heard = heard(&events);
        assert!(heard.iter().all(|one| one.whole == one.taken), "{scenario}");
        assert!(heard.iter().any(|one| one.taken), "{scenario}");
        assert!(heard.iter().any(|one| !one.taken), "{scenario}");
    }
}

#[test]
fn a_reader_that_believed_cut_streams_would_be_caught() {
    let drill = drill("cut-streams", "resilient", &[]);
    let (state, mut events) = run(&drill);
    assert_eq!(state.run.endings.wrong_answer, 0);
    let (mut fold, mut believed) = (Collector::new(drill.subject()), BTreeSet::new());
    for event in &mut events {
        let mut end = None;
        if let EventKind::Replied {
            call,
            attempt,
            failure,
            ..
        } = &mut event.kind
            && matches!(failure, Some(FailureClass::Truncated | FailureClass::Reset))
            && believed.insert(*call)
        {
            *failure = None;
            let (call, attempt) = (*call, *attempt);
            let outcome = Outcome::Succeeded { attempt };
            end = Some(EventKind::Ended { call, outcome });
        }
        fold.on_event(event);
        if let Some(kind) = end {
            fold.on_event(&Event { at: event.at, kind });
        }
    }
    let (believed, run) = (believed.len() as u64, fold.finish().run);
    assert!(believed > 10, "{believed} streams were cut");
    assert_eq!(run.endings.wrong_answer, believed);
    assert!(
        run.succeeded + believed <= run.calls,
        "they are no successes"
    );
}

#[test]
fn no_shipped_scenario_makes_a_truncated_answer_a_success() {
    let files = std::fs::read_dir("scenarios").expect("it is there");
    let paths = files.map(|file| file.expect("it can be read").path());
    for path in paths.filter(|path| path.extension().is_some_and(|end| end == "yaml")) {
        let drill = Drill::load(&path).unwrap_or_else(|problem| panic!("{problem}"));
        for (policy, state) in drill.seeds(1..=1).run().policies() {
            let name = path.display();
            assert!(state.run.succeeded > 0, "{name}: {policy}");
            let wrong = state.run.endings.wrong_answer;
            assert_eq!(wrong, 0, "{name}: {policy}");
        }
    }
}

#[test]
fn the_time_after_a_fault_is_measured_as_it_was() {
    let fault = |scenario: &str| {
        let drill = drill(scenario, "resilient", &[]);
        drill.scenario().faults[0].name.clone()
    };
    for scenario in ["primary-outage", "flapping", "rate-limit-storm"] {
        let name = fault(scenario);
        let stretches = ["", " from 20s", " from 10s to 35s", " to 20s"];
        let expected = stretches.map(|limits| format!("goodput after {name}{limits} >= 1/s"));
        let expected = format!("{{ resilient: [{}] }}", expected.join(", "));
        check(scenario, "resilient", &[("expect", &expected)]);
    }
}

#[test]
fn documents_of_single_seeds_merge_into_that_of_both() {
    let drill =
        Drill::load("scenarios/flapping.yaml").unwrap_or_else(|problem| panic!("{problem}"));
    let under = |seeds| drill.clone().seeds(seeds).run();
    let (first, second, both) = (under(1..=1), under(2..=2), under(1..=2));
    let reread = |report: &Report| {
        let text = report.render(Format::Json, false);
        read(&text).expect("it is a result").remove(0)
    };
    let merged = reread(&second).merge(&reread(&first)).expect("they fit");
    for format in [Format::Json, Format::Table, Format::Csv, Format::Markdown] {
        assert_eq!(merged.render(format, false), both.render(format, false));
    }
}

#[test]
fn what_the_recorder_hears_folds_into_what_the_report_says() {
    let drill = drill("flapping", "resilient", &[("run.duration", "10m")]);
    let (state, events) = run(&drill);
    let mut fold = Collector::new(drill.subject());
    events.iter().for_each(|event| fold.on_event(event));
    assert_eq!(fold.finish(), state);
}
