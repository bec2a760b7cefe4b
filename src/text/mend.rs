//! Reads on behind a mistake, so that one run names all of a document.
//!
//! A check ends at the first mistake of its part. So each mistake that was found is mended in a
//! copy of the document, and the copy is read again, until nothing more is found. A mistake is
//! mended by a stand-in for its value: what its own hint says to write, or a small or large value.
//! What cannot be replaced is left out.
//!
//! A mistake that follows from a stand-in is no mistake of the document. So the document is read on
//! in several ways, with other stand-ins each, and only what all of them find is told.

use std::collections::{BTreeSet, VecDeque};

use super::diagnostic::Diagnostic;
use super::document::Document;
use super::findings::{Findings, Path};
use change::{Change, is_of_stand_in};

mod change;

/// Reads a document, and tells what is wrong with it.
pub(crate) type Read<'r, T> = &'r dyn Fn(&Document, &mut Findings) -> Option<T>;

impl Document {
    /// What `read` makes of the document, and all that is wrong with it. Beside a mistake the value
    /// is made with stand-ins, and of use only for further checks.
    pub(crate) fn read_all<T>(&self, read: Read<'_, T>) -> (Option<T>, Option<Diagnostic>) {
        let (value, first) = read_once(self, read);
        if first.is_empty() {
            return (value, None);
        }
        let [(value, mut later), others @ ..] = Choice::ALL.map(|choice| {
            let mut course = Course::new(self, choice, read);
            let value = course.run(first.clone());
            (value, course.later)
        });
        later.retain(|problem| {
            let is_same = |other: &Diagnostic| name_of(other) == name_of(problem);
            others.iter().all(|(_, found)| found.iter().any(is_same))
        });
        (value, Diagnostic::of_all([first, later].concat()))
    }

    /// What `read` makes of the document, if nothing is wrong with it; otherwise all that is.
    pub(crate) fn read_whole<T>(&self, read: Read<'_, T>) -> Result<T, Diagnostic> {
        match self.read_all(read) {
            (_, Some(problems)) => Err(problems),
            (Some(value), None) => Ok(value),
            (None, None) => Err(self.problem(&[], "this file cannot be read")),
        }
    }
}

fn read_once<T>(document: &Document, read: Read<'_, T>) -> (Option<T>, Vec<Diagnostic>) {
    let mut findings = Findings::default();
    let value = read(document, &mut findings);
    (value, findings.into_problems())
}

/// Which stand-ins a course prefers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Choice {
    /// What hints say to write.
    Hinted,
    /// Small values.
    Small,
    /// Large values.
    Large,
}

impl Choice {
    const ALL: [Self; 3] = [Self::Hinted, Self::Small, Self::Large];

    /// The texts to try for the value that `problem` is about, in order.
    fn texts(self, problem: &Diagnostic) -> Vec<String> {
        let hinted = self.hinted(problem);
        match self {
            Self::Hinted => [hinted, self.own()].concat(),
            Self::Small | Self::Large => [self.own(), hinted].concat(),
        }
    }

    /// The texts that the hint of `problem` has, in the order to try them.
    fn hinted(self, problem: &Diagnostic) -> Vec<String> {
        let mut hinted = quoted(problem.hint_text().unwrap_or_default());
        if self == Self::Large {
            hinted.reverse();
        }
        hinted
    }

    /// Texts of many kinds of values, of which one may fit between others of the file.
    fn own(self) -> Vec<String> {
        let mut sizes = [
            ["1ms", "1", "1%"],
            ["1m", "10", "50%"],
            ["100d", "1000", "99%"],
        ];
        if self == Self::Large {
            sizes.reverse();
        }
        sizes.concat().into_iter().map(str::to_owned).collect()
    }
}

/// The texts in backticks, and the ends of a range.
fn quoted(hint: &str) -> Vec<String> {
    let ends = hint.strip_prefix("write a value from ");
    if let Some((least, most)) = ends.and_then(|ends| ends.split_once(" to ")) {
        return vec![least.to_owned(), most.to_owned()];
    }
    let parts = hint.split('`').skip(1).step_by(2);
    parts.map(str::to_owned).collect()
}

/// What makes two diagnostics the same: readings of one document make each anew.
type Name = (String, usize, usize, String);

fn name_of(problem: &Diagnostic) -> Name {
    (
        problem.file().to_owned(),
        problem.line(),
        problem.column(),
        problem.message().to_owned(),
    )
}

/// One way to read on.
struct Course<'r, T> {
    document: Document,
    choice: Choice,
    read: Read<'r, T>,
    /// What was found so far, told or not.
    seen: BTreeSet<Name>,
    /// What is told beyond the first reading.
    later: Vec<Diagnostic>,
    /// The paths of what was left out.
    removed: Vec<Path>,
    /// How much work is left. A reading costs one, and one for each mistake in it.
    left: usize,
}

