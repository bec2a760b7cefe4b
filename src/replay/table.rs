//! Trace files as tables: a CSV with column names in the first line.

use std::ops::Range;

use csv::{ReaderBuilder, StringRecord, Trim};

use super::moment::{date_and_time, seconds};
use super::{HEADS, Point, RawRow, Rows};
use crate::text::Diagnostic;
use crate::units::tokens::MOST_TOKENS;

/// The rows of a CSV file.
pub(super) fn rows(text: &str, point: Point<'_>) -> Result<Rows, Diagnostic> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .from_reader(text.as_bytes());
    let mut record = StringRecord::new();
    let mut next = |record: &mut StringRecord| {
        let more = reader.read_record(record);
        more.map_err(|error| point(0..0, format!("not a CSV file: {error}")))
    };
    if !next(&mut record)? {
        return Err(point(0..0, "the trace is empty".into()).hint(HEADS));
    }
    let columns = Columns::find(&Line::new(text, &record, point))?;
    let mut rows = Rows::default();
    while next(&mut record)? {
        columns.push(&mut rows, &Line::new(text, &record, point))?;
    }
    if rows.rows.is_empty() {
        return Err(
            point(0..text.len(), "the trace has no rows below its head".into()).hint(HEADS),
        );
    }
    Ok(rows)
}

/// The positions of the columns.
struct Columns {
    arrival: Column,
    input: Column,
    output: Column,
    dated: bool,
}

struct Column {
    name: &'static str,
    place: usize,
}

impl Columns {
    fn find(head: &Line<'_>) -> Result<Self, Diagnostic> {
        let mut kinds = [SECONDS, AZURE, BURST_GPT].into_iter();
        let known = kinds.find(|[arrival, ..]| head.place(arrival).is_some());
        let [arrival, input, output] = known.unwrap_or(SECONDS);
        let dated = arrival == AZURE[0];
        let column = |name| match head.place(name) {
            Some(place) => Ok(Column { name, place }),
            None => {
                let message = format!("the trace has no column `{name}`");
                Err((head.point)(head.range(), message).hint(HEADS))
            }
        };
        Ok(Self {
            arrival: column(arrival)?,
            input: column(input)?,
            output: column(output)?,
            dated,
        })
    }

    fn push(&self, rows: &mut Rows, line: &Line<'_>) -> Result<(), Diagnostic> {
        let read = RawRow {
            at: self.moment(line)?,
            input: line.tokens(&self.input)?,
            output: line.tokens(&self.output)?,
            prefix: None,
        };
        rows.push(&read, |message| line.problem(&self.arrival, message))
    }

    /// The moment of arrival in nanoseconds, on the file's clock.
    fn moment(&self, line: &Line<'_>) -> Result<u64, Diagnostic> {
        let field = line.field(&self.arrival)?;
        let (read, hint) = if self.dated {
            (date_and_time(field), "write `2023-11-16 18:15:46.6805900`")
        } else {
            (
                seconds(field),
                "write seconds as `4.314579`: at most nine decimals, no sign",
            )
        };
        read.ok_or_else(|| {
            let kind = if self.dated {
                "a date and time"
            } else {
                "a number of seconds"
            };
            line.problem(&self.arrival, &format!("is not {kind}: `{}`", field))
                .hint(hint)
        })
    }
}

/// One record, and where it stands.
struct Line<'a> {
    text: &'a str,
    start: usize,
    record: &'a StringRecord,
    point: Point<'a>,
}

impl<'a> Line<'a> {
    fn new(text: &'a str, record: &'a StringRecord, point: Point<'a>) -> Self {
        let start = record.position().map_or(0, |at| at.byte() as usize);
        // At the start of a record the reader is still at the line break before it.
        let breaks = text.as_bytes()[start..]
            .iter()
            .take_while(|byte| matches!(byte, b'\r' | b'\n'));
        Self {
            text,
            start: start + breaks.count(),
            record,
            point,
        }
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.record.iter().position(|field| field == name)
    }

    fn field(&self, column: &Column) -> Result<&'a str, Diagnostic> {
        self.record.get(column.place).ok_or_else(|| {
            self.problem(column, "is missing in this row")
                .hint("give every row as many fields as the head has")
        })
    }

    fn tokens(&self, column: &Column) -> Result<u64, Diagnostic> {
        let field = self.field(column)?;
        let whole = !field.is_empty() && field.bytes().all(|byte| byte.is_ascii_digit());
        match field.parse().ok().filter(|&tokens| tokens <= MOST_TOKENS) {
            Some(tokens) if whole => Ok(tokens),
            _ if whole => {
                let message = format!("is more than {MOST_TOKENS} tokens: `{}`", field);
                Err(self.problem(column, &message).hint("no call is that long"))
            }
            _ => {
                let message = format!("is not a whole number of tokens: `{}`", field);
                Err(self
                    .problem(column, &message)
                    .hint("write digits only, as in `374`"))
            }
        }
    }

    fn problem(&self, column: &Column, message: &str) -> Diagnostic {
        let range = self.field_range(column.place);
        (self.point)(range, format!("`{}` {message}", column.name))
    }

    /// The range of the `place`-th field, without blanks around it; the line's end if it is
    /// missing.
    fn field_range(&self, place: usize) -> Range<usize> {
        let line = &self.text[self.range()];
        let (mut from, mut passed, mut quoted) = (0, 0, false);
        let mut to = line.len();
        for (at, byte) in line.bytes().enumerate() {
            match byte {
                b'"' => quoted = !quoted,
                b',' if !quoted && passed == place => {
                    to = at;
                    break;
                }
                b',' if !quoted => {
                    passed += 1;
                    from = at + 1;
                }
                _ => {}
            }
        }
        if passed < place {
            return self.start + line.len()..self.start + line.len();
        }
        let field = line[from..to].trim_end();
        let blanks = field.len() - field.trim_start().len();
        self.start + from + blanks..self.start + from + field.len()
    }

    fn range(&self) -> Range<usize> {
        let rest = &self.text[self.start..];
        let line = rest.split('\n').next().unwrap_or_default();
        self.start..self.start + line.trim_end_matches('\r').len()
    }
}

/// The names of arrival, input and output in each format.
const SECONDS: [&str; 3] = ["arrival_s", "input_tokens", "output_tokens"];
const AZURE: [&str; 3] = ["TIMESTAMP", "ContextTokens", "GeneratedTokens"];
const BURST_GPT: [&str; 3] = ["Timestamp", "Request tokens", "Response tokens"];
