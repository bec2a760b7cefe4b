//! Finds the files that the command line names, tells scenarios, policies and fleets apart, and
//! loads the drills of scenarios.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::output::{CliError, print_error};
use crate::drill::{Changes, Drill};
use crate::policy::config::Policy;
use crate::prices::Book;
use crate::scenario;
use crate::text::{self, Document};

/// The price book at `path`, if one is given.
pub(super) fn prices(path: Option<&Path>) -> Result<Option<Arc<Book>>, CliError> {
    let book = path.map(Book::read).transpose()?;
    Ok(book.map(Arc::new))
}

/// A file, and how it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InputFile {
    /// The file, as it was written or found.
    pub(super) path: PathBuf,
    /// Whether the command line names it; otherwise it was found in a folder.
    pub(super) named: bool,
}

/// The YAML files of `paths`: a file itself; of a folder all files at any depth; without paths
/// those of the current directory's `scenarios/`, without its subfolders. A path without any is an
/// error.
pub(super) fn find(paths: &[PathBuf]) -> Result<Vec<InputFile>, Vec<CliError>> {
    if paths.is_empty() {
        return default_scenarios().map_err(|trouble| vec![trouble]);
    }
    let mut found = Vec::new();
    let mut troubles = Vec::new();
    for path in paths {
        match expand(path) {
            Ok(more) => found.extend(more),
            Err(trouble) => troubles.push(trouble),
        }
    }
    if troubles.is_empty() {
        Ok(found)
    } else {
        Err(troubles)
    }
}

