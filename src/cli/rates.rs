//! The output of `check --rates`: each fault's effective rate over time, and the arithmetic of
//! their combination. `seeded` computes the numbers.

use std::time::Duration;

use crate::policy::ProviderId;
use crate::scenario::fault::{Fault, FaultKind};
use crate::seeded::Strength;
use crate::seeded::rates::{
    Effect, FaultRates, Interval, ProviderRates, Rates, Stretches, fault_free_share,
};
use crate::text::columns;
use crate::units::{Factor, Share, duration};

/// The whole output, as lines.
pub(super) fn shown(rates: &Rates) -> String {
    if rates.faults.is_empty() {
        return "  no faults: every attempt meets none\n".to_owned();
    }
    let mut text = String::new();
    for fault in &rates.faults {
        text += &fault_lines(fault, rates.run);
    }
    text += "  attempts that meet no fault\n";
    if rates.faults.iter().any(|one| !one.fault.when.is_always()) {
        text += "    of those that every `when` looks at\n";
    }
    if rates.faults.iter().any(|one| one.fault.times.is_some()) {
        text += "    while every fault has `times` left\n";
    }
    for provider in &rates.providers {
        text += &provider_lines(provider);
    }
    text
}

fn fault_lines(rates: &FaultRates, run: Duration) -> String {
    let fault = &rates.fault;
    let target = match rates.targets.is_empty() {
        true => "the client".to_owned(),
        false => rates.targets.join(", "),
    };
    let mut text = format!("  {}: {} at {target}\n", fault.name, rates.word);
    text += &format!("    {}\n", expectation(rates));
    if !fault.when.is_always() {
        text += &format!("    only {}\n", condition(fault));
    }
    if let Some(draws) = draws(rates) {
        text += &format!("    {draws}\n");
    }
    if let Some(times) = fault.times {
        text += &format!("    until it has struck {times} exchanges at each target\n");
    }
    text += &table(&rates.stretches, changed);
    let curve = curve(&rates.curve);
    text + &format!("    0s |{curve}| {}\n\n", moment(run))
}

/// Which targets share a draw, where there are several and something is drawn.
fn draws(rates: &FaultRates) -> Option<String> {
    let fault = &rates.fault;
    let is_drawn = fault.rate < Share::WHOLE || matches!(fault.inject, FaultKind::HeavyTail { .. });
    if !is_drawn || !fault.meets_attempts() || rates.targets.len() < 2 {
        return None;
    }
    let name = |id: &ProviderId| {
        let place = fault.targets.iter().position(|target| target == id)?;
        rates.targets.get(place).map(String::as_str)
    };
    Some(match fault.shared_fate.as_slice() {
        [] => "each target draws for itself".to_owned(),
        _ if fault.is_shared_by_all() => "one draw for all targets".to_owned(),
        sets => {
            let names = |set: &Vec<ProviderId>| Vec::from_iter(set.iter().filter_map(name));
            let sets = sets.iter().map(|set| names(set).join(" and "));
            let sets = Vec::from_iter(sets).join(", one for ");
            format!("one draw for {sets}; other targets draw for themselves")
        }
    })
}

/// From the file's numbers to the expected rate: `60% x 30% (chance) = 18%`.
fn expectation(rates: &FaultRates) -> String {
    let fault = &rates.fault;
    let mut terms = Vec::new();
    match fault.burst {
        None => terms.push(percent(fault.rate)),
        Some(burst) => {
            let (on, whole) = (burst.on_share(), burst.on.saturating_add(burst.off));
            let (length, whole) = (duration::write(burst.on), duration::write(whole));
            terms.push(match burst.rate_off {
                Share::ZERO => format!(
                    "{} x {} (on for {length} of {whole})",
                    percent(fault.rate),
                    percent(on)
                ),
                off => format!(
                    "({} x {} (on for {length} of {whole}) + {} x {})",
                    percent(fault.rate),
                    percent(on),
                    percent(off),
                    percent(on.rest())
                ),
            });
        }
    }
    if fault.chance < Share::WHOLE {
        terms.push(format!("{} (chance)", percent(fault.chance)));
    }
    let product = terms.join(" x ");
    let full = percent(rates.full);
    match product == full {
        true => full,
        false => format!("{product} = {full}"),
    }
}

fn condition(fault: &Fault) -> String {
    let when = &fault.when;
    let streamed = when.streamed.map(|own| match own {
        true => "streamed".to_owned(),
        false => "not streamed".to_owned(),
    });
    let said = [
        when.model.as_ref().map(|own| format!("model {own}")),
        when.key.as_ref().map(|own| format!("key {own}")),
        when.prompt.as_ref().map(|own| format!("prompt {own}")),
        streamed,
        when.client.as_ref().map(|own| format!("client {own}")),
    ];
    Vec::from_iter(said.into_iter().flatten()).join(", ")
}

