//! The manual: `docs/`, the manual pages, and what a shell completes. Its commands are run, and
//! every word of the interfaces stands in it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use firedrill::policy_file::KNOBS;
use firedrill::report::measures::MEASURES;
use firedrill::scenario::catalogue::{KEYS, ROWS};
use serde_json::Value;

use crate::{Project, command, stdout};

mod blocks;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn the_page_about_commands_is_what_the_command_prints() {
    let page = stdout(&Project::new().output("man --markdown"));
    let path = format!("{ROOT}/docs/commands.md");
    if std::env::var("FIREDRILL_DOCS").is_ok_and(|value| value == "write") {
        fs::write(&path, &page).expect("docs can be written");
    }
    let written = fs::read_to_string(path).unwrap_or_default();
    assert!(
        written == page,
        "write docs/commands.md again: FIREDRILL_DOCS=write cargo test --test cli manual"
    );
}

#[test]
fn every_verb_has_a_manual_page_and_a_section_with_all_its_flags() {
    let project = Project::new();
    project.firedrill("man pages").code(0).stderr_eq("");
    let page = stdout(&project.output("man --markdown"));
    let first = stdout(&project.output("man"));
    assert!(first.contains(".TH firedrill 1"), "{first}");
    let verbs = verbs();
    assert_eq!(project.names("pages").len(), verbs.len() + 1);
    for verb in verbs {
        let roff = project.text(&format!("pages/firedrill-{verb}.1"));
        assert!(roff.contains("Example: "), "{roff}");
        let part = page.split(&format!("\n## firedrill {verb}\n")).nth(1);
        let part = part.unwrap_or_else(|| panic!("{verb} has no section"));
        let part = part.split("\n## ").next().unwrap();
        let help = stdout(&project.output(&format!("{verb} --help")));
        let options = help.lines().map(str::trim_start);
        for option in options.filter(|line| line.starts_with("--") || line.starts_with("-q")) {
            let start = option.find("--").unwrap();
            let flag = option[start..].split([' ', '[', '=']).next().unwrap();
            let is_everywhere = flag == "--color" || flag == "--help";
            assert!(
                is_everywhere || part.contains(&format!("`{flag}")),
                "{verb} {flag}"
            );
        }
    }
}

/// Every command but `help`, as `firedrill --help` lists them.
pub(crate) fn verbs() -> Vec<String> {
    let help = stdout(&Project::new().output("--help"));
    let list = help
        .split("Commands:\n")
        .nth(1)
        .unwrap()
        .split("\n\n")
        .next()
        .unwrap();
    let names = list.lines().filter(|line| !line.starts_with("   "));
    let names = names.filter_map(|line| line.split_whitespace().next());
    names
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_word_of_the_interfaces_stands_in_the_manual() {
    let page = |name: &str| fs::read_to_string(format!("{ROOT}/docs/{name}.md")).unwrap();
    let mut words: Vec<(&str, BTreeSet<String>)> = Vec::new();
    let results = ["result", "comparison", "roi", "tune", "evaluation", "trace"];
    for kind in ["scenario", "policy", "fleet"].into_iter().chain(results) {
        let schema = fs::read_to_string(format!("{ROOT}/schema/{kind}.json")).unwrap();
        let mut keys = BTreeSet::new();
        keys_of(&serde_json::from_str(&schema).unwrap(), &mut keys);
        assert!(!keys.is_empty());
        let page = if results.contains(&kind) {
            "results"
        } else {
            kind
        };
        words.push((page, keys));
    }
    let names = |all: &mut dyn Iterator<Item = String>| all.collect::<BTreeSet<_>>();
    words.push((
        "measures",
        names(&mut MEASURES.iter().map(|measure| measure.full_name())),
    ));
    words.push((
        "scenario",
        names(&mut ROWS.iter().map(|row| row.word.to_owned())),
    ));
    words.push((
        "scenario",
        names(&mut KEYS.iter().map(|key| key.name.to_owned())),
    ));
    words.push((
        "faults",
        names(&mut ROWS.iter().map(|row| row.word.to_owned())),
    ));
    let knobs = KNOBS
        .iter()
        .map(|knob| knob.path.rsplit('.').next().unwrap().to_owned());
    words.push(("policy", names(&mut { knobs })));
    let mut missing = Vec::new();
    for (name, words) in words {
        let text = page(name);
        let has = |word: &str| {
            let forms = [
                format!("`{word}`"),
                format!(".{word}`"),
                format!("`{word}: "),
            ];
            forms.iter().any(|form| text.contains(form))
        };
        let absent = words.iter().filter(|word| !has(word));
        missing.extend(absent.map(|word| format!("docs/{name}.md lacks `{word}`")));
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// Every key that a schema describes, at any depth.
fn keys_of(schema: &Value, keys: &mut BTreeSet<String>) {
    match schema {
        Value::Object(map) => {
            for (key, value) in map {
                if let ("properties", Some(own)) = (key.as_str(), value.as_object()) {
                    keys.extend(own.keys().cloned());
                }
                keys_of(value, keys);
            }
        }
        Value::Array(all) => all.iter().for_each(|one| keys_of(one, keys)),
        _ => {}
    }
}

#[test]
fn a_shell_completes_policies_scenarios_measures_and_knobs() {
    let project = Project::new()
        .with("policies/mine.yaml", "name: mine\n")
        .with("scenarios/conduct/mishap.yaml", "name: mishap\n");
    for (words, expected) in [
        (&["run", "--policy", "mi"][..], "mine"),
        (&["run", "--policy", "resil"], "resilient"),
        (
            &["run", "scenarios/conduct/mi"],
            "scenarios/conduct/mishap.yaml",
        ),
        (&["explain", "success_r"], "success_rate"),
        (&["evaluate", "--measures", "upt"], "uptime"),
        (
            &["run", "--set", "policy.retry.max_attempts="],
            "policy.retry.max_attempts=",
        ),
        (&["presets", "envoy"], "envoy-proxy"),
        (&["schema", "fl"], "fleet"),
        (&["compl"], "completions"),
    ] {
        let answer = command(project.folder.path())
            .env("FIREDRILL_COMPLETE", "fish")
            .args(["--", "firedrill"])
            .args(words)
            .assert()
            .code(0);
        let answer = stdout(answer.get_output());
        let values: Vec<&str> = answer
            .lines()
            .map(|line| line.split('\t').next().unwrap())
            .collect();
        assert!(values.contains(&expected), "{words:?}: {answer}");
    }
}

#[test]
fn the_recipe_for_github_is_the_workflow_that_init_writes() {
    let project = Project::new();
    project.firedrill("init").code(0);
    let page = fs::read_to_string(format!("{ROOT}/docs/ci.md")).unwrap();
    let workflow = project.text(".github/workflows/firedrill.yml");
    for line in workflow
        .lines()
        .filter(|line| !line.contains("directory: "))
    {
        assert!(page.lines().any(|shown| shown == line), "{line}");
    }
}

/// The pages of the manual, and the README, by their names.
fn pages() -> Vec<(String, String)> {
    let entries = fs::read_dir(Path::new(ROOT).join("docs")).unwrap();
    let mut paths = Vec::from_iter(entries.map(|entry| entry.unwrap().path()));
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "md"));
    paths.push(Path::new(ROOT).join("README.md"));
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let name = path
            .strip_prefix(ROOT)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        (name, fs::read_to_string(path).unwrap())
    };
    paths.iter().map(read).collect()
}
