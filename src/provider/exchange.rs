//! What the provider does for one request: actions, each at its moment, made as they are asked for.
//!
//! Which actions these are is decided in `provider`; who plays them is the world.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use super::pace::{End, Pace};
use crate::scenario::fault::Cut;
use crate::time::Instant;
use crate::trace::{Bill, FaultId};
use crate::wire::writer::{Part, Stamp, Usage, Writer};

/// What the provider does for one request: actions, each at its moment, in order of time.
///
/// Its size does not depend on the number of tokens.
#[derive(Debug)]
pub struct Exchange {
    queue: VecDeque<(Instant, Action)>,
    stream: Option<Stream>,
}

/// One thing that the provider does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// These bytes leave.
    Write(Bytes),
    /// The connection is closed politely.
    Fin,
    /// The connection is reset.
    Rst,
    /// Nothing more ever comes; the connection stays open.
    Silence,
    /// This is billed. Comes before the `Write` that completes the tokens.
    Billed(Bill),
    /// With the write that follows, the answer is whole, and right.
    Answered,
    /// This fault struck.
    Fired(FaultId),
}

/// A streamed answer that is being written.
#[derive(Debug)]
pub(super) struct Stream {
    /// Who writes.
    pub(super) writer: Arc<Writer>,
    /// What its bytes share.
    pub(super) stamp: Stamp,
    /// When its tokens leave.
    pub(super) pace: Pace,
    /// What it states when it is whole.
    pub(super) usage: Usage,
}

impl Iterator for Exchange {
    type Item = (Instant, Action);

    /// The next action and its moment; `None` when the exchange is over and, unless `Fin`, `Rst`
    /// or `Silence` came last, the connection is free for another. When the client has left, the
    /// host goes on asking (the work goes on, and is billed) and drops what would be written.
    fn next(&mut self) -> Option<Self::Item> {
        if self.queue.is_empty() {
            self.write_on();
        }
        self.queue.pop_front()
    }
}

impl Exchange {
    /// An exchange in which nothing has happened yet.
    pub(super) fn new() -> Self {
        Self {
            queue: VecDeque::new(),
            stream: None,
        }
    }

    /// Then `action` happens at `at`.
    #[must_use]
    pub(super) fn then(mut self, at: Instant, action: Action) -> Self {
        self.queue.push_back((at, action));
        self
    }

    /// Then `stream` is written, and nothing after it.
    #[must_use]
    pub(super) fn then_stream(mut self, stream: Stream) -> Self {
        self.stream = Some(stream);
        self
    }

    /// Makes the actions of the stream's next write.
    fn write_on(&mut self) {
        let Some(stream) = &mut self.stream else {
            return;
        };
        let Some(burst) = stream.pace.next() else {
            self.stream = None;
            return;
        };
        let part = Part {
            head: burst.opens,
            opens: burst.opens,
            tokens: burst.tokens,
            closes: (burst.end == Some(End::Whole)).then_some(stream.usage),
            ..Part::default()
        };
        let bytes = stream.writer.part(&stream.stamp, &part);
        let output = stream.pace.delivered();
        let mut act = |action| self.queue.push_back((burst.at, action));
        if burst.end.is_some() && output > 0 {
            act(Action::Billed(Bill::of(0, output)));
        }
        act(Action::Write(bytes));
        match burst.end {
            Some(End::Cut(Cut::Rst)) => act(Action::Rst),
            Some(End::Cut(Cut::Fin | Cut::End)) => act(Action::Fin),
            Some(End::Whole) | None => {}
        }
    }
}
