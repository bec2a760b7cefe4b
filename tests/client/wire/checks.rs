//! Health checks, as providers and recorders see them.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use firedrill::client::{Builder, Client, Connect, Endpoint, Provider};
use firedrill::policy::config::Policy;
use firedrill::trace::{Event, EventKind, Recorder};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use super::success;

const ANSWER: &str = "{\"choices\":\
    [{\"message\":{\"content\":\"pong\"},\"finish_reason\":\"stop\"}],\
    \"usage\":{\"prompt_tokens\":8,\"completion_tokens\":1}}";

/// Answers all requests, and records their idempotency keys.
#[derive(Clone, Default)]
struct Pong {
    keys: Arc<Mutex<Vec<String>>>,
}

impl Connect for Pong {
    type Io = TokioIo<DuplexStream>;

    async fn connect(&self, _: &Endpoint) -> io::Result<Self::Io> {
        let (ours, mut theirs) = tokio::io::duplex(1 << 16);
        let keys = self.keys.clone();
        tokio::spawn(async move {
            let mut request = vec![0; 1 << 16];
            while let Ok(length @ 1..) = theirs.read(&mut request).await {
                let head = String::from_utf8_lossy(&request[..length]).into_owned();
                let key = head
                    .lines()
                    .find(|line| line.starts_with("idempotency-key"));
                keys.lock().unwrap().extend(key.map(str::to_owned));
                let answer = success("application/json", ANSWER);
                theirs.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Ok(TokioIo::new(ours))
    }
}

#[derive(Default)]
struct Heard(Mutex<Vec<EventKind>>);

impl Recorder for Heard {
    fn record(&self, event: &Event) {
        self.0.lock().unwrap().push(event.kind.clone());
    }
}

fn client(connect: Pong, heard: Arc<Heard>) -> Client<Pong> {
    let policy = "name: wire\nhealth_check: { interval: 10s, timeout: 5s, targets: all }\n";
    Builder::new(connect)
        .policy(Policy::parse("wire.yaml", policy).unwrap())
        .provider(Provider::new("primary", "http://primary/v1", "m"))
        .recorder(heard)
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_a_check_uses_is_billed_to_no_call() {
    let heard = Arc::<Heard>::default();
    let client = client(Pong::default(), heard.clone());
    let checks = client.run_checks();
    let _ = tokio::time::timeout(Duration::from_secs(15), checks).await;
    let kinds = heard.0.lock().unwrap();
    let [
        EventKind::Billed {
            call: None, bill, ..
        },
        EventKind::Checked { passed: true, .. },
    ] = &kinds[..]
    else {
        panic!("{kinds:?}");
    };
    assert_eq!((bill.input, bill.output), (8, 1));
}

#[tokio::test(start_paused = true)]
async fn no_check_is_taken_for_an_earlier_one() {
    let connect = Pong::default();
    let client = client(connect.clone(), Arc::default());
    for _ in 0..3 {
        // The checks may be stopped and started again.
        let checks = client.run_checks();
        let _ = tokio::time::timeout(Duration::from_secs(15), checks).await;
    }
    let mut keys = connect.keys.lock().unwrap().clone();
    let checks = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert!(checks >= 3, "{keys:?}");
    assert_eq!(keys.len(), checks, "{keys:?}");
}
