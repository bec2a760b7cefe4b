//! The formats of CI systems, read back by a reader of each: JUnit, TAP, GitHub, GitLab, SARIF, and
//! expectations as CSV. The scenario lies in a folder whose name has what each of them must escape.

use std::collections::BTreeMap;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{
    IntervalLogHistogram, IntervalLogIterator, LogEntry,
};
use roxmltree::{Document, Node};
use serde_json::Value;

use crate::{Project, command, json, scenario, stderr, stdout};

/// As the user writes it, from the folder of the project.
const PATH: &str = "odd ::,]]>&\"'%0A|<x>`#/mixed.yaml";

/// Two expectations that hold, one that fails, one that is inconclusive, and one that is skipped.
fn mixed() -> Project {
    let faults = "faults:\n  main-down: { at: 10s, for: 20s, target: main, inject: outage }
  backup-down: { target: backup, inject: outage }\n";
    let expect = "  no-failover:
    - success_rate >= 99%
    - success_rate <= 90%
    - success_rate during backup-down >= 50%
    - attempts_per_call <= 3
  resilient: [ success_rate >= 10% ]
";
    let text = scenario("mixed", "no-failover, resilient", faults, expect);
    let about = "about: \"first ]]> \\\" & < ::error:: --> %0A\\n\\nsecond \\t |\"";
    let text = text.replace("about: Does the command line tell what happened?", about);
    Project::new().with(PATH, &text)
}

/// Runs it and writes all formats; the result document is printed.
fn written() -> (Project, Value) {
    let project = mixed();
    let output = command(project.folder.path())
        .args(["run", PATH, "--engine", "model", "--policy", "no-failover"])
        .args(["--format", "json", "--out", "out", "--also"])
        .arg("junit,tap,github,comment,gitlab,sarif,expectations")
        .assert();
    let result = json(output.code(1).get_output());
    (project, result)
}

/// Each expectation of the result that was judged, with the number of its line and its verdict.
fn judged(project: &Project, result: &Value) -> Vec<(String, u64, String)> {
    let text = project.text(PATH);
    let line_of = |wanted: &str| {
        let mut lines = text.lines();
        let place = lines.position(|line| line.contains(wanted));
        place.expect("its line") as u64 + 1
    };
    let expectations = result["policies"]["no-failover"]["expectations"].as_array();
    let each = expectations.expect("a list").iter().map(|one| {
        let word = |key: &str| one[key].as_str().expect("a text").to_owned();
        (word("text"), line_of(&word("text")), word("verdict"))
    });
    each.collect()
}

/// Those that do not hold.
fn findings(project: &Project, result: &Value) -> Vec<(String, u64, String)> {
    let all = judged(project, result).into_iter();
    let unmet = Vec::from_iter(all.filter(|(.., verdict)| verdict != "holds"));
    let verdicts = unmet.iter().map(|(.., verdict)| verdict.as_str());
    assert_eq!(Vec::from_iter(verdicts), ["fails", "inconclusive"]);
    unmet
}

#[test]
fn junit_has_a_case_for_each_expectation_with_its_line_and_its_story() {
    let (project, result) = written();
    let text = project.text("out/junit.xml");
    let document = Document::parse(&text).expect("XML");
    let named = |name: &str| {
        let all = document.descendants().filter(|node| node.is_element());
        Vec::from_iter(all.filter(|node| node.tag_name().name() == name))
    };
    let (suites, cases) = (named("testsuite"), named("testcase"));
    assert_eq!(suites[0].attribute("name"), Some("mixed"));
    for (count, element) in [
        ("tests", "testcase"),
        ("failures", "failure"),
        ("errors", "error"),
        ("skipped", "skipped"),
    ] {
        let found = named(element).len();
        for suite in [suites[0], document.root_element()] {
            assert_eq!(suite.attribute(count), Some(&*found.to_string()), "{count}");
        }
    }
    let about = suites[0].descendants();
    let mut about = about.filter(|node| node.attribute("name") == Some("about"));
    let about = about.next().and_then(|node| node.attribute("value"));
    let told = "first ]]> \" & < ::error:: --> %0A\n\nsecond \t |";
    assert_eq!(about, Some(told));
    for (text, line, verdict) in judged(&project, &result) {
        let case = cases
            .iter()
            .find(|case| case.attribute("name") == Some(&text));
        let case = case.expect("its case");
        assert_eq!(case.attribute("classname"), Some("mixed.no-failover"));
        assert_eq!(case.attribute("file"), Some(PATH));
        assert_eq!(case.attribute("line"), Some(&*line.to_string()));
        let children = case.children().filter(Node::is_element);
        let mut outcome = children.filter(|node| node.tag_name().name() != "properties");
        let outcome = outcome.next();
        let element = outcome.map(|node| node.tag_name().name().to_owned());
        let expected = match verdict.as_str() {
            "fails" => Some("failure"),
            "inconclusive" => Some("error"),
            _ => None,
        };
        assert_eq!(element.as_deref(), expected, "{text}");
        let story = outcome.and_then(|node| node.text()).unwrap_or_default();
        let is_told = story.starts_with(&format!("{PATH}:{line}\n")) && story.contains("call ");
        assert!(is_told || verdict == "holds", "{story}");
    }
}

