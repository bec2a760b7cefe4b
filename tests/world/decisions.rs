//! The decisions of `resilient` in each shipped scenario at seed 1, as a short trace: a change of
//! policy shows as a readable diff.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use firedrill::drill::Drill;

use crate::support::Story;

/// The number of calls with failures that are shown.
const CALLS: usize = 6;

#[test]
fn decisions_change_only_on_purpose() {
    for name in shipped() {
        insta::assert_snapshot!(name.as_str(), trouble(&name));
    }
}

/// The names of all scenarios directly in `scenarios/`, in order.
fn shipped() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let files = fs::read_dir(folder).expect("scenarios/ is there");
    let paths = files.map(|file| file.expect("scenarios/ can be listed").path());
    let named = paths.filter_map(|path| {
        let is_scenario = path.extension().is_some_and(|ending| ending == "yaml");
        is_scenario.then(|| {
            path.file_stem()
                .map(|stem| stem.to_string_lossy().into_owned())
        })?
    });
    let mut names: Vec<String> = named.collect();
    names.sort();
    names
}

/// The first calls that did not simply succeed, and every transition of a breaker up to there.
fn trouble(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("scenarios/{name}.yaml"));
    let drill = Drill::load(path).and_then(|drill| drill.policy("resilient"));
    let drill = drill.unwrap_or_else(|problem| panic!("{problem}"));
    let story = Story::new();
    firedrill::engine::run(drill.scenario(), &drill.policies()[0], 1, story.clone());
    let lines = story.timed();
    let mut failed: BTreeMap<&str, usize> = BTreeMap::new();
    for (place, (_, line)) in lines.iter().enumerate() {
        let is_trouble =
            line.contains("failed") || line.contains("cancelled") || line.contains("Failed");
        if let Some((call, _)) = line.split_once(' ').filter(|_| is_trouble) {
            failed.entry(call).or_insert(place);
        }
    }
    let mut calls: Vec<(&str, usize)> = failed.into_iter().collect();
    calls.sort_by_key(|(_, place)| *place);
    calls.truncate(CALLS);
    let is_shown = |line: &str| {
        calls
            .iter()
            .any(|(call, _)| line.split(' ').next() == Some(call))
    };
    let last = lines
        .iter()
        .rposition(|(_, line)| is_shown(line))
        .unwrap_or(0);
    let mut told = String::new();
    for (at, line) in &lines[..=last] {
        if is_shown(line) || line.starts_with("breaker") {
            told.push_str(&format!("{:>9} {line}\n", at.to_string()));
        }
    }
    if told.is_empty() {
        "no call met a failure\n".to_owned()
    } else {
        told
    }
}
