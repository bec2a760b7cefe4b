//! One attempt of a client, from the connection to the last piece of the answer.
//!
//! It does what the client's future of the same name does, in the same order: data that has come
//! counts before a timeout that has passed. Pieces of text wait here for their call, behind the
//! prebuffer, as in the client's flight.

use std::collections::VecDeque;

use super::Model;
use super::answer::{AnswerBytes, End, Read, Told, failed};
use super::described::Described;
use super::network::Item;
use super::queue::{Event, Key};
use crate::client::earliest;
use crate::policy::CallId;
use crate::policy::ProviderId;
use crate::policy::call::{Failure, Start};
use crate::policy::call_context::Delivery;
use crate::policy::classify::FailureClass;
use crate::policy::config::{Policy, Quirk};
use crate::policy::prebuffer::Prebuffer;
use crate::policy::throughput::{TOO_SLOW, Throughput};
use crate::seeded::Tokens;
use crate::time::Instant;
use crate::wire::answer::Token;

/// An attempt in flight.
pub(super) struct Attempt {
    pub(super) start: Start,
    /// The end of the time for all of it.
    whole: Limit,
    /// The end of the time for its first token.
    first: Limit,
    /// The number of its client process.
    pub(super) client: u32,
    /// Whose it is: this is told when something happens.
    pub(super) owner: Owner,
    pub(super) demand: Demand,
    phase: Phase,
    connection: Option<Key>,
    reader: Option<Box<AnswerBytes>>,
    last_token: Option<Instant>,
    guard: Option<Throughput>,
    /// Whether the head of a good answer has come.
    has_head: bool,
    /// Whether no timeout runs from then on.
    timeouts_end_at_head: bool,
    /// A quirk: events that are no JSON are left out.
    skips: bool,
    /// The time for which an event is set.
    wake: Option<Instant>,
    texts: VecDeque<usize>,
    /// Its end, when that came together with text that is to be handed over first.
    landed: Option<Result<Told, Failure>>,
    prebuffer: Prebuffer,
    told: bool,
    open: bool,
    /// Bytes of text that are withheld.
    held: usize,
    /// Bytes of text received.
    pub(super) came: usize,
}

/// What an attempt asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Demand {
    pub(super) delivery: Delivery,
    /// The most output tokens.
    pub(super) max_tokens: Option<u32>,
    /// The tokens of its call; none for a health check.
    pub(super) tokens: Option<Tokens>,
}

/// Who waits for an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// A call.
    Call(Key, CallId),
    /// The health checks of this client process.
    Checks(u32),
}

/// Where an attempt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    New,
    /// Waits for a connection since then; the attempt for it fails at a moment, if it does.
    Opening {
        since: Instant,
        fails: Option<Instant>,
    },
    /// Waits for the answer.
    Asked,
    Over,
}

/// What a call learns of its attempt.
pub(super) enum AttemptEvent {
    /// Its first token was received.
    FirstTokenReceived,
    /// Text is handed over.
    Piece,
    /// It is over.
    Ended(Result<Told, Failure>),
}

/// A deadline, and the class of the failure when it passes.
type Limit = Option<(Instant, FailureClass)>;

impl Attempt {
    pub(super) fn new(
        start: Start,
        since: Instant,
        (client, owner): (u32, Owner),
        demand: Demand,
        policy: &Policy,
    ) -> Self {
        let streams = &policy.streams;
        let streamed = demand.delivery.is_streamed();
        let timeouts = &start.timeouts;
        let whole = timeouts
            .attempt
            .map(|t| (since + t, FailureClass::TimeoutAttempt));
        let first = timeouts.first_token.filter(|_| streamed);
        let first = first.map(|t| (since + t, FailureClass::TimeoutFirstToken));
        Self {
            whole,
            first: earliest(first, whole),
            start,
            client,
            owner,
            demand,
            phase: Phase::New,
            connection: None,
            reader: None,
            last_token: None,
            guard: Throughput::of(streams).filter(|_| streamed),
            has_head: false,
            timeouts_end_at_head: policy.quirks.has(&Quirk::TimeoutsEndAtHead),
            skips: policy.quirks.has(&Quirk::SkipsWhatIsNoJson),
            wake: None,
            texts: VecDeque::new(),
            landed: None,
            prebuffer: Prebuffer::new(streams, demand.delivery),
            told: false,
            open: false,
            held: 0,
            came: 0,
        }
    }

    /// When its prebuffer opens at the latest, if it withholds text.
    pub(super) fn opens_at(&self) -> Option<Instant> {
        self.prebuffer.opens_at()
    }

    pub(super) const fn is_streamed(&self) -> bool {
        self.demand.delivery.is_streamed()
    }

    fn provider(&self) -> ProviderId {
        self.start.provider
    }

