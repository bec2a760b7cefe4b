//! The text of a reason, in a few words.

use std::time::Duration;

use super::Failure;
use super::tell::Names;
use crate::policy::call::{FailureReason, Outcome};
use crate::policy::config::Strategy;
use crate::policy::reason::{
    Lead, Leaving, Measured, NoHedge, OpenedBy, Ranked, Reason, Refusal, Stop, Wait,
};
use crate::time::Instant;
use crate::units::Money;

/// Why a decision was made: what the call does, and why.
pub(super) fn reason(reason: &Reason, names: &Names) -> String {
    let name = |provider| names.provider(provider);
    match reason {
        Reason::Ordered {
            strategy,
            led_by,
            providers,
        } => ordered(*strategy, *led_by, providers, names),
        Reason::PassedOver { provider, why } => {
            format!("passes over {}: {}", name(*provider), refusal(why, names))
        }
        Reason::Pinned { provider } => format!("an operator pinned calls to {}", name(*provider)),
        Reason::Panic { provider, despite } => {
            let despite = refusal(despite, names);
            format!("panic: asks {} although {despite}", name(*provider))
        }
        Reason::Waits { provider, wait, .. } => self::wait(wait, name(*provider)),
        Reason::Queued { until } => {
            format!("waits for capacity, at most until {}", clock(*until))
        }
        Reason::AwaitsReturn { until } => {
            format!(
                "waits for a provider to return, at most until {}",
                clock(*until)
            )
        }
        Reason::RotatesKey { provider, to, .. } => {
            format!("goes on at {} with its key {}", name(*provider), to.0 + 1)
        }
        Reason::Leaves { provider, why } => {
            format!("leaves {}: {}", name(*provider), leaving(why, names))
        }
        Reason::Hedges { provider, silent } => {
            let silent = length(*silent);
            format!("hedges: {} has been silent for {silent}", name(*provider))
        }
        Reason::HedgesNot { why } => format!("does not hedge: {}", no_hedge(*why)),
        Reason::Stops { why } => format!("ends: {}", stop(why)),
    }
}

/// `exhausted (server_error)`.
pub(super) fn failure(failure: Failure) -> String {
    match failure {
        Failure::NoAnswer(reason) => no_answer(reason),
        Failure::WrongAnswer => "wrong_answer".to_owned(),
    }
}

/// How a call ended, as its client knows: `answered`, `exhausted (server_error)`.
pub(in crate::report) fn outcome_text(outcome: Outcome) -> String {
    match outcome {
        Outcome::Succeeded { .. } => "answered".to_owned(),
        Outcome::Failed(reason) => no_answer(reason),
    }
}

fn no_answer(reason: FailureReason) -> String {
    match reason {
        FailureReason::Stopped(class) => format!("stopped ({})", class.name()),
        FailureReason::Exhausted(class) => format!("exhausted ({})", class.name()),
        FailureReason::Interrupted(class) => format!("interrupted ({})", class.name()),
        FailureReason::Deadline => "deadline".to_owned(),
        FailureReason::Unavailable => "unavailable".to_owned(),
        FailureReason::Shed => "shed".to_owned(),
        FailureReason::Unfinished => "unfinished".to_owned(),
    }
}

fn ordered(strategy: Strategy, led_by: Lead, providers: &[Ranked], names: &Names) -> String {
    let groups = providers.iter().map(|one| one.priority_group);
    let is_level = groups.clone().min() == groups.max();
    let each = providers.iter().map(|one| {
        let mut notes = Vec::from_iter(one.measured.map(measured));
        if one.preferred.is_some() {
            notes.push("preferred by its task".to_owned());
        }
        if !is_level {
            notes.push(format!("group {}", one.priority_group));
        }
        let name = names.provider(one.provider);
        match notes.is_empty() {
            true => name.to_owned(),
            false => format!("{name} ({})", notes.join(", ")),
        }
    });
    let each = Vec::from_iter(each).join(", ");
    let why = match (led_by, strategy) {
        (Lead::Turn, _) => "whose turn it is",
        (Lead::Session, _) => "the session's own first",
        (Lead::TwoDrawn, _) => "the faster of two drawn first",
        (Lead::Rank, Strategy::Cheapest) => "the cheapest first",
        (Lead::Rank, Strategy::Quality) => "the best quality first",
        (Lead::Rank, Strategy::Balanced) => "the healthiest first",
        (Lead::Rank, Strategy::Score) => "the highest score first",
        (Lead::Rank, _) => "as the fleet lists them",
    };
    match each.is_empty() {
        true => "may ask no provider".to_owned(),
        false => format!("asks in this order, {why}: {each}"),
    }
}

