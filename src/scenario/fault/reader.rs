//! Reads the keys of one fault, and points at them when something is wrong.

use std::ops::RangeInclusive;

use super::keys::Written;
use crate::scenario::check::bounded;
use crate::text::{Diagnostic, Document};

/// Reads the keys of one fault. A key may be a path, as in `when.model`.
pub(super) struct Reader<'a> {
    pub(super) document: &'a Document,
    pub(super) name: &'a str,
    pub(super) file: &'a Written,
}

impl<'a> Reader<'a> {
    pub(super) fn path<'p>(&'p self, key: &'p str) -> Vec<&'p str> {
        let steps = key.split('.').filter(|step| !step.is_empty());
        ["faults", self.name].into_iter().chain(steps).collect()
    }

    pub(super) fn word(&self) -> &'a str {
        &self.file.inject
    }

    pub(super) fn problem(&self, key: &str, message: impl Into<String>) -> Diagnostic {
        self.document.problem(&self.path(key), message)
    }

    pub(super) fn problem_at_key(&self, key: &str, message: impl Into<String>) -> Diagnostic {
        self.document.problem_at_key(&self.path(key), message)
    }

    /// `value`, when it lies within `range`.
    pub(super) fn within<T: Copy + PartialOrd + ToString>(
        &self,
        key: &str,
        value: T,
        range: RangeInclusive<T>,
    ) -> Result<T, Diagnostic> {
        let write = |value: T| value.to_string();
        bounded(self.document, &self.path(key), value, range, write)
    }

    /// The value of a required key; the `hint` says how to write it.
    pub(super) fn required<T>(
        &self,
        key: &str,
        value: Option<T>,
        hint: &'static str,
    ) -> Result<T, Diagnostic> {
        value.ok_or_else(|| {
            let message = format!("`{}` needs the key `{key}`", self.word());
            self.problem("inject", message).hint(hint)
        })
    }
}
