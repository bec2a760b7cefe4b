//! The policies that ship with us, compiled in: the files of `policies/`.
//!
//! A project's own `policies/` win over them; finding those is left to whoever loads a scenario.

use super::config::Policy;

/// The names of all presets, from the simplest to the best.
pub fn names() -> Vec<&'static str> {
    PRESETS.iter().map(|(name, _)| *name).collect()
}

/// The file of the preset `name`.
pub fn text(name: &str) -> Option<&'static str> {
    let preset = PRESETS.iter().find(|(known, _)| *known == name);
    preset.map(|(_, text)| *text)
}

/// The preset `name`.
pub fn policy(name: &str) -> Option<Policy> {
    Policy::parse(&format!("policies/{name}.yaml"), text(name)?).ok()
}

macro_rules! presets {
    ($($name:literal)*) => {
        &[$((
            $name,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/policies/", $name, ".yaml")),
        )),*]
    };
}

const PRESETS: &[(&str, &str)] = presets! {
    "no-failover" "retry-only" "priority-fallback" "round-robin" "resilient"
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::classify::{Action, FailureClass};
    use crate::text::Document;

    #[test]
    fn every_preset_is_a_policy_of_its_name_and_says_what_it_is_for() {
        for name in names() {
            let document = Document::parse(name, text(name).unwrap()).unwrap();
            let policy = Policy::from_document(&document, Some(name)).unwrap();
            assert!(policy.about.ends_with('.'), "{name}");
            assert_eq!(super::policy(name), Some(policy));
        }
        assert_eq!(text("none-of-ours"), None);
    }

    #[test]
    fn every_file_in_policies_is_a_preset() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/policies");
        let mut files = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let stem = path.file_stem().unwrap().to_str().unwrap();
            assert!(text(stem).is_some(), "{stem} is not compiled in");
            files += 1;
        }
        assert_eq!(files, names().len());
    }

    #[test]
    fn retry_only_never_leaves_its_provider() {
        let policy = policy("retry-only").unwrap();
        assert_eq!(policy.retry.attempts, policy.retry.per_provider);
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
