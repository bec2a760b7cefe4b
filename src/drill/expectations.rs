//! Shows invalid expectations in their file, before anything runs.
//!
//! `report::verdict` finds them, and `report::spelling` knows what was meant; here they become
//! diagnostics with a caret and a hint.

use std::ops::Range;

use crate::expect::{self, Bound, Expectation, Margin, Of, Point, Shift};
use crate::report::Ratio;
use crate::report::measures::{self, Argument, Measure};
use crate::report::spelling;
use crate::report::subject::Subject;
use crate::report::unit::Unit;
use crate::report::verdict::{self, ExpectationError};
use crate::text::{Diagnostic, Document};
use crate::units::{Money, truncate};

/// What is wrong with the expectations of `subject`: an unknown measure or argument, a bound in
/// another unit; `document` is the file that holds them. None when all make sense.
pub fn check_expectations(document: &Document, subject: &Subject) -> Vec<Diagnostic> {
    let lists = subject.expect.iter();
    let all = lists.flat_map(|(policy, expected)| {
        let numbered = expected.iter().enumerate();
        numbered.map(move |(place, one)| (policy, place.to_string(), one))
    });
    let wrong = all.filter_map(|(policy, place, expectation)| {
        let path = ["expect", policy, &place];
        let point = |range, message: String| {
            let problem = document.problem(&path, message);
            problem.within(&expectation.text, range)
        };
        let place = Place {
            subject,
            expectation,
            point: &point,
        };
        if expectation.than.as_ref() == Some(policy) {
            return Some(place.compares_with_itself(policy));
        }
        let checked = verdict::check(expectation, subject);
        checked.err().map(|mistake| place.problem(&mistake))
    });
    wrong.collect()
}

/// The expectation that `text` states about runs of `subject`, without another policy to compare
/// with; `point` makes a diagnostic for a range of `text`.
pub(super) fn read(
    text: &str,
    subject: &Subject,
    point: Point<'_>,
) -> Result<Expectation, Diagnostic> {
    let faults = Vec::from_iter(subject.faults.iter().map(|fault| fault.name.clone()));
    let expectation = &expect::parse(text, &faults, point)?;
    let place = Place {
        subject,
        expectation,
        point,
    };
    if expectation.than.is_some() {
        let message = "there is no other policy to compare with".to_owned();
        return Err(place
            .within(place.value(), message)
            .hint("write a value, as in `99%` or `2.5s`"));
    }
    match verdict::check(expectation, subject) {
        Ok(()) => Ok(expectation.clone()),
        Err(mistake) => Err(place.problem(&mistake)),
    }
}

/// What is wrong with the margins of a scenario's file.
pub(super) fn check_margins(
    document: &Document,
    margins: &[Margin],
    subject: &Subject,
) -> Vec<Diagnostic> {
    let wrong = margins.iter().filter_map(|margin| {
        let path = ["margins", margin.measure.as_str()];
        let at_measure = |range, message: String| {
            let problem = document.problem_at_key(&path, message);
            problem.within(&margin.measure, range)
        };
        let at_value = |message| document.problem(&path, message);
        check_margin(margin, subject, &at_measure, &at_value)
    });
    wrong.collect()
}

/// What is wrong with `margin`: an unknown measure or argument, another unit, or a measure of which
/// no value is worse. `at_measure` and `at_value` make a diagnostic about its parts.
pub fn check_margin(
    margin: &Margin,
    subject: &Subject,
    at_measure: Point<'_>,
    at_value: &dyn Fn(String) -> Diagnostic,
) -> Option<Diagnostic> {
    let expectation = &margin.as_expectation();
    let mistake = verdict::check_margin(expectation, subject).err()?;
    if let ExpectationError::WrongUnit(unit) = mistake {
        let metric = truncate(&margin.metric);
        let problem = at_value(format!("`{metric}` is not measured in this unit"));
        return Some(problem.hint(match unit {
            Unit::Ratio => "write percentage points, as in `0.5%`".to_owned(),
            unit => format!(
                "write {}, or a share of the baseline's value, such as `5%`",
                unit.example()
            ),
        }));
    }
    let place = Place {
        subject,
        expectation,
        point: at_measure,
    };
    Some(place.problem(&mistake))
}

/// An expectation in its file.
struct Place<'a> {
    subject: &'a Subject,
    expectation: &'a Expectation,
    /// Makes a diagnostic for a range of its text.
    point: Point<'a>,
}

