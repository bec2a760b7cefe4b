//! resilience4j: `application.yml` of Spring Boot.
//!
//! One instance, the first or that of `--model`, is the policy of one provider. A value comes from
//! the instance, else from its `baseConfig`, else from `configs.default`, else from the library.
//! Keys may be written as `maxAttempts` or `max-attempts`, and sections as `resilience4j.retry`.
//!
//! Sources: the configuration classes of the library and of its Spring Boot starter.

pub(super) mod export;

use std::time::Duration;

use super::Options;
use super::draft::Draft;
use super::note::Outcome::{self, Approximated, CannotBeSaid, NotUsed, Taken};
use super::sheet::{Sheet, Spot};
use super::statuses::OF_THE_REQUEST;
use crate::text::Diagnostic;
use crate::units::Share;

/// Reads the file.
pub(super) fn read(
    sheet: &mut Sheet,
    draft: &mut Draft,
    options: Options<'_>,
) -> Result<(), Diagnostic> {
    let name = instance(sheet, options)?;
    draft.stand_in(&name, None);
    let says = "The file knows no provider: one stands in.";
    sheet.default("provider", Approximated, says);
    draft.word("hints.retry_after", "ignore");
    draft.word("hints.should_retry", "ignore");
    retry(sheet, draft, &name)?;
    breaker(sheet, draft, &name)?;
    limits(sheet, draft, &name)?;
    let thread_pool = module(sheet, "thread-pool-bulkhead");
    if sheet.has(&thread_pool) {
        sheet.note(
            &thread_pool,
            CannotBeSaid,
            "A client has no pool of threads.",
        );
    }
    for key in sheet.keys(&Spot::default()) {
        if !key.starts_with("resilience4j") {
            sheet.note(&Spot::of(&key), NotUsed, "It is not of resilience4j.");
        }
    }
    let mut unread = Vec::new();
    for one in MODULES {
        let spot = module(sheet, one);
        for part in ["instances", "backends", "configs"] {
            let part = spot.to(part);
            let names = sheet.keys(&part).into_iter();
            unread.extend(
                names
                    .filter(|found| *found != name)
                    .map(|found| part.to(&found)),
            );
        }
    }
    sheet.not_used_anywhere(METRICS, "Metrics and events do not decide anything.");
    for spot in unread {
        let says = "It is not of the instance that was read, or the instance says otherwise.";
        sheet.rest_of(&spot, says);
    }
    Ok(())
}

/// The section of a module: `resilience4j.retry`, or `retry` in `resilience4j`.
fn module(sheet: &Sheet, name: &str) -> Spot {
    let joined = sheet.spelled(&Spot::default(), &format!("resilience4j.{name}"));
    match sheet.has(&joined) {
        true => joined,
        false => sheet.spelled(&Spot::of("resilience4j"), name),
    }
}

/// The instance that is read.
fn instance(sheet: &Sheet, options: Options<'_>) -> Result<String, Diagnostic> {
    let mut names = Vec::new();
    for one in MODULES {
        let spot = module(sheet, one);
        for part in ["instances", "backends"] {
            names.extend(sheet.keys(&spot.to(part)));
        }
    }
    let fits = |name: &&String| !crate::text::secrets::are_in(name);
    let known = names.iter().filter(fits);
    let wanted = options.model;
    let found = known
        .clone()
        .find(|name| wanted.is_none_or(|wanted| *name == wanted));
    if let Some(found) = found {
        return Ok(found.clone());
    }
    if wanted.is_none() && MODULES.iter().any(|one| sheet.has(&module(sheet, one))) {
        return Ok("default".to_owned());
    }
    let hint = "write `resilience4j: { retry: { instances: { NAME: … } } }`";
    Err(sheet.wrong(
        &Spot::default(),
        "there is no such instance of resilience4j",
        hint,
    ))
}

/// The sections in which an instance's values are looked up, nearest first; none where the module
/// is not used.
fn sections(sheet: &mut Sheet, name: &str, instance: &str) -> Vec<Spot> {
    let module = module(sheet, name);
    let mut found = Vec::new();
    let mut base = "default".to_owned();
    for part in ["instances", "backends"] {
        let own = module.to(part).to(instance);
        let named = sheet.spelled(&own, "baseConfig");
        if let Some(text) = sheet.raw(&named) {
            base = text;
            sheet.note(
                &named,
                Taken,
                "What the instance leaves out is of this configuration.",
            );
        }
        if sheet.has(&own) {
            found.push(own);
        }
    }
    for one in [base.as_str(), "default"] {
        let spot = module.to("configs").to(one);
        if sheet.has(&spot) && !found.contains(&spot) {
            found.push(spot);
        }
    }
    found
}

