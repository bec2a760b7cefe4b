//! Texts of unknown origin as people may see them: without possible secrets, and with control
//! characters written out, since a terminal would obey them.

use std::borrow::Cow;

use super::secrets;

/// `text` without what looks like a secret, and with its control characters escaped; lines stay.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    match secrets::without(text) {
        Cow::Borrowed(text) => escaped(text),
        Cow::Owned(text) => Cow::Owned(escaped(&text).into_owned()),
    }
}

/// `text` with its control characters as in `\u{1b}`; lines and tabs stay.
fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(is_control) {
        return Cow::Borrowed(text);
    }
    let shown = text.chars().fold(String::new(), |mut shown, c| {
        match is_control(c) {
            true => shown.extend(c.escape_unicode()),
            false => shown.push(c),
        }
        shown
    });
    Cow::Owned(shown)
}

/// Whether a terminal obeys this character, or shows what follows it in another order.
pub(crate) fn is_control(c: char) -> bool {
    let is_direction = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    is_direction || c.is_control() && c != '\n' && c != '\t'
}

/// Whether a name cannot have this character: it controls, or ends the line.
pub(crate) fn breaks_a_line(c: char) -> bool {
    is_control(c) || c.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_written_out_and_lines_stay() {
        assert_eq!(visible("a\u{1b}[31m\r\n\tb"), "a\\u{1b}[31m\\u{d}\n\tb");
        assert_eq!(visible("a\u{202e}\u{9b}b"), "a\\u{202e}\\u{9b}b");
        assert_eq!(visible("key: sk-proj-Zx81yTQ9aBc\u{7}"), "key: ***\\u{7}");
        assert!(matches!(visible("a: é\n"), Cow::Borrowed(_)));
    }
}
