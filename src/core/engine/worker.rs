//! The handle to the model's thread.
//!
//! [`Engine::submit`] tokenises on the caller's thread, asks the scheduler for admission and
//! hands back a [`Stream`]; the model's thread ([`room`](super::room)) computes steps for all
//! that are in flight. A stream has room for everything that its request can ever say, so the
//! model never waits for a slow reader, and it is bounded by the request's own `max_tokens`.
//! Dropping a stream cancels its request; dropping the engine ends what runs, refuses what
//! waits, and joins.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::chat::Chat;
use super::constraint::Automaton;
use super::errand::{Errand, Load};
use super::kv::{Cache, Counts, PAGE};
use super::model::{self, Forward, Identity};
use super::room::Room;
use super::scheduler::{Settings, State, Why};
use super::{Constraint, Finish, Refusal, Request, Task, Update};
use crate::core::cores::{Clock, Cores};
use crate::core::{Error, Kind, Result};

/// How an engine is run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// Threads to lease for a step.
    pub threads: usize,
    /// Where packed weights are kept; `None` for a directory `packed` beside the model.
    pub packed: Option<PathBuf>,
    /// Memory for the KV cache, MiB.
    pub kv_mib: usize,
    /// Are drafts taken from the prompt verified along with each token? The text is the same.
    pub speculate: bool,
    /// How requests are put together; `kv_tokens` at most what the cache holds.
    pub settings: Settings,
}

impl Default for Options {
    fn default() -> Self {
        let settings = Settings { kv_tokens: usize::MAX, ..Settings::default() };
        Self { threads: 2, packed: None, kv_mib: 256, speculate: true, settings }
    }
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
    /// Requests in flight.
    pub in_flight: usize,
    /// How many may be.
    pub slots: usize,
    /// Rows (tokens read or written) of the last step.
    pub step_rows: usize,
    /// Steps since the start.
    pub steps: u64,
    /// Prompt tokens per second in full steps, as measured of late.
    pub prefill_tps: f64,
    /// New tokens per second of a lone request, as measured of late.
    pub decode_tps: f64,
    /// Drafted tokens since the start, and those of them that were right.
    pub drafted: (u64, u64),
    /// Pages of the KV cache, and what was found there.
    pub kv: Counts,
    /// The model's file name.
    pub model: String,
    /// Tokens that prompt and answer may have together.
    pub window: usize,
}

impl Status {
    /// The share of prompt tokens that were found in the KV cache, 0 to 1.
    pub fn reused_share(&self) -> f64 {
        self.kv.hit_tokens as f64 / self.kv.asked_tokens.max(1) as f64
    }

    /// The share of drafted tokens that were right, 0 to 1.
    pub fn accepted_share(&self) -> f64 {
        self.drafted.1 as f64 / self.drafted.0.max(1) as f64
    }
}

/// What is behind the lock.
pub(super) struct Inner {
    pub scheduler: State<Load>,
    pub cache: Cache,
    window: usize,
    /// Jobs of the model's thread.
    pub in_flight: usize,
    step_rows: usize,
    steps: u64,
    drafted: (u64, u64),
    /// The engine is being dropped.
    pub stopping: bool,
    /// The thread is gone.
    pub gone: bool,
}

impl Inner {
    pub fn new(scheduler: State<Load>, cache: Cache, window: usize) -> Self {
        Self {
            scheduler,
            cache,
            window,
            in_flight: 0,
            step_rows: 0,
            steps: 0,
            drafted: (0, 0),
            stopping: false,
            gone: false,
        }
    }

    pub fn saw_step(&mut self, rows: usize) {
        self.step_rows = rows;
        self.steps += 1;
    }

    pub fn saw_draft(&mut self, (drafted, right): (usize, usize)) {
        self.drafted.0 += drafted as u64;
        self.drafted.1 += right as u64;
    }

    /// Tells those who were dropped from the queue.
    pub fn tell_dropped(&mut self) {
        for (load, why) in self.scheduler.take_dropped() {
            let done = |finish| Update::Done { finish, tokens: 0, ms: 0.0 };
            load.say(match why {
                Why::Cancelled => done(Finish::Cancelled),
                Why::Late => done(Finish::Late),
                Why::Refused(refusal) => Update::Refused(refusal),
            });
        }
    }
}

