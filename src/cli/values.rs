//! Parses the values of `--set`, `--seeds`, `--jobs` and `--format`. The file that a value is set
//! in interprets it.

use std::num::NonZero;
use std::ops::RangeInclusive;

use clap::ValueEnum;
use clap::builder::PossibleValue;

use super::output::CliError;
use crate::report::{Format, ValueFormat};
use crate::text::Diagnostic;
use crate::units::{self, UnitError};

/// `--format` takes the names of report formats.
impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()).help(self.about()))
    }
}

/// `--format` of values without expectations takes the same names.
impl ValueEnum for ValueFormat {
    fn value_variants<'a>() -> &'a [Self] {
        Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        self.format().to_possible_value()
    }
}

/// `path=value`, split at the first `=`.
pub(super) fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((path, value)) if !path.trim().is_empty() => {
            Ok((path.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("write `path=value`, as in `load.rate=4/s`".to_owned()),
    }
}

/// An error for each `--set` that takes back an earlier one: of the same path, or of a part that
/// holds it.
pub(super) fn set_once(set: &[(String, String)]) -> Vec<CliError> {
    let mut problems = Vec::new();
    for (place, (path, value)) in set.iter().enumerate() {
        let is_taken_back = |(earlier, _): &&(String, String)| {
            let below = earlier.strip_prefix(path.as_str());
            below.is_some_and(|below| below.is_empty() || below.starts_with('.'))
        };
        let Some((earlier, _)) = set[..place].iter().find(is_taken_back) else {
            continue;
        };
        let message = match earlier == path {
            true => format!("`{path}` is set twice"),
            false => format!("this takes back `--set {earlier}=…`"),
        };
        let words = format!("--set {path}={value}");
        let at = "--set ".len().."--set ".len() + path.len();
        let problem = Diagnostic::of_text("command line", &words, at, message);
        problems.push(problem.hint("leave one of the two out").into());
    }
    problems
}

/// `N` for seeds 1 to N, or `A..B` for A to B, both ends included.
pub(super) fn seeds(text: &str) -> Result<RangeInclusive<u64>, UnitError> {
    units::seeds::parse(text, MOST_SEEDS)
}

/// A number of calls, at least one.
pub(super) fn calls(text: &str) -> Result<u64, String> {
    match units::count::parse(text) {
        Ok(0) => Err("write at least one".to_owned()),
        Ok(calls) => Ok(calls),
        Err(error) => Err(error.to_string()),
    }
}

/// The number of concurrent runs: at least one, and bounded, so that threads do not run out.
pub(super) fn jobs(text: &str) -> Result<NonZero<usize>, String> {
    let jobs = text.parse().ok();
    let jobs = jobs.filter(|jobs: &NonZero<usize>| jobs.get() <= MOST_JOBS);
    jobs.ok_or_else(|| format!("write a number from 1 to {MOST_JOBS}, as in `4`"))
}

/// A bound against typing errors: a run takes milliseconds, so more would take hours.
const MOST_SEEDS: u64 = 1_000_000;

/// Each is a thread with a world of its own: more would only wait for each other.
const MOST_JOBS: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_seeds_counts_from_one() {
        assert_eq!(seeds("5"), Ok(1..=5));
        assert_eq!(seeds("1"), Ok(1..=1));
    }

    #[test]
    fn a_range_of_seeds_includes_both_ends() {
        assert_eq!(seeds("3..7"), Ok(3..=7));
        assert_eq!(seeds("0..0"), Ok(0..=0));
        assert_eq!(seeds("3..=7"), Ok(3..=7));
    }

    #[test]
    fn wrong_seeds_say_what_to_write() {
        for (wrong, part) in [
            ("x", "write as in `1..5` or `5`"),
            ("7..3", "write `3..7`"),
            ("0", "`0..0` for seed 0"),
            ("0..18446744073709551615", "more than 1000000 seeds"),
        ] {
            let message = seeds(wrong).expect_err(wrong).to_string();
            assert!(message.contains(part), "{wrong}: {message}");
        }
    }

    #[test]
    fn jobs_are_neither_none_nor_more_than_threads_can_be() {
        assert_eq!(jobs("2").map(NonZero::get), Ok(2));
        for wrong in ["0", "-1", "all", "", "1025", "99999999999999999999"] {
            assert!(jobs(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_assignment_splits_at_the_first_equals_sign() {
        let split = |path: &str, value: &str| Ok((path.to_owned(), value.to_owned()));
        assert_eq!(assignment("load.rate=4/s"), split("load.rate", "4/s"));
        assert_eq!(assignment("about=a = b"), split("about", "a = b"));
        assert_eq!(assignment("run.drain="), split("run.drain", ""));
        assert!(assignment("load.rate").is_err());
        assert!(assignment("=4/s").is_err());
    }
}
