//! The prebuffer of a streamed answer stays within its bounds, over loopback TCP.

use firedrill::client::{Client, Provider, Request, Tcp};
use firedrill::policy::config::Policy;
use firedrill::policy::{FailureClass, FailureReason};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

#[tokio::test]
async fn an_error_among_the_first_tokens_falls_back_unheard() {
    // Five tokens at four bytes each, of a prebuffer of ten.
    let primary = listen(token("one two three. four.") + ERROR, None).await;
    let backup = listen(token("all of it") + END, None).await;
    let client = client(
        "prebuffer: 10 tok, prebuffer_timeout: 10m",
        [primary, backup],
    );
    assert_eq!(heard(&client).await, ["all of it"]);
}

#[tokio::test]
async fn an_error_behind_the_opening_is_the_callers() {
    let (go_on, heard_it) = oneshot::channel();
    let rest = (heard_it, ERROR.to_owned());
    let primary = listen(token("one two three. four."), Some(rest)).await;
    let backup = listen(token("all of it") + END, None).await;
    let client = client(
        "prebuffer: 5 tok, prebuffer_timeout: 10m",
        [primary, backup],
    );
    let mut stream = client.stream(&Request::user("tell me"));
    let first = stream.next().await.unwrap();
    assert_eq!(first.unwrap(), "one two three. four.");
    go_on.send(()).unwrap();
    let error = stream.next().await.unwrap().unwrap_err();
    assert_eq!(
        error.reason,
        FailureReason::Interrupted(FailureClass::Overloaded)
    );
}

#[tokio::test]
async fn what_came_is_handed_over_when_the_time_for_the_opening_is_up() {
    let (go_on, heard_it) = oneshot::channel();
    let rest = (heard_it, token("and two") + END);
    let primary = listen(token("one "), Some(rest)).await;
    let backup = listen(END.to_owned(), None).await;
    let client = client(
        "prebuffer: 1000 tok, prebuffer_timeout: 20ms",
        [primary, backup],
    );
    let mut stream = client.stream(&Request::user("tell me"));
    // The provider sends no more before this was received.
    assert_eq!(stream.next().await.unwrap().unwrap(), "one ");
    go_on.send(()).unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap(), "and two");
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn an_answer_that_is_shorter_than_the_opening_is_handed_over_at_its_end() {
    let primary = listen(token("yes") + END, None).await;
    let backup = listen(END.to_owned(), None).await;
    let client = client(
        "prebuffer: 1000 tok, prebuffer_timeout: 10m",
        [primary, backup],
    );
    assert_eq!(heard(&client).await, ["yes"]);
}

fn client(streams: &str, urls: [String; 2]) -> Client<Tcp> {
    let policy = format!(
        "name: held\nretry: {{ max_attempts: 2, max_attempts_per_provider: 1 }}\nstreams: {{ \
            {streams} }}\n"
    );
    let [primary, backup] = urls;
    Client::builder()
        .policy(Policy::parse("held.yaml", &policy).unwrap())
        .provider(Provider::new("primary", primary, "m"))
        .provider(Provider::new("backup", backup, "m"))
        .build()
        .unwrap()
}

async fn heard(client: &Client<Tcp>) -> Vec<String> {
    let mut stream = client.stream(&Request::user("tell me"));
    let mut pieces = Vec::new();
    while let Some(piece) = stream.next().await {
        pieces.push(piece.unwrap());
    }
    pieces
}

fn token(text: &str) -> String {
    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
}

const ERROR: &str = "data: {\"error\":{\"message\":\"overloaded\",\"code\":529,\
                     \"type\":\"overloaded_error\"}}\n\n";

const END: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
                   data: [DONE]\n\n";

/// The rest of an answer, and the signal to send it.
type Rest = (oneshot::Receiver<()>, String);

/// A provider that answers one request with these events.
async fn listen(events: String, rest: Option<Rest>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        answer(stream, events, rest).await;
    });
    format!("http://{address}")
}

async fn answer(mut stream: TcpStream, events: String, rest: Option<Rest>) {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"}") {
        assert!(stream.read_buf(&mut bytes).await.unwrap() > 0);
    }
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(events.as_bytes()).await.unwrap();
    if let Some((heard, rest)) = rest {
        heard.await.unwrap();
        stream.write_all(rest.as_bytes()).await.unwrap();
    }
    stream.shutdown().await.unwrap();
}
