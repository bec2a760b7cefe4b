//! The load: what calls ask for, and when they arrive.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

use super::curve::{self, RateCurve};
use super::listed;
use super::tasks::{self, Deadline, Prefixes, Task};
use super::users::{UserRetry, Users};
use crate::replay::Row;
use crate::text::place::Place;
use crate::text::quantiles::Quantiles;
use crate::text::section::section;
use crate::text::{Diagnostic, Document};
use crate::time::{Instant, LONGEST_RUN, SHORTEST};
#[cfg(feature = "cli")]
use crate::units::schema::{LengthOrNone, Whole};
use crate::units::tokens::MOST_TOKENS;
use crate::units::{Factor, Length, Share, Tokens, duration};

/// What calls ask for, and when they arrive.
#[derive(Clone, Debug)]
pub struct Load {
    /// When calls arrive.
    pub calls: Calls,
    /// What calls ask for unless their task says otherwise. It has no name and no share.
    pub common: Task,
    /// Kinds of calls, each with its share; none = all calls are alike.
    pub tasks: Vec<Task>,
    /// When and how users click again.
    pub user_retry: Option<UserRetry>,
    /// Client processes, each with its own state; a call belongs to client (number mod clients).
    pub clients: u32,
}

/// When calls arrive.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Calls {
    /// Drawn at random.
    Drawn {
        /// The distribution of the gaps.
        #[serde(flatten)]
        arrivals: Arrivals,
        /// How many calls per time, at all clients together.
        rate: RateCurve,
    },
    /// At given moments.
    Listed {
        /// The arrivals, in order.
        #[serde(serialize_with = "listed::serialize")]
        at: Arc<Vec<Instant>>,
    },
    /// Made by users in a closed loop: each waits for an answer before the next call.
    Users {
        /// Their number and think time.
        users: Users,
    },
    /// Replayed.
    Trace {
        /// The file's path as written.
        #[serde(rename = "trace")]
        shown: String,
        /// The file's resolved path.
        #[serde(skip)]
        path: PathBuf,
        /// Its rows, in order of arrival.
        #[serde(serialize_with = "count")]
        rows: Arc<Vec<Row>>,
    },
}

/// The distribution of the gaps between arrivals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "arrivals", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Arrivals {
    /// All gaps are equal.
    Constant,
    /// Arrivals are independent of each other.
    Poisson,
    /// Drawn from a gamma distribution, as ServeGen found for real clients (Xiang et al., 2025):
    /// with `cv` above 1 there are bursts and pauses, below 1 arrivals are more regular.
    Gamma {
        /// The coefficient of variation of the gaps.
        cv: Factor,
    },
}

section! {
    /// `load`.
    #[derive()]
    pub(in crate::scenario) struct Written [] ("Load", transform require) {
        /// How gaps between calls vary; `poisson` by default.
        optional arrivals: ArrivalProcess;
        /// The coefficient of variation of `gamma`: 1 equals `poisson`, above 1 calls come in
        /// bursts.
        optional cv: Factor, in Factor::milli(50)..=Factor::milli(20_000);
        /// The arrival rate at all clients together: one rate, or a curve.
        optional rate: curve::Written;
        /// The moments at which calls arrive, one for each, in order, instead of a `rate`.
        optional at: Vec<Length>;
        /// Users in a closed loop, instead of a `rate`: each waits for an answer before the next
        /// call.
        optional users: Users;
        /// Prompt tokens.
        optional prompt: Quantiles<u64>, in 1..=MOST_TOKENS;
        /// Output tokens.
        optional output: Quantiles<u64>, in 1..=MOST_TOKENS;
        /// The share of calls that are streamed; none by default.
        default stream: Share = Share::ZERO;
        /// The share of streamed calls that are delivered to the caller in one piece; none by
        /// default.
        optional whole: Share;
        /// How long a user waits, `none` = until an answer or an error; without limit by default.
        default deadline: Deadline = Deadline::Unsaid, schema LengthOrNone;
        /// The `max_tokens` that calls send.
        optional max_tokens: u64 as Tokens, in 1..=MOST_TOKENS;
        /// Prefixes that prompts share, for caches.
        optional prefix: Prefixes;
        /// Kinds of calls, by names of your choice; keys that they leave out have the values given
        /// here.
        default tasks: BTreeMap<String, Task> = BTreeMap::new();
        /// After this long without an answer, a user may retry.
        optional patience: Duration as Length, in SHORTEST..=LONGEST_RUN;
        /// How users retry.
        optional user_retry: UserRetry;
        /// The number of client processes, each with its own breakers; 1 by default.
        default clients: u32 = 1, in 1..=1_000, schema Whole;
        /// A CSV file of calls to replay, relative to this one.
        optional pub(in crate::scenario) trace: String;
    }
}

