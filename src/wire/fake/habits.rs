//! What sets the variants of OpenAI's form apart when they answer: one table each. How they refuse
//! is told beside `refusal`.

use crate::wire::Dialect;

/// The habits of one variant. Texts in JSON begin with a comma.
#[derive(Debug)]
pub(super) struct Habits {
    /// How an id is made.
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
    /// Where a stream states its usage.
    pub(super) usage: UsageAt,
    /// How usage states what came out of a cache.
    pub(super) cached: Cached,
    /// The comment that keeps somebody waiting.
    pub(super) comment: &'static str,
    /// The content type of streams.
    pub(super) stream_type: &'static str,
}

/// How an id is made.
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
    /// In a chunk of its own, without choices.
    Own,
    /// In the chunk that has the finish reason.
    Finish,
    /// In the choice that has the finish reason, and in a chunk of its own.
    ChoiceAndOwn,
}

/// How usage states what came out of a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cached {
    /// `prompt_tokens_details.cached_tokens`, when there is any.
    Details,
    /// The same, and `prompt_cache_hit_tokens` beside `prompt_cache_miss_tokens`, always.
    HitAndMiss,
    /// `cached_tokens`, when there is any.
    Flat,
}

impl Habits {
    /// The habits of `dialect`, which is of OpenAI's family.
    pub(super) const fn of(dialect: Dialect) -> &'static Self {
        match dialect {
            Dialect::Azure => &AZURE,
            Dialect::Deepseek => &DEEPSEEK,
            Dialect::Moonshot => &MOONSHOT,
            Dialect::Openrouter => &OPENROUTER,
            _ => &OPENAI,
        }
    }
}

const OPENAI: Habits = Habits {
    id: Id::Chatcmpl,
    fields: "",
    plain: "",
    choice: "",
    native_finish: false,
    message: ",\"refusal\":null",
    preamble: "",
    usage: UsageAt::Own,
    cached: Cached::Details,
    comment: ": keep-alive\n\n",
    stream_type: "text/event-stream; charset=utf-8",
};

/// The prompt's filter results come first, in a chunk that names nothing else.
const AZURE: Habits = Habits {
    fields: ",\"system_fingerprint\":\"fp_f12ed21100\"",
    plain: ",\"prompt_filter_results\":[{\"prompt_index\":0,\"content_filter_results\":{\
            \"hate\":{\"filtered\":false,\"severity\":\"safe\"},\
            \"self_harm\":{\"filtered\":false,\"severity\":\"safe\"},\
            \"sexual\":{\"filtered\":false,\"severity\":\"safe\"},\
            \"violence\":{\"filtered\":false,\"severity\":\"safe\"}}}]",
    choice: ",\"content_filter_results\":{}",
    preamble: "{\"choices\":[],\"created\":0,\"id\":\"\",\"model\":\"\",\"object\":\"\",\
               \"prompt_filter_results\":[{\"prompt_index\":0,\"content_filter_results\":{\
               \"hate\":{\"filtered\":false,\"severity\":\"safe\"},\
               \"self_harm\":{\"filtered\":false,\"severity\":\"safe\"},\
               \"sexual\":{\"filtered\":false,\"severity\":\"safe\"},\
               \"violence\":{\"filtered\":false,\"severity\":\"safe\"}}}]}",
    ..OPENAI
};

const DEEPSEEK: Habits = Habits {
    id: Id::Uuid,
    fields: ",\"system_fingerprint\":\"fp_f12ed21100_prod0820_fp8_kvcache\"",
    message: "",
    usage: UsageAt::Finish,
    cached: Cached::HitAndMiss,
    ..OPENAI
};

const MOONSHOT: Habits = Habits {
    message: "",
    usage: UsageAt::ChoiceAndOwn,
    cached: Cached::Flat,
    stream_type: "text/event-stream",
    ..OPENAI
};

const OPENROUTER: Habits = Habits {
    id: Id::Generation,
    fields: ",\"provider\":\"OpenAI\"",
    native_finish: true,
    comment: ": OPENROUTER PROCESSING\n\n",
    stream_type: "text/event-stream",
    ..OPENAI
};
