//! Compares two policies, or one policy before and after a change: what differs, and whether the
//! seeds can tell.
//!
//! Runs under one seed are paired, since both got the same calls and the same luck. With fewer than
//! two seeds in common, `success_rate` is compared call by call; other rates as if their calls were
//! others, which is cautious; and what is no rate is not told. The difference is always the second
//! less the first. `statistics` has the intervals, `render` the formats.

mod margin;
mod render;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::measures::{self, Better, MEASURES, Measure, View};
use super::statistics::{self, Interval};
use super::{BySeed, Judged, Ratio, Report, Unit};

pub use margin::Margin;
pub use render::render;
pub(super) use render::{Document, markdown};

/// One side of a comparison: a policy of a report, and how it is called.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// The report.
    pub report: &'a Report,
    /// One of its policies.
    pub policy: &'a str,
    /// The file or the policy, for people.
    pub label: &'a str,
}

/// What two policies differ in.
#[derive(Clone, Debug)]
pub struct Comparison {
    pub(super) scenario: String,
    pub(super) first: String,
    pub(super) second: String,
    /// The seeds that both ran.
    pub(super) seeds: usize,
    pub(super) rows: Vec<Row>,
    /// Measures that are apart and have no row.
    pub(super) others: Vec<String>,
    pub(super) calls: Option<CallDifference>,
    pub(super) notes: Vec<String>,
}

/// A measure under both policies.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Its full name, as in `recovery_time(openai)`.
    pub(super) name: String,
    pub(super) measure: &'static Measure,
    /// The means over the seeds in which it is defined for both.
    pub(super) first: Option<f64>,
    pub(super) second: Option<f64>,
    pub(super) interval: Option<Interval>,
}

/// The calls that only one of both answered, over all seeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CallDifference {
    /// The second answered them, the first lost them.
    pub(super) saved: u64,
    /// The first answered them, the second lost them.
    pub(super) lost: u64,
    /// All calls of both.
    pub(super) all: u64,
}

/// What a comparison finds of one measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    Same,
    Better,
    Worse,
    /// Apart, where no value is better.
    Differs,
    /// Zero is in the interval.
    Together,
    /// There is no interval: one run of each says nothing.
    Untold,
}

impl Finding {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Differs => "differs",
            Self::Together => "cannot be told apart",
            Self::Untold => "too few seeds to tell",
        }
    }
}

impl Row {
    pub(super) fn finding(&self) -> Finding {
        match self.interval {
            Some(interval) if interval.is_apart() => {
                let is_more = interval.mean > 0.0;
                match self.measure.better {
                    Better::Neither => Finding::Differs,
                    Better::More if is_more => Finding::Better,
                    Better::Less if !is_more => Finding::Better,
                    Better::More | Better::Less => Finding::Worse,
                }
            }
            Some(interval) if interval.low == interval.high => Finding::Same,
            Some(_) => Finding::Together,
            None if self.first == self.second => Finding::Same,
            None => Finding::Untold,
        }
    }

    pub(super) const fn unit(&self) -> Unit {
        self.measure.unit
    }

    fn is_apart(&self) -> bool {
        self.interval.is_some_and(|interval| interval.is_apart())
    }
}

impl Comparison {
    /// Compares `second` with `first`; none when one of them has no such policy.
    pub fn new(first: Side<'_>, second: Side<'_>) -> Option<Self> {
        let (one, two) = (judged(first)?, judged(second)?);
        let seeds = one.by_seed.seeds();
        let seeds = seeds.filter(|seed| two.by_seed.calls.contains_key(seed));
        let seeds: BTreeSet<u64> = seeds.collect();
        let calls = calls(first, second, &seeds);
        let values = match seeds.is_empty() {
            true => [first, second].map(|side| merged(side)),
            false => [one, two].map(|judged| values(&judged.by_seed, &seeds)),
        };
        let mut comparison = Self {
            scenario: first.report.name().to_owned(),
            first: first.label.to_owned(),
            second: second.label.to_owned(),
            seeds: seeds.len(),
            rows: rows(&values),
            others: Vec::new(),
            calls,
            notes: notes(first, second, seeds.len()),
        };
        if let (0 | 1, Some(calls)) = (comparison.seeds, calls) {
            comparison.compare_by_call(calls);
        }
        Some(comparison)
    }

