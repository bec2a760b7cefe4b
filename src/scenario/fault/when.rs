//! To which attempts a fault applies (those of one model, one key, long prompts, one client), and
//! which of them share a draw.
//!
//! All conditions must hold. [`AttemptInfo`] describes an attempt.

use std::fmt;
use std::time::Duration;

use crate::policy::CallId;
use crate::scenario::check::{LONGEST_RUN, MOST_TOKENS, SHORTEST, within};
use crate::scenario::one_of::{FromScalar, OneOf};
use crate::scenario::section::section;
use crate::time::Instant;
#[cfg(feature = "cli")]
use crate::units::schema::{TokensCompared, Whole};
use crate::units::{UnitError, duration, text_form, tokens};

/// An attempt, as far as conditions of faults need it.
#[derive(Clone, Copy, Debug)]
pub struct AttemptInfo<'a> {
    /// When it reaches the provider.
    pub now: Instant,
    /// Its call; for a caller that sends none, the provider's own number.
    pub call: CallId,
    /// Its number among the attempts of that call at this provider, from 0.
    pub nth: u32,
    /// Whether the answer is streamed.
    pub streamed: bool,
    /// Prompt tokens.
    pub input: u64,
    /// The client process, from 0.
    pub client: u32,
    /// The model that it requests.
    pub model: &'a str,
    /// The API key that it sends.
    pub key: Option<&'a str>,
}

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

    /// Whether an attempt meets the conditions.
    pub(crate) fn holds(&self, seen: &AttemptInfo<'_>) -> bool {
        fn fits<T>(own: Option<&OneOf<T>>, fit: impl FnMut(&T) -> bool) -> bool {
            own.is_none_or(|own| own.any(fit))
        }
        let model = fits(self.model.as_ref(), |own| own == seen.model);
        let key = fits(self.key.as_ref(), |own| seen.key == Some(own));
        let prompt = fits(self.prompt.as_ref(), |own| own.holds(seen.input));
        let streamed = self.streamed.is_none_or(|own| own == seen.streamed);
        model && key && prompt && streamed && self.holds_for(seen.client)
    }

    /// Whether a client process meets the conditions, for faults of clients.
    pub(crate) fn holds_for(&self, client: u32) -> bool {
        let own = self.client.as_ref();
        own.is_none_or(|own| own.any(|own| *own == client))
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

    const fn holds(self, tokens: u64) -> bool {
        match self.side {
            Side::Above => tokens > self.tokens,
            Side::AtLeast => tokens >= self.tokens,
            Side::Below => tokens < self.tokens,
            Side::AtMost => tokens <= self.tokens,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    const SEEN: AttemptInfo<'_> = AttemptInfo {
        now: Instant::START,
        call: CallId(1),
        nth: 0,
        streamed: true,
        input: 8_000,
        client: 2,
        model: "gpt-4.1",
        key: Some("sk-1"),
    };

    #[test]
    fn all_that_is_said_must_hold() {
        let mut when = When::default();
        assert!(when.is_always() && when.holds(&SEEN));
        when.model = Some(OneOf::from("gpt-4.1".to_owned()));
        when.key = Some(OneOf::from(vec!["sk-0".to_owned(), "sk-1".to_owned()]));
        when.streamed = Some(true);
        when.client = Some(OneOf::from(vec![1, 2]));
        assert!(when.holds(&SEEN) && !when.is_always());
        let others = [
            AttemptInfo {
                model: "gpt-4.1-mini",
                ..SEEN
            },
            AttemptInfo {
                key: Some("sk-2"),
                ..SEEN
            },
            AttemptInfo { key: None, ..SEEN },
            AttemptInfo {
                streamed: false,
                ..SEEN
            },
            AttemptInfo { client: 0, ..SEEN },
        ];
        assert!(others.iter().all(|seen| !when.holds(seen)));
    }

    #[test]
    fn a_bound_is_met_as_its_sign_says() {
        for (side, met) in [
            (Side::Above, [false, false, true]),
            (Side::AtLeast, [false, true, true]),
            (Side::Below, [true, false, false]),
            (Side::AtMost, [true, true, false]),
        ] {
            let prompt = Some(OneOf::from(Bound {
                side,
                tokens: 8_000,
            }));
            let when = When {
                prompt,
                ..When::default()
            };
            let holds =
                [7_999, 8_000, 8_001].map(|input| when.holds(&AttemptInfo { input, ..SEEN }));
            assert_eq!(holds, met, "{}", side.sign());
        }
    }
}
