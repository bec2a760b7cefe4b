//! The keys of one provider: which to use, and which to leave alone for a while.
//!
//! The first key that is not left alone is in use; the others wait for its trouble. There is always
//! a key: when all are left alone, the one whose time is up first. Failures that say nothing about
//! the key (the provider is down, the request is wrong) leave no key alone. A provider of one key
//! has nothing to choose, and keeps nothing.

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
    /// Until when each is left alone; empty if there is but one.
    until: Vec<Instant>,
}

impl Keys {
    /// So many keys, all good; none at all counts as one.
    pub(crate) fn new(count: u16) -> Self {
        let count = if count > 1 { usize::from(count) } else { 0 };
        Self {
            until: vec![Instant::START; count],
        }
    }

    /// The key for an attempt that starts now: the one in use, unless it is left alone.
    pub(crate) fn pick(&self, now: Instant) -> KeyId {
        // Whoever's time is up is as good as whoever was never left alone.
        let soonest = self.each().min_by_key(|(_, until)| (*until).max(now));
        soonest.map_or(KeyId(0), |(key, _)| key)
    }

    /// A key that an attempt after a failure with `failed` can use at once, if there is one that is
    /// not left alone: the next behind it, and around.
    pub(crate) fn other(&self, failed: KeyId, now: Instant) -> Option<KeyId> {
        self.other_than(failed, &|_| false, now)
    }

    /// The same, without those that are not to be used for another reason.
    pub(crate) fn other_than(
        &self,
        failed: KeyId,
        is_tried: &dyn Fn(KeyId) -> bool,
        now: Instant,
    ) -> Option<KeyId> {
        let behind = self.each().filter(|(key, _)| *key > failed);
        let before = self.each().filter(|(key, _)| *key < failed);
        let mut others = behind.chain(before);
        let found = others.find(|(key, until)| *until <= now && !is_tried(*key));
        found.map(|(key, _)| key)
    }

    /// An attempt with this key failed in a way that may be the key's: it is left alone for a
    /// while, or for as long as the provider asks.
    ///
    /// A rate limit is the key's for as long as the hint says, else for 5 s; a quota for 5 min, or
    /// longer if the hint says so; a key that was not accepted, or may not do this, for 5 min. No
    /// hint counts for more than an hour, and later news never makes the time shorter.
    pub(crate) fn on_failure(
        &mut self,
        key: KeyId,
        class: FailureClass,
        hint: Option<Duration>,
        now: Instant,
    ) {
        let hint = hint.map(|hint| hint.min(HINT_MOST));
        let left_alone = match class {
            FailureClass::RateLimited => hint.unwrap_or(RATE_LIMITED),
            FailureClass::Quota => hint.unwrap_or_default().max(REFUSED),
            FailureClass::Auth | FailureClass::Forbidden => REFUSED,
            _ => return,
        };
        if let Some(until) = self.until.get_mut(usize::from(key.0)) {
            *until = (*until).max(now + left_alone);
        }
    }

    fn each(&self) -> impl Iterator<Item = (KeyId, Instant)> + '_ {
        (0..).map(KeyId).zip(self.until.iter().copied())
    }
}

/// How long a key rests after a rate limit that says nothing: what LiteLLM has as its cooldown. It
/// costs little, since the last key is never left alone for good.
const RATE_LIMITED: Duration = Duration::from_secs(5);

/// How long a key rests that has no money, or is not accepted: somebody has to mend that, and it
/// should be found out soon after.
const REFUSED: Duration = Duration::from_secs(300);

/// A hint beyond this is more likely a mistake than a promise.
const HINT_MOST: Duration = Duration::from_secs(3_600);

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
            assert_eq!(keys.until.capacity(), 0, "it keeps nothing");
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
        assert_eq!(keys.other(KeyId(1), at(1)), None, "none is good at once");
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
            assert_eq!(keys.until[0], at(7 + seconds), "{class:?} {hint:?}");
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
    fn later_news_never_makes_the_time_shorter() {
        let mut keys = Keys::new(2);
        fail(&mut keys, 0, FailureClass::Auth, None, 0);
        fail(&mut keys, 0, FailureClass::RateLimited, Some(1), 10);
        assert_eq!(keys.pick(at(299)), KeyId(1));
        assert_eq!(keys.pick(at(300)), KeyId(0));
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
