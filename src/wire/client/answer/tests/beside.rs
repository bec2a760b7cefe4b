//! Calls of tools and reasoning: whole, in pieces, and cut off.

use super::*;

fn calls(content: &Content) -> Vec<(&str, &str, &str)> {
    let all = content.tool_calls.iter();
    all.map(|call| (&*call.id, &*call.name, &*call.arguments))
        .collect()
}

fn reason(content: &Content) -> Option<FinishReason> {
    content.finish.as_ref().map(|finish| finish.reason)
}

const TWO: [(&str, &str, &str); 2] = [("c1", "f", r#"{"a":1}"#), ("c2", "g", "{}")];

/// Both calls of [`TWO`], behind a reasoning.
fn has_two_calls_after_a_thought(content: &Content) {
    assert_eq!(calls(content), TWO);
    assert_eq!(content.reasoning.as_deref(), Some("Hm."));
    assert_eq!(reason(content), Some(FinishReason::ToolCalls));
}

#[test]
fn openai_sends_calls_whole_or_piece_by_piece() {
    let whole = plain(
        Dialect::Openai,
        r#"{"choices":[{"message":{"content":null,"reasoning_content":"Hm.","tool_calls":[
            {"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},
            {"id":"c2","type":"function","function":{"name":"g","arguments":""}}]},
            "finish_reason":"tool_calls"}]}"#,
    )
    .unwrap();
    let event = |delta: &str| format!(r#"{{"choices":[{{"delta":{delta}}}]}}"#);
    let events = [
        event(r#"{"role":"assistant","content":null}"#),
        event(r#"{"reasoning_content":"H"}"#),
        event(r#"{"reasoning_content":"m.","reasoning":"m."}"#),
        event(r#"{"tool_calls":[{"index":0,"id":"c1","function":{"name":"f","arguments":""}}]}"#),
        event(r#"{"tool_calls":[{"index":1,"id":"c2","function":{"name":"g"}}]}"#),
        event(r#"{"tool_calls":[{"index":0,"id":null,"function":{"arguments":"{\"a\""}}]}"#),
        event(r#"{"tool_calls":[{"index":0,"id":"c1","function":{"arguments":":1}"}}]}"#),
        r#"{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"#.to_owned(),
        "[DONE]".to_owned(),
    ];
    let streamed = hear_events(Dialect::Openai, &events.each_ref().map(String::as_str));
    let streamed = streamed.end.unwrap();
    for content in [&whole, &streamed] {
        has_two_calls_after_a_thought(content);
    }
}

#[test]
fn calls_with_one_index_and_several_ids_are_several() {
    let event = |id: &str| {
        let call =
            format!(r#"{{"index":0,"id":"{id}","function":{{"name":"f","arguments":"{{}}"}}}}"#);
        format!(r#"{{"choices":[{{"delta":{{"tool_calls":[{call}]}}}}]}}"#)
    };
    let end = r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#;
    let read = hear_events(
        Dialect::Openai,
        &[&event("c1"), &event("c2"), end, "[DONE]"],
    );
    let content = read.end.unwrap();
    assert_eq!(calls(&content), [("c1", "f", "{}"), ("c2", "f", "{}")]);
    assert_eq!(
        reason(&content),
        Some(FinishReason::ToolCalls),
        "whatever the word is"
    );
}

#[test]
fn anthropic_sends_calls_whole_or_piece_by_piece() {
    let whole = plain(
        Dialect::Anthropic,
        r#"{"content":[{"type":"thinking","thinking":"Hm.","signature":"s"},
            {"type":"tool_use","id":"c1","name":"f","input":{"a":1}},
            {"type":"tool_use","id":"c2","name":"g","input":{}}],"stop_reason":"tool_use"}"#,
    )
    .unwrap();
    let start = |index: u32, block: &str| {
        format!(r#"{{"type":"content_block_start","index":{index},"content_block":{block}}}"#)
    };
    let delta = |index: u32, delta: &str| {
        format!(r#"{{"type":"content_block_delta","index":{index},"delta":{delta}}}"#)
    };
    let events = [
        r#"{"type":"message_start","message":{"content":[]}}"#.to_owned(),
        start(0, r#"{"type":"thinking","thinking":""}"#),
        delta(0, r#"{"type":"thinking_delta","thinking":"Hm."}"#),
        start(1, r#"{"type":"tool_use","id":"c1","name":"f","input":{}}"#),
        delta(1, r#"{"type":"input_json_delta","partial_json":""}"#),
        delta(1, r#"{"type":"input_json_delta","partial_json":"{\"a\""}"#),
        delta(1, r#"{"type":"input_json_delta","partial_json":":1}"}"#),
        start(2, r#"{"type":"tool_use","id":"c2","name":"g","input":{}}"#),
        start(
            3,
            r#"{"type":"server_tool_use","id":"s1","name":"web_search","input":{}}"#,
        ),
        delta(3, r#"{"type":"input_json_delta","partial_json":"{\"q\""}"#),
        r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"}}"#.to_owned(),
        r#"{"type":"message_stop"}"#.to_owned(),
    ];
    let streamed = hear_events(Dialect::Anthropic, &events.each_ref().map(String::as_str));
    let streamed = streamed.end.unwrap();
    for content in [&whole, &streamed] {
        has_two_calls_after_a_thought(content);
    }
}

#[test]
fn gemini_sends_calls_whole_without_a_reason_of_their_own() {
    let body = r#"{"responseId":"r","candidates":[{"content":{"parts":[
        {"text":"Hm.","thought":true},
        {"functionCall":{"name":"f","args":{"a":1}},"thoughtSignature":"sig"},
        {"functionCall":{"id":"c2","name":"g"}}]},"finishReason":"STOP"}]}"#;
    let whole = plain(Dialect::Gemini, body).unwrap();
    let streamed = hear_events(Dialect::Gemini, &[&body.replace('\n', "")]);
    let streamed = streamed.end.unwrap();
    for content in [&whole, &streamed] {
        assert_eq!(
            calls(content),
            [("call_r_0", "f", r#"{"a":1}"#), ("c2", "g", "{}")]
        );
        assert_eq!(content.tool_calls[0].signature.as_deref(), Some("sig"));
        assert_eq!(content.reasoning.as_deref(), Some("Hm."));
        assert_eq!(reason(content), Some(FinishReason::ToolCalls));
    }
}

#[test]
fn a_call_that_is_cut_off_is_no_answer() {
    let body = |arguments: &str, finish: &str| {
        let function = format!(r#"{{"name":"f","arguments":"{arguments}"}}"#);
        let calls = format!(r#"[{{"id":"c1","type":"function","function":{function}}}]"#);
        let message = format!(r#"{{"content":"x","tool_calls":{calls}}}"#);
        format!(r#"{{"choices":[{{"message":{message},"finish_reason":"{finish}"}}]}}"#)
    };
    for arguments in [r#"{\"a\":"#, r#"{\"a\":1"#, "7", "null", "[]", "oops"] {
        for finish in ["tool_calls", "stop"] {
            let read = plain(Dialect::Openai, &body(arguments, finish));
            assert_eq!(read, Err(Wrong::Truncated), "{arguments} {finish}");
        }
        let limited = plain(Dialect::Openai, &body(arguments, "length")).unwrap();
        assert_eq!(
            calls(&limited),
            [],
            "its provider says that it is not whole"
        );
        assert_eq!(reason(&limited), Some(FinishReason::Length));
    }
    let none = r#"{"choices":[{"message":{"content":null},"finish_reason":"tool_calls"}]}"#;
    assert_eq!(plain(Dialect::Openai, none), Err(Wrong::Malformed));
}

#[test]
fn a_refusal_is_told_from_an_answer() {
    let message = |key: &str| {
        let text =
            format!(r#"{{"choices":[{{"message":{{"{key}":"No."}},"finish_reason":"stop"}}]}}"#);
        plain(Dialect::Openai, &text).unwrap()
    };
    assert!(message("refusal").refused && !message("content").refused);
    assert_eq!(message("refusal").text, "No.");
    let event = r#"{"choices":[{"delta":{"refusal":"No."}}]}"#;
    let end = r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#;
    let streamed = hear_events(Dialect::Openai, &[event, end, "[DONE]"]);
    assert_eq!(streamed.text(), "No.");
    assert!(streamed.end.unwrap().refused);
}
