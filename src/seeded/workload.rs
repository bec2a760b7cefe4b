//! Which call arrives when, with how many tokens, for one seed.
//!
//! Nothing is listed in advance: arrivals are generated one by one, and everything else is a draw
//! keyed by the call's number, so that a month of calls needs no memory and every policy gets the
//! same calls. `scenario` defines rates, `replay` reads trace files, `world` makes the calls.
//!
//! A user retry sends the same question again: the k-th click of question n is call `n + k * 2^48`,
//! with the draws of call n, but with its own draws at the providers. In a closed loop the n-th
//! question of user u, of `count`, is call `u + n * count`.

use std::sync::Arc;
use std::time::Duration;

use crate::policy::CallId;
use crate::policy::call_context::Priority;
pub use crate::replay::Prefix;
use crate::rng::{Lognormal, Purpose, RngStreams, Stream};
use crate::scenario::demand::{BILLIONTH, CALL};
use crate::scenario::{
    Arrivals, Calls, Load, Prefixes, Quantiles, RateCurve, Task, UserRetry, Users,
};
use crate::time::course::Course;
use crate::time::{Instant, SHORTEST, nanos};
use crate::units::tokens::MOST_TOKENS;
use crate::units::{Rate, Share};

/// Token counts of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// Of the prompt.
    pub input: u64,
    /// Of the answer, at least 1, and no more than the call asks for.
    pub output: u64,
    /// Whether the answer would be longer if the call asked for no maximum.
    pub is_cut: bool,
    /// The prompt prefix that it shares with other calls, if any.
    pub prefix: Option<Prefix>,
}

impl Tokens {
    /// The session: calls with a common prompt prefix, like the turns of a conversation.
    pub fn session(&self) -> Option<u64> {
        self.prefix.map(|prefix| prefix.id)
    }
}

/// The calls of one seed. Cheap to clone, since everything is a keyed draw.
#[derive(Clone, Debug)]
pub struct Workload {
    load: Arc<Load>,
    /// Prompt and output tokens of the calls of no task, then of each task.
    counts: Arc<[[Option<Lognormal>; 2]]>,
    end: Instant,
    draws: RngStreams,
}

impl Workload {
    /// The calls of `load` under `seed`, for `duration` (which a trace ignores).
    pub fn new(load: &Load, duration: Duration, seed: u64) -> Self {
        Self {
            load: Arc::new(load.clone()),
            counts: std::iter::once(&load.common)
                .chain(&load.tasks)
                .map(|task| [&task.prompt, &task.output].map(|one| one.as_ref().map(counted)))
                .collect(),
            end: Instant::START + duration,
            draws: RngStreams::new(seed),
        }
    }

    /// The moments of arrival, in order: the n-th is call n, from 0. Closed-loop users have none,
    /// since their calls depend on the answers.
    ///
    /// Drawn calls arrive in `(0, duration]`: the first one gap after the start, and possibly one
    /// exactly at the end. Thus 2/s for 10 s are exactly 20 constant arrivals. The first row of a
    /// trace arrives at the start. Under a curve, gaps are drawn for a rate of one and mapped
    /// through the inverse of the curve's integral: constant arrival n comes when the integral
    /// reaches n.
    pub fn arrivals(&self) -> Box<dyn Iterator<Item = Instant>> {
        let end = self.end;
        match &self.load.calls {
            Calls::Drawn { arrivals, rate, .. } => {
                let moments = self.moments(*arrivals, rate);
                Box::new(moments.take_while(move |&at| at <= end))
            }
            Calls::Users { .. } => Box::new(std::iter::empty()),
            Calls::Listed { at } => {
                let at = Arc::clone(at);
                Box::new((0..at.len()).map(move |n| at[n]))
            }
            Calls::Trace { rows, .. } => {
                let rows = Arc::clone(rows);
                Box::new((0..rows.len()).map(move |n| rows[n].arrival))
            }
        }
    }

