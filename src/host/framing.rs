//! Where a request begins and ends: the fields of its head, and its body (RFC 9112, 6).
//!
//! Two servers that disagree about the end of a request can be made to take a part of it for the
//! next one, so whatever can be read in two ways is refused: two lengths that differ, a length
//! beside chunks, any coding but `chunked`. What a request asks for is read in `request`.

use std::borrow::Cow;

use crate::wire::request::{IDEMPOTENCY_KEY, RETRY_COUNT};

/// A body, and its length in bytes; none when it is incomplete. An invalid one is an error: the
/// status of its refusal.
type Read<B> = Result<Option<(B, usize)>, u16>;

/// The fields that are read.
#[derive(Default)]
pub(super) struct Fields<'a> {
    length: Option<usize>,
    chunked: bool,
    /// The end of the body can be read in two ways.
    is_ambiguous: bool,
    /// The client waits for permission to send the body.
    pub(super) expects: bool,
    /// The client wants no second answer.
    pub(super) is_last: bool,
    /// The number of the call, in our own idempotency keys.
    pub(super) number: Option<u64>,
    pub(super) nth: Option<u32>,
    /// The idempotency key of any client.
    pub(super) idempotency: Option<&'a str>,
    /// How many attempts came before this one, as the vendors' SDKs say.
    pub(super) retries: u32,
    pub(super) key: Option<&'a str>,
    /// The fields that a browser wants to send.
    pub(super) wants_fields: Option<&'a str>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(headers: &[httparse::Header<'a>], version: Option<u8>) -> Self {
        let is_old = version == Some(0);
        let mut fields = Self {
            is_last: is_old,
            ..Self::default()
        };
        for header in headers {
            fields.add(header);
        }
        let has_both = fields.chunked && fields.length.is_some();
        fields.is_ambiguous |= has_both || (fields.chunked && is_old);
        fields
    }

    fn add(&mut self, header: &httparse::Header<'a>) {
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        if is("content-length") {
            return self.add_length(header.value);
        }
        if is("transfer-encoding") {
            self.is_ambiguous |= self.chunked || !header.value.eq_ignore_ascii_case(b"chunked");
            self.chunked = true;
            return;
        }
        self.add_text(is, || std::str::from_utf8(header.value).ok());
    }

    /// A field that is a text: any other value is left out. Most fields are not read, so `text` is
    /// asked for late.
    fn add_text(&mut self, is: impl Fn(&str) -> bool, text: impl Fn() -> Option<&'a str>) {
        if is(IDEMPOTENCY_KEY) {
            if let Some(text) = text() {
                self.number = text.rsplit_once('-').and_then(|(_, n)| n.parse().ok());
                self.idempotency = Some(text);
            }
        } else if is(RETRY_COUNT) {
            self.nth = text().map_or(self.nth, |text| text.parse().ok());
        } else if is(SDK_RETRY_COUNT) {
            self.retries = text().map_or(self.retries, |text| text.parse().unwrap_or(0));
        } else if is("authorization") {
            let key = |text: &'a str| text.split_once(' ').map_or(text, |(_, key)| key.trim());
            self.key = text().map(key).or(self.key);
        } else if KEYS.into_iter().any(&is) {
            self.key = text().or(self.key);
        } else if is("connection") {
            self.is_last |= text().is_some_and(|text| text.eq_ignore_ascii_case("close"));
        } else if is("expect") {
            let expects = |text: &str| text.eq_ignore_ascii_case("100-continue");
            self.expects = text().map_or(self.expects, expects);
        } else if is("access-control-request-headers") {
            self.wants_fields = text().or(self.wants_fields);
        }
    }

    /// Digits alone are a length. One that is too large for a number is too large for a body.
    fn add_length(&mut self, value: &[u8]) {
        let digits = std::str::from_utf8(value).unwrap_or_default();
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let length = digits.parse().unwrap_or(usize::MAX);
        self.is_ambiguous |= !is_number || self.length.is_some_and(|other| other != length);
        self.length = Some(length);
    }

    /// The body after the head.
    pub(super) fn body<'b>(&self, bytes: &'b [u8], chunks: &mut Chunks) -> Read<Cow<'b, [u8]>> {
        if self.is_ambiguous {
            return Err(400);
        }
        if self.chunked {
            let read = chunks.read(bytes)?;
            return Ok(read.map(|(body, length)| (body.into(), length)));
        }
        let length = self.length.unwrap_or(0);
        if length > LONGEST_BODY {
            return Err(413);
        }
        let body = bytes.get(..length);
        Ok(body.map(|body| (Cow::Borrowed(body), length)))
    }
}

/// The state of a chunked body.
#[derive(Debug, Default)]
pub(crate) struct Chunks {
    body: Vec<u8>,
    /// Where the next chunk begins, from the start of the body.
    at: usize,
}

