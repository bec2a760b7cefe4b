//! A whole drill, for a `#[test]` and for the command line: load, run, judge.
//!
//! ```no_run
//! use firedrill::drill::Drill;
//!
//! # fn main() -> Result<(), firedrill::Diagnostic> {
//! let report = Drill::load("scenarios/primary-outage.yaml")?
//!     .policy("resilient")?
//!     .seeds(1..=5)
//!     .run();
//! report.assert();
//! # Ok(())
//! # }
//! ```
//!
//! - `policies`: finds a policy's file or preset by its name.
//! - `judges`: which policies the expectations are about.
//! - `subject`: makes the subject of a report from a scenario; `expectations` checks it.
//! - `trace`: one run, call by call, with the reasons of decisions; `blame` runs it again without
//!   a fault.
//! - `runs`: many runs, their states merged in order; `side_by_side`: on several threads;
//!   `engine`: what makes one; `verify`: whether one comes out the same again; `checkpoint`: those
//!   that were finished before; `audit`: whether the engines agree;
//!   `size`: how large one is before it starts; `variant`: single ones, of changed policies.
//!
//! `report` measures them. Nothing is printed here.

mod audit;
mod blame;
mod checkpoint;
mod engine;
mod expectations;
mod judges;
mod policies;
mod runs;
mod side_by_side;
mod size;
mod subject;
mod trace;
mod variant;
mod verify;
mod world;

use std::cell::OnceCell;
use std::num::NonZero;
use std::ops::{ControlFlow, RangeInclusive};
use std::path::Path;
use std::sync::Arc;

use crate::policy::config::Policy;
use crate::prices::Book;
use crate::report::subject::Subject;
use crate::report::{Format, Report, Verdict};
use crate::scenario::Scenario;
use crate::scenario::load::{self, Loaded};
use crate::text::{Diagnostic, Document};

pub use audit::{Agreement, Disagreement, compare_engines};
pub use checkpoint::{Checkpoint, Control, Finished};
pub use engine::Engine;
use expectations::check_margins;
pub use expectations::{check_expectations, check_margin};
pub use runs::{EndedRun, run_all, run_controlled};
pub(crate) use runs::{numbered, total_runs};
pub(crate) use side_by_side::side_by_side;
pub use side_by_side::{NoThread, Threads};
pub use size::RunSize;
pub(crate) use verify::{Chosen, Difference};
pub use verify::{Fingerprint, Sample};

/// A scenario and the policies to run it with: read, checked, and ready to run.
#[derive(Clone, Debug)]
#[must_use = "a drill does nothing until it is run"]
pub struct Drill {
    changes: Changes,
    loaded: Loaded,
    subject: Subject,
    policies: Vec<Policy>,
    /// What the policies were read from, in their order.
    documents: Vec<Document>,
}

/// Differences from the scenario's file.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Policies to run instead of the scenario's own, each a name or a file (relative to the
    /// current directory); none = the scenario's own.
    pub policies: Vec<String>,
    /// The policy by whose expectations every policy is judged as well, beside its own; none =
    /// each by its own and by those of `every`.
    pub judge_as: Option<String>,
    /// Seeds to run instead of the scenario's own.
    pub seeds: Option<RangeInclusive<u64>>,
    /// Values set on top of the files, as (path, value): `policy.…` in every policy, all others in
    /// the scenario.
    pub set: Vec<(String, String)>,
    /// The price book in place of ours.
    pub prices: Option<Arc<Book>>,
    /// What makes the runs.
    pub engine: Engine,
    /// How many seeds per policy both engines make, to be compared; only with [`Engine::Model`].
    pub audit: u64,
}

