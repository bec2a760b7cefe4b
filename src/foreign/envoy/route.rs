//! A route: its retry policy and timeouts.

use std::collections::BTreeSet;
use std::time::Duration;

use super::noted;
use crate::foreign::draft::Draft;
use crate::foreign::note::Outcome::{Approximated, CannotBeSaid, NotUsed, Taken};
use crate::foreign::sheet::{Sheet, Spot};
use crate::text::Diagnostic;

/// Reads the first route to `cluster`, if the file has one.
pub(super) fn read(
    sheet: &mut Sheet,
    draft: &mut Draft,
    cluster: Option<&str>,
    hosts: usize,
) -> Result<(), Diagnostic> {
    let mut chosen = None;
    for spot in sheet.find("route") {
        let to = sheet.raw(&spot.to("cluster"));
        let fits = to.is_none() || cluster.is_none() || to.as_deref() == cluster;
        match fits && chosen.is_none() {
            true => chosen = Some(spot),
            false => sheet.note(
                &spot,
                NotUsed,
                "Another route than the first to the cluster.",
            ),
        }
    }
    let route = chosen.unwrap_or_default();
    let own = route.to("retry_policy");
    // A virtual host's policy holds for routes without one: it lies three keys above.
    let host = sheet.above(&route, 3).to("retry_policy");
    let policy = if sheet.has(&own) { own } else { host };
    let name = route.to("cluster");
    if sheet.has(&name) {
        sheet.note(&name, Taken, "The hosts of this cluster are the fleet.");
    }
    timeouts(sheet, draft, &route, &policy)?;
    if !sheet.has(&policy) {
        draft.number("retry.max_attempts", 1);
        draft.number("retry.max_attempts_per_provider", 1);
        sheet.default("retry_policy", Taken, "Nothing is retried without one.");
        return Ok(());
    }
    attempts(sheet, draft, &policy, hosts)?;
    backoff(sheet, draft, &policy)?;
    classes(sheet, draft, &policy, hosts)?;
    for (key, says) in [
        (
            "retry_priority",
            "Priorities do not shift by failed attempts.",
        ),
        ("retriable_headers", "No failure is told by a header."),
        ("retriable_request_headers", "Every request may be retried."),
        (
            "retry_options_predicates",
            "An attempt is not changed for a retry.",
        ),
        (
            "host_selection_retry_max_attempts",
            "No host is drawn twice in vain.",
        ),
    ] {
        if sheet.has(&policy.to(key)) {
            sheet.note(&policy.to(key), CannotBeSaid, says);
        }
    }
    Ok(())
}

fn timeouts(
    sheet: &mut Sheet,
    draft: &mut Draft,
    route: &Spot,
    policy: &Spot,
) -> Result<(), Diagnostic> {
    let spot = route.to("timeout");
    let written = sheet.time(&spot, "s")?;
    let whole = written.unwrap_or(Duration::from_secs(15));
    if whole > Duration::ZERO {
        draft.time("timeouts.call", whole);
    }
    let says = "The timeout of a call with all its retries; 0 is none.";
    match written.is_some() {
        true => sheet.note(&spot, Taken, says),
        false => sheet.default("timeout", Taken, "15 s for a call with all its retries."),
    }
    let each = policy.to("per_try_timeout");
    if let Some(time) = sheet.time(&each, "s")? {
        draft.time("timeouts.attempt", time);
        let says = "The timeout of an attempt; Envoy lets an answer go on whose head was sent.";
        sheet.note(&each, Approximated, says);
    }
    for spot in [policy.to("per_try_idle_timeout"), route.to("idle_timeout")] {
        if let Some(time) = sheet.time(&spot, "s")? {
            let is_exact = time > Duration::ZERO && draft.time("timeouts.idle", time);
            noted(
                sheet,
                &spot,
                is_exact,
                "The longest pause within an answer.",
            );
        }
    }
    let hedge = route.to("hedge_policy");
    if sheet.has(&hedge) {
        let says = "Envoy hedges when a timeout of an attempt ends; see `hedge`.";
        sheet.note(&hedge, CannotBeSaid, says);
    }
    Ok(())
}

fn attempts(
    sheet: &mut Sheet,
    draft: &mut Draft,
    policy: &Spot,
    hosts: usize,
) -> Result<(), Diagnostic> {
    let spot = policy.to("num_retries");
    let written = sheet.count(&spot)?;
    let attempts = written.unwrap_or(1).saturating_add(1);
    let is_exact = draft.number("retry.max_attempts", attempts);
    let each = if hosts == 1 { attempts } else { 1 };
    draft.number("retry.max_attempts_per_provider", each);
    let says = format!("{attempts} attempts in all.");
    match written.is_some() {
        true => noted(sheet, &spot, is_exact, says),
        false => sheet.default("num_retries", Taken, says),
    }
    let hosts = policy.to("retry_host_predicate");
    match sheet.has(&hosts) {
        true => {
            let says = "A retry goes to a host that this call has not tried.";
            sheet.note(&hosts, Taken, says);
        }
        false => {
            let says = "A retry may draw the same host again; here it goes to another.";
            sheet.default("retry_host_predicate", Approximated, says);
        }
    }
    Ok(())
}

