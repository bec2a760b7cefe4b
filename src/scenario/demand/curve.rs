//! Rates: constant, or a curve with its own keys.
//!
//! A row of `curves!` lists the keys of a curve. The reader, the writer, messages and the schema
//! are generated from the rows. `time` has the integral of a rate.

use std::fmt;
use std::time::Duration;

use serde::de::Deserializer;
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::text::Diagnostic;
use crate::text::place::Place;
use crate::text::section::section;
use crate::time::course::Course;
use crate::time::{Instant, LONGEST_RUN, SHORTEST, nanos};
use crate::units::{Length, Rate, TextOrMap, UnitError, converts, duration, text_form};

/// How many calls arrive per time, at all clients together.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RateCurve {
    /// The same for the whole run.
    Constant(Rate),
    /// A sine wave, as over a day.
    Diurnal {
        /// Its mean.
        mean: Rate,
        /// Its highest rate; the lowest is as far below the mean.
        peak: Rate,
        /// When it is highest for the first time.
        peak_at: Duration,
        /// The time from one peak to the next.
        period: Duration,
    },
    /// A straight line from one rate to another.
    Ramp {
        /// The rate before.
        from: Rate,
        /// The rate afterwards.
        to: Rate,
        /// When it begins to change.
        at: Duration,
        /// How long it changes.
        over: Duration,
    },
    /// Another rate for a while.
    Spike {
        /// The rate before and afterwards.
        base: Rate,
        /// The rate in between.
        peak: Rate,
        /// When it begins.
        at: Duration,
        /// How long it lasts.
        length: Duration,
    },
    /// One rate after another; the rate is 0 before the first step.
    Steps {
        /// In order of their time.
        steps: Vec<Step>,
    },
}

section! {
    /// One of a curve's `steps`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Step [Serialize] ("Step") {
        /// When the step begins.
        required pub at: Duration as Length, in Duration::ZERO..=LONGEST_RUN;
        /// The rate from then on.
        required pub rate: Rate as Level;
    }
}

/// `rate`, as it is written.
pub(super) enum Written {
    Always(Rate),
    Curve(Box<Curve>),
}

section! {
    /// `rate`, as a map. Its keys are checked when it is resolved.
    #[derive()]
    pub(super) struct Curve [] ("Curve", transform own_keys) {
        /// The curve's name.
        required curve: String, schema CurveName;
        /// The mean rate of the wave.
        optional mean: Rate as Level;
        /// The highest rate.
        optional peak: Rate as Level;
        /// When it is highest; at the start by default.
        default peak_at: Duration as Length = Duration::ZERO, in Duration::ZERO..=LONGEST_RUN;
        /// The time from peak to peak.
        optional period: Duration as Length, in SHORTEST..=LONGEST_RUN;
        /// The rate at first.
        optional from: Rate as Level;
        /// The rate at last.
        optional to: Rate as Level;
        /// How long the change takes.
        optional over: Duration as Length, in SHORTEST..=LONGEST_RUN;
        /// The rate before and after.
        optional base: Rate as Level;
        /// When it begins to change; at the start by default.
        default at: Duration as Length = Duration::ZERO, in Duration::ZERO..=LONGEST_RUN;
        /// How long it stays at its peak.
        optional length "for": Duration as Length, in SHORTEST..=LONGEST_RUN;
        /// The steps; each holds until the next.
        optional steps: Vec<Step>;
    }
}

/// Declares the keys of every curve: the required ones, and after `;` the one that defaults to the
/// start.
macro_rules! curves {
    ($($name:literal $curve:ident {
        $($field:ident $key:literal),+ $(; $start:ident $start_key:literal)?
    })+) => {
        /// Curves by name, with the keys that each must have, and those that it may.
        const CURVES: &[(&str, &[&str], &[&str])] =
            &[$(($name, &[$($key),+], &[$($start_key)?])),+];

        impl Curve {
            /// The curve of this name, each value within its range.
            fn read(self, place: &Place<'_>) -> Result<RateCurve, Diagnostic> {
                match self.curve.as_str() {
                    $($name => Ok(RateCurve::$curve {
                        $($field: required(place, $name, $key, self.$field)?,)+
                        $($start: self.$start,)?
                    }),)+
                    name => {
                        let problem = place.problem("curve", format!("unknown curve `{name}`"));
                        Err(problem.did_you_mean(name, CURVES.iter().map(|(name, ..)| *name)))
                    }
                }
            }
        }

        impl Serialize for RateCurve {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = match self {
                    Self::Constant(rate) => return rate.serialize(serializer),
                    _ => serializer.serialize_map(None)?,
                };
                match self {
                    Self::Constant(_) => {}
                    $(Self::$curve { $($field,)+ $($start)? } => {
                        map.serialize_entry("curve", $name)?;
                        $(map.serialize_entry($key, &$field.shown())?;)+
                        $(map.serialize_entry($start_key, &$start.shown())?;)?
                    })+
                }
                map.end()
            }
        }
    };
}

