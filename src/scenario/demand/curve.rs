//! Rates: the same for the whole run, or a curve with keys of its own.
//!
//! A row of `curves!` says which keys a curve has. From the rows follow the reader, the writer,
//! messages and the schema. What the rates bring by when is told by `course`.

use std::fmt;
use std::time::Duration;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::scenario::check::SHORTEST;
use crate::scenario::place::Place;
use crate::text::Diagnostic;
#[cfg(feature = "cli")]
use crate::units::schema;
use crate::units::{Rate, duration};

/// How many calls come in how much time, all clients together.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RateCurve {
    /// The same for the whole run.
    Constant(Rate),
    /// A sine wave, as days have it.
    Diurnal {
        /// Its mean.
        mean: Rate,
        /// Its highest; the lowest lies as far below the mean.
        peak: Rate,
        /// When it is highest for the first time.
        peak_at: Duration,
        /// From one peak to the next.
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
    /// One rate after another, without a beginning nothing before the first.
    Steps {
        /// In order of their time.
        steps: Vec<Step>,
    },
}

/// One of a curve's `steps`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// From when on.
    #[serde(with = "duration")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::Length"))]
    pub at: Duration,
    /// How many.
    #[serde(deserialize_with = "level")]
    pub rate: Rate,
}

/// `rate`, as it is written.
pub(super) enum Written {
    Always(Rate),
    Curve(Box<Curve>),
}

/// `rate`, as a map. Which keys a curve has is judged where it is understood.
#[derive(Deserialize)]
#[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "cli", schemars(transform = own_keys))]
#[serde(deny_unknown_fields)]
pub(super) struct Curve {
    /// Which.
    #[cfg_attr(feature = "cli", schemars(with = "CurveName"))]
    curve: String,
    /// Of the wave, and of the whole.
    mean: Option<Level>,
    /// At the highest.
    peak: Option<Level>,
    /// When it is highest; at the start by default.
    #[serde(default, with = "duration::option")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::Length"))]
    peak_at: Option<Duration>,
    /// From peak to peak.
    #[serde(default, with = "duration::option")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::Length"))]
    period: Option<Duration>,
    /// At first.
    from: Option<Level>,
    /// At last.
    to: Option<Level>,
    /// How long the way takes.
    #[serde(default, with = "duration::option")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::Length"))]
    over: Option<Duration>,
    /// Before and after.
    base: Option<Level>,
    /// When it begins to change; at the start by default.
    #[serde(default, with = "duration::option")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::Length"))]
    at: Option<Duration>,
    /// How long it is at its peak.
    #[serde(default, rename = "for", with = "duration::option")]
    #[cfg_attr(feature = "cli", schemars(with = "schema::Length"))]
    length: Option<Duration>,
    /// Each holds until the next.
    steps: Option<Vec<Step>>,
}

/// Declares the keys of every curve: those that it must have, and behind `;` the moment that is
/// the start by default.
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
                        $($start: start(place, $start_key, self.$start)?,)?
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

/// What a curve holds under a key of its own.
trait Key: Sized {
    /// How it is written.
    type Written;

    /// What a message shows where it is missing.
    const EXAMPLE: &'static str;

    /// Itself, when it lies within its range.
    fn checked(written: Self::Written, place: &Place<'_>, key: &str) -> Result<Self, Diagnostic>;

    /// As understood.
    fn shown(&self) -> Value;
}

impl Key for Rate {
    type Written = Level;

    const EXAMPLE: &'static str = "2/s";

    fn checked(Level(rate): Level, place: &Place<'_>, key: &str) -> Result<Self, Diagnostic> {
        if fine(rate) <= fine(HIGHEST) {
            return Ok(rate);
        }
        let problem = place.problem(key, format!("`{rate}` is too large"));
        Err(problem.hint(format!("write at most `{HIGHEST}`")))
    }

    fn shown(&self) -> Value {
        json!(self)
    }
}

impl Key for Duration {
    type Written = Self;

    const EXAMPLE: &'static str = "5m";

    fn checked(length: Self, place: &Place<'_>, key: &str) -> Result<Self, Diagnostic> {
        place.length(key, length, SHORTEST)?;
        Ok(length)
    }

    fn shown(&self) -> Value {
        duration::write(*self).into()
    }
}

impl Key for Vec<Step> {
    type Written = Self;

    const EXAMPLE: &'static str = "[ { at: 0s, rate: 1/s }, { at: 5m, rate: 3/s } ]";

