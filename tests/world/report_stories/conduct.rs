//! The measures of conduct for a client that behaves well, and for one that does not.

use firedrill::expect::{Bound, Op, When};
use firedrill::policy::FailureClass::{self, *};
use firedrill::policy::{FailureReason, ProviderId};
use firedrill::report::{RunStats, Subject};
use firedrill::trace::{EventKind, FaultId};

use super::rig::{BACKUP, PRIMARY, Story, expectation, fault, secs, shown, subject};

fn whole(state: &RunStats, name: &str) -> String {
    shown(&subject(), state, None, name)
}

#[test]
fn what_nobody_wrote_whole_was_truncated() {
    let mut story = Story::of(&subject());
    story.good(0);
    story
        .call(secs(1))
        .asks(secs(1), PRIMARY)
        .taken_for_an_answer(secs(2));
    let mut cut = story.call(secs(3));
    cut.asks(secs(3), PRIMARY);
    cut.fails(secs(4), Truncated)
        .asks(secs(4), PRIMARY)
        .answered(secs(5));
    // A whole answer that the provider wrote for another attempt does not count for this one.
    let mut other = story.call(secs(6));
    other.asks(secs(6), PRIMARY);
    other
        .fails(secs(7), TimeoutAttempt)
        .asks(secs(7), PRIMARY)
        .taken_for_an_answer(secs(8));
    story.tell(
        secs(9),
        EventKind::Answered {
            provider: PRIMARY,
            call: None,
            nth: 0,
        },
    );
    let state = story.end();
    // Such a call is no success: both measures tell the same story.
    assert_eq!(whole(&state, "truncated_successes"), "2");
    assert_eq!(whole(&state, "failed_calls(wrong_answer)"), "2");
    assert_eq!(whole(&state, "succeeded"), "2");
    assert_eq!(whole(&state, "success_rate"), "50.00%");
    assert_eq!(state.run.providers[0].answered, 2);
    assert_eq!(whole(&state, "latency_failed.max"), "2.0s");
}

#[test]
fn what_a_wrong_answer_cost_is_wasted() {
    let mut story = Story::of(&subject());
    let mut call = story.call(0);
    call.asks(0, PRIMARY).billed(0, 1_000, 0);
    call.taken_for_an_answer(secs(1));
    let state = story.end();
    assert_eq!(whole(&state, "wasted_share"), "100.00%");
    assert_eq!(whole(&state, "cost_per_success"), "-");
}

#[test]
fn a_client_of_production_is_taken_at_its_word() {
    let mut subject = subject();
    subject.answers_are_traced = false;
    let mut story = Story::of(&subject);
    story.call(0).asks(0, PRIMARY).taken_for_an_answer(secs(1));
    assert_eq!(whole(&story.end(), "success_rate"), "100.00%");
}

#[test]
fn another_key_mends_what_was_about_the_key() {
    for (class, useless, broken) in [
        (Auth, "0", "0"),
        (Quota, "0", "0"),
        (BadRequest, "1", "0"),
        (RateLimited, "0", "0"),
    ] {
        let mut story = Story::of(&subject());
        let mut call = story.call(0);
        call.asks(0, PRIMARY).fails_with_hint(1, class, 5_000);
        call.shows(1).asks(2, PRIMARY).answered(9);
        let state = story.end();
        assert_eq!(whole(&state, "useless_retries"), useless, "{class}");
        assert_eq!(whole(&state, "hints_violated"), broken, "{class}");
        assert_eq!(whole(&state, "hints_violated.client"), broken, "{class}");
    }
    let mut story = Story::of(&subject());
    let mut call = story.call(0);
    call.asks(0, PRIMARY).fails_with_hint(1, Auth, 5_000);
    call.shows(1).asks(2, PRIMARY).fails(3, Auth);
    call.shows(0).asks(4, PRIMARY).answered(9);
    let state = story.end();
    assert_eq!(whole(&state, "useless_retries"), "1");
    assert_eq!(whole(&state, "hints_violated"), "1");
    assert_eq!(whole(&state, "hints_violated.client"), "1");
}

#[test]
fn the_most_attempts_of_one_call_count() {
    let mut story = Story::of(&subject());
    story.good(0);
    let mut stubborn = story.call(secs(1));
    for second in 1..6 {
        stubborn
            .asks(secs(second), PRIMARY)
            .fails(secs(second), Overloaded);
    }
    stubborn.ends(secs(6), FailureReason::Exhausted(Overloaded));
    assert_eq!(whole(&story.end(), "attempts_max"), "5");
}

