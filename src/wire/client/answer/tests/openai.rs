//! Chat completions, by OpenAI and by vendors with its dialect.

use super::*;
use crate::wire::Dialect::Openai;

/// Azure's chunk before the first, a role, text, the finish reason, the usage, the terminator.
pub(super) const STREAM: &str = concat!(
    r#"data: {"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":"#,
    r#"[{"prompt_index":0,"content_filter_results":{"hate":{"filtered":false}}}]}"#,
    "\n\n",
    r#"data: {"id":"chatcmpl-123","object":"chat.completion.chunk","created":1694268190,"#,
    r#""model":"gpt-4o-mini","system_fingerprint":"fp_44709d6fcb","choices":[{"index":0,"#,
    r#""delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"#,
    r#""finish_reason":null}],"usage":null}"#,
    "\n\n",
    r#"data: {"id":"chatcmpl-123","object":"chat.completion.chunk","choices":[{"index":0,"#,
    r#""delta":{"content":"Hello"},"logprobs":null,"finish_reason":null}],"usage":null}"#,
    "\n\n",
    ": OPENROUTER PROCESSING\n\n",
    r#"data: {"id":"chatcmpl-123","object":"chat.completion.chunk","choices":[{"index":0,"#,
    r#""delta":{"content":", wörld \ud83d\ude00"},"finish_reason":null}]}"#,
    "\r\n\r\n",
    r#"data: {"id":"chatcmpl-123","object":"chat.completion.chunk","choices":[{"index":0,"#,
    r#""delta":{},"logprobs":null,"finish_reason":"stop"}],"usage":null}"#,
    "\n\n",
    r#"data: {"id":"chatcmpl-123","object":"chat.completion.chunk","choices":[],"usage":"#,
    r#"{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,"prompt_tokens_details":"#,
    r#"{"cached_tokens":8,"audio_tokens":0}}}"#,
    "\n\ndata: [DONE]\n\n",
);

