//! `docs/scenario.md` and `docs/fleet.md`: prose and examples are written by hand, the tables
//! between their marks come from the schema, from the tables of the sources, and from what the
//! reader says about ranges.
//!
//! - `examples`: the YAML of a page, as files, and where in it each key stands.
//! - `ranges`: the range of each key, by values that the reader refuses.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use firedrill::client::FleetFile;
use firedrill::expect::alert::SIGNALS;
use firedrill::scenario::catalogue::{KEYS, ROWS, Row, STATUS, Scope};
use firedrill::scenario::load;
use serde_json::Value;

use super::{ROOT, printed};
use examples::Examples;

mod examples;
mod ranges;

/// Each kind of file that has such a page.
const KINDS: [&str; 2] = ["scenario", "fleet"];

#[test]
fn the_references_say_what_the_types_say() {
    for kind in KINDS {
        let path = format!("{ROOT}/docs/{kind}.md");
        let written = std::fs::read_to_string(&path).unwrap();
        let shown = Reference::of(kind, &written).filled(&written);
        if std::env::var_os("FIREDRILL_DOCS").is_some() {
            std::fs::write(&path, &shown).expect("it is ours");
        }
        let written = std::fs::read_to_string(&path).unwrap();
        assert!(
            written == shown,
            "docs/{kind}.md is not what the types say: \
             FIREDRILL_DOCS=write cargo test --test files schema"
        );
    }
}

#[test]
fn every_example_of_the_references_is_read() {
    let folder = tempfile::tempdir().unwrap();
    for kind in KINDS {
        let page = std::fs::read_to_string(format!("{ROOT}/docs/{kind}.md")).unwrap();
        let all = examples::of(&page, kind);
        assert!(!all.is_empty());
        for block in all {
            let problem = match kind {
                "fleet" => FleetFile::parse("f.yaml", &block.to_string()).err(),
                _ => load(examples::write(folder.path(), &block), &[]).err(),
            };
            assert!(problem.is_none(), "{block}\n{}", problem.unwrap());
        }
    }
}

#[test]
fn every_key_has_a_row_and_an_example_in_its_reference() {
    for kind in KINDS {
        let page = std::fs::read_to_string(format!("{ROOT}/docs/{kind}.md")).unwrap();
        let reference = Reference::of(kind, &page);
        let page = reference.filled(&page);
        let mut missing = Vec::new();
        for (name, keys) in reference.maps() {
            let mark = match name.as_str() {
                "Fault" => "<!-- fault keys -->\n".to_owned(),
                name => format!("<!-- keys: {name} -->\n"),
            };
            let table = page.split(&mark).nth(1).unwrap_or_default();
            let table = table.split("<!-- end -->").next().unwrap();
            for key in keys {
                let row = format!("| `{key}` |");
                let has_row = table.lines().any(|line| line.starts_with(&row));
                let place = (name.clone(), key.clone());
                let has_example = reference.examples.contains_key(&place);
                if !(has_row && has_example) {
                    missing.push(format!(
                        "{name}.{key}: row {has_row}, example {has_example}"
                    ));
                }
            }
        }
        assert!(missing.is_empty(), "{}", missing.join("\n"));
    }
}

/// What the tables are made from.
struct Reference {
    schema: Value,
    examples: Examples,
    /// The range of each key that has one.
    ranges: BTreeMap<(String, String), String>,
}

impl Reference {
    fn of(kind: &str, page: &str) -> Self {
        let schema: Value = serde_json::from_str(&printed(kind)).unwrap();
        let examples = examples::by_key(&schema, page, kind);
        let ranges = match kind {
            "scenario" => ranges::of(&schema, &examples),
            _ => BTreeMap::new(),
        };
        Self {
            schema,
            examples,
            ranges,
        }
    }

    /// The maps of the schema by name, with their keys; the file itself is `file`.
    fn maps(&self) -> Vec<(String, Vec<String>)> {
        let definitions = self.schema["definitions"].as_object().unwrap();
        let all = definitions.iter().map(|(name, map)| (name.as_str(), map));
        let all = all.chain([("file", &self.schema)]);
        all.filter_map(|(name, map)| {
            let keys = map["properties"].as_object()?.keys().cloned().collect();
            Some((name.to_owned(), keys))
        })
        .collect()
    }

    /// The page, with each table between its marks written anew.
    fn filled(&self, page: &str) -> String {
        let mut text = String::new();
        let mut lines = page.lines();
        while let Some(line) = lines.next() {
            let _ = writeln!(text, "{line}");
            let mark = line.strip_prefix("<!-- ");
            let Some(mark) = mark.and_then(|mark| mark.strip_suffix(" -->")) else {
                continue;
            };
            text.push_str(&self.table(mark));
            let end = lines.find(|line| *line == "<!-- end -->");
            let _ = writeln!(
                text,
                "{}",
                end.unwrap_or_else(|| panic!("`{mark}` has no end"))
            );
        }
        text
    }

