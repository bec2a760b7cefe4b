//! The presets from other sources: each names its source and what it leaves out, and each client of
//! an article fails the conduct scenarios that its own sentences rule out.
//!
//! `docs/presets.md` is generated from the presets' files and the scorecard. After a change of the
//! client write the scorecard again, and the document with `FIREDRILL_DOCS=write cargo test --test
//! drills presets`; a failure without a sentence in `causes`, and a sentence without a failure, is
//! reported either way.

mod best;
mod causes;
mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use firedrill::policy_file::presets::{self, Origin, Preset};

use causes::CAUSES;

#[test]
fn the_document_is_what_files_and_runs_say() {
    let failures = failures();
    let shown = document(&failures);
    let place = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/presets.md");
    if std::env::var("FIREDRILL_DOCS").is_ok_and(|value| value == "write") {
        fs::write(place, &shown).expect("docs/presets.md can be written");
    }
    let unexplained = unexplained(&failures);
    assert!(unexplained.is_empty(), "\n{}", unexplained.join("\n"));
    let written = fs::read_to_string(place).expect("docs/presets.md");
    let first = written.lines().zip(shown.lines()).find(|(is, be)| is != be);
    assert!(
        written == shown,
        "docs/presets.md is not what files and runs say, first here:\n{first:#?}\n\
         FIREDRILL_DOCS=write cargo test --test drills presets"
    );
}

#[test]
fn every_borrowed_preset_says_its_source_and_what_it_leaves_out() {
    for preset in borrowed() {
        for key in [SOURCE, LEAVES_OUT] {
            let said = said(preset.text, key);
            assert!(said.ends_with('.'), "{}: {key} {said:?}", preset.name);
        }
        let source = said(preset.text, SOURCE);
        match preset.origin {
            Origin::Article => {
                let article = format!("article {}", &preset.name[..3]);
                assert!(source.starts_with(&article), "{}: {source}", preset.name);
                for (says, ending) in [(", repaired.", REPAIRED), (", as written.", WRITTEN)] {
                    let ends = (source.ends_with(says), preset.name.ends_with(ending));
                    assert_eq!(ends.0, ends.1, "{}", preset.name);
                }
            }
            _ => assert!(
                source.contains("20") || source.contains(" at ") || names_a_version(&source),
                "{source}"
            ),
        }
    }
}

#[test]
fn a_sentence_is_quoted_once_for_each_scenario_and_short() {
    let mut seen = BTreeSet::new();
    for cause in CAUSES {
        let words = cause.says.split_whitespace().count();
        assert!((1..=18).contains(&words), "{words} words: {}", cause.says);
        for scenario in cause.scenarios.split_whitespace() {
            let is_new = seen.insert((cause.client, scenario));
            assert!(is_new, "{} {scenario} has two causes", cause.client);
        }
    }
}

/// Whether a word of this text is a version, as in `1.2.3`.
fn names_a_version(text: &str) -> bool {
    let is_number = |part: &str| part.parse::<u32>().is_ok();
    text.split_whitespace().any(|word| {
        let parts = Vec::from_iter(word.trim_matches([',', '.', ':', ')']).split('.'));
        parts.len() == 3 && parts.into_iter().all(is_number)
    })
}

/// The failed expectations, by preset and scenario.
type Failures = BTreeMap<(String, String), Vec<String>>;

/// The failures of every preset that is not our own.
fn failures() -> Failures {
    let mut failures = Failures::new();
    for [scenario, preset, verdict, expectation] in scorecard("SCORECARD.broken.csv") {
        let is_borrowed = borrowed().any(|one| one.name == preset);
        if let Some(scenario) = scenario.strip_prefix("conduct/")
            && is_borrowed
            && verdict == "fails"
        {
            let failed = failures.entry((preset, scenario.to_owned()));
            failed.or_default().push(expectation);
        }
    }
    failures
}

/// The first columns of a file of the scorecard. CI writes these files anew and compares: what they
/// say is what runs say.
fn scorecard<const N: usize>(file: &str) -> Vec<[String; N]> {
    let path = format!("reports/{file}");
    let mut rows = csv::Reader::from_path(&path).unwrap_or_else(|why| panic!("{path}: {why}"));
    let cells = |row: csv::Result<csv::StringRecord>| {
        let row = row.expect("a scorecard is CSV");
        std::array::from_fn(|at| row[at].to_owned())
    };
    rows.records().map(cells).collect()
}

