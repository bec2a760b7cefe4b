//! Bad answers as providers gave them: each is put before the real client under `resilient`, with a
//! healthy provider behind it. The cases are read from a folder beside the project, where there is
//! one; `FIREDRILL_CASES` names another.

mod case;

use std::collections::BTreeMap;
use std::path::PathBuf;

use case::Case;

/// The folder of cases, if there is one.
fn folder() -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/cases/wire");
    let named = std::env::var_os("FIREDRILL_CASES").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| PathBuf::from(beside));
    folder.is_dir().then_some(folder)
}

#[tokio::test(start_paused = true)]
async fn answers_from_public_reports_come_out_as_they_should() {
    let Some(folder) = folder() else {
        eprintln!("skipped: there is no folder of cases beside the project");
        return;
    };
    let mut wrong = BTreeMap::new();
    let mut forms = 0;
    for case in Case::all(&folder) {
        for streamed in case.forms() {
            forms += 1;
            if let Err(why) = case.judge(streamed).await {
                let form = if streamed { "streamed" } else { "plain" };
                wrong.insert(format!("{} {form}", case.id), why);
            }
        }
    }
    let told: String = wrong
        .iter()
        .map(|(name, why)| format!("{name}: {why}\n"))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {forms} are wrong:\n{told}",
        wrong.len()
    );
}
