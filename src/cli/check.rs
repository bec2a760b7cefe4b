//! `firedrill check`: reads and checks files, and runs nothing.

use std::path::{Path, PathBuf};

use super::{Done, files, output};
use crate::drill::{Changes, Drill};
use crate::policy::config::Policy;
use crate::text::Problem;
use output::{Exit, Trouble};

/// Checks scenarios and policies (files without `providers`), and runs nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: firedrill check scenarios policies")]
pub(super) struct Args {
    /// Files, or folders to read at any depth [default: scenarios/*.yaml].
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// Checks every file, tells each one's fate, and every problem.
pub(super) fn check(args: &Args) -> Done {
    let mut troubles = Vec::new();
    for file in files::find(&args.paths)? {
        let shown = file.path.display();
        let line = match check_file(&file.path) {
            Ok(summary) => format!("ok     {shown}  ({summary})"),
            Err(more) => {
                let line = format!(
                    "wrong  {shown}  ({})",
                    counted(more.len() as u64, "problem")
                );
                troubles.extend(more.into_iter().map(Trouble::from));
                line
            }
        };
        output::print(&line).map_err(|trouble| vec![trouble])?;
    }
    if troubles.is_empty() {
        Ok(Exit::Holds)
    } else {
        Err(troubles)
    }
}

/// What is in the file at `path`, in a few words, or what is wrong with it.
fn check_file(path: &Path) -> Result<String, Vec<Problem>> {
    if !files::is_scenario(path) {
        Policy::read(path).map_err(|problem| vec![problem])?;
        return Ok("policy".to_owned());
    }
    let drill = Drill::load_with(path, Changes::default())?;
    for warning in drill.warnings() {
        output::tell(&format!("warning: {}: {warning}", path.display()));
    }
    let policies = drill.policies().len();
    Ok(format!(
        "{}, {}",
        counted(drill.seed_count(), "seed"),
        if policies == 1 {
            "1 policy".to_owned()
        } else {
            format!("{policies} policies")
        },
    ))
}

/// `1 seed`, `5 seeds`.
fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}
