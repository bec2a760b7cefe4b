//! Several reports on one scenario, each with other `--set` values: for each policy one row per
//! value, and one line per measure that shows how it goes with the values.

use super::markdown;
use super::table::{self, COLUMNS};
use crate::report::measures::Better;
use crate::report::ratio::Ratio;
use crate::report::{Judged, Report, Verdict};
use crate::text::columns;

/// The reports of a sweep, each by what was set, as text for a terminal.
///
/// All must be on one scenario; policies that only some ran have fewer rows.
pub fn sweep(variants: &[(String, Report)]) -> String {
    let Some((_, first)) = variants.first() else {
        return String::new();
    };
    let (name, seeds) = (first.name(), table::seeds_and_length(first));
    let mut lines = Vec::new();
    for policy in &first.policies {
        lines.push(format!("{name}   {}   {seeds}", policy.name));
        lines.extend(rows(variants, &policy.name));
        lines.push(String::new());
    }
    lines.push(
        "* the best; courses from 0 (the lowest value) to 9 (the highest). Again:".to_owned(),
    );
    let reports = variants.iter().map(|(_, report)| report);
    lines.extend(reports.map(|report| format!("  {}", markdown::command(report))));
    lines.join("\n") + "\n"
}

/// The rows of one policy, then its lines by measure.
fn rows(variants: &[(String, Report)], policy: &str) -> Vec<String> {
    let found = variants.iter().filter_map(|(set, report)| {
        let mut policies = report.policies.iter();
        Some((set, report, policies.find(|judged| judged.name == policy)?))
    });
    let found: Vec<(&String, &Report, &Judged)> = found.collect();
    let width = columns::width(found.iter().map(|(set, ..)| set.as_str()));
    let values = COLUMNS.map(|column| {
        let values = found.iter();
        let values = values.map(|(_, report, judged)| column.measure.of(&report.view(judged)));
        values.collect::<Vec<Option<Ratio>>>()
    });
    let cells = |row: usize| {
        COLUMNS.iter().zip(&values).map(move |(column, values)| {
            let best = best(values, column.measure.better);
            let value = values.get(row).copied().flatten();
            let mark = if value.is_some() && value == best {
                "*"
            } else {
                " "
            };
            let text = value.map_or_else(|| "-".to_owned(), column.written);
            format!("{text}{mark}")
        })
    };
    let mut lines = vec![line(
        ' ',
        "",
        width,
        COLUMNS.iter().map(|one| format!("{} ", one.heading)),
    )];
    for (row, (set, _, judged)) in found.iter().enumerate() {
        let worst = judged.judgements.iter().map(|judged| judged.verdict).max();
        let mark = match worst {
            None => ' ',
            Some(verdict) => mark(verdict),
        };
        lines.push(line(mark, set, width, cells(row)));
    }
    for (column, values) in COLUMNS.iter().zip(&values) {
        lines.extend(course(values).map(|course| format!("  {:9} {course}", column.heading)));
    }
    lines
}

fn mark(verdict: Verdict) -> char {
    table::mark(verdict).chars().next().unwrap_or(' ')
}

fn line(mark: char, set: &str, width: usize, cells: impl Iterator<Item = String>) -> String {
    let mut line = format!("{mark} {}", columns::left(set, width));
    for cell in cells {
        line.push_str(&format!("{cell:>11}"));
    }
    line.trim_end().to_owned()
}

/// The best of different values; none when all are the same.
fn best(values: &[Option<Ratio>], better: Better) -> Option<Ratio> {
    let defined = values.iter().flatten().copied();
    let (least, most) = (defined.clone().min()?, defined.max()?);
    match better {
        _ if least == most => None,
        Better::Less => Some(least),
        Better::More => Some(most),
        Better::Neither => None,
    }
}

/// One digit for each value, from 0 for the lowest to 9 for the highest; none without a difference.
fn course(values: &[Option<Ratio>]) -> Option<String> {
    let defined = values.iter().flatten().copied();
    let (least, most) = (defined.clone().min()?, defined.max()?);
    if least == most {
        return None;
    }
    let span = most.to_float() - least.to_float();
    let digits = values.iter().map(|value| match value {
        None => ' ',
        Some(value) => {
            let share = (value.to_float() - least.to_float()) / span;
            char::from(b'0' + (share * 9.0).round() as u8)
        }
    });
    Some(digits.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_goes_from_the_lowest_to_the_highest_value() {
        let values = [10, 20, 15, 11].map(|value| Some(Ratio::whole(value)));
        assert_eq!(course(&values).as_deref(), Some("0951"));
        assert_eq!(
            course(&[None, values[0], values[1]]).as_deref(),
            Some(" 09")
        );
        assert_eq!(course(&[values[0], values[0]]), None);
    }

    #[test]
    fn the_best_value_depends_on_the_measure() {
        let values = [10, 20].map(|value| Some(Ratio::whole(value)));
        assert_eq!(best(&values, Better::Less), values[0]);
        assert_eq!(best(&values, Better::More), values[1]);
        assert_eq!(best(&values, Better::Neither), None);
        assert_eq!(best(&[values[0], values[0]], Better::Less), None);
    }
}
