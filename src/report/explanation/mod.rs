//! What decided an expectation, as lines of text: seeds, windows, faults and calls, as far as a
//! result document holds them.
//!
//! A result keeps the counts over time of all runs together, and of each run its values, its
//! outages and the numbers of its failed calls. What it does not keep is not told: `firedrill
//! trace` makes a run again and shows it.
//!
//! - `evidence`: what decides a measure, and its lines; `moments`: when that was.

mod evidence;
mod moments;

use std::cmp::Reverse;

use super::unit::Unit;
use super::verdict::{self, ExpectationResult};
use super::{Judged, Ratio, Report, Scope};
use crate::expect::{self, Expectation, When};
use crate::report::measures::{self, Measure, View};

/// An expectation of a report that was judged.
#[derive(Clone, Copy)]
pub(crate) struct Case<'a> {
    report: &'a Report,
    policy: &'a Judged,
    result: &'a ExpectationResult,
    expectation: &'a Expectation,
    measure: &'static Measure,
}

impl Report {
    /// Every expectation that was judged, policy by policy.
    pub(crate) fn cases(&self) -> impl Iterator<Item = Case<'_>> {
        let judged = |policy: &Judged| policy.judgements.len();
        let all = self.policies.iter();
        let all = all.flat_map(move |policy| (0..judged(policy)).map(move |nth| (policy, nth)));
        all.filter_map(|(policy, nth)| {
            let result = policy.judgements.get(nth)?;
            let mut expected = expect::expected_of(&self.subject.expect, &policy.name);
            let expectation = expected.find(|one| one.text == result.text)?;
            Some(Case {
                report: self,
                policy,
                result,
                expectation,
                measure: measures::find(&expectation.metric)?,
            })
        })
    }
}

impl<'a> Case<'a> {
    /// The expectation, as it was written.
    pub(crate) fn text(&self) -> &'a str {
        &self.result.text
    }

    /// The expectation behind its policy: `resilient: uptime >= 99%`.
    pub(crate) fn full_text(&self) -> String {
        format!("{}: {}", self.policy.name, self.result.text)
    }

    /// Its verdict and value, what decided it, and the line that opens its calls if `can_trace`.
    pub(crate) fn lines(&self, can_trace: bool) -> Vec<String> {
        let (verdict, finding) = (self.result.verdict.word(), &self.result.finding);
        let mut lines = vec![format!("{verdict}  {}, {finding}", self.full_text())];
        let mut told = evidence::lines(self);
        told.extend(self.seed_lines());
        if can_trace && let Some((seed, pick)) = evidence::next(self) {
            told.push(self.report.trace(&self.policy.name, seed, pick));
        }
        lines.extend(told.iter().map(|line| format!("  {line}")));
        lines
    }

    /// The calls that it is about; none when they were not counted.
    fn scope(&self) -> Option<&'a Scope> {
        let (of, when) = (self.expectation.of.as_ref(), self.expectation.when);
        let view = View::of(&self.policy.state, of, when, &self.report.prices)?;
        Some(view.scope)
    }

    /// The value of each run and its seed, the worst first; and whether they are of the measure
    /// as the expectation narrows it, or of all calls.
    fn seeds(&self) -> (Vec<(u64, Ratio)>, bool) {
        let Expectation {
            metric, argument, ..
        } = self.expectation;
        let values = &self.policy.by_seed.values;
        let full = argument.as_ref().map(|name| format!("{metric}({name})"));
        let own = values.get(full.as_ref().unwrap_or(metric));
        let is_own =
            own.is_some() && self.expectation.when == When::Always && self.expectation.of.is_none();
        let Some(values) = own.or_else(|| values.get(metric)) else {
            return (Vec::new(), false);
        };
        let mut seeds = Vec::from_iter(values.iter().map(|(seed, value)| (*seed, *value)));
        match self.expectation.op.is_upper() {
            // A stable sort: of equal runs the first stays the first.
            true => seeds.sort_by_key(|(_, value)| Reverse(*value)),
            false => seeds.sort_by_key(|(_, value)| *value),
        }
        (seeds, is_own)
    }

    fn seed_lines(&self) -> Vec<String> {
        let (seeds, is_own) = self.seeds();
        if seeds.is_empty() {
            return vec!["the result holds no single runs".to_owned()];
        }
        let of_what = match is_own {
            true => String::new(),
            false => format!(
                " {} of all calls (it is not kept for fewer)",
                self.measure.name
            ),
        };
        let mut lines = vec![format!("by seed{of_what}, the worst first")];
        let rows = seeds.iter().take(MOST_ROWS).map(|(seed, value)| {
            let verdict = match self.result.limit.filter(|_| is_own) {
                Some(limit) if verdict::holds(*value, self.expectation.op, limit) => "  holds",
                Some(_) => "  fails",
                None => "",
            };
            format!("  seed {seed}  {}{verdict}", self.shown(*value))
        });
        lines.extend(rows);
        if let Some((_, best)) = seeds.get(MOST_ROWS..).and_then(|rest| rest.last()) {
            let (rest, best) = (seeds.len() - MOST_ROWS, self.shown(*best));
            lines.push(format!("  and {rest} more, the best {best}"));
        }
        lines
    }

    /// The value of one run, on its own side of the bound.
    fn shown(&self, value: Ratio) -> String {
        let unit: Unit = self.measure.unit;
        match self.result.limit {
            Some(limit) => unit.shown_beside(value, limit).replace(" per run", ""),
            None => unit.shown(value),
        }
    }
}

/// So many rows of a kind are told.
const MOST_ROWS: usize = 5;
