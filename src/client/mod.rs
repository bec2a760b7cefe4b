//! The production client: asks the core for a step, executes it, reports the result to the core.
//!
//! - [`Client`] and [`Builder`]: the interface for applications.
//! - [`Error`]: what the caller receives when a call fails, attempt by attempt.
//! - [`Connect`]: how connections are made; [`Tcp`] here, `Tls` with feature `tls`, a simulated
//!   network in the simulator.
//! - `driver` runs one call, `attempt` makes one exchange, `failure` classifies its failure,
//!   `connection` and `pool` keep HTTP/1.1 connections, `session` HTTP/2 ones.
//!
//! ```no_run
//! use firedrill::client::{Client, Dialect, Provider, Request};
//! use firedrill::policy_file::presets;
//!
//! # async fn ask() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::builder()
//!     .policy(presets::policy("resilient").expect("a preset that ships"))
//!     .provider(Provider::new("primary", "http://10.0.0.7:8080/v1", "gpt-4.1"))
//!     .provider(
//!         Provider::new("backup", "http://10.0.0.8:8080", "claude-sonnet-4.5")
//!             .dialect(Dialect::Anthropic)
//!             .key("sk-ant-..."),
//!     )
//!     .build()?;
//! match client.call(&Request::user("Are you there?")).await {
//!     Ok(answer) => println!("{} says: {}", answer.provider, answer.text),
//!     Err(error) => println!("{error}"), // what each attempt met
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A [`Request`] is sent to each provider in its own dialect, and the result is an [`Answer`]. A
//! base URL is the one that the vendor's own SDK takes; see [`Provider::new`].
//!
//! The client makes no decisions. [`Call::step`](crate::policy::call::Call::step) makes all of
//! them, under a lock that is never held across an await.

mod attempt;
mod bill;
mod builder;
mod checks;
mod connect;
mod connection;
mod driver;
mod error;
mod failure;
mod fleet_file;
mod flight;
#[cfg(feature = "cli")]
mod look;
mod pool;
mod provider;
mod redact;
mod redirect;
mod secret;
#[cfg(feature = "tower")]
mod service;
#[cfg(feature = "tls")]
mod session;
mod spans;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "cli")]
mod told;
mod waiters;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::Uri;
use hyper::header::{HeaderName, HeaderValue};

pub use builder::{BuildError, Builder};
pub use connect::{Connect, Endpoint, Scheme, Tcp};
pub use driver::AnswerStream;
pub use error::{AttemptReport, Error, Unsupported};
#[cfg(feature = "sim")]
pub(crate) use fleet_file::Described;
#[cfg(feature = "cli")]
pub use fleet_file::schema as fleet_schema;
pub use fleet_file::{FleetFile, LoadError};
pub use provider::Provider;
pub use secret::Secret;
#[cfg(feature = "tls")]
pub use tls::{MaybeTls, Tls};
#[cfg(feature = "sim")]
pub(crate) use {
    attempt::earliest,
    checks::PING,
    driver::USUAL_OUTPUT,
    failure::{Failed, refusal},
    pool::{IDLE_FOR, IDLE_MOST},
};
#[cfg(feature = "cli")]
pub(crate) use {
    look::{Heard, Look, Trouble},
    told::told,
};

pub use crate::wire::Dialect;
pub use crate::wire::answer::{Finish, FinishReason, Usage};
pub use crate::wire::request::{
    Lossy, Message, MessageContent, Part, Request, RequestError, Tool, ToolCall, ToolChoice,
};

use crate::policy::call_context::Delivery;
use crate::policy::config::{Quirks, Streams};
use crate::policy::fleet::Fleet;
use crate::policy::{CallId, ProviderId};
use crate::rng::RngStreams;
use crate::time::Instant;
use crate::trace::{Event, EventKind, Recorder};
use pool::Pool;
use waiters::Waiters;

/// A failover client for several providers. Cheap to clone; clones share all state.
pub struct Client<C: Connect = Tcp> {
    shared: Arc<Shared<C>>,
}