    fn moments(&self, arrivals: Arrivals, rate: &RateCurve) -> Box<dyn Iterator<Item = Instant>> {
        let draws = self.draws;
        match (arrivals, rate) {
            (Arrivals::Constant, &RateCurve::Constant(rate)) => {
                Box::new((1..).map(move |n| moment(n, rate)))
            }
            (Arrivals::Poisson, RateCurve::Constant(rate)) => {
                Box::new(poisson(rate.mean_gap(), draws))
            }
            (Arrivals::Constant, rate) => Box::new(along(rate.course(), (0_u64..).map(|_| CALL))),
            (Arrivals::Poisson, rate) => {
                let unit = Duration::from_secs(1);
                let gap = move |n| {
                    let mut stream = draws.stream(Purpose::Arrival, n, 0, 0);
                    u128::from(nanos(stream.exponential(unit))) * BILLIONTH
                };
                Box::new(along(rate.course(), (0..).map(gap)))
            }
            (Arrivals::Gamma { cv }, rate) => {
                let cv = cv.as_milli() as f64 / 1_000.0;
                let gap = move |n| {
                    let mut stream = draws.stream(Purpose::Arrival, n, 0, 0);
                    (stream.gamma(1.0 / (cv * cv)) * 1e9) as u128 * BILLIONTH
                };
                Box::new(along(rate.course(), (0..).map(gap)))
            }
        }
    }

    /// When the last call may arrive.
    pub(crate) fn end(&self) -> Instant {
        self.end
    }

    /// The users of a closed loop, which make their calls one after the other.
    pub(crate) fn users(&self) -> Option<Users> {
        match self.load.calls {
            Calls::Users { users } => Some(users),
            _ => None,
        }
    }

    /// How long a user thinks before `call`, a first click. The first think time of each user is
    /// shortened at random, as if the loop had already been running.
    pub(crate) fn think(&self, call: CallId) -> Duration {
        let Some(users) = self.users() else {
            return Duration::ZERO;
        };
        let mut stream = self.draws.stream(Purpose::Think, call.0, 0, 0);
        let (p50, p99) = (nanos(users.think.p50) as f64, nanos(users.think.p99) as f64);
        let mut length = stream.lognormal(p50.max(1.0), p99.max(1.0));
        if call.0 < users.count {
            length *= stream.unit();
        }
        Duration::from_nanos(length as u64).max(SHORTEST)
    }

    /// When and how users retry.
    pub(crate) fn user_retry(&self) -> Option<UserRetry> {
        self.load.user_retry
    }

    /// The call with which the user of `call` retries when it has lasted too long, if any.
    pub(crate) fn clicked_again(&self, call: CallId) -> Option<CallId> {
        let user_retry = self.load.user_retry?;
        let clicks = call.0 >> QUESTION_BITS;
        let mut stream = self.draws.stream(Purpose::Reclick, call.0, 0, 0);
        let again =
            clicks < u64::from(user_retry.at_most) && stream.chance(user_retry.chance.as_parts());
        again.then(|| CallId(call.0 + (1 << QUESTION_BITS)))
    }

    /// The first click of the question that `call` asks.
    pub fn first_click(&self, call: CallId) -> CallId {
        CallId(call.0 & ((1 << QUESTION_BITS) - 1))
    }

    /// The client process that makes a call; all calls of a user have the same.
    pub fn client(&self, call: CallId) -> u32 {
        let number = self.first_click(call).0;
        let number = match self.users() {
            Some(users) => number % users.count.max(1),
            None => number,
        };
        (number % u64::from(self.load.clients.max(1))) as u32
    }

    /// The task of a call, if the load has tasks.
    pub fn task(&self, call: CallId) -> Option<&str> {
        let task = self.task_of(call);
        (!self.load.tasks.is_empty()).then_some(&task.name)
    }

    /// The token counts of a call; none for a number that no row of the trace has.
    pub fn tokens(&self, call: CallId) -> Tokens {
        let question = self.first_click(call);
        let number = self.task_number(call);
        let task = self.numbered(number);
        let most = task.max_tokens.unwrap_or(u64::MAX);
        if let Calls::Trace { rows, .. } = &self.load.calls {
            let row = usize::try_from(question.0).ok().and_then(|n| rows.get(n));
            let input = row.map_or(0, |row| row.input);
            let output = row.map_or(1, |row| row.output);
            return Tokens {
                input,
                output: output.clamp(1, most),
                is_cut: output > most,
                prefix: match row.and_then(|row| row.prefix) {
                    Some(told) => Some(told),
                    None => self.prefix(task, question, input),
                },
            };
        }
        let mut stream = self.draws.stream(Purpose::Tokens, question.0, 0, 0);
        let counts = &self.counts[number.map_or(0, |number| number + 1)];
        let [input, output] = counts.map(|of| of.map_or(1, |of| drawn(&of, &mut stream)));
        Tokens {
            input,
            output: output.min(most),
            is_cut: output > most,
            prefix: self.prefix(task, question, input),
        }
    }

