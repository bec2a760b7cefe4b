//! A policy as the settings of a Portkey config: retries, timeout and breaker.

use crate::foreign::export::Export;
use crate::foreign::note::Outcome::{Approximated, CannotBeSaid, Taken};
use crate::foreign::statuses::USUAL;
use crate::foreign::yaml::Yaml;
use crate::policy::classify::Action;
use crate::policy::config::{HintMode, Quirk};

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
        let ends = export.policy.quirks.has(&Quirk::TimeoutsEndAtHead);
        export.note(
            "timeouts.attempt",
            if ends { Taken } else { Approximated },
            "`request_timeout`, up to the head.",
        );
    }
    statuses(export);
    breaker(export);
}

/// The lists of statuses, by what the policy does after them.
fn statuses(export: &mut Export<'_>) {
    let mut codes = Vec::from(USUAL);
    codes.extend(export.policy.failures.statuses().map(u64::from));
    codes.sort_unstable();
    codes.dedup();
    let mut lists = [Vec::new(), Vec::new()];
    let mut stops = false;
    for code in codes {
        let written = Yaml::Plain(code.to_string());
        match export.action(code) {
            Action::Retry => lists.iter_mut().for_each(|list| list.push(written.clone())),
            Action::Stop => stops = true,
            _ => lists[1].push(written),
        }
    }
    let [retried, left] = lists.map(Yaml::List);
    export.set(&["retry", "on_status_codes"], retried);
    // Without a list every failure falls back.
    if stops {
        export.set(&["strategy", "on_status_codes"], left);
    }
    for class in export.keys("failures") {
        let says = "The two lists of `on_status_codes`.";
        let is_status = class.parse::<u16>().is_ok();
        let outcome = if is_status { Taken } else { Approximated };
        export.note(&format!("failures.{class}"), outcome, says);
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
