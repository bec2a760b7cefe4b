//! The form of the answer that a request asks for, read once with the request (`host`) and carried
//! to the writers. The default is what the simulated client asks for: a text, and a stream with its
//! usage.

use std::sync::Arc;

use super::Finish;
use super::embeddings::Vectors;

/// The form of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Form {
    /// The request does not ask a stream for its usage, in a family that states it when asked.
    pub without_usage: bool,
    /// The kind of answer.
    pub api: Api,
    /// What the answer holds.
    pub content: Content,
    /// The model would say more than the maximum that the request asks for. What is spelled out is
    /// whole in any case: its tokens are counted and not written.
    pub is_cut: bool,
}

/// The kind of an answer, by the path of its request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Api {
    /// A chat, in the form of the dialect's family.
    #[default]
    Chat,
    /// OpenAI's Responses API.
    Responses,
    /// OpenAI's embeddings.
    Embeddings(Arc<Vectors>),
}

impl Form {
    /// The finish reason of an answer without flaws.
    pub(super) fn finish(&self) -> Finish {
        match self.is_cut && self.content == Content::Tokens {
            true => Finish::Length,
            false => Finish::Stop,
        }
    }

    /// Whether it is a chat whose tokens are not spelled out.
    pub(crate) fn is_plain_chat(&self) -> bool {
        self.api == Api::Chat && self.content == Content::Tokens
    }
}

/// What an answer holds. Its tokens are counted as the scenario says in any case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Content {
    /// Tokens that are not spelled out.
    #[default]
    Tokens,
    /// This text: JSON, if the request has a schema.
    Text(Arc<str>),
    /// A call of a tool.
    Call(Arc<Call>),
}

/// A call of a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// The name of the tool.
    pub name: String,
    /// The arguments: the text of a JSON object.
    pub arguments: String,
}

impl Content {
    /// The text that is spelled out, if there is one: that of the answer, or the arguments.
    pub(super) fn spelled(&self) -> Option<&str> {
        match self {
            Self::Tokens => None,
            Self::Text(text) => Some(text),
            Self::Call(call) => Some(&call.arguments),
        }
    }

    /// The call of a tool, if it is one.
    pub(super) fn call(&self) -> Option<&Call> {
        match self {
            Self::Call(call) => Some(call),
            _ => None,
        }
    }
}

/// The part of `text` that `tokens` tokens after the first `before` of `total` hold: all parts
/// together are the text.
pub(super) fn piece(text: &str, before: u64, tokens: u64, total: u64) -> &str {
    let reach = |tokens: u64| {
        let bytes = u128::from(tokens.min(total)) * text.len() as u128;
        let at = bytes.checked_div(u128::from(total)).unwrap_or_default();
        text.floor_char_boundary(usize::try_from(at).unwrap_or(text.len()))
    };
    &text[reach(before)..reach(before.saturating_add(tokens))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_of_a_text_are_the_text() {
        let text = "{\"a\":\"\u{f6}\u{f6}\u{f6}\",\"b\":[1,2]}";
        for total in 1..=40_u64 {
            for step in 1..=total {
                let starts = (0..total).step_by(usize::try_from(step).unwrap());
                let all: String = starts.map(|at| piece(text, at, step, total)).collect();
                assert_eq!(all, text, "{total} tokens, {step} in a write");
            }
        }
        assert_eq!(piece(text, 0, 1, 0), "");
    }
}