    /// Only these measures, by name with or without their argument; all when none is named.
    #[must_use]
    pub fn only(mut self, names: &[String]) -> Self {
        let is_named = |row: &Row| {
            names
                .iter()
                .any(|name| *name == row.name || name == row.measure.name)
        };
        self.rows.retain(|row| names.is_empty() || is_named(row));
        self
    }

    /// Only what users feel and pay; of the rest, what is apart is named.
    #[must_use]
    pub fn summary(mut self) -> Self {
        let others = self.rows.iter();
        let others = others.filter(|row| row.is_apart() && !is_summary(row));
        self.others = others.map(|row| row.name.clone()).collect();
        self.rows.retain(is_summary);
        self
    }

    /// The difference of a measure as sign and size, and whether it can be told.
    pub(super) fn difference(&self, name: &str) -> Option<(&'static str, Ratio, bool)> {
        let row = self.rows.iter().find(|row| row.name == name)?;
        let (first, second) = row.first.zip(row.second)?;
        let sign = match second.total_cmp(&first) {
            Ordering::Less => "-",
            Ordering::Equal => "",
            Ordering::Greater => "+",
        };
        let is_told = !matches!(row.finding(), Finding::Together | Finding::Untold);
        Some((sign, Ratio::near((second - first).abs()), is_told))
    }

    /// One run of each: the calls that only one of them lost decide.
    fn compare_by_call(&mut self, calls: CallDifference) {
        let mut rows = self.rows.iter_mut();
        if let Some(row) = rows.find(|row| row.name == measures::SUCCESS_RATE.name) {
            row.interval = statistics::by_call(calls.saved, calls.lost, calls.all);
        }
    }
}

fn is_summary(row: &Row) -> bool {
    SUMMARY.contains(&row.name.as_str())
}

fn judged(side: Side<'_>) -> Option<&Judged> {
    let mut policies = side.report.policies.iter();
    policies.find(|judged| judged.name == side.policy)
}

/// Each measure by its full name, with its value in each run.
type Values = BTreeMap<String, BTreeMap<u64, Ratio>>;

fn values(runs: &BySeed, seeds: &BTreeSet<u64>) -> Values {
    let values = runs.values.iter().map(|(name, values)| {
        let values = values.iter().filter(|(seed, _)| seeds.contains(seed));
        let values = values.map(|(seed, value)| (*seed, *value));
        (name.clone(), values.collect())
    });
    values.collect()
}

/// The values of all runs merged, as if they were one.
fn merged(side: Side<'_>) -> Values {
    let Some(judged) = judged(side) else {
        return Values::new();
    };
    let exact = measures::exact(&View::all(&judged.state, &side.report.prices));
    let values = exact.into_iter();
    let values = values.map(|(name, value)| (name, BTreeMap::from([(0, value)])));
    values.collect()
}

/// One row for each measure that is defined for one of both, in the order of their table.
fn rows([first, second]: &[Values; 2]) -> Vec<Row> {
    let names: BTreeSet<&String> = first.keys().chain(second.keys()).collect();
    let mut rows = Vec::new();
    for measure in MEASURES {
        let of_measure = names.iter().filter(|name| base(name) == measure.name);
        rows.extend(of_measure.map(|name| row(name, measure, first.get(*name), second.get(*name))));
    }
    rows
}

/// A measure's name without its argument.
fn base(name: &str) -> &str {
    name.split_once('(').map_or(name, |(base, _)| base)
}

