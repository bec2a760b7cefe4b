//! Builds a client: a policy, the fleet in order, and how to reach it.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use hyper::header::{HeaderName, HeaderValue};

use super::connect::{Connect, Endpoint, Scheme};
use super::pool::Pool;
use super::{Client, Shared, Target, Uris};
use crate::policy::config::Policy;
use crate::policy::fleet::Fleet;
use crate::rng::Draws;
use crate::trace::{Recorder, Silence};
use crate::wire::{Dialect, request};

/// A client in the making.
pub struct Builder<C: Connect> {
    connect: C,
    policy: Option<Policy>,
    providers: Vec<Provider>,
    recorder: Arc<dyn Recorder>,
    seed: u64,
    key_prefix: String,
    origin: Option<tokio::time::Instant>,
}

/// A provider as an application names it.
#[derive(Clone)]
pub struct Provider {
    name: String,
    url: String,
    model: String,
    dialect: Dialect,
    key: Option<String>,
}

/// Why a client cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// No policy was given.
    #[error("no policy: give one with `policy`, for instance a preset")]
    NoPolicy,
    /// No provider was given.
    #[error("no provider: give at least one with `provider`")]
    NoProvider,
    /// Two providers have one name.
    #[error("two providers are called `{0}`")]
    SameName(String),
    /// The address is not one that this client can reach.
    #[error("`{0}`: the address must be http[s]://HOST[:PORT][/BASE]")]
    Address(String),
    /// The address asks for TLS, which what makes the connections does not speak.
    #[error("`{0}`: https needs `Builder::new(Tls::platform()?)`, of the feature `tls`")]
    NeedsTls(String),
    /// The key cannot stand in a header.
    #[error("the key of `{0}` holds a character that no header may hold")]
    Key(String),
}

impl Provider {
    /// A provider called `name`, which answers at `url` with `model`, in the dialect of OpenAI
    /// unless [`dialect`](Self::dialect) says otherwise.
    ///
    /// `url` is the base URL that the vendor's own SDK takes, such as `http://host:8080/v1` for
    /// OpenAI and what imitates it, and the root of the host for Anthropic, Gemini and Azure; at
    /// Azure `model` is the name of the deployment.
    pub fn new(name: impl Into<String>, url: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            url: url.into(),
            model: model.into(),
            dialect: Dialect::default(),
            key: None,
        }
    }

    /// With the dialect that it speaks.
    #[must_use]
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// With an API key, sent in the header that the dialect has for it and never logged.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    fn target<C: Connect>(self) -> Result<Target<C>, BuildError> {
        let parsed = Endpoint::parse(&self.url).and_then(|endpoint| {
            let uri = |streamed| {
                let path = request::path(self.dialect, &self.model, streamed);
                format!("{}{path}", endpoint.base_path).parse().ok()
            };
            let uris = Uris {
                plain: uri(false)?,
                streamed: uri(true)?,
            };
            let host = HeaderValue::from_str(&endpoint.authority()).ok()?;
            Some((endpoint, uris, host))
        });
        let Some((endpoint, uris, host)) = parsed else {
            return Err(BuildError::Address(self.url));
        };
        if endpoint.scheme == Scheme::Https && !C::TLS {
            return Err(BuildError::NeedsTls(self.url));
        }
        let headers = headers(self.dialect, self.key.as_deref());
        let Some(headers) = headers else {
            return Err(BuildError::Key(self.name));
        };
        Ok(Target {
            name: self.name,
            model: self.model,
            dialect: self.dialect,
            endpoint,
            uris,
            host,
            headers,
            pool: Pool::new(),
        })
    }
}

/// What every request in this dialect has, the key last; `None` when no header can hold the key.
fn headers(dialect: Dialect, key: Option<&str>) -> Option<Vec<(HeaderName, HeaderValue)>> {
    let fixed = request::fixed_headers(dialect).iter();
    let mut headers: Vec<_> = fixed
        .map(|&(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        })
        .collect();
    if let Some(key) = key {
        let (name, value) = request::key_header(dialect, key);
        let mut value = HeaderValue::from_str(&value).ok()?;
        value.set_sensitive(true);
        headers.push((HeaderName::from_static(name), value));
    }
    Some(headers)
}

