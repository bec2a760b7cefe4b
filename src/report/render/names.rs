//! Names in a column that is too narrow for them: cut, and still told apart.

use std::collections::BTreeSet;

/// Each of `names` as it is shown in `width` columns: cut behind, or in the middle where two would
/// look the same; whole where they still would.
pub(super) fn fitted(mut names: Vec<&str>, width: usize) -> Vec<(String, String)> {
    names.sort_unstable();
    names.dedup();
    let cuts: [fn(&str, usize) -> String; 2] = [cut_behind, cut_within];
    for cut in cuts {
        let shown = names.iter().map(|name| cut(name, width));
        let shown: BTreeSet<String> = shown.collect();
        if shown.len() == names.len() {
            let pair = |name: &str| (name.to_owned(), cut(name, width));
            return names.into_iter().map(pair).collect();
        }
    }
    let whole = |name: &str| (name.to_owned(), name.to_owned());
    names.into_iter().map(whole).collect()
}

/// `a-long-na~`.
fn cut_behind(name: &str, width: usize) -> String {
    if name.chars().count() <= width {
        return name.to_owned();
    }
    let kept: String = name.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}~")
}

/// `a-lo~name`.
fn cut_within(name: &str, width: usize) -> String {
    let length = name.chars().count();
    if length <= width {
        return name.to_owned();
    }
    let kept = width.saturating_sub(1);
    let (first, last) = (kept - kept / 2, kept / 2);
    let (start, end) = (name.chars().take(first), name.chars().skip(length - last));
    start.chain(['~']).chain(end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(names: &[&str], width: usize) -> Vec<String> {
        let fitted = fitted(names.to_vec(), width).into_iter();
        fitted.map(|(_, shown)| shown).collect()
    }

    #[test]
    fn names_are_cut_where_they_stay_different() {
        assert_eq!(shown(&["short", "a-long-name"], 8), ["a-long-~", "short"]);
        let same_start = ["gateway-retries-2", "gateway-retries-4"];
        assert_eq!(shown(&same_start, 8), ["gate~s-2", "gate~s-4"]);
        let same_ends = ["gateway-2-retries", "gateway-4-retries"];
        assert_eq!(shown(&same_ends, 8), same_ends);
    }
}
