//! The scenario as understood, for the result document: every default filled in, units as text.
//!
//! Lists keep the file's order, since maps of the result document are sorted by key. What a report
//! makes of it is left to `report`. `provider` and `load` write their parts, and
//! each fault its own.

mod load;
mod provider;

use serde_json::{Map, Value, json};

use super::fault::write;
use super::{Operation, Scenario, Work, load as files};
use crate::text::units::{duration, share};

impl Scenario {
    /// The scenario as understood, for the result document: every default filled in, with units.
    /// No path in it is absolute.
    pub fn resolved(&self) -> Value {
        let expect = self.expect.iter().map(|(policy, expectations)| {
            let texts: Vec<&str> = expectations.iter().map(|one| one.text.as_str()).collect();
            (policy.clone(), json!(texts))
        });
        let faults = self.faults.iter();
        let faults = faults.map(|one| write::fault(&self.providers, one));
        let mut keys = json!({
            "name": self.name,
            "about": self.about,
            "run": {
                "duration": duration::write(self.run.duration),
                "seeds": crate::units::seeds::write(&self.run.seeds),
                "drain": duration::write(self.run.drain),
            },
            "network": { "one_way": duration::write(self.network.one_way) },
            "providers": self.providers.iter().map(provider::provider).collect::<Vec<_>>(),
            "load": load::load(&self.load),
            "faults": faults.collect::<Vec<_>>(),
            "policies": self.policies.iter().map(|one| files::shown(one)).collect::<Vec<_>>(),
            "expect": expect.collect::<Map<_, _>>(),
            "uptime": {
                "window": duration::write(self.uptime.window),
                "down_above": share::write(self.uptime.down_above),
            },
        });
        if !self.operations.is_empty() {
            let operations = self.operations.iter().map(|one| operation(self, one));
            keys["operations"] = operations.collect();
        }
        keys
    }
}

fn operation(scenario: &Scenario, operation: &Operation) -> Value {
    let (word, id) = match operation.work {
        Work::Isolate(id) => ("isolate", id),
        Work::Pin(id) => ("pin", id),
    };
    let provider = scenario.providers.get(id.index());
    json!({
        "name": operation.name,
        "at": duration::write(operation.windows.at),
        "for": operation.windows.length.map(duration::write),
        word: provider.map(|provider| &provider.name),
    })
}
