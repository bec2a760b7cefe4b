//! Redaction: documents and diagnostics without possible secrets.
//!
//! A diagnostic repeats the line that it points into. In files where people write secrets by
//! mistake, that line must not be printed. The reader of the file says which texts may be shown.

use std::ops::Range;
use std::sync::Arc;

use super::diagnostic::Diagnostic;
use super::document::Document;
use super::source::Source;
use super::tree::{Node, NodeKind};

impl Document {
    /// This document with an `x` for every character of each key and each scalar that is not open,
    /// so that lines and columns are the same, and no other text can be shown.
    ///
    /// `is_open` gets the path to a scalar and its text; of a key, the path ends in the key itself.
    pub fn redacted(&self, is_open: &dyn Fn(&[&str], &str) -> bool) -> Result<Self, Diagnostic> {
        let mut ranges = Vec::new();
        collect(&self.root, &mut Vec::new(), is_open, &mut ranges);
        let source = self.root.span.source();
        let text = masked(&source.text, &ranges, 'x');
        let name = &source.name;
        Self::parse(name, &text).map_err(Diagnostic::concealed)
    }
}

impl Diagnostic {
    /// The same diagnostic at the same location, without the line that it points into, and without
    /// words of it.
    #[must_use]
    pub fn concealed(self) -> Self {
        self.without_quotes().map_source(&|source| {
            let everything = 0..source.text.len();
            Arc::new(Source {
                name: source.name.clone(),
                text: masked(&source.text, &[everything], '.'),
                ..*source
            })
        })
    }
}

/// Adds the ranges of all texts that are not open to `ranges`.
fn collect<'n>(
    node: &'n Node,
    path: &mut Vec<&'n str>,
    is_open: &dyn Fn(&[&str], &str) -> bool,
    ranges: &mut Vec<Range<usize>>,
) {
    match &node.kind {
        NodeKind::Scalar { text, .. } => {
            if !is_open(path, text) {
                ranges.push(node.span.range());
            }
        }
        NodeKind::Seq(items) => {
            for item in items {
                path.push("");
                collect(item, path, is_open, ranges);
                path.pop();
            }
        }
        NodeKind::Map(entries) => {
            for (key, item) in entries {
                path.push(&key.text);
                if !is_open(path, &key.text) {
                    ranges.push(key.span.range());
                }
                collect(item, path, is_open, ranges);
                path.pop();
            }
        }
    }
}

/// `text` with `mark` for the characters in `ranges`. Blanks stay, and non-ASCII characters keep
/// their length.
fn masked(text: &str, ranges: &[Range<usize>], mark: char) -> String {
    let is_hidden = |at: &usize| ranges.iter().any(|range| range.contains(at));
    let shown = |(at, c): (usize, char)| match c.is_ascii_graphic() && is_hidden(&at) {
        true => mark,
        false => c,
    };
    text.char_indices().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_open_cannot_be_shown_and_stands_where_it_stood() {
        let text = "a: { b: secret, c: 1 }\nd: [ 'se cret' ]\nsecret: 2\ne: |\n  secret\n";
        let file = Document::parse("f.yaml", text).unwrap();
        let file = file.redacted(&|_, text| !text.contains("cret")).unwrap();
        let problem = file.problem(&["a", "c"], "x").to_string();
        assert!(problem.contains("{ b: xxxxxx, c: 1 }"), "{problem}");
        assert!(problem.contains("f.yaml:1:20"), "{problem}");
        let problem = file.problem(&["d", "0"], "x").to_string();
        assert!(problem.contains("[ xxx xxxxx ]"), "{problem}");
        assert_eq!(file.keys(&[]), ["a", "d", "xxxxxx", "e"]);
        let whole = format!("{:?}", file.root);
        assert!(!whole.contains("secret"), "{whole}");
    }

    #[test]
    fn a_concealed_problem_keeps_its_place_and_loses_its_line() {
        let problem = Document::parse("f.yaml", "a: 1\nb: { secret\n").unwrap_err();
        let place = (problem.line(), problem.column());
        let concealed = problem.concealed();
        assert_eq!((concealed.line(), concealed.column()), place);
        assert!(!concealed.to_string().contains("secret"), "{concealed}");
        for text in ["secret\na: 1\n", "a: 1\na: sec: ret\n"] {
            let problem = Document::parse("f.yaml", text).unwrap_err().concealed();
            assert!(!problem.to_string().contains("ret"), "{problem}");
        }
    }
}
