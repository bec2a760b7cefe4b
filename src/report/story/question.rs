//! Which runs a report wants told: of each policy that failed an expectation the worst one.

use std::cmp::Reverse;

use super::{Story, WorstBy};
use crate::report::replay::Replay;
use crate::report::verdict::Verdict;
use crate::report::{Judged, Report, measures};

/// A run to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    /// The policy's position in the report.
    pub(crate) policy: usize,
    /// The seed.
    pub(crate) seed: u64,
    /// The calls to tell.
    pub(crate) by: WorstBy,
}

impl Report {
    /// The runs to tell, one for each policy that failed an expectation; also one for each of which
    /// an expectation is inconclusive, if any of its calls failed.
    pub(crate) fn questions(&self) -> Vec<Question> {
        let policies = self.policies.iter().enumerate();
        let asked = policies.filter_map(|(place, policy)| question(place, policy));
        asked.collect()
    }

    /// The run of each policy to make again for a page: the one to tell, else the worst.
    pub(crate) fn to_replay(&self) -> Vec<Question> {
        let policies = self.policies.iter().enumerate();
        let replayed = policies.filter_map(|(place, policy)| {
            let by = by(policy);
            let seed = worst_seed(policy, by)?;
            Some(Question {
                policy: place,
                seed,
                by,
            })
        });
        replayed.collect()
    }

    /// The position of each policy that ran, and the seed under which it did worst.
    pub(crate) fn worst_seeds(&self) -> Vec<(usize, u64)> {
        let questions = self.to_replay().into_iter();
        questions.map(|one| (one.policy, one.seed)).collect()
    }

    /// Adds runs in detail, which pages show.
    pub(crate) fn with_replays(mut self, replays: Vec<Replay>) -> Self {
        self.replays = replays;
        self
    }

    /// Adds the stories of policies, which tables show.
    pub(crate) fn with_stories(mut self, stories: Vec<Story>) -> Self {
        self.stories = stories;
        self
    }
}

fn question(place: usize, policy: &Judged) -> Option<Question> {
    let verdict = policy.judgements.iter().map(|one| one.verdict).max()?;
    let has_failed = policy.state.run.succeeded < policy.state.run.calls;
    if verdict == Verdict::Holds || (verdict == Verdict::Inconclusive && !has_failed) {
        return None;
    }
    let by = by(policy);
    Some(Question {
        policy: place,
        seed: worst_seed(policy, by)?,
        by,
    })
}

/// Failed calls are worth telling before slow ones.
const fn by(policy: &Judged) -> WorstBy {
    match policy.state.run.succeeded < policy.state.run.calls {
        true => WorstBy::Failed,
        false => WorstBy::Slowest,
    }
}

/// The run in which the largest share of calls failed, or the slowest run; of several the first.
fn worst_seed(policy: &Judged, by: WorstBy) -> Option<u64> {
    let measure = match by {
        WorstBy::Failed => measures::SUCCESS_RATE,
        WorstBy::Slowest => measures::LATENCY_P95,
    };
    let values = policy.by_seed.values.get(measure.name)?.iter();
    let worst = match by {
        WorstBy::Failed => values.min_by_key(|(_, value)| **value),
        WorstBy::Slowest => values.max_by_key(|(seed, value)| (**value, Reverse(**seed))),
    };
    worst.map(|(seed, _)| *seed)
}
