//! OpenAI chat completions on the fake side, plain and streamed, for every dialect of that form:
//! the differences are data (`habits`). `refusal` writes the errors.
//!
//! Tokens are not spelled out: an answer of 300 tokens says `300 tok`, so that bodies stay small,
//! and so that the delivered tokens can be added up from the bytes.

use std::fmt::{Arguments, Write};
use std::sync::Arc;

use super::form::Call;
use super::grammar::{Grammar, Model, Span, counted, push, quoted};
use super::habits::{Cached, Habits, Id, UsageAt};
use super::spec::FakeSpec;
use super::{Choices, Content, Finish, Stamp, Terminator, Usage};

/// Writes answers of one model.
#[derive(Clone, Debug)]
pub(super) struct Chat {
    spec: &'static FakeSpec,
    habits: &'static Habits,
    model: Model,
}

impl Chat {
    /// A writer for the provider of `model`, with `spec` and `habits`.
    pub(super) fn grammar(
        spec: &'static FakeSpec,
        habits: &'static Habits,
        model: &str,
    ) -> Arc<dyn Grammar> {
        Arc::new(Self {
            spec,
            habits,
            model: Model::new(model),
        })
    }

    /// The beginning of every answer and every chunk, up to the choices.
    fn begin(&self, out: &mut String, stamp: &Stamp, object: &str) {
        match self.habits.id {
            Id::Chatcmpl => push(out, &["{\"id\":\"chatcmpl-", stamp.id().as_str()]),
            Id::Uuid => push(out, &["{\"id\":\"", &stamp.uuid()]),
            Id::Generation => push(out, &["{\"id\":\"gen-", &stamp.generation()]),
        }
        let model = self.model.served(stamp.flaws());
        push(
            out,
            &["\",\"object\":\"", object, "\",\"created\":", CREATED],
        );
        push(out, &[",\"model\":", &model, self.habits.fields]);
    }

    /// A chunk with one choice.
    fn delta(&self, out: &mut String, stamp: &Stamp, delta: Arguments<'_>, finish: &str) {
        self.chunk(out, stamp, &stamp.flaws().choices, |out| {
            self.choice(out, "delta", delta, finish);
            out.push('}');
        });
        push(out, &[no_usage(stamp), "}\n\n"]);
    }

    /// Where the stream states its usage.
    fn usage_at(&self, stamp: &Stamp) -> UsageAt {
        match stamp.form.without_usage {
            false => self.habits.usage,
            true => self.habits.unasked_usage,
        }
    }

    /// A chunk up to its usage, with the choice that `write` writes.
    fn chunk(
        &self,
        out: &mut String,
        stamp: &Stamp,
        choices: &Choices,
        write: impl FnOnce(&mut String),
    ) {
        out.push_str("data: ");
        self.begin(out, stamp, "chat.completion.chunk");
        list(out, choices, write);
    }

    /// A choice, still open; `value` is what its message or delta holds.
    fn choice(&self, out: &mut String, key: &str, value: Arguments<'_>, finish: &str) {
        push(out, &["{\"index\":0,\"", key, "\":{"]);
        let _ = out.write_fmt(value);
        push(out, &["},\"logprobs\":null", self.habits.choice]);
        if self.habits.native_finish {
            push(out, &[",\"native_finish_reason\":", finish]);
        }
        push(out, &[",\"finish_reason\":", finish]);
    }

    fn usage(&self, usage: Usage) -> String {
        let Usage {
            input,
            cached,
            output,
        } = usage;
        let mut object = String::with_capacity(160);
        push_number(&mut object, "{\"prompt_tokens\":", input);
        push_number(&mut object, ",\"completion_tokens\":", output);
        let total = input.saturating_add(output);
        push_number(&mut object, ",\"total_tokens\":", total);
        let form = self.habits.cached;
        if form == Cached::HitAndMiss || (form == Cached::Details && cached > 0) {
            let before = ",\"prompt_tokens_details\":{\"cached_tokens\":";
            push_number(&mut object, before, cached);
            object.push('}');
        }
        if form == Cached::HitAndMiss {
            let miss = input.saturating_sub(cached);
            push_number(&mut object, ",\"prompt_cache_hit_tokens\":", cached);
            push_number(&mut object, ",\"prompt_cache_miss_tokens\":", miss);
        }
        if form == Cached::Flat && cached > 0 {
            push_number(&mut object, ",\"cached_tokens\":", cached);
        }
        object.push('}');
        object
    }

