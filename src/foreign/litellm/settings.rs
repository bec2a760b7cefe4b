//! The router's settings: retries, cooldowns, timeouts, weights and limits.

use std::time::Duration;

use super::{Chain, Deployment, cooldown, place};
use crate::foreign::draft::Draft;
use crate::foreign::note::Outcome::{Approximated, CannotBeSaid, NotUsed, Taken};
use crate::foreign::sheet::{Sheet, Spot};
use crate::text::Diagnostic;
use crate::time::nanos;

/// Reads all of them.
pub(super) fn read(
    sheet: &mut Sheet,
    draft: &mut Draft,
    chain: &Chain,
    deployments: &[Deployment],
) -> Result<(), Diagnostic> {
    let strategy = strategy(sheet, draft)?;
    groups(sheet, draft, deployments)?;
    weights(sheet, draft, deployments, strategy)?;
    retries(sheet, draft, chain)?;
    by_exception(sheet, draft)?;
    cooldown::read(sheet, draft, deployments)?;
    timeouts(sheet, draft, deployments)?;
    limits(sheet, draft, deployments, strategy)?;
    failures(sheet, draft, chain, deployments);
    rest(sheet, deployments);
    Ok(())
}

/// What a strategy weighs, and whether it keeps to rates.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strategy {
    Shuffle,
    Usage,
    Other,
}

fn strategy(sheet: &mut Sheet, draft: &mut Draft) -> Result<Strategy, Diagnostic> {
    let spot = place(sheet, "routing_strategy");
    let word = sheet.word(&spot)?;
    let (ours, kind, outcome, says) = match word.as_deref() {
        None | Some("simple-shuffle") => (
            "weighted",
            Strategy::Shuffle,
            Approximated,
            "A random draw by weight; here in turns by weight.",
        ),
        Some("least-busy") => (
            "least_latency",
            Strategy::Other,
            Approximated,
            "The fewest requests in flight; here latency times requests in flight.",
        ),
        Some("usage-based-routing" | "usage-based-routing-v2") => (
            "round_robin",
            Strategy::Usage,
            Approximated,
            "The fewest tokens this minute; here in turns.",
        ),
        Some("latency-based-routing") => (
            "least_latency",
            Strategy::Other,
            Approximated,
            "The lowest mean latency; here the better of two by a decaying mean.",
        ),
        Some("cost-based-routing") => (
            "cheapest",
            Strategy::Other,
            Taken,
            "The lowest price first.",
        ),
        Some(_) => {
            let hint = "known: simple-shuffle, least-busy, usage-based-routing-v2, \
                        latency-based-routing, cost-based-routing";
            return Err(sheet.wrong(&spot, "this strategy is not known", hint));
        }
    };
    draft.word("route.strategy", ours);
    match word.is_some() {
        true => sheet.note(&spot, outcome, says),
        false => sheet.default("routing_strategy", outcome, says),
    }
    let args = place(sheet, "routing_strategy_args");
    if sheet.has(&args) {
        sheet.note(
            &args,
            CannotBeSaid,
            "Our strategies have no such arguments.",
        );
    }
    Ok(kind)
}

/// Groups and `order` as priority groups.
fn groups(
    sheet: &mut Sheet,
    draft: &mut Draft,
    deployments: &[Deployment],
) -> Result<(), Diagnostic> {
    let mut ranks = Vec::new();
    for one in deployments {
        let spot = one.params.to("order");
        let order = sheet.count(&spot)?;
        if order.is_some() {
            sheet.note(
                &spot,
                Taken,
                "A lower order is a priority group that is asked earlier.",
            );
        }
        ranks.push((one.group, order.unwrap_or(u64::MAX)));
    }
    let mut distinct = ranks.clone();
    distinct.sort_unstable();
    distinct.dedup();
    for (one, rank) in deployments.iter().zip(&ranks) {
        let number = distinct.iter().position(|found| found == rank).unwrap_or(0);
        if number > 0 {
            draft.own_count(&one.name, "priority_group", number as u64);
        }
    }
    Ok(())
}

