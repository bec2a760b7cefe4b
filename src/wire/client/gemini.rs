//! Gemini generateContent: requests and answers.
//!
//! Model and method are in the path; the body is the same for all models, streamed or plain. Events
//! of a stream have the same form as a whole answer; only the end of the body, after a
//! `finishReason`, terminates it.

mod beside;
mod request;

use serde::Deserialize;
use serde_json::Value;

use super::answer::{Counted, Piece, Wrong, object};
use super::in_band::{self, said};
use super::lenient::{Count, First, Loose, Word};
use super::parts::Parts;
use super::request::{Destination, escaped};
use super::{ClientSpec, Key, finish};

/// Gemini's own service.
pub(in crate::wire) const SPEC: ClientSpec = ClientSpec {
    base_path: "",
    path,
    key: Key {
        header: "x-goog-api-key",
        scheme: "",
    },
    headers: &[],
    body: |request, model, _streamed| request::body(request, model),
    losses: request::losses,
    read_plain,
    read_event,
    collect: beside::collect,
};

/// Below the root of a host, such as `https://generativelanguage.googleapis.com`. A name without a
/// collection, such as `gemini-2.5-pro`, is in `models`.
fn path(to: &Destination<'_>) -> String {
    let model = to.model;
    let has_collection = ["models/", "tunedModels/"]
        .iter()
        .any(|collection| model.starts_with(collection));
    let collection = if has_collection { "" } else { "models/" };
    let model = escaped(model, true);
    let verb = if to.streamed {
        "streamGenerateContent?alt=sse"
    } else {
        "generateContent"
    };
    format!("/v1beta/{collection}{model}:{verb}")
}

fn read_plain(bytes: &[u8]) -> Result<Piece, Wrong> {
    let body: Body = object(bytes)?;
    let has_candidate = body
        .candidates
        .as_ref()
        .is_some_and(|first| first.0.is_some());
    let piece = read(body)?;
    has_candidate.then_some(piece).ok_or(Wrong::Malformed)
}

fn read_event(data: &[u8]) -> Result<Piece, Wrong> {
    let body: Body = object(data)?;
    let has_answer = body.candidates.is_some()
        || body.prompt_feedback.0.is_some()
        || body.usage_metadata.0.is_some();
    let mut piece = read(body)?;
    if !has_answer {
        in_band::complaint(data).map_or(Ok(()), Err)?;
        piece.odd = true;
    }
    Ok(piece)
}

fn read(body: Body) -> Result<Piece, Wrong> {
    said(body.error)?;
    let blocked = body.prompt_feedback.0.and_then(|said| said.block_reason.0);
    if let Some(reason) = blocked.filter(|reason| reason != "BLOCK_REASON_UNSPECIFIED") {
        return Err(Wrong::Filtered(Some(reason)));
    }
    let candidate = body.candidates.and_then(|First(first)| first);
    let candidate = candidate.unwrap_or_default();
    Ok(Piece {
        finish: finish::read(candidate.finish_reason.0)?,
        counted: counted(body.usage_metadata.0),
        model: body.model_version.0,
        busy: candidate.content.busy,
        spoken: candidate.content.spoken,
        text: candidate.content.text,
        ..Piece::default()
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    candidates: Option<First<Candidate>>,
    #[serde(default)]
    prompt_feedback: Loose<Feedback>,
    #[serde(default)]
    usage_metadata: Loose<Counts>,
    #[serde(default)]
    model_version: Word,
    error: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Candidate {
    content: Parts,
    finish_reason: Word,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Feedback {
    block_reason: Word,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Counts {
    prompt_token_count: Count,
    cached_content_token_count: Count,
    candidates_token_count: Count,
    thoughts_token_count: Count,
}

/// Gemini counts thoughts apart from the text, and bills both as output.
fn counted(counts: Option<Counts>) -> Counted {
    let counts = counts.unwrap_or_default();
    let output = [
        counts.candidates_token_count.0,
        counts.thoughts_token_count.0,
    ];
    Counted {
        prompt: counts.prompt_token_count.0,
        cached: counts.cached_content_token_count.0,
        completion: output.into_iter().flatten().reduce(u64::saturating_add),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_collection_stands_as_it_is() {
        for name in ["models/gemini-2.5-pro", "tunedModels/mine"] {
            let to = Destination {
                model: name,
                streamed: false,
                version: None,
            };
            assert_eq!(path(&to), format!("/v1beta/{name}:generateContent"));
        }
    }
}
