//! Jobs on several threads, results in order: the same whatever the number of threads.
//!
//! ```text
//! jobs, in order --> workers --> results, by number --> handed out in order
//! ```
//!
//! Workers take the next open job; results wait until their turn. A machine may refuse a thread:
//! then the jobs are made by the workers that it has started, and a worker whose job needs a thread
//! of its own, and gets none, gives the job back and leaves. The last one tries again, and then
//! gives up.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Builder};

/// Makes `jobs` on `workers` threads, and hands `consume` the results, in order; `on_result` is
/// called for each as it comes, in any order. What `consume` leaves is not made.
///
/// # Errors
/// When the machine cannot start a single thread, or none within a job.
pub(crate) fn side_by_side<J: Send, R: Send>(
    workers: NonZero<usize>,
    jobs: impl Iterator<Item = J> + Send,
    make: impl Fn(usize, &J) -> io::Result<R> + Sync,
    on_result: &mut dyn FnMut(&R),
    consume: impl FnOnce(&mut Results<'_, R>),
) -> Result<Threads, NoThread> {
    let crew = Crew::new(jobs.enumerate());
    let (sender, receiver) = mpsc::channel();
    let started = thread::scope(|scope| {
        let mut started = 0;
        for _ in 0..workers.get() {
            let (sender, worker) = (sender.clone(), &crew);
            let make = &make;
            crew.state().active += 1;
            let spawned = Builder::new().spawn_scoped(scope, move || worker.work(make, sender));
            if let Err(error) = spawned {
                crew.leave(error);
                break;
            }
            started += 1;
        }
        drop(sender);
        consume(&mut Results::new(receiver, on_result));
        crew.stopped.store(true, Ordering::Relaxed);
        started
    });
    let state = crew.into_state();
    match state.refused {
        Some(error) if started == 0 || state.has_given_up => Err(NoThread(error)),
        refused => Ok(Threads {
            asked: workers.get(),
            had: started - state.left,
            refused,
        }),
    }
}

/// How many threads made the jobs.
#[derive(Debug)]
pub struct Threads {
    asked: usize,
    had: usize,
    refused: Option<io::Error>,
}

impl Threads {
    /// What to tell a user when the machine refused threads; none if there were as many as asked
    /// for.
    pub fn warning(&self) -> Option<String> {
        let Self { asked, had, .. } = self;
        let error = self.refused.as_ref()?;
        Some(format!(
            "{had} of {asked} runs at a time: the machine starts no more threads ({error})"
        ))
    }
}

/// The machine cannot start a thread, so nothing can be run.
#[derive(Debug)]
pub struct NoThread(io::Error);

impl From<io::Error> for NoThread {
    fn from(error: io::Error) -> Self {
        Self(error)
    }
}

impl fmt::Display for NoThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the machine cannot start a thread: {}", self.0)
    }
}

impl std::error::Error for NoThread {}

/// What workers share.
struct Crew<J, I> {
    state: Mutex<State<J, I>>,
    stopped: AtomicBool,
}

struct State<J, I> {
    jobs: I,
    /// Jobs that a worker gave back.
    back: Vec<(usize, J)>,
    /// Workers that take jobs.
    active: usize,
    /// Workers that left because the machine refused a thread.
    left: usize,
    /// Why it refused the latest.
    refused: Option<io::Error>,
    /// The last worker could not go on.
    has_given_up: bool,
}

impl<J, I: Iterator<Item = (usize, J)>> Crew<J, I> {
    const fn new(jobs: I) -> Self {
        let state = State {
            jobs,
            back: Vec::new(),
            active: 0,
            left: 0,
            refused: None,
            has_given_up: false,
        };
        Self {
            state: Mutex::new(state),
            stopped: AtomicBool::new(false),
        }
    }

    fn state(&self) -> MutexGuard<'_, State<J, I>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn into_state(self) -> State<J, I> {
        let state = self.state.into_inner();
        state.unwrap_or_else(PoisonError::into_inner)
    }

    /// A worker that could not be started takes no jobs.
    fn leave(&self, error: io::Error) {
        let mut state = self.state();
        state.active -= 1;
        state.refused = Some(error);
    }

    /// Takes jobs and makes them until none is left, or until the caller stops.
    fn work<R>(&self, make: &impl Fn(usize, &J) -> io::Result<R>, results: Sender<(usize, R)>) {
        while let Some((number, job)) = self.next() {
            let result = match make(number, &job) {
                Ok(result) => result,
                Err(error) => {
                    let Some(job) = self.give_back(error, number, job) else {
                        return;
                    };
                    match make(number, &job) {
                        Ok(result) => result,
                        Err(error) => return self.give_up(error),
                    }
                }
            };
            if results.send((number, result)).is_err() {
                return;
            }
        }
    }

    fn next(&self) -> Option<(usize, J)> {
        let mut state = self.state();
        let next = match self.stopped.load(Ordering::Relaxed) {
            true => None,
            false => state.back.pop().or_else(|| state.jobs.next()),
        };
        if next.is_none() {
            state.active -= 1;
        }
        next
    }

    /// Leaves `job` to the other workers; returns it when there is no other.
    fn give_back(&self, error: io::Error, number: usize, job: J) -> Option<J> {
        let mut state = self.state();
        state.refused = Some(error);
        if state.active == 1 {
            return Some(job);
        }
        state.back.push((number, job));
        state.active -= 1;
        state.left += 1;
        None
    }

    fn give_up(&self, error: io::Error) {
        let mut state = self.state();
        state.refused = Some(error);
        state.has_given_up = true;
    }
}

