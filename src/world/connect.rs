//! The client's connections inside the simulated network.

use std::io;

use hyper_util::rt::TokioIo;
use turmoil_net::shim::tokio::net::TcpStream;

use crate::client::{Connect, Endpoint};

/// Connects to a host of the simulated network. It works only within a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Simulated;

impl Connect for Simulated {
    type Io = TokioIo<TcpStream>;

    async fn connect(&self, endpoint: &Endpoint) -> io::Result<Self::Io> {
        let stream = TcpStream::connect((endpoint.host.as_str(), endpoint.port)).await?;
        Ok(TokioIo::new(stream))
    }
}
