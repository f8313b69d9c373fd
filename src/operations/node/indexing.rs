//! The index's jobs in the node: build, remove, check.
//!
//! One at a time; a client's Cancel (Ctrl-C, or its end) stops a build, which keeps what it
//! has done. After each generation that is published the node opens it, so that everybody
//! searches the newest while the job goes on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::line::{Control, Out};
use super::pace::Pace;
use super::protocol::{Checked, CheckedDocument, CheckedGlossary, Event, Indexed, Skipped};
use super::resident::crashed;
use super::shared::{Shared, today};
use crate::core::Moment;
use crate::core::answer::calibration::calibrate;
use crate::core::knowledge::generation::{Generation, Remarks, Standing};
use crate::core::knowledge::glossary::render_proposals;
use crate::core::knowledge::index::{self, Build, Progress, Report};
use crate::core::knowledge::walk;
use crate::operations::outcome::{Error, Kind, Result};
use crate::operations::readers::Programs;

/// Progress is sent at most so often: a client's line is for events that somebody reads.
const EVERY: Duration = Duration::from_millis(100);

/// Reads directories into a knowledge base.
pub(super) async fn index(
    node: &Arc<Shared>,
    dirs: Vec<PathBuf>,
    kb: String,
    out: &Out,
    mut controls: mpsc::Receiver<Control>,
) -> Result<Indexed> {
    let stop = Arc::new(AtomicBool::new(false));
    let job = Job { node, out, kb, dirs, stop: stop.clone() };
    let work = job.run();
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            // A client that is gone cancels too.
            Some(Control::Cancel) = controls.recv() => stop.store(true, Ordering::Relaxed),
        }
    }
}

/// One build, asked for by one client.
struct Job<'a> {
    node: &'a Arc<Shared>,
    out: &'a Out,
    kb: String,
    dirs: Vec<PathBuf>,
    stop: Arc<AtomicBool>,
}

