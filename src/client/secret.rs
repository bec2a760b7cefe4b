//! A secret: it can be sent, and is never shown.

use std::fmt;

use crate::text::secrets::SHOWN;

/// An API key. It cannot be printed, compared or serialized, so that no log, trace or error
/// contains it; only [`reveal`](Self::reveal) returns it.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Wraps this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text itself, to be sent.
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

/// The same for every secret: it does not show the length either.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SHOWN)
    }
}

/// Same as its `Debug`.
impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SHOWN)
    }
}

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
