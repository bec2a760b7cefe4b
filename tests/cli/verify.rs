//! `run --verify`: runs are repeated in another process, and exit code 4 tells a difference.

use std::io::Read;
use std::process::{Output, Stdio};

use snapbox::cmd::cargo_bin;
use snapbox::str;

use crate::{Project, calm, command, stderr, stdout};

#[test]
fn runs_that_come_out_the_same_again_change_neither_output_nor_exit_code() {
    let project = Project::new().with("scenarios/calm.yaml", &calm());
    for engine in ["wire", "model"] {
        let words = format!("run --format json --engine {engine}");
        let plain = project.output(&words);
        let verified = project.output(&format!("{words} --jobs 2 --verify 100%"));
        assert_eq!(stdout(&plain), stdout(&verified));
        assert_eq!(plain.status, verified.status);
        assert_eq!(stderr(&plain), "");
        let told = "verified: 2 runs repeated, the same events\n";
        assert_eq!(stderr(&verified), told);
    }
}

#[test]
fn ci_repeats_a_run_unasked_and_can_be_told_not_to() {
    let project = Project::new().with("scenarios/calm.yaml", &calm());
    let under_ci = |words: &str| {
        let command = command(project.folder.path()).env("CI", "true");
        let run = command.args(words.split_whitespace()).assert().success();
        stderr(run.get_output())
    };
    let told = "verified: 1 run repeated, the same events\n";
    assert_eq!(under_ci("run"), told);
    assert_eq!(under_ci("run --verify 0"), "");
}

#[test]
fn a_path_behind_verify_is_no_share() {
    Project::new()
        .firedrill("run --verify scenarios/calm.yaml")
        .code(2)
        .stderr_eq(str![[r#"
error: invalid value 'scenarios/calm.yaml' for '--verify [..]': write a share[..]

For more information, try '--help'.

"#]]);
}

#[test]
fn a_run_that_differs_in_another_process_exits_with_4_and_shows_where() {
    let project = priced().with("prices.yaml", &prices(9, 1));
    // The other process finds another provider the cheapest.
    let dear = prices(1, 9);
    let output = changed_meanwhile(&project, "1", || {
        std::fs::write(project.path("prices.yaml"), dear).expect("written over");
    });
    assert_eq!(output.status.code(), Some(4));
    snapbox::assert_data_eq!(
        stderr(&output),
        str![[r#"
error: not deterministic: `priced` under `cheapest` and seed 12 had other events in another process
  the first event that differs is number 2
  first:    00:00.055  call 0: attempt 1 at backup (first)
  repeated: 00:00.055  call 0: attempt 1 at main (first)
  = help: a file that changed meanwhile does this; if none did, please report it

"#]]
    );
}

#[test]
fn where_no_other_process_makes_a_run_this_one_does_and_says_so() {
    let project = priced().with("prices.yaml", &prices(9, 1));
    let output = changed_meanwhile(&project, "1", || {
        std::fs::remove_file(project.path("priced.yaml")).expect("removed");
    });
    assert_eq!(output.status.code(), Some(0));
    snapbox::assert_data_eq!(
        stderr(&output),
        str![[r#"
warning: priced: runs were repeated in this process, as no other could:
  the file cannot be read: there is no such file
verified: 1 run repeated, the same events

"#]]
    );
}

/// A scenario under a policy that decides by prices.
fn priced() -> Project {
    let scenario = calm()
        .replace("calm", "priced")
        .replace("60s", "20s")
        .replace(
            "backup: { dialect: openai, model: gpt-4.1,",
            "backup: { dialect: openai, model: gpt-4.1-mini,",
        )
        .replace("no-failover", "cheapest");
    let policy = "name: cheapest\nabout: Asks the cheapest.\nroute: { strategy: cheapest }\n";
    Project::new()
        .with("priced.yaml", &scenario)
        .with("policies/cheapest.yaml", policy)
}

fn prices(large: u32, small: u32) -> String {
    let of = |price| format!("{{ input: {price} USD, output: {price} USD }}");
    let (large, small) = (of(large), of(small));
    format!(
        "source: ours\nas_of: 2026-11-01\nmodels: {{ gpt-4.1: {large}, gpt-4.1-mini: {small} }}\n"
    )
}

/// The output of a run that verifies some runs, and the files of which `change` changes between the
/// first runs and their repetition: the report is longer than a pipe is, so the run waits until it
/// is read.
fn changed_meanwhile(project: &Project, verify: &str, change: impl FnOnce()) -> Output {
    let run = std::process::Command::new(cargo_bin!("firedrill"))
        .current_dir(project.folder.path())
        .args(["run", "priced.yaml", "--prices", "prices.yaml"])
        .args(["--engine", "model", "--seeds", "100", "--format", "json"])
        .args(["--verify", verify])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut run = run.expect("it starts");
    let mut first = [0];
    let mut report = run.stdout.take().expect("a pipe");
    report.read_exact(&mut first).expect("the report begins");
    change();
    let mut rest = Vec::new();
    report.read_to_end(&mut rest).expect("the report");
    assert!(rest.len() > 100_000, "{} bytes fit into a pipe", rest.len());
    run.wait_with_output().expect("it ends")
}
