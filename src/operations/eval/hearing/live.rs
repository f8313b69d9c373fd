//! The live path in compressed time: sound in, what would have been asked out.
//!
//! The product's own ear, attention and recogniser, driven as `talk` drives them, on a clock
//! that the sound moves: an hour takes as long as its computing. A transcript comes back
//! [`LATENCY`] after it was asked for, whatever it took here.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::core::Moment;
use crate::core::hear::repair::Lexicon;
use crate::core::hear::whisper::{Options, Recogniser};
use crate::core::hear::{SAMPLE_RATE, Transcript};
use crate::core::knowledge::generation;
use crate::entry::listen::attention::{Attention, In, Out, Settings};
use crate::entry::listen::ear::{Ear, Event};
use crate::entry::listen::endpoint;
use crate::entry::listen::vad::Vad;
use crate::entry::listen::wake::Wake;
use crate::entry::microphone::{Health, Source};
use crate::operations::models::{Role, Store};
use crate::operations::node::hearing::expecting;
use crate::operations::node::lexicon::Lexicons;
use crate::operations::outcome::{Error, Kind, Result};

/// One step of the clock.
const STEP: Duration = Duration::from_millis(10);
/// Samples of a step.
pub const STEP_SAMPLES: usize = SAMPLE_RATE as usize / 100;
/// How long a transcript takes on the reference machine, about.
const LATENCY: Duration = Duration::from_millis(150);

/// What the path is made of.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The recogniser's model.
    pub recogniser: PathBuf,
    /// Silero's model; `None` for the light detector alone.
    pub vad: Option<PathBuf>,
    /// When an utterance ends.
    pub endpoint: endpoint::Settings,
    /// To whom it listens.
    pub attention: Settings,
    /// The words of the manuals that are indexed.
    pub lexicon: Arc<Lexicon>,
    /// Threads to transcribe with.
    pub threads: usize,
    /// Transcribe also what is only for showing, as the product does. Costs much, and only
    /// the endpointer's patience depends on it.
    pub interims: bool,
}

impl Setup {
    /// As the configuration has it, hands-free; with or without the wake phrase.
    ///
    /// # Errors
    /// The recogniser is missing.
    pub fn of(options: &super::Options, needs_wake: bool) -> Result<Setup> {
        let config = &options.config;
        let store = Store::open(&options.data)?;
        let named = Some(config.models.recogniser.as_str()).filter(|id| *id != "auto");
        Ok(Setup {
            recogniser: store.locate(Role::Recogniser, named)?.path,
            vad: store.locate_if_there(Role::Vad, &config.models.vad)?.map(|model| model.path),
            endpoint: endpoint::Settings {
                silence_ms: config.listen.silence_ms,
                longest_silence_ms: config.listen.longest_silence_ms,
            },
            attention: Settings {
                wake: Wake::new(if needs_wake { &config.listen.wake_phrase } else { "" }),
                follow_up: Duration::from_millis(config.listen.follow_up_ms),
                any_speech_stops: true,
                words_stop: true,
            },
            // Where nothing is indexed there are no such words.
            lexicon: generation::open_all(&options.data, None)
                .map_or_else(|_| Arc::default(), |store| Lexicons::of(&store).get(None)),
            threads: config.threads(),
            interims: false,
        })
    }
}

/// A microphone whose sound is put in by hand.
#[derive(Clone, Default)]
struct Feed(Arc<Mutex<(VecDeque<f32>, u64)>>);

impl Source for Feed {
    fn name(&self) -> &str {
        "recording"
    }
    fn rate(&self) -> u32 {
        SAMPLE_RATE
    }
    fn read(&mut self, into: &mut Vec<f32>) {
        into.extend(self.0.lock().unwrap_or_else(PoisonError::into_inner).0.drain(..));
    }
    fn health(&self) -> Health {
        let callbacks = self.0.lock().unwrap_or_else(PoisonError::into_inner).1;
        Health { callbacks, ..Health::default() }
    }
}

/// Something that came out, and when.
#[derive(Debug, Clone)]
pub struct Happened {
    /// Time since the start of the stream.
    pub at: Moment,
    /// What.
    pub what: What,
}

/// What came out.
#[derive(Debug, Clone)]
pub enum What {
    /// This was heard, whole.
    Heard(Transcript),
    /// This would have been done.
    Do(Out),
}

