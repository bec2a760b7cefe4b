//! The keys of a fault in a file: name, type, example and description of each, in one table.
//!
//! [`Written`], which serde reads, [`KEYS`] for messages and documents, and the schema are
//! generated from the table. What depends on the word is checked by its field (`fields`), and keys
//! of time, target and probability by `parse`.

use std::time::Duration;

use super::burst::Burst;
use super::forms::{Short, Target};
use super::kind::{CloseMode, SlowPart};
use super::ramp::{Ramp, Recovery};
#[cfg(feature = "cli")]
use super::schema::with_words;
use super::when::{Sticky, When};
use crate::text::one_of::OneOf;
use crate::text::section::section;
use crate::time::{LONGEST_RUN, SHORTEST};
#[cfg(feature = "cli")]
use crate::units::schema::Name;
use crate::units::tokens::MOST_TOKENS;
use crate::units::{Bandwidth, Count, Factor, Length, Share, TokenRate, Tokens};
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

/// Declares every key once: a row of `section!`, and behind it an example and a description.
macro_rules! keys {
    ($($need:ident $field:ident $($name:literal)?: $type:ty $(as $form:ty)? $(, in $range:expr)?
        $(, schema $schema:ty)?, $example:literal, $about:literal;)*) => {
        section! {
            /// One of `faults`.
            #[derive()]
            pub(in crate::scenario) struct Written [] ("Fault", transform with_words) {
                $($need pub(super) $field $($name)?: $type $(as $form)? $(, in $range)?
                    $(, schema $schema)?;)*
            }
        }

        /// Every key.
        pub const KEYS: &[Key] = &[$(Key {
            name: section!(@key $field $($name)?),
            example: $example,
            about: $about,
        }),*];
    };
}

keys! {
    required inject: String, "outage", "What it does: a word, or the status of an error.";
    optional target: OneOf<Target>, schema OneOf<Name>, "aws-us-east",
        "Its targets: a provider, a group, or a list of these.";
    optional at: Duration as Length, in Duration::ZERO..=LONGEST_RUN, "5m",
        "Start of the first window; the run's start by default.";
    optional length "for": Duration as Length, in SHORTEST..=LONGEST_RUN, "10m",
        "Length of each window; to the end of the run by default.";
    optional every: Duration as Length, in SHORTEST..=LONGEST_RUN, "1h",
        "From window to window; once by default.";
    optional chance: Share, "30%",
        "The chance that it happens at all, drawn once per seed; 100% by default.";
    optional burst: Burst, "{ on: 20s, off: 40s }",
        "Inside its windows it is on and off for such lengths on average; a `rate_off` is its \
         rate while off.";
    optional ramp: Short<Ramp>, "{ up: 2m, down: 1m, shape: exponential }",
        "It grows from nothing at a window's start, and fades before its end; shapes are \
         `linear`, `exponential` and `steps`.";
    optional recover: Short<Recovery>, "{ over: 5m, shape: steps }",
        "It fades after a window's end; shapes as above.";
    optional when: When, "{ client: 0 }",
        "Only attempts of this `model`, `key`, `prompt` (\"> 8k tok\"), `streamed` and `client`.";
    optional rate: Share, "0.05%",
        "Share of attempts that it strikes; all by default.";
    optional sticky: Sticky, "call",
        "What one draw holds for: an `attempt` (by default), a `call`, or a length of time.";
    optional shared_fate: bool, "true",
        "All targets share one draw, as behind one cause; `false` by default: each draws for \
         itself.";
    optional times: u64 as Count, "3",
        "It strikes only so many exchanges at each target: the first that match; all by default.";
    optional after: u64 as Tokens, in 0..=MOST_TOKENS, "80 tok",
        "After this many output tokens.";
    optional billed: bool, "true",
        "The prompt is billed although the request failed; `false` by default.";
    optional by: Duration as Length, in SHORTEST..=LONGEST_RUN, "20s",
        "The delay; for `keep_alives` endless by default.";
    optional cap: Bandwidth, in Bandwidth::per_second(1)..=WIDEST, "200 B/s",
        "The bandwidth, in bytes per second.";
    optional cause: String, "overloaded",
        "What the body says, whatever the status: the word of an error; the usual one by default.";
    optional factor: Factor, "2.5", "The factor.";
    optional hint: HintFormat, "date",
        "The form of the hint to wait: `own` (by default), `seconds`, `ms`, `date`, `body`, or an \
         invalid one: `past`, `negative`, `nan`, `absurd`.";
    optional idle: Duration as Length, in SHORTEST..=LONGEST_RUN, "90s", "The idle time.";
    optional index: Factor, in HEAVIEST..=LIGHTEST, "1.5",
        "The tail's index: the smaller, the heavier.";
    optional inside: Inside, "utf8",
        "The cut lies inside an event: in its `json`, or in a `utf8` character.";
    optional remaining: Share, in Share::ZERO..=NOT_ALL, "30%", "The share that is left.";
    optional model: String, "other-model", "The model in the answer.";
    optional retry_after: Duration as Length, in Duration::ZERO..=LONGEST_RUN, "20s",
        "The wait of the hint.";
    optional says: Finish, "content_filter",
        "What it claims: `length` (by default) or `content_filter`.";
    optional should_retry: bool, "false",
        "What `x-should-retry` says; it is not there by default.";
    optional silence: Duration as Length, in SHORTEST..=LONGEST_RUN, "20s",
        "The length of the silence.";
    optional speed: TokenRate, in TokenRate::milli(1)..=FASTEST, "0.5 tok/s", "Tokens per second.";
    optional then: CloseMode, "fin",
        "How it ends after the silence: `rst`, `fin` or (streams) `end`; else a stall goes on, and \
         a hang stays silent.";
    optional what: SlowPart, "ttft", "What is slow: `all` (by default), `ttft` or `tokens`.";
    optional with: CloseMode, "fin",
        "How it ends: `rst` (by default), `fin`, or (streams) `end`.";
}

const HEAVIEST: Factor = Factor::milli(500);
const LIGHTEST: Factor = Factor::milli(20_000);
const WIDEST: Bandwidth = Bandwidth::per_second(1_000_000_000_000);
const FASTEST: TokenRate = TokenRate::per_second(1_000_000);
const NOT_ALL: Share = Share::from_parts(Share::WHOLE.as_parts() - 1);
