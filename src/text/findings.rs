//! Collects what is wrong with a document, so that one run names every mistake in it.
//!
//! What could not be read is left out, and remembered: a check of a part that depends on it would
//! only report the same mistake again.

use serde::de::DeserializeOwned;

use super::decode::decode;
use super::diagnostic::Diagnostic;
use super::document::Document;
use super::source::Span;
use super::tree::{Node, NodeKind};

/// The steps from a document's root to an entry.
pub(super) type Path = Vec<String>;

/// The diagnostics of a document so far, and the parts of it that could not be read.
#[derive(Default)]
pub(crate) struct Findings {
    problems: Vec<Diagnostic>,
    unread: Vec<Path>,
    /// Whether one of these was a whole section.
    has_gap: bool,
}

impl Findings {
    /// Adds a diagnostic.
    pub(crate) fn add(&mut self, problem: Diagnostic) {
        self.problems.push(problem);
    }

    /// The value of `result`; otherwise its diagnostic is kept.
    pub(crate) fn take<T>(&mut self, result: Result<T, Diagnostic>) -> Option<T> {
        result.map_err(|problem| self.add(problem)).ok()
    }

    /// What `read` makes of the part at `path`, if all of that part could be read so far. If it
    /// cannot be read now, it counts as left out.
    pub(crate) fn part<T>(
        &mut self,
        path: &[&str],
        read: impl FnOnce() -> Result<T, Diagnostic>,
    ) -> Option<T> {
        if !self.is_read(path) {
            return None;
        }
        let value = self.take(read());
        if value.is_none() {
            self.leave_out(path);
        }
        value
    }

    /// Whether the part at `path` could be read, and all in it.
    pub(crate) fn is_read(&self, path: &[&str]) -> bool {
        let touches = |left_out: &Path| left_out.iter().zip(path).all(|(a, b)| a == b);
        !self.unread.iter().any(touches)
    }

    /// Whether the document may have `key` under another name: it is not there, and an entry beside
    /// it was left out.
    pub(crate) fn may_be_mistyped(&self, document: &Document, key: &str) -> bool {
        self.has_gap && !document.keys(&[]).iter().any(|known| known == key)
    }

    /// Whether nothing was found so far.
    pub(crate) fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// What was found.
    pub(super) fn into_problems(self) -> Vec<Diagnostic> {
        self.problems.into_iter().flatten().collect()
    }

    fn leave_out(&mut self, path: &[&str]) {
        self.unread
            .push(path.iter().map(|step| (*step).to_owned()).collect());
    }
}

impl Document {
    /// The tree as a `T`, without the entries that cannot be read: those are in `findings`, as far
    /// as they do not follow from others. `None` when what is left is no `T`.
    pub(crate) fn read_on<T: DeserializeOwned>(&self, findings: &mut Findings) -> Option<T> {
        let mut root = self.root.clone();
        for _ in 0..MOST_FINDINGS {
            let problem = match decode(&root) {
                Ok(value) => return Some(value),
                Err(problem) => problem,
            };
            let mut paths = paths_to(&root, problem.span());
            let begins = |path: &Path| begins_at(&root, problem.span(), path);
            if problem.missing_key().is_some() && paths.iter().all(begins) {
                paths.iter_mut().for_each(|path| drop(path.pop()));
            }
            // A map that lacks an entry that was left out is wrong for no other reason.
            let lacks = |path: &Path| {
                let mut unread = findings.unread.iter();
                unread.any(|left_out| left_out.len() > path.len() && left_out.starts_with(path))
            };
            if !paths.iter().any(lacks) {
                findings.add(problem);
            }
            let is_root = |path: &Path| path.is_empty();
            if paths.is_empty() || paths.iter().any(is_root) {
                return None;
            }
            // From the end, so that the positions of a list's other entries stay as they are.
            for path in paths.into_iter().rev() {
                remove(&mut root, &path);
                findings.has_gap |= path.len() == 1;
                findings.unread.push(path);
            }
        }
        None
    }
}

/// The paths to the innermost entries that a diagnostic at `span` is about: one, unless aliases
/// copied it.
pub(super) fn paths_to(root: &Node, span: &Span) -> Vec<Path> {
    let mut paths = Vec::new();
    let is_found = collect(root, span, &mut Vec::new(), &mut paths);
    if !is_found && root.span == *span {
        paths.push(Vec::new());
    }
    paths
}

/// Adds the paths below `node` to `paths`, and returns whether there are any.
fn collect(node: &Node, span: &Span, path: &mut Path, paths: &mut Vec<Path>) -> bool {
    let mut is_found = false;
    let mut visit = |step: String, key: Option<&Span>, child: &Node| {
        path.push(step);
        let is_scalar = matches!(child.kind, NodeKind::Scalar { .. });
        let is_here = key.is_some_and(|key| key.contains(span))
            || child.place(key) == span
            || is_scalar && child.span.contains(span);
        if collect(child, span, path, paths) {
            is_found = true;
        } else if is_here {
            is_found = true;
            paths.push(path.clone());
        }
        path.pop();
    };
    match &node.kind {
        NodeKind::Map(entries) => {
            for (key, child) in entries {
                visit(key.text.clone(), Some(&key.span), child);
            }
        }
        NodeKind::Seq(items) => {
            for (n, child) in items.iter().enumerate() {
                visit(n.to_string(), None, child);
            }
        }
        NodeKind::Scalar { .. } => {}
    }
    is_found
}

