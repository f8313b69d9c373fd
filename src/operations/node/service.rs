//! The node's connections: one task reads a client's commands, one writes its events, and
//! each command runs on a task of its own.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, watch};

use super::driver;
use super::lock::Lock;
use super::protocol::{Command, EVERYTHING, Event, FromNode, Hit, Indexed, Skipped, ToNode, VERSION};
use super::resident::Resident;
use super::wire::{self, Message};
use crate::core::Moment;
use crate::core::cores::{Class, Clock, Cores, Lease};
use crate::core::hear::whisper::{self, Job, Refused, Worker};
use crate::core::knowledge::generation::Generation;
use crate::core::knowledge::generation::{self, Store};
use crate::core::knowledge::index;
use crate::core::knowledge::passage::{Passage, Shape};
use crate::core::knowledge::search::{self, Query};
use crate::core::snapshot::{Doing, Snapshot};
use crate::core::turn::Findings;
use crate::operations::audit::Audit;
use crate::operations::config::Config;
use crate::operations::outcome::{Error, Kind, Result};
use crate::operations::platform;

/// Events that may wait for a slow client; then its own commands wait, and only they.
const EVENTS: usize = 256;
/// Procedures whose whole sections are read for one question.
const SECTIONS: usize = 3;
/// Commands of one client that may run at once; one more is refused.
const COMMANDS: usize = 16;

/// The edge's clock: time since the node started.
#[derive(Debug)]
pub struct NodeClock(Instant);

impl Clock for NodeClock {
    fn now(&self) -> Moment {
        self.0.elapsed()
    }
}

/// What every part of a node shares.
pub struct Shared {
    /// The data directory.
    pub data: PathBuf,
    /// The resolved configuration.
    pub config: Config,
    /// Time since the start.
    pub clock: Arc<dyn Clock>,
    /// Leases of cores.
    pub cores: Cores,
    /// The audit log.
    pub audit: Audit,
    /// Models in memory.
    pub resident: Resident,
    /// The newest state.
    pub snapshot: watch::Sender<Snapshot>,
    store: RwLock<Arc<Store>>,
    turns: AtomicU64,
    /// Commands that run now, over all clients.
    busy: AtomicUsize,
}

/// A running node. Dropping it ends its tasks; [`Node::finish`] waits for attached turns.
pub struct Node {
    shared: Arc<Shared>,
    accept: tokio::task::JoinHandle<()>,
    socket: PathBuf,
    _lock: Lock,
}

