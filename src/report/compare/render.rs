//! A comparison as text: for a terminal, as Markdown, as CSV and as JSON.

use serde::Serialize;

use super::{CallDifference, Comparison, Finding, Row};
use crate::report::measures::Better;
use crate::report::ratio::grouped;
use crate::report::render::csv::text_of;
use crate::report::{Ratio, Unit, ValueFormat, page};
use crate::text::columns;

/// `comparisons` in one text, as `format` shows them.
pub fn render(comparisons: &[Comparison], format: ValueFormat) -> String {
    let each = |one: fn(&Comparison) -> String| {
        let texts = comparisons.iter().map(one);
        texts.collect::<Vec<_>>().join("\n")
    };
    match format {
        ValueFormat::Table => each(table),
        ValueFormat::Markdown => each(in_markdown),
        ValueFormat::Html => page::comparison(comparisons),
        ValueFormat::Json => json(comparisons),
        ValueFormat::Csv => text_of(|writer| write_csv(comparisons, writer)),
    }
}

fn in_markdown(comparison: &Comparison) -> String {
    markdown(comparison, &format!("## {}", comparison.scenario))
}

impl Unit {
    /// `difference` for people, with its sign: `+0.52pp` (points of a percentage), `-120ms`.
    pub(crate) fn signed(self, difference: f64) -> String {
        let size = Ratio::near(difference.abs());
        let text = match self {
            Self::Ratio => format!("{}pp", size.times(100).fixed(2)),
            // Means of counts are no whole numbers.
            Self::Count => size.decimal(2),
            Self::Usd => format!("{} USD", size.fixed(6)),
            _ => self.shown(size),
        };
        let is_zero = !text.contains(|digit: char| ('1'..='9').contains(&digit));
        let sign = match (is_zero, difference > 0.0) {
            (true, _) => "",
            (_, true) => "+",
            (_, false) => "-",
        };
        format!("{sign}{text}")
    }

    /// A mean for people.
    pub(crate) fn mean(self, mean: f64) -> String {
        match self {
            Self::Count => Ratio::near(mean).decimal(2),
            Self::Usd => format!("{} USD", Ratio::near(mean).fixed(6)),
            _ => self.shown(Ratio::near(mean)),
        }
    }
}

impl Row {
    fn cells(&self) -> [String; 5] {
        let unit = self.unit();
        let value = |value: Option<f64>| value.map_or("-".to_owned(), |value| unit.mean(value));
        let (first, second) = (value(self.first), value(self.second));
        let difference = self.first.zip(self.second);
        let difference = difference.map(|(one, two)| unit.signed(two - one));
        let ends = self.interval.map(|interval| {
            let (low, high) = (unit.signed(interval.low), unit.signed(interval.high));
            format!("{low} to {high}")
        });
        let dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let name = self.name.clone();
        [name, first, second, dash(difference), dash(ends)]
    }
}

impl Finding {
    const fn mark(self) -> char {
        match self {
            Self::Same => '=',
            Self::Better => '+',
            Self::Worse => 'x',
            Self::Differs => '~',
            Self::Together | Self::Untold => '?',
        }
    }
}

impl CallDifference {
    fn sentence(&self, first: &str, second: &str) -> String {
        let (saved, lost) = (grouped(self.saved), grouped(self.lost));
        let all = grouped(self.all);
        format!(
            "of {all} calls, {second} saved {saved} that {first} lost, and lost {lost} that \
             {first} answered"
        )
    }
}

fn seeds(comparison: &Comparison) -> String {
    match comparison.seeds {
        0 => "not paired".to_owned(),
        1 => "1 seed".to_owned(),
        seeds => format!("{seeds} seeds, paired"),
    }
}

/// `also apart: failures, cost`; a terminal shows the first few.
fn others(comparison: &Comparison) -> Option<String> {
    let names = &comparison.others;
    let shown = names.iter().take(MOST_NAMED).map(String::as_str);
    let shown = shown.collect::<Vec<_>>().join(", ");
    let more = match names.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!names.is_empty()).then(|| format!("also apart: {shown}{more} (`--all` shows them)"))
}

/// What fits on a line.
const MOST_NAMED: usize = 4;

fn table(comparison: &Comparison) -> String {
    let Comparison { first, second, .. } = comparison;
    let mut lines = vec![
        format!("{}   {}", comparison.scenario, seeds(comparison)),
        format!("  A  {first}"),
        format!("  B  {second}"),
    ];
    let heads = ["measure", "A", "B", "B - A", "95 % of it"].map(str::to_owned);
    let rows = comparison
        .rows
        .iter()
        .map(|row| (row.finding().mark(), row.cells()));
    let rows: Vec<(char, [String; 5])> = [(' ', heads)].into_iter().chain(rows).collect();
    let width =
        |column: usize| columns::width(rows.iter().map(|(_, cells)| cells[column].as_str()));
    for (mark, cells) in &rows {
        let mut line = format!("{mark} {}", columns::left(&cells[0], width(0)));
        for (column, cell) in cells.iter().enumerate().skip(1) {
            line.push_str(&format!("  {}", columns::right(cell, width(column))));
        }
        lines.push(line);
    }
    let mut findings: Vec<(char, &str)> = Vec::new();
    for row in &comparison.rows {
        let (mark, word) = (row.finding().mark(), row.finding().word());
        if !findings.contains(&(mark, word)) {
            findings.push((mark, word));
        }
    }
    let legend = findings.iter().map(|(mark, word)| format!("{mark} {word}"));
    lines.push(format!("  B is: {}", legend.collect::<Vec<_>>().join(", ")));
    lines.extend(others(comparison).map(|line| format!("  {line}")));
    lines.extend(
        comparison
            .calls
            .map(|calls| format!("  {}", calls.sentence("A", "B"))),
    );
    lines.extend(
        comparison
            .notes
            .iter()
            .map(|note| format!("  note: {note}")),
    );
    lines.join("\n") + "\n"
}

