//! The report for a terminal of 80 columns: the verdict first, then the table, and for each failure
//! a command that reproduces it.
//!
//! Plain ASCII; colour only when asked for. The command line decides whether the terminal shows
//! colour.

use super::chart::strip;
use super::{Screen, failure, names, of_each, per_run};
use crate::policy::config::EVERY;
use crate::report::measures::{Measure, View};
use crate::report::ratio::{Ratio, grouped};
use crate::report::run_stats::Endings;
use crate::report::unit::{self, Unit};
use crate::report::verdict::{ExpectationResult, Verdict};
use crate::report::{Audit, Judged, Report, breakdown, measures, seeds};
use crate::text::columns;
use crate::time::nanos;
use crate::units::duration;

/// `report` as text for `screen`.
pub(super) fn render(report: &Report, screen: &Screen) -> String {
    let color = screen.color;
    let mut lines = vec![header(report, color)];
    let notes = report.subject.notes.iter();
    lines.extend(notes.map(|note| format!("  note: {note}")));
    lines.extend(rows(report, screen));
    // A policy that does not meet an expectation has its own, below.
    let is_met = |policy| worst_of(policy).is_none_or(|worst| worst < Verdict::Inconclusive);
    if report.policies.iter().all(is_met) {
        lines.extend(worst_over_time(report));
    }
    lines.extend(judgements(report, color));
    lines.extend(report.audit.iter().flat_map(Audit::lines));
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

/// `5 seeds x 30m`, `seed 3 x 30m`.
pub(in crate::report) fn seeds_and_length(report: &Report) -> String {
    let length = nanos(report.subject.duration);
    let length = match length % NANOS_PER_DAY {
        0 => duration::write(report.subject.duration),
        _ => Unit::Ms.brief(Ratio::whole(length).divided_by(1_000_000)),
    };
    if let Some(traces) = report.counted_traces() {
        return format!("{traces} x {length}");
    }
    match seeds::single(&report.seeds) {
        Some(seed) => format!("seed {seed} x {length}"),
        None => format!("{} seeds x {length}", seeds::count(&report.seeds)),
    }
}

fn header(report: &Report, color: bool) -> String {
    let mut words = vec![
        report.subject.name.clone(),
        seeds_and_length(report),
        calls(report),
        faults_fired(report),
    ];
    let verdict = report.verdict();
    // Recorded traces have no expectations that could be missing.
    if report.expects_nothing() && report.subject.traces.is_empty() {
        words.push("measured, not judged".to_owned());
    }
    format!(
        "{} {}",
        paint(mark(verdict), verdict, color),
        words.join("   ")
    )
}

/// `1,802 calls per run` (policies get the same calls; if not, the maximum is shown), or all the
/// calls of recorded traces.
pub(in crate::report) fn calls(report: &Report) -> String {
    let states = report.policies.iter().map(|policy| &policy.state);
    if !report.subject.traces.is_empty() {
        return format!(
            "{} calls",
            grouped(states.map(|state| state.run.calls).sum())
        );
    }
    let most = states.max_by_key(|state| state.run.calls);
    most.map_or_else(String::new, |state| {
        format!(
            "{} calls{}",
            per_run(state, state.run.calls),
            of_each(state)
        )
    })
}

fn faults_fired(report: &Report) -> String {
    let all = report.subject.faults.len();
    match report.never_fired().len() {
        _ if !report.subject.traces.is_empty() => "as recorded".to_owned(),
        _ if all == 0 => "no faults".to_owned(),
        0 => "all faults fired".to_owned(),
        silent => format!("{} of {all} faults fired", all - silent),
    }
}

fn rows(report: &Report, screen: &Screen) -> Vec<String> {
    let color = screen.color;
    let cells: Vec<Cells> = report
        .policies
        .iter()
        .map(|policy| COLUMNS.map(|column| cell(report, policy, &column)))
        .collect();
    let since = report.policies.iter();
    let since = since.filter_map(|policy| since_baseline(report, policy));
    let all: Vec<Cells> = cells.iter().cloned().chain(since).collect();
    let layout = Layout::new(report, &all, screen.width);
    let headings = COLUMNS.map(|column| column.heading.to_owned());
    let mut lines = vec![format!("  {}", layout.line("policy", &headings))];
    for (policy, cells) in report.policies.iter().zip(&cells) {
        let verdicts = policy.judgements.iter().map(|judged| judged.verdict);
        // A policy without expectations has no verdict.
        let worst = verdicts.max();
        let mark = worst.map_or(" ".to_owned(), |worst| paint(mark(worst), worst, color));
        lines.push(format!("{mark} {}", layout.line(&policy.name, cells)));
        lines.extend(since_baseline(report, policy).map(|cells| {
            let line = layout.line(SINCE, &cells);
            format!("  {line}")
        }));
        lines.extend(parts(report, policy, screen.width));
    }
    if !report.baseline.is_empty() {
        let legend = "  change: against the baseline; ? cannot be told apart";
        lines.push(legend.to_owned());
    }
    lines
}

/// What the row of a policy leaves out, on as few lines as it fits: why calls failed, of which task
/// they were, at which providers attempts were made, and what was not over when the run ended.
fn parts(report: &Report, policy: &Judged, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let all = [
        failed_calls(policy),
        success_by_task(report, policy),
        attempts_by_provider(report, policy),
    ];
    for part in all.into_iter().flatten().chain(not_over(report, policy)) {
        match lines.last_mut() {
            Some(line) if line.len() + GAP + 1 + part.len() <= width => {
                line.push_str(&format!("   {part}"));
            }
            _ => lines.push(format!("    {part}")),
        }
    }
    lines
}

/// `1.2 failed per run: 1 exhausted, 0.2 deadline`; none when no call failed.
fn failed_calls(policy: &Judged) -> Option<String> {
    let (state, run) = (&policy.state, &policy.state.run);
    let counts = Endings::REASONS
        .iter()
        .map(|(reason, count)| (reason, count(&run.endings)))
        .filter(|(_, count)| *count > 0)
        .map(|(reason, count)| format!("{} {reason}", per_run(state, count)));
    let counts: Vec<String> = counts.collect();
    let failed = per_run(state, run.calls.saturating_sub(run.succeeded));
    let (each, counts) = (of_each(state), counts.join(", "));
    (!counts.is_empty()).then(|| format!("{failed} failed{each}: {counts}"))
}

/// `success: chat 61.20%, batch 100.00%`; none without tasks, or when no call failed.
fn success_by_task(report: &Report, policy: &Judged) -> Option<String> {
    let all = report.view(policy);
    let tasks = breakdown::tasks(&policy.state).filter_map(|(task, scope)| {
        let success = measures::SUCCESS_RATE.of(&View { scope, ..all })?;
        Some(format!("{task} {}", Unit::Ratio.shown(success)))
    });
    let has_failed = policy.state.run.succeeded < policy.state.run.calls;
    let tasks: Vec<String> = tasks.filter(|_| has_failed).collect();
    (!tasks.is_empty()).then(|| format!("success: {}", some(tasks)))
}

/// `attempts: openai 90.1%, kimi 9.9%`; none unless several providers were asked.
fn attempts_by_provider(report: &Report, policy: &Judged) -> Option<String> {
    let all = report.view(policy);
    let providers = report.subject.providers.iter().enumerate();
    let shares = providers.filter_map(|(place, provider)| {
        let share = measures::ATTEMPT_SHARE.of_one(&all, place)?;
        let shown = unit::percent(share.times(100), 1);
        (share > Ratio::whole(0)).then(|| format!("{} {shown}", provider.name))
    });
    let shares: Vec<String> = shares.collect();
    (shares.len() > 1).then(|| format!("attempts: {}", some(shares)))
}

/// `recovery_time(openai): not over after 49.9m`, for what was not over when the run ended.
fn not_over(report: &Report, policy: &Judged) -> Vec<String> {
    let unended = measures::unended(&policy.state);
    let each = measures::named_each(&report.view(policy)).into_iter();
    let each = each.filter(|(name, ..)| unended.contains(name));
    let told =
        each.map(|(name, unit, value)| format!("{name}: not over after {}", unit.shown(value)));
    first_few(told.collect())
}

/// The list, or its first entries where it is long, on one line.
fn some(list: Vec<String>) -> String {
    first_few(list).join(", ")
}

/// The list, or its first entries where it is long.
fn first_few(mut list: Vec<String>) -> Vec<String> {
    let more = list.len().saturating_sub(MOST_PARTS);
    list.truncate(MOST_PARTS);
    if more > 0 {
        list.push(format!("and {more} more"));
    }
    list
}

type Cells = [String; COLUMNS.len()];

/// How wide each column is.
struct Layout {
    name: usize,
    /// Each name, and as it is shown.
    names: Vec<(String, String)>,
    columns: [usize; COLUMNS.len()],
}

impl Layout {
    /// As wide as the contents; names are truncated where a line would not fit.
    fn new(report: &Report, rows: &[Cells], width: usize) -> Self {
        let mut columns = COLUMNS.map(|column| column.heading.len());
        for row in rows {
            for (width, cell) in columns.iter_mut().zip(row) {
                *width = cell.len().max(*width);
            }
        }
        let used = columns.iter().fold(MARK, |used, width| used + GAP + width);
        let room = width.saturating_sub(used).max(MIN_NAME);
        let policies = report.policies.iter();
        let own = policies.map(|policy| policy.name.as_str());
        let since = report.baseline.first().map(|_| SINCE);
        let names = names::fitted(Vec::from_iter(own.chain(since).chain(["policy"])), room);
        let longest = names.iter().map(|(_, shown)| shown.chars().count()).max();
        Self {
            name: longest.unwrap_or(0),
            names,
            columns,
        }
    }

    fn line(&self, name: &str, cells: &Cells) -> String {
        let mut names = self.names.iter();
        let shown = names.find(|(known, _)| known == name);
        let shown = shown.map_or(name, |(_, shown)| shown.as_str());
        let mut line = columns::left(shown, self.name);
        for (cell, width) in cells.iter().zip(self.columns) {
            line.push_str(&format!("{:GAP$}{}", "", columns::right(cell, width)));
        }
        line
    }
}

/// A column of the table: its heading, its measure, and how its values are written.
#[derive(Clone, Copy)]
pub(super) struct Column {
    pub(super) heading: &'static str,
    pub(super) measure: Measure,
    pub(super) written: fn(Ratio) -> String,
}

fn cell(report: &Report, policy: &Judged, column: &Column) -> String {
    let value = column.measure.of(&report.view(policy));
    value.map_or_else(|| "-".to_owned(), column.written)
}

/// The differences of a policy from the baseline, column by column; `?` where both cannot be told
/// apart.
fn since_baseline(report: &Report, policy: &Judged) -> Option<Cells> {
    let mut compared = report.baseline.iter();
    let (_, comparison) = compared.find(|(name, _)| *name == policy.name)?;
    Some(COLUMNS.map(|column| {
        let difference = comparison.difference(column.measure.name);
        difference.map_or_else(
            || "-".to_owned(),
            |(sign, size, is_told)| {
                let doubt = if is_told { "" } else { "?" };
                format!("{sign}{}{doubt}", (column.written)(size))
            },
        )
    }))
}

fn worst_over_time(report: &Report) -> Vec<String> {
    let failed = |policy: &&Judged| policy.state.run.succeeded < policy.state.run.calls;
    let rate = |policy: &&Judged| {
        let run = &policy.state.run;
        Ratio::share(run.succeeded, run.calls)
    };
    let Some(worst) = report.policies.iter().filter(failed).min_by_key(rate) else {
        return Vec::new();
    };
    vec![
        format!(
            "  {}, tenths of calls that failed over time (. none, X all):",
            worst.name
        ),
        format!("  {}", strip::failed(&worst.state.timeline)),
        format!("  {}", strip::axis(&worst.state.timeline)),
    ]
}

fn judgements(report: &Report, color: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for verdict in [Verdict::Fails, Verdict::Inconclusive] {
        for (place, policy) in report.policies.iter().enumerate() {
            if worst_of(policy) == Some(verdict) {
                lines.extend(unmet(report, place, policy, color));
            }
        }
    }
    for sentence in report.silent_faults() {
        let word = paint("warning", Verdict::Inconclusive, color);
        lines.push(format!("{word}  {sentence}"));
    }
    let unjudged = report.unjudged().into_iter();
    for policy in unjudged.filter(|_| !report.expects_nothing()) {
        let verdict = Verdict::NotJudged;
        let (word, why) = (
            paint(verdict.word(), verdict, color),
            report.why_not(policy),
        );
        lines.push(format!("{word}  {policy}: {why}"));
    }
    // One line a policy: the other formats list the expectations.
    for of_one in report.skipped.chunk_by(|(one, _), (next, _)| one == next) {
        let (policy, count) = (&of_one[0].0, expectations(of_one.len()));
        let has_run = report.policies.iter().any(|ran| ran.name == *policy);
        let why = match policy == EVERY || has_run {
            true => "compared with what is not in this run",
            false => "which is not in this run",
        };
        lines.push(format!("skipped  {count} on {policy}, {why}"));
    }
    let word = paint(Verdict::Holds.word(), Verdict::Holds, color);
    let held = all_of(report, Verdict::Holds).count();
    if held > 0 {
        lines.push(format!("{word}  {}", expectations(held)));
    }
    lines
}

/// The worst verdict on a policy; none if nothing is expected of it.
fn worst_of(policy: &Judged) -> Option<Verdict> {
    policy.judgements.iter().map(|one| one.verdict).max()
}

/// The expectations that a policy does not meet, and how that came about.
fn unmet(report: &Report, place: usize, policy: &Judged, color: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for verdict in [Verdict::Fails, Verdict::Inconclusive] {
        let judged = policy.judgements.iter();
        for judgement in judged.filter(|one| one.verdict == verdict) {
            lines.push(finding(policy, judgement, color));
            if verdict == Verdict::Fails {
                let indent = " ".repeat(verdict.word().len());
                let again = report.again(&policy.name, &judgement.text);
                lines.push(format!("{indent}  {again}"));
            }
        }
    }
    lines.extend(failure::lines(report, place, policy));
    lines
}

fn expectations(count: usize) -> String {
    match count {
        1 => "1 expectation".to_owned(),
        _ => format!("{count} expectations"),
    }
}

fn all_of(
    report: &Report,
    verdict: Verdict,
) -> impl Iterator<Item = (&Judged, &ExpectationResult)> {
    let all = report.policies.iter().flat_map(|policy| {
        let judgements = policy.judgements.iter();
        judgements.map(move |judgement| (policy, judgement))
    });
    all.filter(move |(_, judgement)| judgement.verdict == verdict)
}

fn finding(policy: &Judged, judgement: &ExpectationResult, color: bool) -> String {
    let word = paint(judgement.verdict.word(), judgement.verdict, color);
    let (name, text, finding) = (&policy.name, &judgement.text, &judgement.finding);
    format!("{word}  {name}: {text}, {finding}")
}

pub(super) const fn mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "+",
        Verdict::NotJudged => "-",
        Verdict::Inconclusive => "?",
        Verdict::Fails => "x",
    }
}

