//! Answers as JSON lines, in the order of the questions.

use std::io::{self, Write};
use std::num::NonZero;
use std::ops::ControlFlow;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::input::{Asked, Wrong};
use crate::drill::NoThread;
use crate::report::Verdict;
use crate::search::evaluate::{self, Evaluator, Judged, Outcome};

/// The answers to lines that waited together.
pub(super) struct Answers<'a, W> {
    evaluator: &'a Evaluator,
    asked: &'a [Asked],
    /// The first that has no answer yet.
    next: usize,
    stdout: W,
}

impl<'a, W: Write> Answers<'a, W> {
    pub(super) const fn new(evaluator: &'a Evaluator, asked: &'a [Asked], stdout: W) -> Self {
        Self {
            evaluator,
            asked,
            next: 0,
            stdout,
        }
    }

    /// Answers all. An error of writing is the inner one.
    pub(super) fn write_all(
        &mut self,
        workers: NonZero<usize>,
    ) -> Result<io::Result<()>, NoThread> {
        let asked = self.asked.iter().enumerate();
        let valid = asked.filter_map(|(place, one)| Some((place, one.candidate.as_ref().ok()?)));
        let (places, candidates): (Vec<_>, Vec<_>) = valid.unzip();
        let mut written = Ok(());
        self.evaluator
            .evaluate(&candidates, workers, &mut |place, outcomes| {
                written = self
                    .write_wrong(places[place])
                    .and_then(|()| self.write_outcomes(&outcomes));
                match written {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                }
            })?;
        Ok(written.and_then(|()| self.write_wrong(self.asked.len())))
    }

    /// Answers the lines before `end`, which are wrong.
    fn write_wrong(&mut self, end: usize) -> io::Result<()> {
        for asked in &self.asked[self.next..end] {
            let answer = Answer {
                id: asked.id.as_ref(),
                error: asked.candidate.as_ref().err(),
                ..Answer::default()
            };
            self.write(&answer)?;
        }
        self.next = end;
        Ok(())
    }

    /// Answers the next line.
    fn write_outcomes(&mut self, outcomes: &[Outcome]) -> io::Result<()> {
        let id = self.asked[self.next].id.as_ref();
        self.next += 1;
        let parts = outcomes.iter().map(|outcome| self.part(outcome));
        let parts = Vec::from_iter(parts);
        let answer = match <[Answer<'_>; 1]>::try_from(parts) {
            Ok([one]) => Answer { id, ..one },
            Err(parts) => self.several(id, outcomes, parts),
        };
        self.write(&answer)
    }

    /// What there is to say of one scenario.
    fn part<'b>(&self, outcome: &'b Outcome) -> Answer<'b>
    where
        'a: 'b,
    {
        let judged = outcome.expectations.iter().map(Expected::from);
        Answer {
            verdict: Some(outcome.verdict.word()),
            measures: Some(self.named(outcome.values.iter().copied())),
            expectations: Some(judged.collect()),
            calls: Some(outcome.calls),
            ..Answer::default()
        }
    }

    /// What there is to say of several scenarios, of which these are the `parts`.
    fn several<'b>(
        &self,
        id: Option<&'b Value>,
        outcomes: &'b [Outcome],
        parts: Vec<Answer<'b>>,
    ) -> Answer<'b>
    where
        'a: 'b,
    {
        let values = (0..self.evaluator.names().count()).map(|place| {
            let values = outcomes.iter().map(|outcome| outcome.values[place]);
            Vec::from_iter(values)
        });
        let values = Vec::from_iter(values);
        let worst = values.iter().enumerate();
        let worst = worst.map(|(place, values)| self.evaluator.worst(place, values));
        let mean = values.iter().map(|values| evaluate::mean(values));
        let verdicts = outcomes.iter().map(|outcome| outcome.verdict);
        // A scenario that expects nothing says nothing.
        let verdict = verdicts
            .filter(|verdict| *verdict != Verdict::NotJudged)
            .max();
        let names = outcomes.iter().map(|outcome| outcome.scenario.as_str());
        Answer {
            id,
            verdict: Some(verdict.unwrap_or(Verdict::NotJudged).word()),
            worst: Some(self.named(worst)),
            mean: Some(self.named(mean)),
            scenarios: Some(Named(names.zip(parts).collect())),
            calls: Some(outcomes.iter().map(|outcome| outcome.calls).sum()),
            ..Answer::default()
        }
    }

    fn named<'b>(&self, values: impl Iterator<Item = Option<f64>>) -> Named<'b, Option<f64>>
    where
        'a: 'b,
    {
        Named(self.evaluator.names().zip(values).collect())
    }

    fn write(&mut self, answer: &Answer<'_>) -> io::Result<()> {
        let line = serde_json::to_string(answer).map_err(io::Error::from)?;
        writeln!(self.stdout, "{line}")?;
        self.stdout.flush()
    }
}

/// A line of output: to a wrong line, of one scenario, or of several.
#[derive(Default, Serialize)]
struct Answer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a Wrong>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    measures: Option<Named<'a, Option<f64>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    worst: Option<Named<'a, Option<f64>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mean: Option<Named<'a, Option<f64>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expectations: Option<Vec<Expected<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scenarios: Option<Named<'a, Self>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    calls: Option<u64>,
}

/// An expectation.
#[derive(Serialize)]
struct Expected<'a> {
    expectation: &'a str,
    verdict: &'static str,
    value: Option<f64>,
    slack: Option<f64>,
}

impl<'a> From<&'a Judged> for Expected<'a> {
    fn from(judged: &'a Judged) -> Self {
        Self {
            expectation: &judged.text,
            verdict: judged.verdict.word(),
            value: judged.value,
            slack: judged.slack,
        }
    }
}

/// A map in the order of its entries.
struct Named<'a, T>(Vec<(&'a str, T)>);

impl<T: Serialize> Serialize for Named<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}
