//! Measures from traces, with one renderer per format. Pure.
//!
//! ```text
//! events -> collector -> stats, merged over seeds -> measures -> verdicts -> render
//! ```
//!
//! - `subject`: the context of a trace.
//! - `collector`: folds the events of one run into its stats as they come.
//! - `run_stats`: integer counters and sparse histograms; `merge` adds them exactly.
//! - `alerts`, `histogram`, `windows`, `timeline`, `cost`, `ledger`, `client_rules` and
//!   `fault_impact`: the parts of the stats; `failover`, `recovery`, `attempt_peaks` and `scopes`
//!   help to fold them.
//! - [`measures`]: every measure, defined once: name, unit, function; `explained`: what its one
//!   sentence leaves out.
//! - `outcomes`, `by_seed`: how each call ended, and each run's values; `shards` merges reports
//!   on other seeds, `document` reads them back.
//! - [`compare`]: two policies, or one before and after a change; `statistics`: what seeds tell.
//! - `breakdown`: the same counts of one task, one client or one key.
//! - `ratio`, `unit`: the exact value of a measure, and its text forms.
//! - `verdict`: compares expectations with measures, three-valued; `spelling` knows other words.
//! - `not_judged`: the policies that no expectation was about, and the verdict of a whole report.
//! - `explanation`: what decided an expectation, as far as a result tells.
//! - `scorecard`: many policies over many scenarios.
//! - `production`: the same for recorded traces of production.
//! - `perfetto`: one run as a Chrome trace.
//! - `audit`: what runs without bytes came to on the simulated network.
//! - `replay`: one run in detail; `headline`: the finding in a sentence; `page`: both as HTML.
//! - `render`: one file for each format; `command`: the command that reproduces a report.
//!
//! It does not use world or client, so that it reads traces of production as well.

mod alerts;
mod attempt_peaks;
mod audit;
pub(crate) mod breakdown;
mod by_seed;
mod call_record;
pub(crate) mod client_rules;
pub(crate) mod collector;
pub(crate) mod command;
pub mod compare;
pub(crate) mod cost;
mod document;
pub(crate) mod explained;
mod explanation;
mod failover;
pub(crate) mod fault_impact;
mod headline;
pub(crate) mod histogram;
pub(crate) mod ledger;
pub mod measures;
mod merge;
mod not_judged;
mod open_calls;
mod outcomes;
mod page;
pub(crate) mod perfetto;
pub(crate) mod production;
pub(crate) mod ratio;
mod recovery;
mod render;
pub(crate) mod replay;
pub(crate) mod run_stats;
mod scopes;
mod scorecard;
mod seeds;
mod shards;
pub(crate) mod spelling;
pub(crate) mod statistics;
pub(crate) mod story;
pub(crate) mod subject;
pub(crate) mod timeline;
pub(crate) mod unit;
pub(crate) mod verdict;
pub(crate) mod windows;

use std::sync::Mutex;

use serde_json::Value;

pub use alerts::AlertTally;
pub use audit::{Audit, AuditedRun, OtherCall, OtherValue, OtherVerdict};
pub use breakdown::{KeyTally, Origin, Origins, Slice};
pub use by_seed::BySeed;
pub use client_rules::Conduct;
pub use collector::Collector;
pub use cost::Tokens;
pub use document::{ReadError, read};
pub(crate) use explanation::Case;
pub use fault_impact::{Aftermath, Interval, Longest};
pub use histogram::{Buckets, Times};
pub use ledger::{Fate, Ledger, Spent};
pub use not_judged::overall;
pub(crate) use not_judged::silent_fault;
pub use outcomes::{CallOutcomes, CallRanges};
pub(crate) use page::document;
pub use ratio::Ratio;
pub(crate) use ratio::grouped;
pub(crate) use render::chart::{Bar, Candidate, Map, bars, front};
pub(crate) use render::csv::text_of as csv_text;
pub use render::{Detail, Following, Format, Screen, ValueFormat, json_results, rendered, sweep};
pub use run_stats::{After, Endings, ProviderTally, RunStats, Scope, Transitions};
pub use scorecard::Scorecard;
pub use shards::MergeError;
pub(crate) use shards::difference;
pub use story::Blame;
pub use subject::{MeasuredFault, MeasuredProvider, Subject, UptimeRule};
pub use timeline::Timeline;
pub use unit::Unit;
pub use verdict::Verdict;
pub use windows::UptimeTally;

