//! Parses what is written with independent readers: `httparse` and `serde_json`.

mod answers;
mod errors;
mod flaws;
mod forms;
mod golden;
mod responses;
mod streams;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::wire::Family;

const USAGE: Usage = Usage {
    input: 900,
    cached: 0,
    output: 14,
};

const CACHED: Usage = Usage {
    cached: 600,
    ..USAGE
};

const MODEL: &str = "mo\"del\u{e9}";

/// What the body of an error says to people.
fn message(body: &Value) -> &str {
    let error = &body["error"];
    error
        .as_str()
        .or_else(|| error["message"].as_str())
        .unwrap_or_default()
}

pub(crate) fn stamp() -> Stamp {
    Stamp {
        provider: 1,
        call: 42,
        nth: 2,
        at: Instant::from_nanos(90_500_000_000),
        processing: Duration::from_millis(598),
        quotas: Quotas::default(),
        form: Form::default(),
        flaws: None,
    }
}

/// A stamp of an answer over this interface, with this content.
fn formed(api: Api, content: Content) -> Stamp {
    let form = Form {
        api,
        content,
        ..Form::default()
    };
    Stamp { form, ..stamp() }
}

/// A call of `get_weather`.
fn weather(arguments: &str) -> Content {
    Content::Call(Arc::new(Call {
        name: "get_weather".to_owned(),
        arguments: arguments.to_owned(),
    }))
}

fn flawed(flaws: Flaws) -> Stamp {
    Stamp {
        flaws: Some(Box::new(flaws)),
        ..stamp()
    }
}

fn limited() -> Stamp {
    let quota = |limit, remaining, millis| {
        let reset = Duration::from_millis(millis);
        Some(Quota {
            limit,
            remaining,
            reset,
        })
    };
    let quotas = Quotas {
        requests: quota(500, 499, 120),
        tokens: quota(30_000, 12_000, 36_000),
        input: quota(20_000, 11_000, 27_000),
        output: quota(8_000, 0, 60_000),
    };
    Stamp { quotas, ..stamp() }
}

fn writer(dialect: Dialect) -> Writer {
    Writer::new(dialect, MODEL)
}

/// A whole stream in three writes, the parts as `change` leaves them.
fn stream(dialect: Dialect, stamp: &Stamp, change: impl Fn(usize, &mut Part)) -> Answer {
    let mut parts = [
        Part {
            head: true,
            opens: true,
            prompt: Some(CACHED),
            tokens: 1,
            total: 14,
            ..Part::default()
        },
        Part {
            tokens: 6,
            before: 1,
            total: 14,
            ..Part::default()
        },
        Part {
            tokens: 7,
            before: 7,
            total: 14,
            closes: Some(CACHED),
            ..Part::default()
        },
    ];
    let mut bytes = Vec::new();
    for (at, part) in parts.iter_mut().enumerate() {
        change(at, part);
        bytes.extend_from_slice(&writer(dialect).part(stamp, part));
    }
    Answer::read(&bytes)
}

/// An answer, as `httparse` reads it.
#[derive(Debug)]
struct Answer {
    status: u16,
    fields: BTreeMap<String, String>,
    body: Vec<u8>,
    /// Whether it ended as its head announced.
    is_whole: bool,
}

impl Answer {
    fn read(bytes: &[u8]) -> Self {
        let mut fields = [httparse::EMPTY_HEADER; 32];
        let mut head = httparse::Response::new(&mut fields);
        let length = head.parse(bytes).unwrap().unwrap();
        let fields: BTreeMap<String, String> = head
            .headers
            .iter()
            .map(|field| {
                let value = String::from_utf8(field.value.to_vec()).unwrap();
                (field.name.to_owned(), value)
            })
            .collect();
        assert_eq!(fields.len(), head.headers.len(), "a field came twice");
        let rest = &bytes[length..];
        let (body, is_whole) = match fields.get("content-length") {
            Some(stated) => (rest.to_vec(), stated.parse() == Ok(rest.len())),
            None => dechunk(rest),
        };
        Self {
            status: head.code.unwrap(),
            fields,
            body,
            is_whole,
        }
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_str(self.text()).unwrap()
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }

    /// Name and data of each event, by the standard of event streams.
    fn events(&self) -> Vec<(String, String)> {
        let mut events = Vec::new();
        let (mut name, mut data) = (String::new(), Vec::new());
        for line in self.text().lines() {
            match line.split_once(": ") {
                Some(("event", value)) => value.clone_into(&mut name),
                Some(("data", value)) => data.push(value),
                _ if line.is_empty() && !data.is_empty() => {
                    events.push((std::mem::take(&mut name), data.join("\n")));
                    data.clear();
                }
                _ => assert!(line.is_empty() || line.starts_with(':'), "{line}"),
            }
        }
        assert!(data.is_empty(), "the last event has no end");
        events
    }

    /// The data of each event that is JSON.
    fn chunks(&self) -> Vec<Value> {
        let data = self.events().into_iter().map(|(_, data)| data);
        data.filter(|data| data != "[DONE]")
            .map(|data| serde_json::from_str(&data).unwrap())
            .collect()
    }

    /// The text of its tokens, without padding.
    fn content(&self, dialect: Dialect) -> String {
        let words = self.texts(dialect).concat();
        words
            .split_inclusive(' ')
            .filter(|word| *word != " ")
            .collect()
    }

    /// The texts of its events.
    fn texts(&self, dialect: Dialect) -> Vec<String> {
        let place = match dialect.family() {
            Family::Openai => "/choices/0/delta/content",
            Family::Anthropic => "/delta/text",
            Family::Gemini => "/candidates/0/content/parts/0/text",
        };
        let texts = self.chunks().into_iter().filter_map(|chunk| {
            let text = chunk.pointer(place)?.as_str()?;
            Some(text.to_owned())
        });
        texts.collect()
    }
}

/// The bytes of all chunks, and whether the last chunk came.
pub(crate) fn dechunk(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while !rest.is_empty() {
        let (start, size) = httparse::parse_chunk_size(rest).unwrap().unwrap();
        let end = start + usize::try_from(size).unwrap();
        body.extend_from_slice(&rest[start..end]);
        assert_eq!(&rest[end..end + 2], b"\r\n");
        rest = &rest[end + 2..];
        if size == 0 {
            assert!(rest.is_empty(), "nothing may follow the last chunk");
            return (body, true);
        }
    }
    (body, false)
}

fn model(name: &str) -> Flaws {
    Flaws {
        model: Some(Arc::from(name)),
        ..Flaws::default()
    }
}
