//! Answers of chat completions, by OpenAI and by whoever speaks its dialect.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::{Counted, ErrorBody, Finish, FinishReason, Piece, Wrong, named, object, said};

pub(super) fn read_plain(bytes: &[u8]) -> Result<Piece, Wrong> {
    let body: Body = object(bytes)?;
    said(body.error)?;
    let choice = first(body.choices)?.ok_or(Wrong::Malformed)?;
    if choice.message.is_none() && choice.error.is_none() {
        return Err(Wrong::Malformed);
    }
    Ok(Piece {
        model: named(body.model),
        ..choice.read(body.usage)?
    })
}

/// Azure sends chunks without a choice before the first token, and everybody sends the usage in
/// one.
pub(super) fn read_event(data: &[u8]) -> Result<Piece, Wrong> {
    if data.trim_ascii() == b"[DONE]" {
        return Ok(Piece {
            ends: true,
            ..Piece::default()
        });
    }
    let body: Body = object(data)?;
    said(body.error)?;
    let choice = first(body.choices)?.unwrap_or_default();
    Ok(Piece {
        model: named(body.model),
        ..choice.read(body.usage)?
    })
}

fn first(choices: Option<Vec<Choice>>) -> Result<Option<Choice>, Wrong> {
    Ok(choices.ok_or(Wrong::Malformed)?.into_iter().next())
}

#[derive(Deserialize)]
struct Body {
    choices: Option<Vec<Choice>>,
    usage: Option<Counts>,
    model: Option<Value>,
    error: Option<Value>,
}

#[derive(Default, Deserialize)]
struct Choice {
    message: Option<MessagePart>,
    delta: Option<MessagePart>,
    finish_reason: Option<String>,
    /// Where Moonshot puts it in streams.
    usage: Option<Counts>,
    /// Where OpenRouter puts it when the model had begun.
    error: Option<Value>,
}

#[derive(Default, Deserialize)]
struct MessagePart {
    content: Option<String>,
    refusal: Option<String>,
    /// DeepSeek's and Moonshot's name.
    reasoning_content: Option<String>,
    /// OpenRouter's.
    reasoning: Option<String>,
    tool_calls: Option<Vec<IgnoredAny>>,
}

#[derive(Deserialize)]
struct Counts {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptDetails>,
    /// DeepSeek's name for what came from the cache.
    prompt_cache_hit_tokens: Option<u64>,
    /// Moonshot's.
    cached_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct PromptDetails {
    cached_tokens: Option<u64>,
}

impl Choice {
    fn read(self, usage: Option<Counts>) -> Result<Piece, Wrong> {
        said(self.error)?;
        let finish = finish(self.finish_reason)?;
        let message = self.message.or(self.delta).unwrap_or_default();
        let full = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        Ok(Piece {
            busy: full(&message.reasoning_content)
                || full(&message.reasoning)
                || message.tool_calls.is_some_and(|calls| !calls.is_empty()),
            spoken: message.content.is_some() || message.refusal.is_some(),
            // The model's own refusal is what it has to say.
            text: match message.content {
                Some(content) if !content.is_empty() => content,
                _ => message.refusal.unwrap_or_default(),
            },
            finish,
            counted: usage.or(self.usage).map(Counted::from).unwrap_or_default(),
            ..Piece::default()
        })
    }
}

/// Some send an empty reason with every chunk. Two reasons are errors in disguise.
fn finish(raw: Option<String>) -> Result<Option<Finish>, Wrong> {
    let Some(raw) = raw.filter(|raw| !raw.is_empty()) else {
        return Ok(None);
    };
    let reason = match raw.as_str() {
        "stop" | "eos" => FinishReason::Stop,
        "length" => FinishReason::Length,
        "tool_calls" | "function_call" => FinishReason::ToolCalls,
        "content_filter" => FinishReason::ContentFilter,
        // OpenRouter: the provider behind it failed. DeepSeek: it ran out of machines.
        "error" | "insufficient_system_resource" => {
            return Err(Wrong::Error(Box::new(ErrorBody {
                kind: (raw != "error").then_some(raw),
                ..ErrorBody::default()
            })));
        }
        _ => FinishReason::Other,
    };
    Ok(Some(Finish { reason, raw }))
}

impl From<Counts> for Counted {
    fn from(counts: Counts) -> Self {
        let details = counts.prompt_tokens_details;
        Self {
            prompt: counts.prompt_tokens,
            cached: details
                .and_then(|details| details.cached_tokens)
                .or(counts.prompt_cache_hit_tokens)
                .or(counts.cached_tokens),
            completion: counts.completion_tokens,
        }
    }
}
