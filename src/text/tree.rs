//! YAML as a tree of nodes with locations.
//!
//! A strict subset of YAML: one document, no tags, no merge keys, no duplicate keys. Aliases are
//! copied, so size and depth are bounded here. `decode` interprets scalars.

use std::collections::BTreeMap;
use std::sync::Arc;

use granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle, StructureStyle};

use super::diagnostic::{Diagnostic, NOT_YAML};
use super::source::{Source, Span};
use super::syntax::{self, Cause};
use super::visible::is_control;

/// A value and its location.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Its location; for a block map or list, its first entry.
    pub(super) span: Span,
    /// Whether it is a map or list without braces; diagnostics point at its key.
    pub(super) is_block: bool,
    /// Its kind.
    pub(super) kind: NodeKind,
}

/// The kinds of nodes.
#[derive(Clone, Debug)]
pub(super) enum NodeKind {
    /// A scalar; `plain` when it has no quotes.
    Scalar { text: String, plain: bool },
    /// A list.
    Seq(Vec<Node>),
    /// A map, in the order of the text.
    Map(Vec<(Key, Node)>),
}

/// A key of a map and its location.
#[derive(Clone, Debug)]
pub(super) struct Key {
    /// Its location.
    pub(super) span: Span,
    /// The key.
    pub(super) text: String,
}

impl Node {
    /// Whether the value is empty, `~` or `null`.
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.kind, NodeKind::Scalar { text, plain: true }
            if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The entry under `key`; in a list `key` is a position from 0.
    pub(super) fn get(&self, key: &str) -> Option<(Option<&Key>, &Self)> {
        match &self.kind {
            NodeKind::Map(entries) => entries
                .iter()
                .find(|(found, _)| found.text == key)
                .map(|(key, node)| (Some(key), node)),
            NodeKind::Seq(items) => items.get(key.parse::<usize>().ok()?).map(|n| (None, n)),
            NodeKind::Scalar { .. } => None,
        }
    }

    /// The best location for an error about this node, found under `key`, as a whole.
    pub(super) fn place<'t>(&'t self, key: Option<&'t Span>) -> &'t Span {
        match key {
            Some(key) if self.is_block || self.is_null() => key,
            _ => &self.span,
        }
    }
}

/// Parses `source` from byte `from` on; `None` when there is no document.
pub(super) fn parse(source: &Arc<Source>, from: usize) -> Result<Option<Node>, Diagnostic> {
    let mut options = Options::default();
    options.block_nesting_limit = MAX_DEPTH;
    options.flow_nesting_limit = MAX_DEPTH;
    options.set_emit_comments(false);
    let parser = Parser::new_from_str_with_options(&source.text[from..], options);
    let mut grower = TreeBuilder {
        source,
        from,
        open: Vec::new(),
        anchors: BTreeMap::new(),
        nodes: 0,
        root: None,
    };
    for event in parser {
        let (event, span) = event.map_err(|error| grower.syntax(&error))?;
        let start = span.start.byte_offset().unwrap_or(0);
        let end = span.end.byte_offset().unwrap_or(start);
        let tag = span.tag_span().and_then(|tag| tag.byte_range());
        if event.tag().is_some() {
            let place = grower.span(tag.unwrap_or(start..end));
            return Err(Diagnostic::at(place, "tags have no meaning here")
                .hint("leave the tag out; quote a text that starts with `!`"));
        }
        grower.on_event(event, grower.span(start..end))?;
    }
    Ok(grower.root)
}

/// A map or list that is not closed yet.
struct Open {
    anchor: usize,
    span: Span,
    is_block: bool,
    /// How many nodes the tree had before it.
    before: usize,
    /// The key of the next value.
    key: Option<Key>,
    /// The keys so far, and their locations.
    seen: BTreeMap<String, Span>,
    kind: NodeKind,
}

struct TreeBuilder<'s> {
    source: &'s Arc<Source>,
    from: usize,
    open: Vec<Open>,
    anchors: BTreeMap<usize, (Node, usize)>,
    nodes: usize,
    root: Option<Node>,
}

