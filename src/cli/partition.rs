//! `--partition 2/8`: the part of the seeds that this machine runs. `firedrill merge` puts the
//! parts together again.
//!
//! `auto` takes the part from the variables of the system that started the machines.

use std::ops::RangeInclusive;

use super::output::CliError;
use crate::drill::Drill;

/// One of several equal parts of the seeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Partition {
    /// From 1.
    part: u64,
    /// The number of parts.
    of: u64,
}

/// Where a system says which part a machine runs.
struct System {
    index: &'static str,
    count: &'static str,
    /// The index of the first machine: a number, or the variable that holds it.
    first: First,
}

enum First {
    Is(u64),
    In(&'static str),
}

/// The first whose index is set is taken.
const SYSTEMS: [System; 4] = [
    // GitHub sets no variables of its own: `env:` passes `${{ strategy.job-index }}` on.
    System {
        index: "STRATEGY_JOB_INDEX",
        count: "STRATEGY_JOB_TOTAL",
        first: First::Is(0),
    },
    System {
        index: "CI_NODE_INDEX",
        count: "CI_NODE_TOTAL",
        first: First::Is(1),
    },
    System {
        index: "SLURM_ARRAY_TASK_ID",
        count: "SLURM_ARRAY_TASK_COUNT",
        first: First::In("SLURM_ARRAY_TASK_MIN"),
    },
    // Kubernetes sets the index of an indexed job alone.
    System {
        index: "JOB_COMPLETION_INDEX",
        count: "JOB_COMPLETIONS",
        first: First::Is(0),
    },
];

/// Reads `2/8`, `auto`, or `auto/8` where the variables hold no number of parts.
pub(super) fn parse(text: &str) -> Result<Partition, String> {
    parse_with(text, &|name| std::env::var(name).ok())
}

fn parse_with(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Partition, String> {
    let (part, of) = match text.split_once('/') {
        Some((part, of)) => (part.trim(), Some(of.trim())),
        None => (text.trim(), None),
    };
    let of = of.map(|of| number("the number of parts", of)).transpose()?;
    if part == "auto" {
        return found(of, variable);
    }
    match (number("the part", part), of) {
        (Ok(part), Some(of)) => Partition::new(part, of),
        _ => Err("write `PART/PARTS` as in `2/8`, or `auto`".to_owned()),
    }
}

/// The part that the variables name.
fn found(of: Option<u64>, variable: &dyn Fn(&str) -> Option<String>) -> Result<Partition, String> {
    let value = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
    let set = SYSTEMS.iter().find_map(|system| {
        let index = value(system.index)?;
        Some((system, index))
    });
    let Some((system, index)) = set else {
        let names = SYSTEMS.map(|system| system.index).join(", ");
        return Err(format!("`auto` needs one of the variables {names}"));
    };
    let index = number(system.index, &index)?;
    let first = match system.first {
        First::Is(first) => first,
        First::In(name) => value(name).map_or(Ok(0), |first| number(name, &first))?,
    };
    let of = match (of, value(system.count)) {
        (Some(of), _) => of,
        (None, Some(of)) => number(system.count, &of)?,
        (None, None) => {
            let (index, count) = (system.index, system.count);
            return Err(format!(
                "`{index}` is set, `{count}` is not: write `auto/PARTS`"
            ));
        }
    };
    let part = index
        .checked_sub(first)
        .and_then(|part| part.checked_add(1));
    let part = part.ok_or_else(|| format!("`{}` is {index}, below {first}", system.index))?;
    Partition::new(part, of)
}

fn number(what: &str, text: &str) -> Result<u64, String> {
    let shown: String = text.chars().take(20).collect();
    text.trim()
        .parse()
        .map_err(|_| format!("{what} is `{shown}`, which is no whole number"))
}

/// `drill`, with the seeds of `partition` alone.
pub(super) fn of(partition: Option<Partition>, drill: Drill) -> Result<Drill, CliError> {
    match partition {
        Some(partition) => {
            let seeds = partition.seeds(&drill.seeds_to_run())?;
            Ok(drill.seeds(seeds))
        }
        None => Ok(drill),
    }
}

/// The name of the files of the report on `name`: `name.2-of-8` for a part.
pub(super) fn file_name(partition: Option<Partition>, name: &str) -> String {
    partition.map_or_else(
        || name.to_owned(),
        |Partition { part, of }| format!("{name}.{part}-of-{of}"),
    )
}

impl Partition {
    fn new(part: u64, of: u64) -> Result<Self, String> {
        if !(1..=of).contains(&part) {
            return Err(format!(
                "part {part} of {of} does not exist: parts are 1 to {of}"
            ));
        }
        Ok(Self { part, of })
    }

    /// Its seeds, without a gap; sizes of parts differ by at most one.
    fn seeds(self, all: &RangeInclusive<u64>) -> Result<RangeInclusive<u64>, CliError> {
        let (first, last) = (*all.start(), *all.end());
        let count = u128::from(last.saturating_sub(first)) + 1;
        if all.is_empty() || count < u128::from(self.of) {
            let parts = self.of;
            let message = format!("{count} seeds cannot be split into {parts} parts");
            return Err(CliError::new(
                message,
                "run more seeds, as in `--seeds 20`, or fewer parts",
            ));
        }
        let before = |parts: u64| count * u128::from(parts) / u128::from(self.of);
        let seed = |offset: u128| first.saturating_add(u64::try_from(offset).unwrap_or(u64::MAX));
        Ok(seed(before(self.part - 1))..=seed(before(self.part) - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition(text: &str, variables: &[(&str, &str)]) -> Result<(u64, u64), String> {
        let value = |name: &str| {
            let mut set = variables.iter().filter(|(set, _)| *set == name);
            set.next().map(|(_, value)| (*value).to_owned())
        };
        parse_with(text, &value).map(|partition| (partition.part, partition.of))
    }

    #[test]
    fn a_part_is_written_or_found_in_the_variables_of_four_systems() {
        assert_eq!(partition("2/8", &[]), Ok((2, 8)));
        for (variables, expected) in [
            (
                [("STRATEGY_JOB_INDEX", "0"), ("STRATEGY_JOB_TOTAL", "4")],
                (1, 4),
            ),
            ([("CI_NODE_INDEX", "4"), ("CI_NODE_TOTAL", "4")], (4, 4)),
            (
                [("JOB_COMPLETION_INDEX", "2"), ("JOB_COMPLETIONS", "4")],
                (3, 4),
            ),
        ] {
            assert_eq!(partition("auto", &variables), Ok(expected));
        }
        let slurm = [
            ("SLURM_ARRAY_TASK_ID", "12"),
            ("SLURM_ARRAY_TASK_COUNT", "4"),
            ("SLURM_ARRAY_TASK_MIN", "10"),
        ];
        assert_eq!(partition("auto", &slurm), Ok((3, 4)));
        assert_eq!(
            partition("auto/5", &[("JOB_COMPLETION_INDEX", "4")]),
            Ok((5, 5))
        );
    }

    #[test]
    fn what_is_no_part_is_told() {
        for (text, variables, part) in [
            ("8", vec![], "as in `2/8`"),
            ("x/8", vec![], "as in `2/8`"),
            ("0/8", vec![], "parts are 1 to 8"),
            ("9/8", vec![], "parts are 1 to 8"),
            ("auto", vec![], "needs one of the variables"),
            (
                "auto",
                vec![("JOB_COMPLETION_INDEX", "2")],
                "write `auto/PARTS`",
            ),
            ("auto/2", vec![("JOB_COMPLETION_INDEX", "2")], "part 3 of 2"),
            ("auto/2", vec![("CI_NODE_INDEX", "0")], "below 1"),
        ] {
            let message = partition(text, &variables).expect_err(text);
            assert!(message.contains(part), "{text}: {message}");
        }
    }

    #[test]
    fn parts_hold_each_seed_once_and_differ_by_at_most_one() {
        for (first, last, of) in [(1, 20, 8), (3, 5, 3), (0, 0, 1), (7, 30, 5)] {
            let part = |part| {
                Partition { part, of }
                    .seeds(&(first..=last))
                    .expect("it fits")
            };
            let parts = Vec::from_iter((1..=of).map(part));
            let all = Vec::from_iter(parts.iter().cloned().flatten());
            assert_eq!(all, Vec::from_iter(first..=last));
            let sizes = parts.iter().map(|part| part.end() - part.start());
            let (least, most) = (sizes.clone().min(), sizes.max());
            assert!(most <= least.map(|least| least + 1), "{parts:?}");
        }
        assert!(Partition { part: 1, of: 3 }.seeds(&(1..=2)).is_err());
    }
}
