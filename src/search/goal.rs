//! What a search is after: `minimise cost_per_success subject to success_rate >= 99.9%`.
//!
//! ```text
//! DIRECTION QUANTITY (, then DIRECTION QUANTITY)* [subject to EXPECTATION (, EXPECTATION)*]
//! DIRECTION QUANTITY (, DIRECTION QUANTITY)*      [subject to …]
//! ```
//!
//! DIRECTION is `maximise` or `minimise`; QUANTITY and EXPECTATION are written as under `expect`.
//! With `then`, the next quantity decides where the ones before cannot be told apart. Without it,
//! several quantities have no best value, but a Pareto front.

use std::ops::Range;

use crate::drill::Drill;
use crate::expect::Expectation;
use crate::prices::Price;
use crate::report::RunStats;
use crate::report::measures;
use crate::report::verdict;
use crate::text::Diagnostic;
use crate::units::truncate;

/// What a search is after, before it is known in which scenarios.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// What to make large or small, the most important first.
    objectives: Vec<Wanted>,
    /// Whether no objective comes before another.
    pub is_front: bool,
    /// What must hold, beside the expectations of the scenarios.
    constraints: Vec<Phrase>,
}

/// An objective as it was written.
#[derive(Clone, Debug, PartialEq)]
struct Wanted {
    is_more_better: bool,
    quantity: Phrase,
}

/// A part of the words on the command line.
#[derive(Clone, Debug, PartialEq)]
struct Phrase {
    words: String,
    part: Range<usize>,
}

/// A quantity to make large or small, in one scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Objective {
    pub(super) quantity: Expectation,
    pub(super) is_more_better: bool,
}

/// What must hold, in one scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Constraint {
    pub(super) expectation: Expectation,
    limit: f64,
}

impl Default for Goal {
    /// The most answers, and of policies that answer as many the cheapest.
    fn default() -> Self {
        let words = "maximise success_rate, then minimise cost_per_success";
        Self::parse("--objective", &[words.to_owned()], &[]).unwrap_or(Self {
            objectives: Vec::new(),
            is_front: false,
            constraints: Vec::new(),
        })
    }
}

impl Goal {
    /// Reads `objectives`, each the value of `flag`, and further constraints, those of
    /// `--subject-to`. Several objectives have a front.
    pub fn parse(
        flag: &str,
        objectives: &[String],
        subject_to: &[String],
    ) -> Result<Self, Diagnostic> {
        let mut goal = Self {
            objectives: Vec::new(),
            is_front: objectives.len() > 1,
            constraints: Vec::new(),
        };
        for text in objectives {
            let phrase = Phrase::behind(flag, text);
            let (wanted, constraints) = phrase.split_once("subject to");
            goal.constraints
                .extend(constraints.iter().flat_map(Phrase::list));
            goal.add_objectives(&wanted, objectives.len() > 1)?;
        }
        if objectives.is_empty() {
            goal.objectives = Self::default().objectives;
        }
        let further = subject_to
            .iter()
            .map(|text| Phrase::behind("--subject-to", text));
        goal.constraints
            .extend(further.flat_map(|phrase| phrase.list()));
        Ok(goal)
    }

    fn add_objectives(&mut self, all: &Phrase, has_others: bool) -> Result<(), Diagnostic> {
        let parts = all.list();
        let is_ranked = |part: &Phrase| part.text().starts_with("then ");
        let ranked = parts.iter().skip(1).filter(|part| is_ranked(part)).count();
        if ranked > 0 && (ranked + 1 < parts.len() || has_others) {
            let message = "some objectives are ranked by `then`, and some are not";
            return Err(all
                .problem(message)
                .hint("write `, then` between all of them, or nowhere"));
        }
        self.is_front |= ranked == 0 && parts.len() > 1;
        for part in parts {
            let part = part.without("then ");
            self.objectives.push(Wanted::read(&part)?);
        }
        Ok(())
    }

    /// The objectives in the scenario of `drill`.
    pub(super) fn objectives(&self, drill: &Drill) -> Result<Vec<Objective>, Diagnostic> {
        let each = self.objectives.iter();
        each.map(|wanted| {
            Ok(Objective {
                quantity: wanted.quantity.quantity(drill)?,
                is_more_better: wanted.is_more_better,
            })
        })
        .collect()
    }

