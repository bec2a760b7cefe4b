//! Money: what each provider billed, by kind of token and by fate; prices; what a month costs.

use super::{Rows, Section};
use crate::report::ledger::{Fate, Spent};
use crate::report::ratio::Ratio;
use crate::report::{Judged, MeasuredProvider, Report};
use crate::units::Money;

/// The section; none when no provider billed anything.
pub(super) fn section(report: &Report) -> Option<Section> {
    let lines: Vec<Line> = report
        .policies
        .iter()
        .flat_map(|policy| lines(report, policy))
        .collect();
    // A column is shown if any line has an amount in it.
    let shown: Vec<usize> = (0..COLUMNS.len())
        .filter(|place| lines.iter().any(|line| line.amounts[*place] > Money::ZERO))
        .collect();
    let names = shown.iter().map(|place| COLUMNS[*place]);
    let mut rows = Rows::new(
        &["policy", "provider"]
            .into_iter()
            .chain(names)
            .collect::<Vec<_>>(),
    );
    for line in &lines {
        let cells = shown.iter().map(|place| line.shown(*place));
        let head = [line.policy.to_owned(), line.provider.to_owned()];
        rows.push(head.into_iter().chain(cells));
    }
    rows.section(
        "Where the money went",
        "USD for each run, as the mean over seeds. What was billed is the sum of its prompt, \
         cached and output tokens, and also the sum of its fates, exactly; only what is shown is \
         rounded.",
    )
}

/// One line of the table: a provider under a policy, or all of them.
struct Line<'a> {
    policy: &'a str,
    provider: &'a str,
    runs: u64,
    amounts: [Money; COLUMNS.len()],
}

impl Line<'_> {
    fn shown(&self, place: usize) -> String {
        let nanos = self.amounts[place].as_nanos();
        Ratio::billionths(nanos)
            .divided_by(self.runs.max(1))
            .fixed(4)
    }
}

/// The providers that billed, then their sum if there are several.
fn lines<'a>(report: &'a Report, policy: &'a Judged) -> Vec<Line<'a>> {
    let state = &policy.state;
    let line = |provider, amounts| Line {
        policy: &policy.name,
        provider,
        runs: state.runs,
        amounts,
    };
    let tallies = state.run.providers.iter().zip(&report.prices);
    let named = state.providers.iter().zip(tallies);
    let amounts = named
        .map(|(name, (tally, price))| line(name.as_str(), amounts(&tally.ledger.spent(price))));
    let mut lines: Vec<Line> = amounts
        .filter(|line| line.amounts[0] > Money::ZERO)
        .collect();
    if lines.len() > 1 {
        let mut all = [Money::ZERO; COLUMNS.len()];
        for line in &lines {
            for (sum, amount) in all.iter_mut().zip(line.amounts) {
                *sum += amount;
            }
        }
        lines.push(line("all", all));
    }
    lines
}

/// The amounts of all columns.
fn amounts(rows: &[(Fate, Spent)]) -> [Money; COLUMNS.len()] {
    let all = rows
        .iter()
        .fold(Spent::default(), |sum, (_, spent)| sum.plus(*spent));
    let kinds = [all.total(), all.prompt, all.cached, all.output];
    let fates = rows.iter().map(|(_, spent)| spent.total());
    let mut amounts = [Money::ZERO; COLUMNS.len()];
    for (place, amount) in kinds.into_iter().chain(fates).enumerate() {
        amounts[place] = amount;
    }
    amounts
}

/// What was billed, its kinds of tokens, and [`Fate::ALL`] in order.
const COLUMNS: [&str; 4 + Fate::ALL.len()] = {
    let mut columns = [
        "billed", "prompt", "cached", "output", "", "", "", "", "", "",
    ];
    let mut place = 0;
    while place < Fate::ALL.len() {
        columns[4 + place] = Fate::ALL[place].name();
        place += 1;
    }
    columns
};

/// What a month costs, one level of headings down.
pub(super) fn month(report: &Report) -> Option<String> {
    let text = &report.month.as_ref()?.markdown;
    let lines = text
        .trim_end()
        .lines()
        .map(|line| match line.starts_with('#') {
            true => format!("#{line}"),
            false => line.to_owned(),
        });
    Some(Vec::from_iter(lines).join("\n"))
}

/// What tokens cost.
pub(super) fn prices(report: &Report) -> Option<Section> {
    let mut rows = Rows::new(&["provider", "model", "input", "output", "source"]);
    for provider in &report.subject.providers {
        let MeasuredProvider {
            name, model, price, ..
        } = provider;
        rows.push([
            name.clone(),
            model.clone(),
            price.input.usd(),
            price.output.usd(),
            price.source.clone(),
        ]);
    }
    rows.section("Prices", "USD per million tokens.")
}
