//! What stands before the comparison: `latency.p95 of chat during primary-down`.

use std::ops::Range;

use super::when::{self, When};
use super::{Of, Point, SHAPE, words};
use crate::text::Diagnostic;
use crate::units::truncate;

/// What is compared.
pub(super) struct Subject {
    pub(super) metric: String,
    pub(super) argument: Option<String>,
    pub(super) of: Option<Of>,
    pub(super) when: When,
}

/// A word, and the byte that it starts at.
type Word<'a> = (usize, &'a str);

/// Reads the text before the comparison, which starts at byte `end`.
///
/// The metric ends at the first word of the grammar, so that several words make one name: it is
/// looked up later, where all names are known (`latency p95` for `latency.p95`).
pub(super) fn read(
    text: &str,
    end: usize,
    faults: &[String],
    point: Point<'_>,
) -> Result<Subject, Diagnostic> {
    let words = words(&text[..end]);
    let is_keyword = |(_, word): &Word<'_>| KEYWORDS.contains(word);
    let keyword = words.iter().position(is_keyword).unwrap_or(words.len());
    let (named, rest) = words.split_at(keyword);
    let (Some(first), Some(last)) = (named.first(), named.last()) else {
        let message = "there is no metric before the comparison".to_owned();
        return Err(point(0..end, message).hint(SHAPE));
    };
    let named = first.0..last.0 + last.1.len();
    let (metric, argument) = metric(&text[named.clone()], named, point)?;
    let (of, rest) = part(rest, point)?;
    Ok(Subject {
        metric,
        argument,
        of,
        when: when::read(rest, faults, point)?,
    })
}

/// `METRIC` or `METRIC(NAME)`.
fn metric(
    named: &str,
    range: Range<usize>,
    point: Point<'_>,
) -> Result<(String, Option<String>), Diagnostic> {
    let Some((metric, argument)) = named.split_once('(') else {
        return Ok((named.to_owned(), None));
    };
    let (metric, name) = (metric.trim(), argument.strip_suffix(')').map(str::trim));
    match name {
        Some(name) if !metric.is_empty() && !name.is_empty() => {
            let inside = argument.as_ptr().addr() - named.as_ptr().addr() + range.start;
            let name = a_name(metric, name, inside..inside + argument.len() - 1, point)?;
            Ok((metric.to_owned(), Some(name)))
        }
        _ => {
            let message = format!(
                "`{}` is no metric with a name in parentheses",
                truncate(named)
            );
            Err(point(range, message).hint("write as in `recovery_time(openai)`"))
        }
    }
}

/// One name: `openai`, or `openai/2` for a key of it.
fn a_name(
    metric: &str,
    name: &str,
    range: Range<usize>,
    point: Point<'_>,
) -> Result<String, Diagnostic> {
    if !name.contains(|c: char| c.is_whitespace() || c == ',') {
        return Ok(name.to_owned());
    }
    let words = name.split(|c: char| c.is_whitespace() || c == ',');
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let hint = match *words {
        [provider, "key", key] => format!("write `{metric}({provider}/{key})`"),
        _ => format!("write one name, as in `{metric}(openai)`, and `openai/1` for its key 1"),
    };
    let message = format!("`{}` is more than one name", truncate(name));
    Err(point(range, message).hint(hint))
}

/// `of TASK` or `of client NUMBER`, and the words behind it.
fn part<'a>(
    words: &'a [Word<'a>],
    point: Point<'_>,
) -> Result<(Option<Of>, &'a [Word<'a>]), Diagnostic> {
    match words {
        [(_, "of"), (_, "client"), (at, number), rest @ ..] if !KEYWORDS.contains(number) => {
            let client = number.parse().map_err(|_| {
                let message = format!("`{}` is no number of a client", truncate(number));
                point(*at..at + number.len(), message).hint("write as in `of client 0`")
            })?;
            Ok((Some(Of::Client(client)), rest))
        }
        [(_, "of"), (_, task), rest @ ..] if !KEYWORDS.contains(task) => {
            Ok((Some(Of::Task((*task).to_owned())), rest))
        }
        [(at, "of"), ..] => {
            let message = "there is no task after `of`".to_owned();
            let hint = "write as in `success_rate of chat >= 95%` or `calls of client 0 >= 1`";
            Err(point(*at..at + "of".len(), message).hint(hint))
        }
        _ => Ok((None, words)),
    }
}

/// The words that end a metric.
const KEYWORDS: [&str; 3] = ["of", "during", "after"];
