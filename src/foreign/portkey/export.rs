//! A policy as the settings of a Portkey config: retries, timeout and breaker.

use crate::foreign::envoy::of_status;
use crate::foreign::export::Export;
use crate::foreign::note::Outcome::{Approximated, CannotBeSaid, Taken};
use crate::foreign::yaml::Yaml;
use crate::policy::classify::{Action, FailureClass};
use crate::policy::config::HintMode;

/// Writes the settings; targets are not the policy's.
pub(in crate::foreign) fn write(export: &mut Export<'_>) {
    export.plain(&["strategy", "mode"], "fallback");
    let retry = export.policy.retry.clone();
    let attempts = retry.max_attempts_per_provider.saturating_sub(1).min(5);
    export.plain(&["retry", "attempts"], attempts);
    let is_exact = attempts + 1 == retry.max_attempts_per_provider;
    let outcome = if is_exact { Taken } else { Approximated };
    export.note(
        "retry.max_attempts_per_provider",
        outcome,
        "`retry.attempts`, at most 5.",
    );
    let says = "The attempts of all targets together.";
    export.note("retry.max_attempts", Approximated, says);
    for key in ["base", "factor", "max", "jitter"] {
        let says = "The gateway waits a second, doubled, without jitter.";
        export.note(&format!("retry.backoff.{key}"), Approximated, says);
    }
    let honours = export.policy.hints.retry_after == HintMode::Honour;
    export.plain(&["retry", "use_retry_after_header"], honours);
    export.note("hints.retry_after", Taken, "`use_retry_after_header`.");
    if let Some(time) = export.policy.timeouts.attempt {
        export.plain(&["request_timeout"], time.as_millis());
        export.note(
            "timeouts.attempt",
            Approximated,
            "`request_timeout`, up to the head.",
        );
    }
    statuses(export);
    breaker(export);
}

/// The lists of statuses, by what the policy does after them.
fn statuses(export: &mut Export<'_>) {
    let failures = export.policy.failures.clone();
    let action = |class: FailureClass| failures.get(&class).copied().unwrap_or(class.action());
    let mut lists = [Vec::new(), Vec::new()];
    for status in STATUSES {
        let first = of_status(*status).first();
        let class = first.and_then(|name| FailureClass::from_name(name));
        match class.map(action) {
            Some(Action::Retry) => lists.iter_mut().for_each(|list| list.push(*status)),
            Some(Action::Stop) | None => {}
            Some(_) => lists[1].push(*status),
        }
    }
    let list = |codes: &[u64]| {
        Yaml::List(
            codes
                .iter()
                .map(|code| Yaml::Plain(code.to_string()))
                .collect(),
        )
    };
    let [retried, left] = lists;
    export.set(&["retry", "on_status_codes"], list(&retried));
    export.set(&["strategy", "on_status_codes"], list(&left));
    for class in export.keys("failures") {
        let says = "The two lists of `on_status_codes`.";
        export.note(&format!("failures.{class}"), Approximated, says);
    }
}

fn breaker(export: &mut Export<'_>) {
    let Some(breaker) = export.policy.breaker.clone() else {
        return;
    };
    let at = |key| ["strategy", "cb_config", key];
    if let Some(failures) = breaker.max_failures.or(breaker.consecutive_failures) {
        export.plain(&at("failure_threshold"), failures.saturating_sub(1));
        for key in ["max_failures", "consecutive_failures"] {
            export.note(
                &format!("breaker.{key}"),
                Approximated,
                "`failure_threshold`.",
            );
        }
    }
    if let Some(least) = breaker.min_success_rate {
        let share = 1_000_000_000_u64.saturating_sub(least.as_parts()) / 10_000_000;
        export.plain(&at("failure_threshold_percentage"), share);
        export.plain(&at("minimum_requests"), breaker.min_attempts);
        let says = "`failure_threshold_percentage`.";
        export.note("breaker.min_success_rate", Taken, says);
        export.note("breaker.min_attempts", Taken, "`minimum_requests`.");
    }
    let time = breaker.open.initial.as_millis().max(30_000);
    export.plain(&at("cooldown_interval"), time);
    export.note(
        "breaker.open.initial",
        Taken,
        "`cooldown_interval`, 30 s at least.",
    );
    export.note(
        "breaker.window",
        CannotBeSaid,
        "It counts since the first failure.",
    );
}

const STATUSES: &[u64] = &[400, 401, 402, 403, 404, 408, 409, 429, 500, 502, 503, 504];
