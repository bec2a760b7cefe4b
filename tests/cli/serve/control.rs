//! The paths under `/__firedrill`.

use serde_json::Value;

use super::{PLAIN, Server, post, status};

const SWITCHES: &str = "
name: served
about: What can be seen and switched by hand?
run: { duration: 2h, seeds: 1..1 }
providers:
  main:
    dialect: openai
    model: gpt-4.1
    ttft: 1ms
    speed: 5000 tok/s
    limits: { rpm: 100 }
    capacity: { slots: 4, queue: 2 }
  gone: { dialect: openai, model: gpt-4.1, ttft: 1ms, speed: 5000 tok/s }
  slow: { dialect: openai, model: gpt-4.1, ttft: 60s, speed: 500 tok/s }
load: { rate: 1/s, prompt: 100 tok, output: 10 tok }
faults:
  storm: { target: main, inject: 429, at: 1h }
  down: { target: gone, inject: outage, at: 1h }
policies: [ no-failover ]
";

#[test]
fn the_time_is_started_and_faults_are_switched_by_hand() {
    let server = Server::start_with(SWITCHES, &[]);
    let (_, state) = server.control("GET", "/state");
    assert_eq!(
        (&state["started"], &state["time_ms"]),
        (&false.into(), &0.into())
    );
    assert_eq!(server.control("POST", "/start").1["started"], true);
    let ask = || status(&server.ask(0, &post(PLAIN)).unwrap());
    assert_eq!(ask(), 200);
    let (_, fault) = server.control("POST", "/faults/storm/on");
    assert_eq!(
        (&fault["active"], &fault["switch"]),
        (&true.into(), &"on".into())
    );
    assert_eq!(ask(), 429);
    // The same path on the provider's own port.
    assert_eq!(
        server.get(0, "POST", "/__firedrill/faults/storm/off").0,
        200
    );
    assert_eq!(ask(), 200);
    let (_, fault) = server.control("POST", "/faults/storm/auto");
    assert_eq!(
        (&fault["active"], &fault["from_ms"]),
        (&false.into(), &3_600_000.into())
    );
    let (status, wrong) = server.control("POST", "/faults/strom/on");
    assert_eq!(
        (status, &wrong["help"]),
        (404, &"did you mean `storm`?".into())
    );
    let (status, wrong) = server.control("GET", "/jornal");
    assert_eq!(
        (status, &wrong["help"]),
        (404, &"did you mean `/__firedrill/journal`?".into())
    );
    assert_eq!(server.control("GET", "/reset").0, 405);
    assert_eq!(server.control("GET", "/state").1["faults"][0]["fired"], 1);
}

#[test]
fn an_outage_begins_and_ends_by_hand_while_the_control_port_answers() {
    let server = Server::start_with(SWITCHES, &[]);
    server.control("POST", "/start");
    assert_eq!(status(&server.ask(1, &post(PLAIN)).unwrap()), 200);
    server.control("POST", "/faults/down/on");
    let refused = server.ask(1, &post(PLAIN)).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    assert_eq!(server.state_of(1)["port"], "closed");
    server.control("POST", "/faults/down/off");
    assert_eq!(status(&server.ask(1, &post(PLAIN)).unwrap()), 200);
    assert_eq!(server.state_of(1)["port"], "open");

    let server = Server::start_with(SWITCHES, &["--outage", "reset"]);
    server.control("POST", "/start");
    server.control("POST", "/faults/down/on");
    let reset = server.ask(1, &post(PLAIN)).unwrap_err();
    assert_ne!(
        reset.kind(),
        std::io::ErrorKind::ConnectionRefused,
        "{reset}"
    );
    let (_, journal) = server.control("GET", "/journal");
    let entry = &journal["entries"][0];
    assert_eq!(
        (&entry["kind"], &entry["end"]),
        (&"connection".into(), &"refused".into())
    );
    assert_eq!(server.state_of(1)["refused"], 1);
}