/// Results as they come, handed out by number.
pub(crate) struct Results<'a, R> {
    incoming: Receiver<(usize, R)>,
    on_result: &'a mut dyn FnMut(&R),
    early: BTreeMap<usize, R>,
    next: usize,
}

impl<'a, R> Results<'a, R> {
    fn new(incoming: Receiver<(usize, R)>, on_result: &'a mut dyn FnMut(&R)) -> Self {
        Self {
            incoming,
            on_result,
            early: BTreeMap::new(),
            next: 0,
        }
    }

    /// The next result in order; none when all workers have ended.
    pub(crate) fn next(&mut self) -> Option<R> {
        loop {
            if let Some(result) = self.early.remove(&self.next) {
                self.next += 1;
                return Some(result);
            }
            let (number, result) = self.incoming.recv().ok()?;
            (self.on_result)(&result);
            self.early.insert(number, result);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused() -> io::Error {
        io::Error::from(io::ErrorKind::WouldBlock)
    }

    /// The results of `jobs` numbers, each made by `make`.
    fn made(
        workers: usize,
        jobs: u64,
        make: impl Fn(usize, &u64) -> io::Result<u64> + Sync,
    ) -> (Result<Threads, NoThread>, Vec<u64>) {
        let mut all = Vec::new();
        let workers = NonZero::new(workers).expect("more than none");
        let threads = side_by_side(workers, 0..jobs, make, &mut |_| (), |results| {
            all.extend(std::iter::from_fn(|| results.next()));
        });
        (threads, all)
    }

    #[test]
    fn results_come_out_by_number_whatever_order_they_come_in() {
        let (sender, receiver) = mpsc::channel();
        for (number, result) in [(2, "c"), (0, "a"), (1, "b")] {
            sender.send((number, result)).expect("the receiver is here");
        }
        drop(sender);
        let mut ended = 0;
        let mut on_result = |_: &&str| ended += 1;
        let mut results = Results::new(receiver, &mut on_result);
        let all = Vec::from_iter(std::iter::from_fn(|| results.next()));
        assert_eq!(all, ["a", "b", "c"]);
        assert_eq!(ended, 3);
    }

    #[test]
    fn a_result_that_never_comes_ends_the_wait() {
        let (sender, receiver) = mpsc::channel();
        sender.send((1, "b")).expect("the receiver is here");
        drop(sender);
        let mut on_result = |_: &&str| ();
        assert_eq!(Results::new(receiver, &mut on_result).next(), None);
    }

    #[test]
    fn workers_whose_jobs_get_no_thread_leave_them_to_the_others() {
        let free = Mutex::new(());
        // As with a limit of one thread beside the workers.
        let (threads, all) = made(4, 40, |_, job| match free.try_lock() {
            Ok(_held) => {
                thread::yield_now();
                Ok(*job)
            }
            Err(_) => Err(refused()),
        });
        assert_eq!(all, Vec::from_iter(0..40));
        threads.expect("the others made them");
    }

    #[test]
    fn a_worker_that_is_refused_for_good_is_an_error_and_no_panic() {
        let (threads, all) = made(3, 40, |number, job| match number {
            7 => Err(refused()),
            _ => Ok(*job),
        });
        assert_eq!(all, Vec::from_iter(0..7));
        let error = threads.expect_err("the last worker gave up").to_string();
        assert!(
            error.starts_with("the machine cannot start a thread"),
            "{error}"
        );
    }

    #[test]
    fn a_warning_names_how_many_threads_there_were() {
        let threads = |refused| Threads {
            asked: 4,
            had: 2,
            refused,
        };
        assert_eq!(threads(None).warning(), None);
        let warning = threads(Some(refused()))
            .warning()
            .expect("some are missing");
        assert!(warning.starts_with("2 of 4 runs at a time"), "{warning}");
    }
}
