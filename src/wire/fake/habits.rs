//! Differences between the dialects of OpenAI's form in good answers. Each dialect's file has its
//! own; `openai` is the base.

/// The habits of one variant. Texts in JSON begin with a comma.
#[derive(Debug)]
pub(super) struct Habits {
    /// The form of an id.
    pub(super) id: Id,
    /// In every answer and chunk, after the model.
    pub(super) fields: &'static str,
    /// In a plain answer, after its choices.
    pub(super) plain: &'static str,
    /// In every choice, after `logprobs`.
    pub(super) choice: &'static str,
    /// Every choice states the finish reason of the model behind the gateway as well.
    pub(super) native_finish: bool,
    /// In every message, after its content.
    pub(super) message: &'static str,
    /// The data of an event that comes before all others; empty for none.
    pub(super) preamble: &'static str,
    /// Where a stream states its usage when the request asks for it.
    pub(super) usage: UsageAt,
    /// The same when the request does not ask for it.
    pub(super) unasked_usage: UsageAt,
    /// How usage states cached tokens.
    pub(super) cached: Cached,
    /// The comment that is a stream's keep-alive.
    pub(super) comment: &'static str,
    /// An error in band is a chunk with a choice that ends in `error` (agent-os #2214), rather than
    /// the dialect's error body.
    pub(super) in_band_chunk: bool,
    /// The content type of streams.
    pub(super) stream_type: &'static str,
}

/// The form of an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Id {
    /// `chatcmpl-` and hexadecimal digits.
    Chatcmpl,
    /// A UUID.
    Uuid,
    /// `gen-`, seconds, and hexadecimal digits.
    Generation,
}

/// Where a stream states its usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UsageAt {
    /// Nowhere.
    Nowhere,
    /// In a chunk of its own, without choices.
    Own,
    /// In the chunk that has the finish reason.
    Finish,
    /// In the choice that has the finish reason.
    Choice,
    /// In the choice that has the finish reason, and in a chunk of its own.
    ChoiceAndOwn,
}

/// How usage states cached tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cached {
    /// `prompt_tokens_details.cached_tokens`, when there is any.
    Details,
    /// The same, and `prompt_cache_hit_tokens` beside `prompt_cache_miss_tokens`, always.
    HitAndMiss,
    /// `cached_tokens`, when there is any.
    Flat,
}
