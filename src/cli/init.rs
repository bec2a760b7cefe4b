//! `firedrill init`: a first drill in an empty folder, ready to run.
//!
//! It writes a commented scenario, with an outage and a storm of 429s; a policy to change, which
//! holds as it is and says which lines to change to see it fail; the schemas that the first lines
//! of both name, so that an editor knows every key; and a workflow for CI. A policy that fails at
//! once would fail in CI as well, before its reader has read a line of it.

use std::fs;
use std::path::{Component, Path, PathBuf};

use super::schema::Files;
use super::{Done, output};
use output::{CliError, Exit};

/// Writes a first scenario and a policy to change into a folder.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: firedrill init drills && cd drills && firedrill run")]
pub(super) struct Args {
    /// The folder, made if it is missing [default: the current one].
    #[arg(value_name = "FOLDER", default_value = ".", hide_default_value = true)]
    folder: PathBuf,
}

/// Writes all files, or none if one of them exists.
pub(super) fn init(args: &Args) -> Done {
    let files = starter(&args.folder);
    for (path, _) in &files {
        if path.symlink_metadata().is_ok() {
            let message = format!("`{}` is there already", path.display());
            let hint = "name an empty folder, or move the file: nothing was written";
            return Err(vec![CliError::new(message, hint)]);
        }
    }
    for (path, text) in &files {
        write(path, text).map_err(|trouble| vec![trouble])?;
        output::print(&format!("wrote  {}", path.display())).map_err(|trouble| vec![trouble])?;
    }
    output::print_error(&next(&args.folder));
    Ok(Exit::Holds)
}

/// The files by their paths.
fn starter(folder: &Path) -> [(PathBuf, String); 6] {
    let (root, below) = repository(folder);
    let workflow = WORKFLOW
        .replace("$ACTION", &action())
        .replace("$DIRECTORY", &below);
    [
        (folder.join("scenarios/first-drill.yaml"), SCENARIO.into()),
        (folder.join("scenarios/README.md"), README.into()),
        (folder.join("policies/mine.yaml"), POLICY.into()),
        (
            folder.join("schema/scenario.json"),
            Files::Scenario.schema(),
        ),
        (folder.join("schema/policy.json"), Files::Policy.schema()),
        (root.join(".github/workflows/firedrill.yml"), workflow),
    ]
}

/// The root of the Git repository that `folder` is in, and the folder's path below it: CI reads
/// workflows from there alone. Without a repository, it is the folder itself.
fn repository(folder: &Path) -> (PathBuf, String) {
    let whole = std::path::absolute(folder).unwrap_or_default();
    let mut root = folder.to_owned();
    for above in whole.ancestors() {
        if above.join(".git").exists() {
            let below = whole.strip_prefix(above).unwrap_or(Path::new("")).iter();
            let below = Vec::from_iter(below.map(|part| part.to_string_lossy()));
            return match below.is_empty() {
                true => (folder.to_owned(), ".".to_owned()),
                false => (root, below.join("/")),
            };
        }
        match root.components().next_back() {
            Some(Component::Normal(_)) => _ = root.pop(),
            Some(Component::ParentDir) => root.push(".."),
            _ => root = PathBuf::from(".."),
        }
    }
    (folder.to_owned(), ".".to_owned())
}

/// The action that the workflow uses.
fn action() -> String {
    format!("{REPOSITORY}@v{}", env!("CARGO_PKG_VERSION"))
}

/// Writes a file, and makes its folder if it is missing.
pub(super) fn write(path: &Path, text: &str) -> Result<(), CliError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let written = fs::create_dir_all(folder).and_then(|()| output::write_whole(path, text));
    written.map_err(|error| {
        let message = format!("cannot write `{}`: {error}", path.display());
        CliError::new(message, "name a folder that you may write to")
    })
}

/// The next steps.
fn next(folder: &Path) -> String {
    let enter = match folder == Path::new(".") {
        true => String::new(),
        false => format!("cd {} && ", folder.display()),
    };
    let note = match REPOSITORY == NO_REPOSITORY {
        true => format!(
            "\nci:    in the workflow, write the repository of your Firedrill in place of \
             `{REPOSITORY}`"
        ),
        false => String::new(),
    };
    format!("now:   {enter}firedrill run --watch   (and change policies/mine.yaml){note}")
}

/// The repository that this program was released from, as OWNER/NAME. The release workflow tells it
/// to the build.
const REPOSITORY: &str = match option_env!("FIREDRILL_REPOSITORY") {
    Some(told) => told,
    None => NO_REPOSITORY,
};

/// Stands for a repository that is not known. No account can have a name with `_`.
const NO_REPOSITORY: &str = "YOUR_ORG/firedrill";

const SCENARIO: &str = include_str!("init/first-drill.yaml");
const POLICY: &str = include_str!("init/mine.yaml");
const README: &str = include_str!("init/README.md");
const WORKFLOW: &str = include_str!("init/firedrill.yml");
