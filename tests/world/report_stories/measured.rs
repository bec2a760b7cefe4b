//! The value of each measure for a run.

use std::time::Duration;

use firedrill::policy::{BreakerState as Breaker, FailureClass, FailureReason};
use firedrill::report::{Fate, RunStats, Subject};
use firedrill::time::Instant;
use firedrill::trace::{EventKind, FaultId};
use firedrill::units::Share;

use super::rig::{BACKUP, PRIMARY, Story, fault, secs, shown, subject};

fn whole(state: &RunStats, name: &str) -> String {
    shown(&subject(), state, None, name)
}

fn during(subject: &Subject, state: &RunStats, name: &str) -> String {
    shown(subject, state, Some(0), name)
}

#[test]
fn a_call_that_falls_back_succeeds_with_two_attempts() {
    let mut story = Story::of(&subject());
    story
        .call(1_000)
        .asks(1_000, PRIMARY)
        .fails(1_200, FailureClass::Reset)
        .asks(1_200, BACKUP)
        .answered(3_000);
    story.good(5_000);
    let state = story.end();
    assert_eq!(whole(&state, "success_rate"), "100.00%");
    assert_eq!(whole(&state, "attempts_per_call"), "1.50");
    assert_eq!(whole(&state, "fallback_rate"), "50.00%");
    assert_eq!(whole(&state, "failures.reset"), "1");
    assert_eq!(whole(&state, "failures"), "1");
    assert_eq!(state.run.providers[0].attempts, 2);
    assert_eq!(state.run.providers[0].answered, 1);
}

#[test]
fn latency_of_successes_and_of_failures_counts_from_the_arrival() {
    let mut story = Story::of(&subject());
    story
        .call(0)
        .asks(250, PRIMARY)
        .first_token(700)
        .answered(1_000);
    story
        .call(0)
        .asks(0, PRIMARY)
        .first_token(90)
        .fails(100, FailureClass::Truncated)
        .ends(9_000, FailureReason::Interrupted(FailureClass::Truncated));
    let state = story.end();
    assert_eq!(whole(&state, "latency.p50"), "1.0s");
    assert_eq!(whole(&state, "latency.max"), "1.0s");
    assert_eq!(whole(&state, "ttft.mean"), "700ms");
    assert_eq!(whole(&state, "latency_failed.mean"), "9.0s");
    assert_eq!(state.run.endings.interrupted, 1);
}

/// An hour, each second of which brings a call; those during the outage fail if it happens.
fn hour_with_outage(happens: bool) -> (Subject, RunStats) {
    let mut subject = subject();
    subject.faults = vec![fault("down", 600, 600, None)];
    if !happens {
        subject.faults[0].never_happens();
    }
    let mut story = Story::of(&subject);
    for second in 0..3_600 {
        match happens && (600..1_200).contains(&second) {
            true => story.bad(secs(second)),
            false => story.good(secs(second)),
        }
    }
    let stats = story.end();
    (subject, stats)
}

#[test]
fn a_fault_counts_only_in_runs_in_which_it_happens() {
    let (_, calm) = hour_with_outage(false);
    let (subject, struck) = hour_with_outage(true);
    assert_eq!(during(&subject, &calm, "calls"), "0");
    assert_eq!(during(&subject, &calm, "success_rate"), "-");
    assert_eq!(calm.during[0].length_ns, 0);
    assert_eq!(calm.aftermath[0].before.length_ns, 3_600_000_000_000);
    let mut both = struck.clone();
    both.merge(&calm);
    // Calls are per run, over both runs: the fault is in one of them.
    for (state, calls) in [(&struck, "600"), (&both, "300")] {
        assert_eq!(during(&subject, state, "calls"), calls);
        assert_eq!(during(&subject, state, "success_rate"), "0.00%");
        assert_eq!(during(&subject, state, "uptime"), "0.00%");
        assert_eq!(shown(&subject, state, None, "load_during(down)"), "1.00");
    }
    assert_eq!(shown(&subject, &both, None, "calls"), "3,600");
}

