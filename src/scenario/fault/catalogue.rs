//! Every fault that a scenario file can name: one row per word.
//!
//! A row holds the word, its layer and scope, its fields, its [`FaultKind`], and a sentence for
//! people. The reader, the resolved form, messages, schema, and the tables in documents are
//! generated from it. The compiler refuses a [`FaultKind`] without a row. `provider` and `world`
//! implement the kinds; `keys` declares the keys, and `fields` their ranges. A number is the status
//! of an error: its row is [`STATUS`].

use serde_json::{Map, Value};

use super::fields::{
    After, Billed, By, ByOrNever, Cap, ConnectionEnd, Ended, ErrorCause, Field, HintToWait, Idle,
    Index, InsideOf, Keys, Late, Model, Remaining, Says, ShouldRetry, Silence, Slower, Speed,
    Status, StatusCause, StreamEnd, Then, Times, What,
};
pub use super::keys::{KEYS, Key};
use super::kind::{Delayed, FaultKind, Flaw, Layer, StreamAnomaly};
use super::reader::Reader;
use crate::policy::classify::is_error_status;
use crate::text::Diagnostic;
use crate::wire::fake::{Body, Cause, Choices, Counting, Finish, Label, Refusal, Terminator};

/// A word that `inject` takes, and its properties.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Row {
    /// The word.
    pub word: &'static str,
    /// Where it acts.
    pub layer: Layer,
    /// What it strikes.
    pub reach: Scope,
    /// What it does, in a sentence.
    pub about: &'static str,
    fields: &'static [Keys],
    pub(super) read: fn(&Reader<'_>) -> Result<FaultKind, Diagnostic>,
}

/// What a fault affects, which determines its keys of time and probability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scope {
    /// A client process as a whole: there is no target.
    Client,
    /// A provider as a whole, on or off.
    Whole,
    /// A state of a provider, with a strength.
    State,
    /// A share of attempts (of connections, for those of [`Layer::Connection`]).
    Attempts,
}

impl Row {
    /// The row of `word`; a number from 400 to 599 has [`STATUS`].
    pub fn of(word: &str) -> Option<&'static Self> {
        let is_status = word.parse().is_ok_and(is_error_status);
        match is_status {
            true => Some(&STATUS),
            false => ROWS.iter().find(|row| row.word == word),
        }
    }

    /// All keys that it takes: its own first, then those of time and probability.
    pub fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.own().chain(self.shared())
    }

    /// The keys of time and luck.
    pub(super) fn shared(&self) -> impl Iterator<Item = &'static str> {
        let times = self.strikes_exchanges().then_some("times");
        self.reach.keys().iter().copied().chain(times)
    }

    /// Whether it strikes single exchanges, which can be counted.
    pub(super) fn strikes_exchanges(&self) -> bool {
        self.reach == Scope::Attempts && self.layer != Layer::Connection
    }

    /// Its own keys.
    pub fn own(&self) -> impl Iterator<Item = &'static str> {
        self.required().chain(self.optional())
    }

    /// Its own keys that are required.
    pub fn required(&self) -> impl Iterator<Item = &'static str> {
        self.names(true)
    }

    /// Its own keys that are optional.
    pub fn optional(&self) -> impl Iterator<Item = &'static str> {
        self.names(false)
    }

    fn names(&self, are_required: bool) -> impl Iterator<Item = &'static str> {
        let fields = self.fields.iter();
        let fields = fields.filter(move |keys| keys.are_required == are_required);
        fields.flat_map(|keys| keys.names.iter().copied())
    }
}

impl Scope {
    /// The keys of time and probability, but for `times`.
    const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Client => &["inject", "at", "for", "every", "chance", "burst", "when"],
            Self::Whole => &["inject", "target", "at", "for", "every", "chance", "burst"],
            Self::State => &[
                "inject", "target", "at", "for", "every", "chance", "burst", "ramp", "recover",
            ],
            Self::Attempts => &[
                "inject",
                "target",
                "at",
                "for",
                "every",
                "chance",
                "burst",
                "ramp",
                "recover",
                "when",
                "rate",
                "sticky",
                "shared_fate",
            ],
        }
    }
}

impl FaultKind {
    /// The word as written in a file: a row's word, or a number.
    pub fn word(&self) -> String {
        match self {
            Self::Refuse {
                refusal:
                    Refusal {
                        status: Some(status),
                        ..
                    },
                ..
            } => status.to_string(),
            kind => kind.row().word.to_owned(),
        }
    }

    /// Where it acts.
    pub const fn layer(&self) -> Layer {
        self.row().layer
    }
}

