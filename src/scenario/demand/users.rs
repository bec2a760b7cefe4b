//! Users: closed-loop users, each of which waits for an answer before the next call; and retries by
//! users.
//!
//! In a closed loop a slow provider reduces its own load. With a rate, calls arrive regardless, but
//! the user of a call may still retry it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::tasks::all;
use crate::scenario::check::{LONGEST_RUN, SHORTEST};
use crate::scenario::place::{Place, text};
use crate::scenario::quantiles::Quantiles;
use crate::text::Diagnostic;
#[cfg(feature = "cli")]
use crate::units::schema;
use crate::units::{Share, count, duration};

/// `users`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Users {
    /// The number of users.
    #[cfg_attr(feature = "cli", schemars(with = "schema::Whole"))]
    pub count: u64,
    /// The think time of a user before a call.
    pub think: Quantiles<Duration>,
    /// After this long without an answer, a user may retry.
    #[serde(
        default,
        with = "duration::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "cli", schemars(with = "schema::Length"))]
    pub(super) patience: Option<Duration>,
    /// How they retry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_retry: Option<UserRetry>,
}

/// `user_retry`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct UserRetry {
    /// How long users wait for an answer, after each click. It is written beside `user_retry`.
    #[serde(skip)]
    pub patience: Duration,
    /// The probability of a retry; otherwise the user waits on. 100% by default.
    #[serde(default = "all")]
    pub chance: Share,
    /// The most retries for one answer; 1 by default.
    #[serde(default = "once")]
    #[cfg_attr(feature = "cli", schemars(with = "Option<schema::Whole>"))]
    pub at_most: u32,
    /// Whether a retry cancels the previous call, as reloading a page does; `true` by default.
    #[serde(default = "abandoned")]
    pub abandons: bool,
}

const fn once() -> u32 {
    1
}

const fn abandoned() -> bool {
    true
}

impl Users {
    /// Checks the keys that only users have.
    pub(super) fn check(&self, place: &Place<'_>) -> Result<(), Diagnostic> {
        place
            .within("count", self.count, 1..=MOST_USERS, count::write)?
            .quantiles("think", self.think, SHORTEST..=LONGEST_RUN)?;
        Ok(())
    }
}

impl UserRetry {
    /// Checks the two keys of user retries, and joins them.
    pub(super) fn joined(
        place: &Place<'_>,
        patience: Option<Duration>,
        user_retry: Option<Self>,
    ) -> Result<Option<Self>, Diagnostic> {
        let (patience, user_retry) = match (patience, user_retry) {
            (None, None) => return Ok(None),
            (Some(patience), Some(user_retry)) => (patience, user_retry),
            (Some(_), None) => {
                let message = "`patience` needs `user_retry`: what users do when it ends";
                return Err(place.problem_at_key("patience", message).hint(
                    "write as in `user_retry: { chance: 50%, at_most: 3 }`; users who give up \
                     have a `deadline`",
                ));
            }
            (None, Some(_)) => {
                let message = "`user_retry` needs `patience`: how long users wait before";
                let problem = place.problem_at_key("user_retry", message);
                return Err(problem.hint("write as in `patience: 10s`"));
            }
        };
        place.length("patience", patience, SHORTEST)?;
        place
            .inside("user_retry")
            .within(
                "chance",
                user_retry.chance,
                Share::from_parts(1)..=Share::WHOLE,
                text,
            )?
            .within("at_most", user_retry.at_most, 1..=MOST_CLICKS, text)?;
        Ok(Some(Self {
            patience,
            ..user_retry
        }))
    }
}

const MOST_USERS: u64 = 100_000;
const MOST_CLICKS: u32 = 1_000;