impl TreeBuilder<'_> {
    fn on_event(&mut self, event: Event<'_>, span: Span) -> Result<(), Diagnostic> {
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let kind = NodeKind::Scalar {
                    text: text.into_owned(),
                    plain: style == ScalarStyle::Plain,
                };
                self.count(1, &span)?;
                if let NodeKind::Scalar { text, .. } = &kind
                    && let Some(c) = text.chars().find(|c| is_control(*c))
                {
                    let c = c.escape_unicode();
                    let message = format!("this text has the control character `{c}`");
                    return Err(Diagnostic::at(span, message)
                        .hint("leave it out: terminals obey it, and results cannot hold it"));
                }
                if let NodeKind::Scalar { plain: true, .. } = kind
                    && let Some(cause) = syntax::swallowed_entry(&self.source.text, span.range())
                {
                    return Err(self.not_yaml(cause));
                }
                self.put(anchor, 1, leaf(span, kind))
            }
            Event::Alias(anchor) => self.copy(anchor, span),
            Event::SequenceStart(style, anchor, _) => {
                self.descend(span, style, anchor, NodeKind::Seq(Vec::new()))
            }
            Event::MappingStart(style, anchor, _) => {
                self.descend(span, style, anchor, NodeKind::Map(Vec::new()))
            }
            Event::SequenceEnd | Event::MappingEnd => self.ascend(&span),
            Event::DocumentStart(..) if self.root.is_some() => {
                Err(Diagnostic::at(span, "a second document starts here")
                    .hint("one file holds one document: split the file"))
            }
            _ => Ok(()),
        }
    }

    fn descend(
        &mut self,
        span: Span,
        style: StructureStyle,
        anchor: usize,
        kind: NodeKind,
    ) -> Result<(), Diagnostic> {
        self.check_depth(1, &span)?;
        self.count(1, &span)?;
        self.open.push(Open {
            anchor,
            span,
            is_block: style == StructureStyle::Block,
            before: self.nodes - 1,
            key: None,
            seen: BTreeMap::new(),
            kind,
        });
        Ok(())
    }

    fn ascend(&mut self, end: &Span) -> Result<(), Diagnostic> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let span = if open.is_block {
            match &open.kind {
                NodeKind::Map(entries) => entries.first().map(|(key, _)| key.span.clone()),
                NodeKind::Seq(items) => items.first().map(|item| item.span.clone()),
                NodeKind::Scalar { .. } => None,
            }
            .unwrap_or(open.span)
        } else {
            open.span.to(end)
        };
        let node = Node {
            span,
            is_block: open.is_block,
            kind: open.kind,
        };
        self.put(open.anchor, self.nodes - open.before, node)
    }

    /// Copies what `anchor` names to here; the copy as a whole has the location of the alias.
    fn copy(&mut self, anchor: usize, span: Span) -> Result<(), Diagnostic> {
        let Some((node, size)) = self.anchors.get(&anchor).cloned() else {
            let problem = Diagnostic::at(span, "this alias lies within what it names");
            return Err(problem.hint("write its value out"));
        };
        self.count(size, &span)?;
        self.check_depth(depth(&node), &span)?;
        self.put(0, size, Node { span, ..node })
    }

    /// Adds a finished node of `size` nodes to the innermost open map or list.
    fn put(&mut self, anchor: usize, size: usize, node: Node) -> Result<(), Diagnostic> {
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match &mut open.kind {
            NodeKind::Seq(items) => items.push(node),
            NodeKind::Map(entries) => match open.key.take() {
                Some(key) => entries.push((key, node)),
                None => open.key = Some(key_from(node, &mut open.seen)?),
            },
            NodeKind::Scalar { .. } => {}
        }
        Ok(())
    }

    fn count(&mut self, more: usize, span: &Span) -> Result<(), Diagnostic> {
        self.nodes = self.nodes.saturating_add(more);
        if self.nodes > MAX_NODES {
            let message = format!("more than {MAX_NODES} values, aliases copied out");
            return Err(Diagnostic::at(span.clone(), message).hint("write fewer aliases"));
        }
        Ok(())
    }

    fn check_depth(&self, more: usize, span: &Span) -> Result<(), Diagnostic> {
        if self.open.len() + more > MAX_DEPTH {
            return Err(too_deep(span.clone()));
        }
        Ok(())
    }

    fn span(&self, range: std::ops::Range<usize>) -> Span {
        Span::new(self.source, range.start + self.from..range.end + self.from)
    }

    fn syntax(&self, error: &granit_parser::ScanError) -> Diagnostic {
        let at = error.marker().byte_offset().unwrap_or(0);
        let end = at + usize::from(at + self.from < self.source.text.len());
        if *error.kind() == ErrorKind::RecursionLimitExceeded {
            return too_deep(self.span(at..end));
        }
        let words = error.info();
        if !self.source.is_override {
            let flow = self.open.iter().rev().find(|open| !open.is_block);
            let flow = flow.map(|open| open.span.range().start);
            let found = syntax::cause(&self.source.text, at + self.from, &words, flow);
            if let Some(cause) = found {
                return self.not_yaml(cause);
            }
        }
        let message = format!("{NOT_YAML}{words}");
        Diagnostic::at(self.span(at..end), message).hint(remedy(&words))
    }

    fn not_yaml(&self, cause: Cause) -> Diagnostic {
        let span = Span::new(self.source, cause.range);
        Diagnostic::at(span, format!("{NOT_YAML}{}", cause.message)).hint(cause.hint)
    }
}

/// The hint for a syntax error with this message of the parser.
fn remedy(words: &str) -> &'static str {
    let known = REMEDIES.iter().find(|(part, _)| words.contains(part));
    known.map_or(ANY_REMEDY, |(_, remedy)| remedy)
}

