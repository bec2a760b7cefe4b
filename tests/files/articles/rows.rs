//! The figures that the articles state, and each computed again from the inputs that they state.

use super::others;
use firedrill::prices::Price;
use firedrill::report::{Fate, Ledger, Tokens};
use firedrill::units::Money;

/// A figure of an article.
pub(super) struct Claim {
    /// The article, by number.
    article: &'static str,
    what: String,
    inputs: String,
    claimed: u64,
    computed: u64,
    unit: Unit,
}

/// What a figure counts: cents, tenths of a per cent, milliseconds, tenths of an hour, calls.
#[derive(Clone, Copy)]
pub(super) enum Unit {
    Cents,
    PerMille,
    /// As written `85%+`: this share or more.
    AtLeast,
    Ms,
    Hours,
    Calls,
}

impl Claim {
    /// Its line in the table.
    pub(super) fn line(&self) -> String {
        let (claimed, computed) = (self.shown(self.claimed), self.shown(self.computed));
        let Self {
            article,
            what,
            inputs,
            ..
        } = self;
        let verdict = self.verdict();
        format!("| {article} | {what} | {inputs} | {claimed} | {computed} | {verdict} |\n")
    }

    fn shown(&self, value: u64) -> String {
        match self.unit {
            Unit::Cents => format!("{}.{:02} USD", value / 100, value % 100),
            Unit::PerMille | Unit::AtLeast => format!("{}.{}%", value / 10, value % 10),
            Unit::Ms => format!("{value} ms"),
            Unit::Hours => format!("{}.{} h", value / 10, value % 10),
            Unit::Calls => value.to_string(),
        }
    }

    /// A twentieth of the claim, or a whole per cent, is rounding.
    pub(super) fn verdict(&self) -> &'static str {
        let off = self.claimed.abs_diff(self.computed);
        let rounding = match self.unit {
            Unit::PerMille => off < 10,
            Unit::AtLeast => self.computed >= self.claimed,
            Unit::Cents | Unit::Ms | Unit::Hours | Unit::Calls => off * 20 <= self.claimed,
        };
        match (off, rounding) {
            (0, _) => "agrees",
            (_, true) => "agrees, rounded",
            (_, false) => "**contradicts**",
        }
    }
}

/// What so many million tokens cost, in cents, at a price in cents, by the ledger of reports.
pub(super) fn bill(million: u64, price: u64) -> u64 {
    let mut tokens = Tokens::default();
    tokens.output = million * 1_000_000 * 1_000;
    let mut ledger = Ledger::default();
    ledger.add(Fate::Delivered, tokens);
    let price = Price {
        input: Money::ZERO,
        cached: Money::ZERO,
        output: Money::from_nanos(price * NANOS_A_CENT),
        source: "an article".to_owned(),
    };
    let spent = ledger
        .spent(&price)
        .into_iter()
        .map(|(_, spent)| spent.total());
    spent
        .fold(Money::ZERO, |sum, amount| sum + amount)
        .as_nanos()
        / NANOS_A_CENT
}

/// How much less `to` is than `from`, in tenths of a per cent, rounded half up.
pub(super) fn saving(from: u64, to: u64) -> u64 {
    ((from - to) * 2_000 + from) / (2 * from)
}

/// A bill: article, what, million tokens, cents for a million, cents claimed.
const BILLS: [(&str, &str, u64, u64, u64); 18] = [
    ("000", "DeepSeek V3.2, list", 10, 42, 420),
    ("000", "Gemini 2.5 Flash, list", 10, 250, 2_500),
    ("000", "GPT-4.1, list", 10, 800, 8_000),
    ("000", "Claude Sonnet 4.5, list", 10, 1_500, 15_000),
    ("001", "Chatbot, official", 10, 6_000, 60_000),
    ("001", "Chatbot, at its own price list", 10, 800, 9_000),
    ("001", "Content, official", 50, 6_000, 300_000),
    ("001", "Content, at its own price list", 50, 800, 45_000),
    ("001", "Enterprise, official", 500, 6_000, 3_000_000),
    (
        "001",
        "Enterprise, at its own price list",
        500,
        800,
        450_000,
    ),
    ("001", "Writing, official", 2, 6_000, 12_000),
    ("001", "Writing, at its own price list", 2, 800, 1_800),
    ("002", "GPT-4.1, official", 10, 6_000, 60_000),
    ("002", "GPT-4.1, gateway", 10, 800, 8_000),
    ("002", "Claude, official", 10, 4_500, 45_000),
    ("002", "Claude, gateway", 10, 1_500, 15_000),
    ("003", "GPT-4.1, official", 100, 6_000, 600_000),
    ("003", "GPT-4.1, gateway", 100, 800, 80_000),
];

/// What is left of a bill after 85 % off: article, what, cents before, cents claimed.
const DISCOUNTS: [(&str, &str, u64, u64); 8] = [
    ("000", "DeepSeek V3.2", 420, 60),
    ("000", "Gemini 2.5 Flash", 2_500, 375),
    ("000", "GPT-4.1", 8_000, 1_200),
    ("000", "Claude Sonnet 4.5", 15_000, 2_250),
    ("001", "Chatbot", 60_000, 9_000),
    ("001", "Content", 300_000, 45_000),
    ("001", "Enterprise", 3_000_000, 450_000),
    ("001", "Writing", 12_000, 1_800),
];

