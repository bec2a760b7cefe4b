//! Exact bytes: one good plain answer and one good stream of each dialect, the errors of special
//! forms, and the causes of each dialect.

use std::fmt::Write;

use super::*;

/// Bytes as text that can be compared by eye: `␍` is a carriage return.
fn shown(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec())
        .unwrap()
        .replace('\r', "\u{240d}")
}

fn good(dialect: Dialect) -> String {
    let name = match dialect {
        Dialect::Openai => "gpt-4.1",
        Dialect::Azure => "gpt-4.1-2025-04-14",
        Dialect::Deepseek => "deepseek-chat",
        Dialect::Moonshot => "kimi-k2",
        Dialect::Openrouter => "openai/gpt-4.1",
        Dialect::Xai => "grok-4",
        Dialect::Anthropic => "claude-sonnet-4-5",
        Dialect::Gemini => "gemini-2.5-flash",
    };
    let writer = Writer::new(dialect, name);
    let mut text = shown(&writer.completion(&limited(), CACHED));
    for (opens, tokens, closes) in [(true, 1, None), (false, 13, Some(CACHED))] {
        let part = Part {
            head: opens,
            opens,
            prompt: Some(CACHED),
            tokens,
            closes,
            ..Part::default()
        };
        let _ = write!(text, "\n----\n{}", shown(&writer.part(&stamp(), &part)));
    }
    text
}

fn error(dialect: Dialect, cause: Cause) -> String {
    let refusal = Refusal::of(cause).after(Duration::from_millis(37_200));
    let writer = Writer::new(dialect, "a-model");
    shown(&writer.refusal(&limited(), &refusal))
}

#[test]
fn good_answers_are_these_bytes() {
    for dialect in Dialect::ALL {
        insta::assert_snapshot!(format!("good_{}", dialect.name()), good(dialect));
    }
}

#[test]
fn errors_are_these_bytes() {
    for (dialect, cause) in [
        (Dialect::Openai, Cause::TokenLimit),
        (Dialect::Azure, Cause::ContentFilter),
        (Dialect::Deepseek, Cause::Overloaded),
        (Dialect::Moonshot, Cause::Concurrency),
        (Dialect::Openrouter, Cause::Capacity),
        (Dialect::Xai, Cause::TokenLimit),
        (Dialect::Anthropic, Cause::Overloaded),
        (Dialect::Anthropic, Cause::SpendLimit),
        (Dialect::Gemini, Cause::RateLimit),
    ] {
        let name = format!("error_{}_{}", dialect.name(), cause.name());
        insta::assert_snapshot!(name, error(dialect, cause));
    }
}

#[test]
fn each_dialect_has_these_causes() {
    let mut table = format!("{:18}", "");
    for dialect in Dialect::ALL {
        let _ = write!(table, "{:>11}", dialect.name());
    }
    for cause in Cause::ALL {
        let _ = write!(table, "\n{:18}", cause.name());
        for dialect in Dialect::ALL {
            let status = writer(dialect).status_of(cause);
            let own = if cause.has_form_in(dialect) { ' ' } else { '*' };
            let _ = write!(table, "{status:>10}{own}");
        }
    }
    insta::assert_snapshot!(table);
}