/// Missing and superfluous `causes`, one line each.
fn unexplained(failures: &Failures) -> Vec<String> {
    let mut lines = Vec::new();
    for ((preset, scenario), failed) in failures {
        let Some(client) = preset.strip_suffix(INTENDED) else {
            continue;
        };
        if cause(client, scenario).is_none() {
            lines.push(format!(
                "a sentence is missing: {client} fails {scenario} ({})",
                failed.join(", ")
            ));
        }
    }
    for cause in CAUSES {
        for scenario in cause.scenarios.split_whitespace() {
            let key = (format!("{}{INTENDED}", cause.client), scenario.to_owned());
            if !failures.contains_key(&key) {
                let client = cause.client;
                lines.push(format!("a sentence is idle: {client} passes {scenario}"));
            }
        }
    }
    lines
}

/// Why this client fails this scenario.
fn cause(client: &str, scenario: &str) -> Option<&'static causes::Cause> {
    let mut causes = CAUSES.iter().filter(|cause| cause.client == client);
    causes.find(|cause| {
        cause
            .scenarios
            .split_whitespace()
            .any(|one| one == scenario)
    })
}

fn document(failures: &Failures) -> String {
    let mut text = HEAD.to_owned();
    for origin in Origin::ALL {
        let _ = write!(text, "\n## {}\n\n", origin.title());
        let borrowed = origin != Origin::Ours;
        let (columns, line) = match borrowed {
            true => (
                "| preset | source | what it is | leaves out |",
                "|---|---|---|---|",
            ),
            false => ("| preset | what it is |", "|---|---|"),
        };
        let _ = writeln!(text, "{columns}\n{line}");
        for preset in presets::all()
            .iter()
            .filter(|preset| preset.origin == origin)
        {
            let about = preset.policy().expect("it is a policy").about;
            let (name, source) = (preset.name, said(preset.text, SOURCE));
            let _ = match borrowed {
                true => {
                    let left_out = said(preset.text, LEAVES_OUT);
                    writeln!(text, "| `{name}` | {source} | {about} | {left_out} |")
                }
                false => writeln!(text, "| `{name}` | {about} |"),
            };
        }
    }
    text + &conduct(failures)
}

/// The part about conduct.
fn conduct(failures: &Failures) -> String {
    let mut text = INDUSTRY.to_owned();
    for preset in borrowed().filter(|preset| preset.origin == Origin::Industry) {
        let (quirks, fails) = (quirks(preset), fails(preset, failures));
        let _ = writeln!(text, "| `{}` | {quirks} | {fails} |", preset.name);
    }
    text.push_str(CONDUCT);
    let all = scenarios().len();
    for preset in articles(INTENDED) {
        let client = preset.name.strip_suffix(INTENDED).unwrap_or_default();
        let own = Vec::from_iter(failures.iter().filter(|((name, _), _)| name == preset.name));
        let _ = write!(
            text,
            "\n### `{}`: fails {} of {all}\n\n",
            preset.name,
            own.len()
        );
        text.push_str("| scenario | does not hold | because the article says | where |\n");
        text.push_str("|---|---|---|---|\n");
        for ((_, scenario), failed) in own {
            let cause = cause(client, scenario);
            let (says, place) = cause.map_or(("?", "?"), |cause| (cause.says, cause.place));
            let failed = code(failed);
            let _ = writeln!(text, "| {scenario} | {failed} | {says} | {place} |");
        }
    }
    text.push_str(WRITTEN_HEAD);
    for preset in articles(WRITTEN) {
        text.push_str(&as_written(preset, failures));
    }
    text.push_str(REPAIRED_HEAD);
    for preset in articles(REPAIRED) {
        let fails = fails(preset, failures);
        let _ = writeln!(text, "| `{}` | {fails} |", preset.name);
    }
    text
}

/// The scenarios that a preset fails, with what does not hold.
fn fails(preset: &Preset, failures: &Failures) -> String {
    let own = failures.iter().filter(|((name, _), _)| name == preset.name);
    let own = own.map(|((_, scenario), failed)| format!("{scenario}: {}", code(failed)));
    match own.collect::<Vec<_>>().join("; ") {
        none if none.is_empty() => "nothing".to_owned(),
        some => some,
    }
}

/// The names of a preset's quirks.
fn quirks(preset: &Preset) -> String {
    let quirks = preset.policy().expect("it is a policy").quirks;
    let names = quirks.iter().map(|quirk| format!("`{}`", quirk.name()));
    match names.collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => "–".to_owned(),
        some => some,
    }
}

