//! The numbers that no run can measure: each has a source, a flag, a file or a default.

use std::ops::RangeInclusive;

use serde::Deserialize;

use super::RoiError;
use super::month::{Frame, HOURS_A_MONTH};
use super::observed::Observed;
use super::rows::grouped;
use crate::text::{Diagnostic, Document};
use crate::units::{Money, Share, UnitError, count, tokens};

/// A number, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given<T> {
    pub(crate) value: T,
    pub(crate) source: Source,
}

/// Where an assumption comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The command line: `--volume`.
    Flag(&'static str),
    /// A file, by name.
    File(String),
    /// Ours.
    Default,
}

impl Source {
    fn shown(&self) -> String {
        match self {
            Self::Flag(name) => format!("--{}", name.replace('_', "-")),
            Self::File(name) => name.clone(),
            Self::Default => "default".to_owned(),
        }
    }
}

/// How much is asked for in a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Volume {
    /// Calls.
    Calls(u64),
    /// Tokens of delivered answers, prompts included.
    Tokens(u64),
}

/// All assumptions about a month.
#[derive(Clone, Debug)]
pub(crate) struct Assumptions {
    pub(super) volume: Given<Volume>,
    /// Per hour.
    pub(super) downtime: Given<Money>,
    /// Per call; none = the highest cost per answer of the policies.
    pub(super) lost_call: Option<Given<Money>>,
    /// Once.
    pub(super) integration: Given<Money>,
    /// The share of the month that goes as in the scenario.
    pub(super) exposure: Given<Share>,
    /// The policy to compare with.
    pub(super) baseline: Option<Given<String>>,
    /// The provider that answers when all is well.
    pub(super) primary: Option<Given<String>>,
}

/// The assumptions as texts: the keys of a file, and the flags of the command line.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Written {
    /// `50M/month`.
    pub(crate) volume: Option<String>,
    /// `400 USD/h`.
    pub(crate) downtime: Option<String>,
    /// `0.02 USD`.
    pub(crate) lost_call: Option<String>,
    /// `12_000 USD`.
    pub(crate) integration: Option<String>,
    /// `2%`.
    pub(crate) exposure: Option<String>,
    /// A policy.
    pub(crate) baseline: Option<String>,
    /// A provider.
    pub(crate) primary: Option<String>,
}

impl Written {
    /// Reads the assumptions in `document`.
    pub(crate) fn of(document: &Document) -> Result<Self, Diagnostic> {
        let written: Self = document.decode()?;
        // Each value is parsed once here, so that a mistake has a caret.
        let parsed = Assumptions::new(&Self::default(), Some(("", &written)));
        match parsed {
            Err(Mistake::Of(key, error)) => {
                let problem = document.problem(&[key], error.message());
                Err(problem.hint(error.hint().unwrap_or_default()))
            }
            Err(Mistake::NoVolume) | Ok(_) => Ok(written),
        }
    }
}

/// A mistake in one assumption, by key.
#[derive(Clone, Debug)]
pub(crate) enum Mistake {
    Of(&'static str, UnitError),
    NoVolume,
}

impl Mistake {
    /// As an error of the command line.
    pub(crate) fn error(&self) -> RoiError {
        match self {
            Self::Of(key, error) => {
                let flag = Source::Flag(key).shown();
                RoiError::new(
                    format!("`{flag}`: {}", error.message()),
                    error.hint().unwrap_or_default(),
                )
            }
            Self::NoVolume => RoiError::new(
                "the volume of a month is not known",
                "write `--volume 50M/month`, or `--volume '50M tok/month'` for tokens",
            ),
        }
    }
}

impl Assumptions {
    /// From flags, else a file (with its name), else defaults.
    pub(crate) fn new(flags: &Written, file: Option<(&str, &Written)>) -> Result<Self, Mistake> {
        let reader = Reader { flags, file };
        let money = |text: &str| Money::parse(text);
        Ok(Self {
            downtime: reader.or(
                "downtime",
                |all| all.downtime.as_ref(),
                per_hour,
                Money::ZERO,
            )?,
            lost_call: reader.get("lost_call", |all| all.lost_call.as_ref(), money)?,
            integration: reader.or(
                "integration",
                |all| all.integration.as_ref(),
                money,
                Money::ZERO,
            )?,
            exposure: reader.or(
                "exposure",
                |all| all.exposure.as_ref(),
                Share::parse,
                Share::WHOLE,
            )?,
            baseline: reader.get("baseline", |all| all.baseline.as_ref(), name)?,
            primary: reader.get("primary", |all| all.primary.as_ref(), name)?,
            volume: reader
                .get("volume", |all| all.volume.as_ref(), volume)?
                .ok_or(Mistake::NoVolume)?,
        })
    }

