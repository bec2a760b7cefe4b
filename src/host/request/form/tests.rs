//! Each family's way to ask for tools and for JSON.

use serde_json::json;

use super::*;

const NAMED: &str = "Ask get_time, please.";
const FREE: &str = "Which time is it?";

/// What the answer holds, in short.
fn told(family: Family, body: &Value) -> String {
    match content(family, body.to_string().as_bytes()) {
        None => "invalid".to_owned(),
        Some(Content::Tokens) => "text".to_owned(),
        Some(Content::Text(text)) => text.to_string(),
        Some(Content::Call(call)) => format!("{}({})", call.name, call.arguments),
    }
}

fn schema(name: &str) -> Value {
    json!({ "type": "object", "properties": { name: { "type": "string" } }, "required": [name] })
}

/// A body in OpenAI's form, with two tools.
fn openai(last: Value, choice: Value, format: Value) -> Value {
    let tool = |name, field| {
        json!({
            "type": "function", "function": { "name": name, "parameters": schema(field) },
        })
    };
    json!({
        "model": "m", "messages": [{ "role": "user", "content": NAMED }, last],
        "tools": [tool("get_weather", "city"), tool("get_time", "zone")],
        "tool_choice": choice, "response_format": format,
    })
}

fn anthropic(last: Value, choice: Value, format: Value) -> Value {
    let tool = |name, field| json!({ "name": name, "input_schema": schema(field) });
    json!({
        "model": "m", "messages": [{ "role": "user", "content": NAMED }, last],
        "tools": [tool("get_weather", "city"), tool("get_time", "zone"),
                  { "type": "web_search_20250305", "name": "web_search" }],
        "tool_choice": choice, "output_config": { "format": format },
    })
}

fn gemini(last: Value, choice: Value, config: Value) -> Value {
    let tool = |name, key: &str, field| json!({ "name": name, key: schema(field) });
    json!({
        "contents": [{ "role": "user", "parts": [{ "text": NAMED }] }, last],
        "tools": [{ "functionDeclarations": [tool("get_weather", "parameters", "city")] },
                  { "function_declarations": [tool("get_time", "parametersJsonSchema", "zone")] }],
        "toolConfig": { "functionCallingConfig": choice }, "generationConfig": config,
    })
}

#[test]
fn a_call_is_made_where_the_request_requires_one_or_names_the_tool() {
    let user = |text| json!({ "role": "user", "content": text });
    let parts = json!({ "role": "user", "content": [{ "type": "text", "text": NAMED }] });
    let function = |name| json!({ "type": "function", "function": { "name": name } });
    let allowed = |mode| {
        json!({ "type": "allowed_tools",
                "allowed_tools": { "mode": mode, "tools": [function("get_time")] } })
    };
    let result = json!({ "role": "tool", "tool_call_id": "c", "content": "noon" });
    let (weather, time) = (
        r#"get_weather({"city":"tok"})"#,
        r#"get_time({"zone":"tok"})"#,
    );
    for (last, choice, expected) in [
        (user(FREE), Value::Null, "text"),
        (user(FREE), json!("auto"), "text"),
        (user(FREE), json!("none"), "text"),
        (user(FREE), json!("required"), weather),
        (user(FREE), function("get_time"), time),
        (user(FREE), function("get_wind"), "invalid"),
        (user(FREE), allowed("required"), time),
        (user(FREE), allowed("auto"), "text"),
        (user(NAMED), Value::Null, time),
        (parts, json!("auto"), time),
        (user(NAMED), json!("none"), "text"),
        (user(NAMED), json!("required"), time),
        (user("not get_times"), json!("auto"), "text"),
        (result.clone(), json!("required"), "text"),
        (result, Value::Null, "text"),
    ] {
        let body = openai(last, choice, Value::Null);
        assert_eq!(told(Family::Openai, &body), expected, "{body}");
    }
}

#[test]
fn anthropic_has_words_of_its_own() {
    let user = |text| json!({ "role": "user", "content": text });
    let result = json!({ "role": "user", "content": [
        { "type": "tool_result", "tool_use_id": "t", "content": "noon" },
    ] });
    let (weather, time) = (
        r#"get_weather({"city":"tok"})"#,
        r#"get_time({"zone":"tok"})"#,
    );
    for (last, choice, expected) in [
        (user(FREE), Value::Null, "text"),
        (user(FREE), json!({ "type": "auto" }), "text"),
        (user(NAMED), json!({ "type": "auto" }), time),
        (user(FREE), json!({ "type": "any" }), weather),
        (
            user(FREE),
            json!({ "type": "tool", "name": "get_time" }),
            time,
        ),
        (
            user(FREE),
            json!({ "type": "tool", "name": "get_wind" }),
            "invalid",
        ),
        (user(NAMED), json!({ "type": "none" }), "text"),
        (result, json!({ "type": "any" }), "text"),
    ] {
        let body = anthropic(last, choice, Value::Null);
        assert_eq!(told(Family::Anthropic, &body), expected, "{body}");
    }
}

#[test]
fn gemini_has_words_of_its_own() {
    let user = |text| json!({ "role": "user", "parts": [{ "text": text }] });
    let result = json!({ "role": "user", "parts": [
        { "functionResponse": { "name": "get_time", "response": {} } },
    ] });
    let (weather, time) = (
        r#"get_weather({"city":"tok"})"#,
        r#"get_time({"zone":"tok"})"#,
    );
    for (last, choice, expected) in [
        (user(FREE), Value::Null, "text"),
        (user(NAMED), json!({ "mode": "AUTO" }), time),
        (user(FREE), json!({ "mode": "ANY" }), weather),
        (
            user(FREE),
            json!({ "mode": "ANY", "allowedFunctionNames": ["get_time"] }),
            time,
        ),
        (
            user(FREE),
            json!({ "mode": "ANY", "allowedFunctionNames": ["get_wind"] }),
            "invalid",
        ),
        (user(NAMED), json!({ "mode": "NONE" }), "text"),
        (result, json!({ "mode": "ANY" }), "text"),
    ] {
        let body = gemini(last, choice, Value::Null);
        assert_eq!(told(Family::Gemini, &body), expected, "{body}");
    }
}

