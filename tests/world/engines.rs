//! The two engines agree: call by call, at the same seed.
//!
//! A call agrees when both engines give it the same attempts at the same providers, with the same
//! ends, and the same outcome, each within a millisecond.

use std::num::NonZero;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use firedrill::drill::{Drill, Engine, compare_engines, run_all};
use firedrill::report::Format;

/// Those of scenarios that differ where state feeds back: many calls ask for the same thing in the
/// same millisecond, and who comes first decides who comes first the next time.
const FEEDBACK: &[(&str, &str)] = &[
    ("jitter", "jitter-off"),
    ("queue-priorities", "walled-queue"),
    ("reserved-places", "walled-queue"),
    ("retry-storm", "naive"),
];

#[test]
fn both_engines_tell_the_same_of_shipped_scenarios() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let (mut all, mut agree, mut wrong) = (0, 0, Vec::new());
    for folder in ["", "conduct", "mechanisms", "articles", "tuning"] {
        for path in files(&root.join(folder)) {
            let drill = Drill::load(&path).unwrap_or_else(|problem| panic!("{problem}"));
            let name = path
                .file_stem()
                .expect("a file")
                .to_string_lossy()
                .into_owned();
            // What shows one mechanism has a policy with it and one without. Of the policies of
            // other scenarios the last does the most.
            let most = if folder == "mechanisms" { 2 } else { 1 };
            for policy in drill.policies().iter().rev().take(most) {
                if FEEDBACK.contains(&(name.as_str(), policy.name.as_str())) {
                    continue;
                }
                let seed = *drill.scenario().run.seeds.start();
                let found = compare_engines(drill.scenario(), policy, seed);
                let found = found.expect("a thread starts");
                all += found.calls;
                agree += found.agree;
                if found.agree * 100 < found.calls * 98 {
                    wrong.push(format!("{name}, {}: {:#?}", policy.name, found.first));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        agree * 1_000 >= all * 999,
        "only {agree} of {all} calls agree"
    );
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder ships");
    let files = entries.map(|entry| entry.expect("it is read").path());
    let yaml = files.filter(|path| path.extension().is_some_and(|one| one == "yaml"));
    let mut files = Vec::from_iter(yaml);
    files.sort();
    files
}

#[test]
fn the_model_is_the_same_whatever_the_number_of_threads() {
    let drill = Drill::load(Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/cascade.yaml"));
    let drill = drill.expect("it ships").seeds(1..=4).engine(Engine::Model);
    let [one, four] = [1, 4].map(|threads| {
        let mut reports = Vec::new();
        let threads = run_all(
            std::slice::from_ref(&drill),
            NonZero::new(threads).expect("more than none"),
            &mut || (),
            &mut |_, report| {
                reports.push(report.render(Format::Json, false));
                ControlFlow::Continue(())
            },
        );
        threads.expect("a thread starts");
        reports
    });
    assert!(one == four);
    assert!(one[0].contains("made by the model engine"));
}
