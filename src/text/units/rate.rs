//! How often something happens: `8/s`, `1/min`, `90/h`, `0.5/s`.

use std::time::Duration;

use super::{decimal, number, split_unit, truncate, with_serde};

/// So many in so much time, exactly as written: `1/min` has no finite decimal per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerTime {
    /// How many, in parts of 10^-9; never 0.
    pub count_nano: u64,
    /// In how much time: a second, a minute, an hour or a day.
    pub per: Duration,
}

impl PerTime {
    /// The time from one to the next on average, rounded to a nanosecond; never 0.
    pub fn mean_gap(self) -> Duration {
        let per = self.per.as_nanos() * 1_000_000_000;
        let count = u128::from(self.count_nano.max(1));
        let gap = (per + count / 2) / count;
        Duration::from_nanos(u64::try_from(gap).unwrap_or(u64::MAX))
    }
}

/// Reads a rate of at least one in 100 years and at most one in a nanosecond.
pub fn parse(text: &str) -> Result<PerTime, String> {
    let (amount, unit) = split_unit(text);
    let count_nano = number(amount, 9).map_err(|wrong| format!("{wrong}: write as in `8/s`"))?;
    let unit = unit.strip_prefix('/').map(str::trim_start);
    let Some(unit) = unit else {
        return Err(format!(
            "a rate says how many in which time: write `{amount}/s` or `{amount}/min`"
        ));
    };
    let Some((_, seconds)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        let shown = truncate(unit);
        return Err(format!(
            "a rate cannot be per `{shown}`: write `/s`, `/min`, `/h` or `/d`"
        ));
    };
    let per = Duration::from_secs(*seconds);
    let rate = PerTime { count_nano, per };
    let gap = rate.mean_gap();
    if count_nano == 0 || gap > SLOWEST {
        return Err(format!(
            "`{}` never happens: write as in `8/s`",
            truncate(text)
        ));
    }
    if gap.is_zero() {
        return Err(format!("`{}` is too large", truncate(text)));
    }
    Ok(rate)
}

/// As it was written, without needless zeros.
pub fn write(rate: PerTime) -> String {
    let seconds = rate.per.as_secs();
    let unit = UNITS.iter().find(|(_, unit)| *unit == seconds);
    let unit = unit.map_or("s", |(name, _)| name);
    format!("{}/{unit}", decimal(rate.count_nano, 9))
}

with_serde!(crate::text::units::PerTime, "a rate such as `8/s`");

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
            let rate = parse(text).unwrap();
            assert_eq!(rate.mean_gap(), Duration::from_nanos(gap), "{text}");
            assert_eq!(write(rate), text);
        }
        assert_eq!(parse("8 / s"), parse("8/s"));
    }

    #[test]
    fn wrong_rates_say_what_to_write() {
        for (text, part) in [
            ("8", "write `8/s` or `8/min`"),
            ("8/m", "a rate cannot be per `m`: write `/s`"),
            ("-8/s", "negative"),
            ("0/s", "never happens"),
            ("0.000000001/d", "never happens"),
            ("9000000000/s", "too large"),
            ("NaN/s", "not a number"),
        ] {
            let message = parse(text).unwrap_err();
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
            let rate = PerTime { count_nano, per };
            prop_assert_eq!(parse(&write(rate)), Ok(rate));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-0-9_./a-z ]{0,12}|\\PC{0,9}") {
            let _ = parse(&text);
        }
    }
}
