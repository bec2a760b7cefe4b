//! A cluster: its hosts, outlier detection, circuit breakers and health checks.

use std::time::Duration;

use super::noted;
use crate::foreign::draft::Draft;
use crate::foreign::note::Outcome::{Approximated, CannotBeSaid, NotUsed, Taken};
use crate::foreign::sheet::{Sheet, Spot};
use crate::text::{Diagnostic, secrets};

/// Reads the hosts, as providers; how many there are.
pub(super) fn hosts(
    sheet: &mut Sheet,
    draft: &mut Draft,
    cluster: &Spot,
) -> Result<usize, Diagnostic> {
    let mut count = 0;
    let is_tls = sheet.has(&cluster.to("transport_socket"));
    let name = cluster.to("name");
    if sheet.has(&name) {
        sheet.note(&name, Taken, "The fleet.");
    }
    for group in sheet.entries(&cluster.to("load_assignment").to("endpoints")) {
        let priority = group.to("priority");
        let rank = sheet.count(&priority)?;
        if rank.is_some() {
            let says = "The priority group of these hosts. Envoy asks a later priority as hosts \
                        of the one before are ejected; here also a call that has tried all of \
                        them.";
            sheet.note(&priority, Approximated, says);
        }
        for host in sheet.entries(&group.to("lb_endpoints")) {
            let place = host.to("endpoint").to("address").to("socket_address");
            let address = sheet.text(&place.to("address"))?.unwrap_or_default();
            let port = sheet.count(&place.to("port_value"))?.unwrap_or(443);
            let fits = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
            let is_host = !address.is_empty() && address.chars().all(fits);
            if !is_host || secrets::are_in(&address) {
                return Err(sheet.wrong(&place, "this is not a host", "write its `address`"));
            }
            let scheme = if is_tls { "https" } else { "http" };
            let url = match (is_tls, port) {
                (true, 443) => format!("https://{address}"),
                _ => format!("{scheme}://{address}:{port}"),
            };
            let own = draft.stand_in(&address, Some(url));
            let says = format!(
                "The provider `{own}`. Envoy does not know its model, dialect and key: write them."
            );
            sheet.note(&place, Approximated, says);
            if let Some(rank) = rank.filter(|rank| *rank > 0) {
                draft.own_count(&own, "priority_group", rank);
            }
            let weight = host.to("load_balancing_weight");
            if let Some(share) = sheet.count(&weight)? {
                draft.own_count(&own, "weight", share.min(1_000_000));
                draft.word("route.strategy", "weighted");
                sheet.note(&weight, Taken, "Its share of the requests.");
            }
            count += 1;
        }
    }
    Ok(count)
}

/// Reads the settings.
pub(super) fn read(sheet: &mut Sheet, draft: &mut Draft, at: &Spot) -> Result<(), Diagnostic> {
    balance(sheet, draft, at)?;
    let connect = at.to("connect_timeout");
    let written = sheet.time(&connect, "s")?;
    draft.time(
        "timeouts.connect",
        written.unwrap_or(Duration::from_secs(5)),
    );
    match written.is_some() {
        true => sheet.note(&connect, Taken, "The timeout of a connection."),
        false => sheet.default("connect_timeout", Taken, "5 s for a connection."),
    }
    outliers(sheet, draft, &at.to("outlier_detection"))?;
    let lists = at.to("circuit_breakers").to("thresholds");
    for entry in sheet.entries(&lists) {
        let priority = entry.to("priority");
        let is_default = sheet.word(&priority)?.is_none_or(|word| word == "default");
        if !is_default {
            sheet.note(&entry, NotUsed, "Requests have the default priority.");
            continue;
        }
        if sheet.has(&priority) {
            sheet.note(&priority, Taken, "The priority of all requests.");
        }
        thresholds(sheet, draft, &entry)?;
    }
    for entry in sheet.entries(&at.to("health_checks")) {
        health(sheet, draft, &entry)?;
    }
    Ok(())
}

