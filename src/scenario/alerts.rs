//! Alert rules of a scenario: what a monitor would be told to watch.
//!
//! This module reads and checks them; [`crate::expect::alert`] has the signals, and reports
//! evaluate the rules.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::fault::Fault;
use super::provider::Fleet;
use crate::expect::alert::{AlertRule, SIGNALS, Signal, SignalRow};
use crate::expect::{self, Expectation, Point};
use crate::policy::ProviderId;
use crate::text::Diagnostic;
use crate::text::findings::Findings;
use crate::text::one_of::OneOf;
use crate::text::place::{Place, named};
use crate::text::section::section;
use crate::time::LONGEST_RUN;
use crate::trace::FaultId;
use crate::units::{Length, Share, duration};

section! {
    /// One of `alerts`.
    #[derive()]
    pub(super) struct Written [] ("Alert") {
        /// When it fires: a signal, a comparison, a threshold, as in `fallback_rate > 20%`.
        required condition "if": String;
        /// The time that it looks back on; with several, the comparison must hold over each.
        required over: OneOf<Length>;
        /// From evaluation to evaluation; 15s by default.
        default every: Duration as Length = EVERY, in Duration::from_secs(1)..=HOUR;
        /// How long the comparison must hold before it fires; 0 by default.
        default pending "for": Duration as Length = Duration::ZERO,
            in Duration::ZERO..=LONGEST_RUN;
        /// For `burn_rate`: the share of calls that must succeed.
        optional slo: Share;
        /// The faults that it is meant to detect; all by default.
        optional detects: Vec<String>;
    }
}

/// The rules in the file's order.
pub(super) fn alerts(
    section: &Place<'_>,
    written: BTreeMap<String, Written>,
    fleet: &Fleet,
    faults: &[String],
    findings: &mut Findings,
) -> Vec<AlertRule> {
    let limits = ("an alert", 100);
    let rules = named(section, limits, written, findings, |place, name, one| {
        one.rule(name, place, fleet, faults)
    });
    rules.into_iter().filter_map(|(_, rule)| rule).collect()
}

impl Written {
    fn rule(
        self,
        name: &str,
        place: &Place<'_>,
        fleet: &Fleet,
        faults: &[String],
    ) -> Result<AlertRule, Diagnostic> {
        let point = |range, message: String| {
            let problem = place.problem("if", message);
            problem.within(&self.condition, range)
        };
        let condition = expect::parse(&self.condition, &[], &point)?;
        Ok(AlertRule {
            name: name.to_owned(),
            text: condition.text.clone(),
            signal: self.signal(&condition, place, fleet, &point)?,
            op: condition.op,
            bound: condition.bound,
            over: self.windows(self.every, place)?,
            every: self.every,
            pending: self.pending,
            detects: self.detected(place, faults)?,
        })
    }

    fn signal(
        &self,
        condition: &Expectation,
        place: &Place<'_>,
        fleet: &Fleet,
        point: Point<'_>,
    ) -> Result<Signal, Diagnostic> {
        let Expectation { text, metric, .. } = condition;
        let at = |part: &str, message| {
            let start = text.find(part).unwrap_or_default();
            point(start..start + part.len(), message)
        };
        let Some(row) = SignalRow::of(metric) else {
            let problem = at(metric, format!("no alert can look at `{metric}`"));
            return Err(problem.did_you_mean(metric, SIGNALS.iter().map(|row| row.name)));
        };
        row.check(condition, point)?;
        let provider = match &condition.argument {
            Some(name) => fleet.find(name, |message| at(name, message))?,
            None => ProviderId(0),
        };
        let signal = row.signal(provider, self.budget());
        match (signal, self.slo) {
            (Signal::BurnRate { budget }, _) if budget == Share::ZERO => {
                let problem = at(metric, "a burn rate needs an objective".to_owned());
                Err(problem.hint("write the share of calls that must succeed: `slo: 99.9%`"))
            }
            (Signal::BurnRate { .. }, _) | (_, None) => Ok(signal),
            (_, Some(_)) => {
                place.refuse_key("slo", "only `burn_rate` has an objective", "leave it out")
            }
        }
    }

    /// The share of calls that may fail; none without an objective, or with one of 100 %.
    fn budget(&self) -> Share {
        self.slo.map_or(Share::ZERO, Share::rest)
    }

    /// The windows of time, each a whole number of evaluations.
    fn windows(&self, every: Duration, place: &Place<'_>) -> Result<Vec<Duration>, Diagnostic> {
        for Length(window) in self.over.values() {
            place.within("over", *window, every..=LONGEST_WINDOW, duration::write)?;
            if !window.as_nanos().is_multiple_of(every.as_nanos()) {
                let every = duration::write(every);
                let message = format!(
                    "`{}` is not a multiple of {every}",
                    duration::write(*window)
                );
                let hint = format!("it is evaluated every {every}, see `every`");
                return place.refuse("over", message, hint);
            }
            if window.as_nanos() / every.as_nanos() > MOST_BUCKETS {
                let message = format!("these are more than {MOST_BUCKETS} evaluations");
                return place.refuse("over", message, "make `every` longer");
            }
        }
        match self.over.values() {
            [] => Err(place.problem("over", "an alert looks back on some time")),
            windows => Ok(windows.iter().map(|window| window.0).collect()),
        }
    }

    fn detected(&self, place: &Place<'_>, faults: &[String]) -> Result<Vec<FaultId>, Diagnostic> {
        let ids = (0..=u16::MAX).map(FaultId).zip(faults);
        let Some(names) = &self.detects else {
            return Ok(ids.map(|(id, _)| id).collect());
        };
        let find = |name: &String| {
            let found = ids.clone().find(|(_, fault)| *fault == name);
            found.map(|(id, _)| id).ok_or_else(|| {
                let known = faults.iter().map(String::as_str);
                let problem = place.problem("detects", format!("unknown fault `{name}`"));
                problem.did_you_mean(name, known)
            })
        };
        names.iter().map(find).collect()
    }
}

/// A rule as understood.
pub(super) fn shown(rule: &AlertRule, faults: &[Fault]) -> Value {
    let detects = rule.detects.iter();
    let detects = detects.filter_map(|id| Some(faults.get(id.index())?.name.as_str()));
    let slo = match rule.signal {
        Signal::BurnRate { budget } => Some(budget.rest()),
        _ => None,
    };
    json!({
        "name": rule.name,
        "if": rule.text,
        "slo": slo,
        "over": rule.over.iter().map(|one| duration::write(*one)).collect::<Vec<_>>(),
        "every": duration::write(rule.every),
        "for": duration::write(rule.pending),
        "detects": detects.collect::<Vec<_>>(),
    })
}

/// As often as monitors usually evaluate their rules.
const EVERY: Duration = Duration::from_secs(15);
const HOUR: Duration = Duration::from_secs(3_600);
const LONGEST_WINDOW: Duration = Duration::from_secs(30 * 86_400);

/// A bound on what each rule keeps.
const MOST_BUCKETS: u128 = 100_000;
