//! Predicts which untried points are worth a run, from those that were tried.
//!
//! A run of a candidate is dear, so many points are proposed and few are tried. Gaussian processes
//! (Rasmussen and Williams, 2006) learn from the points tried so far: one how good they are, and
//! one for each constraint by how much they fail it. Each predicts a value for any other point, and
//! how unsure that is. Tried next are the points with the largest expected improvement, times the
//! chance that every constraint holds (Schonlau, Welch and Jones, 1998); one after the other, each
//! as if the predictions for those before it had come true, so that not all of them lie in one
//! place.
//!
//! Only the order of values counts, so neither their units nor outliers matter. A process has one
//! reach per dimension: settings without effect get a long one. All is computed from `+`, `*`, `/`,
//! square roots and `libm`, and so is the same on every machine.

/// Predicts from tried points.
#[derive(Clone, Debug)]
pub(super) struct Surrogate<'a> {
    /// Whether neighbouring coordinates mean neighbouring values, by dimension.
    ordered: &'a [bool],
    tried: Vec<Vec<f64>>,
    /// How good each tried point is: less is better.
    objective: Vec<f64>,
    /// Of each constraint, by how much each tried point fails it; it holds below 0.
    failures: Vec<Vec<f64>>,
}

/// How far a known point tells of others, and how much luck there is in its value.
#[derive(Clone, Debug)]
struct Kernel {
    reach: Vec<f64>,
    noise: f64,
}

/// A process that has seen points: the rows of the Cholesky factor of their covariances, and the
/// scores solved by it.
#[derive(Clone, Debug)]
struct Process<'a> {
    ordered: &'a [bool],
    kernel: Kernel,
    points: Vec<&'a [f64]>,
    factor: Vec<Vec<f64>>,
    solved: Vec<f64>,
    /// Scores below it count as success: an improvement, or a constraint that holds.
    limit: f64,
}

/// Each process, and what it has seen from each proposed point that is left.
struct Views<'a>(Vec<(Process<'a>, Vec<Vec<f64>>)>);

impl<'a> Surrogate<'a> {
    /// Learns from `tried` points: how good each is, and how much it fails each constraint.
    pub(super) fn new(
        ordered: &'a [bool],
        tried: Vec<Vec<f64>>,
        objective: Vec<f64>,
        failures: Vec<Vec<f64>>,
    ) -> Self {
        Self {
            ordered,
            tried,
            objective,
            failures,
        }
    }

    /// The positions of the `count` of `proposed` that are worth trying, best first. Points that
    /// were tried are none of them.
    pub(super) fn choose(&self, proposed: &[Vec<f64>], count: usize) -> Vec<usize> {
        let is_new = |place: &usize| !self.tried.contains(&proposed[*place]);
        let mut left = Vec::from_iter((0..proposed.len()).filter(is_new));
        let mut views = self.views(left.iter().map(|place| proposed[*place].as_slice()));
        let mut chosen = Vec::new();
        while chosen.len() < count {
            let worth = (0..left.len()).map(|at| views.worth(at));
            let Some((at, _)) = worth.enumerate().max_by(|one, two| one.1.total_cmp(&two.1)) else {
                break;
            };
            let place = left[at];
            chosen.push(place);
            // The same settings can be proposed twice.
            let is_kept = Vec::from_iter(left.iter().map(|one| proposed[*one] != proposed[place]));
            keep(&mut left, &is_kept);
            let rest = Vec::from_iter(left.iter().map(|place| proposed[*place].as_slice()));
            views.believe(at, &proposed[place], &is_kept, &rest);
        }
        chosen
    }

