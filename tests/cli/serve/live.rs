//! `firedrill live`, which looks at what `firedrill serve` serves, as at real endpoints.

use std::io::{Read, Write};
use std::net::TcpListener;

use snapbox::cmd::{Command, OutputAssert, cargo_bin};

use super::Server;

const SCENARIO: &str = "
name: served
about: What does a look at each of these say?
run: { duration: 10m, seeds: 1..1 }
providers:
  well: { dialect: openai, model: gpt-4.1, ttft: 20ms, speed: 500 tok/s, limits: { rpm: 500 } }
  haiku: { dialect: anthropic, model: claude-haiku-4.5, ttft: 20ms, speed: 500 tok/s,
    limits: { rpm: 50 } }
  flash: { dialect: gemini, model: gemini-2.5-flash, ttft: 20ms, speed: 500 tok/s }
  limited: { dialect: openai, model: gpt-4.1, ttft: 20ms, speed: 500 tok/s }
  gone: { dialect: openai, model: gpt-4.1, ttft: 20ms, speed: 500 tok/s }
  slow: { dialect: openai, model: gpt-4.1, ttft: 30s, speed: 500 tok/s }
  modelless: { dialect: openai, model: gpt-4.1, ttft: 20ms, speed: 500 tok/s }
load: { rate: 1/s, prompt: 100 tok, output: 30 tok }
faults:
  storm: { target: limited, inject: 429, retry_after: 7s }
  down: { target: gone, inject: outage }
  unknown: { target: modelless, inject: model_gone }
policies: [ no-failover ]
";

/// Not a key of any vendor, and one by its looks.
const KEY: &str = "sk-live-aBcD1234eFgH5678iJkL9012";

fn live(words: &[&str]) -> OutputAssert {
    Command::new(cargo_bin!("firedrill"))
        .arg("live")
        .args(words)
        .env("LIVE_KEY", KEY)
        .assert()
}

/// What is printed for one provider of the scenario, with this model, and the exit code.
fn look(server: &Server, number: usize, dialect: &str, model: &str) -> (String, Option<i32>) {
    let url = &server.urls[number];
    let words = [url, "--dialect", dialect, "--model", model, "--yes"];
    let further = ["--key", "env:LIVE_KEY", "--timeout", "1s"];
    let looked = live(&[&words[..], &further].concat());
    let output = looked.get_output();
    let told = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(!told.contains(KEY), "{told}");
    (told, output.status.code())
}

#[track_caller]
fn has(told: &str, lines: &[&str]) {
    for line in lines {
        assert!(told.contains(line), "no {line:?} in:\n{told}");
    }
}

#[test]
fn a_healthy_endpoint_tells_models_latency_and_limits() {
    let server = Server::start_with(SCENARIO, &[]);
    let (told, code) = look(&server, 0, "openai", "gpt-4.1");
    assert_eq!(code, Some(0), "{told}");
    has(
        &told,
        &[
            "endpoint  127.0.0.1  (openai, gpt-4.1)\n",
            "  ok     reached in ",
            "  ok     the key is accepted\n",
            "  ok     lists one model, `gpt-4.1` among them\n",
            "  ok     answered in ",
            " tokens in, 5 out\n",
            "limits: 499 of 500 requests left, reset 120ms\n",
        ],
    );
    let (told, code) = look(&server, 1, "anthropic", "claude-haiku-4.5");
    assert_eq!(code, Some(0), "{told}");
    has(
        &told,
        &["`claude-haiku-4.5` among them", "49 of 50 requests left"],
    );
    let (told, code) = look(&server, 2, "gemini", "gemini-2.5-flash");
    assert_eq!(code, Some(0), "{told}");
    has(
        &told,
        &["`gemini-2.5-flash` among them", "its headers tell none"],
    );
}

#[test]
fn each_failure_says_whose_fault_it_is() {
    let server = Server::start_with(SCENARIO, &[]);
    // The first request to a model begins the scenario, and with it the outage.
    look(&server, 0, "openai", "gpt-4.1");
    for (number, model, lines) in [
        (
            3,
            "gpt-4.1",
            &[
                "429 rate_limited (",
                "yours: the account's limit",
                "asks to wait 7s",
            ][..],
        ),
        (
            4,
            "gpt-4.1",
            &["fails  is not reached: connect (", "is the URL right"],
        ),
        (
            5,
            "gpt-4.1",
            &[
                "fails  does not answer within 1",
                "the provider's, or of the way",
            ],
        ),
        (
            6,
            "gpt-4.1",
            &["404 model_gone (", "yours: this key has no such model"],
        ),
    ] {
        let (told, code) = look(&server, number, "openai", model);
        assert_eq!(code, Some(1), "{told}");
        has(&told, lines);
    }
    let (told, _) = look(&server, 0, "openai", "gpt-4.2");
    has(
        &told,
        &["`gpt-4.2` not among them (did you mean `gpt-4.1`?)"],
    );
}

