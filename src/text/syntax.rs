//! What a syntax error comes from: the place that a person has to change.
//!
//! The parser reports where it could not go on. That is often the line after the one with the
//! mistake, because YAML joins lines until one of them cannot belong to the text before. The rules
//! here look at the lines around that place; where none fits, the parser's own words are kept.

use std::ops::Range;

/// A mistake: its place in the text, what it is, and what to write instead.
pub(super) struct Cause {
    pub(super) range: Range<usize>,
    pub(super) message: String,
    pub(super) hint: String,
}

/// The cause of an error that the parser reports at byte `at` of `text` in these `words`; `flow` is
/// where the innermost open `{` or `[` stands.
pub(super) fn cause(text: &str, at: usize, words: &str, flow: Option<usize>) -> Option<Cause> {
    let line = Line::at(text, at);
    let above = line.above(text);
    let nearest = [Some(line), above];
    let strange = || nearest.into_iter().flatten().find_map(Line::strange);
    let by_words = || match words {
        words if words.contains("quoted scalar") => line.open_quote(text),
        words if words.contains("misplaced bracket") => Some(Cause::new(
            at..at + 1,
            "this bracket closes nothing",
            "delete it",
        )),
        words if words.contains("block scalar") => Some(Cause::new(
            at..at + 1,
            "a text that starts with `>` or `|` needs quotes",
            format!("write `\"{}\"`", text[at..line.end()].trim_end()),
        )),
        words if words.contains("simple key") => line.without_colon(),
        words if words.contains("mapping values") => line.second_colon(above, at),
        words if words.contains("expected key") => line.wrong_indentation(text),
        _ => None,
    };
    strange()
        .or_else(|| line.tab(text))
        .or_else(|| line.open_bracket(text, at, flow?))
        .or_else(by_words)
}

/// The cause when a plain text goes on in a line that begins like an entry of a list: that line has
/// one blank too many.
pub(super) fn swallowed_entry(text: &str, range: Range<usize>) -> Option<Cause> {
    let first = Line::at(text, range.start);
    let mut line = first;
    while line.end() < range.end {
        line = Line::at(text, line.end() + 1);
        if line.content().starts_with("- ") {
            let message = "this line is indented more than the entry above, and continues its text";
            return Some(Cause::new(line.first(), message, first.same_indentation()));
        }
    }
    None
}

impl Cause {
    fn new(range: Range<usize>, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            range,
            message: message.into(),
            hint: hint.into(),
        }
    }
}

/// A line of a text, without its end.
#[derive(Clone, Copy)]
struct Line<'t> {
    start: usize,
    text: &'t str,
}

impl<'t> Line<'t> {
    /// The line of byte `at`.
    fn at(text: &'t str, at: usize) -> Self {
        let at = text.floor_char_boundary(at);
        let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let line = text[start..].split('\n').next().unwrap_or_default();
        Self { start, text: line }
    }

    /// The nearest line above that says something.
    fn above(self, text: &'t str) -> Option<Self> {
        let mut line = self;
        while line.start > 0 {
            line = Self::at(text, line.start - 1);
            if !line.content().is_empty() {
                return Some(line);
            }
        }
        None
    }

    fn end(self) -> usize {
        self.start + self.text.len()
    }

    fn indent(self) -> usize {
        self.text.bytes().take_while(|byte| *byte == b' ').count()
    }

