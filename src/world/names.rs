//! The host names of the providers inside the simulated network.

use crate::policy::ProviderId;

/// The port in the providers' addresses: their hosts listen on every one.
pub(super) const PORT: u16 = 80;

/// The host name of the provider of this number.
pub(super) fn server(number: usize) -> String {
    format!("{SERVER}{number}")
}

/// The provider with this host name.
pub(super) fn provider(host: &str) -> Option<ProviderId> {
    let number = host.strip_prefix(SERVER)?;
    number.parse().ok().map(ProviderId)
}

const SERVER: &str = "provider-";
