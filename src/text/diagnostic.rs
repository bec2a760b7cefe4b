//! What is wrong in a file, where, and what to write instead, with a caret.
//!
//! Other modules find the errors. Message and hint are separate texts from the start: the error of
//! a quantity that cannot be parsed has both ([`Diagnostic::hint_of`]).

use std::fmt;
use std::sync::Arc;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::document::SET;
use super::secrets;
use super::source::{Source, Span};
use super::suggestion::suggestion;
use super::visible::visible;
use crate::units::{UnitError, truncate};

/// An error or a warning about a file (or `--set`): message, location, hint. `Display` shows the
/// line with a caret, in plain text, ending in the hint; so does `Debug`, which is what a test that
/// returns `Result<(), Diagnostic>` prints.
///
/// What is wrong with a file is found all at once: then this is the first of several diagnostics.
/// `Display` shows all of them, and iterating yields each.
///
/// What looks like a secret is shown in none of its texts, whatever the file is.
#[derive(Clone)]
pub struct Diagnostic {
    message: String,
    note: Option<Box<str>>,
    hint: Option<Box<str>>,
    span: Span,
    /// The name of the rule of a warning; none = an error.
    warning: Option<&'static str>,
    /// What else is wrong, in the order of the file.
    others: Vec<Self>,
}

impl Diagnostic {
    /// A diagnostic about a file as a whole: it cannot be read, it is a folder, …
    pub(crate) fn of_file(name: &str, message: impl Into<String>) -> Self {
        Self::of_text(name, "", 0..0, message)
    }

    /// A diagnostic about the bytes `range` of `text`, the whole text of the file `name`.
    pub(crate) fn of_text(
        name: &str,
        text: &str,
        range: std::ops::Range<usize>,
        message: impl Into<String>,
    ) -> Self {
        Self::of_line(name, 1, text, range, message)
    }

    /// A diagnostic about the bytes `range` of `text`, the line of this number in the file `name`:
    /// the file may be too long to hold it whole.
    pub(crate) fn of_line(
        name: &str,
        number: usize,
        text: &str,
        range: std::ops::Range<usize>,
        message: impl Into<String>,
    ) -> Self {
        let source = Source {
            first_line: number,
            ..Source::file(name, text)
        };
        Self::at(Span::new(&Arc::new(source), range), message)
    }

    /// Narrowed to the bytes `part` of its scalar, if the scalar is written as it is read (no
    /// escapes, one line); otherwise unchanged.
    #[must_use]
    pub(crate) fn within(mut self, scalar: &str, part: std::ops::Range<usize>) -> Self {
        if let Some(span) = self.span.within(scalar, part) {
            self.span = span;
        }
        self
    }

    /// A diagnostic at this location.
    pub(super) fn at(span: Span, message: impl Into<String>) -> Self {
        Self {
            message: clipped(&visible(&message.into())),
            note: None,
            hint: None,
            span,
            warning: None,
            others: Vec::new(),
        }
    }

    /// All of `problems` as one, in the order of the file, each once; those of the command line
    /// come last. `None` for none.
    pub(crate) fn of_all(problems: Vec<Self>) -> Option<Self> {
        let mut all: Vec<Self> = problems.into_iter().flatten().collect();
        all.sort_by_key(|problem| {
            let source = problem.span.source();
            (
                source.is_override,
                source.name.clone(),
                problem.span.range().start,
            )
        });
        all.dedup_by(|a, b| a.span == b.span && a.message == b.message);
        let mut all = all.into_iter();
        let first = all.next()?;
        Some(Self {
            others: all.collect(),
            ..first
        })
    }

    /// At the same location of another text of the same length.
    pub(super) fn map_source(mut self, source: &dyn Fn(&Source) -> Arc<Source>) -> Self {
        self.span = self.span.moved(source);
        let others = self.others.into_iter();
        self.others = others.map(|other| other.map_source(source)).collect();
        self
    }

    /// Without what message and hint of a syntax error repeat of the file. Other messages repeat
    /// names alone.
    #[must_use]
    pub(super) fn without_quotes(mut self) -> Self {
        if !self.message.starts_with(NOT_YAML) {
            return self;
        }
        self.message = unquoted(&self.message);
        let hint = self.hint.as_deref().map(unquoted);
        self.hint = hint.map(String::into_boxed_str);
        self
    }

    /// Its location.
    pub(super) fn span(&self) -> &Span {
        &self.span
    }

