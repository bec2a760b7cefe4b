//! Faults in files: every word with every key that it takes, and without each key that it requires.

use std::time::Duration;

use firedrill::policy::ProviderId;
use firedrill::scenario::catalogue::{KEYS, Key, ROWS, Row, STATUS};
use firedrill::scenario::fault::{Bound, CloseMode, FaultKind, Shape, Side, SlowPart, Sticky};
use firedrill::scenario::fault::{Hint, HintFormat, OneOf, Refusal};
use firedrill::units::{Factor, Share};
use serde_json::json;

use super::{FULL, Project, story, understood};

#[test]
fn every_kind_of_fault_is_understood() {
    let faults = understood(FULL, &[]).scenario.faults;
    let injected: Vec<(&str, &FaultKind)> = faults
        .iter()
        .map(|one| (one.name.as_str(), &one.inject))
        .collect();
    let second = Duration::from_secs(1);
    let status = |status, wait: Option<Duration>| {
        let refusal = Refusal::with_status(status);
        FaultKind::Refuse {
            refusal: wait.map_or(refusal, |wait| refusal.after(wait)),
            billed: false,
            late: Duration::ZERO,
        }
    };
    let expected = [
        ("storm", &status(429, Some(20 * second))),
        ("broken", &status(503, None)),
        (
            "brownout",
            &FaultKind::Slow {
                factor: Factor::milli(2_500),
                what: SlowPart::All,
            },
        ),
        (
            "cut",
            &FaultKind::StreamCut {
                after: 80,
                with: CloseMode::Fin,
                inside: None,
            },
        ),
        (
            "stall",
            &FaultKind::Stall {
                after: 0,
                length: 20 * second,
                then: None,
            },
        ),
        ("silent", &FaultKind::Hang { then: None }),
        ("dark", &FaultKind::Blackhole),
    ];
    assert_eq!(injected, expected);
    assert_eq!(faults[0].rate, Share::percent(60));
    let sticky: Vec<Sticky> = faults.iter().map(|one| one.sticky).collect();
    assert_eq!(
        sticky[..3],
        [Sticky::Call, Sticky::Length(second), Sticky::Attempt]
    );
    assert_eq!(faults[2].windows.every, Some(Duration::from_secs(3_600)));
}

/// The one fault of the story with `inject: word` and these keys.
fn one_fault(word: &str, keys: &[Key]) -> String {
    let mut text = format!("inject: {word}");
    for key in keys.iter().filter(|key| key.name != "inject") {
        text += &format!(", {}: {}", key.name, key.example);
    }
    let groups = "groups: { aws-us-east: [ openai ] }\nfaults:";
    let story = story("at: 2m, for: 3m, target: openai, inject: outage", &text);
    story.replace("faults:", groups)
}

/// The keys of a row that can be combined: a fault cannot fade both before its window's end and
/// after.
fn written_keys(row: &Row) -> Vec<Key> {
    let keys = row
        .keys()
        .filter_map(|name| KEYS.iter().find(|key| key.name == name));
    let shorter = |key: &Key| match key.name {
        "ramp" => Key {
            example: "2m",
            ..*key
        },
        _ => *key,
    };
    keys.map(shorter).collect()
}

/// One status for all of them, and every other word.
fn all_words() -> impl Iterator<Item = (&'static str, &'static Row)> {
    let rows = ROWS.iter().map(|row| (row.word, row));
    rows.chain([("429", &STATUS)])
}

#[test]
fn every_word_takes_all_of_its_keys_and_is_shown_with_all_of_them() {
    for (word, row) in all_words() {
        let keys = written_keys(row);
        let scenario = understood(&one_fault(word, &keys), &[]).scenario;
        let fault = &scenario.faults[0];
        assert_eq!(
            (fault.inject.word().as_str(), fault.inject.layer()),
            (word, row.layer)
        );
        let shown = &scenario.resolved()["faults"][0];
        for key in &keys {
            assert!(
                !shown[key.name].is_null(),
                "{} of {word} in {shown:#}",
                key.name
            );
        }
        for own in row.own() {
            let written = keys.iter().find(|key| key.name == own).unwrap().example;
            let value = &shown[own];
            let text = value.as_str().map_or(value.to_string(), str::to_owned);
            assert_eq!(text, written, "{own} of {word}");
        }
    }
}

#[test]
fn a_word_without_a_key_that_it_needs_is_refused() {
    let (project, mut refusals) = (Project::new(), 0);
    for (word, row) in all_words() {
        for missing in row.required() {
            let mut keys = written_keys(row);
            keys.retain(|key| key.name != missing);
            let text = one_fault(word, &keys);
            let problem = project.load(text, &[]).unwrap_err();
            let expected = format!("`{word}` needs the key `{missing}`");
            assert_eq!(problem.message(), expected);
            let hint = problem.hint_text().unwrap_or_default();
            assert!(hint.contains(&format!("{missing}: ")), "{word}: {hint}");
            refusals += 1;
        }
    }
    assert!(refusals >= 20);
}

