//! Whether a run comes out the same again: a sample of runs, the hashes of their events, and the
//! first event that differs.
//!
//! ```text
//! a run of the sample --> its events are hashed as they are recorded --> Fingerprint
//! the same run, elsewhere --> Fingerprint, equal or not --> both again, compared --> Difference
//! ```
//!
//! No events are kept: a difference takes two more runs, which are compared as they go. Where a run
//! is repeated (in another process, on fewer threads) is the caller's choice.

use std::fmt;
use std::num::NonZero;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::side_by_side::{NoThread, side_by_side};
use super::{Drill, Engine};
use crate::policy::config::Policy;
use crate::report::story::{Names, event_line};
use crate::rng::{Hash, Purpose, RngStreams};
use crate::scenario::Scenario;
use crate::trace::{Event, Recorder};

/// The runs that are repeated: so many of all, spread over all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// How many runs there are.
    total: u64,
    /// How many are repeated, at most all.
    size: u64,
    seed: u64,
}

impl Sample {
    /// `size` of `total` runs. Which ones depends on these and on `seed`, and on no clock.
    pub fn new(total: u64, size: u64, seed: u64) -> Self {
        Self {
            total,
            size: size.min(total),
            seed,
        }
    }

    /// Whether the run of this number is in it. Each of `size` parts of equal length has one.
    pub fn contains(&self, number: u64) -> bool {
        if number >= self.total || self.size == 0 {
            return false;
        }
        // The part whose runs are numbered from `start(part)`, and the next from `start(part + 1)`.
        let part = (u128::from(number) * u128::from(self.size)) / u128::from(self.total);
        let start = |part: u128| (part * u128::from(self.total)).div_ceil(u128::from(self.size));
        let (first, next) = (start(part) as u64, start(part + 1) as u64);
        let mut stream = RngStreams::new(self.seed).stream(Purpose::Verify, part as u64, 0, 0);
        number == first + stream.below(next - first)
    }
}

/// What is left of the events of a run: how many there were, and a hash over all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fingerprint {
    /// The number of events.
    pub events: u64,
    /// The hash over their lines, as in a trace file.
    pub hash: u64,
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:016x}", self.events, self.hash)
    }
}

impl std::str::FromStr for Fingerprint {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (events, hash) = text.split_once(' ').ok_or(())?;
        Ok(Self {
            events: events.parse().map_err(|_| ())?,
            hash: u64::from_str_radix(hash, 16).map_err(|_| ())?,
        })
    }
}

/// Hashes events.
pub(super) struct Hashing(Mutex<HashState>);

struct HashState {
    hash: Hash,
    events: u64,
    line: Vec<u8>,
}

impl Default for Hashing {
    fn default() -> Self {
        Self(Mutex::new(HashState {
            hash: Hash::new(),
            events: 0,
            line: Vec::new(),
        }))
    }
}

impl Hashing {
    /// What all events so far come to.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        let state = locked(&self.0);
        Fingerprint {
            events: state.events,
            hash: state.hash.number(),
        }
    }
}

