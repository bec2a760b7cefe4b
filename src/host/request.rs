//! Parses HTTP requests in each family of dialects.
//!
//! Some families have in the path what others have in the body: the result is one [`Asked`]. The
//! connection refuses invalid requests. `form` reads what the answer is to hold, for the few
//! requests that ask for more than a text.

mod body;
mod form;
mod path;

use std::borrow::Cow;

use crate::policy::CallId;
use crate::provider::Request;
use crate::scenario::workload::Tokens;
use crate::wire::Family;
use crate::wire::fake::{Api, Form};
use crate::wire::request::{IDEMPOTENCY_KEY, RETRY_COUNT};
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
    /// An invalid request, refused with a status before the provider sees it.
    Wrong {
        /// Its length, in bytes.
        length: usize,
        /// 404 or 400.
        status: u16,
    },
    /// The beginning of a request.
    Partial {
        /// The client waits for permission to send the body.
        expects: bool,
    },
    /// Not HTTP, or too long.
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
    pub(crate) model: String,
    /// Its key.
    pub(crate) key: Option<String>,
    /// The length of its body, in bytes.
    pub(crate) bytes: u64,
    /// Whether the connection is to be closed after the answer.
    pub(crate) is_last: bool,
    /// The form of the answer.
    pub(crate) form: Form,
}

impl Asked {
    /// The token counts of an unknown caller: the prompt by its bytes, and an output of `drawn`
    /// tokens, or of the requested maximum. Embeddings have no output.
    pub(crate) fn counted(&self, drawn: u64) -> Tokens {
        Tokens {
            input: (self.bytes / BYTES_PER_TOKEN).max(1),
            output: match self.form.api {
                Api::Embeddings(_) => 0,
                _ => drawn.min(self.max_tokens.unwrap_or(drawn)).max(1),
            },
            prefix: None,
        }
    }

    /// The request of `call`, with these token counts, by client process `client`.
    pub(crate) fn request(self, call: CallId, tokens: Tokens, client: u32) -> Request {
        Request {
            max_tokens: self.max_tokens,
            client,
            model: self.model,
            key: self.key,
            is_known: self.number.is_some(),
            form: self.form,
            ..Request::new(call, self.nth, self.streamed, tokens)
        }
    }
}

/// Parses the bytes so far, for a provider of `family`. `chunks` keeps the state of a chunked body
/// between the reads of one request, so that no chunk is copied twice.
pub(crate) fn read(family: Family, bytes: &[u8], chunks: &mut Chunks) -> Parsed {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut head = httparse::Request::new(&mut headers);
    let start = match head.parse(bytes) {
        Ok(httparse::Status::Complete(start)) => start,
        Ok(httparse::Status::Partial) if bytes.len() <= LONGEST_HEAD => {
            return Parsed::Partial { expects: false };
        }
        _ => return Parsed::Nonsense,
    };
    let mut fields = Fields::of(head.headers);
    fields.is_last |= head.version == Some(0);
    let Some(body) = body(&bytes[start..], &fields, chunks) else {
        return Parsed::Nonsense;
    };
    let Some((body, length)) = body else {
        let expects = fields.expects && bytes.len() == start;
        return Parsed::Partial { expects };
    };
    let length = start + length;
    let place = match head.method {
        Some("POST") => RequestPath::of(family, head.path.unwrap_or_default()),
        _ => None,
    };
    let Some(place) = place else {
        return Parsed::Wrong {
            length,
            status: 404,
        };
    };
    match asked(family, &fields, &place, &body) {
        Some(asked) => Parsed::Whole { length, asked },
        None => Parsed::Wrong {
            length,
            status: 400,
        },
    }
}