/// The scenarios of `paths`. What a folder holds besides is named in a note, unless `quiet`.
pub(super) fn scenarios(paths: &[PathBuf], quiet: bool) -> Result<Vec<InputFile>, Vec<CliError>> {
    let kinds = Kinds::new();
    let mut scenarios = Vec::new();
    let mut skipped = Vec::new();
    let mut problems = Vec::new();
    for file in find(paths)? {
        match kinds.of(&file.path) {
            Kind::Scenario => scenarios.push(file),
            Kind::Policy if file.named => problems.push(no_scenario_but(
                &file.path,
                "policy",
                "run a scenario with it: `firedrill run SCENARIO --policy",
            )),
            Kind::Fleet if file.named => problems.push(no_scenario_but(
                &file.path,
                "fleet",
                "check it: `firedrill check",
            )),
            kind => skipped.push((file, kind)),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    if !skipped.is_empty() && !quiet {
        print_error(&self::skipped(&skipped));
    }
    if scenarios.is_empty() {
        let shown = paths.first().map(|path| path.display().to_string());
        let name = shown.as_deref().unwrap_or("scenarios/*.yaml");
        return Err(vec![no_scenario(name)]);
    }
    Ok(scenarios)
}

/// The kinds of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Scenario,
    Policy,
    Fleet,
}

/// Tells the kinds of files apart, by the keys that only one of them has.
pub(super) struct Kinds {
    scenario: Vec<&'static str>,
    policy: Vec<&'static str>,
}

impl Kinds {
    /// With the keys that their readers know.
    pub(super) fn new() -> Self {
        let (scenario, policy) = (scenario::keys(), text::fields::of::<Policy>());
        let only = |own: &[&'static str], other: &[&str]| {
            let own = own.iter().copied();
            own.filter(|key| !other.contains(key)).collect()
        };
        Self {
            scenario: only(scenario, policy),
            policy: only(policy, scenario),
        }
    }

    /// The kind of the file at `path`. One that cannot be read, or that has no key of a policy or a
    /// fleet, is a scenario: loading it then reports the error.
    pub(super) fn of(&self, path: &Path) -> Kind {
        let Ok(document) = Document::read(path) else {
            return match is_broken_fleet(path) {
                true => Kind::Fleet,
                false => Kind::Scenario,
            };
        };
        self.of_keys(&document.keys(&[]))
    }

    fn of_keys(&self, keys: &[String]) -> Kind {
        let count = |is: &dyn Fn(&String) -> bool| keys.iter().filter(|key| is(key)).count();
        let exact = |known: &[&str]| count(&|key| known.contains(&key.as_str()));
        let near = |known: &[&str]| count(&|key| known.iter().any(|one| is_near(key, one)));
        let score = |known: &[&str]| (exact(known), near(known));
        let is_named = keys.iter().any(|key| key == "name");
        let is_bare_policy = is_named && keys.iter().all(|key| key == "name" || key == "about");
        if keys.iter().any(|key| key == "fleet") {
            Kind::Fleet
        } else if score(&self.policy) > score(&self.scenario) || is_bare_policy {
            Kind::Policy
        } else {
            Kind::Scenario
        }
    }
}

/// One line that names files which are no scenarios, and their kinds.
pub(super) fn skipped(files: &[(InputFile, Kind)]) -> String {
    let shown = files.iter().take(MOST_NAMED).map(|(file, kind)| {
        let kind = match kind {
            Kind::Policy => "policy",
            Kind::Fleet => "fleet",
            Kind::Scenario => "scenario",
        };
        format!("{} ({kind})", file.path.display())
    });
    let shown = Vec::from_iter(shown).join(", ");
    let more = match files.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    format!("note: not run: {shown}{more}")
}

/// Whether `found` is probably a mistyped `known`.
fn is_near(found: &str, known: &str) -> bool {
    strsim::jaro_winkler(found, known) >= SIMILAR
}

/// Whether a file that is not YAML has a line that begins as a fleet: the fleet's reader redacts
/// its errors.
fn is_broken_fleet(path: &Path) -> bool {
    text::file::read(path, 1 << 20).is_ok_and(|bytes| {
        let mut lines = bytes.split(|byte| *byte == b'\n');
        lines.any(|line| line.starts_with(b"fleet:"))
    })
}

/// The error for a folder, or the default, without scenarios.
pub(super) fn no_scenario(place: &str) -> CliError {
    CliError::new(
        format!("there is no scenario in `{place}`"),
        "name a YAML file that has `providers`, or a folder of them",
    )
}

/// The error for a file that is named as a scenario, and is of another kind. `command` is what to
/// do with it, up to its path.
fn no_scenario_but(path: &Path, kind: &str, command: &str) -> CliError {
    let path = path.display();
    let message = format!("`{path}` is a {kind}, not a scenario");
    CliError::new(message, &format!("{command} {path}`"))
}

/// `scenarios/*.yaml` of the current directory.
fn default_scenarios() -> Result<Vec<InputFile>, CliError> {
    let folder = Path::new("scenarios");
    let mut files = Vec::new();
    let read = collect(folder, Depth::Shallow, &mut files);
    if read.is_err() || files.is_empty() {
        return Err(no_scenario("scenarios/*.yaml"));
    }
    Ok(in_order(files))
}

/// The files of one path on the command line.
fn expand(path: &Path) -> Result<Vec<InputFile>, CliError> {
    if !path.is_dir() {
        let path = path.to_path_buf();
        return Ok(vec![InputFile { path, named: true }]);
    }
    let name = path.display().to_string();
    let mut files = Vec::new();
    collect(path, Depth::Deep, &mut files)
        .map_err(|error| CliError::new(format!("cannot read the folder `{name}`: {error}"), ""))?;
    if files.is_empty() {
        return Err(no_scenario(&name));
    }
    Ok(in_order(files))
}

/// The drills of the scenarios `found`, with `changes`; what is wrong is added to `problems`.
pub(super) fn load(
    found: &[InputFile],
    changes: &Changes,
    problems: &mut Vec<CliError>,
) -> Vec<Drill> {
    let mut drills = Vec::new();
    for file in found {
        match Drill::load_with(&file.path, changes.clone()) {
            Ok(drill) => drills.push(drill),
            Err(more) => problems.extend(CliError::all(more)),
        }
    }
    drills
}

/// An error for each scenario that has the name of another; `why` that is none says the hint.
pub(super) fn same_names(drills: &[Drill], why: &str) -> Vec<CliError> {
    let mut problems = Vec::new();
    for (place, drill) in drills.iter().enumerate() {
        let name = &drill.scenario().name;
        let earlier = drills[..place]
            .iter()
            .find(|other| other.scenario().name == *name);
        if let Some(earlier) = earlier {
            let (first, second) = (earlier.path().display(), drill.path().display());
            let message = format!("two scenarios are named `{name}`: {first} and {second}");
            problems.push(CliError::new(message, why));
        }
    }
    problems
}

/// The name of the files of each scenario: its own; of scenarios that share one, with the folders
/// in front that tell them apart (`conduct-flapping`).
pub(super) fn names_of_files(drills: &[Drill]) -> Result<Vec<String>, CliError> {
    let scenarios = drills
        .iter()
        .map(|drill| (drill.scenario().name.as_str(), drill.path()));
    names_by_folder(&Vec::from_iter(scenarios)).map_err(|(one, two)| {
        let name = &drills[two].scenario().name;
        let (first, second) = (drills[one].path().display(), drills[two].path().display());
        CliError::new(
            format!("two scenarios are named `{name}`: {first} and {second}"),
            "their files under `--out` would be the same",
        )
    })
}

/// As [`names_of_files`]; the error has the positions of two that no folder tells apart.
fn names_by_folder(scenarios: &[(&str, &Path)]) -> Result<Vec<String>, (usize, usize)> {
    let shared = |name: &str| scenarios.iter().filter(|(other, _)| *other == name).count() > 1;
    let with_folders = |depth: usize| {
        let named = scenarios.iter().map(|(name, path)| {
            let depth = if shared(name) { depth } else { 0 };
            let folders = path.parent().into_iter().flat_map(Path::components);
            let folders = folders.rev().filter_map(|part| match part {
                Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
                _ => None,
            });
            let mut parts = Vec::from_iter(folders.take(depth));
            parts.reverse();
            parts.push((*name).to_owned());
            parts.join("-")
        });
        Vec::from_iter(named)
    };
    let twice = |names: &[String]| {
        let places = names.iter().enumerate();
        let mut pairs = places.filter_map(|(two, name)| {
            let one = names[..two].iter().position(|other| other == name)?;
            Some((one, two))
        });
        pairs.next()
    };
    let deepest = scenarios.iter().map(|(_, path)| path.components().count());
    let deepest = deepest.max().unwrap_or(0);
    let mut names = with_folders(0);
    for depth in 1..=deepest {
        if twice(&names).is_none() {
            break;
        }
        names = with_folders(depth);
    }
    twice(&names).map_or(Ok(names), Err)
}

/// Prints what is valid in `drills` and probably not intended.
pub(super) fn print_warnings(drills: &[Drill]) {
    for drill in drills {
        for warning in drill.warnings() {
            print_error(&format!("warning: {}: {warning}", drill.path().display()));
        }
    }
}

/// Whether subfolders are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    Shallow,
    Deep,
}

