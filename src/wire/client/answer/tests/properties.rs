//! Random good streams, cut at random bytes, with what providers put between their events.

use proptest::sample::select;

use super::*;
use crate::wire::Dialect::{Anthropic, Gemini, Openai};

/// Between any two events: nothing changes.
const HARMLESS: &[&str] = &[
    "",
    ": keep-alive\n\n",
    "data:\n\n",
    "data: \n\n",
    "data: {}\n\n",
    "event: ping\ndata: {\"type\":\"ping\"}\n\n",
    "id: 7\nretry: 3000\n\n",
    "\n\n",
    "data: {\"error\":null,\"type\":\"ping\"}\n\n",
    "data: {\"type\":\"ping\",\"status\":\"processing\",\"message\":\"wait\"}\n\n",
];

/// Before the reason to end: an error, whatever follows.
const ERRORS: &[&str] = &[
    "{\"error\":\"boom\"}\n\n",
    "{\n  \"error\": {\n    \"code\": 503\n  }\n}\n\n",
    "[{\"error\":{\"code\":503,\"status\":\"UNAVAILABLE\"}}]\n\n",
    "error: {\"code\":500,\"message\":\"boom\"}\n\n",
    "error: boom\n\n",
    "event: error\ndata: {\"message\":\"boom\"}\n\n",
    "event: error\ndata: boom\n\n",
    "event: error\ndata: {}\n\n",
    "data: {\"error\":{\"message\":\"boom\",\"code\":429}}\n\n",
    "data: {\"error\":\"boom\"}\n\n",
    "data: {\"code\":500,\"message\":\"boom\"}\n\n",
    "data: {\"detail\":\"boom\"}\n\n",
    "data: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"}}\n\n",
    "data: {\"type\":\"error\",\"message\":\"boom\"}\n\n",
    "data: {\"error\":{\"message\":\"boom\"}}{\"a\":1}\n\n",
];

/// Behind the reason to end: anything.
const NOISE: &[&str] = &[
    "data: nonsense\n\n",
    "nonsense\n\n",
    "data: {\"choices\":[{\"delta\":\n\n",
    "data: {\"choices\":null,\"usage\":{\"prompt_tokens\":-1}}\n\n",
    "data: {\"choices\":[{\"delta\":[],\"finish_reason\":7}],\"usage\":[]}\n\n",
    "data: {\"candidates\":{},\"usageMetadata\":\"none\"}\n\n",
    "data: [DONE]\n\n",
    "data: <html>",
];

/// A side of an event that no reader may stumble over.
const SIDES: &[&str] = &[
    "",
    "\"id\":null,",
    "\"id\":7,\"model\":{\"name\":[]},\"modelVersion\":null,",
    "\"usage\":null,\"usageMetadata\":null,",
    "\"usage\":[],\"usageMetadata\":[],",
    "\"usage\":{\"prompt_tokens\":-3,\"input_tokens\":1.5,\"completion_tokens\":\"x\"},",
    "\"usageMetadata\":{\"promptTokenCount\":-3,\"candidatesTokenCount\":null},",
    "\"logprobs\":[NaN,-Infinity],",
    "\"system_fingerprint\":[[]],\"system_fingerprint\":1e999,",
    "\"error\":{\"message\":\"\",\"code\":null},",
    "\"choices_\":\"\\ud83d\",",
];

/// The events of a good stream: those of the text, and those of its end.
fn events(family: Dialect, texts: &[&str], side: &str) -> (Vec<String>, Vec<String>) {
    let json = |text: &str| serde_json::to_string(text).unwrap();
    let event = |data: String| format!("data: {{{side}{data}}}\n\n");
    match family {
        Openai => {
            let chunk = |delta: &str, finish: &str| {
                let choice = format!("{{\"delta\":{delta},\"finish_reason\":{finish}}}");
                event(format!("\"choices\":[{choice}]"))
            };
            let piece = |text: &&str| match text.len() % 3 {
                0 => chunk(&format!("{{\"content\":{}}}", json(text)), "null"),
                1 => chunk(
                    &format!("{{\"content\":[{{\"text\":{}}}]}}", json(text)),
                    "\"\"",
                ),
                _ => chunk(
                    &format!("{{\"content\":[{{\"type\":\"thinking\"}},{}]}}", json(text)),
                    "null",
                ),
            };
            let mut begin = vec![chunk("{\"role\":\"assistant\",\"content\":\"\"}", "null")];
            begin.extend(texts.iter().map(piece));
            (
                begin,
                vec![chunk("{}", "\"stop\""), "data: [DONE]\n\n".to_owned()],
            )
        }
        Anthropic => {
            let typed = |kind: &str, rest: String| event(format!("\"type\":\"{kind}\"{rest}"));
            let piece = |text: &&str| {
                let delta = format!(
                    ",\"delta\":{{\"type\":\"text_delta\",\"text\":{}}}",
                    json(text)
                );
                typed("content_block_delta", delta)
            };
            let mut begin = vec![
                typed("message_start", ",\"message\":{\"content\":[]}".to_owned()),
                typed(
                    "content_block_start",
                    ",\"content_block\":{\"type\":\"text\",\"text\":\"\"}".to_owned(),
                ),
            ];
            begin.extend(texts.iter().map(piece));
            let delta = ",\"delta\":{\"stop_reason\":\"end_turn\"}".to_owned();
            (
                begin,
                vec![
                    typed("message_delta", delta),
                    typed("message_stop", String::new()),
                ],
            )
        }
        _ => {
            let candidate = |rest: String| event(format!("\"candidates\":[{{{rest}}}]"));
            let piece = |text: &&str| {
                candidate(format!(
                    "\"content\":{{\"parts\":[{{\"text\":{}}}]}}",
                    json(text)
                ))
            };
            let end = candidate("\"finishReason\":\"STOP\"".to_owned());
            (texts.iter().map(piece).collect(), vec![end])
        }
    }
}

