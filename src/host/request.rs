//! Parses HTTP requests in each family of dialects.
//!
//! Some families have in the path what others have in the body: the result is one [`Asked`]. A
//! request that is not to the model (a list of models, a wrong path) is an [`Other`]. Where a
//! request ends is read in `framing`; the connection refuses invalid requests. `form` reads what
//! the answer is to hold, for the few requests that ask for more than a text.

mod body;
mod form;
mod path;

use std::hash::{DefaultHasher, Hasher};
use std::sync::Arc;

pub(crate) use super::framing::Chunks;
use super::framing::{Fields, LONGEST_HEAD};
use crate::policy::CallId;
use crate::provider::Request;
use crate::seeded::Tokens;
use crate::wire::Family;
use crate::wire::fake::{Api, Form};
use body::Body;
use path::{Endpoint, RequestPath};

/// The result of parsing the bytes so far.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    /// A request.
    Whole {
        /// Its length, in bytes.
        length: usize,
        /// Its content.
        asked: Asked,
    },
    /// A request that is not to the model.
    Other {
        /// Its length, in bytes.
        length: usize,
        /// Its content.
        other: Box<Other>,
    },
    /// A request to the model whose body is invalid, refused before the provider sees it.
    Wrong {
        /// Its length, in bytes.
        length: usize,
    },
    /// Bytes after which no request can be read: refused with a status, and the connection closed.
    Broken {
        /// 400, 413 or 431.
        status: u16,
    },
    /// The beginning of a request.
    Partial {
        /// The client waits for permission to send the body.
        expects: bool,
    },
    /// Not HTTP.
    Nonsense,
}

/// The content of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The call's number, if the caller sends it.
    pub(crate) number: Option<u64>,
    /// The attempt's number among that call's attempts here, from 0.
    pub(crate) nth: u32,
    /// Whether the answer is to be streamed.
    pub(crate) streamed: bool,
    /// The maximum of output tokens.
    pub(crate) max_tokens: Option<u64>,
    /// The model.
    pub(crate) model: Arc<str>,
    /// Its key.
    pub(crate) key: Option<Arc<str>>,
    /// The length of its body, in bytes.
    pub(crate) bytes: u64,
    /// Whether the connection is to be closed after the answer.
    pub(crate) is_last: bool,
    /// The form of the answer.
    pub(crate) form: Form,
    /// The path, without its query.
    pub(crate) path: String,
    /// What tells its call from others, when it has no number.
    pub(crate) mark: Option<Mark>,
}

/// What tells the calls of a caller apart that does not number them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// A hash of its idempotency key, else of its body: all attempts of a call have the same.
    pub(crate) hash: u64,
    /// It is that of a key, which no other call has; another call may have the same body.
    pub(crate) is_key: bool,
    /// The caller says that it is a retry.
    pub(crate) is_retry: bool,
}

/// A request that is not to the model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Other {
    /// The method.
    pub(crate) method: String,
    /// The path, with its query.
    pub(crate) target: String,
    /// Whether the path is one of the model, and the method is wrong.
    pub(crate) is_of_model: bool,
    /// The body.
    pub(crate) body: Vec<u8>,
    /// The fields that a browser asks to send.
    pub(crate) wants_fields: Option<String>,
    /// Whether the connection is to be closed after the answer.
    pub(crate) is_last: bool,
}

impl Other {
    /// The path, without its query.
    pub(crate) fn path(&self) -> &str {
        without_query(&self.target)
    }
}

fn without_query(target: &str) -> &str {
    target.split('?').next().unwrap_or_default()
}

impl Asked {
    /// The token counts of an unknown caller: the prompt by its bytes, and an output of `drawn`
    /// tokens, or of the requested maximum. Embeddings have no output.
    pub(crate) fn counted(&self, drawn: u64) -> Tokens {
        let most = self.max_tokens.unwrap_or(u64::MAX).max(1);
        let output = match self.form.api {
            Api::Embeddings(_) => 0,
            _ => drawn.max(1),
        };
        Tokens {
            input: (self.bytes / BYTES_PER_TOKEN).max(1),
            output: output.min(most),
            is_cut: output > most,
            prefix: None,
        }
    }

    /// The same as a request for a path that there is not.
    pub(crate) fn into_other(self) -> Other {
        Other {
            method: "POST".to_owned(),
            target: self.path,
            is_last: self.is_last,
            ..Other::default()
        }
    }

    /// The request of `call`, with these token counts, by client process `client`.
    pub(crate) fn request(&self, call: CallId, tokens: Tokens, client: u32) -> Request {
        Request {
            max_tokens: self.max_tokens,
            client,
            model: self.model.clone(),
            key: self.key.clone(),
            is_known: self.number.is_some(),
            form: Form {
                is_cut: tokens.is_cut,
                ..self.form.clone()
            },
            ..Request::new(call, self.nth, self.streamed, tokens)
        }
    }
}

