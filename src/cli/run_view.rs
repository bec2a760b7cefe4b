//! The live view of a run, on stderr and only on a terminal: how far it is, and for each policy of
//! the scenario that runs now, the share of its calls that succeeded so far.
//!
//! ```text
//! ################........................ 12/30 runs, 8s left primary-outage
//!   no-failover         68.01% of 3,685 calls   5/5 runs
//!   resilient           99.93% of 1,474 calls   2/5 runs
//! ```
//!
//! It is gone when the run is over. Whatever is printed meanwhile is printed above it.

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::output;
use crate::drill::{self, Drill, EndedRun};
use crate::report::{Ratio, Unit, grouped};
use crate::text::columns;

/// The view.
pub(super) struct RunView<'a> {
    drills: &'a [Drill],
    /// The number of the first run of each drill.
    firsts: Vec<u64>,
    lines: Option<MultiProgress>,
    /// How many runs have ended.
    pub(super) bar: ProgressBar,
    /// A line for each policy of the drill that is shown.
    rows: Vec<ProgressBar>,
    /// The drill that is shown.
    place: Option<usize>,
    /// What its policies came to.
    counts: Vec<Count>,
}

/// What the runs of a policy came to so far.
#[derive(Clone, Copy, Default)]
struct Count {
    runs: u64,
    calls: u64,
    succeeded: u64,
}

impl<'a> RunView<'a> {
    /// The view of all runs of `drills`; nothing where stderr is no terminal, or when `quiet`.
    pub(super) fn new(drills: &'a [Drill], quiet: bool) -> Self {
        let (lines, bar) = output::progress_with_lines(drill::total_runs(drills), quiet);
        Self {
            drills,
            firsts: drill::numbered(drills).map(|(_, first)| first).collect(),
            lines,
            bar,
            rows: Vec::new(),
            place: None,
            counts: Vec::new(),
        }
    }

    /// A run has ended.
    pub(super) fn take(&mut self, run: &EndedRun<'_>) {
        self.bar.inc(1);
        if self.lines.is_none() {
            return;
        }
        let place = self.firsts.partition_point(|first| *first <= run.number);
        let Some(place) = place.checked_sub(1) else {
            return;
        };
        // Of the drill before, a run may end late.
        if self.place.is_some_and(|shown| place < shown) {
            return;
        }
        if self.place != Some(place) {
            self.show(place);
        }
        let (policy, _) = self.drills[place].run_at(run.number - self.firsts[place]);
        if let Some(count) = self.counts.get_mut(policy) {
            count.runs += 1;
            if let Some(state) = run.state {
                count.calls += state.run.calls;
                count.succeeded += state.run.succeeded;
            }
            self.draw(place, policy);
        }
    }

    /// Clears all of it.
    pub(super) fn finish(&mut self) {
        self.clear_rows();
        self.bar.finish_and_clear();
    }

    /// Begins with the drill at `place`.
    fn show(&mut self, place: usize) {
        self.clear_rows();
        let drill = &self.drills[place];
        self.place = Some(place);
        self.bar.set_message(drill.scenario().name.clone());
        let most = drill.policies().len().min(MOST_ROWS);
        self.counts = vec![Count::default(); drill.policies().len()];
        let Some(lines) = &self.lines else { return };
        for _ in 0..most {
            let row = lines.add(ProgressBar::new_spinner());
            if let Ok(style) = ProgressStyle::with_template("{msg}") {
                row.set_style(style);
            }
            self.rows.push(row);
        }
    }

    fn draw(&self, place: usize, policy: usize) {
        let drill = &self.drills[place];
        let (Some(row), Some(count)) = (self.rows.get(policy), self.counts.get(policy)) else {
            return;
        };
        let names = drill.policies().iter().map(|policy| policy.name.as_str());
        let width = columns::width(names);
        let name = columns::left(&drill.policies()[policy].name, width);
        let all = drill.runs() / (drill.policies().len().max(1) as u64);
        let success = Ratio::share(count.succeeded, count.calls);
        let told = success.map_or_else(String::new, |share| {
            let calls = grouped(count.calls);
            format!("{:>8} of {calls} calls   ", Unit::Ratio.shown(share))
        });
        row.set_message(format!("  {name}  {told}{}/{all} runs", count.runs));
    }

    fn clear_rows(&mut self) {
        for row in self.rows.drain(..) {
            row.finish_and_clear();
            if let Some(lines) = &self.lines {
                lines.remove(&row);
            }
        }
    }
}

/// More policies than these have no line.
const MOST_ROWS: usize = 12;