fn balance(sheet: &mut Sheet, draft: &mut Draft, at: &Spot) -> Result<(), Diagnostic> {
    let spot = at.to("lb_policy");
    let word = sheet
        .word(&spot)?
        .unwrap_or_else(|| "round_robin".to_owned());
    let (ours, is_exact, says) = match word.as_str() {
        "round_robin" => ("round_robin", true, "In turns."),
        "least_request" => {
            let says = "The fewer requests of two drawn; here latency times requests in flight.";
            ("least_latency", false, says)
        }
        "random" => ("round_robin", false, "Drawn at random; here in turns."),
        "ring_hash" | "maglev" => ("round_robin", false, "By a hash; here sessions stay."),
        _ => {
            let hint = "known: ROUND_ROBIN, LEAST_REQUEST, RANDOM, RING_HASH, MAGLEV";
            return Err(sheet.wrong(&spot, "this balancer is not known", hint));
        }
    };
    if !draft.has("route.strategy") {
        draft.word("route.strategy", ours);
    }
    if word == "ring_hash" || word == "maglev" {
        draft.word("route.affinity", "session");
    }
    if sheet.has(&spot) {
        noted(sheet, &spot, is_exact, says);
    }
    let common = at.to("common_lb_config");
    let panic = common.to("healthy_panic_threshold").to("value");
    let written = sheet.percent(&panic)?;
    draft.number("route.panic_threshold", written.unwrap_or(500_000_000));
    match written.is_some() {
        true => sheet.note(
            &panic,
            Taken,
            "Below this share of hosts, ejections are ignored.",
        ),
        false => sheet.default("healthy_panic_threshold", Taken, "50 % of the hosts."),
    }
    for config in ["round_robin_lb_config", "least_request_lb_config"] {
        let window = at
            .to(config)
            .to("slow_start_config")
            .to("slow_start_window");
        if let Some(time) = sheet.time(&window, "s")? {
            let is_exact = draft.time("route.slow_start.window", time);
            noted(
                sheet,
                &window,
                is_exact,
                "After this long a host has its full share.",
            );
        }
    }
    Ok(())
}

fn outliers(sheet: &mut Sheet, draft: &mut Draft, at: &Spot) -> Result<(), Diagnostic> {
    if !sheet.has(at) {
        draft.none("breaker");
        sheet.default("outlier_detection", Taken, "No host is ejected without it.");
        return Ok(());
    }
    let row = at.to("consecutive_5xx");
    let enforced = at.to("enforcing_consecutive_5xx");
    let is_off = sheet.count(&enforced)? == Some(0);
    let failures = sheet.count(&row)?;
    match is_off {
        true => draft.none("breaker.consecutive_failures"),
        false => _ = draft.number("breaker.consecutive_failures", failures.unwrap_or(5)),
    }
    if sheet.has(&row) {
        let says = "A host is ejected after this many failures in a row.";
        noted(sheet, &row, !is_off, says);
    }
    if sheet.has(&enforced) {
        let share = sheet.count(&enforced)?.unwrap_or(100);
        let says = "The chance that an ejection is carried out: here all or none.";
        noted(sheet, &enforced, share == 0 || share == 100, says);
    }
    draft.quirk("breaker_closes_by_time");
    let says = "An ejection ends by time, for all requests at once: a quirk.";
    sheet.default("ejections", Taken, says);
    ejection(sheet, draft, at)?;
    success_rate(sheet, draft, at)?;
    for key in sheet.keys(at) {
        if REST.contains(&key.as_str()) {
            let says = "The breaker counts all failures alike, and knows no such signal.";
            sheet.note(&at.to(&key), CannotBeSaid, says);
        }
    }
    Ok(())
}

/// How long a host is ejected.
fn ejection(sheet: &mut Sheet, draft: &mut Draft, at: &Spot) -> Result<(), Diagnostic> {
    let base = at.to("base_ejection_time");
    let time = sheet.time(&base, "s")?.unwrap_or(Duration::from_secs(30));
    let max = at.to("max_ejection_time");
    let longest = sheet
        .time(&max, "s")?
        .unwrap_or(Duration::from_secs(300))
        .max(time);
    draft.time("breaker.open.initial", time);
    draft.number("breaker.open.factor", 2_000);
    draft.time("breaker.open.max", longest);
    draft.time("outlier.base_ejection_time", time);
    draft.time("outlier.max_ejection_time", longest);
    if sheet.has(&base) {
        let says =
            "Envoy multiplies it by the number of ejections; a breaker doubles it each time.";
        sheet.note(&base, Approximated, says);
    }
    if sheet.has(&max) {
        sheet.note(&max, Taken, "No ejection is longer.");
    }
    let share = at.to("max_ejection_percent");
    let written = sheet.percent(&share)?;
    draft.number(
        "outlier.max_ejection_percent",
        written.unwrap_or(100_000_000),
    );
    if written.is_some() {
        let says = "It holds for outliers; breakers may be open at all hosts.";
        sheet.note(&share, Approximated, says);
    }
    let interval = at.to("interval");
    let written = sheet.time(&interval, "s")?;
    let is_exact = draft.time(
        "outlier.interval",
        written.unwrap_or(Duration::from_secs(10)),
    );
    if written.is_some() {
        noted(sheet, &interval, is_exact, "How often hosts are compared.");
    }
    Ok(())
}

