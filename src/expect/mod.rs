//! Expectations, from text to type: `success_rate during primary-down >= 98%`.
//!
//! This module only parses: `report` knows the measures, their arguments and their values. [`When`]
//! says which calls an expectation is about.

pub mod alert;
mod when;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::policy::config::EVERY;
use crate::text::Diagnostic;
use crate::time::nanos;
use crate::units::{Factor, Money, Rate, Share, UnitError, duration};
pub use when::When;

/// One expectation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// As it was written.
    pub text: String,
    /// The metric: `latency.p95`, `recovery_time`.
    pub metric: String,
    /// Its argument in parentheses: `openai`.
    pub argument: Option<String>,
    /// The calls that it is about.
    pub when: When,
    /// The comparison.
    pub op: Op,
    /// The bound.
    pub bound: Bound,
    /// The policy whose value the bound is a multiple of; for [`Bound::Times`] only.
    pub than: Option<String>,
    /// Whether its interval of 95 % decides, not its point value.
    pub by_interval: bool,
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Bound {
    /// `99.5%`, in parts per 10^9.
    Share(u64),
    /// `2.5s`, in nanoseconds.
    Time(u64),
    /// `0.004 USD`, in nano-dollars.
    Money(u64),
    /// `3`, `1.3`: a bare number, in parts of 10^-9.
    Number(u64),
    /// `4.5/s`, in parts of 10^-9 per second.
    Rate(u64),
    /// `1.15 * other-policy`: that policy's value, times this many parts of 10^-9.
    Times(u64),
}

/// Makes a diagnostic for a range of a text.
pub type Point<'a> = &'a dyn Fn(Range<usize>, String) -> Diagnostic;

/// The expectations that `policy` must meet: those under its own name, and those under [`EVERY`]
/// unless they compare with that policy itself, in the file's order.
pub fn expected_of<'a>(
    all: &'a [(String, Vec<Expectation>)],
    policy: &str,
) -> impl Iterator<Item = &'a Expectation> {
    all.iter().flat_map(move |(name, expected)| {
        let (is_its_own, is_for_every) = (name == policy, name == EVERY);
        expected.iter().filter(move |one| {
            let is_itself = one.than.as_deref() == Some(policy);
            is_its_own || (is_for_every && !is_itself)
        })
    })
}

/// Parses `METRIC[(NAME)] [during FAULT | after FAULT [from TIME] [to TIME]] OP VALUE [with 95%]`,
/// where VALUE may be `FACTOR * POLICY`.
///
/// `faults` are the scenario's, in order, and `point` makes a diagnostic for a range of `text`.
pub fn parse(text: &str, faults: &[String], point: Point<'_>) -> Result<Expectation, Diagnostic> {
    let Some(start) = text.find(SIGNS) else {
        return Err(point(0..text.len(), "there is no comparison".into()).hint(SHAPE));
    };
    let end = text[start..]
        .find(|c| !SIGNS.contains(&c))
        .map_or(text.len(), |length| start + length);
    let op = op(&text[start..end]).ok_or_else(|| {
        let message = format!("`{}` is not a comparison", &text[start..end]);
        point(start..end, message).hint("write `>=`, `<=`, `>` or `<`")
    })?;
    let (metric, argument, when) = subject(text, start, faults, point)?;
    let (until, by_interval) = interval(text, end, point)?;
    let (bound, than) = bound(&text[..until], end, point)?;
    Ok(Expectation {
        text: text.trim().to_owned(),
        metric,
        argument,
        when,
        op,
        bound,
        than,
        by_interval,
    })
}

