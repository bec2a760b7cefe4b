//! Money as bars: a row for each policy, by what it was paid for.

use super::scale::scaled;
use super::sheet::{SCALE, Sheet};
use crate::report::ledger::Fate;
use crate::report::measures::{COST, COST_PER_SUCCESS};
use crate::report::{Judged, Report};

/// A row: its name, its value as text, and the amounts that its bar is made of.
#[derive(Clone, Debug)]
pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) parts: Vec<u64>,
}

/// A bar for each policy: delivered, failed, abandoned, and the rest. Nothing if none paid.
pub(super) fn cost(sheet: &mut Sheet, report: &Report) {
    let is_wide = sheet.is_wide();
    let bars = report.policies.iter().map(|policy| {
        let view = report.view(policy);
        let per_success = COST_PER_SUCCESS
            .of(&view)
            .map(|value| value.times(1_000).fixed(2));
        let per_success = per_success.unwrap_or_else(|| "-".to_owned());
        let cost = COST.of(&view).map(|value| COST.unit.shown(value));
        let cost = cost.unwrap_or_else(|| "-".to_owned());
        let value = match is_wide {
            true => format!("{cost}, {per_success} USD per 1,000 answers"),
            false => cost,
        };
        let (name, parts) = (policy.name.clone(), parts(report, policy).to_vec());
        Bar { name, value, parts }
    });
    let heading = "Cost per run, by what became of the answer";
    stacked(sheet, heading, &WORDS, &Vec::from_iter(bars));
}

/// `bars` to one scale; `words` say what their parts are, at most four. Nothing if all are empty.
pub(super) fn stacked(sheet: &mut Sheet, heading: &str, words: &[&str], bars: &[Bar]) {
    let whole = |bar: &Bar| {
        bar.parts
            .iter()
            .fold(0, |sum: u64, part| sum.saturating_add(*part))
    };
    let most = bars.iter().map(whole).max().unwrap_or(0);
    if most == 0 {
        return;
    }
    sheet.heading(heading);
    sheet.legend(&Vec::from_iter(
        CLASSES.into_iter().zip(words.iter().copied()),
    ));
    for bar in bars {
        sheet.label(&bar.name, &bar.value);
        let (mut from, mut inner) = (0, String::new());
        let mut upto = 0_u64;
        for (amount, class) in bar.parts.iter().zip(CLASSES) {
            upto = upto.saturating_add(*amount);
            let to = scaled(upto, most, SCALE);
            inner += &format!("<path class=\"{class}\" d=\"M{from} 2H{to}V12H{from}Z\"/>");
            from = to;
        }
        let back = format!("<path class=\"back\" d=\"M0 2H{SCALE}V12H0Z\"/>{inner}");
        sheet.plot(14, &back, ["", ""]);
    }
}

/// The fill of each part.
const CLASSES: [&str; 4] = ["point", "kind2", "kind1", "kind3"];
const WORDS: [&str; 4] = ["delivered", "failed", "abandoned", "other"];

/// Nano-dollars of each run: delivered, failed, abandoned, other.
fn parts(report: &Report, policy: &Judged) -> [u64; 4] {
    let mut parts = [0_u64; 4];
    let tallies = policy.state.run.providers.iter().zip(&report.prices);
    for (fate, spent) in tallies.flat_map(|(tally, price)| tally.ledger.spent(price)) {
        let place = match fate {
            Fate::Delivered => 0,
            Fate::Failed => 1,
            Fate::Abandoned => 2,
            Fate::Hedged | Fate::Late | Fate::Checks => 3,
        };
        parts[place] = parts[place].saturating_add(spent.total().as_nanos());
    }
    parts.map(|part| part / policy.state.runs.max(1))
}
