//! A policy as `router_settings` of LiteLLM's proxy.

use std::time::Duration;

use super::cooldown::DEFAULT_FAILS;
use super::settings::{EXCEPTIONS, FACTOR, FIRST_WAIT, JITTER};
use crate::foreign::export::{Export, seconds, shown};
use crate::foreign::note::Outcome::{Approximated, CannotBeSaid, Taken};
use crate::foreign::yaml::Yaml;
use crate::policy::classify::FailureClass;
use crate::policy::config::{Quirk, SmallContext, Strategy};

/// Writes the settings; models, keys and fallbacks are not the policy's.
pub(in crate::foreign) fn write(export: &mut Export<'_>) {
    strategy(export);
    small_context(export);
    retries(export);
    timeouts(export);
    cooldown(export);
    by_class(export);
    own(export);
}

fn strategy(export: &mut Export<'_>) {
    let (word, outcome) = match export.policy.route.strategy {
        Strategy::Weighted => ("simple-shuffle", Taken),
        Strategy::RoundRobin => ("usage-based-routing-v2", Approximated),
        Strategy::LeastLatency => ("latency-based-routing", Approximated),
        Strategy::Cheapest => ("cost-based-routing", Taken),
        Strategy::Priority => {
            let says = "Write each provider as a group, and the order in `fallbacks`.";
            export.note("route.strategy", CannotBeSaid, says);
            return;
        }
        _ => {
            export.note(
                "route.strategy",
                CannotBeSaid,
                "LiteLLM has no such strategy.",
            );
            return;
        }
    };
    export.plain(&["router_settings", "routing_strategy"], word);
    let says = format!("`routing_strategy: {word}`.");
    export.note("route.strategy", outcome, &says);
}

fn small_context(export: &mut Export<'_>) {
    if export.policy.route.small_context == SmallContext::Skip {
        export.plain(&["router_settings", "enable_pre_call_checks"], true);
        let says = "`enable_pre_call_checks: true`, which keeps to each `rpm` as well.";
        export.note("route.small_context", Taken, says);
    }
}

/// The groups that the policy knows of, by its priority groups.
fn groups(export: &Export<'_>) -> u32 {
    let overrides = &export.policy.overrides;
    let all = overrides.by_name.values().chain(&overrides.by_position);
    let last = all.filter_map(|one| one.priority_group).max();
    last.unwrap_or(0).saturating_add(1)
}

fn retries(export: &mut Export<'_>) {
    let retry = &export.policy.retry;
    let groups = groups(export);
    let draws = export.policy.quirks.has(&Quirk::RetriesDrawAgain);
    let retries = match draws {
        true => retry.max_attempts_per_provider.saturating_sub(1),
        false => retry.max_attempts.div_ceil(groups.max(1)).saturating_sub(1),
    };
    export.plain(&["router_settings", "num_retries"], retries);
    let says = format!("`num_retries: {retries}` in each of {groups} groups.");
    let is_even = (retries + 1) * groups == retry.max_attempts;
    let outcome = if is_even { Taken } else { Approximated };
    export.note("retry.max_attempts", outcome, &says);
    let (outcome, says) = match draws {
        true => (Taken, "`num_retries`, of the attempts in a group."),
        false => (
            Approximated,
            "The router draws the deployment of each retry anew.",
        ),
    };
    export.note("retry.max_attempts_per_provider", outcome, says);
    let backoff = export.policy.retry.backoff.clone();
    if backoff.base > FIRST_WAIT {
        let least = seconds(backoff.base);
        export.plain(&["router_settings", "retry_after"], &least);
        let says = format!("`retry_after: {least}`, the least wait at a lone deployment.");
        export.note("retry.backoff.base", Taken, &says);
    } else {
        let says = "The router's first wait is 0.5 s, and up to 0.75 s more.";
        let is_same = backoff.base == FIRST_WAIT;
        let outcome = if is_same { Taken } else { CannotBeSaid };
        export.note("retry.backoff.base", outcome, says);
    }
    let is_same = [1_000, FACTOR].contains(&backoff.factor.as_milli());
    let outcome = if is_same { Taken } else { CannotBeSaid };
    export.note(
        "retry.backoff.factor",
        outcome,
        "The router doubles what it waits besides its jitter.",
    );
    let max = Duration::from_secs(8).max(backoff.base);
    let outcome = if backoff.max == max {
        Taken
    } else {
        CannotBeSaid
    };
    export.note(
        "retry.backoff.max",
        outcome,
        "The router waits at most 8 s.",
    );
    let says = format!("The router adds up to 0.75 s to a wait; `{JITTER}` is the nearest.");
    export.note("retry.backoff.jitter", Approximated, &says);
    let is_same = export.policy.hints.max == Duration::from_secs(60);
    let outcome = if is_same { Taken } else { CannotBeSaid };
    export.note(
        "hints.max",
        outcome,
        "The router waits for hints of up to 60 s.",
    );
}

fn timeouts(export: &mut Export<'_>) {
    let timeouts = export.policy.timeouts;
    for (path, key, length) in [
        ("timeouts.attempt", "timeout", timeouts.attempt),
        (
            "timeouts.first_token",
            "stream_timeout",
            timeouts.first_token,
        ),
    ] {
        if let Some(length) = length {
            export.plain(&["router_settings", key], seconds(length));
            let says = format!("`{key}: {}`.", seconds(length));
            let outcome = if key == "timeout" {
                Taken
            } else {
                Approximated
            };
            export.note(path, outcome, &says);
        }
    }
}

