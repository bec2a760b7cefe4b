//! The keys of a fault in a file: name, type, example and description of each, in one table.
//!
//! [`Written`], which serde reads, [`KEYS`] for messages and documents, and the schema are
//! generated from the table. Values are checked by their field (`fields`) or, for keys of time,
//! target and probability, by `parse`.

use std::time::Duration;

use serde::Deserialize;

use super::burst::Burst;
use super::forms::{Short, Targets, length};
use super::kind::{CloseMode, SlowPart};
use super::ramp::{Ramp, Recovery};
use super::when::{Sticky, When};
#[cfg(feature = "cli")]
use crate::units::schema::{Count, Length, Tokens};
use crate::units::{Bandwidth, Factor, Share, TokenRate, count, duration, tokens};
use crate::wire::fake::{Finish, HintFormat, Inside};

/// A key of a fault.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The key.
    pub name: &'static str,
    /// An example of its value.
    pub example: &'static str,
    /// What it means, and its default.
    pub about: &'static str,
}

/// Declares every key once. A quantity names its schema after `as`, and its reader after `by`
/// unless its type implements `Deserialize`.
macro_rules! keys {
    ($($field:ident: $type:ty $(as $schema:literal $(by $read:literal)?)?,
        $name:literal, $example:literal, $about:literal;)*) => {
        /// One of `faults`.
        #[derive(Deserialize)]
        #[cfg_attr(feature = "cli", derive(schemars::JsonSchema))]
        #[serde(deny_unknown_fields)]
        pub(in crate::scenario) struct Written {
            $(
                #[serde(rename = $name)]
                $(
                    #[serde(default)]
                    #[cfg_attr(feature = "cli", schemars(with = $schema))]
                    $(#[serde(deserialize_with = $read)])?
                )?
                pub(super) $field: $type,
            )*
        }

        /// Every key.
        pub const KEYS: &[Key] = &[$(Key { name: $name, example: $example, about: $about }),*];
    };
}

keys! {
    inject: String, "inject", "outage", "What it does: a word, or the status of an error.";
    target: Option<Targets>, "target", "aws-us-east",
        "Its targets: a provider, a group, or a list of these.";
    at: Option<Duration> as "Length" by "duration::option::deserialize", "at", "5m",
        "Start of the first window; the run's start by default.";
    length: Option<Duration> as "Length" by "length::option", "for", "10m",
        "Length of each window; to the end of the run by default.";
    every: Option<Duration> as "Length" by "length::option", "every", "1h",
        "From window to window; once by default.";
    chance: Option<Share> as "Share", "chance", "30%",
        "The chance that it happens at all, drawn once per seed; 100% by default.";
    burst: Option<Burst>, "burst", "{ on: 20s, off: 40s }",
        "Inside its windows it is on and off for such lengths on average; a `rate_off` is its \
         rate while off.";
    ramp: Option<Short<Ramp>>, "ramp", "{ up: 2m, down: 1m, shape: exponential }",
        "It grows from nothing at a window's start, and fades before its end; shapes are \
         `linear`, `exponential` and `steps`.";
    recover: Option<Short<Recovery>>, "recover", "{ over: 5m, shape: steps }",
        "It fades after a window's end; shapes as above.";
    when: Option<When>, "when", "{ client: 0 }",
        "Only attempts of this `model`, `key`, `prompt` (\"> 8k tok\"), `streamed` and `client`.";
    rate: Option<Share> as "Share", "rate", "0.05%",
        "Share of attempts that it strikes; all by default.";
    sticky: Option<Sticky>, "sticky", "call",
        "What one draw holds for: an `attempt` (by default), a `call`, or a length of time.";
    shared_fate: Option<bool>, "shared_fate", "true",
        "All targets share one draw, as behind one cause; `false` by default: each draws for \
         itself.";
    times: Option<u64> as "Count" by "count::option::deserialize", "times", "3",
        "It strikes only so many exchanges at each target: the first that match; all by default.";
    after: Option<u64> as "Tokens" by "tokens::option::deserialize", "after", "80 tok",
        "After this many output tokens.";
    billed: Option<bool>, "billed", "true",
        "The prompt is billed although the request failed; `false` by default.";
    by: Option<Duration> as "Length" by "length::option", "by", "20s",
        "The delay; for `keep_alives` endless by default.";
    cap: Option<Bandwidth> as "Bandwidth", "cap", "200 B/s", "The bandwidth, in bytes per second.";
    cause: Option<String>, "cause", "overloaded",
        "What the body says, whatever the status: the word of an error; the usual one by default.";
    factor: Option<Factor> as "Factor", "factor", "2.5", "The factor.";
    hint: Option<HintFormat>, "hint", "date",
        "The form of the hint to wait: `own` (by default), `seconds`, `ms`, `date`, `body`, or an \
         invalid one: `past`, `negative`, `nan`, `absurd`.";
    idle: Option<Duration> as "Length" by "length::option", "idle", "90s", "The idle time.";
    index: Option<Factor> as "Factor", "index", "1.5",
        "The tail's index: the smaller, the heavier.";
    inside: Option<Inside>, "inside", "utf8",
        "The cut lies inside an event: in its `json`, or in a `utf8` character.";
    remaining: Option<Share> as "Share", "remaining", "30%", "The share that is left.";
    model: Option<String>, "model", "other-model", "The model in the answer.";
    retry_after: Option<Duration> as "Length" by "duration::option::deserialize",
        "retry_after", "20s", "The wait of the hint.";
    says: Option<Finish>, "says", "content_filter",
        "What it claims: `length` (by default) or `content_filter`.";
    should_retry: Option<bool>, "should_retry", "false",
        "What `x-should-retry` says; it is not there by default.";
    silence: Option<Duration> as "Length" by "length::option", "silence", "20s",
        "The length of the silence.";
    speed: Option<TokenRate> as "TokenRate", "speed", "0.5 tok/s", "Tokens per second.";
    then: Option<CloseMode>, "then", "fin",
        "How it ends after the silence: `rst`, `fin` or (streams) `end`; else a stall goes on, and \
         a hang stays silent.";
    what: Option<SlowPart>, "what", "ttft", "What is slow: `all` (by default), `ttft` or `tokens`.";
    with: Option<CloseMode>, "with", "fin",
        "How it ends: `rst` (by default), `fin`, or (streams) `end`.";
}
