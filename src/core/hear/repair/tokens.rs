//! A transcript cut into words and digits, each with its place in the text, how sure the
//! recogniser was of it, and how it sounds.

use super::sounds::{self, Sound, of_word, phones};
use super::vocabulary::{is_common, is_grammar};
use crate::core::hear::Transcript;
use crate::core::knowledge::code::spoken::{Numeral, Tongue, numeral};

/// A word, or a run of digits.
#[derive(Debug, Clone)]
pub(super) struct Token {
    /// First byte in the text.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// In lower case, without accents.
    pub lower: String,
    /// Written in capitals throughout.
    pub upper: bool,
    /// How likely the recogniser thinks it, 0..1.
    pub p: f32,
    /// What stands between it and the token before.
    pub gap: String,
}

impl Token {
    /// Is it digits?
    pub(super) fn is_digits(&self) -> bool {
        self.lower.starts_with(|c: char| c.is_ascii_digit())
    }

    /// Is it one letter, or a few in capitals: said by their names, most likely?
    pub(super) fn is_letters(&self) -> bool {
        let letters = self.lower.chars().all(|c| c.is_ascii_lowercase());
        letters && (self.lower.len() == 1 || self.upper && self.lower.len() <= 3)
    }

    /// The number that it says.
    pub(super) fn numeral(&self, tongue: Tongue) -> Option<Numeral<'_>> {
        numeral(&self.lower, tongue)
    }

    /// How it may sound: as a word, as letters.
    pub(super) fn sounds(&self) -> Vec<Sound> {
        if self.is_digits() {
            let names = self.lower.chars().filter_map(|c| sounds::digit_names(c).last());
            return vec![names.flat_map(|n| phones(n)).collect()];
        }
        if self.lower == "a" {
            return vec![phones("e"), phones("x")];
        }
        if self.is_letters() {
            let mut out = vec![sounds::spelled(&self.lower)];
            if self.lower.len() > 1 {
                out.push(of_word(&self.lower));
            }
            return out;
        }
        // Recognisers write short spelled runs as words ("Pf").
        let mut out = vec![of_word(&self.lower)];
        if self.lower.len() == 2
            && self.lower.is_ascii()
            && !is_common(&self.lower)
            && !is_grammar(&self.lower)
        {
            out.push(sounds::spelled(&self.lower));
        }
        out
    }
}

/// The tongue whose number words a transcript is read by.
pub(super) fn tongue_of(language: &str) -> Tongue {
    if language.starts_with("es") { Tongue::Spanish } else { Tongue::English }
}

/// Cuts a text; ideographs stand alone.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    #[derive(PartialEq, Clone, Copy)]
    enum Class {
        Letter,
        Digit,
        Sign,
        Gap,
    }
    let class = |c: char| match c {
        c if c.is_ascii_digit() => Class::Digit,
        c if crate::core::knowledge::language::is_han(c) => Class::Sign,
        c if c.is_alphabetic() || c == '\'' || c == '’' => Class::Letter,
        _ => Class::Gap,
    };
    let mut out: Vec<Token> = Vec::new();
    let mut last = (Class::Gap, 0);
    let mut gap_from = 0;
    for (at, c) in text.char_indices() {
        let now = class(c);
        let end = at + c.len_utf8();
        if now == Class::Gap {
            last = (now, end);
            continue;
        }
        if now == last.0
            && now != Class::Sign
            && let Some(token) = out.last_mut()
        {
            token.end = end;
        } else {
            let gap = text.get(gap_from..at).unwrap_or_default().to_owned();
            let token = Token { start: at, end, lower: String::new(), upper: false, p: 0.0, gap };
            out.push(token);
        }
        last = (now, end);
        gap_from = end;
    }
    for token in &mut out {
        let text = text.get(token.start..token.end).unwrap_or_default();
        token.lower = crate::core::knowledge::code::folded(text);
        token.upper = text.chars().all(char::is_uppercase);
    }
    out
}

/// Where each word of a transcript stands in its text; `None` where they do not agree.
pub(super) fn places(transcript: &Transcript) -> Option<Vec<(usize, usize)>> {
    let mut at = 0;
    let mut out = Vec::new();
    for word in &transcript.words {
        let word = word.word.trim();
        let from = at + transcript.text.get(at..)?.find(word)?;
        // Only space may be left out between.
        if !transcript.text.get(at..from)?.trim().is_empty() {
            return None;
        }
        at = from + word.len();
        out.push((from, at));
    }
    Some(out)
}

/// A word whose likelihood is not known is taken for this likely.
const UNKNOWN: f32 = 0.7;

/// The tokens of a transcript, with their likelihoods.
pub(super) fn heard(transcript: &Transcript) -> Vec<Token> {
    let mut tokens = tokens(&transcript.text);
    let places = places(transcript);
    for token in &mut tokens {
        let place = places
            .as_ref()
            .and_then(|p| p.iter().position(|(from, to)| *from <= token.start && token.start < *to));
        token.p = place.and_then(|i| transcript.words.get(i)).map_or(UNKNOWN, |w| w.p);
    }
    tokens
}
