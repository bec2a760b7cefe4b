//! A secret: what may be sent, and never be shown.

use std::fmt;

/// An API key. It cannot be printed, compared or serialized, so that no log, trace or error has it;
/// [`reveal`](Self::reveal) is the only way to it.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// This text, as a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for whoever sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// The same for every secret: not even its length can be told from it.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SHOWN)
    }
}

/// As its `Debug`.
impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SHOWN)
    }
}

/// What stands for a secret wherever it is shown.
const SHOWN: &str = "***";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_shown_as_any_other() {
        for text in ["sk-1234", "", "***"] {
            let secret = Secret::from(text);
            assert_eq!(format!("{secret} {secret:?} {secret:#?}"), "*** *** ***");
            assert_eq!(secret.reveal(), text);
        }
    }
}
