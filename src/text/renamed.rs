//! Names of keys in policy and scenario files of earlier versions, with their new names.
//!
//! Every error about an unknown key, fault or measure uses this table before it looks for a similar
//! name.

/// The old name, with the section that it stands in, and the new one, with the section that it has
/// moved to. In the order of the files.
const RENAMED: &[(&str, &str)] = &[
    // Keys of a policy.
    ("route.panic_below", "panic_threshold"),
    ("route.slow_start.within", "window"),
    ("route.slow_start.from", "initial_share"),
    ("retry.attempts", "max_attempts"),
    ("retry.per_provider", "max_attempts_per_provider"),
    ("retry.per_class", "max_retries_by_class"),
    ("retry.backoff.cap", "max"),
    ("hints.cap", "max"),
    ("hints.beyond", "above_max"),
    ("hints.spread", "jitter"),
    ("streams.opening", "prebuffer"),
    ("streams.opening_within", "prebuffer_timeout"),
    ("streams.speed_over", "min_speed_window"),
    ("breaker.open.first", "initial"),
    ("breaker.open.cap", "max"),
    ("breaker.consecutive", "consecutive_failures"),
    ("breaker.success_below", "min_success_rate"),
    ("breaker.min", "min_attempts"),
    ("breaker.slow", "slow_call"),
    ("breaker.slow_above", "max_slow_rate"),
    ("breaker.close_after", "success_threshold"),
    ("breaker.probes", "max_probes"),
    ("breaker.lease", "probe_timeout"),
    ("outlier.success_below", "success_rate_below_mean"),
    ("outlier.slower", "latency_factor"),
    ("outlier.eject", "base_ejection_time"),
    ("outlier.cap", "max_ejection_time"),
    ("outlier.max_ejected", "max_ejection_percent"),
    ("health_check.every", "interval"),
    ("health_check.whom", "targets"),
    ("health_check.fall", "unhealthy_threshold"),
    ("health_check.rise", "healthy_threshold"),
    ("hedge.after", "delay"),
    ("hedge.most", "max_hedges"),
    ("hedge.min", "min_samples"),
    ("limit.full", "when_full"),
    ("limit.adaptive.backoff", "decrease"),
    ("limit.adaptive.slow", "latency_factor"),
    ("throttle.max", "max_reject_probability"),
    ("queue.most", "max_calls"),
    ("queue.wait", "max_wait"),
    ("spend.most", "max"),
    ("tiers", "overrides.by_position"),
    ("by_name", "overrides.by_name"),
    ("overrides.by_name.NAME.tier", "priority_group"),
    // Keys of a scenario.
    ("load.reclick", "user_retry"),
    ("faults.NAME.left", "remaining"),
    // Faults.
    ("freeze", "client_pause"),
    ("mute", "accept_only"),
    ("lost_cache", "cache_miss"),
    ("stale", "stale_keep_alive"),
    // Measures.
    ("hammering", "load_during"),
    ("herd", "thundering_herd"),
    ("wasted", "wasted_cost"),
    ("hints_broken", "hints_violated"),
    ("hints_broken.client", "hints_violated.client"),
];

/// The new name of `found`, if it is an old name of one that is `known` here.
///
/// `known` tells the sections apart: `cap` became `max` in one and `max_ejection_time` in another.
pub(super) fn new_name(found: &str, known: &[&str]) -> Option<&'static str> {
    let is_old = |old: &str| {
        let section = old.strip_suffix(found);
        section.is_some_and(|section| section.is_empty() || section.ends_with('.'))
    };
    let is_known = |new: &str| {
        let section = new.split_once('.').map(|(section, _)| section);
        known.contains(&new) || section.is_some_and(|section| known.contains(&section))
    };
    let fits = |(old, new): &&(&str, &str)| is_old(old) && is_known(new);
    RENAMED.iter().find(fits).map(|(_, new)| *new)
}