/// How many retries are useless after a failure of `class`, at the same provider or the other.
fn useless(class: FailureClass, then: ProviderId) -> String {
    let mut story = Story::of(&subject());
    let mut call = story.call(0);
    call.asks(0, PRIMARY).fails(1, class);
    call.asks(2, then).answered(9);
    story.good(secs(1));
    whole(&story.end(), "useless_retries")
}

#[test]
fn a_retry_of_what_no_retry_mends_is_useless() {
    let hopeless = [
        Auth,
        Forbidden,
        Quota,
        ModelGone,
        BadRequest,
        Rejected,
        ContextTooLong,
        ContentFilter,
    ];
    for class in FailureClass::ALL {
        let expected = if hopeless.contains(&class) { "1" } else { "0" };
        assert_eq!(useless(class, PRIMARY), expected, "{class}");
        assert_eq!(useless(class, BACKUP), "0", "{class}");
    }
}

#[test]
fn a_hint_is_broken_until_its_time_has_passed() {
    let broken = |again: u64, provider| {
        let mut story = Story::of(&subject());
        let mut call = story.call(0);
        call.asks(0, PRIMARY)
            .fails_with_hint(100, RateLimited, 20_000);
        call.asks(again, provider).answered(again + 500);
        let state = story.end();
        (
            whole(&state, "hints_violated"),
            whole(&state, "hints_violated.client"),
        )
    };
    let both = |text: &str| (text.to_owned(), text.to_owned());
    assert_eq!(broken(20_099, PRIMARY), both("1"));
    assert_eq!(broken(20_100, PRIMARY), both("0"));
    assert_eq!(broken(200, BACKUP), both("0"));
}

#[test]
fn what_one_call_was_told_binds_its_client() {
    let mut subject = subject();
    subject.clients = 2;
    let mut story = Story::of(&subject);
    let mut told = story.call(0);
    told.asks(0, PRIMARY)
        .fails_with_hint(100, RateLimited, 20_000);
    told.ends(100, FailureReason::Exhausted(RateLimited));
    // Calls 1 and 2: the other client's, and the same client's.
    story.good(secs(1));
    story.good(secs(2));
    let state = story.end();
    assert_eq!(whole(&state, "hints_violated"), "0");
    assert_eq!(whole(&state, "hints_violated.client"), "1");
}

#[test]
fn probes_in_flight_are_counted_for_each_client_and_provider() {
    let mut subject = subject();
    subject.clients = 2;
    let probes = |providers: &[ProviderId], ends: bool| {
        let mut story = Story::of(&subject);
        for (number, provider) in providers.iter().enumerate() {
            let at = number as u64 * 10;
            let mut call = story.call(at);
            call.probes(at, *provider);
            if ends {
                call.cancelled(at + 5).ends(at + 5, FailureReason::Deadline);
            }
        }
        whole(&story.end(), "probes_at_once")
    };
    assert_eq!(probes(&[PRIMARY, PRIMARY], false), "1");
    assert_eq!(probes(&[PRIMARY, PRIMARY, PRIMARY], false), "2");
    assert_eq!(probes(&[PRIMARY, PRIMARY, BACKUP], false), "1");
    assert_eq!(probes(&[PRIMARY; 9], true), "1");
}

/// A hundred seconds, the primary down from second 20 to 40; each second this many attempts at it.
fn pressed(attempts: impl Fn(u64) -> u64) -> (Subject, RunStats) {
    let mut subject = subject();
    subject.duration = std::time::Duration::from_secs(100);
    subject.faults = vec![fault("down", 20, 20, None)];
    let mut story = Story::of(&subject);
    for second in 0..100 {
        for n in 0..attempts(second) {
            story.good(secs(second) + n);
        }
    }
    (subject, story.end())
}

#[test]
fn pressure_is_relative_to_before_the_fault() {
    let (subject, state) = pressed(|second| match second {
        0..20 => 4,
        20..40 => 10,
        45 => 12,
        50 => 40,
        _ => 2,
    });
    let shown = |name| shown(&subject, &state, None, name);
    assert_eq!(shown("load_during(down)"), "2.50");
    assert_eq!(shown("thundering_herd(down)"), "3.00");
    assert_eq!(shown("peak_attempts(openai)"), "40");
    assert_eq!(shown("peak_attempts(backup)"), "0");
    let during = super::rig::shown(&subject, &state, Some(0), "peak_attempts(openai)");
    assert_eq!(during, "10");
}

#[test]
fn below_one_attempt_a_second_a_herd_is_not_told() {
    let herd = |every: u64| {
        let (subject, state) = pressed(|second| match second {
            0..40 => u64::from(second % every == 0),
            _ => 2,
        });
        shown(&subject, &state, None, "thundering_herd(down)")
    };
    assert_eq!(herd(1), "2.00");
    assert_eq!(herd(2), "-");
}