#[test]
fn tap_has_as_many_points_as_it_plans() {
    let (project, result) = written();
    let text = project.text("out/results.tap");
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("TAP version 14"));
    let plan = lines.next().and_then(|line| line.strip_prefix("1.."));
    let points = Vec::from_iter(lines.filter(|line| !line.starts_with(' ')));
    assert_eq!(plan, Some(&*points.len().to_string()));
    for (place, point) in points.iter().enumerate() {
        let rest = point.strip_prefix("not ").unwrap_or(point);
        assert!(rest.starts_with(&format!("ok {} - ", place + 1)), "{point}");
    }
    let failed = points.iter().filter(|point| point.starts_with("not ok"));
    assert_eq!(failed.count(), findings(&project, &result).len());
    assert!(
        text.contains(" # SKIP its policy is not in this run\n"),
        "{text}"
    );
    let details = text
        .lines()
        .filter_map(|line| line.strip_prefix("  file: "));
    for file in details {
        let read: String = serde_json::from_str(file).expect("a JSON text, which is YAML");
        assert_eq!(read, PATH);
    }
}

/// A command of GitHub's, read as its runner reads it: name, properties and message.
fn read_command(line: &str) -> Option<(String, BTreeMap<String, String>, String)> {
    let (head, data) = line.strip_prefix("::")?.split_once("::")?;
    let (name, properties) = head.split_once(' ')?;
    let data_of = |text: &str| {
        let text = text.replace("%0D", "\r").replace("%0A", "\n");
        text.replace("%25", "%")
    };
    let property_of = |text: &str| {
        let text = text.replace("%0D", "\r").replace("%0A", "\n");
        let text = text.replace("%3A", ":").replace("%2C", ",");
        text.replace("%25", "%")
    };
    let pairs = properties.split(',').filter_map(|one| one.split_once('='));
    let pairs = pairs.map(|(key, value)| (key.to_owned(), property_of(value)));
    Some((name.to_owned(), pairs.collect(), data_of(data)))
}

#[test]
fn github_gets_an_annotation_at_each_line_that_does_not_hold() {
    let (project, result) = written();
    let text = project.text("out/annotations.txt");
    let read = Vec::from_iter(text.lines().filter_map(read_command));
    let unmet = findings(&project, &result);
    assert_eq!(read.len(), unmet.len(), "{text}");
    for ((name, properties, message), (text, line, verdict)) in read.iter().zip(&unmet) {
        let expected = if verdict == "fails" {
            "error"
        } else {
            "warning"
        };
        assert_eq!(name, expected);
        assert_eq!(properties["file"], PATH);
        assert_eq!(properties["line"], line.to_string());
        assert_eq!(properties["title"], format!("mixed no-failover: {text}"));
        let first = format!("no-failover: {verdict}: {text}, ");
        assert!(
            message.starts_with(&first) && message.contains('\n'),
            "{message}"
        );
    }
    let sum = "1 of 4 expectations fails, 1 inconclusive, 1 not judged";
    assert_eq!(text.lines().last(), Some(sum));
}

#[test]
fn a_step_of_github_gets_a_summary_that_is_the_comment() {
    let project = mixed();
    let summary = project.path("summary.md");
    std::fs::write(&summary, "before\n").expect("written");
    let run = |arguments: &[&str]| {
        let output = command(project.folder.path())
            .env("GITHUB_STEP_SUMMARY", &summary)
            .args(["run", PATH, "--engine", "model", "--seed", "1"])
            .args(arguments)
            .assert();
        stdout(output.code(1).get_output())
    };
    let comment = run(&["--format", "comment"]);
    assert_eq!(
        project.text("summary.md"),
        "before\n",
        "it is not asked for"
    );
    assert!(run(&["--format", "github"]).starts_with("::error file="));
    assert_eq!(project.text("summary.md"), format!("before\n{comment}"));
    run(&["--out", "out", "--also", "github"]);
    assert_eq!(
        project.text("summary.md"),
        format!("before\n{comment}{comment}")
    );
    assert!(
        comment.starts_with("<!-- firedrill -->\n## Firedrill: fails\n"),
        "{comment}"
    );
    assert!(comment.chars().count() < 65_536);
    let row = "| **fails** | mixed | no-failover | `success_rate >= 99%` |";
    assert!(comment.contains(row), "{comment}");
}

