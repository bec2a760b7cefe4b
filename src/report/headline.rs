//! The one sentence that a report is about: whether its expectations hold, or what they show.

use super::measures;
use super::verdict::{self, ExpectationResult, Verdict};
use super::{Judged, Ratio, Report, Unit};
use crate::expect::{Expectation, Op};

/// `2 of 8 expectations fail: resilient, success_rate >= 99%, was 66.71%`, or, where all hold, what
/// tells the policies apart.
pub(super) fn headline(report: &Report) -> String {
    let results = report.policies.iter();
    let results = results.flat_map(|policy| policy.judgements.iter().map(move |one| (policy, one)));
    let results = Vec::from_iter(results);
    let of = |verdict: Verdict| {
        results
            .iter()
            .filter(move |(_, one)| one.verdict == verdict)
    };
    let all = results.len();
    for (verdict, verb) in [
        (Verdict::Fails, ["fails", "fail"]),
        (
            Verdict::Inconclusive,
            ["is inconclusive", "are inconclusive"],
        ),
    ] {
        if let Some((policy, first)) = of(verdict).next() {
            let count = of(verdict).count();
            let verb = verb[usize::from(count > 1)];
            let noun = if all == 1 {
                "expectation"
            } else {
                "expectations"
            };
            let told = told(&policy.name, first);
            return format!("{count} of {all} {noun} {verb}: {told}");
        }
    }
    contrast(report).unwrap_or_else(|| success(report))
}

fn told(policy: &str, result: &ExpectationResult) -> String {
    format!("{policy}, {}, {}", result.text, result.finding)
}

/// The values of all policies by the expectation that tells them apart most.
fn contrast(report: &Report) -> Option<String> {
    let expected = report.subject.expect.iter().flat_map(|(_, all)| all);
    let rows = expected.filter_map(|one| Some((one, values(report, one)?)));
    // What users feel first; of several expectations the one with the widest spread.
    let (expectation, values) = rows.max_by_key(|(one, values)| {
        let weight = WEIGHTS.iter().position(|word| one.metric.starts_with(word));
        (
            weight.map_or(0, |place| WEIGHTS.len() - place),
            spread(values),
        )
    })?;
    Some(sentence(expectation, values))
}

/// Each policy's value, the best first; none where all have the same, or one has none.
fn values<'a>(report: &'a Report, one: &Expectation) -> Option<Vec<(&'a str, Unit, Ratio)>> {
    let value = |policy: &'a Judged| {
        let found = verdict::measured(one, &policy.state, &report.prices)?;
        Some((policy.name.as_str(), found.measure.unit, found.value))
    };
    let values: Option<Vec<_>> = report.policies.iter().map(value).collect();
    let mut values = values?;
    let shown = |(_, unit, value): &(&str, Unit, Ratio)| unit.shown(*value);
    let first = values.first().map(shown)?;
    if values.iter().all(|value| shown(value) == first) {
        return None;
    }
    values.sort_by_key(|(_, _, value)| *value);
    let measure = measures::find(&one.metric)?;
    let less_is_better = match measure.better {
        measures::Better::Less => true,
        measures::Better::More => false,
        measures::Better::Neither => matches!(one.op, Op::AtMost | Op::Below),
    };
    if !less_is_better {
        values.reverse();
    }
    Some(values)
}

fn spread(values: &[(&str, Unit, Ratio)]) -> Ratio {
    let all = values.iter().map(|(_, _, value)| *value);
    match (all.clone().max(), all.min()) {
        (Some(most), Some(least)) => most.minus(least),
        _ => Ratio::whole(0),
    }
}