/// What is asked; `None` when it is invalid.
fn asked(
    family: Family,
    fields: &Fields<'_>,
    place: &RequestPath<'_>,
    bytes: &[u8],
) -> Option<Asked> {
    let body: Body<'_> = serde_json::from_slice(bytes).ok()?;
    let mut form = Form {
        without_usage: !body.asks_for_usage(),
        ..Form::default()
    };
    match place.endpoint {
        Endpoint::Chat if !body.is_special() => {}
        Endpoint::Chat => form.content = form::content(family, bytes)?,
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
        number,
        nth: fields.nth.unwrap_or(0),
        streamed: place.streamed || (is_chat && body.stream.unwrap_or(false)),
        max_tokens: body
            .max_tokens
            .or(body.max_completion_tokens)
            .or(body.max_output_tokens)
            .or(inner),
        model: model.unwrap_or_default().to_owned(),
        key: fields.key.or(place.key).map(str::to_owned),
        bytes: bytes.len() as u64,
        is_last: fields.is_last,
        form,
    })
}

/// The fields that are read.
#[derive(Default)]
struct Fields<'a> {
    length: usize,
    chunked: bool,
    expects: bool,
    is_last: bool,
    number: Option<u64>,
    nth: Option<u32>,
    key: Option<&'a str>,
}

impl<'a> Fields<'a> {
    fn of(headers: &[httparse::Header<'a>]) -> Self {
        let mut fields = Self::default();
        for header in headers {
            let is = |name: &str| header.name.eq_ignore_ascii_case(name);
            let Ok(text) = std::str::from_utf8(header.value) else {
                continue;
            };
            if is("content-length") {
                fields.length = text.trim().parse().unwrap_or(usize::MAX);
            } else if is(IDEMPOTENCY_KEY) {
                fields.number = text.rsplit_once('-').and_then(|(_, n)| n.parse().ok());
            } else if is(RETRY_COUNT) {
                fields.nth = text.parse().ok();
            } else if is("authorization") {
                fields.key = Some(text.split_once(' ').map_or(text, |(_, key)| key.trim()));
            } else if KEYS.into_iter().any(is) {
                fields.key = Some(text);
            } else if is("transfer-encoding") {
                fields.chunked = text.to_ascii_lowercase().contains("chunked");
            } else if is("connection") {
                fields.is_last = text.eq_ignore_ascii_case("close");
            } else if is("expect") {
                fields.expects = text.eq_ignore_ascii_case("100-continue");
            }
        }
        fields
    }
}

/// The body after a head, and its length in bytes; `Some(None)` when it is incomplete, and `None`
/// when it is invalid.
fn body<'a>(
    bytes: &'a [u8],
    fields: &Fields<'_>,
    chunks: &mut Chunks,
) -> Option<Option<(Cow<'a, [u8]>, usize)>> {
    if fields.chunked {
        let read = chunks.read(bytes);
        return read.map(|read| read.map(|(body, length)| (body.into(), length)));
    }
    if fields.length > LONGEST_BODY {
        return None;
    }
    let body = bytes.get(..fields.length);
    Some(body.map(|body| (Cow::Borrowed(body), body.len())))
}

/// The state of a chunked body.
#[derive(Debug, Default)]
pub(crate) struct Chunks {
    body: Vec<u8>,
    /// Where the next chunk begins, from the start of the body.
    at: usize,
}

impl Chunks {
    /// The same as [`body`], of all bytes after the head; continues where it stopped. Trailers are
    /// not read.
    fn read(&mut self, bytes: &[u8]) -> Option<Option<(Vec<u8>, usize)>> {
        loop {
            let (digits, size) = match httparse::parse_chunk_size(&bytes[self.at..]) {
                Ok(httparse::Status::Complete((digits, size))) => (digits, usize::try_from(size)),
                Ok(httparse::Status::Partial) => return Some(None),
                Err(_) => return None,
            };
            let fits = |size: &usize| size + self.body.len() <= LONGEST_BODY;
            let size = size.ok().filter(fits)?;
            let data = self.at + digits;
            let Some(chunk) = bytes.get(data..data + size + 2) else {
                return Some(None);
            };
            self.body.extend_from_slice(&chunk[..size]);
            self.at = data + size + 2;
            if size == 0 {
                let Self { body, at } = std::mem::take(self);
                return Some(Some((body, at)));
            }
        }
    }
}

/// Fields that carry a key, beside `authorization`.
const KEYS: [&str; 3] = ["x-api-key", "api-key", "x-goog-api-key"];

/// Bytes per token in the request of an unknown caller.
const BYTES_PER_TOKEN: u64 = 4;

