//! Every fault that a scenario file can name: one row per word, and one per key.
//!
//! The reader (`inject`), its hints, what is shown as understood, and tables in documents all
//! derive from here. What a fault does is [`super::fault::FaultKind`]; how its keys are read, and
//! within which bounds, is `inject`'s. A number is the status of an error: its row is [`STATUS`].

use super::fault::{Delayed, Fault, FaultKind, Flaw, Layer, StreamAnomaly};
use crate::wire::writer::{Body, Choices, Counting, Finish, Label, Terminator};

/// A word that `inject` takes, and what there is to say about it.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The word.
    pub word: &'static str,
    /// Where it acts.
    pub layer: Layer,
    /// What it strikes.
    pub reach: Scope,
    /// Keys of its own that must be there.
    pub required: &'static [&'static str],
    /// Keys of its own that may be left out.
    pub optional: &'static [&'static str],
    /// What it does, in a sentence.
    pub about: &'static str,
}

/// What a fault strikes, from which follows which keys of time and luck it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A client process as a whole: there is no target.
    Client,
    /// A provider as a whole, all or nothing.
    Whole,
    /// A state of a provider, more or less.
    State,
    /// A share of attempts (of connections, for those of [`Layer::Connection`]).
    Attempts,
}

/// A key of a fault.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The key.
    pub name: &'static str,
    /// What may be written behind it.
    pub example: &'static str,
    /// What it says, and what holds without it.
    pub about: &'static str,
}

impl Row {
    /// The row of `word`; a number from 400 to 599 has [`STATUS`].
    pub fn of(word: &str) -> Option<&'static Self> {
        let is_status = matches!(word.parse::<u16>(), Ok(400..=599));
        match is_status {
            true => Some(&STATUS),
            false => ROWS.iter().find(|row| row.word == word),
        }
    }

    /// All keys that it takes: its own first, then those of time and luck.
    pub fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.own().chain(self.reach.keys().iter().copied())
    }

    /// The keys of its own.
    pub fn own(&self) -> impl Iterator<Item = &'static str> {
        self.required.iter().chain(self.optional).copied()
    }
}

impl Scope {
    /// The keys of time and luck.
    pub const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Client => &["inject", "at", "for", "every", "chance", "burst", "when"],
            Self::Whole => &["inject", "target", "at", "for", "every", "chance", "burst"],
            Self::State => &[
                "inject", "target", "at", "for", "every", "chance", "burst", "ramp", "recover",
            ],
            Self::Attempts => &[
                "inject", "target", "at", "for", "every", "chance", "burst", "ramp", "recover",
                "when", "rate", "sticky",
            ],
        }
    }
}

/// The word of a fault, as its file has it: a row's word, or a number.
pub fn word(fault: &Fault) -> String {
    match &fault.inject {
        FaultKind::Refuse { refusal, .. } => refusal.status.map_or_else(
            || refusal.cause.name().to_owned(),
            |status| status.to_string(),
        ),
        inject => fixed_word(inject).to_owned(),
    }
}

/// The word of everything but errors, which have many.
const fn fixed_word(inject: &FaultKind) -> &'static str {
    match inject {
        FaultKind::Outage => "outage",
        FaultKind::Blackhole => "blackhole",
        FaultKind::Dns => "dns",
        FaultKind::Refused => "refused",
        FaultKind::Tls => "tls",
        FaultKind::AcceptOnly => "accept_only",
        FaultKind::Closed(_) => "closed",
        FaultKind::StaleKeepAlive { .. } => "stale_keep_alive",
        FaultKind::SlowClose { .. } => "slow_close",
        FaultKind::Hang => "hang",
        FaultKind::Reset => "reset",
        FaultKind::EarlyFin => "early_fin",
        FaultKind::HeadersOnly => "headers_only",
        FaultKind::Refuse { refusal, .. } => refusal.cause.name(),
        FaultKind::Slow { .. } => "slow",
        FaultKind::Delay { what, .. } => match what {
            Delayed::Headers => "slow_headers",
            Delayed::FirstToken => "slow_first_token",
        },
        FaultKind::HeavyTail { .. } => "heavy_tail",
        FaultKind::Drip { .. } => "drip",
        FaultKind::Bandwidth { .. } => "bandwidth",
        FaultKind::KeepAlive { .. } => "keep_alives",
        FaultKind::Stall { .. } => "stall",
        FaultKind::StreamCut { .. } => "stream_cut",
        FaultKind::InBand { .. } => "in_band_error",
        FaultKind::Event { event, .. } => match event {
            StreamAnomaly::Malformed => "malformed_event",
            StreamAnomaly::Duplicate => "duplicate_event",
            StreamAnomaly::Reordered => "reordered_events",
        },
        FaultKind::Split => "split_events",
        FaultKind::Flaw(flaw) => flaw_word(flaw),
        FaultKind::CapacityLoss { .. } => "capacity_loss",
        FaultKind::LimitShrink { .. } => "limit_shrink",
        FaultKind::Price { .. } => "price",
        FaultKind::DoubleBilled => "double_billed",
        FaultKind::CacheMiss => "cache_miss",
        FaultKind::ClientPause => "client_pause",
    }
}

