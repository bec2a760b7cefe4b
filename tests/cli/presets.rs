//! `firedrill presets`: the list, one preset, and an unknown one.

use firedrill::policy_file::presets;
use snapbox::str;

use crate::{Project, stdout};

#[test]
fn the_presets_are_listed_in_80_columns() {
    let list = Project::new().firedrill("presets").code(0).stderr_eq("");
    let text = stdout(list.get_output());
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    list.stdout_eq(str![[r#"
To start from, from the simplest to the best:
  no-failover               One attempt at the first provider, and no second.
                            The baseline for every other policy.
  retry-only                Three attempts at the same provider with exponential
                            backoff. What most SDKs do by default.
...

As libraries and gateways have it by default:
  anthropic-sdk             Two retries at one provider, half a second to eight,
                            hints of any length, ten minutes for an answer.
...

The clients of five articles, as intended, repaired and as written:
...
  001-python-intended       Three endpoints, each tried once; a call falls back
                            on a 429, a timeout or a lost connection.
...

"#]]);
}

#[test]
fn every_preset_is_listed_once_with_what_it_is_about() {
    let text = stdout(&Project::new().output("presets"));
    let listed = text
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let listed = Vec::from_iter(listed.filter_map(|line| line.split_whitespace().next()));
    assert_eq!(listed, presets::names());
    let words = |text: &str| {
        text.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let all = words(&text);
    for preset in presets::all() {
        let mut entry = vec![preset.name.to_owned()];
        entry.extend(words(&preset.policy().expect("it is a policy").about));
        assert!(
            all.windows(entry.len()).any(|part| part == entry),
            "{}",
            preset.name
        );
    }
}

#[test]
fn a_preset_is_printed_as_its_file_has_it() {
    let project = Project::new();
    for preset in presets::all() {
        let output = project.output(&format!("presets {}", preset.name));
        assert_eq!(output.status.code(), Some(0), "{}", preset.name);
        let file = format!("{}/{}", env!("CARGO_MANIFEST_DIR"), preset.file());
        let text = std::fs::read_to_string(file).expect("the preset's file");
        assert_eq!(stdout(&output), text);
    }
}

#[test]
fn a_printed_preset_is_a_policy_of_its_own() {
    let project = Project::new();
    let text = stdout(&project.output("presets resilient"));
    let project = project.with("policies/resilient.yaml", &text);
    let checked = project.firedrill("check policies").code(0).stderr_eq("");
    checked.stdout_eq("ok     policies/resilient.yaml  (policy)\n");
}

#[test]
fn an_unknown_preset() {
    Project::new()
        .firedrill("presets resilent")
        .code(2)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: there is no preset `resilent`
  = help: did you mean `resilient`?

"#]]);
}
