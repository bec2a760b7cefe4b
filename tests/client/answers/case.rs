//! One case: the answer of a provider, and what a client should make of it.

use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use firedrill::client::{Answer, Builder, Client, Connect, Dialect, Endpoint, Provider, Request};
use firedrill::policy::{FailureClass, ProviderId};
use firedrill::policy_file::presets;
use firedrill::trace::{Event, EventKind, Recorder};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::Value;
use tokio::io::{AsyncWriteExt, DuplexStream};

use crate::support;

/// What a file of a case holds.
#[derive(Deserialize)]
pub(super) struct Case {
    pub(super) id: String,
    dialect: Dialect,
    #[serde(default)]
    status: u16,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: Value,
    #[serde(default)]
    chunked: bool,
    #[serde(default)]
    gzip: bool,
    raw_b64: Option<String>,
    form: Form,
    #[serde(default)]
    two_keys: bool,
    want: Want,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Form {
    Plain,
    Stream,
    Both,
}

/// What is right.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Want {
    class: Option<Vec<String>>,
    text: Option<Texts>,
    usage: Option<Value>,
    finish: Option<String>,
    hint_ms: Option<u64>,
    elsewhere: Option<bool>,
    asked_bad: Option<usize>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Texts {
    One(String),
    Any(Vec<String>),
}

impl Texts {
    fn has(&self, text: &str) -> bool {
        match self {
            Self::One(one) => one == text,
            Self::Any(all) => all.iter().any(|one| one == text),
        }
    }
}

/// What the healthy provider answers.
const HEALTHY: &str = "from the healthy one";

impl Case {
    /// The cases of a folder, by name.
    pub(super) fn all(folder: &Path) -> Vec<Self> {
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|end| end == "json"))
            .collect();
        files.sort();
        let read = |path: &std::path::PathBuf| {
            let bytes = std::fs::read(path).unwrap();
            serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{path:?}: {error}"))
        };
        files.iter().map(read).collect()
    }

    /// Whether its request is streamed: one form, or both.
    pub(super) fn forms(&self) -> Vec<bool> {
        match self.form {
            Form::Plain => vec![false],
            Form::Stream => vec![true],
            Form::Both => vec![false, true],
        }
    }

    /// Makes the call, and compares it with what is right.
    pub(super) async fn judge(&self, streamed: bool) -> Result<(), String> {
        let seen = Arc::new(Seen::default());
        let client = self.client(&seen);
        let request = Request::user("hello").deadline(Duration::from_secs(3600));
        let ended = match streamed {
            true => stream(&client, &request).await,
            false => client.call(&request).await.map_err(|e| e.to_string()),
        };
        let replies = seen.replies.lock().unwrap().clone();
        self.compare(ended, &replies)
    }

    fn client(&self, seen: &Arc<Seen>) -> Client<Pipes> {
        let mut bad = Provider::new("bad", "http://bad", "m-1")
            .dialect(self.dialect)
            .context(8_000)
            .key("k-1");
        if self.two_keys {
            bad = bad.key("k-2");
        }
        Builder::new(Pipes {
            bytes: self.bytes(),
            is_kept: self.raw_b64.is_none(),
        })
        .policy(presets::policy("resilient").unwrap())
        .provider(bad)
        .provider(Provider::new("healthy", "http://healthy/v1", "m-2").context(100_000))
        .recorder(Arc::clone(seen) as Arc<dyn Recorder>)
        .build()
        .unwrap()
    }

    /// The answer as it stands on the wire.
    fn bytes(&self) -> Vec<u8> {
        if let Some(raw) = &self.raw_b64 {
            return base64(raw);
        }
        let mut body = match &self.body {
            Value::String(text) => text.clone().into_bytes(),
            Value::Null => Vec::new(),
            json => serde_json::to_vec(json).unwrap(),
        };
        let mut head = format!("HTTP/1.1 {} Told\r\n", self.status);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        let has = |name: &str| {
            self.headers
                .iter()
                .any(|(n, _)| n.eq_ignore_ascii_case(name))
        };
        if !has("date") {
            head += "date: Thu, 26 Nov 2026 12:00:00 GMT\r\n";
        }
        if self.gzip {
            head += "content-encoding: gzip\r\n";
            body = gzipped(&body);
        }
        if self.chunked {
            head += "transfer-encoding: chunked\r\n\r\n";
            let size = format!("{:x}\r\n", body.len());
            return [head.as_bytes(), size.as_bytes(), &body, b"\r\n0\r\n\r\n"].concat();
        }
        if !has("content-length") {
            head += &format!("content-length: {}\r\n", body.len());
        }
        [head.as_bytes(), b"\r\n", &body].concat()
    }

    fn compare(&self, ended: Result<Answer, String>, replies: &[Reply]) -> Result<(), String> {
        let bad: Vec<_> = replies.iter().filter(|reply| reply.at_bad).collect();
        let want = &self.want;
        let from_bad = ended.as_ref().ok().filter(|a| a.provider == "bad");
        let told = format!("{ended:?} after {replies:?}");
        let held = |holds: bool, what: &str| match holds {
            true => Ok(()),
            false => Err(format!("{what}: {told}")),
        };
        match (from_bad, &want.text, &want.class) {
            (Some(answer), Some(texts), _) => {
                held(texts.has(&answer.text), "its text")?;
                self.compare_answer(answer)
                    .map_err(|e| format!("{e}: {told}"))?;
            }
            (Some(_), None, _) => held(false, "accepted")?,
            (None, _, Some(classes)) => {
                let elsewhere = want.elsewhere == Some(true);
                let fits = |reply: &&Reply| {
                    let name = reply.failure.map_or("none", FailureClass::name);
                    classes.iter().any(|class| class == name)
                        || (elsewhere && name == "rejected" && (400..500).contains(&self.status))
                };
                held(!bad.is_empty() && bad.iter().all(fits), "its class")?;
                if let Some(hint) = want.hint_ms {
                    let near = |reply: &&Reply| {
                        let read = reply.hint.unwrap_or_default().as_millis();
                        read.abs_diff(u128::from(hint)) * 100 <= u128::from(hint)
                    };
                    held(bad.iter().any(near), "its hint")?;
                }
            }
            (None, Some(_), None) => held(false, "refused")?,
            (None, None, None) => {}
        }
        if let Some(elsewhere) = want.elsewhere.filter(|_| from_bad.is_none()) {
            let healthy = ended.as_ref().is_ok_and(|answer| answer.text == HEALTHY);
            held(healthy == elsewhere, "the end of the call")?;
        }
        let most = want.asked_bad.unwrap_or(usize::MAX);
        held(bad.len() <= most, "its attempts")
    }

    fn compare_answer(&self, answer: &Answer) -> Result<(), String> {
        if let Some(finish) = &self.want.finish {
            let raw = answer.finish.as_ref().map(|finish| &finish.raw);
            (raw == Some(finish)).then_some(()).ok_or("its finish")?;
        }
        if let Some(usage) = &self.want.usage {
            let counted = answer.usage.unwrap_or_default();
            let counted = [counted.prompt_tokens, counted.completion_tokens];
            let wanted = match usage {
                Value::Array(pair) => [pair[0].as_u64(), pair[1].as_u64()],
                named => ["input", "output"].map(|name| named[name].as_u64()),
            };
            let is_right = wanted
                .iter()
                .zip(counted)
                .all(|(want, got)| want.is_none_or(|want| want == got));
            is_right.then_some(()).ok_or("its usage")?;
        }
        Ok(())
    }
}

