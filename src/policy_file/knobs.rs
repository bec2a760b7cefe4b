//! Every number that a policy can turn: default, range, scale and reason, in one table.
//!
//! Checks, documents and whatever searches for better policies derive from it.

use crate::text::units::{PerTime, count, duration, factor, money, rate, share, speed, tokens};
use crate::time::nanos;
use crate::units::Money;

/// A number that a policy can turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Knob {
    /// Where it stands in a policy file, dotted.
    pub path: &'static str,
    /// What it counts.
    pub kind: KnobKind,
    /// Its value where the file says nothing, as the file would say it.
    pub default: &'static str,
    /// The least and the largest value that a file may give, as it would say them.
    pub range: (&'static str, &'static str),
    /// How steps through the range are spread.
    pub scale: Scale,
    /// Why this default.
    pub reason: &'static str,
}

/// What a tunable counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnobKind {
    /// Things.
    Count,
    /// Thousandths of a factor.
    Factor,
    /// Nanoseconds; where the default is `none`, `none` is no limit.
    Time,
    /// Parts per 10^9.
    Share,
    /// Tokens.
    Tokens,
    /// Thousandths of a token per second.
    Speed,
    /// How many per second, in parts of 10^-9.
    Rate,
    /// Nano-dollars.
    Money,
}

/// How steps through a range are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences.
    Linear,
    /// Equal ratios.
    Log,
}

impl Knob {
    /// What `text` comes to: a count, thousandths, or nanoseconds; `None` for `none` and for what
    /// cannot be read.
    pub fn measure(&self, text: &str) -> Option<u64> {
        match self.kind {
            KnobKind::Count => count::parse(text).ok(),
            KnobKind::Factor => factor::parse(text).ok(),
            KnobKind::Time => duration::parse(text).ok().map(nanos),
            KnobKind::Share => share::parse(text).ok(),
            KnobKind::Tokens => tokens::parse(text).ok(),
            KnobKind::Speed => speed::parse(text).ok(),
            KnobKind::Rate => rate::parse(text).ok().map(per_second),
            KnobKind::Money => money::parse(text).ok().map(Money::as_nanos),
        }
    }

    /// Whether the range holds `value`, which is as [`Tunable::measure`] gives it.
    pub fn allows(&self, value: u64) -> bool {
        let (least, largest) = (self.measure(self.range.0), self.measure(self.range.1));
        least.is_some_and(|least| least <= value) && largest.is_some_and(|end| value <= end)
    }
}

fn per_second(rate: PerTime) -> u64 {
    let per_second = u128::from(rate.count_nano) * 1_000_000_000 / rate.per.as_nanos().max(1);
    u64::try_from(per_second).unwrap_or(u64::MAX)
}

const fn number(
    path: &'static str,
    default: &'static str,
    range: (&'static str, &'static str),
    reason: &'static str,
) -> Knob {
    Knob {
        path,
        kind: KnobKind::Count,
        default,
        range,
        scale: Scale::Linear,
        reason,
    }
}

const fn of(
    kind: KnobKind,
    path: &'static str,
    default: &'static str,
    range: (&'static str, &'static str),
    reason: &'static str,
) -> Knob {
    let scale = match kind {
        KnobKind::Time | KnobKind::Rate | KnobKind::Money | KnobKind::Speed => Scale::Log,
        _ => Scale::Linear,
    };
    Knob {
        kind,
        scale,
        ..number(path, default, range, reason)
    }
}

const fn time(
    path: &'static str,
    default: &'static str,
    range: (&'static str, &'static str),
    reason: &'static str,
) -> Knob {
    of(KnobKind::Time, path, default, range, reason)
}

const fn share_of(
    path: &'static str,
    default: &'static str,
    range: (&'static str, &'static str),
    reason: &'static str,
) -> Knob {
    of(KnobKind::Share, path, default, range, reason)
}

