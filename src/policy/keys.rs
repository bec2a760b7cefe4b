//! The API keys of one provider: which to use, and which to rest for a while.
//!
//! The key that last worked is used while it is not resting. Without it, it is the key that was
//! refused the fewest times in a row (for its account's money, or as a key) among those that are
//! not resting, the first of several: a key known to be dead is tried after every other one, so a
//! call does not spend its attempts on such keys. There is always a key: when all are resting, the
//! one that stops resting first. Failures that say nothing about the key (the provider is down, the
//! request is wrong) rest no key. For a provider with one key nothing is stored.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::classify::FailureClass;
use crate::time::Instant;

/// A key's number among those of its provider, from 0.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct KeyId(pub u16);

/// The keys of one provider.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    /// What is known of each; empty if there is only one.
    known: Vec<Known>,
    /// The key that last worked.
    worked: KeyId,
}

/// What is known of one key.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// Until when it rests.
    until: Instant,
    /// How often it was refused since it last worked.
    refusals: u32,
}

impl Keys {
    /// This many keys, none of them resting; 0 counts as 1.
    pub(crate) fn new(count: u16) -> Self {
        let count = if count > 1 { usize::from(count) } else { 0 };
        Self {
            known: vec![Known::default(); count],
            worked: KeyId(0),
        }
    }

    /// The key for an attempt that starts now.
    pub(crate) fn pick(&self, now: Instant) -> KeyId {
        // A key that has rested long enough is judged by its refusals alone.
        let rank = |(key, known): &(KeyId, Known)| {
            let has_worked = *key == self.worked && known.refusals == 0;
            (known.until.max(now), !has_worked, known.refusals)
        };
        let best = self.each().min_by_key(rank);
        best.map_or(KeyId(0), |(key, _)| key)
    }

    /// The key to use at once after a failure with `failed`: of those that are not resting the one
    /// that was refused the fewest times, the next behind `failed` of several, wrapping around.
    pub(crate) fn other(&self, failed: KeyId, now: Instant) -> Option<KeyId> {
        self.other_than(failed, &|_| false, now)
    }

    /// The same, without the keys for which `is_tried` is true.
    pub(crate) fn other_than(
        &self,
        failed: KeyId,
        is_tried: &dyn Fn(KeyId) -> bool,
        now: Instant,
    ) -> Option<KeyId> {
        let behind = self.each().filter(|(key, _)| *key > failed);
        let before = self.each().filter(|(key, _)| *key < failed);
        let free = behind
            .chain(before)
            .filter(|(key, known)| known.until <= now && !is_tried(*key));
        let best = free.min_by_key(|(_, known)| known.refusals);
        best.map(|(key, _)| key)
    }

    /// An attempt with this key was answered: it is used from now on.
    pub(crate) fn on_success(&mut self, key: KeyId) {
        if let Some(known) = self.known.get_mut(usize::from(key.0)) {
            known.refusals = 0;
            self.worked = key;
        }
    }

    /// An attempt with this key failed. If the failure may be due to the key, it rests for a while,
    /// or for as long as the provider asks.
    ///
    /// After a rate limit it rests for as long as the hint says, else for 5 s. After a used-up
    /// quota, and after it was not accepted or not permitted, it rests for 5 min, and twice as long
    /// after each further refusal, up to an hour; after a quota longer if the hint says so. A hint
    /// counts for at most an hour, and a later failure never shortens the rest.
    pub(crate) fn on_failure(
        &mut self,
        key: KeyId,
        class: FailureClass,
        hint: Option<Duration>,
        now: Instant,
    ) {
        let Some(known) = self.known.get_mut(usize::from(key.0)) else {
            return;
        };
        let hint = hint.map(|hint| hint.min(LONGEST));
        let rest = match class {
            FailureClass::RateLimited => hint.unwrap_or(RATE_LIMITED),
            FailureClass::Quota => hint.unwrap_or_default().max(known.refuse()),
            FailureClass::Auth | FailureClass::Forbidden => known.refuse(),
            _ => return,
        };
        known.until = known.until.max(now + rest);
    }

    fn each(&self) -> impl Iterator<Item = (KeyId, Known)> + '_ {
        (0..).map(KeyId).zip(self.known.iter().copied())
    }
}

impl Known {
    /// It was refused once more: how long it rests.
    fn refuse(&mut self) -> Duration {
        let rest = REFUSED.saturating_mul(1 << self.refusals.min(8));
        self.refusals = self.refusals.saturating_add(1);
        rest.min(LONGEST)
    }
}

/// How long a key rests after a rate limit without a hint: LiteLLM's default cooldown. It costs
/// little, since one key is always in use.
const RATE_LIMITED: Duration = Duration::from_secs(5);

/// How long a key rests that has no quota, or is not accepted, the first time: long enough not to
/// waste attempts until an operator fixes it, short enough to notice the fix soon.
const REFUSED: Duration = Duration::from_secs(300);

