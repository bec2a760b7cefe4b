//! A table in Markdown, alone or as a section with its title.

/// A table: the first column to the left, numbers to the right.
pub(super) struct Rows {
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Rows {
    pub(super) fn new(headings: &[&str]) -> Self {
        Self {
            headings: headings.iter().map(|&heading| cell(heading)).collect(),
            rows: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows
            .push(cells.into_iter().map(|text| cell(&text)).collect());
    }

    /// As a section of its own; none without rows.
    pub(super) fn section(&self, title: &str, sentence: &str) -> Option<String> {
        let sentence = match sentence {
            "" => String::new(),
            _ => format!("{sentence}\n\n"),
        };
        let written = self.written();
        (!self.rows.is_empty()).then(|| format!("## {title}\n\n{sentence}{written}"))
    }

    pub(super) fn written(&self) -> String {
        let rules = (0..self.headings.len()).map(|place| {
            let is_number = self
                .rows
                .iter()
                .all(|row| row.get(place).is_some_and(|text| is_number(text)));
            if is_number && !self.rows.is_empty() {
                "--:"
            } else {
                "---"
            }
        });
        let rules: Vec<String> = rules.map(str::to_owned).collect();
        let lines = [&self.headings, &rules].into_iter().chain(&self.rows);
        let lines: Vec<String> = lines
            .map(|cells| format!("| {} |", cells.join(" | ")))
            .collect();
        lines.join("\n")
    }
}

fn is_number(text: &str) -> bool {
    text == "-" || text.starts_with(|c: char| c.is_ascii_digit())
}

/// Escapes pipes and line breaks, which would end the cell or the row.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}