/// Adds the YAML files of `folder` to `files`. Links to folders are not followed (they can form a
/// cycle), and names that begin with a dot are skipped.
fn collect(folder: &Path, depth: Depth, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if entry.file_type()?.is_dir() {
            if depth == Depth::Deep {
                collect(&path, depth, files)?;
            }
        } else if is_yaml(&path) && path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

/// Whether a file has an extension of scenarios and policies.
pub(super) fn is_yaml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|ending| ending == "yaml" || ending == "yml")
}

/// Sorted: a folder's own order differs between machines.
fn in_order(mut files: Vec<PathBuf>) -> Vec<InputFile> {
    files.sort();
    let found = |path| InputFile { path, named: false };
    files.into_iter().map(found).collect()
}

/// From this similarity on, one word is a mistyped other: `retries` and `retry` have 0.87, and
/// `services` and `providers` 0.73.
const SIMILAR: f64 = 0.8;

/// How many skipped files a note names.
const MOST_NAMED: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tell_the_kinds_of_files_apart() {
        let kinds = Kinds::new();
        for (keys, kind) in [
            ("name about providers load expect", Kind::Scenario),
            ("name provider load", Kind::Scenario),
            ("name provider", Kind::Scenario),
            ("name load retry", Kind::Scenario),
            ("nam retry breaker", Kind::Policy),
            ("name retries", Kind::Policy),
            ("name about", Kind::Policy),
            ("fleet", Kind::Fleet),
            ("about", Kind::Scenario),
            ("", Kind::Scenario),
            ("services version", Kind::Scenario),
        ] {
            let words = Vec::from_iter(keys.split_whitespace().map(str::to_owned));
            assert_eq!(kinds.of_keys(&words), kind, "{keys}");
        }
    }

    #[test]
    fn folders_tell_files_of_one_name_apart() {
        let names = |all: &[(&str, &str)]| {
            let all = all.iter().map(|(name, path)| (*name, Path::new(*path)));
            names_by_folder(&Vec::from_iter(all))
        };
        let all = [("a", "s/a.yaml"), ("b", "s/b.yaml"), ("a", "s/c/a.yaml")];
        assert_eq!(names(&all).expect("apart"), ["s-a", "b", "c-a"]);
        let deeper = [("a", "x/c/a.yaml"), ("a", "y/c/a.yaml")];
        assert_eq!(names(&deeper).expect("apart"), ["x-c-a", "y-c-a"]);
        let same = [("a", "s/a.yaml"), ("a", "s/other.yaml")];
        assert_eq!(names(&same), Err((0, 1)));
    }

    #[test]
    fn a_folder_is_read_to_its_depth_in_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        for name in ["b.yaml", "a/z.yml", "a/notes.md", ".git/c.yaml", "a.yaml"] {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("its folder");
            std::fs::write(path, "").expect("a file");
        }
        let found = find(&[root.to_path_buf()]).expect("files");
        let names = found
            .iter()
            .map(|found| found.path.strip_prefix(root).expect("below"));
        let names = Vec::from_iter(names.map(|path| path.to_string_lossy().into_owned()));
        assert_eq!(names, ["a/z.yml", "a.yaml", "b.yaml"]);
        assert!(found.iter().all(|found| !found.named));
    }

    #[test]
    fn a_file_that_is_named_is_taken_whatever_its_ending() {
        let path = PathBuf::from("no/such/file.txt");
        let named = true;
        let expected = InputFile {
            path: path.clone(),
            named,
        };
        assert_eq!(find(&[path]).expect("it is not read yet"), [expected]);
    }
}
