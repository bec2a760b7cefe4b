//! OpenRouter: a request with `models` and `provider`, as JSON.
//!
//! OpenRouter chooses among providers itself; here a client of ours does what the request asks for.
//! Without `provider.order`, each model is a provider at OpenRouter. With it, each of its providers
//! is one, for each model.
//!
//! Source: the documentation of model fallbacks and of provider routing.

use super::Options;
use super::draft::{Draft, Provider};
use super::note::Outcome::{Approximated, CannotBeSaid, Taken};
use super::sheet::{Sheet, Spot};
use super::vendors::vendor;
use crate::text::Diagnostic;
use crate::wire::Dialect;

/// Reads the file.
pub(super) fn read(sheet: &mut Sheet, draft: &mut Draft, _: Options<'_>) -> Result<(), Diagnostic> {
    let models = models(sheet)?;
    let provider = Spot::of("provider");
    let order = providers(sheet, &provider)?;
    for (group, model) in models.iter().enumerate() {
        match order.is_empty() {
            true => add(draft, model, None, group as u64),
            false => order
                .iter()
                .for_each(|slug| add(draft, model, Some(slug), group as u64)),
        }
    }
    let count = draft.providers.len() as u64;
    draft.number("retry.max_attempts", count);
    draft.number("retry.max_attempts_per_provider", 1);
    draft.word("hints.retry_after", "ignore");
    draft.action(FALLING, "fallback");
    let says = "Each provider of each model is asked once, without a wait.";
    sheet.default("fallback", Approximated, says);
    routing(sheet, draft, &provider, &order)?;
    let route = Spot::of("route");
    if sheet.has(&route) {
        let is_fallback = sheet.word(&route)?.is_some_and(|word| word == "fallback");
        match is_fallback {
            true => {
                let says = "OpenRouter asks the next model after any error of the one before; \
                            here after those that `failures` lists, and each provider once.";
                sheet.note(&route, Approximated, says);
            }
            false => sheet.note(&route, CannotBeSaid, "Another route than `fallback`."),
        }
    }
    let says = "A parameter of requests: the caller's.";
    sheet.not_used(&Spot::default(), REQUEST, says);
    Ok(())
}

/// `model`, and then `models`.
fn models(sheet: &mut Sheet) -> Result<Vec<String>, Diagnostic> {
    let mut spots = vec![Spot::of("model")];
    spots.extend(sheet.entries(&Spot::of("models")));
    let mut found: Vec<String> = Vec::new();
    for spot in spots {
        let Some(model) = sheet.text(&spot)? else {
            continue;
        };
        if model.len() > 100 || !model.chars().all(|c| c.is_ascii_graphic()) {
            return Err(sheet.wrong(&spot, "this cannot name a model", "write 1 to 100 signs"));
        }
        sheet.note(
            &spot,
            Taken,
            "A model; a later one is a priority group of its own.",
        );
        if !found.contains(&model) {
            found.push(model);
        }
    }
    match found.is_empty() {
        true => {
            let hint = "write `models`, or `model`";
            Err(sheet.wrong(&Spot::default(), "this names no model", hint))
        }
        false => Ok(found),
    }
}

/// The providers that are asked, by `order`, `only` and `ignore`.
fn providers(sheet: &mut Sheet, at: &Spot) -> Result<Vec<String>, Diagnostic> {
    let mut lists = Vec::new();
    for key in ["order", "only", "ignore"] {
        let mut names = Vec::new();
        for entry in sheet.entries(&at.to(key)) {
            names.extend(sheet.word(&entry)?);
        }
        lists.push(names);
        let spot = at.to(key);
        if sheet.has(&spot) {
            let says = match key {
                "order" => "These providers are asked, in this order, for each model.",
                "only" => "No other provider is asked.",
                _ => "These providers are not asked.",
            };
            sheet.note(&spot, Taken, says);
        }
    }
    let mut order = lists[0].clone();
    match order.is_empty() {
        true => order.clone_from(&lists[1]),
        false if !lists[1].is_empty() => order.retain(|slug| lists[1].contains(slug)),
        false => {}
    }
    order.retain(|slug| !lists[2].contains(slug));
    Ok(order)
}

