//! One row per policy and measure: `scenario,policy,measure,value,unit,bound`.
//!
//! The measures of the table come first, those about one fault or provider after the others, then
//! each task's as `tasks.NAME.MEASURE`, and each provider's figures as `providers.NAME.FIGURE`.
//! Values are decimals; an undefined one is empty. The unit says which are per run. The bound is
//! `lower` where the run ended first, so that the true value is at least this one; else it is
//! empty. Verdicts are not in it.

use csv::Writer;

use super::Screen;
use crate::report::measures::View;
use crate::report::ratio::Ratio;
use crate::report::unit::Unit;
use crate::report::{Judged, Report, breakdown, measures};

/// The rows of `report`, under their header.
pub(super) fn render(report: &Report, _: &Screen) -> String {
    text_of(|writer| write(report, writer))
}

/// The rows that `write` writes, of one length each.
pub(crate) fn text_of(
    write: impl FnOnce(&mut Writer<Vec<u8>>) -> Result<(), csv::Error>,
) -> String {
    let mut writer = Writer::from_writer(Vec::new());
    let written = write(&mut writer);
    debug_assert!(written.is_ok(), "memory takes rows of one length");
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

fn write(report: &Report, writer: &mut Writer<Vec<u8>>) -> Result<(), csv::Error> {
    writer.write_record(["scenario", "policy", "measure", "value", "unit", "bound"])?;
    for policy in &report.policies {
        let unended = measures::unended(&policy.state);
        for (measure, unit, value) in rows(report, policy) {
            let value = value.map(|value| unit.decimal(value)).unwrap_or_default();
            let is_lower = unended.contains(&measure);
            writer.write_record([
                report.subject.name.as_str(),
                policy.name.as_str(),
                measure.as_str(),
                value.as_str(),
                unit.name(),
                if is_lower { "lower" } else { "" },
            ])?;
        }
    }
    Ok(())
}

fn rows(report: &Report, policy: &Judged) -> Vec<(String, Unit, Option<Ratio>)> {
    let view = report.view(policy);
    let mut rows: Vec<_> = measures::worth_saying(&view)
        .map(|(measure, value)| (measure.name.to_owned(), measure.unit, value))
        .collect();
    let each = measures::named_each(&view).into_iter();
    rows.extend(each.map(|(name, unit, value)| (name, unit, Some(value))));
    let state = &policy.state;
    for (task, scope) in breakdown::tasks(state) {
        for (name, unit, value) in measures::of_part(&View { scope, ..view }) {
            rows.push((format!("tasks.{task}.{name}"), unit, value));
        }
    }
    let tallies = state.run.providers.iter().zip(&report.prices);
    for (name, (tally, price)) in state.providers.iter().zip(tallies) {
        for (figure, unit, value) in measures::of_provider(tally, price, state.runs) {
            rows.push((format!("providers.{name}.{figure}"), unit, Some(value)));
        }
    }
    rows
}
