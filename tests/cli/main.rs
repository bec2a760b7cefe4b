//! The command line from outside: arguments in, output and an exit code out.
//!
//! One module per topic; here is the rig: a project in a folder of its own, and the scenarios.

mod audit;
mod baseline;
mod breakdowns;
mod cases;
mod ci;
mod compare;
mod evaluate;
mod explain;
mod files;
mod formats;
mod hand_checks;
mod hunt;
mod import;
mod init;
mod judged;
mod lint;
mod manual;
mod map;
mod measures;
mod memory;
mod merge;
mod policies;
mod presets;
mod quirks;
mod rates;
mod report;
mod resume;
mod roi;
mod runs;
mod schemas;
mod serve;
mod sweep;
mod trace;
mod tune;
mod usage;
mod verdicts;
mod verify;
mod watch;

use std::path::{Path, PathBuf};
use std::process::Output;

use snapbox::cmd::{Command, OutputAssert, cargo_bin};

/// A folder with files in it, in which the command line runs.
struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { folder }
    }

    /// With `text` in the file at `path`.
    fn with(self, path: &str, text: &str) -> Self {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("its folder");
        std::fs::write(path, text).expect("a file");
        self
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// The text of the file at `path`.
    fn text(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).expect("a text")
    }

    /// The names in the folder at `path`, sorted.
    fn names(&self, path: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(path)).expect("a folder");
        let name = |entry: std::io::Result<std::fs::DirEntry>| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        };
        let mut names = Vec::from_iter(entries.map(name));
        names.sort();
        names
    }

    /// Runs `firedrill` with these arguments in the project.
    fn firedrill(&self, words: &str) -> OutputAssert {
        command(self.folder.path())
            .args(words.split_whitespace())
            .assert()
    }

    /// As [`Self::firedrill`], with the raw output.
    fn output(&self, words: &str) -> Output {
        self.firedrill(words).get_output().clone()
    }
}

fn command(folder: &Path) -> Command {
    // `run` repeats some runs where it is set.
    Command::new(cargo_bin!("firedrill"))
        .current_dir(folder)
        .env_remove("CI")
        .env_remove("COLUMNS")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// The output, parsed as JSON.
fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// A scenario of a minute with two providers, and these faults and expectations, as YAML lines.
fn scenario(name: &str, policies: &str, faults: &str, expect: &str) -> String {
    format!(
        "name: {name}
about: Does the command line tell what happened?
run: {{ duration: 60s, seeds: 1..2 }}
providers:
  main:   {{ dialect: openai, model: gpt-4.1, ttft: {{ p50: 300ms, p99: 1s }}, speed: 100 tok/s }}
  backup: {{ dialect: openai, model: gpt-4.1, ttft: {{ p50: 400ms, p99: 1s }}, speed: 80 tok/s }}
load:
  arrivals: poisson
  rate: 2/s
  prompt: {{ p50: 300 tok, p99: 900 tok }}
  output: {{ p50: 50 tok, p99: 200 tok }}
{faults}policies: [ {policies} ]
expect:
{expect}"
    )
}

/// No faults.
fn calm() -> String {
    scenario(
        "calm",
        "no-failover",
        "",
        "  no-failover: [ success_rate >= 99% ]\n",
    )
}

/// The policy's only provider is down all the time.
fn down() -> String {
    let faults = "faults:\n  main-down: { target: main, inject: outage }\n";
    scenario(
        "down",
        "no-failover",
        faults,
        "  no-failover: [ success_rate >= 50% ]\n",
    )
}

/// The fault strikes an unused provider, and the expectation is about it.
fn untold() -> String {
    let expect = "  no-failover: [ success_rate during backup-down >= 50% ]\n";
    scenario("untold", "no-failover", UNMET_FAULT, expect)
}

/// The fault strikes an unused provider, and no expectation is about it.
fn unmet() -> String {
    scenario(
        "unmet",
        "no-failover",
        UNMET_FAULT,
        "  no-failover: [ success_rate >= 50% ]\n",
    )
}

const UNMET_FAULT: &str = "faults:\n  backup-down: { target: backup, inject: outage }\n";