/// A flaw that is none has no word; no file makes one.
const fn flaw_word(flaw: &Flaw) -> &'static str {
    match flaw {
        Flaw::Model(_) => "wrong_model",
        Flaw::Usage(Counting::Missing) => "no_usage",
        Flaw::Usage(Counting::Times(_)) => "wrong_usage",
        Flaw::Choices(Choices::Empty) => "empty_choices",
        Flaw::Choices(Choices::Null) => "null_choices",
        Flaw::Choices(Choices::NullContent) => "null_content",
        Flaw::Choices(Choices::Missing) => "missing_choices",
        Flaw::Finish(Finish::Length | Finish::ContentFilter) => "lying_finish",
        Flaw::Finish(Finish::Missing) => "no_finish",
        Flaw::Terminator(Terminator::Never) => "no_terminator",
        Flaw::Terminator(Terminator::Twice) => "double_terminator",
        Flaw::Label(Label::Wrong) => "wrong_content_type",
        Flaw::Label(Label::Missing) => "no_content_type",
        Flaw::Body(Body::Empty) => "empty_body",
        Flaw::Body(Body::Html) => "html_body",
        Flaw::Body(Body::Error(_)) => "error_body",
        Flaw::Body(Body::HalfJson) => "half_json",
        Flaw::Body(Body::NoJson) => "no_json",
        Flaw::Usage(Counting::Right)
        | Flaw::Choices(Choices::Whole)
        | Flaw::Finish(Finish::Stop)
        | Flaw::Terminator(Terminator::Once)
        | Flaw::Label(Label::Right)
        | Flaw::Body(Body::Whole) => "",
    }
}

type Keys = &'static [&'static str];

const fn row(
    layer: Layer,
    reach: Scope,
    word: &'static str,
    (required, optional): (Keys, Keys),
    about: &'static str,
) -> Row {
    Row {
        word,
        layer,
        reach,
        required,
        optional,
        about,
    }
}

const fn network(word: &'static str, about: &'static str) -> Row {
    row(Layer::Network, Scope::Whole, word, NONE, about)
}

const fn connection(word: &'static str, keys: (Keys, Keys), about: &'static str) -> Row {
    row(Layer::Connection, Scope::Attempts, word, keys, about)
}

const fn exchange(word: &'static str, about: &'static str) -> Row {
    row(Layer::Exchange, Scope::Attempts, word, NONE, about)
}

const fn error(word: &'static str, about: &'static str) -> Row {
    let keys: (Keys, Keys) = (&[], &["retry_after", "hint", "should_retry", "billed"]);
    row(Layer::Exchange, Scope::Attempts, word, keys, about)
}

const fn answer(word: &'static str, keys: (Keys, Keys), about: &'static str) -> Row {
    row(Layer::Answer, Scope::Attempts, word, keys, about)
}

const fn provider(word: &'static str, reach: Scope, keys: Keys, about: &'static str) -> Row {
    row(Layer::Provider, reach, word, (keys, &[]), about)
}

const NONE: (Keys, Keys) = (&[], &[]);

/// The row of all numbers.
pub const STATUS: Row = row(
    Layer::Exchange,
    Scope::Attempts,
    "400..599",
    (
        &[],
        &["cause", "retry_after", "hint", "should_retry", "billed"],
    ),
    "An error with this status, and the body that it usually has in the dialect.",
);

