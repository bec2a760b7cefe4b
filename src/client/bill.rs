//! What an answer costs, computed from the usage that the provider reported.
//!
//! In a simulated world providers record the bills themselves, also for work that no client reads;
//! so a client does it only where it is configured to.

use super::connect::Connect;
use super::{Shared, Usage};
use crate::policy::{CallId, ProviderId};
use crate::time::Instant;
use crate::trace::{Bill, EventKind};

impl<C: Connect> Shared<C> {
    /// Records what an attempt of a call, or a check, has used, if this client records bills. Call
    /// it before the attempt's `Replied` is recorded.
    pub(super) fn bill(
        &self,
        now: Instant,
        call: Option<CallId>,
        (provider, nth): (ProviderId, u32),
        usage: Option<Usage>,
    ) {
        if let Some(usage) = usage.filter(|_| self.bills_itself) {
            let kind = EventKind::Billed {
                provider,
                call,
                nth,
                bill: bill_of(usage),
            };
            self.record(now, kind);
        }
    }
}

/// Usage counts the cached tokens as part of the prompt; a bill does not.
fn bill_of(usage: Usage) -> Bill {
    Bill {
        cached: usage.cached_tokens.min(usage.prompt_tokens),
        ..Bill::of(
            usage.prompt_tokens.saturating_sub(usage.cached_tokens),
            usage.completion_tokens,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_token_is_billed_twice() {
        let usage = |prompt_tokens, cached_tokens| Usage {
            prompt_tokens,
            cached_tokens,
            completion_tokens: 7,
        };
        for (prompt, cached, billed) in [(100, 0, (100, 0)), (100, 60, (40, 60)), (5, 9, (0, 5))] {
            let bill = bill_of(usage(prompt, cached));
            assert_eq!((bill.input, bill.cached), billed);
            assert_eq!((bill.output, bill.price_milli), (7, 1_000));
        }
    }
}
