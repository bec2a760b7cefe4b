//! One run, written call by call or event by event: memory does not grow with its length.

use std::io::{self, BufWriter, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::drill::{Drill, NoThread};
use crate::policy::config::Policy;
use crate::report::perfetto::Perfetto;
use crate::report::story::{CallStory, Pick};

/// How a run is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Recording {
    /// For people.
    Text,
    /// One event a line, as in trace files, with the reasons of decisions.
    Jsonl,
    /// A Chrome trace of the whole run, for ui.perfetto.dev: providers, breakers, faults and calls.
    Perfetto,
}

/// The run to write.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run<'a> {
    pub(super) drill: &'a Drill,
    pub(super) policy: &'a Policy,
    pub(super) seed: u64,
}

impl Recording {
    /// Those that `--also` can write.
    pub(super) const FILED: &'static [Self] = &[Self::Jsonl, Self::Perfetto];

    /// What the name of its file ends in.
    pub(super) const fn ending(self) -> &'static str {
        match self {
            Self::Text => "txt",
            Self::Jsonl => "jsonl",
            Self::Perfetto => "perfetto.json",
        }
    }

    /// Makes `run` and writes the calls that `pick` asks for to `out`; a Chrome trace is of all.
    /// Returns how many calls it told, and how the writing went: after an error nothing more is
    /// written.
    pub(super) fn write(
        self,
        run: Run<'_>,
        pick: Pick,
        out: impl Write + Send + 'static,
    ) -> Result<(u64, io::Result<()>), NoThread> {
        let out = Arc::new(Mutex::new(Out::new(out)));
        match self {
            Self::Perfetto => chrome_trace(run, &out)?,
            Self::Text | Self::Jsonl => self.calls(run, pick, &out)?,
        }
        let mut out = locked(&out);
        Ok((out.calls, out.finish()))
    }

    fn calls<W: Write + Send + 'static>(
        self,
        run: Run<'_>,
        pick: Pick,
        out: &Arc<Mutex<Out<W>>>,
    ) -> Result<(), NoThread> {
        if self == Self::Jsonl {
            locked(out).line(&run.drill.trace_header(run.policy));
        }
        let (names, out) = (run.drill.names(), out.clone());
        let told = move |story: &CallStory| {
            let mut out = locked(&out);
            if self == Self::Jsonl {
                out.line(&story.in_json());
            } else {
                let gap = if out.calls > 0 { "\n" } else { "" };
                out.line(&(gap.to_owned() + &story.in_full(&names)));
            }
            out.calls += 1;
        };
        run.drill.trace(run.policy, run.seed, pick, told)
    }
}

fn chrome_trace<W: Write + Send + 'static>(
    run: Run<'_>,
    out: &Arc<Mutex<Out<W>>>,
) -> Result<(), NoThread> {
    let subject = run.drill.subject_under(run.seed);
    let trace = Perfetto::new(&subject, &run.policy.name, run.seed);
    let trace = Arc::new(Mutex::new(Some(trace)));
    let (writing, shared) = (trace.clone(), out.clone());
    run.drill.events(run.policy, run.seed, move |event| {
        if let Some(trace) = &mut *locked(&writing) {
            locked(&shared).text(&trace.on_event(event));
        }
    })?;
    let end = locked(&trace).take().map(Perfetto::finish);
    locked(out).text(&end.unwrap_or_default());
    Ok(())
}

/// Where a run is written.
struct Out<W: Write> {
    to: BufWriter<W>,
    result: io::Result<()>,
    /// How many calls were told.
    calls: u64,
}

impl<W: Write> Out<W> {
    fn new(to: W) -> Self {
        Self {
            to: BufWriter::with_capacity(BUFFER_BYTES, to),
            result: Ok(()),
            calls: 0,
        }
    }

    /// Writes the next piece; after an error nothing more is written.
    fn text(&mut self, text: &str) {
        if self.result.is_ok() {
            self.result = self.to.write_all(text.as_bytes());
        }
    }

    /// Writes `text`, ending in one newline.
    fn line(&mut self, text: &str) {
        self.text(text.trim_end_matches('\n'));
        self.text("\n");
    }

    /// Writes what is left.
    fn finish(&mut self) -> io::Result<()> {
        let result = std::mem::replace(&mut self.result, Ok(()));
        result.and_then(|()| self.to.flush())
    }
}

fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The file or terminal gets pieces of this many bytes.
const BUFFER_BYTES: usize = 65_536;
