//! How much of a provider's limits and slots is in use, for people who watch it.

use std::time::Duration;

/// The use of limits and slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProviderState {
    /// Of each limit, for each key if it is a key's.
    pub(crate) limits: Vec<LimitState>,
    /// None without a capacity.
    pub(crate) slots: Option<SlotState>,
}

/// The use of one limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LimitState {
    /// The key that it is about; none for the account.
    pub(crate) key: Option<String>,
    /// What it counts: `requests`, `tokens`, `input`, `output` or `concurrency`.
    pub(crate) counts: &'static str,
    /// As much as is admitted, less what faults take.
    pub(crate) limit: u64,
    /// The rest.
    pub(crate) remaining: u64,
    /// How long until all of it is free.
    pub(crate) reset: Duration,
}

/// The use of slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SlotState {
    /// As many as there are, less what faults and overload take.
    pub(crate) slots: u64,
    /// Requests at work.
    pub(crate) busy: u64,
    /// Requests that wait for a slot.
    pub(crate) waiting: u64,
}
