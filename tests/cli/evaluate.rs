//! `evaluate`: candidates in, numbers out, as an optimiser outside drives it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use snapbox::cmd::cargo_bin;
use snapbox::str;

use crate::Project;

/// The provider refuses four attempts of ten, and `mine` makes two for a call.
fn project() -> Project {
    let faults = "faults:\n  errors: { target: main, inject: 503, rate: 40% }\n";
    let expect = "  mine: [ success_rate >= 80%, cost_per_success <= 2 * other ]\n  \
                  every: [ attempts_per_call <= 1.5 ]\n";
    let scenario = crate::scenario("flaky", "mine, other", faults, expect);
    let mine = "name: mine\nretry: { max_attempts: 2 }\nfailures: { overloaded: retry }\n";
    Project::new()
        .with("scenarios/flaky.yaml", &scenario)
        .with("policies/mine.yaml", mine)
        .with("policies/other.yaml", &mine.replace("mine", "other"))
        .with("scenarios/calm.yaml", &crate::calm())
}

/// What `evaluate` says to `lines`.
fn asked(project: &Project, words: &str, lines: &str) -> snapbox::cmd::OutputAssert {
    crate::command(project.folder.path())
        .args(words.split_whitespace())
        .stdin(lines.to_owned())
        .assert()
}

fn answers(project: &Project, words: &str, lines: &str) -> Vec<String> {
    let output = asked(project, words, lines).code(0).get_output().clone();
    let lines = crate::stdout(&output);
    lines.lines().map(str::to_owned).collect()
}

const ASK: &str = "evaluate scenarios/flaky.yaml --policy mine --measures";

