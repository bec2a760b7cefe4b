//! Readers, on bodies as the vendors' documents show them, whole and damaged.

mod anthropic;
mod beside;
mod errors;
mod gemini;
mod openai;
mod properties;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;
use crate::wire::Dialect;

/// The result of a stream.
#[derive(Debug, PartialEq)]
struct Decoded {
    tokens: Vec<Token>,
    end: Result<Content, Wrong>,
}

impl Decoded {
    fn text(&self) -> String {
        let text = self.tokens.iter().filter_map(|token| match token {
            Token::Text(text) => Some(text.as_str()),
            Token::Busy => None,
        });
        text.collect()
    }

    fn finish(&self) -> (FinishReason, &str) {
        let finish = self.end.as_ref().unwrap().finish.as_ref().unwrap();
        (finish.reason, finish.raw.as_str())
    }

    fn usage(&self) -> Option<Usage> {
        self.end.as_ref().unwrap().usage
    }

    fn model(&self) -> Option<&str> {
        self.end.as_ref().unwrap().model.as_deref()
    }
}

/// Reads a stream whose bytes come in these pieces.
fn hear(family: Dialect, pieces: &[&[u8]]) -> Decoded {
    read(AnswerReader::new(family, true), pieces)
}

fn read(mut reader: AnswerReader, pieces: &[&[u8]]) -> Decoded {
    let mut tokens = Vec::new();
    for piece in pieces {
        if let Err(wrong) = reader.push(piece, |token| tokens.push(token)) {
            let end = Err(wrong);
            return Decoded { tokens, end };
        }
    }
    let end = reader.end(|token| tokens.push(token));
    Decoded { tokens, end }
}

/// Reads a plain answer; its content holds the text.
fn read_plain(family: Dialect, body: &[u8]) -> Result<Content, Wrong> {
    let read = read(AnswerReader::new(family, false), &[body]);
    let text = read.text();
    read.end.map(|content| Content { text, ..content })
}

/// Reads a stream of these events, each with its data only.
fn hear_events(family: Dialect, events: &[&str]) -> Decoded {
    let events = events.iter().map(|data| format!("data: {data}\n\n"));
    hear(family, &[events.collect::<String>().as_bytes()])
}

fn plain(family: Dialect, body: &str) -> Result<Content, Wrong> {
    read_plain(family, body.as_bytes())
}

/// A good stream gives the same result wherever its bytes are split, and only the whole is an
/// answer: a stream that is cut may be one if none of its text is missing, and the provider has
/// sent its finish reason.
fn no_prefix_of_a_stream_is_a_whole_answer(family: Dialect, stream: &str) {
    let stream = stream.as_bytes();
    let whole = hear(family, &[stream]);
    let Ok(content) = &whole.end else {
        panic!("{whole:?}");
    };
    for cut in 0..stream.len() {
        let (before, after) = stream.split_at(cut);
        assert_eq!(hear(family, &[before, after]), whole, "in two at {cut}");
        let cut_off = hear(family, &[before]);
        match &cut_off.end {
            Ok(end) => {
                assert_eq!(end.finish, content.finish, "cut off at {cut}");
                assert_eq!(cut_off.text(), whole.text(), "cut off at {cut}");
            }
            Err(wrong) => assert_eq!(*wrong, Wrong::Truncated, "cut off at {cut}"),
        }
    }
    let bytes: Vec<&[u8]> = stream.chunks(1).collect();
    assert_eq!(hear(family, &bytes), whole, "byte by byte");
}

/// No plain answer is read before its last byte.
fn no_prefix_of_an_answer_is_one(family: Dialect, body: &str) {
    let body = body.trim_end().as_bytes();
    assert!(read_plain(family, body).is_ok());
    for cut in 0..body.len() {
        let cut_off = read_plain(family, &body[..cut]);
        assert_eq!(cut_off, Err(Wrong::Malformed), "cut off at {cut}");
    }
}

const FAMILIES: [(Dialect, &str); 3] = [
    (Dialect::Openai, openai::STREAM),
    (Dialect::Anthropic, anthropic::STREAM),
    (Dialect::Gemini, gemini::STREAM),
];

#[test]
fn what_is_no_answer_in_any_dialect() {
    for (family, _) in FAMILIES {
        for body in [
            "",
            " \n\n",
            "null",
            "{}",
            "[]",
            "[[{}]]",
            "\"hello\"",
            "<!DOCTYPE html><html>520: Web server is returning an unknown error</html>",
        ] {
            assert_eq!(plain(family, body), Err(Wrong::Malformed), "{body}");
        }
        let nothing = hear(family, &[]);
        assert_eq!(nothing.end, Err(Wrong::Truncated));
        let comments = hear(family, &[b": keep-alive\n\n: keep-alive\n\n"]);
        assert_eq!(comments.end, Err(Wrong::Truncated));
        let page = hear(family, &[b"<!DOCTYPE html>\n<html>\n520\n</html>\n"]);
        assert_eq!(page.end, Err(Wrong::Malformed), "it never was a stream");
    }
}

