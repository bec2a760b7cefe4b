//! The tokens of two attempts are never mixed: two providers send the same numbers of tokens with
//! different letters, the first is slow, a hedge starts beside it, and both send at once. The
//! caller gets the tokens of one of them only, streamed and whole, with and without a prebuffer,
//! over pipes with a paused clock and over real TCP.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use firedrill::client::{Builder, Client, Connect, Endpoint, Provider, Request, Tcp};
use firedrill::policy::config::Policy;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::support;

/// How a provider sends tokens: after a pause, one every few milliseconds.
#[derive(Clone, Copy)]
struct Voice {
    letter: char,
    silence: Duration,
    every: Duration,
    /// After this many tokens its connection is cut; none = it sends all.
    breaks: Option<usize>,
}

/// What a caller got: the text, and the provider if it was whole.
struct Heard {
    text: String,
    whole: Option<String>,
}

#[tokio::test(start_paused = true)]
async fn over_pipes_every_answer_is_one_voice() {
    let mut winners = BTreeMap::new();
    for opening in OPENINGS {
        for late in (150..=350).step_by(10) {
            for (every, breaks) in [(5, None), (7, Some(3)), (1, Some(9)), (0, None)] {
                for whole in [false, true] {
                    let [first, second] = voices(late, every, breaks);
                    let client = client(Pipes([first, second]), opening, ["http://a", "http://b"]);
                    let heard = listen(&client, whole).await;
                    is_one_voice(&heard, whole, breaks, &mut winners);
                }
            }
        }
    }
    assert!(winners.values().all(|won| *won > 20), "{winners:?}");
    assert_eq!(
        winners.len(),
        4,
        "each voice wins, whole or not: {winners:?}"
    );
}

#[tokio::test]
async fn over_tcp_every_answer_is_one_voice() {
    let mut winners = BTreeMap::new();
    for opening in OPENINGS {
        for (late, breaks) in [(180, None), (200, None), (220, None), (100, Some(9))] {
            for whole in [false, true] {
                let [first, second] = voices(late, 2, breaks);
                let urls = [hall(first).await, hall(second).await];
                let client = client(Tcp, opening, [&urls[0], &urls[1]]);
                let heard = listen(&client, whole).await;
                is_one_voice(&heard, whole, breaks, &mut winners);
            }
        }
    }
}

/// The first provider begins after `late` milliseconds, the second 100 ms after the hedge, which is
/// 200 ms after the call.
fn voices(late: u64, every: u64, breaks: Option<usize>) -> [Voice; 2] {
    let every = Duration::from_millis(every);
    let first = Voice {
        letter: 'a',
        silence: Duration::from_millis(late),
        every,
        breaks,
    };
    let second = Voice {
        letter: 'b',
        silence: Duration::from_millis(100),
        breaks: None,
        ..first
    };
    [first, second]
}

fn is_one_voice(
    heard: &Heard,
    whole: bool,
    breaks: Option<usize>,
    winners: &mut BTreeMap<(bool, String), u32>,
) {
    let text = &heard.text;
    let voice = text.chars().next().unwrap_or('-');
    assert!(
        text.chars().all(|letter| letter == voice),
        "two voices: {text}"
    );
    match &heard.whole {
        Some(provider) => {
            assert_eq!(text.len(), NOTES * NOTE, "a part for the whole: {text}");
            assert_eq!(provider, &voice.to_string(), "another's answer");
            *winners.entry((whole, provider.clone())).or_default() += 1;
        }
        None => {
            assert!(
                !whole && breaks.is_some(),
                "nothing broke off in the caller's hands"
            );
            assert!(voice == 'a' && text.len() < NOTES * NOTE, "{text}");
        }
    }
}

async fn listen<C: Connect>(client: &Client<C>, whole: bool) -> Heard {
    let request = Request::user("sing");
    if whole {
        let answer = client.buffered(&request).await.expect("the other sings on");
        return Heard {
            text: answer.text,
            whole: Some(answer.provider),
        };
    }
    let mut stream = client.stream(&request);
    let mut text = String::new();
    while let Some(piece) = stream.next().await {
        match piece {
            Ok(piece) => text += &piece,
            Err(error) => {
                assert_eq!(error.received, text, "the error says what had come");
                return Heard { text, whole: None };
            }
        }
    }
    let answer = stream.answer().expect("it ended well");
    assert_eq!(answer.text, text, "the answer is what was handed over");
    Heard {
        text,
        whole: Some(answer.provider.clone()),
    }
}

fn client<C: Connect>(connect: C, opening: &str, urls: [&str; 2]) -> Client<C> {
    let policy = format!(
        "name: choir\nretry: {{ max_attempts: 4, max_attempts_per_provider: 1 }}\n\
         hedge: {{ delay: 100ms, budget: 100% }}\n\
         streams: {{ prebuffer: {opening}, prebuffer_timeout: 60ms }}\n\
         timeouts: {{ call: 1m }}\n"
    );
    let mut builder = Builder::new(connect).policy(Policy::parse("choir.yaml", &policy).unwrap());
    for (name, url) in ["a", "b"].into_iter().zip(urls) {
        builder = builder.provider(Provider::new(name, url, "m"));
    }
    builder.build().unwrap()
}

/// Pipes in memory to two providers.
struct Pipes([Voice; 2]);

impl Connect for Pipes {
    type Io = TokioIo<DuplexStream>;

    async fn connect(&self, endpoint: &Endpoint) -> io::Result<Self::Io> {
        let voice = self.0[usize::from(endpoint.host == "b")];
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        tokio::spawn(sing(theirs, voice));
        Ok(TokioIo::new(ours))
    }
}

/// A provider over TCP; returns its address.
async fn hall(voice: Voice) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(sing(stream, voice));
        }
    });
    url
}

async fn sing(mut stream: impl AsyncRead + AsyncWrite + Unpin, voice: Voice) {
    if support::read_request(&mut stream).await.is_none() {
        return;
    }
    sleep(voice.silence).await;
    let note = voice.letter.to_string().repeat(NOTE);
    let note = format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{note}\"}}}}]}}\n\n");
    let mut said = HEAD.to_owned();
    for sung in 0..NOTES {
        if voice.breaks == Some(sung) {
            return;
        }
        said += &chunk(&note);
        // The client has closed the connection.
        if stream.write_all(said.as_bytes()).await.is_err() {
            return;
        }
        said.clear();
        sleep(voice.every).await;
    }
    let end = chunk("data: [DONE]\n\n") + "0\r\n\r\n";
    let _ = stream.write_all(end.as_bytes()).await;
    std::future::pending().await
}

fn chunk(piece: &str) -> String {
    format!("{:x}\r\n{piece}\r\n", piece.len())
}

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
    transfer-encoding: chunked\r\n\r\n";

/// The number of tokens of an answer.
const NOTES: usize = 20;
const NOTE: usize = 4;

/// No prebuffer, a few tokens, and more than the answer has.
const OPENINGS: [&str; 3] = ["0 tok", "5 tok", "50 tok"];
