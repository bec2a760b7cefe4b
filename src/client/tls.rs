//! Connections over TLS, and over plain TCP for `http` addresses: rustls with ring.
//!
//! A certificate that does not verify is an error, and verification cannot be turned off: add an
//! authority of your own with [`Tls::trusting`]. HTTP/2 is offered to every provider; the provider
//! chooses the version (ALPN).

use std::fmt;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::connect::{Connect, Endpoint, Scheme, Tcp};
use super::{Builder, Client, LoadError};

/// Connects to `https` addresses, and to `http` ones as [`Tcp`] does.
///
/// ```
/// use firedrill::client::{Builder, Provider, Tls};
/// use firedrill::policy_file::presets;
///
/// let client = Builder::new(Tls::bundled())
///     .policy(presets::policy("resilient").expect("a preset that ships"))
///     .provider(Provider::new("openai", "https://api.openai.com/v1", "gpt-4.1").key("sk-..."))
///     .build();
/// assert!(client.is_ok());
/// ```
#[derive(Clone)]
pub struct Tls {
    connector: TlsConnector,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl Tls {
    /// Trusts the platform's root certificates, and the file that `SSL_CERT_FILE` names.
    ///
    /// # Errors
    /// When the platform's list cannot be read, or is empty.
    pub fn platform() -> io::Result<Self> {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        // The platform's list may hold certificates that do not parse; the others are used.
        let (usable, _) = roots.add_parsable_certificates(found.certs);
        match (usable, found.errors.into_iter().next()) {
            (0, Some(error)) => Err(io::Error::other(error)),
            (0, None) => Err(io::Error::new(
                io::ErrorKind::NotFound,
                "this machine has no root certificates: install some, or use the bundled ones",
            )),
            _ => Ok(Self::with_roots(roots)),
        }
    }

    /// Trusts Mozilla's root certificates as of the build, for machines without a list of their
    /// own.
    pub fn bundled() -> Self {
        Self::with_roots(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect())
    }

    /// Trusts these authorities and no others; each is a certificate in DER.
    ///
    /// # Errors
    /// When one of them is not a valid certificate.
    pub fn trusting<D: Into<Vec<u8>>>(
        authorities: impl IntoIterator<Item = D>,
    ) -> io::Result<Self> {
        let mut roots = RootCertStore::empty();
        for der in authorities {
            roots
                .add(CertificateDer::from(der.into()))
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        }
        Ok(Self::with_roots(roots))
    }

    fn with_roots(roots: RootCertStore) -> Self {
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring knows every version that rustls speaks")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![H2.to_vec(), b"http/1.1".to_vec()];
        Self {
            connector: TlsConnector::from(Arc::new(config)),
        }
    }
}

impl Client<Tls> {
    /// A client from a policy file and a fleet file, for `https` and `http` addresses, with the
    /// platform's root certificates.
    ///
    /// ```no_run
    /// use firedrill::client::{Client, Request};
    ///
    /// # async fn ask() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = Client::over_tls("policies/resilient.yaml", "fleet.yaml")?;
    /// let answer = client.call(&Request::user("Are you there?")).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When one of the files is wrong, a key is not where the fleet file says, the client cannot be
    /// built from them, or [`Tls::platform`] fails.
    pub fn over_tls(policy: impl AsRef<Path>, fleet: impl AsRef<Path>) -> Result<Self, LoadError> {
        let tls = Tls::platform().map_err(LoadError::Authorities)?;
        let builder = Builder::new(tls).files(policy, fleet)?;
        Ok(builder.build()?)
    }
}

impl Connect for Tls {
    type Io = MaybeTls;

    const TLS: bool = true;

    async fn connect(&self, endpoint: &Endpoint) -> io::Result<MaybeTls> {
        let plain = Tcp.connect(endpoint).await?;
        if endpoint.scheme == Scheme::Http {
            return Ok(MaybeTls::Plain(plain));
        }
        let says = |error: &dyn std::fmt::Display| format!("TLS with {}: {error}", endpoint.host);
        let name = ServerName::try_from(endpoint.bare_host().to_owned())
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, says(&error)))?;
        let stream = self.connector.connect(name, plain.into_inner()).await;
        let stream = stream.map_err(|error| io::Error::new(error.kind(), says(&error)))?;
        Ok(MaybeTls::Tls(Box::new(TokioIo::new(stream))))
    }

    fn is_h2(connection: &MaybeTls) -> bool {
        match connection {
            MaybeTls::Plain(_) => false,
            MaybeTls::Tls(stream) => stream.inner().get_ref().1.alpn_protocol() == Some(H2),
        }
    }
}

/// A connection with TLS or without.
#[derive(Debug)]
#[non_exhaustive]
pub enum MaybeTls {
    /// Without TLS.
    Plain(TokioIo<TcpStream>),
    /// With TLS.
    Tls(Box<TokioIo<TlsStream<TcpStream>>>),
}

impl Read for MaybeTls {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl Write for MaybeTls {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, pieces),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, pieces),
        }
    }
}

/// The ALPN name of HTTP/2 (RFC 9113, 3.2).
const H2: &[u8] = b"h2";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_not_trusted() {
        assert!(Tls::trusting([b"no certificate".to_vec()]).is_err());
    }
}