/// The maximum of header fields; SDKs send about twenty.
const MOST_HEADERS: usize = 96;

/// The longest head, in bytes.
const LONGEST_HEAD: usize = 64 << 10;

/// The longest body, in bytes: the bound of the vendors' own edges.
const LONGEST_BODY: usize = 32 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    /// Parses bytes that come all at once.
    fn read(family: Family, bytes: &[u8]) -> Parsed {
        super::read(family, bytes, &mut Chunks::default())
    }

    #[test]
    fn a_chunk_is_read_once_however_often_more_comes() {
        let chunk = format!("400\r\n{}\r\n", "x".repeat(1_024));
        let (mut bytes, mut chunks) = (Vec::new(), Chunks::default());
        for n in 1..=8_usize {
            bytes.extend_from_slice(chunk.as_bytes());
            assert_eq!(chunks.read(&bytes), Some(None));
            assert_eq!((chunks.at, chunks.body.len()), (n * chunk.len(), n * 1_024));
            // Bytes that were parsed already are not read again.
            bytes.fill(b'!');
        }
        bytes.extend_from_slice(b"0\r\n\r\n");
        let length = bytes.len();
        assert_eq!(
            chunks.read(&bytes),
            Some(Some((vec![b'x'; 8 * 1_024], length)))
        );
        assert_eq!(chunks.at, 0, "it is ready for the next request");
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
        assert_eq!((asked.model.as_str(), asked.max_tokens), ("m", Some(9)));
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
            (asked.model.as_str(), asked.max_tokens),
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
            (asked.model.as_str(), asked.streamed),
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
            (asked.model.as_str(), asked.streamed),
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
    fn another_path_is_not_found_and_no_json_is_a_bad_request() {
        let wrong =
            |family, path: &str, body: &str| match read(family, post(path, "", body).as_bytes()) {
                Parsed::Wrong { status, .. } => status,
                other => panic!("{other:?}"),
            };
        assert_eq!(wrong(Family::Openai, "/v1/messages", "{}"), 404);
        assert_eq!(wrong(Family::Anthropic, "/v1/chat/completions", "{}"), 404);
        assert_eq!(wrong(Family::Gemini, "/v1/models/m:countTokens", "{}"), 404);
        assert_eq!(wrong(Family::Openai, "/v1/chat/completions", "{no"), 400);
        assert_eq!(wrong(Family::Openai, "/v1/embeddings", "{}"), 400);
        assert_eq!(wrong(Family::Anthropic, "/v1/responses", "{}"), 404);
        let get = read(Family::Openai, b"GET /v1/chat/completions HTTP/1.1\r\n\r\n");
        assert!(matches!(get, Parsed::Wrong { status: 404, .. }));
    }

    #[test]
    fn what_is_no_http_is_nonsense_at_once() {
        for bytes in [
            &b"\x16\x03\x01\x02\x00 hello"[..],
            b"\r\n\r\n\x00",
            b"what?\r\n",
        ] {
            assert_eq!(read(Family::Openai, bytes), Parsed::Nonsense, "{bytes:?}");
        }
        let endless = format!("POST / HTTP/1.1\r\nx: {}", "y".repeat(LONGEST_HEAD));
        assert_eq!(read(Family::Openai, endless.as_bytes()), Parsed::Nonsense);
        let huge = "POST / HTTP/1.1\r\ncontent-length: 99999999999999999999\r\n\r\n";
        assert_eq!(read(Family::Openai, huge.as_bytes()), Parsed::Nonsense);
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
        let wrong = format!("{head}xyz\r\n");
        assert_eq!(read(Family::Openai, wrong.as_bytes()), Parsed::Nonsense);
        let huge = format!("{head}ffffffffffffffff\r\n");
        assert_eq!(read(Family::Openai, huge.as_bytes()), Parsed::Nonsense);
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
        let check = "idempotency-key: call-check-0x1\r\nx-retry-count: 0\r\n";
        let asked = whole(Family::Openai, &post("/chat/completions", check, "{}"));
        assert_eq!(asked.number, None, "a health check is made for no call");
        assert!(!asked.request(CallId(9), tokens, 0).is_known);
    }
}