    /// Whether a call is streamed.
    pub fn is_streamed(&self, call: CallId) -> bool {
        self.is_drawn(Purpose::Streamed, call, self.task_of(call).stream)
    }

    /// Whether the answer of a streamed call is delivered to the caller in one piece.
    pub fn is_whole(&self, call: CallId) -> bool {
        let whole = self.task_of(call).whole;
        self.is_drawn(Purpose::Whole, call, whole) && self.is_streamed(call)
    }

    /// Whether a call is among this share of its question's draws; without a share none is.
    fn is_drawn(&self, purpose: Purpose, call: CallId, share: Option<Share>) -> bool {
        let question = self.first_click(call).0;
        share.is_some_and(|share| {
            if share == Share::ZERO || share == Share::WHOLE {
                return share == Share::WHOLE;
            }
            let mut stream = self.draws.stream(purpose, question, 0, 0);
            stream.chance(share.as_parts())
        })
    }

    /// The priority of a call.
    pub fn priority(&self, call: CallId) -> Priority {
        self.task_of(call).priority.into()
    }

    /// How long the user of a call waits; none = without limit.
    pub fn deadline(&self, call: CallId) -> Option<Duration> {
        self.task_of(call).deadline.length()
    }

    /// The `max_tokens` that a call sends.
    pub fn max_tokens(&self, call: CallId) -> Option<u32> {
        let most = self.task_of(call).max_tokens?;
        u32::try_from(most).ok()
    }

    /// Which of the load's tasks a call is, by position; none when it has no tasks.
    pub fn task_number(&self, call: CallId) -> Option<usize> {
        let question = self.first_click(call);
        let (_, others) = self.load.tasks.split_last()?;
        let mut stream = self.draws.stream(Purpose::Task, question.0, 0, 0);
        let mut drawn = stream.below(1_000_000_000);
        for (number, task) in others.iter().enumerate() {
            match drawn.checked_sub(task.share.as_parts()) {
                None => return Some(number),
                Some(rest) => drawn = rest,
            }
        }
        Some(others.len())
    }

    fn task_of(&self, call: CallId) -> &Task {
        self.numbered(self.task_number(call))
    }

    fn numbered(&self, number: Option<usize>) -> &Task {
        let task = number.and_then(|number| self.load.tasks.get(number));
        task.unwrap_or(&self.load.common)
    }

    fn prefix(&self, task: &Task, question: CallId, input: u64) -> Option<Prefix> {
        let Prefixes {
            owner,
            tokens,
            distinct,
            share,
        } = task.prefix?;
        let mut stream = self.draws.stream(Purpose::Prefix, question.0, 0, 0);
        stream.chance(share.as_parts()).then(|| Prefix {
            id: u64::from(owner) << 32 | stream.below(distinct),
            tokens: tokens.min(input),
        })
    }
}

/// `n` gaps after the start, rounded down to a nanosecond, so the error does not grow with `n`.
fn moment(n: u64, rate: Rate) -> Instant {
    let exact = u128::from(n) * rate.per.as_nanos() * 1_000_000_000;
    let passed = exact / u128::from(rate.count_nano.max(1));
    Instant::from_nanos(u64::try_from(passed).unwrap_or(u64::MAX))
}

fn poisson(mean: Duration, draws: RngStreams) -> impl Iterator<Item = Instant> {
    (0..).scan(Instant::START, move |at, call| {
        *at = *at + draws.stream(Purpose::Arrival, call, 0, 0).exponential(mean);
        Some(*at)
    })
}

/// The moments at which the integral of `course` reaches the sum of the `gaps` so far.
fn along(course: Course, gaps: impl Iterator<Item = u128>) -> impl Iterator<Item = Instant> {
    gaps.scan((0_u128, 0_u64), move |(mass, at), gap| {
        *mass = mass.saturating_add(gap);
        *at = course.first(*mass, *at)?;
        Some(Instant::from_nanos(*at))
    })
}

fn counted(quantiles: &Quantiles<u64>) -> Lognormal {
    let (p50, p99) = (quantiles.p50.max(1), quantiles.p99.max(1));
    Lognormal::new(p50 as f64, p99 as f64)
}

fn drawn(of: &Lognormal, stream: &mut Stream) -> u64 {
    let tokens = libm::round(stream.drawn(of));
    (tokens as u64).clamp(1, MOST_TOKENS)
}

/// Question numbers are below 2^48, more than any run has.
const QUESTION_BITS: u32 = 48;
