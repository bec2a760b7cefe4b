//! Breakers and health checks.

use std::time::Duration;

use super::Draft;
use super::view::View;
use crate::policy::classify::FailureClass;
use crate::policy::config::{CheckTargets, CountSlow, HintMode, SmallContext};
use crate::units::duration::write;

/// Calls fall back from a provider that is down, but each new call tries it first.
pub(super) fn no_breaker(view: &View) -> Vec<Draft> {
    let policy = view.policy;
    let mut overrides = policy.overrides.iter();
    let has_breaker = policy.breaker.is_some() || overrides.any(|(_, o)| o.breaker.is_some());
    let is_guarded = has_breaker || policy.outlier.is_some() || policy.health_check.is_some();
    if is_guarded || !view.falls_back() {
        return Vec::new();
    }
    let cost = view.slow().iter().filter_map(|slow| slow.each).max();
    let cost = cost.map_or("without end".to_owned(), |cost| {
        format!("up to {}", write(cost))
    });
    let paths: [&[&str]; 3] = [&["breaker"], &["retry", "max_attempts"], &["retry"]];
    vec![
        Draft::at(&paths, "calls fall back, and there is no breaker")
            .because(format!(
                "while a provider is down, every call tries it first, and waits ({cost} if it \
                 hangs)"
            ))
            .instead("write `breaker: {}`: open for 30s after five failures in a row"),
    ]
}

/// The share of a small fleet that may be ejected is less than one provider.
pub(super) fn ejects_none(view: &View) -> Vec<Draft> {
    let providers = view.around.providers.len() as u64;
    let Some(outlier) = view.policy.outlier.as_ref().filter(|_| providers > 1) else {
        return Vec::new();
    };
    let share = outlier.max_ejection_percent;
    if share.of(providers) > 0 || outlier.min_ejections > 0 {
        return Vec::new();
    }
    let message = format!("{share} of {providers} providers is none: none is ever ejected");
    let paths: [&[&str]; 2] = [&["outlier", "max_ejection_percent"], &["outlier"]];
    vec![
        Draft::at(&paths, message)
            .because("the share is rounded down to whole providers")
            .instead("write `min_ejections: 1` beside it, or a larger share"),
    ]
}

/// Closing takes more successes than the probes allowed at a time.
pub(super) fn probes_in_turns(view: &View) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for spot in view.spots() {
        let Some(breaker) = &spot.settings.breaker else {
            continue;
        };
        let (probes, needed) = (breaker.max_probes.max(1), breaker.success_threshold);
        if needed <= probes {
            continue;
        }
        let message = format!(
            "closing takes {needed} successes, and {probes} at a time may probe: {} rounds",
            needed.div_ceil(probes)
        );
        let paths = [
            spot.path(&["breaker", "success_threshold"]),
            spot.path(&["breaker", "max_probes"]),
            spot.path(&["breaker"]),
        ];
        drafts.push(
            Draft::at(&paths.each_ref().map(Vec::as_slice), message)
                .because(
                    "it does close, but each round takes a whole answer, all other calls go \
                     elsewhere meanwhile, and one failure opens it for its full time again",
                )
                .instead(format!(
                    "write `max_probes: {needed}`, or `success_threshold: {probes}`"
                )),
        );
    }
    drafts
}

/// A probe that never ends holds its slot forever, so the breaker stays half-open.
pub(super) fn probe_can_hang(view: &View) -> Vec<Draft> {
    let ends_calls = view.deadline().is_some();
    let mut drafts = Vec::new();
    for spot in view.spots() {
        let (timeouts, breaker) = (&spot.settings.timeouts, &spot.settings.breaker);
        let of_stream = timeouts.first_token.and(timeouts.idle).is_some() && !view.has_plain();
        let ends = ends_calls || timeouts.attempt.is_some() || of_stream;
        let leased = breaker
            .as_ref()
            .is_none_or(|breaker| breaker.probe_timeout.is_some());
        if ends || leased {
            continue;
        }
        let path = spot.path(&["breaker"]);
        drafts.push(
            Draft::at(&[&path], "a probe that hangs holds its place without end")
                .because("no timeout ends it and no lease: the breaker stays half-open for good")
                .instead(
                    "write `probe_timeout: 30s` under `breaker`, or `attempt: 30s` under \
                    `timeouts`",
                ),
        );
    }
    drafts
}

