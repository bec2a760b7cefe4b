//! The load, as understood. What may be said but is not, and changes nothing, is left out.

use serde_json::{Value, json};

use crate::policy::call_context::Priority;
use crate::scenario::{Arrivals, Calls, Load, Prefixes, Rate, Task, UserRetry};
use crate::text::units::{count, duration, factor, rate, share, tokens};

pub(super) fn load(load: &Load) -> Value {
    let mut keys = match &load.calls {
        Calls::Drawn { arrivals, rate, .. } => {
            let mut keys = json!({ "arrivals": gaps(*arrivals), "rate": shown(rate) });
            if let Arrivals::Gamma { cv_milli } = arrivals {
                keys["cv"] = factor::write(*cv_milli).into();
            }
            keys
        }
        Calls::Users { users, .. } => {
            let think = users.think;
            json!({ "users": { "count": users.count, "think": think } })
        }
        Calls::Trace { shown, rows, .. } => json!({ "trace": shown, "rows": rows.len() }),
    };
    if let Calls::Drawn { prompt, output, .. } | Calls::Users { prompt, output, .. } = &load.calls
        && load.tasks.is_empty()
    {
        keys["prompt"] = json!(prompt);
        keys["output"] = json!(output);
    }
    if load.tasks.is_empty() {
        keys["stream"] = share::write(load.stream).into();
        whole(&mut keys, load.whole);
        keys["deadline"] = load.deadline.map(duration::write).into();
        bounds(&mut keys, load.max_tokens, load.prefix.as_ref());
    } else {
        keys["tasks"] = load.tasks.iter().map(task).collect();
    }
    if let Some(user_retry) = &load.user_retry {
        again(&mut keys, user_retry);
    }
    keys["clients"] = load.clients.into();
    keys
}

fn gaps(arrivals: Arrivals) -> &'static str {
    match arrivals {
        Arrivals::Constant => "constant",
        Arrivals::Poisson => "poisson",
        Arrivals::Gamma { .. } => "gamma",
    }
}

fn shown(shape: &Rate) -> Value {
    match shape {
        Rate::Constant(rate) => rate::write(*rate).into(),
        Rate::Diurnal {
            mean,
            peak,
            peak_at,
            period,
        } => json!({
            "curve": "diurnal",
            "mean": rate::write(*mean),
            "peak": rate::write(*peak),
            "peak_at": duration::write(*peak_at),
            "period": duration::write(*period),
        }),
        Rate::Ramp { from, to, at, over } => json!({
            "curve": "ramp",
            "from": rate::write(*from),
            "to": rate::write(*to),
            "at": duration::write(*at),
            "over": duration::write(*over),
        }),
        Rate::Spike {
            base,
            peak,
            at,
            length,
        } => json!({
            "curve": "spike",
            "base": rate::write(*base),
            "peak": rate::write(*peak),
            "at": duration::write(*at),
            "for": duration::write(*length),
        }),
        Rate::Steps(steps) => {
            let steps = steps.iter().map(
                |step| json!({ "at": duration::write(step.at), "rate": rate::write(step.rate) }),
            );
            json!({ "curve": "steps", "steps": steps.collect::<Vec<_>>() })
        }
    }
}

fn task(task: &Task) -> Value {
    let mut keys = json!({
        "name": task.name,
        "share": share::write(task.share),
        "prompt": task.prompt,
        "output": task.output,
        "stream": share::write(task.stream),
        "deadline": task.deadline.map(duration::write),
    });
    whole(&mut keys, task.whole);
    if task.priority != Priority::default() {
        keys["priority"] = word(task.priority).into();
    }
    bounds(&mut keys, task.max_tokens, task.prefix.as_ref());
    keys
}

fn whole(keys: &mut Value, whole: u64) {
    if whole > 0 {
        keys["whole"] = share::write(whole).into();
    }
}

fn word(priority: Priority) -> &'static str {
    match priority {
        Priority::LOW => "low",
        Priority::HIGH => "high",
        _ => "normal",
    }
}

fn bounds(keys: &mut Value, max_tokens: Option<u32>, prefix: Option<&Prefixes>) {
    if let Some(most) = max_tokens {
        keys["max_tokens"] = tokens::write(u64::from(most)).into();
    }
    if let Some(prefix) = prefix {
        keys["prefix"] = json!({
            "tokens": tokens::write(prefix.tokens),
            "distinct": count::write(prefix.distinct),
            "share": share::write(prefix.share),
        });
    }
}

fn again(keys: &mut Value, user_retry: &UserRetry) {
    keys["patience"] = duration::write(user_retry.patience).into();
    keys["user_retry"] = json!({
        "chance": share::write(user_retry.chance),
        "at_most": user_retry.at_most,
        "abandons": user_retry.abandons,
    });
}
