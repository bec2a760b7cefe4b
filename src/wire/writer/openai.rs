//! OpenAI chat completions, as the fake provider writes them: plain, streamed, refused.
//!
//! No token is spelled out: an answer of 300 tokens says `300 tok`, so that bodies stay small
//! whatever the counts, and so that what was delivered can be added up from the bytes.

use std::fmt::Write;

use bytes::Bytes;

use super::head::Head;
use super::quota::whole_millis;
use super::{Part, Refusal, Stamp, Usage, refusal};

/// Writes in the name of one model.
#[derive(Clone, Debug)]
pub struct Openai {
    model: String,
    quoted: String,
}

impl Openai {
    /// A writer for the provider of `model`.
    pub fn new(model: &str) -> Self {
        Self {
            model: model.into(),
            quoted: serde_json::Value::from(model).to_string(),
        }
    }

    /// A whole plain answer.
    pub fn completion(&self, stamp: &Stamp, usage: Usage) -> Bytes {
        let body = format!(
            "{{\"id\":\"chatcmpl-{}\",\"object\":\"chat.completion\",\"created\":{CREATED},\
             \"model\":{},\"choices\":[{{\"index\":0,\"message\":{{\"role\":\"assistant\",\
             \"content\":\"{} tok\",\"refusal\":null}},\"logprobs\":null,\
             \"finish_reason\":\"stop\"}}],\"usage\":{}}}",
            stamp.id(),
            self.quoted,
            usage.output,
            usage_object(usage),
        );
        Head::new(200, stamp).with_body("application/json", &body)
    }

    /// One write of a streamed answer: its events in one chunk. Nothing for an empty part, since
    /// an empty chunk would end the stream.
    pub fn part(&self, stamp: &Stamp, part: &Part) -> Bytes {
        let mut bytes = String::new();
        if part.head {
            bytes = Head::new(200, stamp).before_chunks("text/event-stream; charset=utf-8");
        }
        let events = self.events(stamp, part);
        if !events.is_empty() {
            let _ = write!(bytes, "{:x}\r\n{events}\r\n", events.len());
        }
        if part.closes.is_some() {
            bytes.push_str("0\r\n\r\n");
        }
        Bytes::from(bytes)
    }

    /// An error.
    pub fn refusal(&self, stamp: &Stamp, refusal: &Refusal) -> Bytes {
        let mut head = Head::new(refusal::status_of(refusal), stamp);
        if let Some(hint) = refusal.hint {
            let millis = whole_millis(hint.wait);
            head.field("retry-after", millis.div_ceil(1_000));
            head.field("retry-after-ms", millis);
        }
        let (kind, body) = refusal::body(&self.model, stamp.quotas.requests.as_ref(), refusal);
        head.with_body(kind, &body)
    }

    fn events(&self, stamp: &Stamp, part: &Part) -> String {
        let mut events = String::new();
        if part.opens {
            let role = "{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}";
            self.delta(&mut events, stamp, role, "null");
        }
        if part.tokens > 0 {
            let content = format!("{{\"content\":\"{} tok \"}}", part.tokens);
            self.delta(&mut events, stamp, &content, "null");
        }
        if let Some(usage) = part.closes {
            self.delta(&mut events, stamp, "{}", "\"stop\"");
            self.chunk(&mut events, stamp, "", &usage_object(usage));
            events.push_str("data: [DONE]\n\n");
        }
        events
    }

    fn delta(&self, events: &mut String, stamp: &Stamp, delta: &str, finish: &str) {
        let choice = format!(
            "{{\"index\":0,\"delta\":{delta},\"logprobs\":null,\"finish_reason\":{finish}}}"
        );
        self.chunk(events, stamp, &choice, "null");
    }

    fn chunk(&self, events: &mut String, stamp: &Stamp, choices: &str, usage: &str) {
        let _ = write!(
            events,
            "data: {{\"id\":\"chatcmpl-{}\",\"object\":\"chat.completion.chunk\",\
             \"created\":{CREATED},\"model\":{},\"choices\":[{choices}],\"usage\":{usage}}}\n\n",
            stamp.id(),
            self.quoted,
        );
    }
}

fn usage_object(usage: Usage) -> String {
    format!(
        "{{\"prompt_tokens\":{},\"completion_tokens\":{},\"total_tokens\":{}}}",
        usage.input,
        usage.output,
        usage.input.saturating_add(usage.output),
    )
}

