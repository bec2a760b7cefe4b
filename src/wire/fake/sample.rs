//! A JSON value that satisfies a JSON schema: what a fake provider answers where a schema is given.
//!
//! The value depends on the schema alone. Keywords that no small generator can satisfy in general
//! are not read: `pattern`, `not`, `if`, `dependentSchemas`. Types are read in either case, since
//! Gemini writes them in capitals.

use serde_json::{Map, Value};

/// A value for `schema`; references in it point into it.
pub(crate) fn sample(schema: &Value) -> Value {
    let sampler = Sampler { root: schema };
    sampler.value(schema, Place { depth: 0, nth: 0 })
}

struct Sampler<'a> {
    root: &'a Value,
}

/// Where a value stands.
#[derive(Clone, Copy)]
struct Place {
    /// The number of schemas around it.
    depth: u32,
    /// Its number among the items of a list, which differ where they can.
    nth: u64,
}

impl Place {
    const fn inside(self, nth: u64) -> Self {
        let depth = self.depth + 1;
        Self { depth, nth }
    }

    /// So deep that the schema must refer to itself: what is optional is left out.
    const fn is_deep(self) -> bool {
        self.depth > DEEP
    }
}

impl Sampler<'_> {
    fn value(&self, schema: &Value, place: Place) -> Value {
        if place.depth > DEEPEST {
            return Value::Null;
        }
        if let Some(value) = schema.get("const") {
            return value.clone();
        }
        if let Some(Value::Array(values)) = schema.get("enum")
            && !values.is_empty()
        {
            return values[index(place.nth, values.len())].clone();
        }
        if let Some(Value::String(reference)) = schema.get("$ref") {
            let target = reference.strip_prefix('#');
            let target = target.and_then(|path| self.root.pointer(path));
            return target.map_or(Value::Null, |schema| {
                self.value(schema, place.inside(place.nth))
            });
        }
        if let Some(Value::Array(all)) = schema.get("allOf") {
            return self.value(&self.merged(schema, "allOf", all), place.inside(place.nth));
        }
        for key in ["anyOf", "oneOf"] {
            if let Some(Value::Array(any)) = schema.get(key)
                && let Some(one) = choice(any, place.is_deep())
            {
                let one = std::slice::from_ref(one);
                return self.value(&self.merged(schema, key, one), place.inside(place.nth));
            }
        }
        match kind(schema, place.is_deep()).as_str() {
            "object" => self.object(schema, place),
            "array" => self.array(schema, place),
            "integer" => integer(schema, place.nth).into(),
            "number" => number(schema, place.nth),
            "boolean" => true.into(),
            "null" => Value::Null,
            _ => text(schema, place.nth).into(),
        }
    }

    /// The required properties; all of them where the schema requires none.
    fn object(&self, schema: &Value, place: Place) -> Value {
        let none = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object);
        let properties = properties.unwrap_or(&none);
        let required: Vec<&str> = match schema.get("required").and_then(Value::as_array) {
            Some(names) => names.iter().filter_map(Value::as_str).collect(),
            None if place.is_deep() => Vec::new(),
            None => properties.keys().map(String::as_str).collect(),
        };
        let other = schema.get("additionalProperties").unwrap_or(&Value::Null);
        let fields = required.into_iter().map(|name| {
            let schema = properties.get(name).unwrap_or(other);
            (name.to_owned(), self.value(schema, place.inside(0)))
        });
        Value::Object(fields.collect())
    }

    /// The fewest items, but one where the schema lets it be empty.
    fn array(&self, schema: &Value, place: Place) -> Value {
        let bound = |key| schema.get(key).and_then(natural);
        let first = schema.get("prefixItems").and_then(Value::as_array);
        let first = first.map_or(&[][..], Vec::as_slice);
        let fewest = bound("minItems").unwrap_or(0);
        let most = bound("maxItems").unwrap_or(u64::MAX).min(MOST_ITEMS);
        let wanted = if place.is_deep() {
            0
        } else {
            1.max(first.len() as u64)
        };
        let other = schema.get("items").unwrap_or(&Value::Null);
        let items = (0..fewest.max(wanted).min(most)).map(|nth| {
            let at = usize::try_from(nth).unwrap_or(usize::MAX);
            self.value(first.get(at).unwrap_or(other), place.inside(nth))
        });
        Value::Array(items.collect())
    }

    /// `schema` without this key, with what all of these ask for.
    fn merged(&self, schema: &Value, without: &str, all: &[Value]) -> Value {
        let mut merged = schema.as_object().cloned().unwrap_or_default();
        merged.remove(without);
        for one in all {
            let target = one.get("$ref").and_then(Value::as_str);
            let target = target.and_then(|path| self.root.pointer(path.strip_prefix('#')?));
            for (key, value) in target.unwrap_or(one).as_object().into_iter().flatten() {
                match (merged.get_mut(key), value) {
                    (Some(Value::Object(known)), Value::Object(more)) => {
                        known.extend(more.clone());
                    }
                    (Some(Value::Array(known)), Value::Array(more)) if key == "required" => {
                        known.extend(more.iter().cloned());
                    }
                    _ => drop(merged.insert(key.clone(), value.clone())),
                }
            }
        }
        Value::Object(merged)
    }
}