/// Declares every row once: `word (field: Field, …) => { kind } sentence;`, by layer and scope. The
/// kind is both the expression built from the fields and the pattern that yields them; a guard
/// distinguishes rows of the same kind. Errors have only a cause and a sentence.
macro_rules! rows {
    (
        $($layer:ident $scope:ident {
            $($word:literal ($($field:ident: $of:ident),*) $(if $guard:expr)?
                => { $($kind:tt)* } $about:literal;)*
        })*
        @errors { $($cause:ident: $said:literal;)* }
        $($layer_after:ident $scope_after:ident {
            $($word_after:literal ($($field_after:ident: $of_after:ident),*)
                $(if $guard_after:expr)?
                => { $($kind_after:tt)* } $about_after:literal;)*
        })*
        @none { $none:pat }
    ) => {
        /// Every word, by layer, in the order in which layers meet an attempt.
        pub const ROWS: &[Row] = &[
            $($(rows!(@row $layer $scope $word ($($field: $of),*) { $($kind)* } $about),)*)*
            $(rows!(@error $cause $said),)*
            $($(rows!(@row $layer_after $scope_after $word_after
                ($($field_after: $of_after),*) { $($kind_after)* } $about_after),)*)*
        ];

        impl FaultKind {
            /// The row of its word. A flaw without an effect has no word, and no file produces one.
            #[expect(unused_variables, reason = "a row's kind names its fields")]
            pub(crate) const fn row(&self) -> &'static Row {
                match self {
                    $($(Self::$($kind)* $(if $guard)? => &const {
                        rows!(@row $layer $scope $word ($($field: $of),*) { $($kind)* } $about)
                    },)*)*
                    $(Self::Refuse {
                        refusal: Refusal { status: None, cause: Cause::$cause, .. }, ..
                    } => &const { rows!(@error $cause $said) },)*
                    $($(Self::$($kind_after)* $(if $guard_after)? => &const {
                        rows!(@row $layer_after $scope_after $word_after
                            ($($field_after: $of_after),*) { $($kind_after)* } $about_after)
                    },)*)*
                    Self::Refuse { refusal: Refusal { status: Some(_), .. }, .. } => &STATUS,
                    $none => &const {
                        rows!(@row Answer Attempts "" () { Reset } "It changes nothing.")
                    },
                }
            }

            /// Writes its own resolved keys.
            pub(super) fn write(&self, shown: &mut Map<String, Value>) {
                match self {
                    $($(Self::$($kind)* $(if $guard)? => {
                        $(<$of as Field>::write($field, shown);)*
                    })*)*
                    Self::Refuse { refusal, billed, late } => {
                        if refusal.status.is_some() {
                            StatusCause::write(&refusal.cause, shown);
                        }
                        HintToWait::write(&refusal.hint, shown);
                        ShouldRetry::write(&refusal.should_retry, shown);
                        Billed::write(billed, shown);
                        Late::write(late, shown);
                    }
                    $($(Self::$($kind_after)* $(if $guard_after)? => {
                        $(<$of_after as Field>::write($field_after, shown);)*
                    })*)*
                    $none => {}
                }
            }
        }
    };
    (@error $cause:ident $about:literal) => {
        rows!(@row Exchange Attempts (Cause::$cause.name())
            (hint: HintToWait, should_retry: ShouldRetry, billed: Billed, late: Late)
            {
                Refuse {
                    refusal: Refusal { status: None, cause: Cause::$cause, hint, should_retry },
                    billed,
                    late,
                }
            }
            $about)
    };
    (@row $layer:ident $scope:ident $word:tt ($($field:ident: $of:ident),*)
        { $($kind:tt)* } $about:literal) => {
        Row {
            word: $word,
            layer: Layer::$layer,
            reach: Scope::$scope,
            about: $about,
            fields: &[$(<$of as Field>::KEYS),*],
            read: |_reader| {
                $(let $field = <$of as Field>::read(_reader)?;)*
                Ok(FaultKind::$($kind)*)
            },
        }
    };
}

/// The row of all status numbers.
pub const STATUS: Row = rows!(@row Exchange Attempts "400..599"
    (status: Status, cause: StatusCause, hint: HintToWait, should_retry: ShouldRetry,
        billed: Billed, late: Late)
    {
        Refuse {
            refusal: Refusal { status: Some(status), cause, hint, should_retry },
            billed,
            late,
        }
    }
    "An error with this status, and the body that it usually has in the dialect.");

