//! Templates of error messages: `$name` is replaced by a value, and the text between two `~` is
//! left out when a value in it is not known.
//!
//! `refusal` defines the names.

/// Appends the value of a name; `None`, after any output, when it is not known.
pub(super) type Value<'a> = &'a dyn Fn(&str, &mut String) -> Option<()>;

/// Fills `template`.
pub(super) fn fill(template: &str, value: Value<'_>) -> String {
    let mut filled = String::with_capacity(template.len() + 64);
    for (at, piece) in template.split('~').enumerate() {
        let length = filled.len();
        if append(&mut filled, piece, value).is_none() {
            debug_assert!(at % 2 == 1, "a value lacks in: {piece}");
            filled.truncate(length);
        }
    }
    filled
}

/// One piece; `None` when a value in it is not known.
fn append(filled: &mut String, piece: &str, value: Value<'_>) -> Option<()> {
    let mut parts = piece.split('$');
    filled.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_lowercase());
        let (name, rest) = part.split_at(end.unwrap_or(part.len()));
        value(name, filled)?;
        filled.push_str(rest);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_filled_and_what_is_not_known_is_left_out() {
        let value = |name: &str, out: &mut String| (name == "model").then(|| out.push('m'));
        assert_eq!(fill("Limit of $model~ in $wait s~.", &value), "Limit of m.");
        assert_eq!(fill("~For $model: ~no", &value), "For m: no");
        assert_eq!(fill("nothing", &value), "nothing");
    }
}
