//! Endpointing: from frames of voice activity to where an utterance begins and ends.
//!
//! ```text
//!            3 of 5 frames likely                    3 frames of silence
//!   idle ───────────────────────▶ speaking ────────────────────────────▶ paused
//!    ▲        Started                ▲  ▲                Paused             │ │
//!    │                               │  └───────────────────────────────────┘ │
//!    │                               │            a likely frame: Resumed     │
//!    └───────────────────────────────┴────────────────────────────────────────┘
//!      Ended (30 s: cut)      silence as long as the words ask for: Ended, or Dropped
//! ```
//! A pure state machine; its clock is the frames themselves. Two thresholds make a
//! hysteresis: a frame must be likely to begin speech, and unlikely to end it. Where the
//! speech stands well above the noise, its level tells the end, for the detector's
//! probability trails the last sound; in noise that trail is taken off.

use std::collections::VecDeque;

use super::finished::Completeness;
use super::vad::{FRAME, Frame};
use crate::core::hear::SAMPLE_RATE;

mod pace;

use pace::Pace;

/// From this probability on a frame is speech; one within speech stays it down to the other
/// (the distance is that of Silero's own iterator).
const LIKELY: f32 = 0.5;
const POSSIBLE: f32 = 0.35;
/// An onset reaches back over frames that are at least so probable.
const ONSET: f32 = 0.2;
/// An utterance begins with so many likely frames among the last so many.
const ENOUGH: usize = 3;
const WINDOW: usize = 5;
/// Fewer likely frames than this are no word: 128 ms.
const SHORTEST: usize = 4;
/// What is kept before the onset: 300 ms.
const PRE_ROLL: usize = SAMPLE_RATE as usize * 3 / 10;
/// Frames of silence that are a pause. The last sample of speech lies anywhere in its frame,
/// so these are 96 to 128 ms.
const PAUSE: usize = 3;
/// The longest utterance, pre-roll included: 30 s.
const LONGEST: usize = SAMPLE_RATE as usize * 30;
/// Speech that stands so far above the noise ends where its level falls, dB.
const CLEAR_DB: f32 = 20.0;
/// It has fallen at this share of the way from the noise up to the loudest frame, and so much
/// above the noise at least.
const EDGE_SHARE: f32 = 0.2;
const EDGE_DB: f32 = 6.0;
/// Where the level tells nothing: frames that the probability trails the last sound.
const TRAIL: usize = 1;
/// Share of the old level in the tracked noise.
const SMOOTH: f32 = 0.9;
/// After so many frames of silence what is heard is noise again, not an echo of the speech.
const ECHO: usize = 6;
/// What the words sounded like is out of date after so many more frames of speech: 400 ms,
/// when the next interim transcript is due.
const STALE: usize = 12;
/// Who begins again so soon after the end was probably cut off: 800 ms.
const CUT_OFF: usize = 25;

/// What the endpointer has decided. Positions are samples before the end of the frame that
/// was given last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cue {
    /// An utterance began so many samples ago, pre-roll included.
    Started {
        /// Samples to go back.
        back: usize,
    },
    /// Some 120 ms of silence: worth a final transcript, should it be the end.
    Paused {
        /// The last sample of speech, so many samples ago.
        speech_end: usize,
    },
    /// Speech goes on: that transcript is worth nothing.
    Resumed,
    /// The utterance is over.
    Ended {
        /// The last sample of speech, so many samples ago.
        speech_end: usize,
        /// It was cut off because it became too long.
        cut: bool,
    },
    /// What began was no speech (too short, a bang): throw it away.
    Dropped,
}

/// How patient the endpointer is.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Silence that ends a sentence which sounds finished, milliseconds.
    pub silence_ms: u64,
    /// Silence that ends any, milliseconds.
    pub longest_silence_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { silence_ms: 300, longest_silence_ms: 900 }
    }
}

/// The state machine.
#[derive(Debug)]
pub struct Endpointer {
    settings: Settings,
    pace: Pace,
    /// Frames of the stream so far.
    seen: usize,
    /// The frame before which no utterance may begin: the stream's start, or the end of the
    /// last utterance.
    floor: usize,
    /// Where the last utterance ended, until it is too long ago to matter.
    last_end: Option<usize>,
    recent: VecDeque<f32>,
    /// Level of what is no speech, dBFS.
    noise: Option<f32>,
    open: Option<Open>,
}

/// An utterance that goes on. Positions are counts of frames from the stream's start.
#[derive(Debug)]
struct Open {
    /// Its first sample, pre-roll included.
    first_sample: usize,
    /// Behind the last frame of speech.
    end: usize,
    /// Likely frames.
    likely: usize,
    peak_dbfs: f32,
    paused: bool,
    completeness: Completeness,
    /// Frames of speech since the words were judged.
    judged: usize,
}

impl Default for Endpointer {
    fn default() -> Self {
        Self::new(Settings::default())
    }
}

