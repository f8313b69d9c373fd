//! Endpointing: from frames of voice activity to where an utterance begins and ends.
//!
//! A pure state machine; its clock is the frames themselves.

use super::finished::Completeness;
use super::vad::Frame;

/// What the endpointer has decided. Positions are samples before the end of the frame that
/// was given last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cue {
    /// An utterance began so many samples ago, pre-roll included.
    Started {
        /// Samples to go back.
        back: usize,
    },
    /// 120 ms of silence: worth a final transcript, should it be the end.
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
#[derive(Debug, Default)]
pub struct Endpointer {
    _settings: Settings,
}

impl Endpointer {
    /// Nobody speaks yet.
    pub fn new(settings: Settings) -> Self {
        Self { _settings: settings }
    }

    /// Takes the next frame.
    pub fn frame(&mut self, _frame: Frame) -> Option<Cue> {
        None
    }

    /// What the words so far sound like (from an interim or a guessed final transcript of
    /// the utterance that goes on).
    pub fn sounds(&mut self, _completeness: Completeness) {}

    /// Is an utterance going on?
    pub fn is_open(&self) -> bool {
        false
    }

    /// Forgets the utterance that goes on, not the speaker's pace.
    pub fn reset(&mut self) {}
}
