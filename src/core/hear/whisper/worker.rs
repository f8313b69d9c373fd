//! The recogniser's thread: one model, one mailbox, one utterance at a time.

use std::path::PathBuf;
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::thread::JoinHandle;

use super::super::Transcript;
use super::{Options, Recogniser};
use crate::core::{Error, Kind, Result};

/// An utterance for the worker.
pub struct Job {
    /// Mono, 16 kHz.
    pub samples: Vec<f32>,
    /// How to hear it; `threads` is asked of the function below instead.
    pub options: Options,
    /// Asked for the number of threads when the worker begins with this job: the place to
    /// wait for a lease of cores.
    pub threads: Box<dyn FnMut() -> usize + Send>,
    /// Given the result, on the worker's thread. Dropped uncalled where the worker is
    /// dropped before it came to this job.
    pub reply: Box<dyn FnOnce(Result<Transcript>) + Send>,
}

/// A job that was not taken, handed back.
pub enum Refused {
    /// As many jobs wait as may wait.
    Full(Job),
    /// The thread has ended.
    Stopped(Job),
}

/// The running recogniser. Dropping it ends the thread after the jobs that wait.
pub struct Worker {
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
    multilingual: bool,
}

impl Worker {
    /// Loads the model at `path` on a thread of its own, runs it once so that the first
    /// question finds it warm, and returns when it is ready. At most `waiting` jobs wait.
    ///
    /// # Errors
    /// As [`Recogniser::load`]; `Compute` where the system has no thread left.
    pub fn spawn(path: PathBuf, waiting: usize) -> Result<Self> {
        let (jobs, mailbox) = mpsc::sync_channel::<Job>(waiting.max(1));
        let (ready, loaded) = mpsc::sync_channel(1);
        let failed = |what: &str| Error::new(Kind::Compute, what.to_owned());
        let run = move || {
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
            for Job { samples, mut options, mut threads, reply } in mailbox {
                let heard = if options.abort.is_set() {
                    Err(super::aborted())
                } else {
                    options.threads = threads();
                    recogniser.transcribe(&samples, &options)
                };
                reply(heard);
            }
        };
        let thread = std::thread::Builder::new()
            .name("recogniser".into())
            .spawn(run)
            .map_err(|e| failed("the recogniser cannot be started").because(e))?;
        let multilingual =
            loaded.recv().map_err(|e| failed("the recogniser ended while loading").because(e))??;
        Ok(Self { jobs: Some(jobs), thread: Some(thread), multilingual })
    }

    /// Hands a job over; never waits.
    ///
    /// # Errors
    /// The job, where it was not taken.
    #[allow(clippy::result_large_err, reason = "the job goes back to its owner whole")]
    pub fn submit(&self, job: Job) -> std::result::Result<(), Refused> {
        let Some(jobs) = &self.jobs else {
            return Err(Refused::Stopped(job));
        };
        jobs.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(job) => Refused::Full(job),
            TrySendError::Disconnected(job) => Refused::Stopped(job),
        })
    }

    /// Does the model know other languages than English?
    pub fn is_multilingual(&self) -> bool {
        self.multilingual
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the recogniser's thread panicked");
        }
    }
}
