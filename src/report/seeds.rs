//! The seeds of a report as text: `3`, `1..5`, and `1..3,7..9` where a merge left a gap.

/// The seed, if `seeds` is a single one.
pub(super) fn single(seeds: &str) -> Option<&str> {
    match seeds.split_once("..") {
        None => Some(seeds),
        Some((first, last)) => (first == last).then_some(first),
    }
}

/// The number of seeds; 1 for a range that cannot be parsed.
pub(super) fn count(seeds: &str) -> u64 {
    let counts = ranges(seeds).map(|range| {
        let ends = range.split_once("..").unwrap_or((range, range));
        match (ends.0.parse::<u64>(), ends.1.parse::<u64>()) {
            (Ok(first), Ok(last)) => last.saturating_sub(first).saturating_add(1),
            _ => 1,
        }
    });
    counts.fold(0, u64::saturating_add)
}

/// Each range without a gap.
pub(super) fn ranges(seeds: &str) -> impl Iterator<Item = &str> {
    seeds.split(',')
}

/// The text of `seeds`, which are in order.
pub(super) fn text(seeds: impl Iterator<Item = u64>) -> String {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for seed in seeds {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(seed) => *last = seed,
            _ => ranges.push((seed, seed)),
        }
    }
    let texts = ranges
        .iter()
        .map(|(first, last)| format!("{first}..{last}"));
    texts.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_counted_with_both_ends() {
        assert_eq!((count("1..5"), count("7"), count("x")), (5, 1, 1));
        assert_eq!(count("1..3,7..7"), 4);
    }

    #[test]
    fn seeds_are_written_as_ranges_without_gaps() {
        assert_eq!(text([1, 2, 3, 7, 9, 10].into_iter()), "1..3,7..7,9..10");
        assert_eq!(text([u64::MAX - 1, u64::MAX].into_iter()).len(), 42);
        assert_eq!(single("7..7"), Some("7"));
        assert_eq!(single("7..7,9..9"), None);
    }
}