#[test]
fn the_journal_keeps_what_was_asked_and_no_secret() {
    let server = Server::start_with(SWITCHES, &[]);
    let key = "authorization: Bearer sk-proj-4fJ8sKq02LmZx91TbVc7Yd3RuWe6PhGn\r\n";
    let request = post(PLAIN).replacen("host: x\r\n", key, 1);
    server.control("POST", "/faults/storm/on");
    server.ask(0, &request).unwrap();
    server.ask(0, &request).unwrap();
    server.control("POST", "/faults/storm/off");
    server.ask(0, &request).unwrap();
    server.ask(0, &request).unwrap();
    server.get(
        0,
        "GET",
        "/v1/models?key=sk-proj-4fJ8sKq02LmZx91TbVc7Yd3RuWe6PhGn",
    );
    server.get(0, "GET", "/health");
    let (_, journal) = server.control("GET", "/journal");
    let entries = journal["entries"].as_array().unwrap();
    // The same body is the same call until it is answered.
    let calls = entries
        .iter()
        .map(|entry| (entry["call"].as_u64(), entry["attempt"].as_u64()));
    let expected = [(0, 0), (0, 1), (0, 2), (1, 0)].map(|(call, nth)| (Some(call), Some(nth)));
    assert_eq!(Vec::from_iter(calls.take(4)), expected);
    assert_eq!(
        (entries.len(), &entries[4]["path"]),
        (5, &"/v1/models".into())
    );
    let first = &entries[0];
    for (field, value) in [
        ("provider", Value::from("main")),
        ("path", "/v1/chat/completions".into()),
        ("model", "gpt-4.1".into()),
        ("streamed", false.into()),
        ("status", 429.into()),
        ("faults", vec!["storm"].into()),
        ("end", "whole".into()),
    ] {
        assert_eq!(first[field], value, "{field} of {first}");
    }
    assert_eq!(
        (&entries[2]["input"], &entries[2]["output"]),
        (&16.into(), &10.into())
    );
    assert!(
        first["key"].is_string() && !journal.to_string().contains("4fJ8"),
        "{journal}"
    );
    let (_, later) = server.control("GET", "/journal?after=4");
    assert_eq!(later["entries"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_reset_sets_all_back_to_the_start() {
    let server = Server::start_with(SWITCHES, &[]);
    server.ask(0, &post(PLAIN)).unwrap();
    let limit = |server: &Server| server.state_of(0)["limits"][0]["remaining"].clone();
    assert_eq!(limit(&server), 99);
    assert_eq!(server.state_of(0)["slots"]["slots"], 4);
    server.control("POST", "/faults/storm/on");
    std::thread::scope(|scope| {
        let cut = scope.spawn(|| server.ask(2, &post(PLAIN)));
        while server.state_of(2)["requests"] == 0 && !cut.is_finished() {
            let (_, state) = server.control("POST", "/reset");
            assert_eq!(state["started"], false);
        }
        assert!(
            cut.join().unwrap().is_err(),
            "what is in progress is cut off"
        );
    });
    let (_, state) = server.control("POST", "/reset");
    assert_eq!(
        (&state["time_ms"], &state["faults"][0]["switch"]),
        (&0.into(), &"auto".into())
    );
    assert_eq!(
        (&state["providers"][0]["requests"], limit(&server)),
        (&0.into(), 100.into())
    );
    assert_eq!(server.control("GET", "/journal").1["count"], 0);
    assert_eq!(status(&server.ask(0, &post(PLAIN)).unwrap()), 200);
    assert_eq!(server.state_of(0)["requests"], 1);
}

#[test]
fn a_log_of_json_has_a_document_a_line() {
    let server = Server::start_with(SWITCHES, &["--log", "json"]);
    server.ask(0, &post(PLAIN)).unwrap();
    server.control("POST", "/faults/down/on");
    server.ask(1, &post(PLAIN)).unwrap_err();
    let (_, told) = server.end("INT");
    let lines = told.lines().map(|line| serde_json::from_str(line).unwrap());
    let lines: Vec<Value> = lines.collect();
    assert_eq!(
        (&lines[0]["status"], &lines[0]["n"]),
        (&200.into(), &1.into())
    );
    assert_eq!(lines[1]["event"], "is gone: an outage begins");
}

#[test]
fn the_documents_list_the_control_paths() {
    let server = Server::start_with(SWITCHES, &[]);
    let (_, index) = server.control("GET", "");
    let rows = index["paths"].as_array().unwrap().iter().map(|route| {
        let text = |key: &str| route[key].as_str().unwrap();
        format!(
            "| `{} {}` | {} |\n",
            text("method"),
            text("path"),
            text("about")
        )
    });
    let table = format!(
        "| request | what it does |\n|---|---|\n{}",
        String::from_iter(rows)
    );
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/serve.md");
    let written = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = written.split_once("<!-- control paths -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- end -->").unwrap();
    let expected = format!("{before}<!-- control paths -->\n{table}<!-- end -->{after}");
    if std::env::var("FIREDRILL_DOCS").is_ok_and(|value| value == "write") {
        std::fs::write(&path, &expected).unwrap();
    }
    let hint = "FIREDRILL_DOCS=write cargo test --test cli serve";
    assert_eq!(std::fs::read_to_string(&path).unwrap(), expected, "{hint}");
}
