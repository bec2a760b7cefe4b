//! Prints an answer as it comes. The call can fall back until its first token, without any effect
//! on the caller. After that, a failure is an error that says so.
//!
//! ```sh
//! export OPENAI_API_KEY=… ANTHROPIC_API_KEY=… DEEPSEEK_API_KEY=…
//! cargo run --example stream -- policies/resilient.yaml examples/fleet.yaml "Tell me a story."
//! ```

use std::io::Write;
use std::time::Duration;

use firedrill::client::{Client, Request};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let mut next = |default: &str| words.next().unwrap_or_else(|| default.to_owned());
    let policy = next("policies/resilient.yaml");
    let fleet = next("examples/fleet.yaml");
    let question = next("Tell me a story.");

    let client = Client::over_tls(policy, fleet)?;
    let request = Request::user(question).deadline(Duration::from_secs(60));
    let mut answer = client.stream(&request);
    while let Some(piece) = answer.next().await {
        print!("{}", piece?);
        std::io::stdout().flush()?;
    }
    if let Some(whole) = answer.answer() {
        println!("\n\n{} ({})", whole.provider, whole.model);
    }
    Ok(())
}
