//! A question as words: letters and digits together, ideographs one by one except for the
//! words that matter here, "$" before a number by itself.

use super::spoken::{Letter, Numeral, Tongue, letter, numeral, readings};
use super::words::{Class, chinese_word, class_of, folded, is_filler, is_separator};
use crate::core::knowledge::language::is_han;
use crate::core::knowledge::passage::Span;

/// A word of a question.
pub(super) struct Word {
    /// In lower case, without accents.
    pub lower: String,
    /// Starts with a capital.
    pub capital: bool,
    /// Is written in capitals (digits apart).
    pub upper: bool,
    pub span: Span,
    /// What stands between the word before and this one.
    pub gap: String,
}

pub(super) struct Question {
    pub words: Vec<Word>,
    pub tongue: Tongue,
    /// Everything is in capitals: they tell nothing.
    pub shouted: bool,
}

/// Number words that are read as one number.
const LONGEST_RUN: usize = 10;
/// Fillers between a code word and its number.
const MOST_FILLERS: usize = 4;

impl Question {
    pub(super) fn of(text: &str) -> Self {
        let words = words(text);
        let tongue = Tongue::of(text, words.iter().map(|w| w.lower.as_str()));
        let lettered = |w: &&Word| w.lower.chars().filter(|c| c.is_alphabetic()).count() > 1;
        let mut long = words.iter().filter(|w| w.span.end - w.span.start > 1).filter(lettered).peekable();
        let shouted = long.peek().is_some() && words.len() > 2 && long.all(|w| w.upper);
        Question { words, tongue, shouted }
    }

    /// A word in lower case; `""` past the end.
    pub(super) fn text(&self, at: usize) -> &str {
        self.words.get(at).map_or("", |w| w.lower.as_str())
    }

    pub(super) fn gap(&self, at: usize) -> &str {
        self.words.get(at).map_or("", |w| w.gap.as_str())
    }

    /// Is a word written in capitals where capitals tell something?
    pub(super) fn is_upper(&self, at: usize) -> bool {
        !self.shouted && self.words.get(at).is_some_and(|w| w.upper)
    }

    pub(super) fn span(&self, from: usize, end: usize) -> Span {
        let start = self.words.get(from).map_or(0, |w| w.span.start);
        let stop = self.words.get(end.saturating_sub(1)).map_or(start, |w| w.span.end);
        Span { start, end: stop.max(start) }
    }

    pub(super) fn class(&self, at: usize) -> Option<Class> {
        class_of(self.text(at))
    }

    pub(super) fn numeral(&self, at: usize) -> Option<Numeral<'_>> {
        numeral(self.text(at), self.tongue)
    }

    pub(super) fn letter(&self, at: usize) -> Option<Letter> {
        let capital = !self.shouted && self.words.get(at).is_some_and(|w| w.capital);
        letter(self.text(at), self.text(at + 1), capital, self.tongue)
    }

    /// The class of the code word that stands before `at`, perhaps with "number" or "de"
    /// between.
    pub(super) fn class_before(&self, at: usize) -> Option<Class> {
        let mut i = at;
        for _ in 0..MOST_FILLERS {
            i = i.checked_sub(1)?;
            if let Some(class) = self.class(i) {
                return Some(class);
            }
            if !self.is_filler(i) {
                return None;
            }
        }
        None
    }

    /// Does a word only stand between a code word and its number? "N" does before "º".
    pub(super) fn is_filler(&self, at: usize) -> bool {
        is_filler(self.text(at)) || self.text(at) == "n" && self.text(at + 1) == "º"
    }

    /// The readings of the number words from `at` on: digits, and the word after them.
    pub(super) fn readings(&self, at: usize) -> Vec<(String, usize)> {
        let joins = |w: &str| w == "and" || w == "y" && self.tongue == Tongue::Spanish;
        let mut run = Vec::new();
        let mut places = Vec::new();
        for i in at..self.words.len().min(at + LONGEST_RUN * 2) {
            let word = self.text(i);
            if self.numeral(i).is_some() || joins(word) {
                run.push(word);
                places.push(i);
            } else if run.is_empty() || !is_separator(word) {
                break;
            }
            if run.len() == LONGEST_RUN {
                break;
            }
        }
        let end = |taken: usize| taken.checked_sub(1).and_then(|last| places.get(last)).map_or(at, |i| i + 1);
        readings(&run, self.tongue).into_iter().map(|(digits, taken)| (digits, end(taken))).collect()
    }

    /// The first word from `at` on that is not said for a hyphen or a pause.
    pub(super) fn past_separators(&self, at: usize) -> usize {
        let mut at = at;
        while is_separator(self.text(at)) {
            at += 1;
        }
        at
    }

    /// Is a word cut from Chinese?
    pub(super) fn is_han(&self, at: usize) -> bool {
        self.text(at).starts_with(is_han)
    }
}

fn words(question: &str) -> Vec<Word> {
    let inside = |c: char| (c.is_alphanumeric() && !is_han(c)) || c == '\'' || c == '’';
    let mut out: Vec<Word> = Vec::new();
    let mut at = 0;
    let mut last = 0;
    while let Some(c) = question.get(at..).and_then(|r| r.chars().next()) {
        let rest = question.get(at..).unwrap_or_default();
        let end = if is_han(c) {
            at + chinese_word(rest).map_or(c.len_utf8(), str::len)
        } else if c == '$' {
            at + 1
        } else if inside(c) {
            at + rest.find(|c| !inside(c)).unwrap_or(rest.len())
        } else {
            at += c.len_utf8();
            continue;
        };
        let text = question.get(at..end).unwrap_or_default();
        let letters = || text.chars().filter(|c| c.is_alphabetic());
        let mut lower = folded(text);
        if matches!(lower.as_str(), "dollar" | "dolar" | "dollars" | "美元") {
            "$".clone_into(&mut lower);
        }
        out.push(Word {
            lower,
            capital: c.is_uppercase(),
            upper: letters().next().is_some() && letters().all(char::is_uppercase),
            span: Span { start: at, end },
            gap: question.get(last..at).unwrap_or_default().to_owned(),
        });
        last = end;
        at = end;
    }
    out
}
