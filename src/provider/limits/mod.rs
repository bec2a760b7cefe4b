//! All limits of one account, or of each of its keys: admission, and what remains.
//!
//! All limits admit a request, or none does. Tokens are charged
//! - on `admission`: the prompt and the maximum of output tokens, without a refund, as at Azure
//!   ("the estimated max-processed-token count is added to a running token count", Manage Azure
//!   OpenAI quota) and OpenAI;
//! - as a `reserve`: the same, but unused tokens are refunded when the answer is complete, as at
//!   Bedrock;
//! - on `completion`: the answer's usage, when it is complete, so that a burst can exceed the
//!   limit, as at gateways that count usage (Envoy AI Gateway) and for Anthropic's output tokens. A
//!   limit on prompt tokens alone is still charged on admission, since they are known by then.
//!
//! A refused request is charged nothing, or counts as one request (OpenAI: "unsuccessful requests
//! contribute to your per-minute limit"), with the tokens that it would have been charged on
//! admission, or both, as the file says. A request larger than a whole limit
//! is refused for ever, and told so: no finite wait would be true. Limits on tokens may
//! shrink as slots fill, as Azure's do under the pressure of the pool.
//!
//! - `window`: one limit on a rate, counted by a `bucket`, `sliding` or `fixed`.
//! - `concurrency`: the limit on requests at once. What a refusal looks like is left to `wire`.

mod bucket;
mod concurrency;
mod fixed;
mod sliding;
mod window;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::state::LimitState;
use crate::scenario::{self, Charge, CountRefused, Per};
use crate::time::Instant;
use crate::units::Share;
use crate::wire::fake::{Cause, Quota, Quotas};
use concurrency::Concurrency;
use window::{Window, shrunk};

/// The limits of a provider, perhaps shared with others of its account; none has no state.
#[derive(Debug)]
pub(super) struct Limits(Option<Arc<Mutex<Holders>>>);

/// The amounts of a request that limits count.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LimitRequest {
    /// Prompt tokens.
    pub(super) input: u64,
    /// The maximum of output tokens.
    pub(super) output: u64,
}

/// The refusal by a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Denied {
    /// Which limit.
    pub(super) cause: Cause,
    /// How long until it would say yes, without other requests; some 584 years for never.
    pub(super) wait: Duration,
    /// The remaining quotas.
    pub(super) quotas: Quotas,
}

/// The holders of limits: the account, or each of its keys.
#[derive(Debug)]
struct Holders {
    per: Per,
    /// The state of a new holder: nothing is used.
    fresh: Account,
    /// By key; the account's own has an empty name.
    known: BTreeMap<String, Account>,
    /// How much of the slots is at work.
    busy: Share,
    /// Who was admitted last.
    last: String,
}

/// The limits of an account, and their use.
#[derive(Clone, Debug)]
struct Account {
    windows: Vec<(What, Window)>,
    concurrency: Option<(u64, Concurrency)>,
    charge: Charge,
    count_refused: CountRefused,
    /// What is left of the limits on tokens when all slots are at work.
    shrinks_to: Share,
    /// How much of the slots is.
    busy: Share,
    /// Who was admitted last, and when.
    last: (Instant, LimitRequest),
    /// Work in progress whose tokens are settled when it ends, the earliest first.
    unsettled: BinaryHeap<Reverse<Unsettled>>,
}

/// Work whose tokens are settled at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Unsettled {
    end: Instant,
    admitted: Instant,
    asked: [u64; 2],
    had: [u64; 2],
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Requests,
    Tokens,
    Input,
    Output,
}

impl Limits {
    /// The limits, with nothing used.
    pub(super) fn new(limits: &scenario::Limits) -> Self {
        let holders = Account::new(limits).map(|fresh| Holders {
            per: limits.per,
            fresh,
            known: BTreeMap::new(),
            busy: Share::ZERO,
            last: String::new(),
        });
        Self(holders.map(|holders| Arc::new(Mutex::new(holders))))
    }

    /// The same limits, for another provider of the account.
    pub(super) fn shared(&self) -> Self {
        Self(self.0.clone())
    }

    /// So much of the slots is at work: limits on tokens may shrink under that.
    pub(super) fn press(&mut self, busy: Share) {
        if let Some(mut holders) = self.holders() {
            holders.busy = busy;
        }
    }

    /// A request that shows `key` comes at `now`, when `left` of the limits is there.
    pub(super) fn admit(
        &mut self,
        now: Instant,
        key: Option<&str>,
        ask: LimitRequest,
        left: Share,
    ) -> Result<Quotas, Box<Denied>> {
        let Some(mut holders) = self.holders() else {
            return Ok(Quotas::default());
        };
        let (busy, name) = (holders.busy, holders.name(key));
        let account = holders.of(&name);
        account.busy = busy;
        let quotas = account.admit(now, ask, left)?;
        holders.last = name;
        Ok(quotas)
    }

