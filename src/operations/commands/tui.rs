//! `millwright tui`: the panel.
//!
//! The terminal has a thread of its own that draws the newest snapshot at a fixed rate and
//! reads keys; this task does what the person asks; a third connection asks the node. The
//! microphone and the loudspeaker are optional: without them the panel works by typing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::sync::{mpsc, watch};

use super::ask::{ask_with, options, warm};
use super::cli::{self, How};
use super::ears::{Ears, Said, heard_options};
use super::loudspeaker::Loudspeaker;
use super::{Context, Result};
use crate::core::hear::interim::Shown;
use crate::core::snapshot::{Doing, Microphone, Snapshot, TurnView};
use crate::entry::keys::Keys;
use crate::entry::listen::attention::Out;
use crate::entry::listen::ear;
use crate::entry::listen::level::Verdict;
use crate::entry::listen::push_to_talk::Key;
use crate::exit::panel::{Command as Wish, Terminal, Theme, View, run_frame, terminal};
use crate::exit::speak::earcon::Earcon;
use crate::operations::config::ListenMode;
use crate::operations::node::client::{Canceller, Client};
use crate::operations::node::protocol::{AskOptions, Command, Event};
use crate::operations::outcome::{Error, Kind};
use crate::operations::platform;

/// What only this process knows and the panel shows.
#[derive(Debug, Clone, Default)]
struct Local {
    microphone: Microphone,
    listening: bool,
    starting: bool,
    /// What was heard so far of the utterance that goes on.
    interim: Option<Shown>,
    hands_free: Option<String>,
    notice: String,
}

/// A question on its way to the node.
type Job = Box<AskOptions>;

pub(super) async fn run(context: &Context, args: cli::Tui) -> Result<()> {
    if let (Some(file), Some(question)) = (&args.still, &args.question) {
        return super::still::run(context, &args.how, question, args.size, file).await;
    }
    let context = &args.listen.over(context);
    let listen = &context.config.listen;
    let hands_free = (listen.mode == ListenMode::HandsFree).then(|| listen.wake_phrase.clone());
    let local = Arc::new(Mutex::new(Local { starting: true, hands_free, ..Local::default() }));
    let mut client = context.client().await?;
    let snapshots = watch_node(context).await?;
    let (wishes, mut wanted) = mpsc::channel(16);
    let leave = Arc::new(AtomicBool::new(false));
    let screen = start_screen(wishes, snapshots, local.clone(), leave.clone())?;

    let speaker = open_speaker(context, &local);
    let ears = open_ears(context, &args.how, speaker.clone(), &local).await;
    let canceller = client.canceller();
    let how = args.how.clone();
    let (jobs, queue) = mpsc::channel(1);
    let asking = async {
        let warmed = warm(&mut client, &how, true, speaker.is_some()).await;
        change(&local, |l| {
            l.starting = false;
            if let Err(e) = warmed {
                l.notice = format!("{e} → {}", e.hint);
            }
        });
        ask_all(&mut client, queue, speaker.as_deref(), &local).await;
        client.finish().await;
    };
    let serving = async {
        let mut person = Person {
            how: &args.how,
            ears,
            speaker: speaker.as_deref(),
            canceller: &canceller,
            jobs: &jobs,
            local: &local,
        };
        person.serve(&mut wanted).await;
        leave.store(true, Ordering::Release);
        terminal::restore();
        if let Some(speaker) = &speaker {
            speaker.flush();
        }
        canceller.cancel().await;
        drop(jobs);
    };
    tokio::join!(asking, serving);
    match tokio::task::spawn_blocking(move || screen.join()).await {
        Ok(Ok(result)) => result,
        _ => Err(Error::new(Kind::Failed, "the panel ended unexpectedly")),
    }
}

/// What the person's wishes are carried out with.
struct Person<'a> {
    how: &'a How,
    ears: Option<Ears>,
    speaker: Option<&'a Loudspeaker>,
    canceller: &'a Canceller,
    jobs: &'a mpsc::Sender<Job>,
    local: &'a Mutex<Local>,
}

