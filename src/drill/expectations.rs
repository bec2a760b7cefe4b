//! Shows invalid expectations in their file, before anything runs.
//!
//! `report::verdict` finds them; here they become diagnostics with a caret and a hint.

use crate::expect::Expectation;
use crate::report::subject::Subject;
use crate::report::verdict::{self, ExpectationError};
use crate::text::{Diagnostic, Document};

/// Checks that every expectation of `subject` names a known measure, its argument, and a bound in
/// its unit; `document` is the file that holds them.
pub fn check_expectations(document: &Document, subject: &Subject) -> Result<(), Diagnostic> {
    for (policy, expected) in &subject.expect {
        for (place, expectation) in expected.iter().enumerate() {
            if let Err(mistake) = verdict::check(expectation, subject) {
                let place = place.to_string();
                let path = ["expect", policy.as_str(), place.as_str()];
                return Err(problem(document, subject, &path, expectation, &mistake));
            }
        }
    }
    Ok(())
}

/// `mistake`, shown in its file.
fn problem(
    document: &Document,
    subject: &Subject,
    path: &[&str],
    expectation: &Expectation,
    mistake: &ExpectationError,
) -> Diagnostic {
    let Expectation { text, metric, .. } = expectation;
    let argument = expectation.argument.as_deref().unwrap_or_default();
    let at = |message: String| document.problem(path, message);
    let within = |part: &str, message: String| {
        let start = text.find(part).unwrap_or_default();
        at(message).within(text, start..start + part.len())
    };
    let known = |kind| verdict::names(kind, subject);
    match *mistake {
        ExpectationError::UnknownMetric => {
            at(format!("there is no measure `{metric}`")).did_you_mean(metric, verdict::metrics())
        }
        ExpectationError::WrongUnit(unit) => at(format!("`{metric}` is not measured in this unit"))
            .hint(format!("compare it with {}", unit.example())),
        ExpectationError::NoArgument(kind) => {
            let one = known(kind).first().copied().unwrap_or("name");
            within(metric, format!("`{metric}` is about one {}", kind.word()))
                .hint(format!("write as in `{metric}({one})`"))
        }
        ExpectationError::UnknownArgument(kind) => {
            let message = format!("unknown {} `{argument}`", kind.word());
            within(argument, message).did_you_mean(argument, known(kind))
        }
        ExpectationError::NeedlessArgument => {
            within(argument, format!("`{metric}` takes no argument"))
                .hint(format!("write `{metric}`"))
        }
        ExpectationError::NeedlessMoment => {
            at(format!("`{metric}({argument})` is about the whole run"))
                .hint("leave out `during` or `after`, and the fault behind it")
        }
        ExpectationError::NeverAfter => at("there is no such time after this fault".to_owned())
            .hint("it lasts to the end of the run, or comes back too soon"),
        ExpectationError::NoInterval => at("there is no interval for this".to_owned()).hint(
            "`with 95%` is for `success_rate`, `fallback_rate` and `shed_rate`, against a share",
        ),
    }
}

#[cfg(test)]
mod tests;
