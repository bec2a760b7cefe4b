//! The price book: what a model's tokens cost, by date and source.
//!
//! The book is `prices.csv` beside this file: one row per model, from one dated source, so that a
//! report can name the source it used. Where sources disagree, genai-prices (pydantic) is taken: in
//! August 2026 they gave several answers for `deepseek-chat` and for `deepseek-v3.2`. It holds list
//! prices: the daytime price of `deepseek-chat`, the tier below 200k prompt tokens of
//! `claude-sonnet-4.5`. Where the source gives no price for cached tokens, they cost the same as
//! others; the price of writing to a cache is left out. A scenario may set another price; `report`
//! computes the cost. [`Book`] is another book, from a file of the user: `--prices FILE`.

mod book;
mod decimal;
mod forms;

pub use book::{Book, NoPrice};

use serde::{Deserialize, Serialize};

use crate::units::Money;

/// What tokens cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Per million prompt tokens.
    pub input: Money,
    /// Per million output tokens.
    pub output: Money,
    /// Per million prompt tokens that are read from a cache; same as `input` when the source gives
    /// none.
    pub cached: Money,
    /// The source and its date: `genai-prices v2, 2026-08-21`.
    pub source: String,
}

/// The price of `model`, if the book has it; the name must match exactly.
pub fn price_of(model: &str) -> Option<Price> {
    let [_, input, output, cached, source, as_of] = rows().find(|row| row[0] == model)?;
    let cached = if cached.is_empty() { input } else { cached };
    Some(Price {
        input: Money::parse_usd(input)?,
        output: Money::parse_usd(output)?,
        cached: Money::parse_usd(cached)?,
        source: format!("{source}, {as_of}"),
    })
}

/// The price of a million tokens, from the price of one as LiteLLM writes it: `2e-06`.
#[cfg(feature = "cli")]
pub(crate) fn of_a_token(text: &str) -> Option<Money> {
    decimal::nano_dollars(text, 6)
}

/// The models that the book has, in alphabetical order.
pub fn models() -> Vec<&'static str> {
    rows().map(|row| row[0]).collect()
}

/// The book is part of the crate and a test checks its form, so that `client` needs no CSV crate.
fn rows() -> impl Iterator<Item = [&'static str; 6]> {
    BOOK.lines().skip(1).filter_map(fields)
}

fn fields(line: &'static str) -> Option<[&'static str; 6]> {
    let fields: Vec<&str> = line.split(',').collect();
    fields.try_into().ok()
}

const BOOK: &str = include_str!("prices.csv");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_book_is_a_price_with_a_dated_source() {
        assert_eq!(
            BOOK.lines().next(),
            Some(
                "model,input_usd_per_mtok,output_usd_per_mtok,cache_read_usd_per_mtok,source,as_of"
            )
        );
        assert_eq!(models().len(), BOOK.lines().count() - 1);
        for row in rows() {
            let price = price_of(row[0]).unwrap_or_else(|| panic!("{row:?}"));
            assert!(
                Money::ZERO < price.input && price.input < price.output,
                "{row:?}"
            );
            assert!(
                Money::ZERO < price.cached && price.cached <= price.input,
                "{row:?}"
            );
            assert!(!row[4].is_empty(), "{row:?}");
            let dashes: Vec<usize> = row[5].match_indices('-').map(|(at, _)| at).collect();
            assert_eq!((row[5].len(), dashes), (10, vec![4, 7]), "{row:?}");
        }
    }

    #[test]
    fn models_are_in_order_and_named_once() {
        let models = models();
        assert!(models.is_sorted_by(|a, b| a < b), "{models:?}");
    }

    #[test]
    fn a_price_names_its_source() {
        let price = price_of("deepseek-v3.2").unwrap();
        assert_eq!(price.input.usd(), "0.2288");
        assert_eq!(price.output.usd(), "0.3432");
        assert_eq!(price.source, "genai-prices v2, 2026-08-21");
        assert_eq!(price.cached, price.input, "the book does not say");
        assert_eq!(price_of("gpt-4.1").unwrap().cached.usd(), "0.5");
    }

    #[test]
    fn an_unknown_model_has_no_price() {
        for model in ["", "model", "gpt-4", "GPT-4.1"] {
            assert_eq!(price_of(model), None, "{model}");
        }
    }
}
