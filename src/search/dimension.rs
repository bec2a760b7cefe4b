//! One thing that is searched: a range of numbers, or a choice of words.
//!
//! A search moves in coordinates from 0 to 1; here each becomes the value that a file would have.
//! Values are rounded to what a person would write (`250ms`, not `253.184719ms`), and computed with
//! `libm`, so that they are the same on every machine. Forms: `50ms..2s log`, `2..20`, `0%..50%`,
//! `1s..1m log or none`; lists of words come from the file as they are.

use std::ops::Range;

use crate::policy::config::KnobKind;
use crate::policy_file::{Scale, read_amount, write_amount};
use crate::units::{UnitError, truncate};

/// The values that one thing can have.
#[derive(Clone, Debug, PartialEq)]
pub enum Domain {
    /// A number between two.
    Numbers(Numbers),
    /// One of these, as a file has them.
    Words(Vec<String>),
}

/// A range of numbers, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// Their unit.
    pub kind: KnobKind,
    /// The least, in the unit of the kind.
    pub low: u64,
    /// The largest.
    pub high: u64,
    /// How coordinates are spread over them.
    pub scale: Scale,
    /// Whether `none` is a value as well.
    pub or_none: bool,
}

impl Domain {
    /// The value at `coordinate`, as a file has it.
    pub fn text(&self, coordinate: f64) -> String {
        match self {
            Self::Numbers(numbers) => numbers.text(coordinate),
            Self::Words(words) => words
                .get(place(coordinate, words.len()))
                .cloned()
                .unwrap_or_default(),
        }
    }

    /// The coordinate at which `text` is the value, or the nearest number; none for another word.
    pub fn coordinate(&self, text: &str) -> Option<f64> {
        match self {
            Self::Numbers(numbers) => numbers.coordinate(text),
            Self::Words(words) => {
                let place = words.iter().position(|word| word == text)?;
                Some(middle(place, words.len()))
            }
        }
    }

    /// Whether `text` is one of its values, or lies between two of them.
    pub fn holds(&self, text: &str) -> bool {
        match self {
            Self::Numbers(numbers) => numbers.holds(text),
            Self::Words(words) => words.iter().any(|word| word == text),
        }
    }

    /// Coordinates that cover it: of every word, or of `count` numbers from end to end.
    pub fn cover(&self, count: usize) -> Vec<f64> {
        let several = match self {
            Self::Words(words) => words.len(),
            Self::Numbers(_) => count,
        };
        match self {
            Self::Words(_) => (0..several).map(|at| middle(at, several)).collect(),
            Self::Numbers(numbers) => {
                let last = several.saturating_sub(1).max(1) as f64;
                let none = numbers.or_none.then_some(NONE_BELOW / 2.0);
                let others = (0..several).map(|at| numbers.spread(at as f64 / last));
                none.into_iter().chain(others).collect()
            }
        }
    }

    /// Whether neighbouring coordinates have neighbouring values.
    pub const fn is_ordered(&self) -> bool {
        matches!(self, Self::Numbers(_))
    }
}

impl Numbers {
    fn text(&self, coordinate: f64) -> String {
        match self.amount(coordinate) {
            Some(amount) => write_amount(self.kind, amount),
            None => "none".to_owned(),
        }
    }

    /// The number at `coordinate`, rounded; none where `none` is.
    fn amount(&self, coordinate: f64) -> Option<u64> {
        let mut at = coordinate.clamp(0.0, 1.0);
        if self.or_none {
            if at < NONE_BELOW {
                return None;
            }
            at = (at - NONE_BELOW) / (1.0 - NONE_BELOW);
        }
        let (low, high) = (self.low as f64, self.high as f64);
        let exact = match self.scale {
            Scale::Linear => low + at * (high - low),
            Scale::Log => libm::exp(libm::log(low) + at * (libm::log(high) - libm::log(low))),
        };
        Some(self.rounded(exact))
    }

    fn coordinate(&self, text: &str) -> Option<f64> {
        if text == "none" {
            return self.or_none.then_some(NONE_BELOW / 2.0);
        }
        let amount = read_amount(self.kind, text).ok()?;
        let amount = amount.clamp(self.low, self.high) as f64;
        let (low, high) = (self.low as f64, self.high as f64);
        if self.low == self.high {
            return Some(self.spread(0.5));
        }
        let at = match self.scale {
            Scale::Linear => (amount - low) / (high - low),
            Scale::Log => libm::log(amount / low) / libm::log(high / low),
        };
        Some(self.spread(at))
    }

