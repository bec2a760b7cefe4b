//! Kinds of calls, each with its share; and the prompt prefixes that calls share.
//!
//! A task sets some keys, and takes the others from the load. `seeded` draws, keyed by call,
//! which task a call belongs to and which prefix its prompt has.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::policy::call_context;
use crate::text::Diagnostic;
use crate::text::place::Place;
use crate::text::quantiles::Quantiles;
use crate::text::section::{section, within};
use crate::time::{LONGEST_RUN, SHORTEST};
#[cfg(feature = "cli")]
use crate::units::schema::LengthOrNone;
use crate::units::tokens::MOST_TOKENS;
use crate::units::{Count, Share, Tokens, Written, duration};

section! {
    /// One of `tasks`.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Task [Serialize] ("Task") {
        /// Its share of all calls; all shares together are 100 %.
        required pub share: Share, skip is_default;
        /// Prompt tokens.
        optional pub prompt: Quantiles<u64>, in 1..=MOST_TOKENS;
        /// Output tokens.
        optional pub output: Quantiles<u64>, in 1..=MOST_TOKENS;
        /// The share of its calls that are streamed.
        optional pub stream: Share;
        /// The share of its streamed calls that are delivered to the caller in one piece.
        optional pub whole: Share, skip is_default;
        /// The priority of its calls when capacity is short; `normal` by default.
        default pub priority: Priority = Priority::Normal, skip is_default;
        /// How long its users wait; `none` = until an answer or an error.
        default pub deadline: Deadline = Deadline::Unsaid, schema LengthOrNone;
        /// The `max_tokens` that its calls send.
        optional pub max_tokens: u64 as Tokens, in 1..=MOST_TOKENS;
        /// Prefixes that its prompts share.
        optional pub prefix: Prefixes;
    } beside {
        /// Its name: the key that it stands under.
        pub name: String,
    }
}

/// How long users wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Deadline {
    /// The file does not say: in a task as the load says, in the load without limit.
    #[default]
    Unsaid,
    /// Without limit.
    None,
    /// This long.
    After(Duration),
}

impl Deadline {
    /// How long users wait; none = without limit.
    pub const fn length(self) -> Option<Duration> {
        match self {
            Self::Unsaid | Self::None => None,
            Self::After(length) => Some(length),
        }
    }

    /// This, or the other where this one is unsaid.
    const fn or(self, other: Self) -> Self {
        match self {
            Self::Unsaid => other,
            said => said,
        }
    }
}

impl Serialize for Deadline {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.length().map(duration::write).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Deadline {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let parse = |text: &str| match text.trim() {
            "none" => Ok(Self::None),
            length => duration::parse(length)
                .and_then(|length| within(length, SHORTEST..=LONGEST_RUN, duration::write))
                .map(Self::After),
        };
        let wanted = "a length of time such as `30s`, or `none`";
        deserializer.deserialize_str(Written { wanted, parse })
    }
}

/// `priority` of a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// May wait, such as a batch.
    Low,
    /// The default.
    #[default]
    Normal,
    /// A user is waiting for the answer.
    High,
}

section! {
    /// `prefix`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Prefixes [Serialize] ("Prefix") {
        /// How long each is.
        required pub tokens: u64 as Tokens, in 1..=MOST_TOKENS;
        /// How many there are; 1 by default.
        default pub distinct: u64 as Count = 1, in 1..=MOST_PREFIXES;
        /// The share of calls that begin with one of them; all by default.
        default pub share: Share = Share::WHOLE, in Share::from_parts(1)..=Share::WHOLE;
    } beside {
        /// The owner: 0 is the load, else the task's number from 1. Tasks do not share their own
        /// prefixes with other tasks.
        pub owner: u16,
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl From<Priority> for call_context::Priority {
    fn from(priority: Priority) -> Self {
        match priority {
            Priority::Low => Self::LOW,
            Priority::Normal => Self::NORMAL,
            Priority::High => Self::HIGH,
        }
    }
}

impl Task {
    /// Refuses `whole` where no call is streamed.
    pub(super) fn check_whole(
        &self,
        place: &Place<'_>,
        is_streamed: bool,
    ) -> Result<(), Diagnostic> {
        if self.whole.is_none() || is_streamed {
            return Ok(());
        }
        let message = "`whole` is a share of streamed calls, and no call is streamed";
        place.refuse_key(
            "whole",
            message,
            "write `stream: 60%` as well, or leave it out",
        )
    }

    /// Whether any of its calls is streamed.
    pub(super) fn is_streamed(&self) -> bool {
        self.stream.is_some_and(|share| share > Share::ZERO)
    }

    /// Itself, with keys that it leaves out taken from `common`.
    fn or(self, common: &Self) -> Self {
        Self {
            prompt: self.prompt.or(common.prompt),
            output: self.output.or(common.output),
            stream: self.stream.or(common.stream),
            whole: self.whole.or(common.whole),
            deadline: self.deadline.or(common.deadline),
            max_tokens: self.max_tokens.or(common.max_tokens),
            prefix: self.prefix.or(common.prefix),
            ..self
        }
    }
}

/// The tasks in the file's order, each with keys that it leaves out taken from `common`.
pub(super) fn tasks(
    section: &Place<'_>,
    mut written: BTreeMap<String, Task>,
    common: &Task,
) -> Result<Vec<Task>, Diagnostic> {
    check_shares(section, &written)?;
    let mut tasks = Vec::new();
    for name in section.keys("") {
        let Some(mut task) = written.remove(&name) else {
            continue;
        };
        let is_streamed = task.stream.is_none() && common.is_streamed();
        task.check_whole(&section.inside(&name), is_streamed || task.is_streamed())?;
        if let Some(prefix) = &mut task.prefix {
            prefix.owner = tasks.len() as u16 + 1;
        }
        task.name = name;
        tasks.push(task.or(common));
    }
    Ok(tasks)
}

fn check_shares(section: &Place<'_>, tasks: &BTreeMap<String, Task>) -> Result<(), Diagnostic> {
    if tasks.len() > MOST_TASKS {
        return Err(section.problem_at_key("", format!("more than {MOST_TASKS} tasks")));
    }
    for (name, task) in tasks {
        let place = section.inside(name);
        place.check_name("a task")?;
        if task.share == Share::ZERO {
            let hint = "write more than `0%`, or leave the task out";
            return place.refuse("share", "a task without a share has no calls", hint);
        }
    }
    let sum: u64 = tasks.values().map(|task| task.share.as_parts()).sum();
    let whole = Share::WHOLE.as_parts();
    if tasks.is_empty() || sum == whole {
        return Ok(());
    }
    let message = match sum.checked_sub(whole) {
        None => format!("the shares of the tasks make {}", Share::from_parts(sum)),
        Some(beyond) => {
            let beyond = Share::from_parts(beyond);
            format!("the shares of the tasks make {beyond} more than the whole")
        }
    };
    section.refuse_key("", message, "let them make exactly `100%`")
}

const MOST_TASKS: usize = 100;
const MOST_PREFIXES: u64 = 1_000_000_000;
