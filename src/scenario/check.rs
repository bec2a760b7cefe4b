//! Checks that all parts of a scenario share: ranges and names.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::text::{Diagnostic, Document};
use crate::units::UnitError;

/// A key of a section, and what is wrong with its value and what to write, if it is out of range.
pub(super) type Row<'a> = (&'a str, Option<[String; 2]>);

/// A value that has to lie within `range`, where it is given.
pub(super) fn row<T: PartialOrd>(
    key: &str,
    value: impl Into<Option<T>>,
    range: RangeInclusive<T>,
    write: fn(T) -> String,
) -> Row<'_> {
    let wrong = value.into().filter(|value| !range.contains(value));
    let problem = wrong.map(|value| {
        let side = match value < *range.start() {
            true => "small",
            false => "large",
        };
        let (least, most) = range.into_inner();
        let message = format!("`{}` is too {side}", write(value));
        let hint = format!("write a value from {} to {}", write(least), write(most));
        [message, hint]
    });
    (key, problem)
}

/// Checks the values of the section at `path`; the first that is out of its range is reported.
pub(super) fn check_ranges<'a>(
    document: &Document,
    path: &[&str],
    rows: impl IntoIterator<Item = Row<'a>>,
) -> Result<(), Diagnostic> {
    for (key, problem) in rows {
        if let Some([message, hint]) = problem {
            let path = [path, &[key]].concat();
            return Err(document.problem(&path, message).hint(hint));
        }
    }
    Ok(())
}

/// `value`, when it lies within `range`.
pub(super) fn bounded<T: Copy + PartialOrd>(
    document: &Document,
    path: &[&str],
    value: T,
    range: RangeInclusive<T>,
    write: fn(T) -> String,
) -> Result<T, Diagnostic> {
    if let Some((key, section)) = path.split_last() {
        check_ranges(document, section, [row(key, value, range, write)])?;
    }
    Ok(value)
}

/// Writes a quantity that has its own text form.
pub(super) fn display<T: ToString>(value: T) -> String {
    value.to_string()
}

/// `value`, when it lies within `range`.
pub(super) fn within<T: Copy + PartialOrd>(
    value: T,
    range: RangeInclusive<T>,
    write: fn(T) -> String,
) -> Result<T, UnitError> {
    match row("", value, range, write) {
        (_, Some([message, hint])) => Err(UnitError::new(message).or_write(hint)),
        (_, None) => Ok(value),
    }
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

/// No run is longer, and neither is anything in it.
pub(super) const LONGEST_RUN: Duration = Duration::from_secs(366 * 86_400);

/// The world's timers resolve one millisecond.
pub(super) const SHORTEST: Duration = Duration::from_millis(1);

/// No call has more tokens on either side: beyond any model's context, and far from any overflow.
pub(super) const MOST_TOKENS: u64 = 10_000_000;

const LONGEST_NAME: usize = 64;
