//! Models in memory: loaded once, on first need, and shared by every client of the node.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::ahead;
use super::mouth::Mouth;
use crate::core::cores::{Clock, Cores};
use crate::core::engine::model::Identity;
use crate::core::engine::worker::{Engine, Options};
use crate::core::hear::whisper::{Recogniser, Worker};
use crate::core::knowledge::generation;
use crate::exit::speak::say::Sayer;
use crate::exit::speak::voice::pick_voice;
use crate::operations::config::Config;
use crate::operations::models::choose::{BUDGET, Candidate, Measured, choose};
use crate::operations::models::embedder::Embedder;
use crate::operations::models::{Located, Role, Store};
use crate::operations::outcome::{Error, Kind, Result};
use crate::operations::platform;

/// The recogniser that the languages and this machine call for.
const AUTO: &str = "auto";
/// Utterances that may wait for the recogniser; one more is refused.
const UTTERANCES: usize = 4;

/// The models of a node. At most one of each role is in memory.
pub struct Resident {
    data: PathBuf,
    config: Config,
    cores: Cores,
    clock: Arc<dyn Clock>,
    hear: tokio::sync::Mutex<Option<Arc<Worker>>>,
    answer: tokio::sync::Mutex<Option<(String, Arc<Engine>)>>,
    speak: tokio::sync::Mutex<Option<Mouth>>,
    embed: tokio::sync::Mutex<Option<Arc<Embedder>>>,
    /// What the panel and the audit say about them; never waits for a load.
    names: Mutex<Names>,
}

#[derive(Default)]
struct Names {
    recogniser: String,
    answerer: String,
    answerer_identity: String,
    voice: String,
    embedder: String,
    engine: Option<std::sync::Weak<Engine>>,
}

impl Resident {
    /// Nothing is loaded yet.
    pub fn new(data: &Path, config: &Config, cores: Cores, clock: Arc<dyn Clock>) -> Resident {
        Resident {
            data: data.to_owned(),
            config: config.clone(),
            cores,
            clock,
            hear: tokio::sync::Mutex::new(None),
            answer: tokio::sync::Mutex::new(None),
            speak: tokio::sync::Mutex::new(None),
            embed: tokio::sync::Mutex::new(None),
            names: Mutex::new(Names::default()),
        }
    }

    /// The recogniser's thread.
    ///
    /// # Errors
    /// The model is missing or cannot be loaded.
    pub async fn recogniser(&self) -> Result<Arc<Worker>> {
        let mut slot = self.hear.lock().await;
        if let Some(worker) = slot.as_ref() {
            return Ok(worker.clone());
        }
        let (named, data, threads) =
            (self.config.models.recogniser.clone(), self.data.clone(), self.config.threads());
        let load = move || -> Result<(String, Worker)> {
            let id = if named == AUTO { pick_recogniser(&data, &languages(&data), threads)? } else { named };
            let path = Store::open(&data)?.locate(Role::Recogniser, Some(&id))?.path;
            Ok((id, Worker::spawn(path, UTTERANCES)?))
        };
        let (id, worker) = tokio::task::spawn_blocking(load).await.map_err(crashed)??;
        let worker = Arc::new(worker);
        self.known().recogniser = id;
        *slot = Some(worker.clone());
        Ok(worker)
    }

    /// The id of the recogniser in memory, what `auto` came to be; the configured one where
    /// none is.
    pub fn recogniser_name(&self) -> String {
        let loaded = self.known().recogniser.clone();
        if loaded.is_empty() { self.config.models.recogniser.clone() } else { loaded }
    }

    /// The language model; `""` means the configured one. Another model than the resident
    /// one takes its place: there is one in memory.
    ///
    /// # Errors
    /// The model is missing or cannot be loaded.
    pub async fn engine(&self, model: &str) -> Result<Arc<Engine>> {
        let id = if model.is_empty() { &self.config.models.answerer } else { model }.to_owned();
        let mut slot = self.answer.lock().await;
        if let Some((resident, engine)) = slot.as_ref()
            && *resident == id
        {
            return Ok(engine.clone());
        }
        let located = self.locate(Role::Answerer, &id)?;
        *slot = None;
        let packed = Some(self.data.join("models").join("packed"));
        let options = Options { packed, ..self.config.engine.options(self.config.threads()) };
        let (cores, clock) = (self.cores.clone(), self.clock.clone());
        let file = located.path.clone();
        let engine = tokio::task::spawn_blocking(move || Engine::spawn(&file, options, cores, clock))
            .await
            .map_err(crashed)??;
        let engine = Arc::new(engine);
        {
            let mut names = self.known();
            names.answerer = id.clone();
            names.answerer_identity = identity(&located, engine.identity());
            names.engine = Some(Arc::downgrade(&engine));
        }
        tokio::spawn(ahead::read_system(engine.clone(), self.clock.now()));
        *slot = Some((id, engine.clone()));
        Ok(engine)
    }

    /// The language model where one is in memory; nothing is loaded.
    pub fn engine_here(&self) -> Option<Arc<Engine>> {
        self.known().engine.as_ref().and_then(std::sync::Weak::upgrade)
    }