/// Where a value is written: in the nearest of `sections` that has it.
fn at(sheet: &Sheet, sections: &[Spot], key: &str) -> Spot {
    let places = sections.iter().map(|section| sheet.spelled(section, key));
    let places = Vec::from_iter(places);
    let found = places.iter().find(|spot| sheet.has(spot));
    found.or(places.first()).cloned().unwrap_or_default()
}

fn exact(is_exact: bool) -> Outcome {
    if is_exact { Taken } else { Approximated }
}

fn retry(sheet: &mut Sheet, draft: &mut Draft, name: &str) -> Result<(), Diagnostic> {
    let own = sections(sheet, "retry", name);
    if own.is_empty() {
        draft.number("retry.max_attempts", 1);
        sheet.default("retry", Taken, "Nothing is retried without it.");
        return Ok(());
    }
    let spot = at(sheet, &own, "maxAttempts");
    let written = sheet.count(&spot)?;
    let attempts = written.unwrap_or(3);
    let fits = draft.number("retry.max_attempts", attempts);
    draft.number("retry.max_attempts_per_provider", attempts);
    if written.is_some() {
        sheet.note(&spot, exact(fits), format!("{attempts} attempts in all."));
    }
    let spot = at(sheet, &own, "waitDuration");
    let written = sheet.time(&spot, "ms")?;
    let wait = written.unwrap_or(Duration::from_millis(500));
    let fits = draft.time("retry.backoff.base", wait);
    if written.is_some() {
        sheet.note(&spot, exact(fits), "The first wait.");
    }
    growth(sheet, draft, &own, wait)?;
    draft.action(OF_THE_REQUEST, "retry");
    sheet.default("retryExceptions", Approximated, "Every failure is retried.");
    for key in EXCEPTIONS {
        let spot = at(sheet, &own, key);
        if sheet.has(&spot) {
            sheet.note(
                &spot,
                CannotBeSaid,
                "Classes of Java are no classes of failures.",
            );
        }
    }
    Ok(())
}

/// How waits grow, and how they are drawn.
fn growth(
    sheet: &mut Sheet,
    draft: &mut Draft,
    own: &[Spot],
    wait: Duration,
) -> Result<(), Diagnostic> {
    let spot = at(sheet, own, "enableExponentialBackoff");
    let grows = sheet.flag(&spot)? == Some(true);
    if sheet.has(&spot) {
        sheet.note(&spot, Taken, "Whether waits grow.");
    }
    let spot = at(sheet, own, "exponentialBackoffMultiplier");
    let factor = sheet.time(&spot, "s")?;
    let thousandths = factor.map_or(1_500, |factor| factor.as_millis() as u64);
    let factor = if grows { thousandths } else { 1_000 };
    let fits = draft.number("retry.backoff.factor", factor);
    if sheet.has(&spot) {
        let outcome = if grows { exact(fits) } else { NotUsed };
        sheet.note(
            &spot,
            outcome,
            "Each further wait is this many times the one before.",
        );
    }
    let spot = at(sheet, own, "exponentialMaxWaitDuration");
    let most = sheet.time(&spot, "ms")?;
    let longest = match grows {
        true => most.unwrap_or(Duration::from_secs(3_600)),
        false => wait,
    };
    draft.time("retry.backoff.max", longest.max(wait));
    if most.is_some() {
        sheet.note(&spot, Taken, "The longest wait.");
    }
    let spot = at(sheet, own, "enableRandomizedWait");
    let is_random = sheet.flag(&spot)? == Some(true);
    if sheet.has(&spot) {
        sheet.note(&spot, Taken, "Whether waits are drawn.");
    }
    let spot = at(sheet, own, "randomizedWaitFactor");
    let part = sheet.time(&spot, "s")?.map(|part| part.as_millis() as u64);
    let part = part.unwrap_or(500).min(1_000) / 10;
    match is_random {
        true => draft.word(
            "retry.backoff.jitter",
            &format!("{}%..{}%", 100 - part, 100 + part),
        ),
        false => draft.word("retry.backoff.jitter", "none"),
    }
    if sheet.has(&spot) {
        let outcome = if is_random { Taken } else { NotUsed };
        sheet.note(
            &spot,
            outcome,
            "A wait is drawn from around its value, by this part.",
        );
    }
    Ok(())
}

