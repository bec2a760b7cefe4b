//! Changes of a document that may mend a mistake, and the places of mistakes in it.
//!
//! A stand-in has a source of its own: a problem in it is no problem of the file.

use std::slice;
use std::sync::Arc;

use crate::text::diagnostic::Diagnostic;
use crate::text::document::Document;
use crate::text::findings::{self, Path};
use crate::text::source::Source;
use crate::text::tree::{Key, Node, NodeKind, parse};

/// A change of the document that may mend a mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// This text stands in for the value.
    Value(String),
    /// This key gets this text, in the map or beside the value.
    Entry(String, String),
    /// The key gets this name.
    Name(String),
    /// The entry is left out.
    Nothing,
}

impl Change {
    /// Makes the change at `paths`; whether it fits there.
    pub(super) fn make(&self, document: &mut Document, paths: &[Path]) -> bool {
        let mut is_made = false;
        // From the end, so that the positions of a list's other entries stay as they are.
        for path in paths.iter().rev() {
            is_made |= self.make_at(&mut document.root, path).is_some();
        }
        is_made
    }

    fn make_at(&self, root: &mut Node, path: &[String]) -> Option<()> {
        match self {
            Self::Value(text) => {
                *node_at(root, path)? = stand_in(text, path)?;
            }
            Self::Entry(key, text) => {
                let is_map = matches!(node_at(root, path)?.kind, NodeKind::Map(_));
                let map = if is_map { path } else { path.split_last()?.1 };
                let value = stand_in(text, &[map, slice::from_ref(key)].concat())?;
                let entries = entries_at(root, map)?;
                let key = Key {
                    span: value.span.clone(),
                    text: key.clone(),
                };
                entries.push((key, value));
            }
            Self::Name(name) => {
                let (last, map) = path.split_last()?;
                let entries = entries_at(root, map)?;
                if entries.iter().any(|(key, _)| key.text == *name) {
                    return None;
                }
                let mut entries = entries.iter_mut();
                let (key, _) = entries.find(|(key, _)| key.text == *last)?;
                key.text.clone_from(name);
            }
            Self::Nothing => findings::remove(root, path),
        }
        Some(())
    }

    /// The same with another text; none when it has no text.
    pub(super) fn with(&self, text: String) -> Option<Self> {
        match self {
            Self::Value(_) => Some(Self::Value(text)),
            Self::Entry(key, _) => Some(Self::Entry(key.clone(), text)),
            Self::Name(_) | Self::Nothing => None,
        }
    }
}

/// Whether a problem is about a stand-in.
pub(super) fn is_of_stand_in(problem: &Diagnostic) -> bool {
    problem.file().starts_with(STAND_IN)
}

impl Document {
    /// The paths to the entries that a problem is about.
    pub(super) fn paths_to(&self, problem: &Diagnostic) -> Vec<Path> {
        findings::paths_to(&self.root, problem.span())
    }

    /// Whether a problem at `path` may be about the map around it.
    pub(super) fn begins_at(&self, problem: &Diagnostic, path: &[String]) -> bool {
        findings::begins_at(&self.root, problem.span(), path)
    }

    /// Whether the value at `path` stands in for one that is wrong.
    pub(crate) fn is_stand_in(&self, path: &[&str]) -> bool {
        self.find(path)
            .is_some_and(|(_, node)| node.span.source().name.starts_with(STAND_IN))
    }

    /// Whether the value at `path` is one value rather than a map or a list.
    pub(super) fn is_scalar(&self, path: &[String]) -> bool {
        let steps = Vec::from_iter(path.iter().map(String::as_str));
        let node = self.find(&steps).map(|(_, node)| &node.kind);
        matches!(node, Some(NodeKind::Scalar { .. }))
    }

    /// Whether a problem is about the key at `path` rather than about its value.
    pub(super) fn is_about_key(&self, problem: &Diagnostic, path: &[String]) -> bool {
        let steps = Vec::from_iter(path.iter().map(String::as_str));
        let Some((Some(key), node)) = self.find(&steps) else {
            return false;
        };
        let is_of_value = node.place(Some(&key.span)) == &key.span;
        let says_so = problem.message().starts_with("unknown key");
        let is_whole = key.span == *problem.span();
        key.span.contains(problem.span()) && (says_so || !is_whole || !is_of_value)
    }

    /// The key at `path`, with `meant` in place of the part that a problem is about.
    pub(super) fn renamed(&self, problem: &Diagnostic, path: &[String], meant: &str) -> String {
        let steps = Vec::from_iter(path.iter().map(String::as_str));
        let key = self.find(&steps).and_then(|(key, _)| key);
        let parts = key.and_then(|key| {
            let (whole, part) = (key.span.range(), problem.span().range());
            let (from, to) = (part.start - whole.start, part.end - whole.start);
            let is_plain = whole.len() == key.text.len();
            is_plain.then_some((key.text.get(..from)?, key.text.get(to..)?))
        });
        let (before, behind) = parts.unwrap_or_default();
        [before, meant, behind].concat()
    }
}

fn node_at<'n>(root: &'n mut Node, path: &[String]) -> Option<&'n mut Node> {
    path.iter()
        .try_fold(root, |node, step| match &mut node.kind {
            NodeKind::Map(entries) => {
                let mut entries = entries.iter_mut();
                let found = entries.find(|(key, _)| key.text == *step);
                found.map(|(_, child)| child)
            }
            NodeKind::Seq(items) => items.get_mut(step.parse::<usize>().ok()?),
            NodeKind::Scalar { .. } => None,
        })
}

fn entries_at<'n>(root: &'n mut Node, path: &[String]) -> Option<&'n mut Vec<(Key, Node)>> {
    match &mut node_at(root, path)?.kind {
        NodeKind::Map(entries) => Some(entries),
        NodeKind::Seq(_) | NodeKind::Scalar { .. } => None,
    }
}

/// `text`, perhaps behind its key, as a value of no file at `path`; none when it is no YAML.
fn stand_in(text: &str, path: &[String]) -> Option<Node> {
    let key = path.last().map_or("", String::as_str);
    let name = format!("{STAND_IN}{}: {text}", path.join("."));
    let source = Arc::new(Source::file(&name, text));
    let mut node = parse(&source, 0).ok()??;
    if let NodeKind::Map(entries) = &mut node.kind
        && entries.len() == 1
        && entries[0].0.text == key
    {
        node = entries.remove(0).1;
    }
    // The place of a block would be the file's own key.
    node.is_block = false;
    (!node.is_null()).then_some(node)
}

/// The name of no file begins like this. What follows tells stand-ins apart.
const STAND_IN: char = '\0';