impl Endpointer {
    /// Nobody speaks yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            pace: Pace::default(),
            seen: 0,
            floor: 0,
            last_end: None,
            recent: VecDeque::with_capacity(WINDOW),
            noise: None,
            open: None,
        }
    }

    /// Takes the next frame.
    pub fn frame(&mut self, frame: Frame) -> Option<Cue> {
        self.seen += 1;
        if self.recent.len() == WINDOW {
            self.recent.pop_front();
        }
        self.recent.push_back(frame.speech);
        let cue = match self.open.take() {
            None => self.idle(frame),
            Some(open) => self.speaking(open, frame),
        };
        let silent = self.open.as_ref().is_none_or(|open| self.seen - open.end > ECHO);
        if frame.speech < POSSIBLE && silent {
            let level = frame.level_dbfs;
            self.noise = Some(self.noise.map_or(level, |old| SMOOTH * old + (1.0 - SMOOTH) * level));
        }
        cue
    }

    fn idle(&mut self, frame: Frame) -> Option<Cue> {
        let likely = self.recent.iter().filter(|p| **p >= LIKELY).count();
        if likely < ENOUGH || frame.speech < LIKELY {
            return None;
        }
        // From the first likely frame of the window back over what may belong to it.
        let probable: Vec<bool> = self.recent.iter().map(|p| *p >= ONSET).collect();
        let first = self.recent.iter().position(|p| *p >= LIKELY).unwrap_or_default();
        let reach = probable.iter().take(first).rev().take_while(|p| **p).count();
        let onset = (self.seen - (self.recent.len() - first) - reach).max(self.floor);
        if let Some(end) = self.last_end.take()
            && onset.saturating_sub(end) <= CUT_OFF
        {
            self.pace.paused(millis(onset - end.min(onset)));
        }
        let first_sample = (onset * FRAME).saturating_sub(PRE_ROLL).max(self.floor * FRAME);
        self.pace.begin();
        self.open = Some(Open {
            first_sample,
            end: self.seen,
            likely,
            peak_dbfs: frame.level_dbfs,
            paused: false,
            completeness: Completeness::default(),
            judged: 0,
        });
        Some(Cue::Started { back: self.seen * FRAME - first_sample })
    }

    fn speaking(&mut self, mut open: Open, frame: Frame) -> Option<Cue> {
        let edge = self.edge(&open);
        let loud = edge.is_none_or(|edge| frame.level_dbfs >= edge);
        let wanted = if open.paused { LIKELY } else { POSSIBLE };
        let mut cue = None;
        if frame.speech >= wanted && loud {
            if open.paused {
                self.pace.paused(millis(self.seen - 1 - open.end));
                open.completeness = Completeness::default();
                cue = Some(Cue::Resumed);
            }
            open.paused = false;
            open.end = self.seen;
            open.judged += 1;
            if open.judged > STALE {
                open.completeness = Completeness::default();
            }
            if frame.speech >= LIKELY {
                open.likely += 1;
                open.peak_dbfs = open.peak_dbfs.max(frame.level_dbfs);
                if edge.is_some() {
                    self.pace.voiced(frame.level_dbfs);
                }
            }
        } else if !open.paused && self.seen - open.end >= PAUSE - if edge.is_some() { 0 } else { TRAIL } {
            if edge.is_none() {
                open.end = open.end.saturating_sub(TRAIL).max(self.floor);
            }
            open.paused = true;
            cue = Some(Cue::Paused { speech_end: (self.seen - open.end) * FRAME });
        } else if open.paused && self.is_over(&open) {
            return Some(self.close(&open, false));
        }
        if self.seen * FRAME - open.first_sample + FRAME > LONGEST {
            return Some(self.close(&open, true));
        }
        self.open = Some(open);
        cue
    }

    /// The level below which a frame is no speech; `None` where the noise is too near.
    fn edge(&self, open: &Open) -> Option<f32> {
        let noise = self.noise?;
        let stands = open.peak_dbfs - noise;
        (stands >= CLEAR_DB).then(|| noise + (stands * EDGE_SHARE).max(EDGE_DB))
    }

    /// Has the silence been long enough? It may be as old as the whole last frame of speech,
    /// and the next look would be a frame later: so a threshold is never overrun.
    fn is_over(&self, open: &Open) -> bool {
        millis(self.seen - open.end + 2) > self.patience(open)
    }

    /// The silence that ends this utterance, milliseconds.
    fn patience(&self, open: &Open) -> u64 {
        let longest = self.settings.longest_silence_ms;
        let finished = self.pace.stretch(self.settings.silence_ms).min(longest);
        match open.completeness {
            _ if open.likely < SHORTEST => self.settings.silence_ms,
            Completeness::Finished => finished,
            Completeness::Unsure => finished.midpoint(longest),
            Completeness::Unfinished => longest,
        }
    }

    fn close(&mut self, open: &Open, cut: bool) -> Cue {
        self.recent.clear();
        self.floor = if cut { self.seen } else { open.end };
        if open.likely < SHORTEST {
            return Cue::Dropped;
        }
        self.pace.end();
        self.last_end = (!cut).then_some(open.end);
        Cue::Ended { speech_end: (self.seen - open.end) * FRAME, cut }
    }

    /// What the words so far sound like (from an interim or a guessed final transcript of
    /// the utterance that goes on). It holds until speech has gone on for a while.
    pub fn sounds(&mut self, completeness: Completeness) {
        if let Some(open) = &mut self.open {
            open.completeness = completeness;
            open.judged = 0;
        }
    }

    /// Is an utterance going on?
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Forgets the utterance that goes on, not the speaker's pace. What came before is out of
    /// reach for the next one.
    pub fn reset(&mut self) {
        self.open = None;
        self.recent.clear();
        self.last_end = None;
        self.floor = self.seen;
    }
}

fn millis(frames: usize) -> u64 {
    (frames * FRAME) as u64 * 1000 / u64::from(SAMPLE_RATE)
}

#[cfg(test)]
mod tests;