    fn table(&self, mark: &str) -> String {
        match mark.split_once(": ") {
            Some(("keys", name)) => self.keys(name),
            Some(("words", names)) => names.split(", ").map(|name| self.words(name)).collect(),
            None if mark == "fault keys" => self.keys("Fault"),
            None if mark == "fault words" => fault_words(),
            None if mark == "profiles" => self.profiles(),
            None if mark == "curves" => self.curves(),
            None if mark == "signals" => signals(),
            _ => panic!("no table is called `{mark}`"),
        }
    }

    /// The keys of a map: those that are required first, then by name; of a fault as declared.
    fn keys(&self, name: &str) -> String {
        let map = match name {
            "file" => &self.schema,
            name => &self.schema["definitions"][name],
        };
        let properties = map["properties"].as_object();
        let properties = properties.unwrap_or_else(|| panic!("no map `{name}`"));
        let required = strings(&map["required"]);
        let mut rows: Vec<(&String, &Value)> = properties.iter().collect();
        rows.sort_by_key(|(key, _)| match name {
            "Fault" => (false, KEYS.iter().position(|row| row.name == *key)),
            _ => (!required.contains(key), None),
        });
        let mut text = "| key | for example | default | range | what it is |\n\
                        |---|---|---|---|---|\n"
            .to_owned();
        for (key, property) in rows {
            let is_required = required.contains(key) || (name == "Fault" && key == "target");
            self.row(&mut text, (name, key), property, is_required);
        }
        text
    }

    fn row(&self, text: &mut String, (map, key): (&str, &str), property: &Value, required: bool) {
        let said = property["description"].as_str().unwrap_or_default();
        let said = said.split("\nAs in ").next().unwrap_or_default();
        let (about, default) = without_default(&said.replace('\n', " "));
        let default = match (default, property["default"].as_str()) {
            _ if required => "**required**".to_owned(),
            (Some(default), _) => default,
            (None, Some(default)) if !default.is_empty() => format!("`{default}`"),
            (None, _) if map == "Task" => "the load's".to_owned(),
            (None, _) => "none".to_owned(),
        };
        let place = (map.to_owned(), key.to_owned());
        let of_fault = KEYS.iter().find(|row| map == "Fault" && row.name == key);
        let example = match of_fault {
            Some(row) => format!("`{}`", row.example),
            None => self
                .examples
                .get(&place)
                .map_or(String::new(), |all| all[0].shown()),
        };
        let range = self.ranges.get(&place).map_or("", String::as_str);
        let mut about = about.replace('|', "\\|");
        if of_fault.is_none() && key != "profile" {
            about.push_str(&self.choice(property));
        }
        let _ = writeln!(
            text,
            "| `{key}` | {example} | {default} | {range} | {about} |"
        );
    }

    /// The words that a key takes, if it takes words, each with what it means.
    fn choice(&self, property: &Value) -> String {
        let all = examples::candidates(&self.schema, property);
        let words = all
            .iter()
            .filter_map(|schema| schema["oneOf"].as_array())
            .flatten();
        let words = words.filter_map(|word| {
            let about = word["description"].as_str()?;
            Some(format!("<br>`{}`: {about}", word["const"].as_str()?))
        });
        words.collect()
    }

    /// The words of a definition, as a list.
    fn words(&self, name: &str) -> String {
        let words = self.schema["definitions"][name]["oneOf"].as_array();
        let words = words.unwrap_or_else(|| panic!("no words `{name}`"));
        words.iter().fold(String::new(), |mut text, word| {
            let (word, about) = (word["const"].as_str(), word["description"].as_str());
            let _ = writeln!(text, "- `{}`: {}", word.unwrap(), about.unwrap());
            text
        })
    }

    /// The profiles, as the reader resolves them.
    fn profiles(&self) -> String {
        let mut text = "| profile | ttft p50, p99 | speed p50, p99 | limits | latency from |\n\
                        |---|---|---|---|---|\n"
            .to_owned();
        let property = &self.schema["definitions"]["Provider"]["properties"]["profile"];
        let profiles = property
            .pointer("/anyOf/0/oneOf")
            .and_then(Value::as_array)
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        for profile in profiles {
            let (name, source) = (&profile["const"], profile["description"].as_str().unwrap());
            let block = serde_json::json!({ "providers": { "p": { "profile": name } } });
            let loaded = load(examples::write(folder.path(), &block), &[]).unwrap();
            let shown = serde_json::to_value(&loaded.scenario.providers[0]).unwrap();
            let two = |key: &str| match &shown[key] {
                Value::Object(two) => format!("{}, {}", plain(&two["p50"]), plain(&two["p99"])),
                one => plain(one),
            };
            let name = name.as_str().unwrap();
            let limits = limits(&shown["limits"]);
            let (ttft, speed) = (two("ttft"), two("speed"));
            let _ = writeln!(
                text,
                "| `{name}` | {ttft} | {speed} | {limits} | {source} |"
            );
        }
        text
    }