/// Adds a provider: a model at OpenRouter, or at the provider `slug`.
fn add(draft: &mut Draft, model: &str, slug: Option<&String>, group: u64) {
    let bare = model.split_once('/').map_or(model, |(_, name)| name);
    let short = bare.split(':').next().unwrap_or(bare);
    let direct = slug.map(|slug| (slug, vendor(slug.split('/').next().unwrap_or(slug))));
    let wish = slug.map_or_else(|| short.to_owned(), |slug| format!("{slug}-{short}"));
    let name = draft.name_for(&wish);
    let openrouter = vendor("openrouter").map(|one| (one.url, one.variable));
    let (dialect, model, place) = match direct {
        None => (Dialect::Openrouter, model, openrouter),
        Some((_, Some(one))) => (one.dialect, short, Some((one.url, one.variable))),
        Some((_, None)) => (Dialect::Openai, short, None),
    };
    let place = place.filter(|(url, _)| !url.is_empty());
    draft.providers.push(Provider {
        name: name.clone(),
        dialect,
        model: model.to_owned(),
        url: place.map(|(url, _)| url.to_owned()),
        keys: place
            .map(|(_, key)| format!("env:{key}"))
            .into_iter()
            .collect(),
        ..Provider::default()
    });
    if group > 0 {
        draft.own_count(&name, "priority_group", group);
    }
}

/// The rest of `provider`.
fn routing(
    sheet: &mut Sheet,
    draft: &mut Draft,
    at: &Spot,
    order: &[String],
) -> Result<(), Diagnostic> {
    let sort = at.to("sort");
    let word = sheet.word(&sort)?;
    let (ours, outcome, says) = match word.as_deref() {
        Some("price") => ("cheapest", Taken, "The lowest price first."),
        Some("latency") => (
            "least_latency",
            Approximated,
            "The lowest latency of two drawn.",
        ),
        Some("throughput") => {
            let says = "The highest speed; here the lowest latency of two drawn.";
            ("least_latency", Approximated, says)
        }
        None => ("priority", Taken, ""),
        Some(_) => {
            let hint = "known: price, throughput, latency";
            return Err(sheet.wrong(&sort, "this order is not known", hint));
        }
    };
    draft.word("route.strategy", ours);
    if word.is_some() {
        sheet.note(&sort, outcome, says);
    }
    let others = at.to("allow_fallbacks");
    if let Some(allowed) = sheet.flag(&others)? {
        match (allowed, order.is_empty()) {
            (false, _) => sheet.note(&others, Taken, "No other provider is asked."),
            (true, _) => {
                let says = "Providers that the request does not name are not known here.";
                sheet.note(&others, CannotBeSaid, says);
            }
        }
    }
    unsaid(sheet, at);
    Ok(())
}

/// What only OpenRouter knows of its providers.
fn unsaid(sheet: &mut Sheet, at: &Spot) {
    for (key, says) in [
        (
            "max_price",
            "A price caps single tasks here: see `route.tasks`.",
        ),
        (
            "require_parameters",
            "See `lossy` of the fleet, which refuses by default.",
        ),
        (
            "quantizations",
            "A fleet does not say how a model is quantized.",
        ),
        (
            "data_collection",
            "A fleet does not say what providers keep.",
        ),
        ("zdr", "A fleet does not say what providers keep."),
        (
            "enforce_distillable_text",
            "A fleet does not say what a model's licence is.",
        ),
        ("preferred_min_throughput", "See `streams.min_speed`."),
        ("preferred_max_latency", "See `timeouts.first_token`."),
    ] {
        let spot = at.to(key);
        if sheet.has(&spot) {
            sheet.note(&spot, CannotBeSaid, says);
        }
    }
}

/// What leads to the next provider.
const FALLING: &[&str] = &[
    "rate_limited",
    "quota",
    "overloaded",
    "server_error",
    "connect",
    "timeout",
    "reset",
    "context_too_long",
    "content_filter",
];

const REQUEST: &[&str] = &[
    "messages",
    "prompt",
    "stream",
    "temperature",
    "top_p",
    "top_k",
    "max_tokens",
    "max_completion_tokens",
    "stop",
    "seed",
    "tools",
    "tool_choice",
    "response_format",
    "transforms",
    "plugins",
    "reasoning",
    "user",
    "usage",
    "metadata",
    "frequency_penalty",
    "presence_penalty",
];
