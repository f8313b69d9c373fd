//! A client's end: attaches to the running node of a data directory, or becomes it.
//!
//! Both ways speak the same frames: over the local socket, or over an in-process pipe.
//! When the node is lost in mid-command, [`Client::call`] takes over once: it becomes the
//! node itself (or attaches to whoever did) and asks again.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

use super::lock::Lock;
use super::protocol::{Command, EVERYTHING, Event, FromNode, ToNode, VERSION};
use super::service::Node;
use super::wire::{self, Message};
use crate::operations::config::Config;
use crate::operations::outcome::{Error, Kind, Result};
use crate::operations::platform;

/// Events that may wait for a slow reader before the node waits for it.
const EVENTS: usize = 256;
/// How long a node that holds the lock may take to start listening.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection to the node of a data directory.
pub struct Client {
    data: PathBuf,
    config: Config,
    link: Link,
    next: AtomicU64,
    /// What the node said at the start: a turn that a crash cut off.
    pub notice: String,
}

struct Link {
    commands: mpsc::Sender<Message<ToNode>>,
    events: mpsc::Receiver<Message<FromNode>>,
    /// The node, where this process is it.
    own: Option<Node>,
}

impl Client {
    /// Attaches to the node of `data`, or starts it in this process.
    ///
    /// # Errors
    /// A data directory that cannot be used, or a node of another protocol version.
    pub async fn start(data: &Path, config: &Config) -> Result<Client> {
        let (link, notice) = greet(data, config).await?;
        Ok(Client { data: data.to_owned(), config: config.clone(), link, next: AtomicU64::new(1), notice })
    }

    /// Is the node in this process?
    pub fn is_node(&self) -> bool {
        self.link.own.is_some()
    }

    /// Sends a command and returns its id.
    ///
    /// # Errors
    /// The node is gone.
    pub async fn send(&self, command: Command, samples: Vec<f32>) -> Result<u64> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        self.send_as(id, command, samples).await?;
        Ok(id)
    }

    /// Sends a command that belongs to an earlier one (`Played`, `Cancel`).
    ///
    /// # Errors
    /// The node is gone.
    pub async fn send_as(&self, id: u64, command: Command, samples: Vec<f32>) -> Result<()> {
        let message = Message { body: ToNode { id, command }, samples };
        self.link.commands.send(message).await.map_err(|_| lost())
    }

    /// A handle that cancels whatever this client has running, from another task.
    pub fn canceller(&self) -> Canceller {
        Canceller(self.link.commands.clone())
    }

    /// The next event; `None` when the node is gone.
    pub async fn event(&mut self) -> Option<Message<FromNode>> {
        self.link.events.recv().await
    }

    /// Sends a command and hands every event of it to `on_event` until its last one, which
    /// is returned. Takes over once where the node is lost.
    ///
    /// # Errors
    /// What the node reports, or its loss.
    pub async fn call(
        &mut self,
        command: Command,
        samples: Vec<f32>,
        mut on_event: impl AsyncFnMut(&Client, u64, &Message<FromNode>) -> Result<()>,
    ) -> Result<Event> {
        let mut taken_over = false;
        loop {
            let id = self.send(command.clone(), samples.clone()).await;
            let lost_it = match id {
                Err(e) => e,
                Ok(id) => loop {
                    let Some(message) = self.event().await else { break lost() };
                    if message.body.id != id {
                        continue;
                    }
                    on_event(self, id, &message).await?;
                    match message.body.event {
                        Event::Fault(fault) => return Err(fault.into()),
                        e @ (Event::Report(_)
                        | Event::Hits { .. }
                        | Event::Indexed(_)
                        | Event::Checked(_)
                        | Event::Done) => return Ok(e),
                        e @ Event::Heard { .. } if matches!(command, Command::Transcribe { .. }) => {
                            return Ok(e);
                        }
                        _ => {}
                    }
                },
            };
            if taken_over {
                return Err(lost_it);
            }
            taken_over = true;
            tracing::warn!("the node is gone; taking over");
            self.reconnect().await?;
        }
    }

    /// Attaches again, or becomes the node.
    ///
    /// # Errors
    /// As [`Client::start`].
    pub async fn reconnect(&mut self) -> Result<()> {
        (self.link, self.notice) = greet(&self.data, &self.config).await?;
        Ok(())
    }

    /// Ends this client. Where this process is the node, it stays until the last attached
    /// turn is delivered.
    pub async fn finish(self) {
        drop(self.link.commands);
        if let Some(node) = self.link.own {
            node.finish().await;
        }
    }
}