    /// What it says, without blanks around it and without a comment.
    fn content(self) -> &'t str {
        let text = match self.text.trim_start().starts_with('#') {
            true => "",
            false => self.text.split(" #").next().unwrap_or_default(),
        };
        text.trim_matches([' ', '\t', '\r'])
    }

    /// The first character of what it says.
    fn first(self) -> Range<usize> {
        let start = self.start + self.indent();
        start..start + 1
    }

    /// What it says, from its first colon with a blank behind it.
    fn value(self) -> Option<(&'t str, &'t str)> {
        let content = self.content();
        let key = content.strip_suffix(':').map(|key| (key, ""));
        key.or_else(|| content.split_once(": "))
    }

    fn same_indentation(self) -> String {
        let dash = self.start + self.text.find("- ").unwrap_or(self.indent()) - self.start;
        format!("indent it with {}, as the entry above", blanks(dash))
    }

    /// A character that looks like another.
    fn strange(self) -> Option<Cause> {
        let end = self.text.find(" #").unwrap_or(self.text.len());
        let mut before = ' ';
        for (at, c) in self.text[..end].char_indices() {
            let is_first = before == ' ';
            before = c;
            let found = match c {
                '\u{a0}' => Some(("a no-break space", "write an ordinary space")),
                '\u{feff}' => Some(("a byte order mark", "delete it")),
                '\u{200b}'..='\u{200d}' | '\u{2060}' => {
                    Some(("an invisible character", "delete it"))
                }
                '\u{ff1a}' => Some(("a full-width colon", "write `: `")),
                '\u{2013}' | '\u{2014}' if is_first => Some(("a long dash", "write `- `")),
                '\u{2018}'..='\u{201f}' if is_first => {
                    Some(("a curly quote", "write straight quotes, as in `\"text\"`"))
                }
                c if c.is_whitespace() && !c.is_ascii() => Some((
                    "a blank that is no ordinary space",
                    "write an ordinary space",
                )),
                _ => None,
            };
            if let Some((name, hint)) = found {
                let message = format!("there is {name} here (U+{:04X})", u32::from(c));
                let at = self.start + at;
                return Some(Cause::new(at..at + c.len_utf8(), message, hint));
            }
        }
        None
    }

    /// A tab in the indentation of the line, or of the next.
    fn tab(self, text: &'t str) -> Option<Cause> {
        let next = (self.end() < text.len()).then(|| Line::at(text, self.end() + 1));
        let tab = |line: Line<'_>| {
            let indentation = line.text.len() - line.text.trim_start().len();
            let at = line.start + line.text[..indentation].find('\t')?;
            let hint = "indent with spaces: YAML takes no tabs";
            Some(Cause::new(
                at..at + 1,
                "there is a tab in the indentation",
                hint,
            ))
        };
        [Some(self), next].into_iter().flatten().find_map(tab)
    }

    /// An open bracket of a line above, or two entries without a comma between them.
    fn open_bracket(self, text: &'t str, at: usize, flow: usize) -> Option<Cause> {
        let bracket = text.get(flow..=flow)?;
        let close = match bracket {
            "{" => "}",
            "[" => "]",
            _ => return None,
        };
        let opened = Line::at(text, flow);
        if opened.start < self.start && self.indent() <= opened.indent() {
            let message = format!("this `{bracket}` is not closed");
            return Some(Cause::new(
                flow..flow + 1,
                message,
                format!("close it with `{close}`"),
            ));
        }
        let before = text.get(flow..at)?;
        let word = before.rfind(' ').map(|blank| flow + blank + 1)?;
        let is_key = text[at..].starts_with(':') && word < at;
        is_key.then(|| {
            let key = &text[word..at];
            let message = format!("there is no comma before `{key}`");
            Cause::new(word..at, message, format!("write `, {key}: …`"))
        })
    }

    /// The quote that opens the text that goes on here.
    fn open_quote(self, text: &'t str) -> Option<Cause> {
        let opens = |line: Line<'_>| {
            let is_open = |quote: &char| line.text.matches(*quote).count() % 2 == 1;
            let quote = ['"', '\''].into_iter().find(is_open)?;
            let at = line.start + line.text.find(quote)?;
            let message = "this quote is not closed";
            Some(Cause::new(
                at..at + 1,
                message,
                format!("close it with `{quote}`"),
            ))
        };
        let mut line = Some(self);
        for _ in 0..LONGEST_TEXT {
            if let Some(cause) = opens(line?) {
                return Some(cause);
            }
            line = line?.above(text);
        }
        None
    }

    /// A line that should be a key or an entry, and has no colon or no blank behind its sign.
    fn without_colon(self) -> Option<Cause> {
        let content = self.content();
        let start = self.start + self.indent();
        if let Some(rest) = content
            .strip_prefix('-')
            .filter(|rest| !rest.starts_with(' '))
        {
            let message = "there is no blank behind this dash";
            return Some(Cause::new(
                start..start + 1,
                message,
                format!("write `- {rest}`"),
            ));
        }
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let key = &content[..content.find(|c| !word(c)).unwrap_or(content.len())];
        let value = content[key.len()..].trim_start_matches([' ', ':', '=', '>']);
        if key.is_empty() {
            return None;
        }
        let hint = match value.is_empty() {
            true => format!("write `{key}:`"),
            false => format!("write `{key}: {value}`"),
        };
        let end = start + key.len();
        Some(match content[key.len()..].starts_with(':') {
            true => Cause::new(end..end + 1, "there is no blank behind this colon", hint),
            false => Cause::new(
                start..end,
                format!("there is no colon behind `{key}`"),
                hint,
            ),
        })
    }

    /// A second colon where one value is expected: in a text, or because a line above has none.
    fn second_colon(self, above: Option<Self>, at: usize) -> Option<Cause> {
        let (key, value) = self.value()?;
        let key_end = self.start + self.text.find(key)? + key.len();
        if key_end < at {
            let start = self.start + self.text.find(value)?;
            let message = "a text with a colon and a blank in it needs quotes";
            let hint = format!("write `{key}: \"{value}\"`");
            return Some(Cause::new(start..start + value.len(), message, hint));
        }
        let above = above?;
        if above.value().is_none() {
            return above.without_colon();
        }
        self.too_deep(above)
    }

    fn too_deep(self, above: Self) -> Option<Cause> {
        (self.indent() > above.indent()).then(|| {
            let message = "this line is indented more than the one above, which has its value";
            let hint = format!(
                "indent it with {}, as the line above",
                blanks(above.indent())
            );
            Cause::new(self.first(), message, hint)
        })
    }

    /// An indentation between those of the lines above.
    fn wrong_indentation(self, text: &'t str) -> Option<Cause> {
        let above = self.above(text)?;
        let mut levels = vec![above.indent()];
        let mut line = above.above(text);
        while let Some(above) = line {
            if levels.last().is_some_and(|last| above.indent() < *last) {
                levels.push(above.indent());
            }
            line = above.above(text);
        }
        let own = self.indent();
        if levels.contains(&own) {
            return None;
        }
        let deeper = levels.iter().rev().find(|level| **level > own);
        let flatter = levels.iter().find(|level| **level < own);
        let (Some(deeper), Some(flatter)) = (deeper, flatter) else {
            return self.too_deep(above);
        };
        let message = "the indentation of this line is that of none above";
        let hint = format!(
            "indent it with {}, or with {}",
            blanks(*deeper),
            blanks(*flatter)
        );
        Some(Cause::new(self.first(), message, hint))
    }
}

