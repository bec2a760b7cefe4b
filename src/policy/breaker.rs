//! The breaker: refuse a provider that keeps failing, and find out gently when it is back.
//!
//! ```text
//!             `consecutive` failures                 time is up, at the next admission
//!   Closed --------------------------->  Open  ------------------------------------->  HalfOpen
//!     ^                                    ^                                            |   |
//!     |                                    +------------- a probe fails ----------------+   |
//!     +---------------------- `close_after` probes in a row succeed ------------------------+
//! ```
//!
//! Every admission carries the generation in which it was given, and every transition starts a
//! new one. An attempt that outlives its generation therefore changes nothing: a flood of late
//! failures cannot keep a breaker open, and a late success cannot close it.
//!
//! Each admission must come back exactly once, as success, failure or cancelled. A cancelled
//! probe frees its slot and says nothing about the provider. Hence also a limit: an attempt that
//! hangs until the call's deadline cancels it counts neither way, so a provider that hangs under
//! a policy without attempt timeouts is never noticed here.
//!
//! Which failures count is [`super::classify`]'s matter; whose breaker this is, the fleet's.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ProviderId;
use super::config;
use crate::rng::Draws;
use crate::time::Instant;

/// A breaker's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Healthy: admits everything.
    Closed,
    /// Refuses everything until its time is up.
    Open,
    /// Admits a bounded number of probes.
    HalfOpen,
}

/// The breaker of one provider.
#[derive(Clone, Debug)]
pub struct Breaker {
    settings: config::Breaker,
    phase: Phase,
    generation: u64,
}

/// Leave to make one attempt; handed back when the attempt has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    generation: u64,
    probe: bool,
}

impl Admission {
    /// The admission to a provider that has no breaker.
    pub const UNGUARDED: Self = Self {
        generation: 0,
        probe: false,
    };

    /// Whether a half-open breaker gave it.
    pub const fn is_probe(self) -> bool {
        self.probe
    }
}

impl Breaker {
    /// A closed breaker. A count of 0 in the settings means 1: there is no half-open state
    /// without probes.
    pub fn new(settings: config::Breaker, _draws: Draws, _provider: ProviderId) -> Self {
        Self {
            settings,
            phase: Phase::Closed { failures: 0 },
            generation: 0,
        }
    }

    /// The state. An open breaker whose time is up stays open until somebody asks to be admitted.
    pub const fn state(&self) -> State {
        match self.phase {
            Phase::Closed { .. } => State::Closed,
            Phase::Open { .. } => State::Open,
            Phase::HalfOpen { .. } => State::HalfOpen,
        }
    }

    /// Admits an attempt that starts now, or refuses it. Opens the way for probes when its time
    /// is up.
    pub fn admit(&mut self, now: Instant) -> Option<Admission> {
        if matches!(self.phase, Phase::Open { until } if now >= until) {
            self.turn(Phase::HalfOpen {
                in_flight: 0,
                successes: 0,
            });
        }
        let probe = match &mut self.phase {
            Phase::Closed { .. } => false,
            Phase::Open { .. } => return None,
            Phase::HalfOpen { in_flight, .. } => {
                if *in_flight >= self.settings.probes.max(1) {
                    return None;
                }
                *in_flight += 1;
                true
            }
        };
        Some(Admission {
            generation: self.generation,
            probe,
        })
    }

    /// Whether an attempt at `then` would be admitted if nothing happened until then.
    pub fn would_admit(&self, then: Instant) -> bool {
        match self.phase {
            Phase::Closed { .. } => true,
            Phase::Open { until } => then >= until,
            Phase::HalfOpen { in_flight, .. } => in_flight < self.settings.probes.max(1),
        }
    }

    /// The attempt showed that the provider is well. It took so long (to its first token, if it was
    /// streamed); none = unknown.
    pub fn on_success(&mut self, admission: Admission, _took: Option<Duration>, _now: Instant) {
        if admission.generation != self.generation {
            return;
        }
        match &mut self.phase {
            Phase::Closed { failures } => *failures = 0,
            Phase::HalfOpen {
                in_flight,
                successes,
            } => {
                *in_flight = in_flight.saturating_sub(1);
                *successes = successes.saturating_add(1);
                if *successes >= self.settings.close_after {
                    self.turn(Phase::Closed { failures: 0 });
                }
            }
            Phase::Open { .. } => {}
        }
    }

    /// The attempt failed, through the provider's doing. The provider may have asked for patience.
    pub fn on_failure(&mut self, admission: Admission, _hint: Option<Duration>, now: Instant) {
        if admission.generation != self.generation {
            return;
        }
        let opens = match &mut self.phase {
            Phase::Closed { failures } => {
                *failures = failures.saturating_add(1);
                self.settings
                    .consecutive
                    .is_some_and(|most| *failures >= most)
            }
            Phase::HalfOpen { .. } => true,
            Phase::Open { .. } => false,
        };
        if opens {
            let until = now + self.settings.open.first;
            self.turn(Phase::Open { until });
        }
    }

    /// The attempt was abandoned: nobody will ever know how it would have ended.
    pub fn on_cancelled(&mut self, admission: Admission) {
        if admission.generation != self.generation {
            return;
        }
        if let Phase::HalfOpen { in_flight, .. } = &mut self.phase {
            *in_flight = in_flight.saturating_sub(1);
        }
    }

    fn turn(&mut self, phase: Phase) {
        self.phase = phase;
        self.generation += 1;
    }
}

