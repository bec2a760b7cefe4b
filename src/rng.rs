//! Keyed random streams: draws do not depend on the order in which they are made.
//!
//! A stream is named by (seed, purpose, call, provider, k). The same name always gives the same
//! numbers, whatever was drawn before, so two policies under one seed get the same arrivals, the
//! same token counts and the same draws. Generator and samplers are our own and frozen by the
//! golden tests below: a change here changes the meaning of every seed. A name becomes a number by
//! [`Hash`].
//!
//! The generator is SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): a counter through a 64-bit
//! mixer. The samplers use `libm`, because `ln` and `exp` of the standard library differ between
//! platforms.

use std::convert::Infallible;
use std::time::Duration;

use rand_core::{Rng, TryRng};

/// What a draw is for. Two purposes never share a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub(crate) enum Purpose {
    /// The gap before an arrival.
    Arrival = 1,
    /// Prompt and output tokens of a call.
    Tokens = 2,
    /// Whether a call is streamed.
    Streamed = 3,
    /// Time to first token of an attempt.
    Ttft = 4,
    /// How far into a heavy tail an attempt's time to first token falls; `provider` holds the
    /// fault's number above the provider's.
    HeavyTail = 7,
    /// How fast an attempt's tokens come.
    Speed = 8,
    /// Whether a fault strikes; `provider` is the fault's number.
    Fault = 5,
    /// The jitter of a backoff.
    Backoff = 6,
    /// How long a breaker stays open; `call` is how often it has opened.
    Open = 9,
    /// Which provider a call asks first, where that is drawn.
    Route = 10,
    /// Whether the client's throttle rejects an attempt.
    Throttle = 11,
    /// How much longer than its hint a call waits.
    Spread = 12,
    /// Whether a fault happens at all; `provider` is the fault's number.
    Chance = 20,
    /// How long a fault's bursts are on and off; `provider` is the fault's number.
    Burst = 21,
    /// How long a user thinks before a call.
    Think = 30,
    /// Which task a call is.
    Task = 31,
    /// What a call's prompt begins with.
    Prefix = 32,
    /// Whether an impatient user clicks again.
    Reclick = 33,
    /// Whether the caller of a streamed call waits for the whole answer.
    Whole = 34,
    /// Which runs are repeated to see whether they come out the same; `call` is the part of all.
    Verify = 40,
    /// What a search tries next; `call` is the number of the point.
    Search = 50,
}

/// All randomness of one run (or one client): a seed, from which keyed streams are derived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RngStreams {
    /// The seed, mixed.
    root: u64,
}

impl RngStreams {
    /// The draws of `seed`.
    pub const fn new(seed: u64) -> Self {
        Self { root: mix(seed) }
    }

    /// The stream for `purpose`, the `k`-th time `call` meets `provider`; unused parts are 0.
    pub(crate) fn stream(self, purpose: Purpose, call: u64, provider: u64, k: u64) -> Stream {
        let key = [purpose as u64, call, provider, k];
        Stream {
            state: key
                .into_iter()
                .fold(self.root, |state, part| mix(state ^ mix(part))),
        }
    }
}

/// A hash that is the same on every machine and in every version, so that a name can be part of a
/// stream's name, and a hash can be kept: FNV-1a, of 64 bits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hash(u64);

impl Hash {
    /// Of nothing.
    pub(crate) const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Of `bytes`, behind those before.
    #[must_use]
    pub(crate) fn with(self, bytes: &[u8]) -> Self {
        let hash = bytes.iter().fold(self.0, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
        });
        Self(hash)
    }

    /// Its number.
    pub(crate) const fn number(self) -> u64 {
        self.0
    }
}

/// One keyed stream of random numbers; it implements [`rand_core::Rng`] for other crates.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    state: u64,
}