/// Parses the bytes so far, for a provider of `family`; without one, no request is to a model.
/// `chunks` keeps the state of a chunked body between the reads of one request, so that no chunk is
/// copied twice.
pub(crate) fn read(family: Option<Family>, bytes: &[u8], chunks: &mut Chunks) -> Parsed {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut head = httparse::Request::new(&mut headers);
    let start = match head.parse(bytes) {
        Ok(httparse::Status::Complete(start)) if start <= LONGEST_HEAD => start,
        Ok(httparse::Status::Partial) if bytes.len() <= LONGEST_HEAD => {
            return Parsed::Partial { expects: false };
        }
        Ok(_) | Err(httparse::Error::TooManyHeaders) => return Parsed::Broken { status: 431 },
        Err(_) if is_http(bytes) => return Parsed::Broken { status: 400 },
        Err(_) => return Parsed::Nonsense,
    };
    let fields = Fields::of(head.headers, head.version);
    let (body, length) = match fields.body(&bytes[start..], chunks) {
        Ok(Some((body, length))) => (body, start + length),
        Ok(None) => {
            let expects = fields.expects && bytes.len() == start;
            return Parsed::Partial { expects };
        }
        Err(status) => return Parsed::Broken { status },
    };
    let target = head.path.unwrap_or_default();
    let place = family.and_then(|family| RequestPath::of(family, target));
    match place.filter(|_| head.method == Some("POST")) {
        None => {
            let is_of_model =
                family.is_some_and(|family| RequestPath::of(family, target).is_some());
            let other = Box::new(Other {
                method: head.method.unwrap_or_default().to_owned(),
                target: target.to_owned(),
                is_of_model,
                body: body.into_owned(),
                wants_fields: fields.wants_fields.map(str::to_owned),
                is_last: fields.is_last,
            });
            Parsed::Other { length, other }
        }
        Some(place) => match asked(family, &fields, &place, &body) {
            Some(mut asked) => {
                without_query(target).clone_into(&mut asked.path);
                Parsed::Whole { length, asked }
            }
            None => Parsed::Wrong { length },
        },
    }
}

/// Whether the first line is that of a request in HTTP/1.
fn is_http(bytes: &[u8]) -> bool {
    let line = bytes.split(|byte| *byte == b'\n').next();
    line.is_some_and(|line| {
        line.trim_ascii_end()
            .windows(8)
            .any(|word| word == b" HTTP/1.")
    })
}

/// What is asked; `None` when it is invalid.
fn asked(
    family: Option<Family>,
    fields: &Fields<'_>,
    place: &RequestPath<'_>,
    bytes: &[u8],
) -> Option<Asked> {
    let body: Body<'_> = serde_json::from_slice(bytes).ok()?;
    // Only this family leaves usage out unless it is asked for.
    let is_optional = family.is_none_or(|family| family == Family::Openai);
    let mut form = Form {
        without_usage: is_optional && !body.asks_for_usage(),
        ..Form::default()
    };
    match place.endpoint {
        Endpoint::Chat if !body.is_special() => {}
        Endpoint::Chat => form.content = form::content(family?, bytes)?,
        Endpoint::Responses => {
            form.api = Api::Responses;
            form.content = form::responses(bytes)?;
        }
        Endpoint::Embeddings => form.api = Api::Embeddings(form::embeddings(bytes)?.into()),
    }
    let is_chat = place.endpoint != Endpoint::Embeddings;
    let inner = body.generation_config.and_then(|config| config.max_output);
    let model = place.model.or(body.model.as_deref());
    // Both have to be there: another client's idempotency key may end in digits.
    let number = fields.number.filter(|_| fields.nth.is_some());
    Some(Asked {
        path: String::new(),
        mark: number.is_none().then(|| mark(fields, bytes)),
        number,
        nth: fields.nth.unwrap_or(0),
        streamed: place.streamed || (is_chat && body.stream.unwrap_or(false)),
        max_tokens: body
            .max_tokens
            .or(body.max_completion_tokens)
            .or(body.max_output_tokens)
            .or(inner),
        model: model.unwrap_or_default().into(),
        key: fields.key.or(place.key).map(Arc::from),
        bytes: bytes.len() as u64,
        is_last: fields.is_last,
        form,
    })
}

fn mark(fields: &Fields<'_>, body: &[u8]) -> Mark {
    // Without keys of its own, so that a mark is the same in every process.
    let mut hasher = DefaultHasher::new();
    hasher.write(fields.idempotency.map_or(body, str::as_bytes));
    Mark {
        hash: hasher.finish(),
        is_key: fields.idempotency.is_some(),
        is_retry: fields.retries > 0,
    }
}

