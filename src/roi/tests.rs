//! Months computed by hand.

use super::observed::{Measured, Provider};
use super::rows::ROWS;
use super::*;
use crate::prices::Price;
use crate::report::{Fate, Ledger, Ratio, Tokens, ValueFormat};

/// A thousand calls of 1,000 prompt and 100 output tokens each, under three policies: one loses
/// every tenth, one sends these to a backup at twice the price, one answers none.
fn observed() -> Observed {
    let usd = |text| Money::parse_usd(text).unwrap();
    let provider = |name: &str, input, output| Provider {
        name: name.to_owned(),
        model: format!("{name}-1"),
        price: Price {
            input: usd(input),
            cached: usd(input),
            output: usd(output),
            source: "a contract, 2026-11-01".to_owned(),
        },
    };
    let ledger = |parts: &[(Fate, u64, u64)]| {
        let mut ledger = Ledger::default();
        for (fate, input, output) in parts {
            let mut tokens = Tokens::default();
            (tokens.input, tokens.output) = (input * 1_000, output * 1_000);
            ledger.add(*fate, tokens);
        }
        ledger
    };
    let policy = |name: &str, succeeded, down, ledgers: [Ledger; 2]| Measured {
        name: name.to_owned(),
        calls: 1_000,
        succeeded,
        down: Ratio::share(down, 10).unwrap(),
        ledgers: ledgers.to_vec(),
    };
    let primary = (Fate::Delivered, 900_000, 90_000);
    Observed {
        scenario: "outage".to_owned(),
        seeds: "1..20".to_owned(),
        providers: vec![provider("openai", "2", "8"), provider("backup", "4", "16")],
        policies: vec![
            policy(
                "no-failover",
                900,
                1,
                [ledger(&[primary]), Ledger::default()],
            ),
            policy(
                "resilient",
                1_000,
                0,
                [
                    ledger(&[primary, (Fate::Failed, 100_000, 0)]),
                    ledger(&[(Fate::Delivered, 100_000, 10_000)]),
                ],
            ),
            policy("broken", 0, 10, [Ledger::default(); 2]),
        ],
    }
}

fn assumed(change: impl FnOnce(&mut Written)) -> Assumptions {
    let mut written = Written {
        volume: Some("1M/month".to_owned()),
        downtime: Some("400 USD/h".to_owned()),
        integration: Some("12_000 USD".to_owned()),
        ..Written::default()
    };
    change(&mut written);
    Assumptions::new(&written, None).unwrap()
}

fn roi(change: impl FnOnce(&mut Written)) -> Roi {
    Roi::new(&observed(), &assumed(change)).unwrap()
}

/// The cells of one row, by policy.
fn cells(roi: &Roi, key: &str) -> Vec<String> {
    let row = ROWS.iter().find(|row| row.key == key).expect(key);
    roi.months
        .iter()
        .map(|month| (row.value)(month).shown())
        .collect()
}

#[test]
fn a_month_is_what_was_computed_by_hand() {
    let roi = roi(|_| ());
    for (key, expected) in [
        ("lost_calls", ["100,000", "0", "1,000,000"]),
        ("answered", ["90.00%", "100.00%", "0.00%"]),
        ("hours_down", ["72.00", "0.00", "720.00"]),
        ("billed", ["2,520.00", "3,280.00", "0.00"]),
        ("billed_for_answers", ["2,520.00", "3,080.00", "0.00"]),
        ("billed_for_retries", ["0.00", "200.00", "0.00"]),
        ("failover_surcharge", ["0.00", "280.00", "0.00"]),
        // 0.0076 USD each: what each of 100 further answers costs under `resilient`.
        ("lost_calls_cost", ["760.00", "0.00", "7,600.00"]),
        ("downtime_cost", ["28,800.00", "0.00", "288,000.00"]),
        ("all_in", ["32,080.00", "3,280.00", "295,600.00"]),
        ("billed_per_1k_answers", ["2.80", "3.28", "-"]),
        ("all_in_per_1k_answers", ["35.64", "3.28", "-"]),
        ("saving", ["-", "28,800.00", "-263,520.00"]),
        ("payback_months", ["-", "0.4 months", "never"]),
        ("break_even", ["-", "> 0.00", "at no price"]),
    ] {
        assert_eq!(cells(&roi, key), expected, "{key}");
    }
}