fn measured(measured: Measured) -> String {
    match measured {
        Measured::Cost(nanos) => Money::from_nanos(nanos).to_string(),
        Measured::Quality(quality) => format!("quality {quality}"),
        Measured::HealthTenths(tenths) => format!("{tenths}/10 well"),
        Measured::Latency(nanos) => length(Duration::from_nanos(nanos)),
        Measured::Score(score) => format!("score {score}"),
    }
}

/// Why a provider gives no leave.
pub(super) fn refusal(why: &Refusal, names: &Names) -> String {
    match why {
        Refusal::OutsideTask => "the task's rule leaves it out".to_owned(),
        Refusal::Unsupported => "its dialect lacks what the request asks for".to_owned(),
        Refusal::ContextTooSmall { context } => format!("it takes only {context} tokens"),
        Refusal::AlreadyTried => "already tried".to_owned(),
        Refusal::InFlight => "an attempt is in flight there".to_owned(),
        Refusal::PinnedElsewhere { to } => format!("calls are pinned to {}", names.provider(*to)),
        Refusal::Isolated => "an operator took it out".to_owned(),
        Refusal::BreakerOpen { until, by } => {
            format!("breaker open until {} ({})", clock(*until), opened_by(by))
        }
        Refusal::ProbesInFlight { max_probes } => {
            format!("breaker half-open, {max_probes} of {max_probes} probes in flight")
        }
        Refusal::HealthCheckDown => "health checks fail".to_owned(),
        Refusal::Ejected { until } => format!("ejected as an outlier until {}", clock(*until)),
        Refusal::SlowStart => "slow start: it gets only a share of calls".to_owned(),
        Refusal::Throttled { probability } => format!("throttled (at {probability})"),
        Refusal::PlacesReserved { free } => {
            format!("its last free places ({free}) are kept for other tasks")
        }
        Refusal::BulkheadFull { limit } => format!("bulkhead full ({limit} in flight)"),
        Refusal::RateLimited { until } => {
            format!("the client's rate limit is used up until {}", clock(*until))
        }
        Refusal::SpendExhausted { until } => {
            format!("the spend budget is used up until {}", clock(*until))
        }
    }
}

/// What opened a breaker.
pub(super) fn opened_by(by: &OpenedBy) -> String {
    match by {
        OpenedBy::ConsecutiveFailures { failures: 1 } => "1 failure".to_owned(),
        OpenedBy::ConsecutiveFailures { failures } => format!("{failures} failures in a row"),
        OpenedBy::Failures { failures } => format!("{failures} failures in its window"),
        OpenedBy::SuccessRate { failed, attempts } => format!("{failed} of {attempts} failed"),
        OpenedBy::SlowRate { slow, attempts } => format!("{slow} of {attempts} were slow"),
        OpenedBy::FailedProbe => "a probe failed".to_owned(),
        OpenedBy::SlowProbe => "a probe was slow".to_owned(),
        OpenedBy::Hint { hint } => format!("the provider asks for {}", length(*hint)),
    }
}

fn wait(wait: &Wait, provider: &str) -> String {
    match wait {
        Wait::Backoff {
            nth,
            low,
            high,
            wait,
            ..
        } => {
            let drawn = match low == high {
                true => String::new(),
                false => format!(", drawn from {} to {}", length(*low), length(*high)),
            };
            format!(
                "waits {} for {provider}: backoff {nth}{drawn}",
                length(*wait)
            )
        }
        Wait::Hint { hint, wait } if hint == wait => {
            format!("waits {} for {provider}, as its hint asks", length(*wait))
        }
        Wait::Hint { hint, wait } => {
            let (wait, hint) = (length(*wait), length(*hint));
            format!("waits {wait} for {provider}, whose hint asks for {hint}")
        }
    }
}