#[test]
fn code_hosts_get_a_finding_at_each_line_that_does_not_hold() {
    let (project, result) = written();
    let read = |file: &str| -> Value {
        let text = project.text(file);
        serde_json::from_str(&text).expect("JSON")
    };
    let (quality, sarif) = (read("out/code-quality.json"), read("out/results.sarif"));
    let (issues, run) = (quality.as_array().expect("issues"), &sarif["runs"][0]);
    let results = run["results"].as_array().expect("results");
    let unmet = findings(&project, &result);
    assert_eq!((issues.len(), results.len()), (unmet.len(), unmet.len()));
    assert_ne!(issues[0]["fingerprint"], issues[1]["fingerprint"]);
    for (place, (text, line, verdict)) in unmet.iter().enumerate() {
        let (issue, result) = (&issues[place], &results[place]);
        assert_eq!(issue["location"]["path"], PATH);
        assert_eq!(issue["location"]["lines"]["begin"], *line);
        let (severity, level) = match verdict.as_str() {
            "fails" => ("critical", "error"),
            _ => ("major", "warning"),
        };
        assert_eq!(issue["severity"], severity);
        assert_eq!(result["level"], level);
        let told = result["message"]["text"].as_str().expect("a text");
        assert!(
            told.contains(text) && issue["description"] == told,
            "{told}"
        );
        let physical = &result["locations"][0]["physicalLocation"];
        assert_eq!(physical["region"]["startLine"], *line);
        let uri = physical["artifactLocation"]["uri"]
            .as_str()
            .expect("a text");
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~/%".contains(c);
        assert!(
            uri.starts_with("odd%20%3A%3A%2C") && uri.chars().all(is_plain),
            "{uri}"
        );
        let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
        assert!(rules.iter().any(|rule| rule["id"] == result["ruleId"]));
    }
}

#[test]
fn expectations_are_rows_with_their_values_and_lines() {
    let (project, result) = written();
    let text = project.text("out/mixed.expectations.csv");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let rows = reader.records().map(|row| row.expect("a row"));
    let rows = Vec::from_iter(rows);
    let at = |row: usize, column: &str| {
        let place = header.iter().position(|name| name == column);
        rows[row][place.expect("a column")].to_owned()
    };
    let judged = judged(&project, &result);
    assert_eq!(rows.len(), judged.len() + 1, "{text}");
    for (row, (text, line, verdict)) in judged.iter().enumerate() {
        assert_eq!(
            (at(row, "expectation"), at(row, "verdict")),
            (text.clone(), verdict.clone())
        );
        assert_eq!(
            (at(row, "file"), at(row, "line")),
            (PATH.to_owned(), line.to_string())
        );
    }
    assert_eq!(
        (at(0, "limit"), at(0, "unit")),
        ("0.99".to_owned(), "ratio".to_owned())
    );
    assert_eq!(at(judged.len(), "verdict"), "not judged");
}

#[test]
fn all_holds_is_green_everywhere() {
    let project = Project::new().with("scenarios/calm.yaml", &crate::calm());
    let run = |format: &str| {
        let words = format!("run --engine model --seed 1 --format {format}");
        stdout(project.firedrill(&words).code(0).get_output())
    };
    assert!(run("junit").contains("tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\""));
    assert_eq!(run("github"), "1 expectation holds\n");
    assert_eq!(run("gitlab"), "[]\n");
    assert_eq!(
        run("tap").lines().last(),
        Some("ok 1 - calm no-failover: success_rate >= 99%")
    );
    assert!(run("comment").contains("## Firedrill: holds\n\n1 expectation holds.\n"));
    // A scenario without expectations is measured: that is no finding.
    let bare = crate::calm();
    let bare = bare.split("expect:").next().expect("a text");
    std::fs::write(project.path("scenarios/calm.yaml"), bare).expect("written");
    assert_eq!(run("github"), "nothing was judged\n");
    assert_eq!(run("gitlab"), "[]\n");
    assert!(run("junit").contains("failures=\"0\" errors=\"0\" skipped=\"1\""));
}

#[test]
fn also_needs_a_folder_and_formats_that_have_files() {
    let project = Project::new().with("scenarios/calm.yaml", &crate::calm());
    let told = |words: &str| stderr(project.firedrill(words).code(2).get_output());
    assert!(told("run --also junit").contains("--out <DIR>"));
    let table = told("run --out out --also junit,table");
    assert!(
        table.contains("`--also table` has no file: it is for a terminal"),
        "{table}"
    );
    assert!(!project.path("out").exists(), "nothing was written");
}

