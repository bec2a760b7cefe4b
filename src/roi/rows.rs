//! The rows of a month: each declared once, with its name for people, for programs, and its value.

use super::month::{Against, BreakEven, Month, NANOS_AN_HOUR};
pub(super) use crate::report::ratio::grouped;
use crate::report::ratio::grouped_wide;
use crate::report::{Ratio, Unit};

/// A line of the table.
pub(super) struct Row {
    /// For people.
    pub(super) label: &'static str,
    /// For programs.
    pub(super) key: &'static str,
    pub(super) value: fn(&Month) -> Cell,
}

/// A value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Count(u64),
    /// Nano-dollars.
    Usd(i128),
    Share(Option<Ratio>),
    Hours(u128),
    Months(Option<Ratio>),
    BreakEven(BreakEven),
    /// Says nothing about the baseline itself.
    Nothing,
}

const fn row(label: &'static str, key: &'static str, value: fn(&Month) -> Cell) -> Row {
    Row { label, key, value }
}

/// All rows, in the order of documents.
pub(super) const ROWS: [Row; 18] = [
    row("calls", "calls", |month| Cell::Count(month.calls)),
    row("lost calls", "lost_calls", |month| Cell::Count(month.lost)),
    row("answered", "answered", |month| {
        Cell::Share(Ratio::share(month.answered(), month.calls))
    }),
    row("hours down", "hours_down", |month| {
        Cell::Hours(month.down_ns)
    }),
    row("billed", "billed", |month| usd(month.billed())),
    row("  for answers", "billed_for_answers", |month| {
        usd(month.delivered)
    }),
    row("    of it for failover", "failover_surcharge", |month| {
        Cell::Usd(month.failover)
    }),
    row("  for failed attempts", "billed_for_retries", |month| {
        usd(month.retries)
    }),
    row("  for hedges", "billed_for_hedges", |month| {
        usd(month.hedges)
    }),
    row("  for health checks", "billed_for_checks", |month| {
        usd(month.checks)
    }),
    row("lost calls cost", "lost_calls_cost", |month| {
        usd(month.lost_cost)
    }),
    row("downtime costs", "downtime_cost", |month| {
        usd(month.down_cost)
    }),
    row("all in", "all_in", |month| usd(month.total())),
    row("billed per 1k answers", "billed_per_1k_answers", |month| {
        per_thousand(month.billed(), month.answered())
    }),
    row("all in per 1k answers", "all_in_per_1k_answers", |month| {
        per_thousand(month.total(), month.answered())
    }),
    row("saving", "saving", |month| match month.against {
        Against::Baseline { saving, .. } => Cell::Usd(saving),
        Against::Itself => Cell::Nothing,
    }),
    row("payback", "payback_months", |month| match month.against {
        Against::Baseline { payback, .. } => Cell::Months(payback),
        Against::Itself => Cell::Nothing,
    }),
    row(
        "cheaper if an hour down is",
        "break_even",
        |month| match month.against {
            Against::Baseline { break_even, .. } => Cell::BreakEven(break_even),
            Against::Itself => Cell::Nothing,
        },
    ),
];

impl Cell {
    /// For people.
    pub(super) fn shown(self) -> String {
        match self {
            Self::Count(count) => grouped(count),
            Self::Usd(nanos) => dollars(nanos),
            Self::Share(share) => {
                share.map_or_else(|| "-".to_owned(), |share| Unit::Ratio.shown(share))
            }
            Self::Hours(nanos) => hours(nanos).map_or_else(String::new, |hours| hours.fixed(2)),
            Self::Months(None) => "never".to_owned(),
            Self::Months(Some(months)) if months == Ratio::whole(0) => "at once".to_owned(),
            Self::Months(Some(months)) => format!("{} months", months.fixed(1)),
            Self::BreakEven(BreakEven::Always) => "at any price".to_owned(),
            Self::BreakEven(BreakEven::Never) => "at no price".to_owned(),
            Self::BreakEven(BreakEven::Above(price)) => {
                format!("> {}", dollars(price.as_nanos().into()))
            }
            Self::BreakEven(BreakEven::Below(price)) => {
                format!("< {}", dollars(price.as_nanos().into()))
            }
            Self::Nothing => "-".to_owned(),
        }
    }

    /// For programs: money as a decimal string with all its digits.
    pub(super) fn exact(self) -> serde_json::Value {
        match self {
            Self::Count(count) => count.into(),
            Self::Usd(nanos) => decimal(nanos).into(),
            Self::Share(share) => number(share, 9),
            Self::Hours(nanos) => number(hours(nanos), 6),
            Self::Months(months) => number(months, 3),
            Self::BreakEven(BreakEven::Always) => "always".into(),
            Self::BreakEven(BreakEven::Never) => "never".into(),
            Self::BreakEven(BreakEven::Above(price)) => format!("above {}", price.usd()).into(),
            Self::BreakEven(BreakEven::Below(price)) => format!("below {}", price.usd()).into(),
            Self::Nothing => serde_json::Value::Null,
        }
    }
}

fn usd(nanos: u128) -> Cell {
    Cell::Usd(i128::try_from(nanos).unwrap_or(i128::MAX))
}

fn per_thousand(nanos: u128, answers: u64) -> Cell {
    match nanos.saturating_mul(1_000).checked_div(u128::from(answers)) {
        Some(each) => usd(each),
        None => Cell::Nothing,
    }
}

fn hours(nanos: u128) -> Option<Ratio> {
    Ratio::fraction(nanos, NANOS_AN_HOUR)
}

fn number(value: Option<Ratio>, places: u32) -> serde_json::Value {
    let text = value.map(|value| value.decimal(places));
    let number = text.and_then(|text| serde_json::from_str(&text).ok());
    number.unwrap_or_default()
}

/// `1,234,567.89`, rounded half up to cents.
pub(super) fn dollars(nanos: i128) -> String {
    let cents = (nanos.unsigned_abs() + NANOS_A_CENT / 2) / NANOS_A_CENT;
    let sign = if nanos < 0 && cents > 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", grouped_wide(cents / 100), cents % 100)
}

/// All digits: `-1234.5`.
fn decimal(nanos: i128) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let exact = Ratio::fraction(nanos.unsigned_abs(), 1_000_000_000);
    exact.map_or_else(String::new, |exact| format!("{sign}{}", exact.decimal(9)))
}

pub(super) const NANOS_A_CENT: u128 = 10_000_000;
