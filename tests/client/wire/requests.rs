//! Requests with settings that not every dialect has: who is asked, and with what.

use std::pin::Pin;

use firedrill::client::{Client, Dialect, FinishReason, Lossy, Provider, Request, Tcp};
use firedrill::policy::{FailureClass, FailureReason};
use firedrill::policy_file::presets;
use futures_core::Stream;

use super::dialects::listen;
use super::{class, client_of, events, success};

/// An answer of OpenAI and one of Anthropic.
const OPENAI: &str = r#"{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}"#;
const ANTHROPIC: &str = r#"{"content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn"}"#;

fn client(providers: impl IntoIterator<Item = Provider>) -> Client<Tcp> {
    let builder = Client::builder().policy(presets::policy("resilient").unwrap());
    let builder = providers
        .into_iter()
        .fold(builder, |all, one| all.provider(one));
    builder.build().unwrap()
}

#[tokio::test]
async fn a_provider_without_the_setting_is_passed_over_unless_it_may_be_dropped() {
    let seeded = Request::user("hello").seed(7);
    for (lossy, expected) in [(Lossy::Refuse, "backup"), (Lossy::Drop, "first")] {
        let (first, asked) = listen(vec![success("application/json", ANTHROPIC)]).await;
        let (backup, _) = listen(vec![success("application/json", OPENAI)]).await;
        let first = Provider::new("first", first, "m").dialect(Dialect::Anthropic);
        let client = client([first.lossy(lossy), Provider::new("backup", backup, "m")]);
        let answer = client.call(&seeded).await.unwrap();
        assert_eq!((answer.provider.as_str(), answer.attempts), (expected, 1));
        let asked = asked.lock().unwrap();
        assert_eq!(asked.len(), usize::from(lossy == Lossy::Drop));
        assert!(
            asked
                .iter()
                .all(|request| request.body.get("seed").is_none())
        );
    }
}

#[tokio::test]
async fn a_request_that_no_provider_supports_ends_at_once_and_says_why() {
    let nobody =
        |name: &str| Provider::new(name, "http://127.0.0.1:1", "m").dialect(Dialect::Anthropic);
    let client = client([nobody("first"), nobody("second").lossy(Lossy::Drop)]);
    let form = serde_json::json!({
        "messages": [{ "role": "user", "content": [{
            "type": "input_audio", "input_audio": { "data": "AA", "format": "wav" },
        }] }],
        "seed": 7,
    });
    let request = Request::from_openai(&form).unwrap();
    let error = client.call(&request).await.unwrap_err();
    assert_eq!(
        error.reason,
        FailureReason::Stopped(FailureClass::BadRequest)
    );
    assert_eq!(
        error.to_string(),
        "no provider supports the request; first was not asked: its dialect has no \
         `messages[].content`; second was not asked: its dialect has no `messages[].content`"
    );
}

#[tokio::test]
async fn azure_is_asked_for_the_version_that_it_was_given() {
    let (url, asked) = listen(vec![success("application/json", OPENAI)]).await;
    let azure = Provider::new("azure", url, "m").dialect(Dialect::Azure);
    let client = client([azure.api_version("2025-04-01-preview")]);
    client.call(&Request::user("hello")).await.unwrap();
    let asked = asked.lock().unwrap();
    let line = asked[0].head.lines().next().unwrap().to_owned();
    assert!(
        line.contains("/m/chat/completions?api-version=2025-04-01-preview "),
        "{line}"
    );
}

