//! Which attempts a fault looks at: those of one model, one key, long prompts, one client.
//!
//! All that is said must hold. What an attempt says of itself is in [`Seen`].

use super::AttemptInfo;

/// Which attempts a fault can strike; by default all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct When {
    /// Those that ask for this model.
    pub model: Option<String>,
    /// Those that show this key.
    pub key: Option<String>,
    /// Those with a prompt of such a size.
    pub prompt: Option<Bound>,
    /// Those whose answer is streamed, or those whose answer is not.
    pub streamed: Option<bool>,
    /// Those of this client process, from 0.
    pub client: Option<u32>,
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

impl When {
    /// Whether it asks for nothing.
    pub fn is_always(&self) -> bool {
        *self == Self::default()
    }

    /// Whether an attempt is one of those.
    pub fn holds(&self, seen: &AttemptInfo<'_>) -> bool {
        let model = self.model.as_deref().is_none_or(|own| own == seen.model);
        let key = self.key.as_deref().is_none_or(|own| seen.key == Some(own));
        let prompt = self.prompt.is_none_or(|bound| bound.holds(seen.input));
        let streamed = self.streamed.is_none_or(|own| own == seen.streamed);
        model && key && prompt && streamed && self.holds_for(seen.client)
    }

    /// Whether a client process is one of those, for faults that no attempt meets.
    pub fn holds_for(&self, client: u32) -> bool {
        self.client.is_none_or(|own| own == client)
    }
}

impl Bound {
    const fn holds(self, tokens: u64) -> bool {
        match self.side {
            Side::Above => tokens > self.tokens,
            Side::AtLeast => tokens >= self.tokens,
            Side::Below => tokens < self.tokens,
            Side::AtMost => tokens <= self.tokens,
        }
    }
}

impl Side {
    /// Every side; the longer sign of two that begin alike comes first.
    pub(in crate::scenario) const ALL: [Self; 4] =
        [Self::AtLeast, Self::AtMost, Self::Above, Self::Below];

    /// The sign, as files write it.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Above => ">",
            Self::AtLeast => ">=",
            Self::Below => "<",
            Self::AtMost => "<=",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::CallId;
    use crate::time::Instant;

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
        when.model = Some("gpt-4.1".into());
        when.key = Some("sk-1".into());
        when.streamed = Some(true);
        when.client = Some(2);
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
            let prompt = Some(Bound {
                side,
                tokens: 8_000,
            });
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
