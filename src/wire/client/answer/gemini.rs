//! Answers of Gemini's generateContent.
//!
//! Events of a stream are answers of the same form as the whole; nothing terminates it but the
//! end of the body, after a `finishReason`.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::{Counted, Finish, FinishReason, Piece, Wrong, named, object, said};

pub(super) fn read_plain(bytes: &[u8]) -> Result<Piece, Wrong> {
    let body: Body = object(bytes)?;
    let has_candidate = body.candidates.as_ref().is_some_and(|all| !all.is_empty());
    let piece = read(body)?;
    has_candidate.then_some(piece).ok_or(Wrong::Malformed)
}

pub(super) fn read_event(data: &[u8]) -> Result<Piece, Wrong> {
    let body: Body = object(data)?;
    let is_known = body.candidates.is_some()
        || body.prompt_feedback.is_some()
        || body.usage_metadata.is_some()
        || body.error.is_some();
    is_known.then_some(()).ok_or(Wrong::Malformed)?;
    read(body)
}

fn read(body: Body) -> Result<Piece, Wrong> {
    said(body.error)?;
    let blocked = body.prompt_feedback.and_then(|said| said.block_reason);
    if blocked.is_some() {
        return Err(Wrong::Filtered(blocked));
    }
    let mut piece = Piece {
        counted: counted(body.usage_metadata),
        model: named(body.model_version),
        ..Piece::default()
    };
    let candidates = body.candidates.unwrap_or_default();
    let Some(candidate) = candidates.into_iter().next() else {
        return Ok(piece);
    };
    piece.finish = finish(candidate.finish_reason);
    let parts = candidate.content.and_then(|content| content.parts);
    for part in parts.unwrap_or_default() {
        match part.text {
            Some(text) if !part.thought.unwrap_or(false) => {
                piece.spoken = true;
                piece.text.push_str(&text);
            }
            Some(thought) => piece.busy |= !thought.is_empty(),
            None => piece.busy |= part.function_call.is_some(),
        }
    }
    Ok(piece)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    candidates: Option<Vec<Candidate>>,
    prompt_feedback: Option<Feedback>,
    usage_metadata: Option<Counts>,
    model_version: Option<Value>,
    error: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    content: Option<Content>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Content {
    parts: Option<Vec<Part>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    text: Option<String>,
    /// The text is a summary of the model's reasoning.
    thought: Option<bool>,
    function_call: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback {
    block_reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    prompt_token_count: Option<u64>,
    cached_content_token_count: Option<u64>,
    candidates_token_count: Option<u64>,
    thoughts_token_count: Option<u64>,
}

fn finish(raw: Option<String>) -> Option<Finish> {
    let raw = raw?;
    let reason = match raw.as_str() {
        "STOP" => FinishReason::Stop,
        "MAX_TOKENS" => FinishReason::Length,
        "SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "IMAGE_SAFETY" => {
            FinishReason::ContentFilter
        }
        _ => FinishReason::Other,
    };
    Some(Finish { reason, raw })
}

/// Gemini counts what it thought apart from what it said, and bills both as output.
fn counted(counts: Option<Counts>) -> Counted {
    let Some(counts) = counts else {
        return Counted::default();
    };
    let output = [counts.candidates_token_count, counts.thoughts_token_count];
    Counted {
        prompt: counts.prompt_token_count,
        cached: counts.cached_content_token_count,
        completion: output.into_iter().flatten().reduce(u64::saturating_add),
    }
}