/// `1 blank`, `4 blanks`, `none`.
fn blanks(count: usize) -> String {
    match count {
        0 => "no blank".to_owned(),
        1 => "1 blank".to_owned(),
        count => format!("{count} blanks"),
    }
}

/// In so many lines above, the quote is looked for that opens a text.
const LONGEST_TEXT: usize = 50;

#[cfg(test)]
mod tests {
    use crate::text::Document;

    fn told(text: &str) -> String {
        let read = Document::parse("a.yaml", text);
        let told = read.expect_err("this file is wrong").told();
        told.replacen("not YAML: ", "", 1)
    }

    #[test]
    fn a_wrong_indentation_is_pointed_at_and_told() {
        for (text, expected) in [
            (
                "a:\n    b: 1\n   c: 2\n",
                "3:4 the indentation of this line is that of none above | \
                 indent it with 4 blanks, or with no blank",
            ),
            (
                "a:\n  b: 1\n c:\n  d: 2\n",
                "3:2 the indentation of this line is that of none above | \
                 indent it with 2 blanks, or with no blank",
            ),
            (
                "a:\n  b: 1 # one\n\n   c: 2\n",
                "4:4 this line is indented more than the one above, which has its value | \
                 indent it with 2 blanks, as the line above",
            ),
            (
                "a:\n  - b\n   - c\n",
                "3:4 this line is indented more than the entry above, and continues its text | \
                 indent it with 2 blanks, as the entry above",
            ),
            (
                "a:\n  b: 1\n\tc: 2\n",
                "3:1 there is a tab in the indentation | indent with spaces: YAML takes no tabs",
            ),
        ] {
            assert_eq!(told(text), expected);
        }
    }

