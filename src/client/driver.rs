//! Takes one call through its steps: asks the core, does what it says, tells it what came.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::time::Sleep;

use super::attempt::{Attempt, Inbox};
use super::connect::{Connect, Tcp};
use super::error::{AttemptReport, Error};
use super::failed::Failed;
use super::{Answer, Shared};
use crate::policy::call::{Call, Ending, Outcome, Reply, Start, Step};
use crate::policy::{AttemptId, CallId, ProviderId};
use crate::time::Instant;
use crate::trace::Kind;
use crate::wire::answer::Content;
use crate::wire::request::Request;

/// One call under way, token by token. Dropping it abandons the call.
pub struct AnswerStream<C: Connect = Tcp> {
    shared: Arc<Shared<C>>,
    id: CallId,
    call: Call,
    request: Request,
    streamed: bool,
    began: Instant,
    flight: Option<Flight>,
    timer: Option<Pin<Box<Sleep>>>,
    inbox: Arc<Inbox>,
    text: String,
    content: Content,
    answered: ProviderId,
    reports: Vec<AttemptReport>,
    over: Option<Result<Answer, Error>>,
}

/// The attempt in flight.
struct Flight {
    start: Start,
    since: Instant,
    work: Pin<Box<dyn Future<Output = Result<Content, Failed>> + Send>>,
    /// Its end, when that came together with tokens which are to be handed over first.
    landed: Option<Result<Content, Failed>>,
}

/// What was heard while waiting.
enum Heard {
    Token(String),
    Ended(Result<Content, Failed>),
    Time,
}

impl<C: Connect> AnswerStream<C> {
    pub(super) fn start(shared: Arc<Shared<C>>, request: &Request, streamed: bool) -> Self {
        let began = shared.now();
        let id = shared.call_id(request.given_id());
        let deadline = request.given_deadline().map(|length| began + length);
        shared.record(began, Kind::Arrived { call: id, streamed });
        Self {
            call: Call::new(id, began, deadline, streamed, shared.draws),
            shared,
            id,
            request: request.clone(),
            streamed,
            began,
            flight: None,
            timer: None,
            inbox: Arc::default(),
            text: String::new(),
            content: Content::default(),
            answered: ProviderId(0),
            reports: Vec::new(),
            over: None,
        }
    }

    /// The next piece of the answer; `None` when it is whole. An error is the last thing to come.
    pub async fn next(&mut self) -> Option<Result<String, Error>> {
        while self.over.is_none() {
            if let Some(token) = self.advance().await {
                return Some(Ok(token));
            }
            if let Some(Err(error)) = &self.over {
                return Some(Err(error.clone()));
            }
        }
        None
    }

    /// The whole answer, once [`next`](Self::next) has said that nothing more comes.
    pub fn answer(&self) -> Option<&Answer> {
        self.over.as_ref()?.as_ref().ok()
    }

    /// Waits for the end, whatever comes before it.
    pub(super) async fn whole(mut self) -> Result<Answer, Error> {
        loop {
            if let Some(result) = self.over.take() {
                // Only a call that is still open is abandoned when it is dropped.
                self.over = Some(Err(Error {
                    ending: Ending::Unfinished,
                    attempts: Vec::new(),
                }));
                return result;
            }
            self.advance().await;
        }
    }

    /// Asks for one step and does it.
    async fn advance(&mut self) -> Option<String> {
        let now = self.shared.now();
        let call = &mut self.call;
        match self.shared.decide(now, |fleet| call.step(fleet, now)) {
            Step::Start(start) => self.launch(start, now),
            Step::Cancel { attempt } => self.cancel(attempt, now),
            Step::Finish(outcome) => self.finish(outcome, now),
            Step::Wait { until } => match self.wait(until).await {
                Heard::Token(token) => return Some(self.on_token(token)),
                Heard::Ended(result) => self.on_end(result),
                Heard::Time => {}
            },
        }
        None
    }

    fn launch(&mut self, start: Start, now: Instant) {
        let Start {
            attempt,
            provider,
            nth,
            cause,
            probe,
            ..
        } = start;
        self.shared.record(
            now,
            Kind::Started {
                call: self.id,
                attempt,
                provider,
                nth,
                cause,
                probe,
            },
        );
        let work = Attempt {
            shared: self.shared.clone(),
            start: start.clone(),
            key: format!("{}-{}", self.shared.key_prefix, self.id.0),
            body: self.body(provider),
            streamed: self.streamed,
            inbox: self.inbox.clone(),
            guard: None,
        };
        self.flight = Some(Flight {
            start,
            since: now,
            work: Box::pin(work.run()),
            landed: None,
        });
    }

    /// The request as this provider wants to read it.
    fn body(&self, provider: ProviderId) -> Bytes {
        let target = self.shared.target(provider);
        self.request
            .body(target.dialect, &target.model, self.streamed)
    }

