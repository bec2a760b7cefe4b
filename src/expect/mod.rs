//! Expectations, from text to type: `success_rate of chat during primary-down >= 98%`.
//!
//! ```text
//! METRIC[(NAME)] [of TASK] [during FAULT | after FAULT [from TIME] [to TIME]]
//!     OP VALUE [with 95%]
//! ```
//!
//! NAME is what the metric is about: a provider, one of its keys (`openai/2`), a fault, a reason.
//! `of` narrows the calls: to a task, or to a client process (`of client 0`). VALUE is a quantity
//! (`99.5%`), or relative to another policy's value: `other`, `1.15 * other`, `other + 5%`.
//!
//! This module only parses: `report` knows the measures, their arguments and their values.
//! `subject` reads what stands before the comparison, `value` what stands behind it, and [`When`]
//! says which calls an expectation is about. A [`Margin`] has the same measures and values. `file`
//! reads the keys of a scenario that hold them.

pub mod alert;
pub(crate) mod file;
mod margin;
mod subject;
mod value;
mod when;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::policy::config::EVERY;
use crate::text::Diagnostic;
use crate::units::truncate;
pub use margin::Margin;
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
    /// Which calls only; none = of every task and client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Of>,
    /// When the calls that it is about arrived.
    pub when: When,
    /// The comparison.
    pub op: Op,
    /// The bound.
    pub bound: Bound,
    /// The policy whose value the bound is a multiple of; for [`Bound::Times`] only.
    pub than: Option<String>,
    /// What is added to that multiple, or taken from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shift: Option<Shift>,
    /// Whether its interval of 95 % decides, not its point value.
    pub by_interval: bool,
    /// The line of the scenario's file that it stands in, from 1; none if it is in no file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
}

/// A part of the calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Of {
    /// The calls of the task with this name.
    Task(String),
    /// The calls of the client process with this number, from 0.
    Client(u32),
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
    /// `3`, `1.3`, `20k`: a bare number, in parts of 10^-9.
    Number(u64),
    /// `4.5/s`, in parts of 10^-9 per second.
    Rate(u64),
    /// `50M tok`, in tokens.
    Tokens(u64),
    /// `1.15 * other-policy`: that policy's value, times this many parts of 10^-9.
    Times(u64),
}

/// A difference: of shares, in percentage points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shift {
    /// Whether it is taken away.
    pub is_less: bool,
    /// How much.
    pub by: Bound,
}

impl Op {
    /// Every comparison, with its sign.
    pub const ALL: [(&'static str, Self); 4] = [
        (">=", Self::AtLeast),
        ("<=", Self::AtMost),
        (">", Self::Above),
        ("<", Self::Below),
    ];

    /// As it is written.
    pub fn sign(self) -> &'static str {
        let found = Self::ALL.iter().find(|(_, op)| *op == self);
        found.map_or("", |(sign, _)| sign)
    }

    /// Whether it bounds from above: less is better.
    pub const fn is_upper(self) -> bool {
        matches!(self, Self::AtMost | Self::Below)
    }

