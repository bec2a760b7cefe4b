//! Every measure of one small run, worked out by hand.
//!
//! Eleven calls in twelve seconds, of which four succeed. `openai` costs 2 USD per million tokens
//! of a prompt and 8 USD of an answer, `backup` 0.50 USD and 1 USD. Two faults: `down` strikes
//! `openai` from 4 s to 6 s, `unseen` strikes `backup` from 8.5 s to 9 s.

use std::collections::BTreeSet;
use std::time::Duration;

use firedrill::expect::Bound;
use firedrill::expect::alert::Signal;
use firedrill::policy::{BreakerState, FailureClass, FailureReason};
use firedrill::report::measures::MEASURES;
use firedrill::report::{Ratio, RunStats, Subject};
use firedrill::time::Instant;
use firedrill::trace::EventKind;
use serde_json::json;

use super::rig::{self, BACKUP, PRIMARY, Story, fault, worth};

/// The run's fleet, its faults, and an alert: fewer than half of the calls that ended within two
/// seconds succeeded, looked at every two seconds.
fn subject() -> Subject {
    let mut subject = rig::subject();
    subject.duration = Duration::from_secs(12);
    subject.uptime.window = Duration::from_secs(2);
    subject.faults = vec![fault("down", 4, 2, None), fault("unseen", 0, 0, None)];
    subject.faults[1].windows.at = Duration::from_millis(8_500);
    subject.faults[1].windows.length = Some(Duration::from_millis(500));
    subject.faults[1].targets = vec![BACKUP];
    let two_seconds = Duration::from_secs(2);
    let rule = json!({
        "name": "half",
        "text": "success_rate < 50%",
        "signal": Signal::SuccessRate,
        "op": "below",
        "bound": Bound::Share(500_000_000),
        "over": [two_seconds],
        "every": two_seconds,
        "pending": Duration::ZERO,
        "detects": [0, 1],
    });
    subject.alerts = vec![serde_json::from_value(rule).expect("a rule")];
    subject
}

/// The run; the comments say which call it is, and what happens to it.
fn run() -> RunStats {
    let mut story = Story::of(&subject());
    // 0: answered after 500 ms, the first token after 200 ms.
    let mut call = story.call(0);
    call.asks(0, PRIMARY).first_token(200);
    call.billed(500, 1_000, 200).answered(500);
    // 1: an attempt for each of the 19 classes, every 10 ms. The first asks to wait 20 ms, the last
    // a second. It stops after 200 ms.
    let mut call = story.call(1_000);
    for (place, class) in (0..).zip(FailureClass::ALL) {
        let at = 1_000 + 10 * place;
        call.asks(at, PRIMARY);
        match class {
            FailureClass::RateLimited => call.fails_with_hint(at + 5, class, 20),
            FailureClass::ContentFilter => {
                call.billed(at + 5, 1_000, 0)
                    .fails_with_hint(at + 5, class, 1_000)
            }
            _ => call.fails(at + 5, class),
        };
    }
    call.ends(1_200, FailureReason::Stopped(FailureClass::ContentFilter));
    // 2: a hedge at the other provider answers after 400 ms.
    let mut call = story.call(2_000);
    call.asks(2_000, PRIMARY).billed(2_050, 1_000, 100);
    call.hedges(2_100, BACKUP).billed(2_400, 1_000, 200);
    call.wins_over(2_400, PRIMARY);
    // 3: half an answer is taken for a whole one after 600 ms.
    let mut call = story.call(3_000);
    call.asks(3_000, PRIMARY).billed(3_600, 500, 50);
    call.taken_for_an_answer(3_600);
    during_and_after(&mut story);
    story.end()
}

