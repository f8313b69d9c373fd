//! The model's thread and the handle to it.
//!
//! [`Engine::submit`] tokenises on the caller's thread, asks the queue for admission and
//! hands back a [`Stream`]; the model's thread takes one request after the other. A stream
//! has room for everything that its request can ever say, so the model never waits for a
//! slow reader, and it is bounded by the request's own `max_tokens`. Dropping a stream
//! cancels its request; dropping the engine ends what runs, refuses what waits, and joins.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::candle::{Identity, Model};
use super::chat::Chat;
use super::job::{Bench, Load, Measured};
use super::queue::{self, Rates, Why};
use super::{Class, Finish, Refusal, Request, Update};
use crate::core::cores::{Clock, Cores};
use crate::core::{Error, Kind, Result};

/// How an engine is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// At most so many requests wait.
    pub queue_bound: usize,
    /// Threads to lease for a step.
    pub threads: usize,
}

/// What an engine is doing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Requests that wait.
    pub queue_len: usize,
    /// How many may.
    pub bound: usize,
    /// Is one being served?
    pub busy: bool,
    /// Prompt tokens per second, as measured of late.
    pub prefill_tps: f64,
    /// New tokens per second, as measured of late.
    pub decode_tps: f64,
    /// The model's file name.
    pub model: String,
    /// Tokens that prompt and answer may have together.
    pub window: usize,
}

struct Inner {
    queue: queue::State<Load>,
    rates: Rates,
    busy: bool,
    /// The engine is being dropped.
    stopping: bool,
    /// The thread is gone.
    gone: bool,
}

/// What the handle and the thread share.
struct Shared {
    inner: Mutex<Inner>,
    changed: Condvar,
}

impl Shared {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One resident model behind one bounded queue. Not to be dropped by a thread that holds a
/// lease of cores: dropping waits for the model's thread, which may wait for cores.
pub struct Engine {
    shared: Arc<Shared>,
    chat: Arc<Chat>,
    clock: Arc<dyn Clock>,
    identity: Identity,
    window: usize,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("identity", &self.identity).finish_non_exhaustive()
    }
}

/// What the thread reports once it is ready.
struct Ready {
    shared: Arc<Shared>,
    chat: Arc<Chat>,
    identity: Identity,
    window: usize,
}

impl Engine {
    /// Loads a model on a thread of its own, warms it up and measures it, and then returns.
    ///
    /// # Errors
    /// [`Kind::Io`] and [`Kind::Model`] where the file cannot be loaded, [`Kind::Compute`]
    /// where the model cannot run.
    pub fn spawn(path: &Path, options: Options, cores: Cores, clock: Arc<dyn Clock>) -> Result<Self> {
        let (report, ready) = std::sync::mpsc::sync_channel(1);
        let path_there: PathBuf = path.to_owned();
        let clock_there = clock.clone();
        let thread = thread::Builder::new()
            .name("engine".to_owned())
            .spawn(move || {
                let mut room = match Room::open(&path_there, options, cores, clock_there) {
                    Ok(room) => room,
                    Err(error) => {
                        let _ = report.send(Err(error));
                        return;
                    }
                };
                let here = Ready {
                    shared: room.shared.clone(),
                    chat: room.chat.clone(),
                    identity: room.identity.clone(),
                    window: room.model.window(),
                };
                if report.send(Ok(here)).is_ok() {
                    room.work();
                }
            })
            .map_err(|e| Error::new(Kind::Compute, "cannot start the model's thread").because(e))?;
        match ready.recv() {
            Ok(Ok(Ready { shared, chat, identity, window })) => {
                Ok(Self { shared, chat, clock, identity, window, thread: Some(thread) })
            }
            Ok(Err(error)) => Err(error),
            // The thread ended without a word: a library below panicked over the file.
            Err(_) => Err(Error::new(
                Kind::Model,
                format!("{} cannot be loaded: the loader gave up", path.display()),
            )
            .hint("millwright models verify")),
        }
    }