/// What `simple-shuffle` draws by: `weight`, else `rpm`, else `tpm`.
fn weights(
    sheet: &mut Sheet,
    draft: &mut Draft,
    deployments: &[Deployment],
    strategy: Strategy,
) -> Result<(), Diagnostic> {
    for key in ["weight", "rpm", "tpm"] {
        let spots = deployments.iter().map(|one| one.params.to(key));
        let spots = Vec::from_iter(spots);
        if strategy != Strategy::Shuffle || !spots.iter().any(|spot| sheet.has(spot)) {
            continue;
        }
        let mut parts = Vec::new();
        for spot in &spots {
            // Weights may be fractions: thousandths of them, as of seconds.
            let part = match key {
                "weight" => sheet.time(spot, "s")?.map(|part| part.as_millis() as u64),
                _ => sheet.count(spot)?,
            };
            parts.push(part.unwrap_or(if key == "weight" { 1_000 } else { 1 }));
        }
        let common = parts.iter().fold(0, |a, b| gcd(a, *b)).max(1);
        for ((one, spot), part) in deployments.iter().zip(&spots).zip(&parts) {
            let weight = (part / common).clamp(1, MOST_WEIGHT);
            draft.own_count(&one.name, "weight", weight);
            if sheet.has(spot) {
                let is_exact = part / common == weight;
                let says = format!("The weight {weight} among the deployments of its group.");
                let outcome = if is_exact { Taken } else { Approximated };
                sheet.note(spot, outcome, says);
            }
        }
        break;
    }
    Ok(())
}

/// `num_retries`, and the waits.
fn retries(sheet: &mut Sheet, draft: &mut Draft, chain: &Chain) -> Result<(), Diagnostic> {
    let spot = place(sheet, "num_retries");
    let written = sheet.count(&spot)?;
    let tries = written.unwrap_or(DEFAULT_RETRIES).saturating_add(1);
    let groups = chain.groups.len() as u64;
    let fits = draft.number("retry.max_attempts", tries.saturating_mul(groups));
    draft.number("retry.max_attempts_per_provider", tries);
    draft.quirk("retries_draw_again");
    draft.quirk("waits_after_last_attempt");
    let says = format!(
        "{tries} attempts in each group, each at a deployment that is drawn anew: a quirk. It \
         waits only where a group has no other, also before it leaves one."
    );
    let outcome = if fits { Taken } else { Approximated };
    match written.is_some() {
        true => sheet.note(&spot, outcome, says),
        false => sheet.default("num_retries", outcome, says),
    }
    backoff(sheet, draft)
}

/// The wait before a retry at the only deployment: half a second, doubled up to eight, and up to
/// 0.75 s on top, as a share of their sum.
fn backoff(sheet: &mut Sheet, draft: &mut Draft) -> Result<(), Diagnostic> {
    let spot = place(sheet, "retry_after");
    let least = sheet.time(&spot, "s")?.unwrap_or_default();
    let is_least = least > FIRST_WAIT;
    let base = least.max(FIRST_WAIT);
    let is_exact = draft.time("retry.backoff.base", base);
    draft.number(
        "retry.backoff.factor",
        if is_least { 1_000 } else { FACTOR },
    );
    draft.time("retry.backoff.max", base.max(Duration::from_secs(8)));
    draft.word(
        "retry.backoff.jitter",
        if is_least { "none" } else { JITTER },
    );
    draft.word("hints.should_retry", "ignore");
    draft.time("hints.max", Duration::from_secs(60));
    if sheet.has(&spot) {
        let says = "The least wait before a retry at the same deployment: here each wait.";
        let outcome = if is_exact && is_least {
            Approximated
        } else {
            NotUsed
        };
        match is_least {
            true => sheet.note(&spot, outcome, says),
            false => sheet.note(&spot, outcome, "No wait of the router is as short."),
        }
    }
    let says = "0.5 s, doubled up to 8 s, and up to 0.75 s more, where a group has no other \
                deployment; here a factor of 1.6 from their sum.";
    sheet.default("backoff", Approximated, says);
    let says = "A Retry-After of up to 60 s is waited for; a longer one falls back here.";
    sheet.default("Retry-After", Approximated, says);
    Ok(())
}

/// `retry_policy` and `allowed_fails_policy`, by exception.
fn by_exception(sheet: &mut Sheet, draft: &mut Draft) -> Result<(), Diagnostic> {
    let policy = place(sheet, "retry_policy");
    for (exception, classes) in EXCEPTIONS {
        let spot = policy.to(&format!("{exception}Retries"));
        let Some(retries) = sheet.count(&spot)? else {
            continue;
        };
        for class in *classes {
            draft.retries(class, retries.min(100));
        }
        let says = format!("At most {retries} retries after {}.", classes.join(", "));
        sheet.note(&spot, Taken, says);
    }
    for group in ["model_group_retry_policy", "allowed_fails_policy"] {
        let spot = place(sheet, group);
        for key in sheet.keys(&spot) {
            let says = match group {
                "allowed_fails_policy" => "A breaker counts all failures alike.",
                _ => "Retries by class hold for all providers.",
            };
            sheet.note(&spot.to(&key), CannotBeSaid, says);
        }
    }
    Ok(())
}

