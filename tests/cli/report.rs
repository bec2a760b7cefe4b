//! `firedrill report`: traces of production, measured as a simulated run is.

use snapbox::str;

use crate::{Project, calm, stdout};

/// Two calls: one falls back after a 503, one fails.
const TRACE: &str = concat!(
    r#"{"schema":"firedrill.trace/1","policy":"mine","providers":["#,
    r#"{"name":"openai","model":"gpt-4.1","input":"2","output":"8"},"#,
    r#"{"name":"own","model":"own-7b"}]}"#,
    "\n",
    r#"{"at":0,"kind":{"arrived":{"call":0,"streamed":false}}}"#,
    "\n",
    r#"{"at":0,"kind":{"started":{"call":0,"attempt":1,"provider":0,"nth":0,"#,
    r#""cause":"first","probe":false}}}"#,
    "\n",
    r#"{"at":250000000,"kind":{"replied":{"call":0,"attempt":1,"provider":0,"#,
    r#""failure":"overloaded","hint":null}}}"#,
    "\n",
    r#"{"at":250000000,"kind":{"started":{"call":0,"attempt":2,"provider":1,"nth":0,"#,
    r#""cause":"fallback","probe":false}}}"#,
    "\n",
    r#"{"at":1250000000,"kind":{"billed":{"provider":1,"call":0,"nth":0,"#,
    r#""bill":{"input":900,"cached":0,"output":200,"price_milli":1000}}}}"#,
    "\n",
    r#"{"at":1250000000,"kind":{"replied":{"call":0,"attempt":2,"provider":1,"#,
    r#""failure":null,"hint":null}}}"#,
    "\n",
    r#"{"at":1250000000,"kind":{"ended":{"call":0,"outcome":{"succeeded":{"attempt":2}}}}}"#,
    "\n",
    r#"{"at":60000000000,"kind":{"arrived":{"call":1,"streamed":false}}}"#,
    "\n",
    r#"{"at":60000000000,"kind":{"started":{"call":1,"attempt":1,"provider":0,"nth":0,"#,
    r#""cause":"first","probe":false}}}"#,
    "\n",
    r#"{"at":61000000000,"kind":{"replied":{"call":1,"attempt":1,"provider":0,"#,
    r#""failure":"bad_request","hint":null}}}"#,
    "\n",
    r#"{"at":61000000000,"kind":{"ended":{"call":1,"#,
    r#""outcome":{"failed":{"stopped":"bad_request"}}}}}"#,
    "\n",
);

