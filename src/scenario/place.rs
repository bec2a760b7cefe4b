//! A part of a document during checks: range checks for its keys, and diagnostics that point at
//! them.

use std::fmt::Display;
use std::ops::RangeInclusive;

use super::check::bounded;
use crate::text::{Diagnostic, Document};

/// The location of a part. Checks return it, so that they can be chained.
#[derive(Clone)]
pub(super) struct Place<'a> {
    document: &'a Document,
    path: Vec<&'a str>,
}

impl<'a> Place<'a> {
    pub(super) fn new(document: &'a Document, path: &[&'a str]) -> Self {
        let path = path.to_vec();
        Self { document, path }
    }

    pub(super) fn inside(&self, key: &'a str) -> Self {
        Self::new(self.document, &self.at(key))
    }

    fn at<'k>(&self, key: &'k str) -> Vec<&'k str>
    where
        'a: 'k,
    {
        [self.path.as_slice(), &[key]].concat()
    }

    /// The keys of this part, in the file's order.
    pub(super) fn keys(&self) -> Vec<String> {
        self.document.keys(&self.path)
    }

    /// A diagnostic about the value of `key`.
    pub(super) fn problem(&self, key: &str, message: impl Into<String>) -> Diagnostic {
        self.document.problem(&self.at(key), message)
    }

    /// A diagnostic about `key` itself.
    pub(super) fn problem_at_key(&self, key: &str, message: impl Into<String>) -> Diagnostic {
        self.document.problem_at_key(&self.at(key), message)
    }

    /// A diagnostic about this part as a whole.
    pub(super) fn problem_here(&self, message: impl Into<String>) -> Diagnostic {
        self.document.problem_at_key(&self.path, message)
    }

    /// Checks that the value of `key`, if there is one, lies within `range`.
    pub(super) fn within<T: Copy + PartialOrd>(
        &self,
        key: &str,
        value: impl Into<Option<T>>,
        range: RangeInclusive<T>,
        write: fn(T) -> String,
    ) -> Result<&Self, Diagnostic> {
        if let Some(value) = value.into() {
            bounded(self.document, &self.at(key), value, range, write)?;
        }
        Ok(self)
    }
}

/// The text of a value, for the range that a message names.
pub(super) fn text<T: Display>(value: T) -> String {
    value.to_string()
}
