//! `firedrill presets`: the list, one of them, and one that there is not.

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
no-failover        One attempt at the first provider, and no second. The
                   yardstick for every other policy.
retry-only         Three attempts at the same provider with exponential backoff.
                   What most SDKs do by default.
priority-fallback  Each provider of the fleet once, in order, until one answers.
                   It remembers nothing between calls.
round-robin        Calls go to the providers in turns; one that fails is left
                   for the next, once each.
resilient          Bounded attempts, a breaker per provider, and failover
                   instead of waiting. The one to start from.

"#]]);
}

#[test]
fn a_preset_is_printed_as_its_file_has_it() {
    let project = Project::new();
    for name in [
        "no-failover",
        "retry-only",
        "priority-fallback",
        "round-robin",
        "resilient",
    ] {
        let output = project.output(&format!("presets {name}"));
        assert_eq!(output.status.code(), Some(0), "{name}");
        let file = format!("{}/policies/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
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
