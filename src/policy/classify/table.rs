//! The table of signs: what in an error's words identifies its class. The rows are data, a file
//! per vendor or group of vendors, each row with its source; this module says how they are read.
//!
//! One table for all dialects: gateways and compatible interfaces use each other's words. So which
//! vendor's row matched does not matter. Of several rows that match, the surest decides, and among
//! those the class that stands first in [`PRECEDENCE`].

mod anthropic;
mod common;
mod dashscope;
mod engines;
mod gateways;
mod google;
mod hosts;
mod openai;
mod xai;
mod zhipu;

use std::sync::LazyLock;

use super::FailureClass;
use super::details::{Said, Sought};

/// One sign of a class.
pub(super) struct Row {
    pub(super) class: FailureClass,
    pub(super) weight: Weight,
    pub(super) at: Place,
    /// For words, as the vendor writes it; `*` at an end stands for anything. For phrases, in lower
    /// case; `..` stands for a gap.
    pub(super) text: &'static str,
    /// Where the vendor, or a report of its users, says so.
    #[cfg_attr(not(test), expect(dead_code, reason = "for readers of the table"))]
    pub(super) source: &'static str,
}

/// How sure a sign is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// It decides, whatever the status.
    Certain,
    /// It decides if nothing certain was said.
    Likely,
    /// It says no more than a status does, and counts where the status says little.
    AsStatus,
}

/// Where a sign stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In a field for machines: type, code, status, reason.
    Word,
    /// In the message for humans.
    Phrase,
}

/// A sign in a field for machines.
const fn word(class: FailureClass, text: &'static str, source: &'static str) -> Row {
    Row {
        class,
        weight: Weight::Certain,
        at: Place::Word,
        text,
        source,
    }
}

/// A sign in the message for humans.
const fn phrase(class: FailureClass, text: &'static str, source: &'static str) -> Row {
    Row {
        at: Place::Phrase,
        ..word(class, text, source)
    }
}

impl Row {
    const fn likely(self) -> Self {
        Self {
            weight: Weight::Likely,
            ..self
        }
    }

    const fn by_status(self) -> Self {
        Self {
            weight: Weight::AsStatus,
            ..self
        }
    }

    /// Lower is stronger.
    fn rank(&self) -> (Weight, usize) {
        let place = PRECEDENCE.iter().position(|class| *class == self.class);
        (self.weight, place.unwrap_or(PRECEDENCE.len()))
    }
}

/// Every row.
pub(super) fn rows() -> impl Iterator<Item = &'static Row> {
    VENDORS.iter().copied().flatten()
}

/// The strongest row that an error shows.
pub(super) fn strongest(said: &Said) -> Option<&'static Row> {
    let mut signs = SIGNS.iter();
    let shown = signs.find(|(_, sought)| said.shows(sought));
    shown.map(|(row, _)| *row)
}

/// Every row with the text to look for, the strongest first.
static SIGNS: LazyLock<Vec<(&Row, Sought)>> = LazyLock::new(|| {
    let sought = |row: &'static Row| match row.at {
        Place::Word => Sought::word(row.text),
        Place::Phrase => Sought::phrase(row.text),
    };
    let mut signs = Vec::from_iter(rows().map(|row| (row, sought(row))));
    signs.sort_by_key(|(row, _)| row.rank());
    signs
});

/// Which of two classes counts when an error shows signs of both. Money comes first: providers
/// report its lack with the statuses and the words of wrong requests (Anthropic), missing
/// permissions (Moonshot) and rate limits (OpenAI). A request that is too large for a limit on
/// tokens per minute is told as a rate limit, too.
const PRECEDENCE: [FailureClass; 11] = [
    FailureClass::Quota,
    FailureClass::ContextTooLong,
    FailureClass::ContentFilter,
    FailureClass::Forbidden,
    FailureClass::ModelGone,
    FailureClass::Auth,
    FailureClass::Overloaded,
    FailureClass::RateLimited,
    FailureClass::Rejected,
    FailureClass::BadRequest,
    FailureClass::ServerError,
];

const VENDORS: [&[Row]; 10] = [
    common::ROWS,
    openai::ROWS,
    anthropic::ROWS,
    google::ROWS,
    xai::ROWS,
    dashscope::ROWS,
    zhipu::ROWS,
    hosts::ROWS,
    gateways::ROWS,
    engines::ROWS,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_row_can_be_met_and_has_a_source() {
        let mut seen = BTreeSet::new();
        for row in rows() {
            assert!(row.rank().1 < PRECEDENCE.len(), "{}: no rank", row.text);
            assert!(row.text.len() > 2, "{}: short", row.text);
            assert!(!row.source.is_empty(), "{}", row.text);
            let is_lower = row.text.to_lowercase() == row.text;
            assert!(row.at == Place::Word || is_lower, "{}", row.text);
            assert!(seen.insert(row.text), "{}: said twice", row.text);
        }
    }
}