/// Calls 4 to 10: the fault is at work, then over.
fn during_and_after(story: &mut Story) {
    // 4: falls back, and is answered after 700 ms. The breaker opens.
    let mut call = story.call(4_000);
    call.asks(4_000, PRIMARY)
        .fails(4_100, FailureClass::Connect);
    call.asks(4_100, BACKUP).billed(4_700, 1_000, 200);
    call.answered(4_700);
    story.breaker(4_700, PRIMARY, BreakerState::Open);
    // 5: fails after 100 ms.
    let mut call = story.call(5_000);
    call.asks(5_000, PRIMARY)
        .fails(5_100, FailureClass::Connect);
    call.ends(5_100, FailureReason::Exhausted(FailureClass::Connect));
    // 6: is held back after 100 ms.
    story.call(5_200).ends(5_300, FailureReason::Shed);
    // 7: two probes, of which the first never ends; it gives up after 300 ms.
    story.breaker(6_400, PRIMARY, BreakerState::HalfOpen);
    let mut call = story.call(6_500);
    call.probes(6_500, PRIMARY).probes(6_600, PRIMARY);
    call.fails(6_700, FailureClass::Overloaded);
    call.ends(6_800, FailureReason::Deadline);
    check(story, 7_000, false);
    // 8: never ends.
    story.call(8_000).asks(8_000, BACKUP);
    // 9: answered after 300 ms, the first token after 100 ms.
    let mut call = story.call(9_000);
    call.asks(9_000, BACKUP).first_token(9_100);
    call.billed(9_300, 1_000, 200).answered(9_300);
    story.breaker(9_400, PRIMARY, BreakerState::Closed);
    let (provider, until) = (BACKUP, Instant::from_nanos(20_000_000_000));
    story.tell(9_500, EventKind::Ejected { provider, until });
    check(story, 9_600, true);
    story.bills(9_600, PRIMARY, None, (100, 10));
    // What call 4 asked for before it fell back.
    story.bills(9_800, PRIMARY, Some(4), (1_000, 0));
    // 10: its answer breaks off after 500 ms.
    let mut call = story.call(10_500);
    call.asks(10_500, BACKUP)
        .fails(11_000, FailureClass::Truncated);
    call.ends(11_000, FailureReason::Interrupted(FailureClass::Truncated));
    check(story, 12_000, true);
}

fn check(story: &mut Story, at: u64, passed: bool) {
    let provider = PRIMARY;
    story.tell(at, EventKind::Checked { provider, passed });
}

