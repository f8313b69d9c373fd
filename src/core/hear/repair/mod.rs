//! From what was heard to what was said: numbers as digits, spelled letters joined, and words
//! that sound like a code or a term of the manuals taken for it.
//!
//! ```text
//! transcript ─► tokens ─► codes ─► terms ─► written form ─► transcript, what changed, what else
//!                          ▲        ▲
//!                   sounds, distance; entries of the index by digits, by word, by sound
//! ```
//!
//! A wrong code is worse than none: digits that were heard as digits are kept, a code of the
//! index that was heard stays, everyday words that were heard clearly stay, and where two
//! codes are about equally near, both are named so that the person can be asked.

mod codes;
mod distance;
mod entries;
mod prompt;
mod sounds;
mod terms;
mod tokens;
mod vocabulary;
mod written;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Transcript, Word};
use entries::Entries;

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
    /// What it was taken for; the same where only `or` is to be said.
    pub to: String,
    /// What else it may have been, likeliest first: reason to ask back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub or: Vec<String>,
    /// Why.
    pub why: Why,
}

/// The plant's own words, for the recogniser to expect and for the repair. Cloning it is
/// cheap.
#[derive(Debug, Clone, Default)]
pub struct Lexicon {
    entries: Arc<Entries>,
    /// Terms as they were given.
    terms: Arc<[String]>,
}

/// A change of a text: bytes `start..end` become `by`.
#[derive(Debug, Clone)]
struct Edit {
    start: usize,
    end: usize,
    by: String,
    or: Vec<String>,
    why: Why,
}

impl Lexicon {
    /// From the codes (as written) and the terms of an index, in order of importance.
    pub fn new(codes: &[&str], terms: &[&str]) -> Self {
        Self {
            entries: Arc::new(Entries::new(codes, terms)),
            terms: terms.iter().map(|t| (*t).to_owned()).collect(),
        }
    }

    /// Text for the recogniser to expect these words, within its token limit; those of
    /// `machine` first. `None` where there are none.
    pub fn prompt(&self, machine: Option<&str>) -> Option<String> {
        prompt::of(&self.terms, machine)
    }

    /// Mends a transcript in place, and says in it what was changed. What was mended
    /// already, or is no speech, stays.
    pub fn repair(&self, transcript: &mut Transcript) {
        if transcript.raw.is_some() || !transcript.repairs.is_empty() || transcript.text.is_empty() {
            return;
        }
        let edits = self.edits(transcript);
        if edits.is_empty() {
            return;
        }
        let places = tokens::places(transcript);
        transcript.repairs = edits
            .iter()
            .map(|edit| Repair {
                from: transcript.text.get(edit.start..edit.end).unwrap_or_default().to_owned(),
                to: edit.by.trim().to_owned(),
                or: edit.or.clone(),
                why: edit.why,
            })
            .collect();
        let mended = apply(&transcript.text, &edits);
        if mended == transcript.text {
            return;
        }
        if let Some(places) = places {
            transcript.words = words(transcript, &places, &edits);
        }
        transcript.raw = Some(std::mem::replace(&mut transcript.text, mended));
    }

    /// All changes, in the order of the text, none within another.
    fn edits(&self, transcript: &Transcript) -> Vec<Edit> {
        let text = transcript.text.as_str();
        let tokens = tokens::heard(transcript);
        let tongue = tokens::tongue_of(&transcript.language);
        let codes = codes::Codes {
            entries: &self.entries,
            tokens: &tokens,
            text,
            tongue,
            language: &transcript.language,
        };
        let mut taken = vec![false; tokens.len()];
        let mut edits = codes.edits(&mut taken);
        for (taken, token) in taken.iter_mut().zip(&tokens) {
            *taken |= edits.iter().any(|e| e.start <= token.start && token.end <= e.end);
        }
        // Sounds are known for English only.
        if !transcript.language.starts_with("zh") && !transcript.language.starts_with("es") {
            edits.extend(terms::edits(&self.entries, &tokens, text, &mut taken));
        }
        edits.extend(written::edits(&tokens, text, tongue, &mut taken));
        edits.sort_by_key(|e| e.start);
        let mut end = 0;
        edits.retain(|e| {
            let free = e.start >= end;
            end = if free { e.end } else { end };
            free
        });
        edits
    }
}

/// A text with its changes made.
fn apply(text: &str, edits: &[Edit]) -> String {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort_by_key(|e| e.start);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        out.push_str(text.get(at..edit.start).unwrap_or_default());
        out.push_str(&edit.by);
        at = edit.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// The words of a transcript with the changes made: words that share a change are one.
fn words(transcript: &Transcript, places: &[(usize, usize)], edits: &[Edit]) -> Vec<Word> {
    let mut out: Vec<Word> = Vec::new();
    let mut at = 0;
    while let (Some(first), Some((start, mut end))) = (transcript.words.get(at), places.get(at).copied()) {
        let mut word = first.clone();
        let mut p = first.p;
        at += 1;
        // A change that goes on beyond this word takes the next one in.
        while edits.iter().any(|e| e.start < end && end < e.end)
            && let (Some(next), Some((_, next_end))) = (transcript.words.get(at), places.get(at))
        {
            end = *next_end;
            p = p.min(next.p);
            word.end_ms = next.end_ms;
            at += 1;
        }
        let inside: Vec<Edit> = edits
            .iter()
            .filter(|e| start <= e.start && e.end <= end)
            .map(|e| Edit { start: e.start - start, end: e.end - start, ..e.clone() })
            .collect();
        word.word = apply(transcript.text.get(start..end).unwrap_or_default(), &inside);
        word.p = p;
        out.push(word);
    }
    out
}

#[cfg(test)]
mod tests;
