//! The recogniser's thread: one model, one utterance at a time.
//!
//! ```text
//!  final ───► bounded queue ─┐
//!                            ├─► finals first ─► Recogniser ─► reply
//!  interim ─► one place ─────┘        a final gives the interim run up that goes on
//! ```
//!
//! Invariants: a final never waits behind an interim, except for what the model is in the
//! middle of (see [`super::Abort`]); finals keep their order; at most `waiting` finals and one
//! interim wait, and one more is refused at the door. Every job that was taken gets a reply,
//! unless the thread ends first.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::super::Transcript;
use super::{Abort, Options, Recogniser};
use crate::core::{Error, Kind, Result};

/// An utterance for the worker.
pub struct Job {
    /// Mono, 16 kHz.
    pub samples: Vec<f32>,
    /// How to hear it; `threads` is asked of the function below instead. `interim` makes it a
    /// job that any final overtakes.
    pub options: Options,
    /// Asked for the number of threads when the worker begins with this job: the place to
    /// wait for a lease of cores. An interim job's must not wait, lest a final come to wait
    /// behind it: it says 0 where no core is free, and is given up.
    pub threads: Box<dyn FnMut() -> usize + Send>,
    /// Given the result, on the worker's thread. Dropped uncalled where the thread ends
    /// before it came to this job.
    pub reply: Box<dyn FnOnce(Result<Transcript>) + Send>,
}

/// A job that was not taken, handed back.
pub enum Refused {
    /// As many jobs wait as may wait.
    Full(Job),
    /// The thread has ended.
    Stopped(Job),
}

/// The running recogniser. Dropping it ends the thread after the finals that wait.
pub struct Worker {
    mailbox: Arc<Mailbox>,
    thread: Option<JoinHandle<()>>,
    multilingual: bool,
}

impl Worker {
    /// Loads the model at `path` on a thread of its own, runs it once so that the first
    /// question finds it warm, and returns when it is ready. At most `waiting` finals wait,
    /// and one interim.
    ///
    /// # Errors
    /// As [`Recogniser::load`]; `Compute` where the system has no thread left.
    pub fn spawn(path: PathBuf, waiting: usize) -> Result<Self> {
        let mailbox = Arc::new(Mailbox::new(waiting));
        let inbox = Inbox(mailbox.clone());
        let (ready, loaded) = mpsc::sync_channel(1);
        let failed = |what: &str| Error::new(Kind::Compute, what.to_owned());
        let run = move || {
            let inbox = inbox;
            let warm = Recogniser::load(&path).and_then(|mut recogniser| {
                recogniser.warm_up()?;
                Ok(recogniser)
            });
            let mut recogniser = match warm {
                Ok(recogniser) => {
                    // Nobody waits only where the spawning thread died.
                    let _ = ready.send(Ok(recogniser.is_multilingual()));
                    recogniser
                }
                Err(error) => {
                    let _ = ready.send(Err(error));
                    return;
                }
            };
            while let Some(Job { samples, mut options, mut threads, reply }) = inbox.0.next() {
                options.threads = if options.abort.is_set() { 0 } else { threads() };
                let given_up = options.abort.is_set() || (options.interim && options.threads == 0);
                let heard =
                    if given_up { Err(super::aborted()) } else { recogniser.transcribe(&samples, &options) };
                inbox.0.done();
                reply(heard);
            }
        };
        let thread = std::thread::Builder::new()
            .name("recogniser".into())
            .spawn(run)
            .map_err(|e| failed("the recogniser cannot be started").because(e))?;
        let multilingual =
            loaded.recv().map_err(|e| failed("the recogniser ended while loading").because(e))??;
        Ok(Self { mailbox, thread: Some(thread), multilingual })
    }

    /// Hands a job over; never waits. A final gives up an interim that runs or waits.
    ///
    /// # Errors
    /// The job, where it was not taken.
    #[allow(clippy::result_large_err, reason = "the job goes back to its owner whole")]
    pub fn submit(&self, job: Job) -> std::result::Result<(), Refused> {
        self.mailbox.submit(job)
    }

    /// Does the model know other languages than English?
    pub fn is_multilingual(&self) -> bool {
        self.multilingual
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.mailbox.close();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the recogniser's thread panicked");
        }
    }
}

/// What waits, and what runs.
struct Mailbox {
    state: Mutex<Waiting>,
    changed: Condvar,
    bound: usize,
}

#[derive(Default)]
struct Waiting {
    finals: VecDeque<Job>,
    interim: Option<Job>,
    /// Gives up the interim job that runs.
    running: Option<Abort>,
    /// No more is taken; the finals are still done.
    closed: bool,
    /// The thread is gone.
    ended: bool,
}

