//! Limits, hedges, and providers with a shared cause of outages.

use super::queue::waits_for_return;
use super::view::View;
use super::{Draft, LintLocation, LintProvider};
use crate::policy::config::{Hedge, HedgeDelay, Limit};
use crate::policy::settings::Settings;
use crate::units::{Share, duration};

/// A hedge that is never made.
pub(super) fn hedge_never(view: &View) -> Vec<Draft> {
    let Some(hedge) = &view.policy.hedge else {
        return Vec::new();
    };
    if hedge.budget > Share::ZERO {
        return Vec::new();
    }
    let paths: [&[&str]; 2] = [&["hedge", "budget"], &["hedge"]];
    vec![
        Draft::at(&paths, "a budget of 0% never hedges")
            .because("the section has no effect, and reads as if it had")
            .instead("write `budget: 5%`, or `hedge: none`"),
    ]
}

/// Hedges that are started for a large share of calls.
pub(super) fn hedge_doubles(view: &View) -> Vec<Draft> {
    let Some(hedge) = &view.policy.hedge else {
        return Vec::new();
    };
    let mut drafts = Vec::new();
    if hedge.budget > GENEROUS {
        let paths: [&[&str]; 2] = [&["hedge", "budget"], &["hedge"]];
        let message = format!("up to {} of calls are hedged", hedge.budget);
        drafts.push(
            Draft::at(&paths, message)
                .because("when providers grow slow, hedges make them slower, and each is billed")
                .instead("write `budget: 5%`: what is later than `p95` asks for no more"),
        );
    }
    if let Some(message) = hedges_the_median(hedge, view.around.providers.first()) {
        let paths: [&[&str]; 2] = [&["hedge", "delay"], &["hedge"]];
        drafts.push(
            Draft::at(&paths, message)
                .because(
                    "the budget is spent on healthy calls, and nothing is left for the slow ones",
                )
                .instead("write `delay: p95`"),
        );
    }
    drafts
}

/// The evidence that more than half of healthy calls would start a hedge, if there is any.
fn hedges_the_median(hedge: &Hedge, first: Option<&LintProvider>) -> Option<String> {
    match hedge.delay {
        HedgeDelay::Quantile(percent) if percent <= 50 => Some(format!(
            "{}% of healthy calls ask for a hedge (`delay: p{percent}`)",
            100 - percent
        )),
        HedgeDelay::Quantile(_) => None,
        HedgeDelay::After(delay) => {
            let first = first?;
            let median = first.first_token.filter(|median| delay < *median)?;
            Some(format!(
                "`delay: {}` is below the median of `{}`, {}: most calls ask for a hedge",
                duration::write(delay),
                first.name,
                duration::write(median)
            ))
        }
    }
}

/// The sum of all limits is below the load.
pub(super) fn limit_below_load(view: &View) -> Vec<Draft> {
    let clients = u64::from(view.around.clients.unwrap_or(1).max(1));
    let Some(offered) = view.around.offered_per_minute else {
        return Vec::new();
    };
    let calls = offered.div_ceil(clients);
    let tokens = view
        .around
        .tokens_per_call
        .map(|each| calls.saturating_mul(each));
    let kinds: [LimitKind; 2] = [
        ("rpm", "attempts", Some(calls), |limit| limit.rpm),
        ("tpm", "tokens", tokens, |limit| limit.tpm),
    ];
    let tell = |(key, noun, offered, of): LimitKind| {
        let offered = offered?;
        let allowed = allowed(view, of)?;
        if allowed >= offered {
            return None;
        }
        let message = format!(
            "the limits of all providers allow {allowed} {noun} per minute, and {offered} arrive"
        );
        let paths: [&[&str]; 2] = [&["limit", key], &["limit"]];
        let draft = Draft::at(&paths, message)
            .because("the client itself refuses what the providers would take")
            .instead(format!(
                "raise `{key}` above the load, or write `{key}: none`"
            ));
        Some(draft)
    };
    kinds.into_iter().filter_map(tell).collect()
}

/// A limit's key, its unit, the load of one client in that unit, and a getter for it.
type LimitKind = (
    &'static str,
    &'static str,
    Option<u64>,
    fn(&Limit) -> Option<u64>,
);

/// The sum of the limits of all providers; none = no limit.
fn allowed(view: &View, of: fn(&Limit) -> Option<u64>) -> Option<u64> {
    let providers = view.around.providers.iter().enumerate();
    let limits = providers.map(|(position, provider)| {
        let settings = Settings::resolve(view.policy, position, &provider.name);
        of(&settings.limit)
    });
    let limits = Option::<Vec<u64>>::from_iter(limits)?;
    (!limits.is_empty()).then(|| limits.into_iter().fold(0, u64::saturating_add))
}

