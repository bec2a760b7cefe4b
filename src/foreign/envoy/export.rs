//! A policy as a route's retry policy and a cluster's settings.

use std::collections::BTreeSet;
use std::time::Duration;

use super::route::RETRY_ON;
use crate::foreign::export::{Export, seconds};
use crate::foreign::note::Outcome::{Approximated, CannotBeSaid, Taken};
use crate::foreign::statuses::USUAL;
use crate::foreign::yaml::Yaml;
use crate::policy::classify::{Action, FailureClass};
use crate::policy::config::{HintMode, Jitter, Quirk, Strategy};

/// Writes the settings; hosts are not the policy's.
pub(in crate::foreign) fn write(export: &mut Export<'_>) {
    retries(export);
    classes(export);
    timeouts(export);
    balance(export);
    outliers(export);
    rest(export);
}

fn time(length: Duration) -> Yaml {
    Yaml::Plain(format!("{}s", seconds(length)))
}

fn retries(export: &mut Export<'_>) {
    let retry = export.policy.retry.clone();
    let retries = retry.max_attempts.saturating_sub(1);
    export.plain(&["route", "retry_policy", "num_retries"], retries);
    let says = format!("`num_retries: {retries}`.");
    export.note("retry.max_attempts", Taken, &says);
    if retry.max_attempts_per_provider == 1 {
        let mut hosts = Yaml::map();
        hosts.set(
            &["name"],
            Yaml::Text("envoy.retry_host_predicates.previous_hosts".to_owned()),
        );
        let path = ["route", "retry_policy", "retry_host_predicate"];
        export.set(&path, Yaml::List(vec![hosts]));
        let times = ["route", "retry_policy", "host_selection_retry_max_attempts"];
        export.plain(&times, HOST_DRAWS);
        let says = format!(
            "`previous_hosts`, which draws again up to {HOST_DRAWS} times and then takes a host \
             that was tried; a policy never does."
        );
        export.note("retry.max_attempts_per_provider", Approximated, &says);
    } else {
        let says = "A retry draws a host anew, whichever it was.";
        export.note("retry.max_attempts_per_provider", Approximated, says);
    }
    let backoff = &retry.backoff;
    let place = ["route", "retry_policy", "retry_back_off"];
    for (key, ours, length) in [
        ("base_interval", "base", backoff.base),
        ("max_interval", "max", backoff.max),
    ] {
        export.set(&[&place[..], &[key]].concat(), time(length));
        let says = format!("`{key}: {}s`.", seconds(length));
        export.note(&format!("retry.backoff.{ours}"), Taken, &says);
    }
    let is_same = backoff.factor.as_milli() == 2_000;
    let outcome = if is_same { Taken } else { CannotBeSaid };
    export.note("retry.backoff.factor", outcome, "Envoy doubles its waits.");
    let outcome = match backoff.jitter {
        Jitter::Full => Taken,
        _ => CannotBeSaid,
    };
    export.note(
        "retry.backoff.jitter",
        outcome,
        "Envoy draws from zero to the wait.",
    );
    hints(export);
}

fn hints(export: &mut Export<'_>) {
    let hints = export.policy.hints.clone();
    export.note("hints.should_retry", Taken, "Envoy knows no such header.");
    if hints.retry_after == HintMode::Ignore {
        export.note(
            "hints.retry_after",
            Taken,
            "Without `rate_limited_retry_back_off`.",
        );
        return;
    }
    let place = ["route", "retry_policy", "rate_limited_retry_back_off"];
    export.set(&[&place[..], &["max_interval"]].concat(), time(hints.max));
    let mut header = Yaml::map();
    header.set(&["name"], Yaml::Text("Retry-After".to_owned()));
    header.set(&["format"], Yaml::Text("SECONDS".to_owned()));
    export.set(
        &[&place[..], &["reset_headers"]].concat(),
        Yaml::List(vec![header]),
    );
    for key in ["hints.retry_after", "hints.max"] {
        export.note(key, Taken, "`rate_limited_retry_back_off`.");
    }
    export.note(
        "hints.jitter",
        Approximated,
        "Envoy adds up to half of a hint.",
    );
    export.note(
        "hints.above_max",
        Approximated,
        "Envoy then waits as if without a hint.",
    );
}

