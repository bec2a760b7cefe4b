//! Puts failover below a call that was made with openai-python or async-openai: what they send is
//! what [`Request::from_openai`] takes, a JSON value or async-openai's own request type.
//!
//! ```sh
//! export OPENAI_API_KEY=… ANTHROPIC_API_KEY=… DEEPSEEK_API_KEY=…
//! cargo run --features tls --example drop_in -- policies/resilient.yaml examples/fleet.yaml
//! ```
//!
//! Before, in Python: `answer = client.chat.completions.create(**form)`.

use firedrill::client::{Client, Request};
use serde_json::json;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let mut next = |default: &str| words.next().unwrap_or_else(|| default.to_owned());
    let policy = next("policies/resilient.yaml");
    let fleet = next("examples/fleet.yaml");

    let form = json!({
        "model": "gpt-4.1",
        "messages": [{ "role": "user", "content": "What is the weather in Bern?" }],
        "temperature": 0.2,
        "tools": [{ "type": "function", "function": {
            "name": "weather",
            "description": "Tells the weather in a city.",
            "parameters": { "type": "object", "properties": { "city": { "type": "string" } } },
        } }],
    });
    let client = Client::over_tls(policy, fleet)?;
    let answer = client.call(&Request::from_openai(&form)?).await?;
    println!("{}: {}", answer.provider, answer.text);
    for call in &answer.tool_calls {
        println!("calls {} with {}", call.name, call.arguments);
    }
    Ok(())
}
