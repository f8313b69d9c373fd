//! What the ear says.

use super::super::level::Level;

/// What the ear says.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The input level, ten times a second.
    Level(Level),
    /// An utterance has begun.
    Started {
        /// By the talk key, rather than by somebody's voice.
        by_key: bool,
        /// The loudspeaker was playing.
        over_voice: bool,
    },
    /// Worth a transcript.
    Hear(Hear),
    /// That transcript is worth nothing any more: speech went on.
    GiveUp {
        /// Its number.
        hearing: u64,
    },
    /// An utterance is complete; its transcript was asked for before.
    Utterance(Utterance),
    /// Something is heard over the loudspeaker's own sound that may be somebody.
    Hush,
    /// It is somebody.
    BargeIn,
    /// It was nobody.
    NoBargeIn,
    /// What had begun was no utterance: a cough, a bang.
    Dropped,
    /// A press too short to be a question.
    TooShort,
    /// The microphone went away (or there was none); what was being said is thrown away.
    DeviceLost {
        /// One line for the person.
        why: String,
    },
    /// A microphone is there: the first, or again.
    DeviceBack {
        /// Its name.
        name: String,
    },
}

/// Sound to be transcribed.
#[derive(Debug, Clone, PartialEq)]
pub struct Hear {
    /// Names the transcript; numbers rise and are never used twice.
    pub hearing: u64,
    /// The sentence goes on: the transcript is for showing and guessing.
    pub interim: bool,
    /// Mono, 16 kHz.
    pub samples: Vec<f32>,
    /// Share of it that is voice, 0..1.
    pub coverage: f32,
}

/// One utterance.
#[derive(Debug, Clone, PartialEq)]
pub struct Utterance {
    /// The number of its transcript.
    pub hearing: u64,
    /// How long ago its last sample of speech was at the moment of the event, in
    /// milliseconds: where the turn's clock starts.
    pub speech_end_offset_ms: u64,
    /// Its length, pre-roll included, milliseconds.
    pub length_ms: u64,
    /// Share of it that is voice, 0..1.
    pub coverage: f32,
    /// Samples that were lost in it because the ring was full.
    pub overruns: u64,
    /// It was cut off because it became too long.
    pub cut: bool,
    /// The talk key was used.
    pub by_key: bool,
    /// The loudspeaker was playing during it.
    pub over_voice: bool,
}