    /// Makes it a warning, by the rule of this name.
    #[must_use]
    pub(crate) fn warning(mut self, code: &'static str) -> Self {
        self.warning = Some(code);
        self
    }

    /// Adds a note: why it matters.
    #[must_use]
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(visible(&note.into()).into());
        self
    }

    /// Adds a hint: what to write instead.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(visible(&hint.into()).into());
        self
    }

    /// Adds the hint of a text that is not a quantity, if it has one.
    #[must_use]
    pub(crate) fn hint_of(mut self, error: &UnitError) -> Self {
        self.hint = error.hint().map(|hint| visible(hint).into()).or(self.hint);
        self
    }

    /// Adds "did you mean …" when one of `known` is close to `found`, else the list of `known`.
    #[must_use]
    pub(crate) fn did_you_mean<'a>(
        self,
        found: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        match suggestion(found, known, "known:") {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }

    /// The message, without location and hint.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The key that it says is missing.
    pub(super) fn missing_key(&self) -> Option<&str> {
        let (_, behind) = self.message.split_once("the key `")?;
        let (key, rest) = behind.split_once('`')?;
        let is_missing = rest.starts_with(" is missing") || self.message.contains("needs the key");
        is_missing.then_some(key)
    }

    /// The hint.
    pub fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The file, as the user wrote it, or `command line`.
    pub fn file(&self) -> &str {
        &self.span.source().name
    }

    /// The path of the `--set PATH=VALUE` that it points into; none for a place in a file.
    #[cfg(feature = "cli")]
    pub(crate) fn set_path(&self) -> Option<&str> {
        let source = self.span.source();
        let words = source
            .text
            .strip_prefix(SET)
            .filter(|_| source.is_override)?;
        words.split_once('=').map(|(path, _)| path)
    }

    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.span.line()
    }

    /// The column, in characters, from 1.
    pub fn column(&self) -> usize {
        self.span.column()
    }
}

#[cfg(test)]
impl Diagnostic {
    /// Line, column, message and hint, in one line.
    pub(super) fn told(&self) -> String {
        let (line, column, hint) = (self.line(), self.column(), self.hint_text());
        format!(
            "{line}:{column} {} | {}",
            self.message(),
            hint.unwrap_or("-")
        )
    }
}

/// Each alone, in order.
impl IntoIterator for Diagnostic {
    type Item = Self;
    type IntoIter = std::vec::IntoIter<Self>;

    fn into_iter(mut self) -> Self::IntoIter {
        let mut all = std::mem::take(&mut self.others);
        all.insert(0, self);
        all.into_iter()
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_alone(f)?;
        for other in &self.others {
            write!(f, "\n\n{other}")?;
        }
        Ok(())
    }
}

impl Diagnostic {
    /// Itself, without the others.
    fn fmt_alone(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, within) = self.span.first_line();
        let line = secrets::hidden(line);
        let snippet = Snippet::source(&*line)
            .path(visible(self.file()))
            .line_start(self.line())
            .annotation(AnnotationKind::Primary.span(within));
        let title = match self.warning {
            Some(code) => Level::WARNING.primary_title(self.message.as_str()).id(code),
            None => Level::ERROR.primary_title(self.message.as_str()),
        };
        let mut group = title.element(snippet);
        if let Some(note) = &self.note {
            group = group.element(Level::NOTE.message(&**note));
        }
        if let Some(hint) = &self.hint {
            group = group.element(Level::HELP.message(&**hint));
        }
        let renderer = Renderer::plain().decor_style(DecorStyle::Ascii);
        f.write_str(&renderer.render(&[group]))
    }
}

impl fmt::Debug for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // On a line of its own, because callers print a prefix such as `Error: ` before it.
        write!(f, "\n{self}\n")
    }
}

impl std::error::Error for Diagnostic {}

/// `message` with each quoted text cut to what fits on a line: a file may hold anything in the
/// place of a name.
pub(crate) fn clipped(message: &str) -> String {
    let parts = message.split('`').enumerate().map(|(n, part)| {
        // A quoted text that holds a quote itself lets prose and quotes change places.
        let is_prose = n % 2 == 0 && part.len() <= LONGEST_PROSE && !part.contains('\n');
        match is_prose {
            true => part.to_owned(),
            false => truncate(part),
        }
    });
    Vec::from_iter(parts).join("`")
}

/// `text` without what it quotes.
fn unquoted(text: &str) -> String {
    let parts = text.split('`').enumerate().map(|(n, part)| match n % 2 {
        1 if part.contains(char::is_alphanumeric) => "…",
        _ => part,
    });
    Vec::from_iter(parts).join("`")
}

