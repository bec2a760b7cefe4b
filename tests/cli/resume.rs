//! `run --resume DIR`: a run that was interrupted or killed goes on, to the same bytes.

use std::fs::{self, OpenOptions};
#[cfg(unix)]
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};

use snapbox::cmd::cargo_bin;
use snapbox::str;

use crate::{Project, scenario, stderr, stdout};

/// 480 runs: two scenarios, three values, eighty seeds. They take longer than a signal does.
const SWEEP: &str = "run scenarios --set load.rate=1/s,2/s,3/s --seeds 80 --engine model --jobs 1";

/// What the first signal leads to at once.
#[cfg(unix)]
const FIRST: &str = "interrupted: the runs in work end first; a second signal ends at once\n";

const FILE: &str = "kept/finished-runs.jsonl";

fn project() -> Project {
    let faults = "faults:\n  flaky: { target: main, inject: 503, rate: 30% }\n";
    let text = |name: &str| {
        let expect = "  no-failover: [ success_rate >= 50% ]\n";
        scenario(name, "no-failover", faults, expect)
    };
    Project::new()
        .with("scenarios/early.yaml", &text("early"))
        .with("scenarios/late.yaml", &text("late"))
}

fn start(project: &Project, words: &str) -> Child {
    Command::new(cargo_bin!("firedrill"))
        .current_dir(project.folder.path())
        .args(words.split_whitespace())
        .env_remove("CI")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started")
}

/// Starts `firedrill`, and waits until this many more finished runs are kept, or until it ends.
fn started(project: &Project, words: &str, runs: usize) -> Child {
    let before = count(project);
    let mut child = start(project, words);
    while child.try_wait().expect("a child").is_none() {
        if count(project) >= before + runs {
            break;
        }
        std::thread::yield_now();
    }
    child
}

fn ended(child: Child) -> Output {
    child.wait_with_output().expect("it ended")
}

#[cfg(unix)]
fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args([format!("-{name}"), child.id().to_string()])
        .status();
    assert!(sent.is_ok_and(|status| status.success()), "{name}");
}

/// How many whole records there are.
fn count(project: &Project) -> usize {
    let text = fs::read(project.path(FILE)).unwrap_or_default();
    let lines = text.iter().filter(|byte| **byte == b'\n').count();
    lines.saturating_sub(1)
}

/// The bytes of the whole file, and those of its first line.
fn sizes(project: &Project) -> (u64, u64) {
    let text = project.text(FILE);
    let header = text.find('\n').map_or(0, |end| end + 1);
    (text.len() as u64, header as u64)
}

fn cut(project: &Project, length: u64) {
    let file = OpenOptions::new().write(true).open(project.path(FILE));
    let file = file.expect("the file is there");
    file.set_len(length).expect("it was cut");
}