fn breaker(sheet: &mut Sheet, draft: &mut Draft, name: &str) -> Result<(), Diagnostic> {
    let own = sections(sheet, "circuitbreaker", name);
    if own.is_empty() {
        draft.none("breaker");
        return Ok(());
    }
    draft.none("breaker.consecutive_failures");
    let spot = at(sheet, &own, "failureRateThreshold");
    let share = sheet.percent(&spot)?.unwrap_or(500_000_000);
    let all = Share::percent(100).as_parts();
    let least = all.saturating_sub(share);
    let fits = draft.number("breaker.min_success_rate", least);
    if sheet.has(&spot) {
        sheet.note(
            &spot,
            exact(fits),
            "It opens when this share of the calls failed.",
        );
    }
    window(sheet, draft, &own)?;
    slow(sheet, draft, &own)?;
    let spot = at(sheet, &own, "waitDurationInOpenState");
    let open = sheet.time(&spot, "ms")?.unwrap_or(Duration::from_secs(60));
    let fits = draft.time("breaker.open.initial", open);
    draft.time("breaker.open.max", open.max(Duration::from_secs(300)));
    if sheet.has(&spot) {
        sheet.note(&spot, exact(fits), "How long it stays open.");
    }
    let spot = at(sheet, &own, "permittedNumberOfCallsInHalfOpenState");
    let probes = sheet.count(&spot)?.unwrap_or(10);
    draft.number("breaker.max_probes", probes);
    draft.number("breaker.success_threshold", probes);
    if sheet.has(&spot) {
        let says = "As many calls are let through, and judged by their share of failures; here all \
                    of them must succeed.";
        sheet.note(&spot, Approximated, says);
    }
    let spot = at(sheet, &own, "maxWaitDurationInHalfOpenState");
    if let Some(time) = sheet.time(&spot, "ms")? {
        if time > Duration::ZERO {
            draft.time("breaker.probe_timeout", time);
        }
        let says = "It opens again after this; here a probe gives its place back.";
        sheet.note(&spot, Approximated, says);
    }
    for key in EXCEPTIONS.iter().chain(BREAKER) {
        let spot = at(sheet, &own, key);
        if sheet.has(&spot) {
            sheet.note(
                &spot,
                CannotBeSaid,
                "A breaker counts what the provider is to blame for.",
            );
        }
    }
    Ok(())
}

fn window(sheet: &mut Sheet, draft: &mut Draft, own: &[Spot]) -> Result<(), Diagnostic> {
    let kind = at(sheet, own, "slidingWindowType");
    let is_time = sheet.word(&kind)?.is_some_and(|word| word == "time_based");
    let spot = at(sheet, own, "slidingWindowSize");
    let size = sheet.count(&spot)?.unwrap_or(100);
    let seconds = if is_time { size } else { 300 };
    draft.time("breaker.window", Duration::from_secs(seconds));
    let least = at(sheet, own, "minimumNumberOfCalls");
    let calls = sheet.count(&least)?.unwrap_or(100);
    let calls = if is_time { calls } else { calls.min(size) };
    let fits = draft.number("breaker.min_attempts", calls);
    let says = match is_time {
        true => "The length of the window in seconds.",
        false => "The last calls, however old; here those of five minutes.",
    };
    for spot in [&kind, &spot] {
        if sheet.has(spot) {
            sheet.note(spot, exact(is_time), says);
        }
    }
    if sheet.has(&least) {
        sheet.note(
            &least,
            exact(fits),
            "Fewer calls in the window are not judged.",
        );
    }
    Ok(())
}

fn slow(sheet: &mut Sheet, draft: &mut Draft, own: &[Spot]) -> Result<(), Diagnostic> {
    let spot = at(sheet, own, "slowCallDurationThreshold");
    let time = sheet.time(&spot, "ms")?.unwrap_or(Duration::from_secs(60));
    draft.time("breaker.slow_call", time);
    if sheet.has(&spot) {
        let says = "A longer call is slow; here a streamed one is measured to its first token.";
        sheet.note(&spot, Approximated, says);
    }
    let spot = at(sheet, own, "slowCallRateThreshold");
    let share = sheet.percent(&spot)?;
    let all = Share::percent(100).as_parts();
    // It opens when the share is reached, ours when it is exceeded.
    let below = share.unwrap_or(all).saturating_sub(all / 1_000);
    draft.number("breaker.max_slow_rate", below);
    if share.is_some() {
        sheet.note(
            &spot,
            Taken,
            "It opens when this share of the calls was slow.",
        );
    }
    Ok(())
}

