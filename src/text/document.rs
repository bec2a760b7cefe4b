//! A file as a tree of nodes with locations, with `--set` applied to it.
//!
//! The types that it is decoded into define the keys.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::Diagnostic;
use super::file;
use super::source::{Source, Span};
use super::suggestion::nearest;
use super::tree::{Key, MAX_DEPTH, Node, NodeKind, parse, too_deep};

/// A YAML file as a tree of nodes with locations.
#[derive(Clone, Debug)]
pub struct Document {
    pub(super) root: Node,
}

impl Document {
    /// Reads the file at `path`, of at most 1 MiB; diagnostics show `path` as it is written.
    pub fn read(path: &Path) -> Result<Self, Diagnostic> {
        let name = path.display().to_string();
        let bytes = file::read(path, MAX_BYTES).map_err(|why| {
            let problem = Diagnostic::of_file(&name, format!("the file cannot be read: {why}"));
            problem.hint(match (path.exists(), beside(path)) {
                (true, _) => "name a text file that you may read".to_owned(),
                (false, Some(near)) => format!("did you mean `{}`?", near.display()),
                (false, None) => {
                    "a path on the command line is relative to the current directory".to_owned()
                }
            })
        })?;
        Self::parse_bytes(&name, &bytes)
    }

    /// Parses `text`; diagnostics call it `name`.
    pub fn parse(name: &str, text: &str) -> Result<Self, Diagnostic> {
        Self::parse_bytes(name, text.as_bytes())
    }

    fn parse_bytes(name: &str, bytes: &[u8]) -> Result<Self, Diagnostic> {
        let text = String::from_utf8_lossy(bytes);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let source = Arc::new(Source::file(name, text));
        // The first byte that is not UTF-8 has become the first replacement character of the text.
        let is_text = std::str::from_utf8(bytes).is_ok();
        let strange = |c: char| c == '\0' || (!is_text && c == char::REPLACEMENT_CHARACTER);
        if let Some(at) = text.find(strange) {
            let message = "this is not a text file in UTF-8";
            let problem = Diagnostic::at(Span::new(&source, at..at + 1), message);
            return Err(problem.hint("save it as text in UTF-8, or name another file"));
        }
        match parse(&source, 0)? {
            Some(root) if !root.is_null() => Ok(Self { root }),
            _ => Err(
                Diagnostic::at(Span::new(&source, 0..0), "the file is empty")
                    .hint("write a scenario or a policy: `firedrill presets NAME` prints one"),
            ),
        }
    }

    /// Sets `path` (dotted: `load.rate`, `overrides.by_position.0.timeouts`) to `value`, itself
    /// YAML, as if the file said so; missing maps are made. Problems in it point into the words
    /// `--set path=value`.
    pub(crate) fn set(&mut self, path: &str, value: &str) -> Result<(), Diagnostic> {
        self.set_with_prefix("", path, value)
    }

    /// As [`Self::set`], for a path that the user wrote with `prefix` (`policy.`), which selects
    /// the document: diagnostics repeat it.
    pub(crate) fn set_with_prefix(
        &mut self,
        prefix: &str,
        path: &str,
        value: &str,
    ) -> Result<(), Diagnostic> {
        let words = format!("{SET}{prefix}");
        let source = Arc::new(Source {
            is_override: true,
            ..Source::file("command line", &format!("{words}{path}={value}"))
        });
        let start = words.len() + path.len() + 1;
        let end = source.text.len();
        let node = parse(&source, start)?.unwrap_or_else(|| Node {
            span: Span::new(&source, start..end),
            is_block: false,
            kind: NodeKind::Scalar {
                text: String::new(),
                plain: true,
            },
        });
        let keys = steps(&source, words.len(), path);
        if keys.len() > MAX_DEPTH {
            let span = Span::new(&source, words.len()..start);
            return Err(too_deep(span));
        }
        put(&mut self.root, &keys, node)
    }

