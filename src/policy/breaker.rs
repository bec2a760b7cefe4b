//! The breaker: refuses a provider that keeps failing, and finds out with a few probes when it is
//! back.
//!
//! ```text
//!             a signal, or a hint                    time is up, at the next admission
//!   Closed --------------------------->  Open  ------------------------------------->  HalfOpen
//!     ^                                  ^  | a longer hint                             |   |
//!     |                                  |  +---> Open                                  |   |
//!     |                                  +---- a probe fails or is slow, or a hint -----+   |
//!     +------------------- `success_threshold` probes in a row succeed ---------------------+
//! ```
//!
//! The signals: `consecutive_failures`; `max_failures` within the window; a share of successes
//! below `min_success_rate`, or a share of slow attempts above `max_slow_rate`, among the attempts
//! of the window, if it holds `min_attempts`. A fast success never opens it: the window is judged
//! only when an attempt failed or was slow.
//!
//! With `count_slow: in_flight`, attempts in flight that are slow already are added to those of the
//! window whenever a call asks.
//!
//! It stays open longer each time, until the provider has recovered, that is until the breaker
//! stayed closed for at least as long as it had last been open. With `open.hint: honour`, a hint
//! opens the breaker for exactly the time that it asks for, up to `max`. A hint is not a step of
//! the growth, may extend the open time but never shortens it, and counts for attempts of any
//! generation.
//!
//! Every admission carries the generation in which it was given, and every transition starts a new
//! generation. An attempt that ends in a later generation changes nothing, unless it brings a hint:
//! late failures cannot keep a breaker open, and a late success cannot close it.
//!
//! Each admission must be returned exactly once, as success, failure or cancelled. A cancelled
//! probe frees its slot and counts neither way. Therefore an attempt that hangs until the call's
//! deadline cancels it counts neither way, and under a policy without attempt timeouts the breaker
//! never opens for a provider that hangs. With a `probe_timeout`, a probe that has not ended in
//! time loses its slot to the next probe. When it ends later, in its generation, its result counts
//! like any other, but it has no slot left to free.
//!
//! [`super::classify`] decides which failures count; the fleet assigns breakers to providers.

mod habits;
mod in_flight;
mod open_backoff;
mod probes;
#[cfg(test)]
mod tests;
mod window;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use habits::Habits;
use in_flight::InFlight;
use open_backoff::OpenBackoff;
use probes::Probes;
use window::{AttemptRating, Window};

use super::ProviderId;
use super::config::{self, CountSlow, Quirk};
use super::reason::{OpenedBy, Refusal};
use crate::rng::RngStreams;
use crate::time::Instant;

/// A breaker's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Healthy: admits everything.
    Closed,
    /// Refuses everything until its open time ends.
    Open,
    /// Admits a bounded number of probes.
    HalfOpen,
}

/// The breaker of one provider.
#[derive(Clone, Debug)]
pub(crate) struct Breaker {
    settings: config::Breaker,
    phase: Phase,
    generation: u64,
    window: Window,
    /// Attempts in flight, if those count as slow.
    in_flight: Option<InFlight>,
    patience: OpenBackoff,
    closed_since: Option<Instant>,
    habits: Habits,
    /// Successes of attempts from before it opened, if a quirk counts them.
    late_successes: u32,
    /// Failures in a row since a success after it opened, if a quirk has that forgive those before.
    forgiven: Option<u32>,
}

/// Permission to make one attempt; returned when the attempt has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Admission {
    generation: u64,
    /// The number of its probe slot; 0 = it is not a probe.
    probe: u64,
    /// When it was given, while the breaker waits for its first token.
    awaited: Option<Instant>,
}

impl Admission {
    /// The admission to a provider that has no breaker.
    pub(crate) const UNGUARDED: Self = Self {
        generation: 0,
        probe: 0,
        awaited: None,
    };

    /// Whether a half-open breaker gave it.
    pub(crate) const fn is_probe(self) -> bool {
        self.probe != 0
    }

    /// The same, for an attempt that is counted once more.
    pub(crate) const fn again(self) -> Self {
        Self {
            awaited: None,
            ..self
        }
    }
}

