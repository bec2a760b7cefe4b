//! Attempts and tokens again, by their definition, from the list of all events.

use std::collections::BTreeMap;

use firedrill::report::Ratio;
use firedrill::trace::EventKind;

use crate::oracle::naive::{Figures, Naive};

impl Naive<'_> {
    pub(crate) fn attempts_and_tokens(&self) -> Figures {
        let mut figures = Figures::new();
        let mut put = |name: String, value| figures.insert(name, value);
        let attempts = self.begun(None);
        let answered = self.answered();
        let milli = self.milli_tokens();
        put("attempts".to_owned(), Ratio::fraction(attempts, 1));
        put("answered".to_owned(), Ratio::fraction(answered, 1));
        let success = Ratio::fraction(answered, attempts);
        put("attempt_success_rate".to_owned(), success);
        put("tokens".to_owned(), Ratio::fraction(milli, 1_000));
        let minute = 60_000_000_000_u128;
        let per_minute = Ratio::fraction(milli * minute, self.length() * 1_000);
        put("tokens_per_minute".to_owned(), per_minute);
        for (place, provider) in self.subject.providers.iter().enumerate() {
            let share = Ratio::fraction(self.begun(Some(place)), attempts);
            put(format!("attempt_share({})", provider.name), share);
        }
        figures
    }

    /// The attempts of calls that count: at the provider at `place`, or at any.
    fn begun(&self, place: Option<usize>) -> u128 {
        let calls = self.calls();
        let events = self.events.iter().filter(|event| match event.kind {
            EventKind::Started { call, provider, .. } => {
                let is_there = place.is_none_or(|place| provider.index() == place);
                is_there && calls.contains_key(&call)
            }
            _ => false,
        });
        events.count() as u128
    }

    /// The attempts whose client took for a whole answer what was one.
    fn answered(&self) -> u128 {
        let (calls, whole) = (self.calls(), self.whole_answers());
        let numbers = self.events.iter().filter_map(|event| match event.kind {
            EventKind::Started {
                call, attempt, nth, ..
            } => Some(((call, attempt), nth)),
            _ => None,
        });
        let numbers: BTreeMap<_, u32> = numbers.collect();
        let events = self.events.iter().filter(|event| match event.kind {
            EventKind::Replied {
                call,
                attempt,
                provider,
                failure: None,
                ..
            } => {
                let nth = numbers[&(call, attempt)];
                calls.contains_key(&call) && whole.contains(&(call, provider.0, nth))
            }
            _ => false,
        });
        events.count() as u128
    }

    /// Billed tokens, in thousandths.
    fn milli_tokens(&self) -> u128 {
        let billed = self.bills().into_iter().map(|(.., bill)| {
            let tokens = bill.input + bill.cached + bill.output;
            u128::from(tokens) * u128::from(bill.price_milli)
        });
        billed.sum()
    }
}
