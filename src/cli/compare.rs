//! `firedrill compare`: two results, or two policies of one, side by side.

use std::path::{Path, PathBuf};

use super::{Done, output, results};
use crate::report::compare::{self, Comparison, Side};
use crate::report::measures::{self, MEASURES};
use crate::report::{Report, ValueFormat};
use output::{CliError, Exit};

/// Compares two results, paired by seed: differences, their intervals, and what cannot be told
/// apart.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: firedrill compare before/flapping.json after/flapping.json\n         \
                  firedrill compare reports/flapping.json --policies round-robin,resilient"
)]
pub(super) struct Args {
    /// One result, or two: the one to compare with, and the one to judge.
    #[arg(value_name = "RESULT", required = true, num_args = 1..=2)]
    results: Vec<PathBuf>,

    /// Compare this policy alone [default: all that both have].
    #[arg(long, value_name = "NAME", conflicts_with = "policies")]
    policy: Option<String>,

    /// Compare the second of these policies with the first.
    #[arg(long, value_name = "NAME,NAME", value_parser = two_names)]
    policies: Option<(String, String)>,

    /// Show this measure; repeat it for more [default: what users feel and pay, and what differs].
    #[arg(long = "measure", value_name = "NAME", value_parser = measure)]
    measures: Vec<String>,

    /// Show all measures.
    #[arg(long, conflicts_with = "measures")]
    all: bool,

    /// How the comparison is printed.
    #[arg(long, value_enum, default_value_t = ValueFormat::Table)]
    format: ValueFormat,
}

/// `a,b`.
fn two_names(text: &str) -> Result<(String, String), String> {
    let names: Vec<&str> = text.split(',').map(str::trim).collect();
    match names[..] {
        [one, two] if !one.is_empty() && !two.is_empty() => Ok((one.to_owned(), two.to_owned())),
        _ => Err("write two policies, as in `round-robin,resilient`".to_owned()),
    }
}

/// The name of a measure, with or without its argument.
fn measure(text: &str) -> Result<String, String> {
    let base = text.split_once('(').map_or(text, |(base, _)| base);
    if measures::find(base).is_some() {
        return Ok(text.to_owned());
    }
    let shown: String = base.chars().take(40).collect();
    let near = |name: &&str| strsim::damerau_levenshtein(name, &shown);
    let nearest = MEASURES.iter().map(|measure| measure.name).min_by_key(near);
    let nearest = nearest.unwrap_or("success_rate");
    Err(format!(
        "there is no measure `{shown}`, did you mean `{nearest}`?"
    ))
}

/// Reads the results, compares, and prints.
pub(super) fn compare(args: &Args) -> Done {
    compared(args).map_err(|trouble| vec![trouble])
}

fn compared(args: &Args) -> Result<Exit, CliError> {
    let mut files = Vec::new();
    for path in &args.results {
        files.push((path.as_path(), results::read(path)?));
    }
    let comparisons = match &files[..] {
        [one, two] => between(args, one, two)?,
        [one] => within(args, one)?,
        _ => Vec::new(),
    };
    let comparisons = comparisons.into_iter().map(|one| match args.all {
        true => one,
        false if args.measures.is_empty() => one.summary(),
        false => one.only(&args.measures),
    });
    output::print(&compare::render(&Vec::from_iter(comparisons), args.format))?;
    Ok(Exit::Holds)
}

/// A result and its file.
type Found<'a> = (&'a Path, Vec<Report>);

/// Each policy of the first result with that of the second, for each scenario of both.
fn between(args: &Args, one: &Found<'_>, two: &Found<'_>) -> Result<Vec<Comparison>, CliError> {
    let mut comparisons = Vec::new();
    for first in &one.1 {
        let Some(second) = two.1.iter().find(|other| other.name() == first.name()) else {
            continue;
        };
        for (policy, other) in pairs(args, first, second) {
            let labels = [(one.0, &policy), (two.0, &other)];
            let labels = labels.map(|(path, policy)| format!("{} {policy}", path.display()));
            comparisons.extend(Comparison::new(
                side(first, &policy, &labels[0]),
                side(second, &other, &labels[1]),
            ));
        }
    }
    if comparisons.is_empty() {
        return Err(nothing_shared(args, one, two));
    }
    Ok(comparisons)
}

const fn side<'a>(report: &'a Report, policy: &'a str, label: &'a str) -> Side<'a> {
    Side {
        report,
        policy,
        label,
    }
}

/// The policies to compare, of two reports on one scenario.
fn pairs(args: &Args, first: &Report, second: &Report) -> Vec<(String, String)> {
    if let Some(pair) = &args.policies {
        return vec![pair.clone()];
    }
    let asked = |name: &str| args.policy.as_deref().is_none_or(|policy| policy == name);
    let shared = names(first).filter(|name| asked(name) && names(second).any(|one| one == *name));
    shared
        .map(|name| (name.to_owned(), name.to_owned()))
        .collect()
}

fn names(report: &Report) -> impl Iterator<Item = &str> {
    report.policies().map(|(name, _)| name)
}

/// Two policies of one result, in each of its scenarios that ran both.
fn within(args: &Args, file: &Found<'_>) -> Result<Vec<Comparison>, CliError> {
    let mut comparisons = Vec::new();
    for report in &file.1 {
        let all: Vec<&str> = names(report).collect();
        let pair = match (&args.policies, &all[..]) {
            (Some((one, two)), _) => (one.as_str(), two.as_str()),
            (None, [one, two]) => (*one, *two),
            _ => continue,
        };
        let (one, two) = pair;
        comparisons.extend(Comparison::new(
            side(report, one, one),
            side(report, two, two),
        ));
    }
    if comparisons.is_empty() {
        let message = match &args.policies {
            Some((one, two)) => format!("no scenario of the result ran `{one}` and `{two}`"),
            None => "one result has no two sides to compare".to_owned(),
        };
        let known = known(&file.1);
        let hint = format!("name a second result, or two of its policies: {known}");
        return Err(CliError::new(message, &hint));
    }
    Ok(comparisons)
}

fn known(reports: &[Report]) -> String {
    let mut known: Vec<&str> = Vec::new();
    for name in reports.iter().flat_map(names) {
        if !known.contains(&name) {
            known.push(name);
        }
    }
    known.join(", ")
}

fn nothing_shared(args: &Args, one: &Found<'_>, two: &Found<'_>) -> CliError {
    let (first, second) = (one.0.display(), two.0.display());
    let shares = |report: &Report| two.1.iter().any(|other| other.name() == report.name());
    if !one.1.iter().any(shares) {
        let message = format!("`{first}` and `{second}` are of different scenarios");
        return CliError::new(message, "compare results of scenarios of one name");
    }
    let message = match (&args.policy, &args.policies) {
        (Some(policy), _) => format!("`{first}` and `{second}` do not both have `{policy}`"),
        (None, Some((one, two))) => format!("`{first}` has no `{one}`, or `{second}` no `{two}`"),
        (None, None) => format!("`{first}` and `{second}` have no policy in common"),
    };
    let (left, right) = (known(&one.1), known(&two.1));
    let hint = format!("the first has {left}; the second has {right}: name two with `--policies`");
    CliError::new(message, &hint)
}
