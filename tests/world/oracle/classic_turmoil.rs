//! An independent oracle: one small scenario has the same story on classic turmoil, which ticks,
//! has its own TCP, and shares no scheduler with the world.

use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::Story;
use firedrill::client::{Builder, Client, Connect, Endpoint, Provider, Request};
use firedrill::engine::{self, Workload};
use firedrill::policy::config::Policy;
use firedrill::policy::{CallId, ProviderId, RngStreams};
use firedrill::policy_file::presets;
use firedrill::scenario::{Scenario, load};
use firedrill::time::Instant;
use hyper_util::rt::TokioIo;
use turmoil::net::{TcpListener, TcpStream};

const SEED: u64 = 7;

#[derive(Clone, Copy)]
struct Classic;

impl Connect for Classic {
    type Io = TokioIo<TcpStream>;

    async fn connect(&self, endpoint: &Endpoint) -> io::Result<Self::Io> {
        TcpStream::connect((endpoint.host.as_str(), endpoint.port))
            .await
            .map(TokioIo::new)
    }
}

fn since(origin: tokio::time::Instant) -> Instant {
    Instant::START + tokio::time::Instant::now().duration_since(origin)
}

fn on_classic_turmoil(scenario: &Scenario, policy: &Policy) -> Vec<(Instant, String)> {
    let one_way = scenario.network.one_way;
    let mut sim = turmoil::Builder::new()
        .tick_duration(Duration::from_millis(1))
        .simulation_duration(Duration::from_secs(600))
        .min_message_latency(one_way)
        .max_message_latency(one_way)
        .build();
    let workload = Workload::new(&scenario.load, scenario.run.duration, SEED);
    for number in 0..scenario.providers.len() {
        let provider =
            engine::Provider::new(scenario, ProviderId(number as u16), RngStreams::new(SEED));
        let (provider, workload) = (Arc::new(Mutex::new(provider)), workload.clone());
        sim.host(format!("provider-{number}"), move || {
            serve(provider.clone(), workload.clone())
        });
    }
    let story = Story::new();
    let (recorder, policy, scenario) = (story.clone(), policy.clone(), scenario.clone());
    sim.client("client-0", async move {
        call_all(recorder, policy, scenario, workload).await;
        Ok(())
    });
    sim.run().unwrap();
    story.timed()
}

async fn serve(provider: Arc<Mutex<engine::Provider>>, workload: Workload) -> turmoil::Result {
    let origin = tokio::time::Instant::now();
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 80)).await?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        let (provider, workload) = (provider.clone(), workload.clone());
        tokio::task::spawn_local(async move {
            crate::support::play(&mut stream, &provider, &workload, || since(origin)).await;
        });
    }
}

async fn call_all(recorder: Arc<Story>, policy: Policy, scenario: Scenario, workload: Workload) {
    let origin = tokio::time::Instant::now();
    let mut builder = Builder::new(Classic)
        .policy(policy)
        .recorder(recorder)
        .seed(SEED)
        .origin(origin);
    for (number, provider) in scenario.providers.iter().enumerate() {
        let url = format!("http://provider-{number}/v1");
        builder = builder.provider(Provider::new(&provider.name, url, &provider.model));
    }
    let client: Client<Classic> = builder.build().unwrap();
    let mut calls = Vec::new();
    for (number, at) in workload.arrivals().enumerate() {
        tokio::time::sleep(at.since(since(origin))).await;
        let (client, id) = (client.clone(), CallId(number as u64));
        let streamed = workload.is_streamed(id);
        calls.push(tokio::task::spawn_local(async move {
            call(client, id, streamed).await
        }));
    }
    for call in calls {
        call.await.unwrap();
    }
}

async fn call(client: Client<Classic>, id: CallId, streamed: bool) {
    let request = Request::user("the same for each call").id(id.0);
    if streamed {
        let mut answer = client.stream(&request);
        while let Some(Ok(_)) = answer.next().await {}
    } else {
        drop(client.call(&request).await);
    }
}

#[test]
fn classic_turmoil_tells_the_same_story() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/oracle.yaml");
    let scenario = load(&path, &[]).unwrap().scenario;
    let policy = presets::policy("priority-fallback").unwrap();
    let story = Story::new();
    firedrill::engine::run(&scenario, &policy, SEED, story.clone());
    let (ours, theirs) = (story.timed(), on_classic_turmoil(&scenario, &policy));
    assert!(ours.len() > 100, "only {} lines", ours.len());
    assert!(
        ours.iter()
            .any(|(_, line)| line.contains("failed: rate_limited"))
    );
    assert!(ours.iter().any(|(_, line)| line.contains("Fallback")));
    let lines = |story: &[(Instant, String)]| -> Vec<String> {
        story.iter().map(|(_, line)| line.clone()).collect()
    };
    assert_eq!(lines(&ours), lines(&theirs));
    // Classic turmoil's handshake costs half a round trip, so the first event of a connection may
    // come early there by that much; everything is within 5 ms all the same.
    for ((at, line), (other, _)) in ours.iter().zip(&theirs) {
        let apart = at.since(*other).max(other.since(*at));
        assert!(
            apart <= Duration::from_millis(5),
            "{line}: {at} here, {other} there"
        );
    }
}
