//! The result document, `firedrill.result/2`: everything, for programs.
//!
//! Policies are in the order of the run, measures in the order of their table. An undefined value
//! is `null`, money is a decimal string. A value that is per run has its total over all runs beside
//! it; one that is only a lower bound, since the run ended first, is marked `is_lower_bound`.
//! `state` holds the integers from which every value is derived, so that results of other seeds
//! merge exactly, and `by_seed` each run's exact values (as `[numerator, denominator]`), calls and
//! outages, so that results can be compared. `report::document` reads it back.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::Screen;
use crate::report::document::{Asked, RESULTS, SCHEMA};
use crate::report::measures::View;
use crate::report::not_judged::overall;
use crate::report::ratio::Ratio;
use crate::report::unit::{Unit, Written};
use crate::report::verdict::{ExpectationResult, Verdict};
use crate::report::{
    Audit, BySeed, Judged, Report, RunStats, Spent, Subject, breakdown, command, compare, measures,
};
use crate::units::Money;

/// The document of `report`, on one line.
pub(super) fn render(report: &Report, _: &Screen) -> String {
    document(report, &report.subject.resolved) + "\n"
}

/// Several reports as one document, `firedrill.results/1`: the overall verdict, how many reports
/// have each verdict, and the document of each, one a line.
pub fn json_results(reports: &[&Report]) -> String {
    let verdicts = Verdict::ALL.map(|verdict| {
        let has_it = |report: &&&Report| report.verdict() == verdict;
        let count = reports.iter().filter(has_it).count();
        format!("\"{}\":{count}", verdict.word())
    });
    let documents = reports.iter().map(|report| {
        let document = document(report, &report.subject.resolved);
        format!("\n{document}")
    });
    format!(
        "{{\"schema\":\"{RESULTS}\",\"verdict\":\"{}\",\"verdicts\":{{{}}},\"results\":[{}\n]}}\n",
        overall(reports).word(),
        verdicts.join(","),
        Vec::from_iter(documents).join(",")
    )
}

fn document(report: &Report, resolved: &serde_json::Value) -> String {
    let skipped = report.skipped.iter();
    let document = Document {
        schema: SCHEMA,
        notes: &report.subject.notes,
        scenario: &report.subject.name,
        seeds: &report.seeds,
        verdict: report.verdict().word(),
        resolved,
        subject: &report.subject,
        asked: asked(report),
        policies: Pairs(
            report
                .policies
                .iter()
                .map(|policy| (policy.name.clone(), Policy::new(report, policy)))
                .collect(),
        ),
        baseline: report
            .baseline
            .iter()
            .map(|(_, one)| compare::Document::new(one))
            .collect(),
        audit: report.audit.as_ref(),
        skipped: skipped
            .map(|(policy, text)| Skipped { policy, text })
            .collect(),
    };
    serde_json::to_string(&document).unwrap_or_default()
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notes: &'a [String],
    scenario: &'a str,
    seeds: &'a str,
    verdict: &'static str,
    resolved: &'a serde_json::Value,
    subject: &'a Subject,
    asked: Asked,
    policies: Pairs<Policy<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    baseline: Vec<compare::Document<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audit: Option<&'a Audit>,
    skipped: Vec<Skipped<'a>>,
}

/// How the report was asked for, without the folders of one machine.
fn asked(report: &Report) -> Asked {
    let portable = |text: &String| command::portable(text).to_owned();
    let set = report.overrides.iter();
    Asked {
        path: portable(&report.path),
        set: set
            .map(|(path, value)| (path.clone(), portable(value)))
            .collect(),
        policies: report.written.iter().map(portable).collect(),
        engine: report.engine.clone(),
        prices: report.price_file.as_ref().map(portable),
        judge_as: report.judge.clone(),
    }
}

/// An expectation on a policy that did not run.
#[derive(Serialize)]
struct Skipped<'a> {
    policy: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
struct Policy<'a> {
    measures: Pairs<Figure>,
    providers: Pairs<Pairs<Figure>>,
    #[serde(skip_serializing_if = "Pairs::is_empty")]
    tasks: Pairs<Pairs<Figure>>,
    ledger: Pairs<Pairs<Paid>>,
    expectations: Vec<Expected<'a>>,
    faults: Vec<Fault<'a>>,
    config: &'a serde_json::Value,
    state: &'a RunStats,
    #[serde(skip_serializing_if = "BySeed::is_empty")]
    by_seed: &'a BySeed,
}

