//! Figures of the articles that stand in no table of prices.

use super::rows::{Claim, Unit, bill, claim, saving};

/// A figure: article, what, inputs, claimed and computed, unit.
type Row = (&'static str, &'static str, &'static str, (u64, u64), Unit);

/// What is not in a table of an article: article, what, inputs, claimed, computed.
pub(super) fn others() -> Vec<Claim> {
    let rows = [bills(), hours(), chain_of_004()].into_iter().flatten();
    rows.map(|(article, what, inputs, figures, unit)| {
        claim(article, what, inputs.to_owned(), figures, unit)
    })
    .collect()
}

/// Bills and prices.
fn bills() -> Vec<Row> {
    let year = (bill(100, 6_000) - bill(100, 800)) * 12;
    vec![
        (
            "001",
            "saving of the chatbot, in the text",
            "600.00 USD less 90.00 USD",
            (60_000, 51_000),
            Unit::Cents,
        ),
        (
            "001",
            "saving as a part of a salary",
            "600.00 USD of 8000.00 USD",
            (75, 1_000 * 600 / 8_000),
            Unit::PerMille,
        ),
        (
            "003",
            "saving in a year",
            "12 months",
            (6_240_000, year),
            Unit::Cents,
        ),
        (
            "004",
            "API costs in a month",
            "50M tokens at the dearest list price, 15.00 USD",
            (120_000, bill(50, 1_500)),
            Unit::Cents,
        ),
        (
            "004",
            "GPT-4.1, price of 1M tokens",
            "its benchmark: 8.00 USD for 1K tokens",
            (800, 800 * 1_000),
            Unit::Cents,
        ),
        (
            "004",
            "Gemini 2.5 Flash, price of 1M tokens",
            "its benchmark, 2.0 Flash: 2.50 USD for 1K tokens",
            (250, 250 * 1_000),
            Unit::Cents,
        ),
        (
            "004",
            "DeepSeek V3.2, price of 1M tokens",
            "its benchmark: 0.42 USD for 1K tokens",
            (42, 42 * 1_000),
            Unit::Cents,
        ),
    ]
}

/// Hours down, hours of work, and what a gateway saves by itself.
fn hours() -> Vec<Row> {
    // Tenths of an hour, of a month of 30 days.
    let down = |per_mille: u64| (720 * 10 * per_mille + 500) / 1_000;
    vec![
        (
            "004",
            "hours down in a month, direct",
            "its benchmark: 94.2% of the calls to GPT-4.1 succeed",
            (80, down(58)),
            Unit::Hours,
        ),
        (
            "004",
            "hours down in a month, gateway",
            "its own uptime of 99.7%",
            (0, down(3)),
            Unit::Hours,
        ),
        (
            "004",
            "less work on fallbacks",
            "6 h to 0 h",
            (900, saving(6, 0)),
            Unit::PerMille,
        ),
        (
            "004",
            "saving of the gateway",
            "direct 1200.00 USD less 1200.00 USD",
            (0, 0),
            Unit::Cents,
        ),
    ]
}

/// The latency and the failures of the chain of article 004.
fn chain_of_004() -> Vec<Row> {
    // 94.2 % answered by the first model, all others by the fastest.
    let chain = (942 * 1_247 + 58 * 312 + 500) / 1_000;
    // All four fail, each on its own: 5.8 %, 1.3 %, 0.9 %, 2.5 % of a million.
    let all_fail = 1_000_000 * 58 * 13 * 9 * 25 / 1_000_u64.pow(4);
    vec![
        (
            "004",
            "mean latency of the chain, at least",
            "94.2% at 1247 ms, the rest at the fastest, 312 ms",
            (289, chain),
            Unit::Ms,
        ),
        (
            "004",
            "mean latency of any chain, at least",
            "the fastest of its models, Gemini 2.0 Flash",
            (289, 312),
            Unit::Ms,
        ),
        (
            "004",
            "p95 latency of the chain, at least",
            "the lowest p95 of its models, Gemini 2.0 Flash",
            (520, 580),
            Unit::Ms,
        ),
        (
            "004",
            "Gemini, \"really below 50 ms\"",
            "mean in its benchmark",
            (50, 312),
            Unit::Ms,
        ),
        (
            "004",
            "DeepSeek, \"really below 50 ms\"",
            "mean in its benchmark",
            (50, 425),
            Unit::Ms,
        ),
        (
            "004",
            "failed calls of a million (99.7%)",
            "all four models fail, each on its own",
            (3_000, all_fail),
            Unit::Calls,
        ),
    ]
}
