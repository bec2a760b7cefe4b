//! The probes of one half-open breaker: a few slots, each held by one probe until it ends.
//!
//! Slots are numbered, so that each is freed once, by its own probe. With a lease, a probe that has
//! not ended in time loses its slot to the next probe; when it ends later, it frees nothing. The
//! breaker decides what a probe's result means.

use std::time::Duration;

use crate::time::Instant;

/// The slots that are held, and how many probes in a row have succeeded.
#[derive(Clone, Debug, Default)]
pub(super) struct Probes {
    held: Vec<ProbeSlot>,
    /// Slots given so far, which is the number of the latest.
    given: u64,
    successes: u32,
}

#[derive(Clone, Copy, Debug)]
struct ProbeSlot {
    name: u64,
    /// When its lease ends; none = it is held until it is freed.
    ends: Option<Instant>,
}

impl ProbeSlot {
    fn is_held(self, at: Instant) -> bool {
        self.ends.is_none_or(|ends| at < ends)
    }
}

impl Probes {
    /// Takes a free slot of `most` (0 means 1) for the lease from now on; returns its number, from
    /// 1.
    pub(super) fn take(&mut self, most: u32, lease: Option<Duration>, now: Instant) -> Option<u64> {
        if !self.has_room(most, now) {
            return None;
        }
        self.held.retain(|place| place.is_held(now));
        self.given += 1;
        self.held.push(ProbeSlot {
            name: self.given,
            ends: lease.map(|lease| now + lease),
        });
        Some(self.given)
    }

    /// Whether one of `most` slots (0 means 1) is free at that moment.
    pub(super) fn has_room(&self, most: u32, at: Instant) -> bool {
        let held = self.held.iter().filter(|place| place.is_held(at)).count();
        held < most.max(1) as usize
    }

    /// When the first of the held slots becomes free because its lease ends, if one has a lease.
    pub(super) fn frees_at(&self, now: Instant) -> Option<Instant> {
        let held = self.held.iter().filter(|place| place.is_held(now));
        held.filter_map(|place| place.ends).min()
    }

    /// Frees the slot of this number, if it is still held.
    pub(super) fn free(&mut self, name: u64) {
        self.held.retain(|place| place.name != name);
    }

    /// A probe failed, and the breaker stays half-open.
    pub(super) fn on_failure(&mut self, name: u64) {
        self.free(name);
        self.successes = 0;
    }

    /// A probe succeeded. Returns how many have succeeded in a row.
    pub(super) fn on_success(&mut self) -> u32 {
        self.successes = self.successes.saturating_add(1);
        self.successes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_freed_once_and_only_by_its_own_probe() {
        let mut probes = Probes::default();
        let first = probes.take(1, Some(Duration::from_secs(1)), at(0)).unwrap();
        assert_eq!(probes.take(1, None, at(0)), None);
        let second = probes.take(1, None, at(1)).unwrap();
        probes.free(first);
        assert!(!probes.has_room(1, at(9)), "the second holds it");
        probes.free(second);
        probes.free(second);
        assert!(probes.take(1, None, at(9)).is_some());
        assert!(!probes.has_room(1, at(9)), "one slot is held");
    }

    fn at(second: u64) -> Instant {
        Instant::START + Duration::from_secs(second)
    }
}
