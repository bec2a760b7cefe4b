//! Makes numbers for many jobs on all cores, in order, and remembers them.
//!
//! A search asks for a batch, decides by what comes back, and asks for the next. It decides the
//! same again when it is given the same numbers, so all that a search has to keep to go on after an
//! interruption is the numbers, in the order in which it asked for them: that is a [`Memory`].

use std::fmt;
use std::io;
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::drill::{NoThread, side_by_side};

/// What a job comes to; none where a value is not defined.
pub type Values = Vec<Option<f64>>;

/// Keeps what jobs came to, by their number from 0.
pub trait Memory: Sync {
    /// What was kept for this job.
    fn recall(&self, job: u64) -> Option<Values>;

    /// Keeps what a job has just come to. Called in the order of the jobs.
    fn keep(&self, job: u64, values: &Values);
}

/// Keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Forgetful;

impl Memory for Forgetful {
    fn recall(&self, _: u64) -> Option<Values> {
        None
    }

    fn keep(&self, _: u64, _: &Values) {}
}

/// Why a batch has no numbers.
#[derive(Debug)]
#[non_exhaustive]
pub enum Stopped {
    /// The caller wants no more of them.
    Interrupted,
    /// The machine cannot start a thread.
    NoThread(NoThread),
}

impl From<NoThread> for Stopped {
    fn from(error: NoThread) -> Self {
        Self::NoThread(error)
    }
}

/// Makes batches.
pub struct Batches<'a> {
    workers: NonZero<usize>,
    memory: &'a dyn Memory,
    interrupted: Option<&'a AtomicBool>,
    /// The number of jobs so far.
    jobs: u64,
}

impl fmt::Debug for Batches<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batches")
            .field("workers", &self.workers)
            .field("jobs", &self.jobs)
            .finish_non_exhaustive()
    }
}

impl<'a> Batches<'a> {
    /// On so many threads; once `interrupted` is true, no job is started.
    pub const fn new(
        workers: NonZero<usize>,
        memory: &'a dyn Memory,
        interrupted: Option<&'a AtomicBool>,
    ) -> Self {
        Self {
            workers,
            memory,
            interrupted,
            jobs: 0,
        }
    }

    /// What `make` makes of each of `jobs`, in their order.
    ///
    /// # Errors
    /// When the caller wants no more, or the machine cannot start a thread.
    pub fn make<J: Sync>(
        &mut self,
        jobs: &[J],
        make: impl Fn(&J) -> io::Result<Values> + Sync,
    ) -> Result<Vec<Values>, Stopped> {
        let first = self.jobs;
        let workers = NonZero::new(jobs.len()).map_or(self.workers, |all| self.workers.min(all));
        let is_interrupted = || {
            self.interrupted
                .is_some_and(|flag| flag.load(Ordering::Relaxed))
        };
        let numbered = (first..).zip(jobs);
        let mut made = Vec::with_capacity(jobs.len());
        side_by_side(
            workers,
            numbered.take_while(|_| !is_interrupted()),
            |_, (number, job)| match self.memory.recall(*number) {
                Some(values) => Ok((false, values)),
                None => Ok((true, make(job)?)),
            },
            &mut |_| (),
            |results| {
                while let Some((is_new, values)) = results.next() {
                    if is_new {
                        self.memory.keep(first + made.len() as u64, &values);
                    }
                    made.push(values);
                }
            },
        )?;
        if made.len() < jobs.len() {
            return Err(Stopped::Interrupted);
        }
        self.jobs += jobs.len() as u64;
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Kept(Mutex<BTreeMap<u64, Values>>);

    impl Memory for Kept {
        fn recall(&self, job: u64) -> Option<Values> {
            self.0.lock().expect("no panic").get(&job).cloned()
        }

        fn keep(&self, job: u64, values: &Values) {
            self.0.lock().expect("no panic").insert(job, values.clone());
        }
    }

    fn workers(count: usize) -> NonZero<usize> {
        NonZero::new(count).expect("not none")
    }

    #[test]
    fn numbers_come_in_order_and_are_made_once() {
        let kept = Kept::default();
        let double = |job: &f64| Ok(vec![Some(job * 2.0), None]);
        let jobs = [1.0, 2.0, 3.0];
        let expected = jobs.map(|job| vec![Some(job * 2.0), None]);
        let first = Batches::new(workers(3), &kept, None).make(&jobs, double);
        assert_eq!(first.expect("three"), expected);
        let mut again = Batches::new(workers(1), &kept, None);
        let never = |_: &f64| -> io::Result<Values> { panic!("they were kept") };
        assert_eq!(again.make(&jobs, never).expect("three"), expected);
        assert_eq!(
            again.make(&[7.0], double).expect("one"),
            [vec![Some(14.0), None]]
        );
    }

    #[test]
    fn an_interrupted_batch_has_no_numbers_and_keeps_those_that_were_made() {
        let (kept, flag) = (Kept::default(), AtomicBool::new(false));
        let interrupting = |job: &f64| {
            flag.store(true, Ordering::Relaxed);
            Ok(vec![Some(*job)])
        };
        let stopped = Batches::new(workers(1), &kept, Some(&flag)).make(&[1.0, 2.0], interrupting);
        assert!(matches!(stopped, Err(Stopped::Interrupted)));
        assert_eq!(kept.recall(0), Some(vec![Some(1.0)]));
        assert_eq!(kept.recall(1), None);
    }
}
