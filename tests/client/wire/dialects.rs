//! The client's requests and answers in each dialect, over real TCP, against servers written by
//! hand.

use std::sync::{Arc, Mutex};

use firedrill::client::{Client, Dialect, FinishReason, Provider, Request, Tcp, Usage};
use firedrill::policy::config::Policy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{events, success};

/// A request as received over TCP.
pub(super) struct Asked {
    pub(super) head: String,
    pub(super) body: serde_json::Value,
}

/// Serves one request after the other over real TCP, with these answers; records the requests in
/// the vector.
pub(super) async fn listen(answers: Vec<String>) -> (String, Arc<Mutex<Vec<Asked>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::<Mutex<Vec<Asked>>>::default();
    let heard = asked.clone();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        for answer in answers {
            let mut bytes = Vec::new();
            let request = loop {
                assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0);
                let text = std::str::from_utf8(&bytes).unwrap();
                let Some((head, body)) = text.split_once("\r\n\r\n") else {
                    continue;
                };
                if let Ok(body) = serde_json::from_str(body) {
                    let head = head.to_owned();
                    break Asked { head, body };
                }
            };
            heard.lock().unwrap().push(request);
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (url, asked)
}

/// A client with one provider over real TCP.
fn over_tcp(provider: Provider) -> Client<Tcp> {
    let policy = "name: wire\nabout: One attempt.\nretry: { max_attempts: 1, \
        max_attempts_per_provider: 1 }\n";
    Client::builder()
        .policy(Policy::parse("wire.yaml", policy).unwrap())
        .provider(provider.key("sk-test"))
        .build()
        .unwrap()
}

fn conversation() -> Request {
    Request::default()
        .message("system", "Be brief.")
        .message("user", "hello")
        .max_tokens(7)
}

/// Asks plain and streamed: both must return the same answer, with the model `model`.
async fn ask_twice(client: &Client<Tcp>, raw: &str, model: &str, usage: Usage) {
    let plain = client.call(&conversation()).await.unwrap();
    let mut stream = client.stream(&conversation());
    while let Some(piece) = stream.next().await {
        piece.unwrap();
    }
    let streamed = stream.answer().unwrap();
    assert_eq!(*streamed, plain);
    assert_eq!(plain.text, "Hello, wörld");
    let finish = plain.finish.unwrap();
    assert_eq!(
        (finish.reason, finish.raw.as_str()),
        (FinishReason::Length, raw)
    );
    assert_eq!(plain.usage, Some(usage));
    assert_eq!(plain.model, model);
}

#[tokio::test]
async fn anthropic_is_asked_and_read_in_its_own_dialect() {
    let plain = r#"{"id":"msg_1","type":"message","role":"assistant",
        "model":"claude-sonnet-4-5-20250929",
        "content":[{"type":"text","text":"Hello, wörld"}],"stop_reason":"max_tokens",
        "stop_sequence":null,"usage":{"input_tokens":25,"cache_read_input_tokens":5,
        "output_tokens":7}}"#;
    let streamed = [
        r#"{"type":"message_start","message":{"model":"claude-sonnet-4-5-20250929","content":[],
            "usage":{"input_tokens":25,"cache_read_input_tokens":5,"output_tokens":1}}}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
        r#"{"type": "ping"}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello,"}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" wörld"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"max_tokens"},
            "usage":{"output_tokens":7}}"#,
        r#"{"type":"message_stop"}"#,
    ]
    .map(|event| event.replace('\n', ""));
    let streamed = events(&streamed.each_ref().map(String::as_str)) + "0\r\n\r\n";
    let (url, asked) = listen(vec![success("application/json", plain), streamed]).await;
    let provider = Provider::new("anthropic", url, "claude-sonnet-4-5");
    let usage = usage(30, 5, 7);
    let client = over_tcp(provider.dialect(Dialect::Anthropic));
    ask_twice(&client, "max_tokens", "claude-sonnet-4-5-20250929", usage).await;
    let asked = asked.lock().unwrap();
    for request in asked.iter() {
        let head = &request.head;
        assert!(head.starts_with("POST /v1/messages HTTP/1.1\r\n"), "{head}");
        assert!(head.contains("\r\nx-api-key: sk-test"), "{head}");
        assert!(head.contains("\r\nanthropic-version: 2023-06-01"), "{head}");
        assert!(!head.contains("authorization"), "{head}");
    }
    let mut expected = serde_json::json!({
        "model": "claude-sonnet-4-5", "max_tokens": 7, "system": "Be brief.",
        "messages": [{ "role": "user", "content": "hello" }],
    });
    assert_eq!(asked[0].body, expected);
    expected["stream"] = true.into();
    assert_eq!(asked[1].body, expected);
}