#[test]
fn an_error_in_any_form_is_an_error_in_every_dialect() {
    for (family, _) in FAMILIES {
        for body in [
            r#"{"error":{"code":502,"message":"Provider returned error"}}"#,
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
            r#"[{"error":{"code":503,"status":"UNAVAILABLE"}}]"#,
            r#"{"error":"boom"}"#,
            r#"{"cloudflare_error":true,"status":520}"#,
            r#"{"code":500,"message":"boom"}"#,
            r#"{"detail":"boom"}"#,
            "\n{\n  \"error\": {\n    \"code\": 503\n  }\n}\n",
        ] {
            let wrong = plain(family, body).unwrap_err();
            assert!(matches!(wrong, Wrong::Error(_)), "{wrong:?} {body}");
            let bare = hear(family, &[body.as_bytes()]).end.unwrap_err();
            assert!(matches!(bare, Wrong::Error(_)), "{bare:?} {body}");
        }
    }
}

#[test]
fn what_comes_behind_a_terminator_is_not_looked_at() {
    for (family, stream) in &FAMILIES[..2] {
        let good = hear(*family, &[stream.as_bytes()]);
        for more in [*stream, "data: {\"error\":{}}\n\n", "data: nonsense\n\n"] {
            let pieces = [stream.as_bytes(), more.as_bytes()];
            assert_eq!(hear(*family, &pieces), good, "{more}");
            assert_eq!(hear(*family, &[&pieces.concat()]), good, "{more}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 512,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for (family, _) in FAMILIES {
            let _ = read_plain(family, &bytes);
            let _ = hear(family, &[&bytes]);
            let _ = hear(family, &[b"data: ", &bytes, b"\n\n"]);
        }
        let _ = read_error(&bytes);
    }

    /// Streams with some bytes overwritten and others left out: an accepted answer always has its
    /// end.
    #[test]
    fn no_damage_makes_an_answer_of_a_stream_that_does_not_end(
        cut in 0..2_000_usize, at in 0..2_000_usize, byte in any::<u8>(),
    ) {
        for (family, stream) in FAMILIES {
            let mut damaged = stream.as_bytes().to_vec();
            damaged.truncate(cut);
            if let Some(hit) = damaged.get_mut(at) {
                *hit = byte;
            }
            let heard = hear(family, &[&damaged]);
            let has_ended = hear(family, &[stream.as_bytes().get(..cut).unwrap_or(&damaged)])
                .end
                .is_ok();
            prop_assert!(has_ended || heard.end.is_err(), "{:?}", heard);
        }
    }

    /// JSON with the right names and any values.
    #[test]
    fn no_values_make_a_reader_panic(a in VALUES, b in VALUES, c in VALUES) {
        let openai = format!(
            r#"{{"choices":[{{"message":{a},"delta":{a},"finish_reason":{b}}}],"usage":{c}}}"#
        );
        let anthropic = format!(
            r#"{{"type":"message_delta","content":[{a}],"delta":{a},
            "stop_reason":{b},"usage":{c}}}"#
        );
        let gemini = format!(
            r#"{{"candidates":[{{"content":{{"parts":[{a}]}},"finishReason":{b}}}],
            "usageMetadata":{c}}}"#
        );
        let error = format!(r#"{{"error":{{"type":{a},"details":{b},"metadata":{c}}}}}"#);
        for (family, _) in FAMILIES {
            for body in [&openai, &anthropic, &gemini, &error] {
                let _ = plain(family, body);
                let _ = hear_events(family, &[&body.replace('\n', "")]);
            }
        }
        let _ = read_error(error.as_bytes());
    }
}

/// JSON values, usual and unusual.
const VALUES: &str = concat!(
    r#"(null|true|0|-1|18446744073709551616|1e99|""|"stop"|"\\u0000"|\[\]|\[null\]|\{\}"#,
    r#"|\{"content":(null|"x"|7)\}|\{"type":"text","text":(null|"x"|7)\}|\{"text":(null|"x"|7)\}"#,
    r#"|\{"prompt_tokens":(null|-1|18446744073709551615),"input_tokens":18446744073709551615,"#,
    r#""cache_read_input_tokens":9\})"#,
);
