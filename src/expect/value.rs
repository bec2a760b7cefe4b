//! What stands behind the comparison: `99.5%`, `1.15 * other`, `other + 5%`, `99% with 95%`.

use std::ops::Range;

use super::{Bound, Point, SHAPE, Shift, words};
use crate::policy::config::EVERY;
use crate::text::Diagnostic;
use crate::time::nanos;
use crate::units::{Factor, Money, Rate, Share, UnitError, count, duration, tokens, truncate};

/// What a measure is compared with.
pub(super) struct Value {
    pub(super) bound: Bound,
    pub(super) than: Option<String>,
    pub(super) shift: Option<Shift>,
    pub(super) by_interval: bool,
}

/// Reads the text after the comparison, which ends at byte `from`.
pub(super) fn read(text: &str, from: usize, point: Point<'_>) -> Result<Value, Diagnostic> {
    let (end, by_interval) = interval(text, from, point)?;
    let value = text[from..end].trim();
    let start = end - text[from..end].trim_start().len();
    if value.is_empty() {
        let message = "there is no value after the comparison";
        return Err(point(start..start, message.into()).hint(SHAPE));
    }
    let (bound, than, shift) = match relative(value) {
        Some(parts) => {
            let read = parts.read();
            let (factor, shift) =
                read.map_err(|(part, error)| at(text, start, part, &error, point))?;
            (Bound::Times(factor), Some(parts.policy.to_owned()), shift)
        }
        None => match single(value) {
            Ok(bound) => (bound, None, None),
            Err(error) => return Err(at(text, start, value, &error, point)),
        },
    };
    Ok(Value {
        bound,
        than,
        shift,
        by_interval,
    })
}

/// `error` about `part`, which is somewhere behind byte `start`.
fn at(text: &str, start: usize, part: &str, error: &UnitError, point: Point<'_>) -> Diagnostic {
    let found = text[start..].find(part).unwrap_or(0);
    let range: Range<usize> = start + found..start + found + part.len();
    point(range, error.message().to_owned()).hint_of(error)
}

/// The end of the value after the comparison, and whether `with 95%` follows it.
fn interval(text: &str, from: usize, point: Point<'_>) -> Result<(usize, bool), Diagnostic> {
    let words = words(&text[from..]);
    let Some(place) = words.iter().position(|(_, word)| *word == "with") else {
        return Ok((text.len(), false));
    };
    let at = from + words[place].0;
    let level: Vec<&str> = words[place + 1..].iter().map(|(_, word)| *word).collect();
    match *level {
        ["95%"] | ["95", "%"] => Ok((at, true)),
        _ => {
            let message = "an interval of this kind is not known".to_owned();
            Err(point(at..text.trim_end().len(), message).hint("write `with 95%`"))
        }
    }
}

/// `[FACTOR *] POLICY [+ VALUE | - VALUE]`, cut into its parts.
struct Relative<'a> {
    all: &'a str,
    factor: Option<&'a str>,
    policy: &'a str,
    shift: Option<(bool, &'a str)>,
}

/// The parts of `value`, if it is relative to a policy: a product, or a word that is no quantity.
fn relative(value: &str) -> Option<Relative<'_>> {
    let (factor, rest) = match value.split_once('*') {
        Some((factor, rest)) => (Some(factor.trim()), rest.trim()),
        None => (None, value),
    };
    // A blank stands before `-`, because a policy's name may hold one.
    let sign = rest.find('+').or_else(|| rest.find(" - ").map(|at| at + 1));
    let (policy, shift) = match sign {
        Some(at) => {
            let shift = (rest[at..].starts_with('-'), rest[at + 1..].trim());
            (rest[..at].trim(), Some(shift))
        }
        None => (rest, None),
    };
    let is_word = policy.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let is_money = is_currency(policy.split_whitespace().next().unwrap_or_default());
    (factor.is_some() || (is_word && !is_money)).then_some(Relative {
        all: value,
        factor,
        policy,
        shift,
    })
}

impl<'a> Relative<'a> {
    /// `FACTOR * POLICY`, for a value that has them the other way round.
    fn turned(&self) -> Option<String> {
        let policy = self
            .factor
            .filter(|factor| is_word(factor) && number(factor).is_err())?;
        let is_factor = self.shift.is_none() && number(self.policy).is_ok();
        is_factor.then(|| format!("{} * {policy}", self.policy))
    }

