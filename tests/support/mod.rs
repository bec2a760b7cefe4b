//! Shared by several tests: a recorder that writes a story, and a fake provider behind any stream.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use firedrill::engine::{Action, Provider, Request, Workload};
use firedrill::policy::CallId;
use firedrill::time::Instant;
use firedrill::trace::{Event, EventKind, Recorder};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Records the events of calls as lines, each with its time.
#[derive(Default)]
pub(crate) struct Story {
    lines: Mutex<Vec<(Instant, String)>>,
}

impl Story {
    #[allow(dead_code, reason = "not every test that shares this module tells one")]
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// The lines so far, with their times.
    pub(crate) fn timed(&self) -> Vec<(Instant, String)> {
        self.lines.lock().unwrap().clone()
    }

    /// The lines so far.
    #[allow(dead_code, reason = "not every test that shares this module reads it")]
    pub(crate) fn lines(&self) -> Vec<String> {
        self.timed().into_iter().map(|(_, line)| line).collect()
    }
}

impl Recorder for Story {
    fn record(&self, event: &Event) {
        let line = match &event.kind {
            EventKind::Arrived { call, .. } => format!("{call} arrived"),
            EventKind::Started {
                call,
                attempt,
                provider,
                cause,
                ..
            } => {
                format!("{call} attempt {} at {} ({cause:?})", attempt.0, provider.0)
            }
            EventKind::FirstTokenDelivered { call, .. } => format!("{call} first token"),
            EventKind::Replied {
                call,
                attempt,
                failure: None,
                ..
            } => {
                format!("{call} attempt {} answered", attempt.0)
            }
            EventKind::Replied {
                call,
                attempt,
                failure: Some(class),
                ..
            } => {
                format!("{call} attempt {} failed: {class}", attempt.0)
            }
            EventKind::Cancelled { call, attempt, .. } => {
                format!("{call} attempt {} cancelled", attempt.0)
            }
            EventKind::Ended { call, outcome } => format!("{call} ended: {outcome:?}"),
            EventKind::Breaker { provider, from, to } => {
                format!("breaker of {}: {from:?} -> {to:?}", provider.0)
            }
            EventKind::Ejected { provider, .. } => format!("{} is left out", provider.0),
            EventKind::Checked { provider, passed } => {
                format!(
                    "check of {} {}",
                    provider.0,
                    if *passed { "passed" } else { "failed" }
                )
            }
            _ => return,
        };
        self.lines.lock().unwrap().push((event.at, line));
    }
}

/// Reads one request: the call's number, its count of attempts, and whether it is streamed.
/// `None` when the client hangs up first.
pub(crate) async fn read_request(
    stream: &mut (impl AsyncRead + Unpin),
) -> Option<(CallId, u32, bool)> {
    let mut bytes = Vec::new();
    loop {
        if let Some(request) = parse(&bytes) {
            return Some(request);
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

fn parse(bytes: &[u8]) -> Option<(CallId, u32, bool)> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut head = httparse::Request::new(&mut headers);
    let Ok(httparse::Status::Complete(start)) = head.parse(bytes) else {
        return None;
    };
    let text = |name: &str| {
        let header = head
            .headers
            .iter()
            .find(|header| header.name == name)
            .unwrap();
        std::str::from_utf8(header.value).unwrap()
    };
    let length: usize = text("content-length").parse().unwrap();
    let body: serde_json::Value =
        serde_json::from_slice(bytes.get(start..start + length)?).unwrap();
    let call = text("idempotency-key")
        .rsplit_once('-')
        .unwrap()
        .1
        .parse()
        .unwrap();
    let nth = text("x-retry-count").parse().unwrap();
    Some((CallId(call), nth, body["stream"].as_bool().unwrap_or(false)))
}

/// Runs one provider on one connection, with the public API and without `world`.
#[allow(
    dead_code,
    reason = "not every test that shares this module plays a provider"
)]
pub(crate) async fn play(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    provider: &Mutex<Provider>,
    workload: &Workload,
    now: impl Fn() -> Instant,
) {
    while let Some((call, nth, streamed)) = read_request(stream).await {
        let tokens = workload.tokens(call);
        let request = Request::new(call, nth, streamed, tokens);
        let exchange = provider.lock().unwrap().on_request(now(), &request);
        for (at, action) in exchange {
            tokio::time::sleep(at.since(now())).await;
            match action {
                Action::Write(bytes) => stream.write_all(&bytes).await.unwrap(),
                Action::Billed(_) | Action::Answered | Action::Fired(_) => {}
                Action::Fin | Action::Rst => return,
                Action::Silence => tokio::time::sleep(Duration::from_secs(3_600)).await,
            }
        }
    }
}