impl Breaker {
    /// A closed breaker. A count of 0 in the settings means 1: there is no half-open state
    /// without probes.
    pub(crate) fn new(settings: config::Breaker, draws: RngStreams, provider: ProviderId) -> Self {
        Self {
            phase: Phase::Closed { failures: 0 },
            generation: 0,
            window: Window::new(settings.window),
            in_flight: match settings.count_slow {
                CountSlow::InFlight => settings.slow_call.map(InFlight::new),
                CountSlow::Ended => None,
            },
            patience: OpenBackoff::new(draws, provider),
            closed_since: None,
            habits: Habits::default(),
            late_successes: 0,
            forgiven: None,
            settings,
        }
    }

    /// The same, with those of a policy's quirks that concern breakers.
    pub(crate) fn with_quirks(mut self, quirks: &config::Quirks) -> Self {
        if quirks.has(&Quirk::HalfOpenAdmitsAll) {
            self.settings.max_probes = u32::MAX;
        }
        self.habits = Habits::of(quirks);
        self
    }

    /// The state. A breaker whose open time has ended is still `Open` until the next
    /// [`Self::admit`].
    pub(crate) const fn state(&self) -> State {
        match self.phase {
            Phase::Closed { .. } => State::Closed,
            Phase::Open { .. } => State::Open,
            Phase::HalfOpen { .. } => State::HalfOpen,
        }
    }

    /// When it last closed; none if it never opened.
    #[cfg(test)]
    pub(crate) const fn closed_since(&self) -> Option<Instant> {
        self.closed_since
    }

    /// Admits an attempt that starts now, or refuses it. Turns half-open when the open time has
    /// ended.
    pub(crate) fn admit(&mut self, now: Instant) -> Option<Admission> {
        let is_over = matches!(self.phase, Phase::Open { until, .. } if now >= until);
        if self.habits.closes_by_time && is_over {
            self.close(now);
        }
        let probe = match self.phase {
            Phase::Closed { .. } => 0,
            _ => self.probe(now)?,
        };
        let in_flight = self.in_flight.as_mut().filter(|_| probe == 0);
        let awaited = in_flight.map(|in_flight| {
            in_flight.start(now);
            now
        });
        Some(Admission {
            generation: self.generation,
            probe,
            awaited,
        })
    }

    /// A call asks: opens if too large a share of attempts is slow, with those in flight.
    pub(crate) fn on_asked(&mut self, now: Instant) {
        let Some(in_flight) = &mut self.in_flight else {
            return;
        };
        let slow = in_flight.slow(now);
        if slow == 0 || !matches!(self.phase, Phase::Closed { .. }) {
            return;
        }
        self.window.age(now);
        let total = self.window.total().with_slow(slow);
        let settings = &self.settings;
        if total.are(settings.min_attempts) && total.slow_is_above(settings.max_slow_rate) {
            self.open(total.as_slow_rate(), now);
        }
    }

    /// The first token of an attempt has come. If it came in time, the attempt is not slow.
    pub(crate) fn on_first_token(&mut self, admission: Admission, now: Instant) -> Admission {
        let in_flight = self.in_flight.as_ref();
        let is_late = |since| in_flight.is_some_and(|in_flight| in_flight.is_slow(since, now));
        if admission.awaited.is_some_and(is_late) {
            return admission;
        }
        self.await_no_longer(admission);
        admission.again()
    }

    /// Why an attempt at `then` would be refused if nothing happened until then; none if it would
    /// be admitted.
    pub(crate) fn refusal(&self, then: Instant) -> Option<Refusal> {
        let max_probes = self.settings.max_probes;
        match &self.phase {
            Phase::Open { until, by } if then < *until => Some(Refusal::BreakerOpen {
                until: *until,
                by: *by,
            }),
            Phase::HalfOpen(probes) if !probes.has_room(max_probes, then) => {
                let max_probes = max_probes.max(1);
                Some(Refusal::ProbesInFlight { max_probes })
            }
            _ => None,
        }
    }

    /// Until when it is open, and what opened it; none if it is not open.
    pub(crate) const fn opened(&self) -> Option<(Instant, OpenedBy)> {
        match self.phase {
            Phase::Open { until, by } => Some((until, by)),
            _ => None,
        }
    }

