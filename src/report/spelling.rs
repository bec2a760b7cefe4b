//! What people write for a measure or a bound, and how it is written.
//!
//! The heads of tables are short, and other tools have other words. An expectation is refused with
//! the measure's own name, never understood in silence: `p95` could be of latency or of TTFT.

use super::measures::{self, MEASURES, Measure};
use super::ratio::Ratio;
use super::unit::Unit;
use crate::expect::Bound;
use crate::units::{Money, Rate, Share, count, duration, tokens};

/// Other words for measures: heads of tables, and the words of other tools.
const ALIASES: &[(&str, &str)] = &[
    // Heads of tables.
    ("success", "success_rate"),
    ("p50", "latency.p50"),
    ("p90", "latency.p90"),
    ("p95", "latency.p95"),
    ("p99", "latency.p99"),
    ("att/call", "attempts_per_call"),
    ("fallback", "fallback_rate"),
    ("$/1k ok", PER_THOUSAND),
    ("p95 ok", "latency.p95"),
    ("waste", "wasted_share"),
    ("wasted", "wasted_share"),
    ("failover", "failover_time"),
    ("recovery", "recovery_time"),
    ("outages longest", "outage_longest"),
    ("outages mean", "outage_mean"),
    ("half-opened", "breaker.half_opened"),
    // Words of other tools.
    ("availability", "success_rate"),
    ("amplification", "attempts_per_call"),
    ("mttr", "outage_mean"),
    ("requests", "calls"),
    ("spend", "cost"),
    ("tpm", "tokens_per_minute"),
];

/// The measure that tables show for a thousand successes.
const PER_THOUSAND: &str = "cost_per_success";

/// The measure that `written` means, though it is not its name.
pub(crate) fn meant(written: &str, bound: Bound) -> Option<&'static Measure> {
    let words = plain(written);
    let mut named = MEASURES.iter();
    if let Some(found) = named.find(|measure| plain(measure.name) == words) {
        return Some(found);
    }
    let (_, name) = ALIASES.iter().find(|(alias, _)| plain(alias) == words)?;
    match (*name, bound) {
        ("wasted_share", Bound::Money(_)) => measures::find("wasted_cost"),
        _ => measures::find(name),
    }
}

/// The measures that `written` begins: those of `latency`.
pub(crate) fn beginning(written: &str) -> Vec<&'static str> {
    let begins = |name: &&str| {
        let rest = name.strip_prefix(written);
        rest.is_some_and(|rest| rest.starts_with('.'))
    };
    let names = MEASURES.iter().map(|measure| measure.name);
    names.filter(begins).collect()
}

/// Whether tables show `written` for a thousand of what its measure is for one.
pub(crate) fn is_per_thousand(written: &str) -> bool {
    let found = ALIASES
        .iter()
        .find(|(alias, _)| plain(alias) == plain(written));
    found.is_some_and(|(_, name)| *name == PER_THOUSAND)
}

/// In small letters, with a blank where names have a point, a dash or another.
fn plain(name: &str) -> String {
    let separated = name.replace(['.', '_', '-'], " ").to_lowercase();
    let words: Vec<&str> = separated.split_whitespace().collect();
    words.join(" ")
}

/// How to write `bound`, which was `written` as another quantity, in `unit`: "write `80%`". None
/// when it cannot be meant.
pub(crate) fn hint(unit: Unit, bound: Bound, written: &str) -> Option<String> {
    let error = match (unit, bound) {
        (Unit::Ratio, Bound::Number(_)) => Share::parse(written).err(),
        (Unit::Ms, Bound::Number(_)) => duration::parse(written).err(),
        (Unit::Usd | Unit::UsdPerRun, Bound::Number(_)) => Money::parse(written).err(),
        (Unit::PerSecond, Bound::Number(_)) => Rate::parse(written).err(),
        (Unit::Tokens | Unit::TokensPerRun, Bound::Number(_)) => tokens::parse(written).err(),
        (Unit::Count | Unit::CountPerRun | Unit::Number, Bound::Tokens(tokens)) => {
            return Some(format!("write `{}`", count::write(tokens)));
        }
        (Unit::Number, Bound::Share(parts)) => {
            return Some(format!("write `{}`", Ratio::billionths(parts).decimal(3)));
        }
        _ => None,
    };
    let hint = error?.hint().map(str::to_owned);
    hint.filter(|hint| !hint.starts_with("write as in"))
}

/// The first way of [`hint`], without the words around it.
pub(crate) fn in_unit(unit: Unit, bound: Bound, written: &str) -> Option<String> {
    let hint = hint(unit, bound, written)?;
    let (form, _) = hint.strip_prefix("write `")?.split_once('`')?;
    Some(form.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alias_means_a_measure_and_is_none() {
        for (alias, name) in ALIASES {
            assert!(measures::find(name).is_some(), "{alias}: {name}");
            assert!(measures::find(alias).is_none(), "{alias} is a measure");
            let found = meant(alias, Bound::Share(1)).map(|measure| measure.name);
            assert_eq!(found, Some(*name), "{alias}");
        }
    }

    #[test]
    fn a_name_is_found_whatever_separates_its_words() {
        let meant = |written| meant(written, Bound::Number(1)).map(|measure| measure.name);
        for written in ["latency p95", "Latency  P95", "latency_p95", "latency-p95"] {
            assert_eq!(meant(written), Some("latency.p95"), "{written}");
        }
        assert_eq!(meant("ttft p95"), Some("ttft.p95"));
        assert_eq!(meant("success rate"), Some("success_rate"));
        assert_eq!(meant("latency"), None);
        assert_eq!(beginning("ttft").len(), 6);
    }

    #[test]
    fn what_is_wasted_depends_on_its_unit() {
        let meant = |bound| meant("wasted", bound).map(|measure| measure.name);
        assert_eq!(meant(Bound::Share(1)), Some("wasted_share"));
        assert_eq!(meant(Bound::Money(1)), Some("wasted_cost"));
    }

    #[test]
    fn a_bound_in_another_form_keeps_what_it_means() {
        let number = |thousandths: u64| Bound::Number(thousandths * 1_000_000);
        for (unit, bound, written, expected) in [
            (Unit::Ratio, number(800), "0.8", "`80%`"),
            (Unit::Ratio, number(99_500), "99.5", "`99.5%`"),
            (Unit::Ratio, number(1_000), "1", "`100%` or `1%`"),
            (Unit::Ms, number(3_000), "3", "`3s` or `3ms`"),
            (Unit::Usd, number(400_000), "400", "`400 USD`"),
            (Unit::PerSecond, number(5_000), "5", "`5/s` or `5/min`"),
            (Unit::Tokens, number(50_000_000), "50k", "`50k tok`"),
            (Unit::Count, Bound::Tokens(50_000), "50k tok", "`50k`"),
            (Unit::Number, Bound::Share(130_000_000), "13%", "`0.13`"),
        ] {
            let expected = format!("write {expected}");
            assert_eq!(hint(unit, bound, written), Some(expected), "{written}");
        }
        assert_eq!(hint(Unit::Ratio, number(101_000), "101"), None);
        assert_eq!(hint(Unit::Count, Bound::Share(1), "1%"), None);
        let first = in_unit(Unit::Ms, number(3_000), "3");
        assert_eq!(first.as_deref(), Some("3s"));
    }
}
