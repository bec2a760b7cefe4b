//! Reads Rust sources as tokens: functions, paths and `.unwrap()`, each with its line.
//!
//! It knows the grammar of paths and attributes and nothing else; `tidy` defines what is allowed.

use proc_macro2::{Delimiter, Group, Ident, TokenTree};

/// The facts in a file's tokens.
#[derive(Default)]
pub(super) struct Facts {
    /// Those with a body, also within macros.
    pub(super) functions: Vec<Function>,
    /// Every path in the code, resolved from the crate's root if it uses `super` or `self`.
    pub(super) paths: Vec<Named>,
    /// Lines with `.unwrap()` outside of tests.
    pub(super) unwraps: Vec<usize>,
}

/// A function, with the lines that it begins and ends on.
pub(super) struct Function {
    pub(super) name: String,
    pub(super) first: usize,
    pub(super) last: usize,
}

/// A path, and its line.
pub(super) struct Named {
    pub(super) segments: Vec<String>,
    pub(super) line: usize,
}

/// The scope of some tokens in the crate.
#[derive(Clone)]
pub(super) struct Scope {
    /// The module, from the crate's root.
    module: Vec<String>,
    in_test: bool,
}

impl Scope {
    /// The scope of the file `name`; outside of `src` everything is a test.
    pub(super) fn of_file(name: &str) -> Self {
        let inner = name.strip_prefix("src/").unwrap_or_default();
        let inner = inner.strip_suffix(".rs").unwrap_or(inner);
        let mut module: Vec<String> = inner.split('/').map(str::to_owned).collect();
        if module
            .last()
            .is_some_and(|last| matches!(last.as_str(), "mod" | "lib" | "main"))
        {
            module.pop();
        }
        let in_test = !name.starts_with("src/") || module.iter().any(|part| part == "tests");
        Self { module, in_test }
    }
}

impl Facts {
    /// Reads one stream of tokens and, by way of its groups, all below it.
    pub(super) fn read(&mut self, tokens: &[TokenTree], scope: &Scope) {
        let mut inner = scope.clone();
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Ident(word) => {
                    self.read_item(tokens, at, &mut inner);
                    self.read_unwrap(tokens, at, &inner);
                    at = self.read_path(tokens, at, word, &inner);
                    continue;
                }
                TokenTree::Group(group) if is_attribute(tokens, at) => {
                    inner.in_test |= is_test(group);
                }
                TokenTree::Group(group) => {
                    self.read(&children(group), &inner);
                    if group.delimiter() == Delimiter::Brace {
                        inner = scope.clone();
                    }
                }
                TokenTree::Punct(punct) if punct.as_char() == ';' => inner = scope.clone(),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
            at += 1;
        }
    }

    /// Records a function that begins here, and enters a module that does.
    fn read_item(&mut self, tokens: &[TokenTree], at: usize, inner: &mut Scope) {
        let TokenTree::Ident(word) = &tokens[at] else {
            return;
        };
        let Some(TokenTree::Ident(name)) = tokens.get(at + 1) else {
            return;
        };
        if word == "mod" && is_brace(tokens.get(at + 2)) {
            inner.module.push(name.to_string());
        }
        if word == "fn" {
            let ends = |token: &&TokenTree| is_brace(Some(token)) || is_punct(Some(token), ';');
            if let Some(TokenTree::Group(body)) = tokens[at..].iter().find(ends) {
                self.functions.push(Function {
                    name: name.to_string(),
                    first: word.span().start().line,
                    last: body.span_close().end().line,
                });
            }
        }
    }

    /// Records `.unwrap()`.
    fn read_unwrap(&mut self, tokens: &[TokenTree], at: usize, scope: &Scope) {
        let is_method = at > 0 && is_punct(tokens.get(at - 1), '.');
        let is_empty = matches!(tokens.get(at + 1), Some(TokenTree::Group(group))
            if group.delimiter() == Delimiter::Parenthesis && group.stream().is_empty());
        if let TokenTree::Ident(word) = &tokens[at]
            && word == "unwrap"
            && is_method
            && is_empty
            && !scope.in_test
        {
            self.unwraps.push(word.span().start().line);
        }
    }

    /// Records the path that begins with `word`, and returns the position after it.
    fn read_path(&mut self, tokens: &[TokenTree], at: usize, word: &Ident, scope: &Scope) -> usize {
        let mut segments = Vec::new();
        let end = self.follow(tokens, at, &mut segments, scope);
        self.note(segments, word.span().start().line, scope);
        end
    }

    /// Follows `a::b::{c, d::e}` from `at`; records a group's branches on the way.
    fn follow(
        &mut self,
        tokens: &[TokenTree],
        mut at: usize,
        segments: &mut Vec<String>,
        scope: &Scope,
    ) -> usize {
        loop {
            match tokens.get(at) {
                Some(TokenTree::Ident(word)) => segments.push(word.to_string()),
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                    self.read_branches(&children(group), segments, scope);
                }
                _ => return at,
            }
            at += 1;
            if !(is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')) {
                return at;
            }
            at += 2;
        }
    }

    /// Records each branch of a `use` group, with the path before the group.
    fn read_branches(&mut self, tokens: &[TokenTree], before: &[String], scope: &Scope) {
        for branch in tokens.split(|token| is_punct(Some(token), ',')) {
            if let Some(TokenTree::Ident(word)) = branch.first() {
                let mut segments = before.to_vec();
                self.follow(branch, 0, &mut segments, scope);
                self.note(segments, word.span().start().line, scope);
            }
        }
    }

    /// Records a path, resolved from the crate's root.
    fn note(&mut self, segments: Vec<String>, line: usize, scope: &Scope) {
        let supers = segments.iter().take_while(|part| *part == "super").count();
        let from_self = usize::from(segments.first().is_some_and(|part| part == "self"));
        let segments = if supers + from_self == 0 {
            segments
        } else {
            let depth = scope.module.len().saturating_sub(supers);
            let rest = segments.into_iter().skip(supers + from_self);
            let above = scope.module[..depth].iter().cloned();
            std::iter::once("crate".to_owned())
                .chain(above)
                .chain(rest)
                .collect()
        };
        self.paths.push(Named { segments, line });
    }
}

fn children(group: &Group) -> Vec<TokenTree> {
    group.stream().into_iter().collect()
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

fn is_brace(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace)
}

/// Whether the group at `at` is an attribute's: `#[…]` or `#![…]`.
fn is_attribute(tokens: &[TokenTree], at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).and_then(|place| tokens.get(place));
    is_punct(before(1), '#') || (is_punct(before(1), '!') && is_punct(before(2), '#'))
}

/// Whether an attribute makes what follows a part of the tests.
fn is_test(attribute: &Group) -> bool {
    let text: String = attribute.stream().to_string().split_whitespace().collect();
    text.ends_with("test")
        || ["cfg(test", "cfg(all(test"]
            .iter()
            .any(|cfg| text.starts_with(cfg))
}
