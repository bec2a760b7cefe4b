//! Anthropic's messages.

use super::*;
use crate::wire::Dialect::Anthropic;

/// Reasoning, a ping, an unknown event, text, the stop reason, the terminator.
pub(super) const STREAM: &str = concat!(
    "event: message_start\n",
    r#"data: {"type":"message_start","message":{"id":"msg_1nZdL29xx5MUA1yADyHTEsnR8uuvGzszyY","#,
    r#""type":"message","role":"assistant","content":[],"model":"claude-opus-4-1-20250805","#,
    r#""stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":25,"#,
    r#""cache_creation_input_tokens":3,"cache_read_input_tokens":100,"output_tokens":1}}}"#,
    "\n\nevent: content_block_start\n",
    r#"data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","#,
    r#""thinking":"","signature":""}}"#,
    "\n\nevent: content_block_delta\n",
    r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","#,
    r#""thinking":"A greeting."}}"#,
    "\n\nevent: content_block_delta\n",
    r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","#,
    r#""signature":"EqQBCgIYAhIM"}}"#,
    "\n\nevent: content_block_stop\n",
    r#"data: {"type":"content_block_stop","index":0}"#,
    "\n\nevent: content_block_start\n",
    r#"data: {"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#,
    "\n\nevent: ping\n",
    r#"data: {"type": "ping"}"#,
    "\n\nevent: news\n",
    r#"data: {"type":"news","message":"of the future","delta":7}"#,
    "\n\nevent: content_block_delta\n",
    r#"data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","#,
    r#""text":"Hello"}}"#,
    "\n\nevent: content_block_delta\n",
    r#"data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":" é!"}}"#,
    "\n\nevent: content_block_stop\n",
    r#"data: {"type":"content_block_stop","index":1}"#,
    "\n\nevent: message_delta\n",
    r#"data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"#,
    r#""usage":{"output_tokens":15}}"#,
    "\n\nevent: message_stop\n",
    r#"data: {"type":"message_stop"}"#,
    "\n\n",
);

const PLAIN: &str = r#"{"id":"msg_013Zva2CMHLNnXjNJJKqJ2EF","type":"message","role":"assistant",
"content":[{"type":"thinking","thinking":"A greeting.","signature":"EqQB"},
{"type":"text","text":"Hi! My name "},{"type":"text","text":"is Claude."}],
"model":"claude-sonnet-4-20250514","stop_reason":"end_turn","stop_sequence":null,
"usage":{"input_tokens":2095,"cache_creation_input_tokens":0,"cache_read_input_tokens":5,
"cache_creation":{"ephemeral_5m_input_tokens":0},"output_tokens":503,
"server_tool_use":{"web_search_requests":0},"service_tier":"standard"}}"#;

fn message(content: &str, stop_reason: &str) -> Result<Content, Wrong> {
    let body = format!(
        r#"{{"type":"message","role":"assistant","content":{content},"stop_reason":{stop_reason}}}"#
    );
    plain(Anthropic, &body)
}

#[test]
fn reads_a_plain_answer() {
    let content = plain(Anthropic, PLAIN).unwrap();
    assert_eq!(content.text, "Hi! My name is Claude.");
    let finish = content.finish.unwrap();
    assert_eq!(
        (finish.reason, finish.raw.as_str()),
        (FinishReason::Stop, "end_turn")
    );
    let usage = Usage {
        prompt_tokens: 2_100,
        cached_tokens: 5,
        completion_tokens: 503,
    };
    assert_eq!(content.usage, Some(usage));
    assert_eq!(content.model.as_deref(), Some("claude-sonnet-4-20250514"));
    no_prefix_of_an_answer_is_one(Anthropic, PLAIN);
}

#[test]
fn no_prefix_of_a_stream_is_a_whole_answer() {
    super::no_prefix_of_a_stream_is_a_whole_answer(Anthropic, STREAM);
    let heard = hear(Anthropic, &[STREAM.as_bytes()]);
    let text = |text: &str| Token::Text(text.to_owned());
    let busy = Token::Busy;
    let tokens = [busy.clone(), busy.clone(), busy, text("Hello"), text(" é!")];
    assert_eq!(heard.tokens, tokens, "a ping is no token");
    assert_eq!(heard.finish(), (FinishReason::Stop, "end_turn"));
    let usage = Usage {
        prompt_tokens: 128,
        cached_tokens: 100,
        completion_tokens: 15,
    };
    assert_eq!(heard.usage(), Some(usage));
    assert_eq!(heard.model(), Some("claude-opus-4-1-20250805"));
}

