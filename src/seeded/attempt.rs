//! Which attempts meet the conditions of a fault (`when`).
//!
//! All conditions must hold. [`AttemptInfo`] describes an attempt.

use crate::policy::CallId;
use crate::scenario::fault::{Bound, OneOf, Side, When};
use crate::time::Instant;

/// An attempt, as far as conditions of faults need it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AttemptInfo<'a> {
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

impl AttemptInfo<'static> {
    /// The first attempt of a call of the first client process, of which nothing else is known.
    pub(crate) const fn new(now: Instant, call: CallId) -> Self {
        Self {
            now,
            call,
            nth: 0,
            streamed: false,
            input: 0,
            client: 0,
            model: "",
            key: None,
        }
    }
}

impl When {
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
    const fn holds(self, tokens: u64) -> bool {
        match self.side {
            Side::Above => tokens > self.tokens,
            Side::AtLeast => tokens >= self.tokens,
            Side::Below => tokens < self.tokens,
            Side::AtMost => tokens <= self.tokens,
        }
    }
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
            assert_eq!(holds, met, "{side:?}");
        }
    }
}
