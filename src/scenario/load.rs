//! Loads the scenario at a path, and checks it, or returns a diagnostic with a caret.
//!
//! The only part of `scenario` that opens files: the scenario itself, and the trace that it names.
//! Here policies are only checked as paths; `run` reads them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::file::File;
use super::resolve::resolve;
use super::{Calls, Scenario};
use crate::prices::Book;
use crate::replay;
use crate::text::findings::Findings;
use crate::text::name::is_name;
use crate::text::{self, Diagnostic, Document, project};

/// A scenario, and the document that it was read from, so that later checks can point into it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The scenario.
    pub scenario: Scenario,
    /// Its document.
    pub document: Document,
    /// The file's path as given.
    pub path: PathBuf,
    /// The project's root: the nearest folder that holds `policies/`, from the file's own up to the
    /// one that holds `.git`; outside of a repository only the file's own folder and one whose
    /// `scenarios/` the file lies in. If there is none, the file's folder.
    pub root: PathBuf,
}

/// Reads and checks the scenario at `path`, with `--set` overrides (path, value) on top; those that
/// start with `policy.` are for the policies.
pub fn load(path: impl AsRef<Path>, overrides: &[(String, String)]) -> Result<Loaded, Diagnostic> {
    load_with_prices(path, overrides, None)
}

/// As [`load`], with another price book than ours.
pub fn load_with_prices(
    path: impl AsRef<Path>,
    overrides: &[(String, String)],
    prices: Option<&Book>,
) -> Result<Loaded, Diagnostic> {
    let path = path.as_ref();
    match load_read(Document::read(path), path, overrides, prices, &|_| {
        Vec::new()
    }) {
        (Some(loaded), None) => Ok(loaded),
        (_, Some(problems)) => Err(problems),
        (None, None) => Err(Diagnostic::of_file("", "this file cannot be read")),
    }
}

/// As [`load_with_prices`], of what the file was read as, with what is wrong by `further` checks as
/// well. Beside a mistake the scenario has stand-ins for what is wrong, and is of use only to check
/// what it names.
pub(crate) fn load_read(
    read: Result<Document, Diagnostic>,
    path: &Path,
    overrides: &[(String, String)],
    prices: Option<&Book>,
    further: &dyn Fn(&Loaded) -> Vec<Diagnostic>,
) -> (Option<Loaded>, Option<Diagnostic>) {
    match read {
        Ok(document) => load_document(document, path, overrides, prices, further),
        Err(problem) => (None, Some(problem)),
    }
}

/// As [`load_read`], of the document that is at `path`.
pub(crate) fn load_document(
    mut document: Document,
    path: &Path,
    overrides: &[(String, String)],
    prices: Option<&Book>,
    further: &dyn Fn(&Loaded) -> Vec<Diagnostic>,
) -> (Option<Loaded>, Option<Diagnostic>) {
    let own = overrides
        .iter()
        .filter(|(key, _)| !key.starts_with("policy."));
    let wrong = Vec::from_iter(own.filter_map(|(key, value)| document.set(key, value).err()));
    let root = project::root_of(path);
    let traces = RefCell::default();
    let (loaded, problems) = document.read_all(&|document, findings| {
        let place = ScenarioFile {
            document,
            path,
            root: &root,
            prices,
            traces: &traces,
        };
        let file = document.read_on(findings)?;
        let loaded = Loaded {
            scenario: place.resolve(file, findings)?,
            path: path.to_owned(),
            root: root.clone(),
            document: document.clone(),
        };
        // Of a scenario with gaps, further checks would only tell the gaps.
        if findings.is_empty() {
            further(&loaded)
                .into_iter()
                .for_each(|one| findings.add(one));
        }
        Some(loaded)
    });
    (
        loaded,
        Diagnostic::of_all(wrong.into_iter().chain(problems).collect()),
    )
}

/// What is wrong with `document`, the scenario at `path`.
pub(crate) fn check(document: Document, path: &Path) -> Option<Diagnostic> {
    load_document(document, path, &[], None, &|_| Vec::new()).1
}

impl Loaded {
    /// The path `written` at `keys` of the document, resolved: in the file it is relative to the
    /// file and must be inside the project; on the command line it is relative to the current
    /// directory and may be anywhere.
    pub fn locate(&self, keys: &[&str], written: &str) -> Result<PathBuf, Diagnostic> {
        project::locate(&self.document, &self.root, &self.path, keys, written)
    }
}

/// Where a scenario's file lies, and in which project.
struct ScenarioFile<'a> {
    document: &'a Document,
    path: &'a Path,
    root: &'a Path,
    prices: Option<&'a Book>,
    traces: &'a RefCell<Traces>,
}

/// The traces that were read: a file with mistakes is read several times.
type Traces = BTreeMap<String, Result<Calls, Diagnostic>>;

impl ScenarioFile<'_> {
    /// The scenario of `file`, as far as nothing is wrong with it.
    fn resolve(&self, file: File, findings: &mut Findings) -> Option<Scenario> {
        let trace = file.load.as_ref().and_then(|load| {
            findings.part(&["load"], || load.check_alone(self.document))?;
            let written = load.trace.as_ref()?;
            findings.part(&TRACE, || {
                let mut traces = self.traces.borrow_mut();
                let known = traces.entry(written.clone());
                known.or_insert_with(|| self.trace(written)).clone()
            })
        });
        self.check_policies(&file.policies, findings);
        let stem = self.path.file_stem().unwrap_or_default();
        resolve(
            self.document,
            &stem.to_string_lossy(),
            file,
            trace,
            self.prices,
            findings,
        )
    }

    fn locate(&self, keys: &[&str], written: &str) -> Result<PathBuf, Diagnostic> {
        project::locate(self.document, self.root, self.path, keys, written)
    }

    /// Checks that each policy is a bare name, or a path that ends in `.yaml` or `.yml`.
    fn check_policies(&self, policies: &[String], findings: &mut Findings) {
        for (n, policy) in policies.iter().enumerate() {
            if findings.is_read(&["policies"]) {
                findings.take(self.check_policy(n, policy, &policies[..n]));
            }
        }
    }

    fn check_policy(&self, n: usize, policy: &String, before: &[String]) -> Result<(), Diagnostic> {
        let keys = ["policies", &n.to_string()];
        if before.contains(policy) {
            let message = format!("the policy `{policy}` is named twice");
            return Err(self.document.problem(&keys, message).hint("name it once"));
        }
        if policy.ends_with(".yaml") || policy.ends_with(".yml") {
            self.locate(&keys, policy)?;
        } else if !is_name(policy) {
            let message = format!("`{policy}` is neither a policy's name nor a file");
            let hint = "write a name such as `resilient`, or a path such as `./mine.yaml`";
            return Err(self.document.problem(&keys, message).hint(hint));
        }
        Ok(())
    }

    fn trace(&self, written: &str) -> Result<Calls, Diagnostic> {
        let path = self.locate(&TRACE, written)?;
        let bytes = text::file::read(&path, LARGEST_TRACE).map_err(|why| {
            let from = if self.document.is_override(&TRACE) {
                "the current directory"
            } else {
                "this file"
            };
            let message = format!("the trace `{written}` cannot be read: {why}");
            let problem = self.document.problem(&TRACE, message);
            problem.hint(format!("the path is relative to {from}"))
        })?;
        let rows = Arc::new(replay::rows(&path.display().to_string(), &bytes)?);
        let shown = project::shown(written);
        Ok(Calls::Trace { shown, path, rows })
    }
}

const TRACE: [&str; 2] = ["load", "trace"];
const LARGEST_TRACE: u64 = 256 << 20;
