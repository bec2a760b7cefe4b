//! Measures: a trace in, numbers out, and one renderer per format. Pure.
//!
//! ```text
//! events -> fold -> state, merged over seeds -> measures -> verdicts -> table, json, csv, markdown
//! ```
//!
//! - [`fold`]: folds the events of one run into its state as they come.
//! - [`state`]: integer counters and sparse histograms; merges exactly.
//! - [`histogram`], [`windows`], [`timeline`], [`cost`], [`conduct`], [`aftermath`]: the parts of a
//!   state, one judgement each; `failover`, `comeback`, `moments` and `scopes` help to fold them.
//! - [`measures`]: every measure, defined once: name, unit, function.
//! - [`value`], [`mod@unit`]: what a measure is worth, exactly, and how that is written.
//! - [`verdict`]: expectations against measures, three-valued.
//! - [`production`]: the same for traces of production, which know no scenario.
//! - `table`, `json`, `csv`, `markdown`, `chart`: one renderer each; [`command`]: what
//!   reproduces a report.
//!
//! It knows neither world nor client: it reads the trace of production calls just as well.

mod attempt_peaks;
mod call_record;
mod chart;
pub mod client_rules;
pub mod collector;
pub mod command;
pub mod cost;
mod csv;
mod failover;
pub mod fault_impact;
pub mod histogram;
mod json;
mod markdown;
pub mod measures;
pub mod production;
pub mod ratio;
mod recovery;
pub mod run_stats;
mod scopes;
mod table;
pub mod timeline;
pub mod unit;
pub mod verdict;
pub mod windows;

use std::sync::Mutex;

pub use collector::Collector;
pub use json::json_array;
pub use run_stats::RunStats;
pub use verdict::Verdict;

use crate::expect::{self, Expectation};
use crate::policy::config::EVERY;
use crate::prices::Price;
use crate::scenario::Scenario;
use crate::scenario::load::Loaded;
use crate::text::Diagnostic;
use crate::trace::{Event, Recorder};
use measures::View;
use verdict::{ExpectationError, ExpectationResult, Facts};

impl Recorder for Mutex<Collector> {
    fn record(&self, event: &Event) {
        if let Ok(mut fold) = self.lock() {
            fold.on_event(event);
        }
    }
}

/// The result of one scenario: every policy, measured and judged.
#[derive(Clone, Debug)]
pub struct Report {
    scenario: Scenario,
    prices: Vec<Price>,
    path: String,
    seeds: String,
    overrides: Vec<(String, String)>,
    /// The policies as the user wrote them, in order; empty when the scenario chose.
    written: Vec<String>,
    policies: Vec<Judged>,
    /// The file of its picture, as a page beside it names it.
    picture: Option<String>,
    /// Expectations on policies that did not run, or that compare with one: policy and text.
    skipped: Vec<(String, String)>,
    /// The traces of production that it is about; none for a simulated run.
    traces: Vec<String>,
    /// What a reader must know beside what the scenario says.
    remarks: Vec<String>,
}

/// A policy that ran.
#[derive(Clone, Debug)]
struct Judged {
    name: String,
    state: RunStats,
    judgements: Vec<ExpectationResult>,
}

/// How a report is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For a terminal of 80 columns.
    Table,
    /// The result document.
    Json,
    /// One row per policy and measure.
    Csv,
    /// For a repository.
    Markdown,
}

impl Report {
    /// The report on `scenario`: `seeds` as it is shown (`1..5`), and each policy's merged state.
    /// `path` is the scenario's file as it was named: the reproducing line quotes it.
    ///
    /// The line that reproduces the whole report names the policies where they are not those that
    /// `scenario.policies` lists: give the scenario as its file has it.
    pub fn new(
        scenario: &Scenario,
        path: &str,
        seeds: &str,
        policies: Vec<(String, RunStats)>,
    ) -> Self {
        let prices: Vec<Price> = scenario
            .providers
            .iter()
            .map(|provider| provider.price.clone())
            .collect();
        let ran = |name: &str| policies.iter().any(|(policy, _)| policy == name);
        let skipped = scenario.expect.iter().flat_map(|(policy, expected)| {
            let compared = |one: &&Expectation| one.than.as_deref().is_none_or(ran);
            let is_judged = policy == EVERY || ran(policy);
            let skipped = expected
                .iter()
                .filter(move |one| !(is_judged && compared(one)));
            skipped.map(|expected| (policy.clone(), expected.text.clone()))
        });
        Self {
            skipped: skipped.collect(),
            policies: judge_all(scenario, &prices, policies),
            scenario: scenario.clone(),
            prices,
            path: path.to_owned(),
            seeds: seeds.to_owned(),
            overrides: Vec::new(),
            picture: None,
            written: Vec::new(),
            traces: Vec::new(),
            remarks: Vec::new(),
        }
    }

    /// With what `--set` changed (path, value), which reproducing lines repeat.
    #[must_use]
    pub fn with_overrides(mut self, overrides: &[(String, String)]) -> Self {
        self.overrides = overrides.to_vec();
        self
    }

