//! The capacity of a provider, and its prompt cache.

use std::time::Duration;

use crate::text::Diagnostic;
use crate::text::place::Place;
use crate::text::section::section;
use crate::time::{LONGEST_RUN, SHORTEST};
use crate::units::{Count, Factor, Length, Share};

section! {
    /// The capacity of a provider.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct Capacity [Serialize] ("Capacity": "`capacity` of a provider.") {
        /// Requests that it processes at once.
        required pub slots: u64 as Count, in 1..=100_000, written u64;
        /// Requests that may wait for a slot; none by default.
        default pub queue: u64 as Count = 0, in 0..=1_000_000, written u64;
        /// By which factor it is slower when all slots are busy; 1 by default.
        default pub slowdown: Factor = Factor::ONE, in Factor::ONE..=Factor::milli(1_000_000);
        /// Slots are lost while requests wait, and come back slowly.
        default pub degrade: Option<Degrade> = None;
    }
}

section! {
    /// How capacity degrades under overload: slots are lost while requests wait, and come back
    /// slowly.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct Degrade [Serialize] ("Degrade": "`degrade` of a capacity.") {
        /// The smallest share of the slots that is left.
        required pub to: Share, in PART;
        /// How long it takes to lose them.
        required pub within: Duration as Length, in SHORTEST..=DAY;
        /// How long it takes to recover all of them.
        required pub recover: Duration as Length, in SHORTEST..=DAY;
    }
}

section! {
    /// A prompt cache: prompts with a prefix that the provider has seen are cheaper.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct Cache [Serialize] ("Cache": "`cache` of a provider.") {
        /// How long a prefix stays cached.
        required pub ttl: Duration as Length, in SHORTEST..=LONGEST_RUN;
    }
}

impl Capacity {
    /// Refuses a capacity that would never degrade.
    pub(super) fn check(&self, place: &Place<'_>) -> Result<(), Diagnostic> {
        if self.degrade.is_none() || self.queue > 0 {
            return Ok(());
        }
        let message = "without a queue no request waits: this would never degrade";
        place.refuse_key("degrade", message, "write how many may wait: `queue: 200`")
    }
}

const DAY: Duration = Duration::from_secs(86_400);

/// A share above 0 % and below 100 %.
pub(super) const PART: std::ops::RangeInclusive<Share> =
    Share::from_parts(1)..=Share::from_parts(999_999_999);
