//! The scorecard: many policies over many scenarios, one row for each pair.
//!
//! It answers which policy holds where, at what cost. The rows are for programs (CSV); the page
//! (Markdown) sums them up by policy and by scenario.

use csv::Writer;

use super::measures::{self, Measure};
use super::ratio::Ratio;
use super::render::csv::text_of;
use super::unit::Unit;
use super::verdict::Verdict;
use super::{Judged, Report};

/// The results of several scenarios, each with all its policies.
#[derive(Clone, Debug, Default)]
pub struct Scorecard {
    rows: Vec<Row>,
    /// The seeds of all runs, as they are shown.
    seeds: String,
}

/// A policy in a scenario.
#[derive(Clone, Debug)]
struct Row {
    scenario: String,
    policy: String,
    /// The value of each of [`COLUMNS`]; none = undefined.
    values: [Option<Ratio>; COLUMNS.len()],
    /// Calls, and calls that succeeded.
    calls: [u64; 2],
    verdict: Verdict,
    /// The expectations that do not hold, as they are written.
    broken: Vec<(Verdict, String)>,
}

/// A column of values: its heading in CSV, which names the unit, and its measure.
type Column = (&'static str, Measure);

/// The columns between the policy and the verdict.
const COLUMNS: [Column; 5] = [
    ("success_rate", measures::SUCCESS_RATE),
    ("uptime", measures::UPTIME),
    ("latency_p95_ms", measures::LATENCY_P95),
    ("attempts_per_call", measures::ATTEMPTS_PER_CALL),
    ("cost_per_success", measures::COST_PER_SUCCESS),
];

/// The position of `success_rate` among them.
const SUCCESS: usize = 0;

impl Scorecard {
    /// Adds every policy of `report`.
    pub fn add(&mut self, report: &Report) {
        self.seeds.clone_from(&report.seeds);
        let rows = report
            .policies
            .iter()
            .map(|policy| Row::new(report, policy));
        self.rows.extend(rows);
    }

    /// One row per scenario and policy.
    pub fn csv(&self) -> String {
        text_of(|writer| self.write(writer))
    }

    /// One row per expectation that does not hold.
    pub fn broken_csv(&self) -> String {
        text_of(|writer| self.write_broken(writer))
    }

    fn write_broken(&self, writer: &mut Writer<Vec<u8>>) -> Result<(), csv::Error> {
        writer.write_record(["scenario", "policy", "verdict", "expectation"])?;
        for row in &self.rows {
            for (verdict, text) in &row.broken {
                writer.write_record([&row.scenario, &row.policy, verdict.word(), text])?;
            }
        }
        Ok(())
    }

    fn write(&self, writer: &mut Writer<Vec<u8>>) -> Result<(), csv::Error> {
        let names = COLUMNS.map(|(heading, _)| heading);
        let head = ["scenario", "policy"].into_iter().chain(names);
        writer.write_record(head.chain(["verdict"]))?;
        for row in &self.rows {
            let values = COLUMNS.iter().zip(row.values);
            let values = values.map(|((_, measure), value)| decimal(measure.unit, value));
            let words = [row.scenario.clone(), row.policy.clone()].into_iter();
            let words = words.chain(values);
            writer.write_record(words.chain([row.verdict.word().to_owned()]))?;
        }
        Ok(())
    }

    /// A page: which policy holds how often, and what each scenario tells apart.
    pub fn markdown(&self) -> String {
        let (scenarios, policies) = (
            self.names(|row| &row.scenario),
            self.names(|row| &row.policy),
        );
        let head = format!(
            "# Scorecard\n\n{} policies over {} scenarios, seeds {}. A policy is judged by the \
             expectations of `every` policy and by its own; `SCORECARD.csv` has a row for each \
             pair, `SCORECARD.broken.csv` one for each expectation that does not hold.",
            policies.len(),
            scenarios.len(),
            self.seeds,
        );
        let by_policy = policies.iter().map(|policy| self.policy_line(policy));
        let by_scenario = scenarios
            .iter()
            .map(|scenario| self.scenario_line(scenario));
        let by_policy = Vec::from_iter(by_policy).join("\n");
        let by_scenario = Vec::from_iter(by_scenario).join("\n");
        format!(
            "{head}\n\n## By policy\n\n{POLICY_HEAD}\n{by_policy}\n\n\
             ## By scenario\n\n{SCENARIO_HEAD}\n{by_scenario}\n"
        )
    }

    /// `| resilient | 30 | 0 | 0 | 4 | 97.12% | 61.30% in everything-down |`
    fn policy_line(&self, policy: &str) -> String {
        let rows = Vec::from_iter(self.rows.iter().filter(|row| row.policy == policy));
        let [calls, succeeded] = [0, 1].map(|at| rows.iter().map(|row| row.calls[at]).sum());
        let worst = rows
            .iter()
            .filter_map(|row| Some((row.values[SUCCESS]?, row)));
        let worst = worst.min_by_key(|(value, _)| *value);
        let worst = worst.map(|(value, row)| format!("{} in {}", success(value), row.scenario));
        format!(
            "| {policy} | {} | {} | {} |",
            verdicts(&rows),
            Ratio::share(succeeded, calls).map_or_else(|| "-".to_owned(), success),
            worst.as_deref().unwrap_or("-"),
        )
    }

    /// `| flapping | 20 | 22 | 0 | 2 | 99.90% | 41.20% |`
    fn scenario_line(&self, scenario: &str) -> String {
        let rows = Vec::from_iter(self.rows.iter().filter(|row| row.scenario == scenario));
        let values = Vec::from_iter(rows.iter().filter_map(|row| row.values[SUCCESS]));
        let shown =
            |value: Option<&Ratio>| value.map_or_else(|| "-".to_owned(), |one| success(*one));
        let (best, worst) = (shown(values.iter().max()), shown(values.iter().min()));
        format!("| {scenario} | {} | {best} | {worst} |", verdicts(&rows))
    }

    /// Each name once, in the order of the rows.
    fn names(&self, of: fn(&Row) -> &String) -> Vec<&str> {
        let mut names = Vec::new();
        for name in self.rows.iter().map(|row| of(row).as_str()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

impl Row {
    fn new(report: &Report, policy: &Judged) -> Self {
        let view = report.view(policy);
        let run = &policy.state.run;
        let verdicts = policy.judgements.iter().map(|judged| judged.verdict);
        let broken = policy.judgements.iter();
        let broken = broken.filter(|one| one.verdict != Verdict::Holds);
        Self {
            scenario: label(&report.path).to_owned(),
            policy: policy.name.clone(),
            values: COLUMNS.map(|(_, measure)| measure.of(&view)),
            calls: [run.calls, run.succeeded],
            verdict: verdicts.max().unwrap_or(Verdict::NotJudged),
            broken: broken.map(|one| (one.verdict, one.text.clone())).collect(),
        }
    }
}

/// The scenario by its place below `scenarios/`, since packs share names: `conduct/flapping`.
fn label(path: &str) -> &str {
    let path = path.strip_prefix("scenarios/").unwrap_or(path);
    path.rsplit_once('.').map_or(path, |(stem, _)| stem)
}

/// How many rows hold, fail, are inconclusive and are not judged, as cells.
fn verdicts(rows: &[&Row]) -> String {
    let count = |verdict| rows.iter().filter(|row| row.verdict == verdict).count();
    let counts = VERDICTS.map(|verdict| count(verdict).to_string());
    counts.join(" | ")
}

fn success(value: Ratio) -> String {
    Unit::Ratio.shown(value)
}

fn decimal(unit: Unit, value: Option<Ratio>) -> String {
    value.map(|value| unit.decimal(value)).unwrap_or_default()
}

const VERDICTS: [Verdict; 4] = [
    Verdict::Holds,
    Verdict::Fails,
    Verdict::Inconclusive,
    Verdict::NotJudged,
];

const POLICY_HEAD: &str = "\
    | policy | holds | fails | inconclusive | not judged | success over all | worst success |\n\
    |---|---:|---:|---:|---:|---:|---|";

const SCENARIO_HEAD: &str = "\
    | scenario | hold | fail | inconclusive | not judged | best success | worst success |\n\
    |---|---:|---:|---:|---:|---:|---:|";