/// The first of these schemas that is not null, or, deep inside, null.
fn choice(any: &[Value], is_deep: bool) -> Option<&Value> {
    let is_null = |one: &&Value| kind(one, false) == "null";
    let null = any.iter().find(is_null).filter(|_| is_deep);
    null.or_else(|| any.iter().find(|one| !is_null(one)))
        .or(any.first())
}

/// The type, in small letters; what other keywords imply where there is none.
fn kind(schema: &Value, is_deep: bool) -> String {
    let has = |key| schema.get(key).is_some();
    match schema.get("type") {
        Some(Value::String(name)) => name.to_lowercase(),
        Some(Value::Array(names)) => {
            let mut names = names.iter().filter_map(Value::as_str);
            let null = names.clone().find(|name| *name == "null");
            let other = names.find(|name| *name != "null");
            let name = null.filter(|_| is_deep).or(other).or(null);
            name.unwrap_or_default().to_lowercase()
        }
        _ if has("properties") || has("required") => "object".to_owned(),
        _ if has("items") || has("prefixItems") => "array".to_owned(),
        _ if has("minimum") || has("maximum") || has("multipleOf") => "number".to_owned(),
        _ => "string".to_owned(),
    }
}

/// The whole number of this rank in the bounds: from 1 on, or from the lower bound.
fn integer(schema: &Value, nth: u64) -> i64 {
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    let low = bound("minimum").map(f64::ceil);
    let above = bound("exclusiveMinimum").map(|low| low.floor() + 1.0);
    let high = bound("maximum").map(f64::floor);
    let below = bound("exclusiveMaximum").map(|high| high.ceil() - 1.0);
    let low = low.into_iter().chain(above).reduce(f64::max);
    let high = high.into_iter().chain(below).reduce(f64::min);
    let step = bound("multipleOf").filter(|step| *step >= 1.0);
    let step = step.unwrap_or(1.0);
    let start = match (low, high) {
        (Some(low), _) if low > 1.0 => low,
        (_, Some(high)) if high < 1.0 => (high / step).floor() * step,
        _ => 1.0,
    };
    let first = (start / step).ceil() * step;
    let (nth, high) = (nth as f64, high.unwrap_or(f64::INFINITY));
    let value = match low {
        _ if first + nth * step <= high => first + nth * step,
        None => first - nth * step,
        Some(_) => first + (nth % ((high - first).max(0.0) / step + 1.0).floor()) * step,
    };
    value as i64
}

/// A number in the bounds: a whole one, unless none lies between them.
fn number(schema: &Value, nth: u64) -> Value {
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    let whole = integer(schema, nth) as f64;
    let fits = bound("minimum").is_none_or(|low| whole >= low)
        && bound("exclusiveMinimum").is_none_or(|low| whole > low)
        && bound("maximum").is_none_or(|high| whole <= high)
        && bound("exclusiveMaximum").is_none_or(|high| whole < high);
    let low = bound("minimum").or_else(|| bound("exclusiveMinimum"));
    let high = bound("maximum").or_else(|| bound("exclusiveMaximum"));
    match (low, high) {
        (Some(low), Some(high)) if !fits => (low + (high - low) / 2.0).into(),
        _ => (whole as i64).into(),
    }
}

/// A text of the format and the length.
fn text(schema: &Value, nth: u64) -> String {
    let bound = |key| schema.get(key).and_then(natural);
    let format = schema.get("format").and_then(Value::as_str);
    let known = FORMATS.iter().find(|(name, _)| Some(*name) == format);
    if let Some((_, example)) = known {
        return (*example).to_owned();
    }
    let mut text = match nth {
        0 => WORD.to_owned(),
        nth => format!("{WORD}{nth}"),
    };
    let fewest = bound("minLength").unwrap_or(0).min(LONGEST_TEXT);
    while (text.len() as u64) < fewest {
        text.push_str(WORD);
    }
    let most = bound("maxLength").unwrap_or(u64::MAX).max(fewest);
    text.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    text
}

/// A bound of lengths: some write 3 as `3.0`, and Gemini's as a text.
fn natural(value: &Value) -> Option<u64> {
    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
    number.filter(|number| *number >= 0.0).map(|n| n as u64)
}

fn index(nth: u64, length: usize) -> usize {
    (nth % length as u64) as usize
}

/// The word of all texts.
const WORD: &str = "tok";

/// Examples of formats.
const FORMATS: [(&str, &str); 9] = [
    ("date", "2025-01-01"),
    ("date-time", "2025-01-01T00:00:00Z"),
    ("time", "00:00:00Z"),
    ("duration", "PT1S"),
    ("email", "tok@example.com"),
    ("hostname", "example.com"),
    ("ipv4", "192.0.2.1"),
    ("uri", "https://example.com/tok"),
    ("uuid", "00000000-0000-4000-8000-000000000000"),
];

/// The depth from which optional parts are left out.
const DEEP: u32 = 8;

/// The depth at which a schema is given up that requires itself.
const DEEPEST: u32 = 64;

/// The maximum of items in a list, and of bytes in a text: a schema may ask for any number.
const MOST_ITEMS: u64 = 1_000;
const LONGEST_TEXT: u64 = 10_000;

#[cfg(test)]
mod tests;