impl Drill {
    /// Reads and checks the scenario at `path` and the policies that it names.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Diagnostic> {
        Self::load_with(path, Changes::default()).map_err(first)
    }

    /// Reads and checks the scenario at `path` with `changes`; on failure every diagnostic, at
    /// least one.
    pub fn load_with(path: impl AsRef<Path>, changes: Changes) -> Result<Self, Vec<Diagnostic>> {
        Self::of(Document::read(path.as_ref()), path.as_ref(), changes)
    }

    /// As [`Self::load_with`], of what the file at `path` was read as.
    fn of(
        read: Result<Document, Diagnostic>,
        path: &Path,
        changes: Changes,
    ) -> Result<Self, Vec<Diagnostic>> {
        // As the file has them: another name may stand in for that of a missing file.
        let written = OnceCell::new();
        let further = |loaded: &Loaded| {
            let written = written.get_or_init(|| policies::names(loaded, &changes));
            let subject = Subject::from(&loaded.scenario);
            let mut problems = check_expectations(&loaded.document, &subject);
            let margins = &loaded.scenario.margins;
            problems.extend(check_margins(&loaded.document, margins, &subject));
            let unknown = policies::check(loaded, &changes);
            // A mistyped policy would be told once more, under `expect`.
            if unknown.is_empty() {
                problems.extend(judges::check_names(loaded, &changes, written));
            }
            problems.extend(unknown);
            problems
        };
        let prices = changes.prices.as_deref();
        let (loaded, problems) = load::load_read(read, path, &changes.set, prices, &further);
        let mut problems = Vec::from_iter(problems.into_iter().flatten());
        let Some(loaded) = loaded else {
            return Err(problems);
        };
        let found = policies::find_all(&loaded, &changes).unwrap_or_else(|more| {
            problems.extend(more);
            Vec::new()
        });
        if let Some(problems) = Diagnostic::of_all(problems) {
            return Err(problems.into_iter().collect());
        }
        let mut subject = world::subject(&loaded, &changes);
        let (policies, documents): (Vec<Policy>, _) = found.into_iter().unzip();
        if let Some(judge) = &changes.judge_as {
            let names = Vec::from_iter(policies.iter().map(|policy| policy.name.clone()));
            subject.expect = judges::judged_as(&subject.expect, judge, &names);
        }
        Ok(Self {
            changes,
            loaded,
            subject,
            policies,
            documents,
        })
    }

    /// Runs `policy`, a name or a file, in place of the scenario's own; each further call adds one.
    ///
    /// A bare name is a policy that the scenario lists, else `policies/NAME.yaml` of the scenario's
    /// project, else the preset of that name. A file ends in `.yaml` or holds a `/`.
    pub fn policy(self, policy: &str) -> Result<Self, Diagnostic> {
        let mut changes = self.changes;
        changes.policies.push(policy.to_owned());
        Self::load_with(&self.loaded.path, changes).map_err(first)
    }

    /// Sets `path` to `value` (YAML) as if the file had it: `policy.retry.max_attempts` in every
    /// policy, all others in the scenario. The result is checked at once.
    pub fn set(self, path: &str, value: &str) -> Result<Self, Diagnostic> {
        let mut changes = self.changes;
        changes.set.push((path.to_owned(), value.to_owned()));
        Self::load_with(&self.loaded.path, changes).map_err(first)
    }

    /// Judges every policy that runs by the expectations of the policy `name` as well, beside its
    /// own: for a policy that the scenario does not know.
    pub fn judge_as(self, name: &str) -> Result<Self, Diagnostic> {
        let mut changes = self.changes;
        changes.judge_as = Some(name.to_owned());
        let drill = Self::load_with(&self.loaded.path, changes).map_err(first)?;
        match drill.unknown_judge() {
            Some(problem) => Err(problem),
            None => Ok(drill),
        }
    }

    /// The problem with the policy of [`Changes::judge_as`] when no expectation of this scenario is
    /// about it.
    pub fn unknown_judge(&self) -> Option<Diagnostic> {
        judges::unknown_judge(&self.loaded, self.changes.judge_as.as_deref()?)
    }

    /// Runs exactly these seeds in place of the scenario's own.
    pub fn seeds(mut self, seeds: RangeInclusive<u64>) -> Self {
        self.changes.seeds = Some(seeds);
        self
    }

    /// Makes the runs with this engine in place of the simulated network.
    pub fn engine(mut self, engine: Engine) -> Self {
        let before = self.changes.engine.note();
        self.subject
            .notes
            .retain(|note| Some(note) != before.as_ref());
        self.subject.notes.extend(engine.note());
        self.changes.engine = engine;
        self
    }

    /// Makes the first `seeds` seeds of each policy on the simulated network as well, and reports
    /// whether and how they differ: call by call, and by measure. Only where the runs are made by
    /// [`Engine::Model`].
    ///
    /// A difference changes no verdict, unless an expectation comes out differently on these seeds:
    /// then the report is inconclusive.
    pub const fn audit(mut self, seeds: u64) -> Self {
        self.changes.audit = seeds;
        self
    }

    /// How it differs from the scenario's file.
    pub(crate) const fn changes(&self) -> &Changes {
        &self.changes
    }

    /// The scenario's file, as the caller wrote it.
    pub fn path(&self) -> &Path {
        &self.loaded.path
    }

    /// The scenario, resolved.
    pub fn scenario(&self) -> &Scenario {
        &self.loaded.scenario
    }

    /// The subject of its report.
    pub const fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The scenario's document, for diagnostics of later checks.
    pub fn document(&self) -> &Document {
        &self.loaded.document
    }

    /// The documents of the policies to run, in their order.
    pub fn policy_documents(&self) -> &[Document] {
        &self.documents
    }

    /// The policies to run, in order.
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }

    /// The seeds to run, both ends included.
    pub fn seeds_to_run(&self) -> RangeInclusive<u64> {
        let own = &self.scenario().run.seeds;
        self.changes.seeds.as_ref().unwrap_or(own).clone()
    }

    /// The seeds that both engines make, if there are any.
    pub(crate) fn audited_seeds(&self) -> Option<RangeInclusive<u64>> {
        let seeds = self.seeds_to_run();
        let audited = self.changes.audit.min(self.seed_count());
        let is_due = self.changes.engine == Engine::Model && audited > 0;
        is_due.then(|| *seeds.start()..=seeds.start() + (audited - 1))
    }

    /// The number of seeds.
    pub fn seed_count(&self) -> u64 {
        count(&self.seeds_to_run())
    }

    /// The number of runs: one for each policy and seed.
    pub fn runs(&self) -> u64 {
        self.seed_count().saturating_mul(self.policies.len() as u64)
    }

    /// Warnings about what is valid and probably not intended, one sentence each.
    pub fn warnings(&self) -> Vec<String> {
        let providers = Vec::from_iter(self.scenario().providers.iter().map(|p| p.name.as_str()));
        let mut warnings = Vec::new();
        for policy in &self.policies {
            for name in policy.overrides.by_name.keys() {
                if !providers.contains(&name.as_str()) {
                    warnings.push(format!(
                        "policy `{}` names `{name}`, which is no provider here ({})",
                        policy.name,
                        providers.join(", "),
                    ));
                }
            }
        }
        warnings
    }

    /// Runs every policy under every seed, on all cores, and reports. Nothing is judged until the
    /// report is asserted:
    ///
    /// ```compile_fail
    /// #![deny(unused_must_use)]
    /// # fn main() -> Result<(), firedrill::Diagnostic> {
    /// firedrill::drill::Drill::load("scenarios/primary-outage.yaml")?.run();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// When the machine cannot start a thread: a test without a run must not pass.
    #[must_use = "a run that is never asserted passes whatever happened: call `assert`"]
    pub fn run(&self) -> Report {
        let mut reports = Vec::new();
        let threads = run_all(
            std::slice::from_ref(self),
            workers(None),
            &mut || (),
            &mut |_, report| {
                reports.push(report);
                ControlFlow::Continue(())
            },
        );
        if let Err(error) = threads {
            panic!("{error}");
        }
        self.explain(reports.remove(0))
    }
}

