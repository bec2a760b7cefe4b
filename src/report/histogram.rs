//! Lengths of time as a sparse histogram in whole milliseconds, with an exact sum and maximum.
//!
//! Three significant digits: below 2,048 ms a bucket is one millisecond, above it less than a
//! thousandth of its value. [`super::collector`] says which lengths are added.

use hdrhistogram::Histogram;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::merge::{Merge, merges};
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

/// Counts by bucket; written as `[[lower edge in ms, count], …]`, empty buckets left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Buckets(Histogram<u64>);

impl Buckets {
    /// The number of lengths.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// Lower edge and count of each non-empty bucket, in order.
    pub(crate) fn sparse(&self) -> impl Iterator<Item = (u64, u64)> {
        self.0.iter_recorded().map(|bucket| {
            let edge = self.0.lowest_equivalent(bucket.value_iterated_to());
            (edge, bucket.count_at_value())
        })
    }

    /// Value, share and number of the lengths up to it, in steps that halve the distance to all of
    /// them this many `ticks` at a time.
    pub(crate) fn steps(&self, ticks: u32) -> impl Iterator<Item = (u64, f64, u64)> {
        let mut seen = 0;
        let steps = self.0.iter_quantiles(ticks);
        steps.filter(|_| !self.0.is_empty()).map(move |step| {
            seen += step.count_since_last_iteration();
            let edge = self.0.lowest_equivalent(step.value_iterated_to());
            (edge, step.quantile_iterated_to(), seen)
        })
    }

    /// The histogram itself, of milliseconds.
    pub(crate) const fn histogram(&self) -> &Histogram<u64> {
        &self.0
    }

    /// The standard deviation, in milliseconds.
    pub(crate) fn deviation(&self) -> f64 {
        self.0.stdev()
    }

    /// Only lower edges are recorded, so that what is read back equals what was written.
    fn add(&mut self, ms: u64, count: u64) {
        let edge = self.0.lowest_equivalent(ms);
        self.0
            .record_n(edge, count)
            .expect("a histogram that resizes itself takes any value");
    }
}

impl Merge for Buckets {
    fn merge(&mut self, other: &Self) {
        for (edge, count) in other.sparse() {
            self.add(edge, count);
        }
    }
}

impl Default for Buckets {
    fn default() -> Self {
        Self(Histogram::new(DIGITS).expect("the number of digits is allowed"))
    }
}

impl Serialize for Buckets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.sparse())
    }
}

impl<'de> Deserialize<'de> for Buckets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut buckets = Self::default();
        for (edge, count) in Vec::<(u64, u64)>::deserialize(deserializer)? {
            if buckets.0.lowest_equivalent(edge) != edge {
                return Err(D::Error::custom(format_args!(
                    "{edge} is not the lower edge of a bucket"
                )));
            }
            buckets.add(edge, count);
        }
        Ok(buckets)
    }
}

/// Significant digits: enough to compare latencies.
const DIGITS: u8 = 3;

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
