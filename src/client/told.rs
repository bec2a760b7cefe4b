//! What a caller is told of an answer with these bytes: the readers, and what they lead to, without
//! a connection. For tests of the readers.

use std::time::Duration;

use hyper::{HeaderMap, StatusCode};

use super::failure::{Failed, refusal};
use super::{AttemptReport, Dialect, redact};
use crate::wire::answer::{self, AnswerReader, Content};

/// All texts that a caller may show of an answer with this body, in pieces of `size` bytes: taken
/// for a plain answer, for a stream, and for refusals.
pub(crate) fn told(dialect: Dialect, body: &[u8], size: usize) -> String {
    let answers = [false, true].map(|streamed| match read(dialect, body, streamed, size) {
        Ok(content) => {
            let model = content.model.map(|model| redact::without(&[], &model));
            format!("{model:?}")
        }
        Err(failed) => shown(failed),
    });
    let refusals = [400, 401, 404, 429, 500].map(|status| {
        let status = StatusCode::from_u16(status).unwrap_or_default();
        shown(refusal(status, &HeaderMap::new(), answer::read_error(body)))
    });
    answers.join("\n") + &refusals.join("\n")
}

fn read(dialect: Dialect, body: &[u8], streamed: bool, size: usize) -> Result<Content, Failed> {
    let mut reader = AnswerReader::new(dialect, streamed);
    for piece in body.chunks(size.max(1)) {
        reader.push(piece, |_| {})?;
    }
    Ok(reader.end(|_| {})?)
}

fn shown(failed: Failed) -> String {
    let report = AttemptReport {
        provider: "own".to_owned(),
        started: Duration::ZERO,
        took: Duration::ZERO,
        failure: Some(failed.failure.class),
        status: failed.status,
        message: failed.message.map(|said| redact::without(&[], &said)),
    };
    format!("{report} {report:?}")
}
