//! The last requests, as entries in bounded memory; each is also a line of the log.

use std::collections::VecDeque;
use std::fmt;
use std::hash::{DefaultHasher, Hasher};
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::text::secrets;
use crate::time::Instant;

/// The last [`MOST_ENTRIES`] entries.
#[derive(Debug, Default)]
pub(super) struct Journal {
    entries: VecDeque<Entry>,
    /// How many there were.
    count: u64,
}

/// What came to a provider, and what became of it. Displayed as a line of text.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Entry {
    /// Its number, from 1.
    pub(super) n: u64,
    /// When it came, in the scenario's time.
    #[serde(rename = "time_ms", serialize_with = "as_millis")]
    pub(super) time: Instant,
    /// How long it took.
    #[serde(rename = "took_ms", serialize_with = "as_length")]
    pub(super) took: Duration,
    /// The provider's name.
    pub(super) provider: String,
    /// What it was.
    pub(super) kind: Kind,
    pub(super) method: String,
    /// Without its query.
    pub(super) path: String,
    /// The model that it asked for.
    pub(super) model: String,
    /// A fingerprint of its key; none without a key.
    pub(super) key: Option<String>,
    /// The number of its call.
    pub(super) call: Option<u64>,
    /// The number of the attempt among those of its call at this provider, from 0.
    pub(super) attempt: Option<u32>,
    pub(super) streamed: bool,
    /// None without an answer.
    pub(super) status: Option<u16>,
    /// Billed prompt tokens, including cached ones.
    pub(super) input: u64,
    /// Billed output tokens.
    pub(super) output: u64,
    /// The faults that struck it.
    pub(super) faults: Vec<String>,
    pub(super) end: End,
}

/// What came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A request to a model.
    #[default]
    Model,
    /// Another request: a list of models, a wrong path.
    Other,
    /// A request that is not valid.
    Invalid,
    /// A connection, which was refused.
    Connection,
}

/// How an answer ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum End {
    /// As HTTP requires.
    #[default]
    Whole,
    /// The connection was closed before.
    Closed,
    /// The connection was reset.
    Reset,
    /// No more came.
    Silent,
    /// An outage, a reset or the end of the server came before.
    Interrupted,
    /// The client left before.
    ClientLeft,
    /// The connection was refused.
    Refused,
}

/// A line of the log. Displayed as text.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Line<'a> {
    /// An entry of the journal.
    Entry(&'a Entry),
    /// Something that happened at a provider.
    Event {
        /// When.
        time: Instant,
        /// The provider's name.
        provider: &'a str,
        /// What.
        event: &'a str,
    },
}

impl Line<'_> {
    /// The line as a document.
    pub(crate) fn json(&self) -> String {
        match self {
            Self::Entry(entry) => serde_json::to_string(entry).unwrap_or_default(),
            Self::Event {
                time,
                provider,
                event,
            } => {
                let time_ms = time.as_nanos() / 1_000_000;
                serde_json::json!({ "time_ms": time_ms, "provider": provider, "event": event })
                    .to_string()
            }
        }
    }
}

impl Journal {
    /// Adds an entry, and returns it as it is kept.
    pub(super) fn add(&mut self, entry: Entry) -> Entry {
        self.count += 1;
        let entry = entry.numbered(self.count);
        if self.entries.len() >= MOST_ENTRIES {
            self.entries.pop_front();
        }
        self.entries.push_back(entry.clone());
        entry
    }

    /// The entries after number `after`, as a document.
    pub(super) fn document(&self, after: u64) -> serde_json::Value {
        let entries = self.entries.iter().filter(|entry| entry.n > after);
        serde_json::json!({
            "entries": Vec::from_iter(entries),
            "count": self.count,
            "most": MOST_ENTRIES,
            "dropped": self.count - self.entries.len() as u64,
        })
    }
}