    /// The tree as a `T`, or a diagnostic of everything that cannot be read; unknown keys are
    /// mistakes, too.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, Diagnostic> {
        self.read_whole(&Self::read_on)
    }

    /// The keys of the map at `path`, in the file's order; empty when there is no map.
    pub(crate) fn keys(&self, path: &[&str]) -> Vec<String> {
        match self.find(path).map(|(_, node)| &node.kind) {
            Some(NodeKind::Map(entries)) => {
                entries.iter().map(|(key, _)| key.text.clone()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether the node at `path` was set on the command line rather than in the file.
    pub(crate) fn is_override(&self, path: &[&str]) -> bool {
        self.find(path)
            .is_some_and(|(_, node)| node.span.source().is_override)
    }

    /// The line of the file that the value at `path` begins in, from 1; none if it is in no file.
    pub(crate) fn line(&self, path: &[&str]) -> Option<u64> {
        let (_, node) = self.find(path)?;
        let is_in_file = !node.span.source().is_override;
        is_in_file.then(|| node.span.line() as u64)
    }

    /// A diagnostic that points at the value at `path` (or at its nearest existing parent).
    pub(crate) fn problem(&self, path: &[&str], message: impl Into<String>) -> Diagnostic {
        let (key, node) = self.nearest(path);
        Diagnostic::at(node.place(key.map(|key| &key.span)).clone(), message)
    }

    /// A diagnostic that points at the key at `path` (or at its nearest existing parent).
    pub(crate) fn problem_at_key(&self, path: &[&str], message: impl Into<String>) -> Diagnostic {
        let (key, node) = self.nearest(path);
        Diagnostic::at(key.map_or(&node.span, |key| &key.span).clone(), message)
    }

    /// The key and the node at `path`.
    pub(super) fn find(&self, path: &[&str]) -> Option<(Option<&Key>, &Node)> {
        path.iter()
            .try_fold((None, &self.root), |(_, node), step| node.get(step))
    }

    fn nearest(&self, path: &[&str]) -> (Option<&Key>, &Node) {
        (0..=path.len())
            .rev()
            .find_map(|length| self.find(&path[..length]))
            .unwrap_or((None, &self.root))
    }
}

/// The steps of a dotted path, which begins at `start` of `--set path=value`, each with its
/// location.
fn steps(source: &Arc<Source>, mut start: usize, path: &str) -> Vec<Key> {
    path.split('.')
        .map(|step| {
            let end = start + step.len();
            let span = Span::new(source, start..end);
            start = end + 1;
            Key {
                span,
                text: step.to_owned(),
            }
        })
        .collect()
}

/// Puts `value` below `node`, at the end of `steps`.
fn put(node: &mut Node, steps: &[Key], value: Node) -> Result<(), Diagnostic> {
    let Some((step, rest)) = steps.split_first() else {
        *node = value;
        return Ok(());
    };
    if step.text.is_empty() {
        let problem = Diagnostic::at(step.span.clone(), "a step of this path is empty");
        return Err(problem.hint("write it as in `retry.max_attempts=3`"));
    }
    if node.is_null() {
        *node = made(step);
    }
    match &mut node.kind {
        NodeKind::Scalar { text, .. } => {
            let message = format!("`{}` is not a key here: the file has `{text}`", step.text);
            Err(Diagnostic::at(step.span.clone(), message).hint("set the whole value instead"))
        }
        NodeKind::Seq(items) => {
            let entry = step.text.parse::<usize>().ok();
            let length = items.len();
            match entry.and_then(|place| items.get_mut(place)) {
                Some(item) => put(item, rest, value),
                None => Err(Diagnostic::at(
                    step.span.clone(),
                    format!("`{}` is not in this list of {length}", step.text),
                )
                .hint("entries are counted from 0")),
            }
        }
        NodeKind::Map(entries) => {
            if let Some((key, item)) = entries.iter_mut().find(|(key, _)| key.text == step.text) {
                if rest.is_empty() {
                    *key = step.clone();
                }
                return put(item, rest, value);
            }
            let mut item = made(step);
            put(&mut item, rest, value)?;
            entries.push((step.clone(), item));
            Ok(())
        }
    }
}

/// A map that exists only because of this step of a path.
fn made(step: &Key) -> Node {
    Node {
        span: step.span.clone(),
        is_block: true,
        kind: NodeKind::Map(Vec::new()),
    }
}

/// The file or folder beside `path` whose name is nearest to its own, if one is near.
fn beside(path: &Path) -> Option<PathBuf> {
    let own = path.file_name()?.to_str()?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let entries = std::fs::read_dir(folder.unwrap_or(Path::new("."))).ok()?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    // A folder has no order of its own.
    let names: BTreeSet<String> = names.collect();
    let near = nearest(own, &Vec::from_iter(names.iter().map(String::as_str)))?;
    Some(path.with_file_name(near))
}

pub(super) const SET: &str = "--set ";
/// A bound on the cost of a wrong path: longer than any file that people write.
const MAX_BYTES: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;
    use std::collections::BTreeMap;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Pond {
        name: String,
        #[serde(default)]
        fish: BTreeMap<String, u32>,
        #[serde(default)]
        depths: Vec<u8>,
    }

    fn pond() -> Document {
        Document::parse("pond.yaml", "name: a\ndepths: [1, 2]\nfish:\n").unwrap()
    }

    fn told(problem: &Diagnostic) -> String {
        let (line, column) = (problem.line(), problem.column());
        format!("{line}:{column} {}", problem.message())
    }

    #[test]
    fn a_file_that_is_no_text_is_a_problem() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.yaml");
        let read = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            told(&Document::read(&path).unwrap_err())
        };
        assert_eq!(read(b""), "1:1 the file is empty");
        assert_eq!(read(b"# only a comment\n"), "1:1 the file is empty");
        assert_eq!(
            read(b"a: 1\nb: \xff"),
            "2:4 this is not a text file in UTF-8"
        );
        assert_eq!(read(&[0; 9]), "1:1 this is not a text file in UTF-8");
        assert_eq!(
            read(&vec![b'a'; 2 << 20]),
            "1:1 the file cannot be read: it is larger than 1 MiB"
        );
        let problem = Document::read(folder.path()).unwrap_err();
        assert!(problem.message().ends_with("it is a folder, not a file"));
        let problem = Document::read(&folder.path().join("none.yaml")).unwrap_err();
        assert!(problem.message().starts_with("the file cannot be read: "));
    }

    #[test]
    fn set_puts_values_and_makes_maps() {
        let mut file = pond();
        file.set("depths.1", "7").unwrap();
        file.set("fish.pike", "3").unwrap();
        file.set("name", "b").unwrap();
        let read: Pond = file.decode().unwrap();
        assert_eq!((read.depths, read.fish["pike"]), (vec![1, 7], 3));
        assert_eq!(file.keys(&[]), ["name", "depths", "fish"]);
        assert!(file.is_override(&["name"]) && file.is_override(&["depths", "1"]));
        assert!(!file.is_override(&["depths", "0"]) && !file.is_override(&["nothing"]));
        assert!(file.keys(&["name"]).is_empty());
    }

    #[test]
    fn a_wrong_value_of_set_is_shown_in_its_words() {
        let mut file = pond();
        file.set("fish.pike", "many").unwrap();
        insta::assert_snapshot!(file.decode::<Pond>().unwrap_err(), @"
        error: expected a whole number, not negative, found `many`
         --> command line:1:17
          |
        1 | --set fish.pike=many
          |                 ^^^^
          |
          = help: write digits only, as in `3`
        ");
        file.set("fish", "{ pike: 1, pik: { a: 2 } }").unwrap();
        let problem = file.decode::<Pond>().unwrap_err();
        assert_eq!(told(&problem), "1:28 expected a whole number, found a map");
    }

    #[test]
    fn a_path_of_set_that_leads_nowhere_is_a_problem() {
        let mut file = pond();
        let mut set = |path, value| told(&file.set(path, value).unwrap_err());
        assert_eq!(
            set("name.x.y", "1"),
            "1:12 `x` is not a key here: the file has `a`"
        );
        assert_eq!(set("fish..b", "1"), "1:12 a step of this path is empty");
        assert_eq!(set("depths.4", "1"), "1:14 `4` is not in this list of 2");
        assert_eq!(set("", "1"), "1:7 a step of this path is empty");
        assert!(set("fish", "[").starts_with("1:"));
        assert!(set(&"a.".repeat(99), "1").contains("nested more than 64"));
    }

    #[test]
    fn later_checks_can_point_at_keys_and_values() {
        let file = Document::parse("pond.yaml", "fish:\n  b: pike\n").unwrap();
        let place = |problem: Diagnostic| (problem.line(), problem.column());
        assert_eq!(place(file.problem(&["fish", "b"], "x")), (2, 6));
        assert_eq!(place(file.problem_at_key(&["fish", "b"], "x")), (2, 3));
        assert_eq!(place(file.problem(&["fish", "b", "none"], "x")), (2, 6));
        assert_eq!(place(file.problem(&["fish", "c"], "x")), (1, 1));
        assert_eq!(place(file.problem(&["none"], "x")), (1, 1));
    }

    const YAMLISH: &str = concat!(
        r##"([a-c]|[-:?*&!|>'"%@`#,{}\[\]]| |\n|\t|\r|é|<<: |---|\.\.\.|name: |fish: ){0,40}"##,
        r"|\PC{0,30}",
    );

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in YAMLISH, path in "[a.0-9]{0,6}") {
            if let Err(problem) = Document::parse("a", &text) {
                prop_assert!(problem.to_string().contains('^'));
            }
            let mut file = pond();
            let result = file.set(&path, &text).and_then(|()| file.set("fish", &text));
            let result = result.and_then(|()| file.decode::<Pond>());
            if let Err(problem) = result {
                prop_assert!(problem.to_string().contains('^'));
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            if let Err(problem) = Document::parse_bytes("a", &bytes) {
                prop_assert!(problem.to_string().contains('^'));
            }
        }
    }
}