impl Place<'_> {
    /// `mistake`, shown in its file.
    fn problem(&self, mistake: &ExpectationError) -> Diagnostic {
        let metric = truncate(&self.expectation.metric);
        let argument = self.expectation.argument.as_deref().unwrap_or_default();
        match *mistake {
            ExpectationError::UnknownMetric => self.unknown(),
            ExpectationError::WrongUnit(unit) => self.in_another_unit(unit),
            ExpectationError::NoArgument(kind) => self.without_argument(kind),
            ExpectationError::UnknownArgument(kind) => {
                let message = format!("unknown {} `{}`", kind.word(), truncate(argument));
                let known = verdict::names(kind, self.subject);
                self.about_argument(message).did_you_mean(argument, known)
            }
            ExpectationError::NeedlessArgument => self.needless_argument(argument),
            ExpectationError::UnknownKey(keys) => self.unknown_key(argument, keys),
            ExpectationError::NotByKey => self
                .about_argument(format!("`{metric}` is not counted by key"))
                .hint("write the provider without its key"),
            ExpectationError::UnknownTask => self.unknown_task(),
            ExpectationError::UnknownClient(clients) => self
                .about_part(match clients {
                    1 => "there is one client, number 0".to_owned(),
                    _ => format!("there are {clients} clients, numbers 0 to {}", clients - 1),
                })
                .hint("`load.clients` says how many there are"),
            ExpectationError::NotOfCalls => self
                .about_part(format!("`{metric}` does not count calls"))
                .hint("leave out `of` and what follows it"),
            ExpectationError::NeedlessMoment => self
                .at(format!("`{metric}({argument})` is about the whole run"))
                .hint("leave out `during` or `after`, and the fault behind it"),
            ExpectationError::NeverAfter => self
                .at("there is no such time after this fault".to_owned())
                .hint("it lasts to the end of the run, or comes back too soon"),
            ExpectationError::NoInterval => {
                self.at("there is no interval for this".to_owned()).hint(
                    "`with 95%` is for `success_rate`, `fallback_rate` and `shed_rate`, against a \
                     share",
                )
            }
            ExpectationError::NeverWorse => self
                .at(format!("no value of `{metric}` is worse than another"))
                .hint("leave it out: a margin is for a measure of which more, or less, is better"),
        }
    }

    fn compares_with_itself(&self, policy: &str) -> Diagnostic {
        let message = format!("this compares `{}` with itself", truncate(policy));
        self.within(self.value(), message)
            .hint("name another policy of the run")
    }

    /// No measure has this name: the one that was meant, if it is known.
    fn unknown(&self) -> Diagnostic {
        let Expectation { metric, bound, .. } = self.expectation;
        let message = format!("there is no measure `{}`", truncate(metric));
        let problem = self.about(metric, message);
        if let Some(measure) = spelling::meant(metric, *bound) {
            return problem.hint(self.as_meant(measure));
        }
        let first = metric.split_whitespace().next().unwrap_or_default();
        if first != metric && measures::find(first).is_some() {
            let rest = metric[first.len()..].trim_start();
            let message = format!("`{}` does not belong here", truncate(rest));
            let hint = "behind the measure stand `of TASK`, `during FAULT` or `after FAULT`, or \
                        the comparison";
            return self.about(rest, message).hint(hint);
        }
        match spelling::beginning(metric) {
            names if names.is_empty() => problem.did_you_mean(metric, verdict::metrics()),
            names => {
                let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                problem.hint(format!("write one of {}", names.join(", ")))
            }
        }
    }

    /// What to write instead of another word for `measure`: its name, and with a value that does
    /// not fit it the whole expectation.
    fn as_meant(&self, measure: &Measure) -> String {
        let Expectation {
            metric,
            text,
            bound,
            ..
        } = self.expectation;
        let value = self.value();
        let written = &text[value.clone()];
        let fitting = match *bound {
            Bound::Money(nanos) | Bound::Number(nanos) if spelling::is_per_thousand(metric) => {
                Some(Money::from_nanos(nanos / 1_000).to_string())
            }
            Bound::Times(_) => None,
            bound if measure.unit.worth(bound).is_some() => None,
            bound => spelling::in_unit(measure.unit, bound, written),
        };
        let (name, behind) = (measure.name, &text[metric.len()..value.start]);
        match fitting {
            None => format!("write `{name}`"),
            Some(value) if spelling::is_per_thousand(metric) => {
                format!("write `{name}{behind}{value}`: it is the cost of one, not of a thousand")
            }
            Some(value) => format!("write `{name}{behind}{value}`"),
        }
    }

    fn in_another_unit(&self, unit: Unit) -> Diagnostic {
        let Expectation {
            metric,
            text,
            bound,
            shift,
            ..
        } = self.expectation;
        let value = self.value();
        let message = format!("`{}` is not measured in this unit", truncate(metric));
        let (bound, range) = match shift {
            // The difference is what does not fit: a multiple of a value is in its unit.
            Some(shift) => {
                let sign = text[value.clone()].rfind(['+', '-']).unwrap_or_default();
                let behind = &text[value.start + sign + 1..value.end];
                (shift.by, value.end - behind.trim_start().len()..value.end)
            }
            None => (*bound, value),
        };
        let hint = match (shift, &self.expectation.than) {
            (Some(shift), Some(than)) => in_shares(*shift, than),
            _ => None,
        };
        let hint = hint.or_else(|| spelling::hint(unit, bound, &text[range.clone()]));
        let hint = hint.unwrap_or_else(|| format!("compare it with {}", unit.example()));
        self.within(range, message).hint(hint)
    }

    /// Where a task stands for an argument, `of` was meant; and calls succeed, attempts are made.
    fn needless_argument(&self, argument: &str) -> Diagnostic {
        let metric = truncate(&self.expectation.metric);
        let message = format!("`{metric}` takes no argument");
        let is_provider = verdict::names(Argument::Provider, self.subject).contains(&argument);
        let hint = match metric.as_str() {
            _ if self.subject.tasks.iter().any(|task| task == argument) => {
                format!("write `{metric} of {argument}`")
            }
            "success_rate" if is_provider => format!(
                "write `{metric}`, or for the attempts at one provider \
                 `attempt_success_rate({argument})`"
            ),
            _ => format!("write `{metric}`"),
        };
        self.about_argument(message).hint(hint)
    }

    fn unknown_key(&self, argument: &str, keys: u16) -> Diagnostic {
        let provider = argument.split('/').next().unwrap_or_default();
        let message = format!("`{}` is no key of `{provider}`", truncate(argument));
        self.about_argument(message).hint(match keys {
            1 => format!("it has one key: write `{provider}`"),
            _ => format!("write one from `{provider}/1` to `{provider}/{keys}`"),
        })
    }

    fn unknown_task(&self) -> Diagnostic {
        let Some(Of::Task(task)) = &self.expectation.of else {
            return self.about_part("there is no such task".to_owned());
        };
        let problem = self.about_part(format!("unknown task `{}`", truncate(task)));
        let metric = &self.expectation.metric;
        let is_provider = verdict::names(Argument::Provider, self.subject).contains(&task.as_str());
        let is_at_providers = measures::find(metric).is_some_and(Measure::is_at_providers);
        if is_provider && is_at_providers {
            return problem.hint(format!("at one provider, write `{metric}({task})`"));
        }
        if self.subject.tasks.is_empty() {
            return problem.hint("`load.tasks` names them, and there are none");
        }
        problem.did_you_mean(task, self.subject.tasks.iter().map(String::as_str))
    }

    fn without_argument(&self, kind: Argument) -> Diagnostic {
        let metric = &self.expectation.metric;
        let known = verdict::names(kind, self.subject);
        let one = known.first().copied().unwrap_or("name");
        self.about(metric, format!("`{metric}` is about one {}", kind.word()))
            .hint(format!("write as in `{metric}({one})`"))
    }

    /// The bytes of the text in which the value stands.
    fn value(&self) -> Range<usize> {
        expect::value_in(&self.expectation.text)
    }

    fn at(&self, message: String) -> Diagnostic {
        self.within(0..self.expectation.text.len(), message)
    }

    /// About the task or client behind `of`.
    fn about_part(&self, message: String) -> Diagnostic {
        let text = &self.expectation.text;
        let part = match &self.expectation.of {
            Some(Of::Task(task)) => task.clone(),
            Some(Of::Client(client)) => client.to_string(),
            None => String::new(),
        };
        let behind = text.find(" of ").map_or(0, |at| at + " of ".len());
        let start = behind + text[behind..].find(&part).unwrap_or_default();
        self.within(start..start + part.len(), message)
    }

    fn about_argument(&self, message: String) -> Diagnostic {
        let text = &self.expectation.text;
        let argument = self.expectation.argument.as_deref().unwrap_or_default();
        let inside = text.find('(').unwrap_or_default();
        let start = inside + text[inside..].find(argument).unwrap_or_default();
        self.within(start..start + argument.len(), message)
    }

    /// About the first place at which `part` stands in the text.
    fn about(&self, part: &str, message: String) -> Diagnostic {
        let start = self.expectation.text.find(part).unwrap_or_default();
        self.within(start..start + part.len(), message)
    }

    fn within(&self, range: Range<usize>, message: String) -> Diagnostic {
        (self.point)(range, message)
    }
}

/// What to write for a policy's value and a share of it more, or less, in place of `other + 5%`:
/// that adds percentage points, which are of shares alone.
fn in_shares(shift: Shift, than: &str) -> Option<String> {
    let Bound::Share(parts) = shift.by else {
        return None;
    };
    // A factor has three decimals.
    if !parts.is_multiple_of(WHOLE / 1_000) {
        return None;
    }
    let factor = match shift.is_less {
        true => WHOLE.checked_sub(parts)?,
        false => WHOLE.checked_add(parts)?,
    };
    let factor = Ratio::billionths(factor).decimal(3);
    Some(format!("write `{factor} * {than}`"))
}

const WHOLE: u64 = 1_000_000_000;

#[cfg(test)]
mod tests;
