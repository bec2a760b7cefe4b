//! `firedrill completions`: prints a shell's completion script.
//!
//! The script asks the program itself at each press of the key, with `FIREDRILL_COMPLETE` set: so
//! it knows the policies and scenarios of the folder, the presets, the measures and the knobs.

use std::ffi::OsStr;
use std::path::Path;

use clap::builder::StyledStr;
use clap::{Arg, Command, CommandFactory};
use clap_complete::engine::{
    ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter,
};
use clap_complete::env::{CompleteEnv, Shells};

use super::{Cli, Done, output};
use crate::policy_file::{KNOBS, presets};
use crate::report::measures::MEASURES;
use output::{CliError, Exit};

/// Prints a completion script for a shell; it completes policies, scenarios, measures and knobs.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: firedrill completions bash > \
                  ~/.local/share/bash-completion/completions/firedrill\n\
                  Example: firedrill completions zsh > ~/.zfunc/_firedrill\n\
                  Example: firedrill completions fish > ~/.config/fish/completions/firedrill.fish")]
pub(super) struct Args {
    /// The shell to complete in.
    shell: clap_complete::Shell,
}

/// Prints the script.
pub(super) fn completions(args: &Args) -> Done {
    let shell = args.shell.to_string();
    let mut script = Vec::new();
    let shells = Shells::builtins();
    let written = shells
        .completer(&shell)
        .map(|shell| shell.write_registration(VARIABLE, NAME, NAME, NAME, &mut script));
    match written {
        Some(Ok(())) => {
            output::print(&String::from_utf8_lossy(&script)).map_err(|trouble| vec![trouble])?;
            Ok(Exit::Holds)
        }
        _ => {
            let message = format!("there are no completions for `{shell}`");
            Err(vec![CliError::new(message, "")])
        }
    }
}

/// Answers the shell and ends the program, if it is the shell that asks.
pub(super) fn answer() {
    CompleteEnv::with_factory(command)
        .var(VARIABLE)
        .bin(NAME)
        .completer(NAME)
        .complete();
}

/// The command, with what values its arguments may have.
fn command() -> Command {
    let mut command = Cli::command();
    let verbs: Vec<String> = command
        .get_subcommands()
        .map(|verb| verb.get_name().to_owned())
        .collect();
    for verb in verbs {
        command = command.mut_subcommand(&verb, |one| {
            one.mut_args(|argument| with_values(&verb, argument))
        });
    }
    command
}

/// The argument, with what values it may have: what it is called in the help says what it takes.
fn with_values(verb: &str, argument: Arg) -> Arg {
    let names = argument.get_value_names().unwrap_or_default();
    let name = names.first().map_or("", |name| name.as_str()).to_owned();
    let id = argument.get_id().to_string();
    let values: fn(&OsStr) -> Vec<CompletionCandidate> = match (name.as_str(), id.as_str()) {
        ("NAME|FILE" | "POLICY", _) | (_, "judge_as" | "policies") => policies,
        ("SCENARIO" | "PATH", _) => scenarios,
        ("MEASURE|RESULT", _) => measures_or_files,
        ("MEASURES", _) | (_, "measure") => measures,
        ("MEASURE=VALUE", _) => margins,
        ("PATH=VALUE", _) => knobs,
        (_, "name") if verb == "presets" => shipped,
        _ => return argument,
    };
    argument.add(ArgValueCompleter::new(values))
}

/// Policies of the project, presets, and files.
fn policies(current: &OsStr) -> Vec<CompletionCandidate> {
    let entries = std::fs::read_dir("policies")
        .into_iter()
        .flatten()
        .flatten();
    let mut own: Vec<String> = entries
        .filter_map(|entry| {
            let path = entry.path();
            let stem = path.file_stem()?.to_str()?.to_owned();
            is_yaml(&path).then_some(stem)
        })
        .collect();
    own.sort();
    let own = own.into_iter().map(CompletionCandidate::new);
    let mut all = starting_with(current, own.chain(all_presets()));
    let is_path = current.to_string_lossy().contains(['/', '.']);
    if is_path {
        all.extend(yaml_files(current));
    }
    all.sort_by(|one, other| one.get_value().cmp(other.get_value()));
    all.dedup_by(|one, other| one.get_value() == other.get_value());
    all
}