#[test]
fn calls_that_never_end_are_unfinished() {
    let mut story = Story::of(&subject());
    story.call(0).asks(0, PRIMARY);
    let state = story.end();
    assert_eq!(whole(&state, "unfinished"), "1");
    assert_eq!(whole(&state, "success_rate"), "0.00%");
    assert_eq!(whole(&state, "latency.p95"), "-");
    assert_eq!(whole(&state, "cost_per_success"), "-");
}

#[test]
fn what_is_billed_and_not_delivered_is_wasted() {
    let mut story = Story::of(&subject());
    // The primary's half an answer is wasted; the backup's whole one is not.
    story
        .call(0)
        .asks(0, PRIMARY)
        .billed(10, 1_000_000, 0)
        .billed(20, 0, 250_000)
        .fails(50, FailureClass::Reset)
        .asks(50, BACKUP)
        .billed(60, 1_000_000, 500_000)
        .answered(100);
    let state = story.end();
    assert_eq!(whole(&state, "cost"), "5.0000 USD");
    assert_eq!(whole(&state, "wasted_cost"), "4.0000 USD");
    assert_eq!(whole(&state, "wasted_share"), "80.00%");
    assert_eq!(whole(&state, "cost_per_success"), "5.0000 USD");
}

#[test]
fn bills_that_come_late_or_from_strangers_are_wasted() {
    let mut story = Story::of(&subject());
    let mut call = story.call(0);
    call.asks(0, PRIMARY).cancelled(30);
    call.ends(30, FailureReason::Deadline);
    story.bills(90, PRIMARY, Some(0), (1_000_000, 0));
    story.bills(95, BACKUP, None, (2_000_000, 0));
    story.good(1_000);
    let state = story.end();
    assert_eq!(whole(&state, "wasted_cost"), "3.0000 USD");
    assert_eq!(state.run.providers[0].ledger.wasted().input, 1_000_000_000);
}