    fn views<'b>(&'b self, proposed: impl Iterator<Item = &'b [f64]> + Clone) -> Views<'b> {
        let holds = |at: usize| self.failures.iter().all(|failures| failures[at] <= 0.0);
        let good = (0..self.tried.len()).filter(|at| holds(*at));
        let best = good.map(|at| self.objective[at]).min_by(f64::total_cmp);
        // Where no point keeps all constraints, any that does is an improvement.
        let objective = best.map(|best| self.fitted(&self.objective, best));
        let varied = self
            .failures
            .iter()
            .filter(|failures| failures.iter().any(|by| *by > 0.0));
        let constraints = varied.map(|failures| self.fitted(failures, 0.0));
        let processes = objective.into_iter().chain(constraints);
        let seen = |process: Process<'b>| {
            let seen = proposed
                .clone()
                .map(|point| process.seen_from(point))
                .collect();
            (process, seen)
        };
        Views(processes.map(seen).collect())
    }

    /// The process that explains the values best: reaches are tried dimension by dimension.
    fn fitted(&self, values: &[f64], limit: f64) -> Process<'_> {
        let (scores, limit) = scores(values, limit);
        let process = |kernel: &Kernel| self.process(kernel, &scores, limit);
        let dimensions = self.ordered.len();
        let mut best = process(&Kernel {
            reach: vec![REACHES[2]; dimensions],
            noise: NOISES[0],
        });
        let mut keep_better = |change: &dyn Fn(&mut Kernel)| {
            let mut kernel = best.kernel.clone();
            change(&mut kernel);
            let other = process(&kernel);
            if other.likelihood() > best.likelihood() {
                best = other;
            }
        };
        for dimension in 0..dimensions {
            for reach in REACHES {
                keep_better(&|kernel| kernel.reach[dimension] = reach);
            }
        }
        for noise in NOISES {
            keep_better(&|kernel| kernel.noise = noise);
        }
        best
    }

    fn process(&self, kernel: &Kernel, scores: &[f64], limit: f64) -> Process<'_> {
        let mut process = Process {
            ordered: self.ordered,
            kernel: kernel.clone(),
            points: Vec::new(),
            factor: Vec::new(),
            solved: Vec::new(),
            limit,
        };
        for (point, score) in self.tried.iter().zip(scores) {
            process.see(point, *score);
        }
        process
    }
}

impl<'a> Views<'a> {
    /// The logarithm of how much is to be expected of the proposed point at `at`.
    fn worth(&self, at: usize) -> f64 {
        let each = self.0.iter().enumerate();
        // The first is about the objective, unless no point kept all constraints.
        each.map(|(place, (process, seen))| match place {
            0 => process.improvement(&seen[at]),
            _ => process.chance(&seen[at]),
        })
        .map(|worth| libm::log(worth.max(f64::MIN_POSITIVE)))
        .sum()
    }

    /// Sees the point at `at` with the value that is predicted for it; `rest` are left.
    fn believe(&mut self, at: usize, point: &'a [f64], is_kept: &[bool], rest: &[&[f64]]) {
        for (process, seen) in &mut self.0 {
            let score = process.mean(&seen[at]);
            process.see(point, score);
            keep(seen, is_kept);
            for (seen, point) in seen.iter_mut().zip(rest) {
                process.extend(seen, point);
            }
        }
    }
}

impl<'a> Process<'a> {
    /// Adds a point and its score.
    fn see(&mut self, point: &'a [f64], score: f64) {
        let mut row = self.seen_from(point);
        let rest = VARIANCE * (1.0 + self.kernel.noise) - dot(&row, &row);
        let last = libm::sqrt(rest.max(VARIANCE * LEAST));
        self.solved.push((score - dot(&row, &self.solved)) / last);
        row.push(last);
        self.factor.push(row);
        self.points.push(point);
    }

    /// The covariances of `point` with all points, solved by the factor.
    fn seen_from(&self, point: &[f64]) -> Vec<f64> {
        let mut seen = Vec::with_capacity(self.points.len() + 1);
        while seen.len() < self.points.len() {
            self.extend(&mut seen, point);
        }
        seen
    }

    /// Adds the next entry to a [`Self::seen_from`].
    fn extend(&self, seen: &mut Vec<f64>, point: &[f64]) {
        let place = seen.len();
        let row = &self.factor[place];
        let covariance = self.covariance(point, self.points[place]);
        seen.push((covariance - dot(&row[..place], seen)) / row[place]);
    }

