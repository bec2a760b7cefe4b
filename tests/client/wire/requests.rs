//! Requests with settings that not every dialect has: who is asked, and with what.

use firedrill::client::{Client, Dialect, Lossy, Provider, Request, Tcp};
use firedrill::policy::{FailureClass, FailureReason};
use firedrill::policy_file::presets;

use super::dialects::listen;
use super::success;

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
