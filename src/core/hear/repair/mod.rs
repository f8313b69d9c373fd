//! From what was heard to what was said: numbers as digits, spelled letters joined, and words
//! that sound like a code or a term of the manuals taken for it.

use serde::{Deserialize, Serialize};

use super::Transcript;

/// What a change was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// A code of the index sounds like it.
    Code,
    /// A term of the index sounds like it.
    Term,
    /// Number words, spelled letters, spoken units.
    Written,
}

/// One change of a transcript.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Repair {
    /// What was heard.
    pub from: String,
    /// What it was taken for.
    pub to: String,
    /// What else it may have been, likeliest first: reason to ask back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub or: Vec<String>,
    /// Why.
    pub why: Why,
}

/// The plant's own words, for the recogniser to expect and for the repair.
#[derive(Debug, Clone, Default)]
pub struct Lexicon {}

impl Lexicon {
    /// From the codes and terms of an index, in order of importance.
    pub fn new(_codes: &[&str], _terms: &[&str]) -> Self {
        Self::default()
    }

    /// Text for the recogniser to expect these words, within its token limit; `None` where
    /// there are none.
    pub fn prompt(&self) -> Option<String> {
        None
    }

    /// Mends a transcript in place, and says in it what was changed.
    pub fn repair(&self, _transcript: &mut Transcript) {}
}
