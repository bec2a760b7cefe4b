//! Single runs of changed policies, for searches: numbers without a report.

use std::io;

use super::runs::Run;
use super::{Drill, Engine, expectations};
use crate::expect::{Expectation, Point};
use crate::policy::config::{EVERY, Policy};
use crate::report::RunStats;
use crate::text::{Diagnostic, Document};

impl Drill {
    /// The counts of one run under `policy`, which need not be one of the drill's, made by the
    /// drill's engine.
    ///
    /// # Errors
    /// When the machine cannot start the thread that the simulated network needs.
    pub fn stats(&self, policy: &Policy, seed: u64) -> io::Result<RunStats> {
        self.stats_by(self.changes.engine, policy, seed)
    }

    /// As [`Self::stats`], made by `engine`.
    ///
    /// # Errors
    /// As [`Self::stats`].
    pub fn stats_by(&self, engine: Engine, policy: &Policy, seed: u64) -> io::Result<RunStats> {
        let run = Run {
            drill: self,
            policy,
            seed,
        };
        let (stats, _) = run.counted(engine, None)?;
        Ok(stats)
    }

    /// The policy at `place` of [`Self::policies`] with values set on top of its file, each a path
    /// and YAML, and its document.
    ///
    /// # Errors
    /// When a value, or several together, are not valid.
    pub fn variant(
        &self,
        place: usize,
        set: &[(String, String)],
    ) -> Result<(Policy, Document), Diagnostic> {
        let Some(document) = self.documents.get(place) else {
            return Err(Diagnostic::of_file("", "there is no such policy"));
        };
        let mut document = document.clone();
        for (path, value) in set {
            document.set(path, value)?;
        }
        let policy = Policy::from_document(&document, None)?;
        Ok((policy, document))
    }

    /// Reads and checks an expectation that stands outside of the scenario's file; `point` makes a
    /// diagnostic for a range of `text`.
    pub(crate) fn expectation(
        &self,
        text: &str,
        point: Point<'_>,
    ) -> Result<Expectation, Diagnostic> {
        expectations::read(text, &self.subject, point)
    }

    /// Counts what `expectations` are about as well, in every run.
    pub(crate) fn counting(mut self, expectations: impl IntoIterator<Item = Expectation>) -> Self {
        let more = Vec::from_iter(expectations);
        self.subject.expect.push((EVERY.to_owned(), more));
        self
    }
}
