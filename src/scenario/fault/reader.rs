//! Reads one key of a fault, and points at it when something is wrong with it.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::keys::Written;
use crate::scenario::LONGEST_RUN;
use crate::scenario::check::bounded;
use crate::text::{Diagnostic, Document};
use crate::units::duration;

/// Reads the keys of one fault.
pub(super) struct Reader<'a> {
    pub(super) document: &'a Document,
    pub(super) name: &'a str,
    pub(super) file: &'a Written,
}

impl Reader<'_> {
    fn path<'p>(&'p self, key: &'p str) -> [&'p str; 3] {
        ["faults", self.name, key]
    }

    pub(super) fn problem(&self, key: &str, message: impl Into<String>) -> Diagnostic {
        self.document.problem(&self.path(key), message)
    }

    pub(super) fn problem_at_key(&self, key: &str, message: impl Into<String>) -> Diagnostic {
        self.document.problem_at_key(&self.path(key), message)
    }

    pub(super) fn length(
        &self,
        key: &str,
        value: Duration,
        least: Duration,
    ) -> Result<Duration, Diagnostic> {
        self.bounded(key, value, least..=LONGEST_RUN, duration::write)
    }

    pub(super) fn bounded<T: Copy + PartialOrd>(
        &self,
        key: &str,
        value: T,
        range: RangeInclusive<T>,
        write: fn(T) -> String,
    ) -> Result<T, Diagnostic> {
        bounded(self.document, &self.path(key), value, range, write)
    }

    /// The same for a quantity that writes itself.
    pub(super) fn within<T: Copy + PartialOrd + ToString>(
        &self,
        key: &str,
        value: T,
        range: RangeInclusive<T>,
    ) -> Result<T, Diagnostic> {
        self.bounded(key, value, range, |value| value.to_string())
    }

    /// The value of a key that must be there; the `hint` says how to write it.
    pub(super) fn required<T>(
        &self,
        key: &str,
        value: Option<T>,
        hint: &'static str,
    ) -> Result<T, Diagnostic> {
        value.ok_or_else(|| {
            let message = format!("`{}` needs the key `{key}`", self.file.inject);
            self.problem("inject", message).hint(hint)
        })
    }
}

/// The world's timers resolve one millisecond.
pub(super) const SHORTEST: Duration = Duration::from_millis(1);
