//! Runs one call: asks the core for a step, executes it, and reports the result to the core.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::time::Sleep;

use super::attempt::{Attempt, TokenQueue};
use super::connect::{Connect, Tcp};
use super::error::{AttemptReport, Error};
use super::failure::{Failed, Source};
use super::flight::{AttemptEvent, Flight};
use super::{Answer, Shared, Target, Usage};
use crate::policy::call::{Call, FailureReason, Outcome, Reply, Start, Step};
use crate::policy::call_context::{CallContext, Delivery, Priority};
use crate::policy::prebuffer::Prebuffer;
use crate::policy::{AttemptId, CallId, ProviderId};
use crate::time::Instant;
use crate::trace::EventKind;
use crate::wire::answer::Content;
use crate::wire::request::{BYTES_PER_TOKEN, Request};

/// A call in flight, token by token. Dropping it abandons the call.
#[must_use = "a call makes progress only while its next piece is awaited"]
pub struct AnswerStream<C: Connect = Tcp> {
    shared: Arc<Shared<C>>,
    id: CallId,
    call: Call,
    request: Request,
    delivery: Delivery,
    began: Instant,
    flights: Vec<Flight>,
    timer: Option<Pin<Box<Sleep>>>,
    /// Whether a step that waits is under way; if so, whether it waits for capacity as well.
    waits: Option<bool>,
    /// The providers that are not asked, each with what of the request it lacks.
    unsupported: Vec<(ProviderId, String)>,
    /// The text handed over so far.
    text: String,
    content: Content,
    answered: ProviderId,
    /// What became of each attempt so far; messages may repeat keys.
    reports: Vec<(ProviderId, AttemptReport)>,
    /// The error of the connection of the last failed attempt.
    source: Option<Source>,
    over: Option<Result<Answer, Error>>,
}

impl<C: Connect> fmt::Debug for AnswerStream<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerStream")
            .field("id", &self.id)
            .field("is_over", &self.over.is_some())
            .finish_non_exhaustive()
    }
}

/// The events that end a wait.
enum Wakeup {
    From(AttemptId, AttemptEvent),
    Time,
}

impl<C: Connect> AnswerStream<C> {
    pub(super) fn start(shared: Arc<Shared<C>>, request: &Request, delivery: Delivery) -> Self {
        let began = shared.now();
        let id = shared.call_id(request.given_id());
        let streamed = delivery == Delivery::Live;
        shared.record(began, EventKind::Arrived { call: id, streamed });
        let unsupported = shared.unsupported(request);
        let mut context = ask(request, delivery);
        context.unsupported = unsupported.iter().map(|(provider, _)| *provider).collect();
        let mut call = Call::new(id, began, context, shared.draws);
        if shared.explains {
            call.explain();
        }
        Self {
            call,
            shared,
            id,
            request: request.clone(),
            delivery,
            began,
            flights: Vec::new(),
            timer: None,
            waits: None,
            unsupported,
            text: String::new(),
            content: Content::default(),
            answered: ProviderId(0),
            reports: Vec::new(),
            source: None,
            over: None,
        }
    }

    /// The next piece of the answer; `None` when it is complete. Nothing follows an error.
    pub async fn next(&mut self) -> Option<Result<String, Error>> {
        poll_fn(|cx| self.poll_piece(cx)).await
    }

    /// The whole answer, once [`next`](Self::next) has returned `None`.
    pub fn answer(&self) -> Option<&Answer> {
        self.over.as_ref()?.as_ref().ok()
    }

