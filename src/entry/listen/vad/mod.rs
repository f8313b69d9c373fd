//! Is somebody speaking? A probability per frame.
//!
//! ```text
//!  frame ─▶ below the absolute floor? ──yes──▶ 0
//!             │ no
//!             ▼
//!           gate (earshot): surely nobody, for a while? ──yes──▶ the gate's word
//!             │ no
//!             ▼
//!           noisy, or was the gate not sure? ──no──▶ the gate's word
//!             │ yes
//!             ▼
//!           Silero ─▶ Silero's word
//! ```
//! In noise the gate hears people where there are none, but it seldom misses one: so there
//! it only wakes Silero.
//! A detector that was not asked for a while is first shown what went just before. Everything depends on the samples alone: not on how they
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
/// Below this the gate is sure that nobody speaks (in steady noise it says 0.13 to 0.29), and
/// above the other that somebody does.
const NOBODY: f32 = 0.3;
const SOMEBODY: f32 = 0.9;
/// The gate's low words, scaled to what Silero says of the same frames.
const LOW: f32 = 1.0 / 3.0;
/// So many frames after a doubt Silero is still asked: a word or two.
const HOLD: usize = 16;
/// Silero is asked for the first second of a stream in any case: its memory needs as long to
/// settle on the room, and stays so while it is not asked.
const SETTLE: usize = 31;
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
    /// Frames that Silero will still be asked.
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
        let mut speech = 0.0;
        for frame in newest(&self.past, self.gate_behind) {
            speech = self.gate.predict(frame);
        }
        self.gate_behind = 0;
        let doubt = speech >= NOBODY && (speech <= SOMEBODY || self.floor.is_noisy());
        self.hold = if doubt { HOLD } else { self.hold.saturating_sub(1) };
        if speech < NOBODY {
            speech *= LOW;
        }
        let Some(silero) = self.silero.as_mut().filter(|_| self.hold > 0) else { return Ok(speech) };
        let missed = std::mem::take(&mut self.silero_behind);
        for frame in newest(&self.past, missed) {
            speech = silero.predict(frame)?;
        }
        Ok(speech)
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
        (self.gate_behind, self.silero_behind, self.hold) = (0, 0, SETTLE);
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
            hold: SETTLE,
        }
    }
}

fn newest(past: &VecDeque<[f32; FRAME]>, count: usize) -> impl Iterator<Item = &[f32; FRAME]> {
    past.iter().skip(past.len().saturating_sub(count))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::core::hear::SAMPLE_RATE;

    fn frames(vad: &mut Vad, blocks: &[&[f32]]) -> Vec<Frame> {
        let mut frames = Vec::new();
        blocks.iter().for_each(|block| vad.push(block, &mut frames).unwrap());
        frames
    }

    /// Something like a voice: a buzz at 120 Hz through three formants, in syllables.
    fn voice(seconds: f32) -> Vec<f32> {
        let rate = SAMPLE_RATE as f32;
        (0..(rate * seconds) as usize)
            .map(|i| {
                let t = i as f32 / rate;
                let syllable = (std::f32::consts::TAU * 4.0 * t).sin().max(0.0).sqrt();
                let harmonics = (1..30).map(|h| {
                    let hertz = 120.0 * h as f32;
                    let near = |formant: f32| (-((hertz - formant) / 120.0).powi(2)).exp();
                    let gain = near(500.0) + near(1_500.0) * 0.6 + near(2_500.0) * 0.4 + 0.05;
                    gain * (std::f32::consts::TAU * hertz * t).sin()
                });
                0.08 * syllable * harmonics.sum::<f32>()
            })
            .collect()
    }

    #[test]
    fn silence_is_nobody_and_a_voice_is_somebody() {
        let mut vad = Vad::default();
        let silent = frames(&mut vad, &[&[0.0; 16_000]]);
        assert_eq!(silent.len(), 31);
        assert!(silent.iter().all(|f| f.speech == 0.0 && f.level_dbfs == -100.0));
        let spoken = frames(&mut vad, &[&voice(1.0)]);
        assert!(spoken.iter().any(|f| f.speech > 0.7), "{spoken:?}");
    }

    #[test]
    fn what_is_no_number_or_beyond_full_scale_is_taken_for_sound_too() {
        let wild = [f32::NAN, f32::INFINITY, -7.0, 7.0].repeat(1_000);
        let frames = frames(&mut Vad::default(), &[&wild]);
        assert!(frames.iter().all(|f| (0.0..=1.0).contains(&f.speech) && f.level_dbfs <= 0.0));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn blocks_of_any_size_and_an_earlier_stream_change_nothing(
            sizes in prop::collection::vec(0_usize..3_000, 1..20),
            before in 0_usize..5_000,
            gap in 0_usize..20_000,
        ) {
            let sound = [voice(0.6), vec![0.0; gap], voice(0.5)].concat();
            let whole = frames(&mut Vad::default(), &[&sound]);
            let mut rest = sound.as_slice();
            let mut blocks = Vec::new();
            for size in sizes.iter().cycle().take(1_000) {
                let (now, later) = rest.split_at((*size).min(rest.len()));
                blocks.push(now);
                rest = later;
            }
            blocks.push(rest);
            let mut vad = Vad::default();
            frames(&mut vad, &[&voice(1.0)[..before]]);
            vad.reset();
            prop_assert_eq!(frames(&mut vad, &blocks), whole);
        }
    }
}
