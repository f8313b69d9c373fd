//! Is somebody speaking? A probability per frame.
//!
//! ```text
//!  frame ─▶ below the absolute floor? ──yes──▶ 0
//!             │ no
//!             ▼
//!           gate (earshot) ─▶ noisy, or is the gate unsure? ──no──▶ the gate's word
//!                               │ yes
//!                               ▼
//!                             Silero ─▶ Silero's word
//! ```
//! A detector that was not asked for a while is first shown what went before, so that its
//! memory is that of the stream. Everything depends on the samples alone: not on how they
//! were cut into blocks, not on time.

use std::collections::VecDeque;
use std::path::Path;

use crate::core::hear::loudness::{dbfs, rms};
use crate::entry::Result;

mod floor;
pub mod gate;
pub mod silero;

use floor::Floor;
use gate::Gate;
use silero::Silero;

/// Samples of one frame: 32 ms.
pub const FRAME: usize = 512;

/// Below this no microphone hears anybody, dBFS.
const SILENCE_DBFS: f32 = -75.0;
/// Between these two the gate is not sure.
const UNSURE: std::ops::RangeInclusive<f32> = 0.1..=0.9;
/// So many frames after it was unsure Silero is still asked: a word or two.
const HOLD: usize = 16;
/// Frames of the past that a detector which was not asked is shown first.
const CATCH_UP: usize = 8;

/// What one frame is like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// Probability that it is speech, 0..1.
    pub speech: f32,
    /// Its loudness, dBFS.
    pub level_dbfs: f32,
}

/// The detector of voice activity. State of one stream.
pub struct Vad {
    gate: Gate,
    silero: Option<Silero>,
    floor: Floor,
    rest: Vec<f32>,
    /// The last frames, the newest last.
    past: VecDeque<[f32; FRAME]>,
    /// Frames that the detectors were not shown.
    gate_behind: usize,
    silero_behind: usize,
    /// Frames that Silero will still be asked because the gate was unsure.
    hold: usize,
}

impl Vad {
    /// A detector; `model` is the Silero file, without which the lighter one works alone.
    ///
    /// # Errors
    /// `Model` where the file is no such model.
    pub fn open(model: Option<&Path>) -> Result<Self> {
        Ok(Self { silero: model.map(Silero::load).transpose()?, ..Self::default() })
    }

    /// Takes samples (mono, 16 kHz) and appends the frames that they complete. `noisy` mics and
    /// quiet ones are told apart inside.
    ///
    /// # Errors
    /// `Model` where the model does not run; the frame is lost, the next one may succeed.
    pub fn push(&mut self, samples: &[f32], frames: &mut Vec<Frame>) -> Result<()> {
        let mut samples = samples;
        while !samples.is_empty() {
            let (now, later) = samples.split_at(samples.len().min(FRAME - self.rest.len()));
            let sane = |s: &f32| if s.is_finite() { s.clamp(-1.0, 1.0) } else { 0.0 };
            self.rest.extend(now.iter().map(sane));
            samples = later;
            if let Some(frame) = self.rest.first_chunk::<FRAME>().copied() {
                self.rest.clear();
                frames.push(self.frame(frame)?);
            }
        }
        Ok(())
    }

    fn frame(&mut self, frame: [f32; FRAME]) -> Result<Frame> {
        let level_dbfs = dbfs(rms(&frame));
        self.floor.push(level_dbfs);
        if self.past.len() > CATCH_UP {
            self.past.pop_front();
        }
        self.past.push_back(frame);
        self.gate_behind += 1;
        self.silero_behind += 1;
        let speech = if level_dbfs < SILENCE_DBFS { 0.0 } else { self.judge()? };
        Ok(Frame { speech, level_dbfs })
    }

    /// The probability of the newest frame.
    fn judge(&mut self) -> Result<f32> {
        if self.gate_behind > CATCH_UP {
            self.gate.reset();
        }
        let mut speech = 0.0;
        for frame in newest(&self.past, self.gate_behind) {
            speech = self.gate.predict(frame);
        }
        self.gate_behind = 0;
        self.hold = if UNSURE.contains(&speech) { HOLD } else { self.hold.saturating_sub(1) };
        let Some(silero) = &mut self.silero else { return Ok(speech) };
        if self.hold == 0 && !self.floor.is_noisy() {
            return Ok(speech);
        }
        if self.silero_behind > CATCH_UP {
            silero.reset();
        }
        let missed = std::mem::take(&mut self.silero_behind);
        for frame in newest(&self.past, missed) {
            speech = silero.predict(frame)?;
        }
        Ok(speech)
    }

    /// The noise floor, dBFS; unknown at first.
    pub fn floor_dbfs(&self) -> Option<f32> {
        self.floor.level()
    }

    /// Forgets the stream.
    pub fn reset(&mut self) {
        self.gate.reset();
        if let Some(silero) = &mut self.silero {
            silero.reset();
        }
        self.floor.reset();
        self.rest.clear();
        self.past.clear();
        (self.gate_behind, self.silero_behind, self.hold) = (0, 0, 0);
    }
}

impl Default for Vad {
    /// The lighter detector alone.
    fn default() -> Self {
        Self {
            gate: Gate::new(),
            silero: None,
            floor: Floor::default(),
            rest: Vec::with_capacity(FRAME),
            past: VecDeque::with_capacity(CATCH_UP + 1),
            gate_behind: 0,
            silero_behind: 0,
            hold: 0,
        }
    }
}

fn newest(past: &VecDeque<[f32; FRAME]>, count: usize) -> impl Iterator<Item = &[f32; FRAME]> {
    past.iter().skip(past.len().saturating_sub(count))
}