    /// Matérn's covariance with parameter 5/2: smooth, and not too smooth.
    fn covariance(&self, one: &[f64], other: &[f64]) -> f64 {
        let mut square = 0.0;
        for (place, (one, other)) in one.iter().zip(other).enumerate() {
            let apart = match self.ordered[place] {
                true => one - other,
                // Lists are often written in order: neighbours are a little nearer.
                false if one != other => libm::sqrt((one - other) * (one - other) + WORDS_APART),
                false => 0.0,
            };
            let scaled = apart / self.kernel.reach[place];
            square += scaled * scaled;
        }
        let distance = libm::sqrt(5.0 * square);
        VARIANCE * (1.0 + distance + distance * distance / 3.0) * libm::exp(-distance)
    }

    fn mean(&self, seen: &[f64]) -> f64 {
        dot(seen, &self.solved)
    }

    /// What is to be expected of the score below the limit (Mockus, 1975).
    fn improvement(&self, seen: &[f64]) -> f64 {
        let (below, spread) = self.below_limit(seen);
        let scaled = below / spread;
        below * normal_below(scaled) + spread * libm::exp(-0.5 * scaled * scaled) / ROOT_OF_TWO_PI
    }

    /// The chance that the score is below the limit.
    fn chance(&self, seen: &[f64]) -> f64 {
        let (below, spread) = self.below_limit(seen);
        normal_below(below / spread)
    }

    /// By how much the score is below the limit, and the standard deviation of that.
    fn below_limit(&self, seen: &[f64]) -> (f64, f64) {
        let variance = (VARIANCE - dot(seen, seen)).max(VARIANCE * LEAST);
        (self.limit - self.mean(seen), libm::sqrt(variance))
    }

    /// The logarithm of how likely the scores are, up to a constant.
    fn likelihood(&self) -> f64 {
        let widths = self.factor.iter().filter_map(|row| row.last());
        let volume: f64 = widths.map(|last| libm::log(*last)).sum();
        -0.5 * dot(&self.solved, &self.solved) - volume
    }
}

/// Logistic scores of the ranks of `values`, and where `limit` lies among them: differences at the
/// ends count more than in the middle.
fn scores(values: &[f64], limit: f64) -> (Vec<f64>, f64) {
    let count = values.len() as f64;
    let score = |below: f64, equal: f64| {
        let place = (below + equal / 2.0).clamp(0.25, (count - 0.25).max(0.25));
        libm::log(place / (count - place).max(0.25))
    };
    let among = |value: f64| {
        let below = values.iter().filter(|other| **other < value).count();
        let equal = values.iter().filter(|other| **other == value).count();
        score(below as f64, equal as f64)
    };
    let at_limit = values.iter().filter(|value| **value <= limit).count();
    let limit = match values.contains(&limit) {
        true => among(limit),
        false => score(at_limit as f64, 0.0),
    };
    (values.iter().map(|value| among(*value)).collect(), limit)
}

/// The chance that a normal deviate is below `limit`.
fn normal_below(limit: f64) -> f64 {
    libm::erfc(-limit / std::f64::consts::SQRT_2) / 2.0
}

