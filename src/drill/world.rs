//! The same policies in other worlds, for searches: nothing is read or written on the way.

use std::path::Path;

use super::{Changes, Drill, Subject, check_expectations};
use crate::expect::Expectation;
use crate::prices::Book;
use crate::report::verdict::{self, Facts};
use crate::report::{RunStats, Verdict};
use crate::scenario::load::{self, Loaded};
use crate::text::{Diagnostic, Document};
use crate::units::Share;

impl Drill {
    /// As [`Drill::load_with`], of a document that need not be in a file: `path` is where it would
    /// be.
    ///
    /// # Errors
    /// As [`Drill::load_with`].
    pub fn of_document(
        document: Document,
        path: impl AsRef<Path>,
        changes: Changes,
    ) -> Result<Self, Vec<Diagnostic>> {
        Self::of(Ok(document), path.as_ref(), changes)
    }

    /// The drill with `set` on top of its scenario, each a path and YAML; its policies stay.
    ///
    /// # Errors
    /// When a value, or several together, make no scenario.
    pub(crate) fn in_world(&self, set: &[(String, String)]) -> Result<Self, Diagnostic> {
        let prices = self.changes.prices.as_deref();
        let further = |loaded: &Loaded| {
            check_expectations(&loaded.document, &Subject::from(&loaded.scenario))
        };
        let document = self.loaded.document.clone();
        match load::load_document(document, &self.loaded.path, set, prices, &further) {
            (Some(loaded), None) => Ok(Self {
                subject: subject(&loaded, &self.changes),
                loaded,
                ..self.clone()
            }),
            (_, Some(problem)) => Err(problem),
            (None, None) => Err(Diagnostic::of_file("", "this is no scenario")),
        }
    }

    /// The drill in which the fault of this name never happens; all others keep their numbers, and
    /// so their luck.
    pub(crate) fn without_fault(mut self, name: &str) -> Self {
        let faults = &mut self.loaded.scenario.faults;
        for fault in faults.iter_mut().filter(|fault| fault.name == name) {
            fault.chance = Share::ZERO;
        }
        self
    }

    /// How `expectation` comes out in a run with these counts, and why: `was 66.71%`.
    pub(crate) fn judged(&self, expectation: &Expectation, stats: &RunStats) -> (Verdict, String) {
        let facts = Facts {
            state: stats,
            prices: &self.subject.prices(),
            other: &|_| None,
            never_fired: &|_| false,
        };
        let judged = verdict::judge(expectation, &facts);
        (judged.verdict, judged.finding)
    }
}

/// The subject of reports on `loaded`.
pub(super) fn subject(loaded: &Loaded, changes: &Changes) -> Subject {
    let mut subject = Subject::from(&loaded.scenario);
    subject
        .notes
        .extend(changes.prices.as_deref().map(Book::note));
    subject.notes.extend(changes.engine.note());
    subject
}
