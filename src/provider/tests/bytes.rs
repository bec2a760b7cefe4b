//! The bytes of spoilt streams and bodies, read by independent parsers.

use super::*;
use crate::scenario::fault::{Flaw, StreamAnomaly};
use crate::wire::fake::{Body, Inside};

/// The body of an answer in chunks, as far as there is one, and whether its end is valid HTTP.
fn chunks(bytes: &[u8]) -> (Vec<u8>, bool) {
    let start = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap()
        + 4;
    let (mut rest, mut body) = (&bytes[start..], Vec::new());
    while let Ok(httparse::Status::Complete((start, size))) = httparse::parse_chunk_size(rest) {
        if size == 0 {
            return (body, true);
        }
        let end = start + usize::try_from(size).unwrap();
        body.extend_from_slice(&rest[start..end]);
        rest = &rest[end + 2..];
    }
    assert!(rest.is_empty());
    (body, false)
}

/// The text of a stream's body, whose last event may be cut, and the tokens of the others.
fn read(body: &[u8]) -> (String, u64, usize) {
    let text = String::from_utf8_lossy(body).into_owned();
    let (mut tokens, mut torn) = (0, 0);
    for event in text.split("\n\n").filter(|event| !event.is_empty()) {
        let data = event.strip_prefix("data: ").unwrap_or("");
        match serde_json::from_str::<Value>(data) {
            Ok(chunk) => {
                let content = chunk["choices"][0]["delta"]["content"].as_str();
                let count = content.and_then(|content| content.split_once(' '));
                tokens += count.map_or(0, |(count, _)| count.parse().unwrap());
            }
            Err(_) if data == "[DONE]" => {}
            Err(_) => torn += 1,
        }
    }
    (text, tokens, torn)
}

#[test]
fn a_cut_inside_an_event_leaves_exactly_its_tokens_readable() {
    for inside in [Inside::Json, Inside::Utf8] {
        for (with, ends) in [
            (CloseMode::Rst, false),
            (CloseMode::Fin, false),
            (CloseMode::End, true),
        ] {
            let fault = FaultKind::StreamCut {
                after: 25,
                with,
                inside: Some(inside),
            };
            let (played, bytes) = play(&mut provider(&[fault]), &request(true, 40));
            let (body, is_terminated) = chunks(&bytes);
            let is_torn_character = String::from_utf8(body.clone()).is_err();
            assert_eq!(is_torn_character, inside == Inside::Utf8);
            let (_, tokens, torn) = read(&body);
            assert_eq!((tokens, torn, is_terminated), (25, 1, ends));
            assert_eq!(moments(&played, &Done::Billed(0, 25)).len(), 1);
        }
    }
}

#[test]
fn a_clean_end_looks_like_a_whole_body() {
    let (_, bytes) = play(
        &mut provider(&[cut(25, CloseMode::End)]),
        &request(true, 40),
    );
    let answer = Answer::read(&bytes);
    assert!(answer.is_terminated);
    assert_eq!(answer.tokens(), 25);
    assert_ne!(answer.events().last(), Some(&"[DONE]"));
}

#[test]
fn an_error_in_band_is_the_last_thing_that_a_stream_says() {
    let fault = FaultKind::InBand {
        after: 25,
        cause: Cause::Overloaded,
    };
    let (_, bytes) = play(&mut provider(&[fault]), &request(true, 40));
    let answer = Answer::read(&bytes);
    assert!(answer.is_terminated);
    assert_eq!((answer.status, answer.tokens()), (200, 25));
    let last: Value = serde_json::from_str(answer.events().last().unwrap()).unwrap();
    assert!(last["error"]["message"].is_string());
}

#[test]
fn odd_events_stand_where_they_should() {
    let body = |event| {
        let fault = FaultKind::Event { after: 25, event };
        let (_, bytes) = play(&mut provider(&[fault]), &request(true, 40));
        let (body, is_terminated) = chunks(&bytes);
        assert!(is_terminated);
        read(&body)
    };
    assert_eq!(
        (
            body(StreamAnomaly::Malformed).1,
            body(StreamAnomaly::Malformed).2
        ),
        (40, 1)
    );
    // The write before it brought 4 tokens.
    assert_eq!(
        (
            body(StreamAnomaly::Duplicate).1,
            body(StreamAnomaly::Duplicate).2
        ),
        (44, 0)
    );
    assert_eq!(
        (
            body(StreamAnomaly::Reordered).1,
            body(StreamAnomaly::Reordered).2
        ),
        (40, 0)
    );
}

#[test]
fn a_body_in_the_place_of_an_answer_is_whole_as_http_has_it() {
    for streamed in [true, false] {
        let body = |body| {
            let fault = FaultKind::Flaw(Flaw::Body(body));
            let (_, bytes) = play(&mut provider(&[fault]), &request(streamed, 40));
            let answer = Answer::read(&bytes);
            assert!(answer.is_terminated);
            assert_eq!(answer.status, 200);
            answer
        };
        assert_eq!(body(Body::Empty).body, "");
        assert!(body(Body::Html).body.contains("<html"));
        let error = body(Body::Error(Cause::ServerError)).body;
        let error: Value = serde_json::from_str(&error).unwrap();
        assert!(error["error"].is_object());
    }
}

#[test]
fn keep_alives_are_comments_in_a_stream() {
    let fault = FaultKind::KeepAlive {
        by: Some(Duration::from_secs(3)),
    };
    let (played, bytes) = play(&mut provider(&[fault]), &request(true, 11));
    let writes = moments(&played, &Done::Write);
    assert_eq!(writes, [0, 1_000, 2_000, 3_000, 3_600, 3_700]);
    let answer = Answer::read(&bytes);
    assert_eq!(
        answer.body.matches("\n\n").count(),
        4 + answer.events().len()
    );
    assert!(answer.body.starts_with(": "));
}

#[test]
fn split_events_are_torn_inside_a_character() {
    let exchange = provider(&[FaultKind::Split]).on_request(NOW, &request(true, 11));
    let writes = exchange.filter_map(|(_, action)| match action {
        Action::Write(bytes) => Some(bytes),
        _ => None,
    });
    let writes: Vec<_> = writes.collect();
    let (mut all, mut torn) = (Vec::new(), 0);
    for write in &writes {
        all.extend_from_slice(write);
        torn += usize::from(String::from_utf8(chunks(&all).0).is_err());
    }
    assert_eq!((writes.len(), torn), (4, 2));
}