/// A call a second; the primary answers, fails in the fault and answers some calls after it.
#[test]
fn a_provider_that_is_asked_and_fails_has_not_recovered() {
    let recovery = |answers: &dyn Fn(u64) -> bool| {
        let mut subject = subject();
        subject.duration = std::time::Duration::from_secs(200);
        subject.faults = vec![fault("down", 40, 40, None)];
        let mut story = Story::of(&subject);
        for second in 0..200 {
            match second < 40 || second >= 80 && answers(second) {
                true => story.good(secs(second)),
                false => story.bad(secs(second)),
            }
        }
        shown(&subject, &story.end(), None, "recovery_time(openai)")
    };
    assert_eq!(recovery(&|_| true), "0ms");
    assert_eq!(recovery(&|second| second >= 140), "1.0m");
    assert_eq!(recovery(&|second| second % 6 == 0), "2.0m");
}

#[test]
fn who_was_not_asked_before_has_no_measure_of_pressure() {
    let (subject, state) = pressed(|second| u64::from(second >= 20));
    assert_eq!(shown(&subject, &state, None, "load_during(down)"), "-");
    assert_eq!(shown(&subject, &state, None, "thundering_herd(down)"), "-");
}

/// A hundred seconds, two calls each second; those for which `fails` is true fail.
fn failing(fails: impl Fn(u64) -> bool) -> (Subject, RunStats) {
    let mut subject = subject();
    subject.duration = std::time::Duration::from_secs(100);
    subject.faults = vec![fault("down", 25, 20, None)];
    let mut story = Story::of(&subject);
    for second in 0..100 {
        for at in [secs(second), secs(second) + 500] {
            if fails(second) {
                story.bad(at);
            } else {
                story.good(at);
            }
        }
    }
    (subject, story.end())
}

#[test]
fn failover_is_from_the_faults_start_to_the_first_window_that_was_up_again() {
    let took = |fails: &dyn Fn(u64) -> bool| {
        let (subject, state) = failing(fails);
        shown(&subject, &state, None, "failover_time(down)")
    };
    assert_eq!(took(&|_| false), "0ms");
    assert_eq!(took(&|second| (25..28).contains(&second)), "5.0s");
    assert_eq!(took(&|second| (33..61).contains(&second)), "45.0s");
    // An outage that was over when the fault began does not count for it.
    assert_eq!(took(&|second| second < 10), "0ms");
    assert_eq!(took(&|second| second >= 25), "1.3m");
}

#[test]
fn what_was_never_over_is_a_lower_bound() {
    let (mut subject, state) = failing(|second| second >= 25);
    let quick = expectation(
        "failover_time(down) <= 2m",
        None,
        Op::AtMost,
        Bound::Time(120_000_000_000),
    );
    subject.expect = vec![("p".to_owned(), vec![quick])];
    subject.policies = vec!["p".to_owned()];
    let mut state = state;
    state.fired = vec![1];
    let report =
        firedrill::report::Report::new(&subject, "x.yaml", "1", vec![("p".to_owned(), state)]);
    let page = report.render(firedrill::report::Format::Markdown, false);
    assert!(
        page.contains("**inconclusive** | not over after 1.3m"),
        "{page}"
    );
    assert!(page.contains("| p | down | 1.3m or more |"), "{page}");
}

#[test]
fn the_time_after_a_fault_has_calls_and_a_length_of_its_own() {
    let mut subject = subject();
    subject.duration = std::time::Duration::from_secs(100);
    subject.faults = vec![fault("down", 20, 20, None)];
    let second = 1_000_000_000;
    let after = |from: u64, to: Option<u64>| When::After {
        fault: FaultId(0),
        from: from * second,
        to: to.map(|to| to * second),
    };
    let whens = [after(0, None), after(30, None), after(10, Some(20))];
    let expected = whens.map(|when| firedrill::expect::Expectation {
        when,
        ..expectation("goodput > 1/s", None, Op::Above, Bound::Rate(second))
    });
    subject.expect = vec![("p".to_owned(), expected.to_vec())];
    let mut story = Story::of(&subject);
    for second in 0..100 {
        for n in 0..if second >= 70 { 4 } else { 2 } {
            story.good(secs(second) + n);
        }
    }
    let state = story.end();
    let calls = state
        .after
        .iter()
        .map(|one| (one.calls.calls, one.calls.length_ns / second));
    assert_eq!(Vec::from_iter(calls), [(180, 60), (120, 30), (20, 10)]);
}
