//! The units of measures: text forms for programs and for people, and the bounds that fit.
//!
//! [`super::measures`] assigns units to measures.

use serde::{Serialize, Serializer};

use super::ratio::{Ratio, grouped};
use crate::expect::Bound;

/// The unit of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unit {
    /// A share: 1 is all of it.
    Ratio,
    /// Milliseconds.
    Ms,
    /// A whole number of things.
    Count,
    /// A number of things in each run: the mean over the runs.
    CountPerRun,
    /// US dollars.
    Usd,
    /// US dollars for each run: the mean over the runs.
    UsdPerRun,
    /// A mean number.
    Number,
    /// A number per second.
    PerSecond,
    /// Tokens.
    Tokens,
    /// Tokens in each run: the mean over the runs.
    TokensPerRun,
}

impl Unit {
    /// The name in documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ratio => "ratio",
            Self::Ms => "ms",
            Self::Count => "count",
            Self::CountPerRun => "count_per_run",
            Self::Usd => "usd",
            Self::UsdPerRun => "usd_per_run",
            Self::Number => "number",
            Self::PerSecond => "per_second",
            Self::Tokens => "tokens",
            Self::TokensPerRun => "tokens_per_run",
        }
    }

    /// Whether it is the mean over the runs.
    pub const fn is_per_run(self) -> bool {
        matches!(
            self,
            Self::CountPerRun | Self::UsdPerRun | Self::TokensPerRun
        )
    }

    /// `value` for programs: a decimal number of at most nine decimals.
    pub fn decimal(self, value: Ratio) -> String {
        value.decimal(match self {
            Self::Ratio | Self::Number | Self::PerSecond => 9,
            Self::Usd | Self::UsdPerRun | Self::CountPerRun => 9,
            Self::Ms | Self::Tokens | Self::TokensPerRun => 3,
            Self::Count => 0,
        })
    }

    /// `value` for people, as short as it is useful: `66.71%`, `6.3s`, `18,022`, `0.0412 USD`.
    pub fn shown(self, value: Ratio) -> String {
        let (scaled, suffix, places) = self.scaled(value);
        self.written(scaled, suffix, places)
    }

    /// `value` for people, without zeros at the end: `30m`. For configured, not measured values.
    pub fn brief(self, value: Ratio) -> String {
        let (scaled, suffix, places) = self.scaled(value);
        format!("{}{suffix}", scaled.decimal(places))
    }

    /// `value` for people, with enough decimals to be on its own side of `bound`; says when it is
    /// per run.
    pub(crate) fn shown_beside(self, value: Ratio, bound: Ratio) -> String {
        let (scaled, suffix, places) = self.scaled(value);
        // The bound in the same scale; only its order matters.
        let limit = match suffix {
            "%" => bound.times(100),
            "s" => bound.divided_by(MS_PER_S),
            "m" => bound.divided_by(MS_PER_MIN),
            "h" => bound.divided_by(MS_PER_H),
            "k tok" => bound.divided_by(1_000),
            "M tok" => bound.divided_by(1_000_000),
            _ => bound,
        };
        let faithful = (places..9)
            .find(|&places| scaled.rounded(places).cmp(&limit) == scaled.cmp(&limit))
            .unwrap_or(9);
        let written = self.written(scaled, suffix, faithful);
        match self.is_per_run() {
            true => format!("{written} per run"),
            false => written,
        }
    }

    /// `bound` in this unit; `None` when it was written in another one.
    pub(crate) fn worth(self, bound: Bound) -> Option<Ratio> {
        match (self, bound) {
            (Self::Ratio, Bound::Share(parts))
            | (Self::Usd | Self::UsdPerRun, Bound::Money(parts))
            | (Self::PerSecond, Bound::Rate(parts))
            | (Self::Count | Self::CountPerRun | Self::Number, Bound::Number(parts)) => {
                Some(Ratio::billionths(parts))
            }
            (Self::Tokens | Self::TokensPerRun, Bound::Tokens(tokens)) => {
                Some(Ratio::whole(tokens))
            }
            (Self::Ms, Bound::Time(nanos)) => Some(Ratio::whole(nanos).divided_by(NANOS_PER_MS)),
            _ => None,
        }
    }

    /// An example of a bound in this unit.
    pub(crate) const fn example(self) -> &'static str {
        match self {
            Self::Ratio => "a share, such as `99.5%`",
            Self::Ms => "a length of time, such as `2.5s` or `800ms`",
            Self::Count | Self::CountPerRun => "a bare number, such as `3`",
            Self::Usd | Self::UsdPerRun => "an amount of money, such as `0.004 USD`",
            Self::Number => "a bare number, such as `1.3`",
            Self::PerSecond => "a rate, such as `4.5/s`",
            Self::Tokens | Self::TokensPerRun => "a number of tokens, such as `50k tok`",
        }
    }

    /// `value` in the usual scale for people, that scale's suffix, and its usual decimals.
    fn scaled(self, value: Ratio) -> (Ratio, &'static str, u32) {
        let below = |limit: u64| value < Ratio::whole(limit);
        match self {
            Self::Ratio => (value.times(100), "%", 2),
            Self::Ms if below(MS_PER_S) => (value, "ms", 0),
            Self::Ms if below(MS_PER_MIN) => (value.divided_by(MS_PER_S), "s", 1),
            Self::Ms if below(MS_PER_H) => (value.divided_by(MS_PER_MIN), "m", 1),
            Self::Ms => (value.divided_by(MS_PER_H), "h", 1),
            Self::Count => (value, "", 0),
            Self::CountPerRun => (value, "", decimals(value)),
            Self::Usd | Self::UsdPerRun => (value, " USD", 4),
            Self::Number => (value, "", 2),
            Self::PerSecond => (value, "/s", 2),
            Self::Tokens | Self::TokensPerRun if below(10_000) => (value, " tok", 0),
            Self::Tokens | Self::TokensPerRun if below(10_000_000) => {
                (value.divided_by(1_000), "k tok", 1)
            }
            Self::Tokens | Self::TokensPerRun => (value.divided_by(1_000_000), "M tok", 1),
        }
    }

    fn written(self, scaled: Ratio, suffix: &str, places: u32) -> String {
        let fixed = scaled.fixed(places);
        match self {
            Self::Ratio => percent(scaled, places),
            Self::Count | Self::CountPerRun => grouped_decimal(&fixed),
            _ => format!("{fixed}{suffix}"),
        }
    }
}

