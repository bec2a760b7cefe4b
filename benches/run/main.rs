//! The speed of a run, beside its floors in the same process.
//!
//! Absolute figures differ between machines and minutes. What counts are the ratios, which are
//! measured at the end in pairs, one after the other, as medians: `docs/speed.md` has a table.

mod heap;
mod http;
mod network;
mod pipes;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use criterion::{Criterion, Throughput};
use firedrill::drill::Engine;
use firedrill::policy_file::presets;
use firedrill::report::{Collector, RunStats, Subject};
use firedrill::scenario::{Scenario, load};
use firedrill::trace::{Event, Recorder};
use tokio::runtime::Runtime;

/// From a request's arrival at the provider to its answer.
const SERVICE: Duration = Duration::from_millis(300);
/// Between client and provider, as scenarios have it by default.
const ONE_WAY: Duration = Duration::from_millis(1);
const PAIRS: usize = 9;
const IDLE: Duration = Duration::from_secs(86_400);

/// How much a floor does.
#[derive(Clone, Copy, Debug)]
struct Size {
    in_flight: u64,
    exchanges: u64,
}

impl Size {
    const fn each(self) -> u64 {
        self.exchanges / self.in_flight
    }
}

/// A load that keeps this many calls in flight, the calls that it makes, and its scenario.
struct Load {
    size: Size,
    scenario: Scenario,
    /// The same, with the spread of times and sizes that scenarios have.
    spread: Scenario,
}