/// A state, with what it counts.
#[derive(Clone, Copy, Debug)]
enum Phase {
    Closed { failures: u32 },
    Open { until: Instant },
    HalfOpen { in_flight: u32, successes: u32 },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancelled_probe_frees_its_slot() {
        let mut breaker = half_open(1, 1);
        let probe = breaker.admit(at(10)).unwrap();
        assert!(probe.is_probe());
        assert_eq!(breaker.admit(at(10)), None, "its one slot is taken");

        breaker.on_cancelled(probe);
        assert_eq!(breaker.state(), State::HalfOpen, "it counted neither way");

        let next = breaker.admit(at(10)).unwrap();
        assert!(next.is_probe());
        breaker.on_success(next, None, at(0));
        assert_eq!(breaker.state(), State::Closed);
    }

    #[test]
    fn only_failures_in_a_row_open_it() {
        let mut breaker = closed(3, 1, 1);
        for _ in 0..10 {
            fail(&mut breaker, 0);
            fail(&mut breaker, 0);
            let admission = breaker.admit(at(0)).unwrap();
            breaker.on_success(admission, None, at(0));
        }
        assert_eq!(breaker.state(), State::Closed);
        for _ in 0..3 {
            fail(&mut breaker, 0);
        }
        assert_eq!(breaker.state(), State::Open);
    }

    #[test]
    fn an_open_breaker_refuses_until_its_time_is_up() {
        let mut breaker = closed(1, 1, 1);
        fail(&mut breaker, 5);
        assert!(!breaker.would_admit(at(14)) && breaker.admit(at(14)).is_none());
        assert!(breaker.would_admit(at(15)));
        assert_eq!(breaker.state(), State::Open, "asking alone changes nothing");
        assert!(breaker.admit(at(15)).unwrap().is_probe());
        assert_eq!(breaker.state(), State::HalfOpen);
    }

    #[test]
    fn probes_are_bounded_and_enough_of_them_close_it() {
        let mut breaker = half_open(2, 3);
        let first = breaker.admit(at(10)).unwrap();
        let second = breaker.admit(at(10)).unwrap();
        assert!(
            !breaker.would_admit(at(99)),
            "nobody frees a slot by waiting"
        );
        assert_eq!(breaker.admit(at(10)), None);
        breaker.on_success(first, None, at(0));
        assert!(breaker.would_admit(at(10)));
        breaker.on_success(second, None, at(0));
        assert_eq!(breaker.state(), State::HalfOpen);
        let third = breaker.admit(at(11)).unwrap();
        breaker.on_success(third, None, at(0));
        assert_eq!(breaker.state(), State::Closed);
        assert!(!breaker.admit(at(11)).unwrap().is_probe());
    }

    #[test]
    fn a_failed_probe_opens_it_again_for_the_full_time() {
        let mut breaker = half_open(1, 2);
        let probe = breaker.admit(at(10)).unwrap();
        breaker.on_success(probe, None, at(0));
        let probe = breaker.admit(at(12)).unwrap();
        breaker.on_failure(probe, None, at(13));
        assert_eq!(breaker.state(), State::Open);
        assert_eq!(breaker.admit(at(22)), None);
        assert!(breaker.admit(at(23)).unwrap().is_probe());
    }

    #[test]
    fn late_replies_neither_extend_nor_close_it() {
        let mut breaker = closed(1, 1, 1);
        let late: Vec<_> = (0..4).map(|_| breaker.admit(at(0)).unwrap()).collect();
        breaker.on_failure(late[0], None, at(1));
        breaker.on_failure(late[1], None, at(9));
        breaker.on_success(late[2], None, at(0));
        assert_eq!(breaker.state(), State::Open);
        let probe = breaker.admit(at(11)).unwrap();
        breaker.on_success(late[2], None, at(0));
        breaker.on_failure(late[3], None, at(11));
        breaker.on_cancelled(late[3]);
        assert_eq!(breaker.state(), State::HalfOpen);
        assert_eq!(breaker.admit(at(11)), None, "the slot is still the probe's");
        breaker.on_success(probe, None, at(0));
        assert_eq!(breaker.state(), State::Closed);
    }

    #[test]
    fn counts_of_zero_mean_one() {
        let mut breaker = closed(0, 0, 0);
        fail(&mut breaker, 0);
        assert_eq!(breaker.state(), State::Open);
        let probe = breaker.admit(at(10)).unwrap();
        breaker.on_success(probe, None, at(0));
        assert_eq!(breaker.state(), State::Closed);
    }

    fn closed(consecutive: u32, probes: u32, close_after: u32) -> Breaker {
        let settings = config::Breaker {
            consecutive: Some(consecutive),
            open: config::Open {
                first: Duration::from_secs(10),
                ..config::Open::default()
            },
            probes,
            close_after,
            ..config::Breaker::default()
        };
        Breaker::new(settings, Draws::new(1), ProviderId(0))
    }

    /// A breaker that opened at 0 and turns half-open at 10.
    fn half_open(probes: u32, close_after: u32) -> Breaker {
        let mut breaker = closed(1, probes, close_after);
        fail(&mut breaker, 0);
        breaker
    }

    fn fail(breaker: &mut Breaker, second: u64) {
        let admission = breaker.admit(at(second)).unwrap();
        breaker.on_failure(admission, None, at(second));
    }

    fn at(second: u64) -> Instant {
        Instant::START + Duration::from_secs(second)
    }
}
