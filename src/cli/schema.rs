//! `firedrill schema`: prints the JSON Schema of a kind of file.
//!
//! Those of files that people write are made from their types, those of what we write are files.

use clap::ValueEnum;
use serde_json::Value;

use super::{Done, output};
use crate::report::measures::{MEASURES, Measure};
use crate::{client, policy_file, scenario};
use output::Exit;

/// Prints the JSON Schema of files that you write, for editors, or of JSON that we write.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: firedrill schema policy > schema/policy.json\n\n\
    An editor with a YAML language server checks a file that begins with\n\
    # yaml-language-server: $schema=../schema/policy.json"
)]
pub(super) struct Args {
    /// The kind of files.
    #[arg(value_enum, default_value = "scenario")]
    of: Files,
}

/// Files that have a schema.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Files {
    /// Providers, load and faults.
    Scenario,
    /// The client's settings.
    Policy,
    /// The providers that a client calls, and where their keys are.
    Fleet,
    /// Results of `run`, `merge` and `report`.
    Result,
    /// Comparisons of `compare`.
    Comparison,
    /// Months of `roi`.
    Roi,
    /// `tune.json` of `tune`.
    Tune,
    /// The lines that `evaluate` answers.
    Evaluation,
    /// The lines of a trace.
    Trace,
}

impl Files {
    /// The schema, as the text of a file.
    pub(super) fn schema(self) -> String {
        let schema = match self {
            Self::Scenario => with_expectations(scenario::schema()),
            Self::Policy => policy_file::schema(),
            Self::Fleet => client::fleet_schema(),
            Self::Result => return include_str!("../../schema/result.json").to_owned(),
            Self::Comparison => return include_str!("../../schema/comparison.json").to_owned(),
            Self::Roi => return include_str!("../../schema/roi.json").to_owned(),
            Self::Tune => return include_str!("../../schema/tune.json").to_owned(),
            Self::Evaluation => return include_str!("../../schema/evaluation.json").to_owned(),
            Self::Trace => return include_str!("../../schema/trace.json").to_owned(),
        };
        format!("{schema:#}\n")
    }
}

/// The schema of scenarios, with an expectation of every measure as an example.
fn with_expectations(mut schema: Value) -> Value {
    let texts = schema.pointer_mut("/properties/expect/additionalProperties/items");
    if let Some(Value::Object(text)) = texts {
        let examples = MEASURES.iter().map(Measure::example);
        text.insert("examples".to_owned(), examples.collect());
    }
    schema
}

/// Prints one schema.
pub(super) fn schema(args: &Args) -> Done {
    output::print(&args.of.schema()).map_err(|trouble| vec![trouble])?;
    Ok(Exit::Holds)
}
