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
  0s        10s       20s       30s       40s       50s
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
  0s        10s       20s       30s       40s       50s
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
fn margins_of_the_scenario_count_unless_the_command_line_has_others() {
    let project = project();
    let own = project.text("scenarios/flaky.yaml");
    let run = |margins: &str, words: &str| {
        std::fs::write(project.path("scenarios/flaky.yaml"), own.clone() + margins)
            .expect("a file");
        project.firedrill(&format!("{WORSE} --baseline before {words}"))
    };
    let wide = "margins: { success_rate: 20%, attempts_per_call: 0.2, failover_time: 1m }\n";
    run(wide, "").code(0);
    run(wide, "--margin success_rate=5%").code(5);
    let told = run("margins: { success_rate: 5%, attempts_per_call: 5% }\n", "");
    let told = stderr(told.code(5).get_output());
    for part in ["beyond its margin of 5.00pp", "beyond its margin of 0.06"] {
        assert!(told.contains(part), "{told}");
    }
}

const WRONG_MARGINS: &str = "margins:
  succes_rate: 5%
  calls: 5
  latency p95: 200ms
  latency.p50: 3
  uptime: 0.5
  recovery_time(mian): 9s
  goodput of chat: 1/s
";

#[test]
fn a_margin_that_can_never_be_beyond_is_told() {
    let project = project();
    let text = project.text("scenarios/flaky.yaml") + WRONG_MARGINS;
    let project = project.with("scenarios/flaky.yaml", &text);
    let told = project.firedrill("run --baseline before").code(2);
    told.stdout_eq("").stderr_eq(str![[r#"
error: there is no measure `succes_rate`
  --> scenarios/flaky.yaml:18:3
   |
18 |   succes_rate: 5%
   |   ^^^^^^^^^^^
   |
   = help: did you mean `success_rate`?

error: no value of `calls` is worse than another
  --> scenarios/flaky.yaml:19:3
   |
19 |   calls: 5
   |   ^^^^^
   |
   = help: leave it out: a margin is for a measure of which more, or less, is better

error: there is no measure `latency p95`
  --> scenarios/flaky.yaml:20:3
   |
20 |   latency p95: 200ms
   |   ^^^^^^^^^^^
   |
   = help: write `latency.p95`

error: `latency.p50` is not measured in this unit
  --> scenarios/flaky.yaml:21:16
   |
21 |   latency.p50: 3
   |                ^
   |
   = help: write a length of time, such as `2.5s` or `800ms`, or a share of the baseline's value, such as `5%`

error: `uptime` is not measured in this unit
  --> scenarios/flaky.yaml:22:11
   |
22 |   uptime: 0.5
   |           ^^^
   |
   = help: write percentage points, as in `0.5%`

error: unknown provider `mian`
  --> scenarios/flaky.yaml:23:17
   |
23 |   recovery_time(mian): 9s
   |                 ^^^^
   |
   = help: did you mean `main`?

error: a margin is for all calls
  --> scenarios/flaky.yaml:24:11
   |
24 |   goodput of chat: 1/s
   |           ^^^^^^^
   |
   = help: write `goodput`

"#]]);
}

#[test]
fn a_margin_of_what_no_result_has_is_told() {
    let unmet = project();
    unmet.firedrill("run --seed 1 --out before").code(0);
    let told = unmet.firedrill("run --seed 1 --baseline before --margin alerts(x)=1");
    told.code(2);
    let told = unmet.firedrill("run --seed 1 --baseline before --margin cost(main)=1USD");
    let told = stderr(told.code(3).get_output());
    assert!(
        told.contains("has no result of cost(main) of flaky no-failover"),
        "{told}"
    );
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
