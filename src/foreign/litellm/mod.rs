//! LiteLLM's proxy: `config.yaml`.
//!
//! A call names a group (`model_name`). The router picks one of its deployments, retries within the
//! group, then asks the groups of `fallbacks` in their order. Here each group is a priority group
//! of one fleet. [`models`] reads deployments, `settings` the router's settings; [`export`] writes
//! them.
//!
//! Sources: `router.py`, `router_utils/cooldown_handlers.py` (1fa201c7), `types/router.py`
//! (0044fbec) and the proxy's reference of settings.

mod cooldown;
pub(super) mod export;
mod models;
mod settings;

use super::Options;
use super::draft::Draft;
use super::note::Outcome::{Approximated, CannotBeSaid, NotUsed, Taken};
use super::sheet::{Sheet, Spot};
use crate::text::Diagnostic;
use models::Deployment;

/// What the router does by itself.
pub(super) const QUIRKS: &[&str] = &[
    "retries_draw_again",
    "waits_after_last_attempt",
    "lone_provider_is_never_refused",
    "opens_at_once",
    "breaker_closes_by_time",
];

/// Reads the file.
pub(super) fn read(
    sheet: &mut Sheet,
    draft: &mut Draft,
    options: Options<'_>,
) -> Result<(), Diagnostic> {
    let list = Spot::of("model_list");
    if sheet.len(&list) == 0 {
        let problem = sheet.wrong(&list, "this names no model", "write a `model_list`");
        return Err(problem);
    }
    let asked = asked(sheet, options)?;
    let chain = chain(sheet, &asked)?;
    let deployments = models::read(sheet, draft, &chain)?;
    settings::read(sheet, draft, &chain, &deployments)?;
    models::leave_out(sheet, &chain)?;
    unrelated(sheet);
    Ok(())
}

/// The group that calls ask for.
fn asked(sheet: &Sheet, options: Options<'_>) -> Result<String, Diagnostic> {
    let list = Spot::of("model_list");
    let mut names = Vec::new();
    for entry in sheet.entries(&list) {
        let name = sheet.text(&entry.to("model_name"))?;
        let missing = || sheet.wrong(&entry, "the key `model_name` is missing", "name its group");
        names.push(name.ok_or_else(missing)?);
    }
    match options.model {
        None => Ok(names.swap_remove(0)),
        Some(model) if names.iter().any(|name| name == model) => Ok(model.to_owned()),
        Some(_) => {
            names.dedup();
            let hint = format!("known: {}", names.join(", "));
            Err(sheet.wrong(
                &list,
                "no group has the name that `--model` asks for",
                &hint,
            ))
        }
    }
}

/// The groups that a call asks, in order, and why each is among them.
struct Chain {
    groups: Vec<String>,
    /// Whether `fallbacks` or `default_fallbacks` lead from the first group to another.
    falls_back: bool,
    /// Whether `context_window_fallbacks` do.
    grows: bool,
    /// Whether `content_policy_fallbacks` do.
    filters: bool,
}

/// Where a setting of the router stands: in `router_settings`, else in `litellm_settings`.
fn place(sheet: &Sheet, key: &str) -> Spot {
    let [router, litellm] = ["router_settings", "litellm_settings"].map(Spot::of);
    match sheet.has(&router.to(key)) {
        true => router.to(key),
        false => litellm.to(key),
    }
}

/// The groups that calls of `asked` may reach.
fn chain(sheet: &mut Sheet, asked: &str) -> Result<Chain, Diagnostic> {
    let mut groups = vec![asked.to_owned()];
    let mut general = targets(sheet, "fallbacks", asked)?;
    let place = place(sheet, "default_fallbacks");
    let is_needed = general.is_empty();
    for entry in sheet.entries(&place) {
        let name = sheet.text(&entry)?.unwrap_or_default();
        if is_needed && name != asked {
            general.push(name);
        }
    }
    if sheet.has(&place) {
        match is_needed {
            true => sheet.note(
                &place,
                Taken,
                "These groups are asked after the first, in order.",
            ),
            false => sheet.note(&place, NotUsed, "The group has fallbacks of its own."),
        }
    }
    let grown = targets(sheet, "context_window_fallbacks", asked)?;
    let filtered = targets(sheet, "content_policy_fallbacks", asked)?;
    let (falls_back, grows, filters) =
        (!general.is_empty(), !grown.is_empty(), !filtered.is_empty());
    for name in general.into_iter().chain(grown).chain(filtered) {
        if !groups.contains(&name) {
            groups.push(name);
        }
    }
    Ok(Chain {
        groups,
        falls_back,
        grows,
        filters,
    })
}

