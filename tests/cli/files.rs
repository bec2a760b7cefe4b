//! Which files are read, and which are written.

use snapbox::str;

use crate::{Project, calm, down, json, stderr, stdout};

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
                ok     scenarios/calm.yaml  (2 seeds, 1 policy; [..])\n";
    snapbox::assert_data_eq!(stdout(&output), told);
    for place in ["scenarios/a.yaml:1:1", "scenarios/b.yaml:1:1"] {
        assert!(stderr(&output).contains(place), "{}", stderr(&output));
    }
}

#[test]
fn a_mistake_in_a_scenario_hides_none_in_its_policies_nor_in_its_expectations() {
    let scenario = calm().replace("name: calm", "name: clam").replace(
        "expect:\n",
        "expect:\n  no-failver: [ cost(x) <= 1 USD, 99% ]\n",
    );
    let policy = "name: no-failover\nretry: { max_attempts: 0 }\ntimeouts: { call: 1 }\n";
    let project = Project::new()
        .with("policies/no-failover.yaml", policy)
        .with("scenarios/calm.yaml", &scenario);
    let output = project.output("check scenarios/calm.yaml");
    assert_eq!(output.status.code(), Some(2));
    let errors = stderr(&output);
    let told = errors.lines().filter(|line| line.starts_with("error: "));
    let told = Vec::from_iter(told.map(|line| &line["error: ".len()..]));
    let wanted = [
        "`0` is out of range",
        "a length of time needs a unit",
        "`clam` is not the file's name",
        "`expect` names `no-failver`, which is not among the policies",
        "unknown provider `x`",
        "there is no comparison",
    ];
    assert_eq!(told, wanted, "{errors}");
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
    checked.stdout_eq("ok     scenarios/calm.yaml  (2 seeds, 1 policy; [..])\n");
}

#[test]
fn a_folder_is_read_at_any_depth() {
    let project = Project::new()
        .with("all/deep/down.yml", &down())
        .with("all/calm.yaml", &calm());
    let checked = project.firedrill("check all").code(0).stderr_eq("");
    checked.stdout_eq(
        "ok     all/calm.yaml  (2 seeds, 1 policy; [..])\n\
         ok     all/deep/down.yml  (2 seeds, 1 policy; [..])\n",
    );
}

#[test]
fn a_result_that_cannot_be_written_is_printed_and_the_exit_code_says_it() {
    let two = || {
        Project::new()
            .with("scenarios/calm.yaml", &calm())
            .with("scenarios/down.yaml", &down())
            .with("file", "I am a file")
    };
    let printed = stdout(&two().output("run --seed 1"));
    for (out, in_the_way, told) in [
        (
            "file",
            "file",
            "error: `--out file` is a file, not a folder\n  = help: name a folder",
        ),
        (
            "file/reports",
            "file",
            "error: cannot make `--out file/reports`: ",
        ),
        (
            "reports",
            "reports/calm.md/notes",
            "error: cannot write `reports/calm.md`: ",
        ),
    ] {
        let project = two().with(in_the_way, "I am a file");
        let output = project.output(&format!("run --seed 1 --out {out}"));
        assert_eq!(output.status.code(), Some(2), "{out}");
        assert_eq!(stdout(&output), printed, "{out}");
        assert!(stderr(&output).starts_with(told), "{}", stderr(&output));
        assert_eq!(stderr(&output).matches("error: ").count(), 1, "{out}");
        assert_eq!(project.text(in_the_way), "I am a file");
    }
}

#[test]
fn files_of_a_run_replace_those_of_another_all_or_none() {
    let project = Project::new()
        .with("scenarios/calm.yaml", &calm())
        .with("scenarios/down.yaml", &down());
    project.firedrill("run --seed 1 --out reports").code(1);
    let old = project.text("reports/calm.json");
    std::fs::remove_file(project.path("reports/down.md")).expect("removed");
    let project = project.with("reports/down.md/notes", "in the way");
    let names = project.names("reports");
    project.firedrill("run --seed 2 --out reports").code(2);
    assert_eq!(project.text("reports/calm.json"), old);
    assert_eq!(project.names("reports"), names);
}

#[test]
fn a_result_is_read_after_the_rest_of_its_set_is_in_place() {
    let project = Project::new().with("scenarios/calm.yaml", &calm());
    project.firedrill("run --seed 1 --out old").code(0);
    project.firedrill("run --seed 2 --out new").code(0);
    // As a process leaves them that is killed before it has moved the first file.
    std::fs::rename(project.path("new"), project.path("old/.firedrill-set")).expect("moved");
    let merged = project.output("merge old/calm.json --format json");
    assert_eq!(json(&merged)["seeds"], "2..2");
    let names = ["calm.csv", "calm.json", "calm.md", "calm.svg"];
    assert_eq!(project.names("old"), names);
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
fn files_of_two_scenarios_of_one_name_say_the_folder() {
    let project = Project::new()
        .with("a/calm.yaml", &calm())
        .with("a/calm.yml", &calm())
        .with("b/calm.yaml", &calm());
    let asked = project.firedrill("run a --out reports");
    asked.code(2).stdout_eq("").stderr_eq(str![[r#"
error: two scenarios are named `calm`: a/calm.yaml and a/calm.yml
  = help: their files under `--out` would be the same

"#]]);
    assert!(!project.path("reports").exists());
    let asked = "run a/calm.yaml b --seed 1 --engine model --quiet --out reports --also hgrm";
    project.firedrill(asked).code(0);
    let names = project.names("reports").join(" ");
    for name in ["a-calm.md", "b-calm.md", "a-calm.json", "b-calm.svg"] {
        assert!(names.contains(name), "{name} is not in {names}");
    }
    let page = project.text("reports/b-calm.md");
    assert!(page.contains("](b-calm.svg)"), "{page}");
    // Files of their own names are what they were; and the command has the engine.
    assert!(
        page.contains("firedrill run b/calm.yaml --engine model --seed 1"),
        "{page}"
    );
}

#[test]
fn a_text_with_a_control_character_is_refused_where_it_stands() {
    let text = calm().replacen("name: calm", "name: calm\nabout: \"a \\e[31mred one\"", 1);
    assert!(text.contains("about: "), "{text}");
    let project = Project::new().with("red.yaml", &text);
    let asked = project.firedrill("run red.yaml --out reports").code(2);
    let told = String::from_utf8_lossy(&asked.get_output().stderr).into_owned();
    assert!(told.contains("control character `\\u{1b}`"), "{told}");
    assert!(
        told.contains("red.yaml:2") && told.contains("^^^"),
        "{told}"
    );
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
    let page = project.text("deep/reports/calm.md");
    let is_picture = |line: &&str| line.starts_with("![") && line.ends_with("](calm.svg)");
    let picture = page.lines().find(is_picture).expect("the picture");
    let page = page.replace(&format!("{picture}\n\n"), "");
    assert_eq!(page.trim_end(), printed.trim_end());
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