/// `arrivals`.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
enum ArrivalProcess {
    /// All gaps are equal.
    Constant,
    /// Independent arrivals, as of many users.
    Poisson,
    /// With the variation that `cv` sets.
    Gamma,
}

/// A load needs a source of calls, and token counts.
#[cfg(feature = "cli")]
fn require(mut schema: schemars::Schema) -> schemars::Schema {
    let one_of = |keys: &[&[&str]]| {
        let all = keys.iter().map(|keys| json!({ "required": keys }));
        json!({ "anyOf": all.collect::<Vec<_>>() })
    };
    let calls = one_of(&[&["rate"], &["at"], &["users"], &["trace"]]);
    let sizes = one_of(&[&["prompt", "output"], &["tasks"], &["trace"]]);
    schema.insert("allOf".to_owned(), json!([calls, sizes]));
    schema
}

impl Load {
    /// Whether arrivals wait for answers, so that they depend on the policy.
    pub fn is_closed(&self) -> bool {
        matches!(self.calls, Calls::Users { .. })
    }

    /// Notes that every report must show besides the numbers.
    pub fn notes(&self) -> Vec<String> {
        let note = match (self.is_closed(), self.user_retry) {
            (true, _) => Some(CLOSED),
            (false, Some(_)) => Some(CLICKED),
            (false, None) => None,
        };
        note.map(str::to_owned).into_iter().collect()
    }

    /// What calls ask for, by kind.
    pub(crate) fn kinds(&self) -> &[Task] {
        match self.tasks.is_empty() {
            true => std::slice::from_ref(&self.common),
            false => &self.tasks,
        }
    }

    /// Refuses more calls than a run of this `length` can have, and changes of the rate after its
    /// end.
    pub(in crate::scenario) fn check_calls(
        &self,
        document: &Document,
        length: Duration,
    ) -> Result<(), Diagnostic> {
        let place = Place::new(document, "load");
        let (key, calls) = match &self.calls {
            Calls::Drawn { rate, .. } => {
                rate.check_changes(&place.inside("rate"), length)?;
                ("rate", rate.calls_by(Instant::START + length))
            }
            Calls::Users { users } => {
                let each = length.as_nanos() / users.think.p50.as_nanos().max(1);
                ("users", each * u128::from(users.count))
            }
            Calls::Listed { at } => return listed::check(&place, at, Instant::START + length),
            Calls::Trace { .. } => return Ok(()),
        };
        if calls <= MOST_CALLS {
            return Ok(());
        }
        let message = format!("this makes {calls} calls per seed, more than {MOST_CALLS}");
        let problem = place.problem(key, message);
        Err(problem.hint("write a smaller rate, or a shorter `run.duration`"))
    }
}

/// The resolved load. Optional keys without an effect are left out.
impl Serialize for Load {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let again = self.user_retry.map(|user_retry| {
            let patience = duration::write(user_retry.patience);
            json!({ "patience": patience, "user_retry": user_retry })
        });
        let asked = match self.tasks.is_empty() {
            true => json!(self.common),
            false => json!({ "tasks": self.tasks.iter().map(shown).collect::<Vec<_>>() }),
        };
        let mut shown = json!(self.calls);
        for part in [
            asked,
            json!({ "clients": self.clients }),
            again.unwrap_or_default(),
        ] {
            if let (Value::Object(shown), Value::Object(part)) = (&mut shown, part) {
                shown.extend(part);
            }
        }
        shown.serialize(serializer)
    }
}

/// A task with its name, for a list.
fn shown(task: &Task) -> Value {
    let mut shown = json!(task);
    shown["name"] = json!(task.name);
    shown
}

/// The number of rows.
fn count<S: Serializer>(rows: &Arc<Vec<Row>>, serializer: S) -> Result<S::Ok, S::Error> {
    rows.len().serialize(serializer)
}

impl Written {
    /// Refuses keys that cannot be combined with `at` or `users`.
    pub(in crate::scenario) fn check_alone(&self, document: &Document) -> Result<(), Diagnostic> {
        let place = Place::new(document, "load");
        let keys = place.keys("");
        let has = |key: &&str| keys.iter().any(|one| one == key);
        let others = ["users", "trace", "rate", "arrivals", "cv"];
        if self.at.is_some()
            && let Some(key) = others.into_iter().find(has)
        {
            let message = format!("`at` lists when calls come: `{key}` cannot stand beside");
            let problem = place.problem_at_key(key, message);
            return Err(problem.hint(format!("leave out `{key}`, or `at`")));
        }
        if self.users.is_none() {
            return Ok(());
        }
        if let Some(key) = ["trace", "rate", "arrivals", "cv"].into_iter().find(has) {
            let message = format!("`users` decide when calls come: `{key}` cannot stand beside");
            let problem = place.problem_at_key(key, message);
            return Err(problem.hint(format!("leave out `{key}`, or `users`")));
        }
        if let Some(key) = ["patience", "user_retry"].into_iter().find(has) {
            let message = format!("`{key}` belongs to the `users` here");
            let problem = place.problem_at_key(key, message);
            return Err(problem.hint(format!("write it inside of `users: {{ …, {key}: … }}`")));
        }
        Ok(())
    }