/// Ejection by success rate.
fn success_rate(sheet: &mut Sheet, draft: &mut Draft, at: &Spot) -> Result<(), Diagnostic> {
    let enforced = at.to("enforcing_success_rate");
    if sheet.count(&enforced)? == Some(0) {
        draft.none("outlier");
        sheet.note(&enforced, Taken, "Hosts are not compared.");
        return Ok(());
    }
    if sheet.has(&enforced) {
        let says = "The chance that an ejection is carried out: here all or none.";
        sheet.note(&enforced, Approximated, says);
    }
    let volume = at.to("success_rate_request_volume");
    let least = sheet.count(&volume)?;
    let is_exact = draft.number("outlier.min", least.unwrap_or(100));
    if least.is_some() {
        let says = "Hosts with fewer requests in an interval are not compared.";
        noted(sheet, &volume, is_exact, says);
    }
    let says = "A mean less a number of standard deviations; here 30 points below the mean.";
    let factor = at.to("success_rate_stdev_factor");
    match sheet.has(&factor) {
        true => sheet.note(&factor, Approximated, says),
        false => sheet.default("success_rate_stdev_factor", Approximated, says),
    }
    Ok(())
}

fn thresholds(sheet: &mut Sheet, draft: &mut Draft, at: &Spot) -> Result<(), Diagnostic> {
    let requests = at.to("max_requests");
    if let Some(most) = sheet.count(&requests)? {
        draft.number("limit.concurrency", most.max(1));
        let says = "Requests in flight; in Envoy at all hosts together, here at each.";
        sheet.note(&requests, Approximated, says);
    }
    let budget = at.to("retry_budget");
    if sheet.has(&budget) {
        let share = budget.to("budget_percent").to("value");
        let ratio = sheet.percent(&share)?.unwrap_or(200_000_000);
        let least = budget.to("min_retry_concurrency");
        let reserve = sheet.count(&least)?.unwrap_or(3);
        draft.number("retry.budget.ratio", ratio);
        draft.number(
            "retry.budget.reserve",
            reserve.max(1).saturating_mul(1_000_000_000),
        );
        draft.time("retry.budget.window", Duration::from_secs(1));
        let says = "Of active requests in Envoy, of first attempts here; another provider is free.";
        for spot in [share, least] {
            if sheet.has(&spot) {
                sheet.note(&spot, Approximated, says);
            }
        }
    }
    for (key, says) in [
        (
            "max_connections",
            "A client opens as many connections as it has requests.",
        ),
        (
            "max_pending_requests",
            "See `queue`: Envoy's pending requests wait for connections.",
        ),
        (
            "max_retries",
            "Retries in flight have no limit of their own: see `retry.budget`.",
        ),
        ("max_connection_pools", "A client has one pool."),
        ("track_remaining", "It is a metric."),
    ] {
        if sheet.has(&at.to(key)) {
            sheet.note(&at.to(key), CannotBeSaid, says);
        }
    }
    Ok(())
}

fn health(sheet: &mut Sheet, draft: &mut Draft, at: &Spot) -> Result<(), Diagnostic> {
    draft.word("health_check.targets", "all");
    for key in ["interval", "timeout"] {
        if let Some(time) = sheet.time(&at.to(key), "s")? {
            let is_exact = draft.time(&format!("health_check.{key}"), time);
            noted(
                sheet,
                &at.to(key),
                is_exact,
                "Of health checks, which cost tokens here.",
            );
        }
    }
    for key in ["unhealthy_threshold", "healthy_threshold"] {
        if let Some(count) = sheet.count(&at.to(key))? {
            let is_exact = draft.number(&format!("health_check.{key}"), count);
            noted(sheet, &at.to(key), is_exact, "Of health checks in a row.");
        }
    }
    for key in sheet.keys(at) {
        if HEALTH.contains(&key.as_str()) {
            sheet.note(
                &at.to(&key),
                NotUsed,
                "A health check asks for a short answer here.",
            );
        }
    }
    Ok(())
}

const REST: &[&str] = &[
    "consecutive_gateway_failure",
    "enforcing_consecutive_gateway_failure",
    "consecutive_local_origin_failure",
    "enforcing_consecutive_local_origin_failure",
    "enforcing_local_origin_success_rate",
    "split_external_local_origin_errors",
    "success_rate_minimum_hosts",
    "failure_percentage_threshold",
    "enforcing_failure_percentage",
    "enforcing_failure_percentage_local_origin",
    "failure_percentage_minimum_hosts",
    "failure_percentage_request_volume",
    "max_ejection_time_jitter",
    "successful_active_health_check_uneject_host",
    "always_eject_one_host",
    "monitors",
];

const HEALTH: &[&str] = &[
    "http_health_check",
    "tcp_health_check",
    "grpc_health_check",
    "no_traffic_interval",
    "interval_jitter",
    "interval_jitter_percent",
    "initial_jitter",
    "unhealthy_interval",
    "unhealthy_edge_interval",
    "healthy_edge_interval",
    "reuse_connection",
    "event_log_path",
];
