//! Speech to text: what Whisper heard, with a confidence per word.

pub mod loudness;
pub mod whisper;

use serde::{Deserialize, Serialize};

/// The rate at which every part of the house hears: mono `f32` samples in −1..1.
pub const SAMPLE_RATE: u32 = 16_000;

/// One heard word.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// As written, punctuation attached.
    pub word: String,
    /// Mean probability of its tokens, 0..1.
    pub p: f32,
    /// Start in the utterance, milliseconds.
    pub start_ms: u64,
    /// End in the utterance, milliseconds.
    pub end_ms: u64,
}

/// What was heard in one utterance.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Transcript {
    /// The whole text, trimmed.
    pub text: String,
    /// Word by word.
    pub words: Vec<Word>,
    /// BCP 47 tag that the model was run with or detected.
    pub language: String,
    /// Length of the audio, milliseconds.
    pub audio_ms: u64,
    /// Is there speech? False for silence, noise and Whisper's phantom sentences.
    pub speech: bool,
    /// Why `speech` is false; empty where it is true.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub doubt: String,
}
