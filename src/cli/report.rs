//! `firedrill report`: makes a report from traces of production, or from results.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use super::output_args::OutputArgs;
use super::{Done, merge, output};
use crate::prices::Book;
use crate::report::Report;
use crate::report::production::Production;
use crate::text::visible::visible;
use crate::time::Instant;
use crate::trace::EventKind;
use crate::trace::lines::{Header, ReadError, Reader};
use output::{CliError, Exit};

/// Reports on traces that clients in production recorded, or on results, in any format.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: firedrill report trace.jsonl --out reports\n         \
                  firedrill report result.json --format html > result.html\n\n\
                  Of results, the exit code is the verdict, as after `run`."
)]
pub(super) struct Args {
    /// Traces of one fleet, each one life of one client; or results of `run --out` or
    /// `run --format json`.
    #[arg(value_name = "TRACE|RESULT", required = true)]
    traces: Vec<PathBuf>,

    /// Take prices from FILE instead of the trace (docs/prices.md has its forms).
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,

    #[command(flatten)]
    output: OutputArgs,
}

/// Reads all traces twice (for their length, then for their events), and reports on them.
pub(super) fn report(args: Args) -> Done {
    let results = args.traces.iter().filter(|path| is_result(path)).count();
    if results > 0 {
        return of_results(&args, results);
    }
    if let Some(problem) = args.output.problem(false) {
        return Err(vec![problem]);
    }
    let months = args.output.months().map_err(|trouble| vec![trouble])?;
    let report = measured(&args.traces, args.prices.as_deref()).map_err(|trouble| vec![trouble])?;
    let report = months.add(report);
    let text = report.render_on(args.output.format, &output::screen());
    // Printed first: no result is lost when its files cannot be written.
    let mut troubles = Vec::from_iter(output::print(&text).err());
    troubles.extend(args.output.write(&[report]).err());
    match troubles.is_empty() {
        true => Ok(Exit::Holds),
        false => Err(troubles),
    }
}

fn of_results(args: &Args, results: usize) -> Done {
    let error = |message: &str, hint: &str| Err(vec![CliError::new(message.to_owned(), hint)]);
    if results < args.traces.len() {
        let hint = "name results of `run` alone, or traces of production alone";
        return error("some of these files are results, and others are not", hint);
    }
    if args.prices.is_some() {
        let hint = "leave it out; `firedrill roi --prices` takes other prices";
        return error("`--prices` is for traces: a result has its prices", hint);
    }
    merge::show(&args.traces, &args.output)
}

/// Whether a file begins as a result document does, or as several in one; no line of a trace does.
fn is_result(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(START).read_to_end(&mut start));
    let text = String::from_utf8_lossy(&start);
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let begins = |with: &str| text.starts_with(with);
    read.is_ok() && (begins("{\"schema\":\"firedrill.result") || begins("[{\"schema\":"))
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

/// A result says in its first bytes what it is.
const START: u64 = 256;