use crate::expect::{self, Expectation};
use crate::policy::config::{EVERY, Policy};
use crate::prices::Price;
use crate::trace::{Event, Recorder};
use compare::Comparison;
use measures::View;
use replay::Replay;
use story::{Pick, Story};
use verdict::{ExpectationResult, Facts};

/// # Panics
/// When an earlier event panicked while it was counted: the counts would miss calls.
impl Recorder for Mutex<Collector> {
    fn record(&self, event: &Event) {
        self.lock().expect(BROKEN).on_event(event);
    }

    fn record_all(&self, events: &[Event]) {
        let mut fold = self.lock().expect(BROKEN);
        events.iter().for_each(|event| fold.on_event(event));
    }
}

/// The reason why a collector whose lock is poisoned has no report.
pub(crate) const BROKEN: &str = "an event panicked while it was counted: calls would be missing";

/// The result of one scenario: every policy, measured and judged.
#[derive(Clone, Debug)]
#[must_use = "a report that is never asserted passes whatever happened: call `assert`"]
pub struct Report {
    subject: Subject,
    prices: Vec<Price>,
    path: String,
    seeds: String,
    overrides: Vec<(String, String)>,
    /// The engine that made its runs, if it is not the usual one.
    engine: Option<String>,
    /// The price book in place of ours, as the user named it.
    price_file: Option<String>,
    /// The policies as the user wrote them, in order; empty for the scenario's own.
    written: Vec<String>,
    /// The policy by whose expectations all were judged, as the user named it.
    judge: Option<String>,
    policies: Vec<Judged>,
    /// Its policies against those of an earlier report, by name.
    baseline: Vec<(String, Comparison)>,
    /// The file name of its picture, relative to its page.
    picture: Option<String>,
    /// Why policies failed expectations, for those that were run again to find out.
    stories: Vec<Story>,
    /// One run of each policy in detail, for those that were made again.
    replays: Vec<Replay>,
    /// Expectations that were not judged, because a policy did not run: policy and text.
    skipped: Vec<(String, String)>,
    /// What some of its runs came to by another engine.
    audit: Option<Audit>,
    /// A month under it, for pages and Markdown.
    month: Option<Month>,
}

/// What a month costs under the policies of a report, as text with a title and a picture.
#[derive(Clone, Debug)]
pub(crate) struct Month {
    /// Ours: a heading of the first level, then tables.
    pub(crate) markdown: String,
    /// SVG of ours.
    pub(crate) picture: String,
}

/// A policy that ran.
#[derive(Clone, Debug)]
struct Judged {
    name: String,
    state: RunStats,
    judgements: Vec<ExpectationResult>,
    /// Every setting, for documents; null when it is not known.
    config: Value,
    by_seed: BySeed,
}

impl Report {
    /// The report on `subject`: `seeds` as it is shown (`1..5`), and each policy's merged stats.
    /// `path` is the scenario's file as the user wrote it; reproducing commands quote it.
    ///
    /// The command that reproduces the whole report names the policies if they are not those that
    /// `subject.policies` lists: pass the subject of the scenario's file.
    pub fn new(
        subject: &Subject,
        path: &str,
        seeds: &str,
        policies: Vec<(String, RunStats)>,
    ) -> Self {
        let prices = subject.prices();
        let ran = |name: &str| policies.iter().any(|(policy, _)| policy == name);
        let skipped = subject.expect.iter().flat_map(|(policy, expected)| {
            let compared = |one: &&Expectation| one.than.as_deref().is_none_or(ran);
            let is_judged = policy == EVERY || ran(policy);
            let skipped = expected
                .iter()
                .filter(move |one| !(is_judged && compared(one)));
            skipped.map(|expected| (policy.clone(), expected.text.clone()))
        });
        Self {
            skipped: skipped.collect(),
            policies: judge_all(subject, &prices, policies),
            subject: subject.clone(),
            prices,
            path: path.to_owned(),
            seeds: seeds.to_owned(),
            overrides: Vec::new(),
            engine: None,
            price_file: None,
            baseline: Vec::new(),
            picture: None,
            stories: Vec::new(),
            replays: Vec::new(),
            written: Vec::new(),
            judge: None,
            audit: None,
            month: None,
        }
    }

