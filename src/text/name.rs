//! What can name a policy, a provider, a fault or a model.

use super::secrets;

/// Whether `text` can name a policy, a provider or a fault, also in a path and in an expectation.
/// Reports show names, so a key cannot be one.
pub(crate) fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=LONGEST_NAME).contains(&text.len()) && text.bytes().all(fits) && !secrets::are_in(text)
}

/// What to write in place of a `text` that is no name.
pub(crate) fn hint_of_name(text: &str) -> &'static str {
    match secrets::are_in(text) {
        true => secrets::NO_NAME,
        false => "write at most 64 letters, digits, `-` and `_`",
    }
}

/// What to write in place of a `text` that cannot name a model, if it cannot.
pub(crate) fn hint_of_model(text: &str) -> Option<&'static str> {
    let fits = |c: char| c.is_ascii_graphic();
    match (1..=100).contains(&text.len()) && text.chars().all(fits) {
        _ if secrets::are_in(text) => Some(secrets::NO_NAME),
        true => None,
        false => Some("write 1 to 100 letters, digits and signs, without blanks"),
    }
}

const LONGEST_NAME: usize = 64;