#[test]
fn a_key_that_is_refused_is_not_asked_with_and_never_shown() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let vendor = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = vec![0; 4_096];
        let read = stream.read(&mut asked).unwrap();
        // As OpenAI does, it repeats the key that it got.
        let said = format!(r#"{{"error":{{"message":"Incorrect API key provided: {KEY}."}}}}"#);
        let head = "HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\n";
        let answer = format!("{head}content-length: {}\r\n\r\n{said}", said.len());
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8_lossy(&asked[..read]).into_owned()
    });
    let looked = live(&[&url, "--model", "gpt-4.1", "--key", "env:LIVE_KEY", "--yes"]).code(1);
    let output = looked.get_output();
    let told = String::from_utf8(output.stdout.clone()).unwrap();
    has(
        &told,
        &[
            "fails  the key is refused: 401 auth (Incorrect API key provided: ***",
            "yours: is the key whole, of this vendor, and not revoked?",
        ],
    );
    assert!(!told.contains(KEY) && !told.contains("answer"), "{told}");
    let asked = vendor.join().unwrap();
    assert!(asked.starts_with("GET /v1/models HTTP/1.1\r\n"), "{asked}");
    assert!(
        asked.contains(&format!("authorization: Bearer {KEY}\r\n")),
        "{asked}"
    );
}

#[test]
fn nothing_is_asked_that_costs_without_a_yes() {
    let server = Server::start_with(SCENARIO, &[]);
    let url = &*server.urls[0];
    let asked = live(&[url, "--model", "gpt-4.1"]).code(2);
    asked.stdout_eq("").stderr_eq(snapbox::str![[r#"
costs: an answer of at most 5 tokens from endpoint (0.00014 USD)
error: an answer costs money, and there is no terminal to ask for it
  = help: add `--yes`, or `--no-answer`, which costs nothing

"#]]);
    let free = live(&[url, "--model", "gpt-4.1", "--no-answer"]).code(0);
    let free = free.stderr_eq("").get_output().clone();
    has(
        &String::from_utf8(free.stdout).unwrap(),
        &["`gpt-4.1` among them"],
    );
    let free = live(&[url]).code(0);
    let free = free.stderr_eq("").get_output().clone();
    has(
        &String::from_utf8(free.stdout).unwrap(),
        &["lists one model: gpt-4.1"],
    );
    let (_, journal) = server.control("GET", "/journal");
    let asked = journal["entries"].as_array().unwrap();
    assert_eq!(asked.len(), 2, "{journal}");
    assert!(
        !journal.to_string().contains("chat/completions"),
        "{journal}"
    );
}

#[test]
fn a_fleet_file_is_looked_at_provider_by_provider() {
    let server = Server::start_with(SCENARIO, &[]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fleet.yaml");
    let fleet = format!(
        "fleet:\n  first: {{ url: {}, model: gpt-4.1, keys: [env:LIVE_KEY, env:LIVE_KEY] }}\n  \
         second: {{ url: {}, model: claude-haiku-4.5, dialect: anthropic }}\n",
        server.urls[0], server.urls[1]
    );
    std::fs::write(&path, fleet).unwrap();
    let path = path.to_str().unwrap();
    let looked = live(&[path, "--yes"]).code(0);
    let told = String::from_utf8(looked.get_output().stdout.clone()).unwrap();
    has(
        &told,
        &[
            "first  127.0.0.1",
            "key 1 of 2 is accepted",
            "key 2 of 2 is accepted",
            "second  127",
        ],
    );
    live(&[path, "--model", "gpt-4.1"]).code(2);
    live(&["https://127.0.0.1:1/v1", "--key", KEY]).code(2);
    live(&["https://127.0.0.1:1/v1", "--key", "env:NO_SUCH_VARIABLE"]).code(2);
}
