//! Which call arrives when, with how many tokens, for one seed.
//!
//! Nothing is listed in advance: arrivals come one by one, and everything else is a keyed draw by
//! the call's number, so that a month of calls costs no memory and every policy meets the same
//! calls. Reading a trace file is left to `replay`; making the calls is left to `world`.

use std::sync::Arc;
use std::time::Duration;

use super::{Arrivals, Calls, Load, Quantiles};
use crate::policy::CallId;
use crate::rng::{Draws, Purpose, Stream};
use crate::text::units::PerTime;
use crate::time::Instant;

/// A row of a trace file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Since the first row.
    pub arrival: Instant,
    /// Prompt tokens.
    pub input: u64,
    /// Output tokens.
    pub output: u64,
}

/// Token counts of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// Of the prompt.
    pub input: u64,
    /// Of the answer, at least 1.
    pub output: u64,
    /// The beginning of the prompt, when other calls have the same.
    pub prefix: Option<Prefix>,
}

/// The beginning of a prompt that several calls share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// Which.
    pub id: u64,
    /// How long it is, in tokens; no longer than the prompt.
    pub tokens: u64,
}

/// The calls of one seed. Cheap to clone; each question is answered by keyed draws.
#[derive(Clone, Debug)]
pub struct Workload {
    calls: Arc<Calls>,
    stream: u64,
    end: Instant,
    draws: Draws,
}

impl Workload {
    /// The calls that `load` makes under `seed`, for `duration` (a trace lifts that).
    pub fn new(load: &Load, duration: Duration, seed: u64) -> Self {
        Self {
            calls: Arc::new(load.calls.clone()),
            stream: load.stream,
            end: Instant::START + duration,
            draws: Draws::new(seed),
        }
    }

    /// The moments of arrival, in order: the n-th is call n, from 0.
    ///
    /// Drawn calls come in `(0, duration]`: the first one gap after the start, and one at the very
    /// end when the gaps say so. Thus 2/s for 10 s are exactly 20 constant arrivals. The first row
    /// of a trace comes at the start.
    pub fn arrivals(&self) -> Box<dyn Iterator<Item = Instant>> {
        let (end, draws) = (self.end, self.draws);
        match &*self.calls {
            Calls::Drawn { arrivals, rate, .. } => {
                let rate = *rate;
                let moments: Box<dyn Iterator<Item = Instant>> = match arrivals {
                    Arrivals::Constant => Box::new((1..).map(move |n| moment(n, rate))),
                    Arrivals::Poisson => Box::new(poisson(rate.mean_gap(), draws)),
                };
                Box::new(moments.take_while(move |&at| at <= end))
            }
            Calls::Trace { rows, .. } => {
                let rows = Arc::clone(rows);
                Box::new((0..rows.len()).map(move |n| rows[n].arrival))
            }
        }
    }

    /// The token counts of a call; none for a number that no row of the trace has.
    pub fn tokens(&self, call: CallId) -> Tokens {
        match &*self.calls {
            Calls::Drawn { prompt, output, .. } => {
                let mut stream = self.draws.stream(Purpose::Tokens, call.0, 0, 0);
                Tokens {
                    input: drawn(prompt, &mut stream),
                    output: drawn(output, &mut stream),
                    prefix: None,
                }
            }
            Calls::Trace { rows, .. } => {
                let row = usize::try_from(call.0).ok().and_then(|n| rows.get(n));
                Tokens {
                    input: row.map_or(0, |row| row.input),
                    output: row.map_or(1, |row| row.output.max(1)),
                    prefix: None,
                }
            }
        }
    }

    /// Whether a call is streamed.
    pub fn is_streamed(&self, call: CallId) -> bool {
        self.draws
            .stream(Purpose::Streamed, call.0, 0, 0)
            .chance(self.stream)
    }
}

/// `n` gaps after the start, to the nanosecond below: the error does not grow with `n`.
fn moment(n: u64, rate: PerTime) -> Instant {
    let exact = u128::from(n) * rate.per.as_nanos() * 1_000_000_000;
    let passed = exact / u128::from(rate.count_nano.max(1));
    Instant::from_nanos(u64::try_from(passed).unwrap_or(u64::MAX))
}

fn poisson(mean: Duration, draws: Draws) -> impl Iterator<Item = Instant> {
    (0..).scan(Instant::START, move |at, call| {
        *at = *at + draws.stream(Purpose::Arrival, call, 0, 0).exponential(mean);
        Some(*at)
    })
}

fn drawn(quantiles: &Quantiles<u64>, stream: &mut Stream) -> u64 {
    let (p50, p99) = (quantiles.p50.max(1), quantiles.p99.max(1));
    let tokens = libm::round(stream.lognormal(p50 as f64, p99 as f64));
    (tokens as u64).clamp(1, MOST_TOKENS)
}

/// No call has more tokens on either side: beyond any model's context, and far from any overflow.
pub(super) const MOST_TOKENS: u64 = 10_000_000;
