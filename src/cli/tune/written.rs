//! What `tune` writes: the policy with its origin, the tables, and the data.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::super::file_set::FileSet;
use super::super::output::{self, CliError};
use super::{Args, Task};
use crate::drill::Changes;
use crate::report::command::quoted;
use crate::report::{self, Candidate, Ratio};
use crate::search::tune::{self, Tuned};

/// Writes all files of one search.
pub(super) fn write(folder: PathBuf, task: &Task, tuned: &Tuned) -> Result<(), CliError> {
    let mut files = FileSet::new("--out", folder)?;
    files.add("tuned.yaml".to_owned(), policy_text(task, tuned)?);
    let text = tune::markdown(tuned);
    files.add(
        "tune.html".to_owned(),
        report::document(&text, &pictures(tuned)),
    );
    files.add("tune.md".to_owned(), text);
    let data = serde_json::to_string(tuned).unwrap_or_default();
    files.add("tune.json".to_owned(), data + "\n");
    files.add("trials.csv".to_owned(), tune::trials_csv(tuned));
    files.add("slices.csv".to_owned(), tune::slices_csv(tuned));
    files.add("front.csv".to_owned(), tune::front_csv(tuned));
    files.write()
}

/// What was tried, by the first two objectives; none where there is one, or one candidate.
fn pictures(tuned: &Tuned) -> Vec<String> {
    let [first, second, ..] = &tuned.objectives[..] else {
        return Vec::new();
    };
    let whole = tuned.trials.iter().enumerate();
    let whole = whole.filter(|(_, trial)| !trial.is_dropped && trial.seeds > 0);
    let candidates = whole.filter_map(|(place, trial)| {
        let [one, two, ..] = trial.objectives[..] else {
            return None;
        };
        let settings = trial.settings.iter();
        let settings = settings.map(|(path, value)| format!("{path}={value}"));
        let settings = Vec::from_iter(settings).join(" ");
        Some(Candidate {
            name: format!("candidate {place}: {settings}"),
            values: [one, two].map(|value| Ratio::near(value.max(0.0))),
            is_best: tuned.front.contains(&place),
        })
    });
    let candidates = Vec::from_iter(candidates);
    if candidates.len() < 2 {
        return Vec::new();
    }
    let objectives = [first, second].map(|(name, unit, _)| (name.as_str(), *unit));
    vec![report::front(objectives, &candidates)]
}

/// The policy that was chosen, with its origin in comments.
fn policy_text(task: &Task, tuned: &Tuned) -> Result<String, CliError> {
    let mut settings = tuned.chosen().to_vec();
    settings.push(("name".to_owned(), "tuned".to_owned()));
    let (_, document) = task.drill.variant(0, &settings)?;
    let mut text = String::new();
    for line in origin(task, tuned) {
        let _ = writeln!(text, "# {line}");
    }
    Ok(text + &document.to_yaml())
}

fn origin(task: &Task, tuned: &Tuned) -> Vec<String> {
    let mut lines = vec![match (tuned.is_gain(), tuned.is_interrupted) {
        (_, true) => format!("The best so far, from {}; not judged.", tuned.base),
        (true, _) => format!("Tuned from {}, for: {}.", tuned.base, tuned.goal),
        (false, _) => format!(
            "{} itself: nothing better was found, for: {}.",
            tuned.base, tuned.goal
        ),
    }];
    lines.push(task.command.clone());
    if !tuned.chosen().is_empty() {
        let changes = tuned.changes.iter();
        lines.extend(changes.map(|(path, before, now)| format!("{path}: {now} (was {before})")));
    }
    let text = lines.join("\n");
    let options = textwrap::Options::new(96).break_words(false);
    text.lines()
        .flat_map(|line| textwrap::wrap(line, &options))
        .map(String::from)
        .collect()
}

/// The gains of several policies as one table.
#[derive(Default)]
pub(super) struct Gains {
    rows: Vec<String>,
}

impl Gains {
    pub(super) fn add(&mut self, tuned: &Tuned) {
        self.rows.extend(tune::gain_rows_markdown(tuned));
    }

    pub(super) fn finish(self, args: &Args) -> Result<(), Vec<CliError>> {
        let text = format!("{}\n{}\n", tune::GAINS_HEAD, self.rows.join("\n"));
        output::print(&format!("\n{text}")).map_err(|error| vec![error])?;
        let in_folder = args.out.as_ref().filter(|_| args.policies.len() > 1);
        let in_folder = in_folder.map(|folder| folder.join("gains.md"));
        let text = format!("# What tuning gains\n\n{text}");
        let paths = in_folder.iter().chain(&args.table);
        let failed = paths.filter_map(|path| {
            let error = output::write_whole(path, &text).err()?;
            let message = format!("cannot write `{}`: {error}", path.display());
            Some(CliError::new(message, "choose another place"))
        });
        let failed = Vec::from_iter(failed);
        if failed.is_empty() {
            Ok(())
        } else {
            Err(failed)
        }
    }
}

/// What tunes this policy, without the words on which nothing depends.
pub(super) fn command(args: &Args, changes: &Changes) -> String {
    let mut words = vec!["firedrill".to_owned(), "tune".to_owned()];
    let path = |path: &PathBuf| path.display().to_string();
    words.extend(args.scenarios.iter().map(path));
    let mut flag = |name: &str, value: String| words.extend([name.to_owned(), value]);
    changes
        .policies
        .iter()
        .for_each(|one| flag("--policy", one.clone()));
    args.space.iter().for_each(|one| flag("--space", path(one)));
    args.objectives
        .iter()
        .for_each(|one| flag("--objective", one.clone()));
    args.subject_to
        .iter()
        .for_each(|one| flag("--subject-to", one.clone()));
    args.judge_as
        .iter()
        .for_each(|one| flag("--judge-as", one.clone()));
    if !args.weights.is_empty() {
        let weights = args.weights.iter().map(u64::to_string);
        flag("--weights", Vec::from_iter(weights).join(","));
    }
    args.held_out
        .iter()
        .for_each(|one| flag("--held-out", path(one)));
    flag("--budget", args.budget.to_string());
    if let Some(seeds) = &args.seeds {
        flag("--seeds", format!("{}..{}", seeds.start(), seeds.end()));
    }
    flag("--seed", args.seed.to_string());
    args.set
        .iter()
        .for_each(|(at, value)| flag("--set", format!("{at}={value}")));
    args.prices
        .iter()
        .for_each(|one| flag("--prices", path(one)));
    let words = words.iter().map(|word| quoted(word));
    Vec::from_iter(words).join(" ")
}