/// Bytes per token in the request of an unknown caller.
const BYTES_PER_TOKEN: u64 = 4;

/// The maximum of header fields; SDKs send about twenty.
const MOST_HEADERS: usize = 96;

#[cfg(test)]
mod tests {
    use super::*;

    /// Parses bytes that come all at once.
    fn read(family: Family, bytes: &[u8]) -> Parsed {
        super::read(Some(family), bytes, &mut Chunks::default())
    }

    fn post(path: &str, fields: &str, body: &str) -> String {
        let length = body.len();
        format!("POST {path} HTTP/1.1\r\n{fields}content-length: {length}\r\n\r\n{body}")
    }

    fn whole(family: Family, text: &str) -> Asked {
        match read(family, text.as_bytes()) {
            Parsed::Whole { length, asked } => {
                assert_eq!(length, text.len());
                asked
            }
            other => panic!("{other:?} is read in {text}"),
        }
    }

    #[test]
    fn a_request_is_whole_when_its_body_is() {
        let fields = "Idempotency-Key: call-7\r\nX-Retry-Count: 2\r\nauthorization: Bearer k\r\n";
        let body = r#"{"model":"m","stream":true,"max_tokens":9}"#;
        let text = post("/v1/chat/completions", fields, body);
        for cut in 0..text.len() {
            let partial = read(Family::Openai, &text.as_bytes()[..cut]);
            assert_eq!(partial, Parsed::Partial { expects: false }, "{cut}");
        }
        let asked = whole(Family::Openai, &text);
        assert_eq!(
            (asked.number, asked.nth, asked.streamed),
            (Some(7), 2, true)
        );
        assert_eq!((asked.model.as_ref(), asked.max_tokens), ("m", Some(9)));
        assert_eq!((asked.key.as_deref(), asked.bytes), (Some("k"), 42));
    }

    #[test]
    fn each_family_says_model_stream_bound_and_key_in_its_own_way() {
        let text = post(
            "/openai/deployments/gpt-4.1/chat/completions?api-version=2024-10-21",
            "api-key: a\r\n",
            r#"{"max_completion_tokens":7}"#,
        );
        let asked = whole(Family::Openai, &text);
        assert_eq!(
            (asked.model.as_ref(), asked.max_tokens),
            ("gpt-4.1", Some(7))
        );
        assert_eq!(asked.key.as_deref(), Some("a"));

        let text = post(
            "/v1/messages",
            "x-api-key: b\r\n",
            r#"{"model":"claude-sonnet-4.5","max_tokens":5,"stream":true}"#,
        );
        let asked = whole(Family::Anthropic, &text);
        assert_eq!(
            (asked.model.as_ref(), asked.streamed),
            ("claude-sonnet-4.5", true)
        );
        assert_eq!(
            (asked.key.as_deref(), asked.max_tokens),
            (Some("b"), Some(5))
        );

        let text = post(
            "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse&key=c",
            "",
            r#"{"contents":[],"generationConfig":{"maxOutputTokens":3}}"#,
        );
        let asked = whole(Family::Gemini, &text);
        assert_eq!(
            (asked.model.as_ref(), asked.streamed),
            ("gemini-2.5-pro", true)
        );
        assert_eq!(
            (asked.key.as_deref(), asked.max_tokens),
            (Some("c"), Some(3))
        );
        let text = text.replace("streamGenerateContent", "generateContent");
        assert!(!whole(Family::Gemini, &text).streamed);
    }

    #[test]
    fn who_wants_no_second_answer_says_so() {
        let text = post("/chat/completions", "Connection: Close\r\n", "{}");
        assert!(whole(Family::Openai, &text).is_last);
        let text = text.replace("Close", "keep-alive");
        assert!(!whole(Family::Openai, &text).is_last);
        let text = text.replace("HTTP/1.1\r\nConnection: keep-alive\r\n", "HTTP/1.0\r\n");
        assert!(whole(Family::Openai, &text).is_last);
    }

    #[test]
    fn a_request_to_no_model_is_another_and_no_json_is_wrong() {
        let other = |family, path: &str| match read(family, post(path, "", "{}").as_bytes()) {
            Parsed::Other { other, .. } => *other,
            other => panic!("{other:?}"),
        };
        for (family, path) in [
            (Family::Openai, "/v1/messages?x=1"),
            (Family::Anthropic, "/v1/chat/completions"),
            (Family::Anthropic, "/v1/responses"),
            (Family::Gemini, "/v1/models/m:countTokens"),
        ] {
            let other = other(family, path);
            assert!(!other.is_of_model && other.method == "POST");
            assert_eq!((other.target.as_str(), &other.body[..]), (path, &b"{}"[..]));
            assert_eq!(other.path(), path.trim_end_matches("?x=1"));
        }
        let get = read(Family::Openai, b"GET /v1/chat/completions HTTP/1.1\r\n\r\n");
        assert!(matches!(get, Parsed::Other { other, .. } if other.is_of_model));
        for (path, body) in [("/v1/chat/completions", "{no"), ("/v1/embeddings", "{}")] {
            let wrong = read(Family::Openai, post(path, "", body).as_bytes());
            assert!(matches!(wrong, Parsed::Wrong { .. }));
        }
    }

