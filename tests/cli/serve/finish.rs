//! Why an answer ends, in the words of each vendor: its maximum of tokens is met, or all is said.

use serde_json::{Value, json};

use super::{Server, json as body_of};

/// A way to bound an answer.
struct Bound {
    /// The provider's number.
    provider: usize,
    /// The paths, plain and streamed.
    paths: [&'static str; 2],
    /// The request, without its maximum.
    request: fn() -> Value,
    /// Where the maximum is in it.
    most: &'static str,
    /// The reason, in an answer or an event.
    reason: &'static str,
    /// What it says of an answer that is whole, and of one that is not.
    words: [&'static str; 2],
}

const CHAT: [&str; 2] = ["/v1/chat/completions"; 2];

const BOUNDS: &[Bound] = &[
    Bound {
        provider: 0,
        paths: CHAT,
        request: messages,
        most: "/max_tokens",
        reason: "/choices/0/finish_reason",
        words: ["stop", "length"],
    },
    Bound {
        provider: 0,
        paths: CHAT,
        request: messages,
        most: "/max_completion_tokens",
        reason: "/choices/0/finish_reason",
        words: ["stop", "length"],
    },
    Bound {
        provider: 0,
        paths: ["/v1/responses"; 2],
        request: || json!({ "model": "gpt-4.1", "input": "hello" }),
        most: "/max_output_tokens",
        reason: "/incomplete_details/reason",
        words: ["", "max_output_tokens"],
    },
    Bound {
        provider: 6,
        paths: ["/v1/messages"; 2],
        request: messages,
        most: "/max_tokens",
        reason: "/stop_reason",
        words: ["end_turn", "max_tokens"],
    },
    Bound {
        provider: 7,
        paths: [
            "/v1beta/models/gemini-2.5-flash:generateContent",
            "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
        ],
        request: || {
            json!({ "contents": [{ "role": "user", "parts": [{ "text": "hello" }] }],
                    "generationConfig": {} })
        },
        most: "/generationConfig/maxOutputTokens",
        reason: "/candidates/0/finishReason",
        words: ["STOP", "MAX_TOKENS"],
    },
];

fn messages() -> Value {
    json!({ "model": "m", "messages": [{ "role": "user", "content": "hello" }] })
}

/// The words for the end of an answer of which at most this many tokens are asked for.
fn said(server: &Server, bound: &Bound, most: u64, streamed: bool) -> String {
    let mut request = (bound.request)();
    let (parent, key) = bound.most.rsplit_once('/').unwrap();
    request.pointer_mut(parent).unwrap()[key] = most.into();
    if bound.provider != 7 {
        request["stream"] = streamed.into();
    }
    let (path, body) = (bound.paths[usize::from(streamed)], request.to_string());
    let length = body.len();
    let answer = server.ask(
        bound.provider,
        &format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
             content-length: {length}\r\n\r\n{body}"
        ),
    );
    let answer = answer.unwrap();
    let events = match streamed {
        false => vec![body_of(&answer)],
        true => {
            let lines = answer
                .lines()
                .filter_map(|line| line.strip_prefix("data: "));
            Vec::from_iter(lines.filter_map(|line| serde_json::from_str(line).ok()))
        }
    };
    // Within the object of the Responses API, and the last event but one of Anthropic.
    let places = ["", "/response", "/delta"].map(|place| place.to_owned() + bound.reason);
    let all = events.iter().flat_map(|event: &Value| {
        let found = places.iter().filter_map(|place| event.pointer(place));
        found.filter_map(Value::as_str)
    });
    all.collect()
}

#[test]
fn an_answer_that_its_maximum_cuts_says_so_in_each_vendors_words() {
    let server = Server::start();
    for bound in BOUNDS {
        for streamed in [false, true] {
            let told = [30, 29].map(|most| said(&server, bound, most, streamed));
            assert_eq!(told, bound.words, "{} {streamed}", bound.most);
        }
    }
}

#[test]
fn a_response_that_is_cut_is_incomplete() {
    let server = Server::start();
    let body = r#"{"model":"gpt-4.1","input":"hello","max_output_tokens":29}"#;
    let answer = server.ask(
        0,
        &format!(
            "POST /v1/responses HTTP/1.1\r\nconnection: close\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        ),
    );
    let answer = body_of(&answer.unwrap());
    assert_eq!(answer["status"], "incomplete");
    assert_eq!(answer["output"][0]["status"], "incomplete");
    assert_eq!(answer["usage"]["output_tokens"], 29);
}
