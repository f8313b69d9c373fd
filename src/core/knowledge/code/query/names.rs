//! Identifiers and codes of several parts in a question.

use super::super::normalise;
use super::super::spoken::Numeral;
use super::{Hit, Query, What};

/// Words of an identifier that are said one by one ("max endstop pressed").
const LONGEST_NAME: usize = 7;
/// An identifier of fewer letters could be any two words.
const SHORTEST_NAME: usize = 6;
impl Query<'_> {
    /// An identifier: written (`MAX_ENDSTOP_PRESSED`), or its words said one by one.
    pub(super) fn named(&self, at: usize) -> Option<Hit> {
        let mut end = at + 1;
        while self.question.gap(end) == "_" && end < self.question.words.len() {
            end += 1;
        }
        if end > at + 1 {
            let code: String = (at..end).map(|i| normalise(self.text(i))).collect();
            let capitals = (at..end).all(|i| {
                let word = self.question.words.get(i);
                word.is_some_and(|w| w.upper || w.lower.chars().all(|c| c.is_ascii_digit()))
            });
            return self.judge(&code, at, end, capitals);
        }
        let starts = self.text(at).starts_with(|c: char| c.is_ascii_alphabetic());
        if !starts || self.question.numeral(at).is_some() {
            return None;
        }
        let mut joined = vec![(normalise(self.text(at)), at + 1)];
        for i in at + 1..(at + LONGEST_NAME).min(self.question.words.len()) {
            if self.question.gap(i).contains(['.', ',', ';', '?', '!', ':']) || self.question.is_han(i) {
                break;
            }
            let said = match self.question.numeral(i) {
                Some(Numeral::Unit(n)) => n.to_string(),
                _ => normalise(self.text(i)),
            };
            let before = joined.last().map(|(code, _)| code.as_str()).unwrap_or_default();
            joined.push((format!("{before}{said}"), i + 1));
        }
        let one = joined.remove(0);
        let letters = |code: &str| code.chars().filter(|c| c.is_alphabetic()).count();
        let long = joined
            .into_iter()
            .rev()
            .find(|(code, _)| letters(code) >= SHORTEST_NAME && code.len() > one.0.len() && self.known(code));
        if let Some((code, end)) = long {
            if self.question.class(at).is_some() {
                // "Alarm nine" is found with its code word by `numbered`; in "error drive
                // fault" the code word may be none of the name.
                let plain = code.chars().all(|c| !c.is_ascii_digit());
                if !plain || self.named(at + 1).is_some_and(|inner| inner.what == What::Known) {
                    return None;
                }
            }
            return Some(Hit::new(code, What::Known, at, end));
        }
        let single = letters(&one.0) >= SHORTEST_NAME && one.0.chars().all(char::is_alphabetic);
        let pointed_at = self.question.is_upper(at) || self.coded(at);
        (single && pointed_at && self.question.class(at).is_none() && self.known(&one.0))
            .then(|| Hit::new(one.0, What::Known, at, at + 1))
    }

    /// A code of several parts: "P9-64", "A1.02", "X1:5", "6204-2RS".
    pub(super) fn joined(&self, at: usize) -> Option<Hit> {
        let mut written = self.text(at).to_uppercase();
        let mut longest = None;
        for i in at + 1..(at + 4).min(self.question.words.len()) {
            let gap = self.question.gap(i);
            if !matches!(gap, "-" | "." | ":" | "/") {
                break;
            }
            written = format!("{written}{gap}{}", self.text(i).to_uppercase());
            let code = normalise(&written);
            let mixed = code.contains(|c: char| c.is_ascii_digit());
            if mixed && self.known(&code) {
                longest = Some(Hit::new(code, What::Known, at, i + 1));
            } else if longest.is_none() && self.lookup.shapes.fits_written(&written) {
                longest = self.judge(&code, at, i + 1, true);
            }
        }
        longest
    }
}