/// What an article promises of a client, what it does, and why.
fn as_written(preset: &Preset, failures: &Failures) -> String {
    let fails = failures.keys().filter(|(name, _)| name == preset.name);
    let fails = fails.map(|(_, scenario)| scenario.as_str());
    let said = |key| said(preset.text, key);
    format!(
        "\n### `{}`\n\n- It promises: {}\n- It does: {}\n- To blame: {}\n- Quirks: {}.\n\
         - It fails: {}.\n",
        preset.name,
        with_small_letter(&said("Promises:")),
        with_small_letter(&said("Does:")),
        said("To blame:"),
        quirks(preset),
        fails.collect::<Vec<_>>().join(", "),
    )
}

fn with_small_letter(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

fn code(texts: &[String]) -> String {
    let quoted = texts.iter().map(|text| format!("`{text}`"));
    quoted.collect::<Vec<_>>().join(", ")
}

/// The text under this key in the comments at the head of a preset's file, in one line.
fn said(text: &str, key: &str) -> String {
    let head = text
        .lines()
        .skip(1)
        .map_while(|line| line.strip_prefix("# "));
    let mut lines = head.skip_while(|line| !line.starts_with(key));
    let Some(first) = lines.next() else {
        return String::new();
    };
    let mut said = first[key.len()..].trim().to_owned();
    for line in lines.map_while(|line| line.strip_prefix("  ")) {
        said = format!("{said} {line}");
    }
    said
}

/// The presets that are not our own.
fn borrowed() -> impl Iterator<Item = &'static Preset> {
    presets::all()
        .iter()
        .filter(|preset| preset.origin != Origin::Ours)
}

/// The presets of articles whose name ends so.
fn articles(ending: &'static str) -> impl Iterator<Item = &'static Preset> {
    let is_one = |preset: &&Preset| preset.origin == Origin::Article;
    let ends = move |preset: &&Preset| preset.name.ends_with(ending);
    presets::all().iter().filter(is_one).filter(ends)
}

/// The scenarios of the pack, sorted.
fn scenarios() -> Vec<String> {
    let files = fs::read_dir(PACK).expect("the pack is there");
    let mut names = Vec::from_iter(files.map(|file| {
        let path = file.expect("it can be read").path();
        let stem = path.file_stem().expect("it has a name");
        stem.to_string_lossy().into_owned()
    }));
    names.sort();
    names
}

const PACK: &str = "scenarios/conduct";
const INTENDED: &str = "-intended";
const REPAIRED: &str = "-repaired";
const WRITTEN: &str = "-written";
const SOURCE: &str = "Source:";
const LEAVES_OUT: &str = "Leaves out:";

const HEAD: &str = "\
# Presets: their sources and their results

Policies that are compiled in: `--policy NAME` runs one, `firedrill presets NAME` prints it to start
from, and a project's own `policies/NAME.yaml` overrides the preset of that name. Each file cites
its source line by line. What a policy file cannot express, or the source lacks, is left out.

The articles are numbered from 000 to 004, and their mechanisms from A1 to E6, by article. *As
intended* is what an article's prose and comments promise, without the mistakes of its code;
*repaired* is the same intent with the missing safeguards added; *as written* is the code itself,
with its mistakes as quirks.

A test writes this document: `FIREDRILL_DOCS=write cargo test --test drills presets`.
";

const INDUSTRY: &str = "
## What libraries and gateways fail

The scenarios of `scenarios/conduct/` that fail under seed 1, with what does not hold there; the
settings behind it are in each preset's file, with their source. Most have one provider or no memory
between calls. [reports/clients.md](../reports/clients.md) holds seven of them to the real clients.

| preset | quirks | does not hold |
|---|---|---|
";

const CONDUCT: &str = "
## What the articles' clients fail, as intended

The scenarios of `scenarios/conduct/` that fail under seed 1, with the failed expectations. The
cause is a sentence of the article, translated, or a line of code: these clients work as intended.
";

const WRITTEN_HEAD: &str = "
## What they are as written

The articles' code with its mistakes. `tests/drills/presets/written.rs` holds each against what the
same code did when it was run against a server with eight faults: requests exactly, waits within
their ranges.
";

const REPAIRED_HEAD: &str = "
## What they fail, repaired

A limit of 60 requests a minute at each provider is below the load of most scenarios when one
provider is down: these two policies keep to their limit.

| preset | does not hold |
|---|---|
";