    #[test]
    fn what_is_no_http_is_nonsense_and_what_is_broken_is_refused() {
        for bytes in [
            &b"\x16\x03\x01\x02\x00 hello"[..],
            b"\r\n\r\n\x00",
            b"what?\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ] {
            assert_eq!(read(Family::Openai, bytes), Parsed::Nonsense, "{bytes:?}");
        }
        let broken = |text: &str| match read(Family::Openai, text.as_bytes()) {
            Parsed::Broken { status } => status,
            other => panic!("{other:?}"),
        };
        let endless = format!("POST / HTTP/1.1\r\nx: {}", "y".repeat(LONGEST_HEAD));
        assert_eq!(broken(&endless), 431);
        assert_eq!(broken(&format!("{endless}\r\n\r\n")), 431);
        let many = "x: y\r\n".repeat(MOST_HEADERS + 1);
        assert_eq!(broken(&format!("POST / HTTP/1.1\r\n{many}\r\n")), 431);
        assert_eq!(broken("POST / HTTP/1.1\r\nx : y\r\n\r\n"), 400);
        let huge = "POST / HTTP/1.1\r\ncontent-length: 99999999999999999999\r\n\r\n";
        assert_eq!(broken(huge), 413);
    }

    #[test]
    fn a_caller_without_numbers_is_known_by_its_key_or_its_body() {
        let mark = |fields: &str, body: &str| {
            whole(Family::Openai, &post("/chat/completions", fields, body)).mark
        };
        let plain = mark("", "{}").expect("it has no number");
        assert_eq!(mark("user-agent: x\r\n", "{}"), Some(plain));
        assert_ne!(mark("", "{ }"), Some(plain));
        let key = mark("idempotency-key: stainless-a\r\n", "{}").expect("no number");
        assert!(key.is_key && key.hash != plain.hash && !key.is_retry);
        assert_eq!(mark("idempotency-key: stainless-a\r\n", "{ }"), Some(key));
        let retry = mark("x-stainless-retry-count: 1\r\n", "{}").expect("no number");
        assert!(retry.is_retry && retry.hash == plain.hash);
        let ours = "idempotency-key: call-3\r\nx-retry-count: 0\r\n";
        assert_eq!(mark(ours, "{}"), None);
    }

    #[test]
    fn a_body_may_come_in_chunks_and_wait_to_be_asked_for() {
        let head = "POST /chat/completions HTTP/1.1\r\ntransfer-encoding: chunked\r\n\
                    expect: 100-continue\r\n\r\n";
        let text = format!("{head}9\r\n{{\"stream\"\r\n6\r\n:true}}\r\n0\r\n\r\n");
        for cut in head.len()..text.len() {
            let expects = cut == head.len();
            let partial = read(Family::Openai, &text.as_bytes()[..cut]);
            assert_eq!(partial, Parsed::Partial { expects }, "{cut}");
        }
        assert!(whole(Family::Openai, &text).streamed);
        let broken = |text: String| read(Family::Openai, text.as_bytes());
        let (wrong, huge) = (
            format!("{head}xyz\r\n"),
            format!("{head}ffffffffffffffff\r\n"),
        );
        assert_eq!(broken(wrong), Parsed::Broken { status: 400 });
        assert_eq!(broken(huge), Parsed::Broken { status: 413 });
    }

    #[test]
    fn an_unknown_caller_is_counted_by_its_bytes() {
        let body = format!("{{\"max_tokens\":20{}}}", " ".repeat(382));
        let text = post("/chat/completions", "idempotency-key: x-1\r\n", &body);
        let asked = whole(Family::Openai, &text);
        assert_eq!(
            asked.number, None,
            "without a count of attempts it is another's key"
        );
        let tokens = asked.counted(300);
        assert_eq!((tokens.input, tokens.output), (99, 20));
        assert_eq!(asked.counted(7).output, 7);
        let is_cut = [19, 20, 21].map(|drawn| asked.counted(drawn).is_cut);
        assert_eq!(is_cut, [false, false, true]);
        let check = "idempotency-key: call-check-0x1\r\nx-retry-count: 0\r\n";
        let asked = whole(Family::Openai, &post("/chat/completions", check, "{}"));
        assert_eq!(asked.number, None, "a health check is made for no call");
        assert!(!asked.request(CallId(9), tokens, 0).is_known);
    }
}