/// What the handle and the thread share.
pub(super) struct Shared {
    inner: Mutex<Inner>,
    pub changed: Condvar,
}

impl Shared {
    pub fn new(inner: Inner) -> Self {
        Self { inner: Mutex::new(inner), changed: Condvar::new() }
    }

    pub fn inner(&self) -> MutexGuard<'_, Inner> {
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

/// A model with all that belongs to it.
pub type Opened = (Box<dyn Forward + Send>, Chat, Identity);

/// Opens the model of a file: the one place that says which implementation computes.
///
/// # Errors
/// [`Kind::Io`] and [`Kind::Model`] where the file cannot be loaded.
fn open(path: &Path, options: &Options) -> Result<Opened> {
    let beside = || path.parent().unwrap_or(Path::new("")).join("packed");
    let packed = options.packed.clone().unwrap_or_else(beside);
    let model::Loaded { decoder, chat, identity } =
        model::load(path, &packed, options.kv_mib << 20, options.threads)?;
    Ok((Box::new(decoder), chat, identity))
}

/// What the thread reports once it is ready.
struct Ready {
    shared: Arc<Shared>,
    chat: Arc<Chat>,
    identity: Identity,
}

impl Engine {
    /// Loads a model on a thread of its own, warms it up and measures it, and then returns.
    ///
    /// # Errors
    /// [`Kind::Io`] and [`Kind::Model`] where the file cannot be loaded, [`Kind::Compute`]
    /// where the model cannot run.
    pub fn spawn(path: &Path, options: Options, cores: Cores, clock: Arc<dyn Clock>) -> Result<Self> {
        let there: PathBuf = path.to_owned();
        let (name, how) = (path.display().to_string(), options.clone());
        Self::spawn_with(&name, move || open(&there, &how), options, cores, clock)
    }

    /// As [`Engine::spawn`], with a model of the caller's own; `name` is what errors call it.
    ///
    /// # Errors
    /// Those of `open`, and [`Kind::Compute`] where the model cannot run.
    pub fn spawn_with(
        name: &str,
        open: impl FnOnce() -> Result<Opened> + Send + 'static,
        options: Options,
        cores: Cores,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let (report, ready) = std::sync::mpsc::sync_channel(1);
        let clock_there = clock.clone();
        let thread = thread::Builder::new()
            .name("engine".to_owned())
            .spawn(move || {
                let opened = open().and_then(|(model, chat, identity)| {
                    Ok((Room::open(model, chat, options, cores, clock_there)?, identity))
                });
                let (mut room, identity) = match opened {
                    Ok(opened) => opened,
                    Err(error) => {
                        let _ = report.send(Err(error));
                        return;
                    }
                };
                let here = Ready { shared: room.shared.clone(), chat: room.chat.clone(), identity };
                if report.send(Ok(here)).is_ok() {
                    room.work();
                }
            })
            .map_err(|e| Error::new(Kind::Compute, "cannot start the model's thread").because(e))?;
        match ready.recv() {
            Ok(Ok(Ready { shared, chat, identity })) => {
                let window = shared.inner().window;
                Ok(Self { shared, chat, clock, identity, window, thread: Some(thread) })
            }
            Ok(Err(error)) => Err(error),
            // The thread ended without a word: a library below panicked over the file.
            Err(_) => Err(Error::new(Kind::Model, format!("{name} cannot be loaded: the loader gave up"))
                .hint("millwright models verify")),
        }
    }

