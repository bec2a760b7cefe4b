//! A month as a table for the terminal, as Markdown, as CSV, as JSON and as a page: one column
//! per policy.

use serde_json::{Map, Value, json};

use super::Roi;
use super::rows::{NANOS_A_CENT, ROWS, dollars};
use crate::report::{Bar, Following, Month, ValueFormat, bars as bars_of, csv_text, document};
use crate::text::columns;

impl Roi {
    /// In this format, ending in a line break.
    pub(crate) fn render(&self, format: ValueFormat) -> String {
        match format {
            ValueFormat::Table => self.text(),
            ValueFormat::Markdown => self.markdown(),
            ValueFormat::Csv => self.csv(),
            ValueFormat::Json => format!("{}\n", self.json()),
            ValueFormat::Html => document(&self.markdown(), &[self.chart()]),
        }
    }

    /// As a part of a report on the same runs.
    pub(crate) fn month(&self) -> Month {
        Month {
            markdown: self.markdown(),
            picture: self.chart(),
        }
    }

    /// What each policy costs in all, as bars.
    fn chart(&self) -> String {
        let cents = |nanos: u128| u64::try_from(nanos / NANOS_A_CENT).unwrap_or(u64::MAX);
        let bars = self.months.iter().map(|month| {
            let all = i128::try_from(month.total()).unwrap_or(i128::MAX);
            let parts = [month.billed(), month.lost_cost, month.down_cost];
            Bar {
                name: month.policy.clone(),
                value: format!("{} USD", dollars(all)),
                parts: Vec::from(parts.map(cents)),
            }
        });
        let words = ["billed", "lost calls", "downtime"];
        bars_of("A month, all in", &words, &Vec::from_iter(bars))
    }

    /// Several in one text: JSON as an array, CSV under one header.
    pub(crate) fn render_all(all: &[Self], format: ValueFormat) -> String {
        if let [one] = all {
            return one.render(format);
        }
        let texts = all.iter().map(|one| one.render(format));
        match format.format().following() {
            Following::Array => format!("{}\n", Value::from_iter(all.iter().map(Self::json))),
            Following::Whole => {
                let texts = Vec::from_iter(all.iter().map(Self::markdown));
                let charts = Vec::from_iter(all.iter().map(Self::chart));
                document(&texts.join("\n"), &charts)
            }
            Following::Apart => Vec::from_iter(texts).join("\n"),
            Following::Rows => {
                let rows = |text: String| text.split_once('\n').map(|(_, rows)| rows.to_owned());
                let rows = Vec::from_iter(texts.filter_map(rows)).concat();
                format!("{}\n{rows}", CSV_HEADER.join(","))
            }
        }
    }

    /// The document `firedrill.roi/1`.
    pub(crate) fn json(&self) -> Value {
        let listed = self
            .assumptions
            .iter()
            .map(|one| json!({ "name": one.name, "value": one.value, "source": one.source }));
        let policies = self.months.iter().map(|month| {
            let values = ROWS
                .iter()
                .map(|row| (row.key.to_owned(), (row.value)(month).exact()));
            let name = json!({ "policy": month.policy });
            let mut all = Map::from_iter(values);
            all.extend(name.as_object().cloned().unwrap_or_default());
            Value::Object(all)
        });
        json!({
            "schema": "firedrill.roi/1",
            "scenario": self.scenario,
            "seeds": self.seeds,
            "baseline": self.baseline,
            "policies": Vec::from_iter(policies),
            "assumptions": Vec::from_iter(listed),
            "warnings": self.warnings,
        })
    }

    fn text(&self) -> String {
        let mut lines = vec![
            format!(
                "{}, seeds {}: a month in USD, {}",
                self.scenario,
                self.seeds,
                self.compared()
            ),
            String::new(),
        ];
        lines.extend(aligned(&self.table(), 1));
        lines.push("\nassumptions".to_owned());
        let listed = self.assumptions.iter().map(|one| {
            vec![
                format!("  {}", one.name),
                one.value.clone(),
                one.source.clone(),
            ]
        });
        lines.extend(aligned(&Vec::from_iter(listed), usize::MAX));
        let warnings = self.warnings.iter().map(|text| format!("warning: {text}"));
        lines.extend(warnings.map(|text| format!("\n{}", textwrap::fill(&text, COLUMNS))));
        lines.join("\n") + "\n"
    }

