//! One run as a Chrome trace in JSON, which Perfetto and `chrome://tracing` show: a process of
//! lanes for each provider, one for the faults, and one for the calls.
//!
//! ```text
//! calls                  each call from its arrival to its end
//! faults                 outage      |=====| when it is active, and each time it strikes
//! provider openai        breaker           |open|half-open|
//!                        attempt lanes     attempts in flight, on the first lane that is free
//! ```
//!
//! Events are written as they come, in the order of time; memory grows with what is open. Times are
//! microseconds of the run, with three decimals. The order of a call's events is that of
//! [`crate::trace`].

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Subject;
use super::story::outcome_text;
use crate::policy::breaker::State;
use crate::policy::{AttemptId, CallId, ProviderId};
use crate::time::Instant;
use crate::trace::{Event, EventKind};

/// Writes one run.
#[derive(Debug)]
pub(crate) struct Perfetto {
    /// The ends and starts of faults that are still to come, the last first.
    windows: Vec<(Instant, usize, bool)>,
    lanes: Vec<Lanes>,
    /// Where each open attempt is drawn.
    open: BTreeMap<(CallId, AttemptId), (ProviderId, usize)>,
    /// Calls that have not ended.
    calls: BTreeMap<CallId, String>,
    /// Faults that are active.
    active: Vec<bool>,
    last: Instant,
    text: String,
}

/// The lanes of one provider.
#[derive(Clone, Debug, Default)]
struct Lanes {
    /// Whether each lane of attempts has one.
    busy: Vec<bool>,
    breaker: Option<State>,
}

impl Perfetto {
    /// For a run of `policy` under `seed`; `subject` has the faults that happen under that seed.
    pub(crate) fn new(subject: &Subject, policy: &str, seed: u64) -> Self {
        let about = json!({ "scenario": subject.name, "policy": policy, "seed": seed });
        let mut trace = Self {
            windows: windows(subject),
            lanes: vec![Lanes::default(); subject.providers.len()],
            open: BTreeMap::new(),
            calls: BTreeMap::new(),
            active: vec![false; subject.faults.len()],
            last: Instant::START,
            text: format!("{{\"displayTimeUnit\":\"ms\",\"otherData\":{about},\"traceEvents\":["),
        };
        let name = json!({ "name": format!("{}: calls under {policy}", subject.name) });
        trace.text += &format!("\n{}", metadata("process_name", CALLS, 0, &name));
        trace.name("process_name", FAULTS, 0, "faults");
        for (place, fault) in subject.faults.iter().enumerate() {
            trace.name("thread_name", FAULTS, place + 1, &fault.name);
        }
        for (place, provider) in subject.providers.iter().enumerate() {
            let name = format!("provider {}", provider.name);
            trace.name("process_name", PROVIDERS + place, 0, &name);
            trace.name("thread_name", PROVIDERS + place, BREAKER, "breaker");
            trace.name("thread_name", PROVIDERS + place, HEALTH, "health");
        }
        trace
    }

    /// Takes an event, and returns the text so far that was not returned before.
    pub(crate) fn on_event(&mut self, event: &Event) -> String {
        self.advance(event.at);
        self.last = self.last.max(event.at);
        self.take(event);
        std::mem::take(&mut self.text)
    }

    /// Ends what is open, and the document.
    pub(crate) fn finish(mut self) -> String {
        let at = self.last;
        for (call, attempt) in Vec::from_iter(self.open.keys().copied()) {
            self.end_attempt(at, call, attempt, "open at the end of the run");
        }
        for (call, name) in std::mem::take(&mut self.calls) {
            self.call(at, "e", call, &name, &json!({ "outcome": "open" }));
        }
        for place in 0..self.lanes.len() {
            self.breaker(at, place, State::Closed);
        }
        for place in 0..self.active.len() {
            if self.active[place] {
                self.slice(at, "E", FAULTS, place + 1, "", &Value::Null);
            }
        }
        self.text + "\n]}\n"
    }

    fn take(&mut self, event: &Event) {
        let at = event.at;
        match &event.kind {
            EventKind::Arrived { call, streamed } => {
                let name = format!("call {}", call.0);
                self.call(at, "b", *call, &name, &json!({ "streamed": streamed }));
                self.calls.insert(*call, name);
            }
            EventKind::Started { .. } => self.start_attempt(event),
            EventKind::FirstTokenDelivered { call, attempt } => {
                if let Some((provider, lane)) = self.open.get(&(*call, *attempt)).copied() {
                    let (pid, tid) = (pid(provider), ATTEMPTS + lane);
                    self.slice(at, "i", pid, tid, "first token", &Value::Null);
                }
            }
            EventKind::Replied {
                call,
                attempt,
                failure,
                ..
            } => {
                let result = failure.map_or("answered", |class| class.name());
                self.end_attempt(at, *call, *attempt, result);
            }
            EventKind::Cancelled { call, attempt, .. } => {
                self.end_attempt(at, *call, *attempt, "cancelled");
            }
            EventKind::Ended { call, outcome } => {
                if let Some(name) = self.calls.remove(call) {
                    let outcome = json!({ "outcome": outcome_text(*outcome) });
                    self.call(at, "e", *call, &name, &outcome);
                }
            }
            EventKind::Breaker { provider, to, .. } => self.breaker(at, provider.index(), *to),
            EventKind::Ejected { provider, until } => {
                let args = json!({ "until_us": until.as_nanos() / 1_000 });
                self.slice(at, "i", pid(*provider), HEALTH, "ejected", &args);
            }
            EventKind::Checked { provider, passed } => {
                let name = if *passed {
                    "check passes"
                } else {
                    "check fails"
                };
                self.slice(at, "i", pid(*provider), HEALTH, name, &Value::Null);
            }
            EventKind::Fired { fault, call } => {
                let args = json!({ "call": call.map(|call| call.0) });
                self.slice(at, "i", FAULTS, fault.index() + 1, "strikes", &args);
            }
            _ => {}
        }
    }