#[test]
fn a_reason_to_stop_makes_a_stream_whole_whatever_terminator_follows() {
    let (but_the_last, _) = STREAM.split_once("event: message_stop").unwrap();
    for last in ["", "data: [DONE]\n\n", "data: {\"type\":\"message_stop\"}"] {
        let heard = hear(Anthropic, &[but_the_last.as_bytes(), last.as_bytes()]);
        assert_eq!(heard, hear(Anthropic, &[STREAM.as_bytes()]), "{last}");
    }
    let (but_the_reason, _) = STREAM.split_once("event: message_delta").unwrap();
    for last in ["", "data: [DONE]\n\n"] {
        let heard = hear(Anthropic, &[but_the_reason.as_bytes(), last.as_bytes()]);
        assert_eq!(heard.end, Err(Wrong::Truncated), "{last}");
    }
}

#[test]
fn events_need_no_names() {
    let named = |line: &&str| !line.starts_with("event:");
    let nameless: String = STREAM.split_inclusive('\n').filter(named).collect();
    assert_eq!(
        hear(Anthropic, &[nameless.as_bytes()]),
        hear(Anthropic, &[STREAM.as_bytes()])
    );
}

#[test]
fn an_error_in_band_ends_it() {
    let text = r#"{"type":"content_block_delta","index":0,
        "delta":{"type":"text_delta","text":"x"}}"#;
    let error = r#"{"type": "error", "error": {"type": "overloaded_error",
        "message": "Overloaded"}}"#;
    let events = [text, error].map(|event| event.replace('\n', ""));
    let heard = hear_events(Anthropic, &[&events[0], &events[1]]);
    assert_eq!(heard.text(), "x");
    let Err(Wrong::Error(error)) = heard.end else {
        panic!("{heard:?}");
    };
    assert_eq!(error.kind.as_deref(), Some("overloaded_error"));
    assert_eq!(error.message.as_deref(), Some("Overloaded"));
}

#[test]
fn what_is_not_of_the_grammar_is_malformed() {
    for event in [
        "[DONE]",
        "{\"type\":",
        r#"{"choices":[{"delta":{"content":"x"}}]}"#,
        r#"{"type":7}"#,
    ] {
        let heard = hear_events(Anthropic, &[event, r#"{"type":"message_stop"}"#]);
        assert_eq!(heard.end, Err(Wrong::Malformed), "{event}");
    }
}

#[test]
fn an_answer_without_a_text_needs_a_reason() {
    let text = r#"[{"type":"text","text":""}]"#;
    let thought = r#"[{"type":"thinking","thinking":"Hm."}]"#;
    assert_eq!(message(text, "\"end_turn\"").unwrap().text, "");
    for nothing in ["[]", thought] {
        let end_turn = message(nothing, "\"end_turn\"");
        assert_eq!(end_turn, Err(Wrong::Malformed), "{nothing}");
        let cut = message(nothing, "\"max_tokens\"").unwrap();
        assert_eq!(cut.finish.unwrap().reason, FinishReason::Length);
        let refused = Wrong::Filtered(Some("refusal".to_owned()));
        assert_eq!(message(nothing, "\"refusal\""), Err(refused));
    }
    assert_eq!(message("null", "\"max_tokens\""), Err(Wrong::Malformed));
}

#[test]
fn every_reason_to_stop_is_known() {
    for (raw, reason) in [
        ("end_turn", FinishReason::Stop),
        ("stop_sequence", FinishReason::Stop),
        ("max_tokens", FinishReason::Length),
        ("model_context_window_exceeded", FinishReason::Length),
        ("tool_use", FinishReason::ToolCalls),
        ("refusal", FinishReason::ContentFilter),
        ("pause_turn", FinishReason::Other),
    ] {
        let text = r#"[{"type":"text","text":"x"}]"#;
        let finish = message(text, &format!("\"{raw}\"")).unwrap().finish;
        let raw = raw.to_owned();
        assert_eq!(finish, Some(Finish { reason, raw }));
    }
}

#[test]
fn a_stream_that_ends_with_nothing_said_is_malformed() {
    let stop = r#"{"type":"message_stop"}"#;
    assert_eq!(hear_events(Anthropic, &[stop]).end, Err(Wrong::Malformed));
    let refused = r#"{"type":"message_delta","delta":{"stop_reason":"refusal"}}"#;
    let heard = hear_events(Anthropic, &[refused, stop]);
    assert!(matches!(heard.end, Err(Wrong::Filtered(_))), "{heard:?}");
}