impl Person<'_> {
    /// Does what the person wants, until they leave.
    async fn serve(&mut self, wanted: &mut mpsc::Receiver<Wish>) {
        loop {
            let wish = tokio::select! {
                wish = wanted.recv() => wish.unwrap_or(Wish::Quit),
                said = next(&mut self.ears) => {
                    match said {
                        Some(Said::Ear(event)) => ear(event, self.local),
                        Some(Said::Do(out)) => self.act(out).await,
                        None => {
                            self.ears = None;
                            change(self.local, |l| l.notice = "the microphone's thread ended".into());
                        }
                    }
                    continue;
                }
                () = platform::termination() => Wish::Quit,
            };
            match wish {
                Wish::Ask(text) => {
                    let options = AskOptions { question: Some(text), ..self.options() };
                    submit(self.jobs, Box::new(options), self.local);
                }
                Wish::PushStart => {
                    // With or without a microphone, and before the ear has looked at the key.
                    if let Some(speaker) = self.speaker {
                        speaker.flush();
                    }
                    match &self.ears {
                        Some(ears) => drop(ears.press(Key::Down)),
                        None => change(self.local, |l| l.notice = "no microphone: type the question".into()),
                    }
                }
                Wish::PushEnd => {
                    if let Some(ears) = &self.ears {
                        ears.press(Key::Up);
                    }
                }
                Wish::StopSpeaking => {
                    if let Some(speaker) = self.speaker {
                        speaker.flush();
                    }
                    self.canceller.cancel().await;
                }
                Wish::Quit => break,
            }
        }
    }

    /// Does, or shows, what listening brought.
    async fn act(&self, out: Out) {
        let earcon = |earcon| {
            if let Some(speaker) = self.speaker {
                speaker.earcon(earcon);
            }
        };
        match out {
            Out::Listening { by_key } => {
                change(self.local, |l| {
                    l.listening = true;
                    l.interim = None;
                });
                if by_key {
                    earcon(Earcon::Listening);
                }
            }
            Out::Show(shown) => change(self.local, |l| l.interim = Some(shown)),
            Out::Hearing => {
                change(self.local, |l| l.listening = false);
                earcon(Earcon::Heard);
            }
            Out::Ask(question) => {
                change(self.local, |l| {
                    l.listening = false;
                    l.interim = None;
                    l.microphone.overruns += question.overruns;
                });
                let options = heard_options(self.options(), *question);
                submit(self.jobs, Box::new(options), self.local);
            }
            Out::Attend => {
                change(self.local, |l| {
                    l.listening = true;
                    l.interim = None;
                });
                earcon(Earcon::Listening);
            }
            Out::Stop => {
                self.over();
                self.canceller.cancel().await;
            }
            Out::Dropped | Out::Ignored { .. } => self.over(),
            Out::TooShort => {
                self.over();
                change(self.local, |l| l.notice = "too short: hold the key while you speak".into());
            }
            Out::Failed => {
                self.over();
                change(self.local, |l| l.notice = "the recogniser failed: say it again".into());
            }
            // The voice was stopped where it plays.
            Out::StopVoice | Out::HushVoice(_) | Out::Hear { .. } | Out::GiveUp(_) | Out::Sounds(_) => {}
        }
    }

    /// The utterance came to nothing.
    fn over(&self) {
        change(self.local, |l| {
            l.listening = false;
            l.interim = None;
        });
    }

    fn options(&self) -> AskOptions {
        options(self.how, self.speaker.is_some(), self.speaker.is_some())
    }
}

