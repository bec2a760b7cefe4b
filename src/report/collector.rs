//! Folds one run's events into its [`RunStats`] as they come.
//!
//! It keeps only what may still change: calls that have not ended, and their windows. Memory grows
//! with the calls in flight, not with all calls. `call_record` counts calls, [`super::windows`]
//! judges windows, `attempt_peaks` counts what depends on time only, and `scopes` defines the
//! scopes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::alerts::Alerts;
use super::attempt_peaks::Moments;
use super::breakdown::{LateKeys, Origin, Origins, Parts};
use super::call_record::{CallEnd, OpenCall, Started};
use super::client_rules::Watch;
use super::cost::Tokens;
use super::ledger::Fate;
use super::open_calls::OpenCalls;
use super::outcomes::CallOutcomes;
use super::run_stats::{ProviderTally, RunStats, Scope};
use super::scopes;
use super::subject::Subject;
use super::windows::{WindowConfig, WindowFold};
use crate::policy::call::{FailureReason, Outcome};
use crate::policy::classify::FailureClass;
use crate::policy::keys::KeyId;
use crate::policy::{AttemptId, CallId, ProviderId};
use crate::time::{Active, Instant};
use crate::trace::{Event, EventKind, FaultId};

/// Folds one run's events into its state; memory does not grow with the number of calls.
///
/// An event about a call that is not known (it never arrived, or has ended) is ignored, except for
/// late bills, since providers bill work that no client reads.
#[derive(Debug)]
pub struct Collector {
    state: RunStats,
    rules: WindowConfig,
    /// The intervals that cover the present.
    active: Active,
    /// Windows of the whole run.
    run: WindowFold,
    /// Windows of the calls that arrived within an interval, by interval.
    stretches: Vec<WindowFold>,
    moments: Moments,
    watch: Watch,
    alerts: Alerts,
    open: OpenCalls,
    /// Records of calls that have ended, whose memory is used again.
    spare: Vec<OpenCall>,
    /// The intervals of calls that have ended and may still be billed.
    ended: BTreeMap<CallId, Vec<usize>>,
    late_keys: LateKeys,
    parts: Parts,
    answers_are_traced: bool,
    /// How the calls that have ended did so.
    outcomes: CallOutcomes,
    /// The time of the latest event.
    now: Instant,
}

impl Collector {
    /// For one run of `subject`, whose calls are of no task.
    pub fn new(subject: &Subject) -> Self {
        let clients = u64::from(subject.clients.max(1));
        let origin = move |call: CallId| Origin {
            task: None,
            client: u32::try_from(call.0 % clients).unwrap_or_default(),
        };
        Self::with_origins(subject, Arc::new(origin))
    }

    /// For one run of `subject`, whose calls come from where `origins` says.
    pub fn with_origins(subject: &Subject, origins: Origins) -> Self {
        let rules = WindowConfig::new(subject, scopes::after(subject));
        let places = 0..rules.stretches.len();
        let mut state = scopes::empty(subject, &rules);
        let parts = Parts::new(subject, origins, scopes::of_all_calls(&state));
        Self {
            active: Active::new(rules.stretches.clone()),
            run: WindowFold::new(None, &rules),
            stretches: places
                .map(|place| WindowFold::new(Some(place), &rules))
                .collect(),
            moments: Moments::new(subject, &rules, &mut state),
            watch: Watch::new(u64::from(subject.clients)),
            alerts: Alerts::new(subject),
            state,
            rules,
            answers_are_traced: subject.answers_are_traced,
            open: OpenCalls::default(),
            spare: Vec::new(),
            ended: BTreeMap::new(),
            late_keys: LateKeys::default(),
            parts,
            outcomes: CallOutcomes::default(),
            now: Instant::START,
        }
    }