fn changed(stretch: &Interval<Effect>) -> String {
    let (first, last) = (stretch.first, stretch.last);
    let rate = percent(first.rate.max(last.rate));
    match (first.strength, last.strength) {
        (Strength::Factor(first), Strength::Factor(last)) => {
            format!("{rate}, times {}", way(first, last, times))
        }
        (Strength::Left(first), Strength::Left(last)) => {
            format!("{rate}, left {}", way(first, last, percent))
        }
        _ => way(first.rate, last.rate, percent),
    }
}

/// One value, or from where to where it goes.
fn way<T>(first: T, last: T, write: fn(T) -> String) -> String {
    let (first, last) = (write(first), write(last));
    match first == last {
        true => first,
        false => format!("{first} to {last}"),
    }
}

fn provider_lines(rates: &ProviderRates) -> String {
    let mut text = format!("    {}\n", rates.name);
    text += &table(&rates.stretches, product);
    match rates.mean {
        Some(mean) => text + &format!("    on average {}\n\n", percent(mean)),
        None => text + "    on average: too many changes to say\n\n",
    }
}

/// `(1 - 30%) x (1 - 2%) = 68.6%`, at both ends where they differ.
fn product(stretch: &Interval<Vec<Share>>) -> String {
    let one = |rates: &[Share]| match rates {
        [] => "100%".to_owned(),
        rates => {
            let terms = rates.iter().map(|rate| format!("(1 - {})", percent(*rate)));
            let terms = Vec::from_iter(terms).join(" x ");
            format!("{terms} = {}", percent(fault_free_share(rates)))
        }
    };
    let (first, last) = (one(&stretch.first), one(&stretch.last));
    match first == last {
        true => first,
        false => format!("{first} to {last}"),
    }
}

/// Stretches of time and what is said of each, in columns.
fn table<T>(stretches: &Stretches<T>, say: fn(&Interval<T>) -> String) -> String {
    let row = |stretch: &Interval<T>| [moment(stretch.from), moment(stretch.to), say(stretch)];
    let mut rows = Vec::from_iter(stretches.first.iter().map(row));
    if stretches.has_more {
        rows.push(["…".to_owned(), String::new(), String::new()]);
    }
    let width = |column: usize| columns::width(rows.iter().map(|row| row[column].as_str()));
    let (from, to) = (width(0), width(1));
    let line = |[a, b, said]: &[String; 3]| {
        let (a, b) = (columns::left(a, from), columns::left(b, to));
        let line = format!("      {a}  {b}  {said}");
        format!("{}\n", line.trim_end())
    };
    rows.iter().map(line).collect()
}

/// A time of the run, as `1h2m3s`; the shortest form below a second.
fn moment(at: Duration) -> String {
    let micros = u64::try_from(at.as_nanos().div_ceil(1_000)).unwrap_or(u64::MAX);
    let seconds = micros / 1_000_000;
    if micros % 1_000_000 > 0 || seconds == 0 {
        return duration::write(Duration::from_micros(micros));
    }
    let parts = [
        (seconds / 3_600, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
    ];
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    parts
        .map(|(count, unit)| format!("{count}{unit}"))
        .collect()
}

/// A factor, to the second decimal: just before its ramp's end it is nearly there.
fn times(factor: Factor) -> String {
    Factor::milli((factor.as_milli() + 5) / 10 * 10).to_string()
}

/// A mark for each column: nothing, and seven steps from little to full.
fn curve(heights: &[Share]) -> String {
    let mark = |height: &Share| {
        let steps = height.as_parts() * MARKS.len() as u64;
        match steps.div_ceil(Share::WHOLE.as_parts()) {
            0 => '_',
            step => MARKS[step as usize - 1],
        }
    };
    heights.iter().map(mark).collect()
}

/// A share, to the fourth decimal of a percent; exactly, where that would make it none or all.
fn percent(exact: Share) -> String {
    let rounded = Share::from_parts((exact.as_parts() + ROUND / 2) / ROUND * ROUND);
    let is_lost = rounded == Share::ZERO || rounded == Share::WHOLE;
    if is_lost { exact } else { rounded }.to_string()
}

const MARKS: [char; 7] = ['.', ':', '-', '=', '+', '*', '#'];

/// A ten-thousandth of a percent, in parts per 10^9.
const ROUND: u64 = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_but_never_to_none_or_all() {
        for (exact, written) in [
            (333_333_333, "33.3333%"),
            (686_000_000, "68.6%"),
            (1, "0.0000001%"),
            (0, "0%"),
            (1_000_000_000, "100%"),
            (999_999_999, "99.9999999%"),
        ] {
            assert_eq!(percent(Share::from_parts(exact)), written);
        }
    }

    #[test]
    fn a_little_is_still_seen() {
        let heights = [0, 1, 500_000_000, 999_999_999, 1_000_000_000];
        assert_eq!(curve(&heights.map(Share::from_parts)), "_.=##");
    }
}
