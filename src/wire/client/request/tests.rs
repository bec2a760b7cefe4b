//! Requests: what decisions are told, and what each dialect is sent.

mod dialects;
mod form;

use super::*;

#[test]
fn a_request_tells_decisions_what_it_is() {
    let plain = Request::user("Hello, there");
    assert_eq!((plain.given_task(), plain.given_session()), (None, None));
    assert_eq!(
        (plain.given_priority(), plain.given_max_tokens()),
        (1, None)
    );
    let told = plain.task("chat").session(7).priority(2).max_tokens(99);
    assert_eq!(
        (told.given_task(), told.given_session()),
        (Some("chat"), Some(7))
    );
    assert_eq!(
        (told.given_priority(), told.given_max_tokens()),
        (2, Some(99))
    );
}

#[test]
fn a_prompt_is_estimated_unless_the_caller_counts() {
    let request = Request::user("x".repeat(397)).message("system", "xyz");
    assert_eq!(request.prompt_estimate(), 100);
    assert_eq!(request.prompt_tokens(7).prompt_estimate(), 7);
    assert_eq!(Request::default().prompt_estimate(), 1);
    assert_eq!(Request::user("").prompt_tokens(0).prompt_estimate(), 1);
}

#[test]
fn what_decisions_are_told_is_not_sent() {
    let plain = Request::user("x");
    let told = Request::user("x")
        .task("t")
        .session(1)
        .priority(0)
        .prompt_tokens(9);
    for dialect in Dialect::ALL {
        assert_eq!(
            plain.body(dialect, "m", true),
            told.body(dialect, "m", true)
        );
    }
}

#[test]
fn every_dialect_has_its_own_place() {
    for (dialect, plain, streamed) in [
        (Dialect::Openai, "/chat/completions", "/chat/completions"),
        (
            Dialect::Azure,
            "/openai/deployments/my%20gpt%2F4/chat/completions?api-version=2024-10-21",
            "/openai/deployments/my%20gpt%2F4/chat/completions?api-version=2024-10-21",
        ),
        (Dialect::Anthropic, "/v1/messages", "/v1/messages"),
        (
            Dialect::Gemini,
            "/v1beta/models/my%20gpt/4:generateContent",
            "/v1beta/models/my%20gpt/4:streamGenerateContent?alt=sse",
        ),
    ] {
        let path = |streamed| {
            let model = "my gpt/4";
            path(
                dialect,
                &Destination {
                    model,
                    streamed,
                    version: None,
                },
            )
        };
        assert_eq!(path(false), plain);
        assert_eq!(path(true), streamed);
    }
}

#[test]
fn every_dialect_has_its_own_header_for_the_key() {
    for (dialect, name, value) in [
        (Dialect::Openai, "authorization", "Bearer k"),
        (Dialect::Azure, "api-key", "k"),
        (Dialect::Deepseek, "authorization", "Bearer k"),
        (Dialect::Moonshot, "authorization", "Bearer k"),
        (Dialect::Openrouter, "authorization", "Bearer k"),
        (Dialect::Xai, "authorization", "Bearer k"),
        (Dialect::Anthropic, "x-api-key", "k"),
        (Dialect::Gemini, "x-goog-api-key", "k"),
    ] {
        assert_eq!(key_header(dialect, "k"), (name, value.to_owned()));
    }
}

#[test]
fn only_anthropic_wants_a_version() {
    let versioned = Dialect::ALL
        .into_iter()
        .filter(|dialect| !fixed_headers(*dialect).is_empty());
    assert_eq!(versioned.collect::<Vec<_>>(), [Dialect::Anthropic]);
}
