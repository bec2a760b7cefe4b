//! `firedrill roi`: what the policies of a result cost in a month, and what they save.

use std::path::{Path, PathBuf};

use super::{Done, output, results};
use crate::prices::Book;
use crate::report::ValueFormat;
use crate::roi::{Assumptions, Observed, Roi, RoiError, Written};
use crate::text::{Diagnostic, Document};
use output::{CliError, Exit};

/// Scales a result to a month: bills, lost calls, downtime, and what a policy saves.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: firedrill roi outage.json --volume 50M/month --downtime '400 USD/h'"
)]
pub(super) struct Args {
    /// A result, as `firedrill run --format json` writes it.
    #[arg(value_name = "RESULT")]
    result: PathBuf,

    /// Calls in a month (`50M/month`, `120/h`), or tokens (`50M tok/month`).
    #[arg(long, value_name = "N/PERIOD", allow_hyphen_values = true)]
    volume: Option<String>,

    /// What an hour of downtime costs, beside its lost calls: `400 USD/h`.
    #[arg(long, value_name = "USD/h", allow_hyphen_values = true)]
    downtime: Option<String>,

    /// What a lost call costs [default: the highest cost among the policies, for an answer or for
    /// one more answer than another policy has].
    #[arg(long, value_name = "USD", allow_hyphen_values = true)]
    lost_call: Option<String>,

    /// What it costs to build the failover in, once: `12_000 USD`.
    #[arg(long, value_name = "USD", allow_hyphen_values = true)]
    integration: Option<String>,

    /// Share of the month that goes as in the scenario; all is well in the rest [default: 100%].
    #[arg(long, value_name = "SHARE", allow_hyphen_values = true)]
    exposure: Option<String>,

    /// The policy to compare with [default: `no-failover`, else the first].
    #[arg(long, value_name = "POLICY")]
    baseline: Option<String>,

    /// The provider that answers when all is well [default: the first].
    #[arg(long, value_name = "PROVIDER")]
    primary: Option<String>,

    /// Take prices from FILE instead of the result (docs/prices.md has its forms).
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,

    /// A YAML file with the same keys (`lost_call` for `--lost-call`); flags win.
    #[arg(long, value_name = "FILE")]
    assumptions: Option<PathBuf>,

    /// How the months are printed.
    #[arg(long, value_enum, default_value_t = ValueFormat::Table)]
    format: ValueFormat,
}

/// Prints the month of each scenario in the result.
pub(super) fn roi(args: Args) -> Done {
    months(args).map_err(|trouble| vec![trouble])
}

fn months(args: Args) -> Result<Exit, CliError> {
    let flags = Written {
        volume: args.volume,
        downtime: args.downtime,
        lost_call: args.lost_call,
        integration: args.integration,
        exposure: args.exposure,
        baseline: args.baseline,
        primary: args.primary,
    };
    let assumed = assumed(&flags, args.assumptions.as_deref())?;
    let book = args.prices.as_deref().map(Book::read).transpose()?;
    let mut months = Vec::new();
    for report in results::read(&args.result)? {
        let mut observed = Observed::of(&report);
        if let Some(book) = &book {
            let priced = observed.reprice(book);
            priced.map_err(|wrong| CliError::new(wrong.message, &wrong.hint))?;
        }
        months.push(Roi::new(&observed, &assumed).map_err(error)?);
    }
    output::print(&Roi::render_all(&months, args.format))?;
    Ok(Exit::Holds)
}

/// The assumptions of the file at `path`.
pub(super) fn assumptions(path: &Path) -> Result<Assumptions, CliError> {
    assumed(&Written::default(), Some(path))
}

/// Those of the flags, and of the file for what they leave open.
fn assumed(flags: &Written, file: Option<&Path>) -> Result<Assumptions, CliError> {
    let read = |path: &Path| -> Result<(String, Written), Diagnostic> {
        let document = Document::read(path)?;
        Ok((path.display().to_string(), Written::of(&document)?))
    };
    let file = file.map(read).transpose()?;
    let file = file
        .as_ref()
        .map(|(name, written)| (name.as_str(), written));
    Assumptions::new(flags, file).map_err(|mistake| error(mistake.error()))
}

fn error(error: RoiError) -> CliError {
    CliError::new(error.message, &error.hint)
}
