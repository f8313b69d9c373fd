//! The edge of listening: the ear's thread, a connection of its own on which utterances are
//! transcribed while they are spoken, and the loudspeaker's tap. What to make of it all is
//! [`Attention`]'s.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::cli::{How, Listen};
use super::loudspeaker::Loudspeaker;
use super::{Context, Result};
use crate::core::Moment;
use crate::entry::listen::attention::{Attention, In, Out, Question, Settings};
use crate::entry::listen::ear::{self, Ear};
use crate::entry::listen::endpoint;
use crate::entry::listen::push_to_talk::Key;
use crate::entry::listen::wake::Wake;
use crate::entry::microphone::Microphone;
use crate::operations::config::{self, BargeIn, ListenMode};
use crate::operations::models::{Store, vad};
use crate::operations::node::client::Client;
use crate::operations::node::protocol::{AskOptions, Command, Event, HeardBefore};

/// Events of the ear that may wait; levels are dropped first.
const EAR_EVENTS: usize = 128;
/// What the command has not read yet.
const SAID: usize = 64;
/// How often is looked whether the voice has begun or ended.
const TICK: Duration = Duration::from_millis(20);

/// What a command hears of it.
#[derive(Debug)]
pub(super) enum Said {
    /// The microphone: its level, its loss, its return.
    Ear(ear::Event),
    /// What is to be done or shown.
    Do(Out),
}

/// Listening, as a command holds it. Dropping it closes the microphone.
pub(super) struct Ears {
    ear: Arc<ear::Handle>,
    said: mpsc::Receiver<Said>,
}

impl Ears {
    /// Starts to listen on the configured microphone.
    ///
    /// # Errors
    /// The system has no thread left, or the node cannot be reached.
    pub async fn open(context: &Context, how: &How, speaker: Option<Arc<Loudspeaker>>) -> Result<Ears> {
        let listen = &context.config.listen;
        let device = Some(context.config.audio.input.clone()).filter(|d| !d.is_empty());
        let open: ear::Open = Box::new(move || Ok(Box::new(Microphone::open(device.as_deref())?)));
        let settings = endpoint::Settings {
            silence_ms: listen.silence_ms,
            longest_silence_ms: listen.longest_silence_ms,
        };
        let vad = vad::open(&Store::open(&context.data)?, &context.config.models.vad)?;
        let ear = Ear::new(open, vad, settings, listen.mode == ListenMode::HandsFree);
        let started = Instant::now();
        let clock = move || started.elapsed();
        let (events, heard) = mpsc::channel(EAR_EVENTS);
        let reference = speaker.as_ref().map(|speaker| reference(speaker, started));
        let ear = Arc::new(ear::Handle::spawn(ear, reference, clock, events)?);
        let (tell, said) = mpsc::channel(SAID);
        let listening = Listening {
            client: Client::start(&context.data, &context.config).await?,
            ear: ear.clone(),
            speaker,
            attention: Attention::new(settings_of(listen)),
            started,
            kb: how.kb.clone(),
            machine: how.machine.clone(),
            running: HashMap::new(),
            tell,
        };
        tokio::spawn(listening.run(heard));
        Ok(Ears { ear, said })
    }

    /// Hands the talk key over; false where it was not taken.
    pub fn press(&self, key: Key) -> bool {
        self.ear.press(key)
    }

    /// What is said next; `None` when listening has ended.
    pub async fn next(&mut self) -> Option<Said> {
        self.said.recv().await
    }
}

impl Listen {
    /// The context with these flags over its configuration.
    pub(super) fn over(&self, context: &Context) -> Context {
        let mut context = context.clone();
        if self.hands_free {
            context.config.listen.mode = ListenMode::HandsFree;
        }
        if let Some(wake) = &self.wake {
            context.config.listen.wake_phrase.clone_from(wake);
        }
        context
    }
}

/// The options of a turn whose question was heard.
pub(super) fn heard_options(options: AskOptions, question: Question) -> AskOptions {
    AskOptions {
        endpoint_ms: question.endpoint_ms as f64,
        heard: Some(HeardBefore {
            transcript: question.transcript,
            after_ms: question.heard_in.as_secs_f64() * 1e3,
        }),
        ..options
    }
}

fn settings_of(listen: &config::Listen) -> Settings {
    Settings {
        wake: Wake::new(&listen.wake_phrase),
        follow_up: Duration::from_millis(listen.follow_up_ms),
        any_speech_stops: listen.barge_in == BargeIn::Speech,
        words_stop: listen.barge_in != BargeIn::Key,
    }
}

