//! `firedrill init`: writes a first drill that runs and teaches, and overwrites no file.

use snapbox::str;

use crate::{Project, stdout};

#[test]
fn an_empty_folder_becomes_a_project_that_runs_at_once() {
    let project = Project::new();
    let written = project.firedrill("init").code(0);
    written
        .stdout_eq(str![[r#"
wrote  ./scenarios/first-drill.yaml
wrote  ./scenarios/README.md
wrote  ./policies/mine.yaml
wrote  ./schema/scenario.json
wrote  ./schema/policy.json
wrote  ./.github/workflows/firedrill.yml

"#]])
        .stderr_eq(str![[r#"
now:   firedrill run --watch   (and change policies/mine.yaml)
ci:    in the workflow, write the repository of your Firedrill in place of `YOUR_ORG/firedrill`

"#]]);
    let checked = project.firedrill("check . --strict").code(0);
    checked.stderr_eq("");
    let ran = project.firedrill("run").code(0);
    let table = stdout(ran.get_output());
    assert!(table.contains("+ first-drill"), "{table}");
    assert!(table.contains("holds  6 expectations"), "{table}");
}

#[test]
fn each_change_that_the_policy_suggests_fails_one_expectation() {
    let project = Project::new();
    project.firedrill("init").code(0);
    let policy = project.text("policies/mine.yaml");
    let (start, end) = ("breaker: ", "\n\n# What");
    let (before, rest) = policy.split_once(start).expect("a breaker");
    let (_, behind) = rest.split_once(end).expect("its end");
    let without_breaker = format!("{before}{end}{behind}");
    let waiting = policy.replace("rate_limited: fallback", "rate_limited: retry");
    for (changed, failed) in [
        (without_breaker, "mine: attempts_per_call <= 1.2, was"),
        (waiting, "mine: latency.p95 during storm <= 12s, was"),
    ] {
        assert_ne!(changed, policy);
        std::fs::write(project.path("policies/mine.yaml"), changed).expect("saved");
        let ran = project.firedrill("run --engine model").code(1);
        let table = stdout(ran.get_output());
        let fails = table
            .lines()
            .filter_map(|line| line.strip_prefix("fails  "));
        let fails = Vec::from_iter(fails);
        assert_eq!(fails.len(), 1, "{table}");
        assert!(fails[0].starts_with(failed), "{table}");
    }
}

#[test]
fn a_folder_that_is_missing_is_made() {
    let project = Project::new();
    project.firedrill("init deep/down").code(0);
    let folders = [".github", "policies", "scenarios", "schema"];
    assert_eq!(project.names("deep/down"), folders);
    let policy = project.text("deep/down/policies/mine.yaml");
    assert!(policy.contains("\nname: mine\n"), "{policy}");
    let workflow = project.text("deep/down/.github/workflows/firedrill.yml");
    assert!(workflow.contains("directory: .\n"), "{workflow}");
}

#[test]
fn in_a_repository_the_workflow_is_where_ci_reads_it() {
    let project = Project::new().with(".git/HEAD", "ref: refs/heads/main\n");
    project.firedrill("init deep/down").code(0);
    assert_eq!(
        project.names("deep/down"),
        ["policies", "scenarios", "schema"]
    );
    let workflow = project.text(".github/workflows/firedrill.yml");
    assert!(workflow.contains("directory: deep/down\n"), "{workflow}");
    project
        .firedrill("init deep/other")
        .code(2)
        .stderr_eq(str![[r#"
error: `.github/workflows/firedrill.yml` is there already
  = help: name an empty folder, or move the file: nothing was written

"#]]);
    assert!(!project.path("deep/other").exists());
}

#[test]
fn an_editor_finds_the_schema_of_every_file() {
    let project = Project::new();
    project.firedrill("init").code(0);
    for (file, kind) in [
        ("scenarios/first-drill.yaml", "scenario"),
        ("policies/mine.yaml", "policy"),
    ] {
        let modeline = format!("# yaml-language-server: $schema=../schema/{kind}.json\n");
        assert!(project.text(file).starts_with(&modeline), "{file}");
        let printed = stdout(&project.output(&format!("schema {kind}")));
        assert_eq!(project.text(&format!("schema/{kind}.json")), printed);
    }
}

#[test]
fn what_is_there_already_stays_as_it_is() {
    let project = Project::new().with("policies/mine.yaml", "name: mine\n");
    project
        .firedrill("init")
        .code(2)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: `./policies/mine.yaml` is there already
  = help: name an empty folder, or move the file: nothing was written

"#]]);
    assert_eq!(project.names("."), ["policies"]);
    assert_eq!(project.text("policies/mine.yaml"), "name: mine\n");
}
