//! SIGINT and SIGTERM: the first ends a run in order, the second at once.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Once, mpsc};
use std::thread;
use std::time::Duration;

use indicatif::ProgressBar;

use super::output::{Exit, print_error};
use crate::report::command;

/// Whether the process was asked to end.
#[derive(Debug, Default)]
pub(super) struct Interrupt {
    is_set: Arc<AtomicBool>,
    told: Arc<Told>,
}

impl Interrupt {
    /// Watches from now on. Where threads are scarce, none is taken for it, and a signal ends the
    /// process as the system does.
    pub(super) fn watch(bar: &ProgressBar) -> Self {
        let interrupt = Self::default();
        let (flag, told) = (interrupt.is_set.clone(), interrupt.told.clone());
        let bar = bar.clone();
        let (ready, watching) = mpsc::channel();
        let watch = move || {
            let ended = watch(&flag, &told, &bar, &ready);
            // Signals that were not heard are those of the system.
            drop(ended);
        };
        if has_room() && thread::Builder::new().spawn(watch).is_ok() {
            // Before this, a signal would end the process without a word. An error means that the
            // watch ended: then it does.
            let _ = watching.recv();
        }
        interrupt
    }

    /// Whether a signal came.
    pub(super) fn is_set(&self) -> bool {
        self.is_set.load(Ordering::Relaxed)
    }

    /// Returns when the line about the signal is printed, if one came: what is printed next is
    /// below it. The bar has to be finished.
    pub(super) fn settle(&self) {
        if self.is_set() {
            self.told.once();
        }
    }

    /// Prints how many of all `runs` are finished, and how to go on; `kept` is the folder that has
    /// them.
    pub(super) fn tell(&self, finished: u64, runs: u64, kept: Option<&Path>) {
        self.settle();
        let Some(kept) = kept else {
            print_error(&format!(
                "interrupted: {finished} of {runs} runs were finished, and are lost: the rest is \
                 not judged, and no file is written\n  = help: `--resume DIR` keeps finished runs \
                 in DIR, and goes on with the others"
            ));
            return;
        };
        let words = std::env::args_os().skip(1);
        let words = words.map(|word| command::quoted(&word.to_string_lossy()));
        let words = Vec::from_iter(words).join(" ");
        print_error(&format!(
            "interrupted: {finished} of {runs} runs are finished, and kept in `{}`. The \
             others:\n  firedrill {words}",
            kept.display()
        ));
    }

    /// Turns true when the first signal comes.
    pub(super) fn flag(&self) -> &AtomicBool {
        &self.is_set
    }
}

/// Whether the line about the first signal is printed.
#[derive(Debug)]
struct Told(Once);

impl Default for Told {
    fn default() -> Self {
        Self(Once::new())
    }
}

impl Told {
    /// Prints it, or waits until another thread has.
    fn once(&self) {
        self.0.call_once(|| {
            print_error("interrupted: the runs in work end first; a second signal ends at once");
        });
    }
}

/// Whether a thread can be had beside a worker and the run that it makes.
fn has_room() -> bool {
    let gate = Mutex::new(());
    thread::scope(|scope| {
        let _closed = gate.lock();
        let mut places = 0..3;
        places.all(|_| {
            let waiting = || drop(gate.lock());
            thread::Builder::new().spawn_scoped(scope, waiting).is_ok()
        })
    })
}

fn watch(
    flag: &AtomicBool,
    told: &Arc<Told>,
    bar: &ProgressBar,
    ready: &mpsc::Sender<()>,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut signals = Signals::listen()?;
        let _ = ready.send(());
        signals.next().await;
        flag.store(true, Ordering::Relaxed);
        // While the output is stuck these wait, and the end must not.
        let (line, shown) = (told.clone(), bar.clone());
        let tell = move || shown.suspend(|| line.once());
        let _ = thread::Builder::new().spawn(tell);
        signals.next().await;
        let bar = bar.clone();
        let clear = move || bar.suspend(end_at_once::<()>);
        if thread::Builder::new().spawn(clear).is_ok() {
            tokio::time::sleep(CLEARING).await;
        }
        end_at_once()
    })
}

fn end_at_once<T>() -> T {
    std::process::exit(Exit::Interrupted as i32)
}

/// SIGINT and SIGTERM.
#[cfg(unix)]
#[derive(Debug)]
pub(super) struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Takes these signals from the system, to be called in a runtime.
    pub(super) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            biased;
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Ctrl-C.
#[cfg(not(unix))]
#[derive(Debug)]
pub(super) struct Signals;

#[cfg(not(unix))]
impl Signals {
    /// Nothing is to be taken.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        // Without a console there is no Ctrl-C: only the end of the process ends it.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Within this time the terminal takes what clears the bar, or it is stuck.
const CLEARING: Duration = Duration::from_millis(200);
