//! When a fault is at work, how strongly, and how long its luck holds.

use std::time::Duration;

use super::{Common, SHORTEST};
use crate::scenario::LONGEST_RUN;
use crate::scenario::check::bounded;
use crate::scenario::fault::catalogue::Scope;
use crate::scenario::fault::written::Short;
use crate::scenario::fault::{Burst, Ramp, Recovery, Sticky, Windows};
use crate::text::Diagnostic;
use crate::units::{Share, duration};

impl Common<'_> {
    pub(super) fn windows(&self) -> Result<Windows, Diagnostic> {
        let at = self.reader.file.at.unwrap_or(Duration::ZERO);
        self.reader.length("at", at, Duration::ZERO)?;
        if !self.setting.is_replay && at >= self.setting.run {
            let problem = self
                .reader
                .problem("at", "the run is over by then: this would never fire");
            return Err(problem.hint("start it before `run.duration` has passed"));
        }
        let length = match self.reader.file.length {
            Some(length) => Some(self.reader.length("for", length, SHORTEST)?),
            None => None,
        };
        if let Some(every) = self.reader.file.every {
            self.reader.length("every", every, SHORTEST)?;
            self.check_period(every, length)?;
        }
        Ok(Windows {
            at,
            length,
            every: self.reader.file.every,
        })
    }

    fn check_period(&self, every: Duration, length: Option<Duration>) -> Result<(), Diagnostic> {
        let Some(length) = length else {
            let message = "`every` needs `for`: how long it strikes each time";
            let problem = self.reader.problem_at_key("every", message);
            return Err(problem.hint("write as in `{ at: 1m, for: 10s, every: 1m }`"));
        };
        if length >= every {
            let problem = self
                .reader
                .problem("for", "the next window would begin before this one ends");
            return Err(problem.hint(format!(
                "make it shorter than `every`: {}",
                duration::write(every)
            )));
        }
        if self.setting.run.as_nanos() / every.as_nanos() > MOST_WINDOWS {
            let message = format!("it would come back more than {MOST_WINDOWS} times in this run");
            return Err(self.reader.problem("every", message).hint("make it longer"));
        }
        Ok(())
    }

    pub(super) fn ramp(&self, windows: &Windows) -> Result<Option<Ramp>, Diagnostic> {
        let Some(Short(file)) = &self.reader.file.ramp else {
            return Ok(None);
        };
        let up = self.side("ramp", "up", file.up)?;
        let down = self.side("ramp", "down", file.down)?;
        if up.is_zero() && down.is_zero() {
            let problem = self
                .reader
                .problem("ramp", "this grows over no time, and fades over none");
            return Err(problem.hint("write as in `ramp: 2m` or `ramp: { up: 2m, down: 1m }`"));
        }
        match windows.length {
            None if !down.is_zero() => {
                let problem = self
                    .reader
                    .problem("ramp", "`down` needs `for`: when its window ends");
                return Err(problem.hint("write how long it lasts: `for: 10m`"));
            }
            Some(length) if up.saturating_add(down) > length => {
                let message = "the window is over before all of this has passed";
                let hint = format!("make it no longer than `for`: {}", duration::write(length));
                return Err(self.reader.problem("ramp", message).hint(hint));
            }
            _ => {}
        }
        let shape = file.shape.unwrap_or_default();
        Ok(Some(Ramp { up, down, shape }))
    }

    /// A length inside a `ramp`; none is at once.
    fn side(
        &self,
        key: &str,
        part: &str,
        length: Option<Duration>,
    ) -> Result<Duration, Diagnostic> {
        let Some(length) = length else {
            return Ok(Duration::ZERO);
        };
        let path = ["faults", self.reader.name, key, part];
        let range = SHORTEST..=LONGEST_RUN;
        bounded(self.reader.document, &path, length, range, duration::write)
    }

    pub(super) fn recovery(&self, windows: &Windows) -> Result<Option<Recovery>, Diagnostic> {
        let Some(Short(file)) = &self.reader.file.recover else {
            return Ok(None);
        };
        let over = self.side("recover", "over", Some(file.over))?;
        let Some(length) = windows.length else {
            let problem = self
                .reader
                .problem_at_key("recover", "`recover` needs `for`: it comes after a window");
            return Err(problem.hint("write as in `{ at: 5m, for: 10m, recover: 5m }`"));
        };
        if self
            .reader
            .file
            .ramp
            .as_ref()
            .is_some_and(|ramp| ramp.0.down.is_some())
        {
            let message = "it cannot fade both before its window's end and after it";
            let problem = self.reader.problem_at_key("recover", message);
            return Err(problem.hint("leave out `ramp.down`, or `recover`"));
        }
        if let Some(every) = windows.every.filter(|every| length + over > *every) {
            let message = "the next window would begin before this is over";
            let hint = format!("make it at most {}", duration::write(every - length));
            return Err(self.reader.problem("recover", message).hint(hint));
        }
        let shape = file.shape.unwrap_or_default();
        Ok(Some(Recovery { over, shape }))
    }

    pub(super) fn burst(&self) -> Result<Option<Burst>, Diagnostic> {
        let Some(file) = &self.reader.file.burst else {
            return Ok(None);
        };
        let on = self.side("burst", "on", Some(file.on))?;
        let off = self.side("burst", "off", Some(file.off))?;
        if self.setting.run.as_nanos() / (on + off).as_nanos() > MOST_BURSTS {
            let message = format!("these are more than {MOST_BURSTS} bursts in this run");
            return Err(self
                .reader
                .problem("burst", message)
                .hint("make `on` or `off` longer"));
        }
        let rate_off = file.rate_off.unwrap_or_default();
        if rate_off > Share::ZERO {
            self.check_rate_off(rate_off)?;
        }
        Ok(Some(Burst { on, off, rate_off }))
    }

    fn check_rate_off(&self, rate_off: Share) -> Result<(), Diagnostic> {
        let path = ["faults", self.reader.name, "burst", "rate_off"];
        if self.row.reach != Scope::Attempts {
            let word = &self.reader.file.inject;
            let message = format!("`{word}` has no rate, neither on nor off");
            return Err(self
                .reader
                .document
                .problem_at_key(&path, message)
                .hint("leave it out"));
        }
        if rate_off >= self.reader.file.rate.unwrap_or(Share::WHOLE) {
            let message = "it strikes no less while it is off";
            let problem = self.reader.document.problem(&path, message);
            return Err(problem.hint("write less than its `rate`"));
        }
        Ok(())
    }

    pub(super) fn chance(&self) -> Result<Share, Diagnostic> {
        match self.reader.file.chance {
            Some(Share::ZERO) => Err(self
                .reader
                .problem("chance", "a fault without a chance would never fire")
                .hint("write more than `0%`, or leave the fault out")),
            chance => Ok(chance.unwrap_or(Share::WHOLE)),
        }
    }

    pub(super) fn rate(&self) -> Result<Share, Diagnostic> {
        match self.reader.file.rate {
            None => Ok(Share::WHOLE),
            Some(Share::ZERO) => Err(self
                .reader
                .problem("rate", "a fault that strikes nothing would never fire")
                .hint("write more than `0%`, or leave the fault out")),
            Some(rate) => Ok(rate),
        }
    }

    pub(super) fn sticky(&self) -> Result<Sticky, Diagnostic> {
        match self.reader.file.sticky.as_deref() {
            None | Some("attempt") => Ok(Sticky::Attempt),
            Some("call") => Ok(Sticky::Call),
            Some(written) => {
                let length = duration::parse(written).map_err(|_| {
                    let message = format!("`{written}` does not say how long luck holds");
                    let problem = self.reader.problem("sticky", message);
                    problem.hint("write `attempt`, `call`, or a length of time such as `1s`")
                })?;
                self.reader
                    .length("sticky", length, SHORTEST)
                    .map(Sticky::Length)
            }
        }
    }
}

/// A bound on what the world does at the edges of windows.
const MOST_WINDOWS: u128 = 1_000_000;

/// A bound on what each provider keeps of a fault that bursts.
const MOST_BURSTS: u128 = 100_000;
