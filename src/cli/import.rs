//! `firedrill import`: another system's configuration as a fleet, a policy and a first scenario.

use std::path::{Path, PathBuf};

use super::file_set::FileSet;
use super::{Done, output};
use crate::foreign::note::{Note, Outcome};
use crate::foreign::{Imported, Options, SYSTEMS, System};
use crate::text::{Diagnostic, name};
use output::{CliError, Exit};

/// Reads another system's configuration as a fleet, a policy and a scenario.
///
/// It prints what became of each setting: taken, approximated, or why not. Keys of providers are
/// not repeated: they become variables of the environment.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: firedrill import litellm config.yaml --out drill && \
                  firedrill run drill/scenarios"
)]
pub(super) struct Args {
    /// The system that the file is of.
    #[arg(value_name = "SYSTEM", value_parser = names())]
    system: String,
    /// Its configuration file.
    file: PathBuf,
    /// Write fleet.yaml, policies/NAME.yaml and scenarios/NAME.yaml to DIR.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The name of the policy and of the scenario [default: that of the file].
    #[arg(long)]
    name: Option<String>,
    #[arg(long, value_name = "NAME", help = model_help())]
    model: Option<String>,
    /// Replace files that are there already.
    #[arg(long, requires = "out")]
    force: bool,
    /// How the settings are printed.
    #[arg(long, value_enum, default_value_t)]
    format: Shown,
}

/// How notes are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Shown {
    /// A table for people.
    #[default]
    Table,
    /// A table in Markdown.
    #[value(name = "markdown", alias = "md")]
    Markdown,
    /// JSON: one object per setting.
    Json,
}

/// The names of the systems.
pub(super) fn names() -> Vec<&'static str> {
    SYSTEMS.iter().map(|system| system.name).collect()
}

/// The system of this name; clap has checked it.
pub(super) fn system(name: &str) -> Option<&'static System> {
    SYSTEMS.iter().find(|system| system.name == name)
}

/// Reads the file, writes what it came to, and prints what became of its settings.
pub(super) fn import(args: &Args) -> Done {
    let one = |trouble: CliError| vec![trouble];
    let Some(system) = system(&args.system) else {
        return Err(vec![CliError::new("no such system".to_owned(), "")]);
    };
    let text = read(&args.file).map_err(one)?;
    let shown = args.file.display().to_string();
    let name = name(args, system).map_err(one)?;
    if args.model.is_some() && system.model.is_none() {
        let message = format!("`--model` names nothing in a file of {}", system.title);
        let hint = "leave it out, and write the models in the file";
        return Err(one(CliError::new(message, hint)));
    }
    let options = Options {
        model: args.model.as_deref(),
    };
    let imported = system.import(&shown, &text, &name, options);
    let imported = imported.map_err(|problem| problem.into_iter().map(CliError::from));
    let imported = imported.map_err(Vec::from_iter)?;
    if let Some(folder) = &args.out {
        write(folder, &imported, args.force).map_err(one)?;
    }
    output::print(&table(&shown, &imported.notes, args.format)).map_err(one)?;
    output::print_error(&next(args, &imported));
    Ok(Exit::Holds)
}

/// What `--model` names, by system.
fn model_help() -> String {
    let rows = SYSTEMS.iter();
    let rows = rows.filter_map(|system| Some(format!("{} ({})", system.model?, system.title)));
    let rows = Vec::from_iter(rows).join(", ");
    format!("Which part of the file is read: {rows} [default: the first]")
}

