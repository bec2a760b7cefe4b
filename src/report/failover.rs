//! The failover time of a fault: how long calls failed before they succeeded without its target.
//!
//! From the start of the fault to the start of the first window that was up after the first that
//! was down; [`super::windows`] judges windows.

use super::fault_impact::Longest;
use crate::time::Instant;
use crate::time::Windows;

/// Measures the failover time of one fault.
#[derive(Clone, Debug, Default)]
pub(super) struct Failover {
    /// The start of the fault that brought the windows down.
    since: Option<Instant>,
    tally: Longest,
}

impl Failover {
    /// The window `[from, to)` was judged; windows come in order.
    pub(super) fn on_window(&mut self, fault: &Windows, from: Instant, to: Instant, is_down: bool) {
        match self.since {
            None if is_down => {
                let struck = fault.at_or_after(from).map(|(start, _)| start);
                self.since = struck.filter(|start| *start < to);
            }
            Some(since) if !is_down => {
                let felt = from.as_nanos().saturating_sub(since.as_nanos());
                self.tally.take(felt, true);
                self.since = None;
            }
            _ => {}
        }
    }

    /// The run is over; arrivals ended at `end`.
    pub(super) fn finish(mut self, end: Instant) -> Longest {
        if let Some(since) = self.since {
            let felt = end.as_nanos().saturating_sub(since.as_nanos());
            self.tally.take(felt, false);
        }
        self.tally
    }
}
