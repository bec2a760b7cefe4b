//! Whether a fault of a scenario can never strike, and why.
//!
//! Only what is certain is said, whatever the policies do: there is no call that it could strike,
//! none of its targets has what it takes away, or an earlier fault decides all of its attempts.

use std::ops::RangeInclusive;

use super::answer_effects::{AnswerEffects, PlainAnswer, shows};
use crate::policy::ProviderId;
use crate::rng::RngStreams;
use crate::scenario::fault::{Bound, Fault, FaultKind, Layer, Side};
use crate::scenario::{Calls, Limits, Load, Scenario, Task};
use crate::seeded::SeededFault;
use crate::time::{Instant, Windows};
use crate::units::{Share, duration};

/// Why each fault of `scenario` can never strike, in a few words, if it cannot; `has_checks` says
/// whether clients send health checks, which are small plain requests that no call makes.
pub(crate) fn why_never(scenario: &Scenario, has_checks: bool) -> Vec<Option<String>> {
    let calls = Traffic::of(&scenario.load, has_checks);
    let faults = scenario.faults.iter().enumerate();
    let whys = faults.map(|(place, fault)| {
        after_the_last(scenario, fault)
            .or_else(|| calls.unmet(fault))
            .or_else(|| unheld_key(scenario, fault))
            .or_else(|| nothing_to_lose(scenario, fault))
            .or_else(|| calls.unseen(fault))
            .or_else(|| hidden(scenario, place))
    });
    whys.collect()
}

/// As [`why_never`], for providers whose clients the scenario does not describe: any request may
/// come, with any key.
pub(crate) fn why_never_served(scenario: &Scenario) -> Vec<Option<String>> {
    let faults = scenario.faults.iter().enumerate();
    let whys = faults.map(|(place, fault)| {
        not_owned(scenario, fault)
            .or_else(|| Traffic::ANY.unseen(fault))
            .or_else(|| hidden(scenario, place))
    });
    whys.collect()
}

/// The requests that clients may send.
struct Traffic {
    /// Whether some are plain, and some are streamed.
    plain: bool,
    streamed: bool,
    /// Their prompts, in tokens.
    prompts: RangeInclusive<u64>,
    /// The longest answer, in tokens.
    longest: u64,
}

impl Traffic {
    const ANY: Self = Self {
        plain: true,
        streamed: true,
        prompts: 0..=u64::MAX,
        longest: u64::MAX,
    };

    fn of(load: &Load, has_checks: bool) -> Self {
        let kinds = load.kinds();
        let share = |kind: &Task| kind.stream.unwrap_or_default();
        let sizes = |kind: &Task| match &load.calls {
            Calls::Trace { rows, .. } => {
                let inputs = rows.iter().map(|row| row.input);
                let bounds = inputs.fold((u64::MAX, 0), |(least, most), tokens| {
                    (least.min(tokens), most.max(tokens))
                });
                let outputs = rows.iter().map(|row| row.output);
                (bounds, outputs.max().unwrap_or(u64::MAX))
            }
            _ => (
                kind.prompt.map_or(ANY, |two| match two.p50 == two.p99 {
                    true => (two.p50, two.p50),
                    false => ANY,
                }),
                kind.output
                    .map_or(u64::MAX, |two| match two.p50 == two.p99 {
                        true => two.p50,
                        false => u64::MAX,
                    }),
            ),
        };
        let mut all = Self {
            plain: has_checks || kinds.iter().any(|kind| share(kind) < Share::WHOLE),
            streamed: kinds.iter().any(|kind| share(kind) > Share::ZERO),
            prompts: RangeInclusive::new(u64::MAX, 0),
            longest: 0,
        };
        for kind in kinds {
            let ((least, most), longest) = sizes(kind);
            let longest = longest.min(kind.max_tokens.unwrap_or(u64::MAX));
            let least = if has_checks { 0 } else { least };
            all.prompts = least.min(*all.prompts.start())..=most.max(*all.prompts.end());
            all.longest = all.longest.max(longest);
        }
        all
    }

