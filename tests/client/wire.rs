//! The client on the wire, in every dialect: unusual answers over pipes in memory with a paused
//! clock, good ones over real TCP.

mod checks;
mod dialects;
mod openings;
mod requests;
mod trickle;

use std::cell::Cell;
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use firedrill::client::{
    Builder, Client, Connect, Dialect, Endpoint, Error, Provider, Request, Tcp,
};
use firedrill::policy::config::Policy;
use firedrill::policy::{FailureClass, FailureReason};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncWriteExt, DuplexStream};

use crate::support;

const TOKEN: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\n";
const DONE: &str = "data: [DONE]\n\n";

/// The answers of one connection, request by request; after the last it stays open and silent, or
/// closes if the last is empty.
type Script = Vec<String>;

/// Each connection follows the next script.
struct Pipes {
    scripts: Mutex<VecDeque<Script>>,
}

thread_local! {
    /// How many connections have not been opened yet.
    static LEFT: Cell<usize> = const { Cell::new(0) };
}

impl Connect for Pipes {
    type Io = TokioIo<DuplexStream>;

    async fn connect(&self, _: &Endpoint) -> io::Result<Self::Io> {
        let script = self.scripts.lock().unwrap().pop_front();
        LEFT.set(self.scripts.lock().unwrap().len());
        let Some(script) = script else {
            std::future::pending().await
        };
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        tokio::spawn(serve(theirs, script));
        Ok(TokioIo::new(ours))
    }
}

