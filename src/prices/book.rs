//! A price book that replaces ours: `--prices FILE`.
//!
//! A name is found as it is written, else with `-` for each `.` (LiteLLM's `claude-sonnet-4-5`),
//! else as the last part of a longer one (`moonshot/kimi-k2.6`). Of several such names the
//! shortest count, then those of the model's maker (`deepseek/deepseek-v3.2`); if they disagree on
//! the price, that is an error, and none is taken by chance.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Price, forms};
use crate::text::{Diagnostic, Document, file};

/// Prices by the names of models, from one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Book {
    /// The file, as the user wrote it.
    path: String,
    /// The file's name.
    pub(super) name: String,
    pub(super) models: BTreeMap<String, Price>,
}

/// The reason why a book has no price for a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoPrice {
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

impl Book {
    /// Reads the book at `path`, in any of the three forms.
    pub fn read(path: &Path) -> Result<Self, Diagnostic> {
        let shown = path.display().to_string();
        let wrong = |why: String| {
            let problem = Diagnostic::of_file(&shown, format!("the file cannot be read: {why}"));
            problem.hint("name a price book: docs/prices.md has its forms")
        };
        let bytes = file::read(path, MOST_BYTES).map_err(wrong)?;
        let text = String::from_utf8(bytes).map_err(|_| wrong("it is no text".to_owned()))?;
        Self::parse(&shown, &text)
    }

    /// Parses a book; diagnostics call it `path`, and sources its last part.
    pub fn parse(path: &str, text: &str) -> Result<Self, Diagnostic> {
        let name = Path::new(path)
            .file_name()
            .map(|name| name.to_string_lossy());
        let name = name.as_deref().unwrap_or(path);
        let document = Document::parse(path, text)?;
        let models = forms::read(&document, name)?;
        if models.is_empty() {
            let problem = document.problem(&[], "the price book has no model with prices");
            return Err(problem.hint("docs/prices.md has its forms"));
        }
        Ok(Self {
            path: path.to_owned(),
            name: name.to_owned(),
            models,
        })
    }

    /// The file, as the user wrote it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// A note for the reader of what was priced by it.
    pub fn note(&self) -> String {
        format!("prices are those of `{}`", self.name)
    }

    /// The price of `model`.
    pub fn price_of(&self, model: &str) -> Result<Price, NoPrice> {
        let dashed = model.replace('.', "-");
        let named = [model, &dashed]
            .into_iter()
            .find_map(|name| self.models.get(name));
        if let Some(price) = named {
            return Ok(price.clone());
        }
        let found = self.longer(model, &dashed);
        match found.split_first() {
            None => Err(self.unknown(model)),
            Some(((_, price), rest)) => {
                let same = |(_, other): &(&str, &Price)| same(price, other);
                if rest.iter().all(same) {
                    return Ok((*price).clone());
                }
                let names = found.iter().map(|(name, _)| format!("`{name}`"));
                Err(NoPrice {
                    message: format!("`{}` has several prices for `{model}`", self.name),
                    hint: format!("name one of its models: {}", joined(names)),
                })
            }
        }
    }

    /// The models whose name ends in `/` and this one, the best of them.
    fn longer(&self, model: &str, dashed: &str) -> Vec<(&str, &Price)> {
        let last = |name: &str| {
            name.rsplit('/')
                .next()
                .is_some_and(|last| last == model || last == dashed)
        };
        let all = self
            .models
            .iter()
            .map(|(name, price)| (name.as_str(), price));
        let mut found: Vec<(&str, &Price)> = all.filter(|(name, _)| last(name)).collect();
        let parts = |name: &str| name.split('/').count();
        let shortest = found.iter().map(|(name, _)| parts(name)).min();
        found.retain(|(name, _)| Some(parts(name)) == shortest);
        let maker = |name: &str| {
            name.split('/')
                .next()
                .is_some_and(|it| model.starts_with(it))
        };
        if found.iter().any(|(name, _)| maker(name)) {
            found.retain(|(name, _)| maker(name));
        }
        found
    }

