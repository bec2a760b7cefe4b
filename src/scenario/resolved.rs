//! The scenario as understood, for the result document: every default filled in, units as text.
//!
//! Lists keep the file's order, since maps of the result document are sorted by key. What a report
//! makes of it is left to `report`.

use std::ops::RangeInclusive;

use serde_json::{Map, Value, json};

use super::fault::{Fault, Inject, Sticky};
use super::{Calls, Load, Provider, Quantiles, Scenario, load as files};
use crate::text::units::{count, duration, factor, money, rate, share, speed, tokens};

impl Scenario {
    /// The scenario as understood, for the result document: every default filled in, with units.
    /// No path in it is absolute.
    pub fn resolved(&self) -> Value {
        let expect = self.expect.iter().map(|(policy, expectations)| {
            let texts: Vec<&str> = expectations.iter().map(|one| one.text.as_str()).collect();
            (policy.clone(), json!(texts))
        });
        json!({
            "name": self.name,
            "about": self.about,
            "run": {
                "duration": duration::write(self.run.duration),
                "seeds": shown(&self.run.seeds),
                "drain": duration::write(self.run.drain),
            },
            "network": { "one_way": duration::write(self.network.one_way) },
            "providers": self.providers.iter().map(provider).collect::<Vec<_>>(),
            "load": load(&self.load),
            "faults": self.faults.iter().map(|one| fault(self, one)).collect::<Vec<_>>(),
            "policies": self.policies.iter().map(|one| files::shown(one)).collect::<Vec<_>>(),
            "expect": expect.collect::<Map<_, _>>(),
            "uptime": {
                "window": duration::write(self.uptime.window),
                "down_above": share::write(self.uptime.down_above),
            },
        })
    }
}

fn shown(seeds: &RangeInclusive<u64>) -> String {
    format!("{}..{}", seeds.start(), seeds.end())
}

fn provider(provider: &Provider) -> Value {
    json!({
        "name": provider.name,
        "dialect": provider.dialect,
        "model": provider.model,
        "ttft": spread(&provider.ttft, duration::write),
        "speed": speed::write(provider.speed_milli),
        "limits": { "rpm": provider.limits.rpm.map(count::write) },
        "one_way": duration::write(provider.one_way),
        "price": {
            "input": money::write(provider.price.input),
            "output": money::write(provider.price.output),
            "per": "1M tok",
            "source": provider.price.source,
        },
    })
}

fn load(load: &Load) -> Value {
    let mut keys = match &load.calls {
        Calls::Drawn {
            arrivals,
            rate,
            prompt,
            output,
        } => json!({
            "arrivals": arrivals,
            "rate": rate::write(*rate),
            "prompt": spread(prompt, tokens::write),
            "output": spread(output, tokens::write),
        }),
        Calls::Trace { shown, rows, .. } => json!({ "trace": shown, "rows": rows.len() }),
    };
    keys["stream"] = share::write(load.stream).into();
    keys["deadline"] = load.deadline.map(duration::write).into();
    keys["clients"] = load.clients.into();
    keys
}

fn spread<T: Copy>(quantiles: &Quantiles<T>, write: fn(T) -> String) -> Value {
    json!({ "p50": write(quantiles.p50), "p99": write(quantiles.p99) })
}

fn fault(scenario: &Scenario, fault: &Fault) -> Value {
    let target = scenario.providers.get(fault.target.index());
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
        Inject::Status {
            status,
            retry_after,
        } => {
            keys["retry_after"] = retry_after.map(duration::write).into();
            (*status).into()
        }
        Inject::Slow { factor_milli } => {
            keys["factor"] = factor::write(*factor_milli).into();
            "slow".into()
        }
        Inject::StreamCut { after, with } => {
            keys["after"] = tokens::write(*after).into();
            keys["with"] = json!(with);
            "stream_cut".into()
        }
        Inject::Stall { after, length } => {
            keys["after"] = tokens::write(*after).into();
            keys["silence"] = duration::write(*length).into();
            "stall".into()
        }
    };
}
