//! The resolved scenario, for the result document: every default filled in, units as text.
//!
//! Lists keep the file's order, since maps of the result document are sorted by key. Each part
//! writes itself.

use serde_json::{Map, Value, json};

use super::fault::write;
use super::{Scenario, alerts};
use crate::text::project;

impl Scenario {
    /// The resolved scenario, for the result document: every default filled in, with units. No path
    /// in it is absolute.
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
            "load": self.load,
            "faults": faults.collect::<Vec<_>>(),
            "policies": self.policies.iter().map(|one| project::shown(one)).collect::<Vec<_>>(),
            "expect": expect.collect::<Map<_, _>>(),
            "uptime": self.uptime,
        });
        if !self.operations.is_empty() {
            let operations = self.operations.iter().map(|one| one.shown(&self.providers));
            keys["operations"] = operations.collect();
        }
        if !self.alerts.is_empty() {
            let alerts = self.alerts.iter();
            keys["alerts"] = alerts
                .map(|rule| alerts::shown(rule, &self.faults))
                .collect();
        }
        keys
    }
}