/// The live path on one stream.
pub struct Live {
    ear: Ear,
    attention: Attention,
    recogniser: Recogniser,
    setup: Setup,
    feed: Feed,
    now: Moment,
    /// Transcripts on their way back.
    coming: VecDeque<(Moment, u64, Option<Transcript>)>,
}

impl Live {
    /// Opens everything.
    ///
    /// # Errors
    /// A model that is missing or cannot be used.
    pub fn new(setup: Setup) -> Result<Live> {
        let feed = Feed::default();
        let source = feed.clone();
        let vad = Vad::open(setup.vad.as_deref())?;
        let open =
            Box::new(move || -> crate::entry::Result<Box<dyn Source>> { Ok(Box::new(source.clone())) });
        let mut recogniser = Recogniser::load(&setup.recogniser)?;
        recogniser.warm_up()?;
        Ok(Live {
            ear: Ear::new(open, vad, setup.endpoint.clone(), true),
            attention: Attention::new(setup.attention.clone()),
            recogniser,
            setup,
            feed,
            now: Moment::ZERO,
            coming: VecDeque::new(),
        })
    }

    /// Nobody has said anything yet.
    pub fn calm(&mut self) {
        self.attention = Attention::new(self.setup.attention.clone());
        self.coming.clear();
    }

    /// Plays sound (mono, 16 kHz) into the microphone; what is less than a step of 10 ms is
    /// left out.
    ///
    /// # Errors
    /// The recogniser fails.
    pub fn play(&mut self, samples: &[f32]) -> Result<Vec<Happened>> {
        let mut happened = Vec::new();
        for step in samples.chunks_exact(STEP_SAMPLES) {
            self.step(step, &mut happened)?;
        }
        Ok(happened)
    }

    fn step(&mut self, samples: &[f32], happened: &mut Vec<Happened>) -> Result<()> {
        self.now += STEP;
        {
            let mut feed = self.feed.0.lock().unwrap_or_else(PoisonError::into_inner);
            feed.0.extend(samples);
            feed.1 += 1;
        }
        let mut events = Vec::new();
        self.ear.poll(self.now, &mut |event| events.push(event));
        self.take(events, happened)?;
        while self.coming.front().is_some_and(|(at, ..)| *at <= self.now) {
            let Some((_, hearing, transcript)) = self.coming.pop_front() else { break };
            let out = self.attention.handle(In::Heard { hearing, transcript }, self.now);
            self.execute(out, happened)?;
        }
        Ok(())
    }

    fn take(&mut self, events: Vec<Event>, happened: &mut Vec<Happened>) -> Result<()> {
        for event in events {
            match &event {
                Event::Level(_) => continue,
                Event::Hear(hear) if hear.interim && !self.setup.interims => continue,
                Event::DeviceLost { why } => return Err(Error::new(Kind::Failed, why.clone())),
                _ => {}
            }
            let out = self.attention.handle(In::Ear(event), self.now);
            self.execute(out, happened)?;
        }
        Ok(())
    }

    fn execute(&mut self, out: Vec<Out>, happened: &mut Vec<Happened>) -> Result<()> {
        for out in out {
            match out {
                Out::Hear { hear, wake } => {
                    let options = Options {
                        threads: self.setup.threads,
                        language: Some("en".into()),
                        prompt: expecting(
                            self.setup.lexicon.prompt(None),
                            wake.as_ref().map(|(_, prompt)| prompt.as_str()),
                        ),
                        listen_for: wake.map(|(name, _)| name),
                        coverage: Some(hear.coverage),
                        interim: hear.interim,
                        ..Options::default()
                    };
                    let mut transcript = self.recogniser.transcribe(&hear.samples, &options)?;
                    if !hear.interim {
                        self.setup.lexicon.repair(&mut transcript);
                        happened.push(Happened { at: self.now, what: What::Heard(transcript.clone()) });
                    }
                    self.coming.push_back((self.now + LATENCY, hear.hearing, Some(transcript)));
                }
                Out::GiveUp(hearing) => self.coming.retain(|(_, h, _)| *h != hearing),
                Out::Sounds(completeness) => self.ear.sounds(completeness),
                out => happened.push(Happened { at: self.now, what: What::Do(out) }),
            }
        }
        Ok(())
    }
}