#[test]
fn a_merged_result_has_the_lines_and_files_of_the_whole() {
    let project = mixed();
    let run = |arguments: &[&str]| {
        let command = command(project.folder.path());
        command.args(arguments).assert().code(1);
    };
    let all = ["run", PATH, "--engine", "model", "--out"];
    run(&[&all[..], &["parts", "--partition", "1/2"]].concat());
    run(&[&all[..], &["parts", "--partition", "2/2"]].concat());
    run(&[&all[..], &["whole", "--also", "gitlab,expectations"]].concat());
    let parts = project.names("parts");
    let parts = parts.iter().filter(|name| name.ends_with(".json"));
    let parts = Vec::from_iter(parts.map(|name| format!("parts/{name}")));
    let parts = Vec::from_iter(parts.iter().map(String::as_str));
    run(&[
        &["merge", "--out", "merged", "--also", "gitlab,expectations"],
        &parts[..],
    ]
    .concat());
    for file in ["code-quality.json", "mixed.expectations.csv"] {
        assert_eq!(
            project.text(&format!("merged/{file}")),
            project.text(&format!("whole/{file}"))
        );
    }
}

#[test]
fn a_distribution_counts_every_answered_call_and_ends_at_all_of_them() {
    let project = Project::new().with("scenarios/calm.yaml", &crate::calm());
    let words = "run --engine model --seed 1 --format json --out out --also hgrm,hlog";
    let result = json(project.firedrill(words).code(0).get_output());
    let measures = &result["policies"]["no-failover"]["measures"];
    let text = project.text("out/calm.no-failover.hgrm");
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    let rows = rows.filter_map(|line| {
        let mut cells = line.split_whitespace().map(str::parse::<f64>);
        Some([
            cells.next()?.ok()?,
            cells.next()?.ok()?,
            cells.next()?.ok()?,
        ])
    });
    let rows = Vec::from_iter(rows);
    assert!(rows.is_sorted_by(|one, next| one.iter().zip(next).all(|(one, next)| one <= next)));
    let [value, share, count] = rows.last().expect("rows");
    assert_eq!(
        (*share, Some(*count)),
        (1.0, measures["succeeded"]["value"].as_f64())
    );
    assert_eq!(Some(*value), measures["latency.max"]["value"].as_f64());
    assert!(text.starts_with("       Value     Percentile TotalCount 1/(1-Percentile)\n\n"));
    assert!(
        text.contains("\n#[Mean    = ") && text.contains("\n#[Max     = "),
        "{text}"
    );
    let log = project.text("out/calm.no-failover.hlog");
    let read = histograms(&log);
    let [(None, all)] = &read[..] else {
        panic!("{read:?}");
    };
    assert_eq!(
        (all.len(), all.lowest_equivalent(all.max())),
        (*count as u64, *value as u64)
    );
}

/// The tags and histograms of an HdrHistogram log.
fn histograms(log: &str) -> Vec<(Option<String>, Histogram<u64>)> {
    let lines = IntervalLogIterator::new(log.as_bytes());
    let lines = lines.filter_map(|line| match line.expect("a log") {
        LogEntry::Interval(line) => Some(line),
        _ => None,
    });
    let read = |line: IntervalLogHistogram<'_>| {
        let bytes = BASE64_STANDARD.decode(line.encoded_histogram());
        let bytes = bytes.expect("base64");
        let histogram = Deserializer::new().deserialize(&mut &bytes[..]);
        (
            line.tag().map(|tag| tag.as_str().to_owned()),
            histogram.expect("a histogram"),
        )
    };
    lines.map(read).collect()
}

#[test]
fn the_log_of_a_histogram_has_the_calls_during_each_fault_beside_all() {
    let faults = "faults:\n  storm: { at: 10s, for: 20s, target: main, inject: 429, rate: 50% }\n";
    let expect = "  no-failover: [ success_rate >= 50% ]\n";
    let storm = scenario("storm", "no-failover", faults, expect);
    let project = Project::new().with("storm.yaml", &storm);
    let log = stdout(&project.output("run storm.yaml --seed 1 --format hlog"));
    let read = histograms(&log);
    let tags = Vec::from_iter(read.iter().map(|(tag, _)| tag.as_deref()));
    assert_eq!(tags[..], [None, Some("storm")], "{log}");
    let [all, during] = [read[0].1.len(), read[1].1.len()];
    assert!(0 < during && during < all / 2, "{during} of {all}");
}
