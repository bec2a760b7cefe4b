//! A key appears on the wire and nowhere else: not in the `Debug` text of a client or its errors,
//! not in traces, not in spans. The same holds for a prompt.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use firedrill::client::{Client, FleetFile, Request};
use firedrill::policy_file::presets;
use firedrill::trace::lines::{JsonlRecorder, Reader};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

const KEY: &str = "sk-proj-Zx81yTQ9aB";
const PROMPT: &str = "What is the colour of my house?";

/// A writer that keeps its bytes.
#[derive(Clone, Debug, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Page {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A provider that gives one answer after the other, each on a connection of its own, and records
/// what it received.
fn provider(answers: Vec<String>) -> (SocketAddr, Page) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let heard = Page::default();
    let mut note = heard.clone();
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            note.write_all(&request(&mut stream)).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    (address, heard)
}

/// One request, up to the end of its body.
fn request(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut some = [0; 4096];
    loop {
        let length = stream.read(&mut some).unwrap();
        bytes.extend_from_slice(&some[..length]);
        let text = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
        let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            length.is_some_and(|length| body.len() >= length.parse().unwrap())
        });
        if whole || length == 0 {
            return bytes;
        }
    }
}

fn answer(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Records all spans and events as text.
#[derive(Clone, Default)]
struct Listener(Page, Arc<Mutex<u64>>);

impl Visit for Listener {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Listener {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut ids = self.1.lock().unwrap();
        *ids += 1;
        let mut page = self.0.clone();
        let parent = span.parent().map_or(0, Id::into_u64);
        write!(
            page,
            "\n{} {} below {parent}:",
            *ids,
            span.metadata().name()
        )
        .unwrap();
        span.record(&mut self.clone());
        Id::from_u64(*ids)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let mut page = self.0.clone();
        write!(page, "\n{} then:", span.into_u64()).unwrap();
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Makes one call to a provider with these answers, and returns what can be seen of it: all but the
/// wire, the wire, the spans, and the trace.
fn ask(answers: Vec<String>) -> [String; 4] {
    let (address, heard) = provider(answers);
    let file = format!(
        "fleet: {{ own: {{ url: http://{address}/v1, model: m, keys: [ env:KEY, env:KEY ] }} }}\n"
    );
    let fleet = FleetFile::parse("fleet.yaml", &file).unwrap();
    let providers = fleet.providers_from(&|_| Some(KEY.to_owned())).unwrap();
    let mut shown = format!("{fleet:?} {providers:#?}");
    let mut builder = Client::builder().policy(presets::policy("resilient").unwrap());
    for provider in providers {
        builder = builder.provider(provider);
    }
    let trace = Page::default();
    let lines = JsonlRecorder::new(&builder.header(), trace.clone()).unwrap();
    shown += &format!("{builder:?}");
    let client = builder.recorder(Arc::new(lines)).build().unwrap();
    let listener = Listener::default();
    let subscribed = tracing::subscriber::set_default(listener.clone());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let result = runtime
        .unwrap()
        .block_on(client.call(&Request::user(PROMPT)));
    drop(subscribed);
    shown += &format!("{client:?} {result:#?}");
    if let Err(error) = result {
        shown += &error.to_string();
    }
    // Dropping the last recorder waits until all is written.
    drop(client);
    [shown, heard.text(), listener.0.text(), trace.text()]
}

/// Checks that neither key nor prompt is anywhere but on the wire.
fn hold([shown, wire, spans, trace]: &[String; 4]) {
    assert!(wire.contains(&format!("Bearer {KEY}")), "{wire}");
    assert!(wire.contains(PROMPT), "{wire}");
    for told in [shown, spans, trace] {
        assert!(!told.contains(KEY), "{told}");
        assert!(!told.contains(PROMPT), "{told}");
    }
    assert!(shown.contains("***"), "{shown}");
    let events = Reader::new(trace.as_bytes()).unwrap();
    let events: Vec<_> = events.map(|event| event.unwrap()).collect();
    assert!(events.len() >= 4, "{events:?}");
}

#[test]
fn a_call_that_succeeds_shows_no_key() {
    let body = r#"{"id":"1","object":"chat.completion","created":1,"model":"m",
        "choices":[{"index":0,"finish_reason":"stop",
        "message":{"role":"assistant","content":"Red."}}],
        "usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}"#;
    let told = ask(vec![answer("200 OK", body)]);
    hold(&told);
    assert!(told[0].contains("Red."), "{}", told[0]);
    assert_eq!(
        told[2],
        "\n1 call below 0: id=0 streamed=false\
         \n2 attempt below 1: attempt=1 provider=\"own\" cause=\"first\" probe=false\
         \n2 then: outcome=\"succeeded\"\
         \n1 then: outcome=\"succeeded\""
    );
}

#[test]
fn a_provider_that_repeats_the_key_it_refuses_is_not_repeated() {
    let body = format!(
        "{{\"error\":{{\"message\":\"Incorrect API key provided: {KEY}.\",\
         \"type\":\"invalid_request_error\",\"code\":\"invalid_api_key\"}}}}"
    );
    let told = ask(vec![answer("401 Unauthorized", &body); 4]);
    hold(&told);
    assert!(
        told[0].contains("Incorrect API key provided: ***."),
        "{}",
        told[0]
    );
    assert!(told[2].contains("outcome=\"auth\""), "{}", told[2]);
}

#[test]
fn an_answer_that_is_none_shows_no_key() {
    let told = ask(vec![answer("200 OK", &format!("<{KEY}>")); 4]);
    hold(&told);
    assert!(told[2].contains("outcome=\"malformed\""), "{}", told[2]);
}