    /// Hands a request in.
    ///
    /// # Errors
    /// A [`Refusal`] at the door: too long for the window, too late for its deadline, the
    /// queue at its bound, or no model.
    pub fn submit(&self, request: Request) -> std::result::Result<Stream, Refusal> {
        let ids = self.chat.render(&request.prompt).map_err(|error| {
            tracing::error!(%error, "the prompt cannot be tokenised");
            Refusal::Gone
        })?;
        if ids.len() >= self.window {
            return Err(Refusal::TooLong { tokens: ids.len(), window: self.window });
        }
        // Started, Prefilled, a text per token or one choice, and the end.
        let room = request.task.max_tokens().min(self.window) + 4;
        let (updates, from_model) = mpsc::channel(room);
        let cancel = request.cancel.clone();
        let mut inner = self.shared.inner();
        if inner.gone || inner.stopping {
            return Err(Refusal::Gone);
        }
        let work = inner.rates.work(ids.len(), request.task.max_tokens());
        let taken = inner.queue.push(request, work, Load { ids, updates }, self.clock.now());
        tell_dropped(&mut inner.queue);
        if matches!(taken, Err(Refusal::TooLate { .. })) && !inner.busy && inner.queue.is_empty() {
            inner.rates.saw_refusal();
        }
        drop(inner);
        taken?;
        self.shared.changed.notify_one();
        Ok(Stream { from_model, cancel, ended: false })
    }

    /// How many tokens a text has for this model.
    pub fn count_tokens(&self, text: &str) -> usize {
        // A text that the tokenizer fails on counts as its bytes: never too few.
        self.chat.vocabulary().encode(text).map_or(text.len(), |ids| ids.len())
    }

    /// What it is doing.
    pub fn status(&self) -> Status {
        let inner = self.shared.inner();
        Status {
            queue_len: inner.queue.len(),
            bound: inner.queue.bound(),
            busy: inner.busy,
            prefill_tps: inner.rates.prefill_tps,
            decode_tps: inner.rates.decode_tps,
            model: self.identity.file.clone(),
            window: self.window,
        }
    }

    /// What the model is, for the audit.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.shared.inner().stopping = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // A panic over there was already told to every asker.
            let _ = thread.join();
        }
    }
}

/// The updates of one request. Ends with `Done`, `Refused` or `Failed`, exactly once.
/// Dropping it cancels the request.
#[derive(Debug)]
pub struct Stream {
    from_model: mpsc::Receiver<Update>,
    cancel: super::Cancel,
    ended: bool,
}

impl Stream {
    /// The next update; `None` after the last.
    pub async fn next(&mut self) -> Option<Update> {
        if self.ended {
            return None;
        }
        let update = self.from_model.recv().await;
        Some(self.pass(update))
    }

    /// The next update, for threads outside an async runtime.
    pub fn blocking_next(&mut self) -> Option<Update> {
        if self.ended {
            return None;
        }
        let update = self.from_model.blocking_recv();
        Some(self.pass(update))
    }

    /// A channel that closes before the end means that the model's thread died.
    fn pass(&mut self, update: Option<Update>) -> Update {
        let update = update.unwrap_or(Update::Refused(Refusal::Gone));
        self.ended = matches!(update, Update::Done { .. } | Update::Refused(_) | Update::Failed(_));
        update
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if !self.ended {
            self.cancel.raise();
        }
    }
}

/// The model's thread.
struct Room {
    shared: Arc<Shared>,
    model: Model,
    chat: Arc<Chat>,
    identity: Identity,
    cores: Cores,
    clock: Arc<dyn Clock>,
    threads: usize,
}

impl Room {
    fn open(path: &Path, options: Options, cores: Cores, clock: Arc<dyn Clock>) -> Result<Self> {
        let (mut model, chat, identity) = Model::load(path)?;
        let (prefill_tps, decode_tps) = Bench {
            model: &mut model,
            chat: &chat,
            cores: &cores,
            clock: &*clock,
            threads: options.threads,
            stop: &|_| None,
        }
        .warm_up()?;
        tracing::info!(model = %identity.file, prefill_tps, decode_tps, "model ready");
        let inner = Inner {
            queue: queue::State::new(options.queue_bound),
            rates: Rates::new(prefill_tps, decode_tps),
            busy: false,
            stopping: false,
            gone: false,
        };
        let shared = Arc::new(Shared { inner: Mutex::new(inner), changed: Condvar::new() });
        Ok(Self { shared, model, chat: Arc::new(chat), identity, cores, clock, threads: options.threads })
    }