/// The longest rest. A longer hint is more likely a mistake.
const LONGEST: Duration = Duration::from_secs(3_600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_of_one_key_has_nothing_to_choose() {
        for count in [0, 1] {
            let mut keys = Keys::new(count);
            fail(&mut keys, 0, FailureClass::Auth, None, 0);
            assert_eq!(keys.pick(at(0)), KeyId(0));
            assert_eq!(keys.other(KeyId(0), at(0)), None);
            assert_eq!(keys.known.capacity(), 0, "nothing is stored");
        }
    }

    #[test]
    fn the_first_key_that_is_not_left_alone_is_in_use() {
        let mut keys = Keys::new(3);
        assert_eq!(keys.pick(at(0)), KeyId(0));
        fail(&mut keys, 0, FailureClass::RateLimited, Some(20), 0);
        assert_eq!(keys.pick(at(0)), KeyId(1));
        fail(&mut keys, 1, FailureClass::RateLimited, Some(5), 0);
        assert_eq!(keys.pick(at(4)), KeyId(2));
        assert_eq!(keys.pick(at(5)), KeyId(1));
        assert_eq!(keys.pick(at(20)), KeyId(0));
    }

    #[test]
    fn when_all_are_left_alone_the_one_whose_time_is_up_first_is_used() {
        let mut keys = Keys::new(3);
        for (key, hint) in [(0, 30), (1, 10), (2, 20)] {
            fail(&mut keys, key, FailureClass::RateLimited, Some(hint), 0);
        }
        assert_eq!(keys.pick(at(1)), KeyId(1));
        assert_eq!(keys.other(KeyId(1), at(1)), None, "the other rests");
        assert_eq!(keys.other(KeyId(1), at(20)), Some(KeyId(2)));
    }

    #[test]
    fn another_key_is_the_next_behind_and_around() {
        let mut keys = Keys::new(3);
        assert_eq!(keys.other(KeyId(0), at(0)), Some(KeyId(1)));
        assert_eq!(keys.other(KeyId(2), at(0)), Some(KeyId(0)));
        fail(&mut keys, 1, FailureClass::Auth, None, 0);
        assert_eq!(keys.other(KeyId(0), at(0)), Some(KeyId(2)));
        fail(&mut keys, 2, FailureClass::Auth, None, 0);
        assert_eq!(keys.other(KeyId(0), at(0)), None);
    }

    #[test]
    fn each_class_leaves_a_key_alone_for_its_time() {
        use FailureClass::{Auth, Forbidden, Quota, RateLimited};
        for (class, hint, seconds) in [
            (RateLimited, None, 5),
            (RateLimited, Some(0), 0),
            (RateLimited, Some(42), 42),
            (RateLimited, Some(u64::MAX), 3_600),
            (Quota, None, 300),
            (Quota, Some(10), 300),
            (Quota, Some(900), 900),
            (Auth, Some(10), 300),
            (Forbidden, None, 300),
        ] {
            let mut keys = Keys::new(2);
            fail(&mut keys, 0, class, hint, 7);
            assert_eq!(keys.known[0].until, at(7 + seconds), "{class:?} {hint:?}");
        }
    }

    #[test]
    fn what_says_nothing_about_the_key_leaves_none_alone() {
        use FailureClass::{Auth, Forbidden, Quota, RateLimited};
        for class in FailureClass::ALL {
            let mut keys = Keys::new(2);
            fail(&mut keys, 0, class, Some(10), 0);
            let is_the_keys = [RateLimited, Quota, Auth, Forbidden].contains(&class);
            assert_eq!(keys.pick(at(0)) == KeyId(1), is_the_keys, "{class:?}");
        }
    }

    #[test]
    fn the_key_that_last_worked_is_used_first() {
        let mut keys = Keys::new(3);
        fail(&mut keys, 0, FailureClass::RateLimited, Some(5), 0);
        keys.on_success(KeyId(1));
        assert_eq!(keys.pick(at(9)), KeyId(1), "key 0 has rested");
        fail(&mut keys, 1, FailureClass::RateLimited, Some(5), 9);
        assert_eq!(keys.pick(at(9)), KeyId(0));
    }

    #[test]
    fn dead_keys_are_tried_last_though_they_have_rested() {
        let mut keys = Keys::new(5);
        for key in 0..3 {
            fail(&mut keys, key, FailureClass::Quota, None, 0);
        }
        assert_eq!(keys.pick(at(9_000)), KeyId(3));
        assert_eq!(keys.other(KeyId(3), at(9_000)), Some(KeyId(4)));
        fail(&mut keys, 3, FailureClass::Auth, None, 9_000);
        keys.on_success(KeyId(4));
        assert_eq!(keys.pick(at(99_000)), KeyId(4));
        assert_eq!(keys.other(KeyId(4), at(99_000)), Some(KeyId(0)));
    }

    #[test]
    fn each_refusal_in_a_row_doubles_the_rest_up_to_an_hour() {
        let mut keys = Keys::new(2);
        let mut now = 0;
        for minutes in [5, 10, 20, 40, 60, 60] {
            fail(&mut keys, 0, FailureClass::Auth, None, now);
            now += minutes * 60;
            assert_eq!(keys.known[0].until, at(now), "{minutes}");
        }
        keys.on_success(KeyId(0));
        fail(&mut keys, 0, FailureClass::Auth, None, now);
        assert_eq!(keys.known[0].until, at(now + 300), "it had worked");
    }

    #[test]
    fn later_news_never_makes_the_time_shorter() {
        let mut keys = Keys::new(2);
        fail(&mut keys, 0, FailureClass::Auth, None, 0);
        fail(&mut keys, 0, FailureClass::RateLimited, Some(1), 10);
        assert_eq!(keys.known[0].until, at(300));
    }

    #[test]
    fn a_key_that_there_is_not_is_nobodys_matter() {
        let mut keys = Keys::new(2);
        fail(&mut keys, 9, FailureClass::Auth, None, 0);
        assert_eq!(keys.pick(at(0)), KeyId(0));
        assert_eq!(keys.other(KeyId(9), at(0)), Some(KeyId(0)));
    }

    fn fail(keys: &mut Keys, key: u16, class: FailureClass, hint: Option<u64>, second: u64) {
        keys.on_failure(KeyId(key), class, hint.map(Duration::from_secs), at(second));
    }

    fn at(second: u64) -> Instant {
        Instant::START + Duration::from_secs(second)
    }
}