/// When all answers were created, in Unix seconds: 2025-01-01. The world has no calendar.
const CREATED: u64 = 1_735_689_600;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::Quota;
    use super::*;

    fn stamp(quota: Option<Quota>) -> Stamp {
        Stamp {
            provider: 1,
            call: 42,
            nth: 2,
            processing: Duration::from_millis(598),
            at: crate::time::Instant::START,
            quotas: super::super::Quotas {
                requests: quota,
                ..Default::default()
            },
            flaws: None,
        }
    }

    const USAGE: Usage = Usage {
        input: 900,
        cached: 0,
        output: 14,
    };

    fn text(bytes: &Bytes) -> &str {
        std::str::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_plain_answer_is_these_bytes() {
        let quota = Quota {
            limit: 500,
            remaining: 499,
            reset: Duration::from_millis(120),
        };
        let bytes = Openai::new("gpt-4.1").completion(&stamp(Some(quota)), USAGE);
        assert_eq!(
            text(&bytes),
            "HTTP/1.1 200 OK\r\n\
             x-request-id: req_0001000000000000002a00000002\r\n\
             openai-processing-ms: 598\r\n\
             x-ratelimit-limit-requests: 500\r\n\
             x-ratelimit-remaining-requests: 499\r\n\
             x-ratelimit-reset-requests: 120ms\r\n\
             content-type: application/json\r\n\
             content-length: 312\r\n\r\n\
             {\"id\":\"chatcmpl-0001000000000000002a00000002\",\"object\":\"chat.completion\",\
             \"created\":1735689600,\"model\":\"gpt-4.1\",\"choices\":[{\"index\":0,\
             \"message\":{\"role\":\"assistant\",\"content\":\"14 tok\",\"refusal\":null},\
             \"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":900,\
             \"completion_tokens\":14,\"total_tokens\":914}}"
        );
    }

    #[test]
    fn a_stream_is_these_bytes() {
        let writer = Openai::new("m");
        let part = |opens, tokens, closes| Part {
            head: opens,
            opens,
            tokens,
            closes,
            ..Part::default()
        };
        let first = writer.part(&stamp(None), &part(true, 1, None));
        let common = "data: {\"id\":\"chatcmpl-0001000000000000002a00000002\",\
                      \"object\":\"chat.completion.chunk\",\"created\":1735689600,\"model\":\"m\"";
        let choice = |delta: &str, finish: &str| {
            format!(
                "{common},\"choices\":[{{\"index\":0,\"delta\":{delta},\"logprobs\":null,\
                 \"finish_reason\":{finish}}}],\"usage\":null}}\n\n"
            )
        };
        let role = choice(
            "{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}",
            "null",
        );
        let one = choice("{\"content\":\"1 tok \"}", "null");
        assert_eq!(
            text(&first),
            format!(
                "HTTP/1.1 200 OK\r\n\
                 x-request-id: req_0001000000000000002a00000002\r\n\
                 openai-processing-ms: 598\r\n\
                 content-type: text/event-stream; charset=utf-8\r\n\
                 transfer-encoding: chunked\r\n\r\n\
                 1da\r\n{role}{one}\r\n"
            )
        );
        let last = writer.part(&stamp(None), &part(false, 13, Some(USAGE)));
        let thirteen = choice("{\"content\":\"13 tok \"}", "null");
        let stop = choice("{}", "\"stop\"");
        assert_eq!(
            text(&last),
            format!(
                "28a\r\n{thirteen}{stop}{common},\"choices\":[],\"usage\":\
                 {{\"prompt_tokens\":900,\"completion_tokens\":14,\"total_tokens\":914}}}}\n\n\
                 data: [DONE]\n\n\r\n0\r\n\r\n"
            )
        );
        assert!(writer.part(&stamp(None), &part(false, 0, None)).is_empty());
    }

    #[test]
    fn a_refusal_carries_its_hint_twice() {
        let refusal = Refusal::with_status(503).after(Duration::from_micros(1_200_100));
        assert_eq!(
            text(&Openai::new("m").refusal(&stamp(None), &refusal)),
            "HTTP/1.1 503 Service Unavailable\r\n\
             x-request-id: req_0001000000000000002a00000002\r\n\
             openai-processing-ms: 598\r\n\
             retry-after: 2\r\n\
             retry-after-ms: 1201\r\n\
             content-type: application/json\r\n\
             content-length: 163\r\n\r\n\
             {\"error\":{\"message\":\"Our servers are currently overloaded. Please try again \
             later.\",\"type\":\"service_unavailable_error\",\"param\":null,\
             \"code\":\"server_is_overloaded\"}}"
        );
    }

    #[test]
    fn the_edge_answers_in_html() {
        let refusal = Refusal::with_status(520);
        let bytes = Openai::new("m").refusal(&stamp(None), &refusal);
        assert!(text(&bytes).contains("content-type: text/html; charset=UTF-8\r\n"));
        assert!(text(&bytes).contains("<!DOCTYPE html>"));
        assert!(text(&bytes).contains("520: Web server is returning an unknown error"));
    }

    #[test]
    fn a_model_may_have_any_name() {
        let bytes = Openai::new("a\"b\r\n\u{1F525}").completion(&stamp(None), USAGE);
        let body = text(&bytes).split_once("\r\n\r\n").unwrap().1;
        let read: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(read["model"], "a\"b\r\n\u{1F525}");
    }
}
