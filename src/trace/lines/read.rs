//! Reads a trace: its header, then its events, one by one and checked.

use std::io::{self, BufRead, Read};

use super::check::{self, Checks, Wrong};
use super::{Header, SCHEMA};
use crate::text::Diagnostic;
use crate::trace::Event;

/// Why a trace cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The input cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A line is malformed, or says what cannot be.
    #[error("{0}")]
    Line(Diagnostic),
}

/// The events of a trace, in order.
///
/// An incomplete last line is skipped: a killed process leaves one.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    name: String,
    header: Header,
    line: usize,
    checks: Checks,
}

impl<R: BufRead> Reader<R> {
    /// Reads the header of a trace, which errors call `trace`.
    ///
    /// # Errors
    /// When it is missing, of another version, or not plausible.
    pub fn new(input: R) -> Result<Self, ReadError> {
        Self::named("trace", input)
    }

    /// Reads the header of a trace, which errors call `name`.
    ///
    /// # Errors
    /// When it is missing, of another version, or not plausible.
    pub fn named(name: &str, mut input: R) -> Result<Self, ReadError> {
        let line = next_line(&mut input)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&line);
        let no_trace = |message: &str| {
            let start = text.lines().next().unwrap_or_default();
            let problem = Diagnostic::of_line(name, 1, start, 0..start.len(), message);
            ReadError::Line(problem.hint("name a file that a `JsonlRecorder` wrote"))
        };
        let mut header: Header =
            serde_json::from_slice(&line).map_err(|_| no_trace("this begins no trace"))?;
        if header.schema != SCHEMA {
            return Err(no_trace(&format!("this is not `{SCHEMA}`")));
        }
        check::header(&header).map_err(|wrong| at(name, 1, &text, wrong))?;
        header.hide_secrets();
        Ok(Self {
            input,
            name: name.to_owned(),
            checks: Checks::new(&header),
            header,
            line: 1,
        })
    }

    /// The header.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The event in `line`; none if the line is the last one, and torn.
    fn event(&mut self, line: &[u8]) -> Result<Option<Event>, ReadError> {
        let is_torn = line.last() != Some(&b'\n') && line.len() < LONGEST_LINE;
        // An error at the end of the line would be at the start of the next one.
        let whole = line.strip_suffix(b"\n").unwrap_or(line);
        let text = || String::from_utf8_lossy(whole);
        match serde_json::from_slice(whole) {
            Ok(event) => match self.checks.event(&event) {
                Ok(()) => Ok(Some(event)),
                Err(wrong) => Err(at(&self.name, self.line, &text(), wrong)),
            },
            Err(_) if is_torn => Ok(None),
            Err(error) => {
                let problem = Diagnostic::of_json(&self.name, self.line, &text(), &error);
                Err(ReadError::Line(problem.hint(WHOLE)))
            }
        }
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Event, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = match next_line(&mut self.input) {
            Ok(line) => line?,
            Err(error) => return Some(Err(error.into())),
        };
        self.line += 1;
        self.event(&line).transpose()
    }
}

/// The error of the line of this number, at the value that is wrong.
fn at(name: &str, number: usize, line: &str, wrong: Wrong) -> ReadError {
    let line = line.trim_end_matches(['\r', '\n']);
    let range = wrong.place(line);
    let problem = Diagnostic::of_line(name, number, line, range, wrong.message);
    ReadError::Line(problem.hint(wrong.hint))
}

/// The next line with its end, or as much of it as the bound allows; `None` at the end of input.
fn next_line(input: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let most = LONGEST_LINE as u64;
    input.take(most).read_until(b'\n', &mut line)?;
    Ok((!line.is_empty()).then_some(line))
}

const WHOLE: &str = "leave the lines as a `JsonlRecorder` wrote them, or delete this one";

/// The longest line, in bytes: a header of 65,535 providers is the longest there is.
const LONGEST_LINE: usize = 32 << 20;