/// A whole answer, and the provider that gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// The text; empty if the model only asks for tools.
    pub text: String,
    /// The tools that the model asks for, each with whole arguments. To go on, add
    /// [`Message::from`] this answer to the request, and a [`Message::tool_result`] for each.
    pub tool_calls: Vec<ToolCall>,
    /// The text, if it is the model's refusal to answer.
    pub refusal: Option<String>,
    /// The model's reasoning, where the provider shows it.
    pub reasoning: Option<String>,
    /// Why it ends, if the provider said so. If a filter removed a part, this says so; if it
    /// removed everything, the call is an [`Error`].
    pub finish: Option<Finish>,
    /// Tokens, if the provider reported them.
    pub usage: Option<Usage>,
    /// The provider's name.
    pub provider: String,
    /// The model that answered, as the provider calls it; the requested model if it does not say.
    pub model: String,
    /// The number of attempts of the call.
    pub attempts: u32,
}

impl From<&Answer> for Message {
    /// The answer as the assistant's message, with the tools that it asked for.
    fn from(answer: &Answer) -> Self {
        Self::assistant(&*answer.text, &answer.tool_calls)
    }
}

impl Client {
    /// A builder for a client over TCP.
    pub fn builder() -> Builder<Tcp> {
        Builder::new(Tcp)
    }
}

impl<C: Connect> Client<C> {
    /// Asks for a whole answer, in one piece.
    ///
    /// # Errors
    /// When no attempt that the policy allows brought an answer in time. Dropping the future
    /// abandons the call: it closes the connections and tells the core.
    pub async fn call(&self, request: &Request) -> Result<Answer, Error> {
        AnswerStream::start(self.shared.clone(), request, Delivery::Plain)
            .buffered()
            .await
    }

    /// Asks for a whole answer as [`call`](Self::call) does, but streams it from the provider, so
    /// that timeouts on silence and speed apply. The call can fail over until the end of the
    /// answer.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn buffered(&self, request: &Request) -> Result<Answer, Error> {
        AnswerStream::start(self.shared.clone(), request, Delivery::Whole)
            .buffered()
            .await
    }

    /// Asks for an answer token by token. The call can fail over until the first token is handed
    /// over; after that a failure is an [`Error`] that holds what had arrived.
    pub fn stream(&self, request: &Request) -> AnswerStream<C> {
        AnswerStream::start(self.shared.clone(), request, Delivery::Live)
    }
}

impl<C: Connect> Client<C> {
    /// Isolates a provider, or ends that, from the next step of every call on; attempts in flight
    /// go on. `false` if there is no provider of this name.
    ///
    /// ```no_run
    /// # fn operate(client: firedrill::client::Client) {
    /// client.isolate("openai", true);
    /// client.pin(Some("anthropic"));
    /// # }
    /// ```
    pub fn isolate(&self, provider: &str, isolated: bool) -> bool {
        let found = self.shared.find(provider);
        if let Some(provider) = found {
            let now = self.shared.now();
            self.shared
                .decide(now, |fleet| fleet.isolate(provider, isolated));
        }
        found.is_some()
    }

    /// Sends every attempt to this provider only, from the next step of every call on, whatever the
    /// state of breakers. `None` ends that. `false` if there is no provider of this name; then
    /// nothing changes.
    pub fn pin(&self, provider: Option<&str>) -> bool {
        let found = provider.map(|name| self.shared.find(name));
        if found == Some(None) {
            return false;
        }
        let now = self.shared.now();
        self.shared.decide(now, |fleet| fleet.pin(found.flatten()));
        true
    }
}

impl<C: Connect> Clone for Client<C> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
        }
    }
}

