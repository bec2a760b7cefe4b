//! `firedrill man`: manual pages of the commands; and `docs/commands.md`, the same for the manual.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, Command, CommandFactory};
use clap_mangen::Man;

use super::file_set::FileSet;
use super::{Cli, Done, output};
use output::{CliError, Exit};

/// Writes the manual pages of all commands to a folder, or prints the first.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: firedrill man ~/.local/share/man/man1\n\
                  Example: firedrill man | man -l -")]
pub(super) struct Args {
    /// Write firedrill.1, firedrill-run.1 and so on to FOLDER, made if it is missing [default:
    /// print firedrill.1].
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Print the page `docs/commands.md`.
    #[arg(long, conflicts_with = "folder")]
    markdown: bool,
}

/// Writes or prints the pages.
pub(super) fn man(args: &Args) -> Done {
    let mut command = Cli::command();
    command.build();
    let done = match (&args.folder, args.markdown) {
        (Some(folder), _) => write_all(&command, folder),
        (None, true) => output::print(&page(&command)),
        (None, false) => rendered(&command)
            .map_err(|error| cannot_make(&error))
            .and_then(|text| output::print(&text)),
    };
    done.map_err(|trouble| vec![trouble])?;
    Ok(Exit::Holds)
}

/// Writes a page for the program, and one for each verb: all or none.
fn write_all(command: &Command, folder: &Path) -> Result<(), CliError> {
    let mut set = FileSet::new("FOLDER", folder.to_path_buf())?;
    let mut written = Vec::new();
    for one in [command].into_iter().chain(verbs(command)) {
        let name = one.get_display_name().unwrap_or_else(|| one.get_name());
        let name = format!("{name}.1");
        written.push(format!("wrote  {}", folder.join(&name).display()));
        set.add(name, rendered(one).map_err(|error| cannot_make(&error))?);
    }
    set.write()?;
    output::print(&written.join("\n"))
}

fn cannot_make(error: &io::Error) -> CliError {
    CliError::new(format!("cannot make the page: {error}"), "")
}

/// The manual page of a command, as roff.
fn rendered(command: &Command) -> io::Result<String> {
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

/// The verbs that are shown.
fn verbs(command: &Command) -> impl Iterator<Item = &Command> {
    let all = command.get_subcommands();
    all.filter(|verb| !verb.is_hide_set() && verb.get_name() != "help")
}

/// The page about all commands, in Markdown.
fn page(command: &Command) -> String {
    let mut text = HEAD.to_owned();
    text.push_str("| command | what it does |\n|---|---|\n");
    for verb in verbs(command) {
        let (name, about) = (verb.get_name(), said(verb.get_about()));
        let _ = writeln!(text, "| [`{name}`](#firedrill-{name}) | {about}. |");
    }
    for line in said_in_lines(command.get_after_help()) {
        let _ = write!(text, "\n{line}");
    }
    text.push_str("\n\nEvery command takes\n\n");
    for argument in command.get_arguments().filter(|one| one.is_global_set()) {
        let _ = writeln!(text, "- {}", described(argument));
    }
    for verb in verbs(command) {
        section(&mut text, verb);
    }
    text
}

/// The section of one verb.
fn section(text: &mut String, verb: &Command) {
    let mut about = said(verb.get_long_about().or(verb.get_about()));
    if !about.ends_with('.') {
        about.push('.');
    }
    let usage = verb.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    let name = verb.get_name();
    let _ = write!(
        text,
        "\n## firedrill {name}\n\n{about}\n\n```text\n{usage}\n```\n\n"
    );
    for argument in verb.get_arguments() {
        let is_common = argument.is_global_set() || argument.get_id() == "help";
        if !argument.is_hide_set() && !is_common {
            let _ = writeln!(text, "- {}", described(argument));
        }
    }
    let after = verb.get_after_long_help().or(verb.get_after_help());
    if after.is_some() {
        let lines = said_in_lines(after).join("\n");
        let _ = write!(text, "\n```text\n{lines}\n```\n");
    }
}

/// One argument: how it is written, what it is, its words and its default.
fn described(argument: &Arg) -> String {
    let mut text = format!("`{}`: ", written(argument));
    text.push_str(&said(argument.get_long_help().or(argument.get_help())));
    if !text.ends_with(['.', ':', ']']) {
        text.push('.');
    }
    let words = argument.get_possible_values();
    let takes_value = matches!(argument.get_action(), ArgAction::Set | ArgAction::Append);
    for word in words
        .iter()
        .filter(|word| takes_value && !word.is_hide_set())
    {
        let about = word.get_help().map(|about| format!(": {about}"));
        let _ = write!(
            text,
            "\n  - `{}`{}",
            word.get_name(),
            about.unwrap_or_default()
        );
    }
    let defaults = argument.get_default_values().iter();
    let defaults: Vec<_> = defaults.map(|value| value.to_string_lossy()).collect();
    if takes_value && !defaults.is_empty() && !argument.is_hide_default_value_set() {
        let gap = if words.is_empty() { " " } else { "\n\n  " };
        let _ = write!(text, "{gap}Default: `{}`.", defaults.join(" "));
    }
    text
}

/// An argument as the usage has it: `-q`, `--quiet`, `--policy <NAME|FILE>`, `[PATH]...`.
fn written(argument: &Arg) -> String {
    let shown = argument.to_string();
    match (argument.get_short(), argument.get_long()) {
        (Some(short), Some(_)) => format!("-{short}`, `{shown}"),
        _ => shown,
    }
}

/// A text in one line.
fn said(text: Option<&clap::builder::StyledStr>) -> String {
    let text = text.map(ToString::to_string).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text in its own lines.
fn said_in_lines(text: Option<&clap::builder::StyledStr>) -> Vec<String> {
    let text = text.map(ToString::to_string).unwrap_or_default();
    text.lines()
        .map(|line| line.trim_end().to_owned())
        .collect()
}

const HEAD: &str = "# Commands

`firedrill COMMAND --help` prints the same; `firedrill man FOLDER` writes manual pages, and
`firedrill completions SHELL` the completions of a shell, which know policies, scenarios, measures
and knobs. A test writes this page: `FIREDRILL_DOCS=write cargo test --test cli manual`.

";
