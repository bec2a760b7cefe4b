//! Messages with gaps, as errors have them: `$name` stands for a value, and what lies between two
//! `~` is left out when a value in it is not known.
//!
//! Which names there are is `refusal`'s matter.

/// `template` with its gaps filled.
pub(super) fn fill(template: &str, value: &dyn Fn(&str) -> Option<String>) -> String {
    let mut filled = String::with_capacity(template.len());
    for (at, piece) in template.split('~').enumerate() {
        let text = piece_with(piece, value);
        debug_assert!(text.is_some() || at % 2 == 1, "a value lacks in: {piece}");
        filled += &text.unwrap_or_default();
    }
    filled
}

/// One piece; `None` when a value in it is not known.
fn piece_with(piece: &str, value: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let mut parts = piece.split('$');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_lowercase());
        let (name, rest) = part.split_at(end.unwrap_or(part.len()));
        text += &value(name)?;
        text += rest;
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_filled_and_what_is_not_known_is_left_out() {
        let value = |name: &str| (name == "model").then(|| "m".to_owned());
        assert_eq!(fill("Limit of $model~ in $wait s~.", &value), "Limit of m.");
        assert_eq!(fill("~For $model: ~no", &value), "For m: no");
        assert_eq!(fill("nothing", &value), "nothing");
    }
}
