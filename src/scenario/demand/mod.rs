//! What the users ask for: the load's types, and how they are read.
//!
//! - `curve`: rates that change over time; `rate`: how they are read.
//! - `tasks`: what calls ask, by kind; and the beginnings that prompts share.
//! - `users`: people who wait for an answer before they ask again, and who click again.
//!
//! Which call arrives when is `workload`'s matter; trace files are read by `replay`.

mod curve;
mod rate;
mod tasks;
mod users;

use std::path::PathBuf;
use std::time::Duration;

use super::check::bounded;
use super::workload::{self, MOST_TOKENS};
use super::{LONGEST_RUN, Quantiles, Scenario, file};
use crate::text::units::{duration, factor, tokens};
use crate::text::{Diagnostic, Document};
pub(super) use curve::{BILLIONTH, CALL, Course};
pub use curve::{Rate, Step};
#[cfg(feature = "cli")]
pub(super) use rate::CURVES;
pub(super) use rate::check_calls;
pub use tasks::{Prefixes, Task};
pub(super) use users::check_alone;
pub use users::{UserRetry, Users};

/// What the users ask for.
#[derive(Clone, Debug)]
pub struct Load {
    /// When calls arrive, and with how many tokens.
    pub calls: Calls,
    /// Share of calls that are streamed, in parts per 10^9.
    pub stream: u64,
    /// Share of these whose callers take the answer whole, in parts per 10^9.
    pub whole: u64,
    /// How long a user waits; none = for ever.
    pub deadline: Option<Duration>,
    /// The bound on output tokens that calls ask for.
    pub max_tokens: Option<u32>,
    /// The beginnings that prompts share.
    pub prefix: Option<Prefixes>,
    /// Kinds of calls, each with its share; none = all calls are alike.
    pub tasks: Vec<Task>,
    /// When and how users click again.
    pub user_retry: Option<UserRetry>,
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
        rate: Rate,
        /// Prompt tokens, where a task says nothing else.
        prompt: Quantiles<u64>,
        /// Output tokens, where a task says nothing else.
        output: Quantiles<u64>,
    },
    /// Made by users who wait for one answer before they ask again: a closed loop.
    Users {
        /// Who they are.
        users: Users,
        /// Prompt tokens, where a task says nothing else.
        prompt: Quantiles<u64>,
        /// Output tokens, where a task says nothing else.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrivals {
    /// All the same.
    Constant,
    /// Independent of each other.
    Poisson,
    /// Drawn from a gamma distribution, as ServeGen found of real clients (Xiang et al., 2025):
    /// bursts and silences when they vary more than 1, an even stream when they vary less.
    Gamma {
        /// The coefficient of variation of the gaps, in thousandths.
        cv_milli: u64,
    },
}

impl Load {
    /// Whether arrivals wait for answers, so that they depend on the policy.
    pub fn is_closed(&self) -> bool {
        matches!(self.calls, Calls::Users { .. })
    }
}

impl Scenario {
    /// What a reader of any report must know beside the numbers.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.load.is_closed() {
            notes.push(CLOSED.to_owned());
        } else if self.load.user_retry.is_some() {
            notes.push(CLICKED.to_owned());
        }
        notes
    }
}

/// The load; `trace` is the calls to replay, if any.
pub(super) fn load(
    document: &Document,
    mut file: file::Load,
    trace: Option<Calls>,
) -> Result<Load, Diagnostic> {
    let deadline = deadline(document, &["load", "deadline"], file.deadline)?;
    let max_tokens = max_tokens(document, &["load", "max_tokens"], file.max_tokens)?;
    let prefix = tasks::prefix(document, &["load", "prefix"], file.prefix)?;
    let clients = file.clients.unwrap_or(1);
    let written = |clients: u32| clients.to_string();
    bounded(document, &["load", "clients"], clients, 1..=1_000, written)?;
    let user_retry = users::user_retry(document, &file)?;
    let tasks = std::mem::take(&mut file.tasks);
    let whole_tasks = tasks::check(document, &tasks)?;
    let stream = file.stream.unwrap_or(0);
    let whole = file.whole;
    let calls = match trace {
        Some(trace) => trace,
        None => made(document, file, &whole_tasks)?,
    };
    let mut load = Load {
        stream,
        whole: whole.unwrap_or(0),
        deadline,
        max_tokens,
        prefix,
        tasks: Vec::new(),
        user_retry,
        clients,
        calls,
    };
    load.tasks = tasks::tasks(document, tasks, &load)?;
    let is_streamed = stream > 0 || load.tasks.iter().any(|task| task.stream > 0);
    check_whole(document, &["load", "whole"], whole, is_streamed)?;
    Ok(load)
}