fn shipped(current: &OsStr) -> Vec<CompletionCandidate> {
    starting_with(current, all_presets())
}

fn all_presets() -> impl Iterator<Item = CompletionCandidate> {
    presets::all().iter().map(|preset| {
        let about = preset.policy().map(|policy| policy.about);
        CompletionCandidate::new(preset.name).help(about.map(StyledStr::from))
    })
}

/// The scenarios below `scenarios`, and files.
fn scenarios(current: &OsStr) -> Vec<CompletionCandidate> {
    let mut found = Vec::new();
    below(Path::new("scenarios"), DEEPEST, &mut found);
    found.sort();
    let found = found.into_iter().map(CompletionCandidate::new);
    let mut all = starting_with(current, found);
    all.extend(yaml_files(current));
    all.sort_by(|one, other| one.get_value().cmp(other.get_value()));
    all.dedup_by(|one, other| one.get_value() == other.get_value());
    all
}

/// The YAML files below `folder`, without folders of policies.
fn below(folder: &Path, depth: usize, found: &mut Vec<String>) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        if path.is_dir() && depth > 0 && !path.ends_with("policies") {
            below(&path, depth - 1, found);
        } else if is_yaml(&path)
            && let Some(text) = path.to_str()
        {
            found.push(text.to_owned());
        }
    }
}

fn yaml_files(current: &OsStr) -> Vec<CompletionCandidate> {
    let paths = PathCompleter::any().filter(|path| path.is_dir() || is_yaml(path));
    paths.complete(current)
}

fn is_yaml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|ending| ending == "yaml" || ending == "yml")
}

fn measures(current: &OsStr) -> Vec<CompletionCandidate> {
    let of = MEASURES.iter().map(|measure| {
        CompletionCandidate::new(measure.name).help(Some(StyledStr::from(measure.about)))
    });
    starting_with(current, of)
}

fn measures_or_files(current: &OsStr) -> Vec<CompletionCandidate> {
    let files = PathCompleter::any();
    let files = files.filter(|path| path.is_dir() || path.extension().is_some_and(|e| e == "json"));
    let mut all = measures(current);
    all.extend(files.complete(current));
    all
}

fn margins(current: &OsStr) -> Vec<CompletionCandidate> {
    let of = MEASURES.iter().map(|measure| {
        let value = format!("{}=", measure.name);
        CompletionCandidate::new(value).help(Some(StyledStr::from(measure.about)))
    });
    starting_with(current, of)
}

/// The knobs of policies, as `--set` takes them.
fn knobs(current: &OsStr) -> Vec<CompletionCandidate> {
    let of = KNOBS.iter().map(|knob| {
        let about = format!(
            "{} by default, {} to {}",
            knob.default, knob.range.0, knob.range.1
        );
        let value = format!("policy.{}=", knob.path);
        CompletionCandidate::new(value).help(Some(StyledStr::from(about)))
    });
    starting_with(current, of)
}

fn starting_with(
    current: &OsStr,
    all: impl Iterator<Item = CompletionCandidate>,
) -> Vec<CompletionCandidate> {
    let typed = current.to_string_lossy();
    all.filter(|one| {
        one.get_value()
            .to_string_lossy()
            .starts_with(typed.as_ref())
    })
    .collect()
}

/// What the shell sets when it asks.
const VARIABLE: &str = "FIREDRILL_COMPLETE";

const NAME: &str = "firedrill";

/// How deep scenarios are looked for below `scenarios`.
const DEEPEST: usize = 3;
