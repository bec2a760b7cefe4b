//! The scenario as understood, for the result document: every default filled in, units as text.
//!
//! Lists keep the file's order, since maps of the result document are sorted by key. What a report
//! makes of it is left to `report`. Each part writes itself; `load` writes the load.

mod load;

use serde_json::{Map, Value, json};

use super::fault::write;
use super::{Operation, Scenario, Work, load as files};
use crate::units::duration;

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
            "run": self.run,
            "network": self.network,
            "providers": self.providers,
            "load": load::load(&self.load),
            "faults": faults.collect::<Vec<_>>(),
            "policies": self.policies.iter().map(|one| files::shown(one)).collect::<Vec<_>>(),
            "expect": expect.collect::<Map<_, _>>(),
            "uptime": self.uptime,
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
