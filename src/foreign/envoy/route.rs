//! A route: its retry policy and timeouts.

use std::collections::BTreeSet;
use std::time::Duration;

use super::noted;
use crate::foreign::draft::Draft;
use crate::foreign::note::Outcome::{Approximated, CannotBeSaid, NotUsed, Taken};
use crate::foreign::sheet::{Sheet, Spot};
use crate::foreign::statuses::{OF_THE_NETWORK, OF_THE_PROVIDER, OF_THE_REQUEST, class_of};
use crate::policy::classify::is_error_status;
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
    draft.quirk("commits_at_head");
    let says = "Once the head of an answer was passed on, nothing is retried: a quirk.";
    sheet.default("retries", Taken, says);
    backoff(sheet, draft, &policy, hosts)?;
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
            "A draw passes over hosts that this call has tried, without a limit.",
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
    let pauses = [policy.to("per_try_idle_timeout"), route.to("idle_timeout")];
    let each = policy.to("per_try_timeout");
    if let Some(time) = sheet.time(&each, "s")? {
        draft.time("timeouts.attempt", time);
        // The quirk ends the timeouts of pauses as well, which Envoy does not.
        if pauses.iter().any(|pause| sheet.has(pause)) {
            let says = "The timeout of an attempt; Envoy lets an answer go on whose head was sent.";
            sheet.note(&each, Approximated, says);
        } else {
            draft.quirk("timeouts_end_at_head");
            let says = "The timeout of an attempt, which ends when the head is there: a quirk.";
            sheet.note(&each, Taken, says);
        }
    }
    for spot in pauses {
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
    let predicate = policy.to("retry_host_predicate");
    match sheet.has(&predicate) {
        true => {
            let says = format!(
                "A retry goes to a host that this call has not tried. Envoy draws again up to \
                 `host_selection_retry_max_attempts` times, then takes one that it has tried; \
                 here no host is asked twice: a call makes at most {hosts} attempts."
            );
            noted(sheet, &predicate, attempts <= 1, says);
        }
        false => {
            let says = "A retry may draw the same host again; here it goes to another, and the \
                        call ends when each host was asked once.";
            sheet.default("retry_host_predicate", Approximated, says);
        }
    }
    Ok(())
}

fn backoff(
    sheet: &mut Sheet,
    draft: &mut Draft,
    policy: &Spot,
    hosts: usize,
) -> Result<(), Diagnostic> {
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
    if hosts != 1 {
        draft.quirk("waits_before_fallback");
    }
    let says = "The wait before a retry, doubled and drawn from zero, also before another host: a \
                quirk.";
    for (key, value) in [("base_interval", base), ("max_interval", max)] {
        if value.is_some() {
            sheet.note(&place.to(key), Taken, says);
        }
    }
    if base.is_none() {
        sheet.default("retry_back_off", Taken, says);
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
    let known = |word: &String| RETRY_ON.iter().find(|(name, ..)| name == word);
    let rows = Vec::from_iter(words.iter().filter_map(known));
    let unknown = words.len() - rows.len();
    let mut retried = BTreeSet::new();
    for (_, classes, _) in &rows {
        retried.extend(classes.iter().copied());
    }
    let mut statuses = BTreeSet::new();
    for (_, _, found) in rows {
        statuses.extend(found.iter().copied());
    }
    let codes = policy.to("retriable_status_codes");
    let is_asked = words.iter().any(|word| word == "retriable-status-codes");
    let mut says = "A retry after each of these statuses, whatever its class.".to_owned();
    for entry in sheet.entries(&codes) {
        let code = sheet.count(&entry)?.unwrap_or(0);
        match u16::try_from(code).is_ok_and(is_error_status) {
            true if is_asked => _ = statuses.insert(code),
            true => {}
            false => says.push_str(" A policy knows no status below 400 or above 599."),
        }
    }
    if sheet.has(&codes) {
        match is_asked {
            true => noted(sheet, &codes, !says.contains("knows no"), says),
            false => {
                let says = "Without `retriable-status-codes` in `retry_on` it has no effect.";
                sheet.note(&codes, NotUsed, says);
            }
        }
    }
    let action = if hosts == 1 { "retry" } else { "fallback" };
    for classes in [OF_THE_PROVIDER, OF_THE_NETWORK, OF_THE_REQUEST] {
        for class in classes {
            let is_retried = retried.contains(class);
            draft.action(&[class], if is_retried { action } else { "stop" });
        }
    }
    for status in statuses {
        if class_of(status).is_some_and(|class| !retried.contains(class)) {
            draft.status(status, action);
        }
    }
    if sheet.has(&spot) {
        let mut says = format!("Retried: {}.", Vec::from_iter(retried).join(", "));
        if unknown > 0 {
            says.push_str(&format!(" Conditions that cannot be said: {unknown}."));
        }
        sheet.note(&spot, Approximated, says);
    }
    Ok(())
}

/// Conditions of `retry_on`, with the classes and the statuses that they retry.
pub(super) const RETRY_ON: &[(&str, &[&str], &[u64])] = &[
    ("5xx", FIVES, &[]),
    ("gateway-error", NO_ANSWER, &[502, 503, 504]),
    (
        "reset",
        &["reset", "timeout_attempt", "timeout_first_token"],
        &[],
    ),
    ("reset-before-request", &["reset"], &[]),
    ("connect-failure", &["connect", "timeout_connect"], &[]),
    ("refused-stream", &["reset"], &[]),
    ("retriable-4xx", &[], &[409]),
    ("retriable-status-codes", &[], &[]),
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

/// A reset of any kind counts as a 5xx, since Envoy makes one of it.
const NO_ANSWER: &[&str] = &[
    "connect",
    "reset",
    "timeout_connect",
    "timeout_first_token",
    "timeout_attempt",
];
