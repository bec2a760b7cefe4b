//! Anthropic messages, as the fake provider writes them, plain and streamed. Refusals are
//! `refusal`'s matter.
//!
//! `input_tokens` are those that no cache had: together with `cache_read_input_tokens` they are
//! the prompt.

use std::fmt::{Arguments, Write};

use super::grammar::{Grammar, Model, counted};
use super::{Choices, Finish, Flaws, Stamp, Terminator, Usage};
use crate::wire::Dialect;

/// Writes in the name of one model.
#[derive(Clone, Debug)]
pub struct Anthropic {
    model: Model,
}

impl Anthropic {
    /// A writer for the provider of `model`.
    pub(super) fn new(model: &str) -> Self {
        Self {
            model: Model::new(model),
        }
    }

    /// What a message begins with, plain or streamed, up to its content.
    fn begin(&self, out: &mut String, stamp: &Stamp) {
        let _ = write!(
            out,
            "{{\"id\":\"msg_{}\",\"type\":\"message\",\"role\":\"assistant\",\"model\":{}",
            stamp.id(),
            self.model.served(stamp.flaws()),
        );
    }
}

impl Grammar for Anthropic {
    fn dialect(&self) -> Dialect {
        Dialect::Anthropic
    }

    fn model(&self) -> &Model {
        &self.model
    }

    fn plain(&self, stamp: &Stamp, usage: Usage) -> String {
        let flaws = stamp.flaws();
        let mut body = String::with_capacity(512);
        self.begin(&mut body, stamp);
        let _ = match flaws.choices {
            Choices::Whole => write!(
                body,
                ",\"content\":[{{\"type\":\"text\",\"text\":\"{} tok\"}}]",
                usage.output
            ),
            Choices::Empty => write!(body, ",\"content\":[]"),
            Choices::Null => write!(body, ",\"content\":null"),
            Choices::NullContent => {
                write!(body, ",\"content\":[{{\"type\":\"text\",\"text\":null}}]")
            }
            Choices::Missing => Ok(()),
        };
        let _ = write!(
            body,
            ",\"stop_reason\":{},\"stop_sequence\":null",
            reason(flaws)
        );
        if let Some(usage) = counted(usage, flaws) {
            body.push_str(",\"usage\":");
            write_usage(&mut body, usage, ",\"service_tier\":\"standard\"");
        }
        body.push('}');
        body
    }

    fn opening(&self, events: &mut String, stamp: &Stamp, prompt: Option<Usage>) {
        let flaws = stamp.flaws();
        events.push_str("event: message_start\ndata: {\"type\":\"message_start\",\"message\":");
        self.begin(events, stamp);
        events.push_str(",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null");
        let prompt = prompt.unwrap_or(NOTHING);
        if let Some(usage) = counted(
            Usage {
                output: 1,
                ..prompt
            },
            flaws,
        ) {
            events.push_str(",\"usage\":");
            write_usage(events, usage, "");
        }
        events.push_str("}}\n\n");
        let block = match flaws.choices {
            Choices::Empty => return,
            Choices::Whole => ",\"content_block\":{\"type\":\"text\",\"text\":\"\"}",
            Choices::Null => ",\"content_block\":null",
            Choices::NullContent => ",\"content_block\":{\"type\":\"text\",\"text\":null}",
            Choices::Missing => "",
        };
        let _ = write!(
            events,
            "event: content_block_start\n\
             data: {{\"type\":\"content_block_start\",\"index\":0{block}}}\n\n{PING}",
        );
    }

    fn tokens(&self, events: &mut String, stamp: &Stamp, text: Arguments<'_>) {
        let head =
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0";
        let kind = "\"type\":\"text_delta\"";
        let _ = match stamp.flaws().choices {
            Choices::Whole => write!(
                events,
                "{head},\"delta\":{{{kind},\"text\":\"{text}\"}}}}\n\n"
            ),
            Choices::Empty => Ok(()),
            Choices::Null => write!(events, "{head},\"delta\":null}}\n\n"),
            Choices::NullContent => {
                write!(events, "{head},\"delta\":{{{kind},\"text\":null}}}}\n\n")
            }
            Choices::Missing => write!(events, "{head}}}\n\n"),
        };
    }

    fn closing(&self, events: &mut String, stamp: &Stamp, usage: Usage) {
        let flaws = stamp.flaws();
        if flaws.choices != Choices::Empty {
            events.push_str(
                "event: content_block_stop\n\
                 data: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
            );
        }
        let _ = write!(
            events,
            "event: message_delta\ndata: {{\"type\":\"message_delta\",\
             \"delta\":{{\"stop_reason\":{},\"stop_sequence\":null}}",
            reason(flaws)
        );
        if let Some(usage) = counted(usage, flaws) {
            events.push_str(",\"usage\":");
            write_usage(events, usage, "");
        }
        events.push_str("}\n\n");
        let times = match flaws.terminator {
            Terminator::Once => 1,
            Terminator::Never => 0,
            Terminator::Twice => 2,
        };
        for _ in 0..times {
            events.push_str("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
        }
    }

    fn in_band(&self, events: &mut String, _stamp: &Stamp, error: &str) {
        let _ = write!(events, "event: error\ndata: {error}\n\n");
    }

    fn malformed(&self) -> &'static str {
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"del\n\n"
    }

    fn keep_alive(&self) -> &'static str {
        PING
    }

    fn stream_type(&self) -> &'static str {
        "text/event-stream; charset=utf-8"
    }
}

fn write_usage(out: &mut String, usage: Usage, more: &str) {
    let _ = write!(
        out,
        "{{\"input_tokens\":{},\"cache_creation_input_tokens\":0,\
         \"cache_read_input_tokens\":{},\"output_tokens\":{}{more}}}",
        usage.input.saturating_sub(usage.cached),
        usage.cached,
        usage.output,
    );
}

/// The stop reason, as JSON.
fn reason(flaws: &Flaws) -> &'static str {
    match flaws.finish {
        Finish::Stop => "\"end_turn\"",
        Finish::Length => "\"max_tokens\"",
        Finish::ContentFilter => "\"refusal\"",
        Finish::Missing => "null",
    }
}

const PING: &str = "event: ping\ndata: {\"type\":\"ping\"}\n\n";

/// What is said of a prompt of which nothing is known.
const NOTHING: Usage = Usage {
    input: 0,
    cached: 0,
    output: 0,
};