/// Bulkhead, rate limiter and time limiter.
fn limits(sheet: &mut Sheet, draft: &mut Draft, name: &str) -> Result<(), Diagnostic> {
    let own = sections(sheet, "bulkhead", name);
    if !own.is_empty() {
        let spot = at(sheet, &own, "maxConcurrentCalls");
        let most = sheet.count(&spot)?.unwrap_or(25);
        let fits = draft.number("limit.concurrency", most);
        if sheet.has(&spot) {
            sheet.note(&spot, exact(fits), "Attempts in flight.");
        }
        let spot = at(sheet, &own, "maxWaitDuration");
        wait(sheet, draft, &spot, "A call waits this long for room.")?;
    }
    let own = sections(sheet, "ratelimiter", name);
    if !own.is_empty() {
        let spot = at(sheet, &own, "limitForPeriod");
        let period = at(sheet, &own, "limitRefreshPeriod");
        let most = sheet.count(&spot)?.unwrap_or(50);
        let length = sheet
            .time(&period, "ms")?
            .unwrap_or(Duration::from_nanos(500));
        let minute = Duration::from_secs(60).as_nanos();
        let rate = u128::from(most).saturating_mul(minute) / length.as_nanos().max(1);
        draft.number("limit.rpm", u64::try_from(rate).unwrap_or(u64::MAX));
        let says = "As many calls in each period; here a rate per minute that fills evenly.";
        for spot in [spot, period] {
            if sheet.has(&spot) {
                sheet.note(&spot, Approximated, says);
            }
        }
        let spot = at(sheet, &own, "timeoutDuration");
        wait(sheet, draft, &spot, "A call waits this long for a permit.")?;
    }
    let own = sections(sheet, "timelimiter", name);
    if !own.is_empty() {
        let spot = at(sheet, &own, "timeoutDuration");
        let time = sheet.time(&spot, "ms")?.unwrap_or(Duration::from_secs(1));
        let fits = draft.time("timeouts.attempt", time);
        if sheet.has(&spot) {
            sheet.note(&spot, exact(fits), "The timeout of an attempt.");
        }
        let spot = at(sheet, &own, "cancelRunningFuture");
        if sheet.has(&spot) {
            sheet.note(
                &spot,
                NotUsed,
                "An attempt that timed out is always cancelled.",
            );
        }
    }
    Ok(())
}

fn wait(sheet: &mut Sheet, draft: &mut Draft, spot: &Spot, says: &str) -> Result<(), Diagnostic> {
    if let Some(time) = sheet.time(spot, "ms")? {
        if time > Duration::ZERO {
            draft.time("queue.max_wait", time);
            draft.word("limit.when_full", "wait");
        }
        sheet.note(
            spot,
            Approximated,
            format!("{says} Here a queue has an end, too."),
        );
    }
    Ok(())
}

const MODULES: &[&str] = &[
    "retry",
    "circuitbreaker",
    "bulkhead",
    "ratelimiter",
    "timelimiter",
];

const METRICS: &[&str] = &[
    "metrics",
    "registerHealthIndicator",
    "register-health-indicator",
    "eventConsumerBufferSize",
    "event-consumer-buffer-size",
    "subscribeForEvents",
    "subscribe-for-events",
    "writableStackTraceEnabled",
    "allowHealthIndicatorToFail",
    "automaticTransitionFromOpenToHalfOpenEnabled",
    "automatic-transition-from-open-to-half-open-enabled",
    "failAfterMaxAttempts",
    "fail-after-max-attempts",
    "circuit-breaker-aspect-order",
    "circuitBreakerAspectOrder",
    "retry-aspect-order",
    "retryAspectOrder",
];

const EXCEPTIONS: &[&str] = &[
    "retryExceptions",
    "ignoreExceptions",
    "recordExceptions",
    "retryExceptionPredicate",
    "resultPredicate",
    "recordFailurePredicate",
    "ignoreExceptionPredicate",
    "ignoreClassBindingExceptions",
];

const BREAKER: &[&str] = &[
    "enableExponentialBackoff",
    "exponentialBackoffMultiplier",
    "exponentialMaxWaitDurationInOpenState",
    "enableRandomizedWait",
    "randomizedWaitFactor",
];