const PLAIN: &str = r#"{"id":"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT","object":"chat.completion",
"created":1741569952,"model":"gpt-4.1-2025-04-14","choices":[{"index":0,"message":
{"role":"assistant","content":"Hello! How can I assist you today?","refusal":null,
"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":19,
"completion_tokens":10,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":0,
"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,
"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"service_tier":"default"}"#;

fn message(message: &str, finish: &str) -> Result<Content, Wrong> {
    let choice = format!(r#"{{"index":0,"message":{message},"finish_reason":{finish}}}"#);
    plain(Openai, &format!(r#"{{"choices":[{choice}]}}"#))
}

fn usage(prompt_tokens: u64, cached_tokens: u64, completion_tokens: u64) -> Option<Usage> {
    Some(Usage {
        prompt_tokens,
        cached_tokens,
        completion_tokens,
    })
}

#[test]
fn reads_a_plain_answer() {
    let content = plain(Openai, PLAIN).unwrap();
    assert_eq!(content.text, "Hello! How can I assist you today?");
    let finish = content.finish.unwrap();
    assert_eq!(
        (finish.reason, finish.raw.as_str()),
        (FinishReason::Stop, "stop")
    );
    assert_eq!(content.usage, usage(19, 0, 10));
    assert_eq!(content.model.as_deref(), Some("gpt-4.1-2025-04-14"));
    no_prefix_of_an_answer_is_one(Openai, PLAIN);
}

#[test]
fn deepseek_holds_the_connection_with_blank_lines() {
    let content = plain(Openai, &format!("\n\n\n\n{PLAIN}\n")).unwrap();
    assert_eq!(content.usage, usage(19, 0, 10));
}

#[test]
fn no_prefix_of_a_stream_is_a_whole_answer() {
    super::no_prefix_of_a_stream_is_a_whole_answer(Openai, STREAM);
    let heard = hear(Openai, &[STREAM.as_bytes()]);
    assert_eq!(heard.text(), "Hello, wörld 😀");
    assert_eq!(heard.finish(), (FinishReason::Stop, "stop"));
    assert_eq!(heard.usage(), usage(19, 8, 10));
    assert_eq!(heard.model(), Some("gpt-4o-mini"), "Azure's first is empty");
}

#[test]
fn what_is_no_name_is_no_model_and_no_error() {
    for said in ["", r#""model":null,"#, r#""model":7,"#, r#""model":"","#] {
        let body = format!(r#"{{{said}"choices":[{{"message":{{"content":"x"}}}}]}}"#);
        assert_eq!(plain(Openai, &body).unwrap().model, None, "{said}");
    }
}

#[test]
fn the_cache_has_many_names() {
    for (counts, cached) in [
        (r#""prompt_tokens_details":{"cached_tokens":5}"#, 5),
        (
            r#""prompt_cache_hit_tokens":6,"prompt_cache_miss_tokens":3"#,
            6,
        ),
        (r#""cached_tokens":7"#, 7),
        (r#""prompt_tokens_details":null"#, 0),
    ] {
        let body = format!(
            r#"{{"choices":[{{"message":{{"content":"x"}}}}],
            "usage":{{"prompt_tokens":9,"completion_tokens":1,{counts}}}}}"#
        );
        let content = plain(Openai, &body).unwrap();
        assert_eq!(content.usage, usage(9, cached, 1), "{counts}");
    }
}

#[test]
fn usage_may_be_missing_or_stand_where_moonshot_puts_it() {
    let end = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
    let text = r#"{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}]}"#;
    assert_eq!(hear_events(Openai, &[text, end, "[DONE]"]).usage(), None);
    let end = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop",
        "usage":{"prompt_tokens":19,"completion_tokens":13,"total_tokens":32}}]}"#;
    let heard = hear_events(Openai, &[text, &end.replace('\n', ""), "[DONE]"]);
    assert_eq!(heard.usage(), usage(19, 0, 13));
}

#[test]
fn a_null_is_no_answer_unless_its_reason_explains_it() {
    for nothing in [
        r#"{"role":"assistant","content":null}"#,
        r#"{"role":"assistant"}"#,
        r#"{"role":"assistant","content":null,"reasoning_content":"Hm."}"#,
    ] {
        for finish in ["\"stop\"", "null", "\"whatever\"", "\"tool_calls\""] {
            assert_eq!(message(nothing, finish), Err(Wrong::Malformed), "{finish}");
        }
        assert_eq!(message(nothing, "\"length\"").unwrap().text, "");
        let withheld = Wrong::Filtered(Some("content_filter".to_owned()));
        assert_eq!(message(nothing, "\"content_filter\""), Err(withheld));
    }
    assert_eq!(message("null", "\"stop\""), Err(Wrong::Malformed));
}

#[test]
fn an_empty_text_is_an_answer_if_it_was_meant() {
    let empty = r#"{"role":"assistant","content":""}"#;
    assert_eq!(message(empty, "\"stop\"").unwrap().text, "");
    assert_eq!(message(empty, "null"), Err(Wrong::Malformed));
    let refused = r#"{"role":"assistant","content":null,"refusal":"I can't."}"#;
    assert_eq!(message(refused, "\"stop\"").unwrap().text, "I can't.");
}

#[test]
fn no_choice_is_no_answer() {
    for choices in [
        "[]",
        "null",
        "[null]",
        "[{}]",
        r#"[{"finish_reason":"stop"}]"#,
    ] {
        let body = format!(r#"{{"id":"x","choices":{choices}}}"#);
        assert_eq!(plain(Openai, &body), Err(Wrong::Malformed), "{body}");
    }
    let null = hear_events(Openai, &[r#"{"id":"x","choices":null}"#]);
    assert_eq!(null.end, Err(Wrong::Malformed));
}

#[test]
fn a_stream_without_an_end_of_its_own_needs_a_reason_to_finish() {
    let text = r#"{"choices":[{"delta":{"content":"x"},"finish_reason":null}]}"#;
    let empty = r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#;
    let stop = r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#;
    let stated = r#"{"choices":[{"delta":{"content":""},"finish_reason":"stop"}]}"#;
    let never = r#"{"choices":[{"delta":{"content":"x"},"finish_reason":""}]}"#;
    let end = |events: &[&str]| hear_events(Openai, events).end.map(|_| ());
    assert_eq!(end(&[text, stop]), Ok(()));
    assert_eq!(end(&[text, "[DONE]"]), Ok(()));
    assert_eq!(end(&[text]), Err(Wrong::Truncated));
    assert_eq!(
        end(&[never]),
        Err(Wrong::Truncated),
        "an empty reason is none"
    );
    assert_eq!(
        end(&[empty, stop, "[DONE]"]),
        Err(Wrong::Malformed),
        "the empty text of the opening is none"
    );
    assert_eq!(end(&[empty, stated, "[DONE]"]), Ok(()));
    assert_eq!(end(&["[DONE]"]), Err(Wrong::Malformed), "an end of nothing");
    assert_eq!(end(&[empty, "[DONE]"]), Err(Wrong::Malformed));
    assert_eq!(
        end(&[stop, "[DONE]"]),
        Err(Wrong::Malformed),
        "not even empty"
    );
    assert_eq!(end(&["{\"choices\":"]), Err(Wrong::Malformed));
}

#[test]
fn reasoning_and_tools_are_signs_of_life_and_no_text() {
    for delta in [
        r#"{"content":null,"reasoning_content":"Hm."}"#,
        r#"{"content":"","reasoning":"Hm.","reasoning_details":[]}"#,
        r#"{"tool_calls":[{"index":0,"function":{"arguments":"{"}}]}"#,
    ] {
        let event = format!(r#"{{"choices":[{{"index":0,"delta":{delta}}}]}}"#);
        assert_eq!(hear_events(Openai, &[&event]).tokens, [Token::Busy]);
    }
    for delta in [
        r#"{"role":"assistant","content":"","reasoning_content":""}"#,
        r#"{"role":"assistant","content":"","tool_calls":[]}"#,
        r#"{"role":"assistant","content":null,"reasoning_content":null}"#,
    ] {
        let event = format!(r#"{{"choices":[{{"index":0,"delta":{delta}}}]}}"#);
        assert_eq!(hear_events(Openai, &[&event]).tokens, [], "{delta}");
    }
}

#[test]
fn a_filter_in_the_middle_leaves_an_answer_that_says_so() {
    let text = r#"{"choices":[{"delta":{"content":"x"},"finish_reason":null}]}"#;
    let filtered = r#"{"choices":[{"delta":{},"finish_reason":"content_filter"}]}"#;
    let heard = hear_events(Openai, &[text, filtered, "[DONE]"]);
    let reason = (FinishReason::ContentFilter, "content_filter");
    assert_eq!(heard.finish(), reason);
    let nothing = hear_events(Openai, &[filtered, "[DONE]"]).end;
    assert!(matches!(nothing, Err(Wrong::Filtered(Some(_)))));
}

#[test]
fn errors_come_in_band_in_many_forms() {
    let text = r#"{"choices":[{"delta":{"content":"x"},"finish_reason":null}]}"#;
    for (event, kind, code) in [
        // OpenAI.
        (
            r#"{"error":{"message":"The server had an error","type":"server_error","code":null}}"#,
            Some("server_error"),
            None,
        ),
        // OpenRouter, above its choices.
        (
            r#"{"id":"gen-1","object":"chat.completion.chunk","error":{"code":"server_error",
            "message":"Provider disconnected unexpectedly"},"choices":[{"index":0,"delta":
            {"content":""},"finish_reason":"error"}]}"#,
            None,
            Some("server_error"),
        ),
        // OpenRouter, inside of its choice.
        (
            r#"{"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error",
            "error":{"code":502,"message":"Upstream error"}}]}"#,
            None,
            Some("502"),
        ),
        // OpenRouter, with a reason alone.
        (
            r#"{"choices":[{"index":0,"delta":{},"finish_reason":"error"}]}"#,
            None,
            None,
        ),
        // DeepSeek, whose machines are taken.
        (
            r#"{"choices":[{"index":0,"delta":{},
            "finish_reason":"insufficient_system_resource"}]}"#,
            Some("insufficient_system_resource"),
            None,
        ),
    ] {
        let event = event.replace('\n', "");
        let heard = hear_events(Openai, &[text, &event, "[DONE]"]);
        assert_eq!(heard.tokens, [Token::Text("x".to_owned())]);
        let Err(Wrong::Error(error)) = heard.end else {
            panic!("{heard:?}");
        };
        assert_eq!((error.kind.as_deref(), error.code.as_deref()), (kind, code));
    }
    let pretty = "data: {\ndata:   \"error\": {\ndata:     \"code\": 500\ndata:   }\ndata: }\n\n";
    let heard = hear(Openai, &[pretty.as_bytes()]);
    assert!(matches!(heard.end, Err(Wrong::Error(_))), "{heard:?}");
}

#[test]
fn an_error_field_may_say_that_there_is_none() {
    for none in ["null", "false", "\"\""] {
        let body = format!(r#"{{"choices":[{{"message":{{"content":"x"}}}}],"error":{none}}}"#);
        assert_eq!(plain(Openai, &body).unwrap().text, "x");
    }
}
