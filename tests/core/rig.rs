//! A rig that owns `now`, gives one fleet to several calls, and lets each attempt end as its script
//! says. It steps a call when the call asked for that, when one of its attempts has an event, or
//! when the fleet names it, and at no other time. The invariants are in its siblings: `driven` for
//! one call, `common` for shared state.

use std::collections::BTreeMap;
use std::time::Duration;

use firedrill::policy::config::Policy;
use firedrill::policy::{
    AttemptId, BreakerState, CallContext, CallId, Failure, Fleet, Outcome, Priority, ProviderId,
    ProviderInfo, RngStreams,
};
use firedrill::time::Instant;

use crate::common::Common;
use crate::driven::Driven;
use crate::policies::{LONGEST_OUT, PEACE};

/// How an attempt goes on after its start.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    /// It ends after this long; none = it has no more events.
    pub(crate) after: Option<Duration>,
    /// How it fails, if it does.
    pub(crate) failure: Option<Failure>,
    /// Its first token comes after this long, if it is streamed and has not ended by then.
    pub(crate) first_token: Option<Duration>,
    /// The prebuffer opens this long after the first token, or at a success.
    pub(crate) held: Duration,
}

/// What happens to one call. Its attempts take the acts in turn, repeatedly.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) arrival: Instant,
    pub(crate) ask: CallContext,
    pub(crate) dropped_after: Option<Duration>,
    pub(crate) acts: Vec<Act>,
}

/// An operation.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Hand {
    Pin(Option<u16>),
    Isolate(u16, bool),
}

pub(crate) struct Rig {
    pub(crate) common: Common,
    pub(crate) now: Instant,
    calls: Vec<Driven>,
}

impl Rig {
    pub(crate) fn new(policy: &Policy, members: Vec<ProviderInfo>) -> Self {
        Self {
            common: Common::new(policy, members),
            now: Instant::START,
            calls: Vec::new(),
        }
    }

    /// Runs these calls side by side until no event is left, then drops the open ones, as at the
    /// end of a run.
    pub(crate) fn drive(&mut self, scripts: &[Script], mut hands: BTreeMap<Instant, Hand>) {
        self.arrive(scripts);
        while let Some(next) = self.calls.iter().filter_map(Driven::next).min() {
            let by_hand = hands.first_key_value().map(|(at, _)| *at);
            self.now = self.now.max(by_hand.map_or(next, |at| at.min(next)));
            while let Some(hand) = hands.first_entry().filter(|hand| *hand.key() <= self.now) {
                self.common.by_hand(hand.remove());
            }
            self.common.check_health(self.now);
            self.go_on();
        }
        for call in &mut self.calls {
            call.drop_now(&mut self.common, self.now);
        }
        self.wake();
    }

    /// The same, and checks at each time without work that no waiting call could go on.
    pub(crate) fn drive_watchfully(&mut self, scripts: &[Script], hands: BTreeMap<Instant, Hand>) {
        self.common.is_watchful = true;
        self.drive(scripts, hands);
        self.common.is_watchful = false;
    }

    fn arrive(&mut self, scripts: &[Script]) {
        for script in scripts {
            let id = CallId(self.calls.len() as u64);
            let call = Driven::new(id, script.clone(), &self.common);
            self.calls.push(call);
        }
    }

    /// Steps every call that is due, and every one that the fleet names meanwhile.
    fn go_on(&mut self) {
        for round in 0.. {
            assert!(round < ROUNDS, "it never comes to rest");
            self.wake();
            let now = self.now;
            let mut due = self.calls.iter_mut();
            let Some(call) = due.find(|call| call.next().is_some_and(|at| at <= now)) else {
                break;
            };
            call.drive(&mut self.common, now);
        }
        if self.common.is_watchful {
            for call in &mut self.calls {
                call.has_no_reason_to_go_on(&mut self.common, self.now);
            }
        }
        self.common.queue_is_within_bounds(&self.calls);
    }

    fn wake(&mut self) {
        for id in self.common.fleet.take_woken() {
            self.calls[id.0 as usize].wake();
        }
    }

    /// Ends everything that excludes providers: operations end, time passes, checks pass.
    pub(crate) fn make_peace(&mut self, providers: usize) {
        self.common.is_peace = true;
        self.common.by_hand(Hand::Pin(None));
        for provider in 0..providers as u16 {
            self.common.by_hand(Hand::Isolate(provider, false));
            for _ in 0..3 {
                self.common.fleet.on_check(ProviderId(provider), true);
            }
        }
        self.now = self.now + LONGEST_OUT + PEACE;
    }

    /// One more call, much later, whose first attempt succeeds at once. Returns its provider.
    pub(crate) fn healthy_call(&mut self) -> ProviderId {
        self.now = self.now + PEACE;
        let ask = CallContext {
            priority: Priority::HIGH,
            ..CallContext::default()
        };
        self.drive(
            &[Script {
                arrival: self.now,
                ask,
                dropped_after: None,
                acts: vec![Act::answer(Duration::ZERO)],
            }],
            BTreeMap::new(),
        );
        let call = self.calls.last().expect("it was just made");
        let attempt = AttemptId(1);
        assert_eq!(call.outcome, Some(Outcome::Succeeded { attempt }));
        call.starts[0].provider
    }

    /// How many of `calls` calls this provider's limits admit at once.
    pub(crate) fn room_at(&mut self, provider: u16, calls: usize) -> usize {
        self.now = self.now + PEACE;
        self.common.by_hand(Hand::Pin(Some(provider)));
        let hanging = Script {
            arrival: self.now,
            ask: CallContext::default(),
            dropped_after: Some(Duration::from_micros(1)),
            acts: vec![Act::hang()],
        };
        let before = self.calls.len();
        self.drive(&vec![hanging; calls], BTreeMap::new());
        let came = self.calls[before..].iter();
        came.filter(|call| !call.starts.is_empty()).count()
    }

    pub(crate) fn state(&self, provider: usize) -> BreakerState {
        self.common.fleet.state(ProviderId(provider as u16))
    }

    pub(crate) fn outcomes(&self) -> Vec<Option<Outcome>> {
        self.calls.iter().map(|call| call.outcome).collect()
    }
}

impl Act {
    pub(crate) const fn answer(after: Duration) -> Self {
        Self {
            after: Some(after),
            ..Self::hang()
        }
    }

    const fn hang() -> Self {
        Self {
            after: None,
            failure: None,
            first_token: None,
            held: Duration::ZERO,
        }
    }
}

/// A fleet of these members under this policy, with the draws that all tests here use.
pub(crate) fn fleet_of(policy: &Policy, members: Vec<ProviderInfo>) -> Fleet {
    Fleet::new(policy.clone(), members, RngStreams::new(1))
}

/// More rounds than any time of a few calls takes.
const ROUNDS: usize = 10_000;