/// Every word, by layer, in the order in which layers meet an attempt.
#[rustfmt::skip]
pub const ROWS: &[Row] = &[
    row(Layer::Client, Scope::Client, "client_pause", NONE,
        "The client process stands still: it reads, decides and sends nothing."),

    network("outage", "New connections are refused, open ones reset, busy or idle."),
    network("blackhole", "Packets vanish, of open connections too."),
    network("dns", "The name of its host cannot be resolved."),
    network("refused", "New connections are refused; open ones go on."),

    connection("tls", NONE, "A TLS alert comes instead of a handshake, then the end."),
    connection("accept_only", NONE, "The connection is accepted, and nothing is ever read."),
    connection("closed", (&[], &["with"]), "The connection is accepted, and closed before a byte."),
    connection("stale_keep_alive", (&["idle"], &["with"]),
        "A kept connection that was idle for so long dies under the next request."),
    connection("slow_close", (&["by"], &[]),
        "The answer is whole and says that it is the connection's last; the end comes late."),

    exchange("hang", "The request is read and never answered, also after the window."),
    exchange("reset", "The connection is reset after the request is read."),
    exchange("early_fin", "The connection is closed politely after the request is read."),
    exchange("headers_only", "The head of an answer comes, then silence."),
    error("rate_limit", "Too many requests per minute."),
    error("token_limit", "Too many tokens per minute."),
    error("daily_limit", "The day's requests or tokens are used up."),
    error("concurrency", "Too many requests at once."),
    error("slow_down", "Under all limits, but ramped up too fast."),
    error("capacity", "The shared pool is short, not the caller's quota."),
    error("quota", "No money is left."),
    error("spend_limit", "A spending limit that the account's owner set is met."),
    error("auth", "The key is not accepted."),
    error("permission", "The key may not do this."),
    error("region", "The caller's region is not served."),
    error("challenge", "A content delivery network wants proof of a human: HTML."),
    error("model_gone", "The model does not exist, or no longer."),
    error("context_too_long", "The prompt does not fit."),
    error("content_filter", "The content is refused."),
    error("too_large", "The body is too large, says a server before the provider's own."),
    error("bad_request", "The request itself is wrong."),
    error("unprocessable", "A parameter has a value that cannot be processed."),
    error("timeout", "The server gave up waiting for the request."),
    error("conflict", "Another request is in the way."),
    error("model_error", "The model itself failed."),
    error("server_error", "Something broke."),
    error("bad_gateway", "The server behind the gateway gave no answer that makes sense."),
    error("overloaded", "Too much to do."),
    error("gateway_timeout", "The server behind the gateway gave no answer in time."),
    error("edge", "A content delivery network speaks for a server that it cannot reach: HTML."),
    error("edge_empty", "A content delivery network speaks for such a server, without a body."),
    error("edge_json", "A content delivery network speaks for such a server, in its own JSON."),

    provider("capacity_loss", Scope::State, &["remaining"], "Only so much of its slots is left."),
    provider("limit_shrink", Scope::State, &["remaining"], "Only so much of its limits is left."),
    provider("price", Scope::State, &["factor"], "Tokens cost so many times their price."),
    provider("double_billed", Scope::Attempts, &[], "Everything is billed twice."),
    provider("cache_miss", Scope::Attempts, &[], "No prompt is found in the cache."),

    answer("slow", (&["factor"], &["what"]),
        "Time to first token and gaps between tokens are so many times as long."),
    answer("slow_headers", (&["by"], &[]), "The whole answer comes later, its head included."),
    answer("slow_first_token", (&["by"], &[]), "The head is in time, the first token is not."),
    answer("heavy_tail", (&["index"], &[]),
        "Time to first token is multiplied by a draw with a heavy tail (Pareto)."),
    answer("drip", (&["speed"], &[]), "Tokens leave one by one, this slowly."),
    answer("bandwidth", (&["cap"], &[]), "No more than so many bytes per second leave."),
    answer("keep_alives", (&[], &["by"]),
        "Comments or blank lines come instead of the answer, which comes later or never."),
    answer("stall", (&["after", "silence"], &["then"]),
        "The stream is silent for a while, then goes on or ends."),
    answer("stream_cut", (&["after"], &["with", "inside"]), "The stream is cut."),
    answer("in_band_error", (&["after"], &["cause"]), "The stream ends with an error in band."),
    answer("malformed_event", (&["after"], &[]), "An event in the stream is no JSON."),
    answer("duplicate_event", (&["after"], &[]), "An event comes twice."),
    answer("reordered_events", (&["after"], &[]), "Events come in the wrong order."),
    answer("split_events", NONE, "Events are split over writes, in the middle of a character."),
    answer("no_terminator", NONE, "The stream is whole, but never says that it is over."),
    answer("double_terminator", NONE, "The stream says twice that it is over."),
    answer("no_usage", NONE, "There is no usage block."),
    answer("wrong_usage", (&["factor"], &[]), "The usage block counts so many times too many."),
    answer("wrong_model", (&["model"], &[]), "Another model is served than was asked for."),
    answer("wrong_content_type", NONE, "The content type is `text/plain`."),
    answer("no_content_type", NONE, "The content type is not there."),
    answer("empty_choices", NONE, "The list of choices is empty."),
    answer("null_choices", NONE, "The list of choices is `null`."),
    answer("null_content", NONE, "The content of the choice is `null`."),
    answer("missing_choices", NONE, "The choices are not there at all."),
    answer("lying_finish", (&[], &["says"]), "The finish reason is not the true one."),
    answer("no_finish", NONE, "The answer does not say why it ends."),
    answer("empty_body", NONE, "The body of a 200 is empty."),
    answer("html_body", NONE, "An HTML page stands in the place of the body of a 200."),
    answer("error_body", (&[], &["cause"]), "An error stands in the place of the body of a 200."),
    answer("half_json", NONE, "Half of the body is there, and its length says that this is all."),
    answer("no_json", NONE, "The body is no JSON."),
];

