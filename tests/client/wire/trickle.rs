//! Slow streams, and slow callers.

use std::io;
use std::time::Duration;

use firedrill::client::{Builder, Client, Connect, Endpoint, Error, Provider, Request};
use firedrill::policy::config::Policy;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncWriteExt, DuplexStream};

use super::{DONE, TOKEN, chunked};
use crate::support;

/// Twenty tokens of two bytes, at a fixed interval.
struct Trickle {
    every: Duration,
}

impl Connect for Trickle {
    type Io = TokioIo<DuplexStream>;

    async fn connect(&self, _: &Endpoint) -> io::Result<Self::Io> {
        let (ours, mut theirs) = tokio::io::duplex(1 << 16);
        let every = self.every;
        tokio::spawn(async move {
            support::read_request(&mut theirs).await.unwrap();
            let mut said = chunked(&[TOKEN]);
            for number in 2..=21 {
                if theirs.write_all(said.as_bytes()).await.is_err() {
                    return;
                }
                tokio::time::sleep(every).await;
                let data = if number > 20 { DONE } else { TOKEN };
                said = format!("{:x}\r\n{data}\r\n", data.len());
            }
            theirs.write_all(said.as_bytes()).await.unwrap();
            std::future::pending::<()>().await;
        });
        Ok(TokioIo::new(ours))
    }
}

/// A client with a minimum speed of one token (four bytes) per second, over four seconds.
fn client(every: Duration) -> Client<Trickle> {
    let policy = "name: wire\nabout: One attempt.\nretry: { max_attempts: 1, \
        max_attempts_per_provider: 1 }\n\
        timeouts: { idle: 5s }\nstreams: { min_speed: 1 tok/s, min_speed_window: 4s }\n";
    Builder::new(Trickle { every })
        .policy(Policy::parse("wire.yaml", policy).unwrap())
        .provider(Provider::new("primary", "http://primary/v1", "m"))
        .build()
        .unwrap()
}

/// The number of tokens, and the result, for a caller that takes `over_each` for each token.
async fn hear(client: &Client<Trickle>, over_each: Duration) -> (usize, Result<(), Error>) {
    let mut stream = client.stream(&Request::user("hello"));
    let mut heard = 0;
    while let Some(piece) = stream.next().await {
        if let Err(error) = piece {
            return (heard, Err(error));
        }
        heard += 1;
        tokio::time::sleep(over_each).await;
    }
    (heard, Ok(()))
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_trickles_is_given_up_after_the_span() {
    let began = tokio::time::Instant::now();
    let (heard, ended) = hear(&client(Duration::from_millis(900)), Duration::ZERO).await;
    let error = ended.unwrap_err();
    assert_eq!(began.elapsed(), Duration::from_secs(4));
    assert_eq!(heard, 5);
    let [attempt] = error.attempts.as_slice() else {
        panic!("not one attempt: {error}");
    };
    assert_eq!(attempt.failure.unwrap().to_string(), "timeout_idle");
    let message = attempt.message.as_deref().unwrap();
    assert!(message.contains("slower than the policy"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_fast_enough_is_left_alone() {
    let (heard, ended) = hear(&client(Duration::from_millis(500)), Duration::ZERO).await;
    assert_eq!((heard, ended.is_ok()), (20, true));
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_is_slow_does_not_make_the_stream_slow() {
    let slow = Duration::from_secs(3);
    let (heard, ended) = hear(&client(Duration::from_millis(100)), slow).await;
    assert_eq!((heard, ended.is_ok()), (20, true));
}
