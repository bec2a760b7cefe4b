//! Envoy: a bootstrap file, or the part of one with a cluster and a route.
//!
//! The hosts of one cluster are the fleet. Its first route, or the one of `--model CLUSTER`, says
//! how it is retried. `route` reads the route, `cluster` the cluster, [`export`] writes both.
//!
//! Sources: the protos of route components, outlier detection, circuit breakers and clusters.

mod cluster;
pub(super) mod export;
mod route;

use super::Options;
use super::draft::Draft;
use super::note::Outcome::{self, NotUsed};
use super::sheet::{Sheet, Spot};
use crate::text::Diagnostic;

/// What it does by itself.
pub(super) const QUIRKS: &[&str] = &[
    "breaker_closes_by_time",
    "commits_at_head",
    "timeouts_end_at_head",
    "waits_before_fallback",
];

/// Reads the file.
pub(super) fn read(
    sheet: &mut Sheet,
    draft: &mut Draft,
    options: Options<'_>,
) -> Result<(), Diagnostic> {
    let cluster = cluster(sheet, options)?;
    let hosts = match &cluster {
        Some(cluster) => cluster::hosts(sheet, draft, cluster)?,
        None => 0,
    };
    if hosts == 0 {
        for name in ["first", "second"] {
            draft.stand_in(name, None);
        }
        let says = "The file names no host: two providers stand in.";
        sheet.default("hosts", Outcome::Approximated, says);
    }
    let name = match &cluster {
        Some(spot) => sheet.text(&spot.to("name"))?,
        None => None,
    };
    route::read(sheet, draft, name.as_deref(), hosts)?;
    if let Some(spot) = &cluster {
        cluster::read(sheet, draft, spot)?;
    }
    let says = "Another route or cluster than the one that was read: see `--model`.";
    sheet.not_used_anywhere(&["clusters", "retry_policy"], says);
    sheet.not_used_anywhere(
        UNRELATED,
        "It does not decide which host is asked, and how often.",
    );
    Ok(())
}

/// The cluster that `--model` names, or the first.
fn cluster(sheet: &mut Sheet, options: Options<'_>) -> Result<Option<Spot>, Diagnostic> {
    let mut found = Vec::new();
    for list in sheet.find("clusters") {
        found.extend(sheet.entries(&list));
    }
    if found.is_empty() && sheet.has(&Spot::of("load_assignment")) {
        found.push(Spot::default());
    }
    let Some(wanted) = options.model else {
        for other in found.iter().skip(1) {
            let says = "Another cluster than the first: see `--model`.";
            sheet.note(other, NotUsed, says);
        }
        return Ok(found.into_iter().next());
    };
    let mut chosen = None;
    for spot in &found {
        match sheet.text(&spot.to("name"))?.as_deref() == Some(wanted) {
            true => chosen = Some(spot.clone()),
            false => sheet.note(spot, NotUsed, "Another cluster than that of `--model`."),
        }
    }
    let hint = "name a cluster of the file";
    let wrong = || {
        sheet.wrong(
            &Spot::default(),
            "there is no such cluster as `--model`",
            hint,
        )
    };
    chosen.ok_or_else(wrong).map(Some)
}

/// Notes a setting, as taken where it is exact.
fn noted(sheet: &mut Sheet, spot: &Spot, is_exact: bool, says: impl Into<String>) {
    let outcome = match is_exact {
        true => Outcome::Taken,
        false => Outcome::Approximated,
    };
    sheet.note(spot, outcome, says);
}

const UNRELATED: &[&str] = &[
    "@type",
    "access_log",
    "address",
    "admin",
    "codec_type",
    "common_http_protocol_options",
    "dns_lookup_family",
    "domains",
    "dynamic_resources",
    "http2_protocol_options",
    "http_filters",
    "layered_runtime",
    "match",
    "name",
    "node",
    "overload_manager",
    "request_headers_to_add",
    "response_headers_to_add",
    "server_header_transformation",
    "stat_prefix",
    "stats_config",
    "stats_sinks",
    "tracing",
    "transport_socket",
    "type",
    "typed_extension_protocol_options",
    "upstream_connection_options",
    "virtual_clusters",
    "generate_request_id",
    "use_remote_address",
    "respect_dns_ttl",
    "host_rewrite_literal",
    "auto_host_rewrite",
    "prefix_rewrite",
    "cluster_name",
];
