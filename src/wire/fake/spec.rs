//! What a dialect is on the fake side: one [`FakeSpec`] each, in the file of the dialect.

use std::sync::Arc;

use super::grammar::Grammar;
use super::head::Head;
use super::refusal::{ErrorValues, Row};
use super::{Cause, Stamp};

/// How the fake provider speaks one dialect.
#[derive(Debug)]
pub(in crate::wire) struct FakeSpec {
    /// The writer of good answers, in the name of a model.
    pub(super) grammar: fn(model: &str) -> Arc<dyn Grammar>,
    /// Writes the name of the exchange, and how long it took where the vendor tells.
    pub(super) name_exchange: fn(&mut Head, &Stamp),
    /// Writes what is left of the limits.
    pub(super) quotas: fn(&mut Head, &Stamp),
    /// How the head of an error says how long to wait.
    pub(super) own_hint: OwnHint,
    /// An error about money says how long to wait as well.
    pub(super) hints_about_money: bool,
    /// A stream has no terminator but its finish reason.
    pub(super) finish_is_terminator: bool,
    /// The pages of what stands before the vendor's servers.
    pub(super) page: Page,
    /// The name of the vendor's host.
    pub(super) host: &'static str,
    /// The causes that the vendor has errors of its own for.
    pub(super) errors: &'static [(Cause, Row)],
    /// An error that says no more than its status.
    pub(super) bare: fn(status: u16) -> &'static Row,
    /// The body of an error.
    pub(super) error: fn(&ErrorValues<'_>, &Row) -> String,
    /// The same in the middle of a stream.
    pub(super) error_in_band: fn(&ErrorValues<'_>, &Row) -> String,
}

/// How the head of an error says how long to wait, by the vendor's habit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OwnHint {
    /// By no field.
    NoField,
    /// By `retry-after`, in seconds.
    Seconds,
    /// By `retry-after` and `retry-after-ms`.
    SecondsAndMillis,
}

/// The pages of what stands before the vendor's servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// Cloudflare's; the dialect has Cloudflare's errors besides its own.
    Cloudflare,
    /// Google's.
    Google,
    /// The plain page of a server of this name.
    Plain(&'static str),
}
