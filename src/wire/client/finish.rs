//! Why an answer ends, in any vendor's words: one table, matched in any case, by the parts of a
//! word.
//!
//! A word that tells of a failure is a failure, whatever stands before it. A word that the table
//! does not know says nothing about the answer: it is kept as [`FinishReason::Other`], and is no
//! proof that the answer is whole.

use super::answer::{ErrorBody, Finish, FinishReason, Wrong};

/// What a word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Reason(FinishReason),
    /// It does not say.
    Nothing,
    /// The provider stopped before the answer was whole.
    Cut,
    /// The provider, or one behind it, failed.
    Failed,
    /// The model wrote something that the provider could not read.
    Garbled,
}

use Meaning::{Cut, Failed, Garbled, Nothing, Reason};

/// The meaning of the parts of a word; the first row with one of them decides. Failures come first:
/// `malformed_function_call` is no call of a tool.
const TABLE: &[(Meaning, &[&str])] = &[
    // OpenAPI's defaults, and what DashScope sends with every event: "null".
    (Nothing, &["null", "none", "not", "unspecified", "progress"]),
    // OpenRouter `error`; DeepSeek `insufficient_system_resource`; Zhipu `network_error`; Cohere
    // `ERROR`, `ERROR_TOXIC`.
    (
        Failed,
        &[
            "error",
            "errored",
            "fail",
            "failed",
            "failure",
            "exception",
            "insufficient",
            "crash",
            "overloaded",
            "unavailable",
            "rate",
            "quota",
        ],
    ),
    // Gemini `MALFORMED_FUNCTION_CALL`, `MALFORMED_RESPONSE`, `UNEXPECTED_TOOL_CALL`,
    // `TOO_MANY_TOOL_CALLS`, `MISSING_THOUGHT_SIGNATURE`, `NO_IMAGE`.
    (
        Garbled,
        &[
            "malformed",
            "unexpected",
            "invalid",
            "missing",
            "many",
            "no",
        ],
    ),
    // vLLM and SGLang `abort`; Cohere `TIMEOUT`, `USER_CANCEL`; the Responses API `incomplete`.
    (
        Cut,
        &[
            "abort",
            "aborted",
            "cancel",
            "cancelled",
            "canceled",
            "interrupt",
            "interrupted",
            "timeout",
            "timedout",
            "incomplete",
            "truncated",
            "disconnect",
            "disconnected",
            "preempted",
            "evicted",
            "killed",
            "terminated",
            "shutdown",
            "closed",
            "lost",
        ],
    ),
    // OpenAI `content_filter`; Anthropic `refusal`; Gemini `SAFETY`, `RECITATION`, `BLOCKLIST`,
    // `PROHIBITED_CONTENT`, `SPII`, `LANGUAGE`, `MODEL_ARMOR`, `IMAGE_SAFETY`; Zhipu `sensitive`;
    // Bedrock `guardrail_intervened`.
    (
        Reason(FinishReason::ContentFilter),
        &[
            "filter",
            "filtered",
            "contentfilter",
            "safety",
            "recitation",
            "blocklist",
            "blocked",
            "prohibited",
            "spii",
            "language",
            "armor",
            "refusal",
            "refused",
            "sensitive",
            "guardrail",
            "moderation",
            "moderated",
            "flagged",
            "violation",
            "policy",
        ],
    ),
    // OpenAI `length`; Anthropic `max_tokens`, `model_context_window_exceeded`; Mistral
    // `model_length`.
    (
        Reason(FinishReason::Length),
        &["length", "max", "maxtokens", "limit", "exceeded", "budget"],
    ),
    // OpenAI `tool_calls`, `function_call`; Anthropic `tool_use`.
    (
        Reason(FinishReason::ToolCalls),
        &[
            "tool",
            "tools",
            "tooluse",
            "toolcalls",
            "function",
            "functions",
        ],
    ),
    // Anthropic: a turn that is to be continued.
    (Reason(FinishReason::Other), &["pause"]),
    // OpenAI `stop`; Anthropic `end_turn`, `stop_sequence`; Hugging Face `eos_token`; Cohere
    // `COMPLETE`.
    (
        Reason(FinishReason::Stop),
        &[
            "stop",
            "stopped",
            "eos",
            "eot",
            "end",
            "ended",
            "endturn",
            "complete",
            "completed",
            "done",
            "finished",
            "success",
            "succeeded",
            "normal",
            "ok",
        ],
    ),
];

