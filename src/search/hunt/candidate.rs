//! A world as a drill: within the bounds, with the expectation that is to break it.

use std::io;
use std::time::Duration;

use super::super::batch::Values;
use super::super::goal::Constraint;
use super::Hunt;
use super::space::World;
use crate::drill::Drill;
use crate::expect::{Expectation, Op};
use crate::policy::ProviderId;
use crate::prices::Price;
use crate::scenario::fault::Fault;
use crate::text::Diagnostic;
use crate::units::duration;

/// A world, ready to run.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) world: World,
    pub(super) drill: Drill,
    /// Holds where the policy breaks.
    pub(super) expectation: Expectation,
    constraint: Constraint,
}

/// What one run came to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    /// By how much the expectation holds, relative to its bound; none without a value.
    pub(super) slack: Option<f64>,
    /// Whether it holds.
    pub(super) is_broken: bool,
    /// Calls.
    pub(super) calls: u64,
    /// The share of the calls that succeeded.
    pub(super) success_rate: f64,
}

impl Hunt {
    /// `world` as a drill; none if it is no scenario, or more happens in it than may.
    pub(super) fn candidate(&self, world: World) -> Option<Candidate> {
        let drill = self
            .drill
            .in_world(&self.space.set(&world, &self.drill))
            .ok()?;
        let own = self.drill.scenario().faults.len();
        if !is_within(&drill.scenario().faults, own, self.space.at_a_time) {
            return None;
        }
        let text = self.condition(&drill.scenario().faults)?;
        let no_mistake = |_, message: String| Diagnostic::of_file("", message);
        let expectation = drill.expectation(&text, &no_mistake).ok()?;
        Some(Candidate {
            world,
            constraint: Constraint::new(&expectation)?,
            drill: drill.counting([expectation.clone()]),
            expectation,
        })
    }

    /// The expectation in a world with these faults: with `--metastable` about the calls after the
    /// last of them. None where that never ends.
    fn condition(&self, faults: &[Fault]) -> Option<String> {
        let Some(calm) = self.calm.filter(|_| !faults.is_empty()) else {
            return Some(self.until.clone());
        };
        let ends = faults.iter().map(|fault| Some((end(fault)?, &fault.name)));
        let (_, last) = ends.collect::<Option<Vec<_>>>()?.into_iter().max()?;
        let at = self.until.find(['<', '>', '=', '≤', '≥'])?;
        let (before, behind) = self.until.split_at(at);
        let calm = duration::write(calm);
        Some(format!(
            "{} after {last} from {calm} {behind}",
            before.trim_end()
        ))
    }

    /// Whether a world without its faults, in which this was measured, can tell of a metastable
    /// failure: its load alone does not break the policy.
    pub(super) fn is_healthy(measured: &Measured) -> bool {
        !measured.is_broken && measured.success_rate >= HEALTHY
    }
}

impl Candidate {
    /// The numbers of a run under `seed`, with what tokens cost, for [`Self::measured`].
    pub(super) fn measure(&self, seed: u64, prices: &[Price]) -> io::Result<Values> {
        let Some(policy) = self.drill.policies().first() else {
            return Ok(Values::new());
        };
        let stats = self.drill.stats(policy, seed)?;
        let calls = stats.run.calls;
        let succeeded = stats.run.succeeded as f64 / calls.max(1) as f64;
        Ok(vec![
            self.constraint.slack(&stats, prices),
            Some(calls as f64),
            Some(succeeded),
        ])
    }

    /// What the numbers of [`Self::measure`] say.
    pub(super) fn measured(&self, values: &Values) -> Measured {
        let number = |place: usize| values.get(place).copied().flatten();
        let slack = number(0);
        let is_strict = matches!(self.expectation.op, Op::Above | Op::Below);
        Measured {
            slack,
            is_broken: slack.is_some_and(|slack| match is_strict {
                true => slack > 0.0,
                false => slack >= 0.0,
            }),
            calls: number(1).unwrap_or_default() as u64,
            success_rate: number(2).unwrap_or_default(),
        }
    }

    /// How the expectation comes out under `seed`, in words: `was 61.2%`.
    pub(super) fn finding(&self, seed: u64) -> String {
        let policy = self.drill.policies().first();
        let stats = policy.and_then(|policy| self.drill.stats(policy, seed).ok());
        stats.map_or_else(String::new, |stats| {
            self.drill.judged(&self.expectation, &stats).1
        })
    }
}

