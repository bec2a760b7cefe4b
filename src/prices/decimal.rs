//! Decimal numbers of JSON as exact amounts.

use crate::units::Money;

/// The number `text` (`2e-06`, `0.28`) times 10^`zeros`, in dollars; rounded half up where it is
/// finer than a nano-dollar, as the noise of floats in published lists is.
pub(super) fn nano_dollars(text: &str, zeros: i32) -> Option<Money> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    let number: u128 = if digits.is_empty() {
        0
    } else {
        digits.parse().ok()?
    };
    let decimals = i32::try_from(fraction.len()).ok()?;
    let shift = exponent
        .checked_add(zeros)?
        .checked_add(NANO)?
        .checked_sub(decimals)?;
    let power = |by: u32| 10_u128.checked_pow(by);
    let nanos = match u32::try_from(shift) {
        Ok(up) if number > 0 => number.checked_mul(power(up)?)?,
        Ok(_) => 0,
        Err(_) => match power(shift.unsigned_abs()) {
            Some(power) => (number + power / 2) / power,
            None => 0,
        },
    };
    u64::try_from(nanos).ok().map(Money::from_nanos)
}

/// Decimals of a dollar.
const NANO: i32 = 9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_exactly() {
        for (text, zeros, usd) in [
            ("2e-06", 6, "2"),
            ("8E-6", 6, "8"),
            ("1.88e-05", 6, "18.8"),
            ("0.000000225", 6, "0.225"),
            ("2.9999900000000002e-06", 6, "2.99999"),
            ("0.0", 6, "0"),
            ("0.2288", 0, "0.2288"),
            ("1e1", 0, "10"),
            ("4e-300", 0, "0"),
        ] {
            assert_eq!(
                nano_dollars(text, zeros).map(Money::usd),
                Some(usd.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_price_is_none() {
        for text in [
            "",
            "-1",
            "x",
            "1e",
            "1e99",
            "NaN",
            "1.2.3",
            "e5",
            "1e2147483647",
        ] {
            assert_eq!(nano_dollars(text, 6), None, "{text}");
        }
    }
}
