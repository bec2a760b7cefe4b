//! Finds settings with which a policy does better, and says whether that is sure.
//!
//! ```text
//! even points -> race -> points near the best -> race -> … -> finalists, many seeds
//!     -> leave out what has no effect -> slices through the optimum
//!     -> seeds that chose nothing: the base against the tuned policy -> the same on the wire
//! ```
//!
//! - `contest`: candidates and their races.
//! - `polish`: leaves out changes without effect, and cuts slices through what is left.
//! - `judge`: base and tuned policy under seeds that no choice was made by.
//! - `tuned`: what came of it, as data; `write`: as texts.
//!
//! All candidates meet the same seeds. The seeds that choose are not those that judge: the best of
//! many looks better than it is where it was chosen.

mod contest;
mod judge;
mod polish;
mod tuned;
mod write;

use std::ops::RangeInclusive;

use super::batch::{Batches, Stopped};
use super::optimizer::Optimizer;
use super::ranking::Rule;
use super::space::Space;
use super::worlds::Worlds;
use crate::drill::NoThread;
use crate::policy::config::Policy;
use contest::Contest;
pub use tuned::{Finding, Gain, Judged, Replay, Slice, SlicePoint, TrialRow, Tuned, WorldTable};
pub use write::{
    GAINS_HEAD, front_csv, gain_rows_markdown, markdown, slices_csv, summary, trials_csv,
};

/// What is searched, and how long.
#[derive(Debug)]
pub struct Plan<'a> {
    /// The scenarios and the goal.
    pub worlds: &'a Worlds,
    /// The goal in words.
    pub goal: String,
    /// The objectives by name, in their order.
    pub objectives: Vec<String>,
    /// Whether no objective comes before another.
    pub is_front: bool,
    /// The policy to begin with.
    pub base: &'a Policy,
    /// What is searched.
    pub space: &'a Space,
    /// Whether candidates descend from good ones; if not, all are drawn evenly: the floor that a
    /// search has to beat.
    pub is_guided: bool,
    /// The calls to spend on the search; judging takes more.
    pub budget: u64,
    /// Keys the draws, and the seeds under which candidates run.
    pub seed: u64,
    /// The seeds that judge.
    pub judged_by: RangeInclusive<u64>,
    /// Scenarios that choose nothing.
    pub held_out: Option<&'a Worlds>,
    /// Under how many of the seeds that judge the wire repeats the runs.
    pub wire_seeds: u64,
}

/// How far a search is.
#[derive(Clone, Debug)]
pub struct Progress {
    /// The calls so far.
    pub spent: u64,
    /// The calls in all.
    pub budget: u64,
    /// The candidates so far.
    pub candidates: usize,
    /// What the best so far sets on top of the base.
    pub best: Vec<(String, String)>,
}

/// Searches, and judges what was found. An interrupted search has no judgement.
///
/// # Errors
/// When the machine cannot start a thread.
pub fn tune(
    plan: &Plan<'_>,
    batches: &mut Batches<'_>,
    on_progress: &mut dyn FnMut(&Progress),
) -> Result<Tuned, NoThread> {
    let mut contest = Contest::new(plan, batches, on_progress);
    let mut tuned = Tuned::new(plan);
    match run(&mut contest, &mut tuned) {
        Ok(()) => {}
        Err(Stopped::Interrupted) => tuned.is_interrupted = true,
        Err(Stopped::NoThread(error)) => return Err(error),
    }
    tuned.take_trials(&contest);
    Ok(tuned)
}

fn run(contest: &mut Contest<'_, '_>, tuned: &mut Tuned) -> Result<(), Stopped> {
    search(contest)?;
    let (best, front) = contest.decide()?;
    tuned.front = front;
    contest.best = polish::without_idle_changes(contest, best)?;
    tuned.searched = contest.gains_searched();
    let apart = tuned.searched.iter().position(|gain| gain.sign() != 0);
    tuned.sliced_by = apart.unwrap_or(0);
    tuned.slices = polish::slices(contest, tuned.sliced_by)?;
    if contest.best != BASE {
        tuned.judged = Some(judge::judge(contest)?);
    }
    Ok(())
}

/// Races candidates until the part of the budget that is for it is spent, or nothing new comes.
fn search(contest: &mut Contest<'_, '_>) -> Result<(), Stopped> {
    let plan = contest.plan;
    let domains = plan.space.dimensions().iter().map(|one| &one.domain);
    let mut optimizer = Optimizer::new(domains, plan.seed);
    contest.begin()?;
    let start =
        (START_PER_DIMENSION * plan.space.dimensions().len()).clamp(LEAST_START, MOST_START);
    let mut points = optimizer.start(start);
    let mut idle = 0;
    while idle < MOST_IDLE && contest.spent < contest.share(SEARCH_SHARE) {
        let new = contest.add_all(points);
        idle = if new.is_empty() { idle + 1 } else { 0 };
        contest.race(&new)?;
        let progress = contest.spent as f64 / contest.share(SEARCH_SHARE).max(1) as f64;
        points = match plan.is_guided {
            true => {
                let mut proposed = optimizer.next(&contest.good_points(), progress, PROPOSED);
                proposed.extend(optimizer.start(PROPOSED_EVENLY));
                contest.worth_trying(proposed, GENERATION)
            }
            false => optimizer.start(GENERATION),
        };
    }
    Ok(())
}

impl Plan<'_> {
    const fn rule(&self) -> Rule {
        if self.is_front {
            Rule::Front
        } else {
            Rule::InOrder
        }
    }
}

/// The position of the base among the candidates.
const BASE: usize = 0;
/// Points of the even start for each dimension.
const START_PER_DIMENSION: usize = 2;
const LEAST_START: usize = 8;
const MOST_START: usize = 24;
/// Candidates at a time: enough for every core, few enough to learn from the last ones.
const GENERATION: usize = 8;
/// Points near good ones that are proposed for each generation.
const PROPOSED: usize = 128;
/// And points anywhere.
const PROPOSED_EVENLY: usize = 96;
/// After so many generations without a new candidate the space is exhausted.
const MOST_IDLE: usize = 20;
/// The share of the budget after which races end.
const SEARCH_SHARE: f64 = 0.6;
/// And the finalists' further seeds.
const FINAL_SHARE: f64 = 0.8;
/// And the search for changes without effect; the rest is for slices.
const IDLE_SHARE: f64 = 0.9;
