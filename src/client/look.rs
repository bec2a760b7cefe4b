//! One look at one provider, step by step, for `firedrill live`: a connection, the list of models,
//! one short answer. It makes the exchanges of calls, outside of any policy.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ACCEPT_ENCODING, HOST, HeaderValue};
use hyper::{HeaderMap, Response};
use tokio::time::Instant;

use super::attempt::{Attempt, TokenQueue, collect, plain_error, within};
use super::checks::PING;
use super::connection::Connection;
use super::failure::{Failed, broken, failed};
use super::{Client, Connect, Usage};
use crate::policy::ProviderId;
use crate::policy::classify::FailureClass;
use crate::policy::keys::KeyId;
use crate::policy::step::Start;
use crate::wire::client::models;
use crate::wire::request::Request;

/// A look at the provider with this number of a client's fleet, from 0.
pub(crate) struct Look<'a, C: Connect> {
    client: &'a Client<C>,
    provider: ProviderId,
    /// How long each step may take.
    within: Duration,
}

/// What came of a step.
pub(crate) struct Heard<T> {
    pub(crate) result: Result<T, Trouble>,
    pub(crate) took: Duration,
    /// The header fields of the answer that tell limits, as names and values.
    pub(crate) limits: Vec<(String, String)>,
}

/// Why a step failed. It holds no key.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) class: FailureClass,
    pub(crate) status: Option<u16>,
    /// The provider's message, or the connection's error.
    pub(crate) message: Option<String>,
    /// How long the provider asks to wait.
    pub(crate) wait: Option<Duration>,
}

impl<'a, C: Connect> Look<'a, C> {
    /// At the provider with this number in `client`'s fleet, from 0.
    pub(crate) const fn at(client: &'a Client<C>, number: u16, within: Duration) -> Self {
        Self {
            client,
            provider: ProviderId(number),
            within,
        }
    }

    /// Opens a connection, which the next step uses.
    pub(crate) async fn connect(&self) -> Heard<()> {
        let started = Instant::now();
        let attempt = self.attempt(KeyId(0), Bytes::new());
        let opened = attempt.open(started).await.map_err(|mut failed| {
            // An attempt has one timeout; here it is the connection's.
            if failed.failure.class == FailureClass::TimeoutAttempt {
                failed.failure.class = FailureClass::TimeoutConnect;
            }
            failed
        });
        let opened = opened.map(|connection| attempt.target().pool.put(connection));
        self.heard(opened, started, &HeaderMap::new())
    }

    /// The names of the models that the provider lists for this key.
    pub(crate) async fn list(&self, key: u16) -> Heard<Vec<String>> {
        let started = Instant::now();
        let attempt = self.attempt(KeyId(key), Bytes::new());
        let mut headers = HeaderMap::new();
        let listed = list(&attempt, started, &mut headers).await;
        self.heard(listed, started, &headers)
    }

    /// A short answer, of at most `tokens` tokens: what it used, if the provider said so.
    pub(crate) async fn answer(&self, key: u16, tokens: u32) -> Heard<Option<Usage>> {
        let started = Instant::now();
        let target = self.client.shared.target(self.provider);
        let request = Request::user(PING).max_tokens(tokens);
        let body = request.body(target.dialect, &target.model, false);
        let attempt = self.attempt(KeyId(key), body);
        let mut headers = HeaderMap::new();
        let answered = match attempt.exchange_with_redirects(started).await {
            Err(failed) => Err(failed),
            Ok((connection, response)) => {
                headers.clone_from(response.headers());
                finish(&attempt, connection, response, started).await
            }
        };
        self.heard(answered, started, &headers)
    }

    fn attempt(&self, key: KeyId, body: Bytes) -> Attempt<C> {
        Attempt {
            shared: self.client.shared.clone(),
            start: Start::check(self.provider, key, self.within),
            key: format!("{}-{}", self.client.shared.key_prefix, self.provider.0),
            body,
            streamed: false,
            inbox: Arc::<TokenQueue>::default(),
        }
    }

    fn heard<T>(
        &self,
        result: Result<T, Failed>,
        started: Instant,
        headers: &HeaderMap,
    ) -> Heard<T> {
        let target = self.client.shared.target(self.provider);
        let trouble = |failed: Failed| Trouble {
            class: failed.failure.class,
            status: failed.status,
            message: failed.message.map(|said| target.without_keys(&said)),
            wait: failed.failure.hint,
        };
        let limits = headers.iter().filter_map(|(name, value)| {
            let tells = name.as_str().contains("ratelimit");
            let value = value.to_str().ok().filter(|_| tells)?;
            Some((name.to_string(), target.without_keys(value)))
        });
        Heard {
            result: result.map_err(trouble),
            took: started.elapsed(),
            limits: limits.collect(),
        }
    }
}

/// Asks for the list of models, and reads it; `headers` become those of the answer.
async fn list<C: Connect>(
    attempt: &Attempt<C>,
    started: Instant,
    headers: &mut HeaderMap,
) -> Result<Vec<String>, Failed> {
    let target = attempt.target();
    let limit = attempt.whole(started);
    let mut connection = match target.pool.take() {
        Some(connection) => connection,
        None => attempt.open(started).await?,
    };
    let mut request = hyper::Request::new(Full::new(Bytes::new()));
    *request.uri_mut() = target.uris.models.clone();
    let plain = HeaderValue::from_static("identity");
    let fields = [(HOST, target.host.clone()), (ACCEPT_ENCODING, plain)];
    let own = target.headers(attempt.start.key).iter().cloned();
    request.headers_mut().extend(fields.into_iter().chain(own));
    let sent = within(limit, connection.send(request)).await?;
    let response = sent.map_err(|error| broken(error.into_error(), FailureClass::Reset))?;
    headers.clone_from(response.headers());
    if !response.status().is_success() {
        return Err(attempt.refused(connection, response, started).await);
    }
    let body = collect(&mut connection, response.into_body(), limit, LONGEST_LIST).await?;
    target.pool.put(connection);
    let plain = plain_error(headers, body);
    models::read(&plain).ok_or_else(|| Failed {
        message: Some("the answer is no list of models".to_owned()),
        ..failed(FailureClass::Malformed)
    })
}

async fn finish<C: Connect>(
    attempt: &Attempt<C>,
    mut connection: Connection<C::Io>,
    response: Response<Incoming>,
    started: Instant,
) -> Result<Option<Usage>, Failed> {
    if !response.status().is_success() {
        return Err(attempt.refused(connection, response, started).await);
    }
    let content = attempt.read(&mut connection, response, started).await?;
    Ok(content.usage)
}

/// The longest list of models that is read, in bytes: OpenRouter's has less than a megabyte.
const LONGEST_LIST: usize = 16 << 20;