    /// The voice's thread.
    ///
    /// # Errors
    /// Neither a voice model nor espeak-ng is there.
    pub async fn voice(&self) -> Result<Mouth> {
        let mut slot = self.speak.lock().await;
        if let Some(mouth) = slot.as_ref() {
            return Ok(mouth.clone());
        }
        let (data, id) = (self.data.clone(), self.config.models.voice.clone());
        let cores = self.cores.clone();
        let mouth = tokio::task::spawn_blocking(move || {
            let picked = pick_voice(&data.join("models"), Some(&id), "en");
            let name = picked.why.clone();
            Mouth::start(Sayer::new(picked.required()?, "en"), name, cores)
        })
        .await
        .map_err(crashed)??;
        self.known().voice = mouth.name.clone();
        *slot = Some(mouth.clone());
        Ok(mouth)
    }

    /// What makes vectors of texts; `None` where none is configured or installed, which is
    /// no error: then words alone are searched.
    ///
    /// # Errors
    /// The installed one cannot be loaded.
    pub async fn embedder(&self) -> Result<Option<Arc<Embedder>>> {
        let mut slot = self.embed.lock().await;
        if let Some(embedder) = slot.as_ref() {
            return Ok(Some(embedder.clone()));
        }
        let (data, id) = (self.data.clone(), self.config.models.embedder.clone());
        let named = id.clone();
        let opened =
            tokio::task::spawn_blocking(move || Embedder::open(&data, &named)).await.map_err(crashed)??;
        let Some(embedder) = opened.map(Arc::new) else { return Ok(None) };
        self.known().embedder = id;
        *slot = Some(embedder.clone());
        Ok(Some(embedder))
    }

    fn known(&self) -> MutexGuard<'_, Names> {
        self.names.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Which models are in memory.
    pub fn names(&self) -> Vec<String> {
        let names = self.known();
        [&names.recogniser, &names.answerer, &names.voice, &names.embedder]
            .into_iter()
            .filter(|n| !n.is_empty())
            .cloned()
            .collect()
    }

    /// The answerer's identity (file, architecture, weights, instruction-set path, SHA-256), `""` where none was loaded.
    pub fn answerer(&self) -> String {
        self.known().answerer_identity.clone()
    }

    fn locate(&self, role: Role, named: &str) -> Result<Located> {
        Store::open(&self.data)?.locate(role, Some(named))
    }

    /// Requests that wait for the model, and the queue's bound.
    pub fn queue(&self) -> (usize, usize) {
        let engine = self.known().engine.as_ref().and_then(std::sync::Weak::upgrade);
        engine.map_or((0, self.config.engine.queue_bound), |e| {
            let status = e.status();
            (status.queue_len, status.bound)
        })
    }
}

/// The languages of the indexed manuals: what people here may speak.
fn languages(data: &Path) -> Vec<String> {
    let generations = generation::open_all(data, None).map_or_else(|_| Vec::new(), |store| store.generations);
    let all: BTreeSet<&String> = generations.iter().flat_map(|g| &g.vocabulary.languages).collect();
    all.into_iter().cloned().collect()
}

/// What `auto` means here: measures each installed recogniser that was not yet measured on this
/// machine, while nothing else of the node computes in it.
fn pick_recogniser(data: &Path, needed: &[String], threads: usize) -> Result<String> {
    let store = Store::open(data)?;
    let machine = platform::machine();
    let mut measured = Measured::load(data);
    let mut candidates = Vec::new();
    for row in store.list().into_iter().filter(|r| r.role == Role::Recogniser && r.installed) {
        let located = store.locate(Role::Recogniser, Some(&row.id))?;
        let sha = located.sha256.as_ref().map(ToString::to_string).unwrap_or_default();
        let took = match measured.get(&machine, threads, &sha) {
            Some(took) => took,
            None => {
                let took = rehearse(&located.path, threads)?;
                measured.put(&machine, threads, &sha, took);
                took
            }
        };
        candidates.push(Candidate { id: row.id, languages: row.languages, size: row.size, took });
    }
    match choose(&candidates, needed, BUDGET) {
        Some(id) => Ok(id.to_owned()),
        // The error of a default that is not installed says how to get it.
        None => Ok(store.locate(Role::Recogniser, None)?.id.unwrap_or_default()),
    }
}

/// What a recogniser takes for 4 s, warm: the best of three, since others compute too.
fn rehearse(path: &Path, threads: usize) -> Result<Duration> {
    let mut recogniser = Recogniser::load(path)?;
    recogniser.warm_up()?;
    let mut best = Duration::MAX;
    for _ in 0..3 {
        let from = Instant::now();
        recogniser.rehearse(threads)?;
        best = best.min(from.elapsed());
    }
    Ok(best)
}

/// What identifies a loaded answerer in the audit.
fn identity(located: &Located, model: &Identity) -> String {
    let sha = located.sha256.as_ref().map_or_else(|| "not pinned".to_owned(), ToString::to_string);
    format!("{} {} {} {} sha256 {sha}", model.file, model.architecture, model.quantisation, model.path)
}

/// A task that panicked is a failure of its command, not of the node.
pub fn crashed(e: tokio::task::JoinError) -> Error {
    Error::new(Kind::Failed, "the work ended unexpectedly").because(e)
}