#[tokio::test]
async fn gemini_is_asked_and_read_in_its_own_dialect() {
    let plain = r#"{"candidates":[{"content":{"parts":[{"text":"Hello, "},{"text":"wörld"}],
        "role":"model"},"finishReason":"MAX_TOKENS","index":0}],"usageMetadata":
        {"promptTokenCount":30,"cachedContentTokenCount":5,"candidatesTokenCount":7,
        "totalTokenCount":37},"modelVersion":"gemini-2.5-flash-002"}"#;
    let streamed = [
        r#"{"candidates":[{"content":{"parts":[{"text":"Hello, "}],"role":"model"},"index":0}],
            "usageMetadata":{"promptTokenCount":30}}"#,
        r#"{"candidates":[{"content":{"parts":[{"text":"wörld"}],"role":"model"},
            "finishReason":"MAX_TOKENS","index":0}],"usageMetadata":{"promptTokenCount":30,
            "cachedContentTokenCount":5,"candidatesTokenCount":7},
            "modelVersion":"gemini-2.5-flash-002"}"#,
    ]
    .map(|event| event.replace('\n', ""));
    let streamed = events(&streamed.each_ref().map(String::as_str)) + "0\r\n\r\n";
    let (url, asked) = listen(vec![success("application/json", plain), streamed]).await;
    let provider = Provider::new("gemini", url, "gemini-2.5-flash").dialect(Dialect::Gemini);
    let usage = usage(30, 5, 7);
    let client = over_tcp(provider);
    ask_twice(&client, "MAX_TOKENS", "gemini-2.5-flash-002", usage).await;
    let asked = asked.lock().unwrap();
    let model = "/v1beta/models/gemini-2.5-flash";
    for (request, verb) in asked
        .iter()
        .zip(["generateContent", "streamGenerateContent?alt=sse"])
    {
        let head = &request.head;
        assert!(
            head.starts_with(&format!("POST {model}:{verb} HTTP/1.1\r\n")),
            "{head}"
        );
        assert!(head.contains("\r\nx-goog-api-key: sk-test"), "{head}");
        assert!(!head.contains("authorization"), "{head}");
        let expected = serde_json::json!({
            "contents": [{ "role": "user", "parts": [{ "text": "hello" }] }],
            "systemInstruction": { "parts": [{ "text": "Be brief." }] },
            "generationConfig": { "maxOutputTokens": 7 },
        });
        assert_eq!(request.body, expected);
    }
}

#[tokio::test]
async fn azure_is_asked_at_its_deployment() {
    let plain = r#"{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}"#;
    let (url, asked) = listen(vec![success("application/json", plain)]).await;
    let provider = Provider::new("azure", url, "my-gpt-4.1").dialect(Dialect::Azure);
    let answer = over_tcp(provider).call(&conversation()).await.unwrap();
    assert_eq!(answer.text, "hi");
    assert_eq!(answer.model, "my-gpt-4.1", "it does not say");
    let head = &asked.lock().unwrap()[0].head;
    let path = "POST /openai/deployments/my-gpt-4.1/chat/completions?api-version=2024-10-21 ";
    assert!(head.starts_with(path), "{head}");
    assert!(head.contains("\r\napi-key: sk-test"), "{head}");
}

#[tokio::test]
async fn a_call_falls_back_from_one_dialect_to_another() {
    let overloaded =
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    let overloaded = success("application/json", overloaded).replace("200 OK", "529 Overloaded");
    let answer = r#"{"candidates":[{"content":{"parts":[{"text":"hi"}]},"finishReason":"STOP"}],
        "usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":1},
        "modelVersion":"gemini-2.5-flash"}"#;
    let (first, _) = listen(vec![overloaded]).await;
    let (second, _) = listen(vec![success("application/json", answer)]).await;
    let policy = "name: wire\nabout: One each.\nretry: { max_attempts: 2, \
        max_attempts_per_provider: 1 }\n";
    let client = Client::builder()
        .policy(Policy::parse("wire.yaml", policy).unwrap())
        .provider(Provider::new("anthropic", first, "a").dialect(Dialect::Anthropic))
        .provider(Provider::new("gemini", second, "b").dialect(Dialect::Gemini))
        .build()
        .unwrap();
    let answer = client.call(&conversation()).await.unwrap();
    assert_eq!((answer.provider.as_str(), answer.attempts), ("gemini", 2));
    assert_eq!(answer.model, "gemini-2.5-flash");
    let usage = usage(9, 0, 1);
    assert_eq!(answer.usage, Some(usage));
}

fn usage(prompt: u64, cached: u64, completion: u64) -> Usage {
    let mut usage = Usage::default();
    usage.prompt_tokens = prompt;
    usage.cached_tokens = cached;
    usage.completion_tokens = completion;
    usage
}