    /// Which keys each curve takes.
    fn curves(&self) -> String {
        let mut text = "| curve | required | optional |\n|---|---|---|\n".to_owned();
        let rules = self.schema["definitions"]["Curve"]["allOf"]
            .as_array()
            .unwrap();
        for rule in rules {
            let name = rule
                .pointer("/if/properties/curve/const")
                .and_then(Value::as_str);
            let required = strings(&rule["then"]["required"]);
            let keys = strings(&rule["then"]["propertyNames"]["enum"]);
            let optional = keys
                .iter()
                .filter(|key| *key != "curve" && !required.contains(key));
            let name = name.unwrap();
            let _ = writeln!(
                text,
                "| `{name}` | {} | {} |",
                ticked(&required),
                ticked(optional)
            );
        }
        text
    }
}

/// What a key is, and its default, which its text states as `…; 1 h by default`.
fn without_default(said: &str) -> (String, Option<String>) {
    if let Some((before, after)) = said.split_once(" (by default)") {
        let word = before.rsplit(' ').next().unwrap().to_owned();
        return (format!("{before}{after}"), Some(word));
    }
    let Some((before, after)) = said.split_once(" by default") else {
        return (said.to_owned(), None);
    };
    let start = ["; ", ". "].map(|cut| before.rfind(cut));
    let Some(start) = start.into_iter().flatten().max() else {
        return (said.to_owned(), Some(before.to_owned()));
    };
    let about = before[..start].to_owned() + after;
    (about, Some(before[start + 2..].to_owned()))
}

/// The limits of a profile, such as `rpm 500`.
fn limits(shown: &Value) -> String {
    let known = [
        ("requests", "requests"),
        ("tokens", "tokens"),
        ("input", "prompt tokens"),
    ];
    let known = known.into_iter().chain([("output", "output tokens")]);
    let mut all = Vec::new();
    if let Some(rpm) = shown["rpm"].as_str() {
        all.push(format!("{rpm} requests/min"));
    }
    for (key, what) in known {
        for limit in shown[key].as_array().into_iter().flatten() {
            let (count, per) = (plain(&limit["count"]), plain(&limit["per"]));
            let per = match per.as_str() {
                "1m" => "min".to_owned(),
                "1d" => "day".to_owned(),
                other => other.to_owned(),
            };
            all.push(format!("{count} {what}/{per}"));
        }
    }
    all.join(", ")
}

/// Every word, with its layer and its own keys.
fn fault_words() -> String {
    let mut text = "| word | strikes | own keys | what it does |\n|---|---|---|---|\n".to_owned();
    for row in ROWS.iter().chain([&STATUS]) {
        let required = row.required().map(|key| format!("**`{key}`**"));
        let optional = row.optional().map(|key| format!("`{key}`"));
        let keys: Vec<String> = required.chain(optional).collect();
        let (word, strikes, about) = (row.word, struck(row), row.about);
        let _ = writeln!(
            text,
            "| `{word}` | {strikes} | {} | {about} |",
            keys.join(", ")
        );
    }
    text
}

fn struck(row: &Row) -> &'static str {
    match row.reach {
        Scope::Client => "the client",
        Scope::Whole => "the provider as a whole",
        Scope::State => "the provider's state",
        Scope::Attempts if row.keys().any(|key| key == "times") => "attempts",
        Scope::Attempts => "attempts (connections)",
        _ => panic!("a scope without a word: {row:?}"),
    }
}

fn signals() -> String {
    let mut text = "| signal | for example | what it is |\n|---|---|---|\n".to_owned();
    for row in SIGNALS {
        let provider = if row.takes_provider { "(PROVIDER)" } else { "" };
        let (name, example, about) = (row.name, row.example, row.about);
        let _ = writeln!(text, "| `{name}{provider}` | `{example}` | {about} |");
    }
    text
}

fn strings(list: &Value) -> Vec<String> {
    let all = list.as_array().into_iter().flatten();
    all.filter_map(|one| one.as_str().map(str::to_owned))
        .collect()
}

fn ticked<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// The text of a scalar.
fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
