//! One attempt in flight, as its call sees it: what was received, and what may be handed over.
//!
//! Text is withheld here as long as the attempt's [`Prebuffer`] says. Afterwards tokens are
//! delivered as they arrive.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::attempt::TokenQueue;
use super::failure::Failed;
use crate::policy::call::Start;
use crate::policy::prebuffer::Prebuffer;
use crate::time::Instant;
use crate::wire::answer::Content;

/// An attempt in flight.
pub(super) struct Flight {
    pub(super) start: Start,
    pub(super) since: Instant,
    work: Pin<Box<dyn Future<Output = Result<Content, Failed>> + Send>>,
    inbox: Arc<TokenQueue>,
    /// Its end, when that came together with tokens that are to be handed over first.
    landed: Option<Result<Content, Failed>>,
    prebuffer: Prebuffer,
    /// Whether its call was told of its first token.
    told: bool,
    /// Whether tokens are delivered as they arrive.
    open: bool,
    /// Received text that is withheld, or is to be handed over as a whole.
    held: String,
    /// Bytes of text received.
    pub(super) came: usize,
}

/// An event of an attempt.
pub(super) enum AttemptEvent {
    /// Its first token was received.
    FirstTokenReceived,
    /// A piece of the answer, to be delivered.
    Piece(String),
    /// It is over; its whole text, if the caller wants it in one piece.
    Ended(Box<Result<Content, Failed>>, String),
}

impl Flight {
    pub(super) fn new(
        start: Start,
        since: Instant,
        prebuffer: Prebuffer,
        inbox: Arc<TokenQueue>,
        work: impl Future<Output = Result<Content, Failed>> + Send + 'static,
    ) -> Self {
        Self {
            start,
            since,
            work: Box::pin(work),
            inbox,
            landed: None,
            prebuffer,
            told: false,
            open: false,
            held: String::new(),
            came: 0,
        }
    }

    /// When its prebuffer opens at the latest; none if it is open, or nothing was received yet.
    pub(super) fn opens_at(&self) -> Option<Instant> {
        self.prebuffer.opens_at()
    }

    /// The next event. The clock is read only while text is withheld.
    pub(super) fn poll(
        &mut self,
        clock: impl Fn() -> Instant,
        cx: &mut Context<'_>,
    ) -> Poll<AttemptEvent> {
        if self.landed.is_none()
            && let Poll::Ready(result) = self.work.as_mut().poll(cx)
        {
            self.prebuffer.on_end(result.is_ok());
            self.landed = Some(result);
        }
        if !self.open {
            self.take_in(clock);
        }
        if self.prebuffer.has_text() && !self.told {
            self.told = true;
            return Poll::Ready(AttemptEvent::FirstTokenReceived);
        }
        if self.open && !self.held.is_empty() {
            return Poll::Ready(AttemptEvent::Piece(std::mem::take(&mut self.held)));
        }
        if self.open
            && let Some(token) = self.inbox.pop()
        {
            self.came += token.len();
            return Poll::Ready(AttemptEvent::Piece(token));
        }
        match self.landed.take() {
            Some(result) => {
                let held = std::mem::take(&mut self.held);
                Poll::Ready(AttemptEvent::Ended(Box::new(result), held))
            }
            None => Poll::Pending,
        }
    }

    /// Takes the queued tokens that are not delivered one by one.
    fn take_in(&mut self, clock: impl Fn() -> Instant) {
        while let Some(token) = self.inbox.pop() {
            self.prebuffer.on_text(clock(), token.len());
            self.came += token.len();
            self.held.push_str(&token);
            if !self.prebuffer.withholds() {
                break;
            }
        }
        self.open = self.prebuffer.has_text() && self.prebuffer.is_open(clock());
    }
}