impl Load {
    /// At least 8,000 calls, and 16 for each in flight.
    fn of(in_flight: u64) -> Self {
        let rate = in_flight * 1_000 / SERVICE.as_millis() as u64;
        let seconds = (8_000_u64.max(in_flight * 16)).div_ceil(rate);
        Self {
            size: Size {
                in_flight,
                exchanges: rate * seconds,
            },
            scenario: scenario(
                &format!("plain-{in_flight}"),
                &format!("{rate}/s"),
                &format!("{seconds}s"),
                "1 tok",
                "0%",
            ),
            spread: loaded(
                &format!("spread-{in_flight}"),
                &format!("{seconds}s"),
                "ttft: { p50: 200ms, p99: 1s }, speed: { p50: 1_000 tok/s, p99: 2_000 tok/s }",
                &format!(
                    "{{ arrivals: poisson, rate: {rate}/s, \
                     prompt: {{ p50: 400 tok, p99: 4k tok }}, \
                     output: {{ p50: 60 tok, p99: 400 tok }} }}"
                ),
            ),
        }
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(10);
    let loads = [1, 16, 64, 512, 2_048].map(Load::of);
    let streamed = scenario("streamed", "5/s", "200s", "300 tok", "100%");
    let idle = scenario("idle", "60/h", "1d", "1 tok", "0%");
    let mut group = criterion.benchmark_group("plain calls");
    for Load { size, scenario, .. } in &loads {
        let count = size.in_flight;
        group.throughput(Throughput::Elements(size.exchanges));
        group.bench_function(format!("hyper over pipes, {count} in flight"), |b| {
            b.iter(|| pipes::run(*size))
        });
        group.bench_function(format!("hyper over turmoil-net, {count} in flight"), |b| {
            b.iter(|| network::run(*size))
        });
        group.bench_function(format!("wire, {count} in flight"), |b| {
            b.iter(|| run(Engine::Wire, scenario))
        });
        group.bench_function(format!("bare heap, {count} in flight"), |b| {
            b.iter(|| heap::run(scenario))
        });
        group.bench_function(format!("model, {count} in flight"), |b| {
            b.iter(|| run(Engine::Model, scenario))
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("other runs");
    group.throughput(Throughput::Elements(1_000));
    group.bench_function("wire, streamed in 30 writes", |b| {
        b.iter(|| run(Engine::Wire, &streamed))
    });
    group.throughput(Throughput::Elements(IDLE.as_secs()));
    group.bench_function("wire, simulated seconds with a call a minute", |b| {
        b.iter(|| run(Engine::Wire, &idle))
    });
    group.finish();
    report(&mut criterion, &loads[1].scenario);
    ratios(&loads, &streamed, &idle);
}

/// A healthy provider with the floor's service time.
fn scenario(name: &str, rate: &str, duration: &str, output: &str, stream: &str) -> Scenario {
    let service = "ttft: { p50: 300ms, p99: 300ms }, speed: 100 tok/s";
    let load = format!(
        "{{ arrivals: constant, rate: {rate}, prompt: {{ p50: 100 tok, p99: 100 tok }}, \
         output: {{ p50: {output}, p99: {output} }}, stream: {stream} }}"
    );
    loaded(name, duration, service, &load)
}

/// One provider with this service, under this load.
fn loaded(name: &str, duration: &str, service: &str, demand: &str) -> Scenario {
    let text = format!(
        "name: {name}\nabout: A bench.\nrun: {{ duration: {duration}, seeds: 1..1 }}\n\
         providers:\n  openai: {{ dialect: openai, model: gpt-4.1, {service} }}\n\
         load: {demand}\npolicies: [resilient]\n"
    );
    let folder = std::env::temp_dir().join(format!("firedrill-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let path = folder.join(format!("{name}.yaml"));
    std::fs::write(&path, text).expect("a temporary file");
    let loaded = load(&path, &[]).unwrap_or_else(|problem| panic!("{problem}"));
    std::fs::remove_dir_all(&folder).expect("the temporary folder goes");
    loaded.scenario
}

/// One run, measured as reports are.
fn run(engine: Engine, scenario: &Scenario) {
    let fold = Arc::new(Mutex::new(Collector::new(&Subject::from(scenario))));
    let policy = presets::policy("resilient").expect("a preset");
    let ran = engine.run(scenario, &policy, 1, fold);
    ran.expect("a thread");
}

fn runtime() -> Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.expect("a runtime")
}

/// Callers are spread over the service time, as the arrivals of a run are: in lockstep, one jump of
/// the clock would serve them all.
async fn stagger(number: u64, size: Size) {
    tokio::time::sleep(SERVICE * number as u32 / size.in_flight as u32).await;
}

/// What counts the events of a run, and adds runs up.
fn report(criterion: &mut Criterion, scenario: &Scenario) {
    let kept = Arc::new(Kept::default());
    let policy = presets::policy("resilient").expect("a preset");
    let ran = Engine::Model.run(scenario, &policy, 1, kept.clone());
    ran.expect("no thread is needed");
    let events = std::mem::take(&mut *kept.0.lock().expect("no event panics"));
    let subject = Subject::from(scenario);
    let count = || {
        let mut collector = Collector::new(&subject);
        events.iter().for_each(|event| collector.on_event(event));
        collector.finish()
    };
    let stats = count();
    let mut group = criterion.benchmark_group("report");
    group.throughput(Throughput::Elements(stats.run.calls));
    group.bench_function("calls counted", |b| b.iter(count));
    group.throughput(Throughput::Elements(1));
    group.bench_function("runs merged", |b| {
        let mut all = RunStats::default();
        b.iter(|| all.merge(&stats));
    });
    group.finish();
}

/// Keeps the events of a run.
#[derive(Default)]
struct Kept(Mutex<Vec<Event>>);

impl Recorder for Kept {
    fn record(&self, event: &Event) {
        self.0.lock().expect("no event panics").push(event.clone());
    }
}

fn ratios(loads: &[Load], streamed: &Scenario, idle: &Scenario) {
    println!("\nmedians of {PAIRS} pairs\n");
    println!(
        "| in flight | wire, of pipes | wire, of turmoil-net | model, of a heap | model, calls/s \
         | model with spread, of a heap |"
    );
    println!("|---:|---:|---:|---:|---:|---:|");
    for load in loads {
        let Load {
            size,
            scenario,
            spread,
        } = load;
        let wire = || run(Engine::Wire, scenario);
        let model = || run(Engine::Model, scenario);
        println!(
            "| {} | {:.2} | {:.2} | {:.2} | {:.0} | {:.2} |",
            size.in_flight,
            ratio(&wire, &|| pipes::run(*size)),
            ratio(&wire, &|| network::run(*size)),
            ratio(&model, &|| heap::run(scenario)),
            median(|| size.exchanges as f64 / seconds(&model)),
            ratio(&|| run(Engine::Model, spread), &|| heap::run(spread)),
        );
    }
    let pipes = Size {
        in_flight: 16,
        exchanges: 1_000,
    };
    let streams = || run(Engine::Wire, streamed);
    println!(
        "\nstreamed answers in 30 writes, of plain exchanges over pipes: {:.3}",
        ratio(&streams, &|| pipes::run(pipes))
    );
    println!(
        "simulated seconds per second with a call a minute: {:.0}",
        median(|| IDLE.as_secs() as f64 / seconds(&|| run(Engine::Wire, idle)))
    );
}

/// How fast `work` is, of the speed of `floor`.
fn ratio(work: &dyn Fn(), floor: &dyn Fn()) -> f64 {
    median(|| {
        let floor = seconds(floor);
        floor / seconds(work)
    })
}

fn seconds(work: &dyn Fn()) -> f64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "a bench measures wall-clock time"
    )]
    let started = std::time::Instant::now();
    work();
    started.elapsed().as_secs_f64()
}

fn median(figure: impl FnMut() -> f64) -> f64 {
    let mut figures = Vec::from_iter(std::iter::repeat_with(figure).take(PAIRS));
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
