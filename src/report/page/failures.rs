//! What made attempts and calls fail: by fault, provider and class, and the faults to blame.

use std::cmp::Reverse;

use serde::Serialize;

use super::answers::{capital, names};
use crate::report::Report;
use crate::report::ratio::grouped;

/// Attempts of one run that failed, by what struck them.
#[derive(Serialize)]
pub(super) struct Struck {
    policy: String,
    seed: u64,
    rows: Vec<Cause>,
}

#[derive(Serialize)]
struct Cause {
    fault: String,
    provider: String,
    class: &'static str,
    count: String,
    /// Thousandths of the most frequent.
    part: u64,
}

/// For each run that was made again and in which attempts failed, the most frequent first.
pub(super) fn struck(report: &Report) -> Vec<Struck> {
    let names = names(report);
    let all = report.replays.iter().filter_map(|replay| {
        let mut causes = Vec::from_iter(&replay.failures);
        causes.sort_by_key(|(key, count)| (Reverse(**count), **key));
        let most = causes.first().map(|(_, count)| **count)?;
        let rows = causes
            .iter()
            .take(MOST_ROWS)
            .map(|((fault, provider, class), count)| {
                let fault = fault.map_or("no fault", |fault| names.fault(fault));
                let provider = report.subject.providers.get(*provider);
                let part = u128::from(**count) * 1_000 / u128::from(most.max(1));
                Cause {
                    fault: fault.to_owned(),
                    provider: provider.map_or("?", |one| one.name.as_str()).to_owned(),
                    class: class.name(),
                    count: grouped(**count),
                    part: u64::try_from(part).unwrap_or(1_000),
                }
            });
        Some(Struck {
            policy: report.policies.get(replay.policy)?.name.clone(),
            seed: replay.seed,
            rows: rows.collect(),
        })
    });
    all.collect()
}

/// A sentence for each policy whose failed calls were run again without each fault.
pub(super) fn blame(report: &Report) -> Vec<String> {
    let names = names(report);
    let told = report.stories.iter().filter_map(|story| {
        let policy = report.policies.get(story.policy)?;
        let line = story.blame.as_ref()?.line(&names);
        let (name, seed) = (&policy.name, story.seed);
        Some(format!("{}, seed {seed}: {line}.", capital(name)))
    });
    told.collect()
}

/// More are not shown.
const MOST_ROWS: usize = 12;