impl Recorder for Hashing {
    fn record(&self, event: &Event) {
        let state = &mut *locked(&self.0);
        state.line.clear();
        // Into memory, and of a type without maps: it cannot fail.
        let _ = serde_json::to_writer(&mut state.line, event);
        state.line.push(b'\n');
        state.hash = state.hash.with(&state.line);
        state.events += 1;
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A run of a drill: the policy's position, and the seed.
pub(crate) type Chosen = (usize, u64);

impl Drill {
    /// The fingerprints of these runs, in their order, made on `workers` threads; one of a policy
    /// that the drill does not have ends them.
    pub(crate) fn fingerprints(
        &self,
        runs: &[Chosen],
        workers: NonZero<usize>,
    ) -> Result<Vec<Fingerprint>, NoThread> {
        let known = runs.iter().map_while(|&(policy, seed)| {
            let policy = self.policies().get(policy)?;
            Some((policy, seed))
        });
        let mut all = Vec::new();
        let engine = self.changes.engine;
        let threads = side_by_side(
            workers,
            known,
            |_, &(policy, seed)| {
                let recorder = Arc::new(Hashing::default());
                engine.run(self.scenario(), policy, seed, recorder.clone())?;
                Ok(recorder.fingerprint())
            },
            &mut |_| (),
            |results| all.extend(std::iter::from_fn(|| results.next())),
        );
        threads.map(|_| all)
    }

    /// Makes one of its runs, and hands each event to `on_line` as a line of a trace file.
    pub(crate) fn event_lines(
        &self,
        (policy, seed): Chosen,
        on_line: impl FnMut(&str) + Send + 'static,
    ) -> Result<(), NoThread> {
        let Some(policy) = self.policies().get(policy) else {
            return Ok(());
        };
        let lines = Arc::new(Lines(Mutex::new(Box::new(on_line))));
        let engine = self.changes.engine;
        Ok(engine.run(self.scenario(), policy, seed, lines)?)
    }

    /// Makes one of its runs, and compares its events with `other`, the lines of the same run made
    /// elsewhere; none when they are the same.
    pub(crate) fn first_difference(
        &self,
        (policy, seed): Chosen,
        other: impl Iterator<Item = String> + Send + 'static,
    ) -> Result<Option<Difference>, NoThread> {
        let Some(policy) = self.policies().get(policy) else {
            return Ok(None);
        };
        let run = (self.changes.engine, self.scenario(), policy, seed);
        Ok(first_difference(run, other)?)
    }
}

fn first_difference(
    (engine, scenario, policy, seed): (Engine, &Scenario, &Policy, u64),
    other: impl Iterator<Item = String> + Send + 'static,
) -> std::io::Result<Option<Difference>> {
    let comparing = Arc::new(Comparing::new(other));
    engine.run(scenario, policy, seed, comparing.clone())?;
    Ok(comparing.finish())
}

type OnLine = Box<dyn FnMut(&str) + Send>;

struct Lines(Mutex<OnLine>);

impl Recorder for Lines {
    fn record(&self, event: &Event) {
        if let Ok(line) = serde_json::to_string(event) {
            locked(&self.0)(&line);
        }
    }
}

/// The first event that differs between two runs that should be the same.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    /// Its number, from 1.
    number: u64,
    /// As lines of a trace file; none where that run had ended.
    here: Option<String>,
    there: Option<String>,
}

impl Difference {
    /// Its number, and both sides in words; as they are in a trace file where the words are the
    /// same.
    pub(crate) fn lines(&self, names: &Names) -> [String; 3] {
        let sides = [&self.here, &self.there];
        let mut told = sides.map(|side| match side {
            None => "(no further event)".to_owned(),
            Some(line) => match serde_json::from_str(line) {
                Ok(event) => event_line(&event, names),
                Err(_) => line.clone(),
            },
        });
        if told[0] == told[1] {
            told = sides.map(|side| side.clone().unwrap_or_default());
        }
        let [here, there] = told;
        let number = self.number;
        [
            format!("the first event that differs is number {number}"),
            format!("first:    {here}"),
            format!("repeated: {there}"),
        ]
    }
}

/// Compares events with the lines of another run, as they come.
struct Comparing(Mutex<Compared>);

struct Compared {
    other: Box<dyn Iterator<Item = String> + Send>,
    number: u64,
    found: Option<Difference>,
}

impl Comparing {
    fn new(other: impl Iterator<Item = String> + Send + 'static) -> Self {
        Self(Mutex::new(Compared {
            other: Box::new(other),
            number: 0,
            found: None,
        }))
    }

