//! Speech to text: what Whisper heard, with a confidence per word.

pub mod interim;
pub mod loudness;
pub mod repair;
pub mod whisper;

use serde::{Deserialize, Serialize};

/// The rate at which every part of the house hears: mono `f32` samples in −1..1.
pub const SAMPLE_RATE: u32 = 16_000;

/// Languages that are written without spaces: there each token of the recogniser is a word.
const UNSPACED: [&str; 7] = ["zh", "ja", "yue", "th", "lo", "my", "km"];

/// Are words of a language (its BCP 47 tag) written apart?
pub fn is_spaced(language: &str) -> bool {
    !UNSPACED.contains(&language.split(['-', '_']).next().unwrap_or_default())
}

/// One heard word.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
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
    /// How likely it begins with the phrase that was listened for, 0..1; `None` where none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phrase: Option<f32>,
    /// The text before its repair, where that changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
    /// What the repair changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repairs: Vec<repair::Repair>,
}

/// A word with digits that is less likely than this may be another that sounds like it.
pub(crate) const CLEAR: f32 = 0.7;

impl Transcript {
    /// What was heard where it may be one of several things, the likeliest first; empty where
    /// there is nothing to ask.
    pub fn alternatives(&self) -> Vec<String> {
        let open = self.repairs.iter().find(|r| !r.or.is_empty());
        open.map_or_else(Vec::new, |r| std::iter::once(&r.to).chain(&r.or).cloned().collect())
    }

    /// Was every word with digits in it heard with some certainty? False where there is none:
    /// a code that was spelled out may be in any word.
    pub fn is_clear_about_numbers(&self) -> bool {
        let mut numbers =
            self.words.iter().filter(|w| w.word.contains(|c: char| c.is_ascii_digit())).peekable();
        numbers.peek().is_some() && numbers.all(|w| w.p >= CLEAR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_clear_where_each_of_its_words_is_likely() {
        let heard = |words: &[(&str, f32)]| Transcript {
            words: words
                .iter()
                .map(|(word, p)| Word { word: (*word).into(), p: *p, ..Word::default() })
                .collect(),
            ..Transcript::default()
        };
        assert!(heard(&[("error", 0.3), ("E15", 0.8)]).is_clear_about_numbers());
        assert!(!heard(&[("error", 0.9), ("D50?", 0.5)]).is_clear_about_numbers());
        assert!(!heard(&[("error", 0.9), ("bee", 0.9)]).is_clear_about_numbers());
    }
}
