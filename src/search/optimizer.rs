//! Proposes points of the unit cube to try: spread evenly at first, then near the best.
//!
//! The start is a Halton sequence with scrambled digits, which fills every dimension evenly with
//! few points. After that each new point descends from good ones, as in evolution strategies and
//! differential evolution (Storn and Price, 1997): a parent, some coordinates of another, and a
//! step that is drawn, or is the difference of two others; steps shrink as the search goes on.
//! Nothing but the order of the good points is used, so it does not matter how values are scaled,
//! how they are constrained, or that some coordinates are choices and others have no effect.
//!
//! Who is good is up to the caller. Draws are keyed by the number of the point, so that a search is
//! the same whatever came of the points before, up to their order.

use rand::RngExt as _;
use rand::seq::{IndexedRandom as _, SliceRandom as _};

use super::dimension::Domain;
use crate::rng::{Purpose, RngStreams, Stream};

/// A point of the unit cube: a coordinate for each dimension.
pub type Point = Vec<f64>;

/// Proposes points.
#[derive(Clone, Debug)]
pub struct Optimizer {
    /// Whether neighbouring coordinates mean neighbouring values, by dimension.
    ordered: Vec<bool>,
    /// The digits of the start, by dimension.
    digits: Vec<Digits>,
    streams: RngStreams,
    /// The number of points that were proposed.
    proposed: u64,
    /// Of these, those of the even sequence.
    even: u64,
}

impl Optimizer {
    /// Searches `domains`; a `seed` gives the same points again.
    pub fn new<'a>(domains: impl IntoIterator<Item = &'a Domain>, seed: u64) -> Self {
        let ordered = Vec::from_iter(domains.into_iter().map(Domain::is_ordered));
        let streams = RngStreams::new(seed);
        let digits = (0..).zip(primes()).take(ordered.len());
        Self {
            digits: digits
                .map(|(place, base)| Digits::new(base, streams, place))
                .collect(),
            ordered,
            streams,
            proposed: 0,
            even: 0,
        }
    }

    /// Points that are spread evenly.
    pub fn start(&mut self, count: usize) -> Vec<Point> {
        (0..count)
            .map(|_| {
                self.proposed += 1;
                self.next_even()
            })
            .collect()
    }

    /// Points near `good` ones, the best of which come first; `progress` is the part of the search
    /// that is over, from 0 to 1.
    pub fn next(&mut self, good: &[&[f64]], progress: f64, count: usize) -> Vec<Point> {
        (0..count).map(|_| self.next_near(good, progress)).collect()
    }

    fn next_even(&mut self) -> Point {
        self.even += 1;
        self.digits.iter().map(|one| one.at(self.even)).collect()
    }

    fn next_near(&mut self, good: &[&[f64]], progress: f64) -> Point {
        self.proposed += 1;
        let draws = &mut self.streams.stream(Purpose::Search, self.proposed, 0, 0);
        let Some(parent) = one_of(good, draws).filter(|_| !draws.random_bool(EVEN_SHARE)) else {
            return self.next_even();
        };
        let mut point = parent.to_vec();
        self.cross(&mut point, good, draws);
        let size = FIRST_STEP * libm::pow(LAST_STEP / FIRST_STEP, progress.clamp(0.0, 1.0));
        // Some steps are far smaller and some far larger: no size suits every dimension.
        let size = size * libm::exp(draws.normal());
        match good.len() >= 4 && draws.random_bool(0.5) {
            true => self.step_by_difference(&mut point, good, size, draws),
            false => self.step(&mut point, size, draws),
        }
        point
    }

    /// Takes some coordinates from another good point.
    fn cross(&self, point: &mut [f64], good: &[&[f64]], draws: &mut Stream) {
        let Some(other) = one_of(good, draws) else {
            return;
        };
        for (own, theirs) in point.iter_mut().zip(*other) {
            if draws.random_bool(CROSSED_SHARE) {
                *own = *theirs;
            }
        }
    }

    /// Moves some coordinates, at least one.
    fn step(&self, point: &mut [f64], size: f64, draws: &mut Stream) {
        let count = point.len();
        if count == 0 {
            return;
        }
        let always = draws.random_range(0..count);
        let share = (1.0 / count as f64).clamp(MOVED_SHARE, 1.0);
        for (place, (own, is_ordered)) in point.iter_mut().zip(&self.ordered).enumerate() {
            if place != always && !draws.random_bool(share) {
                continue;
            }
            *own = match is_ordered {
                true => reflected(*own + size * draws.normal()),
                false => draws.unit(),
            };
        }
    }

    /// Moves all ordered coordinates by a part of the difference of two good points: steps are long
    /// where good points differ, and short where they agree.
    fn step_by_difference(
        &self,
        point: &mut [f64],
        good: &[&[f64]],
        size: f64,
        draws: &mut Stream,
    ) {
        let (Some(one), Some(two)) = (good.choose(draws), good.choose(draws)) else {
            return;
        };
        let differences = one.iter().zip(*two).map(|(one, two)| one - two);
        for ((own, is_ordered), difference) in point.iter_mut().zip(&self.ordered).zip(differences)
        {
            if *is_ordered {
                *own = reflected(*own + DIFFERENCE * difference + size * 0.1 * draws.normal());
            } else if draws.random_bool(0.1) {
                *own = draws.unit();
            }
        }
    }
}

