//! Shows invalid expectations in their file, before anything runs.
//!
//! `report::verdict` finds them, and `report::spelling` knows what was meant; here they become
//! diagnostics with a caret and a hint.

use std::ops::Range;

use crate::expect::{self, Bound, Expectation, Of};
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
        let place = Place {
            document,
            subject,
            path: ["expect", policy, &place],
            expectation,
        };
        if expectation.than.as_ref() == Some(policy) {
            return Some(place.compares_with_itself());
        }
        let checked = verdict::check(expectation, subject);
        checked.err().map(|mistake| place.problem(&mistake))
    });
    wrong.collect()
}

/// An expectation in its file.
struct Place<'a> {
    document: &'a Document,
    subject: &'a Subject,
    path: [&'a str; 3],
    expectation: &'a Expectation,
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
        }
    }

    fn compares_with_itself(&self) -> Diagnostic {
        let [_, policy, _] = self.path;
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
        let hint = spelling::hint(unit, bound, &text[range.clone()]);
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
        self.document.problem(&self.path, message)
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
        self.at(message).within(&self.expectation.text, range)
    }
}

#[cfg(test)]
mod tests;
