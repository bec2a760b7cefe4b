//! Brings a way to connect of one's own: here through an HTTP proxy that understands `CONNECT`.
//!
//! ```sh
//! firedrill serve scenarios/quickstart.yaml    # for instance
//! cargo run --example connect -- 127.0.0.1:3128 http://127.0.0.1:9300/v1
//! ```

use std::io;

use firedrill::client::{Builder, Connect, Endpoint, Provider, Request};
use firedrill::policy_file::presets;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Connects through the proxy at this address.
struct Proxy(String);

impl Connect for Proxy {
    type Io = TokioIo<TcpStream>;

    // The client drops this future when the policy's timeout is over.
    async fn connect(&self, endpoint: &Endpoint) -> io::Result<Self::Io> {
        let mut stream = TcpStream::connect(&self.0).await?;
        stream.set_nodelay(true)?;
        let to = format!("{}:{}", endpoint.host, endpoint.port);
        let asked = format!("CONNECT {to} HTTP/1.1\r\nhost: {to}\r\n\r\n");
        stream.write_all(asked.as_bytes()).await?;
        // Byte by byte: what follows the head belongs to the provider.
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") && head.len() < 8 << 10 {
            head.push(stream.read_u8().await?);
        }
        match head.split(|byte| *byte == b' ').nth(1) {
            Some(b"200") => Ok(TokioIo::new(stream)),
            _ => Err(io::Error::other(format!("the proxy does not reach {to}"))),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let proxy = words.next().ok_or("which proxy? HOST:PORT")?;
    let url = words.next().ok_or("which provider? http://HOST:PORT/v1")?;
    let policy = presets::policy("resilient").ok_or("a preset that ships")?;
    let client = Builder::new(Proxy(proxy))
        .policy(policy)
        .provider(Provider::new("primary", url, "gpt-4.1"))
        .build()?;
    let answer = client.call(&Request::user("Are you there?")).await?;
    println!("{}: {}", answer.provider, answer.text);
    Ok(())
}
