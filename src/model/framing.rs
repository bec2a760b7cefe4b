//! Where the body of an answer ends, and what of its bytes is data.

use httparse::Status;
use hyper::header::{HeaderMap, HeaderValue};

/// Where a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes are left.
    Length(u64),
    /// At the last chunk; so many bytes of the current one are left, its line end among them.
    Chunks(u64),
    /// Where the connection does.
    Close,
    /// It has ended.
    Ended,
}

impl Framing {
    /// As the head says.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let text = |name| {
            headers
                .get(name)
                .and_then(|value: &HeaderValue| value.to_str().ok())
        };
        if text("transfer-encoding").is_some_and(|said| said.contains("chunked")) {
            return Self::Chunks(0);
        }
        match text("content-length").and_then(|said| said.trim().parse().ok()) {
            Some(0) => Self::Ended,
            Some(length) => Self::Length(length),
            None => Self::Close,
        }
    }

    /// Takes data of the body from the front of `bytes`; none if there is none yet, or no more.
    pub(super) fn take(&mut self, bytes: &mut Vec<u8>) -> Result<Option<Vec<u8>>, NoChunk> {
        match self {
            Self::Ended => Ok(None),
            _ if bytes.is_empty() => Ok(None),
            Self::Close => Ok(Some(std::mem::take(bytes))),
            Self::Length(left) => {
                let length = bytes
                    .len()
                    .min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= length as u64;
                if *left == 0 {
                    *self = Self::Ended;
                }
                Ok(Some(bytes.drain(..length).collect()))
            }
            Self::Chunks(left) => {
                if *left == 0 {
                    let Ok(Status::Complete((length, size))) = httparse::parse_chunk_size(bytes)
                    else {
                        return match bytes.contains(&b'\n') {
                            true => Err(NoChunk),
                            false => Ok(None),
                        };
                    };
                    if size == 0 {
                        *self = Self::Ended;
                        bytes.clear();
                        return Ok(None);
                    }
                    bytes.drain(..length);
                    *left = size + LINE_END;
                }
                let length = bytes
                    .len()
                    .min(usize::try_from(*left).unwrap_or(usize::MAX));
                // The line end is no data, and may come apart.
                let data = (*left - LINE_END.min(*left)).min(length as u64) as usize;
                *left -= length as u64;
                let mut taken: Vec<u8> = bytes.drain(..length).collect();
                taken.truncate(data);
                Ok(Some(taken))
            }
        }
    }
}

/// The bytes are no chunk.
#[derive(Debug)]
pub(super) struct NoChunk;

/// The bytes of a line end.
const LINE_END: u64 = 2;
