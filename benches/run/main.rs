//! The speed of a run, beside its floor: hyper over in-memory pipes on a paused runtime.
//!
//! Absolute figures differ between machines. The result is the ratio, which is measured at the end
//! in pairs, one after the other in the same process, as a median.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use criterion::{Criterion, Throughput};
use firedrill::policy_file::presets;
use firedrill::report::{Collector, Subject};
use firedrill::scenario::{Scenario, load};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;

const EXCHANGES: u64 = 8_000;
const IN_FLIGHT: u64 = 16;
const SERVICE: Duration = Duration::from_millis(300);
const PAIRS: usize = 9;
const IDLE: Duration = Duration::from_secs(86_400);

fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(10);
    let plain = scenario("plain", "53/s", "151s", "1 tok", "0%");
    let streamed = scenario("streamed", "5/s", "200s", "300 tok", "100%");
    let idle = scenario("idle", "60/h", "1d", "1 tok", "0%");
    let mut group = criterion.benchmark_group("exchanges");
    group.throughput(Throughput::Elements(EXCHANGES));
    group.bench_function("floor: hyper over pipes", |b| b.iter(|| floor(EXCHANGES)));
    group.bench_function("run, plain", |b| b.iter(|| run(&plain)));
    group.throughput(Throughput::Elements(1_000));
    group.bench_function("run, streamed in 30 writes", |b| b.iter(|| run(&streamed)));
    group.finish();
    let mut group = criterion.benchmark_group("idle");
    group.throughput(Throughput::Elements(IDLE.as_secs()));
    group.bench_function("simulated seconds, one call a minute", |b| {
        b.iter(|| run(&idle))
    });
    group.finish();
    ratios(&plain, &streamed, &idle);
}

/// A healthy provider with the floor's service time, under a load that keeps as many in flight.
fn scenario(name: &str, rate: &str, duration: &str, output: &str, stream: &str) -> Scenario {
    let text = format!(
        "name: {name}\nabout: A bench.\nrun: {{ duration: {duration}, seeds: 1..1 }}\n\
         providers:\n  openai: {{ dialect: openai, model: gpt-4.1, \
         ttft: {{ p50: 300ms, p99: 300ms }}, speed: 100 tok/s }}\n\
         load: {{ arrivals: constant, rate: {rate}, prompt: {{ p50: 100 tok, p99: 100 tok }}, \
         output: {{ p50: {output}, p99: {output} }}, stream: {stream} }}\n\
         policies: [resilient]\n"
    );
    let folder = std::env::temp_dir().join(format!("firedrill-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let path = folder.join(format!("{name}.yaml"));
    std::fs::write(&path, text).expect("a temporary file");
    let loaded = load(&path, &[]).unwrap_or_else(|problem| panic!("{problem}"));
    std::fs::remove_dir_all(&folder).expect("the temporary folder goes");
    loaded.scenario
}

fn run(scenario: &Scenario) {
    let fold = Arc::new(Mutex::new(Collector::new(&Subject::from(scenario))));
    let policy = presets::policy("resilient").expect("a preset");
    firedrill::engine::run(scenario, &policy, 1, fold);
}

/// The same exchanges without our code: hyper on both ends of a pipe, no network at all.
fn floor(exchanges: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    let tasks = tokio::task::LocalSet::new();
    tasks.block_on(&runtime.expect("a runtime"), async {
        let callers: Vec<_> = (0..IN_FLIGHT)
            .map(|number| tokio::task::spawn_local(caller(number, exchanges / IN_FLIGHT)))
            .collect();
        for caller in callers {
            caller.await.expect("a caller ends");
        }
    });
}

/// Callers are spread over the service time, as the arrivals of a run are: in lockstep, one jump of
/// the clock would serve them all.
async fn caller(number: u64, exchanges: u64) {
    tokio::time::sleep(SERVICE * number as u32 / IN_FLIGHT as u32).await;
    let (client, server) = tokio::io::duplex(64 * 1024);
    tokio::task::spawn_local(async move {
        let service = hyper::service::service_fn(answer);
        let connection = hyper::server::conn::http1::Builder::new();
        connection
            .serve_connection(TokioIo::new(server), service)
            .await
            .expect("served");
    });
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(client))
        .await
        .expect("a handshake");
    tokio::task::spawn_local(async move { connection.await.expect("a clean end") });
    for _ in 0..exchanges {
        let request = Request::post("/v1/chat/completions").header("host", "provider");
        let request = request.header("content-type", "application/json");
        let request = request
            .body(Full::new(Bytes::from_static(QUESTION)))
            .expect("a request");
        let response = sender.send_request(request).await.expect("a response");
        response.into_body().collect().await.expect("a body");
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    request.into_body().collect().await.expect("a body");
    tokio::time::sleep(SERVICE).await;
    Ok(Response::new(Full::new(Bytes::from_static(ANSWER))))
}

fn ratios(plain: &Scenario, streamed: &Scenario, idle: &Scenario) {
    let per_second = |count: u64, work: &dyn Fn()| {
        #[expect(
            clippy::disallowed_methods,
            reason = "a bench measures wall-clock time"
        )]
        let started = std::time::Instant::now();
        work();
        count as f64 / started.elapsed().as_secs_f64()
    };
    let pair = |count, scenario| {
        let floor = per_second(EXCHANGES, &|| floor(EXCHANGES));
        per_second(count, &|| run(scenario)) / floor
    };
    let plain: Vec<f64> = (0..PAIRS).map(|_| pair(EXCHANGES, plain)).collect();
    let streamed: Vec<f64> = (0..PAIRS).map(|_| pair(1_000, streamed)).collect();
    let idle: Vec<f64> = (0..PAIRS)
        .map(|_| per_second(IDLE.as_secs(), &|| run(idle)))
        .collect();
    println!("median of {PAIRS} pairs");
    println!(
        "  plain exchanges per second, of the floor:    {:.3}",
        median(plain)
    );
    println!(
        "  streamed answers per second, of the floor:   {:.3}",
        median(streamed)
    );
    println!(
        "  simulated seconds per second, a call a minute: {:.0}",
        median(idle)
    );
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

const QUESTION: &[u8] = b"{\"model\":\"gpt-4.1\",\
    \"messages\":[{\"role\":\"user\",\
    \"content\":\"Summarise the attached incident report in three \
    sentences for the on-call engineer.\"}]}";
const ANSWER: &[u8] = b"{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\
    \"created\":1,\"model\":\"gpt-4.1\",\
    \"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"hi\"},\
    \"finish_reason\":\"stop\"}],\
    \"usage\":{\"prompt_tokens\":12,\"completion_tokens\":34,\"total_tokens\":46}}";
