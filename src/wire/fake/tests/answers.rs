//! Good answers, plain and streamed.

use super::*;

#[test]
fn a_plain_answer_says_the_same_in_every_dialect() {
    for dialect in Dialect::ALL {
        let answer = Answer::read(&writer(dialect).completion(&stamp(), CACHED));
        assert_eq!((answer.status, answer.is_whole), (200, true));
        let kind = answer.field("content-type").unwrap();
        assert!(kind.starts_with("application/json"), "{kind}");
        let [model, text, finish] = match dialect.family() {
            Family::Openai => [
                "/model",
                "/choices/0/message/content",
                "/choices/0/finish_reason",
            ],
            Family::Anthropic => ["/model", "/content/0/text", "/stop_reason"],
            Family::Gemini => [
                "/modelVersion",
                "/candidates/0/content/parts/0/text",
                "/candidates/0/finishReason",
            ],
        };
        let body = answer.json();
        assert_eq!(body.pointer(model).unwrap(), MODEL, "{dialect:?}");
        assert_eq!(body.pointer(text).unwrap(), "14 tok", "{dialect:?}");
        let good = ["stop", "end_turn", "STOP"];
        let finish = body.pointer(finish).unwrap().as_str().unwrap();
        assert!(good.contains(&finish), "{dialect:?}");
    }
}

#[test]
fn usage_tells_what_came_out_of_a_cache() {
    for (dialect, expected) in [
        (Dialect::Openai, "/prompt_tokens_details/cached_tokens"),
        (Dialect::Azure, "/prompt_tokens_details/cached_tokens"),
        (Dialect::Openrouter, "/prompt_tokens_details/cached_tokens"),
        (Dialect::Xai, "/prompt_tokens_details/cached_tokens"),
        (Dialect::Deepseek, "/prompt_cache_hit_tokens"),
        (Dialect::Moonshot, "/cached_tokens"),
        (Dialect::Anthropic, "/cache_read_input_tokens"),
        (Dialect::Gemini, "/cachedContentTokenCount"),
    ] {
        let body = Answer::read(&writer(dialect).completion(&stamp(), CACHED)).json();
        let key = match dialect {
            Dialect::Gemini => "usageMetadata",
            _ => "usage",
        };
        assert_eq!(
            body[key].pointer(expected).unwrap(),
            600,
            "{dialect:?} {body}"
        );
    }
    let body = Answer::read(&writer(Dialect::Anthropic).completion(&stamp(), CACHED)).json();
    assert_eq!(body["usage"]["input_tokens"], 300);
    let body = Answer::read(&writer(Dialect::Deepseek).completion(&stamp(), CACHED)).json();
    assert_eq!(body["usage"]["prompt_cache_miss_tokens"], 300);
}

#[test]
fn tokens_have_four_bytes_of_text_each() {
    for (dialect, count) in Dialect::ALL
        .into_iter()
        .zip([2, 7, 10, 99, 100, 1_234, 54_321])
    {
        let answer = stream(dialect, &stamp(), |_, part| part.tokens = count);
        let texts = answer.texts(dialect);
        let texts = texts.iter().filter(|text| !text.is_empty());
        assert!(texts.clone().count() >= 2, "{dialect:?}");
        for text in texts {
            // The text of an event is bounded.
            let length = (4 * count).min(1_024);
            assert_eq!(text.len() as u64, length, "{dialect:?}: {text}");
        }
    }
}

#[test]
fn a_stream_brings_all_tokens_and_ends_as_its_dialect_does() {
    for dialect in Dialect::ALL {
        let answer = stream(dialect, &stamp(), |_, _| {});
        assert_eq!((answer.status, answer.is_whole), (200, true));
        let kind = answer.field("content-type").unwrap();
        assert!(kind.starts_with("text/event-stream"), "{kind}");
        assert_eq!(answer.content(dialect), "1 tok 6 tok 7 tok ", "{dialect:?}");
        let events = answer.events();
        let (name, data) = events.last().unwrap();
        match dialect.family() {
            Family::Openai => assert_eq!(data, "[DONE]"),
            Family::Anthropic => {
                let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
                assert_eq!(
                    names,
                    [
                        "message_start",
                        "content_block_start",
                        "ping",
                        "content_block_delta",
                        "content_block_delta",
                        "content_block_delta",
                        "content_block_stop",
                        "message_delta",
                        "message_stop",
                    ]
                );
                for (name, data) in &events {
                    let data: Value = serde_json::from_str(data).unwrap();
                    assert_eq!(data["type"], name.as_str());
                }
            }
            Family::Gemini => {
                assert_eq!(name, "");
                let last: Value = serde_json::from_str(data).unwrap();
                assert_eq!(last["candidates"][0]["finishReason"], "STOP");
                assert_eq!(last["usageMetadata"]["totalTokenCount"], 914);
                assert!(answer.text().ends_with("}\r\n\r\n"));
            }
        }
    }
}

