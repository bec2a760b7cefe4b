//! A table, alone or as a section with its title: Markdown here, and a page shows the same cells.

/// A table: the first column to the left, numbers to the right.
pub(in crate::report) struct Rows {
    /// The names of its columns.
    pub(in crate::report) headings: Vec<String>,
    /// Its cells, line by line.
    pub(in crate::report) rows: Vec<Vec<String>>,
}

/// A table with its title.
pub(in crate::report) struct Section {
    /// What it is about.
    pub(in crate::report) title: &'static str,
    /// What its cells mean; may be empty.
    pub(in crate::report) sentence: String,
    /// The table.
    pub(in crate::report) rows: Rows,
}

impl Section {
    /// As Markdown.
    pub(super) fn written(&self) -> String {
        let sentence = match self.sentence.as_str() {
            "" => String::new(),
            sentence => format!("{sentence}\n\n"),
        };
        format!("## {}\n\n{sentence}{}", self.title, self.rows.written())
    }
}

impl Rows {
    pub(in crate::report) fn new(headings: &[&str]) -> Self {
        Self {
            headings: headings.iter().map(|&heading| heading.to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    pub(in crate::report) fn push(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// As a section of its own; none without rows.
    pub(super) fn section(self, title: &'static str, sentence: &str) -> Option<Section> {
        (!self.rows.is_empty()).then(|| Section {
            title,
            sentence: sentence.to_owned(),
            rows: self,
        })
    }

    pub(in crate::report) fn written(&self) -> String {
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
            .map(|cells| {
                let cells = Vec::from_iter(cells.iter().map(|text| cell(text)));
                format!("| {} |", cells.join(" | "))
            })
            .collect();
        lines.join("\n")
    }
}

/// Whether a cell is one of numbers: they are set to the right.
pub(in crate::report) fn is_number(text: &str) -> bool {
    text == "-" || text.starts_with(|c: char| c.is_ascii_digit())
}

/// Escapes pipes and line breaks, which would end the cell or the row.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}