    /// Adds one event.
    pub fn on_event(&mut self, event: &Event) {
        self.now = self.now.max(event.at);
        self.alerts.on_event(event, &self.open);
        match event.kind {
            EventKind::Arrived { call, .. } => self.on_arrival(call, event.at),
            EventKind::Started {
                call,
                attempt,
                provider,
                nth,
                cause,
                probe,
                key,
            } => {
                let started = Started {
                    id: attempt,
                    provider,
                    nth,
                    cause,
                    key,
                    at: event.at,
                };
                self.on_start(call, started, probe);
            }
            EventKind::FirstTokenDelivered { call, .. } => {
                self.with(call, |open| open.on_first_token(event.at))
            }
            EventKind::Replied {
                call,
                attempt,
                provider,
                failure,
                hint,
            } => self.on_reply((call, attempt, provider), failure, hint, event.at),
            // Neither an answer nor a failure: only its start counts.
            EventKind::Cancelled {
                call,
                attempt,
                provider,
            } => self.on_over(call, attempt, provider),
            EventKind::Ended { call, outcome } => self.on_end(call, outcome, event.at),
            EventKind::Breaker { provider, to, .. } => {
                self.count_at(event.at, provider, |tally| tally.breaker.count(to));
            }
            EventKind::Ejected { provider, .. } => self.on_ejected(provider, event.at),
            EventKind::Checked { provider, passed } => self.on_checked(provider, passed, event.at),
            EventKind::Billed {
                provider,
                call,
                nth,
                bill,
            } => match call {
                Some(call) => self.on_bill(provider, call, nth, Tokens::of(bill)),
                None => self.count_at(event.at, provider, |tally| {
                    tally.ledger.add(Fate::Checks, Tokens::of(bill));
                }),
            },
            EventKind::Answered {
                provider,
                call: Some(call),
                nth,
            } => self.with(call, |open| open.on_whole(provider, nth)),
            EventKind::Answered { call: None, .. } => {}
            EventKind::Fired { fault, .. } => self.on_fired(fault),
            EventKind::Decided { .. } | EventKind::Opened { .. } => {}
        }
    }

    /// Calls and windows that are currently in memory.
    pub fn held(&self) -> usize {
        let stretches = self.stretches.iter().map(WindowFold::held).sum::<usize>();
        self.open.len() + self.ended.len() + self.run.held() + stretches
    }

    /// Ends the run. Calls that have not ended are unfinished.
    pub fn finish(self) -> RunStats {
        self.finish_by_call().0
    }

    /// As [`Self::finish`], with how each call ended.
    pub fn finish_by_call(mut self) -> (RunStats, CallOutcomes) {
        let mut open: Vec<CallId> = self.open.keys().copied().collect();
        open.sort_unstable();
        for call in open {
            self.on_end(call, Outcome::Failed(FailureReason::Unfinished), self.now);
        }
        let windows = self.run.finish(&self.rules);
        self.state.run.uptime = windows.uptime;
        self.outcomes.outages = windows.outages;
        for (aftermath, failover) in self.state.aftermath.iter_mut().zip(windows.failovers) {
            aftermath.failover = failover;
        }
        for (scope, windows) in scopes::all(&mut self.state).zip(self.stretches) {
            scope.uptime = windows.finish(&self.rules).uptime;
        }
        self.moments.finish(&mut self.state);
        self.state.alerting = self.alerts.finish(self.now);
        (self.state, self.outcomes)
    }

    fn with(&mut self, call: CallId, tell: impl FnOnce(&mut OpenCall)) {
        if let Some(open) = self.open.get_mut(&call) {
            tell(open);
        }
    }

    fn on_reply(
        &mut self,
        (call, attempt, provider): (CallId, AttemptId, ProviderId),
        failure: Option<FailureClass>,
        hint: Option<Duration>,
        at: Instant,
    ) {
        let Some(open) = self.open.get_mut(&call) else {
            return;
        };
        let until = hint.map(|hint| at + hint);
        if open.on_reply(attempt, failure, until) {
            self.moments.on_answer(provider, at, &mut self.state);
        }
        if let Some((hint, key)) = hint.zip(open.key_of(attempt)) {
            self.watch.on_hint(call, (provider, key), hint, at);
        }
        if open.on_over(attempt) {
            self.watch.on_probe_over(call, provider);
        }
    }

    fn on_arrival(&mut self, call: CallId, at: Instant) {
        if self.open.contains_key(&call) {
            return;
        }
        let mut open = self.spare.pop().unwrap_or_default();
        open.begin(at);
        let active = self.active.at(at);
        if !active.is_empty() {
            let origin = self.parts.origin(call);
            let own = active.iter().copied();
            let own = own.filter(|place| self.parts.takes(*place, origin));
            open.stretches.extend(own);
        }
        self.run.on_arrival(&self.rules, at);
        self.moments.on_arrival(at, &mut self.state);
        for &place in &open.stretches {
            self.stretches[place].on_arrival(&self.rules, at);
        }
        self.open.insert(call, open);
    }

