//! Codes in a question that start with letters: "e two oh three", "hache e", "PJ-40".

use super::super::words::{is_filler, is_unit};
use super::{Hit, Query, What, is_weak_unit};

/// The letters of a code, before its digits.
struct Prefix {
    letters: String,
    /// The word after it.
    end: usize,
    /// May it make an unknown code without a code word before it?
    clear: bool,
    /// Is it a word that means something else unless a code word stands before it?
    weak: bool,
}

/// Letters of a code that has no digits.
const MOST_LETTERS: usize = 4;

impl Query<'_> {
    /// Letters, then digits: "E 203", "e-2-0-3", "f thirty seven", "efe tres siete", "PJ-40".
    pub(super) fn lettered(&self, at: usize) -> Option<Hit> {
        let coded = self.coded(at);
        // "3 x 50": a letter between numbers is no code's.
        let counted = at.checked_sub(1).is_some_and(|i| {
            self.question.numeral(i).is_some() && !matches!(self.text(i), "un" | "una" | "uno" | "one")
        });
        if counted && !coded {
            return None;
        }
        let prefix = self.prefix(at)?;
        if prefix.weak && !coded {
            return None;
        }
        let readings = self.question.readings(self.question.past_separators(prefix.end));
        for (digits, end) in &readings {
            if let Some(longer) = self.continued(&format!("{}{digits}", prefix.letters), at, *end) {
                return Some(longer);
            }
            if let Some(code) = self.variant(&prefix.letters, digits) {
                return Some(Hit::new(code, What::Known, at, *end));
            }
        }
        let (digits, end) = readings.into_iter().next()?;
        let code = format!("{}{digits}", prefix.letters);
        let fits = prefix.clear && self.lookup.shapes.fits(&code);
        let enough = coded || fits || (prefix.clear && digits.len() >= 2);
        let quantity = is_unit(self.text(end)) && !(coded && is_weak_unit(self.text(end)));
        self.judge(&code, at, end, enough && !quantity)
    }

    /// A code that goes on after its first digits: "p zero a eight zero", "e zero one a".
    fn continued(&self, code: &str, at: usize, end: usize) -> Option<Hit> {
        let letter = self.question.letter(end)?;
        let code = format!("{code}{}", letter.letter);
        let end = end + letter.words;
        let more =
            self.question.readings(end).into_iter().map(|(digits, end)| (format!("{code}{digits}"), end));
        let (code, end) = more.chain([(code.clone(), end)]).find(|(code, _)| self.known(code))?;
        Some(Hit::new(code, What::Known, at, end))
    }

    fn prefix(&self, at: usize) -> Option<Prefix> {
        let mut prefix = Prefix { letters: String::new(), end: at, clear: true, weak: true };
        while prefix.letters.len() < MOST_LETTERS
            && let Some(letter) = self.question.letter(prefix.end)
        {
            let capital = self.question.words.get(prefix.end).is_some_and(|w| w.capital);
            let word = self.text(prefix.end);
            let weak =
                matches!(word, "a" | "de" | "te" | "y" | "o" | "u" | "i") && !(capital && prefix.end > 0);
            prefix.letters.push(letter.letter);
            prefix.clear &= letter.sure;
            prefix.weak &= weak;
            prefix.end += letter.words;
        }
        if !prefix.letters.is_empty() {
            return Some(prefix);
        }
        // "PJ-40", "HPU 60", "err dash 30": a short word that a number follows.
        let word = self.text(at);
        let short = (2..=4).contains(&word.len()) && word.chars().all(|c| c.is_ascii_alphabetic());
        let hyphen = self.question.gap(at + 1) == "-";
        let plain = self.question.numeral(at).is_none() && self.question.class(at).is_none();
        (short && plain && !is_filler(word)).then(|| Prefix {
            letters: word.to_uppercase(),
            end: at + 1,
            clear: hyphen && self.question.is_upper(at),
            weak: false,
        })
    }

    /// A code of letters alone: "HE", "código h e", "hache e".
    pub(super) fn letters_only(&self, at: usize) -> Option<Hit> {
        let coded = self.coded(at);
        let word = self.text(at);
        let short = (1..=MOST_LETTERS).contains(&word.len()) && word.chars().all(|c| c.is_ascii_alphabetic());
        if short && (self.question.is_upper(at) || coded) && (word.len() > 1 || coded) {
            let code = word.to_uppercase();
            // "Fault is": the words after a code word are mostly no codes.
            let capitals = self.question.is_upper(at);
            if self.known(&code)
                && (capitals || self.question.letter(at).is_none_or(|l| l.sure))
                && word.len() > 1
            {
                return Some(Hit::new(code, What::Known, at, at + 1));
            }
            if self.known(&code) && capitals {
                return Some(Hit::new(code, What::Known, at, at + 1));
            }
            let fits = self.lookup.shapes.fits_letters(&code);
            if coded && capitals && word.len() > 1 && fits && !(self.lookup.in_text)(&code) {
                return Some(Hit::new(code, What::Unknown, at, at + 1));
            }
        }
        let prefix = self.prefix(at).filter(|p| p.letters.len() >= 2 && p.end > at + 1)?;
        let said_as_words = prefix.weak || !prefix.clear && !coded && self.is_sentence(at, prefix.end);
        if self.known(&prefix.letters) && (coded || !said_as_words) {
            return Some(Hit::new(prefix.letters, What::Known, at, prefix.end));
        }
        let fits = self.lookup.shapes.fits_letters(&prefix.letters);
        (coded && fits).then(|| Hit::new(prefix.letters, What::Unknown, at, prefix.end))
    }

    /// Are all of these letters words by themselves ("e a")?
    fn is_sentence(&self, from: usize, end: usize) -> bool {
        (from..end).all(|i| self.question.letter(i).is_none_or(|l| !l.sure))
    }
}
