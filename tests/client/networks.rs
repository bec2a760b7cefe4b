//! One test body over all connectors: the client has the same results over the simulated network,
//! over real loopback TCP, and over TLS on it.

use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use firedrill::client::{Builder, Client, Connect, Dialect, Endpoint, Provider, Request, Tcp};
use firedrill::engine::{Listener, Simulated, TestNetwork};
use firedrill::policy::config::Policy;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

#[cfg(feature = "tls")]
use crate::authority;
use crate::support;
use crate::support::Story;

/// A server's reaction to one request.
#[derive(Clone, Copy)]
enum Act {
    /// Sends these bytes, and keeps the connection open.
    Say(&'static str),
    /// Sends these bytes, and closes the connection cleanly.
    SayAndClose(&'static str),
    /// The connection is reset before the request is read.
    Reset,
    /// Sends nothing, until the client gives up.
    Silence,
}

const GOOD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 73\r\n\r\n\
    {\"choices\":[{\"message\":{\"content\":\"hello\"},\"finish_reason\":\"stop\"}]}     ";
const OVERLOADED: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 2\r\n\r\n{}";
const SLOW_DOWN: &str =
    "HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 2\r\n\r\n{}";
const WRONG: &str = "HTTP/1.1 400 Bad Request\r\ncontent-length: 68\r\n\r\n\
    {\"error\":{\"type\":\"invalid_request_error\",\"param\":\"n\",\"message\":\"n\"}}";
const HTML: &str = "HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n<!DOCTYPE html>";
const CUT: &str = "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"choices\":[{\"mess";
const STREAM: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
    transfer-encoding: chunked\r\n\r\n\
    32\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"one \"}}]}\n\n\r\n\
    31\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"two\"}}]}\n\n\r\n\
    e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n";
const CUT_STREAM: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
    transfer-encoding: chunked\r\n\r\n\
    32\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"one \"}}]}\n\n\r\n";
const EMPTY_STREAM: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
    transfer-encoding: chunked\r\n\r\n";

/// The primary's reactions, request by request; the backup always answers.
const PRIMARY: &[Act] = &[
    Act::Say(GOOD),
    Act::Say(OVERLOADED),
    Act::Say(SLOW_DOWN),
    Act::Say(WRONG),
    Act::Say(HTML),
    Act::SayAndClose(CUT),
    Act::Reset,
    Act::Silence,
    Act::Say(STREAM),
    Act::SayAndClose(CUT_STREAM),
    Act::SayAndClose(EMPTY_STREAM),
];

/// Which of the calls above are streamed; the rest are plain.
const STREAMED: std::ops::Range<u64> = 8..11;

const POLICY: &str = "
name: story
about: One attempt at each provider, in order.
retry: { max_attempts: 2, max_attempts_per_provider: 1 }
failures: { rate_limited: fallback, server_error: fallback, overloaded: fallback }
timeouts: { connect: 2s, attempt: 300ms }
";

/// The test body: every call, one after the other.
async fn story<C: Connect>(connect: C, primary: String, backup: String) -> Vec<String> {
    let recorder = Story::new();
    let client: Client<C> = Builder::new(connect)
        .policy(Policy::parse("story.yaml", POLICY).unwrap())
        .provider(Provider::new("primary", primary, "gpt-4.1").key("sk-test"))
        .provider(Provider::new("backup", backup, "deepseek-v3.2"))
        .recorder(recorder.clone())
        .build()
        .unwrap();
    let mut told = Vec::new();
    for number in 0..PRIMARY.len() as u64 {
        let request = Request::user("tell me").id(number);
        if STREAMED.contains(&number) {
            let mut stream = client.stream(&request);
            while let Some(piece) = stream.next().await {
                told.push(match piece {
                    Ok(text) => format!("#{number} heard {text:?}"),
                    Err(error) => format!("#{number} error {:?}", error.reason),
                });
            }
        } else {
            told.push(match client.call(&request).await {
                Ok(answer) => format!("#{number} {} said {:?}", answer.provider, answer.text),
                Err(error) => format!("#{number} error {:?}", error.reason),
            });
        }
    }
    told.extend(recorder.lines());
    told
}

/// Serves one connection; returns how many requests it has seen in all.
async fn serve<S>(mut stream: S, script: &[Act], mut seen: usize) -> usize
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let act = script[seen.min(script.len() - 1)];
        if let Act::Reset = act {
            // Unread bytes would turn the close into a reset.
            if stream.read(&mut [0]).await.unwrap_or(0) == 0 {
                return seen;
            }
            return seen + 1;
        }
        if support::read_request(&mut stream).await.is_none() {
            return seen;
        }
        seen += 1;
        match act {
            Act::Say(text) => stream.write_all(text.as_bytes()).await.unwrap(),
            Act::SayAndClose(text) => {
                stream.write_all(text.as_bytes()).await.unwrap();
                // With TLS a close without close_notify is not clean.
                stream.shutdown().await.unwrap();
                return seen;
            }
            Act::Silence => while stream.read(&mut [0; 64]).await.is_ok_and(|read| read > 0) {},
            Act::Reset => unreachable!("handled before the request is read"),
        }
    }
}

macro_rules! accept_from {
    ($listener:expr, $script:expr) => {{
        let (listener, mut seen) = ($listener, 0);
        while let Ok((stream, _)) = listener.accept().await {
            seen = serve(stream, $script, seen).await;
        }
    }};
}

fn through_tcp() -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut urls = Vec::new();
        for script in [PRIMARY, &[Act::Say(GOOD)], &[Act::Say(STREAM)]] {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            urls.push(format!("http://{}/v1", listener.local_addr().unwrap()));
            tokio::spawn(async move { accept_from!(listener, script) });
        }
        story(Tcp, urls[0].clone(), urls[1].clone()).await
    })
}

