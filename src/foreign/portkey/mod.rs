//! Portkey's gateway: a config of strategies and targets, as JSON.
//!
//! Targets may hold targets. A target that is asked is a provider; what it leaves out it inherits.
//! Targets of a `fallback` are priority groups, those of a `loadbalance` have weights, and of
//! `conditional` and `single` one is asked. [`export`] writes the settings of a whole config.
//!
//! Sources: the gateway's schema of configs, `handlerUtils.ts` and `retryHandler.ts` (669825cb),
//! and the documentation of its circuit breaker.

pub(super) mod export;

use super::Options;
use super::draft::{Draft, Provider};
use super::note::Outcome::{Approximated, CannotBeSaid, NotUsed, Taken};
use super::sheet::{Sheet, Spot};
use super::statuses::{OF_THE_PROVIDER, OF_THE_REQUEST};
use super::vendors::vendor;
use crate::text::Diagnostic;
use crate::time::nanos;
use crate::units::Share;

/// What the gateway does by itself.
pub(super) const QUIRKS: &[&str] = &["commits_at_head", "timeouts_end_at_head"];

/// Reads the file.
pub(super) fn read(
    sheet: &mut Sheet,
    draft: &mut Draft,
    options: Options<'_>,
) -> Result<(), Diagnostic> {
    let model = options.model.map(str::to_owned);
    let mut walk = Walk {
        model,
        ..Walk::default()
    };
    target(sheet, draft, &[Spot::default()], &mut walk)?;
    draft.word("route.strategy", "weighted");
    let most = walk.attempts.iter().copied().max().unwrap_or(1);
    draft.number("retry.max_attempts_per_provider", most);
    let all = walk
        .attempts
        .iter()
        .fold(0_u64, |sum, one| sum.saturating_add(*one));
    // Without a fallback, a call stays at the target that was drawn.
    draft.number(
        "retry.max_attempts",
        if walk.group > 0 { all.max(1) } else { most },
    );
    draft.time("retry.backoff.base", std::time::Duration::from_secs(1));
    draft.number("retry.backoff.factor", 2_000);
    draft.time("retry.backoff.max", std::time::Duration::from_secs(60));
    draft.word("retry.backoff.jitter", "none");
    draft.word("hints.should_retry", "ignore");
    draft.word(
        "hints.retry_after",
        if walk.hints { "honour" } else { "ignore" },
    );
    if !walk.breaks {
        draft.none("breaker");
    }
    // The gateway passes on what follows the head.
    draft.quirk("commits_at_head");
    let says = "1 s, doubled, without jitter, before a retry at the same target.";
    sheet.default("backoff", Taken, says);
    failures(draft, &walk);
    let says = "One list holds for all targets. A status that is retried, and is not among those \
                of the fallback, ends the call there once its retries are used up; here the next \
                target is asked.";
    sheet.default("status codes", Approximated, says);
    sheet.not_used_anywhere(UNRELATED, "It does not decide which target is asked.");
    Ok(())
}

/// What the walk through the targets found.
#[derive(Default)]
struct Walk {
    /// The model of targets that name none.
    model: Option<String>,
    group: u64,
    attempts: Vec<u64>,
    retried: Option<Vec<u64>>,
    left: Option<Vec<u64>>,
    hints: bool,
    breaks: bool,
}

/// Where `key` is written: in the target, or in what it lies in.
fn at(sheet: &Sheet, path: &[Spot], key: &str) -> Spot {
    let mut places = path.iter().rev().map(|spot| spot.to(key));
    let own = path.last().map(|spot| spot.to(key)).unwrap_or_default();
    places.find(|spot| sheet.has(spot)).unwrap_or(own)
}