/// The text of a foreign file.
fn read(path: &Path) -> Result<String, CliError> {
    let shown = path.display().to_string();
    let bytes = crate::text::file::read(path, MOST_BYTES).map_err(|why| {
        let message = format!("the file cannot be read: {why}");
        CliError::from(Diagnostic::of_file(&shown, message).hint("name a text file"))
    })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The policy's name: `--name`, or the stem of the file where it can be one.
fn name(args: &Args, system: &System) -> Result<String, CliError> {
    let fits = |text: &str| name::is_name(text) && text != "every";
    if let Some(name) = &args.name {
        let error = || {
            CliError::new(
                "`--name` cannot name a policy".to_owned(),
                "write at most 64 letters, digits, `-` and `_`",
            )
        };
        return fits(name).then(|| name.clone()).ok_or_else(error);
    }
    let stem = args.file.file_stem().map(|stem| stem.to_string_lossy());
    let stem = stem.unwrap_or_default();
    Ok(match fits(&stem) {
        true => stem.into_owned(),
        false => system.name.to_owned(),
    })
}

/// Writes all files together; none where one is there already and `force` is not set.
fn write(folder: &Path, imported: &Imported, force: bool) -> Result<(), CliError> {
    let files = imported.draft.files();
    for (name, _) in &files {
        let path = folder.join(name);
        if !force && path.symlink_metadata().is_ok() {
            let message = format!("`{}` is there already", path.display());
            let hint = "name an empty folder, or add `--force`: nothing was written";
            return Err(CliError::new(message, hint));
        }
    }
    let mut set = FileSet::new("--out", folder.to_path_buf())?;
    for (name, text) in files {
        set.add(name, text);
    }
    set.write()
}

/// What became of each setting of the file `name`.
pub(super) fn table(name: &str, notes: &[Note], format: Shown) -> String {
    let place = |note: &Note| match note.line {
        0 => "default".to_owned(),
        line => format!("{name}:{line}"),
    };
    match format {
        Shown::Json => {
            let rows = notes.iter().map(|note| {
                let line = (note.line > 0).then_some(note.line);
                serde_json::json!({
                    "line": line,
                    "setting": note.setting,
                    "outcome": note.outcome.name(),
                    "says": note.says,
                })
            });
            let rows = Vec::from_iter(rows);
            serde_json::to_string_pretty(&rows).unwrap_or_default()
        }
        Shown::Markdown => {
            let head = "| where | setting | what became of it | |\n|---|---|---|---|\n";
            let row = |note: &Note| {
                let (setting, outcome) = (&note.setting, note.outcome.name());
                let says = note.says.replace('|', "\\|");
                format!("| {} | `{setting}` | {outcome} | {says} |\n", place(note))
            };
            let rows = Vec::from_iter(notes.iter().map(row));
            format!("{head}{}\n{}", rows.concat(), summary(notes))
        }
        Shown::Table => {
            let rows = notes.iter().map(|note| {
                let head = [place(note), note.setting.clone()];
                let outcome = note.outcome.name().to_owned();
                (head, format!("{outcome}: {}", note.says))
            });
            let rows = Vec::from_iter(rows);
            format!("{}{}", lines(&rows), summary(notes))
        }
    }
}

/// Rows as a place and a setting, and a sentence below that is indented.
fn lines(rows: &[([String; 2], String)]) -> String {
    let width = output::screen().width;
    let mut text = String::new();
    for ([place, setting], says) in rows {
        text.push_str(&format!("{place}  {setting}\n"));
        let options = textwrap::Options::new(width.saturating_sub(INDENT.len()));
        for line in textwrap::wrap(says, options) {
            text.push_str(&format!("{INDENT}{line}\n"));
        }
    }
    text
}

/// How many settings came to what.
fn summary(notes: &[Note]) -> String {
    let count = |outcome| notes.iter().filter(|note| note.outcome == outcome).count();
    let parts = Outcome::ALL.into_iter().filter(|one| count(*one) > 0);
    let parts = parts.map(|one| format!("{} {}", count(one), one.name()));
    format!(
        "{} settings: {}\n",
        notes.len(),
        Vec::from_iter(parts).join(", ")
    )
}

/// The files, and what to do with them.
fn next(args: &Args, imported: &Imported) -> String {
    match &args.out {
        Some(folder) => {
            let folder = folder.display();
            let name = imported.draft.name();
            format!("wrote  {folder}\nnow:   firedrill run {folder}/scenarios/{name}.yaml")
        }
        None => "note:  nothing was written: `--out DIR` writes the files".to_owned(),
    }
}

/// The indent of a sentence.
const INDENT: &str = "    ";

/// A bound on the cost of a wrong path.
const MOST_BYTES: u64 = 1 << 20;
