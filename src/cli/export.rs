//! `firedrill export`: a policy as another system's configuration.

use std::path::Path;

use super::import::{Shown, names, system, table};
use super::{Done, output};
use crate::policy_file::presets;
use crate::text::Diagnostic;
use output::{CliError, Exit};

/// Writes a policy's settings as another system's configuration, to stdout.
///
/// What became of each setting is printed to stderr. Models, keys and addresses are not the
/// policy's: they stay as the system's own file has them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: firedrill export litellm policies/mine.yaml > settings.yaml")]
pub(super) struct Args {
    /// The system to write for.
    #[arg(value_name = "SYSTEM", value_parser = names())]
    system: String,
    /// A policy file, or the name of a preset.
    policy: String,
    /// How the settings are printed.
    #[arg(long, value_enum, default_value_t)]
    format: Shown,
}

/// Prints the configuration, and what became of the policy's settings.
pub(super) fn export(args: &Args) -> Done {
    let one = |trouble: CliError| vec![trouble];
    let Some(system) = system(&args.system) else {
        return Err(vec![CliError::new("no such system".to_owned(), "")]);
    };
    let (name, text) = policy(&args.policy).map_err(one)?;
    let exported = system.export(&name, &text);
    let exported = exported.map_err(|problem| problem.into_iter().map(CliError::from));
    let Some((file, notes)) = exported.map_err(Vec::from_iter)? else {
        let message = format!("a policy cannot be exported to {}", system.title);
        let hint = "its requests hold models, and no settings of a client";
        return Err(vec![CliError::new(message, hint)]);
    };
    output::print(&file).map_err(one)?;
    output::print_error(&table(&name, &notes, args.format));
    Ok(Exit::Holds)
}

/// The name and the text of a policy file, or of a preset.
fn policy(written: &str) -> Result<(String, String), CliError> {
    let path = Path::new(written);
    if let (false, Some(text)) = (path.exists(), presets::text(written)) {
        return Ok((written.to_owned(), text.to_owned()));
    }
    let bytes = crate::text::file::read(path, 1 << 20).map_err(|why| {
        let message = format!("the policy cannot be read: {why}");
        let hint = "name a policy file, or a preset: `firedrill presets` lists them";
        CliError::from(Diagnostic::of_file(written, message).hint(hint))
    })?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok((written.to_owned(), text))
}
