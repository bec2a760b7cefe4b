//! Reads rates: one for the whole run, or a curve with the keys that belong to it.
//!
//! A key is refused where it means nothing, and so is a curve whose change lies behind the run.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::super::check::bounded;
use super::super::{LONGEST_RUN, file};
use super::curve::{Rate, Step, fine};
use super::{Calls, Load, SHORTEST};
use crate::text::units::{PerTime, duration, rate as unit};
use crate::text::{Diagnostic, Document};
use crate::time::Instant;

/// The rate of the load.
pub(super) fn rate(document: &Document, file: file::Rate) -> Result<Rate, Diagnostic> {
    let file = match file {
        file::Rate::Always(rate) => return Ok(Rate::Constant(rate)),
        file::Rate::Curve(file) => file,
    };
    let reader = Reader {
        document,
        file: &file,
    };
    let Some((_, required, optional)) = CURVES.iter().find(|(name, ..)| *name == file.curve) else {
        let problem = reader.problem("curve", format!("unknown curve `{}`", file.curve));
        return Err(problem.did_you_mean(&file.curve, CURVES.map(|(name, ..)| name)));
    };
    reader.check_keys(&[*required, *optional].concat())?;
    let rate = match file.curve.as_str() {
        "diurnal" => reader.diurnal(),
        "ramp" => reader.ramp(),
        "spike" => reader.spike(),
        _ => reader.steps(),
    }?;
    Ok(rate)
}

/// Refuses more calls than a run can have, and changes of the rate that it never sees.
pub(in crate::scenario) fn check_calls(
    document: &Document,
    load: &Load,
    length: Duration,
) -> Result<(), Diagnostic> {
    let (path, calls): (&[&str], _) = match &load.calls {
        Calls::Drawn { rate, .. } => {
            check_fires(document, rate, length)?;
            let calls = rate.calls_by(Instant::START + length);
            (&["load", "rate"], calls)
        }
        Calls::Users { users, .. } => {
            let each = length.as_nanos() / users.think.p50.as_nanos().max(1);
            (&["load", "users"], each * u128::from(users.count))
        }
        Calls::Trace { .. } => return Ok(()),
    };
    if calls <= MOST_CALLS {
        return Ok(());
    }
    let message = format!("this makes {calls} calls per seed, more than {MOST_CALLS}");
    Err(document
        .problem(path, message)
        .hint("write a smaller rate, or a shorter `run.duration`"))
}

fn check_fires(document: &Document, rate: &Rate, length: Duration) -> Result<(), Diagnostic> {
    let (path, at): (&[&str], _) = match rate {
        Rate::Constant(_) | Rate::Diurnal { .. } => return Ok(()),
        Rate::Ramp { at, .. } | Rate::Spike { at, .. } => (&["load", "rate", "at"], *at),
        Rate::Steps(steps) => {
            let last = steps.last().map_or(Duration::ZERO, |step| step.at);
            (&["load", "rate", "steps"], last)
        }
    };
    if at < length {
        return Ok(());
    }
    let message = format!("the run is over before {}", duration::write(at));
    Err(document
        .problem(path, message)
        .hint("let the rate change before `run.duration` has passed"))
}

struct Reader<'a> {
    document: &'a Document,
    file: &'a file::Curve,
}