/// `timeout`, `request_timeout` and `stream_timeout`.
fn timeouts(
    sheet: &mut Sheet,
    draft: &mut Draft,
    deployments: &[Deployment],
) -> Result<(), Diagnostic> {
    let [whole, stream] = ["timeout", "stream_timeout"].map(|key| place(sheet, key));
    let request = Spot::of("litellm_settings").to("request_timeout");
    let whole = if sheet.has(&whole) { whole } else { request };
    for (spot, knob, says) in [
        (whole, "timeouts.attempt", ATTEMPT),
        (stream, "timeouts.first_token", STREAM),
    ] {
        if let Some(time) = sheet.time(&spot, "s")? {
            let is_exact = draft.time(knob, time) && knob == "timeouts.attempt";
            sheet.note(&spot, if is_exact { Taken } else { Approximated }, says);
        }
    }
    for one in deployments {
        for (key, knob, says) in [
            ("timeout", "timeouts.attempt", ATTEMPT),
            ("stream_timeout", "timeouts.first_token", STREAM),
        ] {
            let spot = one.params.to(key);
            if sheet
                .raw(&spot)
                .is_some_and(|text| text.starts_with("os.environ/"))
            {
                sheet.note(&spot, CannotBeSaid, "The value is in the environment.");
            } else if let Some(time) = sheet.time(&spot, "s")? {
                let is_exact = draft.own(&one.name, knob, knob, nanos(time)) && key == "timeout";
                sheet.note(&spot, if is_exact { Taken } else { Approximated }, says);
            }
        }
    }
    Ok(())
}

/// Whether deployments are checked before calls; where a context is known, by it as well.
fn checks_before_calls(sheet: &mut Sheet, draft: &mut Draft) -> Result<bool, Diagnostic> {
    let checks = place(sheet, "enable_pre_call_checks");
    let checked = sheet.flag(&checks)? == Some(true);
    let knows_context = draft.providers.iter().any(|one| one.context.is_some());
    if checked && knows_context {
        draft.word("route.small_context", "skip");
    }
    if sheet.has(&checks) {
        let says = match knows_context {
            true => "Deployments over their `rpm` and prompts over the context are passed over.",
            false => {
                "Deployments over their `rpm` are passed over; of prompts over the context only \
                 those that `max_input_tokens` tells."
            }
        };
        let outcome = match (checked, knows_context) {
            (true, true) => Taken,
            (true, false) => Approximated,
            (false, _) => NotUsed,
        };
        sheet.note(&checks, outcome, says);
    }
    Ok(checked)
}

/// `rpm`, `tpm` and `max_parallel_requests`.
fn limits(
    sheet: &mut Sheet,
    draft: &mut Draft,
    deployments: &[Deployment],
    strategy: Strategy,
) -> Result<(), Diagnostic> {
    let checked = checks_before_calls(sheet, draft)?;
    let is_kept = checked || strategy == Strategy::Usage;
    for one in deployments {
        for key in ["rpm", "tpm"] {
            let spot = one.params.to(key);
            let Some(limit) = sheet.count(&spot)? else {
                continue;
            };
            let knob = format!("limit.{key}");
            if is_kept && (key == "rpm" || strategy == Strategy::Usage) {
                draft.own(&one.name, &knob, &knob, limit.max(1));
                sheet.note(&spot, Taken, format!("At most {limit} per minute here."));
            } else if strategy != Strategy::Shuffle {
                let says = "Nothing keeps to it without `enable_pre_call_checks`.";
                sheet.note(&spot, NotUsed, says);
            } else {
                let says = "It only weighs the draw: see `weight`.";
                sheet.cover(&spot);
                if sheet.has(&one.params.to("weight")) {
                    sheet.note(&spot, NotUsed, says);
                }
            }
        }
        let spot = one.params.to("max_parallel_requests");
        if let Some(limit) = sheet.count(&spot)? {
            let knob = "limit.concurrency";
            let is_exact = draft.own(&one.name, knob, knob, limit);
            let outcome = if is_exact { Taken } else { Approximated };
            sheet.note(
                &spot,
                outcome,
                format!("At most {limit} requests in flight here."),
            );
        }
    }
    let spot = place(sheet, "default_max_parallel_requests");
    if let Some(limit) = sheet.count(&spot)? {
        draft.number("limit.concurrency", limit);
        sheet.note(
            &spot,
            Taken,
            format!("At most {limit} requests in flight at each."),
        );
    }
    Ok(())
}

