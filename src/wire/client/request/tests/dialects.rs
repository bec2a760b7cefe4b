//! What a request becomes in the dialects that have a form of their own, and what it loses there.

use serde_json::{Value, json};

use crate::wire::dialect::{Dialect, Family};
use crate::wire::request::table::{Fate, MESSAGE, REQUEST};
use crate::wire::request::{Lossy, Request};

/// A question with an image and a file, tools and their results, and most settings.
fn rich() -> Request {
    let form = json!({
        "messages": [
            { "role": "system", "content": [{ "type": "text", "text": "Be brief." }] },
            { "role": "user", "content": [
                { "type": "text", "text": "What is this?" },
                { "type": "image_url", "image_url": { "url": "data:image/png;base64,AAAA" } },
                { "type": "image_url",
                  "image_url": { "url": "https://x.test/a.JPG?b", "detail": "low" } },
                { "type": "file", "file": {
                    "filename": "a.pdf", "file_data": "data:application/pdf;base64,BBBB" } },
            ] },
            { "role": "assistant", "content": "", "tool_calls": [
                { "id": "functions.f:0", "type": "function",
                  "function": { "name": "f", "arguments": "{\"z\": 1, \"a\": 2}" } },
                { "id": "c2", "type": "function", "function": { "name": "g", "arguments": "" } },
            ] },
            { "role": "tool", "tool_call_id": "functions.f:0", "content": "rain" },
            { "role": "tool", "tool_call_id": "c2", "content": "{\"ok\":true}" },
            { "role": "user", "content": "And now?" },
        ],
        "max_tokens": 9, "temperature": 0.5, "top_p": 0.9, "stop": "END",
        "parallel_tool_calls": true, "presence_penalty": 0, "user": "u-1", "metadata": { "a": "b" },
        "tool_choice": "required",
        "tools": [
            { "type": "function", "function": {
                "name": "f", "description": "Does it.", "strict": true,
                "parameters": { "type": "object" } } },
            { "type": "function", "function": { "name": "g" } },
        ],
        "response_format": { "type": "json_schema", "json_schema": {
            "name": "n", "schema": { "type": "object", "additionalProperties": false } } },
    });
    Request::from_openai(&form).unwrap()
}

fn sent(request: &Request, dialect: Dialect) -> Value {
    serde_json::from_slice(&request.body(dialect, "m", false)).unwrap()
}

fn user(content: &Value) -> Value {
    json!({ "messages": [{ "role": "user", "content": content }] })
}

#[test]
fn anthropic_is_sent_all_of_it_in_its_own_form() {
    assert_eq!(rich().loss(Dialect::Anthropic, Lossy::Refuse), None);
    let expected = json!({
        "model": "m", "max_tokens": 9, "system": "Be brief.",
        "messages": [
            { "role": "user", "content": [
                { "type": "text", "text": "What is this?" },
                { "type": "image",
                  "source": { "type": "base64", "media_type": "image/png", "data": "AAAA" } },
                { "type": "image", "source": { "type": "url", "url": "https://x.test/a.JPG?b" } },
                { "type": "document", "title": "a.pdf", "source": {
                    "type": "base64", "media_type": "application/pdf", "data": "BBBB" } },
            ] },
            { "role": "assistant", "content": [
                { "type": "tool_use", "id": "functions_f_0", "name": "f",
                  "input": { "z": 1, "a": 2 } },
                { "type": "tool_use", "id": "c2", "name": "g", "input": {} },
            ] },
            { "role": "user", "content": [
                { "type": "tool_result", "tool_use_id": "functions_f_0", "content": "rain" },
                { "type": "tool_result", "tool_use_id": "c2", "content": "{\"ok\":true}" },
            ] },
            { "role": "user", "content": "And now?" },
        ],
        "temperature": 0.5, "top_p": 0.9, "stop_sequences": ["END"],
        "tools": [
            { "name": "f", "description": "Does it.", "strict": true,
              "input_schema": { "type": "object" } },
            { "name": "g", "input_schema": { "type": "object" } },
        ],
        "tool_choice": { "type": "any" },
        "output_config": { "format": { "type": "json_schema",
            "schema": { "type": "object", "additionalProperties": false } } },
        "metadata": { "user_id": "u-1" },
    });
    assert_eq!(sent(&rich(), Dialect::Anthropic), expected);
}

