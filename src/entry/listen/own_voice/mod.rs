//! What the loudspeaker plays comes back to the microphone: it is taken out of what the ear
//! hears, and what is left of it is known by its words.

use crate::core::Moment;

/// Takes the loudspeaker's sound out of the microphone's. State of one stream.
#[derive(Default)]
pub struct OwnVoice {}

impl OwnVoice {
    /// Nothing is played yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what the mixer was given (mono, at `rate`); `at` is when its first sample was
    /// pulled, by the ear's clock. It is heard some tens of milliseconds later.
    pub fn played(&mut self, _samples: &[f32], _rate: u32, _at: Moment) {}

    /// Takes the loudspeaker's sound out of `samples` (16 kHz, the last of them heard at
    /// `now`), in place and as long as it was; leaves them alone where nothing was played.
    pub fn clean(&mut self, _samples: &mut Vec<f32>, _now: Moment) {}

    /// May what is heard at `now` hold what is being played?
    pub fn is_playing(&self, _now: Moment) -> bool {
        false
    }

    /// Forgets the stream (another device).
    pub fn reset(&mut self) {}
}

/// Are the words heard those that are being spoken, rather than somebody's?
pub fn is_own(_heard: &str, _spoken: &str) -> bool {
    false
}