#[test]
fn a_policy_does_not_look_cheap_because_it_fails() {
    let roi = roi(|all| all.downtime = None);
    let totals: Vec<u128> = roi.months.iter().map(Month::total).collect();
    assert!(
        totals[0] >= totals[1] && totals[2] >= totals[1],
        "losing calls is cheaper: {totals:?}"
    );
    let warned = |part: &str| roi.warnings.iter().any(|text| text.contains(part));
    assert!(warned(
        "`no-failover` bills 760.00 USD less than `resilient`, and loses 100,000 more calls a \
         month: it saves 0.0076 USD for each"
    ));
    assert!(warned("`broken` bills 3,280.00 USD less than `resilient`"));
    assert!(!warned("looks cheap"));
    let free = self::roi(|all| all.lost_call = Some("0 USD".to_owned()));
    assert!(
        free.warnings
            .iter()
            .any(|text| text.contains("looks cheap"))
    );
}

#[test]
fn only_the_exposed_part_of_the_month_goes_as_in_the_scenario() {
    let roi = roi(|all| all.exposure = Some("10%".to_owned()));
    // 900,000 calls at 0.0028 USD, and 100,000 as above.
    assert_eq!(cells(&roi, "billed"), ["2,772.00", "2,848.00", "2,520.00"]);
    assert_eq!(cells(&roi, "lost_calls"), ["10,000", "0", "100,000"]);
    assert_eq!(cells(&roi, "hours_down"), ["7.20", "0.00", "72.00"]);
    assert!(!roi.warnings.iter().any(|text| text.contains("--exposure")));
}

#[test]
fn a_volume_of_tokens_is_so_many_answers_of_the_mean_length() {
    let roi = roi(|all| all.volume = Some("1_100M tok/month".to_owned()));
    assert_eq!(cells(&roi, "calls"), ["1,000,000"; 3]);
}

#[test]
fn a_policy_that_is_down_for_longer_is_worth_it_only_below_a_price() {
    let roi = roi(|all| {
        all.baseline = Some("resilient".to_owned());
        all.lost_call = Some("0.001 USD".to_owned());
    });
    // It saves 660 USD, and is down for 72 hours more.
    assert_eq!(cells(&roi, "break_even"), ["< 9.17", "-", "< 3.17"]);
}

#[test]
fn amounts_beyond_any_budget_are_shown_in_full_and_no_payback_is_at_once() {
    let roi = roi(|all| {
        all.volume = Some("999_999_999_999_000/month".to_owned());
        all.lost_call = Some("1_000_000 USD".to_owned());
        all.integration = None;
    });
    let lost = cells(&roi, "lost_calls_cost");
    assert_eq!(lost[0], "99,999,999,999,900,000,000.00");
    assert_eq!(cells(&roi, "payback_months")[1], "at once");
}

