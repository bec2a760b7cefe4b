//! A policy as `application.yml`, for an instance of its name.

use std::time::Duration;

use crate::foreign::export::Export;
use crate::foreign::note::Outcome::{Approximated, CannotBeSaid, Taken};
use crate::policy::config::{Breaker, Jitter};

/// Writes the settings.
pub(in crate::foreign) fn write(export: &mut Export<'_>) {
    retry(export);
    breaker(export);
    limits(export);
    for class in export.keys("failures") {
        let says = "Exceptions of Java: `retryExceptions` and `ignoreExceptions`.";
        export.note(&format!("failures.{class}"), CannotBeSaid, says);
    }
    for key in ["hints.retry_after", "hints.should_retry"] {
        export.note(key, Approximated, "resilience4j knows no hints.");
    }
}

/// A length as `1500ms`.
fn time(length: Duration) -> String {
    format!("{}ms", length.as_millis())
}

fn put(export: &mut Export<'_>, module: &str, key: &str, value: impl ToString) {
    let name = export.policy.name.clone();
    export.plain(&["resilience4j", module, "instances", &name, key], value);
}

fn retry(export: &mut Export<'_>) {
    let retry = export.policy.retry.clone();
    put(export, "retry", "maxAttempts", retry.max_attempts);
    export.note("retry.max_attempts", Taken, "`maxAttempts`.");
    let is_same = retry.max_attempts == retry.max_attempts_per_provider;
    let outcome = if is_same { Taken } else { CannotBeSaid };
    export.note(
        "retry.max_attempts_per_provider",
        outcome,
        "There is one provider.",
    );
    put(export, "retry", "waitDuration", time(retry.backoff.base));
    export.note("retry.backoff.base", Taken, "`waitDuration`.");
    let factor = retry.backoff.factor;
    if factor.as_milli() != 1_000 {
        put(export, "retry", "enableExponentialBackoff", true);
        put(export, "retry", "exponentialBackoffMultiplier", factor);
        put(
            export,
            "retry",
            "exponentialMaxWaitDuration",
            time(retry.backoff.max),
        );
    }
    export.note(
        "retry.backoff.factor",
        Taken,
        "`exponentialBackoffMultiplier`.",
    );
    export.note("retry.backoff.max", Taken, "`exponentialMaxWaitDuration`.");
    let part = match retry.backoff.jitter {
        Jitter::None => None,
        Jitter::Proportional => Some((500, Taken)),
        Jitter::Between(low, high) => {
            let is_even = low.saturating_add(high) == 2_000_000_000;
            let part = 1_000_u64.saturating_sub(low / 1_000_000);
            Some((part, if is_even { Taken } else { Approximated }))
        }
        _ => Some((500, Approximated)),
    };
    let outcome = part.map_or(Taken, |(_, outcome)| outcome);
    if let Some((part, _)) = part {
        put(export, "retry", "enableRandomizedWait", true);
        let part = format!("0.{part:03}");
        put(
            export,
            "retry",
            "randomizedWaitFactor",
            part.trim_end_matches('0'),
        );
    }
    export.note("retry.backoff.jitter", outcome, "`randomizedWaitFactor`.");
}

fn breaker(export: &mut Export<'_>) {
    let Some(breaker) = export.policy.breaker.clone() else {
        return;
    };
    let module = "circuitbreaker";
    if let Some(least) = breaker.min_success_rate {
        let share = (1_000_000_000 - least.as_parts().min(1_000_000_000)) / 10_000_000;
        put(export, module, "failureRateThreshold", share);
        export.note("breaker.min_success_rate", Taken, "`failureRateThreshold`.");
    }
    put(export, module, "slidingWindowType", "TIME_BASED");
    put(
        export,
        module,
        "slidingWindowSize",
        breaker.window.as_secs(),
    );
    export.note("breaker.window", Taken, "`slidingWindowSize`, in seconds.");
    put(export, module, "minimumNumberOfCalls", breaker.min_attempts);
    export.note("breaker.min_attempts", Taken, "`minimumNumberOfCalls`.");
    if let Some(slow) = breaker.slow_call {
        put(export, module, "slowCallDurationThreshold", time(slow));
        let tenths = breaker.max_slow_rate.as_parts().div_ceil(1_000_000) + 1;
        let share = format!("{}.{}", tenths / 10, tenths % 10);
        put(
            export,
            module,
            "slowCallRateThreshold",
            share.trim_end_matches(".0"),
        );
        export.note(
            "breaker.slow_call",
            Approximated,
            "`slowCallDurationThreshold`.",
        );
        export.note("breaker.max_slow_rate", Taken, "`slowCallRateThreshold`.");
    }
    put(
        export,
        module,
        "waitDurationInOpenState",
        time(breaker.open.initial),
    );
    export.note("breaker.open.initial", Taken, "`waitDurationInOpenState`.");
    half_open(export, &breaker);
    let outcome = match breaker.consecutive_failures {
        None => Taken,
        Some(_) => CannotBeSaid,
    };
    let says = "Only shares are counted there.";
    export.note("breaker.consecutive_failures", outcome, says);
    let says = "Each open time is as long as the first.";
    export.note("breaker.open.max", Approximated, says);
}

fn half_open(export: &mut Export<'_>, breaker: &Breaker) {
    let module = "circuitbreaker";
    let probes = breaker.max_probes;
    put(
        export,
        module,
        "permittedNumberOfCallsInHalfOpenState",
        probes,
    );
    for key in ["max_probes", "success_threshold"] {
        let says = "`permittedNumberOfCallsInHalfOpenState`, judged by their share of failures.";
        export.note(&format!("breaker.{key}"), Approximated, says);
    }
    if let Some(timeout) = breaker.probe_timeout {
        put(
            export,
            module,
            "maxWaitDurationInHalfOpenState",
            time(timeout),
        );
        let says = "`maxWaitDurationInHalfOpenState`, after which it opens.";
        export.note("breaker.probe_timeout", Approximated, says);
    }
}

fn limits(export: &mut Export<'_>) {
    let limit = export.policy.limit.clone();
    if let Some(most) = limit.concurrency {
        put(export, "bulkhead", "maxConcurrentCalls", most);
        export.note("limit.concurrency", Taken, "`maxConcurrentCalls`.");
    }
    if let Some(rpm) = limit.rpm {
        put(export, "ratelimiter", "limitForPeriod", rpm);
        put(export, "ratelimiter", "limitRefreshPeriod", "60s");
        let says = "`limitForPeriod`, all of them at the start of each minute.";
        export.note("limit.rpm", Approximated, says);
    }
    if let Some(queue) = export.policy.queue.clone() {
        let module = match limit.rpm {
            Some(_) => "ratelimiter",
            None => "bulkhead",
        };
        let key = match module {
            "bulkhead" => "maxWaitDuration",
            _ => "timeoutDuration",
        };
        put(export, module, key, time(queue.max_wait));
        export.note("queue.max_wait", Approximated, &format!("`{key}`."));
        export.note("limit.when_full", Taken, "A call waits for room.");
    }
    if let Some(timeout) = export.policy.timeouts.attempt {
        put(export, "timelimiter", "timeoutDuration", time(timeout));
        export.note(
            "timeouts.attempt",
            Taken,
            "`timeoutDuration` of the time limiter.",
        );
    }
}