#[test]
fn each_line_is_answered_in_order_and_a_wrong_one_says_what_is_wrong() {
    let lines = r#"{"id": {"trial": 0}}
{"retry.max_attempts": 1, "id": 1}
{"retry.backoff.base": "soon", "id": 2}
{"retry.max_atempts": 1}
{"hedge": "none", "hedge.delay": "p95"}
{"retry.backoff.max": "100ms"}
{"retry.max_attempts": 3
[3]
{"retry.max_attempts": 3, "retry.max_attempts": 4}

{"retry": {"max_attempts": 3, "max_attempts_per_provider": 3}}"#;
    let words = &format!("{ASK} success_rate,attempts_per_call,ttft.p95");
    let told = asked(&project(), words, lines).code(0);
    told.stderr_eq(str![[r#"
note: flaky: `cost_per_success <= 2 * other` compares with another policy, and is not judged

"#]])
        .stdout_eq(snapbox::file!["evaluate/answers.txt"]);
}

#[test]
fn several_scenarios_are_told_one_by_one_with_the_worst_and_the_mean() {
    let words = "evaluate scenarios --policy mine --seeds 1 --measures success_rate,calls";
    let told = answers(&project(), words, "{}");
    let told: Value = serde_json::from_str(&told[0]).expect("JSON");
    let (calm, flaky) = (&told["scenarios"]["calm"], &told["scenarios"]["flaky"]);
    let rate = |one: &Value| one["measures"]["success_rate"].as_f64().expect("a number");
    assert_eq!(rate(calm), 1.0);
    assert!(rate(flaky) < 1.0);
    assert_eq!(told["worst"]["success_rate"].as_f64(), Some(rate(flaky)));
    let mean = (rate(calm) + rate(flaky)) / 2.0;
    assert_eq!(told["mean"]["success_rate"].as_f64(), Some(mean));
    // More calls are not better or worse.
    assert_eq!(told["worst"]["calls"], Value::Null);
    let calls = [calm, flaky].map(|one| one["calls"].as_u64().expect("a number"));
    assert_eq!(told["calls"], json!(calls[0] + calls[1]));
    // Nothing is expected of `mine` in the calm one.
    assert_eq!(calm["verdict"], "not judged");
    assert_eq!(told["verdict"], flaky["verdict"]);
}

#[test]
fn an_answer_depends_on_nothing_but_its_line() {
    let project = project();
    let line = |attempts: usize| format!("{{\"retry.max_attempts\": {attempts}}}\n");
    let words = "--measures success_rate,latency.p95,cost_per_success --seeds 3";
    let words = &format!("evaluate scenarios/flaky.yaml --policy mine {words}");
    let all = Vec::from_iter((0..12).map(|number| line(1 + number % 3)));
    let together = answers(&project, &format!("{words} --jobs 1"), &all.concat());
    let by_two = answers(&project, &format!("{words} --jobs 2"), &all.concat());
    assert_eq!(together, by_two);
    assert_eq!(together[..3], together[3..6]);
    assert_eq!(answers(&project, words, &line(3)), together[2..3]);
}

#[test]
fn an_answer_comes_while_the_input_is_open() {
    let project = project();
    let mut child = Command::new(cargo_bin!("firedrill"))
        .args(format!("{ASK} success_rate --seeds 1").split_whitespace())
        .current_dir(project.folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    for number in 0..2 {
        writeln!(stdin, "{{\"id\": {number}}}").expect("it is read");
        let answer = stdout.next().expect("an answer").expect("UTF-8");
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        assert_eq!(answer["id"], number);
    }
    drop(stdin);
    assert!(stdout.next().is_none());
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn a_policy_is_judged_by_what_it_is_subject_to_and_each_engine_says_the_same() {
    let project = project();
    let words = |engine: &str| {
        format!("{ASK} success_rate,latency.p95 --seeds 1 --engine {engine} --subject-to calls>=1")
    };
    let [model, wire] =
        ["model", "wire"].map(|engine| answers(&project, &words(engine), "{}").remove(0));
    let (model, wire) = (model.parse::<Value>(), wire.parse::<Value>());
    let (model, wire) = (model.expect("JSON"), wire.expect("JSON"));
    let expectations = model["expectations"].as_array().expect("a list");
    assert_eq!(expectations[2]["expectation"], "calls>=1");
    assert_eq!(expectations[2]["verdict"], "holds");
    assert_eq!(
        model["measures"]["success_rate"],
        wire["measures"]["success_rate"]
    );
}

#[test]
fn mistakes_on_the_command_line_are_told_before_anything_is_read() {
    let project = project();
    for (words, told) in [
        ("evaluate scenarios/flaky.yaml", "--policy <NAME|FILE>"),
        (
            "evaluate scenarios/flaky.yaml --policy mine --measures sucess_rate",
            "did you mean `success_rate`?",
        ),
        (
            "evaluate scenarios/flaky.yaml --policy mine --measures success_rate,",
            "there is no measure here",
        ),
        (
            "evaluate scenarios/flaky.yaml --policy mine --subject-to success_rate",
            "--subject-to success_rate",
        ),
        (
            "evaluate scenarios/flaky.yaml scenarios/flaky.yaml --policy mine",
            "two scenarios are named `flaky`",
        ),
        (
            "evaluate policies/mine.yaml --policy mine",
            "is a policy, not a scenario",
        ),
    ] {
        let output = asked(&project, words, "{}\n").code(2).get_output().clone();
        assert_eq!(crate::stdout(&output), "", "{words}");
        let shown = crate::stderr(&output);
        assert!(shown.contains(told), "{words}: {shown}");
    }
}

#[test]
fn the_answer_in_the_documents_is_the_one_that_is_given() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("docs/tuning.md")).expect("it ships");
    let (_, section) = text.split_once("## Other optimisers").expect("it has it");
    let block = |begin: &str| {
        let (_, rest) = section.split_once(begin).expect("a block");
        rest.split_once("```").expect("its end").0.to_owned()
    };
    let (sh, answer) = (block("```sh\n"), block("```json\n"));
    let (echo, command) = sh.split_once('|').expect("a pipe");
    let candidate = echo
        .trim()
        .trim_start_matches("echo '")
        .trim_end_matches('\'');
    let words = shlex::split(&command.replace("\\\n", " ")).expect("words");
    assert_eq!(words[0], "firedrill");
    let output = crate::command(root)
        .args(&words[1..])
        .stdin(candidate)
        .assert()
        .code(0);
    let given = crate::stdout(output.get_output());
    let shown = answer.lines().map(str::trim).collect::<String>();
    assert_eq!(given.trim_end(), shown);
}
