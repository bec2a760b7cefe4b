//! A fault, as understood: every key that its word takes, by `catalogue`.

use serde_json::{Map, Value, json};

use crate::scenario::Scenario;
use crate::scenario::catalogue::{Row, word};
use crate::scenario::fault::{Burst, Fault, FaultKind, Flaw, Ramp, Recovery, Sticky, When};
use crate::text::units::{bandwidth, duration, factor, share, speed, tokens};
use crate::wire::writer::{Body, Counting, Finish, HintFormat, Inside, Refusal};

pub(super) fn fault(scenario: &Scenario, fault: &Fault) -> Value {
    let word = word(fault);
    let mut keys = Map::new();
    keys.insert("name".into(), fault.name.as_str().into());
    for key in Row::of(&word).into_iter().flat_map(Row::keys) {
        let value = match key {
            "inject" => match word.parse::<u16>() {
                Ok(status) => status.into(),
                Err(_) => word.as_str().into(),
            },
            "target" => target(scenario, fault),
            "at" => duration::write(fault.windows.at).into(),
            "for" => fault.windows.length.map(duration::write).into(),
            "every" => fault.windows.every.map(duration::write).into(),
            "chance" => share::write(fault.chance).into(),
            "burst" => fault.burst.as_ref().map(burst).into(),
            "ramp" => fault.ramp.as_ref().map(ramp).into(),
            "recover" => fault.recovery.as_ref().map(recovery).into(),
            "when" => when(&fault.when),
            "rate" => share::write(fault.rate).into(),
            "sticky" => match fault.sticky {
                Sticky::Attempt => "attempt".into(),
                Sticky::Call => "call".into(),
                Sticky::Length(length) => duration::write(length).into(),
            },
            own => own_key(&fault.inject, own),
        };
        keys.insert(key.to_owned(), value);
    }
    Value::Object(keys)
}

/// One name, or the list of all.
fn target(scenario: &Scenario, fault: &Fault) -> Value {
    let provider = |id: &crate::policy::ProviderId| scenario.providers.get(id.index());
    let names = fault.targets.iter().filter_map(provider);
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
        "rate_off": share::write(burst.rate_off.unwrap_or(0)),
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

/// A key that only some words take.
fn own_key(inject: &FaultKind, key: &str) -> Value {
    match inject {
        FaultKind::Refuse { refusal, billed } => match key {
            "billed" => (*billed).into(),
            key => of_refusal(refusal, key),
        },
        FaultKind::Closed(with) => json!(with),
        FaultKind::StaleKeepAlive { with, .. } if key == "with" => json!(with),
        FaultKind::StaleKeepAlive { idle, .. } => duration::write(*idle).into(),
        FaultKind::SlowClose { by } | FaultKind::Delay { by, .. } => duration::write(*by).into(),
        FaultKind::Slow { what, .. } if key == "what" => json!(what),
        FaultKind::Slow { factor_milli, .. } | FaultKind::Price { factor_milli } => {
            factor::write(*factor_milli).into()
        }
        FaultKind::HeavyTail { index_milli } => factor::write(*index_milli).into(),
        FaultKind::Drip { speed_milli } => speed::write(*speed_milli).into(),
        FaultKind::Bandwidth { bytes } => bandwidth::write(*bytes).into(),
        FaultKind::KeepAlive { by } => by.map(duration::write).into(),
        FaultKind::Stall {
            after,
            length,
            then,
        } => match key {
            "after" => tokens::write(*after).into(),
            "silence" => duration::write(*length).into(),
            _ => json!(then),
        },
        FaultKind::StreamCut {
            after,
            with,
            inside,
        } => match key {
            "after" => tokens::write(*after).into(),
            "with" => json!(with),
            _ => inside.map(inside_word).into(),
        },
        FaultKind::InBand { cause, .. } if key == "cause" => cause.name().into(),
        FaultKind::InBand { after, .. } | FaultKind::Event { after, .. } => {
            tokens::write(*after).into()
        }
        FaultKind::CapacityLoss { remaining } | FaultKind::LimitShrink { remaining } => {
            share::write(*remaining).into()
        }
        FaultKind::Flaw(flaw) => of_flaw(flaw),
        _ => Value::Null,
    }
}

fn of_refusal(refusal: &Refusal, key: &str) -> Value {
    let form = refusal.hint.map(|hint| hint.form);
    let is_lie = matches!(
        form,
        Some(HintFormat::Past | HintFormat::Negative | HintFormat::Nan | HintFormat::Absurd)
    );
    match key {
        "cause" => refusal.cause.name().into(),
        "retry_after" => {
            let told = refusal.hint.filter(|_| !is_lie);
            told.map(|hint| duration::write(hint.wait)).into()
        }
        "hint" => form.map(form_word).into(),
        _ => refusal.should_retry.into(),
    }
}

fn of_flaw(flaw: &Flaw) -> Value {
    match flaw {
        Flaw::Model(model) => json!(&**model),
        Flaw::Usage(Counting::Times(factor_milli)) => factor::write(*factor_milli).into(),
        Flaw::Finish(Finish::Length) => "length".into(),
        Flaw::Finish(Finish::ContentFilter) => "content_filter".into(),
        Flaw::Body(Body::Error(cause)) => cause.name().into(),
        _ => Value::Null,
    }
}

const fn inside_word(inside: Inside) -> &'static str {
    match inside {
        Inside::Json => "json",
        Inside::Utf8 => "utf8",
    }
}

const fn form_word(form: HintFormat) -> &'static str {
    match form {
        HintFormat::Own => "own",
        HintFormat::Seconds => "seconds",
        HintFormat::Millis => "ms",
        HintFormat::Date => "date",
        HintFormat::Body => "body",
        HintFormat::Past => "past",
        HintFormat::Negative => "negative",
        HintFormat::Nan => "nan",
        HintFormat::Absurd => "absurd",
    }
}
