//! How fast somebody speaks, and how long they pause within a sentence: what the patience of
//! the endpointer follows, from utterance to utterance.
//!
//! Syllables are counted as peaks of loudness between dips, after N. H. de Jong, T. Wempe,
//! "Praat script to detect syllable nuclei and measure speech rate automatically", Behavior
//! Research Methods 41, 2009.

use super::millis;

/// Share of the newest observation in the running means.
const NEW: f32 = 0.25;
/// Before anything was observed: pauses of a fluent speaker within a sentence, milliseconds,
/// and how they vary.
const PAUSE_MS: f32 = 160.0;
const SPREAD_MS: f32 = 50.0;
/// Pauses up to this (mean and twice the spread) ask for no more patience than the shortest.
const USUAL_MS: f32 = 260.0;
/// Syllables a second: conversation has 4 to 5, and who stays below this is slow.
const SLOW: f32 = 3.0;
/// At most so many times the shortest patience.
const MOST: f32 = 1.5;
/// A dip between two syllables, dB.
const DIP_DB: f32 = 3.0;
/// Fewer frames of speech (1 s) or syllables than this tell no rate.
const ENOUGH: usize = 31;
const FEW: usize = 3;

/// The running statistics of one speaker.
#[derive(Debug, Clone)]
pub struct Pace {
    pause_ms: f32,
    spread_ms: f32,
    /// Syllables a second.
    rate: Option<f32>,
    /// Of the utterance that goes on.
    frames: usize,
    syllables: usize,
    /// On a syllable's peak, and not in the dip behind it?
    up: bool,
    /// The lowest level of the dip and the highest of the peak, dBFS.
    low: f32,
    high: f32,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            pause_ms: PAUSE_MS,
            spread_ms: SPREAD_MS,
            rate: None,
            frames: 0,
            syllables: 0,
            up: false,
            low: f32::INFINITY,
            high: f32::NEG_INFINITY,
        }
    }
}

impl Pace {
    /// An utterance begins.
    pub fn begin(&mut self) {
        (self.frames, self.syllables, self.up) = (0, 0, false);
        (self.low, self.high) = (f32::INFINITY, f32::NEG_INFINITY);
    }

    /// A frame of clear speech, dBFS.
    pub fn voiced(&mut self, level: f32) {
        self.frames += 1;
        self.low = self.low.min(level);
        if level > self.low + DIP_DB {
            // Up from a dip: a syllable, until it is down again.
            self.syllables += usize::from(!self.up);
            (self.up, self.high) = (true, self.high.max(level));
        }
        if self.up && level < self.high - DIP_DB {
            (self.up, self.low, self.high) = (false, level, f32::NEG_INFINITY);
        }
    }

    /// A pause within an utterance, or one that should have been.
    pub fn paused(&mut self, ms: u64) {
        let ms = ms as f32;
        self.spread_ms += NEW * ((ms - self.pause_ms).abs() - self.spread_ms);
        self.pause_ms += NEW * (ms - self.pause_ms);
    }

    /// The utterance is over.
    pub fn end(&mut self) {
        if self.frames < ENOUGH || self.syllables < FEW {
            return;
        }
        let rate = self.syllables as f32 * 1000.0 / millis(self.frames) as f32;
        self.rate = Some(self.rate.map_or(rate, |old| old + NEW * (rate - old)));
    }

    /// A patience as this speaker needs it.
    pub fn stretch(&self, ms: u64) -> u64 {
        let pauses = (self.pause_ms + 2.0 * self.spread_ms) / USUAL_MS;
        let rate = self.rate.map_or(1.0, |rate| SLOW / rate.max(0.1));
        (ms as f32 * pauses.max(rate).clamp(1.0, MOST)) as u64
    }
}
