//! The client over TLS: trusted certificates, attempts that share an HTTP/2 connection, and
//! requests that are sent again because the provider did not process them.

#![cfg(feature = "tls")]

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use firedrill::client::{BuildError, Builder, Client, Error, Provider, Request, Tcp, Tls};
use firedrill::policy::FailureClass;
use firedrill::policy::config::Policy;
use h2::Reason;
use h2::server::SendResponse;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::{Barrier, Notify};

use crate::authority::{Authority, TlsListener};

const GOOD: &str =
    "{\"choices\":[{\"message\":{\"content\":\"hello\"},\"finish_reason\":\"stop\"}]}";

const POLICY: &str = "
name: tls
about: One attempt.
retry: { max_attempts: 1, max_attempts_per_provider: 1 }
timeouts: { connect: 500ms, attempt: 5s }
";

fn client<C: firedrill::client::Connect>(connect: C, url: &str) -> Client<C> {
    Builder::new(connect)
        .policy(Policy::parse("tls.yaml", POLICY).unwrap())
        .provider(Provider::new("primary", url, "gpt-4.1").key("sk-test"))
        .build()
        .unwrap()
}

async fn ask(client: &Client<Tls>) -> Result<String, Error> {
    let answer = client.call(&Request::user("are you there?")).await?;
    assert_eq!(answer.attempts, 1);
    Ok(answer.text)
}

/// The failure of the only attempt, and its message.
fn failure(error: &Error) -> (FailureClass, String) {
    let [attempt] = error.attempts.as_slice() else {
        panic!("not one attempt: {error}");
    };
    let message = attempt.message.clone().unwrap_or_default();
    (attempt.failure.unwrap(), message)
}

#[tokio::test]
async fn who_is_not_vouched_for_is_not_asked() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let cases = [
        (theirs.listen("localhost", &[]).await, "UnknownIssuer"),
        (
            ours.listen("elsewhere.test", &[]).await,
            "not valid for name",
        ),
    ];
    for (listener, says) in cases {
        let url = format!("https://localhost:{}", listener.port());
        let heard = Arc::new(AtomicUsize::new(0));
        let counted = heard.clone();
        tokio::spawn(async move {
            loop {
                if let Ok((mut stream, ())) = listener.accept().await {
                    let read = stream.read(&mut [0; 1024]).await.unwrap_or(0);
                    counted.fetch_add(read, Ordering::Relaxed);
                }
            }
        });
        let client = client(Tls::trusting([ours.der()]).unwrap(), &url);
        let (class, message) = failure(&ask(&client).await.unwrap_err());
        assert_eq!(class, FailureClass::Connect);
        assert!(
            message.starts_with("TLS with localhost: invalid peer certificate"),
            "{message}"
        );
        assert!(message.contains(says), "{message}");
        assert_eq!(
            heard.load(Ordering::Relaxed),
            0,
            "no byte of a request has left"
        );
    }
}

#[tokio::test]
async fn the_handshake_counts_in_the_connect_timeout() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", silent.local_addr().unwrap().port());
    let client = client(Tls::bundled(), &url);
    let error = ask(&client).await.unwrap_err();
    assert_eq!(failure(&error).0, FailureClass::TimeoutConnect);
}

#[tokio::test]
async fn plain_addresses_are_reached_as_well() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
        let answer = format!("{head}content-length: {}\r\n\r\n{GOOD}", GOOD.len());
        stream.write_all(answer.as_bytes()).await.unwrap();
        std::future::pending::<()>().await;
    });
    assert_eq!(ask(&client(Tls::bundled(), &url)).await.unwrap(), "hello");
}

#[test]
fn without_tls_a_secret_address_is_refused_when_the_client_is_built() {
    let built = Builder::new(Tcp)
        .policy(Policy::parse("tls.yaml", POLICY).unwrap())
        .provider(Provider::new("primary", "https://api.test/v1", "m"))
        .build();
    let error = built.err().unwrap();
    assert_eq!(error, BuildError::NeedsTls("https://api.test/v1".into()));
    assert!(error.to_string().contains("feature `tls`"), "{error}");
}

#[test]
fn a_policy_with_quirks_is_refused_when_the_client_is_built() {
    let policy = format!("{POLICY}quirks: [ waits_blindly ]\n");
    let built = Builder::new(Tcp)
        .policy(Policy::parse("tls.yaml", &policy).unwrap())
        .provider(Provider::new("primary", "http://api.test/v1", "m"))
        .build();
    let error = built.err().unwrap();
    assert_eq!(error, BuildError::Quirks("tls".into()));
    assert!(error.to_string().contains("`quirks`"), "{error}");
}

/// What a provider received: for each connection its requests.
#[derive(Default)]
struct Seen {
    connections: Mutex<Vec<Vec<String>>>,
    changed: Notify,
}

