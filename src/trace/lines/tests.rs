//! Tests of traces in files: what is written is what is read, and a slow disk delays no call.

use std::sync::mpsc;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::policy::breaker::State;
use crate::policy::call::{Cause, FailureReason, Outcome};
use crate::policy::classify::FailureClass;
use crate::policy::keys::KeyId;
use crate::policy::reason::{OpenedBy, Reason, Refusal};
use crate::policy::{AttemptId, CallId, ProviderId};
use crate::text::Diagnostic;
use crate::time::Instant;
use crate::trace::{Bill, EventKind, FaultId};
use crate::units::Share;

fn header() -> Header {
    let member = |name: &str, input| ProviderInfo {
        input,
        output: input,
        ..ProviderInfo::named(name)
    };
    let price = Money::parse_usd("0.2288");
    Header::new("resilient", &[member("openai", price), member("own", None)])
}

/// A writer whose bytes can be read afterwards.
#[derive(Clone, Debug, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Page {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("no panic").clone()).expect("text")
    }
}

/// `events`, written and read back.
fn through(events: &[Event]) -> Vec<Event> {
    let page = Page::default();
    let lines = JsonlRecorder::new(&header(), page.clone()).expect("memory takes it");
    for event in events {
        lines.record(event);
    }
    assert_eq!(lines.lost(), 0);
    drop(lines);
    let text = page.text();
    assert_eq!(text.lines().count(), events.len() + 1);
    let reader = Reader::new(text.as_bytes()).expect("a trace");
    assert_eq!(reader.header(), &header());
    reader.map(|event| event.expect("an event")).collect()
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    let class = (0..FailureClass::ALL.len()).prop_map(|at| FailureClass::ALL[at]);
    prop_oneof![
        any::<u32>().prop_map(|attempt| Outcome::Succeeded {
            attempt: AttemptId(attempt)
        }),
        class
            .clone()
            .prop_map(|class| Outcome::Failed(FailureReason::Stopped(class))),
        class
            .clone()
            .prop_map(|class| Outcome::Failed(FailureReason::Exhausted(class))),
        class.prop_map(|class| Outcome::Failed(FailureReason::Interrupted(class))),
        prop::sample::select(vec![
            FailureReason::Deadline,
            FailureReason::Unavailable,
            FailureReason::Shed,
            FailureReason::Unfinished,
        ])
        .prop_map(Outcome::Failed),
    ]
}

/// Every kind of event, with these numbers.
fn kinds(
    (call, attempt, place, nth): (u64, u32, u16, u32),
    (yes, class, hint): (bool, Option<usize>, Option<u64>),
    outcome: Outcome,
) -> Vec<EventKind> {
    let (call, attempt, provider) = (CallId(call), AttemptId(attempt), ProviderId(place));
    let causes = [Cause::First, Cause::Retry, Cause::Fallback, Cause::Hedge];
    let states = [State::Closed, State::Open, State::HalfOpen];
    let bill = Bill {
        cached: u64::from(attempt.0),
        ..Bill::of(call.0, u64::from(nth))
    };
    let some = yes.then_some(call);
    let cause = causes[nth as usize % causes.len()];
    let [from, to] = [nth as usize, attempt.0 as usize].map(|at| states[at % states.len()]);
    vec![
        EventKind::Arrived {
            call,
            streamed: yes,
        },
        EventKind::Started {
            call,
            attempt,
            provider,
            nth,
            cause,
            probe: yes,
            key: KeyId(attempt.0 as u16),
        },
        EventKind::FirstTokenDelivered { call, attempt },
        EventKind::Replied {
            call,
            attempt,
            provider,
            failure: class.map(|at| FailureClass::ALL[at]),
            hint: hint.map(Duration::from_nanos),
        },
        EventKind::Cancelled {
            call,
            attempt,
            provider,
        },
        EventKind::Ended { call, outcome },
        EventKind::Breaker { provider, from, to },
        EventKind::Ejected {
            provider,
            until: Instant::from_nanos(call.0),
        },
        EventKind::Checked {
            provider,
            passed: yes,
        },
        EventKind::Billed {
            provider,
            call: some,
            nth,
            bill,
        },
        EventKind::Answered {
            provider,
            call: some,
            nth,
        },
        EventKind::Fired {
            fault: FaultId(place),
            call: some,
        },
    ]
}

