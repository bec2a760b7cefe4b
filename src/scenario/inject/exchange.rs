//! What faults do before there is an answer: to the network, to connections, instead of answers.

use std::time::Duration;

use super::{Reader, SHORTEST};
use crate::scenario::fault::{CloseMode, FaultKind};
use crate::scenario::file;
use crate::text::Diagnostic;
use crate::wire::writer::{Cause, Hint, HintFormat, Refusal};

impl Reader<'_> {
    pub(super) fn network(&self) -> FaultKind {
        match self.row.word {
            "blackhole" => FaultKind::Blackhole,
            "dns" => FaultKind::Dns,
            "refused" => FaultKind::Refused,
            _ => FaultKind::Outage,
        }
    }

    pub(super) fn connection(&self) -> Result<FaultKind, Diagnostic> {
        Ok(match self.row.word {
            "tls" => FaultKind::Tls,
            "accept_only" => FaultKind::AcceptOnly,
            "closed" => FaultKind::Closed(self.connection_end()?),
            "stale_keep_alive" => {
                let idle = self.required("idle", self.file.idle)?;
                FaultKind::StaleKeepAlive {
                    idle: self.length("idle", idle, SHORTEST)?,
                    with: self.connection_end()?,
                }
            }
            _ => FaultKind::SlowClose { by: self.by()? },
        })
    }

    pub(super) fn exchange(&self) -> Result<FaultKind, Diagnostic> {
        Ok(match self.row.word {
            "hang" => FaultKind::Hang,
            "reset" => FaultKind::Reset,
            "early_fin" => FaultKind::EarlyFin,
            "headers_only" => FaultKind::HeadersOnly,
            _ => FaultKind::Refuse {
                refusal: self.refusal()?,
                billed: self.file.billed.unwrap_or_default(),
            },
        })
    }

    pub(super) fn by(&self) -> Result<Duration, Diagnostic> {
        let by = self.required("by", self.file.by)?;
        self.length("by", by, SHORTEST)
    }

    /// How a connection ends on which no answer has begun.
    fn connection_end(&self) -> Result<CloseMode, Diagnostic> {
        match self.file.with.unwrap_or(CloseMode::Rst) {
            CloseMode::End => {
                let problem = self.problem("with", "there is no body yet that could end");
                Err(problem.hint("write `rst` or `fin`"))
            }
            with => Ok(with),
        }
    }

    fn refusal(&self) -> Result<Refusal, Diagnostic> {
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
    fn hint(&self) -> Result<Option<Hint>, Diagnostic> {
        let form = self.file.hint.map(form_of);
        let is_lie = matches!(
            form,
            Some(HintFormat::Past | HintFormat::Negative | HintFormat::Nan | HintFormat::Absurd)
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

const fn form_of(written: file::HintFormat) -> HintFormat {
    match written {
        file::HintFormat::Own => HintFormat::Own,
        file::HintFormat::Seconds => HintFormat::Seconds,
        file::HintFormat::Ms => HintFormat::Millis,
        file::HintFormat::Date => HintFormat::Date,
        file::HintFormat::Body => HintFormat::Body,
        file::HintFormat::Past => HintFormat::Past,
        file::HintFormat::Negative => HintFormat::Negative,
        file::HintFormat::Nan => HintFormat::Nan,
        file::HintFormat::Absurd => HintFormat::Absurd,
    }
}

/// What a lie hides: what limits count in.
const UNTOLD: Duration = Duration::from_secs(60);
