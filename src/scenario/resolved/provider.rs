//! A provider, as understood.

use serde_json::{Value, json};

use crate::prices::Price;
use crate::scenario::{Capacity, Limit, Limits, Per, Provider, Quantiles};
use crate::text::units::{count, duration, factor, money, share, tokens};

pub(super) fn provider(provider: &Provider) -> Value {
    let mut keys = json!({
        "name": provider.name,
        "dialect": provider.dialect,
        "model": provider.model,
        "ttft": provider.ttft,
        "speed": pace(provider),
        "limits": limits(&provider.limits),
        "one_way": duration::write(provider.one_way),
        "price": price(&provider.price),
    });
    if let Some(capacity) = &provider.capacity {
        keys["capacity"] = written(capacity);
    }
    if let Some(cache) = &provider.cache {
        keys["cache"] = json!({ "ttl": duration::write(cache.ttl) });
        keys["price"]["cached"] = money::write(provider.price.cached).into();
    }
    if let Some(longest) = provider.context {
        keys["context"] = tokens::write(longest).into();
    }
    if let Some(quality) = provider.quality {
        keys["quality"] = quality.into();
    }
    if provider.key_count > 1 {
        keys["keys"] = provider.key_count.into();
    }
    keys
}

/// One speed where all answers have the same.
fn pace(provider: &Provider) -> Value {
    match provider.speed {
        Quantiles { p50, p99 } if p50 == p99 => json!(p50),
        speed => json!(speed),
    }
}

fn price(price: &Price) -> Value {
    json!({
        "input": money::write(price.input),
        "output": money::write(price.output),
        "per": "1M tok",
        "source": price.source,
    })
}

/// A lone `rpm` is shown as it is written; all others one by one, with how each counts.
fn limits(limits: &Limits) -> Value {
    let rpm = limits.requests.first().copied();
    if *limits == Limits::per_minute(rpm.map(|limit| limit.count)) {
        return json!({ "rpm": rpm.map(|limit| count::write(limit.count)) });
    }
    let mut keys = json!({
        "requests": all(&limits.requests),
        "tokens": all(&limits.tokens),
        "input": all(&limits.input),
        "output": all(&limits.output),
        "concurrency": limits.concurrency,
        "charge": limits.charge,
        "count_refused": limits.count_refused,
        "shrinks_to": limits.shrinks_to.map(share::write),
        "account": limits.account,
    });
    if limits.per != Per::default() {
        keys["per"] = json!(limits.per);
    }
    keys
}

fn all(limits: &[Limit]) -> Value {
    let all = limits.iter().map(|limit| {
        json!({
            "count": count::write(limit.count),
            "per": duration::write(limit.per),
            "window": limit.span,
        })
    });
    all.collect::<Vec<_>>().into()
}

fn written(capacity: &Capacity) -> Value {
    let degrade = capacity.degrade.map(|degrade| {
        json!({
            "to": share::write(degrade.to),
            "within": duration::write(degrade.within),
            "recover": duration::write(degrade.recover),
        })
    });
    json!({
        "slots": capacity.slots,
        "queue": capacity.queue,
        "slowdown": factor::write(capacity.slowdown_milli),
        "degrade": degrade,
    })
}
