//! `firedrill serve` from outside: the program is started, queried over real sockets, and stopped.
#![cfg(unix)]

mod control;
mod finish;
mod live;
mod paths;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use firedrill::client::{Client, Dialect, Provider, Request};
use firedrill::policy_file::presets;
use serde_json::Value;

const SCENARIO: &str = "
name: served
about: Do clients in any language meet the scenario?
run: { duration: 10m, seeds: 1..1 }
providers:
  well: { dialect: openai, model: gpt-4.1, ttft: 20ms, speed: 500 tok/s }
  limited: { dialect: openai, model: gpt-4.1, ttft: 20ms, speed: 500 tok/s }
  resets: { dialect: openai, model: gpt-4.1, ttft: 20ms, speed: 500 tok/s }
  gone: { dialect: openai, model: gpt-4.1, ttft: 20ms, speed: 500 tok/s }
  lost: { dialect: openai, model: gpt-4.1, ttft: 20ms, speed: 500 tok/s }
  nano: { dialect: openai, model: gpt-4.1, ttft: 20ms, speed: 500 tok/s }
  haiku: { dialect: anthropic, model: claude-sonnet-4.5, ttft: 20ms, speed: 500 tok/s }
  flash: { dialect: gemini, model: gemini-2.5-flash, ttft: 20ms, speed: 500 tok/s }
load: { rate: 1/s, prompt: 100 tok, output: 30 tok }
faults:
  storm: { target: limited, inject: 429, retry_after: 7s }
  cut: { target: resets, inject: reset }
  down: { target: gone, inject: outage }
  void: { target: lost, inject: blackhole }
  swap: { target: [nano, haiku, flash], inject: wrong_model, model: smaller }
policies: [ no-failover ]
";

/// The running program; stopped when it is dropped.
struct Server {
    child: Child,
    stdout: BufReader<std::process::ChildStdout>,
    urls: Vec<String>,
    /// The URL of the control paths.
    control: String,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        Self::start_with(SCENARIO, &[])
    }

    fn start_with(scenario: &str, further: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("served.yaml");
        std::fs::write(&path, scenario).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_firedrill"))
            .args([
                "serve",
                path.to_str().unwrap(),
                "--listen",
                "127.0.0.1:0",
                "--json",
            ])
            .args(further)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let document: Value = serde_json::from_str(&line).unwrap();
        let providers = document["providers"].as_array().unwrap();
        let urls = providers.iter().map(|provider| provider["url"].as_str());
        Self {
            control: document["control"].as_str().unwrap().to_owned(),
            urls: urls.map(|url| url.unwrap().to_owned()).collect(),
            child,
            stdout,
            _folder: folder,
        }
    }

    /// The address of a provider, without scheme and path.
    fn address(&self, number: usize) -> &str {
        let rest = self.urls[number].strip_prefix("http://").unwrap();
        rest.trim_end_matches("/v1")
    }

    /// Sends a request without a body; the status and the whole answer.
    fn get(&self, number: usize, method: &str, path: &str) -> (u16, String) {
        let request = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        let answer = self.ask(number, &request).unwrap();
        (answer[9..12].parse().unwrap(), answer)
    }

    /// Asks a control path at its own port; the status and the document.
    fn control(&self, method: &str, path: &str) -> (u16, Value) {
        let url = self.control.strip_prefix("http://").unwrap();
        let (address, root) = url.split_once('/').unwrap();
        let request = format!("{method} /{root}{path} HTTP/1.1\r\nconnection: close\r\n\r\n");
        let answer = Self::ask_at(address, &request).unwrap();
        (answer[9..12].parse().unwrap(), json(&answer))
    }

    /// What `GET /__firedrill/state` says of a provider.
    fn state_of(&self, number: usize) -> Value {
        self.control("GET", "/state").1["providers"][number].take()
    }

    /// Sends a request to a provider, and returns all bytes until it sends no more.
    fn ask(&self, number: usize, request: &str) -> std::io::Result<String> {
        Self::ask_at(self.address(number), request)
    }

    fn ask_at(address: &str, request: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_millis(1_500)))?;
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        match stream.read_to_end(&mut answer) {
            // It keeps the connection for another request.
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            read => {
                read?;
            }
        }
        Ok(String::from_utf8(answer).unwrap())
    }

    /// Stops it with `signal`; its last document, and its log.
    fn end(mut self, signal: &str) -> (Value, String) {
        let killed = Command::new("kill")
            .args([format!("-{signal}"), self.child.id().to_string()])
            .status();
        assert!(killed.unwrap().success());
        let mut last = String::new();
        self.stdout.read_to_string(&mut last).unwrap();
        let mut told = String::new();
        let stderr = self.child.stderr.take();
        stderr.unwrap().read_to_string(&mut told).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0), "{told}");
        (serde_json::from_str(&last).unwrap(), told)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn post(body: &str) -> String {
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

const PLAIN: &str = r#"{"model":"gpt-4.1","messages":[{"role":"user","content":"hello"}]}"#;

#[test]
fn any_program_is_answered_and_what_was_seen_is_told_at_the_end() {
    let server = Server::start();
    let answer = server.ask(0, &post(PLAIN)).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(
        answer.contains("\"prompt_tokens\":16,"),
        "66 bytes are 16 tokens: {answer}"
    );
    let few = PLAIN.replace("\"gpt-4.1\"", "\"gpt-4.1\",\"max_tokens\":5");
    let answer = server.ask(0, &post(&few)).unwrap();
    assert!(answer.contains("\"completion_tokens\":5,"), "{answer}");
    let answer = server.ask(1, &post(PLAIN)).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 429 Too Many Requests\r\n"),
        "{answer}"
    );
    assert!(answer.contains("\r\nretry-after: 7\r\n"), "{answer}");
    let (status, answer) = server.get(0, "GET", "/v1/nothing");
    assert!(
        status == 404 && answer.contains("Invalid URL (GET /v1/nothing)"),
        "{answer}"
    );
    let (seen, told) = server.end("INT");
    let provider = |number: usize| &seen["providers"][number];
    assert_eq!(provider(0)["requests"], 3);
    assert_eq!(provider(0)["answers"]["200"], 2);
    assert_eq!(provider(0)["answers"]["404"], 1);
    assert_eq!(provider(0)["output"], 35);
    assert_ne!(provider(0)["cost"], "0");
    assert_eq!(provider(1)["answers"]["429"], 1);
    assert_eq!(provider(1)["cost"], "0");
    assert_eq!(
        (&seen["fired"]["storm"], &seen["fired"]["cut"]),
        (&1.into(), &0.into())
    );
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 5, "{told}");
    assert!(
        lines[3].contains(" limited 429, plain, gpt-4.1, 0 tok in, "),
        "{told}"
    );
    assert!(lines[3].ends_with(", storm"), "{told}");
}

