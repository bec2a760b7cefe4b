//! To which attempts a fault applies (those of one model, one key, long prompts, one client), and
//! which of them share a draw.
//!
//! All conditions must hold. `seeded` judges attempts by them.

use std::fmt;
use std::time::Duration;

use crate::text::one_of::{FromScalar, OneOf};
use crate::text::section::{section, within};
use crate::time::{LONGEST_RUN, SHORTEST};
#[cfg(feature = "cli")]
use crate::units::schema::{TokensCompared, Whole};
use crate::units::tokens::MOST_TOKENS;
use crate::units::{UnitError, duration, text_form, tokens};

section! {
    /// `when` of a fault. Of a list, one value must fit.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct When [Serialize] ("When", transform some_key) {
        /// They request this model, or one of these.
        optional pub model: OneOf<String>;
        /// They send this API key, or one of these.
        optional pub key: OneOf<String>;
        /// Their prompt is larger, or smaller: `"> 8k tok"`; of a list one must hold.
        optional pub prompt: OneOf<Bound>, schema OneOf<TokensCompared>;
        /// Their answer is streamed, or is not.
        optional pub streamed: bool;
        /// They are of this client, counted from 0, or of one of these.
        optional pub client: OneOf<u32>, schema OneOf<Whole>;
    }
}

/// On which side of a number of tokens a prompt lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The side.
    pub side: Side,
    /// The number.
    pub tokens: u64,
}

/// A side of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Side {
    /// More.
    Above,
    /// That, or more.
    AtLeast,
    /// Less.
    Below,
    /// That, or less.
    AtMost,
}

/// Which attempts share one draw of a fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sticky {
    /// Nothing: each attempt draws.
    #[default]
    Attempt,
    /// All attempts of a call at the provider; for a fault with several targets, at all of them.
    Call,
    /// All attempts within one such length of time, counted from the run's start.
    Length(Duration),
}

impl When {
    /// Whether it has no conditions.
    pub(crate) fn is_always(&self) -> bool {
        *self == Self::default()
    }
}

impl Bound {
    fn parse(written: &str) -> Result<Self, UnitError> {
        let text = written.trim();
        let known = |side: &Side| text.starts_with(side.sign());
        let Some(side) = Side::ALL.into_iter().find(known) else {
            let error = UnitError::new("a size of prompts begins with a comparison");
            return Err(error.or_write("write as in `\"> 8k tok\"`, with `>`, `>=`, `<` or `<=`"));
        };
        let tokens = tokens::parse(&text[side.sign().len()..])?;
        let tokens = within(tokens, 0..=MOST_TOKENS, tokens::write)?;
        Ok(Self { side, tokens })
    }
}

impl FromScalar for Bound {
    const WANTED: &'static str = "a comparison, or a list of them";

    fn from_scalar(text: &str) -> Result<Self, UnitError> {
        Self::parse(text)
    }
}

impl Side {
    /// Every side; of two signs with the same first character, the longer comes first.
    const ALL: [Self; 4] = [Self::AtLeast, Self::AtMost, Self::Above, Self::Below];

    const fn sign(self) -> &'static str {
        match self {
            Self::Above => ">",
            Self::AtLeast => ">=",
            Self::Below => "<",
            Self::AtMost => "<=",
        }
    }
}

impl Sticky {
    fn parse(text: &str) -> Result<Self, UnitError> {
        match text {
            "attempt" => Ok(Self::Attempt),
            "call" => Ok(Self::Call),
            text => {
                let length = duration::parse(text).map_err(|wrong| {
                    if text.starts_with(|c: char| c.is_ascii_digit()) {
                        return wrong;
                    }
                    UnitError::new(format!("`{text}` is not a unit of draws"))
                        .or_write("write `attempt`, `call`, or a length of time such as `1s`")
                })?;
                let length = within(length, SHORTEST..=LONGEST_RUN, duration::write)?;
                Ok(Self::Length(length))
            }
        }
    }
}

/// As written in a file: `> 8k tok`.
impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.side.sign(), tokens::write(self.tokens))
    }
}

/// As written in a file.
impl fmt::Display for Sticky {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attempt => f.write_str("attempt"),
            Self::Call => f.write_str("call"),
            Self::Length(length) => f.write_str(&duration::write(*length)),
        }
    }
}

text_form!(Bound, "a string");
text_form!(Sticky, "a string");

#[cfg(feature = "cli")]
fn some_key(mut schema: schemars::Schema) -> schemars::Schema {
    schema.insert("minProperties".to_owned(), 1.into());
    schema
}

#[cfg(feature = "cli")]
crate::text::schema::inline_schema! {
    Sticky, "Sticky", |generator: &mut schemars::SchemaGenerator| {
        let length = generator.subschema_for::<crate::units::schema::Length>();
        schemars::json_schema!({ "anyOf": [{ "enum": ["attempt", "call"] }, length] })
    };
}
