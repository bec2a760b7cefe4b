//! What goes on, as a document.

use serde_json::{Value, json};

use super::Shared;
use super::journal::fingerprint;
use crate::host::ProviderHost;
use crate::provider::{LimitState, ProviderState};
use crate::time::Instant;

impl Shared {
    /// The time, the faults and the providers.
    pub(super) fn state(&self) -> Value {
        let hosts = self.hosts.get().map_or(&[][..], Vec::as_slice);
        let providers = hosts.iter().enumerate();
        let providers = providers.map(|(place, host)| self.provider_state(place, host));
        json!({
            "scenario": self.scenario.name,
            "seed": self.seed,
            "started": self.clock.has_started(),
            "time_ms": millis(self.clock.now()),
            "faults": self.fault_states(),
            "providers": Vec::from_iter(providers),
        })
    }

    /// Every fault, in the scenario's order.
    pub(super) fn fault_states(&self) -> Vec<Value> {
        let places = 0..self.scenario.faults.len();
        places.map(|place| self.fault_state(place)).collect()
    }

    /// The fault in this place.
    pub(super) fn fault_state(&self, place: usize) -> Value {
        let faults = self.faults.borrow();
        let (switched, now) = (&faults[place], self.clock.now());
        let fault = &self.scenario.faults[place];
        let providers = &self.scenario.providers;
        let targets = fault
            .targets
            .iter()
            .map(|id| providers[id.index()].name.as_str());
        let is_active = self.clock.has_started() && switched.fault.covers(now);
        let next = switched.fault.at_or_after(now);
        json!({
            "name": fault.name,
            "inject": fault.inject.word(),
            "target": Vec::from_iter(targets),
            "active": is_active,
            "switch": switched.switch,
            "from_ms": next.map(|(start, _)| millis(start)),
            "until_ms": next.and_then(|(_, end)| end).map(millis),
            "fired": self.tally.borrow().fired[place].1,
        })
    }

    fn provider_state(&self, place: usize, host: &ProviderHost) -> Value {
        let ProviderState { limits, slots } = host.state(self.clock.now());
        let counts = serde_json::to_value(&self.tally.borrow().providers[place]);
        let mut state = counts.unwrap_or_default();
        let slots = slots.map(
            |slots| json!({ "slots": slots.slots, "busy": slots.busy, "waiting": slots.waiting }),
        );
        state["url"] = self.served[place].url.as_str().into();
        state["port"] = if self.is_open[place].get() {
            "open"
        } else {
            "closed"
        }
        .into();
        state["limits"] = limits.iter().map(limit_state).collect();
        state["slots"] = slots.into();
        state
    }
}

fn limit_state(limit: &LimitState) -> Value {
    json!({
        "counts": limit.counts,
        "key": limit.key.as_deref().map(fingerprint),
        "limit": limit.limit,
        "remaining": limit.remaining,
        "reset_ms": u64::try_from(limit.reset.as_millis()).unwrap_or(u64::MAX),
    })
}

const fn millis(at: Instant) -> u64 {
    at.as_nanos() / 1_000_000
}
