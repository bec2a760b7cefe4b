//! The decision core: what the client does next, decided without a clock, a socket or entropy.
//!
//! - [`config`]: the policy as types.
//! - `call`: one call, from its arrival to its outcome; it decides the order of events.
//! - `step`: the steps that a call returns, and the replies that it gets.
//! - [`reason`]: why a call takes a step.
//! - `fleet`: what calls share: the breaker and the settings of each provider, and the router.
//! - `router`, `breaker`, `backoff`, `hints`, `classify`, `settings`: one decision each.
//!
//! `now` and random draws are passed in; the client owns sockets, clocks and the timeouts of
//! attempts. Start reading at [`Call::step`].
//!
//! A provider that answers 503 once, under a policy that retries after a second:
//!
//! ```
//! use std::time::Duration;
//!
//! use firedrill::policy::config::Policy;
//! use firedrill::policy::{
//!     AttemptId, Call, CallContext, CallId, Cause, Failure, FailureClass, Fleet, Outcome,
//!     ProviderInfo, Reply, RngStreams, Step,
//! };
//! use firedrill::time::Instant;
//!
//! let text = "name: twice\nretry: { max_attempts: 2, backoff: { base: 1s, jitter: none } }\n";
//! let policy = Policy::parse("twice.yaml", text)?;
//! let mut fleet = Fleet::new(policy, vec![ProviderInfo::named("openai")], RngStreams::new(1));
//! let arrival = Instant::START;
//! let mut call = Call::new(CallId(0), arrival, CallContext::default(), RngStreams::new(1));
//!
//! let Step::Start(first) = call.step(&mut fleet, arrival) else { panic!() };
//! assert_eq!((first.attempt, first.cause), (AttemptId(1), Cause::First));
//! assert_eq!(call.step(&mut fleet, arrival), Step::Wait { until: None });
//!
//! let failed = arrival + Duration::from_millis(300);
//! let failure = Failure::of(FailureClass::ServerError);
//! call.on_reply(&mut fleet, first.attempt, &Reply::Failed(failure), failed);
//! let back = failed + Duration::from_secs(1);
//! assert_eq!(call.step(&mut fleet, failed), Step::Wait { until: Some(back) });
//!
//! let Step::Start(second) = call.step(&mut fleet, back) else { panic!() };
//! assert_eq!((second.attempt, second.cause), (AttemptId(2), Cause::Retry));
//! call.on_reply(&mut fleet, second.attempt, &Reply::Succeeded, back);
//! let answered = Outcome::Succeeded { attempt: second.attempt };
//! assert_eq!(call.step(&mut fleet, back), Step::Finish(answered));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub(crate) mod backoff;
pub(crate) mod breaker;
mod bucket;
pub(crate) mod budget;
pub(crate) mod bulkhead;
pub(crate) mod call;
pub(crate) mod call_context;
pub(crate) mod classify;
pub mod config;
pub(crate) mod fleet;
pub(crate) mod health_check;
pub(crate) mod hedge;
pub(crate) mod hints;
pub(crate) mod keys;
pub(crate) mod limiter;
pub(crate) mod outlier;
mod pairs;
pub(crate) mod prebuffer;
pub(crate) mod provider_info;
mod quantile;
pub(crate) mod queue;
pub mod reason;
pub(crate) mod resend;
pub(crate) mod reserved;
mod ring;
pub(crate) mod router;
pub(crate) mod settings;
pub(crate) mod slow_start;
pub(crate) mod spend;
pub(crate) mod step;
pub(crate) mod throttle;
pub(crate) mod throughput;

use std::fmt;

pub use crate::rng::RngStreams;
pub use breaker::State as BreakerState;
pub use call::Call;
pub use call_context::{CallContext, Delivery, Priority};
pub use classify::{Action, FailureClass};
pub use fleet::{Fleet, Transition};
pub use keys::KeyId;
pub use provider_info::ProviderInfo;
pub use reason::Reason;
pub use settings::Settings;
pub use step::{Cause, Failure, FailureReason, Outcome, Reply, Start, Step};

use serde::{Deserialize, Serialize};

/// A provider's place in the fleet, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProviderId(pub u16);

impl ProviderId {
    /// As an index into the fleet.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A call's number: unique within a run, or within a client's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CallId(pub u64);

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// An attempt's number within its call, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AttemptId(pub u32);
