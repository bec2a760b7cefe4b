//! The measures that are more than a counter: a function each.

use super::view::View;
use crate::report::cost;
use crate::report::fault_impact::{Aftermath, Longest};
use crate::report::ratio::Ratio;
use crate::report::run_stats::{ProviderTally, RunStats};
use crate::units::Money;

pub(super) fn usd(amount: Money) -> Ratio {
    Ratio::billionths(amount.as_nanos())
}

pub(super) fn uptime(view: &View<'_>) -> Option<Ratio> {
    let tally = &view.scope.uptime;
    Ratio::share(tally.windows.saturating_sub(tally.down), tally.windows)
}

pub(super) fn failed_attempts(view: &View<'_>) -> Option<Ratio> {
    Some(Ratio::whole(view.scope.failures(None)))
}

pub(super) fn sum_of(view: &View<'_>, of: fn(&ProviderTally) -> u64) -> Option<Ratio> {
    let counts = view.scope.providers.iter().map(of);
    Some(Ratio::whole(counts.fold(0, u64::saturating_add)))
}

pub(super) fn cost_of(view: &View<'_>) -> Money {
    cost::billed(view.scope, view.prices)
}

pub(super) fn wasted_of(view: &View<'_>) -> Money {
    cost::wasted(view.scope, view.prices)
}

pub(super) fn wasted_share(view: &View<'_>) -> Option<Ratio> {
    Ratio::share(wasted_of(view).as_nanos(), cost_of(view).as_nanos())
}

pub(super) fn cost_per_success(view: &View<'_>) -> Option<Ratio> {
    let succeeded = view.scope.succeeded;
    (succeeded > 0).then(|| usd(cost_of(view)).divided_by(succeeded))
}

/// Attempts per second at a fault's targets, relative to before the fault.
fn relative(aftermath: &Aftermath, attempts: u64, length_ns: u64) -> Option<Ratio> {
    let before = &aftermath.before;
    let now = u128::from(attempts).saturating_mul(u128::from(before.length_ns));
    let then = u128::from(before.attempts).saturating_mul(u128::from(length_ns));
    Ratio::fraction(now, then)
}

pub(super) fn load_during(view: &View<'_>, fault: usize) -> Option<Ratio> {
    let aftermath = view.state.aftermath.get(fault)?;
    let during = &aftermath.during;
    relative(aftermath, during.attempts, during.length_ns)
}

pub(super) fn thundering_herd(view: &View<'_>, fault: usize) -> Option<Ratio> {
    let aftermath = view.state.aftermath.get(fault).filter(|one| one.ends > 0)?;
    let before = &aftermath.before;
    // Below one attempt a second, one attempt by chance would look like a herd.
    if u128::from(before.attempts) * u128::from(NANOS_PER_S) < u128::from(before.length_ns) {
        return None;
    }
    relative(aftermath, aftermath.surge, NANOS_PER_S)
}

pub(super) fn peak_attempts(view: &View<'_>, provider: usize) -> Option<Ratio> {
    Some(Ratio::whole(view.scope.providers.get(provider)?.peak))
}

pub(super) fn check_uptime(view: &View<'_>, provider: usize) -> Option<Ratio> {
    let tally = view.scope.providers.get(provider)?;
    Ratio::share(tally.checks_passed, tally.checks)
}

pub(super) fn attempt_success_rate(view: &View<'_>) -> Option<Ratio> {
    let answered = view.scope.providers.iter().map(|tally| tally.answered);
    let answered = answered.fold(0, u64::saturating_add);
    Ratio::share(answered, view.scope.attempts())
}

pub(super) fn attempt_share(view: &View<'_>, provider: usize) -> Option<Ratio> {
    let tally = view.scope.providers.get(provider)?;
    Ratio::share(tally.attempts, view.scope.attempts())
}

/// All billed tokens; they are counted in thousandths.
pub(super) fn tokens(view: &View<'_>) -> Ratio {
    let billed = view.scope.providers.iter().map(|tally| {
        let billed = tally.ledger.billed();
        let prompt = billed.input.saturating_add(billed.cached);
        prompt.saturating_add(billed.output)
    });
    let thousandths = billed.fold(0, u64::saturating_add);
    Ratio::whole(thousandths).divided_by(1_000)
}

pub(super) fn tokens_per_minute(view: &View<'_>) -> Option<Ratio> {
    let length = view.scope.length_ns;
    (length > 0).then(|| tokens(view).times(NANOS_PER_MINUTE).divided_by(length))
}

pub(super) fn failover(state: &RunStats, fault: usize) -> Option<&Longest> {
    let aftermath = state.aftermath.get(fault)?;
    (aftermath.during.length_ns > 0).then_some(&aftermath.failover)
}

pub(super) fn detection(state: &RunStats, alert: usize) -> Option<&Longest> {
    let detection = &state.alerting.get(alert)?.detection;
    (detection.count > 0).then_some(detection)
}

pub(super) fn comeback(state: &RunStats, provider: usize) -> Option<&Longest> {
    let comeback = state.comebacks.get(provider)?;
    (comeback.count > 0).then_some(comeback)
}

pub(super) fn goodput(view: &View<'_>) -> Option<Ratio> {
    let succeeded = u128::from(view.scope.succeeded) * u128::from(NANOS_PER_S);
    Ratio::fraction(succeeded, u128::from(view.scope.length_ns))
}

const NANOS_PER_S: u64 = 1_000_000_000;
const NANOS_PER_MINUTE: u64 = 60 * NANOS_PER_S;
