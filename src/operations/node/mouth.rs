//! The voice's thread: lines in, sounds out, one job at a time.
//!
//! The voice owns its thread and a bounded mailbox (house plan, decision 3). It asks for
//! cores clause by clause, so that decoding and other voices get their turn in between.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::core::cores::{Class, Cores};
use crate::exit::speak::say::Sayer;
use crate::exit::speak::voice::Pcm;
use crate::operations::outcome::{Error, Kind, Result};

/// Jobs that may wait for the voice; one more is refused.
const MAILBOX: usize = 8;
/// Clauses that may wait for a slow listener.
const AHEAD: usize = 4;

/// One clause as sound.
#[derive(Debug)]
pub struct Sound {
    /// The samples.
    pub pcm: Pcm,
    /// Which line it belongs to, from 0.
    pub line: usize,
    /// Is it the last clause of the last line?
    pub last: bool,
    /// Time spent waiting for the voice and its cores.
    pub wait: Duration,
}

struct Job {
    lines: Vec<String>,
    sounds: mpsc::Sender<Result<Sound>>,
}

/// The handle of the voice's thread.
#[derive(Debug, Clone)]
pub struct Mouth {
    mailbox: SyncSender<Job>,
    /// Which voice it is, for the panel and the audit.
    pub name: String,
}

impl Mouth {
    /// Starts the thread.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn start(sayer: Sayer, name: String, cores: Cores) -> Result<Mouth> {
        let (mailbox, jobs) = sync_channel(MAILBOX);
        std::thread::Builder::new()
            .name("voice".into())
            .spawn(move || run(sayer, &jobs, &cores))
            .map_err(|e| Error::new(Kind::Failed, "cannot start the voice's thread").because(e))?;
        Ok(Mouth { mailbox, name })
    }

    /// Has lines spoken, in order. Dropping the receiver stops the work at the next clause.
    ///
    /// # Errors
    /// The mailbox is full, or the voice is gone.
    pub fn say(&self, lines: Vec<String>) -> Result<mpsc::Receiver<Result<Sound>>> {
        let (sounds, heard) = mpsc::channel(AHEAD);
        match self.mailbox.try_send(Job { lines, sounds }) {
            Ok(()) => Ok(heard),
            Err(TrySendError::Full(_)) => {
                Err(Error::new(Kind::Failed, format!("{MAILBOX} answers wait for the voice already")))
            }
            Err(TrySendError::Disconnected(_)) => Err(Error::new(Kind::Failed, "the voice is gone")),
        }
    }
}

fn run(mut sayer: Sayer, jobs: &Receiver<Job>, cores: &Cores) {
    while let Ok(Job { lines, sounds }) = jobs.recv() {
        let clauses: Vec<_> = lines
            .iter()
            .enumerate()
            .flat_map(|(n, line)| sayer.clauses(line).into_iter().map(move |c| (n, c)))
            .collect();
        let count = clauses.len();
        for (i, (line, clause)) in clauses.into_iter().enumerate() {
            if sounds.is_closed() {
                break;
            }
            let lease = cores.lease(Class::Speech, cores.total());
            let wait = lease.waited();
            let made = sayer.speak(&clause, lease.threads());
            drop(lease);
            let sound = match made {
                Ok(pcm) => Ok(Sound { pcm, line, last: i + 1 == count, wait }),
                Err(e) => Err(e.into()),
            };
            let broken = sound.is_err();
            if sounds.blocking_send(sound).is_err() || broken {
                break;
            }
        }
    }
}