    /// Takes the text that is not handed over as it comes.
    fn take_in(&mut self, now: Instant) {
        while let Some(text) = self.texts.pop_front() {
            self.prebuffer.on_text(now, text);
            self.came += text;
            self.held += text;
            if !self.prebuffer.withholds() {
                break;
            }
        }
        self.open = self.prebuffer.has_text() && self.prebuffer.is_open(now);
    }

    /// The next event that needs no more work.
    fn ready(&mut self, now: Instant) -> Option<AttemptEvent> {
        if !self.open {
            self.take_in(now);
        }
        if self.prebuffer.has_text() && !self.told {
            self.told = true;
            return Some(AttemptEvent::FirstTokenReceived);
        }
        if self.open && self.held > 0 {
            self.held = 0;
            return Some(AttemptEvent::Piece);
        }
        if self.open
            && let Some(text) = self.texts.pop_front()
        {
            self.came += text;
            return Some(AttemptEvent::Piece);
        }
        let landed = self.landed.take()?;
        let held = std::mem::take(&mut self.held);
        Some(AttemptEvent::Ended(landed.map(|told| Told {
            text: told.text + held,
            ..told
        })))
    }

    fn before_next_token(&self) -> Limit {
        if self.has_head && self.timeouts_end_at_head {
            return None;
        }
        let Some(last) = self.last_token else {
            return self.first;
        };
        let idle = self.start.timeouts.idle;
        earliest(
            idle.map(|idle| (last + idle, FailureClass::TimeoutIdle)),
            self.whole,
        )
    }

    /// The failure when the time is up: that before the next token, or that of a stream which is
    /// too slow.
    fn out_of_time(&mut self, now: Instant, next: Limit) -> Option<Read> {
        let late = next.filter(|(at, _)| *at <= now);
        let class = match late {
            Some((_, class)) => class,
            None => {
                let guard = self.guard.as_mut()?;
                guard.next_check().filter(|at| *at <= now)?;
                guard.judge(now)?
            }
        };
        Some(match &mut self.reader {
            Some(reader) => reader.give_up(class, |_| {}),
            None => failed(Failure::of(class)),
        })
    }

    /// When to look again if nothing comes.
    fn look_at(&self, next: Limit) -> Option<Instant> {
        let check = self.guard.as_ref().and_then(Throughput::next_check);
        earliest(next, check.map(|at| (at, TOO_SLOW))).map(|(at, _)| at)
    }

    /// Reads what has come over the connection.
    fn take(&mut self, now: Instant, item: Item, model: &mut Model<'_>) -> Option<Read> {
        match item {
            Item::Sent(Described::Answer(usage)) => Some(whole(Some((usage.input, usage.output)))),
            Item::Sent(Described::Refusal(error)) => {
                let dialect = model.scenario.providers[self.provider().index()].dialect;
                let failure = model.errors.read(dialect, &error);
                Some(Read {
                    result: Err(failure),
                    is_whole: true,
                })
            }
            Item::Sent(Described::Part { text, closes }) => {
                if text > 0 {
                    self.hear(now, text);
                }
                closes.map(|usage| whole(Some((usage.input, usage.output))))
            }
            Item::Sent(Described::Bytes(bytes)) => {
                let dialect = model.scenario.providers[self.provider().index()].dialect;
                let mut reader = match self.reader.take() {
                    Some(reader) => reader,
                    None => Box::new(AnswerBytes::new(dialect, self.is_streamed(), self.skips)),
                };
                let read = reader.push(&bytes, |token| self.on_token(now, &token));
                self.has_head = reader.has_good_head;
                self.reader = Some(reader);
                read
            }
            Item::Ended(end) => Some(self.on_broken(now, end)),
        }
    }

    fn on_broken(&mut self, now: Instant, end: End) -> Read {
        if let Some(mut reader) = self.reader.take() {
            return reader.end(end, |token| self.on_token(now, &token));
        }
        let began = self.last_token.is_some();
        failed(Failure::of(match end {
            End::Closed if began => FailureClass::Truncated,
            End::Closed | End::Reset => FailureClass::Reset,
        }))
    }

    fn on_token(&mut self, now: Instant, token: &Token) {
        match token {
            Token::Text(text) => self.hear(now, text.len()),
            Token::Busy => {
                self.last_token = Some(now);
                self.has_head = true;
                if let Some(guard) = &mut self.guard {
                    guard.rest();
                }
            }
        }
    }

    fn hear(&mut self, now: Instant, text: usize) {
        self.last_token = Some(now);
        self.has_head = true;
        if let Some(guard) = &mut self.guard {
            guard.feed(now, text);
        }
        self.texts.push_back(text);
    }
}

