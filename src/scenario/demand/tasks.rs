//! Kinds of calls, each with its share; and the beginnings of prompts that calls share.
//!
//! A task says what is its own, and has the rest from the load. Which call is which task, and what
//! its prompt begins with, are keyed draws of `workload`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::check::{bounded, check_name};
use super::super::workload::MOST_TOKENS;
use super::super::{Quantiles, file};
use super::{Calls, Load, check_whole, deadline, max_tokens, tokens_of};
use crate::policy::call_context::Priority;
use crate::text::units::share::WHOLE;
use crate::text::units::{count, share, tokens};
use crate::text::{Diagnostic, Document};

/// A kind of calls.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// Its name.
    pub name: String,
    /// Its share of all calls, in parts per 10^9; all shares together are the whole.
    pub share: u64,
    /// Prompt tokens; none when a trace says them.
    pub prompt: Option<Quantiles<u64>>,
    /// Output tokens; none when a trace says them.
    pub output: Option<Quantiles<u64>>,
    /// Share of its calls that are streamed, in parts per 10^9.
    pub stream: u64,
    /// Share of these whose callers take the answer whole, in parts per 10^9.
    pub whole: u64,
    /// How important its calls are.
    pub priority: Priority,
    /// How long its users wait; none = for ever.
    pub deadline: Option<Duration>,
    /// The bound on output tokens that its calls ask for.
    pub max_tokens: Option<u32>,
    /// The beginnings that its prompts share: its own, or the load's.
    pub prefix: Option<Prefixes>,
}

/// The beginnings that prompts share: so many, each as likely as the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefixes {
    /// Whose they are: 0 for the load's, else the task's number from 1. What
    /// a task has of its own, no other shares.
    pub owner: u16,
    /// How long each is.
    pub tokens: u64,
    /// How many there are.
    pub distinct: u64,
    /// Share of calls that begin with one of them, in parts per 10^9.
    pub share: u64,
}

/// What tasks bring of their own where the load says nothing: the first one's, when all have it.
pub(super) struct Own {
    pub(super) prompt: Option<Quantiles<u64>>,
    pub(super) output: Option<Quantiles<u64>>,
}

/// Checks names and shares.
pub(super) fn check(
    document: &Document,
    files: &BTreeMap<String, file::Task>,
) -> Result<Own, Diagnostic> {
    if files.len() > MOST_TASKS {
        let message = format!("more than {MOST_TASKS} tasks");
        return Err(document.problem_at_key(&["load", "tasks"], message));
    }
    for (name, file) in files {
        check_name(document, &["load", "tasks", name], "a task")?;
        if file.share == 0 {
            let problem = document.problem(
                &["load", "tasks", name, "share"],
                "a task without any share is never asked for",
            );
            return Err(problem.hint("write more than `0%`, or leave the task out"));
        }
    }
    let sum: u64 = files.values().map(|file| file.share).sum();
    if !files.is_empty() && sum != WHOLE {
        let message = match sum <= WHOLE {
            true => format!("the shares of the tasks make {}", share::write(sum)),
            false => "the shares of the tasks make more than the whole".to_owned(),
        };
        let problem = document.problem_at_key(&["load", "tasks"], message);
        return Err(problem.hint("let them make exactly `100%`"));
    }
    let all = |of: fn(&file::Task) -> Option<Quantiles<u64>>| {
        let own: Option<Vec<_>> = files.values().map(of).collect();
        own.and_then(|own| own.first().copied())
    };
    Ok(Own {
        prompt: all(|file| file.prompt),
        output: all(|file| file.output),
    })
}

/// The tasks in the file's order, each with what `load` says where it says nothing itself.
pub(super) fn tasks(
    document: &Document,
    mut files: BTreeMap<String, file::Task>,
    load: &Load,
) -> Result<Vec<Task>, Diagnostic> {
    let mut tasks = Vec::new();
    for name in document.keys(&["load", "tasks"]) {
        if let Some(file) = files.remove(&name) {
            let owner = tasks.len() as u16 + 1;
            tasks.push(task(document, name, owner, file, load)?);
        }
    }
    Ok(tasks)
}

fn task(
    document: &Document,
    name: String,
    owner: u16,
    file: file::Task,
    load: &Load,
) -> Result<Task, Diagnostic> {
    let at = |key| ["load", "tasks", &name, key];
    let prefix = prefix(document, &at("prefix"), file.prefix)?;
    let own_deadline = deadline(document, &at("deadline"), file.deadline)?;
    let own_max = max_tokens(document, &at("max_tokens"), file.max_tokens)?;
    let stream = file.stream.unwrap_or(load.stream);
    check_whole(document, &at("whole"), file.whole, stream > 0)?;
    let [mut prompt, mut output] = match load.calls {
        Calls::Trace { .. } => [None, None],
        Calls::Drawn { prompt, output, .. } | Calls::Users { prompt, output, .. } => {
            [Some(prompt), Some(output)]
        }
    };
    for (key, own, given) in [
        ("prompt", file.prompt, &mut prompt),
        ("output", file.output, &mut output),
    ] {
        if let Some(own) = own {
            let own = tokens_of(document, &at(key), own)?;
            *given = given.map(|_| own);
        }
    }
    Ok(Task {
        share: file.share,
        prompt,
        output,
        stream,
        whole: file.whole.unwrap_or(load.whole),
        priority: priority(file.priority),
        deadline: own_deadline.or(load.deadline),
        max_tokens: own_max.or(load.max_tokens),
        prefix: prefix
            .map(|prefix| Prefixes { owner, ..prefix })
            .or(load.prefix),
        name,
    })
}

fn priority(file: Option<file::Priority>) -> Priority {
    match file {
        Some(file::Priority::Low) => Priority::LOW,
        Some(file::Priority::Normal) | None => Priority::NORMAL,
        Some(file::Priority::High) => Priority::HIGH,
    }
}

/// The prefixes that are written at `path`, the load's until somebody says otherwise.
pub(super) fn prefix(
    document: &Document,
    path: &[&str],
    file: Option<file::Prefix>,
) -> Result<Option<Prefixes>, Diagnostic> {
    let Some(file) = file else { return Ok(None) };
    let at = |key| [path, &[key]].concat();
    let tokens = bounded(
        document,
        &at("tokens"),
        file.tokens,
        1..=MOST_TOKENS,
        tokens::write,
    )?;
    let distinct = file.distinct.unwrap_or(1);
    let range = 1..=MOST_PREFIXES;
    bounded(document, &at("distinct"), distinct, range, count::write)?;
    let share = file.share.unwrap_or(WHOLE);
    bounded(document, &at("share"), share, 1..=WHOLE, share::write)?;
    Ok(Some(Prefixes {
        owner: 0,
        tokens,
        distinct,
        share,
    }))
}
const MOST_TASKS: usize = 100;
const MOST_PREFIXES: u64 = 1_000_000_000;
