//! Requests read from OpenAI's form, and made in code.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::wire::Dialect;
use crate::wire::request::{
    Lossy, Message, Part, Request, RequestError, Tool, ToolCall, ToolChoice,
};

fn sent(request: &Request, dialect: Dialect) -> Value {
    serde_json::from_slice(&request.body(dialect, "m", false)).unwrap()
}

#[test]
fn code_and_json_make_the_same_request() {
    let schema = json!({ "type": "object", "properties": { "city": { "type": "string" } } });
    let call = ToolCall {
        id: "c1".into(),
        name: "weather".into(),
        arguments: r#"{"city":"Bern"}"#.into(),
        signature: None,
    };
    let made = Request::default()
        .message("system", "Be brief.")
        .push(Message::parts(
            "user",
            [
                Part::text("What is this?"),
                Part::image("https://x.test/a.png"),
            ],
        ))
        .push(Message::assistant("", &[call]))
        .push(Message::tool_result("c1", "rain"))
        .temperature(0.5)
        .top_p(0.9)
        .stop(["END"])
        .seed(7)
        .max_tokens(99)
        .user_id("u-1")
        .tools([Tool::function("weather", "Tells it.", &schema).unwrap()])
        .tool_choice(&ToolChoice::Function("weather".into()))
        .json_schema("answer", &schema)
        .unwrap();
    let form = json!({
        "model": "ignored", "stream": true, "stream_options": { "include_usage": false }, "n": 1,
        "messages": [
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": [
                { "type": "text", "text": "What is this?" },
                { "type": "image_url", "image_url": { "url": "https://x.test/a.png" } },
            ] },
            { "role": "assistant", "content": null, "tool_calls": [{
                "id": "c1", "type": "function",
                "function": { "name": "weather", "arguments": r#"{"city":"Bern"}"# },
            }] },
            { "role": "tool", "content": "rain", "tool_call_id": "c1" },
        ],
        "temperature": 0.5, "top_p": 0.9, "stop": ["END"], "seed": 7, "user": "u-1",
        "max_completion_tokens": 99,
        "tools": [{ "type": "function", "function": {
            "name": "weather", "description": "Tells it.", "parameters": schema,
        } }],
        "tool_choice": { "type": "function", "function": { "name": "weather" } },
        "response_format": { "type": "json_schema", "json_schema": {
            "name": "answer", "strict": true, "schema": schema,
        } },
    });
    let read = Request::from_openai(&form).unwrap();
    for dialect in Dialect::ALL {
        assert_eq!(sent(&made, dialect), sent(&read, dialect), "{dialect:?}");
    }
    let openai = sent(&read, Dialect::Openai);
    assert_eq!(openai["model"], "m");
    assert!(openai.get("stream").is_none() && openai.get("n").is_none());
    assert_eq!(openai["max_tokens"], 99);
}

#[test]
fn the_order_of_keys_and_the_digits_of_numbers_stay() {
    let text = r#"{"messages":[{"role":"user","content":"hi"}],"seed":9007199254740993,"top_p":0.10,
        "response_format":{"type":"json_schema",
        "json_schema":{"name":"n","schema":{"z":1,"a":2}}}}"#;
    let request = Request::from_json(text).unwrap();
    for dialect in [Dialect::Openai, Dialect::Gemini] {
        let body = request.body(dialect, "m", false);
        let body = std::str::from_utf8(&body).unwrap();
        for kept in ["9007199254740993", "0.10", r#"{"z":1,"a":2}"#] {
            assert!(body.contains(kept), "{body}");
        }
    }
}

#[test]
fn what_is_no_request_is_refused_by_the_name_of_its_field() {
    for (form, field) in [
        (json!({}), "messages"),
        (json!({ "messages": "hi" }), "messages"),
        (json!({ "messages": [{ "content": "hi" }] }), "messages"),
        (
            json!({ "messages": [{ "role": "user", "content": 7 }] }),
            "messages",
        ),
        (json!({ "messages": [], "n": 2 }), "n"),
        (
            json!({ "messages": [], "max_tokens": "many" }),
            "max_tokens",
        ),
    ] {
        match Request::from_openai(&form).unwrap_err() {
            RequestError::Field { field: found, .. } => assert_eq!(found, field, "{form}"),
            other => panic!("{form}: {other}"),
        }
    }
    for text in ["", "[]", "\"hi\"", "{", "null"] {
        let error = Request::from_json(text).unwrap_err();
        assert!(matches!(error, RequestError::Json(_)), "{text}: {error}");
    }
    let error = Request::user("hi")
        .field("messages", &json!([]))
        .unwrap_err();
    assert_eq!(error.to_string(), "`messages`: add messages one by one");
}

#[test]
fn an_image_counts_as_an_image_and_not_by_its_bytes() {
    let bytes = format!("data:image/png;base64,{}", "A".repeat(1 << 20));
    let request = Request::default().push(Message::parts("user", [Part::image(bytes)]));
    assert_eq!(request.prompt_estimate(), 1_000);
    let text = Request::default().push(Message::parts("user", [Part::text("x".repeat(400))]));
    assert_eq!(text.prompt_estimate(), 100);
    let schema = json!({ "type": "object" });
    let tool = Tool::function("f", "x".repeat(4_000), &schema).unwrap();
    assert!(Request::user("hi").tools([tool]).prompt_estimate() > 1_000);
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,4}", inner, 0..4)
                .prop_map(|map| map.into_iter().collect::<Value>()),
        ]
    })
}

proptest! {
    #[test]
    fn the_openai_family_gets_every_unknown_field_unchanged(
        fields in prop::collection::btree_map("x_[a-z]{1,6}", any_value(), 0..4),
        within in prop::collection::btree_map("x_[a-z]{1,6}", any_value(), 0..4),
    ) {
        let mut message = json!({ "role": "user", "content": "hi" });
        message.as_object_mut().unwrap().extend(within);
        let mut form = json!({ "messages": [message] });
        form.as_object_mut().unwrap().extend(fields);
        let request = Request::from_openai(&form).unwrap();
        let mut sent = sent(&request, Dialect::Openai);
        prop_assert_eq!(sent.as_object_mut().unwrap().remove("model"), Some("m".into()));
        prop_assert_eq!(&sent, &form);
        let others = form.as_object().unwrap().values().skip(1);
        let asks = others.clone().any(|value| !value.is_null())
            || form["messages"][0].as_object().unwrap().len() > 2;
        for dialect in [Dialect::Anthropic, Dialect::Gemini] {
            prop_assert_eq!(request.loss(dialect, Lossy::Refuse).is_some(), asks);
            prop_assert_eq!(request.loss(dialect, Lossy::Drop), None);
        }
    }

    #[test]
    fn no_json_makes_a_panic(
        message in any_value(), content in any_value(), calls in any_value(), field in any_value(),
        nth in 0..30_usize,
    ) {
        let rows = crate::wire::request::table::REQUEST;
        let name = rows[nth % rows.len()].field;
        let said = json!({ "role": "assistant", "content": content, "tool_calls": calls });
        let form = json!({ "messages": [said, message], name: field });
        if let Ok(request) = Request::from_openai(&form) {
            for dialect in Dialect::ALL {
                let body = request.body(dialect, "m", true);
                prop_assert!(serde_json::from_slice::<Value>(&body).is_ok());
                let lost = request.loss(dialect, Lossy::Drop);
                prop_assert!(lost.is_none() || request.loss(dialect, Lossy::Refuse).is_some());
            }
        }
    }
}
