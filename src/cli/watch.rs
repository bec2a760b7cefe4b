//! `firedrill run --watch`: runs again when a file that the run reads is saved.
//!
//! Every run is a process of its own, with the same arguments: a run that goes on is ended as a
//! whole when a file changes, and nothing of it is left in the next one. Changes are found by
//! asking for the files' times and sizes ten times a second. That needs no dependency, works where
//! no events come (shared folders of containers and virtual machines), and costs little for the few
//! dozen files of a project.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, SystemTime};

use super::interrupt::Signals;
use super::output::{CliError, Exit, print_error};
use super::{Done, files};
use crate::text::noted;

/// Runs `firedrill` with this process's arguments without `--watch`, now and after each change of a
/// file, until a signal comes. `paths` are the scenarios of the command line, and `load` reads what
/// a run reads.
pub(super) fn watch(paths: &[PathBuf], load: impl Fn()) -> Done {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let watched = runtime.and_then(|runtime| {
        runtime.block_on(async {
            let mut signals = Signals::listen()?;
            loop {
                // Taken before the run: what is saved while it reads runs it again.
                let before = Snapshot::of(paths, &load);
                if run_until_change(&before, paths, &mut signals)
                    .await?
                    .is_none()
                {
                    return Ok(Exit::Interrupted);
                }
            }
        })
    });
    watched.map_err(|error: io::Error| vec![CliError::new(format!("cannot watch: {error}"), "")])
}

/// Runs once and waits for a change; nothing if a signal came first.
async fn run_until_change(
    before: &Snapshot,
    paths: &[PathBuf],
    signals: &mut Signals,
) -> io::Result<Option<()>> {
    clear_screen();
    let mut run = Run::start()?;
    let mut is_told = false;
    let mut last = before.clone();
    loop {
        tokio::select! {
            biased;
            () = signals.next() => {
                run.end_itself().await;
                return Ok(None);
            }
            () = tokio::time::sleep(POLL) => {}
        }
        if !is_told && run.has_ended() {
            is_told = true;
            let count = before.count();
            let files = if count == 1 { "file" } else { "files" };
            print_error(&format!(
                "watching {count} {files}: save one to run again; Ctrl-C ends"
            ));
        }
        let now = before.again(paths);
        // An editor may write a file in steps: only what has come to rest is read.
        if now == last && now != *before {
            return Ok(Some(()));
        }
        last = now;
    }
}

/// The files of a run, and how each looked.
#[derive(Clone, PartialEq, Eq)]
struct Snapshot {
    /// What was read.
    read: BTreeSet<PathBuf>,
    /// Time and size of what was read and of what may be read next; none for what is missing.
    looks: BTreeMap<PathBuf, Option<(Option<SystemTime>, u64)>>,
}

impl Snapshot {
    fn of(paths: &[PathBuf], load: &impl Fn()) -> Self {
        let ((), read) = noted::noting(load);
        Self::of_files(read, paths)
    }

    /// The same files later, and those that were added to their folders.
    fn again(&self, paths: &[PathBuf]) -> Self {
        Self::of_files(self.read.clone(), paths)
    }

    fn of_files(read: BTreeSet<PathBuf>, paths: &[PathBuf]) -> Self {
        let found = files::find(paths).unwrap_or_default();
        let found = Vec::from_iter(found.into_iter().map(|file| file.path));
        let policies = found.iter().flat_map(|path| policies_near(path));
        let all = BTreeSet::from_iter(read.iter().cloned().chain(policies));
        let looks = all.into_iter().chain(found).map(|path| {
            let look = std::fs::metadata(&path).ok();
            let look = look.map(|look| (look.modified().ok(), look.len()));
            (path, look)
        });
        Self {
            looks: looks.collect(),
            read,
        }
    }

    /// How many files there are: one may be known by two paths.
    fn count(&self) -> usize {
        let files = self
            .looks
            .keys()
            .filter_map(|path| path.canonicalize().ok());
        BTreeSet::from_iter(files).len()
    }
}

/// The policies that a scenario may name: those of the folder `policies` beside it, or beside its
/// own folder. A scenario with a policy that is missing waits for its file.
fn policies_near(scenario: &Path) -> Vec<PathBuf> {
    let folder = scenario.parent().unwrap_or(Path::new(""));
    let folders = [folder.join("policies"), folder.join("../policies")];
    let listed = folders
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok());
    let paths = listed.flatten().flatten().map(|entry| entry.path());
    paths.filter(|path| files::is_yaml(path)).collect()
}

/// A run in a process of its own. It is ended where it is dropped.
struct Run {
    child: Child,
}

impl Run {
    fn start() -> io::Result<Self> {
        let words = std::env::args_os().skip(1);
        let words = words.filter(|word| word != "--watch");
        let child = Command::new(std::env::current_exe()?).args(words).spawn()?;
        Ok(Self { child })
    }

    fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits a moment for the end of a run that got the terminal's signal as well.
    async fn end_itself(&mut self) {
        let ended = async {
            while !self.has_ended() {
                tokio::time::sleep(POLL / 4).await;
            }
        };
        let _ = tokio::time::timeout(GRACE, ended).await;
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Empties a terminal, so that it shows one run; a file or a pipe gets every run.
fn clear_screen() {
    use std::io::Write;
    let mut stdout = io::stdout().lock();
    if stdout.is_terminal() {
        let _ = stdout
            .write_all(b"\x1b[2J\x1b[3J\x1b[H")
            .and_then(|()| stdout.flush());
    }
}

/// The time between two looks at the files.
const POLL: Duration = Duration::from_millis(100);

/// How long a run that is interrupted may take to end in order.
const GRACE: Duration = Duration::from_secs(1);