    fn start_attempt(&mut self, event: &Event) {
        let EventKind::Started {
            call,
            attempt,
            provider,
            cause,
            probe,
            key,
            ..
        } = event.kind
        else {
            return;
        };
        let Some(lanes) = self.lanes.get_mut(provider.index()) else {
            return;
        };
        let free = lanes.busy.iter().position(|busy| !busy);
        let lane = free.unwrap_or(lanes.busy.len());
        if free.is_none() {
            lanes.busy.push(true);
            let name = format!("attempts {}", lane + 1);
            self.name("thread_name", pid(provider), ATTEMPTS + lane, &name);
        } else {
            lanes.busy[lane] = true;
        }
        self.open.insert((call, attempt), (provider, lane));
        let name = format!("call {} attempt {}", call.0, attempt.0);
        let args = json!({ "cause": cause.name(), "probe": probe, "key": key });
        self.slice(event.at, "B", pid(provider), ATTEMPTS + lane, &name, &args);
    }

    fn end_attempt(&mut self, at: Instant, call: CallId, attempt: AttemptId, result: &str) {
        if let Some((provider, lane)) = self.open.remove(&(call, attempt)) {
            if let Some(lanes) = self.lanes.get_mut(provider.index()) {
                lanes.busy[lane] = false;
            }
            let args = json!({ "result": result });
            self.slice(at, "E", pid(provider), ATTEMPTS + lane, "", &args);
        }
    }

    /// A breaker has the state `to` from now on; closed is not drawn.
    fn breaker(&mut self, at: Instant, provider: usize, to: State) {
        let Some(lanes) = self.lanes.get_mut(provider) else {
            return;
        };
        let before = lanes.breaker.replace(to).unwrap_or(State::Closed);
        if before != State::Closed {
            self.slice(at, "E", PROVIDERS + provider, BREAKER, "", &Value::Null);
        }
        let name = match to {
            State::Closed => return,
            State::Open => "open",
            State::HalfOpen => "half-open",
        };
        self.slice(at, "B", PROVIDERS + provider, BREAKER, name, &Value::Null);
    }

    /// Starts and ends faults up to `now`.
    fn advance(&mut self, now: Instant) {
        while let Some((at, fault, starts)) = self.windows.pop_if(|(at, ..)| *at <= now) {
            self.active[fault] = starts;
            let (kind, name) = if starts { ("B", "active") } else { ("E", "") };
            self.slice(at, kind, FAULTS, fault + 1, name, &Value::Null);
        }
    }

    fn call(&mut self, at: Instant, kind: &str, call: CallId, name: &str, args: &Value) {
        let event = json!({
            "ph": kind, "cat": "call", "name": name, "id": call.0, "pid": CALLS, "tid": 0,
            "args": args,
        });
        self.push(at, event);
    }

    fn slice(&mut self, at: Instant, kind: &str, pid: usize, tid: usize, name: &str, args: &Value) {
        let mut event = json!({ "ph": kind, "pid": pid, "tid": tid });
        if !name.is_empty() {
            event["name"] = name.into();
        }
        if !args.is_null() {
            event["args"] = args.clone();
        }
        if kind == "i" {
            event["s"] = "t".into();
        }
        self.push(at, event);
    }

    /// Adds `event` at its time. The time has decimals, which JSON numbers here would round.
    fn push(&mut self, at: Instant, event: Value) {
        let nanos = at.as_nanos();
        let time = format!("{}.{:03}", nanos / 1_000, nanos % 1_000);
        let text = event.to_string();
        let rest = text.strip_prefix('{').unwrap_or(&text);
        self.text += &format!(",\n{{\"ts\":{time},{rest}");
    }

    fn name(&mut self, what: &str, pid: usize, tid: usize, name: &str) {
        let named = metadata(what, pid, tid, &json!({ "name": name }));
        self.text += &format!(",\n{named}");
    }
}

fn metadata(what: &str, pid: usize, tid: usize, args: &Value) -> Value {
    json!({ "ph": "M", "name": what, "pid": pid, "tid": tid, "args": args })
}

const fn pid(provider: ProviderId) -> usize {
    PROVIDERS + provider.index()
}

/// When faults begin and end within the run, the last first.
fn windows(subject: &Subject) -> Vec<(Instant, usize, bool)> {
    let mut all = Vec::new();
    for (place, fault) in subject.faults.iter().enumerate() {
        let mut now = Instant::START;
        while let Some((start, end)) = fault.windows.at_or_after(now) {
            if start >= subject.end() {
                break;
            }
            all.push((start, place, true));
            let Some(end) = end else { break };
            all.push((end, place, false));
            now = end;
        }
    }
    // Of one fault, an end comes before a start at the same time.
    all.sort_by_key(|(at, place, starts)| (*at, *place, *starts));
    all.reverse();
    all
}

/// The processes: calls, faults, then the providers.
const CALLS: usize = 1;
const FAULTS: usize = 2;
const PROVIDERS: usize = 10;

/// The lanes of a provider.
const BREAKER: usize = 1;
const HEALTH: usize = 2;
const ATTEMPTS: usize = 10;