    /// With the policies as the user wrote them (`./mine.yaml`), one for each that ran, in order:
    /// reproducing lines repeat them. Empty when the scenario chose.
    #[must_use]
    pub fn with_policies_as_written(mut self, written: &[String]) -> Self {
        self.written = written.to_vec();
        self
    }

    /// With a picture in the file `name` beside its page: the page shows it.
    #[must_use]
    pub fn with_picture(mut self, name: &str) -> Self {
        self.picture = Some(name.to_owned());
        self
    }

    /// Its picture, as SVG: answers and attempts per second over the run.
    pub fn picture(&self) -> String {
        chart::render(self)
    }

    /// The worst verdict of all expectations; no expectation at all holds.
    pub fn verdict(&self) -> Verdict {
        let judgements = self.policies.iter().flat_map(|policy| &policy.judgements);
        let verdicts = judgements.map(|judgement| judgement.verdict);
        verdicts.max().unwrap_or(Verdict::Holds)
    }

    /// Each policy that ran, in order, with what it came to.
    pub fn policies(&self) -> impl Iterator<Item = (&str, &RunStats)> {
        self.policies
            .iter()
            .map(|policy| (policy.name.as_str(), &policy.state))
    }

    /// The faults that fired under no policy.
    pub fn never_fired(&self) -> Vec<&str> {
        let faults = self.scenario.faults.iter().enumerate();
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
        match format {
            Format::Table => table::render(self, color),
            Format::Json => json::render(self),
            Format::Csv => csv::render(self),
            Format::Markdown => markdown::render(self),
        }
    }

    /// What a reader must know beside the numbers.
    fn notes(&self) -> Vec<String> {
        let mut notes = self.scenario.notes();
        notes.extend_from_slice(&self.remarks);
        notes
    }

    /// All calls of a policy, to be measured.
    fn view<'a>(&'a self, policy: &'a Judged) -> View<'a> {
        View::all(&policy.state, &self.prices)
    }

    /// The line that runs one policy of this report again.
    fn again(&self, policy: &str) -> String {
        let place = self
            .policies
            .iter()
            .position(|judged| judged.name == policy);
        let written = place.and_then(|place| self.written.get(place));
        let policy = written.map_or(policy, String::as_str);
        command::run(&self.path, &[policy], &self.seeds, &self.overrides)
    }
}

/// Checks that every expectation names a known metric, what that takes, and a bound in its unit.
pub fn check_expectations(loaded: &Loaded) -> Result<(), Diagnostic> {
    for (policy, expected) in &loaded.scenario.expect {
        for (place, expectation) in expected.iter().enumerate() {
            if let Err(mistake) = verdict::check(expectation, &loaded.scenario) {
                let place = place.to_string();
                let path = ["expect", policy.as_str(), place.as_str()];
                return Err(problem(loaded, &path, expectation, &mistake));
            }
        }
    }
    Ok(())
}

/// `mistake`, shown in its file.
fn problem(
    loaded: &Loaded,
    path: &[&str],
    expectation: &Expectation,
    mistake: &ExpectationError,
) -> Diagnostic {
    let Expectation { text, metric, .. } = expectation;
    let argument = expectation.argument.as_deref().unwrap_or_default();
    let at = |message: String| loaded.document.problem(path, message);
    let within = |part: &str, message: String| {
        let start = text.find(part).unwrap_or_default();
        at(message).within(text, start..start + part.len())
    };
    let known = |kind| verdict::names(kind, &loaded.scenario);
    match *mistake {
        ExpectationError::UnknownMetric => {
            at(format!("there is no measure `{metric}`")).did_you_mean(metric, verdict::metrics())
        }
        ExpectationError::WrongUnit(unit) => at(format!("`{metric}` is not measured in this unit"))
            .hint(format!("compare it with {}", unit.example())),
        ExpectationError::NoArgument(kind) => {
            let one = known(kind).first().copied().unwrap_or("name");
            within(metric, format!("`{metric}` is about one {}", kind.word()))
                .hint(format!("write as in `{metric}({one})`"))
        }
        ExpectationError::UnknownArgument(kind) => {
            let message = format!("unknown {} `{argument}`", kind.word());
            within(argument, message).did_you_mean(argument, known(kind))
        }
        ExpectationError::NeedlessArgument => {
            within(argument, format!("`{metric}` is about no one thing"))
                .hint(format!("write `{metric}`"))
        }
        ExpectationError::NeedlessMoment => {
            at(format!("`{metric}({argument})` is about the whole run"))
                .hint("leave out `during` or `after`, and the fault behind it")
        }
        ExpectationError::NeverAfter => at("there is no such time after this fault".to_owned())
            .hint("it lasts to the end of the run, or comes back too soon"),
        ExpectationError::NoInterval => at("no interval can be told here".to_owned()).hint(
            "`with 95%` is for `success_rate`, `fallback_rate` and `shed_rate`, against a share",
        ),
    }
}

fn judge_all(
    scenario: &Scenario,
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
        let expected = expect::expected_of(&scenario.expect, name);
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
        })
        .collect()
}
