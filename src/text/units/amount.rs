//! Amounts that are no time: shares, counts, tokens, speeds, factors, money.

use super::{decimal, number, split_unit, truncate, with_serde};

/// Shares: `60%`, `0.25%`, in parts per 10^9, from 0 to 100 %.
pub mod share {
    use super::*;

    /// Reads a share.
    pub fn parse(text: &str) -> Result<u64, String> {
        let (amount, unit) = split_unit(text);
        let share = number(amount, 7).map_err(|wrong| format!("{wrong}: write as in `60%`"))?;
        match unit {
            "%" if share <= WHOLE => Ok(share),
            "%" => Err(format!(
                "`{}` is more than the whole: write at most `100%`",
                truncate(text)
            )),
            _ => Err(format!("a share needs a percent sign: write `{amount}%`")),
        }
    }

    /// The shortest exact form.
    pub fn write(share: u64) -> String {
        format!("{}%", decimal(share, 7))
    }

    with_serde!(u64, "a share such as `60%`");

    /// 100 %, in parts per 10^9.
    pub const WHOLE: u64 = 1_000_000_000;
}

/// Counts: `5_000`, `400k`, `2M`.
pub mod count {
    use super::*;

    /// Reads a count.
    pub fn parse(text: &str) -> Result<u64, String> {
        let (amount, unit) = split_unit(text);
        let hint = |wrong: String| format!("{wrong}: write as in `5_000` or `2M`");
        match scale(unit) {
            Some(zeros) => number(amount, zeros).map_err(hint),
            None => {
                number(amount, 9).map_err(hint)?;
                Err(hint(format!("a count has no unit `{}`", truncate(unit))))
            }
        }
    }

    /// The shortest exact form.
    pub fn write(count: u64) -> String {
        SCALES
            .iter()
            .map(|(name, zeros)| format!("{}{name}", decimal(count, *zeros)))
            .min_by_key(String::len)
            .unwrap_or_default()
    }

    /// How many zeros `k` or `M` stands for.
    pub(super) fn scale(unit: &str) -> Option<usize> {
        let found = SCALES.iter().find(|(name, _)| *name == unit);
        found.map(|(_, zeros)| *zeros)
    }

    with_serde!(u64, "a count such as `5_000` or `2M`");

    const SCALES: [(&str, usize); 3] = [("", 0), ("k", 3), ("M", 6)];
}

/// Tokens: `900 tok`, `1.5k tok`.
pub mod tokens {
    use super::*;

    /// Reads a number of tokens.
    pub fn parse(text: &str) -> Result<u64, String> {
        let (amount, unit) = split_unit(text);
        let scale = unit.strip_suffix("tok");
        match scale.and_then(|scale| count::scale(scale.trim_end())) {
            Some(zeros) => {
                number(amount, zeros).map_err(|wrong| format!("{wrong}: write as in `900 tok`"))
            }
            None => {
                number(amount, 9).map_err(|wrong| format!("{wrong}: write as in `900 tok`"))?;
                let known = if count::scale(unit).is_some() {
                    unit
                } else {
                    ""
                };
                Err(format!(
                    "tokens need their unit: write `{amount}{known} tok`"
                ))
            }
        }
    }

    /// The shortest exact form.
    pub fn write(tokens: u64) -> String {
        format!("{} tok", count::write(tokens))
    }

    with_serde!(u64, "a number of tokens such as `900 tok`");
}

/// Speeds: `130 tok/s`, in thousandths of a token per second.
pub mod speed {
    use super::*;

    /// Reads a speed.
    pub fn parse(text: &str) -> Result<u64, String> {
        let (amount, unit) = split_unit(text);
        let speed =
            number(amount, 3).map_err(|wrong| format!("{wrong}: write as in `130 tok/s`"))?;
        if unit != "tok/s" {
            return Err(format!("a speed needs its unit: write `{amount} tok/s`"));
        }
        Ok(speed)
    }

    /// The shortest exact form.
    pub fn write(speed: u64) -> String {
        format!("{} tok/s", decimal(speed, 3))
    }

    with_serde!(u64, "a speed such as `130 tok/s`");
}

/// Factors: `2`, `1.5`, in thousandths.
pub mod factor {
    use super::*;

    /// Reads a factor.
    pub fn parse(text: &str) -> Result<u64, String> {
        number(text.trim(), 3).map_err(|wrong| format!("{wrong}: write a factor such as `1.5`"))
    }

