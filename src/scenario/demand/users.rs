//! Users: people who wait for an answer before they ask again, and who click again.
//!
//! They are a closed loop: a slow provider slows its own load down. With a rate instead, calls
//! come whatever happens, but each may still be clicked again by its impatient user.

use std::time::Duration;

use super::super::check::bounded;
use super::super::{LONGEST_RUN, Quantiles, file};
use super::SHORTEST;
use crate::text::units::share::WHOLE;
use crate::text::units::{count, duration, share};
use crate::text::{Diagnostic, Document};

/// Users who wait for one answer before they ask again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Users {
    /// How many.
    pub count: u64,
    /// How long each thinks before a call.
    pub think: Quantiles<Duration>,
}

/// When and how users click again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserRetry {
    /// How long they wait for an answer, after each click.
    pub patience: Duration,
    /// How likely they click again then, in parts per 10^9; else they wait on.
    pub chance: u64,
    /// How often at most, for one answer.
    pub at_most: u32,
    /// Whether the call before is abandoned, as a page that is loaded again abandons it.
    pub abandons: bool,
}

/// Refuses what cannot stand beside `users`.
pub(in crate::scenario) fn check_alone(
    document: &Document,
    file: &file::Load,
) -> Result<(), Diagnostic> {
    if file.users.is_none() {
        return Ok(());
    }
    for (key, stands) in [
        ("trace", file.trace.is_some()),
        ("rate", file.rate.is_some()),
        ("arrivals", file.arrivals.is_some()),
        ("cv", file.cv.is_some()),
    ] {
        if stands {
            let message = format!("`users` decide when calls come: `{key}` cannot stand beside");
            let problem = document.problem_at_key(&["load", key], message);
            return Err(problem.hint(format!("leave out `{key}`, or `users`")));
        }
    }
    for (key, stands) in [
        ("patience", file.patience.is_some()),
        ("user_retry", file.user_retry.is_some()),
    ] {
        if stands {
            let message = format!("`{key}` belongs to the `users` here");
            let problem = document.problem_at_key(&["load", key], message);
            return Err(problem.hint(format!("write it inside of `users: {{ …, {key}: … }}`")));
        }
    }
    Ok(())
}

/// The users.
pub(super) fn users(document: &Document, file: &file::Users) -> Result<Users, Diagnostic> {
    let path = ["load", "users", "count"];
    let count = bounded(document, &path, file.count, 1..=MOST_USERS, count::write)?;
    let path = ["load", "users", "think"];
    let range = SHORTEST..=LONGEST_RUN;
    let think = file.think.checked(document, &path, range)?;
    Ok(Users { count, think })
}

/// Whether users click again: written inside of `users` when there are any, else in the load.
pub(super) fn user_retry(
    document: &Document,
    file: &file::Load,
) -> Result<Option<UserRetry>, Diagnostic> {
    let (path, patience, user_retry): (&[&str], _, _) = match &file.users {
        Some(users) => (&["load", "users"], users.patience, users.user_retry),
        None => (&["load"], file.patience, file.user_retry),
    };
    let at = |keys: &[&'static str]| [path, keys].concat();
    let (patience, user_retry) = match (patience, user_retry) {
        (None, None) => return Ok(None),
        (Some(patience), Some(user_retry)) => (patience, user_retry),
        (Some(_), None) => {
            let message = "`patience` needs `user_retry`: what users do when it ends";
            let problem = document.problem_at_key(&at(&["patience"]), message);
            return Err(problem.hint(
                "write as in `user_retry: { chance: 50%, at_most: 3 }`; users who give up have a \
                 `deadline`",
            ));
        }
        (None, Some(_)) => {
            let message = "`user_retry` needs `patience`: how long users wait before";
            let problem = document.problem_at_key(&at(&["user_retry"]), message);
            return Err(problem.hint("write as in `patience: 10s`"));
        }
    };
    let range = SHORTEST..=LONGEST_RUN;
    bounded(
        document,
        &at(&["patience"]),
        patience,
        range,
        duration::write,
    )?;
    let chance = user_retry.chance.unwrap_or(WHOLE);
    let path = at(&["user_retry", "chance"]);
    bounded(document, &path, chance, 1..=WHOLE, share::write)?;
    let at_most = user_retry.at_most.unwrap_or(1);
    let path = at(&["user_retry", "at_most"]);
    let whole = |clicks: u32| clicks.to_string();
    bounded(document, &path, at_most, 1..=MOST_CLICKS, whole)?;
    Ok(Some(UserRetry {
        patience,
        chance,
        at_most,
        abandons: user_retry.abandons.unwrap_or(true),
    }))
}
const MOST_USERS: u64 = 100_000;
const MOST_CLICKS: u32 = 1_000;
