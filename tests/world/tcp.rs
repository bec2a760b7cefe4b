//! The simulated TCP, beside that of turmoil-net: two programs use the ends of one connection, and
//! see the same on both.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use firedrill::client::{Connect, Endpoint};
use firedrill::engine::{Simulated, TestNetwork};
use hyper_util::rt::TokioIo;
use proptest::prelude::*;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use turmoil_net::KernelConfig;
use turmoil_net::fixture::ClientServer;

/// What a program does with its end of a connection.
#[derive(Clone, Copy, Debug)]
enum Op {
    Write(usize),
    Read(usize),
    Shutdown,
    Close,
    Nothing,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => (1..9_000_usize).prop_map(Op::Write),
        4 => (1..12_000_usize).prop_map(Op::Read),
        1 => Just(Op::Shutdown),
        1 => Just(Op::Close),
        1 => Just(Op::Nothing),
    ]
}

/// Both programs act once in each slot, one 10 ms after the other: in turn the client and the
/// server first, so that what one waits for may come while it waits.
const SLOT: Duration = Duration::from_millis(50);
const SECOND: Duration = Duration::from_millis(10);

/// How long an operation may wait.
const WAIT: Duration = Duration::from_millis(30);

/// What one program sees.
async fn program<S>(stream: S, ops: Vec<Op>, is_client: bool) -> Vec<String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut stream = Some(stream);
    let mut seen = Vec::new();
    let start = Instant::now();
    for (slot, op) in ops.into_iter().enumerate() {
        let is_second = is_client == (slot % 2 == 1);
        let at = start + SLOT * slot as u32 + SECOND * u32::from(is_second);
        sleep_until(at).await;
        stream = stream.filter(|_| !matches!(op, Op::Close));
        if let Some(open) = &mut stream {
            seen.push(act(open, op, slot as u8).await);
        }
    }
    // Until the other program has ended as well.
    sleep(SLOT * 10).await;
    seen
}

async fn act<S>(stream: &mut S, op: Op, number: u8) -> String
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut buffer = vec![number + 1; 12_000];
    let done = async {
        match op {
            Op::Write(length) => {
                let written = stream.write(&buffer[..length]).await;
                written.map(|length| format!("wrote {length}"))
            }
            Op::Read(length) => {
                let read = stream.read(&mut buffer[..length]).await;
                read.map(|length| {
                    let sum: usize = buffer[..length].iter().map(|byte| usize::from(*byte)).sum();
                    format!("read {length}, sum {sum}")
                })
            }
            Op::Shutdown => stream.shutdown().await.map(|()| "shut down".to_owned()),
            Op::Nothing | Op::Close => Ok("nothing".to_owned()),
        }
    };
    match timeout(WAIT, done).await {
        Ok(Ok(done)) => done,
        Ok(Err(error)) => format!("{:?}", error.kind()),
        Err(_) => "waits".to_owned(),
    }
}

/// Both programs' views, the client's first.
type Views = (Vec<String>, Vec<String>);

/// Runs both programs; `accept` gives the server's end.
fn ours(client: Vec<Op>, server: Vec<Op>) -> Views {
    let (tell, told) = tokio::sync::oneshot::channel();
    let network = TestNetwork::default().server("server", |mut listener| async move {
        let stream = listener.accept().await;
        tell.send(program(stream, server, false).await).unwrap();
        std::future::pending().await
    });
    let client = async {
        let stream = connect().await.unwrap();
        let seen = program(TokioIo::new(stream), client, true).await;
        (seen, told.await.unwrap())
    };
    network.run(client).unwrap()
}

async fn connect() -> io::Result<<Simulated as Connect>::Io> {
    let endpoint = Endpoint::parse("http://server/").unwrap();
    Simulated::default().connect(&endpoint).await
}

fn theirs(client: Vec<Op>, server: Vec<Op>) -> Views {
    use turmoil_net::shim::tokio::net::{TcpListener, TcpStream};
    let (tell, told) = tokio::sync::oneshot::channel();
    // It counts ticks, not time.
    let no_retransmission = KernelConfig::default().retx_threshold(u32::MAX);
    let network = ClientServer::with_config(no_retransmission).server("server", async move {
        let listener = TcpListener::bind(("0.0.0.0", 80)).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        tell.send(program(stream, server, false).await).unwrap();
        std::future::pending().await
    });
    network.run("client", async {
        let stream = TcpStream::connect(("server", 80)).await.unwrap();
        let seen = program(stream, client, true).await;
        (seen, told.await.unwrap())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn two_programs_see_the_same_through_turmoils_tcp(
        client in prop::collection::vec(op(), 1..8),
        server in prop::collection::vec(op(), 1..8),
    ) {
        prop_assert_eq!(ours(client.clone(), server.clone()), theirs(client, server));
    }
}

#[test]
fn a_writer_waits_for_a_slow_reader_and_every_byte_arrives_in_order() {
    const LENGTH: usize = 1_000_000;
    let pattern: Rc<Vec<u8>> = Rc::new((0..LENGTH).map(|at| (at % 251) as u8).collect());
    let written = Rc::new(Cell::new(false));
    let (sent, has_written) = (pattern.clone(), written.clone());
    let network = TestNetwork::default().server("server", |mut listener| async move {
        let mut stream = listener.accept().await;
        stream.write_all(&sent).await.unwrap();
        has_written.set(true);
    });
    let received = network.run(async {
        let mut stream = TokioIo::new(connect().await.unwrap());
        let mut received = Vec::new();
        let mut buffer = [0; 1_500];
        loop {
            sleep(Duration::from_millis(3)).await;
            // Two buffers of 64 KiB hold the rest.
            let is_far = received.len() + (128 << 10) < LENGTH;
            assert!(!is_far || !written.get(), "{} read", received.len());
            match stream.read(&mut buffer).await.unwrap() {
                0 => return received,
                length => received.extend_from_slice(&buffer[..length]),
            }
        }
    });
    assert!(received.unwrap() == *pattern);
}

#[test]
fn a_connection_that_is_not_accepted_is_reset_with_the_listener() {
    // Before the request arrives, in the handshake, and behind it.
    for lives in [1, 2, 3, 4, 10] {
        let network = TestNetwork::default().server("server", |listener| async move {
            sleep(Duration::from_millis(lives)).await;
            drop(listener);
        });
        let met = network.run(async {
            // The second comes when the listener is gone.
            let mut met = Vec::new();
            for _ in 0..2 {
                met.push(match connect().await {
                    Err(error) => error.kind(),
                    Ok(stream) => {
                        let mut stream = TokioIo::new(stream);
                        let read = timeout(SLOT, stream.read(&mut [0])).await;
                        read.expect("an answer").unwrap_err().kind()
                    }
                });
            }
            met
        });
        let met = met.unwrap();
        let first = match lives {
            1 => io::ErrorKind::ConnectionRefused,
            _ => io::ErrorKind::ConnectionReset,
        };
        assert_eq!(met, [first, io::ErrorKind::ConnectionRefused], "{lives} ms");
    }
}
