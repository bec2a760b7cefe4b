//! The money and the latency of five articles on failover, computed again from the inputs that they
//! state, and run.

mod chain;
mod others;
mod rows;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use firedrill::prices;
use rows::{DOWNTIME, PRICES, bill, claims, saving, usd};

fn document() -> String {
    let mut text = HEAD.to_owned();
    text.extend(claims().iter().map(rows::Claim::line));
    text += &price_lists();
    text += &downtime();
    text += &chain::section();
    text + NOT_COMPUTED
}

/// What the articles call official, model by model, beside the dated price book.
fn price_lists() -> String {
    let mut text = PRICE_LISTS.to_owned();
    for (model, name, gateway, official) in PRICES {
        let mut stated: Vec<u64> = official.iter().map(|(_, price)| *price).collect();
        stated.sort_unstable();
        stated.dedup();
        let articles = |price: &u64| {
            let named = official.iter().filter(|(_, other)| other == price);
            Vec::from_iter(named.map(|(article, _)| *article)).join(", ")
        };
        let official = stated
            .iter()
            .map(|price| format!("{} ({})", usd(*price), articles(price)));
        let official = Vec::from_iter(official).join("; ");
        let verdict = match stated.len() {
            1 => "agree",
            _ => "**contradict each other**",
        };
        let book = prices::price_of(name).expect(name);
        let (input, output) = (book.input.usd(), book.output.usd());
        let gateway = usd(gateway);
        let _ = writeln!(
            text,
            "| {model} | {gateway} | {official} | {verdict} | {input} in, {output} out |"
        );
    }
    text
}

/// The table of article 004 with what it implies: `firedrill roi` computes the same (`src/roi`).
fn downtime() -> String {
    let mut text = DOWNTIME_HEAD.to_owned();
    let (_, direct, direct_down) = DOWNTIME[0];
    for (place, (what, bill, down)) in DOWNTIME.into_iter().enumerate() {
        let up = ((720 - down) * 10_000 + 360) / 720;
        let cheaper = match (direct.checked_sub(bill), direct_down.checked_sub(down)) {
            _ if place == 0 => "-".to_owned(),
            (Some(saved), None) => format!("< {}", usd(saved / (down - direct_down))),
            (Some(0), Some(1..)) => format!("> {}", usd(0)),
            other => panic!("the articles have no such way: {other:?}"),
        };
        let (whole, part) = (up / 100, up % 100);
        let bill = usd(bill);
        let _ = writeln!(
            text,
            "| {what} | {bill} | {down} h | {whole}.{part:02}% | {cheaper} |"
        );
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
    assert_eq!(text.matches(CONTRADICTS).count(), CONTRADICTIONS, "{text}");
}

#[test]
fn a_discount_of_85_per_cent_and_the_price_list_cannot_both_be_right() {
    assert_eq!(bill(10, 800), 8_000, "the price list of article 001");
    assert_eq!(bill(10, 6_000) * 15 / 100, 9_000, "its discount");
    assert_eq!(saving(6_000, 800), 867);
}

const CONTRADICTIONS: usize = 25;

const CONTRADICTS: &str = "**contradict";

const HEAD: &str = "\
# The money of the articles

Every price and saving that the five articles claim, computed again from the inputs that they
state, with the arithmetic of the reports. A test generates this page. No article counts retries,
failed attempts, health checks, or answers from a dearer model: `firedrill roi` does. A price here
is one number for all tokens, as the articles have it; real lists tell prompt and output apart.

| article | claim | inputs | claimed | computed | verdict |
| --- | --- | --- | --: | --: | --- |
";

const PRICE_LISTS: &str = "
## The price lists

USD for a million tokens. All five articles give the same prices for their gateway, and different
ones for the model's maker. The last column is Firedrill's own price book.

| model | gateway | official, by article | verdict | genai-prices v2, 2026-08-21 |
| --- | --- | --- | --- | --- |
";

const DOWNTIME_HEAD: &str = "
## The downtime of article 004

It lists bills and hours down side by side, and never sets one against the other. A relay that saves
50.00 USD and is down for 4 hours more is cheaper only if an hour costs less than 12.50 USD.

| way | bill of a month | down | up | cheaper than direct if an hour down is |
| --- | --: | --: | --: | --- |
";

const NOT_COMPUTED: &str = "
## What cannot be computed

- Article 001: \"break-even in one to two weeks\". It states no cost of the integration.
- Article 004: 8 and 12 hours down. It states no source, and no rate of calls.
- Article 004: Kimi at 15 CNY. It states no other price of the model to compare with.
";