    /// Which condition of `when` no request meets.
    fn unmet(&self, fault: &Fault) -> Option<String> {
        let when = &fault.when;
        if let Some(streamed) = when.streamed
            && !self.comes(streamed)
        {
            return Some(none_comes(streamed));
        }
        let (least, most) = (*self.prompts.start(), *self.prompts.end());
        let unmet = |Bound { side, tokens }: Bound| {
            let (is_met, size) = match side {
                Side::Above => (most > tokens, "long"),
                Side::AtLeast => (most >= tokens, "long"),
                Side::Below => (least < tokens, "short"),
                Side::AtMost => (least <= tokens, "short"),
            };
            (!is_met).then(|| format!("no prompt is so {size}"))
        };
        let bounds = when.prompt.as_ref()?.values();
        let all: Option<Vec<String>> = bounds.iter().map(|bound| unmet(*bound)).collect();
        all?.into_iter().next()
    }

    /// Why no answer shows the fault, if it is one of answers.
    fn unseen(&self, fault: &Fault) -> Option<String> {
        if fault.inject.layer() != Layer::Answer {
            return None;
        }
        let asked = |streamed: bool| fault.when.streamed.is_none_or(|own| own == streamed);
        let comes = |streamed: bool| asked(streamed) && self.comes(streamed);
        let seen = |streamed, output| changes(fault, PlainAnswer { streamed, output });
        let both = [false, true];
        if both
            .iter()
            .any(|one| comes(*one) && seen(*one, self.longest))
        {
            return None;
        }
        if both.iter().any(|one| comes(*one) && seen(*one, u64::MAX)) {
            return Some("no answer is so long".to_owned());
        }
        let other = both.into_iter().find(|one| seen(*one, u64::MAX));
        Some(other.map_or_else(|| "it changes nothing".to_owned(), none_comes))
    }

    const fn comes(&self, streamed: bool) -> bool {
        if streamed { self.streamed } else { self.plain }
    }
}

fn none_comes(streamed: bool) -> String {
    match streamed {
        true => "no call is streamed",
        false => "every call is streamed",
    }
    .to_owned()
}

/// Whether a fault of answers changes one of this kind.
fn changes(fault: &Fault, shape: PlainAnswer) -> bool {
    let drawn = SeededFault::all(std::slice::from_ref(fault), RngStreams::new(0));
    let drawn = Vec::from_iter(drawn.iter().map(SeededFault::switched_on));
    let drawn = Vec::from_iter(drawn.iter());
    let is_shown = shows(&fault.inject, shape);
    is_shown
        && !AnswerEffects::of(&drawn, Instant::START, shape)
            .fired
            .is_empty()
}

/// The calls of a trace are over before the fault begins.
fn after_the_last(scenario: &Scenario, fault: &Fault) -> Option<String> {
    let Calls::Trace { rows, .. } = &scenario.load.calls else {
        return None;
    };
    let last = rows.last()?.arrival.since_start();
    (fault.windows.at > last).then(|| {
        let last = duration::write(last);
        format!("the last call of the trace arrives {last} into the run")
    })
}

/// It looks for a key that the client does not hold for any of its targets.
fn unheld_key(scenario: &Scenario, fault: &Fault) -> Option<String> {
    let wanted = fault.when.key.as_ref()?;
    let mut targets = targets(scenario, fault);
    let is_held = targets.any(|one| one.keys().any(|key| wanted.any(|own| *own == key)));
    (!is_held).then(|| format!("the client holds no key `{wanted}` there"))
}

