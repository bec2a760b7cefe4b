//! `firedrill init`: writes a first drill that runs, and overwrites no file.

use snapbox::str;

use crate::{Project, stdout};

#[test]
fn an_empty_folder_becomes_a_project_that_runs_at_once() {
    let project = Project::new();
    let written = project.firedrill("init").code(0);
    written
        .stdout_eq(str![[r#"
wrote  ./scenarios/first-drill.yaml
wrote  ./policies/mine.yaml
wrote  ./schema/scenario.json
wrote  ./schema/policy.json

"#]])
        .stderr_eq("now:   firedrill run\n");
    let checked = project.firedrill("check scenarios policies").code(0);
    checked.stderr_eq("");
    let ran = project.firedrill("run").code(0);
    let table = stdout(ran.get_output());
    assert!(table.contains("+ first-drill"), "{table}");
}

#[test]
fn a_folder_that_is_missing_is_made() {
    let project = Project::new();
    project.firedrill("init deep/down").code(0);
    let folders = ["policies", "scenarios", "schema"];
    assert_eq!(project.names("deep/down"), folders);
    let policy = project.text("deep/down/policies/mine.yaml");
    assert!(policy.contains("\nname: mine\n"), "{policy}");
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