    /// Waits for the end and discards the pieces before it.
    pub(super) async fn buffered(mut self) -> Result<Answer, Error> {
        loop {
            if let Some(result) = self.over.take() {
                // A call that is still open when it is dropped counts as abandoned.
                self.over = Some(Err(Error::new(FailureReason::Unfinished)));
                return result;
            }
            poll_fn(|cx| self.poll_advance(cx)).await;
        }
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<String, Error>>> {
        while self.over.is_none() {
            if let Some(token) = ready!(self.poll_advance(cx)) {
                return Poll::Ready(Some(Ok(token)));
            }
            if let Some(Err(error)) = &self.over {
                return Poll::Ready(Some(Err(error.clone())));
            }
        }
        Poll::Ready(None)
    }

    /// Asks for one step and executes it. A step that waits is executed over several polls.
    fn poll_advance(&mut self, cx: &mut Context<'_>) -> Poll<Option<String>> {
        let parked = match self.waits {
            Some(parked) => parked,
            None => match self.step() {
                Some(parked) => parked,
                None => return Poll::Ready(None),
            },
        };
        let heard = ready!(self.poll_heard(parked, cx));
        // The core is not told of the pieces after the first: it waits for the same as before.
        let is_known = matches!(&heard, Wakeup::From(_, AttemptEvent::Piece(_)));
        if !is_known || self.text.is_empty() {
            self.waits = None;
        }
        Poll::Ready(match heard {
            Wakeup::From(attempt, AttemptEvent::Piece(piece)) => {
                Some(self.on_piece(attempt, piece))
            }
            Wakeup::From(attempt, AttemptEvent::FirstTokenReceived) => {
                self.on_first_token_received(attempt);
                None
            }
            Wakeup::From(attempt, AttemptEvent::Ended(result, text)) => {
                self.on_end(attempt, *result, text);
                None
            }
            Wakeup::Time => None,
        })
    }

    /// Asks for one step. If it is to wait, whether that is for capacity as well.
    fn step(&mut self) -> Option<bool> {
        let now = self.shared.now();
        let call = &mut self.call;
        let step = self.shared.decide(now, |fleet| call.step(fleet, now));
        self.record_reasons(now);
        match step {
            Step::Start(start) => self.launch(start, now),
            Step::Cancel { attempt } => self.cancel(attempt, now),
            Step::Finish(outcome) => self.finish(outcome, now),
            Step::Wait { until } => self.begin_to_wait(until, false),
            Step::WaitForCapacity { until } => self.begin_to_wait(Some(until), true),
        }
        self.waits
    }

    fn launch(&mut self, start: Start, now: Instant) {
        let provider = start.provider;
        self.shared.record(now, EventKind::started(self.id, &start));
        let inbox: Arc<TokenQueue> = Arc::default();
        let work = Attempt {
            shared: self.shared.clone(),
            start: start.clone(),
            key: self.shared.key(self.id),
            body: self.body(provider),
            streamed: self.delivery.is_streamed(),
            inbox: inbox.clone(),
        };
        let prebuffer = Prebuffer::new(&self.shared.streams, self.delivery);
        self.flights
            .push(Flight::new(start, now, prebuffer, inbox, work.run()));
    }

    /// The request in this provider's dialect.
    fn body(&self, provider: ProviderId) -> Bytes {
        let target = self.shared.target(provider);
        self.request
            .body(target.dialect, &target.model, self.delivery.is_streamed())
    }

    /// Begins to wait for events of attempts in flight, for capacity, or for `until`.
    fn begin_to_wait(&mut self, until: Option<Instant>, parked: bool) {
        self.waits = Some(parked);
        let openings = self.flights.iter().filter_map(Flight::opens_at);
        let until = until.into_iter().chain(openings).min();
        match until.map(|until| self.shared.moment(until)) {
            None => self.timer = None,
            Some(at) => match &mut self.timer {
                Some(timer) if timer.deadline() == at => {}
                Some(timer) => timer.as_mut().reset(at),
                None => self.timer = Some(Box::pin(tokio::time::sleep_until(at))),
            },
        }
    }

    /// The next event: of an attempt, of capacity, of the timer, in this order.
    fn poll_heard(&mut self, parked: bool, cx: &mut Context<'_>) -> Poll<Wakeup> {
        for flight in &mut self.flights {
            if let Poll::Ready(said) = flight.poll(|| self.shared.now(), cx) {
                return Poll::Ready(Wakeup::From(flight.start.attempt, said));
            }
        }
        if parked && self.shared.sleepers.poll(self.id, cx).is_ready() {
            return Poll::Ready(Wakeup::Time);
        }
        match &mut self.timer {
            Some(timer) => timer.as_mut().poll(cx).map(|()| Wakeup::Time),
            None => Poll::Pending,
        }
    }

    fn on_first_token_received(&mut self, attempt: AttemptId) {
        let now = self.shared.now();
        let call = &mut self.call;
        self.shared.decide(now, |fleet| {
            call.on_first_token_received(fleet, attempt, now)
        });
    }

    fn on_piece(&mut self, attempt: AttemptId, piece: String) -> String {
        if self.text.is_empty() {
            let call = self.id;
            self.shared.record(
                self.shared.now(),
                EventKind::FirstTokenDelivered { call, attempt },
            );
            self.call.on_first_token_delivered(attempt);
        }
        self.text.push_str(&piece);
        piece
    }

    fn on_end(&mut self, attempt: AttemptId, result: Result<Content, Failed>, text: String) {
        let Some(flight) = self.remove(attempt) else {
            return;
        };
        let now = self.shared.now();
        let provider = flight.start.provider;
        let (quirks, streamed) = (&self.shared.quirks, self.delivery.is_streamed());
        let result = match result {
            Err(failed) if quirks.take_for_answer(&failed.failure, streamed) => {
                Ok(Content::default())
            }
            result => result,
        };
        let (reply, failed) = match result {
            Ok(content) => {
                self.content = content;
                if self.delivery == Delivery::Whole {
                    self.content.text.insert_str(0, &text);
                }
                self.answered = provider;
                (Reply::Succeeded, None)
            }
            Err(failed) => (Reply::Failed(failed.failure), Some(failed)),
        };
        let used = self.used(&flight, reply == Reply::Succeeded);
        self.bill(&flight, used, now);
        self.shared.record(
            now,
            EventKind::Replied {
                call: self.id,
                attempt,
                provider,
                failure: failed.as_ref().map(|failed| failed.failure.class),
                hint: failed.as_ref().and_then(|failed| failed.failure.hint),
            },
        );
        if failed.is_some() {
            self.report(&flight, failed, now);
        }
        let usage = used.map(|usage| (usage.prompt_tokens, usage.completion_tokens));
        let call = &mut self.call;
        self.shared.decide(now, |fleet| {
            if let Some(usage) = usage {
                call.on_usage(fleet, attempt, usage, now);
            }
            call.on_reply(fleet, attempt, &reply, now);
        });
        self.record_reasons(now);
    }

    /// Records why the core has decided as it did, for a recorder that wants to know.
    fn record_reasons(&mut self, now: Instant) {
        if !self.shared.explains {
            return;
        }
        let call = self.id;
        for reason in self.call.take_reasons() {
            self.shared.record(now, EventKind::Decided { call, reason });
        }
    }

    /// Drops an attempt in flight that the core has cancelled.
    fn cancel(&mut self, attempt: AttemptId, now: Instant) {
        let Some(flight) = self.remove(attempt) else {
            return;
        };
        let provider = flight.start.provider;
        let used = self.used(&flight, false);
        self.bill(&flight, used, now);
        self.shared.record(
            now,
            EventKind::Cancelled {
                call: self.id,
                attempt,
                provider,
            },
        );
        self.report(&flight, None, now);
    }

    /// The usage of an attempt, as its provider reported it; otherwise as far as the received text
    /// shows. None for an attempt that received no text.
    fn used(&self, flight: &Flight, answered: bool) -> Option<Usage> {
        if let Some(told) = self.content.usage.filter(|_| answered) {
            return Some(told);
        }
        let came = match answered {
            true => flight.came.max(self.content.text.len()),
            false => flight.came,
        };
        (answered || came > 0).then(|| Usage {
            prompt_tokens: self.request.prompt_estimate(),
            cached_tokens: 0,
            completion_tokens: came as u64 / BYTES_PER_TOKEN,
        })
    }

    fn bill(&self, flight: &Flight, used: Option<Usage>, now: Instant) {
        let whose = (flight.start.provider, flight.start.nth);
        self.shared.bill(now, Some(self.id), whose, used);
    }

    fn remove(&mut self, attempt: AttemptId) -> Option<Flight> {
        let mut all = self.flights.iter();
        let found = all.position(|flight| flight.start.attempt == attempt)?;
        Some(self.flights.remove(found))
    }

    fn report(&mut self, flight: &Flight, failed: Option<Failed>, now: Instant) {
        if let Some(failed) = &failed {
            self.source.clone_from(&failed.source);
        }
        let provider = flight.start.provider;
        let report = AttemptReport {
            provider: self.shared.target(provider).name.clone(),
            started: flight.since.since(self.began),
            took: now.since(flight.since),
            failure: failed.as_ref().map(|failed| failed.failure.class),
            status: failed.as_ref().and_then(|failed| failed.status),
            message: failed.and_then(|failed| failed.message),
        };
        self.reports.push((provider, report));
    }

    /// What became of each attempt, for the caller. Most attempts that fail are of calls that
    /// succeed, and their messages are looked through for keys only here.
    fn told(&mut self) -> Vec<AttemptReport> {
        let reports = std::mem::take(&mut self.reports).into_iter();
        let told = reports.map(|(provider, report)| {
            let target = self.shared.target(provider);
            let message = report.message.map(|said| target.without_keys(&said));
            AttemptReport { message, ..report }
        });
        told.collect()
    }

    fn finish(&mut self, outcome: Outcome, now: Instant) {
        self.shared.sleepers.forget(self.id);
        self.shared.record(
            now,
            EventKind::Ended {
                call: self.id,
                outcome,
            },
        );
        let text = std::mem::take(&mut self.text);
        self.over = Some(match outcome {
            Outcome::Failed(reason) => Err(Error {
                attempts: self.told(),
                received: text,
                unsupported: self.shared.named(std::mem::take(&mut self.unsupported)),
                source: self.source.take(),
                ..Error::new(reason)
            }),
            Outcome::Succeeded { attempt } => {
                let content = std::mem::take(&mut self.content);
                let target = self.shared.target(self.answered);
                let is_live = self.delivery == Delivery::Live;
                let text = if is_live { text } else { content.text };
                Ok(Answer {
                    refusal: content.refused.then(|| text.clone()),
                    text,
                    tool_calls: content.tool_calls,
                    reasoning: content.reasoning,
                    finish: content.finish,
                    usage: content.usage,
                    provider: target.name.clone(),
                    model: model_of(target, content.model),
                    attempts: attempt.0,
                })
            }
        });
    }
}

/// The pieces of the answer, as [`next`](AnswerStream::next) returns them.
impl<C: Connect> futures_core::Stream for AnswerStream<C> {
    type Item = Result<String, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_piece(cx)
    }
}