/// The reason that a provider's word gives, if it gives one.
///
/// # Errors
/// When the word says that the answer failed, or is not whole.
pub(super) fn read(raw: Option<String>) -> Result<Option<Finish>, Wrong> {
    let Some(raw) = raw else {
        return Ok(None);
    };
    let reason = match meaning(&raw) {
        Some(Reason(reason)) => reason,
        None => FinishReason::Other,
        Some(Nothing) => return Ok(None),
        Some(Cut) => return Err(Wrong::Truncated),
        Some(Garbled) => return Err(Wrong::Malformed),
        Some(Failed) => {
            // `error` alone names no kind of error.
            let kind = Some(raw).filter(|raw| !raw.eq_ignore_ascii_case("error"));
            return Err(Wrong::Error(Box::new(ErrorBody {
                kind,
                ..ErrorBody::default()
            })));
        }
    };
    Ok(Some(Finish { reason, raw }))
}

/// Whether the reason is one that the table knows: an answer with it is whole.
pub(super) fn is_known(finish: &Finish) -> bool {
    finish.reason != FinishReason::Other || meaning(&finish.raw).is_some()
}

fn meaning(raw: &str) -> Option<Meaning> {
    let has = |part: &&str| {
        let parts = raw.split(|letter: char| !letter.is_ascii_alphanumeric());
        parts.into_iter().any(|own| own.eq_ignore_ascii_case(part))
    };
    // All that most answers ever say.
    if raw == "stop" {
        return Some(Reason(FinishReason::Stop));
    }
    let row = TABLE.iter().find(|(_, parts)| parts.iter().any(has));
    row.map(|(meaning, _)| *meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(raw: &str) -> FinishReason {
        read(Some(raw.to_owned())).unwrap().unwrap().reason
    }

    #[test]
    fn a_reason_is_known_in_any_case_and_from_any_vendor() {
        for (reason_of, words) in [
            (
                FinishReason::Stop,
                [
                    "stop",
                    "STOP",
                    "end_turn",
                    "stop_sequence",
                    "COMPLETE",
                    "eos_token",
                ],
            ),
            (
                FinishReason::Length,
                [
                    "length",
                    "MAX_TOKENS",
                    "max_tokens",
                    "model_length",
                    "token-limit",
                    "model_context_window_exceeded",
                ],
            ),
            (
                FinishReason::ToolCalls,
                [
                    "tool_calls",
                    "function_call",
                    "tool_use",
                    "TOOL_CALL",
                    "FunctionCall call tool",
                    "tools",
                ],
            ),
            (
                FinishReason::ContentFilter,
                [
                    "content_filter",
                    "SAFETY",
                    "refusal",
                    "PROHIBITED_CONTENT",
                    "sensitive",
                    "guardrail_intervened",
                ],
            ),
        ] {
            for word in words {
                assert_eq!(reason(word), reason_of, "{word}");
            }
        }
    }

    #[test]
    fn a_word_that_tells_of_a_failure_is_one() {
        let wrong = |raw: &str| read(Some(raw.to_owned())).unwrap_err();
        for raw in [
            "abort",
            "ABORTED",
            "user_cancelled",
            "incomplete",
            "TIMEOUT",
        ] {
            assert_eq!(wrong(raw), Wrong::Truncated, "{raw}");
        }
        for raw in [
            "MALFORMED_FUNCTION_CALL",
            "UNEXPECTED_TOOL_CALL",
            "TOO_MANY_TOOL_CALLS",
        ] {
            assert_eq!(wrong(raw), Wrong::Malformed, "{raw}");
        }
        for raw in [
            "error",
            "ERROR",
            "network_error",
            "insufficient_system_resource",
        ] {
            assert!(matches!(wrong(raw), Wrong::Error(_)), "{raw}");
        }
    }

    #[test]
    fn a_word_that_says_nothing_is_no_reason() {
        for raw in ["null", "FINISH_REASON_UNSPECIFIED", "None"] {
            assert_eq!(read(Some(raw.to_owned())), Ok(None), "{raw}");
        }
        assert_eq!(read(None), Ok(None));
    }

    #[test]
    fn an_unknown_word_is_no_proof_of_a_whole_answer() {
        for (raw, known) in [
            ("of_the_future", false),
            ("OTHER", false),
            ("pause_turn", true),
        ] {
            let finish = read(Some(raw.to_owned())).unwrap().unwrap();
            assert_eq!(finish.reason, FinishReason::Other, "{raw}");
            assert_eq!(is_known(&finish), known, "{raw}");
        }
    }
}
