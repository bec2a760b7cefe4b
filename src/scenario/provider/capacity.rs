//! The capacity of a provider, and its prompt cache.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::scenario::check::SHORTEST;
use crate::scenario::place::{Place, text};
use crate::text::{Diagnostic, Document};
#[cfg(feature = "cli")]
use crate::units::schema;
use crate::units::{Factor, Share, count, duration};

/// The capacity of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "cli", schemars(description = "`capacity` of a provider."))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Capacity {
    /// Requests that it processes at once.
    #[serde(deserialize_with = "count::deserialize")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::Count"))]
    pub slots: u64,
    /// Requests that may wait for a slot; none by default.
    #[serde(default, deserialize_with = "count::deserialize")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::Count"))]
    pub queue: u64,
    /// By which factor it is slower when all slots are busy; 1 by default.
    #[serde(default = "no_slowdown")]
    pub slowdown: Factor,
    /// Slots are lost while requests wait, and come back slowly.
    pub degrade: Option<Degrade>,
}

/// How capacity degrades under overload: slots are lost while requests wait, and come back slowly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "cli", schemars(description = "`degrade` of a capacity."))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Degrade {
    /// The smallest share of the slots that is left.
    pub to: Share,
    /// How long it takes to lose them.
    #[serde(with = "duration")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::Length"))]
    pub within: Duration,
    /// How long it takes to recover all of them.
    #[serde(with = "duration")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::Length"))]
    pub recover: Duration,
}

/// A prompt cache: prompts with a prefix that the provider has seen are cheaper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "cli", schemars(description = "`cache` of a provider."))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Cache {
    /// How long a prefix stays cached.
    #[serde(with = "duration")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::Length"))]
    pub ttl: Duration,
}

impl Capacity {
    /// Checks the capacity at `path`.
    pub(super) fn check(&self, document: &Document, path: &[&str]) -> Result<(), Diagnostic> {
        let slower = Factor::ONE..=Factor::milli(1_000_000);
        Place::new(document, path)
            .within("slots", self.slots, 1..=100_000, count::write)?
            .within("queue", self.queue, 0..=1_000_000, count::write)?
            .within("slowdown", self.slowdown, slower, text)?;
        let Some(degrade) = self.degrade else {
            return Ok(());
        };
        let path = [path, &["degrade"]].concat();
        if self.queue == 0 {
            let message = "without a queue no request waits: this would never degrade";
            let problem = document.problem_at_key(&path, message);
            return Err(problem.hint("write how many may wait: `queue: 200`"));
        }
        degrade.check(document, &path)
    }
}

impl Degrade {
    fn check(&self, document: &Document, path: &[&str]) -> Result<(), Diagnostic> {
        let lengths = SHORTEST..=Duration::from_secs(86_400);
        Place::new(document, path)
            .within("to", self.to, PART, text)?
            .within("within", self.within, lengths.clone(), duration::write)?
            .within("recover", self.recover, lengths, duration::write)?;
        Ok(())
    }
}

impl Cache {
    /// Checks the cache at `path`.
    pub(super) fn check(&self, document: &Document, path: &[&str]) -> Result<(), Diagnostic> {
        Place::new(document, path).length("ttl", self.ttl, SHORTEST)?;
        Ok(())
    }
}

fn no_slowdown() -> Factor {
    Factor::ONE
}

/// A share above 0 % and below 100 %.
pub(super) const PART: std::ops::RangeInclusive<Share> =
    Share::from_parts(1)..=Share::from_parts(999_999_999);
