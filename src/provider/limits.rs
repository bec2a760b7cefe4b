//! All limits of one provider: who is admitted, and what is left.
//!
//! A request is admitted by all of them or by none. How one limit counts is a file of its own
//! (`limit`: a bucket); what a refusal looks like is `wire`'s matter.

use std::time::Duration;

use super::limit::{Admission, Bucket};
use crate::scenario;
use crate::time::Instant;
use crate::wire::writer::{Cause, Quotas};

/// The limits of a provider.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    requests: Option<Bucket>,
}

/// What a request asks of the limits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    /// Prompt tokens.
    pub(super) input: u64,
    /// Output tokens that it may have at most.
    pub(super) output: u64,
}

/// A limit says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Denied {
    /// Which limit.
    pub(super) cause: Cause,
    /// How long until it would say yes.
    pub(super) wait: Duration,
    /// What is left.
    pub(super) quotas: Quotas,
}

impl Limits {
    /// The limits, with nothing used.
    pub(super) fn new(limits: &scenario::Limits) -> Self {
        let first = limits.requests.first();
        Self {
            requests: first.map(|limit| Bucket::new(limit.count)),
        }
    }

    /// A request comes at `now`, when `left` (parts per 10^9) of the limits is there.
    pub(super) fn admit(&mut self, now: Instant, _ask: Ask, _left: u64) -> Result<Quotas, Denied> {
        let Some(requests) = &mut self.requests else {
            return Ok(Quotas::default());
        };
        let quotas = |quota| Quotas {
            requests: Some(quota),
            ..Quotas::default()
        };
        match requests.admit(now) {
            Admission::Admitted(quota) => Ok(quotas(quota)),
            Admission::Refused(quota, wait) => Err(Denied {
                cause: Cause::RateLimit,
                wait,
                quotas: quotas(quota),
            }),
        }
    }

    /// The request that was admitted last will be complete at `end`, with so many tokens.
    pub(super) fn settle(&mut self, _end: Instant, _input: u64, _output: u64) {}

    /// What an answer says of the limits when, whatever they hold, nothing is left.
    pub(super) fn exhausted(&self, reset: Duration) -> Quotas {
        Quotas {
            requests: self.requests.as_ref().map(|limit| limit.exhausted(reset)),
            ..Quotas::default()
        }
    }
}