/// Reads the loudspeaker's tap from where it was left.
fn reference(speaker: &Loudspeaker, started: Instant) -> ear::Reference {
    let tap = speaker.tap();
    let (mut next, mut restarts) = (0, tap.restarts());
    Box::new(move |ear| {
        let rate = tap.sample_rate();
        if tap.restarts() != restarts {
            (next, restarts) = (0, tap.restarts());
        }
        for block in tap.since(next) {
            next = block.frame + block.samples().len() as u64;
            ear.played(block.samples(), rate, block.frame, block.at.saturating_duration_since(started));
        }
    })
}

struct Listening {
    client: Client,
    ear: Arc<ear::Handle>,
    speaker: Option<Arc<Loudspeaker>>,
    attention: Attention,
    started: Instant,
    kb: Option<String>,
    machine: Option<String>,
    /// Hearings by their command's id.
    running: HashMap<u64, u64>,
    tell: mpsc::Sender<Said>,
}

impl Listening {
    async fn run(mut self, mut heard: mpsc::Receiver<ear::Event>) {
        let mut speaks = false;
        let mut tick = tokio::time::interval(TICK);
        loop {
            let event = tokio::select! {
                event = heard.recv() => {
                    let Some(event) = event else { return };
                    if matches!(event, ear::Event::Level(_) | ear::Event::DeviceLost { .. } | ear::Event::DeviceBack { .. })
                        && self.tell.send(Said::Ear(event.clone())).await.is_err()
                    {
                        return;
                    }
                    In::Ear(event)
                }
                message = self.client.event() => match message {
                    Some(message) => match self.transcribed(message.body.id, message.body.event) {
                        Some(event) => event,
                        None => continue,
                    },
                    None => {
                        self.node_lost().await;
                        continue;
                    }
                },
                _ = tick.tick() => {
                    let words = self.speaker.as_ref().and_then(|s| s.speaks());
                    if words.is_some() == speaks {
                        continue;
                    }
                    speaks = words.is_some();
                    words.map_or(In::Silent, In::Speaks)
                }
            };
            if !self.take(event).await {
                return;
            }
        }
    }

    fn now(&self) -> Moment {
        self.started.elapsed()
    }

    /// False where nobody listens to the listener any more.
    async fn take(&mut self, event: In) -> bool {
        let mut outs = VecDeque::from(self.attention.handle(event, self.now()));
        while let Some(out) = outs.pop_front() {
            match out {
                Out::Hear { hear, wake } => {
                    let hearing = hear.hearing;
                    if !self.hear(hear, wake).await {
                        let lost = In::Heard { hearing, transcript: None };
                        outs.extend(self.attention.handle(lost, self.now()));
                    }
                }
                Out::GiveUp(hearing) => {
                    let id = self.running.iter().find(|(_, h)| **h == hearing).map(|(id, _)| *id);
                    if let Some(id) = id {
                        let _ = self.client.send_as(id, Command::Cancel, Vec::new()).await;
                    }
                }
                Out::Sounds(completeness) => self.ear.sounds(completeness),
                Out::HushVoice(on) => {
                    if let Some(speaker) = &self.speaker {
                        speaker.hush(on);
                    }
                }
                out => {
                    if out == Out::StopVoice
                        && let Some(speaker) = &self.speaker
                    {
                        speaker.flush();
                    }
                    if self.tell.send(Said::Do(out)).await.is_err() {
                        return false;
                    }
                }
            }
        }
        true
    }

    /// False where the node cannot be reached.
    async fn hear(&mut self, hear: ear::Hear, wake: Option<(String, String)>) -> bool {
        let command = Command::Hear {
            interim: hear.interim,
            coverage: hear.coverage,
            kb: self.kb.clone(),
            machine: self.machine.clone(),
            wake,
        };
        match self.client.send(command, hear.samples).await {
            Ok(id) => {
                self.running.insert(id, hear.hearing);
                true
            }
            Err(error) => {
                tracing::warn!(%error, "the node takes no sound");
                false
            }
        }
    }

    /// The answer to a hearing, if it is one.
    fn transcribed(&mut self, id: u64, event: Event) -> Option<In> {
        let transcript = match event {
            Event::Heard { transcript, .. } => Some(transcript),
            Event::Fault(fault) => {
                tracing::debug!(what = fault.what, "not transcribed");
                None
            }
            _ => return None,
        };
        let hearing = self.running.remove(&id)?;
        Some(In::Heard { hearing, transcript })
    }

    /// What was being transcribed is lost; whoever asks next becomes the node.
    async fn node_lost(&mut self) {
        for (_, hearing) in std::mem::take(&mut self.running) {
            self.take(In::Heard { hearing, transcript: None }).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        if let Err(error) = self.client.reconnect().await {
            tracing::warn!(%error, "no node to transcribe");
        }
    }
}
