//! The prebuffer: holds back the first tokens of a streamed answer.
//!
//! Providers report some errors inside a stream that has already begun. As long as the caller has
//! no token, another provider can still answer, so text is withheld until enough of it has arrived,
//! until the first of it has waited for `prebuffer_timeout`, or until the answer is complete. If an
//! attempt fails before that, the caller sees none of its text.
//!
//! This state machine says when text may be delivered. The client holds the text itself.

use std::time::Duration;

use super::call_context::Delivery;
use super::config::Streams;
use super::throughput::BYTES_PER_TOKEN;
use crate::time::Instant;

/// The prebuffer of one attempt.
#[derive(Clone, Debug)]
pub(crate) struct Prebuffer {
    /// Whether the caller takes text before the answer is complete.
    is_live: bool,
    tokens: u64,
    timeout: Duration,
    /// When the first text arrived.
    since: Option<Instant>,
    bytes: u64,
    /// Whether the attempt succeeded, once it has ended.
    ended: Option<bool>,
    is_open: bool,
}

impl Prebuffer {
    /// An empty prebuffer for an attempt with this delivery.
    pub(crate) const fn new(settings: &Streams, delivery: Delivery) -> Self {
        Self {
            is_live: matches!(delivery, Delivery::Live),
            tokens: settings.prebuffer,
            timeout: settings.prebuffer_timeout,
            since: None,
            bytes: 0,
            ended: None,
            is_open: false,
        }
    }

    /// This many bytes of text arrived.
    pub(crate) fn on_text(&mut self, now: Instant, bytes: usize) {
        self.since.get_or_insert(now);
        self.bytes = self.bytes.saturating_add(bytes as u64);
    }

    /// The attempt ended.
    pub(crate) const fn on_end(&mut self, succeeded: bool) {
        self.ended = Some(succeeded);
    }

    /// Whether any text arrived.
    pub(crate) const fn has_text(&self) -> bool {
        self.since.is_some()
    }

    /// Whether text is withheld at all. If not, the first text may be delivered as soon as it
    /// arrives.
    pub(crate) const fn withholds(&self) -> bool {
        !self.is_live || self.tokens > 0
    }

    /// Whether text may be delivered now. Report all text that has arrived first. Once open, it
    /// stays open.
    pub(crate) fn is_open(&mut self, now: Instant) -> bool {
        self.is_open = self.is_open || self.opens(now);
        self.is_open
    }

    /// When it opens even if nothing else arrives; none if it is open, or no text has arrived yet.
    pub(crate) fn opens_at(&self) -> Option<Instant> {
        let is_held = self.is_live && !self.is_open;
        let since = self.since.filter(|_| is_held)?;
        Some(since + self.timeout)
    }

    fn opens(&self, now: Instant) -> bool {
        let Some(since) = self.since.filter(|_| self.is_live) else {
            return false;
        };
        match self.ended {
            Some(true) => true,
            // Nothing is withheld without a prebuffer, so the caller sees text before the error.
            Some(false) => self.tokens == 0,
            None => self.is_full() || now.since(since) >= self.timeout,
        }
    }

    const fn is_full(&self) -> bool {
        self.bytes / BYTES_PER_TOKEN >= self.tokens
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    #[test]
    fn without_a_prebuffer_the_first_text_opens_it() {
        let mut none = prebuffer(0, Delivery::Live);
        assert!(!none.withholds());
        assert!(!none.is_open(at(0)), "no text came");
        none.on_text(at(1), 1);
        assert!(none.is_open(at(1)));
        assert_eq!(none.opens_at(), None);
    }

    #[test]
    fn it_opens_when_enough_tokens_came() {
        let mut held = prebuffer(10, Delivery::Live);
        held.on_text(at(0), 39);
        assert!(!held.is_open(at(0)));
        held.on_text(at(1), 1);
        assert!(held.is_open(at(1)));
    }

    #[test]
    fn it_opens_when_the_first_text_has_waited_for_the_timeout() {
        let mut held = prebuffer(10, Delivery::Live);
        assert_eq!(held.opens_at(), None);
        held.on_text(at(500), 1);
        held.on_text(at(900), 1);
        assert_eq!(held.opens_at(), Some(at(1_500)));
        assert!(!held.is_open(at(1_499)));
        assert!(held.is_open(at(1_500)));
    }

    #[test]
    fn a_complete_answer_opens_it_and_a_failure_does_not() {
        for succeeded in [true, false] {
            let mut held = prebuffer(10, Delivery::Live);
            held.on_text(at(0), 400);
            held.on_end(succeeded);
            assert_eq!(held.is_open(at(5_000)), succeeded);
        }
    }

    #[test]
    fn a_failure_after_it_opened_does_not_close_it() {
        let mut held = prebuffer(1, Delivery::Live);
        held.on_text(at(0), 4);
        assert!(held.is_open(at(0)));
        held.on_end(false);
        assert!(held.is_open(at(0)));
    }

    #[test]
    fn an_answer_that_is_wanted_in_one_piece_never_opens() {
        for delivery in [Delivery::Plain, Delivery::Whole] {
            let mut whole = prebuffer(0, delivery);
            whole.on_text(at(0), 400);
            whole.on_end(true);
            assert!(whole.withholds());
            assert!(!whole.is_open(at(60_000)));
            assert_eq!(whole.opens_at(), None);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(1),
            ..ProptestConfig::default()
        })]

        /// It opens when its definition says so, stays open, and announces the moment in advance.
        #[test]
        fn it_opens_at_its_first_reason_and_stays_open(
            tokens in 0_u64..20,
            pieces in prop::collection::vec((0_u64..400, 0_usize..30), 1..20),
            end in prop::option::of(any::<bool>()),
        ) {
            let mut held = prebuffer(tokens, Delivery::Live);
            let (mut now, mut bytes, mut was_open) = (0, 0, false);
            let first = pieces[0].0;
            for (pause, piece) in pieces {
                let before = now;
                now += pause;
                if let Some(opens) = held.opens_at() {
                    prop_assert!(opens > at(before));
                    was_open |= opens <= at(now);
                    prop_assert_eq!(held.is_open(at(now)), was_open);
                }
                bytes += piece as u64;
                held.on_text(at(now), piece);
                was_open |= bytes >= tokens * 4 || now >= first + 1_000;
                prop_assert_eq!(held.is_open(at(now)), was_open);
            }
            if let Some(succeeded) = end {
                held.on_end(succeeded);
                was_open |= succeeded;
            }
            prop_assert_eq!(held.is_open(at(now)), was_open);
        }
    }

    fn prebuffer(tokens: u64, delivery: Delivery) -> Prebuffer {
        let settings = Streams {
            prebuffer: tokens,
            prebuffer_timeout: Duration::from_secs(1),
            ..Streams::default()
        };
        Prebuffer::new(&settings, delivery)
    }

    fn at(millis: u64) -> Instant {
        Instant::START + Duration::from_millis(millis)
    }
}