/// A saving: article, what, cents before and after, tenths of a per cent claimed.
const SAVINGS: [(&str, &str, u64, u64, u64); 10] = [
    ("000", "list price \"equal\", yet 85% saved", 800, 800, 850),
    ("001", "GPT-4.1, \"85%+\"", 6_000, 800, 850),
    ("001", "Claude Sonnet 4.5, \"85%+\"", 1_800, 1_500, 850),
    ("002", "GPT-4.1", 60_000, 8_000, 860),
    ("002", "Claude", 45_000, 15_000, 660),
    ("003", "GPT-4.1", 6_000, 800, 867),
    ("003", "Claude Sonnet 4.5", 4_500, 1_500, 667),
    ("003", "Gemini 2.5 Flash", 750, 250, 667),
    ("003", "DeepSeek V3.2", 250, 42, 832),
    ("004", "the gateway's bill, \"85%+\"", 120_000, 120_000, 850),
];

pub(super) fn usd(cents: u64) -> String {
    format!("{}.{:02} USD", cents / 100, cents % 100)
}

pub(super) fn claim(
    article: &'static str,
    what: &str,
    inputs: String,
    (claimed, computed): (u64, u64),
    unit: Unit,
) -> Claim {
    Claim {
        article,
        what: what.to_owned(),
        inputs,
        claimed,
        computed,
        unit,
    }
}

pub(super) fn claims() -> Vec<Claim> {
    let mut all = Vec::new();
    for (article, what, million, price, claimed) in BILLS {
        let inputs = format!("{million}M tokens at {}", usd(price));
        all.push(claim(
            article,
            what,
            inputs,
            (claimed, bill(million, price)),
            Unit::Cents,
        ));
    }
    for (article, what, before, claimed) in DISCOUNTS {
        let inputs = format!("85% off {}", usd(before));
        all.push(claim(
            article,
            what,
            inputs,
            (claimed, before * 15 / 100),
            Unit::Cents,
        ));
    }
    for (article, what, from, to, claimed) in SAVED {
        let inputs = format!("{} less {}", usd(from), usd(to));
        let what = format!("{what}, saving");
        all.push(claim(
            article,
            &what,
            inputs,
            (claimed, from - to),
            Unit::Cents,
        ));
    }
    for (article, what, from, to, claimed) in SAVINGS {
        let inputs = format!("{} to {}", usd(from), usd(to));
        let unit = match claimed {
            850 => Unit::AtLeast,
            _ => Unit::PerMille,
        };
        all.push(claim(
            article,
            what,
            inputs,
            (claimed, saving(from, to)),
            unit,
        ));
    }
    all.extend(others::others());
    all
}

/// What is saved of a bill: article, what, cents before and after, cents claimed.
const SAVED: [(&str, &str, u64, u64, u64); 8] = [
    ("001", "Chatbot", 60_000, 9_000, 51_000),
    ("001", "Content", 300_000, 45_000, 255_000),
    ("001", "Enterprise", 3_000_000, 450_000, 2_550_000),
    ("001", "Writing", 12_000, 1_800, 10_200),
    ("002", "GPT-4.1", 60_000, 8_000, 52_000),
    ("002", "Claude", 45_000, 15_000, 30_000),
    ("003", "GPT-4.1, 100M tokens", 600_000, 80_000, 520_000),
    ("004", "Relay A", 120_000, 115_000, 5_000),
];

/// A price list: model, its name in the price book, what all articles say that the gateway takes,
/// and what each says that the maker takes, in cents for a million tokens.
pub(super) type PriceList = (
    &'static str,
    &'static str,
    u64,
    &'static [(&'static str, u64)],
);

pub(super) const PRICES: [PriceList; 4] = [
    (
        "GPT-4.1",
        "gpt-4.1",
        800,
        &[
            ("000", 800),
            ("001", 6_000),
            ("002", 6_000),
            ("003", 6_000),
            ("004", 800),
        ],
    ),
    (
        "Claude Sonnet 4.5",
        "claude-sonnet-4.5",
        1_500,
        &[
            ("000", 1_500),
            ("001", 1_800),
            ("002", 4_500),
            ("003", 4_500),
            ("004", 1_500),
        ],
    ),
    (
        "Gemini 2.5 Flash",
        "gemini-2.5-flash",
        250,
        &[("000", 250), ("001", 125), ("003", 750), ("004", 250)],
    ),
    (
        "DeepSeek V3.2",
        "deepseek-v3.2",
        42,
        &[("000", 42), ("003", 250), ("004", 42)],
    ),
];

/// The downtime table of article 004: what, cents in a month, hours down.
pub(super) const DOWNTIME: [(&str, u64, u64); 3] = [
    ("direct", 120_000, 8),
    ("relay A", 115_000, 12),
    ("gateway", 120_000, 0),
];

const NANOS_A_CENT: u64 = 10_000_000;
