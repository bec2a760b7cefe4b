//! What is expected of a policy: `success_rate during primary-down >= 98%`.
//!
//! Here an expectation is only read; which metrics exist, and what they are worth, is known to
//! `report`.

use std::ops::Range;

use super::Point;
use crate::text::{Problem, units};
use crate::time::nanos;
use crate::trace::FaultId;

/// One expectation.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// As it was written.
    pub text: String,
    /// The metric, with its argument if any: `latency.p95`, `failures.rate_limited`.
    pub metric: String,
    /// The fault whose windows it is about (place in the scenario's faults).
    pub during: Option<FaultId>,
    /// How value and bound compare.
    pub op: Op,
    /// The bound.
    pub bound: Bound,
}

/// How value and bound compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// `>=`
    AtLeast,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `<`
    Below,
}

/// A bound, in the unit that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// `99.5%`, in parts per 10^9.
    Share(u64),
    /// `2.5s`, in nanoseconds.
    Time(u64),
    /// `0.004 USD`, in nano-dollars.
    Money(u64),
    /// `3`, `1.3`: a bare number, in parts of 10^-9.
    Number(u64),
}

/// Reads `METRIC [during FAULT] OP VALUE`; `faults` are the scenario's, in order, and `point`
/// makes a problem of a place in `text`.
pub(super) fn parse(
    text: &str,
    faults: &[String],
    point: Point<'_>,
) -> Result<Expectation, Problem> {
    let Some(start) = text.find(SIGNS) else {
        return Err(point(0..text.len(), "this compares nothing".into()).hint(SHAPE));
    };
    let end = text[start..]
        .find(|c| !SIGNS.contains(&c))
        .map_or(text.len(), |length| start + length);
    let op = op(&text[start..end]).ok_or_else(|| {
        let message = format!("`{}` is no comparison", &text[start..end]);
        point(start..end, message).hint("write `>=`, `<=`, `>` or `<`")
    })?;
    let (metric, during) = subject(text, start, faults, point)?;
    Ok(Expectation {
        text: text.trim().to_owned(),
        metric,
        during,
        op,
        bound: bound(text, end, point)?,
    })
}

/// What stands before the comparison, which starts at byte `end`.
fn subject(
    text: &str,
    end: usize,
    faults: &[String],
    point: Point<'_>,
) -> Result<(String, Option<FaultId>), Problem> {
    let wrong = |range, message: &str| Err(point(range, message.to_owned()).hint(SHAPE));
    match *words(&text[..end]) {
        [] => wrong(0..end, "no metric stands before the comparison"),
        [(_, metric)] => Ok((metric.to_owned(), None)),
        [(_, metric), (_, "during"), (at, fault)] => {
            let found = faults.iter().position(|known| known == fault);
            let id = found.and_then(|id| u16::try_from(id).ok()).ok_or_else(|| {
                let problem = point(at..at + fault.len(), format!("unknown fault `{fault}`"));
                problem.did_you_mean(fault, faults.iter().map(String::as_str))
            })?;
            Ok((metric.to_owned(), Some(FaultId(id))))
        }
        [_, (at, "during")] => wrong(at..at + "during".len(), "no fault stands after `during`"),
        [_, (_, "during"), _, (at, word), ..] | [_, (at, word), ..] => {
            let message = format!("`{word}` does not belong here");
            wrong(at..at + word.len(), &message)
        }
    }
}

/// What stands behind the comparison, which ends at byte `from`.
fn bound(text: &str, from: usize, point: Point<'_>) -> Result<Bound, Problem> {
    let value = text[from..].trim();
    let start = text.len() - text[from..].trim_start().len();
    let range: Range<usize> = start..start + value.len();
    if value.is_empty() {
        let message = "no value stands behind the comparison";
        return Err(point(range, message.into()).hint(SHAPE));
    }
    let last = value.chars().next_back();
    let read = if last == Some('%') {
        units::share::parse(value).map(Bound::Share)
    } else if value.ends_with("USD") {
        units::money::parse(value).map(|money| Bound::Money(money.as_nanos()))
    } else if last.is_some_and(|c| c.is_ascii_alphabetic()) && is_quantity(value) {
        units::duration::parse(value).map(|length| Bound::Time(nanos(length)))
    } else {
        number(value)
    };
    read.map_err(|message| point(range, message))
}

/// Whether `value` begins like a number and could end in a unit.
fn is_quantity(value: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ' ');
    value.starts_with(|c: char| c.is_ascii_digit()) && value.chars().all(fits)
}

/// A bare number has the decimals of a factor.
fn number(value: &str) -> Result<Bound, String> {
    let thousandths = units::factor::parse(value).map_err(|_| {
        format!("`{value}` is no value: write as in `99.5%`, `2.5s`, `0.004 USD` or `1.3`")
    })?;
    let parts = thousandths.checked_mul(1_000_000);
    parts.map(Bound::Number).ok_or_else(|| {
        format!(
            "`{value}` is too large: write at most {}",
            u64::MAX / 1_000_000_000
        )
    })
}

