//! `firedrill schema`: what may stand in a file, for editors, as JSON Schema.

use clap::ValueEnum;

use super::{Done, output};
use crate::{client, policy_file, scenario};
use output::Exit;

/// Prints the JSON Schema of scenario, policy or fleet files, for editors.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: firedrill schema policy > schema/policy.json\n\n\
    An editor with a YAML language server checks a file that begins with\n\
    # yaml-language-server: $schema=../schema/policy.json"
)]
pub(super) struct Args {
    /// Of which files.
    #[arg(value_enum, default_value = "scenario")]
    of: Files,
}

/// Files that have a schema.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Files {
    /// What the world does.
    Scenario,
    /// How the client decides.
    Policy,
    /// Whom the client asks, and where the keys are.
    Fleet,
}

impl Files {
    /// Their schema, as a file.
    pub(super) fn schema(self) -> String {
        let schema = match self {
            Self::Scenario => scenario::schema(),
            Self::Policy => policy_file::schema(),
            Self::Fleet => client::fleet_schema(),
        };
        format!("{schema:#}\n")
    }
}

/// Prints one schema.
pub(super) fn schema(args: &Args) -> Done {
    output::print(&args.of.schema()).map_err(|trouble| vec![trouble])?;
    Ok(Exit::Holds)
}
