//! A document as text again: block style, and in braces what was in braces and fits on a line.
//!
//! Values stay as they were written, with what was set on top in place of the file's. Comments are
//! not kept, and aliases are written out. What is written reads back as the same tree.

use super::Document;
use super::tree::{Key, Node, NodeKind};

impl Document {
    /// The document as YAML, with everything that was set on top of the file.
    pub fn to_yaml(&self) -> String {
        let mut out = String::new();
        match on_one_line(&self.root, 0) {
            Some(line) => out.extend([line.as_str(), "\n"]),
            None => entries(&self.root, 0, &mut out),
        }
        out
    }

    /// The value at `path` on one line, as it would stand in braces.
    pub(crate) fn value(&self, path: &[&str]) -> Option<String> {
        self.find(path).map(|(_, node)| in_braces(node))
    }
}

/// Writes the entries of a map or list; the first begins where `out` ends.
fn entries(node: &Node, indent: usize, out: &mut String) {
    let begin = |n: usize, out: &mut String| {
        if n > 0 {
            out.push_str(&" ".repeat(indent));
        }
    };
    match &node.kind {
        NodeKind::Map(entries) => {
            for (n, (key, value)) in entries.iter().enumerate() {
                begin(n, out);
                out.push_str(&block_key(key, indent));
                behind_key(value, indent, out);
            }
        }
        NodeKind::Seq(items) => {
            for (n, item) in items.iter().enumerate() {
                begin(n, out);
                out.push('-');
                behind_dash(item, indent, out);
            }
        }
        NodeKind::Scalar { text, plain } => out.extend([scalar(text, *plain).as_str(), "\n"]),
    }
}

/// A key with its colon. A parser looks for the colon of a longer one only behind a `?`.
fn block_key(key: &Key, indent: usize) -> String {
    let text = key_text(&key.text);
    match text.chars().count() < LONGEST_KEY {
        true => format!("{text}:"),
        false => format!("? {text}\n{}:", " ".repeat(indent)),
    }
}

fn behind_key(value: &Node, indent: usize, out: &mut String) {
    if !put_on_line(value, out) {
        let below = indent + INDENT;
        out.push('\n');
        out.push_str(&" ".repeat(below));
        entries(value, below, out);
    }
}

fn behind_dash(value: &Node, indent: usize, out: &mut String) {
    if !put_on_line(value, out) {
        out.push(' ');
        entries(value, indent + INDENT, out);
    }
}

/// Writes the value behind what its line has already, if it needs no further line.
fn put_on_line(value: &Node, out: &mut String) -> bool {
    let begun = out.len() - out.rfind('\n').map_or(0, |at| at + 1);
    let Some(line) = on_one_line(value, begun + 1) else {
        return false;
    };
    if !line.is_empty() {
        out.push(' ');
    }
    out.extend([line.as_str(), "\n"]);
    true
}

/// The value, if it is one for a line that has `begun` bytes already.
fn on_one_line(node: &Node, begun: usize) -> Option<String> {
    match &node.kind {
        NodeKind::Scalar { text, plain } => Some(scalar(text, *plain)),
        NodeKind::Map(entries) if entries.is_empty() => Some("{}".to_owned()),
        NodeKind::Seq(items) if items.is_empty() => Some("[]".to_owned()),
        _ if node.is_block => None,
        _ => Some(in_braces(node)).filter(|text| begun + text.len() <= WIDEST_LINE),
    }
}

/// The value in braces or brackets. What cannot stand there without quotes is a text in any case.
fn in_braces(node: &Node) -> String {
    match &node.kind {
        NodeKind::Scalar { text, plain: true } if text.is_empty() => "~".to_owned(),
        NodeKind::Scalar { text, plain } => match *plain && stands_in_braces(text) {
            true => text.clone(),
            false => quoted(text),
        },
        NodeKind::Map(entries) if entries.is_empty() => "{}".to_owned(),
        NodeKind::Map(entries) => {
            let entries = entries
                .iter()
                .map(|(key, value)| format!("{}: {}", key_text(&key.text), in_braces(value)));
            format!("{{ {} }}", Vec::from_iter(entries).join(", "))
        }
        NodeKind::Seq(items) => {
            let items = items.iter().map(in_braces);
            format!("[{}]", Vec::from_iter(items).join(", "))
        }
    }
}

/// A scalar in block style. Without quotes only what had none: `"1"` is a text.
fn scalar(text: &str, plain: bool) -> String {
    match plain && (text.is_empty() || stands_plain(text)) {
        true => text.to_owned(),
        false => quoted(text),
    }
}

fn key_text(text: &str) -> String {
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    match starts_well && stands_in_braces(text) {
        true => text.to_owned(),
        false => quoted(text),
    }
}

/// A text as a value in YAML, within braces as well; without quotes where it is clearly one.
pub(crate) fn text_scalar(text: &str) -> String {
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_other = ["true", "false", "null", "Null", "NULL"].contains(&text);
    match is_word && !is_other && stands_in_braces(text) {
        true => text.to_owned(),
        false => quoted(text),
    }
}

/// Whether the text of a plain scalar means the same on a single line.
fn stands_plain(text: &str) -> bool {
    let second = text.chars().nth(1);
    let begins_something = match text.chars().next() {
        Some('-' | '?' | ':') => second.is_none_or(|c| c == ' '),
        Some(first) => ",[]{}#&*!|>'\"%@`".contains(first),
        None => true,
    };
    let ends_something = text.ends_with(':') || text.contains(": ") || text.contains(" #");
    let is_marker = text.starts_with("---") || text.starts_with("...");
    let is_trimmed = text.trim() == text && !text.contains(is_unprintable);
    is_trimmed && !begins_something && !ends_something && !is_marker
}

