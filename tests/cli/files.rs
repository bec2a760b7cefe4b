//! Which files are read, and which are written.

use snapbox::str;

use crate::{Project, calm, down, stderr, stdout};

#[test]
fn each_file_is_checked_and_every_mistake_told() {
    let project = Project::new()
        .with("scenarios/a.yaml", &calm().replace("name: calm", "nam: a"))
        .with("scenarios/b.yaml", "")
        .with("scenarios/calm.yaml", &calm());
    let output = project.output("check");
    assert_eq!(output.status.code(), Some(2));
    let told = "wrong  scenarios/a.yaml  (1 problem)\n\
                wrong  scenarios/b.yaml  (1 problem)\n\
                ok     scenarios/calm.yaml  (2 seeds, 1 policy)\n";
    assert_eq!(stdout(&output), told);
    for place in ["scenarios/a.yaml:1:1", "scenarios/b.yaml:1:1"] {
        assert!(stderr(&output).contains(place), "{}", stderr(&output));
    }
}

#[test]
fn nothing_runs_when_one_file_is_wrong() {
    let project = Project::new()
        .with("scenarios/calm.yaml", &calm())
        .with("scenarios/empty.yaml", "");
    let output = project.output("run --out reports");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(stdout(&output), "");
    assert!(!project.path("reports").exists());
}

#[test]
fn no_path_means_scenarios_without_its_subfolders() {
    let project = Project::new()
        .with("scenarios/calm.yaml", &calm())
        .with("scenarios/later/wrong.yaml", "providers: nonsense\n")
        .with("scenarios/notes.md", "hello");
    let checked = project.firedrill("check").code(0).stderr_eq("");
    checked.stdout_eq("ok     scenarios/calm.yaml  (2 seeds, 1 policy)\n");
}

#[test]
fn a_folder_is_read_at_any_depth() {
    let project = Project::new()
        .with("all/deep/down.yml", &down())
        .with("all/calm.yaml", &calm());
    let checked = project.firedrill("check all").code(0).stderr_eq("");
    checked.stdout_eq(
        "ok     all/calm.yaml  (2 seeds, 1 policy)\n\
         ok     all/deep/down.yml  (2 seeds, 1 policy)\n",
    );
}

#[test]
fn out_onto_a_file() {
    let project = Project::new()
        .with("scenarios/calm.yaml", &calm())
        .with("reports", "I am a file");
    project
        .firedrill("run --out reports")
        .code(2)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: `--out reports` is a file, not a folder
  = help: name a folder; it is made if it is missing

"#]]);
    assert_eq!(project.text("reports"), "I am a file");
}

#[test]
fn out_where_no_folder_can_be() {
    let project = Project::new()
        .with("scenarios/calm.yaml", &calm())
        .with("file", "I am a file");
    let output = project.output("run --out file/reports");
    assert_eq!(output.status.code(), Some(2));
    for part in [
        "cannot make `--out file/reports`",
        "a folder that you may write to",
    ] {
        assert!(stderr(&output).contains(part), "{}", stderr(&output));
    }
}

#[test]
fn a_folder_in_the_place_of_a_report() {
    let project = Project::new()
        .with("scenarios/calm.yaml", &calm())
        .with("reports/calm.md/notes", "in the way");
    let output = project.output("run --seed 1 --out reports");
    assert_eq!(output.status.code(), Some(2));
    let told = stderr(&output);
    assert!(told.contains("cannot write `reports/calm.md`"), "{told}");
    assert!(told.contains("help: "), "{told}");
}

#[cfg(unix)]
#[test]
fn a_pipe_or_a_device_keeps_nobody_waiting() {
    let project = Project::new().with("scenarios/calm.yaml", &calm());
    let made = std::process::Command::new("mkfifo")
        .arg(project.path("pipe.yaml"))
        .status();
    assert!(made.is_ok_and(|status| status.success()), "no pipe");
    for words in [
        "check pipe.yaml",
        "run /dev/zero",
        "run --policy ./pipe.yaml",
        "run --set load.trace=pipe.yaml",
    ] {
        let output = project.output(words);
        assert_eq!(output.status.code(), Some(2), "{words}");
        let told = stderr(&output);
        assert!(
            told.contains("it is a device or a pipe, not a file"),
            "{told}"
        );
        assert!(told.contains('^') && told.contains("help: "), "{told}");
    }
}

#[test]
fn two_scenarios_of_one_name_cannot_share_a_folder() {
    let project = Project::new()
        .with("a/calm.yaml", &calm())
        .with("b/calm.yaml", &calm());
    let asked = project.firedrill("run a b --out reports");
    asked.code(2).stdout_eq("").stderr_eq(str![[r#"
error: two scenarios are named `calm`: a/calm.yaml and b/calm.yaml
  = help: their files under `--out` would be the same

"#]]);
    assert!(!project.path("reports").exists());
}

#[test]
fn out_holds_four_files_per_scenario_and_nothing_else() {
    let project = Project::new()
        .with("scenarios/calm.yaml", &calm())
        .with("scenarios/down.yaml", &down());
    let output = project.output("run --out deep/reports --seed 1");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let endings = ["csv", "json", "md", "svg"];
    let written = ["calm", "down"].map(|name| endings.map(|ending| format!("{name}.{ending}")));
    let written = written.concat();
    assert_eq!(project.names("deep/reports"), written);
    let printed = stdout(&project.output("run scenarios/calm.yaml --seed 1 --format md"));
    // Only the page of a folder has its picture beside it.
    let picture = "![Answers and attempts per second over the run, by policy](calm.svg)\n\n";
    let page = project.text("deep/reports/calm.md");
    assert!(page.contains(picture), "{page}");
    assert_eq!(page.replace(picture, "").trim_end(), printed.trim_end());
    let drawn = project.text("deep/reports/calm.svg");
    assert!(
        drawn.starts_with("<svg ") && drawn.ends_with("</svg>\n"),
        "{drawn}"
    );
}

#[test]
fn without_out_nothing_is_written() {
    let project = Project::new().with("scenarios/calm.yaml", &calm());
    project.firedrill("run --seed 1").code(0);
    assert_eq!(project.names(""), ["scenarios"]);
    assert_eq!(project.names("scenarios"), ["calm.yaml"]);
}