pub(in crate::report) fn markdown(comparison: &Comparison, title: &str) -> String {
    let Comparison { first, second, .. } = comparison;
    let mut lines = vec![
        title.to_owned(),
        String::new(),
        format!("- A: {first}"),
        format!("- B: {second}"),
        String::new(),
        format!(
            "{}. Where an interval of 95 % holds zero, they cannot be told apart.",
            capitalised(&seeds(comparison))
        ),
        String::new(),
        "| measure | A | B | B - A | 95 % of it | B is |".to_owned(),
        "|---|--:|--:|--:|--:|---|".to_owned(),
    ];
    for row in &comparison.rows {
        let cells = row.cells().join(" | ");
        lines.push(format!("| {cells} | {} |", row.finding().word()));
    }
    let calls = comparison.calls.map(|calls| calls.sentence("A", "B"));
    let notes = comparison.notes.iter().map(|note| format!("note: {note}"));
    for line in others(comparison).into_iter().chain(calls).chain(notes) {
        lines.push(String::new());
        lines.push(capitalised(&line) + ".");
    }
    lines.join("\n") + "\n"
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

fn write_csv(
    comparisons: &[Comparison],
    writer: &mut csv::Writer<Vec<u8>>,
) -> Result<(), csv::Error> {
    let head = [
        "scenario",
        "first",
        "second",
        "measure",
        "unit",
        "first_value",
        "second_value",
        "difference",
        "low",
        "high",
        "finding",
    ];
    writer.write_record(head)?;
    let number = |number: Option<f64>| number.map(|number| number.to_string()).unwrap_or_default();
    for comparison in comparisons {
        let Comparison {
            scenario,
            first,
            second,
            ..
        } = comparison;
        for row in &comparison.rows {
            let row = Entry::new(row);
            let values = [row.first, row.second, row.difference, row.low, row.high].map(number);
            let words = [
                scenario,
                first,
                second,
                &row.name.to_owned(),
                &row.unit.to_owned(),
            ];
            let words = words.into_iter().chain(&values).map(String::as_str);
            writer.write_record(words.chain([row.finding]))?;
        }
    }
    Ok(())
}

/// One comparison as an object, several as an array.
fn json(comparisons: &[Comparison]) -> String {
    let documents: Vec<Document<'_>> = comparisons.iter().map(Document::new).collect();
    let text = match &documents[..] {
        [one] => serde_json::to_string(one),
        all => serde_json::to_string(all),
    };
    text.unwrap_or_default() + "\n"
}

/// A comparison in a result document.
#[derive(Serialize)]
pub(in crate::report) struct Document<'a> {
    schema: &'static str,
    scenario: &'a str,
    first: &'a str,
    second: &'a str,
    seeds: usize,
    measures: Vec<Entry<'a>>,
    calls: Option<Calls>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    unit: &'static str,
    better: Option<&'static str>,
    first: Option<f64>,
    second: Option<f64>,
    difference: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    finding: &'static str,
}

#[derive(Serialize)]
struct Calls {
    all: u64,
    saved: u64,
    lost: u64,
}

impl<'a> Document<'a> {
    pub(in crate::report) fn new(comparison: &'a Comparison) -> Self {
        Self {
            schema: "firedrill.comparison/1",
            scenario: &comparison.scenario,
            first: &comparison.first,
            second: &comparison.second,
            seeds: comparison.seeds,
            measures: comparison.rows.iter().map(Entry::new).collect(),
            calls: comparison
                .calls
                .map(|CallDifference { saved, lost, all }| Calls { all, saved, lost }),
            notes: &comparison.notes,
        }
    }
}

impl<'a> Entry<'a> {
    fn new(row: &'a Row) -> Self {
        let difference = row
            .first
            .zip(row.second)
            .map(|(first, second)| second - first);
        Self {
            name: &row.name,
            unit: row.unit().name(),
            better: match row.measure.better {
                Better::Less => Some("less"),
                Better::More => Some("more"),
                Better::Neither => None,
            },
            first: row.first,
            second: row.second,
            difference,
            low: row.interval.map(|interval| interval.low),
            high: row.interval.map(|interval| interval.high),
            finding: row.finding().word(),
        }
    }
}
