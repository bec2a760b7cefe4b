//! The claim of article 004 on latency, run: `scenarios/articles/chain-latency.yaml`.

use std::fmt::Write as _;

use firedrill::drill::Drill;
use firedrill::report::{Format, Verdict};
use serde_json::Value;

/// The section of the document: what each order of the models comes to.
pub(super) fn section() -> String {
    let drill = Drill::load(SCENARIO).unwrap_or_else(|problem| panic!("{problem}"));
    let report = drill.run();
    assert_eq!(
        report.verdict(),
        Verdict::Holds,
        "{}",
        report.render(Format::Table, false)
    );
    let result: Value = serde_json::from_str(&report.render(Format::Json, false)).expect("JSON");
    let mut text = HEAD.to_owned();
    for (policy, what) in ORDERS {
        let measure = |name: &str| {
            let value = result["policies"][policy]["measures"][name]["value"].as_f64();
            value.unwrap_or_else(|| panic!("{policy}: no {name}"))
        };
        let (mean, p95) = (measure("latency.mean"), measure("latency.p95"));
        let success = measure("success_rate") * 100.0;
        let _ = writeln!(
            text,
            "| {what} | `{policy}` | {mean:.0} ms | {p95:.0} ms | {success:.1}% |"
        );
    }
    text
}

const SCENARIO: &str = "scenarios/articles/chain-latency.yaml";

/// Policies of the scenario, and what they stand for.
const ORDERS: [(&str, &str); 4] = [
    ("004-chain-intended", "the chain, GPT-4.1 first"),
    ("no-failover", "GPT-4.1 alone"),
    ("round-robin", "all four in turns"),
    ("fastest-first", "the fastest first"),
];

const HEAD: &str = "
## The chain of article 004, run

Its benchmark has a mean of 289 ms, a p95 of 520 ms and 99.7% for a chain that begins at GPT-4.1,
whose mean is 1247 ms in the same table. `scenarios/articles/chain-latency.yaml` gives each model
the mean, p95 and success rate of that table, and lets errors come at once, which is the best for a
chain. 289 ms cannot be: 94.2% of the calls are answered by GPT-4.1 and take its time, and a chain
is never faster than its fastest model (312 ms), in whichever order it asks. With failures that are
independent it loses less than one call in a million; 99.7% means that models fail together, and
then the chain is slower still.

| order | policy | mean | p95 | success |
| --- | --- | --: | --: | --: |
| claimed | | 289 ms | 520 ms | 99.7% |
";
