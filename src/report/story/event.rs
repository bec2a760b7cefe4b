//! One event as a line of text, also one that the story of a call leaves out.

use super::tell::Names;
use super::{CallStory, words};
use crate::policy::breaker::State;
use crate::time::Instant;
use crate::trace::{Bill, Event, EventKind};

/// `00:12.345  call 217: attempt 2 at openai (fallback)`, with nanoseconds behind a time that is no
/// whole millisecond.
pub(crate) fn event_line(event: &Event, names: &Names) -> String {
    let call = event.kind.call();
    let call = call.map_or_else(String::new, |call| format!("call {}: ", call.0));
    format!("{}  {call}{}", clock(event.at), what(event, names))
}

/// The same without the call, for one of its events.
pub(crate) fn call_line(event: &Event, names: &Names) -> String {
    format!("{}  {}", clock(event.at), what(event, names))
}

fn clock(at: Instant) -> String {
    match at.as_nanos() % 1_000_000 {
        0 => words::clock(at),
        nanos => format!("{}+{nanos}ns", words::clock(at)),
    }
}

/// As the call's own story has it, or in words of its own.
fn what(event: &Event, names: &Names) -> String {
    let story = event.kind.call().and_then(|call| {
        let story = CallStory {
            call,
            arrived: event.at,
            ended: None,
            events: Vec::new(),
        };
        story.line(event, names)
    });
    story.unwrap_or_else(|| of_provider(&event.kind, names))
}

fn of_provider(kind: &EventKind, names: &Names) -> String {
    let name = |provider| names.provider(provider);
    match kind {
        EventKind::Breaker { provider, from, to } => {
            let (name, from, to) = (name(*provider), state(*from), state(*to));
            format!("the breaker of {name}, {from}, is {to}")
        }
        EventKind::Ejected { provider, until } => {
            format!("{} is ejected until {}", name(*provider), clock(*until))
        }
        EventKind::Checked { provider, passed } => {
            let verb = if *passed { "passes" } else { "fails" };
            format!("{} {verb} a health check", name(*provider))
        }
        EventKind::Billed {
            provider,
            nth,
            bill,
            ..
        } => format!(
            "{} bills {}{}",
            name(*provider),
            tokens(bill),
            attempt(*nth)
        ),
        EventKind::Answered { provider, nth, .. } => {
            let (name, attempt) = (name(*provider), attempt(*nth));
            format!("{name} has written a whole answer{attempt}")
        }
        EventKind::Opened {
            provider,
            until,
            by,
        } => {
            let (name, by) = (name(*provider), words::opened_by(by));
            format!("the breaker of {name} opens until {}: {by}", clock(*until))
        }
        EventKind::Fired { fault, .. } => format!("fault {} strikes", names.fault(*fault)),
        // The story of a call tells all others.
        EventKind::Arrived { .. }
        | EventKind::Started { .. }
        | EventKind::FirstTokenDelivered { .. }
        | EventKind::Replied { .. }
        | EventKind::Cancelled { .. }
        | EventKind::Ended { .. }
        | EventKind::Decided { .. } => String::new(),
    }
}

/// `400 prompt, 0 cached and 60 output tokens`, with their price where it is not the usual one.
fn tokens(bill: &Bill) -> String {
    let Bill {
        input,
        cached,
        output,
        price_milli,
    } = bill;
    let price = match price_milli {
        1_000 => String::new(),
        milli => format!(" at {milli} thousandths of the price"),
    };
    format!("{input} prompt, {cached} cached and {output} output tokens{price}")
}

/// Of which attempt of a call at a provider, unless it is the first there.
fn attempt(nth: u32) -> String {
    match nth {
        0 => String::new(),
        nth => format!(", attempt {} there", nth + 1),
    }
}

const fn state(state: State) -> &'static str {
    match state {
        State::Closed => "closed",
        State::Open => "open",
        State::HalfOpen => "half-open",
    }
}