    /// All assumptions, for the reader; `frame` says what was made of them.
    pub(super) fn listed(&self, observed: &Observed, frame: &Frame<'_>) -> Vec<Listed> {
        let usd = |money: Money| format!("{} USD", money.usd());
        let lost = match &self.lost_call {
            Some(given) => (usd(given.value), given.source.shown()),
            None => (usd(frame.lost_call), LOST_BY_DEFAULT.to_owned()),
        };
        let named = |given: &Option<Given<String>>, name: &str| {
            let source = given
                .as_ref()
                .map_or(Source::Default, |one| one.source.clone());
            (name.to_owned(), source.shown())
        };
        let ending = if frame.volume == 1 { "" } else { "s" };
        let calls = format!("{} call{ending}", grouped(frame.volume));
        let volume = match self.volume.value {
            Volume::Calls(_) => calls,
            Volume::Tokens(tokens) => format!("{} tokens, which are {calls}", grouped(tokens)),
        };
        let month = format!("30 days, {HOURS_A_MONTH} hours");
        let given = |value: String, source: &Source| (value, source.shown());
        let rows = [
            ("volume of a month", given(volume, &self.volume.source)),
            ("a month", (month, "convention".to_owned())),
            (
                "exposure: like the scenario",
                given(self.exposure.value.to_string(), &self.exposure.source),
            ),
            (
                "an hour down, beside lost calls",
                given(usd(self.downtime.value), &self.downtime.source),
            ),
            ("a lost call", lost),
            (
                "integration, once",
                given(usd(self.integration.value), &self.integration.source),
            ),
            (
                "baseline",
                named(&self.baseline, &observed.policies[frame.baseline].name),
            ),
            (
                "primary, when all is well",
                named(&self.primary, &observed.providers[frame.primary].name),
            ),
        ];
        let rows = rows.map(|(name, (value, source))| Listed {
            name: name.to_owned(),
            value,
            source,
        });
        let calm = (self.exposure.value < Share::WHOLE).then(|| Listed {
            name: "a call while all is well".to_owned(),
            value: usd(frame.calm_call),
            source: "mean answer, primary's price".to_owned(),
        });
        let prices = observed.providers.iter().map(|provider| provider.listed());
        rows.into_iter().chain(calm).chain(prices).collect()
    }
}

/// An assumption as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) source: String,
}

/// Reads one value at a time, flags first.
struct Reader<'a> {
    flags: &'a Written,
    file: Option<(&'a str, &'a Written)>,
}

impl Reader<'_> {
    fn get<T>(
        &self,
        key: &'static str,
        text_of: fn(&Written) -> Option<&String>,
        parse: impl Fn(&str) -> Result<T, UnitError>,
    ) -> Result<Option<Given<T>>, Mistake> {
        let flag = text_of(self.flags).map(|text| (text, Source::Flag(key)));
        let file = || {
            let (name, file) = self.file?;
            text_of(file).map(|text| (text, Source::File(name.to_owned())))
        };
        let Some((text, source)) = flag.or_else(file) else {
            return Ok(None);
        };
        let value = parse(text).map_err(|error| Mistake::Of(key, error))?;
        Ok(Some(Given { value, source }))
    }

    fn or<T>(
        &self,
        key: &'static str,
        text_of: fn(&Written) -> Option<&String>,
        parse: impl Fn(&str) -> Result<T, UnitError>,
        default: T,
    ) -> Result<Given<T>, Mistake> {
        let source = Source::Default;
        let default = Given {
            value: default,
            source,
        };
        Ok(self.get(key, text_of, parse)?.unwrap_or(default))
    }
}

fn name(text: &str) -> Result<String, UnitError> {
    Ok(text.to_owned())
}

/// `400 USD/h`.
fn per_hour(text: &str) -> Result<Money, UnitError> {
    let hint = |error: UnitError| error.or_write("write as in `400 USD/h`");
    match text.rsplit_once('/') {
        Some((amount, "h")) => Money::parse(amount).map_err(hint),
        _ => Err(hint(UnitError::new("downtime is priced by the hour"))),
    }
}