    /// The shortest exact form.
    pub fn write(factor: u64) -> String {
        decimal(factor, 3)
    }

    with_serde!(u64, "a factor such as `1.5`");
}

/// Money: `3.00 USD`.
pub mod money {
    use super::*;
    use crate::money::Money;

    /// Reads an amount of US dollars.
    pub fn parse(text: &str) -> Result<Money, String> {
        let (amount, unit) = split_unit(text);
        let nanos =
            number(amount, 9).map_err(|wrong| format!("{wrong}: write as in `3.00 USD`"))?;
        if unit != "USD" {
            return Err(format!("money needs its currency: write `{amount} USD`"));
        }
        Ok(Money::from_nanos(nanos))
    }

    /// The shortest exact form.
    pub fn write(money: Money) -> String {
        format!("{money} USD")
    }

    with_serde!(crate::money::Money, "an amount such as `3.00 USD`");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Money;
    use proptest::prelude::*;

    #[test]
    fn amounts_are_read_exactly() {
        assert_eq!(share::parse("60%"), Ok(600_000_000));
        assert_eq!(share::parse("0.25 %"), Ok(2_500_000));
        assert_eq!(count::parse("5_000"), Ok(5_000));
        assert_eq!(count::parse("2M"), Ok(2_000_000));
        assert_eq!(tokens::parse("1.5k tok"), Ok(1_500));
        assert_eq!(tokens::parse("900tok"), Ok(900));
        assert_eq!(speed::parse("130 tok/s"), Ok(130_000));
        assert_eq!(factor::parse("1.5"), Ok(1_500));
        assert_eq!(
            money::parse("0.2288 USD"),
            Ok(Money::from_nanos(228_800_000))
        );
    }

    #[test]
    fn wrong_amounts_say_what_to_write() {
        let wrong: [(Result<u64, String>, &str); 13] = [
            (
                share::parse("60"),
                "a share needs a percent sign: write `60%`",
            ),
            (share::parse("101%"), "write at most `100%`"),
            (share::parse("0.00000001%"), "too fine"),
            (share::parse("NaN%"), "not a number: write as in `60%`"),
            (count::parse("5 rpm"), "no unit `rpm`"),
            (count::parse("1.5"), "too fine"),
            (count::parse("-1"), "negative"),
            (
                tokens::parse("900"),
                "tokens need their unit: write `900 tok`",
            ),
            (tokens::parse("8k"), "write `8k tok`"),
            (tokens::parse("0.0001k tok"), "too fine"),
            (speed::parse("130"), "write `130 tok/s`"),
            (factor::parse("2x"), "write a factor such as `1.5`"),
            (
                money::parse("3.00").map(Money::as_nanos),
                "write `3.00 USD`",
            ),
        ];
        for (result, part) in wrong {
            let message = result.unwrap_err();
            assert!(message.contains(part), "{message}");
        }
        assert!(
            money::parse("99999999999 USD")
                .unwrap_err()
                .contains("too large")
        );
    }

    #[test]
    fn amounts_are_written_as_people_write_them() {
        assert_eq!(count::write(400_000), "400k");
        assert_eq!(count::write(1_500), "1500");
        assert_eq!(tokens::write(220), "220 tok");
        assert_eq!(share::write(2_500_000), "0.25%");
        assert_eq!(speed::write(130_500), "130.5 tok/s");
        assert_eq!(money::write(Money::from_nanos(3_000_000_000)), "3 USD");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value: u64, zeros in 0_u32..19) {
            let value = value / 10_u64.pow(zeros) * 10_u64.pow(zeros);
            let share = value % 1_000_000_001;
            prop_assert_eq!(share::parse(&share::write(share)), Ok(share));
            prop_assert_eq!(count::parse(&count::write(value)), Ok(value));
            prop_assert_eq!(tokens::parse(&tokens::write(value)), Ok(value));
            prop_assert_eq!(speed::parse(&speed::write(value)), Ok(value));
            prop_assert_eq!(factor::parse(&factor::write(value)), Ok(value));
            let money = Money::from_nanos(value);
            prop_assert_eq!(money::parse(&money::write(money)), Ok(money));
        }

        #[test]
        fn no_text_makes_them_panic(text in "[-0-9_./a-zA-Z% ]{0,12}|\\PC{0,9}") {
            let _ = (share::parse(&text), count::parse(&text), tokens::parse(&text));
            let _ = (speed::parse(&text), factor::parse(&text), money::parse(&text));
        }
    }
}
