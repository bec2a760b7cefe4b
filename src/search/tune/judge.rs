//! Base and tuned policy under seeds by which nothing was chosen, and again on the wire.

use super::super::batch::Stopped;
use super::super::ranking::{mean_slacks, violation};
use super::super::worlds::{Row, Worlds};
use super::Plan;
use super::contest::Contest;
use super::tuned::{Finding, Gain, Judged, Replay, WorldTable};
use crate::drill::Engine;
use crate::report::statistics;

/// Judges the best against the base.
pub(super) fn judge(contest: &mut Contest<'_, '_>) -> Result<Judged, Stopped> {
    let plan = contest.plan;
    let seeds = plan.judged_by.clone();
    let [base, best] = contest.both_under(plan.worlds, Engine::Model, seeds.clone())?;
    let gains = Gain::all(plan, &base, &best);
    let finding = finding(plan, &base, &best, &gains);
    let failed = failed(plan.worlds, &best);
    let mut tables = WorldTable::all(plan.worlds, &base, &best, false);
    if let Some(held_out) = plan.held_out {
        let [base, best] = contest.both_under(held_out, Engine::Model, seeds.clone())?;
        tables.extend(WorldTable::all(held_out, &base, &best, true));
    }
    let replay = match plan.wire_seeds {
        0 => None,
        count => {
            let count = usize::try_from(count).unwrap_or(usize::MAX).min(base.len());
            let seeds = seeds.take(count);
            let on_wire = contest.both_under(plan.worlds, Engine::Wire, seeds)?;
            Some(Replay::new(
                plan,
                [&base[..count], &best[..count]],
                &on_wire,
            ))
        }
    };
    Ok(Judged {
        seeds: base.len(),
        finding,
        gains,
        failed,
        failed_by_base: self::failed(plan.worlds, &base),
        tables,
        replay,
    })
}

/// The constraints that fail, each with its scenario.
fn failed(worlds: &Worlds, rows: &[Row]) -> Vec<String> {
    let names = worlds.constraint_names();
    let failed = names
        .iter()
        .zip(mean_slacks(rows))
        .filter(|(_, slack)| *slack < 0.0);
    let scenario = |place: usize| {
        let world = worlds.iter().nth(place);
        world.map_or("", |world| world.drill.scenario().name.as_str())
    };
    failed
        .map(|((place, text), _)| match worlds.count() {
            1 => text.clone(),
            _ => format!("{text} ({})", scenario(*place)),
        })
        .collect()
}

fn finding(plan: &Plan<'_>, base: &[Row], best: &[Row], gains: &[Gain]) -> Finding {
    let (fails, fails_still) = (violation(base), violation(best));
    if fails > 0.0 || fails_still > 0.0 {
        let of = |row: &Row| violation(std::slice::from_ref(row));
        let less = base
            .iter()
            .zip(best)
            .map(|(base, best)| of(base) - of(best));
        let less = Vec::from_iter(less);
        return match statistics::paired(&less) {
            Some(interval) if interval.low > 0.0 && fails_still == 0.0 => Finding::Holds,
            Some(interval) if interval.low > 0.0 => Finding::FailsLess,
            Some(interval) if interval.high < 0.0 => Finding::Worse,
            _ => Finding::NotApart,
        };
    }
    let apart = Vec::from_iter(gains.iter().map(Gain::sign));
    if plan.is_front {
        return match (apart.contains(&1), apart.contains(&-1)) {
            (true, false) => Finding::Better(apart.iter().position(|sign| *sign == 1).unwrap_or(0)),
            (true, true) => Finding::Trades,
            (false, true) => Finding::Worse,
            (false, false) => Finding::NotApart,
        };
    }
    match apart.iter().position(|sign| *sign != 0) {
        Some(objective) if apart[objective] > 0 => Finding::Better(objective),
        Some(_) => Finding::Worse,
        None => Finding::NotApart,
    }
}