/// Each measure with its value, as a fraction, and where it comes from. Times are in milliseconds.
#[rustfmt::skip]
const BY_HAND: &[(&str, u64, u64)] = &[
    ("calls", 11, 1),
    ("succeeded", 4, 1),                    // 0, 2, 4 and 9
    ("success_rate", 4, 11),
    ("goodput", 4, 12),                     // in 12 s
    // Windows of 2 s, the calls in them, those that failed in brackets: 0 (1), 2 (3), 4 (5 6), (7),
    // (8) 9, (10). One failed call of two is no outage: the third, fourth and sixth are down.
    ("uptime", 3, 6),
    ("outages", 2, 1),
    ("outage_longest", 4_000, 1),
    ("outage_mean", 3_000, 1),              // (4 s + 2 s) / 2
    // Sorted: 300, 400, 500, 700. Ranks of the quantiles: ceil(4 x 0.5) = 2, then 4.
    ("latency.mean", 1_900, 4),
    ("latency.p50", 400, 1),
    ("latency.p90", 700, 1),
    ("latency.p95", 700, 1),
    ("latency.p99", 700, 1),
    ("latency.max", 700, 1),
    // Calls 1, 3, 5, 6, 7 and 10; not 8, which never ended. Sorted: 100, 100, 200, 300, 500, 600.
    // Ranks: ceil(6 x 0.5) = 3, then ceil(6 x 0.9) = 6.
    ("latency_failed.mean", 1_800, 6),
    ("latency_failed.p50", 200, 1),
    ("latency_failed.p90", 600, 1),
    ("latency_failed.p95", 600, 1),
    ("latency_failed.p99", 600, 1),
    ("latency_failed.max", 600, 1),
    // Calls 0 and 9: 200 and 100.
    ("ttft.mean", 300, 2),
    ("ttft.p50", 100, 1),
    ("ttft.p90", 200, 1),
    ("ttft.p95", 200, 1),
    ("ttft.p99", 200, 1),
    ("ttft.max", 200, 1),
    // By call: 1 + 19 + 2 + 1 + 2 + 1 + 0 + 2 + 1 + 1 + 1; of these 5 at `backup`.
    ("attempts", 31, 1),
    ("answered", 4, 1),
    ("attempt_success_rate", 4, 31),
    ("attempt_share(openai)", 26, 31),
    ("attempts_per_call", 31, 11),
    ("fallback_rate", 1, 11),               // 4
    ("hedge_rate", 1, 11),                  // 2
    ("shed_rate", 1, 11),                   // 6
    ("unfinished", 1, 1),                   // 8
    ("failed_calls(exhausted)", 1, 1),      // 5
    ("failed_calls(deadline)", 1, 1),       // 7
    ("failed_calls(unavailable)", 0, 1),
    ("attempts_max", 19, 1),                // 1
    ("truncated_successes", 1, 1),          // 3
    ("useless_retries", 17, 1),             // all of call 1 after its second, `quota`
    ("hints_violated", 2, 1),               // call 1 at 1,010 and 1,020, asked to wait to 1,025
    ("hints_violated.client", 3, 1),        // and call 2; its client was, to 2,185
    ("probes_at_once", 2, 1),               // 7
    ("peak_attempts(openai)", 19, 1),       // in the second from 1 s
    // Before `down`, one of four calls was answered by `openai`, and none of the four after it: not
    // recovered from 6 s to the end at 12 s.
    ("recovery_time(openai)", 6_000, 1),
    ("failover_time(down)", 4_000, 1),      // from 4 s to the window from 8 s
    // Of the calls that ended within 2 s, as the client says it: at 2 s 1 of 2 succeeded, at 4 s 2
    // of 2, at 6 s 1 of 3, at 8 s 0 of 1, at 10 s 1 of 1, at 12 s 0 of 1. It fires at 6 s, which
    // detects `down` after 2 s, and at 12 s, more than 2 s after `unseen`, which it missed.
    ("time_to_detect(half)", 2_000, 1),
    ("alerts(half)", 2, 1),
    ("false_alarms(half)", 1, 1),
    ("missed_faults(half)", 1, 1),
    // Before `down` 22 attempts in 4 s, 5.5 a second; during it 2 in 2 s; after it 2 in the second
    // from 6 s.
    ("load_during(down)", 2, 11),           // 1 / 5.5
    ("thundering_herd(down)", 4, 11),       // 2 / 5.5
    ("failures", 23, 1),                    // 19 of call 1, and one each of 4, 5, 7 and 10
    ("failures.rate_limited", 1, 1),
    ("failures.quota", 1, 1),
    ("failures.overloaded", 2, 1),          // and 7
    ("failures.server_error", 1, 1),
    ("failures.connect", 3, 1),             // and 4, 5
    ("failures.timeout_connect", 1, 1),
    ("failures.timeout_first_token", 1, 1),
    ("failures.timeout_idle", 1, 1),
    ("failures.timeout_attempt", 1, 1),
    ("failures.reset", 1, 1),
    ("failures.truncated", 2, 1),           // and 10
    ("failures.malformed", 1, 1),
    ("failures.auth", 1, 1),
    ("failures.forbidden", 1, 1),
    ("failures.model_gone", 1, 1),
    ("failures.bad_request", 1, 1),
    ("failures.rejected", 1, 1),
    ("failures.context_too_long", 1, 1),
    ("failures.content_filter", 1, 1),
    ("breaker.opened", 1, 1),
    ("breaker.half_opened", 1, 1),
    ("breaker.closed", 1, 1),
    ("ejections", 1, 1),
    ("checks", 3, 1),
    ("check_uptime(openai)", 2, 3),
    // In millionths of a dollar. Delivered: call 0 1,000 x 2 + 200 x 8 = 3,600; calls 2, 4 and 9 at
    // `backup` 1,000 x 0.5 + 200 x 1 = 700 each. Wasted: call 1 1,000 x 2 = 2,000, call 2
    // there 2,000 + 800 = 2,800, call 3 1,000 + 400 = 1,400, late 2,000, the check 200 + 80 = 280.
    ("cost", 14_180, 1_000_000),            // 3,600 + 3 x 700 + 8,480
    ("wasted_cost", 8_480, 1_000_000),
    ("wasted_share", 8_480, 14_180),
    ("check_cost", 280, 1_000_000),
    ("cost_per_success", 14_180, 4_000_000),
    // 1,200 each of calls 0, 2, 4 and 9; 1,000 + 1,100 + 550 + 1,000 + 110 wasted.
    ("tokens", 8_560, 1),
    ("tokens_per_minute", 42_800, 1),       // 8,560 in a fifth of a minute
];

#[test]
fn every_measure_is_what_is_worked_out_by_hand() {
    let (subject, state) = (subject(), run());
    for (name, part, all) in BY_HAND {
        let (_, value) = worth(&subject, &state, None, name);
        assert_eq!(value, Ratio::share(*part, *all), "{name}");
    }
    let base = |name: &'static str| name.split('(').next();
    let rows: BTreeSet<_> = BY_HAND.iter().filter_map(|row| base(row.0)).collect();
    let measures: BTreeSet<_> = MEASURES.iter().map(|measure| measure.name).collect();
    assert_eq!(rows, measures, "a row for each measure");
}
