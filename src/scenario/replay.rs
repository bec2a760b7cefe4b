//! Reads a trace file: a CSV with one recorded call per row, in order of arrival.
//!
//! Two sets of columns are known: `arrival_s,input_tokens,output_tokens`, with seconds, and
//! `TIMESTAMP,ContextTokens,GeneratedTokens`, with dates and times, as Azure published its traces
//! (Patel et al., Splitwise, ISCA 2024). Other columns are ignored. Arrivals become exact integers
//! of nanoseconds since the first row, by no float. Finding the file is left to `load`.

use std::ops::Range;

use csv::{ReaderBuilder, StringRecord, Trim};

use super::workload::{MOST_TOKENS, Row};
use super::{LONGEST_RUN, Point};
use crate::text::Problem;
use crate::time::{Instant, nanos};

/// The rows of the trace file `text`; `point` makes a problem of a place in it.
pub(super) fn rows(text: &str, point: Point<'_>) -> Result<Vec<Row>, Problem> {
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
        rows.push(&columns, &Line::new(text, &record, point))?;
    }
    if rows.rows.is_empty() {
        return Err(
            point(0..text.len(), "the trace has no rows below its head".into()).hint(HEADS),
        );
    }
    Ok(rows.rows)
}

/// The rows read so far.
#[derive(Default)]
struct Rows {
    rows: Vec<Row>,
    /// The first row's moment, as its file counts.
    first: u64,
}

impl Rows {
    fn push(&mut self, columns: &Columns, line: &Line<'_>) -> Result<(), Problem> {
        let at = columns.moment(line)?;
        if self.rows.is_empty() {
            self.first = at;
        }
        let arrival = Instant::from_nanos(at.saturating_sub(self.first));
        let latest = self.rows.last().map_or(Instant::START, |row| row.arrival);
        if at < self.first || arrival < latest {
            let message = "comes before the row above it";
            return Err(line.problem(&columns.arrival, message).hint(SORT));
        }
        if arrival.as_nanos() > nanos(LONGEST_RUN) {
            let message = "comes more than 366 days after the first row";
            return Err(line
                .problem(&columns.arrival, message)
                .hint("cut the trace"));
        }
        self.rows.push(Row {
            arrival,
            input: line.tokens(&columns.input)?,
            output: line.tokens(&columns.output)?.max(1),
        });
        Ok(())
    }
}

