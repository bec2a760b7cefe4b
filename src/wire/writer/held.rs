//! A plain answer that is kept waiting, or never comes: what is left of its bytes.
//!
//! JSON may begin with blank lines, so a provider that has nothing to say yet sends them to keep
//! the connection busy (DeepSeek does, for plain answers). The head leaves first, and states a
//! length that holds them all. When they leave is `provider`'s matter.

use bytes::Bytes;

/// What keeps a plain answer waiting.
pub const BLANK_LINE: Bytes = Bytes::from_static(b"\n");

/// The head of a whole answer, alone.
pub fn head_of(answer: &Bytes) -> Bytes {
    answer.slice(..body_at(answer))
}

/// Head and body of a whole plain answer, when this many blank lines come between them.
pub fn held(answer: &Bytes, lines: u64) -> (Bytes, Bytes) {
    let body = answer.slice(body_at(answer)..);
    let stated = u64::try_from(body.len()).unwrap_or(u64::MAX);
    let head = String::from_utf8_lossy(&answer[..body_at(answer)]);
    let was = format!("{LENGTH}{stated}\r\n");
    let is = format!("{LENGTH}{}\r\n", stated.saturating_add(lines));
    (Bytes::from(head.replacen(&was, &is, 1)), body)
}

/// Where the body begins: behind the first empty line.
fn body_at(answer: &Bytes) -> usize {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    end.map_or(answer.len(), |end| end + 4)
}

const LENGTH: &str = "content-length: ";

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: Bytes = Bytes::from_static(
        b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\ncontent-type: application/json\r\n\r\n\
          {\"a\":1}",
    );

    #[test]
    fn the_head_counts_the_blank_lines() {
        let (head, body) = held(&ANSWER, 3);
        let expected =
            "HTTP/1.1 200 OK\r\ncontent-length: 10\r\ncontent-type: application/json\r\n\r\n";
        assert_eq!(head, expected);
        assert_eq!(body, "{\"a\":1}");
        assert_eq!(held(&ANSWER, 0).0, head_of(&ANSWER));
    }

    #[test]
    fn bytes_without_a_head_are_all_head() {
        let odd = Bytes::from_static(b"HTTP/1.1 200 OK\r\n");
        assert_eq!(head_of(&odd), odd);
        assert_eq!(held(&odd, 2), (odd.clone(), Bytes::new()));
    }
}
