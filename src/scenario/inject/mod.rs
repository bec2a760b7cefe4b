//! Reads one fault: what it does, to whom, and when; or says what is wrong with it.
//!
//! - `exchange`, `answer`, `provider`: what it does, by layer (`exchange` reads the layers before
//!   it as well: they have few keys).
//! - `target`: whom it strikes; `when`: which attempts. `time`: windows, ramps, bursts, luck.
//!
//! Words and keys are `catalogue`'s. A key is refused where it means nothing, so that no fault is
//! weaker or stronger than its file seems to say. `for` is always a window's length; how long a
//! `stall` is silent is its `silence`.

mod answer;
mod exchange;
mod provider;
mod target;
mod time;
mod when;

use std::ops::RangeInclusive;
use std::time::Duration;

use super::catalogue::{ROWS, Row, Scope};
use super::fault::{Fault, FaultKind, Layer};
use super::resolve::bounded;
use super::{LONGEST_RUN, Provider, file};
use crate::text::units::duration;
use crate::text::units::share::WHOLE;
use crate::text::{Diagnostic, Document};
use crate::wire::writer::Cause;
pub(super) use target::{Groups, groups};

/// What a fault falls into.
pub(super) struct Setting<'a> {
    /// The fleet, in order.
    pub(super) providers: &'a [Provider],
    /// Providers with a shared cause.
    pub(super) groups: &'a Groups,
    /// How long calls arrive.
    pub(super) run: Duration,
    /// Whether that is a trace's doing, and not the file's.
    pub(super) is_replay: bool,
    /// How many client processes there are.
    pub(super) clients: u32,
}

/// The fault `name`, as `file` means it in this `setting`.
pub(super) fn fault(
    document: &Document,
    name: &str,
    file: &file::Fault,
    setting: &Setting<'_>,
) -> Result<Fault, Diagnostic> {
    let reader = Reader {
        document,
        name,
        file,
        row: row(document, name, &file.inject)?,
        setting,
    };
    let targets = reader.targets()?;
    let inject = reader.inject()?;
    reader.check_keys()?;
    let windows = reader.windows()?;
    Ok(Fault {
        name: name.to_owned(),
        when: reader.when(&targets)?,
        targets,
        inject,
        chance: reader.chance()?,
        ramp: reader.ramp(&windows)?,
        recovery: reader.recovery(&windows)?,
        windows,
        rate: reader.rate()?,
        burst: reader.burst()?,
        sticky: reader.sticky()?,
    })
}

struct Reader<'a> {
    document: &'a Document,
    name: &'a str,
    file: &'a file::Fault,
    row: &'static Row,
    setting: &'a Setting<'a>,
}

impl Reader<'_> {
    fn path<'p>(&'p self, key: &'p str) -> [&'p str; 3] {
        ["faults", self.name, key]
    }

    fn problem(&self, key: &str, message: impl Into<String>) -> Diagnostic {
        self.document.problem(&self.path(key), message)
    }

    fn problem_at_key(&self, key: &str, message: impl Into<String>) -> Diagnostic {
        self.document.problem_at_key(&self.path(key), message)
    }

    fn length(&self, key: &str, value: Duration, least: Duration) -> Result<Duration, Diagnostic> {
        self.bounded(key, value, least..=LONGEST_RUN, duration::write)
    }

    fn bounded<T: Copy + PartialOrd>(
        &self,
        key: &str,
        value: T,
        range: RangeInclusive<T>,
        write: fn(T) -> String,
    ) -> Result<T, Diagnostic> {
        bounded(self.document, &self.path(key), value, range, write)
    }

    fn inject(&self) -> Result<FaultKind, Diagnostic> {
        match self.row.layer {
            Layer::Client => Ok(FaultKind::ClientPause),
            Layer::Network => Ok(self.network()),
            Layer::Connection => self.connection(),
            Layer::Exchange => self.exchange(),
            Layer::Provider => self.provider(),
            Layer::Answer => self.answer(),
        }
    }

    /// The value of a key that must be there.
    fn required<T>(&self, key: &str, value: Option<T>) -> Result<T, Diagnostic> {
        value.ok_or_else(|| {
            let message = format!("`{}` needs the key `{key}`", self.file.inject);
            self.problem("inject", message).hint(match key {
                "factor" if self.row.word == "slow" => {
                    "write how many times slower: `factor: 3`".to_owned()
                }
                "factor" => "write how many times as much: `factor: 1.5`".to_owned(),
                "after" => "write after how many tokens: `after: 80 tok`".to_owned(),
                "silence" => "write how long it is silent: `silence: 20s`".to_owned(),
                "by" => "write how much later: `by: 20s`".to_owned(),
                "cap" => "write how many bytes at most: `cap: 200 B/s`".to_owned(),
                "idle" => "write how long it was idle: `idle: 60s`".to_owned(),
                "index" => "write how heavy the tail is: `index: 1.5`".to_owned(),
                "remaining" => "write how much is left: `remaining: 30%`".to_owned(),
                "model" => "write which model is named: `model: other-model`".to_owned(),
                "speed" => "write how slowly: `speed: 0.5 tok/s`".to_owned(),
                key => format!("write it as in `{key}: …`"),
            })
        })
    }

    /// The cause of this name, at `cause`; `usual` when there is none.
    fn cause(&self, usual: Cause) -> Result<Cause, Diagnostic> {
        let Some(written) = &self.file.cause else {
            return Ok(usual);
        };
        Cause::from_name(written).ok_or_else(|| {
            let problem = self.problem("cause", format!("unknown cause `{written}`"));
            problem.did_you_mean(written, Cause::ALL.map(Cause::name))
        })
    }

    /// Refuses every key that means nothing to this fault.
    fn check_keys(&self) -> Result<(), Diagnostic> {
        let keys = self.document.keys(&["faults", self.name]);
        let fits = |key: &str| self.row.keys().any(|own| own == key);
        let Some(key) = keys.iter().find(|key| !fits(key)) else {
            return Ok(());
        };
        let word = &self.file.inject;
        let nothing = format!("`{key}` means nothing to `{word}`");
        let luck = matches!(key.as_str(), "rate" | "sticky" | "when");
        Err(match (key.as_str(), self.row.reach) {
            ("target", _) => {
                let problem = self.problem_at_key(key, nothing);
                problem
                    .hint("it strikes clients: leave it out, and name one in `when: { client: 0 }`")
            }
            ("rate" | "sticky", Scope::Client) => {
                let message = format!("`{word}` strikes the whole client, not a share of attempts");
                self.problem_at_key(key, message).hint("leave it out")
            }
            (_, Scope::Whole) if luck => {
                let message =
                    format!("`{word}` strikes the whole provider, not a share of attempts");
                let problem = self.problem_at_key(key, message);
                problem.hint("for a share of attempts use `reset` or `hang`")
            }
            (_, Scope::State) if luck => {
                let message =
                    format!("`{word}` changes the whole provider, not a share of attempts");
                self.problem_at_key(key, message).hint("leave it out")
            }
            ("ramp" | "recover", _) => {
                let message = format!("`{word}` is all or nothing: it cannot grow or fade");
                let problem = self.problem_at_key(key, message);
                problem.hint("for a slow way down or back add a `capacity_loss` or a `slow`")
            }
            _ => self.problem_at_key(key, nothing).hint(self.own_keys()),
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

/// The world's timers resolve one millisecond.
const SHORTEST: Duration = Duration::from_millis(1);
