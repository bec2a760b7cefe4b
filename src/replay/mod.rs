//! Reads recorded traffic, to replay it: one call per row of a trace file, in order of arrival.
//!
//! Its first line determines its format:
//! - `arrival_s,input_tokens,output_tokens`: a CSV with seconds, the simplest format;
//! - `TIMESTAMP,ContextTokens,GeneratedTokens`: dates and times, as Azure published its traces
//!   (Patel et al., Splitwise, ISCA 2024);
//! - `Timestamp,Model,Request tokens,Response tokens,…`: seconds, as in BurstGPT (Wang et al.,
//!   2024);
//! - `{"timestamp": …, "input_length": …, "output_length": …, "hash_ids": […]}`: JSON on each line,
//!   with milliseconds, as in Mooncake (Qin et al., FAST 2025). Its arrivals are multiples of 3 s,
//!   so many rows have the same moment: they are replayed as batches.
//!
//! Other columns are ignored. Arrivals become exact nanoseconds since the first row, without
//! floats. `table` reads the columns, `lines` the JSON, `moment` the timestamps. `scenario` finds
//! the file.

mod lines;
mod moment;
mod table;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use crate::text::Diagnostic;
use crate::time::{Instant, LONGEST_RUN, nanos};

/// A row of a trace file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its arrival, counted from the first row.
    pub arrival: Instant,
    /// Prompt tokens.
    pub input: u64,
    /// Output tokens.
    pub output: u64,
    /// The longest prefix of its prompt that another row has too, if the file says so.
    pub prefix: Option<Prefix>,
}

/// A prompt prefix that several calls share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Prefix {
    /// Its number.
    pub id: u64,
    /// How long it is, in tokens; no longer than the prompt.
    pub tokens: u64,
}

/// The rows of the trace file `name`, which has these bytes.
pub(crate) fn rows(name: &str, bytes: &[u8]) -> Result<Vec<Row>, Diagnostic> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let point: Point<'_> = &|range, message| Diagnostic::of_text(name, text, range, message);
    if let Err(error) = std::str::from_utf8(bytes) {
        let at = error.valid_up_to();
        let message = "this is not a text file in UTF-8".to_owned();
        return Err(point(at..at + 1, message).hint("save the trace as a CSV file in UTF-8"));
    }
    let rows = match text.trim_start().starts_with('{') {
        true => lines::rows(text, point)?,
        false => table::rows(text, point)?,
    };
    Ok(rows.rows)
}

/// How long the calls of a trace arrive: as long as `said`, without the `rows` that come later,
/// else up to its last call.
pub(crate) fn length(rows: &mut Arc<Vec<Row>>, said: Option<Duration>) -> Duration {
    if let Some(said) = said {
        let kept = rows.partition_point(|row| row.arrival.since_start() <= said);
        if kept < rows.len() {
            Arc::make_mut(rows).truncate(kept);
        }
        return said;
    }
    let last = rows.last().map(|row| row.arrival.since_start());
    last.unwrap_or_default()
}

/// Makes a diagnostic from a range of a text.
type Point<'a> = &'a dyn Fn(Range<usize>, String) -> Diagnostic;

/// The rows read so far.
#[derive(Default)]
struct Rows {
    rows: Vec<Row>,
    /// The first row's moment, on the file's clock.
    first: u64,
}

/// A row as read.
struct RawRow {
    /// Its moment in nanoseconds, on the file's clock.
    at: u64,
    input: u64,
    output: u64,
    prefix: Option<Prefix>,
}

impl Rows {
    /// Adds a row; `late` makes a diagnostic about its arrival.
    fn push(&mut self, read: &RawRow, late: impl Fn(&str) -> Diagnostic) -> Result<(), Diagnostic> {
        if self.rows.is_empty() {
            self.first = read.at;
        }
        let arrival = Instant::from_nanos(read.at.saturating_sub(self.first));
        let latest = self.rows.last().map_or(Instant::START, |row| row.arrival);
        if read.at < self.first || arrival < latest {
            return Err(late("comes before the row above it").hint(SORT));
        }
        if arrival.as_nanos() > nanos(LONGEST_RUN) {
            return Err(late("comes more than 366 days after the first row").hint("cut the trace"));
        }
        self.rows.push(Row {
            arrival,
            input: read.input,
            output: read.output.max(1),
            prefix: read.prefix,
        });
        Ok(())
    }
}

const HEADS: &str = "start it with the line `arrival_s,input_tokens,output_tokens` \
                     or `TIMESTAMP,ContextTokens,GeneratedTokens`, or with BurstGPT's columns, \
                     or write Mooncake's JSON on each line";