    /// The same comparison with its sides exchanged.
    const fn turned(self) -> Self {
        match self {
            Self::AtLeast => Self::AtMost,
            Self::AtMost => Self::AtLeast,
            Self::Above => Self::Below,
            Self::Below => Self::Above,
        }
    }
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

/// Parses an expectation, see the head of this module.
///
/// `faults` are the scenario's, in order, and `point` makes a diagnostic for a range of `text`.
pub fn parse(text: &str, faults: &[String], point: Point<'_>) -> Result<Expectation, Diagnostic> {
    let signs = signs_of(text, point)?;
    let (before, behind) = (&text[..signs.start], &text[signs.end..]);
    let op = op(&text[signs.clone()], point, &signs)?;
    let value = signs.end..text.len();
    if let Some(hint) = turned(before, op, behind) {
        let start = before.len() - before.trim_start().len();
        let message = "the value stands before the comparison".to_owned();
        return Err(point(start..before.trim_end().len(), message).hint(hint));
    }
    let subject = subject::read(text, signs.start, faults, point)?;
    let value = value::read(text, value.start, point)?;
    Ok(Expectation {
        text: text.trim().to_owned(),
        metric: subject.metric,
        argument: subject.argument,
        of: subject.of,
        when: subject.when,
        op,
        bound: value.bound,
        than: value.than,
        shift: value.shift,
        by_interval: value.by_interval,
        line: None,
    })
}

/// The bytes of `text` in which the value stands: behind the comparison, without `with 95%`.
pub(crate) fn value_in(text: &str) -> Range<usize> {
    let is_sign = |c: char| SIGNS.contains(&c);
    let start = text.find(is_sign).unwrap_or(text.len());
    let signs = text[start..].find(|c| !is_sign(c));
    let start = signs.map_or(text.len(), |length| start + length);
    let end = text[start..]
        .find(" with ")
        .map_or(text.len(), |at| start + at);
    let value = &text[start..end];
    let blank = value.len() - value.trim_start().len();
    start + blank..start + blank + value.trim().len()
}

/// The bytes of the one comparison.
fn signs_of(text: &str, point: Point<'_>) -> Result<Range<usize>, Diagnostic> {
    let is_sign = |c: char| SIGNS.contains(&c);
    let all = text.trim_end().len();
    let Some(start) = text.find(is_sign) else {
        return Err(point(0..all, "there is no comparison".into()).hint(SHAPE));
    };
    let length_at = |start: usize| {
        let length = text[start..].find(|c| !is_sign(c));
        length.unwrap_or(text.len() - start)
    };
    let end = start + length_at(start);
    let Some(second) = text[end..].find(is_sign).map(|at| end + at) else {
        return Ok(start..end);
    };
    let until = second + length_at(second);
    let message = "there are two comparisons".to_owned();
    let both = between(text, start..end, second..until);
    let hint = both.unwrap_or_else(|| "write two expectations, each with one of them".to_owned());
    Err(point(second..until, message).hint(hint))
}

/// How to write `95% <= uptime <= 99%`.
fn between(text: &str, first: Range<usize>, second: Range<usize>) -> Option<String> {
    let op = |range: Range<usize>| {
        Op::ALL
            .iter()
            .find(|(sign, _)| *sign == &text[range.clone()])
    };
    let (_, lower) = op(first.clone())?;
    let (sign, _) = op(second.clone())?;
    let (low, high) = (text[..first.start].trim(), text[second.end..].trim());
    let metric = text[first.end..second.start].trim();
    let is_short = text.chars().count() <= LONGEST_SHOWN;
    (is_short && value::is_single(low)).then(|| {
        let turned = lower.turned().sign();
        format!("write two: `{metric} {turned} {low}` and `{metric} {sign} {high}`")
    })
}

/// The same the other way round, for a text that has the value first.
fn turned(before: &str, op: Op, behind: &str) -> Option<String> {
    let (value, metric) = (before.trim(), behind.trim());
    let is_metric = metric.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_short = value.len() + metric.len() <= LONGEST_SHOWN;
    let is_turned = value::is_single(value) && is_metric && is_short;
    is_turned.then(|| format!("write `{metric} {} {value}`", op.turned().sign()))
}

/// The words of `text`, each with the byte it starts at.
fn words(text: &str) -> Vec<(usize, &str)> {
    let start = |word: &str| word.as_ptr().addr() - text.as_ptr().addr();
    let words = text.split_whitespace();
    words.map(|word| (start(word), word)).collect()
}

fn op(sign: &str, point: Point<'_>, range: &Range<usize>) -> Result<Op, Diagnostic> {
    if let Some((_, op)) = Op::ALL.iter().find(|(known, _)| *known == sign) {
        return Ok(*op);
    }
    let hint = match sign {
        "≥" | "=>" => "write `>=`",
        "≤" | "=<" => "write `<=`",
        "=" | "==" | "===" => "write `>=` or `<=`; both, in two expectations, for exactly this",
        _ => "write `>=`, `<=`, `>` or `<`",
    };
    let message = format!("`{}` is not a comparison", truncate(sign));
    Err(point(range.clone(), message).hint(hint))
}

const SIGNS: [char; 7] = ['<', '>', '=', '!', '~', '≤', '≥'];
const SHAPE: &str = "write as in `success_rate >= 99%` or `latency.p95 during FAULT < 2.5s`";
/// A hint that repeats more than this is none.
const LONGEST_SHOWN: usize = 80;

#[cfg(test)]
mod tests;
