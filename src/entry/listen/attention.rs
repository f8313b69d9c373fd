//! To whom it listens: from what the ear and the recogniser say to what is asked.
//!
//! ```text
//!            wake phrase alone                    answer's voice ends
//!   asleep ────────────────────► attentive ◄───────────────────────── speaking
//!     ▲  wake phrase + question ─► ask            any question ─► ask     │
//!     └──────────── follow-up time is over ◄──────────┘                   │
//!                         stop, wait, wake phrase, speech: the voice stops┘
//! ```
//! By the talk key every utterance is for us. A pure state machine: the driver executes
//! what it says, on devices and a node or, in the evaluation, on recordings.

use crate::core::Moment;
use crate::core::hear::Transcript;
use crate::core::hear::interim::{Interim, Pace, Shown};

use std::collections::BTreeMap;
use std::time::Duration;

use super::ear::{Event, Hear, Utterance};
use super::finished::{Completeness, completeness};
use super::own_voice::is_own;
use super::wake::{Wake, is_stop};

/// An utterance with this share of voice was said by somebody, understood or not.
const SPOKEN: f32 = 0.5;

/// When it listens, and to whom.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What to say first; an empty one makes every utterance a question.
    pub wake: Wake,
    /// How long after an answer no wake phrase is needed.
    pub follow_up: Duration,
    /// Does anybody's speech stop the voice, rather than "stop", "wait" and the wake phrase?
    pub any_speech_stops: bool,
    /// Do these words stop it?
    pub words_stop: bool,
}

/// What happened.
#[derive(Debug)]
pub enum In {
    /// The ear says something.
    Ear(Event),
    /// The recogniser is done with a hearing; `None` where it failed.
    Heard {
        /// Its number.
        hearing: u64,
        /// What was heard.
        transcript: Option<Transcript>,
    },
    /// An answer begins to be spoken: these words.
    Speaks(String),
    /// The voice has fallen silent.
    Silent,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Out {
    /// Have this transcribed and bring it back as [`In::Heard`].
    Hear {
        /// The sound.
        hear: Hear,
        /// The wake phrase where it may begin with that, and the words that make the recogniser
        /// expect it.
        wake: Option<(String, String)>,
    },
    /// That transcript is not needed any more.
    GiveUp(u64),
    /// Tell the ear how the words so far sound.
    Sounds(Completeness),
    /// Somebody speaks to us: show that it listens.
    Listening {
        /// By the talk key.
        by_key: bool,
    },
    /// What was heard so far.
    Show(Shown),
    /// The utterance is complete and its last transcript is being made.
    Hearing,
    /// Ask this.
    Ask(Box<Question>),
    /// The wake phrase was heard, and nothing behind it: show that it listens.
    Attend,
    /// Stop the voice.
    StopVoice,
    /// Hold the voice where it is (true), or let it go on (false).
    HushVoice(bool),
    /// The person wants what goes on to end.
    Stop,
    /// It was not for us.
    Ignored {
        /// What was heard.
        text: String,
        /// Why it is not taken.
        why: &'static str,
    },
    /// What had begun came to nothing.
    Dropped,
    /// A press too short to be a question.
    TooShort,
    /// The recogniser failed.
    Failed,
}

/// A question that was heard.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// What was heard, without the wake phrase. Where it holds no speech, "say that again" is
    /// the answer.
    pub transcript: Transcript,
    /// From the last sample of speech to the endpoint, milliseconds.
    pub endpoint_ms: u64,
    /// From the endpoint to the transcript.
    pub heard_in: Duration,
    /// Samples that were lost in it.
    pub overruns: u64,
}

/// The state machine.
#[derive(Debug)]
pub struct Attention {
    settings: Settings,
    attentive_until: Option<Moment>,
    /// What is being spoken.
    voice: Option<String>,
    /// The voice was stopped by the utterance that goes on.
    stopped: bool,
    /// The utterance that goes on began while no wake phrase was needed.
    attentive: bool,
    /// It was begun by the talk key.
    by_key: bool,
    /// The interim hearing that is being transcribed, and since when.
    interim: Option<(u64, Moment)>,
    pace: Pace,
    shown: Interim,
    /// The transcript that was asked for at the last pause, in case that was the end.
    guess: Option<u64>,
    /// It, where it came before the end.
    early: Option<Option<Transcript>>,
    /// Utterances that wait for their transcript.
    waiting: BTreeMap<u64, Waiting>,
}

