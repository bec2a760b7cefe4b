//! Whether a trace can be true: a line is checked before anything counts it.
//!
//! Events may be missing, since a full queue drops them, and events of different calls may have
//! changed places. What contradicts the header, or a call's own earlier event, is refused, and so
//! are amounts beyond what any provider sells.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use super::Header;
use crate::policy::{CallId, ProviderId};
use crate::text::visible::breaks_a_line;
use crate::time::Instant;
use crate::trace::{Bill, Event, EventKind};
use crate::units::Money;

/// What cannot be, and what to do about it.
#[derive(Debug)]
pub(super) struct Wrong {
    /// The key of the value that is wrong, and its place among all such keys of the line.
    key: (&'static str, usize),
    pub(super) message: String,
    pub(super) hint: &'static str,
}

impl Wrong {
    fn new(key: &'static str, message: String, hint: &'static str) -> Self {
        let key = (key, 0);
        Self { key, message, hint }
    }

    /// Where the value stands in `line`; the whole line if it is not found.
    pub(super) fn place(&self, line: &str) -> Range<usize> {
        let (key, nth) = self.key;
        let key = format!("\"{key}\":");
        let Some((at, _)) = line.match_indices(&key).nth(nth) else {
            return 0..line.len();
        };
        let value = line[at + key.len()..].trim_start();
        let start = line.len() - value.len();
        let is_end = |c: char| matches!(c, ',' | '}' | ']');
        let length = match value.strip_prefix('"') {
            Some(text) => text.find('"').map(|end| end + 2),
            None => value.find(is_end),
        };
        start..start + length.unwrap_or(value.len())
    }
}

/// Checks the names and prices of a header.
pub(super) fn header(header: &Header) -> Result<(), Wrong> {
    name("policy", &header.policy)?;
    let many = header.providers.len();
    if many > usize::from(u16::MAX) {
        let message = format!("{many} providers are more than a fleet can have");
        return Err(Wrong::new("providers", message, AS_WRITTEN));
    }
    for (nth, provider) in header.providers.iter().enumerate() {
        let of_it = |wrong: Wrong| Wrong {
            key: (wrong.key.0, nth),
            ..wrong
        };
        name("name", &provider.name).map_err(of_it)?;
        name("model", &provider.model).map_err(of_it)?;
    }
    // A price may be left out, so its place is not that of its provider.
    let dear = |price: &Money| *price > DEAREST;
    for (key, price) in header
        .providers
        .iter()
        .flat_map(|provider| [("input", provider.input), ("output", provider.output)])
    {
        if let Some(price) = price.filter(dear) {
            let message = format!("`{price}` for a million tokens is too large");
            return Err(Wrong::new(key, message, "write at most `1000000`"));
        }
    }
    Ok(())
}

/// Checks a text that reports repeat in tables and pages.
fn name(key: &'static str, text: &str) -> Result<(), Wrong> {
    let length = text.chars().count();
    let message = match text.find(breaks_a_line) {
        _ if length == 0 => "the name is empty".to_owned(),
        _ if length > LONGEST_NAME => format!("the name has {length} characters"),
        Some(_) => format!("the name `{text}` has a control character"),
        None => return Ok(()),
    };
    let hint = "write 1 to 200 characters, all of which can be seen";
    Err(Wrong::new(key, message, hint))
}

/// Checks events against the header, and each call's against its earlier ones.
#[derive(Debug)]
pub(super) struct Checks {
    providers: usize,
    /// The calls that have not ended, with their latest event.
    open: BTreeMap<CallId, Instant>,
}

impl Checks {
    pub(super) fn new(header: &Header) -> Self {
        Self {
            providers: header.providers.len(),
            open: BTreeMap::new(),
        }
    }

    /// Checks the next event.
    pub(super) fn event(&mut self, event: &Event) -> Result<(), Wrong> {
        if event.at.since_start() > LONGEST_LIFE {
            let message = "no client runs for more than ten years".to_owned();
            return Err(Wrong::new(
                "at",
                message,
                "times are nanoseconds since its start",
            ));
        }
        if let Some(provider) = event.kind.provider() {
            self.provider(provider)?;
        }
        if let EventKind::Billed { bill, .. } = &event.kind {
            amounts(bill)?;
        }
        self.order(event)
    }

    fn provider(&self, provider: ProviderId) -> Result<(), Wrong> {
        let (place, known) = (provider.index(), self.providers);
        if place < known {
            return Ok(());
        }
        let message = format!("there is no provider {place}: the header has {known}, from 0");
        Err(Wrong::new("provider", message, AS_WRITTEN))
    }

    /// Checks that a call's own events come in the order of their times. Bills may come late.
    fn order(&mut self, event: &Event) -> Result<(), Wrong> {
        let at = event.at;
        match event.kind {
            EventKind::Arrived { call, .. } => match self.open.insert(call, at) {
                None => Ok(()),
                Some(_) => {
                    let message = format!("call {} arrives again before it has ended", call.0);
                    Err(Wrong::new("call", message, AS_WRITTEN))
                }
            },
            EventKind::Started { call, .. }
            | EventKind::FirstTokenDelivered { call, .. }
            | EventKind::Replied { call, .. }
            | EventKind::Cancelled { call, .. } => self.after(call, at),
            EventKind::Ended { call, .. } => {
                self.after(call, at)?;
                self.open.remove(&call);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn after(&mut self, call: CallId, at: Instant) -> Result<(), Wrong> {
        let Some(latest) = self.open.get_mut(&call) else {
            return Ok(());
        };
        if at < *latest {
            let (call, latest) = (call.0, latest.as_nanos());
            let message = format!("this is before call {call}'s event above, at {latest}");
            return Err(Wrong::new("at", message, AS_WRITTEN));
        }
        *latest = at;
        Ok(())
    }
}

/// Checks the amounts of a bill.
fn amounts(bill: &Bill) -> Result<(), Wrong> {
    let amounts = [
        ("input", bill.input, MOST_TOKENS),
        ("cached", bill.cached, MOST_TOKENS),
        ("output", bill.output, MOST_TOKENS),
        ("price_milli", bill.price_milli, MOST_PRICE_MILLI),
    ];
    match amounts.into_iter().find(|(_, amount, most)| amount > most) {
        None => Ok(()),
        Some((key, amount, most)) => {
            let message = format!("`{amount}` is more than {most}");
            Err(Wrong::new(
                key,
                message,
                "no provider bills that much at one time",
            ))
        }
    }
}

const AS_WRITTEN: &str = "leave the file as a `JsonlRecorder` wrote it";

/// Longer than any name that a fleet file or a scenario takes.
const LONGEST_NAME: usize = 200;

/// Fleet files take no higher price for a million tokens.
const DEAREST: Money = Money::from_nanos(1_000_000_000_000_000);

const LONGEST_LIFE: Duration = Duration::from_secs(10 * 366 * 86_400);

/// The client believes no larger count of a provider.
const MOST_TOKENS: u64 = 10_000_000_000;

/// A thousand times the usual price.
const MOST_PRICE_MILLI: u64 = 1_000_000;
