//! Builds a client: a policy, the fleet in order, and how to reach it.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use super::connect::Connect;
use super::provider::Provider;
use super::spans::Spans;
use super::waiters::Waiters;
use super::{Client, Shared};
use crate::policy::config::Policy;
use crate::policy::fleet::Fleet;
use crate::policy::provider_info::ProviderInfo;
use crate::rng::RngStreams;
use crate::trace::lines::Header;
use crate::trace::{NoopRecorder, Recorder};

/// Builds a [`Client`].
#[must_use = "a builder makes no client until it is told to build"]
pub struct Builder<C: Connect> {
    connect: C,
    policy: Option<Policy>,
    providers: Vec<Provider>,
    recorder: Arc<dyn Recorder>,
    seed: u64,
    key_prefix: String,
    origin: Option<tokio::time::Instant>,
    bills_itself: bool,
    /// Whether no real provider is asked, so that quirks are allowed.
    simulated: bool,
}

/// Why a client cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// No policy was given.
    #[error("no policy: give one with `policy`, for instance a preset")]
    NoPolicy,
    /// The policy has quirks, and this client asks real providers.
    #[error("the policy `{0}` has quirks, which only the simulator honours: leave `quirks` out")]
    Quirks(String),
    /// No provider was given.
    #[error("no provider: give at least one with `provider`")]
    NoProvider,
    /// Two providers have one name.
    #[error("two providers are called `{0}`")]
    SameName(String),
    /// The address is not one that this client can reach.
    #[error("`{0}`: the address must be http[s]://HOST[:PORT][/BASE]")]
    Address(String),
    /// The address needs TLS, which the connector does not support.
    #[error("`{0}`: https needs `Builder::new(Tls::platform()?)`, of the feature `tls`")]
    NeedsTls(String),
    /// A key is not a valid header value.
    #[error("a key of `{0}` is empty, or holds a character that no header may hold")]
    Key(String),
}

impl<C: Connect> Builder<C> {
    /// A builder for a client whose connections are made by `connect`.
    pub fn new(connect: C) -> Self {
        Self {
            connect,
            policy: None,
            providers: Vec::new(),
            recorder: Arc::new(NoopRecorder),
            seed: 0,
            key_prefix: "call".to_owned(),
            origin: None,
            bills_itself: true,
            simulated: false,
        }
    }

    /// Sets the policy.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Adds a provider; the fleet has the order of these calls.
    pub fn provider(mut self, provider: Provider) -> Self {
        self.providers.push(provider);
        self
    }

    /// The policy's name and the members of the fleet so far: what a recorder that writes
    /// [traces](crate::trace::lines) begins with.
    pub fn header(&self) -> Header {
        let policy = self.policy.as_ref();
        let name = policy.map_or("", |policy| policy.name.as_str());
        let members: Vec<ProviderInfo> = self.providers.iter().map(Provider::member).collect();
        Header::new(name, &members)
    }

    /// Sets the recorder of events; the default discards them.
    pub fn recorder(mut self, recorder: Arc<dyn Recorder>) -> Self {
        self.recorder = recorder;
        self
    }

    /// Sets the seed of the client's own draws (jitter); 0 by default. Give each process its own
    /// seed, such as a hash of host name and process id, so that their draws differ.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the prefix of this client's idempotency keys; `call` by default. Processes that share a
    /// provider account need different prefixes.
    pub fn key_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.key_prefix = prefix.into();
        self
    }

    /// Sets the origin of the trace's times; the time of building by default.
    pub fn origin(mut self, origin: tokio::time::Instant) -> Self {
        self.origin = Some(origin);
        self
    }

    /// Sets whether the recorder gets a bill for each answer, from the usage that its provider
    /// reports; true by default. In a simulated world the providers record bills, so the client
    /// must not.
    pub fn bills_itself(mut self, bills: bool) -> Self {
        self.bills_itself = bills;
        self
    }

    /// Lets the policy have quirks, because no real provider is asked.
    #[cfg(feature = "sim")]
    pub(crate) fn simulated(mut self) -> Self {
        self.simulated = true;
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    /// When the policy has quirks, the policy or the providers are missing, or an address or a key
    /// is invalid.
    pub fn build(self) -> Result<Client<C>, BuildError> {
        let policy = self.policy.ok_or(BuildError::NoPolicy)?;
        if !self.simulated && !policy.quirks.is_empty() {
            return Err(BuildError::Quirks(policy.name));
        }
        let members: Vec<ProviderInfo> = self.providers.iter().map(Provider::member).collect();
        for (place, member) in members.iter().enumerate() {
            if members[..place].iter().any(|one| one.name == member.name) {
                return Err(BuildError::SameName(member.name.clone()));
            }
        }
        if members.is_empty() {
            return Err(BuildError::NoProvider);
        }
        let targets = self.providers.into_iter().map(Provider::into_target);
        let targets = targets.collect::<Result<Vec<_>, _>>()?;
        let draws = RngStreams::new(self.seed);
        let names = members.iter().map(|member| member.name.clone()).collect();
        let shared = Shared {
            connect: self.connect,
            targets,
            streams: policy.streams.clone(),
            quirks: policy.quirks.clone(),
            sleepers: Waiters::default(),
            fleet: Mutex::new(Fleet::new(policy, members, draws)),
            explains: self.recorder.wants_reasons(),
            recorder: Arc::new(Spans::around(self.recorder, names)),
            draws,
            key_prefix: self.key_prefix,
            bills_itself: self.bills_itself,
            next_call: AtomicU64::new(0),
            next_check: AtomicU64::new(1),
            origin: self.origin.unwrap_or_else(tokio::time::Instant::now),
        };
        Ok(Client {
            shared: Arc::new(shared),
        })
    }
}

/// Shows its settings, without any key.
impl<C: Connect> fmt::Debug for Builder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("policy", &self.policy)
            .field("providers", &self.providers)
            .finish_non_exhaustive()
    }
}

/// Shows its providers, without any key.
impl<C: Connect> fmt::Debug for Client<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.shared.targets.iter().map(|target| &target.name);
        f.debug_struct("Client")
            .field("providers", &names.collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
