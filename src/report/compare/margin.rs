//! How much worse a measure may become: absolutely, or as a share of what it was.

use std::collections::BTreeMap;

use super::{Comparison, Finding, Row};
use crate::report::Unit;
use crate::units::{Money, Share, duration};

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

    /// Reads `0.5%` (points of a rate, a share of anything else), `200ms`, `0.001 USD` or `3`.
    pub fn parse(text: &str, unit: Unit) -> Option<Self> {
        if text.ends_with('%') {
            let share = Share::parse(text).ok()?.as_parts() as f64 / 1e9;
            return Some(Self(match unit {
                Unit::Ratio => Kind::Absolute(share),
                _ => Kind::Relative(share),
            }));
        }
        let absolute = match unit {
            Unit::Ms => duration::parse(text).ok()?.as_nanos() as f64 / 1e6,
            Unit::Usd => Money::parse(text).ok()?.as_nanos() as f64 / 1e9,
            Unit::Ratio => return None,
            _ => text
                .parse()
                .ok()
                .filter(|number: &f64| *number >= 0.0 && number.is_finite())?,
        };
        Some(Self(Kind::Absolute(absolute)))
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
    /// told apart.
    pub fn regressions(&self, margins: &BTreeMap<String, Margin>) -> Vec<String> {
        let worse = self.rows.iter().filter_map(|row| {
            let margin = margins.get(&row.name)?;
            row.regression(*margin)
        });
        worse.collect()
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
    fn a_margin_is_read_in_the_unit_of_its_measure() {
        let absolute = |margin| Some(Margin(Kind::Absolute(margin)));
        assert_eq!(Margin::parse("0.5%", Unit::Ratio), absolute(0.005));
        assert_eq!(Margin::parse("200ms", Unit::Ms), absolute(200.0));
        assert_eq!(Margin::parse("0.001 USD", Unit::Usd), absolute(0.001));
        assert_eq!(Margin::parse("3", Unit::Count), absolute(3.0));
        let tenth = Margin(Kind::Relative(0.1));
        assert_eq!(Margin::parse("10%", Unit::Ms), Some(tenth));
        assert_eq!(tenth.of(2_000.0), 200.0);
        for (text, unit) in [("0.5", Unit::Ratio), ("3", Unit::Ms), ("-1", Unit::Count)] {
            assert_eq!(Margin::parse(text, unit), None, "{text}");
        }
    }
}