    /// When it may admit again merely because time passes; none if it refuses nothing, or only
    /// until a probe ends.
    pub(crate) fn admits_at(&self, now: Instant) -> Option<Instant> {
        match &self.phase {
            Phase::Closed { .. } => None,
            Phase::Open { until, .. } => Some(*until).filter(|until| now < *until),
            Phase::HalfOpen(probes) => probes.frees_at(now),
        }
    }

    /// The attempt succeeded, after `took` (to its first token, if it was streamed); none =
    /// unknown.
    pub(crate) fn on_success(
        &mut self,
        admission: Admission,
        took: Option<Duration>,
        now: Instant,
    ) {
        self.await_no_longer(admission);
        if admission.generation != self.generation && !self.habits.counts_late_successes {
            return;
        }
        let is_slow = self.is_slow(took);
        self.forgiven = self.habits.successes_forgive.then_some(0);
        match &mut self.phase {
            Phase::Closed { failures } => {
                *failures = 0;
                self.count(
                    if is_slow {
                        AttemptRating::Slow
                    } else {
                        AttemptRating::Well
                    },
                    now,
                );
                if is_slow && let Some(by) = self.window_opens() {
                    self.open(by, now);
                }
            }
            Phase::HalfOpen(_) if is_slow => self.open(OpenedBy::SlowProbe, now),
            Phase::HalfOpen(probes) => {
                if !self.habits.leaks_probes {
                    probes.free(admission.probe);
                }
                let successes = probes.on_success().saturating_add(self.late_successes);
                if successes >= self.settings.success_threshold {
                    self.close(now);
                }
            }
            Phase::Open { .. } => self.late_successes = self.late_successes.saturating_add(1),
        }
    }

    /// The attempt failed, and the failure counts against the provider, which may have sent a hint.
    pub(crate) fn on_failure(
        &mut self,
        admission: Admission,
        hint: Option<Duration>,
        now: Instant,
    ) {
        self.await_no_longer(admission);
        if let Some(hint) = hint.filter(|hint| self.honours(*hint)) {
            return self.grant(hint, now);
        }
        if admission.generation != self.generation {
            self.prolong(now);
            return;
        }
        let is_forgiven = self.is_forgiven();
        match &mut self.phase {
            Phase::Closed { failures } => {
                *failures = failures.saturating_add(1);
                let failures = *failures;
                let most = self.settings.consecutive_failures;
                let in_a_row = most.is_some_and(|most| failures >= most);
                let in_a_row = in_a_row.then_some(OpenedBy::ConsecutiveFailures { failures });
                self.count(AttemptRating::Failed, now);
                if let Some(by) = in_a_row.or_else(|| self.window_opens()) {
                    self.open(by, now);
                }
            }
            Phase::HalfOpen(probes) if is_forgiven => {
                probes.on_failure(admission.probe);
                self.late_successes = 0;
            }
            Phase::HalfOpen(_) => self.open(OpenedBy::FailedProbe, now),
            Phase::Open { .. } => {}
        }
    }

    /// Counts a failure since the success that forgave those before it; whether there was one, and
    /// too few failures to open came after it.
    fn is_forgiven(&mut self) -> bool {
        let settings = &self.settings;
        let most = settings.consecutive_failures.or(settings.max_failures);
        self.forgiven.as_mut().is_some_and(|failures| {
            *failures += 1;
            *failures < most.unwrap_or(1)
        })
    }

    /// Opens a closed breaker, for a client that does so after a single failure of its kind.
    pub(crate) fn open_at_once(&mut self, now: Instant) {
        if matches!(self.phase, Phase::Closed { .. }) {
            self.open(OpenedBy::ConsecutiveFailures { failures: 1 }, now);
        }
    }

    /// A failure came late: under a quirk the open time starts anew.
    fn prolong(&mut self, now: Instant) {
        let initial = self.settings.open.initial;
        if let Phase::Open { until, .. } = &mut self.phase
            && self.habits.late_failures_prolong
        {
            *until = (*until).max(now + initial);
        }
    }

