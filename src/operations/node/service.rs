//! The node's connections: one task reads a client's commands, one writes its events, and
//! each command runs on a task of its own.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

use super::ahead;
use super::driver;
use super::hearing::{self, Hearing};
use super::indexing;
use super::line::{Control, Out};
use super::lock::Lock;
use super::protocol::{Command, EVERYTHING, Event, FromNode, Hit, ToNode, VERSION};
use super::shared::Shared;
use super::wire::{self, Message};
use crate::core::knowledge::search::{self, Query};
use crate::core::ledger::millis;
use crate::core::snapshot::Doing;
use crate::operations::config::Config;
use crate::operations::outcome::{Error, Kind, Result};
use crate::operations::platform;

/// Events that may wait for a slow client; then its own commands wait, and only they.
const EVENTS: usize = 256;
/// Commands of one client that may run at once; one more is refused.
const COMMANDS: usize = 16;

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
        let shared = Arc::new(Shared::open(data, config)?);
        let socket = platform::socket_path(data);
        let listener = platform::listen(&socket).map_err(|e| {
            Error::new(Kind::Failed, format!("cannot listen on {}", socket.display())).because(e)
        })?;
        let serving = shared.clone();
        let accept = tokio::spawn(async move {
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => {
                        let (read, write) = stream.into_split();
                        tokio::spawn(serve(serving.clone(), read, write));
                    }
                    // Out of file descriptors, most likely: clients knock again.
                    Err(e) => {
                        tracing::warn!("cannot take a client: {e}");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                }
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
                let out = Out::new(id, events.clone());
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
            let notice = node.interrupted();
            out.send(Event::Welcome { version: VERSION, pid: std::process::id(), notice }).await;
        }
        Command::Warm { hear, answer, speak } => {
            warm(node, hear, answer, speak).await?;
            out.send(Event::Done).await;
        }
        Command::Ask(options) => driver::run(node, *options, samples, out, controls).await?,
        Command::Hear { interim, coverage, kb, machine, wake } => {
            let began = node.now();
            let (in_kb, on) = (kb.clone(), machine.clone());
            let hearing =
                Hearing { interim, coverage: Some(coverage), kb, machine, wake, ..Hearing::default() };
            let abort = hearing.abort.clone();
            let job = hearing::hear(node, samples, hearing);
            tokio::pin!(job);
            let (transcript, _) = loop {
                tokio::select! {
                    heard = &mut job => break heard?,
                    // Also where the asker is gone: then nobody waits for it.
                    Some(Control::Cancel) = controls.recv() => abort.set(),
                }
            };
            let ms = millis(node.now().saturating_sub(began));
            tokio::spawn(ahead::read(node.clone(), transcript.text.clone(), in_kb, on));
            out.send(Event::Heard { transcript, ms }).await;
        }
        Command::Transcribe { language, prompt, kb } => {
            let began = node.now();
            let (transcript, _) = match kb {
                Some(_) => {
                    let hearing = Hearing { language, prompt, kb, ..Hearing::default() };
                    hearing::hear(node, samples, hearing).await?
                }
                None => {
                    let hearing = Hearing { language, prompt, ..Hearing::default() };
                    hearing::transcribe(node, samples, hearing).await?
                }
            };
            let ms = millis(node.now().saturating_sub(began));
            out.send(Event::Heard { transcript, ms }).await;
        }
        Command::Search { words, k, kb, only, superseded } => {
            let query = Query { text: words, k, only, include_superseded: superseded, ..Query::default() };
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
            let indexed = indexing::index(node, dirs, kb, out, controls).await?;
            out.send(Event::Indexed(indexed)).await;
        }
        Command::Remove { document, kb } => {
            indexing::remove(node, document, kb).await?;
            out.send(Event::Done).await;
        }
        Command::Check { kb } => {
            let checked = indexing::check(node, kb).await?;
            out.send(Event::Checked(checked)).await;
        }
        Command::Watch => {
            let mut newest = node.snapshot.subscribe();
            loop {
                let snapshot = newest.borrow_and_update().clone();
                out.send(Event::Snapshot(Box::new(snapshot))).await;
                tokio::select! {
                    changed = newest.changed() => if changed.is_err() { break },
                    () = out.closed() => break,
                    Some(Control::Cancel) = controls.recv() => break,
                }
            }
        }
        // Handled before: they belong to a running command.
        Command::Played { .. } | Command::Cancel => {}
    }
    Ok(())
}

/// Loads what turns will need. Without the recogniser nothing is heard, and a model asked
/// for by name must be there; a missing default model costs the draft and a missing voice
/// the sound, and the turn's ledger says so.
async fn warm(node: &Arc<Shared>, hear: bool, answer: Option<String>, speak: bool) -> Result<()> {
    node.show(|s| s.doing = Doing::Starting);
    let loaded = tokio::try_join!(
        async { if hear { node.resident.recogniser().await.map(|_| ()) } else { Ok(()) } },
        async {
            match &answer {
                Some(model) => match node.resident.engine(model).await {
                    Err(e) if !model.is_empty() => Err(e),
                    _ => Ok(()),
                },
                None => Ok(()),
            }
        },
        // Without it the search goes by words; why it cannot be opened is the search's to say.
        async {
            if answer.is_some() {
                let _ = node.resident.embedder().await;
            }
            Ok(())
        },
        async {
            if speak {
                let _ = node.resident.voice().await;
            }
            Ok(())
        },
    );
    node.show(|s| s.doing = Doing::Idle);
    loaded.map(|_| ())
}

fn hit(h: search::Hit) -> Hit {
    Hit {
        rank: h.rank,
        score: h.score,
        features: h.features,
        found_by: h.found_by,
        standing: h.standing,
        section: h.passage.section_path(),
        kb: h.passage.kb,
        document: h.passage.document,
        revision: h.passage.revision,
        page: h.passage.page,
        page_label: h.passage.page_label,
        text: h.passage.text,
        shape: h.passage.shape,
        fields: h.passage.fields,
        figures: h.passage.figures,
        ocr: h.passage.ocr,
        start: h.passage.span.start,
        end: h.passage.span.end,
        codes: h.passage.codes,
    }
}