/// Reads a target and the targets in it; `path` leads to it.
fn target(
    sheet: &mut Sheet,
    draft: &mut Draft,
    path: &[Spot],
    walk: &mut Walk,
) -> Result<(), Diagnostic> {
    let Some(own) = path.last().cloned() else {
        return Ok(());
    };
    let targets = sheet.entries(&own.to("targets"));
    if targets.is_empty() {
        return provider(sheet, draft, path, walk);
    }
    let strategy = own.to("strategy");
    let mode = sheet
        .word(&strategy.to("mode"))?
        .unwrap_or_else(|| "single".to_owned());
    breaker(sheet, draft, &strategy.to("cb_config"), walk)?;
    let says = match mode.as_str() {
        "fallback" => "Its targets are asked one after the other: priority groups.",
        "loadbalance" => "One of its targets is drawn by weight; a failure ends the call there.",
        "conditional" => "Conditions on requests cannot be said: the default target is asked.",
        "single" => "Its first target is asked.",
        _ => {
            let hint = "known: single, fallback, loadbalance, conditional";
            return Err(sheet.wrong(&strategy.to("mode"), "this mode is not known", hint));
        }
    };
    let outcome = match mode.as_str() {
        "fallback" | "single" => Taken,
        _ => Approximated,
    };
    if sheet.has(&strategy.to("mode")) {
        sheet.note(&strategy.to("mode"), outcome, says);
    }
    let codes = strategy.to("on_status_codes");
    if sheet.has(&codes) {
        walk.left = Some(statuses(sheet, &codes)?);
        let says = "After these statuses the next target is asked; after others the call ends.";
        sheet.note(&codes, Taken, says);
    }
    let chosen = chosen(sheet, &strategy, &targets, &mode)?;
    for (place, one) in chosen.iter().enumerate() {
        if mode == "fallback" && place > 0 {
            walk.group += 1;
        }
        let path = [path, std::slice::from_ref(one)].concat();
        target(sheet, draft, &path, walk)?;
    }
    for one in targets.iter().filter(|one| !chosen.contains(one)) {
        sheet.note(one, NotUsed, "This target is not asked.");
    }
    Ok(())
}

/// The targets that are asked.
fn chosen(
    sheet: &mut Sheet,
    strategy: &Spot,
    targets: &[Spot],
    mode: &str,
) -> Result<Vec<Spot>, Diagnostic> {
    for key in ["conditions", "default"] {
        let spot = strategy.to(key);
        if sheet.has(&spot) && mode == "conditional" {
            sheet.note(
                &spot,
                CannotBeSaid,
                "A policy has no conditions on requests.",
            );
        }
    }
    if mode == "fallback" || mode == "loadbalance" {
        return Ok(targets.to_vec());
    }
    let wanted = sheet.text(&strategy.to("default"))?;
    let mut first = targets[0].clone();
    for one in targets {
        if wanted.is_some() && sheet.text(&one.to("name"))? == wanted {
            first = one.clone();
        }
    }
    Ok(vec![first])
}

fn statuses(sheet: &Sheet, spot: &Spot) -> Result<Vec<u64>, Diagnostic> {
    let mut found = Vec::new();
    for entry in sheet.entries(spot) {
        found.extend(sheet.count(&entry)?);
    }
    Ok(found)
}