    /// The resolved load; `trace` holds the calls to replay, if any.
    pub(in crate::scenario) fn checked(
        mut self,
        document: &Document,
        trace: Option<Calls>,
    ) -> Result<Load, Diagnostic> {
        let place = Place::new(document, "load");
        let is_replay = trace.is_some();
        let user_retry = self.user_retry(&place)?;
        let written = std::mem::take(&mut self.tasks);
        let mut common = Task {
            prompt: self.prompt,
            output: self.output,
            stream: Some(self.stream),
            whole: self.whole,
            deadline: self.deadline,
            max_tokens: self.max_tokens,
            prefix: self.prefix,
            ..Task::default()
        };
        if is_replay {
            (common.prompt, common.output) = (None, None);
        }
        let clients = self.clients;
        let calls = match trace {
            Some(trace) => trace,
            None => self.calls(&place)?,
        };
        let mut tasks = tasks::tasks(&place.inside("tasks"), written, &common)?;
        if is_replay {
            for task in &mut tasks {
                (task.prompt, task.output) = (None, None);
            }
        }
        let is_streamed = common.is_streamed() || tasks.iter().any(Task::is_streamed);
        common.check_whole(&place, is_streamed)?;
        let load = Load {
            calls,
            common,
            tasks,
            user_retry,
            clients,
        };
        if !is_replay {
            check_sizes(&place, load.kinds())?;
        }
        Ok(load)
    }

    /// Whether users click again: written inside of `users` when there are any, else in the load.
    fn user_retry(&mut self, place: &Place<'_>) -> Result<Option<UserRetry>, Diagnostic> {
        match &mut self.users {
            Some(users) => {
                let (patience, user_retry) = (users.patience.take(), users.user_retry.take());
                UserRetry::joined(&place.inside("users"), patience, user_retry)
            }
            None => UserRetry::joined(place, self.patience, self.user_retry),
        }
    }

    /// The calls, if no trace lists them.
    fn calls(self, place: &Place<'_>) -> Result<Calls, Diagnostic> {
        if let Some(users) = self.users {
            return Ok(Calls::Users { users });
        }
        if let Some(at) = self.at {
            let at = at.into_iter().map(|at| Instant::START + at.0);
            let at = Arc::new(at.collect());
            return Ok(Calls::Listed { at });
        }
        let rate = self.rate.ok_or_else(|| missing(place, "rate", "2/s"))?;
        Ok(Calls::Drawn {
            arrivals: arrivals(place, self.arrivals, self.cv)?,
            rate: rate.checked(&place.inside("rate"))?,
        })
    }
}

fn arrivals(
    place: &Place<'_>,
    process: Option<ArrivalProcess>,
    cv: Option<Factor>,
) -> Result<Arrivals, Diagnostic> {
    match (process.unwrap_or(ArrivalProcess::Poisson), cv) {
        (ArrivalProcess::Gamma, Some(cv)) => Ok(Arrivals::Gamma { cv }),
        (ArrivalProcess::Gamma, None) => Err(place
            .problem("arrivals", "`gamma` needs the key `cv`")
            .hint("write how much the gaps vary: `cv: 2`; 1 is as `poisson`")),
        (_, Some(_)) => Err(place
            .problem_at_key("cv", "`cv` is for `arrivals: gamma` only")
            .hint("write `arrivals: gamma`, or leave it out")),
        (ArrivalProcess::Constant, None) => Ok(Arrivals::Constant),
        (ArrivalProcess::Poisson, None) => Ok(Arrivals::Poisson),
    }
}

/// Every call needs a size.
fn check_sizes(place: &Place<'_>, kinds: &[Task]) -> Result<(), Diagnostic> {
    let two = "{ p50: 900 tok, p99: 8k tok }";
    let all = |of: fn(&Task) -> Option<Quantiles<u64>>| kinds.iter().all(|kind| of(kind).is_some());
    for (key, is_there) in [
        ("prompt", all(|kind| kind.prompt)),
        ("output", all(|kind| kind.output)),
    ] {
        if !is_there {
            return Err(missing(place, key, two));
        }
    }
    Ok(())
}

fn missing(place: &Place<'_>, key: &str, example: &str) -> Diagnostic {
    let message = format!("the key `{key}` is missing in `load`");
    let hint = format!("write as in `{key}: {example}`, or replay a `trace`");
    place.problem_at_key("", message).hint(hint)
}

const CLOSED: &str = "closed loop: arrivals depend on the policy, so calls are not paired";
const CLICKED: &str = "users click again: first clicks are paired, the others are the policy's";
const MOST_CALLS: u128 = 1_000_000_000;
