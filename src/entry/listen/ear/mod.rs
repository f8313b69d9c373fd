//! The ear: takes what the microphone has, converts, meters, and says where an utterance
//! begins and ends and what is worth a transcript on the way. A state machine on `now`; its
//! [`Handle`] is the thread that drives it.
//!
//! ```text
//! microphone ─▶ 16 kHz ─▶ own voice taken out ─▶ track ─▶ voice activity ─▶ endpointer
//!                                                  │            talk key ─────┐  │
//!                                                  ▼                          ▼  ▼
//!                             samples ◀─ Hear (interim, guess of the end) ◀─ utterance
//! ```
//! An utterance is bounded by the talk key, or, hands-free, by the endpointer. At 120 ms of
//! silence its transcript is asked for as if it were over; if speech goes on, that is given
//! up.

mod activity;
mod event;
mod thread;

use super::endpoint::{self, Cue};
use super::finished::Completeness;
use super::level::Meter;
use super::own_voice::OwnVoice;
use super::own_voice::barge::{self, Barge};
use super::push_to_talk::{Action, Dropped, Ended, Event as Input, Key, LONGEST, PRE_ROLL, PushToTalk};
use super::resample::Resampler;
use super::track::Track;
use super::trim;
use super::vad::Vad;
use crate::core::Moment;
use crate::core::hear::SAMPLE_RATE;
use crate::entry::microphone::{Pulse, Source};
use crate::entry::{Error, Kind, Result};
use activity::{Activity, Cued};
pub use event::{Event, Hear, Utterance};
pub use thread::{Handle, Reference};

/// How often the level is told.
const LEVEL_EVERY: std::time::Duration = std::time::Duration::from_millis(100);
/// How often a lost microphone is looked for.
const RETRY_EVERY: std::time::Duration = std::time::Duration::from_secs(1);
/// The first interim transcript is worth its while after so much sound, in samples (0.8 s)…
const FIRST_INTERIM: u64 = SAMPLE_RATE as u64 * 8 / 10;
/// … and the next ones this much later, in samples (0.4 s).
const INTERIM_EVERY: u64 = SAMPLE_RATE as u64 * 4 / 10;
/// Sound this much behind the detector's end of speech is its tail, in samples (0.25 s).
const SLACK: u64 = SAMPLE_RATE as u64 / 4;
/// A frame is voice from this probability on.
const VOICE: f32 = 0.5;
/// Sound that may still be asked for, in samples: the longest utterance and what belongs to it.
const REMEMBERED: usize = LONGEST + SAMPLE_RATE as usize * 2;

/// Opens the microphone; called at the start and, after a loss, until it succeeds.
pub type Open = Box<dyn FnMut() -> Result<Box<dyn Source>> + Send>;

/// The state of the ear.
pub struct Ear {
    open: Open,
    line: Option<Line>,
    retry_at: Moment,
    /// A loss is told once, not at every failed try.
    told: bool,
    hands_free: bool,
    talk: PushToTalk,
    activity: Activity,
    own: OwnVoice,
    barge: Barge,
    track: Track,
    utterance: Option<Going>,
    hearings: u64,
    meter: Meter,
    level_at: Moment,
    raw: Vec<f32>,
    fresh: Vec<f32>,
}

/// An open source and what goes with it.
struct Line {
    source: Box<dyn Source>,
    resampler: Resampler,
    pulse: Pulse,
    /// Cut-off peaks that the meter has been told of.
    clipped: u64,
}

/// The utterance that goes on.
struct Going {
    start: u64,
    by_key: bool,
    over_voice: bool,
    /// The transcript of what was said until the pause, in case it is the end.
    guess: Option<Guess>,
    next_interim: u64,
    voice: u32,
    frames: u32,
    overruns_before: u64,
}

#[derive(Clone, Copy)]
struct Guess {
    hearing: u64,
    speech_end: u64,
}

impl Going {
    fn coverage(&self) -> f32 {
        if self.frames == 0 { 0.0 } else { self.voice as f32 / self.frames as f32 }
    }
}