impl Job<'_> {
    /// First the words, which can be searched at once; then, where an embedder is
    /// installed, the vectors.
    async fn run(&self) -> Result<Indexed> {
        let _alone = self.alone().await?;
        let began = Instant::now();
        let report = self.step(|build, tell| Ok(index::build(build, tell)?)).await?;
        if report.generation > 0 {
            self.node.reopen()?;
        }
        let is_whole = !report.interrupted;
        let mut done = indexed(report);
        if is_whole {
            self.vectors(&mut done).await?;
            self.calibrate(&mut done).await?;
        }
        done.seconds = began.elapsed().as_secs_f64();
        Ok(done)
    }

    /// Waits until no other job runs.
    async fn alone(&self) -> Result<tokio::sync::MutexGuard<'_, ()>> {
        loop {
            let lock = self.node.indexing.lock();
            if let Ok(alone) = tokio::time::timeout(EVERY, lock).await {
                return Ok(alone);
            }
            if self.stop.load(Ordering::Relaxed) {
                return Err(Error::new(Kind::Failed, "stopped while another index job was running")
                    .hint("run the same command again"));
            }
            let line = "another index job is running; waiting for it".to_owned();
            self.out.offer(Event::Progress { line, done: 0, of: 0, left_ms: None });
        }
    }

    async fn vectors(&self, done: &mut Indexed) -> Result<()> {
        let embedder = match self.node.resident.embedder().await {
            Ok(Some(embedder)) => embedder,
            Ok(None) => {
                let configured = &self.node.config.models.embedder;
                if !configured.is_empty() {
                    done.notes.push(format!("searched by words only: millwright models pull {configured}"));
                }
                return Ok(());
            }
            Err(e) => {
                done.notes.push(format!("searched by words only: {e}"));
                return Ok(());
            }
        };
        let vectored =
            self.step(move |build, tell| Ok(index::add_vectors(build, &embedder.encoder, tell)?)).await?;
        self.node.reopen()?;
        done.generation = vectored.generation;
        done.vectors = vectored.done;
        done.interrupted = vectored.interrupted;
        Ok(())
    }

    /// Finds out how much evidence an answer from the new generation needs. An index that
    /// cannot be asked keeps the built-in threshold, and that is said.
    async fn calibrate(&self, done: &mut Indexed) -> Result<()> {
        let embedder = self.node.resident.embedder().await.ok().flatten();
        let (store, kb, threads) = (self.node.store(), self.kb.clone(), self.node.config.index_threads());
        let line = "finding out how much evidence an answer needs".to_owned();
        self.out.offer(Event::Progress { line, done: 0, of: 0, left_ms: None });
        let kept = tokio::task::spawn_blocking(move || {
            let Some(generation) = store.generations.iter().find(|g| g.kb == kb) else { return Ok(false) };
            if generation.calibration.as_ref().is_some_and(|c| c.fits(generation)) {
                return Ok(false);
            }
            let before = generation.calibration_before();
            let meaning = embedder.as_ref().map(|e| e.meaning(threads));
            calibrate(generation, meaning, before.as_ref())?.keep(generation)?;
            Ok::<bool, crate::core::Error>(true)
        });
        match kept.await.map_err(crashed)? {
            Ok(true) => self.node.reopen()?,
            Ok(false) => {}
            Err(e) => done.notes.push(format!("not calibrated: {e}")),
        }
        Ok(())
    }

    /// Runs a piece of the job on a thread of its own, and tells the client how far it is.
    async fn step<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Build, &mut dyn FnMut(Progress)) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let node = self.node.clone();
        let mut teller = Teller::new(&node, self.out);
        let (kb, dirs, stop) = (self.kb.clone(), self.dirs.clone(), self.stop.clone());
        tokio::task::spawn_blocking(move || {
            let build = Build {
                today: &today(),
                threads: node.config.index_threads(),
                cores: Some(&node.cores),
                // Looked for anew: a library may have been installed since the last job.
                tools: &Programs::of(&node.data),
                token_vectors: node.config.index.token_vectors,
                stop: &stop,
                ..Build::new(&kb, &dirs, &node.data)
            };
            work(&build, &mut |progress| teller.tell(&progress))
        })
        .await
        .map_err(crashed)?
    }
}

/// Takes a document out.
pub(super) async fn remove(node: &Arc<Shared>, document: String, kb: String) -> Result<()> {
    let _alone = node.indexing.lock().await;
    let data = node.data.clone();
    tokio::task::spawn_blocking(move || index::remove(&data, &kb, &document, &today()))
        .await
        .map_err(crashed)??;
    node.reopen()
}

/// What is in one knowledge base, or with `None` in all of them.
pub(super) async fn check(node: &Arc<Shared>, kb: Option<String>) -> Result<Checked> {
    let (store, data) = (node.store(), node.data.clone());
    tokio::task::spawn_blocking(move || {
        let wanted = |g: &&Generation| kb.as_ref().is_none_or(|kb| g.kb == *kb);
        let mut checked = Checked::default();
        let mut any = false;
        for generation in store.generations.iter().filter(wanted) {
            any = true;
            add(&mut checked, generation)?;
            checked.glossaries.push(glossary(&data, generation));
        }
        if !any {
            return Err(Error::new(Kind::Missing, "no manuals are indexed").hint("millwright index DIR"));
        }
        Ok(checked)
    })
    .await
    .map_err(crashed)?
}

fn glossary(data: &Path, generation: &Generation) -> CheckedGlossary {
    let terms = generation.untranslated();
    CheckedGlossary {
        kb: generation.kb.clone(),
        file: index::glossary_file(data, &generation.kb).to_string_lossy().into_owned(),
        untranslated: terms.len(),
        proposal: render_proposals(&terms),
    }
}

