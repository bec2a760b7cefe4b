//! A request with tools, an image and a schema goes through `firedrill serve` in three families and
//! back, by our client, plain and streamed, with the same meaning.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use firedrill::client::{
    Answer, Client, Dialect, FinishReason, Message, Part, Provider, Request, Tcp, Tool, ToolChoice,
};
use firedrill::policy::config::Policy;
use firedrill::policy_file::presets;
use serde_json::{Value, json};

const SCENARIO: &str = "
name: served
about: Do three families mean the same?
run: { duration: 10m, seeds: 1..1 }
providers:
  openai: { dialect: openai, model: gpt-4.1, ttft: 20ms, speed: 500 tok/s }
  anthropic: { dialect: anthropic, model: claude-sonnet-4.5, ttft: 20ms, speed: 500 tok/s }
  gemini: { dialect: gemini, model: gemini-2.5-flash, ttft: 20ms, speed: 500 tok/s }
load: { rate: 1/s, prompt: 100 tok, output: 100 tok }
policies: [ no-failover ]
";

/// The running program; killed when it is dropped.
struct Server {
    child: Child,
    urls: Vec<String>,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("served.yaml");
        std::fs::write(&path, SCENARIO).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_firedrill"))
            .args(["serve", path.to_str().unwrap(), "--json"])
            .args(["--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let document: Value = serde_json::from_str(&line).unwrap();
        let providers = document["providers"].as_array().unwrap().iter();
        let urls = providers.map(|provider| provider["url"].as_str().unwrap().to_owned());
        Self {
            child,
            urls: urls.collect(),
            _folder: folder,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "city": { "type": "string", "minLength": 12 },
            "unit": { "enum": ["celsius", "fahrenheit"] },
            "days": { "type": "array", "items": { "type": "integer", "minimum": 3 },
                      "minItems": 2 },
        },
        "required": ["city", "unit", "days"],
        "additionalProperties": false,
    })
}

fn question() -> Request {
    let image = Part::image("data:image/png;base64,iVBORw0KGgo=");
    Request::default()
        .message("system", "Be brief.")
        .push(Message::parts(
            "user",
            [Part::text("What is the weather here?"), image],
        ))
        .max_tokens(60)
}

/// Asks for a whole answer and for a streamed one.
async fn both_ways(client: &Client<Tcp>, request: &Request) -> [Answer; 2] {
    let plain = client.call(request).await.unwrap();
    let streamed = client.buffered(request).await.unwrap();
    [plain, streamed]
}

fn reason(answer: &Answer) -> FinishReason {
    answer.finish.as_ref().unwrap().reason
}

fn satisfies(text: &str) -> Value {
    let value: Value = serde_json::from_str(text).unwrap();
    assert!(jsonschema::is_valid(&schema(), &value), "{value}");
    value
}

/// What the family understood and said: the arguments of a call, and JSON.
async fn conversation(client: &Client<Tcp>) -> (Value, Value) {
    let tool = |name| Tool::function(name, "Tells the weather.", &schema()).unwrap();
    let asked = question()
        .tools([tool("get_time"), tool("get_weather")])
        .tool_choice(&ToolChoice::Function("get_weather".to_owned()));
    let [plain, streamed] = both_ways(client, &asked).await;
    for answer in [&plain, &streamed] {
        assert_eq!(reason(answer), FinishReason::ToolCalls, "{answer:?}");
        assert_eq!((answer.text.as_str(), answer.tool_calls.len()), ("", 1));
        assert_eq!(answer.tool_calls[0].name, "get_weather");
        assert!(!answer.tool_calls[0].id.is_empty());
    }
    let arguments = satisfies(&plain.tool_calls[0].arguments);
    assert_eq!(satisfies(&streamed.tool_calls[0].arguments), arguments);

    let result = Message::tool_result(&plain.tool_calls[0].id, "sunny");
    let after = asked.push(Message::from(&plain)).push(result);
    for answer in both_ways(client, &after).await {
        assert!(answer.text.contains("tok"), "{answer:?}");
        assert_eq!(
            (reason(&answer), answer.tool_calls.len()),
            (FinishReason::Length, 0)
        );
    }

    let asked = question().json_schema("weather", &schema()).unwrap();
    let [plain, streamed] = both_ways(client, &asked).await;
    let said = satisfies(&plain.text);
    assert_eq!(satisfies(&streamed.text), said);
    for answer in [plain, streamed] {
        assert_eq!(
            answer.usage.unwrap().completion_tokens,
            60,
            "as the request bounds it"
        );
    }
    (arguments, said)
}

#[tokio::test]
async fn tools_images_and_schemas_mean_the_same_in_three_families() {
    let server = Server::start();
    let dialects = [Dialect::Openai, Dialect::Anthropic, Dialect::Gemini];
    let mut all = Vec::new();
    for (dialect, url) in dialects.into_iter().zip(&server.urls) {
        let provider = Provider::new(dialect.name(), url, "m")
            .dialect(dialect)
            .key("k");
        let client = Client::builder()
            .policy(presets::policy("no-failover").unwrap())
            .provider(provider)
            .build()
            .unwrap();
        all.push(conversation(&client).await);
    }
    assert_eq!(all[0], all[1]);
    assert_eq!(all[0], all[2]);
}

#[tokio::test]
async fn tuned_policies_run_unchanged_in_production() {
    let server = Server::start();
    let tuned = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/tuning");
    for question in ["backoff", "breaker", "hedging"] {
        let policy = Policy::read(tuned.join(question).join("tuned.yaml")).expect(question);
        let mut client = Client::builder().policy(policy);
        for (dialect, url) in [Dialect::Openai, Dialect::Anthropic]
            .into_iter()
            .zip(&server.urls)
        {
            let provider = Provider::new(dialect.name(), url, "m").dialect(dialect);
            client = client.provider(provider.key("k"));
        }
        let client = client.build().expect(question);
        for answer in both_ways(&client, &Request::user("Are you there?").max_tokens(20)).await {
            assert_eq!(answer.provider, "openai", "{question}");
            assert!(!answer.text.is_empty(), "{question}");
        }
    }
}
