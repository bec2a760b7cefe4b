//! The breaker, state by state; [`sequences`] tests what holds for all sequences of events.

mod sequences;

use std::collections::BTreeSet;

use super::*;
use crate::policy::config::{HintMode, Jitter};
use crate::units::{Factor, Share};

#[test]
fn a_cancelled_probe_frees_its_slot() {
    let mut breaker = half_open(1, 1);
    let probe = breaker.admit(at(10)).unwrap();
    assert!(probe.is_probe());
    assert_eq!(breaker.admit(at(10)), None, "its one slot is taken");

    breaker.on_cancelled(probe);
    assert_eq!(breaker.state(), State::HalfOpen, "it counted neither way");

    let next = breaker.admit(at(10)).unwrap();
    assert!(next.is_probe());
    breaker.on_success(next, None, at(0));
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn only_failures_in_a_row_open_it() {
    let mut breaker = closed(3, 1, 1);
    for _ in 0..10 {
        fail(&mut breaker, 0);
        fail(&mut breaker, 0);
        let admission = breaker.admit(at(0)).unwrap();
        breaker.on_success(admission, None, at(0));
    }
    assert_eq!(breaker.state(), State::Closed);
    for _ in 0..3 {
        fail(&mut breaker, 0);
    }
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn an_open_breaker_refuses_until_its_time_is_up() {
    let mut breaker = closed(1, 1, 1);
    fail(&mut breaker, 5);
    assert!(breaker.refusal(at(14)).is_some() && breaker.admit(at(14)).is_none());
    assert!(breaker.refusal(at(15)).is_none());
    assert_eq!(breaker.state(), State::Open, "it is a pure query");
    assert!(breaker.admit(at(15)).unwrap().is_probe());
    assert_eq!(breaker.state(), State::HalfOpen);
}

#[test]
fn probes_are_bounded_and_enough_of_them_close_it() {
    let mut breaker = half_open(2, 3);
    let first = breaker.admit(at(10)).unwrap();
    let second = breaker.admit(at(10)).unwrap();
    assert!(
        breaker.refusal(at(99)).is_some(),
        "without a lease no slot becomes free by waiting"
    );
    assert_eq!(breaker.admit(at(10)), None);
    breaker.on_success(first, None, at(0));
    assert!(breaker.refusal(at(10)).is_none());
    breaker.on_success(second, None, at(0));
    assert_eq!(breaker.state(), State::HalfOpen);
    let third = breaker.admit(at(11)).unwrap();
    breaker.on_success(third, None, at(0));
    assert_eq!(breaker.state(), State::Closed);
    assert!(!breaker.admit(at(11)).unwrap().is_probe());
}

#[test]
fn a_failed_probe_opens_it_again_for_the_full_time() {
    let mut breaker = half_open(1, 2);
    let probe = breaker.admit(at(10)).unwrap();
    breaker.on_success(probe, None, at(0));
    let probe = breaker.admit(at(12)).unwrap();
    breaker.on_failure(probe, None, at(13));
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(breaker.admit(at(22)), None);
    assert!(breaker.admit(at(23)).unwrap().is_probe());
}

#[test]
fn late_replies_neither_extend_nor_close_it() {
    let mut breaker = closed(1, 1, 1);
    let late: Vec<_> = (0..4).map(|_| breaker.admit(at(0)).unwrap()).collect();
    breaker.on_failure(late[0], None, at(1));
    breaker.on_failure(late[1], None, at(9));
    breaker.on_success(late[2], None, at(0));
    assert_eq!(breaker.state(), State::Open);
    let probe = breaker.admit(at(11)).unwrap();
    breaker.on_success(late[2], None, at(0));
    breaker.on_failure(late[3], None, at(11));
    breaker.on_cancelled(late[3]);
    assert_eq!(breaker.state(), State::HalfOpen);
    assert_eq!(breaker.admit(at(11)), None, "the probe holds the slot");
    breaker.on_success(probe, None, at(0));
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn counts_of_zero_mean_one() {
    let mut breaker = closed(0, 0, 0);
    fail(&mut breaker, 0);
    assert_eq!(breaker.state(), State::Open);
    let probe = breaker.admit(at(10)).unwrap();
    breaker.on_success(probe, None, at(0));
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn enough_failures_within_the_window_open_it_whatever_succeeds_between() {
    let mut breaker = guarded(|settings| {
        settings.consecutive_failures = None;
        settings.max_failures = Some(3);
    });
    for second in [0, 16, 32, 48] {
        fail(&mut breaker, second);
        succeed(&mut breaker, 1, second);
    }
    assert_eq!(breaker.state(), State::Closed, "30s hold only two of them");
    fail(&mut breaker, 49);
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn a_smaller_share_of_successes_than_asked_for_opens_it() {
    let mut breaker = guarded(|settings| {
        settings.consecutive_failures = None;
        settings.min_success_rate = Some(Share::percent(80));
    });
    for _ in 0..8 {
        succeed(&mut breaker, 1, 0);
    }
    fail(&mut breaker, 0);
    assert_eq!(breaker.state(), State::Closed, "nine attempts are too few");
    fail(&mut breaker, 0);
    assert_eq!(breaker.state(), State::Closed, "80% is not below 80%");
    fail(&mut breaker, 0);
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn failures_older_than_the_window_are_forgotten() {
    let mut breaker = guarded(|settings| {
        settings.consecutive_failures = None;
        settings.min_success_rate = Some(Share::percent(80));
    });
    for second in 0..200 {
        fail(&mut breaker, second * 4);
    }
    assert_eq!(breaker.state(), State::Closed, "30s never hold ten of them");
}

#[test]
fn a_success_never_opens_it_by_filling_the_window() {
    let mut breaker = guarded(|settings| {
        settings.consecutive_failures = None;
        settings.min_success_rate = Some(Share::percent(80));
    });
    for _ in 0..9 {
        fail(&mut breaker, 0);
    }
    succeed(&mut breaker, 1, 0);
    assert_eq!(breaker.state(), State::Closed);
    fail(&mut breaker, 0);
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn slow_answers_open_it_although_all_are_right() {
    let mut breaker = guarded(slow_after_5s);
    for _ in 0..6 {
        succeed(&mut breaker, 5, 0);
        succeed(&mut breaker, 6, 0);
    }
    assert_eq!(breaker.state(), State::Closed, "half is not above half");
    succeed(&mut breaker, 6, 0);
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn slow_attempts_in_flight_open_it_before_one_ends() {
    let mut breaker = counts_in_flight();
    (0..10).for_each(|second| succeed(&mut breaker, 1, second));
    let hung = Vec::from_iter((10..20).map(|second| {
        breaker.on_asked(at(second));
        breaker
            .admit(at(second))
            .expect("it is closed until a half is slow")
    }));
    // Of the last ten seconds: those from 10 s to 14 s are slow, and none went well since 10 s.
    breaker.on_asked(at(20));
    let by = OpenedBy::SlowRate {
        slow: 5,
        attempts: 5,
    };
    assert_eq!(breaker.opened(), Some((at(30), by)));
    for admission in hung {
        breaker.on_failure(admission, None, at(29));
    }
    assert!(
        breaker.admit(at(30)).unwrap().is_probe(),
        "they belong to the time before"
    );
}

#[test]
fn an_attempt_whose_first_token_came_in_time_is_not_slow_in_flight() {
    for (token, slow) in [(4, false), (6, true)] {
        let mut breaker = counts_in_flight();
        for _ in 0..5 {
            let admission = breaker.admit(at(0)).unwrap();
            let admission = breaker.on_first_token(admission, at(token));
            breaker.on_asked(at(token));
            breaker.on_cancelled(admission);
        }
        let attempts = Vec::from_iter((0..5).map(|_| breaker.admit(at(10))));
        let attempts = attempts
            .into_iter()
            .flatten()
            .map(|one| breaker.on_first_token(one, at(10 + token)));
        let attempts = Vec::from_iter(attempts);
        breaker.on_asked(at(20));
        assert_eq!(breaker.state() == State::Open, slow, "{token} s");
        attempts
            .into_iter()
            .for_each(|one| breaker.on_cancelled(one));
    }
}

#[test]
fn attempts_that_ended_are_no_longer_in_flight() {
    let mut breaker = counts_in_flight();
    for second in 0..50 {
        let admission = breaker.admit(at(second)).unwrap();
        match second % 3 {
            0 => breaker.on_success(admission, Some(Duration::from_secs(1)), at(second)),
            1 => breaker.on_failure(admission, None, at(second)),
            _ => breaker.on_cancelled(admission),
        }
        breaker.on_asked(at(second));
    }
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn an_answer_of_unknown_length_is_not_slow() {
    let mut breaker = guarded(slow_after_5s);
    for _ in 0..100 {
        let admission = breaker.admit(at(0)).unwrap();
        breaker.on_success(admission, None, at(0));
    }
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn a_slow_probe_shows_that_the_provider_is_not_back() {
    let mut breaker = guarded(slow_after_5s);
    for _ in 0..10 {
        succeed(&mut breaker, 6, 0);
    }
    succeed(&mut breaker, 6, 10);
    assert_eq!(breaker.state(), State::Open);
    succeed(&mut breaker, 1, 20);
    assert_eq!(breaker.state(), State::Closed);
    succeed(&mut breaker, 6, 20);
    assert_eq!(breaker.state(), State::Closed, "the old window is gone");
}

#[test]
fn it_stays_open_longer_each_time_up_to_the_cap() {
    let mut breaker = growing();
    let mut now = 0;
    fail(&mut breaker, now);
    for wait in [10, 20, 40, 60, 60] {
        assert!(breaker.refusal(at(now + wait - 1)).is_some(), "{wait}");
        assert!(breaker.refusal(at(now + wait)).is_none(), "{wait}");
        now += wait;
        fail(&mut breaker, now);
    }
}

#[test]
fn only_a_real_recovery_ends_the_growth() {
    // It closes at 10 after 10s. If it opens again before 20, the growth continues; at 20 it
    // restarts.
    for (second, wait) in [(19, 20), (20, 10)] {
        let mut breaker = growing();
        fail(&mut breaker, 0);
        succeed(&mut breaker, 1, 10);
        fail(&mut breaker, second);
        assert!(breaker.refusal(at(second + wait - 1)).is_some(), "{second}");
        assert!(breaker.refusal(at(second + wait)).is_none(), "{second}");
    }
}

#[test]
fn a_recovery_before_a_hint_still_ends_the_growth() {
    let mut breaker = growing();
    fail(&mut breaker, 0);
    succeed(&mut breaker, 1, 10);
    hinted(&mut breaker, 3, 100);
    succeed(&mut breaker, 1, 103);
    fail(&mut breaker, 104);
    assert!(breaker.refusal(at(114)).is_none());
}

#[test]
fn a_hint_opens_it_at_once_for_as_long_as_it_says() {
    let mut breaker = growing();
    hinted(&mut breaker, 7, 0);
    assert_eq!(breaker.state(), State::Open);
    assert!(breaker.refusal(at(6)).is_some() && breaker.refusal(at(7)).is_none());
    hinted(&mut breaker, 9_999, 7);
    assert!(
        breaker.refusal(at(66)).is_some() && breaker.refusal(at(67)).is_none(),
        "the cap"
    );
    fail(&mut breaker, 67);
    assert!(
        breaker.refusal(at(77)).is_none(),
        "hints were not steps of the growth"
    );
}

#[test]
fn a_later_hint_extends_the_time_and_never_shortens_it() {
    let mut breaker = growing();
    let late: Vec<_> = (0..3).map(|_| breaker.admit(at(0)).unwrap()).collect();
    fail(&mut breaker, 0);
    breaker.on_failure(late[0], Some(Duration::from_secs(5)), at(1));
    assert!(breaker.refusal(at(9)).is_some() && breaker.refusal(at(10)).is_none());
    breaker.on_failure(late[1], Some(Duration::from_secs(30)), at(2));
    assert!(breaker.refusal(at(31)).is_some() && breaker.refusal(at(32)).is_none());
    breaker.on_failure(late[2], Some(Duration::ZERO), at(3));
    assert!(
        breaker.refusal(at(31)).is_some(),
        "a hint of zero is ignored"
    );
}

#[test]
fn a_hint_is_not_read_unless_asked_for() {
    let mut breaker = guarded(|settings| settings.consecutive_failures = Some(2));
    hinted(&mut breaker, 60, 0);
    assert_eq!(breaker.state(), State::Closed);
    hinted(&mut breaker, 60, 0);
    assert!(breaker.refusal(at(10)).is_none());
}

#[test]
fn jitter_spreads_the_openings_but_never_a_hint() {
    let mut ends = BTreeSet::new();
    for provider in 0..50 {
        let mut settings = settings();
        settings.open.jitter = Jitter::Equal;
        settings.open.hint = HintMode::Honour;
        let mut breaker = Breaker::new(settings, RngStreams::new(1), ProviderId(provider));
        fail(&mut breaker, 0);
        assert!(breaker.refusal(at(5) - Duration::from_nanos(1)).is_some());
        assert!(breaker.refusal(at(10)).is_none());
        ends.insert((5_000..10_000).find(|ms| breaker.refusal(ms_after_start(*ms)).is_none()));
        hinted(&mut breaker, 4, 10);
        assert!(breaker.refusal(at(14) - Duration::from_nanos(1)).is_some());
        assert!(breaker.refusal(at(14)).is_none());
    }
    assert!(ends.len() > 40, "{ends:?}");
}

#[test]
fn a_probe_that_does_not_come_back_loses_its_place() {
    let mut breaker = guarded(|settings| settings.probe_timeout = Some(Duration::from_secs(5)));
    fail(&mut breaker, 0);
    let lost = breaker.admit(at(10)).unwrap();
    assert!(breaker.refusal(at(14)).is_some() && breaker.admit(at(14)).is_none());
    assert!(breaker.refusal(at(15)).is_none());
    let next = breaker.admit(at(15)).unwrap();
    breaker.on_cancelled(lost);
    assert_eq!(breaker.admit(at(15)), None, "the next probe holds the slot");
    breaker.on_cancelled(next);
    assert!(breaker.admit(at(15)).is_some());
}

#[test]
fn a_probe_that_comes_back_after_its_lease_still_brings_news() {
    for is_well in [true, false] {
        let mut breaker = guarded(|settings| settings.probe_timeout = Some(Duration::from_secs(5)));
        fail(&mut breaker, 0);
        let late = breaker.admit(at(10)).unwrap();
        breaker.admit(at(15)).unwrap();
        if is_well {
            breaker.on_success(late, None, at(16));
            assert_eq!(breaker.state(), State::Closed);
        } else {
            breaker.on_failure(late, None, at(16));
            assert_eq!(breaker.state(), State::Open);
        }
    }
}

#[test]
fn it_knows_since_when_it_is_closed_again() {
    let mut breaker = growing();
    succeed(&mut breaker, 1, 0);
    assert_eq!(breaker.closed_since(), None, "it never opened");
    fail(&mut breaker, 1);
    succeed(&mut breaker, 1, 11);
    assert_eq!(breaker.closed_since(), Some(at(11)));
}

/// Opens at the first failure for 10 s, admits one probe, and closes at its success.
fn settings() -> config::Breaker {
    config::Breaker {
        consecutive_failures: Some(1),
        open: config::Open {
            initial: Duration::from_secs(10),
            ..config::Open::default()
        },
        ..config::Breaker::default()
    }
}

fn guarded(change: impl FnOnce(&mut config::Breaker)) -> Breaker {
    let mut settings = settings();
    change(&mut settings);
    Breaker::new(settings, RngStreams::new(1), ProviderId(0))
}

/// Opens at the first failure for 10 s, 20 s, 40 s, then always for 60 s; honours hints.
fn growing() -> Breaker {
    guarded(|settings| {
        settings.open.factor = Factor::milli(2_000);
        settings.open.max = Duration::from_secs(60);
        settings.open.hint = HintMode::Honour;
    })
}

fn slow_after_5s(settings: &mut config::Breaker) {
    settings.slow_call = Some(Duration::from_secs(5));
}

/// Opens when more than a half of at least five attempts in 10 s takes longer than 5 s.
fn counts_in_flight() -> Breaker {
    guarded(|settings| {
        slow_after_5s(settings);
        settings.consecutive_failures = None;
        settings.count_slow = CountSlow::InFlight;
        settings.window = Duration::from_secs(10);
        settings.min_attempts = 5;
    })
}

fn closed(consecutive: u32, probes: u32, close_after: u32) -> Breaker {
    guarded(|settings| {
        settings.consecutive_failures = Some(consecutive);
        settings.max_probes = probes;
        settings.success_threshold = close_after;
    })
}

/// A breaker that opened at 0 and turns half-open at 10.
fn half_open(probes: u32, close_after: u32) -> Breaker {
    let mut breaker = closed(1, probes, close_after);
    fail(&mut breaker, 0);
    breaker
}

fn fail(breaker: &mut Breaker, second: u64) {
    let admission = breaker.admit(at(second)).unwrap();
    breaker.on_failure(admission, None, at(second));
}

fn hinted(breaker: &mut Breaker, hint: u64, second: u64) {
    let admission = breaker.admit(at(second)).unwrap();
    breaker.on_failure(admission, Some(Duration::from_secs(hint)), at(second));
}

/// An attempt that succeeds at this second, after `took` seconds.
fn succeed(breaker: &mut Breaker, took: u64, second: u64) {
    let admission = breaker.admit(at(second)).unwrap();
    breaker.on_success(admission, Some(Duration::from_secs(took)), at(second));
}

fn ms_after_start(ms: u64) -> Instant {
    Instant::START + Duration::from_millis(ms)
}

fn at(second: u64) -> Instant {
    Instant::START + Duration::from_secs(second)
}
