//! Codes and terms as the search wants them: by their digits, by their words, by their sound.

use std::collections::{HashMap, HashSet};

use super::sounds::{self, Sound, digit_names, of_word, phones};
use super::vocabulary::{CODE_WORDS, is_code_word, is_common, is_grammar};
use crate::core::knowledge::code::{folded, normalise};

/// A code with one run of digits: what stands before them, and after.
#[derive(Debug, Clone)]
pub(super) struct Code {
    /// As a repair writes it.
    pub written: String,
    /// In canonical form.
    pub normal: String,
    /// Before its digits, lower case: letters, or a code word.
    pub prefix: String,
    /// Its digits.
    pub digits: String,
    /// Letters after them, lower case.
    pub suffix: String,
}

impl Code {
    fn of(code: &str) -> Option<Code> {
        let normal = normalise(code);
        let lower = normal.to_lowercase();
        let lower = lower.strip_prefix('$').unwrap_or(&lower);
        let from = lower.find(|c: char| c.is_ascii_digit())?;
        let (prefix, rest) = lower.split_at_checked(from)?;
        let to = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (digits, suffix) = rest.split_at_checked(to)?;
        let plain = |letters: &str| letters.len() <= 12 && letters.chars().all(|c| c.is_ascii_lowercase());
        if !plain(prefix) || !plain(suffix) || suffix.len() > 2 {
            return None;
        }
        let word = is_word(prefix);
        let written = match (code.contains(char::is_whitespace), word) {
            (_, true) => format!("{prefix} {digits}{}", suffix.to_uppercase()),
            (false, false)
                if code.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '$')) =>
            {
                code.to_owned()
            }
            _ => normal.clone(),
        };
        Some(Code {
            written,
            normal: normal.clone(),
            prefix: prefix.into(),
            digits: digits.into(),
            suffix: suffix.into(),
        })
    }

    /// Is its prefix a word ("alarm 9")?
    pub(super) fn is_worded(&self) -> bool {
        is_word(&self.prefix)
    }

    /// How its prefix is said.
    pub(super) fn prefix_sound(&self) -> Sound {
        if self.is_worded() { of_word(&self.prefix) } else { sounds::spelled(&self.prefix) }
    }

    /// How the letters after its digits are said.
    pub(super) fn suffix_sound(&self) -> Sound {
        sounds::spelled(&self.suffix)
    }
}

fn is_word(prefix: &str) -> bool {
    CODE_WORDS.contains(&prefix) || prefix.len() > 4
}

/// The ways to say digits one by one; zeros all alike.
pub(super) fn digit_sounds(digits: &str) -> Vec<Sound> {
    let say = |zero: usize| -> Sound {
        digits
            .chars()
            .filter_map(|c| {
                let names = digit_names(c);
                names.get(zero).or_else(|| names.first())
            })
            .flat_map(|name| phones(name))
            .collect()
    };
    if digits.contains('0') { vec![say(0), say(1)] } else { vec![say(0)] }
}

/// A code whose digits hold some that were heard: so many more stand before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    pub code: usize,
    pub before: u8,
    pub after: u8,
}

/// A term of several words, or a code that is one.
#[derive(Debug, Clone)]
pub(super) struct Phrase {
    pub words: Vec<String>,
    pub sounds: Vec<Sound>,
    pub written: String,
    /// Is it a code?
    pub is_code: bool,
}

/// A word of the terms.
#[derive(Debug, Clone)]
pub(super) struct Name {
    pub written: String,
    pub sound: Sound,
}

/// All of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Entries {
    pub codes: Vec<Code>,
    /// Canonical forms of all codes.
    pub known: HashSet<String>,
    by_digits: HashMap<String, Vec<Held>>,
    /// By digits with runs of zeros made one.
    by_zeros: HashMap<String, Vec<usize>>,
    pub phrases: Vec<Phrase>,
    by_word: HashMap<String, Vec<(usize, usize)>>,
    /// All words of the terms.
    pub words: HashSet<String>,
    pub names: Vec<Name>,
    by_length: HashMap<usize, Vec<usize>>,
    by_sound: HashMap<Sound, usize>,
}

/// More digits than this are not made of words.
const MOST_MADE: usize = 2;

impl Entries {
    pub(super) fn new(codes: &[&str], terms: &[&str]) -> Self {
        let mut all = Entries::default();
        for code in codes {
            let normal = normalise(code);
            if normal.is_empty() || !all.known.insert(normal) {
                continue;
            }
            if let Some(code) = Code::of(code) {
                all.add_code(code);
            } else if code.contains('_') {
                all.add_phrase(code, code.split('_'), true);
            }
        }
        let mut seen = HashSet::new();
        for term in terms {
            all.add_term(term, &mut seen);
        }
        all
    }

