//! What faults do to a provider itself: its capacity, its limits, its prices.

use super::{Reader, WHOLE};
use crate::scenario::fault::FaultKind;
use crate::text::Diagnostic;
use crate::text::units::{factor, share};

impl Reader<'_> {
    pub(super) fn provider(&self) -> Result<FaultKind, Diagnostic> {
        Ok(match self.row.word {
            "capacity_loss" => FaultKind::CapacityLoss {
                remaining: self.remaining()?,
            },
            "limit_shrink" => FaultKind::LimitShrink {
                remaining: self.remaining()?,
            },
            "price" => FaultKind::Price {
                factor_milli: self.multiple()?,
            },
            "double_billed" => FaultKind::DoubleBilled,
            _ => FaultKind::CacheMiss,
        })
    }

    fn remaining(&self) -> Result<u64, Diagnostic> {
        let remaining = self.required("remaining", self.file.remaining)?;
        self.bounded("remaining", remaining, 0..=WHOLE - 1, share::write)
    }

    /// A factor of something that may also become less.
    pub(super) fn multiple(&self) -> Result<u64, Diagnostic> {
        let factor = self.required("factor", self.file.factor)?;
        if factor == 1_000 {
            let problem = self.problem("factor", "a factor of 1 changes nothing");
            return Err(problem.hint("write another factor, or leave the fault out"));
        }
        self.bounded("factor", factor, 0..=1_000_000, factor::write)
    }
}