/// The decimals that a mean count needs: none when it is whole, else one, or as many as it takes
/// not to look like zero.
fn decimals(value: Ratio) -> u32 {
    if value.rounded(0) == value {
        return 0;
    }
    let is_seen = |places: &u32| value.rounded(*places) > Ratio::whole(0);
    (1..9).find(is_seen).unwrap_or(9)
}

/// `18022.5` as `18,022.5`.
fn grouped_decimal(fixed: &str) -> String {
    let (whole, decimals) = fixed.split_once('.').unwrap_or((fixed, ""));
    let point = if decimals.is_empty() { "" } else { "." };
    match whole.parse() {
        Ok(whole) => format!("{}{point}{decimals}", grouped(whole)),
        Err(_) => fixed.to_owned(),
    }
}

/// `per_cent` with `places` decimals. A value below 100 % never rounds up to 100 %: one failed call
/// of a million leaves `99.99%`.
pub(super) fn percent(per_cent: Ratio, places: u32) -> String {
    let whole = Ratio::whole(100);
    let step = Ratio::whole(1).divided_by(10_u64.pow(places.min(9)));
    if per_cent < whole && per_cent.rounded(places) == whole {
        return format!("{}%", whole.minus(step).fixed(places));
    }
    format!("{}%", per_cent.fixed(places))
}

/// A value in the result document: money as a decimal string, all else as a number, and `null` when
/// it is undefined.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written(pub Unit, pub Option<Ratio>);

impl Serialize for Written {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(unit, Some(value)) = *self else {
            return serializer.serialize_none();
        };
        let text = unit.decimal(value);
        if matches!(unit, Unit::Usd | Unit::UsdPerRun) {
            return serializer.serialize_str(&text);
        }
        // The nearest float to a decimal prints as that decimal: nothing is added or rounded here.
        match (text.parse::<u64>(), text.parse::<f64>()) {
            (Ok(whole), _) => serializer.serialize_u64(whole),
            (_, Ok(number)) => serializer.serialize_f64(number),
            _ => serializer.serialize_none(),
        }
    }
}

const NANOS_PER_MS: u64 = 1_000_000;
const MS_PER_S: u64 = 1_000;
const MS_PER_MIN: u64 = 60 * MS_PER_S;
const MS_PER_H: u64 = 60 * MS_PER_MIN;

