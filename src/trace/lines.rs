//! A trace as lines of JSON: written by a client in production, read by a report.
//!
//! ```text
//! {"schema":"firedrill.trace/1","policy":"resilient","providers":[{"name":"openai", …}]}
//! {"at":1204000000,"kind":{"arrived":{"call":0,"streamed":true}}}
//! {"at":1204000000,"kind":{"started":{"call":0,"attempt":1,"provider":0, …}}}
//! ```
//!
//! Times are nanoseconds since the client began, so a file holds one client's lifetime. It holds
//! what an [`Event`] holds and no more: no key, no prompt, no answer.
//!
//! A call never waits for a disk: events pass through a bounded queue to a thread of their own. An
//! event that finds the queue full is dropped, and counted. So a reader misses events, but refuses
//! those that cannot be true (`check`).

mod check;
mod read;

use std::io::{self, BufWriter, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

pub use read::{ReadError, Reader};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Event, Recorder};
use crate::policy::provider_info::ProviderInfo;
use crate::text::secrets;
use crate::units::Money;

/// The first line of a trace: the policy and the fleet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Header {
    schema: String,
    /// The policy's name.
    pub policy: String,
    /// The fleet, in order: events name providers by their position.
    pub providers: Vec<Named>,
}

/// A provider in a header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Named {
    /// Its name.
    pub name: String,
    /// The model that answers.
    pub model: String,
    /// US dollars per million prompt tokens; none if unknown.
    #[serde(default, with = "dollars", skip_serializing_if = "Option::is_none")]
    pub input: Option<Money>,
    /// US dollars per million output tokens; none if unknown.
    #[serde(default, with = "dollars", skip_serializing_if = "Option::is_none")]
    pub output: Option<Money>,
}

impl Header {
    /// The header of a client with this policy and this fleet.
    pub(crate) fn new(policy: impl Into<String>, members: &[ProviderInfo]) -> Self {
        let named = |member: &ProviderInfo| Named {
            name: member.name.clone(),
            model: member.model.clone(),
            input: member.input,
            output: member.output,
        };
        Self {
            schema: SCHEMA.to_owned(),
            policy: policy.into(),
            providers: members.iter().map(named).collect(),
        }
    }

    /// Puts `***` in place of what looks like a key in its names, which reports show.
    fn hide_secrets(&mut self) {
        let named = self.providers.iter_mut();
        let of_providers = named.flat_map(|one| [&mut one.name, &mut one.model]);
        for name in of_providers.chain([&mut self.policy]) {
            if secrets::are_in(name) {
                *name = secrets::without(name).into_owned();
            }
        }
    }
}

/// Writes each event as one line. Dropping it waits until all recorded events are written.
#[derive(Debug)]
pub struct JsonlRecorder {
    /// Dropped to end the writer.
    queue: Option<SyncSender<Event>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    lost: Arc<AtomicU64>,
}

impl JsonlRecorder {
    /// Writes `header`, then all events, to `out`.
    ///
    /// # Errors
    /// When the header cannot be written, or no thread can be started.
    pub fn new(header: &Header, out: impl Write + Send + 'static) -> io::Result<Self> {
        Self::with_room(header, out, ROOM)
    }

    fn with_room(
        header: &Header,
        out: impl Write + Send + 'static,
        room: usize,
    ) -> io::Result<Self> {
        let mut out = BufWriter::new(out);
        write_line(&mut out, header)?;
        out.flush()?;
        let (queue, events) = sync_channel(room);
        let lost = Arc::<AtomicU64>::default();
        let counter = lost.clone();
        let writer = thread::Builder::new().name("firedrill-trace".to_owned());
        let writer = writer.spawn(move || write_all(&mut out, &events, &counter))?;
        Ok(Self {
            queue: Some(queue),
            writer: Mutex::new(Some(writer)),
            lost,
        })
    }

    /// The number of events that were dropped because the queue was full, plus failed writes.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

impl Recorder for JsonlRecorder {
    fn record(&self, event: &Event) {
        let queue = self.queue.as_ref();
        let sent = queue.is_some_and(|queue| queue.try_send(event.clone()).is_ok());
        if !sent {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for JsonlRecorder {
    fn drop(&mut self) {
        self.queue = None;
        let writer = self.writer.get_mut();
        let writer = writer.unwrap_or_else(PoisonError::into_inner).take();
        // A writer that panicked has nothing left to write.
        let _ = writer.map(JoinHandle::join);
    }
}

/// Writes events until all senders are gone. Flushes whenever the queue is empty.
fn write_all(out: &mut impl Write, events: &Receiver<Event>, lost: &AtomicU64) {
    let count_lost = |result: io::Result<()>| {
        if result.is_err() {
            lost.fetch_add(1, Ordering::Relaxed);
        }
    };
    loop {
        let event = match events.try_recv() {
            Ok(event) => Some(event),
            Err(TryRecvError::Disconnected) => None,
            Err(TryRecvError::Empty) => {
                count_lost(out.flush());
                events.recv().ok()
            }
        };
        match event {
            Some(event) => count_lost(write_line(out, &event)),
            None => break,
        }
    }
    count_lost(out.flush());
}

fn write_line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    out.write_all(&line)
}

/// Money as a decimal text, so that no reader takes it for a float.
mod dollars {
    use serde::de::Error;

    use super::{Deserialize, Deserializer, Money, Serializer};

    pub(super) fn serialize<S: Serializer>(
        money: &Option<Money>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&money.unwrap_or(Money::ZERO).usd())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Money>, D::Error> {
        let text = String::deserialize(deserializer)?;
        let money = Money::parse_usd(&text);
        let wrong = || D::Error::custom("this is no amount of dollars");
        money.map(Some).ok_or_else(wrong)
    }
}

/// The schema name in the first line.
const SCHEMA: &str = "firedrill.trace/1";

/// Events that may wait for the disk: some ten seconds of 1,000 calls per second.
const ROOM: usize = 65_536;

#[cfg(test)]
mod tests;