/// `retry_on` and `retriable_status_codes`, of what is not stopped.
fn classes(export: &mut Export<'_>) {
    let failures = export.policy.failures.clone();
    let acts = |class: &FailureClass| {
        let action = failures.get(class).copied().unwrap_or(class.action());
        action != Action::Stop
    };
    let names = FailureClass::ALL.into_iter().filter(acts);
    let names = BTreeSet::from_iter(names.map(FailureClass::name));
    let mut words = Vec::new();
    let mut covered = BTreeSet::new();
    for word in [
        "5xx",
        "gateway-error",
        "reset",
        "connect-failure",
        "retriable-4xx",
    ] {
        let row = RETRY_ON.iter().find(|(name, ..)| *name == word);
        let Some((_, classes, statuses)) = row else {
            continue;
        };
        let fits = classes.iter().all(|one| names.contains(one));
        let all = statuses
            .iter()
            .all(|one| export.action(*one) != Action::Stop);
        let is_new = word != "gateway-error" || words.is_empty();
        if fits && all && is_new {
            words.push(word);
            covered.extend(statuses.iter().copied());
        }
    }
    let mut codes = Vec::from(USUAL);
    codes.extend(failures.statuses().map(u64::from));
    codes.sort_unstable();
    codes.dedup();
    codes.retain(|code| {
        let is_said = covered.contains(code) || words.contains(&"5xx") && *code >= 500;
        !is_said && export.action(*code) != Action::Stop
    });
    if !codes.is_empty() {
        words.push("retriable-status-codes");
        let codes = codes.iter().map(|code| Yaml::Plain(code.to_string()));
        export.set(
            &["route", "retry_policy", "retriable_status_codes"],
            Yaml::List(codes.collect()),
        );
    }
    if !words.is_empty() {
        let text = Yaml::Text(words.join(","));
        export.set(&["route", "retry_policy", "retry_on"], text);
    }
    let says = format!("`retry_on: {}`.", words.join(","));
    for class in export.keys("failures") {
        let outcome = match class.parse::<u16>() {
            Ok(status) if !(words.contains(&"5xx") && status >= 500) => Taken,
            _ => Approximated,
        };
        export.note(&format!("failures.{class}"), outcome, &says);
    }
}

fn timeouts(export: &mut Export<'_>) {
    let timeouts = export.policy.timeouts;
    let ends = export.policy.quirks.has(&Quirk::TimeoutsEndAtHead);
    let call = timeouts.call.unwrap_or(Duration::ZERO);
    export.set(&["route", "timeout"], time(call));
    export.note("timeouts.call", Taken, "The route's `timeout`.");
    for (path, place, length, outcome) in [
        (
            "timeouts.attempt",
            ["route", "retry_policy", "per_try_timeout"].as_slice(),
            timeouts.attempt,
            if ends { Taken } else { Approximated },
        ),
        (
            "timeouts.idle",
            &["route", "retry_policy", "per_try_idle_timeout"],
            timeouts.idle,
            Taken,
        ),
        (
            "timeouts.connect",
            &["clusters", "connect_timeout"],
            timeouts.connect,
            Taken,
        ),
    ] {
        if let Some(length) = length {
            export.set(place, time(length));
            let key = place.last().unwrap_or(&"");
            export.note(path, outcome, &format!("`{key}: {}s`.", seconds(length)));
        }
    }
}

fn balance(export: &mut Export<'_>) {
    let (word, outcome) = match export.policy.route.strategy {
        Strategy::RoundRobin | Strategy::Weighted => ("ROUND_ROBIN", Taken),
        Strategy::LeastLatency => ("LEAST_REQUEST", Approximated),
        _ => ("ROUND_ROBIN", CannotBeSaid),
    };
    export.plain(&["clusters", "lb_policy"], word);
    export.note(
        "route.strategy",
        outcome,
        &format!("`lb_policy: {word}`; order is `priority`."),
    );
    let panic = export.policy.route.panic_threshold.as_parts();
    let place = [
        "clusters",
        "common_lb_config",
        "healthy_panic_threshold",
        "value",
    ];
    export.plain(&place, panic / 10_000_000);
    export.note("route.panic_threshold", Taken, "`healthy_panic_threshold`.");
}

