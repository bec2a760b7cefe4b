//! Every mechanism of the client: other tools that have it, its settings, its test, and the
//! scenario whose outcome it changes. The runs write the tables of `docs/mechanisms.md`.
//!
//! Rows are in `mechanisms/`, one file for each part of the document. Everything in a row is
//! checked: its test has to exist, its setting has to be the policy's, its scenario has to hold,
//! and its two policies may differ in that setting only.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::num::NonZero;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use firedrill::drill::{Changes, Drill, run_all};
use firedrill::policy::FailureClass;
use firedrill::policy::config::Policy;
use firedrill::policy_file::KNOBS;
use firedrill::report::{Format, Report, Verdict};

mod attempts;
mod health;
mod load;
mod numbers;
mod openings;
mod production;
mod routing;
mod streams;
mod time;

/// A mechanism.
pub(crate) struct Row {
    /// Its name.
    name: &'static str,
    /// The compared systems that have it as well, in short.
    who: &'static str,
    /// Its settings: keys of a policy file (`failures.quota` for the action of a class), or code
    /// (`Client::whole`). None = always on.
    knobs: &'static [&'static str],
    /// Its test: `src/policy/budget.rs::name_of_the_test`.
    test: &'static str,
    /// Where it shows.
    shown: Shown,
}

