//! Checks that all parts of a scenario share: ranges and names.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::text::{Diagnostic, Document, secrets};
use crate::units::UnitError;

/// `value`, which stands at `path`, when it lies within `range`.
pub(super) fn bounded<T: Copy + PartialOrd>(
    document: &Document,
    path: &[&str],
    value: T,
    range: RangeInclusive<T>,
    write: fn(T) -> String,
) -> Result<T, Diagnostic> {
    within(value, range, write).map_err(|wrong| {
        let problem = document.problem(path, wrong.message());
        match wrong.hint() {
            Some(hint) => problem.hint(hint),
            None => problem,
        }
    })
}

/// `value`, when it lies within `range`.
pub(super) fn within<T: Copy + PartialOrd>(
    value: T,
    range: RangeInclusive<T>,
    write: fn(T) -> String,
) -> Result<T, UnitError> {
    if range.contains(&value) {
        return Ok(value);
    }
    let side = match value < *range.start() {
        true => "small",
        false => "large",
    };
    let wrong = UnitError::new(format!("`{}` is too {side}", write(value)));
    let (least, most) = range.into_inner();
    Err(wrong.or_write(format!(
        "write a value from {} to {}",
        write(least),
        write(most)
    )))
}

/// Whether the key that `path` ends in can name a `what`.
pub(super) fn check_name(document: &Document, path: &[&str], what: &str) -> Result<(), Diagnostic> {
    let name = path.last().copied().unwrap_or_default();
    if is_name(name) {
        return Ok(());
    }
    Err(document
        .problem_at_key(path, format!("`{name}` cannot name {what}"))
        .hint(hint_of_name(name)))
}

/// Whether `text` can name a policy, a provider or a fault, also in a path and in an expectation.
/// Reports show names, so a key cannot be one.
pub(super) fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=LONGEST_NAME).contains(&text.len()) && text.bytes().all(fits) && !secrets::are_in(text)
}

/// What to write in place of a `text` that is no name.
pub(super) fn hint_of_name(text: &str) -> &'static str {
    match secrets::are_in(text) {
        true => secrets::NO_NAME,
        false => "write at most 64 letters, digits, `-` and `_`",
    }
}

/// The longest run, and the longest time in a scenario.
pub(super) const LONGEST_RUN: Duration = Duration::from_secs(366 * 86_400);

/// The world's timers resolve one millisecond.
pub(super) const SHORTEST: Duration = Duration::from_millis(1);

/// The most prompt or output tokens of a call: above any model's context, and far below any
/// overflow.
pub(super) const MOST_TOKENS: u64 = 10_000_000;

const LONGEST_NAME: usize = 64;
