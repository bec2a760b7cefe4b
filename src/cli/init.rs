//! `firedrill init`: a first drill in an empty folder, ready to run.
//!
//! It writes a commented scenario, `init/first-drill.yaml`; a policy to change, which is the preset
//! `resilient` under another name; and the schemas that the first lines of both name, so that an
//! editor knows every key.

use std::fs;
use std::path::{Path, PathBuf};

use super::schema::Files;
use super::{Done, output};
use crate::policy_file::presets;
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
    let files = starter();
    for (name, _) in &files {
        let path = args.folder.join(name);
        if path.symlink_metadata().is_ok() {
            let message = format!("`{}` is there already", path.display());
            let hint = "name an empty folder, or move the file: nothing was written";
            return Err(vec![CliError::new(message, hint)]);
        }
    }
    for (name, text) in &files {
        let path = args.folder.join(name);
        write(&path, text).map_err(|trouble| vec![trouble])?;
        output::print(&format!("wrote  {}", path.display())).map_err(|trouble| vec![trouble])?;
    }
    output::print_error(&next(&args.folder));
    Ok(Exit::Holds)
}

/// The files, by their path in the folder.
fn starter() -> [(&'static str, String); 4] {
    let policy = presets::text("resilient").unwrap_or_default();
    let policy = policy.replacen("name: resilient", "name: mine", 1);
    [
        ("scenarios/first-drill.yaml", SCENARIO.to_owned()),
        ("policies/mine.yaml", policy),
        ("schema/scenario.json", Files::Scenario.schema()),
        ("schema/policy.json", Files::Policy.schema()),
    ]
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
    if folder == Path::new(".") {
        return "now:   firedrill run".to_owned();
    }
    format!("now:   cd {} && firedrill run", folder.display())
}

const SCENARIO: &str = include_str!("init/first-drill.yaml");
