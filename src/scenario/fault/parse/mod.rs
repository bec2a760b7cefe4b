//! Reads one fault: what it does, to whom, and when; or says what is wrong with it.
//!
//! What it does is read by its row of `catalogue`, field by field. Here are the keys that all words
//! share: `target` says which providers it strikes, `when` which attempts, and `time` its windows,
//! ramps, bursts and luck. A key is refused where it means nothing, so that no fault is
//! weaker or stronger than its file seems to say. `for` is always a window's length; how long a
//! `stall` is silent is its `silence`.

mod target;
mod time;
mod when;

use std::time::Duration;

use super::Fault;
use super::catalogue::{ROWS, Row, Scope};
use super::keys::Written;
use super::reader::{Reader, SHORTEST};
use crate::scenario::Provider;
use crate::text::{Diagnostic, Document};
pub(in crate::scenario) use target::{Groups, groups};

/// What a fault falls into.
pub(in crate::scenario) struct Setting<'a> {
    /// The fleet, in order.
    pub(in crate::scenario) providers: &'a [Provider],
    /// Providers with a shared cause.
    pub(in crate::scenario) groups: &'a Groups,
    /// How long calls arrive.
    pub(in crate::scenario) run: Duration,
    /// Whether that is a trace's doing, and not the file's.
    pub(in crate::scenario) is_replay: bool,
    /// How many client processes there are.
    pub(in crate::scenario) clients: u32,
}

/// The fault `name`, as `file` means it in this `setting`.
pub(in crate::scenario) fn fault(
    document: &Document,
    name: &str,
    file: &Written,
    setting: &Setting<'_>,
) -> Result<Fault, Diagnostic> {
    let common = Common {
        reader: Reader {
            document,
            name,
            file,
        },
        row: row(document, name, &file.inject)?,
        setting,
    };
    let targets = common.targets()?;
    let inject = (common.row.read)(&common.reader)?;
    common.check_keys()?;
    let windows = common.windows()?;
    Ok(Fault {
        name: name.to_owned(),
        when: common.when(&targets)?,
        targets,
        inject,
        chance: common.chance()?,
        ramp: common.ramp(&windows)?,
        recovery: common.recovery(&windows)?,
        windows,
        rate: common.rate()?,
        burst: common.burst()?,
        sticky: common.sticky()?,
    })
}

/// Reads what all faults share.
struct Common<'a> {
    reader: Reader<'a>,
    row: &'static Row,
    setting: &'a Setting<'a>,
}

impl Common<'_> {
    /// Refuses every key that this fault does not take.
    fn check_keys(&self) -> Result<(), Diagnostic> {
        let keys = self.reader.document.keys(&["faults", self.reader.name]);
        let fits = |key: &str| self.row.keys().any(|own| own == key);
        let Some(key) = keys.iter().find(|key| !fits(key)) else {
            return Ok(());
        };
        let word = &self.reader.file.inject;
        let nothing = format!("`{key}` means nothing to `{word}`");
        let luck = matches!(key.as_str(), "rate" | "sticky" | "when");
        Err(match (key.as_str(), self.row.reach) {
            ("target", _) => {
                let problem = self.reader.problem_at_key(key, nothing);
                problem
                    .hint("it strikes clients: leave it out, and name one in `when: { client: 0 }`")
            }
            ("rate" | "sticky", Scope::Client) => {
                let message = format!("`{word}` strikes the whole client, not a share of attempts");
                self.reader
                    .problem_at_key(key, message)
                    .hint("leave it out")
            }
            (_, Scope::Whole) if luck => {
                let message =
                    format!("`{word}` strikes the whole provider, not a share of attempts");
                let problem = self.reader.problem_at_key(key, message);
                problem.hint("for a share of attempts use `reset` or `hang`")
            }
            (_, Scope::State) if luck => {
                let message =
                    format!("`{word}` changes the whole provider, not a share of attempts");
                self.reader
                    .problem_at_key(key, message)
                    .hint("leave it out")
            }
            ("ramp" | "recover", _) => {
                let message = format!("`{word}` is all or nothing: it cannot grow or fade");
                let problem = self.reader.problem_at_key(key, message);
                problem.hint("for a slow way down or back add a `capacity_loss` or a `slow`")
            }
            _ => self
                .reader
                .problem_at_key(key, nothing)
                .hint(self.own_keys()),
        })
    }

    /// What the word takes beside time and target.
    fn own_keys(&self) -> String {
        let luck = ["rate", "sticky"]
            .into_iter()
            .filter(|_| self.row.reach == Scope::Attempts);
        let own = Vec::from_iter(luck.chain(self.row.own()));
        match own.is_empty() {
            true => "leave it out".to_owned(),
            false => format!("its own keys are `{}`", own.join("`, `")),
        }
    }
}

/// The row of a word, or of a status.
fn row(document: &Document, name: &str, word: &str) -> Result<&'static Row, Diagnostic> {
    if let Some(row) = Row::of(word) {
        return Ok(row);
    }
    let problem = |message| document.problem(&["faults", name, "inject"], message);
    if word.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        let problem = problem(format!("`{word}` is no status of a failure"));
        return Err(problem.hint("write a status from 400 to 599, or a word such as `outage`"));
    }
    let problem = problem(format!("unknown fault `{word}`"));
    let problem = problem.did_you_mean(word, ROWS.iter().map(|row| row.word));
    // All words at once would fill the terminal.
    let lists_all = problem
        .hint_text()
        .is_some_and(|hint| hint.starts_with("known:"));
    Err(match !lists_all {
        true => problem,
        false => problem.hint(
            "write a status such as `429`, or a word such as `outage`, `hang`, `slow`, \
             `stream_cut`, `capacity_loss`",
        ),
    })
}