    /// The last admitted request completes at `end`, with this many tokens; without any at once,
    /// when it is not worked on.
    pub(super) fn settle(&mut self, end: Instant, input: u64, output: u64) {
        if let Some(mut holders) = self.holders() {
            let last = std::mem::take(&mut holders.last);
            holders.of(&last).settle(end, [input, output]);
        }
    }

    /// The use of each limit at `now`, when `left` of them is there.
    pub(super) fn state(&mut self, now: Instant, left: Share) -> Vec<LimitState> {
        let Some(mut holders) = self.holders() else {
            return Vec::new();
        };
        if holders.per == Per::Account {
            holders.of("");
        }
        let busy = holders.busy;
        let known = holders.known.iter_mut();
        let states = known.flat_map(|(name, account)| {
            account.busy = busy;
            account.advance(now, left);
            account.state(name)
        });
        states.collect()
    }

    /// Drops all work: it no longer counts as in progress.
    pub(super) fn clear(&mut self) {
        let Some(mut holders) = self.holders() else {
            return;
        };
        for account in holders.known.values_mut() {
            if let Some((_, concurrency)) = &mut account.concurrency {
                concurrency.clear();
            }
        }
    }

    /// The quotas in an answer to `key` that says that nothing remains, whatever the limits hold.
    pub(super) fn exhausted(&self, key: Option<&str>, reset: Duration) -> Quotas {
        self.holders().map_or_else(Quotas::default, |mut holders| {
            let name = holders.name(key);
            let account = holders.of(&name);
            account.quotas(|window| window.exhausted(reset))
        })
    }