#[test]
fn gemini_is_sent_all_of_it_in_its_own_form() {
    assert_eq!(rich().loss(Dialect::Gemini, Lossy::Refuse), None);
    let expected = json!({
        "systemInstruction": { "parts": [{ "text": "Be brief." }] },
        "contents": [
            { "role": "user", "parts": [
                { "text": "What is this?" },
                { "inlineData": { "mimeType": "image/png", "data": "AAAA" } },
                { "fileData": { "mimeType": "image/jpeg", "fileUri": "https://x.test/a.JPG?b" } },
                { "inlineData": { "mimeType": "application/pdf", "data": "BBBB" } },
            ] },
            { "role": "model", "parts": [
                { "functionCall": { "id": "functions.f:0", "name": "f",
                    "args": { "z": 1, "a": 2 } } },
                { "functionCall": { "id": "c2", "name": "g", "args": {} } },
            ] },
            { "role": "user", "parts": [
                { "functionResponse": { "id": "functions.f:0", "name": "f",
                    "response": { "result": "rain" } } },
                { "functionResponse": { "id": "c2", "name": "g", "response": { "ok": true } } },
            ] },
            { "role": "user", "parts": [{ "text": "And now?" }] },
        ],
        "generationConfig": {
            "maxOutputTokens": 9, "temperature": 0.5, "topP": 0.9, "stopSequences": ["END"],
            "responseMimeType": "application/json",
            "responseJsonSchema": { "type": "object", "additionalProperties": false },
        },
        "tools": [{ "functionDeclarations": [
            { "name": "f", "description": "Does it.",
              "parametersJsonSchema": { "type": "object" } },
            { "name": "g" },
        ] }],
        "toolConfig": { "functionCallingConfig": { "mode": "ANY" } },
    });
    assert_eq!(sent(&rich(), Dialect::Gemini), expected);
}

#[test]
fn every_field_has_the_fate_that_the_table_says() {
    let plain = Request::user("hi");
    for row in REQUEST {
        let value: Value = serde_json::from_str(row.sample).unwrap();
        let request = Request::user("hi").field(row.field, &value).unwrap();
        assert_eq!(request.loss(Dialect::Openai, Lossy::Refuse), None);
        assert_eq!(sent(&request, Dialect::Openai)[row.field], value);
        for dialect in [Dialect::Anthropic, Dialect::Gemini] {
            let lost = |lossy| request.loss(dialect, lossy);
            let lost = (lost(Lossy::Refuse), lost(Lossy::Drop));
            let name = Some(row.field.to_owned());
            let expected = match row.fate(dialect.family()) {
                Fate::As(_) | Fate::Ignored => (None, None),
                Fate::Setting => (name, None),
                Fate::Content => (name.clone(), name),
            };
            assert_eq!(lost, expected, "{} at {dialect:?}", row.field);
            let body = sent(&request, dialect);
            match row.fate(dialect.family()) {
                Fate::As(place) => {
                    let first = place.split('.').next().unwrap();
                    assert!(body.get(first).is_some(), "{place} at {dialect:?}: {body}");
                }
                _ => assert_eq!(body, sent(&plain, dialect), "{} at {dialect:?}", row.field),
            }
            let none = Request::user("hi").field(row.field, &Value::Null).unwrap();
            assert_eq!(
                none.loss(dialect, Lossy::Refuse),
                None,
                "null asks for nothing"
            );
        }
    }
}

#[test]
fn fields_of_messages_have_the_fate_that_the_table_says() {
    for row in MESSAGE {
        let value: Value = serde_json::from_str(row.sample).unwrap();
        let message = json!({ "role": "assistant", "content": "hi", row.field: value });
        let request = Request::from_openai(&json!({ "messages": [message] })).unwrap();
        for dialect in [Dialect::Anthropic, Dialect::Gemini] {
            let lost = |lossy| request.loss(dialect, lossy).is_some();
            let expected = match row.fate(dialect.family()) {
                Fate::As(_) | Fate::Ignored => (false, false),
                Fate::Setting => (true, false),
                Fate::Content => (true, true),
            };
            assert_eq!(
                (lost(Lossy::Refuse), lost(Lossy::Drop)),
                expected,
                "{}",
                row.field
            );
        }
    }
}