    /// Serves until the engine is dropped.
    fn work(&mut self) {
        let _farewell = Farewell(self.shared.clone());
        while let Some(waiting) = self.next() {
            let shared = self.shared.clone();
            let stop = move |class: Class| stop(&shared, class);
            let measured = Bench {
                model: &mut self.model,
                chat: &self.chat,
                cores: &self.cores,
                clock: &*self.clock,
                threads: self.threads,
                stop: &stop,
            }
            .serve(&waiting.request, &waiting.load, waiting.arrived);
            self.book(measured);
        }
    }

    /// Waits for a request; `None` when the engine is being dropped.
    fn next(&self) -> Option<queue::Waiting<Load>> {
        let mut inner = self.shared.inner();
        loop {
            if inner.stopping {
                return None;
            }
            let next = inner.queue.pop(self.clock.now());
            tell_dropped(&mut inner.queue);
            if next.is_some() {
                inner.busy = true;
                return next;
            }
            inner = self.shared.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn book(&self, measured: Measured) {
        let mut inner = self.shared.inner();
        inner.busy = false;
        inner.queue.idle();
        inner.rates.saw_prefill(measured.prefill.0, measured.prefill.1);
        inner.rates.saw_decode(measured.decode.0, measured.decode.1);
        if let Some(tokens) = measured.answer {
            inner.rates.saw_answer(tokens);
        }
    }
}

/// Must a request of this class stop between two steps? Guessed work makes way for a real
/// request; everything ends with the engine.
fn stop(shared: &Shared, class: Class) -> Option<Refusal> {
    let inner = shared.inner();
    if inner.stopping {
        return Some(Refusal::Gone);
    }
    let urgent = inner.queue.next_class().is_some_and(|next| next < class);
    (class == Class::Idle && urgent).then(|| Refusal::Full { bound: inner.queue.bound() })
}

/// Tells those who were dropped from the queue.
fn tell_dropped(queue: &mut queue::State<Load>) {
    for (waiting, why) in queue.take_dropped() {
        let update = match why {
            Why::Cancelled => Update::Done { finish: Finish::Cancelled, tokens: 0, ms: 0.0 },
            Why::Refused(refusal) => Update::Refused(refusal),
        };
        let _ = waiting.load.updates.try_send(update);
    }
}

/// However the thread ends, by a panic too, everybody hears of it.
struct Farewell(Arc<Shared>);

impl Drop for Farewell {
    fn drop(&mut self) {
        let mut inner = self.0.inner();
        inner.gone = true;
        inner.busy = false;
        for waiting in inner.queue.drain() {
            let _ = waiting.load.updates.try_send(Update::Refused(Refusal::Gone));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::core::engine::Cancel;

    #[test]
    fn a_thread_that_died_ends_every_stream_once_with_gone() {
        let (updates, from_model) = mpsc::channel(4);
        let mut stream = Stream { from_model, cancel: Cancel::default(), ended: false };
        updates.try_send(Update::Started { wait_ms: 0.0 }).unwrap();
        drop(updates);
        assert_eq!(stream.blocking_next(), Some(Update::Started { wait_ms: 0.0 }));
        assert_eq!(stream.blocking_next(), Some(Update::Refused(Refusal::Gone)));
        assert_eq!(stream.blocking_next(), None);
    }

    #[test]
    fn dropping_a_stream_before_its_end_cancels_the_request() {
        let (_updates, from_model) = mpsc::channel(4);
        let cancel = Cancel::default();
        drop(Stream { from_model, cancel: cancel.clone(), ended: false });
        assert!(cancel.is_raised());
    }
}