fn paint(text: &str, verdict: Verdict, color: bool) -> String {
    if !color {
        return text.to_owned();
    }
    let code = match verdict {
        Verdict::Holds => 32,
        Verdict::NotJudged | Verdict::Inconclusive => 33,
        Verdict::Fails => 31,
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}

pub(super) const COLUMNS: [Column; 7] = [
    Column {
        heading: "success",
        measure: measures::SUCCESS_RATE,
        written: |value| Unit::Ratio.shown(value),
    },
    Column {
        heading: "uptime",
        measure: measures::UPTIME,
        written: |value| unit::percent(value.times(100), 1),
    },
    Column {
        heading: "p95 ok",
        measure: measures::LATENCY_P95,
        written: |value| Unit::Ms.shown(value),
    },
    Column {
        heading: "ttft p95",
        measure: measures::TTFT_P95,
        written: |value| Unit::Ms.shown(value),
    },
    Column {
        heading: "att/call",
        measure: measures::ATTEMPTS_PER_CALL,
        written: |value| Unit::Number.shown(value),
    },
    Column {
        heading: "$/1k ok",
        measure: measures::COST_PER_SUCCESS,
        written: |value| value.times(1_000).fixed(2),
    },
    Column {
        heading: "waste",
        measure: measures::WASTED_SHARE,
        written: |value| unit::percent(value.times(100), 1),
    },
];

/// A run of whole days is shown in days.
const NANOS_PER_DAY: u64 = 86_400_000_000_000;

/// The row of differences from the baseline.
const SINCE: &str = "  change";

/// The mark before a name, and a blank.
const MARK: usize = 2;
/// Between two columns.
const GAP: usize = 2;
/// So many providers or tasks of one policy are listed.
const MOST_PARTS: usize = 4;
/// The shortest length to which a name is truncated.
const MIN_NAME: usize = 8;
