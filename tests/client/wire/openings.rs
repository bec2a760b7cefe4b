//! Prebuffers: tokens that are withheld so that the call can fall back.

use std::sync::Mutex;

use firedrill::client::{Builder, Client, Provider, Request};
use firedrill::policy::config::Policy;

use super::{Pipes, Script, chunked, text, whole};

const LONG: &str =
    "data: {\"choices\":[{\"delta\":{\"content\":\"As I was saying to you all\"}}]}\n\n";
const ERROR: &str = "data: {\"error\":{\"type\":\"server_error\",\"message\":\"no\"}}\n\n";

fn client(streams: &str, scripts: Vec<Script>) -> Client<Pipes> {
    let policy = format!(
        "name: wire\nretry: {{ max_attempts_per_provider: 1 }}\nstreams: {{ \
        {streams} }}\n"
    );
    Builder::new(Pipes {
        scripts: Mutex::new(scripts.into()),
    })
    .policy(Policy::parse("wire.yaml", &policy).unwrap())
    .provider(Provider::new("primary", "http://primary/v1", "m"))
    .provider(Provider::new("backup", "http://backup/v1", "m"))
    .build()
    .unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_error_that_comes_with_the_end_of_the_opening_goes_unseen() {
    let scripts = vec![vec![chunked(&[LONG, ERROR])], vec![whole()]];
    let client = client("prebuffer: 5 tok", scripts);
    assert_eq!(text(&client).await.unwrap(), "hi");
}

#[tokio::test(start_paused = true)]
async fn an_error_after_the_opening_says_what_had_arrived() {
    let mut stream = client("prebuffer: 5 tok", vec![vec![chunked(&[LONG])]]).stream(&hello());
    assert_eq!(
        stream.next().await.unwrap().unwrap(),
        "As I was saying to you all"
    );
    drop(stream);
}

fn hello() -> Request {
    Request::user("hello")
}
