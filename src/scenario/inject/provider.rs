//! What faults do to a provider itself: its capacity, its limits, its prices.

use super::{Reader, WHOLE};
use crate::scenario::fault::Inject;
use crate::text::Problem;
use crate::text::units::{factor, share};

impl Reader<'_> {
    pub(super) fn provider(&self) -> Result<Inject, Problem> {
        Ok(match self.row.word {
            "capacity_loss" => Inject::CapacityLoss { left: self.left()? },
            "limit_shrink" => Inject::LimitShrink { left: self.left()? },
            "price" => Inject::Price {
                factor_milli: self.multiple()?,
            },
            "double_billed" => Inject::DoubleBilled,
            _ => Inject::LostCache,
        })
    }

    fn left(&self) -> Result<u64, Problem> {
        let left = self.required("left", self.file.left)?;
        self.bounded("left", left, 0..=WHOLE - 1, share::write)
    }

    /// A factor of something that may also become less.
    pub(super) fn multiple(&self) -> Result<u64, Problem> {
        let factor = self.required("factor", self.file.factor)?;
        if factor == 1_000 {
            let problem = self.problem("factor", "a factor of 1 changes nothing");
            return Err(problem.hint("write another factor, or leave the fault out"));
        }
        self.bounded("factor", factor, 0..=1_000_000, factor::write)
    }
}
