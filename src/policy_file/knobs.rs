//! Every number that a policy can set, with default, range, scale and reason from its row.
//!
//! The rows stand where the settings are declared ([`crate::policy::config`]); here they get their
//! text forms. Documents, the schema and the policy search use them.

use std::sync::LazyLock;

use crate::policy::config::{KnobKind, Policy, Row};
use crate::time::nanos;
use crate::units::{Factor, Money, Rate, Share, TokenRate, UnitError, count, duration, tokens};
use std::time::Duration;

/// A number that a policy can set.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Knob {
    /// Its dotted path in a policy file.
    pub path: String,
    /// Its unit.
    pub kind: KnobKind,
    /// Its default value, as written in a file.
    pub default: String,
    /// The least and the largest value that a file may give, as written in a file.
    pub range: (&'static str, &'static str),
    /// How steps through the range are spread.
    pub scale: Scale,
    /// Why it has this default.
    pub reason: &'static str,
}

/// How steps through a range are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scale {
    /// Equal differences.
    Linear,
    /// Equal ratios.
    Log,
}

/// All knobs, in the order of a policy file.
pub static KNOBS: LazyLock<Vec<Knob>> = LazyLock::new(|| {
    let everything = Policy::everything().rows();
    everything.into_iter().map(Knob::of).collect()
});

impl Knob {
    fn of(row: Row) -> Self {
        Self {
            path: row.path.join("."),
            kind: row.kind,
            default: shown(&row),
            range: row.range,
            scale: match row.kind {
                KnobKind::Time | KnobKind::Rate | KnobKind::Money | KnobKind::Speed => Scale::Log,
                _ => Scale::Linear,
            },
            reason: row.reason,
        }
    }

    /// The value of `text` in the unit of its kind; `None` for `none` and for text that cannot be
    /// parsed.
    pub fn measure(&self, text: &str) -> Option<u64> {
        read_amount(self.kind, text).ok()
    }
}

/// The row's value, as written in a file.
pub(super) fn shown(row: &Row) -> String {
    row.value
        .map_or("none".to_owned(), |value| write_amount(row.kind, value))
}

/// Whether the row's value lies in its range; true if it is off.
pub(super) fn is_allowed(row: &Row) -> bool {
    let [least, largest] = [row.range.0, row.range.1].map(|end| read_amount(row.kind, end).ok());
    row.value
        .is_none_or(|value| least <= Some(value) && Some(value) <= largest)
}

/// The amount that `text` says, in the unit of its kind.
pub(crate) fn read_amount(kind: KnobKind, text: &str) -> Result<u64, UnitError> {
    match kind {
        KnobKind::Count => count::parse(text),
        KnobKind::Factor => Factor::parse(text).map(Factor::as_milli),
        KnobKind::Time => duration::parse(text).map(nanos),
        KnobKind::Share => Share::parse(text).map(Share::as_parts),
        KnobKind::Tokens => tokens::parse(text),
        KnobKind::Speed => TokenRate::parse(text).map(TokenRate::as_milli),
        KnobKind::Rate => Rate::parse(text).map(Rate::nano_per_second),
        KnobKind::Money => Money::parse(text).map(Money::as_nanos),
    }
}

/// The amount, as written in a file.
pub(crate) fn write_amount(kind: KnobKind, value: u64) -> String {
    match kind {
        KnobKind::Count => value.to_string(),
        KnobKind::Factor => Factor::milli(value).to_string(),
        KnobKind::Time => duration::write(Duration::from_nanos(value)),
        KnobKind::Share => Share::from_parts(value).to_string(),
        KnobKind::Tokens => tokens::write(value),
        KnobKind::Speed => TokenRate::milli(value).to_string(),
        KnobKind::Rate => Rate {
            count_nano: value,
            per: Duration::from_secs(1),
        }
        .to_string(),
        KnobKind::Money => Money::from_nanos(value).to_string(),
    }
}