fn row(
    name: &str,
    measure: &'static Measure,
    first: Option<&BTreeMap<u64, Ratio>>,
    second: Option<&BTreeMap<u64, Ratio>>,
) -> Row {
    let none = BTreeMap::new();
    let (first, second) = (first.unwrap_or(&none), second.unwrap_or(&none));
    let pairs = first.iter();
    let pairs = pairs.filter_map(|(seed, one)| second.get(seed).map(|two| (*one, *two)));
    let pairs: Vec<(Ratio, Ratio)> = pairs.collect();
    // What is defined for one of them only is shown, and not compared.
    let mean = |own: &BTreeMap<u64, Ratio>, paired: Vec<f64>| match paired.is_empty() {
        true => mean(own.values().map(|value| value.to_float()).collect()),
        false => mean(paired),
    };
    let differences = pairs
        .iter()
        .map(|(one, two)| two.to_float() - one.to_float());
    let interval = match &pairs[..] {
        [(one, two)] if measure.is_share_of_calls() => rates(*one, *two),
        _ => statistics::paired(&differences.collect::<Vec<_>>()),
    };
    Row {
        name: name.to_owned(),
        measure,
        first: mean(first, pairs.iter().map(|(one, _)| one.to_float()).collect()),
        second: mean(
            second,
            pairs.iter().map(|(_, two)| two.to_float()).collect(),
        ),
        interval,
    }
}

fn mean(values: Vec<f64>) -> Option<f64> {
    let count = values.len();
    (count > 0).then(|| values.iter().sum::<f64>() / count as f64)
}

/// The difference of two shares of calls.
fn rates(first: Ratio, second: Ratio) -> Option<Interval> {
    let rate = |ratio: Ratio| {
        let (part, all) = ratio.parts();
        statistics::wilson(part.try_into().ok()?, all.try_into().ok()?)
    };
    Some(statistics::unpaired(rate(first)?, rate(second)?))
}

/// The calls that only one of both answered; none where calls of one number are not the same call,
/// or not all are known.
fn calls(first: Side<'_>, second: Side<'_>, seeds: &BTreeSet<u64>) -> Option<CallDifference> {
    // A closed loop and impatient users make calls that depend on the policy; notes say so.
    let sides = [first, second];
    if seeds.is_empty()
        || sides
            .iter()
            .any(|side| !side.report.subject.notes.is_empty())
    {
        return None;
    }
    let (one, two) = (judged(first)?, judged(second)?);
    let (mut saved, mut lost, mut all) = (0_u64, 0_u64, 0_u64);
    for seed in seeds {
        let (one, two) = (one.by_seed.calls.get(seed)?, two.by_seed.calls.get(seed)?);
        if !(one.is_complete() && two.is_complete() && one.arrived() == two.arrived()) {
            return None;
        }
        saved = saved.saturating_add(two.saved_over(one));
        lost = lost.saturating_add(one.saved_over(two));
        all = all.saturating_add(one.arrived());
    }
    Some(CallDifference { saved, lost, all })
}

/// What a reader must know beside the numbers.
fn notes(first: Side<'_>, second: Side<'_>, seeds: usize) -> Vec<String> {
    let mut notes = Vec::new();
    if first.report.subject.resolved != second.report.subject.resolved
        && let Some(difference) = first.report.difference(second.report)
    {
        notes.push(format!("they did not measure the same: {difference}"));
    }
    let has_seeds = |side: Side<'_>| judged(side).is_some_and(|one| !one.by_seed.is_empty());
    match seeds {
        0 if has_seeds(first) && has_seeds(second) => {
            notes.push("no seed is in both: rates are compared as of other calls".to_owned());
        }
        0 => notes.push("there are no seeds: rates are compared as of other calls".to_owned()),
        1 => notes.push("one seed is in both: run more, as in `--seeds 20`, to tell".to_owned()),
        _ => {}
    }
    let own = first.report.subject.notes.iter();
    notes.extend(own.cloned());
    notes
}

/// What users feel and pay.
const SUMMARY: [&str; 8] = [
    "success_rate",
    "uptime",
    "latency.p50",
    "latency.p95",
    "ttft.p95",
    "attempts_per_call",
    "cost_per_success",
    "wasted_share",
];

#[cfg(test)]
mod tests;