impl Entry {
    /// With its number, without secrets, and with bounded texts.
    fn numbered(self, n: u64) -> Self {
        let shown = |text: &str| {
            let text: String = text.chars().take(LONGEST_TEXT).collect();
            secrets::without(&text).into_owned()
        };
        Self {
            n,
            method: shown(&self.method),
            path: shown(&self.path),
            model: shown(&self.model),
            key: self.key.as_deref().map(fingerprint),
            ..self
        }
    }
}

/// Tells keys apart without showing them.
pub(super) fn fingerprint(key: &str) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(key.as_bytes());
    format!("{:06x}", hasher.finish() & 0xff_ffff)
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry(entry) => entry.fmt(f),
            Self::Event {
                time,
                provider,
                event,
            } => write!(f, "{time} {provider} {event}"),
        }
    }
}

/// The line is written when the answer ends, and begins with that time.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ended = self.time + self.took;
        write!(f, "{ended} {} ", self.provider)?;
        if self.kind == Kind::Connection {
            return write!(f, "refused a connection, {}", self.faults.join(", "));
        }
        match self.status {
            Some(status) => write!(f, "{status}")?,
            None => f.write_str("-")?,
        }
        f.write_str(self.end.words())?;
        match self.kind {
            Kind::Model | Kind::Connection => {}
            Kind::Other => return write!(f, ", {} {}", self.method, self.path),
            Kind::Invalid => return f.write_str(", this is no request to it"),
        }
        let kind = if self.streamed { "streamed" } else { "plain" };
        let (seconds, millis) = (self.took.as_secs(), self.took.subsec_millis());
        write!(
            f,
            ", {kind}, {}, {} tok in, {} tok out, {seconds}.{millis:03}s",
            self.model, self.input, self.output
        )?;
        for fault in &self.faults {
            write!(f, ", {fault}")?;
        }
        Ok(())
    }
}

impl End {
    /// As a part of a line of text.
    const fn words(self) -> &'static str {
        match self {
            Self::Whole => "",
            Self::Closed => " closed",
            Self::Reset => " reset",
            Self::Silent => " silent",
            Self::Interrupted => " interrupted",
            Self::ClientLeft => " client left",
            Self::Refused => " refused",
        }
    }
}

fn as_millis<S: Serializer>(time: &Instant, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(time.as_nanos() / 1_000_000)
}

fn as_length<S: Serializer>(length: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(length.as_millis()).unwrap_or(u64::MAX))
}

/// How many entries are kept: about half a megabyte.
pub(super) const MOST_ENTRIES: usize = 1_000;

/// How many characters of a path or a model are kept.
const LONGEST_TEXT: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_says_what_it_dropped() {
        let mut journal = Journal::default();
        for _ in 0..MOST_ENTRIES + 5 {
            journal.add(Entry {
                path: "/x".repeat(1_000),
                ..Entry::default()
            });
        }
        let document = journal.document(0);
        let entries = document["entries"].as_array().expect("a list");
        assert_eq!(
            (entries.len(), &document["dropped"]),
            (MOST_ENTRIES, &5.into())
        );
        assert_eq!(entries[0]["n"], 6);
        assert_eq!(
            entries[0]["path"].as_str().map(str::len),
            Some(LONGEST_TEXT)
        );
        let later = journal.document(MOST_ENTRIES as u64 + 3);
        assert_eq!(later["entries"].as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn no_key_is_kept() {
        let key = "sk-proj-4fJ8sKq02LmZx91TbVc7Yd3RuWe6PhGn";
        let entry = Journal::default().add(Entry {
            path: format!("/v1/{key}/chat"),
            model: key.to_owned(),
            key: Some(key.to_owned()),
            ..Entry::default()
        });
        let text = format!("{entry} {}", serde_json::to_string(&entry).expect("JSON"));
        assert!(!text.contains(&key[8..20]), "{text}");
        assert_eq!(entry.key, Some(fingerprint(key)));
        assert_ne!(entry.key, Some(fingerprint("another")));
    }
}
