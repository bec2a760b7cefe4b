//! `firedrill roi`: a result, scaled to a month.

use snapbox::str;

use crate::{Project, json, scenario, stdout};

/// The main provider is down for a third of the time.
fn project() -> Project {
    let faults = "faults:\n  main-down: { target: main, inject: outage, at: 20s, for: 20s }\n";
    let policies = "no-failover, priority-fallback";
    let expect = "  no-failover: [ success_rate >= 50% ]\n";
    let project = Project::new()
        .with("outage.yaml", &scenario("outage", policies, faults, expect))
        .with(
            "roi.yaml",
            "volume: 1M/month\ndowntime: 400 USD/h\nexposure: 3%\n",
        );
    let result = stdout(&project.output("run outage.yaml --format json"));
    project.with("outage.json", &result)
}

#[test]
fn a_result_is_a_month_of_money_with_its_assumptions() {
    let project = project();
    let words = "roi outage.json --assumptions roi.yaml --exposure 10% --integration 500USD";
    let months = project.firedrill(words).code(0).stderr_eq("");
    months.stdout_eq(str![[r#"
outage, seeds 1..2: a month in USD, compared with no-failover

                            no-failover  priority-fallback
calls                         1,000,000          1,000,000
lost calls                       35,714                  0
answered                         96.43%            100.00%
hours down                        24.00               0.00
billed                         1,117.51           1,158.81
  for answers                  1,116.97           1,158.27
    of it for failover             0.00               0.00
  for failed attempts              0.54               0.54
  for hedges                       0.00               0.00
  for health checks                0.00               0.00
lost calls cost                   41.68               0.00
downtime costs                 9,600.00               0.00
all in                        10,759.19           1,158.81
billed per 1k answers              1.16               1.16
all in per 1k answers             11.16               1.16
saving                                -           9,600.38
payback                               -         0.1 months
cheaper if an hour down is            -       at any price

assumptions
  volume of a month                1,000,000 calls                roi.yaml
  a month                          30 days, 720 hours             convention
  exposure: like the scenario      10%                            --exposure
  an hour down, beside lost calls  400 USD                        roi.yaml
  a lost call                      0.00116716 USD                 default: the dearest answer here
  integration, once                500 USD                        --integration
  baseline                         no-failover                    default
  primary, when all is well        main                           default
  a call while all is well         0.001158304 USD                mean answer, primary's price
  main, gpt-4.1, per Mtok          2 in, 0.5 cached, 8 out (USD)  genai-prices v2, 2026-08-21
  backup, gpt-4.1, per Mtok        2 in, 0.5 cached, 8 out (USD)  genai-prices v2, 2026-08-21

warning: `no-failover` bills 41.30 USD less than `priority-fallback`, and loses
35,714 more calls a month: it saves [..] USD for each

"#]]);
    let json = json(&project.output(&format!("{words} --format json")));
    assert_eq!(json["schema"], "firedrill.roi/1");
    let all_in = |place: usize| {
        json["policies"][place]["all_in"]
            .as_str()
            .map(str::to_owned)
    };
    let (none, fallback) = (all_in(0).expect("USD"), all_in(1).expect("USD"));
    let usd = |text: &str| text.parse::<f64>().expect("a number");
    assert!(usd(&none) > usd(&fallback), "{none} {fallback}");
}

#[test]
fn the_bill_of_a_month_is_the_bill_of_the_run_at_its_volume() {
    let project = project();
    let run: serde_json::Value = serde_json::from_str(&project.text("outage.json")).expect("JSON");
    let state = &run["policies"]["priority-fallback"]["state"]["run"];
    let calls = state["calls"].as_u64().expect("calls");
    let words = format!("roi outage.json --volume {calls}/month --format json");
    let month = json(&project.output(&words));
    let ledger = run["policies"]["priority-fallback"]["ledger"]
        .as_object()
        .expect("a ledger");
    let nanos = |usd: &serde_json::Value| {
        let usd = usd.as_str().expect("USD");
        firedrill::units::Money::parse_usd(usd)
            .expect(usd)
            .as_nanos()
    };
    let kinds = ledger
        .values()
        .flat_map(|fates| fates.as_object().expect("fates").values());
    let spent = kinds.flat_map(|kinds| kinds.as_object().expect("kinds").values().map(nanos));
    assert_eq!(nanos(&month["policies"][1]["billed"]), spent.sum::<u64>());
}

#[test]
fn what_is_missing_or_wrong_is_a_usage_error() {
    let project = project();
    let missing = project.firedrill("roi outage.json").code(2);
    missing.stdout_eq("").stderr_eq(str![[r#"
error: the volume of a month is not known
  = help: write `--volume 50M/month`, or `--volume '50M tok/month'` for tokens

"#]]);
    let wrong = project
        .firedrill("roi outage.json --volume 1M/month --baseline resilent")
        .code(2);
    wrong.stdout_eq("").stderr_eq(str![[r#"
error: the result has no policy `resilent`
  = help: it has `no-failover`, `priority-fallback`

"#]]);
    let project = project.with("wrong.yaml", "volume: 1M/month\ndowntime: 400/h\n");
    let wrong = project
        .firedrill("roi outage.json --assumptions wrong.yaml")
        .code(2);
    wrong.stdout_eq("").stderr_eq(str![[r#"
error: money needs its currency
 --> wrong.yaml:2:11
  |
2 | downtime: 400/h
  |           ^^^^^
  |
  = help: write as in `400 USD/h`

"#]]);
}

#[test]
fn another_price_book_changes_what_tokens_cost_and_is_named() {
    let book = "source: our contract\nas_of: 2026-11-01\n\
                currency: { EUR: 1.10 USD, as_of: 2026-10-31 }\n\
                models: { gpt-4.1: { input: 20 EUR, output: 80 EUR, cached: 5 EUR } }\n";
    let project = project().with("own.yaml", book);
    let all_in = |words: &str| json(&project.output(&format!("{words} --format json")));
    let usual = all_in("roi outage.json --volume 1M/month");
    let dear = all_in("roi outage.json --volume 1M/month --prices own.yaml");
    let cost = |months: &serde_json::Value| {
        let usd = months["policies"][1]["billed"].as_str().expect("USD");
        usd.parse::<f64>().expect("a number")
    };
    assert!((cost(&dear) / cost(&usual) - 11.0).abs() < 1e-6);
    let source = "our contract, 2026-11-01; 1 EUR = 1.1 USD, 2026-10-31";
    assert!(dear["assumptions"].to_string().contains(source), "{dear}");
    // A run at these prices bills the same as a run that is priced afterwards.
    let run = stdout(&project.output("run outage.yaml --prices own.yaml --format json"));
    assert!(run.contains(source), "{run}");
    let page = stdout(&project.output("run outage.yaml --prices own.yaml --format md"));
    assert!(page.contains(" --prices own.yaml"), "{page}");
    let project = project.with("dear.json", &run);
    let words = "roi dear.json --volume 1M/month --format json";
    assert_eq!(cost(&json(&project.output(words))), cost(&dear));
}

#[test]
fn a_model_that_a_price_book_lacks_is_an_error_that_names_what_it_has() {
    let book = r#"{ "gpt-4.1-mini": {
        "input_cost_per_token": 4e-07, "output_cost_per_token": 1.6e-06 } }"#;
    let project = project().with("litellm.json", book);
    let wrong = project.firedrill("roi outage.json --volume 1M/month --prices litellm.json");
    wrong.code(2).stdout_eq("").stderr_eq(str![[r#"
error: `litellm.json` has no price for model `gpt-4.1`
  = help: did you mean `gpt-4.1-mini`?

"#]]);
    let wrong = project.output("run outage.yaml --prices litellm.json");
    assert_eq!(wrong.status.code(), Some(2));
    let told = String::from_utf8(wrong.stderr).expect("UTF-8");
    assert!(told.contains("did you mean `gpt-4.1-mini`?"), "{told}");
}

#[test]
fn a_month_and_a_comparison_are_pages_with_the_same_figures() {
    let project = project();
    let month = "roi outage.json --assumptions roi.yaml --exposure 10% --format html";
    let page = stdout(&project.output(month));
    for part in [
        "<h1>A month of outage</h1>",
        "10,759.19",
        "class=\"chart wide\"",
        "exposure",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    let compared = "compare outage.json --policies no-failover,priority-fallback --format html";
    let page = stdout(&project.output(compared));
    for part in ["<h1>A comparison</h1>", "<h2>outage: ", "class=\"interval"] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
}

#[test]
fn a_report_shows_the_month_that_assumptions_give() {
    let project = project().with("months.yaml", "volume: 50M/month\nexposure: 10%\n");
    let text = |words: &str| stdout(&project.output(words));
    let alone = text("roi outage.json --assumptions months.yaml --format md");
    let (_, table) = alone.split_once("\n\n").expect("a title and tables");
    let of_a_run = text("report outage.json --assumptions months.yaml --format md");
    assert!(
        of_a_run.contains("\n\n## A month of outage\n\n"),
        "{of_a_run}"
    );
    assert!(
        of_a_run.contains(&table.trim_end().replace("\n## ", "\n### ")),
        "{of_a_run}"
    );
    let page = text("run outage.yaml --seed 1 --assumptions months.yaml --format html");
    assert!(page.contains("<h3>A month of outage</h3>"), "{page}");
    // Refusals during an outage strike connections and no call, and the page still names it.
    assert!(!page.contains(">no fault<"), "{page}");
    let project = project.with("wrong.yaml", "volume: 1M/month\nbaseline: absent\n");
    let words = "run outage.yaml --seed 1 --assumptions wrong.yaml --format md";
    let warned = project.output(words);
    let told = String::from_utf8(warned.stderr).expect("UTF-8");
    assert!(
        told.contains("warning: outage: no month is shown: "),
        "{told}"
    );
    let missing = project.output("run outage.yaml --assumptions none.yaml");
    assert_eq!(missing.status.code(), Some(2));
}
