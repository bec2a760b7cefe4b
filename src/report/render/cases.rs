//! The expectations of reports as a list of cases, for the formats of CI systems: each with its
//! result, the line of the scenario's file that it stands in, and how it came about.

use super::failure;
use crate::expect::Expectation;
use crate::policy::config::EVERY;
use crate::report::verdict::{ExpectationResult, Verdict};
use crate::report::{Judged, Report};

/// The cases of one report.
pub(super) struct Suite<'a> {
    pub(super) report: &'a Report,
    /// The scenario's name; with what was set, where another report has the same.
    pub(super) name: String,
    pub(super) cases: Vec<Case<'a>>,
}

/// One expectation on one policy, or a policy that was not judged.
pub(super) struct Case<'a> {
    pub(super) policy: &'a str,
    /// The expectation as it was written; empty for a policy that was not judged.
    pub(super) text: &'a str,
    /// The line of the scenario's file.
    pub(super) line: Option<u64>,
    pub(super) outcome: Outcome<'a>,
    /// Whether it calls for an action: it does not hold, or it is a policy that should have been
    /// judged and was not. What was skipped, because its policy is not in this run, and a scenario
    /// without expectations are no findings.
    pub(super) is_finding: bool,
}

/// The result of a case.
pub(super) enum Outcome<'a> {
    /// It was judged.
    Judged(&'a ExpectationResult),
    /// Nothing was judged, for this reason.
    NotJudged(String),
}

impl Case<'_> {
    pub(super) const fn verdict(&self) -> Verdict {
        match &self.outcome {
            Outcome::Judged(result) => result.verdict,
            Outcome::NotJudged(_) => Verdict::NotJudged,
        }
    }

    /// `was 66.71%`, or why there is no value.
    pub(super) fn finding(&self) -> &str {
        match &self.outcome {
            Outcome::Judged(result) => &result.finding,
            Outcome::NotJudged(why) => why,
        }
    }

    /// The expectation, or that there is none.
    pub(super) fn title(&self) -> &str {
        match self.text {
            "" => "not judged",
            text => text,
        }
    }

    /// `fails: success_rate >= 99%, was 68.01%`.
    pub(super) fn sentence(&self) -> String {
        let (verdict, finding) = (self.verdict().word(), self.finding());
        match self.text {
            "" => format!("{verdict}: {finding}"),
            text => format!("{verdict}: {text}, {finding}"),
        }
    }
}

impl<'a> Suite<'a> {
    /// The cases of each report, in order.
    pub(super) fn all(reports: &[&'a Report]) -> Vec<Self> {
        let suite = |report: &&'a Report| {
            let same = reports.iter().filter(|one| one.name() == report.name());
            Self {
                report,
                name: name(report, same.count() > 1),
                cases: cases(report),
            }
        };
        reports.iter().map(suite).collect()
    }

    pub(super) fn count(&self, verdict: Verdict) -> usize {
        let cases = self.cases.iter();
        cases.filter(|case| case.verdict() == verdict).count()
    }

    /// Where the case is stated: `scenarios/outage.yaml:31`.
    pub(super) fn place(&self, case: &Case<'_>) -> String {
        match case.line {
            Some(line) => format!("{}:{line}", self.report.path),
            None => self.report.path.clone(),
        }
    }

    /// How a case that does not hold came about, and the command that judges it again.
    pub(super) fn story(&self, case: &Case<'_>) -> Vec<String> {
        let report = self.report;
        let mut lines = vec![format!("{}: {}", case.policy, case.sentence())];
        if case.verdict() == Verdict::NotJudged {
            return lines;
        }
        if report.subject.traces.is_empty() {
            lines.push(report.again(case.policy, case.text));
        }
        let policies = report.policies.iter().enumerate();
        let mut of_case = policies.filter(|(_, judged)| judged.name == case.policy);
        if let Some((place, policy)) = of_case.next() {
            lines.extend(failure::lines(report, place, policy));
        }
        lines
    }
}

fn name(report: &Report, is_one_of_several: bool) -> String {
    let set = report.overrides.iter().filter(|_| is_one_of_several);
    let set = set.map(|(path, value)| format!(" {path}={value}"));
    report.name().to_owned() + &set.collect::<String>()
}

fn cases(report: &Report) -> Vec<Case<'_>> {
    let judged = report.policies.iter().flat_map(of_policy);
    let unjudged = report.unjudged().into_iter();
    let unjudged = unjudged.map(|policy| Case {
        policy,
        text: "",
        line: None,
        outcome: Outcome::NotJudged(match report.expects_nothing() {
            true => "the scenario has no expectations".to_owned(),
            false => report.why_not(policy),
        }),
        is_finding: !report.expects_nothing(),
    });
    let skipped = report.skipped.iter().map(|(policy, text)| Case {
        policy,
        text,
        line: line(report, policy, text),
        outcome: Outcome::NotJudged(why_skipped(report, policy).to_owned()),
        is_finding: false,
    });
    judged.chain(unjudged).chain(skipped).collect()
}

fn of_policy(policy: &Judged) -> impl Iterator<Item = Case<'_>> {
    policy.judgements.iter().map(|result| Case {
        policy: &policy.name,
        text: &result.text,
        line: result.line,
        outcome: Outcome::Judged(result),
        is_finding: result.verdict != Verdict::Holds,
    })
}

/// Why an expectation on `policy` was not judged.
fn why_skipped(report: &Report, policy: &str) -> &'static str {
    let has_run = report.policies.iter().any(|ran| ran.name == policy);
    match policy == EVERY || has_run {
        true => "it compares with a policy that is not in this run",
        false => "its policy is not in this run",
    }
}

/// The line of an expectation that was not judged.
fn line(report: &Report, policy: &str, text: &str) -> Option<u64> {
    let expect = report.subject.expect.iter();
    let mut own = expect
        .filter(|(name, _)| name == policy)
        .flat_map(|(_, expected)| expected);
    let found: Option<&Expectation> = own.find(|one| one.text == text);
    found?.line
}