/// `50M/month`, `120/h`, `50M tok/month`.
fn volume(text: &str) -> Result<Volume, UnitError> {
    let hint = |error: UnitError| error.or_write("write as in `50M/month` or `50M tok/month`");
    let (amount, per) = text.rsplit_once('/').unwrap_or((text, ""));
    let found = PERIODS.iter().find(|(name, _)| *name == per.trim());
    let Some((_, seconds)) = found else {
        return Err(hint(UnitError::new(
            "a volume is per `month`, `day`, `h`, `min` or `s`",
        )));
    };
    let month = |count: u64| {
        let exact = u128::from(count) * u128::from(SECONDS_A_MONTH) / u128::from(*seconds);
        let count = u64::try_from(exact).ok();
        let count = count.filter(|count| VOLUMES.contains(count));
        count.ok_or_else(|| hint(UnitError::new("a month has 1 to 10^15 calls or tokens")))
    };
    if amount.contains("tok") {
        return Ok(Volume::Tokens(month(tokens::parse(amount)?)?));
    }
    let calls = amount.trim().trim_end_matches("calls").trim_end();
    Ok(Volume::Calls(month(count::parse(calls).map_err(hint)?)?))
}

const VOLUMES: RangeInclusive<u64> = 1..=1_000_000_000_000_000;

const SECONDS_A_MONTH: u64 = 30 * 86_400;

const PERIODS: [(&str, u64); 5] = [
    ("month", SECONDS_A_MONTH),
    ("day", 86_400),
    ("h", 3_600),
    ("min", 60),
    ("s", 1),
];

/// With it, no policy gains by failing: what it does not answer costs at least an answer.
const LOST_BY_DEFAULT: &str = "default: the dearest answer here";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_is_scaled_to_thirty_days() {
        for (text, expected) in [
            ("50M/month", Volume::Calls(50_000_000)),
            ("1_000/day", Volume::Calls(30_000)),
            ("120 calls/h", Volume::Calls(86_400)),
            ("1/s", Volume::Calls(2_592_000)),
            ("50M tok/month", Volume::Tokens(50_000_000)),
            ("50M tok / month", Volume::Tokens(50_000_000)),
        ] {
            assert_eq!(volume(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn mistakes_say_what_to_write() {
        for text in [
            "50M",
            "50M/week",
            "0/month",
            "x/month",
            "99999999999M/s",
            "-1/day",
        ] {
            let error = volume(text).unwrap_err().to_string();
            assert!(error.contains("50M"), "{text}: {error}");
        }
        for text in ["400", "400 USD", "400 EUR/h", "400/h", "400 USD/day"] {
            let error = per_hour(text).unwrap_err().to_string();
            assert!(error.contains("USD"), "{text}: {error}");
        }
        assert_eq!(per_hour("400USD/h").unwrap().usd(), "400");
    }

    #[test]
    fn a_flag_wins_over_the_file_and_both_are_named() {
        let text = "volume: 1M/month\ndowntime: 400 USD/h\n";
        let document = Document::parse("roi.yaml", text).unwrap();
        let file = Written::of(&document).unwrap();
        let flags = Written {
            volume: Some("2M/month".to_owned()),
            ..Written::default()
        };
        let all = Assumptions::new(&flags, Some(("roi.yaml", &file))).unwrap();
        assert_eq!(all.volume.value, Volume::Calls(2_000_000));
        assert_eq!(all.volume.source, Source::Flag("volume"));
        assert_eq!(all.downtime.source, Source::File("roi.yaml".to_owned()));
        assert_eq!(all.exposure.source, Source::Default);
    }

    #[test]
    fn a_mistake_in_the_file_has_a_caret() {
        let document = Document::parse("roi.yaml", "volume: 1M/month\ndowntime: 400\n").unwrap();
        let problem = Written::of(&document).unwrap_err().to_string();
        assert!(problem.contains("roi.yaml:2:11"), "{problem}");
        assert!(problem.contains("write as in `400 USD/h`"), "{problem}");
        let document = Document::parse("roi.yaml", "volumes: 1M/month\n").unwrap();
        let problem = Written::of(&document).unwrap_err().to_string();
        assert!(problem.contains("volume"), "{problem}");
    }
}
