//! Lengths of time as a sparse histogram in whole milliseconds, with an exact sum and maximum.
//!
//! Three significant digits: below 2,048 ms a bucket is one millisecond, above it less than a
//! thousandth of its value. [`super::collector`] says which lengths are added.

mod buckets;

pub use buckets::Buckets;
use serde::{Deserialize, Serialize};

use super::merge::merges;
use super::ratio::Ratio;

/// Lengths of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Times {
    /// The sum of all, in nanoseconds.
    pub sum_ns: u128,
    /// The longest, in whole milliseconds.
    pub max_ms: u64,
    /// The counts by bucket.
    pub buckets: Buckets,
}

impl Times {
    /// Adds a length of `nanos` nanoseconds.
    pub(crate) fn add(&mut self, nanos: u64) {
        let ms = nanos / 1_000_000;
        self.sum_ns = self.sum_ns.saturating_add(u128::from(nanos));
        self.max_ms = self.max_ms.max(ms);
        self.buckets.add(ms, 1);
    }

    /// The mean, in milliseconds.
    pub fn mean(&self) -> Option<Ratio> {
        let all = u128::from(self.buckets.count()) * 1_000_000;
        Ratio::fraction(self.sum_ns, all)
    }

    /// The nearest-rank quantile at `percent`: the lower edge of its bucket, in milliseconds.
    pub fn quantile(&self, percent: u64) -> Option<Ratio> {
        let count = u128::from(self.buckets.count());
        let rank = (count * u128::from(percent)).div_ceil(100).max(1);
        let mut seen = 0;
        for (edge, count) in self.buckets.sparse() {
            seen += u128::from(count);
            if seen >= rank {
                return Some(Ratio::whole(edge));
            }
        }
        None
    }

    /// The longest, in milliseconds.
    pub fn max(&self) -> Option<Ratio> {
        (self.buckets.count() > 0).then(|| Ratio::whole(self.max_ms))
    }
}

merges!(Times {
    sum_ns: sum,
    max_ms: max,
    buckets: sum,
});

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn times(all_ms: &[u64]) -> Times {
        let mut times = Times::default();
        for ms in all_ms {
            times.add(ms * 1_000_000);
        }
        times
    }

    #[test]
    fn without_samples_everything_is_undefined() {
        let none = Times::default();
        assert_eq!(
            (none.mean(), none.quantile(50), none.max()),
            (None, None, None)
        );
    }

    #[test]
    fn mean_and_maximum_are_exact_whatever_the_buckets() {
        let mut times = times(&[1_000_001, 2]);
        times.add(999_999);
        assert_eq!(times.max(), Some(Ratio::whole(1_000_001)));
        assert_eq!(times.mean(), Ratio::share(1_000_003_999_999, 3_000_000));
        assert_eq!(times.quantile(1), Some(Ratio::whole(0)));
    }

    #[test]
    fn any_length_at_all_is_taken() {
        let mut times = Times::default();
        times.add(u64::MAX);
        assert_eq!(times.buckets.count(), 1);
    }

    #[test]
    fn buckets_are_written_sparse_and_read_back() {
        let times = times(&[3, 3, 4_001]);
        let text = serde_json::to_string(&times).unwrap();
        assert_eq!(
            text,
            r#"{"sum_ns":4007000000,"max_ms":4001,"buckets":[[3,2],[4000,1]]}"#
        );
        assert_eq!(serde_json::from_str::<Times>(&text).unwrap(), times);
        let crooked = r#"{"sum_ns":1,"max_ms":1,"buckets":[[4001,1]]}"#;
        assert!(serde_json::from_str::<Times>(crooked).is_err());
    }

    proptest! {
        #[test]
        fn quantiles_are_those_of_a_sorted_vector(
            mut all in prop::collection::vec(0_u64..100_000, 1..200),
            percent in 1_u64..=100,
        ) {
            let gathered = times(&all);
            all.sort_unstable();
            let rank = (all.len() as u64 * percent).div_ceil(100) as usize;
            // Three significant digits keep the eleven highest bits.
            let exact = all[rank - 1];
            let shift = (64 - exact.leading_zeros()).saturating_sub(11);
            let edge = exact >> shift << shift;
            prop_assert_eq!(gathered.quantile(percent), Some(Ratio::whole(edge)));
        }
    }
}