#[test]
fn a_trace_of_production_is_reported_as_a_run_is() {
    let project = Project::new().with("monday.jsonl", TRACE);
    let report = project
        .firedrill("report monday.jsonl")
        .code(0)
        .stderr_eq("");
    report.stdout_eq(str![[r#"
- monday   1 trace x 1.2m   2 calls   as recorded
  note: `own` has no price: its tokens are counted as free
  policy  success  uptime  p95 ok  ttft p95  att/call  $/1k ok  waste
  mine     50.00%   85.7%    1.3s         -      1.50     0.00      -
    1 failed: 1 stopped   attempts: openai 66.7%, own 33.3%
  mine, tenths of calls that failed over time (. none, X all):
  .                                                  X
  0s      10s      20s     30s      40s     50s      1m      70s

"#]]);
}

#[test]
fn several_traces_of_one_fleet_make_one_report() {
    let project = Project::new().with("a.jsonl", TRACE).with("b.jsonl", TRACE);
    let report = project.firedrill("report a.jsonl b.jsonl --format md --out reports");
    let text = stdout(report.code(0).stderr_eq("").get_output());
    assert!(text.contains("2 traces x"), "{text}");
    assert!(text.contains(" 4 calls."), "{text}");
    assert!(text.contains("firedrill report a.jsonl b.jsonl"), "{text}");
    assert!(!text.contains("Verdict"), "{text}");
    assert_eq!(
        project.names("reports"),
        ["a.csv", "a.json", "a.md", "a.svg"]
    );
    let json = project.firedrill("report a.jsonl --format json").code(0);
    let json: serde_json::Value = serde_json::from_str(&stdout(json.get_output())).expect("json");
    assert_eq!(json["resolved"]["traces"], serde_json::json!(["a.jsonl"]));
    assert_eq!(json["resolved"]["providers"][0]["price"]["output"], "8 USD");
    let measured = &json["policies"]["mine"]["measures"];
    assert_eq!(measured["success_rate"]["value"].to_string(), "0.5");
}

#[test]
fn what_is_no_trace_or_of_another_fleet_is_told() {
    let project = Project::new()
        .with("a.jsonl", TRACE)
        .with("b.jsonl", &TRACE.replace("own-7b", "own-8b"))
        .with("c.yaml", "name: c\n");
    let told = project
        .firedrill("report a.jsonl b.jsonl")
        .code(2)
        .stdout_eq("");
    told.stderr_eq(str![[r#"
error: `b.jsonl` is of another fleet than `a.jsonl`
  = help: report on them one by one: providers, models and prices must be the same

"#]]);
    let told = project.firedrill("report c.yaml").code(2).stdout_eq("");
    told.stderr_eq(str![[r#"
error: this begins no trace
 --> c.yaml:1:1
  |
1 | name: c
  | ^^^^^^^
  |
  = help: name a file that a `JsonlRecorder` wrote

"#]]);
}

#[test]
fn a_trace_that_cannot_be_true_is_refused_where_it_is_wrong() {
    let project = Project::new()
        .with(
            "range.jsonl",
            &TRACE.replace(
                "\"provider\":1,\"nth\":0,\"cause",
                "\"provider\":7,\"nth\":0,\"cause",
            ),
        )
        .with(
            "early.jsonl",
            &TRACE.replace("61000000000,\"kind\":{\"ended", "5,\"kind\":{\"ended"),
        )
        .with("long.jsonl", &TRACE.replace("mine", &"m".repeat(65_536)))
        .with("escape.jsonl", &TRACE.replace("own\"", "own\\u001b[31m\""));
    let told = project
        .firedrill("report early.jsonl")
        .code(2)
        .stdout_eq("");
    told.stderr_eq(str![[r#"
error: this is before call 1's event above, at 61000000000
  --> early.jsonl:12:7
   |
12 | {"at":5,"kind":{"ended":{"call":1,"outcome":{"failed":{"stopped":"bad_request"}}}}}
   |       ^
   |
   = help: leave the file as a `JsonlRecorder` wrote it

"#]]);
    for (file, why) in [
        (
            "range.jsonl",
            "there is no provider 7: the header has 2, from 0",
        ),
        ("long.jsonl", "the name has 65536 characters"),
        (
            "escape.jsonl",
            "the name `own\\u{1b}[31m` has a control character",
        ),
    ] {
        for format in ["table", "md", "csv", "json"] {
            let told = project.firedrill(&format!("report {file} --format {format}"));
            let told = told.code(2).stdout_eq("");
            let told = String::from_utf8_lossy(&told.get_output().stderr).into_owned();
            assert!(
                told.contains(why) && told.contains(&format!("--> {file}:")),
                "{told}"
            );
            assert!(!told.contains('\u{1b}') && told.len() < 1_000, "{told}");
        }
    }
}

#[test]
fn a_fleet_is_checked_and_its_keys_are_not_shown() {
    let entry = "url: https://api.openai.com/v1, model: gpt-4.1, keys";
    let project = Project::new()
        .with(
            "fleet.yaml",
            &format!("fleet: {{ a: {{ {entry}: [ env:A ] }} }}\n"),
        )
        .with(
            "wrong.yaml",
            &format!("fleet: {{ a: {{ {entry}: [ sk-123 ] }} }}\n"),
        )
        .with(
            "broken.yaml",
            &format!("fleet: {{ a: {{ {entry}: [ sk-123\n"),
        );
    let right = project.firedrill("check fleet.yaml").code(0).stderr_eq("");
    right.stdout_eq("ok     fleet.yaml  (fleet, 1 provider)\n");
    for file in ["wrong.yaml", "broken.yaml"] {
        let told = project.firedrill(&format!("check {file}")).code(2);
        let told = String::from_utf8_lossy(&told.get_output().stderr).into_owned();
        assert!(told.contains(file) && !told.contains("sk-123"), "{told}");
    }
}

#[test]
fn a_result_gives_every_format_of_the_run_that_wrote_it() {
    let project = Project::new()
        .with("calm.yaml", &calm())
        .with("a.jsonl", TRACE);
    project
        .firedrill("run calm.yaml --seed 1 --out out")
        .code(0);
    for format in ["md", "csv", "junit", "table"] {
        let run = format!("run calm.yaml --seed 1 --format {format}");
        let report = format!("report out/calm.json --format {format}");
        let [run, report] = [run, report].map(|words| stdout(&project.output(&words)));
        assert_eq!(report, run, "{format}");
    }
    let page = stdout(&project.output("report out/calm.json --format html"));
    assert!(page.contains("<h1>calm"), "{page}");
    let mixed = project.firedrill("report out/calm.json a.jsonl").code(2);
    mixed.stdout_eq("").stderr_eq(str![[r#"
error: some of these files are results, and others are not
  = help: name results of `run` alone, or traces of production alone

"#]]);
}
