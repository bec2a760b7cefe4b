//! `firedrill import` and `export`: what becomes of each setting, what is written, and round trips.

use snapbox::str;

use crate::{Project, json, stderr, stdout};

/// A file of a system: the system, the name of the file, and its text.
type Example = (&'static str, &'static str, &'static str);

const EXAMPLES: &[Example] = &[
    (
        "litellm",
        "litellm.yaml",
        include_str!("foreign/litellm.yaml"),
    ),
    ("envoy", "envoy.yaml", include_str!("foreign/envoy.yaml")),
    (
        "resilience4j",
        "resilience4j.yaml",
        include_str!("foreign/resilience4j.yaml"),
    ),
    (
        "portkey",
        "portkey.json",
        include_str!("foreign/portkey.json"),
    ),
    (
        "openrouter",
        "openrouter.json",
        include_str!("foreign/openrouter.json"),
    ),
];

/// A project with the examples, and what was imported of each in a folder of the system's name.
fn imported() -> Project {
    let mut project = Project::new();
    for (system, file, text) in EXAMPLES {
        project = project.with(file, text);
        project
            .firedrill(&format!(
                "import {system} {file} --name mine --out {system}"
            ))
            .code(0);
    }
    project
}

#[test]
fn every_line_of_a_file_is_accounted_for() {
    let project = imported();
    let told = |system: &str| {
        let example = EXAMPLES.iter().find(|(name, ..)| *name == system);
        let (_, file, _) = example.expect("an example");
        project
            .firedrill(&format!("import {system} {file}"))
            .code(0)
    };
    told("portkey").stdout_eq(snapbox::file!["foreign/portkey.txt"]);
    told("openrouter").stdout_eq(snapbox::file!["foreign/openrouter.txt"]);
    told("litellm").stdout_eq(snapbox::file!["foreign/litellm.txt"]);
    told("envoy").stdout_eq(snapbox::file!["foreign/envoy.txt"]);
    told("resilience4j").stdout_eq(snapbox::file!["foreign/resilience4j.txt"]);
}

#[test]
fn what_was_imported_is_checked_and_runs() {
    let project = imported();
    for (system, ..) in EXAMPLES {
        project.firedrill(&format!("check {system}")).code(0);
        let scenario = format!("{system}/scenarios/mine.yaml");
        let words = format!("run --engine model --seed 1 {scenario}");
        let ran = project.firedrill(&words).code(0);
        let table = stdout(ran.get_output());
        assert!(table.contains("all faults fired"), "{system}: {table}");
    }
}

#[test]
fn a_key_of_a_provider_is_written_nowhere() {
    let project = imported();
    for (system, file, text) in EXAMPLES {
        let secrets = text.split(['"', ' ', '\n', ',']);
        let secrets = Vec::from_iter(secrets.filter(|word| word.starts_with("sk-")));
        let output = project.output(&format!("import {system} {file} --format json"));
        let mut shown = stdout(&output) + &stderr(&output);
        for path in ["fleet.yaml", "policies/mine.yaml", "scenarios/mine.yaml"] {
            let path = project.path(&format!("{system}/{path}"));
            shown += &std::fs::read_to_string(path).unwrap_or_default();
        }
        for secret in secrets {
            assert!(!shown.contains(secret), "{system} shows {secret}");
        }
    }
}

#[test]
fn a_setting_that_is_not_known_is_told_wherever_it_stands() {
    // JSON has no lines to add.
    for (system, file, text) in EXAMPLES
        .iter()
        .filter(|(_, file, _)| file.ends_with("yaml"))
    {
        let mut told = 0;
        for (number, line) in text.lines().enumerate() {
            // Before each line that begins an entry of a block map, another entry of that map.
            let blanks = line.len() - line.trim_start().len();
            let is_entry = line
                .trim_start()
                .starts_with(|c: char| c.is_ascii_alphabetic());
            if !is_entry {
                continue;
            }
            let mut lines = Vec::from_iter(text.lines().map(str::to_owned));
            lines.insert(number, format!("{}zzz_new: 7", " ".repeat(blanks)));
            let project = Project::new().with(file, &(lines.join("\n") + "\n"));
            let output = project.output(&format!("import {system} {file} --format json"));
            assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
            let notes = json(&output);
            let notes = notes.as_array().expect("a list");
            let found = notes.iter().find(|note| {
                let line = note["line"].as_u64();
                let setting = note["setting"].as_str().unwrap_or_default();
                line <= Some(number as u64 + 1) && setting.ends_with("zzz_new")
            });
            // In what is not used as a whole, nothing is told of a part.
            told += usize::from(found.is_some_and(|note| note["outcome"] == "not known"));
        }
        assert!(told >= 4, "{system}: {told}");
    }
}

#[test]
fn what_is_exported_without_models_is_imported_as_the_same_settings() {
    let project = imported();
    for system in ["envoy", "resilience4j"] {
        let policy = format!("{system}/policies/mine.yaml");
        let written = stdout(&project.output(&format!("export {system} {policy}")));
        std::fs::write(project.path("again.yaml"), written).expect("saved");
        let words = format!("import {system} again.yaml --name mine --out {system}-again");
        project.firedrill(&words).code(0);
        let settings = |path: &str| {
            let text = project.text(path);
            let own = text.split("\noverrides:").next().unwrap_or_default();
            own.trim_end().to_owned()
        };
        let again = format!("{system}-again/policies/mine.yaml");
        assert_eq!(settings(&again), settings(&policy), "{system}");
    }
}

#[test]
fn what_is_exported_is_imported_as_the_same_policy() {
    let project = imported();
    let written = stdout(&project.output("export litellm litellm/policies/mine.yaml"));
    let example = EXAMPLES[0].2;
    let (models, _) = example.split_once("router_settings:").expect("settings");
    let again =
        format!("{models}{written}litellm_settings: {{ fallbacks: [ {{ chat: [ claude ] }} ] }}\n");
    let project = project.with("again.yaml", &again);
    project
        .firedrill("import litellm again.yaml --name mine --out again")
        .code(0);
    assert_eq!(
        project.text("again/policies/mine.yaml"),
        project.text("litellm/policies/mine.yaml")
    );
}

#[test]
fn every_preset_can_be_exported() {
    let project = Project::new();
    for (system, ..) in EXAMPLES
        .iter()
        .filter(|(system, ..)| *system != "openrouter")
    {
        for preset in ["resilient", "litellm-router", "no-failover", "envoy-proxy"] {
            let output = project.output(&format!("export {system} {preset}"));
            assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
            assert!(stderr(&output).contains(" settings: "), "{system} {preset}");
        }
    }
}

#[test]
fn a_wrong_value_is_shown_where_it_stands() {
    for (system, text, message) in [
        (
            "litellm",
            "model_list: [ { model_name: a, litellm_params: { model: openai/gpt-4.1 } } ]\n\
             router_settings: { num_retries: many }\n",
            "this is not a whole number",
        ),
        ("litellm", "router_settings: {}\n", "this names no model"),
        ("litellm", "[ 1 ]", "this is not a map of settings"),
        ("litellm", "model_list: [ {", "not YAML"),
        (
            "litellm",
            "model_list: [ { model_name: a } ]\n",
            "the key `model` is missing",
        ),
        (
            "litellm",
            "model_list: [ { model_name: a, litellm_params: { model: openai/gpt-4.1 } } ]\n\
             router_settings: { routing_strategy: best }\n",
            "this strategy is not known",
        ),
    ] {
        let project = Project::new().with("a.yaml", text);
        let output = project.output(&format!("import {system} a.yaml --out out"));
        let shown = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{text}: {shown}");
        assert!(shown.contains(message) && shown.contains('^'), "{shown}");
        assert!(!project.path("out").exists(), "{text}");
    }
}

#[test]
fn what_is_there_already_is_replaced_only_by_force() {
    let project = imported().with("litellm/policies/mine.yaml", "name: mine\n");
    let words = "import litellm litellm.yaml --name mine --out litellm";
    project
        .firedrill(words)
        .code(2)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: `litellm/fleet.yaml` is there already
  = help: name an empty folder, or add `--force`: nothing was written

"#]]);
    assert_eq!(project.text("litellm/policies/mine.yaml"), "name: mine\n");
    project.firedrill(&format!("{words} --force")).code(0);
    assert!(
        project
            .text("litellm/policies/mine.yaml")
            .contains("retry:")
    );
}