/// Keeps those of `all` that are marked.
fn keep<T>(all: &mut Vec<T>, is_kept: &[bool]) {
    let mut marks = is_kept.iter();
    all.retain(|_| marks.next().copied().unwrap_or(false));
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

/// The variance of logistic scores: pi squared, divided by 3.
const VARIANCE: f64 = 3.3;
/// No point is surer than this, relative to the variance.
const LEAST: f64 = 1e-9;
/// Reaches that are tried, as parts of a range.
const REACHES: [f64; 5] = [0.1, 0.2, 0.4, 0.9, 3.0];
/// The share of luck in scores, relative to the variance.
const NOISES: [f64; 3] = [0.1, 0.02, 0.4];
/// The least square of the distance of two words.
const WORDS_APART: f64 = 0.06;
const ROOT_OF_TWO_PI: f64 = 2.506_628_274_631_000_5;

#[cfg(test)]
mod tests {
    use super::super::dimension::{Domain, read};
    use super::super::optimizer::Optimizer;
    use super::*;

    /// A curved valley in five dimensions of which two have no effect.
    fn valley(x: &[f64]) -> f64 {
        let (a, b, c) = (x[0] - 0.7, x[1] - x[0] * x[0], x[2] - 0.2);
        a * a + 4.0 * b * b + c * c
    }

    /// The least value after `budget` points, with or without a surrogate.
    fn found(is_screened: bool, budget: usize, seed: u64) -> f64 {
        let numbers = read("0..1000", None, None).expect("a range");
        let domains = vec![Domain::Numbers(numbers); 5];
        let mut optimizer = Optimizer::new(&domains, seed);
        let mut tried: Vec<(f64, Vec<f64>)> = Vec::new();
        let mut next = optimizer.start(10);
        while tried.len() < budget {
            tried.extend(next.into_iter().map(|point| (valley(&point), point)));
            tried.sort_by(|one, two| one.0.total_cmp(&two.0));
            let points = Vec::from_iter(tried.iter().map(|(_, point)| point.clone()));
            let good = Vec::from_iter(points.iter().take(8).map(Vec::as_slice));
            let progress = tried.len() as f64 / budget as f64;
            if !is_screened {
                next = optimizer.next(&good, progress, 5);
                continue;
            }
            let proposed = optimizer.next(&good, progress, 100);
            let values = Vec::from_iter(tried.iter().map(|(value, _)| *value));
            let surrogate = Surrogate::new(&[true; 5], points.clone(), values, Vec::new());
            let chosen = surrogate.choose(&proposed, 5).into_iter();
            next = chosen.map(|place| proposed[place].clone()).collect();
        }
        tried[0].0
    }

    #[test]
    fn it_comes_nearer_than_steps_alone() {
        let pairs = (1..=9).map(|seed| (found(true, 40, seed), found(false, 40, seed)));
        let pairs = Vec::from_iter(pairs);
        let better = pairs.iter().filter(|(one, other)| one < other).count();
        assert!(better >= 7, "{pairs:?}");
    }

    #[test]
    fn what_was_tried_is_not_chosen_and_nothing_is_chosen_twice() {
        let tried = vec![vec![0.1, 0.5], vec![0.9, 0.5]];
        let surrogate = Surrogate::new(&[true, false], tried, vec![1.0, 2.0], Vec::new());
        let proposed = [[0.1, 0.5], [0.3, 0.5], [0.9, 0.5], [0.3, 0.5], [0.2, 0.1]];
        let proposed = proposed.map(|point| point.to_vec());
        let chosen = surrogate.choose(&proposed, 5).into_iter();
        let mut chosen = Vec::from_iter(chosen.map(|place| proposed[place].clone()));
        chosen.sort_by(|one, two| one[0].total_cmp(&two[0]));
        assert_eq!(chosen, [[0.2, 0.1], [0.3, 0.5]]);
    }

    #[test]
    fn a_point_that_fails_a_constraint_is_not_chosen_however_good_it_looks() {
        let tried = Vec::from_iter((0..=10).map(|tenths| vec![f64::from(tenths) / 10.0]));
        let objective = Vec::from_iter(tried.iter().map(|point| -point[0]));
        let failures = Vec::from_iter(tried.iter().map(|point| point[0] - 0.55));
        let chosen = |failures: Vec<Vec<f64>>| {
            let surrogate = Surrogate::new(&[true], tried.clone(), objective.clone(), failures);
            surrogate.choose(&[vec![0.25], vec![0.53], vec![0.98]], 1)
        };
        assert_eq!(chosen(Vec::new()), [2]);
        assert_eq!(chosen(vec![failures]), [1]);
    }

    #[test]
    fn without_points_and_without_dimensions_it_still_chooses() {
        let proposed = [vec![0.1], vec![0.7]];
        let untaught = |ordered| Surrogate::new(ordered, Vec::new(), Vec::new(), Vec::new());
        assert_eq!(untaught(&[true]).choose(&proposed, 2).len(), 2);
        let none: [Vec<f64>; 1] = [Vec::new()];
        assert_eq!(untaught(&[]).choose(&none, 2), [0]);
    }
}
