//! A text with a name, and locations in it: byte ranges with their line and column.
//!
//! `diagnostic` says what is wrong at a location.

use std::ops::Range;
use std::sync::Arc;

/// A text, and its name in diagnostics.
#[derive(Debug)]
pub(super) struct Source {
    /// The file as the user wrote it, or `command line`.
    pub(super) name: String,
    /// The text, without a byte order mark.
    pub(super) text: String,
    /// The number of its first line in the file: 1, unless it is a part of a long file.
    pub(super) first_line: usize,
    /// Whether it comes from `--set` rather than from a file.
    pub(super) is_override: bool,
}

impl Source {
    /// The whole text of the file `name`.
    pub(super) fn file(name: &str, text: &str) -> Self {
        Self {
            name: name.to_owned(),
            text: text.to_owned(),
            first_line: 1,
            is_override: false,
        }
    }
}

/// A range of a source.
#[derive(Clone, Debug)]
pub(super) struct Span {
    source: Arc<Source>,
    range: Range<usize>,
}

/// The same bytes of the same text.
impl PartialEq for Span {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.source, &other.source) && self.range == other.range
    }
}

impl Span {
    /// The bytes `range` of `source`, moved to the nearest character boundaries outside it.
    pub(super) fn new(source: &Arc<Source>, range: Range<usize>) -> Self {
        let text = &source.text;
        let start = text.floor_char_boundary(range.start);
        let end = text.ceil_char_boundary(range.end.max(start));
        Self {
            source: Arc::clone(source),
            range: start..end,
        }
    }

    /// From its start to the end of `last`.
    pub(super) fn to(&self, last: &Self) -> Self {
        Self::new(&self.source, self.range.start..last.range.end)
    }

    /// The bytes `part` of `scalar`, which is written here unchanged, perhaps in quotes.
    pub(super) fn within(&self, scalar: &str, part: Range<usize>) -> Option<Self> {
        let start = self.range.start + self.source.text[self.range.clone()].find(scalar)?;
        let range = start + part.start..start + part.end;
        Some(Self::new(&self.source, range))
    }

    /// Whether `other` lies within it.
    pub(super) fn contains(&self, other: &Self) -> bool {
        let (own, other_range) = (&self.range, &other.range);
        Arc::ptr_eq(&self.source, &other.source)
            && own.start <= other_range.start
            && other_range.end <= own.end
    }

    /// The bytes that it covers.
    pub(super) fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// The same bytes of another text of the same length.
    pub(super) fn moved(self, source: impl FnOnce(&Source) -> Arc<Source>) -> Self {
        Self::new(&source(&self.source), self.range)
    }

    /// The source.
    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    /// The line of the file that it starts in, from 1.
    pub(super) fn line(&self) -> usize {
        let before = &self.source.text.as_bytes()[..self.range.start];
        self.source.first_line + before.iter().filter(|byte| **byte == b'\n').count()
    }

    /// The column that it starts at, in characters, from 1.
    pub(super) fn column(&self) -> usize {
        1 + self.source.text[self.line_start()..self.range.start]
            .chars()
            .count()
    }

    /// The line that it starts in, without its end, and the range of it that the span covers.
    pub(super) fn first_line(&self) -> (&str, Range<usize>) {
        let start = self.line_start();
        let rest = &self.source.text[start..];
        let line = rest.split('\n').next().unwrap_or_default();
        let line = line.strip_suffix('\r').unwrap_or(line);
        let within = |at: usize| (at - start).min(line.len());
        (line, within(self.range.start)..within(self.range.end))
    }

    fn line_start(&self) -> usize {
        let before = &self.source.text[..self.range.start];
        before.rfind('\n').map_or(0, |newline| newline + 1)
    }
}
