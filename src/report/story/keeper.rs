//! Keeps the events of calls until they end, and hands out the calls that were asked for.
//!
//! Memory grows with the open calls, and with what was asked for.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::CallStory;
use crate::policy::{CallId, ProviderId};
use crate::trace::{Event, EventKind};

/// Which calls of a run are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pick {
    /// All.
    All,
    /// This one.
    Call(CallId),
    /// Those that failed.
    Failed,
    /// So many that took longest.
    Slowest(usize),
}

/// Keeps the calls of one run.
#[derive(Clone, Debug)]
pub(crate) struct Keeper {
    pick: Pick,
    open: BTreeMap<CallId, CallStory>,
    /// The slowest so far, the slowest first.
    slowest: Vec<CallStory>,
    /// The call whose attempt at this provider ended last, as long as nothing else happened to any
    /// call: a breaker that opens now opens because of it.
    latest: Option<(CallId, ProviderId)>,
}

impl Keeper {
    /// Nothing has happened yet.
    pub(crate) const fn new(pick: Pick) -> Self {
        Self {
            pick,
            open: BTreeMap::new(),
            slowest: Vec::new(),
            latest: None,
        }
    }

    /// Takes an event; returns the call that it ends, if that was asked for.
    pub(crate) fn on_event(&mut self, event: &Event) -> Option<CallStory> {
        let Some(call) = event.kind.call() else {
            self.on_opened(event);
            return None;
        };
        if let EventKind::Arrived { .. } = event.kind {
            self.on_arrival(call, event);
        }
        self.latest = match event.kind {
            EventKind::Replied { provider, .. } => Some((call, provider)),
            _ => None,
        };
        let story = self.open.get_mut(&call)?;
        story.events.push(event.clone());
        let EventKind::Ended { outcome, .. } = event.kind else {
            return None;
        };
        story.ended = Some((event.at, outcome));
        let story = self.open.remove(&call)?;
        match self.pick {
            Pick::All | Pick::Call(_) => Some(story),
            Pick::Failed => story.failure().map(|_| story),
            Pick::Slowest(most) => {
                self.slowest.push(story);
                self.slowest
                    .sort_by_key(|one| (Reverse(one.took()), one.call));
                self.slowest.truncate(most);
                None
            }
        }
    }

    /// The slowest calls, the slowest first, at the end of the run; none if others were asked for.
    pub(crate) fn finish(self) -> Vec<CallStory> {
        self.slowest
    }

    fn on_arrival(&mut self, call: CallId, event: &Event) {
        if matches!(self.pick, Pick::Call(asked) if asked != call) {
            return;
        }
        let story = CallStory {
            call,
            arrived: event.at,
            ended: None,
            events: Vec::new(),
        };
        self.open.insert(call, story);
    }

    /// A breaker opened: that belongs to the call whose attempt opened it.
    fn on_opened(&mut self, event: &Event) {
        if let EventKind::Opened { provider, .. } = event.kind
            && let Some((call, asked)) = self.latest
            && asked == provider
            && let Some(story) = self.open.get_mut(&call)
        {
            story.events.push(event.clone());
        }
    }
}
