//! Reads one fault: what it does, at which providers, and when; or reports what is wrong with it.
//!
//! Its row of `catalogue` reads what it does, field by field. This module reads the keys that all
//! words share: `target` which providers it affects, `when` which attempts, and `time` its windows,
//! ramps, bursts and probabilities. A key without an effect is refused, so that no fault is weaker
//! or stronger than its file seems to say. `for` is always a window's length; how long a `stall` is
//! silent is its `silence`.

mod target;
mod time;
mod when;

use std::collections::BTreeMap;
use std::time::Duration;

use super::catalogue::{ROWS, Row, Scope};
use super::keys::Written;
use super::reader::Reader;
use super::spec::Fault;
use crate::scenario::provider::Fleet;
use crate::text::Diagnostic;
use crate::text::findings::Findings;
use crate::text::place::{Place, named};
use crate::units::duration;
pub(in crate::scenario) use target::{Groups, groups};

/// The scenario around a fault, as far as its checks need it, and as far as that can be read.
pub(in crate::scenario) struct Setting<'a> {
    /// The fleet.
    pub(in crate::scenario) fleet: &'a Fleet,
    /// Providers with a shared cause.
    pub(in crate::scenario) groups: &'a Groups,
    /// How long calls arrive.
    pub(in crate::scenario) run: Option<Duration>,
    /// Whether the last call of a trace sets that, and not the file.
    pub(in crate::scenario) is_by_trace: bool,
    /// How many client processes there are.
    pub(in crate::scenario) clients: Option<u32>,
}

/// Why nothing can begin at a moment, and what to write instead.
pub(in crate::scenario) struct RunOver {
    /// Why.
    pub(in crate::scenario) why: String,
    /// What to write instead.
    pub(in crate::scenario) instead: String,
}

impl Setting<'_> {
    /// Why the run is over at `at`, if it is.
    pub(in crate::scenario) fn over_at(&self, at: Duration) -> Option<RunOver> {
        let run = self.run?;
        if self.is_by_trace {
            let last = duration::write(run);
            return (at > run).then(|| RunOver {
                why: format!("the last call of the trace arrives {last} into the run"),
                instead: format!("start it by {last}, or replay a longer trace"),
            });
        }
        (at >= run).then(|| RunOver {
            why: "the run is over by then".to_owned(),
            instead: "start it before `run.duration` has passed".to_owned(),
        })
    }
}

/// The faults of the file, resolved in this `setting`.
pub(in crate::scenario) fn faults(
    section: &Place<'_>,
    written: BTreeMap<String, Written>,
    setting: &Setting<'_>,
    findings: &mut Findings,
) -> Vec<Fault> {
    if setting.fleet.is_empty() {
        // Each would only say that it knows no provider.
        return Vec::new();
    }
    let limits = ("a fault", 1_000);
    let faults = named(section, limits, written, findings, |place, name, file| {
        let file = &file;
        fault(&Reader { place, file }, name, setting)
    });
    faults.into_iter().filter_map(|(_, fault)| fault).collect()
}

/// One of them.
fn fault(reader: &Reader<'_>, name: &str, setting: &Setting<'_>) -> Result<Fault, Diagnostic> {
    let file = reader.file;
    let row = row(reader)?;
    let targets = reader.targets(row, setting)?;
    let shared_fate = reader.shared_fate(&targets, setting);
    let inject = (row.read)(reader)?;
    check_keys(reader, row)?;
    let windows = reader.windows(setting)?;
    Ok(Fault {
        name: name.to_owned(),
        when: reader.when(row, setting, &targets)?,
        targets,
        shared_fate,
        inject,
        chance: reader.some_share("chance", file.chance, "without a chance")?,
        ramp: reader.ramp()?,
        recovery: reader.recovery()?,
        windows,
        rate: reader.some_share("rate", file.rate, "that strikes nothing")?,
        burst: reader.burst(row, setting)?,
        sticky: file.sticky.unwrap_or_default(),
        times: reader.times_struck()?,
    })
}

/// Refuses every key that this fault does not take.
fn check_keys(reader: &Reader<'_>, row: &Row) -> Result<(), Diagnostic> {
    let keys = reader.keys("");
    let fits = |key: &str| row.keys().any(|own| own == key);
    let Some(key) = keys.iter().find(|key| !fits(key)) else {
        return Ok(());
    };
    let word = reader.word();
    let luck = matches!(key.as_str(), "rate" | "sticky" | "shared_fate" | "when");
    let (message, hint) = match (key.as_str(), row.reach) {
        ("target", _) => (
            format!("`{word}` has no key `{key}`"),
            "it strikes clients: leave it out, and name one in `when: { client: 0 }`".to_owned(),
        ),
        ("rate" | "sticky" | "shared_fate", Scope::Client) => (
            format!("`{word}` strikes the whole client, not a share of attempts"),
            "leave it out".to_owned(),
        ),
        (_, Scope::Whole) if luck => (
            format!("`{word}` strikes the whole provider, not a share of attempts"),
            "for a share of attempts use `reset` or `hang`".to_owned(),
        ),
        (_, Scope::State) if luck => (
            format!("`{word}` changes the whole provider, not a share of attempts"),
            "leave it out".to_owned(),
        ),
        ("times", _) => (
            format!("`{word}` strikes no single exchanges that could be counted"),
            "leave it out, or use a fault of exchanges: `reset`, `hang`, `503`".to_owned(),
        ),
        ("ramp" | "recover", _) => (
            format!("`{word}` is all or nothing: it cannot grow or fade"),
            "for a slow way down or back add a `capacity_loss` or a `slow`".to_owned(),
        ),
        _ => (format!("`{word}` has no key `{key}`"), own_keys(row)),
    };
    reader.refuse_key(key, message, hint)
}

/// A text that lists the keys of a word besides time and target.
fn own_keys(row: &Row) -> String {
    let luck = row
        .shared()
        .filter(|key| matches!(*key, "rate" | "sticky" | "shared_fate" | "times"));
    let own = Vec::from_iter(luck.chain(row.own()));
    match own.is_empty() {
        true => "leave it out".to_owned(),
        false => format!("its own keys are `{}`", own.join("`, `")),
    }
}

/// The row of a word, or of a status.
fn row(reader: &Reader<'_>) -> Result<&'static Row, Diagnostic> {
    let word = reader.word();
    if let Some(row) = Row::of(word) {
        return Ok(row);
    }
    let problem = |message: String| reader.problem("inject", message);
    if word.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        let problem = problem(format!("`{word}` is no status of a failure"));
        return Err(problem.hint("write a status from `400` to `599`, or a word such as `outage`"));
    }
    let problem = problem(format!("unknown fault `{word}`"));
    let problem = problem.did_you_mean(word, ROWS.iter().map(|row| row.word));
    // All words at once would fill the terminal.
    let hint = problem.hint_text();
    let lists_all = hint.is_some_and(|hint| hint.starts_with("known:"));
    Err(match lists_all {
        true => problem.hint(
            "write a status such as `429`, or a word such as `outage`, `hang`, `slow`, \
             `stream_cut`, `capacity_loss`",
        ),
        false => problem,
    })
}