/// How the message of a syntax error begins.
pub(super) const NOT_YAML: &str = "not YAML: ";

/// No message of ours is longer between two quotes.
const LONGEST_PROSE: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str, range: std::ops::Range<usize>) -> Diagnostic {
        Diagnostic::of_text("a.yaml", text, range, "this is wrong")
    }

    #[test]
    fn a_problem_shows_its_line_a_caret_and_the_hint() {
        let shown = problem("a: 1\nbc: 22\n", 9..11).hint("write `2`");
        insta::assert_snapshot!(shown, @"
        error: this is wrong
         --> a.yaml:2:5
          |
        2 | bc: 22
          |     ^^
          |
          = help: write `2`
        ");
    }

    #[test]
    fn a_warning_says_which_rule_and_why() {
        let shown = problem("a: 1\n", 3..4)
            .warning("no-two")
            .note("two is more");
        insta::assert_snapshot!(shown.hint("write `2`"), @"
        warning[no-two]: this is wrong
         --> a.yaml:1:4
          |
        1 | a: 1
          |    ^
          |
          = note: two is more
          = help: write `2`
        ");
    }

    #[test]
    fn a_test_that_returns_a_problem_shows_it_to_people() {
        let problem = problem("a: 1\n", 3..4);
        assert_eq!(format!("{problem:?}"), format!("\n{problem}\n"));
    }

    #[test]
    fn a_message_repeats_at_most_a_line_of_what_was_written() {
        let long = "x".repeat(1_000);
        for found in [
            long.clone(),
            format!("a`{long}"),
            format!("a\n{long}`{long}"),
        ] {
            let message = clipped(&format!("there is no `{found}` here"));
            assert!(message.chars().count() < 280, "{message}");
            assert!(
                message.starts_with("there is no `") && !message.contains('\n'),
                "{message}"
            );
        }
        assert_eq!(clipped("`a` is no `b`"), "`a` is no `b`");
    }

    #[test]
    fn an_empty_file_still_has_a_caret() {
        insta::assert_snapshot!(problem("", 0..0), @"
        error: this is wrong
         --> a.yaml:1:1
          |
        1 |
          | ^
        ");
    }

    #[test]
    fn columns_count_characters_and_carriage_returns_do_not_show() {
        let text = "é: 日本\r\nx: 1\r\n";
        let at = text.find('本').unwrap();
        let shown = problem(text, at..at + 3);
        assert_eq!((shown.line(), shown.column()), (1, 5));
        insta::assert_snapshot!(shown, @"
        error: this is wrong
         --> a.yaml:1:5
          |
        1 | é: 日本
          |      ^^
        ");
    }

    #[test]
    fn a_tab_moves_the_caret_along() {
        insta::assert_snapshot!(problem("a:\tb", 3..4), @"
        error: this is wrong
         --> a.yaml:1:4
          |
        1 | a:    b
          |       ^
        ");
    }

    #[test]
    fn a_long_line_is_shown_around_the_caret_only() {
        let text = format!("a: {}x{}", "é".repeat(50_000), "y".repeat(50_000));
        let at = text.find('x').unwrap();
        let shown = problem(&text, at..text.len());
        assert_eq!(shown.column(), 50_004);
        assert!(shown.to_string().len() < 1_000, "{shown}");
        assert!(shown.to_string().contains("éx"), "{shown}");
    }

    #[test]
    fn a_span_over_many_lines_points_at_its_first() {
        let shown = problem("a: [1,\n 2]\n", 3..10).to_string();
        assert!(shown.contains("^^^") && !shown.contains("2]"), "{shown}");
    }

    #[test]
    fn a_problem_narrows_to_a_part_of_a_scalar() {
        let text = "- 'ab = cd'\n";
        let narrowed = |scalar| problem(text, 2..11).within(scalar, 3..4).column();
        assert_eq!(narrowed("ab = cd"), 7);
        assert_eq!(narrowed("read otherwise"), 3);
    }

    #[test]
    fn a_quantity_that_cannot_be_read_brings_its_hint() {
        let error = UnitError::new("no unit").or_write("write `3s`");
        let shown = Diagnostic::of_file("a.yaml", error.message()).hint_of(&error);
        assert_eq!(shown.message(), "no unit");
        assert_eq!(shown.hint_text(), Some("write `3s`"));
    }
}
