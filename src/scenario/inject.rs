//! Reads one fault: what it does, to whom, and when; or says what is wrong with it.
//!
//! A key is refused where it means nothing, so that no fault is weaker or stronger than its file
//! seems to say. `for` is always a window's length; how long a `stall` is silent is its `silence`.

use std::time::Duration;

use super::fault::{Cut, Fault, Inject, Pace, Sticky, Windows};
use super::understand::bounded;
use super::{LONGEST_RUN, Provider, file};
use crate::policy::ProviderId;
use crate::text::units::{duration, factor, tokens};
use crate::text::{Document, Problem};
use crate::wire::writer::Refusal;

/// What a fault falls into.
pub(super) struct Setting<'a> {
    /// The fleet, in order.
    pub(super) providers: &'a [Provider],
    /// How long calls arrive.
    pub(super) run: Duration,
    /// Whether that is a trace's doing, and not the file's.
    pub(super) is_replay: bool,
}

/// The fault `name`, as `file` means it in this `setting`.
pub(super) fn fault(
    document: &Document,
    name: &str,
    file: &file::Fault,
    setting: &Setting<'_>,
) -> Result<Fault, Problem> {
    let reader = Reader {
        document,
        name,
        file,
    };
    let providers = setting.providers;
    let target = providers.iter().position(|known| known.name == file.target);
    let target = target.and_then(|place| u16::try_from(place).ok());
    let target = target.ok_or_else(|| {
        let message = format!("unknown provider `{}`", file.target);
        let known = providers.iter().map(|provider| provider.name.as_str());
        reader
            .problem("target", message)
            .did_you_mean(&file.target, known)
    })?;
    let inject = reader.inject()?;
    reader.check_keys(&inject)?;
    Ok(Fault {
        name: name.to_owned(),
        targets: vec![ProviderId(target)],
        inject,
        windows: reader.windows(setting)?,
        rate: reader.rate()?,
        sticky: reader.sticky()?,
    })
}

struct Reader<'a> {
    document: &'a Document,
    name: &'a str,
    file: &'a file::Fault,
}

