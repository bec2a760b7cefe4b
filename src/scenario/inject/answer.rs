//! What faults do to answers: when they leave, and what they say.

use std::ops::RangeInclusive;
use std::sync::Arc;

use super::{Reader, SHORTEST};
use crate::scenario::fault::{CloseMode, Delayed, FaultKind, Flaw, StreamAnomaly};
use crate::scenario::file::{Within, WrongFinish};
use crate::scenario::workload::MOST_TOKENS;
use crate::text::Diagnostic;
use crate::text::units::{bandwidth, factor, speed, tokens};
use crate::wire::writer::{Body, Cause, Choices, Counting, Finish, Inside, Label, Terminator};

impl Reader<'_> {
    pub(super) fn answer(&self) -> Result<FaultKind, Diagnostic> {
        if let Some(pace) = self.pace()? {
            return Ok(pace);
        }
        if let Some(stream) = self.stream()? {
            return Ok(stream);
        }
        self.flaw().map(FaultKind::Flaw)
    }

    /// When an answer leaves, if the word is about that.
    fn pace(&self) -> Result<Option<FaultKind>, Diagnostic> {
        Ok(Some(match self.row.word {
            "slow" => {
                let factor = self.required("factor", self.file.factor)?;
                FaultKind::Slow {
                    factor_milli: self.bounded("factor", factor, SLOWER, factor::write)?,
                    what: self.file.what.unwrap_or_default(),
                }
            }
            "slow_headers" => FaultKind::Delay {
                what: Delayed::Headers,
                by: self.by()?,
            },
            "slow_first_token" => FaultKind::Delay {
                what: Delayed::FirstToken,
                by: self.by()?,
            },
            "heavy_tail" => {
                let index = self.required("index", self.file.index)?;
                FaultKind::HeavyTail {
                    index_milli: self.bounded("index", index, TAILS, factor::write)?,
                }
            }
            "drip" => {
                let speed = self.required("speed", self.file.speed)?;
                FaultKind::Drip {
                    speed_milli: self.bounded("speed", speed, 1..=1_000_000_000, speed::write)?,
                }
            }
            "bandwidth" => {
                let cap = self.required("cap", self.file.cap)?;
                FaultKind::Bandwidth {
                    bytes: self.bounded("cap", cap, 1..=1_000_000_000_000, bandwidth::write)?,
                }
            }
            "keep_alives" => {
                let by = self.file.by.map(|by| self.length("by", by, SHORTEST));
                FaultKind::KeepAlive {
                    by: by.transpose()?,
                }
            }
            "stall" => {
                let after = self.after()?;
                let silence = self.required("silence", self.file.silence)?;
                FaultKind::Stall {
                    after,
                    length: self.length("silence", silence, SHORTEST)?,
                    then: self.file.then,
                }
            }
            _ => return Ok(None),
        }))
    }

    /// What stands in a stream, if the word is about that.
    fn stream(&self) -> Result<Option<FaultKind>, Diagnostic> {
        let event = |event| {
            let after = self.after()?;
            Ok(Some(FaultKind::Event { after, event }))
        };
        match self.row.word {
            "stream_cut" => Ok(Some(FaultKind::StreamCut {
                after: self.after()?,
                with: self.file.with.unwrap_or(CloseMode::Rst),
                inside: self.file.inside.map(|inside| match inside {
                    Within::Json => Inside::Json,
                    Within::Utf8 => Inside::Utf8,
                }),
            })),
            "in_band_error" => Ok(Some(FaultKind::InBand {
                after: self.after()?,
                cause: self.cause(Cause::ServerError)?,
            })),
            "malformed_event" => event(StreamAnomaly::Malformed),
            "duplicate_event" => event(StreamAnomaly::Duplicate),
            "reordered_events" => event(StreamAnomaly::Reordered),
            "split_events" => Ok(Some(FaultKind::Split)),
            _ => Ok(None),
        }
    }

    /// What is wrong with an answer as a whole.
    fn flaw(&self) -> Result<Flaw, Diagnostic> {
        Ok(match self.row.word {
            "no_terminator" => Flaw::Terminator(Terminator::Never),
            "double_terminator" => Flaw::Terminator(Terminator::Twice),
            "no_usage" => Flaw::Usage(Counting::Missing),
            "wrong_usage" => Flaw::Usage(Counting::Times(self.multiple()?)),
            "wrong_model" => Flaw::Model(self.model()?),
            "wrong_content_type" => Flaw::Label(Label::Wrong),
            "no_content_type" => Flaw::Label(Label::Missing),
            "empty_choices" => Flaw::Choices(Choices::Empty),
            "null_choices" => Flaw::Choices(Choices::Null),
            "null_content" => Flaw::Choices(Choices::NullContent),
            "missing_choices" => Flaw::Choices(Choices::Missing),
            "lying_finish" => Flaw::Finish(match self.file.says.unwrap_or(WrongFinish::Length) {
                WrongFinish::Length => Finish::Length,
                WrongFinish::ContentFilter => Finish::ContentFilter,
            }),
            "no_finish" => Flaw::Finish(Finish::Missing),
            "empty_body" => Flaw::Body(Body::Empty),
            "html_body" => Flaw::Body(Body::Html),
            "error_body" => Flaw::Body(Body::Error(self.cause(Cause::ServerError)?)),
            "half_json" => Flaw::Body(Body::HalfJson),
            _ => Flaw::Body(Body::NoJson),
        })
    }

    fn after(&self) -> Result<u64, Diagnostic> {
        let after = self.required("after", self.file.after)?;
        self.bounded("after", after, 0..=MOST_TOKENS, tokens::write)
    }

    fn model(&self) -> Result<Arc<str>, Diagnostic> {
        let model = self.required("model", self.file.model.as_deref())?;
        let fits = |c: char| c.is_ascii_graphic();
        if !(1..=100).contains(&model.len()) || !model.chars().all(fits) {
            let problem = self.problem("model", "this cannot name a model");
            return Err(problem.hint("write 1 to 100 letters, digits and signs, without blanks"));
        }
        Ok(model.into())
    }
}

/// How many times slower, in thousandths.
const SLOWER: RangeInclusive<u64> = 1_000..=1_000_000;

/// Below a half a draw may exceed any run, above 20 the tail is none.
const TAILS: RangeInclusive<u64> = 500..=20_000;
