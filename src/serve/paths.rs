//! What a provider's port answers beside requests to its model: health, the list of models, and the
//! questions that browsers ask before a request (CORS).

use bytes::Bytes;

use super::answer::Answer;
use super::control::health;
use crate::host::request::Other;
use crate::scenario;
use crate::wire::fake::{Stamp, Writer};

/// Fields of every answer, so that scripts of any page may read it.
pub(super) const FIELDS: &str =
    "access-control-allow-origin: *\r\naccess-control-expose-headers: *\r\n";

/// Paths that say whether the server runs, whatever the scenario does to the provider.
pub(super) const HEALTH: [&str; 2] = ["/health", "/healthz"];

/// The answer, and whether it is worth an entry in the log; none when there is no such path.
pub(super) fn answer(
    other: &Other,
    profile: &scenario::Provider,
    writer: &Writer,
    stamp: &Stamp,
) -> Option<(Bytes, bool)> {
    let (method, path) = (other.method.as_str(), other.path());
    if method == "OPTIONS" {
        return Some((preflight(other), false));
    }
    let reads = matches!(method, "GET" | "HEAD");
    if HEALTH.contains(&path) {
        return Some((health(method).into(), false));
    }
    if let Some((_, id)) = path.split_once("/models").filter(|_| !other.is_of_model) {
        let answer = match (reads, id.strip_prefix('/')) {
            (true, None) if id.is_empty() => writer.models(stamp, profile.context),
            (false, None) if id.is_empty() => writer.no_method(stamp, method, path, "GET"),
            (true, Some(id)) => writer.model(stamp, &decoded(id), profile.context),
            _ => return None,
        };
        return Some((answer, true));
    }
    let wrong = other
        .is_of_model
        .then(|| writer.no_method(stamp, method, path, "POST"));
    Some((wrong?, true))
}

/// Whatever a page wants to send is allowed. A star would not stand for `authorization`.
pub(super) fn preflight(other: &Other) -> Bytes {
    let asked = other.wants_fields.as_deref().unwrap_or_default();
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-_, ".contains(c);
    let fields = match asked.is_empty() || !asked.chars().all(is_name) {
        true => "authorization, content-type, x-api-key, api-key, x-goog-api-key",
        false => asked,
    };
    Answer::empty(204)
        .field("access-control-allow-methods", "GET, HEAD, POST, OPTIONS")
        .field("access-control-allow-headers", fields)
        .field("access-control-allow-private-network", "true")
        .field("access-control-max-age", "86400")
        .into()
}

/// `text` with the bytes that its escapes stand for.
pub(super) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escape = tail.get(..2).filter(|_| *first == b'%');
        let escape = escape.and_then(|digits| std::str::from_utf8(digits).ok());
        match escape.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn escapes_stand_for_bytes() {
        assert_eq!(decoded("openai%2fgpt-4.1"), "openai/gpt-4.1");
        assert_eq!(decoded("%C3%A4%zz%"), "\u{e4}%zz%");
    }
}