/// Where a mechanism shows.
pub(crate) enum Shown {
    /// In a scenario of `scenarios/mechanisms`.
    By(Story),
    /// Not in a simulated network; why, and what the test does instead, in a sentence.
    Elsewhere(&'static str),
}

/// A scenario whose outcome the mechanism changes.
pub(crate) struct Story {
    /// The stem of its file.
    scenario: &'static str,
    /// The policy that has the mechanism.
    with: &'static str,
    /// The run to compare with.
    without: Without,
    /// The measure that differs, as in an expectation of the scenario: `success_rate during burst`.
    measure: &'static str,
}

/// How a mechanism is turned off.
pub(crate) enum Without {
    /// By another policy, which differs in the mechanism's settings only.
    Policy(&'static str),
    /// By a value set in the scenario (path and value), under the same policy.
    Set(&'static str, &'static str),
}

#[test]
fn attempts() {
    hold(&PARTS[0]);
}

#[test]
fn time() {
    hold(&PARTS[1]);
}

#[test]
fn health() {
    hold(&PARTS[2]);
}

#[test]
fn routing() {
    hold(&PARTS[3]);
}

#[test]
fn load() {
    hold(&PARTS[4]);
}

#[test]
fn streams() {
    hold(&PARTS[5]);
}

#[test]
fn production() {
    hold(&PARTS[6]);
}

/// A part of the document: its title, the test above that holds it, and its rows.
struct Part(&'static str, &'static str, &'static [Row]);

const PARTS: [Part; 7] = [
    Part("Attempts", "attempts", attempts::ROWS),
    Part("Time", "time", time::ROWS),
    Part("Health", "health", health::ROWS),
    Part("Routing", "routing", routing::ROWS),
    Part("Load", "load", load::ROWS),
    Part("Streams", "streams", streams::ROWS),
    Part("Production", "production", production::ROWS),
];

#[test]
fn every_scenario_and_every_policy_beside_it_is_some_mechanisms() {
    let rows = || PARTS.iter().flat_map(|Part(.., rows)| rows.iter());
    let stories = || {
        rows().filter_map(|row| match &row.shown {
            Shown::By(story) => Some(story),
            Shown::Elsewhere(_) => None,
        })
    };
    let told: BTreeSet<&str> = stories().map(|story| story.scenario).collect();
    assert_eq!(stems(FOLDER), told.into_iter().map(str::to_owned).collect());
    let policies = stories().flat_map(|story| match story.without {
        Without::Policy(without) => vec![story.with, without],
        Without::Set(..) => vec![story.with],
    });
    let used: BTreeSet<String> = policies.map(str::to_owned).collect();
    let unused = Vec::from_iter(
        stems(&format!("{FOLDER}/policies"))
            .difference(&used)
            .cloned(),
    );
    assert_eq!(unused, [""; 0], "no row has these policies");
}

#[test]
fn scenarios_of_mechanisms_are_short_and_ask_one_question_a_file() {
    for stem in stems(FOLDER) {
        let path = format!("{FOLDER}/{stem}.yaml");
        let text = fs::read_to_string(&path).expect("it is there");
        let first = "# yaml-language-server: $schema=../../schema/scenario.json\n";
        assert!(text.starts_with(first), "{path}");
        let drill = load_drill(&stem, Changes::default());
        let scenario = drill.scenario();
        assert!(scenario.about.ends_with('?'), "{path}");
        assert!(scenario.about.len() <= 110, "{path}");
        let seconds = scenario.run.duration.as_secs();
        assert!((60..=300).contains(&seconds), "{path}: {seconds} s");
        assert!(drill.seed_count() <= 3, "{path}");
        assert!(
            drill.warnings().is_empty(),
            "{path}: {:?}",
            drill.warnings()
        );
    }
}

/// Runs the scenarios of a part's rows, and compares with that part of the document (or, with
/// `FIREDRILL_DOCS=write`, writes it).
fn hold(Part(title, test, rows): &Part) {
    let table = table(test, rows);
    let shown = format!("## {title}\n\n{table}");
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _writing = ONE_AT_A_TIME.lock();
    let document = fs::read_to_string(DOCUMENT).expect("docs/mechanisms.md");
    let (before, rest) = document
        .split_once(&format!("## {title}\n"))
        .unwrap_or_else(|| panic!("{DOCUMENT} has no part `{title}`"));
    let end = rest.find("\n## ").map_or(rest.len(), |at| at + 1);
    let (written, after) = rest.split_at(end);
    let written = format!("## {title}\n{written}");
    if std::env::var_os("FIREDRILL_DOCS").is_some() {
        let gap = if after.is_empty() { "" } else { "\n" };
        fs::write(DOCUMENT, format!("{before}{shown}{gap}{after}")).expect("it is ours");
    } else {
        assert!(
            written.trim_end() == shown.trim_end(),
            "{DOCUMENT} does not say what the runs show: \
             FIREDRILL_DOCS=write cargo test --test drills mechanisms\n{shown}"
        );
    }
}

fn table(test: &str, rows: &[Row]) -> String {
    let mut text = format!(
        "Shown by `{test}` in `tests/drills/mechanisms.rs`.\n\n\
         | mechanism | who else has it | our setting, its default | test | where it shows |\n\
         |---|---|---|---|---|\n"
    );
    let seen = outcomes(rows);
    for (row, seen) in rows.iter().zip(seen) {
        let Row {
            name, who, test, ..
        } = row;
        check_test(name, test);
        let knobs = match row.knobs {
            [] => "always on".to_owned(),
            knobs => Vec::from_iter(knobs.iter().map(|knob| setting(knob))).join(", "),
        };
        let (file, test) = test.split_once("::").expect("checked above");
        let _ = writeln!(
            text,
            "| {name} | {who} | {knobs} | [`{test}`](../{file}) | {seen} |"
        );
    }
    text
}

/// The last cell of each row; every scenario is run once here, however many rows name it.
fn outcomes(rows: &[Row]) -> Vec<String> {
    let drills = rows.iter().flat_map(|row| match &row.shown {
        Shown::By(story) => runs(story),
        Shown::Elsewhere(_) => Vec::new(),
    });
    let drills: Vec<Drill> = drills.collect();
    let mut reports = run(&drills).into_iter().zip(&drills);
    let cells = rows.iter().map(|row| match &row.shown {
        Shown::Elsewhere(why) => (*why).to_owned(),
        Shown::By(story) => {
            let count = runs(story).len();
            let ran: Vec<(Report, &Drill)> = reports.by_ref().take(count).collect();
            cell(row, story, &ran)
        }
    });
    cells.collect()
}

/// The scenario as it is, and without the mechanism, if that takes another run.
fn runs(story: &Story) -> Vec<Drill> {
    let mut runs = vec![load_drill(story.scenario, Changes::default())];
    if let Without::Set(path, value) = story.without {
        let changes = Changes {
            set: vec![(path.to_owned(), value.to_owned())],
            ..Changes::default()
        };
        runs.push(load_drill(story.scenario, changes));
    }
    runs
}

/// Checks a scenario's expectations, and writes the measure with and without.
fn cell(row: &Row, story: &Story, ran: &[(Report, &Drill)]) -> String {
    let Story {
        scenario,
        with,
        measure,
        ..
    } = story;
    let (report, drill) = &ran[0];
    let table = report.render(Format::Table, false);
    assert_eq!(report.verdict(), Verdict::Holds, "{scenario}\n{table}");
    assert_eq!(report.never_fired(), [""; 0], "{scenario}\n{table}");
    let expected = drill.scenario().expect.iter();
    let mut expected = expected
        .filter(|(policy, _)| policy == with)
        .flat_map(|(_, expected)| expected);
    let expectation = expected
        .find(|one| one.text.starts_with(&format!("{measure} ")))
        .unwrap_or_else(|| panic!("{scenario} expects nothing of the {measure} of {with}"));
    let (last, _) = ran.last().expect("it ran");
    let without = match story.without {
        Without::Policy(without) => {
            check_only(row, drill, with, without);
            without
        }
        Without::Set(..) => with,
    };
    let better = report.value(with, expectation);
    let worse = last.value(without, expectation);
    assert_ne!(better, worse, "{scenario}: {measure}\n{table}");
    let [better, worse] = [better, worse].map(|value| match value {
        Some((unit, value)) => unit.shown(value),
        None => "never".to_owned(),
    });
    let beside = match story.without {
        Without::Policy(_) => "without",
        Without::Set(path, value) => &format!("with `{path}={value}`"),
    };
    format!("[{scenario}](../{FOLDER}/{scenario}.yaml): `{measure}` {better}, {beside} {worse}")
}

/// Two policies may differ in the mechanism's settings only, or the difference could have another
/// cause.
fn check_only(row: &Row, drill: &Drill, with: &str, without: &str) {
    let settings = |name: &str| {
        let mut all = drill.policies().iter();
        let policy = all.find(|policy| policy.name == name);
        let policy = policy.unwrap_or_else(|| panic!("{} does not run {name}", row.name));
        leaves(&serde_json::to_value(policy).expect("a policy can be written"))
    };
    let (with, without) = (settings(with), settings(without));
    for (path, _) in with.symmetric_difference(&without) {
        let is_told = row
            .knobs
            .iter()
            .any(|knob| path == knob || path.starts_with(&format!("{knob}.")));
        assert!(
            is_told || ["name", "about"].contains(&path.as_str()),
            "{}: its two policies differ in {path} as well",
            row.name
        );
    }
}

/// Every setting by its dotted path. A section that is `none` has one: itself.
fn leaves(value: &serde_json::Value) -> BTreeSet<(String, String)> {
    fn walk(path: &str, value: &serde_json::Value, found: &mut BTreeSet<(String, String)>) {
        match value {
            serde_json::Value::Object(map) => {
                for (key, value) in map {
                    let dot = if path.is_empty() { "" } else { "." };
                    walk(&format!("{path}{dot}{key}"), value, found);
                }
            }
            other => {
                found.insert((path.to_owned(), other.to_string()));
            }
        }
    }
    let mut found = BTreeSet::new();
    walk("", value, &mut found);
    found
}

/// A setting and its default, for the document.
fn setting(knob: &str) -> String {
    if knob.contains("::") || knob.contains(' ') {
        return format!("`{knob}`");
    }
    format!("`{knob}`: {}", default(knob))
}

/// Its default in an empty policy; of a section that is off, the default in its table.
fn default(knob: &str) -> String {
    if let Some(class) = knob.strip_prefix("failures.") {
        let members = FailureClass::group(class);
        let first = members.and_then(|all| all.first().copied());
        let class = first.or_else(|| FailureClass::from_name(class));
        let action = class.unwrap_or_else(|| panic!("{knob}")).action();
        let word = serde_json::to_value(action).expect("a word");
        return word.as_str().unwrap_or_default().to_owned();
    }
    if [
        "overrides",
        "failures",
        "retry.max_retries_by_class",
        "retry.budget.costs",
    ]
    .contains(&knob)
    {
        return "none".to_owned();
    }
    let tunable = KNOBS.iter().find(|tunable| tunable.path == knob);
    let of = |text: &str| {
        let policy = Policy::parse("p.yaml", text).expect("a policy");
        let settings = serde_json::to_value(policy).expect("it can be written");
        settings
            .pointer(&format!("/{}", knob.replace('.', "/")))
            .cloned()
    };
    let word = || of("name: p\n").or_else(|| of(EVERYTHING));
    match (tunable, word()) {
        (Some(tunable), _) => tunable.default.to_owned(),
        (None, Some(serde_json::Value::String(word))) => word,
        (None, Some(serde_json::Value::Null)) => "none".to_owned(),
        (None, Some(serde_json::Value::Object(_))) => "as its parts".to_owned(),
        (None, found) => panic!("there is no setting `{knob}` ({found:?})"),
    }
}

/// A policy with every mechanism on, as its defaults have it.
const EVERYTHING: &str = "name: p\nroute: { slow_start: {} }\nretry: { budget: {} }\n\
    breaker: {}\noutlier: {}\nhealth_check: {}\nhedge: {}\nlimit: { adaptive: {} }\n\
    throttle: {}\nqueue: {}\nspend: {}\n";

/// Checks that the test of a row exists.
fn check_test(mechanism: &str, test: &str) {
    let (file, name) = test
        .split_once("::")
        .unwrap_or_else(|| panic!("{mechanism}: write FILE::TEST"));
    let text = fs::read_to_string(file).unwrap_or_else(|_| panic!("{mechanism}: no file {file}"));
    assert!(
        has_test(&text, name),
        "{mechanism}: {file} has no test `{name}`"
    );
}

/// Whether a text holds a function of this name with a test attribute of its own: among the lines
/// of attributes and comments right above it.
fn has_test(text: &str, name: &str) -> bool {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let begins = format!("fn {name}(");
    let is_here = |line: &str| {
        line.strip_prefix("async ")
            .unwrap_or(line)
            .starts_with(&begins)
    };
    let Some(at) = lines.iter().position(|line| is_here(line)) else {
        return false;
    };
    let above = lines[..at].iter().rev();
    above
        .take_while(|line| line.starts_with("#[") || line.starts_with("//"))
        .any(|line| *line == "#[test]" || line.starts_with("#[tokio::test"))
}

#[test]
fn a_function_behind_a_test_is_none() {
    let text = "#[test]\nfn claim() {}\n\n/// Helps.\nfn helper() {}\n\n\
        #[tokio::test(start_paused = true)]\n/// Waits.\nasync fn waits() {}\n";
    assert!(has_test(text, "claim") && has_test(text, "waits"));
    assert!(!has_test(text, "helper") && !has_test(text, "missing"));
}

/// The stems of the YAML files in a folder.
fn stems(folder: &str) -> BTreeSet<String> {
    let files = fs::read_dir(folder).unwrap_or_else(|_| panic!("{folder} is there"));
    let paths = files.map(|file| file.expect("it can be read").path());
    let yaml = paths.filter(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    yaml.map(|path| {
        let stem = path.file_stem().expect("it has a name");
        stem.to_string_lossy().into_owned()
    })
    .collect()
}

fn load_drill(stem: &str, changes: Changes) -> Drill {
    let path = format!("{FOLDER}/{stem}.yaml");
    let drill = Drill::load_with(Path::new(&path), changes);
    drill.unwrap_or_else(|problems| {
        let problems = problems.iter().map(|problem| format!("{problem}"));
        panic!("{path}: {}", Vec::from_iter(problems).join("\n"))
    })
}

fn run(drills: &[Drill]) -> Vec<Report> {
    let workers = thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    let mut reports = Vec::new();
    let threads = run_all(drills, workers, &mut || (), &mut |_, report| {
        reports.push(report);
        ControlFlow::Continue(())
    });
    threads.expect("a thread starts");
    reports
}

const FOLDER: &str = "scenarios/mechanisms";
const DOCUMENT: &str = "docs/mechanisms.md";
