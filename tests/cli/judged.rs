//! Nothing is green that was not judged: each mistake that once passed with exit code 0.

use snapbox::str;

use crate::{Project, calm, down, json, scenario, stderr, stdout};

/// Two policies, with expectations of each.
fn both() -> String {
    let expect = "  no-failover: [ success_rate >= 99% ]\n  \
        resilient: [ success_rate >= 99%, cost <= 1.2 * no-failover ]\n";
    scenario("both", "no-failover, resilient", "", expect)
}

/// A scenario without expectations.
fn bare() -> String {
    let text = scenario("bare", "no-failover", "", "");
    text.replace("expect:\n", "")
}

#[test]
fn a_mistyped_providers_is_an_error_and_no_other_kind_of_file() {
    let wrong = calm().replace("name: calm", "name: wrong");
    let wrong = wrong.replace("providers:", "provider:");
    let project = Project::new()
        .with("all/calm.yaml", &calm())
        .with("all/wrong.yaml", &wrong);
    let error = str![[r#"
error: unknown key `provider`
 --> all/wrong.yaml:4:1
  |
4 | provider:
  | ^^^^^^^^
  |
  = help: did you mean `providers`?

"#]];
    let run = project.firedrill("run all").code(2);
    run.stdout_eq("").stderr_eq(error.clone());
    project.firedrill("check all").code(2).stderr_eq(error);
}

#[test]
fn any_other_yaml_among_scenarios_is_an_error() {
    let project = Project::new()
        .with("all/calm.yaml", &calm())
        .with("all/compose.yaml", "services: { web: { image: nginx } }\n");
    for verb in ["run", "check"] {
        let output = project.output(&format!("{verb} all"));
        assert_eq!(output.status.code(), Some(2), "{verb}");
        let told = stderr(&output);
        assert!(told.contains("unknown key `services`"), "{told}");
        assert!(told.contains("all/compose.yaml:1:1"), "{told}");
    }
}

#[test]
fn policies_and_fleets_among_scenarios_are_named_and_not_run() {
    let fleet = "fleet:\n  openai: { url: https://api.test/v1, model: gpt-4.1 }\n";
    let project = Project::new()
        .with("all/calm.yaml", &calm())
        .with("all/fleet.yaml", fleet)
        .with(
            "all/policies/mine.yaml",
            "name: mine\nretry: { max_attempts: 2 }\n",
        );
    let run = project.firedrill("run all --seed 1").code(0);
    run.stderr_eq("note: not run: all/fleet.yaml (fleet), all/policies/mine.yaml (policy)\n");
    let quiet = project.firedrill("run all --seed 1 --quiet").code(0);
    quiet.stderr_eq("");
    let named = project.firedrill("run all/policies/mine.yaml").code(2);
    named.stdout_eq("").stderr_eq(str![[r#"
error: `all/policies/mine.yaml` is a policy, not a scenario
  = help: run a scenario with it: `firedrill run SCENARIO --policy all/policies/mine.yaml`

"#]]);
}

#[test]
fn a_mistyped_policy_under_expect() {
    let text = both()
        .replace("  resilient: [", "  resilent: [")
        .replace("1.2 * no-failover", "1.2 * no-failovr");
    let project = Project::new().with("scenarios/both.yaml", &text);
    let error = str![[r#"
error: `expect` names `resilent`, which is not among the policies
  --> scenarios/both.yaml:15:3
   |
15 |   resilent: [ success_rate >= 99%, cost <= 1.2 * no-failovr ]
   |   ^^^^^^^^
   |
   = help: did you mean `resilient`?

error: `no-failovr`, to compare with, is not among the policies
  --> scenarios/both.yaml:15:50
   |
15 |   resilent: [ success_rate >= 99%, cost <= 1.2 * no-failovr ]
   |                                                  ^^^^^^^^^^
   |
   = help: did you mean `no-failover`?

"#]];
    project.firedrill("check").code(2).stderr_eq(error.clone());
    project
        .firedrill("run")
        .code(2)
        .stdout_eq("")
        .stderr_eq(error);
}

#[test]
fn a_policy_under_expect_that_exists_and_does_not_run() {
    let text = both().replace("[ no-failover, resilient ]", "[ no-failover ]");
    let project = Project::new().with("scenarios/both.yaml", &text);
    project.firedrill("check").code(2).stderr_eq(str![[r#"
error: `expect` names `resilient`, which is not among the policies
  --> scenarios/both.yaml:15:3
   |
15 |   resilient: [ success_rate >= 99%, cost <= 1.2 * no-failover ]
   |   ^^^^^^^^^
   |
   = help: add `resilient` to `policies`

"#]]);
    // The user may run it all the same.
    let run = project.output("run --seed 1 --policy resilient");
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
}

#[test]
fn a_policy_that_no_expectation_is_about_is_3_and_says_how_to_judge_it() {
    let project = Project::new().with("scenarios/calm.yaml", &calm());
    let run = project.firedrill("run --seed 1 --policy resilient").code(3);
    run.stderr_eq("").stdout_eq(str![[r#"
- calm   seed 1 x 1m   [..] calls   no faults
[..]
  resilient  [..]
not judged  resilient: no expectation is about it; add `--judge-as no-failover`
skipped  1 expectation on no-failover, which is not in this run

"#]]);
    let json = project.output("run --seed 1 --policy resilient --format json");
    assert_eq!(json.status.code(), Some(3));
    assert_eq!(crate::json(&json)["verdict"], "not judged");
    assert_eq!(
        stderr(&json),
        "warning: calm: `resilient` was not judged: no expectation is about it; \
         add `--judge-as no-failover`\n"
    );
    // One that is judged does not hide one that is not.
    let two = project.output("run --seed 1 --policy no-failover --policy resilient");
    assert_eq!(two.status.code(), Some(3), "{}", stdout(&two));
}

#[test]
fn judged_as_another_a_policy_meets_its_expectations() {
    let project = Project::new().with("scenarios/down.yaml", &down());
    let holds = project.output("run --seed 1 --policy resilient --judge-as no-failover");
    assert_eq!(holds.status.code(), Some(0), "{}", stdout(&holds));
    assert!(
        stdout(&holds).contains("holds  1 expectation"),
        "{}",
        stdout(&holds)
    );
    let fails = project.output("run --seed 1 --policy retry-only --judge-as no-failover");
    assert_eq!(fails.status.code(), Some(1), "{}", stdout(&fails));
    // The command that reproduces it judges as well.
    let table = stdout(&fails);
    let again = table
        .lines()
        .find_map(|line| line.trim().strip_prefix("firedrill "));
    let again = again.expect("a line that reproduces");
    assert!(again.contains("--judge-as no-failover"), "{again}");
    assert_eq!(project.output(again).status.code(), Some(1));
}

#[test]
fn what_is_compared_with_a_policy_that_does_not_run_is_not_judged() {
    let text = both().replace("success_rate >= 99%, cost", "cost");
    let project = Project::new().with("scenarios/both.yaml", &text);
    let run = project.output("run --seed 1 --policy resilient");
    assert_eq!(run.status.code(), Some(3), "{}", stdout(&run));
    let told =
        "not judged  resilient: it is compared with `no-failover`; add `--policy no-failover`";
    assert!(stdout(&run).contains(told), "{}", stdout(&run));
    let both = project.output("run --seed 1 --policy resilient --policy no-failover");
    assert_eq!(both.status.code(), Some(0), "{}", stdout(&both));
}

#[test]
fn the_command_that_reproduces_a_comparison_runs_both_policies() {
    let text = both().replace("1.2 * no-failover", "0.5 * no-failover");
    let project = Project::new().with("scenarios/both.yaml", &text);
    let table = stdout(&project.output("run --seed 1"));
    let again = table
        .lines()
        .find_map(|line| line.trim().strip_prefix("firedrill "));
    let again = project.output(again.expect("a line that reproduces"));
    assert_eq!(again.status.code(), Some(1), "{}", stdout(&again));
}

#[test]
fn a_mistyped_policy_to_judge_as() {
    let project = Project::new()
        .with("scenarios/bare.yaml", &bare())
        .with("scenarios/both.yaml", &both());
    let run = project.firedrill("run --policy round-robin --judge-as resilent");
    run.code(2).stdout_eq("").stderr_eq(str![[r#"
error: no expectation is about `resilent`
 --> command line:1:12
  |
1 | --judge-as resilent
  |            ^^^^^^^^
  |
  = help: did you mean `resilient`?

"#]]);
}

#[test]
fn without_expectations_a_run_is_measured_and_not_judged() {
    let project = Project::new()
        .with("scenarios/bare.yaml", &bare())
        .with("scenarios/calm.yaml", &calm());
    let run = project
        .firedrill("run scenarios/bare.yaml --seed 1")
        .code(0);
    run.stderr_eq("").stdout_eq(str![[r#"
- bare   seed 1 x 1m   [..] calls   no faults   measured, not judged
  policy       success  uptime  p95 ok  ttft p95  att/call  $/1k ok  waste
  no-failover  [..]

"#]]);
    let both = project.output("run --seed 1");
    assert_eq!(both.status.code(), Some(0));
    let last = "\n\n2 scenarios: 1 holds, 1 not judged\n";
    assert!(stdout(&both).ends_with(last), "{}", stdout(&both));
    let page = stdout(&project.output("run scenarios/bare.yaml --seed 1 --format md"));
    assert!(page.contains(". **Measured, not judged**.\n"), "{page}");
    let document = json(&project.output("run scenarios/bare.yaml --seed 1 --format json"));
    assert_eq!(document["verdict"], "not judged");
    let strict = project.output("run --seed 1 --require-expectations");
    assert_eq!(strict.status.code(), Some(3), "{}", stdout(&strict));
}

#[test]
fn one_path_set_twice_is_an_error() {
    let project = Project::new().with("scenarios/calm.yaml", &calm());
    let run = project.firedrill("run --set load.rate=3/s --set load.rate=4/s");
    run.code(2).stdout_eq("").stderr_eq(str![[r#"
error: `load.rate` is set twice
 --> command line:1:7
  |
1 | --set load.rate=4/s
  |       ^^^^^^^^^
  |
  = help: leave one of the two out

"#]]);
    let whole = project.output("run --set load.prompt.p50=9 --set load.prompt=5");
    assert_eq!(whole.status.code(), Some(2));
    let told = stderr(&whole);
    assert!(
        told.contains("error: this takes back `--set load.prompt.p50=…`"),
        "{told}"
    );
    let apart = project.output("run --seed 1 --set load.prompt=50 --set load.prompts=5");
    assert!(!stderr(&apart).contains("takes back"), "{}", stderr(&apart));
}
