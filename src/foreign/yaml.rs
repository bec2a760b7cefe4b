//! The text of written files: maps, lists and scalars as YAML, short ones in braces.

use crate::text::text_scalar;

/// A value of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Yaml {
    /// A scalar as it stands in the file: a number, a word, a quantity.
    Plain(String),
    /// A text, in quotes where it needs them.
    Text(String),
    /// A map, in order.
    Map(Vec<(String, Self)>),
    /// A list.
    List(Vec<Self>),
}

impl Yaml {
    /// An empty map.
    pub(super) const fn map() -> Self {
        Self::Map(Vec::new())
    }

    /// A list of texts.
    pub(super) fn texts<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Self {
        let texts = texts.into_iter();
        Self::List(
            texts
                .map(|one| Self::Text(one.as_ref().to_owned()))
                .collect(),
        )
    }

    /// Sets the value at `path`; maps on the way are made.
    pub(super) fn set(&mut self, path: &[&str], value: Self) {
        *self.entry(path) = value;
    }

    /// The place of the value at `path`; maps on the way are made, and one where there is none.
    fn entry(&mut self, path: &[&str]) -> &mut Self {
        let Some((key, rest)) = path.split_first() else {
            return self;
        };
        if !matches!(self, Self::Map(_)) {
            *self = Self::map();
        }
        let Self::Map(entries) = self else {
            return self;
        };
        let place = entries.iter().position(|(found, _)| found == key);
        let place = place.unwrap_or_else(|| {
            entries.push(((*key).to_owned(), Self::map()));
            entries.len() - 1
        });
        entries[place].1.entry(rest)
    }

    /// Adds `item` to the list at `path`, unless it is there.
    pub(super) fn add(&mut self, path: &[&str], item: Self) {
        let list = self.entry(path);
        match list {
            Self::List(items) if items.contains(&item) => {}
            Self::List(items) => items.push(item),
            _ => *list = Self::List(vec![item]),
        }
    }

    /// The value at `path`.
    pub(super) fn get(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |value, key| match value {
            Self::Map(entries) => {
                let found = entries.iter().find(|(found, _)| found == key);
                found.map(|(_, value)| value)
            }
            _ => None,
        })
    }

    /// Whether it is a map or a list without entries.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Map(entries) => entries.is_empty(),
            Self::List(items) => items.is_empty(),
            _ => false,
        }
    }

    /// Puts the entries of a map in the order of `keys`; others come last.
    pub(super) fn order(&mut self, keys: &[String]) {
        if let Self::Map(entries) = self {
            let place = |key: &String| keys.iter().position(|one| one == key);
            entries.sort_by_key(|(key, _)| place(key).unwrap_or(keys.len()));
        }
    }

    /// The file: the entries of the map one below the other, in braces where they are short.
    pub(super) fn write(&self) -> String {
        let mut out = String::new();
        self.block(0, &mut out);
        out
    }

    /// The file as JSON.
    pub(super) fn json(&self) -> String {
        serde_json::to_string_pretty(&self.value()).unwrap_or_default() + "\n"
    }

    fn value(&self) -> serde_json::Value {
        use serde_json::Value;
        match self {
            Self::Plain(text) => {
                serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()))
            }
            Self::Text(text) => Value::String(text.clone()),
            Self::List(items) => items.iter().map(Self::value).collect(),
            Self::Map(entries) => {
                let entries = entries
                    .iter()
                    .map(|(key, value)| (key.clone(), value.value()));
                Value::Object(entries.collect())
            }
        }
    }

    fn block(&self, indent: usize, out: &mut String) {
        let blanks = " ".repeat(indent);
        match self {
            Self::Map(entries) => {
                for (key, value) in entries {
                    out.push_str(&format!("{blanks}{}:", text_scalar(key)));
                    value.behind(indent, key.len() + 1, out);
                }
            }
            Self::List(items) => {
                for item in items {
                    let mut text = String::new();
                    item.block(indent + 2, &mut text);
                    out.push_str(&format!("{blanks}- {}", text.trim_start_matches(' ')));
                }
            }
            _ => out.push_str(&format!("{blanks}{}\n", self.flow())),
        }
    }

    fn behind(&self, indent: usize, begun: usize, out: &mut String) {
        let flow = self.flow();
        let is_scalar = matches!(self, Self::Plain(_) | Self::Text(_));
        let fits = indent + begun + 1 + flow.len() <= WIDEST;
        match is_scalar || self.is_empty() || (indent > 0 && fits) || self.is_flat_list(fits) {
            true => out.push_str(&format!(" {flow}\n")),
            false => {
                out.push('\n');
                self.block(indent + 2, out);
            }
        }
    }

    fn is_flat_list(&self, fits: bool) -> bool {
        fits && matches!(self, Self::List(items)
            if items.iter().all(|item| matches!(item, Self::Plain(_) | Self::Text(_))))
    }

    /// The value on one line.
    pub(super) fn flow(&self) -> String {
        match self {
            Self::Plain(text) => text.clone(),
            Self::Text(text) => text_scalar(text),
            Self::Map(entries) if entries.is_empty() => "{}".to_owned(),
            Self::Map(entries) => {
                let entry = |(key, value): &(String, Self)| {
                    format!("{}: {}", text_scalar(key), value.flow())
                };
                format!(
                    "{{ {} }}",
                    Vec::from_iter(entries.iter().map(entry)).join(", ")
                )
            }
            Self::List(items) if items.is_empty() => "[]".to_owned(),
            Self::List(items) => {
                let items = Vec::from_iter(items.iter().map(Self::flow));
                format!("[{}]", items.join(", "))
            }
        }
    }
}

/// The widest line of what is in braces.
const WIDEST: usize = 96;
