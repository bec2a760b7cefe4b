//! Users: closed-loop users, each of which waits for an answer before the next call; and retries by
//! users.
//!
//! In a closed loop a slow provider reduces its own load. With a rate, calls arrive regardless, but
//! the user of a call may still retry it.

use std::time::Duration;

use crate::text::Diagnostic;
use crate::text::place::Place;
use crate::text::quantiles::Quantiles;
use crate::text::section::section;
use crate::time::{LONGEST_RUN, SHORTEST};
#[cfg(feature = "cli")]
use crate::units::schema::Whole;
use crate::units::{Length, Share};

section! {
    /// `users`.
    #[derive(Clone, Copy, Debug, PartialEq)]
    #[non_exhaustive]
    pub struct Users [Serialize] ("Users") {
        /// The number of users.
        required pub count: u64, in 1..=100_000, schema Whole;
        /// The think time of a user before a call.
        required pub think: Quantiles<Duration>, in SHORTEST..=LONGEST_RUN;
        /// After this long without an answer, a user may retry.
        optional pub(super) patience: Duration as Length, in SHORTEST..=LONGEST_RUN;
        /// How they retry.
        optional pub(super) user_retry: UserRetry;
    }
}

section! {
    /// `user_retry`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct UserRetry [Serialize] ("UserRetry") {
        /// The probability of a retry; otherwise the user waits on. 100% by default.
        default pub chance: Share = Share::WHOLE, in Share::from_parts(1)..=Share::WHOLE;
        /// The most retries for one answer; 1 by default.
        default pub at_most: u32 = 1, in 1..=1_000, schema Whole;
        /// Whether a retry cancels the previous call, as reloading a page does; `true` by default.
        default pub abandons: bool = true;
    } beside {
        /// How long users wait for an answer, after each click. It is written beside `user_retry`.
        pub patience: Duration,
    }
}

impl UserRetry {
    /// Joins the two keys of user retries, of which neither stands alone.
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
        Ok(Some(Self {
            patience,
            ..user_retry
        }))
    }
}