#[test]
fn a_key_that_means_nothing_to_a_word_is_refused() {
    let project = Project::new();
    for (word, row) in all_words() {
        for stranger in KEYS
            .iter()
            .filter(|key| row.keys().all(|own| own != key.name))
        {
            let mut keys = written_keys(row);
            keys.push(*stranger);
            let problem = project.load(one_fault(word, &keys), &[]).unwrap_err();
            let told = format!("{} of {word}: {problem}", stranger.name);
            assert!(problem.message().contains(&format!("`{word}`")), "{told}");
            assert!(
                problem.hint_text().is_some_and(|hint| !hint.is_empty()),
                "{told}"
            );
        }
    }
}

#[test]
fn time_and_luck_are_understood() {
    let text = "target: [ aws, kimi ], inject: 503, at: 2m, for: 3m, every: 9m, chance: 30%,
    ramp: { up: 1m, shape: exponential }, recover: { over: 2m, shape: steps }, rate: 0.05%,
    burst: { on: 20s, off: 40s, rate_off: 0.0000001% },
    when: { model: gpt-4.1, key: sk-2, prompt: \"> 8k tok\", streamed: true, client: 0 }";
    let fleet = "providers:
  kimi: { dialect: openai, model: kimi-k2, ttft: 1s, speed: 9 tok/s }
  open2: { dialect: openai, model: gpt-4.1, ttft: 1s, speed: 9 tok/s }";
    let story = story("target: openai, inject: outage", "").replace("at: 2m, for: 3m, ", text);
    let story = story.replace("providers:", fleet);
    let story = format!("{story}groups: {{ aws: [ openai, open2 ] }}\n");
    let fault = understood(&story, &[]).scenario.faults.remove(0);
    assert_eq!(fault.targets, [0, 1, 2].map(ProviderId));
    assert_eq!(
        (fault.chance, fault.rate),
        (Share::percent(30), Share::from_parts(500_000))
    );
    let (ramp, recovery) = (fault.ramp.unwrap(), fault.recovery.unwrap());
    assert_eq!(
        (ramp.up, ramp.shape),
        (Duration::from_secs(60), Shape::Exponential)
    );
    assert_eq!(
        (recovery.over, recovery.shape),
        (Duration::from_secs(120), Shape::Steps)
    );
    let burst = fault.burst.unwrap();
    assert_eq!(
        (burst.on, burst.rate_off),
        (Duration::from_secs(20), Share::from_parts(1))
    );
    let when = fault.when;
    let prompt = Bound {
        side: Side::Above,
        tokens: 8_000,
    };
    let text = |text: &str| Some(OneOf::from(text.to_owned()));
    assert_eq!((when.model, when.key), (text("gpt-4.1"), text("sk-2")));
    assert_eq!(
        (when.prompt, when.streamed, when.client),
        (Some(prompt.into()), Some(true), Some(0.into()))
    );
}

#[test]
fn a_condition_takes_one_of_a_list() {
    let when = "inject: hang, when: { model: [ gpt-4.1, kimi-k2 ], key: [ key-1, 7 ],
    prompt: [ \"< 1k tok\", \"> 8k tok\" ], client: [ 0, 2 ] }";
    let fleet = "providers:
  kimi: { dialect: openai, model: kimi-k2, ttft: 1s, speed: 9 tok/s }";
    let text = story(
        "target: openai, inject: outage",
        "target: [ openai, kimi ], INJECT",
    );
    let text = text.replace("INJECT", when).replace("providers:", fleet);
    let text = text.replace("rate: 2/s", "clients: 3, rate: 2/s");
    let scenario = understood(&text, &[]).scenario;
    let shown = &scenario.resolved()["faults"][0]["when"];
    assert_eq!(
        shown,
        &json!({
            "model": ["gpt-4.1", "kimi-k2"], "key": ["key-1", "7"],
            "prompt": ["< 1k tok", "> 8k tok"], "client": [0, 2],
        })
    );
}

#[test]
fn a_hint_that_lies_hides_a_minute() {
    for (word, form) in [
        ("past", HintFormat::Past),
        ("nan", HintFormat::Nan),
        ("absurd", HintFormat::Absurd),
    ] {
        let text = story("inject: outage", &format!("inject: 429, hint: {word}"));
        let scenario = understood(&text, &[]).scenario;
        let FaultKind::Refuse { refusal, .. } = &scenario.faults[0].inject else {
            panic!("it is an error");
        };
        let wait = Duration::from_secs(60);
        assert_eq!(refusal.hint, Some(Hint { wait, form }));
        assert_eq!(scenario.resolved()["faults"][0]["retry_after"], json!(null));
    }
}

#[test]
fn a_name_that_looks_like_a_number_stays_a_name() {
    for name in ["007", "1_000", "7", "true"] {
        let text = story("  openai:", &format!("  {name}:"));
        let text = text.replace("target: openai", &format!("target: {name}"));
        assert_eq!(
            understood(&text, &[]).scenario.faults[0].targets,
            [ProviderId(0)],
            "{name}"
        );
    }
}