fn leaf(span: Span, kind: NodeKind) -> Node {
    Node {
        span,
        is_block: false,
        kind,
    }
}

/// A key that the map does not have yet.
fn key_from(node: Node, seen: &mut BTreeMap<String, Span>) -> Result<Key, Diagnostic> {
    let NodeKind::Scalar { text, plain } = node.kind else {
        let problem = Diagnostic::at(node.span, "a key is a word, not a map or a list");
        return Err(problem.hint("write `{ key: value }`, with single braces"));
    };
    if plain && text == "<<" {
        return Err(
            Diagnostic::at(node.span, "merge keys (`<<`) are not supported")
                .hint("repeat the keys, or name the whole value with an alias"),
        );
    }
    if let Some(first) = seen.insert(text.clone(), node.span.clone()) {
        let message = format!("the key `{text}` is here twice");
        let hint = format!("it first stands in line {}", first.line());
        return Err(Diagnostic::at(node.span, message).hint(hint));
    }
    Ok(Key {
        span: node.span,
        text,
    })
}

/// The diagnostic of nesting deeper than [`MAX_DEPTH`].
pub(super) fn too_deep(span: Span) -> Diagnostic {
    let message = format!("nested more than {MAX_DEPTH} levels deep");
    Diagnostic::at(span, message).hint("write it flatter")
}

fn depth(node: &Node) -> usize {
    match &node.kind {
        NodeKind::Scalar { .. } => 0,
        NodeKind::Seq(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        NodeKind::Map(entries) => 1 + entries.iter().map(|(_, n)| depth(n)).max().unwrap_or(0),
    }
}

/// A part of the parser's message, and the hint.
const REMEDIES: [(&str, &str); 5] = [
    ("tab", "indent with spaces: YAML takes no tabs"),
    ("unclosed", "close it"),
    ("anchor", "put a text that starts with `*` or `&` in quotes"),
    (
        "unexpected character",
        "leave this character out, or put the text in quotes",
    ),
    ("expected ','", "close it, or put a `,` between its entries"),
];
const ANY_REMEDY: &str =
    "look at the indentation here, and put texts that hold `: ` or ` #` in quotes";
/// Levels of maps and lists: usual files have five.
pub(super) const MAX_DEPTH: usize = 64;
/// Values in a tree: a bound on the expansion of aliases.
const MAX_NODES: usize = 100_000;

#[cfg(test)]
mod tests {
    use crate::text::Document;

    fn told(text: &str) -> String {
        let read = Document::parse("a.yaml", text);
        read.expect_err("this file is wrong").told()
    }

    #[test]
    fn what_yaml_allows_and_we_do_not_is_said() {
        for (text, expected) in [
            (
                "a: 1\na: 2\n",
                "2:1 the key `a` is here twice | it first stands in line 1",
            ),
            (
                "a: 1\n--- \na: 2\n",
                "2:1 a second document starts here | one file holds one document: split the file",
            ),
            (
                "a: !!str b\n",
                "1:4 tags have no meaning here | \
                 leave the tag out; quote a text that starts with `!`",
            ),
            (
                "a: &a { b: c }\n<<: *a\n",
                "2:1 merge keys (`<<`) are not supported | \
                 repeat the keys, or name the whole value with an alias",
            ),
            (
                "? [a]\n: b\n",
                "1:3 a key is a word, not a map or a list | \
                 write `{ key: value }`, with single braces",
            ),
            (
                "a: &a [*a]\n",
                "1:8 this alias lies within what it names | write its value out",
            ),
        ] {
            assert_eq!(told(text), expected);
        }
    }

    #[test]
    fn what_is_no_yaml_is_pointed_at() {
        for (text, place) in [
            ("a: *absent\n", "1:4"),
            ("a: [b\n", "1:4"),
            ("a: \"b\n", "1:4"),
        ] {
            let told = told(text);
            assert!(told.starts_with(&format!("{place} not YAML: ")), "{told}");
        }
    }

    #[test]
    fn aliases_cannot_blow_up() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..9 {
            let copies = vec![format!("*a{}", level - 1); 9].join(", ");
            bomb += &format!("a{level}: &a{level} [{copies}]\n");
        }
        assert!(
            told(&bomb).contains("more than 100000 values"),
            "{}",
            told(&bomb)
        );
        let mut deep = "a0: &a0 [x]\n".to_owned();
        for level in 1..99 {
            deep += &format!("a{level}: &a{level} [*a{}]\n", level - 1);
        }
        assert!(
            told(&deep).contains("nested more than 64"),
            "{}",
            told(&deep)
        );
    }

    #[test]
    fn nesting_has_an_end() {
        for text in [
            "[".repeat(100_000),
            "{a: ".repeat(100_000),
            "- ".repeat(100_000),
        ] {
            assert!(
                told(&text).contains("nested more than 64"),
                "{}",
                told(&text)
            );
        }
    }
}