const SORT: &str = "sort the rows by their arrival";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Vec<Row>, Diagnostic> {
        rows("t.csv", text.as_bytes())
    }

    fn row(arrival: u64, input: u64, output: u64) -> Row {
        Row {
            arrival: Instant::from_nanos(arrival),
            input,
            output,
            prefix: None,
        }
    }

    #[test]
    fn seconds_are_read_to_the_nanosecond() {
        let text = "arrival_s,input_tokens,output_tokens\n\
                    0.0000000,374,44\n4.314579001,396,109\n90,0,0\n";
        let expected = [
            row(0, 374, 44),
            row(4_314_579_001, 396, 109),
            row(90_000_000_000, 0, 1),
        ];
        assert_eq!(read(text).unwrap(), expected);
    }

    #[test]
    fn dates_become_offsets_from_the_first_row() {
        let text = "TIMESTAMP,ContextTokens,GeneratedTokens\r\n\
                    2024-02-28 23:59:59.9999999,1,2\r\n\
                    2024-02-29T00:00:00+00:00,3,4\r\n\
                    2024-03-01 00:00:00.5,5,6\r\n";
        let expected = [row(0, 1, 2), row(100, 3, 4), row(86_400_500_000_100, 5, 6)];
        assert_eq!(read(text).unwrap(), expected);
    }

    #[test]
    fn a_cut_out_of_a_trace_starts_at_its_own_first_row() {
        let text = "arrival_s,input_tokens,output_tokens\n1000.5,1,1\n1001,1,1\n";
        assert_eq!(read(text).unwrap()[1].arrival.as_nanos(), 500_000_000);
    }

    #[test]
    fn other_columns_and_quotes_do_not_matter() {
        let text = "user, output_tokens ,\"arrival_s\",input_tokens,more\n\
                    \"a,\"\"b\",7,\"1.5\",8\n\n\"c\nd\",9,1.5,10,x,y\n";
        assert_eq!(read(text).unwrap(), [row(0, 8, 7), row(0, 10, 9)]);
    }

    #[test]
    fn wrong_traces_say_where_and_what() {
        for (text, place, part) in WRONG {
            let text = text.replace("HEAD", "arrival_s,input_tokens,output_tokens");
            let problem = read(&text).unwrap_err();
            let shown = problem.to_string();
            assert!(shown.contains(part) && shown.contains('^'), "{shown}");
            assert_eq!((problem.line(), problem.column()), place, "{shown}");
            assert!(problem.hint_text().is_some(), "{shown}");
        }
    }

    #[test]
    fn a_long_field_is_cut_in_the_message() {
        let digits = "1".repeat(100_000);
        for field in [&digits, &format!("\"{digits}\n\"")] {
            let text = format!("arrival_s,input_tokens,output_tokens\n0,{field},1\n");
            let message = read(&text).unwrap_err().message().to_owned();
            assert!(
                message.len() < 160 && message.lines().count() == 1,
                "{message}"
            );
        }
    }

    #[rustfmt::skip]
    const WRONG: [(&str, (usize, usize), &str); 17] = [
        ("", (1, 1), "the trace is empty"),
        ("HEAD\n", (1, 1), "no rows"),
        ("a,b\n1,2\n", (1, 1), "no column `arrival_s`"),
        ("arrival_s,input_tokens\n1,2\n", (1, 1), "no column `output_tokens`"),
        ("TIMESTAMP,ContextTokens\n", (1, 1), "no column `GeneratedTokens`"),
        ("HEAD\n0,1,1\n1,x,2\n", (3, 3), "`input_tokens` is not a whole number"),
        ("HEAD\n\n\n0,  1.5 ,1\n", (4, 5), "`input_tokens` is not a whole number"),
        ("HEAD\n0,1,-1\n", (2, 5), "`output_tokens` is not a whole number"),
        ("HEAD\n0,1,10000001\n", (2, 5), "more than 10000000 tokens"),
        ("HEAD\n0,1,99999999999999999999\n", (2, 5), "more than 10000000 tokens"),
        ("HEAD\n0,1\n", (2, 4), "`output_tokens` is missing in this row"),
        ("HEAD\nNaN,1,1\n", (2, 1), "`arrival_s` is not a number of seconds: `NaN`"),
        ("HEAD\n-1,1,1\n", (2, 1), "not a number of seconds"),
        ("HEAD\n0.1234567890,1,1\n", (2, 1), "not a number of seconds"),
        ("HEAD\n5,1,1\n4,1,1\n", (3, 1), "comes before the row above it"),
        ("HEAD\n5,1,1\n7,1,1\n6,1,1\n", (4, 1), "comes before the row above it"),
        ("HEAD\n0,1,1\n99999999,1,1\n", (3, 1), "more than 366 days"),
    ];

    proptest! {
        #[test]
        fn no_text_makes_it_panic(rows in "[-0-9.,\"\r\n é]{0,40}") {
            let _ = read(&rows);
            let _ = read(&format!("arrival_s,input_tokens,output_tokens\n{rows}"));
        }
    }
}