fn add(checked: &mut Checked, generation: &Generation) -> Result<()> {
    let Remarks { skipped, warnings, .. } = generation.remarks()?;
    let mut about: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for warning in &warnings {
        let document = warning.split_once(": ").map(|(id, _)| id).and_then(|id| generation.document(id));
        match (document, warning.split_once(": ")) {
            (Some(document), Some((_, what))) => {
                about.entry(document.id.as_str()).or_default().push(what.to_owned());
            }
            _ => checked.warnings.push(warning.clone()),
        }
    }
    for document in generation.documents() {
        let facts = document.identity.facts();
        let origin = |o| serde_json::to_value(o).ok().and_then(|v| v.as_str().map(str::to_owned));
        checked.documents.push(CheckedDocument {
            kb: generation.kb.clone(),
            document: document.id.clone(),
            source: document.source.to_string_lossy().into_owned(),
            format: document.format.clone(),
            facts: facts.iter().map(|(name, fact)| ((*name).to_owned(), fact.value.clone())).collect(),
            origins: facts
                .iter()
                .map(|(name, fact)| ((*name).to_owned(), origin(fact.origin).unwrap_or_default()))
                .collect(),
            standing: stands(&document.standing),
            passages: (document.passages.1 - document.passages.0) as usize,
            warnings: about.remove(document.id.as_str()).unwrap_or_default(),
        });
    }
    checked.skipped.extend(skipped.into_iter().map(wire));
    Ok(())
}

fn stands(standing: &Standing) -> String {
    match standing {
        Standing::Current => "current".to_owned(),
        Standing::Superseded(by) => format!("superseded by {by}"),
        Standing::NotYet => "not yet in force".to_owned(),
        Standing::Draft => "draft".to_owned(),
        Standing::Withdrawn => "withdrawn".to_owned(),
    }
}

fn wire(skipped: walk::Skipped) -> Skipped {
    Skipped { path: skipped.path, reason: skipped.reason }
}

fn indexed(report: Report) -> Indexed {
    Indexed {
        documents: report.documents,
        passages: report.passages,
        skipped: report.skipped.into_iter().map(wire).collect(),
        warnings: report.warnings,
        bytes: report.bytes,
        generation: report.generation,
        read: report.read,
        unchanged: report.unchanged,
        interrupted: report.interrupted,
        left: report.left,
        vectors: report.vectors,
        ..Indexed::default()
    }
}

/// Tells a client how far the job is.
struct Teller {
    node: Arc<Shared>,
    out: Out,
    /// The stretch of work that is under way, and its pace.
    stretch: (&'static str, Pace),
    last: Option<Moment>,
}

impl Teller {
    fn new(node: &Arc<Shared>, out: &Out) -> Self {
        Teller { node: node.clone(), out: out.clone(), stretch: ("", Pace::default()), last: None }
    }

    fn tell(&mut self, progress: &Progress) {
        let now = self.node.now();
        let (stretch, line, done, of) = match progress {
            Progress::Reading { done, of, bytes, of_bytes, name } => {
                ("read", format!("{done} of {of} files: {name}"), *bytes, *of_bytes)
            }
            Progress::Writing { done, of } => {
                ("write", format!("{done} of {of} passages written"), *done as u64, *of as u64)
            }
            Progress::Words { generation } => {
                ("words", format!("generation {generation} can be searched by words"), 0, 0)
            }
            Progress::Vectors { done, of } => {
                ("vectors", format!("vectors of {done} of {of} passages"), *done as u64, *of as u64)
            }
        };
        if self.stretch.0 != stretch {
            self.stretch = (stretch, Pace::default());
            self.last = None;
        }
        let left = self.stretch.1.left(done, of, now);
        let due = self.last.is_none_or(|last| now.saturating_sub(last) >= EVERY);
        if !due && done < of {
            return;
        }
        self.last = Some(now);
        let left_ms = left.map(|left| left.as_millis() as u64);
        self.out.offer(Event::Progress { line, done, of, left_ms });
    }
}