/// Places are kept for tasks where there is no limit, or so many that other calls hardly start.
pub(super) fn reserved_places(view: &View) -> Vec<Draft> {
    let tasks = view.policy.route.tasks.iter();
    let reserves = tasks.filter_map(|(name, task)| Some((name, task.reserved_concurrency?)));
    let reserves = Vec::from_iter(reserves);
    let Some((name, _)) = reserves.first() else {
        return Vec::new();
    };
    let path: &[&str] = &["route", "tasks", name, "reserved_concurrency"];
    let spots = view.spots();
    let limits = spots.iter().map(|spot| &spot.settings.limit);
    if limits
        .clone()
        .all(|limit| limit.concurrency.is_none() && limit.adaptive.is_none())
    {
        return vec![
            Draft::at(
                &[path],
                format!("places are kept for `{name}`, and their number has no limit"),
            )
            .because("without `limit.concurrency` or `limit.adaptive`, no call waits for a place")
            .instead("write `limit: { concurrency: 20 }`, or leave it out"),
        ];
    }
    let sum = reserves
        .iter()
        .fold(0, |sum: u32, (_, places)| sum.saturating_add(*places));
    let Some(least) = limits.filter_map(|limit| limit.concurrency).min() else {
        return Vec::new();
    };
    if sum < least {
        return Vec::new();
    }
    let message = format!("tasks keep {sum} places, and a provider has {least}");
    vec![
        Draft::at(&[path], message)
            .because("a call of another task starts only while all places are free")
            .instead("keep fewer places, or write a larger `limit.concurrency`"),
    ]
}

/// Sections that can do nothing in this fleet, or beside the rest of the policy.
pub(super) fn without_effect(view: &View) -> Vec<Draft> {
    let policy = view.policy;
    let is_alone = view.around.providers.len() == 1;
    let is_full = |limit: &Limit| limit.rpm.or(limit.tpm).is_some() || limit.concurrency.is_some();
    let fills = policy.spend.is_some()
        || view.spots().iter().any(|spot| {
            let limit = &spot.settings.limit;
            is_full(limit) || limit.adaptive.is_some()
        });
    let sections: [(bool, &[&str], &str); 4] = [
        (
            is_alone
                && policy
                    .hedge
                    .as_ref()
                    .is_some_and(|hedge| hedge.budget > Share::ZERO),
            &["hedge"],
            "a hedge goes to another provider, and there is none",
        ),
        (
            is_alone && policy.outlier.is_some(),
            &["outlier"],
            "an outlier is told by its peers, and there are none",
        ),
        (
            is_alone && policy.route.slow_start.is_some(),
            &["route", "slow_start"],
            "a provider in slow start leaves calls to others, and there are none",
        ),
        (
            policy.queue.is_some() && !fills && !waits_for_return(view),
            &["queue"],
            "a call waits where a limit is full, and there is neither `limit` nor `spend`",
        ),
    ];
    let found = sections.into_iter().filter(|(is_found, ..)| *is_found);
    let tell = |(_, path, message): (bool, &[&str], &str)| {
        Draft::at(&[path], message)
            .because("the section has no effect, and reads as if it had")
            .instead("leave it out, or name this rule under `allow` if others have more providers")
    };
    found.map(tell).collect()
}

/// A fallback to a provider that fails whenever the first one does.
pub(super) fn shared_fate(view: &View) -> Vec<Draft> {
    match view.falls_back() {
        true => sharing(&view.around.providers),
        false => Vec::new(),
    }
}

/// Every provider that shares its `host` with one before it.
pub(super) fn sharing(providers: &[LintProvider]) -> Vec<Draft> {
    let tell = |(place, provider): (usize, &LintProvider)| {
        let host = provider.host.as_ref()?;
        let mut before = providers[..place].iter();
        let first = before.find(|other| other.host.as_ref() == Some(host))?;
        let message = format!("`{}` and `{}` share {host}", first.name, provider.name);
        let draft = Draft::of(LintLocation::Provider(provider.name.clone()), message)
            .because("one outage affects both: a call that falls back between them fails")
            .instead("put a provider of another host between them, or in place of one");
        Some(draft)
    };
    providers.iter().enumerate().filter_map(tell).collect()
}

/// The hedge budget above which hedges add much load. After p95, a twentieth of calls starts one.
const GENEROUS: Share = Share::percent(20);