impl<'a> Policy<'a> {
    fn new(report: &'a Report, policy: &'a Judged) -> Self {
        let state = &policy.state;
        let view = report.view(policy);
        let measured = measures::worth_saying(&view).map(|(measure, value)| {
            let figure = Figure::new(measure.unit, value, state.runs);
            (measure.name.to_owned(), figure)
        });
        let unended = measures::unended(state);
        let each = measures::named_each(&view).into_iter();
        let each = each.map(|(name, unit, value)| {
            let is_lower_bound = unended.contains(&name);
            let figure = Figure::new(unit, Some(value), state.runs);
            (
                name,
                Figure {
                    is_lower_bound,
                    ..figure
                },
            )
        });
        let fired = state.faults.iter().zip(&state.fired);
        Self {
            measures: Pairs(measured.chain(each).collect()),
            providers: providers(report, state),
            tasks: tasks(&view),
            ledger: ledger(report, state),
            expectations: policy.judgements.iter().map(Expected::new).collect(),
            faults: fired.map(|(name, &fired)| Fault { name, fired }).collect(),
            config: &policy.config,
            state,
            by_seed: &policy.by_seed,
        }
    }
}

/// The measures of each task's calls.
fn tasks(all: &View<'_>) -> Pairs<Pairs<Figure>> {
    let figures = breakdown::tasks(all.state).map(|(task, scope)| {
        let view = View { scope, ..*all };
        let figures = measures::of_part(&view).into_iter();
        let figures =
            figures.map(|(name, unit, value)| (name, Figure::new(unit, value, all.state.runs)));
        (task.to_owned(), Pairs(figures.collect()))
    });
    Pairs(figures.collect())
}

fn providers(report: &Report, state: &RunStats) -> Pairs<Pairs<Figure>> {
    let tallies = state.run.providers.iter().zip(&report.prices);
    let named = state.providers.iter().zip(tallies);
    let figures = named.map(|(name, (tally, price))| {
        let figures = measures::of_provider(tally, price, state.runs).into_iter();
        let figures =
            figures.map(|(name, unit, value)| (name, Figure::new(unit, Some(value), state.runs)));
        (name.clone(), Pairs(figures.collect()))
    });
    Pairs(figures.collect())
}

/// What each provider billed, by fate; only fates that were billed.
fn ledger(report: &Report, state: &RunStats) -> Pairs<Pairs<Paid>> {
    let tallies = state.run.providers.iter().zip(&report.prices);
    let named = state.providers.iter().zip(tallies);
    let ledgers = named.map(|(name, (tally, price))| {
        let rows = tally.ledger.spent(price).into_iter();
        let billed = rows.filter(|(_, spent)| spent.total() > Money::ZERO);
        let paid = billed.map(|(fate, spent)| (fate.name().to_owned(), Paid::new(spent)));
        (name.clone(), Pairs(paid.collect()))
    });
    Pairs(ledgers.collect())
}

/// Dollars over all runs, as decimal strings, by kind of token.
#[derive(Serialize)]
struct Paid {
    prompt: String,
    cached: String,
    output: String,
}

impl Paid {
    fn new(spent: Spent) -> Self {
        Self {
            prompt: spent.prompt.usd(),
            cached: spent.cached.usd(),
            output: spent.output.usd(),
        }
    }
}

/// A value and its unit; the total of all runs, too, of what is per run.
#[derive(Serialize)]
struct Figure {
    value: Written,
    unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<Written>,
    /// The run ended first: the true value is at least this one.
    #[serde(skip_serializing_if = "is_false")]
    is_lower_bound: bool,
}

impl Figure {
    fn new(unit: Unit, value: Option<Ratio>, runs: u64) -> Self {
        let total = value.filter(|_| unit.is_per_run());
        Self {
            value: Written(unit, value),
            unit: unit.name(),
            total: total.map(|value| Written(unit, Some(value.times(runs.max(1))))),
            is_lower_bound: false,
        }
    }
}

/// By reference, as serde passes it.
const fn is_false(value: &bool) -> bool {
    !*value
}

#[derive(Serialize)]
struct Expected<'a> {
    text: &'a str,
    verdict: &'static str,
    value: Option<Written>,
    #[serde(skip_serializing_if = "is_false")]
    is_lower_bound: bool,
}

impl<'a> Expected<'a> {
    fn new(judgement: &'a ExpectationResult) -> Self {
        Self {
            text: &judgement.text,
            verdict: judgement.verdict.word(),
            value: judgement
                .value
                .map(|(unit, value)| Written(unit, Some(value))),
            is_lower_bound: judgement.is_lower_bound,
        }
    }
}

#[derive(Serialize)]
struct Fault<'a> {
    name: &'a str,
    fired: u64,
}

/// A JSON object whose keys keep their order.
struct Pairs<T>(Vec<(String, T)>);

impl<T> Pairs<T> {
    const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: Serialize> Serialize for Pairs<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}