/// A target without targets.
fn provider(
    sheet: &mut Sheet,
    draft: &mut Draft,
    path: &[Spot],
    walk: &mut Walk,
) -> Result<(), Diagnostic> {
    let own = path.last().cloned().unwrap_or_default();
    let params = at(sheet, path, "override_params").to("model");
    let written = sheet.text(&params)?;
    // `@provider-slug/model` names the provider as well.
    let slug = written.as_deref().and_then(|text| text.strip_prefix('@'));
    let slug = slug.and_then(|text| text.split_once('/'));
    let named = at(sheet, path, "provider");
    let vendor_name = sheet.word(&named)?.unwrap_or_default();
    let vendor_name = vendor_name.trim_start_matches('@').to_owned();
    let name = slug.map_or(vendor_name.clone(), |(slug, _)| slug.to_ascii_lowercase());
    let known = vendor(&name).or_else(|| vendor(name.split('-').next().unwrap_or_default()));
    let wish = if name.is_empty() {
        "target"
    } else {
        name.as_str()
    };
    let given = sheet
        .raw(&own.to("name"))
        .unwrap_or_else(|| wish.to_owned());
    let provider_name = draft.name_for(&given);
    let model = slug
        .map(|(_, model)| model.to_owned())
        .or_else(|| written.clone())
        .or_else(|| walk.model.clone());
    let fits = |text: &String| text.len() <= 100 && text.chars().all(|c| c.is_ascii_graphic());
    let stand_in = known.map_or("gpt-4.1", |one| match one.dialect.name() {
        "anthropic" => "claude-sonnet-4.5",
        "gemini" => "gemini-2.5-flash",
        _ => "gpt-4.1",
    });
    let is_written = model.as_ref().is_some_and(fits);
    let url = known.map(|one| one.url).filter(|url| !url.is_empty());
    let variable = known.map_or("API_KEY", |one| one.variable);
    draft.providers.push(Provider {
        name: provider_name.clone(),
        dialect: known.map(|one| one.dialect).unwrap_or_default(),
        model: model.filter(fits).unwrap_or_else(|| stand_in.to_owned()),
        url: url.map(str::to_owned),
        keys: vec![format!("env:{variable}")],
        ..Provider::default()
    });
    for spot in [named, own.to("name"), params] {
        if sheet.has(&spot) {
            let outcome = if known.is_some() { Taken } else { Approximated };
            sheet.note(&spot, outcome, format!("The provider `{provider_name}`."));
        }
    }
    if !is_written {
        let says = format!(
            "No target names the model of `{provider_name}`: `{stand_in}` stands in. See `--model`."
        );
        sheet.default("model", Approximated, says);
    }
    for key in ["api_key", "virtual_key"] {
        let spot = at(sheet, path, key);
        if sheet.has(&spot) {
            let says = format!("A key stays out of files: set the variable `{variable}`.");
            sheet.note(&spot, Approximated, says);
        }
    }
    settings(sheet, draft, path, walk, &provider_name)
}

/// Weight, retries, timeout and breaker of a provider.
fn settings(
    sheet: &mut Sheet,
    draft: &mut Draft,
    path: &[Spot],
    walk: &mut Walk,
    name: &str,
) -> Result<(), Diagnostic> {
    if walk.group > 0 {
        draft.own_count(name, "priority_group", walk.group);
    }
    // A weight is one of a target or of what it lies in.
    let weight = at(sheet, path, "weight");
    if let Some(part) = sheet.time(&weight, "s")? {
        let thousandths = u64::try_from(part.as_millis()).unwrap_or(u64::MAX);
        draft.own_count(name, "weight", thousandths.min(1_000_000));
        sheet.note(&weight, Taken, "Its share of the calls, in thousandths.");
    }
    let retry = at(sheet, path, "retry");
    let count = retry.to("attempts");
    let attempts = sheet.count(&count)?.unwrap_or(0).saturating_add(1);
    let fits = draft.own(name, "max_attempts_per_provider", PER_PROVIDER, attempts);
    walk.attempts.push(attempts.min(100));
    if sheet.has(&count) {
        let outcome = if fits { Taken } else { Approximated };
        sheet.note(
            &count,
            outcome,
            format!("{attempts} attempts at this target."),
        );
    }
    let codes = retry.to("on_status_codes");
    if sheet.has(&codes) {
        walk.retried = Some(statuses(sheet, &codes)?);
        sheet.note(
            &codes,
            Taken,
            "After each of these statuses the same target is asked again.",
        );
    }
    let hints = retry.to("use_retry_after_header");
    if let Some(flag) = sheet.flag(&hints)? {
        walk.hints |= flag;
        let says = "Hints of up to a minute are waited for; the gateway waits for those of a 429 \
                    alone, and a minute in all.";
        sheet.note(&hints, if flag { Approximated } else { Taken }, says);
    }
    let timeout = at(sheet, path, "request_timeout");
    if let Some(time) = sheet.time(&timeout, "ms")? {
        let knob = "timeouts.attempt";
        draft.own(name, knob, knob, nanos(time));
        draft.quirk("timeouts_end_at_head");
        let says = "The timeout of an attempt, which ends when the head is there: a quirk.";
        sheet.note(&timeout, Taken, says);
    }
    let own = path.last().cloned().unwrap_or_default();
    breaker(sheet, draft, &own.to("cb_config"), walk)
}