fn cooldown(export: &mut Export<'_>) {
    let Some(breaker) = export.policy.breaker.clone() else {
        export.plain(&["router_settings", "disable_cooldowns"], true);
        export.note("breaker", Taken, "`disable_cooldowns: true`.");
        return;
    };
    let time = breaker.open.initial;
    export.plain(&["router_settings", "cooldown_time"], seconds(time));
    let says = format!("`cooldown_time: {}`.", seconds(time));
    export.note("breaker.open.initial", Taken, &says);
    let counted = breaker.max_failures.or(breaker.consecutive_failures);
    if let Some(failures) = counted {
        let is_counted = breaker.max_failures.is_some();
        let allowed = u64::from(failures.saturating_sub(1));
        let path = match is_counted {
            true => "breaker.max_failures",
            false => "breaker.consecutive_failures",
        };
        if allowed == DEFAULT_FAILS {
            let says = "`allowed_fails: 3` counts as unset there: half of a minute's requests.";
            export.note(path, Approximated, says);
        } else {
            export.plain(&["router_settings", "allowed_fails"], allowed);
            let says = format!(
                "`allowed_fails: {allowed}`, forgotten when none came for {}.",
                shown(time)
            );
            export.note(path, if is_counted { Taken } else { Approximated }, &says);
        }
        if is_counted {
            let says = "Failures count for `cooldown_time`.";
            let is_same = breaker.window == time;
            let outcome = if is_same { Taken } else { CannotBeSaid };
            export.note("breaker.window", outcome, says);
            let says = "The router counts failures, in a row or not.";
            export.note("breaker.consecutive_failures", Taken, says);
        }
    } else {
        let says = "Half of a minute's requests, which is the router's default.";
        for path in [
            "min_success_rate",
            "window",
            "min_attempts",
            "consecutive_failures",
        ] {
            export.note(&format!("breaker.{path}"), Approximated, says);
        }
    }
    let says = "A Retry-After takes the place of `cooldown_time`.";
    export.note("breaker.open.hint", Taken, says);
    export.note(
        "breaker.max_probes",
        Approximated,
        "All calls come back at once.",
    );
    export.note(
        "breaker.open.max",
        Approximated,
        "Each cooldown is as long as the first.",
    );
    let is_same = breaker.open.factor.as_milli() == 1_000;
    let outcome = if is_same { Taken } else { CannotBeSaid };
    let says = "Each cooldown is as long as the first.";
    export.note("breaker.open.factor", outcome, says);
}

fn by_class(export: &mut Export<'_>) {
    let limits = export.policy.retry.max_retries_by_class.clone();
    for (exception, classes) in EXCEPTIONS {
        let found = classes
            .iter()
            .filter_map(|name| FailureClass::from_name(name));
        let most = found.filter_map(|class| limits.get(&class)).max();
        if let Some(retries) = most {
            let key = format!("{exception}Retries");
            export.plain(&["router_settings", "retry_policy", &key], retries);
            let says = format!("`retry_policy: {{ {key}: {retries} }}`.");
            for class in *classes {
                export.note(&format!("retry.max_retries_by_class.{class}"), Taken, &says);
            }
        }
    }
    for class in export.keys("failures") {
        let says = "The kinds of fallbacks say it: `fallbacks` for all failures, \
                    `context_window_fallbacks` and `content_policy_fallbacks` for two.";
        export.note(&format!("failures.{class}"), Approximated, says);
    }
}

/// Settings of single providers, which stand beside their models.
fn own(export: &mut Export<'_>) {
    let by_name = export.policy.overrides.by_name.clone();
    let mut lines = Vec::new();
    for (name, one) in &by_name {
        let mut params = Yaml::map();
        if let Some(weight) = one.weight {
            params.set(&["weight"], Yaml::Plain(weight.to_string()));
        }
        if let Some(time) = one.timeouts.attempt {
            params.set(&["timeout"], Yaml::Plain(seconds(time)));
        }
        if let Some(time) = one.timeouts.first_token {
            params.set(&["stream_timeout"], Yaml::Plain(seconds(time)));
        }
        if let Some(limit) = &one.limit {
            for (key, value) in [("rpm", limit.rpm.flatten()), ("tpm", limit.tpm.flatten())] {
                if let Some(value) = value {
                    params.set(&[key], Yaml::Plain(value.to_string()));
                }
            }
            if let Some(most) = limit.concurrency.flatten() {
                params.set(&["max_parallel_requests"], Yaml::Plain(most.to_string()));
            }
        }
        if !params.is_empty() {
            lines.push((name.clone(), params));
        }
        let says = "In `litellm_params` of this model; see the comments at the end.";
        for key in ["weight", "timeouts", "limit"] {
            export.note(&format!("overrides.by_name.{name}.{key}"), Taken, says);
        }
        let says = "The router draws the deployment of each retry anew.";
        let path = format!("overrides.by_name.{name}.max_attempts_per_provider");
        export.note(&path, Approximated, says);
        let says = "The order of groups in `fallbacks`, or `order` within a group.";
        export.note(
            &format!("overrides.by_name.{name}.priority_group"),
            Approximated,
            says,
        );
    }
    export.comments(&lines);
}