/// What the calls of one client share.
struct Shared<C: Connect> {
    connect: C,
    targets: Vec<Target<C>>,
    fleet: Mutex<Fleet>,
    recorder: Arc<dyn Recorder>,
    /// Whether the recorder wants the reasons of decisions.
    explains: bool,
    draws: RngStreams,
    streams: Streams,
    quirks: Quirks,
    sleepers: Waiters,
    key_prefix: String,
    /// Whether usage is recorded as a bill.
    bills_itself: bool,
    next_call: AtomicU64,
    next_check: AtomicU64,
    /// The time that the client calls [`Instant::START`].
    origin: tokio::time::Instant,
}

/// A provider as the client reaches it.
struct Target<C: Connect> {
    name: String,
    model: String,
    dialect: Dialect,
    lossy: Lossy,
    endpoint: Endpoint,
    /// The URIs of its requests, built once.
    uris: Uris,
    host: HeaderValue,
    /// The header fields for each key.
    headers: Vec<Vec<(HeaderName, HeaderValue)>>,
    /// The keys. They appear in no error and no trace.
    keys: Vec<Secret>,
    pool: Pool<C::Io>,
}

/// The URIs of a provider's operations.
struct Uris {
    plain: Uri,
    streamed: Uri,
    #[cfg(feature = "cli")]
    models: Uri,
}

impl<C: Connect> Shared<C> {
    fn now(&self) -> Instant {
        let since = tokio::time::Instant::now().saturating_duration_since(self.origin);
        Instant::START + since
    }

    fn moment(&self, at: Instant) -> tokio::time::Instant {
        self.origin + at.since_start()
    }

    /// The idempotency key of a call.
    fn key(&self, call: CallId) -> String {
        let mut key = String::with_capacity(self.key_prefix.len() + "-18446744073709551615".len());
        key.push_str(&self.key_prefix);
        // Writing to a string cannot fail.
        let _ = write!(key, "-{}", call.0);
        key
    }

    fn find(&self, name: &str) -> Option<ProviderId> {
        let found = self.targets.iter().position(|target| target.name == name);
        found.map(|at| ProviderId(at as u16))
    }

    fn target(&self, provider: ProviderId) -> &Target<C> {
        &self.targets[provider.index()]
    }

    /// The providers that cannot be asked, each with what of the request its dialect lacks.
    fn unsupported(&self, request: &Request) -> Vec<(ProviderId, String)> {
        if request.is_plain() {
            return Vec::new();
        }
        let mut known = BTreeMap::new();
        let all = (0..).map(ProviderId).zip(&self.targets);
        let lacking = all.filter_map(|(provider, &Target { dialect, lossy, .. })| {
            let loss = known.entry((dialect, lossy));
            let what = loss.or_insert_with(|| request.loss(dialect, lossy));
            Some((provider, what.clone()?))
        });
        lacking.collect()
    }

    /// The same, as callers read it.
    fn named(&self, unsupported: Vec<(ProviderId, String)>) -> Vec<Unsupported> {
        let all = unsupported.into_iter();
        let named = all.map(|(provider, what)| Unsupported {
            provider: self.target(provider).name.clone(),
            what,
        });
        named.collect()
    }

    fn call_id(&self, given: Option<u64>) -> CallId {
        CallId(given.unwrap_or_else(|| self.next_call.fetch_add(1, Ordering::Relaxed)))
    }

    fn record(&self, at: Instant, kind: EventKind) {
        self.recorder.record(&Event { at, kind });
    }

    /// Asks the core under its lock, then publishes its news: breakers that changed, providers that
    /// were ejected, calls that may go on.
    fn decide<T>(&self, now: Instant, ask: impl FnOnce(&mut Fleet) -> T) -> T {
        let (said, news, wakers) = {
            let mut fleet = lock(&self.fleet);
            let said = ask(&mut fleet);
            if !fleet.has_news() {
                return said;
            }
            let news = EventKind::news(&mut fleet, self.explains);
            (said, news, self.sleepers.tell(fleet.take_woken()))
        };
        for kind in news {
            self.record(now, kind);
        }
        for waker in wakers {
            waker.wake();
        }
        said
    }
}

/// A panic elsewhere leaves consistent state, because no lock is held while foreign code runs.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
