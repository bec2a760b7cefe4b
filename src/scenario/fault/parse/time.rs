//! When a fault is active, and how strong it is.

use std::time::Duration;

use super::super::burst::Burst;
use super::super::catalogue::{Row, Scope};
use super::super::forms::Short;
use super::super::ramp::{Ramp, Recovery};
use super::super::reader::Reader;
use super::Setting;
use crate::text::Diagnostic;
use crate::time::Windows;
use crate::units::{Share, duration};

impl Reader<'_> {
    pub(super) fn windows(&self, setting: &Setting<'_>) -> Result<Windows, Diagnostic> {
        let at = self.file.at.unwrap_or_default();
        if let Some(over) = setting.over_at(at) {
            let problem = self.problem("at", format!("{}: this would never fire", over.why));
            return Err(problem.hint(over.instead));
        }
        let (length, every) = (self.file.length, self.file.every);
        if let Some(every) = every {
            self.check_period(every, length, setting.run)?;
        }
        Ok(Windows { at, length, every })
    }

    fn check_period(
        &self,
        every: Duration,
        length: Option<Duration>,
        run: Option<Duration>,
    ) -> Result<(), Diagnostic> {
        let Some(length) = length else {
            let message = "`every` needs `for`: how long it strikes each time";
            let problem = self.problem_at_key("every", message);
            return Err(problem.hint("write as in `{ at: 1m, for: 10s, every: 1m }`"));
        };
        if length >= every {
            let problem = self.problem("for", "the next window would begin before this one ends");
            let hint = format!("make it shorter than `every`: {}", duration::write(every));
            return Err(problem.hint(hint));
        }
        if run.unwrap_or_default().as_nanos() / every.as_nanos() > MOST_WINDOWS {
            let message = format!("it would come back more than {MOST_WINDOWS} times in this run");
            return Err(self.problem("every", message).hint("make it longer"));
        }
        Ok(())
    }

    pub(super) fn ramp(&self) -> Result<Option<Ramp>, Diagnostic> {
        let Some(Short(ramp)) = self.file.ramp else {
            return Ok(None);
        };
        if ramp.up.is_zero() && ramp.down.is_zero() {
            let problem = self.problem("ramp", "this grows over no time, and fades over none");
            return Err(problem.hint("write as in `ramp: 2m` or `ramp: { up: 2m, down: 1m }`"));
        }
        match self.file.length {
            None if !ramp.down.is_zero() => {
                let problem = self.problem("ramp", "`down` needs `for`: when its window ends");
                Err(problem.hint("write how long it lasts: `for: 10m`"))
            }
            Some(length) if ramp.up.saturating_add(ramp.down) > length => {
                let message = "the window is over before all of this has passed";
                let hint = format!("make it no longer than `for`: {}", duration::write(length));
                Err(self.problem("ramp", message).hint(hint))
            }
            _ => Ok(Some(ramp)),
        }
    }

    pub(super) fn recovery(&self) -> Result<Option<Recovery>, Diagnostic> {
        let Some(Short(recovery)) = self.file.recover else {
            return Ok(None);
        };
        let Some(length) = self.file.length else {
            let message = "`recover` needs `for`: it comes after a window";
            let problem = self.problem_at_key("recover", message);
            return Err(problem.hint("write as in `{ at: 5m, for: 10m, recover: 5m }`"));
        };
        if self
            .file
            .ramp
            .is_some_and(|Short(ramp)| !ramp.down.is_zero())
        {
            let message = "it cannot fade both before its window's end and after it";
            let problem = self.problem_at_key("recover", message);
            return Err(problem.hint("leave out `ramp.down`, or `recover`"));
        }
        let every = self.file.every;
        if let Some(every) = every.filter(|every| length + recovery.over > *every) {
            let message = "the next window would begin before this is over";
            let hint = format!("make it at most {}", duration::write(every - length));
            return Err(self.problem("recover", message).hint(hint));
        }
        Ok(Some(recovery))
    }

    pub(super) fn burst(
        &self,
        row: &Row,
        setting: &Setting<'_>,
    ) -> Result<Option<Burst>, Diagnostic> {
        let Some(burst) = self.file.burst else {
            return Ok(None);
        };
        let run = setting.run.unwrap_or_default();
        if run.as_nanos() / (burst.on + burst.off).as_nanos() > MOST_BURSTS {
            let message = format!("these are more than {MOST_BURSTS} bursts in this run");
            let problem = self.problem("burst", message);
            return Err(problem.hint("make `on` or `off` longer"));
        }
        if burst.rate_off > Share::ZERO && row.reach != Scope::Attempts {
            let message = format!("`{}` has no rate, neither on nor off", self.word());
            let problem = self.problem_at_key("burst.rate_off", message);
            return Err(problem.hint("leave it out"));
        }
        if burst.rate_off > Share::ZERO && burst.rate_off >= self.file.rate.unwrap_or(Share::WHOLE)
        {
            let problem = self.problem("burst.rate_off", "it strikes no less while it is off");
            return Err(problem.hint("write less than its `rate`"));
        }
        Ok(Some(burst))
    }

    /// How many exchanges it strikes.
    pub(super) fn times_struck(&self) -> Result<Option<u64>, Diagnostic> {
        match self.file.times {
            Some(0) => {
                let problem =
                    self.problem("times", "a fault that strikes no exchange does nothing");
                Err(problem.hint("write how many, or leave the fault out"))
            }
            times => Ok(times),
        }
    }

    /// A share that must not be 0; 100 % by default.
    pub(super) fn some_share(
        &self,
        key: &str,
        share: Option<Share>,
        nothing: &str,
    ) -> Result<Share, Diagnostic> {
        match share {
            Some(Share::ZERO) => {
                let problem = self.problem(key, format!("a fault {nothing} would never fire"));
                Err(problem.hint("write more than `0%`, or leave the fault out"))
            }
            share => Ok(share.unwrap_or(Share::WHOLE)),
        }
    }
}

/// A limit on the work at the edges of windows.
const MOST_WINDOWS: u128 = 1_000_000;

/// A limit on what each provider stores for a fault with bursts.
const MOST_BURSTS: u128 = 100_000;