    /// Adds the `--set` overrides (path, value), which reproducing commands repeat.
    pub fn with_overrides(mut self, overrides: &[(String, String)]) -> Self {
        self.overrides = overrides.to_vec();
        self
    }

    /// Adds the word of the engine that made its runs, if it is not the usual one.
    pub fn with_engine(mut self, engine: Option<&str>) -> Self {
        self.engine = engine.map(str::to_owned);
        self
    }

    /// Adds the price book in place of ours, as the user named it, for reproducing commands.
    pub fn with_price_file(mut self, path: Option<&str>) -> Self {
        self.price_file = path.map(str::to_owned);
        self
    }

    /// Adds the policies as the user wrote them (`./mine.yaml`), one for each that ran, in order:
    /// reproducing commands repeat them. Empty for the scenario's own.
    pub fn with_policies_as_written(mut self, written: &[String]) -> Self {
        self.written = written.to_vec();
        self
    }

    /// Adds every setting of each policy that ran, in order.
    pub fn with_configs(mut self, configs: Vec<Value>) -> Self {
        for (policy, config) in self.policies.iter_mut().zip(configs) {
            policy.config = config;
        }
        self
    }

    /// Adds the single runs of each policy, in order: comparing and merging reports needs them.
    pub fn with_runs(mut self, runs: Vec<BySeed>) -> Self {
        for (policy, runs) in self.policies.iter_mut().zip(runs) {
            policy.by_seed = runs;
        }
        self
    }

    /// Adds the policy by whose expectations the subject judges every policy, for reproducing
    /// commands.
    pub fn with_judge(mut self, judge: Option<&str>) -> Self {
        self.judge = judge.map(str::to_owned);
        self
    }

    /// Adds what some of its runs came to on the simulated network.
    pub fn with_audit(mut self, audit: Option<Audit>) -> Self {
        self.audit = audit;
        self
    }

    /// Adds how its policies, by name, differ from an earlier report.
    pub fn with_baseline(mut self, comparisons: Vec<(String, Comparison)>) -> Self {
        self.baseline = comparisons;
        self
    }

    /// Adds a picture in the file `name` beside its page: the page shows it.
    pub fn with_picture(mut self, name: &str) -> Self {
        self.picture = Some(name.to_owned());
        self
    }

    /// Adds what a month costs under its policies.
    pub(crate) fn with_month(mut self, month: Month) -> Self {
        self.month = Some(month);
        self
    }

    /// Its picture, as SVG: success over the run, and what its expectations ask for.
    pub fn picture(&self) -> String {
        render::chart::picture(self)
    }

    /// The name of its scenario.
    pub fn name(&self) -> &str {
        &self.subject.name
    }

    /// The scenario's file, as the user wrote it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What it is about.
    pub(crate) const fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The seeds, as they are shown: `1..20`.
    pub(crate) fn seeds(&self) -> &str {
        &self.seeds
    }

    /// Each policy that ran, in order, with its stats.
    pub fn policies(&self) -> impl Iterator<Item = (&str, &RunStats)> {
        self.policies
            .iter()
            .map(|policy| (policy.name.as_str(), &policy.state))
    }

    /// What the measure of `expectation` is worth under `policy`, in its unit; none when that is
    /// undefined, or the policy did not run.
    pub fn value(&self, policy: &str, expectation: &Expectation) -> Option<(Unit, Ratio)> {
        let ran = self.policies.iter().find(|one| one.name == policy)?;
        let found = verdict::measured(expectation, &ran.state, &self.prices)?;
        Some((found.measure.unit, found.value))
    }

    /// The policies as the user wrote them, none for the scenario's own; and the overrides.
    pub(crate) fn asked(&self) -> (&[String], &[(String, String)]) {
        (&self.written, &self.overrides)
    }

    /// Whether it is about this scenario, as it was resolved, and about these policies.
    pub(crate) fn is_of(&self, resolved: &Value, policies: &[Policy]) -> bool {
        let configs = policies
            .iter()
            .map(|policy| serde_json::to_value(policy).ok());
        let own = self.policies.iter().map(|policy| Some(&policy.config));
        let is_same = own.eq(Vec::from_iter(configs).iter().map(Option::as_ref));
        is_same && self.subject.resolved == *resolved
    }

