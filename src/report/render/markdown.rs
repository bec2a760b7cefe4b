//! The report for a repository: short tables that read well in a diff and on a code host.
//!
//! It holds no clock time, no absolute path and no version: it changes when behaviour does.

mod alerts;
mod audit;
mod money;
mod parts;
pub(super) mod rows;

use std::collections::BTreeSet;

use super::chart::strip;
use super::{Screen, per_run, table};
use crate::policy::classify::FailureClass;
use crate::report::measures::Measure;
use crate::report::ratio::Ratio;
use crate::report::run_stats::Endings;
use crate::report::verdict::Verdict;
use crate::report::{Judged, Report, command, compare, measures};
use crate::text::columns;
use rows::Rows;
pub(in crate::report) use rows::{Section, is_number};

/// `report` as Markdown.
pub(super) fn render(report: &Report, _: &Screen) -> String {
    let tables = |tables: Vec<Option<Section>>| {
        let tables = tables.into_iter().flatten();
        Vec::from_iter(tables.map(|table| table.written()))
    };
    let opening = [
        Some(head(report)),
        notes(report),
        Some(policies(report)),
        Some(over_time(report)),
        expectations(report).map(|table| table.written()),
        baseline(report),
    ];
    let sections = opening.into_iter().flatten();
    let sections = sections.chain(tables(what_happened(report)));
    let sections = sections.chain(audit::section(report));
    let sections = sections.chain(tables(what_followed(report)));
    let sections = sections.chain(money::month(report)).chain([again(report)]);
    Vec::from_iter(sections).join("\n\n") + "\n"
}

/// Every table of counts, for a page.
pub(in crate::report) fn tables(report: &Report) -> Vec<Section> {
    let mut tables = what_happened(report);
    tables.extend(what_followed(report));
    tables.into_iter().flatten().collect()
}

fn what_happened(report: &Report) -> Vec<Option<Section>> {
    vec![
        faults(report),
        parts::by_provider(report),
        parts::by_task(report),
        failures(report),
        failed_calls(report),
        breakers(report),
        measures_taken(report),
    ]
}

fn what_followed(report: &Report) -> Vec<Option<Section>> {
    vec![
        outages(report),
        conduct(report),
        after_faults(report),
        comebacks(report),
        alerts::section(report),
        money::section(report),
        money::prices(report),
    ]
}

fn head(report: &Report) -> String {
    let calls = table::calls(report);
    let title = format!(
        "# {}\n\n{}",
        report.subject.name,
        report.subject.about.trim()
    );
    let length = table::seeds_and_length(report);
    if !report.subject.traces.is_empty() {
        return format!("{title}\n\n{length}, {calls}.");
    }
    let verdict = match report.expects_nothing() {
        true => "**Measured, not judged**".to_owned(),
        false => format!("Verdict: **{}**", report.verdict().word()),
    };
    format!(
        "{title}\n\n{length}, {calls} for each policy. Counts and money are per run, the mean over \
         the seeds. {verdict}.",
    )
}