rows! {
    Client Client {
        "client_pause" () => { ClientPause }
            "The client process is paused: it reads, decides and sends nothing.";
    }
    Network Whole {
        "outage" () => { Outage } "New connections are refused, open ones reset, busy or idle.";
        "blackhole" () => { Blackhole } "Packets vanish, of open connections too.";
        "dns" () => { Dns } "The name of its host cannot be resolved.";
        "refused" () => { Refused } "New connections are refused; open ones go on.";
    }
    Connection Attempts {
        "tls" () => { Tls } "A TLS alert comes instead of a handshake, then the end.";
        "accept_only" () => { AcceptOnly } "The connection is accepted, and nothing is ever read.";
        "closed" (with: ConnectionEnd) => { Closed(with) }
            "The connection is accepted, and closed before a byte.";
        "stale_keep_alive" (idle: Idle, with: ConnectionEnd) => { StaleKeepAlive { idle, with } }
            "A kept-alive connection that was idle for this time fails at the next request.";
        "slow_close" (by: By) => { SlowClose { by } }
            "The answer is whole and announces the connection's end, which comes late.";
    }
    Exchange Attempts {
        "hang" (then: Ended) => { Hang { then } }
            "The request is read and never answered, also after the window.";
        "reset" () => { Reset } "The connection is reset after the request is read.";
        "early_fin" () => { EarlyFin }
            "The connection is closed cleanly after the request is read.";
        "headers_only" (then: Ended) => { HeadersOnly { then } }
            "The head of an answer comes, then silence.";
    }
    @errors {
        RateLimit: "Too many requests per minute.";
        TokenLimit: "Too many tokens per minute.";
        DailyLimit: "The day's requests or tokens are used up.";
        Concurrency: "Too many concurrent requests.";
        SlowDown: "Under all limits, but ramped up too fast.";
        Capacity: "The shared pool is overloaded, not the caller's quota.";
        Quota: "No money is left.";
        SpendLimit: "A spending limit that the account's owner set is met.";
        Auth: "The key is not accepted.";
        Permission: "The key may not do this.";
        Region: "The caller's region is not served.";
        Challenge: "A content delivery network asks for proof of a human: HTML.";
        ModelGone: "The model does not exist, or no longer.";
        ContextTooLong: "The prompt does not fit.";
        ContentFilter: "The content is refused.";
        TooLarge: "The body is too large for a server in front of the provider.";
        BadRequest: "The request itself is wrong.";
        Unprocessable: "A parameter has a value that cannot be processed.";
        Timeout: "The server gave up waiting for the request.";
        Conflict: "Another request conflicts with it.";
        ModelError: "The model itself failed.";
        ServerError: "Something broke.";
        BadGateway: "The server behind the gateway gave an invalid answer.";
        Overloaded: "The provider is overloaded.";
        GatewayTimeout: "The server behind the gateway gave no answer in time.";
        Edge: "A content delivery network answers for a server that it cannot reach: HTML.";
        EdgeEmpty: "A content delivery network answers for such a server, without a body.";
        EdgeJson: "A content delivery network answers for such a server, in its own JSON.";
    }
    Provider State {
        "capacity_loss" (remaining: Remaining) => { CapacityLoss { remaining } }
            "Only this share of its slots is left.";
        "limit_shrink" (remaining: Remaining) => { LimitShrink { remaining } }
            "Only this share of its limits is left.";
        "price" (factor: Times) => { Price { factor } }
            "The price of tokens is multiplied by a factor.";
    }
    Provider Attempts {
        "double_billed" () => { DoubleBilled } "Everything is billed twice.";
        "cache_miss" () => { CacheMiss } "No prompt is found in the cache.";
    }
    Answer Attempts {
        "slow" (factor: Slower, what: What) => { Slow { factor, what } }
            "Time to first token and gaps between tokens are multiplied by a factor.";
        "slow_headers" (by: By) => { Delay { what: Delayed::Headers, by } }
            "The whole answer comes later, its head included.";
        "slow_first_token" (by: By) => { Delay { what: Delayed::FirstToken, by } }
            "The head is in time, the first token is not.";
        "heavy_tail" (index: Index) => { HeavyTail { index } }
            "Time to first token is multiplied by a draw with a heavy tail (Pareto).";
        "drip" (speed: Speed) => { Drip { speed } }
            "Tokens are sent one by one, at this rate.";
        "bandwidth" (cap: Cap) => { Bandwidth { cap } }
            "Bytes are sent at no more than this bandwidth.";
        "keep_alives" (by: ByOrNever) => { KeepAlive { by } }
            "Comments or blank lines come instead of the answer, which comes later or never.";
        "stall" (after: After, length: Silence, then: Then) => { Stall { after, length, then } }
            "The stream is silent for a while, then goes on or ends.";
        "stream_cut" (after: After, with: StreamEnd, inside: InsideOf)
            => { StreamCut { after, with, inside } }
            "The stream is cut.";
        "in_band_error" (after: After, cause: ErrorCause) => { InBand { after, cause } }
            "The stream ends with an error in band.";
        "malformed_event" (after: After) => { Event { after, event: StreamAnomaly::Malformed } }
            "An event in the stream is not JSON.";
        "duplicate_event" (after: After) => { Event { after, event: StreamAnomaly::Duplicate } }
            "An event comes twice.";
        "reordered_events" (after: After) => { Event { after, event: StreamAnomaly::Reordered } }
            "Events come in the wrong order.";
        "split_events" () => { Split }
            "Events are split over writes, in the middle of a character.";
        "no_terminator" () => { Flaw(Flaw::Terminator(Terminator::Never)) }
            "The stream is whole, but has no terminator.";
        "double_terminator" () => { Flaw(Flaw::Terminator(Terminator::Twice)) }
            "The stream has its terminator twice.";
        "no_usage" () => { Flaw(Flaw::Usage(Counting::Missing)) } "There is no usage block.";
        "wrong_usage" (factor: Times) => { Flaw(Flaw::Usage(Counting::Times(factor))) }
            "The counts of the usage block are multiplied by a factor.";
        "wrong_model" (model: Model) => { Flaw(Flaw::Model(model)) }
            "The answer comes from another model than the requested one.";
        "wrong_content_type" () => { Flaw(Flaw::Label(Label::Wrong)) }
            "The content type is `text/plain`.";
        "no_content_type" () => { Flaw(Flaw::Label(Label::Missing)) }
            "The content type is missing.";
        "empty_choices" () => { Flaw(Flaw::Choices(Choices::Empty)) }
            "The list of choices is empty.";
        "null_choices" () => { Flaw(Flaw::Choices(Choices::Null)) }
            "The list of choices is `null`.";
        "null_content" () => { Flaw(Flaw::Choices(Choices::NullContent)) }
            "The content of the choice is `null`.";
        "missing_choices" () => { Flaw(Flaw::Choices(Choices::Missing)) }
            "The choices are missing.";
        "lying_finish" (says: Says) if matches!(says, Finish::Length | Finish::ContentFilter)
            => { Flaw(Flaw::Finish(says)) }
            "The finish reason is wrong.";
        "no_finish" () => { Flaw(Flaw::Finish(Finish::Missing)) }
            "The finish reason is missing.";
        "empty_body" () => { Flaw(Flaw::Body(Body::Empty)) } "The body of a 200 is empty.";
        "html_body" () => { Flaw(Flaw::Body(Body::Html)) }
            "The body of a 200 is an HTML page.";
        "error_body" (cause: ErrorCause) => { Flaw(Flaw::Body(Body::Error(cause))) }
            "The body of a 200 is an error.";
        "half_json" () => { Flaw(Flaw::Body(Body::HalfJson)) }
            "Half of the body is sent, with a matching length.";
        "short_body" () => { Flaw(Flaw::Body(Body::Short)) }
            "Half of the body is sent, with the length of the whole; then a clean close.";
        "no_json" () => { Flaw(Flaw::Body(Body::NoJson)) } "The body is not JSON.";
    }
    @none {
        Self::Flaw(
            Flaw::Usage(Counting::Right)
            | Flaw::Choices(Choices::Whole)
            | Flaw::Finish(_)
            | Flaw::Terminator(Terminator::Once)
            | Flaw::Label(Label::Right)
            | Flaw::Body(Body::Whole),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_unique_and_every_cause_has_one() {
        let mut words = Vec::from_iter(ROWS.iter().map(|row| row.word));
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), ROWS.len());
        for cause in Cause::ALL {
            let row = Row::of(cause.name()).unwrap_or_else(|| panic!("{cause:?} has no row"));
            assert_eq!(row.layer, Layer::Exchange);
        }
    }

    #[test]
    fn every_key_of_a_row_is_described_once() {
        let described = |name: &str| KEYS.iter().filter(|key| key.name == name).count();
        for row in ROWS.iter().chain([&STATUS]) {
            assert!(row.about.ends_with('.'), "{}", row.word);
            for key in row.keys() {
                assert_eq!(described(key), 1, "{} of {}", key, row.word);
            }
        }
        let used = |key: &Key| ROWS.iter().any(|row| row.keys().any(|own| own == key.name));
        assert!(KEYS.iter().all(used));
    }

    #[test]
    fn layers_come_in_the_order_in_which_they_meet_an_attempt() {
        assert!(ROWS.is_sorted_by_key(|row| row.layer));
    }

    #[test]
    fn a_number_is_a_status_of_a_failure_or_nothing() {
        assert_eq!(Row::of("429").map(|row| row.word), Some(STATUS.word));
        assert!(Row::of("200").is_none() && Row::of("600").is_none());
    }
}