fn leaving(why: &Leaving, names: &Names) -> String {
    match why {
        Leaving::Class { class, .. } => {
            format!("{} is not retried there", class.name())
        }
        Leaving::ServerForbidsRetry => "the server says not to retry".to_owned(),
        Leaving::ContextTooSmall => "the prompt does not fit".to_owned(),
        Leaving::AttemptsPerProvider { attempts } => {
            format!("its attempts are spent ({attempts})")
        }
        Leaving::RetriesByClass { class, retries } => {
            format!("retries after {} are spent ({retries})", class.name())
        }
        Leaving::HintTooLong { hint, max, left } => too_long(*hint, *max, *left),
        Leaving::DeadlineBefore { until } => {
            format!("the wait until {} would miss the deadline", clock(*until))
        }
        Leaving::RetryBudgetEmpty => "the retry budget is empty".to_owned(),
        Leaving::NoOtherKey => "no other key is left".to_owned(),
        Leaving::Refused(why) => refusal(why, names),
    }
}

fn too_long(hint: Duration, max: Duration, left: Option<Duration>) -> String {
    let bound = match left {
        Some(left) if hint <= max => format!("the call has {} left", length(left)),
        _ => format!("the maximum is {}", length(max)),
    };
    format!("it asks to wait {}, {bound}", length(hint))
}

const fn no_hedge(why: NoHedge) -> &'static str {
    match why {
        NoHedge::OthersWait => "other calls wait for capacity",
        NoHedge::BudgetEmpty => "the hedge budget is empty",
        NoHedge::NoProvider => "no other provider gives leave",
    }
}

fn stop(why: &Stop) -> String {
    match why {
        Stop::Class { class } => format!("{} is not tried again", class.name()),
        Stop::AttemptsSpent { attempts } => format!("its attempts are spent ({attempts})"),
        Stop::HintTooLong { hint, max, left } => too_long(*hint, *max, *left),
        Stop::NoProvider => "no provider is left to ask".to_owned(),
        Stop::Unsupported => "no dialect has what the request asks for".to_owned(),
        Stop::QueueFull => "no capacity, and no place in a queue".to_owned(),
        Stop::QueueTimeout => "no capacity in time".to_owned(),
        Stop::NoReturn => "no provider returned in time".to_owned(),
        Stop::Deadline => "the deadline has passed".to_owned(),
        Stop::Interrupted { class } => {
            format!("{} after a token was delivered", class.name())
        }
        Stop::Dropped => "its caller left".to_owned(),
    }
}

/// A time of the run: `16:40.250`, `1:16:40.250`.
pub(in crate::report) fn clock(at: Instant) -> String {
    let millis = at.as_nanos() / 1_000_000;
    let (seconds, millis) = (millis / 1_000, millis % 1_000);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes:02}:{seconds:02}.{millis:03}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}.{millis:03}"),
    }
}

/// A length in milliseconds: `0.300s`.
pub(in crate::report) fn length(length: Duration) -> String {
    let millis = length.as_millis();
    format!("{}.{:03}s", millis / 1_000, millis % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::ProviderId;
    use crate::policy::classify::FailureClass;

    #[test]
    fn a_reason_says_its_numbers() {
        let names = Names::new(["openai", "kimi"], ["storm"]);
        let provider = ProviderId(1);
        let second = Duration::from_secs(1);
        let until = Instant::START + Duration::from_secs(3_725);
        let by = OpenedBy::SuccessRate {
            failed: 9,
            attempts: 10,
        };
        let passed = Reason::PassedOver {
            provider,
            why: Refusal::BreakerOpen { until, by },
        };
        let waits = Reason::Waits {
            provider,
            until,
            wait: Wait::Backoff {
                nth: 2,
                base: second,
                low: Duration::ZERO,
                high: 2 * second,
                wait: second,
            },
        };
        let ends = Reason::Stops {
            why: Stop::Class {
                class: FailureClass::Auth,
            },
        };
        for (said, text) in [
            (
                passed,
                "passes over kimi: breaker open until 1:02:05.000 (9 of 10 failed)",
            ),
            (
                waits,
                "waits 1.000s for kimi: backoff 2, drawn from 0.000s to 2.000s",
            ),
            (ends, "ends: auth is not tried again"),
        ] {
            assert_eq!(reason(&said, &names), text);
        }
    }
}
