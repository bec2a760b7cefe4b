//! Answers in the form that the request asks for: usage, calls of tools, texts that are spelled
//! out.

use super::*;

const ARGUMENTS: &str = r#"{"city":"Zürich \"old\" town","days":3}"#;

fn with(content: Content) -> Stamp {
    formed(Api::Chat, content)
}

fn call() -> Stamp {
    with(weather(ARGUMENTS))
}

/// All texts under `pointer` in the events, joined.
fn joined(events: &[Value], pointer: &str) -> String {
    let texts = events.iter().filter_map(|event| event.pointer(pointer));
    texts.filter_map(Value::as_str).collect()
}

#[test]
fn a_stream_states_its_usage_unasked_only_where_the_vendor_does() {
    for dialect in Dialect::ALL {
        let form = Form {
            without_usage: true,
            ..Form::default()
        };
        let stamp = Stamp { form, ..stamp() };
        let events = stream(dialect, &stamp, |_, _| {}).chunks();
        let own =
            |event: &&Value| !event["usage"].is_null() || event.get("usageMetadata").is_some();
        let stated = events.iter().filter(own).count();
        let in_choice = |event: &&Value| !event["choices"][0]["usage"].is_null();
        let in_choices = events.iter().filter(in_choice).count();
        let expected = match dialect {
            Dialect::Openai | Dialect::Azure | Dialect::Xai => (0, 0),
            Dialect::Moonshot => (0, 1),
            _ => (1, 0),
        };
        assert_eq!((stated, in_choices), expected, "{dialect:?} {events:?}");
        if dialect.family() == Family::Openai {
            let nulls = events
                .iter()
                .filter(|event| event.get("usage") == Some(&Value::Null));
            assert_eq!(nulls.count(), 0, "{dialect:?}");
        }
    }
}

#[test]
fn a_call_of_a_tool_is_the_same_plain_and_streamed() {
    let arguments: Value = serde_json::from_str(ARGUMENTS).unwrap();
    for dialect in Dialect::ALL {
        let body = Answer::read(&writer(dialect).completion(&call(), USAGE)).json();
        let events = stream(dialect, &call(), |_, _| {}).chunks();
        let (plain, streamed) = match dialect.family() {
            Family::Openai => {
                let tool = &body["choices"][0]["message"]["tool_calls"][0];
                assert_eq!(body["choices"][0]["message"]["content"], Value::Null);
                assert_eq!(body["choices"][0]["finish_reason"], "tool_calls");
                let delta = "/choices/0/delta/tool_calls/0/function";
                let reasons = joined(&events, "/choices/0/finish_reason");
                assert_eq!(reasons, "tool_calls", "{dialect:?}");
                let name = joined(&events, &format!("{delta}/name"));
                let ids = joined(&events, "/choices/0/delta/tool_calls/0/id");
                assert_eq!(tool["id"], ids.as_str());
                assert_eq!(tool["function"]["name"], name.as_str());
                (
                    serde_json::from_str(tool["function"]["arguments"].as_str().unwrap()),
                    serde_json::from_str(&joined(&events, &format!("{delta}/arguments"))),
                )
            }
            Family::Anthropic => {
                assert_eq!(body["content"][0]["type"], "tool_use");
                assert_eq!(body["content"][0]["name"], "get_weather");
                assert_eq!(body["stop_reason"], "tool_use");
                assert_eq!(joined(&events, "/content_block/name"), "get_weather");
                assert_eq!(joined(&events, "/delta/stop_reason"), "tool_use");
                (
                    Ok(body["content"][0]["input"].clone()),
                    serde_json::from_str(&joined(&events, "/delta/partial_json")),
                )
            }
            Family::Gemini => {
                let part = "/candidates/0/content/parts/0/functionCall";
                let tool = body.pointer(part).unwrap();
                let calls: Vec<_> = events.iter().filter_map(|e| e.pointer(part)).collect();
                assert_eq!((calls.len(), &tool["name"]), (1, &"get_weather".into()));
                assert_eq!(calls[0]["name"], "get_weather");
                (Ok(tool["args"].clone()), Ok(calls[0]["args"].clone()))
            }
        };
        assert_eq!(plain.unwrap(), arguments, "{dialect:?}");
        assert_eq!(streamed.unwrap(), arguments, "{dialect:?}");
    }
}

#[test]
fn a_text_that_is_spelled_out_is_the_same_plain_and_streamed() {
    let stamp = with(Content::Text(ARGUMENTS.into()));
    for dialect in Dialect::ALL {
        let body = Answer::read(&writer(dialect).completion(&stamp, USAGE)).json();
        let events = stream(dialect, &stamp, |_, _| {}).chunks();
        let (plain, streamed) = match dialect.family() {
            Family::Openai => ("/choices/0/message/content", "/choices/0/delta/content"),
            Family::Anthropic => ("/content/0/text", "/delta/text"),
            Family::Gemini => {
                let text = "/candidates/0/content/parts/0/text";
                (text, text)
            }
        };
        assert_eq!(body.pointer(plain).unwrap(), ARGUMENTS, "{dialect:?}");
        assert_eq!(joined(&events, streamed), ARGUMENTS, "{dialect:?}");
    }
}

#[test]
fn a_stream_that_is_cut_has_a_part_of_the_arguments() {
    let mut bytes = Vec::new();
    for (before, tokens) in [(0, 1), (1, 6)] {
        let part = Part {
            head: before == 0,
            opens: before == 0,
            tokens,
            before,
            total: 14,
            ..Part::default()
        };
        bytes.extend_from_slice(&writer(Dialect::Openai).part(&call(), &part));
    }
    let events = Answer::read(&bytes).chunks();
    let arguments = joined(&events, "/choices/0/delta/tool_calls/0/function/arguments");
    assert_eq!(
        arguments,
        ARGUMENTS[..ARGUMENTS.floor_char_boundary(ARGUMENTS.len() / 2)]
    );
}