#[test]
fn what_is_asked_is_never_left_out() {
    let f = |arguments: &str| json!({ "name": "f", "arguments": arguments });
    let tool = json!({ "role": "tool", "tool_call_id": "c", "content": "x" });
    let called = |function: Value| {
        let call = json!({ "id": "c", "type": "function", "function": function });
        json!({ "messages": [{ "role": "assistant", "tool_calls": [call] }, tool] })
    };
    let audio = json!({ "type": "input_audio", "input_audio": { "data": "AA", "format": "wav" } });
    let by_id = json!({ "type": "file", "file": { "file_id": "file-1" } });
    let odd = json!({ "type": "image_url", "image_url": { "url": "ftp://x.test/a" } });
    for (form, anthropic, gemini) in [
        (user(&json!([audio])), Some("messages[].content"), None),
        (
            user(&json!([by_id])),
            Some("messages[].content"),
            Some("messages[].content"),
        ),
        (
            user(&json!([odd])),
            Some("messages[].content"),
            Some("messages[].content"),
        ),
        (
            user(&json!(["hi"])),
            Some("messages[].content"),
            Some("messages[].content"),
        ),
        (called(f("{\"a\":1}")), None, None),
        (
            called(f("{\"a\":")),
            Some("messages[].tool_calls[].function.arguments"),
            Some("messages[].tool_calls[].function.arguments"),
        ),
        (
            called(json!("f")),
            Some("messages[].tool_calls"),
            Some("messages[].tool_calls"),
        ),
        (
            json!({ "messages": [tool] }),
            None,
            Some("messages[].tool_call_id"),
        ),
        (
            json!({ "messages": [{ "role": "function", "content": "x" }] }),
            Some("messages[].role"),
            Some("messages[].role"),
        ),
        (
            json!({ "messages": [], "tools": [{ "type": "custom", "custom": { "name": "f" } }] }),
            Some("tools"),
            Some("tools"),
        ),
        (
            json!({ "messages": [], "tool_choice": { "type": "allowed_tools" } }),
            Some("tool_choice"),
            Some("tool_choice"),
        ),
    ] {
        let request = Request::from_openai(&form).unwrap();
        let lost = |dialect| request.loss(dialect, Lossy::Drop);
        assert_eq!(lost(Dialect::Anthropic).as_deref(), anthropic, "{form}");
        assert_eq!(lost(Dialect::Gemini).as_deref(), gemini, "{form}");
        assert_eq!(
            lost(Dialect::Azure),
            None,
            "it is the provider that answers to this"
        );
    }
}

#[test]
fn anthropics_temperature_ends_at_one() {
    let warm = Request::user("hi").temperature(1.5);
    let lost = warm.loss(Dialect::Anthropic, Lossy::Refuse);
    assert_eq!(lost.as_deref(), Some("temperature above 1"));
    assert_eq!(warm.loss(Dialect::Anthropic, Lossy::Drop), None);
    assert_eq!(sent(&warm, Dialect::Anthropic)["temperature"], 1);
    assert_eq!(sent(&warm, Dialect::Gemini)["temperature"], Value::Null);
    assert_eq!(
        sent(&warm, Dialect::Gemini)["generationConfig"]["temperature"],
        1.5
    );
}

#[test]
fn one_tool_at_a_time_is_a_choice_at_anthropic() {
    for (choice, expected) in [
        (
            json!(null),
            json!({ "type": "auto", "disable_parallel_tool_use": true }),
        ),
        (
            json!("required"),
            json!({ "type": "any", "disable_parallel_tool_use": true }),
        ),
        (json!("none"), json!({ "type": "none" })),
        (
            json!({ "type": "function", "function": { "name": "f" } }),
            json!({ "type": "tool", "name": "f", "disable_parallel_tool_use": true }),
        ),
    ] {
        for turned in [false, true] {
            let mut fields = [
                ("tool_choice", choice.clone()),
                ("parallel_tool_calls", json!(false)),
            ];
            if turned {
                fields.reverse();
            }
            let request = fields
                .iter()
                .fold(Request::user("hi"), |request, (name, value)| {
                    request.field(name, value).unwrap()
                });
            assert_eq!(sent(&request, Dialect::Anthropic)["tool_choice"], expected);
        }
    }
}

#[test]
fn tools_that_are_not_allowed_are_not_sent() {
    let named = |name| json!({ "type": "function", "function": { "name": name } });
    let choice = |mode, name| {
        json!({ "type": "allowed_tools",
                "allowed_tools": { "mode": mode, "tools": [named(name)] } })
    };
    let request = |choice: Value| {
        let form = json!({ "messages": [{ "role": "user", "content": "hi" }],
                           "tool_choice": choice, "tools": [named("f"), named("g")] });
        Request::from_openai(&form).unwrap()
    };
    for (mode, anthropic, gemini) in [("auto", "auto", "AUTO"), ("required", "any", "ANY")] {
        let body = sent(&request(choice(mode, "g")), Dialect::Anthropic);
        assert_eq!(body["tool_choice"], json!({ "type": anthropic }));
        assert_eq!(body["tools"].as_array().unwrap().len(), 1);
        assert_eq!(body["tools"][0]["name"], "g");
        let body = sent(&request(choice(mode, "g")), Dialect::Gemini);
        let config = &body["toolConfig"]["functionCallingConfig"];
        assert_eq!(config, &json!({ "mode": gemini }));
        let functions = &body["tools"][0]["functionDeclarations"];
        assert_eq!(functions, &json!([{ "name": "g" }]));
    }
    for dialect in [Dialect::Anthropic, Dialect::Gemini] {
        let lost = |choice| request(choice).loss(dialect, Lossy::Drop);
        assert_eq!(lost(choice("auto", "g")), None);
        for wrong in [choice("auto", "h"), choice("now", "g")] {
            assert_eq!(lost(wrong).as_deref(), Some("tool_choice"), "{dialect:?}");
        }
    }
}

