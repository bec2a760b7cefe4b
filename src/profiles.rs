//! The built-in provider profiles: latency, speed and limits of models, with their sources.
//!
//! They are in `profiles.csv`, next to this file, one row per profile, fitted to recorded figures.
//! A lognormal is fitted at two quantiles, and its p99 follows from them: for measured runs
//! (LatencyLab 2024, llmperf 2023) the median and the 90th percentile of the time to first token,
//! the median and the 10th percentile of the speed (the slow side matters to users). Artificial
//! Analysis gives only medians, so there the tail is pooled: the median of that ratio over 22
//! measured runs, which is 1.38 for the time to first token and 1.22 for the speed.
//!
//! A run that no lognormal fits has no profile (Llama 2 at Bedrock and Replicate, with bimodal
//! speeds), and neither has a model without figures (DeepSeek). Limits are those of the second
//! usage tier where a vendor publishes one. Prices come from the price book. A scenario may
//! write other values.

use std::time::Duration;

use crate::text::quantiles::Quantiles;
use crate::units::TokenRate;
use crate::wire::Dialect;

/// A built-in profile.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Profile {
    /// `openai/gpt-4.1`.
    pub name: &'static str,
    /// Its API dialect.
    pub dialect: Dialect,
    /// The model that answers.
    pub model: &'static str,
    /// Time to first token.
    pub ttft: Quantiles<Duration>,
    /// Output tokens per second; one in a hundred answers is faster than `p99`.
    pub speed: Quantiles<TokenRate>,
    /// The source of both, and its date.
    pub latency_source: String,
    /// Requests per minute, tokens per minute, prompt tokens per minute, output tokens per minute,
    /// requests per day, requests at once.
    pub limits: [Option<u64>; 6],
    /// The source of the limits, and its date; empty without limits.
    pub limits_source: String,
}

/// The profile of this name.
pub(crate) fn find(name: &str) -> Option<Profile> {
    read(rows().find(|row| row.first() == Some(&name))?)
}

/// The names of all profiles, in alphabetical order.
pub(crate) fn names() -> Vec<&'static str> {
    rows().filter_map(|row| row.first().copied()).collect()
}

/// The table is part of the crate, and a test checks its shape.
fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    BOOK.lines().skip(1).map(|line| line.split(',').collect())
}

fn read(row: Vec<&'static str>) -> Option<Profile> {
    let [
        name,
        dialect,
        model,
        ttft_p50,
        ttft_p99,
        speed_p50,
        speed_p99,
        latency,
        latency_as_of,
        limits @ ..,
        limits_by,
        limits_as_of,
    ] = row.as_slice()
    else {
        return None;
    };
    let number = |text: &str| text.parse::<u64>().ok();
    let millis = |text| number(text).map(Duration::from_millis);
    let mut said = [None; 6];
    for (limit, text) in said.iter_mut().zip(limits) {
        *limit = number(text);
    }
    Some(Profile {
        name,
        dialect: Dialect::ALL
            .into_iter()
            .find(|one| one.name() == *dialect)?,
        model,
        ttft: Quantiles {
            p50: millis(ttft_p50)?,
            p99: millis(ttft_p99)?,
        },
        speed: Quantiles {
            p50: number(speed_p50).map(TokenRate::milli)?,
            p99: number(speed_p99).map(TokenRate::milli)?,
        },
        latency_source: format!("{latency}, {latency_as_of}"),
        limits: said,
        limits_source: match *limits_by {
            "" => String::new(),
            by => format!("{by}, {limits_as_of}"),
        },
    })
}

const BOOK: &str = include_str!("profiles.csv");

#[cfg(test)]
mod tests {
    mod fitted;

    use super::*;

    #[test]
    fn every_row_of_the_book_is_a_profile_with_dated_sources() {
        assert!(names().len() >= 16);
        for name in names() {
            let profile = find(name).unwrap_or_else(|| panic!("{name}"));
            let vendor = name.split('/').next().unwrap();
            assert!(name.ends_with(profile.model), "{name}");
            assert!(
                vendor == profile.dialect.name() || vendor == "perplexity",
                "{name}"
            );
            assert!(profile.ttft.p50 < profile.ttft.p99, "{name}");
            assert!(profile.speed.p50 < profile.speed.p99, "{name}");
            assert!(is_dated(&profile.latency_source), "{name}");
            let is_limited = profile.limits.iter().any(Option::is_some);
            assert_eq!(is_limited, is_dated(&profile.limits_source), "{name}");
        }
    }

    #[test]
    fn profiles_are_in_order_and_named_once() {
        assert!(names().is_sorted_by(|a, b| a < b));
        assert_eq!(find("openai/gpt-9"), None);
    }

    fn is_dated(source: &str) -> bool {
        source.rsplit_once(", ").is_some_and(|(who, when)| {
            !who.is_empty() && when.len() == 10 && when.matches('-').count() == 2
        })
    }
}
