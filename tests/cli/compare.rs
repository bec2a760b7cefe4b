//! `firedrill compare`: what differs between two results, and whether the seeds can tell.

use snapbox::str;

use crate::{Project, scenario, stdout};

/// A third of the answers of one provider are errors; one policy asks another provider then.
fn flaky() -> String {
    let faults = "faults:\n  flaky: { target: main, inject: 503, rate: 30% }\n";
    let expect = "  priority-fallback: [ success_rate >= 90% ]\n";
    scenario("flaky", "no-failover, priority-fallback", faults, expect)
}

/// With the results of these runs of one scenario, by file.
fn project(runs: &[(&str, &str)]) -> Project {
    let project = Project::new().with("scenarios/flaky.yaml", &flaky());
    for (name, words) in runs {
        let text = stdout(&project.output(&format!("run --format json {words}")));
        std::fs::write(project.path(name), text).expect("written");
    }
    project
}

#[test]
fn two_policies_of_one_result_are_told_apart_and_their_calls_counted() {
    let project = project(&[("a.json", "--seeds 6")]);
    let told = project
        .firedrill("compare a.json --policies no-failover,priority-fallback")
        .code(0)
        .stderr_eq("");
    told.stdout_eq(str![[r#"
flaky   6 seeds, paired
  A  no-failover
  B  priority-fallback
  measure                       A             B          B - A                      95 % of it
+ success_rate             72.69%       100.00%       +27.31pp            +25.50pp to +29.12pp
+ uptime                    0.00%       100.00%      +100.00pp          +100.00pp to +100.00pp
x latency.p50               872ms         934ms          +62ms                  +34ms to +89ms
x latency.p95                1.7s          1.8s         +114ms                 +25ms to +202ms
x attempts_per_call          1.00          1.27          +0.27                  +0.26 to +0.29
= wasted_share              0.00%         0.00%         0.00pp                0.00pp to 0.00pp
? cost_per_success   0.001155 USD  0.001142 USD  -0.000013 USD  -0.000036 USD to +0.000011 USD
  B is: + better, x worse, = same, ? cannot be told apart
  also apart: succeeded, goodput, outages, outage_longest and 15 more (`--all` shows them)
  of 812 calls, B saved 223 that A lost, and lost 0 that A answered

"#]]);
}

#[test]
fn a_result_differs_from_itself_by_exactly_nothing() {
    let project = project(&[("a.json", "--seeds 3"), ("b.json", "--seeds 3")]);
    let told = stdout(&project.output("compare a.json b.json --all --format json"));
    let told: serde_json::Value = serde_json::from_str(&told).expect("JSON");
    for comparison in told.as_array().expect("one for each policy") {
        for measure in comparison["measures"].as_array().expect("measures") {
            assert_eq!(measure["finding"], "same", "{measure}");
            let difference = measure["difference"].as_f64();
            assert_eq!(difference, Some(0.0), "{measure}");
        }
        assert_eq!(comparison["calls"]["saved"], 0);
        assert_eq!(comparison["calls"]["lost"], 0);
    }
}

#[test]
fn what_is_within_the_luck_of_seeds_cannot_be_told_apart() {
    let project = project(&[("a.json", "--seeds 4")]);
    let words = "compare a.json --format md --measure success_rate --measure cost_per_success";
    let page = stdout(project.firedrill(words).code(0).stderr_eq("").get_output());
    let row = |name: &str| {
        let row = page
            .lines()
            .find(|line| line.starts_with(&format!("| {name} |")));
        row.expect("a row of this measure")
    };
    assert!(row("success_rate").ends_with("| better |"), "{page}");
    assert!(
        row("cost_per_success").ends_with("| cannot be told apart |"),
        "{page}"
    );
}

#[test]
fn one_seed_is_compared_call_by_call_and_other_seeds_as_other_calls() {
    let project = project(&[
        ("one.json", "--seed 1 --policy no-failover"),
        ("fallback.json", "--seed 1 --policy priority-fallback"),
        ("other.json", "--seed 2 --policy priority-fallback"),
    ]);
    let policies = "--policies no-failover,priority-fallback";
    let told = project.firedrill(&format!("compare one.json fallback.json {policies}"));
    told.code(0).stderr_eq("").stdout_eq(str![[r#"
flaky   1 seed
  A  one.json no-failover
  B  fallback.json priority-fallback
  measure                       A             B          B - A            95 % of it
+ success_rate             75.40%       100.00%       +24.60pp  +19.08pp to +24.60pp
? uptime                    0.00%       100.00%      +100.00pp                     -
? latency.p50               961ms         997ms          +36ms                     -
? latency.p95                1.7s          1.7s          +77ms                     -
? attempts_per_call          1.00          1.25          +0.25                     -
= wasted_share              0.00%         0.00%         0.00pp                     -
? cost_per_success   0.001129 USD  0.001150 USD  +0.000022 USD                     -
  B is: + better, ? too few seeds to tell, = same
  also apart: fallback_rate (`--all` shows them)
  of 126 calls, B saved 31 that A lost, and lost 0 that A answered
  note: one seed is in both: run more, as in `--seeds 20`, to tell

"#]]);
    let told = project.firedrill(&format!("compare one.json other.json {policies}"));
    told.code(0).stderr_eq("").stdout_eq(str![[r#"
flaky   not paired
  A  one.json no-failover
  B  other.json priority-fallback
  measure                       A             B          B - A            95 % of it
+ success_rate             75.40%       100.00%       +24.60pp  +17.28pp to +32.80pp
? uptime                    0.00%       100.00%      +100.00pp                     -
? latency.p50               961ms         926ms          -35ms                     -
? latency.p95                1.7s          1.8s         +155ms                     -
? attempts_per_call          1.00          1.27          +0.27                     -
= wasted_share              0.00%         0.00%         0.00pp                     -
? cost_per_success   0.001129 USD  0.001165 USD  +0.000037 USD                     -
  B is: + better, ? too few seeds to tell, = same
  also apart: fallback_rate (`--all` shows them)
  note: no seed is in both: rates are compared as of other calls

"#]]);
}

#[test]
fn what_cannot_be_compared_says_what_there_is() {
    let project = project(&[
        ("a.json", "--seed 1"),
        ("b.json", "--seed 1 --policy resilient"),
    ])
    .with("other.yaml", &flaky().replace("name: flaky", "name: other"));
    let other = stdout(&project.output("run other.yaml --seed 1 --format json"));
    std::fs::write(project.path("c.json"), other).expect("written");
    let told = |words: &str| {
        let told = project.firedrill(&format!("compare {words}"));
        let told = told.code(2).stdout_eq("");
        String::from_utf8(told.get_output().stderr.clone()).expect("UTF-8")
    };
    let all = [
        "b.json",
        "a.json --policies no-failover,resilient",
        "a.json b.json",
        "a.json b.json --policy resilient",
        "a.json c.json",
    ];
    let all = Vec::from_iter(all.map(told)).concat();
    snapbox::assert_data_eq!(
        all,
        str![[r#"
error: one result has no two sides to compare
  = help: name a second result, or two of its policies: resilient
error: no scenario of the result ran `no-failover` and `resilient`
  = help: name a second result, or two of its policies: no-failover, priority-fallback
error: `a.json` and `b.json` have no policy in common
  = help: the first has no-failover, priority-fallback; the second has resilient: name two with `--policies`
error: `a.json` and `b.json` do not both have `resilient`
  = help: the first has no-failover, priority-fallback; the second has resilient: name two with `--policies`
error: `a.json` and `c.json` are of different scenarios
  = help: compare results of scenarios of one name

"#]]
    );
    let told = told("a.json --measure sucess_rate");
    assert!(told.contains("did you mean `success_rate`?"), "{told}");
}