curves! {
    "diurnal" Diurnal { mean "mean", peak "peak", period "period"; peak_at "peak_at" }
    "ramp" Ramp { from "from", to "to", over "over"; at "at" }
    "spike" Spike { base "base", peak "peak", length "for"; at "at" }
    "steps" Steps { steps "steps" }
}

/// A value under a key of a curve.
trait Key: Sized {
    /// What a message shows where it is missing.
    const EXAMPLE: &'static str;

    /// The resolved value.
    fn shown(&self) -> Value;

    /// Checks what its text form does not.
    fn check(&self, _: &Place<'_>) -> Result<(), Diagnostic> {
        Ok(())
    }
}

impl Key for Rate {
    const EXAMPLE: &'static str = "2/s";

    fn shown(&self) -> Value {
        json!(self)
    }
}

impl Key for Duration {
    const EXAMPLE: &'static str = "5m";

    fn shown(&self) -> Value {
        json!(Length(*self))
    }
}

impl Key for Vec<Step> {
    const EXAMPLE: &'static str = "[ { at: 0s, rate: 1/s }, { at: 5m, rate: 3/s } ]";

    fn shown(&self) -> Value {
        json!(self)
    }

    fn check(&self, place: &Place<'_>) -> Result<(), Diagnostic> {
        if self.is_empty() {
            let problem = place.problem("steps", "there is no step at all");
            return Err(problem.hint(format!("write as in `steps: {}`", Self::EXAMPLE)));
        }
        if self.len() > MOST_STEPS {
            return Err(place.problem("steps", format!("more than {MOST_STEPS} steps")));
        }
        let mut pairs = self.array_windows();
        match pairs.position(|[before, after]| after.at <= before.at) {
            None => Ok(()),
            Some(n) => {
                let message = "this step does not come after the one before it";
                let problem = place.problem(&format!("steps.{}.at", n + 1), message);
                Err(problem.hint("write the steps in the order of their time"))
            }
        }
    }
}

fn required<K: Key>(
    place: &Place<'_>,
    curve: &str,
    key: &str,
    value: Option<K>,
) -> Result<K, Diagnostic> {
    let Some(value) = value else {
        let problem = place.problem("curve", format!("`{curve}` needs the key `{key}`"));
        return Err(problem.hint(format!("write as in `{key}: {}`", K::EXAMPLE)));
    };
    value.check(place)?;
    Ok(value)
}

impl From<Rate> for RateCurve {
    fn from(rate: Rate) -> Self {
        Self::Constant(rate)
    }
}

impl Written {
    /// The resolved rate; it stands at `place`.
    pub(super) fn checked(self, place: &Place<'_>) -> Result<RateCurve, Diagnostic> {
        let curve = match self {
            Self::Always(rate) => return Ok(rate.into()),
            Self::Curve(curve) => curve,
        };
        curve.check_keys(place)?;
        let curve = curve.read(place)?;
        curve.check(place)?;
        Ok(curve)
    }
}

impl Curve {
    /// Refuses keys of other curves.
    fn check_keys(&self, place: &Place<'_>) -> Result<(), Diagnostic> {
        let Some((name, required, optional)) = CURVES.iter().find(|(name, ..)| *name == self.curve)
        else {
            return Ok(());
        };
        let own = [*required, *optional].concat();
        let keys = place.keys("");
        let fits = |key: &str| key == "curve" || own.contains(&key);
        let Some(key) = keys.iter().find(|key| !fits(key)) else {
            return Ok(());
        };
        let problem = place.problem_at_key(key, format!("a `{name}` has no key `{key}`"));
        Err(problem.hint(format!("its own keys are `{}`", own.join("`, `"))))
    }
}

impl RateCurve {
    /// How many calls arrive by `at`: its integral, rounded down.
    pub fn calls_by(&self, at: Instant) -> u128 {
        self.course().mass(at.as_nanos()) / CALL
    }

    /// Itself as a level over time, in billionths of a call per day.
    pub(crate) fn course(&self) -> Course {
        match *self {
            Self::Constant(rate) => Course::steps([(0, fine(rate))]),
            Self::Diurnal {
                mean,
                peak,
                peak_at,
                period,
            } => Course::wave(fine(mean), fine(peak), nanos(peak_at), nanos(period)),
            Self::Ramp { from, to, at, over } => {
                Course::ramp(fine(from), fine(to), nanos(at), nanos(over))
            }
            Self::Spike {
                base,
                peak,
                at,
                length,
            } => {
                let (at, end) = (nanos(at), nanos(at).saturating_add(nanos(length)));
                Course::steps([(0, fine(base)), (at, fine(peak)), (end, fine(base))])
            }
            Self::Steps { ref steps } => {
                Course::steps(steps.iter().map(|one| (nanos(one.at), fine(one.rate))))
            }
        }
    }