#[cfg(feature = "tls")]
fn through_tls() -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let authority = authority::Authority::new("ours");
        let mut urls = Vec::new();
        for script in [PRIMARY, &[Act::Say(GOOD)]] {
            let listener = authority.listen("localhost", &["http/1.1"]).await;
            urls.push(format!("https://localhost:{}/v1", listener.port()));
            tokio::spawn(async move { accept_from!(listener, script) });
        }
        let tls = firedrill::client::Tls::trusting([authority.der()]).unwrap();
        story(tls, urls[0].clone(), urls[1].clone()).await
    })
}

fn through_the_simulation() -> Vec<String> {
    TestNetwork::default()
        .server("primary", |listener| accept_from(listener, PRIMARY))
        .server("backup", |listener| {
            accept_from(listener, &[Act::Say(GOOD)])
        })
        .run(story(
            Simulated::default(),
            "http://primary/v1".into(),
            "http://backup/v1".into(),
        ))
        .unwrap()
}

async fn accept_from(mut listener: Listener, script: &[Act]) {
    let mut seen = 0;
    loop {
        seen = serve(listener.accept().await, script, seen).await;
    }
}

/// The TCP of turmoil-net, which shares nothing with ours.
#[derive(Clone, Copy)]
struct Turmoil;

impl Connect for Turmoil {
    type Io = TokioIo<turmoil_net::shim::tokio::net::TcpStream>;

    async fn connect(&self, endpoint: &Endpoint) -> io::Result<Self::Io> {
        let address = (endpoint.host.as_str(), endpoint.port);
        let stream = turmoil_net::shim::tokio::net::TcpStream::connect(address).await?;
        Ok(TokioIo::new(stream))
    }
}

fn through_turmoil() -> Vec<String> {
    use turmoil_net::fixture::ClientServer;
    use turmoil_net::shim::tokio::net::TcpListener;
    let bind = || TcpListener::bind(("0.0.0.0", 80));
    ClientServer::new()
        .server("primary", async move {
            accept_from!(bind().await.unwrap(), PRIMARY)
        })
        .server("backup", async move {
            accept_from!(bind().await.unwrap(), &[Act::Say(GOOD)])
        })
        .run(
            "client",
            story(
                Turmoil,
                "http://primary/v1".into(),
                "http://backup/v1".into(),
            ),
        )
}

#[test]
fn the_client_tells_the_same_story_through_every_network() {
    let real = through_tcp();
    let simulated = through_the_simulation();
    assert_eq!(real, simulated);
    assert_eq!(real, through_turmoil());
    #[cfg(feature = "tls")]
    assert_eq!(real, through_tls());
    let heard: Vec<&str> = real.iter().map(String::as_str).take(13).collect();
    assert_eq!(
        heard,
        [
            "#0 primary said \"hello\"",
            "#1 backup said \"hello\"",
            "#2 backup said \"hello\"",
            "#3 error Stopped(BadRequest)",
            "#4 backup said \"hello\"",
            "#5 backup said \"hello\"",
            "#6 backup said \"hello\"",
            "#7 backup said \"hello\"",
            "#8 heard \"one \"",
            "#8 heard \"two\"",
            "#9 heard \"one \"",
            "#9 error Interrupted(Truncated)",
            "#10 heard \"hello\"",
        ]
    );
    for (call, class) in [
        (1, "server_error"),
        (2, "rate_limited"),
        (4, "malformed"),
        (5, "truncated"),
        (6, "reset"),
        (7, "timeout_attempt"),
        (10, "truncated"),
    ] {
        let line = format!("#{call} attempt 1 failed: {class}");
        assert!(real.contains(&line), "no «{line}» in {real:#?}");
    }
}

#[test]
fn a_port_where_nobody_listens_is_a_connect_failure_on_every_network() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let real = runtime.block_on(refused(Tcp, format!("http://{unused}")));
    let simulated = TestNetwork::default()
        .server("primary", |_| std::future::ready(()))
        .run(refused(Simulated::default(), "http://primary".into()))
        .unwrap();
    assert_eq!(real, simulated);
    assert_eq!(real, ["primary connect"]);
    #[cfg(feature = "tls")]
    {
        let tls = firedrill::client::Tls::bundled();
        let secret = runtime.block_on(refused(tls, format!("https://{unused}")));
        assert_eq!(real, secret);
    }
}

