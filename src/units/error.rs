//! Why a text is not a quantity, and what to write instead.

use std::fmt;

use serde::de::{self, Unexpected};

/// What is wrong with the text of a quantity, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitError {
    message: String,
    hint: Option<String>,
}

impl UnitError {
    /// What is wrong.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
        }
    }

    /// With what to write instead, as in "write `60%`".
    #[must_use]
    pub(crate) fn or_write(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to write instead, if there is a form to name.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// As an error of serde. Message and hint stay two texts: they travel as the two arguments of
    /// [`de::Error::invalid_value`], what is wrong as [`Unexpected::Other`] and the hint as what is
    /// expected.
    pub(crate) fn into_serde<E: de::Error>(self) -> E {
        match &self.hint {
            Some(hint) => E::invalid_value(Unexpected::Other(&self.message), &hint.as_str()),
            None => E::custom(self.message),
        }
    }
}

/// On one line: the message, then the hint.
impl fmt::Display for UnitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.hint {
            Some(hint) => write!(f, "{}: {hint}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for UnitError {}

impl From<UnitError> for String {
    fn from(error: UnitError) -> Self {
        error.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_on_one_line_ends_in_its_hint() {
        let error = UnitError::new("a share needs a percent sign");
        assert_eq!(error.to_string(), "a share needs a percent sign");
        let error = error.or_write("write `60%`");
        assert_eq!(
            error.to_string(),
            "a share needs a percent sign: write `60%`"
        );
    }
}
