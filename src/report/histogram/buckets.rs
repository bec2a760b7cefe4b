//! Counts of whole milliseconds by bucket.
//!
//! Most scopes see few lengths: a thousand faults have a thousand scopes of their own. So a bucket
//! takes memory from its first length on, and a whole histogram is made once there are many.

use std::borrow::Cow;

use hdrhistogram::Histogram;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::report::merge::Merge;

/// Counts by bucket; written as `[[lower edge in ms, count], …]`, empty buckets left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Buckets(Counts);

/// Which of the two it is depends on the number of buckets alone, not on the order of additions.
#[derive(Clone, Debug, PartialEq)]
enum Counts {
    /// Lower edge and count of each bucket, in order; at most [`FEW`].
    Few(Vec<(u64, u64)>),
    Many(Histogram<u64>),
}

impl Buckets {
    /// The number of lengths.
    pub fn count(&self) -> u64 {
        match &self.0 {
            Counts::Few(few) => few
                .iter()
                .fold(0, |sum, (_, count)| sum.saturating_add(*count)),
            Counts::Many(many) => many.len(),
        }
    }

    /// Lower edge and count of each non-empty bucket, in order.
    pub(crate) fn sparse(&self) -> impl Iterator<Item = (u64, u64)> {
        let (few, many) = match &self.0 {
            Counts::Few(few) => (few.as_slice(), None),
            Counts::Many(many) => (&[][..], Some(many)),
        };
        let many = many.into_iter().flat_map(Histogram::iter_recorded);
        let many = many.map(|bucket| (edge(bucket.value_iterated_to()), bucket.count_at_value()));
        few.iter().copied().chain(many)
    }

    /// Value, share and number of the lengths up to it, in steps that halve the distance to all of
    /// them this many `ticks` at a time.
    pub(crate) fn steps(&self, ticks: u32) -> Vec<(u64, f64, u64)> {
        if self.count() == 0 {
            return Vec::new();
        }
        let mut seen = 0;
        let steps = self.histogram();
        let steps = steps.iter_quantiles(ticks).map(|step| {
            seen += step.count_since_last_iteration();
            (
                edge(step.value_iterated_to()),
                step.quantile_iterated_to(),
                seen,
            )
        });
        steps.collect()
    }

    /// A histogram of the lower edges, in milliseconds.
    pub(crate) fn histogram(&self) -> Cow<'_, Histogram<u64>> {
        match &self.0 {
            Counts::Few(few) => Cow::Owned(whole(few)),
            Counts::Many(many) => Cow::Borrowed(many),
        }
    }

    /// The standard deviation, in milliseconds.
    pub(crate) fn deviation(&self) -> f64 {
        self.histogram().stdev()
    }

    /// Adds `count` lengths of `ms` milliseconds. Only lower edges are recorded, so that what is
    /// read back equals what was written.
    pub(super) fn add(&mut self, ms: u64, count: u64) {
        let edge = edge(ms);
        let few = match &mut self.0 {
            _ if count == 0 => return,
            Counts::Many(many) => return record(many, edge, count),
            Counts::Few(few) => few,
        };
        match few.binary_search_by_key(&edge, |(edge, _)| *edge) {
            Ok(place) => few[place].1 = few[place].1.saturating_add(count),
            Err(place) if few.len() < FEW => few.insert(place, (edge, count)),
            Err(_) => {
                let mut many = whole(few);
                record(&mut many, edge, count);
                self.0 = Counts::Many(many);
            }
        }
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
        Self(Counts::Few(Vec::new()))
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
        for (ms, count) in Vec::<(u64, u64)>::deserialize(deserializer)? {
            if edge(ms) != ms {
                return Err(D::Error::custom(format_args!(
                    "{ms} is not the lower edge of a bucket"
                )));
            }
            buckets.add(ms, count);
        }
        Ok(buckets)
    }
}

/// The lower edge of the bucket of `ms`: its eleven highest bits, which are three significant
/// digits.
const fn edge(ms: u64) -> u64 {
    let low = (u64::BITS - ms.leading_zeros()).saturating_sub(11);
    ms >> low << low
}

fn whole(few: &[(u64, u64)]) -> Histogram<u64> {
    let mut many = Histogram::new(DIGITS).expect("the number of digits is allowed");
    for (edge, count) in few {
        record(&mut many, *edge, *count);
    }
    many
}

fn record(many: &mut Histogram<u64>, edge: u64, count: u64) {
    many.record_n(edge, count)
        .expect("a histogram that resizes itself takes any value");
}

/// Significant digits: enough to compare latencies.
const DIGITS: u8 = 3;

/// So many buckets take a sixteenth of the memory of a histogram at its smallest.
const FEW: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn listed(buckets: &Buckets) -> Vec<(u64, u64)> {
        buckets.sparse().collect()
    }

    proptest! {
        #[test]
        fn buckets_are_those_of_a_histogram_however_many_there_are(
            all in prop::collection::vec((0_u32..40, 0_u64..1_000, 1_u64..3), 0..200),
        ) {
            let (mut buckets, mut many) = (Buckets::default(), whole(&[]));
            for (doublings, ms, count) in all {
                let ms = ms << doublings;
                buckets.add(ms, count);
                prop_assert_eq!(edge(ms), many.lowest_equivalent(ms));
                record(&mut many, edge(ms), count);
            }
            // Two histograms are too long to show.
            prop_assert!(*buckets.histogram() == many);
            prop_assert_eq!(buckets.count(), many.len());
            prop_assert_eq!(listed(&buckets), listed(&Buckets(Counts::Many(many))));
        }

        #[test]
        fn the_order_of_additions_does_not_matter(
            mut all in prop::collection::vec((0_u64..200, 0_u64..3), 0..200),
        ) {
            let of = |all: &[(u64, u64)]| {
                let mut buckets = Buckets::default();
                all.iter().for_each(|(ms, count)| buckets.add(*ms, *count));
                buckets
            };
            let one = of(&all);
            all.sort_unstable();
            prop_assert_eq!(listed(&one), listed(&of(&all)));
            prop_assert!(one == of(&all));
        }
    }
}