    /// Hands a request in.
    ///
    /// # Errors
    /// A [`Refusal`] at the door: too long for the window, too late for its deadline, the
    /// queue at its bound, or no model.
    pub fn submit(&self, request: Request) -> std::result::Result<Stream, Refusal> {
        let (ids, errand) = self.errand(&request).map_err(|error| {
            tracing::error!(%error, "the prompt cannot be tokenised");
            Refusal::Gone
        })?;
        if ids.len() >= self.window {
            return Err(Refusal::TooLong { tokens: ids.len(), window: self.window });
        }
        let (updates, from_model) = mpsc::channel(1);
        let arrived = self.clock.now();
        let mut load = Load { ids, errand, class: request.class, arrived, updates };
        if let Errand::Write { automaton, limit } = &mut load.errand
            && automaton.streams()
        {
            *limit = (*limit).min(self.window - load.ids.len());
        }
        if load.longest() > self.window {
            return Err(Refusal::TooLong { tokens: load.longest(), window: self.window });
        }
        drop(from_model);
        let (updates, from_model) = mpsc::channel(load.updates());
        load.updates = updates;
        let cancel = request.cancel.clone();
        let mut inner = self.shared.inner();
        if inner.gone || inner.stopping {
            return Err(Refusal::Gone);
        }
        let ask = load.ask(&request, inner.cache.peek(&load.ids));
        let taken = inner.scheduler.push(ask, load, arrived);
        inner.tell_dropped();
        drop(inner);
        taken?;
        self.shared.changed.notify_one();
        Ok(Stream { from_model, cancel, ended: false })
    }

    /// The request in tokens.
    fn errand(&self, request: &Request) -> Result<(Vec<u32>, Errand)> {
        let vocabulary = self.chat.vocabulary();
        match &request.task {
            Task::Write { constraint, max_tokens } => {
                let automaton = Automaton::new(constraint, vocabulary)?;
                let limit = match constraint {
                    // The limit is not for choices: one ends by itself, and half of one would
                    // be none of them. Each of its bytes is a token at most.
                    Constraint::Choice(texts) => texts.iter().map(String::len).max().unwrap_or(0) + 1,
                    _ => *max_tokens,
                };
                Ok((self.chat.render(&request.prompt)?, Errand::Write { automaton, limit }))
            }
            Task::Score(texts) => {
                let texts = texts.iter().map(|t| vocabulary.encode(t)).collect::<Result<_>>()?;
                Ok((self.chat.render(&request.prompt)?, Errand::Score(texts)))
            }
            Task::Read => {
                let mut ids = self.chat.render_prefix(&request.prompt)?;
                // What fills no page cannot be kept: one token of it stands for what follows.
                ids.truncate(ids.len() / PAGE * PAGE);
                ids.push(0);
                Ok((ids, Errand::Read))
            }
        }
    }

    /// How many tokens a text has for this model.
    pub fn count_tokens(&self, text: &str) -> usize {
        // A text that the tokenizer fails on counts as its bytes: never too few.
        self.chat.vocabulary().encode(text).map_or(text.len(), |ids| ids.len())
    }

    /// What it is doing.
    pub fn status(&self) -> Status {
        let mut inner = self.shared.inner();
        let (settings, cost) = (*inner.scheduler.settings(), inner.scheduler.cost().clone());
        Status {
            queue_len: inner.scheduler.waiting(),
            bound: settings.queue_bound,
            busy: inner.in_flight > 0,
            in_flight: inner.in_flight,
            slots: settings.slots,
            step_rows: inner.step_rows,
            steps: inner.steps,
            prefill_tps: cost.prefill_tps(settings.step_tokens),
            decode_tps: cost.decode_tps(),
            drafted: inner.drafted,
            kv: inner.cache.counts(),
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
    fn a_file_that_is_no_model_is_refused_with_a_way_out() {
        struct Still;
        impl Clock for Still {
            fn now(&self) -> crate::core::Moment {
                crate::core::Moment::ZERO
            }
        }
        let spawn = |path: &Path| {
            let clock: Arc<dyn Clock> = Arc::new(Still);
            Engine::spawn(path, Options::default(), Cores::new(2, clock.clone()), clock).unwrap_err()
        };
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("letter.gguf");
        std::fs::write(&path, "Dear technician,").unwrap();
        let error = spawn(&path);
        assert_eq!((error.kind, error.hint.as_str()), (Kind::Model, "millwright models verify"));
        let error = spawn(&dir.path().join("none.gguf"));
        assert_eq!((error.kind, error.hint.as_str()), (Kind::Io, "millwright models pull answerer"));
    }

    #[test]
    fn dropping_a_stream_before_its_end_cancels_the_request() {
        let (_updates, from_model) = mpsc::channel(4);
        let cancel = Cancel::default();
        drop(Stream { from_model, cancel: cancel.clone(), ended: false });
        assert!(cancel.is_raised());
    }
}