/// `resilient and backoff answer 100.00% of calls after down from 1m, naive 0.22%`.
fn sentence(expectation: &Expectation, values: Vec<(&str, Unit, Ratio)>) -> String {
    let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
    for (name, unit, value) in values {
        let shown = unit.shown(value);
        match groups.last_mut() {
            Some((last, names)) if *last == shown => names.push(name),
            _ => groups.push((shown, vec![name])),
        }
    }
    let sign = expectation.op.sign();
    let left = expectation.text.split(sign).next().unwrap_or_default();
    let (metric, scope) = left.trim().split_once(' ').unwrap_or((left.trim(), ""));
    let phrase = PHRASES.iter().find(|(name, ..)| *name == metric);
    let mut groups = groups.into_iter();
    let Some((first, names)) = groups.next() else {
        return String::new();
    };
    let is_one = names.len() == 1;
    let subject = joined(&names);
    let opening = match phrase {
        Some((_, one, _, rest)) if is_one => format!("{subject} {one} {first}{rest}"),
        Some((_, _, several, rest)) => format!("{subject} {several} {first}{rest}"),
        None if is_one => format!("{subject} has {metric} {first}"),
        None => format!("{subject} have {metric} {first}"),
    };
    let scope = match scope.trim() {
        "" => String::new(),
        scope => format!(" {scope}"),
    };
    let others = groups.map(|(shown, names)| format!(", {} {shown}", joined(&names)));
    format!("{opening}{scope}{}", String::from_iter(others))
}

/// `a`, `a and b`, `a, b and c`.
fn joined(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Of a report that expects nothing, or in which nothing differs.
fn success(report: &Report) -> String {
    let each = report.policies.iter().map(|policy| {
        let run = &policy.state.run;
        let share = Ratio::share(run.succeeded, run.calls);
        let share = share.map_or("no".to_owned(), |share| Unit::Ratio.shown(share));
        format!("{} answers {share} of calls", policy.name)
    });
    let each = Vec::from_iter(each.take(MOST_NAMED));
    match each.is_empty() {
        true => "nothing was measured".to_owned(),
        false => each.join(", "),
    }
}

/// What users feel first.
const WEIGHTS: [&str; 6] = [
    "success_rate",
    "uptime",
    "latency",
    "ttft",
    "cost",
    "attempts",
];

/// A measure, the words before its value for one policy and for several, and those behind it.
const PHRASES: [(&str, &str, &str, &str); 9] = [
    ("success_rate", "answers", "answer", " of calls"),
    ("uptime", "is up for", "are up for", " of the time"),
    (
        "latency.p50",
        "gives half of its answers within",
        "give half of their answers within",
        "",
    ),
    (
        "latency.p95",
        "gives 95 % of its answers within",
        "give 95 % of their answers within",
        "",
    ),
    (
        "latency.p99",
        "gives 99 % of its answers within",
        "give 99 % of their answers within",
        "",
    ),
    (
        "ttft.p95",
        "starts 95 % of its answers within",
        "start 95 % of their answers within",
        "",
    ),
    ("cost_per_success", "pays", "pay", " for each answer"),
    ("attempts_per_call", "makes", "make", " attempts per call"),
    ("wasted_share", "wastes", "waste", " of what is paid"),
];

const MOST_NAMED: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expect::{Bound, When};

    fn expectation(text: &str, metric: &str, op: Op) -> Expectation {
        Expectation {
            text: text.to_owned(),
            metric: metric.to_owned(),
            argument: None,
            of: None,
            when: When::Always,
            op,
            bound: Bound::Share(0),
            than: None,
            shift: None,
            by_interval: false,
            line: None,
        }
    }

    #[test]
    fn a_contrast_names_policies_of_one_value_together() {
        let text = "success_rate after down from 1m >= 95%";
        let one = expectation(text, "success_rate", Op::AtLeast);
        let share = |per_cent| Ratio::whole(per_cent).divided_by(100);
        let values = vec![
            ("a", Unit::Ratio, share(100)),
            ("b", Unit::Ratio, share(100)),
            ("naive", Unit::Ratio, share(3)),
        ];
        let told = "a and b answer 100.00% of calls after down from 1m, naive 3.00%";
        assert_eq!(sentence(&one, values), told);
    }

    #[test]
    fn a_measure_without_a_phrase_is_named() {
        let one = expectation("recovery_time(openai) <= 60s", "recovery_time", Op::AtMost);
        let values = vec![("a", Unit::Ms, Ratio::whole(4_000))];
        assert_eq!(sentence(&one, values), "a has recovery_time(openai) 4.0s");
    }
}