    /// Waits for a token, the end of the attempt in flight, or `until`, in this order.
    async fn wait(&mut self, until: Option<Instant>) -> Heard {
        match until.map(|until| self.shared.moment(until)) {
            None => self.timer = None,
            Some(at) => match &mut self.timer {
                Some(timer) if timer.deadline() == at => {}
                Some(timer) => timer.as_mut().reset(at),
                None => self.timer = Some(Box::pin(tokio::time::sleep_until(at))),
            },
        }
        poll_fn(|cx| self.poll_heard(cx)).await
    }

    fn poll_heard(&mut self, cx: &mut Context<'_>) -> Poll<Heard> {
        if let Some(flight) = &mut self.flight
            && flight.landed.is_none()
            && let Poll::Ready(result) = flight.work.as_mut().poll(cx)
        {
            flight.landed = Some(result);
        }
        if let Some(token) = self.inbox.pop() {
            return Poll::Ready(Heard::Token(token));
        }
        if let Some(result) = self.flight.as_mut().and_then(|flight| flight.landed.take()) {
            return Poll::Ready(Heard::Ended(result));
        }
        match &mut self.timer {
            Some(timer) => timer.as_mut().poll(cx).map(|()| Heard::Time),
            None => Poll::Pending,
        }
    }

    fn on_token(&mut self, token: String) -> String {
        if self.text.is_empty()
            && let Some(flight) = &self.flight
        {
            let (now, attempt) = (self.shared.now(), flight.start.attempt);
            self.shared.record(
                now,
                Kind::FirstToken {
                    call: self.id,
                    attempt,
                },
            );
            self.call.on_first_token(attempt);
        }
        self.text.push_str(&token);
        token
    }

    fn on_end(&mut self, result: Result<Content, Failed>) {
        let Some(flight) = self.flight.take() else {
            return;
        };
        let now = self.shared.now();
        let (reply, failed) = match result {
            Ok(content) => {
                self.content = content;
                self.answered = flight.start.provider;
                (Reply::Succeeded, None)
            }
            Err(failed) => (Reply::Failed(failed.failure.clone()), Some(failed)),
        };
        let Start {
            attempt, provider, ..
        } = flight.start;
        let failure = failed.as_ref().map(|failed| failed.failure.class);
        let hint = failed.as_ref().and_then(|failed| failed.failure.hint);
        self.shared.record(
            now,
            Kind::Replied {
                call: self.id,
                attempt,
                provider,
                failure,
                hint,
            },
        );
        if failed.is_some() {
            self.report(&flight, failed, now);
        }
        let call = &mut self.call;
        self.shared
            .decide(now, |fleet| call.on_reply(fleet, attempt, &reply, now));
    }

    /// Drops the attempt in flight; the core has forgotten it already.
    fn cancel(&mut self, attempt: AttemptId, now: Instant) {
        let Some(flight) = self.flight.take() else {
            return;
        };
        self.inbox.clear();
        let provider = flight.start.provider;
        self.shared.record(
            now,
            Kind::Cancelled {
                call: self.id,
                attempt,
                provider,
            },
        );
        self.report(&flight, None, now);
    }

    fn report(&mut self, flight: &Flight, failed: Option<Failed>, now: Instant) {
        self.reports.push(AttemptReport {
            provider: self.shared.target(flight.start.provider).name.clone(),
            started: flight.since.since(self.began),
            took: now.since(flight.since),
            failure: failed.as_ref().map(|failed| failed.failure.class),
            status: failed.as_ref().and_then(|failed| failed.status),
            message: failed.and_then(|failed| failed.message),
        });
    }

    fn finish(&mut self, outcome: Outcome, now: Instant) {
        self.shared.record(
            now,
            Kind::Ended {
                call: self.id,
                outcome,
            },
        );
        self.over = Some(match outcome {
            Outcome::Failed(ending) => Err(Error {
                ending,
                attempts: std::mem::take(&mut self.reports),
            }),
            Outcome::Succeeded { attempt } => {
                let content = std::mem::take(&mut self.content);
                let target = self.shared.target(self.answered);
                Ok(Answer {
                    text: if self.streamed {
                        std::mem::take(&mut self.text)
                    } else {
                        content.text
                    },
                    finish: content.finish,
                    usage: content.usage,
                    provider: target.name.clone(),
                    model: content.model.unwrap_or_else(|| target.model.clone()),
                    attempts: attempt.0,
                })
            }
        });
    }
}

/// A call that is dropped before it ended tells the core, which may hold a probe's slot for it.
impl<C: Connect> Drop for AnswerStream<C> {
    fn drop(&mut self) {
        if self.over.is_some() {
            return;
        }
        let now = self.shared.now();
        let call = &mut self.call;
        for attempt in self.shared.decide(now, |fleet| call.on_dropped(fleet, now)) {
            self.cancel(attempt, now);
        }
        self.finish(Outcome::Failed(Ending::Unfinished), now);
    }
}
