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
use super::loudspeaker::Loudspeaker;
use super::{Context, Result};
use crate::core::snapshot::{Doing, Microphone, Snapshot};
use crate::entry::keys::Keys;
use crate::entry::listen::ear;
use crate::entry::listen::level::Verdict;
use crate::entry::listen::push_to_talk::Key;
use crate::exit::panel::{Command as Wish, Terminal, Theme, View, run_frame, terminal};
use crate::exit::speak::earcon::Earcon;
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
    notice: String,
}

/// A question on its way to the node.
struct Job {
    options: Box<AskOptions>,
    samples: Vec<f32>,
}

pub(super) async fn run(context: &Context, args: cli::Tui) -> Result<()> {
    if let (Some(file), Some(question)) = (&args.still, &args.question) {
        return super::still::run(context, &args.how, question, args.size, file).await;
    }
    let local = Arc::new(Mutex::new(Local { starting: true, ..Local::default() }));
    let mut client = context.client().await?;
    let snapshots = watch_node(context).await?;
    let (wishes, mut wanted) = mpsc::channel(16);
    let leave = Arc::new(AtomicBool::new(false));
    let screen = start_screen(wishes, snapshots, local.clone(), leave.clone())?;

    let ear = open_ear(context, &local);
    let (ear, heard) = match ear {
        Some((ear, heard)) => (Some(ear), Some(heard)),
        None => (None, None),
    };
    let speaker = open_speaker(context, &local);
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
        let person = Person {
            how: &args.how,
            ear,
            speaker: speaker.as_deref(),
            canceller: &canceller,
            jobs: &jobs,
            local: &local,
        };
        person.serve(&mut wanted, heard).await;
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
    ear: Option<ear::Handle>,
    speaker: Option<&'a Loudspeaker>,
    canceller: &'a Canceller,
    jobs: &'a mpsc::Sender<Job>,
    local: &'a Mutex<Local>,
}

impl Person<'_> {
    /// Does what the person wants, until they leave.
    async fn serve(&self, wanted: &mut mpsc::Receiver<Wish>, mut heard: Option<mpsc::Receiver<ear::Event>>) {
        let Person { how, ear, speaker, canceller, jobs, local } = self;
        loop {
            let wish = tokio::select! {
                wish = wanted.recv() => wish.unwrap_or(Wish::Quit),
                event = next(&mut heard) => {
                    if let Some(event) = event {
                        hear(event, local, *speaker, how, jobs);
                    } else {
                        heard = None;
                        change(local, |l| l.notice = "the microphone's thread ended".into());
                    }
                    continue;
                }
                () = platform::termination() => Wish::Quit,
            };
            match wish {
                Wish::Ask(text) => {
                    let options = AskOptions {
                        question: Some(text),
                        ..options(how, speaker.is_some(), speaker.is_some())
                    };
                    submit(jobs, Job { options: Box::new(options), samples: Vec::new() }, local);
                }
                Wish::PushStart => {
                    if let Some(speaker) = speaker {
                        speaker.flush();
                    }
                    match ear {
                        Some(ear) => drop(ear.press(Key::Down)),
                        None => change(local, |l| l.notice = "no microphone: type the question".into()),
                    }
                }
                Wish::PushEnd => {
                    if let Some(ear) = ear {
                        ear.press(Key::Up);
                    }
                }
                Wish::StopSpeaking => {
                    if let Some(speaker) = speaker {
                        speaker.flush();
                    }
                    canceller.cancel().await;
                }
                Wish::Quit => break,
            }
        }
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

async fn next(heard: &mut Option<mpsc::Receiver<ear::Event>>) -> Option<ear::Event> {
    match heard {
        Some(heard) => heard.recv().await,
        None => std::future::pending().await,
    }
}

async fn ask_all(
    client: &mut Client,
    mut queue: mpsc::Receiver<Job>,
    speaker: Option<&Loudspeaker>,
    local: &Mutex<Local>,
) {
    while let Some(Job { options, samples }) = queue.recv().await {
        if let Err(e) = ask_with(client, *options, samples, speaker).await {
            if let Some(speaker) = speaker {
                speaker.earcon(Earcon::Error);
            }
            change(local, |l| {
                l.notice = if e.hint.is_empty() { e.to_string() } else { format!("{e} → {}", e.hint) }
            });
        }
    }
}

fn hear(
    event: ear::Event,
    local: &Mutex<Local>,
    speaker: Option<&Loudspeaker>,
    how: &How,
    jobs: &mpsc::Sender<Job>,
) {
    match event {
        ear::Event::Level(level) => change(local, |l| {
            l.microphone.level_db = level.rms_dbfs;
            l.microphone.peak_db = level.peak_dbfs;
            l.microphone.clipping = level.verdict == Verdict::Clipping;
        }),
        ear::Event::Started => {
            change(local, |l| l.listening = true);
            if let Some(speaker) = speaker {
                speaker.earcon(Earcon::Listening);
            }
        }
        ear::Event::Utterance(utterance) => {
            change(local, |l| {
                l.listening = false;
                l.microphone.overruns += utterance.overruns;
            });
            if let Some(speaker) = speaker {
                speaker.earcon(Earcon::Heard);
            }
            let options = AskOptions {
                endpoint_ms: utterance.speech_end_offset_ms as f64,
                ..options(how, speaker.is_some(), speaker.is_some())
            };
            submit(jobs, Job { options: Box::new(options), samples: utterance.samples }, local);
        }
        ear::Event::TooShort => change(local, |l| {
            l.listening = false;
            l.notice = "too short: hold the key while you speak".into();
        }),
        ear::Event::DeviceLost { why } => change(local, |l| {
            l.listening = false;
            l.microphone.device.clear();
            l.notice = format!("{why}: type the question");
        }),
        ear::Event::DeviceBack { name } => change(local, |l| {
            l.notice.clear();
            l.microphone.device = name;
        }),
    }
}

fn open_ear(context: &Context, local: &Mutex<Local>) -> Option<(ear::Handle, mpsc::Receiver<ear::Event>)> {
    match super::talk::open_ear(context) {
        Ok(opened) => Some(opened),
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
    snapshot.microphone = local.microphone;
    if !local.notice.is_empty() {
        snapshot.notice = local.notice;
    }
    snapshot
}
