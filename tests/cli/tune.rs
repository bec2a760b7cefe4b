//! `firedrill tune`: from the words of the command line to the files that it writes.

use super::{Project, stderr, stdout};

/// An answer takes a second or never comes; the policy waits too long for it.
const HANGING: &str = "name: hanging
about: An answer takes exactly one second, or never comes. When does an attempt time out?
run: { duration: 30s, seeds: 1..2 }
providers:
  main: { dialect: deepseek, model: deepseek-chat, ttft: 500ms, speed: 100 tok/s }
load: { arrivals: constant, rate: 2/s, prompt: 400 tok, output: 50 tok, deadline: 3600ms }
faults:
  hangs: { target: main, inject: hang, rate: 40%, sticky: attempt }
policies: [ ./patient.yaml ]
expect:
  every: [ \"attempts_per_call <= 2\" ]
";
const PATIENT: &str = "name: patient
about: Waits two seconds for each attempt.
# The comment of the file is not kept.
retry: { max_attempts: 5, max_attempts_per_provider: 5, backoff: { base: 1ms, max: 1ms } }
timeouts: { attempt: 2s }
failures: { timeout: retry }
allow: [ no-retry-budget ]
";
const TUNE: &str =
    "tune hanging.yaml --policy patient.yaml --space space.yaml --budget 12k --seeds 8";

fn project() -> Project {
    Project::new()
        .with("hanging.yaml", HANGING)
        .with("patient.yaml", PATIENT)
        .with("space.yaml", "timeouts.attempt: 700ms..3s log\n")
}

#[test]
fn a_tuned_policy_is_written_with_its_origin_and_passes_the_checks() {
    let project = project();
    let output = project.output(&format!("{TUNE} --out tuned"));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    insta::assert_snapshot!("tuned_terminal", stdout(&output));
    insta::assert_snapshot!("tuned_policy", project.text("tuned/tuned.yaml"));
    let names = [
        "front.csv",
        "slices.csv",
        "trials.csv",
        "tune.html",
        "tune.json",
        "tune.md",
        "tuned.yaml",
    ];
    assert_eq!(project.names("tuned"), names);
    insta::assert_snapshot!("tuned_markdown", project.text("tuned/tune.md"));
    let head = project.text("tuned/trials.csv");
    assert!(
        head.starts_with(
            "candidate,seeds,dropped,violation,success_rate,cost_per_success,settings\n"
        )
    );
    project.firedrill("check tuned/tuned.yaml").success();
    let run = project.output("run hanging.yaml --policy tuned/tuned.yaml --seeds 8 --quiet");
    assert_eq!(run.status.code(), Some(0), "{}", stdout(&run));
}

#[test]
fn bytes_are_the_same_with_one_job_and_two_and_after_an_interruption() {
    let project = project();
    let files = |folder: &str| {
        let names = project.names(folder);
        Vec::from_iter(
            names
                .iter()
                .map(|name| project.text(&format!("{folder}/{name}"))),
        )
    };
    project
        .firedrill(&format!("{TUNE} --wire 0 --jobs 1 --out one"))
        .success();
    project
        .firedrill(&format!("{TUNE} --wire 0 --jobs 2 --out two"))
        .success();
    assert_eq!(files("one"), files("two"));
    // What a process leaves that was killed after some runs, in the middle of a line.
    let kept = "kept/tune-patient.jsonl";
    let resumed = format!("{TUNE} --wire 0 --jobs 2 --resume kept --out two");
    project.firedrill(&resumed).success();
    let whole = project.text(kept);
    std::fs::write(project.path(kept), &whole[..whole.len() * 2 / 3]).expect("written");
    project.firedrill(&resumed).success();
    assert_eq!(files("one"), files("two"));
    assert_eq!(project.text(kept), whole);
    let other = project.output(&format!("{resumed} --seed 7"));
    assert_eq!(other.status.code(), Some(2));
    let told = stderr(&other);
    assert!(told.contains("is of another search"), "{told}");
}

#[test]
fn what_cannot_be_told_apart_from_the_base_leaves_the_base_and_exits_with_3() {
    let project = project().with("space.yaml", "hints.max: 1s..1m log\n");
    let output = project.output(&format!("{TUNE} --wire 0 --out tuned"));
    assert_eq!(output.status.code(), Some(3), "{}", stdout(&output));
    assert!(
        stdout(&output).contains("the base stays"),
        "{}",
        stdout(&output)
    );
    let tuned = project.text("tuned/tuned.yaml");
    assert!(
        tuned.contains("patient itself: nothing better was found"),
        "{tuned}"
    );
    assert!(tuned.contains("attempt: 2s"), "{tuned}");
}

#[test]
fn several_policies_make_a_table_of_what_tuning_gains() {
    let hasty = PATIENT.replace("patient", "hasty").replace("2s", "900ms");
    let project = project().with("hasty.yaml", &hasty);
    let output = project.output(&format!("{TUNE} --policy hasty.yaml --wire 0 --out tuned"));
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert_eq!(project.names("tuned"), ["gains.md", "hasty", "patient"]);
    insta::assert_snapshot!(project.text("tuned/gains.md"));
}

#[test]
fn mistakes_on_the_command_line_and_in_the_space_are_shown_where_they_are() {
    let project = project().with(
        "wrong.yaml",
        "timeouts.atempt: 1s..2s\nretry.max_attempts: 0..8\n",
    );
    let told = [
        "--space wrong.yaml",
        "--objective sucess_rate",
        "--objective maximise_all",
        "--subject-to latency.p95<=4",
        "--weights 1,2",
    ];
    let told = told.map(|words| {
        let line = format!("tune hanging.yaml --policy patient.yaml {words}");
        let output = project.output(&line);
        assert_eq!(output.status.code(), Some(2), "{words}");
        format!("$ {words}\n{}", stderr(&output))
    });
    insta::assert_snapshot!(told.join("\n"));
}
