//! `firedrill run --watch`: runs again when a file that it reads is saved.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use snapbox::cmd::cargo_bin;

use crate::{Project, scenario};

#[test]
fn a_saved_file_runs_it_again_and_a_mistake_waits_to_be_mended() {
    let expect = "  mine: [ success_rate >= 99% ]\n";
    let project = Project::new()
        .with("scenarios/calm.yaml", &scenario("calm", "mine", "", expect))
        .with("policies/mine.yaml", "name: mine\n");
    let mut watch = Watch::start(&project, "run --watch --engine model --jobs 1");
    watch.sees("+ calm");
    watch.sees("watching 2 files: save one to run again; Ctrl-C ends");
    save(&project, "policies/mine.yaml", "name: mine\nretries: 3\n");
    watch.sees("error: unknown key `retries`");
    watch.sees("watching 2 files");
    save(
        &project,
        "policies/mine.yaml",
        "name: mine\nretry: { max_attempts: 2 }\n",
    );
    watch.sees("+ calm");
    let down = "faults:\n  down: { target: main, inject: outage }\n";
    let wet = scenario("calm", "mine", down, expect);
    save(&project, "scenarios/calm.yaml", &wet);
    watch.sees("fails  mine: success_rate >= 99%");
    save(
        &project,
        "scenarios/other.yaml",
        &scenario("other", "no-failover", "", ""),
    );
    watch.sees("other");
    watch.sees("watching 3 files");
    assert_eq!(watch.interrupt(), Some(130));
}

#[test]
fn a_policy_that_is_missing_is_awaited() {
    let expect = "  mine: [ success_rate >= 99% ]\n";
    let text = scenario("calm", "mine", "", expect);
    let project = Project::new().with("scenarios/calm.yaml", &text);
    let mut watch = Watch::start(&project, "run scenarios/calm.yaml --watch --engine model");
    watch.sees("watching 1 file");
    let project = project.with("policies/mine.yaml", "name: mine\n");
    watch.sees("+ calm");
    assert_eq!(watch.interrupt(), Some(130));
    drop(project);
}

#[test]
fn what_waits_for_changes_keeps_no_runs_of_old_files() {
    let project = Project::new();
    project.firedrill("run --watch --resume kept").code(2);
}

fn save(project: &Project, path: &str, text: &str) {
    std::fs::write(project.path(path), text).expect("saved");
}

/// `firedrill` while it runs, and the lines that it prints.
struct Watch {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Watch {
    fn start(project: &Project, words: &str) -> Self {
        let mut child = std::process::Command::new(cargo_bin!("firedrill"))
            .args(words.split_whitespace())
            .current_dir(project.folder.path())
            .env_remove("CI")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let (sender, lines) = channel();
        let streams: [Box<dyn Read + Send>; 2] = [
            Box::new(child.stdout.take().expect("stdout")),
            Box::new(child.stderr.take().expect("stderr")),
        ];
        for stream in streams {
            let sender = sender.clone();
            std::thread::spawn(move || {
                let lines = BufReader::new(stream).lines().map_while(Result::ok);
                lines.map(|line| sender.send(line)).all(|sent| sent.is_ok())
            });
        }
        Self {
            child,
            lines,
            seen: Vec::new(),
        }
    }

    /// Waits for a line with this text, and takes it out: the lines of the two streams mix.
    fn sees(&mut self, text: &str) {
        loop {
            if let Some(at) = self.seen.iter().position(|line| line.contains(text)) {
                self.seen.remove(at);
                return;
            }
            match self.lines.recv_timeout(Duration::from_secs(60)) {
                Ok(line) => self.seen.push(line),
                Err(error) => panic!("{error}: no {text:?} in {:#?}", self.seen),
            }
        }
    }

    /// The exit code after a SIGINT.
    fn interrupt(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        let sent = std::process::Command::new("kill")
            .args(["-INT", &id])
            .status();
        assert!(sent.expect("kill").success());
        self.child.wait().expect("an end").code()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