#[test]
fn each_family_asks_for_json_in_its_own_words() {
    let last = json!({ "role": "user", "content": FREE });
    let form = |format| openai(last.clone(), Value::Null, format);
    let json_schema = json!({ "type": "json_schema", "json_schema": {
        "name": "n", "schema": schema("city") } });
    let (object, city) = (r#"{"answer":"tok"}"#, r#"{"city":"tok"}"#);
    assert_eq!(told(Family::Openai, &form(json_schema)), city);
    assert_eq!(
        told(Family::Openai, &form(json!({ "type": "json_object" }))),
        object
    );
    assert_eq!(
        told(Family::Openai, &form(json!({ "type": "text" }))),
        "text"
    );

    let format = json!({ "type": "json_schema", "schema": schema("city") });
    let mut body = anthropic(last.clone(), Value::Null, format.clone());
    assert_eq!(told(Family::Anthropic, &body), city);
    body["output_config"] = Value::Null;
    body["output_format"] = format;
    assert_eq!(told(Family::Anthropic, &body), city);

    let config = |kind, key: &str, schema| json!({ "responseMimeType": kind, key: schema });
    let json = "application/json";
    let words = json!({ "type": "STRING", "enum": ["yes", "no"] });
    for (config, expected) in [
        (config(json, "responseSchema", schema("city")), city),
        (config(json, "responseJsonSchema", schema("city")), city),
        (config(json, "responseSchema", Value::Null), object),
        (
            json!({ "response_mime_type": json, "response_schema": schema("city") }),
            city,
        ),
        (config("text/x.enum", "responseSchema", words), "yes"),
        (config("text/plain", "responseSchema", Value::Null), "text"),
    ] {
        let body = gemini(json!({ "role": "user", "parts": [] }), Value::Null, config);
        assert_eq!(told(Family::Gemini, &body), expected, "{body}");
    }
}

#[test]
fn the_responses_api_has_words_of_its_own() {
    let tool =
        |name, field| json!({ "type": "function", "name": name, "parameters": schema(field) });
    let body = |input: Value, choice: Value, format: Value| {
        let body = json!({
            "model": "m", "input": input, "tool_choice": choice, "text": { "format": format },
            "tools": [
                { "type": "web_search" }, tool("get_weather", "city"), tool("get_time", "zone"),
            ],
        });
        match responses(body.to_string().as_bytes()) {
            None => "invalid".to_owned(),
            Some(Content::Tokens) => "text".to_owned(),
            Some(Content::Text(text)) => text.to_string(),
            Some(Content::Call(call)) => format!("{}({})", call.name, call.arguments),
        }
    };
    let (weather, time) = (
        r#"get_weather({"city":"tok"})"#,
        r#"get_time({"zone":"tok"})"#,
    );
    let parts = json!([{ "role": "user", "content": [{ "type": "input_text", "text": NAMED }] }]);
    let result = json!([{ "type": "function_call_output", "call_id": "c", "output": "noon" }]);
    let function = json!({ "type": "function", "name": "get_time" });
    for (input, choice, expected) in [
        (json!(FREE), Value::Null, "text"),
        (json!(NAMED), json!("auto"), time),
        (json!(FREE), json!("required"), weather),
        (json!(FREE), function.clone(), time),
        (
            json!(FREE),
            json!({ "type": "function", "name": "get_wind" }),
            "invalid",
        ),
        (parts, Value::Null, time),
        (
            json!(FREE),
            json!({ "type": "allowed_tools", "mode": "required", "tools": [function] }),
            time,
        ),
        (result, json!("required"), "text"),
    ] {
        assert_eq!(body(input, choice, Value::Null), expected);
    }
    let format = json!({ "type": "json_schema", "name": "n", "schema": schema("city") });
    assert_eq!(body(json!(FREE), Value::Null, format), r#"{"city":"tok"}"#);
}

#[test]
fn inputs_of_embeddings_have_many_forms() {
    let asked = |body: Value| embeddings(body.to_string().as_bytes());
    let seeds = |input: Value| asked(json!({ "input": input })).map(|vectors| vectors.seeds);
    let [one] = seeds(json!("a")).unwrap()[..] else {
        panic!("one text is one input")
    };
    assert_eq!(seeds(json!(["a"])), Some(vec![one]));
    let two = seeds(json!(["b", "a"])).unwrap();
    assert_eq!((two.len(), two[1]), (2, one));
    assert_ne!(two[0], one);
    assert_eq!(seeds(json!([1, 2, 3])).unwrap().len(), 1);
    assert_eq!(seeds(json!([[1, 2], [3]])).unwrap().len(), 2);
    for wrong in [
        json!(""),
        json!([]),
        json!(["a", ""]),
        json!(7),
        Value::Null,
    ] {
        assert_eq!(seeds(wrong.clone()), None, "{wrong}");
    }
    let vectors = asked(json!({ "input": "a", "dimensions": 8, "encoding_format": "base64" }));
    let vectors = vectors.unwrap();
    assert_eq!((vectors.dimensions, vectors.base64), (Some(8), true));
    for wrong in [
        json!({ "input": "a", "dimensions": 0 }),
        json!({ "input": "a", "encoding_format": "hex" }),
    ] {
        assert_eq!(asked(wrong), None);
    }
}
