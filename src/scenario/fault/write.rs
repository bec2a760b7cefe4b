//! A resolved fault: every key that its word takes, with every default filled in.
//!
//! Its row of `catalogue` writes its own keys; this module writes those of time, target and
//! probability.

use serde_json::{Map, Value, json};

use super::spec::Fault;
use super::when::When;
use crate::policy::ProviderId;
use crate::scenario::Provider;
use crate::units::duration;

/// A resolved fault of a scenario with these `providers`.
pub(in crate::scenario) fn fault(providers: &[Provider], fault: &Fault) -> Value {
    let mut keys = Map::new();
    fault.inject.write(&mut keys);
    let common = [
        ("inject", word(fault)),
        ("target", target(providers, fault)),
        ("at", duration::write(fault.windows.at).into()),
        ("for", fault.windows.length.map(duration::write).into()),
        ("every", fault.windows.every.map(duration::write).into()),
        ("chance", json!(fault.chance)),
        ("burst", json!(fault.burst)),
        ("ramp", json!(fault.ramp)),
        ("recover", json!(fault.recovery)),
        ("when", when(&fault.when)),
        ("rate", json!(fault.rate)),
        ("sticky", json!(fault.sticky)),
        ("shared_fate", shared_fate(providers, fault)),
        ("times", json!(fault.times)),
    ];
    let row = fault.inject.row();
    let taken = |key| row.shared().any(|own| own == key);
    let common = common.into_iter().filter(|(key, _)| taken(*key));
    let all = common.chain([("name", json!(fault.name))]);
    keys.extend(all.map(|(key, value)| (key.to_owned(), value)));
    Value::Object(keys)
}

/// The word of a fault; a status is written as a number.
fn word(fault: &Fault) -> Value {
    let word = fault.inject.word();
    word.parse::<u16>()
        .map_or_else(|_| json!(word), |status| json!(status))
}

/// One name, or the list of all.
fn target(providers: &[Provider], fault: &Fault) -> Value {
    let struck = fault.targets.iter();
    let names = struck.filter_map(|id| Some(providers.get(id.index())?.name.as_str()));
    match Vec::from_iter(names).as_slice() {
        [one] => json!(one),
        names => json!(names),
    }
}

/// Whether all targets share their draws; or the names of those that do, in their sets.
fn shared_fate(providers: &[Provider], fault: &Fault) -> Value {
    if fault.shared_fate.is_empty() || fault.is_shared_by_all() {
        return fault.is_shared_by_all().into();
    }
    let name = |id: &ProviderId| providers.get(id.index()).map(|one| one.name.as_str());
    let sets = fault.shared_fate.iter();
    let sets = sets.map(|set| Vec::from_iter(set.iter().filter_map(name)));
    json!(Vec::from_iter(sets))
}

/// Its conditions; `null` if there are none.
fn when(when: &When) -> Value {
    match when.is_always() {
        true => Value::Null,
        false => json!(when),
    }
}