const fn key(name: &'static str, example: &'static str, about: &'static str) -> Key {
    Key {
        name,
        example,
        about,
    }
}

/// Every key.
#[rustfmt::skip]
pub const KEYS: &[Key] = &[
    key("inject", "outage", "What it does: a word, or the status of an error."),
    key("target", "aws-us-east", "Whom it strikes: a provider, a group, or a list of these."),
    key("at", "5m", "Start of the first window; the run's start by default."),
    key("for", "10m", "Length of each window; to the end of the run by default."),
    key("every", "1h", "From window to window; once by default."),
    key("chance", "30%", "The chance that it happens at all, drawn once per seed."),
    key("burst", "{ on: 20s, off: 40s }",
        "Inside its windows it is on and off for such lengths on average; a `rate_off` is its rate \
         while off."),
    key("ramp", "{ up: 2m, down: 1m, shape: exponential }",
        "It grows from nothing at a window's start, and fades before its end; shapes are `linear`, \
         `exponential` and `steps`."),
    key("recover", "{ over: 5m, shape: steps }", "It fades after a window's end; shapes as above."),
    key("when", "{ client: 0 }",
        "Only attempts of this `model`, `key`, `prompt` (\"> 8k tok\"), `streamed` and `client`."),
    key("rate", "0.05%", "Share of attempts that it strikes; all by default."),
    key("sticky", "call", "What shares its luck: an `attempt`, a `call`, or a length of time."),
    key("after", "80 tok", "After so many output tokens."),
    key("billed", "true", "The prompt is billed though it failed; `false` by default."),
    key("by", "20s", "So much later; for `keep_alives` never by default."),
    key("cap", "200 B/s", "So many bytes per second."),
    key("cause", "overloaded", "What the body says, whatever the status: the word of an error."),
    key("factor", "2.5", "So many times as much."),
    key("hint", "date",
        "How the hint to wait is put: `own`, `seconds`, `ms`, `date`, `body`, or a lie: `past`, \
         `negative`, `nan`, `absurd`."),
    key("idle", "90s", "Idle for so long."),
    key("index", "1.5", "The tail's index: the smaller, the heavier."),
    key("inside", "utf8", "The cut lies inside an event: in its `json`, or in a `utf8` character."),
    key("remaining", "30%", "So much is left."),
    key("model", "other-model", "The model that is named."),
    key("retry_after", "20s", "A hint to wait for so long."),
    key("says", "content_filter", "What it claims: `length` (by default) or `content_filter`."),
    key("should_retry", "false", "What `x-should-retry` says; it is not there by default."),
    key("silence", "20s", "Silent for so long."),
    key("speed", "0.5 tok/s", "So many tokens per second."),
    key("then", "fin", "How it ends after the silence: `rst`, `fin`, `end`; else it goes on."),
    key("what", "ttft", "What is slow: `all` (by default), `ttft` or `tokens`."),
    key("with", "fin", "How it ends: `rst` (by default), `fin`, or (streams) `end`."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::writer::Cause;

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
