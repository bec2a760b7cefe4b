//! How often something happens: `8/s`, `1/min`, `90/h`, `0.5/s`.

use std::fmt;
use std::time::Duration;

use super::error::truncate;
use super::number::{decimal, number, split_unit, too_large, with_point};
use super::{Factor, UnitError};

#[cfg(feature = "cli")]
use super::schema;
use super::spelling::time_of_rate;
use super::text_form::text_form;

/// A count per time, exactly as written: `1/min` has no finite decimal per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The count, in parts of 10^-9; never 0.
    pub count_nano: u64,
    /// The time it is counted in: a second, a minute, an hour or a day.
    pub per: Duration,
}

impl Rate {
    /// `count` a second, saturating.
    pub const fn per_second(count: u64) -> Self {
        Self {
            count_nano: count.saturating_mul(1_000_000_000),
            per: Duration::from_secs(1),
        }
    }

    /// How many there are in a second, in parts of 10^-9, rounded down, saturating.
    pub fn nano_per_second(self) -> u64 {
        let exact = u128::from(self.count_nano) * 1_000_000_000 / self.per.as_nanos().max(1);
        u64::try_from(exact).unwrap_or(u64::MAX)
    }

    /// So many times as often, saturating.
    pub fn scaled(self, by: Factor) -> Self {
        Self {
            count_nano: by.times(self.count_nano),
            ..self
        }
    }

    /// The time from one to the next on average, rounded to a nanosecond; never 0.
    pub fn mean_gap(self) -> Duration {
        let per = self.per.as_nanos() * 1_000_000_000;
        let count = u128::from(self.count_nano.max(1));
        let gap = (per + count / 2) / count;
        Duration::from_nanos(u64::try_from(gap).unwrap_or(u64::MAX))
    }

    /// Reads a rate of at least one in 100 years and at most one in a nanosecond.
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        with_point(text, Self::read)
    }

    fn read(text: &str) -> Result<Self, UnitError> {
        let (amount, unit) = split_unit(text);
        let count_nano = number(amount, 9).map_err(|wrong| wrong.or_write("write as in `8/s`"))?;
        let per = Duration::from_secs(seconds(amount, unit)?);
        let rate = Self { count_nano, per };
        let gap = rate.mean_gap();
        if count_nano == 0 || gap > SLOWEST {
            let error = UnitError::new(format!("`{}` never happens", truncate(text)));
            return Err(error.or_write("write as in `8/s`"));
        }
        if gap.is_zero() {
            return Err(too_large(text));
        }
        Ok(rate)
    }
}

/// As it was written, without needless zeros.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.per.as_secs();
        let unit = UNITS.iter().find(|(_, unit)| *unit == seconds);
        let unit = unit.map_or("s", |(name, _)| name);
        write!(f, "{}/{unit}", decimal(self.count_nano, 9))
    }
}

text_form!(Rate, "a rate such as `8/s`",
    schema "Rate": schema::text(r"N\s*/\s*(s|min|h|d)", "8/s"));

/// The seconds of the time behind the slash of `unit`.
fn seconds(amount: &str, unit: &str) -> Result<u64, UnitError> {
    let time = unit.strip_prefix('/').map(str::trim_start);
    let known = UNITS.iter().find(|(name, _)| Some(*name) == time);
    if let Some((_, seconds)) = known {
        return Ok(*seconds);
    }
    let error = UnitError::new(match time {
        Some(time) => format!("a rate cannot be per `{}`", truncate(time)),
        None => "a rate says how many in which time".to_owned(),
    });
    let times = match time_of_rate(unit) {
        Some("m") => vec!["min"],
        Some(time) => vec![time],
        None if unit.is_empty() => vec!["s", "min"],
        None => Vec::new(),
    };
    // A form per millisecond would lead to this error again, and so without end.
    let is_unit = |time: &&str| UNITS.iter().any(|(name, _)| name == time);
    let forms = times.into_iter().filter(is_unit);
    let forms = Vec::from_iter(forms.map(|time| format!("{amount}/{time}")));
    Err(match time {
        Some(_) if forms.is_empty() => error.or_write("write `/s`, `/min`, `/h` or `/d`"),
        _ => error.or_one_of(Rate::read, forms, "8/s`, `8/min`, `8/h` or `8/d"),
    })
}

const UNITS: [(&str, u64); 4] = [("s", 1), ("min", 60), ("h", 3_600), ("d", 86_400)];
const SLOWEST: Duration = Duration::from_secs(36_525 * 86_400);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rates_keep_what_was_written() {
        for (text, gap) in [
            ("8/s", 125_000_000),
            ("1/min", 60_000_000_000),
            ("90/h", 40_000_000_000),
            ("0.5/s", 2_000_000_000),
            ("3/s", 333_333_333),
            ("1/d", 86_400_000_000_000),
        ] {
            let rate = Rate::parse(text).unwrap();
            assert_eq!(rate.mean_gap(), Duration::from_nanos(gap), "{text}");
            assert_eq!(rate.to_string(), text);
        }
        assert_eq!(Rate::parse("8 / s"), Rate::parse("8/s"));
    }

    #[test]
    fn wrong_rates_say_what_to_write() {
        for (text, part) in [
            ("8", "write `8/s` or `8/min`"),
            ("480/m", "a rate cannot be per `m`: write `480/min`"),
            ("8 rps", "how many in which time: write `8/s`"),
            ("480 rpm", "write `480/min`"),
            ("8 req/s", "write `8/s`"),
            ("8 per second", "write `8/s`"),
            (
                "8/year",
                "cannot be per `year`: write `/s`, `/min`, `/h` or `/d`",
            ),
            (
                "2/ms",
                "cannot be per `ms`: write `/s`, `/min`, `/h` or `/d`",
            ),
            ("2 calls per microsecond", "write as in `8/s`"),
            ("8s", "write as in `8/s`"),
            ("8 tok/s", "write as in `8/s`"),
            ("1,5/s", "a comma in a number: write `1.5/s`"),
            ("-8/s", "negative"),
            ("0/s", "never happens"),
            ("0.000000001/d", "never happens"),
            ("9000000000/s", "too large"),
            ("NaN/s", "not a number"),
        ] {
            let message = Rate::parse(text).unwrap_err().to_string();
            assert!(message.contains(part), "{text}: {message}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            count_nano in 1_000_u64..1_000_000_000_000,
            at in 0..4_usize,
        ) {
            let per = Duration::from_secs(UNITS[at].1);
            let rate = Rate { count_nano, per };
            prop_assert_eq!(Rate::parse(&rate.to_string()), Ok(rate));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-0-9_./a-z ]{0,12}|\\PC{0,9}") {
            let _ = Rate::parse(&text);
        }
    }
}