/// What an answer with one call of a tool is in each family: plain, and as the events of a stream.
fn called() -> [(Dialect, String, Vec<&'static str>); 3] {
    let openai = r#"{"choices":[{"message":{"content":null,"tool_calls":[{"id":"c1","function":{
        "name":"weather","arguments":"{\"city\":\"Bern\"}"}}]},"finish_reason":"tool_calls"}]}"#;
    let anthropic = r#"{"content":[{"type":"tool_use","id":"c1","name":"weather",
        "input":{"city":"Bern"}}],"stop_reason":"tool_use"}"#;
    let gemini = concat!(
        r#"{"candidates":[{"content":{"parts":[{"functionCall":{"id":"c1","name":"weather","#,
        r#""args":{"city":"Bern"}}}]},"finishReason":"STOP"}]}"#,
    );
    [
        (
            Dialect::Openai,
            openai.to_owned(),
            vec![
                concat!(
                    r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c1","function":"#,
                    r#"{"name":"weather","arguments":"{\"city\""}}]}}]}"#,
                ),
                concat!(
                    r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"argument"#,
                    r#"s":":\"Bern\"}"}}]}}]}"#,
                ),
                r#"{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"#,
                "[DONE]",
            ],
        ),
        (
            Dialect::Anthropic,
            anthropic.to_owned(),
            vec![
                r#"{"type":"message_start","message":{"content":[]}}"#,
                concat!(
                    r#"{"type":"content_block_start","index":0,"content_block":{"type":"too"#,
                    r#"l_use","id":"c1","name":"weather","input":{}}}"#,
                ),
                concat!(
                    r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_"#,
                    r#"delta","partial_json":"{\"city\":\"Bern\"}"}}"#,
                ),
                r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"}}"#,
                r#"{"type":"message_stop"}"#,
            ],
        ),
        (Dialect::Gemini, gemini.to_owned(), vec![gemini]),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_tool_is_called_alike_in_every_family_plain_and_streamed() {
    for (dialect, whole, pieces) in called() {
        let streamed = events(&pieces) + "0\r\n\r\n";
        let script = vec![success("application/json", &whole), streamed];
        let client = client_of(dialect, "idle: 5s", vec![script]);
        let question = Request::user("What is the weather in Bern?");
        let plain = client.call(&question).await.unwrap();
        let mut stream = client.stream(&question);
        assert!(stream.next().await.is_none(), "there is no text");
        let answer = stream.answer().unwrap();
        assert_eq!(*answer, plain, "{dialect:?}");
        let [call] = &answer.tool_calls[..] else {
            panic!("{answer:?}");
        };
        assert_eq!((call.id.as_str(), call.name.as_str()), ("c1", "weather"));
        assert_eq!(call.arguments, r#"{"city":"Bern"}"#);
        assert_eq!(
            answer.finish.as_ref().unwrap().reason,
            FinishReason::ToolCalls
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_of_a_tool_that_breaks_off_is_no_answer() {
    let cut = concat!(
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"name":"f","#,
        r#""arguments":"{\"a"}}]}}]}"#,
    );
    let end = r#"{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"#;
    let streamed = events(&[cut, end, "[DONE]"]) + "0\r\n\r\n";
    let client = client_of(Dialect::Openai, "idle: 5s", vec![vec![streamed]]);
    let mut stream = client.stream(&Request::user("hello"));
    let error = stream.next().await.unwrap().unwrap_err();
    assert_eq!(class(&error), FailureClass::Truncated);
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_a_stream_of_its_pieces() {
    let pieces = ["he", "llo"].map(|text| {
        format!(r#"{{"choices":[{{"delta":{{"content":"{text}"}},"finish_reason":null}}]}}"#)
    });
    let end = r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#;
    let streamed = events(&[&pieces[0], &pieces[1], end, "[DONE]"]) + "0\r\n\r\n";
    let client = client_of(Dialect::Openai, "idle: 5s", vec![vec![streamed]]);
    let mut stream = client.stream(&Request::user("hello"));
    let mut all = Vec::new();
    while let Some(piece) = std::future::poll_fn(|cx| Pin::new(&mut stream).poll_next(cx)).await {
        all.push(piece.unwrap());
    }
    assert_eq!(all.concat(), "hello");
    assert_eq!(stream.answer().unwrap().text, "hello");
}
