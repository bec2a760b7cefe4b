//! Health checks: sends requests to providers independent of calls, and reports the results to the
//! core.
//!
//! The core decides which provider is checked, and when. A check is an ordinary request for a few
//! tokens: it meets what a call would meet, and it is billed. The client has no tasks of its own,
//! so an application that wants checks runs [`Client::run_checks`] beside its calls.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

use super::attempt::{Attempt, TokenQueue};
use super::{Client, Connect, Usage};
use crate::policy::ProviderId;
use crate::policy::call::Start;
use crate::policy::config::HealthCheck;
use crate::policy::keys::KeyId;
use crate::trace::EventKind;
use crate::wire::request::Request;

/// A check in flight.
struct Check {
    provider: ProviderId,
    work: Pin<Box<dyn Future<Output = CheckOutcome> + Send>>,
}

/// How a check ended.
#[derive(Clone, Copy)]
struct CheckOutcome {
    passed: bool,
    usage: Option<Usage>,
}

impl<C: Connect> Client<C> {
    /// Runs the policy's health checks for as long as it is polled; without any it stays pending
    /// and does nothing. Dropping it abandons the checks in flight.
    pub async fn run_checks(&self) {
        let settings = {
            let fleet = super::lock(&self.shared.fleet);
            fleet.policy().health_check.clone()
        };
        let Some(settings) = settings else {
            return std::future::pending().await;
        };
        let mut under_way: Vec<Check> = Vec::new();
        loop {
            let now = self.shared.now();
            while let Some(due) = self.shared.decide(now, |fleet| fleet.due_check(now)) {
                under_way.push(self.check(due, &settings));
            }
            let next = self.shared.decide(now, |fleet| fleet.next_check());
            let at = self.shared.moment(next.unwrap_or(now).max(now));
            let ended = tokio::time::timeout_at(at, first_to_end(&mut under_way)).await;
            if let Ok((provider, verdict)) = ended {
                self.on_checked(provider, verdict);
            }
        }
    }

    fn on_checked(&self, provider: ProviderId, CheckOutcome { passed, usage }: CheckOutcome) {
        let now = self.shared.now();
        self.shared.bill(now, None, (provider, 0), usage);
        self.shared
            .decide(now, |fleet| fleet.on_check(provider, passed));
        self.shared
            .record(now, EventKind::Checked { provider, passed });
    }

    fn check(&self, (provider, key): (ProviderId, KeyId), settings: &HealthCheck) -> Check {
        let target = self.shared.target(provider);
        let number = self.shared.next_check.fetch_add(1, Ordering::Relaxed);
        let request = Request::user(PING).max_tokens(settings.max_tokens);
        let attempt = Attempt {
            shared: self.shared.clone(),
            start: Start::check(provider, key, settings.timeout),
            // Calls have numbers, so no call has this key.
            key: format!("{}-check-{}x{number}", self.shared.key_prefix, provider.0),
            body: request.body(target.dialect, &target.model, false),
            streamed: false,
            inbox: Arc::<TokenQueue>::default(),
        };
        Check {
            provider,
            work: Box::pin(async move {
                let ended = attempt.run().await;
                CheckOutcome {
                    passed: ended.is_ok(),
                    usage: ended.ok().and_then(|answer| answer.usage),
                }
            }),
        }
    }
}

/// What a check asks.
pub(crate) const PING: &str = "ping";

/// The first check that ends, and whether it passed; pending forever if there are none.
async fn first_to_end(checks: &mut Vec<Check>) -> (ProviderId, CheckOutcome) {
    poll_fn(|cx| {
        for at in 0..checks.len() {
            if let Poll::Ready(verdict) = checks[at].work.as_mut().poll(cx) {
                return Poll::Ready((checks.remove(at).provider, verdict));
            }
        }
        Poll::Pending
    })
    .await
}
