//! Claims about when work begins, and how fast it is; the last two compare with theory and bounds.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::rng::{Purpose, RngStreams};
use crate::scenario::Degrade;
use crate::time::nanos;

fn capacity(slots: u64, queue: u64) -> Capacity {
    Capacity {
        slots,
        queue,
        slowdown: Factor::ONE,
        degrade: None,
    }
}

fn at(ms: u64) -> Instant {
    Instant::from_nanos(ms * 1_000_000)
}

/// The start of work of `ms` milliseconds that comes at `now`.
fn work(slots: &mut Slots, now: u64, ms: u64) -> Result<u64, QueueFull> {
    let place = slots.admit(at(now), Share::WHOLE)?;
    slots.occupy(place, place.start + Duration::from_millis(ms));
    Ok(place.start.as_nanos() / 1_000_000)
}

#[test]
fn what_is_shown_tells_work_from_waiting() {
    let mut slots = Slots::new(Some(capacity(2, 5)));
    for _ in 0..5 {
        work(&mut slots, 0, 100).unwrap();
    }
    let shown = |slots: &mut Slots, ms, left| {
        let state = slots.state(at(ms), left).expect("it has a capacity");
        (state.slots, state.busy, state.waiting)
    };
    assert_eq!(shown(&mut slots, 50, Share::WHOLE), (2, 2, 3));
    assert_eq!(shown(&mut slots, 150, Share::percent(50)), (1, 2, 1));
    assert_eq!(shown(&mut slots, 300, Share::WHOLE), (2, 0, 0));
    assert_eq!(Slots::new(None).state(at(0), Share::WHOLE), None);
}

#[test]
fn without_a_capacity_everything_begins_at_once() {
    let mut slots = Slots::new(None);
    for _ in 0..1_000 {
        assert_eq!(work(&mut slots, 5, 1_000), Ok(5));
    }
}

#[test]
fn who_comes_next_begins_when_the_earliest_slot_is_free() {
    let mut slots = Slots::new(Some(capacity(2, 2)));
    assert_eq!(work(&mut slots, 0, 100), Ok(0));
    assert_eq!(work(&mut slots, 0, 30), Ok(0));
    assert_eq!(work(&mut slots, 10, 100), Ok(30));
    assert_eq!(work(&mut slots, 10, 100), Ok(100));
    assert_eq!(work(&mut slots, 10, 100), Err(QueueFull));
    let busy = [10, 30, 100, 150, 200].map(|ms| slots.busy(at(ms)).of(2));
    assert_eq!(busy, [2, 2, 2, 1, 0]);
    assert_eq!(work(&mut slots, 29, 100), Err(QueueFull));
    assert_eq!(work(&mut slots, 30, 100), Ok(130));
    assert_eq!(work(&mut slots, 500, 100), Ok(500));
}

#[test]
fn a_place_that_is_not_occupied_is_free() {
    let mut slots = Slots::new(Some(capacity(1, 0)));
    let free = slots.admit(at(0), Share::WHOLE);
    assert_eq!(slots.admit(at(0), Share::WHOLE), free);
    assert_eq!(work(&mut slots, 0, 100), Ok(0));
    assert_eq!(slots.admit(at(0), Share::WHOLE), Err(QueueFull));
}

#[test]
fn work_takes_longer_the_more_are_at_it() {
    let mut slots = Slots::new(Some(Capacity {
        slowdown: Factor::milli(2_500),
        ..capacity(4, 9)
    }));
    let slow: Vec<u64> = (0..6)
        .map(|_| {
            let place = slots.admit(at(0), Share::WHOLE).unwrap();
            slots.occupy(place, place.start + Duration::from_secs(1));
            place.slowdown.as_milli()
        })
        .collect();
    assert_eq!(slow, [1_000, 1_500, 2_000, 2_500, 1_000, 1_500]);
}

#[test]
fn an_outage_frees_what_was_lost_with_it() {
    let mut slots = Slots::new(Some(capacity(1, 5)));
    for _ in 0..6 {
        work(&mut slots, 0, 1_000).unwrap();
    }
    slots.clear();
    assert_eq!(work(&mut slots, 10, 1_000), Ok(10));
}

#[test]
fn slots_that_a_fault_takes_away_are_missed_by_those_who_come_then() {
    let mut slots = Slots::new(Some(capacity(4, 9)));
    for ms in [100, 200, 300, 400] {
        work(&mut slots, 0, ms).unwrap();
    }
    let half = slots.admit(at(0), Share::percent(50)).unwrap();
    assert_eq!(half.start, at(300));
    assert_eq!(slots.admit(at(0), Share::ZERO), Err(QueueFull));
    assert_eq!(work(&mut slots, 0, 100), Ok(100));
}