/// Cancels whatever its client has running.
#[derive(Debug, Clone)]
pub struct Canceller(mpsc::Sender<Message<ToNode>>);

impl Canceller {
    /// Cancels. A node that is gone has nothing running.
    pub async fn cancel(&self) {
        let _ = self.0.send(ToNode { id: EVERYTHING, command: Command::Cancel }.into()).await;
    }
}

fn lost() -> Error {
    Error::new(Kind::Failed, "the node that did the work is gone").hint("ask again")
}

/// Attaches and says hello. A node that is just dying may still take the connection: then
/// it is tried again.
async fn greet(data: &Path, config: &Config) -> Result<(Link, String)> {
    let patience = tokio::time::Instant::now() + PATIENCE;
    loop {
        let mut link = attach_or_become(data, config).await?;
        match hello(&mut link).await {
            Ok(notice) => return Ok((link, notice)),
            Err(Greeting::Refused(e)) => return Err(e),
            Err(Greeting::Lost) if tokio::time::Instant::now() > patience => return Err(lost()),
            Err(Greeting::Lost) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Why a hello brought no welcome.
enum Greeting {
    /// The stream ended.
    Lost,
    /// The node will not have us.
    Refused(Error),
}

async fn hello(link: &mut Link) -> std::result::Result<String, Greeting> {
    let hello = ToNode { id: 0, command: Command::Hello { version: VERSION } };
    link.commands.send(hello.into()).await.map_err(|_| Greeting::Lost)?;
    match link.events.recv().await.map(|m| m.body.event) {
        Some(Event::Welcome { version: VERSION, notice, .. }) => Ok(notice),
        Some(Event::Fault(fault)) => Err(Greeting::Refused(fault.into())),
        Some(Event::Welcome { version, pid, .. }) => Err(Greeting::Refused(
            Error::new(
                Kind::Failed,
                format!("the running node (process {pid}) speaks protocol {version}, this one {VERSION}"),
            )
            .hint("end the older millwright and try again"),
        )),
        _ => Err(Greeting::Lost),
    }
}

async fn attach_or_become(data: &Path, config: &Config) -> Result<Link> {
    std::fs::create_dir_all(data).map_err(|e| {
        Error::new(Kind::Failed, format!("cannot make the data directory {}", data.display()))
            .because(e)
            .hint("name another with --data DIR or MILLWRIGHT_DATA")
    })?;
    let data = data.canonicalize().unwrap_or_else(|_| data.to_owned());
    let socket = platform::socket_path(&data);
    let patience = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Ok(stream) = platform::connect(&socket).await {
            let (read, write) = stream.into_split();
            return Ok(link(read, write, None));
        }
        if let Some(lock) = Lock::try_take(&data)? {
            let node = Node::start(&data, config, lock)?;
            let (ours, theirs) = tokio::io::duplex(1 << 20);
            node.attach(theirs);
            let (read, write) = tokio::io::split(ours);
            return Ok(link(read, write, Some(node)));
        }
        if tokio::time::Instant::now() > patience {
            let holder = Lock::holder(&data).map_or_else(String::new, |p| format!(" (process {p})"));
            return Err(Error::new(
                Kind::Failed,
                format!("another millwright{holder} holds {} and does not answer", data.display()),
            )
            .hint("end it, or use another data directory with --data DIR"));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Two pumps between a byte stream and bounded channels.
fn link(
    mut read: impl AsyncRead + Unpin + Send + 'static,
    mut write: impl AsyncWrite + Unpin + Send + 'static,
    own: Option<Node>,
) -> Link {
    let (commands, mut outbox) = mpsc::channel::<Message<ToNode>>(16);
    let (inbox, events) = mpsc::channel::<Message<FromNode>>(EVENTS);
    tokio::spawn(async move {
        while let Some(message) = outbox.recv().await {
            if wire::write(&mut write, &message).await.is_err() {
                break;
            }
        }
    });
    tokio::spawn(async move {
        while let Ok(Some(message)) = wire::read(&mut read).await {
            if inbox.send(message).await.is_err() {
                break;
            }
        }
    });
    Link { commands, events, own }
}