/// Its key is a secret, and so no part of this.
impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider")
            .field("name", &self.name)
            .field("url", &self.url)
            .field("model", &self.model)
            .field("dialect", &self.dialect)
            .finish_non_exhaustive()
    }
}

impl<C: Connect> Builder<C> {
    /// A builder whose connections `connect` makes.
    pub fn new(connect: C) -> Self {
        Self {
            connect,
            policy: None,
            providers: Vec::new(),
            recorder: Arc::new(Silence),
            seed: 0,
            key_prefix: "call".to_owned(),
            origin: None,
        }
    }

    /// How the client decides.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// One more provider; the order is the fleet's.
    #[must_use]
    pub fn provider(mut self, provider: Provider) -> Self {
        self.providers.push(provider);
        self
    }

    /// Who is told what happens; nobody by default.
    #[must_use]
    pub fn recorder(mut self, recorder: Arc<dyn Recorder>) -> Self {
        self.recorder = recorder;
        self
    }

    /// The seed of the client's own draws (jitter). Processes that should not move in step need
    /// seeds that differ, such as a hash of host name and process id; 0 by default.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// What the idempotency keys of this client start with; `call` by default. Processes that ask
    /// one provider account need prefixes that differ.
    #[must_use]
    pub fn key_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.key_prefix = prefix.into();
        self
    }

    /// The moment from which the trace counts; the moment of building by default.
    #[must_use]
    pub fn origin(mut self, origin: tokio::time::Instant) -> Self {
        self.origin = Some(origin);
        self
    }

    /// The client.
    ///
    /// # Errors
    /// When something is missing, or an address or a key is not of the right form.
    pub fn build(self) -> Result<Client<C>, BuildError> {
        let policy = self.policy.ok_or(BuildError::NoPolicy)?;
        let mut targets: Vec<Target<C>> = Vec::with_capacity(self.providers.len());
        for provider in self.providers {
            if targets.iter().any(|target| target.name == provider.name) {
                return Err(BuildError::SameName(provider.name));
            }
            targets.push(provider.target()?);
        }
        if targets.is_empty() {
            return Err(BuildError::NoProvider);
        }
        let names: Vec<String> = targets.iter().map(|target| target.name.clone()).collect();
        let shared = Shared {
            connect: self.connect,
            targets,
            fleet: Mutex::new(Fleet::new(policy, &names)),
            recorder: self.recorder,
            draws: Draws::new(self.seed),
            key_prefix: self.key_prefix,
            next_call: AtomicU64::new(0),
            origin: self.origin.unwrap_or_else(tokio::time::Instant::now),
        };
        Ok(Client {
            shared: Arc::new(shared),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_shows_itself_nowhere() {
        let provider = Provider::new("openai", "http://api.test/v1", "gpt-4.1").key("sk-secret");
        assert!(!format!("{provider:?}").contains("secret"));
        for dialect in Dialect::ALL {
            let headers = headers(dialect, Some("sk-secret")).unwrap();
            assert!(!format!("{headers:?}").contains("secret"), "{dialect:?}");
        }
        let wrong = provider.key("sk-secret\n").target::<super::super::Tcp>();
        let error = wrong.err().map(|error| format!("{error} {error:?}"));
        assert!(error.is_some_and(|text| !text.contains("secret")));
    }

    #[test]
    fn the_dialects_path_stands_behind_the_base_url() {
        let uris = |url: &str, dialect| {
            let provider = Provider::new("p", url, "a model").dialect(dialect);
            let target = provider.target::<super::super::Tcp>().unwrap();
            let (plain, streamed) = (target.uris.plain, target.uris.streamed);
            [plain.to_string(), streamed.to_string()]
        };
        assert_eq!(
            uris("http://api.test/v1/", Dialect::Openai),
            ["/v1/chat/completions"; 2]
        );
        assert_eq!(
            uris("http://api.test", Dialect::Anthropic),
            ["/v1/messages"; 2]
        );
        assert_eq!(
            uris("http://api.test/proxy", Dialect::Gemini),
            [
                "/proxy/v1beta/models/a%20model:generateContent",
                "/proxy/v1beta/models/a%20model:streamGenerateContent?alt=sse"
            ]
        );
    }
}