/// Whether the text means the same within braces, too.
fn stands_in_braces(text: &str) -> bool {
    let is_delimited = text.contains([',', '[', ']', '{', '}']) || text.starts_with(['?', ':']);
    stands_plain(text) && !is_delimited
}

fn quoted(text: &str) -> String {
    if text.contains(['"', '\\']) && !text.contains(is_unprintable) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if is_unprintable(c) => quoted.push_str(&format!("\\U{:08x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Whether readers could take it for a line break, drop it, or refuse it.
fn is_unprintable(c: char) -> bool {
    let is_break = matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}');
    c.is_control() || is_break || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Spaces per level.
const INDENT: usize = 2;
/// The widest line of what is in braces.
const WIDEST_LINE: usize = 100;
/// YAML ends its search for a key's colon at 1024 characters.
const LONGEST_KEY: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::source::{Source, Span};
    use proptest::prelude::*;
    use std::path::Path;
    use std::sync::Arc;

    fn again(document: &Document) -> Document {
        let written = document.to_yaml();
        Document::parse("again.yaml", &written)
            .unwrap_or_else(|problem| panic!("{problem}\n{written}"))
    }

    /// The tree without locations and styles.
    fn shape(node: &Node) -> String {
        match &node.kind {
            _ if node.is_null() => "null".to_owned(),
            // A text that is no number and no answer may get quotes.
            NodeKind::Scalar { text, plain } => {
                let is_text = text.contains([',', ']', '?', ':']);
                format!("{} {text:?}", *plain || is_text)
            }
            NodeKind::Seq(items) => format!("{:?}", Vec::from_iter(items.iter().map(shape))),
            NodeKind::Map(entries) => {
                let entries = entries.iter().map(|(key, node)| (&key.text, shape(node)));
                format!("{:?}", Vec::from_iter(entries))
            }
        }
    }

    #[test]
    fn what_was_set_is_written_in_its_place() {
        let text = "name: a # why\nload: { rate: 2/s, users: null }\nlist:\n- 'x: y'\n- [1, 2]\n";
        let mut document = Document::parse("a.yaml", text).unwrap();
        for (path, value) in [
            ("load.rate", "3/s"),
            ("faults.one", "{ inject: outage, at: 1m }"),
            ("faults.two.when", "a, b"),
            ("list.1.0", "\"7\""),
            ("empty", ""),
        ] {
            document.set(path, value).unwrap();
        }
        insta::assert_snapshot!(document.to_yaml(), @r#"
        name: a
        load: { rate: 3/s, users: null }
        list:
          - "x: y"
          - ["7", 2]
        faults:
          one: { inject: outage, at: 1m }
          two:
            when: a, b
        empty:
        "#);
        assert_eq!(shape(&again(&document).root), shape(&document.root));
    }

    #[test]
    fn every_shipped_file_reads_back_as_the_same_tree() {
        let mut folders = vec![Path::new("scenarios").to_owned(), "policies".into()];
        let mut files = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "yaml") {
                    let document = Document::read(&path).unwrap();
                    let (read, written) = (shape(&again(&document).root), shape(&document.root));
                    assert_eq!(read, written, "{}", path.display());
                    files += 1;
                }
            }
        }
        assert!(files > 100, "{files} files were read");
    }

    fn node(is_block: bool, kind: NodeKind) -> Node {
        let source = Arc::new(Source::file("a", ""));
        Node {
            span: Span::new(&source, 0..0),
            is_block,
            kind,
        }
    }

    /// Any text that a file may hold.
    fn readable() -> impl Strategy<Value = String> {
        let keeps = |c: &char| !super::super::visible::is_control(*c);
        any::<String>().prop_map(move |text| text.chars().filter(keeps).collect())
    }

    fn any_node() -> impl Strategy<Value = Node> {
        let plain = prop::sample::select(vec![
            "1",
            "-2",
            "-a",
            "a, b",
            "x]",
            "true",
            "~",
            "null",
            "",
            "1.5/s",
            "50ms..2s",
            "?a",
            ":a",
            "a:b",
            "a#b",
            "rate >= 5%",
            "a 'b' \"c\"",
            "é ü",
        ]);
        let scalar = prop_oneof![
            plain.prop_map(|text| (text.to_owned(), true)),
            readable().prop_map(|text| (text, false)),
            "[-?:,\\[\\]{}#&*!|>'\"%@` a\\\\\n\t\u{2028}\u{feff}]{0,6}"
                .prop_map(|text| (text, false)),
        ];
        let leaf = scalar.prop_map(|(text, plain)| node(false, NodeKind::Scalar { text, plain }));
        leaf.prop_recursive(5, 40, 5, |inner| {
            let key = prop_oneof!["[a-z]{1,3}", readable(), "[-?: #,~a]{0,3}", "x{1100}"];
            let entries = prop::collection::btree_map(key, inner.clone(), 0..5);
            let map = (any::<bool>(), entries).prop_map(|(is_block, entries)| {
                let entries = entries.into_iter().map(|(text, value)| {
                    let span = value.span.clone();
                    (Key { span, text }, value)
                });
                node(is_block, NodeKind::Map(entries.collect()))
            });
            let list = (any::<bool>(), prop::collection::vec(inner, 0..5));
            prop_oneof![
                map,
                list.prop_map(|(is_block, items)| node(is_block, NodeKind::Seq(items))),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_tree_reads_back_as_the_same(root in any_node()) {
            prop_assume!(!root.is_null());
            let document = Document { root };
            prop_assert_eq!(shape(&again(&document).root), shape(&document.root));
        }
    }
}