    /// The chunk that has the finish reason, and usage where the variant states it there.
    fn finish(&self, out: &mut String, stamp: &Stamp, usage: Option<&str>) {
        let at = self.usage_at(stamp);
        let flaws = stamp.flaws();
        // A finish without content: a flaw of the content does not apply.
        let choices = match flaws.choices {
            Choices::NullContent => Choices::Whole,
            other => other,
        };
        self.chunk(out, stamp, &choices, |out| {
            self.choice(out, "delta", format_args!(""), reason(stamp));
            if let (UsageAt::Choice | UsageAt::ChoiceAndOwn, Some(usage)) = (at, usage) {
                push(out, &[",\"usage\":", usage]);
            }
            out.push('}');
        });
        match usage.filter(|_| at == UsageAt::Finish) {
            Some(usage) => push(out, &[",\"usage\":", usage, "}\n\n"]),
            None => push(out, &[no_usage(stamp), "}\n\n"]),
        }
    }
}

impl Grammar for Chat {
    fn spec(&self) -> &'static FakeSpec {
        self.spec
    }

    fn model(&self) -> &Model {
        &self.model
    }

    fn plain(&self, stamp: &Stamp, usage: Usage) -> String {
        let flaws = stamp.flaws();
        let mut body = String::with_capacity(512);
        self.begin(&mut body, stamp, "chat.completion");
        list(&mut body, &flaws.choices, |out| {
            let message = self.habits.message;
            let role = "\"role\":\"assistant\",\"content\":";
            let output = usage.output;
            let mut said = |value| self.choice(out, "message", value, reason(stamp));
            match (flaws.choices, &stamp.form.content) {
                (Choices::NullContent, _) => said(format_args!("{role}null{message}")),
                (_, Content::Tokens) => said(format_args!("{role}\"{output} tok\"{message}")),
                (_, Content::Text(text)) => said(format_args!("{role}{}{message}", quoted(text))),
                (_, Content::Call(call)) => {
                    let called = called(stamp, call, &call.arguments);
                    said(format_args!(
                        "{role}null,\"tool_calls\":[{{{called}}}]{message}"
                    ));
                }
            }
            out.push('}');
        });
        body.push_str(self.habits.plain);
        if let Some(usage) = counted(usage, flaws) {
            push(&mut body, &[",\"usage\":", &self.usage(usage)]);
        }
        body.push('}');
        body
    }

    fn opening(&self, events: &mut String, stamp: &Stamp, _prompt: Option<Usage>) {
        if !self.habits.preamble.is_empty() {
            push(events, &["data: ", self.habits.preamble, "\n\n"]);
        }
        let message = self.habits.message;
        let role = "\"role\":\"assistant\",\"content\":";
        match stamp.form.content.call() {
            None => self.delta(events, stamp, format_args!("{role}\"\"{message}"), "null"),
            Some(call) => {
                let called = called(stamp, call, "");
                let value =
                    format_args!("{role}null,\"tool_calls\":[{{\"index\":0,{called}}}]{message}");
                self.delta(events, stamp, value, "null");
            }
        }
    }

    fn tokens(&self, events: &mut String, stamp: &Stamp, _span: Span, text: Arguments<'_>) {
        let mut delta = |value| self.delta(events, stamp, value, "null");
        match (stamp.flaws().choices, &stamp.form.content) {
            (Choices::NullContent, _) => delta(format_args!("\"content\":null")),
            (_, Content::Call(_)) => delta(format_args!(
                "\"tool_calls\":[{{\"index\":0,\"function\":{{\"arguments\":\"{text}\"}}}}]"
            )),
            _ => delta(format_args!("\"content\":\"{text}\"")),
        }
    }

    fn closing(&self, events: &mut String, stamp: &Stamp, usage: Usage) {
        let flaws = stamp.flaws();
        let usage = counted(usage, flaws).map(|usage| self.usage(usage));
        self.finish(events, stamp, usage.as_deref());
        if let Some(usage) = usage
            && matches!(self.usage_at(stamp), UsageAt::Own | UsageAt::ChoiceAndOwn)
        {
            self.chunk(events, stamp, &Choices::Empty, |_| {});
            push(events, &[",\"usage\":", &usage, "}\n\n"]);
        }
        events.push_str(match flaws.terminator {
            Terminator::Once => "data: [DONE]\n\n",
            Terminator::Never => "",
            Terminator::Twice => "data: [DONE]\n\ndata: [DONE]\n\n",
        });
    }

    fn in_band(&self, events: &mut String, stamp: &Stamp, _sent: u64, error: &str) {
        if !self.habits.in_band_chunk {
            push(events, &["data: ", error, "\n\n"]);
            return;
        }
        events.push_str("data: ");
        self.begin(events, stamp, "chat.completion.chunk");
        push(events, &[",", &error[1..error.len() - 1]]);
        events.push_str(
            ",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\
             \"finish_reason\":\"error\",\"native_finish_reason\":null,\"logprobs\":null}]}\n\n",
        );
    }

    fn malformed(&self) -> &'static str {
        "data: {\"id\":\"chatcmpl-\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"ind\n\n"
    }

    fn keep_alive(&self) -> &'static str {
        self.habits.comment
    }

    fn stream_type(&self) -> &'static str {
        self.habits.stream_type
    }
}

