//! Models in memory: loaded once, on first need, and shared by every client of the node.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use super::mouth::Mouth;
use crate::core::cores::{Clock, Cores};
use crate::core::engine::candle::Identity;
use crate::core::engine::worker::{Engine, Options};
use crate::core::hear::whisper::Worker;
use crate::exit::speak::say::Sayer;
use crate::exit::speak::voice::pick_voice;
use crate::operations::config::Config;
use crate::operations::models::embedder::Embedder;
use crate::operations::models::{Located, Role, Store};
use crate::operations::outcome::{Error, Kind, Result};

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
        let id = self.config.models.recogniser.clone();
        let path = self.locate(Role::Recogniser, &id)?.path;
        let worker =
            tokio::task::spawn_blocking(move || Worker::spawn(path, UTTERANCES)).await.map_err(crashed)??;
        let worker = Arc::new(worker);
        self.known().recogniser = id;
        *slot = Some(worker.clone());
        Ok(worker)
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
        let options = Options { queue_bound: self.config.engine.queue_bound, threads: self.config.threads() };
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
        *slot = Some((id, engine.clone()));
        Ok(engine)
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

    /// The answerer's identity (file, architecture, SHA-256), `""` where none was loaded.
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

/// What identifies a loaded answerer in the audit.
fn identity(located: &Located, model: &Identity) -> String {
    let sha = located.sha256.as_ref().map_or_else(|| "not pinned".to_owned(), ToString::to_string);
    format!("{} {} {} sha256 {sha}", model.file, model.architecture, model.quantisation)
}

/// A task that panicked is a failure of its command, not of the node.
pub fn crashed(e: tokio::task::JoinError) -> Error {
    Error::new(Kind::Failed, "the work ended unexpectedly").because(e)
}
