//! Timeouts, and what fits into the deadline.

use std::time::Duration;

use super::Draft;
use super::view::{Slow, View};
use crate::units::duration::write;

/// One slow attempt takes all the time of the call, so that no fallback can start.
pub(super) fn fallback_starved(view: &View) -> Vec<Draft> {
    let Some((deadline, own)) = view.deadline() else {
        return Vec::new();
    };
    let slow = view.slow().into_iter();
    let starving = slow.filter(|slow| slow.count > 1 && takes_all(slow, deadline));
    let tell = |slow: Slow| {
        let what = match slow.each {
            Some(each) => format!("one attempt may take {} (`{}`)", write(each), slow.key),
            None => "one attempt may take as long as the whole call".to_owned(),
        };
        let message = format!("{what}, and {} after {}", ending(own), write(deadline));
        let share = Duration::from_nanos(crate::time::nanos(deadline) / u64::from(slow.count));
        Draft::at(&[&["timeouts", slow.key], &["timeouts"]], message)
            .because("a provider that hangs uses up the call: the attempts behind it never run")
            .instead(format!(
                "write less than `{}: {}`, so that {} attempts find room",
                slow.key,
                write(rounded(share)),
                slow.count
            ))
    };
    starving.map(tell).collect()
}

fn takes_all(slow: &Slow, deadline: Duration) -> bool {
    slow.each.is_none_or(|each| each >= deadline)
}

/// The attempts of a call do not fit into its deadline when each takes its full timeout.
pub(super) fn timeouts_beyond_deadline(view: &View) -> Vec<Draft> {
    let Some((deadline, own)) = view.deadline() else {
        return Vec::new();
    };
    let slow = view.slow().into_iter();
    let tell = |slow: Slow| {
        let each = slow.each.filter(|each| *each < deadline)?;
        let sum = each.saturating_mul(slow.count).saturating_add(slow.waits);
        if sum <= deadline {
            return None;
        }
        let fit = (deadline.as_nanos() / each.as_nanos().max(1)).max(1);
        let message = format!(
            "{} attempts of up to {} (`{}`) come to {}, and {} after {}",
            slow.count,
            write(each),
            slow.key,
            write(sum),
            ending(own),
            write(deadline)
        );
        let why = format!("while providers hang, only {fit} of them find room");
        let share = deadline.saturating_sub(slow.waits) / slow.count;
        let shorter = match share < Duration::from_secs(1) {
            true => String::new(),
            false => format!("`{}: {}`, or ", slow.key, write(rounded(share))),
        };
        let instead =
            format!("write at most {shorter}`max_attempts: {fit}` in all, or a longer deadline");
        let paths: [&[&str]; 3] = [
            &["timeouts", slow.key],
            &["retry", "max_attempts"],
            &["timeouts"],
        ];
        Some(Draft::at(&paths, message).because(why).instead(instead))
    };
    slow.filter_map(tell).collect()
}

fn ending(own: bool) -> &'static str {
    match own {
        true => "the call ends (`call`)",
        false => "its caller leaves",
    }
}

/// Rounded down to whole seconds, if it is at least one second.
fn rounded(length: Duration) -> Duration {
    match length.as_secs() {
        0 => Duration::from_millis(u64::try_from(length.as_millis()).unwrap_or(u64::MAX).max(1)),
        seconds => Duration::from_secs(seconds),
    }
}

/// A timeout that never fires, since another one always fires before it.
pub(super) fn timeout_never_fires(view: &View) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for spot in view.spots() {
        let timeouts = &spot.settings.timeouts;
        let pairs = [
            (
                "connect",
                timeouts.connect,
                "first_token",
                timeouts.first_token,
            ),
            ("connect", timeouts.connect, "attempt", timeouts.attempt),
            (
                "first_token",
                timeouts.first_token,
                "attempt",
                timeouts.attempt,
            ),
            ("idle", timeouts.idle, "attempt", timeouts.attempt),
        ];
        for (key, inner, other, outer) in pairs {
            let (Some(inner), Some(outer)) = (inner, outer) else {
                continue;
            };
            if inner < outer {
                continue;
            }
            let message = format!(
                "`{key}: {}` never fires: `{other}: {}` comes first",
                write(inner),
                write(outer)
            );
            let paths = [
                spot.path(&["timeouts", key]),
                spot.path(&["timeouts", other]),
            ];
            let paths = paths.each_ref().map(Vec::as_slice);
            drafts.push(
                Draft::at(&paths, message)
                    .because(format!(
                        "what was to be noticed early costs all of `{other}`"
                    ))
                    .instead(format!(
                        "write a `{key}` well below `{other}`, or leave it out"
                    )),
            );
        }
    }
    drafts
}

/// No timeout ends an attempt at a provider that sends nothing.
pub(super) fn no_timeout(view: &View) -> Vec<Draft> {
    let timeouts = &view.policy.timeouts;
    let of_call = timeouts.attempt.or(timeouts.call).or(view.around.deadline);
    let of_stream = timeouts.first_token.and(timeouts.idle);
    if of_call.is_some() || (of_stream.is_some() && !view.has_plain()) {
        return Vec::new();
    }
    let message = match (timeouts.first_token, timeouts.idle) {
        (Some(_), None) => "a stream that stalls is waited for without end",
        (None, Some(_)) => "a provider that never begins to answer is waited for without end",
        _ => "an answer that never comes is waited for without end",
    };
    vec![
        Draft::at(&[&["timeouts"]], message)
            .because("silence is how providers fail most quietly: no error comes, and nothing ends")
            .instead("write `attempt: 30s` under `timeouts`; for streams `first_token` and `idle`"),
    ]
}