impl Stream {
    /// An even draw from `0..bound` (0 when `bound` is 0). The bias is below `bound` / 2^64.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.next_u64()) * u128::from(bound);
        (wide >> 64) as u64
    }

    /// An even draw from `low..=high`; `low` when they cross.
    pub(crate) fn between(&mut self, low: Duration, high: Duration) -> Duration {
        let (low, high) = (crate::time::nanos(low), crate::time::nanos(high));
        Duration::from_nanos(low + self.below(high.saturating_sub(low).saturating_add(1)))
    }

    /// True `parts` times in 10^9.
    pub(crate) fn chance(&mut self, parts: u64) -> bool {
        self.below(1_000_000_000) < parts
    }

    /// An even draw from the open interval (0, 1), of 53 bits.
    pub(crate) fn unit(&mut self) -> f64 {
        ((self.next_u64() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// A gap between the events of a Poisson process with this mean gap.
    pub(crate) fn exponential(&mut self, mean: Duration) -> Duration {
        let gap = -libm::log(self.unit()) * crate::time::nanos(mean) as f64;
        Duration::from_nanos(gap as u64)
    }

    /// A draw from the gamma distribution with this `shape` and a mean of 1, by Marsaglia and
    /// Tsang (ACM TOMS 26, 2000); the smaller the shape, the more bursts and silences.
    pub(crate) fn gamma(&mut self, shape: f64) -> f64 {
        let lifted = if shape < 1.0 { shape + 1.0 } else { shape };
        let drawn = self.gamma_above_1(lifted);
        let drawn = match shape < 1.0 {
            true => drawn * libm::pow(self.unit(), 1.0 / shape),
            false => drawn,
        };
        drawn / shape
    }

    fn gamma_above_1(&mut self, shape: f64) -> f64 {
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / libm::sqrt(9.0 * d);
        loop {
            let x = normal_quantile(self.unit());
            let v = 1.0 + c * x;
            let v = v * v * v;
            let bound = 0.5 * x * x + d - d * v;
            if v > 0.0 && libm::log(self.unit()) < bound + d * libm::log(v) {
                return d * v;
            }
        }
    }

    /// A draw from the Pareto distribution on [1, ∞) with this tail index.
    pub(crate) fn pareto(&mut self, index: f64) -> f64 {
        libm::pow(self.unit(), -1.0 / index)
    }

    /// A draw from the standard normal distribution.
    pub(crate) fn normal(&mut self) -> f64 {
        normal_quantile(self.unit())
    }

    /// A draw from the lognormal with these two quantiles; `p50` always when they are equal.
    pub(crate) fn lognormal(&mut self, p50: f64, p99: f64) -> f64 {
        self.drawn(&Lognormal::new(p50, p99))
    }

    /// A draw from this lognormal.
    pub(crate) fn drawn(&mut self, of: &Lognormal) -> f64 {
        let drawn = self.unit();
        of.constant()
            .unwrap_or_else(|| of.p50 * libm::exp(of.sigma * normal_quantile(drawn)))
    }
}

impl TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.next_u64() >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.state = self.state.wrapping_add(GOLDEN_GAMMA);
        Ok(mix(self.state))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            let word = self.next_u64().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

/// A lognormal distribution.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lognormal {
    p50: f64,
    /// The standard deviation of its logarithm.
    sigma: f64,
}

impl Lognormal {
    /// With these two quantiles; a constant when they are equal.
    pub(crate) fn new(p50: f64, p99: f64) -> Self {
        let sigma = match p50 == p99 {
            true => 0.0,
            false => libm::log(p99 / p50) / NORMAL_P99,
        };
        Self { p50, sigma }
    }

    /// Its only value, if it is a constant.
    pub(crate) fn constant(&self) -> Option<f64> {
        (self.sigma == 0.0).then_some(self.p50)
    }
}

/// SplitMix64's finalizer: a bijection in which every input bit moves every output bit.
const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The standard normal quantile, by Wichura's AS 241 (PPND7): relative error about 10^-7, far
/// below the millisecond and the token that its users round to.
fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * horner(&CENTRE.0, r) / horner(&CENTRE.1, r);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    let r = libm::sqrt(-libm::log(tail));
    let z = if r <= 5.0 {
        horner(&MIDDLE.0, r - 1.6) / horner(&MIDDLE.1, r - 1.6)
    } else {
        horner(&FAR.0, r - 5.0) / horner(&FAR.1, r - 5.0)
    };
    if q < 0.0 { -z } else { z }
}