/// Whether at no time more than `most` providers are struck while one of the faults behind the
/// first `own` is active. What those strike alone is the scenario's own affair.
fn is_within(faults: &[Fault], own: usize, most: usize) -> bool {
    let struck = |faults: &[Fault], at: Duration| {
        let active = faults.iter().filter(|fault| is_active(fault, at));
        let mut targets = Vec::from_iter(active.flat_map(|fault| fault.targets.iter().copied()));
        targets.sort_unstable_by_key(|target: &ProviderId| target.index());
        targets.dedup();
        targets.len()
    };
    let hunted = &faults[own.min(faults.len())..];
    faults.iter().map(|fault| fault.windows.at).all(|at| {
        let is_hunted = hunted.iter().any(|fault| is_active(fault, at));
        !is_hunted || struck(faults, at) <= most.max(struck(&faults[..own], at))
    })
}

/// Whether the fault can be active at this time: one that comes again counts until the end.
fn is_active(fault: &Fault, at: Duration) -> bool {
    fault.windows.at <= at && end(fault).is_none_or(|end| at < end)
}

/// When the fault is over; none if it comes again, or never ends.
fn end(fault: &Fault) -> Option<Duration> {
    let once = fault.windows.every.is_none();
    let over = fault
        .recovery
        .map_or(Duration::ZERO, |recovery| recovery.over);
    let length = fault.windows.length.filter(|_| once)?;
    Some(fault.windows.at.saturating_add(length).saturating_add(over))
}

/// A world in which fewer calls succeed without any hunted fault is not healthy.
const HEALTHY: f64 = 0.99;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::Changes;
    use crate::text::Document;

    /// Whether these faults, of which the first `own` are the scenario's, keep to one provider.
    fn is_one_at_a_time(faults: &str, own: usize) -> bool {
        let text = format!(
            "name: two\nabout: Is it one at a time?\nrun: {{ duration: 10m }}\n\
             providers:\n  a: {{ profile: openai/gpt-4.1 }}\n  b: {{ profile: openai/gpt-4.1 }}\n\
             load: {{ rate: 1/s, prompt: 100 tok, output: 10 tok }}\n\
             policies: [resilient]\nfaults:\n{faults}"
        );
        let document = Document::parse("two.yaml", &text).expect("YAML");
        let drill = Drill::of_document(document, "two.yaml", Changes::default());
        let drill = drill.unwrap_or_else(|problems| panic!("{}", problems[0]));
        is_within(&drill.scenario().faults, own, 1)
    }

    #[test]
    fn faults_of_two_providers_may_follow_each_other_and_not_overlap() {
        let a = "  one: { inject: outage, target: a, at: 1m, for: 1m }\n";
        for (b, fits) in [
            ("{ inject: outage, target: b, at: 2m, for: 1m }", true),
            ("{ inject: outage, target: b, at: 119s, for: 1m }", false),
            ("{ inject: outage, target: b, at: 30s, for: 31s }", false),
            ("{ inject: outage, target: a, at: 90s, for: 1m }", true),
            (
                "{ inject: outage, target: b, at: 10s, for: 10s, every: 1m }",
                false,
            ),
            (
                "{ inject: slow, factor: 2, target: b, at: 10s, for: 40s, recover: 20s }",
                false,
            ),
        ] {
            let faults = format!("{a}  two: {b}\n");
            assert_eq!(is_one_at_a_time(&faults, 0), fits, "{b}");
        }
    }

    #[test]
    fn what_the_scenario_strikes_by_itself_does_not_count() {
        let own = "  one: { inject: outage, target: a, at: 1m, for: 2m }\n  \
                   two: { inject: outage, target: b, at: 1m, for: 2m }\n";
        let more = "  three: { inject: slow, factor: 2, target: a, at: 2m, for: 30s }\n";
        assert!(is_one_at_a_time(&format!("{own}{more}"), 2));
        let only = "  one: { inject: outage, target: a, at: 1m, for: 2m }\n";
        let other = "  two: { inject: slow, factor: 2, target: b, at: 2m, for: 30s }\n";
        assert!(!is_one_at_a_time(&format!("{only}{other}"), 1));
    }
}