/// One call waits as the provider's hint asks, while other calls go on sending requests to it.
pub(super) fn hint_for_one_call(view: &View) -> Vec<Draft> {
    let policy = view.policy;
    let retried = view.returns_after(FailureClass::RateLimited);
    let Some(breaker) = &policy.breaker else {
        return Vec::new();
    };
    let is_read = policy.hints.retry_after == HintMode::Honour;
    if !retried || !is_read || breaker.open.hint == HintMode::Honour {
        return Vec::new();
    }
    let paths: [&[&str]; 3] = [
        &["breaker", "open", "hint"],
        &["breaker", "open"],
        &["breaker"],
    ];
    vec![
        Draft::at(&paths, "a provider's hint to wait holds for one call only")
            .because(
                "the next call asks again at once, is refused again, and such requests count \
                 against most limits",
            )
            .instead("write `hint: honour` under `breaker.open`, or `rate_limited: fallback`"),
    ]
}

/// Attempts in flight are to count as slow, and none is slow before it ends.
pub(super) fn slow_in_flight(view: &View) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for spot in view.spots() {
        let breaker = spot.settings.breaker.as_ref();
        let Some(breaker) = breaker.filter(|one| one.count_slow == CountSlow::InFlight) else {
            continue;
        };
        let attempt = spot.settings.timeouts.attempt;
        let message = match (breaker.slow_call, attempt) {
            (None, _) => "attempts in flight count as slow, and there is no `slow_call`".to_owned(),
            (Some(slow), Some(attempt)) if attempt <= slow => {
                let (slow, attempt) = (write(slow), write(attempt));
                format!("attempts end after {attempt}, and are slow after {slow}")
            }
            _ => continue,
        };
        let path = spot.path(&["breaker", "count_slow"]);
        drafts.push(
            Draft::at(&[&path], message)
                .because("no attempt in flight is ever slow: the key has no effect")
                .instead("write a `slow_call` below the timeout, or `count_slow: ended`"),
        );
    }
    drafts
}

/// Providers with a small context are to be skipped, and no context is known.
pub(super) fn context_unknown(view: &View) -> Vec<Draft> {
    let providers = &view.around.providers;
    let skips = view.policy.route.small_context == SmallContext::Skip;
    let is_known = providers.iter().any(|provider| provider.context.is_some());
    if !skips || providers.is_empty() || is_known {
        return Vec::new();
    }
    let path: &[&str] = &["route", "small_context"];
    vec![
        Draft::at(
            &[path],
            "small contexts are skipped, and no provider says its context",
        )
        .because("a provider without a known context is asked: the key has no effect")
        .instead("write `context: 128k tok` at the providers, or `small_context: ask`"),
    ]
}

/// Every provider gets a paid check every few seconds, although calls already show its health.
pub(super) fn checks_cost(view: &View) -> Vec<Draft> {
    let Some(check) = &view.policy.health_check else {
        return Vec::new();
    };
    if check.targets != CheckTargets::All || check.interval >= OFTEN {
        return Vec::new();
    }
    let per_day = DAY.as_nanos() / check.interval.as_nanos().max(1);
    let message = format!(
        "every provider is checked every {}: {per_day} billed requests a day each",
        write(check.interval)
    );
    let paths: [&[&str]; 2] = [&["health_check", "interval"], &["health_check"]];
    vec![
        Draft::at(&paths, message)
            .because("calls already check the providers in use, at no cost")
            .instead("write `targets: refused`, or `interval: 30s`"),
    ]
}

/// A shorter interval causes the finding.
const OFTEN: Duration = Duration::from_secs(10);
const DAY: Duration = Duration::from_secs(86_400);
