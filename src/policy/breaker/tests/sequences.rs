//! Properties of every breaker after every sequence of events.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::super::*;
use crate::policy::config::{HintMode, Jitter, Open};
use crate::units::{Factor, Share};

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 512,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_breaker_is_never_stuck(
        settings in settings(),
        events in prop::collection::vec(events(), 0..120),
    ) {
        let mut world = World::new(settings);
        for event in events {
            world.live(event);
            world.check();
        }
        world.recover();
    }

    #[test]
    fn an_attempt_of_another_generation_changes_nothing_without_a_hint(
        settings in settings(),
        events in prop::collection::vec(events(), 0..60),
        late in events(),
    ) {
        let mut world = World::new(settings);
        for event in events {
            world.live(event);
        }
        let stale = |attempt: &&Attempt| attempt.admission.generation != world.breaker.generation;
        let Some(attempt) = world.attempts.iter().find(stale).copied() else {
            return Ok(());
        };
        let before = format!("{:?}", world.breaker);
        match late {
            Event::Cancel(_) => world.breaker.on_cancelled(attempt.admission),
            Event::Fail(..) => world.breaker.on_failure(attempt.admission, None, world.now),
            _ => world.breaker.on_success(attempt.admission, None, world.now),
        }
        prop_assert_eq!(before, format!("{:?}", world.breaker));
    }
}

/// A breaker, and the attempts that it admitted.
struct World {
    settings: config::Breaker,
    breaker: Breaker,
    attempts: Vec<Attempt>,
    now: Instant,
}

#[derive(Clone, Copy)]
struct Attempt {
    admission: Admission,
    began: Instant,
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Wait(Duration),
    Admit,
    Succeed(usize, Duration),
    Fail(usize, Option<Duration>),
    Cancel(usize),
}

impl World {
    fn new(settings: config::Breaker) -> Self {
        Self {
            breaker: Breaker::new(settings.clone(), RngStreams::new(7), ProviderId(3)),
            settings,
            attempts: Vec::new(),
            now: Instant::START,
        }
    }

    fn live(&mut self, event: Event) {
        match event {
            Event::Wait(length) => self.now = self.now + length,
            Event::Admit => self.admit(),
            Event::Succeed(which, took) => {
                if let Some(admission) = self.end(which) {
                    self.breaker.on_success(admission, Some(took), self.now);
                }
            }
            Event::Fail(which, hint) => {
                if let Some(admission) = self.end(which) {
                    self.breaker.on_failure(admission, hint, self.now);
                }
            }
            Event::Cancel(which) => {
                if let Some(admission) = self.end(which) {
                    self.breaker.on_cancelled(admission);
                }
            }
        }
    }

    fn admit(&mut self) {
        self.breaker.on_asked(self.now);
        let expected = self.breaker.refusal(self.now).is_none();
        let admission = self.breaker.admit(self.now);
        assert_eq!(admission.is_some(), expected, "both agree");
        self.attempts.extend(admission.map(|admission| Attempt {
            admission,
            began: self.now,
        }));
    }

    fn end(&mut self, which: usize) -> Option<Admission> {
        let count = self.attempts.len();
        (count > 0).then(|| self.attempts.remove(which % count).admission)
    }

    fn check(&self) {
        let most = self.settings.max_probes as usize;
        let probes = self.attempts.iter().filter(|attempt| {
            let ends = self
                .settings
                .probe_timeout
                .map(|lease| attempt.began + lease);
            attempt.admission.is_probe()
                && attempt.admission.generation == self.breaker.generation
                && ends.is_none_or(|ends| self.now < ends)
        });
        let probes = probes.count();
        assert!(probes <= most, "{probes} probes hold slots");
        match self.breaker.state() {
            State::Closed => assert!(self.breaker.refusal(self.now).is_none()),
            State::Open => {
                let cap = self.settings.open.max;
                assert!(
                    self.breaker.refusal(self.now + cap).is_none(),
                    "the open time ends within the cap"
                );
            }
            State::HalfOpen => {
                let admits = match self.settings.probe_timeout {
                    Some(lease) => self.breaker.refusal(self.now + lease).is_none(),
                    None => self.breaker.refusal(self.now).is_none() || probes == most,
                };
                assert!(admits, "each slot is free or its lease ends");
            }
        }
    }

    /// From here on every attempt succeeds, one after the other. Attempts in flight are cancelled;
    /// with a lease, they never end.
    fn recover(&mut self) {
        self.now =
            self.now + self.settings.open.max + self.settings.probe_timeout.unwrap_or_default();
        let lost = std::mem::take(&mut self.attempts);
        for attempt in lost
            .into_iter()
            .filter(|_| self.settings.probe_timeout.is_none())
        {
            self.breaker.on_cancelled(attempt.admission);
        }
        for _ in 0..self.settings.success_threshold {
            if self.breaker.state() == State::Closed {
                return;
            }
            self.admit();
            let admission = self.end(0).expect("no other probe holds a slot");
            self.breaker.on_success(admission, None, self.now);
        }
        assert_eq!(self.breaker.state(), State::Closed);
    }
}

fn events() -> impl Strategy<Value = Event> {
    let length = || (0_u64..4_000).prop_map(Duration::from_millis);
    prop_oneof![
        4 => length().prop_map(Event::Wait),
        6 => Just(Event::Admit),
        2 => (any::<usize>(), length()).prop_map(|(which, took)| Event::Succeed(which, took)),
        3 => (any::<usize>(), prop::option::weighted(0.3, length()))
            .prop_map(|(which, hint)| Event::Fail(which, hint)),
        1 => any::<usize>().prop_map(Event::Cancel),
    ]
}

fn settings() -> impl Strategy<Value = config::Breaker> {
    let length = |least: u64| (least..3_000).prop_map(Duration::from_millis);
    let signals = (
        prop::option::of(1_u32..4),
        prop::option::of(1_u32..6),
        prop::option::of((1_u64..=1_000_000_000).prop_map(Share::from_parts)),
        prop::option::of(length(1)),
        (1_u64..1_000_000_000).prop_map(Share::from_parts),
        1_u32..6,
    );
    let probing = (1_u32..4, 1_u32..4, prop::option::of(length(1)));
    let counts = prop::sample::select(vec![CountSlow::Ended, CountSlow::InFlight]);
    let window = (length(1), counts);
    (signals, opens(), probing, window).prop_map(|(signals, open, probing, window)| {
        let (window, count_slow) = window;
        let (consecutive, within, success_below, slow, slow_above, min) = signals;
        let (probes, close_after, lease) = probing;
        config::Breaker {
            consecutive_failures: consecutive,
            max_failures: within,
            min_success_rate: success_below,
            slow_call: slow,
            max_slow_rate: slow_above,
            count_slow,
            window,
            min_attempts: min,
            open,
            max_probes: probes,
            success_threshold: close_after,
            probe_timeout: lease,
        }
    })
}

fn opens() -> impl Strategy<Value = Open> {
    let jitter = prop::sample::select(vec![
        Jitter::None,
        Jitter::Proportional,
        Jitter::Full,
        Jitter::Equal,
        Jitter::Decorrelated,
        Jitter::Between(500_000_000, 3_000_000_000),
    ]);
    let hint = prop::sample::select(vec![HintMode::Honour, HintMode::Ignore]);
    (1_u64..1_000, 1_000_u64..4_000, 1_u64..3_000, jitter, hint).prop_map(
        |(first, factor, cap, jitter, hint)| Open {
            initial: Duration::from_millis(first),
            factor: Factor::milli(factor),
            max: Duration::from_millis(cap),
            jitter,
            hint,
        },
    )
}