impl Chunks {
    /// The same as [`Fields::body`], of all bytes after the head; continues where it stopped.
    /// Trailers are skipped.
    fn read(&mut self, bytes: &[u8]) -> Read<Vec<u8>> {
        loop {
            let (digits, size) = match httparse::parse_chunk_size(&bytes[self.at..]) {
                Ok(httparse::Status::Complete((digits, size))) => (digits, usize::try_from(size)),
                // The frames count as well: chunks of one byte are mostly frames.
                Ok(httparse::Status::Partial) if bytes.len() > LONGEST_FRAMED => return Err(413),
                Ok(httparse::Status::Partial) => return Ok(None),
                Err(_) => return Err(400),
            };
            let fits = |size: &usize| size + self.body.len() <= LONGEST_BODY;
            let size = size.ok().filter(fits).ok_or(413_u16)?;
            let data = self.at + digits;
            if size == 0 {
                let Some(end) = end_of_trailers(&bytes[data..])? else {
                    return Ok(None);
                };
                let body = std::mem::take(self).body;
                return Ok(Some((body, data + end)));
            }
            let Some(chunk) = bytes.get(data..data + size + 2) else {
                return Ok(None);
            };
            if !chunk.ends_with(b"\r\n") {
                return Err(400);
            }
            self.body.extend_from_slice(&chunk[..size]);
            self.at = data + size + 2;
        }
    }
}

/// Where the message ends after its last chunk; none when that is not there yet.
fn end_of_trailers(bytes: &[u8]) -> Result<Option<usize>, u16> {
    if bytes.starts_with(b"\r\n") {
        return Ok(Some(2));
    }
    match bytes.windows(4).position(|four| four == b"\r\n\r\n") {
        Some(at) => Ok(Some(at + 4)),
        None if bytes.len() > LONGEST_HEAD => Err(431),
        None => Ok(None),
    }
}

/// Fields that carry a key, beside `authorization`.
const KEYS: [&str; 3] = ["x-api-key", "api-key", "x-goog-api-key"];

/// The count of earlier attempts that the SDKs of OpenAI and Anthropic send.
const SDK_RETRY_COUNT: &str = "x-stainless-retry-count";

/// The longest head, in bytes.
pub(super) const LONGEST_HEAD: usize = 64 << 10;

/// The longest body, in bytes: the bound of the vendors' own edges.
pub(super) const LONGEST_BODY: usize = 32 << 20;

/// The longest body with the frames of its chunks.
const LONGEST_FRAMED: usize = LONGEST_BODY + (1 << 20);

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Option<usize>, u16> {
        let mut headers = [httparse::EMPTY_HEADER; 8];
        let mut head = httparse::Request::new(&mut headers);
        let parsed = head.parse(text.as_bytes()).expect("a head").unwrap();
        let fields = Fields::of(head.headers, head.version);
        let body = fields.body(&text.as_bytes()[parsed..], &mut Chunks::default())?;
        Ok(body.map(|(body, _)| body.len()))
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        let head =
            |fields: &str| format!("POST / HTTP/1.1\r\n{fields}\r\n\r\n5\r\nabcde\r\n0\r\n\r\n");
        for fields in [
            "content-length: 5\r\ncontent-length: 6",
            "content-length: 5\r\ntransfer-encoding: chunked",
            "transfer-encoding: chunked\r\ncontent-length: 5",
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
            "transfer-encoding: gzip, chunked",
            "transfer-encoding: xchunked",
            "transfer-encoding: identity",
            "content-length: +5",
            "content-length: -1",
            "content-length: 5, 5",
            "content-length: 0x5",
            "content-length:",
        ] {
            assert_eq!(of(&head(fields)), Err(400), "{fields}");
        }
        assert_eq!(of(&head("transfer-encoding: Chunked")), Ok(Some(5)));
        assert_eq!(
            of(&head("content-length: 5\r\ncontent-length: 5")),
            Ok(Some(5))
        );
        let old = head("transfer-encoding: chunked").replace("HTTP/1.1", "HTTP/1.0");
        assert_eq!(of(&old), Err(400));
    }

    #[test]
    fn a_chunk_is_read_once_however_often_more_comes() {
        let chunk = format!("400\r\n{}\r\n", "x".repeat(1_024));
        let (mut bytes, mut chunks) = (Vec::new(), Chunks::default());
        for n in 1..=8_usize {
            bytes.extend_from_slice(chunk.as_bytes());
            assert_eq!(chunks.read(&bytes), Ok(None));
            assert_eq!((chunks.at, chunks.body.len()), (n * chunk.len(), n * 1_024));
            // Bytes that were parsed already are not read again.
            bytes.fill(b'!');
        }
        bytes.extend_from_slice(b"0\r\n\r\n");
        let length = bytes.len();
        assert_eq!(
            chunks.read(&bytes),
            Ok(Some((vec![b'x'; 8 * 1_024], length)))
        );
        assert_eq!(chunks.at, 0, "it is ready for the next request");
    }

    #[test]
    fn a_chunk_ends_where_it_says_and_trailers_are_skipped() {
        let read = |text: &str| Chunks::default().read(text.as_bytes());
        assert_eq!(read("3\r\nabcde\r\n0\r\n\r\n"), Err(400));
        let text = "3\r\nabc\r\n0\r\nsum: 1\r\n\r\nPOST";
        assert_eq!(read(text), Ok(Some((b"abc".to_vec(), text.len() - 4))));
        assert_eq!(read("3\r\nabc\r\n0\r\nsum: 1\r\n"), Ok(None));
        let endless = format!("0\r\nx: {}", "y".repeat(LONGEST_HEAD));
        assert_eq!(read(&endless), Err(431));
    }

    #[test]
    fn frames_count_as_bytes() {
        let mut chunks = Chunks::default();
        let one = "1;".to_owned() + &"x".repeat(10) + "\r\na\r\n";
        let text = one.repeat(LONGEST_FRAMED / one.len() + 1) + "1";
        assert_eq!(chunks.read(text.as_bytes()), Err(413));
    }
}
