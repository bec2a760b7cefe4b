//! Searches a world that a policy does not survive, and makes it small.
//!
//! ```text
//! faults file -> space -> seek: worlds, nearer and nearer -> shrink -> found: a scenario
//! ```
//!
//! - [`hazards`]: what may happen; `space`: fitted to a scenario, and from a point to a world.
//! - `candidate`: a world as a drill, checked, and what a run of it comes to.
//! - `seek`: the search, led by how near the worlds came; `shrink`: makes what it found smaller.
//! - [`found`]: the smallest as a scenario file.
//! - [`fleet`]: a scenario to hunt in, for a fleet file.

mod candidate;
pub mod fleet;
pub mod found;
pub mod hazards;
mod seek;
mod shrink;
mod space;

use std::ops::RangeInclusive;
use std::time::Duration;

use super::batch::{Batches, Stopped};
use crate::drill::{Drill, Engine};
use crate::expect::{Expectation, When};
use crate::policy::config::Policy;
use crate::prices::Price;
use crate::text::Diagnostic;
pub use found::Found;
pub use hazards::Hazards;
pub use seek::Coverage;
use space::Space;

/// What is hunted, in which worlds.
#[derive(Clone, Debug)]
pub struct Hunt {
    /// The scenario, without expectations of its own; its one policy is hunted.
    pub(super) drill: Drill,
    /// What its tokens cost, in every world.
    prices: Vec<Price>,
    space: Space,
    until: String,
    calm: Option<Duration>,
    options: Options,
}

/// How much is tried.
#[derive(Clone, Debug)]
pub struct Options {
    /// The seeds under which a world must break.
    pub seeds: RangeInclusive<u64>,
    /// The most calls.
    pub budget: u64,
    /// The seed of the search itself.
    pub seed: u64,
}

/// How far a hunt is.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Progress {
    /// Calls so far.
    pub calls: u64,
    /// Worlds that were tried.
    pub worlds: u64,
    /// How near the nearest came: 0 or more where it broke, none where nothing was measured.
    pub nearest: Option<f64>,
    /// Whether one was found, and is made smaller.
    pub is_found: bool,
}

/// What came of a hunt.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// The smallest world that was found; none if nothing was found.
    pub found: Option<Found>,
    /// What was tried.
    pub coverage: Coverage,
}

impl Hunt {
    /// A hunt of the one policy of `drill`, until the expectation `until` holds. With `calm` it is
    /// about the calls that arrive more than this after the last fault, in worlds that are healthy
    /// without their faults.
    ///
    /// # Errors
    /// When `until` cannot be judged in a run, or a fault of `hazards` does not fit the scenario.
    pub fn new(
        drill: &Drill,
        hazards: &Hazards,
        until: &str,
        calm: Option<Duration>,
        options: Options,
    ) -> Result<Self, Diagnostic> {
        let mut frame = vec![("expect".to_owned(), "{}".to_owned())];
        let keys = drill.document().keys(&[]);
        let has = |key: &str| keys.iter().any(|own| own == key);
        if has("margins") {
            frame.push(("margins".to_owned(), "{}".to_owned()));
        }
        if !hazards.keeps_own && has("faults") {
            frame.push(("faults".to_owned(), "{}".to_owned()));
        }
        let drill = drill.in_world(&frame)?.engine(Engine::Model);
        let point = |range: std::ops::Range<usize>, message: String| {
            let words = format!("{UNTIL}{until}");
            let range = range.start + UNTIL.len()..range.end + UNTIL.len();
            Diagnostic::of_text("command line", &words, range, message)
        };
        let expectation = drill.expectation(until, &point)?;
        if let Some((message, hint)) = unfit(&expectation, calm) {
            return Err(point(0..until.len(), message.to_owned()).hint(hint));
        }
        let space = Space::new(hazards, &drill, calm.unwrap_or_default())?;
        Ok(Self {
            space,
            until: until.trim().to_owned(),
            calm,
            options,
            prices: drill.subject().prices(),
            drill,
        })
    }

    /// Hunts. `on_progress` is told after every batch.
    ///
    /// # Errors
    /// When the caller stops it, or the machine cannot start a thread.
    pub fn run(
        &self,
        batches: &mut Batches<'_>,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<Outcome, Stopped> {
        let mut seeker = seek::Seeker::new(self, batches, on_progress);
        let Some((candidate, seeds)) = seeker.seek()? else {
            return Ok(Outcome {
                found: None,
                coverage: seeker.coverage(),
            });
        };
        let shrunk = seeker.shrink(candidate, &seeds)?;
        Ok(Outcome {
            found: Some(Found::new(self, shrunk, seeds)),
            coverage: seeker.coverage(),
        })
    }

    /// What may happen in the worlds, one kind a line.
    pub fn bounds(&self) -> Vec<String> {
        self.space.told()
    }

    /// The scenario that is hunted in, without expectations.
    pub const fn drill(&self) -> &Drill {
        &self.drill
    }

    /// The policy that is hunted.
    pub fn policy(&self) -> Option<&Policy> {
        self.drill.policies().first()
    }

    /// The expectation, as it was written.
    pub fn until(&self) -> &str {
        &self.until
    }
}

/// Why one run alone cannot tell whether `expectation` holds, and what to write.
fn unfit(
    expectation: &Expectation,
    calm: Option<Duration>,
) -> Option<(&'static str, &'static str)> {
    if expectation.than.is_some() {
        return Some((
            "this compares with another policy",
            "compare with a value: only one policy is hunted",
        ));
    }
    if expectation.by_interval {
        return Some((
            "an interval of one run is no evidence here",
            "leave out `with 95%`: a world must break under every seed",
        ));
    }
    let is_whole = matches!(expectation.when, When::Always);
    (calm.is_some() && !is_whole).then_some((
        "`--metastable` says which calls it is about",
        "leave out `during` or `after`, and the fault behind it",
    ))
}

const UNTIL: &str = "--until ";
