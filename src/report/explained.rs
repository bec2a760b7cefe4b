//! What the one sentence of a measure leaves out: how it is computed, how seeds are combined, and
//! an expectation of it as an example. The command line and `docs/measures.md` print it.

use super::measures::{Argument, MEASURES, Measure};
use super::unit::Unit;

impl Measure {
    /// Its name, with what it takes in parentheses: `recovery_time(PROVIDER)`.
    pub fn full_name(&self) -> String {
        match self.argument() {
            Some(argument) => format!("{}({})", self.name, argument.word().to_uppercase()),
            None => self.name.to_owned(),
        }
    }

    /// How the runs of several seeds, or several recorded traces, make one value.
    pub fn over_runs(&self) -> &'static str {
        match self.unit {
            unit if unit.is_per_run() => "The sum over all runs, divided by their number.",
            _ if self.is_most => "The most in any run.",
            Unit::Ms => "Over all runs together.",
            _ => "A ratio of sums over all runs.",
        }
    }

    /// How it is computed; none when the sentence says all.
    pub fn computed(&self) -> Option<&'static str> {
        let mut rows = COMPUTED.iter();
        let found = rows.find(|(names, _)| names.iter().any(|name| self.is_of(name)));
        found.map(|(_, text)| *text)
    }

    /// An expectation of it, as an example.
    pub fn example(&self) -> String {
        let name = match self.argument() {
            Some(argument) => format!("{}({})", self.name, named(argument)),
            None => self.name.to_owned(),
        };
        format!("{name} {}", self.bound)
    }

    /// Whether `name` is its name, or the part before the point.
    fn is_of(&self, name: &str) -> bool {
        let rest = self.name.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

const fn named(argument: Argument) -> &'static str {
    match argument {
        Argument::Provider => "openai",
        Argument::Fault => "primary-down",
        Argument::Reason => "deadline",
        Argument::Alert => "slow",
    }
}

