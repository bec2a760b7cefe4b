//! The built-in provider profiles, compared with the figures that they were fitted to.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::profiles;
use crate::rng::{Purpose, RngStreams};

/// Seconds to the first token and tokens per second, request by request, of each measured run.
type Runs = BTreeMap<String, Vec<(f64, f64)>>;

#[test]
fn measured_profiles_reproduce_the_quantiles_of_their_source() {
    let Some(runs) = runs() else {
        return;
    };
    let mut seen = 0;
    for name in profiles::names() {
        let Some(run) = runs.get(name) else {
            continue;
        };
        seen += 1;
        let profile = profiles::find(name).expect(name);
        let millis = |length: Duration| length.as_secs_f64();
        let ttft = drawn(millis(profile.ttft.p50), millis(profile.ttft.p99));
        let speed = drawn(
            profile.speed.p50.as_milli() as f64,
            profile.speed.p99.as_milli() as f64,
        );
        let measured: Vec<f64> = run.iter().map(|(ttft, _)| *ttft).collect();
        for share in [0.5, 0.9] {
            close(name, quantile(&ttft, share), quantile(&measured, share));
        }
        let measured: Vec<f64> = run.iter().map(|(_, speed)| speed * 1_000.0).collect();
        for share in [0.1, 0.5] {
            close(name, quantile(&speed, share), quantile(&measured, share));
        }
    }
    assert!(seen >= 5, "{seen} profiles have their run");
}

#[test]
fn other_profiles_reproduce_the_medians_of_their_source() {
    let Some(text) = data("artificialanalysis_selected_2026-07.csv") else {
        return;
    };
    let mut seen = 0;
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let number = |at: usize| fields[at].parse::<f64>().expect(line);
        let is_it = |name: &&&str| {
            let model = name.split('/').nth(1).unwrap_or_default().replace('.', "-");
            let model = model.replace("-preview", "");
            let model = match model.as_str() {
                "claude-sonnet-4-5" => "claude-4-5-sonnet",
                "claude-haiku-4-5" => "claude-4-5-haiku",
                model => model,
            };
            model == fields[0]
        };
        let names = profiles::names();
        let Some(name) = names.iter().find(is_it) else {
            continue;
        };
        seen += 1;
        let profile = profiles::find(name).expect(name);
        close(name, profile.ttft.p50.as_secs_f64(), number(1));
        close(
            name,
            profile.speed.p50.as_milli() as f64 / 1_000.0,
            number(2),
        );
    }
    assert_eq!(seen, 11);
}

/// 10^5 draws from the lognormal with these two quantiles, sorted.
fn drawn(p50: f64, p99: f64) -> Vec<f64> {
    let draws = RngStreams::new(1);
    let mut drawn: Vec<f64> = (0..100_000)
        .map(|call| draws.stream(Purpose::Ttft, call, 0, 0).lognormal(p50, p99))
        .collect();
    drawn.sort_by(f64::total_cmp);
    drawn
}

/// The nearest rank.
fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted[rank.max(1) - 1]
}

fn close(name: &str, ours: f64, theirs: f64) {
    assert!(
        (ours / theirs - 1.0).abs() < 0.01,
        "{name}: {ours} for {theirs}"
    );
}

fn runs() -> Option<Runs> {
    let (llmperf, latencylab) = (
        data("llmperf_individual.csv")?,
        data("latencylab_openai_azure.csv")?,
    );
    let mut runs = Runs::new();
    for row in rows(&llmperf) {
        let number = |key: &str| row.get(key).and_then(|text| text.parse::<f64>().ok());
        let (Some(ttft), Some(gap)) = (number("ttft_s"), number("inter_token_latency_s")) else {
            continue;
        };
        if matches!(row["error_code"].as_str(), "" | "-100") && ttft > 0.0 && gap > 0.0 {
            let name = format!("{}/{}", row["provider"], row["model"]);
            runs.entry(name).or_default().push((ttft, 1.0 / gap));
        }
    }
    for row in rows(&latencylab)
        .iter()
        .filter(|row| row["success"] == "True")
    {
        let number = |key: &str| row[key].parse::<f64>().expect(key);
        let (first, total) = (number("first_token_s"), number("total_s"));
        if total > first {
            let name = format!("{}/{}", row["provider"], row["model"]);
            let speed = (number("chunks") - 1.0) / (total - first);
            runs.entry(name).or_default().push((first, speed));
        }
    }
    Some(runs)
}

fn rows(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows = reader.deserialize().map(|row| row.expect("a row"));
    rows.collect()
}

/// A recorded file, which is not part of the repository.
fn data(name: &str) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/data/latency")
        .join(name);
    let text = fs::read_to_string(&path).ok();
    if text.is_none() {
        println!("skipped: there is no {}", path.display());
    }
    text
}