/// Whether a diagnostic at `span`, which the entry at `path` has, may be about the map around it:
/// a map without braces and without a key begins where its first entry does.
pub(super) fn begins_at(root: &Node, span: &Span, path: &[String]) -> bool {
    let Some((_, above)) = path.split_last() else {
        return false;
    };
    let steps = &mut above.iter();
    let around = steps.try_fold((None, root), |(_, node), step| node.get(step));
    around.is_some_and(|(key, node)| key.is_none() && node.span == *span)
}

/// Removes the entry at `path`.
pub(super) fn remove(node: &mut Node, path: &[String]) {
    let Some((step, rest)) = path.split_first() else {
        return;
    };
    let child = match &mut node.kind {
        NodeKind::Map(entries) => {
            if rest.is_empty() {
                return entries.retain(|(key, _)| key.text != *step);
            }
            let mut entries = entries.iter_mut();
            entries
                .find(|(key, _)| key.text == *step)
                .map(|(_, child)| child)
        }
        NodeKind::Seq(items) => match step.parse::<usize>() {
            Ok(n) if rest.is_empty() && n < items.len() => {
                items.remove(n);
                None
            }
            Ok(n) => items.get_mut(n),
            Err(_) => None,
        },
        NodeKind::Scalar { .. } => None,
    };
    if let Some(child) = child {
        remove(child, rest);
    }
}

/// A file with more mistakes than this is no file of this kind.
const MOST_FINDINGS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::collections::BTreeMap;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Pond {
        #[serde(default)]
        fish: BTreeMap<String, Fish>,
        #[serde(default)]
        depths: Vec<u8>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Fish {
        teeth: u32,
        #[serde(default)]
        fins: u32,
    }

    /// The fish and depths that can be read, and the locations of all diagnostics.
    fn read(text: &str) -> (Option<Pond>, Findings, Vec<(usize, usize)>) {
        let mut findings = Findings::default();
        let document = Document::parse("pond.yaml", text).unwrap();
        let pond = document.read_on(&mut findings);
        let places = findings
            .problems
            .iter()
            .map(|one| (one.line(), one.column()));
        let places = places.collect();
        (pond, findings, places)
    }

    #[test]
    fn what_can_be_read_is_read_beside_what_cannot() {
        let text = "fish:\n  a: { teeth: many, fins: few, x: 1 }\n  b: { teeth: 2 }\n\
            depths: [1, 2, x, 3]\nponds: 1\n";
        let (pond, findings, places) = read(text);
        // That `a` has no teeth then follows from what was left out of it.
        assert_eq!(places, [(2, 15), (2, 27), (2, 32), (4, 16), (5, 1)]);
        let pond = pond.unwrap();
        assert_eq!(Vec::from_iter(pond.fish.keys()), ["b"]);
        let Fish { teeth, fins } = pond.fish["b"];
        assert_eq!((teeth, fins, pond.depths), (2, 0, vec![1, 2, 3]));
        assert!(findings.is_read(&["fish", "b"]) && !findings.is_read(&["fish"]));
        assert!(!findings.is_read(&["fish", "a", "fins"]));
    }

    #[test]
    fn a_missing_key_is_told_once_wherever_it_is_missing() {
        let (pond, _, places) = read("fish:\n  a: {}\n  b:\n    fins: 1\n");
        assert_eq!(places, [(2, 6), (3, 3)]);
        assert!(pond.is_some_and(|pond| pond.fish.is_empty()));
    }

    #[test]
    fn a_mistake_that_aliases_copy_is_told_once() {
        let (pond, _, places) = read("fish:\n  a: &a { teeth: x }\n  b: *a\n");
        assert_eq!(places, [(2, 18)]);
        assert!(pond.is_some_and(|pond| pond.fish.is_empty()));
    }

    #[test]
    fn a_file_of_another_kind_is_one_mistake() {
        let (pond, _, places) = read("- a\n- b\n");
        assert_eq!(places, [(1, 3)]);
        assert!(pond.is_none());
    }

    #[test]
    fn a_part_that_was_left_out_is_not_checked() {
        let (_, mut findings, _) = read("fish: { a: { teeth: x } }\n");
        let before = findings.problems.len();
        let wrong = || Err::<(), _>(Diagnostic::of_file("x", "wrong"));
        assert_eq!(findings.part(&["fish", "a"], wrong), None);
        assert_eq!(findings.problems.len(), before);
        assert_eq!(findings.part(&["depths"], wrong), None);
        assert_eq!(findings.part(&["depths"], wrong), None);
        assert_eq!(findings.problems.len(), before + 1);
    }
}