/// Calls that no file lists. `own` says which of the tasks has its own prompt and output.
fn made(document: &Document, file: file::Load, own: &tasks::Own) -> Result<Calls, Diagnostic> {
    let two = "{ p50: 900 tok, p99: 8k tok }";
    if file.users.is_none() && file.rate.is_none() {
        return Err(missing(document, "rate", "2/s"));
    }
    let read = |key, written: Option<Quantiles<u64>>, own: Option<Quantiles<u64>>| {
        let Some(written) = written else {
            return own.ok_or_else(|| missing(document, key, two));
        };
        tokens_of(document, &["load", key], written)
    };
    let prompt = read("prompt", file.prompt, own.prompt)?;
    let output = read("output", file.output, own.output)?;
    if let Some(users) = file.users {
        let users = users::users(document, &users)?;
        return Ok(Calls::Users {
            users,
            prompt,
            output,
        });
    }
    let arrivals = arrivals(document, file.arrivals, file.cv)?;
    let rate = file.rate.ok_or_else(|| missing(document, "rate", "2/s"))?;
    Ok(Calls::Drawn {
        arrivals,
        rate: rate::rate(document, rate)?,
        prompt,
        output,
    })
}

fn missing(document: &Document, key: &str, example: &str) -> Diagnostic {
    let message = format!("the key `{key}` is missing in `load`");
    let problem = document.problem_at_key(&["load"], message);
    problem.hint(format!(
        "write as in `{key}: {example}`, or replay a `trace`"
    ))
}

fn arrivals(
    document: &Document,
    gaps: Option<file::ArrivalProcess>,
    cv: Option<u64>,
) -> Result<Arrivals, Diagnostic> {
    let path = ["load", "cv"];
    match (gaps.unwrap_or(file::ArrivalProcess::Poisson), cv) {
        (file::ArrivalProcess::Gamma, Some(cv)) => {
            let cv_milli = bounded(document, &path, cv, 50..=20_000, factor::write)?;
            Ok(Arrivals::Gamma { cv_milli })
        }
        (file::ArrivalProcess::Gamma, None) => Err(document
            .problem(&["load", "arrivals"], "`gamma` needs the key `cv`")
            .hint("write how much the gaps vary: `cv: 2`; 1 is as `poisson`")),
        (_, Some(_)) => Err(document
            .problem_at_key(&path, "`cv` means something to `arrivals: gamma` only")
            .hint("write `arrivals: gamma`, or leave it out")),
        (file::ArrivalProcess::Constant, None) => Ok(Arrivals::Constant),
        (file::ArrivalProcess::Poisson, None) => Ok(Arrivals::Poisson),
    }
}

fn deadline(
    document: &Document,
    path: &[&str],
    written: Option<Duration>,
) -> Result<Option<Duration>, Diagnostic> {
    let range = SHORTEST..=LONGEST_RUN;
    let check = |length| bounded(document, path, length, range, duration::write);
    written.map(check).transpose()
}

/// A share of streamed calls means something only where some are.
fn check_whole(
    document: &Document,
    path: &[&str],
    written: Option<u64>,
    is_streamed: bool,
) -> Result<(), Diagnostic> {
    if written.is_some() && !is_streamed {
        let message = "`whole` is a share of streamed calls, and no call is streamed";
        let problem = document.problem_at_key(path, message);
        return Err(problem.hint("write `stream: 60%` as well, or leave it out"));
    }
    Ok(())
}

fn max_tokens(
    document: &Document,
    path: &[&str],
    written: Option<u64>,
) -> Result<Option<u32>, Diagnostic> {
    let Some(written) = written else {
        return Ok(None);
    };
    bounded(document, path, written, 1..=MOST_TOKENS, tokens::write)?;
    Ok(u32::try_from(written).ok())
}

fn tokens_of(
    document: &Document,
    path: &[&str],
    written: Quantiles<u64>,
) -> Result<Quantiles<u64>, Diagnostic> {
    written.checked(document, path, 1..=MOST_TOKENS)
}

const CLOSED: &str = "closed loop: arrivals depend on the policy, so calls are not paired";
const CLICKED: &str = "users click again: first clicks are paired, the others are the policy's";

/// The world's timers resolve one millisecond.
const SHORTEST: Duration = Duration::from_millis(1);