/// `cb_config`, as the breaker of all.
fn breaker(
    sheet: &mut Sheet,
    draft: &mut Draft,
    spot: &Spot,
    walk: &mut Walk,
) -> Result<(), Diagnostic> {
    if !sheet.has(spot) {
        return Ok(());
    }
    walk.breaks = true;
    draft.none("breaker.consecutive_failures");
    draft.number("breaker.max_probes", 100);
    draft.number("route.panic_threshold", 1_000_000);
    let count = spot.to("failure_threshold");
    if let Some(failures) = sheet.count(&count)? {
        draft.number("breaker.max_failures", failures.saturating_add(1));
        let says = "One more failure than this opens it; here within a window.";
        sheet.note(&count, Approximated, says);
    }
    let share = spot.to("failure_threshold_percentage");
    if let Some(parts) = sheet.percent(&share)? {
        let least = Share::percent(100).as_parts().saturating_sub(parts);
        draft.number("breaker.min_success_rate", least);
        sheet.note(
            &share,
            Approximated,
            "A larger share of failures opens it; here in a window.",
        );
    }
    let least = spot.to("minimum_requests");
    if let Some(requests) = sheet.count(&least)? {
        draft.number("breaker.min_attempts", requests);
        sheet.note(&least, Taken, "Fewer requests are not judged.");
    }
    let time = spot.to("cooldown_interval");
    if let Some(length) = sheet.time(&time, "ms")? {
        draft.time("breaker.open.initial", length);
        draft.time(
            "breaker.open.max",
            length.max(std::time::Duration::from_secs(300)),
        );
        sheet.note(
            &time,
            Taken,
            "How long it stays open; all calls come back at once.",
        );
    }
    let codes = spot.to("failure_status_codes");
    if sheet.has(&codes) {
        sheet.note(
            &codes,
            CannotBeSaid,
            "A breaker counts what the provider is to blame for.",
        );
    }
    Ok(())
}

/// What failures lead to, by the lists of statuses.
fn failures(draft: &mut Draft, walk: &Walk) {
    let retried = walk.retried.as_deref().unwrap_or(USUALLY_RETRIED);
    let repeats = walk.attempts.iter().any(|one| *one > 1);
    let moves = |status: &u64| {
        let is_left = walk.left.as_ref().is_none_or(|left| left.contains(status));
        is_left && walk.group > 0
    };
    let action = |status: &u64| match repeats && retried.contains(status) {
        true => "retry",
        false if moves(status) => "fallback",
        false => "stop",
    };
    // No list can have the status 0: what is done about all that no list has.
    let rest = if moves(&0) { "fallback" } else { "stop" };
    draft.action(OF_THE_PROVIDER, rest);
    draft.action(OF_THE_REQUEST, rest);
    draft.action(
        &["timeout_first_token", "timeout_attempt"],
        action(&TIMED_OUT),
    );
    let network = if repeats { "retry" } else { action(&NO_ANSWER) };
    draft.action(&["connect", "timeout_connect", "reset"], network);
    // The gateway passes the body on.
    draft.action(&["truncated", "malformed"], "stop");
    let listed = retried.iter().chain(walk.left.iter().flatten());
    for status in listed.filter(|status| action(status) != rest) {
        draft.status(*status, action(status));
    }
}

/// `RETRY_STATUS_CODES`.
const USUALLY_RETRIED: &[u64] = &[429, 500, 502, 503, 504];
/// What the gateway makes of a request that took longer than `request_timeout`.
const TIMED_OUT: u64 = 408;
/// What it makes of an error of the network.
const NO_ANSWER: u64 = 500;

const PER_PROVIDER: &str = "retry.max_attempts_per_provider";

const UNRELATED: &[&str] = &[
    "after_request_hooks",
    "aws_access_key_id",
    "aws_region",
    "aws_secret_access_key",
    "aws_session_token",
    "azure_auth_mode",
    "before_request_hooks",
    "cache",
    "custom_host",
    "forward_headers",
    "id",
    "input_guardrails",
    "openai_organization",
    "openai_project",
    "output_guardrails",
    "override_params",
    "strict_open_ai_compliance",
    "vertex_project_id",
    "vertex_region",
    "vertex_service_account_json",
    "weight",
];