#[test]
fn what_breaks_connections_breaks_real_ones() {
    let server = Server::start();
    let reset = server.ask(2, &post(PLAIN)).unwrap_err();
    assert_eq!(reset.kind(), std::io::ErrorKind::ConnectionReset);
    // The clock runs since that request: the outage from time 0 is active.
    std::thread::scope(|scope| {
        let refused = scope.spawn(|| {
            for _ in 0..100 {
                match server.ask(3, &post(PLAIN)) {
                    Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => return,
                    other => assert!(other.is_err(), "{other:?}"),
                }
            }
            panic!("no connection was refused");
        });
        refused.join().unwrap();
    });
    assert_eq!(
        server.ask(4, &post(PLAIN)).unwrap(),
        "",
        "a blackhole says nothing"
    );
    let (seen, told) = server.end("TERM");
    assert_eq!(seen["fired"]["cut"], 1, "{told}");
    assert_eq!(seen["fired"]["void"], 1, "{told}");
    assert_eq!(seen["providers"][2]["answers"]["none"], 1, "{told}");
    assert_eq!(seen["providers"][4]["requests"], 0, "{told}");
}

#[test]
fn our_own_client_streams_and_falls_back_over_real_sockets() {
    let server = Server::start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let client = Client::builder()
            .policy(presets::policy("priority-fallback").unwrap())
            .provider(Provider::new("resets", &server.urls[2], "gpt-4.1"))
            .provider(Provider::new("well", &server.urls[0], "gpt-4.1"))
            .build()
            .unwrap();
        let mut stream = client.stream(&Request::user("hello").max_tokens(12));
        let mut text = String::new();
        while let Some(piece) = stream.next().await {
            text.push_str(&piece.unwrap());
        }
        let answer = stream.answer().unwrap();
        assert_eq!((answer.provider.as_str(), answer.attempts), ("well", 2));
        assert!(text.contains(" tok"), "{text:?}");
        assert_eq!(answer.model, "gpt-4.1");
        assert_eq!(answer.usage.unwrap().completion_tokens, 12);
    });
    let (seen, told) = server.end("INT");
    assert_eq!(seen["providers"][0]["answers"]["200"], 1, "{told}");
    assert_eq!(seen["providers"][0]["output"], 12, "{told}");
    assert_eq!(seen["providers"][2]["answers"]["none"], 1, "{told}");
}

