//! Asks one question of the fleet in `fleet.yaml`, under a policy file, and records what happened.
//!
//! ```sh
//! export OPENAI_API_KEY=… ANTHROPIC_API_KEY=… DEEPSEEK_API_KEY=…
//! cargo run --example ask -- policies/resilient.yaml examples/fleet.yaml "Are you there?"
//! firedrill report trace.jsonl
//! ```
//!
//! `firedrill serve` answers over plain `http` and needs no key: write its addresses into the fleet.

use std::fs::File;
use std::sync::Arc;

use firedrill::client::{Builder, Request, Tls};
use firedrill::trace::lines::JsonlRecorder;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let mut next = |default: &str| words.next().unwrap_or_else(|| default.to_owned());
    let policy = next("policies/resilient.yaml");
    let fleet = next("examples/fleet.yaml");
    let question = next("Are you there?");

    let builder = Builder::new(Tls::platform()?).files(policy, fleet)?;
    let trace = JsonlRecorder::new(&builder.header(), File::create("trace.jsonl")?)?;
    let client = builder.recorder(Arc::new(trace)).build()?;

    let answer = client.call(&Request::user(question)).await?;
    println!("{}\n", answer.text);
    println!(
        "{} ({}), after {} attempts",
        answer.provider, answer.model, answer.attempts
    );
    Ok(())
}
