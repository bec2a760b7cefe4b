//! Expectations as rows, one for each policy:
//! `scenario,policy,expectation,verdict,value,unit,limit,bound,finding,file,line`.
//!
//! They are a table of their own, and no further rows under the measures: a program that sums or
//! draws measures goes on reading only those. The bound is `lower` where the run ended first, so
//! that the true value is at least this one.

use super::Screen;
use super::cases::{Case, Outcome, Suite};
use super::csv::text_of;
use crate::report::Report;

/// The rows of `report`, under their header.
pub(super) fn render(report: &Report, _: &Screen) -> String {
    text_of(|writer| {
        writer.write_record(HEADER)?;
        for suite in Suite::all(&[report]) {
            for case in &suite.cases {
                writer.write_record(row(report, case))?;
            }
        }
        Ok(())
    })
}

fn row(report: &Report, case: &Case<'_>) -> [String; HEADER.len()] {
    let (value, unit, limit, is_lower) = match &case.outcome {
        Outcome::NotJudged(_) => (None, "", None, false),
        Outcome::Judged(result) => {
            let unit = result.value.map(|(unit, _)| unit);
            let value = result.value.map(|(unit, value)| unit.decimal(value));
            let limit = unit
                .zip(result.limit)
                .map(|(unit, limit)| unit.decimal(limit));
            (
                value,
                unit.map_or("", |unit| unit.name()),
                limit,
                result.is_lower_bound,
            )
        }
    };
    [
        report.name().to_owned(),
        case.policy.to_owned(),
        case.text.to_owned(),
        case.verdict().word().to_owned(),
        value.unwrap_or_default(),
        unit.to_owned(),
        limit.unwrap_or_default(),
        if is_lower { "lower" } else { "" }.to_owned(),
        case.finding().to_owned(),
        report.path.clone(),
        case.line.map(|line| line.to_string()).unwrap_or_default(),
    ]
}

const HEADER: [&str; 11] = [
    "scenario",
    "policy",
    "expectation",
    "verdict",
    "value",
    "unit",
    "limit",
    "bound",
    "finding",
    "file",
    "line",
];
