//! Faults of an answer's timing.

use std::slice::from_ref;

use super::*;
use crate::scenario::fault::{Delayed, SlowPart};
use crate::units::{Bandwidth, TokenRate};

fn writes(faults: &[FaultKind], request: &Request) -> Vec<u64> {
    moments(&play(&mut provider(faults), request).0, &Done::Write)
}

fn fired(faults: &[FaultKind], request: &Request) -> Vec<u16> {
    let (played, _) = play(&mut provider(faults), request);
    let fired = played.iter().filter_map(|(_, done)| match done {
        Done::Fired(fault) => Some(*fault),
        _ => None,
    });
    fired.collect()
}

const fn slow_at(factor_milli: u64, what: SlowPart) -> FaultKind {
    FaultKind::Slow {
        factor: Factor::milli(factor_milli),
        what,
    }
}

const fn delay(what: Delayed, seconds: u64) -> FaultKind {
    FaultKind::Delay {
        what,
        by: Duration::from_secs(seconds),
    }
}

const fn keep_alive(by: Option<u64>) -> FaultKind {
    FaultKind::KeepAlive {
        by: match by {
            Some(seconds) => Some(Duration::from_secs(seconds)),
            None => None,
        },
    }
}

#[test]
fn slowness_may_be_of_the_first_token_or_of_the_others() {
    let request = request(true, 21);
    assert_eq!(writes(&[], &request), [600, 700, 800]);
    let first = slow_at(2_000, SlowPart::Ttft);
    assert_eq!(writes(&[first], &request), [1_200, 1_300, 1_400]);
    let others = slow_at(2_000, SlowPart::Tokens);
    assert_eq!(writes(&[others], &request), [600, 700, 800, 900, 1_000]);
}

#[test]
fn slowness_that_changes_nothing_has_not_struck() {
    let faults = [slow(1_000), slow_at(2_000, SlowPart::Tokens)];
    assert_eq!(fired(&faults, &request(true, 1)), [0_u16; 0]);
    assert_eq!(fired(&faults, &request(false, 1)), [1]);
}

#[test]
fn headers_that_are_late_make_all_late() {
    let late = delay(Delayed::Headers, 2);
    assert_eq!(writes(from_ref(&late), &request(true, 11)), [2_600, 2_700]);
    let twice = [late.clone(), late];
    assert_eq!(writes(&twice, &request(false, 10)), [4_700]);
}

#[test]
fn a_first_token_that_is_late_comes_after_a_head_in_time() {
    let late = delay(Delayed::FirstToken, 2);
    let expected = [600, 2_600, 2_700];
    assert_eq!(writes(from_ref(&late), &request(true, 11)), expected);
    let mut provider = provider(from_ref(&late));
    let mut exchange = provider.on_request(NOW, &request(true, 11));
    let first = exchange.find_map(|(_, action)| match action {
        Action::Write(bytes) => Some(bytes),
        _ => None,
    });
    assert_eq!(Answer::read(&first.unwrap()).tokens(), 0);
    assert_eq!(writes(from_ref(&late), &request(false, 10)), [2_700]);
    let cut = cut(0, CloseMode::Fin);
    assert_eq!(fired(&[late, cut], &request(true, 11)), [1]);
}

#[test]
fn a_torn_stream_that_is_cut_without_another_token_is_billed_before_the_reset() {
    let cut = FaultKind::Stall {
        after: 1,
        length: Duration::from_nanos(1),
        then: Some(CloseMode::Rst),
    };
    let mut provider = provider(&[FaultKind::Split, cut]);
    let (played, _) = play(&mut provider, &request(true, 11));
    assert!(played.is_sorted_by_key(|(at, _)| *at), "{played:?}");
    let ends = [(601, Done::Billed(0, 1)), (601, Done::Rst)];
    assert_eq!(played[played.len() - 2..], ends);
}

#[test]
fn a_heavy_tail_is_a_draw_of_call_and_fault() {
    let tail = FaultKind::HeavyTail {
        index: Factor::milli(1_500),
    };
    let first = |faults: &[FaultKind], call| {
        let request = Request {
            call: CallId(call),
            ..request(true, 1)
        };
        writes(faults, &request)[0]
    };
    let one = [tail.clone()];
    assert_eq!(first(&one, 7), first(&one, 7));
    assert_ne!(first(&one, 7), first(&one, 8));
    let lengths: Vec<u64> = (0..2_000).map(|call| first(&one, call)).collect();
    assert!(lengths.iter().all(|length| *length >= 600));
    // P(X > 10) = 10^-1.5, 63 in 2,000.
    let far = lengths.iter().filter(|length| **length > 6_000).count();
    assert!((40..90).contains(&far), "{far}");
    let alone = [slow(1_000), tail.clone()];
    assert_ne!(first(&one, 7), first(&alone, 7));
    assert!(first(&[tail.clone(), tail], 7) > first(&one, 7));
}

