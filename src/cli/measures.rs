//! `firedrill measures` lists what reports show and expectations judge; and what one of them is,
//! for `firedrill explain`.

use super::{Done, output};
use crate::report::explained;
use crate::report::measures::{self, Better, MEASURES, Measure};
use crate::text::Diagnostic;
use output::{CliError, Exit};

/// Lists all measures: name, unit, and what each is.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: firedrill measures")]
pub(super) struct Args {
    /// Print the page `docs/measures.md`.
    #[arg(long)]
    markdown: bool,
}

/// Prints the list.
pub(super) fn measures(args: &Args) -> Done {
    let text = match args.markdown {
        true => explained::page(),
        false => list(),
    };
    output::print(&text).map_err(|trouble| vec![trouble])?;
    Ok(Exit::Holds)
}

/// What is known of the measure of this name.
pub(super) fn told(name: &str) -> Result<String, CliError> {
    find(name).map(explained)
}

/// The measure with this name, with or without an argument in parentheses.
fn find(text: &str) -> Result<&'static Measure, CliError> {
    let name = text.split('(').next().unwrap_or(text).trim();
    measures::find(name).ok_or_else(|| {
        let shown: String = name.chars().take(MOST_SHOWN).collect();
        let problem = Diagnostic::of_file("", format!("there is no measure `{shown}`"));
        let problem = problem.did_you_mean(name, MEASURES.iter().map(|measure| measure.name));
        let hint = problem
            .hint_text()
            .unwrap_or("`firedrill measures` lists them");
        CliError::new(problem.message().to_owned(), hint)
    })
}

fn list() -> String {
    let longest = MEASURES.iter().map(|measure| measure.full_name().len());
    let (name, unit) = (
        longest.max().unwrap_or(0) + GAP,
        "count_per_run".len() + GAP,
    );
    let mut text = String::new();
    for measure in MEASURES {
        let mut left = format!("{:name$}{:unit$}", measure.full_name(), measure.unit.name());
        for line in textwrap::wrap(measure.about, WIDTH - name - unit) {
            text.push_str(&format!("{left}{line}\n"));
            left = " ".repeat(name + unit);
        }
    }
    text
}

fn explained(measure: &Measure) -> String {
    let better = match measure.better {
        Better::Less => "low values",
        Better::More => "high values",
        Better::Neither => "neither: it counts what a policy does",
    };
    let example = measure.example();
    let unit = format!(
        "{}; {} as a bound",
        measure.unit.name(),
        measure.unit.example()
    );
    let rows = [
        ("unit", Some(unit.as_str())),
        ("several runs", Some(measure.over_runs())),
        ("better", Some(better)),
        ("computed", measure.computed()),
        ("for example", Some(example.as_str())),
    ];
    let mut text = format!("{}\n", measure.full_name());
    for line in textwrap::wrap(measure.about, WIDTH - GAP) {
        text.push_str(&format!("{:GAP$}{line}\n", ""));
    }
    for (name, value) in rows {
        let mut left = name;
        for line in value
            .iter()
            .flat_map(|value| textwrap::wrap(value, WIDTH - LEFT - GAP))
        {
            text.push_str(&format!("{:GAP$}{left:LEFT$}{line}\n", ""));
            left = "";
        }
    }
    text
}

/// The width of the text, in columns.
const WIDTH: usize = 80;

/// The width of a row's name.
const LEFT: usize = 14;

/// The gap between columns, and the indent.
const GAP: usize = 2;

/// How much of a wrong name a message repeats.
const MOST_SHOWN: usize = 80;
