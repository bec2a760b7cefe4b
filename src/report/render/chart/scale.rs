//! Scales of charts, in integers: from values to positions, and the marks along an axis.

use std::time::Duration;

use crate::units::duration;

/// `part` of `whole`, on a scale of `length`; clamped to the scale.
pub(super) fn scaled(part: u64, whole: u64, length: u64) -> u64 {
    let exact = u128::from(part) * u128::from(length) / u128::from(whole.max(1));
    u64::try_from(exact).unwrap_or(length).min(length)
}

/// The least of 1, 2, 5, 10, 20, … that is at least `least`.
pub(super) fn nice(least: u64) -> u64 {
    let mut power = 1_u64;
    loop {
        let fits = [1, 2, 5].map(|digit| power.saturating_mul(digit));
        if let Some(step) = fits.into_iter().find(|step| *step >= least) {
            return step;
        }
        power = power.saturating_mul(10);
    }
}

/// The marks of an axis of time that ends at `end`, in nanoseconds, at most `most` steps: each with
/// its text.
pub(super) fn times(end: u64, most: u64) -> Vec<(u64, String)> {
    let seconds = end / NANOS;
    let steps = STEPS.iter().copied().chain((1..).map(|n| n * 30 * 86_400));
    let mut wide_enough = steps.filter(|step| seconds / step <= most);
    let step = wide_enough.next().unwrap_or(1).saturating_mul(NANOS);
    let marks = (0..=end / step).map(|n| n * step);
    let marks = marks.map(|at| match at {
        0 => (0, "0".to_owned()),
        _ => (at, duration::write(Duration::from_nanos(at))),
    });
    marks.collect()
}

/// A logarithmic axis of milliseconds, from 1, 2 or 5 times a power of ten to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Log {
    from: u64,
    to: u64,
}

impl Log {
    /// An axis that holds all `values`; what is below 1 ms lies at its start.
    pub(super) fn of(values: impl Iterator<Item = u64> + Clone) -> Self {
        let least = values.clone().min().unwrap_or(1).max(1);
        let most = values.max().unwrap_or(1).max(2);
        let mut from = 1;
        while nice(from + 1) <= least {
            from = nice(from + 1);
        }
        let to = nice(most).max(nice(from.saturating_mul(5)));
        Self { from, to }
    }

    /// Where `ms` lies on an axis of this length.
    pub(super) fn at(self, ms: u64, length: u64) -> u64 {
        let log = |value: u64| libm::log10(value.max(1) as f64);
        let whole = log(self.to) - log(self.from);
        let part = log(ms.clamp(self.from, self.to)) - log(self.from);
        // Both are finite and `whole` is above zero: the axis is at least 1 to 5.
        (part / whole * length as f64).round() as u64
    }

    /// Its marks with their texts: 1, 2 and 5 times each power of ten, or the powers alone where
    /// these are too many.
    pub(super) fn marks(self, most: usize) -> Vec<(u64, String)> {
        let mut all = vec![self.from];
        while let Some(last) = all.last().copied().filter(|last| *last < self.to) {
            all.push(nice(last.saturating_add(1)));
        }
        if all.len() > most {
            all.retain(|mark| mark.ilog10() > 0 && 10_u64.pow(mark.ilog10()) == *mark);
        }
        let text = |ms: u64| duration::write(Duration::from_millis(ms));
        all.into_iter().map(|mark| (mark, text(mark))).collect()
    }
}

/// Seconds between two marks of the axis of time.
const STEPS: [u64; 20] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200,
    86_400, 172_800, 604_800,
];

const NANOS: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_nice() {
        let scales = [0, 1, 2, 3, 5, 6, 11, 4_001].map(nice);
        assert_eq!(scales, [1, 1, 2, 5, 5, 10, 20, 5_000]);
        assert_eq!(nice(u64::MAX), u64::MAX);
    }

    #[test]
    fn a_logarithmic_axis_gives_each_tenfold_the_same_length() {
        let axis = Log::of([10, 900].into_iter());
        assert_eq!(
            axis,
            Log {
                from: 10,
                to: 1_000
            }
        );
        let places = [1, 10, 100, 1_000, 5_000].map(|ms| axis.at(ms, 200));
        assert_eq!(places, [0, 0, 100, 200, 200]);
        let texts = Vec::from_iter(axis.marks(9).into_iter().map(|(_, text)| text));
        let expected = ["10ms", "20ms", "50ms", "100ms", "200ms", "500ms", "1s"];
        assert_eq!(texts, expected);
        assert_eq!(axis.marks(4).len(), 3);
    }

    #[test]
    fn an_axis_without_values_or_with_the_longest_has_an_end() {
        assert_eq!(Log::of(std::iter::empty()), Log { from: 1, to: 5 });
        let axis = Log::of([0, u64::MAX].into_iter());
        assert_eq!(axis.at(u64::MAX, 100), 100);
        assert!(!axis.marks(9).is_empty());
    }
}