/// The text before the comparison, which starts at byte `end`.
fn subject(
    text: &str,
    end: usize,
    faults: &[String],
    point: Point<'_>,
) -> Result<(String, Option<String>, When), Diagnostic> {
    let words = words(&text[..end]);
    let Some((&(at, named), rest)) = words.split_first() else {
        let message = "there is no metric before the comparison";
        return Err(point(0..end, message.to_owned()).hint(SHAPE));
    };
    let when = when::read(rest, faults, point)?;
    let Some((metric, argument)) = named.split_once('(') else {
        return Ok((named.to_owned(), None, when));
    };
    match argument.strip_suffix(')') {
        Some(name) if !metric.is_empty() && !name.is_empty() => {
            Ok((metric.to_owned(), Some(name.to_owned()), when))
        }
        _ => {
            let message = format!("`{named}` is no metric with a name in parentheses");
            Err(point(at..at + named.len(), message).hint("write as in `recovery_time(openai)`"))
        }
    }
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

/// The text after the comparison, which ends at byte `from`; and the other policy, if any.
fn bound(text: &str, from: usize, point: Point<'_>) -> Result<(Bound, Option<String>), Diagnostic> {
    let value = text[from..].trim();
    let start = text.len() - text[from..].trim_start().len();
    let range: Range<usize> = start..start + value.len();
    if value.is_empty() {
        let message = "there is no value after the comparison";
        return Err(point(start..start, message.into()).hint(SHAPE));
    }
    let read = match value.split_once('*') {
        Some((factor, policy)) => times(factor.trim(), policy.trim()),
        None => single(value).map(|bound| (bound, None)),
    };
    read.map_err(|error| point(range, error.message().to_owned()).hint_of(&error))
}

/// `1.15 * priority-fallback`.
fn times(factor: &str, policy: &str) -> Result<(Bound, Option<String>), UnitError> {
    let wrong = || {
        let error = UnitError::new(format!("`{factor} * {policy}` is no value"));
        error.or_write("write as in `1.15 * my-policy`")
    };
    if policy.is_empty() || policy.contains(char::is_whitespace) {
        return Err(wrong());
    }
    if policy == EVERY {
        let error = UnitError::new(format!("`{EVERY}` is not one policy"));
        return Err(error.or_write("compare with one of them"));
    }
    match number(factor).map_err(|_| wrong())? {
        Bound::Number(parts) => Ok((Bound::Times(parts), Some(policy.to_owned()))),
        _ => Err(wrong()),
    }
}

fn single(value: &str) -> Result<Bound, UnitError> {
    let last = value.chars().next_back();
    if last == Some('%') {
        Share::parse(value).map(|share| Bound::Share(share.as_parts()))
    } else if value.ends_with("USD") {
        Money::parse(value).map(|money| Bound::Money(money.as_nanos()))
    } else if value.contains('/') {
        Rate::parse(value).map(|rate| Bound::Rate(rate.count_nano / rate.per.as_secs()))
    } else if last.is_some_and(|c| c.is_ascii_alphabetic()) && is_quantity(value) {
        duration::parse(value).map(|length| Bound::Time(nanos(length)))
    } else {
        number(value)
    }
}

/// Whether `value` begins like a number and could end in a unit.
fn is_quantity(value: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ' ');
    value.starts_with(|c: char| c.is_ascii_digit()) && value.chars().all(fits)
}