/// The model that answered: the provider's own word for it, without keys.
fn model_of<C: Connect>(target: &Target<C>, said: Option<String>) -> String {
    match said.filter(|name| *name != target.model) {
        Some(other) => target.without_keys(&other),
        None => target.model.clone(),
    }
}

/// The parts of a request on which decisions may depend.
fn ask(request: &Request, delivery: Delivery) -> CallContext {
    CallContext {
        deadline: request.given_deadline(),
        delivery,
        task: request.given_task().map(str::to_owned),
        priority: Priority(request.given_priority()),
        session: request.given_session(),
        prompt: request.prompt_estimate(),
        output: request.given_max_tokens().map_or(USUAL_OUTPUT, u64::from),
        unsupported: Vec::new(),
    }
}

/// The expected output tokens of a call that sets no limit on them.
pub(crate) const USUAL_OUTPUT: u64 = 256;

/// A call that is dropped before it ended is reported to the core, which may hold a probe's slot
/// for it.
impl<C: Connect> Drop for AnswerStream<C> {
    fn drop(&mut self) {
        if self.over.is_some() {
            return;
        }
        let now = self.shared.now();
        let call = &mut self.call;
        let lost = self.shared.decide(now, |fleet| call.on_dropped(fleet, now));
        self.record_reasons(now);
        for attempt in lost {
            self.cancel(attempt, now);
        }
        self.finish(Outcome::Failed(FailureReason::Unfinished), now);
    }
}