impl Ear {
    /// An ear that has not looked for its microphone yet.
    pub fn new(open: Open, vad: Vad, settings: endpoint::Settings, hands_free: bool) -> Self {
        Self {
            open,
            line: None,
            retry_at: Moment::ZERO,
            told: false,
            hands_free,
            talk: PushToTalk::default(),
            activity: Activity::new(vad, settings),
            own: OwnVoice::new(),
            barge: Barge::new(),
            track: Track::new(REMEMBERED),
            utterance: None,
            hearings: 0,
            meter: Meter::default(),
            level_at: Moment::ZERO,
            raw: Vec::new(),
            fresh: Vec::new(),
        }
    }

    /// Takes the talk key.
    pub fn key(&mut self, key: Key, now: Moment, say: &mut dyn FnMut(Event)) {
        // Without a microphone there is nothing to begin; what was begun may end.
        if self.line.is_some() || self.talk.is_recording() {
            self.talk(Input::Key(key), now, say);
        }
    }

    /// What the words of the utterance so far sound like.
    pub fn sounds(&mut self, completeness: Completeness) {
        self.activity.sounds(completeness);
    }

    /// Takes what the loudspeaker was given: mono at `rate`, its first sample the device's
    /// number `frame`, pulled at `at`.
    pub fn played(&mut self, samples: &[f32], rate: u32, frame: u64, at: Moment) {
        self.own.played(samples, rate, frame, at);
    }

    /// Looks at the microphone: takes what has arrived, notices its loss and return.
    pub fn poll(&mut self, now: Moment, say: &mut dyn FnMut(Event)) {
        if self.line.is_none() && now >= self.retry_at {
            self.retry_at = now + RETRY_EVERY;
            self.connect(say);
        }
        let heard = self.listen(now);
        if let Err(why) = heard.and_then(|()| self.hear(now, say)) {
            self.lose(&why, now, say);
        }
        if self.line.is_some() && now >= self.level_at {
            self.level_at = now + LEVEL_EVERY;
            say(Event::Level(self.meter.level()));
        }
    }

    fn connect(&mut self, say: &mut dyn FnMut(Event)) {
        let opened = (self.open)().and_then(|source| {
            let resampler = Resampler::new(source.rate())?;
            Ok(Line { source, resampler, pulse: Pulse::default(), clipped: 0 })
        });
        match opened {
            Ok(line) => {
                say(Event::DeviceBack { name: line.source.name().to_owned() });
                self.line = Some(line);
                self.told = false;
                self.activity.restart(self.track.end());
            }
            Err(error) if !self.told => {
                self.told = true;
                say(Event::DeviceLost { why: error.to_string() });
            }
            Err(_) => {}
        }
    }

    fn lose(&mut self, why: &Error, now: Moment, say: &mut dyn FnMut(Event)) {
        self.line = None;
        self.retry_at = now + RETRY_EVERY;
        self.talk(Input::Lost, now, say);
        self.give_up(say);
        self.utterance = None;
        self.track.clear();
        self.own.reset();
        self.barge.reset();
        self.meter = Meter::default();
        self.told = true;
        say(Event::DeviceLost { why: why.to_string() });
    }

    /// Fills `fresh` with what has arrived, at 16 kHz.
    fn listen(&mut self, now: Moment) -> Result<()> {
        self.fresh.clear();
        let Some(line) = &mut self.line else {
            return Ok(());
        };
        self.raw.clear();
        line.source.read(&mut self.raw);
        line.resampler.push(&self.raw, &mut self.fresh)?;
        let health = line.source.health();
        if health.clipped > line.clipped {
            line.clipped = health.clipped;
            self.meter.clipped();
        }
        if health.moved {
            // It goes on elsewhere, perhaps at another rate: found anew at the next look.
            self.line = None;
            self.retry_at = now;
            return Ok(());
        }
        if line.pulse.is_stalled(health, now) {
            let what = format!("the microphone \"{}\" has stopped", line.source.name());
            return Err(Error::new(Kind::Device, what));
        }
        Ok(())
    }

