//! Two threads for the frames that are too large to be read or written on a caller's thread.
//!
//! Promise: jobs run in the order in which they were handed in, two at a time; a panic ends its job only. What
//! was handed in before the end is done before the threads end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use cache_core::error::Result;

use super::error::{closed, no_thread};

const THREADS: usize = 2;

type Job = Box<dyn FnOnce() + Send>;

/// The threads.
#[derive(Debug)]
pub(super) struct Workers {
    queue: Mutex<Option<Sender<Job>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Workers {
    /// Starts them.
    pub(super) fn start() -> Result<Self> {
        let (queue, jobs) = channel();
        let jobs = Arc::new(Mutex::new(jobs));
        let mut threads = Vec::with_capacity(THREADS);
        for _ in 0..THREADS {
            let jobs = Arc::clone(&jobs);
            let thread = Builder::new().name("larder-disk-io".to_owned()).spawn(move || work(&jobs));
            threads.push(thread.map_err(no_thread)?);
        }
        Ok(Self { queue: Mutex::new(Some(queue)), threads: Mutex::new(threads) })
    }

    /// Hands a job in.
    ///
    /// # Errors
    /// `Unavailable` once the backend has been closed.
    pub(super) fn submit(&self, job: impl FnOnce() + Send + 'static) -> Result<()> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.as_ref().and_then(|queue| queue.send(Box::new(job)).ok()).ok_or_else(closed)
    }

    /// Lets the threads finish what was handed in, and waits for them.
    pub(super) fn stop(&self) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        threads.into_iter().for_each(|thread| drop(thread.join()));
    }
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        // The job's caller sees its answer dropped; nothing of ours is left half done but what the job wrote.
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn a_panicking_job_ends_alone_and_queued_jobs_are_done_before_the_end() {
        let (workers, done) = (Workers::start().unwrap(), Arc::new(AtomicU32::new(0)));
        for n in 0..100 {
            let done = Arc::clone(&done);
            workers
                .submit(move || {
                    assert!(n % 10 != 3, "an expected panic of this test");
                    done.fetch_add(1, Ordering::Relaxed);
                })
                .unwrap();
        }
        workers.stop();
        assert_eq!(done.load(Ordering::Relaxed), 90);
        assert!(workers.submit(|| {}).is_err());
    }
}
