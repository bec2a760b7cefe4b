//! Calls that wait in the queue.

use super::Draft;
use super::view::View;
use crate::policy::config::WhenUnavailable;
use crate::units::duration::write;

/// Calls would wait for the return of a provider, and none can be refused, or its return comes
/// after the longest wait.
pub(super) fn waits_in_vain(view: &View) -> Vec<Draft> {
    let Some(queue) = view
        .policy
        .queue
        .as_ref()
        .filter(|_| waits_for_return(view))
    else {
        return Vec::new();
    };
    let key: &[&str] = &["queue", "when_unavailable"];
    if !may_be_refused(view) {
        let message = "calls wait for refused providers, and nothing refuses a provider";
        return vec![
            Draft::at(&[key, &["queue"]], message)
                .because("there is no breaker, no `outlier` and no `health_check`")
                .instead("write `breaker: {}`, or `when_unavailable: fail`"),
        ];
    }
    let spots = view.spots();
    let opens = spots
        .iter()
        .filter_map(|spot| spot.settings.breaker.as_ref());
    let Some(open) = opens.map(|breaker| breaker.open.initial).min() else {
        return Vec::new();
    };
    if queue.max_wait >= open || view.policy.outlier.is_some() {
        return Vec::new();
    }
    let (most, open) = (write(queue.max_wait), write(open));
    let message = format!("calls wait for {most} at most, and a breaker stays open for {open}");
    vec![
        Draft::at(&[&["queue", "max_wait"], key], message)
            .because("a call whose wait would end before the provider returns fails at once")
            .instead(format!(
                "write `max_wait: {open}` or more, or a shorter `open.initial`"
            )),
    ]
}

/// Whether calls wait for the return of a provider, if there is one to wait for.
pub(super) fn waits_for_return(view: &View) -> bool {
    let queue = view.policy.queue.as_ref();
    queue.is_some_and(|queue| queue.when_unavailable == WhenUnavailable::Wait)
}

/// Whether anything refuses a provider for its health.
fn may_be_refused(view: &View) -> bool {
    let policy = view.policy;
    let spots = view.spots();
    let mut breakers = spots.iter().map(|spot| spot.settings.breaker.is_some());
    policy.outlier.is_some() || policy.health_check.is_some() || breakers.any(|is_there| is_there)
}
