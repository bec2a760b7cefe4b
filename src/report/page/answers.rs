//! What a page says first: the verdict and the finding, the answers in a sentence each, and every
//! expectation with its margin.

use serde::Serialize;
use serde_json::Value;

use super::compared::{self, best};
use crate::expect::{self, Expectation};
use crate::report::headline::headline;
use crate::report::ratio::grouped;
use crate::report::render::{calls, seeds_and_length};
use crate::report::story::Names;
use crate::report::verdict::{ExpectationResult, Verdict};
use crate::report::{Judged, Ratio, Report, Unit, measures};

/// The head of a page.
#[derive(Serialize)]
pub(super) struct Head {
    pub(super) name: String,
    pub(super) about: String,
    /// `holds`, `fails`, …: also the class of its colour.
    pub(super) verdict: &'static str,
    class: &'static str,
    headline: String,
    /// `3 seeds x 30m, 1,802 calls per run for each policy`.
    size: String,
    notes: Vec<String>,
    /// Questions, each with its answer and the section that has the rest.
    answers: Vec<Answer>,
}

#[derive(Serialize)]
struct Answer {
    question: &'static str,
    text: String,
    link: &'static str,
}

impl Head {
    pub(super) fn new(report: &Report) -> Self {
        let verdict = report.verdict();
        let headline = headline(report);
        let is_trace = !report.subject.traces.is_empty();
        let verdict_word = match report.expects_nothing() || is_trace {
            true => "measured",
            false => verdict.word(),
        };
        let answers = [
            ("Does the gate hold?", Some(gate(report)), "#expectations"),
            ("Why do calls fail?", why(report), "#failures"),
            ("What does it cost?", cost(report), "#money"),
            ("Which policy is better?", better(report), "#policies"),
        ];
        let answers = answers.into_iter().filter_map(|(question, text, link)| {
            text.map(|text| Answer {
                question,
                text,
                link,
            })
        });
        let never = report.silent_faults().into_iter();
        let never = never.map(|sentence| format!("the {sentence}"));
        let notes = report.subject.notes.iter().cloned();
        let notes = notes.chain(never).chain(report.not_judged());
        Self {
            name: report.subject.name.clone(),
            about: report.subject.about.trim().to_owned(),
            verdict: verdict_word,
            class: class(verdict),
            headline,
            size: format!(
                "{}, {} for each policy",
                seeds_and_length(report),
                calls(report)
            ),
            notes: notes.collect(),
            answers: answers.collect(),
        }
    }
}

/// The class of a verdict's colour.
const fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "holds",
        Verdict::Fails => "fails",
        Verdict::NotJudged | Verdict::Inconclusive => "unsure",
    }
}

pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

fn gate(report: &Report) -> String {
    if report.expects_nothing() {
        return "Nothing is expected: the run was measured, not judged.".to_owned();
    }
    let results = report.policies.iter().flat_map(|policy| &policy.judgements);
    let results = Vec::from_iter(results);
    let held = results
        .iter()
        .filter(|one| one.verdict == Verdict::Holds)
        .count();
    let all = results.len();
    let seeds = super::super::seeds::count(&report.seeds);
    let over = match seeds {
        1 => "under one seed".to_owned(),
        seeds => format!("over {seeds} seeds"),
    };
    match held == all {
        true => format!("Yes: {all} of {all} expectations hold, {over}."),
        false => format!("No: {held} of {all} expectations hold, {over}."),
    }
}

/// The policy with the most failed calls, or that failed an expectation, and what made them fail.
fn why(report: &Report) -> Option<String> {
    let names = names(report);
    if let Some(story) = report.stories.first() {
        let policy = report.policies.get(story.policy)?;
        let line = match &story.blame {
            Some(blame) => blame.line(&names),
            None => story.summary(),
        };
        return Some(format!("{}, seed {}: {line}.", policy.name, story.seed));
    }
    let failed = |policy: &&Judged| policy.state.run.calls - policy.state.run.succeeded;
    let worst = report.policies.iter().max_by_key(failed)?;
    let count = failed(&worst);
    if count == 0 {
        return Some("No call failed under any policy.".to_owned());
    }
    let endings = &worst.state.run.endings;
    let reasons = crate::report::Endings::REASONS.iter();
    let (reason, most) = reasons
        .map(|(name, of)| (*name, of(endings)))
        .max_by_key(|(_, count)| *count)?;
    let all = grouped(worst.state.run.calls);
    Some(format!(
        "Most fail under {}: {} of {all} calls, {} of them {}.",
        worst.name,
        grouped(count),
        if most == count {
            "all".to_owned()
        } else {
            grouped(most)
        },
        in_words(reason)
    ))
}

/// How calls failed for a reason of [`crate::report::Endings::REASONS`].
fn in_words(reason: &str) -> &str {
    match reason {
        "exhausted" => "out of attempts or of providers",
        "deadline" => "by their deadline",
        "stopped" => "by a failure that the policy does not retry",
        "unavailable" => "since breakers refused every provider",
        "interrupted" => "after the first token",
        "shed" => "refused for lack of capacity",
        "unfinished" => "never ended",
        "wrong_answer" => "with a wrong answer taken for a good one",
        other => other,
    }
}

