//! Which settings of a policy are searched, and in which ranges: a file, or what the base has on.
//!
//! ```yaml
//! retry.backoff.base: 50ms..2s log
//! retry.max_attempts: 1..8
//! route.strategy: [priority, least_latency]
//! hedge: [none, on]                       # `on`: as the base has it, or with its defaults
//! hedge.delay: [p90, p95, 1s]             # below `hedge`: searched only where that is on
//! route.score.cost: { range: 0..10, only_when: { route.strategy: score } }
//! ```
//!
//! A number has the kind, the scale and the bounds of its knob. Without a file, every number of the
//! sections that the base has on is searched, from an eighth of its value to eight times as much.

mod file;

use serde_json::Value;

use super::dimension::{Domain, Numbers};
use crate::policy::config::{KnobKind, Policy, Row};
use crate::policy_file::{KNOBS, Knob, Scale, read_amount};

/// The settings that are searched.
#[derive(Clone, Debug, PartialEq)]
pub struct Space {
    dimensions: Vec<Dimension>,
}

/// A setting that is searched.
#[derive(Clone, Debug, PartialEq)]
pub struct Dimension {
    /// Its dotted path in a policy file.
    pub path: String,
    /// The values that it can have.
    pub domain: Domain,
    /// It is searched only where these settings have these values.
    pub only_when: Vec<(String, String)>,
    /// Its value in the base, as a file has it; none where the base has its section off.
    pub base: Option<String>,
}

/// What a candidate sets on top of the base: paths and values.
pub type Settings = Vec<(String, String)>;

impl Space {
    /// The numbers that `base` has on, each around its value.
    pub fn around(base: &Policy) -> Self {
        let written = serde_json::to_value(base).unwrap_or_default();
        let rows = base.rows().into_iter();
        let used = rows.filter(|row| is_used(row, base));
        let dimensions = used.filter_map(|row| {
            let path = row.path.join(".");
            let numbers = around(&row, KNOBS.iter().find(|knob| knob.path == path)?)?;
            Some(Dimension {
                base: text_at(&written, &path),
                domain: Domain::Numbers(numbers),
                only_when: Vec::new(),
                path,
            })
        });
        Self {
            dimensions: dimensions.collect(),
        }
    }

    /// The settings, in their order.
    pub fn dimensions(&self) -> &[Dimension] {
        &self.dimensions
    }

    /// The point of the base, as near as the ranges allow.
    pub fn base_point(&self) -> Vec<f64> {
        let each = self.dimensions.iter();
        each.map(|one| {
            let base = one.base.as_deref();
            base.and_then(|text| one.domain.coordinate(text))
                .unwrap_or(0.5)
        })
        .collect()
    }

    /// What the candidate at `point` sets on top of the base.
    pub fn settings(&self, point: &[f64]) -> Settings {
        let values = self.values(point);
        let mut set = Vec::new();
        for (dimension, value) in self.dimensions.iter().zip(&values) {
            let is_base = dimension.base.as_ref() == Some(value);
            if is_base || !self.is_searched(dimension, &values) {
                continue;
            }
            // A section that the base has off is on with its defaults.
            let value = if value == ON { "{}" } else { value };
            set.push((dimension.path.clone(), value.to_owned()));
        }
        set
    }

    /// Coordinates that are equal where the settings are: those of the values that a file has, and
    /// the middle of what is not searched there.
    pub(super) fn settled(&self, point: &[f64]) -> Vec<f64> {
        let values = self.values(point);
        let each = self.dimensions.iter().zip(&values);
        let searched = each.map(|(dimension, value)| {
            let is_searched = self.is_searched(dimension, &values);
            let at = is_searched.then(|| dimension.domain.coordinate(value));
            at.flatten().unwrap_or(0.5)
        });
        searched.collect()
    }

    /// The value of each dimension at `point`, searched there or not.
    fn values(&self, point: &[f64]) -> Vec<String> {
        let values = self.dimensions.iter().zip(point);
        values.map(|(one, at)| one.text(*at)).collect()
    }

    /// Whether `dimension` is searched where the dimensions have these values.
    fn is_searched(&self, dimension: &Dimension, values: &[String]) -> bool {
        let is_off = |(other, value): (&Dimension, &String)| {
            let below = dimension.path.strip_prefix(other.path.as_str());
            value == "none" && below.is_some_and(|below| below.starts_with('.'))
        };
        let value_of = |path: &str| {
            let place = self.dimensions.iter().position(|one| one.path == path);
            place.and_then(|place| values.get(place))
        };
        let mut others = self.dimensions.iter().zip(values);
        let mut needed = dimension.only_when.iter();
        !others.any(is_off)
            && needed.all(|(path, value)| value_of(path).is_none_or(|found| found == value))
    }
}

impl Dimension {
    /// The value at `coordinate`: the base's own where that is its coordinate, and not rounded.
    pub fn text(&self, coordinate: f64) -> String {
        let base = self.base.as_ref().filter(|base| {
            self.domain.holds(base) && self.domain.coordinate(base) == Some(coordinate)
        });
        base.cloned()
            .unwrap_or_else(|| self.domain.text(coordinate))
    }
}

/// Whether the base does something with this number.
fn is_used(row: &Row, base: &Policy) -> bool {
    let strategy = serde_json::to_value(base.route.strategy).unwrap_or_default();
    let strategy = strategy.as_str().unwrap_or_default();
    match *row.path {
        ["route", "score", ..] => strategy == "score",
        ["route", "half_life"] => ["score", "balanced", "least_latency"].contains(&strategy),
        ["streams", "prebuffer_timeout"] => base.streams.prebuffer > 0,
        ["streams", "min_speed_window"] => base.streams.min_speed.is_some(),
        _ => true,
    }
}

/// A range around a number that is on, within what its knob allows.
fn around(row: &Row, knob: &Knob) -> Option<Numbers> {
    let value = row.value.filter(|value| *value > 0)?;
    let [least, largest] = [knob.range.0, knob.range.1].map(|end| read_amount(knob.kind, end).ok());
    let (least, largest) = (least?, largest?);
    let scale = match knob.kind {
        KnobKind::Count => Scale::Log,
        _ => knob.scale,
    };
    let low = (value / AROUND).max(least).max(1);
    let high = value.saturating_mul(AROUND).min(largest);
    (low < high).then_some(Numbers {
        kind: knob.kind,
        low,
        high,
        scale,
        or_none: false,
    })
}

/// The value at a path of a policy, as a file has it; a section that is on is `on`.
fn text_at(policy: &Value, path: &str) -> Option<String> {
    match policy.pointer(&format!("/{}", path.replace('.', "/")))? {
        Value::String(text) => Some(text.clone()),
        Value::Object(_) => Some(ON.to_owned()),
        Value::Null => Some("none".to_owned()),
        other => Some(other.to_string()),
    }
}

/// The word for a section that is on.
const ON: &str = "on";
/// A number is searched from this part of its value to so many times as much.
const AROUND: u64 = 8;

#[cfg(test)]
mod tests;