impl<'r, T> Course<'r, T> {
    fn new(document: &Document, choice: Choice, read: Read<'r, T>) -> Self {
        Self {
            document: document.clone(),
            choice,
            read,
            seen: BTreeSet::new(),
            later: Vec::new(),
            removed: Vec::new(),
            left: MOST_WORK,
        }
    }

    /// Mends the problems of the first reading, then those that are found behind them. The value is
    /// that of the last reading, in which nothing is left to mend.
    fn run(&mut self, mut problems: Vec<Diagnostic>) -> Option<T> {
        self.seen.extend(problems.iter().map(name_of));
        loop {
            let mut is_changed = false;
            for problem in &problems {
                // Each costs a walk through the document, also where nothing can be tried.
                if self.left == 0 {
                    break;
                }
                is_changed |= self.mend(problem);
            }
            if !is_changed {
                return None;
            }
            let (value, mut found) = read_once(&self.document, self.read);
            found.retain(|one| self.seen.insert(name_of(one)));
            if found.is_empty() {
                return value;
            }
            let told = found.iter().filter(|one| !self.follows(one)).cloned();
            self.later.extend(Vec::from_iter(told));
            problems = found;
        }
    }

    /// Whether a problem is about a stand-in, or about what is missing since it was left out. What
    /// is wrong with a part that holds a stand-in may be so whatever stands in: the other courses
    /// tell.
    fn follows(&self, problem: &Diagnostic) -> bool {
        let is_gone = |path: &Path| self.is_around(problem, path) || is_named(path, problem);
        is_of_stand_in(problem) || self.removed.iter().any(is_gone)
    }

    /// Whether a problem is about a part that holds, or held, `path`.
    fn is_around(&self, problem: &Diagnostic, path: &Path) -> bool {
        let is_missing = problem.missing_key().is_some();
        let places = self.document.paths_to(problem);
        places.iter().any(|place| {
            let begins = self.document.begins_at(problem, place);
            let is_beside = is_missing && (begins || self.document.is_scalar(place));
            let around = match is_beside || begins && place.len() == 1 {
                true => &place[..place.len() - 1],
                false => place,
            };
            around.len() < path.len() && path.starts_with(around)
        })
    }

    /// Mends a problem at its place, else around it; whether that can be done.
    fn mend(&mut self, problem: &Diagnostic) -> bool {
        let mut paths = self.document.paths_to(problem);
        let Some(first) = paths.first() else {
            return false;
        };
        let mut changes = self.changes(problem, first);
        let begins = first.is_empty() || self.document.begins_at(problem, first);
        if problem.missing_key().is_some() && begins {
            if self.first_that_mends(problem, &paths, changes.clone()) {
                return true;
            }
            paths.iter_mut().for_each(|path| drop(path.pop()));
        }
        while paths.iter().all(|path| !path.is_empty()) {
            changes.push_back(Change::Nothing);
            if self.first_that_mends(problem, &paths, changes) {
                return true;
            }
            let own = self.choice.own().into_iter();
            changes = own.map(Change::Value).collect();
            for path in &mut paths {
                path.pop();
            }
            paths.dedup();
        }
        false
    }

    /// What to try at the place of a problem before leaving it out, in order.
    fn changes(&self, problem: &Diagnostic, path: &Path) -> VecDeque<Change> {
        let texts = self.choice.texts(problem).into_iter();
        if let Some(key) = problem.missing_key() {
            return texts
                .map(|text| Change::Entry(key.to_owned(), text))
                .collect();
        }
        if self.document.is_about_key(problem, path) {
            let meant = meant(problem);
            let name = meant.map(|meant| self.document.renamed(problem, path, &meant));
            return VecDeque::from_iter(name.map(Change::Name));
        }
        texts.map(Change::Value).collect()
    }

    /// Makes the first of `changes` that mends the problem at `paths`; whether there is one. A
    /// stand-in that is wrong as well has a hint of its own, which is tried next.
    fn first_that_mends(
        &mut self,
        problem: &Diagnostic,
        paths: &[Path],
        mut changes: VecDeque<Change>,
    ) -> bool {
        let mut tries = 0;
        while let Some(change) = changes.pop_front() {
            if self.left == 0 {
                return false;
            }
            let before = self.document.clone();
            if !change.make(&mut self.document, paths) {
                self.document = before;
                continue;
            }
            tries += 1;
            let Some(wrong) = self.still_wrong(problem, paths, &change) else {
                if change == Change::Nothing {
                    self.removed.extend_from_slice(paths);
                }
                return true;
            };
            self.document = before;
            if is_of_stand_in(&wrong) && tries < MOST_TRIES {
                let hinted = self.choice.hinted(&wrong).into_iter();
                let next = hinted.filter_map(|text| change.with(text));
                next.rev().for_each(|change| changes.push_front(change));
            }
        }
        false
    }