    fn hear(&mut self, now: Moment, say: &mut dyn FnMut(Event)) -> Result<()> {
        let mut fresh = std::mem::take(&mut self.fresh);
        self.meter.push(&fresh);
        self.own.clean(&mut fresh, now);
        if self.hands_free && !fresh.is_empty() {
            let levels = self.own.levels();
            let cue = self.barge.levels(levels, millis(fresh.len() as u64) as u32);
            self.barges(cue, say);
        }
        self.track.push(&fresh);
        let followed = self.follow(&fresh, now, say);
        self.talk(Input::Samples(fresh.len()), now, say);
        self.fresh = fresh;
        followed
    }

    /// Follows the voice activity, where somebody may be speaking to us.
    fn follow(&mut self, samples: &[f32], now: Moment, say: &mut dyn FnMut(Event)) -> Result<()> {
        if !self.hands_free && self.utterance.is_none() {
            return Ok(());
        }
        let mut cues = Vec::new();
        self.activity.push(samples, &mut |cued| cues.push(cued))?;
        let playing = self.own.is_playing(now);
        for cued in cues {
            self.cued(&cued, playing, say);
        }
        Ok(())
    }

    fn cued(&mut self, cued: &Cued, playing: bool, say: &mut dyn FnMut(Event)) {
        self.meter.frame(cued.frame);
        if self.hands_free {
            let cue = self.barge.frame(cued.frame);
            self.barges(cue, say);
        }
        if let Some(open) = &mut self.utterance {
            open.frames += 1;
            open.voice += u32::from(cued.frame.speech >= VOICE);
            open.over_voice |= playing;
        }
        let by_key = self.utterance.as_ref().is_some_and(|o| o.by_key);
        match cued.cue {
            Some(Cue::Started { back }) if !by_key => {
                let start = cued.at.saturating_sub(back as u64);
                self.begin(start, false, playing, say);
            }
            // The key is still held: they go on after a pause.
            Some(Cue::Resumed | Cue::Started { .. }) => self.give_up(say),
            Some(Cue::Paused { speech_end }) => self.guess(cued.at, speech_end, say),
            Some(Cue::Ended { speech_end, cut }) if !by_key => {
                self.end(cued.at, Some(cued.at.saturating_sub(speech_end as u64)), cut, say);
            }
            Some(Cue::Dropped) if !by_key && self.utterance.is_some() => {
                self.give_up(say);
                self.utterance = None;
                say(Event::Dropped);
            }
            Some(Cue::Ended { .. } | Cue::Dropped) => {}
            None => self.interim(cued, say),
        }
    }

    fn barges(&mut self, cue: Option<barge::Cue>, say: &mut dyn FnMut(Event)) {
        match cue {
            None => {}
            Some(barge::Cue::Hush) => say(Event::Hush),
            Some(barge::Cue::Speech) => say(Event::BargeIn),
            Some(barge::Cue::Nothing) => say(Event::NoBargeIn),
        }
    }

    fn begin(&mut self, start: u64, by_key: bool, over_voice: bool, say: &mut dyn FnMut(Event)) {
        self.give_up(say);
        self.utterance = Some(Going {
            start,
            by_key,
            over_voice,
            guess: None,
            next_interim: start + FIRST_INTERIM,
            voice: 0,
            frames: 0,
            overruns_before: self.overruns(),
        });
        say(Event::Started { by_key, over_voice });
    }

    /// Asks for what was said so far as if it were all.
    fn guess(&mut self, at: u64, speech_end: usize, say: &mut dyn FnMut(Event)) {
        self.give_up(say);
        let Some(open) = &mut self.utterance else { return };
        self.hearings += 1;
        let guess = Guess { hearing: self.hearings, speech_end: at.saturating_sub(speech_end as u64) };
        open.guess = Some(guess);
        let (samples, coverage) = (sound(&self.track, open, at), open.coverage());
        say(Event::Hear(Hear { hearing: guess.hearing, interim: false, samples, coverage }));
    }

    fn give_up(&mut self, say: &mut dyn FnMut(Event)) {
        if let Some(guess) = self.utterance.as_mut().and_then(|open| open.guess.take()) {
            say(Event::GiveUp { hearing: guess.hearing });
        }
    }