impl Model<'_> {
    /// The next event of an attempt, if there is one now. Otherwise its owner is told when there
    /// may be.
    pub(super) fn poll_attempt(&mut self, attempt: &mut Attempt) -> Option<AttemptEvent> {
        if attempt.landed.is_none()
            && attempt.phase != Phase::Over
            && let Some(result) = self.work_on(attempt)
        {
            attempt.phase = Phase::Over;
            attempt.prebuffer.on_end(result.is_ok());
            attempt.landed = Some(result);
        }
        attempt.ready(self.now)
    }

    /// An attempt is abandoned: its connection closes.
    pub(super) fn drop_attempt(&mut self, attempt: &mut Attempt) {
        attempt.phase = Phase::Over;
        if let Some(connection) = attempt.connection.take() {
            self.close_at_client(connection);
        }
    }

    /// Makes progress; the attempt's result, if it has one now.
    fn work_on(&mut self, attempt: &mut Attempt) -> Option<Result<Told, Failure>> {
        loop {
            match attempt.phase {
                Phase::New => self.begin_attempt(attempt),
                Phase::Opening { since, fails } => {
                    if let Some(failure) = self.wait_to_open(attempt, since, fails)? {
                        self.drop_attempt(attempt);
                        return Some(Err(failure));
                    }
                }
                Phase::Asked => {
                    let read = self.wait_for_answer(attempt)?;
                    self.leave_connection(attempt, &read);
                    let after_head = attempt.has_head;
                    return Some(read.result.map_err(|failure| Failure {
                        after_head,
                        ..failure
                    }));
                }
                Phase::Over => return None,
            }
        }
    }

    /// Takes a connection that was kept, or asks for one.
    fn begin_attempt(&mut self, attempt: &mut Attempt) {
        let (client, provider) = (attempt.client, attempt.provider());
        if let Some(kept) = self.take_kept(client, provider) {
            attempt.connection = Some(kept);
            return self.ask(attempt);
        }
        let opening = self.open(client, provider, attempt.owner);
        attempt.connection = opening.connection;
        attempt.phase = Phase::Opening {
            since: self.now,
            fails: opening.fails,
        };
    }

    /// Waits for a connection: nothing while there is nothing to do, then the failure, if it is
    /// one.
    fn wait_to_open(
        &mut self,
        attempt: &mut Attempt,
        since: Instant,
        fails: Option<Instant>,
    ) -> Option<Option<Failure>> {
        if attempt.connection.is_some_and(|key| self.is_open(key)) {
            self.ask(attempt);
            return Some(None);
        }
        if fails.is_some_and(|at| at <= self.now) {
            return Some(Some(Failure::of(FailureClass::Connect)));
        }
        let connect = attempt.start.timeouts.connect;
        let limit = earliest(
            connect.map(|t| (since + t, FailureClass::TimeoutConnect)),
            attempt.first,
        );
        if let Some((_, class)) = limit.filter(|(at, _)| *at <= self.now) {
            return Some(Some(Failure::of(class)));
        }
        let next = limit.map(|(at, _)| at).into_iter().chain(fails).min();
        self.wake_at(attempt, next);
        None
    }

    /// Sends the request.
    fn ask(&mut self, attempt: &mut Attempt) {
        attempt.phase = Phase::Asked;
        if let Some(connection) = attempt.connection {
            self.send_request(connection, attempt);
        }
    }

    fn wait_for_answer(&mut self, attempt: &mut Attempt) -> Option<Read> {
        let now = self.now;
        while let Some(item) = attempt.connection.and_then(|key| self.next_item(key)) {
            if let Some(read) = attempt.take(now, item, self) {
                return Some(read);
            }
        }
        let next = attempt.before_next_token();
        if let Some(read) = attempt.out_of_time(now, next) {
            return Some(read);
        }
        self.wake_at(attempt, attempt.look_at(next));
        None
    }

    /// Keeps the connection for another attempt, or closes it.
    fn leave_connection(&mut self, attempt: &mut Attempt, read: &Read) {
        let Some(connection) = attempt.connection.take() else {
            return;
        };
        match read.is_whole {
            true => self.keep(connection),
            false => self.close_at_client(connection),
        }
    }

    /// Tells the owner at this time, unless it will be told before.
    fn wake_at(&mut self, attempt: &mut Attempt, at: Option<Instant>) {
        let Some(at) = at else {
            return;
        };
        if attempt.wake.is_some_and(|set| set > self.now && set <= at) {
            return;
        }
        attempt.wake = Some(at);
        self.queue.set(at, attempt.owner.event());
    }
}

impl Owner {
    /// What tells it that something may have happened.
    pub(super) const fn event(self) -> Event {
        match self {
            Self::Call(call, _) => Event::Call(call),
            Self::Checks(client) => Event::Checks(client),
        }
    }
}

const fn whole(usage: Option<(u64, u64)>) -> Read {
    Read {
        result: Ok(Told { usage, text: 0 }),
        is_whole: true,
    }
}
