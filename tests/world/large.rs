//! Large scenarios: many providers and faults on both engines, and many calls in flight.

use std::fmt::Write;

use firedrill::drill::{Drill, Engine};
use firedrill::report::Report;

#[test]
fn two_hundred_providers_and_a_thousand_faults_run_on_both_engines() {
    let mut text = "name: large\nabout: A test.\nrun: { duration: 10s, seeds: 1 }\n\
                    providers:\n"
        .to_owned();
    for number in 0..200 {
        let _ = writeln!(text, "  p{number}: {PROVIDER}");
    }
    text += "load: { arrivals: constant, rate: 20/s, prompt: 100 tok, output: 20 tok }\nfaults:\n";
    for number in 0..1_000 {
        let (target, at) = (number % 200, number % 9);
        let fault = format!("{{ target: p{target}, inject: 503, at: {at}s, for: 1s, rate: 50% }}");
        let _ = writeln!(text, "  f{number}: {fault}");
    }
    text += "policies: [round-robin]\n";
    for engine in [Engine::Wire, Engine::Model] {
        let report = report(&text, engine);
        let (_, stats) = report.policies().next().expect("it ran");
        assert_eq!(stats.run.calls, 200, "{engine}");
        assert!(
            stats.run.succeeded > 150,
            "{engine}: {}",
            stats.run.succeeded
        );
        let fired: u64 = stats.fired.iter().sum();
        assert!(fired > 20, "{engine}: {fired}");
    }
}

#[test]
fn ten_thousand_calls_are_in_flight_at_once() {
    let text = format!(
        "name: large\nabout: A test.\nrun: {{ duration: 1s, seeds: 1 }}\n\
         providers:\n  only: {}\n\
         load: {{ arrivals: constant, rate: 10_000/s, prompt: 100 tok, output: 20 tok }}\n\
         policies: [no-failover]\n",
        PROVIDER.replace("200ms", "5s"),
    );
    let report = report(&text, Engine::Model);
    let (_, stats) = report.policies().next().expect("it ran");
    assert_eq!(stats.run.calls, 10_000);
    assert_eq!(stats.run.succeeded, 10_000);
}

fn report(text: &str, engine: Engine) -> Report {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("large.yaml");
    std::fs::write(&path, text).expect("a file");
    let drill = Drill::load(&path).unwrap_or_else(|problem| panic!("{problem}"));
    drill.engine(engine).run()
}

const PROVIDER: &str = "{ dialect: openai, model: gpt-4.1, ttft: 200ms, speed: 100 tok/s }";