fn outliers(export: &mut Export<'_>) {
    let at = |key| ["clusters", "outlier_detection", key];
    let Some(breaker) = export.policy.breaker.clone() else {
        return;
    };
    match breaker.consecutive_failures {
        Some(failures) => {
            export.plain(&at("consecutive_5xx"), failures);
            export.note("breaker.consecutive_failures", Taken, "`consecutive_5xx`.");
        }
        None => {
            export.plain(&at("enforcing_consecutive_5xx"), 0);
            export.note(
                "breaker.consecutive_failures",
                Taken,
                "`enforcing_consecutive_5xx: 0`.",
            );
        }
    }
    export.set(&at("base_ejection_time"), time(breaker.open.initial));
    export.set(&at("max_ejection_time"), time(breaker.open.max));
    let says = "`base_ejection_time`, which grows by itself with each ejection.";
    export.note("breaker.open.initial", Approximated, says);
    export.note("breaker.open.factor", Approximated, says);
    export.note("breaker.open.max", Taken, "`max_ejection_time`.");
    export.note(
        "breaker.max_probes",
        Approximated,
        "All requests come back at once.",
    );
    let Some(outlier) = export.policy.outlier.clone() else {
        export.plain(&at("enforcing_success_rate"), 0);
        return;
    };
    export.set(&at("interval"), time(outlier.interval));
    export.plain(&at("success_rate_request_volume"), outlier.min);
    let share = outlier.max_ejection_percent.as_parts() / 10_000_000;
    export.plain(&at("max_ejection_percent"), share);
    for (ours, key) in [
        ("interval", "interval"),
        ("min", "success_rate_request_volume"),
        ("max_ejection_percent", "max_ejection_percent"),
    ] {
        export.note(&format!("outlier.{ours}"), Taken, &format!("`{key}`."));
    }
    for key in ["base_ejection_time", "max_ejection_time"] {
        let says = "As that of failures in a row.";
        export.note(&format!("outlier.{key}"), Taken, says);
    }
}

/// Limits, budgets and health checks.
fn rest(export: &mut Export<'_>) {
    let mut limits = Yaml::map();
    if let Some(most) = export.policy.limit.concurrency {
        limits.set(&["max_requests"], Yaml::Plain(most.to_string()));
        let says = "`max_requests`, of all hosts together.";
        export.note("limit.concurrency", Approximated, says);
    }
    if let Some(budget) = export.policy.retry.budget.clone() {
        let share = budget.ratio.as_parts() / 10_000_000;
        let path = ["retry_budget", "budget_percent", "value"];
        limits.set(&path, Yaml::Plain(share.to_string()));
        let least = budget.reserve.nano_per_second() / 1_000_000_000;
        let path = ["retry_budget", "min_retry_concurrency"];
        limits.set(&path, Yaml::Plain(least.to_string()));
        for key in ["ratio", "reserve", "window"] {
            let says = "`retry_budget`, of active requests.";
            export.note(&format!("retry.budget.{key}"), Approximated, says);
        }
    }
    if !limits.is_empty() {
        let path = ["clusters", "circuit_breakers", "thresholds"];
        export.set(&path, Yaml::List(vec![limits]));
    }
    if let Some(check) = export.policy.health_check.clone() {
        let mut own = Yaml::map();
        own.set(&["interval"], time(check.interval));
        own.set(&["timeout"], time(check.timeout));
        let text = |count: u32| Yaml::Plain(count.to_string());
        own.set(&["unhealthy_threshold"], text(check.unhealthy_threshold));
        own.set(&["healthy_threshold"], text(check.healthy_threshold));
        export.set(&["clusters", "health_checks"], Yaml::List(vec![own]));
        for key in [
            "interval",
            "timeout",
            "unhealthy_threshold",
            "healthy_threshold",
            "targets",
        ] {
            export.note(&format!("health_check.{key}"), Taken, "`health_checks`.");
        }
    }
    // A file has a list of clusters.
    export.wrap("clusters");
}

/// As the example of Envoy's documentation has it.
const HOST_DRAWS: u32 = 5;
