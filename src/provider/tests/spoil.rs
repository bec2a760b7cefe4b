//! Faults of an answer's content: the writer's instructions, and the faults that struck.

use super::*;
use crate::provider::answer_effects::AnswerEffects;
use crate::scenario::fault::{Flaw, StreamAnomaly};
use crate::wire::fake::{Body, Counting, Finish, Flaws, Inside, Label, Terminator};

fn effects(faults: &[FaultKind], streamed: bool) -> AnswerEffects {
    let request = request(streamed, 40);
    let shape = PlainAnswer {
        streamed,
        output: 40,
    };
    provider(faults).faults.effects(&request.seen(NOW), shape)
}

fn fired(faults: &[FaultKind], streamed: bool) -> Vec<u16> {
    let fired = effects(faults, streamed).fired;
    fired.into_iter().map(|fault| fault.0).collect()
}

const fn event(after: u64, event: StreamAnomaly) -> FaultKind {
    FaultKind::Event { after, event }
}

const fn in_band(after: u64) -> FaultKind {
    FaultKind::InBand {
        after,
        cause: Cause::Overloaded,
    }
}

const NONE: [u16; 0] = [];

#[test]
fn flaws_of_several_faults_reach_the_writer_as_one() {
    let faults = [
        FaultKind::Flaw(Flaw::Model("other".into())),
        FaultKind::Flaw(Flaw::Usage(Counting::Missing)),
        FaultKind::Flaw(Flaw::Label(Label::Wrong)),
        FaultKind::Flaw(Flaw::Model("third".into())),
        FaultKind::Flaw(Flaw::Terminator(Terminator::Twice)),
    ];
    let plain = effects(&faults, false);
    let mut flaws = Flaws {
        model: Some("other".into()),
        usage: Counting::Missing,
        label: Label::Wrong,
        ..Flaws::default()
    };
    assert_eq!(plain.flaws.as_deref(), Some(&flaws));
    assert_eq!(fired(&faults, false), [0, 1, 2]);
    flaws.terminator = Terminator::Twice;
    assert_eq!(effects(&faults, true).flaws.as_deref(), Some(&flaws));
    assert_eq!(fired(&faults, true), [0, 1, 2, 4]);
    assert!(plain.is_right(Dialect::Openai));
}

#[test]
fn what_stands_in_for_the_body_hides_what_it_would_say() {
    let faults = [
        FaultKind::Flaw(Flaw::Usage(Counting::Missing)),
        FaultKind::Flaw(Flaw::Label(Label::Wrong)),
        event(3, StreamAnomaly::Malformed),
        FaultKind::KeepAlive {
            by: Some(Duration::from_secs(9)),
        },
        FaultKind::Flaw(Flaw::Body(Body::Html)),
        FaultKind::Flaw(Flaw::Body(Body::Empty)),
    ];
    for streamed in [true, false] {
        assert_eq!(fired(&faults, streamed), [1, 4]);
        let effects = effects(&faults, streamed);
        assert_eq!(effects.flaws.map(|flaws| flaws.body), Some(Body::Html));
    }
}

#[test]
fn half_a_body_is_the_matter_of_plain_answers() {
    let faults = [FaultKind::Flaw(Flaw::Body(Body::HalfJson))];
    assert_eq!(fired(&faults, true), NONE);
    assert_eq!(fired(&faults, false), [0]);
    assert!(!effects(&faults, false).is_right(Dialect::Openai));
}

#[test]
fn an_early_end_hides_what_would_be_said_at_the_end() {
    let faults = [
        FaultKind::Flaw(Flaw::Finish(Finish::Length)),
        FaultKind::Flaw(Flaw::Model("other".into())),
        in_band(40),
    ];
    assert_eq!(fired(&faults, true), [1, 2]);
    assert_eq!(fired(&faults[..2], true), [0, 1]);
    assert_eq!(fired(&faults, false), [0, 1]);
}

#[test]
fn the_earliest_end_is_the_one_whatever_its_kind() {
    let stall_then = |after| FaultKind::Stall {
        after,
        length: Duration::from_secs(1),
        then: Some(CloseMode::Fin),
    };
    assert_eq!(
        fired(&[cut(9, CloseMode::Rst), in_band(5), stall_then(7)], true),
        [1]
    );
    assert_eq!(
        fired(
            &[
                stall_then(5),
                in_band(5),
                event(4, StreamAnomaly::Duplicate)
            ],
            true
        ),
        [0, 2]
    );
    assert_eq!(
        fired(&[event(5, StreamAnomaly::Duplicate), in_band(5)], true),
        [1]
    );
    assert_eq!(effects(&[in_band(5)], true).delivered(40), 5);
}

#[test]
fn of_odd_events_at_one_place_the_first_shows() {
    let faults = [
        event(41, StreamAnomaly::Malformed),
        event(5, StreamAnomaly::Reordered),
        event(5, StreamAnomaly::Duplicate),
        event(40, StreamAnomaly::Malformed),
        stall(5, Duration::from_secs(1)),
    ];
    assert_eq!(fired(&faults, true), [1, 3, 4]);
    assert_eq!(fired(&faults, false), NONE);
    assert!(!effects(&faults, true).is_right(Dialect::Openai));
    assert!(effects(&faults[4..], true).is_right(Dialect::Openai));
}

#[test]
fn odd_events_split_the_stream_where_they_are_and_leave_no_right_answer() {
    let faults = [
        event(25, StreamAnomaly::Malformed),
        event(0, StreamAnomaly::Duplicate),
    ];
    let (played, _) = play(&mut provider(&faults), &request(true, 40));
    let writes = moments(&played, &Done::Write);
    assert_eq!(writes, [600, 600, 700, 800, 840, 900, 990]);
    assert!(moments(&played, &Done::Answered).is_empty());
    assert_eq!(moments(&played, &Done::Billed(0, 40)), [990]);
}

#[test]
fn a_lying_finish_is_no_answer_and_another_model_is_one() {
    for (flaw, answered) in [
        (Flaw::Finish(Finish::Length), 0),
        (Flaw::Finish(Finish::Missing), 0),
        (Flaw::Model("other".into()), 1),
        (Flaw::Usage(Counting::Times(Factor::milli(0))), 1),
        (Flaw::Label(Label::Missing), 1),
    ] {
        for streamed in [true, false] {
            let faults = [FaultKind::Flaw(flaw.clone())];
            let (played, _) = play(&mut provider(&faults), &request(streamed, 40));
            let whole = moments(&played, &Done::Answered);
            assert_eq!(whole.len(), answered, "{flaw:?}");
        }
    }
}

#[test]
fn a_clean_end_leaves_the_connection_to_others() {
    let inside = Some(Inside::Json);
    let fault = |with| FaultKind::StreamCut {
        after: 25,
        with,
        inside,
    };
    let end = |with| {
        let (played, _) = play(&mut provider(&[fault(with)]), &request(true, 40));
        assert_eq!(moments(&played, &Done::Billed(0, 25)), [840]);
        assert!(moments(&played, &Done::Answered).is_empty());
        played.last().cloned()
    };
    assert_eq!(end(CloseMode::End), Some((840, Done::Write)));
    assert_eq!(end(CloseMode::Fin), Some((840, Done::Fin)));
    assert_eq!(end(CloseMode::Rst), Some((840, Done::Rst)));
}
