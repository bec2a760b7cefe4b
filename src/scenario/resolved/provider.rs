//! A provider, as understood.

use serde_json::{Value, json};

use super::spread;
use crate::scenario::Provider;
use crate::text::units::{count, duration, money, speed};

pub(super) fn provider(provider: &Provider) -> Value {
    json!({
        "name": provider.name,
        "dialect": provider.dialect,
        "model": provider.model,
        "ttft": spread(&provider.ttft, duration::write),
        "speed": speed::write(provider.speed_milli),
        "limits": { "rpm": provider.limits.requests.first().map(|limit| count::write(limit.count)) },
        "one_way": duration::write(provider.one_way),
        "price": {
            "input": money::write(provider.price.input),
            "output": money::write(provider.price.output),
            "per": "1M tok",
            "source": provider.price.source,
        },
    })
}