/// All tunables, in the order of a policy file.
#[rustfmt::skip]
pub const KNOBS: &[Knob] = &[
    number("route.score.health", "7", ("0", "1000"),
        "Seven parts of ten, as the routers that score begin with."),
    number("route.score.latency", "3", ("0", "1000"),
        "A slow answer is still an answer: it counts less than a missing one."),
    number("route.score.cost", "0", ("0", "1000"),
        "Prices differ twentyfold: whoever lets them count should mean it."),
    number("route.score.quality", "0", ("0", "1000"),
        "Only the fleet's owner knows what a model's answers are worth."),
    time("route.half_life", "10s", ("100ms", "1h"),
        "Some tens of calls of a busy client: old enough to be sure, young enough to be true."),
    share_of("route.panic_threshold", "0%", ("0%", "100%"),
        "Nothing is passed over unless asked for: a small fleet is quickly half down in earnest."),
    time("route.slow_start.window", "30s", ("1s", "1h"),
        "Caches and machines come back in tens of seconds."),
    share_of("route.slow_start.initial_share", "10%", ("0.1%", "100%"),
        "Enough calls to notice if it falls again, few enough not to be the reason."),
    number("retry.max_attempts", "3", ("1", "100"),
        "As many as the SDKs of the large providers make; each further one multiplies the \
         load of an outage."),
    number("retry.max_attempts_per_provider", "2", ("1", "100"),
        "One second chance for what passes by itself; after that another provider is the \
         better bet."),
    time("retry.backoff.base", "500ms", ("1ms", "10m"),
        "The SDKs' first wait: longer than a blip, shorter than a user's patience."),
    of(KnobKind::Factor, "retry.backoff.factor", "2", ("1", "10"),
        "Doubling halves the load of each round, and is what everybody expects."),
    time("retry.backoff.max", "8s", ("1ms", "1h"),
        "The SDKs' longest wait: beyond it, users have left."),
    share_of("retry.budget.ratio", "20%", ("0%", "100%"),
        "A fifth on top: what a provider near its limit can still bear."),
    of(KnobKind::Rate, "retry.budget.reserve", "10/s", ("1/d", "1000000/s"),
        "A client of few calls can still retry each of them."),
    time("retry.budget.window", "10s", ("1s", "1h"),
        "A burst of failures may use what ten quiet seconds have saved."),
    time("hints.max", "1m", ("1ms", "1d"),
        "Limits per minute ask for at most a minute; a longer hint means to go elsewhere."),
    share_of("hints.jitter", "0%", ("0%", "100%"),
        "The hint to the letter, unless many clients are given the same."),
    time("timeouts.connect", "none", ("1ms", "1d"),
        "No timeout unless asked for: what is too long depends on the users."),
    time("timeouts.first_token", "none", ("1ms", "1d"),
        "No timeout unless asked for: models that reason think for minutes."),
    time("timeouts.idle", "none", ("1ms", "1d"),
        "No timeout unless asked for: healthy streams have paused for 19 s."),
    time("timeouts.attempt", "none", ("1ms", "1d"),
        "No timeout unless asked for: it must outlast the longest answer."),
    time("timeouts.call", "none", ("1ms", "1d"),
        "No timeout unless asked for: callers bring their own deadline."),
    of(KnobKind::Tokens, "streams.prebuffer", "0 tok", ("0 tok", "1M tok"),
        "Tokens are handed over as they come, unless asked otherwise."),
    time("streams.prebuffer_timeout", "1s", ("1ms", "10m"),
        "A second more before the first word is what a user may not notice."),
    of(KnobKind::Speed, "streams.min_speed", "none", ("0.001 tok/s", "100000 tok/s"),
        "No stream is too slow unless asked for: what is depends on who reads it."),
    time("streams.min_speed_window", "5s", ("100ms", "10m"),
        "Shorter, and an ordinary pause looks like a slow stream."),
    number("breaker.consecutive_failures", "5", ("1", "1000"),
        "Five failures in a row are no accident at any failure rate that one would call \
         healthy."),
    share_of("breaker.min_success_rate", "none", ("0.1%", "100%"),
        "One signal unless asked for both: a rate needs traffic to mean something."),
    time("breaker.slow_call", "none", ("1ms", "1d"),
        "Nothing is slow unless asked for: models differ a hundredfold."),
    share_of("breaker.max_slow_rate", "50%", ("0.1%", "100%"),
        "When every other attempt is slow, it is not the prompts."),
    time("breaker.window", "30s", ("1s", "1h"),
        "Long enough for some tens of attempts, short beside an incident."),
    number("breaker.min_attempts", "10", ("1", "100000"),
        "Below ten attempts a share is an anecdote."),
    time("breaker.open.initial", "30s", ("1ms", "1d"),
        "Long enough to spare a provider that is drowning, short beside a typical incident."),
    of(KnobKind::Factor, "breaker.open.factor", "1", ("1", "10"),
        "Always the same time, unless asked for growth."),
    time("breaker.open.max", "5m", ("1ms", "1d"),
        "A recovery should not go unnoticed for longer."),
    number("breaker.max_probes", "1", ("1", "100"),
        "One call at a time finds out; more calls would pay for the same news."),
    number("breaker.success_threshold", "1", ("1", "100"),
        "One success shows that the provider is back; should it fall again, the breaker \
         opens again."),
    time("breaker.probe_timeout", "none", ("1ms", "1d"),
        "A probe holds its place until it ends: timeouts end it."),
    time("outlier.interval", "10s", ("1s", "1h"),
        "Often enough to matter within a user's patience."),
    number("outlier.min", "10", ("1", "100000"),
        "Below ten attempts a share is an anecdote."),
    share_of("outlier.success_rate_below_mean", "30%", ("0.1%", "100%"),
        "Providers differ by some percent on any day: thirty points are no such day."),
    of(KnobKind::Factor, "outlier.latency_factor", "none", ("1", "1000"),
        "Speed ejects nobody unless asked for: a fleet mixes fast models with slow ones."),
    time("outlier.base_ejection_time", "30s", ("1s", "1d"),
        "As long as a breaker stays open."),
    time("outlier.max_ejection_time", "5m", ("1s", "1d"),
        "A recovery should not go unnoticed for longer."),
    share_of("outlier.max_ejection_percent", "50%", ("0%", "100%"),
        "When half of the fleet looks odd, the measure is."),
    time("health_check.interval", "30s", ("100ms", "1d"),
        "Two a minute: news soon enough, and some cents a day."),
    time("health_check.timeout", "10s", ("1ms", "1h"),
        "Five tokens take no longer from anybody who is well."),
    number("health_check.max_tokens", "5", ("1", "100000"),
        "One word shows that the whole path works."),
    number("health_check.unhealthy_threshold", "2", ("1", "1000"),
        "One lost check is bad luck."),
    number("health_check.healthy_threshold", "1", ("1", "1000"),
        "One answer shows that the provider is back."),
    share_of("hedge.budget", "5%", ("0%", "100%"),
        "After p95 every twentieth call asks for one: no more can be honest."),
    number("hedge.min_samples", "20", ("1", "100000"),
        "A p95 of fewer attempts is their maximum."),
    number("hedge.max_hedges", "1", ("1", "10"),
        "The second asks for the slow one's news; a third pays for it twice."),
    number("limit.rpm", "none", ("1", "1000000000"),
        "The provider's own limit holds unless a lower one is asked for."),
    number("limit.tpm", "none", ("1", "1000000000000"),
        "The provider's own limit holds unless a lower one is asked for."),
    number("limit.concurrency", "none", ("1", "1000000"),
        "No bulkhead unless asked for: what is too many depends on the tier."),
    number("limit.adaptive.min", "3", ("1", "1000000"),
        "Fewer than three find nothing out any more."),
    number("limit.adaptive.start", "20", ("1", "1000000"),
        "A small tier's concurrency; growth finds the rest within a minute."),
    share_of("limit.adaptive.decrease", "90%", ("10%", "99%"),
        "A tenth less each time gives way without giving up."),
    of(KnobKind::Factor, "limit.adaptive.latency_factor", "2", ("1", "100"),
        "Twice as long as at best is a queue, not a long prompt."),
    of(KnobKind::Factor, "throttle.k", "2", ("1", "100"),
        "Twice what was accepted lets a recovery be seen within seconds."),
    time("throttle.window", "2m", ("1s", "1h"),
        "What the literature found to react in time and not to flutter."),
    share_of("throttle.max_reject_probability", "90%", ("0%", "100%"),
        "One in ten still finds out: it cannot fail closed."),
    number("queue.max_calls", "100", ("1", "1000000"),
        "A queue longer than what can be served in time serves nobody."),
    time("queue.max_wait", "5s", ("1ms", "1h"),
        "Beyond it, users have left."),
    of(KnobKind::Money, "spend.max", "10 USD", ("0.000001 USD", "1000000000 USD"),
        "A day of it is no disaster on anybody's card."),
    time("spend.per", "1h", ("1s", "31d"),
        "Long enough to average, short enough to stop a leak the same day."),
];
