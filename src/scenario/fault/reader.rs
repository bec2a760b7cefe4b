//! Reads the keys of one fault, and points at them when something is wrong.

use std::ops::{Deref, RangeInclusive};

use super::keys::Written;
use crate::text::Diagnostic;
use crate::text::place::Place;

/// Reads the keys of one fault, at its place.
pub(super) struct Reader<'a> {
    pub(super) place: &'a Place<'a>,
    pub(super) file: &'a Written,
}

impl<'a> Deref for Reader<'a> {
    type Target = Place<'a>;

    fn deref(&self) -> &Place<'a> {
        self.place
    }
}

impl<'a> Reader<'a> {
    pub(super) fn word(&self) -> &'a str {
        &self.file.inject
    }

    /// `value`, when it lies within `range`.
    pub(super) fn bounded<T: Copy + PartialOrd + ToString>(
        &self,
        key: &str,
        value: T,
        range: RangeInclusive<T>,
    ) -> Result<T, Diagnostic> {
        self.within(key, value, range, |value| value.to_string())
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