#[test]
fn the_downtime_of_article_004_breaks_even_at_the_price_of_an_hour() {
    // 50M tokens a month at 24 and 23 USD for a million; 8, 12 and 0 hours down.
    let way = |name: &str, price: &str, down| {
        let mut observed = observed();
        let tokens = Tokens {
            output: 50_000_000_000,
            ..Tokens::default()
        };
        let mut ledger = Ledger::default();
        ledger.add(Fate::Delivered, tokens);
        let mut provider = observed.providers.remove(0);
        provider.name = name.to_owned();
        provider.price.output = Money::parse_usd(price).unwrap();
        let down = Ratio::share(down, 720).unwrap();
        (provider, name.to_owned(), down, ledger)
    };
    let ways = [
        way("direct", "24", 8),
        way("relay", "23", 12),
        way("gateway", "24", 0),
    ];
    let ledgers = |own: usize| {
        let all = ways.iter().enumerate();
        let all = all.map(|(place, way)| {
            if place == own {
                way.3
            } else {
                Ledger::default()
            }
        });
        all.collect()
    };
    let policies = ways.iter().enumerate().map(|(place, way)| Measured {
        name: way.1.clone(),
        calls: 1_000,
        succeeded: 1_000,
        down: way.2,
        ledgers: ledgers(place),
    });
    let observed = Observed {
        policies: policies.collect(),
        providers: ways.iter().map(|way| way.0.clone()).collect(),
        ..observed()
    };
    let assumed = assumed(|all| {
        all.volume = Some("1_000/month".to_owned());
        all.downtime = None;
        all.integration = None;
    });
    let roi = Roi::new(&observed, &assumed).unwrap();
    assert_eq!(cells(&roi, "billed"), ["1,200.00", "1,150.00", "1,200.00"]);
    assert_eq!(cells(&roi, "hours_down"), ["8.00", "12.00", "0.00"]);
    assert_eq!(cells(&roi, "saving"), ["-", "50.00", "0.00"]);
    assert_eq!(cells(&roi, "break_even"), ["-", "< 12.50", "> 0.00"]);
}

#[test]
fn every_assumption_is_listed_with_its_source() {
    let roi = roi(|_| ());
    let listed = |name: &str| {
        let mut all = roi.assumptions.iter();
        let found = all.find(|one| one.name.starts_with(name)).expect(name);
        (found.value.as_str(), found.source.as_str())
    };
    assert_eq!(listed("volume"), ("1,000,000 calls", "--volume"));
    assert_eq!(listed("a month"), ("30 days, 720 hours", "convention"));
    assert_eq!(listed("baseline"), ("no-failover", "default"));
    assert_eq!(listed("primary"), ("openai", "default"));
    assert_eq!(listed("integration"), ("12000 USD", "--integration"));
    let (value, source) = listed("a lost call");
    assert_eq!(value, "0.0076 USD");
    assert!(source.starts_with("default: the dearest answer"));
    let (value, source) = listed("backup, backup-1");
    assert_eq!(value, "4 in, 4 cached, 16 out (USD)");
    assert_eq!(source, "a contract, 2026-11-01");
}

#[test]
fn what_is_not_in_the_result_is_an_error_with_what_is() {
    let error = |change: fn(&mut Written)| Roi::new(&observed(), &assumed(change)).unwrap_err();
    let unknown = error(|all| all.baseline = Some("resilent".to_owned()));
    assert_eq!(unknown.message, "the result has no policy `resilent`");
    assert!(unknown.hint.contains("`resilient`"), "{unknown:?}");
    let unknown = error(|all| all.primary = Some("kimi".to_owned()));
    assert_eq!(unknown.hint, "it has `openai`, `backup`");
}

#[test]
fn all_formats_hold_the_same_figures() {
    let roi = roi(|_| ());
    insta::assert_snapshot!("month_text", roi.render(ValueFormat::Table));
    insta::assert_snapshot!("month_markdown", roi.render(ValueFormat::Markdown));
    let json = roi.json();
    assert_eq!(json["policies"][1]["all_in"], "3280");
    assert_eq!(json["policies"][1]["payback_months"], 0.417);
    assert_eq!(json["policies"][1]["break_even"], "above 0");
    assert_eq!(json["policies"][0]["saving"], serde_json::Value::Null);
    let csv = roi.render(ValueFormat::Csv);
    assert!(csv.contains("outage,resilient,saving,28800,\n"), "{csv}");
    // The assumptions stand beside the figures in every format.
    for one in json["assumptions"].as_array().expect("a list") {
        let [name, value, source] = ["name", "value", "source"].map(|key| one[key].as_str());
        let (name, source) = (name.expect("a name"), source.expect("a source"));
        let row = csv
            .lines()
            .find(|row| row.contains(&format!("assumption: {name}")));
        let row = row.unwrap_or_else(|| panic!("{name} is missing in {csv}"));
        assert!(row.contains(value.expect("a value")), "{row}");
        assert!(row.contains(source), "{row}");
    }
}