/// The kinds of events that only a recorder of reasons gets, with these numbers.
fn reasons((call, _, place, nth): (u64, u32, u16, u32)) -> Vec<EventKind> {
    let (call, provider) = (CallId(call), ProviderId(place));
    vec![
        EventKind::Decided {
            call,
            reason: Reason::PassedOver {
                provider,
                why: Refusal::Throttled {
                    probability: Share::from_parts(u64::from(place)),
                },
            },
        },
        EventKind::Opened {
            provider,
            until: Instant::from_nanos(call.0),
            by: OpenedBy::SuccessRate {
                failed: u64::from(nth),
                attempts: call.0,
            },
        },
    ]
}

proptest! {
    #[test]
    fn every_event_that_is_written_can_be_read_again(
        numbers in (0..10_000_000_000_u64, any::<u32>(), 0..2_u16, any::<u32>()),
        class in prop::option::of(0..FailureClass::ALL.len()),
        hint: Option<u64>,
        yes: bool,
        at in 0..10 * 365 * 86_400 * 1_000_000_000_u64,
        outcome in outcomes(),
    ) {
        let kinds = kinds(numbers, (yes, class, hint), outcome).into_iter();
        let kinds = kinds.chain(reasons(numbers));
        let at = Instant::from_nanos(at);
        let events: Vec<Event> = kinds.map(|kind| Event { at, kind }).collect();
        prop_assert_eq!(through(&events), events);
    }

    #[test]
    fn no_bytes_make_the_reader_panic_or_run_for_ever(bytes: Vec<u8>) {
        let mut text = serde_json::to_vec(&header()).unwrap();
        text.push(b'\n');
        text.extend(&bytes);
        let reader = Reader::new(text.as_slice()).unwrap();
        prop_assert!(reader.count() <= bytes.len());
        let _ = Reader::new(bytes.as_slice()).map(Iterator::count);
    }
}

fn arrived(call: u64) -> Event {
    Event {
        at: Instant::from_nanos(call),
        kind: EventKind::Arrived {
            call: CallId(call),
            streamed: false,
        },
    }
}

#[test]
fn lines_are_what_the_head_of_this_module_says() {
    let page = Page::default();
    let lines = JsonlRecorder::new(&header(), page.clone()).unwrap();
    lines.record(&arrived(7));
    drop(lines);
    assert_eq!(
        page.text(),
        "{\"schema\":\"firedrill.trace/1\",\"policy\":\"resilient\",\"providers\":[\
         {\"name\":\"openai\",\"model\":\"openai\",\"input\":\"0.2288\",\"output\":\"0.2288\"},\
         {\"name\":\"own\",\"model\":\"own\"}]}\n\
         {\"at\":7,\"kind\":{\"arrived\":{\"call\":7,\"streamed\":false}}}\n"
    );
}

#[test]
fn a_line_that_breaks_off_is_passed_over_at_the_end_and_nowhere_else() {
    let page = Page::default();
    let lines = JsonlRecorder::new(&header(), page.clone()).unwrap();
    lines.record(&arrived(1));
    lines.record(&arrived(2));
    drop(lines);
    let text = page.text();
    let torn = &text[..text.len() - 9];
    let reader = Reader::new(torn.as_bytes()).unwrap();
    let events: Vec<Event> = reader.map(|event| event.unwrap()).collect();
    assert_eq!(events, [arrived(1)]);
    let text = format!("{torn}\n");
    let last = Reader::new(text.as_bytes()).unwrap().last().unwrap();
    assert_eq!(problem(last).line(), 3);
}

#[test]
fn what_is_no_trace_is_refused() {
    for text in [
        "",
        "\n",
        "{}\n",
        "name: p\n",
        "{\"schema\":\"firedrill.trace/2\"}",
    ] {
        let problem = problem(Reader::new(text.as_bytes()));
        assert_eq!((problem.file(), problem.line()), ("trace", 1));
    }
    let other = serde_json::to_string(&header())
        .unwrap()
        .replace("trace/1", "trace/2");
    let problem = problem(Reader::new(other.as_bytes()));
    assert_eq!(problem.message(), "this is not `firedrill.trace/1`");
}

/// What is wrong with a line.
fn problem<T: std::fmt::Debug>(read: Result<T, ReadError>) -> Diagnostic {
    match read {
        Err(ReadError::Line(problem)) => problem,
        other => panic!("{other:?}"),
    }
}

