//! How connections are made: real TCP here, simulated sockets in the simulator.

use std::future::Future;
use std::io;

use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Makes connections.
pub trait Connect: Send + Sync + 'static {
    /// A connection, as hyper reads and writes it.
    type Io: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static;

    /// Opens a connection. The client gives up by dropping the future.
    fn connect(&self, endpoint: &Endpoint) -> impl Future<Output = io::Result<Self::Io>> + Send;
}

/// Where a provider listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// A host name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What stands before the dialect's own path, without a slash at its end: `/v1`.
    pub base_path: String,
}

impl Endpoint {
    /// Reads `http://HOST[:PORT][/BASE]`; `None` when it is not of that form.
    pub fn parse(url: &str) -> Option<Self> {
        let uri: hyper::Uri = url.parse().ok()?;
        if uri.scheme_str() != Some("http") || uri.query().is_some() {
            return None;
        }
        Some(Self {
            host: uri.host().filter(|host| !host.is_empty())?.to_owned(),
            port: uri.port_u16().unwrap_or(80),
            base_path: uri.path().trim_end_matches('/').to_owned(),
        })
    }

    /// What the `Host` header says.
    pub(super) fn authority(&self) -> String {
        match self.port {
            80 => self.host.clone(),
            port => format!("{}:{port}", self.host),
        }
    }
}

/// Real TCP, with Nagle's algorithm off: requests are written whole.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tcp;

impl Connect for Tcp {
    type Io = TokioIo<TcpStream>;

    async fn connect(&self, endpoint: &Endpoint) -> io::Result<Self::Io> {
        let host = endpoint.host.trim_start_matches('[').trim_end_matches(']');
        let stream = TcpStream::connect((host, endpoint.port)).await?;
        stream.set_nodelay(true)?;
        Ok(TokioIo::new(stream))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_base_urls() {
        let endpoint = Endpoint::parse("http://127.0.0.1:8080/v1/").unwrap();
        assert_eq!((endpoint.port, endpoint.base_path.as_str()), (8080, "/v1"));
        assert_eq!(endpoint.authority(), "127.0.0.1:8080");
        assert_eq!(
            Endpoint::parse("http://api.test").unwrap().authority(),
            "api.test"
        );
        for url in [
            "https://api.test/v1",
            "api.test",
            "",
            "http://",
            "http://a/b?c=d",
        ] {
            assert_eq!(Endpoint::parse(url), None, "{url}");
        }
    }
}