/// One of the good points; the first of them more often.
fn one_of<'a, 'b>(good: &'a [&'b [f64]], draws: &mut Stream) -> Option<&'a &'b [f64]> {
    let (one, two) = (draws.unit(), draws.unit());
    good.get((one.min(two) * good.len() as f64) as usize)
}

/// Back into the unit interval, as if its ends were mirrors.
fn reflected(coordinate: f64) -> f64 {
    let turned = (coordinate.abs() % 2.0).min(2.0);
    if turned > 1.0 { 2.0 - turned } else { turned }
}

/// One dimension of the even sequence: the digits of a number in a prime base, mirrored behind the
/// point, each digit replaced by another.
#[derive(Clone, Debug)]
struct Digits {
    replaced: Vec<u64>,
}

impl Digits {
    fn new(base: u64, streams: RngStreams, place: u64) -> Self {
        let mut replaced = Vec::from_iter(0..base);
        // The number of a dimension: points begin at 1.
        replaced.shuffle(&mut streams.stream(Purpose::Search, 0, place, 0));
        Self { replaced }
    }

    fn at(&self, number: u64) -> f64 {
        let base = self.replaced.len() as u64;
        let (mut rest, mut weight, mut sum) = (number, 1.0, 0.0);
        while weight > PRECISION {
            weight /= base as f64;
            let digit = usize::try_from(rest % base).unwrap_or_default();
            sum += weight * self.replaced[digit] as f64;
            rest /= base;
        }
        sum.clamp(0.0, 1.0)
    }
}

fn primes() -> impl Iterator<Item = u64> {
    let is_prime = |number: &u64| (2..*number).all(|divisor| !number.is_multiple_of(divisor));
    (2..).filter(is_prime)
}

/// The share of later points that are spread evenly: the best may be elsewhere.
const EVEN_SHARE: f64 = 0.1;
/// The share of coordinates that come from a second parent.
const CROSSED_SHARE: f64 = 0.2;
/// The least share of coordinates that a step moves.
const MOVED_SHARE: f64 = 0.25;
/// The usual step at the beginning, as a part of the range.
const FIRST_STEP: f64 = 0.2;
/// The usual step at the end.
const LAST_STEP: f64 = 0.01;
/// The part of the difference of two good points that is a step.
const DIFFERENCE: f64 = 0.6;
/// Digits are summed up to this weight.
const PRECISION: f64 = 1e-9;

#[cfg(test)]
mod tests {
    use super::super::dimension::read;
    use super::*;

    fn domains(count: usize) -> Vec<Domain> {
        let numbers = read("0..1000", None, None).expect("a range");
        vec![Domain::Numbers(numbers); count]
    }

    #[test]
    fn the_start_fills_every_dimension_evenly() {
        for seed in 1..=5 {
            let points = Optimizer::new(&domains(5), seed).start(64);
            for dimension in 0..5 {
                let mut halves = [0; 4];
                for point in &points {
                    halves[(point[dimension] * 4.0) as usize] += 1;
                }
                assert!(
                    halves.iter().all(|count| (10..=22).contains(count)),
                    "{halves:?}"
                );
            }
        }
    }

    /// The least value that a search of `budget` points finds.
    fn found(value: impl Fn(&[f64]) -> f64, dimensions: usize, budget: usize, seed: u64) -> f64 {
        let mut optimizer = Optimizer::new(&domains(dimensions), seed);
        let mut tried: Vec<(f64, Point)> = Vec::new();
        let mut next = optimizer.start(12);
        while tried.len() < budget {
            tried.extend(next.into_iter().map(|point| (value(&point), point)));
            tried.sort_by(|one, two| one.0.total_cmp(&two.0));
            let good = Vec::from_iter(tried.iter().take(8).map(|(_, point)| point.as_slice()));
            next = optimizer.next(&good, tried.len() as f64 / budget as f64, 8);
        }
        tried[0].0
    }

    #[test]
    fn it_finds_a_valley_that_even_points_miss() {
        // A curved valley in five dimensions of which two have no effect.
        let valley = |x: &[f64]| {
            let (a, b, c) = (x[0] - 0.7, x[1] - x[0] * x[0], x[2] - 0.2);
            a * a + 4.0 * b * b + c * c
        };
        let results = (1..=9).map(|seed| {
            let even = Optimizer::new(&domains(5), seed).start(200);
            let even = even.iter().map(|point| valley(point)).fold(1.0, f64::min);
            (found(valley, 5, 200, seed), even)
        });
        let results = Vec::from_iter(results);
        let better = results
            .iter()
            .filter(|(found, even)| *found < even / 4.0)
            .count();
        assert!(better >= 7, "{results:?}");
    }

    #[test]
    fn points_do_not_depend_on_what_is_asked_at_a_time() {
        let good: &[&[f64]] = &[&[0.1, 0.2], &[0.3, 0.4], &[0.5, 0.6], &[0.7, 0.8]];
        let mut one = Optimizer::new(&domains(2), 7);
        let mut other = one.clone();
        let together = one.next(good, 0.5, 6);
        let apart = Vec::from_iter((0..6).flat_map(|_| other.next(good, 0.5, 1)));
        assert_eq!(together, apart);
        assert!(together.iter().flatten().all(|at| (0.0..=1.0).contains(at)));
    }

    #[test]
    fn without_good_points_and_without_dimensions_it_still_proposes() {
        assert_eq!(Optimizer::new(&domains(3), 1).next(&[], 0.0, 4).len(), 4);
        assert_eq!(
            Optimizer::new(&[], 1).next(&[&[]], 0.0, 2),
            [Point::new(), Point::new()]
        );
    }
}