    /// What is still wrong at the place of `problem` after this change.
    fn still_wrong(
        &mut self,
        problem: &Diagnostic,
        paths: &[Path],
        change: &Change,
    ) -> Option<Diagnostic> {
        let (_, found) = read_once(&self.document, self.read);
        self.left = self.left.saturating_sub(1 + found.len());
        let same = name_of(problem);
        found.into_iter().find(|one| {
            let name = name_of(one);
            let is_new = || !self.seen.contains(&name);
            // A missing key is mended next.
            let is_missed = || {
                one.missing_key().is_none() && paths.iter().any(|path| self.is_around(one, path))
            };
            // Another stand-in that is wrong now is mended next.
            let is_own = || {
                let mut places = self.document.paths_to(one).into_iter();
                places.any(|place| paths.iter().any(|path| place.starts_with(path)))
            };
            name == same
                || is_of_stand_in(one) && is_own() && is_new()
                || *change == Change::Nothing && is_missed() && is_new()
        })
    }
}

/// The word that a hint asks for in place of another.
fn meant(problem: &Diagnostic) -> Option<String> {
    let hint = problem.hint_text()?;
    let asks = ["did you mean `", "it is now `"];
    let mut asked = asks.iter().filter_map(|asks| hint.strip_prefix(asks));
    asked.next()?.split('`').next().map(str::to_owned)
}

/// Whether a problem is about the named part at `path`.
fn is_named(path: &Path, problem: &Diagnostic) -> bool {
    let [_, name] = path.as_slice() else {
        return false;
    };
    problem.message().contains(&format!("`{name}`"))
}

/// A bound on the time that a file with many mistakes takes. A dozen are far below it.
const MOST_WORK: usize = 2_000;
/// How many stand-ins are tried for one value.
const MOST_TRIES: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Pond {
        least: u8,
        most: u8,
        #[serde(default)]
        depths: Vec<u8>,
        #[serde(default)]
        name: String,
    }

    /// A reader whose checks end at the first mistake.
    fn pond(document: &Document, findings: &mut Findings) -> Option<Pond> {
        let pond: Pond = document.read_on(findings)?;
        let wrong = |key: &str, message: &str| Err(document.problem(&[key], message));
        findings.part(&[], || {
            match pond.depths.iter().position(|depth| *depth == 0) {
                Some(place) => {
                    let place = place.to_string();
                    return Err(document.problem(&["depths", &place], "no depth"));
                }
                None if pond.depths.len() > 3 => return wrong("depths", "more than three"),
                None if pond.most < pond.least => return wrong("most", "less than `least`"),
                None => {}
            }
            match pond.name.as_str() {
                "sea" => wrong("name", "this is no pond"),
                _ => Ok(()),
            }
        });
        Some(pond)
    }

    /// The lines that are told wrong, and the value.
    fn told(text: &str) -> (Vec<usize>, Option<Pond>) {
        let document = Document::parse("pond.yaml", text).unwrap();
        let (value, problems) = document.read_all(&pond);
        let lines = problems.into_iter().flatten().map(|one| one.line());
        (lines.collect(), value)
    }

    #[test]
    fn a_mistake_does_not_hide_those_behind_it() {
        let text = "least: 5\nmost: 3\ndepths:\n- 0\n- 1\n- 0\nname: sea\n";
        let (lines, value) = told(text);
        assert_eq!(lines, [2, 4, 6, 7]);
        assert!(value.is_some_and(|pond| pond.most >= pond.least));
    }

    #[test]
    fn a_value_of_another_kind_does_not_hide_what_is_checked_later() {
        assert_eq!(told("least: 1\nmost: many\nname: sea\n").0, [2, 3]);
        assert_eq!(told("name: sea\nleast: 1\n").0, [1, 1]);
    }

    #[test]
    fn what_follows_from_a_mistake_alone_is_not_told() {
        assert_eq!(told("least: some\nmost: 3\n").0, [1]);
        assert_eq!(told("least: 1\nmots: 3\n").0, [2]);
        assert_eq!(told("least: 9\nmots: 3\nname: sea\n").0, [2, 2, 3]);
    }

    #[test]
    fn a_key_that_is_missing_in_braces_hides_no_mistake_either() {
        assert_eq!(told("{ least: 1,\n name: sea }\n").0, [1, 2]);
    }

    #[test]
    fn what_is_wrong_whatever_stands_in_for_a_value_is_told() {
        let text = "least: 1\nmost: 3\ndepths: [ 1, 1, 1, deep ]\nname: sea\n";
        assert_eq!(told(text).0, [3, 3, 4]);
    }

    #[test]
    fn a_file_without_a_mistake_is_read_as_it_is() {
        let (lines, value) = told("least: 1\nmost: 3\n");
        assert!(lines.is_empty() && value.is_some_and(|pond| pond.most == 3));
    }
}