#[derive(Debug)]
struct Waiting {
    utterance: Utterance,
    ended: Moment,
    attentive: bool,
    stopped: bool,
    spoken: Option<String>,
}

impl Attention {
    /// Asleep, or with the talk key alone.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            attentive_until: None,
            voice: None,
            stopped: false,
            attentive: false,
            by_key: false,
            interim: None,
            pace: Pace::default(),
            shown: Interim::default(),
            guess: None,
            early: None,
            waiting: BTreeMap::new(),
        }
    }

    /// Is no wake phrase needed at `now`?
    pub fn is_attentive(&self, now: Moment) -> bool {
        self.settings.wake.is_empty() || self.attentive_until.is_some_and(|until| now < until)
    }

    /// Takes what happened at `now`; says what is to be done.
    pub fn handle(&mut self, event: In, now: Moment) -> Vec<Out> {
        match event {
            In::Ear(event) => self.ear(event, now),
            In::Heard { hearing, transcript } => self.heard(hearing, transcript, now),
            In::Speaks(words) => {
                self.voice = Some(words);
                Vec::new()
            }
            In::Silent => {
                if self.voice.take().is_some() {
                    self.attentive_until = Some(now + self.settings.follow_up);
                }
                Vec::new()
            }
        }
    }

    fn ear(&mut self, event: Event, now: Moment) -> Vec<Out> {
        match event {
            Event::Started { by_key, over_voice } => {
                self.shown = Interim::default();
                (self.guess, self.early) = (None, None);
                self.pace.utterance(now);
                self.attentive = self.is_attentive(now);
                self.by_key = by_key;
                // Somebody who has barged in is heard out.
                self.stopped = by_key || (self.stopped && over_voice);
                let mut out = Vec::new();
                if by_key {
                    out.push(Out::StopVoice);
                }
                if by_key || self.attentive || self.stopped {
                    out.push(Out::Listening { by_key });
                }
                out
            }
            Event::Hush if self.stops() => vec![Out::HushVoice(true)],
            Event::BargeIn if self.stops() => {
                self.stopped = true;
                vec![Out::StopVoice, Out::Listening { by_key: false }]
            }
            Event::NoBargeIn => vec![Out::HushVoice(false)],
            Event::Hush | Event::BargeIn => Vec::new(),
            Event::Hear(hear) if hear.interim => {
                if !self.pace.is_due(now, self.guess.is_some()) {
                    return Vec::new();
                }
                self.pace.started(now);
                self.interim = Some((hear.hearing, now));
                vec![self.hearing(hear)]
            }
            Event::Hear(hear) => {
                (self.guess, self.early) = (Some(hear.hearing), None);
                let mut out: Vec<Out> = self.give_up(now).into_iter().collect();
                out.push(self.hearing(hear));
                out
            }
            Event::GiveUp { hearing } => {
                if self.guess == Some(hearing) {
                    (self.guess, self.early) = (None, None);
                }
                vec![Out::GiveUp(hearing)]
            }
            Event::Utterance(utterance) => self.ended(utterance, now),
            Event::Dropped | Event::DeviceLost { .. } => {
                self.stopped = false;
                let lost = matches!(event, Event::DeviceLost { .. });
                // Nobody will say any more that it was nothing.
                let hushed = lost.then_some(Out::HushVoice(false));
                self.give_up(now).into_iter().chain(hushed).chain([Out::Dropped]).collect()
            }
            Event::TooShort => vec![Out::TooShort],
            Event::Level(_) | Event::DeviceBack { .. } => Vec::new(),
        }
    }

    fn stops(&self) -> bool {
        self.settings.any_speech_stops && self.voice.is_some()
    }

    fn hearing(&self, hear: Hear) -> Out {
        let wake = &self.settings.wake;
        let expected = !wake.is_empty() && !self.by_key && !self.attentive;
        Out::Hear { hear, wake: expected.then(|| (wake.name(), wake.prompt())) }
    }

    /// The interim transcript, if one is being made, is not needed any more.
    fn give_up(&mut self, now: Moment) -> Option<Out> {
        let (hearing, since) = self.interim.take()?;
        self.pace.finished(now.saturating_sub(since));
        Some(Out::GiveUp(hearing))
    }

    fn ended(&mut self, utterance: Utterance, now: Moment) -> Vec<Out> {
        self.pace.ended();
        let hearing = utterance.hearing;
        let waiting = Waiting {
            utterance,
            ended: now,
            attentive: self.attentive,
            stopped: std::mem::take(&mut self.stopped),
            spoken: self.voice.clone(),
        };
        self.guess = None;
        match self.early.take() {
            Some(transcript) => self.judge(waiting, transcript, now),
            None => {
                let for_us = waiting.utterance.by_key || waiting.attentive;
                self.waiting.insert(hearing, waiting);
                if for_us { vec![Out::Hearing] } else { Vec::new() }
            }
        }
    }

    fn heard(&mut self, hearing: u64, transcript: Option<Transcript>, now: Moment) -> Vec<Out> {
        if let Some((_, since)) = self.interim.take_if(|(interim, _)| *interim == hearing) {
            self.pace.finished(now.saturating_sub(since));
            let Some(transcript) = transcript.filter(|t| t.speech) else { return Vec::new() };
            return vec![sounds(&transcript), Out::Show(self.shown.update(&transcript))];
        }
        if let Some(waiting) = self.waiting.remove(&hearing) {
            return self.judge(waiting, transcript, now);
        }
        // What was given up may still come.
        if self.guess != Some(hearing) {
            return Vec::new();
        }
        // The guess of an end that has not come yet: it tells how long to wait for it.
        let out = transcript.iter().map(sounds).collect();
        self.early = Some(transcript);
        out
    }

    /// The utterance is over and this was heard: is it for us?
    fn judge(&mut self, waiting: Waiting, transcript: Option<Transcript>, now: Moment) -> Vec<Out> {
        let Waiting { utterance, ended, attentive, stopped, spoken } = waiting;
        let Some(mut transcript) = transcript else {
            return vec![Out::Failed];
        };
        let ignored = |text: &str, why| vec![Out::Ignored { text: text.to_owned(), why }];
        let text = transcript.text.clone();
        let mut out = Vec::new();
        if !utterance.by_key {
            if utterance.over_voice && spoken.as_deref().is_some_and(|spoken| is_own(&text, spoken)) {
                return ignored(&text, "the voice of the house itself");
            }
            let speaks = spoken.is_some();
            if is_stop(&text) && (stopped || attentive || (speaks && self.settings.words_stop)) {
                return vec![Out::StopVoice, Out::Stop];
            }
            if speaks && !stopped && !self.settings.words_stop {
                return ignored(&text, "only the key ends an answer");
            }
            match self.settings.wake.command(&text, transcript.phrase) {
                Some("") => {
                    self.attentive_until = Some(now + self.settings.follow_up);
                    return vec![Out::StopVoice, Out::Attend];
                }
                Some(command) => {
                    if spoken.is_some() {
                        out.push(Out::StopVoice);
                    }
                    strip(&mut transcript, command);
                }
                None if utterance.over_voice && !stopped && spoken.is_some() => {
                    return ignored(&text, "said while the answer was being spoken");
                }
                None if !(attentive || stopped) => return ignored(&text, "without the wake phrase"),
                // They spoke to us, but it cannot be made out: asked once more. A noise is none
                // of that.
                None if !transcript.speech && utterance.coverage < SPOKEN => {
                    return ignored(&text, "a noise");
                }
                None => {}
            }
        }
        self.attentive_until = None;
        out.push(Out::Ask(Box::new(Question {
            transcript,
            endpoint_ms: utterance.speech_end_offset_ms,
            heard_in: now.saturating_sub(ended),
            overruns: utterance.overruns,
        })));
        out
    }
}

fn sounds(transcript: &Transcript) -> Out {
    Out::Sounds(completeness(&transcript.text, &transcript.language))
}

/// Takes all words before `rest`, the end of the text, out of a transcript.
fn strip(transcript: &mut Transcript, rest: &str) {
    let kept = rest.split_whitespace().count();
    let before = transcript.words.len().saturating_sub(kept);
    transcript.words.drain(..before);
    transcript.text = rest.to_owned();
}

#[cfg(test)]
#[path = "attention_tests.rs"]
mod tests;