    fn markdown(&self) -> String {
        let title = format!(
            "# A month of {}\n\nSeeds {}; USD; {}.",
            self.scenario,
            self.seeds,
            self.compared()
        );
        let warnings = self
            .warnings
            .iter()
            .map(|text| format!("- Warning: {text}."));
        let warnings = Vec::from_iter(warnings).join("\n");
        let mut listed = vec![
            ["assumption", "value", "source"]
                .map(str::to_owned)
                .to_vec(),
        ];
        listed.extend(
            self.assumptions
                .iter()
                .map(|one| vec![one.name.clone(), one.value.clone(), one.source.clone()]),
        );
        let sections = [
            title,
            warnings,
            piped(&self.table(), "--:"),
            "## Assumptions".to_owned(),
            piped(&listed, "---"),
        ];
        let sections = sections.into_iter().filter(|text| !text.is_empty());
        Vec::from_iter(sections).join("\n\n") + "\n"
    }

    /// One row for each policy and item, for a spreadsheet; then the assumptions, each with its
    /// source, and the warnings, which are of no policy.
    fn csv(&self) -> String {
        csv_text(|writer| {
            writer.write_record(CSV_HEADER)?;
            let mut write = |policy: &str, item: &str, value: &str, source: &str| {
                writer.write_record([self.scenario.as_str(), policy, item, value, source])
            };
            for month in &self.months {
                for row in &ROWS {
                    let value = match (row.value)(month).exact() {
                        Value::String(text) => text,
                        Value::Null => String::new(),
                        other => other.to_string(),
                    };
                    write(&month.policy, row.key, &value, "")?;
                }
            }
            for one in &self.assumptions {
                write(
                    "",
                    &format!("assumption: {}", one.name),
                    &one.value,
                    &one.source,
                )?;
            }
            let mut warnings = self.warnings.iter();
            warnings.try_for_each(|warning| write("", "warning", warning, ""))
        })
    }

    fn compared(&self) -> String {
        format!("compared with {}", self.baseline)
    }

    /// The heading, then a line for each row.
    fn table(&self) -> Vec<Vec<String>> {
        let names = self.months.iter().map(|month| month.policy.clone());
        let heading = [String::new()].into_iter().chain(names).collect();
        let rows = ROWS.iter().map(|row| {
            let cells = self.months.iter().map(|month| (row.value)(month).shown());
            [row.label.to_owned()].into_iter().chain(cells).collect()
        });
        [heading].into_iter().chain(rows).collect()
    }
}

/// As wide as a terminal.
const COLUMNS: usize = 80;

const CSV_HEADER: [&str; 5] = ["scenario", "policy", "item", "value", "source"];

/// Lines of equal columns: those from `right` on are aligned to the right.
fn aligned(rows: &[Vec<String>], right: usize) -> Vec<String> {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |place: usize| {
        let cells = rows.iter().filter_map(|row| row.get(place));
        columns::width(cells.map(String::as_str))
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate();
        let cells = cells.map(|(place, (cell, width))| match place < right {
            true => columns::left(cell, *width),
            false => columns::right(cell, *width),
        });
        Vec::from_iter(cells).join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// A Markdown table whose columns after the first have this `rule`.
fn piped(rows: &[Vec<String>], rule: &str) -> String {
    let line = |cells: &[String]| {
        let cells = cells.iter().map(|cell| cell.trim().replace('|', "\\|"));
        format!("| {} |", Vec::from_iter(cells).join(" | "))
    };
    let mut lines = Vec::from_iter(rows.iter().map(|row| line(row)));
    let rules = rows.first().map(|row| {
        let rules = (0..row.len()).map(|place| if place == 0 { "---" } else { rule }.to_owned());
        line(&Vec::from_iter(rules))
    });
    if let Some(rules) = rules {
        lines.insert(1, rules);
    }
    lines.join("\n")
}