#[test]
fn overload_takes_slots_and_they_come_back_slowly() {
    let mut slots = Slots::new(Some(Capacity {
        degrade: Some(Degrade {
            to: Share::percent(50),
            within: Duration::from_secs(10),
            recover: Duration::from_secs(100),
        }),
        ..capacity(4, 1_000)
    }));
    // Four calls of a second each second would just fit: with one more, it never recovers.
    let mut started = Vec::new();
    for call in 0..150 {
        started.push(work(&mut slots, call * 200, 1_000).unwrap());
    }
    let within = |from: u64| {
        started
            .iter()
            .filter(|at| (from..from + 1_000).contains(*at))
            .count()
    };
    assert_eq!(within(1_000), 4);
    assert_eq!(within(40_000), 2);
    // The queue is empty: the next four find one slot recovered, and much later all.
    let empty = started.last().unwrap() + 1_000;
    let four = |slots: &mut Slots, now| {
        let starts: Vec<u64> = (0..4)
            .map(|_| work(slots, now, 100).unwrap() - now)
            .collect();
        starts
    };
    assert_eq!(four(&mut slots, empty), [0, 0, 0, 100]);
    assert_eq!(four(&mut slots, empty + 200_000), [0, 0, 0, 0]);
}

/// One server, constant service, Poisson arrivals: the mean wait is s * u / (2 * (1 - u)).
#[test]
fn waits_rise_with_use_as_queueing_theory_says() {
    for (percent, expected) in [(50, 0.5), (80, 2.0), (90, 4.5)] {
        let mut slots = Slots::new(Some(capacity(1, u64::from(u32::MAX))));
        let service = Duration::from_millis(1_000);
        let mean = service * 100 / percent;
        let (mut now, mut waited) = (Instant::START, 0);
        let calls = 200_000;
        for call in 0..calls {
            let mut draws = RngStreams::new(1).stream(Purpose::Arrival, call, 0, 0);
            now = now + draws.exponential(mean);
            let place = slots.admit(now, Share::WHOLE).unwrap();
            slots.occupy(place, place.start + service);
            waited += nanos(place.start.since(now));
        }
        let wait = waited as f64 / calls as f64 / 1e9;
        let off = (wait / expected - 1.0).abs();
        assert!(off < 0.05, "{percent} %: {wait} s instead of {expected} s");
    }
}

proptest! {
    #[test]
    fn slots_are_never_overfull_and_nobody_overtakes(
        slots in 1_u64..6,
        queue in 0_u64..6,
        to in (1..Share::WHOLE.as_parts()).prop_map(Share::from_parts),
        slowdown_milli in 1_000_u64..4_000,
        times in proptest::collection::vec((0_u64..60, 0_u64..300), 1..200),
    ) {
        let capacity = Capacity {
            slots,
            queue,
            slowdown: Factor::milli(slowdown_milli),
            degrade: Some(Degrade {
                to,
                within: Duration::from_millis(500),
                recover: Duration::from_secs(2),
            }),
        };
        let mut tested = Slots::new(Some(capacity));
        // (came, start, end) of all work, in milliseconds.
        let mut log: Vec<(u64, u64, u64)> = Vec::new();
        let mut now = 0;
        for (gap, length) in times {
            now += gap;
            let waiting = log.iter().filter(|(_, start, _)| *start > now).count();
            let Ok(place) = tested.admit(at(now), Share::WHOLE) else {
                prop_assert_eq!(waiting, queue as usize);
                let at_work = log.iter().filter(|(_, start, end)| *start <= now && now < *end);
                prop_assert!(waiting > 0 || at_work.count() > 0);
                continue;
            };
            prop_assert!((1_000..=slowdown_milli).contains(&place.slowdown.as_milli()));
            let start = place.start.as_nanos() / 1_000_000;
            prop_assert!(start >= now && log.last().is_none_or(|last| start >= last.1));
            prop_assert!(start == now || waiting < queue as usize);
            tested.occupy(place, place.start + Duration::from_millis(length));
            log.push((now, start, start + length));
            let work = tested.0.as_ref().unwrap();
            prop_assert!(work.ends.after(Instant::START) <= (slots + queue) as usize);
            prop_assert!(work.waiting.len() <= queue as usize + 1);
        }
        for (_, moment, _) in &log {
            let busy = log.iter().filter(|(_, start, end)| start <= moment && moment < end);
            prop_assert!(busy.count() <= slots as usize);
        }
    }
}
