//! How the counts of several runs are merged: each type states the rule of each field.
//!
//! `merges!` lists each type once and destructures it: a forgotten field does not compile. All
//! rules are exact and independent of the order.

use std::collections::BTreeMap;

/// Counts that add up over runs. A default value is neutral.
pub(super) trait Merge {
    /// Adds another run's.
    fn merge(&mut self, other: &Self);
}

/// Implements [`Merge`] field by field: `sum` merges the field itself, `max` keeps the larger
/// value, `same` keeps what all runs have in common.
macro_rules! merges {
    ($type:ident { $($field:ident: $rule:ident),* $(,)? }) => {
        impl $crate::report::merge::Merge for $type {
            fn merge(&mut self, other: &Self) {
                let Self { $($field),* } = self;
                $($crate::report::merge::$rule($field, &other.$field);)*
            }
        }
    };
}
pub(super) use merges;

/// The rule of what adds up.
pub(super) fn sum<T: Merge>(sum: &mut T, more: &T) {
    sum.merge(more);
}

/// The rule of what is a maximum.
pub(super) fn max(most: &mut u64, more: &u64) {
    *most = (*most).max(*more);
}

/// The rule of what is equal in all runs of a subject: a default takes the other's value.
pub(super) fn same<T: Clone + Default + PartialEq>(known: &mut T, other: &T) {
    if *known == T::default() {
        known.clone_from(other);
    }
}

/// Saturates, so that counts from a file cannot overflow.
impl Merge for u64 {
    fn merge(&mut self, other: &Self) {
        *self = self.saturating_add(*other);
    }
}

/// Saturates as `u64` does.
impl Merge for u128 {
    fn merge(&mut self, other: &Self) {
        *self = self.saturating_add(*other);
    }
}

/// Element by element; the shorter list is filled with defaults.
impl<T: Clone + Default + Merge> Merge for Vec<T> {
    fn merge(&mut self, other: &Self) {
        if self.len() < other.len() {
            self.resize(other.len(), T::default());
        }
        for (sum, more) in self.iter_mut().zip(other) {
            sum.merge(more);
        }
    }
}

impl<K: Copy + Ord> Merge for BTreeMap<K, u64> {
    fn merge(&mut self, other: &Self) {
        for (key, count) in other {
            self.entry(*key).or_default().merge(count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, Default, PartialEq)]
    struct Counts {
        name: String,
        count: u64,
        longest: u64,
        by_place: Vec<u64>,
    }

    merges!(Counts {
        name: same,
        count: sum,
        longest: max,
        by_place: sum,
    });

    fn counts(count: u64, longest: u64, by_place: &[u64]) -> Counts {
        Counts {
            name: "a".to_owned(),
            count,
            longest,
            by_place: by_place.to_vec(),
        }
    }

    #[test]
    fn fields_merge_by_their_rules_in_any_order() {
        let (one, other) = (counts(1, 9, &[1]), counts(2, 3, &[1, 4]));
        let both = counts(3, 9, &[2, 4]);
        for (first, second) in [(&one, &other), (&other, &one)] {
            let mut merged = Counts::default();
            merged.merge(first);
            merged.merge(second);
            assert_eq!(merged, both);
        }
    }

    #[test]
    fn sums_saturate() {
        let mut most = u64::MAX;
        most.merge(&1);
        assert_eq!(most, u64::MAX);
    }
}
