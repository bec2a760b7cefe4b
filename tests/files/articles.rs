//! The money of five articles on failover, computed again from the inputs that they state.

use std::fs;
use std::path::Path;

use firedrill::prices::Price;
use firedrill::report::{Fate, Ledger, Tokens};
use firedrill::units::Money;

/// A figure of an article.
struct Claim {
    /// The article, by number.
    article: &'static str,
    what: String,
    inputs: String,
    claimed: u64,
    computed: u64,
    unit: Unit,
}

/// What a figure counts: cents, tenths of a per cent, or milliseconds.
#[derive(Clone, Copy)]
enum Unit {
    Cents,
    PerMille,
    /// As written `85%+`: this share or more.
    AtLeast,
    Ms,
}

impl Claim {
    fn shown(&self, value: u64) -> String {
        match self.unit {
            Unit::Cents => format!("{}.{:02} USD", value / 100, value % 100),
            Unit::PerMille | Unit::AtLeast => format!("{}.{}%", value / 10, value % 10),
            Unit::Ms => format!("{value} ms"),
        }
    }

    /// A twentieth of the claim, or a whole per cent, is rounding.
    fn verdict(&self) -> &'static str {
        let off = self.claimed.abs_diff(self.computed);
        let rounding = match self.unit {
            Unit::PerMille => off < 10,
            Unit::AtLeast => self.computed >= self.claimed,
            Unit::Cents | Unit::Ms => off * 20 <= self.claimed,
        };
        match (off, rounding) {
            (0, _) => "agrees",
            (_, true) => "agrees, rounded",
            (_, false) => "**contradicts**",
        }
    }
}

/// What so many million tokens cost, in cents, at a price in cents, by the ledger of reports.
fn bill(million: u64, price: u64) -> u64 {
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
fn saving(from: u64, to: u64) -> u64 {
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
const SAVINGS: [(&str, &str, u64, u64, u64); 9] = [
    ("000", "list price \"equal\", yet 85% saved", 800, 800, 850),
    ("001", "GPT-4.1, \"85%+\"", 6_000, 800, 850),
    ("001", "Claude Sonnet 4.5, \"85%+\"", 1_800, 1_500, 850),
    ("002", "GPT-4.1", 60_000, 8_000, 860),
    ("002", "Claude", 45_000, 15_000, 660),
    ("003", "GPT-4.1", 6_000, 800, 867),
    ("003", "Claude Sonnet 4.5", 4_500, 1_500, 667),
    ("003", "Gemini 2.5 Flash", 750, 250, 667),
    ("003", "DeepSeek V3.2", 250, 42, 832),
];

/// An article, and the price that it names.
type Priced = (&'static str, u64);

/// The same model's "official" price of a million tokens in two articles: what, which, cents.
const OFFICIAL: [(&str, Priced, Priced); 5] = [
    ("GPT-4.1", ("000", 800), ("001", 6_000)),
    ("GPT-4.1", ("004", 800), ("003", 6_000)),
    ("Claude Sonnet 4.5", ("000", 1_500), ("001", 1_800)),
    ("Claude Sonnet 4.5", ("002", 4_500), ("001", 1_800)),
    ("Gemini 2.5 Flash", ("003", 750), ("000", 250)),
];

fn usd(cents: u64) -> String {
    format!("{}.{:02} USD", cents / 100, cents % 100)
}

fn claim(
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

fn claims() -> Vec<Claim> {
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
    for (what, (article, claimed), (other, price)) in OFFICIAL {
        let inputs = format!("\"official\" in article {other}");
        let what = format!("{what}, official, per Mtok");
        all.push(claim(article, &what, inputs, (claimed, price), Unit::Cents));
    }
    all.extend(others());
    all
}

/// What is not in a table of an article.
fn others() -> Vec<Claim> {
    let mut all = Vec::new();
    let year = (bill(100, 6_000) - bill(100, 800)) * 12;
    all.push(claim(
        "003",
        "saving in a year",
        "12 months".to_owned(),
        (6_240_000, year),
        Unit::Cents,
    ));
    let inputs = "50M tokens at the dearest list price, 15.00 USD".to_owned();
    all.push(claim(
        "004",
        "API costs in a month",
        inputs,
        (120_000, bill(50, 1_500)),
        Unit::Cents,
    ));
    let inputs = "direct 1200.00 USD less 1150.00 USD".to_owned();
    all.push(claim(
        "004",
        "saving of the relay",
        inputs,
        (5_000, 120_000 - 115_000),
        Unit::Cents,
    ));
    // 94.2 % answered by the first model, all others by the fastest.
    let chain = (942 * 1_247 + 58 * 312 + 500) / 1_000;
    let inputs = "94.2% at 1247 ms, the rest at the fastest, 312 ms".to_owned();
    all.push(claim(
        "004",
        "mean latency of the chain, at least",
        inputs,
        (289, chain),
        Unit::Ms,
    ));
    all
}

fn document() -> String {
    let mut text = HEAD.to_owned();
    for claim in claims() {
        let (claimed, computed) = (claim.shown(claim.claimed), claim.shown(claim.computed));
        let (article, what, inputs) = (claim.article, &claim.what, &claim.inputs);
        let verdict = claim.verdict();
        text +=
            &format!("| {article} | {what} | {inputs} | {claimed} | {computed} | {verdict} |\n");
    }
    text
}

#[test]
fn what_the_articles_claim_is_computed_again_and_contradictions_are_told() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/articles-money.md");
    let text = document();
    if std::env::var_os("FIREDRILL_DOCS").is_some() {
        fs::write(&path, &text).expect("written");
    }
    let shown = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        shown == text,
        "docs/articles-money.md is not what the claims come to: \
         FIREDRILL_DOCS=write cargo test --test files articles\n{text}"
    );
    let all = claims();
    let count = |verdict| all.iter().filter(|one| one.verdict() == verdict).count();
    assert_eq!(count("**contradicts**"), CONTRADICTIONS, "{text}");
}

#[test]
fn a_discount_of_85_per_cent_and_the_price_list_cannot_both_be_right() {
    assert_eq!(bill(10, 800), 8_000, "the price list of article 001");
    assert_eq!(bill(10, 6_000) * 15 / 100, 9_000, "its discount");
    assert_eq!(saving(6_000, 800), 867);
}

const CONTRADICTIONS: usize = 13;

const NANOS_A_CENT: u64 = 10_000_000;

const HEAD: &str = "\
# The money of the articles

Every price and saving that the five articles claim, computed again from the inputs that they
state, with the arithmetic of the reports. A test generates this page. No article counts retries,
failed attempts, health checks, or answers from a dearer model: `firedrill roi` does. A price here
is one number for all tokens, as the articles have it; real lists tell prompt and output apart.

| article | claim | inputs | claimed | computed | verdict |
| --- | --- | --- | --: | --: | --- |
";