    /// The faults that fired under no policy.
    pub fn never_fired(&self) -> Vec<&str> {
        let faults = self.subject.faults.iter().enumerate();
        let silent = faults.filter(|(place, _)| {
            let fired = |policy: &Judged| policy.state.fired.get(*place).copied();
            self.policies
                .iter()
                .all(|policy| fired(policy).unwrap_or(0) == 0)
        });
        silent.map(|(_, fault)| fault.name.as_str()).collect()
    }

    /// The report as `format` shows it; `color` is for the table only.
    pub fn render(&self, format: Format, color: bool) -> String {
        let screen = Screen {
            color,
            ..Screen::default()
        };
        self.render_on(format, &screen)
    }

    /// The report as `format` shows it on `screen`.
    pub fn render_on(&self, format: Format, screen: &Screen) -> String {
        format.render(self, screen)
    }

    /// All calls of a policy.
    fn view<'a>(&'a self, policy: &'a Judged) -> View<'a> {
        View::all(&policy.state, &self.prices)
    }

    /// The command that judges one policy of this report again by the expectation `text`, beside
    /// the policy that it is compared with.
    fn again(&self, policy: &str, text: &str) -> String {
        let mut expected = expect::expected_of(&self.subject.expect, policy);
        let expected = expected.find(|expected| expected.text == text);
        let than = expected.and_then(|expected| expected.than.as_deref());
        let policies = [policy].into_iter().chain(than);
        let policies = Vec::from_iter(policies.map(|policy| self.as_written(policy)));
        command::run(&self.path, &policies, &self.seeds, self.options())
    }

    /// The command that traces the run of one policy under `seed`: these calls of it.
    fn trace(&self, policy: &str, seed: u64, pick: Pick) -> String {
        let policy = self.as_written(policy);
        command::trace(&self.path, policy, (seed, pick), self.options())
    }

    /// The options that reproducing commands repeat.
    fn options(&self) -> command::Options<'_> {
        command::Options {
            judge: self.judge.as_deref(),
            engine: self.engine.as_deref(),
            prices: self.price_file.as_deref(),
            set: &self.overrides,
        }
    }

    /// The policy `name` as the user wrote it.
    fn as_written<'a>(&'a self, name: &'a str) -> &'a str {
        let place = self.policies.iter().position(|judged| judged.name == name);
        let written = place.and_then(|place| self.written.get(place));
        written.map_or(name, String::as_str)
    }
}

fn judge_all(
    subject: &Subject,
    prices: &[Price],
    policies: Vec<(String, RunStats)>,
) -> Vec<Judged> {
    let never_fired = |fault: usize| {
        let mut states = policies.iter().map(|(_, state)| state);
        states.all(|state| state.fired.get(fault).is_none_or(|fired| *fired == 0))
    };
    let other = |name: &str| {
        let mut named = policies.iter().filter(|(policy, _)| policy == name);
        named.next().map(|(_, state)| state)
    };
    let judged = policies.iter().map(|(name, state)| {
        let facts = Facts {
            state,
            prices,
            other: &other,
            never_fired: &never_fired,
        };
        let expected = expect::expected_of(&subject.expect, name);
        let told =
            expected.filter(|one| one.than.as_deref().is_none_or(|than| other(than).is_some()));
        told.map(|expected| verdict::judge(expected, &facts))
            .collect()
    });
    let judgements: Vec<Vec<ExpectationResult>> = judged.collect();
    let judged = policies.into_iter().zip(judgements);
    judged
        .map(|((name, state), judgements)| Judged {
            name,
            state,
            judgements,
            config: Value::Null,
            by_seed: BySeed::default(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::policy::CallId;
    use crate::time::Instant;
    use crate::trace::EventKind;

    #[test]
    fn a_broken_lock_is_an_error_and_loses_no_event_in_silence() {
        let subject = production::subject("told", Vec::new(), Instant::START);
        let collector = Mutex::new(Collector::new(&subject));
        let (call, streamed) = (CallId(0), false);
        let event = Event {
            at: Instant::START,
            kind: EventKind::Arrived { call, streamed },
        };
        collector.record(&event);
        let broken = catch_unwind(AssertUnwindSafe(|| {
            let _guard = collector.lock().expect("it is whole");
            panic!("while an event is counted");
        }));
        assert!(broken.is_err());
        let told = catch_unwind(AssertUnwindSafe(|| collector.record(&event)));
        assert!(told.is_err(), "the event was dropped without an error");
    }
}