/// The words of `text`, each with the byte it starts at.
fn words(text: &str) -> Vec<(usize, &str)> {
    let start = |word: &str| word.as_ptr().addr() - text.as_ptr().addr();
    let words = text.split_whitespace();
    words.map(|word| (start(word), word)).collect()
}

fn op(sign: &str) -> Option<Op> {
    match sign {
        ">=" => Some(Op::AtLeast),
        "<=" => Some(Op::AtMost),
        ">" => Some(Op::Above),
        "<" => Some(Op::Below),
        _ => None,
    }
}

const SIGNS: [char; 7] = ['<', '>', '=', '!', '~', '≤', '≥'];
const SHAPE: &str = "write as in `success_rate >= 99%` or `latency.p95 during FAULT < 2.5s`";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Expectation, Problem> {
        let faults = ["primary-down", "backup-storm"].map(String::from);
        parse(text, &faults, &|range, message| {
            Problem::of_text("x.yaml", text, range, message)
        })
    }

    #[test]
    fn an_expectation_is_a_metric_a_comparison_and_a_bound() {
        for (text, metric, op, bound) in [
            (
                "success_rate >= 99.5%",
                "success_rate",
                Op::AtLeast,
                Bound::Share(995_000_000),
            ),
            (
                "ttft.p95<2.5s",
                "ttft.p95",
                Op::Below,
                Bound::Time(2_500_000_000),
            ),
            (
                "latency.p50 > 300 ms",
                "latency.p50",
                Op::Above,
                Bound::Time(300_000_000),
            ),
            (
                "cost_per_success <= 0.004 USD",
                "cost_per_success",
                Op::AtMost,
                Bound::Money(4_000_000),
            ),
            (
                " outages <= 3 ",
                "outages",
                Op::AtMost,
                Bound::Number(3_000_000_000),
            ),
            (
                "attempts_per_call <= 1.3",
                "attempts_per_call",
                Op::AtMost,
                Bound::Number(1_300_000_000),
            ),
        ] {
            let read = read(text).unwrap();
            assert_eq!(
                (read.metric.as_str(), read.op, read.bound),
                (metric, op, bound)
            );
            assert_eq!((read.text.as_str(), read.during), (text.trim(), None));
        }
    }

    #[test]
    fn an_expectation_may_be_about_a_fault() {
        let read = read("success_rate  during backup-storm>=98%").unwrap();
        assert_eq!(
            (read.metric.as_str(), read.during),
            ("success_rate", Some(FaultId(1)))
        );
    }

    #[test]
    fn wrong_expectations_point_at_what_is_wrong() {
        for (text, column, part, hint) in WRONG {
            let problem = read(text).unwrap_err();
            let shown = problem.to_string();
            assert!(shown.contains(part) && shown.contains(hint), "{shown}");
            assert_eq!(problem.column(), column, "{shown}");
        }
    }

    #[rustfmt::skip]
    const WRONG: [(&str, usize, &str, &str); 17] = [
        ("", 1, "compares nothing", "write as in"),
        ("success_rate 99%", 1, "compares nothing", "write as in"),
        (">= 99%", 1, "no metric", "write as in"),
        ("success_rate == 99%", 14, "`==` is no comparison", "`>=`"),
        ("success_rate ≥ 99%", 14, "`≥` is no comparison", "`>=`"),
        ("success_rate >=", 16, "no value", "write as in"),
        ("success_rate >= lots", 17, "`lots` is no value", "`99.5%`"),
        ("success_rate >= 101%", 17, "more than the whole", "100%"),
        ("latency.p95 <= 5 parsecs", 16, "no unit of time", "`ms`"),
        ("cost <= 5 EUR", 9, "no unit of time", "`ms`"),
        ("cost <= NaN", 9, "`NaN` is no value", "`99.5%`"),
        ("calls >= 99999999999", 10, "too large", "write at most"),
        ("cost <= 1.15 * other", 9, "`1.15 * other` is no value", "`0.004 USD`"),
        ("success_rate during >= 9%", 14, "no fault stands after `during`", "write as in"),
        ("a during primary-dwon >= 9%", 10, "unknown fault", "did you mean `primary-down`?"),
        ("success rate >= 9%", 9, "`rate` does not belong here", "write as in"),
        ("a during primary-down again >= 9%", 23, "`again` does not", "write as in"),
    ];

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a-z ]{0,9}[<>=≥]{0,2}[-0-9.%a-zUSD]{0,9}|\\PC{0,9}") {
            let _ = read(&text);
        }
    }
}