#[test]
fn an_answer_says_which_model_was_served_in_each_dialect() {
    let server = Server::start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    for (number, dialect) in [
        (5, Dialect::Openai),
        (6, Dialect::Anthropic),
        (7, Dialect::Gemini),
    ] {
        let provider = Provider::new("swapped", &server.urls[number], "asked-for");
        let client = Client::builder()
            .policy(presets::policy("no-failover").unwrap())
            .provider(provider.dialect(dialect))
            .build()
            .unwrap();
        runtime.block_on(async {
            let plain = client.call(&Request::user("hello")).await.unwrap();
            assert_eq!(plain.model, "smaller", "{dialect:?}");
            let mut stream = client.stream(&Request::user("hello"));
            while let Some(piece) = stream.next().await {
                piece.unwrap();
            }
            assert_eq!(stream.answer().unwrap().model, "smaller", "{dialect:?}");
        });
    }
}

#[test]
fn a_fault_that_can_never_strike_is_told_with_the_reason() {
    let faults = "faults:
  names: { target: gone, inject: dns }
  shrunk: { target: well, inject: limit_shrink, remaining: 30% }
  early: { at: 10s, for: 9s, target: gone, inject: slow, factor: 3 }
  streams: { target: well, inject: stream_cut, after: 10 tok }
";
    let text = SCENARIO.replace("faults:\n", faults);
    let project = crate::Project::new().with("served.yaml", &text);
    let mut child = Command::new(env!("CARGO_BIN_EXE_firedrill"))
        .current_dir(project.folder.path())
        .args(["serve", "served.yaml", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut told = String::new();
    stdout.read_line(&mut told).unwrap();
    let killed = Command::new("kill").arg(child.id().to_string()).status();
    assert!(killed.unwrap().success());
    stdout.read_to_string(&mut told).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{told}");
    let mut never = told.lines().filter_map(|line| line.strip_prefix("fault "));
    for expected in [
        "names never fired: the server does not resolve names",
        "shrunk never fired: none of its targets has `limits`",
        "early never fired: `down` decides every attempt before it could",
        // Whether calls are streamed is for the clients to say, and not for the load.
        "streams never fired",
        "storm never fired",
    ] {
        assert_eq!(never.next(), Some(expected), "{told}");
    }
}

#[test]
fn a_port_that_is_taken_is_a_usage_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("served.yaml");
    std::fs::write(&path, SCENARIO).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_firedrill"))
        .args(["serve", path.to_str().unwrap(), "--listen", &address])
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(
        told.starts_with(&format!("error: cannot listen on {address}: ")),
        "{told}"
    );
    assert!(
        told.contains("help: name another with `--listen`"),
        "{told}"
    );
}

/// The status of an answer.
fn status(answer: &str) -> u16 {
    answer[9..12].parse().unwrap()
}

/// The body of an answer, as JSON.
fn json(answer: &str) -> Value {
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"))
}

#[test]
fn values_are_set_on_top_of_the_scenario() {
    let server = Server::start_with(SCENARIO, &["--set", "load.output=7 tok"]);
    let answer = server.ask(0, &post(PLAIN)).unwrap();
    assert!(answer.contains("\"completion_tokens\":7,"), "{answer}");
}

#[test]
fn a_bare_port_is_one_of_this_machine() {
    let project = super::Project::new().with("served.yaml", SCENARIO);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let outcome = project.firedrill(&format!("serve served.yaml --listen {port}"));
    let told = String::from_utf8_lossy(&outcome.get_output().stderr).into_owned();
    assert!(
        told.starts_with(&format!("error: cannot listen on 127.0.0.1:{port}: ")),
        "{told}"
    );
    let outcome = project.firedrill("serve served.yaml --listen 127.0.0.1");
    let told = String::from_utf8_lossy(&outcome.get_output().stderr).into_owned();
    assert!(told.contains("write a port as in `9300`"), "{told}");
}
