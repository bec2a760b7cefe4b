//! How a policy's name is resolved: the scenario's, the project's, a preset, or a file.

use snapbox::str;

use crate::{Project, calm, scenario, stderr, stdout};

#[test]
fn an_unknown_policy_on_the_command_line() {
    let project = Project::new().with("scenarios/calm.yaml", &calm());
    let asked = project.firedrill("run --policy resilent");
    asked.code(2).stdout_eq("").stderr_eq(str![[r#"
error: there is no policy `resilent`
 --> command line:1:10
  |
1 | --policy resilent
  |          ^^^^^^^^
  |
  = help: did you mean `resilient`?

"#]]);
}

#[test]
fn an_unknown_policy_in_a_scenario() {
    let text = scenario(
        "calm",
        "no-failovr",
        "",
        "  no-failover: [ success_rate >= 99% ]\n",
    );
    let project = Project::new().with("scenarios/calm.yaml", &text);
    project.firedrill("check").code(2).stderr_eq(str![[r#"
error: there is no policy `no-failovr`
  --> scenarios/calm.yaml:12:13
   |
12 | policies: [ no-failovr ]
   |             ^^^^^^^^^^
   |
   = help: did you mean `no-failover`?

"#]]);
}

#[test]
fn a_policy_twice_is_one_too_many() {
    let project = Project::new().with("scenarios/calm.yaml", &calm());
    let asked = project.firedrill("run --policy resilient --policy resilient");
    asked.code(2).stdout_eq("").stderr_eq(str![[r#"
error: two policies are named `resilient`
 --> command line:1:10
  |
1 | --policy resilient
  |          ^^^^^^^^^
  |
  = help: leave one of them out

"#]]);
}

#[test]
fn a_policy_file_that_is_not_there() {
    let project = Project::new().with("scenarios/calm.yaml", &calm());
    let asked = project.firedrill("run --policy ./mine.yaml");
    asked.code(2).stdout_eq("").stderr_eq(str![[r#"
error: there is no file `./mine.yaml`
 --> command line:1:10
  |
1 | --policy ./mine.yaml
  |          ^^^^^^^^^^^
  |
  = help: the path is relative to the current directory

"#]]);
}

#[test]
fn a_policy_file_that_is_not_beside_the_scenario() {
    let text = scenario(
        "calm",
        "./mine.yaml",
        "",
        "  mine: [ success_rate >= 99% ]\n",
    );
    let project = Project::new().with("scenarios/calm.yaml", &text);
    project.firedrill("check").code(2).stderr_eq(str![[r#"
error: there is no file `scenarios/mine.yaml`
  --> scenarios/calm.yaml:12:13
   |
12 | policies: [ ./mine.yaml ]
   |             ^^^^^^^^^^^
   |
   = help: the path is relative to this file

"#]]);
}

#[test]
fn a_scenario_may_not_name_a_policy_outside_its_project() {
    let text = scenario(
        "calm",
        "../../mine.yaml",
        "",
        "  mine: [ success_rate >= 99% ]\n",
    );
    let project = Project::new()
        .with("mine.yaml", &renamed("no-failover", "mine"))
        .with(
            "project/policies/other.yaml",
            &renamed("no-failover", "other"),
        )
        .with("project/scenarios/calm.yaml", &text);
    let output = project.output("check project/scenarios");
    assert_eq!(output.status.code(), Some(2));
    let place = "project/scenarios/calm.yaml:12:13";
    assert!(stderr(&output).contains(place), "{}", stderr(&output));
}

#[test]
fn a_scenario_may_name_a_policy_beside_it() {
    let text = scenario(
        "calm",
        "./mine.yaml",
        "",
        "  mine: [ success_rate >= 99% ]\n",
    );
    let project = Project::new()
        .with("scenarios/mine.yaml", &renamed("no-failover", "mine"))
        .with("scenarios/calm.yaml", &text);
    let checked = project
        .firedrill("check scenarios/calm.yaml")
        .code(0)
        .stderr_eq("");
    checked.stdout_eq("ok     scenarios/calm.yaml  (2 seeds, 1 policy; [..])\n");
}

#[test]
fn the_projects_policy_wins_over_the_preset() {
    let project = Project::new()
        .with("policies/resilient.yaml", "name: resilient\nnonsense: 3\n")
        .with("scenarios/calm.yaml", &calm());
    let output = project.output("run --policy resilient");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("policies/resilient.yaml:2:1"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_policy_of_the_project_is_suggested_too() {
    let project = Project::new()
        .with(
            "policies/homemade.yaml",
            &renamed("no-failover", "homemade"),
        )
        .with("scenarios/calm.yaml", &calm());
    let output = project.output("run --policy homemad");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("did you mean `homemade`?"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn settings_for_a_provider_that_is_not_there_are_warned_of() {
    let text = renamed("no-failover", "mine")
        + "overrides: { by_name: { mian: { max_attempts_per_provider: 2 } } }\n";
    let listed = scenario("calm", "mine", "", "  mine: [ success_rate >= 99% ]\n");
    let project = Project::new()
        .with("policies/mine.yaml", &text)
        .with("scenarios/calm.yaml", &listed);
    project.firedrill("check").code(0).stderr_eq(str![[r#"
warning: scenarios/calm.yaml: policy `mine` names `mian`, which is no provider here (main, backup)

"#]]);
}

#[test]
fn what_is_expected_of_every_policy_holds_for_one_that_the_scenario_does_not_know() {
    let text = scenario(
        "calm",
        "no-failover",
        "",
        "  every: [ success_rate >= 99%, calls <= 3 ]\n",
    );
    let project = Project::new()
        .with("policies/mine.yaml", &renamed("no-failover", "mine"))
        .with("scenarios/calm.yaml", &text);
    project.firedrill("check").code(0).stderr_eq("");
    let output = project.output("run --policy mine --policy resilient");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let table = stdout(&output);
    for policy in ["mine", "resilient"] {
        let line = format!("fails  {policy}: calls <= 3, was ");
        assert!(table.contains(&line), "{table}");
    }
    assert!(table.contains("holds  2 expectations"), "{table}");
}

#[test]
fn a_policy_cannot_be_called_every() {
    let project = Project::new()
        .with("policies/every.yaml", &renamed("no-failover", "every"))
        .with("scenarios/calm.yaml", &calm());
    for words in ["check policies/every.yaml", "run --policy every"] {
        let output = project.output(words);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        let said = stderr(&output);
        assert!(
            said.contains("error: a policy cannot be called `every`"),
            "{said}"
        );
        assert!(said.contains("every.yaml:2:7"), "{said}");
        assert!(said.contains("help: in a scenario's `expect`"), "{said}");
    }
}

#[test]
fn a_name_from_a_report_finds_the_file_that_the_scenario_lists() {
    let text = scenario(
        "calm",
        "./mine.yaml",
        "",
        "  mine: [ success_rate >= 99% ]\n",
    );
    let project = Project::new()
        .with("scenarios/mine.yaml", &renamed("no-failover", "mine"))
        .with("scenarios/calm.yaml", &text);
    let output = project.output("run scenarios/calm.yaml --policy mine --seed 1");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let page = stdout(&project.output("run scenarios/calm.yaml --format md"));
    let again = "firedrill run scenarios/calm.yaml --seeds 1..2\n";
    assert!(page.contains(again), "{page}");
}

#[test]
fn a_preset_of_any_folder_is_found_by_its_bare_name() {
    let project = Project::new().with("scenarios/calm.yaml", &calm());
    for name in ["resilient", "openai-python", "001-python-intended"] {
        let words = format!("run scenarios/calm.yaml --policy {name} --format json");
        let output = project.output(&words);
        let key = format!("\"{name}\":{{");
        assert!(stdout(&output).contains(&key), "{}", stderr(&output));
    }
}

#[test]
fn the_former_name_of_a_preset_leads_to_its_new_ones() {
    let project = Project::new().with("scenarios/calm.yaml", &calm());
    let output = project.output("run scenarios/calm.yaml --policy openai-sdk");
    assert_eq!(output.status.code(), Some(2));
    let told = stderr(&output);
    let hint = "it is `openai-python` or `openai-node` now";
    assert!(told.contains(hint), "{told}");
}

#[test]
fn a_folder_is_no_part_of_a_presets_name() {
    let project = Project::new().with("scenarios/calm.yaml", &calm());
    let output = project.output("run --policy industry/openai-python");
    assert_eq!(output.status.code(), Some(2));
    let told = stderr(&output);
    assert!(
        told.contains("there is no file `industry/openai-python`"),
        "{told}"
    );
}

#[test]
fn a_projects_own_policy_wins_over_any_preset_of_its_name() {
    let project = Project::new().with("scenarios/calm.yaml", &calm()).with(
        "policies/openai-python.yaml",
        "name: openai-python\nretry: { max_attempts: nine }\n",
    );
    let output = project.output("run --policy openai-python");
    assert_eq!(output.status.code(), Some(2));
    let told = stderr(&output);
    assert!(told.contains("policies/openai-python.yaml:2"), "{told}");
}

/// A preset under another name.
fn renamed(preset: &str, name: &str) -> String {
    let text = stdout(&Project::new().output(&format!("presets {preset}")));
    text.replace(&format!("name: {preset}"), &format!("name: {name}"))
}
