//! `run --partition` and `firedrill merge`: parts of the seeds, and one report from them.

use std::path::Path;

use snapbox::str;

use crate::{Project, scenario, stdout};

/// Half of the calls to one provider fail, so that each seed is another.
fn flaky() -> String {
    let faults = "faults:\n  flaky: { target: main, inject: 503, rate: 50%, at: 10s }\n";
    let expect = "  priority-fallback: [ success_rate >= 90% ]\n";
    scenario("flaky", "no-failover, priority-fallback", faults, expect)
        .replace("seeds: 1..2", "seeds: 1..9")
}

fn project() -> Project {
    Project::new().with("scenarios/flaky.yaml", &flaky())
}

/// The texts of all files in the folder at `path`, by name.
fn texts(project: &Project, path: &str) -> Vec<(String, String)> {
    let names = project.names(path).into_iter();
    let texts = names.map(|name| {
        let text = project.text(&Path::new(path).join(&name).to_string_lossy());
        (name, text)
    });
    texts.collect()
}

#[test]
fn one_part_and_eight_merged_in_any_order_give_the_same_bytes_in_every_format() {
    let project = project();
    project.firedrill("run --out whole").code(0);
    for part in 1..=8 {
        let words = format!("run --quiet --partition {part}/8 --out parts");
        project.firedrill(&words);
    }
    let part = |part: u64| format!("parts/flaky.{part}-of-8.json");
    let forwards = Vec::from_iter((1..=8).map(part)).join(" ");
    let backwards = Vec::from_iter([3, 8, 1, 6, 2, 7, 5, 4].map(part)).join(" ");
    let pairs = "merge --format json";
    let half = |parts: [u64; 4]| {
        let words = Vec::from_iter(parts.map(part)).join(" ");
        stdout(&project.output(&format!("{pairs} {words}")))
    };
    std::fs::write(project.path("even.json"), half([2, 8, 4, 6])).expect("written");
    std::fs::write(project.path("odd.json"), half([7, 1, 5, 3])).expect("written");
    for format in ["table", "json", "csv", "md"] {
        let whole = stdout(&project.output(&format!("run --format {format}")));
        for parts in [
            "whole/flaky.json",
            forwards.as_str(),
            backwards.as_str(),
            "even.json odd.json",
            "odd.json even.json",
        ] {
            let merged = project.firedrill(&format!("merge --format {format} {parts}"));
            let merged = merged.code(0).stderr_eq("");
            assert_eq!(stdout(merged.get_output()), whole, "{format}, {parts}");
        }
    }
    let words = format!("merge --out merged {backwards}");
    project.firedrill(&words).code(0);
    assert_eq!(texts(&project, "merged"), texts(&project, "whole"));
}

#[test]
fn a_part_has_its_number_in_the_names_of_its_files() {
    let project = project();
    project.firedrill("run --partition 2/3 --out parts --quiet");
    let names = ["csv", "json", "md", "svg"].map(|ending| format!("flaky.2-of-3.{ending}"));
    assert_eq!(project.names("parts"), names);
    let page = project.text("parts/flaky.2-of-3.md");
    assert!(page.contains("--seeds 4..6"), "{page}");
    assert!(page.contains("](flaky.2-of-3.svg)"), "{page}");
}

