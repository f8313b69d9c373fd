//! The light detector, which always listens: earshot, a small convolutional and recurrent
//! network in plain Rust (<https://docs.rs/earshot>). Its weights are in the program.

use super::FRAME;

/// Samples that earshot judges at a time: 16 ms.
const STEP: usize = 256;

/// The detector with the state of one stream.
pub struct Gate {
    detector: Box<earshot::Detector>,
}

impl Gate {
    /// A detector that has heard nothing.
    pub fn new() -> Self {
        Self { detector: earshot::Detector::default_boxed() }
    }

    /// Probability of speech in the next [`FRAME`] samples: that of its likelier half, so
    /// that an onset counts at once.
    pub fn predict(&mut self, frame: &[f32; FRAME]) -> f32 {
        frame
            .as_chunks::<STEP>()
            .0
            .iter()
            .map(|step| self.detector.predict_f32(step))
            .fold(0.0, f32::max)
            .clamp(0.0, 1.0)
    }

    /// Forgets the stream.
    pub fn reset(&mut self) {
        self.detector.reset();
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}