fn cost(report: &Report) -> Option<String> {
    let best = best(report)?;
    let view = report.view(best);
    let paid = |policy: &Judged| measures::COST_PER_SUCCESS.of(&report.view(policy));
    let own = paid(best)?;
    let waste = measures::WASTED_SHARE.of(&view)?;
    let shown = |value: Ratio| format!("{} USD", value.times(1_000).fixed(2));
    let mut text = format!(
        "{} pays {} per 1,000 answers, {} of it wasted",
        best.name,
        shown(own),
        measures::WASTED_SHARE.unit.shown(waste)
    );
    let others = report.policies.iter().filter(|one| one.name != best.name);
    let others = others.filter_map(|one| Some((one, paid(one)?)));
    if let Some((other, value)) = others.min_by_key(|(_, value)| *value) {
        text += &format!("; {} pays {}", other.name, shown(value));
    }
    Some(text + ".")
}

/// The best policy against the next: what seeds can tell.
fn better(report: &Report) -> Option<String> {
    let comparisons = compared::all(report);
    let first = comparisons.first()?;
    Some(first.sentence.clone())
}

/// An expectation with what it came to.
#[derive(Serialize)]
pub(super) struct Expected {
    policy: String,
    text: String,
    verdict: &'static str,
    class: &'static str,
    value: String,
    /// How far the value is from the limit: `0.61pp to spare`.
    margin: String,
    finding: String,
    /// The command that judges it again; only of those that do not hold.
    again: Option<String>,
}

/// All expectations, those that fail first; then what was not judged.
pub(super) fn expected(report: &Report) -> Vec<Expected> {
    let mut all = Vec::new();
    for policy in &report.policies {
        all.extend(policy.judgements.iter().map(|result| {
            let mut expected = expect::expected_of(&report.subject.expect, &policy.name);
            let expectation = expected.find(|one| one.text == result.text);
            let is_met = result.verdict == Verdict::Holds;
            let again = (!is_met).then(|| report.again(&policy.name, &result.text));
            let expected = Expected {
                policy: policy.name.clone(),
                text: result.text.clone(),
                verdict: result.verdict.word(),
                class: class(result.verdict),
                value: value(result),
                margin: expectation.map_or_else(String::new, |one| margin(one, result)),
                finding: result.finding.clone(),
                again,
            };
            (result.verdict, expected)
        }));
    }
    all.sort_by_key(|(verdict, _)| std::cmp::Reverse(*verdict));
    let skipped = report.skipped.iter().map(|(policy, text)| Expected {
        policy: policy.clone(),
        text: text.clone(),
        verdict: "skipped",
        class: "unsure",
        value: "-".to_owned(),
        margin: String::new(),
        finding: "not in this run".to_owned(),
        again: None,
    });
    all.into_iter().map(|(_, one)| one).chain(skipped).collect()
}

fn value(result: &ExpectationResult) -> String {
    let Some((unit, value)) = result.value else {
        return "-".to_owned();
    };
    let shown = match result.limit {
        Some(limit) => unit.shown_beside(value, limit),
        None => unit.shown(value),
    };
    match result.is_lower_bound {
        true => format!("{shown} or more"),
        false => shown,
    }
}

fn margin(expectation: &Expectation, result: &ExpectationResult) -> String {
    let (Some((unit, value)), Some(limit)) = (result.value, result.limit) else {
        return String::new();
    };
    let size = unit.signed((value.to_float() - limit.to_float()).abs());
    let size = size.trim_start_matches('+');
    let is_upper = expectation.op.is_upper();
    match (result.verdict, value > limit) {
        (_, _) if value == limit => "at its limit".to_owned(),
        (Verdict::Holds, _) => format!("{size} to spare"),
        (_, true) if is_upper => format!("{size} too much"),
        (_, false) if !is_upper => format!("{size} short"),
        _ => String::new(),
    }
}

/// Why a policy failed expectations.
#[derive(Serialize)]
pub(super) struct Told {
    policy: String,
    summary: String,
    blame: String,
    trace: String,
}

pub(super) fn stories(report: &Report) -> Vec<Told> {
    let names = names(report);
    let told = report.stories.iter().filter_map(|story| {
        let policy = report.policies.get(story.policy)?;
        let blame = story.blame.as_ref().map(|blame| blame.line(&names));
        let first = story.worst.told().first().map(|story| story.call);
        let pick = first.map_or(
            crate::report::story::Pick::Failed,
            crate::report::story::Pick::Call,
        );
        Some(Told {
            policy: policy.name.clone(),
            summary: capital(&story.summary()),
            blame: blame.map(|line| capital(&line)).unwrap_or_default(),
            trace: report.trace(&policy.name, story.seed, pick),
        })
    });
    told.collect()
}

/// The names of the providers and faults of `report`.
pub(super) fn names(report: &Report) -> Names {
    let providers = report.subject.providers.iter();
    let faults = report.subject.faults.iter();
    Names::new(
        Vec::from_iter(providers.map(|one| one.name.as_str())),
        Vec::from_iter(faults.map(|one| one.name.as_str())),
    )
}

/// A configuration as it was resolved.
#[derive(Serialize)]
pub(super) struct Setup {
    name: String,
    text: String,
}

/// The scenario, then each policy.
pub(super) fn setup(report: &Report) -> Vec<Setup> {
    let text = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default();
    let scenario = Setup {
        name: format!("Scenario {}", report.subject.name),
        text: text(&report.subject.resolved),
    };
    let policies = report.policies.iter().map(|policy| Setup {
        name: format!("Policy {}", policy.name),
        text: text(&policy.config),
    });
    let all = [scenario].into_iter().chain(policies);
    all.filter(|one| one.text != "null").collect()
}

/// A share as people read it.
pub(super) fn percent(part: u64, all: u64) -> String {
    let share = Ratio::share(part, all);
    share.map_or_else(|| "-".to_owned(), |share| Unit::Ratio.shown(share))
}