#[cfg(unix)]
#[test]
fn an_interrupted_sweep_keeps_finished_runs_and_goes_on_to_the_same_bytes() {
    let project = project();
    let whole = stdout(&project.output(SWEEP));
    let words = format!("{SWEEP} --resume kept");
    for (signal, runs) in [("INT", 3), ("TERM", 11)] {
        let child = started(&project, &words, runs);
        self::signal(&child, signal);
        let output = ended(child);
        assert_eq!(output.status.code(), Some(130), "{signal}");
        let told = stderr(&output);
        let finished = format!(
            "{} of 480 runs are finished, and kept in `kept`",
            count(&project)
        );
        assert!(
            told.starts_with(&format!("{FIRST}interrupted: {finished}")),
            "{told}"
        );
        let command = "\n  firedrill run scenarios --set 'load.rate=1/s,2/s,3/s' --seeds 80 \
                       --engine model --jobs 1 --resume kept\n";
        assert!(told.contains(command), "{told}");
        assert!(!stdout(&output).contains("scenarios, "), "a summary");
    }
    let rest = project.firedrill(&words).code(0).stderr_eq("");
    assert_eq!(stdout(rest.get_output()), whole);
    assert_eq!(count(&project), 480);
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_that_keeps_nothing_says_so_and_writes_no_file() {
    let project = project();
    let text = project.text("scenarios/late.yaml");
    let project = project.with("scenarios/late.yaml", &text.replace("1..2", "1..9999"));
    let words = "run scenarios --engine model --out reports";
    let mut child = start(&project, words);
    let mut report = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut line = String::new();
    report.read_line(&mut line).expect("the first report");
    assert!(line.starts_with("+ early "), "{line}");
    signal(&child, "INT");
    report.read_to_string(&mut line).expect("the rest of it");
    let output = ended(child);
    assert_eq!(output.status.code(), Some(130));
    assert!(
        !line.contains("late") && !line.contains("scenarios"),
        "{line}"
    );
    let told = stderr(&output);
    let (first, last) = told.split_at_checked(FIRST.len()).expect("a line");
    assert_eq!(first, FIRST);
    assert!(
        last.contains(" of 10001 runs were finished, and are lost"),
        "{told}"
    );
    assert!(
        told.contains("help: `--resume DIR` keeps finished runs"),
        "{told}"
    );
    assert_eq!(project.names("reports"), Vec::<String>::new());
}

#[test]
fn a_sweep_that_is_killed_at_any_moment_loses_no_finished_run() {
    let project = project();
    let words = "run scenarios --seeds 4 --engine model --jobs 1";
    project.firedrill(&format!("{words} --out whole")).code(0);
    let words = format!("{words} --resume kept --out reports");
    let mut before = 0;
    for runs in [0, 1, 1, 2, 3] {
        let mut child = started(&project, &words, runs);
        child.kill().expect("killed");
        ended(child);
        assert!(count(&project) >= before, "after {runs} more runs");
        before = count(&project);
    }
    project.firedrill(&words).code(0);
    assert_eq!(count(&project), 8);
    let names = project.names("whole");
    assert_eq!(project.names("reports"), names);
    for name in names {
        let text = |folder: &str| project.text(&format!("{folder}/{name}"));
        assert_eq!(text("reports"), text("whole"), "{name}");
    }
}

#[test]
fn a_record_that_is_not_whole_is_dropped_and_its_run_made_again() {
    let project = project();
    let words = "run scenarios/early.yaml --seeds 2 --engine model --jobs 1 --resume kept";
    let whole = project.output(words);
    let kept = project.text(FILE);
    let (size, header) = sizes(&project);
    let note = "note: the last line of `kept/finished-runs.jsonl` is not whole: its run is made \
                again\n";
    for (length, told) in [
        (0, ""),
        (header - 9, ""),
        (header, ""),
        (header + 1, note),
        (size - 1, note),
        (size, ""),
    ] {
        cut(&project, length);
        let output = project.output(words);
        assert_eq!(stdout(&output), stdout(&whole), "{length}");
        assert_eq!(stderr(&output), told, "{length}");
        assert_eq!(project.text(FILE), kept, "{length}");
    }
}

const TWO_RUNS: &str = "run scenarios/early.yaml --seeds 2 --engine model --jobs 1 --resume kept";

#[test]
fn runs_of_other_inputs_are_refused_and_stay() {
    let project = project();
    project.firedrill(TWO_RUNS).code(0);
    let kept = project.text(FILE);
    let other = |words: &str| {
        let told = project.firedrill(&format!("{words} --resume kept")).code(2);
        assert_eq!(project.text(FILE), kept, "{words}");
        stderr(told.stdout_eq("").get_output())
    };
    let all = [
        "run scenarios/early.yaml --seeds 3 --engine model",
        "run scenarios/early.yaml --seeds 2",
        "run scenarios/early.yaml --seeds 2 --engine model --set load.rate=3/s",
        "run scenarios/early.yaml --seeds 2 --engine model --set policy.retry.max_attempts=7",
        "run scenarios/early.yaml --seeds 2 --engine model --policy resilient",
        "run scenarios --seeds 2 --engine model",
    ];
    snapbox::assert_data_eq!(
        Vec::from_iter(all.map(other)).concat(),
        str![[r#"
error: `kept/finished-runs.jsonl` holds runs of other inputs: name another folder
  = help: there and now, early.seeds is `1..2` and `1..3`
error: `kept/finished-runs.jsonl` holds runs of other inputs: name another folder
  = help: there and now, early.engine is `model` and `wire`
error: `kept/finished-runs.jsonl` holds runs of other inputs: name another folder
  = help: there and now, early.scenario.load.rate is `2/s` and `3/s`
error: `kept/finished-runs.jsonl` holds runs of other inputs: name another folder
  = help: there and now, early.settings.no-failover.retry.max_attempts is `1` and `7`
error: `kept/finished-runs.jsonl` holds runs of other inputs: name another folder
  = help: there and now, early.policies is `no-failover` and `resilient`
error: `kept/finished-runs.jsonl` holds runs of other inputs: name another folder
  = help: there and now, the scenarios are `early` and `early, late`

"#]]
    );
}

#[test]
fn damaged_files_of_finished_runs_are_refused_and_stay() {
    let project = project();
    project.firedrill(TWO_RUNS).code(0);
    let kept = project.text(FILE);
    let text = |text: &str| {
        fs::write(project.path(FILE), text).expect("written");
        let told = project.firedrill(TWO_RUNS).code(2);
        assert_eq!(project.text(FILE), text);
        stderr(told.stdout_eq("").get_output())
    };
    let (_, header) = sizes(&project);
    let (header, records) = kept.split_at(header as usize);
    let all = [
        "my notes\n".to_owned(),
        "my notes".to_owned(),
        "{}\n".to_owned(),
        kept.replace("\"version\":\"", "\"version\":\"9"),
        format!("{header}{{}}\n{records}"),
        format!("{header}{}", records.replace("\"run\":1,", "\"run\":2,")),
    ];
    let all = Vec::from_iter(all.iter().map(|one| text(one))).concat();
    snapbox::assert_data_eq!(
        all,
        str![[r#"
error: `kept/finished-runs.jsonl` holds no finished runs: its first line is no JSON
  = help: remove it, or name another folder
error: `kept/finished-runs.jsonl` holds no finished runs: its first line is not whole
  = help: remove it, or name another folder
error: `kept/finished-runs.jsonl` holds no finished runs: it has another form
  = help: remove it, or name another folder
error: the runs in `kept/finished-runs.jsonl` were made by another version of firedrill
  = help: go on with that version, or name another folder
error: line 2 of `kept/finished-runs.jsonl` is damaged: missing field `run` at line 1 column 2
  = help: remove the file to make all runs again
error: line 3 of `kept/finished-runs.jsonl` is damaged: it is of run 2 of 2
  = help: remove the file to make all runs again

"#]]
    );
}

#[test]
fn finished_runs_are_verified_as_well() {
    let project = project();
    let words = "run scenarios/early.yaml --seeds 2 --engine model --resume kept --verify 2";
    // At first they are kept unverified.
    let others = words.replace("kept", "others");
    let unverified = others.replace("--verify 2", "--verify 0");
    project.firedrill(&unverified).code(0).stderr_eq("");
    for words in [words, words, &others] {
        let told = project.firedrill(words).code(0);
        told.stderr_eq("verified: 2 runs repeated, the same events\n");
    }
    let kept = project
        .text(FILE)
        .replacen("\"events\":", "\"events\":1", 1);
    fs::write(project.path(FILE), kept).expect("written");
    let told = stderr(project.firedrill(words).code(4).get_output());
    assert!(
        told.starts_with("error: not deterministic: `early`"),
        "{told}"
    );
}

#[test]
fn one_process_at_a_time_uses_a_folder() {
    let project = project().with(FILE, "");
    let file = fs::File::open(project.path(FILE)).expect("a file");
    file.lock().expect("locked");
    let words = "run scenarios/early.yaml --seeds 2 --engine model --jobs 1 --resume kept";
    project.firedrill(words).code(2).stderr_eq(str![[r#"
error: another process writes to `kept/finished-runs.jsonl`
  = help: wait until it ends, or name another folder

"#]]);
    drop(file);
    project.firedrill(words).code(0);
}
