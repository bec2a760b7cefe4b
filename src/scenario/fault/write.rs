//! A fault, as understood: every key that its word takes, with every default filled in.
//!
//! The keys of its own are written by its row of `catalogue`; here are those of time, target and
//! luck.

use serde_json::{Map, Value, json};

use super::catalogue::word;
use super::{Burst, Fault, Ramp, Recovery, Sticky, When};
use crate::scenario::Provider;
use crate::units::{duration, tokens};

/// A fault of a scenario with these `providers`, as understood.
pub(in crate::scenario) fn fault(providers: &[Provider], fault: &Fault) -> Value {
    let word = word(fault);
    let mut keys = Map::new();
    keys.insert("name".into(), fault.name.as_str().into());
    fault.inject.write(&mut keys);
    for key in fault.inject.row().reach.keys() {
        let value = match *key {
            "inject" => match word.parse::<u16>() {
                Ok(status) => status.into(),
                Err(_) => word.as_str().into(),
            },
            "target" => target(providers, fault),
            "at" => duration::write(fault.windows.at).into(),
            "for" => fault.windows.length.map(duration::write).into(),
            "every" => fault.windows.every.map(duration::write).into(),
            "chance" => json!(fault.chance),
            "burst" => fault.burst.as_ref().map(burst).into(),
            "ramp" => fault.ramp.as_ref().map(ramp).into(),
            "recover" => fault.recovery.as_ref().map(recovery).into(),
            "when" => when(&fault.when),
            "rate" => json!(fault.rate),
            "sticky" => match fault.sticky {
                Sticky::Attempt => "attempt".into(),
                Sticky::Call => "call".into(),
                Sticky::Length(length) => duration::write(length).into(),
            },
            _ => continue,
        };
        keys.insert((*key).to_owned(), value);
    }
    Value::Object(keys)
}

/// One name, or the list of all.
fn target(providers: &[Provider], fault: &Fault) -> Value {
    let names = fault
        .targets
        .iter()
        .filter_map(|id| providers.get(id.index()));
    let names = Vec::from_iter(names.map(|provider| provider.name.as_str()));
    match names.as_slice() {
        [one] => json!(one),
        _ => json!(names),
    }
}

fn burst(burst: &Burst) -> Value {
    json!({
        "on": duration::write(burst.on),
        "off": duration::write(burst.off),
        "rate_off": burst.rate_off,
    })
}

fn ramp(ramp: &Ramp) -> Value {
    json!({
        "up": duration::write(ramp.up),
        "down": duration::write(ramp.down),
        "shape": ramp.shape,
    })
}

fn recovery(recovery: &Recovery) -> Value {
    json!({ "over": duration::write(recovery.over), "shape": recovery.shape })
}

fn when(when: &When) -> Value {
    let prompt = when.prompt;
    let prompt = prompt.map(|own| format!("{} {}", own.side.sign(), tokens::write(own.tokens)));
    let said = [
        ("model", when.model.as_deref().map(Value::from)),
        ("key", when.key.as_deref().map(Value::from)),
        ("prompt", prompt.map(Value::from)),
        ("streamed", when.streamed.map(Value::from)),
        ("client", when.client.map(Value::from)),
    ];
    let said = said
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)));
    match when.is_always() {
        true => Value::Null,
        false => Value::Object(said.collect()),
    }
}
