//! What answers beside models, and when time begins.

use std::net::TcpStream;
use std::time::Duration;

use super::{PLAIN, SCENARIO, Server, json, post};

#[test]
fn each_vendor_lists_its_model_and_answers_a_wrong_path_in_its_own_way() {
    let server = Server::start();
    let (_, answer) = server.get(0, "GET", "/v1/models");
    let listed = json(&answer);
    assert_eq!(
        (&listed["object"], &listed["data"][0]["id"]),
        (&"list".into(), &"gpt-4.1".into())
    );
    let (_, answer) = server.get(6, "GET", "/v1/models/claude-sonnet-4.5");
    assert_eq!(json(&answer)["type"], "model");
    let (_, answer) = server.get(7, "GET", "/v1beta/models?pageSize=50");
    assert_eq!(
        json(&answer)["models"][0]["name"],
        "models/gemini-2.5-flash"
    );
    let (status, answer) = server.get(0, "GET", "/v1/models/other");
    assert_eq!(
        (status, &json(&answer)["error"]["code"]),
        (404, &"model_not_found".into())
    );
    let (status, answer) = server.get(6, "POST", "/v1/none");
    assert_eq!(
        (status, &json(&answer)["error"]["type"]),
        (404, &"not_found_error".into())
    );
    let (status, answer) = server.get(7, "GET", "/v1/none");
    assert!(
        status == 404 && answer.contains("(Not Found)!!1"),
        "{answer}"
    );
    let (status, answer) = server.get(0, "GET", "/v1/chat/completions");
    assert!(
        status == 405 && answer.contains("\r\nallow: POST\r\n"),
        "{answer}"
    );
    assert_eq!(
        json(&answer)["error"]["message"],
        "Only POST requests are accepted."
    );
    let (status, answer) = server.get(0, "HEAD", "/health");
    assert!(status == 200 && answer.ends_with("\r\n\r\n"), "{answer}");
    assert_eq!(json(&server.get(0, "GET", "/healthz").1)["status"], "ok");
    assert_eq!(server.get(0, "POST", "/health").0, 405);
}

#[test]
fn a_browser_may_ask_and_read() {
    let server = Server::start();
    let answer = server.ask(
        1,
        "OPTIONS /v1/chat/completions HTTP/1.1\r\norigin: http://page\r\nconnection: close\r\n\
         access-control-request-method: POST\r\n\
         access-control-request-headers: authorization,x-stainless-os\r\n\r\n",
    );
    let answer = answer.unwrap();
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    for field in [
        "access-control-allow-origin: *",
        "access-control-allow-headers: authorization,x-stainless-os",
        "access-control-allow-methods: GET, HEAD, POST, OPTIONS",
    ] {
        assert!(answer.contains(&format!("\r\n{field}\r\n")), "{answer}");
    }
    for number in [0, 1] {
        let answer = server.ask(number, &post(PLAIN)).unwrap();
        assert!(
            answer.contains("\r\naccess-control-allow-origin: *\r\n"),
            "{answer}"
        );
        assert!(
            answer.contains("\r\naccess-control-expose-headers: *\r\n"),
            "{answer}"
        );
    }
}

const STARTS: &str = "
name: served
about: What starts the time?
run: { duration: 10m, seeds: 1..1 }
providers:
  late: { dialect: openai, model: gpt-4.1, ttft: 1ms, speed: 5000 tok/s }
  refuses: { dialect: openai, model: gpt-4.1, ttft: 1ms, speed: 5000 tok/s }
  closes: { dialect: openai, model: gpt-4.1, ttft: 1ms, speed: 5000 tok/s }
load: { rate: 1/s, prompt: 100 tok, output: 10 tok }
faults:
  soon: { target: late, inject: 503, at: 200ms, for: 5m }
  down: { target: refuses, inject: refused, for: 5m }
  fin: { target: closes, inject: closed, with: fin, for: 5m }
policies: [ no-failover ]
";

/// Waits until the fault at 200 ms has begun, if time passes.
#[expect(
    clippy::disallowed_methods,
    reason = "the program runs in real time, and no task waits"
)]
fn pass_the_window() {
    std::thread::sleep(Duration::from_millis(250));
}

#[test]
fn only_a_request_to_a_model_starts_the_time() {
    let server = Server::start_with(STARTS, &[]);
    let _idle = TcpStream::connect(server.address(0)).unwrap();
    for number in [0, 1, 2] {
        assert_eq!(server.get(number, "GET", "/health").0, 200);
        assert_eq!(server.get(number, "GET", "/v1/models").0, 200);
        assert_eq!(server.get(number, "OPTIONS", "/v1/models").0, 204);
        assert_eq!(server.get(number, "GET", "/v1/none").0, 404);
    }
    pass_the_window();
    let answer = server.ask(0, &post(PLAIN)).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200 "),
        "time stood at 0: {answer}"
    );
    pass_the_window();
    let answer = server.ask(0, &post(PLAIN)).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
}

#[test]
fn a_fault_of_connections_at_time_0_strikes_the_request_that_starts_it() {
    let server = Server::start_with(STARTS, &[]);
    assert_eq!(server.get(1, "GET", "/health").0, 200);
    let refused = server.ask(1, &post(PLAIN)).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionReset);
    let (seen, told) = server.end("INT");
    assert_eq!(seen["providers"][1]["refused"], 1, "{told}");
    assert_eq!(
        (&seen["fired"]["down"], &seen["fired"]["fin"]),
        (&1.into(), &0.into())
    );

    let server = Server::start_with(STARTS, &[]);
    let closed = server.ask(2, &post(PLAIN));
    assert!(closed.as_ref().map_or(true, String::is_empty), "{closed:?}");
    let (seen, told) = server.end("INT");
    assert_eq!(seen["fired"]["fin"], 1, "{told}");
}

#[test]
fn what_is_slow_too_large_or_ambiguous_is_refused_and_closed() {
    let server = Server::start_with(SCENARIO, &["--request-timeout", "100ms"]);
    let head = "POST /v1/chat/completions HTTP/1.1\r\n";
    for (status, rest) in [
        (408, "content-length: 9\r\n\r\n{"),
        (408, "content-length: 9\r\n"),
        (413, "content-length: 99999999999\r\n\r\n"),
        (400, "content-length: 2\r\ncontent-length: 3\r\n\r\n{}"),
        (
            400,
            "content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}",
        ),
        (
            400,
            "transfer-encoding: chunked\r\n\r\n2\r\n{}GET /v1/models HTTP/1.1\r\n\r\n",
        ),
    ] {
        let answer = server.ask(0, &format!("{head}{rest}")).unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{rest}: {answer}"
        );
        assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
    }
    let (seen, told) = server.end("INT");
    assert_eq!(seen["providers"][0]["answers"]["400"], 3, "{told}");
    assert_eq!(seen["providers"][0]["answers"]["408"], 2, "{told}");
}