    /// A thread that panicked while counting has left no count half done.
    fn holders(&self) -> Option<MutexGuard<'_, Holders>> {
        let holders = self.0.as_ref()?;
        Some(holders.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Holders {
    /// The holder whose limits apply to `key`. Callers may send any number of keys: beyond
    /// [`MOST_KEYS`] all others share one set.
    fn name(&self, key: Option<&str>) -> String {
        let own = key.filter(|_| self.per == Per::Key).unwrap_or_default();
        match self.known.len() < MOST_KEYS || self.known.contains_key(own) {
            true => own.to_owned(),
            false => String::new(),
        }
    }

    fn of(&mut self, name: &str) -> &mut Account {
        let known = self.known.entry(name.to_owned());
        known.or_insert_with(|| self.fresh.clone())
    }
}

/// Which providers share limits: pairs of the account's first provider and another.
pub(super) fn of_one_account(
    profiles: &[scenario::Provider],
) -> impl Iterator<Item = (usize, usize)> {
    let account = |place: usize| profiles[place].limits.account.as_deref();
    (0..profiles.len()).filter_map(move |other| {
        account(other)?;
        let first = (0..other).find(|first| account(*first) == account(other))?;
        Some((first, other))
    })
}

impl Account {
    fn new(limits: &scenario::Limits) -> Option<Self> {
        let kinds = [
            (What::Requests, &limits.requests),
            (What::Tokens, &limits.tokens),
            (What::Input, &limits.input),
            (What::Output, &limits.output),
        ];
        let windows = kinds.into_iter().flat_map(|(what, limits)| {
            let windows = limits.iter().map(Window::new);
            windows.map(move |window| (what, window))
        });
        let windows: Vec<_> = windows.collect();
        if windows.is_empty() && limits.concurrency.is_none() {
            return None;
        }
        Some(Self {
            windows,
            concurrency: limits
                .concurrency
                .map(|limit| (limit, Concurrency::new(limit))),
            charge: limits.charge,
            count_refused: limits.count_refused,
            shrinks_to: limits.shrinks_to.unwrap_or(Share::WHOLE),
            busy: Share::ZERO,
            last: (Instant::START, LimitRequest::default()),
            unsettled: BinaryHeap::new(),
        })
    }

    fn admit(
        &mut self,
        now: Instant,
        ask: LimitRequest,
        left: Share,
    ) -> Result<Quotas, Box<Denied>> {
        self.advance(now, left);
        if let Some((cause, _)) = self.refusal(ask, left) {
            self.count_refused(ask);
            let wait = self
                .refusal(ask, left)
                .map_or(Duration::ZERO, |(_, wait)| wait);
            let quotas = self.quotas(Window::quota);
            return Err(Box::new(Denied {
                cause,
                wait,
                quotas,
            }));
        }
        self.last = (now, ask);
        for (what, window) in &mut self.windows {
            window.take(what.on_admission(ask, self.charge).1);
        }
        Ok(self.quotas(Window::quota))
    }

    /// The use of each limit of the holder `name`.
    fn state(&self, name: &str) -> Vec<LimitState> {
        let key = (!name.is_empty()).then(|| name.to_owned());
        let state = |counts, quota: Quota| LimitState {
            key: key.clone(),
            counts,
            limit: quota.limit,
            remaining: quota.remaining,
            reset: quota.reset,
        };
        let windows = self.windows.iter();
        let windows = windows.map(|(what, window)| state(what.name(), window.quota()));
        let concurrency = self.concurrency.as_ref();
        let concurrency = concurrency.map(|(_, one)| state("concurrency", one.quota()));
        windows.chain(concurrency).collect()
    }

    fn settle(&mut self, end: Instant, had: [u64; 2]) {
        if let Some((_, concurrency)) = &mut self.concurrency {
            concurrency.put(end);
        }
        let counts_tokens = self.windows.iter().any(|(what, _)| *what != What::Requests);
        if counts_tokens && self.charge != Charge::Admission {
            let (admitted, ask) = self.last;
            self.unsettled.push(Reverse(Unsettled {
                end,
                admitted,
                asked: [ask.input, ask.output],
                had,
            }));
        }
    }

    /// It is `now`: what has ended by then is settled, each at its own moment.
    fn advance(&mut self, now: Instant, left: Share) {
        let lost = Share::from_parts(shrunk(self.busy.as_parts(), self.shrinks_to.rest()));
        let pressed = Share::from_parts(lost.rest().of(left.as_parts()));
        let left_of = |what: What| match what {
            What::Requests => left,
            What::Tokens | What::Input | What::Output => pressed,
        };
        while let Some(Reverse(work)) = self.unsettled.peek().copied()
            && work.end <= now
        {
            self.unsettled.pop();
            for (what, window) in &mut self.windows {
                window.advance(work.end, left_of(*what));
                let (asked, had) = (what.of(work.asked), what.of(work.had));
                match self.charge {
                    Charge::Completion if what.is_settled() => window.take(had),
                    Charge::Reserve if what.is_settled() => {
                        window.give_back(work.admitted, asked.saturating_sub(had));
                        window.take(had.saturating_sub(asked));
                    }
                    _ => {}
                }
            }
        }
        for (what, window) in &mut self.windows {
            window.advance(now, left_of(*what));
        }
        if let Some((limit, concurrency)) = &mut self.concurrency {
            concurrency.advance(now, shrunk(*limit, left));
        }
    }

    /// The limit that refuses for longest, and for how long: after that, none does.
    fn refusal(&self, ask: LimitRequest, left: Share) -> Option<(Cause, Duration)> {
        let windows = self.windows.iter().map(|(what, window)| {
            let (needed, _) = what.on_admission(ask, self.charge);
            (what.cause(window), window.wait(needed))
        });
        let concurrency = self.concurrency.as_ref().map(|(limit, concurrency)| {
            let wait = match shrunk(*limit, left) {
                0 => MINUTE,
                _ => concurrency.wait(),
            };
            (Cause::Concurrency, wait)
        });
        let refusing = windows
            .chain(concurrency)
            .filter(|(_, wait)| !wait.is_zero());
        // The first of equal ones.
        refusing.reduce(|longest, next| if next.1 > longest.1 { next } else { longest })
    }

    /// Counts a refused request where the provider does.
    fn count_refused(&mut self, ask: LimitRequest) {
        for (what, window) in &mut self.windows {
            let counts = match what {
                What::Requests => self.count_refused.counts_requests(),
                What::Tokens | What::Input | What::Output => self.count_refused.counts_tokens(),
            };
            if counts {
                window.take_in_vain(what.on_admission(ask, self.charge).1);
            }
        }
    }

    /// The quota of the tightest limit of each kind.
    fn quotas(&self, quota: impl Fn(&Window) -> Quota) -> Quotas {
        let tightest = |kind: What| {
            let own = self.windows.iter().filter(|(what, _)| *what == kind);
            own.map(|(_, window)| quota(window))
                .min_by_key(|quota| quota.remaining)
        };
        Quotas {
            requests: tightest(What::Requests),
            tokens: tightest(What::Tokens),
            input: tightest(What::Input),
            output: tightest(What::Output),
        }
    }
}

impl What {
    /// The word for it.
    const fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Tokens => "tokens",
            Self::Input => "input",
            Self::Output => "output",
        }
    }

    /// What must remain for a request to be admitted, and what is taken then.
    fn on_admission(self, ask: LimitRequest, charge: Charge) -> (u64, u64) {
        let asked = self.of([ask.input, ask.output]);
        match charge {
            // Anything left admits it: what it will take is not known yet.
            Charge::Completion if self.is_settled() => (1, 0),
            _ => (asked, asked),
        }
    }

    /// Whether its amount is known only when the answer is complete.
    fn is_settled(self) -> bool {
        matches!(self, Self::Tokens | Self::Output)
    }

    fn of(self, [input, output]: [u64; 2]) -> u64 {
        match self {
            Self::Requests => 1,
            Self::Tokens => input.saturating_add(output),
            Self::Input => input,
            Self::Output => output,
        }
    }

    fn cause(self, window: &Window) -> Cause {
        match self {
            _ if window.is_daily() => Cause::DailyLimit,
            Self::Requests => Cause::RateLimit,
            Self::Tokens | Self::Input | Self::Output => Cause::TokenLimit,
        }
    }
}

/// More keys than these are not told apart.
const MOST_KEYS: usize = 1_000;

/// How long to stay away when nothing is admitted at all and the end of that is unknown.
const MINUTE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;