    fn add_code(&mut self, code: Code) {
        let at = self.codes.len();
        let digits = &code.digits;
        for before in 0..=MOST_MADE {
            for after in 0..=MOST_MADE {
                let more = before + after;
                let Some(core) = digits.get(before..digits.len().saturating_sub(after)) else { continue };
                if more > MOST_MADE || core.is_empty() {
                    continue;
                }
                let (Ok(before), Ok(after)) = (u8::try_from(before), u8::try_from(after)) else { continue };
                self.by_digits.entry(core.to_owned()).or_default().push(Held { code: at, before, after });
            }
        }
        self.by_zeros.entry(one_zero(digits)).or_default().push(at);
        self.codes.push(code);
    }

    fn add_phrase<'w>(&mut self, written: &str, words: impl Iterator<Item = &'w str>, is_code: bool) {
        let words: Vec<String> = words.map(folded).filter(|w| !w.is_empty()).collect();
        let plain = |w: &String| w.chars().all(|c| c.is_ascii_lowercase());
        let about_codes = !is_code && words.iter().any(|w| is_code_word(w));
        if words.len() < 2 || words.len() > 5 || !words.iter().all(plain) || about_codes {
            return;
        }
        let at = self.phrases.len();
        for (place, word) in words.iter().enumerate() {
            self.by_word.entry(word.clone()).or_default().push((at, place));
        }
        let sounds = words.iter().map(|w| of_word(w)).collect();
        self.phrases.push(Phrase { words, sounds, written: written.to_owned(), is_code });
    }

    fn add_term(&mut self, term: &str, seen: &mut HashSet<String>) {
        let mut before: Option<String> = None;
        for word in term.split(|c: char| !(c.is_alphanumeric() || c == '\'')) {
            let lower = folded(word);
            let plain = lower.len() >= 3 && lower.chars().all(|c| c.is_ascii_lowercase());
            if !plain || is_grammar(&lower) {
                before = None;
                continue;
            }
            self.words.insert(lower.clone());
            let written = as_written(word);
            if let Some(first) = before.replace(lower.clone())
                && seen.insert(format!("{first} {lower}"))
            {
                self.add_phrase(
                    &format!("{first} {lower}"),
                    [first.as_str(), lower.as_str()].into_iter(),
                    false,
                );
            }
            if lower.len() >= 4 && !is_code_word(&lower) && seen.insert(lower.clone()) {
                self.add_name(&lower, written);
            }
        }
    }

    fn add_name(&mut self, lower: &str, written: String) {
        let sound = of_word(lower);
        if sound.len() < 4 {
            return;
        }
        let at = self.names.len();
        // An everyday word is found where it sounds just so, not where it only sounds near.
        if !is_common(lower) {
            self.by_length.entry(sound.len()).or_default().push(at);
        }
        self.by_sound.entry(sound.clone()).or_insert(at);
        self.names.push(Name { written, sound });
    }

    /// The codes whose digits are these, or hold them with up to two more around.
    pub(super) fn with_digits(&self, digits: &str) -> &[Held] {
        self.by_digits.get(digits).map_or(&[], Vec::as_slice)
    }

    /// The codes whose digits are these but for the lengths of runs of zeros.
    pub(super) fn with_zeros(&self, digits: &str) -> impl Iterator<Item = &Code> {
        let found = self.by_zeros.get(&one_zero(digits)).map_or(&[][..], Vec::as_slice);
        found.iter().filter_map(|at| self.codes.get(*at))
    }

    /// The phrases that hold a word, each with the word's place.
    pub(super) fn with_word(&self, word: &str) -> impl Iterator<Item = (&Phrase, usize)> {
        let found = self.by_word.get(word).map_or(&[][..], Vec::as_slice);
        found.iter().filter_map(|(at, place)| Some((self.phrases.get(*at)?, *place)))
    }

    /// The names of about this many phonemes.
    pub(super) fn of_length(&self, length: usize) -> impl Iterator<Item = &Name> {
        let around = length.saturating_sub(2)..=length + 2;
        around.filter_map(|n| self.by_length.get(&n)).flatten().filter_map(|at| self.names.get(*at))
    }

    /// The name that sounds just so.
    pub(super) fn sounding(&self, sound: &Sound) -> Option<&Name> {
        self.by_sound.get(sound).and_then(|at| self.names.get(*at))
    }
}

/// Recognisers miscount what repeats: zeros in a row are made one.
fn one_zero(digits: &str) -> String {
    let mut out = String::new();
    for c in digits.chars() {
        if !(c == '0' && out.ends_with('0')) {
            out.push(c);
        }
    }
    out
}

/// A name keeps capitals inside it ("ODrive"); a heading's first capital and a shout go.
fn as_written(word: &str) -> String {
    let inside = word.chars().skip(1).any(char::is_uppercase);
    let shouted = word.chars().all(|c| !c.is_lowercase()) && word.chars().count() > 4;
    if inside && !shouted { word.to_owned() } else { word.to_lowercase() }
}