    fn interim(&mut self, cued: &Cued, say: &mut dyn FnMut(Event)) {
        let Some(open) = &mut self.utterance else { return };
        if open.guess.is_some() || cued.at < open.next_interim || cued.frame.speech < VOICE {
            return;
        }
        open.next_interim = cued.at + INTERIM_EVERY;
        self.hearings += 1;
        let (samples, coverage) = (self.track.slice(open.start, cued.at), open.coverage());
        say(Event::Hear(Hear { hearing: self.hearings, interim: true, samples, coverage }));
    }

    /// The utterance is over at position `at`; its last sample of speech is at `speech_end`
    /// where that is known.
    fn end(&mut self, at: u64, speech_end: Option<u64>, cut: bool, say: &mut dyn FnMut(Event)) {
        let Some(open) = self.utterance.take() else { return };
        self.meter.ended();
        let coverage = open.coverage();
        let loud_end = || {
            let whole = self.track.slice(open.start, at);
            trim::speech(&whole).map_or(at, |speech| open.start + speech.end as u64)
        };
        let (hearing, speech_end) = match open.guess {
            // Of what the key holds together nothing may be lost, though the detector heard no
            // voice in it.
            Some(guess) if !open.by_key || loud_end() <= guess.speech_end + SLACK => {
                (guess.hearing, speech_end.unwrap_or(guess.speech_end))
            }
            stale => {
                if let Some(guess) = stale {
                    say(Event::GiveUp { hearing: guess.hearing });
                }
                let spoken = loud_end();
                self.hearings += 1;
                let samples = sound(&self.track, &open, at);
                say(Event::Hear(Hear { hearing: self.hearings, interim: false, samples, coverage }));
                (self.hearings, speech_end.unwrap_or(spoken))
            }
        };
        say(Event::Utterance(Utterance {
            hearing,
            speech_end_offset_ms: millis(self.track.end().saturating_sub(speech_end)),
            length_ms: millis(at.saturating_sub(open.start)),
            coverage,
            overruns: self.overruns().saturating_sub(open.overruns_before),
            cut,
            by_key: open.by_key,
            over_voice: open.over_voice,
        }));
    }

    fn talk(&mut self, input: Input, now: Moment, say: &mut dyn FnMut(Event)) {
        match self.talk.handle(input, now) {
            None => {}
            Some(Action::Start { pre_roll }) => {
                let start = self.track.end().saturating_sub(pre_roll as u64);
                // What was being said hands-free belongs to it.
                let start = self.utterance.as_ref().map_or(start, |open| open.start.min(start));
                self.begin(start, true, self.own.is_playing(now), say);
                if self.hands_free {
                    self.activity.forget();
                } else {
                    self.activity.restart(start);
                    let roll = self.track.slice(start, self.track.end());
                    if let Err(why) = self.follow(&roll, now, say) {
                        tracing::warn!(%why, "no voice activity");
                    }
                }
            }
            Some(Action::End(ended)) => {
                self.end(self.track.end(), None, ended == Ended::TooLong, say);
                self.activity.forget();
            }
            Some(Action::Drop(dropped)) => {
                self.give_up(say);
                self.utterance = None;
                self.activity.forget();
                if dropped == Dropped::TooShort {
                    say(Event::TooShort);
                }
            }
        }
    }

    fn overruns(&self) -> u64 {
        self.line.as_ref().map_or(0, |line| line.source.health().overruns)
    }
}

/// What is to be recognised of an utterance that goes on: the silence before a talk key's
/// speech is cut, as far as energy tells it.
fn sound(track: &Track, open: &Going, to: u64) -> Vec<f32> {
    let mut samples = track.slice(open.start, to);
    if open.by_key {
        let kept = trim::trim(&samples, trim::MARGIN);
        samples.truncate(kept.end);
        samples.drain(..kept.start.min(samples.len()));
    }
    samples
}

fn millis(samples: u64) -> u64 {
    samples * 1000 / u64::from(SAMPLE_RATE)
}

// How much an utterance may look back must have been kept.
const _: () = assert!(REMEMBERED > LONGEST + PRE_ROLL);

#[cfg(test)]
mod tests;