    fn holds(&self, text: &str) -> bool {
        match read_amount(self.kind, text) {
            Ok(amount) => (self.low..=self.high).contains(&amount),
            Err(_) => text == "none" && self.or_none,
        }
    }

    /// The coordinate of the part `at` of the way from the least to the largest.
    fn spread(&self, at: f64) -> f64 {
        match self.or_none {
            true => NONE_BELOW + at * (1.0 - NONE_BELOW),
            false => at,
        }
    }

    /// To steps of at most a hundredth of the range, or to two digits where ratios count.
    fn rounded(&self, exact: f64) -> u64 {
        let step = match self.scale {
            Scale::Linear => step_below((self.high - self.low) as f64 / STEPS),
            Scale::Log => power_of_ten_below(exact) / 10.0,
        };
        let step = step.max(1.0);
        let nearest = libm::round(exact / step) * step;
        (nearest as u64).clamp(self.low, self.high)
    }
}

/// Reads `LOW..HIGH`, then `log` or `linear`, then `or none`; without a scale, that of `scale` or
/// of the kind. The error tells which bytes are wrong.
pub fn read(
    text: &str,
    kind: Option<KnobKind>,
    scale: Option<Scale>,
) -> Result<Numbers, (Range<usize>, UnitError)> {
    let whole = 0..text.len();
    let (range, or_none) = match text.trim_end().strip_suffix("or none") {
        Some(range) => (range.trim_end(), true),
        None => (text.trim_end(), false),
    };
    let (range, written) = without_scale(range);
    let Some((low, high)) = range.split_once("..") else {
        let error = UnitError::new(format!("`{}` is not a range", truncate(text)));
        return Err((whole, error.or_write(SHAPE)));
    };
    let (at, low, high) = (low.len() + "..".len(), low.trim(), high.trim());
    let kind = kind
        .or_else(|| kind_of(low, high))
        .unwrap_or(KnobKind::Count);
    let amount = |part: &str, start: usize| {
        read_amount(kind, part).map_err(|error| (start..start + part.len(), error))
    };
    let (least, largest) = (amount(low, 0)?, amount(high, at)?);
    if least > largest {
        let error = UnitError::new(format!("`{}` ends before it begins", truncate(range)));
        return Err((whole, error.or_write(format!("write `{high}..{low}`"))));
    }
    let scale = written.or(scale).unwrap_or(Scale::Linear);
    if scale == Scale::Log && least == 0 {
        let error = UnitError::new("a range with equal ratios cannot begin at 0");
        let hint = match written {
            Some(_) => "leave `log` out, or begin above 0",
            None => "write `linear` behind it, or begin above 0",
        };
        return Err((whole, error.or_write(hint)));
    }
    Ok(Numbers {
        kind,
        low: least,
        high: largest,
        scale,
        or_none,
    })
}

/// A range without the word for its scale, and that.
fn without_scale(range: &str) -> (&str, Option<Scale>) {
    for (word, scale) in [("log", Scale::Log), ("linear", Scale::Linear)] {
        if let Some(range) = range.strip_suffix(word)
            && range.ends_with(char::is_whitespace)
        {
            return (range.trim_end(), Some(scale));
        }
    }
    (range, None)
}

/// The kind of two numbers that both are of it; a decimal point makes a factor.
pub(super) fn kind_of(low: &str, high: &str) -> Option<KnobKind> {
    let is_bare = |text: &str| {
        text.chars()
            .all(|c| c.is_ascii_digit() || c == '.' || c == '_')
    };
    if is_bare(low) && is_bare(high) && (low.contains('.') || high.contains('.')) {
        return Some(KnobKind::Factor);
    }
    let both = |kind: &KnobKind| {
        [low, high]
            .iter()
            .all(|end| read_amount(*kind, end).is_ok())
    };
    KINDS.into_iter().find(both)
}

/// Which of `count` equal parts of the unit interval `coordinate` lies in.
pub(super) fn place(coordinate: f64, count: usize) -> usize {
    let place = coordinate.clamp(0.0, 1.0) * count as f64;
    (place as usize).min(count.saturating_sub(1))
}

