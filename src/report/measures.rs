//! Every measure, defined once: name, unit, meaning, function. Expectations, reports and documents
//! derive from this table.
//!
//! A measure is a function of a `Scope`, so that each has a value over a whole run and over the
//! calls that arrived during a fault, or after it. Counts and money are per run, the mean over the
//! seeds, so that a bound does not depend on the number of seeds; maxima and ratios are over the
//! calls of all runs. Some are about one provider or one fault, named in parentheses; of those, the
//! ones about a fault, or about recovery from one, are the same in every scope. Without calls only
//! `calls` is defined. `verdict` compares measures with expectations.
//!
//! `measure` is their type, `view` what they are computed from, `functions` those that are more
//! than a counter, `lists` the values of many.

mod functions;
mod lists;
mod measure;
mod view;

use super::cost;
use super::ratio::Ratio;
use super::unit::Unit;
use crate::policy::classify::FailureClass;
use functions::{
    attempt_share, attempt_success_rate, check_uptime, comeback, cost_of, cost_per_success,
    detection, failed_attempts, failover, goodput, load_during, peak_attempts, sum_of,
    thundering_herd, tokens, tokens_per_minute, uptime, usd, wasted_of, wasted_share,
};
use measure::{
    about_alert, about_fault, about_provider, about_reason, always, failures, longest, measure,
    quiet, quiet_share_of_calls, share_of_calls, time,
};

pub(crate) use lists::{exact, named_each, of_part, of_provider, reasons, unended, worth_saying};
pub use measure::{Better, Measure};
pub use view::{Argument, View};

/// The measure of this name.
pub fn find(name: &str) -> Option<&'static Measure> {
    MEASURES.iter().find(|measure| measure.name == name)
}

/// Declares each measure as a constant and lists all of them, in the order of documents. Code uses
/// the constants, so that a mistyped name does not compile; expectations look a name up. A row of
/// `times` declares six: the mean, four quantiles and the maximum of a histogram of times.
macro_rules! measures {
    (@each $($id:ident = $rule:ident($name:expr, $($rest:tt)*)$(.$mark:ident())*;)*) => {
        $(
            #[doc = concat!("The measure `", $name, "`.")]
            pub const $id: Measure = $rule($name, $($rest)*)$(.$mark())*;
        )*
    };
    (
        $($before:ident = $rule:ident $row:tt $(.$mark:ident())*;)*
        $(
            [$mean:ident, $p50:ident, $p90:ident, $p95:ident, $p99:ident, $max:ident $(,)?] =
                times($times:literal, $field:ident, $bound:literal, $text:literal $(,)?);
        )+
        $($after:ident = $later_rule:ident $later_row:tt $(.$later_mark:ident())*;)*
    ) => {
        measures! { @each
            $($before = $rule $row $(.$mark())*;)*
            $(
                $mean = time(concat!($times, ".mean"), $bound, $text, |view| {
                    view.scope.$field.mean()
                });
                $p50 = time(concat!($times, ".p50"), $bound, $text, |view| {
                    view.scope.$field.quantile(50)
                });
                $p90 = time(concat!($times, ".p90"), $bound, $text, |view| {
                    view.scope.$field.quantile(90)
                });
                $p95 = time(concat!($times, ".p95"), $bound, $text, |view| {
                    view.scope.$field.quantile(95)
                });
                $p99 = time(concat!($times, ".p99"), $bound, $text, |view| {
                    view.scope.$field.quantile(99)
                });
                $max = time(concat!($times, ".max"), $bound, $text, |view| {
                    view.scope.$field.max()
                }).most();
            )+
            $($after = $later_rule $later_row $(.$later_mark())*;)*
        }

        /// All measures, in the order in which documents list them.
        pub const MEASURES: &[Measure] = &[
            $($before,)*
            $($mean, $p50, $p90, $p95, $p99, $max,)+
            $($after),*
        ];
    };
}