#[test]
fn auto_takes_the_part_from_the_variables_of_the_job() {
    let project = project();
    let run = crate::command(project.folder.path())
        .args(["run", "--partition", "auto", "--format", "json"])
        .env("CI_NODE_INDEX", "3")
        .env("CI_NODE_TOTAL", "9")
        .assert();
    let result: serde_json::Value = serde_json::from_str(&stdout(run.get_output())).expect("JSON");
    assert_eq!(result["seeds"], "3..3");
    let told = project
        .firedrill("run --partition 1/10")
        .code(2)
        .stdout_eq("");
    told.stderr_eq(str![[r#"
error: 9 seeds cannot be split into 10 parts
  = help: run more seeds, as in `--seeds 20`, or fewer parts

"#]]);
}

#[test]
fn what_does_not_fit_together_is_told_and_not_merged() {
    let project = project()
        .with("no.json", "{}")
        .with("old.json", r#"{"schema":"firedrill.result/1"}"#);
    let write = |name: &str, words: &str| {
        let text = stdout(&project.output(&format!("run --format json {words}")));
        std::fs::write(project.path(name), text).expect("written");
    };
    write("a.json", "--seeds 1..2");
    write("b.json", "--seeds 2..3");
    write("faster.json", "--seed 4 --set load.rate=3/s");
    write("patient.json", "--seed 4 --set policy.retry.max_attempts=9");
    write("single.json", "--seed 4 --policy no-failover");
    let told = |words: &str| {
        let told = project
            .firedrill(&format!("merge {words}"))
            .code(2)
            .stdout_eq("");
        String::from_utf8(told.get_output().stderr.clone()).expect("UTF-8")
    };
    let all = [
        "a.json b.json",
        "a.json faster.json",
        "a.json patient.json",
        "a.json single.json",
        "no.json old.json none.json",
    ];
    let all = Vec::from_iter(all.map(told)).concat();
    snapbox::assert_data_eq!(
        all,
        str![[r#"
error: `a.json` and `b.json` cannot be merged: both hold seed 2
  = help: name each result once, and run each part on other seeds
error: `a.json` and `faster.json` cannot be merged: they did not measure the same
  = help: scenario.load.rate is `2/s` and `3/s`: run all parts from the same files, with the same `--set`
error: `a.json` and `patient.json` cannot be merged: they did not measure the same
  = help: policy no-failover.retry.max_attempts is `1` and `9`: run all parts from the same files, with the same `--set`
error: `a.json` and `single.json` cannot be merged: they did not measure the same
  = help: policies are `no-failover, priority-fallback` and `no-failover`: run all parts from the same files, with the same `--set`
error: missing field `schema`
 --> no.json:1:2
  |
1 | {}
  |  ^
  |
  = help: name a file that `run --out DIR` or `run --format json` wrote

error: `old.json` cannot be read: its form is `firedrill.result/1`, not `firedrill.result/2`
  = help: make the result again, with this version

error: `none.json` cannot be read: there is no such file
  = help: name a file that `run --out DIR` or `run --format json` wrote

"#]]
    );
}

#[test]
fn a_result_that_cannot_be_shown_is_refused_where_it_is_wrong() {
    let run = project().firedrill("run scenarios/flaky.yaml --seeds 1..2 --format json");
    let good = stdout(run.get_output());
    let long = "m".repeat(65_536);
    for (from, to, why) in [
        (
            "priority-fallback",
            long.as_str(),
            "the name has 65536 characters",
        ),
        (
            "priority-fallback",
            "priority\\u001b[31m",
            "the control character `\\u{1b}`",
        ),
        (
            "\"name\":\"flaky\"",
            "\"name\":\"../flaky\"",
            "this is a path, not a name",
        ),
        ("\"sum_ns\":", "\"sum_ns\":-", "number out of range"),
    ] {
        assert!(good.contains(from), "{from}");
        let wrong = project().with("r.json", &good.replace(from, to));
        for verb in [
            "merge r.json",
            "compare r.json r.json",
            "explain r.json",
            "roi r.json --volume 50M/month",
        ] {
            let told = wrong.firedrill(verb).code(2).stdout_eq("");
            let told = String::from_utf8_lossy(&told.get_output().stderr).into_owned();
            let place = told.find(" --> r.json:").is_some() && told.contains('^');
            assert!(place && told.contains(why), "{verb}: {told}");
            assert!(!told.contains('\u{1b}') && told.len() < 1_500, "{told}");
        }
    }
}

#[test]
fn a_merge_with_a_gap_says_how_to_run_both_sides_of_it() {
    let project = project();
    for part in [1, 3] {
        project.firedrill(&format!("run --quiet --partition {part}/3 --out parts"));
    }
    let words = "merge --format md parts/flaky.3-of-3.json parts/flaky.1-of-3.json";
    let page = stdout(&project.output(words));
    assert!(page.contains("6 seeds x"), "{page}");
    let again = "firedrill run scenarios/flaky.yaml --seeds 1..3 && \
                 firedrill run scenarios/flaky.yaml --seeds 7..9";
    assert!(page.contains(again), "{page}");
}