/// The middle of the part at `place` of `count`.
fn middle(place: usize, count: usize) -> f64 {
    (place as f64 + 0.5) / count.max(1) as f64
}

/// The largest of 1, 2, 5, 10, 20 and so on that is not above `bound`.
fn step_below(bound: f64) -> f64 {
    let power = power_of_ten_below(bound);
    let steps = [5.0, 2.0, 1.0].map(|digit| digit * power);
    steps.into_iter().find(|step| *step <= bound).unwrap_or(1.0)
}

/// The largest power of ten that is not above `bound`; at least 1.
fn power_of_ten_below(bound: f64) -> f64 {
    let mut power = 1.0;
    while power * 10.0 <= bound {
        power *= 10.0;
    }
    power
}

/// Coordinates below this one are `none`, where that is a value.
const NONE_BELOW: f64 = 0.125;
/// A linear range has at least so many steps, where its unit allows.
const STEPS: f64 = 100.0;
/// The kinds to try, the strictest first.
const KINDS: [KnobKind; 8] = [
    KnobKind::Count,
    KnobKind::Time,
    KnobKind::Share,
    KnobKind::Speed,
    KnobKind::Rate,
    KnobKind::Tokens,
    KnobKind::Money,
    KnobKind::Factor,
];
const SHAPE: &str = "write as in `50ms..2s log`, `2..20` or `[a, b]`";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    fn numbers(text: &str) -> Domain {
        Domain::Numbers(read(text, None, None).expect(text))
    }

    #[test]
    fn ends_and_middles_are_what_a_person_would_write() {
        let texts = |text: &str| [0.0, 0.5, 1.0].map(|at| numbers(text).text(at));
        assert_eq!(texts("50ms..2s log"), ["50ms", "320ms", "2s"]);
        assert_eq!(texts("2..20"), ["2", "11", "20"]);
        assert_eq!(texts("80%..99.9%"), ["80%", "90%", "99.9%"]);
        assert_eq!(texts("0.5..1.5"), ["0.5", "1", "1.5"]);
        assert_eq!(texts("1/s..100/s log"), ["1/s", "10/s", "100/s"]);
    }

    #[test]
    fn none_takes_its_part_of_the_coordinates() {
        let domain = numbers("1s..10s or none");
        assert_eq!(
            [0.0, 0.1, 0.125, 1.0].map(|at| domain.text(at)),
            ["none", "none", "1s", "10s"]
        );
        assert_eq!(
            domain.text(domain.coordinate("none").expect("a value")),
            "none"
        );
    }

    #[test]
    fn mistakes_point_at_what_is_wrong() {
        let told = |text: &str, kind| {
            let (range, error) = read(text, kind, None).expect_err(text);
            format!(
                "{} | {} | {}",
                &text[range],
                error.message(),
                error.hint().unwrap_or_default()
            )
        };
        insta::assert_snapshot!(
            [
                told("5s", None),
                told("9s..5s", None),
                told("0s..5s log", None),
                told("5s..20", Some(KnobKind::Time)),
            ]
            .join("\n")
        );
    }

    proptest! {
        #[test]
        fn a_value_has_a_coordinate_that_gives_it_back(
            at in 0.0..=1.0_f64,
            or_none: bool,
            log: bool,
        ) {
            let scale = if log { "log" } else { "linear" };
            let none = if or_none { " or none" } else { "" };
            for range in ["1ms..1h", "1..64", "1%..100%", "1 tok..9k tok", "0.5..9.5"] {
                let domain = numbers(&format!("{range} {scale}{none}"));
                let text = domain.text(at);
                let back = domain.coordinate(&text).map(|at| domain.text(at));
                prop_assert_eq!(back, Some(text));
            }
        }

        #[test]
        fn no_coordinate_leaves_the_range(
            at in any::<f64>(),
            low in 1_u64..1_000,
            more in 0_u64..9_000,
        ) {
            let text = format!("{low}..{}", low + more);
            let number: u64 = numbers(&text).text(at).parse().expect("a count");
            prop_assert!((low..=low + more).contains(&number));
            let words = Domain::Words(vec!["a".to_owned(), "b".to_owned()]);
            prop_assert!(["a", "b"].contains(&words.text(at).as_str()));
        }
    }
}