impl Reader<'_> {
    fn problem(&self, key: &str, message: impl Into<String>) -> Problem {
        self.document.problem(&["faults", self.name, key], message)
    }

    fn length(&self, key: &str, value: Duration, least: Duration) -> Result<Duration, Problem> {
        let path = ["faults", self.name, key];
        bounded(
            self.document,
            &path,
            value,
            least..=LONGEST_RUN,
            duration::write,
        )
    }

    fn inject(&self) -> Result<Inject, Problem> {
        Ok(match self.file.inject.as_str() {
            "outage" => Inject::Outage,
            "blackhole" => Inject::Blackhole,
            "hang" => Inject::Hang,
            "reset" => Inject::Reset,
            "slow" => Inject::Slow {
                factor_milli: self.factor()?,
                what: Pace::All,
            },
            "stream_cut" => Inject::StreamCut {
                after: self.after()?,
                with: self.file.with.unwrap_or(Cut::Rst),
                inside: None,
            },
            "stall" => Inject::Stall {
                after: self.after()?,
                length: self.silence()?,
                then: None,
            },
            word => {
                let refusal = Refusal::with_status(self.status(word)?);
                let refusal = match self.file.retry_after {
                    Some(hint) => {
                        refusal.after(self.length("retry_after", hint, Duration::ZERO)?)
                    }
                    None => refusal,
                };
                Inject::Refuse {
                    refusal,
                    billed: false,
                }
            }
        })
    }

    fn status(&self, word: &str) -> Result<u16, Problem> {
        if word.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
            let status = word.parse::<u16>().ok();
            return status
                .filter(|status| (400..=599).contains(status))
                .ok_or_else(|| {
                    let message = format!("`{word}` is no status of a failure");
                    let problem = self.problem("inject", message);
                    problem.hint("write a status from 400 to 599, or a word such as `outage`")
                });
        }
        let problem = self.problem("inject", format!("unknown fault `{word}`"));
        Err(problem.did_you_mean(word, WORDS))
    }

    fn factor(&self) -> Result<u64, Problem> {
        let Some(factor) = self.file.factor else {
            return Err(self.missing("factor", "write how many times slower: `factor: 3`"));
        };
        let path = ["faults", self.name, "factor"];
        bounded(
            self.document,
            &path,
            factor,
            1_000..=1_000_000,
            factor::write,
        )
    }

    fn after(&self) -> Result<u64, Problem> {
        let Some(after) = self.file.after else {
            return Err(self.missing("after", "write after how many tokens: `after: 80 tok`"));
        };
        let path = ["faults", self.name, "after"];
        bounded(
            self.document,
            &path,
            after,
            0..=super::workload::MOST_TOKENS,
            tokens::write,
        )
    }

    fn silence(&self) -> Result<Duration, Problem> {
        match self.file.silence {
            Some(silence) => self.length("silence", silence, SHORTEST),
            None => Err(self.missing("silence", "write how long it is silent: `silence: 20s`")),
        }
    }

    fn missing(&self, key: &str, hint: &str) -> Problem {
        let message = format!("`{}` needs the key `{key}`", self.file.inject);
        self.problem("inject", message).hint(hint)
    }

    /// Refuses every key that means nothing to this fault.
    fn check_keys(&self, inject: &Inject) -> Result<(), Problem> {
        let own: &[&str] = match inject {
            Inject::Outage | Inject::Blackhole => &[],
            Inject::Hang | Inject::Reset => &["rate", "sticky"],
            Inject::Refuse { .. } => &["rate", "sticky", "retry_after"],
            Inject::Slow { .. } => &["rate", "sticky", "factor"],
            Inject::StreamCut { .. } => &["rate", "sticky", "after", "with"],
            Inject::Stall { .. } => &["rate", "sticky", "after", "silence"],
            _ => &[],
        };
        let fits = |key: &str| ALWAYS.contains(&key) || own.contains(&key);
        let keys = self.document.keys(&["faults", self.name]);
        let Some(key) = keys.iter().find(|key| !fits(key)) else {
            return Ok(());
        };
        let word = &self.file.inject;
        let path = ["faults", self.name, key];
        Err(if matches!(key.as_str(), "rate" | "sticky") {
            let message = format!("`{word}` strikes the whole provider, not a share of attempts");
            let problem = self.document.problem_at_key(&path, message);
            problem.hint("for a share of attempts use `reset` or `hang`")
        } else {
            let message = format!("`{key}` means nothing to `{word}`");
            let problem = self.document.problem_at_key(&path, message);
            problem.hint(match own {
                [] => "leave it out".to_owned(),
                own => format!("its own keys are `{}`", own.join("`, `")),
            })
        })
    }

    fn windows(&self, setting: &Setting<'_>) -> Result<Windows, Problem> {
        let at = self.file.at.unwrap_or(Duration::ZERO);
        self.length("at", at, Duration::ZERO)?;
        if !setting.is_replay && at >= setting.run {
            let problem = self.problem("at", "the run is over by then: this would never fire");
            return Err(problem.hint("start it before `run.duration` has passed"));
        }
        let length = match self.file.length {
            Some(length) => Some(self.length("for", length, SHORTEST)?),
            None => None,
        };
        if let Some(every) = self.file.every {
            self.length("every", every, SHORTEST)?;
            self.check_period(every, length, setting.run)?;
        }
        Ok(Windows {
            at,
            length,
            every: self.file.every,
        })
    }

    fn check_period(
        &self,
        every: Duration,
        length: Option<Duration>,
        run: Duration,
    ) -> Result<(), Problem> {
        let Some(length) = length else {
            let path = ["faults", self.name, "every"];
            let message = "`every` needs `for`: how long it strikes each time";
            let problem = self.document.problem_at_key(&path, message);
            return Err(problem.hint("write as in `{ at: 1m, for: 10s, every: 1m }`"));
        };
        if length >= every {
            let problem = self.problem("for", "the next window would begin before this one ends");
            return Err(problem.hint(format!(
                "make it shorter than `every`: {}",
                duration::write(every)
            )));
        }
        if run.as_nanos() / every.as_nanos() > MOST_WINDOWS {
            let message = format!("it would come back more than {MOST_WINDOWS} times in this run");
            return Err(self.problem("every", message).hint("make it longer"));
        }
        Ok(())
    }

    fn rate(&self) -> Result<u64, Problem> {
        match self.file.rate {
            None => Ok(WHOLE),
            Some(0) => Err(self
                .problem("rate", "a fault that strikes nothing would never fire")
                .hint("write more than `0%`, or leave the fault out")),
            Some(rate) => Ok(rate),
        }
    }

    fn sticky(&self) -> Result<Sticky, Problem> {
        match self.file.sticky.as_deref() {
            None | Some("attempt") => Ok(Sticky::Attempt),
            Some("call") => Ok(Sticky::Call),
            Some(written) => {
                let length = duration::parse(written).map_err(|_| {
                    let message = format!("`{written}` does not say how long luck holds");
                    let problem = self.problem("sticky", message);
                    problem.hint("write `attempt`, `call`, or a length of time such as `1s`")
                })?;
                self.length("sticky", length, SHORTEST).map(Sticky::Length)
            }
        }
    }
}

const WORDS: [&str; 7] = [
    "outage",
    "blackhole",
    "hang",
    "reset",
    "slow",
    "stream_cut",
    "stall",
];
const ALWAYS: [&str; 5] = ["target", "inject", "at", "for", "every"];

/// 100 %, in parts per 10^9.
const WHOLE: u64 = 1_000_000_000;

/// The world's timers resolve one millisecond.
const SHORTEST: Duration = Duration::from_millis(1);

/// A bound on what the world does at the edges of windows.
const MOST_WINDOWS: u128 = 1_000_000;