    /// Refuses a wave that falls below 0, and a curve that is 0 throughout.
    fn check(&self, place: &Place<'_>) -> Result<(), Diagnostic> {
        let (key, brings_any) = match self {
            Self::Constant(_) => return Ok(()),
            &Self::Diurnal { mean, peak, .. } => return check_swing(place, mean, peak),
            Self::Ramp { from, to, .. } => ("to", from.count_nano > 0 || to.count_nano > 0),
            Self::Spike { base, peak, .. } => ("peak", base.count_nano > 0 || peak.count_nano > 0),
            Self::Steps { steps } => ("steps", steps.iter().any(|step| step.rate.count_nano > 0)),
        };
        if brings_any {
            return Ok(());
        }
        let problem = place.problem(key, "this makes no calls");
        Err(problem.hint("write a rate such as `8/s` somewhere"))
    }

    /// Refuses changes after the end of a run of this `length`.
    pub(super) fn check_changes(
        &self,
        place: &Place<'_>,
        length: Duration,
    ) -> Result<(), Diagnostic> {
        let (key, at) = match self {
            Self::Constant(_) | Self::Diurnal { .. } => return Ok(()),
            Self::Ramp { at, .. } | Self::Spike { at, .. } => ("at", *at),
            Self::Steps { steps } => ("steps", steps.last().map_or(Duration::ZERO, |step| step.at)),
        };
        if at < length {
            return Ok(());
        }
        let message = format!("the run is over before {}", duration::write(at));
        let problem = place.problem(key, message);
        Err(problem.hint("let the rate change before `run.duration` has passed"))
    }
}

fn check_swing(place: &Place<'_>, mean: Rate, peak: Rate) -> Result<(), Diagnostic> {
    if fine(mean) == 0 {
        let problem = place.problem("mean", "this never happens");
        return Err(problem.hint("write as in `2/s`"));
    }
    let side = match fine(peak) {
        peak if peak < fine(mean) => "the peak is below the mean",
        peak if peak > 2 * fine(mean) => "the trough would be below zero",
        _ => return Ok(()),
    };
    let twice = Rate {
        count_nano: 2 * mean.count_nano,
        ..mean
    };
    Err(place.problem("peak", side).hint(format!(
        "the wave swings as far below its mean as above: write from `{mean}` to `{twice}`"
    )))
}

/// Billionths of a call per day: every rate that can be written is an integer in this unit.
fn fine(rate: Rate) -> u128 {
    let per = rate.per.as_secs().max(1);
    u128::from(rate.count_nano) * u128::from(DAY / per)
}

/// A rate of a curve, which may also be zero: `0/s`.
struct Level(Rate);

impl Level {
    fn parse(text: &str) -> Result<Self, UnitError> {
        let nothing = text.trim().strip_prefix('0').map(str::trim_start);
        let rate = match nothing.filter(|rest| rest.starts_with('/')) {
            Some(unit) => Rate {
                count_nano: 0,
                ..Rate::parse(&format!("1{unit}"))?
            },
            None => Rate::parse(text)?,
        };
        if fine(rate) <= fine(HIGHEST) {
            return Ok(Self(rate));
        }
        let error = UnitError::new(format!("`{rate}` is too large"));
        Err(error.or_write(format!("write at most `{HIGHEST}`")))
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

converts!(Level(Rate));
text_form!(Level, "a string");

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextOrMap {
            wanted: "a rate such as `8/s`, or a curve such as `{ curve: ramp, … }`",
            text: |text| Rate::parse(text).map(Self::Always),
            map: |curve| Self::Curve(Box::new(curve)),
        })
    }
}

/// The name of a curve.
#[cfg(feature = "cli")]
enum CurveName {}

#[cfg(feature = "cli")]
crate::text::schema::inline_schema! {
    CurveName, "CurveName", |_: &mut _| schemars::json_schema!({
        "enum": Vec::from_iter(CURVES.iter().map(|(name, ..)| name)),
    });
    Level, "Level", |generator: &mut schemars::SchemaGenerator| generator.subschema_for::<Rate>();
    Written, "Rate", |generator: &mut schemars::SchemaGenerator| {
        let always = generator.subschema_for::<Rate>();
        let curve = generator.subschema_for::<Curve>();
        schemars::json_schema!({ "anyOf": [always, curve] })
    };
}

/// Each curve takes keys of its own.
#[cfg(feature = "cli")]
fn own_keys(mut schema: schemars::Schema) -> schemars::Schema {
    let rules = CURVES.iter().map(|(name, required, optional)| {
        let keys = ["curve"].iter().chain(*required).chain(*optional);
        crate::text::schema::rule("curve", &json!({ "const": name }), required, keys.copied())
    });
    schema.insert("allOf".to_owned(), rules.collect());
    schema
}

/// The highest rate of a curve: above what a simulation can host, and far below any overflow.
const HIGHEST: Rate = Rate {
    count_nano: 1_000_000_000_000_000,
    per: Duration::from_secs(1),
};
const MOST_STEPS: usize = 100_000;

/// One billionth of a call, as an integral of [`RateCurve::course`].
pub(crate) const BILLIONTH: u128 = DAY as u128 * 1_000_000_000;

/// One call.
pub(crate) const CALL: u128 = BILLIONTH * 1_000_000_000;

/// A day in seconds.
const DAY: u64 = 86_400;
