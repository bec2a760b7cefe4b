//! `firedrill completions`: prints a shell's completion script.

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, Done, output};
use output::Exit;

/// Prints a completion script for a shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: firedrill completions zsh > ~/.zfunc/_firedrill")]
pub(super) struct Args {
    /// The shell to complete in.
    shell: Shell,
}

/// Prints the script.
pub(super) fn completions(args: &Args) -> Done {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "firedrill", &mut script);
    output::print(&String::from_utf8_lossy(&script)).map_err(|trouble| vec![trouble])?;
    Ok(Exit::Holds)
}
