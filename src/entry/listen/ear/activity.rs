//! Voice activity along the stream: frames, their positions, and what the endpointer makes of
//! them.

use super::super::endpoint::{Cue, Endpointer, Settings};
use super::super::finished::Completeness;
use super::super::vad::{FRAME, Frame, Vad};
use crate::entry::Result;

/// A cue and the position at which it was given: the end of its frame.
pub(super) struct Cued {
    pub cue: Option<Cue>,
    pub at: u64,
    pub frame: Frame,
}

/// Detector and endpointer on one stream.
pub(super) struct Activity {
    vad: Vad,
    endpointer: Endpointer,
    frames: Vec<Frame>,
    /// The end of the last whole frame.
    framed: u64,
}

impl Activity {
    pub fn new(vad: Vad, settings: Settings) -> Self {
        Self { vad, endpointer: Endpointer::new(settings), frames: Vec::new(), framed: 0 }
    }

    /// Takes the samples that end at position `end`; gives each frame that they complete.
    pub fn push(&mut self, samples: &[f32], each: &mut dyn FnMut(Cued)) -> Result<()> {
        self.frames.clear();
        self.vad.push(samples, &mut self.frames)?;
        for &frame in &self.frames {
            self.framed += FRAME as u64;
            each(Cued { cue: self.endpointer.frame(frame), at: self.framed, frame });
        }
        Ok(())
    }

    /// Begins anew at a position: after a gap in the sound.
    pub fn restart(&mut self, at: u64) {
        self.vad.reset();
        self.endpointer.reset();
        self.framed = at;
    }

    /// Forgets the utterance that goes on, and keeps the detector's sense of the room.
    pub fn forget(&mut self) {
        self.endpointer.reset();
    }

    pub fn sounds(&mut self, completeness: Completeness) {
        self.endpointer.sounds(completeness);
    }
}
