//! How people spell units of time elsewhere, for hints: `min`, `secs`, `hours`, `µs`.

/// The unit of [`super::duration`] that `word` spells, in any case.
pub(super) fn unit_of_time(word: &str) -> Option<&'static str> {
    let word = word.to_lowercase();
    let found = SPELLED
        .iter()
        .find(|(unit, words)| *unit == word || words.contains(&word.as_str()));
    found.map(|(unit, _)| *unit)
}

/// The time that a rate's unit ends in, as [`super::duration`] has it: of `/sec`, `req/minute`,
/// `calls per hour` and `rpm`. `None` for units that count something else, such as `tok/s`.
pub(super) fn time_of_rate(unit: &str) -> Option<&'static str> {
    let unit = unit.to_lowercase();
    let abbreviation = ABBREVIATED.iter().find(|(word, _)| *word == unit);
    if let Some((_, time)) = abbreviation {
        return Some(time);
    }
    let (what, time) = unit.split_once('/').or_else(|| unit.split_once("per "))?;
    let what = what.trim();
    let counts_calls = what.is_empty() || CALLS.contains(&what);
    unit_of_time(time.trim()).filter(|_| counts_calls)
}

/// Every word for a unit of time, and every abbreviation of a rate.
#[cfg(test)]
pub(super) fn words() -> impl Iterator<Item = &'static str> {
    let spelled = SPELLED.iter();
    let spelled =
        spelled.flat_map(|(unit, words)| [*unit].into_iter().chain(words.iter().copied()));
    spelled.chain(ABBREVIATED.iter().map(|(word, _)| *word))
}

/// Each unit of time, with other spellings of it.
const SPELLED: [(&str, &[&str]); 7] = [
    ("d", &["day", "days"]),
    ("h", &["hr", "hrs", "hour", "hours"]),
    ("m", &["min", "mins", "minute", "minutes"]),
    ("s", &["sec", "secs", "second", "seconds"]),
    (
        "ms",
        &[
            "msec",
            "msecs",
            "milli",
            "millis",
            "millisecond",
            "milliseconds",
        ],
    ),
    // The micro sign and the Greek letter look alike.
    (
        "us",
        &[
            "\u{b5}s",
            "\u{3bc}s",
            "usec",
            "usecs",
            "micros",
            "microsecond",
            "microseconds",
        ],
    ),
    (
        "ns",
        &["nsec", "nsecs", "nanos", "nanosecond", "nanoseconds"],
    ),
];
const ABBREVIATED: [(&str, &str); 5] = [
    ("rps", "s"),
    ("qps", "s"),
    ("rpm", "m"),
    ("rph", "h"),
    ("rpd", "d"),
];
const CALLS: [&str; 6] = ["req", "reqs", "request", "requests", "call", "calls"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_time_are_known_by_their_other_spellings() {
        for (word, unit) in [
            ("Minutes", Some("m")),
            ("SEC", Some("s")),
            ("µs", Some("us")),
            ("μs", Some("us")),
            ("h", Some("h")),
            ("parsec", None),
            ("", None),
        ] {
            assert_eq!(unit_of_time(word), unit, "{word}");
        }
    }

    #[test]
    fn the_time_of_a_rate_is_known_where_it_counts_calls() {
        for (unit, time) in [
            ("rpm", Some("m")),
            ("QPS", Some("s")),
            ("/m", Some("m")),
            ("req/sec", Some("s")),
            ("calls per hour", Some("h")),
            ("per minute", Some("m")),
            ("tok/s", None),
            ("/parsec", None),
            ("s", None),
        ] {
            assert_eq!(time_of_rate(unit), time, "{unit}");
        }
    }
}
