//! Checks that all parts of a scenario share: ranges and names.

use std::ops::RangeInclusive;

use crate::text::{Diagnostic, Document};

/// `value`, when it lies within `range`.
pub(super) fn bounded<T: Copy + PartialOrd>(
    document: &Document,
    path: &[&str],
    value: T,
    range: RangeInclusive<T>,
    write: fn(T) -> String,
) -> Result<T, Diagnostic> {
    if range.contains(&value) {
        return Ok(value);
    }
    let side = if value < *range.start() {
        "small"
    } else {
        "large"
    };
    let (least, most) = (write(*range.start()), write(*range.end()));
    Err(document
        .problem(path, format!("`{}` is too {side}", write(value)))
        .hint(format!("write a value from {least} to {most}")))
}

/// Whether the key that `path` ends in can name a `what`.
pub(super) fn check_name(document: &Document, path: &[&str], what: &str) -> Result<(), Diagnostic> {
    let name = path.last().copied().unwrap_or_default();
    if is_name(name) {
        return Ok(());
    }
    Err(document
        .problem_at_key(path, format!("`{name}` cannot name {what}"))
        .hint("write at most 64 letters, digits, `-` and `_`"))
}

/// Whether `text` can name a policy, a provider or a fault: also in a path and in an expectation.
pub(super) fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=LONGEST_NAME).contains(&text.len()) && text.bytes().all(fits)
}

const LONGEST_NAME: usize = 64;