async fn refused<C: Connect>(connect: C, url: String) -> Vec<String> {
    let client = Builder::new(connect)
        .policy(Policy::parse("story.yaml", POLICY).unwrap())
        .provider(Provider::new("primary", url, "gpt-4.1"))
        .recorder(Arc::new(firedrill::trace::NoopRecorder))
        .build()
        .unwrap();
    let request = Request::user("are you there?").deadline(Duration::from_secs(5));
    let error = client.call(&request).await.unwrap_err();
    let source = error.source().and_then(|source| source.downcast_ref());
    assert_eq!(
        source.map(io::Error::kind),
        Some(io::ErrorKind::ConnectionRefused)
    );
    let line = |attempt: &firedrill::client::AttemptReport| {
        format!("{} {}", attempt.provider, attempt.failure.unwrap())
    };
    error.attempts.iter().map(line).collect()
}

/// Two plain calls, then two streamed ones, each with one attempt.
async fn dialect_story<C: Connect>(connect: C, url: String, dialect: Dialect) -> Vec<String> {
    let recorder = Story::new();
    let client: Client<C> = Builder::new(connect)
        .policy(Policy::parse("story.yaml", POLICY).unwrap())
        .provider(Provider::new("primary", url, "m").dialect(dialect))
        .recorder(recorder.clone())
        .build()
        .unwrap();
    for _ in 0..2 {
        drop(client.call(&Request::user("tell me")).await);
    }
    for _ in 0..2 {
        let mut stream = client.stream(&Request::user("tell me"));
        while stream.next().await.is_some() {}
    }
    recorder.lines()
}

#[test]
fn every_dialect_tells_the_same_story_through_every_network() {
    for (dialect, script) in [(Dialect::Anthropic, ANTHROPIC), (Dialect::Gemini, GEMINI)] {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .unwrap();
        let real = runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            tokio::spawn(async move { accept_from!(listener, script) });
            dialect_story(Tcp, url, dialect).await
        });
        #[cfg(feature = "tls")]
        let secret = runtime.block_on(async {
            let authority = authority::Authority::new("ours");
            let listener = authority.listen("localhost", &["http/1.1"]).await;
            let url = format!("https://localhost:{}", listener.port());
            tokio::spawn(async move { accept_from!(listener, script) });
            let tls = firedrill::client::Tls::trusting([authority.der()]).unwrap();
            dialect_story(tls, url, dialect).await
        });
        #[cfg(feature = "tls")]
        assert_eq!(real, secret);
        let url = "http://primary".into();
        let simulated = TestNetwork::default()
            .server("primary", |listener| accept_from(listener, script))
            .run(dialect_story(Simulated::default(), url, dialect))
            .unwrap();
        assert_eq!(real, simulated);
        for line in [
            "#0 attempt 1 failed: overloaded",
            "#1 attempt 1 answered",
            "#2 first token",
            "#2 attempt 1 answered",
            "#3 first token",
            "#3 attempt 1 failed: truncated",
        ] {
            let told = real.iter().any(|told| told == line);
            assert!(told, "{dialect:?}: no «{line}» in {real:#?}");
        }
    }
}

/// An error, an answer, a stream, and a cut stream, in Anthropic's dialect.
const ANTHROPIC: &[Act] = &[
    Act::Say(
        "HTTP/1.1 529 Overloaded\r\ncontent-length: 66\r\n\r\n\
        {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"x\"}}",
    ),
    Act::Say(
        "HTTP/1.1 200 OK\r\ncontent-length: 67\r\n\r\n\
        {\"content\":[{\"type\":\"text\",\"text\":\"one\"}],\"stop_reason\":\"end_turn\"}",
    ),
    Act::SayAndClose(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n\
        data: {\"type\":\"content_block_delta\",\
        \"delta\":{\"type\":\"text_delta\",\"text\":\"one\"}}\n\n\
        data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n\
        data: {\"type\":\"message_stop\"}\n\n",
    ),
    Act::SayAndClose(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n\
        data: {\"type\":\"content_block_delta\",\
        \"delta\":{\"type\":\"text_delta\",\"text\":\"one\"}}\n\n",
    ),
];

/// The same in Gemini's.
const GEMINI: &[Act] = &[
    Act::Say(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 59\r\n\r\n\
        {\"error\":{\"code\":503,\"message\":\"x\",\"status\":\"UNAVAILABLE\"}}",
    ),
    Act::Say(
        "HTTP/1.1 200 OK\r\ncontent-length: 77\r\n\r\n\
        {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"one\"}]},\
        \"finishReason\":\"STOP\"}]}",
    ),
    Act::SayAndClose(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n\
        data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"one\"}]}}]}\r\n\r\n\
        data: {\"candidates\":[{\"finishReason\":\"STOP\"}]}\r\n\r\n",
    ),
    Act::SayAndClose(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n\
        data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"one\"}]}}]}\r\n\r\n",
    ),
];