impl Node {
    /// Starts the node of a data directory.
    ///
    /// # Errors
    /// The audit log or the socket cannot be opened.
    pub fn start(data: &Path, config: &Config, lock: Lock) -> Result<Node> {
        let clock: Arc<dyn Clock> = Arc::new(NodeClock(Instant::now()));
        let cores = Cores::new(config.threads(), clock.clone());
        let audit = Audit::open(data)?;
        let notice = interrupted_notice(&audit.interrupted);
        let store = generation::open_all(data, None).unwrap_or(Store { generations: Vec::new() });
        let snapshot = Snapshot { index: summary(&store), notice, ..Snapshot::default() };
        let shared = Arc::new(Shared {
            data: data.to_owned(),
            config: config.clone(),
            resident: Resident::new(data, config, cores.clone(), clock.clone()),
            clock,
            cores,
            audit,
            snapshot: watch::channel(snapshot).0,
            store: RwLock::new(Arc::new(store)),
            turns: AtomicU64::new(0),
            busy: AtomicUsize::new(0),
        });
        let socket = platform::socket_path(data);
        let listener = platform::listen(&socket).map_err(|e| {
            Error::new(Kind::Failed, format!("cannot listen on {}", socket.display())).because(e)
        })?;
        let serving = shared.clone();
        let accept = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (read, write) = stream.into_split();
                tokio::spawn(serve(serving.clone(), read, write));
            }
        });
        Ok(Node { shared, accept, socket, _lock: lock })
    }

    /// Serves an in-process client.
    pub fn attach(&self, stream: tokio::io::DuplexStream) {
        let (read, write) = tokio::io::split(stream);
        tokio::spawn(serve(self.shared.clone(), read, write));
    }

    /// Takes no new clients and returns when the last running command has ended.
    pub async fn finish(self) {
        self.accept.abort();
        let _ = std::fs::remove_file(&self.socket);
        let patience = Instant::now() + Duration::from_millis(self.shared.config.turn.limit_ms);
        while self.shared.busy.load(Ordering::Acquire) > 0 && Instant::now() < patience {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

fn interrupted_notice(turns: &[String]) -> String {
    match turns {
        [] => String::new(),
        [one] => format!("turn {one} was cut off when the last node ended; its question is in the audit log"),
        many => format!(
            "{} turns were cut off when the last node ended (last: {}); their questions are in the audit log",
            many.len(),
            many[many.len() - 1]
        ),
    }
}

impl Shared {
    /// Now.
    pub fn now(&self) -> Moment {
        self.clock.now()
    }

    /// The pinned generations of all knowledge bases.
    pub fn store(&self) -> Arc<Store> {
        self.store.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Opens the newest generations; turns that run keep theirs.
    fn reopen(&self) -> Result<()> {
        let fresh = Arc::new(generation::open_all(&self.data, None)?);
        self.snapshot.send_modify(|s| s.index = summary(&fresh));
        *self.store.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// Searches one knowledge base, or with `None` all of them, for passages and the
    /// sections that they stand in.
    ///
    /// # Errors
    /// Nothing is indexed, no such knowledge base, or an index that cannot be read.
    pub async fn search(&self, query: Query, kb: Option<&str>) -> Result<Findings> {
        let store = self.store();
        let wanted: Vec<usize> = (0..store.generations.len())
            .filter(|i| kb.is_none_or(|kb| store.generations.get(*i).is_some_and(|g| g.kb == kb)))
            .collect();
        if wanted.is_empty() {
            let what = match kb {
                Some(kb) => format!("there is no knowledge base {kb}"),
                None => "no manuals are indexed".to_owned(),
            };
            return Err(Error::new(Kind::Missing, what).hint("millwright index DIR"));
        }
        tokio::task::spawn_blocking(move || {
            let generations: Vec<&Generation> =
                wanted.iter().filter_map(|i| store.generations.get(*i)).collect();
            let found = search::search(&generations, &query)?;
            let mut siblings: Vec<Passage> = Vec::new();
            for hit in found.hits.iter().filter(|h| h.passage.shape == Shape::Step).take(SECTIONS) {
                let section = generations
                    .iter()
                    .find(|g| g.kb == hit.passage.kb && g.number == hit.generation)
                    .map_or(&[][..], |g| g.section_of(hit.id));
                if !section.first().is_some_and(|p| siblings.contains(p)) {
                    siblings.extend_from_slice(section);
                }
            }
            Ok(Findings { found, siblings, wait: Duration::ZERO })
        })
        .await
        .map_err(crashed)?
    }

    /// A turn id that sorts by time: `20261123-131500.042-3`.
    pub fn new_turn_id(&self) -> String {
        let n = self.turns.fetch_add(1, Ordering::Relaxed) + 1;
        format!("{}-{n}", utc_stamp(unix_ms()))
    }

    /// Changes the snapshot and brings its gauges up to date.
    pub fn show(&self, change: impl FnOnce(&mut Snapshot)) {
        let leases = self.cores.leases();
        let queue = self.resident.queue();
        let models = self.resident.names();
        self.snapshot.send_modify(|s| {
            change(s);
            s.leases = leases;
            s.queue = queue;
            s.models = models;
            s.memory_bytes = platform::resident_bytes();
        });
    }
}

/// Wall-clock time, for records only.
pub fn unix_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as i64)
}

/// `YYYYMMDD-HHMMSS.mmm` in UTC (civil-from-days, Howard Hinnant's algorithm).
pub fn utc_stamp(unix_ms: i64) -> String {
    let (days, ms) = (unix_ms.div_euclid(86_400_000), unix_ms.rem_euclid(86_400_000));
    let z = days + 719_468;
    let (era, doe) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    let year = yoe + era * 400 + i64::from(month <= 2);
    let (h, m, s) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    format!("{year:04}{month:02}{day:02}-{h:02}{m:02}{s:02}.{:03}", ms % 1000)
}

/// What a running command hears from its client.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Control {
    /// The first sample left for the loudspeaker, so long after it arrived.
    Played(Duration),
    /// The asker has left.
    Cancel,
}

/// One client, from its hello to the end of its stream.
async fn serve(
    node: Arc<Shared>,
    mut read: impl AsyncRead + Unpin + Send + 'static,
    mut write: impl AsyncWrite + Unpin + Send + 'static,
) {
    let (events, mut outbox) = mpsc::channel::<Message<FromNode>>(EVENTS);
    let writer = tokio::spawn(async move {
        while let Some(message) = outbox.recv().await {
            if wire::write(&mut write, &message).await.is_err() {
                break;
            }
        }
    });
    let mut controls: HashMap<u64, mpsc::Sender<Control>> = HashMap::new();
    while let Ok(Some(Message { body: ToNode { id, command }, samples })) = wire::read(&mut read).await {
        controls.retain(|_, c| !c.is_closed());
        match command {
            Command::Played { after_ms } => {
                if let Some(c) = controls.get(&id) {
                    let after = Duration::from_secs_f64(after_ms.clamp(0.0, 1e6) / 1e3);
                    let _ = c.try_send(Control::Played(after));
                }
            }
            Command::Cancel => {
                for (_, c) in controls.iter().filter(|(i, _)| id == EVERYTHING || **i == id) {
                    let _ = c.try_send(Control::Cancel);
                }
            }
            _ if controls.len() >= COMMANDS => {
                let full =
                    Error::new(Kind::Failed, format!("{COMMANDS} commands of this client are running"))
                        .hint("wait for one to end");
                let fault = FromNode { id, event: Event::Fault((&full).into()) };
                if events.send(fault.into()).await.is_err() {
                    break;
                }
            }
            command => {
                let (control, controlled) = mpsc::channel(4);
                controls.insert(id, control);
                let out = Out { id, events: events.clone() };
                // A watcher wants nothing done: the node does not stay for it.
                let work = usize::from(command != Command::Watch);
                node.busy.fetch_add(work, Ordering::AcqRel);
                let node = node.clone();
                tokio::spawn(async move {
                    if let Err(e) = run(&node, command, samples, &out, controlled).await {
                        out.send(Event::Fault((&e).into())).await;
                    }
                    node.busy.fetch_sub(work, Ordering::AcqRel);
                });
            }
        }
    }
    // The client is gone: what it still waits for is of no use to anyone.
    for control in controls.values() {
        let _ = control.try_send(Control::Cancel);
    }
    drop(events);
    let _ = writer.await;
}

/// Where a command's events go.
#[derive(Debug, Clone)]
pub struct Out {
    id: u64,
    events: mpsc::Sender<Message<FromNode>>,
}

impl Out {
    /// Sends an event; a client that left is not an error.
    pub async fn send(&self, event: Event) {
        self.send_with(event, Vec::new()).await;
    }

    /// Sends an event with samples.
    pub async fn send_with(&self, event: Event, samples: Vec<f32>) {
        let body = FromNode { id: self.id, event };
        let _ = self.events.send(Message { body, samples }).await;
    }
}

async fn run(
    node: &Arc<Shared>,
    command: Command,
    samples: Vec<f32>,
    out: &Out,
    mut controls: mpsc::Receiver<Control>,
) -> Result<()> {
    match command {
        Command::Hello { version } => {
            if version != VERSION {
                tracing::warn!(version, "a client of another protocol version");
            }
            let notice = interrupted_notice(&node.audit.interrupted);
            out.send(Event::Welcome { version: VERSION, pid: std::process::id(), notice }).await;
        }
        Command::Warm { hear, answer, speak } => {
            warm(node, hear, answer, speak).await?;
            out.send(Event::Done).await;
        }
        Command::Ask(options) => driver::run(node, *options, samples, out, controls).await?,
        Command::Transcribe { language, prompt } => {
            let worker = node.resident.recogniser().await?;
            let began = node.now();
            let (transcript, _) = whisper_job(node, &worker, samples, language, prompt).await?;
            let ms = crate::core::ledger::millis(node.now().saturating_sub(began));
            out.send(Event::Heard { transcript, ms }).await;
        }
        Command::Search { words, k, kb } => {
            let query = Query { text: words, k, ..Query::default() };
            let findings = node.search(query, kb.as_deref()).await?;
            let hits = findings.found.hits.into_iter().map(hit).collect();
            out.send(Event::Hits { hits }).await;
        }
        Command::Say { text } => {
            let voice = node.resident.voice().await?;
            let mut sounds = voice.say(vec![text])?;
            while let Some(sound) = sounds.recv().await {
                let sound = sound?;
                let event =
                    Event::Sound { sample_rate: sound.pcm.sample_rate, line: sound.line, last: sound.last };
                out.send_with(event, sound.pcm.samples).await;
            }
            out.send(Event::Done).await;
        }
        Command::Index { dirs, kb } => {
            let indexed = index_dirs(node, dirs, kb, out).await?;
            out.send(Event::Indexed(indexed)).await;
        }
        Command::Remove { document, kb } => {
            let data = node.data.clone();
            tokio::task::spawn_blocking(move || index::remove(&data, &kb, &document))
                .await
                .map_err(crashed)??;
            node.reopen()?;
            out.send(Event::Done).await;
        }
        Command::Watch => {
            let mut newest = node.snapshot.subscribe();
            loop {
                let snapshot = newest.borrow_and_update().clone();
                out.send(Event::Snapshot(Box::new(snapshot))).await;
                tokio::select! {
                    changed = newest.changed() => if changed.is_err() { break },
                    () = out.events.closed() => break,
                    Some(Control::Cancel) = controls.recv() => break,
                }
            }
        }
        // Handled before: they belong to a running command.
        Command::Played { .. } | Command::Cancel => {}
    }
    Ok(())
}

async fn warm(node: &Arc<Shared>, hear: bool, answer: Option<String>, speak: bool) -> Result<()> {
    node.show(|s| s.doing = Doing::Starting);
    let loaded = tokio::try_join!(
        async { if hear { node.resident.recogniser().await.map(|_| ()) } else { Ok(()) } },
        async {
            match &answer {
                Some(model) => node.resident.engine(model).await.map(|_| ()),
                None => Ok(()),
            }
        },
        async { if speak { node.resident.voice().await.map(|_| ()) } else { Ok(()) } },
    );
    node.show(|s| s.doing = Doing::Idle);
    loaded.map(|_| ())
}

/// Transcribes an utterance; also returns how long it waited for the worker and its cores.
pub async fn whisper_job(
    node: &Arc<Shared>,
    worker: &Worker,
    samples: Vec<f32>,
    language: Option<String>,
    prompt: Option<String>,
) -> Result<(crate::core::hear::Transcript, Duration)> {
    let (reply, answer) = tokio::sync::oneshot::channel();
    // Taken when the worker begins with this job, given back when it is done with it.
    let lease: Arc<Mutex<Option<Lease>>> = Arc::default();
    let (cores, taken) = (node.cores.clone(), lease.clone());
    let job = Job {
        samples,
        options: whisper::Options { language, prompt, ..whisper::Options::default() },
        threads: Box::new(move || {
            let lease = cores.lease(Class::FinalTranscript, cores.total());
            let threads = lease.threads();
            *taken.lock().unwrap_or_else(PoisonError::into_inner) = Some(lease);
            threads
        }),
        reply: Box::new(move |heard| {
            let held = lease.lock().unwrap_or_else(PoisonError::into_inner).take();
            let waited = held.as_ref().map_or(Duration::ZERO, Lease::waited);
            drop(held);
            let _ = reply.send((heard, waited));
        }),
    };
    worker.submit(job).map_err(|refused| match refused {
        Refused::Full(_) => {
            Error::new(Kind::Failed, "too many utterances wait for the recogniser").hint("ask again")
        }
        Refused::Stopped(_) => {
            Error::new(Kind::Failed, "the recogniser has ended").hint("start millwright again")
        }
    })?;
    let (heard, waited) =
        answer.await.map_err(|_| Error::new(Kind::Failed, "the recogniser ended in mid-utterance"))?;
    Ok((heard?, waited))
}

async fn index_dirs(node: &Arc<Shared>, dirs: Vec<PathBuf>, kb: String, out: &Out) -> Result<Indexed> {
    let (data, progress) = (node.data.clone(), out.clone());
    let began = Instant::now();
    let runtime = tokio::runtime::Handle::current();
    let report = tokio::task::spawn_blocking(move || {
        index::build(&kb, &dirs, &data, &mut |p: index::Progress| {
            let event = match p {
                index::Progress::Reading { done, of, name } => {
                    Event::Progress { line: name, done: done as u64, of: of as u64 }
                }
                index::Progress::Writing { passages } => {
                    Event::Progress { line: format!("writing {passages} passages"), done: 0, of: 0 }
                }
            };
            runtime.block_on(progress.send(event));
        })
    })
    .await
    .map_err(crashed)??;
    node.reopen()?;
    Ok(Indexed {
        documents: report.documents,
        passages: report.passages,
        skipped: report.skipped.into_iter().map(|s| Skipped { path: s.path, reason: s.reason }).collect(),
        warnings: report.warnings,
        seconds: began.elapsed().as_secs_f64(),
        bytes: report.bytes,
    })
}

fn hit(h: search::Hit) -> Hit {
    Hit {
        rank: h.rank,
        score: h.score,
        section: h.passage.section_path(),
        document: h.passage.document,
        revision: h.passage.revision,
        page: h.passage.page,
        text: h.passage.text,
        start: h.passage.span.start,
        end: h.passage.span.end,
        codes: h.passage.codes,
    }
}

/// The index in a line, for the panel.
fn summary(store: &Store) -> String {
    let documents: usize = store.generations.iter().map(|g| g.documents().len()).sum();
    let passages: usize = store.generations.iter().map(|g| g.passages().len()).sum();
    let names: Vec<String> = identities(store);
    if names.is_empty() {
        "nothing indexed".into()
    } else {
        format!("{documents} documents, {passages} passages ({})", names.join(", "))
    }
}

/// Each knowledge base with its generation's number.
pub fn identities(store: &Store) -> Vec<String> {
    store.generations.iter().map(|g| format!("{}#{}", g.kb, g.number)).collect()
}

/// A task that panicked is a failure of its command, not of the node.
pub fn crashed(e: tokio::task::JoinError) -> Error {
    Error::new(Kind::Failed, "the work ended unexpectedly").because(e)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_id_begins_with_the_time() {
        assert_eq!(utc_stamp(0), "19700101-000000.000");
        assert_eq!(utc_stamp(1_795_439_699_042), "20261123-131459.042");
        assert_eq!(utc_stamp(951_782_400_000), "20000229-000000.000");
    }
}
