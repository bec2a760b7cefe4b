//! What faults do before there is an answer: to the network, to connections, instead of answers.

use std::time::Duration;

use super::{Reader, SHORTEST};
use crate::scenario::fault::{Cut, Inject};
use crate::scenario::file::Putting;
use crate::text::Problem;
use crate::wire::writer::{Cause, Form, Hint, Refusal};

impl Reader<'_> {
    pub(super) fn network(&self) -> Inject {
        match self.row.word {
            "blackhole" => Inject::Blackhole,
            "dns" => Inject::Dns,
            "refused" => Inject::Refused,
            _ => Inject::Outage,
        }
    }

    pub(super) fn connection(&self) -> Result<Inject, Problem> {
        Ok(match self.row.word {
            "tls" => Inject::Tls,
            "mute" => Inject::Mute,
            "closed" => Inject::Closed(self.connection_end()?),
            "stale" => {
                let idle = self.required("idle", self.file.idle)?;
                Inject::Stale {
                    idle: self.length("idle", idle, SHORTEST)?,
                    with: self.connection_end()?,
                }
            }
            _ => Inject::SlowClose { by: self.by()? },
        })
    }

    pub(super) fn exchange(&self) -> Result<Inject, Problem> {
        Ok(match self.row.word {
            "hang" => Inject::Hang,
            "reset" => Inject::Reset,
            "early_fin" => Inject::EarlyFin,
            "headers_only" => Inject::HeadersOnly,
            _ => Inject::Refuse {
                refusal: self.refusal()?,
                billed: self.file.billed.unwrap_or_default(),
            },
        })
    }

    pub(super) fn by(&self) -> Result<Duration, Problem> {
        let by = self.required("by", self.file.by)?;
        self.length("by", by, SHORTEST)
    }

    /// How a connection ends on which no answer has begun.
    fn connection_end(&self) -> Result<Cut, Problem> {
        match self.file.with.unwrap_or(Cut::Rst) {
            Cut::End => {
                let problem = self.problem("with", "there is no body yet that could end");
                Err(problem.hint("write `rst` or `fin`"))
            }
            with => Ok(with),
        }
    }

    fn refusal(&self) -> Result<Refusal, Problem> {
        let word = self.file.inject.as_str();
        let refusal = match (word.parse(), Cause::from_name(word)) {
            (Ok(status), _) => {
                let usual = Refusal::with_status(status);
                Refusal {
                    cause: self.cause(usual.cause)?,
                    ..usual
                }
            }
            (_, cause) => Refusal::of(cause.unwrap_or(Cause::ServerError)),
        };
        Ok(Refusal {
            hint: self.hint()?,
            should_retry: self.file.should_retry,
            ..refusal
        })
    }

    /// A hint to wait. Lies say by themselves how long; all else needs a `retry_after`.
    fn hint(&self) -> Result<Option<Hint>, Problem> {
        let form = self.file.hint.map(form_of);
        let is_lie = matches!(
            form,
            Some(Form::Past | Form::Negative | Form::Nan | Form::Absurd)
        );
        let wait = match (self.file.retry_after, form) {
            (Some(_), _) if is_lie => {
                let message = "this hint is a lie: it says by itself how long to wait";
                let problem = self.problem("hint", message);
                return Err(problem.hint("leave out `retry_after`, or write another `hint`"));
            }
            (Some(wait), _) => self.length("retry_after", wait, Duration::ZERO)?,
            (None, None) => return Ok(None),
            (None, Some(_)) if is_lie => UNTOLD,
            (None, Some(_)) => {
                let problem = self.problem("hint", "`hint` needs `retry_after`: how long to wait");
                return Err(problem.hint("write as in `{ hint: date, retry_after: 20s }`"));
            }
        };
        let form = form.unwrap_or_default();
        Ok(Some(Hint { wait, form }))
    }
}

const fn form_of(putting: Putting) -> Form {
    match putting {
        Putting::Own => Form::Own,
        Putting::Seconds => Form::Seconds,
        Putting::Ms => Form::Millis,
        Putting::Date => Form::Date,
        Putting::Body => Form::Body,
        Putting::Past => Form::Past,
        Putting::Negative => Form::Negative,
        Putting::Nan => Form::Nan,
        Putting::Absurd => Form::Absurd,
    }
}

/// What a lie hides: what limits count in.
const UNTOLD: Duration = Duration::from_secs(60);