fn change(local: &Mutex<Local>, how: impl FnOnce(&mut Local)) {
    how(&mut local.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
}

fn submit(jobs: &mpsc::Sender<Job>, job: Job, local: &Mutex<Local>) {
    if jobs.try_send(job).is_err() {
        change(local, |l| l.notice = "one question at a time: Esc drops the one that runs".into());
    } else {
        change(local, |l| l.notice.clear());
    }
}

async fn next(ears: &mut Option<Ears>) -> Option<Said> {
    match ears {
        Some(ears) => ears.next().await,
        None => std::future::pending().await,
    }
}

async fn ask_all(
    client: &mut Client,
    mut queue: mpsc::Receiver<Job>,
    speaker: Option<&Loudspeaker>,
    local: &Mutex<Local>,
) {
    while let Some(options) = queue.recv().await {
        if let Err(e) = ask_with(client, *options, Vec::new(), speaker).await {
            if let Some(speaker) = speaker {
                speaker.earcon(Earcon::Error);
            }
            change(local, |l| {
                l.notice = if e.hint.is_empty() { e.to_string() } else { format!("{e} → {}", e.hint) }
            });
        }
    }
}

/// The microphone's own news.
fn ear(event: ear::Event, local: &Mutex<Local>) {
    match event {
        ear::Event::Level(level) => change(local, |l| {
            l.microphone.level_db = level.rms_dbfs;
            l.microphone.peak_db = level.peak_dbfs;
            l.microphone.clipping = level.verdict == Verdict::Clipping;
            let warning = level.verdict.warning().filter(|_| !l.microphone.clipping);
            l.microphone.warning = warning.map_or("", |w| w.text).to_owned();
        }),
        ear::Event::DeviceLost { why } => change(local, |l| {
            l.listening = false;
            l.interim = None;
            l.microphone.device.clear();
            l.notice = format!("{why}: type the question");
        }),
        ear::Event::DeviceBack { name } => change(local, |l| {
            l.notice.clear();
            l.microphone.device = name;
        }),
        _ => {}
    }
}

async fn open_ears(
    context: &Context,
    how: &How,
    speaker: Option<Arc<Loudspeaker>>,
    local: &Mutex<Local>,
) -> Option<Ears> {
    match Ears::open(context, how, speaker).await {
        Ok(ears) => Some(ears),
        Err(e) => {
            change(local, |l| l.notice = format!("no microphone ({e}): type the question"));
            None
        }
    }
}

fn open_speaker(context: &Context, local: &Mutex<Local>) -> Option<Arc<Loudspeaker>> {
    match Loudspeaker::open(&context.config.audio.output) {
        Ok(speaker) => Some(Arc::new(speaker)),
        Err(e) => {
            change(local, |l| l.notice = format!("no loudspeaker ({e}): answers are shown only"));
            None
        }
    }
}

/// A second connection that only watches.
async fn watch_node(context: &Context) -> Result<watch::Receiver<Snapshot>> {
    let mut watcher = Client::start(&context.data, &context.config).await?;
    let (newest, snapshots) = watch::channel(Snapshot::default());
    tokio::spawn(async move {
        loop {
            if watcher.send(Command::Watch, Vec::new()).await.is_ok() {
                while let Some(message) = watcher.event().await {
                    if let Event::Snapshot(snapshot) = message.body.event
                        && newest.send(*snapshot).is_err()
                    {
                        return;
                    }
                }
            }
            // The node is gone; whoever asks next becomes it.
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            if newest.is_closed() || watcher.reconnect().await.is_err() {
                return;
            }
        }
    });
    Ok(snapshots)
}

type Screen = std::thread::JoinHandle<Result<()>>;

fn start_screen(
    wishes: mpsc::Sender<Wish>,
    snapshots: watch::Receiver<Snapshot>,
    local: Arc<Mutex<Local>>,
    leave: Arc<AtomicBool>,
) -> Result<Screen> {
    let (entered, ready) = std::sync::mpsc::sync_channel(1);
    let screen = std::thread::Builder::new()
        .name("panel".into())
        .spawn(move || {
            let mut terminal = match Terminal::enter() {
                Ok(terminal) => {
                    let _ = entered.send(Ok(()));
                    terminal
                }
                Err(e) => {
                    let _ = entered.send(Err(Error::from(e)));
                    return Ok(());
                }
            };
            draw_all(&mut terminal, &wishes, &snapshots, &local, &leave)
        })
        .map_err(|e| Error::new(Kind::Failed, "cannot start the panel's thread").because(e))?;
    match ready.recv() {
        Ok(Ok(())) => Ok(screen),
        Ok(Err(e)) => Err(e),
        Err(_) => Err(Error::new(Kind::Failed, "the panel ended unexpectedly")),
    }
}

fn draw_all(
    terminal: &mut Terminal,
    wishes: &mpsc::Sender<Wish>,
    snapshots: &watch::Receiver<Snapshot>,
    local: &Mutex<Local>,
    leave: &AtomicBool,
) -> Result<()> {
    let started = Instant::now();
    let plain = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    let holds = terminal.reports_release();
    let mut keys = Keys::new(holds);
    let mut view = View::new(terminal.size()?, Theme::preferred(plain), holds);
    while !leave.load(Ordering::Acquire) {
        let wish = run_frame(terminal, &mut keys, &mut view, started, || merged(snapshots, local))?;
        if let Some(wish) = wish {
            let quit = wish == Wish::Quit;
            // A full channel means that the person is quicker than the house; the key is lost.
            let _ = wishes.try_send(wish);
            if quit {
                break;
            }
        }
    }
    Ok(())
}

/// The node's newest state with what only this process knows.
fn merged(snapshots: &watch::Receiver<Snapshot>, local: &Mutex<Local>) -> Snapshot {
    let mut snapshot = snapshots.borrow().clone();
    let local = local.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    if local.listening {
        snapshot.doing = Doing::Listening;
    } else if local.starting {
        snapshot.doing = Doing::Starting;
    }
    if let Some(Shown { stable, rest }) = local.interim {
        let question = match (stable.is_empty(), rest.starts_with(|c: char| c.is_ascii())) {
            (false, true) => format!("{stable} {rest}"),
            // Chinese is written without spaces.
            _ => format!("{stable}{rest}"),
        };
        snapshot.turn = TurnView { question, interim: true, stable: stable.len(), ..TurnView::default() };
    }
    snapshot.hands_free = local.hands_free;
    snapshot.microphone = local.microphone;
    if !local.notice.is_empty() {
        snapshot.notice = local.notice;
    }
    snapshot
}
