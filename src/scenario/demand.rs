//! What the users ask for: the load's types, and how they are read.
//!
//! Which call arrives when is `workload`'s matter; trace files are read by `replay`.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::understand::{bounded, spread};
use super::workload::{self, MOST_TOKENS};
use super::{LONGEST_RUN, Quantiles, file};
use crate::text::units::{PerTime, duration, tokens};
use crate::text::{Document, Problem};

/// What the users ask for.
#[derive(Clone, Debug)]
pub struct Load {
    /// When calls arrive, and with how many tokens.
    pub calls: Calls,
    /// Share of calls that are streamed, in parts per 10^9.
    pub stream: u64,
    /// How long a user waits; none = for ever.
    pub deadline: Option<Duration>,
    /// Client processes with state of their own; a call belongs to client (number mod clients).
    pub clients: u32,
}

/// When calls arrive, and with how many tokens.
#[derive(Clone, Debug)]
pub enum Calls {
    /// Drawn.
    Drawn {
        /// How the gaps are spread.
        arrivals: Arrivals,
        /// How many calls in how much time, all clients together.
        rate: PerTime,
        /// Prompt tokens.
        prompt: Quantiles<u64>,
        /// Output tokens.
        output: Quantiles<u64>,
    },
    /// Replayed.
    Trace {
        /// The file, as it was written.
        shown: String,
        /// The file, found.
        path: PathBuf,
        /// Its rows, in order of arrival.
        rows: std::sync::Arc<Vec<workload::Row>>,
    },
}

/// How gaps between arrivals are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arrivals {
    /// All the same.
    Constant,
    /// Independent of each other.
    Poisson,
}

pub(super) fn load(
    document: &Document,
    file: file::Load,
    trace: Option<Calls>,
) -> Result<Load, Problem> {
    let moment = Duration::from_millis(1);
    if let Some(deadline) = file.deadline {
        let path = ["load", "deadline"];
        bounded(
            document,
            &path,
            deadline,
            moment..=LONGEST_RUN,
            duration::write,
        )?;
    }
    let clients = file.clients.unwrap_or(1);
    let whole = |clients: u32| clients.to_string();
    bounded(document, &["load", "clients"], clients, 1..=1_000, whole)?;
    Ok(Load {
        stream: file.stream.unwrap_or(0),
        deadline: file.deadline,
        clients,
        calls: match trace {
            Some(trace) => trace,
            None => drawn(document, file)?,
        },
    })
}

fn drawn(document: &Document, file: file::Load) -> Result<Calls, Problem> {
    let missing = |key: &str, example: &str| {
        let message = format!("the key `{key}` is missing in `load`");
        let problem = document.problem_at_key(&["load"], message);
        problem.hint(format!(
            "write as in `{key}: {example}`, or replay a `trace`"
        ))
    };
    let rate = file.rate.ok_or_else(|| missing("rate", "2/s"))?;
    let two = "{ p50: 900 tok, p99: 8k tok }";
    let prompt = file.prompt.ok_or_else(|| missing("prompt", two))?;
    let output = file.output.ok_or_else(|| missing("output", two))?;
    let read = |key, quantiles| {
        let path = ["load", key];
        spread(document, &path, quantiles, 1..=MOST_TOKENS, tokens::write)
    };
    Ok(Calls::Drawn {
        arrivals: file.arrivals.unwrap_or(Arrivals::Poisson),
        rate,
        prompt: read("prompt", prompt.0)?,
        output: read("output", output.0)?,
    })
}

pub(super) fn check_calls(
    document: &Document,
    load: &Load,
    length: Duration,
) -> Result<(), Problem> {
    let Calls::Drawn { rate, .. } = &load.calls else {
        return Ok(());
    };
    let PerTime { count_nano, per } = *rate;
    let calls = length.as_nanos() * u128::from(count_nano) / per.as_nanos() / 1_000_000_000;
    if calls <= MOST_CALLS {
        return Ok(());
    }
    let message = format!("this makes {calls} calls per seed, more than {MOST_CALLS}");
    Err(document
        .problem(&["load", "rate"], message)
        .hint("write a smaller rate, or a shorter `run.duration`"))
}

const MOST_CALLS: u128 = 1_000_000_000;
