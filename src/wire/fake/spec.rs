//! The fake side of a dialect: one [`FakeSpec`] each, in the file of the dialect.

use std::sync::Arc;

use super::grammar::Grammar;
use super::head::Head;
use super::refusal::{ErrorValues, Row};
use super::site::Site;
use super::{Cause, Stamp};

/// The fake provider's side of one dialect.
#[derive(Debug)]
pub(in crate::wire) struct FakeSpec {
    /// The writer of good answers, for a model.
    pub(super) grammar: fn(model: &str) -> Arc<dyn Grammar>,
    /// The vendor has OpenAI's Responses API.
    pub(super) responses: bool,
    /// The vendor has OpenAI's embeddings.
    pub(super) embeddings: bool,
    /// Writes the request id, and the processing time where the vendor states it.
    pub(super) name_exchange: fn(&mut Head, &Stamp),
    /// Writes the remaining quotas.
    pub(super) quotas: fn(&mut Head, &Stamp),
    /// The form of a hint in the head of an error.
    pub(super) own_hint: OwnHint,
    /// An error about an empty account has a hint to wait as well.
    pub(super) hints_about_money: bool,
    /// A stream has no terminator but its finish reason.
    pub(super) finish_is_terminator: bool,
    /// The pages of servers in front of the vendor's.
    pub(super) page: Page,
    /// The name of the vendor's host.
    pub(super) host: &'static str,
    /// The causes for which the vendor has its own errors.
    pub(super) errors: &'static [(Cause, Row)],
    /// An error for a bare status.
    pub(super) bare: fn(status: u16) -> &'static Row,
    /// The body of an error.
    pub(super) error: fn(&ErrorValues<'_>, &Row) -> String,
    /// The same in the middle of a stream.
    pub(super) error_in_band: fn(&ErrorValues<'_>, &Row) -> String,
    /// The list of models, and the answers to wrong paths.
    pub(super) site: Site,
}

/// The form of a hint in the head of an error, by vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OwnHint {
    /// In no field.
    NoField,
    /// In `retry-after`, in seconds.
    Seconds,
    /// In `retry-after` and `retry-after-ms`.
    SecondsAndMillis,
}

/// The pages of servers in front of the vendor's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// Cloudflare's; the dialect has Cloudflare's errors besides its own.
    Cloudflare,
    /// Google's.
    Google,
    /// The plain page of a server with this name.
    Plain(&'static str),
}
