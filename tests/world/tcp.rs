//! The simulated TCP, beside that of turmoil-net: two programs use the ends of one connection, and
//! see the same on both.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use firedrill::client::{Connect, Endpoint};
use firedrill::engine::{Simulated, TestNetwork};
use proptest::prelude::*;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{sleep, timeout};
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

/// Each program acts every 20 ms, the server 10 ms after the client.
const BETWEEN: Duration = Duration::from_millis(10);

/// What one program sees.
async fn program<S>(stream: S, ops: Vec<Op>) -> Vec<String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut stream = Some(stream);
    let mut seen = Vec::new();
    for (number, op) in ops.into_iter().enumerate() {
        let next = tokio::time::Instant::now() + BETWEEN * 2;
        stream = stream.filter(|_| !matches!(op, Op::Close));
        if let Some(open) = &mut stream {
            seen.push(act(open, op, number as u8).await);
        }
        tokio::time::sleep_until(next).await;
    }
    seen
}

/// How long an operation may wait.
const WAIT: Duration = Duration::from_millis(5);

async fn act<S>(stream: &mut S, op: Op, number: u8) -> String
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut buffer = vec![number; 12_000];
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
        sleep(BETWEEN).await;
        tell.send(program(stream, server).await).unwrap();
        std::future::pending().await
    });
    let client = async {
        let stream = connect().await.unwrap();
        sleep(BETWEEN / 2).await;
        let seen = program(hyper_util::rt::TokioIo::new(stream), client).await;
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
        sleep(BETWEEN).await;
        tell.send(program(stream, server).await).unwrap();
        std::future::pending().await
    });
    network.run("client", async {
        let stream = TcpStream::connect(("server", 80)).await.unwrap();
        sleep(BETWEEN / 2).await;
        let seen = program(stream, client).await;
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
    let (tell, told) = tokio::sync::oneshot::channel();
    let sent = pattern.clone();
    let network = TestNetwork::default().server("server", |mut listener| async move {
        let mut stream = listener.accept().await;
        let first = timeout(Duration::from_secs(60), async {
            let mut written = 0;
            while written < LENGTH {
                written += stream.write(&sent[written..]).await.unwrap();
                tokio::task::yield_now().await;
            }
        });
        assert!(first.await.is_err(), "the reader is asleep");
        drop(stream);
        tell.send(()).unwrap();
    });
    let received = network.run(async {
        let mut stream = hyper_util::rt::TokioIo::new(connect().await.unwrap());
        sleep(Duration::from_secs(100)).await;
        let mut received = Vec::new();
        stream.read_to_end(&mut received).await.unwrap();
        told.await.unwrap();
        received
    });
    let received = received.unwrap();
    // As much as the two buffers hold, and then the end.
    assert_eq!(received.len(), 128 << 10);
    assert_eq!(received, pattern[..received.len()]);
}
