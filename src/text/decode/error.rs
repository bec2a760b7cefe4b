//! Errors while a tree becomes types, in terms of files rather than of Rust.
//!
//! Nodes add their location to an error when they pass it on.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

use crate::text::diagnostic::Diagnostic;
use crate::text::source::Span;
use crate::text::suggestion::suggestion;
use crate::units::truncate;

/// A serde error, with its location once a node has added it.
#[derive(Debug)]
pub(super) struct Error {
    message: String,
    hint: Option<String>,
    span: Option<Span>,
}

impl Error {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
            span: None,
        }
    }

    /// Adds a hint: what to write instead.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds this location, unless an inner node has added one.
    pub(super) fn at(mut self, span: &Span) -> Self {
        self.span.get_or_insert_with(|| span.clone());
        self
    }

    /// As a diagnostic, at `outermost` when no node has added a location.
    pub(super) fn into_problem(self, outermost: &Span) -> Diagnostic {
        let span = self.span.unwrap_or_else(|| outermost.clone());
        let problem = Diagnostic::at(span, self.message);
        match self.hint {
            Some(hint) => problem.hint(hint),
            None => problem,
        }
    }

    fn unknown(what: &str, found: &str, known: &[&'static str], label: &str) -> Self {
        let mut error = Self::new(format!("unknown {what} `{}`", truncate(found)));
        error.hint = suggestion(found, known.iter().copied(), label);
        error
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Self::invalid_value(found, wanted)
    }

    fn invalid_value(found: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        let found = match found {
            // A quantity's own message, from `units::UnitError`.
            Unexpected::Other(message) => return Self::new(message).hint(wanted.to_string()),
            Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
            Unexpected::Bool(value) => format!("`{value}`"),
            Unexpected::Unsigned(value) => format!("`{value}`"),
            Unexpected::Str(text) => format!("`{}`", truncate(text)),
            Unexpected::Seq => "a list".to_owned(),
            Unexpected::Map => "a map".to_owned(),
            other => other.to_string(),
        };
        Self::new(format!("expected {wanted}, found {found}"))
    }

    fn unknown_variant(found: &str, known: &'static [&'static str]) -> Self {
        Self::unknown("word", found, known, "one of")
    }

    fn unknown_field(found: &str, known: &'static [&'static str]) -> Self {
        Self::unknown("key", found, known, "known keys:")
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(format!("the key `{field}` is missing")).hint(format!("add `{field}: …` here"))
    }
}