/// Appends a number behind what is `before` it.
fn push_number(out: &mut String, before: &str, number: u64) {
    push(out, &[before, itoa::Buffer::new().format(number)]);
}

/// `,"choices":` and a list of the choice that `write` writes, or the flaw in its place.
fn list(out: &mut String, choices: &Choices, write: impl FnOnce(&mut String)) {
    match choices {
        Choices::Whole | Choices::NullContent => {
            out.push_str(",\"choices\":[");
            write(out);
            out.push(']');
        }
        Choices::Empty => out.push_str(",\"choices\":[]"),
        Choices::Null => out.push_str(",\"choices\":null"),
        Choices::Missing => {}
    }
}

/// The field of a chunk without usage: only a stream that was asked for usage has it.
fn no_usage(stamp: &Stamp) -> &'static str {
    match stamp.form.without_usage {
        false => ",\"usage\":null",
        true => "",
    }
}

/// The fields of a call of a tool, with these arguments.
fn called(stamp: &Stamp, call: &Call, arguments: &str) -> String {
    format!(
        "\"id\":\"call_{}\",\"type\":\"function\",\"function\":{{\"name\":{},\"arguments\":{}}}",
        stamp.id(),
        quoted(&call.name),
        quoted(arguments),
    )
}

/// The finish reason, as JSON.
fn reason(stamp: &Stamp) -> &'static str {
    match stamp.finish() {
        Finish::Stop if stamp.form.content.call().is_some() => "\"tool_calls\"",
        Finish::Stop => "\"stop\"",
        Finish::Length => "\"length\"",
        Finish::ContentFilter => "\"content_filter\"",
        Finish::Missing => "null",
    }
}

/// When all answers were created: `date::EPOCH`, as text.
const CREATED: &str = "1735689600";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::super::{Form, Part, Quota, Refusal, Writer};
    use super::*;
    use crate::wire::Dialect;

    fn writer(model: &str) -> Writer {
        Writer::new(Dialect::Openai, model)
    }

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
            form: Form::default(),
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
        let bytes = writer("gpt-4.1").completion(&stamp(Some(quota)), USAGE);
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
        let writer = writer("m");
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
        let thirteen = format!("{{\"content\":\"{:<52}\"}}", "13 tok ");
        let thirteen = choice(&thirteen, "null");
        let stop = choice("{}", "\"stop\"");
        assert_eq!(
            text(&last),
            format!(
                "2b7\r\n{thirteen}{stop}{common},\"choices\":[],\"usage\":\
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
            text(&writer("m").refusal(&stamp(None), &refusal)),
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
        let bytes = writer("m").refusal(&stamp(None), &refusal);
        assert!(text(&bytes).contains("content-type: text/html; charset=UTF-8\r\n"));
        assert!(text(&bytes).contains("<!DOCTYPE html>"));
        assert!(text(&bytes).contains("520: Web server is returning an unknown error"));
    }

    #[test]
    fn answers_are_created_when_the_world_begins() {
        assert_eq!(CREATED, super::super::date::EPOCH.to_string());
    }

    #[test]
    fn a_model_may_have_any_name() {
        let bytes = writer("a\"b\r\n\u{1F525}").completion(&stamp(None), USAGE);
        let body = text(&bytes).split_once("\r\n\r\n").unwrap().1;
        let read: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(read["model"], "a\"b\r\n\u{1F525}");
    }
}