impl Seen {
    fn counts(&self) -> Vec<usize> {
        self.connections
            .lock()
            .unwrap()
            .iter()
            .map(Vec::len)
            .collect()
    }

    async fn until(&self, what: impl Fn(&Self) -> bool) {
        let wait = async {
            while !what(self) {
                self.changed.notified().await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(5), wait).await;
        assert!(waited.is_ok(), "it saw {:?}", self.counts());
    }
}

/// An HTTP/2 provider built on the `h2` crate: `on_request` gets the number of the connection, of
/// the request on it, and the response handle.
async fn provider<F, R>(on_request: F) -> (Client<Tls>, Arc<Seen>)
where
    F: Fn(usize, usize, SendResponse<Bytes>) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let (client, listener) = listen().await;
    let seen = Arc::new(Seen::default());
    let (told, on_request) = (seen.clone(), Arc::new(on_request));
    tokio::spawn(async move {
        while let Ok((stream, ())) = listener.accept().await {
            let (told, on_request) = (told.clone(), on_request.clone());
            let nth = {
                let mut connections = told.connections.lock().unwrap();
                connections.push(Vec::new());
                connections.len() - 1
            };
            tokio::spawn(async move {
                let mut http: h2::server::Connection<_, Bytes> =
                    h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((request, respond))) = http.accept().await {
                    let line = format!("{} {}", request.method(), request.uri());
                    assert!(request.headers().get("host").is_none());
                    assert_eq!(request.headers()["authorization"], "Bearer sk-test");
                    let number = {
                        let requests = &mut told.connections.lock().unwrap()[nth];
                        requests.push(line);
                        requests.len() - 1
                    };
                    told.changed.notify_one();
                    tokio::spawn(on_request(nth, number, respond));
                }
            });
        }
    });
    (client, seen)
}

/// A client, and the listener that it connects to.
async fn listen() -> (Client<Tls>, TlsListener) {
    let authority = Authority::new("ours");
    let listener = authority.listen("localhost", &["h2", "http/1.1"]).await;
    let url = format!("https://localhost:{}/v1", listener.port());
    let tls = Tls::trusting([authority.der()]).unwrap();
    (client(tls, &url), listener)
}

fn answer(mut respond: SendResponse<Bytes>) {
    let head = hyper::Response::builder().header("content-type", "application/json");
    let mut body = respond
        .send_response(head.body(()).unwrap(), false)
        .unwrap();
    body.send_data(Bytes::from_static(GOOD.as_bytes()), true)
        .unwrap();
}

/// A provider that answers its first request at once, and the others when `at_once` are waiting.
async fn waits_for(at_once: usize) -> (Client<Tls>, Arc<Seen>) {
    let all = Arc::new(Barrier::new(at_once));
    provider(move |connection, number, respond| {
        let all = all.clone();
        async move {
            if (connection, number) != (0, 0) {
                all.wait().await;
            }
            answer(respond);
        }
    })
    .await
}

/// One call, then `at_once` concurrent ones.
async fn one_and_then(client: &Client<Tls>, at_once: usize) {
    assert_eq!(ask(client).await.unwrap(), "hello");
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..at_once {
        let client = client.clone();
        calls.spawn(async move { ask(&client).await.unwrap() });
    }
    while let Some(call) = calls.join_next().await {
        assert_eq!(call.unwrap(), "hello");
    }
}

#[tokio::test]
async fn attempts_share_one_connection() {
    let (client, seen) = waits_for(20).await;
    one_and_then(&client, 20).await;
    assert_eq!(seen.counts(), [21]);
    let first = seen.connections.lock().unwrap()[0][0].clone();
    assert!(first.starts_with("POST https://localhost:"), "{first}");
    assert!(first.ends_with("/v1/chat/completions"), "{first}");
}

#[tokio::test]
async fn a_full_connection_gets_a_second_one_beside_it() {
    let (client, seen) = waits_for(101).await;
    one_and_then(&client, 101).await;
    let says = "no stream waits for another's answer";
    assert_eq!(seen.counts(), [101, 1], "{says}");
}

#[tokio::test]
async fn a_dropped_attempt_resets_its_stream_and_nothing_else() {
    let resets = Arc::new(AtomicUsize::new(0));
    let counted = resets.clone();
    let (client, seen) = provider(move |_, number, mut respond| {
        let counted = counted.clone();
        async move {
            if number == 1 {
                let reason = std::future::poll_fn(|cx| respond.poll_reset(cx)).await;
                assert_eq!(reason.unwrap(), Reason::CANCEL);
                counted.fetch_add(1, Ordering::Relaxed);
            } else {
                tokio::time::sleep(Duration::from_millis(100)).await;
                answer(respond);
            }
        }
    })
    .await;
    assert_eq!(ask(&client).await.unwrap(), "hello");
    let dropped = client.clone();
    let call = tokio::spawn(async move { ask(&dropped).await });
    seen.until(|seen| seen.counts() == [2]).await;
    let beside = client.clone();
    let beside = tokio::spawn(async move { ask(&beside).await.unwrap() });
    seen.until(|seen| seen.counts() == [3]).await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    assert_eq!(beside.await.unwrap(), "hello");
    assert_eq!(ask(&client).await.unwrap(), "hello");
    assert_eq!(
        (seen.counts(), resets.load(Ordering::Relaxed)),
        (vec![4], 1)
    );
}