    /// What must hold in the scenario of `drill` beside its own expectations.
    pub(super) fn constraints(&self, drill: &Drill) -> Result<Vec<Expectation>, Diagnostic> {
        let each = self.constraints.iter();
        each.map(|phrase| {
            drill.expectation(phrase.text(), &|range, message| {
                phrase.problem_at(range, message)
            })
        })
        .collect()
    }

    /// The objectives as they were written, the most important first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.objectives.iter().map(|wanted| wanted.quantity.text())
    }

    /// Whether more of each objective is better.
    pub(super) fn directions(&self) -> impl Iterator<Item = bool> + '_ {
        self.objectives.iter().map(|wanted| wanted.is_more_better)
    }

    /// The whole goal in words, without the expectations of scenarios.
    pub fn words(&self) -> String {
        let objectives = self.objectives.iter().map(|wanted| {
            let direction = if wanted.is_more_better {
                "maximise"
            } else {
                "minimise"
            };
            format!("{direction} {}", wanted.quantity.text())
        });
        let between = if self.is_front { ", " } else { ", then " };
        let mut words = Vec::from_iter(objectives).join(between);
        let constraints = Vec::from_iter(self.constraints.iter().map(Phrase::text));
        if !constraints.is_empty() {
            words += &format!(" subject to {}", constraints.join(", "));
        }
        words
    }
}

impl Wanted {
    fn read(phrase: &Phrase) -> Result<Self, Diagnostic> {
        let text = phrase.text();
        let (direction, _) = text.split_once(' ').unwrap_or((text, ""));
        let is_more_better = match direction {
            "maximise" | "maximize" => true,
            "minimise" | "minimize" => false,
            _ => {
                let message = format!("`{}` is not a direction", truncate(direction));
                let problem = phrase.problem_at(0..direction.len(), message);
                return Err(problem.hint("begin with `maximise` or `minimise`"));
            }
        };
        let quantity = phrase.without(direction);
        if quantity.text().is_empty() {
            let message = "there is no measure behind it";
            return Err(phrase
                .problem(message)
                .hint("write as in `minimise cost_per_success`"));
        }
        Ok(Self {
            is_more_better,
            quantity,
        })
    }
}

impl Phrase {
    fn behind(flag: &str, text: &str) -> Self {
        let words = format!("{flag} {text}");
        let part = flag.len() + 1..words.len();
        Self { words, part }.trimmed()
    }

    fn text(&self) -> &str {
        &self.words[self.part.clone()]
    }

    /// The same words, of which `range` of this part is meant.
    fn sub(&self, range: Range<usize>) -> Self {
        let start = self.part.start;
        let part = start + range.start..start + range.end;
        Self {
            words: self.words.clone(),
            part,
        }
        .trimmed()
    }

    fn trimmed(mut self) -> Self {
        let text = self.text();
        let start = self.part.start + text.len() - text.trim_start().len();
        let end = self.part.start + text.trim_end().len();
        self.part = start.min(end)..end;
        self
    }

    fn without(&self, prefix: &str) -> Self {
        match self.text().strip_prefix(prefix) {
            Some(_) => self.sub(prefix.len()..self.text().len()),
            None => self.clone(),
        }
    }

    fn split_once(&self, word: &str) -> (Self, Option<Self>) {
        let text = self.text();
        match text.find(word) {
            None => (self.clone(), None),
            Some(at) => (self.sub(0..at), Some(self.sub(at + word.len()..text.len()))),
        }
    }

    /// The parts between commas.
    fn list(&self) -> Vec<Self> {
        let mut start = 0;
        let mut parts = Vec::new();
        for part in self.text().split(',') {
            parts.push(self.sub(start..start + part.len()));
            start += part.len() + 1;
        }
        parts
    }

    /// The quantity that it names, with a bound that does not matter.
    fn quantity(&self, drill: &Drill) -> Result<Expectation, Diagnostic> {
        let text = self.text();
        let name = text.split([' ', '(']).next().unwrap_or(text);
        let bound = measures::find(name).map_or(">= 0", |measure| measure.bound);
        let whole = format!("{text} {bound}");
        let expectation = drill.expectation(&whole, &|range, message| {
            let end = range.end.min(text.len());
            self.problem_at(range.start.min(end)..end, message)
        })?;
        Ok(Expectation {
            text: text.to_owned(),
            ..expectation
        })
    }

