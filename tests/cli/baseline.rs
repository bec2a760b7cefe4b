//! `run --baseline`: a run against an earlier result, and exit code 5.

use snapbox::str;

use crate::{Project, scenario, stderr, stdout};

/// A third of the answers of one provider are errors.
fn project() -> Project {
    let faults = "faults:\n  flaky: { target: main, inject: 503, rate: 30% }\n";
    let expect = "  priority-fallback: [ success_rate >= 90% ]\n";
    let text = scenario("flaky", "no-failover, priority-fallback", faults, expect);
    let project = Project::new().with("scenarios/flaky.yaml", &text);
    project.firedrill("run --seeds 4 --out before").code(0);
    project
}

const WORSE: &str = "run --seeds 4 --set faults.flaky.rate=40%";

#[test]
fn an_unchanged_run_differs_by_nothing_and_holds() {
    let told = project().firedrill("run --seeds 4 --baseline before");
    let told = told.code(0).stderr_eq("");
    told.stdout_eq(str![[r#"
+ flaky   4 seeds x 1m   140 calls per run   all faults fired
  policy             success  uptime  p95 ok  ttft p95  att/call  $/1k ok  waste
  no-failover         72.32%    0.0%    1.8s         -      1.00     1.16   0.0%
    change             0.00%    0.0%     0ms         -      0.00     0.00   0.0%
    38.8 failed per run: 38.8 exhausted
    failover_time(flaky): not over after 1.0m
+ priority-fallback  100.00%  100.0%    1.9s         -      1.28     1.14   0.0%
    change             0.00%    0.0%     0ms         -      0.00     0.00   0.0%
    attempts: main 78.3%, backup 21.7%
  change: against the baseline; ? cannot be told apart
  no-failover, tenths of calls that failed over time (. none, X all):
  44233322524543323422232542643323636333243.343342212453433335
holds  1 expectation

"#]]);
}

#[test]
fn what_is_worse_than_the_baseline_beyond_its_margin_exits_with_5() {
    let project = project();
    let told = project.firedrill(&format!("{WORSE} --baseline before/flaky.json"));
    let told = told.code(5).stderr_eq(str![[r#"
worse than the baseline: flaky no-failover: success_rate was 72.52%, is 62.78% (-9.74pp)

"#]]);
    told.stdout_eq(str![[r#"
+ flaky   4 seeds x 1m   140 calls per run   all faults fired
  policy            success  uptime   p95 ok  ttft p95  att/call  $/1k ok  waste
  no-failover        62.68%    0.0%     1.9s         -      1.00     1.16   0.0%
    change           -9.74%    0.0%    -5ms?         -      0.00   +0.00?   0.0%
    52.3 failed per run: 52.3 exhausted
    failover_time(flaky): not over after 1.0m
+ priority-fallba~  100.00%  100.0%     2.0s         -      1.37     1.14   0.0%
    change            0.00%    0.0%  +127ms?         -     +0.10     0.00   0.0%
    attempts: main 72.8%, backup 27.2%
  change: against the baseline; ? cannot be told apart
  no-failover, tenths of calls that failed over time (. none, X all):
  765434436445436434322445437555368363353632543443333453653335
holds  1 expectation

"#]]);
    let margins = "--margin success_rate=20% --margin cost_per_success=0.001USD";
    let told = project.firedrill(&format!(
        "{WORSE} --baseline before --margin latency.p95=1s {margins}"
    ));
    told.code(0);
    let told = project.firedrill(&format!(
        "{WORSE} --baseline before --margin success_rate=5%"
    ));
    let told = stderr(told.code(5).get_output());
    assert!(told.contains("beyond its margin of 5.00pp"), "{told}");
}

#[test]
fn pages_and_documents_hold_the_differences() {
    let project = project();
    let words = format!("{WORSE} --baseline before --format md");
    let page = stdout(&project.output(&words));
    assert!(page.contains("## Against the baseline"), "{page}");
    assert!(page.contains("### no-failover"), "{page}");
    let document = project.output(&format!("{WORSE} --baseline before --format json"));
    let document: serde_json::Value = serde_json::from_str(&stdout(&document)).expect("JSON");
    let measure = &document["baseline"][0]["measures"][0];
    assert_eq!(
        (&measure["name"], &measure["finding"]),
        (&"success_rate".into(), &"worse".into())
    );
    std::fs::write(project.path("b.json"), document.to_string()).expect("written");
    project.firedrill("merge b.json").code(0);
}

#[test]
fn what_has_no_baseline_is_not_green() {
    let project = project();
    let told = project.firedrill("run --seeds 2 --policy resilient --baseline before");
    let told = stderr(told.code(3).get_output());
    let expected = "not compared: `before` has no result of flaky resilient";
    assert!(told.contains(expected), "{told}");
    for (words, part) in [
        ("--baseline scenarios", "it holds no result"),
        ("--baseline none.json", "there is no such file"),
        ("--margin success_rate=1%", "--baseline"),
        (
            "--baseline before --margin succes_rate=1%",
            "did you mean `success_rate`?",
        ),
        (
            "--baseline before --margin latency.p95=1",
            "write a length of time",
        ),
    ] {
        let told = project.firedrill(&format!("run {words}")).code(2);
        let told = stderr(told.get_output());
        assert!(told.contains(part), "{words}: {told}");
    }
}
