//! What an answer holds beside its text: calls of tools, and reasoning. Each dialect's `beside`
//! reads it from pieces that hold some; pieces of plain text are not read twice.

use serde_json::{Map, Value};

use super::ClientSpec;
use super::answer::{Content, FinishReason, LONGEST, Wrong};
use super::request::ToolCall;

/// Collected so far.
#[derive(Debug, Default)]
pub(super) struct Beside {
    calls: Vec<PartialCall>,
    pub(super) reasoning: String,
    /// Bytes read.
    read: usize,
}

/// A call of a tool, as far as it has arrived.
#[derive(Debug, Default)]
pub(super) struct PartialCall {
    index: Option<u64>,
    id: String,
    pub(super) name: String,
    pub(super) arguments: String,
    signature: Option<String>,
}

impl Beside {
    /// Collects from these bytes, in which the dialect's reader found something other than text.
    /// What follows the longest answer is left out.
    pub(super) fn collect(&mut self, spec: &ClientSpec, data: &[u8]) {
        self.read += data.len();
        if self.read <= LONGEST
            && let Ok(body) = serde_json::from_slice(data)
        {
            (spec.collect)(&body, self);
        }
    }

    /// The call that a piece with this index and id belongs to. Without either it goes on with the
    /// last one. Some providers give every call the index 0, so that another id is another call.
    pub(super) fn call(&mut self, index: Option<u64>, id: Option<String>) -> &mut PartialCall {
        let id = id.unwrap_or_default();
        let is_it = |call: &PartialCall| {
            let same_place = index.is_none() || call.index == index;
            let same_id = call.id == id || call.id.is_empty();
            match id.is_empty() {
                true => same_place,
                false => same_place && same_id,
            }
        };
        let found = self.calls.iter().rposition(is_it);
        let at = found.unwrap_or_else(|| {
            self.calls.push(PartialCall {
                index,
                ..PartialCall::default()
            });
            self.calls.len() - 1
        });
        let call = &mut self.calls[at];
        if call.id.is_empty() {
            call.id = id;
        }
        call
    }

    /// The call at this index, if one has begun there.
    pub(super) fn known(&mut self, index: Option<u64>) -> Option<&mut PartialCall> {
        let mut calls = self.calls.iter_mut();
        calls.rfind(|call| call.index == index)
    }

    /// Whether nothing was collected.
    pub(super) const fn is_empty(&self) -> bool {
        self.calls.is_empty() && self.reasoning.is_empty()
    }

    /// The number of calls so far.
    pub(super) const fn count(&self) -> u64 {
        self.calls.len() as u64
    }

    /// Whether there is a call.
    pub(super) const fn has_calls(&self) -> bool {
        !self.calls.is_empty()
    }

    /// Adds it to the rest of an answer. A call whose arguments are no JSON object is cut off. At
    /// the limit on tokens the provider says so, and the call is left out; otherwise the answer is
    /// not whole.
    pub(super) fn into_content(self, content: &mut Content) -> Result<(), Wrong> {
        let finish = content.finish.as_mut();
        let reason = finish.as_ref().map(|finish| finish.reason);
        let is_cut = reason == Some(FinishReason::Length);
        let mut calls = Vec::with_capacity(self.calls.len());
        for call in self.calls {
            match call.whole() {
                Some(call) => calls.push(call),
                None if is_cut => {}
                None => return Err(Wrong::Truncated),
            }
        }
        if let Some(finish) = finish
            && finish.reason == FinishReason::Stop
            && !calls.is_empty()
        {
            // Gemini has no reason of its own for calls.
            finish.reason = FinishReason::ToolCalls;
        }
        content.tool_calls = calls;
        content.reasoning = Some(self.reasoning).filter(|text| !text.is_empty());
        Ok(())
    }
}

impl PartialCall {
    /// Sets arguments that come as an object and not as its text.
    pub(super) fn set_arguments(&mut self, arguments: &Map<String, Value>) {
        self.arguments = serde_json::to_string(arguments).unwrap_or_default();
    }

    /// Sets the signature, if there is one.
    pub(super) fn sign(&mut self, signature: &Value) {
        if let Some(signature) = text(signature) {
            self.signature = Some(signature.to_owned());
        }
    }

    fn whole(self) -> Option<ToolCall> {
        let arguments = match self.arguments.trim() {
            "" => "{}".to_owned(),
            _ => self.arguments,
        };
        let is_object = serde_json::from_str::<Map<String, Value>>(&arguments).is_ok();
        (is_object && !self.name.is_empty()).then_some(ToolCall {
            id: self.id,
            name: self.name,
            arguments,
            signature: self.signature,
        })
    }
}

/// A text that is not empty.
pub(super) fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}