#[test]
fn the_ledger_says_what_became_of_all_that_was_billed() {
    let million = 1_000_000;
    let mut story = Story::of(&subject());
    // A failure, an attempt that timed out, and the answer.
    let mut call = story.call(0);
    call.asks(0, PRIMARY).billed(1, million, 0);
    call.fails(10, FailureClass::Reset).asks(20, PRIMARY);
    call.billed(21, 2 * million, 0).cancelled(30);
    call.asks(40, BACKUP).billed(41, 4 * million, million);
    call.answered(100);
    // A hedge that answers, and the attempt that it overtook, which is billed on after the end.
    let mut call = story.call(1_000);
    call.asks(1_000, PRIMARY).billed(1_001, 8 * million, 0);
    call.hedges(1_800, BACKUP).billed(1_900, 16 * million, 0);
    call.wins_over(2_500, PRIMARY);
    story.bills(9_000, PRIMARY, Some(1), (0, million));
    // A health check.
    story.bills(9_500, BACKUP, None, (32 * million, 0));
    let state = story.end();
    let tokens = |provider: usize, fate| {
        let tokens = state.run.providers[provider].ledger.of(fate);
        (tokens.input / 1_000_000_000, tokens.output / 1_000_000_000)
    };
    let found = Fate::ALL.map(|fate| (fate.name(), tokens(0, fate), tokens(1, fate)));
    let expected = [
        ("delivered", (0, 0), (20, 1)),
        ("failed", (1, 0), (0, 0)),
        ("abandoned", (2, 0), (0, 0)),
        ("hedged", (8, 0), (0, 0)),
        ("late", (0, 1), (0, 0)),
        ("checks", (0, 0), (32, 0)),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_late_bill_counts_where_its_call_counts() {
    let mut subject = subject();
    subject.faults = vec![fault("down", 10, 10, None)];
    let mut story = Story::of(&subject);
    for at in [secs(5), secs(15)] {
        let mut call = story.call(at);
        call.asks(at, PRIMARY).cancelled(at + 1);
        call.ends(at + 1, FailureReason::Deadline);
    }
    story.bills(secs(30), PRIMARY, Some(0), (1_000_000, 0));
    story.bills(secs(30), PRIMARY, Some(1), (2_000_000, 0));
    let state = story.end();
    assert_eq!(shown(&subject, &state, None, "wasted_cost"), "6.0000 USD");
    assert_eq!(during(&subject, &state, "wasted_cost"), "4.0000 USD");
}

#[test]
fn during_a_fault_are_the_calls_that_arrived_in_its_windows() {
    let mut subject = subject();
    subject.faults = vec![fault("flap", 10, 10, Some(30))];
    let mut story = Story::of(&subject);
    // Arrives before, ends within: it does not count.
    story
        .call(secs(9))
        .asks(secs(9), PRIMARY)
        .answered(secs(15));
    for at in [secs(10), secs(19) + 999, secs(40)] {
        story.bad(at);
    }
    story.good(secs(20));
    story.breaker(secs(10), PRIMARY, Breaker::Open);
    story.breaker(secs(25), PRIMARY, Breaker::HalfOpen);
    let state = story.end();
    assert_eq!(during(&subject, &state, "calls"), "3");
    assert_eq!(during(&subject, &state, "success_rate"), "0.00%");
    assert_eq!(during(&subject, &state, "breaker.opened"), "1");
    assert_eq!(during(&subject, &state, "breaker.half_opened"), "0");
    assert_eq!(shown(&subject, &state, None, "calls"), "5");
    assert_eq!(shown(&subject, &state, None, "breaker.half_opened"), "1");
}

/// One call a second over `minutes` minutes; those for which `is_bad` is true fail.
fn a_call_a_second(subject: &Subject, minutes: u64, is_bad: impl Fn(u64) -> bool) -> RunStats {
    let mut subject = subject.clone();
    subject.duration = Duration::from_secs(minutes * 60);
    let mut story = Story::of(&subject);
    for second in 0..minutes * 60 {
        match is_bad(second) {
            true => story.bad(secs(second)),
            false => story.good(secs(second)),
        }
    }
    story.end()
}

#[test]
fn an_outage_of_exactly_ten_minutes_in_thirty_is_a_third_of_the_windows() {
    let mut subject = subject();
    subject.faults = vec![fault("down", 600, 600, None)];
    let state = a_call_a_second(&subject, 30, |second| (600..1_200).contains(&second));
    assert_eq!((state.run.uptime.windows, state.run.uptime.down), (180, 60));
    assert_eq!(whole(&state, "uptime"), "66.67%");
    assert_eq!(whole(&state, "outage_longest"), "10.0m");
    assert_eq!(whole(&state, "failover_time(down)"), "10.0m");
}

#[test]
fn one_failed_call_among_others_or_a_small_share_is_no_outage() {
    let one_in_ten = a_call_a_second(&subject(), 2, |second| second % 10 == 0);
    assert_eq!(whole(&one_in_ten, "uptime"), "100.00%");
    let two_in_ten = |second| second % 10 < 2 && second < 20;
    let state = a_call_a_second(&subject(), 2, two_in_ten);
    assert_eq!((state.run.uptime.windows, state.run.uptime.down), (12, 2));
    let mut lenient = subject();
    lenient.uptime.down_above = Share::percent(20);
    let state = a_call_a_second(&lenient, 2, two_in_ten);
    assert_eq!(whole(&state, "uptime"), "100.00%");
}

#[test]
fn a_window_of_which_all_calls_failed_is_down_even_if_there_was_one() {
    let mut story = Story::of(&subject());
    story.bad(secs(1_234));
    assert_eq!(whole(&story.end(), "uptime"), "0.00%");
}

#[test]
fn a_window_without_calls_keeps_the_state_of_the_last_that_had_some() {
    let state = |bad: u64| {
        let mut subject = subject();
        subject.duration = Duration::from_secs(120);
        let mut story = Story::of(&subject);
        for second in [15, 45, 85] {
            match second == bad {
                true => story.bad(secs(second)),
                false => story.good(secs(second)),
            }
        }
        let uptime = story.end().run.uptime;
        (uptime.windows, uptime.down, uptime.outages)
    };
    // The first window has no call before it: it is not judged.
    assert_eq!(state(0), (11, 0, 0));
    assert_eq!(state(15), (11, 3, 1));
    assert_eq!(state(45), (11, 4, 1));
    assert_eq!(state(85), (11, 4, 1));
}

#[test]
fn outages_are_maximal_runs_and_know_the_faults_that_overlapped() {
    let mut subject = subject();
    subject.faults = vec![
        fault("first", 60, 60, None),
        fault("after", 125, 10, None),
        fault("both", 30, 40, Some(240)),
    ];
    let is_bad = |second| (60..120).contains(&second) || (280..300).contains(&second);
    let state = a_call_a_second(&subject, 6, is_bad);
    assert_eq!(shown(&subject, &state, None, "outages"), "2");
    assert_eq!(shown(&subject, &state, None, "outage_longest"), "1.0m");
    assert_eq!(shown(&subject, &state, None, "outage_mean"), "40.0s");
    assert_eq!(state.run.uptime.overlapping, [1, 0, 2]);
    assert_eq!(during(&subject, &state, "uptime"), "0.00%");
    assert_eq!(during(&subject, &state, "outage_longest"), "1.0m");
}

#[test]
fn time_between_the_windows_of_a_fault_does_not_exist_in_its_scope() {
    let mut subject = subject();
    subject.faults = vec![fault("flap", 20, 20, Some(60))];
    let state = a_call_a_second(&subject, 10, |second| second == 81 || second == 82);
    let uptime = &state.during[0].uptime;
    assert_eq!((uptime.windows, uptime.down), (20, 1));
    assert_eq!(during(&subject, &state, "uptime"), "95.00%");
}

#[test]
fn the_last_state_lasts_until_the_end_of_arrivals() {
    let mut story = Story::of(&subject());
    story.bad(secs(1));
    story.bad(secs(2));
    let state = story.end();
    assert_eq!(whole(&state, "uptime"), "0.00%");
    assert_eq!(whole(&state, "outages"), "1");
    assert_eq!(whole(&state, "outage_longest"), "1.0h");
}

#[test]
fn a_call_at_the_very_end_belongs_to_the_last_window() {
    let mut subject = subject();
    subject.duration = Duration::from_secs(60);
    let mut story = Story::of(&subject);
    (1..=60).for_each(|second| story.bad(secs(second)));
    let state = story.end();
    assert_eq!((state.run.uptime.windows, state.run.uptime.down), (6, 6));
}

#[test]
fn a_call_that_ends_late_still_counts_where_it_arrived() {
    let mut subject = subject();
    subject.duration = Duration::from_secs(60);
    let mut story = Story::of(&subject);
    for second in 0..20 {
        story.call(secs(second)).asks(secs(second), PRIMARY);
    }
    for second in 20..60 {
        story.good(secs(second));
    }
    let state = story.end();
    assert_eq!((state.run.uptime.windows, state.run.uptime.down), (6, 2));
}

#[test]
fn memory_does_not_grow_with_the_number_of_calls() {
    let mut subject = subject();
    subject.faults = vec![fault("flap", 0, 5, Some(10))];
    let mut story = Story::of(&subject);
    let mut most = 0;
    for call in 0_u64..200_000 {
        story.good(call * 10);
        most = most.max(story.fold.held());
    }
    assert!(most < 20, "{most} calls and windows were held");
    assert_eq!(story.end().run.succeeded, 200_000);
}

#[test]
fn a_hedge_that_wins_delivers_and_the_other_attempt_is_wasted() {
    let mut story = Story::of(&subject());
    let mut call = story.call(0);
    call.asks(0, PRIMARY).billed(100, 1_000_000, 0);
    call.hedges(800, BACKUP).billed(900, 1_000_000, 0);
    call.wins_over(1_500, PRIMARY);
    // The loser's provider works on.
    story.bills(9_000, PRIMARY, Some(0), (0, 250_000));
    story.good(secs(20));
    let state = story.end();
    assert_eq!(whole(&state, "hedge_rate"), "50.00%");
    assert_eq!(whole(&state, "success_rate"), "100.00%");
    assert_eq!(whole(&state, "fallback_rate"), "0.00%");
    assert_eq!(whole(&state, "attempts_per_call"), "1.50");
    assert_eq!(whole(&state, "truncated_successes"), "0");
    assert_eq!(whole(&state, "latency.max"), "1.5s");
    // The primary: 2 USD and 8 USD a million; the backup: 0.50 USD.
    assert_eq!(whole(&state, "wasted_cost"), "4.0000 USD");
    assert_eq!(whole(&state, "cost"), "4.5000 USD");
    let answered = [0, 1].map(|place| state.run.providers[place].answered);
    assert_eq!(answered, [1, 1], "the primary's is the other call");
}

#[test]
fn checks_and_ejections_count_by_their_own_moment() {
    let mut subject = subject();
    subject.faults = vec![fault("down", 60, 60, None)];
    let mut story = Story::of(&subject);
    story.good(0);
    story.good(secs(70));
    for (second, passed) in [(10, true), (70, false), (80, true)] {
        let provider = BACKUP;
        story.tell(secs(second), EventKind::Checked { provider, passed });
        story.bills(secs(second), BACKUP, None, (1_000_000, 1_000_000));
    }
    let until = Instant::from_nanos(90_000_000_000);
    let provider = PRIMARY;
    story.tell(secs(75), EventKind::Ejected { provider, until });
    let state = story.end();
    assert_eq!(whole(&state, "checks"), "3");
    assert_eq!(during(&subject, &state, "checks"), "2");
    assert_eq!(whole(&state, "check_cost"), "4.5000 USD");
    assert_eq!(during(&subject, &state, "check_cost"), "3.0000 USD");
    // They are billed, and deliver no answer to a user.
    assert_eq!(whole(&state, "cost"), "4.5000 USD");
    assert_eq!(whole(&state, "wasted_cost"), "4.5000 USD");
    assert_eq!(whole(&state, "ejections"), "1");
    assert_eq!(during(&subject, &state, "ejections"), "1");
    assert_eq!(state.run.providers[0].ejections, 1);
}

#[test]
fn calls_without_room_are_shed() {
    let mut story = Story::of(&subject());
    story.good(0);
    story.call(secs(1)).ends(secs(1), FailureReason::Shed);
    let state = story.end();
    assert_eq!(whole(&state, "shed_rate"), "50.00%");
    assert_eq!(whole(&state, "attempts_per_call"), "0.50");
}

#[test]
fn nonsense_is_passed_over() {
    use firedrill::policy::KeyId;
    use firedrill::policy::{AttemptId, CallId, ProviderId};
    use firedrill::policy::{Cause, Outcome};
    let mut story = Story::of(&subject());
    let (call, attempt) = (CallId(77), AttemptId(1));
    let outcome = Outcome::Succeeded { attempt };
    story.tell(1, EventKind::Ended { call, outcome });
    story.tell(1, EventKind::FirstTokenDelivered { call, attempt });
    let streamed = true;
    story.tell(u64::MAX / 1_000_000, EventKind::Arrived { call, streamed });
    story.tell(1, EventKind::Arrived { call, streamed });
    let (provider, nth, cause, probe) = (ProviderId(9), 0, Cause::First, false);
    story.tell(
        1,
        EventKind::Started {
            call,
            attempt,
            provider,
            nth,
            cause,
            probe,
            key: KeyId(0),
        },
    );
    story.bills(1, provider, Some(77), (u64::MAX, u64::MAX));
    story.bills(1, PRIMARY, None, (u64::MAX, u64::MAX));
    story.bills(1, PRIMARY, None, (u64::MAX, u64::MAX));
    story.breaker(1, provider, Breaker::Open);
    let fault = FaultId(3);
    story.tell(1, EventKind::Fired { fault, call: None });
    let state = story.end();
    assert_eq!(whole(&state, "unfinished"), "1");
    assert_eq!(whole(&state, "breaker.opened"), "0");
}
