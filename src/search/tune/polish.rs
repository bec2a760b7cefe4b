//! What is left of a tuned policy when changes without effect are taken back, and how the goal
//! depends on each setting around it.

use super::super::batch::Stopped;
use super::super::ranking::{compare, differences, mean, violation};
use super::super::space::Settings;
use super::contest::Contest;
use super::tuned::{Slice, SlicePoint};
use super::{BASE, IDLE_SHARE};
use crate::report::statistics;

/// Takes back each change of `best` without which it is no worse, one after the other.
pub(super) fn without_idle_changes(
    contest: &mut Contest<'_, '_>,
    mut best: usize,
) -> Result<usize, Stopped> {
    let paths = Vec::from_iter(
        contest.trials[best]
            .settings
            .iter()
            .map(|(path, _)| path.clone()),
    );
    for path in paths {
        let trial = &contest.trials[best];
        let fewer = without(&trial.settings, &path);
        if fewer == trial.settings {
            continue;
        }
        let (point, seeds) = (trial.point.clone(), trial.rows.len());
        let Some(place) = contest.add(point, fewer) else {
            continue;
        };
        contest.fill_within(&[place], seeds, IDLE_SHARE)?;
        // With few seeds left, nothing can be told: the change stays.
        if contest.trials[place].rows.len() < seeds {
            continue;
        }
        let rule = contest.plan.rule();
        if compare(
            &contest.trials[place].rows,
            &contest.trials[best].rows,
            rule,
        )
        .is_le()
        {
            best = place;
        }
    }
    Ok(best)
}

/// The settings without the one at `path` and those below it.
fn without(settings: &Settings, path: &str) -> Settings {
    let is_below = |other: &str| {
        let below = other.strip_prefix(path);
        below.is_some_and(|below| below.is_empty() || below.starts_with('.'))
    };
    let kept = settings.iter().filter(|(other, _)| !is_below(other));
    kept.cloned().collect()
}

/// How an objective depends on each setting, all others as in the best.
pub(super) fn slices(
    contest: &mut Contest<'_, '_>,
    objective: usize,
) -> Result<Vec<Slice>, Stopped> {
    let plan = contest.plan;
    let mut slices = Vec::new();
    for (place, dimension) in plan.space.dimensions().iter().enumerate() {
        let points = cut(contest, place, objective)?;
        slices.extend(Slice::new(&dimension.path, points, objective));
    }
    slices.sort_by(|one, two| two.effect().total_cmp(&one.effect()));
    Ok(slices)
}

/// The points of the slice along the dimension at `place`.
fn cut(
    contest: &mut Contest<'_, '_>,
    place: usize,
    objective: usize,
) -> Result<Vec<SlicePoint>, Stopped> {
    let plan = contest.plan;
    let dimension = &plan.space.dimensions()[place];
    let best = contest.best;
    let mut coordinates = dimension.domain.cover(SLICE_POINTS);
    coordinates.push(plan.space.base_point()[place]);
    let mut found: Vec<(usize, f64)> = Vec::new();
    for coordinate in coordinates {
        let mut settings = without(&contest.trials[best].settings, &dimension.path);
        let value = dimension.text(coordinate);
        if dimension.base.as_ref() != Some(&value) {
            settings.push((dimension.path.clone(), value));
        }
        let mut point = contest.trials[best].point.clone();
        point[place] = coordinate;
        if let Some(trial) = contest.add(point, settings)
            && found.iter().all(|(known, _)| *known != trial)
        {
            found.push((trial, coordinate));
        }
    }
    found.sort_by(|one, two| one.1.total_cmp(&two.1));
    let which = Vec::from_iter(found.iter().map(|(trial, _)| *trial).chain([best, BASE]));
    // A slice of few seeds would only mislead.
    if contest.affordable(&which, SLICE_SEEDS, 1.0) < SLICE_SEEDS {
        return Ok(Vec::new());
    }
    contest.fill(&which, SLICE_SEEDS)?;
    let of_best = &contest.trials[best].rows;
    let points = found.iter().filter_map(|(trial, coordinate)| {
        let differences = differences(&contest.trials[*trial].rows, of_best, objective);
        // Without runs there is nothing to tell.
        (!differences.is_empty()).then(|| SlicePoint {
            value: dimension.text(*coordinate),
            worse_by: mean(&differences),
            interval: statistics::paired(&differences).map(|one| (one.low, one.high)),
            is_allowed: violation(&contest.trials[*trial].rows) == 0.0,
            rows: contest.trials[*trial].rows.clone(),
        })
    });
    Ok(points.collect())
}

/// Numbers along a slice, beside the base's.
const SLICE_POINTS: usize = 5;
const SLICE_SEEDS: usize = 6;
