//! Gemini generateContent, as the fake provider writes it, plain and streamed (`alt=sse`).
//! Refusals are `refusal`'s matter.
//!
//! A stream has nothing that opens it and no terminator: its last event has the finish reason and
//! the usage. Lines end in CR LF. An error in band is no event: it is a JSON object in the body.

use std::fmt::{Arguments, Write};

use super::grammar::{Grammar, Model, counted};
use super::{Choices, Finish, Flaws, Stamp, Terminator, Usage};
use crate::wire::Dialect;

/// Writes in the name of one model.
#[derive(Clone, Debug)]
pub struct Gemini {
    model: Model,
}

impl Gemini {
    /// A writer for the provider of `model`.
    pub(super) fn new(model: &str) -> Self {
        Self {
            model: Model::new(model),
        }
    }

    /// One response object: the whole answer, or one event of a stream. `finish` begins with a
    /// comma, unless it is empty.
    fn response(
        &self,
        out: &mut String,
        stamp: &Stamp,
        text: Arguments<'_>,
        finish: &str,
        usage: Option<Usage>,
    ) {
        let flaws = stamp.flaws();
        let _ = match flaws.choices {
            Choices::Whole => write!(
                out,
                "{{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"{text}\"}}],\
                 \"role\":\"model\"}}{finish},\"index\":0}}],",
            ),
            Choices::Empty => write!(out, "{{\"candidates\":[],"),
            Choices::Null => write!(out, "{{\"candidates\":null,"),
            Choices::NullContent => write!(
                out,
                "{{\"candidates\":[{{\"content\":{{\"role\":\"model\"}}{finish},\"index\":0}}],"
            ),
            Choices::Missing => write!(
                out,
                "{{\"promptFeedback\":{{\"blockReason\":\"PROHIBITED_CONTENT\"}},"
            ),
        };
        if let Some(usage) = usage {
            write_usage(out, usage);
        }
        let _ = write!(
            out,
            "\"modelVersion\":{},\"responseId\":\"{}\"}}",
            self.model.served(flaws),
            stamp.id()
        );
    }
}

impl Grammar for Gemini {
    fn dialect(&self) -> Dialect {
        Dialect::Gemini
    }

    fn model(&self) -> &Model {
        &self.model
    }

    fn plain(&self, stamp: &Stamp, usage: Usage) -> String {
        let flaws = stamp.flaws();
        let mut body = String::with_capacity(512);
        let text = format_args!("{} tok", usage.output);
        let usage = counted(usage, flaws);
        self.response(&mut body, stamp, text, reason(flaws), usage);
        body
    }

    fn opening(&self, _events: &mut String, _stamp: &Stamp, _prompt: Option<Usage>) {}

    fn tokens(&self, events: &mut String, stamp: &Stamp, text: Arguments<'_>) {
        events.push_str("data: ");
        self.response(events, stamp, text, "", None);
        events.push_str("\r\n\r\n");
    }

    fn closing(&self, events: &mut String, stamp: &Stamp, usage: Usage) {
        let flaws = stamp.flaws();
        let (finish, times) = match flaws.terminator {
            Terminator::Once => (reason(flaws), 1),
            Terminator::Never => ("", 1),
            Terminator::Twice => (reason(flaws), 2),
        };
        let usage = counted(usage, flaws);
        for _ in 0..times {
            events.push_str("data: ");
            self.response(events, stamp, format_args!(""), finish, usage);
            events.push_str("\r\n\r\n");
        }
    }

    /// Outside of the grammar of events, over several lines (maximhq/bifrost #5262).
    fn in_band(&self, events: &mut String, _stamp: &Stamp, error: &str) {
        events.push_str(error);
    }

    fn malformed(&self) -> &'static str {
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"te\r\n\r\n"
    }

    fn keep_alive(&self) -> &'static str {
        ": keep-alive\r\n\r\n"
    }

    fn line(&self) -> &'static str {
        "\r\n\r\n"
    }

    fn plain_type(&self) -> &'static str {
        "application/json; charset=UTF-8"
    }

    fn stream_type(&self) -> &'static str {
        "text/event-stream"
    }
}

fn write_usage(out: &mut String, usage: Usage) {
    let Usage {
        input,
        cached,
        output,
    } = usage;
    let total = input.saturating_add(output);
    let _ = write!(
        out,
        "\"usageMetadata\":{{\"promptTokenCount\":{input},\"candidatesTokenCount\":{output},\
         \"totalTokenCount\":{total},"
    );
    if cached > 0 {
        let _ = write!(out, "\"cachedContentTokenCount\":{cached},");
    }
    let _ = write!(
        out,
        "\"promptTokensDetails\":[{{\"modality\":\"TEXT\",\"tokenCount\":{input}}}]}},"
    );
}

/// The finish reason, with its key.
fn reason(flaws: &Flaws) -> &'static str {
    match flaws.finish {
        Finish::Stop => ",\"finishReason\":\"STOP\"",
        Finish::Length => ",\"finishReason\":\"MAX_TOKENS\"",
        Finish::ContentFilter => ",\"finishReason\":\"SAFETY\"",
        Finish::Missing => "",
    }
}