impl Reader<'_> {
    fn problem(&self, key: &str, message: impl Into<String>) -> Diagnostic {
        self.document.problem(&["load", "rate", key], message)
    }

    fn check_keys(&self, own: &[&str]) -> Result<(), Diagnostic> {
        let keys = self.document.keys(&["load", "rate"]);
        let fits = |key: &str| key == "curve" || own.contains(&key);
        let Some(key) = keys.iter().find(|key| !fits(key)) else {
            return Ok(());
        };
        let message = format!("`{key}` means nothing to a `{}`", self.file.curve);
        let problem = self
            .document
            .problem_at_key(&["load", "rate", key], message);
        Err(problem.hint(format!("its own keys are `{}`", own.join("`, `"))))
    }

    fn missing(&self, key: &str, example: &str) -> Diagnostic {
        let message = format!("`{}` needs the key `{key}`", self.file.curve);
        let problem = self.problem("curve", message);
        problem.hint(format!("write as in `{key}: {example}`"))
    }

    fn level(&self, key: &str, written: Option<file::Level>) -> Result<PerTime, Diagnostic> {
        let rate = written.ok_or_else(|| self.missing(key, "2/s"))?.0;
        self.bounded_level(&["load", "rate", key], rate)
    }

    fn bounded_level(&self, path: &[&str], rate: PerTime) -> Result<PerTime, Diagnostic> {
        if fine(rate) <= fine(HIGHEST) {
            return Ok(rate);
        }
        let message = format!("`{}` is too large", unit::write(rate));
        let problem = self.document.problem(path, message);
        Err(problem.hint(format!("write at most `{}`", unit::write(HIGHEST))))
    }

    fn length(
        &self,
        key: &str,
        written: Option<Duration>,
        range: RangeInclusive<Duration>,
    ) -> Result<Duration, Diagnostic> {
        let length = written.ok_or_else(|| self.missing(key, "5m"))?;
        let path = ["load", "rate", key];
        bounded(self.document, &path, length, range, duration::write)
    }

    fn at(&self) -> Result<Duration, Diagnostic> {
        let at = self.file.at.or(Some(Duration::ZERO));
        self.length("at", at, Duration::ZERO..=LONGEST_RUN)
    }

    fn diurnal(&self) -> Result<Rate, Diagnostic> {
        let mean = self.level("mean", self.file.mean)?;
        let peak = self.level("peak", self.file.peak)?;
        if fine(mean) == 0 {
            let problem = self.problem("mean", "this never happens");
            return Err(problem.hint("write as in `2/s`"));
        }
        if fine(peak) < fine(mean) || fine(peak) > 2 * fine(mean) {
            let side = match fine(peak) < fine(mean) {
                true => "the peak is below the mean",
                false => "the trough would be below zero",
            };
            let twice = PerTime {
                count_nano: 2 * mean.count_nano,
                ..mean
            };
            let problem = self.problem("peak", side);
            return Err(problem.hint(format!(
                "the wave swings as far below its mean as above: write from `{}` to `{}`",
                unit::write(mean),
                unit::write(twice),
            )));
        }
        Ok(Rate::Diurnal {
            mean,
            peak,
            peak_at: {
                let at = self.file.peak_at.or(Some(Duration::ZERO));
                self.length("peak_at", at, Duration::ZERO..=LONGEST_RUN)?
            },
            period: self.length("period", self.file.period, SHORTEST..=LONGEST_RUN)?,
        })
    }

    fn ramp(&self) -> Result<Rate, Diagnostic> {
        let from = self.level("from", self.file.from)?;
        let to = self.level("to", self.file.to)?;
        self.check_any("to", [from, to])?;
        Ok(Rate::Ramp {
            from,
            to,
            at: self.at()?,
            over: self.length("over", self.file.over, SHORTEST..=LONGEST_RUN)?,
        })
    }

    fn spike(&self) -> Result<Rate, Diagnostic> {
        let base = self.level("base", self.file.base)?;
        let peak = self.level("peak", self.file.peak)?;
        self.check_any("peak", [base, peak])?;
        Ok(Rate::Spike {
            base,
            peak,
            at: self.at()?,
            length: self.length("for", self.file.length, SHORTEST..=LONGEST_RUN)?,
        })
    }

    fn steps(&self) -> Result<Rate, Diagnostic> {
        let example = "[ { at: 0s, rate: 1/s }, { at: 5m, rate: 3/s } ]";
        let Some(files) = &self.file.steps else {
            return Err(self.missing("steps", example));
        };
        if files.is_empty() {
            let problem = self.problem("steps", "there is no step at all");
            return Err(problem.hint(format!("write as in `steps: {example}`")));
        }
        if files.len() > MOST_STEPS {
            return Err(self.problem("steps", format!("more than {MOST_STEPS} steps")));
        }
        let mut steps: Vec<Step> = Vec::new();
        for (n, file) in files.iter().enumerate() {
            let place = n.to_string();
            let at = |key| ["load", "rate", "steps", &place, key];
            let range = Duration::ZERO..=LONGEST_RUN;
            bounded(self.document, &at("at"), file.at, range, duration::write)?;
            if steps.last().is_some_and(|last| file.at <= last.at) {
                let message = "this step does not come after the one before it";
                let problem = self.document.problem(&at("at"), message);
                return Err(problem.hint("write the steps in the order of their time"));
            }
            let rate = self.bounded_level(&at("rate"), file.rate.0)?;
            steps.push(Step { at: file.at, rate });
        }
        self.check_any("steps", steps.iter().map(|step| step.rate))?;
        Ok(Rate::Steps(steps))
    }

    /// Refuses a curve that never brings a call.
    fn check_any(
        &self,
        key: &str,
        rates: impl IntoIterator<Item = PerTime>,
    ) -> Result<(), Diagnostic> {
        if rates.into_iter().any(|rate| rate.count_nano > 0) {
            return Ok(());
        }
        let problem = self.problem(key, "this brings no call at all");
        Err(problem.hint("write a rate such as `8/s` somewhere"))
    }
}

/// Curves by name, with the keys that each must have, and those that it may.
pub(in crate::scenario) const CURVES: [(&str, Keys, Keys); 4] = [
    ("diurnal", &["mean", "peak", "period"], &["peak_at"]),
    ("ramp", &["from", "to", "over"], &["at"]),
    ("spike", &["base", "peak", "for"], &["at"]),
    ("steps", &["steps"], &[]),
];

type Keys = &'static [&'static str];

/// No curve is higher: beyond what any world can host, and far from any overflow.
const HIGHEST: PerTime = PerTime {
    count_nano: 1_000_000_000_000_000,
    per: Duration::from_secs(1),
};
const MOST_CALLS: u128 = 1_000_000_000;
const MOST_STEPS: usize = 100_000;