async fn serve(mut stream: DuplexStream, script: Script) {
    for answer in script {
        if answer.is_empty() || support::read_request(&mut stream).await.is_none() {
            return;
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
    std::future::pending().await
}

fn client(timeouts: &str, scripts: Vec<Script>) -> Client<Pipes> {
    client_of(Dialect::Openai, timeouts, scripts)
}

fn client_of(dialect: Dialect, timeouts: &str, scripts: Vec<Script>) -> Client<Pipes> {
    let policy = format!(
        "name: wire\nabout: One attempt.\nretry: {{ max_attempts: 1, max_attempts_per_provider: 1 \
            }}\n\
         timeouts: {{ {timeouts} }}\n"
    );
    Builder::new(Pipes {
        scripts: Mutex::new(scripts.into()),
    })
    .policy(Policy::parse("wire.yaml", &policy).unwrap())
    .provider(Provider::new("primary", "http://primary/v1", "m").dialect(dialect))
    .build()
    .unwrap()
}

fn chunked(pieces: &[&str]) -> String {
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_owned();
    pieces.iter().fold(head, |text, piece| {
        text + &format!("{:x}\r\n{piece}\r\n", piece.len())
    })
}

fn whole() -> String {
    chunked(&[TOKEN, DONE]) + "0\r\n\r\n"
}

/// Events without names, in a body that has not ended.
fn events(events: &[&str]) -> String {
    let events: Vec<String> = events
        .iter()
        .map(|data| format!("data: {data}\n\n"))
        .collect();
    chunked(&events.iter().map(String::as_str).collect::<Vec<_>>())
}

fn success(content_type: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

/// The failure class of a call's only attempt.
fn class(error: &Error) -> FailureClass {
    assert_eq!(error.attempts.len(), 1, "{error}");
    error.attempts[0].failure.unwrap()
}

async fn text(client: &Client<Pipes>) -> Result<String, Error> {
    let mut stream = client.stream(&Request::user("hello"));
    while let Some(piece) = stream.next().await {
        piece?;
    }
    Ok(stream.answer().unwrap().text.clone())
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_over_at_done_though_its_body_is_not() {
    let open_ended = vec![chunked(&[TOKEN, DONE]), whole()];
    let client = client("idle: 5s", vec![open_ended, vec![whole()]]);
    let began = tokio::time::Instant::now();
    assert_eq!(text(&client).await.unwrap(), "hi");
    assert_eq!(
        began.elapsed(),
        Duration::ZERO,
        "it did not wait for the end"
    );
    assert_eq!(text(&client).await.unwrap(), "hi");
    assert_eq!(LEFT.get(), 0, "the first connection is not used again");
}

#[tokio::test(start_paused = true)]
async fn a_stream_whose_body_ends_leaves_its_connection_for_the_next() {
    let client = client("idle: 5s", vec![vec![whole(), whole(), whole()]]);
    for _ in 0..3 {
        assert_eq!(text(&client).await.unwrap(), "hi");
    }
}

#[tokio::test(start_paused = true)]
async fn a_kept_connection_that_was_closed_meanwhile_is_no_failure() {
    let closes = vec![whole(), String::new()];
    let client = client("idle: 5s", vec![closes.clone(), closes]);
    for _ in 0..2 {
        assert_eq!(text(&client).await.unwrap(), "hi");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_token_is_due_in_every_phase_before_it() {
    let endless = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 9\r\n\r\n{";
    let comments = chunked(&[": keep-alive\n\n", ": keep-alive\n\n"]);
    for (scripts, class) in [
        (vec![], "timeout_first_token"),
        (vec![vec![]], "timeout_first_token"),
        (vec![vec![comments]], "timeout_first_token"),
        (vec![vec![endless.to_owned()]], "server_error"),
    ] {
        let client = client("first_token: 3s", scripts);
        let began = tokio::time::Instant::now();
        let error = text(&client).await.unwrap_err();
        assert_eq!(error.attempts[0].failure.unwrap().to_string(), class);
        assert_eq!(began.elapsed(), Duration::from_secs(3), "{class}");
    }
}

#[tokio::test(start_paused = true)]
async fn silence_counts_from_the_latest_token() {
    let client = client("idle: 3s", vec![vec![chunked(&[TOKEN, TOKEN])]]);
    let began = tokio::time::Instant::now();
    let error = text(&client).await.unwrap_err();
    let class = error.attempts[0].failure.unwrap();
    assert_eq!(class.to_string(), "timeout_idle");
    assert_eq!(began.elapsed(), Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_a_length_ends_with_its_connection() {
    let body = "{\"choices\":[{\"message\":{\"content\":\"hi\"}}]}";
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
    let client = client(
        "attempt: 3s",
        vec![vec![format!("{head}{body}"), String::new()]],
    );
    let answer = client.call(&Request::user("hello")).await.unwrap();
    assert_eq!(answer.text, "hi");
}

#[tokio::test(start_paused = true)]
async fn a_success_without_a_body_and_a_redirect_are_no_answers() {
    for head in ["204 No Content", "302 Found\r\ncontent-length: 0"] {
        let client = client(
            "attempt: 3s",
            vec![vec![format!("HTTP/1.1 {head}\r\n\r\n")]],
        );
        let error = client.call(&Request::user("hello")).await.unwrap_err();
        let class = error.attempts[0].failure.unwrap();
        assert_eq!(class.to_string(), "malformed", "{head}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_token_does_not_hold_off_the_first_one() {
    let start = r#"{"type":"message_start","message":{"usage":{"input_tokens":9}}}"#;
    let ping = r#"{"type":"ping"}"#;
    let role = r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#;
    let usage = r#"{"usageMetadata":{"promptTokenCount":9}}"#;
    for (dialect, said) in [
        (Dialect::Anthropic, [start, ping]),
        (Dialect::Azure, [r#"{"choices":[]}"#, role]),
        (Dialect::Gemini, [usage, usage]),
    ] {
        let client = client_of(
            dialect,
            "first_token: 3s, idle: 1s",
            vec![vec![events(&said)]],
        );
        let began = tokio::time::Instant::now();
        let error = text(&client).await.unwrap_err();
        assert_eq!(
            class(&error),
            FailureClass::TimeoutFirstToken,
            "{dialect:?}"
        );
        assert_eq!(began.elapsed(), Duration::from_secs(3), "{dialect:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn reasoning_is_a_sign_of_life() {
    let anthropic = r#"{"type":"content_block_delta","index":0,
        "delta":{"type":"thinking_delta","thinking":"Hm."}}"#;
    let gemini = r#"{"candidates":[{"content":{"parts":[{"text":"Hm.","thought":true}]}}]}"#;
    let deepseek = r#"{"choices":[{"delta":{"content":null,"reasoning_content":"Hm."}}]}"#;
    for (dialect, thought) in [
        (Dialect::Anthropic, anthropic),
        (Dialect::Gemini, gemini),
        (Dialect::Deepseek, deepseek),
    ] {
        let said = events(&[&thought.replace('\n', "")]);
        let client = client_of(dialect, "first_token: 3s, idle: 5s", vec![vec![said]]);
        let began = tokio::time::Instant::now();
        let error = text(&client).await.unwrap_err();
        assert_eq!(class(&error), FailureClass::TimeoutIdle, "{dialect:?}");
        assert_eq!(began.elapsed(), Duration::from_secs(5), "{dialect:?}");
        assert!(
            matches!(error.reason, FailureReason::Exhausted(_)),
            "nothing was handed over"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_is_no_answer_whatever_it_is_said_to_be() {
    for said in [
        success("text/html; charset=UTF-8", "<!DOCTYPE html>\n<p>hi</p>"),
        success("application/json", " \n<html>{\"choices\":[]}</html>"),
        success("Text/HTML", "hi\n"),
    ] {
        let client = client("attempt: 3s", vec![vec![said.clone()], vec![said]]);
        let error = client.call(&Request::user("hello")).await.unwrap_err();
        assert_eq!(class(&error), FailureClass::Malformed);
        let error = text(&client).await.unwrap_err();
        assert_eq!(class(&error), FailureClass::Malformed);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_read_whatever_was_asked_and_whatever_its_label_says() {
    let whole = "{\"choices\":[{\"message\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}";
    let events = format!("{TOKEN}data: [DONE]\n\n");
    for label in [
        "application/json",
        "text/event-stream",
        "text/plain",
        "text/html",
    ] {
        for body in [whole, events.as_str()] {
            let said = success(label, body);
            let client = client("attempt: 3s", vec![vec![said.clone(), said]]);
            let answer = client.call(&Request::user("hello")).await.unwrap();
            assert_eq!(answer.text, "hi", "{label} {body}");
            assert_eq!(text(&client).await.unwrap(), "hi", "{label} {body}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_streamed_call_may_be_answered_in_one_piece() {
    let answer = "{\"choices\":[{\"message\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}";
    let error = "{\"error\":{\"code\":429,\"message\":\"Slow down.\"}}";
    let ask = |body: &str| {
        let said = success("application/json", body);
        client("attempt: 3s", vec![vec![said]])
    };
    assert_eq!(text(&ask(answer)).await.unwrap(), "hi");
    for (body, expected) in [
        (error, FailureClass::RateLimited),
        (TOKEN, FailureClass::Truncated),
        ("", FailureClass::Truncated),
    ] {
        let error = text(&ask(body)).await.unwrap_err();
        assert_eq!(class(&error), expected, "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_in_band_interrupts_only_what_had_begun() {
    let token = r#"{"type":"content_block_delta","index":0,
        "delta":{"type":"text_delta","text":"hi"}}"#;
    let token = token.replace('\n', "");
    let error = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    let overloaded = FailureClass::Overloaded;
    for (said, ending) in [
        (events(&[error]), FailureReason::Exhausted(overloaded)),
        (
            events(&[&token, error]),
            FailureReason::Interrupted(overloaded),
        ),
    ] {
        let client = client_of(Dialect::Anthropic, "attempt: 3s", vec![vec![said]]);
        let error = text(&client).await.unwrap_err();
        assert_eq!(error.reason, ending);
        assert_eq!(error.attempts[0].status, Some(200));
        assert_eq!(error.attempts[0].message.as_deref(), Some("Overloaded"));
    }
}

#[tokio::test(start_paused = true)]
async fn what_gemini_withholds_stops_the_call() {
    let blocked = r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#;
    let client = client_of(
        Dialect::Gemini,
        "attempt: 3s",
        vec![
            vec![success("application/json; charset=UTF-8", blocked)],
            vec![events(&[blocked])],
        ],
    );
    let plain = client.call(&Request::user("hello")).await.unwrap_err();
    let streamed = text(&client).await.unwrap_err();
    for error in [plain, streamed] {
        assert_eq!(
            error.reason,
            FailureReason::Stopped(FailureClass::ContentFilter)
        );
        assert_eq!(error.attempts[0].message.as_deref(), Some("SAFETY"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_gemini_is_over_when_its_body_is() {
    let token = r#"{"candidates":[{"content":{"parts":[{"text":"hi"}]}}]}"#;
    let stop = r#"{"candidates":[{"finishReason":"STOP"}]}"#;
    let whole = events(&[token, stop]) + "0\r\n\r\n";
    let cut = events(&[token]) + "0\r\n\r\n";
    let script = vec![whole.clone(), whole, cut];
    let client = client_of(Dialect::Gemini, "attempt: 3s", vec![script]);
    for _ in 0..2 {
        assert_eq!(text(&client).await.unwrap(), "hi");
    }
    let error = text(&client).await.unwrap_err();
    assert_eq!(
        error.reason,
        FailureReason::Interrupted(FailureClass::Truncated)
    );
}

/// The provider's error for `status`, and its class.
const ERRORS: [(u16, &str); 5] = [
    (401, "auth"),
    (404, "model_gone"),
    (429, "rate_limited"),
    (503, "server_error"),
    (529, "overloaded"),
];

fn refusal(status: u16, place: usize) -> String {
    let body = format!("{{\"error\":{{\"message\":\"said by {place}\"}}}}");
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n\r\n{body}")
}

#[tokio::test(start_paused = true)]
async fn no_later_failure_masks_the_first() {
    let policy = "name: wire\nabout: Each once.\nretry: { max_attempts: 3, \
        max_attempts_per_provider: 1 }\n";
    let names = ["a", "b", "c"];
    for number in 0..ERRORS.len().pow(3) {
        let each = [number / 25, number / 5 % 5, number % 5].map(|place| ERRORS[place]);
        let scripts = each.iter().enumerate();
        let scripts = scripts.map(|(place, (status, _))| vec![refusal(*status, place)]);
        let pipes = Pipes {
            scripts: Mutex::new(scripts.collect()),
        };
        let mut builder = Builder::new(pipes).policy(Policy::parse("wire.yaml", policy).unwrap());
        for name in names {
            builder = builder.provider(Provider::new(name, format!("http://{name}/v1"), "m"));
        }
        let client = builder.build().unwrap();
        let error = client.call(&Request::user("hello")).await.unwrap_err();
        let told = error.attempts.iter().map(|attempt| {
            let class = attempt.failure.unwrap().to_string();
            (attempt.provider.clone(), attempt.status.unwrap(), class)
        });
        let met = names.iter().zip(each);
        let met = met.map(|(name, (status, class))| (name.to_string(), status, class.to_owned()));
        assert_eq!(Vec::from_iter(told), Vec::from_iter(met));
        assert!(error.to_string().contains("(said by 0)"), "{error}");
    }
}

/// Compiles only if calls may move between threads, as applications need.
#[tokio::test]
async fn calls_over_tcp_can_be_spawned() {
    let policy = "name: wire\nabout: One attempt.\nretry: { max_attempts: 1, \
        max_attempts_per_provider: 1 }\n";
    let client: Arc<Client<Tcp>> = Arc::new(
        Client::builder()
            .policy(Policy::parse("wire.yaml", policy).unwrap())
            .provider(Provider::new("absent", "http://127.0.0.1:1/v1", "m"))
            .build()
            .unwrap(),
    );
    let plain = client.clone();
    let plain = tokio::spawn(async move { plain.call(&Request::user("hello")).await });
    let streamed = tokio::spawn(async move {
        let mut stream = client.stream(&Request::user("hello"));
        stream.next().await.is_some_and(|piece| piece.is_err())
    });
    assert!(plain.await.unwrap().is_err());
    assert!(streamed.await.unwrap());
}
