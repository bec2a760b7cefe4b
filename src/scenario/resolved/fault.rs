//! A fault, as understood.

use serde_json::{Value, json};

use crate::scenario::Scenario;
use crate::scenario::fault::{Fault, Inject, Sticky};
use crate::text::units::{duration, factor, share, tokens};

pub(super) fn fault(scenario: &Scenario, fault: &Fault) -> Value {
    let target = fault
        .targets
        .first()
        .and_then(|id| scenario.providers.get(id.index()));
    let mut keys = json!({
        "name": fault.name,
        "target": target.map(|provider| provider.name.as_str()),
        "at": duration::write(fault.windows.at),
        "for": fault.windows.length.map(duration::write),
        "every": fault.windows.every.map(duration::write),
    });
    if !matches!(fault.inject, Inject::Outage | Inject::Blackhole) {
        keys["rate"] = share::write(fault.rate).into();
        keys["sticky"] = match fault.sticky {
            Sticky::Attempt => "attempt".into(),
            Sticky::Call => "call".into(),
            Sticky::Length(length) => duration::write(length).into(),
        };
    }
    inject(&fault.inject, &mut keys);
    keys
}

fn inject(inject: &Inject, keys: &mut Value) {
    keys["inject"] = match inject {
        Inject::Outage => "outage".into(),
        Inject::Blackhole => "blackhole".into(),
        Inject::Hang => "hang".into(),
        Inject::Reset => "reset".into(),
        Inject::Refuse { refusal, .. } => {
            let hint = refusal.hint.map(|hint| duration::write(hint.wait));
            keys["retry_after"] = hint.into();
            refusal.status.into()
        }
        Inject::Slow { factor_milli, .. } => {
            keys["factor"] = factor::write(*factor_milli).into();
            "slow".into()
        }
        Inject::StreamCut { after, with, .. } => {
            keys["after"] = tokens::write(*after).into();
            keys["with"] = json!(with);
            "stream_cut".into()
        }
        Inject::Stall { after, length, .. } => {
            keys["after"] = tokens::write(*after).into();
            keys["silence"] = duration::write(*length).into();
            "stall".into()
        }
        _ => "".into(),
    };
}