    fn problem(&self, message: &str) -> Diagnostic {
        self.problem_at(0..self.text().len(), message.to_owned())
    }

    fn problem_at(&self, range: Range<usize>, message: String) -> Diagnostic {
        let start = self.part.start;
        let range = start + range.start..start + range.end;
        Diagnostic::of_text("command line", &self.words, range, message)
    }
}

impl Constraint {
    /// None when the expectation compares with another policy.
    pub(super) fn new(expectation: &Expectation) -> Option<Self> {
        if expectation.than.is_some() {
            return None;
        }
        let measure = measures::find(&expectation.metric)?;
        let limit = measure.unit.worth(expectation.bound)?.to_float();
        Some(Self {
            expectation: expectation.clone(),
            limit,
        })
    }

    /// By how much it holds, relative to its bound: below 0 it fails; none without a value.
    pub(super) fn slack(&self, stats: &RunStats, prices: &[Price]) -> Option<f64> {
        let value = value(&self.expectation, stats, prices)?;
        let distance = match self.expectation.op.is_upper() {
            true => self.limit - value,
            false => value - self.limit,
        };
        let scale = if self.limit == 0.0 { 1.0 } else { self.limit };
        Some(distance / scale)
    }
}

/// The quantities of a list such as `success_rate, latency.p95 during storm`, the value of `flag`,
/// in the scenario of `drill`; each once.
pub(super) fn quantities(
    flag: &str,
    list: &str,
    drill: &Drill,
) -> Result<Vec<Expectation>, Diagnostic> {
    let mut found: Vec<Expectation> = Vec::new();
    for part in Phrase::behind(flag, list).list() {
        if part.text().is_empty() {
            let problem = part.problem("there is no measure here");
            return Err(problem.hint("write as in `success_rate, latency.p95`"));
        }
        if found.iter().all(|one| one.text != part.text()) {
            found.push(part.quantity(drill)?);
        }
    }
    Ok(found)
}

/// The value that `quantity` is about, in the unit of its measure.
pub(super) fn value(quantity: &Expectation, stats: &RunStats, prices: &[Price]) -> Option<f64> {
    let measured = verdict::measured(quantity, stats, prices)?;
    Some(measured.value.to_float())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drill() -> Drill {
        Drill::load("scenarios/primary-outage.yaml").expect("it is shipped")
    }

    fn parse(text: &str) -> Result<Goal, Diagnostic> {
        Goal::parse("--objective", &[text.to_owned()], &[])
    }

    #[test]
    fn a_goal_reads_as_it_was_written() {
        for text in [
            "maximise success_rate, then minimise cost_per_success",
            "minimise cost_per_success subject to success_rate >= 99.9%, latency.p95 <= 4s",
            "minimise cost, minimise latency.p95 during primary-down",
        ] {
            let goal = parse(text).expect(text);
            assert_eq!(goal.words(), text);
            assert_eq!(goal.is_front, text.contains("cost, m"));
            let drill = drill();
            let objectives = goal.objectives(&drill).expect(text);
            assert_eq!(objectives.len(), goal.names().count());
            let constraints = goal.constraints(&drill).expect(text);
            assert_eq!(
                constraints.len(),
                if text.contains("subject") { 2 } else { 0 }
            );
        }
        assert_eq!(Goal::parse("", &[], &[]).ok(), Some(Goal::default()));
    }

    #[test]
    fn mistakes_are_shown_in_the_words_of_the_command_line() {
        let told = |text: &str| {
            let goal = parse(text);
            let drill = drill();
            let checked = goal.and_then(|goal| {
                goal.objectives(&drill)?;
                goal.constraints(&drill)
            });
            checked.expect_err(text).to_string()
        };
        let all = [
            "success_rate",
            "maximise",
            "maximise sucess_rate",
            "maximise success_rate, then minimise cost, minimise latency.p95",
            "minimise cost subject to success_rate >= 99.9ms",
            "minimise latency.p95 during flood",
            "minimise cost subject to cost <= 2 * resilient",
        ];
        insta::assert_snapshot!(all.map(told).join("\n"));
    }
}
