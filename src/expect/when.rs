//! The calls that an expectation is about: all, those during a fault, or those after.
//!
//! It parses the words between metric and comparison; [`When::windows`] computes the times that
//! they cover.

use std::ops::Range;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Point, SHAPE};
use crate::text::Diagnostic;
use crate::time::{Windows, nanos};
use crate::trace::FaultId;
use crate::units::{duration, truncate};

/// The calls that an expectation is about, by their arrival.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum When {
    /// All of them.
    #[default]
    Always,
    /// Those that arrived while this fault (its position in the scenario) was active.
    During(FaultId),
    /// Those that arrived when it was over, until it is active again.
    After {
        /// The fault.
        fault: FaultId,
        /// Only from this long after its end, in nanoseconds.
        from: u64,
        /// Only to this long after its end, in nanoseconds.
        to: Option<u64>,
    },
}

impl When {
    /// The fault that it names.
    pub const fn fault(self) -> Option<FaultId> {
        match self {
            Self::Always => None,
            Self::During(fault) | Self::After { fault, .. } => Some(fault),
        }
    }

    /// Its intervals, for a fault that is active in `windows`; `None` when that never ends, or is
    /// active again too soon.
    pub(crate) fn windows(self, windows: &Windows) -> Option<Windows> {
        let (from, to) = match self {
            Self::Always => return None,
            Self::During(_) => return Some(*windows),
            Self::After { from, to, .. } => (from, to),
        };
        let over = nanos(windows.length?).saturating_add(from);
        let gap = windows.every.map(|every| nanos(every).saturating_sub(over));
        let asked = to.map(|to| to.saturating_sub(from));
        let length = match (gap, asked) {
            (Some(gap), Some(asked)) => Some(gap.min(asked)),
            (gap, asked) => gap.or(asked),
        };
        (length != Some(0)).then(|| Windows {
            at: windows.at.saturating_add(Duration::from_nanos(over)),
            length: length.map(Duration::from_nanos),
            every: windows.every,
        })
    }
}

/// A word, and the byte that it starts at.
type Word<'a> = (usize, &'a str);

/// Parses the words between metric and comparison.
pub(super) fn read(
    words: &[Word<'_>],
    faults: &[String],
    point: Point<'_>,
) -> Result<When, Diagnostic> {
    match *words {
        [] => Ok(When::Always),
        [(at, word @ ("during" | "after"))] => {
            let message = format!("there is no fault after `{word}`");
            Err(point(span(at, word), message).hint(SHAPE))
        }
        [(_, "during"), fault] => Ok(When::During(find(fault, faults, point)?)),
        [(_, "after"), fault, ref limits @ ..] => {
            let fault = find(fault, faults, point)?;
            let (from, to) = limited(limits, point)?;
            Ok(When::After { fault, from, to })
        }
        [(_, "during"), _, word, ..] | [word, ..] => Err(stray(word, point)),
    }
}

fn find((at, name): Word<'_>, faults: &[String], point: Point<'_>) -> Result<FaultId, Diagnostic> {
    let found = faults.iter().position(|known| known == name);
    found
        .and_then(|id| u16::try_from(id).ok())
        .map(FaultId)
        .ok_or_else(|| {
            let problem = point(
                span(at, name),
                format!("unknown fault `{}`", truncate(name)),
            );
            problem.did_you_mean(name, faults.iter().map(String::as_str))
        })
}

/// `[from TIME] [to TIME]`.
fn limited(words: &[Word<'_>], point: Point<'_>) -> Result<(u64, Option<u64>), Diagnostic> {
    match *words {
        [] => Ok((0, None)),
        [(at, word @ ("from" | "to"))] | [.., (at, word @ "to")] => {
            let message = format!("there is no time after `{word}`");
            Err(point(span(at, word), message).hint(SHAPE))
        }
        [(_, "from"), from] => Ok((length(from, point)?, None)),
        [(_, "to"), to] => ordered(0, to, point),
        [(_, "from"), from, (_, "to"), to] => ordered(length(from, point)?, to, point),
        [(_, "to"), _, word, ..]
        | [(_, "from"), _, (_, "to"), _, word, ..]
        | [(_, "from"), _, word, ..]
        | [word, ..] => Err(stray(word, point)),
    }
}

fn ordered(from: u64, to: Word<'_>, point: Point<'_>) -> Result<(u64, Option<u64>), Diagnostic> {
    let until = length(to, point)?;
    if from < until {
        return Ok((from, Some(until)));
    }
    let from = duration::write(Duration::from_nanos(from));
    let problem = point(span(to.0, to.1), "this ends before it begins".to_owned());
    Err(problem.hint(format!("write more than {from}")))
}

fn length((at, word): Word<'_>, point: Point<'_>) -> Result<u64, Diagnostic> {
    let read = duration::parse(word).map(nanos);
    read.map_err(|error| point(span(at, word), error.message().to_owned()).hint_of(&error))
}

fn stray((at, word): Word<'_>, point: Point<'_>) -> Diagnostic {
    point(
        span(at, word),
        format!("`{}` does not belong here", truncate(word)),
    )
    .hint(SHAPE)
}

const fn span(at: usize, word: &str) -> Range<usize> {
    at..at + word.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Instant;

    const SECOND: u64 = 1_000_000_000;

    fn windows(at: u64, length: Option<u64>, every: Option<u64>) -> Windows {
        Windows {
            at: Duration::from_secs(at),
            length: length.map(Duration::from_secs),
            every: every.map(Duration::from_secs),
        }
    }

    fn after(from: u64, to: Option<u64>) -> When {
        When::After {
            fault: FaultId(0),
            from: from * SECOND,
            to: to.map(|to| to * SECOND),
        }
    }

    #[test]
    fn after_a_fault_is_from_its_end_to_its_next_start() {
        for (fault, when, expected) in [
            (
                windows(10, Some(5), None),
                after(0, None),
                Some(windows(15, None, None)),
            ),
            (
                windows(10, Some(5), None),
                after(3, None),
                Some(windows(18, None, None)),
            ),
            (
                windows(10, Some(5), None),
                after(3, Some(9)),
                Some(windows(18, Some(6), None)),
            ),
            (
                windows(0, Some(5), Some(20)),
                after(0, None),
                Some(windows(5, Some(15), Some(20))),
            ),
            (
                windows(0, Some(5), Some(20)),
                after(4, Some(90)),
                Some(windows(9, Some(11), Some(20))),
            ),
            (windows(0, Some(5), Some(20)), after(15, None), None),
            (windows(0, None, None), after(0, None), None),
        ] {
            assert_eq!(when.windows(&fault), expected, "{when:?} {fault:?}");
        }
    }

    #[test]
    fn after_and_during_never_meet() {
        let fault = windows(7, Some(5), Some(20));
        let over = after(0, None).windows(&fault).unwrap();
        for second in 0..200 {
            let at = Instant::from_nanos(second * SECOND);
            assert_eq!(
                over.covers(at),
                second >= 7 && !fault.covers(at),
                "{second}"
            );
        }
    }
}