#[test]
fn a_drip_sends_tokens_one_by_one_and_no_faster() {
    let drip = |milli| FaultKind::Drip {
        speed: TokenRate::milli(milli),
    };
    let request = request(true, 4);
    assert_eq!(writes(&[drip(4_000)], &request), [600, 850, 1_100, 1_350]);
    assert_eq!(writes(&[drip(9_000_000)], &request), [600, 610, 620, 630]);
    let both = [drip(8_000), drip(4_000), drip(4_000)];
    assert_eq!(writes(&both, &request), [600, 850, 1_100, 1_350]);
    assert_eq!(fired(&both, &request), [1]);
    assert_eq!(fired(&both, &super::request(false, 4)), [0_u16; 0]);
}

#[test]
fn a_bandwidth_holds_for_plain_answers_and_streams() {
    for streamed in [false, true] {
        let mut provider = provider(&[FaultKind::Bandwidth {
            cap: Bandwidth::per_second(1_000),
        }]);
        let (played, bytes) = play(&mut provider, &request(streamed, 40));
        let (_, whole) = play(&mut super::provider(&[]), &request(streamed, 40));
        let body = |bytes: &[u8]| Answer::read(bytes).body;
        assert_eq!(body(&bytes), body(&whole));
        let writes = moments(&played, &Done::Write);
        assert!(writes.len() > bytes.len() / 100);
        let least = 600 + bytes.len() as u64 * 9 / 10;
        assert!(*writes.last().unwrap() >= least, "{writes:?}");
        let billed = moments(&played, &Done::Billed(0, 40));
        assert_eq!(billed, [*writes.last().unwrap()]);
        let answered = moments(&played, &Done::Answered);
        assert_eq!(answered, billed);
    }
}

#[test]
fn keep_alives_come_each_second_until_the_answer_does() {
    let request = request(false, 10);
    let (played, bytes) = play(&mut provider(&[keep_alive(Some(3))]), &request);
    let writes = moments(&played, &Done::Write);
    assert_eq!(writes, [0, 1_000, 2_000, 3_000, 3_700]);
    let answer = Answer::read(&bytes);
    assert!(answer.is_terminated && answer.body.starts_with("\n\n\n\n{"));
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(body["usage"]["completion_tokens"], 10);
    let before = &played[played.len() - 3..];
    let end = [
        (3_700, Done::Billed(0, 10)),
        (3_700, Done::Answered),
        (3_700, Done::Write),
    ];
    assert_eq!(before, end);
}

#[test]
fn keep_alives_of_a_stream_come_after_its_head() {
    let request = request(true, 11);
    let (played, bytes) = play(&mut provider(&[keep_alive(Some(3))]), &request);
    let writes = moments(&played, &Done::Write);
    assert_eq!(writes[0], 0);
    assert_eq!(writes[writes.len() - 2..], [3_600, 3_700]);
    let answer = Answer::read(&bytes);
    assert!(answer.is_terminated);
    assert_eq!(answer.tokens(), 11);
}

#[test]
fn keep_alives_without_an_answer_end_after_ten_minutes() {
    for streamed in [false, true] {
        let faults = [slow(2_000), keep_alive(Some(3)), keep_alive(None)];
        let (played, bytes) = play(&mut provider(&faults), &request(streamed, 10));
        assert_eq!(played[..2], [(0, Done::Fired(2)), (0, Done::Write)]);
        assert_eq!(played.last(), Some(&(600_000, Done::Fin)));
        assert!(!Answer::read(&bytes).is_terminated);
        let billed = |done: &Done| matches!(done, Done::Billed(..) | Done::Answered);
        assert!(!played.iter().any(|(_, done)| billed(done)));
    }
}

#[test]
fn a_stall_may_be_the_last_thing_that_a_stream_does() {
    for (then, last) in [
        (CloseMode::Rst, Some(Done::Rst)),
        (CloseMode::Fin, Some(Done::Fin)),
        (CloseMode::End, None),
    ] {
        let fault = FaultKind::Stall {
            after: 25,
            length: Duration::from_secs(2),
            then: Some(then),
        };
        let (played, bytes) = play(&mut provider(&[fault]), &request(true, 300));
        assert_eq!(moments(&played, &Done::Billed(0, 25)), [2_840]);
        let ending = [Done::Rst, Done::Fin];
        let ended = played.iter().find(|(_, done)| ending.contains(done));
        assert_eq!(ended.cloned(), last.map(|last| (2_840, last)));
        assert_eq!(Answer::read(&bytes).tokens(), 25);
    }
}

#[test]
fn split_events_come_whole_in_the_end() {
    let request = request(true, 11);
    let (played, bytes) = play(&mut provider(&[FaultKind::Split]), &request);
    assert_eq!(moments(&played, &Done::Write), [600, 601, 700, 701]);
    let answer = Answer::read(&bytes);
    assert!(answer.is_terminated);
    assert_eq!(answer.tokens(), 11);
    assert_eq!(moments(&played, &Done::Answered), [701]);
    assert_eq!(
        fired(&[FaultKind::Split], &super::request(false, 11)),
        [0_u16; 0]
    );
}