    fn checked(steps: Self, place: &Place<'_>, key: &str) -> Result<Self, Diagnostic> {
        if steps.is_empty() {
            let problem = place.problem(key, "there is no step at all");
            return Err(problem.hint(format!("write as in `steps: {}`", Self::EXAMPLE)));
        }
        if steps.len() > MOST_STEPS {
            return Err(place.problem(key, format!("more than {MOST_STEPS} steps")));
        }
        let mut last = None;
        for (n, step) in steps.iter().enumerate() {
            let number = n.to_string();
            let all = place.inside(key);
            let place = all.inside(&number);
            place.length("at", step.at, Duration::ZERO)?;
            if last.is_some_and(|last| step.at <= last) {
                let message = "this step does not come after the one before it";
                let problem = place.problem("at", message);
                return Err(problem.hint("write the steps in the order of their time"));
            }
            Rate::checked(Level(step.rate), &place, "rate")?;
            last = Some(step.at);
        }
        Ok(steps)
    }

    fn shown(&self) -> Value {
        json!(self)
    }
}

fn required<K: Key>(
    place: &Place<'_>,
    curve: &str,
    key: &str,
    written: Option<K::Written>,
) -> Result<K, Diagnostic> {
    let Some(written) = written else {
        let problem = place.problem("curve", format!("`{curve}` needs the key `{key}`"));
        return Err(problem.hint(format!("write as in `{key}: {}`", K::EXAMPLE)));
    };
    K::checked(written, place, key)
}

/// When something begins: at the start by default.
fn start(place: &Place<'_>, key: &str, at: Option<Duration>) -> Result<Duration, Diagnostic> {
    place.length(key, at, Duration::ZERO)?;
    Ok(at.unwrap_or_default())
}

impl From<Rate> for RateCurve {
    fn from(rate: Rate) -> Self {
        Self::Constant(rate)
    }
}

impl Written {
    /// The rate that is meant; it stands at `place`.
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
        let keys = place.keys();
        let fits = |key: &str| key == "curve" || own.contains(&key);
        let Some(key) = keys.iter().find(|key| !fits(key)) else {
            return Ok(());
        };
        let problem = place.problem_at_key(key, format!("a `{name}` has no key `{key}`"));
        Err(problem.hint(format!("its own keys are `{}`", own.join("`, `"))))
    }
}

impl RateCurve {
    /// Refuses a wave that swings too far, and a curve that never brings a call.
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

    /// Refuses changes that a run of this `length` never sees.
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

/// Billionths of a call per day: every rate that can be written is a whole number of them.
pub(super) fn fine(rate: Rate) -> u128 {
    let per = rate.per.as_secs().max(1);
    u128::from(rate.count_nano) * u128::from(DAY / per)
}

/// A rate that may also be nothing at all: `0/s`.
struct Level(Rate);

impl<'de> Deserialize<'de> for Level {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        level(deserializer).map(Self)
    }
}

fn level<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Rate, D::Error> {
    let text = String::deserialize(deserializer)?;
    let nothing = text.trim().strip_prefix('0').map(str::trim_start);
    let unit = nothing.filter(|rest| rest.starts_with('/'));
    let rate = match unit {
        Some(unit) => Rate::parse(&format!("1{unit}")),
        None => Rate::parse(&text),
    };
    let rate = rate.map_err(Error::custom)?;
    let count_nano = unit.map_or(rate.count_nano, |_| 0);
    Ok(Rate { count_nano, ..rate })
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RateVisitor)
    }
}

struct RateVisitor;

impl<'de> Visitor<'de> for RateVisitor {
    type Value = Written;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a rate such as `8/s`, or a curve such as `{ curve: ramp, … }`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Written, E> {
        Rate::parse(text).map(Written::Always).map_err(E::custom)
    }

    /// A number without a unit: the unit's own parser says what is missing.
    fn visit_u64<E: Error>(self, number: u64) -> Result<Written, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Written, A::Error> {
        let curve = Curve::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Written::Curve(Box::new(curve)))
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
fn own_keys(schema: &mut schemars::Schema) {
    let rules = CURVES.iter().map(|(name, required, optional)| {
        let keys = ["curve"].iter().chain(*required).chain(*optional);
        crate::text::schema::rule("curve", &json!({ "const": name }), required, keys.copied())
    });
    schema.insert("allOf".to_owned(), rules.collect());
}

/// No curve is higher: beyond what any world can host, and far from any overflow.
const HIGHEST: Rate = Rate {
    count_nano: 1_000_000_000_000_000,
    per: Duration::from_secs(1),
};
const MOST_STEPS: usize = 100_000;

/// In seconds.
pub(super) const DAY: u64 = 86_400;