#[tokio::test]
async fn a_refused_stream_is_tried_once_more_on_a_fresh_connection() {
    let (client, seen) = provider(|connection, _, mut respond| async move {
        match connection {
            0 => respond.send_reset(Reason::REFUSED_STREAM),
            _ => answer(respond),
        }
    })
    .await;
    assert_eq!(ask(&client).await.unwrap(), "hello");
    assert_eq!(ask(&client).await.unwrap(), "hello");
    assert_eq!(
        seen.counts(),
        [1, 2],
        "and the connection that refused is left alone"
    );
}

#[tokio::test]
async fn who_refuses_twice_is_believed() {
    let (client, seen) = provider(|_, _, mut respond| async move {
        respond.send_reset(Reason::REFUSED_STREAM);
    })
    .await;
    let error = ask(&client).await.unwrap_err();
    assert_eq!(failure(&error).0, FailureClass::Reset);
    assert_eq!(seen.counts(), [1, 1]);
}

#[tokio::test]
async fn a_stream_that_may_have_been_processed_is_not_tried_again() {
    let (client, seen) = provider(|_, _, mut respond| async move {
        respond.send_reset(Reason::INTERNAL_ERROR);
    })
    .await;
    let error = ask(&client).await.unwrap_err();
    assert_eq!(failure(&error).0, FailureClass::Reset);
    assert_eq!(seen.counts(), [1]);
}

#[tokio::test]
async fn an_attempt_that_times_out_leaves_the_connection_to_nobody_else() {
    let (client, seen) = provider(|connection, _, respond| async move {
        match connection {
            0 => std::future::pending().await,
            _ => answer(respond),
        }
    })
    .await;
    let slow = Request::user("are you there?").deadline(Duration::from_secs(20));
    let error = client.call(&slow).await.unwrap_err();
    assert_eq!(failure(&error).0, FailureClass::TimeoutAttempt);
    assert_eq!(ask(&client).await.unwrap(), "hello");
    assert_eq!(seen.counts(), [1, 1]);
}

/// HTTP/2 by hand: the first connection sends a GOAWAY at the first request, with `last` as the
/// last stream; the others answer. Returns the number of requests.
async fn goes_away(last: u8) -> (Client<Tls>, Arc<AtomicUsize>) {
    let (client, listener) = listen().await;
    let seen = Arc::new(AtomicUsize::new(0));
    let told = seen.clone();
    tokio::spawn(async move {
        let (mut stream, ()) = listener.accept().await.unwrap();
        stream.read_exact(&mut [0; PREFACE]).await.unwrap();
        stream.write_all(&SETTINGS).await.unwrap();
        while read_frame(&mut stream).await != HEADERS {}
        told.fetch_add(1, Ordering::Relaxed);
        let goaway = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, last, 0, 0, 0, 0];
        stream.write_all(&goaway).await.unwrap();
        stream.shutdown().await.unwrap();
        let (stream, ()) = listener.accept().await.unwrap();
        let mut http: h2::server::Connection<_, Bytes> =
            h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((_, respond))) = http.accept().await {
            told.fetch_add(1, Ordering::Relaxed);
            answer(respond);
        }
    });
    (client, seen)
}

async fn read_frame(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> u8 {
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.unwrap();
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    stream
        .read_exact(&mut vec![0; length as usize])
        .await
        .unwrap();
    head[3]
}

/// `PRI * HTTP/2.0` and so on (RFC 9113, 3.4), in bytes.
const PREFACE: usize = 24;
/// A frame of type 4 for the connection, which changes nothing.
const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
/// The type of the frame that a request begins with.
const HEADERS: u8 = 1;

#[tokio::test]
async fn a_request_that_a_goaway_does_not_cover_is_sent_again() {
    let (client, seen) = goes_away(0).await;
    assert_eq!(ask(&client).await.unwrap(), "hello");
    assert_eq!(seen.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_request_that_a_goaway_covers_is_not_sent_again() {
    let (client, seen) = goes_away(1).await;
    let error = ask(&client).await.unwrap_err();
    assert_eq!(failure(&error).0, FailureClass::Reset);
    assert_eq!(seen.load(Ordering::Relaxed), 1);
    assert_eq!(
        ask(&client).await.unwrap(),
        "hello",
        "and the next call has a fresh connection"
    );
}
