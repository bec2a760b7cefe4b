//! One attempt in flight, as its call sees it: what has come in, and what may be handed over.
//!
//! The opening of a streamed answer is held back within the policy's bounds, so that an error among
//! it can still fall back. Once it is over, tokens are handed over as they come.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::time::Instant;

use super::attempt::TokenQueue;
use super::failure::Failed;
use crate::policy::call::Start;
use crate::policy::call_context::Delivery;
use crate::policy::config::Streams;
use crate::wire::answer::Content;
use crate::wire::request::BYTES_PER_TOKEN;

/// An attempt in flight.
pub(super) struct Flight {
    pub(super) start: Start,
    pub(super) since: crate::time::Instant,
    work: Pin<Box<dyn Future<Output = Result<Content, Failed>> + Send>>,
    inbox: Arc<TokenQueue>,
    /// Its end, when that came together with tokens which are to be handed over first.
    landed: Option<Result<Content, Failed>>,
    /// When its first token came.
    first_token: Option<Instant>,
    /// Whether its call has heard of that.
    told: bool,
    /// Whether tokens are handed over as they come.
    open: bool,
    /// What has come and is held back, or is to be handed over as a whole.
    held: String,
    /// Bytes of text that have come.
    pub(super) came: usize,
}

/// What an attempt has to say.
pub(super) enum AttemptEvent {
    /// Its first token has come in.
    FirstToken,
    /// A piece of the answer, to be handed over.
    Piece(String),
    /// It is over; its whole text, if the caller wants it in one piece.
    Ended(Box<Result<Content, Failed>>, String),
}

impl Flight {
    pub(super) fn new(
        start: Start,
        since: crate::time::Instant,
        inbox: Arc<TokenQueue>,
        work: impl Future<Output = Result<Content, Failed>> + Send + 'static,
    ) -> Self {
        Self {
            start,
            since,
            work: Box::pin(work),
            inbox,
            landed: None,
            first_token: None,
            told: false,
            open: false,
            held: String::new(),
            came: 0,
        }
    }

    /// When the opening is over at the latest; none if it is, or has not begun.
    pub(super) fn opens_at(&self, streams: &Streams, delivery: Delivery) -> Option<Instant> {
        let is_held = delivery == Delivery::Live && !self.open;
        let since = self.first_token.filter(|_| is_held)?;
        Some(since + streams.prebuffer_timeout)
    }

    /// What there is to say next.
    pub(super) fn poll(
        &mut self,
        streams: &Streams,
        delivery: Delivery,
        cx: &mut Context<'_>,
    ) -> Poll<AttemptEvent> {
        if self.landed.is_none()
            && let Poll::Ready(result) = self.work.as_mut().poll(cx)
        {
            self.landed = Some(result);
        }
        self.take_in(streams, delivery);
        if self.first_token.is_some() && !self.told {
            self.told = true;
            return Poll::Ready(AttemptEvent::FirstToken);
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

    /// Takes in the tokens that are not handed over one by one, and opens when the opening is over:
    /// it is long enough, old enough, or the answer is whole. What has failed before it opened
    /// stays shut: nobody has seen any of it. Without an opening nothing is held back at all.
    fn take_in(&mut self, streams: &Streams, delivery: Delivery) {
        if self.open {
            return;
        }
        while let Some(token) = self.inbox.pop() {
            self.first_token.get_or_insert_with(Instant::now);
            self.came += token.len();
            self.held.push_str(&token);
            if delivery == Delivery::Live && streams.prebuffer == 0 {
                break;
            }
        }
        let Some(first) = self.first_token.filter(|_| delivery == Delivery::Live) else {
            return;
        };
        let tokens = self.held.len() as u64 / BYTES_PER_TOKEN;
        self.open = match &self.landed {
            Some(Ok(_)) => true,
            Some(Err(_)) => streams.prebuffer == 0,
            None => tokens >= streams.prebuffer || first.elapsed() >= streams.prebuffer_timeout,
        };
    }
}