/// What failures lead to, which the file says by its kinds of fallbacks.
fn failures(sheet: &mut Sheet, draft: &mut Draft, chain: &Chain, deployments: &[Deployment]) {
    let request = match chain.falls_back {
        true => "fallback",
        false => "stop",
    };
    draft.action(&["quota", "truncated", "malformed"], "retry");
    // A stream is the caller's from its head on.
    draft.action(&["timeout_first_token"], "stop");
    let size = |group| deployments.iter().filter(|one| one.group == group).count();
    let has_others = size(0) > 1;
    let key = if has_others { "retry" } else { request };
    draft.action(&["auth", "model_gone"], key);
    draft.action(&["forbidden", "bad_request", "rejected"], request);
    let context = match (chain.grows, chain.falls_back) {
        (true, _) => "larger_model",
        (_, true) => "fallback",
        _ => "stop",
    };
    draft.action(&["context_too_long"], context);
    let filter = match chain.filters || chain.falls_back {
        true => "fallback",
        false => "stop",
    };
    draft.action(&["content_filter"], filter);
    let says = format!(
        "400, 403, 409 and 422 are not retried in their group: {request}. A 401 or a 404 is \
         retried where the first group has another deployment ({key}); here alike in all groups, \
         and by class, not by LiteLLM's exceptions. A stream whose first token is late fails."
    );
    sheet.default("failures", Approximated, says);
}

/// Settings that a policy has nothing for.
fn rest(sheet: &mut Sheet, deployments: &[Deployment]) {
    for one in deployments {
        let spot = one.params.to("max_retries");
        if sheet.has(&spot) {
            let says = "Retries of the SDK below the router, which are not the policy's.";
            sheet.note(&spot, CannotBeSaid, says);
        }
        for key in ["max_budget", "budget_duration"] {
            let spot = one.params.to(key);
            if sheet.has(&spot) {
                sheet.note(
                    &spot,
                    CannotBeSaid,
                    "A budget holds for all providers together.",
                );
            }
        }
    }
    for (key, says) in [
        ("max_fallbacks", "All groups of the chain are asked."),
        (
            "optional_pre_call_checks",
            "Checks before calls have no setting of a policy.",
        ),
        (
            "provider_budget_config",
            "A budget holds for all providers together.",
        ),
        ("routing_groups", "One strategy holds for all groups."),
        ("alerting_config", "Alerts belong to a scenario: `alerts`."),
        (
            "enable_health_check_routing",
            "See `health_check`: it is not set from here.",
        ),
    ] {
        let spot = place(sheet, key);
        if sheet.has(&spot) {
            sheet.note(&spot, CannotBeSaid, says);
        }
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Exceptions of `retry_policy`, with the classes that they are here.
pub(super) const EXCEPTIONS: &[(&str, &[&str])] = &[
    ("BadRequestError", &["bad_request"]),
    ("AuthenticationError", &["auth"]),
    (
        "TimeoutError",
        &[
            "timeout_connect",
            "timeout_first_token",
            "timeout_idle",
            "timeout_attempt",
        ],
    ),
    ("RateLimitError", &["rate_limited"]),
    ("ContentPolicyViolationError", &["content_filter"]),
    ("InternalServerError", &["server_error"]),
    ("ServiceUnavailableError", &["overloaded"]),
    ("NotFoundError", &["model_gone"]),
];

const ATTEMPT: &str = "The timeout of an attempt.";
const STREAM: &str = "A streamed answer's timeout; here of its first token.";

/// `INITIAL_RETRY_DELAY`, and half of `JITTER`.
pub(super) const FIRST_WAIT: Duration = Duration::from_millis(875);
/// The growth of waits of 0.5, 1, 2 s with half of the jitter on top of each, in thousandths.
pub(super) const FACTOR: u64 = 1_600;
/// The jitter of 0.75 s, as a share of these waits.
pub(super) const JITTER: &str = "70%..130%";

/// `openai.DEFAULT_MAX_RETRIES`.
pub(super) const DEFAULT_RETRIES: u64 = 2;
const MOST_WEIGHT: u64 = 1_000_000;
