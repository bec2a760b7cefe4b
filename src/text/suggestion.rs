//! The word that was meant by another: its new name, or the nearest one that is known.

use std::cmp::Reverse;

use super::renamed;

/// The new name of a renamed key or word, else "did you mean" the nearest of `known`, else all of
/// them behind `label`; nothing for none.
pub(crate) fn suggestion<'a>(
    found: &str,
    known: impl IntoIterator<Item = &'a str>,
    label: &str,
) -> Option<String> {
    let known: Vec<&str> = known.into_iter().collect();
    if let Some(new) = renamed::new_name(found, &known) {
        // A key that has moved into a section stands in it.
        let nested = new.split_once('.');
        let nested = nested.map(|(section, key)| format!("{section}: {{ {key}: … }}"));
        return Some(format!("it is now `{}`", nested.as_deref().unwrap_or(new)));
    }
    // Invisible characters, and no blank behind a colon.
    let visible = found.trim_matches(|c: char| !c.is_ascii());
    if visible != found && known.contains(&visible) {
        return Some(format!(
            "write `{visible}`: there are invisible characters around it"
        ));
    }
    if let Some((key, value)) = found.split_once(':')
        && known.contains(&key)
    {
        return Some(format!(
            "write `{key}: {value}`, with a blank behind the colon"
        ));
    }
    if let Some(word) = nearest(found, &known) {
        return Some(format!("did you mean `{word}`?"));
    }
    let all: Vec<String> = known.iter().map(|word| format!("`{word}`")).collect();
    (!all.is_empty()).then(|| format!("{label} {}", all.join(", ")))
}

/// The word of `known` that `found` was most likely meant to be, if any is near; of equally near
/// ones that which begins alike.
pub(super) fn nearest<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    let allowed = (found.chars().count() / 3).max(1);
    let alike = |word: &str| {
        let pairs = found.chars().zip(word.chars());
        pairs.take_while(|(a, b)| a == b).count()
    };
    let near = known.iter().map(|word| (distance(found, word), *word));
    let near = near.filter(|(distance, _)| *distance <= allowed);
    let near = near.min_by_key(|(distance, word)| (*distance, Reverse(alike(word))));
    near.map(|(_, word)| word)
}

/// The number of characters to insert, delete, change or swap with their neighbour to turn `a` into
/// `b`. Words longer than any key are not compared.
fn distance(a: &str, b: &str) -> usize {
    if a.chars().count().max(b.chars().count()) > LONGEST_WORD {
        return usize::MAX;
    }
    strsim::osa_distance(a, b)
}

/// Words longer than any key are not compared.
const LONGEST_WORD: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_suggested_and_far_ones_listed() {
        let known = ["attempts", "backoff", "base"];
        let hint = |found| suggestion(found, known, "known keys:").unwrap();
        assert_eq!(hint("atempts"), "did you mean `attempts`?");
        assert_eq!(hint("bakcoff"), "did you mean `backoff`?");
        assert_eq!(nearest("rat", &["at", "rate"]), Some("rate"));
        assert_eq!(hint("zzz"), "known keys: `attempts`, `backoff`, `base`");
        assert_eq!(suggestion("x", [], "known:"), None);
        assert_eq!(distance(&"x".repeat(100_000), "base"), usize::MAX);
    }
}