    fn unknown(&self, model: &str) -> NoPrice {
        let close = |name: &&String| {
            let last = name.rsplit('/').next().unwrap_or(name);
            strsim::osa_distance(last, model) <= 2 || last.contains(model)
        };
        let names = self.models.keys().filter(close).take(3);
        let names = joined(names.map(|name| format!("`{name}`")));
        NoPrice {
            message: format!("`{}` has no price for model `{model}`", self.name),
            hint: match names.is_empty() {
                true => "add the model to the book, or a `price` to the provider".to_owned(),
                false => format!("did you mean {names}?"),
            },
        }
    }
}

fn same(one: &Price, other: &Price) -> bool {
    (one.input, one.cached, one.output) == (other.input, other.cached, other.output)
}

fn joined(names: impl Iterator<Item = String>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// Far more than the whole of LiteLLM's list.
const MOST_BYTES: u64 = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn prices(book: &Book, model: &str) -> [String; 3] {
        let Price {
            input,
            cached,
            output,
            ..
        } = book.price_of(model).unwrap();
        [input.usd(), cached.usd(), output.usd()]
    }

    const OWN: &str = "\
source: our contract
as_of: 2026-11-01
currency: { EUR: 1.08 USD, as_of: 2026-10-31 }
models:
  gpt-4.1: { input: 1.90 USD, output: 7.5 USD, cached: 0.4 USD }
  mistral-large: { input: 1.80 EUR, output: 5.40 EUR }
";

    #[test]
    fn our_own_form_is_dated_and_may_be_in_another_currency() {
        let book = Book::parse("books/own.yaml", OWN).unwrap();
        assert_eq!(prices(&book, "gpt-4.1"), ["1.9", "0.4", "7.5"]);
        assert_eq!(prices(&book, "mistral-large"), ["1.944", "1.944", "5.832"]);
        let source = |model| book.price_of(model).unwrap().source;
        assert_eq!(source("gpt-4.1"), "our contract, 2026-11-01");
        assert_eq!(
            source("mistral-large"),
            "our contract, 2026-11-01; 1 EUR = 1.08 USD, 2026-10-31"
        );
    }

    #[test]
    fn mistakes_in_our_own_form_have_a_caret() {
        for (from, to, part) in [
            ("1.80 EUR", "1.80 GBP", "no rate for `GBP`"),
            (
                "as_of: 2026-11-01",
                "as_of: yesterday",
                "write as in `2026-11-01`",
            ),
            ("1.08 USD", "1.08", "1.08 USD"),
            ("1.08 USD", "0 USD", "a rate of nothing"),
            ("7.5 USD", "7.5", "write as in `7.5 USD`"),
            ("models:", "model:", "models"),
            ("1.90 USD", "-1 USD", "negative"),
            ("source: our contract\n", "", "source"),
            ("cached: 0.4 USD", "cache: 0.4 USD", "cached"),
        ] {
            let problem = Book::parse("own.yaml", &OWN.replace(from, to)).unwrap_err();
            let problem = problem.to_string();
            assert!(problem.contains(part), "{to}: {problem}");
            assert!(problem.contains("own.yaml:"), "{to}: {problem}");
        }
    }

    #[test]
    fn litellm_states_prices_per_token() {
        let text = r#"{
            "sample_spec": { "mode": "one of chat, embedding", "input_cost_per_token": 0.0 },
            "gpt-4.1": { "input_cost_per_token": 2e-06, "output_cost_per_token": 8E-6,
                         "cache_read_input_token_cost": 5e-07, "mode": "chat" },
            "claude-sonnet-4-5": { "input_cost_per_token": 3e-06,
                         "output_cost_per_token": 1.5e-05 },
            "deepseek/deepseek-v3.2": { "input_cost_per_token": 2.8e-07,
                         "output_cost_per_token": 4e-07 },
            "azure_ai/deepseek-v3.2": { "input_cost_per_token": 5.8e-07,
                         "output_cost_per_token": 1.68e-06 },
            "a/x": { "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06 },
            "b/x": { "input_cost_per_token": 2e-06, "output_cost_per_token": 1e-06 },
            "whisper": { "input_cost_per_second": 0.0001 }
        }"#;
        let book = Book::parse("litellm.json", text).unwrap();
        assert_eq!(prices(&book, "gpt-4.1"), ["2", "0.5", "8"]);
        assert_eq!(prices(&book, "claude-sonnet-4.5"), ["3", "3", "15"]);
        assert_eq!(prices(&book, "deepseek-v3.2"), ["0.28", "0.28", "0.4"]);
        let several = book.price_of("x").unwrap_err();
        assert_eq!(several.hint, "name one of its models: `a/x`, `b/x`");
        let unknown = book.price_of("gpt-4.2").unwrap_err();
        assert_eq!(unknown.hint, "did you mean `gpt-4.1`?");
        assert!(
            book.price_of("whisper").is_err(),
            "it has no price per token"
        );
    }

    #[test]
    fn genai_prices_states_prices_per_million_with_tiers_and_times() {
        let text = r#"[{ "id": "deepseek", "models": [
            { "id": "chat", "prices": [
                { "prices": { "input_mtok": "0.135", "output_mtok": 0.55 } },
                { "constraint": { "start_time": "00:30:00Z", "end_time": "16:30:00Z" },
                  "prices": { "input_mtok": 0.27, "output_mtok": 1.1,
                              "cache_read_mtok": 0.07 } } ] },
            { "id": "later", "prices": [
                { "prices": { "input_mtok": 1, "output_mtok": 2 } },
                { "constraint": { "start_date": "2025-06-10" },
                  "prices": { "input_mtok": 3, "output_mtok": 4 } },
                { "constraint": { "start_date": "2027-01-01" },
                  "prices": { "input_mtok": 5, "output_mtok": 6 } } ] },
            { "id": "tiered", "prices": { "output_mtok": 9,
                "input_mtok": { "base": 3, "tiers": [ { "start": 200000, "price": 6 } ] } } },
            { "id": "embedding", "prices": { "input_mtok": 0.1 } } ] }]"#;
        let book = Book::parse("genai.json", text).unwrap();
        assert_eq!(prices(&book, "chat"), ["0.27", "0.07", "1.1"]);
        assert_eq!(prices(&book, "later"), ["3", "3", "4"]);
        assert_eq!(prices(&book, "deepseek/tiered"), ["3", "3", "9"]);
        assert!(book.price_of("embedding").is_err(), "it has no output");
    }

    #[test]
    fn the_lists_as_they_are_published_are_read() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/prices");
        let lists = [
            ("litellm_chat_prices.json", 2_200, ["0.28", "0.028", "0.42"]),
            ("genai_prices_v2.json", 1_000, ["0.27", "0.07", "1.1"]),
        ];
        for (file, most, deepseek) in lists {
            let path = folder.join(file);
            if !path.exists() {
                println!("skipped: {file} is not on this machine");
                continue;
            }
            let book = Book::read(&path).unwrap();
            assert!(book.models.len() >= most, "{file}: {}", book.models.len());
            assert_eq!(prices(&book, "gpt-4.1"), ["2", "0.5", "8"], "{file}");
            assert_eq!(
                prices(&book, "claude-sonnet-4.5"),
                ["3", "0.3", "15"],
                "{file}"
            );
            assert_eq!(prices(&book, "deepseek-chat"), deepseek, "{file}");
            assert_eq!(
                prices(&book, "moonshot-v1-8k"),
                ["0.2", "0.2", "2"],
                "{file}"
            );
        }
    }
}