#[test]
fn every_variant_states_usage_in_its_place() {
    let chunks = |dialect| stream(dialect, &stamp(), |_, _| {}).chunks();
    for dialect in [Dialect::Openai, Dialect::Azure, Dialect::Openrouter] {
        let chunks = chunks(dialect);
        let [.., finish, usage] = &chunks[..] else {
            panic!("{chunks:?}");
        };
        assert!(finish["usage"].is_null());
        assert_eq!(usage["choices"], serde_json::json!([]));
        assert_eq!(usage["usage"]["total_tokens"], 914);
    }
    let chunks_of = chunks(Dialect::Deepseek);
    let last = chunks_of.last().unwrap();
    assert_eq!(last["choices"][0]["finish_reason"], "stop");
    assert_eq!(last["usage"]["total_tokens"], 914);
    let chunks_of = chunks(Dialect::Moonshot);
    let finish = &chunks_of[chunks_of.len() - 2];
    assert_eq!(finish["choices"][0]["usage"]["total_tokens"], 914);
    assert_eq!(chunks_of.last().unwrap()["usage"]["total_tokens"], 914);
    let first = &chunks(Dialect::Anthropic)[0];
    let usage = &first["message"]["usage"];
    assert_eq!(
        (&usage["input_tokens"], &usage["cache_read_input_tokens"]),
        (&300.into(), &600.into())
    );
}

#[test]
fn azure_begins_with_a_chunk_without_choices() {
    let first = &stream(Dialect::Azure, &stamp(), |_, _| {}).chunks()[0];
    assert_eq!(first["choices"], serde_json::json!([]));
    assert_eq!(first["prompt_filter_results"][0]["prompt_index"], 0);
}

#[test]
fn heads_name_the_exchange_and_count_down() {
    for (dialect, expected) in [
        (
            Dialect::Openai,
            &[
                ("x-request-id", "req_0001000000000000002a00000002"),
                ("openai-processing-ms", "598"),
                ("x-ratelimit-limit-requests", "500"),
                ("x-ratelimit-reset-requests", "120ms"),
                ("x-ratelimit-remaining-tokens", "12000"),
                ("x-ratelimit-reset-tokens", "36s"),
            ][..],
        ),
        (
            Dialect::Azure,
            &[
                ("apim-request-id", "00000001-0000-0000-0000-002a00000002"),
                ("x-ms-region", "East US 2"),
                ("x-ratelimit-reset-requests", "1"),
                ("x-ratelimit-reset-tokens", "36"),
            ],
        ),
        (
            Dialect::Anthropic,
            &[
                ("request-id", "req_0001000000000000002a00000002"),
                ("anthropic-ratelimit-requests-limit", "500"),
                ("anthropic-ratelimit-requests-remaining", "499"),
                // 90.5 s and 120 ms into the world, rounded up.
                ("anthropic-ratelimit-requests-reset", "2025-01-01T00:01:31Z"),
                ("anthropic-ratelimit-tokens-reset", "2025-01-01T00:02:07Z"),
                ("anthropic-ratelimit-input-tokens-remaining", "11000"),
                ("anthropic-ratelimit-output-tokens-remaining", "0"),
            ],
        ),
        (
            Dialect::Openrouter,
            &[
                ("x-ratelimit-limit", "500"),
                ("x-ratelimit-reset", "1735689691000"),
            ],
        ),
        (
            Dialect::Deepseek,
            &[("x-ds-trace-id", "00000001000000000000002a00000002")],
        ),
    ] {
        for bytes in [
            writer(dialect).completion(&limited(), USAGE),
            writer(dialect).refusal(&limited(), &Refusal::of(Cause::RateLimit)),
        ] {
            let answer = Answer::read(&bytes);
            for (name, value) in expected {
                assert_eq!(answer.field(name), Some(*value), "{dialect:?} {name}");
            }
        }
    }
    for dialect in [Dialect::Deepseek, Dialect::Gemini] {
        let answer = Answer::read(&writer(dialect).completion(&limited(), USAGE));
        let limits = answer.fields.keys().filter(|name| name.contains("limit"));
        assert_eq!(limits.count(), 0, "{dialect:?}");
    }
}

#[test]
fn the_body_may_leave_after_the_head() {
    for dialect in Dialect::ALL {
        let writer = writer(dialect);
        let [head, body] = writer.completion_apart(&stamp(), USAGE);
        assert!(head.ends_with(b"\r\n\r\n"));
        let whole = writer.completion(&stamp(), USAGE);
        assert_eq!([head, body].concat(), whole);
        let head = Part {
            head: true,
            ..Part::default()
        };
        let head = writer.part(&stamp(), &head);
        assert!(head.ends_with(b"\r\n\r\n"));
        assert_eq!(Answer::read(&head).body, b"");
    }
}

#[test]
fn who_waits_is_kept_waiting_with_blank_lines_and_comments() {
    for dialect in Dialect::ALL {
        let writer = writer(dialect);
        let bytes = [
            writer.waiting(&stamp(), false, true),
            writer.waiting(&stamp(), false, false),
            writer.late_completion(&stamp(), USAGE),
        ];
        let answer = Answer::read(&bytes.concat());
        assert!(answer.is_whole);
        assert!(answer.text().starts_with("\n\n{"));
        let plain = Answer::read(&writer.completion(&stamp(), USAGE));
        assert_eq!(answer.json(), plain.json());

        let rest = Part {
            opens: true,
            tokens: 14,
            closes: Some(USAGE),
            ..Part::default()
        };
        let bytes = [
            writer.waiting(&stamp(), true, true),
            writer.waiting(&stamp(), true, false),
            writer.part(&stamp(), &rest),
        ];
        let answer = Answer::read(&bytes.concat());
        assert!(answer.is_whole);
        assert_eq!(answer.content(dialect), "14 tok ");
        let kept = answer.text().split("\n").next().unwrap().trim_end();
        let expected = match dialect {
            Dialect::Anthropic => "event: ping",
            Dialect::Openrouter => ": OPENROUTER PROCESSING",
            _ => ": keep-alive",
        };
        assert_eq!(kept, expected);
    }
}