    /// The factor in parts of 10^-9, and the shift; or the part that is wrong.
    fn read(&self) -> Result<(u64, Option<Shift>), (&'a str, UnitError)> {
        let wrong = || {
            let error = UnitError::new(format!("`{}` is no value", truncate(self.all)));
            (
                self.all,
                error.or_write("write as in `1.15 * my-policy`, `my-policy + 5%` or `99.5%`"),
            )
        };
        if let Some(turned) = self.turned() {
            let error = UnitError::new("the factor stands behind the policy");
            return Err((self.all, error.or_write(format!("write `{turned}`"))));
        }
        let is_open = self.shift.is_some_and(|(_, by)| by.is_empty());
        if is_open || self.policy.is_empty() || !is_word(self.policy) {
            return Err(wrong());
        }
        if self.policy == EVERY {
            let error = UnitError::new(format!("`{EVERY}` is not one policy"));
            return Err((self.policy, error.or_write("compare with one of them")));
        }
        let factor = match self.factor.map(number) {
            None => 1_000_000_000,
            Some(Ok(Bound::Number(parts))) => parts,
            Some(_) => return Err(wrong()),
        };
        let shift = self.shift.map(|(is_less, by)| {
            let by = single(by).map_err(|error| (by, error))?;
            Ok(Shift { is_less, by })
        });
        Ok((factor, shift.transpose()?))
    }
}

/// Whether it could be the name of a policy.
fn is_word(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    text.chars().all(fits)
}

/// Whether `value` is a quantity.
pub(super) fn is_single(value: &str) -> bool {
    value.starts_with(|c: char| c.is_ascii_digit()) && single(value).is_ok()
}

fn single(value: &str) -> Result<Bound, UnitError> {
    let has = |words: &[&str]| words.iter().any(|word| value.contains(word));
    let last = value.chars().next_back();
    if has(&["%", "percent", "pct"]) {
        Share::parse(value).map(|share| Bound::Share(share.as_parts()))
    } else if is_money(value) {
        Money::parse(value).map(|money| Bound::Money(money.as_nanos()))
    } else if has(&["/", " per ", "rps", "rpm"]) {
        Rate::parse(value).map(|rate| Bound::Rate(rate.count_nano / rate.per.as_secs()))
    } else if has(&["tok"]) {
        tokens::parse(value).map(Bound::Tokens)
    } else if value.ends_with(['k', 'M']) && is_quantity(value) {
        count::parse(value).and_then(|count| scaled(value, count, 1_000_000_000))
    } else if last.is_some_and(char::is_alphabetic) && is_quantity(value) {
        duration::parse(value).map(|length| Bound::Time(nanos(length)))
    } else {
        number(value)
    }
}

/// Whether `value` is an amount with a currency: with the right one, or with another.
fn is_money(value: &str) -> bool {
    let is_sign = |c: &char| c.is_alphabetic() || "$€£¥₹¢".contains(*c);
    is_currency(&value.chars().filter(is_sign).collect::<String>())
}

fn is_currency(word: &str) -> bool {
    let mut known = CURRENCIES.iter();
    known.any(|currency| currency.eq_ignore_ascii_case(word))
}

/// Whether `value` begins like a number and could end in a unit.
fn is_quantity(value: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | ',' | '_' | ' ');
    value.starts_with(|c: char| c.is_ascii_digit()) && value.chars().all(fits)
}

/// A bare number has the decimals of a factor.
fn number(value: &str) -> Result<Bound, UnitError> {
    let thousandths = Factor::parse(value)
        .map(Factor::as_milli)
        .map_err(|error| {
            // Its own example is a factor; here it could be anything.
            let is_example = |hint: &str| hint.starts_with("write as in");
            if error.hint().is_some_and(|hint| !is_example(hint)) {
                return error;
            }
            let error = UnitError::new(format!("`{}` is no value", truncate(value)));
            error.or_write("write as in `99.5%`, `2.5s`, `8/s`, `0.004 USD` or `1.3`")
        })?;
    scaled(value, thousandths, 1_000_000)
}

fn scaled(value: &str, amount: u64, parts: u64) -> Result<Bound, UnitError> {
    amount.checked_mul(parts).map(Bound::Number).ok_or_else(|| {
        let most = u64::MAX / 1_000_000_000;
        let error = UnitError::new(format!("`{}` is too large", truncate(value)));
        error.or_write(format!("write at most {most}"))
    })
}

/// Dollars, and the currencies of most of the world's money, by code and sign.
const CURRENCIES: [&str; 28] = [
    "$", "US$", "USD", "dollar", "dollars", "¢", "ct", "cent", "cents", "euro", "euros", "EUR",
    "GBP", "JPY", "CNY", "INR", "CHF", "CAD", "AUD", "KRW", "BRL", "SGD", "SEK", "NOK", "€", "£",
    "¥", "₹",
];
