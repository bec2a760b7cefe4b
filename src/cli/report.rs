//! `firedrill report`: makes a report from traces of production.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::file_set::OutputArgs;
use super::{Done, output};
use crate::prices::Book;
use crate::report::Report;
use crate::report::production::Production;
use crate::text::visible::visible;
use crate::time::Instant;
use crate::trace::EventKind;
use crate::trace::lines::{Header, ReadError, Reader};
use output::{CliError, Exit};

/// Reports on traces that clients in production recorded.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: firedrill report trace.jsonl --out reports")]
pub(super) struct Args {
    /// Traces of one fleet: each is one life of one client.
    #[arg(value_name = "TRACE", required = true)]
    traces: Vec<PathBuf>,

    /// Take prices from FILE instead of the trace (docs/prices.md has its forms).
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,

    #[command(flatten)]
    output: OutputArgs,
}

/// Reads all traces twice (for their length, then for their events), and reports on them.
pub(super) fn report(args: Args) -> Done {
    if let Some(problem) = args.output.problem() {
        return Err(vec![problem]);
    }
    let report = measured(&args.traces, args.prices.as_deref()).map_err(|trouble| vec![trouble])?;
    let text = report.render_on(args.output.format, &output::screen());
    // Printed first: no result is lost when its files cannot be written.
    let mut troubles = Vec::from_iter(output::print(&text).err());
    troubles.extend(args.output.write(&[report]).err());
    match troubles.is_empty() {
        true => Ok(Exit::Holds),
        false => Err(troubles),
    }
}

/// The report on these traces.
fn measured(traces: &[PathBuf], prices: Option<&Path>) -> Result<Report, CliError> {
    let (header, last) = survey(traces)?;
    let stem = traces.first().and_then(|path| path.file_stem());
    let name = stem.map_or_else(|| "trace".into(), |stem| stem.to_string_lossy());
    let mut production = Production::new(&visible(&name), &header, last);
    if let Some(path) = prices {
        let book = Book::read(path)?;
        let priced = production.reprice(&book);
        priced.map_err(|wrong| CliError::new(wrong.message, &wrong.hint))?;
    }
    for path in traces {
        let reader = open(path)?;
        let policy = reader.header().policy.clone();
        let shown = path.display().to_string();
        let taken = production.take(&shown, &policy, reader);
        taken.map_err(|error| wrong(path, error))?;
    }
    Ok(production.report())
}

/// The header of the first trace, and when the last call of any of them arrived. All must be of one
/// fleet.
fn survey(traces: &[PathBuf]) -> Result<(Header, Instant), CliError> {
    let mut first: Option<(Header, &Path)> = None;
    let mut last = Instant::START;
    for path in traces {
        let reader = open(path)?;
        let header = reader.header().clone();
        for event in reader {
            let event = event.map_err(|error| wrong(path, error))?;
            if matches!(event.kind, EventKind::Arrived { .. }) {
                last = last.max(event.at);
            }
        }
        match &first {
            None => first = Some((header, path)),
            Some((other, earlier)) if other.providers != header.providers => {
                let (one, two) = (earlier.display(), path.display());
                return Err(CliError::new(
                    format!("`{two}` is of another fleet than `{one}`"),
                    "report on them one by one: providers, models and prices must be the same",
                ));
            }
            Some(_) => {}
        }
    }
    let (header, _) = first.ok_or_else(|| CliError::new("there is no trace".to_owned(), ""))?;
    Ok((header, last))
}

fn open(path: &Path) -> Result<Reader<BufReader<File>>, CliError> {
    let file = File::open(path).map_err(|error| wrong(path, error.into()))?;
    let name = path.display().to_string();
    Reader::named(&name, BufReader::new(file)).map_err(|error| wrong(path, error))
}

fn wrong(path: &Path, error: ReadError) -> CliError {
    match error {
        ReadError::Line(problem) => problem.into(),
        ReadError::Io(error) => {
            let message = format!("the trace `{}` cannot be read: {error}", path.display());
            CliError::new(message, "name a file that a `JsonlRecorder` wrote")
        }
    }
}
