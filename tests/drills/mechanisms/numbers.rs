//! The headers of an attempt, over loopback TCP.

use std::sync::{Arc, Mutex};

use firedrill::client::{Client, Provider, Request, Tcp};
use firedrill::policy::config::Policy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const POLICY: &str = "name: thrice
retry: { max_attempts: 4, max_attempts_per_provider: 3, backoff: { base: 1ms, jitter: none } }
failures: { server_error: retry }
";

#[tokio::test]
async fn attempts_say_their_number_and_their_calls_key() {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let [primary, backup] = [listen(&heads).await, listen(&heads).await];
    let client: Client<Tcp> = Client::builder()
        .policy(Policy::parse("thrice.yaml", POLICY).unwrap())
        .provider(Provider::new("primary", primary, "m"))
        .provider(Provider::new("backup", backup, "m"))
        .key_prefix("web-1")
        .build()
        .unwrap();
    for call in [7, 8] {
        let failed = client.call(&Request::user("tell me").id(call)).await;
        assert_eq!(failed.unwrap_err().attempts.len(), 4);
    }
    let said = heads.lock().unwrap().clone();
    let [first, second] = [0, 4].map(|at| said[at..at + 4].to_vec());
    for attempts in [&first, &second] {
        let numbers = Vec::from_iter(attempts.iter().map(|(_, number)| number.as_str()));
        assert_eq!(
            numbers,
            ["0", "1", "2", "0"],
            "each provider counts from its own first"
        );
        let keys = Vec::from_iter(attempts.iter().map(|(key, _)| key));
        assert!(
            keys.iter()
                .all(|key| *key == keys[0] && key.starts_with("web-1")),
            "{keys:?}"
        );
    }
    assert_ne!(first[0].0, second[0].0, "another call is another key");
}

/// A provider that fails every request and records idempotency key and count of retries.
async fn listen(heads: &Arc<Mutex<Vec<(String, String)>>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let heads = heads.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            fail(stream, &heads).await;
        }
    });
    format!("http://{address}")
}

async fn fail(mut stream: TcpStream, heads: &Mutex<Vec<(String, String)>>) {
    let mut bytes = Vec::new();
    let head = loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            break head.to_owned();
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    };
    let field = |name: &str| {
        let mut fields = head.lines().filter_map(|line| line.split_once(": "));
        let found = fields.find(|(field, _)| field.eq_ignore_ascii_case(name));
        found.expect(name).1.to_owned()
    };
    let said = (field("idempotency-key"), field("x-retry-count"));
    heads.lock().unwrap().push(said);
    let answer = "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 2\r\n\
                  connection: close\r\n\r\n{}";
    stream.write_all(answer.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    // Unread bytes would turn the close into a reset.
    while stream.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) {}
}
