//! `--set path=2,4,8`: runs every combination of the values, one row each.
//!
//! A list of YAML (`[a, b]`, `{…}`) and a value in quotes are one value.

use std::num::NonZero;
use std::ops::ControlFlow;

use super::output::{self, CliError, Exit};
use crate::drill::{self, Drill};
use crate::report::{self, Following, Format, Report};

/// A `--set`: path and value.
pub(super) type Override = (String, String);

/// One combination of values: what tells it from the others, and all that it sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Variant {
    pub(super) name: String,
    pub(super) set: Vec<Override>,
}

/// The values of a sweep; one for what is no sweep.
fn split(value: &str) -> Vec<&str> {
    match value.starts_with(['[', '{', '"', '\'']) {
        true => vec![value],
        false => value.split(',').map(str::trim).collect(),
    }
}

/// Whether any of `set` has several values.
pub(super) fn is_sweep(set: &[Override]) -> bool {
    set.iter().any(|(_, value)| split(value).len() > 1)
}

/// Every combination, the last path changing fastest.
pub(super) fn variants(set: &[Override]) -> Result<Vec<Variant>, CliError> {
    let counts = set.iter().map(|(_, value)| split(value).len());
    let count = counts.fold(1_usize, usize::saturating_mul);
    if count > MOST_VARIANTS {
        let message = format!("the values of `--set` have {count} combinations");
        return Err(CliError::new(
            message,
            &format!("run at most {MOST_VARIANTS}"),
        ));
    }
    let mut variants = vec![Variant {
        name: String::new(),
        set: Vec::new(),
    }];
    for (path, value) in set {
        let values = split(value);
        if values.contains(&"") && values.len() > 1 {
            let message = format!("a value of `--set {path}` is empty");
            return Err(CliError::new(message, "write one value between two commas"));
        }
        let longer = variants.iter().flat_map(|variant| {
            let several = values.len() > 1;
            values
                .iter()
                .map(move |value| variant.with(path, value, several))
        });
        variants = longer.collect();
    }
    Ok(variants)
}

impl Variant {
    fn with(&self, path: &str, value: &str, is_swept: bool) -> Self {
        let mut longer = self.clone();
        longer.set.push((path.to_owned(), value.to_owned()));
        if is_swept {
            let gap = if self.name.is_empty() { "" } else { " " };
            longer.name += &format!("{gap}{path}={value}");
        }
        longer
    }
}

/// Runs `drills`, one for each scenario and variant (scenario by scenario), and prints.
pub(super) fn run(
    drills: &[Drill],
    variants: &[Variant],
    workers: NonZero<usize>,
    format: Format,
) -> Result<Exit, Vec<CliError>> {
    let mut reports: Vec<Report> = Vec::new();
    drill::run_all(drills, workers, &mut || (), &mut |_, report| {
        reports.push(report);
        ControlFlow::Continue(())
    });
    let worst = reports.iter().map(output::told).max();
    let text = match format.following() {
        Following::Array => report::json_array(&reports),
        Following::Rows => rows(&reports, variants),
        Following::Apart if format == Format::Table => {
            let scenarios = reports.chunks(variants.len().max(1));
            let tables = scenarios.map(|reports| {
                let names = variants.iter().map(|variant| variant.name.clone());
                report::sweep(&names.zip(reports.iter().cloned()).collect::<Vec<_>>())
            });
            tables.collect::<Vec<_>>().join("\n")
        }
        Following::Apart => output::rendered(&reports, format),
    };
    output::print(&text).map_err(|trouble| vec![trouble])?;
    Ok(worst.map_or(Exit::Holds, Exit::from))
}

/// The rows of all reports, each after what was set.
fn rows(reports: &[Report], variants: &[Variant]) -> String {
    let mut text = String::new();
    for (report, variant) in reports.iter().zip(variants.iter().cycle()) {
        let rows = report.render(Format::Csv, false);
        let mut lines = rows.lines();
        let head = lines.next();
        if let Some(head) = head.filter(|_| text.is_empty()) {
            text += &format!("set,{head}\n");
        }
        let set = format!("\"{}\"", variant.name.replace('"', "\"\""));
        lines.for_each(|line| text += &format!("{set},{line}\n"));
    }
    text
}

/// A sweep of more is a search, and takes hours.
const MOST_VARIANTS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn set(all: &[(&str, &str)]) -> Vec<Override> {
        let owned = |(path, value): &(&str, &str)| ((*path).to_owned(), (*value).to_owned());
        all.iter().map(owned).collect()
    }

    #[test]
    fn several_values_make_their_product() {
        let set = set(&[("a", "1, 2"), ("b", "x"), ("c", "3,4")]);
        assert!(is_sweep(&set));
        let variants = variants(&set).expect("four");
        let names = Vec::from_iter(variants.iter().map(|one| one.name.as_str()));
        assert_eq!(names, ["a=1 c=3", "a=1 c=4", "a=2 c=3", "a=2 c=4"]);
        let last = variants[3]
            .set
            .iter()
            .map(|(path, value)| format!("{path}={value}"));
        assert_eq!(Vec::from_iter(last), ["a=2", "b=x", "c=4"]);
    }

    #[test]
    fn lists_and_quoted_texts_are_one_value() {
        for value in [
            "[a, b]",
            "{ a: 1, b: 2 }",
            "\"one, two\"",
            "'one, two'",
            "1",
        ] {
            assert!(!is_sweep(&set(&[("a", value)])), "{value}");
        }
    }

    #[test]
    fn too_many_combinations_and_empty_values_are_errors() {
        let many = "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17";
        assert!(variants(&set(&[("a", many), ("b", many)])).is_err());
        assert!(variants(&set(&[("a", "1,,2")])).is_err());
    }
}