    #[test]
    fn a_missing_sign_is_pointed_at_where_it_is_missing() {
        for (text, expected) in [
            (
                "a: 1\nb 2\nc: 3\n",
                "2:1 there is no colon behind `b` | write `b: 2`",
            ),
            (
                "a: 1\nb\nc: 3\n",
                "2:1 there is no colon behind `b` | write `b:`",
            ),
            (
                "a:\n  b = 2\n  c: 3\n",
                "2:3 there is no colon behind `b` | write `b: 2`",
            ),
            (
                "a: 1\nb:2\nc: 3\n",
                "2:2 there is no blank behind this colon | write `b: 2`",
            ),
            (
                "a:\n  - b\n  -c\nd: 1\n",
                "3:3 there is no blank behind this dash | write `- c`",
            ),
            (
                "a: b: c\n",
                "1:4 a text with a colon and a blank in it needs quotes | write `a: \"b: c\"`",
            ),
            (
                "a: { b: 1\nc: 2\n",
                "1:4 this `{` is not closed | close it with `}`",
            ),
            (
                "a: [b, c\nd: 2\n",
                "1:4 this `[` is not closed | close it with `]`",
            ),
            (
                "a: { b: 1 c: 2 }\n",
                "1:11 there is no comma before `c` | write `, c: …`",
            ),
            ("a: [b] ]\n", "1:8 this bracket closes nothing | delete it"),
            (
                "a: \"b\nc: 2\n",
                "1:4 this quote is not closed | close it with `\"`",
            ),
            (
                "a: 'b\n",
                "1:4 this quote is not closed | close it with `'`",
            ),
            (
                "a:\n  - > 1 b\n",
                "2:5 a text that starts with `>` or `|` needs quotes | write `\"> 1 b\"`",
            ),
        ] {
            assert_eq!(told(text), expected);
        }
    }

    #[test]
    fn a_character_that_looks_like_another_is_pointed_at() {
        let space = "there is a no-break space here (U+00A0) | write an ordinary space";
        for (text, expected) in [
            ("a:\n  b: 1\n\u{a0} c: 2\n  d: 3\n", format!("3:1 {space}")),
            ("a: 1\nb:\u{a0}2\nc: 3\n", format!("2:3 {space}")),
            (
                "a: 1\nb\u{ff1a}2\nc: 3\n",
                "2:2 there is a full-width colon here (U+FF1A) | write `: `".to_owned(),
            ),
            (
                "a: 1\nb:\u{200b}2\nc: 3\n",
                "2:3 there is an invisible character here (U+200B) | delete it".to_owned(),
            ),
            (
                "a: 1\n\u{feff}b: 2\n",
                "2:1 there is a byte order mark here (U+FEFF) | delete it".to_owned(),
            ),
            (
                "a: “b: c”\n",
                "1:4 there is a curly quote here (U+201C) | \
                 write straight quotes, as in `\"text\"`"
                    .to_owned(),
            ),
            (
                "a:\n  - b\n  – c\nd: 1\n",
                "3:3 there is a long dash here (U+2013) | write `- `".to_owned(),
            ),
        ] {
            assert_eq!(told(text), expected);
        }
        Document::parse("a.yaml", "a: “b” – c\u{a0}d\n").expect("they may stand in a text");
    }
}
