//! Which failures are retried, and how much load and time that adds.

use super::Draft;
use super::view::{OUTAGE, View, waits};
use crate::policy::classify::{Action, FailureClass};
use crate::policy::config::Jitter;
use crate::units::duration::write;

/// The waits between attempts alone are longer than the call's deadline.
pub(super) fn waits_beyond_deadline(view: &View) -> Vec<Draft> {
    let Some((deadline, _)) = view.deadline() else {
        return Vec::new();
    };
    let retry = &view.policy.retry;
    let returns = OUTAGE.iter().any(|class| view.returns_after(*class));
    let sum = waits(&retry.backoff, view.per_provider(), view.per_provider());
    if !returns || sum <= deadline {
        return Vec::new();
    }
    let fits = |attempts: &u32| waits(&retry.backoff, *attempts, *attempts) <= deadline;
    let most = (1..view.per_provider()).rev().find(fits).unwrap_or(1);
    let message = format!(
        "{} attempts at one provider wait {} in between, and the call has {}",
        view.per_provider(),
        write(sum),
        write(deadline)
    );
    vec![
        Draft::at(
            &[
                &["retry", "max_attempts_per_provider"],
                &["retry", "max_attempts"],
                &["retry"],
            ],
            message,
        )
        .because("the last attempts are never made, however fast the others fail")
        .instead(format!(
            "write `max_attempts_per_provider: {most}`, or a lower `backoff.max`"
        )),
    ]
}

/// Without jitter, clients that failed together retry together.
pub(super) fn no_jitter(view: &View) -> Vec<Draft> {
    let returns = |class: &FailureClass| view.returns_after(*class);
    if !FailureClass::ALL.iter().any(returns) {
        return Vec::new();
    }
    let mut drafts = Vec::new();
    for spot in view.spots() {
        let even = match spot.settings.backoff.jitter {
            Jitter::None => true,
            Jitter::Between(from, to) => from == to,
            _ => false,
        };
        if even {
            let path = spot.path(&["retry", "backoff", "jitter"]);
            drafts.push(
                Draft::at(&[&path], "retries come back without jitter")
                    .because("calls that failed together return together, again and again")
                    .instead("write `jitter: full`"),
            );
        }
    }
    drafts
}

/// Retries at the first providers leave no attempt for the later ones.
pub(super) fn retries_multiply(view: &View) -> Vec<Draft> {
    let retry = &view.policy.retry;
    let known = u32::try_from(view.around.providers.len()).unwrap_or(u32::MAX);
    let reached = retry.max_attempts.div_ceil(view.per_provider());
    let returns = OUTAGE.iter().any(|class| view.returns_after(*class));
    if !returns || !view.falls_back() || reached >= known {
        return Vec::new();
    }
    let message = format!(
        "{} attempts, {} per provider, reach {reached} of {known} providers",
        retry.max_attempts,
        view.per_provider()
    );
    let paths: [&[&str]; 3] = [
        &["retry", "max_attempts_per_provider"],
        &["retry", "max_attempts"],
        &["retry"],
    ];
    vec![
        Draft::at(&paths, message)
            .because("in an outage the same provider fails again: the others are never asked")
            .instead(format!(
                "write `max_attempts_per_provider: {}`, or `fallback` for these classes under \
                    `failures`",
                (retry.max_attempts / known).max(1)
            )),
    ]
}

/// A failure that a wait does not fix is retried.
pub(super) fn retry_in_vain(view: &View) -> Vec<Draft> {
    let lasting = |class: &FailureClass| class.action() != Action::Retry;
    let in_vain = FailureClass::ALL.into_iter().filter(lasting);
    let in_vain = in_vain.filter(|class| view.returns_after(*class));
    let tell = |class: FailureClass| {
        let (why, instead) = match class.action() {
            Action::Stop => (
                "the request itself is refused: it will be refused again, and paid for again",
                "stop",
            ),
            _ => (
                "a retry at this provider fails until the cause is fixed",
                "fallback",
            ),
        };
        let message = format!("`{class}` is tried again at the same provider");
        Draft::at(&[&["failures", class.name()], &["failures"]], message)
            .because(why)
            .instead(format!("write `{class}: {instead}`"))
    };
    in_vain.map(tell).collect()
}

/// Many clients retry, and no budget limits the load that retries add.
pub(super) fn no_retry_budget(view: &View) -> Vec<Draft> {
    let retry = &view.policy.retry;
    let clients = view.around.clients.unwrap_or(1);
    let returns = OUTAGE.iter().any(|class| view.returns_after(*class));
    if clients < 2 || !returns || retry.budget.is_some() {
        return Vec::new();
    }
    let message = format!("{clients} clients retry without a budget");
    let why = format!(
        "in an outage a provider gets up to {} times its load, just when it is weakest",
        view.per_provider()
    );
    vec![
        Draft::at(&[&["retry", "budget"], &["retry"]], message)
            .because(why)
            .instead("write `budget: {}` under `retry`: a fifth on top"),
    ]
}