#[test]
fn marks_of_a_cache_reach_anthropic_and_are_left_out_at_gemini() {
    let mark = json!({ "type": "ephemeral" });
    let text = |text| json!({ "type": "text", "text": text });
    let marked = |mut value: Value| {
        value["cache_control"] = mark.clone();
        value
    };
    let call = json!({ "id": "c", "type": "function",
                       "function": { "name": "f", "arguments": "{}" } });
    let tool = json!({ "type": "function", "function": { "name": "f" } });
    let form = json!({
        "messages": [
            { "role": "system", "content": "Be brief." },
            marked(json!({ "role": "system", "content": "Be kind." })),
            { "role": "user", "content": [marked(text("long")), text("short")] },
            marked(json!({ "role": "assistant", "content": "", "tool_calls": [call] })),
            marked(json!({ "role": "tool", "tool_call_id": "c", "content": "x" })),
            marked(json!({ "role": "user", "content": "now" })),
        ],
        "tools": [marked(tool)], "cache_control": mark,
    });
    let request = Request::from_openai(&form).unwrap();
    for dialect in [Dialect::Anthropic, Dialect::Gemini] {
        assert_eq!(request.loss(dialect, Lossy::Refuse), None);
    }
    let body = sent(&request, Dialect::Anthropic);
    let expected = json!([text("Be brief."), marked(text("Be kind."))]);
    assert_eq!(body["system"], expected);
    let expected = json!([
        { "role": "user", "content": [marked(text("long")), text("short")] },
        { "role": "assistant", "content": [marked(
            json!({ "type": "tool_use", "id": "c", "name": "f", "input": {} }))] },
        { "role": "user", "content": [marked(
            json!({ "type": "tool_result", "tool_use_id": "c", "content": "x" }))] },
        { "role": "user", "content": [marked(text("now"))] },
    ]);
    assert_eq!(body["messages"], expected);
    assert_eq!(body["tools"][0]["cache_control"], mark);
    assert_eq!(body["cache_control"], mark);
    let body = sent(&request, Dialect::Gemini);
    assert!(!body.to_string().contains("cache"), "{body}");
    assert_eq!(
        sent(&request, Dialect::Openai)["messages"],
        form["messages"]
    );
}

#[test]
fn any_object_as_an_answer_is_a_mode_that_anthropic_lacks() {
    let request = Request::user("hi").json_object();
    let lost = request.loss(Dialect::Anthropic, Lossy::Refuse);
    assert_eq!(lost.as_deref(), Some("response_format: json_object"));
    assert_eq!(request.loss(Dialect::Gemini, Lossy::Refuse), None);
    let config = &sent(&request, Dialect::Gemini)["generationConfig"];
    assert_eq!(config, &json!({ "responseMimeType": "application/json" }));
}

/// The table in the documentation, as the code has it.
#[test]
fn the_documentation_has_the_table() {
    let cell = |fate| match fate {
        Fate::As(place) => format!("`{place}`"),
        Fate::Ignored => "left out".to_owned(),
        Fate::Setting => "lossy".to_owned(),
        Fate::Content => "never".to_owned(),
    };
    let mut table = "| field | Anthropic | Gemini |\n|---|---|---|\n".to_owned();
    let rows = REQUEST.iter().map(|row| (String::new(), row));
    let of_messages = MESSAGE.iter().map(|row| ("messages[].".to_owned(), row));
    for (before, row) in rows.chain(of_messages) {
        let cells = [Family::Anthropic, Family::Gemini].map(|family| cell(row.fate(family)));
        let [anthropic, gemini] = cells;
        table += &format!("| `{before}{}` | {anthropic} | {gemini} |\n", row.field);
    }
    let docs = include_str!("../../../../../docs/production.md");
    assert!(
        docs.contains(&table),
        "docs/production.md needs this table:\n{table}"
    );
}