/// None of its targets has what it takes away, or no call uses it.
fn nothing_to_lose(scenario: &Scenario, fault: &Fault) -> Option<String> {
    if let Some(why) = not_owned(scenario, fault) {
        return Some(why);
    }
    let load = &scenario.load;
    let shares = match &load.calls {
        Calls::Trace { rows, .. } => rows.iter().any(|row| row.prefix.is_some()),
        _ => false,
    };
    let shares = shares || load.kinds().iter().any(|kind| kind.prefix.is_some());
    let is_miss = matches!(fault.inject, FaultKind::CacheMiss);
    (is_miss && !shares).then(|| "no prompts share a `prefix`".to_owned())
}

/// None of its targets has what it takes away.
fn not_owned(scenario: &Scenario, fault: &Fault) -> Option<String> {
    let mut targets = targets(scenario, fault);
    let (has, key) = match fault.inject {
        FaultKind::CapacityLoss { .. } => (targets.any(|one| one.capacity.is_some()), "capacity"),
        FaultKind::LimitShrink { .. } => (targets.any(|one| is_limited(&one.limits)), "limits"),
        FaultKind::CacheMiss => (targets.any(|one| one.cache.is_some()), "cache"),
        _ => return None,
    };
    (!has).then(|| format!("none of its targets has `{key}`"))
}

fn is_limited(limits: &Limits) -> bool {
    let rates = [
        &limits.requests,
        &limits.tokens,
        &limits.input,
        &limits.output,
    ];
    limits.concurrency.is_some() || rates.iter().any(|one| !one.is_empty())
}

fn targets<'a>(
    scenario: &'a Scenario,
    fault: &'a Fault,
) -> impl Iterator<Item = &'a crate::scenario::Provider> {
    let ids = fault.targets.iter();
    ids.filter_map(|id| scenario.providers.get(id.index()))
}

/// Other faults decide every attempt at its targets while it is active.
fn hidden(scenario: &Scenario, place: usize) -> Option<String> {
    let fault = scenario.faults.get(place)?;
    let hider = |target: &ProviderId| {
        let mut others = scenario.faults.iter().enumerate();
        others.find(|(other, by)| {
            let is_before = *other < place;
            by.targets.contains(target)
                && decides(by, fault, is_before)
                && is_certain(by)
                && contains(&by.windows, &fault.extents())
        })
    };
    let hiders: Option<Vec<_>> = fault.targets.iter().map(hider).collect();
    let (_, first) = *hiders?.first()?;
    Some(format!(
        "`{}` decides every attempt before it could",
        first.name
    ))
}

/// Whether `by` leaves nothing of an attempt that it strikes to `fault`.
fn decides(by: &Fault, fault: &Fault, is_before: bool) -> bool {
    let (layer, own) = (by.inject.layer(), fault.inject.layer());
    let is_state = matches!(
        fault.inject,
        FaultKind::CapacityLoss { .. } | FaultKind::LimitShrink { .. }
    );
    match by.inject {
        FaultKind::Outage | FaultKind::Blackhole => own > Layer::Network,
        _ if layer == Layer::Exchange && !is_state => {
            own > Layer::Exchange || (own == Layer::Exchange && is_before)
        }
        _ => false,
    }
}

/// Whether it strikes every attempt in its windows.
fn is_certain(fault: &Fault) -> bool {
    let is_all = fault.rate == Share::WHOLE && fault.chance == Share::WHOLE;
    let is_steady = fault.ramp.is_none() && fault.burst.is_none() && fault.times.is_none();
    is_all && is_steady && fault.when.is_always()
}

/// Whether `outer` is active whenever `inner` is.
fn contains(outer: &Windows, inner: &Windows) -> bool {
    let ends = |windows: &Windows| {
        let length = windows.length.filter(|_| windows.every.is_none());
        length.map(|length| windows.at.saturating_add(length))
    };
    let lasts = match (outer.every, ends(outer)) {
        (Some(_), _) => return outer == inner,
        (None, None) => true,
        (None, Some(end)) => ends(inner).is_some_and(|own| own <= end),
    };
    outer.at <= inner.at && lasts
}

/// Any number of tokens.
const ANY: (u64, u64) = (0, u64::MAX);