measures! {
    CALLS = always("calls", Unit::CountPerRun, ">= 1000", "Calls that arrived, per run.", |view| {
        Some(Ratio::whole(view.scope.calls))
    }).no_value_is_better();
    SUCCEEDED = measure(
        "succeeded",
        Unit::CountPerRun,
        ">= 990",
        "Calls that got a whole answer, per run.",
        |view| Some(Ratio::whole(view.scope.succeeded)),
    ).more_is_better();
    SUCCESS_RATE = share_of_calls(
        "success_rate",
        ">= 99%",
        "Share of calls that got a whole answer.",
        |scope| scope.succeeded,
    ).more_is_better();
    GOODPUT = measure(
        "goodput",
        Unit::PerSecond,
        ">= 4.5/s",
        "Calls that got a whole answer, for each second in which calls arrived.",
        goodput,
    ).more_is_better();
    UPTIME = measure(
        "uptime",
        Unit::Ratio,
        ">= 99%",
        "Share of time windows that were up.",
        uptime,
    ).more_is_better();
    OUTAGES = measure(
        "outages",
        Unit::CountPerRun,
        "<= 1",
        "Maximal runs of windows that were down, per run.",
        |view| Some(Ratio::whole(view.scope.uptime.outages)),
    );
    OUTAGE_LONGEST = measure(
        "outage_longest",
        Unit::Ms,
        "<= 30s",
        "Length of the longest outage.",
        |view| view.windows_in_ms(view.scope.uptime.longest, 1),
    ).most();
    OUTAGE_MEAN = measure(
        "outage_mean",
        Unit::Ms,
        "<= 30s",
        "Mean length of an outage.",
        |view| view.windows_in_ms(view.scope.uptime.down, view.scope.uptime.outages),
    );
    [LATENCY_MEAN, LATENCY_P50, LATENCY_P90, LATENCY_P95, LATENCY_P99, LATENCY_MAX] = times(
        "latency",
        latency,
        "<= 2.5s",
        "From the arrival to the last byte, of calls that succeeded.",
    );
    [
        LATENCY_FAILED_MEAN, LATENCY_FAILED_P50, LATENCY_FAILED_P90,
        LATENCY_FAILED_P95, LATENCY_FAILED_P99, LATENCY_FAILED_MAX,
    ] = times(
        "latency_failed",
        latency_failed,
        "<= 30s",
        "From the arrival to the error (or the wrong answer), of calls that failed; calls that \
         never ended are left out.",
    );
    [TTFT_MEAN, TTFT_P50, TTFT_P90, TTFT_P95, TTFT_P99, TTFT_MAX] = times(
        "ttft",
        ttft,
        "<= 800ms",
        "From the arrival to the first token, of streamed calls that succeeded.",
    );
    ATTEMPTS = measure("attempts", Unit::CountPerRun, "<= 1100", "Attempts, per run.", |view| {
        Some(Ratio::whole(view.scope.attempts()))
    }).by_attempts();
    ANSWERED = measure(
        "answered",
        Unit::CountPerRun,
        ">= 990",
        "Attempts that brought a whole answer, per run.",
        |view| sum_of(view, |tally| tally.answered),
    ).more_is_better().by_attempts();
    ATTEMPT_SUCCESS_RATE = measure(
        "attempt_success_rate",
        Unit::Ratio,
        ">= 95%",
        "Share of attempts that brought a whole answer.",
        attempt_success_rate,
    ).more_is_better().by_attempts();
    ATTEMPT_SHARE = about_provider(
        "attempt_share",
        Unit::Ratio,
        "<= 40%",
        "Share of all attempts that were made at the provider.",
        attempt_share,
    ).no_value_is_better();
    ATTEMPTS_PER_CALL = measure(
        "attempts_per_call",
        Unit::Number,
        "<= 1.1",
        "Attempts made for a call, on average.",
        |view| Ratio::share(view.scope.attempts(), view.scope.calls),
    );
    FALLBACK_RATE = share_of_calls(
        "fallback_rate",
        "<= 10%",
        "Share of calls with a fallback.",
        |scope| scope.fell_back,
    ).no_value_is_better();
    HEDGE_RATE = quiet(
        "hedge_rate",
        Unit::Ratio,
        "<= 5%",
        "Hedges, relative to calls.",
        |view| Ratio::share(view.scope.hedges, view.scope.calls),
    ).no_value_is_better();
    SHED_RATE = quiet_share_of_calls(
        "shed_rate",
        "<= 1%",
        "Share of calls that the client held back, since there was no room.",
        |scope| scope.endings.shed,
    );
    UNFINISHED = measure(
        "unfinished",
        Unit::CountPerRun,
        "<= 0",
        "Calls that never ended, per run.",
        |view| Some(Ratio::whole(view.scope.endings.unfinished)),
    );
    FAILED_CALLS = about_reason(
        "failed_calls",
        "<= 10",
        "Calls that failed for this reason, per run: `exhausted`, `deadline`, `stopped`, \
         `unavailable`, `interrupted`, `shed`, `unfinished` or `wrong_answer`.",
    );
    ATTEMPTS_MAX = measure(
        "attempts_max",
        Unit::Count,
        "<= 3",
        "The most attempts made for one call.",
        |view| Some(Ratio::whole(view.scope.conduct.attempts_max)),
    ).most();
    TRUNCATED_SUCCESSES = measure(
        "truncated_successes",
        Unit::CountPerRun,
        "<= 0",
        "Calls whose client took for an answer what the provider had not written whole, per run: \
         they count as failed, for the reason `wrong_answer`.",
        |view| Some(Ratio::whole(view.scope.endings.wrong_answer)),
    );
    USELESS_RETRIES = measure(
        "useless_retries",
        Unit::CountPerRun,
        "<= 0",
        "Attempts at a provider that had failed the call in a way that no retry mends, per run.",
        |view| Some(Ratio::whole(view.scope.conduct.useless_retries)),
    );
    HINTS_VIOLATED = measure(
        "hints_violated",
        Unit::CountPerRun,
        "<= 0",
        "Attempts before the wait was over that the provider had asked of the same call, per run.",
        |view| Some(Ratio::whole(view.scope.conduct.hints_violated)),
    );
    HINTS_VIOLATED_CLIENT = measure(
        "hints_violated.client",
        Unit::CountPerRun,
        "<= 0",
        "Attempts before the wait was over that the provider had asked of the same client, per \
         run.",
        |view| Some(Ratio::whole(view.scope.conduct.hints_violated_by_client)),
    );
    PROBES_AT_ONCE = measure(
        "probes_at_once",
        Unit::Count,
        "<= 1",
        "The most probes that one client had in flight at one provider.",
        |view| Some(Ratio::whole(view.scope.conduct.probes_at_once)),
    ).most();
    PEAK_ATTEMPTS = about_provider(
        "peak_attempts",
        Unit::Count,
        "<= 50",
        "The most attempts at the provider that began within one second of the run.",
        peak_attempts,
    ).most().by_providers();
    RECOVERY_TIME = longest(
        "recovery_time",
        "<= 30s",
        "From a fault's end until the provider gave half of its former answers for each call \
         again, over at least 20 calls; the longest.",
        Argument::Provider,
        comeback,
    );
    FAILOVER_TIME = longest(
        "failover_time",
        "<= 30s",
        "From the fault's start to the first window that was up after one that was down; the \
         longest.",
        Argument::Fault,
        failover,
    );
    TIME_TO_DETECT = longest(
        "time_to_detect",
        "<= 2m",
        "From the start of a fault that the alert is meant to detect until it fired; the longest.",
        Argument::Alert,
        detection,
    );
    ALERTS = about_alert("alerts", "<= 3", "How often the alert fired, per run.", |tally| {
        tally.fired
    }).no_value_is_better();
    FALSE_ALARMS = about_alert(
        "false_alarms",
        "<= 0",
        "How often the alert fired while no fault that it is meant to detect was active, nor had \
         been within its window, per run.",
        |tally| tally.false_alarms,
    );
    MISSED_FAULTS = about_alert(
        "missed_faults",
        "<= 0",
        "Windows of faults that the alert is meant to detect, during which it did not begin to \
         fire, per run.",
        |tally| tally.missed,
    );
    LOAD_DURING = about_fault(
        "load_during",
        "<= 1.5",
        "Attempts per second at the fault's targets while it was at work, relative to before.",
        load_during,
    );
    THUNDERING_HERD = about_fault(
        "thundering_herd",
        "<= 2",
        "The most attempts at the fault's targets within a second of the ten after its end, \
         relative to before; not told when they had less than one attempt a second before.",
        thundering_herd,
    );
    FAILURES = measure(
        "failures",
        Unit::CountPerRun,
        "<= 50",
        "Attempts that failed, per run.",
        failed_attempts,
    ).by_attempts();
    FAILURES_RATE_LIMITED = failures("failures.rate_limited", FailureClass::RateLimited);
    FAILURES_QUOTA = failures("failures.quota", FailureClass::Quota);
    FAILURES_OVERLOADED = failures("failures.overloaded", FailureClass::Overloaded);
    FAILURES_SERVER_ERROR = failures("failures.server_error", FailureClass::ServerError);
    FAILURES_CONNECT = failures("failures.connect", FailureClass::Connect);
    FAILURES_TIMEOUT_CONNECT = failures("failures.timeout_connect", FailureClass::TimeoutConnect);
    FAILURES_TIMEOUT_FIRST_TOKEN =
        failures("failures.timeout_first_token", FailureClass::TimeoutFirstToken);
    FAILURES_TIMEOUT_IDLE = failures("failures.timeout_idle", FailureClass::TimeoutIdle);
    FAILURES_TIMEOUT_ATTEMPT = failures("failures.timeout_attempt", FailureClass::TimeoutAttempt);
    FAILURES_RESET = failures("failures.reset", FailureClass::Reset);
    FAILURES_TRUNCATED = failures("failures.truncated", FailureClass::Truncated);
    FAILURES_MALFORMED = failures("failures.malformed", FailureClass::Malformed);
    FAILURES_AUTH = failures("failures.auth", FailureClass::Auth);
    FAILURES_FORBIDDEN = failures("failures.forbidden", FailureClass::Forbidden);
    FAILURES_MODEL_GONE = failures("failures.model_gone", FailureClass::ModelGone);
    FAILURES_BAD_REQUEST = failures("failures.bad_request", FailureClass::BadRequest);
    FAILURES_REJECTED = failures("failures.rejected", FailureClass::Rejected);
    FAILURES_CONTEXT_TOO_LONG = failures("failures.context_too_long", FailureClass::ContextTooLong);
    FAILURES_CONTENT_FILTER = failures("failures.content_filter", FailureClass::ContentFilter);
    BREAKER_OPENED = measure(
        "breaker.opened",
        Unit::CountPerRun,
        "<= 5",
        "Breakers that opened, per run.",
        |view| Some(Ratio::whole(view.scope.transitions().opened)),
    ).no_value_is_better().by_providers();
    BREAKER_HALF_OPENED = measure(
        "breaker.half_opened",
        Unit::CountPerRun,
        "<= 10",
        "Breakers that began to probe, per run.",
        |view| Some(Ratio::whole(view.scope.transitions().half_opened)),
    ).no_value_is_better().by_providers();
    BREAKER_CLOSED = measure(
        "breaker.closed",
        Unit::CountPerRun,
        "<= 5",
        "Breakers that closed, per run.",
        |view| Some(Ratio::whole(view.scope.transitions().closed)),
    ).no_value_is_better().by_providers();
    EJECTIONS = quiet(
        "ejections",
        Unit::CountPerRun,
        "<= 2",
        "Providers that were left out because their peers did better, per run.",
        |view| sum_of(view, |tally| tally.ejections),
    ).no_value_is_better().by_providers();
    CHECKS = quiet(
        "checks",
        Unit::CountPerRun,
        "<= 500",
        "Health checks that ended, per run.",
        |view| sum_of(view, |tally| tally.checks),
    ).no_value_is_better().by_providers();
    CHECK_UPTIME = about_provider(
        "check_uptime",
        Unit::Ratio,
        ">= 99%",
        "Share of the health checks of the provider that passed: the uptime that a monitor shows, \
         whatever users see.",
        check_uptime,
    ).more_is_better().by_providers();
    COST = measure(
        "cost",
        Unit::UsdPerRun,
        "<= 5 USD",
        "All that providers billed, per run.",
        |view| Some(usd(cost_of(view))),
    ).by_attempts();
    WASTED = measure(
        "wasted_cost",
        Unit::UsdPerRun,
        "<= 0.20 USD",
        "Billed and not delivered, per run.",
        |view| Some(usd(wasted_of(view))),
    ).by_attempts();
    WASTED_SHARE = measure(
        "wasted_share",
        Unit::Ratio,
        "<= 5%",
        "Share of the cost that was wasted.",
        wasted_share,
    ).by_attempts();
    CHECK_COST = quiet(
        "check_cost",
        Unit::UsdPerRun,
        "<= 0.05 USD",
        "Billed for health checks, per run; a part of `wasted_cost`: no call asked for it.",
        |view| Some(usd(cost::checked(view.scope, view.prices))),
    ).by_providers();
    TOKENS = measure(
        "tokens",
        Unit::TokensPerRun,
        "<= 50M tok",
        "Tokens that providers billed, prompts and answers, per run; at one and a half times the \
         usual price a token counts as one and a half.",
        |view| Some(tokens(view)),
    ).by_attempts();
    TOKENS_PER_MINUTE = measure(
        "tokens_per_minute",
        Unit::Tokens,
        "<= 50k tok",
        "Tokens that providers billed, for each minute in which calls arrived: the mean, not the \
         highest.",
        tokens_per_minute,
    ).by_attempts();
    COST_PER_SUCCESS = measure(
        "cost_per_success",
        Unit::Usd,
        "<= 0.004 USD",
        "Cost for each call that succeeded.",
        cost_per_success,
    );
}

#[cfg(test)]
mod tests {
    use super::measure::Rule;
    use super::*;
    use crate::report::run_stats::RunStats;

    #[test]
    fn names_are_unique() {
        for measure in MEASURES {
            let same = MEASURES.iter().filter(|other| other.name == measure.name);
            assert_eq!(same.count(), 1, "{}", measure.name);
        }
    }

    #[test]
    fn classes_are_named_as_policy_files_name_them() {
        let mut classes = 0;
        for measure in MEASURES {
            let Rule::Failures(class) = measure.rule else {
                continue;
            };
            classes += 1;
            let named = serde_json::to_value(class).unwrap();
            assert_eq!(named.as_str(), Some(class.name()));
            assert_eq!(measure.name, format!("failures.{}", class.name()));
        }
        assert_eq!(classes, FailureClass::ALL.len());
    }

    #[test]
    fn without_calls_only_their_number_is_defined() {
        let state = RunStats::default();
        let view = View::all(&state, &[]);
        for measure in MEASURES {
            let value = measure.of(&view);
            let expected = (measure.name == "calls").then(|| Ratio::whole(0));
            assert_eq!(value, expected, "{}", measure.name);
            assert_eq!(measure.of_one(&view, 0), None, "{}", measure.name);
        }
    }
}