/// The groups that a list of fallbacks names for `asked`.
fn targets(sheet: &mut Sheet, key: &str, asked: &str) -> Result<Vec<String>, Diagnostic> {
    let mut found = Vec::new();
    let list = place(sheet, key);
    if sheet.has(&list) && sheet.len(&list) == 0 {
        return match sheet.keys(&list).is_empty() {
            true => Ok(found),
            false => Err(sheet.wrong(&list, "this is not a list", "write `- group: [other]`")),
        };
    }
    for entry in sheet.entries(&list) {
        let names = sheet.keys(&entry);
        if names.is_empty() {
            let problem = sheet.wrong(&entry, "this is not a map of a group to groups", FALLBACK);
            return Err(problem);
        }
        for name in names {
            let spot = entry.to(&name);
            if name != asked && name != "*" {
                let says = "Calls of this import ask for another group: see `--model`.";
                sheet.note(&spot, NotUsed, says);
                continue;
            }
            if sheet.len(&spot) == 0 {
                return Err(sheet.wrong(&spot, "this is not a list of groups", FALLBACK));
            }
            for one in sheet.entries(&spot) {
                let target = sheet.text(&one)?;
                let missing = || sheet.wrong(&one, "this is not the name of a group", FALLBACK);
                let target = target.ok_or_else(missing)?;
                if !is_group(sheet, &target)? {
                    let says = "There is no such group in `model_list`.";
                    sheet.note(&one, CannotBeSaid, says);
                } else if target != asked {
                    found.push(target);
                }
            }
            match key {
                "fallbacks" => {
                    let says = "These groups are asked after the first, as priority groups.";
                    sheet.note(&spot, Taken, says);
                }
                _ => {
                    let says = "The groups come last, and are asked after other failures, too.";
                    sheet.note(&spot, Approximated, says);
                }
            }
        }
    }
    Ok(found)
}

fn is_group(sheet: &Sheet, name: &str) -> Result<bool, Diagnostic> {
    for entry in sheet.entries(&Spot::of("model_list")) {
        if sheet.text(&entry.to("model_name"))?.as_deref() == Some(name) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Settings that have nothing to do with failover.
fn unrelated(sheet: &mut Sheet) {
    for section in ["general_settings", "environment_variables"] {
        let says = "The proxy's own keys, database and variables.";
        sheet.not_used(&Spot::default(), &[section], says);
    }
    let says = "Callbacks, caches and logs do not decide which provider is asked.";
    sheet.not_used(&Spot::of("litellm_settings"), UNRELATED, says);
    sheet.not_used(&Spot::of("router_settings"), UNRELATED, says);
    let says = "The other of two places wins.";
    sheet.not_used(&Spot::of("litellm_settings"), TWICE, says);
}

const FALLBACK: &str = "write it as in `- gpt-4.1: [claude, gemini]`";

const UNRELATED: &[&str] = &[
    "callbacks",
    "success_callback",
    "failure_callback",
    "service_callbacks",
    "turn_off_message_logging",
    "redact_user_api_key_info",
    "set_verbose",
    "debug_level",
    "json_logs",
    "drop_params",
    "modify_params",
    "add_function_to_prompt",
    "cache",
    "cache_params",
    "cache_responses",
    "cache_kwargs",
    "caching_groups",
    "client_ttl",
    "redis_host",
    "redis_port",
    "redis_password",
    "redis_url",
    "telemetry",
    "ssl_verify",
    "langfuse_default_tags",
    "default_internal_user_params",
    "max_budget",
    "budget_duration",
    "model_group_alias",
    "enable_tag_filtering",
    "ignore_invalid_deployments",
];

/// Settings that may stand in both sections.
const TWICE: &[&str] = &[
    "num_retries",
    "request_timeout",
    "allowed_fails",
    "fallbacks",
    "default_fallbacks",
    "context_window_fallbacks",
    "content_policy_fallbacks",
];