impl Mailbox {
    fn new(waiting: usize) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), bound: waiting.max(1) }
    }

    fn state(&self) -> MutexGuard<'_, Waiting> {
        // No code below panics between two changes of the state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[allow(clippy::result_large_err, reason = "the job goes back to its owner whole")]
    fn submit(&self, job: Job) -> std::result::Result<(), Refused> {
        let mut state = self.state();
        if state.closed || state.ended {
            return Err(Refused::Stopped(job));
        }
        if job.options.interim {
            // One that was given up keeps its place until the thread has answered it.
            if state.interim.is_some() {
                return Err(Refused::Full(job));
            }
            state.interim = Some(job);
        } else {
            if state.finals.len() >= self.bound {
                return Err(Refused::Full(job));
            }
            state.give_interims_up();
            state.finals.push_back(job);
        }
        drop(state);
        self.changed.notify_all();
        Ok(())
    }

    /// Waits for the next job; `None` once closed and empty.
    fn next(&self) -> Option<Job> {
        let mut state = self.state();
        loop {
            if let Some(job) = state.finals.pop_front() {
                return Some(job);
            }
            if let Some(job) = state.interim.take() {
                state.running = Some(job.options.abort.clone());
                return Some(job);
            }
            if state.closed {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn done(&self) {
        self.state().running = None;
    }

    fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.give_interims_up();
        drop(state);
        self.changed.notify_all();
    }
}

impl Waiting {
    fn give_interims_up(&self) {
        let waits = self.interim.as_ref().map(|job| &job.options.abort);
        self.running.iter().chain(waits).for_each(Abort::set);
    }
}

/// The thread's end of the mailbox: whatever ends the thread, nobody waits for it then.
struct Inbox(Arc<Mailbox>);

impl Drop for Inbox {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.ended = true;
        let (finals, interim) = (std::mem::take(&mut state.finals), state.interim.take());
        drop(state);
        // Their owners hear of it by the replies that are dropped: outside of the lock.
        drop((finals, interim));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn job(name: usize, interim: bool) -> Job {
        Job {
            samples: vec![0.0; name],
            options: Options { interim, ..Options::default() },
            threads: Box::new(|| 1),
            reply: Box::new(|_| ()),
        }
    }

    fn next(mailbox: &Mailbox) -> (usize, bool) {
        mailbox.next().map(|job| (job.samples.len(), job.options.abort.is_set())).unwrap()
    }

    #[test]
    fn a_final_goes_before_an_interim_that_waits_and_gives_it_up() {
        let mailbox = Mailbox::new(2);
        assert!(mailbox.submit(job(1, true)).is_ok());
        assert!(mailbox.submit(job(2, false)).is_ok());
        assert!(mailbox.submit(job(3, false)).is_ok());
        assert_eq!([next(&mailbox), next(&mailbox), next(&mailbox)], [(2, false), (3, false), (1, true)]);
    }

    #[test]
    fn a_final_gives_up_the_interim_that_runs_and_no_final() {
        let mailbox = Mailbox::new(1);
        assert!(mailbox.submit(job(1, true)).is_ok());
        let running = mailbox.next().unwrap().options.abort;
        assert!(mailbox.submit(job(2, false)).is_ok());
        assert!(running.is_set());
        mailbox.done();
        let running = mailbox.next().unwrap().options.abort;
        assert!(mailbox.submit(job(3, false)).is_ok());
        assert!(!running.is_set(), "finals wait for each other");
    }

    #[test]
    fn both_places_are_bounded_and_say_so() {
        let mailbox = Mailbox::new(1);
        assert!(mailbox.submit(job(1, true)).is_ok());
        assert!(matches!(mailbox.submit(job(2, true)), Err(Refused::Full(job)) if job.samples.len() == 2));
        assert!(mailbox.submit(job(3, false)).is_ok());
        assert!(matches!(mailbox.submit(job(4, false)), Err(Refused::Full(_))));
    }

    #[test]
    fn what_was_taken_before_the_end_is_done_and_nothing_after() {
        let mailbox = Mailbox::new(1);
        assert!(mailbox.submit(job(1, false)).is_ok());
        mailbox.close();
        assert!(matches!(mailbox.submit(job(2, false)), Err(Refused::Stopped(_))));
        assert_eq!(next(&mailbox), (1, false));
        assert!(mailbox.next().is_none());
    }

    #[test]
    fn nobody_waits_for_a_thread_that_died() {
        let mailbox = Arc::new(Mailbox::new(1));
        let (answer, answered) = mpsc::channel::<()>();
        let waits = Job { reply: Box::new(move |_| drop(answer)), ..job(1, false) };
        assert!(mailbox.submit(waits).is_ok());
        drop(Inbox(mailbox.clone()));
        assert!(answered.recv().is_err());
        assert!(matches!(mailbox.submit(job(2, false)), Err(Refused::Stopped(_))));
    }
}