fn notes(report: &Report) -> Option<String> {
    let notes = &report.subject.notes;
    let lines: Vec<String> = notes
        .iter()
        .map(|note| format!("- Note: {note}."))
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn policies(report: &Report) -> String {
    let mut rows = Rows::new(&[
        "policy",
        "success",
        "uptime",
        "p50 ok",
        "p95 ok",
        "p99 ok",
        "p95 failed",
        "ttft p95",
        "att/call",
        "fallback",
        "$/1k ok",
        "wasted",
    ]);
    for policy in &report.policies {
        let shown = |measure: &Measure| shown(report, policy, measure);
        let per_thousand = measures::COST_PER_SUCCESS
            .of(&report.view(policy))
            .map_or_else(|| "-".to_owned(), |value| value.times(1_000).fixed(2));
        rows.push([
            policy.name.clone(),
            shown(&measures::SUCCESS_RATE),
            shown(&measures::UPTIME),
            shown(&measures::LATENCY_P50),
            shown(&measures::LATENCY_P95),
            shown(&measures::LATENCY_P99),
            shown(&measures::LATENCY_FAILED_P95),
            shown(&measures::TTFT_P95),
            shown(&measures::ATTEMPTS_PER_CALL),
            shown(&measures::FALLBACK_RATE),
            per_thousand,
            shown(&measures::WASTED_SHARE),
        ]);
    }
    format!("## Policies\n\n{}", rows.written())
}

fn shown(report: &Report, policy: &Judged, measure: &Measure) -> String {
    let value = measure.of(&report.view(policy));
    value.map_or_else(|| "-".to_owned(), |value| measure.unit.shown(value))
}

fn over_time(report: &Report) -> String {
    let names = report.policies.iter().map(|policy| policy.name.as_str());
    let width = columns::width(names);
    let line = |policy: &Judged| {
        let name = columns::left(&policy.name, width);
        format!("{name}  {}", strip::failed(&policy.state.timeline))
    };
    let lines = Vec::from_iter(report.policies.iter().map(line));
    let picture = report.picture.as_ref().map(|file| {
        let about = "Success over the run, by policy, and what the scenario asks for";
        format!("\n\n![{about}]({})", file.replace(' ', "%20"))
    });
    format!(
        "## Over time\n\nCalls that failed, by their arrival: `.` none, `1` to `9` tenths of \
         them, `X` all; blank where no call arrived.\n\n```text\n{}\n```{}",
        lines.join("\n"),
        picture.unwrap_or_default()
    )
}

fn expectations(report: &Report) -> Option<Section> {
    let mut rows = Rows::new(&["policy", "expectation", "verdict", "finding"]);
    for policy in &report.policies {
        for judgement in &policy.judgements {
            let verdict = judgement.verdict.word();
            let verdict = match judgement.verdict {
                Verdict::Holds => verdict.to_owned(),
                _ => format!("**{verdict}**"),
            };
            rows.push([
                policy.name.clone(),
                format!("`{}`", judgement.text),
                verdict,
                judgement.finding.clone(),
            ]);
        }
    }
    let unjudged = report.unjudged().into_iter();
    for policy in unjudged.filter(|_| !report.expects_nothing()) {
        let verdict = format!("**{}**", Verdict::NotJudged.word());
        rows.push([
            policy.to_owned(),
            String::new(),
            verdict,
            report.why_not(policy),
        ]);
    }
    for (policy, text) in &report.skipped {
        rows.push([
            policy.clone(),
            format!("`{text}`"),
            "skipped".to_owned(),
            "not in this run".to_owned(),
        ]);
    }
    rows.section("Expectations", "")
}

/// Each policy against its earlier result.
fn baseline(report: &Report) -> Option<String> {
    let comparisons = report.baseline.iter();
    let comparisons =
        comparisons.map(|(policy, one)| compare::markdown(one, &format!("### {policy}")));
    let comparisons: Vec<String> = comparisons.collect();
    let text = comparisons.join("\n");
    (!text.is_empty()).then(|| format!("## Against the baseline\n\n{}", text.trim_end()))
}

fn faults(report: &Report) -> Option<Section> {
    let names: Vec<&str> = policy_names(report).collect();
    let mut rows = Rows::new(&[&["fault"], names.as_slice()].concat());
    for (place, fault) in report.subject.faults.iter().enumerate() {
        let fired = |policy: &Judged| policy.state.fired.get(place).copied().unwrap_or(0);
        let policies = report.policies.iter();
        let fired = policies.map(|policy| per_run(&policy.state, fired(policy)));
        rows.push([fault.name.clone()].into_iter().chain(fired));
    }
    rows.section("Faults", "How often each fired, per run.")
}

fn failures(report: &Report) -> Option<Section> {
    let names: Vec<&str> = policy_names(report).collect();
    let mut rows = Rows::new(&[&["provider", "class"], names.as_slice()].concat());
    for (place, provider) in report.subject.providers.iter().enumerate() {
        for class in classes_at(report, place) {
            let count = |policy: &Judged| {
                let tally = policy.state.run.providers.get(place)?;
                tally.failures.get(&class).copied()
            };
            let policies = report.policies.iter();
            let counts = policies.map(|policy| per_run(&policy.state, count(policy).unwrap_or(0)));
            let class = class.name().to_owned();
            rows.push([provider.name.clone(), class].into_iter().chain(counts));
        }
    }
    rows.section("Failures", "Attempts that failed, per run.")
}

fn failed_calls(report: &Report) -> Option<Section> {
    let names: Vec<&str> = policy_names(report).collect();
    let mut rows = Rows::new(&[&["reason"], names.as_slice()].concat());
    for (reason, count) in Endings::REASONS {
        let policies = report.policies.iter();
        let counts = policies.map(|one| (&one.state, count(&one.state.run.endings)));
        if counts.clone().any(|(_, count)| count > 0) {
            let shown = counts.map(|(state, count)| per_run(state, count));
            rows.push([reason.to_owned()].into_iter().chain(shown));
        }
    }
    rows.section("Failed calls", "Calls that failed, by reason, per run.")
}

/// The classes of failures that occurred at a provider under any policy, in their own order.
fn classes_at(report: &Report, provider: usize) -> BTreeSet<FailureClass> {
    let runs = report.policies.iter().map(|policy| &policy.state.run);
    let tallies = runs.filter_map(|run| run.providers.get(provider));
    tallies
        .flat_map(|tally| tally.failures.keys().copied())
        .collect()
}

fn breakers(report: &Report) -> Option<Section> {
    let mut rows = Rows::new(&["policy", "provider", "opened", "half-opened", "closed"]);
    for policy in &report.policies {
        let state = &policy.state;
        for (name, tally) in state.providers.iter().zip(&state.run.providers) {
            let steps = &tally.breaker;
            let counts = [steps.opened, steps.half_opened, steps.closed];
            if counts != [0; 3] {
                let head = [policy.name.clone(), name.clone()];
                let counts = counts.map(|count| per_run(state, count));
                rows.push(head.into_iter().chain(counts));
            }
        }
    }
    rows.section("Breakers", "Transitions per run.")
}

/// Actions that only some policies take; each column only if a policy took it.
fn measures_taken(report: &Report) -> Option<Section> {
    let is_said = |measure: &&Measure| {
        let policies = report.policies.iter();
        let mut values = policies.filter_map(|policy| measure.of(&report.view(policy)));
        values.any(|value| value > Ratio::whole(0))
    };
    let said = Vec::from_iter(MEASURES_TAKEN.iter().filter(is_said));
    let headings = said.iter().map(|measure| measure.name.replace('_', " "));
    let headings = Vec::from_iter(headings);
    let headings = headings.iter().map(String::as_str);
    let mut rows = Rows::new(&["policy"].into_iter().chain(headings).collect::<Vec<_>>());
    for policy in report.policies.iter().filter(|_| !said.is_empty()) {
        let cells = said.iter().map(|measure| shown(report, policy, measure));
        rows.push([policy.name.clone()].into_iter().chain(cells));
    }
    rows.section(
        "Hedges, load and checks",
        "Ejections, checks and their cost are per run.",
    )
}

fn outages(report: &Report) -> Option<Section> {
    let mut rows = Rows::new(&["policy", "outages", "longest", "mean", "overlapping faults"]);
    for policy in &report.policies {
        let tally = &policy.state.run.uptime;
        if tally.outages == 0 {
            continue;
        }
        let overlapping = policy.state.faults.iter().zip(&tally.overlapping);
        let overlapping: Vec<String> = overlapping
            .filter(|(_, count)| **count > 0)
            .map(|(fault, count)| format!("{fault} {}", per_run(&policy.state, *count)))
            .collect();
        rows.push([
            policy.name.clone(),
            shown(report, policy, &measures::OUTAGES),
            shown(report, policy, &measures::OUTAGE_LONGEST),
            shown(report, policy, &measures::OUTAGE_MEAN),
            overlapping.join(", "),
        ]);
    }
    rows.section("Outages", "Their number is per run.")
}

/// Violations of conduct; only of policies that have some.
fn conduct(report: &Report) -> Option<Section> {
    let mut rows = Rows::new(&["policy", "what", "times"]);
    for policy in &report.policies {
        for measure in CONDUCT {
            let name = measure.name;
            let value = measure.of(&report.view(policy));
            if let Some(value) = value.filter(|value| *value > Ratio::whole(0)) {
                let shown = measure.unit.shown(value);
                rows.push([policy.name.clone(), format!("`{name}`"), shown]);
            }
        }
    }
    rows.section("Conduct", "What no client should do, per run.")
}

fn after_faults(report: &Report) -> Option<Section> {
    let mut rows = Rows::new(&[
        "policy",
        "fault",
        "failover",
        "load_during",
        "thundering_herd",
    ]);
    for policy in &report.policies {
        for (place, fault) in report.subject.faults.iter().enumerate() {
            let shown = [
                measures::FAILOVER_TIME,
                measures::LOAD_DURING,
                measures::THUNDERING_HERD,
            ]
            .map(|measure| shown_of(report, policy, &measure, place));
            let head = [policy.name.clone(), fault.name.clone()];
            rows.push(head.into_iter().chain(shown));
        }
    }
    rows.section(
        "Fault impact",
        "Failover: until windows were up again. Attempts per second at the targets, relative to \
         before: during the fault, and in the worst second of the ten after it (not told below one \
         attempt per second).",
    )
}

fn comebacks(report: &Report) -> Option<Section> {
    let mut rows = Rows::new(&["policy", "provider", "recovery"]);
    for policy in &report.policies {
        for (place, provider) in report.subject.providers.iter().enumerate() {
            if policy
                .state
                .comebacks
                .get(place)
                .is_some_and(|one| one.count > 0)
            {
                let shown = shown_of(report, policy, &measures::RECOVERY_TIME, place);
                rows.push([policy.name.clone(), provider.name.clone(), shown]);
            }
        }
    }
    rows.section(
        "Recovery",
        "From a fault's end until the provider gave half of its former answers for each call \
         again; the longest.",
    )
}

/// A measure about one provider or fault; a lower bound says so.
fn shown_of(report: &Report, policy: &Judged, measure: &Measure, place: usize) -> String {
    let Some(value) = measure.of_one(&report.view(policy), place) else {
        return "-".to_owned();
    };
    let shown = measure.unit.shown(value);
    if measure.is_unended(&policy.state, place) {
        return format!("{shown} or more");
    }
    shown
}

fn again(report: &Report) -> String {
    format!("## Again\n\n```sh\n{}\n```", command_line(report))
}

/// The command that makes the report again.
pub(in crate::report) fn command_line(report: &Report) -> String {
    let traces = report.again_from_traces();
    traces.unwrap_or_else(|| command(report))
}

/// The command that runs the scenario again, without the folders of one machine.
pub(super) fn command(report: &Report) -> String {
    let ran = policy_names(report);
    let named: Vec<&str> = if !report.written.is_empty() {
        let written = report.written.iter();
        written.map(|policy| command::portable(policy)).collect()
    } else if ran
        .clone()
        .eq(report.subject.policies.iter().map(|one| stem(one)))
    {
        Vec::new()
    } else {
        ran.collect()
    };
    let portable = |(path, value): &(String, String)| {
        let value = command::portable(value);
        (path.clone(), value.to_owned())
    };
    let overrides: Vec<(String, String)> = report.overrides.iter().map(portable).collect();
    let path = command::portable(&report.path);
    let options = command::Options {
        prices: report.price_file.as_deref().map(command::portable),
        set: &overrides,
        ..report.options()
    };
    command::run(path, &named, &report.seeds, options)
}

/// The name of a policy that a scenario lists by name or by file.
fn stem(listed: &str) -> &str {
    let last = listed.rsplit('/').next().unwrap_or(listed);
    let endings = [".yaml", ".yml"].iter();
    let mut stems = endings.filter_map(|ending| last.strip_suffix(ending));
    stems.next().unwrap_or(last)
}

fn policy_names(report: &Report) -> impl Iterator<Item = &str> + Clone {
    report.policies.iter().map(|policy| policy.name.as_str())
}

/// The measures that are zero where all is well.
const CONDUCT: [Measure; 5] = [
    measures::UNFINISHED,
    measures::TRUNCATED_SUCCESSES,
    measures::USELESS_RETRIES,
    measures::HINTS_VIOLATED,
    measures::HINTS_VIOLATED_CLIENT,
];

/// Actions that only some policies take.
const MEASURES_TAKEN: [Measure; 5] = [
    measures::HEDGE_RATE,
    measures::SHED_RATE,
    measures::EJECTIONS,
    measures::CHECKS,
    measures::CHECK_COST,
];