/// The page about all measures, in Markdown.
pub(crate) fn page() -> String {
    let mut page = PAGE.to_owned();
    for measure in MEASURES {
        let cells = [
            format!("`{}`", measure.full_name()),
            measure.unit.name().to_owned(),
            measure.about.to_owned(),
            measure.over_runs().to_owned(),
            format!("`{}`", measure.example()),
        ];
        page.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    page.push_str("\n## How they are computed\n");
    for (names, text) in COMPUTED {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        page.push_str(&format!("\n**{}**: {text}\n", names.join(", ")));
    }
    page
}

const PAGE: &str = "# Measures

What reports show and expectations judge. `firedrill measures` prints this table, and `firedrill
explain MEASURE` one row with all that is known of it; `firedrill explain RESULT` says which seeds,
windows and calls decided the expectations of a result. A run is one seed, or one recorded trace.
Counts and money are per run, the mean over the runs, so that a bound does not depend on how many
seeds there are; the JSON result has their totals beside them.

| measure | unit | what it is | several runs | for example |
| --- | --- | --- | --- | --- |
";

/// How measures are computed: those with one of these names, or whose name begins with it and a
/// point.
const COMPUTED: &[(&[&str], &str)] = &[
    (
        &["uptime", "outages", "outage_longest", "outage_mean"],
        "Arrival time is cut into windows of one length (`uptime.window`, 10 s by default). A \
         window is down when all of its calls failed, or when at least two did and more than 5 % \
         of them (`uptime.down_above`). A window without calls keeps the state of the last one \
         that had some, and windows before the first call are not judged. A run of down windows \
         is an outage. Example: ten minutes of refusals in thirty, at one call a second, are 66.7 \
         % and an outage of 10 min; one call that fails of one is 0 %. That time counts beside \
         calls, and that a state lasts until the next call shows another, follows \"Meaningful \
         Availability\" (Hauer et al., NSDI 2020).",
    ),
    (
        &[
            "success_rate",
            "succeeded",
            "goodput",
            "truncated_successes",
        ],
        "A call succeeds when its client got a whole answer. If the trace says what the provider \
         wrote (as in simulation), a call whose client took for an answer what was not written \
         whole has failed, for the reason `wrong_answer`; `truncated_successes` is the number of \
         these calls. In traces of production the client's word counts.",
    ),
    (
        &["failed_calls"],
        "Each failed call has one reason. `wrong_answer`: the client took for an answer what its \
         provider had not written whole. `unfinished`: the run ended first, or the call was \
         dropped.",
    ),
    (
        &["latency", "ttft"],
        "Of calls that succeeded. Quantiles are by nearest rank, over buckets of three significant \
         digits; mean and maximum are exact.",
    ),
    (
        &["latency_failed"],
        "From the arrival to the error that the caller gets, or to the wrong answer. Calls that \
         never ended have no such time and are left out. Quantiles as for `latency`.",
    ),
    (
        &["recovery_time"],
        "Whole answers of the provider for each call that arrives, before the fault was first \
         active, and in the seconds after each of its ends, merged until 20 calls arrived. The \
         provider has recovered at the start of the first such interval with half of the former \
         rate. If the run ends first, the value is a lower bound and reports say \"or more\".",
    ),
    (
        &["failover_time"],
        "From the start of the fault that brought windows down to the start of the first window \
         that was up again; windows are those of `uptime`. A lower bound when the run ends first.",
    ),
    (
        &["alerts", "false_alarms", "missed_faults", "time_to_detect"],
        "A rule is evaluated at each multiple of `every` (15 s by default) of simulated time, on \
         what ended within the windows of time in `over` before it, as a client sees it: a wrong \
         answer is a success. `success_rate` and `fallback_rate` are shares of the calls that \
         ended. `latency.p95 > 4s` holds when more than 5 % of the calls that succeeded took \
         longer than 4 s. `failure_rate(PROVIDER)` is the share of the attempts at a provider \
         that failed: near 100 % it is down. `cost` is what all providers billed: a budget that \
         burns. `burn_rate` is the share of calls that failed, divided by the share that `slo` \
         lets fail: 1 uses up the error budget exactly. With several windows the comparison must \
         hold over each: a long one shows that it matters, a short one that it still goes on. \
         Over a window without calls (or attempts) it does not hold, unless it is about `cost`. \
         The rule fires at the first evaluation at which the comparison has held for `for` (0 by \
         default), and again only after one at which it did not hold. It detects a fault of \
         `detects` (all by default) when it begins to fire while the fault is active, or at most \
         the longest of its windows later, since it looks back that far; `time_to_detect` is from \
         the fault's start to then. A fault in whose time the rule is evaluated and does not \
         begin to fire is missed, also when the rule was firing before. A firing that begins at \
         any other time is a false alarm.",
    ),
    (
        &["check_uptime"],
        "Health checks that passed, of all that ended (`health_check` of a policy). A check asks a \
         provider for little: it passes while users' calls time out, run into limits or get wrong \
         answers, and fails where no user asks. `uptime` stands beside it.",
    ),
    (
        &["load_during", "thundering_herd"],
        "Attempts at all targets of the fault, by the time they began, for each second; divided by \
         their rate before the fault was first active. A herd is not told when that rate is below \
         one attempt a second: one attempt by chance in the worst second would look like one.",
    ),
    (
        &["wasted_cost", "wasted_share", "cost", "cost_per_success"],
        "Billed tokens at the provider's prices; rounded once, after they are summed. Wasted is \
         what was billed for anything but the answer that the call succeeded with.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::measures::Better;

    #[test]
    fn every_text_is_of_a_measure() {
        for name in COMPUTED.iter().flat_map(|(names, _)| *names) {
            assert!(MEASURES.iter().any(|one| one.is_of(name)), "{name}");
        }
    }

    #[test]
    fn every_example_bounds_its_measure_on_the_worse_side_and_in_its_unit() {
        let faults = ["primary-down".to_owned()];
        for measure in MEASURES {
            let text = measure.example();
            let read = crate::expect::parse(&text, &faults, &|range, message| {
                crate::text::Diagnostic::of_text("x.yaml", &text, range, message)
            });
            let read = read.unwrap_or_else(|problem| panic!("{problem}"));
            assert!(measure.unit.worth(read.bound).is_some(), "{text}");
            let worse = match measure.better {
                Better::More => ">=",
                Better::Less => "<=",
                Better::Neither => continue,
            };
            assert!(measure.bound.starts_with(worse), "{text}");
        }
    }
}