/// A bare number has the decimals of a factor.
fn number(value: &str) -> Result<Bound, UnitError> {
    let thousandths = Factor::parse(value).map(Factor::as_milli).map_err(|_| {
        UnitError::new(format!("`{value}` is no value"))
            .or_write("write as in `99.5%`, `2.5s`, `8/s`, `0.004 USD` or `1.3`")
    })?;
    let parts = thousandths.checked_mul(1_000_000);
    parts.map(Bound::Number).ok_or_else(|| {
        let most = u64::MAX / 1_000_000_000;
        UnitError::new(format!("`{value}` is too large")).or_write(format!("write at most {most}"))
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
    use crate::trace::FaultId;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Expectation, Diagnostic> {
        let faults = ["primary-down", "backup-storm"].map(String::from);
        parse(text, &faults, &|range, message| {
            Diagnostic::of_text("x.yaml", text, range, message)
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
            assert_eq!((read.text.as_str(), read.when), (text.trim(), When::Always));
            assert_eq!((read.argument, read.than), (None, None));
        }
    }

    #[test]
    fn an_expectation_may_be_about_a_fault() {
        let read = read("success_rate  during backup-storm>=98%").unwrap();
        assert_eq!(
            (read.metric.as_str(), read.when),
            ("success_rate", When::During(FaultId(1)))
        );
    }

    #[test]
    fn an_expectation_may_be_about_the_time_after_a_fault() {
        let minute = 60_000_000_000;
        let after = |from, to| {
            let fault = FaultId(0);
            When::After { fault, from, to }
        };
        for (text, when) in [
            ("goodput after primary-down >= 4.5/s", after(0, None)),
            (
                "goodput after primary-down from 1m >= 9/min",
                after(minute, None),
            ),
            (
                "goodput after primary-down to 1m > 1/s",
                after(0, Some(minute)),
            ),
            (
                "goodput after primary-down from 30s to 1m>1/s",
                after(minute / 2, Some(minute)),
            ),
        ] {
            let read = read(text).unwrap_or_else(|problem| panic!("{problem}"));
            assert_eq!(read.when, when, "{text}");
        }
        assert_eq!(
            read("goodput >= 9/min").unwrap().bound,
            Bound::Rate(150_000_000)
        );
    }

    #[test]
    fn an_expectation_may_name_what_it_is_about_and_what_it_is_compared_with() {
        let one = read("recovery_time(openai) during backup-storm <= 60s").unwrap();
        assert_eq!(one.metric, "recovery_time");
        assert_eq!(one.argument.as_deref(), Some("openai"));
        assert!(!one.by_interval);
        let other = read("cost <= 1.15*resilient").unwrap();
        assert_eq!(other.bound, Bound::Times(1_150_000_000));
        assert_eq!(other.than.as_deref(), Some("resilient"));
        let sure = read("success_rate >= 99.5% with 95 %").unwrap();
        assert_eq!(
            (sure.bound, sure.by_interval),
            (Bound::Share(995_000_000), true)
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
    const WRONG: [(&str, usize, &str, &str); 32] = [
        ("", 1, "no comparison", "write as in"),
        ("success_rate 99%", 1, "no comparison", "write as in"),
        (">= 99%", 1, "no metric", "write as in"),
        ("success_rate == 99%", 14, "`==` is not a comparison", "`>=`"),
        ("success_rate ≥ 99%", 14, "`≥` is not a comparison", "`>=`"),
        ("success_rate >=", 16, "no value", "write as in"),
        ("success_rate >= lots", 17, "`lots` is no value", "`99.5%`"),
        ("success_rate >= 101%", 17, "more than the whole", "100%"),
        ("latency.p95 <= 5 parsecs", 16, "no unit of time", "`ms`"),
        ("cost <= 5 EUR", 9, "no unit of time", "`ms`"),
        ("cost <= NaN", 9, "`NaN` is no value", "`99.5%`"),
        ("calls >= 99999999999", 10, "too large", "write at most"),
        ("cost <= lots * other", 9, "`lots * other` is no value", "`1.15 * my-policy`"),
        ("cost <= 1.15 * one other", 9, "is no value", "`1.15 * my-policy`"),
        ("cost <= 1.15 * every", 9, "not one policy", "compare with one"),
        ("cost <= 1.15 *", 9, "is no value", "`1.15 * my-policy`"),
        ("goodput >= 4/parsec", 12, "a rate cannot be per `parsec`", "`/s`"),
        ("uptime >= 9% with", 14, "an interval of this kind", "`with 95%`"),
        ("uptime >= 9% with 3%", 14, "an interval of this kind", "`with 95%`"),
        ("uptime >= with 95%", 11, "no value", "write as in"),
        ("recovery_time( >= 9%", 1, "`recovery_time(` is no metric", "`recovery_time(openai)`"),
        ("a() >= 9%", 1, "`a()` is no metric", "`recovery_time(openai)`"),
        ("(a) >= 9%", 1, "`(a)` is no metric", "`recovery_time(openai)`"),
        ("success_rate during >= 9%", 14, "no fault after `during`", "write as in"),
        ("a during primary-dwon >= 9%", 10, "unknown fault", "did you mean `primary-down`?"),
        ("success rate >= 9%", 9, "`rate` does not belong here", "write as in"),
        ("a during primary-down again >= 9%", 23, "`again` does not", "write as in"),
        ("a during primary-down from 1m >= 9%", 23, "`from` does not", "write as in"),
        ("a after nothing >= 9%", 9, "unknown fault `nothing`", "known: `primary-down`"),
        ("a after primary-down from >= 9%", 22, "no time after `from`", "write as in"),
        ("a after primary-down from 5 >= 9%", 27, "unit", "`"),
        ("a after primary-down from 2m to 1m >= 9%", 33, "ends before it begins", "more than"),
    ];

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a-z ]{0,9}[<>=≥]{0,2}[-0-9.%a-zUSD]{0,9}|\\PC{0,9}") {
            let _ = read(&text);
        }
    }
}