/// Which field of a record is what.
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
    fn find(head: &Line<'_>) -> Result<Self, Problem> {
        let dated = head.place("arrival_s").is_none() && head.place("TIMESTAMP").is_some();
        let [arrival, input, output] = if dated { DATED } else { SECONDS };
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

    /// The moment of arrival in nanoseconds, from wherever the file counts.
    fn moment(&self, line: &Line<'_>) -> Result<u64, Problem> {
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
            line.problem(&self.arrival, &format!("is not {kind}: `{}`", short(field)))
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
        // The reader is still on the line break before when it starts on a record.
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

    fn field(&self, column: &Column) -> Result<&'a str, Problem> {
        self.record.get(column.place).ok_or_else(|| {
            self.problem(column, "is missing in this row")
                .hint("give every row as many fields as the head has")
        })
    }

    fn tokens(&self, column: &Column) -> Result<u64, Problem> {
        let field = self.field(column)?;
        let whole = !field.is_empty() && field.bytes().all(|byte| byte.is_ascii_digit());
        match field.parse().ok().filter(|&tokens| tokens <= MOST_TOKENS) {
            Some(tokens) if whole => Ok(tokens),
            _ if whole => {
                let message = format!("is more than {MOST_TOKENS} tokens: `{}`", short(field));
                Err(self.problem(column, &message).hint("no call is that long"))
            }
            _ => {
                let message = format!("is not a whole number of tokens: `{}`", short(field));
                Err(self
                    .problem(column, &message)
                    .hint("write digits only, as in `374`"))
            }
        }
    }

    fn problem(&self, column: &Column, message: &str) -> Problem {
        let range = self.field_range(column.place);
        (self.point)(range, format!("`{}` {message}", column.name))
    }

    /// Where the `place`-th field stands, without the blanks around it; the line's end when it is
    /// not there.
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

/// A field as messages repeat it: on one line, and never longer than that.
fn short(field: &str) -> String {
    let mut kept = field.chars();
    let mut shown: String = kept.by_ref().take(LONGEST_SHOWN).collect();
    if kept.next().is_some() {
        shown.push('…');
    }
    shown.replace(['\n', '\r'], " ")
}

/// Seconds with at most nine decimals, in nanoseconds.
fn seconds(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    digits(whole)?
        .checked_mul(SECOND)?
        .checked_add(billionths(fraction)?)
}

/// `2023-11-16 18:15:46.6805900`, in nanoseconds since 1970, all in UTC.
fn date_and_time(text: &str) -> Option<u64> {
    let text = text.strip_suffix("+00:00").unwrap_or(text);
    let (date, time) = text.split_once([' ', 'T'])?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [year, month, day] = three(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = three(time, ':', [2, 2, 2])?;
    let known = (1970..=2200).contains(&year) && (1..=12).contains(&month);
    if !known || day < 1 || day > days_of(year, month) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = days_since_1970(year, month, day);
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    Some(seconds * SECOND + billionths(fraction)?)
}

fn three(text: &str, between: char, widths: [usize; 3]) -> Option<[u64; 3]> {
    let parts: Vec<&str> = text.split(between).collect();
    let parts: [&str; 3] = parts.try_into().ok()?;
    if parts.map(str::len) != widths {
        return None;
    }
    let [a, b, c] = parts.map(digits);
    Some([a?, b?, c?])
}

fn days_of(year: u64, month: u64) -> u64 {
    let next = match month {
        12 => days_since_1970(year + 1, 1, 1),
        _ => days_since_1970(year, month + 1, 1),
    };
    next - days_since_1970(year, month, 1)
}

/// Howard Hinnant's days_from_civil: years begin in March, so that the leap day comes last.
fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year) = (year / 400, year % 400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let of_era = year * 365 + year / 4 - year / 100 + of_year;
    era * 146_097 + of_era - 719_468
}

fn billionths(fraction: &str) -> Option<u64> {
    let missing = 9_usize.checked_sub(fraction.len())?;
    Some(digits(fraction)? * 10_u64.pow(missing as u32))
}

fn digits(text: &str) -> Option<u64> {
    let all = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| text.parse().ok()).flatten()
}

const SECOND: u64 = 1_000_000_000;
const SECONDS: [&str; 3] = ["arrival_s", "input_tokens", "output_tokens"];
const DATED: [&str; 3] = ["TIMESTAMP", "ContextTokens", "GeneratedTokens"];
const HEADS: &str = "start it with the line `arrival_s,input_tokens,output_tokens` \
                     or `TIMESTAMP,ContextTokens,GeneratedTokens`";
const LONGEST_SHOWN: usize = 40;
const SORT: &str = "sort the rows by their arrival";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Vec<Row>, Problem> {
        rows(text, &|range, message| {
            Problem::of_text("t.csv", text, range, message)
        })
    }

    fn row(arrival: u64, input: u64, output: u64) -> Row {
        Row {
            arrival: Instant::from_nanos(arrival),
            input,
            output,
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
    fn days_follow_the_calendar() {
        assert_eq!(date_and_time("1970-01-01 00:00:00"), Some(0));
        let second = 1_000_000_000;
        assert_eq!(
            date_and_time("2023-11-16 18:15:46.6805900"),
            Some(1_700_158_546 * second + 680_590_000)
        );
        assert_eq!(
            date_and_time("2000-03-01 00:00:00"),
            Some(951_868_800 * second)
        );
        for wrong in NO_DATES {
            assert_eq!(date_and_time(wrong), None, "{wrong}");
        }
    }

    #[rustfmt::skip]
    const NO_DATES: [&str; 14] = [
        "", "2023-11-16", "2023-02-29 00:00:00",
        "2100-02-29 00:00:00", "2023-13-01 00:00:00", "2023-04-31 00:00:00",
        "2023-1-01 00:00:00", "2023-01-01 24:00:00", "2023-01-01 00:00:60",
        "2023-01-01 00:00:00.0123456789", "2023-01-00 00:00:00", "+023-01-01 00:00:00",
        "1969-12-31 00:00:00", "2023-01-01 00:00:00+01:00",
    ];

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
                message.len() < 120 && message.lines().count() == 1,
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

        #[test]
        fn no_timestamp_makes_it_panic(text in "[0-9]{0,20}([-: T.]?[0-9]{0,4}){0,8}|\\PC{0,30}") {
            let _ = (date_and_time(&text), seconds(&text));
        }
    }
}
