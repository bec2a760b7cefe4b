//! `firedrill init`: a first drill that runs, and nothing of anybody's overwritten.

use snapbox::str;

use crate::{Project, stdout};

#[test]
fn an_empty_folder_becomes_a_project_that_runs_at_once() {
    let project = Project::new();
    let written = project.firedrill("init").code(0);
    written
        .stdout_eq("wrote  ./scenarios/first-drill.yaml\nwrote  ./policies/mine.yaml\n")
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
    assert_eq!(project.names("deep/down"), ["policies", "scenarios"]);
    assert!(
        project
            .text("deep/down/policies/mine.yaml")
            .starts_with("name: mine\n")
    );
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
