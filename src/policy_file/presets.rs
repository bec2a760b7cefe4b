//! The presets: the policies below `policies/`, compiled in.
//!
//! A project's own `policies/` take precedence; the scenario loader finds those. Each file
//! documents its origin and what it cannot express; `docs/presets.md` summarizes that.

use crate::policy::config::Policy;

/// A policy that is compiled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Preset {
    /// Its name, which is also its file's stem.
    pub name: &'static str,
    /// Where it comes from.
    pub origin: Origin,
    /// Its file.
    pub text: &'static str,
}

/// Where a preset comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// Written for this project.
    Ours,
    /// From a library or a gateway, with its documented defaults.
    Industry,
    /// From one of the articles that this project began with.
    Article,
}

impl Origin {
    /// Every origin, in the order of [`names`].
    pub const ALL: [Self; 3] = [Self::Ours, Self::Industry, Self::Article];

    /// The folder of its presets' files.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Ours => "policies",
            Self::Industry => "policies/industry",
            Self::Article => "policies/articles",
        }
    }

    /// A short title for a list of presets.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Ours => "To start from, from the simplest to the best",
            Self::Industry => "As libraries and gateways have it by default",
            Self::Article => "The clients of five articles, as intended, repaired and as written",
        }
    }
}

impl Preset {
    /// Its file, from the root of the repository.
    pub fn file(&self) -> String {
        format!("{}/{}.yaml", self.origin.folder(), self.name)
    }

    /// The policy that its file holds.
    pub fn policy(&self) -> Option<Policy> {
        Policy::parse(&self.file(), self.text).ok()
    }
}

/// All presets: ours from the simplest to the best, then the others by name.
pub const fn all() -> &'static [Preset] {
    PRESETS
}

/// The names of all presets.
pub fn names() -> Vec<&'static str> {
    PRESETS.iter().map(|preset| preset.name).collect()
}

/// The preset `name`.
pub fn find(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}

/// The file of the preset `name`.
pub fn text(name: &str) -> Option<&'static str> {
    find(name).map(|preset| preset.text)
}

/// The policy of the preset `name`.
pub fn policy(name: &str) -> Option<Policy> {
    find(name)?.policy()
}

/// The names that a preset has today, in words, if it once had this one.
pub fn renamed(name: &str) -> Option<&'static str> {
    let known = RENAMED.iter().find(|(before, _)| *before == name);
    known.map(|(_, now)| *now)
}

/// Names of presets that are gone, and where they went.
const RENAMED: &[(&str, &str)] = &[("openai-sdk", "openai-python` or `openai-node")];

macro_rules! presets {
    ($($origin:ident $folder:literal: $($name:literal)*;)*) => {
        &[$($(Preset {
            name: $name,
            origin: Origin::$origin,
            text: include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"), "/", $folder, "/", $name, ".yaml"
            )),
        }),*),*]
    };
}

#[rustfmt::skip]
const PRESETS: &[Preset] = presets! {
    Ours "policies":
        "no-failover" "retry-only" "priority-fallback" "round-robin" "resilient";
    Industry "policies/industry":
        "anthropic-sdk" "aws-sdk" "bifrost" "envoy-proxy" "langchain-fallbacks" "litellm-fallbacks"
        "litellm-router" "openai-node" "openai-python" "polly" "portkey-gateway" "resilience4j"
        "vercel-ai";
    Article "policies/articles":
        "000-node-intended" "000-node-repaired" "000-node-written" "000-python-intended"
        "000-python-repaired" "000-python-written" "000-session-written" "001-python-intended"
        "001-python-repaired" "001-python-written" "001-router-intended" "001-router-repaired"
        "001-router-written" "001-typescript-intended" "001-typescript-repaired"
        "001-typescript-written" "002-breaker-intended" "002-breaker-repaired"
        "002-breaker-written" "002-retry-intended" "002-retry-repaired" "002-retry-written"
        "002-router-intended" "002-router-repaired" "002-router-written" "003-limiter-intended"
        "003-limiter-repaired" "003-limiter-written" "003-manager-intended" "003-manager-repaired"
        "003-manager-written" "003-production-intended" "003-production-repaired"
        "003-production-written" "003-robust-intended" "003-robust-repaired" "003-robust-written"
        "003-tasks-intended" "003-tasks-repaired" "003-tasks-written" "004-chain-intended"
        "004-chain-repaired" "004-chain-written" "004-ratelimited-intended"
        "004-ratelimited-repaired" "004-ratelimited-written";
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::classify::{Action, FailureClass};
    use crate::text::Document;
    use std::path::Path;

    #[test]
    fn every_preset_is_a_policy_of_its_name_and_says_what_it_is_for() {
        for preset in all() {
            let name = preset.name;
            let document = Document::parse(name, preset.text).unwrap();
            let policy = Policy::from_document(&document, Some(name)).unwrap();
            assert!(policy.about.ends_with('.'), "{name}");
            assert_eq!(super::policy(name), Some(policy));
            assert_eq!(text(name), Some(preset.text));
        }
        assert_eq!(text("none-of-ours"), None);
    }

    #[test]
    fn every_file_below_policies_is_a_preset_of_its_folder() {
        let mut files = 0;
        for origin in Origin::ALL {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(origin.folder());
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    let folders = Origin::ALL.map(Origin::folder);
                    assert!(
                        folders.iter().any(|known| path.ends_with(known)),
                        "{path:?}"
                    );
                    continue;
                }
                let stem = path.file_stem().unwrap().to_str().unwrap();
                let preset = find(stem).unwrap_or_else(|| panic!("{stem} is not compiled in"));
                assert!(path.ends_with(preset.file()), "{path:?}");
                files += 1;
            }
        }
        assert_eq!(files, names().len());
    }

    #[test]
    fn each_name_is_there_once_and_origins_stay_together() {
        let mut names = names();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all().len());
        assert!(
            all().is_sorted_by_key(|preset| Origin::ALL.iter().position(|o| *o == preset.origin))
        );
        for origin in [Origin::Industry, Origin::Article] {
            let of = all().iter().filter(|preset| preset.origin == origin);
            assert!(of.is_sorted_by_key(|preset| preset.name), "{origin:?}");
        }
    }

    #[test]
    fn each_client_of_an_article_is_there_as_intended_and_repaired() {
        let of = |ending: &str| {
            let names = names()
                .into_iter()
                .filter_map(|name| name.strip_suffix(ending));
            names.collect::<Vec<_>>()
        };
        assert_eq!(of("-intended"), of("-repaired"));
        assert_eq!(of("-intended").len(), 15);
    }

    #[test]
    fn retry_only_never_leaves_its_provider() {
        let policy = policy("retry-only").unwrap();
        assert_eq!(
            policy.retry.max_attempts,
            policy.retry.max_attempts_per_provider
        );
        for class in FailureClass::ALL {
            let action = policy.failures.get(&class).copied();
            assert_ne!(
                action.unwrap_or(class.action()),
                Action::Fallback,
                "{class:?}"
            );
        }
    }
}
