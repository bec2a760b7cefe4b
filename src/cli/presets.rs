//! `firedrill presets`: lists the policies that ship, or prints one.

use super::{Done, output};
use crate::policy_file::presets::{self, Origin};
use crate::text::Diagnostic;
use output::{CliError, Exit};

/// Lists the policies that ship with firedrill, or prints one.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: firedrill presets resilient > policies/resilient.yaml")]
pub(super) struct Args {
    /// The preset to print, as a policy file [default: list them all].
    name: Option<String>,
}

/// Prints the list, or one preset's text.
pub(super) fn presets(args: &Args) -> Done {
    let text = match &args.name {
        None => list(),
        Some(name) => one(name),
    };
    text.and_then(|text| output::print(&text))
        .map_err(|trouble| vec![trouble])?;
    Ok(Exit::Holds)
}

/// A preset's text.
fn one(name: &str) -> Result<String, CliError> {
    if let Some(text) = presets::text(name) {
        return Ok(text.to_owned());
    }
    let problem = Diagnostic::of_file("", format!("there is no preset `{name}`"));
    let problem = problem.did_you_mean(name, presets::names());
    let hint = problem.hint_text().unwrap_or_default();
    Err(CliError::new(problem.message().to_owned(), hint))
}

/// Every preset's name and description, in two columns below its origin.
fn list() -> Result<String, CliError> {
    let lengths = presets::all().iter().map(|preset| preset.name.len());
    let column = INDENT + lengths.max().unwrap_or(0) + GAP;
    let mut text = String::new();
    for origin in Origin::ALL {
        let gap = if text.is_empty() { "" } else { "\n" };
        text.push_str(&format!("{gap}{}:\n", origin.title()));
        for preset in presets::all().iter().filter(|one| one.origin == origin) {
            let about = preset.policy().map(|policy| policy.about);
            let mut left = preset.name;
            for line in wrapped(&about.unwrap_or_default(), WIDTH.saturating_sub(column)) {
                let width = column - INDENT;
                text.push_str(&format!("{:INDENT$}{left:width$}{line}\n", ""));
                left = "";
            }
        }
    }
    Ok(text)
}

/// `text` in lines of up to `width` characters (a longer word gets a line of its own); at least one
/// line.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let options = textwrap::Options::new(width).break_words(false);
    let lines = textwrap::wrap(&one_line, options);
    lines.into_iter().map(Into::into).collect()
}

/// The width of the list, in columns.
const WIDTH: usize = 80;

/// The indent of a name.
const INDENT: usize = 2;

/// The gap between the list's columns.
const GAP: usize = 2;

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn lines_break_between_words_and_keep_to_the_width() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(
            wrapped("one incomprehensible", 5),
            ["one", "incomprehensible"]
        );
        assert_eq!(wrapped("", 5), [""]);
    }
}
