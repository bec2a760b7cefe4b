//! The duration and seeds of a scenario, and how its uptime is measured.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::text::place::Place;
use crate::text::section::section;
use crate::text::{Diagnostic, Document};
use crate::time::{LONGEST_RUN, SHORTEST};
use crate::units::{self, Length, Share, UnitError, converts, text_form};

section! {
    /// The duration and the seeds. Without a duration a trace sets it, or `check` requires it.
    #[derive(Clone, Debug)]
    #[non_exhaustive]
    pub struct Run [Default, Serialize] ("Run": "`run`.") {
        /// How long calls arrive. Of a trace, calls that arrive later are left out; without this it
        /// is replayed to its last call.
        default pub duration: Duration as Length = Duration::ZERO, in SHORTEST..=LONGEST_RUN;
        /// A number, or both ends, as in `1..5`: each seed is an independent run of the same
        /// scenario; at most 10,000 of them; 1 by default.
        default pub seeds: RangeInclusive<u64> as Seeds = 1..=1;
        /// How long after the last arrival calls may still end; 1 h by default.
        default pub drain: Duration as Length = Duration::from_secs(3_600),
            in Duration::ZERO..=LONGEST_RUN;
    }
}

impl Run {
    /// Checks the run; the file must set its duration unless a trace does.
    pub(super) fn check(document: &Document, is_replay: bool) -> Result<(), Diagnostic> {
        if is_replay || is_said(document) {
            return Ok(());
        }
        let message = "the key `duration` is missing in `run`";
        let hint = "write as in `run: { duration: 30m }`";
        Place::new(document, "run").refuse_key("", message, hint)
    }
}

/// Whether the file says how long calls arrive.
pub(super) fn is_said(document: &Document) -> bool {
    document.keys(&["run"]).iter().any(|key| key == "duration")
}

section! {
    /// How uptime is measured.
    #[derive(Clone, Copy, Debug)]
    #[non_exhaustive]
    pub struct Uptime [Default, Serialize] ("Uptime": "`uptime`.") {
        /// The length of a window of arrival time; 10 s by default.
        default pub window: Duration as Length = Duration::from_secs(10), in SHORTEST..=LONGEST_RUN;
        /// A window is down when more than this share of its calls failed, and at least two did, or
        /// when all of them did; 5 % by default. A window without calls keeps the last one's state.
        default pub down_above: Share = Share::percent(5),
            in Share::ZERO..=Share::from_parts(999_999_999);
    }
}

impl Uptime {
    /// Checks the settings for a run of this length.
    pub(super) fn check(&self, document: &Document, run: Duration) -> Result<(), Diagnostic> {
        if run.as_nanos() / self.window.as_nanos() > MOST_WINDOWS {
            let message = format!("this makes more than {MOST_WINDOWS} windows in the run");
            let place = Place::new(document, "uptime");
            return place.refuse("window", message, "make them longer");
        }
        Ok(())
    }
}

/// Reads the seeds of a run: `1..5` with both ends, or `3` for 1 to 3; at most 10,000 of them.
pub fn seeds(text: &str) -> Result<RangeInclusive<u64>, UnitError> {
    units::seeds::parse(text, MOST_SEEDS)
}

/// `run.seeds`.
#[derive(Clone)]
struct Seeds(RangeInclusive<u64>);

impl Seeds {
    fn parse(text: &str) -> Result<Self, UnitError> {
        seeds(text).map(Self)
    }
}

impl fmt::Display for Seeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&units::seeds::write(&self.0))
    }
}

converts!(Seeds(RangeInclusive<u64>));
text_form!(Seeds, "a string");

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