/// The bytes in pieces of this size, read to their end.
fn in_pieces(family: Dialect, stream: &str, size: usize) -> Decoded {
    let pieces: Vec<&[u8]> = stream.as_bytes().chunks(size).collect();
    hear(family, &pieces)
}

fn texts() -> impl Strategy<Value = Vec<&'static str>> {
    let texts = [
        "One",
        " two",
        "é",
        "😀",
        " wörld",
        "\n\ndata: {\"error\":1}\n\n",
        "\"}",
        "[DONE]",
    ];
    prop::collection::vec(select(texts.to_vec()), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 256,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_good_stream_is_read_whatever_stands_between_its_events(
        family in select(vec![Openai, Anthropic, Gemini]),
        texts in texts(),
        side in select(SIDES),
        between in prop::collection::vec(select(HARMLESS), 8),
        noise in prop::collection::vec(select(NOISE), 0..3),
        has_crlf in any::<bool>(),
        has_mark in any::<bool>(),
        size in 1..40_usize,
    ) {
        let (begin, end) = events(family, &texts, side);
        let mut stream = if has_mark { "\u{feff}".to_owned() } else { String::new() };
        for (event, between) in begin.iter().zip(between.iter().cycle()) {
            stream += between;
            stream += event;
        }
        stream += &end[0];
        stream += &noise.concat();
        stream += &end[1..].concat();
        if has_crlf {
            stream = stream.replace('\n', "\r\n");
        }
        let heard = in_pieces(family, &stream, size);
        prop_assert!(heard.end.is_ok(), "{:?} of {}", heard, stream);
        prop_assert_eq!(heard.text(), texts.concat(), "{}", stream);
        // What the content type says and what was asked change nothing.
        let plain = read(AnswerReader::new(family, false), &[stream.as_bytes()]);
        prop_assert_eq!(plain, in_pieces(family, &stream, stream.len()));
    }

    #[test]
    fn no_error_before_the_end_is_overlooked(
        family in select(vec![Openai, Anthropic, Gemini]),
        texts in texts(),
        error in select(ERRORS),
        at in any::<prop::sample::Index>(),
        size in 1..40_usize,
    ) {
        let (mut all, end) = events(family, &texts, "");
        all.insert(at.index(all.len() + 1), error.to_owned());
        all.extend(end);
        let stream = all.concat();
        let heard = in_pieces(family, &stream, size);
        prop_assert!(matches!(heard.end, Err(Wrong::Error(_))), "{:?} of {}", heard, stream);
        prop_assert!(texts.concat().starts_with(&heard.text()), "{:?}", heard);
    }

    #[test]
    fn half_a_stream_is_no_answer(
        family in select(vec![Openai, Anthropic, Gemini]),
        texts in texts(),
        word in select(vec!["abort", "error", "MALFORMED_FUNCTION_CALL", "of_the_future"]),
        is_said in any::<bool>(),
        size in 1..40_usize,
    ) {
        let (mut all, end) = events(family, &texts, "");
        if is_said {
            let end = end.concat();
            let known = ["\"stop\"", "end_turn", "STOP"];
            let known = known.iter().find(|known| end.contains(**known)).unwrap();
            let word = known.replace(known.trim_matches('"'), word);
            all.push(end.replace(known, &word));
        }
        let heard = in_pieces(family, &all.concat(), size);
        prop_assert!(heard.end.is_err(), "{:?} of {}", heard, all.concat());
        prop_assert_eq!(heard.text(), texts.concat());
    }

    /// Halves of characters, in escapes or in bytes, over two events.
    #[test]
    fn characters_may_be_split_over_events(letter in any::<char>(), at in 1..4_usize) {
        let mut bytes = [0; 4];
        let bytes = letter.encode_utf8(&mut bytes).as_bytes();
        prop_assume!(at < bytes.len());
        let chunk = |content: &[u8]| {
            let head = b"data: {\"choices\":[{\"delta\":{\"content\":\"".as_slice();
            [head, content, b"\"}}]}\n\n"].concat()
        };
        let stop = b"data: {\"choices\":[{\"finish_reason\":\"stop\"}]}\n\n".to_vec();
        let in_bytes = [chunk(&bytes[..at]), chunk(&bytes[at..]), stop.clone()].concat();
        prop_assert_eq!(hear(Openai, &[&in_bytes]).text(), letter.to_string());
        let mut units = [0; 2];
        if let [high, low] = letter.encode_utf16(&mut units) {
            let half = |unit: &u16| chunk(format!("\\u{unit:04x}").as_bytes());
            let escaped = [half(high), half(low), stop].concat();
            prop_assert_eq!(hear(Openai, &[&escaped]).text(), letter.to_string());
        }
    }
}
