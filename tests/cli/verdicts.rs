//! The end of a run: the exit code, and the output.

use crate::{Project, calm, down, stderr, stdout, unmet, untold};

#[test]
fn all_hold_is_0() {
    let output = project().output("run scenarios/calm.yaml");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stderr(&output), "");
}

#[test]
fn one_fails_is_1_and_prints_the_line_that_reproduces_it() {
    let output = project().output("run scenarios/down.yaml");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let line = "firedrill run scenarios/down.yaml --policy no-failover";
    assert!(stdout(&output).contains(line), "{}", stdout(&output));
}

#[test]
fn the_line_that_reproduces_a_failure_does() {
    let project = project();
    let output = stdout(&project.output("run scenarios/down.yaml --seeds 2..3"));
    let line = output
        .lines()
        .find_map(|line| line.trim().strip_prefix("firedrill "));
    let again = project.output(line.expect("a line that reproduces"));
    assert_eq!(again.status.code(), Some(1), "{}", stderr(&again));
}

#[test]
fn the_line_that_reproduces_names_a_policy_file_as_the_user_did() {
    let project = project();
    let text = stdout(&project.output("presets no-failover"));
    let text = text.replace("name: no-failover", "name: mine");
    let project = project.with("elsewhere/mine.yaml", &text);
    let words = "--policy elsewhere/mine.yaml --seed 2 --set expect.mine=[success_rate>=50%]";
    let output = stdout(&project.output(&format!("run scenarios/down.yaml {words}")));
    let line = output
        .lines()
        .find_map(|line| line.trim().strip_prefix("firedrill "));
    let line = line.expect("a line that reproduces");
    assert!(line.contains("--policy elsewhere/mine.yaml"), "{line}");
    let page = project.output(&format!("run scenarios/down.yaml {words} --format md"));
    assert!(
        stdout(&page).contains("--policy elsewhere/mine.yaml"),
        "{}",
        stdout(&page)
    );
}

#[test]
fn no_absolute_path_reaches_a_page() {
    let project = project();
    let text = stdout(&project.output("presets no-failover"));
    let text = text.replace("name: no-failover", "name: mine");
    let trace = "arrival_s,input_tokens,output_tokens\n0,10,10\n1,10,10\n";
    let project = project
        .with("elsewhere/mine.yaml", &text)
        .with("elsewhere/two.csv", trace);
    let (policy, trace) = (
        project.path("elsewhere/mine.yaml"),
        project.path("elsewhere/two.csv"),
    );
    let words = format!(
        "run scenarios/calm.yaml --seed 1 --format md --policy {} --set load.trace={}",
        policy.display(),
        trace.display()
    );
    let page = stdout(&project.output(&words));
    let again = "--policy mine.yaml --seed 1 --set 'load.trace=two.csv'";
    assert!(page.contains(again), "{page}");
    assert!(!page.contains(policy.to_str().expect("UTF-8")), "{page}");
}

#[test]
fn inconclusive_is_3() {
    let output = project().output("run scenarios/untold.yaml");
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
}

#[test]
fn a_failure_outranks_the_inconclusive() {
    let output = project().output("run scenarios/untold.yaml scenarios/down.yaml");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
}

#[test]
fn a_fault_that_never_fired_is_a_warning_or_3() {
    let project = project();
    let output = project.output("run scenarios/unmet.yaml");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let warning = "warning  fault backup-down never fired";
    assert!(stdout(&output).contains(warning), "{}", stdout(&output));
    let output = project.output("run scenarios/unmet.yaml --format csv");
    assert_eq!(
        stderr(&output),
        "warning: unmet: fault backup-down never fired: no attempt went to its targets\n"
    );
    let output = project.output("run scenarios/unmet.yaml --require-faults --quiet");
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stdout(&output).contains(warning), "{}", stdout(&output));
}

#[test]
fn several_tables_end_in_a_summary() {
    let output = project().output("run scenarios/calm.yaml scenarios/down.yaml");
    let last = "\n\n2 scenarios: 1 holds, 1 fails\n";
    assert!(stdout(&output).ends_with(last), "{}", stdout(&output));
}

#[test]
fn quiet_shows_failures_only() {
    let project = project();
    let output = project.output("run scenarios/calm.yaml --quiet");
    assert_eq!(
        (output.status.code(), stdout(&output).as_str()),
        (Some(0), "")
    );
    let both = project.output("run scenarios/calm.yaml scenarios/down.yaml --quiet");
    let one = project.output("run scenarios/down.yaml");
    assert_eq!(both.status.code(), Some(1));
    assert_eq!(stdout(&both), stdout(&one));
}

#[test]
fn fail_fast_stops_after_the_first_failure_in_order() {
    let project = project();
    let words = "run scenarios/calm.yaml scenarios/down.yaml scenarios/unmet.yaml --fail-fast";
    let output = project.output(&format!("{words} --jobs 1"));
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let last = "\n3 scenarios: 1 holds, 1 fails, 1 not run\n";
    assert!(stdout(&output).ends_with(last), "{}", stdout(&output));
    let parallel = project.output(&format!("{words} --jobs 4"));
    assert_eq!(stdout(&parallel), stdout(&output));
}

#[test]
fn a_reader_who_leaves_changes_no_verdict() {
    let project = project();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let output = std::process::Command::new(snapbox::cmd::cargo_bin!("firedrill"))
        .args(["run", "scenarios/down.yaml"])
        .current_dir(project.path(""))
        .env_remove("CI")
        .stdout(writer)
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stderr(&output), "");
}

fn project() -> Project {
    Project::new()
        .with("scenarios/calm.yaml", &calm())
        .with("scenarios/down.yaml", &down())
        .with("scenarios/unmet.yaml", &unmet())
        .with("scenarios/untold.yaml", &untold())
}
