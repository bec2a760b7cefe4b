//! How connections are made: real TCP here, a simulated one in the simulator. TLS is in `tls`.

use std::future::Future;
use std::io;

use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Makes connections.
pub trait Connect: Send + Sync + 'static {
    /// The connection, as hyper reads and writes it.
    type Io: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static;

    /// Whether it supports `https` addresses. Building a client with an address that it does not
    /// support is an error.
    const TLS: bool = false;

    /// Opens a connection. The client cancels by dropping the future.
    fn connect(&self, endpoint: &Endpoint) -> impl Future<Output = io::Result<Self::Io>> + Send;

    /// Whether both sides have agreed on HTTP/2 for this connection. It is then driven by a task of
    /// its own, which the simulated world does not support. Ignored without feature `tls`.
    fn is_h2(_connection: &Self::Io) -> bool {
        false
    }
}

/// The address of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Endpoint {
    /// The protocol below HTTP.
    pub scheme: Scheme,
    /// A host name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The path before the dialect's own path, without a slash at its end: `/v1`.
    pub base_path: String,
}

/// The protocol between HTTP and TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scheme {
    /// Nothing.
    Http,
    /// TLS.
    Https,
}

impl Scheme {
    /// The port when an address names none.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl Endpoint {
    /// Parses `http://HOST[:PORT][/BASE]` or the same with `https`; `None` for any other form.
    pub fn parse(url: &str) -> Option<Self> {
        let uri: hyper::Uri = url.parse().ok()?;
        let scheme = match uri.scheme_str()? {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return None,
        };
        // A login before the host would not be sent, and would show up in errors.
        if uri.query().is_some() || uri.authority()?.as_str().contains('@') {
            return None;
        }
        Some(Self {
            scheme,
            host: uri.host().filter(|host| !host.is_empty())?.to_owned(),
            port: uri.port_u16().unwrap_or(scheme.default_port()),
            base_path: uri.path().trim_end_matches('/').to_owned(),
        })
    }

    /// The value of the `Host` header.
    pub(super) fn authority(&self) -> String {
        match self.port == self.scheme.default_port() {
            true => self.host.clone(),
            false => format!("{}:{}", self.host, self.port),
        }
    }

    /// The host as resolvers and certificates write it: an IPv6 address without its brackets.
    pub(super) fn bare_host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }
}

/// The address as errors may show it: the part before an `@` may be a secret.
pub(super) fn without_login(url: &str) -> String {
    match url.rsplit_once('@') {
        Some((_, host)) => format!("***@{host}"),
        None => url.to_owned(),
    }
}

/// Real TCP, with Nagle's algorithm off: requests are written whole.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tcp;

impl Connect for Tcp {
    type Io = TokioIo<TcpStream>;

    async fn connect(&self, endpoint: &Endpoint) -> io::Result<Self::Io> {
        let stream = TcpStream::connect((endpoint.bare_host(), endpoint.port)).await?;
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
        for (url, port, authority) in [
            ("http://api.test", 80, "api.test"),
            ("https://api.test/v1", 443, "api.test"),
            ("https://api.test:80", 80, "api.test:80"),
            ("https://[::1]:8443", 8443, "[::1]:8443"),
        ] {
            let endpoint = Endpoint::parse(url).unwrap();
            assert_eq!(endpoint.port, port, "{url}");
            assert_eq!(endpoint.authority(), authority, "{url}");
        }
        for url in [
            "ftp://api.test/v1",
            "api.test",
            "",
            "http://",
            "http://a/b?c=d",
            "https://me:secret@api.test",
        ] {
            assert_eq!(Endpoint::parse(url), None, "{url}");
        }
        assert_eq!(without_login("https://me:secret@api.test"), "***@api.test");
    }
}