async fn stream(client: &Client<Pipes>, request: &Request) -> Result<Answer, String> {
    let mut stream = client.stream(request);
    let mut text = String::new();
    while let Some(piece) = stream.next().await {
        text += &piece.map_err(|error| error.to_string())?;
    }
    let answer = stream.answer().unwrap().clone();
    match answer.text == text {
        true => Ok(answer),
        false => Err(format!("handed over {text:?}, told {:?}", answer.text)),
    }
}

/// The end of one attempt.
#[derive(Clone, Copy, Debug)]
struct Reply {
    at_bad: bool,
    failure: Option<FailureClass>,
    hint: Option<Duration>,
}

#[derive(Default)]
struct Seen {
    replies: Mutex<Vec<Reply>>,
}

impl Recorder for Seen {
    fn record(&self, event: &Event) {
        if let EventKind::Replied {
            provider,
            failure,
            hint,
            ..
        } = &event.kind
        {
            self.replies.lock().unwrap().push(Reply {
                at_bad: *provider == ProviderId(0),
                failure: *failure,
                hint: *hint,
            });
        }
    }
}

/// Both providers, over pipes in memory.
struct Pipes {
    bytes: Vec<u8>,
    is_kept: bool,
}

impl Connect for Pipes {
    type Io = TokioIo<DuplexStream>;

    async fn connect(&self, endpoint: &Endpoint) -> io::Result<Self::Io> {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        match endpoint.host.as_str() {
            "bad" => tokio::spawn(serve(theirs, self.bytes.clone(), self.is_kept)),
            _ => tokio::spawn(serve(theirs, healthy(), true)),
        };
        Ok(TokioIo::new(ours))
    }
}

/// Answers each request with the same bytes; one connection each where they say how they end.
async fn serve(mut stream: DuplexStream, bytes: Vec<u8>, is_kept: bool) {
    while support::read_request(&mut stream).await.is_some() {
        stream.write_all(&bytes).await.unwrap();
        if !is_kept {
            return;
        }
    }
}

fn healthy() -> Vec<u8> {
    let body = serde_json::json!({
        "choices": [{ "message": { "content": HEALTHY }, "finish_reason": "stop" }],
    });
    let body = body.to_string();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn gzipped(body: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(body).unwrap();
    writer.finish().unwrap()
}

/// Decodes the standard alphabet.
fn base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut held, mut bytes) = (0_u32, 0, Vec::new());
    for letter in text.bytes().filter(|letter| *letter != b'=') {
        let value = ALPHABET.iter().position(|known| *known == letter).unwrap();
        bits = bits << 6 | u32::try_from(value).unwrap();
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 0xff) as u8);
        }
    }
    bytes
}