impl Report {
    /// Panics with the report as a table unless every expectation holds; an inconclusive one does
    /// not hold, and neither does a report in which nothing was judged.
    #[track_caller]
    pub fn assert(&self) {
        let verdict = match self.verdict() {
            Verdict::Holds => return,
            Verdict::NotJudged => &self.not_judged().join("\n"),
            Verdict::Inconclusive => "an expectation is inconclusive",
            Verdict::Fails => "an expectation fails",
        };
        panic!("{verdict}\n\n{}", self.render(Format::Table, false));
    }
}

/// How many runs go on at a time: as many as `asked`, else one for each core.
pub fn workers(asked: Option<NonZero<usize>>) -> NonZero<usize> {
    let cores = || std::thread::available_parallelism().ok();
    asked.or_else(cores).unwrap_or(NonZero::<usize>::MIN)
}

/// How many seeds are in `seeds`.
fn count(seeds: &RangeInclusive<u64>) -> u64 {
    if seeds.is_empty() {
        return 0;
    }
    (seeds.end() - seeds.start()).saturating_add(1)
}

/// The first diagnostic, where only one can be shown.
fn first(mut problems: Vec<Diagnostic>) -> Diagnostic {
    problems.swap_remove(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_count_both_ends() {
        assert_eq!(count(&(1..=5)), 5);
        assert_eq!(count(&(7..=7)), 1);
        assert_eq!(count(&(0..=u64::MAX)), u64::MAX);
    }

    #[test]
    #[expect(clippy::reversed_empty_ranges, reason = "the empty range is the case")]
    fn an_empty_range_holds_no_seed() {
        assert_eq!(count(&(5..=1)), 0);
    }
}
