//! Whether a request that was lost to a broken connection is sent again within the same attempt.
//!
//! A request is sent again only when it is certain that the provider did not process it, since a
//! second answer would be billed as well. Two cases are certain. A kept connection may have been
//! closed by the other side, so that no byte of the request was sent; then another connection is
//! tried, and the provider notices nothing. Or the provider says that it did not process the
//! request (RFC 9113, 8.7: REFUSED_STREAM, or a GOAWAY that names an earlier stream); then the
//! request is sent once more, over a fresh connection. In every other case the attempt fails, and
//! the call decides what to do.

/// The resends of one attempt.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Resend {
    was_refused: bool,
}

/// The connection that carried a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// A connection that was kept from an earlier attempt, or is shared with others.
    Kept,
    /// A connection that was opened for this request.
    Fresh,
}

/// What is certain about a request that got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lost {
    /// No byte of it was sent.
    pub never_left: bool,
    /// The provider says that it did not process it.
    pub never_processed: bool,
}

impl Resend {
    /// Whether a kept connection may carry the request. After a refusal none may, since it would
    /// lead to the same server.
    pub(crate) const fn may_use_kept(&self) -> bool {
        !self.was_refused
    }

    /// The request got no answer. Returns whether to send it again.
    pub(crate) const fn on_lost(&mut self, carrier: Carrier, lost: Lost) -> bool {
        if lost.never_left && matches!(carrier, Carrier::Kept) {
            return true;
        }
        let again = lost.never_processed && !self.was_refused;
        self.was_refused |= again;
        again
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    const UNSENT: Lost = Lost {
        never_left: true,
        never_processed: false,
    };
    const REFUSED: Lost = Lost {
        never_left: false,
        never_processed: true,
    };

    #[test]
    fn dead_kept_connections_cost_nothing() {
        let mut resend = Resend::default();
        for _ in 0..100 {
            assert!(resend.may_use_kept());
            assert!(resend.on_lost(Carrier::Kept, UNSENT));
        }
    }

    #[test]
    fn a_refused_request_is_sent_once_more_over_a_fresh_connection() {
        for carrier in [Carrier::Kept, Carrier::Fresh] {
            let mut resend = Resend::default();
            assert!(resend.on_lost(carrier, REFUSED));
            assert!(!resend.may_use_kept());
            assert!(!resend.on_lost(Carrier::Fresh, REFUSED));
        }
    }

    #[test]
    fn a_fresh_connection_that_takes_no_byte_is_a_failure() {
        assert!(!Resend::default().on_lost(Carrier::Fresh, UNSENT));
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(1),
            ..ProptestConfig::default()
        })]

        /// What may have been processed is never sent again, and the provider sees at most two
        /// copies of a request.
        #[test]
        fn nothing_that_may_have_been_processed_is_sent_again(
            events in prop::collection::vec(any::<(bool, bool, bool)>(), 0..30),
        ) {
            let mut resend = Resend::default();
            let mut seen = 0;
            for (kept, never_left, never_processed) in events {
                let kept = kept && resend.may_use_kept();
                let carrier = if kept { Carrier::Kept } else { Carrier::Fresh };
                let lost = Lost {
                    never_left,
                    never_processed,
                };
                seen += u32::from(!never_left);
                let again = resend.on_lost(carrier, lost);
                prop_assert!(!again || never_left || never_processed);
                if !again {
                    break;
                }
            }
            prop_assert!(seen <= 2, "{} copies", seen);
        }
    }
}