#[cfg(test)]
mod tests {
    use super::*;

    fn json(unit: Unit, value: Option<Ratio>) -> String {
        serde_json::to_string(&Written(unit, value)).unwrap()
    }

    #[test]
    fn documents_hold_decimals_of_at_most_nine_places() {
        assert_eq!(json(Unit::Ratio, Ratio::share(2, 3)), "0.666666667");
        assert_eq!(json(Unit::Ratio, Ratio::share(3, 3)), "1");
        assert_eq!(json(Unit::Ms, Ratio::share(12_345_678, 1_000)), "12345.678");
        assert_eq!(json(Unit::Usd, Ratio::share(1, 3)), "\"0.333333333\"");
        assert_eq!(json(Unit::Number, None), "null");
    }

    #[test]
    fn people_read_short_numbers() {
        let shown = |unit: Unit, part, all| unit.shown(Ratio::share(part, all).unwrap());
        assert_eq!(shown(Unit::Ratio, 2, 3), "66.67%");
        assert_eq!(shown(Unit::Ms, 850, 1), "850ms");
        assert_eq!(shown(Unit::Ms, 6_349, 1), "6.3s");
        assert_eq!(shown(Unit::Ms, 90_000, 1), "1.5m");
        assert_eq!(shown(Unit::Ms, 9_000_000, 1), "2.5h");
        assert_eq!(shown(Unit::Count, 18_022, 1), "18,022");
        assert_eq!(shown(Unit::Usd, 412, 100_000), "0.0041 USD");
        assert_eq!(shown(Unit::Number, 4, 3), "1.33");
    }

    #[test]
    fn a_mean_count_is_short_and_never_looks_like_zero() {
        let shown = |part, all| Unit::CountPerRun.shown(Ratio::share(part, all).unwrap());
        assert_eq!(shown(0, 5), "0");
        assert_eq!(shown(9_010, 5), "1,802");
        assert_eq!(shown(90_112, 50), "1,802.2");
        assert_eq!(shown(1, 5), "0.2");
        assert_eq!(shown(1, 200), "0.01");
        let beside = Unit::CountPerRun.shown_beside(Ratio::share(16, 5).unwrap(), Ratio::whole(3));
        assert_eq!(beside, "3.2 per run");
        let beside = Unit::UsdPerRun.shown_beside(Ratio::whole(2), Ratio::whole(3));
        assert_eq!(beside, "2.0000 USD per run");
    }

    #[test]
    fn a_value_shown_beside_its_bound_never_looks_like_the_bound() {
        let bound = Ratio::share(995, 1_000).unwrap();
        let value = Ratio::share(994_996, 1_000_000).unwrap();
        assert_eq!(Unit::Ratio.shown_beside(value, bound), "99.4996%");
        assert_eq!(
            Unit::Ms.shown_beside(Ratio::whole(2_510), Ratio::whole(2_500)),
            "2.51s"
        );
        assert_eq!(
            Unit::Ms.shown_beside(Ratio::whole(2_500), Ratio::whole(2_500)),
            "2.5s"
        );
    }

    #[test]
    fn what_is_not_whole_never_looks_whole() {
        let shown = |part| Unit::Ratio.shown(Ratio::share(part, 1_000_000).unwrap());
        assert_eq!(shown(1_000_000), "100.00%");
        assert_eq!(shown(999_999), "99.99%");
        assert_eq!(shown(999_940), "99.99%");
        assert_eq!(percent(Ratio::share(99_999, 1_000).unwrap(), 1), "99.9%");
    }

    #[test]
    fn lengths_that_were_given_are_shown_as_given() {
        assert_eq!(Unit::Ms.brief(Ratio::whole(1_800_000)), "30m");
        assert_eq!(Unit::Ms.brief(Ratio::whole(5_400_000)), "1.5h");
        assert_eq!(Unit::Ms.brief(Ratio::whole(100)), "100ms");
    }

    #[test]
    fn a_bound_fits_its_own_unit_only() {
        assert_eq!(
            Unit::Ms.worth(Bound::Time(2_500_000_000)),
            Some(Ratio::whole(2_500))
        );
        assert_eq!(
            Unit::Count.worth(Bound::Number(3_000_000_000)),
            Some(Ratio::whole(3))
        );
        assert_eq!(Unit::Ratio.worth(Bound::Number(995_000_000)), None);
        assert_eq!(Unit::Usd.worth(Bound::Time(1)), None);
    }
}