    fn on_start(&mut self, call: CallId, started: Started, is_probe: bool) {
        let Some(open) = self.open.get_mut(&call) else {
            return;
        };
        let Started {
            provider, key, at, ..
        } = started;
        let standing = self.watch.on_start(call, (provider, key), is_probe, at);
        open.on_start(started, standing, !self.answers_are_traced);
        let active = self.active.at(at);
        self.moments.on_start(active, provider, at, &mut self.state);
    }

    /// An attempt is no longer in flight.
    fn on_over(&mut self, call: CallId, attempt: AttemptId, provider: ProviderId) {
        let open = self.open.get_mut(&call);
        if open.is_some_and(|open| open.on_over(attempt)) {
            self.watch.on_probe_over(call, provider);
        }
    }

    fn on_end(&mut self, id: CallId, outcome: Outcome, at: Instant) {
        let Some(mut call) = self.open.swap_remove(&id) else {
            return;
        };
        for provider in call.probes_left() {
            self.watch.on_probe_over(id, provider);
        }
        let end = call.end(outcome);
        let failed = !matches!(end, CallEnd::Answered(_));
        self.outcomes.add(id, failed);
        self.state.timeline.add(call.arrived, failed);
        if !failed {
            self.state.timeline.add_answer(at);
        }
        call.count_in(&mut self.state.run, end, at);
        self.run.on_end(&self.rules, call.arrived, failed);
        for &place in &call.stretches {
            if let Some(scope) = scopes::stretch(&mut self.state, place) {
                call.count_in(scope, end, at);
            }
            self.stretches[place].on_end(&self.rules, call.arrived, failed);
        }
        self.late_keys
            .keep(id, call.lost_keys(end), &self.state.run);
        if !call.stretches.is_empty() && call.may_be_billed_late(end) {
            let stretches = std::mem::take(&mut call.stretches);
            self.ended.insert(id, stretches);
            if self.ended.len() > ENDED_KEPT {
                self.ended.pop_first();
            }
        }
        self.spare.push(call);
    }

    fn on_ejected(&mut self, provider: ProviderId, at: Instant) {
        self.count_at(at, provider, |tally| tally.ejections += 1);
    }

    fn on_checked(&mut self, provider: ProviderId, passed: bool, at: Instant) {
        self.count_at(at, provider, |tally| {
            tally.checks += 1;
            tally.checks_passed += u64::from(passed);
        });
    }

    /// Counts an event that belongs to no call, by its own time.
    fn count_at(&mut self, at: Instant, provider: ProviderId, add: impl Fn(&mut ProviderTally)) {
        let count = |scope: &mut Scope| {
            if let Some(tally) = scope.providers.get_mut(provider.index()) {
                add(tally);
            }
        };
        count(&mut self.state.run);
        for &place in self.active.at(at) {
            if let Some(scope) = scopes::stretch_of_all(&mut self.state, place) {
                count(scope);
            }
        }
    }

    fn on_bill(&mut self, provider: ProviderId, call: CallId, nth: u32, tokens: Tokens) {
        let mut stretches: &[usize] = &[];
        if let Some(open) = self.open.get_mut(&call) {
            if open.on_bill(provider, nth, tokens) {
                return;
            }
            stretches = &open.stretches;
        } else if let Some(ended) = self.ended.get(&call) {
            stretches = ended;
        }
        let key = self.late_keys.find(call, provider, nth);
        bill_late(&mut self.state.run, (provider, key), tokens);
        for &place in stretches {
            if let Some(scope) = scopes::stretch(&mut self.state, place) {
                bill_late(scope, (provider, key), tokens);
            }
        }
    }

    fn on_fired(&mut self, fault: FaultId) {
        if let Some(fired) = self.state.fired.get_mut(fault.index()) {
            *fired += 1;
        }
    }
}

/// Tokens that were billed and not delivered: their call has ended.
fn bill_late(scope: &mut Scope, (provider, key): (ProviderId, Option<KeyId>), tokens: Tokens) {
    if let Some(tally) = scope.providers.get_mut(provider.index()) {
        tally.ledger.add(Fate::Late, tokens);
        if let Some(tally) = key.and_then(|key| tally.key_mut(key)) {
            tally.ledger.add(Fate::Late, tokens);
        }
    }
}

/// How many ended calls are kept so that a late bill still counts in their faults' scopes; beyond
/// that, it counts in the whole run only. Providers finish abandoned work within minutes.
const ENDED_KEPT: usize = 10_000;