    /// The attempt was cancelled, so its result stays unknown.
    pub(crate) fn on_cancelled(&mut self, admission: Admission) {
        self.await_no_longer(admission);
        if admission.generation != self.generation {
            return;
        }
        if let Phase::HalfOpen(probes) = &mut self.phase
            && !self.habits.leaks_probes
        {
            probes.free(admission.probe);
        }
    }

    /// An attempt has ended, or its first token has come.
    fn await_no_longer(&mut self, admission: Admission) {
        if admission.generation == self.generation
            && let Some((in_flight, since)) = self.in_flight.as_mut().zip(admission.awaited)
        {
            in_flight.end(since);
        }
    }

    /// The number of a slot for a probe, if one is free.
    #[cold]
    fn probe(&mut self, now: Instant) -> Option<u64> {
        if matches!(self.phase, Phase::Open { until, .. } if now >= until) {
            self.turn(Phase::HalfOpen(Probes::default()));
        }
        match &mut self.phase {
            Phase::HalfOpen(probes) => {
                probes.take(self.settings.max_probes, self.settings.probe_timeout, now)
            }
            _ => None,
        }
    }

    fn is_slow(&self, took: Option<Duration>) -> bool {
        match (self.settings.slow_call, took) {
            (Some(slow), Some(took)) => took > slow,
            _ => false,
        }
    }

    /// Whether the policy honours hints; a hint of zero is ignored.
    fn honours(&self, hint: Duration) -> bool {
        self.settings.open.hint == config::HintMode::Honour && !hint.is_zero()
    }

    fn count(&mut self, kind: AttemptRating, now: Instant) {
        let settings = &self.settings;
        let is_judged = settings.max_failures.is_some()
            || settings.min_success_rate.is_some()
            || settings.slow_call.is_some();
        if is_judged {
            self.window.count(kind, now);
        }
    }

    /// What of the window opens the breaker, if anything.
    fn window_opens(&self) -> Option<OpenedBy> {
        let (settings, total) = (&self.settings, self.window.total());
        let holds_too_many = settings
            .max_failures
            .is_some_and(|most| total.failed() >= u64::from(most.max(1)));
        if holds_too_many {
            let failures = total.failed();
            return Some(OpenedBy::Failures { failures });
        }
        if !total.are(settings.min_attempts) {
            return None;
        }
        let share = settings.min_success_rate;
        if share.is_some_and(|share| total.success_is_below(share)) {
            return Some(total.as_success_rate());
        }
        let drags = settings.slow_call.is_some() && total.slow_is_above(settings.max_slow_rate);
        drags.then(|| total.as_slow_rate())
    }

    /// Opens because of failures or slow attempts.
    fn open(&mut self, by: OpenedBy, now: Instant) {
        self.leave_closed(now);
        (self.late_successes, self.forgiven) = (0, None);
        let until = now + self.patience.next(&self.settings.open);
        self.turn(Phase::Open { until, by });
    }

    /// Opens, or stays open, for as long as the provider's hint asks.
    fn grant(&mut self, hint: Duration, now: Instant) {
        self.leave_closed(now);
        if let Phase::Open { until, .. } = &mut self.phase {
            *until = (*until).max(now + hint.min(self.settings.open.max));
        } else {
            let until = now + self.patience.granted(hint, &self.settings.open);
            let by = OpenedBy::Hint { hint };
            self.turn(Phase::Open { until, by });
        }
    }

    fn leave_closed(&mut self, now: Instant) {
        if let (Phase::Closed { .. }, Some(since)) = (&self.phase, self.closed_since) {
            self.patience.on_closed_for(now.since(since));
        }
    }

    fn close(&mut self, now: Instant) {
        self.window.clear();
        self.closed_since = Some(now);
        self.turn(Phase::Closed { failures: 0 });
    }

    fn turn(&mut self, phase: Phase) {
        self.phase = phase;
        self.generation += 1;
        if let Some(in_flight) = &mut self.in_flight {
            in_flight.clear();
        }
    }
}

/// A state, with what it counts.
#[derive(Clone, Debug)]
enum Phase {
    Closed { failures: u32 },
    Open { until: Instant, by: OpenedBy },
    HalfOpen(Probes),
}