/// What the reader says of the first wrong line of a trace with this header and these events.
fn refused(header: &str, events: &[&str]) -> String {
    let text = format!("{header}\n{}\n", events.join("\n"));
    let reader = match Reader::named("t.jsonl", text.as_bytes()) {
        Ok(mut reader) => reader.find_map(|event| event.err().map(Err::<(), _>)),
        Err(error) => Some(Err(error)),
    };
    let problem = problem(reader.expect("a line is wrong"));
    let (line, column) = (problem.line(), problem.column());
    let hint = problem.hint_text().unwrap_or_default();
    assert!(
        !hint.is_empty() && !problem.to_string().contains('\u{1b}'),
        "{problem}"
    );
    format!("{line}:{column} {}", problem.message())
}

#[test]
fn what_cannot_be_is_refused_where_it_stands() {
    let good = serde_json::to_string(&header()).unwrap();
    let arrived = r#"{"at":7,"kind":{"arrived":{"call":1,"streamed":false}}}"#;
    let bill = |bill: &str| {
        format!(r#"{{"at":7,"kind":{{"billed":{{"provider":0,"call":1,"nth":0,"bill":{bill}}}}}}}"#)
    };
    let billed = bill(r#"{"input":1,"cached":0,"output":10000000001,"price_milli":1000}"#);
    let dear = bill(r#"{"input":1,"cached":0,"output":1,"price_milli":1000001}"#);
    for (events, told) in [
        (
            vec![arrived, arrived],
            "3:35 call 1 arrives again before it has ended",
        ),
        (
            vec![r#"{"at":400000000000000000,"kind":{"arrived":{"call":1,"streamed":true}}}"#],
            "2:7 no client runs for more than ten years",
        ),
        (
            vec![
                arrived,
                r#"{"at":6,"kind":{"ended":{"call":1,"outcome":{"failed":"shed"}}}}"#,
            ],
            "3:7 this is before call 1's event above, at 7",
        ),
        (
            vec![r#"{"at":7,"kind":{"checked":{"provider":2,"passed":true}}}"#],
            "2:39 there is no provider 2: the header has 2, from 0",
        ),
        (
            vec![billed.as_str()],
            "2:95 `10000000001` is more than 10000000000",
        ),
        (vec![dear.as_str()], "2:111 `1000001` is more than 1000000"),
        (
            vec![r#"{"at":-1,"kind":{}}"#],
            "2:8 invalid value: integer `-1`, expected u64",
        ),
    ] {
        assert_eq!(refused(&good, &events), told);
    }
}

#[test]
fn a_header_that_no_report_can_show_is_refused() {
    let of = |policy: &str, name: &str, price: &str| {
        let header = Header {
            policy: policy.to_owned(),
            ..header()
        };
        let text = serde_json::to_string(&header).unwrap();
        let name = serde_json::to_string(name).unwrap();
        text.replace("\"own\",\"model", &format!("{name},\"model"))
            .replace("0.2288", price)
    };
    let long = "p".repeat(65_536);
    for (header, told) in [
        (of(&long, "b", "1"), "1:40 the name has 65536 characters"),
        (of("", "b", "1"), "1:40 the name is empty"),
        (of("p", &long, "1"), "1:125 the name has 65536 characters"),
        (
            of("p", "b\u{1b}[31m", "1"),
            "1:125 the name `b\\u{1b}[31m` has a control character",
        ),
        (
            of("p", "b", "1000000.01"),
            "1:99 `1000000.01 USD` for a million tokens is too large",
        ),
    ] {
        assert_eq!(refused(&header, &[]), told);
    }
}

/// A disk that blocks until it is released.
struct Stuck(mpsc::Receiver<()>);

impl Write for Stuck {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.recv();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_disk_that_does_not_answer_costs_events_and_stops_nobody() {
    let (release, stuck) = mpsc::channel();
    release.send(()).unwrap();
    let lines = JsonlRecorder::with_room(&header(), Stuck(stuck), 2).unwrap();
    // The writer's buffer and the queue hold far fewer.
    for call in 0..100_000 {
        lines.record(&arrived(call));
    }
    assert!(lines.lost() > 0);
    drop(release);
    drop(lines);
}

/// A disk that is full after the header.
struct FailingWriter(u32);

impl Write for FailingWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += 1;
        match self.0 {
            1 => Ok(bytes.len()),
            _ => Err(io::ErrorKind::StorageFull.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_counted_and_panics_nowhere() {
    let lines = JsonlRecorder::new(&header(), FailingWriter(0)).unwrap();
    let lost = lines.lost.clone();
    lines.record(&arrived(1));
    drop(lines);
    assert!(lost.load(Ordering::Relaxed) > 0);
}