fn backoff(sheet: &mut Sheet, draft: &mut Draft, policy: &Spot) -> Result<(), Diagnostic> {
    let place = policy.to("retry_back_off");
    let base = sheet.time(&place.to("base_interval"), "s")?;
    let max = sheet.time(&place.to("max_interval"), "s")?;
    let first = base.unwrap_or(Duration::from_millis(25));
    draft.time("retry.backoff.base", first);
    draft.number("retry.backoff.factor", 2_000);
    draft.time(
        "retry.backoff.max",
        max.unwrap_or(first.saturating_mul(10)).max(first),
    );
    draft.word("retry.backoff.jitter", "full");
    let says = "The wait before a retry, doubled and drawn from zero; Envoy waits before another \
                host as well.";
    for (key, value) in [("base_interval", base), ("max_interval", max)] {
        if value.is_some() {
            sheet.note(&place.to(key), Approximated, says);
        }
    }
    let hints = policy.to("rate_limited_retry_back_off");
    if !sheet.has(&hints) {
        draft.word("hints.retry_after", "ignore");
        draft.word("hints.should_retry", "ignore");
        sheet.default(
            "rate_limited_retry_back_off",
            Taken,
            "Hints to wait are ignored.",
        );
        return Ok(());
    }
    draft.word("hints.should_retry", "ignore");
    let max = hints.to("max_interval");
    let longest = sheet.time(&max, "s")?;
    draft.time("hints.max", longest.unwrap_or(Duration::from_secs(300)));
    draft.number("hints.jitter", 500_000_000);
    if longest.is_some() {
        sheet.note(&max, Taken, "The longest hint that is waited for.");
    }
    let headers = hints.to("reset_headers");
    sheet.note(
        &headers,
        Approximated,
        "Retry-After and the vendors' headers are read.",
    );
    Ok(())
}

/// What `retry_on` retries; all else is passed on.
fn classes(
    sheet: &mut Sheet,
    draft: &mut Draft,
    policy: &Spot,
    hosts: usize,
) -> Result<(), Diagnostic> {
    let spot = policy.to("retry_on");
    let words = sheet.words(&spot);
    let mut retried = BTreeSet::new();
    let mut unknown = Vec::new();
    for word in &words {
        let row = RETRY_ON.iter().find(|(name, _)| name == word);
        match row {
            Some((_, classes)) => retried.extend(classes.iter().copied()),
            None => unknown.push(word.clone()),
        }
    }
    let codes = policy.to("retriable_status_codes");
    if words.iter().any(|word| word == "retriable-status-codes") {
        for entry in sheet.entries(&codes) {
            let code = sheet.count(&entry)?.unwrap_or(0);
            retried.extend(of_status(code));
        }
    }
    if sheet.has(&codes) {
        let says = "Statuses are classes here: 429 is rate_limited, 503 overloaded, others of 5xx \
                    server_error.";
        sheet.note(&codes, Approximated, says);
    }
    let action = if hosts == 1 { "retry" } else { "fallback" };
    for class in ALL {
        draft.action(
            &[class],
            if retried.contains(class) {
                action
            } else {
                "stop"
            },
        );
    }
    if sheet.has(&spot) {
        let says = format!("Retried: {}.", Vec::from_iter(retried).join(", "));
        match unknown.is_empty() {
            true => sheet.note(&spot, Approximated, says),
            false => {
                let says = format!("{says} Conditions that cannot be said: {}.", unknown.len());
                sheet.note(&spot, Approximated, says);
            }
        }
    }
    Ok(())
}

/// The classes of a status.
pub(in crate::foreign) fn of_status(status: u64) -> &'static [&'static str] {
    match status {
        400 | 413 | 422 => &["bad_request", "context_too_long", "content_filter"],
        401 => &["auth"],
        402 => &["quota"],
        403 => &["forbidden"],
        404 | 410 => &["model_gone"],
        408 => &[
            "timeout_connect",
            "timeout_first_token",
            "timeout_idle",
            "timeout_attempt",
        ],
        429 => &["rate_limited", "quota"],
        503 | 529 => &["overloaded"],
        500..=599 => &["server_error"],
        405..=499 => &["rejected"],
        _ => &[],
    }
}

/// Conditions of `retry_on`, with the classes that they retry.
pub(super) const RETRY_ON: &[(&str, &[&str])] = &[
    ("5xx", FIVES),
    (
        "gateway-error",
        &[
            "overloaded",
            "server_error",
            "connect",
            "timeout_connect",
            "reset",
        ],
    ),
    (
        "reset",
        &["reset", "timeout_attempt", "timeout_first_token"],
    ),
    ("reset-before-request", &["reset"]),
    ("connect-failure", &["connect", "timeout_connect"]),
    ("refused-stream", &["reset"]),
    ("retriable-4xx", &["rejected"]),
    ("retriable-status-codes", &[]),
];

const FIVES: &[&str] = &[
    "overloaded",
    "server_error",
    "connect",
    "reset",
    "timeout_connect",
    "timeout_first_token",
    "timeout_attempt",
];

/// All classes, but those of which Envoy knows nothing.
const ALL: &[&str] = &[
    "rate_limited",
    "quota",
    "overloaded",
    "server_error",
    "connect",
    "timeout_connect",
    "timeout_first_token",
    "timeout_idle",
    "timeout_attempt",
    "reset",
    "truncated",
    "malformed",
    "auth",
    "forbidden",
    "model_gone",
    "bad_request",
    "rejected",
    "context_too_long",
    "content_filter",
];
