//! What is printed in which format, for one scenario and for several.

use crate::{Project, calm, down, json, stdout};

#[test]
fn the_result_document_has_its_fields() {
    let result = json(&project().output("run scenarios/down.yaml --format json"));
    assert_eq!(result["schema"], "firedrill.result/2");
    assert_eq!(result["scenario"], "down");
    assert_eq!(result["seeds"], "1..2");
    assert_eq!(result["resolved"]["providers"][0]["name"], "main");
    let policy = &result["policies"]["no-failover"];
    assert_eq!(
        policy["measures"]["success_rate"]["value"].as_f64(),
        Some(0.0)
    );
    assert_eq!(policy["measures"]["success_rate"]["unit"], "ratio");
    assert_eq!(policy["measures"]["latency.p95"]["unit"], "ms");
    assert!(
        policy["measures"]["latency.p95"]["value"].is_null(),
        "no success, no latency"
    );
    assert_eq!(policy["expectations"][0]["text"], "success_rate >= 50%");
    assert_eq!(policy["expectations"][0]["verdict"], "fails");
    assert_eq!(policy["faults"][0]["name"], "main-down");
    assert!(
        policy["faults"][0]["fired"]
            .as_u64()
            .is_some_and(|fired| fired > 0)
    );
    assert!(policy["state"].is_object());
}

#[test]
fn several_result_documents_are_one_with_an_overall_verdict() {
    let results = json(&project().output("run --format json --seed 1"));
    assert_eq!(results["schema"], "firedrill.results/1");
    assert_eq!(results["verdict"], "fails");
    assert_eq!(results["verdicts"]["holds"], 1);
    let results = results["results"].as_array();
    let names = results
        .expect("an array")
        .iter()
        .map(|result| &result["scenario"]);
    assert_eq!(Vec::from_iter(names), ["calm", "down"]);
}

#[test]
fn the_document_of_several_holds_what_single_ones_say() {
    let project = project();
    let results = json(&project.output("run --format json --seed 1"))["results"].clone();
    let one = json(&project.output("run scenarios/calm.yaml --format json --seed 1"));
    assert_eq!(results[0], one);
}

#[test]
fn one_csv_has_one_header_for_all() {
    let project = project();
    let both = stdout(&project.output("run --format csv --seed 1"));
    let calm = stdout(&project.output("run scenarios/calm.yaml --format csv --seed 1"));
    let down = stdout(&project.output("run scenarios/down.yaml --format csv --seed 1"));
    let (header, rows) = down.split_once('\n').expect("a header");
    assert_eq!(calm.lines().next(), Some(header));
    assert_eq!(both, calm + rows);
}

#[test]
fn tables_and_markdown_are_set_apart_by_a_blank_line() {
    let project = project();
    for format in ["md", "table"] {
        let words = |path: &str| format!("run {path} --format {format} --seed 1");
        let both = stdout(&project.output(&words("")));
        let calm = stdout(&project.output(&words("scenarios/calm.yaml")));
        let down = stdout(&project.output(&words("scenarios/down.yaml")));
        assert!(both.starts_with(&format!("{calm}\n{down}")), "{both}");
    }
}

#[test]
fn a_long_run_is_told_in_days() {
    let words = "run scenarios/calm.yaml --seed 1 --set run.duration=30d --set load.rate=1/h";
    let output = project().output(words);
    assert!(
        stdout(&output).contains("seed 1 x 30d "),
        "{}",
        stdout(&output)
    );
}

#[test]
fn a_table_fits_80_columns_and_has_no_colour_when_it_is_not_a_terminals() {
    let table = stdout(&project().output("run"));
    assert!(!table.contains('\u{1b}'), "{table}");
    assert!(
        table.lines().all(|line| line.chars().count() <= 80),
        "{table}"
    );
}

#[test]
fn colour_is_a_choice_and_a_table_is_as_wide_as_it_is_told() {
    let project = project();
    let run = |words: &str, variables: &[(&str, &str)]| {
        let command = crate::command(project.folder.path()).args(words.split(' '));
        let set =
            |command: snapbox::cmd::Command, (name, value): &(&str, &str)| command.env(name, value);
        let command = variables.iter().fold(command, set);
        stdout(command.assert().get_output())
    };
    let words = "run scenarios/down.yaml --seed 1 --engine model";
    let is_painted = |text: String| text.contains("\u{1b}[31m");
    let (forced, refused) = (("FORCE_COLOR", "1"), ("NO_COLOR", "1"));
    assert!(is_painted(run(
        &format!("{words} --color always"),
        &[refused]
    )));
    assert!(is_painted(run(&format!("--color always {words}"), &[])));
    assert!(is_painted(run(words, &[forced])));
    assert!(is_painted(run(words, &[("CLICOLOR_FORCE", "1")])));
    assert!(!is_painted(run(words, &[forced, refused])));
    assert!(!is_painted(run(words, &[("FORCE_COLOR", "0")])));
    assert!(!is_painted(run(
        &format!("{words} --color never"),
        &[forced]
    )));
    let name = "a-policy-whose-name-is-longer-than-the-column";
    std::fs::create_dir_all(project.path("policies")).expect("made");
    let file = project.path(&format!("policies/{name}.yaml"));
    std::fs::write(file, format!("name: {name}\n")).expect("written");
    let words = format!("run scenarios/calm.yaml --seed 1 --engine model --policy {name}");
    assert!(!run(&words, &[]).contains(&format!("{name} ")));
    let wide = run(&words, &[("COLUMNS", "120")]);
    assert!(wide.contains(&format!("{name}  100.00%")), "{wide}");
}

fn project() -> Project {
    Project::new()
        .with("scenarios/calm.yaml", &calm())
        .with("scenarios/down.yaml", &down())
}
