//! When a deployment cools down, and for how long: the breaker.

use std::time::Duration;

use super::{Deployment, place};
use crate::foreign::draft::Draft;
use crate::foreign::note::Outcome::{Approximated, NotUsed, Taken};
use crate::foreign::sheet::{Sheet, Spot};
use crate::text::Diagnostic;
use crate::time::nanos;
use crate::units::Share;

/// `cooldown_time` and `allowed_fails`, as the breaker.
pub(super) fn read(
    sheet: &mut Sheet,
    draft: &mut Draft,
    deployments: &[Deployment],
) -> Result<(), Diagnostic> {
    let off = place(sheet, "disable_cooldowns");
    let spot = place(sheet, "cooldown_time");
    let written = sheet.time(&spot, "s")?;
    let fails = place(sheet, "allowed_fails");
    let allowed = sheet.count(&fails)?;
    if sheet.flag(&off)? == Some(true) {
        sheet.note(&off, Taken, "No breaker.");
        for one in [&spot, &fails].map(Clone::clone) {
            if sheet.has(&one) {
                sheet.note(
                    &one,
                    NotUsed,
                    "There are no cooldowns: `disable_cooldowns`.",
                );
            }
        }
        return Ok(());
    }
    if sheet.has(&off) {
        sheet.note(&off, Taken, "Cooldowns are on.");
    }
    let time = written.unwrap_or(DEFAULT_COOLDOWN);
    draft.none("breaker.consecutive_failures");
    let is_exact = draft.time("breaker.open.initial", time);
    draft.time("breaker.open.max", time.max(Duration::from_secs(60)));
    draft.word("breaker.open.hint", "honour");
    draft.quirk("lone_provider_is_never_refused");
    draft.quirk_of(
        "opens_at_once",
        &["rate_limited", "quota", "auth", "model_gone"],
    );
    draft.quirk("breaker_closes_by_time");
    let says = format!(
        "A breaker stays open for {}; a Retry-After takes its place. It closes by time, and does \
         not refuse the only deployment of a group: quirks.",
        crate::units::duration::write(time)
    );
    match written.is_some() {
        true => sheet.note(&spot, if is_exact { Taken } else { Approximated }, says),
        false => sheet.default("cooldown_time", Taken, says),
    }
    allowed_fails(sheet, draft, &fails, allowed, time);
    own(sheet, draft, deployments)
}

/// When the breaker opens.
fn allowed_fails(
    sheet: &mut Sheet,
    draft: &mut Draft,
    fails: &Spot,
    allowed: Option<u64>,
    time: Duration,
) {
    match allowed {
        Some(allowed) if allowed != DEFAULT_FAILS => {
            draft.number("breaker.max_failures", allowed.saturating_add(1));
            draft.time("breaker.window", time.max(Duration::from_secs(1)));
            let says = "One more failure than this opens the breaker. LiteLLM forgets them when \
                        none came for `cooldown_time`; here a window of that length slides.";
            sheet.note(fails, Approximated, says);
        }
        _ => {
            draft.number("breaker.min_success_rate", Share::percent(50).as_parts());
            draft.time("breaker.window", Duration::from_secs(60));
            draft.number("breaker.min_attempts", 5);
            let says = "More than half of the requests of the current minute failed; here of the \
                        last 60 s, and of five at least. A 429, a 401 or a 404 opens at once: a \
                        quirk. The only deployment of a group cools there after 1,000 requests \
                        that all failed; here never.";
            match allowed.is_some() {
                true => {
                    let says = format!("3 is the default, which LiteLLM takes as unset. {says}");
                    sheet.note(fails, Approximated, says);
                }
                false => sheet.default("allowed_fails", Approximated, says),
            }
        }
    }
}

/// `cooldown_time` of single deployments.
fn own(sheet: &mut Sheet, draft: &mut Draft, deployments: &[Deployment]) -> Result<(), Diagnostic> {
    for one in deployments {
        let spot = one.params.to("cooldown_time");
        if let Some(time) = sheet.time(&spot, "s")? {
            let knob = "breaker.open.initial";
            let is_exact = draft.own(&one.name, knob, knob, nanos(time));
            let outcome = if is_exact { Taken } else { Approximated };
            sheet.note(
                &spot,
                outcome,
                "How long this provider's breaker stays open.",
            );
        }
    }
    Ok(())
}

/// `DEFAULT_COOLDOWN_TIME_SECONDS`.
pub(super) const DEFAULT_COOLDOWN: Duration = Duration::from_secs(5);
/// `litellm.allowed_fails`: this value counts as not set.
pub(super) const DEFAULT_FAILS: u64 = 3;
