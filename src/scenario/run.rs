//! The duration and seeds of a scenario, and how its uptime is measured.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::check::SHORTEST;
use super::place::{Place, text};
use crate::text::{Diagnostic, Document};
#[cfg(feature = "cli")]
use crate::units::schema;
use crate::units::{self, Share, UnitError, duration};

/// The duration and the seeds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "cli", schemars(description = "`run`."))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Run {
    /// How long calls arrive. Of a trace, calls that arrive later are left out; without this it is
    /// replayed to its last call.
    #[serde(with = "duration")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::Length"))]
    pub duration: Duration,
    /// A number, or both ends, as in `1..5`: each seed is an independent run of the same scenario;
    /// at most 10,000 of them; 1 by default.
    #[serde(serialize_with = "write_seeds", deserialize_with = "read_seeds")]
    #[cfg_attr(feature = "cli", schemars(with = "Seeds"))]
    pub seeds: RangeInclusive<u64>,
    /// How long after the last arrival calls may still end; 1 h by default.
    #[serde(with = "duration")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::Length"))]
    pub drain: Duration,
}

/// Without a duration: a trace sets it, or `check` requires it.
impl Default for Run {
    fn default() -> Self {
        Self {
            duration: Duration::ZERO,
            seeds: 1..=1,
            drain: Duration::from_secs(3_600),
        }
    }
}

impl Run {
    /// Checks the run; the file must set its duration unless a trace does.
    pub(super) fn check(&self, document: &Document, is_replay: bool) -> Result<(), Diagnostic> {
        let is_said = is_said(document);
        if !is_said && !is_replay {
            let message = "the key `duration` is missing in `run`";
            let problem = document.problem_at_key(&["run"], message);
            return Err(problem.hint("write as in `run: { duration: 30m }`"));
        }
        let duration = Some(self.duration).filter(|_| is_said);
        Place::new(document, &["run"])
            .length("duration", duration, SHORTEST)?
            .length("drain", self.drain, Duration::ZERO)?;
        Ok(())
    }
}

/// Whether the file says how long calls arrive.
pub(super) fn is_said(document: &Document) -> bool {
    document.keys(&["run"]).iter().any(|key| key == "duration")
}

/// How uptime is measured.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "cli", schemars(description = "`uptime`."))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Uptime {
    /// The length of a window of arrival time; 10 s by default.
    #[serde(with = "duration")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::Length"))]
    pub window: Duration,
    /// A window is down when more than this share of its calls failed, and at least two did, or
    /// when all of them did; 5 % by default. A window without calls keeps the last one's state.
    pub down_above: Share,
}

impl Default for Uptime {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(10),
            down_above: Share::percent(5),
        }
    }
}

impl Uptime {
    /// Checks the settings for a run of this length.
    pub(super) fn check(&self, document: &Document, run: Duration) -> Result<(), Diagnostic> {
        let shares = Share::ZERO..=Share::from_parts(999_999_999);
        Place::new(document, &["uptime"])
            .length("window", self.window, SHORTEST)?
            .within("down_above", self.down_above, shares, text)?;
        if run.as_nanos() / self.window.as_nanos() > MOST_WINDOWS {
            let message = format!("this makes more than {MOST_WINDOWS} windows in the run");
            let problem = document.problem(&["uptime", "window"], message);
            return Err(problem.hint("make them longer"));
        }
        Ok(())
    }
}

/// Reads the seeds of a run: `1..5` with both ends, or `3` for 1 to 3; at most 10,000 of them.
pub fn seeds(text: &str) -> Result<RangeInclusive<u64>, UnitError> {
    units::seeds::parse(text, MOST_SEEDS)
}

fn read_seeds<'de, D: Deserializer<'de>>(from: D) -> Result<RangeInclusive<u64>, D::Error> {
    seeds(&String::deserialize(from)?).map_err(UnitError::into_serde)
}

fn write_seeds<S: Serializer>(seeds: &RangeInclusive<u64>, into: S) -> Result<S::Ok, S::Error> {
    into.serialize_str(&units::seeds::write(seeds))
}

/// `run.seeds`.
#[cfg(feature = "cli")]
enum Seeds {}

#[cfg(feature = "cli")]
crate::text::schema::inline_schema! {
    Seeds, "Seeds", |_: &mut _| schemars::json_schema!({
        "type": ["integer", "string"],
        "minimum": 1,
        "pattern": r"^\s*[0-9]+(\.\.[0-9]+)?\s*$",
        "examples": ["1..5"],
    });
}

const MOST_SEEDS: u64 = 10_000;

/// The most windows: a report counts each of them.
const MOST_WINDOWS: u128 = 10_000_000;
