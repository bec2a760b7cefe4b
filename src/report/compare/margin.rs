//! How much worse a measure may become: absolutely, or as a share of what it was.

use std::collections::BTreeMap;

use super::{Comparison, Finding, Row};
use crate::expect::Bound;
use crate::report::{Ratio, Unit};

/// How much worse a measure may be than a baseline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Margin(Kind);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// In the measure's unit.
    Absolute(f64),
    /// Of the baseline's value.
    Relative(f64),
}

impl Margin {
    /// Not at all.
    pub const NONE: Self = Self(Kind::Absolute(0.0));

    /// A margin in a measure's unit, or a share of the baseline's value; a share of a share is
    /// points. None when `bound` is in another unit.
    pub(crate) fn new(bound: Bound, unit: Unit) -> Option<Self> {
        let kind = match (unit.worth(bound), bound) {
            (Some(margin), _) => Kind::Absolute(margin.to_float()),
            (None, Bound::Share(parts)) => Kind::Relative(Ratio::billionths(parts).to_float()),
            (None, _) => return None,
        };
        Some(Self(kind))
    }

    fn of(self, baseline: f64) -> f64 {
        match self.0 {
            Kind::Absolute(margin) => margin,
            Kind::Relative(share) => share * baseline,
        }
    }
}

impl Comparison {
    /// A sentence for each measure of `margins` that is worse by more than its margin, and can be
    /// told apart. The margin of a measure without its argument is for each.
    pub fn regressions(&self, margins: &BTreeMap<String, Margin>) -> Vec<String> {
        let worse = self.rows.iter().filter_map(|row| {
            let margin = margins.get(&row.name);
            row.regression(*margin.or_else(|| margins.get(row.measure.name))?)
        });
        worse.collect()
    }

    /// Whether both sides have a value of this measure, with its argument or without.
    pub fn has(&self, name: &str) -> bool {
        let is_named = |row: &Row| row.name == name || row.measure.name == name;
        let has_both = |row: &Row| row.first.is_some() && row.second.is_some();
        self.rows.iter().any(|row| is_named(row) && has_both(row))
    }
}

impl Row {
    fn regression(&self, margin: Margin) -> Option<String> {
        let (first, second) = self.first.zip(self.second)?;
        let (difference, allowed) = (second - first, margin.of(first));
        if self.finding() != Finding::Worse || difference.abs() <= allowed {
            return None;
        }
        let unit = self.unit();
        let (was, is) = (unit.mean(first), unit.mean(second));
        let beyond = match allowed > 0.0 {
            true => {
                let allowed = unit.signed(allowed);
                format!(", beyond its margin of {}", allowed.trim_start_matches('+'))
            }
            false => String::new(),
        };
        let (name, difference) = (&self.name, unit.signed(difference));
        Some(format!("{name} was {was}, is {is} ({difference}{beyond})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_margin_is_in_the_unit_of_its_measure_or_a_share_of_its_value() {
        let absolute = |margin| Some(Margin(Kind::Absolute(margin)));
        for (bound, unit, expected) in [
            (Bound::Share(5_000_000), Unit::Ratio, absolute(0.005)),
            (Bound::Time(200_000_000), Unit::Ms, absolute(200.0)),
            (Bound::Money(1_000_000), Unit::Usd, absolute(0.001)),
            (Bound::Money(1_000_000), Unit::UsdPerRun, absolute(0.001)),
            (Bound::Number(3_000_000_000), Unit::Count, absolute(3.0)),
            (Bound::Number(500_000_000), Unit::Ratio, None),
            (Bound::Number(3_000_000_000), Unit::Ms, None),
        ] {
            assert_eq!(Margin::new(bound, unit), expected, "{bound:?}");
        }
        let tenth = Margin(Kind::Relative(0.1));
        assert_eq!(
            Margin::new(Bound::Share(100_000_000), Unit::Ms),
            Some(tenth)
        );
        assert_eq!(tenth.of(2_000.0), 200.0);
    }
}