fn horner(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

/// 2^64 / the golden ratio, odd: SplitMix64's step.
const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// The 99th percentile of the standard normal distribution.
const NORMAL_P99: f64 = 2.326_347_874_040_841;

type Rational = ([f64; 4], [f64; 4]);
const CENTRE: Rational = (
    [
        3.387_132_717_9,
        50.434_271_938,
        159.291_132_02,
        59.109_374_720,
    ],
    [1.0, 17.895_169_469, 78.757_757_664, 67.187_563_600],
);
const MIDDLE: Rational = (
    [
        1.423_437_277_7,
        2.756_815_390_0,
        1.306_728_481_6,
        0.170_238_211_03,
    ],
    [1.0, 0.737_001_642_50, 0.120_211_329_75, 0.0],
);
const FAR: Rational = (
    [
        6.657_905_115_0,
        3.081_226_386_0,
        0.428_682_943_37,
        0.017_337_203_997,
    ],
    [1.0, 0.241_978_942_25, 0.012_258_202_635, 0.0],
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_frozen() {
        let mut stream = RngStreams::new(1).stream(Purpose::Arrival, 2, 3, 4);
        let drawn: Vec<u64> = (0..3).map(|_| stream.next_u64()).collect();
        assert_eq!(
            drawn, GOLDEN,
            "the meaning of every seed has changed: {drawn:#x?}"
        );
    }

    #[test]
    fn samplers_are_frozen() {
        let stream = || RngStreams::new(7).stream(Purpose::Ttft, 1, 0, 0);
        assert_eq!(
            stream().exponential(Duration::from_secs(1)).as_nanos(),
            2_230_559_600
        );
        assert_eq!(
            stream().lognormal(600.0, 3_000.0).to_bits(),
            4_643_155_633_595_824_187
        );
        assert_eq!(stream().below(1_000), 107);
        let gammas = [0.1, 0.5, 1.0, 4.0].map(|shape| stream().gamma(shape).to_bits());
        let frozen = [
            4_597_879_573_061_410_980,
            4_600_937_901_762_219_421,
            4_590_446_114_340_959_161,
            4_601_632_990_109_968_779,
        ];
        assert_eq!(gammas, frozen);
        assert_eq!(stream().pareto(1.5).to_bits(), 4_616_666_977_048_036_885);
    }

    #[test]
    fn every_part_of_the_name_matters() {
        let first = |seed, purpose, call, provider, k| {
            RngStreams::new(seed)
                .stream(purpose, call, provider, k)
                .next_u64()
        };
        let base = first(1, Purpose::Ttft, 1, 1, 1);
        for other in [
            first(2, Purpose::Ttft, 1, 1, 1),
            first(1, Purpose::Fault, 1, 1, 1),
            first(1, Purpose::Ttft, 2, 1, 1),
            first(1, Purpose::Ttft, 1, 2, 1),
            first(1, Purpose::Ttft, 1, 1, 2),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn quantiles_of_the_normal_are_the_textbooks() {
        for (p, z) in [
            (0.5, 0.0),
            (0.975, 1.959_964),
            (0.99, 2.326_348),
            (1e-9, -5.997_807),
        ] {
            assert!(
                (normal_quantile(p) - z).abs() < 1e-5,
                "{p}: {}",
                normal_quantile(p)
            );
        }
    }

    #[test]
    fn a_lognormal_keeps_its_two_quantiles() {
        let mut drawn: Vec<f64> = (0..100_000)
            .map(|call| {
                RngStreams::new(1)
                    .stream(Purpose::Ttft, call, 0, 0)
                    .lognormal(600.0, 3_000.0)
            })
            .collect();
        drawn.sort_by(f64::total_cmp);
        assert!(
            (drawn[50_000] / 600.0 - 1.0).abs() < 0.01,
            "{}",
            drawn[50_000]
        );
        assert!(
            (drawn[99_000] / 3_000.0 - 1.0).abs() < 0.01,
            "{}",
            drawn[99_000]
        );
    }

    #[test]
    fn a_gamma_has_a_mean_of_1_and_the_spread_of_its_shape() {
        for shape in [0.1, 0.5, 1.0, 4.0] {
            let drawn = (0..200_000).map(|call| {
                let mut stream = RngStreams::new(1).stream(Purpose::Arrival, call, 0, 0);
                stream.gamma(shape)
            });
            let (sum, squares) = drawn.fold((0.0, 0.0), |(s, q), x| (s + x, q + x * x));
            let mean = sum / 200_000.0;
            let cv = libm::sqrt(squares / 200_000.0 - mean * mean) / mean;
            assert!((mean - 1.0).abs() < 0.03, "{shape}: {mean}");
            assert!((cv * libm::sqrt(shape) - 1.0).abs() < 0.03, "{shape}: {cv}");
        }
    }

    #[test]
    fn a_pareto_keeps_its_tail() {
        let beyond = |bound: f64| {
            let drawn = (0..100_000).filter(|&call| {
                let mut stream = RngStreams::new(1).stream(Purpose::HeavyTail, call, 0, 0);
                stream.pareto(1.5) > bound
            });
            drawn.count()
        };
        assert_eq!(beyond(0.999), 100_000);
        // P(X > x) = x^-1.5.
        assert!((34_800..35_900).contains(&beyond(2.0)), "{}", beyond(2.0));
        assert!((2_950..3_400).contains(&beyond(10.0)), "{}", beyond(10.0));
    }

    #[test]
    fn bounds_are_kept() {
        let mut stream = RngStreams::new(3).stream(Purpose::Fault, 0, 0, 0);
        assert_eq!(stream.below(0), 0);
        assert!(!stream.chance(0));
        assert!(stream.chance(1_000_000_000));
        let (low, high) = (Duration::from_millis(1), Duration::from_millis(2));
        for _ in 0..1_000 {
            let length = stream.between(low, high);
            assert!(low <= length && length <= high);
        }
        assert_eq!(stream.between(high, low), high);
    }

    const GOLDEN: [u64; 3] = [
        0xbc11_7ead_c6ef_174f,
        0xdd23_a661_e38b_36fa,
        0xbe18_9c94_97a9_1760,
    ];
}