    /// The difference, if there is one; what `other` has left over is one as well.
    fn finish(&self) -> Option<Difference> {
        let mut compared = locked(&self.0);
        compared.next(None);
        compared.found.take()
    }
}

impl Recorder for Comparing {
    fn record(&self, event: &Event) {
        let line = serde_json::to_string(event);
        locked(&self.0).next(line.ok());
    }
}

impl Compared {
    fn next(&mut self, here: Option<String>) {
        if self.found.is_some() {
            return;
        }
        self.number += 1;
        let there = self.other.next();
        if here != there {
            self.found = Some(Difference {
                number: self.number,
                here,
                there,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{AttemptId, CallId, ProviderId};
    use crate::time::Instant;
    use crate::trace::EventKind;

    fn numbers(sample: Sample) -> Vec<u64> {
        let all = 0..sample.total + 3;
        all.filter(|number| sample.contains(*number)).collect()
    }

    #[test]
    fn a_sample_has_its_size_and_one_run_of_each_part() {
        for (total, size) in [(1, 1), (7, 3), (100, 2), (100, 100), (5, 9), (3, 0)] {
            for seed in 1..20 {
                let found = numbers(Sample::new(total, size, seed));
                assert_eq!(found.len() as u64, size.min(total), "{size} of {total}");
            }
        }
        let halves = numbers(Sample::new(100, 2, 1));
        assert!(halves[0] < 50 && halves[1] >= 50, "{halves:?}");
    }

    #[test]
    fn a_sample_is_the_same_again_and_another_under_another_seed() {
        let sample = |seed| numbers(Sample::new(1_000, 10, seed));
        assert_eq!(sample(1), sample(1));
        assert_ne!(sample(1), sample(2));
    }

    fn event(call: u64, kind: impl Fn(CallId) -> EventKind) -> Event {
        Event {
            at: Instant::from_nanos(1_500_000_000),
            kind: kind(CallId(call)),
        }
    }

    fn arrives(call: u64) -> Event {
        let streamed = false;
        event(call, |call| EventKind::Arrived { call, streamed })
    }

    fn abandoned(provider: u16) -> Event {
        let (attempt, provider) = (AttemptId(2), ProviderId(provider));
        event(0, |call| EventKind::Cancelled {
            call,
            attempt,
            provider,
        })
    }

    fn difference(here: &[Event], there: &[Event]) -> Option<[String; 3]> {
        let line = |event: &Event| serde_json::to_string(event).expect("a line");
        let comparing = Comparing::new(Vec::from_iter(there.iter().map(line)).into_iter());
        here.iter().for_each(|event| comparing.record(event));
        let names = Names::new(["main", "backup"], []);
        comparing.finish().map(|found| found.lines(&names))
    }

    #[test]
    fn the_first_event_that_differs_is_told_in_words() {
        let same = [arrives(0), arrives(1), arrives(2)];
        assert_eq!(difference(&same, &same), None);
        let other = [arrives(0), arrives(7), arrives(8)];
        assert_eq!(
            difference(&same, &other).expect("they differ"),
            [
                "the first event that differs is number 2",
                "first:    00:01.500  call 1: arrives",
                "repeated: 00:01.500  call 7: arrives",
            ]
        );
    }

    #[test]
    fn a_run_that_ends_early_differs_at_its_end() {
        let (all, some) = ([arrives(0), arrives(1)], [arrives(0)]);
        let [_, here, there] = difference(&some, &all).expect("they differ");
        assert_eq!(here, "first:    (no further event)");
        assert_eq!(there, "repeated: 00:01.500  call 1: arrives");
        let [_, _, there] = difference(&all, &some).expect("they differ");
        assert_eq!(there, "repeated: (no further event)");
    }

    #[test]
    fn events_that_differ_in_no_word_are_shown_as_in_a_trace_file() {
        let told = difference(&[abandoned(0)], &[abandoned(1)]).expect("they differ");
        assert!(told[1].contains(r#""provider":0"#), "{told:?}");
        assert!(told[2].contains(r#""provider":1"#), "{told:?}");
    }

    #[test]
    fn a_fingerprint_is_of_all_events_in_their_order() {
        let of = |events: &[Event]| {
            let hashing = Hashing::default();
            events.iter().for_each(|event| hashing.record(event));
            hashing.fingerprint()
        };
        let (one, two) = (arrives(1), arrives(2));
        let both = of(&[one.clone(), two.clone()]);
        assert_eq!(both, of(&[one.clone(), two.clone()]));
        assert_ne!(both, of(&[two, one.clone()]));
        assert_ne!(both, of(&[one]));
        assert_eq!(both.to_string().parse(), Ok(both));
    }
}
