//! A part of a document during checks: diagnostics that point at its keys, and the parts that the
//! file names.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::findings::Findings;
use super::name::{hint_of_name, is_name};
use super::section::within;
use super::{Diagnostic, Document};

/// The location of a part. A key may be a path, as in `when.model`; without a key it is the part
/// itself.
#[derive(Clone)]
pub(crate) struct Place<'a> {
    document: &'a Document,
    path: Vec<String>,
}

impl<'a> Place<'a> {
    pub(crate) fn new(document: &'a Document, key: &str) -> Self {
        let root = Self {
            document,
            path: Vec::new(),
        };
        let path = root.steps(key).into_iter().map(str::to_owned).collect();
        Self { path, ..root }
    }

    /// The part below this one that is called `name`.
    pub(crate) fn inside(&self, name: impl Into<String>) -> Self {
        let mut path = self.path.clone();
        path.push(name.into());
        Self { path, ..*self }
    }

    /// The keys of the part at `key`, in the file's order.
    pub(crate) fn keys(&self, key: &str) -> Vec<String> {
        self.document.keys(&self.steps(key))
    }

    /// A diagnostic about the value of `key`.
    pub(crate) fn problem(&self, key: &str, message: impl Into<String>) -> Diagnostic {
        self.document.problem(&self.steps(key), message)
    }

    /// A diagnostic about `key` itself.
    pub(crate) fn problem_at_key(&self, key: &str, message: impl Into<String>) -> Diagnostic {
        self.document.problem_at_key(&self.steps(key), message)
    }

    /// Refuses the value of `key`, with a hint.
    pub(crate) fn refuse<T>(
        &self,
        key: &str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Result<T, Diagnostic> {
        Err(self.problem(key, message).hint(hint))
    }

    /// Refuses `key` itself, with a hint.
    pub(crate) fn refuse_key<T>(
        &self,
        key: &str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Result<T, Diagnostic> {
        Err(self.problem_at_key(key, message).hint(hint))
    }

    /// The `value` of `key`, when it lies within `range`.
    pub(crate) fn within<T: Copy + PartialOrd>(
        &self,
        key: &str,
        value: T,
        range: RangeInclusive<T>,
        write: fn(T) -> String,
    ) -> Result<T, Diagnostic> {
        within(value, range, write)
            .map_err(|wrong| self.problem(key, wrong.message()).hint_of(&wrong))
    }

    /// Refuses a name of this part that cannot name a `what`.
    pub(crate) fn check_name(&self, what: &str) -> Result<(), Diagnostic> {
        match self.path.last().filter(|name| !is_name(name)) {
            None => Ok(()),
            Some(name) => self.refuse_key(
                "",
                format!("`{name}` cannot name {what}"),
                hint_of_name(name),
            ),
        }
    }

    fn steps<'k>(&'k self, key: &'k str) -> Vec<&'k str> {
        let below = key.split('.').filter(|step| !step.is_empty());
        self.path.iter().map(String::as_str).chain(below).collect()
    }
}

/// What `read` makes of each part of `section`, at most `most` of them, in the file's order, with
/// its name: nothing where it is wrong. A name is one of a `what`.
pub(crate) fn named<W, T>(
    section: &Place<'_>,
    (what, most): (&str, usize),
    mut written: BTreeMap<String, W>,
    findings: &mut Findings,
    mut read: impl FnMut(&Place<'_>, &str, W) -> Result<T, Diagnostic>,
) -> Vec<(String, Option<T>)> {
    let names = section.keys("");
    if names.len() > most {
        let all = section.path.join(".");
        findings.add(section.problem_at_key("", format!("more than {most} {all}")));
        return Vec::new();
    }
    let mut part = |name: String| {
        let place = section.inside(&name);
        let one = written.remove(&name).and_then(|written| {
            findings.part(&place.steps(""), || {
                place.check_name(what)?;
                read(&place, &name, written)
            })
        });
        (name, one)
    };
    names.into_iter().map(&mut part).collect()
}
